"""Interactive Brokers' activity statement: a file of named sections, of which some tell the portfolio.

The first cell of each row is its section's name, the second is Header, Data or Total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile, listing
from betaneutral_xl.model.printed import clean, number
from betaneutral_xl.readers.columns import Column, header_key

if TYPE_CHECKING:
    from betaneutral_xl.readers.holdings_table import HoldingsTable
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

ROW_KINDS = frozenset({"header", "data", "total", "subtotal", "notes"})
MIN_NAMED = 0.9
"""Share of the rows that have such a kind."""

POSITIONS = "open positions"

Parts = Mapping[str, Sequence["Row"]]


def statement_parts(sheet: TextSheet, file_name: str) -> Parts | None:
    """Return the header and data rows of each section by its name, without the first two cells.

    None of a file that is no statement. Raises ``UnreadableFile`` for one without the section of open
    positions, or in another language.
    """
    rows = [row for row in sheet.rows if row]
    if sum(len(row) > 1 and clean(row[1]).casefold() in ROW_KINDS for row in rows) < MIN_NAMED * len(rows):
        return None
    parts: dict[str, list[Row]] = {}
    for row in rows:
        if len(row) > 2 and clean(row[1]).casefold() in {"header", "data"}:  # noqa: PLR2004 - two to begin
            parts.setdefault(clean(row[0]).casefold(), []).append(row[2:])
    if len(parts) > 1 and not parts.get(POSITIONS):
        msg = (
            f"{file_name} is a broker's statement with the sections {listing(list(parts))}, but without "
            "Open Positions. Export it in English, with that section."
        )
        raise UnreadableFile(msg)
    return parts or None


def completed(table: HoldingsTable, parts: Parts) -> HoldingsTable:
    """Return the table of open positions with the statement's rates, ending cash and period."""
    table = _with_rates(table, _rates(parts))
    cash, note = _ending_cash(parts.get("cash report", ()))
    if cash is not None:
        line = [""] * len(table.header.texts)
        name = Column.TICKER if Column.TICKER in table.header.indices else Column.NAME
        line[table.header.indices[name][0]] = "CASH"
        if Column.MARKET_VALUE in table.header.indices:
            line[table.header.indices[Column.MARKET_VALUE][0]] = cash
        if Column.FX_RATE in table.header.indices:
            line[table.header.indices[Column.FX_RATE][0]] = "1"
        table = replace(table, rows=(*table.rows, tuple(line)))
    period = tuple(tuple(_last_day(row)) for row in parts.get("statement", ()))
    return replace(table, before=period, after=(), warnings=(*table.warnings, note))


def _last_day(row: Row) -> Row:
    """Return the row of a period with its end only: the positions are those of that day."""
    if not row or header_key(row[0]) != "period":
        return row
    return ("Positions as of", *(cell.rpartition(" - ")[2] for cell in row[1:]))


def _rates(parts: Parts) -> dict[str, str]:
    """Return base currency per unit of each currency, as printed; that of the base itself is 1."""
    rates = _column(parts.get("forex balances", ()), "description", "close price")
    rates |= _column(parts.get("base currency exchange rate", ()), "currency", "rate")
    base = next(
        (row[1] for row in parts.get("account information", ()) if header_key(row[0]) == "base currency"), ""
    )
    return {**rates, clean(base).upper(): "1"} if base else rates


def _column(rows: Sequence[Row], key: str, value: str) -> dict[str, str]:
    """Return the column ``value`` of a section by its column ``key``, numbers only."""
    found: dict[str, str] = {}
    header: list[str] = []
    for row in rows:
        words = [header_key(cell) for cell in row]
        if key in words and value in words:
            header = words
        elif header:
            cells = dict(zip(header, row, strict=False))
            if number(cells.get(value, "")) is not None:
                found[clean(cells.get(key, "")).upper()] = cells[value]
    return found


def _with_rates(table: HoldingsTable, rates: Mapping[str, str]) -> HoldingsTable:
    """Return the table with a column of the rate of each row's currency, if it has several and all rates."""
    codes = {table.text(row, Column.CURRENCY).upper() for row in table.rows}
    if not codes <= rates.keys() or codes == {""} or Column.FX_RATE in table.header.indices:
        return table
    rows = tuple(
        table.header.with_last_cell(row, rates[table.text(row, Column.CURRENCY).upper()])
        for row in table.rows
    )
    return replace(table, header=table.header.with_last(Column.FX_RATE, "FXRateToBase"), rows=rows)


def _ending_cash(rows: Sequence[Row]) -> tuple[str | None, str]:
    """Return the ending cash in base currency as printed, None if there is none, and a note."""
    totals = {}
    header: list[str] = []
    for row in rows:
        words = [header_key(cell) for cell in row]
        if "currency" in words:
            header = words
        elif header and words[0] == "ending cash":
            i = header.index("total") if "total" in header else 2
            totals[words[1] if len(words) > 1 else ""] = row[i] if i < len(row) else ""
    base = next((text for name, text in totals.items() if "base currency" in name), None)
    if base is None and len(totals) == 1:
        base = next(iter(totals.values()))
    if base is None or number(base) is None:
        return None, "The statement has no ending cash in base currency: cash is taken as zero."
    return base, f"Cash is the statement's ending cash, {base}."
