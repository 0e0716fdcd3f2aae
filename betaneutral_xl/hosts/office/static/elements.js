// Makes elements of the page. Texts are set as text, never as HTML.

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties] - properties and event handlers; those with a dash or "role" are attributes
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElement}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.includes("-") || name === "role" || name === "for" || name === "scope" || name === "list") made.setAttribute(name, String(value));
    else /** @type {any} */ (made)[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
