from __future__ import annotations

import csv
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from calc_office import Office, arguments, environment_of, until
from calc_window import screen
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.formula import ArrayFormula

from betaneutral_xl.hosts.calc.values import for_calc
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job.sample import COVARIANCE, HOLDINGS, read
from betaneutral_xl.network.stand_in import Api, StandIn
from betaneutral_xl.system import libreoffice
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from calc_office import Document

FORMULA = '=FETCH_HOLDINGS("quant_paper","2025-11-18")'
TOKEN = "secret"  # noqa: S105 - of a test
LATE = 1.0
"""Seconds of a slow reply: four times the time before a cell shows "loading..."."""


class Gate:
    """Delays the responses of the API."""

    def __init__(self) -> None:
        """Let everything through."""
        self.open = threading.Event()
        self.open.set()
        self.timeout = 30.0


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Put a gate before the API."""
    gate, answer = Gate(), Api.answer

    def held(self: Api, *given: Any) -> Any:
        gate.open.wait(gate.timeout)
        return answer(self, *given)

    monkeypatch.setattr(Api, "answer", held)
    return gate


@pytest.fixture
def fund_api(gate: Gate) -> Iterator[StandIn]:
    with StandIn(Api.of_files(read(HOLDINGS), read(COVARIANCE), token=TOKEN)) as stand_in:
        yield stand_in


@pytest.fixture
def environment(fund_api: StandIn) -> dict[str, str]:
    return {"BETANEUTRAL_API_URL": fund_api.url, "BETANEUTRAL_TOKEN": TOKEN}


@pytest.fixture
def expected(fund_api: StandIn, tmp_path: Path) -> list[list[Any]]:
    """Return the API's response in cells."""
    session = Session(Settings(api_url=fund_api.url, token=TOKEN, cache=tmp_path / "other cache"))
    rows = for_calc(session.call(BY_NAME["FETCH_HOLDINGS"], "quant_paper", "2025-11-18"))
    assert rows[0][0] == "ticker"
    return rows


@pytest.fixture
def visible(soffice: str, environment: dict[str, str], gate: Gate, tmp_path: Path) -> Iterator[Document]:
    """Return a document in a window, whose worker has started."""
    with (
        screen() as display,
        Office(tmp_path, environment, display.name) as office,
        office.new(visible=True) as document,
    ):
        document.enter("Z1", "=BN_VERSION()")
        assert until(lambda: document.text("Z1").startswith("betaneutral_xl"))
        document.empty("Z1")
        yield document


def test_a_slow_reply_does_not_block_a_visible_window(
    visible: Document, gate: Gate, expected: list[list[Any]]
) -> None:
    gate.open.clear()
    visible.enter("A1", FORMULA.replace(",", ";"))
    visible.enter("H1", "=BN_NAMES(A1:E60;A1:E60)")
    visible.enter("J1", "=ROWS(A1:A3)&A1")
    visible.enter("AA1", "ticker")  # a table beside a pending one
    visible.enter("AB1", "=A1")
    visible.enter("AD1", "=BN_NAMES(AA1:AB3;AA1:AB3)")
    assert visible.text("A1") == visible.text("H1") == visible.text("AD1") == "loading..."
    assert visible.text("J1") == "3loading..."
    visible.enter("L1", '=LOAD_ETF("demo")')
    assert until(lambda: len(visible.table("L1")) > 40)  # Calc and the other functions go on
    assert visible.text("A1") == "loading..."
    steps = visible.state["undo"]
    gate.open.set()
    assert until(lambda: visible.table("A1") == expected)
    assert until(lambda: [row[0] for row in visible.table("H1")] == sorted(row[0] for row in expected[1:]))
    assert until(lambda: visible.text("J1") == "3ticker")
    assert visible.state["undo"] == steps


