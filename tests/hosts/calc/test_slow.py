from __future__ import annotations

import csv
import shutil
import subprocess
import threading
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
    from collections.abc import Iterator
    from pathlib import Path

    from calc_office import Document

FORMULA = '=FETCH_HOLDINGS("quant_paper","2025-11-18")'
TOKEN = "secret"  # noqa: S105 - of a test
LATE = 1.0
"""Seconds of a slow answer: four times what Calc waits before it says that it is loading."""


class Gate:
    """Holds back what the API answers."""

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
    """Return what the API's answer is in cells."""
    session = Session(Settings(api_url=fund_api.url, token=TOKEN, cache=tmp_path / "other cache"))
    rows = for_calc(session.call(BY_NAME["FETCH_HOLDINGS"], "quant_paper", "2025-11-18"))
    assert rows[0][0] == "ticker"
    return rows


@pytest.fixture
def watched(soffice: str, environment: dict[str, str], gate: Gate, tmp_path: Path) -> Iterator[Document]:
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


def test_a_slow_answer_does_not_keep_whoever_watches_waiting(
    watched: Document, gate: Gate, expected: list[list[Any]]
) -> None:
    gate.open.clear()
    watched.enter("A1", FORMULA.replace(",", ";"))
    watched.enter("H1", "=BN_NAMES(A1:E60;A1:E60)")
    watched.enter("J1", "=ROWS(A1:A3)&A1")
    watched.enter("AA1", "ticker")  # a table beside one that is on its way
    watched.enter("AB1", "=A1")
    watched.enter("AD1", "=BN_NAMES(AA1:AB3;AA1:AB3)")
    assert watched.text("A1") == watched.text("H1") == watched.text("AD1") == "loading..."
    assert watched.text("J1") == "3loading..."
    watched.enter("L1", '=LOAD_ETF("demo")')
    assert until(lambda: len(watched.table("L1")) > 40)  # Calc and the other functions go on
    assert watched.text("A1") == "loading..."
    steps = watched.state["undo"]
    gate.open.set()
    assert until(lambda: watched.table("A1") == expected)
    assert until(lambda: [row[0] for row in watched.table("H1")] == sorted(row[0] for row in expected[1:]))
    assert until(lambda: watched.text("J1") == "3ticker")
    assert watched.state["undo"] == steps


def painted(path: Path, formula: str) -> Path:
    """Make a file with an array, for which LibreOffice paints as soon as it is taken away."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"] = ArrayFormula("A1:E34", formula)
    bold = FormulaRule(formula=["$A$1=1"], font=Font(bold=True))  # type: ignore[no-untyped-call]
    sheet.conditional_formatting.add("G1:G9", bold)
    book.create_sheet("Other")
    book.save(path)
    return path


def test_a_late_answer_is_no_step_of_undo_and_leaves_those_that_there_are(
    watched: Document, gate: Gate, expected: list[list[Any]], tmp_path: Path
) -> None:
    office = watched.office
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


def test_undo_past_a_table_that_came_late_leaves_nothing_of_it(
    watched: Document, gate: Gate, expected: list[list[Any]]
) -> None:
    gate.open.clear()
    watched.enter("A1", FORMULA.replace(",", ";"))
    assert watched.text("A1") == "loading..."
    watched.enter("H3", 1.0)
    watched.enter("H4", 2.0)
    gate.open.set()
    assert until(lambda: watched.table("A1") == expected)
    watched.do("undo")
    watched.office.settle()
    assert watched.table("A1") == [["ticker"]]  # as long as something can be redone
    assert until(lambda: any("with your next change" in name for name in watched.do("names")))
    watched.do("redo")
    assert watched.table("A1") == expected
    for _ in range(3):
        watched.do("undo")
        watched.office.settle()
    assert watched.used("Sheet1") == [[""]]
    for _ in range(2):
        watched.do("redo")
    watched.enter("H5", 3.0)
    assert until(lambda: watched.table("A1") == expected)
    assert not any("with your next change" in name for name in watched.do("names"))


def converted(source: Path, kind: str, environment: dict[str, str]) -> Path:
    """Return what LibreOffice makes of a file without a window."""
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


def test_a_conversion_sizes_arrays_that_depend_on_later_ones(
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
def test_a_conversion_that_nobody_watches_has_the_numbers(
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
