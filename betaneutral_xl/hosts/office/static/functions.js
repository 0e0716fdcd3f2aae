// The worksheet functions: what Excel asks in one moment goes to the server in one request.

import { excel } from "./excel.js";
import { ask } from "./transport.js";
import { hasZero, plain, withoutEdge } from "./values.js";
import { newId, pack, unpack } from "./wire.js";

/** @typedef {import("./wire.js").Cell} Cell */
/** @typedef {{ name: string, values: (Cell | Cell[][])[], addresses: (string | null)[], resolve: ((rows: any[][]) => void) | null }} Call */

/** The start of an error message in a cell. */
const PREFIX = "#BETA! ";

const NO_ANSWER = "There was no answer. Press Refresh.";

/** @type {Call[]} */
let waiting = [];

/**
 * Registers the functions of the registry with Excel.
 * @param {string[]} names
 */
export function associate(names) {
  for (const name of names)
    CustomFunctions.associate(name, (/** @type {any[]} */ ...given) => {
      const invocation = given.pop();
      return call(name, given, invocation?.parameterAddresses ?? []);
    });
}

/**
 * @param {string} name
 * @param {any[]} values
 * @param {(string | null)[]} addresses
 * @returns {Promise<any[][]>}
 */
function call(name, values, addresses) {
  return new Promise((resolve) => {
    waiting.push({ name, values: values.map(plain), addresses, resolve });
    if (waiting.length === 1) setTimeout(flush, 0);
  });
}

/** Sends what waits. Every call gets an answer, if only a line that says why there is none. */
async function flush() {
  const batch = waiting;
  waiting = [];
  let reason = NO_ANSWER;
  try {
    await normalise(batch);
    for await (const reply of ask({ id: newId(), batch: batch.map(sent) })) {
      const one = batch[reply.place];
      if (one?.resolve) {
        one.resolve(reply.rows ? unpack(reply.rows) : [[PREFIX + reply.error]]);
        one.resolve = null;
      } else if (reply.error) reason = reply.error;
    }
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
    console.error(error);
  }
  for (const one of batch) one.resolve?.([[PREFIX + reason]]);
}

/** @param {Call} one @returns {[string, any[]]} */
const sent = (one) => [one.name, one.values.map((value) => (Array.isArray(value) ? pack(value) : value))];

/**
 * Makes blanks of the zeros that stand for blank cells.
 * @param {Call[]} batch
 */
async function normalise(batch) {
  if (Office.context.platform === Office.PlatformType.OfficeOnline) return; // gives null for a blank
  /** @type {[Cell[][], string][]} */
  const known = [];
  for (const one of batch)
    one.values.forEach((value, k) => {
      if (!hasZero(value)) return;
      const address = one.addresses[k];
      if (address) known.push([value, address]);
      else one.values[k] = withoutEdge(value);
    });
  if (!known.length) return;
  await excel.markBlanks(known).catch((error) => {
    console.error(error); // an address that is no range: its zeros stay
  });
}
