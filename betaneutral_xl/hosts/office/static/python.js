// The worker that runs Python (Pyodide) inside the page. What is in its folder says what to load: python.json.

/** @typedef {(path: string, text: string, emit: (line: string) => void) => void} Receive */

/** Where the archive of the package and its pure Python requirements is unpacked. */
const SITE = "/lib/betaneutral";

/** What the page imports and calls: hosts/office/in_page.py. */
const MODULE = "betaneutral_xl.hosts.office.in_page";

const started = start();
started.catch((error) => self.postMessage({ error: `Python could not start in this page: ${error.message ?? error}` }));

self.onmessage = async ({ data: { id, path, message } }) => {
  try {
    const receive = await started;
    receive(path, JSON.stringify(message ?? null), (line) => self.postMessage({ id, reply: JSON.parse(line) }));
    self.postMessage({ id, done: true });
  } catch (error) {
    self.postMessage({ id, error: `Python could not answer: ${error instanceof Error ? error.message : error}` });
  }
};

/** @returns {Promise<Receive>} */
async function start() {
  const here = new URL("python/", self.location.href);
  const { packages } = await (await got(new URL("python.json", here))).json();
  const { loadPyodide } = await import(new URL("pyodide.mjs", here).href);
  const python = await loadPyodide({ indexURL: here.href });
  await python.loadPackage(packages); // which only logs what it cannot load
  const missing = packages.filter((/** @type {string} */ name) => !python.loadedPackages[name]);
  if (missing.length) throw new Error(`the folder python has no ${missing.join(", ")}.`);
  python.unpackArchive(await (await got(new URL("python.zip", here))).arrayBuffer(), "zip", { extractDir: SITE });
  python.runPython(`import sys; sys.path.insert(0, ${JSON.stringify(SITE)})`);
  return python.pyimport(MODULE).start();
}

/** @param {URL} address @returns {Promise<Response>} */
async function got(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the folder python has no ${address.pathname.split("/").pop()}.`);
  return response;
}
