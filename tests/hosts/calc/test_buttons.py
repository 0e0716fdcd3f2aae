from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from calc_office import until

from betaneutral_xl.hosts.calc.extension import PROTOCOL
from betaneutral_xl.hosts.calc.values import for_calc
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.layout import LOG_ROW, PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.session import LOG

if TYPE_CHECKING:
    from calc_office import Document, Office

    from betaneutral_xl.hosts.sheets.session import Session

WORKBOOK = Path(__file__).parents[3] / "workbook" / "betaneutral.xlsx"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")
WRITTEN = (Sheet.PROPOSAL, Sheet.PREVIOUS, Sheet.LOG)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a copy of the built workbook."""
    path = tmp_path / "fund.xlsx"
    path.write_bytes(WORKBOOK.read_bytes())
    return path


@pytest.fixture
def opened(calc: Office, file: Path) -> Iterator[Document]:
    """Return the built workbook, opened."""
    with calc.open(file) as document:
        yield document


def contents(document: Document) -> dict[str, list[list[Any]]]:
    """Return the content of the sheets that buttons write."""
    return {sheet: document.used(sheet) for sheet in WRITTEN}


def plain(rows: list[list[Any]]) -> list[list[Any]]:
    """Return rows without surrounding blanks and without times."""
    kept = [[TIME.sub("TIME", cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    for row in kept:
        while row and row[-1] == "":
            row.pop()
    while kept and not kept[-1]:
        kept.pop()
    return kept


def entries(document: Document) -> list[tuple[str, str, str]]:
    """Return the entries of the sheet Log: action, result, message."""
    return [(row[1], row[2], row[7]) for row in document.used(Sheet.LOG)[LOG_ROW:]]


def test_rebalance_writes_the_same_as_in_a_file(opened: Document, file: Path, session: Session) -> None:
    copy = file.with_name("copy.xlsx")
    copy.write_bytes(WORKBOOK.read_bytes())
    book = FileWorkbook(copy)
    for _ in range(2):
        assert run_button("rebalance", book, session).error is None
        opened.press("rebalance")
        for sheet in WRITTEN:
            rows: Any = book.below(sheet, 1)
            there = for_calc(cells.rectangle(rows, cells.MAX_WRITTEN))
            assert plain(opened.used(sheet)) == plain(there), sheet
    assert opened.text(f"Proposal.A{PROPOSAL.table}") == "Ticker"


def test_rebalance_is_one_undo_step(opened: Document) -> None:
    before = contents(opened)
    opened.press("rebalance")
    after = contents(opened)
    assert after != before
    assert opened.state["undo"] == ["Beta Neutral: Rebalance"]
    opened.do("undo")
    assert contents(opened) == before
    opened.do("redo")
    assert contents(opened) == after
    opened.press("rebalance")
    assert opened.state["undo"] == ["Beta Neutral: Rebalance"] * 2
    opened.do("undo")
    assert contents(opened) == after
    opened.do("undo")
    assert contents(opened) == before


def test_a_writing_whose_nth_cell_fails_has_changed_nothing(calc: Office, opened: Document) -> None:
    opened.press("rebalance")
    opened.enter("Proposal.L31", "=1+1")
    opened.enter("Proposal.L32", "'=1+1")
    text = opened.text("Proposal.L32")
    before, state = contents(opened), opened.state
    rows = [["new", 1.0, "=2+2"]] * 9
    changes = [
        ["replace", Sheet.PROPOSAL, 2, rows],
        ["replace", Sheet.PREVIOUS, 2, rows],
        ["append", Sheet.LOG, 0, [["entry"]]],
    ]

    def write(at: int) -> Any:
        return opened.do("apply_failing", package=str(calc.extension), changes=changes, at=at)

    reason, cells = write(0)
    assert reason is None
    assert cells > 300
    after = contents(opened)
    assert opened.state["undo"] == ["Beta Neutral: Test", *state["undo"]]
    opened.do("undo")
    for at in (1, 2, cells // 2, cells - 3, cells):
        assert write(at) == [
            "Calc did not let the document be written (LibreOffice refuses). Nothing was changed.",
            at,
        ]
        assert contents(opened) == before, at
        assert opened.formula("Proposal.L31") == "=1+1"
        assert opened.text("Proposal.L32") == text
        assert opened.state == state
    assert write(0)[0] is None
    assert contents(opened) == after


def test_the_state_of_calc_is_restored(opened: Document) -> None:
    before = opened.state
    assert before["automatic"]
    opened.press("rebalance")
    after = opened.state
    assert (after["automatic"], after["locked"]) == (True, False)
    assert (before["active"], after["active"]) == (Sheet.START, Sheet.PROPOSAL)
    assert after["modified"]


def test_cells_keep_their_formats(opened: Document) -> None:
    opened.press("rebalance")
    assert re.fullmatch(r"-?\d+\.\d+%", opened.text(f"Proposal.C{PROPOSAL.table + 1}"))


def test_restore_swaps_the_two_proposals(opened: Document) -> None:
    opened.press("restore")
    assert entries(opened)[-1][1:] == (
        "failed",
        "There is no previous proposal to restore. Rebalance keeps the previous one.",
    )
    opened.press("rebalance")
    first = opened.used(Sheet.PROPOSAL)
    opened.enter("Settings.setting_target", 0.2)
    opened.press("rebalance")
    second = opened.used(Sheet.PROPOSAL)
    assert first != second
    opened.press("restore")
    assert opened.used(Sheet.PROPOSAL) == first
    opened.do("undo")
    assert opened.used(Sheet.PROPOSAL) == second


def test_an_infeasible_target_is_explained_and_overwrites_nothing(opened: Document) -> None:
    opened.press("rebalance")
    before = contents(opened)
    opened.enter("Settings.setting_method", "reweight")
    limits = opened.rows("Settings.setting_limits")
    names = [row[0] for row in limits]
    limits[names.index("Long only")][2] = "TRUE"
    limits[names.index("Upper")][2] = 0.04
    opened.put("Settings.setting_limits", limits)
    opened.press("rebalance")
    after = contents(opened)
    assert after[Sheet.PROPOSAL] == before[Sheet.PROPOSAL]
    assert after[Sheet.PREVIOUS] == before[Sheet.PREVIOUS]
    action, result, message = entries(opened)[-1]
    assert (action, result) == ("Rebalance", "failed")
    assert message.startswith("No weights reach beta 0.00")


def test_a_proposal_under_the_sheet_mandate_is_accepted_and_today_compares_with_it(opened: Document) -> None:
    rules = opened.rows("Mandate.mandate_rules")
    names = [row[0] for row in rules]
    for name, value in (("Name", "Calc fund"), ("Method", "reweight"), ("Target", "IWV"), ("Upper", 0.08)):
        rules[names.index(name)][2] = value
    opened.put("Mandate.mandate_rules", rules)
    opened.enter("Mandate.mandate_used", "yes")
    opened.press("rebalance")
    opened.press("accept")
    opened.press("today")
    assert [entry[:2] for entry in entries(opened)[-3:]] == [
        ("Rebalance", "done"),
        ("Accept", "done"),
        ("Today", "rebalance"),
    ], entries(opened)
    assert entries(opened)[-2][2].startswith("Accepted for Calc fund: ")
    shown = [str(cell) for row in opened.used(Sheet.TODAY) for cell in row]
    assert any(one.strip() == "moved by trades and flows" for one in shown)
    assert any("largest weight" in one.lower() for one in shown)


def test_inputs_from_the_sheets_give_the_same_as_fetching(opened: Document) -> None:
    opened.press("rebalance")
    table = f"Proposal.A{PROPOSAL.table}:F{PROPOSAL.table + 74}"
    fetched = opened.rows(table)
    opened.enter("Settings.setting_inputs", "sheets")
    opened.press("rebalance")
    assert entries(opened)[-1][1] == "done"
    assert [row[0] for row in opened.rows(table)] == [row[0] for row in fetched]
    for row, expected in zip(opened.rows(table)[1:], fetched[1:], strict=True):
        assert row[1] == expected[1]
        assert [cell for cell in row[2:] if cell != ""] == pytest.approx(
            [cell for cell in expected[2:] if cell != ""]
        )


def test_text_from_outside_never_becomes_a_formula(opened: Document) -> None:
    limits = opened.rows("Settings.setting_limits")
    next(row for row in limits if row[0] == "On missing")[2] = "drop"
    opened.put("Settings.setting_limits", limits)
    opened.enter("Settings.setting_inputs", "sheets")
    opened.empty("Holdings.A6")
    opened.put("Holdings.A6", [["ticker", "weight"], ["@SUM(1+1)", 0.1], ["MSFT", 0.9]])
    opened.enter("Holdings.A7", "'=1+1")
    opened.press("rebalance")
    assert entries(opened)[-1][1] == "done", entries(opened)
    shown = [str(cell) for row in opened.used(Sheet.PROPOSAL) for cell in row]
    assert any("=1+1" in text for text in shown)
    assert "2.0" not in shown


def test_orders_and_report_are_written_beside_the_document(opened: Document, file: Path) -> None:
    opened.press("orders")
    assert entries(opened)[-1] == (
        "Orders",
        "failed",
        "There is no proposal to make orders for. Press Rebalance first.",
    )
    opened.press("rebalance")
    opened.press("orders")
    (orders,) = file.parent.glob("fund orders *.csv")
    text = orders.read_text(encoding="utf-8-sig")
    assert text.startswith("fund,quant_paper\nas of,2025-11-18\n")
    assert "\nticker,side,shares,price,notional\nTSM,SELL SHORT,2766," in text
    assert entries(opened)[-1][2].startswith(f"Orders: 45 in {orders.name}")
    opened.press("report")
    (report,) = file.parent.glob("fund report *.xlsx")
    assert len(openpyxl.load_workbook(report).sheetnames) > 3


def test_refresh_recalculates_and_is_logged(opened: Document) -> None:
    opened.press("refresh")
    assert entries(opened) == [("Refresh", "done", "All data are fetched and computed again.")]
    assert opened.text("Neutral.T6") == "ticker"


def test_settings_shows_the_sheet_and_changes_nothing(opened: Document) -> None:
    opened.press("settings")
    opened.press("help")
    state = opened.state
    assert state["active"] == "Settings"
    assert state["undo"] == []


@pytest.mark.parametrize("button", ["rebalance", "restore", "orders", "report", "refresh", "settings"])
def test_a_document_without_the_template_is_not_changed(document: Document, button: str) -> None:
    document.enter("A1", "mine")
    before = document.state
    document.press(button)
    assert document.state == before
    assert document.used("Sheet1") == [["mine"]]


def test_nothing_is_written_if_a_sheet_is_protected(opened: Document) -> None:
    opened.do("protect", sheet=Sheet.PROPOSAL, on=True)
    before, state = contents(opened), opened.state
    opened.press("rebalance")
    assert contents(opened) == before
    assert opened.state == state
    opened.do("protect", sheet=Sheet.PROPOSAL, on=False)
    opened.press("rebalance")
    assert entries(opened)[-1][1] == "done"


def test_a_document_that_is_closed_while_a_button_runs_is_no_defect(calc: Office, file: Path) -> None:
    log = Path(calc.environment["BETANEUTRAL_CACHE"]) / LOG
    before = log.read_text(encoding="utf-8") if log.exists() else ""
    document = calc.open(file)
    (worker,) = calc.workers
    os.kill(worker, signal.SIGSTOP)
    document.do("dispatch", command=f"{PROTOCOL}rebalance")
    document.close()
    os.kill(worker, signal.SIGCONT)
    with calc.open(file) as other:
        other.press("rebalance")
        assert entries(other)[-1][1] == "done"
    assert (log.read_text(encoding="utf-8") if log.exists() else "") == before


def test_a_button_with_a_killed_worker_changes_nothing_and_the_next_works(
    calc: Office, opened: Document
) -> None:
    before = contents(opened)
    (worker,) = calc.workers
    os.kill(worker, signal.SIGSTOP)
    opened.do("dispatch", command=f"{PROTOCOL}rebalance")
    assert opened.is_busy("rebalance")
    os.kill(worker, signal.SIGKILL)
    assert until(lambda: not opened.is_busy("rebalance"))
    assert contents(opened) == before
    assert opened.state["undo"] == []
    opened.press("rebalance")
    assert entries(opened)[-1][1] == "done"


def test_functions_are_evaluated_while_a_button_runs(calc: Office, opened: Document) -> None:
    opened.do("dispatch", command=f"{PROTOCOL}report")
    assert opened.is_busy("report")
    opened.enter("Log.K1", "=BN_VERSION()")
    assert opened.text("Log.K1").startswith("betaneutral_xl ")
    assert until(lambda: not opened.is_busy("report"))
