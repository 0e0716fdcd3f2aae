"""Tables in ranges -> holdings, ETFs, prices; and back to rows.

A table has a header row of known words, or none where its columns are unambiguous. Rows with neither
a ticker nor a number are skipped; anything else that cannot be read is an error that names the cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.result import CASH
from betaneutral_xl.errors import InputError, MissingValue, listing
from betaneutral_xl.hosts.sheets.cells import (
    Cell,
    Grid,
    as_number,
    as_text,
    day,
    is_error,
    refuse_error,
)
from betaneutral_xl.model.portfolio import SUM_TOLERANCE, AssetClass, Constituent, Etf, Holdings, sum_warnings
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.quotes import Quote, Quotes
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import printed_number
from betaneutral_xl.readers.columns import Column, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

MEANINGS = frozenset(
    str(column)
    for column in (
        Column.TICKER,
        Column.NAME,
        Column.WEIGHT,
        Column.SHARES,
        Column.PRICE,
        Column.MARKET_VALUE,
        Column.ASSET_CLASS,
    )
)
"""The meanings of a table's columns; the recognised headers are those of issuers' files."""

PERCENT_SUM = (20.0, 500.0)
"""Range of the sum of weights that are in percent; no fund is levered twentyfold."""

ROUNDING = 0.0006
"""Largest rounding error of a weight printed in percent with one decimal."""


@dataclass(frozen=True, slots=True)
class RangeTable:
    """A grid with ``columns``, from a meaning or a header's text to the index, and the ``first`` row."""

    grid: Grid
    columns: dict[str, int]
    first: int

    def texts(self, column: str) -> list[str]:
        """Return a column as texts, "" for blanks."""
        return [as_text(*self._at(row, column)) for row in range(self.first, len(self.grid.rows))]

    def numbers(self, column: str) -> list[float]:
        """Return a column as numbers, NaN for blanks."""
        return [as_number(*self._at(row, column)) for row in range(self.first, len(self.grid.rows))]

    def days(self, column: str) -> list[date | None]:
        """Return a column as dates, None for blanks."""
        cells = [self._at(row, column) for row in range(self.first, len(self.grid.rows))]
        return [day(Grid(where, ((cell,),))) for cell, where in cells]

    def place(self, row: int, column: str) -> str:
        """Return the position of a cell for messages; rows count from 0 below the header."""
        return self.grid.place(self.first + row, self.columns[column])

    def _at(self, row: int, column: str) -> tuple[Cell, str]:
        place = self.columns[column]
        return self.grid.rows[row][place], self.grid.place(row, place)


def meaning(cell: Cell) -> str:
    """Return the meaning of a header; an unrecognised header means its own text.

    >>> meaning("Market Value"), meaning("TICKER"), meaning("AIQ")
    ('market value', 'ticker', 'AIQ')
    """
    text = "" if cell is None else str(cell)
    found = recognise(text)
    return str(found[0]) if found and found[0] in MEANINGS else text


def columns_of(header: Sequence[Cell]) -> dict[str, int]:
    """Return the index of each column by meaning; of several the preferred header, else the first."""
    places: dict[str, tuple[int, int]] = {}
    for place, cell in enumerate(header):
        name = meaning(cell)
        found = recognise(str(cell))
        rank = (found[1] if found else 0, place)
        if name and rank < places.get(name, (math.inf, 0)):
            places[name] = rank
    return {name: place for name, (_, place) in places.items()}


def first_row(grid: Grid) -> tuple[Cell, ...]:
    """Return the first row; raise ``FailedCell`` for an error in it, which would pass for a header."""
    for place, cell in enumerate(grid.rows[0]):
        refuse_error(cell, grid.place(0, place))
    return grid.rows[0]


def has_header(grid: Grid) -> bool:
    """Return whether the first row holds only words, at least one of them recognised."""
    first = first_row(grid)
    return all(cell is None or is_word(cell) for cell in first) and any(
        meaning(cell) in MEANINGS for cell in first
    )


