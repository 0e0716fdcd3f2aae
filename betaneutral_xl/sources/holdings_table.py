"""The table of holdings in a file: where its header stands, which rows below it are holdings."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from betaneutral_xl.errors import listing
from betaneutral_xl.sources.columns import VALUED, Column, Header, header_like, read_header
from betaneutral_xl.sources.printed import NOTHING, clean, number, stated, uses_decimal_comma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.sources.tables import Row, Sheet

BLANK_AFTER_HEADER = 2
SAMPLE = 400

TOTAL = re.compile(
    r"(?:grand |account |portfolio |positions |sub-?)?totals?:?(?: (?:net assets?|portfolio|holdings|fund|investments?|assets|equit(?:y|ies)|common stocks?|"
    r"(?:in)?securities|value|weight|cash|market value|%))*:?|sum|summe|gesamt(?:summe)?|net assets(?: total)?",
    re.IGNORECASE,
)

MAYBE_TOTAL = re.compile(r"total|sum|gesamt|net assets", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
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
        return number(self.header.cell(row, column), decimal_comma=self.decimal_comma)

    def text(self, row: Sequence[str], column: Column) -> str:
        """Return the text in a row's column, empty if it prints nothing."""
        return stated(self.header.cell(row, column))


def find_table(sheets: Sequence[Sheet], valued: frozenset[Column] = VALUED) -> Table | None:
    """Return the table of holdings with the most rows, None if there is none.

    In each sheet the first header counts that has holdings below it; ``valued`` are the columns of
    which a header must have one.
    """
    best: Table | None = None
    for sheet in sheets:
        for index, row in enumerate(sheet.rows):
            header = read_header(row, index, valued)
            if header is None:
                continue
            table = holding_rows(sheet, header)
            if table.rows:
                if best is None or len(table.rows) > len(best.rows):
                    best = table
                break
    return best


def holding_rows(sheet: Sheet, header: Header) -> Table:
    """Return the rows below a header that are holdings, up to where the table ends.

    A blank line ends the table unless a holding follows it; so do the second copy of the header
    and, after a blank line, anything that is no holding. Headings and totals within are passed over.
    """
    body = sheet.rows[header.row + 1 :]
    comma = _decimal_comma(header, body, sheet.delimiter)
    table = Table(
        sheet=sheet.name,
        header=header,
        rows=(),
        before=sheet.rows[: header.row],
        after=(),
        notes=sheet.notes,
        decimal_comma=comma,
    )
    header = _with_numbers(table, body)
    table = replace(table, header=header)
    rows: list[Row] = []
    passed: list[Row] = []
    total: float | None = None
    end = len(body)
    blank = False
    for index, row in enumerate(body):
        if not row:
            blank = bool(rows)
            continue
        if _is_total(table, row):
            total = table.number(row, Column.WEIGHT) if Column.WEIGHT in header.places else None
        elif _is_holding(table, row):
            rows.append(row)
            blank = False
        elif blank or read_header(row, index) is not None:
            end = index
            break
        else:
            passed.append(row)
    after = (*passed, *body[end:])
    return replace(
        table,
        rows=tuple(rows),
        after=after,
        printed_total=total,
        warnings=_left_over(header, passed, body[end:], len(rows)),
    )


