from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import replaced_com as com
import xlwings as xw

from betaneutral_xl import __version__
from betaneutral_xl.hosts.excel import ribbon
from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet
from betaneutral_xl.job.sample import COVARIANCE, HOLDINGS, read
from betaneutral_xl.network.stand_in import Api, Fault, StandIn

if TYPE_CHECKING:
    from pathlib import Path

    from betaneutral_xl.hosts.sheets.session import Session


class Alerts(list[tuple[str, str]]):
    """The messages that the user sees, with their kind."""


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch, session: Session) -> Alerts:
    seen = Alerts()

    def alert(_: Any, prompt: str, *, title: str, buttons: str, mode: str) -> None:
        seen.append((mode, prompt))

    monkeypatch.setattr(xw.App, "alert", alert)
    monkeypatch.setattr(ribbon, "session", session)
    monkeypatch.setattr(ribbon, "find_token", lambda settings: settings.token)  # not the user's keyring
    return seen


def press(book: com.Book, name: str) -> None:
    """Do what the ribbon's callback does: RunPython through the server that answers the functions."""
    from xlwings import com_server

    server: Any = com_server.XLPython()
    server.SetAttr(server.Module("xlwings._xlwindows"), "BOOK_CALLER", book)
    server.Exec(f"from betaneutral_xl.hosts.excel import ribbon; ribbon.press('{name}')", {})


def proposal(book: com.Book, sheet: str = Sheet.PROPOSAL) -> dict[tuple[int, int], Any]:
    cells: dict[tuple[int, int], Any] = book.Worksheets(sheet).cells
    return {at: value for at, value in cells.items() if at[0] >= PROPOSAL.headline and value is not None}


def test_rebalance_writes_a_proposal_in_one_go_and_says_what_it_did(opened: com.Book, alerts: Alerts) -> None:
    sheet = opened.Worksheets(Sheet.PROPOSAL)
    press(opened, "rebalance")
    ((mode, message),) = alerts
    assert mode == "info"
    assert message.startswith("Beta to JHAI 0.52 +/- 0.34 -> 0.00 +/- 0.34; turnover 26.1%, 45 trades")
    assert sheet.cells[PROPOSAL.table, 1] == "ticker"
    assert sheet.writes == 1
    log = opened.Worksheets(Sheet.LOG).cells
    assert (log[5, 2], log[5, 3], log[5, 8]) == ("Rebalance", "done", message)


def test_excel_is_left_as_it_was(opened: com.Book, alerts: Alerts) -> None:
    application = opened.Application
    application.Calculation = application.MANUAL
    application.ScreenUpdating = True
    application.history.clear()
    press(opened, "rebalance")
    assert ("ScreenUpdating", False) in application.history
    assert any(name == "StatusBar" and "Solving" in str(value) for name, value in application.history)
    assert (application.Calculation, application.ScreenUpdating) == (application.MANUAL, True)
    assert application.StatusBar is False


def test_restore_swaps_the_two_proposals(opened: com.Book, alerts: Alerts) -> None:
    press(opened, "rebalance")
    first = proposal(opened)
    opened.Names("setting_target").RefersToRange.Value = 0.2
    press(opened, "rebalance")
    second = proposal(opened)
    assert second != first
    press(opened, "restore")
    assert proposal(opened) == first
    press(opened, "restore")
    assert proposal(opened) == second
    assert alerts[-1][0] == "info"


def test_what_is_infeasible_is_explained_and_overwrites_nothing(opened: com.Book, alerts: Alerts) -> None:
    press(opened, "rebalance")
    before = proposal(opened)
    opened.Names("setting_method").RefersToRange.Value = "reweight"
    limits = opened.Names("setting_limits").RefersToRange
    for row, (name, value) in enumerate((("long_only", True), ("upper", 0.04)), start=limits.Row + 3):
        opened.Worksheets(Sheet.SETTINGS).cells.update({(row, 1): name, (row, 3): value})
    press(opened, "rebalance")
    mode, message = alerts[-1]
    assert mode == "critical"
    assert message.startswith("No weights reach beta 0.00")
    assert proposal(opened) == before
    log = opened.Worksheets(Sheet.LOG).cells
    assert (log[6, 2], log[6, 3]) == ("Rebalance", "failed")
    assert (opened.Application.Calculation, opened.Application.ScreenUpdating) == (
        com.Application.AUTOMATIC,
        True,
    )


