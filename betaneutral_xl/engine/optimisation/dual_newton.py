"""Newton's method on the dual of the quadratic problem: exact, with V dense or in factor form.

Split ``V = K + diag(D)`` with K positive semidefinite and D > 0. With
``1/2 d'K d = max over y of y'K d - 1/2 y'K y`` every name stands alone once y (n,) and the duals p of
the conditions are known: its trade is the least of a one-dimensional convex function, found by
shrinking and clipping

    d_i = clip(shrink((A p - K y)_i) / D_i)

The dual in (y, p) is concave and piecewise quadratic. Over the open names F, those on no limit, its
Newton system is

    V_FF delta - C_F dp = -(K (d - y))_F,      C_F' delta = what the conditions lack,

whatever D is: one Cholesky factorisation of V_FF, or the Woodbury identity in factor form. Newton's
method with a line search ends on the piece of the solution after a handful of steps, and there is exact.

In factor form D is the specific variance. Of a dense V it is a share of the diagonal, about which
nothing is known but that a small enough one leaves K semidefinite; hence the certificate of V itself
says when to stop, and no progress over some steps says that the share was too large.

References
----------
Li, Sun and Toh, A highly efficient semismooth Newton augmented Lagrangian method, SIAM J. Optim. 2018.

"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import FAR, Multipliers, Problem, Solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import Solver

SEARCHES = 40
"""Trial lengths of one step."""

ROUNDING = 1e-13
"""Residual of the dual's gradient, relative to what is traded, that is rounding."""

EXACT = 1e-3
"""Share of the gap and violation that a proof allows at which the method stops of itself."""

FURTHEST = 1e6
"""Length, in Newton steps, to which a step is doubled at most."""

FEW = 0.03
"""Share of the curvature of all names that stands for that of the open ones where hardly any is open."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A point of the dual, and what follows from it.

    Attributes
    ----------
    centre, of_centre
        y and V y, shape (n,).
    duals
        p of the m conditions, of turnover and of gross exposure, shape (m + 2,); those of limits
        from above are negative.
    trades
        d, shape (n,), the best answer of each name.

    """

    centre: FloatArray
    of_centre: FloatArray
    duals: FloatArray
    trades: FloatArray


def solve(
    problem: Problem,
    separable: FloatArray,
    start: Solution | None = None,
    *,
    steps: int = 60,
    patience: int = 60,
) -> Solution | None:
    """Return the solution, proven or the best found; None where there seems to be none.

    Parameters
    ----------
    problem
        What to solve.
    separable
        D, shape (n,), positive.
    start
        An answer to a problem with the same limits, to set out from.
    steps
        Newton steps at most.
    patience
        Steps without progress at most.

    """
    dual = _Dual(problem, separable)
    state = dual.start(start)
    best: Solution | None = None
    least, idle = math.inf, 0
    for _ in range(steps):
        of_trades = problem.form.matvec(state.trades)
        solution = dual.solution(state, of_trades)
        if best is None or solution.shortfall < best.shortfall:
            best = solution
        residual = dual.residual(state, of_trades)
        if solution.objective - solution.gap > dual.most_objective:
            return None  # a bound that no trades within the limits can reach: there are none
        if solution.shortfall <= EXACT or residual <= ROUNDING * (1.0 + float(np.abs(state.trades).sum())):
            break
        idle = 0 if residual < 0.7 * least else idle + 1
        least = min(least, residual)
        if idle >= patience or (idle and solution.proven):
            break
        try:
            state = dual.step(state, of_trades)
        except np.linalg.LinAlgError:
            break
    return best


