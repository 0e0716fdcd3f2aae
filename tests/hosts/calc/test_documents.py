from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlsxwriter
from calc_office import until
from openpyxl.worksheet.formula import ArrayFormula

from betaneutral_xl.hosts.calc.values import for_calc
from betaneutral_xl.hosts.office.template import for_office
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import FIRST_ROW, LAST_ROW
from betaneutral_xl.hosts.sheets.template.start_sheet import MONTHS_COLUMN

if TYPE_CHECKING:
    from calc_office import Document, Office

    from betaneutral_xl.hosts.sheets.session import Session

WORKBOOKS = Path(__file__).parents[3] / "workbook"
LONG = b"ORG.BETANEUTRAL"
KINDS = (".xlsx", ".xlsm", ".ods")


@pytest.fixture(params=[".xlsx", ".xlsm"])
def template(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a copy of a built workbook."""
    path = tmp_path / f"fund{request.param}"
    path.write_bytes((WORKBOOKS / f"betaneutral{request.param}").read_bytes())
    return path


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def with_long_names(path: Path) -> list[str]:
    return [name for name, content in parts(path).items() if LONG in content.upper()]


def formulas(path: Path) -> set[str]:
    """Return the formulas of the package's functions, as another program reads them from a file."""
    book = openpyxl.load_workbook(path)
    texts = [
        str(cell.value.text if isinstance(cell.value, ArrayFormula) else cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    return {
        text.replace(" ", "").replace("TRUE()", "TRUE")
        for text in texts
        if any(f"{name}(" in text for name in BY_NAME)
    }


def expected(session: Session) -> dict[str, list[list[Any]]]:
    """Return the results of the template's formulas for the sample."""

    def call(name: str, *values: Any) -> Any:
        return session.call(BY_NAME[name], *values)

    holdings, etf = call("FETCH_HOLDINGS", "demo"), call("LOAD_ETF", "demo")
    risk = call("COVARIANCE", call("BN_NAMES", holdings, etf), "demo", None, True)  # noqa: FBT003 - as Calc gives it
    weights = call("BETA_NEUTRAL", holdings, etf, risk, 0.0, "hedge")
    rows = {
        "Holdings.A6": holdings,
        "ETF.A6": etf,
        "Covariance.A6": risk,
        "Neutral.T6": weights,
        "Neutral.A6": call("BN_EXPOSURE", holdings, etf, risk, 0.0, "hedge"),
    }
    return {at: for_calc(table) for at, table in rows.items()}


def shows(document: Document, tables: dict[str, list[list[Any]]]) -> bool:
    """Return whether the template's formulas are in their cells and show their expected tables."""
    return all(
        document.table(at) == table and any(f"{name}(" in document.formula(at) for name in BY_NAME)
        for at, table in tables.items()
    )


def test_the_template_opens_computes_and_does_not_count_as_modified(
    calc: Office, template: Path, session: Session
) -> None:
    with calc.open(template) as document:
        assert shows(document, expected(session))
        assert document.text("Start.A3").startswith("Beta to JHAI 0.52 -> 0.00; next month between")
        assert [row[0] for row in document.table("Start.A10")][:2] == ["Measure", "Beta to JHAI"]
        calc.settle()
        state = document.state
        assert not state["modified"]
        assert state["undo"] == state["redo"] == []
        rows = {sheet: document.used(sheet) for sheet in state["sheets"]}
        # A chart shows #N/A as nothing.
        rows["Start"] = [row[: MONTHS_COLUMN - 1] for row in rows["Start"]]
        shown = [cell for sheet in rows.values() for row in sheet for cell in row]
        assert None not in shown  # an error
        assert not [cell for cell in shown if str(cell).startswith(("#", "Err:"))]


@pytest.mark.parametrize("template", [".xlsx"], indirect=True)
def test_an_etf_of_ten_thousand_names_is_read_completely(calc: Office, template: Path) -> None:
    names = [f"Q{i:05}" for i in range(10_000)]
    with calc.open(template) as document:
        document.empty("ETF.A6:N200")
        assert document.rows("ETF.B3:B3") == [[float(FIRST_ROW)]]
        document.put("ETF.A6", [["ticker", "weight"], *([name, 1e-4] for name in names)])
        document.enter("Settings.H1", "=COUNTA(BN_NAMES(holdings_table;etf_table))")
        held = document.rows("Holdings.B4:B4")[0][0]
        assert until(lambda: document.rows("Settings.H1:H1") == [[held + len(names)]])
        assert document.rows("ETF.B3:C3") == [[10_006.0, ""]]
        document.put(f"ETF.A{LAST_ROW}", [["LAST", 1e-4], ["LOST", 1e-4]])
        assert until(lambda: document.rows("Settings.H1:H1") == [[held + len(names) + 1]])
        assert document.text("ETF.C3") == (
            "The other sheets read no row below 12005: this table may be longer."
        )


def test_the_template_shows_that_it_has_this_version(calc: Office, template: Path) -> None:
    with calc.open(template) as document:
        texts = [str(cell) for row in document.used("Start") for cell in row]
        assert "same version as this workbook" in texts


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_and_reloaded_workbook_computes(
    calc: Office, template: Path, session: Session, kind: str
) -> None:
    saved = template.with_name(f"saved{kind}")
    with calc.open(template) as document:
        document.save_as(saved)
    with calc.open(saved) as document:
        assert shows(document, expected(session))
        assert not document.state["modified"]
        document.enter("Settings.C6", 45979.0)
        document.do("recalculate")
        calc.settle()
        assert shows(document, expected(session))


def test_a_saved_workbook_has_plain_names_for_other_programs(calc: Office, template: Path) -> None:
    before = formulas(template)
    assert len(before) > 5
    with calc.open(template) as document:
        document.enter("Settings.C6", 45979.0)
        document.save()
        assert with_long_names(template) == []
        assert formulas(template) == before
        document.enter("Settings.C6", 45978.0)
        document.save()  # the file is still the document's
        assert with_long_names(template) == []
        other = template.with_name(f"other{template.suffix}")
        document.save_as(other)
        assert with_long_names(other) == []
        assert formulas(other) == before
    assert {one.name for one in template.parent.iterdir()} == {template.name, other.name}


def test_a_copy_computes_when_it_is_opened_and_gets_plain_names_when_it_is_saved(
    calc: Office, template: Path, session: Session
) -> None:
    copy = template.with_name(f"copy{template.suffix}")
    with calc.open(template) as document:
        document.save_copy(copy)
    with calc.open(copy) as document:
        assert shows(document, expected(session))
        document.save()
    assert with_long_names(copy) == []


def test_the_macros_of_a_workbook_are_kept(calc: Office, tmp_path: Path) -> None:
    path = tmp_path / "fund.xlsm"
    path.write_bytes((WORKBOOKS / "betaneutral.xlsm").read_bytes())
    with calc.open(path) as document:
        document.enter("Settings.C6", 45979.0)
        document.save()
    assert "xl/vbaProject.bin" in parts(path)


def test_a_file_without_the_functions_is_not_changed(calc: Office, tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row("A1", [1.0, 2.0])
    sheet.write_formula("C1", "=SUM(A1:B1)", None, 3.0)
    sheet.write_string("D1", "FETCH_HOLDINGS is a function")
    sheet.write_formula("E1", '="type fetch_holdings(demo) here"', None, "type fetch_holdings(demo) here")
    book.close()
    with calc.open(path) as document:
        calc.settle()
        assert not document.state["modified"]
        assert document.rows("C1:D1") == [[3.0, "FETCH_HOLDINGS is a function"]]
        assert document.text("E1") == "type fetch_holdings(demo) here"
        document.save()
        number, saved = path.stat().st_ino, hashlib.sha256(path.read_bytes()).digest()
        calc.settle()
    assert (path.stat().st_ino, hashlib.sha256(path.read_bytes()).digest()) == (number, saved)


def test_plain_formulas_written_by_xlsxwriter_are_computed(
    calc: Office, tmp_path: Path, session: Session
) -> None:
    path = tmp_path / "written.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_formula("A1", "=BN_VERSION()")
    sheet.write_array_formula("A3:A3", '{=FETCH_HOLDINGS("demo")}')
    sheet.write_dynamic_array_formula("H3", '=load_etf("demo")')
    sheet.write_formula("N1", '=ROWS(FETCH_HOLDINGS("demo"))&" rows"')
    sheet.write_formula("N2", "=_xlfn.BN_VERSION()")
    book.close()
    with calc.open(path) as document:
        assert document.text("A1") == session.call(BY_NAME["BN_VERSION"])[0][0]
        assert document.text("N1") == "34 rows"
        assert document.text("N2") == document.text("A1")
        holdings = for_calc(session.call(BY_NAME["FETCH_HOLDINGS"], "demo"))
        etf = for_calc(session.call(BY_NAME["LOAD_ETF"], "demo"))
        assert until(lambda: document.table("A3") == holdings)
        assert until(lambda: document.table("H3") == etf)
        calc.settle()
        assert not document.state["modified"]


def test_plain_formulas_written_by_openpyxl_are_computed(
    calc: Office, tmp_path: Path, session: Session
) -> None:
    path = tmp_path / "written.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"] = '=FETCH_HOLDINGS("demo")'
    sheet["H1"] = ArrayFormula("H1:H3", '=LOAD_ETF("demo")')
    book.save(path)
    with calc.open(path) as document:
        assert until(
            lambda: (
                document.table("A1") == for_calc(session.call(BY_NAME["FETCH_HOLDINGS"], "demo"))
                and document.table("H1") == for_calc(session.call(BY_NAME["LOAD_ETF"], "demo"))
            )
        )


@pytest.mark.parametrize("template", [".xlsx"], indirect=True)
def test_a_workbook_computes_that_excel_saved_with_the_functions_of_an_office_add_in(
    calc: Office, template: Path, session: Session
) -> None:
    template.write_bytes(for_office(template.read_bytes()))
    assert all("_xldudf_" in text for text in formulas(template))
    with calc.open(template) as document:
        assert until(lambda: shows(document, expected(session)))
        assert document.text("Start.A3").startswith("Beta to JHAI 0.52 -> 0.00; next month between")
        document.enter("Settings.C6", 45979.0)
        document.save()
    assert not any("_xldudf_" in text for text in formulas(template))


def test_functions_on_a_protected_sheet_are_bound_after_it_is_unprotected(
    calc: Office, template: Path, session: Session
) -> None:
    with calc.open(template) as document:
        document.do("protect", sheet="Holdings", on=True)
        document.save()
    with calc.open(template) as document:
        calc.settle()
        assert document.text("Holdings.A6") in {"#NAME?", "#VALUE!", "ticker"}  # newer versions bind it
        assert document.text("Start.B107").startswith("betaneutral_xl")
        document.do("protect", sheet="Holdings", on=False)
        document.press("refresh")
        assert until(lambda: document.text("Holdings.A6") == "ticker")
        assert until(lambda: document.table("Holdings.A6") == expected(session)["Holdings.A6"])
