// Files between the browser and Python: what a button has written, a workbook that the user chooses, a copy of it.

import { reply } from "./transport.js";
import { bytesOf, textOf } from "./wire.js";

/**
 * Opens a file that a button has written: in its program, or as a download where Python cannot start one.
 * @param {string} file
 * @returns {Promise<string>} what was done
 */
export async function openWritten(file) {
  const found = await answered("open", { file });
  if (found.opened) return `Opened: ${found.opened}`;
  return download(found);
}

/**
 * Saves a workbook's content with the browser.
 * @param {{ copy: () => Promise<any> }} book
 * @returns {Promise<string>}
 */
export const saveCopy = async (book) => download(await book.copy());

/**
 * Gives a workbook to Python, and returns where its copy is.
 * @param {File} file
 * @returns {Promise<string>}
 */
export async function put(file) {
  const content = textOf(await file.arrayBuffer());
  return (await answered("file/put", { name: file.name, content })).file;
}

/**
 * @param {string} path
 * @param {object} message
 */
async function answered(path, message) {
  const found = await reply(path, message);
  if (found.error) throw new Error(found.error);
  return found;
}

/**
 * @param {any} file
 * @returns {string}
 */
function download({ name, content }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytesOf(content)]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return `Saved by your browser: ${name}`;
}
