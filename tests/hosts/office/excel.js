// Excel below Microsoft's own office.js: what takes its requests, and asks the add-in for functions.
// office.js' two channels to Excel for the Mac are replaced: the message handler of WKWebView, which tells the
// add-in about the application, and the native bridge, which carries requests about the workbook.
(() => {
  /** @type {any} */
  const excel = (globalThis.excel = {
    sheets: new Map(), // name -> Map of "row,column" (from 0) -> value
    names: new Map(), // name -> {sheet, row, column, height, width}
    formulas: new Map(), // "sheet!row,column" -> text
    connected: [], // formulas that were entered
    protected: new Set(), // names of sheets that refuse writing
    errors: [],
    requests: 0,
    largest: 0, // characters of the largest request
    limit: 5e6, // characters of a request that are accepted
    calculations: 0,
    active: null,
    failAtWrite: 0, // the number of the write that is to fail
    failFromWrite: 0, // the number of the write from which on all are to fail
    writes: 0,
  });

  // ---------------------------------------------------------------- the application

  const SETS = { excelapi: "1.17", sharedruntime: "1.2", customfunctionsruntime: "1.4", customfunctions: "1.8", ribbonapi: "1.2", dialogapi: "1.2" };
  const ABOUT = [[[], []], "add-in", 1, 16, 90, 0, 0, 3, "en-US", "en-US", 0, "", 0, 1, "", 0, "c", "1", false, false, JSON.stringify(SETS), "", "16.90", 0];
  const INITIALIZE = 5;
  window.webkit = {
    messageHandlers: {
      Agave: {
        postMessage(text) {
          const { methodId, callbackId, callbackFunction } = JSON.parse(text);
          if (!callbackId) return;
          const callback = callbackFunction.split(".").reduce((at, key) => at[key], window);
          setTimeout(() => callback(callbackId, methodId === INITIALIZE ? ABOUT : [0]), 1);
        },
      },
    },
  };

  // ---------------------------------------------------------------- the workbook

  class Refusal extends Error {
    constructor(code, message) {
      super(message);
      this.code = code;
    }
  }

  const key = (row, column) => `${row},${column}`;
  const missing = { kind: "null" };
  const sheetOf = (name) => {
    if (!excel.sheets.has(name)) throw new Refusal("ItemNotFound", `There is no sheet ${name}.`);
    return { kind: "sheet", name };
  };
  const sheetOrNull = (name) => (excel.sheets.has(name) ? sheetOf(name) : missing);
  const rangeOf = (sheet, row, column, height = 1, width = 1) => ({ kind: "range", sheet, row, column, height, width });
  const nameOrNull = (name) => (excel.names.has(name) ? { kind: "name", name } : missing);
  const rangeOfName = ({ name }) => {
    const { sheet, row, column, height, width } = excel.names.get(name);
    return rangeOf(sheet, row, column, height, width);
  };
  const numberOf = (letters) => [...letters].reduce((sum, one) => sum * 26 + one.charCodeAt(0) - 64, 0);
  const rangeAt = (sheet, address) => {
    const [, left, top, right, bottom] = address.replaceAll("$", "").match(/^([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?$/);
    const [row, column] = [Number(top) - 1, numberOf(left) - 1];
    return rangeOf(sheet, row, column, bottom ? Number(bottom) - row : 1, right ? numberOf(right) - column : 1);
  };
  const usedRange = ({ name }) => {
    const places = [...excel.sheets.get(name)].filter(([, value]) => value !== "").map(([place]) => place.split(",").map(Number));
    if (!places.length) return missing;
    const [rows, columns] = [places.map(([row]) => row), places.map(([, column]) => column)];
    const least = (list) => list.reduce((a, b) => Math.min(a, b)), most = (list) => list.reduce((a, b) => Math.max(a, b));
    const [row, column] = [least(rows), least(columns)];
    return rangeOf(name, row, column, most(rows) - row + 1, most(columns) - column + 1);
  };
  const cells = (range, of) =>
    [...Array(range.height).keys()].map((i) =>
      [...Array(range.width).keys()].map((j) => of(range.sheet, range.row + i, range.column + j)));
  const valueAt = (sheet, row, column) => excel.sheets.get(sheet).get(key(row, column)) ?? "";
  const formulaAt = (sheet, row, column) => excel.formulas.get(`${sheet}!${key(row, column)}`) ?? valueAt(sheet, row, column);
  const kindAt = (sheet, row, column) => {
    const value = valueAt(sheet, row, column);
    if (value === "") return "Empty";
    return typeof value === "number" ? "Double" : typeof value === "boolean" ? "Boolean" : "String";
  };
  /** What Excel makes of what is entered. */
  const entered = (text) => {
    if (typeof text !== "string") return text;
    if (text.startsWith("'")) return text.slice(1);
    if (text !== "" && !Number.isNaN(Number(text))) return Number(text);
    return /^(true|false)$/i.test(text) ? /^t/i.test(text) : text;
  };
  const mayWrite = (sheet) => {
    if (excel.protected.has(sheet)) throw new Refusal("AccessDenied", "The sheet is protected.");
    excel.writes += 1;
    const fails = excel.writes === excel.failAtWrite || (excel.failFromWrite && excel.writes >= excel.failFromWrite);
    if (fails) throw new Refusal("GeneralException", "This write failed.");
  };
  const enter = (range, rows) => {
    if (rows.length !== range.height || rows.some((row) => row.length !== range.width)) throw new Refusal("InvalidArgument", "The shapes differ.");
    mayWrite(range.sheet);
    rows.forEach((row, i) => row.forEach((text, j) => {
      const place = [range.row + i, range.column + j];
      excel.formulas.delete(`${range.sheet}!${key(...place)}`);
      if (typeof text === "string" && text.startsWith("=")) {
        excel.formulas.set(`${range.sheet}!${key(...place)}`, text);
        excel.connected.push([range.sheet, ...place, text]);
        excel.sheets.get(range.sheet).set(key(...place), "connected");
      } else if (text !== null) excel.sheets.get(range.sheet).set(key(...place), entered(text));
    }));
  };
  const clear = (range) => {
    mayWrite(range.sheet);
    for (let i = 0; i < range.height; i += 1)
      for (let j = 0; j < range.width; j += 1) {
        excel.sheets.get(range.sheet).delete(key(range.row + i, range.column + j));
        excel.formulas.delete(`${range.sheet}!${key(range.row + i, range.column + j)}`);
      }
  };

  /** Methods by kind of object; "[]" is the indexer. */
  const METHODS = {
    workbook: { Worksheets: () => ({ kind: "sheets" }), Names: () => ({ kind: "names" }), Application: () => ({ kind: "application" }), Workbook: () => ({ kind: "workbook" }) },
    sheets: { GetItem: (_, name) => sheetOf(name), GetItemOrNullObject: (_, name) => sheetOrNull(name), "[]": (_, name) => sheetOf(name) },
    names: { GetItem: (_, name) => nameOrNull(name), GetItemOrNullObject: (_, name) => nameOrNull(name), "[]": (_, name) => nameOrNull(name) },
    name: { GetRange: rangeOfName, GetRangeOrNullObject: rangeOfName },
    sheet: {
      GetUsedRangeOrNullObject: usedRange,
      GetRangeByIndexes: ({ name }, row, column, height, width) => rangeOf(name, row, column, height, width),
      GetRange: ({ name }, address) => rangeAt(name, address),
      Protection: ({ name }) => ({ kind: "protection", name }),
      Activate: ({ name }) => { excel.active = name; },
    },
    range: {
      Clear: clear,
      GetRow: (range, row) => rangeOf(range.sheet, range.row + row, range.column, 1, range.width),
      GetBoundingRect: (range, other) => rangeOf(range.sheet, range.row, range.column, other.row + other.height - range.row, range.width),
      GetCell: (range, row, column) => rangeOf(range.sheet, range.row + row, range.column + column),
    },
    application: { Calculate: () => { excel.calculations += 1; } },
    container: { CustomFunctions: () => ({ kind: "functions" }) },
    functions: {
      SetInvocationArrayResults: (_, list) => list.forEach(([id, , value]) => answered(id, value)),
      SetInvocationResults: (_, list) => list.forEach(({ id, value }) => answered(id, value)),
    },
  };
  METHODS.other = {};

  /** What is loaded of each kind of object. */
  const LOADED = {
    workbook: () => ({ Name: "betaneutral.xlsx" }),
    sheets: () => ({ _Items: [...excel.sheets.keys()].map((name, place) => ({ _Id: name, Name: name, Position: place, Protection: { Protected: excel.protected.has(name) } })) }),
    sheet: ({ name }) => ({ Name: name }),
    protection: ({ name }) => ({ Protected: excel.protected.has(name) }),
    range: (range, wanted) => ({
      RowIndex: range.row, ColumnIndex: range.column, RowCount: range.height, ColumnCount: range.width,
      ...(wanted("values") && { Values: cells(range, valueAt) }),
      ...(wanted("formulas") && { Formulas: cells(range, formulaAt) }),
      ...(wanted("valueTypes") && { ValueTypes: cells(range, kindAt) }),
    }),
  };

  // ---------------------------------------------------------------- requests of office.js

  const INSTANTIATE = 1, QUERY = 2, METHOD = 3, PROPERTY = 4; // types of actions
  const GLOBAL = 1, NEW = 2, INDEXER = 5; // types of paths

  /** Does what a request says, and returns the results as office.js reads them. */
  function process({ ObjectPaths: paths, Actions: actions }) {
    const known = {};
    const argumentsOf = (info) => (info?.Arguments ?? []).map((one, k) => {
      const reference = info.ReferencedObjectPathIds?.[k];
      return reference ? object(reference) : one;
    });
    const object = (id) => (known[id] ??= found(paths[id]));
    const found = (path) => {
      if (path.ObjectPathType === GLOBAL) return { kind: "workbook" };
      if (path.ObjectPathType === NEW) return { kind: !/CustomFunctions/.test(path.Name) ? "other" : /Container/.test(path.Name) ? "container" : "functions" };
      const parent = object(path.ParentObjectPathId);
      if (parent.kind === "null" || parent.kind === "other") return parent;
      const method = METHODS[parent.kind]?.[path.ObjectPathType === INDEXER ? "[]" : path.Name];
      if (!method) throw new Refusal("NotImplemented", `${parent.kind}.${path.Name}`);
      return method(parent, ...argumentsOf(path.ArgumentInfo));
    };
    const done = (action) => {
      const target = action.ObjectPathId ? object(action.ObjectPathId) : missing;
      switch (action.ActionType) {
        case INSTANTIATE:
          return target.kind === "null" ? null : target.name ? { _Id: target.name } : {};
        case QUERY: {
          const select = (action.QueryInfo?.Select ?? []).map((one) => one.toLowerCase());
          const wanted = (name) => select.includes(name.toLowerCase());
          return target.kind === "null" ? null : (LOADED[target.kind]?.(target, wanted) ?? {});
        }
        case METHOD:
          if (!action.Name.startsWith("_") && target.kind !== "other") METHODS[target.kind][action.Name](target, ...argumentsOf(action.ArgumentInfo));
          return null;
        case PROPERTY:
          if (/^(Values|Formulas)$/.test(action.Name)) enter(target, action.ArgumentInfo.Arguments[0]);
          return null;
        default:
          return null;
      }
    };
    const Results = [];
    try {
      for (const action of actions) Results.push({ ActionId: action.Id, Value: done(action) });
      return { Results };
    } catch (error) {
      excel.errors.push(error.message);
      return { Results, Error: { Code: error.code ?? "GeneralException", Message: error.message, Location: "" } };
    }
  }

  const REQUEST = 1, RESPONSE = 2, CALLS = 3; // types of messages
  const bridge = (globalThis._richApiNativeBridge = {
    sendMessageToHost(text) {
      excel.requests += 1;
      excel.largest = Math.max(excel.largest, text.length);
      const { id, type, message } = JSON.parse(text);
      const tooLarge = text.length > excel.limit;
      let body = {};
      if (tooLarge) body = { error: { code: "RequestPayloadSizeLimitExceeded", message: "The request is too large." } };
      else if (type === REQUEST && message.body) body = process(typeof message.body === "string" ? JSON.parse(message.body) : message.body);
      const reply = { id, type: RESPONSE, message: { statusCode: tooLarge ? 413 : 200, headers: {}, body } };
      setTimeout(() => bridge.onMessageFromHost(JSON.stringify(reply)), 0);
    },
  });

  // ---------------------------------------------------------------- what tests do

  const waiting = new Map();
  let invocations = 0;
  const answered = (id, value) => {
    waiting.get(id)?.({ value, at: performance.now() });
    waiting.delete(id);
  };

  /** Calls functions as Excel does when it calculates, all at once; returns values and when each was there. */
  excel.call = (calls) => {
    const entries = [], answers = [];
    for (const [name, values, addresses] of calls) {
      const id = (invocations += 1);
      answers.push(new Promise((resolve) => waiting.set(id, resolve)));
      entries.push([1, 1000, "", [id, name, values, "Neutral!A6", 4, addresses ?? null], id]);
    }
    bridge.onMessageFromHost(JSON.stringify({ type: CALLS, message: { entries } }));
    return Promise.all(answers);
  };
  excel.fill = (name, row, rows) => {
    if (!excel.sheets.has(name)) excel.sheets.set(name, new Map());
    rows.forEach((line, i) => line.forEach((value, j) => {
      if (value !== null && value !== "") excel.sheets.get(name).set(key(row + i, j), value);
    }));
  };
  excel.reset = () => {
    for (const known of [excel.sheets, excel.names, excel.formulas, excel.protected]) known.clear();
    for (const list of [excel.connected, excel.errors]) list.length = 0;
    Object.assign(excel, { requests: 0, largest: 0, calculations: 0, active: null, failAtWrite: 0, failFromWrite: 0, writes: 0 });
  };
  excel.read = (name) => {
    const used = usedRange({ name });
    return used.kind === "null" ? [] : cells(rangeOf(name, 0, 0, used.row + used.height, used.column + used.width), valueAt);
  };
  excel.set = (name, value) => {
    const { sheet, row, column } = excel.names.get(name);
    excel.sheets.get(sheet).set(key(row, column), value);
  };
  excel.get = (name) => {
    const { sheet, row, column } = excel.names.get(name);
    return valueAt(sheet, row, column);
  };
})();
