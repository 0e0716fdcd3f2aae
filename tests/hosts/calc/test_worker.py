"""The worker as a process, used through its pipes."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Self, cast

import openpyxl
import pytest

import betaneutral_xl
from betaneutral_xl.hosts.calc.values import for_calc
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.cells import EPOCH
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.hosts.sheets.session import LOG, Session
from betaneutral_xl.system.settings import Settings

TIMEOUT = 60.0
"""Seconds after which an expected event counts as missing."""

COMMAND = ("-P", "-u", "-m", "betaneutral_xl.hosts.calc.worker")
"""As the extension starts it."""


class Pipes:
    """A worker and its three pipes; every line that it writes must be a message."""

    def __init__(self, cache: Path, *arguments: str) -> None:
        self.log = cache / LOG
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, *(arguments or COMMAND)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "BETANEUTRAL_CACHE": str(cache)},
        )
        self._input = cast("IO[bytes]", self.process.stdin)
        self._output = cast("IO[bytes]", self.process.stdout)
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._early: dict[int, list[wire.Message]] = defaultdict(list)
        self._number = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.hello = self.next()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process in any state."""
        self.close()
        self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        self._output.close()
        self._errors.close()

    def send(self, **message: object) -> int:
        """Send a message under a new number, or the given one."""
        self._number += 1
        self.write(wire.encode({"id": self._number, **message}))
        return self._number

    def write(self, line: bytes) -> None:
        """Write a line, or a part of one."""
        self._input.write(line)
        self._input.flush()

    def next(self) -> wire.Message:
        """Return the next message, of any request."""
        return wire.decode(self._lines.get(timeout=TIMEOUT))

    def reply(self, number: int) -> wire.Message:
        """Return the next message of a request."""
        while not self._early[number]:
            message = self.next()
            self._early[message["id"]].append(message)
        return self._early[number].pop(0)

    def call(self, name: str, *values: object) -> wire.Message:
        """Return the reply to a function call."""
        return self.reply(self.send(call=name, values=[wire.pack(value) for value in values]))

    def close(self) -> None:
        """End its input."""
        self._input.close()

    def rest(self) -> list[bytes]:
        """Wait for the end, and return the lines that were not read until then."""
        self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return list(self._lines.queue)

    def errors(self) -> str:
        """Return its standard error."""
        self._errors.seek(0)
        return self._errors.read().decode()

    def _read(self) -> None:
        for line in self._output:
            self._lines.put(line)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def worker(cache: Path) -> Iterator[Pipes]:
    """Return a worker shared by several tests, as by one LibreOffice."""
    with Pipes(cache) as pipes:
        yield pipes


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(Settings(cache=tmp_path_factory.mktemp("here")))


def rows(message: wire.Message) -> Any:
    assert "rows" in message, message
    return wire.unpack(message["rows"])


