from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.hosts.files.workbook_file import FileWorkbook
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import Outcome, run_button
from betaneutral_xl.hosts.sheets.layout import LIMITS, OWN_PRICES, PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.model.values import option_name
from betaneutral_xl.system.settings import Settings

COLUMNS = {"ticker": 1, "trade": 3, "new_weight": 4, "weight": 5, "predicted_beta": 10}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    settings = Settings(cache=tmp_path_factory.mktemp("cache"))
    return template.build(Session(settings))


class Desk:
    """A workbook in a file: its settings, its proposal and its order lists."""

    def __init__(self, path: Path, session: Session) -> None:
        self.book, self.session, self.folder = FileWorkbook(path), session, path.parent

    def set(self, name: str, value: Any) -> None:
        """Set a setting."""
        sheet, cell = self.book._cells_of(f"setting_{name}")
        self.book._book[sheet][cell] = value

    def limit(self, name: str, value: Any) -> None:
        """Set a limit."""
        sheet, area = self.book._cells_of(LIMITS)
        next(row for row in self.book._book[sheet][area] if option_name(str(row[0].value)) == name)[
            2
        ].value = value

    def own_price(self, ticker: str, price: float) -> None:
        """Enter an own price."""
        sheet, area = self.book._cells_of(OWN_PRICES)
        row = self.book._book[sheet][area][1]
        row[0].value, row[1].value = ticker, price

    def press(self, name: str) -> Outcome:
        """Press a button."""
        return run_button(name, self.book, self.session)

    def proposed(self, ticker: str, column: str) -> Any:
        """Return a cell of the proposal."""
        sheet = self.book._book[Sheet.PROPOSAL]
        rows = sheet.iter_rows(min_row=PROPOSAL.table + 1)
        return next(row[COLUMNS[column] - 1] for row in rows if row[0].value == ticker)

    def beside(self) -> list[str]:
        """Return the notes of the proposal."""
        sheet = self.book._book[Sheet.PROPOSAL]
        rows = range(PROPOSAL.headline + 1, PROPOSAL.table)
        lines = [sheet.cell(row, PROPOSAL.notes).value for row in rows]
        return [str(line) for line in lines if line]

    def written(self) -> tuple[dict[str, str], list[dict[str, str]]]:
        """Return the head and the orders of the written file."""
        (path,) = self.folder.glob("* orders *.csv")
        about, table = path.read_text(encoding="utf-8-sig").split("\n\n")
        head = {row[0]: row[1] for row in csv.reader(io.StringIO(about))}
        return head, list(csv.DictReader(io.StringIO(table)))


@pytest.fixture
def desk(built: bytes, tmp_path: Path) -> Desk:
    path = tmp_path / "fund.xlsx"
    path.write_bytes(built)
    return Desk(path, Session(Settings(cache=tmp_path / "cache")))


def test_the_order_list_has_its_sources_and_consistent_totals(desk: Desk) -> None:
    assert desk.press("rebalance").error is None
    outcome = desk.press("orders")
    assert outcome.error is None
    about, orders = desk.written()
    assert (about["fund"], about["as of"]) == ("quant_paper", "2025-11-18")
    assert about["proposal"] == "quant_paper to JHAI: beta 0 by hedge"
    assert about["source of prices"].startswith(
        "Prices: 39 of the embedded sample (2025-11-18), 6 of holdings"
    )
    assert abs(float(about["beta to JHAI after the orders"])) < 1e-5
    assert about["warning"].startswith("Sample data, for trying things out")  # the last of them
    assert {order["side"] for order in orders} == {"SELL", "SELL SHORT"}
    paid = sum(float(order["notional"]) for order in orders)
    assert float(about["cash after"]) == pytest.approx(float(about["cash before"]) + paid, abs=1.0)
    for order in orders:
        value = int(order["shares"]) * float(order["price"])
        assert float(order["notional"]) == pytest.approx(value, abs=0.01)


def test_orders_without_prices_are_refused_with_every_name(desk: Desk) -> None:
    desk.set("prices", None)
    assert desk.press("rebalance").error is None
    assert desk.beside()[0].startswith("No orders: No price for 39 of 45 trades: ANET, APH")
    outcome = desk.press("orders")
    assert outcome.message.startswith("No price for 39 of the names to be traded: ANET, APH, APP")
    assert "WDAY" in outcome.message
    assert "Enter them on the sheet Orders (yellow cells), or set a price file" in outcome.message
    assert not list(desk.folder.glob("* orders *.csv"))


