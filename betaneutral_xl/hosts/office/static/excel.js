// The workbook that is open in Excel: read at once, changed at once or not at all.

import { markBlanks, place } from "./values.js";
import { pack, unpack } from "./wire.js";

/** @typedef {import("./wire.js").Cell} Cell */
/** @typedef {import("./wire.js").Packed} Packed */
/** @typedef {{ names: string[], areas: [string, number, null | [string, string]][] }} Plan */
/** @typedef {["replace" | "append" | "recalculate" | "show", string, number, Cell[][] | Packed]} Change */
/** @typedef {{ sheet: string, top: number, height: number, width: number, formulas: any[][] }} Before */

/** Cells that are written in one request: Excel on the web takes 5 MB. */
const AT_ONCE = 50_000;

/** One step to be undone, where Excel can. */
const ONE_STEP = /** @type {any} */ ({ mergeUndoGroup: true });

export const excel = {
  /** The workbook's file, or its name where it is not on this machine. */
  get path() {
    const url = Office.context.document?.url ?? "";
    return url === "" || /^https?:/i.test(url) ? decodeURIComponent(url.split("/").pop() ?? "") || null : url;
  },

  /**
   * Reads what a button needs; null for what the workbook lacks.
   * @param {Plan} plan
   * @returns {Promise<{ names: any[], areas: any[] }>}
   */
  read: (plan) => Excel.run((context) => read(context, plan)),

  /**
   * Makes all changes, or throws and makes none.
   * @param {Change[]} changes
   * @returns {Promise<void>}
   */
  apply: (changes) => Excel.run(ONE_STEP, (/** @type {Excel.RequestContext} */ context) => apply(context, changes)),

  /**
   * Enters values into the first cells of named ranges.
   * @param {string} name
   * @param {number} row - from 0
   * @param {number} column - from 0
   * @param {Cell} value
   * @returns {Promise<void>}
   */
  enter: (name, row, column, value) =>
    Excel.run(async (context) => {
      const range = context.workbook.names.getItem(name).getRange().getCell(row, column);
      range.values = [[typed(value)]];
      await context.sync();
    }),

  /**
   * Makes blanks of the zeros of empty cells, for all arguments of all functions in one request.
   * @param {[Cell[][], string][]} doubtful - values and their addresses
   * @returns {Promise<void>}
   */
  markBlanks: (doubtful) =>
    Excel.run(async (context) => {
      const ranges = doubtful.map(([, address]) => {
        const [sheet, cells] = place(address);
        return context.workbook.worksheets.getItem(sheet).getRange(cells).load("valueTypes");
      });
      await context.sync();
      ranges.forEach((range, k) => markBlanks(doubtful[k][0], range.valueTypes));
    }),

  /** Enters formulas again that show #NAME?. @param {string[]} functions @returns {Promise<string>} */
  connect: (functions) => Excel.run(ONE_STEP, (/** @type {Excel.RequestContext} */ context) => connect(context, functions)),
};

// ---------------------------------------------------------------- reading

/**
 * @param {Excel.RequestContext} context
 * @param {Plan} plan
 */
async function read(context, plan) {
  const book = context.workbook;
  const items = plan.names.map((name) => book.names.getItemOrNullObject(name));
  const sheets = plan.areas.map(([sheet]) => book.worksheets.getItemOrNullObject(sheet));
  await context.sync();
  const ranges = items.map((item) => (item.isNullObject ? null : item.getRangeOrNullObject().load("values")));
  const used = sheets.map((sheet) => (sheet.isNullObject ? null : usedOf(sheet)));
  await context.sync();
  const names = ranges.map((range) => (range === null || range.isNullObject ? null : blanks(range.values)));
  const areas = plan.areas.map(([, row, unless], k) => {
    const [end] = unless && holds(plan, names, unless) ? [0] : [last(used[k])];
    if (used[k] === null || end < row) return null;
    return sheets[k].getRangeByIndexes(row - 1, 0, end - row + 1, right(used[k])).load("values");
  });
  if (areas.some((area) => area !== null)) await context.sync();
  return {
    names: names.map((rows) => rows && pack(rows)),
    areas: areas.map((area, k) => {
      if (used[k] === null) return null;
      return area === null ? [] : pack(blanks(area.values));
    }),
  };
}

/**
 * @param {Plan} plan
 * @param {(Cell[][] | null)[]} names
 * @param {[string, string]} unless
 */
const holds = (plan, names, [name, text]) => names[plan.names.indexOf(name)]?.[0]?.[0] === text;

