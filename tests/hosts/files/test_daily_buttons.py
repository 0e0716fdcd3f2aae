"""The buttons Accept and Today, and the sheet Mandate, on a workbook in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from failing_workbook import FailingWorkbook

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import Outcome, run_button
from betaneutral_xl.hosts.sheets.cells import read as read_cells
from betaneutral_xl.hosts.sheets.layout import (
    CONSTRAINTS,
    FILLS,
    MANDATE_RULES,
    MANDATE_USED,
    PROPOSAL,
    RULE_ROWS,
    TODAY,
    Sheet,
)
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.sheets.task import TASK, in_force
from betaneutral_xl.job.daily.records import Records
from betaneutral_xl.system.settings import Settings


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return template.build(Session(Settings(cache=tmp_path_factory.mktemp("cache"))))


WRITTEN = (Sheet.PROPOSAL, Sheet.TODAY, Sheet.LOG)


class Book(FailingWorkbook):
    """A workbook whose cells can be set, and whose n-th written cell can fail."""

    def set(self, name: str, value: Any) -> None:
        sheet, cell = self._cells_of(name)
        place = self._sheet(sheet)[cell]
        self._put(sheet, place.row, place.column, value, [])

    def rule(self, label: str, value: Any, which: str | None = None) -> None:
        """Set a rule of the sheet Mandate, and that they are in use."""
        self.set(MANDATE_USED, "yes")
        sheet, area = self._cells_of(MANDATE_RULES)
        (row,) = [row for row in self._sheet(sheet)[area] if row[0].value == label]
        for cell, one in ((row[1], which), (row[2], value)):
            self._put(sheet, cell.row, cell.column, one, [])

    def lines(self, sheet: Sheet, row: int) -> list[tuple[Any, ...]]:
        return list(read_cells(self.below(sheet, row), sheet).rows)


@pytest.fixture
def book(built: bytes, tmp_path: Path) -> Book:
    path = tmp_path / "fund.xlsx"
    path.write_bytes(built)
    return Book(path)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache=tmp_path / "cache", records=tmp_path / "records"))


def pressed(book: Book, session: Session, *buttons: str) -> Outcome:
    """Press buttons, none of which may fail, and return the last outcome."""
    for name in buttons:
        outcome = run_button(name, book, session)
        assert outcome.error is None, outcome.message
    return outcome


def today_lines(book: Book) -> dict[str, tuple[Any, ...]]:
    """Return the lines of Today by their label."""
    rows = book.lines(Sheet.TODAY, TODAY.table + 1)
    return {str(row[0]).strip(): row[1:4] for row in rows if row[0] is not None}


def test_without_a_proposal_there_is_nothing_to_accept(book: Book, session: Session) -> None:
    outcome = run_button("accept", book, session)
    assert outcome.message == "There is no proposal to accept. Press Rebalance first."
    assert isinstance(outcome.error, InputError)
    assert book.lines(Sheet.LOG, 5)[-1][1:3] == ("Accept", "failed")
    assert not session.settings.records.exists()


def test_the_sample_is_accepted_and_today_compares_with_it(book: Book, session: Session) -> None:
    outcome = pressed(book, session, "rebalance", "accept")
    assert outcome.message.startswith("Accepted for quant_paper: 45 orders, beta to JHAI 0.0000.")
    assert (outcome.files, len(outcome.kept)) == ({}, 2)
    accepted = Records(session.settings, "quant_paper").latest()
    assert accepted is not None
    assert (accepted.method, accepted.target, len(accepted.orders)) == ("hedge", "0", 45)

    assert pressed(book, session, "today").message == "Rebalance: beta to JHAI is 0.522, above 0.050."
    lines = today_lines(book)
    assert lines["Beta to JHAI now"][0] == pytest.approx(0.5222, abs=1e-3)
    assert lines["Beta to JHAI now"][2] == "number"
    parts = [lines[f"moved by {one}"][0] for one in ("prices", "trades and flows", "the ETF's own changes")]
    assert parts == pytest.approx([0.0, lines["change in all"][0], 0.0], abs=1e-9)
    head, first = book.lines(Sheet.TODAY, TODAY.history)[:2]
    assert head[:4] == ("Day", "Beta", "Lowest", "Highest")
    assert first[1:4] == pytest.approx((0.5222, -0.05, 0.05), abs=1e-3)
    assert len(Records(session.settings, "quant_paper").readings()) == 1


def test_an_edited_proposal_is_accepted_as_it_is_on_the_sheet(book: Book, session: Session) -> None:
    pressed(book, session, "rebalance")
    row = PROPOSAL.table + 1
    name, _, _, weight, *_ = book.lines(Sheet.PROPOSAL, row)[0]
    book._put(Sheet.PROPOSAL, row, 4, weight / 2.0, [])
    message = pressed(book, session, "accept").message
    assert f"New weights edited: {name}." in message
    accepted = Records(session.settings, "quant_paper").latest()
    assert accepted is not None
    kept = dict(zip(accepted.holdings.tickers, accepted.holdings.weights.tolist(), strict=True))
    assert kept[name] == pytest.approx(weight / 2.0, abs=1e-4)


def test_trades_are_reconciled_with_the_accepted_orders(book: Book, session: Session, tmp_path: Path) -> None:
    book.set(FILLS, "trades.csv")
    assert "No proposal of quant_paper was accepted" in run_button("today", book, session).message
    pressed(book, session, "rebalance", "accept")
    accepted = Records(session.settings, "quant_paper").latest()
    assert accepted is not None
    part, missing, *others = accepted.orders
    rows = [f"{part.ticker},{part.side},{part.shares // 2},{part.price}"]
    rows += [f"{one.ticker},{one.side},{one.shares},{one.price}" for one in others]
    trades = tmp_path / "trades.csv"
    trades.write_text("\n".join(["ticker,side,shares,price", *rows]), encoding="utf-8")
    book.set(FILLS, str(trades))
    message = pressed(book, session, "today").message
    assert "Orders: 43 filled, 1 partly, 1 not;" in message
    lines = today_lines(book)
    left = part.shares - part.shares // 2
    assert lines[part.ticker][0] == "partly"
    assert f"left: {part.side} {left:,} at" in lines[part.ticker][1]
    assert lines[missing.ticker][0] == "not"
    assert lines["filled"][0] == 43


@pytest.mark.parametrize("button", ["accept", "today"])
def test_a_button_whose_nth_cell_fails_has_changed_nothing_and_kept_nothing(
    book: Book, session: Session, button: str
) -> None:
    pressed(book, session, "rebalance")
    before = [book.lines(sheet, 1) for sheet in WRITTEN]
    for n in (1, 2, 3):
        book.failing = n
        outcome = run_button(button, book, session)
        assert (outcome.message, book.failing) == ("The cells A1:B2 of the sheet are merged.", 0)
        assert [book.lines(sheet, 1) for sheet in WRITTEN] == before
        assert [one for one in session.settings.records.rglob("*") if one.is_file()] == []
    pressed(book, session, button)
    assert [one for one in session.settings.records.rglob("*") if one.is_file()]


def test_records_that_cannot_be_written_leave_the_sheet_as_it_was(book: Book, tmp_path: Path) -> None:
    place = tmp_path / "records"
    place.write_text("a file", encoding="utf-8")
    session = Session(Settings(cache=tmp_path / "cache", records=place))
    outcome = run_button("today", book, session)
    assert outcome.message.startswith("The folder of records cannot be made")
    assert book.lines(Sheet.TODAY, TODAY.headline) == []
    assert book.lines(Sheet.LOG, 5)[-1][1:3] == ("Today", "failed")


# ---------------------------------------------------------------- the sheet Mandate


def long_only(book: Book) -> None:
    book.set("setting_etf_1", "demo")
    for label, value in (
        ("Name", "Student fund"),
        ("Method", "reweight"),
        ("Target", "IWV"),
        ("Tolerance", 0.05),
        ("Long only", "yes"),
        ("Upper", 0.08),
    ):
        book.rule(label, value)


def test_the_rules_of_the_sheet_hold_for_every_button(book: Book, session: Session) -> None:
    long_only(book)
    message = pressed(book, session, "rebalance").message
    assert "reweight" in book.lines(Sheet.PROPOSAL, PROPOSAL.headline)[0][0]
    assert "Method is reweight, as in the mandate Student fund" in message
    weights = [row[3] for row in book.lines(Sheet.PROPOSAL, PROPOSAL.table + 1) if row[0] != "CASH"]
    assert min(weights) >= 0.0
    assert max(weights) <= 0.08 + 1e-9
    assert pressed(book, session, "accept").message.startswith("Accepted for Student fund:")
    accepted = Records(session.settings, "Student fund").latest()
    assert accepted is not None
    assert (accepted.method, accepted.target, accepted.mandate) == ("reweight", "IWV", "Student fund")
    assert "the mandate is broken, largest weight 9.00% (MSFT), at most 8%" in (
        pressed(book, session, "today").message + str(today_lines(book))
    )


def test_what_settings_has_otherwise_holds_and_is_told(book: Book, session: Session) -> None:
    long_only(book)
    book.set("setting_target", 0.4)
    pressed(book, session, "rebalance")
    said = " ".join(str(cell) for row in book.lines(Sheet.PROPOSAL, 2) for cell in row)
    assert "Departs from the mandate Student fund: target beta 0.4, where the mandate has IWV." in said


def test_rules_that_are_not_in_use_have_no_effect(book: Book, session: Session) -> None:
    plain = pressed(book, session, "rebalance").message
    long_only(book)
    book.set(MANDATE_USED, "no")
    assert pressed(book, session, "rebalance").message == plain


@pytest.mark.parametrize(
    ("label", "value", "message"),
    [
        ("Upper", "much", "The mandate mandate: "),
        ("Method", "alchemy", "alchemy"),
        ("Tolerance", 5.0, "The tolerance is 5"),
    ],
)
def test_a_rule_that_cannot_be_read_is_named(
    book: Book, session: Session, label: str, value: Any, message: str
) -> None:
    book.rule(label, value)
    outcome = run_button("rebalance", book, session)
    assert isinstance(outcome.error, InputError)
    assert message in outcome.message
    assert "#" not in outcome.message


def test_two_mandates_are_refused(book: Book, session: Session, tmp_path: Path) -> None:
    long_only(book)
    file = tmp_path / "mandate.toml"
    file.write_text('method = "hedge"\n', encoding="utf-8")
    sheet, area = book._cells_of("setting_limits")
    (row,) = [row for row in book._sheet(sheet)[area] if row[0].value == "Mandate"]
    book._put(sheet, row[2].row, row[2].column, str(file), [])
    message = run_button("rebalance", book, session).message
    assert message.startswith("Two mandates are in use: the rules of the sheet Mandate, and mandate.toml.")


def test_the_command_line_reads_the_rules_of_the_sheet(
    book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long_only(book)
    book.save()
    mandate = f"{tmp_path / 'fund.xlsx'}#{Sheet.MANDATE}"
    assert main(["rebalance", "--sample", "--mandate", mandate, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["mandate"]
    assert (found["name"], found["kept"], found["tolerance"]) == ("Student fund", True, 0.05)


def test_formulas_read_the_limits_and_rules_that_the_buttons_read(book: Book) -> None:
    """The range that formulas read has, in a new workbook, the values of what the buttons make themselves."""
    sheet, area = book._cells_of(CONSTRAINTS)
    cached = read_cells([[cell.value for cell in row] for row in book._sheet(sheet)[area]], "limits")
    assert in_force(book.read(TASK)).rows == cached.rows
    assert len(cached.rows) > 3


def test_every_rule_has_a_row_with_its_help(book: Book) -> None:
    sheet, area = book._cells_of(MANDATE_RULES)
    rows = {row[0].value: row for row in book._sheet(sheet)[area]}
    for one in RULE_ROWS:
        assert rows[one.label][2].value is None
        assert book._sheet(sheet).cell(rows[one.label][0].row, 4).value == one.hint
