"""Which betas can be reached under the limits, what stands in the way, and what would help.

With one ETF, bounds by name and the net exposure kept, the lowest beta is a greedy fill: every name
at its lower bound, the rest of the net exposure into the names of lowest beta (a fractional
knapsack). All else is a linear programme.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.conditions import NET, Posed, group_label, pose
from betaneutral_xl.engine.optimisation.linear import Limits, Unbounded, extreme, least_violation
from betaneutral_xl.errors import listing
from betaneutral_xl.model.arrays import read_only
from betaneutral_xl.model.constraints import Universe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from betaneutral_xl.engine.optimisation.linear import SparseMatrix
    from betaneutral_xl.engine.optimisation.quadratic import Problem
    from betaneutral_xl.model.alignment import Coverage
    from betaneutral_xl.model.arrays import FloatArray, IntArray
    from betaneutral_xl.model.constraints import Constraints, Range
    from betaneutral_xl.model.risk import Covariance

BENCHMARKS = ("IWV", "SPY", "IVV", "VOO", "VTI", "IWB", "QQQ")
"""Funds of the whole market, in the order in which they are proposed as a target."""

ENDLESS = 1e6
"""A gross exposure that is no limit."""

CLOSE = 1e-9
"""A beta this close to what is wanted is there; a weight this close to a limit is on it."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The smallest change of one limit, all others kept, with which the target can be reached."""

    limit: str
    amount: float
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Reachable:
    """The betas that the limits allow.

    Attributes
    ----------
    etf_names
        K names.
    wanted
        K ranges that are asked for.
    low, high
        Shape (K,): the lowest and highest beta to each ETF under the limits, with the betas to the
        others on target where that can be; infinite where nothing limits it; NaN where the limits
        contradict each other even without a target.
    tickers
        N names.
    weights
        Shape (N,): allowed weights whose betas are nearest to the target (the sum of the distances
        is least).
    beta
        Shape (K,): the betas of these weights.
    binding
        The limits that these weights are on.
    relaxations
        What would help, each by itself.
    hedge_legs
        How much of each ETF, in units of net asset value, is to be sold beside these weights to
        close the rest.
    benchmark
        A market fund of the risk model whose own beta can be reached, and that beta.
    coverage
        What the betas to each ETF rest on.
    under
        The limits as they go into a sentence, such as ``long only with at most 0.05 a name``.

    """

    etf_names: tuple[str, ...]
    wanted: tuple[Range, ...]
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
    under: str = ""

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for name in ("low", "high", "weights", "beta"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def feasible(self) -> bool:
        """Whether all that is wanted can be reached."""
        return all(
            wish.low - CLOSE <= beta <= wish.high + CLOSE
            for wish, beta in zip(self.wanted, self.beta.tolist(), strict=True)
        )

    def lines(self) -> Iterator[tuple[str, Range, float, float, float, float]]:
        """Yield name, wanted, lowest, highest and nearest beta, and the leg to sell beside, of each ETF."""
        betas = zip(self.low.tolist(), self.high.tolist(), self.beta.tolist(), strict=True)
        for name, wish, (low, high, beta) in zip(self.etf_names, self.wanted, betas, strict=True):
            yield name, wish, low, high, beta, self.hedge_legs.get(name, 0.0)

    def title(self) -> str:
        """Say in a few words that it cannot be, and what is the most that can."""
        if not np.isfinite(self.weights).all():
            return "Not feasible as asked: the limits contradict each other"
        for name, wish, low, high, beta, _ in self.lines():
            if wish.low - CLOSE <= beta <= wish.high + CLOSE:
                continue
            ends = {"lowest": (low, low > wish.high, wish.high), "highest": (high, high < wish.low, wish.low)}
            which, value, goal = next(
                ((end, value, goal) for end, (value, beyond, goal) in ends.items() if beyond),
                ("nearest", beta, wish.high if beta > wish.high else wish.low),
            )
            digits = next((n for n in (2, 4, 6) if f"{value:.{n}f}" != f"{goal:.{n}f}"), 10)
            to = f" to {name}" if len(self.etf_names) > 1 else ""
            return f"Not feasible as asked: the {which} beta{to} within the limits is {value:.{digits}f}"
        return "Not feasible as asked"

    def sentence(self) -> str:
        """Say it in one line: what cannot be, what could be, what to do."""
        advice = [one.sentence for one in self.relaxations]
        if self.benchmark:
            advice.append(f"aim at {self.benchmark[0]} ({self.benchmark[1]:.2f})")
        todo = ", or ".join(advice[:3]) if advice else "sell the rest of the beta through the ETF"
        todo = f"{todo[0].upper()}{todo[1:]}."
        if not np.isfinite(self.weights).all():
            return f"The limits contradict each other ({self.under}), whatever the beta. {todo}"
        off = [
            (name, wish, low, high)
            for name, wish, low, high, beta, _ in self.lines()
            if not wish.low - CLOSE <= beta <= wish.high + CLOSE
        ]
        if not off:
            return "The target can be reached."
        name, wish, low, high = off[0]
        end, value, goal = ("lowest", low, wish.high) if low > wish.high else ("highest", high, wish.low)
        to = f" to {name}" if len(self.etf_names) > 1 else ""
        return f"No weights reach beta {goal:.2f}{to} {self.under}: the {end} is {value:.2f}. {todo}"


def reachable(posed: Posed, betas: FloatArray, wanted: Sequence[Range]) -> Reachable:
    """Find the betas that can be reached, and where the target is not one of them, what would help.

    Parameters
    ----------
    posed
        The problem, with the wanted betas among its conditions.
    betas
        Predicted betas of the n covered names, shape (n, K).
    wanted
        K ranges of beta.

    """
    aligned, problem = posed.aligned, posed.problem
    names = aligned.etf_names
    places = np.array([problem.labels.index(f"beta to {name}") for name in names])
    nearest = _nearest(problem, places)
    ends = np.full((2, len(names)), math.nan)
    for k, place in enumerate(places) if nearest is not None else ():
        direction = problem.conditions[:, place]
        found = _ends(_without(problem, np.array([place])), direction)
        if math.isnan(found[0]):  # the others' targets cannot be met either
            found = _ends(_without(problem, places), direction)
        ends[:, k] = float(betas[:, k] @ aligned.covered_weights) + np.array(found)
    weights = np.full(len(aligned.tickers), math.nan)
    beta = np.full(len(names), math.nan)
    binding: tuple[str, ...] = ()
    if nearest is not None:
        weights = posed.expand(np.clip(problem.weights + nearest, problem.lower, problem.upper))
        beta = betas.T @ weights[aligned.covered]
        binding = tuple(_on_limits(posed, nearest))
    gaps = np.array([beta[k] - min(max(beta[k], one.low), one.high) for k, one in enumerate(wanted)])
    off = not (np.abs(gaps) <= CLOSE).all()
    return Reachable(
        etf_names=names,
        wanted=tuple(wanted),
        low=ends[0],
        high=ends[1],
        tickers=aligned.tickers,
        weights=weights,
        beta=beta,
        binding=binding,
        relaxations=tuple(_relaxations(posed, betas, wanted)) if off else (),
        hedge_legs=_hedge_legs(posed, gaps) if off and nearest is not None else MappingProxyType({}),
        benchmark=_benchmark(posed, ends, wanted) if off else None,
        coverage=aligned.coverage,
        under=_under(posed.constraints),
    )


def greedy(problem: Problem, direction: FloatArray) -> FloatArray | None:
    """Return the trades of least ``direction @ d`` with bounds and a fixed sum only, exactly.

    None where there are none. Every name starts at its lower bound; what is left of the sum goes
    to the names in the order of the direction until each is full.
    """
    room = problem.upper - problem.lower
    left = float(problem.least[0]) - float(problem.lower.sum())
    if not -CLOSE <= left <= float(room.sum()) + CLOSE:
        return None
    order = np.argsort(direction, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(room[order])[:-1]])
    filled = np.empty_like(room)
    filled[order] = np.clip(left - before, 0.0, room[order])
    return problem.lower + filled - problem.weights


