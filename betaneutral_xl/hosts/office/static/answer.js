// The answer page, from the record that every front end has (job/answer).

import { intervals, months, shares } from "./charts.js";
import { element } from "./elements.js";
import { shown, signed } from "./format.js";

const LIGHTS = { within: "Holds", over: "Broken", near: "At the limit", unknown: "Unknown" };

/** How a status looks. @param {string} status */
const look = (status) => (status.startsWith("not") ? "bad" : status.includes("warnings") ? "warned" : "good");

/**
 * Returns the answer page.
 * @param {any} page - the record
 * @returns {HTMLElement}
 */
export function answerPage(page) {
  const parts = [
    verdict(page),
    page.infeasibility && infeasibility(page.infeasibility),
    page.betas.length && betas(page),
    page.limits.length && limits(page.limits),
    notices(page.notices),
    page.measures.length && measures(page),
    page.losses_after.length && losses(page),
    page.variance_after && !page.infeasibility && variance(page),
    page.trades.length && trades(page),
    page.alternatives.length && alternatives(page),
    page.sources.length && sources(page),
  ];
  return element("div", { className: "answer" }, ...parts.filter(Boolean));
}

/** @param {any} page */
function verdict(page) {
  const facts = [page.headline, page.as_of && `as of ${page.as_of}`].filter(Boolean).join(", ");
  return element(
    "section",
    { className: `verdict ${look(page.status)}`, "aria-label": "Verdict" },
    element("p", { className: "status" }, page.status),
    element("h2", {}, page.verdict),
    element("p", {}, page.advice),
    element("p", { className: "quiet" }, facts),
  );
}

/** @param {any} found */
function infeasibility(found) {
  const reachable = found.reachable.map(
    (/** @type {any} */ one) => `${one.etf}: ${shown(one.low)} to ${shown(one.high)}, nearest ${shown(one.nearest)}`,
  );
  return section(
    "Why not, and what would help",
    list("Reachable beta within the limits", reachable),
    list("Limits that bind", found.binding),
    list("What would help", found.changes),
    list("Or hedge with the ETF", found.hedge.map((/** @type {any} */ leg) => `${leg.action} ${shown(Math.abs(leg.ratio), "percent")} ${leg.name}`)),
    list("Or another target", found.other_target ? [found.other_target] : []),
  );
}

/** @param {any} page */
function betas(page) {
  const blocks = page.betas.map((/** @type {any} */ one) => {
    const target = one.target && one.target.low === one.target.high ? one.target.low : null;
    const words = `Beta to ${one.etf}: before ${beta(one.before)}, after ${beta(one.after)}.`;
    const rows = [{ ...one.before, kind: "before" }, { ...one.after, kind: "after" }];
    const recent = [one.realised_before, one.realised_after];
    return element(
      "div",
      { className: "beta" },
      element("h4", {}, `Beta to ${one.etf}`, light(one.light)),
      element("p", { className: "key before" }, `Before ${beta(one.before)}`),
      element("p", { className: "key after" }, "After ", element("b", {}, shown(one.after.beta)), `, next month ${range(one.after)}`),
      /** @type {any} */ (intervals(rows, target, words)),
      recent[0] && element("p", { className: "quiet" }, `Over the latest ${recent[0].days ?? 63} days: ${shown(recent[0].beta)} → ${shown(recent[1]?.beta)}`),
      measured(page, one.etf, target ?? 0),
      element("p", { className: "quiet" }, `${shown(one.coverage, "percent")} of the ETF has risk data (${one.basis}).`),
    );
  });
  return section("Beta", ...blocks, element("p", { className: "quiet" }, page.uncertainty));
}

/**
 * Returns the measured betas of past months; null where they are not known.
 * @param {any} page
 * @param {string} etf
 * @param {number} target
 */
function measured(page, etf, target) {
  const past = page.past.find((/** @type {any} */ one) => one.etf === etf);
  if (!past || past.renewed.length < 2) return null;
  const name = page.infeasibility ? "kept at today's beta" : "proposal, renewed monthly";
  const lines = [
    { values: past.as_it_is, kind: "before", name: "as it is" },
    { values: past.renewed, kind: "after", name },
  ].filter((line) => line.values.some((/** @type {number | null} */ value) => value !== null));
  const values = past.renewed.filter((/** @type {number | null} */ value) => value !== null);
  const inside = values.filter((/** @type {number} */ value) => past.low !== null && value >= past.low && value <= past.high).length;
  const count = past.low === null ? "" : `; ${inside} of ${values.length} months are in the band of ${shown(past.low)} to ${shown(past.high)}, where 95 of 100 are expected`;
  const ends = past.ends.length ? [past.ends[0].slice(0, 7), past.ends.at(-1).slice(0, 7)] : [`${past.renewed.length} months ago`, "last month"];
  const words = `Measured beta to ${etf} by month, ${name}: ${shown(Math.min(...values))} to ${shown(Math.max(...values))}${count}.`;
  return element(
    "div",
    {},
    element("p", {}, "Measured by month: ", ...lines.map((line) => element("span", { className: `key ${line.kind}` }, `${line.name} `))),
    /** @type {any} */ (months(lines, [past.low, past.high], target, ends, words)),
    element("p", { className: "quiet" }, words),
  );
}

/** @param {any} one */
const beta = (one) => `${shown(one.beta)}, next month ${range(one)}`;

/** @param {any} one */
const range = (one) =>
  one.low === null ? (one.se === null ? "unknown" : `s.e. ${shown(one.se)}, drift unknown`) : `${shown(one.low)} to ${shown(one.high)}`;

