"""Find the table of holdings in a file: its header, and the rows below it that are holdings."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile, listing
from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.model.printed import MISSING, Typed, cell_text, clean, date_of, number, uses_decimal_comma
from betaneutral_xl.readers import asset_classes
from betaneutral_xl.readers.cell_columns import ACCOUNTS, HEADINGS, LONG, MARKED, SHORT, with_columns_of_cells
from betaneutral_xl.readers.columns import (
    IDENTIFIER_COLUMNS,
    Column,
    Header,
    column_of,
    count_headers,
    read_header,
    repeated_table,
)
from betaneutral_xl.readers.group_totals import group_totals
from betaneutral_xl.readers.tabular.sheets import NOTHING_HIDDEN
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

SAMPLE = 400
"""Rows from which the decimal separator is decided."""
HEADER_SEARCH_ROWS = 120
"""Rows of a sheet, blank ones included, in which its header is searched."""
MAX_HEADERS = 5
MAX_SCANNED = 2_000
"""Rows of a file that are tested as headers."""
MAX_HOLDINGS = 60_000
"""Rows of a table: an issuer with all its funds in one file has 20,000."""
MAX_SKIPPED_ROWS = 500
"""Rows within a table that are not holdings."""
MAX_NAMELESS = 20
"""Rows without a name that are compared with the sum of their class."""
SUBTOTAL_TOLERANCE = 1e-3
"""Relative difference between a subtotal and its rows: their rounding."""
MAX_NOTE_CELLS = 2
"""Filled cells of a row that is a note."""
MAX_HEADING_LENGTH = 60
"""Characters of a row that is the heading of a section, not a disclaimer."""

TOTAL = Pattern(
    r"(?:grand |account |portfolio |positions |sub-?)?totals?:?(?: (?:net assets?|portfolio|holdings"
    r"|fund|investments?|assets|equit(?:y|ies)|common stocks?|"
    r"(?:in)?securities|value|weight|cash|market value|account|positions|%))*:?|sum|summe|gesamt(?:summe)?"
    r"|net assets(?: total)?|net liquidat(?:ing|ion)(?: value)?|(?:net )?account value|portfolio value",
    re.IGNORECASE,
)

TICKERS_LIKE_TOTALS = frozenset({"SUM"})
"""Tickers that are words for a total too: Summit Materials. In capitals they are the company's."""

LONGEST_AMOUNT = 16
"""Characters of a text that is meant as an amount; a longer one is a note."""

