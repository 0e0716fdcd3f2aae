"""Reweighting by one of its methods: the proven solution of a quadratic program, with notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.limits.sums import NetExposure
from betaneutral_xl.engine.optimisation import solvers
from betaneutral_xl.engine.optimisation.conditioning import well_conditioned
from betaneutral_xl.engine.optimisation.penalties import Penalised
from betaneutral_xl.engine.result import Answer, Method
from betaneutral_xl.engine.stable import (
    PERSISTENCE,
    PERSISTENCE_AT_ZERO,
    Objective,
    past_errors,
    penalties,
    unpenalised,
)
from betaneutral_xl.errors import Infeasible, SolverFailed, listing
from betaneutral_xl.model.constraints import SMALLEST_TRADE
from betaneutral_xl.model.risk import Factors

if TYPE_CHECKING:
    from betaneutral_xl.engine.limits.formulation import Formulation
    from betaneutral_xl.engine.limits.limit import Terms
    from betaneutral_xl.engine.optimisation.penalties import Penalties
    from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram, Solution
    from betaneutral_xl.engine.stable import PastErrors
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.constraints import Range
    from betaneutral_xl.model.portfolio import Holdings


COMPARED_FROM = 1.1
"""Ratio of tracking errors from which on the least one is reported beside that of the stable objective."""

LOW_BETA = 0.25
"""Beta of a unit of net exposure below which the realised one was, in root mean square, more than 1.7 times
as far off as with a hedge (docs/evidence.md)."""


def answer_of(
    formulation: Formulation,
    method: Method,
    targets: Sequence[Range],
    *,
    objective: Objective,
    benchmarks: Sequence[str | None],
    reference: Holdings | None,
) -> Answer:
    """Return the new weights of a method of reweighting, with their proof and notes.

    The objective ``stable`` holds where there are past forecast errors. ``benchmarks`` has for each ETF the
    ticker whose own beta is the target; None where that is a number. Risk is measured from ``reference``;
    None for what is held. Raises what ``reweight`` raises.
    """
    aligned = formulation.aligned
    net = _fixed_net(formulation)
    notes: list[str] = []
    r = None if reference is None else aligned.covered_weights_of(reference)
    penalised = None if r is None else unpenalised(r)
    errors, minimised = None, None
    at_zero = net is not None and all(one.low == one.high == 0.0 for one in targets)
    pull = PERSISTENCE_AT_ZERO if at_zero else PERSISTENCE
    if method is Method.REWEIGHT:
        minimised = Objective.TRACKING_ERROR
        if objective is not Objective.TRACKING_ERROR:
            errors, missing = past_errors(aligned, benchmarks)
            if errors is None:
                notes.append(f"{missing}. So least tracking error is the objective, not stable.")
            else:
                minimised, penalised = Objective.STABLE, penalties(aligned, errors, r, persistence=pull)
    solution, more = reweight(formulation, method, penalised)
    x = solution.problem.weights + solution.trades
    x = np.clip(x, formulation.problem.lower, formulation.problem.upper)
    if net is not None:
        more += _low_betas(formulation, net, benchmarks, x)
    if errors is not None and penalised is not None:
        more += _beside_least_tracking_error(formulation, targets, errors, penalised.reference, x)
    return Answer(formulation.expand(x), solution, formulation.binding(solution), (*notes, *more), minimised)


def _fixed_net(formulation: Formulation) -> float | None:
    """Return the net exposure where the limits fix it above 0, else None."""
    net = next(one.limit for one in formulation.limits if isinstance(one, NetExposure))
    if net is not None and net.low != net.high:
        return None
    fixed = float(formulation.aligned.weights.sum()) if net is None else net.low
    return fixed if fixed > SMALLEST_TRADE else None


def _low_betas(
    formulation: Formulation, net: float, benchmarks: Sequence[str | None], new_weights: FloatArray
) -> tuple[str, ...]:
    """Return a note where a fixed net exposure has betas that only names of low beta give it."""
    aligned = formulation.aligned
    after = aligned.betas.T @ _with_trades(formulation, new_weights)
    low = [
        f"{round(beta, 2) + 0.0:.2f} to {name}"
        for beta, name, benchmark in zip(after.tolist(), aligned.etf_names, benchmarks, strict=True)
        if benchmark is None and abs(beta) < LOW_BETA * net
    ]
    if not low:
        return ()
    return (
        f"The net exposure of {net:.2%} is kept at a beta of {listing(low)}: it rests on names whose "
        "predicted beta is low or negative, and their betas drift together. In backtests the realised beta "
        "was twice as far off as with a hedge, up to five times. Allow cash (net 0:1), or aim at a "
        "benchmark's beta (target IWV), for a beta that holds better.",
    )


def _with_trades(formulation: Formulation, new_weights: FloatArray) -> FloatArray:
    """Return the weights of the covered names, of which those that may be traded are new."""
    weights = formulation.aligned.covered_weights.copy()
    weights[formulation.traded[formulation.aligned.covered]] = new_weights
    return weights


def _beside_least_tracking_error(
    formulation: Formulation,
    targets: Sequence[Range],
    errors: PastErrors,
    reference: FloatArray,
    new_weights: FloatArray,
) -> tuple[str, ...]:
    """Return a note where the stable objective's tracking error is well above the least one."""
    terms, aligned = formulation.terms, formulation.aligned
    if terms.max_trades is not None or terms.min_trade:
        return ()  # a second search would double the time
    weights = _with_trades(formulation, new_weights)
    stable = aligned.covariance.volatility(weights - reference)
    if stable <= COMPARED_FROM * _least_by_beta(aligned, targets, reference):
        return ()
    try:
        least, _ = _penalised(formulation, unpenalised(reference))
    except (np.linalg.LinAlgError, SolverFailed):  # V has no unique minimum
        return ()
    pair = [weights, _with_trades(formulation, least.problem.weights + least.trades)]
    lowest = aligned.covariance.volatility(pair[1] - reference)
    if stable <= COMPARED_FROM * lowest:
        return ()
    past = [" and ".join(f"{rms:.3f}" for rms in errors.root_mean_square(one)) for one in pair]
    return (
        f"The tracking error is {stable:.2%}; the least would be {lowest:.2%} (objective tracking_error). In "
        f"the past, these weights had forecast errors of beta of {past[0]} (root mean square over "
        f"{len(errors.names)} months), those of least tracking error {past[1]}.",
    )


