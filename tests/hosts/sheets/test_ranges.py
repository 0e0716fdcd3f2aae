from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl import Etf, Holdings, InputError
from betaneutral_xl.errors import FailedCell, MissingValue
from betaneutral_xl.hosts.sheets import cells, ranges
from betaneutral_xl.job import tables
from betaneutral_xl.model.portfolio import AssetClass

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Grid


def grid(rows: Any) -> Grid:
    return cells.read(rows, "the range")


@pytest.mark.parametrize(
    "rows",
    [
        [["A", 0.25], ["BRK B", 0.75]],
        [["ticker", "weight"], ["A", 0.25], ["BRK/B US", 0.75]],
        [["Weight %", "Symbol"], ["25%", "A"], ["75 %", "BRK-B"]],
        [["Ticker", "Shares", "Price"], ["A", 10.0, 5.0], ["BRK.B", 30.0, 5.0]],
        [["A", 10.0, 5.0], ["BRK.B", "30", 5.0]],
        [["ticker", "weight"], ["A", 0.25], [None, None], ["BRK B", 0.75]],
        [
            ["ticker", "shares", "price", "market_value", "weight"],
            ["A", 1.0, 5.0, 5.0, 0.25],
            ["BRK.B", 3.0, 5.0, 15.0, 0.75],
        ],
    ],
)
def test_a_portfolio_is_read_from_any_layout(rows: Any) -> None:
    holdings = tables.holdings(grid(rows))
    assert dict(zip(holdings.tickers, holdings.weights.tolist(), strict=True)) == {"A": 0.25, "BRK.B": 0.75}


def test_the_row_cash_is_the_cash_line() -> None:
    rows = [["ticker", "shares", "price", "market value"], ["A", 10.0, 5.0, 50.0], ["CASH", None, None, 50.0]]
    holdings = tables.holdings(grid(rows))
    assert (holdings.tickers, holdings.cash, holdings.nav) == (("A",), 0.5, 100.0)


@pytest.mark.parametrize(
    "rows",
    [
        [["ticker", "shares", "price"], ["A", 100.0, 50.0], ["CASH", 5000.0, 1.0]],
        [["ticker", "shares", "price"], ["A", 100.0, 50.0], ["CASH", 5000.0, None]],
        [["A", 100.0, 50.0], ["Cash", 5000.0, 1.0]],
        [
            ["ticker", "shares", "price", "market value"],
            ["A", 100.0, 50.0, None],
            ["CASH", 2500.0, 2.0, None],
        ],
        [
            ["ticker", "shares", "price", "market value"],
            ["A", 100.0, 50.0, 5000.0],
            ["CASH", 1.0, 1.0, 5000.0],
        ],
    ],
)
def test_cash_is_its_market_value_or_else_shares_times_price(rows: Any) -> None:
    holdings = tables.holdings(grid(rows))
    assert (holdings.tickers, holdings.cash, holdings.nav) == (("A",), 0.5, 10_000.0)


def test_cash_without_a_value_beside_priced_positions_is_refused() -> None:
    rows = [
        ["ticker", "shares", "price", "market value", "weight"],
        ["A", 1.0, 5.0, 5.0, 0.5],
        ["CASH", *[None] * 3, 0.5],
    ]
    with pytest.raises(MissingValue) as caught:
        tables.holdings(grid(rows))
    assert str(caught.value) == (
        "row 3, column 4 of the range has no value for CASH. Fill it in, or remove the row."
    )


def test_weights_with_a_cash_line_are_a_whole_portfolio() -> None:
    holdings = tables.holdings(grid([["ticker", "weight"], ["A", 0.9], ["CASH", 0.1]]))
    assert (holdings.tickers, holdings.cash, holdings.warnings) == (("A",), 0.1, ())
    short = tables.holdings(grid([["ticker", "weight"], ["A", 0.8], ["CASH", 0.1]]))
    assert short.cash == pytest.approx(0.2)
    assert "taken as cash" in short.warnings[0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [["ticker", "shares", "price"], [None, 10.0, 500.0], ["MSFT", 10.0, 400.0]],
            "row 2, column 1 of the range has no ticker beside its 10 (shares)",
        ),
        (
            [["weight", "ticker"], [0.4, "MSFT"], [0.6, None]],
            "row 3, column 2 of the range has no ticker beside its 0.6 (weight)",
        ),
        (
            [["ticker", "shares", "price", "market value"], ["A", 1.0, 5.0, 5.0], [None, None, None, 7.0]],
            "row 3, column 1 of the range has no ticker beside its 7 (market value)",
        ),
    ],
)
def test_a_position_without_a_ticker_is_refused_and_not_dropped(rows: Any, message: str) -> None:
    with pytest.raises(MissingValue) as caught:
        tables.holdings(grid(rows))
    assert str(caught.value) == f"{message}. Give the ticker, or CASH; or clear the row."