/** @param {Excel.Worksheet} sheet */
const usedOf = (sheet) =>
  sheet.getUsedRangeOrNullObject(true).load(["rowIndex", "columnIndex", "rowCount", "columnCount"]);

/** The last used row, from 1; 0 of a blank sheet. @param {Excel.Range | null} used */
const last = (used) => (used === null || used.isNullObject ? 0 : used.rowIndex + used.rowCount);

/** The last used column, from 1. @param {Excel.Range | null} used */
const right = (used) => (used === null || used.isNullObject ? 1 : used.columnIndex + used.columnCount);

/** Excel gives blanks as empty texts. @param {any[][]} rows @returns {Cell[][]} */
const blanks = (rows) => rows.map((row) => row.map((one) => (one === "" ? null : one)));

// ---------------------------------------------------------------- writing

/** A text stays a text, whatever it looks like. @param {Cell} cell */
const typed = (cell) => (typeof cell === "string" && cell !== "" ? `'${cell}` : (cell ?? ""));

/**
 * @param {Excel.RequestContext} context
 * @param {Change[]} changes
 */
async function apply(context, changes) {
  /** @type {Before[]} */
  const before = [];
  try {
    for (const change of changes) await make(context, change, before);
  } catch (error) {
    const lost = [];
    for (const one of before.reverse()) if (!(await restored(context, one))) lost.push(one.sheet);
    if (lost.length) throw new Error(`${/** @type {any} */ (error).message} ${notRestored(lost)}`, { cause: error });
    throw error;
  }
}

/** @param {string[]} sheets */
const notRestored = (sheets) =>
  `The former content of ${sheets.join(", ")} could not be put back: undo, or close without saving.`;

/**
 * Makes one change; what it overwrites is added to `before` first.
 * @param {Excel.RequestContext} context
 * @param {Change} change
 * @param {Before[]} before
 */
async function make(context, [what, name, row, block], before) {
  if (what === "recalculate") {
    context.workbook.application.calculate("Full");
    await context.sync();
    return;
  }
  if (what === "show") {
    context.workbook.worksheets.getItem(name).activate();
    await context.sync();
    return;
  }
  const rows = unpack(block);
  const sheet = context.workbook.worksheets.getItem(name);
  const used = usedOf(sheet);
  await context.sync();
  const top = what === "append" ? last(used) + 1 : row;
  const height = Math.max(rows.length, last(used) - top + 1);
  const width = Math.max(rows[0]?.length ?? 0, what === "append" ? 0 : right(used), 1);
  if (height < 1) return;
  const there = sheet.getRangeByIndexes(top - 1, 0, height, width).load("formulas");
  await context.sync();
  before.push({ sheet: name, top, height, width, formulas: there.formulas });
  if (what === "replace") sheet.getRangeByIndexes(top - 1, 0, height, width).clear("Contents");
  await write(context, sheet, top, rows.map((line) => line.map(typed)));
}

/**
 * @param {Excel.RequestContext} context
 * @param {Excel.Worksheet} sheet
 * @param {number} top
 * @param {any[][]} rows
 */
async function write(context, sheet, top, rows) {
  const width = rows[0]?.length ?? 0;
  const step = Math.max(1, Math.floor(AT_ONCE / Math.max(width, 1)));
  for (let i = 0; width > 0 && i < rows.length; i += step) {
    const part = rows.slice(i, i + step);
    sheet.getRangeByIndexes(top - 1 + i, 0, part.length, width).formulas = part;
    await context.sync();
  }
  await context.sync();
}

/**
 * Enters what was there before; returns whether that was possible.
 * @param {Excel.RequestContext} context
 * @param {Before} before
 */
async function restored(context, { sheet, top, height, width, formulas }) {
  const target = context.workbook.worksheets.getItem(sheet);
  const isText = (/** @type {any} */ one) => typeof one === "string" && one !== "" && !one.startsWith("=");
  try {
    target.getRangeByIndexes(top - 1, 0, height, width).clear("Contents");
    await write(context, target, top, formulas.map((row) => row.map((one) => (isText(one) ? `'${one}` : one))));
    return true;
  } catch (error) {
    console.error(error);
    return false;
  }
}

// ---------------------------------------------------------------- formulas of other hosts

/**
 * Returns a formula as it is typed: without what other hosts, or a file, put before the names of functions.
 * @param {string} formula
 * @param {string[]} functions
 */
