"""Result of a rebalance: new weights, exposures before and after, and checks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine import limits
from betaneutral_xl.engine.checks import LIMIT, Check, check_solution, size_of
from betaneutral_xl.engine.hedging import EXACT, HedgeSystem, Legs
from betaneutral_xl.engine.intervals import portfolio_forecasts
from betaneutral_xl.engine.stable import leave_one_out
from betaneutral_xl.errors import CheckFailed, listing
from betaneutral_xl.model.arrays import FloatArray, make_read_only, read_only
from betaneutral_xl.model.constraints import SMALLEST_TRADE
from betaneutral_xl.model.notices import Notice, Severity, Subject, about
from betaneutral_xl.model.positions import CASH
from betaneutral_xl.model.provenance import Retrieval

if TYPE_CHECKING:
    import pandas as pd

    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.engine.limits.formulation import Binding
    from betaneutral_xl.engine.optimisation.quadratic import Solution
    from betaneutral_xl.engine.stable import Objective
    from betaneutral_xl.model.alignment import Aligned, Coverage
    from betaneutral_xl.model.constraints import Constraints, Universe
from betaneutral_xl.model.provenance import Provenance

TOLERANCE = 1e-10
"""Default tolerance of a result's checks, for sums of size 1 (see ``checks.size_of``)."""

LARGE_GROSS = 2.0
"""Gross exposure from which on it is remarked upon: an initial margin of 50 % finances twice the capital."""


class Method(StrEnum):
    """Method of changing the portfolio."""

    HEDGE = "hedge"
    REWEIGHT = "reweight"
    LEAST_SQUARES = "least_squares"
    FEWEST_TRADES = "fewest_trades"
    SCALED = "scaled"