def tickers(grid: Grid) -> tuple[str, ...]:
    """Return the tickers of a row or a column, with or without a header."""
    texts = [as_text(cell, grid.what) for cell in grid.cells if cell is not None]
    if texts and meaning(texts[0]) == "ticker":
        texts = texts[1:]
    return tuple(dict.fromkeys(normalise(text) for text in texts))


# ---------------------------------------------------------------- holdings


def holdings(grid: Grid, fund: str = "portfolio") -> Holdings:
    """Read a portfolio: ticker with weight, or with shares and price; a row CASH is the cash.

    Parameters
    ----------
    grid
        Weights are decimals; prices are per share in the base currency.
    fund
        The portfolio's name.

    Raises
    ------
    InputError
        If a column or a value is missing, or the weights look like percent.

    """
    table = _with_columns(grid, {2: ("ticker", "weight"), 3: ("ticker", "shares", "price")})
    columns = table.columns
    if "ticker" not in columns or not ({"weight"} <= columns.keys() or {"shares", "price"} <= columns.keys()):
        heads = ", ".join(name for name in columns if name) or "none"
        msg = (
            f"{grid.what} needs the columns ticker and weight, or ticker, shares and price (found: {heads})."
        )
        raise InputError(msg)
    names = table.texts("ticker")
    rows = [i for i, name in enumerate(names) if name and name.upper() != CASH]
    cash = [i for i, name in enumerate(names) if name.upper() == CASH]
    if {"shares", "price"} <= columns.keys():
        _refuse_currencies(table)
        values = table.numbers("market value") if "market value" in columns else [math.nan] * len(names)
        shares, prices = table.numbers("shares"), table.numbers("price")
        _refuse_missing_tickers(table, names, {"shares": shares, "price": prices, "market value": values})
        priced = Holdings.from_positions(
            [names[i] for i in rows],
            [shares[i] for i in rows],
            [prices[i] for i in rows],
            fund,
            cash_value=math.fsum(_cash_value(table, i, values[i], shares[i] * prices[i]) for i in cash),
            provenance=typed(grid, len(rows)),
        )
        printed = table.numbers("weight") if "weight" in columns else [math.nan] * len(names)
        return _with_weight_warning(priced, [printed[i] for i in rows])
    weights = table.numbers("weight")
    _refuse_missing_tickers(table, names, {"weight": weights})
    _refuse_percent(grid, [weights[i] for i in rows])
    pairs = _unique(grid, [(names[i], weights[i]) for i in rows])
    read = Holdings.from_weights(pairs, fund, typed(grid, len(rows)))
    stated = math.fsum(weights[i] for i in cash if not math.isnan(weights[i]))
    if cash and abs(math.fsum(pairs.values()) + stated - 1.0) <= SUM_TOLERANCE:
        return replace(read, cash=stated, warnings=())  # the cash is stated in the table
    return read


def _refuse_currencies(table: RangeTable) -> None:
    """Refuse prices in several currencies: a range has no exchange rates."""
    for place, cell in enumerate(table.grid.rows[0] if table.first else ()):
        found = recognise(str(cell))
        if found is None or found[0] is not Column.CURRENCY:
            continue
        codes = {str(row[place]).strip().upper() for row in table.grid.rows[1:] if row[place] is not None}
        if len(codes) > 1:
            msg = (
                f"{table.grid.what} has prices in {len(codes)} currencies ({listing(sorted(codes))}). Give "
                "them in the base currency, and omit the currency column."
            )
            raise InputError(msg)


def _cash_value(table: RangeTable, row: int, stated: float, product: float) -> float:
    """Return the value of a row CASH: as stated, else its shares times its price."""
    value = product if math.isnan(stated) else stated
    if math.isnan(value):
        msg = (
            f"{table.place(row, 'ticker')} is CASH without a value. "
            "Give its market value, or shares and price (such as 5000 and 1); or clear the row."
        )
        raise MissingValue(msg)
    return value