@pytest.mark.parametrize("ticker", ["nvda us", "MSFT"])
def test_an_invalid_price_is_not_reported_as_missing(desk: Desk, ticker: str) -> None:
    assert desk.press("rebalance").error is None
    desk.own_price(ticker, -5.0)
    outcome = desk.press("orders")
    assert outcome.message == (
        f"The price of {ticker.upper()[:4]} is not a positive number (your own prices: -5). "
        "Correct it, or leave it out."
    )


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("trade", "etf", "There is no kind of orders 'etf'"),
        ("lot", 2.5, "The lot is 2.5."),
        ("prices", "absent.csv", "absent.csv"),
        ("prices", None, "No price for 39 of 45 trades"),
    ],
)
def test_a_rebalance_without_orders_has_the_reason(desk: Desk, setting: str, value: Any, reason: str) -> None:
    desk.set(setting, value)
    outcome = desk.press("rebalance")
    assert outcome.error is None
    first, second, *_ = outcome.message.splitlines()
    assert first.endswith("45 trades; 2 warnings.")
    assert second.startswith("No orders: ")
    assert reason in second
    assert desk.beside()[0] == second


def test_a_rebalance_without_orders_names_the_invalid_own_price(desk: Desk) -> None:
    desk.own_price("NVDA", -5.0)
    message = desk.press("rebalance").message
    assert "\nNo orders: The price of NVDA is not a positive number (your own prices" in message


def test_an_own_price_overrides_all_others(desk: Desk) -> None:
    desk.own_price("nvda us", 200.0)
    desk.press("rebalance")
    desk.press("orders")
    about, orders = desk.written()
    assert {order["ticker"]: order["price"] for order in orders}["NVDA"] == "200.0"
    assert "1 of your own prices (of an unknown day)" in about["source of prices"]


def test_orders_of_edited_weights_have_their_beta_in_the_message(desk: Desk) -> None:
    desk.press("rebalance")
    beta = float(desk.proposed("MSFT", "predicted_beta").value)
    cell = desk.proposed("MSFT", "new_weight")
    left = cell.value - 0.01
    cell.value = left
    outcome = desk.press("orders")
    about, orders = desk.written()
    assert about["new weights edited"] == "MSFT"
    assert float(about["beta to JHAI of the new weights"]) == pytest.approx(-0.01 * beta, abs=1e-9)
    assert f"MSFT; with them the beta is {-0.01 * beta:.4f} to JHAI" in outcome.message
    shares = {order["ticker"]: int(order["shares"]) for order in orders}
    assert shares["MSFT"] * 490.682 == pytest.approx((0.09 - left) * 1e7, rel=0.01)


def test_a_restored_proposal_of_another_target_is_ordered_unchanged(desk: Desk) -> None:
    desk.press("rebalance")
    desk.set("target", 0.3)
    desk.press("rebalance")
    desk.press("restore")
    assert desk.press("orders").error is None
    about, _ = desk.written()
    assert about["new weights edited"] == "none"
    assert abs(float(about["beta to JHAI of the new weights"])) < 1e-9


@pytest.mark.parametrize(
    ("ticker", "column", "value", "message"),
    [
        ("MSFT", "weight", 0.2, "The inputs have changed since the proposal: Weight of MSFT is 0.2"),
        ("MSFT", "predicted_beta", 0.2, "Predicted beta of MSFT is 0.2 in the proposal and 0.5"),
        ("MSFT", "ticker", "MSFX", "MSFT, MSFX are only in one of them"),
        ("MSFT", "new_weight", None, "The proposal has no new weight for MSFT"),
        ("MSFT", "new_weight", "much", "New weight of MSFT in the proposal is 'much', not a number"),
        ("NTSK", "new_weight", 0.01, "No risk data for NTSK"),
    ],
)
def test_a_proposal_that_cannot_be_verified_is_refused(
    desk: Desk, ticker: str, column: str, value: Any, message: str
) -> None:
    desk.press("rebalance")
    desk.proposed(ticker, column).value = value
    outcome = desk.press("orders")
    assert outcome.error is not None
    assert message in outcome.message
    assert not list(desk.folder.glob("* orders *.csv"))


def test_the_hedge_can_be_ordered_in_the_etf(desk: Desk) -> None:
    desk.set("trade", "etfs")
    desk.press("rebalance")
    assert desk.beside()[0].startswith("Instead of the names: sell short ")
    desk.press("orders")
    _, (order,) = desk.written()
    assert (order["ticker"], order["side"]) == ("JHAI", "SELL SHORT")
    assert float(order["notional"]) == pytest.approx(0.5223 * 1e7, rel=1e-3)


def test_an_order_list_never_overwrites_another(desk: Desk) -> None:
    desk.press("rebalance")
    for _ in range(3):
        assert desk.press("orders").error is None
    assert len(list(desk.folder.glob("* orders *.csv"))) == 3


def test_orders_respect_the_smallest_order_and_the_lot(desk: Desk) -> None:
    desk.set("lot", 10.0)
    desk.set("min_notional", 50_000.0)
    desk.press("rebalance")
    outcome = desk.press("orders")
    assert "Left out as too small: " in outcome.message
    _, orders = desk.written()
    assert all(int(order["shares"]) % 10 == 0 for order in orders)


