// A workbook that is a file, for the page in an ordinary browser: Python reads and writes it.

import { reply } from "./transport.js";

/**
 * Returns the workbook of a file; of the sample where it is empty.
 * @param {string} file
 */
export function workbookFile(file) {
  const ask = async (/** @type {string} */ what, /** @type {object} */ body) => {
    const found = await reply(`file/${what}`, { file, ...body });
    if (found.error) throw new Error(found.error);
    return found;
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
    /** Returns the workbook's name and content. */
    copy: () => ask("get", {}),
  };
}
