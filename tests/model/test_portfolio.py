from __future__ import annotations

import math

import numpy as np
import pytest

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue
from betaneutral_xl.model.portfolio import AssetClass, Constituent, Etf, Holdings
from betaneutral_xl.model.provenance import Provenance


def test_a_weight_is_value_over_total_value_with_cash_counted() -> None:
    held = Holdings.from_positions(["AAPL", "BRK B"], [10, 5], [30.0, 100.0], cash_value=200.0)
    assert held.tickers == ("AAPL", "BRK.B")
    assert held.weights.tolist() == [0.3, 0.5]
    assert held.nav == 1000.0
    assert held.cash == 0.2


def test_a_short_position_has_a_negative_weight() -> None:
    held = Holdings.from_positions(["A", "B"], [30, -10], [10.0, 10.0])
    assert held.weights.tolist() == [1.5, -0.5]


@pytest.mark.parametrize("price", [math.nan, -1.0, 0.0, math.inf])
def test_an_invalid_price_is_refused_with_its_ticker(price: float) -> None:
    with pytest.raises(MissingValue, match=r"no positive price for B \(first: ") as caught:
        Holdings.from_positions(["A", "B"], [1, 1], [10.0, price], fund="quant")
    assert caught.value.tickers == ("B",)


def test_a_portfolio_of_total_value_zero_has_no_weights() -> None:
    with pytest.raises(MissingValue, match=r"worth 0\.00 in total"):
        Holdings.from_positions(["A", "B"], [1, -1], [10.0, 10.0])


def test_an_empty_fund_is_refused() -> None:
    with pytest.raises(InputError, match="Fund quant has no positions"):
        Holdings.from_positions([], [], [], fund="quant")


def test_two_spellings_of_one_ticker_are_a_duplicate_and_not_added_up() -> None:
    with pytest.raises(DuplicateTicker, match=r"list BRK\.B more than once"):
        Holdings.from_weights({"BRK B": 0.5, "BRK/B US": 0.5})


def test_weights_that_do_not_add_to_one_are_kept_with_a_warning() -> None:
    held = Holdings.from_weights({"A": 0.5, "B": 0.4})
    assert held.weights.tolist() == [0.5, 0.4]
    assert held.cash == pytest.approx(0.1)
    assert held.warnings == (
        "Weights of portfolio add to 0.9000, not 1: the other 0.1000 is taken as cash, nothing is rescaled.",
    )


def test_a_missing_weight_is_an_error_not_a_zero() -> None:
    with pytest.raises(MissingValue, match="No usable weight in the holdings of portfolio for B"):
        Holdings.from_weights({"A": 1.0, "B": math.nan})


def test_arrays_are_read_only(book: Holdings) -> None:
    with pytest.raises(ValueError, match="read-only"):
        book.weights[0] = 1.0


def test_the_callers_array_is_copied_and_stays_writable() -> None:
    mine = np.array([0.5, 0.5])
    held = Holdings("f", ("A", "B"), mine, Provenance.given(2))
    mine[0] = 9.0
    assert held.weights.tolist() == [0.5, 0.5]


def row(ticker: str, weight: float, kind: AssetClass = AssetClass.EQUITY) -> Constituent:
    return Constituent(ticker=ticker, weight=weight, asset_class=kind)


def test_an_etf_keeps_every_row_and_its_basket_is_the_equities() -> None:
    rows = (
        row("A", 0.6),
        row("", 0.1),
        row("USD", 0.25, AssetClass.CASH),
        row("B", math.nan),
        row("C", 0.05),
    )
    fund = Etf("AI", rows, Provenance.given(5))
    assert len(fund.constituents) == 5
    assert fund.tickers == ("A", "C")
    assert fund.weights.tolist() == [0.6, 0.05]
    assert fund.totals[AssetClass.CASH] == 0.25
    assert fund.totals[AssetClass.EQUITY] == pytest.approx(0.75)


@pytest.mark.parametrize("weight", [0.0, math.nan])
def test_an_etf_whose_weights_are_all_zero_or_missing_is_refused(weight: float) -> None:
    fund = Etf("AI", (row("A", weight), row("B", weight)), Provenance.given(2))
    with pytest.raises(MissingValue, match="ETF AI has no equity row with a ticker and a weight"):
        _ = fund.weights


def test_an_etf_with_two_companies_under_one_ticker_has_no_usable_basket() -> None:
    fund = Etf("WORLD", (row("MRK", 0.6), row("MRK", 0.4)), Provenance.given(2))
    assert len(fund.constituents) == 2
    with pytest.raises(DuplicateTicker, match="ETF WORLD list MRK more than once"):
        _ = fund.tickers


def test_an_etf_without_rows_is_refused() -> None:
    with pytest.raises(InputError, match="has no constituents"):
        Etf("AI", (), Provenance.given(0))


def test_an_etf_whose_weights_do_not_add_to_one_gets_a_warning_and_no_rescaling() -> None:
    fund = Etf.from_weights({"A": 0.6, "B": 0.2}, name="AI")
    assert fund.weights.sum() == pytest.approx(0.8)
    assert fund.warnings == ("Weights of ETF AI add to 0.8000, not 1; nothing is rescaled.",)
