// What messages consist of: numbers of requests, and large blocks of cells packed as in hosts/remote/client/wire.py.

/** @typedef {string | number | boolean | null} Cell */
/** @typedef {{ width: number, numbers: string, blanks: string, texts: Record<string, Cell> }} Packed */

/** Cells from which a block is packed. */
const PACKED_FROM = 256;

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
  return { width, numbers: textOf(numbers.buffer), blanks: textOf(Int32Array.from(blanks).buffer), texts };
}

/**
 * Returns rows as they were before packing.
 * @param {Cell[][] | Packed} block
 * @returns {Cell[][]}
 */
export function unpack(block) {
  if (Array.isArray(block)) return block;
  /** @type {Cell[]} */
  const cells = Array.from(new Float64Array(bytesOf(block.numbers)));
  for (const place of new Int32Array(bytesOf(block.blanks))) cells[place] = "";
  for (const [place, text] of Object.entries(block.texts)) cells[Number(place)] = text;
  const rows = [];
  for (let start = 0; start < cells.length; start += block.width) rows.push(cells.slice(start, start + block.width));
  return rows;
}

/** Bytes that are turned into text at once: arguments of a function are limited. */
const AT_ONCE = 0x8000;

/**
 * Returns bytes as base64.
 * @param {ArrayBuffer} buffer
 * @returns {string}
 */
export function textOf(buffer) {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let start = 0; start < bytes.length; start += AT_ONCE)
    text += String.fromCharCode(...bytes.subarray(start, start + AT_ONCE));
  return btoa(text);
}

/**
 * Returns the bytes of base64.
 * @param {string} text
 * @returns {ArrayBuffer}
 */
export function bytesOf(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < characters.length; i += 1) bytes[i] = characters.charCodeAt(i);
  return bytes.buffer;
}
