"""Few trades, and none too small: branch and bound over which names are traded.

Every node is a quadratic problem with some names held where they are, some bought and some sold.
Its solution is a lower bound on all that is below it, so that what is known of the optimum when
the search ends is a number, not a hope.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation import solvers
from betaneutral_xl.engine.optimisation.linear import fewest_trades
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.constraints import SMALLEST_TRADE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from betaneutral_xl.engine.optimisation.quadratic import Problem, Solution
    from betaneutral_xl.model.arrays import BoolArray, FloatArray, IntArray

OPTIMAL = 1e-6
"""Gap, relative to the objective, at which the search ends."""

EFFORT = 100_000
"""Names times nodes that are searched."""

DEAR = 10
"""How many nodes one counts for that the fastest solver cannot do: where turnover, gross or a cost binds."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """The best solution found, and what is known of the best there is.

    ``bound`` is a lower bound on the objective of every allowed portfolio.
    """

    solution: Solution
    bound: float
    nodes: int

    @property
    def gap(self) -> float:
        """How much of the objective could at most still be saved, 0 to 1."""
        best = self.solution.objective
        return max(best - self.bound, 0.0) / best if best > 0.0 else 0.0

    @property
    def optimal(self) -> bool:
        """Whether nothing is left to be saved."""
        return self.gap <= OPTIMAL


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """Bounds on the new weights, and the names that are traded for sure."""

    lower: FloatArray
    upper: FloatArray
    traded: BoolArray

    def still(self, problem: Problem, names: IntArray | BoolArray) -> _Node:
        """Return the node with some names held where they are."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[names] = np.maximum(lower[names], problem.weights[names])
        upper[names] = np.minimum(upper[names], problem.weights[names])
        return _Node(lower, upper, self.traded)

    def moved(self, problem: Problem, name: int, least: float) -> Iterator[_Node]:
        """Yield the nodes in which a name is traded: bought or sold where trades have a least size."""
        traded = self.traded.copy()
        traded[name] = True
        if not least:
            yield _Node(self.lower, self.upper, traded)
            return
        w = problem.weights[name]
        if w + least <= self.upper[name]:
            lower = self.lower.copy()
            lower[name] = max(lower[name], w + least)
            yield _Node(lower, self.upper, traded)
        if w - least >= self.lower[name]:
            upper = self.upper.copy()
            upper[name] = min(upper[name], w - least)
            yield _Node(self.lower, upper, traded)


def solve(problem: Problem, max_trades: int | None, min_trade: float) -> Sparse:
    """Return the best solution with at most so many trades, none smaller than so much.

    Exact where the search ends (small problems); otherwise the best found, with a proven bound.

    Raises
    ------
    Infeasible
        If no weights keep the other limits, or none were found that keep these.

    """
    most = problem.size if max_trades is None else min(max_trades, problem.size)
    root = _Node(problem.lower, problem.upper, np.zeros(problem.size, dtype=np.bool_))
    best = _first_guess(problem, root, most, min_trade)
    ceiling = math.inf if best is None else best.objective
    tie = itertools.count()
    # Most promising first; a child waits under its parent's bound until it is solved itself.
    waiting = [(solvers.solve(problem).objective, next(tie), root)]
    nodes, left = 0, max(EFFORT // problem.size, 20)
    while waiting and waiting[0][0] < ceiling * (1.0 - OPTIMAL) and left > 0:
        _, _, node = heapq.heappop(waiting)
        found = _attempt(problem, node)
        nodes += 1
        left -= DEAR if problem.kinked and (found is None or found.solver != solvers.FASTEST) else 1
        if found is None or found.objective >= ceiling:
            continue
        undecided = _undecided(found, node, most, min_trade)
        if undecided is None:
            best, ceiling = found, found.objective
            continue
        for child in _children(problem, node, undecided, most, min_trade):
            heapq.heappush(waiting, (found.objective, next(tie), child))
    if best is None:
        said = f"at most {max_trades} trades" if max_trades else "the other limits"
        least = f" of at least {min_trade:g} each" if min_trade else ""
        msg = f"No weights were found with {said}{least}. Allow more or smaller trades."
        raise Infeasible(msg)
    return Sparse(best, min(ceiling, waiting[0][0]) if waiting else ceiling, nodes)


def _undecided(found: Solution, node: _Node, most: int, min_trade: float) -> int | None:
    """Return the name to decide on next; None where the solution keeps the limits."""
    sizes = np.abs(found.trades)
    small = (sizes > SMALLEST_TRADE) & (sizes < min_trade - SMALLEST_TRADE)
    if small.any():
        return int(np.argmin(np.where(small, np.abs(sizes - min_trade / 2.0), math.inf)))
    if np.count_nonzero(sizes > SMALLEST_TRADE) <= most:
        return None
    return int(np.argmax(np.where(node.traded, -1.0, sizes)))


def _children(problem: Problem, node: _Node, name: int, most: int, min_trade: float) -> Iterator[_Node]:
    yield node.still(problem, np.array([name]))
    for child in node.moved(problem, name, min_trade):
        full = np.count_nonzero(child.traded) >= most
        yield child.still(problem, ~child.traded) if full else child


def _attempt(problem: Problem, node: _Node) -> Solution | None:
    if (node.lower > node.upper).any():
        return None
    try:
        return solvers.solve(problem.restricted(node.lower, node.upper))
    except Infeasible:
        return None


def _first_guess(problem: Problem, root: _Node, most: int, min_trade: float) -> Solution | None:
    """Return a solution by thinning out the unlimited one, or from the fewest trades there can be."""
    guesses = [_thinned(problem, root, most, min_trade, np.zeros(problem.size, dtype=np.bool_))]
    few = fewest_trades(problem)
    if few is not None:
        guesses.append(_thinned(problem, root, most, min_trade, np.abs(few) <= SMALLEST_TRADE))
    return min((one for one in guesses if one is not None), key=lambda one: one.objective, default=None)


def _thinned(problem: Problem, node: _Node, most: int, min_trade: float, still: BoolArray) -> Solution | None:
    """Drop the trades of least risk, a few at a time, and round those that are too small."""
    risks = np.sqrt(problem.form.variances())
    node = node.still(problem, still)
    for _ in range(problem.size):
        found = _attempt(problem, node)
        if found is None:
            return None
        sizes = np.abs(found.trades)
        traded = np.flatnonzero(sizes > SMALLEST_TRADE)
        excess = traded.size - most
        if excess > 0:
            drop = traded[np.argsort((sizes * risks)[traded])[: max(1, min(excess, traded.size // 5))]]
            node = node.still(problem, drop)
            continue
        small = traded[sizes[traded] < min_trade - SMALLEST_TRADE]
        if not small.size:
            return found
        name = int(small[np.argmin(sizes[small])])
        nodes = [node.still(problem, np.array([name]))]
        if sizes[name] >= min_trade / 2.0:
            toward = node.moved(problem, name, min_trade)
            nodes = [
                one for one in toward if (one.lower[name] > problem.weights[name]) == (found.trades[name] > 0)
            ]
            nodes = nodes or [node.still(problem, np.array([name]))]
        node = nodes[0]
    return None