@dataclass(frozen=True, slots=True)
class Exposure:
    """Risk and exposure of a portfolio.

    ``beta`` maps each ETF's name to the portfolio's predicted beta to it, ``beta_error`` to the
    standard error of that beta (NaN where the risk model does not state the number of days behind
    it). ``volatility`` is annual, ``market_beta`` NaN where no market is given. All are decimals of net
    asset value; names without risk data count in ``gross``, ``net`` and ``cash`` only.
    """

    beta: Mapping[str, float]
    beta_error: Mapping[str, float]
    volatility: float
    gross: float
    net: float
    cash: float
    market_beta: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a method gives: new weights, shape (N,), and for an optimisation its proof and its notes."""

    new_weights: FloatArray
    solution: Solution | None = None
    binding: tuple[Binding, ...] = ()
    notes: tuple[str, ...] = ()
    objective: Objective | None = None


@dataclass(frozen=True, eq=False)
class Rebalance:
    """New weights on the aligned list of names.

    Attributes
    ----------
    aligned
        Portfolio, ETFs and risk model on one list of N tickers.
    method
        Method that gave the new weights.
    constraints
        Limits on the new weights.
    targets
        Shape (K,), target beta to each ETF; NaN where the target is a range, and for ``scaled``,
        which has no target.
    target_label
        The target as requested, such as ``0`` or ``IWV``.
    new_weights
        x, shape (N,), decimals of net asset value.
    hedge_ratios
        h, shape (K,): how much of each ETF to sell, in units of net asset value, to bring the original
        portfolio to the target (to 0 for ``scaled``); of the whole ETF, also where the risk model
        covers only a part of it.
    condition_number
        Condition number of the system for h; 1 for one ETF.
    notes
        Notes of the method, one line each.
    legs
        Ridge and limits on the hedge ratios; where any is set the beta may miss its target.
    market_ratio
        h_m: how much of the market is sold besides the ETFs, in units of net asset value; 0 for the
        methods that reweight.
    solution
        Verified solution of the optimisation; None for methods that do not optimise.
    binding
        Binding limits of the new weights with their shadow prices, largest first.
    objective
        What was minimised; for ``reweight``.

    """

    aligned: Aligned
    method: Method
    constraints: Constraints
    targets: FloatArray
    target_label: str
    new_weights: FloatArray
    hedge_ratios: FloatArray
    condition_number: float
    notes: tuple[str, ...] = ()
    legs: Legs = EXACT
    market_ratio: float = 0.0
    solution: Solution | None = None
    binding: tuple[Binding, ...] = ()
    objective: Objective | None = None

    def __post_init__(self) -> None:
        make_read_only(self, "targets", "new_weights", "hedge_ratios")

    @property
    def tickers(self) -> tuple[str, ...]:
        """N tickers, sorted."""
        return self.aligned.tickers

    @property
    def weights(self) -> FloatArray:
        """Original weights w, shape (N,)."""
        return self.aligned.weights

    @property
    def universe(self) -> Universe:
        """Names allowed to be traded."""
        return self.constraints.universe

    @property
    def limits(self) -> tuple[str, ...]:
        """The limits on the new weights in words, one line each."""
        return limits.sentences(limits.limits_of(self.constraints))

    @property
    def etf_names(self) -> tuple[str, ...]:
        """K names."""
        return self.aligned.etf_names

    @property
    def coverage(self) -> Coverage:
        """Coverage of the inputs by the risk model."""
        return self.aligned.coverage

    @cached_property
    def predicted_beta(self) -> FloatArray:
        """Each name's beta to each ETF, shape (N, K); NaN without risk data."""
        return self.aligned.expand(self.aligned.betas, math.nan)

    @property
    def trades(self) -> FloatArray:
        """Trades x - w, shape (N,), decimals of net asset value."""
        return self.new_weights - self.weights

    def unchanged(self) -> Rebalance:
        """Return the result without trades, for use where no proposal may be shown."""
        return replace(
            self,
            new_weights=self.weights,
            notes=(),
            legs=EXACT,
            market_ratio=0.0,
            solution=None,
            binding=(),
        )

    @cached_property
    def before(self) -> Exposure:
        """Exposure of the original portfolio."""
        return self._exposure(self.weights, self.aligned.holdings.cash)

    @cached_property
    def after(self) -> Exposure:
        """Exposure with the new weights; the proceeds that are not reinvested are cash."""
        freed = float(self.weights.sum() - self.new_weights.sum())
        return self._exposure(self.new_weights, self.aligned.holdings.cash + freed)

    @cached_property
    def before_forecast(self) -> Mapping[str, BetaForecast]:
        """Next month's beta of the original portfolio to each ETF, with its interval."""
        return self._forecast(self.weights, None)

    @cached_property
    def after_forecast(self) -> Mapping[str, BetaForecast]:
        """Next month's beta of the new weights to each ETF, with its interval."""
        return self._forecast(self.new_weights, self.leave_one_out)

    @cached_property
    def leave_one_out(self) -> FloatArray:
        """How past errors of beta change where each block is left out of the choice, shape (B, K)."""
        return leave_one_out(self.aligned, self.solution)

    def _forecast(self, w: FloatArray, changes: FloatArray | None) -> Mapping[str, BetaForecast]:
        aligned = self.aligned
        instruments = aligned.with_etfs(w[aligned.covered])
        return MappingProxyType(portfolio_forecasts(aligned, instruments, changes))

    @cached_property
    def tracking_error(self) -> float:
        """Annual tracking error sqrt((x-w)'V(x-w)), decimal."""
        return self.aligned.covariance.volatility(self.trades[self.aligned.covered])

    @property
    def turnover(self) -> float:
        """One-way turnover, ``sum(abs(x - w)) / 2`` over names, without the cash line."""
        return float(np.abs(self.trades).sum()) / 2.0

    @property
    def traded(self) -> tuple[str, ...]:
        """Names that are traded."""
        return tuple(self.tickers[i] for i in np.flatnonzero(np.abs(self.trades) > SMALLEST_TRADE))

    @property
    def traded_names(self) -> int:
        """Number of names traded."""
        return len(self.traded)

    @property
    def cost(self) -> float:
        """Cost of the trades, decimal of net asset value; 0 where no cost was given."""
        return self.constraints.cost * float(np.abs(self.trades).sum())

    @property
    def sources(self) -> tuple[Provenance, ...]:
        """Provenance of every input."""
        aligned = self.aligned
        return (
            aligned.holdings.provenance,
            *(etf.provenance for etf in aligned.etfs),
            aligned.risk_model.provenance,
        )

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Warnings and notes of the inputs and the method, one line each, without duplicates."""
        aligned = self.aligned
        lines = chain(
            about(Subject.HOLDINGS, aligned.holdings.warnings),
            *(about(Subject.ETF, etf.warnings) for etf in aligned.etfs),
            about(Subject.RISK_MODEL, aligned.risk_model.warnings),
            self.coverage.sentences(),
            about(Subject.METHOD, self.notes),
            self._bought_without_group(),
            self._empty_groups(),
            self._large_exposure(),
            self._sample_parts(),
        )
        return tuple(dict.fromkeys(lines))

    def _bought_without_group(self) -> tuple[str, ...]:
        """Name what is bought and has no group, where groups are known: no limit of a group counts it."""
        known = self.aligned.holdings.groups_of
        grouped = {ticker for members in self.constraints.groups.values() for ticker in members}
        bought = [
            ticker
            for ticker, trade in zip(self.tickers, self.trades.tolist(), strict=True)
            if trade > SMALLEST_TRADE and not known.get(ticker) and ticker not in grouped
        ]
        if not known or not bought:
            return ()
        kinds = listing(self.aligned.holdings.kinds_of_groups)
        text = (
            f"Bought without a known group ({kinds}): {listing(bought)}. Limits of groups do not count them: "
            "give their groups in a table of groups."
        )
        limited = self.constraints.group_limits or self.constraints.group_upper
        return (Notice(text, Subject.GROUPS, Severity.CHANGES if limited else Severity.NOTE),)

    def _empty_groups(self) -> tuple[str, ...]:
        """Name the groups with a limit that no portfolio or ETF has: their tickers may be mistyped."""
        limits, names = self.constraints, self.aligned.input_names
        limited = [*limits.group_limits, *limits.group_upper]
        empty = [one for one in dict.fromkeys(limited) if names.isdisjoint(limits.groups.get(one, ()))]
        if not empty:
            return self._unknown_members(dict.fromkeys(limited))
        text = (
            f"No portfolio or ETF here has a name of the group {listing(empty)}: its limit has no effect. "
            "Check its tickers."
        )
        return (Notice(text, Subject.GROUPS, Severity.CHANGES),)

    def _unknown_members(self, limited: Iterable[str]) -> tuple[str, ...]:
        """Name the few tickers of groups that are not here; of a table of all shares most are not."""
        names, found = self.aligned.input_names, []
        for group in limited:
            members = self.constraints.groups.get(group, ())
            unknown = [ticker for ticker in members if ticker not in names]
            if unknown and 2 * len(unknown) <= len(members):
                found.append(f"{listing(unknown)} of {group}")
        if not found:
            return ()
        text = f"In no portfolio or ETF here, so that limits of groups do not count them: {'; '.join(found)}."
        return (Notice(text, Subject.GROUPS),)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names of the table; with several ETFs, their columns carry the ETF's name."""

        def of_etfs(stem: str) -> list[str]:
            return [stem] if len(self.etf_names) == 1 else [f"{stem}_{name}" for name in self.etf_names]

        return (
            "ticker",
            "weight",
            *of_etfs("etf_weight"),
            *of_etfs("predicted_beta"),
            "new_weight",
            "trade",
        )

    def rows(self) -> list[tuple[str | float, ...]]:
        """Return the aligned weight table: one row per ticker, the cash line last.

        Weights and trades are decimals of net asset value. A beta is NaN for a name without risk data;
        cash has beta 0.
        """
        k = len(self.etf_names)
        numbers = np.column_stack(
            [self.weights, self.aligned.etf_weights, self.predicted_beta, self.new_weights, self.trades]
        ).tolist()
        cash = [
            self.before.cash,
            *(math.nan for _ in range(k)),
            *(0.0 for _ in range(k)),
            self.after.cash,
            self.after.cash - self.before.cash,
        ]
        return [(ticker, *row) for ticker, row in zip((*self.tickers, CASH), (*numbers, cash), strict=True)]

    @property
    def table(self) -> pd.DataFrame:
        """The aligned weight table as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(self.columns))

    def checks(self, tolerance: float = TOLERANCE) -> tuple[Check, ...]:
        """Recompute every property that the result claims from its weights.

        Parameters
        ----------
        tolerance
            Largest residual for sums of size 1; scaled by ``checks.size_of`` for larger sums.

        Returns
        -------
        tuple of Check
            Beta to each ETF on its target, sums kept, every input row accounted for, and the checks
            of the method.

        """
        aligned, x, w = self.aligned, self.new_weights, self.weights
        fixed = ~aligned.covered
        allowed = tolerance * size_of(x, w)
        etf_gap = float(np.abs(aligned.etf_betas.diagonal() - 1.0).max())
        if self.legs.exact:
            checks = [
                Check(f"beta to {name} is {target:.6g}", abs(self.after.beta[name] - float(target)), allowed)
                for name, target in zip(self.etf_names, self.targets, strict=True)
                if not math.isnan(target)
            ]
        else:
            left = aligned.with_etfs(aligned.covered_weights, market_ratio=-self.market_ratio)
            system = HedgeSystem.of(self.etf_names, aligned.instruments, aligned.units, left, self.targets)
            short = system.shortfall(self.hedge_ratios, self.legs)
            checks = [Check("no other hedge ratios within the legs' limits are better", short, LIMIT)]
        checks += [
            Check("every input row is in the table once", float(self._unaccounted()), 0.0),
            Check(
                "names without risk data are not traded",
                float(np.abs((x - w)[fixed]).max(initial=0.0)),
                SMALLEST_TRADE,
            ),
            Check("each ETF's own predicted beta is 1", etf_gap, tolerance),
        ]
        if self.method is Method.HEDGE:
            sold = aligned.replacements @ self.hedge_ratios + aligned.market_unit * self.market_ratio
            gap = (x - w)[aligned.covered] + sold
            freed = self.after.cash - self.before.cash
            checks += [
                Check("trades are the ETFs' baskets", float(np.abs(gap).max(initial=0.0)), allowed),
                Check("the cash line is what the baskets bring", abs(freed - float(sold.sum())), allowed),
            ]
        checks += self._market_checks(allowed)
        if self.solution is not None:
            checks += self.check_limits(self.constraints, tolerance)
            checks += check_solution(aligned, x, self.solution)
        return tuple(checks)

    def check_limits(self, constraints: Constraints, tolerance: float = TOLERANCE) -> tuple[Check, ...]:
        """Return the checks of the new weights by limits, which need not be those that they were made with.

        Parameters
        ----------
        constraints
            The limits.
        tolerance
            Largest residual of net exposure and betas, for sums of size 1.

        Returns
        -------
        tuple of Check
            At least one for each limit that is set.

        """
        new = limits.NewWeights(self.aligned, self.new_weights, self.after.beta, tolerance)
        return limits.check(limits.limits_of(constraints), new)

    def _market_checks(self, allowed: float) -> list[Check]:
        """Return the checks of the market's leg, from the new weights."""
        market = self.aligned.market
        if market is None or self.method is Method.SCALED:
            return []
        checks = [Check("the market's own predicted beta is 1", abs(market.beta(market.unit) - 1.0), allowed)]
        if not market.share:
            return checks
        if self.solution is not None:
            left = market.remaining_beta
            name = f"market beta to {market.name} is {left:.6g}"
            checks.append(Check(name, abs(self.after.market_beta - left), max(allowed, LIMIT)))
        elif self.method is Method.HEDGE and self.legs.exact and not np.isnan(self.targets).any():
            # Of the ETFs and the market themselves, in place of the names that are traded.
            aligned, w = self.aligned, self.aligned.covered_weights
            sold = aligned.with_etfs(w, -self.hedge_ratios, -self.market_ratio)
            gap = np.array(list(self.before.beta.values())) - self.targets
            alone = aligned.with_etfs(w, read_only(-np.linalg.solve(aligned.etf_betas, gap)))
            left = (1.0 - market.share) * market.beta(alone)
            name = f"market beta to {market.name} is {1.0 - market.share:.4g} of that without a market leg"
            checks.append(Check(name, abs(market.beta(sold) - left), allowed * self.condition_number))
        return checks

    def check(self, tolerance: float = TOLERANCE) -> Rebalance:
        """Return the result itself if all of its checks pass.

        Raises
        ------
        CheckFailed
            With the first check that does not pass.

        """
        for one in self.checks(tolerance):
            if not one.passed:
                msg = (
                    f"The result fails its own check that {one.name}: off by {one.residual:.3g}, "
                    f"allowed {one.limit:.0e}. Nothing was written; please report this."
                )
                raise CheckFailed(msg)
        return self

    def _exposure(self, w: FloatArray, cash: float) -> Exposure:
        covered_weights = w[self.aligned.covered]
        betas = self.predicted_beta[self.aligned.covered].T @ covered_weights
        instruments = self.aligned.with_etfs(covered_weights)
        errors = self.aligned.portfolio_beta_error(instruments)
        return Exposure(
            beta=MappingProxyType(dict(zip(self.etf_names, betas.tolist(), strict=True))),
            beta_error=MappingProxyType(dict(zip(self.etf_names, errors.tolist(), strict=True))),
            volatility=self.aligned.covariance.volatility(covered_weights),
            gross=float(np.abs(w).sum()),
            net=float(w.sum()),
            cash=cash,
            market_beta=self.aligned.market_beta(instruments),
        )

    def _sample_parts(self) -> tuple[str, ...]:
        names = ("the portfolio", *(f"ETF {name}" for name in self.etf_names), "the risk model")
        parts = [
            name
            for name, source in zip(names, self.sources, strict=True)
            if source.retrieval is Retrieval.SAMPLE
        ]
        if not parts:
            return ()
        listed = ", ".join(parts)
        text = f"Sample data, for trying things out, not the fund's own: {listed}."
        return (Notice(text, Subject.SAMPLE),)

    def _large_exposure(self) -> tuple[str, ...]:
        """Return a remark on a gross exposure that a broker may not finance."""
        gross = self.after.gross
        if gross <= max(LARGE_GROSS, self.before.gross):
            return ()
        text = (
            f"The gross exposure becomes {gross:.0%} of net asset value, more than the {LARGE_GROSS:.0%} "
            "that margin rules allow when positions are opened (Regulation T). Limit the gross exposure, or "
            "sell less of the market leg."
        )
        return (Notice(text, Subject.EXPOSURE),)

    def _unaccounted(self) -> int:
        """Count the input rows that are missing or duplicated in the table, or have another weight."""
        aligned = self.aligned
        table = Counter(self.tickers)
        shown = dict(zip(self.tickers, self.weights.tolist(), strict=True))
        inputs = aligned.input_names
        missing = sum(1 for ticker in inputs | set(table) if table[ticker] != 1)
        held = aligned.holdings.weight_of
        changed = sum(1 for ticker, weight in held.items() if shown.get(ticker) != weight)
        return missing + changed
