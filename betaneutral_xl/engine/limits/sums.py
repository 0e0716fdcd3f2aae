"""Limits on sums over names: net exposure, betas, turnover, gross exposure and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from betaneutral_xl.engine.checks import LIMIT, Check
from betaneutral_xl.engine.limits.limit import (
    Limit,
    NewWeights,
    Reading,
    Relaxation,
    Row,
    Terms,
    Unit,
    least_size,
    least_widening,
    outside,
)
from betaneutral_xl.engine.limits.names import members
from betaneutral_xl.model.constraints import ALL, Range
from betaneutral_xl.model.values import share_text

if TYPE_CHECKING:
    from betaneutral_xl.engine.limits.formulation import Formulation
    from betaneutral_xl.engine.optimisation.quadratic import Duals
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.constraints import Constraints

NET = "net exposure"
"""The label of the row of the sum of weights."""


@dataclass(frozen=True, slots=True)
class NetExposure(Limit):
    """The sum of all weights; None keeps it."""

    limit: Range | None

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        """Yield it always: where it is not set, the net exposure is kept."""
        yield cls(constraints.net)

    def sentences(self) -> Iterator[str]:
        if self.limit is not None:
            yield f"net exposure {self.limit}"

    def terms(self, aligned: Aligned) -> Terms:
        return Terms(rows=(self._row(aligned),))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        yield Reading(NET, float(new.weights.sum()), self._row(new.aligned).limit)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        total, allowed = float(new.weights.sum()), new.tolerance * new.size
        if self.limit is None:
            yield Check("net exposure is kept", abs(total - float(new.aligned.weights.sum())), allowed)
        else:
            yield Check(f"net exposure is {self.limit}", outside(total, self.limit), allowed)

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        amount = least_widening(others, self._row(others.aligned), 1.0)
        if amount is not None:
            yield Relaxation("net", amount, f"hold {amount:.1%} more in cash")

    def _row(self, aligned: Aligned) -> Row:
        kept = float(aligned.weights.sum())
        return Row(NET, np.ones(len(aligned.tickers)), self.limit or Range(kept, kept))


@dataclass(frozen=True, slots=True)
class BetaRanges(Limit):
    """Ranges of the beta to ETFs, by name or ``*``, in place of a target.

    Their rows are those of the targets, which ``formulate`` writes.
    """

    ranges: Mapping[str, Range]

    field: ClassVar[str] = "beta"

    def named_etfs(self) -> tuple[str, ...]:
        return tuple(name for name in self.ranges if name != ALL)

    def sentences(self) -> Iterator[str]:
        for name, limit in self.ranges.items():
            yield f"beta to {'every ETF' if name == ALL else name} {limit}"

    def terms(self, aligned: Aligned) -> Terms:
        """Return nothing beside the targets."""
        return Terms()

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        for name, beta, limit in self._bounded(new):
            yield Reading(f"beta to {name}", beta, limit, Unit.BETA)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        for name, beta, limit in self._bounded(new):
            yield Check(f"beta to {name} is {limit}", outside(beta, limit), new.tolerance * new.size)

    def _bounded(self, new: NewWeights) -> Iterator[tuple[str, float, Range]]:
        for name, beta in new.betas.items():
            limit = self.ranges.get(name, self.ranges.get(ALL))
            if limit is not None:
                yield name, beta, limit


@dataclass(frozen=True, slots=True)
class Turnover(Limit):
    """Largest one-way turnover, ``sum(abs(x - w)) / 2``."""

    most: float

    field: ClassVar[str] = "turnover"

    def sentences(self) -> Iterator[str]:
        yield f"one-way turnover at most {self.most:g}"

    def phrase(self) -> str:
        return f"with a turnover of at most {share_text(self.most)}"

    def terms(self, aligned: Aligned) -> Terms:
        return Terms(turnover=self.most)

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        value = float(new.trade_sizes.sum()) / 2.0
        yield Reading("turnover, one-way", value, Range(high=self.most), of_trades=True)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        over = float(new.trade_sizes.sum()) / 2.0 - self.most
        yield Check(f"turnover is at most {self.most:g}", over, LIMIT * new.size)

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        amount = least_size(others.problem, of_trades=True)
        if amount is not None:
            yield Relaxation("turnover", amount / 2.0, f"allow a turnover of {amount / 2.0:.1%}")

    def shadow_prices(self, duals: Duals) -> Iterator[tuple[str, float]]:
        if duals.turnover:
            yield f"turnover at {self.most:g}", 2.0 * duals.turnover


@dataclass(frozen=True, slots=True)
class GrossExposure(Limit):
    """Largest gross exposure, ``sum(abs(x))``."""

    most: float

    field: ClassVar[str] = "gross"

    def sentences(self) -> Iterator[str]:
        yield f"gross exposure at most {self.most:g}"

    def phrase(self) -> str:
        return f"with a gross exposure of at most {share_text(self.most)}"

    def terms(self, aligned: Aligned) -> Terms:
        return Terms(gross=self.most)

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        yield Reading("gross exposure", float(np.abs(new.weights).sum()), Range(high=self.most))

    def checks(self, new: NewWeights) -> Iterator[Check]:
        over = float(np.abs(new.weights).sum()) - self.most
        yield Check(f"gross exposure is at most {self.most:g}", over, LIMIT * new.size)

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        amount = least_size(others.problem, of_trades=False)
        if amount is not None:
            total = amount + float(np.abs(others.fixed).sum())
            yield Relaxation("gross", total, f"allow a gross exposure of {total:.1%}")

    def shadow_prices(self, duals: Duals) -> Iterator[tuple[str, float]]:
        if duals.gross:
            yield f"gross exposure at {self.most:g}", duals.gross


@dataclass(frozen=True, slots=True)
class GroupWeight(Limit):
    """The sum of the weights of a group's names."""

    group: str
    tickers: tuple[str, ...]
    limit: Range

    @classmethod
    def of(cls, constraints: Constraints) -> Iterator[Limit]:
        for group, limit in constraints.group_limits.items():
            yield cls(group, constraints.groups[group], limit)

    @property
    def label(self) -> str:
        """The label of the row."""
        return f"weight of group {self.group}"

    def sentences(self) -> Iterator[str]:
        yield f"{self.label} {self.limit}"

    def phrase(self) -> str:
        return "with the group limits"

    def terms(self, aligned: Aligned) -> Terms:
        return Terms(rows=(self._row(aligned),))

    def readings(self, new: NewWeights) -> Iterator[Reading]:
        total = float(new.weights[members(new.aligned, self.tickers)].sum())
        yield Reading(self.label, total, self.limit)

    def checks(self, new: NewWeights) -> Iterator[Check]:
        total = float(new.weights[members(new.aligned, self.tickers)].sum())
        yield Check(f"{self.label} is {self.limit}", outside(total, self.limit), LIMIT * new.size)

    def relaxations(self, others: Formulation) -> Iterator[Relaxation]:
        amount = least_widening(others, self._row(others.aligned), 1.0, -1.0)
        if amount is not None:
            yield Relaxation(self.label, amount, f"widen the limit of group {self.group} by {amount:.1%}")

    def _row(self, aligned: Aligned) -> Row:
        return Row(self.label, members(aligned, self.tickers).astype(np.float64), self.limit)


LIMITS: tuple[type[Limit], ...] = (NetExposure, BetaRanges, Turnover, GrossExposure, GroupWeight)
"""In the order in which they are described."""
