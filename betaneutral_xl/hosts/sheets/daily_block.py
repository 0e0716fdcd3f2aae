"""The content of the sheet Today, and what the button Accept keeps."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import BetaNeutralError, InputError, listing
from betaneutral_xl.hosts.sheets import cells, order_list, worksheet
from betaneutral_xl.hosts.sheets.layout import FILLS, HISTORY_COLUMNS, TODAY
from betaneutral_xl.hosts.sheets.open_workbook import Sheets
from betaneutral_xl.hosts.sheets.proposal import Proposed
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.hosts.sheets.task import Task
from betaneutral_xl.job import run, standing
from betaneutral_xl.job.daily import build, plain, reconciliation
from betaneutral_xl.job.daily.page import PART_WORDS, Today

if TYPE_CHECKING:
    from betaneutral_xl.job.daily.reconciliation import Reconciliation


@dataclass(frozen=True, slots=True)
class Day:
    """What the button Today shows, and the files of the user's records that are ``kept`` with it.

    ``fills`` are the trades against the accepted orders; None where no file of trades is named.
    """

    found: Today
    fills: Reconciliation | None
    kept: Mapping[Path, bytes]

    @classmethod
    def of(cls, sheets: Sheets, task: Task) -> Day:
        """Compare the inputs of a workbook with the accepted proposal, and write nothing."""
        inputs, settings = task.inputs, task.session.settings
        request = task.request(inputs)
        quotes = task.quotes(inputs.holdings)
        found = build.today(
            request, inputs, settings, quotes=quotes, terms=task.terms, fetch_forecast=True, keep=False
        )
        records = build.records_of(request, inputs, settings)
        name = cells.text(cells.read(sheets.named(FILLS), "Trades to reconcile"))
        fills = None
        if name is not None:
            accepted = records.latest(inputs.etf_names)
            if accepted is None:
                msg = (
                    f"No proposal of {records.fund} was accepted, so there are no orders. Press Accept first."
                )
                raise InputError(msg)
            path = worksheet.resolve_file(task.session, name)
            fills = reconciliation.of_fills(accepted, reconciliation.load_fills(path, settings))
        return cls(found, fills, records.with_readings(build.readings(found))[1])

    @property
    def message(self) -> str:
        """The verdict, and what became of the orders, for the user."""
        lines = [self.found.headline]
        if self.found.accepted_at is None:
            lines.append("No proposal was accepted yet: press Rebalance, then Accept.")
        if self.fills is not None:
            lines.append(self.fills.headline)
        return "\n".join(lines)

    def rows(self) -> Rows:
        """Return the content of the sheet from its headline down, as one block."""
        found = self.found
        lines = plain.summary(found)[1:]
        if self.fills is not None:
            lines += reconciliation.lines(self.fills)
        about = f"{found.fund}, as of {found.as_of or 'an unknown day'}, seen {found.at:%Y-%m-%d %H:%M} UTC."
        top: list[list[Any]] = [[] for _ in range(TODAY.headline, TODAY.table)]
        top[0], top[TODAY.about - TODAY.headline] = [found.headline], [about]
        body = [row for one in lines for row in _line(one)]
        left = [*top, ["What", "Value", "Remark", None], *body]
        start, history = TODAY.history - TODAY.headline, _history(found)
        left += [[] for _ in range(len(left), start + len(history))]
        for place, row in enumerate(history, start):
            left[place] += [None] * (TODAY.left - 1 - len(left[place])) + row
        return cells.rectangle(left, cells.MAX_WRITTEN)


WIDE = 110
"""Characters of a remark in one row: only some programs make a row higher for the text in it."""


def _line(line: plain.SummaryLine) -> list[list[Any]]:
    """Return label, value, remark and the kind of the value; a long remark goes on in the rows below."""
    parts = textwrap.wrap(line.remark, WIDE)
    kind = str(line.kind) if isinstance(line.value, float) else None
    first = parts[0] if parts else None
    return [[line.label or None, line.value, first, kind], *([None, None, part] for part in parts[1:])]


def _history(found: Today) -> list[list[Any]]:
    """Return the last days of the ETF whose beta is farthest off, or of the first, below a header."""
    shown = max(found.betas, key=lambda one: one.off)
    readings = [one for one in found.history if one.etf == shown.etf][-TODAY.days :]
    head: list[Any] = [*HISTORY_COLUMNS]
    if len(found.betas) > 1:
        head[1] = f"Beta to {shown.etf}"
    return [
        head,
        *(
            [
                *(one.day, one.beta, one.target - one.tolerance, one.target + one.tolerance),
                *(one.target, one.accepted, one.verdict),
                *(one.parts.get(part) for part in PART_WORDS),
            ]
            for one in readings
        ),
    ]


def accepting(task: Task, proposed: Proposed) -> tuple[str, Mapping[Path, bytes]]:
    """Return what is told of the acceptance of the proposal on the sheet, and the files that keep it.

    Raises
    ------
    InputError
        If the proposal is of other inputs than the workbook's.

    """
    inputs = task.inputs
    request = task.request(inputs)
    new_weights = order_list.verified(task, proposed).new_weights
    result = replace(run.unchanged(request, inputs), new_weights=new_weights)
    orders, reason = None, ""
    try:
        orders, _ = order_list.orders_of(task, result)
    except BetaNeutralError as error:
        reason = f" It is kept in weights, without orders: {error}"
    outcome = run.Outcome(request, inputs, result)
    records = build.records_of(request, inputs, task.session.settings)
    found = records.acceptance(outcome, orders, task.stored)
    betas = ", ".join(
        f"beta to {name} {round(beta, 4) + 0.0:.4f}" for name, beta in found.accepted.betas.items()
    )
    what = f"{len(found.accepted.orders)} orders" if orders is not None else "new weights"
    edited = f" New weights edited: {listing(proposed.edited)}." if proposed.edited else ""
    broken = [*order_list.violated_limits(task, result), *_broken(task, result)]
    limits = f" Limits broken: {'; '.join(broken)}." if broken else ""
    line = f"Accepted for {records.fund}: {what}, {betas}.{edited}{limits}{reason}"
    return line, found.files


def _broken(task: Task, result: Any) -> list[str]:
    mandate = task.mandate
    if mandate is None:
        return []
    return [standing.sentence(one) for one in standing.lines(mandate, result) if not standing.kept((one,))]
