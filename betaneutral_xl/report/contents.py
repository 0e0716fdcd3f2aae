"""What a report is about, as plain data: a result, and what else is known of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.checks import Check
from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.job import views
from betaneutral_xl.model.alignment import SCALED
from betaneutral_xl.model.arrays import FloatArray, read_only
from betaneutral_xl.model.constraints import TRADED
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    from datetime import date, datetime

    from betaneutral_xl.engine.compare import Alternative
    from betaneutral_xl.engine.optimisation.reachable import Reachable
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.model.alignment import Unit

TITLE = "Beta-neutral proposal"

BEYOND_LIMITS = "The hedges stand here for comparison: the limits on weights do not hold for them."
"""Said beside the ways where what was asked for is not feasible."""

CONFIDENCE = 1.96
"""Standard errors on either side of a beta that hold it 95 times in 100."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Realised:
    """What weights did after the fact: a series of realised betas to one ETF.

    Attributes
    ----------
    label
        Which weights, such as ``hedge`` or ``as it was``.
    etf
        The ETF's name.
    dates
        T days, ascending: the last of each window.
    beta, error
        Shape (T,): the slope over the window, and its standard error.

    """

    label: str
    etf: str
    dates: tuple[date, ...]
    beta: FloatArray
    error: FloatArray

    def __post_init__(self) -> None:
        """Validate that there is one beta and one error a day."""
        for name in ("beta", "error"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
            if getattr(self, name).shape != (len(self.dates),):
                msg = f"The realised {name} of {self.label} has not one value for each of its dates."
                raise InputError(msg)
        if not self.dates or list(self.dates) != sorted(set(self.dates)):
            msg = f"The dates of the realised beta of {self.label} are none, or not ascending."
            raise InputError(msg)


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """Everything that a report shows.

    Attributes
    ----------
    result
        The proposal.
    command
        The command that reproduces it, without users' paths.
    snapshot
        The name of the frozen inputs that it was made from, if they were.
    written_at
        UTC.
    realised
        What the weights did, where prices were given.
    ways
        The ways to the same beta, side by side.
    orders
        The proposal in whole shares, where all prices are known.
    infeasible
        What could be reached, where what was asked for could not be; then ``result`` is the portfolio
        as it is, without a trade, and there are no orders.

    """

    result: Rebalance
    written_at: datetime
    command: str = ""
    snapshot: str = ""
    realised: tuple[Realised, ...] = ()
    ways: tuple[Alternative, ...] = ()
    orders: Orders | None = None
    infeasible: Reachable | None = None

    def __post_init__(self) -> None:
        """Require that nothing is proposed where nothing is feasible."""
        if self.infeasible is not None and (self.orders is not None or self.by_size):
            msg = "What is not feasible has neither trades nor orders. Report the unchanged portfolio."
            raise InputError(msg)

    @property
    def title(self) -> str:
        """What the report is, on its first page and in the document's properties."""
        return TITLE if self.infeasible is None else self.infeasible.title()

    @property
    def headline(self) -> str:
        """What stands at the head of every page: what was made neutral to what, or that it cannot be."""
        return views.headline(self.result) if self.infeasible is None else self.title

    @property
    def after(self) -> str:
        """The heading of the numbers with the new weights, which are the old ones if nothing is feasible."""
        return "after" if self.infeasible is None else "unchanged"

    @property
    def lines(self) -> list[views.Line]:
        """The measures of the portfolio; no ETF is proposed to be sold where nothing is feasible."""
        lines = views.lines(self.result)
        return lines if self.infeasible is None else [line for line in lines if line.before is not None]

    @property
    def nothing_proposed(self) -> str:
        """Why there are no trades, where nothing is feasible; and which limits stand in the way."""
        if self.infeasible is None:
            return ""
        binding = listing(self.infeasible.binding)
        told = f" On their limits there: {binding}." if binding else ""
        return f"{self.title}.{told} Nothing is proposed: all weights are the portfolio's as it is."

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """What was recomputed in Python; what is not feasible fails here, whatever else holds."""
        proved = self.result.checks()
        if self.infeasible is None:
            return proved
        missed = self.infeasible.beta - np.clip(
            self.infeasible.beta,
            [one.low for one in self.infeasible.targets],
            [one.high for one in self.infeasible.targets],
        )
        gap = float(np.abs(missed).max()) if np.isfinite(missed).all() else math.inf
        unmet = Check("what is asked for is within the limits (distance of the beta)", gap, 0.0)
        about_target = {f"beta to {name} is" for name in self.result.etf_names}
        kept = (one for one in proved if not one.name.startswith(tuple(about_target)))
        return (unmet, *kept)

    @property
    def etfs(self) -> range:
        """The numbers of the ETFs, from 1: formulas call the first ``etf_1``."""
        return range(1, len(self.result.etf_names) + 1)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """What one unit of each ETF is to the risk model."""
        coverage = self.result.coverage
        return tuple(coverage.units[name] for name in self.result.etf_names)

    @property
    def has_own_rows(self) -> bool:
        """Whether the betas to an ETF are from its own row, so that they are no formula on its basket."""
        return any(unit.own_row for unit in self.units)

    @property
    def has_scaled_units(self) -> bool:
        """Whether a basket is scaled to be an ETF."""
        return any(unit.basis == SCALED for unit in self.units)

    def scaled(self, k: int) -> str:
        """Return the factor, with its sign of multiplication, in formulas on the basket of ETF k."""
        return f"etf_unit_{k}*" if self.units[k - 1].basis == SCALED else ""

    @cached_property
    def weighed_ways(self) -> tuple[Rebalance, ...]:
        """The results of those ways that have weights of their own; formulas call the first ``way_1``."""
        return tuple(way.result for way in self.ways if way.result is not None)

    @cached_property
    def beta_errors(self) -> FloatArray | None:
        """Standard errors of the covered names' betas, shape (n, K); None where they are unknown."""
        errors = self.result.aligned.beta_errors
        return errors if np.isfinite(errors).all() else None

    @cached_property
    def benchmarks(self) -> tuple[str | None, ...]:
        """The ticker whose beta each ETF's target is; None where the target is a number."""
        result = self.result
        texts = result.target_label.split(", ")
        if len(texts) == 1 and "=" not in texts[0]:
            texts *= len(result.etf_names)
        else:
            texts = [text.rpartition("=")[2] for text in texts]
        if len(texts) != len(result.etf_names):
            return (None,) * len(result.etf_names)
        return tuple(self._benchmark(k, text) for k, text in enumerate(texts))

    def _benchmark(self, k: int, text: str) -> str | None:
        """Return the ticker that a text names, if its beta is the target indeed."""
        aligned = self.result.aligned
        try:
            ticker = normalise(text)
        except InputError:
            return None
        if ticker not in aligned.risk_model:
            return None
        beta = float(aligned.beta_of(ticker)[k])
        return ticker if np.isclose(beta, self.result.targets[k], rtol=1e-12, atol=1e-12) else None

    @cached_property
    def by_size(self) -> list[int]:
        """Where the trades stand in the table, the largest first."""
        trades = self.result.trades
        order: list[int] = np.argsort(-np.abs(trades), kind="stable").tolist()
        return [at for at in order if abs(trades[at]) > TRADED]

    @cached_property
    def by_contribution(self) -> list[int]:
        """Where the covered names stand in the risk model, the largest part of the first beta first."""
        aligned = self.result.aligned
        beta = self.result.predicted_beta[aligned.covered][:, 0]
        size = np.maximum(
            np.abs(beta * aligned.covered_weights),
            np.abs(beta * self.result.new_weights[aligned.covered]),
        )
        order: list[int] = np.argsort(-size, kind="stable").tolist()
        return order
