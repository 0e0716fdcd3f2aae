"""Functions and buttons in xlwings Lite, an add-in of others that runs Python inside Excel's pane.

``lite_script`` writes the workbook's script, which only names what is in the registry and calls this module.
xlwings Lite makes what a script has written when the script ends, and nothing of it if the script raises.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from betaneutral_xl.hosts.office.values import Value, for_office
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.cells import EPOCH
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.open_workbook import (
    Append,
    Change,
    Plan,
    Replace,
    Sheets,
    Show,
    gather,
    missing,
)
from betaneutral_xl.hosts.sheets.session import Session

BUTTONS = ("rebalance", "restore", "check")
"""The buttons that a script can do: it can neither write a file to this machine nor recalculate formulas."""

ADVICE = "Open betaneutral.xlsx, of betaneutral-xl workbook build, and add the script to it."


@cache
def session() -> Session:
    """Return the state of this process."""
    return Session()


def call(name: str, *values: object) -> list[list[Value]]:
    """Return what a worksheet function of the registry answers, for Excel."""
    return for_office(session().call(BY_NAME[name], *map(_without_edge, values)))


def press(name: str, book: Any) -> str:
    """Press one of ``BUTTONS``, and return its message.

    Raises
    ------
    BetaNeutralError
        If it failed; so nothing is written.

    """
    outcome = run_button(name, LiteWorkbook(book), session())
    if outcome.error is not None:
        raise outcome.error
    return outcome.message


class LiteWorkbook:
    """The workbook that xlwings Lite passes to a script."""

    def __init__(self, book: Any) -> None:
        self._book = book

    def read(self, plan: Plan) -> Sheets:
        """Read all that a plan names."""
        folder, stem = Path(tempfile.gettempdir()), Path(self._book.name).stem
        return gather(plan, self._named, self._below, folder, stem)

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all changes."""
        for change in changes:
            if isinstance(change, (Replace, Append)):
                _write(change, self._sheet(change.sheet))
            elif isinstance(change, Show):
                self._sheet(change.sheet).activate()

    def say(self, text: str) -> None:
        """Show nothing: what a script prints is shown when it has ended."""

    def _named(self, name: str) -> object:
        try:
            area = self._book.names[name].refers_to_range
        except Exception as error:
            raise missing(self._book.name, f"range named {name}", ADVICE) from error
        return _values(area)

    def _below(self, sheet: str, row: int) -> object:
        place = self._sheet(sheet)
        last = place.used_range.last_cell
        return _values(place.range((row, 1), (last.row, last.column))) if last.row >= row else None

    def _sheet(self, name: str) -> Any:
        try:
            return self._book.sheets[name]
        except Exception as error:
            raise missing(self._book.name, f"sheet {name}", ADVICE) from error


def _values(area: Any) -> object:
    return area.options(ndim=2, err_to_str=True).value


def _write(change: Replace | Append, sheet: Any) -> None:
    last = sheet.used_range.last_cell
    row = last.row + 1 if isinstance(change, Append) else change.row
    if row <= last.row:
        sheet.range((row, 1), (last.row, last.column)).clear_contents()
    if change.rows and change.rows[0]:
        sheet.range((row, 1)).value = [[_entered(cell) for cell in line] for line in change.rows]


def _entered(cell: Any) -> Any:
    """Return what is entered into a cell: a text stays a text, whatever it looks like."""
    if isinstance(cell, str):
        return f"'{cell}" if cell else None
    return float((cell - EPOCH).days) if isinstance(cell, date) else cell


def _without_edge(value: object) -> object:
    """Return an argument without the zeros that can only be blanks, as ``static/values.js`` does.

    Excel on a desktop gives 0 for a blank cell. Those below a table whose first column has texts, and those
    to the right of texts, are none.
    """
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        return value
    rows = [list(row) for row in value]
    if any(isinstance(row[0], str) for row in rows if row):
        while len(rows) > 1 and not any(rows[-1]):
            rows.pop()
    if rows and any(isinstance(cell, str) for cell in rows[0]):
        while len(rows[0]) > 1 and not any(row[-1] for row in rows):
            rows = [row[:-1] for row in rows]
    return rows