def _refuse_missing_tickers(
    table: RangeTable, names: Sequence[str], read: Mapping[str, Sequence[float]]
) -> None:
    """Refuse a non-zero number beside a blank ticker: its position would be dropped."""
    for column, values in read.items():
        for i, (name, value) in enumerate(zip(names, values, strict=True)):
            if not name and value and not math.isnan(value):
                where = table.place(i, "ticker")
                msg = (
                    f"{where} has no ticker beside its {value:g} ({column}). "
                    "Give the ticker, or CASH; or clear the row."
                )
                raise MissingValue(msg)


def _with_weight_warning(priced: Holdings, stated: Sequence[float]) -> Holdings:
    """Warn about stated weights (decimals or percent) that differ from those of shares and prices."""
    weights = np.array(stated)
    scale = 100.0 if PERCENT_SUM[0] < abs(np.nansum(weights)) < PERCENT_SUM[1] else 1.0
    differs = np.abs(weights / scale - priced.weights) > ROUNDING
    if not differs.any():
        return priced
    names = listing([name for name, one in zip(priced.tickers, differs, strict=True) if one])
    what = priced.provenance.location
    line = f"The weights of {what} differ from shares times price for {names}: shares and price are used."
    return replace(priced, warnings=(*priced.warnings, line))


def holdings_rows(holdings: Holdings) -> list[list[Any]]:
    """Return a portfolio as rows: ticker, shares, price, market_value, weight; largest first, cash last."""
    missing = [math.nan] * len(holdings.tickers)
    shares = missing if holdings.shares is None else holdings.shares.tolist()
    prices = missing if holdings.prices is None else holdings.prices.tolist()
    rows = [
        [ticker, quantity, price, quantity * price, weight]
        for ticker, quantity, price, weight in zip(
            holdings.tickers, shares, prices, holdings.weights.tolist(), strict=True
        )
    ]
    rows.sort(key=lambda row: (-row[-1], row[0]))
    if holdings.cash:
        value = math.nan if holdings.nav is None else holdings.cash * holdings.nav
        rows.append([CASH, math.nan, math.nan, value, holdings.cash])
    return [["ticker", "shares", "price", "market_value", "weight"], *rows]


# ---------------------------------------------------------------- ETFs


def side_by_side(grid: Grid) -> tuple[Grid, ...]:
    """Split adjacent tables, each with one column of tickers.

    With a header, a table begins after the last blank column before its tickers; without a header or
    a blank column, with its tickers.
    """
    header = has_header(grid)
    named = [
        j for j, cell in enumerate(grid.rows[0]) if (meaning(cell) == "ticker" if header else is_word(cell))
    ]
    starts = [_start(grid, before, j) for before, j in pairwise([-1, *named])] if header else named
    if not starts:
        msg = f"{grid.what} needs a column of tickers and one of weights."
        raise InputError(msg)
    ends = [*starts[1:], grid.width]
    return tuple(grid.columns(start, end) for start, end in zip(starts, ends, strict=True))


def _start(grid: Grid, before: int, tickers: int) -> int:
    """Return the first column of a table from its column of tickers and the previous table's, or -1."""
    gaps = [j for j in range(before + 1, tickers) if all(row[j] is None for row in grid.rows)]
    if gaps:
        return gaps[-1] + 1
    return tickers if before >= 0 else 0