def test_the_report_of_what_is_infeasible_proposes_nothing(
    opened: com.Book, alerts: Alerts, tmp_path: Path
) -> None:
    opened.Names("setting_method").RefersToRange.Value = "reweight"
    limits = opened.Names("setting_limits").RefersToRange
    for row, (name, value) in enumerate((("long_only", True), ("upper", 0.04)), start=limits.Row + 3):
        opened.Worksheets(Sheet.SETTINGS).cells.update({(row, 1): name, (row, 3): value})
    press(opened, "report")
    mode, message = alerts[-1]
    assert mode == "critical"
    assert message.startswith("No weights reach beta 0.00")
    assert message.endswith("says why, and proposes nothing.")
    (written,) = tmp_path.glob("betaneutral report *.xlsx")
    book = openpyxl.load_workbook(written, data_only=True)
    title = "Not feasible as asked: the lowest beta within the limits is 0.24"
    assert {sheet.oddHeader.left.text for sheet in book.worksheets if sheet.oddHeader} == {title}
    assert book["Summary"]["A1"].value == title


def test_a_protected_sheet_is_said_to_be_one(opened: com.Book, alerts: Alerts) -> None:
    opened.Worksheets(Sheet.PROPOSAL).ProtectContents = True
    before = proposal(opened)
    press(opened, "rebalance")
    message = "The sheet Proposal is protected. Unprotect it: Review, Unprotect Sheet."
    assert alerts[-1] == ("critical", message)
    assert proposal(opened) == before


def test_the_sheets_as_they_stand_give_the_same_as_fetching(opened: com.Book, alerts: Alerts) -> None:
    press(opened, "rebalance")
    fetched = proposal(opened)
    opened.Names("setting_inputs").RefersToRange.Value = "sheets"
    press(opened, "rebalance")
    assert alerts[-1][0] == "info"
    stood = proposal(opened)
    row = PROPOSAL.table + 1
    assert [stood[row, column] for column in (1, 2, 5)] == pytest.approx(
        [fetched[row, column] for column in (1, 2, 5)]
    )


def test_text_from_outside_never_becomes_a_formula(opened: com.Book, alerts: Alerts) -> None:
    opened.Names("setting_inputs").RefersToRange.Value = "sheets"
    opened.Worksheets(Sheet.SETTINGS).cells[opened.Names("setting_limits").RefersToRange.Row, 3] = "drop"
    opened.Worksheets(Sheet.HOLDINGS).cells[7, 1] = "@SUM(1+1)"
    press(opened, "rebalance")
    assert alerts[-1][0] == "info"
    cells = proposal(opened).values()
    assert "@SUM(1+1)" in cells
    assert not [cell for cell in cells if str(cell).startswith("FORMULA")]


@pytest.mark.parametrize("ticker", ["TRUE", "2025-11-18", "1E5"])
def test_text_from_outside_becomes_no_number_day_or_truth_value(
    opened: com.Book, alerts: Alerts, ticker: str
) -> None:
    opened.Names("setting_inputs").RefersToRange.Value = "sheets"
    opened.Worksheets(Sheet.SETTINGS).cells[opened.Names("setting_limits").RefersToRange.Row, 3] = "drop"
    opened.Worksheets(Sheet.HOLDINGS).cells[7, 1] = ticker
    press(opened, "rebalance")
    assert alerts[-1][0] == "info"
    assert ticker in proposal(opened).values()
    assert not [cell for cell in proposal(opened).values() if isinstance(cell, bool | datetime)]