/** @param {string} name */
function light(name) {
  const words = /** @type {any} */ (LIGHTS)[name] ?? name;
  return name === "unknown" ? null : element("span", { className: `light ${name}` }, words);
}

/** @param {any[]} lines */
function limits(lines) {
  const rows = lines.map((one) => [one.label, shown(one.before, one.kind), shown(one.after, one.kind), one.text, light(one.light)]);
  return section("Limits", table(["Limit", "Before", "After", "Allowed", ""], rows));
}

/** @param {any} page */
function measures(page) {
  const money = (/** @type {any} */ one) =>
    one.is_money && page.nav ? `${shown(one.after, "percent")} (${shown((one.after * page.nav) / 1e6, "number")} m)` : shown(one.after, one.kind);
  const rows = page.measures.map((/** @type {any} */ one) => [
    element("span", { title: one.meaning }, one.label),
    one.before === null ? "" : shown(one.before, one.kind),
    money(one),
  ]);
  return section("Risk and exposure", table(["", "Before", "After"], rows));
}

/** @param {any} page */
function losses(page) {
  const rows = page.losses_after.map((/** @type {any} */ one, /** @type {number} */ k) => [
    `${one.etf} falls ${shown(-one.move, "percent", 0)}`,
    shown(page.losses_before[k]?.expected, "percent"),
    one.half_width === null ? shown(one.expected, "percent") : `${shown(one.expected, "percent")} ± ${shown(one.half_width, "percent")}`,
  ]);
  return section("If the ETF falls", table(["", "Before", "After"], rows));
}

/** @param {any} page */
function variance(page) {
  const rows = [
    ["Before", page.variance_before],
    ["After", page.variance_after],
  ].map(([name, split]) => {
    const market = split.market ?? 0;
    const words = `${name}: ${shown(split.etfs, "percent", 0)} the ETF${page.market ? `, ${shown(market, "percent", 0)} ${page.market} besides` : ""}, the rest the names' own.`;
    const parts = [
      { share: split.etfs, kind: "etf" },
      { share: market, kind: "market" },
      { share: 1 - split.etfs - market, kind: "own" },
    ];
    return element("div", {}, /** @type {any} */ (shares(parts, words)), element("p", { className: "quiet" }, words));
  });
  return section("What the variance consists of", ...rows);
}

/** @param {any} page */
function trades(page) {
  const rows = page.trades.map((/** @type {any} */ one) => [
    one.ticker,
    element("span", { className: one.trade < 0 ? "sell" : "buy" }, one.side),
    signed(one.trade),
    shown(one.after, "percent"),
  ]);
  const legs = page.legs.map((/** @type {any} */ leg) => `${leg.action} ${shown(Math.abs(leg.ratio), "percent")} ${leg.name}`);
  return section(
    "Largest trades",
    legs.length ? element("p", {}, `In place of the names: ${legs.join(", ")}.`) : null,
    table(["Name", "Side", "Trade", "New weight"], rows),
    element("p", { className: "quiet" }, `${page.trades.length} of ${page.trade_count}; all are on the sheet Proposal after Rebalance.`),
  );
}

/** @param {any} page */
function alternatives(page) {
  const rows = page.alternatives.map((/** @type {any} */ one) => [
    element("span", {}, one.chosen ? element("b", {}, one.name) : one.name, one.note ? element("span", { className: "quiet" }, ` ${one.note}`) : null),
    Object.values(one.beta).map((/** @type {any} */ value) => shown(value.beta)).join(", "),
    shown(one.volatility, "percent"),
    shown(one.turnover, "percent"),
    shown(one.trades, "count"),
  ]);
  return section("Alternatives", table(["", "Beta", "Volatility", "Turnover", "Trades"], rows));
}

/** @param {any[]} groups */
function notices(groups) {
  if (!groups.length) return null;
  const blocks = groups.map((group) =>
    element(
      "details",
      { open: group.severity !== "for information", className: "notice" },
      element("summary", {}, `${group.heading} (${group.severity})`),
      element("ul", {}, ...group.lines.map((/** @type {string} */ line) => element("li", {}, line))),
    ),
  );
  return section("Warnings and notes", ...blocks);
}

/** @param {any} page */
function sources(page) {
  const rows = page.sources.map((/** @type {any} */ one) => [one.part, one.source, one.as_of ?? "", one.retrieval]);
  return section("Sources", table(["Part", "Source", "As of", ""], rows));
}

// ---------------------------------------------------------------- shared

/**
 * @param {string} heading
 * @param {...(HTMLElement | null | false | 0)} children
 */
function section(heading, ...children) {
  return element("section", {}, element("h3", {}, heading), ...children.map((child) => child || null));
}

/**
 * @param {string} heading
 * @param {string[]} lines
 */
function list(heading, lines) {
  if (!lines.length) return null;
  return element("div", {}, element("h4", {}, heading), element("ul", {}, ...lines.map((line) => element("li", {}, line))));
}

/**
 * Returns a table that scrolls by itself where it is wider than the pane.
 * @param {string[]} head
 * @param {(string | Node | null)[][]} rows
 */
function table(head, rows) {
  const cell = (/** @type {string | Node | null} */ one, /** @type {number} */ k) =>
    k === 0 ? element("th", { scope: "row" }, one) : element("td", {}, one);
  return element(
    "div",
    { className: "scroll", tabIndex: 0, role: "group", "aria-label": head.filter(Boolean).join(", ") },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...head.map((one) => (one ? element("th", { scope: "col" }, one) : element("td", {}))))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell)))),
    ),
  );
}