class _Dual:
    """The dual function of a problem for one split of V, and its Newton steps."""

    def __init__(self, problem: Problem, separable: FloatArray) -> None:
        self.problem, self.separable = problem, separable
        self.weights, self.conditions = problem.weights, problem.conditions
        self.low, self.high = problem.lower - problem.weights, problem.upper - problem.weights
        held = problem.conditions.T @ problem.weights
        self.least = np.concatenate([problem.least - held, [-math.inf, -math.inf]])
        self.most = np.concatenate([problem.most - held, [2.0 * problem.turnover, problem.gross]])
        self.equal = self.least == self.most
        sizes = np.minimum(np.maximum(np.abs(self.low), np.abs(self.high)), FAR)
        risks = np.sqrt(problem.form.variances())
        self.most_objective = 0.5 * float(sizes @ risks) ** 2 + problem.cost * float(sizes.sum())
        own = 1.0 / separable
        natural = np.einsum("ij,ij,i->j", problem.conditions, problem.conditions, own)
        self.natural = np.concatenate([natural, [own.sum(), own.sum()]])
        self.solver: Solver | None = None  # of the last step: in factor form only what differs is new

    def start(self, solution: Solution | None) -> State:
        """Return the state of an answer found before, or that of no trades."""
        if solution is None:
            centre, duals = np.zeros(self.problem.size), np.zeros(self.least.size)
        else:
            prices = solution.multipliers
            centre = solution.trades
            duals = np.concatenate([prices.conditions, [-prices.turnover, -prices.gross]])
        of_centre = self.problem.form.matvec(centre)
        return State(centre, of_centre, duals, self.answer(self.pulls(centre, of_centre, duals), duals))

    def pulls(self, centre: FloatArray, of_centre: FloatArray, duals: FloatArray) -> FloatArray:
        """Return A p - K y."""
        pulls: FloatArray = self.conditions @ duals[:-2] - of_centre + self.separable * centre
        return pulls

    def answer(self, pulls: FloatArray, duals: FloatArray) -> FloatArray:
        """Return the trade of each name that is best for it alone."""
        kink = self.problem.cost - float(duals[-2])
        trades = _shrunk(pulls, self.separable, kink, -float(duals[-1]), self.weights)
        return np.minimum(np.maximum(trades, self.low), self.high)

    def reached(self, trades: FloatArray) -> FloatArray:
        """Return the value of every condition, of turnover (both ways) and of gross exposure."""
        sizes = [np.abs(trades).sum(), np.abs(self.weights + trades).sum()]
        return np.concatenate([self.conditions.T @ trades, sizes])

    def lack(self, duals: FloatArray, reached: FloatArray) -> FloatArray:
        """Return how far every condition is from where its dual wants it."""
        ends = np.where(duals > 0.0, self.least, np.where(duals < 0.0, self.most, reached))
        return np.clip(ends, self.least, self.most) - reached

    def residual(self, state: State, of_trades: FloatArray) -> float:
        """Return the largest entry of the dual's gradient, in units of trades."""
        off = self._off_centre(state, of_trades)
        lack = self.lack(state.duals, self.reached(state.trades))
        return max(float(np.abs(off).max()) / float(self.separable.mean()), float(np.abs(lack).max()))

    def solution(self, state: State, of_trades: FloatArray) -> Solution:
        """Return the trades with their multipliers."""
        turnover, gross = np.maximum(-state.duals[-2:], 0.0).tolist()
        multipliers = Multipliers(state.duals[:-2].copy(), turnover, gross)
        return Solution(self.problem, state.trades, multipliers, "dual Newton", known_pull=of_trades)

    def step(self, state: State, of_trades: FloatArray) -> State:
        """Take one Newton step of the length at which the dual stops rising."""
        delta, duals_along, few = self._direction(state, of_trades)
        along = state.trades - state.centre + delta
        of_along = of_trades - state.of_centre + self.problem.form.matvec(delta)
        semidefinite_along = of_along - self.separable * along  # K times the step
        pulls = self.pulls(state.centre, state.of_centre, state.duals)
        pulls_along = self.conditions @ duals_along[:-2] - semidefinite_along

        def reach(length: float) -> tuple[float, State]:
            """Return the dual's slope there, and the state."""
            duals = state.duals + length * duals_along
            duals[np.abs(duals) <= 1e-10 * np.abs(state.duals)] = 0.0  # what crosses zero by rounding
            duals[-2:] = np.minimum(duals[-2:], 0.0)
            trades = self.answer(pulls + length * pulls_along, duals)
            centre = state.centre + length * along
            # Of a dual of zero, the end that counts is where it came from, or else where it goes.
            heading = np.where(duals != 0.0, duals, np.where(state.duals != 0.0, state.duals, duals_along))
            ends = np.where(heading > 0.0, self.least, np.where(heading < 0.0, self.most, 0.0))
            moved = duals_along != 0.0
            slope = float((trades - centre) @ semidefinite_along)
            slope += float(duals_along[moved] @ (ends - self.reached(trades))[moved])
            return slope, State(centre, state.of_centre + length * of_along, duals, trades)

        return _line_search(reach, may_extend=few)

    def _off_centre(self, state: State, of_trades: FloatArray) -> FloatArray:
        """Return K (d - y)."""
        off: FloatArray = of_trades - state.of_centre - self.separable * (state.trades - state.centre)
        return off

    def _direction(self, state: State, of_trades: FloatArray) -> tuple[FloatArray, FloatArray, bool]:
        """Return the Newton step from d, in the duals, and whether hardly a name is open."""
        trades, problem = state.trades, self.problem
        reached = self.reached(trades)
        lacking = self.lack(state.duals, reached) != 0.0
        active = lacking | (state.duals != 0.0)
        is_open = (trades > self.low) & (trades < self.high)
        if problem.cost or active[-2]:
            is_open &= trades != 0.0
        if active[-1]:
            is_open &= self.weights + trades != 0.0
        rows = np.flatnonzero(is_open)
        slopes = np.column_stack(
            [self.conditions[rows], np.sign(trades[rows]), np.sign(self.weights[rows] + trades[rows])]
        )
        if not rows.size:
            solved = np.zeros((0, slopes.shape[1] + 1))
        else:
            right = np.column_stack([self._off_centre(state, of_trades)[rows], slopes])
            self.solver = problem.form.solver(None if rows.size == problem.size else rows, near=self.solver)
            solved = self.solver(np.asfortranarray(right))
        base, answers = solved[:, 0], solved[:, 1:]
        system = slopes.T @ answers
        few = rows.size < 2 * int(active.sum())
        diagonal = np.einsum("ii->i", system)
        diagonal += 1e-14 * diagonal + (FEW * self.natural if few else 0.0)
        duals = _match(
            system, reached - slopes.T @ base - system @ state.duals, self.least, self.most, state.duals
        )
        duals_along = duals - state.duals
        delta = np.zeros(problem.size)
        delta[rows] = answers @ duals_along - base
        return delta, duals_along, few


