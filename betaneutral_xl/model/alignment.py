"""Align portfolio, ETFs and risk model on one list of tickers, and report missing risk data.

A left join would silently drop names, and filling with zero would make an unknown stock riskless.
Here the list is the sorted union, and a name without risk data is *uncovered*: it keeps its
weight, has no beta, is not traded, and is reported.

A beta to an ETF is to the whole ETF, not to the part of it that has risk data. So each ETF has a
*unit*: its own row of the risk model where there is one, else the covered basket scaled to the
ETF's whole exposure, swaps and futures included. Betas, hedge ratios and orders in ETF shares are
in that unit; a basket trade is in the covered names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, UncoveredRisk, UndefinedBeta, UnknownTicker, listing
from betaneutral_xl.model.arrays import BoolArray, FloatArray, positions_of, read_only
from betaneutral_xl.model.market import AlignedMarket
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.positions import PositionClass
from betaneutral_xl.model.renames import likely_renames
from betaneutral_xl.model.values import share_text

if TYPE_CHECKING:
    from betaneutral_xl.model.market import Market
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance


MIN_CORRELATION = 0.5
"""Minimum correlation of a risk model's row with an ETF's covered basket to be that ETF's own row:
the fund of a file AI.csv need not be the company with the ticker AI."""

OWN_BETA_RANGE = (0.8, 1.25)
"""Plausible range of the beta of an ETF's own row to its scaled basket."""

MIN_COVERAGE = 0.9
"""Minimum share of an ETF's exposure with risk data for orders in its shares by default."""


BASKET, SCALED, OWN_ROW = "basket", "scaled basket", "own row"
"""The series that betas to an ETF are computed with."""

ROUNDING = 1e-12
"""Largest deviation of a scale from 1 that is floating-point rounding."""


