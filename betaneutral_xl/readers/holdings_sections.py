"""Find the tables of positions in a file, and select the portfolio's; an ambiguous file is refused."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, UnknownFund, UnreadableFile, listing
from betaneutral_xl.model.printed import cell_text, clean, date_of, is_percentage, number
from betaneutral_xl.readers.activity_statement import POSITIONS, completed, statement_parts
from betaneutral_xl.readers.cell_columns import with_side_of_heading
from betaneutral_xl.readers.columns import (
    NAME_COLUMNS,
    VALUE_COLUMNS,
    Column,
    Header,
    column_of,
    header_key,
    read_header,
)
from betaneutral_xl.readers.holdings_table import (
    HEADER_SEARCH_ROWS,
    MAX_HEADING_LENGTH,
    MAX_SCANNED,
    HoldingsTable,
    holding_rows,
)
from betaneutral_xl.readers.position_layouts import (
    numbers_as_shares,
    tickers_from_headings,
    without_summary_lines,
)
from betaneutral_xl.readers.two_row_headers import with_joined_headers

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

HOLDING_VALUE_COLUMNS = VALUE_COLUMNS | {Column.SHARES}
"""Columns of which a header of holdings needs one."""
ALL = "all"
"""The account that adds all accounts."""
TRANSACTION_HEADERS = frozenset(
    {
        "transaction type",
        "transaction",
        "settlement date",
        "action",
        "run date",
        "activity date",
        "trans code",
    }
)
"""Headers of a table of trades, which is not read."""
MAX_LISTED = 40
MAX_SECTIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The selection from a file with several portfolios, and its exchange rates."""

    account: str | None = None
    """The name or number of a fund, account or section; ``all`` adds them."""
    sheet: str | None = None
    """The name of a sheet of a workbook."""
    day: date | None = None
    """The day, of a file with several; or of one without a date."""
    rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Base currency per unit of a currency, by its code, for files without rates."""
    tickers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Canonical ticker by identifier, upper case, for rows without a ticker."""

    @property
    def adds_all(self) -> bool:
        """Whether all accounts are added."""
        return (self.account or "").strip().casefold() == ALL

    @classmethod
    def parse(
        cls, account: str | None = None, sheet: str | None = None, rates: str = "", day: date | None = None
    ) -> Choice:
        """Parse a choice from texts; ``rates`` is a list such as ``EUR=1.16,JPY=0.0064``."""
        found: dict[str, float] = {}
        for one in filter(None, (part.strip() for part in rates.split(","))):
            name, _, text = one.partition("=")
            code, rate = name.strip().upper(), None if is_percentage(text) else number(text)
            if not (len(code) == 3 and code.isalpha() and rate is not None and rate > 0.0):  # noqa: PLR2004 - ISO 4217
                msg = f"{one[:40]!r} is not a rate of a currency. Give base currency per unit, as EUR=1.16."
                raise InputError(msg)
            if found.setdefault(code, rate) != rate:
                msg = f"The rate of {code} is given as {found[code]:g} and as {rate:g}. Keep one of the two."
                raise InputError(msg)
        return cls(account=account, sheet=sheet, rates=MappingProxyType(found), day=day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table of positions and its heading in the file."""

    label: str
    table: HoldingsTable


def find_sections(
    sheets: Sequence[TextSheet], file_name: str, choice: Choice, *, of_workbook: bool
) -> tuple[Section, ...]:
    """Return the tables of positions in a file, all from one sheet; none if there is no header.

    Raises ``UnreadableFile`` if several sheets of a workbook have one and none is chosen.
    """
    if choice.sheet is not None:
        target = choice.sheet.strip().casefold()
        chosen = [sheet for sheet in sheets if sheet.name.strip().casefold() == target]
        if not chosen:
            names = (
                listing([sheet.name for sheet in sheets if sheet.name], limit=MAX_LISTED) or "none by name"
            )
            msg = f"{file_name} has no sheet {choice.sheet[:40]!r}. It has {names}."
            raise UnreadableFile(msg)
        sheets = chosen
    found = [
        (sheet.name, sections)
        for sheet in map(with_joined_headers, map(_with_pandas_header, sheets))
        if (sections := _activity_statement(sheet, file_name) or _sections(sheet, file_name))
    ]
    if not found:
        return ()
    if of_workbook and len(found) > 1:
        names = listing([name for name, _ in found], limit=MAX_LISTED)
        msg = (
            f"{file_name} has positions on {len(found)} sheets: {names}. "
            f"Choose one, as {file_name}#{found[0][0]}."
        )
        raise UnreadableFile(msg)
    return max((sections for _, sections in found), key=lambda s: sum(len(one.table.rows) for one in s))


def select_section(sections: Sequence[Section], choice: Choice, file_name: str) -> tuple[HoldingsTable, str]:
    """Return the chosen section's table and name, or the sum of all; the name of a single section is empty.

    Raises ``UnknownFund`` if there are several and the choice does not match exactly one.
    """
    if len(sections) == 1:
        return sections[0].table, ""
    labels = [section.label for section in sections]
    headers = {tuple(map(clean, section.table.header.texts)) for section in sections}
    if choice.adds_all and len(headers) == 1:
        first = sections[0].table
        note = f"The positions of {len(sections)} sections are added: {listing(labels, limit=MAX_LISTED)}."
        rows = tuple(row for section in sections for row in section.table.rows)
        warnings = tuple(line for section in sections for line in section.table.warnings)
        source = replace(first.source, rows=_joined([section.table.source.rows for section in sections]))
        return replace(first, rows=rows, warnings=(note, *warnings), source=source), ALL
    target = (choice.account or "").strip().casefold()
    chosen = [s for s in sections if target and s.label.casefold() == target]
    chosen = chosen or [s for s in sections if target and target in s.label.casefold()]
    if len(chosen) == 1:
        return chosen[0].table, chosen[0].label
    if sections[0].table.in_range:
        msg = (
            f"{file_name} has {len(sections)} tables of positions: {listing(labels, limit=MAX_LISTED)}. "
            "Give the cells of one."
        )
        raise UnknownFund(msg, tickers=labels)
    adding = ", or --account all to add them" if len(headers) == 1 else "; their columns differ"
    msg = (
        f"{file_name} has {len(sections)} sections with positions: {listing(labels, limit=MAX_LISTED)}. "
        f'Choose one with --account "{labels[0]}"{adding}.'
    )
    raise UnknownFund(msg, tickers=labels)


def _joined(parts: Sequence[Sequence[Row]]) -> tuple[Row, ...]:
    """Return the rows of a sheet, of parts that each begin at its first row and end further below."""
    rows: list[Row] = []
    for part in parts:
        rows += part[len(rows) :]
    return tuple(rows)


def _header_rows(sheet: TextSheet, file_name: str) -> list[int]:
    starts: list[int] = []
    tried = 0
    for index in range(len(sheet.rows)):
        if (not starts and index >= HEADER_SEARCH_ROWS) or tried >= MAX_SCANNED:
            break
        if _may_be_header(sheet.rows, index, starts):
            tried += 1
            if _header(sheet.rows, index) is not None:
                starts.append(index)
        if len(starts) > MAX_SECTIONS:
            msg = f"{file_name} has more than {MAX_SECTIONS} tables. Check that it is a file of holdings."
            raise UnreadableFile(msg)
    return starts


def _header(rows: Sequence[Row], index: int) -> Header | None:
    """Return a row as the header of positions, None if it is none."""
    header = read_header(rows[index], index, HOLDING_VALUE_COLUMNS | {Column.PRICE})
    if header is None:
        return None
    header = numbers_as_shares(rows, header)
    return header if HOLDING_VALUE_COLUMNS & header.indices.keys() else None


def _sections(sheet: TextSheet, file_name: str) -> tuple[Section, ...]:
    starts = _header_rows(sheet, file_name)
    found: list[Section] = []
    others: list[str] = []
    for start, end in zip(starts, [*starts[1:], len(sheet.rows)][: len(starts)], strict=True):
        part = replace(sheet, rows=sheet.rows[:end])
        header = _header(part.rows, start)
        if header is None:
            continue
        heading = _label(sheet.rows, start)
        part, header = with_side_of_heading(*tickers_from_headings(part, header), heading)
        part, header = with_side_of_heading(part, header, clean(sheet.name), f"sheet {clean(sheet.name)}")
        if TRANSACTION_HEADERS & {header_key(text) for text in header.texts}:
            columns = listing([clean(text) for text in header.texts if clean(text)], limit=4)
            others.append(f"A table of trades, not positions, is not read (columns {columns}).")
            continue
        table = without_summary_lines(holding_rows(part, header, file_name))
        if table.rows:
            found.append(Section(label=heading or f"table {len(found) + 1}", table=table))
    if found and others:
        first = found[0]
        warned = replace(first.table, warnings=(*first.table.warnings, *others))
        found[0] = Section(label=first.label, table=warned)
    duplicates = {label for label, n in Counter(one.label for one in found).items() if n > 1}
    return tuple(
        Section(label=f"{one.label} ({i})", table=one.table) if one.label in duplicates else one
        for i, one in enumerate(found, start=1)
    )


def _may_be_header(rows: Sequence[Row], index: int, starts: Sequence[int]) -> bool:
    """Whether a row may be a header: a cheap test, for the body of a long table."""
    row = rows[index]
    if not row or not starts:
        return bool(row)
    above = rows[index - 1]
    return sum(map(bool, above)) < 2 or not any(map(str.isdigit, "".join(row)))  # noqa: PLR2004 - a heading


def _label(rows: Sequence[Row], start: int) -> str:
    for row in reversed(rows[max(0, start - 3) : start]):
        cells = [clean(cell) for cell in row if cell_text(cell)]
        if cells:
            return cells[0][:MAX_HEADING_LENGTH] if len(cells) < 3 else ""  # noqa: PLR2004 - a heading
    return ""


def _activity_statement(sheet: TextSheet, file_name: str) -> tuple[Section, ...]:
    """Return the open positions of an Interactive Brokers activity statement, with its ending cash."""
    parts = statement_parts(sheet, file_name)
    if parts is None:
        return ()
    rows = tuple(row for row in parts[POSITIONS] if any(row))
    # its rows are not those of the file, and have no place in it
    found = tuple(
        Section(label=one.label, table=replace(one.table, source=sheet))
        for one in _sections(replace(sheet, rows=rows, place=lambda *_: file_name), file_name)
    )
    if not found:
        return ()
    # tables of the same columns (stocks, then options) are one table
    first = found[0].table
    if any(tuple(s.table.header.texts) != tuple(first.header.texts) for s in found):
        return found
    whole = replace(first, rows=tuple(row for section in found for row in section.table.rows))
    return (Section(label="Open Positions", table=completed(whole, parts)),)


# ------------------------------------------------------------------ a Series written by pandas


def _with_pandas_header(sheet: TextSheet) -> TextSheet:
    """Name the columns of a Series written by pandas: an unnamed index, or values named 0."""
    first = next((i for i, row in enumerate(sheet.rows) if row), None)
    if first is None:
        return sheet
    cells = list(sheet.rows[first])
    below = [row for row in sheet.rows[first + 1 :] if row]
    if len(cells) < 2 or not below:  # noqa: PLR2004 - an index and values
        return sheet
    kinds = list(map(column_of, cells))
    unnamed = header_key(cells[0]) in {"", "index", "unnamed 0"}
    if unnamed and not NAME_COLUMNS & set(kinds[1:]) and all(number(row[0]) is None for row in below):
        kinds[0], cells[0] = Column.TICKER, "ticker"
    if len(cells) == 2 and kinds[0] in NAME_COLUMNS and clean(cells[1]) == "0":  # noqa: PLR2004 - as above
        values = [number(row[1]) if len(row) > 1 else None for row in below]
        total = sum(value for value in values if value is not None)
        cells[1] = "weight" if 0.5 <= total <= 1.5 or 98.0 <= total <= 102.0 else cells[1]  # noqa: PLR2004
    rows = (*sheet.rows[:first], tuple(cells), *sheet.rows[first + 1 :])
    return replace(sheet, rows=rows)


# ------------------------------------------------------------------ rows of one day, one level

ROW_DATE_HEADERS = frozenset({"trade date", "effective date"})
"""Headers of dates of a row, as opposed to the date of the portfolio."""


def rows_of_day(table: HoldingsTable, file_name: str, chosen: date | None = None) -> HoldingsTable:
    """Keep the rows of one day if the file has the same names on several: the chosen, else the last.

    Raises ``UnreadableFile`` if there are several days and no name on two of them, or none is the chosen one.
    """
    indices = table.header.indices.get(Column.DATE)
    if not indices or header_key(table.header.texts[indices[0]]) in ROW_DATE_HEADERS:
        return table
    cells = [table.text(row, Column.DATE) for row in table.rows]
    dates: dict[str, date | None] = {text: date_of(text) for text in set(cells) if text}
    days = [dates.get(text) for text in cells]
    if len(dates) > 1 and not any(days) and _is_repeated(table, cells):
        msg = (
            f"{file_name} has rows of several days, which are not understood ({listing(sorted(dates))}). "
            "Write them as year-month-day."
        )
        raise UnreadableFile(msg)
    several = sorted({day for day in days if day is not None})
    if len(several) < 2:  # noqa: PLR2004 - several
        return table
    if chosen is not None and chosen not in several:
        shown = listing([str(day) for day in several], limit=MAX_LISTED)
        msg = f"{file_name} has no rows of {chosen}. It has those of {shown}."
        raise UnreadableFile(msg)
    lots = _is_repeated(table, days) and not _has_most_names(table, days, several[-1])
    if chosen is None and (lots or not _is_repeated(table, days)):
        which = "half of the names or fewer on the last" if lots else "no name on two of them"
        msg = (
            f"{file_name} has rows of {len(several)} days ({several[0]} to {several[-1]}) and {which}, so "
            "that the day of the portfolio is ambiguous. Keep the rows of one day"
            + ("." if table.in_range else ", or choose it with --date.")
        )
        raise UnreadableFile(msg)
    last = chosen or several[-1]
    which = "the last" if chosen is None else str(chosen)
    note = f"{file_name} has {len(several)} days, {several[0]} to {several[-1]}; {which} is used."
    rows = tuple(row for row, day in zip(table.rows, days, strict=True) if day == last)
    return replace(table, rows=rows, warnings=(*table.warnings, note))


def _is_repeated(table: HoldingsTable, days: Sequence[date | str | None]) -> bool:
    """Whether a name is on several days."""
    keys: dict[tuple[str, ...], set[date | str | None]] = {}
    for row, day in zip(table.rows, days, strict=True):
        key = tuple(table.text(row, c) for c in (Column.TICKER, Column.NAME, Column.ISIN, Column.FUND))
        keys.setdefault(key, set()).add(day)
    return any(len(of) > 1 for of in keys.values())


def _has_most_names(table: HoldingsTable, days: Sequence[date | None], last: date) -> bool:
    """Whether most names of a table have a row on its last day; else the days may be those of lots."""
    names = [table.text(row, Column.TICKER) or table.text(row, Column.NAME) for row in table.rows]
    listed = {name for name, day in zip(names, days, strict=True) if day == last}
    return 2 * len(listed) > len(set(names))


def drop_lots(table: HoldingsTable) -> HoldingsTable:
    """Leave out the lots, with a warning, if the file has their summaries too.

    A column of the level of detail says which rows are lots; without one, a row is a summary if the rows of
    the same security that follow add to its shares and its value.
    """
    levels = [table.text(row, Column.LEVEL).casefold() for row in table.rows]
    if "summary" in levels and set(levels) - {"summary", ""}:
        rows = tuple(r for r, level in zip(table.rows, levels, strict=True) if level in {"summary", ""})
    elif Column.SHARES in table.header.indices:
        lots = _lots(table)
        rows = tuple(row for i, row in enumerate(table.rows) if i not in lots)
    else:
        return table
    if len(rows) == len(table.rows):
        return table
    note = f"{len(table.rows) - len(rows)} rows are lots of summary rows in the file and are left out."
    return replace(table, rows=rows, warnings=(*table.warnings, note))


def _lots(table: HoldingsTable) -> set[int]:
    """Return the indices of rows that are lots of the summary above them; see ``drop_lots``.

    Sums alone may be chance: the lots have days, or two securities have several each, and no other has rows
    that do not add up.
    """
    groups: list[list[int]] = []
    last = ""
    dated = False
    for i, row in enumerate(table.rows):
        name = table.text(row, Column.TICKER) or table.text(row, Column.NAME)
        is_day = bool(groups) and "/" in name and date_of(name) is not None  # E*Trade's lots
        dated = dated or is_day
        if groups and (is_day or name == last):
            groups[-1].append(i)
        else:
            groups.append([i])
            last = name
    several = [group for group in groups if len(group) > 1]
    proven = [group for group in several if _is_summary(table, group)]
    if not proven or not (dated or any(_has_dated_lots(table, group) for group in proven)):
        longer = [group for group in proven if len(group) > 2]  # noqa: PLR2004 - a summary and lots
        if len(longer) < 2 or len(proven) < len(several):  # noqa: PLR2004 - one may be chance
            return set()
    return {i for group in proven for i in group[1:]}


def _has_dated_lots(table: HoldingsTable, group: Sequence[int]) -> bool:
    """Whether a column has days in all rows but the first, which has none: those of the lots."""
    first, *lots = (table.rows[i] for i in group)
    return any(
        all(j < len(row) and date_of(row[j]) is not None and number(row[j]) is None for row in lots)
        and (j >= len(first) or date_of(first[j]) is None)
        for j in range(len(table.header.texts))
    )


def _is_summary(table: HoldingsTable, group: Sequence[int]) -> bool:
    """Whether the first of some rows is the sum of the others, by shares, and by value where printed."""
    for column in (Column.SHARES, Column.MARKET_VALUE):
        first, *rest = (table.number(table.rows[i], column) for i in group)
        if column is Column.MARKET_VALUE and first is None:
            continue
        if not first or None in rest:
            return False
        added = math.fsum(one for one in rest if one is not None)
        if not math.isclose(first, added, rel_tol=1e-6, abs_tol=0.005 * len(rest)):
            return False
    return True


ACCOUNT_TYPES = frozenset({"cash", "margin", "short", "long"})


def without_account_types(table: HoldingsTable) -> HoldingsTable:
    """Read a column of account types (Cash, Margin, Short) as that of the side, not of asset classes.

    Fidelity's column Type is the type of the account that holds a position.
    """
    indices = table.header.indices.get(Column.ASSET_CLASS, ())

    def is_account(i: int) -> bool:
        words = {clean(row[i]).casefold() for row in table.rows if i < len(row)} - {""}
        return header_key(table.header.texts[i]) in {"type", "security type"} and words <= ACCOUNT_TYPES

    kept = tuple(i for i in indices if not is_account(i))
    if kept == indices:
        return table
    new: dict[Column, tuple[int, ...]] = {
        c: p for c, p in table.header.indices.items() if c is not Column.ASSET_CLASS
    }
    if kept:
        new[Column.ASSET_CLASS] = kept
    new.setdefault(Column.SIDE, tuple(i for i in indices if i not in kept))
    return replace(table, header=replace(table.header, indices=new))