def _least(problem: Problem, direction: FloatArray) -> FloatArray | None:
    """Return the trades of least ``direction @ d``, the fast way where there is one."""
    plain = problem.labels == (NET,) and problem.equalities.all() and not problem.kinked
    if plain and np.isfinite(problem.lower).all():
        return greedy(problem, direction)
    return extreme(problem, direction)


def _ends(problem: Problem, direction: FloatArray) -> tuple[float, float]:
    """Return the least and the most of ``direction @ d``; NaN where no trades keep the limits."""
    ends = []
    for sign in (1.0, -1.0):
        try:
            trades = _least(problem, sign * direction)
        except Unbounded:
            ends.append(-sign * math.inf)
            continue
        ends.append(math.nan if trades is None else float(direction @ trades))
    return ends[0], ends[1]


def _nearest(problem: Problem, places: IntArray) -> FloatArray | None:
    """Return allowed trades of the least sum of distances of the betas from what is wanted."""
    limits = Limits.of(problem)
    up = np.zeros((limits.least.size, len(places)))
    up[places, np.arange(len(places))] = 1.0
    elastic = limits.with_columns(np.hstack([up, -up]))
    answer = elastic.minimise(np.append(np.zeros(limits.count), np.ones(2 * len(places))))
    return None if answer is None else answer[limits.trades]


