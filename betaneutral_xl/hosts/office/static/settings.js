// The settings of the workbook, with the help of the table of options. What is changed is entered at once.

import { element } from "./elements.js";
import { day, serial } from "./format.js";
import { unpack } from "./wire.js";

/** @typedef {{ name: string, range: string, label: string, hint: string, choices: string[], default: any, day: boolean }} Setting */

/**
 * Returns the form of the settings, with the workbook's values.
 * @param {any} model
 * @param {any} book
 * @param {(text: string, failed?: boolean) => void} tell
 * @returns {Promise<HTMLElement>}
 */
export async function settingsForm(model, book, tell) {
  const settings = model.settings.flatMap((/** @type {any} */ group) => group.cells);
  const names = [...settings.map((/** @type {Setting} */ one) => one.range), model.limits.range];
  const found = await book.read({ names, areas: [] });
  const values = found.names.map((/** @type {any} */ block) => block && unpack(block));
  if (values.every((/** @type {any} */ one) => one === null))
    return element("p", {}, "This workbook has no settings. Open the template, in the folder Beta Neutral of your documents.");
  let at = 0;
  const enter = (/** @type {string} */ label) => async (/** @type {string} */ range, /** @type {number} */ row, /** @type {number} */ column, /** @type {any} */ value) => {
    try {
      await book.enter(range, row, column, value);
      tell(value === null ? `${label}: cleared.` : `${label}: entered. Press Rebalance for the new answer.`);
    } catch (error) {
      tell(`${label} could not be entered: ${/** @type {Error} */ (error).message}`, true);
    }
  };
  const groups = model.settings.map((/** @type {any} */ group) =>
    fieldset(group.group, group.cells.map((/** @type {Setting} */ one) => {
      const rows = values[at++];
      return field(one, rows?.[0]?.[0] ?? null, rows === null, (value) => enter(one.label)(one.range, 0, 0, value));
    })),
  );
  const limits = values.at(-1) ?? [];
  const rows = model.limits.rows.map((/** @type {Setting} */ one) => {
    const row = limits.findIndex((/** @type {any[]} */ line) => [one.name, one.label].includes(line[0]) && !line[1]);
    const value = row < 0 ? null : limits[row][2];
    return field(one, value, row < 0, (entered) => enter(one.label)(model.limits.range, row, 2, entered));
  });
  return element(
    "form",
    { onsubmit: (/** @type {Event} */ event) => event.preventDefault(), noValidate: true },
    ...groups,
    fieldset("Limits and aim", rows),
    element("p", { className: "quiet" }, "Limits of single names and groups: on the sheet Settings, below these."),
  );
}

/**
 * @param {string} name
 * @param {HTMLElement[]} fields
 */
const fieldset = (name, fields) => element("fieldset", {}, element("legend", {}, name), ...fields);

/**
 * @param {Setting} setting
 * @param {any} value
 * @param {boolean} absent - whether the workbook has no cell for it
 * @param {(value: any) => void} enter
 */
function field(setting, value, absent, enter) {
  const id = `field_${setting.name}`;
  const properties = { id, name: setting.name, disabled: absent, "aria-describedby": `${id}_hint` };
  const input = setting.choices.length ? select(setting, properties, value) : text(setting, properties, value);
  input.onchange = () => enter(cellOf(setting, /** @type {any} */ (input).value));
  return element(
    "div",
    { className: "field" },
    element("label", { for: id }, setting.label),
    input,
    element("p", { id: `${id}_hint`, className: "quiet" }, absent ? `${setting.hint} Not in this workbook.` : setting.hint),
  );
}

/**
 * @param {Setting} setting
 * @param {object} properties
 * @param {any} value
 */
function select(setting, properties, value) {
  const words = cellText(value);
  const known = words === "" || setting.choices.some((one) => one.toLowerCase() === words.toLowerCase());
  const options = ["", ...setting.choices, ...(known ? [] : [words])];
  return element(
    "select",
    properties,
    ...options.map((one) => element("option", { value: one, selected: one.toLowerCase() === words.toLowerCase() }, one || "–")),
  );
}

/**
 * @param {Setting} setting
 * @param {object} properties
 * @param {any} value
 */
function text(setting, properties, value) {
  const words = setting.day ? day(value) : cellText(value);
  const isDay = setting.day && (words === "" || serial(words) !== null);
  return element("input", { ...properties, type: isDay ? "date" : "text", value: words, autocomplete: "off", spellcheck: false });
}

/** @param {any} value */
const cellText = (value) => (value === true ? "TRUE" : value === false ? "FALSE" : String(value ?? ""));

/**
 * Returns what is entered into the cell: days and plain numbers as numbers, the rest as text.
 * @param {Setting} setting
 * @param {string} words
 */
function cellOf(setting, words) {
  const trimmed = words.trim();
  if (trimmed === "") return null;
  if (setting.day && serial(trimmed) !== null) return serial(trimmed);
  if (trimmed === "TRUE" || trimmed === "FALSE") return trimmed === "TRUE";
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}
