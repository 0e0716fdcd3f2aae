from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import replaced_com as com
import xlwings as xw

from betaneutral_xl import __version__
from betaneutral_xl.hosts.excel import ribbon
from betaneutral_xl.hosts.excel.excel_workbook import ExcelWorkbook
from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet
from betaneutral_xl.job import health
from betaneutral_xl.job.sample import COVARIANCE, HOLDINGS, read
from betaneutral_xl.network.stand_in import Api, Fault, StandIn

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Session


class Alerts(list[tuple[str, str]]):
    """The messages shown to the user, with their mode; and what the user answers to a question."""

    answer = "no"


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch, session: Session) -> Alerts:
    seen = Alerts()

    def alert(_: Any, prompt: str, *, title: str, buttons: str, mode: str) -> str:
        seen.append((mode, prompt))
        return seen.answer if buttons == "yes_no" else "ok"

    monkeypatch.setattr(xw.App, "alert", alert)
    monkeypatch.setattr(ribbon, "session", session)
    monkeypatch.setattr(health, "find_token", lambda settings: settings.token)  # not the user's keyring
    return seen


def press(book: com.Book, name: str) -> None:
    """Run the ribbon's callback: RunPython in the server of the functions."""
    from xlwings import com_server

    server: Any = com_server.XLPython()
    server.SetAttr(server.Module("xlwings._xlwindows"), "BOOK_CALLER", book)
    server.Exec(f"from betaneutral_xl.hosts.excel import ribbon; ribbon.press('{name}')", {})


def proposal(book: com.Book, sheet: str = Sheet.PROPOSAL) -> dict[tuple[int, int], Any]:
    cells: dict[tuple[int, int], Any] = book.Worksheets(sheet).cells
    return {at: value for at, value in cells.items() if at[0] >= PROPOSAL.headline and value is not None}


def test_rebalance_writes_a_proposal_at_once_and_reports_it(opened: com.Book, alerts: Alerts) -> None:
    sheet = opened.Worksheets(Sheet.PROPOSAL)
    press(opened, "rebalance")
    ((mode, message),) = alerts
    assert mode == "info"
    assert message.startswith("Beta to JHAI 0.52 +/- 0.34 -> 0.00 +/- 0.34; turnover 26.1%, 45 trades")
    assert sheet.cells[PROPOSAL.table, 1] == "Ticker"
    assert sheet.writes == 2  # one block is cleared, and one is written
    log = opened.Worksheets(Sheet.LOG).cells
    assert (log[5, 2], log[5, 3], log[5, 8]) == ("Rebalance", "done", " ".join(message.split()))
    assert sheet.activated


def test_the_state_of_excel_is_restored(opened: com.Book, alerts: Alerts) -> None:
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


def test_an_infeasible_target_is_explained_and_overwrites_nothing(opened: com.Book, alerts: Alerts) -> None:
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


