"""A portfolio from a file: a broker's export, a table typed by hand, or the fund's API saved as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from betaneutral_xl.arrays import read_only
from betaneutral_xl.errors import InputError, MissingValue, UnreadableFile, listing
from betaneutral_xl.portfolio import FULL, AssetClass, Holdings, Worth
from betaneutral_xl.provenance import Provenance, Retrieval, digest
from betaneutral_xl.sources import asset_classes
from betaneutral_xl.sources.columns import VALUED, Column, Header
from betaneutral_xl.sources.holdings_table import Table, find_table, what_else
from betaneutral_xl.sources.preamble import as_of_date, one_fund
from betaneutral_xl.sources.weights import SIGNED, decimal_weights
from betaneutral_xl.tabular.files import read_bytes, shown_name
from betaneutral_xl.tabular.printed import NOTHING, is_percentage, number, stated, uses_decimal_comma
from betaneutral_xl.tabular.tables import read_sheets
from betaneutral_xl.tickers import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from betaneutral_xl.tabular.sheets import Row, Sheet

AGREE = 1e-3
"""How far, relative, a printed value may be from shares times price before it is said."""

HOLDING_VALUES = VALUED | {Column.SHARES}
"""What a header of holdings must have one of."""


def load_holdings(path: Path | str, fund: str | None = None, nav: float | None = None) -> Holdings:
    """Load a portfolio from a file.

    Parameters
    ----------
    path
        The API's JSON; or a table (CSV, XLSX and others) with a ticker and its weight, or its
        shares and price, or its value, under any usual headings.
    fund
        Which fund or account, where the file has several.
    nav
        The net asset value in base currency, where it is stated: for positions without the cash
        beside them. By default it is what the file's positions and cash add up to.

    Raises
    ------
    UnreadableFile
        If it is no such file.
    UnknownFund
        If it has several funds and none is chosen, or not the one that is asked for.
    MissingValue
        If a position has no ticker, or neither value nor weight.
    DuplicateTicker
        If a ticker stands on two rows.

    """
    return parse_holdings_file(read_bytes(path), shown_name(path), fund, nav)


def parse_holdings_file(
    content: bytes, file_name: str, fund: str | None = None, nav: float | None = None
) -> Holdings:
    """Read a portfolio from a file's bytes; see ``load_holdings``."""
    provenance = Provenance(
        source="holdings file",
        location=file_name,
        retrieval=Retrieval.FILE,
        as_of=None,
        rows=0,
        sha256=digest(content),
    )
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        from betaneutral_xl.sources.holdings_json import parse_holdings  # noqa: PLC0415 - for JSON only

        return parse_holdings(content, provenance, nav)
    sheets = read_sheets(content, file_name)
    table = find_table(sheets, file_name, HOLDING_VALUES) or _without_header(sheets, file_name)
    if table is None:
        raise UnreadableFile(what_else(sheets, file_name))
    table, name = one_fund(table, fund, file_name)
    return _holdings(table, name or fund or PurePath(file_name).stem, file_name, provenance, nav)


def _holdings(table: Table, fund: str, file_name: str, origin: Provenance, stated: float | None) -> Holdings:
    are_cash = [_is_cash(table, row) for row in table.rows]
    cash = [row for row, is_cash in zip(table.rows, are_cash, strict=True) if is_cash]
    held = [row for row, is_cash in zip(table.rows, are_cash, strict=True) if not is_cash]
    tickers = _tickers(table, held, file_name)
    provenance = replace(origin, as_of=as_of_date(table, file_name), rows=len(table.rows))
    notes = (*_cash_note(table, cash), *table.warnings)
    valued = _valued(table, held, fund, tickers)
    if valued is None:
        read = _by_weight(table, fund, tickers, are_cash=are_cash, provenance=provenance, notes=notes)
        return replace(read, nav=stated)
    cash_value = math.fsum(_cash_value(table, row, file_name) for row in cash)
    worth = Worth.of(valued.values, cash_value, fund, stated)
    return Holdings(
        fund=fund,
        tickers=tickers,
        weights=read_only([value / worth.nav for value in valued.values]),
        shares=None if valued.shares is None else read_only(valued.shares),
        prices=None if valued.prices is None else read_only(valued.prices),
        nav=worth.nav,
        cash=worth.cash / worth.nav,
        provenance=provenance,
        warnings=(*worth.warnings, *valued.warnings, *notes),
        leverage_stated=stated is not None,
    )