def etfs(grid: Grid, place: int = 1) -> tuple[Etf, ...]:
    """Read a table of ETFs: ticker and weight; or ticker and a column of weights below each ETF's name.

    Parameters
    ----------
    grid
        A table of ``side_by_side``; weights are decimals.
    place
        Its number among them, for the name of an unnamed ETF.

    Raises
    ------
    InputError
        If there is no column of weights.

    """
    if not has_header(grid):
        weights = [j for j, cell in enumerate(grid.rows[0]) if j and not is_word(cell)]
        columns, found, first = {"ticker": 0}, {"": weights[0]} if weights else {}, 0
    else:
        columns, first = columns_of(grid.rows[0]), 1
        own = {name: j for name, j in columns.items() if name not in MEANINGS and _holds_weights(grid, j)}
        found = {"": columns["weight"]} if "weight" in columns else dict(sorted(own.items(), key=_second))
    if not found:
        msg = f"{grid.what} has no column of weights beside {grid.place(0, 0)}."
        raise InputError(msg)
    return tuple(
        _etf(
            name or ("ETF" if place == 1 else f"ETF {place}"),
            RangeTable(grid, {**columns, "weight": column}, first),
        )
        for name, column in found.items()
    )


def _second(pair: tuple[str, int]) -> int:
    return pair[1]


def _holds_weights(grid: Grid, column: int) -> bool:
    """Return whether a column has a number, or only errors, which are raised when they are read."""
    filled = [row[column] for row in grid.rows[1:] if row[column] is not None]
    return any(isinstance(cell, float) for cell in filled) or (bool(filled) and all(map(is_error, filled)))


def _etf(name: str, table: RangeTable) -> Etf:
    count = len(table.grid.rows) - table.first
    weights = table.numbers("weight")
    blanks = [""] * count
    classes = table.texts("asset class") if "asset class" in table.columns else blanks
    titles = table.texts("name") if "name" in table.columns else blanks
    rows = tuple(
        Constituent(
            ticker=normalise(ticker) if ticker and ticker.upper() != CASH else "",
            printed_ticker=ticker,
            weight=math.nan if derivative else weight,
            name=title,
            asset_class=asset_class,
            exposure=weight if derivative and not math.isnan(weight) else None,
            moves_as_basket=derivative and not math.isnan(weight),
        )
        for ticker, weight, title, kind in zip(table.texts("ticker"), weights, titles, classes, strict=True)
        if ticker or title or not math.isnan(weight)
        for asset_class in (_asset_class(kind, ticker),)
        # As etf_rows writes them: the exposure of a swap or a future is in the column of weights.
        for derivative in (asset_class is AssetClass.DERIVATIVE,)
    )
    _refuse_percent(table.grid, [row.weight for row in rows])
    without_weight = [
        row.ticker
        for row in rows
        if row.ticker and math.isnan(row.weight) and row.asset_class is not AssetClass.DERIVATIVE
    ]
    without_ticker = [
        row.weight
        for row in rows
        if row.asset_class is AssetClass.EQUITY and not row.ticker and not math.isnan(row.weight)
    ]
    warnings = sum_warnings(name, rows)
    if without_ticker:
        warnings += (
            f"ETF {name} has equities without a ticker, {math.fsum(without_ticker):.2%} in all: "
            "not in its basket.",
        )
    moving = [row for row in rows if row.moves_as_basket]
    if moving:
        exposure = math.fsum(row.exposure or 0.0 for row in moving)
        names = listing([row.name or row.printed_ticker or "without a name" for row in moving])
        moved = f"{len(moving)} derivative{'s' if len(moving) > 1 else ''}"
        warnings += (
            f"ETF {name}: {moved} with an exposure of {exposure:.2%} of net assets, not in the basket, but "
            f"assumed to move with it and counted in the fund's exposure: {names}.",
        )
    if without_weight:
        warnings += (f"ETF {name} has no weight for {listing(without_weight)}: not in its basket.",)
    return Etf(name, rows, typed(table.grid, len(rows)), warnings)


def _asset_class(text: str, ticker: str) -> AssetClass:
    if not text:
        return AssetClass.CASH if ticker.upper() == CASH else AssetClass.EQUITY
    try:
        return AssetClass(text.strip().lower().replace(" ", "_"))
    except ValueError:
        msg = f"There is no asset class {text!r:.60}. Choose one of {', '.join(AssetClass)}."
        raise InputError(msg) from None


