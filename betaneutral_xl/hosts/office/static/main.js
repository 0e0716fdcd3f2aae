// Starts the add-in in Excel, or the same page in an ordinary browser.

import { excel } from "./excel.js";
import { associate } from "./functions.js";
import { Pane } from "./pane.js";
import { get } from "./wire.js";

const inExcel = typeof Office !== "undefined";

async function start() {
  const model = await get("pane.json");
  if (inExcel) {
    associate(model.functions.map((/** @type {{ name: string }} */ one) => one.name));
    await Office.onReady();
  }
  const pane = new Pane(model, excel);
  if (inExcel)
    for (const command of model.commands)
      Office.actions.associate(command.name, async (/** @type {any} */ event) => {
        await Office.addin.showAsTaskpane().catch(() => {});
        await pane.run(command.name);
        event.completed();
      });
  document.body.dataset.ready = "yes";
}

start().catch((error) => {
  console.error(error);
  const place = document.getElementById("message");
  if (place) place.textContent = `Beta Neutral could not start: ${error.message}`;
});
