"""The market leg: what it is, what it leaves, and what refuses it."""

from __future__ import annotations

import numpy as np
import pytest

from betaneutral_xl.engine.compare import compare, drift_sentence
from betaneutral_xl.engine.hedging import Legs
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.order_terms import Tradable
from betaneutral_xl.engine.orders import Ticket, orders_in
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import Infeasible, InputError, MissingPrice, UnknownTicker
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.market import Market
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance

NAMES = ("A", "B", "C", "D", "IWV", "JHAI")
METHODS = (Method.REWEIGHT, Method.LEAST_SQUARES, Method.FEWEST_TRADES)


def risk(names: tuple[str, ...] = NAMES, *, own_row: bool = False) -> Covariance:
    rng = np.random.default_rng(5)
    loadings = np.column_stack([1.0 + 0.3 * rng.normal(size=6), 0.5 * rng.normal(size=6)])
    loadings[4], loadings[5] = (1.0, 0.0), (1.2, 0.3)
    matrix = 0.03 * loadings @ loadings.T + np.diag([0.05, 0.04, 0.06, 0.05, 0.001, 0.01])
    kept = [NAMES.index(name) for name in names if own_row or name != "JHAI"]
    return Covariance.from_matrix([NAMES[i] for i in kept], matrix[np.ix_(kept, kept)], effective_days=120.0)


BOOK = Holdings.from_weights({"A": 0.5, "B": 0.3, "D": 0.2})
ETF = Etf.from_weights({"A": 0.2, "B": 0.3, "C": 0.5}, name="JHAI")