def test_rows_without_a_ticker_and_a_number_are_skipped() -> None:
    rows = [["ticker", "shares", "price"], ["A", 1.0, 5.0], [None, None, None], [None, 0.0, 0.0]]
    assert tables.holdings(grid(rows)).tickers == ("A",)


def test_weights_that_differ_from_shares_times_price_give_a_warning() -> None:
    rows: list[list[Any]] = [
        ["ticker", "shares", "price", "weight"],
        ["A", 10, 3.0, 0.3],
        ["B", 10, 7.0, 0.7],
    ]
    assert tables.holdings(grid(rows)).warnings == ()
    rows[2][3] = 0.6
    edited = tables.holdings(grid(rows))
    assert edited.weights.tolist() == pytest.approx([0.3, 0.7])
    assert edited.warnings == (
        "The weights of the range differ from its shares, prices and values for B: the weights are not used.",
    )


def test_the_provenance_of_a_range_is_its_name() -> None:
    origin = tables.holdings(grid([["A", 1.0]])).provenance
    assert (origin.source, origin.location, str(origin.retrieval)) == (
        "worksheet",
        "the range",
        "given in memory",
    )


def test_a_portfolio_survives_the_round_trip_through_cells() -> None:
    before = Holdings.from_positions(["A", "B"], [10.0, -4.0], [5.0, 2.5], cash_value=10.0)
    after = tables.holdings(grid(cells.rectangle(ranges.holdings_rows(before))))
    assert after.weights.tolist() == before.weights.tolist()
    assert (after.nav, after.cash) == (before.nav, before.cash)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["A"], ["B"]], "1 columns without a header"),
        ([["ticker", "name"], ["A", "x"]], "needs the columns ticker and weight"),
        ([["ticker", "weight"], ["A", 60_000.0], ["B", 40.0]], "neither fractions nor percent"),
        ([["A", 0.5], ["A", 0.5]], "lists A more than once"),
        ([["A", None], ["B", 0.5]], "row 1, column 2 of the range has no weight for A"),
        ([["ticker", "weight"], ["A", "half"]], "row 2, column 2 of the range is 'half', not a number"),
    ],
)
def test_an_invalid_portfolio_is_refused_with_place_and_reason(rows: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tables.holdings(grid(rows))


def test_an_error_cell_in_a_table_is_refused_with_its_place() -> None:
    with pytest.raises(FailedCell, match=r"row 1, column 2 of the range is #N/A"):
        tables.holdings(grid([["A", "#N/A"], ["B", 0.5]]))


@pytest.mark.parametrize(
    ("read", "rows"),
    [
        (tables.holdings, [["ticker", "weight", "#REF!"], ["A", 1.0, "tech"]]),
        (ranges.quotes, [["ticker", "price", "#REF!"], ["A", 1.0, "tech"]]),
        (tables.covariance, [["", "A", "#REF!"], ["A", 0.04, 0.01], ["#REF!", 0.01, 0.09]]),
        (tables.history, [["date", "A", "#REF!"], [45979.0, 1.0, 2.0], [45980.0, 1.1, 2.1]]),
    ],
)
def test_an_error_in_a_header_is_refused(read: Callable[[Grid], object], rows: Any) -> None:
    with pytest.raises(FailedCell, match=r"^row 1, column 3 of the range is #REF!"):
        read(grid(rows))


def read_etfs(rows: Any) -> list[Etf]:
    parts = ranges.side_by_side(grid(rows))
    return [etf for place, part in enumerate(parts, start=1) for etf in tables.etfs(part, place)]


@pytest.mark.parametrize(
    "rows",
    [
        [["ticker", "weight", "ticker", "weight"], ["A", 0.4, "B", 1.0], ["B", 0.6, None, None]],
        [
            ["ticker", "weight", None, "ticker", "weight"],
            ["A", 0.4, None, "B", 1.0],
            ["B", 0.6, None, None, None],
        ],
        [["A", 0.4, "B", 1.0], ["B", 0.6, None, None]],
        [
            ["weight", "ticker", None, "name", "weight", "ticker"],
            [0.4, "A", None, "Beta", 1.0, "B"],
            [0.6, "B", None, None, None, None],
        ],
        [["ticker", "ETF", "ETF 2"], ["A", 0.4, None], ["B", 0.6, 1.0]],
    ],
)
def test_several_etfs_are_read_side_by_side(rows: Any) -> None:
    first, second = read_etfs(rows)
    assert (first.name, second.name) == ("ETF", "ETF 2")
    assert dict(zip(first.tickers, first.weights.tolist(), strict=True)) == {"A": 0.4, "B": 0.6}
    assert dict(zip(second.tickers, second.weights.tolist(), strict=True)) == {"B": 1.0}


FAILED = "#BETA! There is no file 'AIQ.csv'. Give its folder."


@pytest.mark.parametrize(
    "rows",
    [
        [["ticker", "name", "weight", "class", None, FAILED], ["A", "Alpha", 1.0, "equity", None, None]],
        [["ticker", "weight", FAILED], ["A", 1.0, None]],
        [["A", 0.4, FAILED], ["B", 0.6, None]],
        [["ticker", "JHAI", "AIQ"], ["A", 0.4, FAILED], ["B", 0.6, FAILED]],
    ],
)
def test_the_error_of_one_of_several_etfs_is_passed_on(rows: Any) -> None:
    with pytest.raises(FailedCell) as caught:
        read_etfs(rows)
    assert str(caught.value) == FAILED


def test_an_error_of_the_spreadsheet_in_place_of_an_etf_is_refused() -> None:
    with pytest.raises(FailedCell, match=r"^row 1, column 4 of the range is #NAME\?\. Correct that cell"):
        read_etfs([["ticker", "weight", None, "#NAME?"], ["A", 1.0, None, None]])


def test_an_etf_is_named_by_the_header_of_its_weights() -> None:
    assert [
        etf.name for etf in read_etfs([["ticker", "JHAI", "AIQ"], ["A", 0.4, 1.0], ["B", 0.6, None]])
    ] == [
        "JHAI",
        "AIQ",
    ]


def test_rows_other_than_equity_are_not_in_the_basket() -> None:
    rows = [
        ["ticker", "name", "weight", "class"],
        ["A", "Alpha", 0.9, "equity"],
        [None, "Dollars", 0.1, "cash"],
    ]
    (etf,) = read_etfs(rows)
    assert etf.tickers == ("A",)
    assert len(etf.constituents) == 2


def test_the_weights_may_precede_the_tickers() -> None:
    (etf,) = read_etfs([["name", "weight", "ticker"], ["Alpha", 0.4, "A"], ["Beta", 0.6, "B"]])
    assert dict(zip(etf.tickers, etf.weights.tolist(), strict=True)) == {"A": 0.4, "B": 0.6}


def test_the_row_cash_of_an_etf_is_its_cash() -> None:
    (etf,) = read_etfs([["ticker", "weight"], ["A", 0.9], ["Cash", 0.1]])
    assert etf.tickers == ("A",)
    assert etf.totals == {AssetClass.EQUITY: 0.9, AssetClass.CASH: 0.1}


def test_a_constituent_without_a_weight_gives_a_warning() -> None:
    (etf,) = read_etfs([["ticker", "weight"], ["A", 1.0], ["B", None]])
    assert etf.warnings == ("Equities without a weight: 1: B.",)


def test_an_equity_without_a_ticker_gives_a_warning() -> None:
    rows = [["ticker", "name", "weight"], ["A", None, 0.7], [None, "Beta", 0.2], [None, None, 0.1]]
    (etf,) = read_etfs(rows)
    assert etf.warnings == (
        "Weights of ETF ETF add to 0.9000, not 1; nothing is rescaled.",
        "Rows that neither a class, a name, a ticker nor an identifier tells to be equities, not in the "
        "basket: 1 (weight 20.00%): Beta 20.00%.",
        "ETF ETF: 1 row has a number without a ticker or a name, in neither basket nor total "
        "(the first: row 4, column 1 of the range).",
    )


def test_tickers_are_read_from_row_column_or_cell_with_or_without_a_header() -> None:
    assert tables.tickers_of(grid([["ticker"], ["brk b"], [None], ["A"]])) == ("BRK.B", "A")
    assert tables.tickers_of(grid([["BRK-B", "A", "A"]])) == ("BRK.B", "A")
    assert tables.tickers_of(grid("A")) == ("A",)


def test_missing_numbers_are_written_as_blanks() -> None:
    rows = ranges.holdings_rows(Holdings.from_weights({"A": 1.0}))
    assert math.isnan(rows[1][1])
    assert cells.rectangle(rows)[1] == ("A", None, None, None, 1.0)
