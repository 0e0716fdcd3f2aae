// Numbers as every front end shows them.

/** @typedef {"number" | "percent" | "count"} Kind */

/**
 * Returns a number as text; a dash where it is unknown, and what rounds to zero without a sign.
 * @param {number | null | undefined} value
 * @param {Kind} [kind]
 * @param {number} [digits]
 */
export function shown(value, kind = "number", digits = 2) {
  if (value === null || value === undefined) return "–";
  if (kind === "count") return grouped(Math.round(value), 0);
  const scaled = kind === "percent" ? 100 * value : value;
  const text = grouped(scaled, digits).replace(/^-(?=[0.,]*$)/, "");
  return kind === "percent" ? `${text}%` : text;
}

/**
 * @param {number} value
 * @param {number} digits
 */
const grouped = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Returns a number with its sign. @param {number | null} value @param {Kind} [kind] */
export const signed = (value, kind = "percent") =>
  value !== null && value > 0 && !/^[0.,%]*$/.test(shown(value, kind)) ? `+${shown(value, kind)}` : shown(value, kind);

/** Milliseconds of a day. */
const DAY = 86_400_000;

/** Day 0 of the serial numbers of spreadsheets. */
const EPOCH = Date.UTC(1899, 11, 30);

/** Returns a serial number as 2025-11-18; any other value as text. @param {any} value */
export const day = (value) =>
  typeof value === "number" ? new Date(EPOCH + Math.round(value) * DAY).toISOString().slice(0, 10) : String(value ?? "");

/** Returns 2025-11-18 as its serial number; null for no day. @param {string} text */
export function serial(text) {
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(at) ? null : Math.round((at - EPOCH) / DAY);
}