def test_the_report_on_an_infeasible_target_has_no_proposal(
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
    assert message.endswith("says why, and proposes nothing.\n\nOpen it now?")
    (written,) = tmp_path.glob("betaneutral report *.xlsx")
    book = openpyxl.load_workbook(written, data_only=True)
    title = "Not feasible as asked: the lowest beta within the limits is 0.24"
    assert {sheet.oddHeader.left.text for sheet in book.worksheets if sheet.oddHeader} == {title}
    assert book["Summary"]["A1"].value == title


def test_a_protected_sheet_is_refused(opened: com.Book, alerts: Alerts) -> None:
    opened.Worksheets(Sheet.PROPOSAL).ProtectContents = True
    before = proposal(opened)
    press(opened, "rebalance")
    message = "The sheet Proposal is protected. Unprotect it: Review, Unprotect Sheet."
    assert alerts[-1] == ("critical", message)
    assert proposal(opened) == before


def all_cells(book: com.Book) -> dict[str, dict[tuple[int, int], Any]]:
    return {
        sheet.Name: {at: value for at, value in sheet.cells.items() if value is not None}
        for sheet in book.Worksheets
    }


@pytest.mark.parametrize("button", ["rebalance", "restore", "orders", "accept", "today", "refresh"])
def test_a_button_whose_nth_write_fails_has_changed_nothing(
    opened: com.Book, alerts: Alerts, tmp_path: Path, button: str
) -> None:
    for _ in range(2):
        press(opened, "rebalance")
    mine: dict[Any, Any] = opened.Worksheets(Sheet.PROPOSAL).cells
    row = PROPOSAL.table + 2
    mine.update({(row, 12): "FORMULA =1+1", (row, 13): "=1+1", (row, 14): "TRUE", (row, 15): True})
    mine.update({(row + 1, 12): datetime(2025, 11, 18), (row + 1, 13): "#N/A", (row + 1, 14): "'mine"})  # noqa: DTZ001 - a cell's
    before, application = all_cells(opened), opened.Application
    failures = 0
    while alerts[-1][0] == "info":
        failures += 1
        application.writes, application.failing_write = 0, failures
        press(opened, button)
        if application.writes < failures:
            break
        mode, message = alerts.pop()
        assert (mode, "Nothing was changed." in message) == ("critical", True), message
        assert as_numbers(all_cells(opened)) == as_numbers(before), failures
        assert application.Calculation == application.AUTOMATIC
        assert list(tmp_path.glob("*orders*")) == []
        assert [one for one in (tmp_path / "records").rglob("*") if one.is_file()] == []
    writes = {"rebalance": 5, "restore": 5, "orders": 1, "accept": 1, "today": 2, "refresh": 1}
    assert failures - 1 == writes[button]
    assert alerts[-1][0] == "info"


def as_numbers(sheets: dict[str, dict[tuple[int, int], Any]]) -> dict[str, dict[tuple[int, int], Any]]:
    """Return cells with dates as their numbers, which their format shows as dates."""
    return {
        name: {at: com.as_excel_gives_numbers(value) for at, value in cells.items()}
        for name, cells in sheets.items()
    }


def test_what_could_not_be_put_back_is_named(opened: com.Book, alerts: Alerts) -> None:
    press(opened, "rebalance")
    sheet = opened.Worksheets(Sheet.PROPOSAL)

    def write() -> None:
        raise com.ComError

    sheet.write = write
    press(opened, "rebalance")
    assert alerts[-1] == (
        "critical",
        "Excel did not let the workbook be written (ComError). The former content of Proposal could not be "
        "put back: close without saving.",
    )


def test_one_rebalance_makes_one_reading_and_one_writing(
    opened: com.Book, alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("read", "apply"):
        plain = getattr(ExcelWorkbook, name)

        def counted(book: ExcelWorkbook, given: Any, name: str = name, plain: Any = plain) -> Any:
            done.append(name)
            return plain(book, given)

        monkeypatch.setattr(ExcelWorkbook, name, counted)
    press(opened, "rebalance")
    assert done == ["read", "apply"]
    assert alerts[-1][0] == "info"


def test_inputs_from_the_sheets_give_the_same_as_fetching(opened: com.Book, alerts: Alerts) -> None:
    press(opened, "rebalance")
    fetched = proposal(opened)
    opened.Names("setting_inputs").RefersToRange.Value = "sheets"
    press(opened, "rebalance")
    assert alerts[-1][0] == "info"
    from_sheets = proposal(opened)
    row = PROPOSAL.table + 1
    assert [from_sheets[row, column] for column in (3, 4, 5)] == pytest.approx(
        [fetched[row, column] for column in (3, 4, 5)]
    )


def drop_names_without_risk(book: com.Book) -> None:
    cells = book.Worksheets(Sheet.SETTINGS).cells
    (row,) = [row for (row, column), value in cells.items() if (column, value) == (1, "On missing")]
    cells[row, 3] = "drop"


def test_text_from_outside_never_becomes_a_formula(opened: com.Book, alerts: Alerts) -> None:
    opened.Names("setting_inputs").RefersToRange.Value = "sheets"
    drop_names_without_risk(opened)
    opened.Worksheets(Sheet.HOLDINGS).cells[7, 1] = "@SUM(1+1)"
    press(opened, "rebalance")
    assert alerts[-1][0] == "info"
    cells = proposal(opened).values()
    assert "@SUM(1+1)" in cells
    assert not [cell for cell in cells if str(cell).startswith("FORMULA")]


@pytest.mark.parametrize("ticker", ["TRUE", "MAR-10", "1E5"])
def test_text_from_outside_never_becomes_a_number_date_or_boolean(
    opened: com.Book, alerts: Alerts, ticker: str
) -> None:
    opened.Names("setting_inputs").RefersToRange.Value = "sheets"
    drop_names_without_risk(opened)
    opened.Worksheets(Sheet.HOLDINGS).cells[7, 1] = ticker
    press(opened, "rebalance")
    assert alerts[-1][0] == "info"
    assert ticker in proposal(opened).values()
    assert not [cell for cell in proposal(opened).values() if isinstance(cell, bool | datetime)]


def test_the_date_of_a_source_stays_text(opened: com.Book, alerts: Alerts) -> None:
    press(opened, "rebalance")
    assert alerts[-1][0] == "info"
    assert "holdings.json (sample) as of 2025-11-18" in proposal(opened)[PROPOSAL.sources, 1]


def test_orders_and_report_are_written_beside_the_workbook(
    opened: com.Book, alerts: Alerts, tmp_path: Path
) -> None:
    press(opened, "orders")
    assert alerts[-1] == ("critical", "There is no proposal to make orders for. Press Rebalance first.")
    press(opened, "rebalance")
    press(opened, "orders")
    (orders,) = tmp_path.glob("betaneutral orders *.csv")
    text = orders.read_text(encoding="utf-8-sig")
    assert text.startswith("fund,quant_paper\nas of,2025-11-18\n")
    assert "\nticker,side,shares,price,notional\nTSM,SELL SHORT,2766," in text
    folder = tmp_path.name
    assert alerts[-1][1].startswith(
        f"Orders: 45 in {orders.name}, in the folder {folder}. After rounding to shares"
    )
    press(opened, "report")
    (report,) = tmp_path.glob("betaneutral report *.xlsx")
    assert alerts[-1][1].startswith(f"Report: {report.name}, in the folder {folder}.")


def test_files_of_a_workbook_in_the_cloud_are_in_the_folder_of_the_message(
    opened: com.Book, alerts: Alerts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "My Documents"
    documents.mkdir()
    monkeypatch.setattr("betaneutral_xl.hosts.excel.excel_workbook.user_documents_path", lambda: documents)
    opened.Path = "https://d.docs.live.net/0123456789abcdef/Desk"
    press(opened, "report")
    (report,) = documents.glob("betaneutral report *.xlsx")
    assert alerts[-1][1].startswith(f"Report: {report.name}, in the folder My Documents.")


def test_refresh_clears_the_results_and_recalculates(
    opened: com.Book, alerts: Alerts, session: Session
) -> None:
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


def test_every_button_works_and_reports_a_difference_of_versions(opened: com.Book, alerts: Alerts) -> None:
    with_versions(opened, "0.0.1", "0.0.2")
    press(opened, "rebalance")
    mode, message = alerts[-1]
    assert mode == "info"
    assert message.startswith("Beta to JHAI 0.52")
    assert f"built with betaneutral_xl 0.0.1, but {__version__} is installed; with xlwings 0.0.2" in message
    log = opened.Worksheets(Sheet.LOG).cells
    assert [log[row, 3] for row in (5, 6)] == ["done", "versions"]
    press(opened, "refresh")
    assert "betaneutral-xl workbook build" in alerts[-1][1]


def test_equal_versions_are_not_reported(opened: com.Book, alerts: Alerts) -> None:
    with_versions(opened, __version__, xw.__version__)
    press(opened, "rebalance")
    assert "built with" not in alerts[-1][1]
    assert (6, 3) not in opened.Worksheets(Sheet.LOG).cells


def test_orders_follow_edited_new_weights(opened: com.Book, alerts: Alerts, tmp_path: Path) -> None:
    press(opened, "rebalance")
    sheet = opened.Worksheets(Sheet.PROPOSAL).cells
    at = next(row for row in range(PROPOSAL.table + 1, 200) if sheet[row, 1] == "MSFT")
    sheet[at, 4] = 0.0
    press(opened, "orders")
    mode, message = alerts[-1]
    assert mode == "info"
    assert "New weights edited: MSFT; with them the beta is -0.02" in message
    (orders,) = tmp_path.glob("betaneutral orders *.csv")
    assert "\nMSFT,SELL,1834," in orders.read_text(encoding="utf-8-sig")


def test_buttons_read_cells_formatted_as_currency(opened: com.Book, alerts: Alerts) -> None:
    nav = next(one.RefersToRange for one in opened.Names if one.Name == "setting_nav")
    opened.Worksheets(Sheet.SETTINGS).cells[nav.Row, nav.Column] = Decimal("5000000.00")
    press(opened, "rebalance")
    cells = opened.Worksheets(Sheet.PROPOSAL).cells
    heads = {cells[PROPOSAL.table, column]: column for column in range(1, 10)}
    at = PROPOSAL.table + 1, heads["Trade value"]
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


def test_the_check_writes_to_the_cache_and_leaves_no_file(
    opened: com.Book, alerts: Alerts, session: Session
) -> None:
    assert "The cache folder can be written." in checked(opened, alerts)
    assert list(session.settings.cache.iterdir()) == []
    session.settings.cache.rmdir()
    session.settings.cache.write_text("in its place", encoding="utf-8")
    assert "The cache folder cannot be written: Cannot make the folder cache" in checked(opened, alerts)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_written_file_is_opened_only_if_the_user_wants_it(
    opened: com.Book, alerts: Alerts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(xw.main.Books, "open", lambda _, path: seen.append(path))
    alerts.answer = answer
    press(opened, "rebalance")
    assert not alerts[-1][1].endswith("Open it now?")
    press(opened, "orders")
    assert alerts[-1][1].endswith("\n\nOpen it now?")
    assert seen == (list(tmp_path.glob("* orders *.csv")) if answer == "yes" else [])


def test_the_check_does_not_contact_an_unconfigured_api(opened: com.Book, alerts: Alerts) -> None:
    assert checked(opened, alerts).endswith("is not set, so the web API was not contacted.")


def test_the_check_contacts_the_web_api_once(opened: com.Book, alerts: Alerts, session: Session) -> None:
    with StandIn(Api.of_files(read(HOLDINGS), read(COVARIANCE))) as fund_api:
        session.settings = replace(session.settings, api_url=fund_api.url)
        assert checked(opened, alerts).endswith(
            "The token for the risk model is not set. The web API responds."
        )
        fund_api.fail(Fault.UNAVAILABLE)
        press(opened, "check")
        assert "The web API does not respond: " in alerts[-1][1]
        assert fund_api.requested == ["/health"] * 2


def test_a_workbook_without_the_template_is_refused_with_what_is_missing(
    book: com.Book, alerts: Alerts
) -> None:
    press(book, "rebalance")
    assert alerts[-1][0] == "critical"
    message = alerts[-1][1]
    assert message.startswith("betaneutral.xlsm has no ranges named setting_fund, setting_as_of, ")
    assert message.endswith("Insert template, on the tab Beta Neutral, adds what Rebalance needs.")


@pytest.mark.parametrize("name", ["log", "help"])
def test_log_and_help_show_a_message(opened: com.Book, alerts: Alerts, name: str) -> None:
    press(opened, name)
    assert alerts[-1][0] == "info"


@pytest.mark.parametrize(("button", "word"), [("rebalance", "done"), ("orders", "error")])
def test_a_message_is_returned_for_excel_to_show_after_the_call(
    opened: com.Book, alerts: Alerts, button: str, word: str
) -> None:
    from xlwings import com_server

    server: Any = com_server.XLPython()
    server.SetAttr(server.Module("xlwings._xlwindows"), "BOOK_CALLER", opened)
    reply = server.Str(server.Call(server.Module("betaneutral_xl.hosts.excel.ribbon"), "run", (button,)))
    first, _, message = reply.partition("\n")
    assert first == word
    assert " ".join(message.split()) == opened.Worksheets(Sheet.LOG).cells[5, 8]
    assert alerts == []
