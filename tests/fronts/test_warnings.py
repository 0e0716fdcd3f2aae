"""The same request has the same warnings in every front end."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from betaneutral_xl.hosts.calc.worker import conversation
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.functions import BY_NAME as FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import LIMITS, PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job.options import BY_NAME
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.notebook.api import beta_neutral
from betaneutral_xl.system.settings import Settings

HELD = "ticker,shares,price\nA,300,100\nB,800,50\nZEDS,1500,20\n"
LONG = [f"LONG{i:02}" for i in range(40)]
"""Names of an ETF without risk data, which make a long warning."""
ETF = "ticker,weight\nA,0.3\nB,0.2\n" + "".join(f"{name},0.01\n" for name in LONG)
RISK = "ticker,A,B\nA,0.04,0.02\nB,0.02,0.03\n"


class Files:
    """The files of a request, and a workbook whose settings are the same request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = Session(Settings(cache=folder / "cache"))
        for name, text in (("fund", HELD), ("AI", ETF), ("risk", RISK)):
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        book = openpyxl.load_workbook(io.BytesIO(template.build(self.session)))
        settings = {"fund": "fund", "etf_1": "AI", "risk": "risk"}
        for name, file in settings.items():
            ((sheet, cell),) = book.defined_names[f"setting_{name}"].destinations
            book[sheet][cell.replace("$", "")].value = str(folder / f"{file}.csv")
        ((sheet, cell),) = book.defined_names["setting_prices"].destinations
        book[sheet][cell.replace("$", "")].value = None
        ((sheet, area),) = book.defined_names[LIMITS].destinations
        next(
            row for row in book[sheet][area.replace("$", "")] if row[0].value == BY_NAME["on_missing"].words
        )[2].value = "drop"
        book.save(folder / "fund.xlsx")

    def arguments(self, *others: str) -> list[str]:
        """Return the options of the same request on the command line."""
        inputs = [f"--{option}={self.folder / name}.csv" for option, name in OPTIONS.items()]
        return [*inputs, "--on-missing=drop", *others]


OPTIONS = {"holdings": "fund", "etf": "AI", "covariance": "risk"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("warnings"))