class OnMissing(StrEnum):
    """Missing-data policy for names that the risk model does not cover."""

    ERROR = "error"
    DROP = "drop"
    RESCALE = "rescale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """The names of a portfolio or ETF without risk data, and their total weight there."""

    tickers: tuple[str, ...] = ()
    weight: float = 0.0
    renames: tuple[tuple[str, str], ...] = ()
    """Names that are likely in the risk model under a new or an old ticker, and that ticker."""

    @property
    def hint(self) -> str:
        """Which names were likely renamed, as a sentence; empty if none."""
        if not self.renames:
            return ""
        pairs = listing([f"{name} is likely {other} there" for name, other in self.renames])
        return f" {pairs} (renamed): write it so in both files."

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.tickers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit of an ETF in terms of the risk model.

    Attributes
    ----------
    exposure
        The ETF's exposure, a decimal of its net assets: equities, swaps and futures.
    derivatives
        The part of it in swaps and futures.
    covered
        Share of the equities, by weight, that has risk data; 0 to 1.
    scale
        The multiple of the covered basket that has this exposure.
    unnamed
        Share of the equities, by weight, that has no ticker and so no risk data; 0 to 1.
    own_row
        The ticker of the ETF's own row in the risk model, which then replaces the basket in its
        betas; empty where there is none.
    own_beta
        The beta of the own row to the scaled covered basket, about 1 if both are right; NaN without one.
    mismatch
        The correlation with the covered basket of a row that has the ETF's ticker but is another
        security; NaN where there is no such row.

    """

    exposure: float
    derivatives: float = 0.0
    covered: float = 1.0
    scale: float = 1.0
    unnamed: float = 0.0
    own_row: str = ""
    own_beta: float = math.nan
    mismatch: float = math.nan

    @property
    def basis(self) -> str:
        """The series that betas to the ETF are computed with."""
        if self.own_row:
            return OWN_ROW
        return BASKET if self.scale == 1.0 else SCALED

    @property
    def coverage_text(self) -> str:
        """The coverage as shown beside a beta."""
        if self.own_row:
            return f"{self.covered:.2%} covered, beta from the ETF's own row"
        return f"{self.covered:.2%} covered" + ("" if self.scale == 1.0 else f", scaled by {self.scale:.4g}")

    @property
    def also_unnamed(self) -> str:
        """What has no ticker besides, as a part of a sentence; empty if nothing."""
        return f" and for {self.unnamed:.2%} of its equities, without tickers" if self.unnamed else ""

    @property
    def sufficient(self) -> bool:
        """Whether the coverage suffices for orders in the ETF's shares."""
        return bool(self.own_row) or self.covered >= MIN_COVERAGE

    def uncovered(self, text: str) -> Notice:
        """Return a notice on what has no risk data, which changes the answer if it is too much."""
        return Notice(text, Subject.ETF_COVERAGE, None if self.sufficient else Severity.CHANGES)

    def sentences(self, name: str) -> tuple[str, ...]:
        """Return notes on the unit, apart from the names without risk data."""
        lines: list[str] = []
        low, high = OWN_BETA_RANGE
        if not math.isnan(self.mismatch):
            text = (
                f"The risk model's row {name} is not used for ETF {name}: its correlation with the basket "
                f"is {self.mismatch:.2f}. Give the ETF's own ticker if it is another."
            )
            lines.append(Notice(text, Subject.ETF_UNIT, Severity.CHECK))
        if self.own_row:
            source = f"Betas to ETF {name} are from its own row {self.own_row} of the risk model"
            if math.isnan(self.own_beta):
                lines.append(Notice(f"{source}.", Subject.ETF_UNIT))
            else:
                plausible = low <= self.own_beta <= high
                check = (
                    ", about 1 as it should be."
                    if plausible
                    else ", not about 1: check that the row, the file and its weights are of one fund."
                )
                text = (
                    f"{source}, which has a beta of {self.own_beta:.3f} to the covered basket scaled to the "
                    f"ETF's exposure{check}"
                )
                severity = Severity.NOTE if plausible else Severity.CHANGES
                lines.append(Notice(text, Subject.ETF_UNIT, severity))
        elif self.derivatives:
            text = (
                f"Betas to ETF {name} are in units of the fund, whose exposure is {self.exposure:.2%} of its "
                f"net assets, {self.derivatives:.2%} of that in derivatives: these are taken to move as its "
                "basket."
            )
            lines.append(Notice(text, Subject.ETF_UNIT))
        return tuple(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Coverage of the portfolio and of each ETF by the risk model, and the missing-data policies applied."""

    names: int
    covered: int
    held: Uncovered
    etfs: Mapping[str, Uncovered]
    units: Mapping[str, Unit]
    on_missing: OnMissing
    etf_on_missing: OnMissing

    def sentences(self) -> tuple[str, ...]:
        """Return notes on what is not covered, one line each; none if all is."""
        lines: list[str] = []
        if self.held:
            text = (
                f"No risk data for {share_text(self.held.weight)} of the portfolio "
                f"({listing(self.held.tickers)}): left as it is, and in no beta or volatility below."
                f"{self.held.hint}"
            )
            lines.append(Notice(text, Subject.HELD_WITHOUT_RISK))
        for name, gap in self.etfs.items():
            unit = self.units[name]
            if gap:
                done = (
                    "the rest is rescaled to the same total"
                    if self.etf_on_missing is OnMissing.RESCALE
                    else "dropped, the rest is not rescaled in the basket"
                )
                text = (
                    f"No risk data for {share_text(gap.weight)} of ETF {name} ({listing(gap.tickers)})"
                    f"{unit.also_unnamed}: {done}{self._unit_of_rest(unit)}.{gap.hint}"
                )
                lines.append(unit.uncovered(text))
            elif unit.covered < 1.0:
                text = (
                    f"Equities of ETF {name} without a ticker have no risk data"
                    f"{self._unit_of_rest(unit) or ': they are in no basket'}."
                )
                lines.append(unit.uncovered(text))
            lines += unit.sentences(name)
        return tuple(lines)

    @staticmethod
    def _unit_of_rest(unit: Unit) -> str:
        if unit.own_row:
            return "; betas, hedge ratios and orders in ETF shares do not rest on it"
        if unit.scale == 1.0:
            return ""
        return (
            f"; for betas, hedge ratios and orders in ETF shares the {unit.covered:.2%} of its exposure with "
            f"risk data stand for all of it (scaled by {unit.scale:.4g})"
        )


@dataclass(frozen=True, eq=False)
class Aligned:
    """Portfolio, ETFs and risk model on one list of tickers.

    Attributes
    ----------
    tickers
        N tickers, the sorted union of portfolio and ETFs.
    covered
        Shape (N,): whether the risk model covers the name.
    weights
        w, shape (N,), the portfolio.
    etf_names
        K names.
    etf_weights
        F, shape (N, K), the ETFs' weights. Uncovered names keep the weight in the ETF's file, but
        calculations use ``covered_etf_weights`` only.
    covariance
        V of the covered names, in the order of ``tickers[covered]``.
    risk_model
        The whole risk model, for benchmarks that are in neither portfolio nor ETFs.
    coverage
        What is covered, and the policies for the rest.
    instruments
        The risk model of the n covered names, followed by m others: the ETFs' own rows, and the market's
        names where they are not listed.
    units
        U, shape (n + m, K): one unit of each ETF in these instruments. Betas to the ETFs are
        ``B = V U / (U'V U)``, and ``B'U`` has ones on its diagonal.
    market
        The market that is hedged besides the ETFs, where one is given.

    """

    holdings: Holdings
    etfs: tuple[Etf, ...]
    tickers: tuple[str, ...]
    covered: BoolArray
    weights: FloatArray
    etf_weights: FloatArray
    covariance: Covariance
    risk_model: Covariance
    coverage: Coverage
    instruments: Covariance
    units: FloatArray
    market: AlignedMarket | None = None

    @property
    def etf_names(self) -> tuple[str, ...]:
        """The K ETFs' names."""
        return tuple(etf.name for etf in self.etfs)

    @property
    def covered_weights(self) -> FloatArray:
        """The weights w of the covered names, shape (n,)."""
        return self.weights[self.covered]

    def covered_weights_of(self, portfolio: Holdings) -> FloatArray:
        """Return the weights of another portfolio, all of whose names are in the list, shape (n,)."""
        weights = np.zeros(len(self.tickers))
        weights[positions_of(portfolio.tickers, self.tickers)] = portfolio.weights
        return weights[self.covered]

    @property
    def covered_etf_weights(self) -> FloatArray:
        """The ETF weights F of the covered names, shape (n, K)."""
        return self.etf_weights[self.covered]

    @cached_property
    def betas(self) -> FloatArray:
        """The predicted betas B of the covered names to each ETF, shape (n, K)."""
        return read_only(self.instrument_betas[: len(self.covered_tickers)])

    @cached_property
    def instrument_betas(self) -> FloatArray:
        """The predicted betas of the instruments to each ETF, shape (n + m, K)."""
        return read_only(self.instruments.predicted_beta(self.units))

    @cached_property
    def beta_errors(self) -> FloatArray:
        """The standard errors of ``betas``, shape (n, K); NaN where unknown."""
        errors = self.instruments.beta_standard_error(self.units)
        return read_only(errors[: len(self.covered_tickers)])

    def portfolio_beta_error(self, weights: FloatArray) -> FloatArray:
        """Return the standard errors, shape (K,), of the betas of weights of the instruments (n + m,)."""
        return self.instruments.portfolio_beta_standard_error(weights, self.units)

    def with_etfs(
        self, inside: FloatArray, etf_ratios: FloatArray | None = None, market_ratio: float = 0.0
    ) -> FloatArray:
        """Return weights of the instruments, shape (n + m,): covered names, units of ETFs and market."""
        own = len(self.instruments.tickers) - len(inside)
        weights = np.concatenate([inside, np.zeros(own)]) if own else inside
        if etf_ratios is not None:
            weights = weights + self.units @ etf_ratios
        return weights + self.market.unit * market_ratio if self.market and market_ratio else weights

    @property
    def market_unit(self) -> FloatArray:
        """One unit of the market in the covered names, shape (n,); zero where it is not listed."""
        n = len(self.covered_tickers)
        return self.market.unit[:n] if self.market else np.zeros(n)

    def market_beta(self, weights: FloatArray) -> float:
        """Return the market beta of weights of the instruments, shape (n + m,); NaN without a market."""
        return self.market.beta(weights) if self.market else math.nan

    @cached_property
    def input_names(self) -> frozenset[str]:
        """The names of portfolio and ETFs, which the methods that reweight may trade."""
        return frozenset(chain(self.holdings.tickers, *(etf.tickers for etf in self.etfs)))

    @cached_property
    def etf_betas(self) -> FloatArray:
        """The beta of each ETF (column) to each ETF (row), B'U, shape (K, K)."""
        return read_only(self.instrument_betas.T @ self.units)

    @cached_property
    def basket_betas(self) -> FloatArray:
        """The beta of each covered basket (column) to each ETF (row), B'F, shape (K, K)."""
        return read_only(self.betas.T @ self.covered_etf_weights)

    @cached_property
    def etf_variances(self) -> FloatArray:
        """The annual variance of each ETF, shape (K,)."""
        return read_only(np.einsum("nk,nk->k", self.units, self.instruments.form.matvec(self.units)))

    @cached_property
    def etf_covariances(self) -> FloatArray:
        """The covariance of each covered name with each ETF, shape (n, K)."""
        return read_only(self.instruments.form.matvec(self.units)[: len(self.covered_tickers)])

    @cached_property
    def equivalents(self) -> FloatArray:
        """The weights of covered names, shape (n, K), with the betas of one unit of each ETF.

        That is F where the baskets are the ETFs; F scaled where parts of them lack risk data; and
        ``F (B'F)^-1 (B'U)`` where betas come from the ETFs' own rows.

        Raises
        ------
        UndefinedBeta
            If no combination of the baskets has the ETFs' betas.

        """
        baskets = self.covered_etf_weights
        units = [self.coverage.units[name] for name in self.etf_names]
        if not any(unit.own_row for unit in units):
            scales = np.array([unit.scale for unit in units])
            return baskets if (scales == 1.0).all() else read_only(baskets * scales)
        own = all(etf.is_own_basket for etf in self.etfs)
        try:
            return baskets if own else read_only(baskets @ np.linalg.solve(self.basket_betas, self.etf_betas))
        except np.linalg.LinAlgError:
            msg = (
                f"The baskets of {listing(self.etf_names)} cannot replace the ETFs: they have no beta to "
                "them, or the same. Leave one out, or reweight."
            )
            raise UndefinedBeta(msg, tickers=self.etf_names) from None

    @cached_property
    def replacements(self) -> FloatArray:
        """The weights of covered names, shape (n, K), that are traded in place of one unit of each ETF.

        These are the ``equivalents``. Where betas come from the ETFs' own rows and the whole market leg is
        sold, they have the ETFs' market betas too; between, they are in proportion to the market's share.
        """
        market, own = self.market, [unit.own_row for unit in self.coverage.units.values()]
        if market is None or not market.share or not any(own) or all(etf.is_own_basket for etf in self.etfs):
            return self.equivalents
        n = len(self.covered_tickers)
        traded = np.column_stack([self.covered_etf_weights, self.market_unit])
        betas = np.column_stack([self.instrument_betas, market.betas])
        try:
            mixed = np.linalg.solve(betas[:n].T @ traded, betas.T @ self.units)
        except np.linalg.LinAlgError:
            return self.equivalents
        return read_only((1.0 - market.share) * self.equivalents + market.share * (traded @ mixed))

    def beta_of(self, ticker: str) -> FloatArray:
        """Return the betas of one asset of the risk model to each ETF, shape (K,)."""
        covariances = self.risk_model.between(ticker, self.instruments.tickers) @ self.units
        betas: FloatArray = covariances / self.etf_variances
        return betas

    @property
    def covered_tickers(self) -> tuple[str, ...]:
        """The n names that have risk data."""
        return self.covariance.tickers

    def expand(self, values: FloatArray, fill: FloatArray | float) -> FloatArray:
        """Expand values of the n covered names to all N names; the others get ``fill``."""
        shape = (len(self.tickers), *values.shape[1:])
        full = np.array(np.broadcast_to(np.asarray(fill, dtype=np.float64), shape))
        full[self.covered] = values
        return read_only(full)


def align(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
    *,
    market: Market | None = None,
) -> Aligned:
    """Align a portfolio, K ETFs and a risk model on the sorted union of portfolio and ETF names.

    The risk model may cover more names, or fewer. For held names without risk data the policy is ``error``,
    or ``drop`` them from the risk calculation (they keep their weight); for those of ETFs ``drop`` them with
    their weight reported, ``rescale`` the rest to the same total, or ``error``. The names of a market are in
    the list too, if it is listed.

    Raises
    ------
    UncoveredRisk
        If names lack risk data and the policy is ``error``, or the portfolio or an ETF has no
        covered name.
    UnknownTicker
        If the risk model does not cover the market.
    InputError
        If two ETFs have the same name, or there is none; or the market is one of them.

    """
    names = [etf.name for etf in etfs]
    if not etfs or len(set(names)) != len(names):
        msg = f"Give one or several ETFs, each with its own name (given: {', '.join(names) or 'none'})."
        raise InputError(msg)
    if on_missing is OnMissing.RESCALE:
        msg = "A portfolio is not rescaled for a name without risk data. Choose error or drop."
        raise InputError(msg)
    in_model = set(covariance.tickers)
    behind, share = ({}, 1.0) if market is None else _market_basket(market, etfs, covariance)
    listed = behind if market is not None and market.listed else ()
    tickers = tuple(sorted(set(chain(holdings.tickers, listed, *(etf.tickers for etf in etfs)))))
    covered = np.fromiter((t in in_model for t in tickers), dtype=np.bool_, count=len(tickers))

    held = _uncovered(holdings.tickers, holdings.weights, in_model)
    if on_missing is OnMissing.ERROR:
        _require_risk_data(holdings, held)

    weights = np.zeros(len(tickers))
    weights[positions_of(holdings.tickers, tickers)] = holdings.weights
    if held and not weights[covered].any():
        msg = (
            f"The covariance covers nothing that {holdings.fund} holds ({len(holdings.tickers)} names). "
            "Check that the matrix and the holdings belong together."
        )
        raise UncoveredRisk(msg, tickers=held.tickers)

    columns, gaps = [], {}
    for etf in etfs:
        gap = _uncovered(etf.tickers, etf.weights, in_model)
        gaps[etf.name] = gap
        columns.append(_basket(etf, gap, tickers, covered, etf_on_missing))
    baskets = np.column_stack(columns)
    inside = covariance.select([t for t in tickers if t in in_model])
    units = {
        etf.name: _unit(etf, gaps[etf.name], column[covered], inside, covariance)
        for etf, column in zip(etfs, columns, strict=True)
    }
    instruments, shape = _instruments(
        list(units.values()), baskets[covered], inside, covariance, tuple(behind)
    )

    return Aligned(
        holdings=holdings,
        etfs=tuple(etfs),
        tickers=tickers,
        covered=covered,
        weights=read_only(weights),
        etf_weights=read_only(baskets),
        covariance=inside,
        risk_model=covariance,
        instruments=instruments,
        units=shape,
        market=None
        if market is None
        else _aligned_market(market, behind, share, instruments, weights[covered]),
        coverage=Coverage(
            names=len(tickers),
            covered=int(covered.sum()),
            held=held,
            etfs=MappingProxyType(gaps),
            units=MappingProxyType(units),
            on_missing=on_missing,
            etf_on_missing=etf_on_missing,
        ),
    )


WITHOUT_RISK_DATA = {
    PositionClass.OPTION: "Options",
    PositionClass.FUTURE: "Futures",
    PositionClass.DERIVATIVE: "Derivatives",
    PositionClass.FIXED_INCOME: "Bonds",
}
"""Classes of which a risk model of shares has no rows, so that another matrix would not help."""


def _require_risk_data(holdings: Holdings, held: Uncovered) -> None:
    """Refuse held names without risk data, and futures, whose exposure is in no weight."""
    classes = holdings.classes
    futures = tuple(one.ticker for one in holdings.positions if one.position_class is PositionClass.FUTURE)
    names = tuple(dict.fromkeys((*held.tickers, *futures)))
    if not names:
        return
    named = {
        words: [name for name in names if classes.get(name) is kind]
        for kind, words in WITHOUT_RISK_DATA.items()
    }
    others = [name for name in names if classes.get(name) not in WITHOUT_RISK_DATA]
    lines = [
        f"{words} have no risk data of their own: {listing(found)}."
        for words, found in named.items()
        if found
    ]
    if not lines:
        msg = (
            f"The covariance has no row for {len(held.tickers)} of {len(holdings.tickers)} holdings: "
            f"{listing(held.tickers)} (weight {held.weight:.2%}).{held.hint} "
            f"{'Or refresh' if held.hint else 'Refresh'} the matrix, or "
            "continue without their risk (on-missing drop)."
        )
        raise UncoveredRisk(msg, tickers=held.tickers)
    if others:
        lines.append(f"There is also no row for {listing(others)}.{held.hint}")
    msg = f"{' '.join(lines)} Remove them, or continue without their risk (on-missing drop)."
    raise UncoveredRisk(msg, tickers=names)


def _uncovered(tickers: Sequence[str], weights: FloatArray, in_model: set[str]) -> Uncovered:
    absent = [i for i, ticker in enumerate(tickers) if ticker not in in_model]
    names = tuple(tickers[i] for i in absent)
    return Uncovered(
        tickers=names,
        weight=float(sum(weights[i] for i in absent)),
        renames=tuple(likely_renames(names, in_model).items()) if names else (),
    )


def _basket(
    etf: Etf, gap: Uncovered, tickers: Sequence[str], covered: BoolArray, policy: OnMissing
) -> FloatArray:
    column = np.zeros(len(tickers))
    column[positions_of(etf.tickers, tickers)] = etf.weights
    if gap and etf.is_own_basket:
        msg = (
            f"ETF {etf.name} holds no equities: its exposure of {etf.derivative_exposure:.2%} is in swaps or "
            f"futures. A beta to it needs the row of {etf.own_ticker} itself in the risk model; or give a "
            "fund of the same index that holds its shares."
        )
        raise UncoveredRisk(msg, tickers=gap.tickers)
    if gap and policy is OnMissing.ERROR:
        msg = (
            f"The covariance has no row for {len(gap.tickers)} of {len(etf.tickers)} names of ETF "
            f"{etf.name}: {listing(gap.tickers)} (weight {gap.weight:.2%}). Refresh the matrix, or "
            "let them be dropped."
        )
        raise UncoveredRisk(msg, tickers=gap.tickers)
    if not column[covered].any():
        msg = (
            f"The covariance covers no name of ETF {etf.name} ({len(etf.tickers)} names). "
            "Check that the matrix and the ETF belong together."
        )
        raise UncoveredRisk(msg, tickers=gap.tickers)
    if gap and policy is OnMissing.RESCALE:
        column[covered] *= float(etf.weights.sum()) / float(column[covered].sum())
    return column


def _unit(etf: Etf, gap: Uncovered, basket: FloatArray, inside: Covariance, model: Covariance) -> Unit:
    """Return the unit of an ETF; ``basket`` are its weights of the names of ``inside``, the covered ones."""
    if etf.is_own_basket:
        return Unit(
            exposure=etf.derivative_exposure, derivatives=etf.derivative_exposure, own_row=etf.own_ticker
        )
    printed, unnamed, derivatives = etf.weights, etf.unnamed_weights, etf.derivative_exposure
    unit = Unit(exposure=etf.exposure, derivatives=derivatives)
    if gap or unnamed.any() or derivatives:
        absent = set(gap.tickers)
        has_data = np.array([ticker not in absent for ticker in etf.tickers], dtype=np.bool_)
        # By absolute weights: long and short positions may net to almost nothing.
        whole = float(np.abs(printed).sum() + np.abs(unnamed).sum())
        covered, used = float(np.abs(printed[has_data]).sum()), float(np.abs(basket).sum())
        try:
            leverage = etf.leverage
        except UndefinedBeta:
            if etf.own_ticker not in model:
                raise
            leverage = 1.0
        scale = leverage * whole / used
        unit = replace(
            unit,
            covered=covered / whole,
            unnamed=float(np.abs(unnamed).sum()) / whole,
            scale=1.0 if abs(scale - 1.0) < ROUNDING else scale,
        )
    return _with_own_row(etf, unit, basket, inside, model)


def _with_own_row(etf: Etf, unit: Unit, basket: FloatArray, inside: Covariance, model: Covariance) -> Unit:
    """Use the ETF's own row where the risk model has one that is correlated with its basket."""
    own = etf.own_ticker
    if (
        own not in model or own in etf.tickers
    ):  # a fund does not hold itself: this is a company with its ticker
        return unit
    row = model.select([own])
    variance = float(row.form.variances()[0])
    covariance = unit.scale * float(model.between(own, inside.tickers) @ basket)
    volatility = abs(unit.scale) * inside.volatility(basket)
    scale = volatility * math.sqrt(max(variance, 0.0))
    if not scale > 0.0:
        return unit
    if unit.covered >= MIN_CORRELATION and covariance / scale < MIN_CORRELATION:
        return replace(unit, mismatch=covariance / scale)
    return replace(unit, own_row=own, own_beta=covariance / volatility**2)


def _market_basket(market: Market, etfs: Sequence[Etf], model: Covariance) -> tuple[dict[str, float], float]:
    """Return one unit of a market by ticker, and the share of its exposure that has risk data, 0 to 1.

    That is its own row of the risk model where there is one, else its covered names, scaled to the whole.
    """
    etf, in_model = market.etf, set(model.tickers)
    gap = _uncovered(etf.tickers, etf.weights, in_model)
    if any(etf.name == one.name or etf.tickers == (one.own_ticker,) for one in etfs):
        msg = f"The market {etf.name} is the ETF itself. Name a broad market, or leave it out."
        raise InputError(msg)
    inside = model.select([ticker for ticker in etf.tickers if ticker in in_model])
    weights = etf.weights[np.array([ticker in in_model for ticker in etf.tickers])]
    if not weights.any():
        if etf.own_ticker in in_model:
            return {etf.own_ticker: 1.0}, 1.0
        single = len(etf.tickers) == 1
        what = "is not in the risk model" if single else "has no name in the risk model"
        msg = (
            f"The market {etf.name} {what}. Give a ticker that the risk model covers, or prices of it, or "
            "the file of a fund whose names it covers."
        )
        raise UnknownTicker(msg, tickers=[etf.name])
    unit = _unit(etf, gap, weights, inside, model)
    if unit.own_row:
        return {unit.own_row: 1.0}, unit.covered
    return dict(zip(inside.tickers, (unit.scale * weights).tolist(), strict=True)), unit.covered


def _aligned_market(
    market: Market, basket: Mapping[str, float], covered: float, instruments: Covariance, held: FloatArray
) -> AlignedMarket:
    unit = np.zeros(len(instruments.tickers))
    unit[positions_of(tuple(basket), instruments.tickers)] = list(basket.values())
    betas = instruments.predicted_beta(unit)
    traded_as = next(iter(basket)) if len(basket) == 1 else market.name
    return AlignedMarket(market, unit, betas, float(betas[: len(held)] @ held), traded_as, covered)


def _instruments(
    units: Sequence[Unit],
    baskets: FloatArray,
    inside: Covariance,
    model: Covariance,
    market: Sequence[str],
) -> tuple[Covariance, FloatArray]:
    """Return the risk model of covered names, own rows and the market, and the ETFs' units in it."""
    own = dict.fromkeys([*(unit.own_row for unit in units if unit.own_row), *market])
    behind = [ticker for ticker in own if ticker not in set(inside.tickers)]
    instruments = model.select([*inside.tickers, *behind]) if behind else inside
    columns = np.vstack([baskets, np.zeros((len(behind), len(units)))]) if behind else baskets.copy()
    for k, unit in enumerate(units):
        if unit.own_row:
            columns[:, k] = 0.0
            columns[instruments.tickers.index(unit.own_row), k] = 1.0
        elif unit.scale != 1.0:
            columns[:, k] *= unit.scale
    return instruments, read_only(columns)
