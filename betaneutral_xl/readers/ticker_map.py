"""Read a table of identifiers and tickers, for the files of ETFs that print ISINs and no tickers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.model.printed import cell_text
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.columns import CODE_COLUMNS, Column, column_of
from betaneutral_xl.readers.tabular.detection import read_sheets

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row

HEADER_ROWS = 30
MAX_TICKERS = 50_000
"""Identifiers of a table: the widest index has 10,000 names."""


def parse_ticker_map(content: bytes, file_name: str) -> dict[str, str]:
    """Return the canonical ticker of each identifier, upper case, of a table with a column of either.

    Its header has a ticker beside ISIN, CUSIP, SEDOL, FIGI or identifier; rows without a ticker are left out.
    Raises ``InputError`` if one identifier has two tickers, ``UnreadableFile`` if there is no such table.
    """
    found: dict[str, str] = {}
    for sheet in read_sheets(content, file_name):
        header = next((i for i, row in enumerate(sheet.rows[:HEADER_ROWS]) if _columns(row)), None)
        if header is None:
            continue
        ticker, *identifiers = _columns(sheet.rows[header])
        for number, row in enumerate(sheet.rows[header + 1 :], start=header + 2):
            if ticker >= len(row) or not cell_text(row[ticker]):
                continue
            for i in identifiers:
                _add(
                    found,
                    cell_text(row[i] if i < len(row) else ""),
                    row[ticker],
                    f"{file_name}, row {number:,}",
                )
    if not found:
        msg = f"{file_name} has no table of ISIN (or CUSIP, SEDOL, FIGI) and ticker. Give it both headers."
        raise UnreadableFile(msg)
    return found


def _columns(row: Row) -> tuple[int, ...]:
    """Return the index of the ticker, then those of the identifiers; empty if the row has not both."""
    columns = list(map(column_of, row))
    identifiers = [i for i, column in enumerate(columns) if column in CODE_COLUMNS]
    if Column.TICKER not in columns or not identifiers:
        return ()
    return (columns.index(Column.TICKER), *identifiers)


def _add(found: dict[str, str], identifier: str, printed: str, where: str) -> None:
    if not identifier:
        return
    ticker = normalise(printed)
    if found.setdefault(identifier.upper(), ticker) != ticker:
        msg = f"{where}: {identifier} is {ticker} and {found[identifier.upper()]}. Leave one of them."
        raise InputError(msg)
    if len(found) > MAX_TICKERS:
        msg = f"{where}: there are more than {MAX_TICKERS:,} identifiers. Leave those that are needed."
        raise UnreadableFile(msg)


def as_text(tickers: Mapping[str, str]) -> str:
    """Return tickers by identifier as one line, as the options of a raw input keep them.

    >>> as_text({"US67066G1040": "NVDA"}), from_text("US67066G1040=NVDA")
    ('US67066G1040=NVDA', {'US67066G1040': 'NVDA'})
    """
    return ";".join(f"{identifier}={ticker}" for identifier, ticker in tickers.items())


def from_text(text: str) -> dict[str, str]:
    """Return tickers by identifier from the line of ``as_text``."""
    pairs = (one.rpartition("=") for one in text.split(";") if one)
    return {identifier: ticker for identifier, _, ticker in pairs}
