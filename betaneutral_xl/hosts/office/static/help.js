// Help: what to do when something does not work, and the functions.

import { element } from "./elements.js";

/** What to do in Excel. */
const IN_EXCEL = [
  "Cells show #NAME?: press Connect formulas.",
  "Cells say that the server does not answer: run betaneutral-xl office serve, then press Refresh.",
  "Excel on the Mac forgets the add-in when it is closed: Home, Add-ins, Developer Add-ins, Beta Neutral.",
];

/** What to do in an ordinary browser. */
const IN_BROWSER = [
  "The settings are on the tab Settings; what Rebalance computes is in the workbook: Save a copy, and open it.",
  "A workbook made from the template, with your portfolio in it: Open a workbook.",
];

const ANYWHERE = "Anything else: run betaneutral-xl office check in a terminal; it says what to do.";

/**
 * @param {any} model
 * @param {HTMLElement[]} buttons
 * @param {boolean} inExcel
 */
export function helpPage(model, buttons, inExcel) {
  const lines = [...(inExcel ? IN_EXCEL : IN_BROWSER), ANYWHERE];
  return element(
    "div",
    {},
    element(
      "section",
      {},
      element("h2", { className: "part" }, "When something does not work"),
      element("div", { className: "buttons" }, ...buttons),
      element("ul", {}, ...lines.map((line) => element("li", {}, line))),
    ),
    element("section", {}, element("h2", { className: "part" }, "Functions"), ...model.functions.map(described)),
    element("p", { className: "quiet" }, `betaneutral_xl ${model.version}`),
  );
}

/** @param {any} one */
function described(one) {
  const list = one.arguments.flatMap((/** @type {any} */ part) => [
    element("dt", {}, part.optional ? `${part.name} (optional)` : part.name),
    element("dd", {}, part.help),
  ]);
  return element(
    "details",
    {},
    element("summary", {}, one.name),
    element("p", {}, one.help),
    element("p", {}, element("code", {}, one.example)),
    list.length ? element("dl", {}, ...list) : null,
  );
}