def _least_by_beta(aligned: Aligned, targets: Sequence[Range], reference: FloatArray) -> float:
    """Return a lower bound on the tracking error of all weights that have the target betas.

    By Cauchy and Schwarz, ``|change of beta| sigma_etf`` for each ETF.
    """
    now = aligned.betas.T @ reference
    ends = np.array([(one.low, one.high) for one in targets])
    change = np.maximum(np.maximum(ends[:, 0] - now, now - ends[:, 1]), 0.0)
    return float((change * np.sqrt(aligned.etf_variances)).max())


def reweight(
    formulation: Formulation,
    method: Method,
    penalised: Penalties | None = None,
) -> tuple[Solution, tuple[str, ...]]:
    """Solve a formulated problem by one of the methods of reweighting; return the solution, and notes on it.

    ``penalised`` are penalties beside the tracking variance, for ``reweight``.

    Raises
    ------
    Infeasible
        If no weights keep all limits; its ``reachable`` gives the betas within the limits.
    SolverFailed
        If there are such weights, but no solution could be proven.

    """
    try:
        if penalised is not None:
            return _penalised(formulation, penalised, method)
        return _solve(well_conditioned(formulation.problem), formulation.terms, method)
    except Infeasible as error:
        from betaneutral_xl.engine.reachable import reachable

        found = reachable(formulation)
        if found.feasible:  # then the limits on the number or size of trades are infeasible
            raise
        raise Infeasible(found.sentence(), reachable=found) from error


def _solve(problem: QuadraticProgram, terms: Terms, method: Method) -> tuple[Solution, tuple[str, ...]]:
    """Solve a program by the method, and return notes on the solution."""
    if method is Method.FEWEST_TRADES:
        few, note = _few(problem)
        return solvers.solve(few), (note,)
    if terms.max_trades is not None or terms.min_trade:
        return _sparse(problem, terms)
    solution = solvers.solve(problem)
    if solution.minimum_norm:
        return solution, (
            "The covariance is singular: of the many solutions of least tracking error this is the one with "
            "the smallest trades.",
        )
    return solution, ()


def _penalised(
    formulation: Formulation, penalised: Penalties, method: Method = Method.REWEIGHT
) -> tuple[Solution, tuple[str, ...]]:
    """Solve a program with penalties."""
    terms, aligned = formulation.terms, formulation.aligned
    problem = well_conditioned(formulation.problem)
    notes: tuple[str, ...] = ()
    if method is Method.FEWEST_TRADES:
        problem, note = _few(problem)
        notes = (note,)
    covariance = aligned.covariance.form
    if method is Method.LEAST_SQUARES:
        covariance = Factors(np.zeros((covariance.size, 0)), np.ones(covariance.size))
    tradable = formulation.traded[aligned.covered]
    program = Penalised.of(problem, covariance, aligned.covered_weights, tradable, penalised)
    if terms.max_trades is not None or terms.min_trade:
        found, notes = _sparse(program.equivalent(fixed_name=True), terms, beside=1)
        return program.solution(found), notes
    for fixed_name in (True,) if problem.has_l1_terms else (False, True):
        # Proven for the equivalent program it may not be for this one, to rounding.
        solution = program.solution(solvers.solve(program.equivalent(fixed_name=fixed_name)))
        if solution.proven:
            return solution, notes
    msg = (
        f"No solver's solution for {problem.size} names could be proven (smallest error {solution.gap:.2g}). "
        "Widen the tightest limit a little, or choose the objective tracking_error."
    )
    raise SolverFailed(msg)


def _few(problem: QuadraticProgram) -> tuple[QuadraticProgram, str]:
    """Fix the names that the least turnover does not trade, and return a note on it."""
    from betaneutral_xl.engine.optimisation.linear import least_turnover

    trades = least_turnover(problem)
    if trades is None:
        msg = "No weights keep all limits. Relax a limit, or change the target."
        raise Infeasible(msg)
    fixed = np.abs(trades) <= SMALLEST_TRADE
    lower, upper = (np.where(fixed, problem.weights, bound) for bound in (problem.lower, problem.upper))
    return problem.with_bounds(lower, upper), (
        f"A turnover of {float(np.abs(trades).sum()) / 2.0:.4%} is the least that keeps all limits; it takes "
        f"{problem.size - int(fixed.sum())} names, on which tracking error is then least."
    )


def _sparse(problem: QuadraticProgram, terms: Terms, beside: int = 0) -> tuple[Solution, tuple[str, ...]]:
    """Solve with limits on the number and size of trades."""
    from betaneutral_xl.engine.optimisation import cardinality

    found = cardinality.solve(problem, terms.max_trades, terms.min_trade, beside)
    if found.optimal:
        note = f"No better choice of trades exists ({found.nodes} choices were compared)."
    else:
        note = (
            f"The best choice of trades found among {found.nodes}; a better one could lower the objective by "
            f"a fraction of {found.gap:.2g} at most."
        )
    return found.solution, (note,)
