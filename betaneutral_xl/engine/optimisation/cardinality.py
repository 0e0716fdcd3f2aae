"""Limits on the number and size of trades: branch and bound over which names are traded.

Every node is a quadratic program with some names fixed at their weight, some bought and some sold.
Its optimum is a lower bound for the node's subtree, so that the search ends with a bound on the optimum.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation import solvers
from betaneutral_xl.engine.optimisation.linear import least_turnover
from betaneutral_xl.engine.optimisation.quadratic import MAX_TRADE
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.constraints import SMALLEST_TRADE

if TYPE_CHECKING:
    from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram, Solution
    from betaneutral_xl.model.arrays import BoolArray, FloatArray, IntArray

OPTIMAL = 1e-6
"""Relative optimality gap at which the search ends."""

EFFORT = 100_000
"""Limit on names times nodes searched."""

SLOW_NODE = 10
"""Nodes that one counts for where turnover, gross or a cost binds, which rules the fastest solver out."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """The best solution found, and a lower bound on the objective of every feasible portfolio."""

    solution: Solution
    bound: float
    nodes: int

    @property
    def gap(self) -> float:
        """Relative optimality gap, 0 to 1."""
        best = self.solution.objective
        return max(best - self.bound, 0.0) / best if best > 0.0 else 0.0

    @property
    def optimal(self) -> bool:
        """Whether the gap is within the tolerance."""
        return self.gap <= OPTIMAL


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """Bounds on the new weights, and which names are decided to be traded."""

    lower: FloatArray
    upper: FloatArray
    traded: BoolArray

    def fix(self, problem: QuadraticProgram, names: IntArray | BoolArray) -> _Node:
        """Return the node with some names fixed at their weights."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[names] = np.maximum(lower[names], problem.weights[names])
        upper[names] = np.minimum(upper[names], problem.weights[names])
        return _Node(lower, upper, self.traded)

    def branch(self, problem: QuadraticProgram, name: int, min_trade: float) -> Iterator[_Node]:
        """Yield the nodes in which a name is traded: bought and sold, if trades have a minimum size."""
        traded = self.traded.copy()
        traded[name] = True
        if not min_trade:
            yield _Node(self.lower, self.upper, traded)
            return
        w = problem.weights[name]
        if w + min_trade <= self.upper[name]:
            lower = self.lower.copy()
            lower[name] = max(lower[name], w + min_trade)
            yield _Node(lower, self.upper, traded)
        if w - min_trade >= self.lower[name]:
            upper = self.upper.copy()
            upper[name] = min(upper[name], w - min_trade)
            yield _Node(self.lower, upper, traded)


