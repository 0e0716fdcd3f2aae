from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from failing_workbook import FailingWorkbook
from report_problems import LibreOffice

from betaneutral_xl.errors import FailedCell, HostError, NamedRangeMissing, UnreadableFile, Unwritable
from betaneutral_xl.hosts.files.workbook_file import MAIN, FileWorkbook, SavedWorkbook, changed
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import BUTTONS, press, run_button
from betaneutral_xl.hosts.sheets.cells import read as read_cells
from betaneutral_xl.hosts.sheets.layout import FIRST_ROW, LOG_ROW, MATRIX_ROW, PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.open_workbook import Append, Replace, Show
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.open_workbook import Change, Plan, Sheets

CHAIN = b'<calcChain xmlns="%s"><c r="E4" i="3"/></calcChain>' % MAIN.encode()
CHAIN_TYPE = b'<Override PartName="/xl/calcChain.xml" ContentType="x"/></Types>'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    settings = Settings(cache=tmp_path_factory.mktemp("cache"))
    return template.build(Session(settings))


@pytest.fixture
def file(built: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "fund.xlsx"
    path.write_bytes(built)
    return path


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache=tmp_path / "cache", records=tmp_path / "records"))


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def loaded(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def written(book: FileWorkbook) -> dict[str, Any]:
    """Return the content of the sheets that buttons write."""
    shown = (Sheet.PROPOSAL, Sheet.PREVIOUS, Sheet.LOG)
    return {sheet: read_cells(book.below(sheet, 1), sheet).rows for sheet in shown}


@pytest.mark.parametrize("button", ["rebalance", "restore", "orders"])
def test_a_button_whose_nth_cell_fails_has_changed_nothing(file: Path, session: Session, button: str) -> None:
    book = FailingWorkbook(file)
    for _ in range(2):
        assert run_button("rebalance", book, session).error is None
    before, edits = written(book), {name: dict(cells) for name, cells in book._edits.items()}
    for n in (1, 2, 3):
        book.failing = n
        outcome = run_button(button, book, session)
        assert (outcome.message, book.failing) == ("The cells A1:B2 of the sheet are merged.", 0)
        assert written(book) == before
        assert {name: cells for name, cells in book._edits.items() if cells} == edits
        assert list(file.parent.glob("* orders *")) == []
    book.failing = 0
    assert run_button(button, book, session).error is None
    assert written(book) != before


@pytest.mark.parametrize("button", ["rebalance", "restore"])
def test_changes_of_which_any_cell_fails_are_all_not_made(file: Path, session: Session, button: str) -> None:
    book = FailingWorkbook(file)
    for _ in range(2):
        assert run_button("rebalance", book, session).error is None
    changes = press(button, book.read(BUTTONS[button].plan), session).changes
    edits = {name: dict(cells) for name, cells in book._edits.items()}
    counted = FailingWorkbook(file)
    counted.apply(changes)
    cells = -counted.failing
    for n in (1, 2, cells // 3, cells // 2, cells - 1, cells):
        book.failing = n
        with pytest.raises(HostError):
            book.apply(changes)
        assert {name: cells for name, cells in book._edits.items() if cells} == edits, n


def test_one_rebalance_makes_one_reading_and_one_writing(file: Path, session: Session) -> None:
    done: list[object] = []

    class Counted(FileWorkbook):
        def read(self, plan: Plan) -> Sheets:
            done.append(plan)
            return super().read(plan)

        def apply(self, changes: Sequence[Change]) -> None:
            done.append([type(one) for one in changes])
            super().apply(changes)

    book = Counted(file)
    for _ in range(2):
        assert run_button("rebalance", book, session).error is None
    plan = BUTTONS["rebalance"].plan
    assert done == [plan, [Replace, Append, Show], plan, [Replace, Replace, Append, Show]]


def test_a_file_that_cannot_be_written_leaves_the_workbook_unchanged(
    file: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = FileWorkbook(file)
    assert run_button("rebalance", book, session).error is None
    before = written(book)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("betaneutral_xl.system.saving.os.fsync", full)
    outcome = run_button("orders", book, session)
    assert outcome.message.startswith("Cannot write fund orders ")
    assert isinstance(outcome.error, Unwritable)
    assert [one.name for one in file.parent.iterdir() if one.is_file()] == ["fund.xlsx"]
    after = written(book)
    assert (after[Sheet.PROPOSAL], after[Sheet.PREVIOUS]) == (before[Sheet.PROPOSAL], before[Sheet.PREVIOUS])
    assert after[Sheet.LOG][-1][2] == "failed"


def test_a_workbook_that_cannot_be_saved_leaves_no_file(file: Path, session: Session, tmp_path: Path) -> None:
    first = FileWorkbook(file)
    assert run_button("rebalance", first, session).error is None
    first.save()
    outcome = run_button("orders", SavedWorkbook(file, tmp_path / "absent" / "fund.xlsx"), session)
    assert isinstance(outcome.error, Unwritable)
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["fund.xlsx"]


def test_pressing_changes_neither_workbook_nor_folder(file: Path, session: Session) -> None:
    book = FileWorkbook(file)
    assert run_button("rebalance", book, session).error is None
    before = written(book)
    for name, button in BUTTONS.items():
        sheets = book.read(button.plan)
        first, second = (press(name, sheets, session) for _ in range(2))
        assert [type(one) for one in first.changes] == [type(one) for one in second.changes]
        assert len(first.files) == (name in {"orders", "report"})
    assert written(book) == before
    assert [one.name for one in file.parent.iterdir() if one.is_file()] == ["fund.xlsx"]


def test_only_the_written_parts_change(file: Path, session: Session) -> None:
    before = parts(file.read_bytes())
    book = FileWorkbook(file)
    assert run_button("rebalance", book, session).error is None
    book.save()
    after = parts(file.read_bytes())
    assert list(after) == list(before)
    order = list(Sheet)
    written = {
        f"xl/worksheets/sheet{order.index(one) + 1}.xml" for one in (Sheet.START, Sheet.PROPOSAL, Sheet.LOG)
    }
    assert {name for name in before if after[name] != before[name]} == written | {"xl/workbook.xml"}


def test_a_file_opens_on_the_proposal_that_was_written(file: Path, session: Session) -> None:
    book = FileWorkbook(file)
    assert loaded(file.read_bytes()).active.title == Sheet.START
    assert run_button("rebalance", book, session).error is None
    book.save()
    after = loaded(file.read_bytes())
    assert after.active.title == Sheet.PROPOSAL
    assert [one.title for one in after if one.sheet_view.tabSelected] == [Sheet.PROPOSAL]


def test_a_proposal_is_written_and_restored_in_a_file(file: Path, session: Session) -> None:
    book = FileWorkbook(file)
    outcome = run_button("rebalance", book, session)
    assert outcome.message.startswith("Beta to JHAI 0.52 +/- 0.34 -> 0.00 +/- 0.34; turnover 26.1%")
    book.save()
    sheet = loaded(file.read_bytes())[Sheet.PROPOSAL]
    assert sheet.cell(PROPOSAL.headline, 1).value == "quant_paper to JHAI: beta 0 by hedge"
    assert sheet.cell(PROPOSAL.table, 1).value == "Ticker"
    assert sheet.cell(PROPOSAL.table + 1, 4).number_format.startswith("0.00%")
    again = FileWorkbook(file)
    assert run_button("rebalance", again, session).error is None
    assert run_button("restore", again, session).error is None
    again.save(file.with_name("copy.xlsx"))
    log = loaded(file.with_name("copy.xlsx").read_bytes())[Sheet.LOG]
    assert [log.cell(row, 2).value for row in (5, 6, 7)] == ["Rebalance", "Rebalance", "Restore"]


def test_every_button_works_in_a_file_that_libreoffice_has_saved(
    file: Path, session: Session, soffice: str, tmp_path: Path
) -> None:
    libreoffice = LibreOffice(soffice, tmp_path / "profile")
    for folder, buttons in {"once": ["rebalance", "rebalance"], "twice": list(BUTTONS)}.items():
        file = libreoffice.convert(file, "xlsx:Calc MS Excel 2007 XML", tmp_path / folder)
        assert b'customFormat="false"' in parts(file.read_bytes())["xl/worksheets/sheet8.xml"]
        for button in buttons:
            book = FileWorkbook(file)
            outcome = run_button(button, book, session)
            assert outcome.error is None, f"{button}: {outcome.message}"
            book.save()
    assert [found.suffix for found in sorted(file.parent.glob("fund *"))] == [".csv", ".xlsx"]
    saved = libreoffice.convert(file, "xlsx:Calc MS Excel 2007 XML", tmp_path / "thrice")
    sheet = loaded(saved.read_bytes())[Sheet.PROPOSAL]
    assert sheet.cell(PROPOSAL.headline, 1).value == "quant_paper to JHAI: beta 0 by hedge"
    assert sheet.cell(PROPOSAL.table + 1, 4).number_format.startswith("0.00%")


def test_restore_without_a_previous_proposal_is_refused(file: Path, session: Session) -> None:
    outcome = run_button("restore", FileWorkbook(file), session)
    assert outcome.message == "There is no previous proposal to restore. Rebalance keeps the previous one."


def test_a_failed_rebalance_keeps_the_proposal(file: Path, session: Session) -> None:
    book = FileWorkbook(file)
    run_button("rebalance", book, session)
    before = book.below(Sheet.PROPOSAL, 1)
    sheet, cell = book._cells_of("setting_method")
    book._book[sheet][cell] = "magic"
    outcome = run_button("rebalance", book, session)
    assert outcome.message.startswith("There is no method 'magic'")
    assert book.below(Sheet.PROPOSAL, 1) == before


def test_values_are_read_back_as_written(file: Path) -> None:
    values: dict[tuple[int, int], Any] = {
        (30, 1): 0.1 + 0.2,
        (30, 2): "a & <b>\n",
        (30, 3): True,
        (31, 1): "=cmd|' /C calc'!A0",
        (31, 2): "@SUM(1)",
        (31, 3): date(2025, 11, 18),
        (31, 30): "\x07bell",
    }
    sheet = loaded(changed(file.read_bytes(), {Sheet.PROPOSAL: values}))[Sheet.PROPOSAL]
    assert sheet.cell(30, 1).value == 0.1 + 0.2
    assert sheet.cell(30, 2).value == "a & <b>\n"
    assert sheet.cell(30, 3).value is True
    assert (sheet.cell(31, 1).value, sheet.cell(31, 1).data_type) == ("=cmd|' /C calc'!A0", "s")
    assert sheet.cell(31, 1).quotePrefix
    assert sheet.cell(31, 2).quotePrefix
    assert sheet.cell(31, 3).value == 45979
    assert sheet.cell(31, 30).value == "bell"


def test_a_cell_keeps_its_format_and_loses_its_formula(file: Path) -> None:
    sheet = loaded(changed(file.read_bytes(), {Sheet.HOLDINGS: {(4, 5): 1.5, (6, 1): None}}))[Sheet.HOLDINGS]
    assert sheet["E4"].value == 1.5
    assert sheet["E4"].number_format.startswith("0.00%")
    assert sheet["A6"].value is None


def test_the_calculation_chain_is_dropped_with_an_overwritten_formula(file: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, data in parts(file.read_bytes()).items():
            package.writestr(
                name, data.replace(b"</Types>", CHAIN_TYPE) if name == "[Content_Types].xml" else data
            )
        package.writestr("xl/calcChain.xml", CHAIN)
    kept = parts(changed(out.getvalue(), {Sheet.PROPOSAL: {(30, 1): 1.0}}))
    assert kept["xl/calcChain.xml"] == CHAIN
    dropped = parts(changed(out.getvalue(), {Sheet.HOLDINGS: {(4, 5): 1.0}}))
    assert "xl/calcChain.xml" not in dropped
    assert b"calcChain" not in dropped["[Content_Types].xml"]


def test_a_file_that_is_not_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.xlsx"
    path.write_text("not a workbook", encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"notes\.xlsx is not a readable workbook"):
        FileWorkbook(path)


def test_a_workbook_without_the_template_is_refused_with_what_is_missing(
    tmp_path: Path, session: Session
) -> None:
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)
    outcome = run_button("rebalance", FileWorkbook(path), session)
    assert isinstance(outcome.error, NamedRangeMissing)
    assert outcome.message.startswith("other.xlsx has no range named setting_fund")


def with_cells(file: Path, cells: dict[str, dict[tuple[int, int], Any]]) -> Path:
    file.write_bytes(changed(file.read_bytes(), cells))
    return file


def setting(file: Path, name: str) -> tuple[str, tuple[int, int]]:
    sheet, place = next(loaded(file.read_bytes()).defined_names[f"setting_{name}"].destinations)
    cell = loaded(file.read_bytes())[sheet][place.replace("$", "")]
    return sheet, (cell.row, cell.column)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({(9, 3): "#N/A"}, "Holdings!C9 is #N/A. Correct that cell first."),
        ({(6, 1): "remarks"}, "Holdings needs the columns ticker and weight, or ticker, shares and price"),
        ({(9, 2): "many"}, "Holdings!B9 is 'many', not a number."),
    ],
)
def test_an_invalid_cell_is_named_by_its_address(
    file: Path, session: Session, cells: dict[tuple[int, int], Any], message: str
) -> None:
    sheet, place = setting(file, "inputs")
    with_cells(file, {sheet: {place: "sheets"}, Sheet.HOLDINGS: cells})
    assert run_button("rebalance", FileWorkbook(file), session).message.startswith(message)


def with_formula(file: Path, sheet: str, place: tuple[int, int], text: str) -> Path:
    """Write a formula without a cached value."""
    book = loaded(file.read_bytes())
    book[sheet].cell(*place).value = text
    book.save(file)
    return file


def test_a_setting_with_an_uncalculated_formula_is_not_a_blank(file: Path, session: Session) -> None:
    sheet, place = setting(file, "target")
    outcome = run_button("rebalance", FileWorkbook(with_formula(file, sheet, place, "=0.1+0.1")), session)
    assert outcome.message == (
        "Settings!C19 of fund.xlsx has a formula and no value. "
        "Open the file in Excel or Calc and save it; or type the value."
    )


@pytest.mark.parametrize("name", [Sheet.HOLDINGS, Sheet.ETF])
def test_a_table_with_an_uncalculated_formula_is_not_a_blank(
    file: Path, session: Session, name: Sheet
) -> None:
    sheet, place = setting(file, "inputs")
    with_cells(file, {sheet: {place: "sheets"}})
    book = FileWorkbook(with_formula(file, name, (9, 3), "=1/20"))
    # openpyxl saves no values, so the first formula of the file is named.
    assert run_button("rebalance", book, session).message.startswith(
        f"{Sheet.HOLDINGS}!A6 of fund.xlsx has a form"
    )
    with pytest.raises(FailedCell, match=f"{name}!C9"):
        book.below(name, 9)


def test_a_formula_that_gives_an_empty_text_is_a_blank(file: Path) -> None:
    text = b'<c r="C19" t="str"><f>IF(TRUE,"","x")</f><v></v></c>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, data in parts(file.read_bytes()).items():
            package.writestr(name, re.sub(rb'<c r="C19"[^/]*?<v>0</v></c>', text, data))
    assert text in parts(out.getvalue())["xl/worksheets/sheet2.xml"]
    file.write_bytes(out.getvalue())
    assert FileWorkbook(file).named("setting_target") in {None, ""}


def test_no_formula_is_left_in_the_output_of_a_button(file: Path, session: Session) -> None:
    row = PROPOSAL.table + 3
    book = FileWorkbook(with_formula(file, Sheet.PREVIOUS, (row, 20), "=1+1"))
    for _ in range(2):
        assert run_button("rebalance", book, session).error is None
    book.save()
    assert loaded(file.read_bytes())[Sheet.PREVIOUS].cell(row, 20).value is None


def test_the_log_is_written_below_an_uncalculated_formula(file: Path, session: Session) -> None:
    book = FileWorkbook(with_formula(file, Sheet.LOG, (LOG_ROW + 3, 2), "=1+1"))
    assert run_button("rebalance", book, session).error is None
    book.save()
    assert loaded(file.read_bytes())[Sheet.LOG].cell(LOG_ROW + 4, 2).value == "Rebalance"


def test_inputs_from_the_sheets_need_a_covariance(file: Path, session: Session) -> None:
    sheet, place = setting(file, "inputs")
    used = loaded(file.read_bytes())[Sheet.COVARIANCE].iter_rows(min_row=MATRIX_ROW)
    blank = {(cell.row, cell.column): None for row in used for cell in row}
    with_cells(file, {sheet: {place: "sheets"}, Sheet.COVARIANCE: blank})
    message = run_button("rebalance", FileWorkbook(file), session).message
    assert message == "The sheet Covariance is blank from row 9 on. Fill it in, or set Inputs from to fetch."


def test_the_log_has_no_negative_zero(file: Path, session: Session) -> None:
    sheet, place = setting(file, "method")
    book = FileWorkbook(with_cells(file, {sheet: {place: "reweight"}}))
    assert run_button("rebalance", book, session).error is None
    book.save()
    assert loaded(file.read_bytes())[Sheet.LOG].cell(LOG_ROW + 1, 5).value == "0.0000"


def test_the_message_names_an_etf_with_much_weight_without_risk_data(file: Path, session: Session) -> None:
    constituents = file.with_name("HALF.csv")
    constituents.write_text("ticker,name,weight\nNVDA,Nvidia,40%\nZZZZ,Zeds,60%\n", encoding="utf-8")
    sheet, place = setting(file, "etf_1")
    book = FileWorkbook(with_cells(file, {sheet: {place: str(constituents)}}))
    outcome = run_button("rebalance", book, session)
    assert "; 60.0% of HALF without risk data" in outcome.message


def test_one_warning_and_one_trade_are_singular(file: Path, session: Session) -> None:
    sheet, place = setting(file, "inputs")
    tables: dict[Sheet, list[list[Any]]] = {
        Sheet.HOLDINGS: [["ticker", "weight"], ["A", 1.0]],
        Sheet.ETF: [["ticker", "weight"], ["A", 0.9], ["CASH", 0.1]],
        Sheet.COVARIANCE: [["", "A"], ["A", 0.04]],
    }
    edits: dict[str, dict[tuple[int, int], Any]] = {sheet: {place: "sheets"}}
    for name, rows in tables.items():
        top = MATRIX_ROW if name == Sheet.COVARIANCE else FIRST_ROW
        used = loaded(file.read_bytes())[name].iter_rows(min_row=top)
        edits[name] = {(cell.row, cell.column): None for row in used for cell in row}
        edits[name] |= {(top + i, 1 + j): cell for i, row in enumerate(rows) for j, cell in enumerate(row)}
    outcome = run_button("rebalance", FileWorkbook(with_cells(file, edits)), session)
    assert outcome.message.startswith(
        "Beta to ETF 1.11 -> 0.00; turnover 50.0%, 1 trade.\nNo orders: The hold"
    )


def test_merged_cells_in_the_output_of_a_button_are_refused_and_nothing_is_lost(
    file: Path, session: Session
) -> None:
    book = loaded(file.read_bytes())
    book[Sheet.PROPOSAL].merge_cells("A40:C41")
    book.save(file)
    before = file.read_bytes()
    outcome = run_button("rebalance", FileWorkbook(file), session)
    assert "A40:C41 of the sheet Proposal are merged" in outcome.message
    assert "defect" not in outcome.message
    assert file.read_bytes() == before
