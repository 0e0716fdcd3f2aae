// A workbook that is a file on this machine, for the page in an ordinary browser: the server reads and writes it.

import { post } from "./wire.js";

/**
 * Returns the workbook of a file; of the sample where it is empty.
 * @param {string} file
 */
export function workbookFile(file) {
  const ask = async (/** @type {string} */ what, /** @type {object} */ body) => {
    const reply = await (await post(`file/${what}`, { file, ...body })).json();
    if (reply.error) throw new Error(reply.error);
    return reply;
  };
  return {
    path: file || null,
    /** @param {object} plan */
    read: (plan) => ask("read", plan),
    /** @param {any[]} changes */
    apply: (changes) => ask("apply", { changes }),
    /**
     * @param {string} name
     * @param {number} row
     * @param {number} column
     * @param {any} value
     */
    enter: (name, row, column, value) => ask("enter", { name, row, column, value }),
  };
}
