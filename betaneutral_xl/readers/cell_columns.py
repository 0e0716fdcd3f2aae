"""Columns that their cells tell and their header does not.

ISINs among tickers, codes and signs of currencies, sides and headings of them, and long and short numbers in
columns of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import permutations
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.model.printed import cell_text, clean, number
from betaneutral_xl.model.tickers import CURRENCIES
from betaneutral_xl.readers import asset_classes
from betaneutral_xl.readers.columns import MAX_HEADER_CELLS, Column, Header, column_of, header_key
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

SAMPLE = 400
"""Rows in which codes are searched."""
MIN_CODES = 2
"""Codes of a currency that make a column of them, where its header is blank or unknown."""
ISIN_LENGTH = 12
MAX_HEADING_CELLS = 2
PHRASED = frozenset({None, Column.ASSET_CLASS, Column.SUBCLASS, Column.SECTOR})
"""Columns that may have the sides beside other words."""
MAX_SIDES = 8
TOTAL_RTOL = 1e-3
"""Relative rounding of a total beside a heading."""
BETWEEN = " |/,;()\t"

LONG = frozenset({"long", "l", "lng", "buy", "b", "bl", "bought", "buy long", "kauf", "bull"})
SHORT = frozenset(
    {
        *("short", "s", "sht", "shrt", "ss", "sell", "sold", "bear", "leerverkauf"),
        *("short sale", "short sell", "sell short", "sold short"),
    }
)
"""Words of a side; beside those of a short one numbers may have no sign."""
ACCOUNTS = frozenset({"cash", "margin"})
"""Types of account beside short: what they hold is long."""

OF_TAXES = frozenset(
    {"term", "tax", "taxes", "period", "lot", "lots", "gain", "gains", "duration", "st", "lt"}
)
"""Words of the header of a column in which long and short tell how long a lot has been held."""

YES, NO = frozenset({"yes", "y", "true", "x", "1"}), frozenset({"no", "n", "false", "0"})
PLUS, MINUS = frozenset({"+", "+1", "1"}), frozenset({"-", "-1", "\u2212"})
SIDES = MappingProxyType(
    {
        **dict.fromkeys(("short", "is short", "short flag", "short position"), (YES, NO | {""})),
        **dict.fromkeys(("long", "is long", "long flag"), (NO, YES | {""})),
        **dict.fromkeys(("sign", "side", "dir", "direction", "long short", "l s"), (MINUS, PLUS | {""})),
    }
)
"""Headers of a column that tells the side without its words: the cells of short and of long positions."""

_HELD = r"(?:positions?|equit(?:y|ies)|(?:common )?stocks?|holdings?|securities|investments?|book|side)"
SECTION = re.compile(
    rf"(?:less:? )?(?:(?P<short>(?:{_HELD}:? (?:- )?)?(?:sold short|shorts?|short sales?))"
    rf"|(?:{_HELD}:? (?:- )?)?longs?|cash)(?: {_HELD})?:?",
    re.IGNORECASE,
)
"""A heading within a table, of the positions below it."""

SIGNS = MappingProxyType({"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"})
"""Signs of currencies before or after an amount."""
SIGNED = frozenset({Column.SHARES, Column.MARKET_VALUE, Column.WEIGHT})
"""Columns that some files print twice, for long and for short positions."""

HEADINGS = "headings"
"""Header of the column of the sides that headings within the table tell."""
MARKED = "words in tickers and names"
"""Header of the column of the sides that tickers and names tell."""
_POSITIONS = r"(?: positions?| sale)?"
_MARKED_TICKER = Pattern(
    rf"(?:[\[(]?(?:(?P<short>(?:sold )?short|s(?=[\])]))|long|l(?=[\])])){_POSITIONS}[\])]?[ :\u2013-]+)?"
    r"(?P<ticker>-?[A-Z0-9]{1,6}(?:[./][A-Z]{1,2})?)"
    r"(?:[ _\u2013-]*[ _(\[](?:(?P<sold>(?:sold )?short|(?<=[\[(])s)|long|(?<=[\[(])l)"
    rf"{_POSITIONS}[\])]?)?",
    re.IGNORECASE,
)
"""A ticker with the word short or long before or after it, or with a minus before it."""
_MARKED_NAME = Pattern(
    r"[\[(](?:sold )?short(?: positions?| sale)?[\])]|\s[-\u2013:|]\s*short(?: positions?)?$"
    r"|^short(?: positions?)?\s*[:\u2013]|^short(?: positions?)?\s+-\s|\b(?:short positions?|sold short)$"
    r"|^short positions?\s|\b(?:inc|corp|co|company|ltd|plc|ag|sa|nv|se)\.? short$",
    re.IGNORECASE,
)
"""The word short apart from a name; a fund's own name may have it, as Short Duration."""
NO_TICKERS = frozenset(
    {
        "TOTAL",
        "SUM",
        "NET",
        "GROSS",
        "TERM",
        "BOND",
        "BONDS",
        "ETF",
        "CASH",
        "DATED",
        "CREDIT",
        "DEBT",
        "SALE",
        "SALES",
    }
)
"""Words that follow short in a name."""

