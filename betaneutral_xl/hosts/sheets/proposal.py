"""The proposal on its sheet, as it is read back: the user may have edited its new weights."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.open_workbook import Sheets
from betaneutral_xl.hosts.sheets.proposal_block import column_of, heading
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.model.portfolio import SAME_WEIGHT
from betaneutral_xl.model.positions import CASH

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance


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
                places.setdefault(
                    column_of(str(cell)), place
                )  # the user's own columns are to the right of ours
        if not {"ticker", "weight", "new_weight", "trade"} <= places.keys():
            msg = (
                "The proposal's table needs the columns Ticker, Weight, New weight and Trade "
                f"(found: {', '.join(map(heading, places))}). Press Rebalance."
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
                    name: cells.as_number(row[place], f"{heading(name)} of {ticker} in the proposal")
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
