"""A portfolio's table without a header row: its columns by their number and their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.model.printed import MISSING, cell_text, is_percentage, number, uses_decimal_comma
from betaneutral_xl.readers.columns import Column, Header
from betaneutral_xl.readers.holdings_table import HoldingsTable

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import TextSheet

DEFAULT_COLUMNS = {
    2: (Column.TICKER, Column.WEIGHT),
    3: (Column.TICKER, Column.SHARES, Column.PRICE),
    4: (Column.TICKER, Column.SHARES, Column.PRICE, Column.MARKET_VALUE),
}
"""Columns of a table without a header, by its width."""

WEIGHT_SUMS = ((0.98, 1.02), (98.0, 102.0))
"""Ranges of the sum of weights, in decimals and in percent."""


def headerless_table(sheets: Sequence[TextSheet], file_name: str) -> HoldingsTable | None:
    """Return a table without a header row, None if it is not one; ambiguous columns are refused."""
    sheet = next((sheet for sheet in sheets if sheet.rows), None)
    rows = [row for row in sheet.rows if row] if sheet else []
    width = max(map(len, rows), default=0)
    if sheet is None or width not in DEFAULT_COLUMNS:
        return None
    numeric = [cell for row in rows for cell in row[1:]]
    comma = uses_decimal_comma(numeric, otherwise=sheet.delimiter == ";")
    columns = [
        [number(row[i], decimal_comma=comma) if i < len(row) else None for row in rows]
        for i in range(1, width)
    ]
    words = [cell for cell in numeric if cell_text(cell) and number(cell, decimal_comma=comma) is None]
    blank = sum(all(column[i] is None for column in columns) for i in range(len(rows)))
    if words or 2 * blank > len(rows):
        return None
    if any(number(row[0]) is not None or cell_text(row[0]).casefold() in MISSING for row in rows):
        return None
    first = math.fsum(value or 0.0 for value in columns[0])
    known = [value for value in columns[0] if value is not None]
    are_weights = (
        any(low <= first <= high for low, high in WEIGHT_SUMS)
        or any(is_percentage(row[1]) for row in rows if len(row) > 1)
        or (all(abs(value) <= 1.0 for value in known) and not all(map(float.is_integer, known)))
    )
    if are_weights != (width == len((Column.TICKER, Column.WEIGHT))):
        kinds = " or ".join(" and ".join(c.value for c in DEFAULT_COLUMNS[w][1:3]) for w in (2, 3))
        msg = (
            f"{file_name} has no header, and its numbers can be {kinds}. "
            "Write the header ticker,weight or ticker,shares,price as its first line."
        )
        raise UnreadableFile(msg)
    texts = tuple(column.value for column in DEFAULT_COLUMNS[width])
    header = Header(
        row=-1, texts=texts, indices={column: (i,) for i, column in enumerate(DEFAULT_COLUMNS[width])}
    )
    return HoldingsTable(
        header=header,
        rows=tuple(rows),
        decimal_comma=comma,
        source=sheet,
        file_name=file_name,
        warnings=(f"{file_name} has no header; its columns are taken as {', '.join(texts)}.",),
    )