def _match(
    system: FloatArray, offset: FloatArray, least: FloatArray, most: FloatArray, duals: FloatArray
) -> FloatArray:
    """Return duals p for which ``offset + S p`` is on its lower limit where p > 0, on its upper where p < 0.

    S is semidefinite and as small as the conditions are few. An active set: of the duals of a wrong
    sign the worst is set to zero, of the values out of their limits the worst is priced.
    """
    equal = least == most
    start = offset + system @ duals
    side = np.where(equal, 1.0, np.sign(duals))
    idle = side == 0.0
    side[idle] = (start < least).astype(float)[idle] - (start > most).astype(float)[idle]
    sizes = np.diag(system)
    scale = np.sqrt(np.maximum(sizes, ROUNDING * sizes.max())) if sizes.max() > 0.0 else np.ones_like(sizes)
    found = np.zeros_like(duals)
    for _ in range(4 * duals.size):
        on = np.flatnonzero(side)
        target = np.where(side > 0.0, least, most)[on] - offset[on]
        found = np.zeros_like(duals)
        part = system[np.ix_(on, on)]
        try:
            found[on] = np.linalg.solve(part, target)
        except np.linalg.LinAlgError:
            found[on] = np.linalg.lstsq(part, target)[0]
        wrong = np.where(equal, 0.0, -found * side * scale)
        if wrong.max() > 0.0:
            side[int(wrong.argmax())] = 0.0
            continue
        value = offset + system @ found
        outside = np.where(side == 0.0, np.maximum(least - value, value - most) / scale, 0.0)
        worst = int(outside.argmax())
        if not outside[worst] > ROUNDING:
            break
        side[worst] = 1.0 if value[worst] < least[worst] else -1.0
    return found


def _shrunk(
    pulls: FloatArray, curvatures: FloatArray, kink: float, gross_price: float, weights: FloatArray
) -> FloatArray:
    """Return argmin over d of ``D d^2 / 2 - p d + kink |d| + gross_price |w + d|``, name by name.

    The marginal cost rises by twice the kink at d = 0 and by twice the price at d = -w; between the
    two lies one piece more.
    """
    if not gross_price:
        if kink:
            pulls = np.sign(pulls) * np.maximum(np.abs(pulls) - kink, 0.0)
        alone: FloatArray = pulls / curvatures
        return alone
    first, second = np.minimum(0.0, -weights), np.maximum(0.0, -weights)
    between = (gross_price - kink) * np.sign(weights)
    outer = kink + gross_price
    return np.maximum(
        (pulls - outer) / curvatures,
        np.minimum(
            second,
            np.maximum((pulls - between) / curvatures, np.minimum(first, (pulls + outer) / curvatures)),
        ),
    )


def _line_search(reach: Callable[[float], tuple[float, State]], *, may_extend: bool) -> State:
    """Return a state along the step at which the dual still rises, or hardly falls.

    The dual is concave, so its slope falls along the step. The full step is taken unless the slope
    has turned well below zero; then the zero is bracketed. Where hardly a name was open to set its
    length by, the step is doubled while the dual still rises.
    """
    start, _ = reach(0.0)
    near, near_slope, length = 0.0, start, 1.0
    slope, state = reach(length)
    while may_extend and slope > 0.5 * start > 0.0 and length < FURTHEST:
        near, near_slope, length = length, slope, 2.0 * length
        slope, state = reach(length)
    far, far_slope = length, slope
    for _ in range(SEARCHES):
        if not start > 0.0 or slope >= -start / 3.0:
            break
        share = near_slope / (near_slope - far_slope)
        length = near + (far - near) * min(max(share, 0.1), 0.9)
        slope, state = reach(length)
        if slope < 0.0:
            far, far_slope = length, slope
        else:
            near, near_slope = length, slope
    return state
