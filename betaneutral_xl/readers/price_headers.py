"""The headers of price tables as yfinance, pandas and Excel write them.

Fields (Close, Volume) and tickers stand in two rows, merged by Excel or not, or in one: ``Close_NVDA``,
``NVDA Adj Close``, ``('Close', 'NVDA')``; or the field of each row in a column of its own (Bloomberg,
Refinitiv). Row numbers stand before the dates; days stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from betaneutral_xl.errors import UnreadableFile, listing
from betaneutral_xl.model.printed import cell_text, date_of, number
from betaneutral_xl.readers.tabular.grid import TextGrid
from betaneutral_xl.readers.tabular.row_grid import RowGrid
from betaneutral_xl.system.patterns import Pattern

Grid = TextGrid | RowGrid

DAY_HEADERS = ("date", "dates", "day", "datetime", "timestamp", "time")
"""Words above the days."""

FIELDS = (
    *("adj_close", "adjusted_close", "adjusted", "close", "open", "high", "low", "volume", "dividends"),
    *("stock_splits", "capital_gains", "repaired?"),
    *("px_last", "last_price", "px_open", "px_high", "px_low", "px_volume"),
)
"""Names of prices and amounts of one security, the preferred ones first."""
ADJUSTED = (*FIELDS[:3], "adj", "total_return")
"""Fields that are preferred to the prices of a column with the bare ticker."""
CLOSES = (*FIELDS[:4], "px_last")
PRICES = (
    *("adj_close", "adjusted_close", "adjclose", "closeadj", "adj._close", "adj_price", "adjusted"),
    *("total_return_index", "tot_return_index_gross_dvds"),
    *("price", "close", "price_close", "close_price", "px_last", "prc", "dlyprc", "last", "value"),
)
"""Names of prices in a long table, the preferred first: closing prices jump at splits."""
FIELD_HEADERS = (
    *("field", "fields", "variable", "item", "data_item", "measure", "metric", "attribute", "mnemonic"),
    *("datatype", "data_type", "price_type", "type", "series"),
)
"""Columns with the field of each row's number."""
BESIDE = (
    *FIELDS,
    *ADJUSTED[-2:],
    "return",
    "returns",
    "ret",
    "change",
    "market_cap",
    "mkt_cap",
    "shares",
    "dividend",
)
"""What a column beside the prices of a name may have: ``NVDA Volume`` beside ``NVDA``."""

ROW_NUMBER_HEADERS = frozenset({"", "index", "unnamed:_0", "level_0"})
MAX_HEADER_ROWS = 3
"""Rows below the first that are tested as further headers."""
MIN_DAYS = 3
"""Days side by side, from which the table is turned."""

REPEATED = Pattern(r"\.\d{1,4}$")
_QUOTES = Pattern(r"[()\[\]'\"]")
_BETWEEN = " ,_|/:.-"
_WORDS = Pattern(r"(?<=[a-z])(?=[A-Z])")
"""Where the next of joined words begins: ``PriceClose``."""