def etf_rows(etf: Etf) -> list[list[Any]]:
    """Return an ETF as rows of ticker, name, weight, class: its chosen classes, weights as in the file.

    The swaps and futures that scale the basket follow, with their exposure in the column weight.
    """
    return [
        ["ticker", "name", "weight", "class"],
        *(
            [row.ticker or None, row.name or None, row.weight, str(row.asset_class)]
            for row in etf.constituents
            if row.asset_class in etf.classes
        ),
        *(
            [None, row.name or None, row.exposure, str(row.asset_class)]
            for row in etf.constituents
            if etf.scales_basket(row)
        ),
    ]


# ---------------------------------------------------------------- prices


def quotes(grid: Grid) -> Quotes:
    """Read a table of ticker and price, with optional columns as_of and source; empty for a blank grid.

    Parameters
    ----------
    grid
        Prices are per share in the base currency.

    Raises
    ------
    InputError
        If a required column is missing, or a name has two prices.

    """
    if grid.blank:
        return Quotes()
    table = _with_columns(grid, {2: ("ticker", "price")})
    if not {"ticker", "price"} <= table.columns.keys():
        msg = f"{grid.what} needs the columns ticker and price."
        raise InputError(msg)
    names, values = table.texts("ticker"), table.numbers("price")
    sources = table.texts("source") if "source" in table.columns else [""] * len(names)
    days = table.days("as_of") if "as_of" in table.columns else [None] * len(names)
    found: dict[str, Quote] = {}
    for printed, price, as_of, source in zip(names, values, days, sources, strict=True):
        if not printed or math.isnan(price):
            continue
        ticker = normalise(printed)
        if ticker in found:
            msg = f"{grid.what} has two prices of {ticker}. Keep one."
            raise InputError(msg, tickers=[ticker])
        found[ticker] = Quote(price, as_of, source or grid.what)
    origin = typed(grid, len(found))
    return Quotes(found, origins=dict.fromkeys((quote.source for quote in found.values()), origin))


# ---------------------------------------------------------------- shared


def _with_columns(grid: Grid, headless: dict[int, tuple[str, ...]]) -> RangeTable:
    if has_header(grid):
        return RangeTable(grid, columns_of(grid.rows[0]), 1)
    names = headless.get(grid.width)
    if names is None or not is_word(grid.rows[0][0]):
        msg = f"{grid.what} has {grid.width} columns without a header. Head them: ticker, weight."
        raise InputError(msg)
    return RangeTable(grid, dict(zip(names, range(grid.width), strict=True)), 0)


def typed(grid: Grid, rows: int) -> Provenance:
    """Return the provenance of ``rows`` rows of data from a range."""
    return Provenance(
        source="worksheet", location=grid.what, retrieval=Retrieval.GIVEN, as_of=None, rows=rows
    )


def is_word(cell: Cell) -> bool:
    """Return whether a cell holds a text that is not a number."""
    return isinstance(cell, str) and printed_number(cell) is None


def _unique(grid: Grid, pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, weight in pairs:
        if name in found:
            msg = f"{grid.what} lists {name} more than once. Merge its rows."
            raise InputError(msg, tickers=[name])
        if math.isnan(weight):
            msg = f"{grid.what} has no weight for {name}. Fill it in, or remove the row."
            raise MissingValue(msg, tickers=[name])
        found[name] = weight
    return found


def _refuse_percent(grid: Grid, weights: Iterable[float]) -> None:
    total = math.fsum(weight for weight in weights if not math.isnan(weight))
    if PERCENT_SUM[0] < abs(total) < PERCENT_SUM[1]:
        msg = (
            f"The weights of {grid.what} sum to {total:.2f}, so they look like percent. "
            "Give decimals, or format the cells as percent."
        )
        raise InputError(msg)
