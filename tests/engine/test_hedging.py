from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from betaneutral_xl.engine.hedging import HedgeSystem, Legs
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import InputError, UndefinedBeta
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.values import Percent

NIST = {
    "GNPDEFL": 15.0618722713733,
    "GNP": -0.0358191792925910,
    "UNEMP": -2.02022980381683,
    "ARMED": -1.03322686717359,
    "POP": -0.0511041056535807,
    "YEAR": 1829.15146461355,
}
"""Certified coefficients of Longley's regression, NIST Statistical Reference Datasets."""


@pytest.mark.parametrize("computed", [math.inf, 1.3e16, 4.6e15, math.nan])
def test_a_condition_number_that_is_rounding_error_is_reported_as_a_lower_bound(
    computed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HedgeSystem, "condition_number", computed)
    system = HedgeSystem(("ONE", "TWO"), np.ones((2, 2)), np.full(2, 0.2), np.ones(2))
    with pytest.raises(UndefinedBeta, match=r"\(condition number above 4\.5e\+15\): TWO repeats"):
        system.solve()


def test_hedge_ratios_of_six_near_collinear_etfs_are_the_certified_coefficients() -> None:
    """With its sample covariance, hedging TOTEMP with six assets is Longley's regression."""
    data = sm.datasets.longley.load_pandas().data[["TOTEMP", *NIST]]
    risk = Covariance.from_matrix(list(data.columns), np.cov(data.to_numpy().T))
    etfs = [Etf.from_weights({name: 1.0}, name=name) for name in NIST]
    result = neutralise(Question(Holdings.from_weights({"TOTEMP": 1.0}), etfs, risk))
    np.testing.assert_allclose(result.hedge_ratios, list(NIST.values()), rtol=1e-7)
    assert result.condition_number > 1e3
    assert any("the others explain YEAR" in line or "explain GNP" in line for line in result.warnings)


def system(seed: int, k: int = 4, common: float = 0.8) -> HedgeSystem:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(k, k + 3))
    correlation = np.asarray(common + (1.0 - common) * np.corrcoef(noise))
    return HedgeSystem(
        tuple(f"E{i}" for i in range(k)), correlation, rng.uniform(0.1, 0.4, k), rng.normal(size=k)
    )


@given(seed=st.integers(0, 10_000))
def test_sell_only_legs_are_nonnegative_least_squares(seed: int) -> None:
    one = system(seed)
    legs = Legs(sell_only=True)
    ratios = one.solve(legs)
    root = np.linalg.cholesky(one.correlation)
    expected = nnls(root.T, np.linalg.solve(root, one.volatilities * one.excess))[0] / one.volatilities
    np.testing.assert_allclose(ratios, expected, atol=1e-9)
    assert one.shortfall(ratios, legs) < 1e-9


@given(seed=st.integers(0, 10_000), ridge=st.floats(1e-4, 1.0))
def test_a_ridge_is_the_textbook_formula_and_makes_the_ratios_smaller(seed: int, ridge: float) -> None:
    one = system(seed)
    ratios = one.solve(Legs(ridge=ridge))
    u = np.linalg.solve(one.correlation + ridge * np.eye(4), one.volatilities * one.excess)
    np.testing.assert_allclose(ratios * one.volatilities, u, rtol=1e-7, atol=1e-9)
    assert np.linalg.norm(u) <= np.linalg.norm(one.solve() * one.volatilities) + 1e-12


@given(seed=st.integers(0, 10_000), limit=st.floats(0.05, 3.0))
def test_limited_ratios_are_within_and_none_within_is_better(seed: int, limit: float) -> None:
    one, legs = system(seed), Legs(limit=limit)
    ratios = one.solve(legs)
    assert (np.abs(ratios) <= limit * (1 + 1e-12)).all()
    assert one.shortfall(ratios, legs) < 1e-8
    assert one.shortfall(np.clip(ratios + 1e-3, -limit, limit), legs) > 1e-7 or (ratios + 1e-3 > limit).any()


def test_limits_that_do_not_bind_change_nothing() -> None:
    one = system(1)
    np.testing.assert_allclose(one.solve(Legs(limit=Percent(100.0))), one.solve(), rtol=1e-9)
    np.testing.assert_allclose(one.residual_betas(one.solve()), 0.0, atol=1e-12)


def test_a_duplicate_etf_is_named_and_with_a_limit_each_gets_half(
    book: Holdings, etf: Etf, risk: Covariance
) -> None:
    twin = Etf.from_weights({"A": 0.4, "B": 0.3, "C": 0.3}, name="TWIN")
    with pytest.raises(UndefinedBeta, match=r"TWIN repeats the others \(R squared 1\.0") as caught:
        neutralise(Question(book, [etf, twin], risk))
    assert caught.value.tickers == ("TWIN",)
    result = neutralise(Question(book, [etf, twin], risk, legs=Legs(limit=2.0)))
    np.testing.assert_allclose(result.hedge_ratios, [0.985106 / 2] * 2, atol=1e-6)
    assert max(abs(beta) for beta in result.after.beta.values()) < 1e-9


def test_legs_that_keep_the_beta_off_its_target_report_by_how_much(
    book: Holdings, etf: Etf, risk: Covariance
) -> None:
    result = neutralise(Question(book, [etf], risk, legs=Legs(limit=0.5)))
    assert result.hedge_ratios[0] == 0.5
    assert result.after.beta["AI"] == pytest.approx(0.485106, abs=1e-6)
    assert "With these legs the beta is off its target by 0.4851 to AI." in result.warnings
    assert {check.name for check in result.checks()} >= {
        "no other hedge ratios within the legs' limits are better"
    }


def test_legs_apply_to_the_hedge_only_and_are_validated(book: Holdings, etf: Etf, risk: Covariance) -> None:
    with pytest.raises(InputError, match="reweight has none"):
        neutralise(Question(book, [etf], risk, method=Method.REWEIGHT, legs=Legs(ridge=0.1)))
    for wrong in ({"ridge": -1.0}, {"limit": 0.0}, {"ridge": math.nan}):
        with pytest.raises(InputError, match="ridge of zero or more and a positive limit"):
            Legs(**wrong)  # type: ignore[arg-type] # one number each
