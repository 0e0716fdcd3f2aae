"""The add-in on a workbook of somebody else: template inserted, formulas connected, Rebalance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import replaced_com as com
import xlwings as xw

from betaneutral_xl import __version__
from betaneutral_xl.hosts.excel import ribbon, user_files
from betaneutral_xl.hosts.sheets.layout import ADD_IN, PROPOSAL, Sheet

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Session


@pytest.fixture
def model(tmp_path: Path) -> com.Book:
    """Return a workbook of somebody else, with the add-in loaded."""
    book = com.Book(tmp_path, ("Model", "Notes"), "model.xlsx")
    add_in = com.Book(tmp_path, (Sheet.XLWINGS,), ADD_IN, book.Application)
    versions = {(1, 1): "BUILT WITH BETANEUTRAL_XL", (1, 2): __version__}
    versions |= {(2, 1): "BUILT WITH XLWINGS", (2, 2): xw.__version__}
    add_in.Worksheets(1).cells.update(versions)
    book.Application.Workbooks.unlisted = (add_in,)
    return book


@pytest.fixture
def template(
    opened: com.Book, model: com.Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: Session
) -> com.Book:
    """Return the template as a file that Excel can open."""
    monkeypatch.setattr(ribbon, "session", session)
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path = user_files.folder() / user_files.TEMPLATE
    path.parent.mkdir()
    path.touch()
    opened.Application, opened.Name = model.Application, path.name
    model.Application.Workbooks.files[str(path)] = opened
    return opened


def press(book: com.Book, button: str) -> tuple[str, str]:
    """Press a button; return its word and its message."""
    from xlwings import com_server

    server: Any = com_server.XLPython()
    server.SetAttr(server.Module("xlwings._xlwindows"), "BOOK_CALLER", book)
    reply = server.Str(server.Call(server.Module(ribbon.__name__), "run", (button,)))
    word, _, message = reply.partition("\n")
    return word, message


def names(sheets: com.Collection) -> list[str]:
    return [one.Name for one in sheets]


def test_the_template_is_inserted_behind_the_sheets_that_are_there(
    model: com.Book, template: com.Book
) -> None:
    word, message = press(model, "insert")
    assert word == "done", message
    assert message.startswith("Added to model.xlsx: Start, Settings, ")
    assert names(model.Worksheets) == ["Model", "Notes", *names(template.Worksheets)]
    assert {*names(model.Names)} == {*names(template.Names)}
    assert model.Worksheets(Sheet.START).activated
    assert names(model.Application.Workbooks) == ["model.xlsx"]


def test_then_rebalance_works_in_that_workbook(model: com.Book, template: com.Book) -> None:
    press(model, "insert")
    word, message = press(model, "rebalance")
    assert (word, message[:16]) == ("done", "Beta to JHAI 0.5")
    assert model.Worksheets(Sheet.PROPOSAL).cells[PROPOSAL.table, 1] == "Ticker"
    assert template.Worksheets(Sheet.PROPOSAL).cells.get((PROPOSAL.table, 1)) is None


def test_excel_is_left_as_it_was(model: com.Book, template: com.Book) -> None:
    application = model.Application
    application.EnableEvents = False
    press(model, "insert")
    assert (application.EnableEvents, application.DisplayAlerts, application.ScreenUpdating) == (
        False,
        True,
        True,
    )


def test_a_second_insertion_is_refused(model: com.Book, template: com.Book) -> None:
    press(model, "insert")
    before = names(model.Worksheets)
    word, message = press(model, "insert")
    assert word == "error"
    assert message.startswith("model.xlsx has sheets of the template's names: ")
    assert names(model.Worksheets) == before


def test_a_name_that_is_taken_is_refused(model: com.Book, template: com.Book) -> None:
    model.name("setting_fund", model.Worksheets(1).Range("A1"))
    word, message = press(model, "insert")
    assert (word, "names of the template: setting_fund" in message) == ("error", True)
    assert names(model.Worksheets) == ["Model", "Notes"]


def test_what_excel_refuses_midway_leaves_nothing(model: com.Book, template: com.Book) -> None:
    model.Application.refuses_copies = True
    word, message = press(model, "insert")
    assert (word, message[-20:]) == ("error", "Nothing was changed.")
    assert names(model.Worksheets) == ["Model", "Notes"]
    assert names(model.Application.Workbooks) == ["model.xlsx"]


def test_a_protected_structure_is_refused(model: com.Book, template: com.Book) -> None:
    model.ProtectStructure = True
    assert press(model, "insert")[1].startswith("The structure of model.xlsx is protected.")


def test_a_missing_template_is_told_with_the_command(model: com.Book, template: com.Book) -> None:
    (user_files.folder() / user_files.TEMPLATE).unlink()
    assert press(model, "insert")[1].endswith("Run: py -m betaneutral_xl excel install")


def test_versions_are_those_of_the_add_in(model: com.Book, template: com.Book) -> None:
    press(model, "insert")
    assert press(model, "check")[0] == "done"
    model.Application.Workbooks(ADD_IN).Worksheets(1).cells[2, 2] = "0.0.1"
    word, message = press(model, "check")
    assert (word, message.startswith("The add-in was built with xlwings 0.0.1, but ")) == ("error", True)
    word, message = press(model, "rebalance")
    assert word == "done"
    assert "Close Excel, and run: py -m betaneutral_xl excel install" in message


FORMULAS = {
    (1, 1): '=FETCH_HOLDINGS("demo")',
    (2, 1): "=SUM('C:\\Users\\alice\\AddIns\\betaneutral.xlam'!BN_BETAS(A1,B1),2)",
    (3, 1): "=_xldudf_BN_VERSION()",
    (4, 1): "=SUM(A1)",
    (5, 1): "text with BN_VERSION()",
    (6, 1): "='other.xlam'!BN_VERSION()",
}


def test_formulas_are_entered_again_without_the_place_of_the_add_in(
    model: com.Book, template: com.Book
) -> None:
    sheet = model.Worksheets(1)
    sheet.cells.update({at: com.as_excel_takes(text) for at, text in FORMULAS.items()})
    word, message = press(model, "connect")
    assert (word, message[:27]) == ("done", "Formulas entered again: 3. ")
    shown = [com.formula_of(sheet.cells[row, 1]) for row in range(1, 7)]
    assert shown == [
        '=FETCH_HOLDINGS("demo")',
        "=SUM(BN_BETAS(A1,B1),2)",
        "=BN_VERSION()",
        *[FORMULAS[row, 1] for row in (4, 5, 6)],
    ]
    assert sheet.writes == 3


def test_what_a_formula_spills_is_not_entered(
    model: com.Book, template: com.Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Excel shows the formula of the first cell for every cell of its result."""
    sheet = model.Worksheets(1)
    result = com.Range(sheet, 1, 1, 3, 2)
    sheet.cells.update({(i, j): "FORMULA =BN_NAMES(D1)" for i in (1, 2, 3) for j in (1, 2)})
    monkeypatch.setattr(com.Range, "HasSpill", True, raising=False)
    monkeypatch.setattr(com.Range, "SpillingToRange", result, raising=False)
    assert press(model, "connect")[1].startswith("Formulas entered again: 1.")
    assert sheet.writes == 1


def test_protected_sheets_are_named(model: com.Book, template: com.Book) -> None:
    for sheet in model.Worksheets:
        sheet.cells[1, 1] = "FORMULA =BN_VERSION()"
    model.Worksheets("Notes").ProtectContents = True
    word, message = press(model, "connect")
    assert word == "error"
    assert message == (
        "Protected: Notes. Unprotect first: Review, Unprotect Sheet. "
        "Formulas of other sheets entered again: 1."
    )


def test_a_workbook_without_our_functions_is_told_so(model: com.Book, template: com.Book) -> None:
    assert press(model, "connect") == ("error", "No formula of model.xlsx uses our functions.")
