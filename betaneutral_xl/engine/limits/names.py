"""Limits on single names: bounds on their weights, and which of them may be traded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from betaneutral_xl.engine.limits.limit import Limit, NewWeights, Reading, Relaxation, Terms, least_margin
from betaneutral_xl.model.constraints import ALL, Universe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from betaneutral_xl.engine.checks import Check
    from betaneutral_xl.engine.limits.formulation import Formulation
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.constraints import Constraints

TRADABLE = "with the names that may be traded"
"""The phrase of limits that exclude names."""


@dataclass(frozen=True, slots=True)
class LongOnly(Limit):
    """No weight below zero."""

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield it where it is set."""
        if constraints.long_only:
            yield cls()

    def sentences(self) -> Iterator[str]:
        """Yield one line."""
        yield "long only"

    def phrase(self) -> str:
        """Return the same words."""
        return "long only"

    def terms(self, aligned: Aligned) -> Terms:
        """Return the lower bound of every name."""
        return Terms(lower=0.0)

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        """Yield the lowest weight."""
        yield from new.nearest("lowest weight", np.zeros(len(new.weights)), upper=False)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        """Yield that no weight is below zero."""
        yield new.excess("no weight is below zero", -new.weights)

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        """Yield the least sum of short positions."""
        amount = least_margin(others, np.zeros(len(others.aligned.tickers)), -1.0, shared=False)
        if amount is not None:
            yield Relaxation("long_only", amount, f"allow {amount:.1%} short")


@dataclass(frozen=True, slots=True)
class LowerBounds(Limit):
    """Lower bounds of the weights, by ticker or ``*``."""

    bounds: Mapping[str, float]

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield the bounds where there are any."""
        if constraints.lower:
            yield cls(constraints.lower)

    def named(self) -> tuple[str, ...]:
        """Return the tickers with a bound of their own."""
        return tuple(name for name in self.bounds if name != ALL)

    def sentences(self) -> Iterator[str]:
        """Yield a line for each bound."""
        yield from _bound_sentences("at least", self.bounds)

    def phrase(self) -> str:
        """Return that there are bounds."""
        return "with the lower bounds"

    def terms(self, aligned: Aligned) -> Terms:
        """Return the bound of every name."""
        return Terms(lower=by_ticker(self.bounds, aligned.tickers, -math.inf))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        """Yield the weight nearest to its bound."""
        bounds = by_ticker(self.bounds, new.aligned.tickers, -math.inf)
        yield from new.nearest(_bound_label("lowest weight", self.bounds), bounds, upper=False)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        """Yield that no weight is below its bound."""
        below = by_ticker(self.bounds, new.aligned.tickers, -math.inf) - new.weights
        yield new.excess("no weight is below its lower bound", below)

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        """Yield the least sum of what weights are below their bounds."""
        bounds = by_ticker(self.bounds, others.aligned.tickers, -math.inf)
        amount = least_margin(others, bounds, -1.0, shared=False)
        if amount is not None:
            yield Relaxation("lower", amount, f"lower the lower bounds by {amount:.1%} in total")


@dataclass(frozen=True, slots=True)
class UpperBounds(Limit):
    """Upper bounds of the weights, by ticker or ``*``."""

    bounds: Mapping[str, float]

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield the bounds where there are any."""
        if constraints.upper:
            yield cls(constraints.upper)

    def named(self) -> tuple[str, ...]:
        """Return the tickers with a bound of their own."""
        return tuple(name for name in self.bounds if name != ALL)

    def sentences(self) -> Iterator[str]:
        """Yield a line for each bound."""
        yield from _bound_sentences("at most", self.bounds)

    def phrase(self) -> str:
        """Return the bound where it is one for all."""
        caps = set(self.bounds.values())
        return f"with at most {100.0 * caps.pop():.6g}% a name" if len(caps) == 1 else "with the upper bounds"

    def terms(self, aligned: Aligned) -> Terms:
        """Return the bound of every name."""
        return Terms(upper=by_ticker(self.bounds, aligned.tickers, math.inf))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        """Yield the weight nearest to its bound."""
        bounds = by_ticker(self.bounds, new.aligned.tickers, math.inf)
        yield from new.nearest(_bound_label("largest weight", self.bounds), bounds, upper=True)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        """Yield that no weight is above its bound."""
        above = new.weights - by_ticker(self.bounds, new.aligned.tickers, math.inf)
        yield new.excess("no weight is above its upper bound", above)

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        """Yield the least increase of all bounds."""
        bounds = by_ticker(self.bounds, others.aligned.tickers, math.inf)
        amount = least_margin(others, bounds, 1.0, shared=True)
        if amount is not None:
            caps = set(self.bounds.values())
            one = len(caps) == 1
            what = f"raise the cap to {caps.pop() + amount:.1%}" if one else f"raise the caps by {amount:.1%}"
            yield Relaxation("upper", amount, what)


