"""The parts of a change of beta add up to it, whatever changed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from betaneutral_xl import Covariance, Etf, Holdings
from betaneutral_xl.engine.attribution import PARTS, Position, attribute, carry, split, through
from betaneutral_xl.errors import InputError

NAMES = ("A", "B", "C", "D")

prices = st.floats(1.0, 500.0)
shares = st.integers(1, 2_000).flatmap(lambda n: st.sampled_from([float(n), -n / 4.0]))
weights = st.lists(st.floats(0.05, 1.0), min_size=3, max_size=4)


def risk_of(seed: int, names: tuple[str, ...] = NAMES) -> Covariance:
    loadings = np.random.default_rng(seed).normal(0.2, 0.1, (len(names), len(names)))
    return Covariance.from_matrix(list(names), loadings @ loadings.T + 0.01 * np.eye(len(names)))


def etf_of(values: list[float]) -> Etf:
    total = sum(values)
    return Etf.from_weights({n: v / total for n, v in zip(NAMES, values, strict=False)}, name="AI")


def book_of(numbers: list[float], at: list[float], cash: float) -> Holdings:
    gross = sum(abs(n * p) for n, p in zip(numbers, at, strict=True))
    return Holdings.from_positions(NAMES, numbers, at, cash_value=cash + 2.0 * gross)


@settings(max_examples=40)
@given(
    numbers=st.lists(shares, min_size=8, max_size=8),
    at=st.lists(prices, min_size=8, max_size=8),
    baskets=st.tuples(weights, weights),
    seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)),
    missing=st.sampled_from(["", "A", "D"]),
)
def test_the_parts_add_up_to_the_change(
    numbers: list[float],
    at: list[float],
    baskets: tuple[list[float], list[float]],
    seeds: tuple[int, int],
    missing: str,
) -> None:
    first, second = (
        Position(
            book_of(numbers[4 * day : 4 * day + 4], at[4 * day : 4 * day + 4], 1e4),
            (etf_of(baskets[day]),),
            risk_of(seeds[day], tuple(one for one in NAMES if day or one != missing)),
        )
        for day in (0, 1)
    )
    carried = carry(first.holdings, second.holdings, {})
    assume(carried.holdings is not None)  # a short position can cost more than all others are worth
    (change,) = attribute(first, second, carried.holdings)
    assert change.before == first.betas()["AI"]
    assert change.after == second.betas()["AI"]
    assert set(change.parts) == set(PARTS)
    assert math.fsum(change.parts.values()) == pytest.approx(change.after - change.before, abs=1e-12)
    assert change.unexplained == pytest.approx(0.0, abs=1e-12)


def position(numbers: list[float], at: list[float], basket: list[float], seed: int) -> Position:
    return Position(
        Holdings.from_positions(NAMES, numbers, at, cash_value=1e4), (etf_of(basket),), risk_of(seed)
    )


START = ([100.0, 200.0, 300.0, 50.0], [10.0, 20.0, 30.0, 40.0], [0.4, 0.3, 0.3], 1)


@pytest.mark.parametrize(
    ("moved", "part"),
    [
        (([100.0, 200.0, 300.0, 50.0], [11.0, 20.0, 27.0, 40.0], [0.4, 0.3, 0.3], 1), "prices"),
        (([100.0, 250.0, 300.0, 50.0], [10.0, 20.0, 30.0, 40.0], [0.4, 0.3, 0.3], 1), "trades"),
        (([100.0, 200.0, 300.0, 50.0], [10.0, 20.0, 30.0, 40.0], [0.2, 0.3, 0.5], 1), "etf"),
        (([100.0, 200.0, 300.0, 50.0], [10.0, 20.0, 30.0, 40.0], [0.4, 0.3, 0.3], 2), "risk"),
    ],
)
def test_what_alone_changed_is_the_only_part(moved: tuple[list[float], ...], part: str) -> None:
    then, now = position(*START), position(*moved)  # type: ignore[arg-type] # rows of the table
    (change,) = attribute(then, now, carry(then.holdings, now.holdings, {}).holdings)
    assert {one for one in PARTS if abs(change.parts[one]) > 1e-12} == {part}


def test_a_split_is_neither_a_move_of_the_price_nor_a_trade() -> None:
    then = position(*START)
    now = position([1000.0, 200.0, 300.0, 50.0], [1.0, 20.0, 30.0, 40.0], [0.4, 0.3, 0.3], 1)
    carried = carry(then.holdings, now.holdings, {})
    (change,) = attribute(then, now, carried.holdings)
    assert max(map(abs, change.parts.values())) < 1e-12
    assert carried.notes == ("The shares of A look like a split 10 for 1, and are counted as such.",)


@pytest.mark.parametrize(("price", "told"), [(1.0, True), (6.5, False), (16.0, False), (17.0, True)])
def test_a_price_far_from_that_of_then_without_a_change_of_shares_is_told(price: float, told: bool) -> None:  # noqa: FBT001
    then = position(*START)
    now = position([100.0, 200.0, 300.0, 50.0], [price, 20.0, 30.0, 40.0], [0.4, 0.3, 0.3], 1)
    notes = carry(then.holdings, now.holdings, {}).notes
    assert bool(notes) is told
    assert all(one.startswith(f"Prices far from those of then: A from 10 to {price:g}.") for one in notes)


@pytest.mark.parametrize(
    ("numbers", "ratio"),
    [
        ((100.0, 400.0, 100.0, 26.0), 4.0),
        ((100.0, 400.0, 100.0, 99.0), 1.0),  # bought
        ((400.0, 100.0, 25.0, 99.0), 0.25),  # a reverse split
        ((100.0, 150.0, 10.0, 6.7), 1.0),  # no ratio of a split that is looked for
        ((0.0, 10.0, 1.0, 1.0), 1.0),
        ((100.0, -200.0, 10.0, 5.0), 1.0),
    ],
)
def test_a_split_has_the_ratio_of_shares_and_keeps_the_value(
    numbers: tuple[float, float, float, float], ratio: float
) -> None:
    assert split(*numbers) == ratio


def test_a_sold_name_without_a_price_is_said() -> None:
    then = position(*START)
    now = replace(then, holdings=Holdings.from_positions(["A"], [100.0], [12.0], cash_value=1e4))
    carried = carry(then.holdings, now.holdings, {"B": 21.0, "C": 30.0})
    assert carried.notes == ("No price today for D, no longer held: what it moved is among the trades.",)
    assert carried.holdings is not None
    assert carried.holdings.prices is not None
    assert carried.holdings.prices.tolist() == [12.0, 21.0, 30.0, 40.0]


def test_without_shares_prices_and_trades_are_one_part() -> None:
    weights = Holdings.from_weights({"A": 0.5, "B": 0.5})
    then = Position(weights, (etf_of([1.0, 1.0, 1.0]),), risk_of(1))
    now = replace(then, holdings=Holdings.from_weights({"A": 0.2, "B": 0.8}))
    carried = carry(then.holdings, now.holdings, {})
    (change,) = attribute(then, now, carried.holdings)
    assert math.isnan(change.parts["prices"])
    assert change.parts["trades"] == pytest.approx(change.total)
    assert "cannot be told apart" in carried.notes[0]


def test_other_etfs_have_no_common_beta() -> None:
    then = position(*START)
    now = replace(then, etfs=(Etf.from_weights({"A": 1.0}, name="BAI"),))
    with pytest.raises(InputError, match="no common beta"):
        attribute(then, now, None)


def test_a_position_in_the_etf_itself_has_its_beta_of_one() -> None:
    etf = etf_of([0.4, 0.3, 0.3])
    hedged = Holdings.from_weights({"D": 1.0, "AI": -0.5})
    alone = Holdings.from_weights({"D": 1.0})
    risk = risk_of(3)
    betas = [Position(one, (etf,), risk).betas()["AI"] for one in (hedged, alone)]
    assert betas[0] == pytest.approx(betas[1] - 0.5)
    seen = through(hedged, (etf,), risk)
    assert float(seen.weights.sum()) + seen.cash == pytest.approx(1.0)
    assert "counts as what the fund holds" in seen.warnings[-1]
    assert through(alone, (etf,), risk) is alone
