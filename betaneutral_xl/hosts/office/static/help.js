// Help: what to do when something does not work, and the functions.

import { element } from "./elements.js";

/**
 * @param {any} model
 * @param {HTMLElement[]} buttons
 */
export function helpPage(model, buttons) {
  return element(
    "div",
    {},
    element(
      "section",
      {},
      element("h2", { className: "part" }, "When something does not work"),
      element("div", { className: "buttons" }, ...buttons),
      element(
        "ul",
        {},
        element("li", {}, "Cells show #NAME?: press Connect formulas."),
        element("li", {}, "Cells say that the server does not answer: run betaneutral-xl office serve, then press Refresh."),
        element("li", {}, "Excel on the Mac forgets the add-in when it is closed: Home, Add-ins, Developer Add-ins, Beta Neutral."),
        element("li", {}, "Anything else: run betaneutral-xl office check in a terminal; it says what to do."),
      ),
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