def _without(problem: Problem, places: IntArray) -> Problem:
    """Return the problem without some of its conditions."""
    keep = np.delete(np.arange(problem.least.size), places)
    return replace(
        problem,
        conditions=problem.conditions[:, keep],
        least=problem.least[keep],
        most=problem.most[keep],
        labels=tuple(problem.labels[int(i)] for i in keep),
    )


def _on_limits(posed: Posed, trades: FloatArray) -> Iterator[str]:
    """Name the limits that trades are on: bounds by how many names, the others one by one."""
    problem = posed.problem
    x = problem.weights + trades
    lower, upper = (np.abs(x - bound) <= CLOSE for bound in (problem.lower, problem.upper))
    if lower.any():
        yield f"{int(lower.sum())} names at their lower bound"
    if upper.any():
        yield f"{int(upper.sum())} names at their upper bound"
    reached = problem.conditions.T @ x
    for label, value, least, most in zip(problem.labels, reached, problem.least, problem.most, strict=True):
        if not label.startswith("beta to ") and (abs(value - least) <= CLOSE or abs(value - most) <= CLOSE):
            yield label
    if float(np.abs(trades).sum()) / 2.0 >= problem.turnover - CLOSE:
        yield "turnover"
    if float(np.abs(x).sum()) >= problem.gross - CLOSE:
        yield "gross exposure"


def _under(constraints: Constraints) -> str:
    """Say the limits that may stand in the way, as they go into a sentence."""
    nouns = []
    if constraints.lower:
        nouns.append("the lower bounds")
    if constraints.upper:
        caps = set(constraints.upper.values())
        nouns.append(f"at most {caps.pop():g} a name" if len(caps) == 1 else "the upper bounds")
    if constraints.group_limits:
        nouns.append("the group limits")
    if math.isfinite(constraints.turnover):
        nouns.append(f"a turnover of at most {constraints.turnover:g}")
    if math.isfinite(constraints.gross):
        nouns.append(f"a gross exposure of at most {constraints.gross:g}")
    if constraints.frozen or constraints.universe is not Universe.UNION:
        nouns.append("the names that may be traded")
    words = ["long only"] if constraints.long_only else []
    if nouns:
        words.append(f"with {listing(nouns, limit=len(nouns))}")
    return " ".join(words) or "with the net exposure kept"


def _hedge_legs(posed: Posed, gaps: FloatArray) -> Mapping[str, float]:
    """Return what of each ETF is to be sold to take off the betas that are too much."""
    legs = np.linalg.lstsq(posed.aligned.etf_betas, gaps)[0]
    return MappingProxyType(dict(zip(posed.aligned.etf_names, legs.tolist(), strict=True)))


def market_fund(risk_model: Covariance) -> str | None:
    """Return the first of the market funds that the risk model covers."""
    return next((name for name in BENCHMARKS if name in risk_model), None)


def _benchmark(posed: Posed, ends: FloatArray, wanted: Sequence[Range]) -> tuple[str, float] | None:
    aligned = posed.aligned
    if len(aligned.etf_names) != 1 or np.isnan(ends).any():
        return None
    name = market_fund(aligned.risk_model)
    if name is None:
        return None
    beta = float(aligned.beta_of(name)[0])
    within = ends[0, 0] <= beta <= ends[1, 0]
    return (name, beta) if within and not wanted[0].low <= beta <= wanted[0].high else None


def _relaxations(posed: Posed, betas: FloatArray, wanted: Sequence[Range]) -> Iterator[Relaxation]:
    """Try each limit by itself: how far must it give way for all others to hold."""
    for attempt in (_more_short, _higher_cap, _more_cash, _more_turnover, _more_gross, _wider_groups):
        yield from attempt(posed)
    freed = replace(posed.constraints, universe=Universe.UNION, frozen=())
    if freed != posed.constraints:
        wider = pose(posed.aligned, freed, betas, wanted)
        if least_violation(wider.problem) <= CLOSE:
            more = wider.problem.size - posed.problem.size
            yield Relaxation("universe", float(more), f"let {more} more names be traded")