def canonical(header: str) -> str:
    """Return a header in lower case, ``_`` between words, as ``FIELDS`` has it; without Stooq's ``<>``."""
    return header.strip().lower().strip("<>").replace(" ", "_").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns of one field."""

    field: str
    """As printed."""
    tickers: list[str]
    """As printed, one a column."""
    columns: list[int]
    """Their indices among the columns of numbers, from 0 for the first right of the days."""
    first: int = 0
    """How many rows below the header are headers too."""


def chosen_field(grid: Grid, fields: Sequence[str] = ()) -> Chosen | None:
    """Return the columns of the preferred field, None if the header names no fields.

    The table has the days in its first column. ``fields`` will do, the preferred first; by default any of two
    header rows, closes of one.
    """
    return _of_two_rows(grid, fields or FIELDS) or fields_of(grid.header[1:], fields or CLOSES)


def _of_two_rows(grid: Grid, wanted: Sequence[str]) -> Chosen | None:
    texts = [_filled(grid.header[1:])]
    first = 0
    for row in map(grid.cells, range(min(len(grid), MAX_HEADER_ROWS))):
        label = row[0].strip()
        if label and canonical(label) not in {"ticker", "price", "date", "dates", "attributes", "symbol"}:
            break
        first += 1
        if any(row[1:]):
            texts.append(_filled(row[1:]))
    rows = [[canonical(REPEATED.sub("", cell)) for cell in row] for row in texts]
    fields = next((i for i, row in enumerate(rows) if set(row) <= set(FIELDS)), None)
    if len(rows) != 2 or fields is None or first == len(grid):  # noqa: PLR2004 - tickers and fields
        return None
    field = next((one for one in wanted if one in rows[fields]), None)
    if field is None:
        return None
    columns = [j for j, one in enumerate(rows[fields]) if one == field]
    return Chosen(texts[fields][columns[0]], [texts[1 - fields][j] for j in columns], columns, first)


def _filled(cells: Sequence[str]) -> list[str]:
    """Return cells with the text before it in each blank: Excel writes merged cells so."""
    filled: list[str] = []
    for cell in cells:
        filled.append(cell if cell.strip() or not filled else filled[-1])
    return filled


def fields_of(headers: Sequence[str], wanted: Sequence[str] = CLOSES) -> Chosen | None:
    """Return the columns of the preferred field, None if not every header has a field and a ticker."""
    pairs = [_field_and_ticker(text) for text in headers]
    if not pairs or None in pairs:
        return None
    known = [pair for pair in pairs if pair is not None]
    field = next((one for one in wanted if any(pair[0] == one for pair in known)), None)
    if field is None:
        return None
    columns = [j for j, pair in enumerate(known) if pair[0] == field]
    return Chosen(field.replace("_", " ").title(), [known[j][1] for j in columns], columns)


def columns_beside(headers: Sequence[str]) -> dict[int, int | None]:
    """Return the columns that have another field of a name whose prices are there, too.

    To each index belongs that of the name's prices, if the field is a better price: an adjusted one.

    >>> columns_beside(["NVDA", "NVDA Volume", "LOW", "AMD_VOLUME", "NVDA.Adjusted"])
    {1: None, 4: 0}
    """
    names = {header.strip(): j for j, header in enumerate(headers)}
    pairs = (_field_and_ticker(header, BESIDE) for header in headers)
    return {
        j: names[pair[1]] if pair[0] in ADJUSTED else None
        for j, pair in enumerate(pairs)
        if pair is not None and pair[1] in names
    }


def _field_and_ticker(text: str, fields: Sequence[str] = FIELDS) -> tuple[str, str] | None:
    """Return the field and the ticker of a header that has both, None for any other.

    >>> [_field_and_ticker(text) for text in ("Close_NVDA", "NVDA Adj Close", "('Close', 'BRK-B')", "LOW")]
    [('close', 'NVDA'), ('adj_close', 'NVDA'), ('close', 'BRK-B'), None]
    """
    bare = _QUOTES.sub("", text).strip()
    word = canonical(bare)
    for field in fields if len(word) == len(bare) else ():
        for rest, between in (
            (bare[len(field) :], word[len(field) : len(field) + 1]) if word.startswith(field) else ("", ""),
            (bare[: -len(field)], word[: -len(field)][-1:]) if word.endswith(field) else ("", ""),
        ):
            ticker = rest.strip(_BETWEEN)
            if between in _BETWEEN and ticker and not ticker.isdigit():
                return field, ticker
    return None


def rows_of_field(grid: Grid, wanted: Sequence[str] = ()) -> tuple[RowGrid, str] | None:
    """Return the rows of the preferred field, without the column of fields, and the field as printed.

    None for a table without a column of fields.

    Raises
    ------
    UnreadableFile
        If it has other fields only.

    """
    column = next((j for j, head in enumerate(grid.header) if canonical(head) in FIELD_HEADERS), None)
    if column is None:
        return None
    rows = grid.rows()
    printed = [row[column].strip() for row in rows]
    field = field_of(grid.name, grid.header[column], printed, wanted)
    if not field:
        return None
    kept = [i for i, text in enumerate(printed) if text == field]
    others = [j for j in range(len(grid.header)) if j != column]

    def place(row: int, j: int) -> str:
        return grid.place(kept[row], others[j]) if isinstance(grid, RowGrid) else grid.where(kept[row])

    header = tuple(grid.header[j] for j in others)
    return RowGrid(grid.name, header, [[rows[i][j] for j in others] for i in kept], place), field


def field_of(name: str, header: str, printed: Iterable[str], wanted: Sequence[str] = ()) -> str:
    """Return the preferred one of the texts of a column of fields; empty if it is no such column.

    ``wanted`` will do, the preferred first; by default prices. Raises as ``rows_of_field``.
    """
    fields = {text: _field_word(text) for text in dict.fromkeys(printed)}
    if not set(fields.values()) & {*PRICES, *BESIDE}:
        return ""
    by_word = {word: text for text, word in reversed(fields.items())}
    found = next((by_word[word] for word in wanted or (*PRICES, *CLOSES) if word in by_word), None)
    if found is None:
        msg = (
            f"{name} has {listing(list(fields))} in its column {header}, and no closing prices. "
            f"Give those of a field such as {'volume' if wanted else 'PX_LAST or Adj Close'}."
        )
        raise UnreadableFile(msg)
    return found


def _field_word(text: str) -> str:
    """Return a field as ``PRICES`` has it, without the prefix that Refinitiv writes."""
    return canonical(_WORDS.sub(" ", text.removeprefix("TR.")))


def below(grid: Grid, first: int) -> Grid:
    """Return the rows of a grid from one on."""
    if isinstance(grid, TextGrid):
        return replace(grid, texts=grid.texts[first:], lines=grid.lines[first:])
    return replace(grid, body=grid.body[first:], place=lambda row, column: grid.place(row + first, column))


def with_days_first(grid: Grid) -> Grid:
    """Return a table with the days as its first column: row numbers removed, days side by side turned."""
    if _has_row_numbers(grid):
        return _without_first_column(grid)
    heads = [canonical(head) for head in grid.header]
    days = [j for j, head in enumerate(heads) if head in DAY_HEADERS]
    if len(days) > 1 and days == list(range(0, len(heads), 2)) and not len(heads) % 2:
        return _from_pairs(grid)
    if heads[0] not in ROW_NUMBER_HEADERS and len(days) == 1 and days[0]:
        return _with_first(grid, days[0])
    return _turned(grid) if _has_days_across(grid) else grid


def _from_pairs(grid: Grid) -> RowGrid:
    """Return columns of days and prices by turns, each pair of one name (Bloomberg), as a long table."""
    cells = [
        (i, j, row[j : j + 2]) for i, row in enumerate(grid.rows()) for j in range(0, len(grid.header), 2)
    ]
    filled = [(i, j, pair) for i, j, pair in cells if any(cell_text(str(cell or "")) for cell in pair)]

    def place(row: int, column: int) -> str:
        i, j, _ = filled[row]
        return grid.place(i, j + column // 2) if isinstance(grid, RowGrid) else grid.where(i)

    body = [[pair[0], grid.header[j + 1], pair[1]] for _, j, pair in filled]
    return RowGrid(grid.name, ("date", "ticker", "price"), body, place)


def _has_row_numbers(grid: Grid) -> bool:
    if canonical(grid.header[0]) not in ROW_NUMBER_HEADERS or canonical(grid.header[1]) not in DAY_HEADERS:
        return False
    labels = [number(label) for label in grid.labels()]
    return any(labels == [start + i for i in range(len(labels))] for start in (0.0, 1.0))


def _without_first_column(grid: Grid) -> Grid:
    if isinstance(grid, TextGrid):
        texts = [text.partition(grid.delimiter)[2] for text in grid.texts]
        return replace(grid, header=grid.header[1:], texts=texts)
    return replace(
        grid,
        header=grid.header[1:],
        body=[row[1:] for row in grid.body],
        place=lambda row, column: grid.place(row, column + 1),
    )


def _with_first(grid: Grid, column: int) -> RowGrid:
    """Return a table with one of its columns before the others."""
    order = [column, *(j for j in range(len(grid.header)) if j != column)]

    def place(row: int, j: int) -> str:
        return grid.place(row, order[j]) if isinstance(grid, RowGrid) else grid.where(row)

    header = tuple(grid.header[j] for j in order)
    return RowGrid(grid.name, header, [[row[j] for j in order] for row in grid.rows()], place)


def _has_days_across(grid: Grid) -> bool:
    heads = grid.header[1:]
    return (
        len(heads) >= MIN_DAYS
        and all(number(head) is None and date_of(head) is not None for head in heads)
        and not any(date_of(label) for label in grid.labels())
    )


def _turned(grid: Grid) -> RowGrid:
    """Return a table of a row a ticker as one of a row a day."""
    rows = grid.rows()
    body = [[head, *(row[j] for row in rows)] for j, head in enumerate(grid.header) if j]
    header = ("date", *(cell_text(row[0]) for row in rows))

    def place(row: int, column: int) -> str:
        if isinstance(grid, RowGrid):
            return grid.place(max(column - 1, 0), row + 1)
        return f"{grid.where(max(column - 1, 0))}, column {grid.header[row + 1]}"

    return RowGrid(grid.name, header, body, place)
