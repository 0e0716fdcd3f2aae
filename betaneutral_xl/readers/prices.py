"""Load price files: CSV (plain or gzip), XLSX or Parquet, wide or long; and ranges of prices or returns.

Wide: ``date,AAPL,MSFT,...``, one row per day. Long: ``date,ticker,price``, one row per day and ticker,
in any order; other columns are ignored. Fields and tickers in two header rows or one are those of yfinance
(``price_headers``): adjusted closing prices are preferred to closing prices. Tickers may be in any spelling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.errors import DuplicateTicker, InputError, UnknownTicker, UnreadableFile, listing
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.printed import cell_text, clean, date_of, number
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest, now
from betaneutral_xl.model.returns import Prices, Returns
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.days import days_of
from betaneutral_xl.readers.price_headers import (
    CLOSES,
    DAY_HEADERS,
    FIELD_HEADERS,
    FIELDS,
    PRICES,
    REPEATED,
    Chosen,
    Grid,
    below,
    canonical,
    chosen_field,
    columns_beside,
    field_of,
    fields_of,
    rows_of_field,
    with_days_first,
)
from betaneutral_xl.readers.tabular.cell_grids import refuse_errors, text_of
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.tabular.grid import LIMIT, TextGrid, parse_grid
from betaneutral_xl.readers.tabular.parquet import PARQUET, read_parquet
from betaneutral_xl.readers.tabular.row_grid import RowGrid
from betaneutral_xl.readers.tabular.sheets import NOTHING_HIDDEN, OLE, ZIP
from betaneutral_xl.system.files import read_bytes, shown_name

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import DateArray, FloatArray
    from betaneutral_xl.readers.tabular.cell_grids import Cell, CellGrid
    from betaneutral_xl.readers.tabular.sheets import TextSheet

DATE_HEADERS = (*DAY_HEADERS, "", "__index_level_0__", "index")
TICKER_HEADERS = ("ticker", "symbol", "tickers", "security", "ric")
NAMED_BY = (*TICKER_HEADERS, "tic", "code", "instrument", "name")
"""Columns of tickers of a long table: beside prices the last ones are no tickers of a wide one."""
CURRENCY_HEADERS = ("currency", "ccy", "curr", "crncy")
FAR_AHEAD = timedelta(days=45)
"""Days without prices before one of the future from which that is a wrong date: monthly prices have 31."""

BAR = frozenset({"high", "low"})
"""Columns that together mark a table of one security; OPEN and LOW alone are tickers."""

SHEETS = ("adjusted_prices", "prices", "adjusted_closes", "closes", "closing_prices", *PRICES, *CLOSES)
"""Names of the sheet of prices in a workbook with several tables of days."""

LEAST_IN_ORDER = 5
"""Rows in order from which one that is not has a wrong date."""

DAYS_TESTED = 10
"""Rows in which a day is searched, to choose among sheets."""


def load_prices(path: Path | str) -> Prices:
    """Load a price file: prices, shape (T, N), NaN if missing, dates ascending.

    Raises
    ------
    UnreadableFile
        If it does not exist, is too large, or is not a price table.
    DuplicateTicker
        If two columns have one ticker, or two rows one ticker and day.
    MissingValue
        If a price is not positive.

    """
    return parse_prices(read_bytes(path, LIMIT), shown_name(path))


def parse_prices(content: bytes, name: str) -> Prices:
    """Parse the content of a price file; ``name`` is for messages and the provenance. See ``load_prices``."""
    if content.startswith(PARQUET):
        tickers, days, matrix, notes = _from_parquet(content, name)
    else:
        grid = _workbook_grid(content, name) if content.startswith((ZIP, OLE)) else _text_grid(content, name)
        tickers, days, matrix, notes = _from_grid(grid)
        notes = [*(grid.notes if isinstance(grid, RowGrid) else ()), *notes]
    days, matrix, empty = _without_empty_days(days, matrix)
    if not len(days):
        msg = f"{name} has no price on any day. Check that it is the right file."
        raise UnreadableFile(msg)
    notes = [*notes, *_future_notes(days, name), *_order_notes(days, name)]
    if empty:
        notes = [*notes, f"{empty} days of {name} have no price of any ticker and are left out."]
    days, matrix, equal = _without_equal_rows(days, matrix)
    if equal:
        notes = [*notes, f"{name} has {listing(equal)} more than once with the same prices; one row is kept."]
    names = _unique(tickers, name)
    _refuse_two_rows(names, days, matrix, name)
    provenance = Provenance(
        source="prices",
        location=name,
        retrieval=Retrieval.FILE,
        as_of=days.max().astype(date),
        rows=len(days),
        sha256=digest(content),
    )
    return Prices.from_matrix(names, days, matrix, provenance, tuple(notes))


def _future_notes(days: DateArray, name: str) -> list[str]:
    """Return a warning on days after tomorrow, which it may be already east of here.

    Days far from the others are refused: the year of a date is wrong, and would make old prices the last
    ones.
    """
    today = now().date()
    order = np.sort(days).astype(date)
    ahead = [day for day in order if day > today + timedelta(days=1)]
    if not ahead:
        return []
    what = f"{name} has prices of {ahead[-1]}, which is after today, {today}"
    known = order[: len(order) - len(ahead)]
    if len(known) and ahead[0] - known[-1] > FAR_AHEAD:
        msg = f"{what}, and none of the days since {known[-1]}. Correct its date, or remove it."
        raise InputError(msg)
    text = f"{what}: check its dates, and the date of this computer."
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _order_notes(days: DateArray, name: str) -> list[str]:
    """Return a warning on a single day that is out of order among rows in order: its date may be wrong."""
    steps = np.diff(days).astype(int)
    rising = 2 * int((steps > 0).sum()) >= len(steps)
    against = np.flatnonzero(steps < 0 if rising else steps > 0)
    for row in (against[0], against[0] + 1) if against.size else ():
        rest = np.diff(np.delete(days, row)).astype(int)
        if len(rest) >= LEAST_IN_ORDER and (rest >= 0 if rising else rest <= 0).all():
            text = f"The row {days[row]} of {name} is out of order among the others: check its date."
            return [Notice(text, Subject.PRICES, Severity.CHANGES)]
    return []


def _refuse_two_rows(names: Sequence[str], days: DateArray, matrix: FloatArray, name: str) -> None:
    """Refuse several rows of a day with different prices; ``days`` are ascending."""
    twice = np.flatnonzero(days[1:] == days[:-1])
    if not twice.size:
        return
    one, other = matrix[twice[0]], matrix[twice[0] + 1]
    column = int(np.flatnonzero((one != other) & ~(np.isnan(one) & np.isnan(other)))[0])
    shown = " and ".join("none" if np.isnan(cell) else f"{cell:g}" for cell in (one[column], other[column]))
    msg = (
        f"{name} has several rows of {days[twice[0]]} with different prices ({names[column]}: {shown}). "
        "Keep one row a day, that of closing prices."
    )
    raise InputError(msg)


def parse_values(
    content: bytes, name: str, fields: Sequence[str], headers: Sequence[str]
) -> ParsedPrices | None:
    """Return another field of a price file, such as its volumes: tickers, days, values (T, N), notes.

    ``fields`` are its names where the header names fields and tickers, ``headers`` those of its column in a
    long table. None where the file has no such field.
    """
    if content.startswith(PARQUET):
        table = read_parquet(content, name)
        found = next((one for one in table.column_names if canonical(one) in headers), None)
        return None if found is None else _long_parquet(table, name, found)
    grid = _workbook_grid(content, name) if content.startswith((ZIP, OLE)) else parse_grid(content, name)
    grid = with_days_first(grid)
    try:
        rows = rows_of_field(grid, (*fields, *headers))
    except UnreadableFile:  # it has prices only
        return None
    if rows is not None:
        names = [canonical(header) for header in rows[0].header]
        return (_long if _is_long(names) else _wide)(rows[0], names)
    chosen = chosen_field(grid, fields)
    if chosen is not None:
        return _of_columns(grid, chosen)
    column = next((j for j, one in enumerate(grid.header) if canonical(one) in headers), None)
    names = [canonical(header) for header in grid.header]
    return None if column is None or not _is_long(names) else _long(grid, names, column)


def join(tables: Sequence[Prices]) -> Prices:
    """Join the columns of several tables on the union of their dates, NaN if missing.

    Raises ``DuplicateTicker`` if two tables have the same ticker.
    """
    if len(tables) == 1:
        return tables[0]
    days = np.unique(np.concatenate([table.dates for table in tables]))
    tickers = tuple(ticker for table in tables for ticker in table.tickers)
    location = " + ".join(table.provenance.location for table in tables)
    names = _unique(tickers, location)
    matrix = np.full((len(days), len(names)), np.nan)
    start = 0
    for table in tables:
        width = len(table.tickers)
        matrix[np.searchsorted(days, table.dates), start : start + width] = table.matrix
        start += width
    provenance = Provenance(
        source="prices",
        location=location,
        retrieval=Retrieval.FILE,
        as_of=days[-1].astype(date),
        rows=len(days),
        sha256=digest("".join(table.provenance.sha256 for table in tables).encode()),
        note="the SHA-256 is that of the files' SHA-256 digests, concatenated",
    )
    warnings = tuple(line for table in tables for line in table.warnings)
    return Prices(names, days, matrix, provenance, warnings)


def choose(tables: Sequence[Prices], tickers: Sequence[Iterable[str]]) -> Prices:
    """Select tickers from several tables and join them, each from the first table that lists and has it.

    ``tickers`` lists the tickers to select from each table; those that it lacks are skipped. Days
    without a price are left out. Raises ``UnknownTicker`` if no table has any of its tickers.
    """
    selected: set[str] = set()
    parts = []
    for table, names in zip(tables, tickers, strict=True):
        available = set(table.tickers) - selected
        present = [ticker for ticker in dict.fromkeys(names) if ticker in available]
        selected.update(present)
        if present:
            parts.append(table.select(present))
    if not parts:
        where = " or ".join(table.provenance.location for table in tables)
        missing = list(dict.fromkeys(ticker for names in tickers for ticker in names))
        msg = f"There are no prices of {listing(missing)} in {where}. Check that it is the right file."
        raise UnknownTicker(msg, tickers=missing)
    joined = join(parts)
    days, matrix, _ = _without_empty_days(joined.dates, joined.matrix)
    return Prices(joined.tickers, days, matrix, joined.provenance, joined.warnings)


ParsedPrices = tuple[list[str], "DateArray", "FloatArray", list[str]]
"""Tickers, days, prices (T, N), and notes."""


def _is_long(headers: Sequence[str]) -> bool:
    return any(h in NAMED_BY for h in headers) and any(h in PRICES for h in headers)


def _find(headers: Sequence[str], aliases: Sequence[str], name: str, what: str) -> int:
    for alias in aliases:
        if alias in headers:
            return headers.index(alias)
    msg = f"{name} has no column for the {what} in its header ({listing(headers)}). Name one {aliases[0]}."
    raise UnreadableFile(msg)


def _from_grid(grid: Grid) -> ParsedPrices:
    grid = with_days_first(grid)
    grid, field = rows_of_field(grid) or (grid, "")
    found = _of_field(grid)
    if found is None:
        headers = [canonical(header) for header in grid.header]
        found = (_long if _is_long(headers) else _wide)(grid, headers)
    return _with_field(found, grid.name, field)


def _with_field(found: ParsedPrices, name: str, field: str) -> ParsedPrices:
    """Return prices with a note on the rows that they are from, if others have other fields."""
    tickers, days, matrix, notes = found
    return (
        tickers,
        days,
        matrix,
        [*notes, f"The prices of {name} are from its rows {field}."] if field else notes,
    )


def _of_field(grid: Grid) -> ParsedPrices | None:
    """Return the prices of a table whose header names fields and tickers (yfinance), None if it does not."""
    chosen = chosen_field(grid)
    return None if chosen is None else _of_columns(grid, chosen)


def _of_columns(grid: Grid, chosen: Chosen) -> ParsedPrices:
    body = below(grid, chosen.first)
    days = np.array(days_of(body.labels(), body.where, in_order=True), dtype="datetime64[D]")
    note = f"The prices of {grid.name} are from its columns {chosen.field}."
    return chosen.tickers, days, body.numbers()[:, chosen.columns], [note]


def _text_grid(content: bytes, name: str) -> Grid:
    """Return the table of a text; of JSON, or of one with a title above it, as of a workbook."""
    try:
        grid = parse_grid(content, name)
    except UnreadableFile:
        if content.lstrip().startswith((b"[", b"{")) or _has_title(content, name):
            return _workbook_grid(content, name)
        raise
    return grid if all(grid.header[1:]) else _without_blanks(grid)


def _has_title(content: bytes, name: str) -> bool:
    """Whether a text begins with a line of one cell, above rows that are as wide as the first of them."""
    try:
        sheets = read_sheets(content, name)[:1]
    except UnreadableFile:  # the reader of regular tables says what is wrong
        return False
    rows = [row for sheet in sheets for row in sheet.rows if row]
    titles = next((i for i, row in enumerate(rows) if sum(map(bool, row)) > 1), len(rows))
    table = rows[titles:]
    return 0 < titles < len(rows) and len(table) > 1 and all(len(row) <= len(table[0]) for row in table)


def _without_blanks(grid: TextGrid) -> Grid:
    """Return a table without the blank rows and the blank columns at its end that Excel adds."""
    rows = grid.rows()
    found = _row_grid([list(grid.header), *rows], grid.name, lambda i, _: f"{grid.name}, row {i + 1}")
    width = max((j + 1 for row in rows for j, cell in enumerate(row) if cell.strip()), default=0)
    if found is None or width == len(grid.header) or any(grid.header[width:]):
        return grid
    return replace(found, header=found.header[:width], body=[row[:width] for row in found.body])


def _workbook_grid(content: bytes, name: str) -> RowGrid:
    """Return the sheet of a workbook that has a table of days, else the first that has a table.

    Of several the one that is named by prices (``SHEETS``), the preferred first.

    Raises
    ------
    UnreadableFile
        If none has a table, or several have one of days and none is named so.

    """
    found = ((sheet.name, _sheet_grid(sheet, name)) for sheet in read_sheets(content, name))
    grids = [(sheet, grid) for sheet, grid in found if grid is not None]
    if not grids:
        msg = f"{name} has no sheet with a table of prices. Check that it is the right file."
        raise UnreadableFile(msg)
    dated = [(sheet, one) for sheet, one in grids if any(map(date_of, one.labels()[:DAYS_TESTED]))]
    if len(dated) < 2:  # noqa: PLR2004 - no choice
        return (dated or grids)[0][1]
    by_word = {canonical(sheet): one for sheet, one in reversed(dated)}
    chosen = next((by_word[word] for word in SHEETS if word in by_word), None)
    if chosen is None:
        sheets = listing([sheet for sheet, _ in dated])
        msg = (
            f"{name} has tables of days on {len(dated)} sheets: {sheets}. Name the sheet of all prices "
            "Prices, or save it as CSV."
        )
        raise UnreadableFile(msg)
    return chosen


def _sheet_grid(sheet: TextSheet, name: str) -> RowGrid | None:
    """Return a sheet as a table, None if it has none; notes say which days and columns are hidden."""
    grid = _row_grid([list(row) for row in sheet.rows], name, lambda i, _: f"{name}, row {i + 1}")
    if grid is None or sheet.hidden == NOTHING_HIDDEN:
        return grid
    rows = [i for i in sorted(sheet.hidden.rows) if _has_numbers(sheet.rows[i : i + 1])]
    days = listing([clean(sheet.rows[i][0]) for i in rows])
    columns = [text for i, text in enumerate(grid.header) if i in sheet.hidden.columns and text]
    return replace(grid, notes=tuple(sheet.hidden_notes(name, len(rows), len(grid.body), days, columns)))


def _has_numbers(rows: Sequence[Sequence[str]]) -> bool:
    return any(number(cell) is not None for row in rows for cell in row[1:])


def _row_grid(rows: Sequence[Sequence[Cell]], name: str, place: Callable[[int, int], str]) -> RowGrid | None:
    """Return rows below a title as a table, None if there are fewer than two."""
    kept = [i for i, row in enumerate(rows) if any(map(_is_filled, row))]
    while kept and sum(map(_is_filled, rows[kept[0]])) < 2 < len(kept):  # noqa: PLR2004 - a title
        kept.pop(0)
    if len(kept) < 2:  # noqa: PLR2004 - a header and a row
        return None
    width = max(len(rows[i]) for i in kept)
    padded = [[*rows[i], *[None] * (width - len(rows[i]))] for i in kept]
    header = tuple(text_of(cell) for cell in padded[0])
    return RowGrid(name, header, padded[1:], lambda i, j: place(kept[1 + i], j))


def _is_filled(cell: Cell) -> bool:
    return cell is not None and cell != ""


def _wide(grid: Grid, headers: Sequence[str]) -> ParsedPrices:
    named = next((one for one in TICKER_HEADERS if one in headers), None)
    if named is not None:
        msg = (
            f"{grid.name} has a column {named}, and no column of prices by it (it has "
            f"{listing(grid.header)}). Name the adjusted closing prices price."
        )
        raise UnreadableFile(msg)
    if headers[0] not in DATE_HEADERS and not _begins_with_days(grid):
        msg = (
            f"{grid.name} begins with the column {grid.header[0]!r}, not with the date. "
            "Give date,TICKER,TICKER,... or date,ticker,price."
        )
        raise UnreadableFile(msg)
    if set(headers[1:]) >= BAR or (set(headers[1:]) <= set(FIELDS) and set(headers[1:]) & set(CLOSES)):
        msg = (
            f"{grid.name} has the columns {listing(grid.header[1:])}: prices of one security, not tickers. "
            "Name the column of adjusted closing prices by its ticker, and remove the others."
        )
        raise UnreadableFile(msg)
    days = np.array(days_of(grid.labels(), grid.where, in_order=True), dtype="datetime64[D]")
    return _without_columns_beside(list(grid.header[1:]), days, grid.numbers(), grid.name)


def _without_columns_beside(
    names: list[str], days: DateArray, numbers: FloatArray, name: str
) -> ParsedPrices:
    """Return prices without columns of other fields; adjusted prices take the place of others."""
    beside = columns_beside(names)
    if not beside:
        return names, days, numbers, []
    better = {plain: j for j, plain in beside.items() if plain is not None}
    unread = [names[j] for j, plain in beside.items() if plain is None]
    notes = []
    if unread:
        notes.append(f"Columns of {name} that are no prices are not read: {listing(unread)}.")
    if better:
        shown = listing([f"{names[j]} for {names[plain]}" for plain, j in better.items()])
        notes.append(f"Adjusted prices of {name} are preferred: {shown}.")
    kept = [j for j in range(len(names)) if j not in beside]
    return [names[j] for j in kept], days, numbers[:, [better.get(j, j) for j in kept]], notes


def _begins_with_days(grid: Grid) -> bool:
    """Whether the first column has days, whatever its header."""
    return all(number(one) is None and date_of(one) for one in grid.labels()[:DAYS_TESTED])


def _long(grid: Grid, headers: Sequence[str], column: int | None = None) -> ParsedPrices:
    """Return the prices of a long table, or the values of another column of numbers."""
    day_column = _find(headers, DATE_HEADERS, grid.name, "date")
    ticker_column = _find(headers, NAMED_BY, grid.name, "ticker")
    price_column = _find(headers, PRICES, grid.name, "price") if column is None else column
    rows = grid.rows()
    first = {row[day_column]: i for i, row in reversed(list(enumerate(rows)))}
    texts = list(first)
    found = days_of(texts, lambda i: grid.where(first[texts[i]]))
    days = {text: np.datetime64(day, "D") for text, day in zip(texts, found, strict=True)}
    prices = np.array([grid.number(i, price_column, row[price_column]) for i, row in enumerate(rows)])
    tickers = [row[ticker_column] for row in rows]
    names, calendar, matrix, notes = _pivot(
        np.array([days[row[day_column]] for row in rows], dtype="datetime64[D]"),
        tickers,
        prices,
        grid.name,
        grid.header[price_column],
    )
    money = next((j for j, header in enumerate(headers) if header in CURRENCY_HEADERS), None)
    if money is not None:
        notes += _currency_notes(tickers, [row[money] for row in rows], grid.name)
    return names, calendar, matrix, notes


def _currency_notes(tickers: Sequence[str], currencies: Sequence[Cell], name: str) -> list[str]:
    """Return a note where names have prices in several currencies; refuse several of one name."""
    of_name: dict[str, str] = {}
    for ticker, cell in zip(tickers, currencies, strict=True):
        code = cell_text(str(cell or ""))
        first = of_name.setdefault(ticker, code) if code else ""
        if first != code:
            msg = f"{name} has prices of {ticker} in {first} and {code}. Give them in one currency."
            raise InputError(msg)
    several = list(dict.fromkeys(of_name.values()))
    if len(several) < 2:  # noqa: PLR2004 - one currency
        return []
    return [f"The prices of {name} are in {listing(several)}: each name's returns are in its own currency."]


def _pivot(days: DateArray, tickers: list[str], prices: FloatArray, name: str, column: str) -> ParsedPrices:
    """Pivot rows of (day, ticker, price) into a matrix of prices, shape (T, N)."""
    names = list(dict.fromkeys(normalise(ticker) for ticker in dict.fromkeys(tickers)))
    index = {ticker: i for i, ticker in enumerate(names)}
    column_of = {ticker: index[normalise(ticker)] for ticker in dict.fromkeys(tickers)}
    calendar, rows = np.unique(days, return_inverse=True)
    columns = np.fromiter((column_of[ticker] for ticker in tickers), dtype=np.intp, count=len(tickers))
    cells = rows * len(names) + columns
    found, counts = np.unique(cells, return_counts=True)
    if (counts > 1).any():
        row, col = divmod(int(found[counts > 1][0]), len(names))
        msg = f"{name} has more than one price of {names[col]} on {calendar[row]}. Remove the duplicate rows."
        raise DuplicateTicker(msg, tickers=[names[col]])
    matrix = np.full((len(calendar), len(names)), np.nan)
    matrix.ravel()[cells] = prices
    note = [] if column.lower() == "price" else [f"The prices of {name} are from its column {column}."]
    return names, calendar, matrix, note


def _from_parquet(content: bytes, name: str) -> ParsedPrices:
    table, field = _parquet_rows_of_field(read_parquet(content, name), name)
    try:
        headers = [canonical(header) for header in table.column_names]
        index = _find(headers, DATE_HEADERS, name, "date")
        days = _parquet_days(table.column(index))
        if _is_long(headers):
            price = _find(headers, PRICES, name, "price")
            found = _long_parquet(table, name, table.column_names[price])
            return _with_field(found, name, field)
        others = [i for i in range(len(headers)) if i != index]
        columns = [np.asarray(table.column(i).to_numpy(), dtype=np.float64) for i in others]
    except (TypeError, ValueError) as error:  # pyarrow's are ValueErrors
        msg = f"{name} is not a table of prices in Parquet: {str(error).splitlines()[0][:100]}."
        raise UnreadableFile(msg) from None
    names, matrix = [table.column_names[i] for i in others], np.column_stack(columns)
    chosen = fields_of(names)
    if chosen is None:
        return _with_field(_without_columns_beside(names, days, matrix, name), name, field)
    note = f"The prices of {name} are from its columns {chosen.field}."
    return chosen.tickers, days, matrix[:, chosen.columns], [note]


def _parquet_rows_of_field(table: Any, name: str) -> tuple[Any, str]:
    """Return the rows of the preferred field, as ``rows_of_field`` does."""
    header = next((one for one in table.column_names if canonical(one) in FIELD_HEADERS), None)
    if header is None:
        return table, ""
    printed = [str(one) for one in table.column(header).to_pylist()]
    field = field_of(name, header, printed)
    kept = [i for i, text in enumerate(printed) if text == field]
    return (table.take(kept).drop_columns([header]), field) if field else (table, "")


def _long_parquet(table: Any, name: str, column: str) -> ParsedPrices:
    """Return a column of numbers of a long table in Parquet."""
    headers = [canonical(header) for header in table.column_names]
    days = _parquet_days(table.column(_find(headers, DATE_HEADERS, name, "date")))
    tickers = [str(t) for t in table.column(_find(headers, NAMED_BY, name, "ticker")).to_pylist()]
    values = np.asarray(table.column(column).to_numpy(), dtype=np.float64)
    return _pivot(days, tickers, values, name, column)


def _parquet_days(column: Any) -> DateArray:
    """Return the days of a column, each in its own time zone."""
    from pyarrow import types

    if types.is_timestamp(column.type) and column.type.tz is not None:
        # By pandas, which brings the time zones: Arrow needs the system's, which not every Windows has.
        column = column.to_pandas().dt.tz_localize(None)
    elif types.is_string(column.type):
        texts = [str(text) for text in column.to_pylist()]
        return np.array(days_of(texts, lambda i: f"row {i + 1}"), dtype="datetime64[D]")
    return np.asarray(column.to_numpy(), dtype="datetime64[D]")


def _without_empty_days(days: DateArray, matrix: FloatArray) -> tuple[DateArray, FloatArray, int]:
    """Leave out days without any price (weekends, holidays); return how many too."""
    traded = (~np.isnan(matrix)).any(axis=1)
    return days[traded], matrix[traded], int((~traded).sum())


def _without_equal_rows(days: DateArray, matrix: FloatArray) -> tuple[DateArray, FloatArray, list[str]]:
    """Keep one of several equal rows of a day (yfinance writes its last day twice); return those days too."""
    order = np.argsort(days, kind="stable")
    days, matrix = days[order], matrix[order]
    same = days[1:] == days[:-1]
    if not same.any():
        return days, matrix, []
    equal = same & np.asarray(
        ((matrix[1:] == matrix[:-1]) | (np.isnan(matrix[1:]) & np.isnan(matrix[:-1]))).all(axis=1)
    )
    kept = np.concatenate([[True], ~equal])
    return days[kept], matrix[kept], [str(day) for day in dict.fromkeys(days[1:][equal].tolist())]


def _unique(tickers: Sequence[str], name: str) -> tuple[str, ...]:
    names = tuple(normalise(ticker) for ticker in tickers)
    repeated = (REPEATED.sub("", one) for one in names)  # pandas numbers the second column of a name
    names = tuple(bare if bare in names else one for one, bare in zip(names, repeated, strict=True))
    if len(set(names)) != len(names):
        first: dict[str, str] = {}
        for ticker, one in zip(tickers, names, strict=True):
            if one in first:
                msg = f"{name} has prices of {one} twice ({first[one]} and {ticker}). Remove one of them."
                raise DuplicateTicker(msg, tickers=[one])
            first[one] = ticker
    return names


# ---------------------------------------------------------------- ranges of prices or returns

KINDS = ("prices", "returns")
MIN_ROWS = 3
"""Rows of a block: a header and two days."""


@dataclass(frozen=True, slots=True)
class History:
    """Prices or returns of a range."""

    returns: Returns
    """The daily returns."""
    dated: bool
    """Whether the range has dates; else the days are counted from 1970-01-01."""


def parse_history_grid(grid: CellGrid, kind: str | None = None) -> History:
    """Parse a block of prices or returns: wide, with or without dates, or long with dates and tickers.

    ``grid`` has a row a day and a column a name; a blank is a missing value. ``kind`` is ``prices`` or
    ``returns``; by default, numbers that are all positive are prices, and those that could be either are
    refused.
    """
    refuse_errors(grid)
    table = _row_grid(grid.rows, grid.what, grid.place)
    if kind not in {None, *KINDS}:
        msg = f"data is {kind!r:.60}. Give prices or returns."
        raise InputError(msg)
    if table is None or len(table) < MIN_ROWS - 1:
        raise _no_block(grid.what)
    rows = rows_of_field(table)
    table = table if rows is None else rows[0]
    headers = [canonical(header) for header in table.header]
    shaped = _of_field(table) if headers[0] in {"", "ticker", "price", "date"} else None
    if shaped is None and _is_long(headers) and any(header in DATE_HEADERS for header in headers):
        shaped = _long(table, headers)
    if shaped is not None:
        names, days, matrix, notes = shaped
        days, matrix, _ = _without_empty_days(days, matrix)
        prices = Prices.from_matrix(_unique(names, grid.what), days, matrix, None, tuple(notes))
        return History(prices.returns(), dated=True)
    return _wide_block(table, headers, kind)


def _wide_block(table: RowGrid, headers: Sequence[str], kind: str | None) -> History:
    dated = headers[0] in DATE_HEADERS or isinstance(table.body[-1][0], date) or _is_day(table.labels())
    left = 1 if dated else 0
    names = list(table.header[left:])
    if not all(cell_text(name) and number(name) is None for name in names):
        raise _no_block(table.name)
    if dated:
        labels = table.labels()
        blank = next((i for i, label in enumerate(labels) if not label), None)
        if blank is not None:
            msg = f"{table.where(blank)} has no date. Fill it in, or remove the row."
            raise InputError(msg)
        days = np.array(days_of(labels, table.where, in_order=True), dtype="datetime64[D]")
        matrix = table.numbers()
    else:
        days = np.arange(len(table)).astype("datetime64[D]")
        shifted = replace(
            table,
            body=[[None, *row] for row in table.body],
            place=lambda row, column: table.place(row, column - 1),
        )
        matrix = shifted.numbers()
        if _counts_rows(matrix[:, 0]):
            msg = f"{table.name} has row numbers in its first column ({names[0]}). Leave that column out."
            raise InputError(msg)
    _refuse_truth_values(table, left)
    are_prices = kind == "prices" or (kind is None and _are_prices(table, matrix, left))
    names, days, matrix, _ = _without_columns_beside(names, days, matrix, table.name)
    unique = _unique(names, table.name)
    if are_prices:
        days, matrix, _ = _without_equal_rows(*_without_empty_days(days, matrix)[:2])
        _refuse_two_rows(unique, days, matrix, table.name)
        return History(Prices.from_matrix(unique, days, matrix).returns(), dated=dated)
    return History(Returns.from_matrix(unique, days, matrix), dated=dated)


def _counts_rows(column: FloatArray) -> bool:
    """Whether a column counts the rows from 0 or 1."""
    counted = (np.arange(start, start + len(column)) for start in (0, 1))
    return len(column) >= MIN_ROWS and any(np.array_equal(column, one) for one in counted)


def _refuse_truth_values(table: RowGrid, left: int) -> None:
    """Refuse TRUE and FALSE, which would be read as 1 and 0."""
    for i, row in enumerate(table.body):
        j = next((j for j in range(left, len(row)) if isinstance(row[j], bool)), None)
        if j is not None:
            msg = f"{table.place(i, j)} is {row[j]}, not a number. Correct it, or leave the cell empty."
            raise InputError(msg)


def _is_day(labels: Sequence[str]) -> bool:
    return all(number(label) is None and date_of(label) is not None for label in labels[-2:])


def _no_block(what: str) -> InputError:
    return InputError(f"{what} needs a row of tickers above its prices or returns, and at least two days.")


def _are_prices(table: RowGrid, matrix: FloatArray, left: int) -> bool:
    """Return whether numbers are prices (all positive) or returns (both signs, at most 1 in size)."""
    not_prices = np.argwhere(matrix <= 0.0)
    if not not_prices.size:
        return True
    not_returns = np.argwhere(np.abs(matrix) > 1.0)
    if not not_returns.size and (matrix < 0.0).any():
        return False

    def cell(row: int, column: int) -> str:
        return f"{table.place(row, left + column)} is {matrix[row, column]:g}"

    evidence = f"{cell(*not_returns[0])} (> 100 %)" if not_returns.size else "no number is negative"
    msg = (
        f"The numbers may be prices or returns: {cell(*not_prices[0])} (not a price), but {evidence}. "
        "Correct the cell, or state in the options data=prices or data=returns."
    )
    raise InputError(msg)
