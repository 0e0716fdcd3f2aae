"""A portfolio's holdings, and an ETF's constituents."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UndefinedBeta, listing
from betaneutral_xl.model.arrays import FloatArray, make_read_only, read_only
from betaneutral_xl.model.contracts import is_option
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.positions import Position, PositionClass, members
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.system.patterns import Pattern

FIRST_KINDS = ("sector", "country")
"""Kinds of groups in the order of tables; others follow by name."""

SUM_TOLERANCE = 5e-4
"""Deviation from 1 of a sum of weights (5 bp, as issuers round each row) above which there is a warning."""

MAX_GROSS = 10.0
"""Gross exposure, in units of net asset value, above which the user must confirm it."""

SAME_WEIGHT = 1e-7
"""Weights that differ by less are equal: they may have been rounded in cells."""

NO_EXPOSURE = 1e-9
"""Smaller exposures count as zero."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Holdings:
    """A fund's holdings on one day.

    Attributes
    ----------
    fund
        The fund's name.
    tickers
        N canonical tickers, each once.
    weights
        Shape (N,), decimals of the net asset value; negative for a short position.
    shares, prices
        Shape (N,), number of shares and base currency per share, where the source has them.
    nav
        Net asset value in base currency, where the source has it.
    cash
        The weight outside of positions; ``sum(weights) + cash`` is 1 where the source is a whole
        portfolio.
    provenance
        Where this came from.
    warnings
        Notes for the user, one line each.
    leverage_stated
        Whether the user stated the net asset value, or the weights' unit, which confirms a gross
        exposure above ``MAX_GROSS``; else it is refused.
    positions
        Every row of the source, cash included, where it is a table of positions.
    columns
        The column of the source that each field was read from.
    groups_of
        The groups of a ticker, held or not, by their kind, such as its sector.

    """

    fund: str
    tickers: tuple[str, ...]
    weights: FloatArray
    provenance: Provenance
    shares: FloatArray | None = None
    prices: FloatArray | None = None
    nav: float | None = None
    cash: float = 0.0
    warnings: tuple[str, ...] = ()
    leverage_stated: bool = False
    positions: tuple[Position, ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    groups_of: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not self.groups_of and any(one.groups for one in self.positions):
            own = {one.ticker: one.groups for one in self.positions if one.groups and not one.is_cash}
            object.__setattr__(self, "groups_of", own)
        make_read_only(self, "weights")
        if not self.tickers:
            msg = f"Fund {self.fund} has no positions. Check the fund's name and the date."
            raise InputError(msg)
        _require_unique(self.tickers, f"Holdings of {self.fund}")
        _require_finite(self.tickers, self.weights, f"weight in the holdings of {self.fund}")
        for name in ("shares", "prices"):
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(self, name, read_only(values))
                _require_finite(self.tickers, values, f"{name} in the holdings of {self.fund}")
        if not self.leverage_stated:
            self._require_leverage()

    def __repr__(self) -> str:
        return f"<Holdings {self.fund}: {len(self.tickers)} names, cash {self.cash:.2%}, as of {self.as_of}>"

    def _require_leverage(self) -> None:
        """Refuse values read as weights, and weights relative to a net asset value close to zero."""
        gross = float(np.abs(self.weights).sum())
        if gross <= MAX_GROSS:
            return
        largest = int(np.abs(self.weights).argmax())
        msg = (
            f"Holdings of {self.fund} have a gross exposure of {gross:,.4g} times the net asset value of "
            f"{self.nav:,.2f}. Check the values; {CASH_OR_NAV}."
            if self.nav is not None
            else f"Weights of {self.fund} add to a gross exposure of {gross:,.10g} times net asset value "
            f"({self.tickers[largest]}: {float(self.weights[largest]):,.10g}). Give decimals or percent; "
            "values belong under market_value."
        )
        raise InputError(msg)

    @property
    def as_of(self) -> date | None:
        """The day of the positions."""
        return self.provenance.as_of

    @property
    def weight_of(self) -> dict[str, float]:
        """The weight by ticker."""
        return _by_ticker(self.tickers, self.weights)

    @property
    def shares_of(self) -> dict[str, float]:
        """The number of shares by ticker; empty where the source has none."""
        return _by_ticker(self.tickers, self.shares)

    @property
    def price_of(self) -> dict[str, float]:
        """The price by ticker, base currency per share; empty where the source has none."""
        return _by_ticker(self.tickers, self.prices)

    @property
    def listed(self) -> tuple[Position, ...]:
        """Every row of the source; where it has tickers only, a position for each and one for the cash."""
        if self.positions:
            return self.positions
        shares, prices = self.shares_of, self.price_of
        positions = (
            Position(
                ticker=ticker,
                position_class=PositionClass.OPTION if is_option(ticker) else PositionClass.EQUITY,
                weight=weight,
                shares=shares.get(ticker),
                price=prices.get(ticker),
                value=None if self.nav is None else weight * self.nav,
                groups=self.groups_of.get(ticker, {}),
            )
            for ticker, weight in self.weight_of.items()
        )
        cash = [Position.cash(self.cash, self.nav)] if abs(self.cash) > NO_EXPOSURE else []
        return (*positions, *cash)

    @property
    def classes(self) -> dict[str, PositionClass]:
        """What each position is, by ticker; by its spelling where the source has tickers only."""
        listed = {one.ticker: one.position_class for one in self.positions if not one.is_cash}
        spelled = {ticker: PositionClass.OPTION for ticker in self.tickers if is_option(ticker)}
        return {**spelled, **listed}

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The tickers of each group: sectors, countries, and what a table of groups has."""
        return members(self.groups_of.items())

    @property
    def kinds_of_groups(self) -> tuple[str, ...]:
        """The kinds of groups that are known of some name: sector, country, then those of a table."""
        known = {kind for labels in self.groups_of.values() for kind in labels}
        return (*(kind for kind in FIRST_KINDS if kind in known), *sorted(known - set(FIRST_KINDS)))

    def with_groups(self, groups: Mapping[str, Mapping[str, str]]) -> Holdings:
        """Return the same holdings with groups of names, held or not; they decide over the source's own."""
        merged = {name: dict(own) for name, own in self.groups_of.items()}
        for name, labels in groups.items():
            merged[name] = {**merged.get(name, {}), **labels}
        positions = [replace(one, groups=merged.get(one.ticker, one.groups)) for one in self.positions]
        return replace(self, groups_of=merged, positions=tuple(positions))

    def with_names(self, tickers: Sequence[str]) -> Holdings:
        """Return the same holdings with a weight of zero for names that are not held."""
        held = set(self.tickers)
        added = tuple(ticker for ticker in tickers if ticker not in held)
        if not added:
            return self
        return replace(
            self,
            tickers=(*self.tickers, *added),
            weights=np.append(self.weights, np.zeros(len(added))),
            shares=None,
            prices=None,
        )

    @classmethod
    def from_weights(
        cls,
        weights: Mapping[str, float],
        fund: str = "portfolio",
        provenance: Provenance | None = None,
    ) -> Holdings:
        """Make holdings from weights in decimals; the remainder to 1 is cash, with a warning.

        Parameters
        ----------
        weights
            Ticker in any spelling to weight, decimals of net asset value.
        fund
            A name for messages and reports.
        provenance
            Where the weights came from; by default, from the caller.

        Returns
        -------
        Holdings
            Without shares, prices and net asset value.

        """
        values = read_only(list(weights.values()))
        tickers = tuple(normalise(ticker) for ticker in weights)
        total = float(values.sum())
        warnings: tuple[str, ...] = ()
        cash = 0.0
        if math.isfinite(total) and abs(total - 1.0) > SUM_TOLERANCE:
            cash = 1.0 - total
            warnings = (
                f"Weights of {fund} add to {total:.4f}, not 1: "
                f"the other {cash:.4f} is taken as cash, nothing is rescaled.",
            )
        return cls(
            fund=fund,
            tickers=tickers,
            weights=values,
            cash=cash,
            provenance=provenance or Provenance.given(len(tickers)),
            warnings=warnings,
        )

    @classmethod
    def from_positions(
        cls,
        tickers: Sequence[str],
        shares: Sequence[float],
        prices: Sequence[float],
        fund: str = "portfolio",
        *,
        cash_value: float = 0.0,
        nav: float | None = None,
        provenance: Provenance | None = None,
        warnings: tuple[str, ...] = (),
    ) -> Holdings:
        """Make holdings from shares and prices: ``weight = shares * price / net asset value``.

        Parameters
        ----------
        tickers
            N tickers in any spelling.
        shares
            N numbers of shares, negative for a short position.
        prices
            N prices in base currency per share, all positive.
        fund
            A name for messages and reports.
        cash_value
            Cash in base currency.
        nav
            Net asset value in base currency, where it is stated; the rest beside positions is cash.
            By default, the sum of the positions' values and the cash.
        provenance
            Where the positions came from; by default, from the caller.
        warnings
            Notes on the source.

        Returns
        -------
        Holdings
            In the order of ``tickers``.

        Raises
        ------
        MissingValue
            If a price is not a positive number, a number of shares is not finite, or the net asset
            value is not positive, so that weights are undefined.

        """
        names = tuple(normalise(ticker) for ticker in tickers)
        quantities, quotes = read_only(shares), read_only(prices)
        _require_finite(names, quantities, f"number of shares in the holdings of {fund}")
        bad = ~(np.isfinite(quotes) & (quotes > 0.0))
        if bad.any():
            culprits = [names[i] for i in np.flatnonzero(bad)]
            first = quotes[np.flatnonzero(bad)[0]]
            msg = (
                f"Holdings of {fund} have no positive price for {listing(culprits)} "
                f"(first: {first:g}). Correct the price, or remove the position."
            )
            raise MissingValue(msg, tickers=culprits)
        values = quantities * quotes
        value = Valuation.of(values.tolist(), cash_value, fund, nav) if names else Valuation(1.0, 0.0)
        return cls(
            fund=fund,
            tickers=names,
            weights=read_only(values / value.nav),
            shares=quantities,
            prices=quotes,
            nav=value.nav,
            cash=value.cash / value.nav,
            provenance=provenance or Provenance.given(len(names)),
            warnings=(*value.warnings, *warnings),
            leverage_stated=nav is not None,
        )


@dataclass(frozen=True, slots=True)
class Valuation:
    """Net asset value ``nav`` of a portfolio, and the ``cash`` in it, both in base currency."""

    nav: float
    cash: float
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Iterable[float], cash: float, fund: str, stated: float | None = None) -> Valuation:
        """Add up positions, negative if short, and cash; or take a stated value, with the rest as cash.

        All are in base currency.

        Raises
        ------
        MissingValue
            If it is not positive, so that weights are undefined.

        """
        values = tuple(values)
        try:
            positions = math.fsum(values)
        except (OverflowError, ValueError):  # too large, or infinite of both signs
            positions = math.inf
        total = positions + cash
        if not math.isfinite(total):
            msg = f"Holdings of {fund} have a total value that is not finite. Check the positions' values."
            raise MissingValue(msg)
        if stated is None:
            if not total > 0.0:
                msg = (
                    f"Holdings of {fund} are worth {total:,.2f} in total, so weights are undefined. "
                    f"Check the shares, prices and values; {CASH_OR_NAV}."
                )
                raise MissingValue(msg)
            return cls(total, cash)
        if not 0.0 < stated < math.inf:
            msg = f"The net asset value of {fund} is stated as {stated:,.12g}. Give a positive amount."
            raise MissingValue(msg)
        remainder = stated - total
        line = (
            f"Net asset value of {fund} stated as {stated:,.2f}, positions and cash come to {total:,.2f}: "
            f"the other {remainder:,.2f} is taken as cash."
        )
        if abs(remainder) <= SUM_TOLERANCE * stated:
            return cls(stated, cash + remainder)
        gross = math.fsum(map(abs, values)) / stated
        in_other_units = not 1.0 / MAX_GROSS <= gross <= MAX_GROSS
        severity = Severity.CHANGES if in_other_units else None
        return cls(stated, cash + remainder, (Notice(line, Subject.HOLDINGS, severity),))


