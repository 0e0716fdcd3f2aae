"""Columns that their cells tell and their header does not: ISINs among tickers, codes of currencies."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.model.printed import cell_text
from betaneutral_xl.model.tickers import CURRENCIES
from betaneutral_xl.readers.columns import MAX_HEADER_CELLS, Column, Header, recognise

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

SAMPLE = 400
"""Rows in which codes are searched."""
MIN_CODES = 2
"""Codes of a currency that make a column of them, where its header is blank or unknown."""
ISIN_LENGTH = 12
BETWEEN = " |/,;()\t"

_ISIN = re.compile(r"\b[A-Z]{2}[A-Z0-9]{9}[0-9]\b")


def with_columns_of_cells(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Return a sheet and a header of its with the columns that only the cells tell."""
    return _with_isins(sheet, _with_currencies(sheet, header))


def is_isin(text: str) -> bool:
    """Whether a text is an ISIN, by its form and its check digit (ISO 6166).

    >>> is_isin("US67066G1040"), is_isin("US67066G1041"), is_isin("NVDA")
    (True, False, False)
    """
    if not _ISIN.fullmatch(text):
        return False
    digits = "".join(str(int(one, 36)) for one in text)
    doubled = (int(one) * (2 - i % 2) for i, one in enumerate(reversed(digits), start=1))
    return sum(one // 10 + one % 10 for one in doubled) % 10 == 0


def _with_isins(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Move the ISINs in the column of tickers, alone or after a ticker, into a column of their own."""
    place = header.indices.get(Column.TICKER, (None,))[0]
    if place is None or Column.ISIN in header.indices:
        return sheet, header
    start, width = header.row + 1, len(header.texts)
    if not any(_isin_in(row, place) for row in sheet.rows[start : start + SAMPLE]):
        return sheet, header
    rows = (*sheet.rows[:start], *(_with_isin(row, place, width) for row in sheet.rows[start:]))
    indices = {**header.indices, Column.ISIN: (width,)}
    return replace(sheet, rows=rows), replace(header, texts=(*header.texts, "ISIN"), indices=indices)


def _isin_in(row: Row, place: int) -> str:
    text = row[place] if place < len(row) else ""
    if len(text) < ISIN_LENGTH:
        return ""
    text = text.upper()
    return next((one for one in _ISIN.findall(text) if is_isin(one)), "")


def _with_isin(row: Row, place: int, width: int) -> Row:
    isin = _isin_in(row, place)
    if not isin:
        return row
    cells = [*row[:width], *[""] * (width - len(row)), isin]
    cells[place] = re.sub(isin, "", cells[place], flags=re.IGNORECASE).strip(BETWEEN)
    return tuple(cells)


def _with_currencies(sheet: TextSheet, header: Header) -> Header:
    """Read a column under a blank or unknown header as that of currencies if all its cells are codes."""
    if Column.CURRENCY in header.indices:
        return header
    body = sheet.rows[header.row + 1 : header.row + 1 + SAMPLE]
    for i, text in enumerate(header.texts[:MAX_HEADER_CELLS]):
        if recognise(text) is not None:
            continue
        codes = [word for row in body if i < len(row) and (word := cell_text(row[i]))]
        if len(codes) >= MIN_CODES and all(code.upper() in CURRENCIES for code in codes):
            return replace(header, indices={**header.indices, Column.CURRENCY: (i,)})
    return header
