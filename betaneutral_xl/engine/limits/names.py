"""Limits on single names: bounds on their weights, and which of them may be traded."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from betaneutral_xl.engine.checks import Check
from betaneutral_xl.engine.limits.limit import Limit, NewWeights, Reading, Relaxation, Terms, least_margin
from betaneutral_xl.model.constraints import ALL, SMALLEST_TRADE, Range, Universe

if TYPE_CHECKING:
    from betaneutral_xl.engine.limits.formulation import Formulation
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.constraints import Constraints

TRADABLE = "with the names that may be traded"
"""The phrase of limits that exclude names."""


class NameBounds(Limit):
    """Bounds on single weights, all of one side; a subclass has them, and their words."""

    __slots__ = ()

    upper: ClassVar[bool] = True
    """Whether they are upper bounds."""

    @abstractmethod
    def bounds_of(self, aligned: Aligned) -> FloatArray:
        """Return the bound of every name, shape (N,); infinite for none."""

    @abstractmethod
    def label(self) -> str:
        """Return what the weight that is nearest to its bound is called."""

    @abstractmethod
    def promise(self) -> str:
        """Return what is checked of new weights."""

    @abstractmethod
    def relaxation(self, margin: float) -> Relaxation:
        """Return the relaxation by a margin: of each upper bound, or of all lower bounds in total."""

    def terms(self, aligned: Aligned) -> Terms:
        bounds = self.bounds_of(aligned)
        return Terms(upper=bounds) if self.upper else Terms(lower=bounds)

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        yield from new.nearest(self.label(), self.bounds_of(new.aligned), upper=self.upper)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        bounds = self.bounds_of(new.aligned)
        yield new.excess(self.promise(), new.weights - bounds if self.upper else bounds - new.weights)

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        margin = least_margin(others, self.bounds_of(others.aligned), upper=self.upper)
        if margin is not None:
            yield self.relaxation(margin)


@dataclass(frozen=True, slots=True)
class LongOnly(NameBounds):
    """No weight below zero."""

    upper: ClassVar[bool] = False

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        if constraints.long_only:
            yield cls()

    def bounds_of(self, aligned: Aligned) -> FloatArray:
        return np.zeros(len(aligned.tickers))

    def sentences(self) -> Iterator[str]:
        yield self.phrase()

    def phrase(self) -> str:
        return "long only"

    def label(self) -> str:
        return "lowest weight"

    def promise(self) -> str:
        return "no weight is below zero"

    def relaxation(self, margin: float) -> Relaxation:
        return Relaxation("long_only", margin, f"allow {margin:.1%} short")


@dataclass(frozen=True, slots=True)
class LowerBounds(NameBounds):
    """Lower bounds of the weights, by ticker or ``*``."""

    bounds: Mapping[str, float]

    field: ClassVar[str] = "lower"
    upper: ClassVar[bool] = False

    def bounds_of(self, aligned: Aligned) -> FloatArray:
        return by_ticker(self.bounds, aligned.tickers, -math.inf)

    def named(self) -> tuple[str, ...]:
        return tuple(name for name in self.bounds if name != ALL)

    def sentences(self) -> Iterator[str]:
        yield from _bound_sentences("at least", self.bounds)

    def phrase(self) -> str:
        return "with the lower bounds"

    def label(self) -> str:
        return _bound_label("lowest weight", self.bounds)

    def promise(self) -> str:
        return "no weight is below its lower bound"

    def relaxation(self, margin: float) -> Relaxation:
        return Relaxation("lower", margin, f"lower the lower bounds by {margin:.1%} in total")


@dataclass(frozen=True, slots=True)
class UpperBounds(NameBounds):
    """Upper bounds of the weights, by ticker or ``*``."""

    bounds: Mapping[str, float]

    field: ClassVar[str] = "upper"

    def bounds_of(self, aligned: Aligned) -> FloatArray:
        return by_ticker(self.bounds, aligned.tickers, math.inf)

    def named(self) -> tuple[str, ...]:
        return tuple(name for name in self.bounds if name != ALL)

    def sentences(self) -> Iterator[str]:
        yield from _bound_sentences("at most", self.bounds)

    def phrase(self) -> str:
        caps = set(self.bounds.values())
        return f"with at most {100.0 * caps.pop():.6g}% a name" if len(caps) == 1 else "with the upper bounds"

    def label(self) -> str:
        return _bound_label("largest weight", self.bounds)

    def promise(self) -> str:
        return "no weight is above its upper bound"

    def relaxation(self, margin: float) -> Relaxation:
        caps = set(self.bounds.values())
        one = len(caps) == 1
        what = f"raise the cap to {caps.pop() + margin:.1%}" if one else f"raise the caps by {margin:.1%}"
        return Relaxation("upper", margin, what)


@dataclass(frozen=True, slots=True)
class UpperOutsideEtf(NameBounds):
    """Largest weight of any name that is in none of the ETFs."""

    bound: float

    field: ClassVar[str] = "upper_outside_etf"

    def bounds_of(self, aligned: Aligned) -> FloatArray:
        return np.where(in_an_etf(aligned), math.inf, self.bound)

    def sentences(self) -> Iterator[str]:
        yield f"weight of every name outside the ETFs at most {self.bound:g}"

    def phrase(self) -> str:
        return f"with at most {100.0 * self.bound:.6g}% a name outside the ETFs"

    def label(self) -> str:
        return "largest weight outside the ETFs"

    def promise(self) -> str:
        return f"no weight outside the ETFs is above {self.bound:g}"

    def relaxation(self, margin: float) -> Relaxation:
        what = f"raise the cap outside the ETFs to {self.bound + margin:.1%}"
        return Relaxation("upper_outside_etf", margin, what)


@dataclass(frozen=True, slots=True)
class GroupUpper(NameBounds):
    """Largest weight of any name of a group."""

    group: str
    tickers: tuple[str, ...]
    bound: float

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        for group, bound in constraints.group_upper.items():
            yield cls(group, constraints.groups[group], bound)

    def bounds_of(self, aligned: Aligned) -> FloatArray:
        return np.where(members(aligned, self.tickers), self.bound, math.inf)

    def sentences(self) -> Iterator[str]:
        yield f"weight of every name of group {self.group} at most {self.bound:g}"

    def phrase(self) -> str:
        return f"with at most {100.0 * self.bound:.6g}% a name of group {self.group}"

    def label(self) -> str:
        return f"largest weight of group {self.group}"

    def promise(self) -> str:
        return f"no weight of group {self.group} is above {self.bound:g}"

    def relaxation(self, margin: float) -> Relaxation:
        what = f"raise the cap of group {self.group} to {self.bound + margin:.1%}"
        return Relaxation(f"cap of group {self.group}", margin, what)


class Untraded(Limit):
    """Names that are not traded; a subclass has which, and their words."""

    __slots__ = ()

    excludes_names: ClassVar[bool] = True

    @abstractmethod
    def names(self, aligned: Aligned) -> BoolArray:
        """Return which names are not traded, shape (N,)."""

    @abstractmethod
    def label(self) -> str:
        """Return what their trades are called."""

    @abstractmethod
    def promise(self) -> str:
        """Return what is checked of new weights."""

    def phrase(self) -> str:
        return TRADABLE

    def terms(self, aligned: Aligned) -> Terms:
        return Terms(tradable=~self.names(aligned))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        value = float(np.abs(new.trades[self.names(new.aligned)]).sum())
        yield Reading(self.label(), value, Range(0.0, 0.0), of_trades=True)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        largest = float(np.abs(new.trades[self.names(new.aligned)]).max(initial=0.0))
        yield Check(self.promise(), largest, SMALLEST_TRADE)


@dataclass(frozen=True, slots=True)
class Frozen(Untraded):
    """Names that are not traded."""

    tickers: tuple[str, ...]

    field: ClassVar[str] = "frozen"

    def named(self) -> tuple[str, ...]:
        return self.tickers

    def names(self, aligned: Aligned) -> BoolArray:
        return members(aligned, self.tickers)

    def sentences(self) -> Iterator[str]:
        yield f"not traded: {', '.join(self.tickers)}"

    def label(self) -> str:
        return "trades of frozen names"

    def promise(self) -> str:
        return "frozen names are not traded"


@dataclass(frozen=True, slots=True)
class TradedUniverse(Untraded):
    """Only names of the portfolio, or only names of the ETFs, are traded."""

    universe: Universe

    field: ClassVar[str] = "universe"

    def names(self, aligned: Aligned) -> BoolArray:
        if self.universe is Universe.HELD:
            return ~members(aligned, aligned.holdings.tickers)
        return ~in_an_etf(aligned)

    def sentences(self) -> Iterator[str]:
        yield f"traded: {self.universe} names only"

    def label(self) -> str:
        return f"trades of other than {self.universe} names"

    def promise(self) -> str:
        return f"only {self.universe} names are traded"


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
