"""What moved a portfolio's beta between two days, in parts that add up to the change.

With a portfolio w, the ETFs' weights f and the risk model V, the beta to an ETF is ``beta(w, f, V)``. From
the first day (0) to the second (1) its parts are, in this order,

::

    prices             beta(w', f0, V0) - beta(w0, f0, V0)
    trades and flows   beta(w1, f0, V0) - beta(w', f0, V0)
    the ETF            beta(w1, f1, V0) - beta(w1, f0, V0)
    the risk model     beta(w1, f1, V1) - beta(w1, f1, V0)

where ``w'`` are the shares and the cash of day 0 at the prices of day 1. Each part has all parts before it at
their new values and all after it at their old ones, so that they add up to the change exactly; another order
would give another split of what they have in common. A dividend is a flow; a split of shares is neither.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.model.alignment import OnMissing, align
from betaneutral_xl.model.notices import Notice, Severity, Subject

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance

PARTS = ("prices", "trades", "etf", "risk")
"""The parts of a change, in the order in which they are taken."""

SPLIT_ROUNDING = 1e-3
"""Relative tolerance within which numbers of shares have the ratio of a split."""

SPLIT_MOVE = 1.5
"""Factor by which a price may move besides a split on the same days."""


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """A portfolio, the ETFs and the risk model on one day."""

    holdings: Holdings
    etfs: tuple[Etf, ...]
    covariance: Covariance
    etf_on_missing: OnMissing = OnMissing.DROP

    def betas(self) -> dict[str, float]:
        """Return the beta to each ETF; names without risk data have none, a held ETF has its own."""
        aligned = align(
            through(self.holdings, self.etfs, self.covariance, self.etf_on_missing),
            self.etfs,
            self.covariance,
            OnMissing.DROP,
            self.etf_on_missing,
        )
        found = aligned.betas.T @ aligned.covered_weights
        return dict(zip(aligned.etf_names, found.tolist(), strict=True))

    def uncovered(self) -> tuple[str, ...]:
        """Return the held names that the risk model has no row for."""
        known = {*self.covariance.tickers, *(etf.own_ticker for etf in self.etfs)}
        return tuple(one for one in self.holdings.tickers if one not in known)


@dataclass(frozen=True, slots=True)
class Change:
    """The change of the beta to one ETF, and its parts.

    Attributes
    ----------
    etf
        The ETF's name.
    before, after
        The betas of the two days.
    parts
        By the names of ``PARTS``. Where the prices of the first day's shares are not known, ``prices`` is
        NaN, and ``trades`` has both.

    """

    etf: str
    before: float
    after: float
    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        """The change."""
        return self.after - self.before

    @property
    def unexplained(self) -> float:
        """What the parts are off the change, by rounding alone."""
        return self.total - math.fsum(one for one in self.parts.values() if not math.isnan(one))


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """The first day's shares at the second day's prices; ``holdings`` is None where that is not known."""

    holdings: Holdings | None
    notes: tuple[str, ...] = ()


def attribute(then: Position, now: Position, carried: Holdings | None) -> tuple[Change, ...]:
    """Return the change of the beta to each ETF between two days in its parts.

    ``carried`` are the first day's shares at the second day's prices; None where they are not known.

    Raises
    ------
    InputError
        If the two days have other ETFs.
    BetaNeutralError
        If a beta is undefined.

    """
    names, others = ([one.name for one in day.etfs] for day in (then, now))
    if names != others:
        msg = f"The ETFs were {', '.join(names)}, and now are {', '.join(others)}: there is no common beta."
        raise InputError(msg)
    steps = [
        then,
        replace(then, holdings=carried or then.holdings),
        replace(then, holdings=now.holdings),
        replace(then, holdings=now.holdings, etfs=now.etfs),
        now,
    ]
    betas = [one.betas() for one in steps]
    return tuple(
        Change(
            name,
            betas[0][name],
            betas[-1][name],
            {
                part: math.nan if part == "prices" and carried is None else new[name] - old[name]
                for part, (old, new) in zip(PARTS, pairwise(betas), strict=True)
            },
        )
        for name in names
    )


FAR_MOVE = math.log(1.0 / 0.6)
"""Move of a price, in logarithms, from which it may be that of a split: a fall by 40 %."""


def carry(then: Holdings, now: Holdings, prices: Mapping[str, float]) -> Carried:
    """Return a portfolio's shares and cash at the prices of another day.

    Those of ``now``, the portfolio of that day, come first; ``prices`` has those of names that are no longer
    held, base currency per share.
    """
    if then.shares is None or then.prices is None or then.nav is None:
        why = "The accepted weights have no shares: prices and trades cannot be told apart."
        return Carried(None, (why,))
    new, held = {**prices, **now.price_of}, now.shares_of
    lines = list(zip(then.tickers, then.shares.tolist(), then.prices.tolist(), strict=True))
    ratios = {
        ticker: split(shares, held.get(ticker), price, new.get(ticker)) for ticker, shares, price in lines
    }
    unpriced = [ticker for ticker, *_ in lines if ticker not in new]
    values = np.array([n * ratios[t] * new.get(t, p) for t, n, p in lines])
    cash = then.cash * then.nav
    nav = math.fsum(values) + cash
    if not nav > 0.0:
        return Carried(None, ("The accepted shares are worth nothing at today's prices: see trades.",))
    notes: list[str] = []
    if unpriced:
        notes.append(
            f"No price today for {listing(unpriced)}, no longer held: what it moved is among the trades."
        )
    notes += [
        f"The shares of {ticker} look like a split {ratio:g} for 1, and are counted as such."
        for ticker, ratio in ratios.items()
        if ratio != 1.0
    ]
    far = [
        f"{ticker} from {price:g} to {new[ticker]:g}"
        for ticker, _, price in lines
        if ratios[ticker] == 1.0 and ticker in new and abs(math.log(new[ticker] / price)) > FAR_MOVE
    ]
    if far:
        text = (
            f"Prices far from those of then: {listing(far)}. After a split the shares change too: check both."
        )
        notes.append(Notice(text, Subject.HOLDINGS, Severity.CHANGES))
    carried = replace(
        then,
        weights=values / nav,
        shares=np.array([n * ratios[t] for t, n, _ in lines]),
        prices=np.array([new.get(t, p) for t, _, p in lines]),
        nav=nav,
        cash=cash / nav,
        leverage_stated=True,
    )
    return Carried(carried, tuple(notes))


def split(shares: float, held: float | None, price: float, new_price: float | None) -> float:
    """Return the ratio of a split of shares between two days, 1 for none.

    It is one if the shares have the ratio of small whole numbers, and the value of the position has not.

    >>> split(100.0, 1000.0, 1200.0, 118.0), split(100.0, 200.0, 50.0, 51.0), split(300.0, 100.0, 2.0, 6.1)
    (10.0, 1.0, 0.3333333333333333)
    """
    if not shares or not held or not new_price:
        return 1.0
    ratio = held / shares
    for times in (ratio, 1.0 / ratio if ratio else 0.0):
        whole = round(times)
        if whole >= 2 and abs(times / whole - 1.0) < SPLIT_ROUNDING:  # noqa: PLR2004 - 1 is no split
            exact = float(whole) if ratio > 1.0 else 1.0 / whole
            move = new_price * exact / price
            return exact if 1.0 / SPLIT_MOVE < move < SPLIT_MOVE else 1.0
    return 1.0


def through(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> Holdings:
    """Return a portfolio with each position in one of the ETFs replaced by its basket.

    Only those that the risk model has no row for; the basket has the ETF's own beta of 1.

    """
    own = {etf.own_ticker: k for k, etf in enumerate(etfs) if etf.own_ticker}
    held = [one for one in holdings.tickers if one in own and one not in covariance]
    rest = [one for one in holdings.tickers if one not in held]
    if not held or not rest:
        return holdings
    weights = holdings.weight_of
    without = replace(
        holdings,
        tickers=tuple(rest),
        weights=np.array([weights[one] for one in rest]),
        shares=None,
        prices=None,
        leverage_stated=True,
    )
    aligned = align(without, etfs, covariance, OnMissing.DROP, etf_on_missing)
    found = {one: weights[one] for one in rest}
    cash = holdings.cash
    for ticker in held:
        basket = aligned.equivalents[:, own[ticker]] * weights[ticker]
        cash += weights[ticker] - float(basket.sum())
        for name, weight in zip(aligned.covered_tickers, basket.tolist(), strict=True):
            if weight:
                found[name] = found.get(name, 0.0) + weight
    line = f"The position in {listing(held)} counts as what the fund holds: the risk model has no row for it."
    return replace(
        without,
        tickers=tuple(found),
        weights=np.array(list(found.values())),
        cash=cash,
        warnings=(*holdings.warnings, line),
    )
