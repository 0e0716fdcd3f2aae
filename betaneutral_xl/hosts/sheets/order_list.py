"""The order list of the button Orders: the orders of the proposal on the sheet.

The new weights may have been edited. So they are read from the sheet, not computed again, and
evaluated on the current inputs, which must be those of the proposal (same names, weights and betas);
their actual beta is reported. A proposal of other inputs cannot be verified and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, MissingPrice, MissingValue, listing
from betaneutral_xl.hosts.sheets.proposal import Proposed
from betaneutral_xl.hosts.sheets.proposal_block import format_beta, heading
from betaneutral_xl.hosts.sheets.task import Task
from betaneutral_xl.hosts.sheets.trading import order_rows
from betaneutral_xl.hosts.sheets.worksheet import input_provenance
from betaneutral_xl.job import order_formats, proposals
from betaneutral_xl.job.proposals import SAME_BETA, evaluated
from betaneutral_xl.model.portfolio import SAME_WEIGHT
from betaneutral_xl.model.positions import CASH
from betaneutral_xl.model.provenance import now
from betaneutral_xl.system.saving import to_csv

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.quotes import Quotes


def verified(task: Task, proposed: Proposed) -> Rebalance:
    """Return the proposal's new weights evaluated on the current inputs.

    Raises
    ------
    InputError
        If the proposal is of other inputs, or trades a name without risk data.
    MissingValue
        If a new weight is blank.

    """
    current = task.hedged()
    _require_same_inputs(proposed, current)
    new_weights = _column(proposed, current.tickers, "new_weight")
    blank = [name for name, value in zip(current.tickers, new_weights, strict=True) if np.isnan(value)]
    if blank:
        msg = f"The proposal has no new weight for {listing(blank)}. Fill it in; 0 sells the position."
        raise MissingValue(msg, tickers=blank)
    return evaluated(current, new_weights)


def violated_limits(task: Task, result: Rebalance) -> tuple[str, ...]:
    """Name the limits set that new weights do not keep to: edited ones, or those of other settings."""
    return proposals.violated_limits(task.request(task.inputs), result)


def _require_same_inputs(proposed: Proposed, current: Rebalance) -> None:
    shown = {name: row for name, row in proposed.rows.items() if name != CASH}
    unmatched = sorted(shown.keys() ^ set(current.tickers))
    if unmatched or not set(current.columns) <= set(proposed.columns):
        which = f": {listing(unmatched)} are only in one of them" if unmatched else ""
        msg = f"The proposal and the settings have different holdings or ETFs{which}. Press Rebalance."
        raise InputError(msg, tickers=unmatched)
    inputs = [name for name in current.columns[1:] if name not in {"new_weight", "trade"}]
    table = np.array([row[1:] for row in current.rows()[:-1]], dtype=np.float64)
    for name in inputs:
        there = _column(proposed, current.tickers, name)
        here = table[:, current.columns.index(name) - 1]
        limit = SAME_BETA * np.maximum(1.0, np.abs(here)) if "beta" in name else SAME_WEIGHT
        same = (np.abs(there - here) <= limit) | (np.isnan(there) & np.isnan(here))
        if not same.all():
            i = int(np.flatnonzero(~same)[0])
            msg = (
                f"The inputs have changed since the proposal: {heading(name)} of {current.tickers[i]} is "
                f"{there[i]:.6g} in the proposal and {here[i]:.6g} now. Press Rebalance; only the column "
                "New weight may be edited."
            )
            raise InputError(msg, tickers=[current.tickers[i]])


def _column(proposed: Proposed, tickers: tuple[str, ...], name: str) -> FloatArray:
    return np.array([proposed.rows[ticker][name] for ticker in tickers])


def orders_of(task: Task, result: Rebalance) -> tuple[Orders, Quotes]:
    """Return the orders for the new weights, and the available prices.

    Raises
    ------
    MissingPrice
        If prices are missing, with the name of each.

    """
    try:
        return task.orders(result)
    except MissingPrice as error:
        names = ", ".join(error.tickers)
        msg = (
            f"No price for {len(error.tickers)} of the names to be traded: {names}. Enter them on the sheet "
            "Orders (yellow cells), or set a price file on the sheet Settings."
        )
        raise MissingPrice(msg, tickers=error.tickers) from None


def as_csv(proposed: Proposed, made: Orders, quotes: Quotes, violations: Sequence[str] = ()) -> str:
    """Return the order file as CSV: fund, dates, sources, cash and betas, then one row per order.

    ``violations`` are the ``violated_limits``.
    """
    result, holdings = made.result, made.result.aligned.holdings
    used = [order.ticker for order in made.orders]
    about: list[tuple[str, object]] = [
        ("fund", holdings.fund),
        ("as of", holdings.as_of or "unknown"),
        ("made at", f"{now():%Y-%m-%d %H:%M:%S} UTC"),
        ("proposal", proposed.lines[0]),
        ("new weights edited", ", ".join(proposed.edited) or "none"),
        ("limits broken", "; ".join(violations) or "none"),
        *((f"source of {part}", str(origin)) for part, origin in input_provenance(result).parts),
        ("source of prices", quotes.sentence(used)),
        ("net asset value", round(made.ticket.nav, 2)),
        ("cash before", round(holdings.cash * made.ticket.nav, 2)),
        ("cash after", round(made.cash, 2)),
    ]
    for name, beta in made.beta.items():
        about += [
            (f"beta to {name} before", result.before.beta[name]),
            (f"beta to {name} of the new weights", result.after.beta[name]),
            (f"beta to {name} after the orders", beta),
        ]
    about.append(("left out as too small", ", ".join(made.left_out) or "none"))
    about += [("warning", line) for line in result.warnings]
    rows = [
        [ticker, side.upper(), shares, price, round(value, 2), *groups]
        for ticker, side, shares, price, value, *groups in order_rows(made)
    ]
    head = to_csv([], about).lstrip("\n")
    return f"{head}\n{to_csv(order_formats.columns(made), rows)}"


def summary(proposed: Proposed, made: Orders, where: str, violations: Sequence[str] = ()) -> str:
    """Return the button's message: orders and file, the beta of edited weights, violated limits."""
    edited = proposed.edited
    notes = ""
    if edited:
        betas = ", ".join(f"{format_beta(beta)} to {etf}" for etf, beta in made.result.after.beta.items())
        notes = f" New weights edited: {listing(edited)}; with them the beta is {betas}."
    if violations:
        notes += f" Limits violated: {'; '.join(violations)}."
    return f"Orders: {len(made.for_broker())} in {where}.{notes}"
