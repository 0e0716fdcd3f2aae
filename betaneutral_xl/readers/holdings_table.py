"""The table of holdings in a file: where its header stands, which rows below it are holdings."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile, listing
from betaneutral_xl.readers import asset_classes
from betaneutral_xl.readers.columns import VALUE_COLUMNS, Column, Header, count_headers, read_header
from betaneutral_xl.readers.tabular.printed import PLACEHOLDERS, cell_text, clean, number, uses_decimal_comma

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

SAMPLE = 400
"""Rows that decide how numbers are written."""
HEADER_SEARCH_ROWS = 120
"""Rows of a sheet, blank ones too, within which its header stands."""
MAX_HEADERS = 5
MAX_SCANNED = 2_000
"""Rows of a file that are tried as headers."""
MAX_HOLDINGS = 60_000
"""Rows of a table: an issuer with all its funds in one file has 20,000."""
MAX_SKIPPED_ROWS = 500
"""Lines within a table that are no holdings."""
MAX_NOTE_CELLS = 2
"""Filled cells of a line that is a note."""
MAX_HEADING_LENGTH = 60
"""Characters of a line that is the heading of a section, not a disclaimer."""

TOTAL = re.compile(
    r"(?:grand |account |portfolio |positions |sub-?)?totals?:?(?: (?:net assets?|portfolio|holdings"
    r"|fund|investments?|assets|equit(?:y|ies)|common stocks?|"
    r"(?:in)?securities|value|weight|cash|market value|%))*:?|sum|summe|gesamt(?:summe)?"
    r"|net assets(?: total)?",
    re.IGNORECASE,
)

TOTAL_WORDS = re.compile(r"total|sum|gesamt|net assets", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsTable:
    """A table of holdings and what stands around it."""

    sheet: str
    header: Header
    rows: tuple[Row, ...]
    before: tuple[Row, ...]
    after: tuple[Row, ...]
    notes: tuple[str, ...]
    decimal_comma: bool
    printed_total: float | None = None
    warnings: tuple[str, ...] = ()

    def number(self, row: Sequence[str], column: Column) -> float | None:
        """Return the number in a row's column, None if there is none."""
        cell = self.header.cell(row, column)
        return number(cell, decimal_comma=self.decimal_comma) if cell else None

    def text(self, row: Sequence[str], column: Column) -> str:
        """Return the text in a row's column, empty if it prints nothing."""
        cell = self.header.cell(row, column)
        return cell_text(cell) if cell else ""


def find_table(
    sheets: Sequence[TextSheet], file_name: str, valued: frozenset[Column] = VALUE_COLUMNS
) -> HoldingsTable | None:
    """Return the table of holdings with the most rows, None if there is none.

    In each sheet the first header counts that has holdings below it; ``valued`` are the columns of
    which a header must have one.
    """
    best: HoldingsTable | None = None
    tried = 0
    for sheet in sheets:
        found = 0
        for index, row in enumerate(sheet.rows[:HEADER_SEARCH_ROWS]):
            tried += bool(row)
            if tried > MAX_SCANNED or found >= MAX_HEADERS:
                break
            header = read_header(row, index, valued)
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
    """Return the rows below a header that are holdings, up to where the table ends.

    The table ends at another header, and after a blank line at anything that is neither a holding
    nor the heading of a section. Headings, totals and notes within are passed over.

    Raises
    ------
    UnreadableFile
        If there are more rows than any fund has.

    """
    body = sheet.rows[header.row + 1 :]
    comma = _decimal_comma(header, body, sheet.delimiter)
    table = HoldingsTable(
        sheet=sheet.name,
        header=header,
        rows=(),
        before=sheet.rows[: header.row],
        after=(),
        notes=sheet.notes,
        decimal_comma=comma,
    )
    header = _prefer_numeric_columns(table, body)
    table = replace(table, header=header)
    rows: list[Row] = []
    passed: list[Row] = []
    total: float | None = None
    end = len(body)
    blank = False
    for index, row in enumerate(body):
        if not row:
            blank = bool(rows)
        elif _is_total(table, row):
            total = table.number(row, Column.WEIGHT) if Column.WEIGHT in header.indices else None
        elif _is_holding(table, row) or (not blank and _lacks_numbers(table, row)):
            rows.append(row)
            blank = False
        elif _ends_table(row, passed, after_blank=blank):
            end = index
            break
        else:
            passed.append(row)
        if len(rows) > MAX_HOLDINGS:
            msg = f"{file_name} has more than {MAX_HOLDINGS:,} rows. Check that it is a file of holdings."
            raise UnreadableFile(msg)
    rest = body[end:]
    return replace(
        table,
        rows=tuple(rows),
        after=(*passed, *rest),
        printed_total=total,
        warnings=_unread_row_warnings(table, passed, rest, len(rows)),
    )


