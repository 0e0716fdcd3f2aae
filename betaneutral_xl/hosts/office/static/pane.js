// The pane: buttons, the answer, settings, help.

import { press } from "./buttons.js";
import { element } from "./elements.js";

export class Pane {
  /**
   * @param {any} model - what the server tells of the product
   * @param {any} book - the workbook
   */
  constructor(model, book) {
    this.model = model;
    this.book = book;
    this.busy = false;
    const panels = document.getElementById("panels");
    for (const command of model.commands) {
      const button = element("button", { id: command.name, title: command.help, onclick: () => this.run(command.name) }, command.label);
      panels?.append(button);
    }
  }

  /** @param {string} name */
  async run(name) {
    const command = this.model.commands.find((/** @type {any} */ one) => one.name === name);
    if (command.shows || this.busy) return;
    this.busy = true;
    this.say("");
    this.tell("");
    const outcome = await press(name, this.book, this.model.protocol, (text) => this.say(text));
    this.say("");
    this.tell(outcome.done);
    this.busy = false;
  }

  /** @param {string} text */
  say(text) {
    const place = document.getElementById("say");
    if (place) place.textContent = text;
  }

  /** @param {string} text */
  tell(text) {
    const place = document.getElementById("message");
    if (place) place.textContent = text;
  }
}
