"""Newton's method on the dual of the quadratic problem, in factor form: exact, and linear in the names.

With V = L L' + diag(D) and u = L'd, every name stands alone once the prices z (k,) of ``u = L'd``
and nu (m,) of the conditions are known: its trade is the least of a one-dimensional convex function,
found by shrinking and clipping

    d_i = clip(shrink((A nu - L z)_i) / D_i)

The dual in those few prices is concave and piecewise quadratic. Newton's method with a line search
ends on the piece of the solution after a handful of steps, and there is exact. A step costs two
products with L, a system of k + m equations, and the change of C'D^-1 C over the names that have
come off or on a limit since the last step, where C = [-L A].

Where D is zero, or a condition is an inequality, a small quadratic pulls the trade or the slack to
a centre, which follows until it no longer matters (the proximal point method).

References
----------
Li, Sun and Toh, A highly efficient semismooth Newton augmented Lagrangian method, SIAM J. Optim. 2018.
Rockafellar, Monotone operators and the proximal point algorithm, SIAM J. Control Optim. 1976.

"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.optimisation.quadratic import Multipliers, Problem, Solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.arrays import BoolArray, FloatArray
    from betaneutral_xl.risk import Factors

STEPS = 150
"""Newton steps before the problem is left to another solver."""

SEARCHES = 40
"""Trial lengths of one step."""

ROUNDING = 1e-13
"""Residual of the dual's gradient, relative to what is traded, that is rounding."""

STALLED = 1e-9
"""Residual from which on a step without progress means that rounding is reached."""

NO_SPECIFIC_RISK = 1e-6
"""Specific variance, relative to the mean variance, below which a centre is needed."""

SLOW = 0.6
"""Share of its last move that a centre still moves when the pull is too strong."""

PULL_TO_CENTRE = 1e-2
"""Weight of the pull to the centre, relative to the mean variance."""


def solve(problem: Problem, form: Factors, start: Solution | None = None) -> Solution | None:
    """Return the solution, proven or nearly so; None where the method gets lost.

    Parameters
    ----------
    problem
        What to solve.
    form
        Its V in factor form.
    start
        An answer of another solver to set out from, where one is known.

    """
    dual = _Dual(problem, form)
    if start is not None:
        dual.set_out(start)
    for _ in range(STEPS):
        try:
            if dual.at_rest():
                solution = dual.solution()
                if solution.proven or not dual.recentre():
                    return solution
            dual.step()
        except np.linalg.LinAlgError:
            return None
    return dual.solution()


