// Python in a worker of the page as what carries questions: no server, nothing leaves the page.

/** @typedef {import("./transport.js").Reply} Reply */
/** @typedef {{ replies: Reply[], done: boolean, error: string, wake: () => void }} Asked */

/**
 * Returns what carries questions to a worker, which runs python.js or behaves like it: it gets `{ id, path, message }`,
 * and posts `{ id, reply }` any number of times, then `{ id, done: true }` or `{ id, error }`; `{ error }` for all.
 * @param {Worker} worker
 * @returns {import("./transport.js").Transport}
 */
export function inWorker(worker) {
  /** @type {Map<number, Asked>} */
  const waiting = new Map();
  let count = 0;
  let broken = "";

  const fail = (/** @type {string} */ error) => {
    broken = error;
    for (const one of waiting.values()) settle(one, { error });
  };
  worker.onmessage = ({ data }) => {
    const one = waiting.get(data.id);
    if (one) settle(one, data);
    else if (data.error) fail(data.error);
  };
  worker.onerror = (event) => fail(`Python in this page has ended: ${event.message}. Load the page again.`);

  return async function* carried(path, message) {
    const id = (count += 1);
    /** @type {Asked} */
    const one = { replies: [], done: false, error: broken, wake: () => {} };
    waiting.set(id, one);
    worker.postMessage({ id, path, message });
    try {
      for (;;) {
        const next = one.replies.shift();
        if (next) yield next;
        else if (one.error) throw new Error(one.error);
        else if (one.done) return;
        else await new Promise((/** @type {(value: void) => void} */ resolve) => (one.wake = resolve));
      }
    } finally {
      waiting.delete(id);
    }
  };
}

/**
 * @param {Asked} one
 * @param {{ reply?: Reply, done?: boolean, error?: string }} news
 */
function settle(one, { reply, done, error }) {
  if (reply) one.replies.push(reply);
  if (done) one.done = true;
  if (error) one.error = error;
  one.wake();
}
