"""Reweighting under limits, from the constraints on names to a result that has passed its checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import BetaNeutralError, CheckFailed, Infeasible, InputError, UnknownTicker
from betaneutral_xl.job.views import headline
from betaneutral_xl.model.constraints import Constraints, Range
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Factors
from betaneutral_xl.model.values import Percent

N = 24
NAMES = [f"N{i:02}" for i in range(N)]


def book(seed: int, etfs: int = 1) -> tuple[Holdings, list[Etf], Covariance]:
    rng = np.random.default_rng(seed)
    held = rng.permutation(NAMES)[: N // 2]
    fund = Holdings.from_weights(dict(zip(held, rng.dirichlet(np.ones(len(held))).tolist(), strict=True)))
    funds = []
    for k in range(etfs):
        weights = rng.dirichlet(np.ones(N)).tolist()
        funds.append(Etf.from_weights(dict(zip(NAMES, weights, strict=True)), name=f"E{k}"))
    betas = rng.uniform(0.5, 1.5, N)
    form = Factors(np.column_stack([0.2 * betas, rng.normal(size=(N, 3)) * 0.08]), rng.uniform(0.02, 0.1, N))
    return fund, funds, Covariance(tuple(NAMES), form, Provenance.given(N))


def reweight(seed: int, target: float = 0.0, method: Method = Method.REWEIGHT, **limits: Any) -> Rebalance:
    fund, funds, risk = book(seed)
    return neutralise(
        Question(
            fund, funds, risk, target=target, method=method, constraints=Constraints.from_mapping(limits)
        )
    )


LIMITS: list[dict[str, Any]] = [
    {"lower": -0.05, "upper": 0.12},
    {"lower": {"*": -0.1, "N01": 0.01}, "upper": {"N02": 0.02}},
    {"frozen": ["N00", "N05"]},
    {"universe": "held"},
    {"net": "0.2:0.6"},
    {"net": 0},
    {"beta": "0.2:0.4"},
    {"beta": {"E0": ":0.1"}, "lower": -0.03},
    {"turnover": 0.7},
    {"gross": 1.5},
    {"groups": {"G": NAMES[:10]}, "group_limits": {"G": "0.1:0.2"}},
    {"cost_bp": 30},
    {"cost_bp": 30, "risk_aversion": 3, "turnover": 0.9, "gross": 1.8, "lower": -0.2},
    {"max_trades": 8},
    {"min_trade": 0.02, "lower": -0.2, "upper": 0.3},
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_every_limit_is_kept_or_the_error_explains_why(limits: dict[str, Any], seed: int) -> None:
    try:
        result = reweight(seed, **limits)
    except Infeasible as error:
        assert "No weights" in str(error) or "outside its bounds" in str(error)  # noqa: PT017 - either is right
        return
    constraints = result.constraints
    x, d = result.new_weights, result.trades
    beta = result.after.beta["E0"]
    allowed = constraints.beta_range("E0") or Range(0.0, 0.0)
    assert allowed.low - 1e-10 <= beta <= allowed.high + 1e-10
    net = constraints.net or Range(result.before.net, result.before.net)
    assert net.low - 1e-10 <= x.sum() <= net.high + 1e-10
    for ticker, weight, trade in zip(result.tickers, x, d, strict=True):
        low, high = constraints.bounds(ticker)
        assert low - 1e-8 <= weight <= high + 1e-8
        if ticker in constraints.frozen:
            assert trade == 0.0
    assert result.turnover <= constraints.turnover + 1e-8
    assert result.after.gross <= constraints.gross + 1e-8
    if constraints.max_trades:
        assert result.traded_names <= constraints.max_trades
    sizes = np.abs(d)
    assert (sizes[sizes > 1e-9] >= constraints.min_trade - 1e-8).all()
    names = {check.name for check in result.checks()}
    assert "no other weights on the names traded are better (gap of the objective)" in names


@given(seed=st.integers(0, 10_000))
def test_a_tighter_limit_never_lowers_the_tracking_error(seed: int) -> None:
    free = reweight(seed)
    tighter: list[dict[str, Any]] = [
        {"lower": -0.1},
        {"turnover": Percent(free.turnover * 0.95)},
        {"gross": Percent(free.after.gross * 0.95)},
    ]
    for limits in tighter:
        try:
            assert reweight(seed, **limits).tracking_error >= free.tracking_error - 1e-9
        except Infeasible:
            continue


def test_limits_that_do_not_bind_change_nothing() -> None:
    free, wide = reweight(1), reweight(1, lower="-500%", upper="500%", turnover="1000%", gross="2000%")
    np.testing.assert_allclose(free.new_weights, wide.new_weights, atol=1e-12)
    assert wide.binding == ()


def test_the_shadow_price_is_the_saving_per_unit_of_relaxation() -> None:
    tight, wider = reweight(2, 0.6, turnover=0.5), reweight(2, 0.6, turnover=0.5 + 1e-5)
    assert tight.solution is not None
    assert wider.solution is not None
    saved = 10.0 / 2.0 * (tight.tracking_error**2 - wider.tracking_error**2)
    (binding,) = tight.binding
    assert binding.limit == "turnover at 0.5"
    assert binding.price == pytest.approx(saved / 1e-5, rel=1e-2)


def test_turnover_falls_as_the_cost_of_trades_rises() -> None:
    turnovers = [reweight(3, cost_bp=bp).turnover for bp in (1, 20, 100, 500)]
    assert turnovers == sorted(turnovers, reverse=True)
    assert turnovers[-1] < turnovers[0]


def test_fewest_trades_takes_the_least_turnover_and_few_names() -> None:
    few = reweight(4, 0.5, Method.FEWEST_TRADES, lower=-0.2, upper=0.3)
    every = reweight(4, 0.5, lower=-0.2, upper=0.3)
    assert few.traded_names < every.traded_names
    assert few.after.beta["E0"] == pytest.approx(0.5, abs=1e-10)
    assert any("is the least that keeps all limits" in note for note in few.notes)


def test_several_etfs_within_limits() -> None:
    fund, funds, risk = book(5, etfs=2)
    limits = Constraints.from_mapping({"lower": -0.2, "upper": 0.3, "beta": {"E1": "0.1:0.3"}})
    result = neutralise(Question(fund, funds, risk, method=Method.REWEIGHT, constraints=limits))
    assert result.after.beta["E0"] == pytest.approx(0.0, abs=1e-10)
    assert 0.1 - 1e-10 <= result.after.beta["E1"] <= 0.3 + 1e-10
    assert np.isnan(result.targets).tolist() == [False, True]


def test_the_requested_range_is_reported() -> None:
    result = reweight(1, beta="0.2:0.4")
    assert result.target_label == "0.2 to 0.4"
    assert headline(result) == "portfolio to E0: beta 0.2 to 0.4 by reweight"


def test_a_result_that_breaks_a_limit_fails_its_checks() -> None:
    result = reweight(6, 0.75, lower=-0.05, turnover=0.5, gross=1.5, frozen=["N03"])
    moved = result.new_weights * 1.5
    failed = {check.name for check in replace(result, new_weights=moved).checks() if not check.passed}
    assert {"net exposure is kept", "trades are the solution's"} <= failed
    with pytest.raises(CheckFailed):
        replace(result, new_weights=moved).check()
    assert result.solution is not None
    other = replace(result.solution, duals=replace(result.solution.duals, turnover=5.0))
    failed = {check.name for check in replace(result, solution=other).checks() if not check.passed}
    assert failed == {"no other weights on the names traded are better (gap of the objective)"}


@pytest.mark.parametrize(
    ("method", "target", "limits", "error", "message"),
    [
        (Method.HEDGE, 0.0, {"turnover": 0.5}, InputError, "turnover can have no effect"),
        (Method.SCALED, 0.0, {"long_only": True, "gross": 2}, InputError, "long_only, gross can have no"),
        (Method.LEAST_SQUARES, 0.0, {"cost_bp": 5}, InputError, "Use reweight"),
        (Method.FEWEST_TRADES, 0.0, {"max_trades": 5}, InputError, "chooses the names itself"),
        (Method.REWEIGHT, 0.5, {"beta": "0:1"}, InputError, "Both a target and a range"),
        (Method.REWEIGHT, 0.0, {"beta": {"XYZ": 1}}, UnknownTicker, "beta to XYZ, but the ETFs are E0"),
        (Method.REWEIGHT, 0.0, {"upper": {"XYZ": 1}}, UnknownTicker, "limit for XYZ"),
        (Method.REWEIGHT, 0.0, {"max_trades": 1}, Infeasible, "Allow more or smaller trades"),
    ],
)
def test_inconsistent_options_are_refused_with_a_reason(
    method: Method, target: float, limits: dict[str, Any], error: type[BetaNeutralError], message: str
) -> None:
    with pytest.raises(error, match=message):
        reweight(0, target, method, **limits)
