// The conversation of a button: the server asks for what it needs, computes, and asks for its changes to be made.

import { ask, newId } from "./wire.js";

/** @typedef {{ path: string | null, read: (plan: any) => Promise<object>, apply: (changes: any[]) => Promise<void> }} Book */
/** @typedef {{ done: string, failed: boolean } & Record<string, any>} Done */

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
  /** @type {object | null} */
  let message = { id, press: name, path: book.path, protocol };
  try {
    while (message !== null) {
      const sent = message;
      message = null;
      for await (const reply of ask(sent)) {
        if (reply.say !== undefined) say(reply.say);
        else if (reply.done !== undefined) return /** @type {Done} */ (reply);
        else if (reply.error !== undefined) return { done: reply.error, failed: true };
        else if (reply.ask) message = { id, answer: await answered(reply.ask, book) };
      }
    }
    return { done: "The server gave no answer. Press the button again.", failed: true };
  } catch (error) {
    console.error(error);
    return { done: text(error), failed: true };
  }
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
