"""The script for xlwings Lite: equal to the registry, and its answers those of every other host.

xlwings Lite itself is a stand-in: decorators that record, and a workbook with the methods that are used.
"""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from betaneutral_xl import __version__
from betaneutral_xl.errors import BetaNeutralError
from betaneutral_xl.hosts.files.workbook_file import SavedWorkbook
from betaneutral_xl.hosts.office import lite, lite_script
from betaneutral_xl.hosts.office.values import for_office
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import BUTTONS, run_button
from betaneutral_xl.hosts.sheets.functions import BY_NAME, FUNCTIONS
from betaneutral_xl.hosts.sheets.session import Session

FOLDER = Path(__file__).parents[3] / "workbook" / "lite"

DEMO = [["demo"]]


class Range:
    """Cells of a sheet of openpyxl, with the methods of xlwings."""

    def __init__(self, sheet: Any, left: int, top: int, right: int, bottom: int) -> None:
        self._cells = sheet.iter_rows(top, bottom, left, right)
        self._sheet, self._top = sheet, top

    def options(self, *, ndim: int, err_to_str: bool) -> Range:
        """Return itself: it is always read in two dimensions."""
        assert (ndim, err_to_str) == (2, True)
        return self

    @property
    def value(self) -> list[list[Any]]:
        """Return the values."""
        return [[cell.value for cell in row] for row in self._cells]

    @value.setter
    def value(self, rows: list[list[Any]]) -> None:
        """Enter values, as if typed: an apostrophe makes a text."""
        for i, row in enumerate(rows, self._top):
            for j, cell in enumerate(row, 1):
                text = isinstance(cell, str)
                assert not text or cell.startswith("'"), cell
                self._sheet.cell(i, j).value = cell[1:] if text else cell
                if text:
                    self._sheet.cell(i, j).data_type = "s"

    def clear_contents(self) -> None:
        """Clear the cells."""
        for row in self._cells:
            for cell in row:
                cell.value = None


class Sheet:
    """A sheet."""

    def __init__(self, book: Book, name: str) -> None:
        self._book, self._sheet = book, book.file[name]

    @property
    def used_range(self) -> Any:
        """Return an object whose last cell is the last that has a value."""
        used = [cell for row in self._sheet.iter_rows() for cell in row if cell.value is not None]
        row = max((one.row for one in used), default=1)
        column = max((one.column for one in used), default=1)
        return SimpleNamespace(last_cell=SimpleNamespace(row=row, column=column))

    def range(self, first: tuple[int, int], last: tuple[int, int] | None = None) -> Range:
        """Return cells."""
        last = last or first
        return Range(self._sheet, first[1], first[0], last[1], last[0])

    def activate(self) -> None:
        """Show it."""
        self._book.shown = self._sheet.title


class Book:
    """A workbook as xlwings passes it to a script."""

    name = "betaneutral.xlsx"

    def __init__(self, content: bytes) -> None:
        self.file = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        self.shown = ""
        self.names, self.sheets = self, _Sheets(self)

    def __getitem__(self, name: str) -> Any:
        """Return a name of a range."""
        ((sheet, cells),) = self.file.defined_names[name].destinations
        left, top, right, bottom = map(int, filter(None, range_boundaries(cells.replace("$", ""))))
        return SimpleNamespace(refers_to_range=Range(self.file[sheet], left, top, right, bottom))

    def rows(self, sheet: str) -> list[tuple[Any, ...]]:
        """Return all cells of a sheet."""
        return list(self.file[sheet].iter_rows(values_only=True))


