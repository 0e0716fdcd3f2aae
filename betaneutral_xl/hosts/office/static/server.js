// The server of this page as what carries questions: HTTPS, a line of JSON for each reply.

/** @typedef {import("./transport.js").Reply} Reply */

/** The address of the page's folder, which has the secret part. */
const HERE = new URL(".", import.meta.url);

/** What to do when no server answers. */
const GONE = "Beta Neutral's server does not answer. Start it: betaneutral-xl office serve. Then press Refresh.";

/** Milliseconds after which a request that found no server is sent again: a machine that wakes up needs a moment. */
const AGAIN = 400;

/** @type {import("./transport.js").Transport} */
export async function* server(path, message) {
  const response = await sent(path, message);
  if (!response.ok) throw new Error(`The server refused (${response.status}): ${await response.text()}`);
  if (response.body) yield* lines(response.body);
}

/**
 * @param {string} path
 * @param {object} [message]
 * @returns {Promise<Response>}
 */
async function sent(path, message) {
  const options = message && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) };
  const send = () => fetch(new URL(path, HERE), options);
  try {
    return await send();
  } catch {
    await new Promise((wait) => setTimeout(wait, AGAIN));
    return send().catch(() => {
      throw new Error(GONE);
    });
  }
}

/**
 * Yields the JSON of each line of a stream.
 * @param {ReadableStream<BufferSource>} body
 * @returns {AsyncGenerator<Reply>}
 */
async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  /** @type {string[]} */
  let parts = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const pieces = value.split("\n");
      const last = pieces.pop() ?? "";
      for (const piece of pieces) {
        parts.push(piece);
        yield JSON.parse(parts.join(""));
        parts = [];
      }
      if (last) parts.push(last);
    }
    if (parts.length) yield JSON.parse(parts.join(""));
  } catch (error) {
    throw error instanceof TypeError ? new Error(GONE) : error; // the connection broke
  } finally {
    await reader.cancel().catch(() => {});
  }
}
