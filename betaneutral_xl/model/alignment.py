"""Portfolio, ETFs and risk model on one list of tickers, with what each of them lacks said.

A left join would drop names without a word, and a fill with zero would call an unknown stock
riskless. Here the list is the sorted union, and a name without risk data is *uncovered*: it
keeps its weight, has no beta, is not traded, and is named.

A beta to an ETF is one to the whole ETF, not to the part of it that has risk data. So each ETF has
a *unit*: its own row of the risk model where there is one, else the covered basket scaled to all of
the ETF's exposure, swaps and futures included. Betas, hedge ratios and orders in ETF shares are in
that unit; what is sold as a basket are the covered names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, UncoveredRisk, UndefinedBeta, listing
from betaneutral_xl.model.arrays import BoolArray, FloatArray, positions_of, read_only
from betaneutral_xl.model.tickers import is_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance


SAME_SERIES = 0.5
"""Least correlation of a risk model's row with an ETF's covered basket for it to be that ETF's own row:
a file named AI.csv is no reason to take the shares of the company AI for the fund."""

ABOUT_ONE = (0.8, 1.25)
"""The beta of an ETF's own row to its scaled basket; outside, one of the two is something else."""

COVERED_ENOUGH = 0.9
"""Share of an ETF's exposure with risk data below which no orders in its shares are made unasked."""


BASKET, SCALED, OWN_ROW = "basket", "scaled basket", "own row"
"""What betas to an ETF are taken from."""

ROUNDING = 1e-12
"""How far from 1 sums of the same weights may put a scale."""


