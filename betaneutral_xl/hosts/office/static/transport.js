// What the page asks of Python goes through here, whatever carries it: the server, or a worker inside the page.

import { server } from "./server.js";

/** @typedef {Record<string, any>} Reply */

/**
 * Asks something, and yields the replies, each as soon as it is there. Without a message it only reads.
 * @typedef {(path: string, message?: object) => AsyncGenerator<Reply>} Transport
 */

/** @type {Transport} */
let transport = server;

/** Lets another one carry all that is asked from now on. @param {Transport} other */
export function carryBy(other) {
  transport = other;
}

/**
 * Yields the replies to a message of the remote protocol. The only place that asks for work.
 * @param {object} message
 * @returns {AsyncGenerator<Reply>}
 */
export const ask = (message) => transport("talk", message);

/**
 * Returns the one reply to a question.
 * @param {string} path
 * @param {object} [message]
 * @returns {Promise<Reply>}
 */
export async function reply(path, message) {
  for await (const one of transport(path, message)) return one;
  throw new Error("There was no answer. Open the page again.");
}
