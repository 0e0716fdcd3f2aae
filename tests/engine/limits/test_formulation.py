"""The problem that limits make together, by known answers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from betaneutral_xl.engine.limits import limits_of
from betaneutral_xl.engine.limits.formulation import Formulation, formulate
from betaneutral_xl.engine.limits.names import LowerBounds, UpperBounds
from betaneutral_xl.errors import Infeasible, UnknownTicker
from betaneutral_xl.model.constraints import Constraints, Range
from betaneutral_xl.testing.limits import NAMES, aligned_market, posed


def problem_of(**limits: Any) -> Formulation:
    return posed(aligned_market(0), limits_of(Constraints.from_mapping(limits)), 0.5)


def test_without_limits_the_rows_are_net_exposure_and_beta() -> None:
    found = problem_of()
    assert found.problem.labels == ("net exposure", "beta to AI")
    np.testing.assert_allclose(found.problem.row_lower, [1.0, 0.5])
    np.testing.assert_array_equal(found.problem.row_lower, found.problem.row_upper)
    assert found.problem.size == 12
    assert math.isinf(found.problem.turnover)
    assert math.isinf(found.problem.gross)
    assert found.unit == 10.0


def test_every_limit_is_net_of_the_weights_that_may_not_be_traded() -> None:
    limits = {"gross": 1.5, "net": "0.8:1", "groups": {"G": ["N00", "N01"]}, "group_limits": {"G": 0.3}}
    found = problem_of(frozen=["N00"], **limits)
    w, beta = found.aligned.weights[0], found.betas[0, 0]
    assert found.tickers == NAMES[1:]
    assert found.problem.gross == pytest.approx(1.5 - w)
    assert found.problem.labels == ("net exposure", "weight of group G", "beta to AI")
    np.testing.assert_allclose(found.problem.row_lower, [0.8 - w, 0.3 - w, 0.5 - w * beta])
    np.testing.assert_allclose(found.problem.row_upper, [1.0 - w, 0.3 - w, 0.5 - w * beta])
    np.testing.assert_array_equal(found.problem.conditions[:, 1], [1.0] + [0.0] * 10)


def test_the_tighter_of_two_bounds_holds() -> None:
    found = problem_of(long_only=True, lower={"N01": 0.02}, upper={"*": 0.2, "N02": 0.3})
    np.testing.assert_array_equal(found.problem.lower, np.where(np.array(NAMES) == "N01", 0.02, 0.0))
    np.testing.assert_array_equal(found.problem.upper, np.where(np.array(NAMES) == "N02", 0.3, 0.2))


def test_a_cost_is_in_units_of_tracking_variance_and_prices_are_in_units_of_utility() -> None:
    found = problem_of(cost_bp=30, risk_aversion=4)
    assert found.problem.cost == pytest.approx(0.0030 / 4.0)
    assert found.unit == 4.0


def test_least_squares_has_the_identity_for_a_covariance() -> None:
    aligned = aligned_market(0)
    limits = limits_of(Constraints())
    found = formulate(aligned, limits, aligned.betas, [Range(0.0, 0.0)], squares=True)
    np.testing.assert_array_equal(found.problem.covariance.dense(), np.eye(12))
    assert found.unit == 1.0


@pytest.mark.parametrize(
    ("limits", "error", "words"),
    [
        ({"upper": {"ZZ": 0.1}}, UnknownTicker, "a limit for ZZ, which is in no portfolio"),
        ({"beta": {"SPY": 0.1}}, UnknownTicker, "a range of beta to SPY, but the ETFs are AI"),
        ({"frozen": ["N00"], "upper": 0.01}, Infeasible, "N00 may not be traded .* outside its bounds"),
    ],
)
def test_limits_that_do_not_fit_the_names_are_refused(
    limits: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        problem_of(**limits)


def test_bounds_of_two_limits_that_exclude_each_other_are_refused_with_the_name() -> None:
    """As ``Constraints`` they are refused before; those of other limits only here, where names are known."""
    limits = (LowerBounds({"N03": 0.3}), UpperBounds({"*": 0.2}))
    with pytest.raises(Infeasible, match=r"By the limits N03 weighs at least 30% and at most 20%"):
        posed(aligned_market(0), (*limits_of(Constraints()), *limits), 0.5)
