"""The contents of a report as plain data: a result and optional sections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from betaneutral_xl.engine.checks import Check
from betaneutral_xl.engine.compare import Alternative, drift_sentence
from betaneutral_xl.engine.frontier import Point
from betaneutral_xl.engine.orders import Orders
from betaneutral_xl.engine.reachable import Reachable
from betaneutral_xl.engine.result import Rebalance
from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.job import views
from betaneutral_xl.job.answer import page_of
from betaneutral_xl.job.answer.page import AnswerPage
from betaneutral_xl.job.daily.page import FundForecast
from betaneutral_xl.job.mandate import Mandate
from betaneutral_xl.job.realised import Realised
from betaneutral_xl.model.alignment import SCALED, Unit
from betaneutral_xl.model.arrays import FloatArray
from betaneutral_xl.model.constraints import SMALLEST_TRADE
from betaneutral_xl.model.tickers import normalise

TITLE = "Beta-neutral proposal"

BEYOND_LIMITS = "The hedges are shown for comparison only: the limits on weights are not applied to them."
"""Note on the comparison of an infeasible request."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """Everything that a report shows.

    Attributes
    ----------
    result
        The proposal.
    command
        The command that reproduces it, without local paths.
    snapshot
        The file name of the snapshot of the inputs, if there is one.
    written_at
        The time stamp, UTC.
    realised
        Realised betas, if there are prices.
    alternatives
        Alternatives that reach the same beta, for comparison.
    orders
        The proposal in shares, if all prices are known.
    infeasible
        The attainable betas, if the request is infeasible; ``result`` is then the unchanged
        portfolio, and there are no orders.
    frontier
        Steps to the target, and what each costs.
    notices
        Warnings besides those of the result, such as why there is no comparison.
    mandate
        The standing rules that the result was made under.
    forecast
        The fund's own forecast of its risk beside ours; None where there is none.
    no_orders
        Why prices do not suffice for orders; empty where they do, or where none are known.

    """

    result: Rebalance
    written_at: datetime
    command: str = ""
    snapshot: str = ""
    realised: tuple[Realised, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    orders: Orders | None = None
    infeasible: Reachable | None = None
    frontier: tuple[Point, ...] = ()
    notices: tuple[str, ...] = ()
    mandate: Mandate | None = None
    forecast: FundForecast | None = None
    no_orders: str = ""

    def __post_init__(self) -> None:
        """Validate that an infeasible request has neither trades nor orders."""
        if self.infeasible is not None and (self.orders is not None or self.by_size):
            msg = "The report of an infeasible request has trades or orders. Report the unchanged portfolio."
            raise InputError(msg)

    @cached_property
    def page(self) -> AnswerPage:
        """The answer page."""
        return page_of(
            self.result,
            self.infeasible,
            alternatives=self.alternatives,
            frontier=self.frontier,
            mandate=self.mandate,
            notices=self.notices,
            nav=None if self.orders is None else self.orders.ticket.nav,
        )

    @property
    def title(self) -> str:
        """The title on the first page and in the document's properties."""
        return TITLE if self.infeasible is None else self.infeasible.title()

    @property
    def verdict(self) -> str:
        """The verdict; of an infeasible request, whose verdict is the title, what could be done."""
        return self.page.verdict if self.infeasible is None else self.infeasible.sentence()

    @property
    def headline(self) -> str:
        """The header of every page: portfolio, ETFs and method, or that the request is infeasible."""
        return views.headline(self.result) if self.infeasible is None else self.title

    @property
    def no_proposal(self) -> str:
        """Why an infeasible request has no trades, with its binding limits; empty if feasible."""
        if self.infeasible is None:
            return ""
        binding = listing(self.infeasible.binding)
        limits = f" Binding limits: {binding}." if binding else ""
        return f"{self.title}.{limits} Nothing is proposed: all weights are the portfolio's current weights."

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The checks of the result in Python; an infeasible request has one that fails."""
        proved = self.result.checks()
        if self.infeasible is None:
            return proved
        missed = self.infeasible.beta - np.clip(
            self.infeasible.beta,
            [one.low for one in self.infeasible.targets],
            [one.high for one in self.infeasible.targets],
        )
        gap = float(np.abs(missed).max()) if np.isfinite(missed).all() else math.inf
        unmet = Check("target within the limits (distance of the beta)", gap, 0.0)
        about_target = {f"beta to {name} is" for name in self.result.etf_names}
        kept = (one for one in proved if not one.name.startswith(tuple(about_target)))
        return (unmet, *kept)

    @property
    def etfs(self) -> range:
        """The numbers of the ETFs from 1, as in the defined name ``etf_1``."""
        return range(1, len(self.result.etf_names) + 1)

    def per_etf(self, heading: str, k: int) -> str:
        """Return a column heading, with the name of ETF k if there are several."""
        return heading if len(self.etfs) == 1 else f"{heading} {self.result.etf_names[k - 1]}"

    @property
    def weight_headings(self) -> tuple[str, ...]:
        """The headings of the aligned table, in the order of ``Rebalance.columns``."""
        weights, betas = (
            [self.per_etf(heading, k) for k in self.etfs] for heading in ("ETF weight", "Predicted beta")
        )
        return ("Ticker", "Weight", *weights, *betas, "New weight", "Trade")

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Representation of each ETF in the risk model."""
        coverage = self.result.coverage
        return tuple(coverage.units[name] for name in self.result.etf_names)

    @property
    def has_own_rows(self) -> bool:
        """Whether betas to an ETF are from its own row of the risk model rather than from its basket."""
        return any(unit.own_row for unit in self.units)

    @property
    def has_scaled_units(self) -> bool:
        """Whether any ETF is represented by its scaled basket."""
        return any(unit.basis == SCALED for unit in self.units)

    def scaled(self, k: int) -> str:
        """Return the factor ``etf_unit_k*`` of formulas on the basket of ETF k; empty if unscaled."""
        return f"etf_unit_{k}*" if self.units[k - 1].basis == SCALED else ""

    @cached_property
    def weighted_alternatives(self) -> tuple[tuple[str, Rebalance], ...]:
        """Name and result of each alternative with weights, numbered from 1 as in ``alternative_1``."""
        return tuple((one.name, one.result) for one in self.alternatives if one.result is not None)

    @property
    def has_market(self) -> bool:
        """Whether the alternatives have a market beta."""
        return any(math.isfinite(one.market_beta) for one in self.alternatives)

    @property
    def drift(self) -> tuple[str, ...]:
        """Where the drift of the betas comes from, a sentence for each ETF; none without a market."""
        lines = (drift_sentence(self.alternatives, name) for name in self.result.etf_names)
        return tuple(line for line in lines if line)

    @cached_property
    def beta_errors(self) -> FloatArray | None:
        """Standard errors of the covered names' betas, shape (n, K); None if unavailable."""
        errors = self.result.aligned.beta_errors
        return errors if np.isfinite(errors).all() else None

    @cached_property
    def benchmarks(self) -> tuple[str | None, ...]:
        """For each ETF the ticker whose beta is the target; None if the target is a number."""
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
        """Return the ticker in a target's label, if the target is that ticker's beta."""
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
        """Indices of the trades in the table, largest first."""
        trades = self.result.trades
        order: list[int] = np.argsort(-np.abs(trades), kind="stable").tolist()
        return [at for at in order if abs(trades[at]) > SMALLEST_TRADE]

    @cached_property
    def by_contribution(self) -> list[int]:
        """Indices of the covered names in the risk model, largest contribution to the first beta first."""
        aligned = self.result.aligned
        beta = self.result.predicted_beta[aligned.covered][:, 0]
        size = np.maximum(
            np.abs(beta * aligned.covered_weights),
            np.abs(beta * self.result.new_weights[aligned.covered]),
        )
        order: list[int] = np.argsort(-size, kind="stable").tolist()
        return order
