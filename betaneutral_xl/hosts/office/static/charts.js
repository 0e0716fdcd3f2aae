// Small charts as SVG, each with its numbers in words for screen readers.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...SVGElement} children
 * @returns {SVGElement}
 */
function draw(tag, attributes, ...children) {
  const made = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** How a label lies at its place, so that it is not cut off. @param {number} percent */
const side = (percent) => (percent < 6 ? "start" : percent > 94 ? "end" : "middle");

/**
 * Draws intervals on one scale, with a mark at the target: before above, after below.
 * @param {{ low: number | null, beta: number, high: number | null, kind: string }[]} rows
 * @param {number | null} target
 * @param {string} words
 */
export function intervals(rows, target, words) {
  const ends = rows.flatMap((row) => [row.low ?? row.beta, row.high ?? row.beta, row.beta]);
  const [least, most] = [Math.min(0, target ?? 0, ...ends), Math.max(0, target ?? 0, ...ends)];
  const room = (most - least || 1) * 0.06;
  const x = (/** @type {number} */ value) => (100 * (value - least + room)) / (most - least + 2 * room);
  const height = 16;
  const marks = rows.flatMap((row, k) => {
    const y = height * (k + 0.5);
    const line = draw("line", { x1: `${x(row.low ?? row.beta)}%`, x2: `${x(row.high ?? row.beta)}%`, y1: y, y2: y, class: `interval ${row.kind}` });
    return [line, draw("circle", { cx: `${x(row.beta)}%`, cy: y, r: 4, class: `dot ${row.kind}` })];
  });
  const bottom = height * rows.length;
  const places = [...new Set([target ?? 0, ...[least, most].map((one) => Math.round(one * 10) / 10)])];
  const near = (/** @type {number} */ one) => places.some((other) => other !== one && one !== (target ?? 0) && Math.abs(x(one) - x(other)) < 8);
  const ticks = places.filter((one) => !near(one)).map((one) => label(`${x(one)}%`, bottom + 12, one.toFixed(one === target ? 2 : 1), side(x(one))));
  const level = draw("line", { x1: `${x(target ?? 0)}%`, x2: `${x(target ?? 0)}%`, y1: 0, y2: bottom, class: "target" });
  return draw("svg", { class: "intervals", height: bottom + 16, role: "img", "aria-label": words }, level, ...marks, ...ticks);
}

/**
 * @param {number | string} x
 * @param {number} y
 * @param {string} words
 * @param {string} anchor
 */
function label(x, y, words, anchor) {
  const made = draw("text", { x, y, class: "tick", "text-anchor": anchor });
  made.textContent = words;
  return made;
}

/** The picture of measured betas: its size, and its margins for the scale. */
const [WIDE, HIGH, LEFT, BELOW] = [320, 130, 34, 16];

/**
 * Draws values by month as lines, with the interval that most of them are expected in and a line at the target.
 * @param {{ values: (number | null)[], kind: string }[]} lines
 * @param {(number | null)[]} interval
 * @param {number} target
 * @param {string[]} ends - what is written below the first and the last month
 * @param {string} words
 */
export function months(lines, interval, target, ends, words) {
  const known = (/** @type {(number | null)[]} */ values) => /** @type {number[]} */ (values.filter((one) => one !== null));
  const all = [...known(lines.flatMap((one) => one.values)), ...known(interval), target];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const count = lines[0].values.length;
  const x = (/** @type {number} */ at) => LEFT + ((WIDE - LEFT - 6) * at) / Math.max(1, count - 1);
  const y = (/** @type {number} */ value) => 6 + ((HIGH - BELOW - 12) * (most - value)) / (most - least || 1);
  const parts = [];
  const [low, high] = interval;
  if (low !== null && high !== null)
    parts.push(draw("rect", { x: LEFT, width: WIDE - LEFT, y: y(high), height: y(low) - y(high), class: "expected" }));
  parts.push(draw("line", { x1: LEFT, x2: WIDE, y1: y(target), y2: y(target), class: "target" }));
  for (const { values, kind } of lines) {
    const points = values.flatMap((value, at) => (value === null ? [] : [`${x(at).toFixed(1)},${y(value).toFixed(1)}`]));
    if (points.length) parts.push(draw("polyline", { points: points.join(" "), class: `past ${kind}` }));
  }
  const scale = [least, target, most].filter((one, k) => k === 1 || Math.abs(y(one) - y(target)) > 14);
  parts.push(...scale.map((one) => label(LEFT - 4, y(one) + 4, one.toFixed(2), "end")));
  parts.push(label(LEFT, HIGH - 2, ends[0], "start"), label(WIDE, HIGH - 2, ends[1], "end"));
  return draw("svg", { class: "months", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": words }, ...parts);
}

/**
 * Draws shares of a whole, side by side.
 * @param {{ share: number, kind: string }[]} parts
 * @param {string} words
 */
export function shares(parts, words) {
  let at = 0;
  const bars = parts.map(({ share, kind }) => {
    const width = Math.max(0, Math.min(1 - at, share));
    const bar = draw("rect", { x: `${100 * at}%`, width: `${100 * width}%`, y: 0, height: 12, class: kind });
    at += width;
    return bar;
  });
  return draw("svg", { class: "shares", height: 12, role: "img", "aria-label": words }, ...bars);
}
