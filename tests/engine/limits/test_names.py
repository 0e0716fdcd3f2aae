"""Limits on single names, by known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.reachable import Reachable
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Factors

NAMES = ("A", "B", "C", "D")
"""Their betas to the ETF, which holds C and D alone, are 0.5, 0.7, 0.9 and 1.1."""


def rebalanced(target: float, **limits: Any) -> Rebalance:
    """Return a quarter in each name, at another beta; one factor, and no specific risk in the ETF's names."""
    loadings = np.array([[0.5], [0.7], [0.9], [1.1]]) * 0.2
    risk = Covariance(NAMES, Factors(loadings, np.array([0.03, 0.03, 0.0, 0.0])), Provenance.given(4))
    fund, etf = (
        Holdings.from_weights(dict.fromkeys(NAMES, 0.25)),
        Etf.from_weights({"C": 0.5, "D": 0.5}, name="E"),
    )
    constraints = Constraints.from_mapping(limits)
    return neutralise(
        Question(fund, [etf], risk, target=target, method=Method.REWEIGHT, constraints=constraints)
    )


def infeasible(target: float, **limits: Any) -> tuple[str, Reachable]:
    with pytest.raises(Infeasible) as caught:
        rebalanced(target, **limits)
    assert isinstance(caught.value.reachable, Reachable)
    return str(caught.value), caught.value.reachable


def test_a_cap_outside_the_etfs_leaves_their_names_free() -> None:
    result = rebalanced(0.95, long_only=True, upper_outside_etf=0.1)
    a, b, c, d = result.new_weights.tolist()
    # A and B are sold to the cap; C and D take the rest, c + d = 0.8 and 0.05 + 0.07 + 0.9 c + 1.1 d = 0.95.
    assert (a, b, c, d) == pytest.approx((0.1, 0.1, 0.25, 0.55))
    assert {"no weight outside the ETFs is above 0.1"} <= {one.name for one in result.checks()}
    assert "weight of every name outside the ETFs at most 0.1" in result.limits


def test_a_cap_outside_the_etfs_is_raised_as_far_as_the_target_needs() -> None:
    line, reach = infeasible(0.7, long_only=True, upper_outside_etf=0.2)
    # The lowest beta has 0.2 in each of A and B and 0.6 in C; with t in each, 1.2 t + 0.9 (1 - 2 t) = 0.7.
    assert reach.low[0] == pytest.approx(0.2 * 1.2 + 0.6 * 0.9)
    assert "long only with at most 20% a name outside the ETFs" in line
    found = {one.limit: one for one in reach.relaxations}
    assert found["upper_outside_etf"].amount == pytest.approx(1.0 / 3.0 - 0.2)
    assert found["upper_outside_etf"].sentence == "raise the cap outside the ETFs to 33.3%"


def test_a_lower_bound_above_the_cap_outside_the_etfs_names_the_weight() -> None:
    with pytest.raises(Infeasible, match=r"By the limits A weighs at least 30% and at most 20%"):
        rebalanced(0.8, lower={"A": 0.3}, upper_outside_etf=0.2)


def test_a_cap_of_a_group_is_on_each_of_its_names() -> None:
    limits = {"groups": {"G": ["A", "D"]}, "group_upper": {"G": "30%"}}
    result = rebalanced(0.85, long_only=True, **limits)
    weights = dict(zip(result.tickers, result.new_weights.tolist(), strict=True))
    assert rebalanced(0.85, long_only=True).new_weights[3] > 0.3
    assert weights["D"] == pytest.approx(0.3)
    assert weights["A"] <= 0.3
    assert {"no weight of group G is above 0.3"} <= {one.name for one in result.checks()}
    assert result.binding[0].limit == "D at its upper bound 0.3"


def test_a_cap_of_a_group_is_raised_as_far_as_the_target_needs() -> None:
    limits = {"groups": {"G": ["C", "D"]}, "group_upper": {"G": 0.4}}
    line, reach = infeasible(1.0, long_only=True, **limits)
    # The highest beta has 0.4 in each of C and D and 0.2 in B; t in each needs 2 t + 0.7 (1 - 2 t) = 1.
    assert reach.high[0] == pytest.approx(0.4 * 2.0 + 0.2 * 0.7)
    assert "long only with at most 40% a name of group G" in line
    found = {one.limit: one for one in reach.relaxations}
    assert found["cap of group G"].amount == pytest.approx(0.1)
    assert found["cap of group G"].sentence == "raise the cap of group G to 50.0%"