def test_the_day_of_a_source_stays_as_it_is_written(opened: com.Book, alerts: Alerts) -> None:
    press(opened, "rebalance")
    assert alerts[-1][0] == "info"
    assert proposal(opened)[PROPOSAL.sources + 1, PROPOSAL.beside + 2] == "2025-11-18"


def test_orders_and_report_are_written_beside_the_workbook(
    opened: com.Book, alerts: Alerts, tmp_path: Path
) -> None:
    press(opened, "orders")
    assert alerts[-1] == ("critical", "There is no proposal to make orders of. Press Rebalance first.")
    press(opened, "rebalance")
    press(opened, "orders")
    (orders,) = tmp_path.glob("betaneutral orders *.csv")
    text = orders.read_text(encoding="utf-8-sig")
    assert text.startswith("fund,quant_paper\nas of,2025-11-18\n")
    assert "\nticker,side,shares,price,notional\nTSM,SELL SHORT,2766," in text
    folder = tmp_path.name
    assert alerts[-1][1].startswith(f"Orders: 45 in {orders.name}, in the folder {folder}. In whole shares")
    press(opened, "report")
    (report,) = tmp_path.glob("betaneutral report *.xlsx")
    assert alerts[-1][1].startswith(f"Report: {report.name}, in the folder {folder}.")