def solve(problem: QuadraticProgram, max_trades: int | None, min_trade: float, beside: int = 0) -> Sparse:
    """Return the best solution found with limits on the number and size of trades.

    It is optimal if the search ends within its effort (small problems). ``beside`` is the number of names
    whose trade is fixed by their bounds, and does not count.

    Raises
    ------
    Infeasible
        If the program is infeasible, or no solution was found that keeps these limits.

    """
    limit = problem.size if max_trades is None else min(max_trades + beside, problem.size)
    # The few names that a node leaves free may reach the target by weights of thousands of percent only:
    # the bound that the certificate assumes rules such nodes out.
    w = problem.weights
    lower, upper = np.maximum(problem.lower, w - MAX_TRADE), np.minimum(problem.upper, w + MAX_TRADE)
    root = _Node(lower, upper, np.zeros(problem.size, dtype=np.bool_))
    best = _incumbent(problem, root, limit, min_trade)
    incumbent = math.inf if best is None else best.objective
    counter = itertools.count()
    # Best bound first; a child has its parent's bound until it is solved itself.
    queue = [(solvers.solve(problem).objective, next(counter), root)]
    nodes, left = 0, max(EFFORT // problem.size, 20)
    while queue and queue[0][0] < incumbent * (1.0 - OPTIMAL) and left > 0:
        _, _, node = heapq.heappop(queue)
        found = _attempt(problem, node)
        nodes += 1
        left -= (
            SLOW_NODE if problem.has_l1_terms and (found is None or found.solver != solvers.FASTEST) else 1
        )
        if found is None or found.objective >= incumbent:
            continue
        undecided = _undecided(found, node, limit, min_trade)
        if undecided is None:
            best, incumbent = found, found.objective
            continue
        for child in _children(problem, node, undecided, limit, min_trade):
            heapq.heappush(queue, (found.objective, next(counter), child))
    if best is None:
        number = f"at most {max_trades} trades" if max_trades else "the other limits"
        size = f" of at least {min_trade:g} each" if min_trade else ""
        msg = f"No weights were found with {number}{size}. Allow more or smaller trades."
        raise Infeasible(msg)
    return Sparse(best, min(incumbent, queue[0][0]) if queue else incumbent, nodes)


def _undecided(found: Solution, node: _Node, limit: int, min_trade: float) -> int | None:
    """Return the name to branch on; None if the solution keeps the limits."""
    sizes = np.abs(found.trades)
    small = (sizes > SMALLEST_TRADE) & (sizes < min_trade - SMALLEST_TRADE)
    if small.any():
        return int(np.argmin(np.where(small, np.abs(sizes - min_trade / 2.0), math.inf)))
    if np.count_nonzero(sizes > SMALLEST_TRADE) <= limit:
        return None
    return int(np.argmax(np.where(node.traded, -1.0, sizes)))


def _children(
    problem: QuadraticProgram, node: _Node, name: int, limit: int, min_trade: float
) -> Iterator[_Node]:
    yield node.fix(problem, np.array([name]))
    for child in node.branch(problem, name, min_trade):
        full = np.count_nonzero(child.traded) >= limit
        yield child.fix(problem, ~child.traded) if full else child


def _attempt(problem: QuadraticProgram, node: _Node) -> Solution | None:
    if (node.lower > node.upper).any():
        return None
    try:
        return solvers.solve(problem.with_bounds(node.lower, node.upper))
    except Infeasible:
        return None


def _incumbent(problem: QuadraticProgram, root: _Node, limit: int, min_trade: float) -> Solution | None:
    """Return a first solution, by pruning the trades of the program without limits or of least turnover."""
    found = [_pruned(problem, root, limit, min_trade, np.zeros(problem.size, dtype=np.bool_))]
    few = least_turnover(problem)
    if few is not None:
        found.append(_pruned(problem, root, limit, min_trade, np.abs(few) <= SMALLEST_TRADE))
    return min((one for one in found if one is not None), key=lambda one: one.objective, default=None)


def _pruned(
    problem: QuadraticProgram, node: _Node, limit: int, min_trade: float, fixed: BoolArray
) -> Solution | None:
    """Drop the trades of least risk, a few at a time, and drop or enlarge those below the minimum."""
    risks = np.sqrt(problem.covariance.variances())
    node = node.fix(problem, fixed)
    for _ in range(problem.size):
        found = _attempt(problem, node)
        if found is None:
            return None
        sizes = np.abs(found.trades)
        traded = np.flatnonzero(sizes > SMALLEST_TRADE)
        excess = traded.size - limit
        if excess > 0:
            drop = traded[np.argsort((sizes * risks)[traded])[: max(1, min(excess, traded.size // 5))]]
            node = node.fix(problem, drop)
            continue
        small = traded[sizes[traded] < min_trade - SMALLEST_TRADE]
        if not small.size:
            return found
        name = int(small[np.argmin(sizes[small])])
        toward = node.branch(problem, name, min_trade) if sizes[name] >= min_trade / 2.0 else ()
        bought = bool(found.trades[name] > 0.0)
        larger = (one for one in toward if (one.lower[name] > problem.weights[name]) == bought)
        node = next(larger, None) or node.fix(problem, np.array([name]))
    return None
