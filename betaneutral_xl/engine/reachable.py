"""The range of betas within the limits, the limits that bind there, and relaxations: linear programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.limits import describe
from betaneutral_xl.engine.limits.formulation import beta_label, market_row
from betaneutral_xl.engine.limits.limit import WITH, Relaxation
from betaneutral_xl.engine.optimisation.linear import Limits, Unbounded, least_violation, minimise
from betaneutral_xl.model.arrays import make_read_only
from betaneutral_xl.model.market import market_fund

if TYPE_CHECKING:
    from betaneutral_xl.engine.limits.formulation import Formulation
    from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
    from betaneutral_xl.model.alignment import Coverage
    from betaneutral_xl.model.arrays import FloatArray, IntArray
    from betaneutral_xl.model.constraints import Range

TOLERANCE = 1e-9
"""Distance within which a beta counts as on target, and a weight as on a limit."""


@dataclass(frozen=True, slots=True, eq=False)
class Reachable:
    """The range of betas within the limits.

    Attributes
    ----------
    etf_names
        K names.
    targets
        K ranges of the target betas.
    low, high
        Shape (K,): the lowest and highest beta to each ETF within the limits, with the betas to the
        others on target where that is feasible; infinite if unbounded; NaN if the limits contradict
        each other even without a target.
    tickers
        N names.
    weights
        Shape (N,): feasible weights whose betas are nearest to the target (least sum of distances).
    beta
        Shape (K,): the betas of these weights.
    binding
        The active limits of these weights.
    relaxations
        Alternatives, each sufficient by itself.
    hedge_legs
        How much of each ETF, in units of net asset value, to sell beside these weights to reach the
        target.
    benchmark
        A market fund of the risk model whose own beta is feasible, and that beta.
    coverage
        Of the betas to each ETF.
    limits
        The limits in words, such as ``long only with at most 5% a name``.

    """

    etf_names: tuple[str, ...]
    targets: tuple[Range, ...]
    low: FloatArray
    high: FloatArray
    tickers: tuple[str, ...]
    weights: FloatArray
    beta: FloatArray
    binding: tuple[str, ...]
    relaxations: tuple[Relaxation, ...]
    hedge_legs: Mapping[str, float]
    benchmark: tuple[str, float] | None
    coverage: Coverage
    limits: str = ""

    def __post_init__(self) -> None:
        make_read_only(self, "low", "high", "weights", "beta")

    @property
    def feasible(self) -> bool:
        """Whether the target can be reached."""
        return not self._off()

    def lines(self) -> Iterator[tuple[str, Range, float, float, float, float]]:
        """Yield name, target, lowest, highest and nearest beta, and hedge leg of each ETF."""
        betas = zip(self.low.tolist(), self.high.tolist(), self.beta.tolist(), strict=True)
        for name, target, (low, high, beta) in zip(self.etf_names, self.targets, betas, strict=True):
            yield name, target, low, high, beta, self.hedge_legs.get(name, 0.0)

    def title(self) -> str:
        """Return a short title: infeasible, and the nearest beta within the limits."""
        if not np.isfinite(self.weights).all():
            return "Not feasible as asked: the limits contradict each other"
        off = self._off()
        if not off:
            return "Not feasible as asked"
        name, target, low, high, beta = off[0]
        which, value, goal = "nearest", beta, target.high if beta > target.high else target.low
        if low > target.high:
            which, value, goal = "lowest", low, target.high
        elif high < target.low:
            which, value, goal = "highest", high, target.low
        digits = next((n for n in (2, 4, 6) if f"{value:.{n}f}" != f"{goal:.{n}f}"), 10)
        to = f" to {name}" if len(self.etf_names) > 1 else ""
        return f"Not feasible as asked: the {which} beta{to} within the limits is {value:.{digits}f}"

    def _off(self) -> list[tuple[str, Range, float, float, float]]:
        """Return name, target, lowest, highest and nearest beta of the ETFs whose target is out of reach."""
        return [
            (name, target, low, high, beta)
            for name, target, low, high, beta, _ in self.lines()
            if not target.low - TOLERANCE <= beta <= target.high + TOLERANCE
        ]

    def sentence(self) -> str:
        """Return one line: what is infeasible, what is feasible, what to do."""
        advice = [one.sentence for one in self.relaxations]
        if self.benchmark:
            advice.append(f"aim at {self.benchmark[0]} ({self.benchmark[1]:.2f})")
        action = ", or ".join(advice[:3]) if advice else "sell the rest of the beta through the ETF"
        action = f"{action[0].upper()}{action[1:]}."
        if not np.isfinite(self.weights).all():
            return f"The limits contradict each other ({self.limits}), whatever the beta. {action}"
        off = self._off()
        if not off:
            return "The target can be reached."
        name, target, low, high, _ = off[0]
        end, value, goal = (
            ("lowest", low, target.high) if low > target.high else ("highest", high, target.low)
        )
        to = f" to {name}" if len(self.etf_names) > 1 else ""
        return f"No weights reach beta {goal:.2f}{to} {self.limits}: the {end} is {value:.2f}. {action}"


def reachable(formulation: Formulation) -> Reachable:
    """Compute the range of betas within the limits and, if the target is outside it, what would help.

    The target betas are among the conditions of the formulation.
    """
    aligned, problem = formulation.aligned, formulation.problem
    betas, targets = formulation.betas, formulation.targets
    names = aligned.etf_names
    rows = np.array([problem.labels.index(beta_label(name)) for name in names])
    nearest = _nearest(problem, rows)
    ends = np.full((2, len(names)), math.nan)
    for k, row in enumerate(rows) if nearest is not None else ():
        direction = problem.conditions[:, row]
        extremes = _extremes(_without(problem, np.array([row])), direction)
        if math.isnan(extremes[0]):  # the targets of the others are infeasible, too
            extremes = _extremes(_without(problem, rows), direction)
        ends[:, k] = float(betas[:, k] @ aligned.covered_weights) + np.array(extremes)
    weights = np.full(len(aligned.tickers), math.nan)
    beta = np.full(len(names), math.nan)
    binding: tuple[str, ...] = ()
    if nearest is not None:
        weights = formulation.expand(np.clip(problem.weights + nearest, problem.lower, problem.upper))
        beta = betas.T @ weights[aligned.covered]
        binding = tuple(_active_limits(formulation, nearest))
    gaps = np.array([beta[k] - min(max(beta[k], one.low), one.high) for k, one in enumerate(targets)])
    off = not (np.abs(gaps) <= TOLERANCE).all()
    return Reachable(
        etf_names=names,
        targets=targets,
        low=ends[0],
        high=ends[1],
        tickers=aligned.tickers,
        weights=weights,
        beta=beta,
        binding=binding,
        relaxations=tuple(_relaxations(formulation)) if off else (),
        hedge_legs=_hedge_legs(formulation, gaps) if off and nearest is not None else MappingProxyType({}),
        benchmark=_benchmark(formulation, ends, targets) if off else None,
        coverage=aligned.coverage,
        limits=_limits(formulation),
    )


def _limits(formulation: Formulation) -> str:
    """Describe the limits, and the market beta that a market's share leaves."""
    words, row = describe(formulation.limits), market_row(formulation.aligned)
    if row is None:
        return words
    joined = " and " if WITH in words else f" {WITH}"
    return f"{words}{joined}the {row.label} at {round(row.limit.low, 2) + 0.0:.2f}"