def test_what_a_workbook_in_the_cloud_writes_is_found_where_the_message_says(
    opened: com.Book, alerts: Alerts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "My Documents"
    documents.mkdir()
    monkeypatch.setattr("betaneutral_xl.hosts.excel.excel_workbook.user_documents_path", lambda: documents)
    opened.Path = "https://d.docs.live.net/0123456789abcdef/Desk"
    press(opened, "report")
    (report,) = documents.glob("betaneutral report *.xlsx")
    assert alerts[-1][1].startswith(f"Report: {report.name}, in the folder My Documents.")


def test_refresh_forgets_and_recalculates(opened: com.Book, alerts: Alerts, session: Session) -> None:
    press(opened, "refresh")
    assert session.settings.refresh
    assert opened.Application.full_calculations == 1


def test_settings_shows_the_sheet_without_a_message(opened: com.Book, alerts: Alerts) -> None:
    press(opened, "settings")
    assert opened.Worksheets(Sheet.SETTINGS).activated
    assert alerts == []


def with_versions(book: com.Book, package: str, library: str) -> None:
    conf = com.Sheet(book, Sheet.XLWINGS)
    conf.cells.update({(1, 1): "BUILT WITH BETANEUTRAL_XL", (1, 2): package})
    conf.cells.update({(2, 1): "BUILT WITH XLWINGS", (2, 2): library})
    book.Worksheets.append(conf)


def test_every_button_says_that_versions_differ_and_works_all_the_same(
    opened: com.Book, alerts: Alerts
) -> None:
    with_versions(opened, "0.0.1", "0.0.2")
    press(opened, "rebalance")
    mode, message = alerts[-1]
    assert mode == "info"
    assert message.startswith("Beta to JHAI 0.52")
    assert f"built with betaneutral_xl 0.0.1, and {__version__} is installed; with xlwings 0.0.2" in message
    log = opened.Worksheets(Sheet.LOG).cells
    assert [log[row, 3] for row in (5, 6)] == ["done", "versions"]
    press(opened, "refresh")
    assert "betaneutral-xl workbook build" in alerts[-1][1]


def test_nothing_is_said_of_versions_that_agree(opened: com.Book, alerts: Alerts) -> None:
    with_versions(opened, __version__, xw.__version__)
    press(opened, "rebalance")
    assert "built with" not in alerts[-1][1]
    assert (6, 3) not in opened.Worksheets(Sheet.LOG).cells


def test_orders_follow_new_weights_that_were_edited(opened: com.Book, alerts: Alerts, tmp_path: Path) -> None:
    press(opened, "rebalance")
    sheet = opened.Worksheets(Sheet.PROPOSAL).cells
    at = next(row for row in range(PROPOSAL.table + 1, 200) if sheet[row, 1] == "MSFT")
    sheet[at, 5] = 0.0
    press(opened, "orders")
    mode, message = alerts[-1]
    assert mode == "info"
    assert "New weights edited: MSFT; with them the beta is -0.02" in message
    (orders,) = tmp_path.glob("betaneutral orders *.csv")
    assert "\nMSFT,SELL,1834," in orders.read_text(encoding="utf-8-sig")


def test_cells_that_are_formatted_as_currency_do_not_stop_the_buttons(
    opened: com.Book, alerts: Alerts
) -> None:
    nav = next(one.RefersToRange for one in opened.Names if one.Name == "setting_nav")
    opened.Worksheets(Sheet.SETTINGS).cells[nav.Row, nav.Column] = Decimal("5000000.00")
    press(opened, "rebalance")
    cells = opened.Worksheets(Sheet.PROPOSAL).cells
    heads = {cells[PROPOSAL.table, column]: column for column in range(1, 10)}
    at = PROPOSAL.table + 1, heads["trade_value"]
    cells[at] = Decimal(f"{cells[at]:.4f}")
    press(opened, "orders")
    press(opened, "rebalance")
    assert [mode for mode, _ in alerts] == ["info"] * 3
    assert alerts[1][1].startswith("Orders: ")


def test_the_check_compares_versions(opened: com.Book, alerts: Alerts) -> None:
    with_versions(opened, __version__, "0.0.1")
    press(opened, "check")
    assert alerts[-1][0] == "critical"
    assert "built with xlwings 0.0.1" in alerts[-1][1]
    opened.Worksheets(Sheet.XLWINGS).cells[2, 2] = xw.__version__
    press(opened, "check")
    assert alerts[-1][0] == "info"


def checked(opened: com.Book, alerts: Alerts) -> str:
    with_versions(opened, __version__, xw.__version__)
    press(opened, "check")
    mode, message = alerts[-1]
    assert mode == "info"
    return message


def test_the_check_writes_to_the_cache_and_leaves_nothing_there(
    opened: com.Book, alerts: Alerts, session: Session
) -> None:
    assert "The cache folder can be written." in checked(opened, alerts)
    assert list(session.settings.cache.iterdir()) == []
    session.settings.cache.rmdir()
    session.settings.cache.write_text("in its place", encoding="utf-8")
    assert "The cache folder cannot be written: Cannot make the folder cache" in checked(opened, alerts)


def test_the_check_asks_no_network_where_none_is_set_up(opened: com.Book, alerts: Alerts) -> None:
    assert checked(opened, alerts).endswith("is not set, so the web API was not asked.")


def test_the_check_asks_the_web_api_once(opened: com.Book, alerts: Alerts, session: Session) -> None:
    with StandIn(Api.of_files(read(HOLDINGS), read(COVARIANCE))) as fund_api:
        session.settings = replace(session.settings, api_url=fund_api.url)
        assert checked(opened, alerts).endswith(
            "The token for the risk model is not set. The web API answers."
        )
        fund_api.fail(Fault.UNAVAILABLE)
        press(opened, "check")
        assert "The web API was asked: " in alerts[-1][1]
        assert fund_api.requested == ["/health"] * 2


def test_a_workbook_of_another_making_is_told_what_it_lacks(book: com.Book, alerts: Alerts) -> None:
    press(book, "rebalance")
    assert alerts[-1][0] == "critical"
    assert "has no range named setting_fund" in alerts[-1][1]


@pytest.mark.parametrize("name", ["log", "help"])
def test_the_rest_has_something_to_say(opened: com.Book, alerts: Alerts, name: str) -> None:
    press(opened, name)
    assert alerts[-1][0] == "info"