_SIGN = Pattern(r"^[-+(]*([$€£¥])|([€£¥])\)?$")
_ISIN = Pattern(r"\b[A-Z]{2}[A-Z0-9]{9}[0-9]\b")


def with_columns_of_cells(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Return a sheet and a header of its with the columns that only the cells tell."""
    sheet, header = _with_flags(sheet, _with_sides(sheet, _with_currencies(sheet, header)))
    sheet, header = _with_phrases(sheet, header)
    sheet, header = _with_marks(*_with_sections(sheet, header))
    sheet, header = _with_currency_signs(sheet, header)
    return _with_isins(*_with_long_and_short(sheet, header))


def _sample(sheet: TextSheet, header: Header) -> tuple[Row, ...]:
    return sheet.rows[header.row + 1 : header.row + 1 + SAMPLE]


def _extended(
    sheet: TextSheet, header: Header, column: Column, text: str, extend: Callable[[Row], Row]
) -> tuple[TextSheet, Header]:
    """Return the sheet and the header with one more column, which ``extend`` adds to a row."""
    start = header.row + 1
    rows = (*sheet.rows[:start], *map(extend, sheet.rows[start:]))
    return replace(sheet, rows=rows), header.with_last(column, text)


def _with_sides(sheet: TextSheet, header: Header) -> Header:
    """Read a column of the words long and short as that of the sides, whatever its header is."""
    if Column.SIDE in header.indices:
        return header
    names = header.indices.get(Column.NAME, ()) if Column.TICKER in header.indices else ()
    for i, text in enumerate(header.texts[:MAX_HEADER_CELLS]):
        if column_of(text) not in {None, Column.IGNORED} and i not in names:
            continue
        if OF_TAXES & set(header_key(text).split()):
            continue
        words = {clean(row[i]).casefold() for row in _sample(sheet, header) if i < len(row)} - {""}
        if words & SHORT and words & (LONG | ACCOUNTS) and words <= LONG | SHORT | ACCOUNTS:
            indices = {**header.indices, Column.SIDE: (i,)}
            if i in names:
                indices[Column.NAME] = tuple(one for one in names if one != i)
            return replace(header, indices={column: found for column, found in indices.items() if found})
    return header


def _with_phrases(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Add a column of the sides, where one of classes, sectors or strategies has them: Short Equity."""
    if Column.SIDE in header.indices:
        return sheet, header
    for i, text in enumerate(header.texts[:MAX_HEADER_CELLS]):
        if column_of(text) not in PHRASED or OF_TAXES & set(header_key(text).split()):
            continue
        words = {clean(row[i]) for row in _sample(sheet, header) if i < len(row)} - {""}
        if len(words) > MAX_SIDES:
            continue
        sides = {word: match for word in words if (match := SECTION.fullmatch(word))}
        short = {word for word, match in sides.items() if match["short"]}
        if short and words == sides.keys() and any("long" in word.casefold() for word in words):
            return _extended(sheet, header, Column.SIDE, text, partial(_with_phrase, header, i, short))
    return sheet, header


def _with_phrase(header: Header, place: int, short: set[str], row: Row) -> Row:
    return header.with_last_cell(row, "short" if row[place:] and clean(row[place]) in short else "")


def _with_flags(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Add a column of the words of the sides, where one has yes and no, or plus and minus."""
    for i, text in enumerate(header.texts[:MAX_HEADER_CELLS]):
        if (answers := SIDES.get(header_key(text))) is None:
            continue
        short, long = answers
        words = {clean(row[i]).casefold() for row in _sample(sheet, header) if i < len(row)}
        if words & short and words & long and words <= short | long:
            return _extended(sheet, header, Column.SIDE, text, partial(_with_side, header, i, short))
    return sheet, header


def _with_side(header: Header, place: int, short: frozenset[str], row: Row) -> Row:
    return header.with_last_cell(
        row, "short" if row[place:] and clean(row[place]).casefold() in short else ""
    )


def _with_sections(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Add a column of the sides, where headings within the table tell them: what is below Short is short."""
    if Column.SIDE in header.indices:
        return sheet, header
    side, sides = "", []
    body = sheet.rows[header.row + 1 :]
    for i, row in enumerate(body):
        heading = _heading(header, body, i)
        label = header.cell(row, Column.TICKER) or header.cell(row, Column.NAME)
        if heading or (side and asset_classes.of_flag(clean(label)) is AssetClass.CASH):
            side = "short" if heading and heading["short"] else ""
        sides.append((side, heading is not None))
    if not any(side and not is_heading for side, is_heading in sides):
        return sheet, header
    found = iter(sides)

    def extend(row: Row) -> Row:
        side, is_heading = next(found)
        if is_heading:
            return tuple(next(filter(None, row)) if i == 0 else "" for i in range(len(row)))
        return _with_word(header, row, side)

    return _extended(sheet, header, Column.SIDE, HEADINGS, extend)


def _with_marks(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Add a column of the sides, where the word short beside a ticker or a name tells them.

    The ticker stays without the word.
    """
    if Column.SIDE in header.indices:
        return sheet, header
    places = [header.indices[one][0] for one in (Column.TICKER, Column.NAME) if one in header.indices]
    body = sheet.rows[header.row + 1 :]
    if not any(_may_be_marked(row[i]) for row in body for i in places if i < len(row)):
        return sheet, header
    found = [
        _marked([cell_text(row[i]) if i < len(row) else "" for i in places])
        if sum(map(bool, row)) > 1  # no heading
        else ("", "")
        for row in body
    ]
    if not any(side == "short" for _, side in found):
        return sheet, header
    marks = iter(found)

    def with_mark(row: Row) -> Row:
        identifier, side = next(marks)
        return (
            header.with_last_cell([*row[: places[0]], identifier, *row[places[0] + 1 :]], side)
            if side
            else row
        )

    return _extended(sheet, header, Column.SIDE, MARKED, with_mark)


def _may_be_marked(cell: str) -> bool:
    """Whether a cell may have a mark of a short position: a cheap test, for every row."""
    return "hort" in cell or "HORT" in cell or "S)" in cell or "S]" in cell or (cell[:1] == "-" != cell)


def _marked(texts: Sequence[str]) -> tuple[str, str]:
    """Return the first of a row's ticker and name without the mark of its side; and the side, or nothing."""
    match = _MARKED_TICKER.fullmatch(texts[0])
    ticker = match["ticker"].lstrip("-") if match else texts[0]
    if match and ticker.upper() not in NO_TICKERS | CURRENCIES and ticker != texts[0]:
        return ticker, "short" if match["short"] or match["sold"] or "-" in match["ticker"] else "long"
    is_short = _MARKED_NAME.search(texts[-1]) or texts[-1].casefold() in {
        f"short {ticker.casefold()}",
        f"{ticker.casefold()} short",
    }
    return texts[0], "short" if is_short else ""


def _heading(header: Header, rows: Sequence[Row], i: int) -> re.Match[str] | None:
    """Return the match of a heading: a row with its words alone, or beside the total of what is below."""
    row = rows[i]
    filled = [cell for cell in row if cell]
    if not filled or len(filled) > MAX_HEADING_CELLS:
        return None
    found = SECTION.fullmatch(clean(filled[0]))
    if found is None or len(filled) == 1:
        return found
    total = _amount(filled[1])
    if not total or Column.MARKET_VALUE not in header.indices or header.cell(row, Column.SHARES):
        return None
    added = 0.0
    for one in rows[i + 1 :]:
        label = header.cell(one, Column.TICKER) or header.cell(one, Column.NAME)
        if (
            not one
            or SECTION.fullmatch(clean(label))
            or asset_classes.of_flag(clean(label)) is AssetClass.CASH
        ):
            break
        added += abs(_amount(header.cell(one, Column.MARKET_VALUE)))
    return found if math.isclose(abs(total), added, rel_tol=TOTAL_RTOL) else None


def _amount(cell: str) -> float:
    """Return a cell's number, whichever its decimal sign is; 0 if it has none."""
    return number(cell) or number(cell, decimal_comma=True) or 0.0


def with_side_of_heading(
    sheet: TextSheet, header: Header, heading: str, text: str = HEADINGS
) -> tuple[TextSheet, Header]:
    """Return a table under a heading of short, or of long, positions with a column of that side.

    ``text`` is the header of the column.
    """
    found = SECTION.fullmatch(heading)
    if found is None or Column.SIDE in header.indices or heading.casefold() == "cash":
        return sheet, header
    side = "short" if found["short"] else "long"
    return _extended(sheet, header, Column.SIDE, text, lambda row: header.with_last_cell(row, side))


def _with_word(header: Header, row: Row, word: str) -> Row:
    return header.with_last_cell(row, word) if word else row


def _with_long_and_short(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Add columns of the long numbers less the short ones, where a file has both in columns of their own."""
    keys = [header_key(text) for text in header.texts]
    for column in SIGNED & header.indices.keys():
        candidates = header.indices[column]
        pairs = (
            (i, j)
            for i, j in permutations(candidates, 2)
            if "long" in keys[i].split() and keys[j] == keys[i].replace("long", "short")
        )
        long, short = next(pairs, (None, None))
        if long is None or short is None:
            continue
        others = tuple(i for i in candidates if i not in {long, short})
        header = replace(header, indices={**header.indices, column: others})
        text = f"{header.texts[long]} less {header.texts[short]}"
        extend = partial(_with_net, header, long, short)
        sheet, header = _extended(sheet, header, column, text, extend)
    return sheet, header


def _with_net(header: Header, long: int, short: int, row: Row) -> Row:
    cells = [row[i] if i < len(row) else "" for i in (long, short)]
    have = [number(cell) or number(cell, decimal_comma=True) for cell in cells]
    if not any(number(cell) is not None for cell in cells) and not any(have):
        return row
    if all(have):
        net = repr((have[0] or 0.0) - abs(have[1] or 0.0))
    else:
        net = f"-{cells[1].strip().lstrip('-(').rstrip(')')}" if have[1] else cells[0]
    return header.with_last_cell(row, net)


def _with_currency_signs(sheet: TextSheet, header: Header) -> tuple[TextSheet, Header]:
    """Add a column of currencies, where amounts have the signs of several.

    Signs of values decide before those of prices: values may all be in base currency.
    """
    if Column.CURRENCY in header.indices:
        return sheet, header
    for column in (Column.MARKET_VALUE, Column.PRICE):
        signs = {_sign(header.cell(row, column)) for row in _sample(sheet, header)} - {""}
        if len(signs) == 1 and column is Column.MARKET_VALUE:
            return sheet, header
        if len(signs) > 1:
            extend = partial(_with_sign, header, column)
            return _extended(sheet, header, Column.CURRENCY, "signs of currencies", extend)
    return sheet, header


def _with_sign(header: Header, column: Column, row: Row) -> Row:
    return _with_word(header, row, _sign(header.cell(row, column)))


def _sign(cell: str) -> str:
    """Return the currency of the sign in a cell, empty where it has none."""
    match = _SIGN.search(cell.strip())
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
    if Column.TICKER not in header.indices or Column.ISIN in header.indices:
        return sheet, header
    if not any(_isin_in(header.cell(row, Column.TICKER)) for row in _sample(sheet, header)):
        return sheet, header
    return _extended(sheet, header, Column.ISIN, "ISIN", partial(_with_isin, header))


def _isin_in(text: str) -> str:
    if len(text) < ISIN_LENGTH:
        return ""
    return next((one for one in _ISIN.findall(text.upper()) if is_isin(one)), "")


def _with_isin(header: Header, row: Row) -> Row:
    isin = _isin_in(header.cell(row, Column.TICKER))
    if not isin:
        return row
    cells = list(header.with_last_cell(row, isin))
    place = header.indices[Column.TICKER][0]
    cells[place] = re.sub(isin, "", cells[place], flags=re.IGNORECASE).strip(BETWEEN)
    return tuple(cells)


def _with_currencies(sheet: TextSheet, header: Header) -> Header:
    """Read a column under a blank or unknown header as that of currencies if all its cells are codes."""
    if Column.CURRENCY in header.indices:
        return header
    for i, text in enumerate(header.texts[:MAX_HEADER_CELLS]):
        if column_of(text) is not None:
            continue
        codes = [word for row in _sample(sheet, header) if i < len(row) and (word := cell_text(row[i]))]
        if len(codes) >= MIN_CODES and all(code.upper() in CURRENCIES for code in codes):
            return replace(header, indices={**header.indices, Column.CURRENCY: (i,)})
    return header