def _extremes(problem: QuadraticProgram, direction: FloatArray) -> tuple[float, float]:
    """Return the minimum and maximum of ``direction @ d``; NaN if infeasible."""
    ends = []
    for sign in (1.0, -1.0):
        try:
            trades = minimise(problem, sign * direction)
        except Unbounded:
            ends.append(-sign * math.inf)
            continue
        ends.append(math.nan if trades is None else float(direction @ trades))
    return ends[0], ends[1]


def _nearest(problem: QuadraticProgram, rows: IntArray) -> FloatArray | None:
    """Return feasible trades of least sum of distances of the betas from their targets."""
    limits = Limits.of(problem)
    up = np.zeros((limits.row_lower.size, len(rows)))
    up[rows, np.arange(len(rows))] = 1.0
    elastic = limits.with_columns(np.hstack([up, -up]))
    solution = elastic.minimise(np.append(np.zeros(limits.count), np.ones(2 * len(rows))))
    return None if solution is None else solution[: problem.size]


def _without(problem: QuadraticProgram, rows: IntArray) -> QuadraticProgram:
    """Return the program without some of its conditions."""
    keep = np.delete(np.arange(problem.row_lower.size), rows)
    return replace(
        problem,
        conditions=problem.conditions[:, keep],
        row_lower=problem.row_lower[keep],
        row_upper=problem.row_upper[keep],
        labels=tuple(problem.labels[int(i)] for i in keep),
    )


