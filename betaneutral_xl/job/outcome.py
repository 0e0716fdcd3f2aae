"""What a run has and returns: its inputs, the answer to a request, alternatives side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from betaneutral_xl.engine.compare import Alternative
    from betaneutral_xl.engine.reachable import Reachable
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.errors import Infeasible
    from betaneutral_xl.job.request import Request
    from betaneutral_xl.model.market import Market
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance
    from betaneutral_xl.readers.raw_input import RawInput


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The three inputs of a run, and the files that they were read from, where they were."""

    holdings: Holdings
    etfs: tuple[Etf, ...]
    covariance: Covariance
    raw_inputs: tuple[RawInput, ...] = ()
    market: Etf | None = None
    """The market, where it is a fund with its constituents and no ticker of the risk model."""

    @property
    def etf_names(self) -> tuple[str, ...]:
        """The names of the ETFs, in their order."""
        return tuple(one.name for one in self.etfs)

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The tickers of each sector, country and other group of the portfolio."""
        return self.holdings.groups

    @property
    def warnings(self) -> tuple[str, ...]:
        """What reading the inputs has to report."""
        etfs = (line for etf in self.etfs for line in etf.warnings)
        market = () if self.market is None else self.market.warnings
        return (*self.holdings.warnings, *etfs, *market, *self.covariance.warnings)

    def market_of(self, request: Request) -> Market | None:
        """Return the market that a request names, if it names one."""
        from betaneutral_xl.model.market import Market

        if self.market is None and not request.market:
            return None
        return Market.of(self.market or request.market, request.market_share)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The answer to a request.

    Attributes
    ----------
    request, inputs
        What was asked.
    result
        The new weights; where no weights keep all limits, the portfolio unchanged.
    infeasible
        Why there are none; None where there are.

    """

    request: Request
    inputs: Inputs
    result: Rebalance
    infeasible: Infeasible | None = None

    @property
    def reachable(self) -> Reachable | None:
        """What can be reached in place of what was required; None where that was reached."""
        return None if self.infeasible is None else self.infeasible.reachable


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Alternatives side by side.

    Attributes
    ----------
    alternatives
        The alternatives, the portfolio as it is first.
    hedge
        The hedge by the ETFs' baskets: unlike the others it always has a result.
    drift
        Where the drift of the beta to an ETF comes from, a sentence for each where that is known.

    """

    alternatives: tuple[Alternative, ...]
    hedge: Rebalance
    drift: tuple[str, ...]