def _more_short(posed: Posed) -> Iterator[Relaxation]:
    limits = Limits.of(posed.problem)
    bounded = np.flatnonzero(np.isfinite(posed.problem.lower))
    if bounded.size:
        below = -limits.rows[:, limits.trades][:, bounded]
        amount = _least_of(limits, below, np.ones(bounded.size))
        if amount is not None:
            what = (
                "allow {:.1%} short"
                if posed.constraints.long_only
                else "lower the lower bounds by {:.1%} in total"
            )
            yield Relaxation("lower", amount, what.format(amount))


def _higher_cap(posed: Posed) -> Iterator[Relaxation]:
    from scipy import sparse

    limits = Limits.of(posed.problem)
    bounded = np.flatnonzero(np.isfinite(posed.problem.upper))
    if bounded.size:
        n = bounded.size
        above = sparse.hstack(
            [limits.rows[:, limits.trades][:, bounded], sparse.csc_array((limits.least.size, 1))]
        )
        raised = limits.with_columns(above)
        # Each name's excess is at most the one that is minimised.
        each = [sparse.csc_array((n, limits.count)), sparse.eye_array(n), sparse.csc_array(-np.ones((n, 1)))]
        under = sparse.csc_array(sparse.hstack(each))
        raised = raised.with_rows(under, np.full(n, -np.inf), np.zeros(n))
        answer = raised.minimise(np.append(np.zeros(raised.count - 1), 1.0))
        if answer is not None:
            amount = float(answer[-1])
            caps = set(posed.constraints.upper.values())
            what = (
                f"raise the cap to {caps.pop() + amount:.1%}"
                if len(caps) == 1
                else f"raise the caps by {amount:.1%}"
            )
            yield Relaxation("upper", amount, what)


def _more_cash(posed: Posed) -> Iterator[Relaxation]:
    limits = Limits.of(posed.problem)
    column = np.zeros((limits.least.size, 1))
    column[posed.problem.labels.index(NET)] = 1.0
    amount = _least_of(limits, column, np.ones(1))
    if amount is not None:
        yield Relaxation("net", amount, f"hold {amount:.1%} more in cash")


def _more_turnover(posed: Posed) -> Iterator[Relaxation]:
    if math.isfinite(posed.problem.turnover):
        limits = Limits.of(replace(posed.problem, turnover=math.inf), sizes=True)
        amount = _least_sum(limits, limits.trade_sizes)
        if amount is not None:
            yield Relaxation("turnover", amount / 2.0, f"allow a turnover of {amount / 2.0:.1%}")


def _more_gross(posed: Posed) -> Iterator[Relaxation]:
    if math.isfinite(posed.problem.gross):
        limits = Limits.of(replace(posed.problem, gross=ENDLESS))
        amount = _least_sum(limits, limits.weight_sizes)
        if amount is not None:
            total = amount + posed.constraints.gross - posed.problem.gross
            yield Relaxation("gross", total, f"allow a gross exposure of {total:.1%}")


def _wider_groups(posed: Posed) -> Iterator[Relaxation]:
    limits = Limits.of(posed.problem)
    for group in posed.constraints.group_limits:
        column = np.zeros((limits.least.size, 1))
        column[posed.problem.labels.index(group_label(group))] = 1.0
        amount = _least_of(limits, np.hstack([column, -column]), np.ones(2))
        if amount is not None:
            yield Relaxation(group_label(group), amount, f"widen the limit of group {group} by {amount:.1%}")


def _least_of(limits: Limits, columns: SparseMatrix | FloatArray, prices: FloatArray) -> float | None:
    """Return the least total price of new variables with which the limits can be kept."""
    linear = np.append(np.zeros(limits.count), prices)
    answer = limits.with_columns(columns).minimise(linear)
    return None if answer is None else float(linear @ answer)


def _least_sum(limits: Limits, block: slice) -> float | None:
    """Return the least sum of a block of variables."""
    linear = np.zeros(limits.count)
    linear[block] = 1.0
    answer = limits.minimise(linear)
    return None if answer is None else float(linear @ answer)
