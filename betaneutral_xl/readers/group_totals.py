"""Rows of a table that are totals of some of its other rows, and figures of the whole: no positions.

Exports print the total of a sector, a strategy or a side above or below its rows, in words of their own.
Such a row has no shares and no price, or a total's word, and its number is the sum of the rows next to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.readers import asset_classes
from betaneutral_xl.readers.columns import Column
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.holdings_table import HoldingsTable
    from betaneutral_xl.readers.tabular.sheets import Row

MAX_CANDIDATES = 200
"""Rows that are tested: where more have no shares, that has another reason."""
ROUNDING = 0.006
"""By how much a value may differ from the exact one: half a cent."""
LONGEST_TICKER = 5
"""Letters of a ticker; capitals that are no more are no word."""
WEIGHT_RTOL = 1e-3
"""Relative rounding of a sum of weights."""

TOTAL_WORD = Pattern(r"\b(?:sub-?)?totals?\b|\bsumme?\b|\bgesamt", re.IGNORECASE)
GROUP_WORD = Pattern(
    r"\b(?:securities|portfolio|equit(?:y|ies)|stocks?|shares|holdings|positions|invested|investments?|exposure|longs?"
    r"|shorts?|net|gross|market value|assets|funds|etfs)\b",
    re.IGNORECASE,
)
"""Words of rows that may be the total of a part of a table."""
STATISTIC = Pattern(
    r"(?:(?:gross|net|long|short|total) )?(?:leverage|exposure)(?: ratio)?|long[/ ]short ratio"
    r"|(?:number|no\.?|#) of (?:positions|holdings|stocks|securities)"
    r"|(?:stock |option )?buying power|(?:excess|look ahead) liquidity|available funds"
    r"|(?:(?:current )?(?:maintenance|initial) )?margin(?: requirement)?"
    r"|(?:(?:un)?reali[sz]ed |total |day'?s? )?(?:p ?& ?l|gains?|losses|(?:gain|profit) ?(?:/|and|&) ?loss)"
    r"|(?:total )?net asset value|difference|check",
    re.IGNORECASE,
)
"""Rows that are no positions whatever their number is."""


def group_totals(table: HoldingsTable, rows: Sequence[Row]) -> set[int]:
    """Return the indices of the rows that are totals of others, or figures of the whole."""
    column = Column.MARKET_VALUE if Column.MARKET_VALUE in table.header.indices else Column.WEIGHT
    counted = Column.SHARES in table.header.indices
    candidates = {i for i, row in enumerate(rows) if _may_be_total(table, row, counted=counted)}
    if not candidates or len(candidates) > MAX_CANDIDATES:
        return set()
    figures = {i for i in candidates if STATISTIC.fullmatch(_label(table, rows[i]))}
    numbers = [table.number(row, column) or 0.0 for row in rows]
    cash = {i for i, row in enumerate(rows) if _is_cash(table, row)}
    most_counted = counted and 2 * sum(bool(table.text(row, Column.SHARES)) for row in rows) > len(
        rows
    ) - len(cash)
    words = {i for i in candidates if TOTAL_WORD.search(_label(table, rows[i]))}
    weak = {i for i in candidates - words if most_counted and not table.text(rows[i], Column.SHARES)}
    weak |= {
        i for i in candidates - words if column is Column.MARKET_VALUE and _has_group_word(table, rows[i])
    }
    possible = (words | weak) - figures - cash
    positions = [i for i in range(len(rows)) if i not in possible | figures]
    sums = _Sums(numbers, positions, cash, exact=column is Column.MARKET_VALUE)
    found = {i for i in possible if sums.proves(i, possible | figures, least=1 if i in words else 2)}
    if found - words:  # of a table with totals without a word, those of one row are totals too
        found |= {i for i in possible - found if sums.proves(i, possible | figures, least=1)}
    return found | figures


class _Sums:
    """Sums of the positions around a row."""

    def __init__(
        self, numbers: Sequence[float], positions: Sequence[int], cash: set[int], *, exact: bool
    ) -> None:
        self.numbers = numbers
        self.positions = positions
        self.cash = cash
        self.exact = exact

    def proves(self, i: int, apart: set[int], *, least: int) -> bool:
        """Whether a number is the sum of the positions before it or after it, or of all of one kind."""
        if not self.numbers[i]:
            return False
        last = max((j for j in apart if j < i), default=-1)
        following = min((j for j in apart if j > i), default=len(self.numbers))
        above = [j for j in self.positions if j < i]
        invested = [j for j in above if j not in self.cash]
        below = [j for j in self.positions if i < j < following]
        groups = (
            [j for j in above if j > last],
            [j for j in invested if j > last],
            below,
            [j for j in below if j not in self.cash],
            above,
            invested,
            [j for j in invested if self.numbers[j] > 0.0],
            [j for j in invested if self.numbers[j] < 0.0],
        )
        return any(len(group) >= least and self._adds(i, group) for group in groups)

    def _adds(self, i: int, group: Sequence[int]) -> bool:
        added = math.fsum(self.numbers[j] for j in group)
        if self.exact:
            return math.isclose(self.numbers[i], added, rel_tol=1e-9, abs_tol=ROUNDING * len(group))
        return math.isclose(self.numbers[i], added, rel_tol=WEIGHT_RTOL)


def _may_be_total(table: HoldingsTable, row: Row, *, counted: bool) -> bool:
    """Whether a row may be a total: a cheap test, for every row."""
    header = table.header
    if counted and not header.cell(row, Column.SHARES):
        return not _is_identified(table, row)
    text = header.cell(row, Column.TICKER) or header.cell(row, Column.NAME)
    if text.isupper() and len(text) <= LONGEST_TICKER:
        return False
    lower = text.lower()
    return any(word in lower for word in _WORDS) and not _is_identified(table, row)


_WORDS = ("total", "sum", "gesamt", "securit", "portfolio", "equit", "stock", "shares", "holding", "position",
          "invest", "exposure", "long", "short", "net", "gross", "value", "assets", "funds", "etfs",
          "leverage", "number of", "# of", "power", "liquidity", "margin", "p&l", "p & l", "gain", "loss",
          "difference", "check", "available")  # fmt: skip
"""Of which every total's row with a word has one."""


def _is_identified(table: HoldingsTable, row: Row) -> bool:
    columns = (Column.ISIN, Column.CUSIP, Column.SEDOL, Column.PRICE)
    return any(table.text(row, column) for column in columns)


def _is_cash(table: HoldingsTable, row: Row) -> bool:
    return AssetClass.CASH in {
        asset_classes.of_flag(table.text(row, Column.TICKER) or table.text(row, Column.NAME)),
        asset_classes.of_flag(table.text(row, Column.ASSET_CLASS)),
        asset_classes.of_name(table.text(row, Column.NAME), table.text(row, Column.TICKER)),
    }


def _label(table: HoldingsTable, row: Row) -> str:
    return table.text(row, Column.NAME) or table.text(row, Column.TICKER)


def _has_group_word(table: HoldingsTable, row: Row) -> bool:
    return GROUP_WORD.search(_label(table, row)) is not None
