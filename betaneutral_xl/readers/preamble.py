"""Find the fund and the date of a file: in a column, in the lines around the table, in the file's name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnknownFund, UnreadableFile, listing
from betaneutral_xl.readers.asset_classes import CURRENCIES
from betaneutral_xl.readers.columns import Column, header_key
from betaneutral_xl.readers.tabular.printed import clean, date_of, dates_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from betaneutral_xl.readers.holdings_table import HoldingsTable
    from betaneutral_xl.readers.tabular.sheets import Row


MAX_LISTED = 40
"""Funds listed in a message."""
MAX_FUND_ROWS = 20_000
"""Rows: the widest equity index funds hold 10,000 names."""


def select_fund(
    table: HoldingsTable, fund: str | None, file_name: str, hint: str = "funds: {}. Choose one (fund)."
) -> tuple[HoldingsTable, str]:
    """Return the rows of one fund, and its ticker from its column (empty if there is no column).

    ``hint`` is the part of the message that lists the funds. A blank cell in the fund's column means
    the fund above.

    Raises
    ------
    UnknownFund
        If there are several and none is chosen, or the chosen one is not listed.
    UnreadableFile
        If the fund has more than ``MAX_FUND_ROWS`` rows.

    """
    rows, ticker = _rows(table, fund, file_name, hint)
    if len(rows) > MAX_FUND_ROWS:
        msg = (
            f"{file_name} has {len(rows):,} rows, more than any fund holds. Check that it is the right file."
        )
        raise UnreadableFile(msg)
    return replace(table, rows=rows), ticker


def _rows(table: HoldingsTable, fund: str | None, file_name: str, hint: str) -> tuple[tuple[Row, ...], str]:
    column = next((c for c in (Column.FUND, Column.FUND_NAME) if _is_filled(table, c)), None)
    if column is None:
        return table.rows, ""
    funds, names = _filled_down(table, column), _filled_down(table, Column.FUND_NAME)
    tickers = list(dict.fromkeys(funds))
    if fund is None and len(tickers) > 1:
        msg = f"{file_name} lists {len(tickers)} {hint.format(listing(tickers, limit=MAX_LISTED))}"
        raise UnknownFund(msg, tickers=tickers)
    target = (fund or tickers[0]).strip().casefold()
    pairs = zip(funds, names, strict=True)
    chosen = [i for i, pair in enumerate(pairs) if target in {one.casefold() for one in pair}]
    if not chosen:
        msg = f"{file_name} does not list the fund {fund}; it lists {listing(tickers, limit=MAX_LISTED)}."
        raise UnknownFund(msg, tickers=tickers)
    return tuple(table.rows[i] for i in chosen), funds[chosen[0]]


def _is_filled(table: HoldingsTable, column: Column) -> bool:
    return column in table.header.indices and any(table.text(row, column) for row in table.rows)


def _filled_down(table: HoldingsTable, column: Column) -> list[str]:
    values: list[str] = []
    last = next((text for row in table.rows if (text := table.text(row, column))), "")
    for row in table.rows:
        last = table.text(row, column) or last
        values.append(last)
    return values


FUND_TICKER = re.compile(r"[A-Z]{2,5}[0-9]?")
NOT_A_TICKER = frozenset(
    {
        *("ETF", "ETFS", "ETN", "FUND", "FUNDS", "INDEX", "TRUST", "UCITS", "NAV", "ACC", "DIST"),
        *("CSV", "XLS", "XLSX", "HTML", "HTM", "PDF", "FILE", "DATA", "COPY", "SITE", "DATE"),
        *("HOLDING", "HOLDINGS", "DAILY", "FULL", "TOP"),
        *("ALL", "AND", "AS", "CO", "INC", "NAME", "NEW", "OF", "THE", "TOTAL"),
        *("DE", "EN", "EU", "EUR", "UK", "US", "USD"),
    }
)
"""Words in capitals that are not a fund's ticker."""
_LABELLED = re.compile(
    r"(?:fund |etf |stock )?(?:ticker(?: symbol)?|symbol|börsenkürzel)[\s:,]+([A-Z]{2,5}[0-9]?)\b",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\(([A-Z]{2,5})\)")
_HOLDINGS_OF = re.compile(r"([A-Z]{2,5}) (?:ETF )?(?:Holdings|Fund Holdings|Portfolio)\b")


def fund_name(table: HoldingsTable, in_column: str, fund: str | None, file_name: str) -> str:
    """Return the fund's ticker: from its column, the lines before the table, ``fund``, or the file's name.

    Raises
    ------
    UnknownFund
        If ``fund`` is another ticker than that in the lines before the table.

    """
    in_file = in_column or fund_in_preamble(table)
    target = (fund or "").strip().upper()
    if target and not in_file:
        return target
    if target and not in_column and FUND_TICKER.fullmatch(target) and target != in_file:
        msg = f"{file_name} is of the fund {in_file}, not {target}. Choose the right file."
        raise UnknownFund(msg, tickers=[in_file])
    return in_file or fund_in_file_name(file_name)


def fund_in_preamble(table: HoldingsTable) -> str:
    """Return the fund's ticker from the lines before the table, empty if they have none."""
    lines = _lines(table.before) + [note[:MAX_LINE_LENGTH] for note in table.notes[:40]]
    for line in lines:
        for form in (_LABELLED, _BRACKETED, _HOLDINGS_OF):
            match = form.search(line)
            if match and match[1].upper() not in NOT_A_TICKER | CURRENCIES:
                return match[1].upper()
    for row in table.before:
        for cell in row:
            if FUND_TICKER.fullmatch(clean(cell)) and clean(cell) not in NOT_A_TICKER | CURRENCIES:
                return clean(cell)
    return ""


def fund_in_file_name(file_name: str) -> str:
    """Return the fund's ticker from its file's name, else the name without its suffix.

    >>> [fund_in_file_name(n) for n in ("IVV_20241206.csv", "holdings-daily-us-en-spy.xlsx", "mine.csv")]
    ['IVV', 'SPY', 'mine']
    """
    stem = PurePath(file_name).stem
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if word and word.upper() not in NOT_A_TICKER]
    capital = next((word for word in words if FUND_TICKER.fullmatch(word) and word.isupper()), "")
    if capital:
        return capital
    if "-" in stem and words and FUND_TICKER.fullmatch(words[-1].upper()) and "holdings" in stem.casefold():
        return words[-1].upper()
    return stem