class _Sheets:
    def __init__(self, book: Book) -> None:
        self._book = book

    def __getitem__(self, name: str) -> Sheet:
        return Sheet(self._book, name)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the script with a stand-in for xlwings, and return what it defines."""
    xlwings: Any = ModuleType("xlwings")
    xlwings.Book = Book

    def func(function: Any) -> Any:
        function.registered = True
        return function

    def script(*, name: str) -> Callable[[Any], Any]:
        def labelled(function: Any) -> Any:
            function.label = name
            return function

        return labelled

    def arg(name: str, *, ndim: int, err_to_str: bool, doc: str) -> Callable[[Any], Any]:
        def described(function: Any) -> Any:
            assert (ndim, err_to_str) == (2, True)
            function.help = {name: doc, **getattr(function, "help", {})}
            return function

        return described

    xlwings.func, xlwings.arg, xlwings.script = func, arg, script
    monkeypatch.setitem(sys.modules, "xlwings", xlwings)
    defined: dict[str, Any] = {}
    exec(compile(lite_script.main_py(), "main.py", "exec"), defined)  # noqa: S102 - what is tested
    return defined


@pytest.fixture(scope="module")
def content() -> bytes:
    """Return the template."""
    return template.build(Session())


def test_the_files_of_the_repository_are_those_of_the_registry() -> None:
    again = "run: betaneutral-xl workbook build --host lite --folder workbook/lite"
    assert (FOLDER / "main.py").read_bytes() == lite_script.main_py(), again
    assert (FOLDER / "requirements.txt").read_bytes() == lite_script.requirements_txt(), again
    assert f"betaneutral-xl=={__version__}" in (FOLDER / "requirements.txt").read_text()


def test_every_function_is_there_with_its_arguments_and_help(script: dict[str, Any]) -> None:
    registered = {name: one for name, one in script.items() if getattr(one, "registered", False)}
    assert list(registered) == [one.name for one in FUNCTIONS]
    for function in FUNCTIONS:
        made = registered[function.name]
        assert made.__doc__ == function.help
        assert getattr(made, "help", {}) == {one.name: one.help for one in function.arguments}
        parameters = inspect.signature(made).parameters.values()
        assert [(one.name, one.default is None) for one in parameters] == [
            (one.name, one.optional) for one in function.arguments
        ]


def test_functions_answer_as_in_every_other_host(script: dict[str, Any]) -> None:
    session = Session()
    held: Any = script["FETCH_HOLDINGS"](DEMO)
    etf = script["LOAD_ETF"](DEMO)
    assert held == for_office(session.call(BY_NAME["FETCH_HOLDINGS"], DEMO))
    weights = script["BETA_NEUTRAL"](held, etf, DEMO, [[0.2]], [["hedge"]])
    assert weights == for_office(session.call(BY_NAME["BETA_NEUTRAL"], held, etf, DEMO, [[0.2]], [["hedge"]]))
    assert script["BN_BETAS"](held, etf, [["nonsense"]])[0][0].startswith("#BETA! ")


def test_zeros_that_stand_for_blank_cells_are_none(script: dict[str, Any]) -> None:
    held: list[list[Any]] = [["ticker", "weight", 0], ["MSFT", 0.6, 0], ["NVDA", 0.4, 0], [0, 0, 0]]
    etf = script["LOAD_ETF"](DEMO)
    assert script["BN_BETAS"](held, etf, DEMO) == script["BN_BETAS"]([row[:2] for row in held[:3]], etf, DEMO)


def test_every_script_is_a_button_that_needs_no_file(script: dict[str, Any]) -> None:
    labels = {name: one.label for name, one in script.items() if hasattr(one, "label")}
    assert labels == {name: BUTTONS[name].label for name in lite.BUTTONS}


def test_rebalance_and_restore_change_the_workbook_as_they_change_a_file(
    script: dict[str, Any], content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, path = Book(content), tmp_path / "betaneutral.xlsx"
    path.write_bytes(content)
    for name in ("rebalance", "rebalance", "restore"):
        script[name](book)
        message = run_button(name, SavedWorkbook(path), Session()).message
        assert capsys.readouterr().out.strip() == message.strip()
    expected = Book(path.read_bytes())
    for sheet in ("Proposal", "Previous"):
        found, wanted = book.rows(sheet), expected.rows(sheet)
        assert [row[:6] for row in found[1:]] == [row[:6] for row in wanted[1 : len(found)]]
        assert len(found) > 20


def test_a_button_that_fails_raises_so_that_nothing_is_written(
    script: dict[str, Any], content: bytes
) -> None:
    book = Book(content)
    target: Any = book.names["setting_target"].refers_to_range
    target._cells = list(target._cells)
    target._cells[0][0].value = "nonsense"
    before = book.rows("Proposal")
    with pytest.raises(BetaNeutralError):
        script["rebalance"](book)
    assert book.rows("Proposal") == before


def test_a_workbook_that_is_another_one_is_told_to_be(script: dict[str, Any]) -> None:
    empty = io.BytesIO()
    openpyxl.Workbook().save(empty)
    with pytest.raises(BetaNeutralError, match=r"Open betaneutral\.xlsx"):
        script["rebalance"](Book(empty.getvalue()))
