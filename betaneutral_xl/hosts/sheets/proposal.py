"""The block of cells on the sheet Proposal: written from a result, and read back."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.orders import SAME_WEIGHT
from betaneutral_xl.engine.result import CASH
from betaneutral_xl.errors import BetaNeutralError, InputError, listing
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet
from betaneutral_xl.job import views
from betaneutral_xl.model.provenance import now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.hosts.sheets.open_workbook import Sheets
    from betaneutral_xl.hosts.sheets.session import Rows
    from betaneutral_xl.hosts.sheets.task import Task


@dataclass(frozen=True, slots=True)
class ShareOrders:
    """The whole-share orders of a result, as the sheet shows them.

    Attributes
    ----------
    shares, prices
        Signed shares to be traded, and prices per share in the base currency; by ticker.
    lines
        Notes on the orders.
    reason
        Why there are no orders; empty if there are.

    """

    shares: Mapping[str, float]
    prices: Mapping[str, float]
    lines: tuple[str, ...]
    reason: str = ""

    @classmethod
    def of(cls, task: Task, result: Rebalance) -> ShareOrders:
        """Compute the orders of a result; if that fails, keep the reason."""
        try:
            made, quotes = task.orders(result)
        except BetaNeutralError as error:
            reason = f"No orders: {error}"
            return cls({}, {}, (reason,), reason)
        used = [order.ticker for order in made.orders]
        shares = {order.ticker: float(order.signed_shares) for order in made.orders}
        instead = [f"Instead of the names: {_legs_text(made)}."] if made.in_etfs else []
        return cls(shares, quotes.prices, (*instead, after_orders(made), quotes.sentence(used)))


def block(task: Task, result: Rebalance, share_orders: ShareOrders) -> Rows:
    """Return the content of the sheet, from its headline down, as one block."""
    holdings = result.aligned.holdings
    made = f"{now():%Y-%m-%d %H:%M} UTC"
    rows: dict[int, list[Any]] = {
        PROPOSAL.headline: [views.headline(result)],
        PROPOSAL.headline + 1: [f"Holdings as of {holdings.as_of or 'an unknown day'}; computed {made}"],
    }
    rows[PROPOSAL.measures] = [
        "measure",
        "before",
        "after",
        "uncertainty_before",
        "uncertainty_after",
        "coverage",
    ]
    for i, one in enumerate(views.lines(result), start=1):
        known = [each and views.uncertainty_text(each) for each in (one.before_forecast, one.after_forecast)]
        covered = None if math.isnan(one.coverage) else one.coverage
        rows[PROPOSAL.measures + i] = [one.label, one.before, one.after, *known, covered]
    room = PROPOSAL.table - PROPOSAL.warnings - 2
    notes = (*share_orders.lines, *result.warnings)
    if len(notes) > room:
        notes = (*notes[: room - 1], f"and {len(notes) - room + 1} more: see the report")
    right = [
        ["Location", "Source", "As of", "Retrieval"],
        *([one.location, one.source, str(one.as_of or ""), str(one.retrieval)] for one in result.sources),
    ]
    for start, lines in ((PROPOSAL.sources, right), (PROPOSAL.warnings, [[line] for line in notes])):
        for i, beside in enumerate(lines):
            line = rows.setdefault(start + i, [])
            line += [None] * (PROPOSAL.beside - 1 - len(line)) + beside
    nav = task.net_asset_value(result)
    rows[PROPOSAL.table] = [*result.columns, "trade_value", "price", "shares"]
    for i, weights in enumerate(result.rows(), start=1):
        name = str(weights[0])
        value = None if nav is None else float(weights[-1]) * nav
        rows[PROPOSAL.table + i] = [
            *weights,
            value,
            share_orders.prices.get(name),
            share_orders.shares.get(name),
        ]
    lines = [rows.get(row, []) for row in range(PROPOSAL.headline, max(rows) + 1)]
    return cells.rectangle(lines, cells.MAX_WRITTEN)


def _legs_text(made: Orders) -> str:
    return ", ".join(f"{leg.action} {leg.shares:,} {leg.ticker} at {leg.price:,.2f}" for leg in made.legs())


def after_orders(made: Orders) -> str:
    """Return a sentence with the beta and the cash after whole-share orders."""
    betas = ", ".join(f"{format_beta(beta)} to {name}" for name, beta in made.beta.items())
    small = f" Left out as too small: {listing(made.left_out)}." if made.left_out else ""
    return f"In whole shares the beta is {betas}, the cash {made.cash:,.0f}.{small}"


def format_beta(beta: float) -> str:
    """Return a beta with four decimals and no negative zero."""
    return f"{beta:.4f}".replace("-0.0000", "0.0000")


# ---------------------------------------------------------------- reading it back

_READ = re.compile(r"weight|new_weight|trade|(etf_weight|predicted_beta)(_.+)?")
"""The columns that are read back; others follow from these, or are the user's own."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """The proposal on the sheet; ``rows`` maps a ticker to its weights and betas by column."""

    lines: tuple[str, str]
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, rows: Rows) -> Proposed:
        """Read the block of a sheet.

        Raises
        ------
        InputError
            If the table lacks a column, lists a ticker twice, or a cell holds no number.

        """
        head, *body = rows[PROPOSAL.table - PROPOSAL.headline :]
        places: dict[str, int] = {}
        for place, cell in enumerate(head):
            if cell is not None:
                places.setdefault(str(cell), place)  # the user's own columns are to the right of ours
        if not {"ticker", "weight", "new_weight", "trade"} <= places.keys():
            msg = (
                "The proposal's table needs the columns ticker, weight, new_weight and trade "
                f"(found: {', '.join(places)}). Press Rebalance."
            )
            raise InputError(msg)
        found: dict[str, dict[str, float]] = {}
        for row in body:
            ticker = cells.as_text(row[places["ticker"]], "a ticker of the proposal")
            if ticker in found:
                msg = f"The proposal has two rows of {ticker}. Press Rebalance."
                raise InputError(msg, tickers=[ticker])
            if ticker:
                found[ticker] = {
                    name: cells.as_number(row[place], f"{name} of {ticker} in the proposal")
                    for name, place in places.items()
                    if _READ.fullmatch(name)
                }
        return cls((str(rows[0][0]), str(rows[1][0])), tuple(places), found)

    @property
    def edited(self) -> tuple[str, ...]:
        """The names whose new weight differs from the sum of their weight and trade."""
        return tuple(
            name
            for name, row in self.rows.items()
            if name != CASH and not abs(row["weight"] + row["trade"] - row["new_weight"]) <= SAME_WEIGHT
        )