CASH_OR_NAV = "add a row CASH with its value, or state the net asset value (--nav)"
"""Advice where long and short values nearly cancel."""


PLACEHOLDER_NAME = Pattern(r"ETF(?: \d+)?")
"""Placeholder names of ETFs without a name."""


class AssetClass(StrEnum):
    """Asset class of a row of an ETF's holdings file."""

    EQUITY = "equity"
    CASH = "cash"
    DERIVATIVE = "derivative"
    FIXED_INCOME = "fixed_income"
    FUND = "fund"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constituent:
    """One row of an ETF's holdings file.

    ``ticker`` is canonical, empty where the file has none; ``printed_ticker`` is the file's own
    text. ``weight`` is a decimal of the fund's net assets, NaN where the file has none.

    ``exposure`` is the signed notional exposure of a derivative, a decimal of net assets, None where
    the source does not give it; its market value, and so its weight, is close to zero.
    ``moves_as_basket`` is true if it is an exposure to equities (a swap or a future), which scales
    the basket; that of an option does not, as its delta is unknown.
    """

    ticker: str
    weight: float
    name: str = ""
    asset_class: AssetClass = AssetClass.EQUITY
    printed_ticker: str = ""
    identifiers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    currency: str = ""
    market_value: float | None = None
    exposure: float | None = None
    moves_as_basket: bool = False

    @property
    def label(self) -> str:
        """What the row is called: its name, else its ticker, else an identifier, else that it has none."""
        return (
            self.name or self.printed_ticker or next(iter(self.identifiers.values()), "a row without a name")
        )

    def is_same_security(self, other: Constituent) -> bool:
        """Whether both rows have the same ticker and identifiers, at least one of them."""
        return bool(self.identifiers) and (self.ticker, self.identifiers) == (other.ticker, other.identifiers)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Etf:
    """An ETF's constituents on one day.

    Betas are to the basket ``tickers``, ``weights``: by default the equities with a ticker and a
    weight. Cash has no risk and is not in it; all rows are in ``constituents`` and ``totals``.

    Where the exposure is from swaps and futures and there are no such equities, as in most inverse
    funds, the basket is the fund itself: its own ticker at a weight of 1, which only a risk model
    with a row of that ticker covers.

    A file may list several companies under one ticker. Such an ETF can be displayed, but its
    ``tickers`` and ``weights`` raise. Several rows of one security (same ticker, same identifiers)
    are added up in the basket.

    Attributes
    ----------
    name
        The fund's ticker, or the name of its file.
    constituents
        Every row of the source, in its order.
    provenance
        Where this came from.
    warnings
        Notes for the user, one line each.
    columns
        The column of the source that each field was read from.
    classes
        The asset classes of the basket.
    title
        The fund's full name, where the source has it.
    printed_total
        The total weight stated by the source, in decimals, where it has one.

    """

    name: str
    constituents: tuple[Constituent, ...]
    provenance: Provenance
    warnings: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    classes: Collection[AssetClass] = (AssetClass.EQUITY,)
    title: str = ""
    printed_total: float | None = None
    _basket: tuple[tuple[str, ...], FloatArray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the basket; it is validated on access."""
        if not self.constituents:
            msg = f"ETF {self.name} has no constituents. Check that this is its holdings file."
            raise InputError(msg)
        rows = _merged(
            row
            for row in self.constituents
            if row.asset_class in self.classes and row.ticker and not math.isnan(row.weight)
        )
        if self.derivative_exposure and not any(weight for _, weight in rows) and self.own_ticker:
            rows = [(self.own_ticker, 1.0)]
        tickers = tuple(ticker for ticker, _ in rows)
        object.__setattr__(self, "_basket", (tickers, read_only([weight for _, weight in rows])))

    def __repr__(self) -> str:
        return f"<Etf {self.name}: {len(self.constituents)} rows, as of {self.provenance.as_of}>"

    @property
    def own_ticker(self) -> str:
        """The name as a ticker, which a risk model may cover; empty if it cannot be one."""
        if PLACEHOLDER_NAME.fullmatch(self.name):
            return ""
        try:
            return normalise(self.name)
        except InputError:
            return ""

    @property
    def is_own_basket(self) -> bool:
        """Whether the fund holds no equities, so that betas need its own row in a risk model."""
        return self._basket[0] == (self.own_ticker,) and self.derivative_exposure != 0.0

    @property
    def derivative_exposure(self) -> float:
        """The signed exposure of swaps and futures outside the basket, a decimal of net assets."""
        return math.fsum(row.exposure or 0.0 for row in self.constituents if self.scales_basket(row))

    @property
    def leverage(self) -> float:
        """The ratio of the whole exposure to that of the basket's classes: 1 without swaps and futures.

        Raises
        ------
        UndefinedBeta
            If it is undefined: equities are not net long, or the whole exposure is zero.

        """
        derivatives = self.derivative_exposure
        if not derivatives or self.is_own_basket:
            return 1.0
        whole = self.exposure
        equities = whole - derivatives
        if not (equities > 0.0 and abs(whole) > NO_EXPOSURE):
            msg = (
                f"ETF {self.name} has an exposure of {equities:.2%} in equities and of {derivatives:.2%} in "
                "swaps and futures: its basket cannot be scaled to that. A beta to it needs its own row "
                "in the risk model, or a fund of the same index that holds its shares."
            )
            raise UndefinedBeta(msg, tickers=[self.name])
        return whole / equities

    def scales_basket(self, row: Constituent) -> bool:
        """Whether a row is a swap or a future that scales the basket without being in it."""
        return row.moves_as_basket and row.asset_class not in self.classes

    @property
    def exposure(self) -> float:
        """The exposure of the basket's classes and of swaps and futures, a decimal of net assets."""
        own = (row.weight for row in self.constituents if row.asset_class in self.classes)
        return math.fsum(weight for weight in own if not math.isnan(weight)) + self.derivative_exposure

    @property
    def unnamed_weights(self) -> FloatArray:
        """The weights that may be of the basket's classes and are not in it: without a ticker, or a class."""
        return read_only(
            [
                row.weight
                for row in self.constituents
                if not math.isnan(row.weight)
                and (
                    not row.ticker
                    if row.asset_class in self.classes
                    else row.asset_class is AssetClass.UNKNOWN
                )
            ]
        )

    @property
    def tickers(self) -> tuple[str, ...]:
        """The basket's n canonical tickers, each once.

        Raises
        ------
        DuplicateTicker
            If several companies share a ticker.
        MissingValue
            If no row of the basket's classes has a ticker and a weight other than zero.

        """
        return self._usable_basket()[0]

    @property
    def weights(self) -> FloatArray:
        """The basket's weights (n,), decimals of net assets; raises as ``tickers`` does."""
        return self._usable_basket()[1]

    def _usable_basket(self) -> tuple[tuple[str, ...], FloatArray]:
        tickers, weights = self._basket
        if not weights.any():
            kinds = ", ".join(sorted(self.classes))
            msg = (
                f"ETF {self.name} has no {kinds} row with a ticker and a weight among its "
                f"{len(self.constituents)} rows. Check the file's columns, or choose other classes."
            )
            raise MissingValue(msg)
        _require_unique(tickers, f"ETF {self.name}")
        _require_finite(tickers, weights, f"weight in ETF {self.name}")
        gross = float(np.abs(weights).sum())
        if gross > MAX_GROSS:
            msg = (
                f"Weights of ETF {self.name} add to a gross exposure of {gross:,.10g} times net assets. "
                "Give decimals or percent; values belong under market_value."
            )
            raise InputError(msg)
        return self._basket

    @property
    def as_of(self) -> date | None:
        """The day of the constituents."""
        return self.provenance.as_of

    @property
    def totals(self) -> dict[AssetClass, float]:
        """Sum of the source's weights by asset class, in decimals."""
        sums: dict[AssetClass, float] = {}
        for row in self.constituents:
            if not math.isnan(row.weight):
                sums[row.asset_class] = sums.get(row.asset_class, 0.0) + row.weight
        return sums

    @classmethod
    def from_weights(
        cls,
        weights: Mapping[str, float],
        name: str = "ETF",
        provenance: Provenance | None = None,
    ) -> Etf:
        """Make an ETF from weights by ticker (in any spelling), decimals of net assets."""
        rows = tuple(
            Constituent(ticker=normalise(ticker), printed_ticker=ticker, weight=float(weight))
            for ticker, weight in weights.items()
        )
        return cls(name, rows, provenance or Provenance.given(len(rows)), sum_warnings(name, rows))


def sum_warnings(name: str, rows: Iterable[Constituent]) -> tuple[str, ...]:
    """Return a warning if the weights of all rows do not add to 1."""
    total = math.fsum(row.weight for row in rows if not math.isnan(row.weight))
    if abs(total - 1.0) <= SUM_TOLERANCE:
        return ()
    return (f"Weights of ETF {name} add to {total:.4f}, not 1; nothing is rescaled.",)


def _merged(rows: Iterable[Constituent]) -> list[tuple[str, float]]:
    """Return ticker and weight of each row, adding up rows of one security."""
    groups: dict[str, list[Constituent]] = {}
    for row in rows:
        groups.setdefault(row.ticker, []).append(row)
    merged = []
    for ticker, group in groups.items():
        if all(row.is_same_security(group[0]) for row in group[1:]):
            merged.append((ticker, math.fsum(row.weight for row in group)))
        else:
            merged.extend((ticker, row.weight) for row in group)
    return merged


def _by_ticker(tickers: Sequence[str], values: FloatArray | None) -> dict[str, float]:
    return {} if values is None else dict(zip(tickers, values.tolist(), strict=True))


def _require_unique(tickers: Sequence[str], where: str) -> None:
    repeated = [ticker for ticker, count in Counter(tickers).items() if count > 1]
    if repeated:
        msg = (
            f"{where} list {listing(repeated)} more than once. "
            "Merge the rows if they are one company; give the exchange if they are not."
        )
        raise DuplicateTicker(msg, tickers=repeated)


def _require_finite(tickers: Sequence[str], values: FloatArray, what: str) -> None:
    if values.shape != (len(tickers),):
        msg = f"There are {len(tickers)} tickers but {values.size} values for {what}."
        raise MissingValue(msg)
    bad = [ticker for ticker, usable in zip(tickers, np.isfinite(values), strict=True) if not usable]
    if bad:
        msg = f"No usable {what} for {listing(bad)}. Fill it in, or remove the row."
        raise MissingValue(msg, tickers=bad)
