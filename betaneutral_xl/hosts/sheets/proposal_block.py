"""The block of cells on the sheet Proposal, made from a result."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import BetaNeutralError, listing
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.layout import FIXED_COLUMNS, PROPOSAL, PROPOSAL_COLUMNS
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.hosts.sheets.task import Task
from betaneutral_xl.job import views
from betaneutral_xl.job.answer import words
from betaneutral_xl.job.answer.lines import TradeLine
from betaneutral_xl.model.notices import grouped
from betaneutral_xl.model.provenance import now

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.model.portfolio import Holdings


@dataclass(frozen=True, slots=True)
class ShareOrders:
    """The orders of a result, as the sheet shows them, with notes; or the reason why there are none.

    Shares to be traded are signed, prices per share in the base currency; both by ticker.
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
        lines = (*quotes.doubtful(used), *instead, after_orders(made), quotes.sentence(used))
        return cls(shares, quotes.prices, lines)


def _legs_text(made: Orders) -> str:
    orders = made.for_broker()
    return ", ".join(f"{one.side} {one.shares:,} {one.ticker} at {one.price:,.2f}" for one in orders)


def after_orders(made: Orders) -> str:
    """Return a sentence with the beta and the cash after the orders."""
    betas = ", ".join(f"{format_beta(beta)} to {name}" for name, beta in made.beta.items())
    small = f" Left out as too small: {listing(made.left_out)}." if made.left_out else ""
    return f"After rounding to shares the beta is {betas}, the cash {made.cash:,.0f}.{small}"


def format_beta(beta: float) -> str:
    """Return a beta with four decimals and no negative zero."""
    return f"{beta:.4f}".replace("-0.0000", "0.0000")


# ---------------------------------------------------------------- the block


def block(task: Task, result: Rebalance, share_orders: ShareOrders) -> Rows:
    """Return the content of the sheet, from its headline down, as one block."""
    sheet: dict[tuple[int, int], Any] = {}
    _lines_at_the_top(sheet, result)
    _measures(sheet, result)
    notes = fitted(
        (*share_orders.lines, *by_severity(result.warnings)), PROPOSAL.table - PROPOSAL.headline - 1
    )
    _put(sheet, PROPOSAL.headline, PROPOSAL.notes, [["Notes and warnings"], *([note] for note in notes)])
    _put(sheet, PROPOSAL.table, 1, table(result, share_orders, task.net_asset_value(result)))
    return cells.rectangle(_rows(sheet), cells.MAX_WRITTEN)


def _put(sheet: dict[tuple[int, int], Any], row: int, column: int, rows: Iterable[Sequence[Any]]) -> None:
    sheet.update(
        ((row + i, column + j), cell) for i, values in enumerate(rows) for j, cell in enumerate(values)
    )


def _rows(sheet: Mapping[tuple[int, int], Any]) -> list[list[Any]]:
    """Return rows from the headline on, of which each ends with its last cell."""
    rows: list[list[Any]] = [[] for _ in range(PROPOSAL.headline, max(row for row, _ in sheet) + 1)]
    for (row, column), cell in sorted(sheet.items(), key=lambda item: item[0]):
        line = rows[row - PROPOSAL.headline]
        line += [None] * (column - 1 - len(line)) + [cell]
    return rows


def _lines_at_the_top(sheet: dict[tuple[int, int], Any], result: Rebalance) -> None:
    warnings = by_severity(result.warnings)
    worst, *others = [*warnings[:2], "", ""]
    count = len(warnings)
    where = f" (all in column {cells.letters(PROPOSAL.notes)})" if count > 2 else ""  # noqa: PLR2004 - shown here
    title = f"{counted(count, 'warning')}{where}: " if count else "No warnings."
    lines = (
        (PROPOSAL.headline, views.headline(result)),
        (PROPOSAL.verdict, words.verdict(result)),
        (PROPOSAL.sources, f"Computed {now():%Y-%m-%d %H:%M} UTC. {_sources(result)}"),
        (PROPOSAL.warned, f"{title}{worst}"),
        (PROPOSAL.warned + 1, others[0]),
    )
    for row, line in lines:
        _put(sheet, row, 1, [[line or None]])


def by_severity(warnings: Sequence[str]) -> list[str]:
    """Return warnings in the order of the answer page: what changes the answer first."""
    return [line for group in grouped(warnings) for line in group.lines]


def _sources(result: Rebalance) -> str:
    return "; ".join(
        f"{one.location or one.source} ({one.retrieval}) as of {one.as_of or 'an unknown day'}"
        for one in result.sources
    )


def _measures(sheet: dict[tuple[int, int], Any], result: Rebalance) -> None:
    """Put the measures between the headers; those that do not fit stand beside, with their value alone."""
    lines = [_measure(one, result) for one in views.lines(result)]
    room = PROPOSAL.table - PROPOSAL.measures - 1
    head = ["Measure", "Before", "After", "Uncertainty (95 %)", None, "Coverage"]
    _put(sheet, PROPOSAL.measures, 1, [head, *lines[:room]])
    beside = [[line[0], None, line[2]] for line in lines[room:]]
    if beside:
        _put(sheet, PROPOSAL.measures, PROPOSAL.further, [["Measure", None, "After"], *beside])


