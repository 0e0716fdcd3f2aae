// What Excel gives for blank cells and errors, on each platform, as every other host gives it.

/** @typedef {import("./wire.js").Cell} Cell */

/**
 * Returns an argument without Excel's own objects: errors as their text, such as #N/A; blanks as null.
 * @param {any} value
 * @returns {Cell | Cell[][]}
 */
export function plain(value) {
  if (value === null || value === undefined) return null;
  return Array.isArray(value) ? value.map((row) => row.map(cell)) : cell(value);
}

/**
 * @param {any} value
 * @returns {Cell}
 */
function cell(value) {
  if (value === "" || value === null || value === undefined) return null;
  if (typeof value !== "object") return value;
  return value.code ?? value.basicValue ?? "#VALUE!";
}

/**
 * Whether a value may have blank cells that Excel gave as 0, as it does on the Mac and on Windows.
 * @param {Cell | Cell[][]} value
 * @returns {value is Cell[][]}
 */
export function hasZero(value) {
  return Array.isArray(value) && value.some((row) => row.includes(0));
}

/**
 * Makes blanks of the zeros whose cells are empty.
 * @param {Cell[][]} value
 * @param {string[][]} kinds - of the cells, as Excel calls them
 */
export function markBlanks(value, kinds) {
  value.forEach((row, i) =>
    row.forEach((one, j) => {
      if (one === 0 && kinds[i]?.[j] === "Empty") row[j] = null;
    }),
  );
}

/**
 * Returns a value whose cells are not known, such as the result of another formula, without the zeros that can
 * only be blanks: those below a table whose first column has texts, and those to the right of its texts.
 * @param {Cell[][]} value
 * @returns {Cell[][]}
 */
export function withoutEdge(value) {
  const isText = (/** @type {Cell} */ one) => typeof one === "string";
  const isNothing = (/** @type {Cell} */ one) => one === 0 || one === null;
  let { length } = value;
  if (value.some((row) => isText(row[0]))) while (length > 1 && value[length - 1].every(isNothing)) length -= 1;
  const rows = value.slice(0, length);
  let width = rows[0]?.length ?? 0;
  if (rows[0]?.some(isText)) while (width > 1 && rows.every((row) => isNothing(row[width - 1]))) width -= 1;
  return rows.map((row) => row.slice(0, width));
}

/**
 * Splits an address such as 'My sheet'!A1:B2 into the sheet's name and the cells.
 * @param {string} address
 * @returns {[string, string]}
 */
export function place(address) {
  const cut = address.lastIndexOf("!");
  const sheet = address.slice(0, cut).replace(/^'|'$/g, "").replaceAll("''", "'");
  return [sheet.replace(/^\[[^\]]*\]/, ""), address.slice(cut + 1)];
}
