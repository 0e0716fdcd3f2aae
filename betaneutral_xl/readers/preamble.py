"""Find the fund and the date of a file: in a column, in the lines around the table, in the file's name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnknownFund, UnreadableFile, listing
from betaneutral_xl.model.printed import clean, date_of, dates_in, number
from betaneutral_xl.model.tickers import CURRENCIES
from betaneutral_xl.readers import column_evidence
from betaneutral_xl.readers.columns import Column, header_key
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
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
    the fund above. Raises ``UnknownFund`` if there are several and none is chosen, or the chosen one is not
    listed.
    """
    rows, ticker = _rows(table, fund, file_name, hint)
    if len(rows) > MAX_FUND_ROWS:
        msg = (
            f"{file_name} has {len(rows):,} rows, more than any fund holds. Check that it is the right file."
        )
        raise UnreadableFile(msg)
    return replace(table, rows=rows), ticker


def _rows(table: HoldingsTable, fund: str | None, file_name: str, hint: str) -> tuple[tuple[Row, ...], str]:
    labels = _fund_labels(table)
    if not labels:
        return table.rows, ""
    funds = labels[0]
    tickers = list(dict.fromkeys(funds))
    if fund is None and len(tickers) > 1:
        msg = f"{file_name} lists {len(tickers)} {hint.format(listing(tickers, limit=MAX_LISTED))}"
        raise UnknownFund(msg, tickers=tickers)
    target = (fund or tickers[0]).strip().casefold()
    rows = zip(*labels, strict=True)
    chosen = [i for i, names in enumerate(rows) if target in {one.casefold() for one in names}]
    if not chosen:
        msg = f"{file_name} does not list the fund {fund}; it lists {listing(tickers, limit=MAX_LISTED)}."
        raise UnknownFund(msg, tickers=tickers)
    return tuple(table.rows[i] for i in chosen), funds[chosen[0]]


def _fund_labels(table: HoldingsTable) -> list[list[str]]:
    """Return the fund of each row by every column that names it, the column that decides first.

    A column under an unknown header counts if the numbers show that its values are funds; it decides over a
    known one with only one value, which is then that of the account.
    """
    known = [column for column in (Column.FUND, Column.FUND_NAME) if _is_filled(table, column)]
    labels = [_filled_down(table, column) for column in known]
    if labels and len(set(labels[0])) > 1:
        return labels
    return [*column_evidence.fund_columns(table), *labels]


def select_day(table: HoldingsTable) -> HoldingsTable:
    """Return the rows of the last day, with a warning, where each day of a file is a whole fund."""
    if Column.DATE not in table.header.indices or Column.WEIGHT not in table.header.indices:
        return table
    texts = _filled_down(table, Column.DATE)
    if len(set(texts)) < 2:  # noqa: PLR2004 - one day
        return table
    days = {text: day for text in set(texts) if (day := date_of(text))}
    weights = column_evidence.numbers_of(table, table.rows, table.header.indices[Column.WEIGHT][0])
    if len(days) < len(set(texts)) or not column_evidence.each_is_whole(texts, weights):
        return table
    last = max(days.values())
    rows = tuple(row for row, text in zip(table.rows, texts, strict=True) if days[text] == last)
    warning = f"The file has the holdings of {len(days)} days; those of the last, {last}, are read."
    return replace(table, rows=rows, warnings=(*table.warnings, warning))


def _is_filled(table: HoldingsTable, column: Column) -> bool:
    return column in table.header.indices and any(table.text(row, column) for row in table.rows)


def _filled_down(table: HoldingsTable, column: Column) -> list[str]:
    values: list[str] = []
    last = next((text for row in table.rows if (text := table.text(row, column))), "")
    for row in table.rows:
        last = table.text(row, column) or last
        values.append(last)
    return values


FUND_TICKER = Pattern(r"[A-Z]{2,5}[0-9]?")
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
_LABELLED = Pattern(
    r"(?:fund |etf |stock )?(?:ticker(?: symbol)?|symbol|börsenkürzel)[\s:,]+([A-Z]{2,5}[0-9]?)\b",
    re.IGNORECASE,
)
_BRACKETED = Pattern(r"\(([A-Z]{2,5})\)")
_HOLDINGS_OF = Pattern(r"([A-Z]{2,5}) (?:ETF )?(?:Holdings|Fund Holdings|Portfolio)\b")