def _by_weight(
    table: Table,
    fund: str,
    tickers: tuple[str, ...],
    *,
    are_cash: Sequence[bool],
    provenance: Provenance,
    notes: tuple[str, ...],
) -> Holdings:
    decimals, unit = decimal_weights(table, provenance.location)
    weights = [weight for weight, is_cash in zip(decimals, are_cash, strict=True) if not is_cash]
    known = [weight for weight in decimals if not math.isnan(weight)]
    missing = 1.0 - math.fsum(known)
    cash = math.fsum(
        w for w, is_cash in zip(decimals, are_cash, strict=True) if is_cash and not math.isnan(w)
    )
    said: tuple[str, ...] = ()
    if abs(missing) > FULL:
        cash += missing
        said = (
            f"Weights of {fund} add to {1.0 - missing:.4f}, not 1: "
            f"the other {missing:.4f} is taken as cash, nothing is rescaled.",
        )
    return Holdings(
        fund=fund,
        tickers=tickers,
        weights=read_only(weights),
        cash=cash,
        provenance=replace(provenance, note=unit),
        warnings=(*said, *notes),
        leverage_stated=SIGNED in unit,
    )


def _is_cash(table: Table, row: Row) -> bool:
    if asset_classes.of_flag(table.header.cell(row, Column.ASSET_CLASS)) is AssetClass.CASH:
        return True
    name, ticker = table.text(row, Column.NAME), table.text(row, Column.TICKER)
    if not name and " " in ticker:  # some brokers print a name there
        name, ticker = ticker, ""
    return asset_classes.of_name(name, ticker) is AssetClass.CASH


def _cash_note(table: Table, rows: Sequence[Row]) -> tuple[str, ...]:
    names = [table.text(row, Column.TICKER) or table.text(row, Column.NAME) for row in rows]
    return (f"Taken as cash: {listing(names)}.",) if names else ()