@dataclass(frozen=True, slots=True)
class UpperOutsideEtf(Limit):
    """Largest weight of any name that is in none of the ETFs."""

    bound: float

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield it where it is finite."""
        if math.isfinite(constraints.upper_outside_etf):
            yield cls(constraints.upper_outside_etf)

    def sentences(self) -> Iterator[str]:
        """Yield one line."""
        yield f"weight of every name outside the ETFs at most {self.bound:g}"

    def phrase(self) -> str:
        """Return the bound."""
        return f"with at most {100.0 * self.bound:.6g}% a name outside the ETFs"

    def terms(self, aligned: Aligned) -> Terms:
        """Return the bound of every name outside the ETFs."""
        return Terms(upper=self._bounds(aligned))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        """Yield the largest weight outside the ETFs."""
        yield from new.nearest("largest weight outside the ETFs", self._bounds(new.aligned), upper=True)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        """Yield that no weight outside the ETFs is above the bound."""
        name = f"no weight outside the ETFs is above {self.bound:g}"
        yield new.excess(name, new.weights - self._bounds(new.aligned))

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        """Yield the least increase of the bound."""
        amount = least_margin(others, self._bounds(others.aligned), 1.0, shared=True)
        if amount is not None:
            what = f"raise the cap outside the ETFs to {self.bound + amount:.1%}"
            yield Relaxation("upper_outside_etf", amount, what)

    def _bounds(self, aligned: Aligned) -> FloatArray:
        return np.where(in_an_etf(aligned), math.inf, self.bound)


@dataclass(frozen=True, slots=True)
class GroupUpper(Limit):
    """Largest weight of any name of a group."""

    group: str
    tickers: tuple[str, ...]
    bound: float

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield a limit for each group that has one."""
        for group, bound in constraints.group_upper.items():
            yield cls(group, constraints.groups[group], bound)

    def sentences(self) -> Iterator[str]:
        """Yield one line."""
        yield f"weight of every name of group {self.group} at most {self.bound:g}"

    def phrase(self) -> str:
        """Return the bound."""
        return f"with at most {100.0 * self.bound:.6g}% a name of group {self.group}"

    def terms(self, aligned: Aligned) -> Terms:
        """Return the bound of every name of the group."""
        return Terms(upper=self._bounds(aligned))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        """Yield the group's largest weight."""
        yield from new.nearest(f"largest weight of group {self.group}", self._bounds(new.aligned), upper=True)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        """Yield that no weight of the group is above the bound."""
        name = f"no weight of group {self.group} is above {self.bound:g}"
        yield new.excess(name, new.weights - self._bounds(new.aligned))

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        """Yield the least increase of the bound."""
        amount = least_margin(others, self._bounds(others.aligned), 1.0, shared=True)
        if amount is not None:
            what = f"raise the cap of group {self.group} to {self.bound + amount:.1%}"
            yield Relaxation(f"cap of group {self.group}", amount, what)

    def _bounds(self, aligned: Aligned) -> FloatArray:
        return np.where(members(aligned, self.tickers), self.bound, math.inf)


