"""What a limit is: its terms of the problem, its checks, its relaxations and its words."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from betaneutral_xl.engine.checks import LIMIT, Check, size_of
from betaneutral_xl.model.constraints import SMALLEST_TRADE, UNLIMITED, Range

if TYPE_CHECKING:
    from betaneutral_xl.engine.limits.formulation import Formulation
    from betaneutral_xl.engine.optimisation.linear import SparseMatrix
    from betaneutral_xl.engine.optimisation.quadratic import Duals, QuadraticProgram
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.constraints import Constraints

NO_LIMIT = 1e6
"""A gross exposure that never binds."""

WITH = "with "
"""How the phrase of a limit begins, where phrases share the word."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A limit on a sum of weights, ``low <= coefficients @ x <= high``; coefficients of all N names."""

    label: str
    coefficients: FloatArray
    limit: Range


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Terms:
    """What limits add to the quadratic program; by default nothing.

    Attributes
    ----------
    lower, upper
        Bounds on the weights, shape (N,) or one for all names.
    tradable
        Which names may be traded, shape (N,), or whether all may.
    rows
        Limits on sums of weights.
    turnover, gross
        Largest one-way turnover and gross exposure.
    cost
        Per unit of trade, decimal.
    risk_aversion
        Utility cost of a unit of annual tracking variance; None where it is the default.
    max_trades
        Largest number of names traded.
    min_trade
        Smallest trade that is not zero.

    """

    lower: FloatArray | float = -math.inf
    upper: FloatArray | float = math.inf
    tradable: BoolArray | bool = True
    rows: tuple[Row, ...] = ()
    turnover: float = math.inf
    gross: float = math.inf
    cost: float = 0.0
    risk_aversion: float | None = None
    max_trades: int | None = None
    min_trade: float = 0.0

    def __and__(self, other: Terms) -> Terms:
        """Return the terms of both limits: the tighter of each."""
        counts = [one for one in (self.max_trades, other.max_trades) if one is not None]
        return Terms(
            lower=np.maximum(self.lower, other.lower),
            upper=np.minimum(self.upper, other.upper),
            tradable=np.logical_and(self.tradable, other.tradable),
            rows=(*self.rows, *other.rows),
            turnover=min(self.turnover, other.turnover),
            gross=min(self.gross, other.gross),
            cost=self.cost + other.cost,
            risk_aversion=self.risk_aversion if other.risk_aversion is None else other.risk_aversion,
            max_trades=min(counts, default=None),
            min_trade=max(self.min_trade, other.min_trade),
        )


@dataclass(frozen=True, eq=False)
class NewWeights:
    """New weights to be checked.

    Attributes
    ----------
    aligned
        Portfolio, ETFs and risk model on one list of N names.
    weights
        x, shape (N,).
    betas
        The portfolio's beta to each ETF with these weights.
    tolerance
        Largest residual of net exposure and betas, for sums of size 1.

    """

    aligned: Aligned
    weights: FloatArray
    betas: Mapping[str, float]
    tolerance: float

    @cached_property
    def trades(self) -> FloatArray:
        """Trades x - w, shape (N,)."""
        return self.weights - self.aligned.weights

    @cached_property
    def trade_sizes(self) -> FloatArray:
        """Absolute trades of the names that are traded; NaN for weights that are not numbers."""
        sizes = np.abs(self.trades)
        return sizes[~(sizes <= SMALLEST_TRADE)]

    @cached_property
    def size(self) -> float:
        """The scale of sums of weights, to which tolerances are relative."""
        return size_of(self.weights, self.aligned.weights)

    @cached_property
    def present(self) -> BoolArray:
        """Which names are held or traded, shape (N,): a bound on an ETF's name that is neither is idle."""
        present: BoolArray = (self.aligned.weights != 0.0) | (self.trades != 0.0)
        return present

    def excess(self, name: str, over: FloatArray) -> Check:
        """Return the check that weights do not exceed a bound, ``over`` by name, shape (N,)."""
        return Check(name, float(over[self.present].max(initial=0.0)), LIMIT * self.size)

    def nearest(self, label: str, bounds: FloatArray, *, upper: bool) -> Iterator[Reading]:
        """Yield the weight that is nearest to its bound, or furthest over it; bounds of shape (N,)."""
        room = np.where(self.present, (bounds - self.weights) * (1.0 if upper else -1.0), math.inf)
        if not np.isfinite(room).any():
            return
        at = int(np.argmin(room))
        bound = float(bounds[at])
        limit = Range(high=bound) if upper else Range(low=bound)
        yield Reading(label, float(self.weights[at]), limit, ticker=self.aligned.tickers[at])


class Unit(StrEnum):
    """What a bounded number is measured in."""

    WEIGHT = "weight"
    BETA = "beta"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that a limit bounds, of some new weights.

    Attributes
    ----------
    label
        What the number is, such as ``turnover`` or ``largest weight``.
    value
        The number; of a limit on single names, that of the name nearest to its bound, or furthest over it.
    limit
        What it may be.
    unit
        What it is measured in.
    of_trades
        Whether it is a number of the trades, which the portfolio as it is has none of.
    ticker
        The name that the number is of; empty for a sum.

    """

    label: str
    value: float
    limit: Range
    unit: Unit = Unit.WEIGHT
    of_trades: bool = False
    ticker: str = ""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The smallest change of one limit, all others kept, that makes the target feasible."""

    limit: str
    amount: float
    sentence: str


