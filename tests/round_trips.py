"""What the tests of round trips share: the template with several ETFs, and comparisons of its cells."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from calc_office import until

from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import PROPOSAL

if TYPE_CHECKING:
    from calc_office import Document

TESTS = Path(__file__).parent
WORKBOOK = TESTS.parent / "workbook" / "betaneutral.xlsx"
SHEETS = ("Start", "Settings", "Holdings", "ETF", "Covariance", "Neutral", "Orders", "Proposal", "Log")
ETFS = {
    "Settings.C11": (
        "CHIP.csv",
        "NVDA,NVIDIA Corp,40\nAVGO,Broadcom Inc,25\nTSM,TSMC,20\nMU,Micron Technology,15\n",
    ),
    "Settings.C12": ("LARGE.csv", "AAPL,Apple Inc,50\nMSFT,Microsoft Corp,30\nNVDA,NVIDIA Corp,20\n"),
}
"""The cells of the second and the third ETF, and their files."""

TABLES = (
    *("Start.A10", "Holdings.A6", "ETF.A6", "ETF.F6", "ETF.K6", "Covariance.A6", "Covariance.A9"),
    *("Neutral.A6", "Neutral.T6", "Orders.A6", "Orders.I6"),
)
"""First cells of tables of the functions."""

FORMULA = re.compile(rf"\b({'|'.join(BY_NAME)})\(")


def new_fund(folder: Path) -> Path:
    """Return the template's file in a folder, with files of ETFs."""
    for name, rows in ETFS.values():
        (folder / name).write_text(f"Ticker,Name,Weight (%)\n{rows}", encoding="utf-8")
    path = folder / "fund.xlsx"
    path.write_bytes(WORKBOOK.read_bytes())
    return path


def set_etfs(document: Document, folder: Path, count: int) -> None:
    """Set the second and the third of a number of ETFs, and wait for the answer."""
    for place, (name, _) in list(ETFS.items())[: count - 1]:
        document.enter(place, str(folder / name))
    assert until(
        lambda: document.text("Start.A2").count(" and ") + document.text("Start.A2").count(",") >= count - 1
    )
    assert until(lambda: is_computed(document))


def is_computed(document: Document) -> bool:
    """Return whether no cell waits for a function."""
    return not any("loading..." in row for sheet in SHEETS for row in document.used(sheet))


def values(document: Document) -> dict[str, list[list[Any]]]:
    """Return the values of all sheets, without blank rows and columns at their ends."""
    return {sheet: trimmed(document.used(sheet)) for sheet in SHEETS}


def trimmed(rows: list[list[Any]]) -> list[list[Any]]:
    width = max((j + 1 for row in rows for j, cell in enumerate(row) if cell != ""), default=0)
    height = max((i + 1 for i, row in enumerate(rows) if any(cell != "" for cell in row)), default=0)
    return [row[:width] for row in rows[:height]]


def assert_same(after: dict[str, list[list[Any]]], before: dict[str, list[list[Any]]]) -> None:
    """Assert that sheets have the same cells: files keep 15 digits of a number."""
    assert after.keys() == before.keys()
    for sheet, rows in before.items():
        assert [len(row) for row in after[sheet]] == [len(row) for row in rows], sheet
        for i, (row, expected) in enumerate(zip(after[sheet], rows, strict=True), start=1):
            assert row == [like(one, other) for one, other in zip(row, expected, strict=True)], (sheet, i)


def like(value: Any, expected: Any) -> Any:
    both = isinstance(value, float) and isinstance(expected, float)
    return pytest.approx(expected, rel=1e-11, abs=1e-11) if both else expected


def tables(document: Document) -> dict[str, tuple[str, int, int]]:
    """Return the formula, the height and the width of each table."""
    found = {}
    for at in TABLES:
        rows = document.table(at)
        found[at] = (document.formula(at), len(rows), len(rows[0]))
    return found


def proposal(rows: list[list[Any]]) -> list[list[Any]]:
    """Return the table of a proposal."""
    return trimmed(rows[PROPOSAL.table - 1 :])


def of_file(path: Path, sheet: str) -> list[list[Any]]:
    """Return the table of the proposal on a sheet of a file, as Calc has its cells."""
    rows = openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True)
    return proposal([[as_in_calc(cell) for cell in row] for row in rows])


def as_in_calc(cell: Any) -> Any:
    return "" if cell is None else float(cell) if isinstance(cell, int) else cell


def in_excel(path: Path, button: str, output: Path | None = None) -> tuple[str, list[list[Any]]]:
    """Press a button of Excel's ribbon on a file; return its message and the cells of the sheet Proposal.

    With ``output``, the workbook is then saved there.
    """
    saved = [] if output is None else [str(output)]
    run = subprocess.run(  # noqa: S603 - our own script; a process of its own, for it replaces Windows' modules
        [sys.executable, "-P", str(TESTS / "excel_button.py"), str(path), button, *saved],
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    answer = json.loads(run.stdout)
    height = max(row for row, _, _ in answer["cells"])
    width = max(column for _, column, _ in answer["cells"])
    rows: list[list[Any]] = [[""] * width for _ in range(height)]
    for row, column, value in answer["cells"]:
        rows[row - 1][column - 1] = as_in_calc(value)
    return answer["message"], rows
