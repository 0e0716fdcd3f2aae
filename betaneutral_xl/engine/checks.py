"""Checks of a result, recomputed from the result itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.conditions import bounds_of, group_label, universe_of
from betaneutral_xl.model.constraints import SMALLEST_TRADE, Universe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from betaneutral_xl.engine.optimisation.quadratic import Solution
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.constraints import Constraints, Range

LIMIT = 1e-8
"""Tolerance for an excess over a limit, for sums of size 1."""


def size_of(*terms: FloatArray) -> float:
    """Return the scale of sums to which their rounding errors are relative: at least 1.

    The error of a sum is a small multiple of the machine epsilon times the sum of the absolute values
    of its terms (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2), whatever the
    order in which a processor adds them. So a tolerance is a multiple of this size, not a constant.

    >>> size_of(np.array([0.5, -0.25])), size_of(np.array([2e9, -1.0]), np.array([3.0]))
    (1.0, 2000000001.0)
    """
    return max(1.0, *(float(np.abs(one).sum()) for one in terms))


@dataclass(frozen=True, slots=True)
class Check:
    """A statement about a result with its residual and the allowed limit."""

    name: str
    residual: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the residual is within the limit; False for NaN."""
        return self.residual <= self.limit


def check_limits(
    aligned: Aligned,
    constraints: Constraints,
    new_weights: FloatArray,
    betas: Mapping[str, float],
    tolerance: float,
) -> Iterator[Check]:
    """Yield a check of new weights, shape (N,), for each limit that is set."""
    x, w = new_weights, aligned.weights
    size = size_of(x, w)
    if constraints.net is None:
        yield Check("net exposure is kept", abs(float(x.sum() - w.sum())), tolerance * size)
    else:
        outside = _outside(float(x.sum()), constraints.net)
        yield Check(f"net exposure is {constraints.net}", outside, tolerance * size)
    for name, beta in betas.items():
        limit = constraints.beta_range(name)
        if limit is not None:
            yield Check(f"beta to {name} is {limit}", _outside(beta, limit), tolerance * size)
    yield from _check_names(aligned, constraints, x)
    yield from _check_trades(constraints, x - w, size)
    for group, limit in constraints.group_limits.items():
        inside = np.isin(aligned.tickers, constraints.groups[group])
        yield Check(f"{group_label(group)} is {limit}", _outside(float(x[inside].sum()), limit), LIMIT * size)
    if math.isfinite(constraints.gross):
        over = float(np.abs(x).sum()) - constraints.gross
        yield Check(f"gross exposure is at most {constraints.gross:g}", over, LIMIT * size)


def _check_names(aligned: Aligned, constraints: Constraints, x: FloatArray) -> Iterator[Check]:
    """Yield checks of the limits on single names.

    Bounds apply to names that are held or traded; an ETF's name that is neither has weight zero.
    """
    trades = x - aligned.weights
    size = size_of(x, aligned.weights)
    if constraints.long_only or constraints.lower or constraints.upper:
        bounds = bounds_of(constraints, aligned.tickers)
        concerned = (aligned.weights != 0.0) | (trades != 0.0)
        below, above = (bounds[:, 0] - x)[concerned], (x - bounds[:, 1])[concerned]
        yield Check("no weight is below its lower bound", float(below.max(initial=0.0)), LIMIT * size)
        yield Check("no weight is above its upper bound", float(above.max(initial=0.0)), LIMIT * size)
    if constraints.frozen:
        frozen = np.isin(aligned.tickers, constraints.frozen)
        yield Check(
            "frozen names are not traded", float(np.abs(trades[frozen]).max(initial=0.0)), SMALLEST_TRADE
        )
    if constraints.universe is not Universe.UNION:
        outside = ~np.isin(aligned.tickers, list(universe_of(aligned, constraints.universe)))
        most = float(np.abs(trades[outside]).max(initial=0.0))
        yield Check(f"only {constraints.universe} names are traded", most, SMALLEST_TRADE)


def _check_trades(constraints: Constraints, trades: FloatArray, size: float) -> Iterator[Check]:
    """Yield checks of turnover and of the number and size of trades."""
    sizes = np.abs(trades)
    sizes = sizes[sizes > SMALLEST_TRADE]
    if math.isfinite(constraints.turnover):
        over = float(sizes.sum()) / 2.0 - constraints.turnover
        yield Check(f"turnover is at most {constraints.turnover:g}", over, LIMIT * size)
    if constraints.max_trades is not None:
        over = float(max(sizes.size - constraints.max_trades, 0))
        yield Check(f"at most {constraints.max_trades} names are traded", over, 0.0)
    if constraints.min_trade:
        missing = constraints.min_trade - float(sizes.min(initial=math.inf))
        yield Check(f"every trade is at least {constraints.min_trade:g}", missing, LIMIT * size)


def check_solution(aligned: Aligned, new_weights: FloatArray, solution: Solution) -> Iterator[Check]:
    """Yield checks that the new weights are the solution's and that the solution is optimal.

    The proof is made anew from the covariance, the trades and the duals.
    """
    made = float(np.abs(new_weights - aligned.weights).sum())
    gap = abs(made - float(np.abs(solution.trades).sum()))
    yield Check("trades are the solution's", gap, LIMIT * size_of(new_weights, aligned.weights))
    yield Check(
        "no other weights on the names traded are better (gap of the objective)",
        solution.gap,
        solution.gap_tolerance,
    )


def _outside(value: float, limit: Range) -> float:
    return max(limit.low - value, value - limit.high, 0.0)
