"""Load price files: CSV (plain or gzip) or Parquet, wide or long.

Wide: ``date,AAPL,MSFT,...``, one row per day. Long: ``date,ticker,price``, one row per day and ticker,
in any order; other columns are ignored. Tickers may be in any spelling.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import DuplicateTicker, InputError, UnknownTicker, UnreadableFile, listing
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.returns import Prices
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.tabular.files import read_bytes, shown_name
from betaneutral_xl.readers.tabular.grid import LIMIT, TextGrid, parse_grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.returns import DateArray

DATE_HEADERS = ("date", "day", "datetime", "timestamp", "time", "", "__index_level_0__", "index")
TICKER_HEADERS = ("ticker", "symbol", "tickers")
PRICE_HEADERS = (
    "adj_close",
    "adjusted_close",
    "adjclose",
    "price",
    "close",
    "px_last",
    "last",
    "value",
)
"""Price columns of a long table, the preferred first: closing prices jump at splits, adjusted ones do not."""

BAR = frozenset({"high", "low"})
"""Columns that together mark a table of one security; OPEN and LOW alone are tickers."""

PARQUET = b"PAR1"


def load_prices(path: Path | str) -> Prices:
    """Load a price file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Prices
        Prices, shape (T, N), NaN if missing, dates ascending.

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
        grid = parse_grid(content, name)
        headers = [_canonical(header) for header in grid.header]
        read = _long if _is_long(headers) else _wide
        tickers, days, matrix, notes = read(grid, headers)
    days, matrix, empty = _without_empty_days(days, matrix)
    if not len(days):
        msg = f"{name} has no price on any day. Check that it is the right file."
        raise UnreadableFile(msg)
    if empty:
        notes = [*notes, f"{empty} days of {name} have no price of any ticker and are left out."]
    days, matrix, equal = _without_equal_rows(days, matrix)
    if equal:
        notes = [*notes, f"{name} has {listing(equal)} more than once with the same prices; one row is kept."]
    names = _unique(tickers, name)
    provenance = Provenance(
        source="prices",
        location=name,
        retrieval=Retrieval.FILE,
        as_of=days.max().astype(date),
        rows=len(days),
        sha256=digest(content),
    )
    return Prices.from_matrix(names, days, matrix, provenance, tuple(notes))


def join(tables: Sequence[Prices]) -> Prices:
    """Join the columns of several tables on the union of their dates, NaN if missing.

    Raises
    ------
    DuplicateTicker
        If two tables have the same ticker.

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
    without a price are left out.

    Raises
    ------
    UnknownTicker
        If no table has any of its tickers.

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


def _canonical(header: str) -> str:
    return header.strip().lower().replace(" ", "_").replace("-", "_")


def _is_long(headers: Sequence[str]) -> bool:
    return any(h in TICKER_HEADERS for h in headers) and any(h in PRICE_HEADERS for h in headers)


def _find(headers: Sequence[str], aliases: Sequence[str], name: str, what: str) -> int:
    for alias in aliases:
        if alias in headers:
            return headers.index(alias)
    msg = f"{name} has no column for the {what} in its header ({listing(headers)}). Name one {aliases[0]}."
    raise UnreadableFile(msg)


def _wide(grid: TextGrid, headers: Sequence[str]) -> ParsedPrices:
    if headers[0] not in DATE_HEADERS:
        msg = (
            f"{grid.name} begins with the column {grid.header[0]!r}, not with the date. "
            "Give date,TICKER,TICKER,... or date,ticker,price."
        )
        raise UnreadableFile(msg)
    if set(headers[1:]) >= BAR:
        msg = (
            f"{grid.name} has the columns {listing(grid.header[1:])}: prices of one security, not tickers. "
            "Name the column of adjusted closing prices by its ticker, and remove the others."
        )
        raise UnreadableFile(msg)
    days = np.array([_day(label, grid, i) for i, label in enumerate(grid.labels())], dtype="datetime64[D]")
    return list(grid.header[1:]), days, grid.numbers(), []


def _long(grid: TextGrid, headers: Sequence[str]) -> ParsedPrices:
    day_column = _find(headers, DATE_HEADERS, grid.name, "date")
    ticker_column = _find(headers, TICKER_HEADERS, grid.name, "ticker")
    price_column = _find(headers, PRICE_HEADERS, grid.name, "price")
    days: dict[str, np.datetime64] = {}
    rows = grid.rows()
    for i, row in enumerate(rows):
        if row[day_column] not in days:
            days[row[day_column]] = np.datetime64(_day(row[day_column], grid, i), "D")
    prices = np.array([grid.number(i, price_column, row[price_column]) for i, row in enumerate(rows)])
    return _pivot(
        np.array([days[row[day_column]] for row in rows], dtype="datetime64[D]"),
        [row[ticker_column] for row in rows],
        prices,
        grid.name,
        grid.header[price_column],
    )


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
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import read_table
    except ImportError:
        msg = (
            f"{name} is a Parquet file, and pyarrow is not installed. "
            'Install it with pip install "betaneutral-xl[parquet]", or give CSV.'
        )
        raise InputError(msg) from None
    try:
        table = read_table(io.BytesIO(content))
        headers = [_canonical(header) for header in table.column_names]
        index = _find(headers, DATE_HEADERS, name, "date")
        days = np.asarray(table.column(index).to_numpy(), dtype="datetime64[D]")
        if _is_long(headers):
            price = _find(headers, PRICE_HEADERS, name, "price")
            tickers = [
                str(t) for t in table.column(_find(headers, TICKER_HEADERS, name, "ticker")).to_pylist()
            ]
            values = np.asarray(table.column(price).to_numpy(), dtype=np.float64)
            return _pivot(days, tickers, values, name, table.column_names[price])
        others = [i for i in range(len(headers)) if i != index]
        columns = [np.asarray(table.column(i).to_numpy(), dtype=np.float64) for i in others]
    except (ArrowInvalid, TypeError, ValueError) as error:
        msg = f"{name} is not a table of prices in Parquet: {str(error).splitlines()[0][:100]}."
        raise UnreadableFile(msg) from None
    return [table.column_names[i] for i in others], days, np.column_stack(columns), []


def _day(text: str, grid: TextGrid, row: int) -> date:
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError:
        msg = (
            f"{grid.name}, line {grid.lines[row]}: {text[:40]!r} is not a date like 2026-06-30. "
            "Write dates as year-month-day."
        )
        raise UnreadableFile(msg) from None


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
    if len(set(names)) != len(names):
        first: dict[str, str] = {}
        for ticker, one in zip(tickers, names, strict=True):
            if one in first:
                msg = f"{name} has prices of {one} twice ({first[one]} and {ticker}). Remove one of them."
                raise DuplicateTicker(msg, tickers=[one])
            first[one] = ticker
    return names