def test_the_users_own_columns_beside_the_proposal_are_ignored(desk: Desk) -> None:
    desk.press("rebalance")
    sheet = desk.book._book[Sheet.PROPOSAL]
    for column, head, cell in ((11, "trade comment", "keep"), (12, "New weight", 0.5), (13, "TRUE", "#N/A")):
        sheet.cell(PROPOSAL.table, column).value = head
        sheet.cell(PROPOSAL.table + 1, column).value = cell
    assert desk.press("orders").error is None
    assert desk.written()[0]["new weights edited"] == "none"


def test_a_negative_net_asset_value_makes_no_proposal(desk: Desk) -> None:
    desk.set("nav", -5e6)
    outcome = desk.press("rebalance")
    assert outcome.message.startswith("The net asset value is -5,000,000. Give a positive amount")
    assert not any(desk.beside())


def test_prices_are_read_from_the_sheet_if_the_inputs_are(desk: Desk) -> None:
    desk.set("inputs", "sheets")
    sheet = desk.book._book[Sheet.ORDERS]
    row = next(row for row in sheet.iter_rows(min_row=7, max_col=2) if row[0].value == "TSM")
    row[1].value = 300.0
    desk.press("rebalance")
    desk.press("orders")
    _, orders = desk.written()
    assert {order["ticker"]: order["price"] for order in orders}["TSM"] == "300.0"


def test_the_message_of_a_report_has_its_difference_to_the_proposal(desk: Desk) -> None:
    assert "proposal" not in desk.press("report").message
    desk.press("rebalance")
    assert "proposal" not in desk.press("report").message
    cell = desk.proposed("AAPL", "new_weight")
    kept = cell.value
    cell.value = 0.01
    assert desk.press("report").message.endswith(
        "It is for the current settings; the proposal on the sheet differs in 1 new weight, most in AAPL: "
        f"1.00% on the sheet, {kept:.2%} in the report."
    )
    cell.value = None
    assert "most in AAPL: blank on the sheet" in desk.press("report").message
    cell.value = "much"
    outcome = desk.press("report")
    assert outcome.error is None
    assert "cannot be compared: New weight of AAPL in the proposal is 'much'" in outcome.message
    cell.value = kept
    desk.set("target", 0.3)
    assert "the proposal on the sheet differs in 4" in desk.press("report").message  # 45 names


def test_orders_of_weights_that_violate_a_limit_name_it(desk: Desk) -> None:
    desk.set("method", "reweight")
    desk.limit("long_only", "TRUE")
    desk.limit("upper", "15%")
    desk.press("rebalance")
    assert "limits" not in desk.press("orders").message
    about, _ = desk.written()
    assert about["limits broken"] == "none"
    next(desk.folder.glob("* orders *.csv")).unlink()
    desk.proposed("AAPL", "new_weight").value = -0.3
    desk.proposed("MSFT", "new_weight").value = 0.2
    outcome = desk.press("orders")
    line = "no weight is below zero (off by 0.3); no weight is above its upper bound (off by 0.05)"
    assert f"Limits violated: {line}." in outcome.message
    about, _ = desk.written()
    assert about["limits broken"] == line


def test_orders_of_names_outside_the_universe_name_the_limit(desk: Desk) -> None:
    desk.set("method", "reweight")
    desk.limit("universe", "held")
    desk.press("rebalance")
    desk.proposed("TSM", "new_weight").value = 0.01
    assert "only held names are traded (off by 0.01)" in desk.press("orders").message


def test_the_proposal_has_the_groups_of_its_names_where_they_are_known(desk: Desk, tmp_path: Path) -> None:
    desk.press("rebalance")
    heads = [cell.value for cell in desk.book._book[Sheet.PROPOSAL][PROPOSAL.table]]
    assert "Groups" not in heads
    fund = tmp_path / "fund.csv"
    fund.write_text(
        "ticker,shares,price,sector,country\nTSM,100,275,Semiconductors,TW\nMSFT,100,490,Software,\n"
        "NVDA,10,180,,\nCASH,5000,1,,\n",
        encoding="utf-8",
    )
    desk.set("fund", str(fund))
    assert desk.press("rebalance").error is None
    sheet = desk.book._book[Sheet.PROPOSAL]
    place = [cell.value for cell in sheet[PROPOSAL.table]].index("Groups")
    found = {
        row[0]: row[place] for row in sheet.iter_rows(min_row=PROPOSAL.table + 1, values_only=True) if row[0]
    }
    assert (found["TSM"], found["MSFT"], found["NVDA"]) == ("Semiconductors, TW", "Software", None)
    assert desk.press("orders").error is None