@pytest.fixture
def expected(files: Files, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the warnings of the command line."""
    assert main(["rebalance", *files.arguments("--json")]) == 0
    warnings: list[str] = json.loads(capsys.readouterr().out)["warnings"]
    assert len(warnings) == 4
    assert max(map(len, warnings)) > 254  # longer than a function's text in Excel
    return warnings


def notes_of(sheet: Any) -> list[str]:
    """Return the notes on a sheet of the proposal."""
    rows = range(PROPOSAL.headline + 1, PROPOSAL.table)
    cells = [sheet.cell(row, PROPOSAL.notes).value for row in rows]
    return [str(cell) for cell in cells if cell]


def warnings_of(path: Path, number: int) -> list[str]:
    """Return the warnings in a report, without those of the report itself, in the order of their names."""
    book = openpyxl.load_workbook(path, data_only=True)
    _, *rows = book["Warnings"].iter_rows(values_only=True)
    shown = "\n".join(str(cell.value) for row in book["Summary"].iter_rows() for cell in row if cell.value)
    severities = [str(row[0]) for row in rows]
    order = [one.label for one in Severity]
    assert severities == sorted(severities, key=order.index)
    texts = [str(row[2]) for row in rows]
    assert all(text in shown or row[0] != severities[0] for text, row in zip(texts, rows, strict=True))
    assert len(texts) >= number
    return sorted(text for text in texts if " in the report: " not in text)


def test_the_command_line_prints_them(
    files: Files, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("rebalance", "orders"):
        assert main([command, *files.arguments()]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.removeprefix("! ") for line in lines if line.startswith("! ")] == expected, command


@pytest.mark.parametrize("command", ["betas", "compare", "feasible"])
def test_the_other_commands_list_those_of_the_inputs(
    files: Files, expected: list[str], capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, *files.arguments("--json")]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == expected


def test_the_report_of_the_command_has_them(files: Files, expected: list[str], tmp_path: Path) -> None:
    assert main(["report", *files.arguments(f"--out={tmp_path / 'report.xlsx'}")]) == 0
    assert warnings_of(tmp_path / "report.xlsx", len(expected)) == sorted(expected)


def test_the_buttons_list_them_and_count_them(files: Files, expected: list[str], tmp_path: Path) -> None:
    path = tmp_path / "fund.xlsx"
    path.write_bytes((files.folder / "fund.xlsx").read_bytes())
    book = FileWorkbook(path)
    outcome = run_button("rebalance", book, files.session)
    assert outcome.error is None
    first, *others = outcome.message.splitlines()
    assert first.endswith(f"; {len(expected)} warnings.")
    named = [line.removeprefix("- ").removesuffix(" ...") for line in others if line.startswith("- ")]
    assert all(any(full.startswith(line) for full in expected) for line in named[:3])
    assert named[3] == f"and {len(expected) - 3} more, on the sheet Proposal."
    assert sorted(notes_of(book._book[Sheet.PROPOSAL])[-len(expected) :]) == sorted(expected)
    assert run_button("report", book, files.session).error is None
    (report,) = tmp_path.glob("fund report *.xlsx")
    assert warnings_of(report, len(expected)) == sorted(expected)
    assert run_button("orders", book, files.session).error is None
    (orders,) = tmp_path.glob("fund orders *.csv")
    head, _, _ = orders.read_text(encoding="utf-8-sig").partition("\n\n")
    assert [row[1] for row in csv.reader(io.StringIO(head)) if row[0] == "warning"] == expected


def test_python_and_the_worksheet_have_them(files: Files, expected: list[str]) -> None:
    fund, etf, risk = (str(files.folder / f"{name}.csv") for name in OPTIONS.values())
    result = beta_neutral(fund, etf, risk, on_missing="drop")
    assert list(result.warnings) == expected
    lines = sorted(line for group in result.answer.notices for line in group.lines)
    assert lines == sorted(expected)

    def call(name: str, *values: object) -> Any:
        return files.session.call(FUNCTIONS[name], *values)

    held, basket = call("FETCH_HOLDINGS", fund), call("LOAD_ETF", etf)
    limits = [["on_missing", "drop"]]
    rows = call("BN_ANSWER", held, basket, risk, None, None, limits, "warnings")
    shown = sorted(str(text).partition(": ")[2].removesuffix("...") for _, text in rows if text)
    assert all(full.startswith(text) for text, full in zip(shown, sorted(expected), strict=True))


def test_the_pane_has_them(files: Files, expected: list[str]) -> None:
    *_, end = replies(files, "answer", files.folder)
    assert sorted(line for group in end["data"]["notices"] for line in group["lines"]) == sorted(expected)


def test_the_report_of_the_button_is_the_workbook_of_the_command(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "fund.xlsx"
    path.write_bytes((files.folder / "fund.xlsx").read_bytes())
    assert run_button("report", FileWorkbook(path), files.session).error is None
    (of_button,) = tmp_path.glob("fund report *.xlsx")
    assert main(["report", *files.arguments(f"--out={tmp_path / 'report.xlsx'}")]) == 0
    one, other = (openpyxl.load_workbook(name) for name in (of_button, tmp_path / "report.xlsx"))
    assert one.sheetnames == other.sheetnames
    for sheet in one:
        there = other[sheet.title]
        cells = {cell.coordinate: cell.value for row in sheet for cell in row if cell.value is not None}
        others = {cell.coordinate: cell.value for row in there for cell in row if cell.value is not None}
        different = {at for at in cells.keys() | others.keys() if cells.get(at) != others.get(at)}
        made = {at for at in different if TIME.search(str(cells[at])) or cells[at] == "Report button"}
        assert made == different, sheet.title


TIME = re.compile(r"\d\d:\d\d(:\d\d)?")
"""What differs between two reports of a request, besides how: when they were made and files were read."""


def test_a_host_in_another_process_writes_the_same(files: Files, expected: list[str], tmp_path: Path) -> None:
    *_, asked = replies(files, "rebalance", tmp_path)
    block = wire.unpack(asked["ask"]["apply"][0][3])
    top = block[1 : PROPOSAL.table - PROPOSAL.headline]
    lines = [note for note in (row[PROPOSAL.notes - 1] for row in top) if note]
    assert sorted(lines[-len(expected) :]) == sorted(expected)


def replies(files: Files, name: str, folder: Path) -> list[wire.Message]:
    """Return what a host in another process is answered when it has read the workbook for a button."""
    book, calc = FileWorkbook(files.folder / "fund.xlsx"), conversation(files.session)
    path = str(folder / "fund.ods")
    (asked,) = calc.replies({"id": 1, "press": name, "path": path, "protocol": wire.PROTOCOL})
    read = asked["ask"]["read"]
    areas = [None if unless else book.below(sheet, row) for sheet, row, unless in read["areas"]]
    names = [_block(book.named(name)) for name in read["names"]]
    return calc.replies({"id": 1, "answer": {"names": names, "areas": areas}})


def _block(value: object) -> object:
    return value if isinstance(value, list) else [[value]]
