// Messages to the server and back: JSON objects, a line each; large blocks of cells packed as in hosts/remote/client/wire.py.

/** @typedef {string | number | boolean | null} Cell */
/** @typedef {{ width: number, numbers: string, blanks: string, texts: Record<string, Cell> }} Packed */

/** Cells from which a block is packed. */
const PACKED_FROM = 256;

/** The address of the page's folder, which has the secret part. */
const HERE = new URL(".", import.meta.url);

/** What to do when no server answers. */
export const GONE = "Beta Neutral's server does not answer. Start it: betaneutral-xl office serve. Then press Refresh.";

/** Milliseconds after which a request that found no server is sent again: a machine that wakes up needs a moment. */
const AGAIN = 400;

/**
 * Returns the JSON at an address.
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function get(path) {
  const response = await fetch(new URL(path, HERE));
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

/**
 * Sends JSON, and returns the response.
 * @param {string} path
 * @param {object} body
 * @returns {Promise<Response>}
 */
export async function post(path, body) {
  const send = () =>
    fetch(new URL(path, HERE), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  let response;
  try {
    response = await send();
  } catch {
    await new Promise((wait) => setTimeout(wait, AGAIN));
    response = await send().catch(() => {
      throw new Error(GONE);
    });
  }
  if (!response.ok) throw new Error(`The server refused (${response.status}): ${await response.text()}`);
  return response;
}

/**
 * Yields the server's replies to a message, each as soon as it is there. The only place that asks for work.
 * @param {object} message
 * @returns {AsyncGenerator<Record<string, any>>}
 */
export async function* ask(message) {
  const response = await post("talk", message);
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  /** @type {string[]} */
  let parts = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = value.split("\n");
      const last = pieces.pop() ?? "";
      for (const piece of pieces) {
        parts.push(piece);
        yield JSON.parse(parts.join(""));
        parts = [];
      }
      if (last) parts.push(last);
    }
  } catch (error) {
    throw error instanceof TypeError ? new Error(GONE) : error; // the connection broke
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Returns a number for a request, which no other page has. */
export const newId = () => Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);

/**
 * Returns rows for sending: large rectangles packed.
 * @param {Cell[][]} rows
 * @returns {Cell[][] | Packed}
 */
export function pack(rows) {
  const width = rows.length ? rows[0].length : 0;
  if (width * rows.length < PACKED_FROM || rows.some((row) => row.length !== width)) return rows;
  const numbers = new Float64Array(width * rows.length);
  const blanks = [];
  /** @type {Record<string, Cell>} */
  const texts = {};
  let at = 0;
  for (const row of rows)
    for (const cell of row) {
      if (typeof cell === "number") numbers[at] = cell;
      else if (cell === null || cell === "") blanks.push(at);
      else texts[at] = cell;
      at += 1;
    }
  return { width, numbers: encoded(numbers.buffer), blanks: encoded(Int32Array.from(blanks).buffer), texts };
}

/**
 * Returns rows as they were before packing.
 * @param {Cell[][] | Packed} block
 * @returns {Cell[][]}
 */
export function unpack(block) {
  if (Array.isArray(block)) return block;
  /** @type {Cell[]} */
  const cells = Array.from(new Float64Array(decoded(block.numbers)));
  for (const place of new Int32Array(decoded(block.blanks))) cells[place] = "";
  for (const [place, text] of Object.entries(block.texts)) cells[Number(place)] = text;
  const rows = [];
  for (let start = 0; start < cells.length; start += block.width) rows.push(cells.slice(start, start + block.width));
  return rows;
}

/** Bytes that are turned into text at once: arguments of a function are limited. */
const AT_ONCE = 0x8000;

/**
 * @param {ArrayBuffer} buffer
 * @returns {string}
 */
function encoded(buffer) {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let start = 0; start < bytes.length; start += AT_ONCE)
    text += String.fromCharCode(...bytes.subarray(start, start + AT_ONCE));
  return btoa(text);
}

/**
 * @param {string} text
 * @returns {ArrayBuffer}
 */
function decoded(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < characters.length; i += 1) bytes[i] = characters.charCodeAt(i);
  return bytes.buffer;
}