def _decimal_comma(header: Header, body: Sequence[Row], delimiter: str) -> bool:
    columns = (Column.WEIGHT, Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
    places = [place for column in columns for place in header.places.get(column, ())]
    texts = (row[place] for row in body[:SAMPLE] for place in places if place < len(row))
    return uses_decimal_comma(texts, otherwise=delimiter == ";")


def _with_numbers(table: Table, body: Sequence[Row]) -> Header:
    """Take, of several columns that could be the weight or value, the first that has numbers."""
    header = table.header
    for column in (Column.WEIGHT, Column.MARKET_VALUE):
        for place in header.places.get(column, ()):
            if any(
                place < len(row) and number(row[place], decimal_comma=table.decimal_comma) is not None
                for row in body
            ):
                header = header.prefer(column, place)
                break
    return header


IDENTIFYING = (
    Column.TICKER,
    Column.NAME,
    Column.ISIN,
    Column.CUSIP,
    Column.SEDOL,
    Column.FIGI,
    Column.IDENTIFIER,
)
MEASURING = (Column.WEIGHT, Column.MARKET_VALUE, Column.SHARES, Column.NOTIONAL, Column.PRICE)


def _is_holding(table: Table, row: Row) -> bool:
    """Whether a row names something and measures it (or prints that there is no measure)."""
    named = [column for column in IDENTIFYING if table.text(row, column)]
    if not named:  # some issuers leave the last line, other cash, without a name
        return False
    for column in MEASURING:
        if table.number(row, column) is not None:
            return True
    blank_weight = clean(table.header.cell(row, Column.WEIGHT)).casefold() in NOTHING - {""}
    return blank_weight and len(named) > 1


def _is_total(table: Table, row: Row) -> bool:
    if not MAYBE_TOTAL.search("|".join(row)):
        return False
    words = [word for cell in row if (word := clean(cell))]
    if any(table.text(row, column) for column in (Column.ISIN, Column.CUSIP, Column.SEDOL)):
        return False
    texts = [word for word in words if number(word, decimal_comma=table.decimal_comma) is None]
    return (
        bool(texts)
        and all(TOTAL.fullmatch(text) or text.casefold() in NOTHING for text in texts)
        and any(TOTAL.fullmatch(text) for text in texts)
    )


def _left_over(header: Header, passed: Sequence[Row], rest: Sequence[Row], taken: int) -> tuple[str, ...]:
    """Say which lines within and after the table may be holdings that were not understood."""
    lines = []
    odd = [row for row in passed if len([cell for cell in row if stated(cell)]) > 2]  # noqa: PLR2004 - notes have less
    if odd:
        shown = " | ".join(clean(cell)[:30] for cell in odd[0][:4])
        lines.append(
            f"{len(odd)} lines within the table are no holdings and were passed over (first: {shown})."
        )
    copies = [row for row in rest if tuple(map(clean, row)) == tuple(map(clean, header.texts))]
    if copies:
        lines.append(
            f"The table's header stands {len(copies) + 1} times in the file; the first {taken} rows are read."
        )
    others = [
        other for index, row in enumerate(rest) if (other := read_header(row, index)) and row not in copies
    ]
    if others:
        columns = listing([clean(text) for text in others[0].texts if clean(text)], most=4)
        lines.append(f"Another table follows and is not read (columns {columns}).")
    return tuple(lines)


def what_else(sheets: Sequence[Sheet], file_name: str) -> str:
    """Say, in one line, what a file without holdings is."""
    lines = [
        " ".join(clean(cell) for cell in row if clean(cell)) for sheet in sheets for row in sheet.rows[:60]
    ]
    lines += [note for sheet in sheets[:1] for note in sheet.notes[:200]]
    text = "\n".join(lines)
    if any(read_header(row, 0) for sheet in sheets for row in sheet.rows[:200]):
        no_date = re.search(r'as of[\s:,"]*-(?!\w)', text, re.IGNORECASE)
        why = (
            "its date is a dash, so the issuer has no data for that day"
            if no_date
            else "the fund is closed or has no data for that day"
        )
        return f"{file_name} has a header but no holdings: {why}. Download the latest holdings."
    if ROBOT.search(text):
        return f"{file_name} is a web page that asks who you are or refuses access, not the holdings. Download it again in the browser."
    if CLOSED.search(text):
        return f"{file_name} says that the fund is closed or has no holdings. Check the fund's page."
    if PRODUCTS.search(text):
        return f"{file_name} is a list of funds, not the holdings of one. Download the fund's own holdings."
    first = next((line for line in lines if line), "")[:60]
    known = max((header_like(row) for sheet in sheets for row in sheet.rows[:60]), key=len, default=Counter())
    lacks = (
        f"a row has {listing([column.value for column in known])} but no weight or market value beside a ticker or name"
        if known
        else "no row has a weight or market value beside a ticker or name"
    )
    return f'{file_name} has no table of holdings: {lacks}. It begins "{first}". Download the fund\'s full holdings.'


ROBOT = re.compile(
    r"captcha|robot|are you (?:a )?human|verify you|access denied|forbidden|incapsula|cloudflare|enable javascript|"
    r"unusual traffic|checking your browser|request unsuccessful|sign in|log ?in\b|accept (?:the )?terms|not found|error 40\d",
    re.IGNORECASE,
)
CLOSED = re.compile(
    r"\b(?:has been|was|is) (?:closed|liquidated|terminated|merged)\b|\bliquidat(?:ed|ion)\b|\bno (?:holdings|data|records|results)\b",
    re.IGNORECASE,
)
PRODUCTS = re.compile(
    r"expense ratio|\bTER\b|inception date.*\bNAV\b|net assets.*\bNAV\b|\bAUM\b|fund list|product list",
    re.IGNORECASE,
)
