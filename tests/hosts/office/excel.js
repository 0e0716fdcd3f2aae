// Excel below Microsoft's own office.js: what takes its requests, and asks the add-in for functions.
// office.js' two channels to Excel for the Mac are replaced: the message handler of WKWebView, which tells the
// add-in about the application, and the native bridge, which carries requests about the workbook.
//
// It has values, formulas, number formats, names, protection and errors. It does not calculate: a test does, through
// the add-in's functions (tests/excel_calculation.py). A formula in an array that may not change its size stands in each
// of its cells, and no part of it can be changed; one in an array that may spills from its first cell.
(() => {
  /** @type {any} */
  const excel = (globalThis.excel = {
    sheets: new Map(), // name -> Map of "row,column" (from 0) -> value
    names: new Map(), // name -> {sheet, row, column, height, width}
    formulas: new Map(), // "sheet!row,column" -> text
    arrays: new Map(), // "sheet!row,column" -> the fixed array that the cell is part of
    spills: new Map(), // "sheet!row,column" -> [height, width] of what a formula spills
    formats: new Map(), // "sheet!row,column" -> number format, where it is not General
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
    const filled = [...excel.sheets.get(name)].filter(([place, value]) => value !== "" || excel.formulas.has(`${name}!${place}`));
    const places = filled.map(([place]) => place.split(",").map(Number));
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
    if (value === "") return excel.sheets.get(sheet).has(key(row, column)) ? "String" : "Empty"; // "" is what a formula gave
    if (ERROR.test(value)) return "Error";
    return typeof value === "number" ? "Double" : typeof value === "boolean" ? "Boolean" : "String";
  };
  const ERROR = /^#(N\/A|NAME\?|DIV\/0!|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!)$/;
  /** What Excel makes of what is entered into a cell with a number format. */
  const entered = (text, format) => {
    if (format === "@") return String(text);
    if (typeof text !== "string") return text;
    if (text.startsWith("'")) return text.slice(1);
    if (text !== "" && !Number.isNaN(Number(text))) return Number(text);
    if (/^-?[\d.]+%$/.test(text)) return Number(text.slice(0, -1)) / 100;
    if (/^\d{4}-\d\d-\d\d$/.test(text)) return Date.parse(text) / 86_400_000 + 25_569;
    return /^(true|false)$/i.test(text) ? /^t/i.test(text) : text;
  };
  /** Refuses to change a part of an array that may not change its size. */
  const mayChange = ({ sheet, row, column, height, width }) => {
    for (let i = row; i < row + height; i += 1)
      for (let j = column; j < column + width; j += 1) {
        const array = excel.arrays.get(`${sheet}!${key(i, j)}`);
        const whole = array && array.row >= row && array.column >= column
          && array.row + array.height <= row + height && array.column + array.width <= column + width;
        if (array && !whole) throw new Refusal("InvalidOperation", "You can't change part of an array.");
      }
  };
  /** Removes the formula of a cell, and what it spilled. */
  const forget = (sheet, row, column) => {
    const at = `${sheet}!${key(row, column)}`;
    const [height, width] = excel.spills.get(at) ?? [1, 1];
    for (let i = row; i < row + height; i += 1)
      for (let j = column; j < column + width; j += 1) excel.sheets.get(sheet).delete(key(i, j));
    for (const known of [excel.spills, excel.formulas, excel.arrays]) known.delete(at);
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
    mayChange(range);
    rows.forEach((row, i) => row.forEach((text, j) => {
      const place = [range.row + i, range.column + j];
      if (text !== null) forget(range.sheet, ...place);
      if (typeof text === "string" && text.startsWith("=")) {
        excel.formulas.set(`${range.sheet}!${key(...place)}`, text);
        excel.connected.push([range.sheet, ...place, text]);
        excel.sheets.get(range.sheet).set(key(...place), "connected");
      } else if (text !== null && text !== "") excel.sheets.get(range.sheet).set(key(...place), entered(text, excel.formats.get(`${range.sheet}!${key(...place)}`)));
    }));
  };
  const clear = (range) => {
    mayWrite(range.sheet);
    mayChange(range);
    for (let i = 0; i < range.height; i += 1)
      for (let j = 0; j < range.width; j += 1) forget(range.sheet, range.row + i, range.column + j);
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
      if (value !== null) excel.sheets.get(name).set(key(row + i, j), value);
    }));
  };
  /** Opens a workbook with the add-in loaded, and calculates what Excel has no function for. */
  excel.open = ({ sheets, names, formulas, formats }, functions) => {
    excel.reset();
    for (const [name, rows] of Object.entries(sheets)) excel.fill(name, 0, rows);
    for (const [name, place] of Object.entries(names)) excel.names.set(name, place);
    for (const [sheet, row, column, format] of formats) excel.formats.set(`${sheet}!${key(row, column)}`, format);
    const ours = new RegExp(`_xldudf_(${functions.join("|")})\\(`, "g");
    const unknown = new RegExp(`\\b(${functions.join("|")})\\(`);
    for (const [sheet, row, column, stored, height, width, grows] of formulas) {
      const text = stored.replace(ours, "$1(");
      const known = text !== stored || !unknown.test(stored);
      const array = height * width > 1 && !grows ? { row, column, height, width } : null;
      for (let i = row; i < row + height; i += 1)
        for (let j = column; j < column + width; j += 1) {
          const first = i === row && j === column;
          if (array) excel.arrays.set(`${sheet}!${key(i, j)}`, array);
          if (array || first) excel.formulas.set(`${sheet}!${key(i, j)}`, text);
          if (!known && (array || first)) excel.sheets.get(sheet).set(key(i, j), "#NAME?");
          else if (!known) excel.sheets.get(sheet).delete(key(i, j));
        }
      if (known && !array) excel.spills.set(`${sheet}!${key(row, column)}`, [height, width]);
    }
  };
  /** Shows the value of a formula, in as many cells as it needs if they are free. */
  excel.spill = (sheet, row, column, rows) => {
    const shown = excel.sheets.get(sheet);
    const text = excel.formulas.get(`${sheet}!${key(row, column)}`);
    const array = excel.arrays.get(`${sheet}!${key(row, column)}`);
    if (!array) forget(sheet, row, column);
    const [height, width] = array ? [array.height, array.width] : [rows.length, rows[0].length];
    const taken = !array && rows.some((line, i) => line.some((_, j) => (shown.get(key(row + i, column + j)) ?? "") !== ""));
    excel.formulas.set(`${sheet}!${key(row, column)}`, text);
    excel.spills.set(`${sheet}!${key(row, column)}`, taken ? [1, 1] : [height, width]);
    if (taken) shown.set(key(row, column), "#SPILL!");
    else
      for (let i = 0; i < height; i += 1)
        for (let j = 0; j < width; j += 1) shown.set(key(row + i, column + j), rows[i]?.[j] ?? "#N/A");
  };
  /** What is saved: values by sheet, and the formulas with the sizes of their arrays. */
  excel.state = () => ({
    sheets: Object.fromEntries([...excel.sheets].map(([name, filled]) => [name, [...filled].map(([place, value]) => [...place.split(",").map(Number), value])])),
    names: Object.fromEntries(excel.names),
    formulas: [...excel.formulas].flatMap(([at, text]) => {
      const cut = at.lastIndexOf("!");
      const [sheet, row, column] = [at.slice(0, cut), ...at.slice(cut + 1).split(",").map(Number)];
      const array = excel.arrays.get(at);
      if (array && (array.row !== row || array.column !== column)) return [];
      const [height, width] = array ? [array.height, array.width] : (excel.spills.get(at) ?? [1, 1]);
      return [[sheet, row, column, text, height, width]];
    }),
  });
  excel.reset = () => {
    for (const known of ["sheets", "names", "formulas", "arrays", "spills", "formats", "protected"]) excel[known].clear();
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