def painted(path: Path, formula: str) -> Path:
    """Write a file with an array whose removal makes LibreOffice paint at once."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"] = ArrayFormula("A1:E34", formula)
    bold = FormulaRule(formula=["$A$1=1"], font=Font(bold=True))  # type: ignore[no-untyped-call]
    sheet.conditional_formatting.add("G1:G9", bold)
    book.create_sheet("Other")
    book.save(path)
    return path


def test_a_late_reply_adds_no_undo_step_and_keeps_the_others(
    visible: Document, gate: Gate, expected: list[list[Any]], tmp_path: Path
) -> None:
    office = visible.office
    for fresh, (in_sight, typed) in enumerate([("Sheet", False), ("Sheet", True), ("Other", True)]):
        gate.open.clear()
        path = painted(tmp_path / f"{fresh}.xlsx", FORMULA.replace(")", f",,{fresh})"))
        with office.open(path, visible=True) as document:
            assert until(lambda: document.text("A1") == "loading...")
            if typed:
                document.enter("Z1", 1.0)
                document.enter("Z2", 2.0)
                document.do("undo")
            document.do("select", at=f"{in_sight}.A1")
            before = document.state
            gate.open.set()
            assert until(lambda: document.table("A1") == expected)
            office.settle()
            after = document.state
            assert after["undo"] == before["undo"]
            assert after["modified"] == before["modified"]
            if in_sight == "Other":
                assert after["redo"] == before["redo"] != []


def test_undo_of_a_formula_removes_its_late_table(
    visible: Document, gate: Gate, expected: list[list[Any]]
) -> None:
    gate.open.clear()
    visible.enter("A1", FORMULA.replace(",", ";"))
    assert visible.text("A1") == "loading..."
    visible.enter("H3", 1.0)
    visible.enter("H4", 2.0)
    gate.open.set()
    assert until(lambda: visible.table("A1") == expected)
    visible.do("undo")
    visible.office.settle()
    assert visible.table("A1") == [["ticker"]]  # as long as something can be redone
    assert until(lambda: any("after your next change" in name for name in visible.do("names")))
    visible.do("redo")
    assert visible.table("A1") == expected
    for _ in range(3):
        visible.do("undo")
        visible.office.settle()
    assert visible.used("Sheet1") == [[""]]
    for _ in range(2):
        visible.do("redo")
    visible.enter("H5", 3.0)
    assert until(lambda: visible.table("A1") == expected)
    assert not any("after your next change" in name for name in visible.do("names"))


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_an_answer_on_its_way_while_saving_is_computed_when_the_file_is_opened(
    visible: Document, gate: Gate, expected: list[list[Any]], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"late{suffix}"
    gate.open.clear()
    visible.enter("A1", FORMULA.replace(",", ";"))
    assert visible.text("A1") == "loading..."
    visible.save_as(path)
    gate.open.set()
    assert until(lambda: visible.table("A1") == expected)
    with visible.office.open(path, visible=True) as document:
        assert until(lambda: document.table("A1") == expected)


def converted(source: Path, kind: str, environment: dict[str, str]) -> Path:
    """Return a file converted by LibreOffice without a window."""
    profile = source.parent / "office"
    command = [str(libreoffice.find()[0].soffice), *arguments(profile), "--headless"]
    subprocess.run(  # noqa: S603 - LibreOffice on a file of our own
        [*command, "--convert-to", kind, "--outdir", str(source.parent), str(source)],
        env=environment_of(profile, environment),
        check=True,
        capture_output=True,
        timeout=120,
    )
    return source.with_suffix(f".{kind}")


def test_a_conversion_resizes_arrays_that_depend_on_later_ones(
    soffice: str, environment: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "chain.xlsx"
    book = openpyxl.Workbook()
    first, second = book.worksheets[0], book.create_sheet("Second")
    first["A1"] = ArrayFormula("A1", "=BN_NAMES(Second!A1:E60,Second!H1:K60)")
    second["A1"] = ArrayFormula("A1", '=FETCH_HOLDINGS("demo")')
    second["H1"] = ArrayFormula("H1", '=LOAD_ETF("demo")')
    book.save(source)
    rows = converted(source, "csv", environment).read_text(encoding="utf-8").splitlines()
    assert len(rows) > 60
    assert rows == sorted(rows)


@pytest.mark.parametrize("kind", ["csv", "pdf"])
def test_a_conversion_waits_for_the_numbers(
    soffice: str,
    environment: dict[str, str],
    gate: Gate,
    expected: list[list[Any]],
    tmp_path: Path,
    kind: str,
) -> None:
    source = tmp_path / "fund.xlsx"
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = FORMULA
    book.save(source)
    gate.open.clear()
    gate.timeout = LATE
    made = converted(source, kind, environment)
    if kind == "csv":
        rows = list(csv.reader(made.read_text(encoding="utf-8").splitlines()))
        assert [row[0] for row in rows] == [row[0] for row in expected]
        assert [float(row[1]) for row in rows[1:]] == [row[1] for row in expected[1:]]
        return
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not installed (Debian: poppler-utils)")
    text = subprocess.run([reader, made, "-"], check=True, capture_output=True, text=True).stdout  # noqa: S603 - of poppler
    assert "MSFT" in text
    assert "1834" in text
    assert "loading" not in text