def fund_name(table: HoldingsTable, in_column: str, fund: str | None, file_name: str) -> str:
    """Return the fund's ticker: from its column, the lines before the table, ``fund``, or the file's name.

    Raises ``UnknownFund`` if ``fund`` is another one than that in the lines before the table.
    """
    in_file = in_column or fund_in_preamble(table)
    target = (fund or "").strip().upper()
    if not target or in_column:
        return in_file or fund_in_file_name(file_name)
    title = fund_title(table)
    if in_file and target != in_file and not _is_in_title(target, title):
        what = f"{in_file} ({title})" if title else in_file
        msg = f"{file_name} is of the fund {what}, not {target}. Choose the right file."
        raise UnknownFund(msg, tickers=[in_file])
    if not in_file and title and not FUND_TICKER.fullmatch(target) and not _is_in_title(target, title):
        msg = f"{file_name} is of the fund {title}, not {fund}. Choose the right file."
        raise UnknownFund(msg, tickers=[title])
    return in_file or target


def unnamed_fund_warnings(table: HoldingsTable, fund: str, file_name: str) -> tuple[str, ...]:
    """Return a warning if a fund was requested that neither the file nor its name mentions."""
    if not fund or fund_in_preamble(table) or _is_in_title(fund, fund_title(table)):
        return ()
    if re.search(rf"(?<![A-Za-z0-9]){re.escape(fund)}(?![A-Za-z0-9])", file_name, re.IGNORECASE):
        return ()
    return (f"Nothing in {file_name} says of which fund it is; {fund} is as requested.",)


def _is_in_title(target: str, title: str) -> bool:
    """Whether a fund's full name is, or has as whole words, what was requested."""
    return bool(re.search(rf"(?<!\w){re.escape(target)}(?!\w)", title, re.IGNORECASE))


def fund_in_preamble(table: HoldingsTable) -> str:
    """Return the fund's ticker from the lines before the table, empty if they have none."""
    lines = _lines(table.before) + [note[:MAX_LINE_LENGTH] for note in table.source.notes[:40]]
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


TITLE = Pattern(r"\b(?:ETF|Fund|Trust|Shares|UCITS|Fonds)\b")
_NAMED = Pattern(r"(?:series|fund|etf) name: *(.+)", re.IGNORECASE)
MAX_TITLE = 120
MAX_LINE_LENGTH = 500
"""Characters of a line around the table that are read."""
MAX_HEADER_LINES = 40
"""Notes of a page in which its language is recognised."""
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
    for note in table.source.notes[:MAX_HEADER_LINES]:
        named = _NAMED.match(note)
        if named:
            return clean(named[1])[:MAX_TITLE]
    cells = (clean(cell) for row in table.before for cell in row)
    return next(
        (
            cell
            for cell in cells
            if TITLE.search(cell)
            and len(cell) < MAX_TITLE
            and not dates_in(cell)
            and not column_evidence.STATED.search(cell)
        ),
        "",
    )


def _lines(rows: Iterable[Row]) -> list[str]:
    return [" ".join(clean(cell) for cell in row if clean(cell))[:MAX_LINE_LENGTH] for row in rows]