def _active_limits(formulation: Formulation, trades: FloatArray) -> Iterator[str]:
    """Yield the active limits: bounds as the number of names, the others one by one."""
    problem = formulation.problem
    x = problem.weights + trades
    lower, upper = (np.abs(x - bound) <= TOLERANCE for bound in (problem.lower, problem.upper))
    if lower.any():
        yield f"{int(lower.sum())} names at their lower bound"
    if upper.any():
        yield f"{int(upper.sum())} names at their upper bound"
    values = problem.conditions.T @ x
    for label, value, *ends in zip(problem.labels, values, problem.row_lower, problem.row_upper, strict=True):
        if not label.startswith("beta to ") and any(abs(value - end) <= TOLERANCE for end in ends):
            yield label
    if float(np.abs(trades).sum()) / 2.0 >= problem.turnover - TOLERANCE:
        yield "turnover"
    if float(np.abs(x).sum()) >= problem.gross - TOLERANCE:
        yield "gross exposure"


def _hedge_legs(formulation: Formulation, gaps: FloatArray) -> Mapping[str, float]:
    """Return how much of each ETF to sell to close the gaps of the betas."""
    legs = np.linalg.lstsq(formulation.aligned.etf_betas, gaps, rcond=None)[0]
    return MappingProxyType(dict(zip(formulation.aligned.etf_names, legs.tolist(), strict=True)))


def _benchmark(
    formulation: Formulation, ends: FloatArray, targets: Sequence[Range]
) -> tuple[str, float] | None:
    aligned = formulation.aligned
    if len(aligned.etf_names) != 1 or np.isnan(ends).any():
        return None
    name = market_fund(aligned.risk_model)
    if name is None:
        return None
    beta = float(aligned.beta_of(name)[0])
    within = ends[0, 0] <= beta <= ends[1, 0]
    return (name, beta) if within and not targets[0].low <= beta <= targets[0].high else None


def _relaxations(formulation: Formulation) -> Iterator[Relaxation]:
    """Relax each limit by itself by the least amount that makes all others feasible."""
    limits = formulation.limits
    for limit in limits:
        yield from limit.relaxations(formulation.with_limits([one for one in limits if one is not limit]))
    if any(limit.excludes_names for limit in limits):
        wider = formulation.with_limits([one for one in limits if not one.excludes_names])
        if least_violation(wider.problem) <= TOLERANCE:
            more = wider.problem.size - formulation.problem.size
            yield Relaxation("universe", float(more), f"let {more} more names be traded")
    yield from _smaller_market_share(formulation)


def _smaller_market_share(formulation: Formulation) -> Iterator[Relaxation]:
    """Yield the largest share of the market's leg with which all else is feasible, if it is a smaller one."""
    market, row = formulation.aligned.market, market_row(formulation.aligned)
    if market is None or row is None or not market.portfolio_beta:
        return
    free = formulation.without_market()
    direction = row.coefficients[free.traded]
    now = float(row.coefficients @ formulation.aligned.weights)
    low, high = (now + end for end in _extremes(free.problem, direction))
    if math.isnan(low):
        return
    share = 1.0 - min(max(row.limit.low, low), high) / market.portfolio_beta
    if 0.0 <= share < market.share:
        yield Relaxation("market_share", share, f"sell {share:.0%} of the market leg at most")
