from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import Infeasible, InputError, UndefinedBeta, UnknownTicker
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import Constraints, Universe
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.risk import Covariance, Dense, Factors

HELD = Constraints(universe=Universe.HELD)

NEUTRAL = [Method.HEDGE, Method.REWEIGHT, Method.LEAST_SQUARES]


def random_problem(seed: int, n: int = 15, etfs: int = 2) -> tuple[Holdings, list[Etf], Covariance]:
    rng = np.random.default_rng(seed)
    names = [f"N{i:02}" for i in range(n)]
    held = rng.permutation(names)[: n // 2]
    book = Holdings.from_weights(dict(zip(held, rng.dirichlet(np.ones(len(held))).tolist(), strict=True)))
    funds = []
    for k in range(etfs):
        inside = rng.permutation(names)[: n // 2 + k]
        weights = rng.dirichlet(np.ones(len(inside)))
        funds.append(Etf.from_weights(dict(zip(inside, weights.tolist(), strict=True)), name=f"ETF{k}"))
    exposures = np.column_stack([rng.uniform(0.5, 1.5, n), rng.normal(size=(n, 2))])
    form = Factors.from_exposures(exposures, np.diag([0.03, 0.01, 0.01]), rng.uniform(0.02, 0.1, n))
    return book, funds, Covariance(tuple(names), form, Provenance.given(n))


def test_the_hedge_of_the_notebooks_example(book: Holdings, etf: Etf, risk: Covariance) -> None:
    result = neutralise(Question(book, [etf], risk))
    np.testing.assert_allclose(result.new_weights, [-0.09404255, 0.10446809, 0.00446809], atol=5e-9)
    assert result.hedge_ratios[0] == pytest.approx(0.985106, abs=5e-7)
    assert result.before.beta["AI"] == pytest.approx(0.985106, abs=5e-7)
    assert abs(result.after.beta["AI"]) < 1e-15


def test_the_notebooks_scaled_weights_are_reproduced_and_reported_as_not_neutral(
    book: Holdings, etf: Etf, risk: Covariance
) -> None:
    result = neutralise(Question(book, [etf], risk, method=Method.SCALED))
    np.testing.assert_allclose(result.new_weights, [0.31914894, 0.36595745, 0.3], atol=5e-9)
    assert result.after.beta["AI"] == pytest.approx(0.9743, abs=5e-5)
    assert any("not neutral" in line for line in result.warnings)


@pytest.mark.parametrize("method", NEUTRAL)
@given(seed=st.integers(0, 10_000), target=st.floats(-0.5, 1.5))
def test_every_neutral_method_reaches_its_target(method: Method, seed: int, target: float) -> None:
    book, etfs, risk = random_problem(seed)
    result = neutralise(Question(book, etfs, risk, method=method, target=target))
    for beta in result.after.beta.values():
        assert abs(beta - target) < 1e-10
    if method is not Method.HEDGE:
        assert result.after.net == pytest.approx(result.before.net, abs=1e-10)


@given(seed=st.integers(0, 10_000))
def test_no_other_neutral_portfolio_is_closer_than_the_hedge(seed: int) -> None:
    book, etfs, risk = random_problem(seed)
    hedge = neutralise(Question(book, etfs, risk))
    other = neutralise(Question(book, etfs, risk, method=Method.REWEIGHT))
    assert hedge.tracking_error <= other.tracking_error + 1e-12


@given(seed=st.integers(0, 10_000))
def test_reweighting_has_the_least_tracking_error_of_all_feasible_weights(seed: int) -> None:
    """Moving along any direction that keeps beta and net exposure makes the error larger."""
    book, etfs, risk = random_problem(seed)
    best = neutralise(Question(book, etfs, risk, method=Method.REWEIGHT))
    squares = neutralise(Question(book, etfs, risk, method=Method.LEAST_SQUARES))
    aligned = best.aligned
    conditions = np.column_stack([np.ones(len(best.tickers)), best.predicted_beta])
    free = np.linalg.svd(conditions.T)[2][3:]
    gradient = aligned.covariance.form.matvec(best.trades)
    np.testing.assert_allclose(free @ gradient, 0.0, atol=1e-9)
    np.testing.assert_allclose(free @ squares.trades, 0.0, atol=1e-9)


@given(seed=st.integers(0, 10_000))
def test_dense_and_factor_form_give_the_same_weights(seed: int) -> None:
    book, etfs, risk = random_problem(seed)
    dense = Covariance(risk.tickers, Dense(risk.form.dense()), risk.provenance)
    for method in NEUTRAL:
        one, other = (neutralise(Question(book, etfs, model, method=method)) for model in (risk, dense))
        np.testing.assert_allclose(one.new_weights, other.new_weights, rtol=1e-7, atol=1e-9)


@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_inputs_changes_nothing(seed: int) -> None:
    book, etfs, risk = random_problem(seed)
    order = np.random.default_rng(seed).permutation(len(risk.tickers))
    shuffled = risk.select([risk.tickers[i] for i in order])
    weights = dict(reversed(list(zip(book.tickers, book.weights.tolist(), strict=True))))
    one = neutralise(Question(book, etfs, risk))
    other = neutralise(Question(Holdings.from_weights(weights), etfs, shuffled))
    np.testing.assert_allclose(one.new_weights, other.new_weights, rtol=1e-9, atol=1e-12)


def test_a_ticker_as_target_stands_for_its_own_beta(book: Holdings, etf: Etf) -> None:
    matrix = np.array(
        [
            [0.04, 0.02, 0.01, 0.02],
            [0.02, 0.03, 0.015, 0.015],
            [0.01, 0.015, 0.05, 0.02],
            [0.02, 0.015, 0.02, 0.03],
        ]
    )
    risk = Covariance.from_matrix(["A", "B", "C", "IWV"], matrix)
    f = np.array([0.4, 0.3, 0.3, 0.0])
    benchmark = float(matrix[3] @ f / (f @ matrix @ f))
    result = neutralise(Question(book, [etf], risk, target="iwv"))
    assert result.after.beta["AI"] == pytest.approx(benchmark, abs=1e-12)
    assert result.target_label == "iwv"
    assert "IWV" not in result.tickers


def test_each_etf_may_have_its_own_target() -> None:
    book, etfs, risk = random_problem(1)
    result = neutralise(Question(book, etfs, risk, target={"ETF1": 0.5, "ETF0": 0.1}))
    assert result.after.beta["ETF0"] == pytest.approx(0.1, abs=1e-12)
    assert result.after.beta["ETF1"] == pytest.approx(0.5, abs=1e-12)


def test_two_copies_of_one_etf_are_collinear(book: Holdings, etf: Etf, risk: Covariance) -> None:
    twin = Etf.from_weights({"A": 0.4, "B": 0.3, "C": 0.3}, name="TWIN")
    with pytest.raises(UndefinedBeta, match="The 2 ETFs are collinear"):
        neutralise(Question(book, [etf, twin], risk))


def test_only_names_of_the_universe_are_traded() -> None:
    book, etfs, risk = random_problem(3)
    held, inside = set(book.tickers), {t for etf in etfs for t in etf.tickers}
    for universe, allowed in ((Universe.HELD, held), (Universe.ETF, inside)):
        result = neutralise(
            Question(book, etfs, risk, method=Method.REWEIGHT, constraints=Constraints(universe=universe))
        )
        traded = {t for t, d in zip(result.tickers, result.trades, strict=True) if abs(d) > 1e-12}
        assert traded
        assert traded <= allowed
        assert max(abs(beta) for beta in result.after.beta.values()) < 1e-10


def test_too_few_names_to_meet_the_conditions_is_infeasible(risk: Covariance) -> None:
    book = Holdings.from_weights({"A": 1.0})
    etf = Etf.from_weights({"B": 1.0}, name="AI")
    held = Constraints(universe=Universe.HELD)
    with pytest.raises(Infeasible, match=r"No weights reach beta 0.00 .*let 1 more names be traded"):
        neutralise(Question(book, [etf], risk, method=Method.REWEIGHT, constraints=held))


def test_a_name_without_risk_data_keeps_its_weight_and_is_reported(etf: Etf, risk: Covariance) -> None:
    book = Holdings.from_weights({"A": 0.3, "B": 0.4, "PRIVATE": 0.3})
    for method in NEUTRAL:
        result = neutralise(Question(book, [etf], risk, method=method, on_missing=OnMissing.DROP))
        at = result.tickers.index("PRIVATE")
        assert result.new_weights[at] == 0.3
        assert math.isnan(result.predicted_beta[at, 0])
        assert any("PRIVATE" in line for line in result.warnings)


def test_a_singular_covariance_is_reported_and_gives_the_smallest_trades(book: Holdings, etf: Etf) -> None:
    loadings = np.array([[0.2, 0.0], [0.1, 0.1], [0.3, 0.1]])
    risk = Covariance(("A", "B", "C"), Factors(loadings, np.zeros(3)), Provenance.given(3))
    result = neutralise(Question(book, [etf], risk, method=Method.REWEIGHT))
    assert abs(result.after.beta["AI"]) < 1e-10
    assert any("singular" in line for line in result.warnings)


def test_a_sample_of_more_days_than_names_is_not_singular(book: Holdings, etf: Etf) -> None:
    days = np.random.default_rng(0).normal(size=(3, 60)) * 0.03
    kept = Covariance(("A", "B", "C"), Factors(days, np.zeros(3)), Provenance.given(3))
    formed = Covariance(("A", "B", "C"), Dense(days @ days.T), Provenance.given(3))
    one, other = (neutralise(Question(book, [etf], risk, method=Method.REWEIGHT)) for risk in (kept, formed))
    np.testing.assert_allclose(one.new_weights, other.new_weights, atol=1e-10)
    assert not any("singular" in line for line in one.warnings)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": Method.HEDGE, "constraints": HELD}, InputError, "universe can have no effect"),
        ({"method": Method.SCALED, "constraints": HELD}, InputError, "universe can have no effect"),
        ({"method": Method.SCALED, "target": 0.5}, InputError, "takes one ETF and no target"),
        ({"target": math.nan}, InputError, "target beta is nan"),
        ({"target": "XYZ"}, UnknownTicker, "neither a number nor a ticker"),
        ({"target": {"QQQ": 0.0}}, UnknownTicker, "the ETFs are AI"),
    ],
)
def test_invalid_options_are_refused_with_a_reason(
    book: Holdings,
    etf: Etf,
    risk: Covariance,
    options: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        neutralise(Question(book, [etf], risk, **options))  # type: ignore[arg-type] # one wrong thing each


@pytest.mark.parametrize(
    ("age", "severity"), [(7, None), (8, Severity.CHECK), (92, Severity.CHECK), (376, Severity.CHANGES)]
)
def test_a_portfolio_that_was_old_when_it_was_read_is_warned_of(
    risk: Covariance, etf: Etf, age: int, severity: Severity | None
) -> None:
    read_at = datetime(2026, 11, 29, 20, tzinfo=UTC)
    origin = Provenance(
        source="holdings file",
        location="fund.csv",
        retrieval=Retrieval.FILE,
        as_of=read_at.date() - timedelta(days=age),
        rows=2,
        fetched_at=read_at,
    )
    book = Holdings.from_weights({"A": 0.6, "B": 0.4}, provenance=origin)
    found = [one for one in neutralise(Question(book, [etf], risk)).warnings if "days old" in one]
    assert [getattr(one, "severity", None) for one in found] == ([] if severity is None else [severity])
    assert all(f"{age} days old" in one for one in found)
