"""The front ends, one class each: ``answer`` sends a request as a user would, and reads the visible answer.

To add one, derive from ``FrontEnd`` (from ``Sheets`` if it calls worksheet functions), and list it in
``FRONT_ENDS``.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO, Any, ClassVar, cast

import openpyxl
import pandas as pd
import pytest
from fronts.answers import Answer, NotOffered, Numbers, Refusal
from fronts.requests import Cell, Query, Request, Table

from betaneutral_xl import BetaNeutralError, Etf, Holdings, beta_neutral, covariance
from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.hosts.calc import worker
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.office import certificate, server
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.sheets.cells import PREFIX
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import ETF_STRIDE, FIRST_ROW, MATRIX_ROW, PROPOSAL
from betaneutral_xl.hosts.sheets.proposal_block import column_of
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job import request as run_request
from betaneutral_xl.job import run, sample, tables
from betaneutral_xl.model.quotes import Quotes
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.system.settings import Settings

KINDS = {2: "input", 3: "source", 4: "model", 5: "host"}
"""Kind of error by exit code."""

MEASURES = ("volatility", "tracking_error", "turnover", "gross", "net")
"""Measures of the alternatives to compare."""

NOT_OFFERED = NotOffered()


class FrontEnd(ABC):
    """One interface to the package.

    Parameters
    ----------
    folder
        A folder for its files and its cache.

    """

    name: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        """Start the front end."""
        self.folder = folder

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Send a request and read the answer."""

    def answers(self, requests: Sequence[Request]) -> dict[str, Answer]:
        """Return the answers by the names of the requests."""
        return {request.name: self.answer(request) for request in requests}

    def close(self) -> None:  # noqa: B027 - most have no process
        """Stop the front end."""


def number(cell: object) -> float:
    """Return the number in a cell; NaN if it is blank or not finite."""
    value = math.nan if cell in {None, ""} else float(cast("float", cell))
    return value if math.isfinite(value) else math.nan


def records(rows: Sequence[Sequence[object]]) -> list[dict[str, object]]:
    """Return the rows of a table as records by its header."""
    head = [str(cell) for cell in rows[0]]
    return [dict(zip(head, row, strict=True)) for row in rows[1:]]


def rebalanced(
    weights: Iterable[Mapping[str, Any]], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Numbers:
    """Return new weights by ticker, and betas before and after by ETF."""
    return Numbers(
        {f"weight {one['ticker']}": number(one["new_weight"]) for one in weights}
        | {f"beta before {etf}": number(beta) for etf, beta in before.items()}
        | {f"beta after {etf}": number(beta) for etf, beta in after.items()}
    )


def of_betas(rows: Iterable[Mapping[str, Any]]) -> Numbers:
    """Return each held name's beta to each ETF, whatever the front end calls the columns."""
    found: dict[str, float] = {}
    for row in rows:
        betas = [
            key
            for key in row
            if key.startswith(("predicted_beta", "beta_"))
            and not any(part in key for part in ("error", "_95", "beta_se"))
        ]
        found |= {f"{row['ticker']} to ETF {i}": number(row[key]) for i, key in enumerate(betas, start=1)}
    return Numbers(found)


def ordered(rows: Iterable[Mapping[str, Any]]) -> Numbers:
    """Return shares by ticker and side."""
    traded = (row for row in rows if row["side"] != "after")
    return Numbers({f"{row['side']} {row['ticker']}".lower(): number(row["shares"]) for row in traded})


# ---------------------------------------------------------------- the command line


class CommandLine(FrontEnd):
    """``python -m betaneutral_xl`` with options and files, one process per request."""

    name = "command line"

    def answers(self, requests: Sequence[Request]) -> dict[str, Answer]:
        """Return the answers, two processes at a time."""
        with ThreadPoolExecutor(2) as pool:
            return dict(zip([one.name for one in requests], pool.map(self.answer, requests), strict=True))

    def answer(self, request: Request) -> Answer:
        """Run the command of the request and read its JSON."""
        argv = arguments(request, self.folder / request.name.replace(" ", "_"))
        run = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "betaneutral_xl", *argv],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if run.returncode and not run.stdout:  # feasible prints what can be reached, and fails
            return Refusal(run.stderr.strip(), KINDS.get(run.returncode, "defect"))
        record = json.loads(run.stdout)
        match request.query:
            case Query.REBALANCE:
                return rebalanced(record["weights"], record["beta_before"], record["beta_after"])
            case Query.BETAS:
                return of_betas(record["betas"])
            case Query.COMPARE:
                return compared(record["alternatives"])
            case Query.ORDERS:
                return ordered(record["orders"])
            case _:
                return Numbers(
                    {
                        f"{word} {name}": number(etf[word])
                        for name, etf in record["etfs"].items()
                        for word in ("lowest", "highest", "nearest")
                    }
                )