def _measure(line: views.Line, result: Rebalance) -> list[Any]:
    label, after = hedge_in_words(line, result)
    covered = None if math.isnan(line.coverage) else line.coverage
    return [label, line.before, after, _uncertainty(line), None, covered]


HEDGE = "hedge ratio "


def hedge_in_words(line: views.Line, result: Rebalance) -> tuple[str, float]:
    """Return label and value of a measure, where a hedge ratio says whether to sell or to buy.

    Reweighting needs no hedge: its ratios are the alternative.
    """
    if not line.label.startswith(HEDGE):
        return line.label[0].upper() + line.label[1:], line.after
    side = "buy" if line.after < 0.0 else "sell"
    kind = "In place of the names" if result.method == "hedge" else "Hedge instead"
    return f"{kind}: {side} {line.label.removeprefix(HEDGE)}", abs(line.after)


def _uncertainty(line: views.Line) -> str | None:
    """Return the uncertainty of a beta before and after; None where there is none."""
    if line.before_forecast is None or line.after_forecast is None:
        return None
    texts = [views.uncertainty_text(one, 2) for one in (line.before_forecast, line.after_forecast)]
    return " -> ".join(dict.fromkeys(filter(None, texts))) or None


def fitted(notes: Sequence[str], room: int) -> Sequence[str]:
    """Return as many notes as there is room for, the last of which counts the others."""
    return (
        notes
        if len(notes) <= room
        else (*notes[: room - 1], f"and {len(notes) - room + 1} more: see the report")
    )


def table(result: Rebalance, share_orders: ShareOrders, nav: float | None) -> list[list[Any]]:
    """Return the table with its header, the largest trade first, names without a trade last, then cash."""
    holdings = result.aligned.holdings
    heads = [name for name, _ in PROPOSAL_COLUMNS[:FIXED_COLUMNS]]
    heads += [name for name in result.columns if name.startswith(("etf_weight", "predicted_beta"))]
    heads += ["groups"] * bool(holdings.kinds_of_groups)
    *names, cash = [dict(zip(result.columns, row, strict=True)) for row in result.rows()]
    traded = set(result.traded)
    names.sort(key=lambda row: _order(row, traded))
    found: list[list[Any]] = [[heading(name) for name in heads]]
    for row in (*names, cash):
        name = str(row["ticker"])
        trade = float(row["trade"])
        shown: dict[str, Any] = {
            **row,
            "side": side(row, traded),
            "trade_value": None if nav is None else trade * nav,
            "price": share_orders.prices.get(name),
            "shares": share_orders.shares.get(name),
            "groups": _groups(holdings, name),
        }
        found.append([shown[head] for head in heads])
    return found


def _groups(holdings: Holdings, name: str) -> str | None:
    """Return the sector, country and other groups of a name; None where it has none."""
    labels = holdings.groups_of.get(name, {})
    return ", ".join(labels[kind] for kind in holdings.kinds_of_groups if labels.get(kind)) or None


def _order(row: Mapping[str, Any], traded: set[str]) -> tuple[bool, float, float, str]:
    return row["ticker"] not in traded, -abs(row["trade"]), -abs(row["weight"]), row["ticker"]


def side(row: Mapping[str, Any], traded: set[str]) -> str | None:
    """Return what is done with a name, in words; None where nothing is.

    >>> side({"ticker": "A", "weight": 0.1, "new_weight": -0.1, "trade": -0.2}, {"A"})
    'Sell and sell short'
    """
    if row["ticker"] not in traded:
        return None
    line = TradeLine(ticker=row["ticker"], before=row["weight"], after=row["new_weight"], beta_change=())
    return line.side.capitalize()


def heading(column: str) -> str:
    """Return the heading of a column, with the ETF's name if it has one.

    >>> heading("predicted_beta_JHAI"), heading("new_weight")
    ('Predicted beta JHAI', 'New weight')
    """
    for name, title in PROPOSAL_COLUMNS:
        if column == name or (column.startswith(f"{name}_") and name in {"etf_weight", "predicted_beta"}):
            return title + column.removeprefix(name).replace("_", " ", 1)
    return column


def column_of(text: str) -> str:
    """Return the column of a heading; a text that is no heading is returned as it is.

    >>> column_of("Predicted beta JHAI"), column_of("New weight"), column_of("my note")
    ('predicted_beta_JHAI', 'new_weight', 'my note')
    """
    for name, title in PROPOSAL_COLUMNS:
        if text == title:
            return name
        if text.startswith(f"{title} ") and name in {"etf_weight", "predicted_beta"}:
            return f"{name}_{text.removeprefix(title).strip()}"
    return text


def counted(count: int, what: str) -> str:
    """Return a count with its noun: 1 trade, 2 trades."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