def tuples(made: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(map(tuple, made))


# ---------------------------------------------------------------- functions


def test_the_first_line_tells_the_version(worker: Pipes) -> None:
    assert worker.hello == {"hello": betaneutral_xl.__version__}


def test_a_chain_of_functions_has_the_results_of_a_session(worker: Pipes, here: Session) -> None:
    def both(name: str, *values: Any) -> Any:
        expected = tuples(for_calc(here.call(BY_NAME[name], *values)))
        assert rows(worker.call(name, *values)) == expected
        assert not str(expected[0][0]).startswith("#BETA!")
        return expected

    held = both("FETCH_HOLDINGS", "demo")
    etf = both("LOAD_ETF", "demo")
    tickers = tuple((row[0],) for row in held[1:-1])
    matrix = both("COVARIANCE", tickers, "demo")
    assert len(matrix) > len(tickers)  # large enough to be packed
    handle = both("COVARIANCE", tickers, "demo", None, 1.0)
    without = (("on_missing", "drop"),)
    neutral = both("BETA_NEUTRAL", held, etf, handle, 0.0, "", without)
    assert both("BETA_NEUTRAL", held, etf, matrix, 0.0, "", without)[0] == neutral[0]
    assert neutral[0][:2] == ("ticker", "weight")
    both("BN_VERSION")


def test_zeros_missing_arguments_and_blank_columns_are_blank_arguments(worker: Pipes) -> None:
    expected = rows(worker.call("LOAD_ETF", "demo"))
    for blank in (0.0, None, "", (("",),), (), (("", ""),) * 1_000):
        assert rows(worker.call("LOAD_ETF", "demo", blank)) == expected


@pytest.mark.parametrize(
    ("name", "values", "line"),
    [
        ("FETCH_HOLDINGS", (0.0,), "#BETA! fund is blank. Give a fund of the web API"),
        ("BN_BETAS", ("#BETA! what came before",), "#BETA! what came before"),
        ("BN_VERSION", ("too", "many"), "#BETA! BN_VERSION takes 0 arguments, not 2."),
        ("LOAD_ETF", ("nothing \udcff here.csv",), "#BETA! "),
    ],
)
def test_an_error_is_one_cell(worker: Pipes, name: str, values: tuple[object, ...], line: str) -> None:
    ((error,),) = rows(worker.call(name, *values))
    assert error.startswith(line)
    assert "\n" not in error


@pytest.mark.parametrize("question", [{"call": "BN_NEW", "values": []}, {"press": "hedge_all", "path": None}])
def test_a_function_or_button_of_another_version_is_refused(worker: Pipes, question: dict[str, Any]) -> None:
    name = question.get("call") or question["press"]
    assert worker.reply(worker.send(**question))["error"] == (
        f"betaneutral_xl {betaneutral_xl.__version__} has no {name}, which the installed extension calls. "
        "Install the extension again: betaneutral-xl calc install."
    )


def test_a_defect_is_one_line_and_its_traceback_is_logged(worker: Pipes) -> None:
    error = worker.reply(worker.send(call="BN_VERSION", values=5))["error"]
    assert error == f"TypeError: a defect of this program. The traceback is in {LOG}."
    written = worker.log.read_text(encoding="utf-8")
    assert " Calc\nTraceback (most recent call last):\n" in written
    assert "TypeError: 'int' object is not iterable" in written


def test_a_defect_in_the_client_is_logged(worker: Pipes) -> None:
    worker.send(log="Traceback of Calc:\nRuntimeError: gone")
    worker.call("BN_VERSION")  # its reply follows the log entry: lines are processed in order
    assert " Calc\nTraceback of Calc:\nRuntimeError: gone\n" in worker.log.read_text(encoding="utf-8")


def test_an_unexpected_answer_is_refused(worker: Pipes) -> None:
    worker.write(wire.encode({"id": 4_711, "answer": None}))
    assert worker.reply(4_711)["error"] == "No button waits for this answer. Press the button again."


def test_concurrent_calls_of_a_new_worker_all_get_replies(cache: Path) -> None:
    with Pipes(cache) as worker:
        calls = {
            worker.send(call=name, values=values): (name, values)
            for _ in range(5)
            for name, values in (
                ("FETCH_HOLDINGS", ["demo"]),
                ("LOAD_ETF", ["demo"]),
                ("COVARIANCE", [[["MSFT", "AAPL"]], "demo"]),
                ("BN_VERSION", []),
            )
        }
        got = {number: rows(worker.reply(number)) for number in calls}
    first: dict[str, Any] = {}
    for number, (name, _) in calls.items():
        assert got[number] == first.setdefault(name, got[number])
        assert not str(got[number][0][0]).startswith("#BETA!")
    assert len(first) == 4


# ---------------------------------------------------------------- buttons


def as_calc_gives(value: Any) -> str | float:
    """Return a cell of a file as LibreOffice passes it: blanks as "", other values as numbers."""
    match value:
        case None:
            return ""
        case str():
            return value
        case datetime():
            return as_calc_gives(value.date())
        case date():
            return float((value - EPOCH).days)
    return float(value)


class Document:
    """A workbook's cells that behave as a document of Calc."""

    def __init__(self, file: Path) -> None:
        self.book = openpyxl.load_workbook(file, data_only=True)
        self.changed: list[str] = []
        self.asked: list[str] = []

    def answer(self, question: dict[str, Any]) -> dict[str, object]:
        """Reply to a question of the worker."""
        if "apply" in question:
            missing = [one[1] for one in question["apply"] if one[1] and one[1] not in self.book.sheetnames]
            if missing:
                return {"error": f"The document has no sheet {missing[0]}."}
            self.change(question["apply"])
            return {}
        read = question["read"]
        names = {name: self._values(self._named(name)) for name in read["names"]}
        areas = [
            None if unless and names[unless[0]] == [[unless[1]]] else self._below(sheet, row)
            for sheet, row, unless in read["areas"]
        ]
        return {"names": list(map(wire.pack, names.values())), "areas": list(map(wire.pack, areas))}

    def _below(self, sheet: str, row: int) -> Any:
        found = self.book[sheet].iter_rows(min_row=row) if sheet in self.book.sheetnames else None
        return self._values(found)

    @staticmethod
    def _values(found: Any) -> Any:
        return None if found is None else [[as_calc_gives(cell.value) for cell in row] for row in found]

    def _named(self, name: str) -> Any:
        defined = self.book.defined_names.get(name)
        if defined is None:
            return None
        ((sheet, cells),) = defined.destinations
        area = self.book[sheet][cells.replace("$", "")]
        return area if isinstance(area, tuple) else ((area,),)

    def change(self, changes: Sequence[Sequence[Any]]) -> None:
        """Make the changes of a button."""
        for what, name, row, packed in changes:
            self.changed.append(what)
            if what in {"recalculate", "show"}:
                continue
            sheet = self.book[name]
            used = max(
                (one.row for line in sheet.iter_rows() for one in line if one.value is not None), default=0
            )
            first = used + 1 if what == "append" else row
            for line in sheet.iter_rows(min_row=first):
                for cell in line:
                    cell.value = None
            for i, values in enumerate(wire.unpack(packed)):
                for j, value in enumerate(values):
                    sheet.cell(first + i, 1 + j).value = None if value == wire.BLANK else value

    def pressed(self, worker: Pipes, name: str, path: Path | None) -> tuple[wire.Message, list[str]]:
        """Press a button; return its last message and the status texts."""
        number = worker.send(press=name, path=None if path is None else str(path), protocol=wire.PROTOCOL)
        status = []
        while True:
            message = worker.reply(number)
            if "ask" in message:
                self.asked.append(*message["ask"])
                worker.write(wire.encode({"id": number, "answer": self.answer(message["ask"])}))
            elif "say" in message:
                status.append(message["say"])
            else:
                return message, status


TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:?\d\d(:?\d\d)?")


def cells_of(book: openpyxl.Workbook, sheet: Sheet) -> dict[str, str | float]:
    """Return a sheet's filled cells in Calc's values, without the time of day."""
    shown = {
        cell.coordinate: as_calc_gives(cell.value)
        for line in book[sheet].iter_rows()
        for cell in line
        if cell.value is not None
    }
    return {place: TIME.sub("TIME", one) if isinstance(one, str) else one for place, one in shown.items()}


@pytest.fixture(scope="module")
def built(here: Session) -> bytes:
    return template.build(here)


@pytest.fixture
def file(built: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "fund.xlsx"
    path.write_bytes(built)
    return path


def test_buttons_write_the_same_cells_and_files_as_with_a_file(
    worker: Pipes, here: Session, built: bytes, tmp_path: Path
) -> None:
    of_file, of_calc = (tmp_path / kind / "Desk" / "fund.xlsx" for kind in ("file", "calc"))
    for one in (of_file, of_calc):
        one.parent.mkdir(parents=True)
        one.write_bytes(built)
    document, book = Document(of_calc), FileWorkbook(of_file)
    for button in ("restore", "rebalance", "rebalance", "restore", "orders", "refresh"):
        outcome = run_button(button, book, here)
        done, status = document.pressed(worker, button, of_calc)
        assert TIME.sub("TIME", done["done"]) == TIME.sub("TIME", outcome.message)
        assert done["failed"] == (outcome.error is not None)
        assert bool(status) == (button in {"rebalance", "orders"})
        for sheet in map(Sheet, document.book.sheetnames):
            assert cells_of(document.book, sheet) == cells_of(book._book, sheet), (button, sheet)
    assert len(cells_of(document.book, Sheet.PROPOSAL)) > 100
    assert len(cells_of(document.book, Sheet.PREVIOUS)) > 100
    swapped = ["replace", "replace", "append", "show"]
    recorded = ["append"]
    assert document.asked == ["read", "apply"] * 6  # one reading and one writing each
    assert document.changed == [
        *recorded,  # nothing to restore
        *["replace", "append", "show"],  # the first proposal
        *swapped,
        *swapped,
        *recorded,  # orders
        *["recalculate", "append"],
    ]
    (file,), (calc,) = (list(one.parent.glob("fund orders *.csv")) for one in (of_file, of_calc))
    assert TIME.sub("TIME", calc.read_text("utf-8-sig")) == TIME.sub("TIME", file.read_text("utf-8-sig"))


def test_a_button_without_the_template_fails_in_one_line(worker: Pipes, tmp_path: Path) -> None:
    plain = tmp_path / "plain.xlsx"
    openpyxl.Workbook().save(plain)
    document = Document(plain)
    done, _ = document.pressed(worker, "rebalance", None)
    assert done["failed"] is True
    assert done["done"].startswith("The document has no range named ")
    assert done["done"].endswith(". Open the template: betaneutral-xl calc open.")
    assert (document.asked, document.changed) == (["read", "apply"], [])  # there is no log to enter it in


def test_a_button_of_an_older_extension_is_refused(worker: Pipes) -> None:
    assert worker.reply(worker.send(press="rebalance", path=None))["error"] == (
        f"betaneutral_xl {betaneutral_xl.__version__} does not understand the buttons of another version. "
        "Install the extension again: betaneutral-xl calc install."
    )


def test_functions_are_evaluated_while_a_button_waits(worker: Pipes, file: Path) -> None:
    document = Document(file)
    number = worker.send(press="rebalance", path=str(file), protocol=wire.PROTOCOL)
    question = worker.reply(number)
    assert rows(worker.call("BN_VERSION"))
    while "done" not in question:
        if "ask" in question:
            worker.write(wire.encode({"id": number, "answer": document.answer(question["ask"])}))
        question = worker.reply(number)
    assert question["failed"] is False


# ---------------------------------------------------------------- the process

DRIVER = """
import os, subprocess, sys
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.calc import worker

plain = Session.call

def call(self, function, *values):
    if function.name == "BN_VERSION":
        {0}
    return plain(self, function, *values)

Session.call = call
worker.main()
"""

NOISE = """
        print("a library prints", flush=True)
        os.write(1, b"C prints\\n")
        print("a child reads", flush=True)
        subprocess.run([sys.executable, "-S", "-c", "import sys; print('a child got', [*sys.stdin])"])
"""


def test_input_and_output_of_libraries_and_child_processes_are_not_messages(cache: Path) -> None:
    with Pipes(cache, "-c", DRIVER.format(NOISE)) as worker:
        assert rows(worker.call("BN_VERSION"))
        assert rows(worker.call("LOAD_ETF", "demo"))
        worker.close()
        assert worker.rest() == []
        printed = worker.errors().splitlines()
    assert printed == ["a library prints", "C prints", "a child reads", "a child got []"]


@pytest.mark.parametrize("busy", ["while True: pass", "__import__('threading').Event().wait()"])
def test_the_end_of_the_input_ends_a_busy_worker(cache: Path, busy: str) -> None:
    with Pipes(cache, "-c", DRIVER.format(busy)) as worker:
        worker.send(call="BN_VERSION", values=[])
        worker.call("BN_STATUS")  # answered, so the other has begun
        assert worker.process.poll() is None
        worker.close()
        assert worker.rest() == []
        assert (worker.process.returncode, worker.errors()) == (0, "")


def test_an_incomplete_last_line_is_ignored(cache: Path) -> None:
    with Pipes(cache) as worker:
        worker.write(b'{"id":1,"call":"BN_VERSION","values":[')
        worker.close()
        assert worker.rest() == []
        assert (worker.process.returncode, worker.errors()) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="the process in between is ended by a signal")
def test_a_killed_office_leaves_no_worker_behind(cache: Path, tmp_path: Path) -> None:
    office = (
        "import subprocess, sys\n"
        f"worker = subprocess.Popen([sys.executable, *{COMMAND!r}], stdin=subprocess.PIPE)\n"
        "worker.wait()\n"
    )
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", office],
        stdout=subprocess.PIPE,
        env={**os.environ, "BETANEUTRAL_CACHE": str(cache)},
    ) as process:
        assert process.stdout is not None
        assert b"hello" in process.stdout.readline()
        process.kill()
        assert process.stdout.read() == b""  # ends when the worker, which has it too, does


def test_a_reply_that_cannot_be_encoded_is_reported_as_a_defect(tmp_path: Path) -> None:
    with Pipes(tmp_path, "-c", DRIVER.format("return ((object(),),)")) as worker:
        assert (
            worker.call("BN_VERSION")["error"]
            == f"TypeError: a defect of this program. The traceback is in {LOG}."
        )
        assert "not JSON serializable" in worker.log.read_text(encoding="utf-8")