def difference(proposed: Proposed, result: Rebalance) -> str:
    """Return how many new weights of a proposal and a result differ, and the largest difference; or ""."""
    there = {name: row["new_weight"] for name, row in proposed.rows.items() if name != CASH}
    here = dict(zip(result.tickers, result.new_weights.tolist(), strict=True))
    gaps = {name: abs(there.get(name, 0.0) - here.get(name, 0.0)) for name in {**here, **there}}
    other = {name: math.inf if math.isnan(gap) else gap for name, gap in gaps.items()}
    other = {name: gap for name, gap in other.items() if gap > SAME_WEIGHT}
    if not other:
        return ""
    most = max(other, key=lambda name: other[name])
    shown, computed = (_percent(weights.get(most, 0.0)) for weights in (there, here))
    names = "1 new weight" if len(other) == 1 else f"{len(other)} new weights"
    return f"{names}, most in {most}: {shown} on the sheet, {computed} in the report"


def _percent(weight: float) -> str:
    return "blank" if math.isnan(weight) else f"{weight:.2%}"


def on_sheet(sheets: Sheets, sheet: Sheet) -> Rows:
    """Return the block of the proposal on a sheet; empty if there is none."""
    grid = cells.read(sheets.below(sheet, PROPOSAL.headline), sheet)
    found = cells.rectangle((*[()] * (grid.top - 1), *grid.rows), cells.MAX_WRITTEN)
    return found if len(found) > PROPOSAL.table - PROPOSAL.headline else ()
