"""Layouts of brokers' tables of positions that their cells tell: brought into one row a position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.errors import listing
from betaneutral_xl.model.contracts import is_option
from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.model.printed import cell_text, clean, number
from betaneutral_xl.model.tickers import CURRENCIES
from betaneutral_xl.readers import asset_classes
from betaneutral_xl.readers.columns import CODE_COLUMNS, Column, Header, header_key
from betaneutral_xl.readers.holdings_table import TICKER_ALONE, HoldingsTable
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

COUNTS = frozenset({"position", "positions", "pos", "holding", "holdings"})
"""Headers that mean a name, or a number of shares."""
SAMPLE = 50
MIN_COLUMNS = 5
"""Columns of a table below which a row of two cells may be a position."""
SYMBOL = Pattern(r"[A-Z]{1,5}(?:[./][A-Z]{1,2})?")


def numbers_as_shares(rows: Sequence[Row], header: Header) -> Header:
    """Read a column ``Position`` of numbers as one of shares, not of names."""
    candidates = [i for i in header.indices.get(Column.NAME, ()) if header_key(header.texts[i]) in COUNTS]
    if not candidates or Column.SHARES in header.indices:
        return header
    below = rows[header.row + 1 : header.row + 1 + SAMPLE]
    for i in candidates:
        texts = [text for row in below if i < len(row) and (text := cell_text(row[i]))]
        if texts and 2 * sum(number(text) is not None for text in texts) > len(texts):
            names = tuple(one for one in header.indices[Column.NAME] if one != i)
            indices = {**header.indices, Column.NAME: names, Column.SHARES: (i,)}
            return replace(header, indices={column: found for column, found in indices.items() if found})
    return header


def tickers_from_headings(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Give rows the ticker that stands alone above them, in a table whose rows have names only.

    thinkorswim prints a row of the underlying's symbol, then a row for the shares and one for each option.
    """
    name, shares = (header.indices.get(one, (None,))[0] for one in (Column.NAME, Column.SHARES))
    if name is None or shares is None or Column.TICKER in header.indices:
        return sheet, header
    rows = list(sheet.rows)
    heading, applied = "", False
    for i in range(header.row + 1, len(rows)):
        row = rows[i]
        text = cell_text(row[name]) if name < len(row) else ""
        held = shares < len(row) and number(row[shares]) is not None
        if not row or not text:
            heading = "" if not row else heading
        elif not held:
            heading = text if SYMBOL.fullmatch(text) else ""
        elif heading and not SYMBOL.fullmatch(text):
            is_contract = is_option(f"{heading} {text}")
            rows[i] = header.with_last_cell(row, f"{heading} {text}" if is_contract else heading)
            applied = True
        elif SYMBOL.fullmatch(text) or asset_classes.of_name(text) is not None or is_option(text):
            rows[i] = header.with_last_cell(row, text)
    if not applied:
        return sheet, header
    return replace(sheet, rows=tuple(rows)), header.with_last(Column.TICKER, "symbol")


def without_summary_lines(table: HoldingsTable) -> HoldingsTable:
    """Leave out lines of a label and an amount below a wide table, other than cash, with a warning."""
    if sum(map(bool, map(clean, table.header.texts))) < MIN_COLUMNS:
        return table
    kept: list[Row] = []
    left: list[Row] = []
    below = False
    listed = {id(row) for row in table.rows}
    for row in table.source.rows[table.header.row + 1 :]:
        below = below or not row
        if id(row) not in listed:
            continue
        (left if below and _is_summary(row) else kept).append(row)
    if not left or len(kept) + len(left) < len(table.rows):
        return table
    first = " ".join(clean(cell) for cell in left[0] if clean(cell))
    note = (
        f"{len(left)} lines of a label and an amount below the positions are not read (first: {first[:60]})."
    )
    return replace(table, rows=tuple(kept), warnings=(*table.warnings, note))


def _is_summary(row: Row) -> bool:
    cells = [text for cell in row if (text := cell_text(cell))]
    return (
        len(cells) == 2  # noqa: PLR2004 - a label and an amount
        and number(cells[0]) is None
        and TICKER_ALONE.fullmatch(cells[0]) is None
        and asset_classes.of_name(cells[0]) is not AssetClass.CASH
    )


CURRENCY_PAIR = Pattern(r"([A-Z]{3})[./]([A-Z]{3})")


def without_currency_pairs(table: HoldingsTable) -> HoldingsTable:
    """Leave out rows of a currency pair (``EUR.USD``), with a warning.

    Interactive Brokers lists the trades of currencies so beside the cash that they made.
    """
    if Column.TICKER not in table.header.indices:
        return table
    pairs = [row for row in table.rows if _is_pair(table.text(row, Column.TICKER))]
    if not pairs:
        return table
    left = {id(row) for row in pairs}
    names = listing([table.text(row, Column.TICKER) for row in pairs])
    note = (
        f"Currency pairs are no positions, and are left out: {names}. Their money is in the cash balances: "
        "if the file has none, add rows of cash, or state the net asset value."
    )
    rows = tuple(row for row in table.rows if id(row) not in left)
    return replace(table, rows=rows, warnings=(*table.warnings, note))


def _is_pair(text: str) -> bool:
    match = CURRENCY_PAIR.fullmatch(text)
    return match is not None and set(match.groups()) <= CURRENCIES


def with_tickers_of(table: HoldingsTable, tickers: Mapping[str, str]) -> HoldingsTable:
    """Return a table whose rows without a ticker have that of their identifier, with a note of how many."""
    if not tickers or not any(code in table.header.indices for code in CODE_COLUMNS):
        return table
    header, width = table.header, len(table.header.texts)
    place = header.indices.get(Column.TICKER, (width,))[0]
    new: dict[int, Row] = {}
    for row in table.rows:
        found = next(
            (tickers[text] for one in CODE_COLUMNS if (text := table.text(row, one).upper()) in tickers), ""
        )
        if found and not table.text(row, Column.TICKER):
            cells = [*row, *[""] * (place + 1 - len(row))]
            cells[place] = found
            new[id(row)] = tuple(cells)
    if not new:
        return table
    if place == width:
        header = header.with_last(Column.TICKER, "ticker")
    note = f"{len(new)} of {len(table.rows)} rows have their ticker from the table of tickers by identifier."
    return replace(
        table,
        header=header,
        rows=tuple(new.get(id(row), row) for row in table.rows),
        source=replace(table.source, rows=tuple(new.get(id(row), row) for row in table.source.rows)),
        warnings=(*table.warnings, note),
    )