def _tickers(table: Table, rows: Sequence[Row], file_name: str) -> tuple[str, ...]:
    column = Column.TICKER if Column.TICKER in table.header.places else Column.NAME
    absent = [table.text(row, Column.NAME) or "?" for row in rows if not table.text(row, column)]
    if absent:
        msg = f"{file_name} has no ticker for {listing(absent)}. Fill it in, or remove the row."
        raise MissingValue(msg, tickers=absent)
    if not rows:
        msg = f"{file_name} has no positions, only cash. Check that it is the right file."
        raise InputError(msg)
    return tuple(normalise(table.text(row, column)) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Valued:
    values: tuple[float, ...]
    shares: tuple[float, ...] | None
    prices: tuple[float, ...] | None
    warnings: tuple[str, ...]


def _valued(table: Table, rows: Sequence[Row], fund: str, tickers: Sequence[str]) -> _Valued | None:
    """Return each position's value, None if the table has weights only.

    A printed value counts before shares times price, which may be in the local currency; then the
    price in base currency is value over shares.
    """
    shares = [table.number(row, Column.SHARES) for row in rows]
    prices = [table.number(row, Column.PRICE) for row in rows]
    printed = [table.number(row, Column.MARKET_VALUE) for row in rows]
    values, quotes, odd, absent = [], [], [], []
    for ticker, quantity, price, value in zip(tickers, shares, prices, printed, strict=True):
        product = quantity * price if quantity is not None and price is not None and price > 0.0 else None
        worth = value if value is not None else product
        if worth is None:
            absent.append(ticker)
            continue
        agrees = product is not None and math.isclose(worth, product, rel_tol=AGREE, abs_tol=0.01)
        if product is not None and not agrees:
            odd.append(ticker)
        values.append(worth)
        implied = worth / quantity if quantity else math.nan
        quotes.append(price if agrees and price is not None else implied)
    if absent and Column.WEIGHT in table.header.places:
        return None
    if absent:
        msg = (
            f"Holdings of {fund} have neither a value nor shares with a positive price "
            f"for {listing(absent)}. Fill them in, or remove the row."
        )
        raise MissingValue(msg, tickers=absent)
    whole = all(quantity is not None for quantity in shares) and all(quote > 0.0 for quote in quotes)
    warning = f"Holdings of {fund}: value is not shares times price for {listing(odd)}; weights are by value."
    return _Valued(
        values=tuple(values),
        shares=tuple(quantity for quantity in shares if quantity is not None) if whole else None,
        prices=tuple(quotes) if whole else None,
        warnings=(warning,) if odd else (),
    )


def _cash_value(table: Table, row: Row, file_name: str) -> float:
    """Return the value of a row of cash: printed, or its amount at a price of 1 or as printed."""
    value = table.number(row, Column.MARKET_VALUE)
    if value is not None:
        return value
    amount, price = table.number(row, Column.SHARES), table.number(row, Column.PRICE)
    if amount is None:
        amount, price = price, None  # "CASH,,5000"
    if amount is None:
        name = table.text(row, Column.TICKER) or table.text(row, Column.NAME)
        msg = f"{file_name} has no value for {name}. Fill it in, or remove the row."
        raise MissingValue(msg)
    return amount * (price if price is not None else 1.0)


# ------------------------------------------------------------------ no header

HEADLESS = {
    2: (Column.TICKER, Column.WEIGHT),
    3: (Column.TICKER, Column.SHARES, Column.PRICE),
    4: (Column.TICKER, Column.SHARES, Column.PRICE, Column.MARKET_VALUE),
}
"""What the columns of a table without a header are, by how many there are."""

SUMS = ((0.98, 1.02), (98.0, 102.0))
"""What weights add up to, in decimals or percent."""


def _without_header(sheets: Sequence[Sheet], file_name: str) -> Table | None:
    """Return a table whose first row is a position already, if its columns can be only one thing.

    Raises
    ------
    UnreadableFile
        If they can be several.

    """
    sheet = next((sheet for sheet in sheets if sheet.rows), None)
    rows = [row for row in sheet.rows if row] if sheet else []
    width = len(rows[0]) if rows else 0
    if sheet is None or width not in HEADLESS or any(len(row) != width for row in rows):
        return None
    numeric = [cell for row in rows for cell in row[1:]]
    comma = uses_decimal_comma(numeric, otherwise=sheet.delimiter == ";")
    columns = [[number(row[place], decimal_comma=comma) for row in rows] for place in range(1, width)]
    if any(
        value is None and stated(row[0]).upper() != "CASH"
        for column in columns
        for value, row in zip(column, rows, strict=True)
    ):
        return None
    if any(number(row[0]) is not None or stated(row[0]).casefold() in NOTHING for row in rows):
        return None
    first = math.fsum(value or 0.0 for value in columns[0])
    are_weights = any(low <= first <= high for low, high in SUMS) or any(
        is_percentage(row[1]) for row in rows
    )
    if are_weights != (width == len((Column.TICKER, Column.WEIGHT))):
        kinds = " or ".join(" and ".join(c.value for c in HEADLESS[w][1:3]) for w in (2, 3))
        msg = (
            f"{file_name} has no header, and its numbers can be {kinds}. "
            "Write the header ticker,weight or ticker,shares,price as its first line."
        )
        raise UnreadableFile(msg)
    texts = tuple(column.value for column in HEADLESS[width])
    header = Header(
        row=-1, texts=texts, places={column: (place,) for place, column in enumerate(HEADLESS[width])}
    )
    return Table(
        sheet=sheet.name,
        header=header,
        rows=tuple(rows),
        before=(),
        after=(),
        notes=sheet.notes,
        decimal_comma=comma,
        warnings=(f"{file_name} has no header; its columns are taken as {', '.join(texts)}.",),
    )
