"""Limits on trades: their cost, their number and their size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from betaneutral_xl.engine.checks import LIMIT, Check
from betaneutral_xl.engine.limits.limit import Limit, NewWeights, Reading, Terms, Unit
from betaneutral_xl.model.constraints import BASIS_POINT, Range

if TYPE_CHECKING:
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.constraints import Constraints


@dataclass(frozen=True, slots=True)
class TradingCost(Limit):
    """A cost that is weighed against tracking variance; no limit, so that there is nothing to check."""

    basis_points: float
    risk_aversion: float

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        if constraints.cost_bp:
            yield cls(constraints.cost_bp, constraints.risk_aversion)

    def sentences(self) -> Iterator[str]:
        yield f"cost of a trade in basis points {self.basis_points:g}"

    def terms(self, aligned: Aligned) -> Terms:
        return Terms(cost=self.basis_points * BASIS_POINT, risk_aversion=self.risk_aversion)

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        yield from ()

    def checks(self, new: NewWeights) -> Iterator[Check]:
        yield from ()


@dataclass(frozen=True, slots=True)
class MaxTrades(Limit):
    """Largest number of names traded."""

    most: int

    field: ClassVar[str] = "max_trades"

    def sentences(self) -> Iterator[str]:
        yield f"names traded at most {self.most:g}"

    def terms(self, aligned: Aligned) -> Terms:
        return Terms(max_trades=self.most)

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        count = float(new.trade_sizes.size)
        yield Reading("names traded", count, Range(high=self.most), Unit.COUNT, of_trades=True)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        over = float(max(new.trade_sizes.size - self.most, 0))
        yield Check(f"at most {self.most} names are traded", over, 0.0)


@dataclass(frozen=True, slots=True)
class MinTrade(Limit):
    """Smallest size of a trade that is not zero."""

    least: float

    field: ClassVar[str] = "min_trade"

    def sentences(self) -> Iterator[str]:
        yield f"a trade is at least {self.least:g}"

    def terms(self, aligned: Aligned) -> Terms:
        return Terms(min_trade=self.least)

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        if new.trade_sizes.size:
            least = float(new.trade_sizes.min())
            yield Reading("smallest trade", least, Range(low=self.least), of_trades=True)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        missing = self.least - float(new.trade_sizes.min(initial=math.inf))
        yield Check(f"every trade is at least {self.least:g}", missing, LIMIT * new.size)


LIMITS: tuple[type[Limit], ...] = (TradingCost, MaxTrades, MinTrade)
"""In the order in which they are described."""
