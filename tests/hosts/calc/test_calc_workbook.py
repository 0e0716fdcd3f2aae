from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from platformdirs import user_documents_path

from betaneutral_xl.errors import NamedRangeMissing
from betaneutral_xl.hosts.calc.calc_workbook import CalcWorkbook
from betaneutral_xl.hosts.sheets.layout import Sheet

if TYPE_CHECKING:
    from pathlib import Path


class Calc:
    """A fake of Calc that replies from its tables, and records requests and status texts."""

    def __init__(self, **tables: object) -> None:
        self.tables = tables
        self.requests: list[tuple[object, ...]] = []
        self.status: list[str] = []

    def ask(self, *question: object) -> object:
        """Reply by the name of the range or the sheet."""
        self.requests.append(question)
        return self.tables.get(str(question[1]))

    def book(self, path: str | None = "/funds/quant.ods") -> CalcWorkbook:
        """Return the document as a button sees it."""
        return CalcWorkbook(path, self.ask, self.status.append)


def test_values_are_those_of_calc() -> None:
    calc = Calc(setting_method=(("hedge",),), Proposal=(("a", 1.0), ("", 2.0)))
    book = calc.book()
    assert book.named("setting_method") == (("hedge",),)
    assert book.below(Sheet.PROPOSAL, 4) == (("a", 1.0), ("", 2.0))
    assert calc.requests == [("named", "setting_method"), ("below", "Proposal", 4)]
    assert type(calc.requests[1][1]) is str


@pytest.mark.parametrize(
    ("path", "name"), [("/funds/quant.ods", "quant.ods"), (None, "The document")], ids=["saved", "unsaved"]
)
def test_a_missing_range_or_sheet_is_named_with_the_file_name(path: str | None, name: str) -> None:
    book = Calc().book(path)
    with pytest.raises(NamedRangeMissing) as named:
        book.named("setting_method")
    with pytest.raises(NamedRangeMissing) as below:
        book.below(Sheet.LOG, 1)
    end = "Open the template: betaneutral-xl calc open."
    assert str(named.value) == f"{name} has no range named setting_method. {end}"
    assert str(below.value) == f"{name} has no sheet Log. {end}"


def test_a_blank_sheet_is_not_missing() -> None:
    assert Calc(Log=()).book().below(Sheet.LOG, 1) == ()


def test_files_are_written_to_the_documents_folder(tmp_path: Path) -> None:
    book = Calc().book(str(tmp_path / "my fund.v2.xlsx"))
    assert (book.folder, book.stem) == (tmp_path, "my fund.v2")


@pytest.mark.parametrize("path", [None, ""])
def test_files_of_an_unsaved_document_are_written_to_the_users_documents(path: str | None) -> None:
    book = Calc().book(path)
    assert (book.folder, book.stem) == (user_documents_path(), "Untitled")


def test_changes_are_recorded_in_order_in_calcs_values() -> None:
    book = Calc(Previous=(), Log=(), Proposal=()).book()
    with book.suspended():
        book.replace(Sheet.PREVIOUS, 4, (("old", None),))
        book.append(Sheet.LOG, ((date(2025, 11, 18), True),))
        book.recalculate()
        book.replace(Sheet.PROPOSAL, 4, ())
    expected: list[list[Any]] = [
        ["replace", "Previous", 4, [["old", ""]]],
        ["append", "Log", 0, [[45979.0, 1.0]]],
        ["recalculate", "", 0, []],
        ["replace", "Proposal", 4, []],
    ]
    assert book.changes == expected
    assert {type(sheet) for _, sheet, *_ in book.changes} == {str}


def test_a_missing_sheet_is_refused_before_anything_is_recorded() -> None:
    calc = Calc(Log=())
    book = calc.book()
    for write in (book.append, lambda sheet, rows: book.replace(sheet, 4, rows)):
        with pytest.raises(NamedRangeMissing, match=r"^quant\.ods has no sheet Proposal\. Open"):
            write(Sheet.PROPOSAL, (("a",),))
    assert book.changes == []


def test_a_button_that_fails_midway_has_written_nothing() -> None:
    book = Calc(Proposal=((),), Log=((),)).book()

    def press() -> None:
        with book.suspended():
            book.replace(Sheet.PROPOSAL, 2, (("new",),))
            book.replace(Sheet.PREVIOUS, 2, (("old",),))

    with pytest.raises(NamedRangeMissing, match="Previous"):
        press()
    assert book.changes == []
    book.append(Sheet.LOG, (("failed",),))  # the failure is logged outside the context
    assert [what for what, *_ in book.changes] == ["append"]


def test_progress_texts_are_passed_on() -> None:
    calc = Calc()
    calc.book().say("Solving ...")
    assert calc.status == ["Solving ..."]
