"""The list of orders that the button Orders writes: of the proposal as it stands on the sheet.

An analyst may have edited new weights there. So the weights are taken from the sheet, not computed
again: they are put into the inputs as they are now, which must be those of the proposal (same names,
same weights, same betas), and the beta that they really have is told. A proposal that does not
fit the inputs any more cannot be verified, and is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.orders import SAME_WEIGHT
from betaneutral_xl.engine.result import CASH
from betaneutral_xl.errors import InputError, MissingPrice, MissingValue, listing
from betaneutral_xl.hosts.sheets.proposal import four
from betaneutral_xl.hosts.sheets.trading import order_rows
from betaneutral_xl.hosts.sheets.worksheet import inputs_of
from betaneutral_xl.model.constraints import Range
from betaneutral_xl.model.provenance import now
from betaneutral_xl.system.saving import to_csv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.hosts.sheets.proposal import Proposed
    from betaneutral_xl.hosts.sheets.task import Task
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.quotes import Quotes

SAME_BETA = 1e-6
"""Betas that differ by less are of one risk model, after a journey through cells."""


def verified(task: Task, proposed: Proposed) -> Rebalance:
    """Return the proposal's new weights on the inputs as they are now.

    Raises
    ------
    InputError
        If the proposal is of other inputs, or trades a name without risk data.
    MissingValue
        If a new weight is blank.

    """
    now_given = task.hedged()
    _require_same_inputs(proposed, now_given)
    new_weights = _column(proposed, now_given.tickers, "new_weight")
    blank = [name for name, value in zip(now_given.tickers, new_weights, strict=True) if np.isnan(value)]
    if blank:
        msg = f"The proposal has no new_weight for {listing(blank)}. Fill it in; 0 sells the position."
        raise MissingValue(msg, tickers=blank)
    result = replace(now_given, new_weights=_as_they_were(new_weights, now_given))
    unseen = sorted(set(result.traded) - set(result.aligned.covered_tickers))
    if unseen:
        msg = f"No risk data of {listing(unseen)}: the beta of a trade in it is unknown. Undo the edit."
        raise InputError(msg, tickers=unseen)
    return result


def broken(task: Task, result: Rebalance) -> tuple[str, ...]:
    """Name the limits set that new weights do not keep to: edited ones, or those of other settings."""
    limits = task.request(task.inputs).constraints
    if limits.net is None:  # only reweighting keeps the net exposure unasked
        limits = replace(limits, net=Range())
    checks = result.check_limits(limits, SAME_BETA)
    return tuple(f"{one.name} (off by {one.residual:.4g})" for one in checks if not one.passed)


def _require_same_inputs(proposed: Proposed, given: Rebalance) -> None:
    shown = {name: row for name, row in proposed.rows.items() if name != CASH}
    apart = sorted(shown.keys() ^ set(given.tickers))
    if apart or not set(given.columns) <= set(proposed.columns):
        told = f": {listing(apart)} are only in one of them" if apart else ""
        msg = f"The proposal is of other holdings or ETFs than the settings now give{told}. Press Rebalance."
        raise InputError(msg, tickers=apart)
    inputs = [name for name in given.columns[1:] if name not in {"new_weight", "trade"}]
    table = np.array([row[1:] for row in given.rows()[:-1]], dtype=np.float64)
    for name in inputs:
        there = _column(proposed, given.tickers, name)
        here = table[:, given.columns.index(name) - 1]
        limit = SAME_BETA * np.maximum(1.0, np.abs(here)) if "beta" in name else SAME_WEIGHT
        same = (np.abs(there - here) <= limit) | (np.isnan(there) & np.isnan(here))
        if not same.all():
            i = int(np.flatnonzero(~same)[0])
            msg = (
                f"The proposal is of other inputs than there are now: {name} of {given.tickers[i]} is "
                f"{there[i]:.6g} there and {here[i]:.6g} here. Press Rebalance; only new_weight "
                "is yours to edit."
            )
            raise InputError(msg, tickers=[given.tickers[i]])


def _column(proposed: Proposed, tickers: tuple[str, ...], name: str) -> FloatArray:
    return np.array([proposed.rows[ticker][name] for ticker in tickers])


def _as_they_were(new_weights: FloatArray, given: Rebalance) -> FloatArray:
    """Return weights that differ from the present ones by cells' digits only as the present ones."""
    unchanged = np.abs(new_weights - given.weights) <= np.finfo(np.float64).eps * 8
    return np.where(unchanged, given.weights, new_weights)


def orders_of(task: Task, result: Rebalance) -> tuple[Orders, Quotes]:
    """Return the orders that the weights take, and the prices there are.

    Raises
    ------
    MissingPrice
        If prices are missing, with every name.

    """
    try:
        return task.orders(result)
    except MissingPrice as error:
        names = ", ".join(error.tickers)
        msg = (
            f"No price for {len(error.tickers)} of the names to be traded: {names}. Type them on the sheet "
            "Orders (blue cells), or set a price file on the sheet Settings."
        )
        raise MissingPrice(msg, tickers=error.tickers) from None


def as_csv(proposed: Proposed, made: Orders, quotes: Quotes, against: Sequence[str] = ()) -> str:
    """Return the file for the desk: what it is, of which day, from where; then an order a row.

    ``against`` are the limits that are ``broken``.
    """
    result, holdings = made.result, made.result.aligned.holdings
    used = [order.ticker for order in made.orders]
    about: list[tuple[str, object]] = [
        ("fund", holdings.fund),
        ("as of", holdings.as_of or "unknown"),
        ("made at", f"{now():%Y-%m-%d %H:%M:%S} UTC"),
        ("proposal", proposed.lines[0]),
        ("new weights edited", ", ".join(proposed.edited) or "none"),
        ("limits broken", "; ".join(against) or "none"),
        *((f"source of {part}", str(origin)) for part, origin in inputs_of(result).parts),
        ("source of prices", quotes.sentence(used)),
        ("net asset value", round(made.ticket.nav, 2)),
        ("cash before", round(holdings.cash * made.ticket.nav, 2)),
        ("cash after", round(made.cash, 2)),
    ]
    for name, beta in made.beta.items():
        about += [
            (f"beta to {name} before", result.before.beta[name]),
            (f"beta to {name} of the new weights", result.after.beta[name]),
            (f"beta to {name} after whole shares", beta),
        ]
    about.append(("left out as too small", ", ".join(made.left_out) or "none"))
    about += [("warning", line) for line in result.warnings]
    rows = [
        [ticker, side.upper(), shares, price, round(value, 2)]
        for ticker, side, shares, price, value in order_rows(made)
    ]
    head = to_csv([], about).lstrip("\n")
    return f"{head}\n{to_csv(['ticker', 'side', 'shares', 'price', 'notional'], rows)}"


def told(proposed: Proposed, made: Orders, where: str, against: Sequence[str] = ()) -> str:
    """Say what was written, what beta the weights have if they were edited, and the limits ``broken``."""
    edited = proposed.edited
    said = ""
    if edited:
        betas = ", ".join(f"{four(beta)} to {etf}" for etf, beta in made.result.after.beta.items())
        said = f" New weights edited: {listing(edited)}; with them the beta is {betas}."
    if against:
        said += f" Against the limits set: {'; '.join(against)}."
    return f"Orders: {len(made.legs())} in {where}.{said}"
