"""Parse holdings in the JSON format of the fund's web API."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import EmptyFund, MissingValue, listing
from betaneutral_xl.model.arrays import read_only
from betaneutral_xl.model.portfolio import Holdings, Valuation
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.formats import complete_provenance, read_json, unequal_value_notes, unreadable

if TYPE_CHECKING:
    from betaneutral_xl.model.provenance import Provenance

NUMBERS = ("shares", "price", "value")
"""Required fields of a position; its returns, alpha and beta over the range are not read."""

RTOL = 1e-3
"""Relative difference between value and shares times price above which a warning names the position."""


def parse_holdings(content: bytes, provenance: Provenance, nav: float | None = None) -> Holdings:
    """Parse a portfolio from the API's JSON: active positions, ``weight = value / nav``.

    Parameters
    ----------
    content
        ``{"fund", "start", "end", "holdings": [{"ticker", "active", "shares", "price", "value",
        ...}]}``. Positions with ``active`` false were sold in the range and are left out.
    provenance
        The origin of the bytes; rows, date and hash are filled in.
    nav
        The net asset value; by default the total value of the positions.

    Raises
    ------
    EmptyFund
        If there is no active position.
    MissingValue, DuplicateTicker
        If a number is missing, or a price is not positive; if a ticker is on two rows.
    UnreadableFile, ChangedFormat
        If a file, or the API, has another format.

    """
    answer = read_json(content, provenance)
    fund, listed = answer.get("fund"), answer.get("holdings")
    if not isinstance(fund, str) or not isinstance(listed, list):
        raise unreadable(provenance, "has no fund with a list of holdings", _keys(answer))
    end = _end(answer, provenance)
    held = [row for number, row in enumerate(listed, 1) if _is_active(row, number, provenance)]
    if not held:
        sold = f" ({len(listed)} were sold before its end)" if listed else ""
        day = f" on {end}" if end else ""
        msg = f"Fund {fund} has no positions{day}{sold}. Choose a trading day that is already loaded."
        raise EmptyFund(msg)
    tickers = tuple(normalise(row["ticker"]) for row in held)
    shares, prices, values = (_numbers(held, name, fund, provenance) for name in NUMBERS)
    _require_positive(tickers, prices, fund)
    total = Valuation.of(values, 0.0, fund, nav)
    rows = zip(tickers, shares, prices, values, strict=True)
    unequal = [t for t, s, p, v in rows if not math.isclose(s * p, v, rel_tol=RTOL, abs_tol=0.01)]
    return Holdings(
        fund=fund,
        tickers=tickers,
        weights=read_only(values) / total.nav,
        shares=read_only(shares),
        prices=read_only(prices),
        nav=total.nav,
        cash=total.cash / total.nav,
        provenance=complete_provenance(provenance, content, len(held), end),
        warnings=(*total.warnings, *unequal_value_notes(fund, unequal, len(tickers))),
        leverage_stated=nav is not None,
    )


def _keys(answer: dict[str, Any]) -> str:
    return f"It has {listing([repr(key)[:30] for key in answer]) or 'nothing'}."


def _end(answer: dict[str, Any], provenance: Provenance) -> date | None:
    text = answer.get("end")
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise unreadable(provenance, f"gives its last day as {text!r:.40}, not as a date") from None


def _is_active(row: Any, number: int, provenance: Provenance) -> bool:
    if not (
        isinstance(row, dict) and isinstance(row.get("ticker"), str) and isinstance(row.get("active"), bool)
    ):
        raise unreadable(provenance, f"has no ticker with an active flag in row {number} of the holdings")
    return bool(row["active"])


def _numbers(rows: Sequence[dict[str, Any]], name: str, fund: str, provenance: Provenance) -> list[float]:
    missing = [row["ticker"] for row in rows if row.get(name) is None]
    if missing:
        msg = f"Holdings of {fund} have no {name} for {listing(missing)}. Fill it in, or remove the position."
        raise MissingValue(msg, tickers=missing)
    for row in rows:
        value = row[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise unreadable(provenance, f"has {value!r:.40} as the {name} of {row['ticker']:.40}")
        if not abs(value) < math.inf:  # NaN too; an integer beyond the range of float does not overflow here
            msg = (
                f"Holdings of {fund} have {value} as the {name} of {row['ticker']}. "
                "Correct it, or remove the position."
            )
            raise MissingValue(msg, tickers=[row["ticker"]])
    try:
        return [float(row[name]) for row in rows]
    except OverflowError:
        raise unreadable(provenance, f"has a {name} of hundreds of digits") from None


def _require_positive(tickers: Sequence[str], prices: Sequence[float], fund: str) -> None:
    bad = [(ticker, price) for ticker, price in zip(tickers, prices, strict=True) if not price > 0.0]
    if bad:
        names = [ticker for ticker, _ in bad]
        msg = (
            f"Holdings of {fund} have no positive price for {listing(names)} (first: {bad[0][1]:g}). "
            "Correct the price, or remove the position."
        )
        raise MissingValue(msg, tickers=names)
