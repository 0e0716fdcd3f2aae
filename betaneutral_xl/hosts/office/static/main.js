// Starts the add-in in Excel, or the same page in an ordinary browser.

import { element } from "./elements.js";
import { excel } from "./excel.js";
import { workbookFile } from "./file.js";
import { put, saveCopy } from "./files.js";
import { associate } from "./functions.js";
import { Pane } from "./pane.js";
import { carryBy, reply } from "./transport.js";
import { inWorker } from "./worker.js";

const inBrowser = location.pathname.endsWith("/browser.html");

/** Whether Python runs in a worker of this page, instead of a server. */
const hasPython = document.documentElement.dataset.python === "worker";

/** What to do where Microsoft's file is missing. */
const NO_OFFICE =
  "office.js could not be loaded from Microsoft. Check the connection; to work without: betaneutral-xl office offline.";

async function start() {
  if (!inBrowser && typeof Office === "undefined") throw new Error(NO_OFFICE);
  if (hasPython) carryBy(inWorker(new Worker(new URL("./python.js", import.meta.url), { type: "module" })));
  const model = await reply("pane.json");
  if (inBrowser) startInBrowser(model);
  else await startInExcel(model);
  document.body.dataset.ready = "yes";
}

/** @param {any} model */
function startInBrowser(model) {
  document.body.classList.add("wide");
  const file = new URLSearchParams(location.search).get("file") ?? "";
  showFile(model, file, file ? "" : "The sample: what you change here is not kept; Save a copy keeps it.");
}

/**
 * Shows a workbook file, the sample's without one, and the buttons for another.
 * @param {any} model
 * @param {string} file
 * @param {string} note
 */
function showFile(model, file, note) {
  const pane = new Pane(model, workbookFile(file));
  const chooser = /** @type {HTMLInputElement} */ (element("input", { type: "file", accept: ".xlsx,.xlsm", hidden: true, id: "chooser" }));
  const tell = (/** @type {any} */ error) => pane.tell(error.message, true);
  chooser.onchange = () => {
    const [chosen] = chooser.files ?? [];
    if (chosen) put(chosen).then((path) => showFile(model, path, `A copy of ${chosen.name}; Save a copy keeps what changes.`), tell);
  };
  const save = () => saveCopy(pane.book).then((words) => pane.tell(words), tell);
  pane.place("book").textContent = note || (file.split(/[\\/]/).pop() ?? file);
  pane.place("workbook").replaceChildren(
    element("button", { type: "button", id: "choose", onclick: () => chooser.click() }, "Open a workbook ..."),
    element("button", { type: "button", id: "copy", onclick: save }, "Save a copy"),
    chooser,
  );
  pane.run("answer");
}

/** @param {any} model */
async function startInExcel(model) {
  associate(model.functions.map((/** @type {{ name: string }} */ one) => one.name));
  await Office.onReady();
  if (Office.context.host !== Office.HostType.Excel) throw new Error("This page is for Excel. Without Excel: betaneutral-xl office open --browser");
  const theme = /** @type {any} */ (Office.context.officeTheme);
  if (theme && theme.isDarkTheme !== undefined) document.documentElement.dataset.theme = theme.isDarkTheme ? "dark" : "light";
  const pane = new Pane(model, excel);
  for (const command of model.commands)
    Office.actions.associate(command.name, async (/** @type {any} */ event) => {
      await Office.addin.showAsTaskpane().catch(() => {});
      try {
        await pane.run(command.name);
      } finally {
        event.completed();
      }
    });
}

start().catch((error) => {
  console.error(error);
  const place = document.getElementById("message");
  if (place) place.textContent = `Beta Neutral could not start: ${error.message}`;
});
