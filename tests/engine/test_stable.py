"""The stable objective: its known answer, its certificate, and what it says where it cannot be used."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaneutral_xl.engine import reweighting
from betaneutral_xl.engine.limits import limits_of
from betaneutral_xl.engine.limits.formulation import formulate
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.optimisation.left_out import left_out
from betaneutral_xl.engine.optimisation.penalties import PenalisedSolution
from betaneutral_xl.engine.optimisation.quadratic import RELATIVE_GAP, Solution
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.engine.reweighting import COMPARED_FROM
from betaneutral_xl.engine.stable import (
    PERSISTENCE,
    Objective,
    mean_specific_variance,
    past_errors,
    penalties,
)
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.alignment import align
from betaneutral_xl.model.arrays import positions_of
from betaneutral_xl.model.constraints import Constraints, Range
from betaneutral_xl.model.history import RecordedErrors
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray, FloatArray

N, BLOCKS = 16, 7
NAMES = tuple(f"N{i:02}" for i in range(N))


def recorded(tickers: Sequence[str], unit: FloatArray, errors: FloatArray) -> RecordedErrors:
    """Return errors of betas to one ETF, of names with returns of their own and without sampling error."""
    n = len(tickers)
    return RecordedErrors(tuple(tickers), unit, errors, np.ones_like(errors) > 0.0, np.zeros((n, n)))


def in_order(etf: Etf) -> FloatArray:
    return np.array(
        [dict(zip(etf.tickers, etf.weights.tolist(), strict=True)).get(name, 0.0) for name in NAMES]
    )


def book(seed: int = 0, etfs: int = 1, *, dense: bool = False) -> tuple[Holdings, list[Etf], Covariance]:
    rng = np.random.default_rng(seed)
    held = rng.permutation(NAMES)[: N // 2]
    fund = Holdings.from_weights(dict(zip(held, rng.dirichlet(np.ones(len(held))).tolist(), strict=True)))
    funds = [
        Etf.from_weights(dict(zip(NAMES, rng.dirichlet(np.ones(N)).tolist(), strict=True)), f"E{k}")
        for k in range(etfs)
    ]
    betas = rng.uniform(0.5, 1.5, N)
    form = Factors(np.column_stack([0.2 * betas, rng.normal(size=(N, 2)) * 0.08]), rng.uniform(0.02, 0.1, N))
    errors = rng.normal(size=(BLOCKS, N)) * 0.3
    history = tuple(recorded(NAMES, in_order(one), errors * (k + 1)) for k, one in enumerate(funds))
    if dense:
        return fund, funds, replace(Covariance.from_matrix(NAMES, form.dense()), history=history)
    return fund, funds, Covariance(NAMES, form, Provenance.given(N), history=history)


def reweight(inputs: tuple[Holdings, list[Etf], Covariance], **options: Any) -> Rebalance:
    limits = {
        name: options.pop(name) for name in list(options) if name not in {"target", "objective", "reference"}
    }
    return neutralise(
        Question(*inputs, method=Method.REWEIGHT, constraints=Constraints.from_mapping(limits), **options)
    )


def case(shared: Path) -> tuple[dict[str, Any], tuple[Holdings, list[Etf], Covariance], Holdings]:
    found = json.loads((shared.parent / "cases" / "truth" / "penalised_reweight.json").read_text())
    names = NAMES[: len(found["w"])]
    past = (recorded(names, np.array(found["etf"]), np.array(found["past_errors"])),)
    risk = replace(Covariance.from_matrix(names, found["V"]), history=past)
    held = Holdings.from_weights(dict(zip(names, found["previous"], strict=True)))
    etf = Etf.from_weights({name: f for name, f in zip(names, found["etf"], strict=True) if f}, "E")
    return found, (held, [etf], risk), Holdings.from_weights(dict(zip(names, found["w"], strict=True)))


@pytest.mark.parametrize(
    "limits",
    [{}, {"turnover": "500%"}, {"gross": "500%"}, {"lower": "-300%", "upper": "300%"}, {"max_trades": 6}],
)
def test_the_known_answer_is_reached_whatever_limits_do_not_bind(
    shared: Path, limits: dict[str, Any]
) -> None:
    found, inputs, reference = case(shared)
    result = reweight(inputs, target=found["target"], reference=reference, **limits)
    np.testing.assert_allclose(result.new_weights, found["expected_x"], rtol=0, atol=1e-8)
    assert result.objective is Objective.STABLE


def test_without_penalties_the_answer_is_todays_least_tracking_error(shared: Path) -> None:
    found, inputs, reference = case(shared)
    result = reweight(inputs, target=found["target"], reference=reference, objective=Objective.TRACKING_ERROR)
    np.testing.assert_allclose(result.new_weights, found["x_today_unpenalised"], rtol=0, atol=1e-8)


LIMITS: list[dict[str, Any]] = [
    {},
    {"lower": "-5%", "upper": "20%"},
    {"turnover": "60%"},
    {"gross": "150%"},
    {"cost_bp": 20},
    {"frozen": ["N03", "N05"]},
    {"net": "0:1"},
    {"universe": "held"},
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), moved=st.booleans())
def test_no_feasible_weights_nearby_have_a_lower_objective(
    limits: dict[str, Any], seed: int, *, moved: bool
) -> None:
    """The objective is computed here from its definition, and convex: nearby is everywhere."""
    inputs = book(seed)
    reference = book(seed + 1)[0] if moved else None
    try:
        result = reweight(inputs, target=0.7, reference=reference, **limits)
    except Exception as error:  # noqa: BLE001 - any seed may have no weights within the limits
        assert "No weights" in str(error) or "outside its bounds" in str(error)  # noqa: PT017 - the only reasons
        return
    aligned, x, solution = result.aligned, result.new_weights, result.solution
    assert solution is not None
    assert solution.linear is not None
    assert solution.proven
    errors, _ = past_errors(aligned, [None])
    assert errors is not None
    m, v, form = mean_specific_variance(aligned), float(aligned.etf_variances[0]), aligned.covariance.form
    r = result.weights.copy()
    if reference is not None:
        r[:] = 0.0
        r[positions_of(reference.tickers, aligned.tickers)] = reference.weights

    def value(weights: FloatArray) -> float:
        d = weights - r
        total = d @ form.matvec(d) + 2.0 * m * d @ d + 10.0 * v * (errors.of(weights) ** 2).mean()
        if reference is not None:
            total += 5.0 * m * ((weights - result.weights) ** 2).sum()
        limits_ = result.constraints
        return 0.5 * float(total) + limits_.cost / limits_.risk_aversion * float(
            np.abs(weights - result.weights).sum()
        )

    assert solution.objective == pytest.approx(value(x), rel=1e-9, abs=1e-12)
    others = [reweight(inputs, target=0.7, reference=reference, objective=Objective.TRACKING_ERROR, **limits)]
    for other in others:
        for step in (1e-3, 0.1, 1.0):
            assert value(x) <= value(x + step * (other.new_weights - x)) * (1.0 + RELATIVE_GAP) + 1e-11


def test_dense_and_factor_form_have_the_same_answer_with_and_without_a_turnover_limit() -> None:
    for limits in ({}, {"turnover": "40%"}, {"turnover": "40%", "max_trades": 12}):
        first, second = (
            reweight(book(3, dense=dense), target=0.8, **limits).new_weights for dense in (False, True)
        )
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-7)


def test_the_penalty_keeps_the_factor_form_with_a_column_a_block_and_etf() -> None:
    result = reweight(book(2, etfs=2), target=0.9, turnover="80%")
    assert result.solution is not None
    form = result.solution.problem.covariance
    assert isinstance(form, Factors)
    assert form.loadings.shape[1] == 3 + 2 * BLOCKS


def test_past_errors_fall_and_the_tracking_error_rises_and_both_are_reported() -> None:
    fund, funds, risk = book(4)
    large = recorded(NAMES, in_order(funds[0]), np.random.default_rng(4).normal(size=(BLOCKS, N)))
    inputs = (fund, funds, replace(risk, history=(large,)))
    stable, least = (reweight(inputs, objective=objective) for objective in Objective)
    errors, _ = past_errors(stable.aligned, [None])
    assert errors is not None
    rms = [float(errors.root_mean_square(one.new_weights)[0]) for one in (stable, least)]
    assert rms[0] < rms[1]
    assert stable.tracking_error > least.tracking_error
    (note,) = (note for note in stable.notes if note.startswith("The tracking error is"))
    assert f"{stable.tracking_error:.2%}" in note
    assert f"the least would be {least.tracking_error:.2%}" in note
    assert f"{rms[0]:.3f}" in note
    assert f"{rms[1]:.3f}" in note


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("target", [-0.5, 0.9, 2.0])
def test_no_weights_track_closer_than_the_change_of_beta_times_the_etfs_volatility(
    seed: int, target: float
) -> None:
    """So that the least tracking error is searched for only where it may be well below."""
    result = reweight(book(seed, etfs=2), target=target, objective=Objective.TRACKING_ERROR, net="-500%:500%")
    aligned = result.aligned
    change = np.abs(aligned.betas.T @ (result.new_weights - result.weights))
    bound = float((change * np.sqrt(aligned.etf_variances)).max())
    assert result.tracking_error >= bound * (1.0 - 1e-9)
    noted = reweight(book(seed, etfs=2), target=target, net="-500%:500%")
    told = any(note.startswith("The tracking error is") for note in noted.notes)
    assert told == (noted.tracking_error > COMPARED_FROM * result.tracking_error)


def test_a_benchmarks_own_errors_are_no_errors_of_the_active_portfolio() -> None:
    fund, funds, risk = book(5)
    aligned = align(fund, funds, risk)
    errors, _ = past_errors(aligned, ["N02"])
    assert errors is not None
    alone = (np.array(aligned.covered_tickers) == "N02").astype(float)
    assert np.abs(errors.of(alone)).max() == 0.0
    made = penalties(aligned, errors)
    assert made.persistence == 0.0
    np.testing.assert_allclose(made.loadings.T @ alone, made.aims, rtol=0, atol=1e-15)


def test_without_history_the_least_tracking_error_is_the_answer_and_a_note_says_so() -> None:
    fund, funds, risk = book(6)
    without = reweight((fund, funds, replace(risk, history=None)))
    least = reweight((fund, funds, risk), objective=Objective.TRACKING_ERROR)
    np.testing.assert_array_equal(without.new_weights, least.new_weights)
    assert without.objective is Objective.TRACKING_ERROR
    assert any(note.startswith("The risk model has no past forecast errors") for note in without.notes)
    assert not any("past forecast errors" in note for note in least.notes)


@pytest.mark.parametrize(
    ("names", "etf", "reason"),
    [
        (N - 1, 0, "no past forecast errors of N15"),
        (N, 1, "no past forecast errors of betas to E0, or of less than 6 months"),
    ],
)
def test_a_history_that_cannot_be_used_is_named(names: int, etf: int, reason: str) -> None:
    fund, funds, risk = book(7, etfs=2)
    past = recorded(NAMES[:names], in_order(funds[etf])[:names], np.zeros((BLOCKS, names)))
    result = reweight((fund, funds[:1], replace(risk, history=(past,))))
    assert result.objective is Objective.TRACKING_ERROR
    assert any(reason in note and "least tracking error" in note for note in result.notes)


def test_etfs_with_more_and_fewer_months_are_penalised_over_the_months_of_both() -> None:
    fund, funds, risk = book(12, etfs=2)
    assert isinstance(risk.history, tuple)
    first, second = risk.history
    shorter = recorded(NAMES, second.unit, second.errors[:-1])
    errors, _ = past_errors(align(fund, funds, replace(risk, history=(first, shorter))), [None, None])
    whole, _ = past_errors(align(fund, funds, risk), [None, None])
    assert errors is not None
    assert whole is not None
    np.testing.assert_array_equal(errors.names, whole.names[:-1])


def test_turnover_counts_from_what_is_held_and_risk_from_the_reference() -> None:
    fund, funds, risk = book(8)
    start = reweight((fund, funds, risk), target=0.8)
    held = Holdings.from_weights(dict(zip(start.tickers, start.new_weights.tolist(), strict=True)))
    again = reweight((held, funds, risk), target=0.8, reference=fund)
    assert again.turnover < start.turnover
    capped = reweight((held, funds, risk), target=0.8, reference=fund, turnover=again.turnover / 2.0)
    assert capped.turnover == pytest.approx(again.turnover / 2.0, abs=1e-8)


@pytest.mark.parametrize("method", [Method.LEAST_SQUARES, Method.FEWEST_TRADES])
def test_the_other_methods_measure_from_the_reference_too(method: Method) -> None:
    fund, funds, risk = book(9)
    same = neutralise(Question(fund, funds, risk, target=0.8, method=method, reference=fund))
    plain = neutralise(Question(fund, funds, risk, target=0.8, method=method))
    np.testing.assert_allclose(same.new_weights, plain.new_weights, rtol=0, atol=1e-7)
    other = neutralise(Question(fund, funds, risk, target=0.8, method=method, reference=book(10)[0]))
    assert other.solution is not None
    assert other.solution.proven


def test_an_objective_or_a_reference_without_effect_is_refused() -> None:
    fund, funds, risk = book(11)
    with pytest.raises(InputError, match="The objective tracking_error is for reweight; the method hedge"):
        neutralise(Question(fund, funds, risk, objective=Objective.TRACKING_ERROR))
    with pytest.raises(InputError, match="a reference portfolio is for reweight"):
        neutralise(Question(fund, funds, risk, reference=fund))


def kept_net(inputs: tuple[Holdings, list[Etf], Covariance], **options: Any) -> list[str]:
    return [str(note) for note in reweight(inputs, **options).notes if "is kept at a beta of" in note]


def test_a_low_beta_with_the_net_exposure_kept_is_called_what_it_is() -> None:
    inputs = book(12)
    assert kept_net(inputs)
    assert kept_net(inputs, net=1.0)
    assert kept_net(inputs, objective=Objective.TRACKING_ERROR)
    (in_a_range,) = kept_net(inputs, beta="-0.1:0.1")
    assert "at a beta of 0.10 to E0" in in_a_range
    assert not kept_net(inputs, net="0:1")
    assert not kept_net(inputs, target=0.3)
    assert not kept_net(inputs, target=inputs[0].tickers[0])


def test_only_the_etfs_to_which_the_beta_is_low_are_named() -> None:
    (note,) = kept_net(book(13, etfs=2), target={"E0": 0.0, "E1": 0.8})
    assert "at a beta of 0.00 to E0:" in note


def test_a_net_exposure_kept_at_a_beta_of_zero_is_traded_less(monkeypatch: pytest.MonkeyPatch) -> None:
    held, funds, risk = book(12)
    before = Holdings.from_weights(
        dict(zip(reversed(held.tickers), held.weights.tolist(), strict=True))
    ).with_names(held.tickers)
    inputs = (before, funds, risk)

    def traded(**options: Any) -> float:
        result = reweight(inputs, reference=held, **options)
        return float(np.linalg.norm(result.new_weights - result.weights))

    now, elsewhere = traded(), traded(target=0.3)
    assert traded(net=1.0) == pytest.approx(now, abs=1e-9)
    monkeypatch.setattr(reweighting, "PERSISTENCE_AT_ZERO", PERSISTENCE)
    assert now < traded()
    assert traded(target=0.3) == elsewhere


def chosen_without(result: Rebalance, block: int) -> tuple[FloatArray, Solution]:
    """Return the answer that the same problem has without the past errors of one block."""
    aligned = result.aligned
    errors, _ = past_errors(aligned, [None] * len(result.etf_names))
    assert errors is not None
    whole = penalties(aligned, errors)
    others = np.arange(len(whole.aims)) // len(result.etf_names) != block
    without = replace(whole, loadings=whole.loadings[:, others], aims=whole.aims[others])
    ranges = [Range(one, one) for one in result.targets.tolist()]
    formulation = formulate(aligned, limits_of(result.constraints), aligned.betas, ranges)
    solution, _ = reweighting.reweight(formulation, Method.REWEIGHT, without)
    return formulation.expand(solution.problem.weights + solution.trades), solution


def binding(solution: Solution) -> BoolArray:
    """Return which limits bind, and the signs of trades and weights where their sizes matter."""
    problem, d = solution.problem, solution.trades
    x = problem.weights + d
    rows = problem.conditions.T @ x
    away = [x - problem.lower, problem.upper - x, rows - problem.row_lower, problem.row_upper - rows]
    sizes = [problem.turnover - np.abs([d]).sum(axis=1) / 2.0, problem.gross - np.abs([x]).sum(axis=1)]
    signs = [d, -d, x, -x] if problem.has_l1_terms else []
    binds: BoolArray = np.concatenate([*away, *sizes, *signs]) > 1e-7
    return binds


@pytest.mark.parametrize("dense", [False, True], ids=["factors", "dense"])
@pytest.mark.parametrize("etfs", [1, 2])
@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_errors_left_out_are_those_of_the_problem_solved_without_them(
    limits: dict[str, Any], etfs: int, *, dense: bool
) -> None:
    """Where the same limits bind; of the problem without limits on names that is always so."""
    compared = 0
    for seed in range(3):
        result = reweight(book(seed, etfs=etfs, dense=dense), target=0.9, **limits)
        errors, _ = past_errors(result.aligned, [None] * etfs)
        assert errors is not None
        assert result.solution is not None
        assert result.leave_one_out.shape == (BLOCKS, etfs)
        before = errors.of(result.new_weights)
        for block in range(BLOCKS):
            weights, solution = chosen_without(result, block)
            if (binding(solution) == binding(result.solution)).all():
                compared += 1
                found = errors.of(weights)[block] - before[block]
                np.testing.assert_allclose(result.leave_one_out[block], found, rtol=0, atol=1e-8)
    assert compared >= (1 if limits else 3 * BLOCKS)


@pytest.mark.parametrize("limits", [{}, {"lower": "-10%", "upper": "30%"}], ids=str)
def test_what_is_held_by_the_same_choice_does_not_make_errors_smaller(limits: dict[str, Any]) -> None:
    """Held is what the objective without the pull has chosen, and stays: its errors are the same ones."""
    fund, funds, risk = book(8)
    first = reweight((fund, funds, risk), target=0.8, **limits)
    held = Holdings.from_weights(dict(zip(first.tickers, first.new_weights.tolist(), strict=True)))
    again = reweight((held, funds, risk), target=0.8, reference=fund, **limits)
    np.testing.assert_allclose(again.new_weights, first.new_weights, rtol=0, atol=1e-7)
    np.testing.assert_allclose(again.leave_one_out, first.leave_one_out, rtol=0, atol=1e-6)


def test_the_interval_has_the_drift_of_errors_left_out() -> None:
    result = reweight(book(4), target=0.8)
    errors, _ = past_errors(result.aligned, [None])
    assert errors is not None
    left = errors.of(result.new_weights) + result.leave_one_out
    drift = result.after_forecast["E0"].drift
    assert drift == pytest.approx(math.sqrt(float((left**2).mean())), rel=1e-12)
    assert drift > float(errors.root_mean_square(result.new_weights)[0])


@pytest.mark.parametrize("method", [Method.HEDGE, Method.LEAST_SQUARES, Method.FEWEST_TRADES])
def test_weights_that_were_not_chosen_on_past_errors_have_them_as_they_are(method: Method) -> None:
    inputs = book(9)
    others = [neutralise(Question(*inputs, target=0.8, method=method))]
    others.append(reweight(inputs, target=0.8, objective=Objective.TRACKING_ERROR))
    for one in others:
        assert one.leave_one_out.shape == (0, 1)
        errors, _ = past_errors(one.aligned, [None])
        assert errors is not None
        rms = float(errors.root_mean_square(one.new_weights)[0])
        assert one.after_forecast["E0"].drift == pytest.approx(rms, rel=1e-12)


def test_a_block_that_alone_determines_the_weights_has_no_error_left_out() -> None:
    """Without specific variance and other past errors, nothing but the block itself is minimised."""
    solution = reweight(book(1)).solution
    assert isinstance(solution, PenalisedSolution)
    alone = solution.penalised.loadings[:, :1]
    form = Factors(alone, np.zeros(len(alone)))
    program = replace(
        solution.penalised, loadings=alone, missed=solution.penalised.missed[:1], persistence=0.0
    )
    problem = replace(solution.problem, covariance=form)
    assert np.isnan(left_out(replace(solution, problem=problem, penalised=program), 1)).all()


def test_where_no_name_can_move_errors_left_out_are_those_that_are() -> None:
    solution = reweight(book(1)).solution
    assert isinstance(solution, PenalisedSolution)
    x = solution.problem.weights + solution.trades
    fixed = replace(solution, problem=solution.problem.with_bounds(x, x))
    assert np.abs(left_out(fixed, 1)).max() == 0.0


def test_an_etf_with_fewer_months_has_those_of_both_left_out() -> None:
    fund, funds, risk = book(12, etfs=2)
    assert isinstance(risk.history, tuple)
    first, second = risk.history
    shorter = recorded(NAMES, second.unit, second.errors[:-1])
    result = reweight((fund, funds, replace(risk, history=(first, shorter))), target=0.8)
    assert result.leave_one_out.shape == (BLOCKS - 1, 2)
    assert result.after_forecast["E0"].blocks == BLOCKS
    left = first.errors @ result.new_weights
    left[:-1] += result.leave_one_out[:, 0]
    assert result.after_forecast["E0"].drift == pytest.approx(np.sqrt((left**2).mean()), rel=1e-12)