class Limit(ABC):
    """A limit on the new weights.

    A subclass is a frozen dataclass made from the ``Constraints`` that set it. To add a limit: a subclass
    here, listed in its module's ``LIMITS``; a field of ``Constraints``; a row of ``job.options``.
    """

    __slots__ = ()

    excludes_names: ClassVar[bool] = False
    """Whether the limit keeps names from being traded, which ``reachable`` relaxes for all such together."""

    field: ClassVar[str]
    """The field of ``Constraints`` that sets a limit of one value."""

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield the limits of this class that are set; of one value, where it is not the default."""
        value = getattr(constraints, cls.field)
        if value != getattr(UNLIMITED, cls.field):
            yield cls(value)  # type: ignore[call-arg] # a subclass that is set otherwise has its own method

    @abstractmethod
    def sentences(self) -> Iterator[str]:
        """Describe the limit, one line for each value."""

    @abstractmethod
    def checks(self, new: NewWeights) -> Iterator[Check]:
        """Yield what the limit promises of new weights, recomputed from them."""

    @abstractmethod
    def readings(self, new: NewWeights) -> Iterator[Reading]:
        """Yield the numbers that the limit bounds, of new weights; none where no name has a bound."""

    @abstractmethod
    def terms(self, aligned: Aligned) -> Terms:
        """Return what the limit adds to the quadratic program."""

    def phrase(self) -> str:
        """Return the limit for use in a sentence, ``No weights reach beta 0.00 long only``; or nothing.

        Phrases that begin ``with`` are joined.
        """
        return ""

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        """Yield the least relaxation that makes the problem of all other limits feasible with this one."""
        yield from ()

    def shadow_prices(self, duals: Duals) -> Iterator[tuple[str, float]]:
        """Yield what is at its limit, and its price, for limits that are no bound and no row."""
        yield from ()

    def named(self) -> tuple[str, ...]:
        """Return the tickers that the limit names, which must be held or in an ETF."""
        return ()

    def named_etfs(self) -> tuple[str, ...]:
        """Return the ETFs that the limit names."""
        return ()


def outside(value: float, limit: Range) -> float:
    """Return how far a value is outside a range."""
    return max(limit.low - value, value - limit.high, 0.0)


def least_slack(
    problem: QuadraticProgram,
    rows: FloatArray | SparseMatrix,
    low: FloatArray | float,
    high: FloatArray | float,
    slack: FloatArray | SparseMatrix,
) -> float | None:
    """Return the least sum of slacks with which a problem has weights that keep additional rows.

    ``min sum(s)`` subject to the problem, ``low <= rows @ x + slack @ s <= high`` and ``s >= 0``, with rows
    (m, n) over its n names and slack (m, k); None if no slack makes it feasible.
    """
    from scipy import sparse

    from betaneutral_xl.engine.optimisation.linear import Limits

    limits = Limits.of(problem)
    inside, slacks = sparse.csc_array(rows), sparse.csc_array(slack)
    m, k = slacks.shape
    held: FloatArray = inside @ problem.weights
    own = sparse.hstack([inside, sparse.csc_array((m, limits.count - problem.size)), slacks])
    elastic = limits.with_columns(np.zeros((limits.row_lower.size, k)))
    return elastic.with_rows(own, low - held, high - held).least_sum(slice(limits.count, None))


def least_margin(others: Formulation, bounds: FloatArray, *, upper: bool) -> float | None:
    """Return the least margin by which bounds on single names must be moved; None if none helps.

    Of upper bounds, shape (N,) and infinite for none, one margin for all names; of lower bounds the sum of a
    margin for each.
    """
    from scipy import sparse

    own = bounds[others.traded]
    bounded = np.flatnonzero(np.isfinite(own))
    if not bounded.size:
        return None
    sign = 1.0 if upper else -1.0
    rows = sparse.csc_array(sign * sparse.eye_array(own.size, format="csc")[bounded])
    slack = np.ones((bounded.size, 1)) if upper else sparse.eye_array(bounded.size, format="csc")
    return least_slack(others.problem, rows, -math.inf, sign * own[bounded], -slack)


def least_widening(others: Formulation, row: Row, *slopes: float) -> float | None:
    """Return the least sum of slacks, with these coefficients, with which a row's limit holds; or None."""
    fixed = float(row.coefficients @ others.fixed)
    inside = row.coefficients[others.traded][None, :]
    low, high = row.limit.low - fixed, row.limit.high - fixed
    return least_slack(others.problem, inside, low, high, np.array([slopes]))


def least_size(problem: QuadraticProgram, *, of_trades: bool) -> float | None:
    """Return the least sum of absolute trades, or else of absolute weights; None if infeasible."""
    from betaneutral_xl.engine.optimisation.linear import Limits

    if of_trades:
        return Limits.of(problem, sizes=True).least_sum(slice(problem.size, 2 * problem.size))
    return Limits.of(replace(problem, gross=NO_LIMIT)).least_sum(slice(-problem.size, None))