AS_OF = Pattern(
    r"\bas[ -]?of\b|\bholdings\b|\bstand\b|\bper\b|\bzum\b|\bstichtag\b|\bdate\b|\bdatum\b|\bvaluation\b"
    r"|\bau\b|\bal\b|\bdata\b|\bfecha\b|\baggiornat\w*|\bpositions?\b|\b(?:generated|exported|downloaded)\b",
    re.IGNORECASE,
)
ANOTHER_DATE = Pattern(
    r"inception|launch|since|expir|aufl(?:age|egung)|distribution|performance|commence|copyright|©"
    r"|lancement|création|lancio|costituzione|lanzamiento|fiscal|period end|rep pd end",
    re.IGNORECASE,
)
_BEFORE_DIGITS = Pattern(r"(?<=[A-Za-z])(?=\d{6,8}(?!\d))")
DAY_FIRST = Pattern(
    r"gewicht|anteil|bezeichnung|marktwert|währung|börse|emittent|anlageklasse|stichtag|\bstand\b|\bdatum\b"
    r"|ponderazione|\bpeso\b|\bnome\b|valuta|prezzo|settore|attivo|\bal,|\bal \d"
    r"|pondération|poids|émetteur|libellé|devise|secteur|\bcours\b|\bau \d"
    r"|ponderación|\bnombre\b|emisor|divisa|\bfecha\b",
    re.IGNORECASE,
)
"""Words of German, Italian, French and Spanish files, whose dates have the day first."""


def as_of_date(table: HoldingsTable, file_name: str, *, exchanged: bool = False) -> date | None:
    """Return the date of the holdings: from the lines around the table, a column, or the file's name.

    A line before the table that names the day is preferred. A column gives the day only if most rows have
    the same one: the dates on which positions became effective are not it. The file's modification time is
    not used. ``exchanged`` reads day and month in the order that the file's language does not have.
    """
    before = [line for line in _lines(table.before) if line]
    header = [text for text in table.header.texts if AS_OF.search(text)]
    notes = [note[:MAX_LINE_LENGTH] for note in table.source.notes]
    after = [line for line in _lines(table.after[:MAX_LINES]) if len(line) < MAX_NOTE_LENGTH]
    foreign = bool(DAY_FIRST.search("\n".join((*table.header.texts, *before, *notes[:MAX_HEADER_LINES]))))
    foreign = foreign is not exchanged
    before_by_words = _first_date(before, needs_words=True, day_first=foreign)
    if before_by_words:
        return before_by_words
    in_column = _date_in_column(table, day_first=foreign)
    if in_column:
        return in_column
    for lines, needs_words in (
        (header, False),
        (before, False),
        (notes, True),
        ([table.source.name], False),
        (after, True),
    ):
        day = _first_date(lines, needs_words=needs_words, day_first=foreign)
        if day:
            return day
    return _constant_date(table, day_first=foreign) or date_in_file_name(file_name)


def _date_in_column(table: HoldingsTable, *, day_first: bool) -> date | None:
    """Return the day that more than half of the dates in the column of dates have."""
    if Column.DATE not in table.header.indices:
        return None
    texts = Counter(text for row in table.rows if (text := table.text(row, Column.DATE)))
    days: Counter[date] = Counter()
    for text, count in texts.items():
        day = date_of(text, day_first=day_first)
        if day:
            days[day] += count
    if not days:
        return None
    day, count = days.most_common(1)[0]
    return day if 2 * count > days.total() else None


def _constant_date(table: HoldingsTable, *, day_first: bool) -> date | None:
    """Return the date that every row has in one column under an unknown header."""
    for i in column_evidence.unknown_columns(table):
        texts = {row[i] if i < len(row) else "" for row in table.rows}
        if (
            len(texts) == 1
            and number(text := texts.pop()) is None
            and (days := dates_in(text, day_first=day_first))
        ):
            return days[0]
    return None


def date_in_file_name(file_name: str) -> date | None:
    """Return the date in a file's name, None if there is none.

    >>> str(date_in_file_name("CHAT_ETF_Holdings_08-30-2026.csv")), date_in_file_name("VTI_2023.csv")
    ('2026-08-30', None)
    """
    name = _BEFORE_DIGITS.sub(" ", PurePath(file_name).stem)
    return next(iter(dates_in(name)), None)


def _first_date(lines: Iterable[str], *, needs_words: bool, day_first: bool) -> date | None:
    for line in lines:
        if ANOTHER_DATE.search(line) or (needs_words and not AS_OF.search(line)):
            continue
        days = dates_in(line, day_first=day_first)
        if days:
            return days[0]
        serial = re.search(r"[\s:](\d{5})(?:\.0+)?$", line)
        if serial and needs_words:
            return date_of(serial[1])
    return None
