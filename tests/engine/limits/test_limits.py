"""Every limit keeps to the contract of limits, and reweighting keeps to every limit."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from relaxed_limits import EASED, eased

from betaneutral_xl.engine.limits import LIMITS, describe, limits_of, sentences
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.optimisation.quadratic import MAX_TRADE
from betaneutral_xl.engine.reachable import Reachable
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import Infeasible, InputError
from betaneutral_xl.model.constraints import UNLIMITED, Constraints
from betaneutral_xl.testing import check_limit
from betaneutral_xl.testing.limits import (
    NAMES,
    TARGETS,
    aligned_market,
    checks_of,
    is_feasible,
    market,
    posed,
)

if TYPE_CHECKING:
    from betaneutral_xl.engine.limits import Limit

EXAMPLES: dict[str, tuple[dict[str, Any], ...]] = {
    "LongOnly": ({"long_only": True},),
    "LowerBounds": ({"lower": -0.05}, {"lower": {"*": -0.1, "N01": 0.01}}, {"lower": {"N11": 0.02}}),
    "UpperBounds": ({"upper": 0.3}, {"upper": {"*": 0.25, "N02": 0.4}}),
    "UpperOutsideEtf": ({"upper_outside_etf": 0.05},),
    "GroupUpper": ({"groups": {"H": ["N02", "N09"]}, "group_upper": {"H": 0.05}},),
    "Frozen": ({"frozen": ["N00", "N05"]},),
    "TradedUniverse": ({"universe": "held"}, {"universe": "etf"}),
    "NetExposure": ({}, {"net": "0.2:0.6"}, {"net": 0}),
    "BetaRanges": ({"beta": "0.2:0.4"}, {"beta": {"AI": ":0.1"}}),
    "Turnover": ({"turnover": 0.4},),
    "GrossExposure": ({"gross": 1.2},),
    "GroupWeight": ({"groups": {"G": NAMES[:5]}, "group_limits": {"G": "0.1:0.2"}},),
    "TradingCost": ({"cost_bp": 30}, {"cost_bp": 30, "risk_aversion": 3}),
    "MaxTrades": ({"max_trades": 4},),
    "MinTrade": ({"min_trade": 0.02},),
}
"""Values of each limit, by class."""

SET = [
    pytest.param(kind, values, id=f"{kind} {values}") for kind, many in EXAMPLES.items() for values in many
]


def made(kind: str, values: dict[str, Any]) -> Limit:
    (limit,) = [one for one in limits_of(Constraints.from_mapping(values)) if type(one).__name__ == kind]
    return limit


def test_every_class_of_limits_has_an_example() -> None:
    assert list(EXAMPLES) == [kind.__name__ for kind in LIMITS]


def test_every_field_of_constraints_is_of_a_limit() -> None:
    assert {key for many in EXAMPLES.values() for one in many for key in one} == {
        one.name for one in fields(Constraints)
    }


@pytest.mark.parametrize(("kind", "values"), SET)
@pytest.mark.parametrize("seed", range(2))
def test_every_limit_keeps_to_the_contract(kind: str, values: dict[str, Any], seed: int) -> None:
    check_limit(made(kind, values), seed)


@pytest.mark.parametrize(("kind", "values"), SET)
def test_values_make_the_limits_that_they_name_and_no_others(kind: str, values: dict[str, Any]) -> None:
    found = {type(one).__name__ for one in limits_of(Constraints.from_mapping(values))}
    assert found == {kind, "NetExposure"}


def test_without_limits_the_net_exposure_is_kept_and_nothing_is_said() -> None:
    assert [type(one).__name__ for one in limits_of(UNLIMITED)] == ["NetExposure"]
    assert sentences(limits_of(UNLIMITED)) == ()
    assert describe(limits_of(UNLIMITED)) == "with the net exposure kept"


@st.composite
def requests(draw: st.DrawFn) -> tuple[Constraints, float, int]:
    """Return two to four limits of different classes, a target, and a seed of the market."""
    chosen = draw(st.lists(st.sampled_from(sorted(EXAMPLES)), min_size=2, max_size=4, unique=True))
    target = draw(st.sampled_from(TARGETS))
    values: dict[str, Any] = {}
    for kind in chosen:
        more = draw(st.sampled_from(EXAMPLES[kind]))
        groups = {**values.get("groups", {}), **more.get("groups", {})}
        values |= more | ({"groups": groups} if groups else {})
    if "BetaRanges" in chosen:
        target = 0.0
    try:
        constraints = Constraints.from_mapping(values)
    except InputError:  # two that contradict each other
        assume(False)  # noqa: FBT003 - its only parameter
        raise
    return constraints, target, draw(st.integers(0, 1000))


@settings(max_examples=30)
@given(request_=requests())
def test_a_solution_passes_the_checks_of_every_limit_and_each_relaxation_helps(
    request_: tuple[Constraints, float, int],
) -> None:
    constraints, target, seed = request_
    fund, etf, risk = market(seed)
    aligned = aligned_market(seed)
    try:
        result = neutralise(
            Question(fund, [etf], risk, target=target, method=Method.REWEIGHT, constraints=constraints)
        )
    except Infeasible as error:
        found = error.reachable
        if found is None:  # the number or size of trades, or a name that stays outside its bounds
            return
        assert isinstance(found, Reachable)
        for one in found.relaxations:
            wider = limits_of(eased(constraints, one.limit, one.amount, aligned))
            assert is_feasible(posed(aligned, wider, target)), one
        return
    for limit in limits_of(constraints):
        assert all(one.passed for one in checks_of(limit, aligned, result.new_weights)), limit


def test_a_search_for_few_trades_passes_over_weights_of_thousands_of_percent() -> None:
    """Names of nearly equal betas reach any target against each other, at weights that nobody would hold."""
    fund, etf, risk = market(2)
    four = Constraints(upper_outside_etf=0.05, max_trades=4, min_trade=0.02)
    with pytest.raises(Infeasible, match=r"at most 4 trades of at least 0\.02 each"):
        neutralise(Question(fund, [etf], risk, target=0.0, method=Method.REWEIGHT, constraints=four))
    six = neutralise(
        Question(
            fund, [etf], risk, target=0.0, method=Method.REWEIGHT, constraints=replace(four, max_trades=6)
        )
    )
    assert np.abs(six.trades).max() < MAX_TRADE


def test_every_relaxation_can_be_applied() -> None:
    """The limits that offer a relaxation are those that ``eased`` knows, so that the test above is whole."""
    names = set()
    for kind, many in EXAMPLES.items():
        for values in many:
            aligned = aligned_market(0)
            limit = made(kind, values)
            others = tuple(one for one in limits_of(UNLIMITED) if type(one) is not type(limit))
            for target in TARGETS:
                names |= {
                    one.limit.partition(" of group ")[0]
                    for one in limit.relaxations(posed(aligned, others, target))
                }
    assert names | {"universe"} == set(EASED)


def test_every_limit_is_described() -> None:
    limits = Constraints.from_mapping(
        {
            "long_only": True,
            "upper": {"*": 0.05, "A": 0.1},
            "upper_outside_etf": 0.03,
            "frozen": "X, Y",
            "universe": "held",
            "net": 1,
            "beta": {"AI": "0.1:"},
            "turnover": 0.3,
            "gross": 1.5,
            "groups": {"G": ["A"]},
            "group_limits": {"G": 0.1},
            "group_upper": {"G": 0.04},
            "cost_bp": 5,
            "max_trades": 7,
            "min_trade": 0.01,
        }
    )
    assert sentences(limits_of(limits)) == (
        "long only",
        "weight of every name at most 0.05",
        "weight of A at most 0.1",
        "weight of every name outside the ETFs at most 0.03",
        "weight of every name of group G at most 0.04",
        "not traded: X, Y",
        "traded: held names only",
        "net exposure 1",
        "beta to AI at least 0.1",
        "one-way turnover at most 0.3",
        "gross exposure at most 1.5",
        "weight of group G 0.1",
        "cost of a trade in basis points 5",
        "names traded at most 7",
        "a trade is at least 0.01",
    )
