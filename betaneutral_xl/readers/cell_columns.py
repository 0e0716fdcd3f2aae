"""Columns that their cells tell and their header does not.

ISINs among tickers, codes and signs of currencies, sides, and long and short numbers in columns of their own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.model.printed import cell_text, number
from betaneutral_xl.model.tickers import CURRENCIES
from betaneutral_xl.readers.columns import MAX_HEADER_CELLS, Column, Header, header_key, recognise

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

SAMPLE = 400
"""Rows in which codes are searched."""
MIN_CODES = 2
"""Codes of a currency that make a column of them, where its header is blank or unknown."""
ISIN_LENGTH = 12
BETWEEN = " |/,;()\t"

LONG = frozenset({"long", "l", "buy", "b", "bought", "kauf"})
SHORT = frozenset({"short", "s", "sell", "sold", "short sale", "leerverkauf"})
"""Words of a side; beside those of a short one numbers may have no sign."""

SIGNS = MappingProxyType({"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"})
"""Signs of currencies before or after an amount."""
SIGNED = frozenset({Column.SHARES, Column.MARKET_VALUE, Column.WEIGHT})
"""Columns that some files print twice, for long and for short positions."""

_SIGN = re.compile(r"^[-+(]*([$€£¥])|([€£¥])\)?$")
_ISIN = re.compile(r"\b[A-Z]{2}[A-Z0-9]{9}[0-9]\b")


def with_columns_of_cells(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Return a sheet and a header of its with the columns that only the cells tell."""
    sheet, header = _with_currency_signs(sheet, _with_sides(sheet, _with_currencies(sheet, header)))
    return _with_isins(*_with_long_and_short(sheet, header))


def _with_sides(sheet: TextSheet, header: Header) -> Header:
    """Read a column of the words long and short as that of the sides, whatever its header is."""
    if Column.SIDE in header.indices:
        return header
    names = header.indices.get(Column.NAME, ()) if Column.TICKER in header.indices else ()
    body = sheet.rows[header.row + 1 : header.row + 1 + SAMPLE]
    for i, text in enumerate(header.texts[:MAX_HEADER_CELLS]):
        if recognise(text) is not None and i not in names:
            continue
        words = {cell_text(row[i]).casefold() for row in body if i < len(row)} - {""}
        if words & LONG and words & SHORT and words <= LONG | SHORT:
            indices = {**header.indices, Column.SIDE: (i,)}
            if i in names:
                indices[Column.NAME] = tuple(one for one in names if one != i)
            return replace(header, indices={column: found for column, found in indices.items() if found})
    return header


def _with_long_and_short(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Add columns of the long numbers less the short ones, where a file has both in columns of their own."""
    keys = [header_key(text) for text in header.texts[:MAX_HEADER_CELLS]]
    for column in SIGNED & header.indices.keys():
        pair = next(
            (
                (i, j)
                for i in header.indices[column]
                for j in header.indices[column]
                if "long" in keys[i].split() and keys[j] == keys[i].replace("long", "short")
            ),
            None,
        )
        if pair is None:
            continue
        long, short = pair
        start, width = header.row + 1, len(header.texts)
        rows = (*sheet.rows[:start], *(_with_net(row, long, short, width) for row in sheet.rows[start:]))
        sheet = replace(sheet, rows=rows)
        others = (i for i in header.indices[column] if i not in pair)
        text = f"{header.texts[long]} less {header.texts[short]}"
        header = replace(
            header, texts=(*header.texts, text), indices={**header.indices, column: (width, *others)}
        )
    return sheet, header


def _with_net(row: Row, long: int, short: int, width: int) -> Row:
    cells = [row[i] if i < len(row) else "" for i in (long, short)]
    have = [number(cell) or number(cell, decimal_comma=True) for cell in cells]
    if not any(number(cell) is not None for cell in cells) and not any(have):
        return row
    if all(have):
        net = repr((have[0] or 0.0) - abs(have[1] or 0.0))
    else:
        net = f"-{cells[1].strip().lstrip('-(').rstrip(')')}" if have[1] else cells[0]
    return (*row[:width], *[""] * (width - len(row)), net)


def _with_currency_signs(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Add a column of currencies, where amounts have the signs of several.

    Signs of values decide before those of prices: values may all be in base currency.
    """
    if Column.CURRENCY in header.indices:
        return sheet, header
    start, width = header.row + 1, len(header.texts)
    body = sheet.rows[start : start + SAMPLE]
    for column in (Column.MARKET_VALUE, Column.PRICE):
        place = header.indices.get(column, (None,))[0]
        signs = {sign for row in body if (sign := _sign(row, place))}
        if len(signs) == 1 and column is Column.MARKET_VALUE:
            return sheet, header
        if len(signs) > 1:
            rows = (
                *sheet.rows[:start],
                *(
                    (*row[:width], *[""] * (width - len(row)), sign) if (sign := _sign(row, place)) else row
                    for row in sheet.rows[start:]
                ),
            )
            indices = {**header.indices, Column.CURRENCY: (width,)}
            texts = (*header.texts, "signs of currencies")
            return replace(sheet, rows=rows), replace(header, texts=texts, indices=indices)
    return sheet, header


def _sign(row: Row, place: int | None) -> str:
    """Return the currency of a cell with a sign, empty where it has none."""
    if place is None or place >= len(row):
        return ""
    match = _SIGN.search(row[place].strip())
    return SIGNS[match[1] or match[2]] if match else ""


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