class OnMissing(StrEnum):
    """What to do with a name that the risk model does not cover."""

    ERROR = "error"
    DROP = "drop"
    RESCALE = "rescale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """The names of one table that the risk model lacks, and the weight they had there."""

    tickers: tuple[str, ...] = ()
    weight: float = 0.0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.tickers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What one unit of an ETF is to the risk model.

    Attributes
    ----------
    exposure
        The ETF's whole exposure, a decimal of its net assets: equities, swaps and futures.
    derivatives
        What swaps and futures are of it.
    covered
        Share of the equities, by weight, that has risk data; 0 to 1.
    scale
        What the covered basket is multiplied by to have all of that exposure.
    own_row
        The ticker of the ETF's own row in the risk model, from which its betas are then taken in
        place of the basket; empty where there is none.
    own_beta
        The beta of the own row to the scaled covered basket, which should be about 1; NaN without one.
    mistaken
        The correlation with the covered basket of a row that has the ETF's name and is something
        else; NaN where there is no such row.

    """

    exposure: float
    derivatives: float = 0.0
    covered: float = 1.0
    scale: float = 1.0
    own_row: str = ""
    own_beta: float = math.nan
    mistaken: float = math.nan

    @property
    def basis(self) -> str:
        """What betas to the ETF are taken from, in words."""
        if self.own_row:
            return OWN_ROW
        return BASKET if self.scale == 1.0 else SCALED

    @property
    def in_words(self) -> str:
        """The coverage as it stands beside a beta."""
        if self.own_row:
            return f"{self.covered:.2%} covered, beta from the ETF's own row"
        return f"{self.covered:.2%} covered" + ("" if self.scale == 1.0 else f", scaled by {self.scale:.4g}")

    @property
    def enough(self) -> bool:
        """Whether orders in the ETF's shares rest on enough of it."""
        return bool(self.own_row) or self.covered >= COVERED_ENOUGH

    def sentences(self, name: str) -> tuple[str, ...]:
        """Say what is to be known of the unit besides the names that lack risk data."""
        lines = []
        low, high = ABOUT_ONE
        if not math.isnan(self.mistaken):
            lines.append(
                f"The risk model's row {name} is not taken for ETF {name}: it has a correlation of "
                f"{self.mistaken:.2f} with the ETF's basket. Give the ETF its own ticker if it is another."
            )
        if self.own_row:
            told = f"Betas to ETF {name} are from its own row {self.own_row} of the risk model"
            if math.isnan(self.own_beta):
                lines.append(f"{told}.")
            else:
                check = (
                    ", about 1 as it should be."
                    if low <= self.own_beta <= high
                    else ", not about 1: check that the row, the file and its weights are of one fund."
                )
                lines.append(
                    f"{told}, which has a beta of {self.own_beta:.3f} to the covered basket scaled to the "
                    f"ETF's exposure{check}"
                )
        elif self.derivatives:
            lines.append(
                f"Betas to ETF {name} are in units of the fund, whose exposure is {self.exposure:.2%} of its "
                f"net assets, {self.derivatives:.2%} of that in derivatives: these are taken to move as its "
                "basket."
            )
        return tuple(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the risk model covers of the portfolio and of each ETF, and what was done about it."""

    names: int
    covered: int
    held: Uncovered
    etfs: Mapping[str, Uncovered]
    units: Mapping[str, Unit]
    on_missing: OnMissing
    etf_on_missing: OnMissing

    def sentences(self) -> tuple[str, ...]:
        """Say what is not covered, one line each; nothing if all is."""
        lines = []
        if self.held:
            lines.append(
                f"No risk data for held {listing(self.held.tickers)} (weight {self.held.weight:.4%}): "
                "left as they are, and in no beta or volatility below."
            )
        for name, gap in self.etfs.items():
            unit = self.units[name]
            if gap:
                done = (
                    "the rest is rescaled to the same total"
                    if self.etf_on_missing is OnMissing.RESCALE
                    else "dropped, the rest is not rescaled in the basket"
                )
                lines.append(
                    f"No risk data for {listing(gap.tickers)} of ETF {name} "
                    f"(weight {gap.weight:.4%}): {done}{self._unit_of_rest(unit)}."
                )
            elif unit.covered < 1.0:
                lines.append(
                    f"Equities of ETF {name} without a ticker have no risk data"
                    f"{self._unit_of_rest(unit) or ': they are in no basket'}."
                )
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
    """One list of tickers, and everything on it.

    Attributes
    ----------
    tickers
        N tickers, the sorted union of portfolio and ETFs.
    covered
        Shape (N,): whether the risk model has the name.
    weights
        w, shape (N,), the portfolio.
    etf_names
        K names.
    etf_weights
        F, shape (N, K), the ETFs' weights. Uncovered names keep what the ETF prints, but enter no
        calculation: that sees ``covered_etf_weights`` only.
    covariance
        V of the covered names, in the order of ``tickers[covered]``.
    risk_model
        The whole risk model, for benchmarks that are in neither table.
    coverage
        What is covered and what was done about the rest.
    instruments
        The risk model of the n covered names and, behind them, of the m ETFs' own rows.
    units
        U, shape (n + m, K): one unit of each ETF in these instruments. Betas to the ETFs are
        ``B = V U / (U'V U)``, and ``B'U`` has ones on its diagonal.

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

    @property
    def etf_names(self) -> tuple[str, ...]:
        """The K ETFs' names."""
        return tuple(etf.name for etf in self.etfs)

    @property
    def covered_weights(self) -> FloatArray:
        """The weights w of the covered names, shape (n,)."""
        return self.weights[self.covered]

    @property
    def covered_etf_weights(self) -> FloatArray:
        """The ETF weights F of the covered names, shape (n, K)."""
        return self.etf_weights[self.covered]

    @cached_property
    def betas(self) -> FloatArray:
        """The predicted betas B of the covered names to each ETF, shape (n, K)."""
        return read_only(self._beta[: len(self.covered_tickers)])

    @cached_property
    def _beta(self) -> FloatArray:
        return self.instruments.predicted_beta(self.units)

    @cached_property
    def beta_errors(self) -> FloatArray:
        """The standard errors of these betas, shape (n, K); NaN where they are unknown."""
        errors = self.instruments.beta_standard_error(self.units)
        return read_only(errors[: len(self.covered_tickers)])

    def portfolio_beta_error(self, inside: FloatArray, etf_ratios: FloatArray | None = None) -> FloatArray:
        """Return the standard errors, shape (K,), of a portfolio's betas.

        ``inside`` (n,) are weights of the covered names, ``etf_ratios`` (K,) units of the ETFs beside them.
        """
        return self.instruments.portfolio_beta_standard_error(self.with_etfs(inside, etf_ratios), self.units)

    def with_etfs(self, inside: FloatArray, etf_ratios: FloatArray | None = None) -> FloatArray:
        """Return weights of the instruments, shape (n + m,): covered names, and units of the ETFs."""
        own = len(self.instruments.tickers) - len(inside)
        weights = np.concatenate([inside, np.zeros(own)]) if own else inside
        return weights if etf_ratios is None else weights + self.units @ etf_ratios

    @cached_property
    def etf_betas(self) -> FloatArray:
        """The beta of each ETF (column) to each ETF (row), B'U, shape (K, K)."""
        return read_only(self._beta.T @ self.units)

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
        """The covered names, shape (n, K), that have the betas of one unit of each ETF.

        That is F, as far as the baskets are the ETFs; F scaled where parts of them lack risk data;
        and ``F (B'F)^-1 (B'U)`` where betas come from the ETFs' own rows.

        Raises
        ------
        UndefinedBeta
            If the baskets cannot stand for the ETFs.

        """
        baskets = self.covered_etf_weights
        found = [self.coverage.units[name] for name in self.etf_names]
        if not any(unit.own_row for unit in found):
            scales = np.array([unit.scale for unit in found])
            return baskets if (scales == 1.0).all() else read_only(baskets * scales)
        own = all(etf.is_own_basket for etf in self.etfs)
        try:
            return baskets if own else read_only(baskets @ np.linalg.solve(self.basket_betas, self.etf_betas))
        except np.linalg.LinAlgError:
            msg = (
                f"The baskets of {listing(self.etf_names)} cannot stand for the ETFs: they have no beta to "
                "them, or the same. Leave one out, or reweight."
            )
            raise UndefinedBeta(msg, tickers=self.etf_names) from None

    def beta_of(self, ticker: str) -> FloatArray:
        """Return the betas of one asset of the risk model to each ETF, shape (K,)."""
        covariances = self.risk_model.between(ticker, self.instruments.tickers) @ self.units
        betas: FloatArray = covariances / self.etf_variances
        return betas

    @property
    def covered_tickers(self) -> tuple[str, ...]:
        """The n names that have risk data."""
        return self.covariance.tickers

    def expand(self, values: FloatArray, elsewhere: FloatArray | float) -> FloatArray:
        """Put values of the n covered names on the list of all N, with others elsewhere."""
        shape = (len(self.tickers), *values.shape[1:])
        full = np.array(np.broadcast_to(np.asarray(elsewhere, dtype=np.float64), shape))
        full[self.covered] = values
        return read_only(full)


def align(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> Aligned:
    """Put a portfolio, K ETFs and a risk model on the sorted union of their names.

    Parameters
    ----------
    holdings
        The portfolio.
    etfs
        One or several ETFs, each name once.
    covariance
        The risk model; it may cover more names, and less.
    on_missing
        For held names without risk data: ``error``, or ``drop`` them from the risk calculation
        (they keep their weight).
    etf_on_missing
        For ETF names without risk data: ``drop`` them with their weight reported, ``rescale``
        the rest to the same total, or ``error``.

    Raises
    ------
    UncoveredRisk
        If names lack risk data and the policy is ``error``, or the portfolio or an ETF is not
        covered at all.
    InputError
        If two ETFs have one name, or there is none.

    """
    names = [etf.name for etf in etfs]
    if not etfs or len(set(names)) != len(names):
        msg = f"Give one or several ETFs, each with its own name (given: {', '.join(names) or 'none'})."
        raise InputError(msg)
    if on_missing is OnMissing.RESCALE:
        msg = "A portfolio is not rescaled for a name without risk data. Choose error or drop."
        raise InputError(msg)
    tickers = tuple(sorted(set(chain(holdings.tickers, *(etf.tickers for etf in etfs)))))
    known = set(covariance.tickers)
    covered = np.fromiter((t in known for t in tickers), dtype=np.bool_, count=len(tickers))

    held = _uncovered(holdings.tickers, holdings.weights, known)
    contracts = [ticker for ticker in held.tickers if is_option(ticker)]
    if contracts and on_missing is OnMissing.ERROR:
        others = [ticker for ticker in held.tickers if ticker not in set(contracts)]
        besides = f" No row either for {listing(others)}." if others else ""
        msg = (
            f"Options have no risk data of their own: {listing(contracts)}.{besides} Remove them, "
            "or choose to go on without their risk (on-missing drop)."
        )
        raise UncoveredRisk(msg, tickers=held.tickers)
    if held and on_missing is OnMissing.ERROR:
        msg = (
            f"The covariance has no row for {len(held.tickers)} of {len(holdings.tickers)} holdings: "
            f"{listing(held.tickers)} (weight {held.weight:.2%}). Refresh the matrix, or choose to "
            "go on without their risk (on-missing drop)."
        )
        raise UncoveredRisk(msg, tickers=held.tickers)

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
        gap = _uncovered(etf.tickers, etf.weights, known)
        gaps[etf.name] = gap
        columns.append(_basket(etf, gap, tickers, covered, etf_on_missing))
    baskets = np.column_stack(columns)
    inside = covariance.select([t for t in tickers if t in known])
    units = {
        etf.name: _unit(etf, gaps[etf.name], column[covered], inside, covariance)
        for etf, column in zip(etfs, columns, strict=True)
    }
    instruments, shape = _instruments(list(units.values()), baskets[covered], inside, covariance)

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


def _uncovered(tickers: Sequence[str], weights: FloatArray, known: set[str]) -> Uncovered:
    absent = [i for i, ticker in enumerate(tickers) if ticker not in known]
    return Uncovered(tickers=tuple(tickers[i] for i in absent), weight=float(sum(weights[i] for i in absent)))


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
    """Find what one unit of an ETF is; ``basket`` are its weights on the covered names ``inside``."""
    if etf.is_own_basket:
        return Unit(
            exposure=etf.derivative_exposure, derivatives=etf.derivative_exposure, own_row=etf.own_ticker
        )
    printed, unnamed, derivatives = etf.weights, etf.unnamed_weights, etf.derivative_exposure
    unit = Unit(exposure=etf.exposure, derivatives=derivatives)
    if gap or unnamed.any() or derivatives:
        absent = set(gap.tickers)
        has_data = np.array([ticker not in absent for ticker in etf.tickers], dtype=np.bool_)
        # By absolute weights: the net ones of long and short positions may add to next to nothing.
        whole = float(np.abs(printed).sum() + np.abs(unnamed).sum())
        covered, used = float(np.abs(printed[has_data]).sum()), float(np.abs(basket).sum())
        try:
            leverage = etf.leverage
        except UndefinedBeta:
            if etf.own_ticker not in model:
                raise
            leverage = 1.0
        unit = replace(unit, covered=covered / whole, scale=_plainly(leverage * whole / used))
    return _with_own_row(etf, unit, basket, inside, model)


def _plainly(scale: float) -> float:
    """Return a scale; one of nothing but rounding is none."""
    return 1.0 if abs(scale - 1.0) < ROUNDING else scale


def _with_own_row(etf: Etf, unit: Unit, basket: FloatArray, inside: Covariance, model: Covariance) -> Unit:
    """Take the ETF's own row where the risk model has it, and see that it is the ETF's indeed."""
    own = etf.own_ticker
    if own not in model or own in etf.tickers:  # no fund holds itself: that is a company of its name
        return unit
    row = model.select([own])
    variance = float(row.form.variances()[0])
    shared = unit.scale * float(model.between(own, inside.tickers) @ basket)
    volatility = abs(unit.scale) * inside.volatility(basket)
    spread = volatility * math.sqrt(max(variance, 0.0))
    if not spread > 0.0:
        return unit
    if unit.covered >= SAME_SERIES and shared / spread < SAME_SERIES:
        return replace(unit, mistaken=shared / spread)
    return replace(unit, own_row=own, own_beta=shared / volatility**2)


def _instruments(
    units: Sequence[Unit], baskets: FloatArray, inside: Covariance, model: Covariance
) -> tuple[Covariance, FloatArray]:
    """Return the risk model of covered names and own rows, and the ETFs' units in it."""
    own = dict.fromkeys(unit.own_row for unit in units if unit.own_row)
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