export function asTyped(formula, functions) {
  const before = String.raw`(?<![A-Za-z0-9_.])(?:'[^']+'!|[A-Za-z0-9_.\[\]]+!|_xldudf_|_xll\.|_xlfn\.)*`;
  return formula.replace(new RegExp(`${before}(${functions.join("|")})\\(`, "g"), "$1(");
}

/**
 * Enters formulas again that show #NAME?, which is what connects them to the add-in.
 * @param {Excel.RequestContext} context
 * @param {string[]} functions
 * @returns {Promise<string>}
 */
async function connect(context, functions) {
  const sheets = context.workbook.worksheets.load("items/name,items/protection/protected");
  await context.sync();
  const used = sheets.items.map((sheet) => sheet.getUsedRangeOrNullObject().load(["formulas", "values", "rowIndex", "columnIndex"]));
  await context.sync();
  /** @type {string[]} */
  const left = [];
  let count = 0;
  for (const [k, sheet] of sheets.items.entries()) {
    if (used[k].isNullObject) continue;
    const waiting = unconnected(used[k], functions);
    if (waiting.length && sheet.protection.protected) {
      left.push(`the sheet ${sheet.name}, which is protected`);
      continue;
    }
    for (const [cells, formula] of waiting) {
      for (const at of cells) {
        const entered = await enters(context, sheet, at, formula);
        const isArray = !entered && (await replaces(context, sheet, cells, formula));
        if (entered || isArray) count += 1;
        else left.push(`${sheet.name}!${letters(at[1])}${at[0] + 1}`);
        if (isArray) break;
      }
    }
  }
  const done = `${count} ${count === 1 ? "formula is" : "formulas are"} connected.`;
  return left.length ? `${done} Not connected: ${left.join(", ")}. Enter them by hand.` : done;
}

/**
 * Enters a formula into a cell; returns whether Excel took it. It takes none into a part of an array of fixed size.
 * @param {Excel.RequestContext} context
 * @param {Excel.Worksheet} sheet
 * @param {[number, number]} at - row and column, from 0
 * @param {string} formula
 */
async function enters(context, sheet, [row, column], formula) {
  sheet.getRangeByIndexes(row, column, 1, 1).formulas = [[formula]];
  return context.sync().then(() => true, () => false);
}

/**
 * Enters a formula in the place of an array of fixed size, as other programs store what spills in Excel.
 * @param {Excel.RequestContext} context
 * @param {Excel.Worksheet} sheet
 * @param {[number, number][]} cells - row and column, from 0, of a rectangle
 * @param {string} formula
 */
async function replaces(context, sheet, cells, formula) {
  if (cells.length === 1) return false;
  const [[top, left], [bottom, end]] = [cells[0], cells[cells.length - 1]];
  sheet.getRangeByIndexes(top, left, bottom - top + 1, end - left + 1).clear("Contents");
  const cleared = await context.sync().then(() => true, () => false);
  return cleared && enters(context, sheet, cells[0], formula);
}

/**
 * Returns the formulas that show #NAME? as they are typed, each with the cells of a rectangle that has it: an array of
 * fixed size has its formula in all its cells.
 * @param {Excel.Range} used
 * @param {string[]} functions
 * @returns {[[number, number][], string][]}
 */
function unconnected({ formulas, values, rowIndex, columnIndex }, functions) {
  const ours = new RegExp(`\\b(?:_xldudf_)?(?:${functions.join("|")})\\(`);
  const waiting = formulas.map((line, i) =>
    line.map((one, j) => (values[i][j] === "#NAME?" && typeof one === "string" && ours.test(one) ? one : null)),
  );
  /** @type {[[number, number][], string][]} */
  const found = [];
  waiting.forEach((line, i) =>
    line.forEach((formula, j) => {
      if (formula === null) return;
      let [height, width] = [1, 1];
      while (line[j + width] === formula) width += 1;
      while (waiting[i + height]?.slice(j, j + width).every((one) => one === formula)) height += 1;
      /** @type {[number, number][]} */
      const cells = [];
      for (let row = i; row < i + height; row += 1)
        for (let column = j; column < j + width; column += 1) {
          waiting[row][column] = null;
          cells.push([rowIndex + row, columnIndex + column]);
        }
      found.push([cells, asTyped(formula, functions)]);
    }),
  );
  return found;
}

/** @param {number} column - from 0 */
function letters(column) {
  let text = "";
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) text = String.fromCharCode(65 + ((rest - 1) % 26)) + text;
  return text;
}