@dataclass(frozen=True, slots=True)
class Frozen(Limit):
    """Names that are not traded."""

    tickers: tuple[str, ...]

    excludes_names: ClassVar[bool] = True

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield the names where there are any."""
        if constraints.frozen:
            yield cls(constraints.frozen)

    def named(self) -> tuple[str, ...]:
        """Return the names."""
        return self.tickers

    def sentences(self) -> Iterator[str]:
        """Yield the list of names."""
        yield f"not traded: {', '.join(self.tickers)}"

    def phrase(self) -> str:
        """Return that not all names may be traded."""
        return TRADABLE

    def terms(self, aligned: Aligned) -> Terms:
        """Return that the other names may be traded."""
        return Terms(tradable=~members(aligned, self.tickers))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        """Yield how much of the names is traded."""
        yield from new.traded("trades of frozen names", members(new.aligned, self.tickers))

    def checks(self, new: NewWeights) -> Iterator[Check]:
        """Yield that the names are not traded."""
        yield new.untouched("frozen names are not traded", members(new.aligned, self.tickers))


@dataclass(frozen=True, slots=True)
class TradedUniverse(Limit):
    """Only names of the portfolio, or only names of the ETFs, are traded."""

    universe: Universe

    excludes_names: ClassVar[bool] = True

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield it where not all names may be traded."""
        if constraints.universe is not Universe.UNION:
            yield cls(constraints.universe)

    def sentences(self) -> Iterator[str]:
        """Yield one line."""
        yield f"traded: {self.universe} names only"

    def phrase(self) -> str:
        """Return that not all names may be traded."""
        return TRADABLE

    def terms(self, aligned: Aligned) -> Terms:
        """Return the names of the universe."""
        return Terms(tradable=self._inside(aligned))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        """Yield how much of other names is traded."""
        yield from new.traded(f"trades of other than {self.universe} names", ~self._inside(new.aligned))

    def checks(self, new: NewWeights) -> Iterator[Check]:
        """Yield that no other names are traded."""
        yield new.untouched(f"only {self.universe} names are traded", ~self._inside(new.aligned))

    def _inside(self, aligned: Aligned) -> BoolArray:
        if self.universe is Universe.HELD:
            return members(aligned, aligned.holdings.tickers)
        return in_an_etf(aligned)


def by_ticker(values: Mapping[str, float], tickers: Sequence[str], default: float) -> FloatArray:
    """Return the value of every ticker, shape (N,): its own, that of ``*``, or the default."""
    found = np.full(len(tickers), values.get(ALL, default))
    if values.keys() - {ALL}:
        for row, ticker in enumerate(tickers):
            if ticker in values:
                found[row] = values[ticker]
    return found


def members(aligned: Aligned, tickers: Sequence[str]) -> BoolArray:
    """Return which names are among some tickers, shape (N,)."""
    among = frozenset(tickers)
    return np.fromiter((ticker in among for ticker in aligned.tickers), np.bool_, len(aligned.tickers))


def in_an_etf(aligned: Aligned) -> BoolArray:
    """Return which names are in any of the ETFs, shape (N,)."""
    return members(aligned, [ticker for etf in aligned.etfs for ticker in etf.tickers])


def _bound_label(extreme: str, bounds: Mapping[str, float]) -> str:
    """Return what is bounded: the extreme weight of all names, or the one nearest to a bound of its own."""
    return extreme if bounds.keys() == {ALL} else f"{extreme}, nearest to its bound"


def _bound_sentences(word: str, bounds: Mapping[str, float]) -> Iterator[str]:
    for name, bound in bounds.items():
        yield f"weight of {'every name' if name == ALL else name} {word} {bound:g}"


LIMITS: tuple[type[Limit], ...] = (
    LongOnly,
    LowerBounds,
    UpperBounds,
    UpperOutsideEtf,
    GroupUpper,
    Frozen,
    TradedUniverse,
)
"""In the order in which they are described."""