AMBIGUOUS = Pattern(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")
"""A number with a separator of thousands or of decimals."""

TOTAL_WORDS = ("total", "sum", "gesamt", "net assets", "liquidat", "account value", "portfolio value")
"""Of which a row of totals has one: plain words, as every row is searched for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsTable:
    """A table of holdings, the rows before and after it, and the sheet that it is in."""

    header: Header
    rows: tuple[Row, ...] = ()
    before: tuple[Row, ...] = ()
    after: tuple[Row, ...] = ()
    decimal_comma: bool
    printed_total: float | None = None
    printed_values: tuple[float, ...] = ()
    """The market values of total rows, in their order."""
    warnings: tuple[str, ...] = ()
    elsewhere: tuple[TextSheet, ...] = ()
    """The other sheets of the workbook, which are not read."""
    nameless: tuple[Row, ...] = ()
    """Rows with a number and without a ticker, a name or another identifier, that are no totals."""
    source: TextSheet
    file_name: str

    def where(self, row: Row, *columns: Column) -> str:
        """Describe the place of a row's cell in the first of some columns, for messages."""
        index = next((i for i, one in enumerate(self.source.rows) if one is row), None)
        if index is None:
            return self.file_name
        place = next((self.header.indices[c][0] for c in columns if c in self.header.indices), 0)
        if self.source.place is not None:
            return self.source.place(index, place)
        return f"{self.file_name}, row {index + 1}"

    def hidden_notes(self, shares: Mapping[int, float]) -> list[str]:
        """Return lines on rows of the table, and columns of its numbers, that its sheet does not show.

        ``shares`` are the fractions of the whole by ``id`` of the row.
        """
        hidden = self.source.hidden
        if hidden == NOTHING_HIDDEN:
            return []
        unseen = {id(self.source.rows[i]) for i in hidden.rows if i < len(self.source.rows)}
        rows = sorted(
            (row for row in self.rows if id(row) in unseen), key=lambda row: -abs(shares.get(id(row), 0.0))
        )
        shown = [
            f"{_symbol(self, row)} {shares[id(row)]:.2%}" if id(row) in shares else _symbol(self, row)
            for row in rows
        ]
        columns = [
            clean(self.header.texts[i])
            for column, (i, *_) in self.header.indices.items()
            if column in DECIDING and i in hidden.columns
        ]
        return self.source.hidden_notes(self.file_name, len(rows), len(self.rows), listing(shown), columns)

    @property
    def in_range(self) -> bool:
        """Whether this is a range of cells, not a file."""
        return self.source.place is not None

    def number(self, row: Sequence[str], column: Column) -> float | None:
        """Return the number in a row's column, None if the cell has none."""
        cell = self.header.cell(row, column)
        return number(cell, decimal_comma=self.decimal_comma) if cell else None

    def text(self, row: Sequence[str], column: Column) -> str:
        """Return the text in a row's column, empty if the cell is blank or a placeholder."""
        cell = self.header.cell(row, column)
        return cell_text(cell) if cell else ""


def find_table(sheets: Sequence[TextSheet], file_name: str) -> HoldingsTable | None:
    """Return the table of holdings with the most rows, None if there is none.

    Each sheet's table is that of its first header with holdings below it.
    """
    best: HoldingsTable | None = None
    tried = 0
    for sheet in sheets:
        found = 0
        for index, row in enumerate(sheet.rows[:HEADER_SEARCH_ROWS]):
            tried += bool(row)
            if tried > MAX_SCANNED or found >= MAX_HEADERS:
                break
            header = read_header(row, index)
            if header is None:
                continue
            found += 1
            table = holding_rows(sheet, header, file_name)
            if table.rows:
                if best is None or len(table.rows) > len(best.rows):
                    best = table
                break
    return best


def holding_rows(sheet: TextSheet, header: Header, file_name: str) -> HoldingsTable:
    """Return the rows below a header that are holdings, up to the end of the table.

    The table ends at another header or, after a blank row, at a row that is neither a holding nor the
    heading of a section. Headings, totals and notes within the table are skipped.
    """
    _refuse_two_tables(header, file_name)
    sheet, header = with_columns_of_cells(sheet, header)
    body = sheet.rows[header.row + 1 :]
    comma = _decimal_comma(header, body, sheet.delimiter)
    table = HoldingsTable(
        header=_prefer_numeric_columns(header, body, decimal_comma=comma),
        before=sheet.rows[: header.row],
        decimal_comma=comma,
        source=sheet,
        file_name=file_name,
    )
    rows: list[Row] = []
    skipped: list[Row] = []
    nameless: list[Row] = []
    unnamed_totals: list[Row] = []
    unnamed_from = 0
    totals: list[tuple[int, Row]] = []
    sums: list[tuple[int, Row]] = []
    total: float | None = None
    end = len(body)
    blank = False
    for index, row in enumerate(body):
        if not row:
            blank = bool(rows)
        elif _says_total(row) and _ends_with_total(table, row, rows):
            total = table.number(row, Column.WEIGHT)
            totals.append((len(rows), row))
        elif _is_proven_sum(table, row, rows):
            sums.append((len(rows), row))
        elif _is_holding(table, row) or (not blank and _lacks_numbers(table, row)):
            rows.append(row)
            blank = False
        elif _is_nameless(table, row):
            if _is_sum(table, row, rows) or _is_group_sum(table, row, rows[unnamed_from:]):
                unnamed_from = len(rows)
                unnamed_totals.append(row)
            else:
                nameless.append(row)
        elif _ends_table(row, skipped, after_blank=blank):
            end = index
            break
        else:
            skipped.append(row)
        if len(rows) > MAX_HOLDINGS:
            msg = f"{file_name} has more than {MAX_HOLDINGS:,} rows. Check that it is a file of holdings."
            raise UnreadableFile(msg)
    rest = body[end:]
    printed_values = _values_of_whole(table, rows, totals, [place for place, _ in sums])
    groups = group_totals(table, rows)
    subtotals = _subtotals(table, rows) | groups
    skipped.extend(rows[i] for i in sorted(subtotals))
    apart = [rows[i] for i in sorted(groups)]
    taken = {id(row) for row in apart}
    rows = [row for i, row in enumerate(rows) if i not in subtotals]
    return replace(
        table,
        rows=tuple(rows),
        after=(*skipped, *(row for _, row in totals), *rest),
        printed_total=total,
        printed_values=printed_values,
        warnings=(
            *_unread_row_warnings(table, [row for row in skipped if id(row) not in taken], rest, rows),
            *_thousands_warnings(table, rows),
            *_side_warnings(table, rows),
            *(
                f"{table.where(row)} has no ticker and the sum of the rows above: it is taken as their total."
                for row in unnamed_totals
            ),
            *(
                f"{table.where(row)} ({_label(table, row):.40}) is the sum of the rows above, without shares "
                "and a price: it is taken as their total. If it is a position, give its shares and price."
                for _, row in sums
            ),
            *_totals_warnings(table, apart),
        ),
        nameless=tuple(nameless),
    )


def _refuse_two_tables(header: Header, file_name: str) -> None:
    beside = repeated_table(header)
    if beside:
        msg = (
            f'{file_name} has two tables side by side (two columns "{beside}"). Put one below the other, or '
            "each on its own sheet."
        )
        raise UnreadableFile(msg)


def _subtotals(table: HoldingsTable, rows: Sequence[Row]) -> set[int]:
    """Return the indices of the rows without a name that print the sum of the other rows of their class."""
    if Column.ASSET_CLASS not in table.header.indices:
        return set()
    nameless = [
        i for i, row in enumerate(rows) if not any(table.text(row, one) for one in IDENTIFIER_COLUMNS)
    ]
    found = set()
    for i in nameless[:MAX_NAMELESS]:
        column = next(
            one for one in (Column.WEIGHT, Column.MARKET_VALUE) if table.number(rows[i], one) is not None
        )
        flag, printed = table.text(rows[i], Column.ASSET_CLASS), table.number(rows[i], column) or 0.0
        others = [
            table.number(row, column) or 0.0
            for j, row in enumerate(rows)
            if j != i and table.text(row, Column.ASSET_CLASS) == flag
        ]
        if len(others) > 1 and abs(math.fsum(others) - printed) <= SUBTOTAL_TOLERANCE * abs(printed):
            found.add(i)
    return found


def _ends_table(row: Row, skipped: Sequence[Row], *, after_blank: bool) -> bool:
    """Whether a row that is not a holding ends the table."""
    if len(skipped) >= MAX_SKIPPED_ROWS or read_header(row, 0) is not None:
        return True
    cells = [cell for cell in row if cell_text(cell)]
    return after_blank and not (len(cells) == 1 and len(cells[0]) < MAX_HEADING_LENGTH)


def _decimal_comma(header: Header, body: Sequence[Row], delimiter: str) -> bool:
    def texts(*columns: Column) -> Iterator[str]:
        indices = [i for column in columns for i in header.indices.get(column, ())]
        return (row[i] for row in body[:SAMPLE] for i in indices if i < len(row))

    amounts = texts(Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
    return uses_decimal_comma(amounts, texts(Column.WEIGHT), otherwise=delimiter == ";")


def _side_warnings(table: HoldingsTable, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return a warning on sides that a header does not announce, or on words that are neither side's.

    Such as debit and credit.
    """
    if Column.SIDE not in table.header.indices:
        return ()
    column = clean(table.header.texts[table.header.indices[Column.SIDE][0]])
    words = dict.fromkeys(table.text(row, Column.SIDE) for row in rows)
    other = [word for word in words if word and word.casefold() not in LONG | SHORT | ACCOUNTS]
    if other:
        return (
            f'{listing(other)} in "{column}" of {table.file_name} is neither long nor short: the signs are '
            "those of the numbers.",
        )
    short = [_symbol(table, row) for row in rows if table.text(row, Column.SIDE).casefold() in SHORT]
    if not short or column_of(column) is Column.SIDE or column == HEADINGS:
        return ()
    why = "word or sign beside their ticker or name" if column == MARKED else f'column "{column}"'
    return (f"Read as short, by the {why}: {listing(short)}.",)


def _thousands_warnings(table: HoldingsTable, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return a warning on a number such as ``1,500`` whose separator no other cell of a file explains.

    Semicolons between the cells make a decimal comma likely, and do not prove it.
    """
    if table.source.delimiter != ";":
        return ()
    columns = (Column.SHARES, Column.PRICE, Column.MARKET_VALUE)
    cells = [
        (row, column, cell)
        for row in rows[:SAMPLE]
        for column in columns
        if (cell := table.header.cell(row, column)) and not isinstance(cell, Typed)
    ]
    found = next((one for one in cells if AMBIGUOUS.fullmatch(clean(one[2]))), None)
    weights = [table.header.cell(row, Column.WEIGHT) for row in rows[:SAMPLE]]
    texts = [cell for *_, cell in cells]
    decided = uses_decimal_comma(texts, weights, otherwise=True) is uses_decimal_comma(texts, weights)
    if found is None or decided:
        return ()
    row, column, cell = found
    value = table.number(row, column)
    return (
        f"{table.where(row, column)}: {clean(cell)} is read as {value:.10g} ({column}), as in files "
        "with semicolons the comma is the decimal one. If it separates thousands, write it without.",
    )


def _prefer_numeric_columns(header: Header, body: Sequence[Row], *, decimal_comma: bool) -> Header:
    """Prefer, among several candidate columns of numbers, the first that has some.

    Of values in local currency and in one currency, the latter: only those can be added.
    """
    for column in AMOUNT_COLUMNS:
        candidates = header.indices.get(column, ())
        if column is Column.MARKET_VALUE:
            candidates = tuple(sorted(candidates, key=lambda i: not header.is_in_base(i)))
        for i in candidates:
            if any(
                i < len(row) and number(row[i], decimal_comma=decimal_comma) is not None
                for row in body[:MAX_SCANNED]
            ):
                header = header.prefer(column, i)
                break
    return header


TICKER_ALONE = Pattern(r"[A-Z]{1,4}(?:[ ./-][A-Z]{1,2})?(?: [A-Z]{2})?")
"""A ticker, even in a row without other cells; a longer word may be the heading of a section."""
TICKER_WITHOUT_NAMES = Pattern(r"[A-Z0-9]{1,6}(?:[ ./-][A-Z]{1,2})?(?: [A-Z]{2})?")
"""The same in a table without names, which is made by hand and has no sections."""
SUM_RTOL = 1e-3
"""Relative tolerance of a total, from the rounding of each row."""

AMOUNT_COLUMNS = (Column.WEIGHT, Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
NUMBER_COLUMNS = (*AMOUNT_COLUMNS, Column.NOTIONAL, Column.EXPOSURE)
DECIDING = frozenset({*NUMBER_COLUMNS, Column.TICKER, Column.FX_RATE, Column.CURRENCY, Column.SIDE})
"""Columns of which the user should know that they are read where the sheet does not show them."""


def _is_holding(table: HoldingsTable, row: Row) -> bool:
    """Whether a row has an identifier, and a number or a placeholder for a missing weight.

    A row that the issuer classes and weighs is a holding without a name: cash, mostly.
    """
    if not any(table.text(row, column) for column in IDENTIFIER_COLUMNS):
        return _is_classed(table, row)
    if any(table.number(row, column) is not None for column in NUMBER_COLUMNS):
        return True
    has_placeholder = clean(table.header.cell(row, Column.WEIGHT)).casefold() in MISSING - {""}
    names = sum(bool(table.text(row, column)) for column in IDENTIFIER_COLUMNS)
    return has_placeholder and (names > 1 or bool(table.text(row, Column.TICKER)))


def _is_classed(table: HoldingsTable, row: Row) -> bool:
    """Whether a row has the issuer's class, and a weight or a value."""
    if asset_classes.of_flag(table.text(row, Column.ASSET_CLASS)) is None:
        return False
    return any(table.number(row, column) is not None for column in (Column.WEIGHT, Column.MARKET_VALUE))


def _lacks_numbers(table: HoldingsTable, row: Row) -> bool:
    """Whether a row without numbers in known columns is a holding, and not a heading."""
    ticker = table.text(row, Column.TICKER)
    if _has_unread_amount(table, row) and (ticker or table.text(row, Column.NAME)):
        return True
    if asset_classes.of_flag(ticker or table.text(row, Column.NAME)) is AssetClass.CASH:
        return any(number(cell, decimal_comma=table.decimal_comma) is not None for cell in row)
    form = TICKER_ALONE if Column.NAME in table.header.indices else TICKER_WITHOUT_NAMES
    return form.fullmatch(ticker) is not None and asset_classes.of_flag(ticker) is None


def _has_unread_amount(table: HoldingsTable, row: Row) -> bool:
    """Whether a column of numbers has a text with digits that is none, such as ``1.2M``."""
    texts = (table.text(row, column) for column in AMOUNT_COLUMNS)
    return any(
        len(text) <= LONGEST_AMOUNT
        and any(map(str.isdigit, text))
        and ":" not in text
        and date_of(text) is None
        for text in texts
    )


def _is_nameless(table: HoldingsTable, row: Row) -> bool:
    """Whether a row has a number other than zero, and nothing that says of what."""
    return not any(table.text(row, column) for column in IDENTIFIER_COLUMNS) and any(
        table.number(row, column) for column in AMOUNT_COLUMNS
    )


def _is_sum(table: HoldingsTable, row: Row, rows: Sequence[Row]) -> bool:
    """Whether every weight and value of a row is the sum of those above: a total without a word.

    Weights that add to 1 or 100 only with the row are no total's.
    """
    if len(rows) < 2:  # noqa: PLR2004 - one row is no sum
        return False
    sums = []
    for column, wholes in ((Column.WEIGHT, (1.0, 100.0)), (Column.MARKET_VALUE, ())):
        printed = table.number(row, column)
        if printed is not None:
            above = math.fsum(table.number(one, column) or 0.0 for one in rows)
            completes = any(math.isclose(printed + above, whole, rel_tol=SUM_RTOL) for whole in wholes)
            sums.append(math.isclose(printed, above, rel_tol=SUM_RTOL) and not completes)
    return bool(sums) and all(sums)


def _is_group_sum(table: HoldingsTable, row: Row, rows: Sequence[Row]) -> bool:
    """Whether a row without a ticker says total, and its value is the sum of some rows."""
    if not _says_total(row) or table.number(row, Column.MARKET_VALUE) is None:
        return False
    printed, *values = (table.number(one, Column.MARKET_VALUE) or 0.0 for one in (row, *rows))
    return math.isclose(printed, math.fsum(values), rel_tol=SUM_RTOL)


def _values_of_whole(
    table: HoldingsTable, rows: Sequence[Row], totals: Sequence[tuple[int, Row]], others: Sequence[int]
) -> tuple[float, ...]:
    """Return the values of the total rows, but those of the rows since the total before.

    ``totals`` has each with the number of holdings above it, ``others`` the numbers above other totals.
    """
    found = []
    for place, total in totals:
        printed = table.number(total, Column.MARKET_VALUE)
        start = max((one for one in (*others, *(one for one, _ in totals)) if one < place), default=0)
        part = math.fsum(table.number(row, Column.MARKET_VALUE) or 0.0 for row in rows[start:place])
        if printed is not None and not (start and math.isclose(printed, part, rel_tol=SUM_RTOL)):
            found.append(printed)
    return tuple(found)


def _is_proven_sum(table: HoldingsTable, row: Row, rows: Sequence[Row]) -> bool:
    """Whether a row is the sum of those above by its value, and unlike them has no shares and no price."""
    if table.text(row, Column.SHARES):  # nearly every row ends here
        return False
    if Column.SHARES not in table.header.indices or len(rows) < 2:  # noqa: PLR2004 - one is no sum
        return False
    if any(table.text(row, one) for one in (Column.PRICE, Column.ISIN, Column.CUSIP)):
        return False
    printed = table.number(row, Column.MARKET_VALUE)
    if not printed:
        return False
    name, ticker = table.text(row, Column.NAME), table.text(row, Column.TICKER)
    is_cash = AssetClass.CASH in {
        asset_classes.of_name(name or ticker, ticker),
        asset_classes.of_flag(table.text(row, Column.ASSET_CLASS)),
    }
    values = [table.number(one, Column.MARKET_VALUE) for one in rows]
    held = [one for one in rows if table.text(one, Column.SHARES)]
    if is_cash or 2 * len(held) < len(rows) or None in values:
        return False
    return math.isclose(printed, math.fsum(value for value in values if value is not None), rel_tol=1e-9)


def _symbol(table: HoldingsTable, row: Row) -> str:
    """Return the ticker of a row, or its name."""
    return table.text(row, Column.TICKER) or table.text(row, Column.NAME) or "?"


def _totals_warnings(table: HoldingsTable, totals: Sequence[Row]) -> tuple[str, ...]:
    if not totals:
        return ()
    names = listing([_label(table, row)[:MAX_HEADING_LENGTH] for row in totals])
    return (
        f"{table.file_name}: totals of other rows, or figures of the whole, are no positions: {names}. "
        "If one is, give its shares and price.",
    )


def _label(table: HoldingsTable, row: Row) -> str:
    """Return the name of a row, or its ticker."""
    return table.text(row, Column.NAME) or table.text(row, Column.TICKER)


def _says_total(row: Row) -> bool:
    text = "|".join(row).lower()
    return any(word in text for word in TOTAL_WORDS)


def _ends_with_total(table: HoldingsTable, row: Row, rows: Sequence[Row]) -> bool:
    """Whether a row that has a total's word is one, and no stock of that name.

    A total may have a name of its own, and the word for its ticker; then it is the sum of the rows above.
    """
    is_named = TOTAL.fullmatch(table.text(row, Column.TICKER)) is not None and _is_sum(table, row, rows)
    return (is_named or _is_total(table, row)) and not _is_stock(table, row, rows)


def _is_stock(table: HoldingsTable, row: Row, rows: Sequence[Row]) -> bool:
    """Whether a row is of a ticker that is a total's word: with shares and a price, and not the sum."""
    if table.text(row, Column.TICKER) not in TICKERS_LIKE_TOTALS or _is_sum(table, row, rows):
        return False
    has = {column for column in AMOUNT_COLUMNS if table.number(row, column) is not None}
    return {Column.SHARES, Column.PRICE} <= has or bool({Column.WEIGHT, Column.MARKET_VALUE} & has)


def _is_total(table: HoldingsTable, row: Row) -> bool:
    if not _says_total(row):
        return False
    if any(table.text(row, column) for column in (Column.ISIN, Column.CUSIP, Column.SEDOL)):
        return False
    named = [text for column in (Column.TICKER, Column.NAME) if (text := table.text(row, column))]
    if named and all(TOTAL.fullmatch(text) for text in named):
        return True
    texts = [
        word
        for cell in row
        if (word := clean(cell)) and number(cell, decimal_comma=table.decimal_comma) is None
    ]
    totals = [text for text in texts if TOTAL.fullmatch(text)]
    return bool(totals) and all(text in totals or text.casefold() in MISSING for text in texts)


def _unread_row_warnings(
    table: HoldingsTable, skipped: Sequence[Row], rest: Sequence[Row], rows: Sequence[Row]
) -> tuple[str, ...]:
    """Return warnings about rows within and after the table that may be holdings but were not read."""
    lines = []
    not_notes = [row for row in skipped if sum(bool(cell_text(cell)) for cell in row) > MAX_NOTE_CELLS]
    if not_notes:
        shown = " | ".join(clean(cell)[:30] for cell in not_notes[0][:4])
        lines.append(
            f"{len(not_notes)} lines within the table are not holdings and were skipped (first: {shown})."
        )
    headers = [i for i, row in enumerate(rest[:MAX_SCANNED]) if row and read_header(row, 0) is not None]
    if headers:
        lines.append(_another_table(table, rest[headers[0]], rest[headers[0] + 1 :], rows))
    unread = 0 if headers else sum(_is_holding(table, row) for row in rest[:MAX_SCANNED])
    if unread:
        lines.append(f"{unread} lines after the end of the table look like holdings and are not read.")
    return tuple(lines)


def _another_table(table: HoldingsTable, header: Row, below: Sequence[Row], rows: Sequence[Row]) -> str:
    """Return a warning that says which other table follows: a copy of the one that is read, or another."""
    if tuple(map(clean, header)) != tuple(map(clean, table.header.texts)):
        columns = listing([clean(text) for text in header if clean(text)], limit=4)
        return f"Another table follows and is not read (columns {columns})."
    others: list[Row] = []
    for row in below[:MAX_HOLDINGS]:
        if row and read_header(row, 0) is not None:
            break
        if row and not _is_total(table, row) and _is_holding(table, row):
            others.append(row)
    if same_rows(others, rows):
        return f"The table is in the file twice; its first {len(rows)} rows are read."
    return f"Another table with the same columns follows and is not read ({describe_rows(table, others)})."


def same_rows(some: Sequence[Row], others: Sequence[Row]) -> bool:
    """Whether two tables have the same cells, whatever the blanks around them."""
    return [tuple(map(clean, row)) for row in some] == [tuple(map(clean, row)) for row in others]


def describe_rows(table: HoldingsTable, rows: Sequence[Row]) -> str:
    """Return the number of rows of a table, and what the first one is, for a message."""
    if not rows:
        return "no rows"
    first = next((text for one in IDENTIFIER_COLUMNS if (text := table.text(rows[0], one))), "")
    count = f"{len(rows):,} row{'s' if len(rows) > 1 else ''}"
    return f"{count}, {first[:MAX_HEADING_LENGTH]} first" if first else count


def describe_non_holdings(sheets: Sequence[TextSheet], file_name: str) -> str:
    """Return a one-line message that says what a file without holdings is."""
    rows = [row for sheet in sheets for row in sheet.rows[:HEADER_SEARCH_ROWS]][:MAX_SCANNED]
    lines = [" ".join(clean(cell) for cell in row if clean(cell)) for row in rows]
    lines += [note for sheet in sheets[:1] for note in sheet.notes[:MAX_SCANNED]]
    text = "\n".join(line[:MAX_LINE_LENGTH] for line in lines)
    header = next((row for row in rows if read_header(row, 0)), None)
    if header is not None:
        return f"{file_name} has a header but no holdings: {_why_empty(text, rows, header)}"
    for words, what in NOT_HOLDINGS:
        if words.search(text):
            return f"{file_name} {what}"
    first = next((line for line in lines if line), "")[:MAX_HEADING_LENGTH]
    found = listing([column.value for column in max(map(count_headers, rows), key=len, default=Counter())])
    missing = f"a row has {found}, but none has" if found else "no row has"
    foreign = 3 * sum(not one.isascii() for one in first) > len(first)
    advice = (
        "Name its columns ticker, name, shares, price, market value or weight, and save it in UTF-8."
        if foreign
        else "Download the fund's full holdings."
    )
    return (
        f"{file_name} has no table of holdings: {missing} a weight or market value beside a ticker or name. "
        f'It begins "{first}". {advice}'
    )


def _why_empty(text: str, rows: Sequence[Row], header: Row) -> str:
    """Return the reason for a header without holdings, as far as the file gives it, and what to do."""
    if re.search(r"as of[\s:,]*-(?!\w)", text, re.IGNORECASE):
        return "its date is a dash. Download the latest holdings."
    if CLOSED.search(text):
        return "the file says that the fund is closed. Check the fund's page."
    below = next((row for row in rows[rows.index(header) + 1 :] if any(map(clean, row))), None)
    if below is None:
        return "nothing is below it. Download the latest holdings."
    shown = " | ".join(clean(cell)[:30] for cell in below[:4])
    return f'no row below it has a name and a number (the first is "{shown}"). Check the file.'


MAX_LINE_LENGTH = 500
CLOSED = Pattern(
    r"\b(?:has been|was|is) (?:closed|liquidated|terminated|merged)\b|\bliquidat(?:ed|ion)\b", re.IGNORECASE
)
NOT_HOLDINGS = (
    (
        Pattern(
            r"captcha|robot|are you (?:a )?human|verify you|unusual traffic|checking your browser"
            r"|enable javascript|access denied|forbidden|request unsuccessful|incapsula|cloudflare"
            r"|not found|error 40\d|sign in|log ?in\b|accept (?:the )?terms",
            re.IGNORECASE,
        ),
        "is a log-in or CAPTCHA page, or refuses access. Download the holdings in the browser.",
    ),
    (
        Pattern(
            rf"{CLOSED.source}|\bno (?:holdings|data|records|results)\b",
            re.IGNORECASE,
        ),
        "says that the fund is closed or has no holdings. Check the fund's page.",
    ),
    (
        Pattern(
            r"expense ratio|\bTER\b|inception date.*\bNAV\b|net assets.*\bNAV\b|\bAUM\b"
            r"|(?:fund|product) list",
            re.IGNORECASE,
        ),
        "is a list of funds, not the holdings of one. Download the fund's own holdings.",
    ),
)
"""Patterns of other pages and files that are downloaded in place of holdings, each with its message."""