class _Dual:
    """The prices, the trades that answer them, and the curvature over the open names."""

    def __init__(self, problem: Problem, form: Factors) -> None:
        self.problem = problem
        self.factors = form.loadings.shape[1]
        self.columns = np.hstack([-form.loadings, problem.conditions])
        self.weights = problem.weights
        self.low, self.high = problem.lower - problem.weights, problem.upper - problem.weights
        held = problem.conditions.T @ problem.weights
        self.least, self.most = problem.least - held, problem.most - held
        self.loose = self.least < self.most

        mean_variance = float(form.variances().mean())
        self.pull_to_centre = 0.0
        if form.specific_variance.min() < NO_SPECIFIC_RISK * mean_variance:
            self.pull_to_centre = PULL_TO_CENTRE * mean_variance
        self.specific_variance = form.specific_variance
        self.curvatures = self.specific_variance + self.pull_to_centre
        self.centre = np.zeros(problem.size)
        natural = np.einsum("ij,ij,i->j", problem.conditions, problem.conditions, 1.0 / self.curvatures)
        self.slack_curvature = 1.0 / np.maximum(natural, np.finfo(np.float64).tiny)
        self.slack_centre = np.clip(0.0, self.least, self.most)

        self.prices = np.zeros(self.columns.shape[1])
        self.turnover_price = self.gross_price = 0.0
        self.pulls = np.zeros(problem.size)
        self.trades = self.answer(self.pulls, 0.0, 0.0)
        self.open: BoolArray = np.zeros(problem.size, dtype=np.bool_)
        self.curvature = np.zeros((self.prices.size, self.prices.size))
        self.residual = self.moved = math.inf
        self.measure()

    def set_out(self, start: Solution) -> None:
        """Take the prices and the trades of another solver, whose centre is then the right one."""
        prices = start.multipliers
        self.prices = np.concatenate([start.trades @ -self.columns[:, : self.factors], prices.conditions])
        self.turnover_price, self.gross_price = prices.turnover, prices.gross
        self.pulls = self.columns @ self.prices
        self.centre = start.trades
        self.slack_centre = np.clip(start.trades @ self.columns[:, self.factors :], self.least, self.most)
        self.trades = self.answer(self.pulls, self.turnover_price, self.gross_price)
        self.measure()

    def answer(self, pulls: FloatArray, turnover_price: float, gross_price: float) -> FloatArray:
        """Return the trade of each name that is best for it alone."""
        if self.pull_to_centre:
            pulls = pulls + self.pull_to_centre * self.centre
        kink = self.problem.cost + turnover_price
        trades = _shrunk(pulls, self.curvatures, kink, gross_price, self.weights)
        return np.minimum(np.maximum(trades, self.low), self.high)

    def slack(self, prices: FloatArray) -> FloatArray:
        """Return where each condition's value would best be."""
        slack: FloatArray = np.clip(
            self.slack_centre - prices[self.factors :] / self.slack_curvature, self.least, self.most
        )
        return slack

    def measure(self) -> None:
        """Take the dual's gradient at the present prices."""
        gradient = -(self.columns.T @ self.trades)
        gradient[: self.factors] -= self.prices[: self.factors]
        gradient[self.factors :] += self.slack(self.prices)
        self.gradient = gradient
        self.excess = (
            float(np.abs(self.trades).sum()) - 2.0 * self.problem.turnover,
            float(np.abs(self.weights + self.trades).sum()) - self.problem.gross,
        )
        prices = (self.turnover_price, self.gross_price)
        self.capped = tuple(
            amount > 0.0 or price > 0.0 for amount, price in zip(self.excess, prices, strict=True)
        )
        off = [abs(amount) for amount, capped in zip(self.excess, self.capped, strict=True) if capped]
        self.former, self.residual = self.residual, max([float(np.abs(gradient).max(initial=0.0)), *off])

    def at_rest(self) -> bool:
        """Say whether the gradient is zero to rounding."""
        rounding = ROUNDING * (1.0 + float(np.abs(self.trades).sum()))
        return self.residual <= rounding or STALLED > self.residual > 0.5 * self.former

    def recentre(self) -> bool:
        """Move the centres to the present answer; False where there is nothing to move."""
        slack = self.slack(self.prices)
        moved = float(np.abs(slack - self.slack_centre)[self.loose].max(initial=0.0))
        if self.pull_to_centre:
            moved = max(moved, float(np.abs(self.trades - self.centre).max()))
            self.centre = self.trades
            if SLOW * self.moved < moved < math.inf:
                self._let_go()
        self.slack_centre, self.moved = slack, moved
        self.trades = self.answer(self.pulls, self.turnover_price, self.gross_price)
        self.measure()
        self.residual = math.inf if moved else self.residual
        return moved > 0.0

    def _let_go(self) -> None:
        """Weaken the pull to the centre, so that the centre moves faster."""
        weaker = self.pull_to_centre / 10.0
        self.curvatures = self.specific_variance + weaker
        self.pull_to_centre = weaker
        self.open = np.zeros_like(self.open)
        self.curvature = np.zeros_like(self.curvature)

    def step(self) -> None:
        """Take one Newton step of the length at which the dual stops rising."""
        along, of_caps = self._direction()
        of_turnover, of_gross = of_caps
        pulls_along = self.columns @ along

        def reach(length: float) -> tuple[float, FloatArray]:
            """Return the dual's slope there, and the trades."""
            prices = self.prices + length * along
            trades = self.answer(
                self.pulls + length * pulls_along,
                self.turnover_price + length * of_turnover,
                self.gross_price + length * of_gross,
            )
            slope = -float(pulls_along @ trades) - float(along[: self.factors] @ prices[: self.factors])
            slope += float(along[self.factors :] @ self.slack(prices))
            if of_turnover:
                slope += of_turnover * (float(np.abs(trades).sum()) - 2.0 * self.problem.turnover)
            if of_gross:
                slope += of_gross * (float(np.abs(self.weights + trades).sum()) - self.problem.gross)
            return slope, trades

        # A price of a cap is never negative: the step ends where it would become so.
        ends = [
            price / -change
            for price, change in ((self.turnover_price, of_turnover), (self.gross_price, of_gross))
            if price + change < 0.0
        ]
        start = float(self.gradient @ along) + sum(
            amount * change for amount, change in zip(self.excess, of_caps, strict=True) if change
        )
        length, self.trades = _line_search(reach, start, min([1.0, *ends]))
        self.prices = self.prices + length * along
        self.turnover_price = max(self.turnover_price + length * of_turnover, 0.0)
        self.gross_price = max(self.gross_price + length * of_gross, 0.0)
        self.pulls = self.pulls + length * pulls_along
        self.measure()

    def solution(self) -> Solution:
        """Return the trades with their prices."""
        prices = Multipliers(self.prices[self.factors :].copy(), self.turnover_price, self.gross_price)
        return Solution(self.problem, self.trades, prices, "dual Newton")

    def _direction(self) -> tuple[FloatArray, tuple[float, float]]:
        """Return the Newton step in the prices, and in the prices of the two caps."""
        self._curve()
        count = self.prices.size
        moving = list(self.capped)
        while True:
            system = self._system(moving)
            step = np.linalg.solve(system, [*self.gradient, *itertools.compress(self.excess, moving)])
            rest = iter(step[count:].tolist())
            of_caps = tuple(next(rest) if on else 0.0 for on in moving)
            # A cap whose price is zero and wants to fall further is left out of the step.
            stuck = [
                on and change < 0.0 and price == 0.0
                for on, change, price in zip(
                    moving, of_caps, (self.turnover_price, self.gross_price), strict=True
                )
            ]
            if not any(stuck):
                return step[:count], (of_caps[0], of_caps[1])
            moving = [on and not held for on, held in zip(moving, stuck, strict=True)]

    def _curve(self) -> None:
        """Bring the open names and the curvature C'D^-1 C over them up to date."""
        is_open = (self.trades > self.low) & (self.trades < self.high)
        if self.problem.cost or self.capped[0]:
            is_open &= self.trades != 0.0
        if self.capped[1]:
            is_open &= self.weights + self.trades != 0.0
        changed = np.flatnonzero(is_open != self.open)
        if 2 * changed.size > np.count_nonzero(is_open):
            part = self.columns[is_open]
            self.curvature = part.T @ (part / self.curvatures[is_open, None])
        elif changed.size:
            part = self.columns[changed]
            signed = np.where(is_open[changed], 1.0, -1.0) / self.curvatures[changed]
            self.curvature = self.curvature + part.T @ (part * signed[:, None])
        self.open = is_open

    def _system(self, moving: list[bool]) -> FloatArray:
        """Return the negative Hessian of the dual, made definite where no name is left to move."""
        count, extra = self.prices.size, sum(moving)
        system = np.zeros((count + extra, count + extra))
        system[:count, :count] = self.curvature
        if extra:
            sums = (self.trades, self.weights + self.trades)
            signs = np.column_stack([-np.sign(one[self.open]) for one in itertools.compress(sums, moving)])
            per = signs / self.curvatures[self.open, None]
            system[:count, count:] = self.columns[self.open].T @ per
            system[count:, :count] = system[:count, count:].T
            system[count:, count:] = signs.T @ per
        diagonal = np.einsum("ii->i", system)
        diagonal[: self.factors] += 1.0
        wanted = self.slack_centre - self.prices[self.factors :] / self.slack_curvature
        inside = self.loose & (wanted > self.least) & (wanted < self.most)
        diagonal[self.factors : count] += np.where(inside, 1.0 / self.slack_curvature, 0.0)
        few = diagonal[self.factors :]
        few += 1e-14 * few.max(initial=0.0) + (1e-10 if few.min(initial=1.0) <= 0.0 else 0.0)
        return system


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
    trades: FloatArray = (
        np.minimum((pulls + outer) / curvatures, first)
        + (np.clip((pulls - between) / curvatures, first, second) - first)
        + (np.maximum((pulls - outer) / curvatures, second) - second)
    )
    return trades


def _line_search(
    reach: Callable[[float], tuple[float, FloatArray]], start: float, longest: float
) -> tuple[float, FloatArray]:
    """Return a length at which the dual still rises, or hardly falls, and the trades there.

    The dual is concave, so its slope falls along the step. The full step is taken unless the slope
    has turned well below zero; then the zero is bracketed.
    """
    length, (slope, trades) = longest, reach(longest)
    near, far, near_slope, far_slope = 0.0, longest, start, slope
    for _ in range(SEARCHES):
        if slope >= -start / 3.0:
            break
        share = near_slope / (near_slope - far_slope)
        length = near + (far - near) * min(max(share, 0.1), 0.9)
        slope, trades = reach(length)
        if slope < 0.0:
            far, far_slope = length, slope
        else:
            near, near_slope = length, slope
    return length, trades
