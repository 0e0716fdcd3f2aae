// The conversation of a button: the server asks for what it needs, computes, and asks for its changes to be made.

import { ask } from "./transport.js";
import { newId } from "./wire.js";

/** @typedef {{ path: string | null, read: (plan: any) => Promise<object>, apply: (changes: any[]) => Promise<void> }} Book */
/** @typedef {{ done: string, failed: boolean } & Record<string, any>} Done */

const NO_ANSWER = "There was no answer. Press the button again.";

/**
 * Presses a button, and returns its outcome; never throws.
 * @param {string} name
 * @param {Book} book
 * @param {number} protocol
 * @param {(text: string) => void} say - shows progress
 * @returns {Promise<Done>}
 */
export async function press(name, book, protocol, say) {
  const id = newId();
  /** @type {object} */
  let message = { id, press: name, path: book.path, protocol };
  try {
    for (;;) {
      const reply = await last(message, say);
      if (reply.done !== undefined) return /** @type {Done} */ (reply);
      if (!reply.ask) return { done: reply.error ?? NO_ANSWER, failed: true };
      message = { id, answer: await answered(reply.ask, book) };
    }
  } catch (error) {
    console.error(error);
    return { done: text(error), failed: true };
  }
}

/**
 * Returns the server's last reply to a message; those before it are progress.
 * @param {object} message
 * @param {(text: string) => void} say
 */
async function last(message, say) {
  /** @type {Record<string, any>} */
  let found = {};
  for await (const reply of ask(message))
    if (reply.say === undefined) found = reply;
    else say(reply.say);
  return found;
}

/**
 * @param {Record<string, any>} question
 * @param {Book} book
 * @returns {Promise<object>}
 */
async function answered(question, book) {
  try {
    if (question.read) return await book.read(question.read);
    await book.apply(question.apply);
    return {};
  } catch (error) {
    console.error(error);
    return { error: text(error) };
  }
}

/** @param {any} error @returns {string} */
export const text = (error) => {
  const message = error?.message ?? String(error);
  return error?.code === "AccessDenied" || /protected/i.test(message)
    ? `${message} Unprotect the sheet, and press the button again.`
    : message;
};
