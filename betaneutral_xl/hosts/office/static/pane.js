// The pane: buttons, the answer, settings and help.

import { answerPage } from "./answer.js";
import { press, text } from "./buttons.js";
import { element } from "./elements.js";
import { openWritten } from "./files.js";
import { helpPage } from "./help.js";
import { settingsForm } from "./settings.js";

/** Buttons beside Rebalance; the others are on the tab Help. */
const BESIDE = ["orders", "report", "restore", "accept", "today", "refresh"];

/** Buttons after which the answer may be another one. */
const CHANGES = new Set(["rebalance", "refresh"]);

const TABS = ["answer", "settings", "help"];

const FIRST = "Press Rebalance for the answer, or look at it without writing anything.";

export class Pane {
  /**
   * @param {any} model - what the server tells of the product
   * @param {any} book - the workbook
   */
  constructor(model, book) {
    this.model = model;
    this.book = book;
    this.busy = false;
    /** @type {Map<string, any>} */
    this.commands = new Map([...model.commands, model.connect, model.answer].map((one) => [one.name, one]));
    this.place("toolbar").replaceChildren(
      this.button("rebalance", "primary"),
      element("div", { className: "buttons" }, ...BESIDE.map((name) => this.button(name))),
    );
    this.place("notices").replaceChildren(...model.notices.map((/** @type {string} */ one) => element("p", { className: "notice" }, one)));
    this.buildTabs();
    this.lookAgain = this.button("answer");
    this.panel("answer").replaceChildren(this.lookAgain, element("p", {}, FIRST));
    this.panel("help").replaceChildren(helpPage(model, [...(book.connect ? ["connect"] : []), "check", "log"].map((name) => this.button(name)), Boolean(book.connect)));
    this.show("answer");
  }

  // -------------------------------------------------------------- parts

  /** @param {string} id @returns {HTMLElement} */
  place(id) {
    const found = document.getElementById(id);
    if (!found) throw new Error(`The page has no ${id}.`);
    return found;
  }

  /** @param {string} tab */
  panel = (tab) => this.place(`panel_${tab}`);

  /**
   * @param {string} name
   * @param {string} [className]
   */
  button(name, className = "") {
    const command = this.commands.get(name);
    return element("button", { id: name, type: "button", className, title: command.help, onclick: () => this.run(name) }, command.label);
  }

  buildTabs() {
    const label = (/** @type {string} */ tab) => (tab === "answer" ? "Answer" : this.commands.get(tab).label);
    this.place("tabs").replaceChildren(
      ...TABS.map((tab) =>
        element("button", { id: `tab_${tab}`, type: "button", role: "tab", "aria-controls": `panel_${tab}`, onclick: () => this.show(tab) }, label(tab)),
      ),
    );
    this.place("tabs").onkeydown = (event) => this.moveTab(event);
    this.place("panels").replaceChildren(
      ...TABS.map((tab) => element("div", { id: `panel_${tab}`, role: "tabpanel", tabIndex: 0, "aria-labelledby": `tab_${tab}` })),
    );
  }

  /** Arrow keys, Home and End move between tabs. @param {KeyboardEvent} event */
  moveTab(event) {
    const at = TABS.indexOf(this.tab ?? "answer");
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.show(TABS[(to + TABS.length) % TABS.length]);
    this.place(`tab_${this.tab}`).focus();
  }

  /** @param {string} tab */
  show(tab) {
    this.tab = tab;
    for (const one of TABS) {
      this.place(`tab_${one}`).setAttribute("aria-selected", String(one === tab));
      this.place(`tab_${one}`).tabIndex = one === tab ? 0 : -1;
      this.panel(one).hidden = one !== tab;
    }
    if (tab === "settings") return this.showSettings();
    return Promise.resolve();
  }

  async showSettings() {
    const tell = (/** @type {string} */ words, failed = false) => this.tell(words, failed);
    try {
      this.panel("settings").replaceChildren(await settingsForm(this.model, this.book, tell));
    } catch (error) {
      this.panel("settings").replaceChildren(element("p", {}, `The settings cannot be read: ${text(error)}`));
    }
  }

  // -------------------------------------------------------------- what buttons do

  /** Runs a button of the ribbon or of the pane; one at a time. @param {string} name */
  async run(name) {
    const command = this.commands.get(name);
    if (command.shows) {
      await this.show(command.shows);
      return;
    }
    if (this.busy) return;
    this.setBusy(true);
    this.tell("");
    this.place("files").replaceChildren();
    this.say(`${command.label} ...`);
    try {
      if (name === "connect") this.tell(await this.connected());
      else if (name === "answer") await this.look(true);
      else await this.press(name);
    } finally {
      this.say("");
      this.setBusy(false);
    }
  }

  /** @param {string} name */
  async press(name) {
    const outcome = await press(name, this.book, this.model.protocol, (words) => this.say(words));
    this.tell(outcome.done, outcome.failed);
    const files = outcome.files ?? [];
    this.place("files").replaceChildren(...files.map((/** @type {string} */ file) => this.opening(file, files.length > 1)));
    if (!outcome.failed && CHANGES.has(name)) await this.look(false);
  }

  /**
   * Returns the button that opens a file, which a button has written.
   * @param {string} file
   * @param {boolean} named - whether it is one of several
   */
  opening(file, named) {
    const name = file.split(/[\\/]/).pop() ?? file;
    const open = () =>
      openWritten(file).then(
        (words) => this.tell(words),
        (error) => this.tell(`${name} cannot be opened: ${text(error)}`, true),
      );
    return element("button", { type: "button", title: file, onclick: open }, named ? `Open ${name}` : "Open the file");
  }

  /** Shows the answer for the settings. @param {boolean} alone - whether it is all that was asked for */
  async look(alone) {
    const outcome = await press("answer", this.book, this.model.protocol, (words) => this.say(words));
    if (outcome.data) {
      this.panel("answer").replaceChildren(this.lookAgain, answerPage(outcome.data));
      this.show("answer");
    }
    if (alone) this.tell(outcome.failed ? outcome.done : "This is the answer for the settings. Nothing was written.", outcome.failed);
  }

  async connected() {
    try {
      return await this.book.connect(this.model.functions.map((/** @type {any} */ one) => one.name));
    } catch (error) {
      return `The formulas cannot be entered: ${text(error)}`;
    }
  }

  // -------------------------------------------------------------- messages

  /** @param {boolean} busy */
  setBusy(busy) {
    this.busy = busy;
    document.body.classList.toggle("busy", busy);
    this.place("panels").setAttribute("aria-busy", String(busy));
    for (const button of document.querySelectorAll("#toolbar button, #panel_help button, #answer"))
      button.setAttribute("aria-disabled", String(busy));
  }

  /** Shows progress. @param {string} words */
  say(words) {
    this.place("say").textContent = words;
  }

  /**
   * Shows a message.
   * @param {string} words
   * @param {boolean} [failed]
   */
  tell(words, failed = false) {
    const place = this.place("message");
    place.className = failed ? "failed" : "";
    place.textContent = words;
  }
}