TITLE = re.compile(r"\b(?:ETF|Fund|Trust|Shares|UCITS|Fonds)\b")
MAX_TITLE = 120
MAX_LINE_LENGTH = 500
"""Characters of a line around the table that are read."""
MAX_NOTE_LENGTH = 200
"""Characters of a line after the table that may contain its date; longer ones are disclaimers."""
MAX_LINES = 500
"""Lines after the table that are read."""


def fund_title(table: HoldingsTable) -> str:
    """Return the fund's full name from its column or the lines before the table, empty if there is none."""
    column = Column.FUND_NAME
    if _is_filled(table, column):
        return _filled_down(table, column)[0]
    for row in table.before:
        words = [clean(cell) for cell in row if clean(cell)]
        if len(words) > 1 and header_key(words[0]) in {"fund name", "fund", "name", "etf name", "fondsname"}:
            return words[1]
    cells = (clean(cell) for row in table.before for cell in row)
    return next(
        (cell for cell in cells if TITLE.search(cell) and len(cell) < MAX_TITLE and not dates_in(cell)),
        "",
    )


def _lines(rows: Iterable[Row]) -> list[str]:
    return [" ".join(clean(cell) for cell in row if clean(cell))[:MAX_LINE_LENGTH] for row in rows]


AS_OF = re.compile(
    r"\bas[ -]?of\b|\bholdings\b|\bstand\b|\bper\b|\bstichtag\b|\bdate\b|\bdatum\b|\bvaluation\b",
    re.IGNORECASE,
)
ANOTHER_DATE = re.compile(
    r"inception|launch|since|expir|auflage|distribution|performance|commence|copyright|©", re.IGNORECASE
)
_BEFORE_DIGITS = re.compile(r"(?<=[A-Za-z])(?=\d{6,8}(?!\d))")


def as_of_date(table: HoldingsTable, file_name: str) -> date | None:
    """Return the date of the holdings: from a column, the lines around the table, or the file's name.

    Of several dates in a column, the latest. The file's modification time is not used.
    """
    if Column.DATE in table.header.indices:
        days = {text: date_of(text) for text in {table.text(row, Column.DATE) for row in table.rows} if text}
        found = [day for day in days.values() if day]
        if found:
            return max(found)
    header = [text for text in table.header.texts if AS_OF.search(text)]
    before = [line for line in _lines(table.before) if line]
    notes = [note[:MAX_LINE_LENGTH] for note in table.notes]
    after = [line for line in _lines(table.after[:MAX_LINES]) if len(line) < MAX_NOTE_LENGTH]
    for lines, needs_words in (
        (before, True),
        (header, False),
        (before, False),
        (notes, True),
        ([table.sheet], False),
        (after, True),
    ):
        day = _first_date(lines, needs_words=needs_words)
        if day:
            return day
    return date_in_file_name(file_name)


def date_in_file_name(file_name: str) -> date | None:
    """Return the date in a file's name, None if there is none.

    >>> str(date_in_file_name("CHAT_ETF_Holdings_08-30-2026.csv")), date_in_file_name("VTI_2023.csv")
    ('2026-08-30', None)
    """
    name = _BEFORE_DIGITS.sub(" ", PurePath(file_name).stem)
    return next(iter(dates_in(name)), None)


def _first_date(lines: Iterable[str], *, needs_words: bool) -> date | None:
    for line in lines:
        if ANOTHER_DATE.search(line) or (needs_words and not AS_OF.search(line)):
            continue
        days = dates_in(line)
        if days:
            return days[0]
        serial = re.search(r"[\s:](\d{5})(?:\.0+)?$", line)
        if serial and needs_words:
            return date_of(serial[1])
    return None
