"""The results in a self-test workbook that a spreadsheet program has saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from betaneutral_xl.errors import HostError, NamedRangeMissing
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook
from betaneutral_xl.hosts.sheets.template import self_test_sheets as sheet


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the sheet Self-test."""

    name: str
    figure: str
    expected: object
    actual: object
    result: str

    @property
    def passed(self) -> bool:
        """Whether the actual is as expected."""
        return self.result == sheet.PASS

    @property
    def waits(self) -> bool:
        """Whether its button has not been pressed."""
        return self.result == sheet.WAITING


def results(path: Path) -> tuple[Row, ...]:
    """Return the rows of a saved self-test workbook.

    Raises
    ------
    UnreadableFile
        If the file is not a workbook.
    HostError
        If it is another workbook.

    """
    book = FileWorkbook(path)
    try:
        rows = cast("Sequence[Sequence[object]]", book.below(sheet.SELF_TEST, sheet.HEAD_ROW + 1))
    except NamedRangeMissing:
        rows = ()
    columns = (sheet.NAME, sheet.FIGURE, sheet.EXPECTED, sheet.ACTUAL, sheet.RESULT)
    outcomes = {sheet.PASS, sheet.FAIL, sheet.WAITING, sheet.UNCOMPUTED}
    lines = ([row[column] for column in columns] for row in rows if len(row) > sheet.ACTUAL)
    found = [
        Row(str(name), str(figure), expected, actual, str(result))
        for name, figure, expected, actual, result in lines
        if result in outcomes
    ]
    if not found:
        msg = f"{path.name} has no results of a self-test. Make one: betaneutral-xl workbook selftest."
        raise HostError(msg)
    return tuple(found)
