from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.reachable import Reachable
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Factors

PAIR = {"G": ["A", "B"]}

NAMES = ("A", "B", "C", "D")
BETAS = np.array([0.5, 0.8, 1.2, 1.5])
"""One factor of variance 0.04 and an ETF in M, which is that factor."""


@pytest.fixture
def market() -> Covariance:
    """Return four stocks with these betas to M, M itself, and IWV, whose beta is 0.9."""
    loadings = np.append(BETAS, [1.0, 0.9])[:, None] * 0.2
    form = Factors(loadings, np.array([0.05] * 4 + [0.0, 0.01]))
    return Covariance((*NAMES, "M", "IWV"), form, Provenance.given(6))


@pytest.fixture
def fund() -> Holdings:
    """Return a quarter in each stock, whose beta is 1."""
    return Holdings.from_weights(dict.fromkeys(NAMES, 0.25))


@pytest.fixture
def etf() -> Etf:
    """Return the ETF that holds M alone."""
    return Etf.from_weights({"M": 1.0}, name="AI")


def refusal(
    fund: Holdings, etf: Etf, market: Covariance, target: float = 0.0, **limits: Any
) -> tuple[str, Reachable]:
    constraints = Constraints.from_mapping({"universe": "held", **limits})
    with pytest.raises(Infeasible) as caught:
        neutralise(
            Question(fund, [etf], market, target=target, method=Method.REWEIGHT, constraints=constraints)
        )
    assert isinstance(caught.value.reachable, Reachable)
    return str(caught.value), caught.value.reachable


def test_long_only_cannot_go_below_the_lowest_beta(fund: Holdings, etf: Etf, market: Covariance) -> None:
    line, reach = refusal(fund, etf, market, long_only=True)
    assert line.startswith("No weights reach beta 0.00 long only with the names that may be traded:")
    assert "the lowest is 0.50." in line
    assert reach.low[0] == pytest.approx(0.5)
    assert reach.high[0] == pytest.approx(1.5)
    np.testing.assert_allclose(reach.weights, [1.0, 0.0, 0.0, 0.0, 0.0], atol=1e-9)
    assert reach.hedge_legs["AI"] == pytest.approx(0.5)
    assert reach.benchmark is not None
    assert reach.benchmark[0] == "IWV"
    assert reach.benchmark[1] == pytest.approx(0.9)
    assert not reach.feasible


def test_with_caps_the_lowest_beta_is_a_fractional_knapsack(
    fund: Holdings, etf: Etf, market: Covariance
) -> None:
    _, reach = refusal(fund, etf, market, long_only=True, upper=0.4)
    # 0.4 each in A and B and 0.2 in C
    assert reach.low[0] == pytest.approx(0.4 * 0.5 + 0.4 * 0.8 + 0.2 * 1.2)
    assert set(reach.binding) == {
        "1 names at their lower bound",
        "2 names at their upper bound",
        "net exposure",
    }


def test_each_relaxation_is_the_smallest_sufficient_one(fund: Holdings, etf: Etf, market: Covariance) -> None:
    """Long only to beta 0.3: short s of D buys A; cash is A's; by hand."""
    _, reach = refusal(fund, etf, market, target=0.3, long_only=True)
    found = {one.limit: one for one in reach.relaxations}
    assert found["long_only"].amount == pytest.approx(0.2)  # 1.2 A - 0.2 D has beta 0.3
    assert found["long_only"].sentence == "allow 20.0% short"
    assert found["net"].amount == pytest.approx(0.4)  # 0.6 A has beta 0.3
    assert "universe" not in found  # M, whose beta is 1, does not help
    for limits, reachable in (({"net": 0.61}, False), ({"net": 0.59}, True)):
        attempt = Constraints.from_mapping({"universe": "held", "long_only": True, **limits})
        if reachable:
            neutralise(
                Question(fund, [etf], market, target=0.3, method=Method.REWEIGHT, constraints=attempt)
            ).check()
        else:
            with pytest.raises(Infeasible):
                neutralise(
                    Question(fund, [etf], market, target=0.3, method=Method.REWEIGHT, constraints=attempt)
                )


@pytest.mark.parametrize(
    ("limits", "name", "target"),
    [
        ({"turnover": 0.1}, "turnover", 0.6),
        ({"gross": 1.2}, "gross", 0.2),
        ({"long_only": True, "upper": 0.3}, "upper", 0.6),
        (
            {"lower": 0, "groups": {"G": ["A", "B"]}, "group_limits": {"G": [0.5, 0.6]}},
            "weight of group G",
            0.6,
        ),
    ],
)
def test_relaxations_are_sufficient_and_smaller_ones_are_not(
    fund: Holdings, etf: Etf, market: Covariance, limits: dict[str, Any], name: str, target: float
) -> None:
    _, reach = refusal(fund, etf, market, target=target, **limits)
    amount = {one.limit: one.amount for one in reach.relaxations}[name]
    for share, enough in ((1.0 - 1e-3, False), (1.0 + 1e-3, True)):
        eased = dict(limits)
        if name in {"turnover", "gross"}:
            eased[name] = amount * share
        elif name == "upper":
            eased[name] = limits[name] + amount * share
        else:
            eased["group_limits"] = {"G": [0.5 - amount * share, 0.6 + amount * share]}
        constraints = Constraints.from_mapping({"universe": "held", **eased})
        with nullcontext() if enough else pytest.raises(Infeasible):
            neutralise(
                Question(fund, [etf], market, target=target, method=Method.REWEIGHT, constraints=constraints)
            )


def test_contradicting_limits_are_reported_for_any_beta(fund: Holdings, etf: Etf, market: Covariance) -> None:
    line, reach = refusal(fund, etf, market, long_only=True, upper=0.2)
    assert line.startswith("The limits contradict each other (long only with at most 20% a name")
    assert math.isnan(reach.low[0])


@pytest.mark.parametrize("method", [Method.REWEIGHT, Method.LEAST_SQUARES, Method.FEWEST_TRADES])
def test_where_no_name_may_be_traded_the_beta_is_what_it_is(
    fund: Holdings, etf: Etf, market: Covariance, method: Method
) -> None:
    frozen = {"universe": "held", "frozen": list(NAMES)}
    with pytest.raises(Infeasible, match=r"the lowest is 1\.00\. Let 5 more names be traded"):
        neutralise(Question(fund, [etf], market, method=method, constraints=Constraints.from_mapping(frozen)))
    within = Constraints.from_mapping({**frozen, "beta": [0.9, 1.1]})
    result = neutralise(Question(fund, [etf], market, method=method, constraints=within))
    assert result.trades.tolist() == [0.0] * len(result.tickers)


def test_a_frozen_name_outside_its_bounds_is_refused(fund: Holdings, etf: Etf, market: Covariance) -> None:
    limits = Constraints.from_mapping({"frozen": ["D"], "upper": 0.2})
    with pytest.raises(Infeasible, match=r"D may not be traded .* 0.25 is outside its bounds"):
        neutralise(Question(fund, [etf], market, method=Method.REWEIGHT, constraints=limits))