def arguments(request: Request, folder: Path) -> list[str]:
    """Return the command of a request, and write its files to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    argv = [request.query.value, "--json", *_inputs(request, folder)]
    targets = request.target if isinstance(request.target, tuple) else (request.target,)
    if len(targets) > 1:
        argv += [f"--target={name}={aim}" for (name, _), aim in zip(request.etfs, targets, strict=True)]
    elif targets[0] is not None:
        argv.append(f"--target={targets[0]}")
    for option in ("method", "benchmark", "ridge", "leg_limit"):
        value = getattr(request, option)
        if value is not None:
            argv.append(f"--{option.replace('_', '-')}={value}")
    argv += ["--sell-only"] * request.sell_only
    argv += _order_terms(request, folder)
    if request.limits_file:
        return [*argv, "--constraints", _written(folder / "limits.toml", _toml(request.limits))]
    argv += [f"--group={group}={','.join(tickers)}" for group, tickers in groups(request.limits).items()]
    for name, *key, value in request.limits:
        option = {"group_limits": "group-limit"}.get(str(name), str(name).replace("_", "-"))
        if value is True:
            argv.append(f"--{option}")
        elif name != "groups":
            argv.append(f"--{option}=" + "=".join(str(part) for part in (*key, value)))
    return argv


def groups(limits: tuple[tuple[Cell, ...], ...]) -> dict[str, list[str]]:
    """Return the tickers of each group; a row has the group of a ticker, or comma-separated tickers."""
    found: dict[str, list[str]] = {}
    for name, *key, value in limits:
        if name == "groups":
            listed = "," in str(value)
            group, tickers = (key[0], str(value).split(",")) if listed else (value, [str(key[0])])
            found.setdefault(str(group), []).extend(tickers)
    return found


def _order_terms(request: Request, folder: Path) -> list[str]:
    terms = {
        "order-nav": request.nav,
        "lot": request.lot,
        "min-notional": request.min_notional,
        "trade": request.trade,
    }
    argv = [f"--{option}={value}" for option, value in terms.items() if value is not None]
    if request.prices:
        names, prices = zip(*request.prices, strict=True)
        argv += ["--order-prices", _csv(folder / "quotes.csv", (("date", *names), ("2025-11-18", *prices)))]
    return argv


def _inputs(request: Request, folder: Path) -> list[str]:
    if request.sample:
        return ["--sample"]
    argv = ["--holdings", _csv(folder / "fund.csv", request.holdings), "--etf"]
    argv += [_csv(folder / f"{name}.csv", basket) for name, basket in request.etfs]
    if request.history is None:
        head, *rows = request.covariance
        if head[0] is not None:
            return [*argv, "--covariance", _csv(folder / "risk.csv", request.covariance)]
        dated = (("date", "ticker", *head[1:]), *(("2025-11-18", *row) for row in rows))
        return [*argv, "--covariance", _csv(folder / "risk.csv", dated)]
    argv += ["--prices", _csv(folder / "prices.csv", request.history)]
    argv += [f"--estimator={request.estimator}"] * (request.estimator is not None)
    return argv + [f"--window={request.window}"] * (request.window is not None)


def _csv(path: Path, rows: Table) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def _written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def _toml(limits: tuple[tuple[Cell, ...], ...]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in as_mapping(limits).items())


def compared(alternatives: Iterable[Mapping[str, Any]]) -> Numbers:
    """Return the measures of each alternative."""
    found: dict[str, float] = {}
    for one in alternatives:
        name = one.get("alternative", one.get("way"))
        found |= {f"{measure} of {name}": number(one[measure]) for measure in MEASURES}
    return Numbers(found)


def as_mapping(limits: tuple[tuple[Cell, ...], ...]) -> dict[str, Any]:
    """Return limits as a mapping for Python and TOML: a value, or values by key."""
    found: dict[str, Any] = {}
    for name, *key, value in limits:
        if key:
            before = found.get(str(name), {})
            found[str(name)] = (before if isinstance(before, dict) else {"*": before}) | {str(key[0]): value}
        else:
            found[str(name)] = value
    return found


# ---------------------------------------------------------------- worksheet functions


class Refused(Exception):
    """A cell has an error."""


class Sheets(FrontEnd):
    """A host that calls worksheet functions; subclasses define how values are passed."""

    def __init__(self, folder: Path) -> None:
        """Start without called functions."""
        super().__init__(folder)
        self.called: set[str] = set()

    @abstractmethod
    def call(self, name: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Return the cells of a function's result."""

    def kind(self, name: str, *values: Any) -> str | None:
        """Return the kind of a refusal, if the host shows more than its message."""
        return None

    def answer(self, request: Request) -> Answer:
        """Call the functions of the request, one on the answers of the others as formulas do."""
        try:
            return self._numbers(request)
        except Refused as error:
            text, kind = error.args
            return Refusal(text, kind)

    def cells(self, name: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Return the result of a function, or raise its error message."""
        self.called.add(name)
        rows = self.call(name, *values)
        first = str(rows[0][0])
        if first.startswith(PREFIX):
            raise Refused(first.removeprefix(PREFIX), self.kind(name, *values))
        return rows

    def _numbers(self, request: Request) -> Numbers:
        inputs = self._inputs(request)
        target = request.target if not isinstance(request.target, tuple) else (request.target,)
        limits = wide((*request.limits, *legs(request))) or None
        problem = (*inputs, target, request.method, limits)
        match request.query:
            case Query.BETAS:
                return of_betas(records(self.cells("BN_BETAS", *inputs)))
            case Query.COMPARE:
                return compared(records(self.cells("BN_COMPARE", *inputs, target, limits, request.benchmark)))
            case Query.FEASIBLE:
                return _reached(self.cells("BN_FEASIBLE", *inputs, target, limits))
        weights = self.cells("BETA_NEUTRAL", *problem)
        if request.query is Query.ORDERS:
            quotes = self.cells("BN_PRICES", inputs[0], inputs[1], None, request.prices or None)
            options = (request.nav, request.min_notional, request.lot, request.trade)
            return ordered(records(self.cells("BN_ORDERS", weights, quotes, *options)))
        lines = {row[0]: row for row in self.cells("BN_EXPOSURE", *problem)}
        betas = {str(name).removeprefix("beta to "): row for name, row in lines.items() if "beta to " in name}
        page = {row[0]: row for row in self.cells("BN_ANSWER", *problem, "measures")}
        for name, row in betas.items():  # the answer page has the same betas
            assert [number(one) for one in page[f"Beta to {name}"][1:3]] == pytest.approx(
                [number(one) for one in row[1:3]], abs=1e-11, nan_ok=True
            )
        return rebalanced(
            records(weights),
            {name: row[1] for name, row in betas.items()},
            {name: row[2] for name, row in betas.items()},
        )

    def _inputs(self, request: Request) -> tuple[Any, Any, Any]:
        if request.sample:
            holdings, etf = self.cells("FETCH_HOLDINGS", "demo"), self.cells("LOAD_ETF", "demo")
            names = self.cells("BN_NAMES", holdings, etf)
            return holdings, etf, self.cells("COVARIANCE", names, "demo", None, True)[0][0]  # noqa: FBT003 - a cell
        etfs = beside([named(basket, name) for name, basket in request.etfs])
        if request.history is None:
            return request.holdings, etfs, request.covariance
        window = f"window={request.window}" if request.window else None
        estimated = self.cells("COVARIANCE", request.history, request.estimator, window, True)  # noqa: FBT003 - a cell
        return request.holdings, etfs, estimated[0][0]


def _reached(rows: Sequence[Sequence[Any]]) -> Numbers:
    betas = rows[1 : next(i for i, row in enumerate(rows) if row[0] == "summary")]
    words = ("lowest", "highest", "nearest")
    return Numbers(
        {
            f"{word} {row[0]}": number(cell)
            for row in betas
            for word, cell in zip(words, row[2:5], strict=True)
        }
    )


def named(basket: Table, name: str) -> Table:
    """Return an ETF's table with its name above the weights, as on a sheet."""
    return (("ticker", name), *basket[1:])


def beside(tables: Sequence[Table]) -> Table:
    """Return tables side by side, separated by a blank column."""
    height = max(map(len, tables))
    filled = [(*one, *((None, None),) * (height - len(one))) for one in tables]
    return tuple(
        tuple(cell for row in rows for cell in (*row, None))[:-1] for rows in zip(*filled, strict=True)
    )


def legs(request: Request) -> tuple[tuple[Cell, ...], ...]:
    """Return the limits on hedge ratios as rows of name and value."""
    values = (
        ("ridge", request.ridge),
        ("leg_limit", request.leg_limit),
        ("sell_only", request.sell_only or None),
    )
    return tuple((name, value) for name, value in values if value is not None)


def wide(limits: tuple[tuple[Cell, ...], ...]) -> Table:
    """Return limits as rows of name, key and value."""
    return tuple((row[0], row[1] if len(row) > 2 else None, row[-1]) for row in limits)


class Registry(Sheets):
    """The worksheet functions called without a host."""

    name = "worksheet"

    def __init__(self, folder: Path) -> None:
        """Start a session."""
        super().__init__(folder)
        self._session = Session(Settings(cache=folder))

    def call(self, name: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Call a function of the registry."""
        return self._session.call(BY_NAME[name], *values)

    def kind(self, name: str, *values: Any) -> str | None:
        """Return the kind of the error."""
        try:
            self._session.answer(BY_NAME[name], *values)
        except BetaNeutralError as error:
            return family(error)
        return "defect"


def family(error: BetaNeutralError) -> str:
    """Return the kind of an error by its exit code."""
    return KINDS[error.exit_code]


class Lines(Sheets):
    """A host whose functions run in a separate process with JSON lines over pipes."""

    command: ClassVar[tuple[str, ...]]

    def __init__(self, folder: Path) -> None:
        """Start the process."""
        super().__init__(folder)
        self._errors = (folder / "stderr.txt").open("wb")
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, *self.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=folder,
            env={**os.environ, "BETANEUTRAL_CACHE": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self._input = cast("IO[bytes]", self.process.stdin)
        self._output = cast("IO[bytes]", self.process.stdout)

    def send(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message and return the reply."""
        self._input.write(wire.encode(message))
        self._input.flush()
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """Return the next message."""
        return wire.decode(self._output.readline())

    def close(self) -> None:
        """Close the input, which ends the process."""
        self._input.close()
        self.process.wait(30)
        self._output.close()
        self._errors.close()


class Calc(Lines):
    """The worker of the Calc extension, with values as LibreOffice passes them."""

    name = "Calc"
    command = ("-P", "-u", "-m", worker.__name__)

    def __init__(self, folder: Path) -> None:
        """Wait until the worker is ready."""
        super().__init__(folder)
        assert "hello" in self.receive()

    def call(self, name: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Call a function with blanks as empty text, and Booleans and integers as floats."""
        reply = self.send(
            {"id": 1, "call": name, "values": [wire.pack(_as_calc_gives(one)) for one in values]}
        )
        rows: Sequence[Sequence[Any]] = wire.unpack(reply["rows"])
        return rows


def _as_calc_gives(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(tuple("" if cell is None else _as_calc_gives(cell) for cell in row) for row in value)
    return float(value) if isinstance(value, (bool, int)) else value


class Excel(Lines):
    """xlwings' Windows modules with a stand-in for COM."""

    name = "Excel"
    command = ("-P", "-u", "-m", "fronts.excel_process")  # not imported: it replaces modules of Windows

    def call(self, name: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Call a function on ranges of cells."""
        rows: Sequence[Sequence[Any]] = self.send({"call": name, "values": list(values)})["rows"]
        return rows


class Office(Sheets):
    """The server of the Office.js add-in, with values as its page sends them."""

    name = "Office.js"

    def __init__(self, folder: Path) -> None:
        """Start the server."""
        super().__init__(folder)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self._place = Place.make(folder / "office", one.getsockname()[1])
        certificate.make(self._place.certificate, self._place.key)
        session = Session(Settings(cache=folder))
        self._server = threading.Thread(target=server.serve, args=(self._place, session), daemon=True)
        self._server.start()
        while server.running(self._place) is None:
            assert self._server.is_alive(), "the server did not start"
        self._connection = server.connection(self._place)
        self._connection.timeout = 60

    def call(self, name: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Call a function: every argument is a range, and blanks are null."""
        ranges = [
            None if one is None else wire.pack(one if isinstance(one, (tuple, list)) else ((one,),))
            for one in values
        ]
        body = wire.encode({"id": 1, "batch": [[name, ranges]]})
        path = f"/{self._place.secret}/talk"
        self._connection.request("POST", path, body, server.headers(self._place))
        first = json.loads(self._connection.getresponse().read().splitlines()[0])
        rows: Sequence[Sequence[Any]] = wire.unpack(first["rows"])
        return rows

    def close(self) -> None:
        """Stop the server."""
        self._connection.close()
        server.end(self._place)
        self._server.join(10)


# ---------------------------------------------------------------- a workbook as a file


class Workbook(FrontEnd):
    """A template built once; a copy is filled in, and ``workbook run`` presses its buttons."""

    name = "workbook"

    def __init__(self, folder: Path) -> None:
        """Build the template."""
        super().__init__(folder)
        refused = command("workbook", "build", "--folder", str(folder), "--only", "xlsx")
        assert refused is None, refused
        self._book = openpyxl.load_workbook(folder / "betaneutral.xlsx")
        _put(self._book["Neutral"], FIRST_ROW, {})  # its formulas are read by no button
        self._settings = {
            name: _values(self._book, name)
            for name in self._book.defined_names
            if name.startswith("setting_")
        }

    def answer(self, request: Request) -> Answer:
        """Fill in, press, and read the sheet of the proposal, or the file of orders."""
        if request.query not in {Query.REBALANCE, Query.ORDERS}:
            return NOT_OFFERED
        folder = self.folder / request.name.replace(" ", "_")
        folder.mkdir()
        file = folder / "fund.xlsx"
        for name, rows in self._settings.items():
            _set(self._book, name, rows)
        _fill_in(self._book, request, folder)
        self._book.save(file)
        for button in ("rebalance", "orders")[: 1 + (request.query is Query.ORDERS)]:
            refused = command("workbook", "run", str(file), "--button", button)
            if refused is not None:
                return refused
        if request.query is Query.ORDERS:
            (path,) = folder.glob("*.csv")
            _, _, orders = path.read_text(encoding="utf-8-sig").partition("\n\n")
            return ordered(csv.DictReader(io.StringIO(orders)))
        return _proposal(openpyxl.load_workbook(file, data_only=True)["Proposal"])


def command(*argv: str) -> Refusal | None:
    """Run a command in this process; return its refusal, if any."""
    errors = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(redirect_stderr(errors))
        stack.enter_context(redirect_stdout(io.StringIO()))
        code = main(argv)
    return Refusal(errors.getvalue().strip(), KINDS.get(code, "defect")) if code else None


def _fill_in(book: openpyxl.Workbook, request: Request, folder: Path) -> None:
    _put(book["Orders"], FIRST_ROW, {})
    _set(book, "setting_limits", wide((*request.limits, *legs(request))))
    _set(book, "own_prices", request.prices)
    names = ("target", "method", "nav", "min_notional", "lot", "trade")
    settings = {name: getattr(request, name) for name in names} | {
        "inputs": "fetch" if request.sample else "sheets"
    }
    if isinstance(request.target, tuple):
        settings["target"] = "; ".join(str(one) for one in request.target)
    if request.history is not None:
        settings |= _files(request, folder)
    for name, value in settings.items():
        if value is not None:
            _set(book, f"setting_{name}", ((value,),))
    if settings["inputs"] == "fetch":
        return
    etfs: dict[int, Table] = {
        1 + ETF_STRIDE * i: named(basket, name) for i, (name, basket) in enumerate(request.etfs)
    }
    _put(book["Holdings"], FIRST_ROW, {1: request.holdings})
    _put(book["ETF"], FIRST_ROW, etfs)
    _put(book["Covariance"], MATRIX_ROW, {1: request.covariance})


def _files(request: Request, folder: Path) -> dict[str, Any]:
    """Return the settings of a request whose risk model is estimated from prices: all inputs from files."""
    etfs = {
        f"etf_{i}": _csv(folder / f"{name}.csv", basket)
        for i, (name, basket) in enumerate(request.etfs, start=1)
    }
    return {
        "inputs": "fetch",
        "fund": _csv(folder / "fund.csv", request.holdings),
        "risk_prices": _csv(folder / "prices.csv", request.history or ()),
        "estimator": request.estimator,
        "window": request.window,
        **etfs,
    }


def _area(book: openpyxl.Workbook, name: str) -> tuple[tuple[Any, ...], ...]:
    """Return the cells of a named range."""
    ((sheet, area),) = book.defined_names[name].destinations
    cells = book[sheet][area.replace("$", "")]
    return cells if isinstance(cells, tuple) else ((cells,),)


def _values(book: openpyxl.Workbook, name: str) -> Table:
    return tuple(tuple(cell.value for cell in line) for line in _area(book, name))


def _set(book: openpyxl.Workbook, name: str, rows: Table) -> None:
    """Write to a named range and clear its other cells."""
    for i, line in enumerate(_area(book, name)):
        for j, cell in enumerate(line):
            cell.value = rows[i][j] if i < len(rows) else None


def _put(sheet: Any, first: int, tables: Mapping[int, Table]) -> None:
    """Clear a sheet from a row on, and write tables there by their first columns."""
    sheet.delete_rows(first, sheet.max_row)
    for column, rows in tables.items():
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                sheet.cell(first + i, column + j).value = value


def _proposal(sheet: Any) -> Numbers:
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    start = next(i for i, row in enumerate(rows) if row[0] == "Ticker")
    width = next((j for j, cell in enumerate(rows[start]) if cell is None), len(rows[start]))
    head = [column_of(str(cell)) for cell in rows[start][:width]]
    weights = records([head, *(row[:width] for row in rows[start + 1 :] if row[0] is not None)])
    betas = {
        str(row[0]).removeprefix("Beta to "): row
        for row in rows[PROPOSAL.measures : start]
        if str(row[0]).startswith("Beta to ")
    }
    return rebalanced(
        weights,
        {name: row[1] for name, row in betas.items()},
        {name: row[2] for name, row in betas.items()},
    )


# ---------------------------------------------------------------- Python


class Python(FrontEnd):
    """The Python API with pandas objects."""

    name = "Python"

    def answer(self, request: Request) -> Answer:
        """Call the functions of the package."""
        if request.query is Query.BETAS:
            return NOT_OFFERED
        try:
            return self._numbers(request)
        except BetaNeutralError as error:
            return Refusal(str(error), family(error))
        except (TypeError, ValueError) as error:
            return Refusal(str(error), type(error).__name__)

    def _numbers(self, request: Request) -> Numbers:
        holdings, etfs, risk = self._inputs(request)
        if request.history is not None:
            prices = _csv(self.folder / f"{request.name}.csv", request.history)
            held = tables.holdings_of_object(holdings)
            names = sorted({*held.tickers, *(name for etf in etfs for name in etf.tickers)})
            window = request.window or WINDOW
            risk = covariance(names, prices=prices, estimator=request.estimator, window=window)
        options = as_mapping((*request.limits, *legs(request)))
        method = request.method
        if request.query in {Query.REBALANCE, Query.ORDERS}:
            target: Any = request.target
            result = beta_neutral(holdings, etfs, risk, target, method, constraints=options)
            if request.query is Query.ORDERS:
                return self._orders(request, result)
            return rebalanced(
                records([result.columns, *result.rows()]), result.before.beta, result.after.beta
            )
        portfolio = holdings if isinstance(holdings, Holdings) else tables.holdings_of_object(holdings)
        model = risk if isinstance(risk, Covariance) else tables.covariance_of_object(risk)
        inputs = run.Inputs(portfolio, tuple(etfs), model)
        required = run_request.Request.parse({**options, "target": request.target}, inputs.etf_names)
        if request.query is Query.COMPARE:
            alternatives = run.compare(required, inputs, request.benchmark).alternatives
            return compared(
                {"alternative": one.name, **{measure: getattr(one, measure) for measure in MEASURES}}
                for one in alternatives
            )
        return _reached([("etf",), *run.reach(required, inputs).lines(), ("summary",)])

    @staticmethod
    def _orders(request: Request, result: Any) -> Numbers:
        given = {"order_nav": request.nav, "min_notional": request.min_notional, "lot": request.lot}
        terms = run_request.OrderTerms.parse({**given, "trade": request.trade})
        own = Quotes.from_mapping({str(ticker): number(price) for ticker, price in request.prices}, "own")
        made = run.orders(result, own.with_fallback(Quotes.of_holdings(result.aligned.holdings)), terms)
        return ordered(
            {"ticker": leg.ticker, "side": str(leg.side), "shares": leg.shares} for leg in made.for_broker()
        )

    @staticmethod
    def _inputs(request: Request) -> tuple[Any, Sequence[Etf], Any]:
        if request.sample:
            return sample.load_holdings(), (sample.load_etf(),), sample.load_covariance()
        etfs = tuple(
            etf
            for name, basket in request.etfs
            for etf in tables.etfs_of_object(pd.DataFrame(basket[1:], columns=["ticker", name]))
        )
        return _portfolio(request.holdings), etfs, _risk_model(request.covariance)


def _portfolio(rows: Table) -> Any:
    """Return a Series of weights, a DataFrame with its header, or one of all cells below a title."""
    head, *body = rows
    if head == ("ticker", "weight"):
        return pd.Series([row[1] for row in body], index=[row[0] for row in body], dtype=object)
    return pd.DataFrame(rows) if None in head else pd.DataFrame(body, columns=list(head))


def _risk_model(rows: Table) -> pd.DataFrame:
    """Return a DataFrame with labels on both sides, or with its labels in a column."""
    head, *body = rows
    if isinstance(head[0], float):
        return pd.DataFrame(rows)
    if head[0] is None:
        return pd.DataFrame([row[1:] for row in body], [row[0] for row in body], list(head[1:]))
    return pd.DataFrame(body, columns=list(head))


FRONT_ENDS: tuple[type[FrontEnd], ...] = (CommandLine, Registry, Calc, Excel, Office, Workbook, Python)