def _ends_table(row: Row, passed: Sequence[Row], *, after_blank: bool) -> bool:
    """Whether a row that is no holding ends the table."""
    if len(passed) >= MAX_SKIPPED_ROWS or read_header(row, 0) is not None:
        return True
    cells = [cell for cell in row if cell_text(cell)]
    return after_blank and not (len(cells) == 1 and len(cells[0]) < MAX_HEADING_LENGTH)


def _decimal_comma(header: Header, body: Sequence[Row], delimiter: str) -> bool:
    def texts(*columns: Column) -> Iterator[str]:
        indices = [place for column in columns for place in header.indices.get(column, ())]
        return (row[place] for row in body[:SAMPLE] for place in indices if place < len(row))

    amounts = texts(Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
    return uses_decimal_comma(amounts, texts(Column.WEIGHT), otherwise=delimiter == ";")


def _prefer_numeric_columns(table: HoldingsTable, body: Sequence[Row]) -> Header:
    """Take, of several columns that could be the weight or value, the first that has numbers."""
    header = table.header
    for column in (Column.WEIGHT, Column.MARKET_VALUE):
        for place in header.indices.get(column, ()):
            if any(
                place < len(row) and number(row[place], decimal_comma=table.decimal_comma) is not None
                for row in body[:MAX_SCANNED]
            ):
                header = header.prefer(column, place)
                break
    return header


IDENTIFIER_COLUMNS = (
    Column.TICKER,
    Column.NAME,
    Column.ISIN,
    Column.CUSIP,
    Column.SEDOL,
    Column.FIGI,
    Column.IDENTIFIER,
)
TICKER_ALONE = re.compile(r"[A-Z]{1,4}(?:[ ./-][A-Z]{1,2})?(?: [A-Z]{2})?")
"""What is a ticker even if nothing stands beside it; longer words may head a section."""

NUMBER_COLUMNS = (
    Column.WEIGHT,
    Column.MARKET_VALUE,
    Column.SHARES,
    Column.NOTIONAL,
    Column.EXPOSURE,
    Column.PRICE,
)


def _is_holding(table: HoldingsTable, row: Row) -> bool:
    """Whether a row names something and measures it (or prints that there is no measure)."""
    if not any(table.text(row, column) for column in IDENTIFIER_COLUMNS):
        return False
    if any(table.number(row, column) is not None for column in NUMBER_COLUMNS):
        return True
    says_none = clean(table.header.cell(row, Column.WEIGHT)).casefold() in PLACEHOLDERS - {""}
    names = sum(bool(table.text(row, column)) for column in IDENTIFIER_COLUMNS)
    return says_none and (names > 1 or bool(table.text(row, Column.TICKER)))


def _lacks_numbers(table: HoldingsTable, row: Row) -> bool:
    """Whether a row without any number is a holding that lacks its own, and not a heading."""
    ticker = table.text(row, Column.TICKER)
    return TICKER_ALONE.fullmatch(ticker) is not None and asset_classes.of_flag(ticker) is None


def _is_total(table: HoldingsTable, row: Row) -> bool:
    if not TOTAL_WORDS.search("|".join(row)):
        return False
    words = [word for cell in row if (word := clean(cell))]
    if any(table.text(row, column) for column in (Column.ISIN, Column.CUSIP, Column.SEDOL)):
        return False
    texts = [word for word in words if number(word, decimal_comma=table.decimal_comma) is None]
    return (
        bool(texts)
        and all(TOTAL.fullmatch(text) or text.casefold() in PLACEHOLDERS for text in texts)
        and any(TOTAL.fullmatch(text) for text in texts)
    )


def _unread_row_warnings(
    table: HoldingsTable, passed: Sequence[Row], rest: Sequence[Row], taken: int
) -> tuple[str, ...]:
    """Say which lines within and after the table may be holdings that were not read."""
    lines = []
    odd = [row for row in passed if sum(bool(cell_text(cell)) for cell in row) > MAX_NOTE_CELLS]
    if odd:
        shown = " | ".join(clean(cell)[:30] for cell in odd[0][:4])
        lines.append(
            f"{len(odd)} lines within the table are no holdings and were passed over (first: {shown})."
        )
    headers = [row for row in rest[:MAX_SCANNED] if row and read_header(row, 0) is not None]
    if any(tuple(map(clean, row)) == tuple(map(clean, table.header.texts)) for row in headers):
        lines.append(f"The table stands in the file twice; its first {taken} rows are read.")
    elif headers:
        columns = listing([clean(text) for text in headers[0] if clean(text)], most=4)
        lines.append(f"Another table follows and is not read (columns {columns}).")
    unread = 0 if headers else sum(_is_holding(table, row) for row in rest[:MAX_SCANNED])
    if unread:
        lines.append(f"{unread} lines after the end of the table look like holdings and are not read.")
    return tuple(lines)


def describe_non_holdings(sheets: Sequence[TextSheet], file_name: str) -> str:
    """Say, in one line, what a file without holdings is."""
    rows = [row for sheet in sheets for row in sheet.rows[:HEADER_SEARCH_ROWS]][:MAX_SCANNED]
    lines = [" ".join(clean(cell) for cell in row if clean(cell)) for row in rows]
    lines += [note for sheet in sheets[:1] for note in sheet.notes[:MAX_SCANNED]]
    text = "\n".join(line[:MAX_LINE_LENGTH] for line in lines)
    if any(read_header(row, 0) for row in rows):
        no_date = re.search(r"as of[\s:,]*-(?!\w)", text, re.IGNORECASE)
        why = "its date is a dash" if no_date else "the fund is closed, or has no data for that day"
        return f"{file_name} has a header but no holdings: {why}. Download the latest holdings."
    for words, what in NOT_HOLDINGS:
        if words.search(text):
            return f"{file_name} {what}"
    first = next((line for line in lines if line), "")[:MAX_HEADING_LENGTH]
    known = listing([column.value for column in max(map(count_headers, rows), key=len, default=Counter())])
    lacks = f"a row has {known}, but none has" if known else "no row has"
    return (
        f"{file_name} has no table of holdings: {lacks} a weight or market value beside a ticker or name. "
        f'It begins "{first}". Download the fund\'s full holdings.'
    )


MAX_LINE_LENGTH = 500
NOT_HOLDINGS = (
    (
        re.compile(
            r"captcha|robot|are you (?:a )?human|verify you|unusual traffic|checking your browser"
            r"|enable javascript|access denied|forbidden|request unsuccessful|incapsula|cloudflare"
            r"|not found|error 40\d|sign in|log ?in\b|accept (?:the )?terms",
            re.IGNORECASE,
        ),
        "is a page that asks who you are, or refuses access. Download the holdings in the browser.",
    ),
    (
        re.compile(
            r"\b(?:has been|was|is) (?:closed|liquidated|terminated|merged)\b|\bliquidat(?:ed|ion)\b"
            r"|\bno (?:holdings|data|records|results)\b",
            re.IGNORECASE,
        ),
        "says that the fund is closed or has no holdings. Check the fund's page.",
    ),
    (
        re.compile(
            r"expense ratio|\bTER\b|inception date.*\bNAV\b|net assets.*\bNAV\b|\bAUM\b"
            r"|(?:fund|product) list",
            re.IGNORECASE,
        ),
        "is a list of funds, not the holdings of one. Download the fund's own holdings.",
    ),
)
"""What else is downloaded in place of holdings, by its words, and what to say of it."""
