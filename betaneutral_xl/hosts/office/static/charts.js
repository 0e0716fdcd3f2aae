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
  const height = 14;
  const marks = rows.flatMap((row, k) => {
    const y = height * (k + 0.5);
    const line = draw("line", { x1: `${x(row.low ?? row.beta)}%`, x2: `${x(row.high ?? row.beta)}%`, y1: y, y2: y, class: `interval ${row.kind}` });
    return [line, draw("circle", { cx: `${x(row.beta)}%`, cy: y, r: 4, class: `dot ${row.kind}` })];
  });
  const at = target ?? 0;
  const level = draw("line", { x1: `${x(at)}%`, x2: `${x(at)}%`, y1: 0, y2: height * rows.length, class: "target" });
  return draw("svg", { class: "intervals", height: height * rows.length, role: "img", "aria-label": words }, level, ...marks);
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