def solve(share: float, *, own_row: bool = False, **options: object) -> Rebalance:
    market = Market.of("IWV", share)
    return neutralise(Question(BOOK, [ETF], risk(own_row=own_row), market=market, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_market_leg_is_its_share_of_the_leg_in_the_hedge_of_both(share: float) -> None:
    both = neutralise(Question(BOOK, [ETF, Etf.from_weights({"IWV": 1.0}, name="IWV")], risk()))
    result = solve(share)
    v = risk().form.dense()
    f, m, w = np.array([0.2, 0.3, 0.5, 0.0, 0.0]), np.eye(5)[4], np.array([0.5, 0.3, 0.0, 0.2, 0.0])
    left = w - result.market_ratio * m
    closing = (f @ v @ left) / (f @ v @ f)
    assert result.market_ratio == pytest.approx(share * both.hedge_ratios[1], rel=1e-12)
    assert result.hedge_ratios[0] == pytest.approx(closing, rel=1e-12)
    assert result.new_weights == pytest.approx(left - closing * f, abs=1e-12)


def test_whole_market_leg_leaves_neither_beta() -> None:
    result = solve(1.0)
    assert result.after.beta["JHAI"] == pytest.approx(0.0, abs=1e-12)
    assert result.after.market_beta == pytest.approx(0.0, abs=1e-12)


def test_share_zero_is_the_hedge_by_the_etf_alone() -> None:
    alone = neutralise(Question(BOOK, [ETF], risk()))
    result = solve(0.0)
    assert result.market_ratio == 0.0
    assert dict(zip(result.tickers, result.new_weights, strict=True)) == {
        **dict(zip(alone.tickers, alone.new_weights, strict=True)),
        "IWV": 0.0,
    }


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_market_beta_left_is_in_proportion_to_the_leg_that_is_not_sold(share: float) -> None:
    assert solve(share).after.market_beta == pytest.approx(
        (1.0 - share) * solve(0.0).after.market_beta, abs=1e-12
    )


@pytest.mark.parametrize("method", METHODS)
def test_share_of_a_reference_portfolio_is_not_applied_again_to_what_is_held(method: Method) -> None:
    once = solve(0.5, method=method)
    weights = dict(zip(once.tickers, once.new_weights.tolist(), strict=True))
    held = Holdings.from_weights({name: weight for name, weight in weights.items() if weight})
    market = Market.of("IWV", 0.5)
    again = neutralise(Question(held, [ETF], risk(), method=method, reference=BOOK, market=market))
    assert once.after.market_beta == pytest.approx(0.5 * once.before.market_beta, abs=1e-9)
    assert again.after.market_beta == pytest.approx(once.after.market_beta, abs=1e-9)


def test_names_sold_in_place_of_an_etf_with_its_own_row_leave_no_market_beta_either() -> None:
    result = solve(1.0, own_row=True)
    assert result.after.beta["JHAI"] == pytest.approx(0.0, abs=1e-12)
    assert result.after.market_beta == pytest.approx(0.0, abs=1e-12)
    assert solve(0.0, own_row=True).new_weights[:4] == pytest.approx(
        neutralise(Question(BOOK, [ETF], risk(own_row=True))).new_weights, abs=1e-15
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_reweighting_moves_the_market_beta_that_share_of_the_way_to_zero(
    method: Method, share: float
) -> None:
    result = solve(share, method=method, constraints=Constraints.from_mapping({"net": "-1:1"}))
    assert result.after.market_beta == pytest.approx((1.0 - share) * result.before.market_beta, abs=1e-9)
    assert result.after.beta["JHAI"] == pytest.approx(0.0, abs=1e-9)
    assert "IWV" not in result.traded
    assert any("market beta" in check.name for check in result.checks())


def test_market_of_a_holdings_file_is_its_covered_names_scaled() -> None:
    fund = Etf.from_weights({"A": 0.4, "B": 0.3, "D": 0.1, "ZZZ": 0.2}, name="MKT")
    result = neutralise(Question(BOOK, [ETF], risk(), market=Market.of(fund)))
    market = result.aligned.market
    assert market is not None
    assert market.covered == pytest.approx(0.8)
    assert float(market.unit.sum()) == pytest.approx(1.0)
    assert result.after.market_beta == pytest.approx(0.0, abs=1e-12)
    assert "ZZZ" not in result.tickers


def test_market_of_a_holdings_file_is_its_own_row_where_the_risk_model_has_it() -> None:
    fund = Etf.from_weights({"A": 0.4, "B": 0.3, "C": 0.1, "D": 0.2}, name="IWV")
    result = neutralise(Question(BOOK, [ETF], risk(), market=Market.of(fund)))
    assert result.new_weights == pytest.approx(solve(1.0).new_weights, abs=1e-15)


def test_market_that_the_risk_model_lacks_is_refused() -> None:
    with pytest.raises(UnknownTicker, match="The market QQQQ is not in the risk model"):
        neutralise(Question(BOOK, [ETF], risk(), market=Market.of("QQQQ")))


def test_market_that_is_the_etf_is_refused() -> None:
    with pytest.raises(InputError, match="is the ETF itself"):
        neutralise(Question(BOOK, [ETF], risk(own_row=True), market=Market.of("JHAI")))


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_share_outside_zero_to_one_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="market share"):
        Market.of("IWV", share)


def test_scaled_sells_no_market_leg() -> None:
    with pytest.raises(InputError, match="no market leg"):
        solve(0.5, method=Method.SCALED)


def test_legs_limit_the_market_leg_too() -> None:
    result = solve(1.0, legs=Legs(limit=0.2))
    assert abs(result.market_ratio) <= 0.2 + 1e-12
    assert abs(result.hedge_ratios[0]) <= 0.2 + 1e-12


PRICES = {"A": 50.0, "B": 40.0, "C": 30.0, "D": 20.0, "IWV": 300.0, "JHAI": 45.0}


@pytest.mark.parametrize(("trade", "names"), [(Tradable.NAMES, "ABC"), (Tradable.ETFS, ("JHAI",))])
def test_orders_include_the_market_leg(trade: Tradable, names: tuple[str, ...]) -> None:
    result = solve(1.0)
    orders = orders_in(trade, result, Ticket(prices=PRICES, nav=1e9))
    by_name = {order.ticker: order.signed_shares for order in orders.orders}
    assert set(by_name) == {*names, "IWV"}
    assert by_name["IWV"] == pytest.approx(-result.market_ratio * 1e9 / 300.0, abs=1.0)
    assert orders.beta["JHAI"] == pytest.approx(0.0, abs=1e-6)


def test_market_leg_without_a_price_has_no_orders() -> None:
    unpriced = {name: price for name, price in PRICES.items() if name != "IWV"}
    with pytest.raises(MissingPrice, match="IWV"):
        orders_in(Tradable.NAMES, solve(1.0), Ticket(prices=unpriced, nav=1e6))


def test_comparison_has_half_and_the_whole_market_leg_of_a_market_fund() -> None:
    found = {
        one.name: one for one in compare(Question(BOOK, [ETF], risk(), constraints=Constraints(cost_bp=10.0)))
    }
    alone = found["hedge by the ETF"]
    half = found["hedge by the ETF and half the market leg"]
    whole = found["hedge by the ETF and the whole market leg"]
    assert half.market_beta == pytest.approx(alone.market_beta / 2.0)
    assert whole.market_beta == pytest.approx(0.0, abs=1e-12)
    assert whole.cost > half.cost > alone.cost > 0.0
    assert whole.turnover == pytest.approx(
        (abs(solve(1.0).market_ratio) + abs(solve(1.0).hedge_ratios[0])) / 2.0
    )
    assert whole.volatility == pytest.approx(solve(1.0).after.volatility)
    sentence = drift_sentence(list(found.values()), "JHAI")
    assert f"{alone.market_beta:.2f} after selling the ETF alone, 0.00 with" in sentence


def test_comparison_without_a_market_has_none() -> None:
    found = compare(Question(BOOK, [ETF], risk(("A", "B", "C", "D"))))
    assert not any("market leg" in one.name for one in found)
    assert not drift_sentence(found, "JHAI")


def test_comparison_has_the_share_that_is_required() -> None:
    found = compare(Question(BOOK, [ETF], risk(), market=Market.of("IWV", 0.25)))
    assert "hedge by the ETF and 25% of the market leg" in [one.name for one in found]


def test_hedge_of_two_etfs_with_a_market_leg() -> None:
    second = Etf.from_weights({"C": 0.5, "D": 0.5}, name="TWO")
    market = Market.of("IWV", 0.5)
    result = neutralise(
        Question(BOOK, [ETF, second], risk(), market=market, target={"JHAI": 0.1, "TWO": 0.2})
    )
    assert result.after.beta == pytest.approx({"JHAI": 0.1, "TWO": 0.2}, abs=1e-10)


def test_comparison_of_a_long_only_portfolio_at_the_markets_beta_sells_no_market_leg() -> None:
    etf = Etf.from_weights({"B": 0.5, "D": 0.5}, name="JHAI")
    found = {one.name: one for one in compare(Question(BOOK, [etf], risk(), market=Market.of("IWV")))}
    alone = {one.name: one for one in compare(Question(BOOK, [etf], risk()))}
    name = "long only, aiming at IWV"
    assert not found[name].note
    assert found[name].beta == alone[name].beta
    assert found["reweight"].market_beta == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_a_market_leg_that_makes_a_target_infeasible_is_named_with_the_share_that_does_not(
    share: float,
) -> None:
    limits = Constraints.from_mapping({"long_only": True})
    with pytest.raises(Infeasible) as caught:
        solve(share, method=Method.REWEIGHT, target=0.8, constraints=limits)
    left = (1.0 - share) * solve(0.0).before.market_beta
    assert f"long only with the market beta to IWV at {left:.2f}" in str(caught.value)
    assert caught.value.reachable is not None
    most = next(one for one in caught.value.reachable.relaxations if one.limit == "market_share").amount
    assert 0.0 <= most < share
    solve(most - 1e-6, method=Method.REWEIGHT, target=0.8, constraints=limits)
    with pytest.raises(Infeasible):
        solve(most + 1e-3, method=Method.REWEIGHT, target=0.8, constraints=limits)


def test_a_hedge_whose_names_are_not_the_etf_in_proportion_says_how_both_are_traded() -> None:
    (note,) = [one for one in solve(1.0, own_row=True).notes if "shares of JHAI" in one]
    result = solve(1.0, own_row=True)
    in_names = result.new_weights[result.tickers.index("IWV")]
    assert f"{result.hedge_ratios[0]:.2%} of net assets in shares of JHAI" in note
    assert f"{result.market_ratio:.2%} in IWV" in note
    assert f"{-in_names:.2%} in IWV" in note
    assert abs(in_names + result.market_ratio) > 1e-3
    assert not any("shares of JHAI" in one for one in solve(1.0).notes)
