"""The buttons of the ribbon through xlwings' own DLL and server, on a workbook of another process."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import replaced_com as com

from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet

if TYPE_CHECKING:
    import pytest
    from windows_excel import OpenWorkbook


def proposal(workbook: OpenWorkbook) -> dict[Any, Any]:
    cells = workbook.book.Worksheets(Sheet.PROPOSAL).cells
    return {at: value for at, value in cells.items() if at[0] >= PROPOSAL.headline and value is not None}


def test_rebalance_writes_a_proposal_and_says_what_it_did(workbook: OpenWorkbook) -> None:
    message = workbook.press("rebalance")
    assert message.startswith("Beta to JHAI 0.52 +/- 0.34 -> 0.00 +/- 0.34; turnover 26.1%, 45 trades")
    assert workbook.book.Worksheets(Sheet.PROPOSAL).cells[PROPOSAL.table, 1] == "Ticker"
    log = workbook.book.Worksheets(Sheet.LOG).cells
    assert (log[5, 2], log[5, 3]) == ("Rebalance", "done")


def test_excel_is_left_as_it_was(workbook: OpenWorkbook) -> None:
    application = workbook.book.Application
    application.Calculation = application.MANUAL
    workbook.press("rebalance")
    assert any(name == "StatusBar" and "Solving" in str(value) for name, value in application.history)
    assert (application.Calculation, application.ScreenUpdating, application.StatusBar) == (
        application.MANUAL,
        True,
        False,
    )


def test_restore_swaps_the_two_proposals(workbook: OpenWorkbook) -> None:
    workbook.press("rebalance")
    first = proposal(workbook)
    workbook.book.Names("setting_target").RefersToRange.Value = 0.2
    workbook.press("rebalance")
    second = proposal(workbook)
    assert second != first
    workbook.press("restore")
    assert proposal(workbook) == first


def test_what_is_infeasible_is_explained_and_overwrites_nothing(workbook: OpenWorkbook) -> None:
    before = proposal(workbook)
    workbook.book.Names("setting_method").RefersToRange.Value = "reweight"
    limits = workbook.book.Names("setting_limits").RefersToRange
    for row, (name, value) in enumerate((("long_only", True), ("upper", 0.04)), start=limits.Row + 3):
        workbook.book.Worksheets(Sheet.SETTINGS).cells.update({(row, 1): name, (row, 3): value})
    assert workbook.press("rebalance").startswith("No weights reach beta 0.00")
    assert proposal(workbook) == before


def test_orders_and_report_are_written_beside_the_workbook(workbook: OpenWorkbook, tmp_path: Path) -> None:
    workbook.press("rebalance")
    assert workbook.press("orders").startswith("Orders: 45 in ")
    (orders,) = tmp_path.glob("betaneutral orders *.csv")
    assert b"\r\r\n" not in orders.read_bytes()
    assert "SELL SHORT" in orders.read_text(encoding="utf-8-sig")
    assert workbook.press("report").startswith("Report: ")
    (report,) = tmp_path.glob("betaneutral report *.xlsx")
    assert openpyxl.load_workbook(report).sheetnames[0] == "Summary"


def test_cells_that_are_formatted_as_currency_do_not_stop_the_buttons(workbook: OpenWorkbook) -> None:
    nav = workbook.setting("nav")
    workbook.book.Worksheets(Sheet.SETTINGS).cells[nav.Row, nav.Column] = Decimal("5000000.00")
    assert workbook.press("rebalance").startswith("Beta to JHAI 0.52")
    assert workbook.press("orders").startswith("Orders: ")


def test_files_of_a_workbook_in_the_cloud_go_to_documents(workbook: OpenWorkbook) -> None:
    from platformdirs import user_documents_path

    workbook.book.Path = "https://d.docs.live.net/0123456789abcdef/Desk"
    message = workbook.press("report")
    name = message.removeprefix("Report: ").partition(",")[0]
    assert (user_documents_path() / name).exists()


def test_a_protected_sheet_is_said_to_be_one(workbook: OpenWorkbook) -> None:
    workbook.book.Worksheets(Sheet.PROPOSAL).ProtectContents = True
    assert workbook.press("rebalance") == (
        "The sheet Proposal is protected. Unprotect it: Review, Unprotect Sheet."
    )


def test_refresh_lets_excel_call_the_functions_while_the_button_runs(
    workbook: OpenWorkbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = []

    def calculate(_: com.Application) -> None:
        answers.append(workbook.call("LOAD_ETF", "demo"))

    monkeypatch.setattr(com.Application, "CalculateFull", calculate)
    assert workbook.press("refresh") == "All data are fetched and computed again."
    assert len(answers[0]) > 40


def test_settings_check_and_help_show_something(workbook: OpenWorkbook) -> None:
    assert workbook.press("settings") == ""
    assert workbook.book.Worksheets(Sheet.SETTINGS).activated
    assert "The cache folder can be written." in workbook.press("check")
    assert "BETA_NEUTRAL" in workbook.press("help")
    assert workbook.press("log")
