"""Load a portfolio from a file: a broker's export, a table typed by hand, or saved JSON of the fund's API."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnreadableFile, listing
from betaneutral_xl.model.arrays import read_only
from betaneutral_xl.model.portfolio import SUM_TOLERANCE, AssetClass, Holdings, Valuation
from betaneutral_xl.model.printed import (
    MISSING,
    cell_text,
    is_percentage,
    number,
    uses_decimal_comma,
)
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.tickers import is_option, normalise
from betaneutral_xl.readers import asset_classes
from betaneutral_xl.readers.columns import Column, Header, count_headers, header_key
from betaneutral_xl.readers.flex import is_flex, positions_csv
from betaneutral_xl.readers.holdings_sections import (
    ALL,
    Choice,
    drop_lots,
    find_sections,
    rows_of_last_day,
    select_section,
    without_account_types,
)
from betaneutral_xl.readers.holdings_table import (
    AMOUNT_COLUMNS,
    IDENTIFIER_COLUMNS,
    HoldingsTable,
    describe_non_holdings,
)
from betaneutral_xl.readers.preamble import as_of_date, select_fund
from betaneutral_xl.readers.tabular.cell_grids import refuse_errors, sheet_of
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.tabular.files import read_bytes, shown_name
from betaneutral_xl.readers.weights import FROM_SIGNS, MIN_PERCENT_SUM, decimal_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from betaneutral_xl.readers.tabular.cell_grids import CellGrid
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

RTOL = 1e-3
"""Relative difference between a printed value and shares times price above which a warning names it."""

CASH = "CASH"
"""The ticker of a cash row; other words for cash are named in a note."""

ROUNDED = 0.0006
"""By how much a weight that is printed in percent with a digit may differ from the exact one."""

OPTION_SIZE = 100.0
"""Shares of the underlying per option contract, if the file has no multiplier."""


def load_holdings(
    path: Path | str, fund: str | None = None, choice: Choice | None = None, nav: float | None = None
) -> Holdings:
    """Load a portfolio from a file.

    Parameters
    ----------
    path
        The API's JSON; or a table (CSV, XLSX and others) with a column of tickers, and one of weights,
        shares and prices, or values. ``FILE.xlsx#Sheet`` chooses a sheet.
    fund
        The fund or account, if the file has several; ``all`` adds them.
    choice
        The account, the sheet and the exchange rates; replaces ``fund``.
    nav
        The net asset value in base currency, for a file of positions without the cash. By default the
        sum of the file's positions and cash.

    Returns
    -------
    Holdings
        Weights as decimals of the net asset value.

    Raises
    ------
    UnreadableFile
        If it is not such a file.
    UnknownFund
        If it has several funds and none is chosen, or does not have the chosen one.
    MissingValue
        If a position has no ticker, or neither value nor weight.
    DuplicateTicker
        If a ticker is on two rows.

    """
    file, sheet = split_sheet(path)
    chosen = choice or Choice(account=fund)
    chosen = replace(chosen, sheet=sheet) if sheet else chosen
    return parse_holdings_file(read_bytes(file), shown_name(file), fund, chosen, nav)


def split_sheet(path: Path | str) -> tuple[str, str | None]:
    """Split ``FILE.xlsx#Sheet`` into file and sheet, unless a file of the whole name exists."""
    text = str(path)
    file, mark, sheet = text.rpartition("#")
    whole = not (mark and file and sheet) or os.path.exists(text)  # noqa: PTH110 - a text that may be no path
    return (text, None) if whole else (file, sheet)


def parse_holdings_file(
    content: bytes,
    file_name: str,
    fund: str | None = None,
    choice: Choice | None = None,
    nav: float | None = None,
) -> Holdings:
    """Parse a portfolio from a file's bytes; see ``load_holdings``."""
    provenance = Provenance(
        source="holdings file",
        location=file_name,
        retrieval=Retrieval.FILE,
        as_of=None,
        rows=0,
        sha256=digest(content),
    )
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        from betaneutral_xl.readers.holdings_json import parse_holdings

        return parse_holdings(content, provenance, nav)
    if is_flex(content):
        content = positions_csv(content, file_name)
    sheets = read_sheets(content, file_name)
    chosen = choice or Choice(account=fund)
    of_workbook = content.startswith((b"PK", b"\xd0\xcf\x11\xe0"))
    table, name = _positions(sheets, file_name, chosen, of_workbook=of_workbook)
    label = PurePath(file_name).stem if name == ALL else name or chosen.account or PurePath(file_name).stem
    return _holdings(table, label, file_name, provenance, choice=chosen, nav=nav)


def parse_holdings_grid(
    grid: CellGrid, origin: Provenance, fund: str = "portfolio", nav: float | None = None
) -> Holdings:
    """Parse a portfolio from a range of typed cells, by the rules of ``load_holdings``.

    Parameters
    ----------
    grid
        The table, with or without lines above its header.
    origin
        Where the cells are; rows and date are filled in.
    fund
        A name for messages and reports.
    nav
        The net asset value in base currency, where it is stated.

    Raises
    ------
    InputError
        As of ``load_holdings``; the message names the cell.

    """
    try:
        table, _ = _positions((sheet_of(grid),), grid.what, Choice(), of_workbook=False)
    except InputError:
        refuse_errors(grid)  # an error in a cell is why the table is not recognised
        raise
    refuse_errors(grid, (i for found in table.header.indices.values() for i in found), table.header.row + 1)
    if table.header.row >= 0:
        for i in range(len(table.header.texts)):
            grid.refuse_error(table.header.row, i)
    holdings = _holdings(table, fund, grid.what, origin, choice=Choice(), nav=nav)
    _refuse_words(table)
    return holdings


def _refuse_words(table: HoldingsTable) -> None:
    """Raise for a word in a column of numbers, also in one that is not needed: a sheet is typed by hand."""
    for column in (Column.SHARES, Column.PRICE, Column.MARKET_VALUE, Column.WEIGHT):
        for row in table.rows if column in table.header.indices else ():
            text = table.text(row, column)
            if text and table.number(row, column) is None:
                where = table.where(row, column)
                msg = f"{where} is {text!r:.60}, not a number. Correct it, or clear the cell."
                raise MissingValue(msg)


def _positions(
    sheets: Sequence[TextSheet], file_name: str, choice: Choice, *, of_workbook: bool
) -> tuple[HoldingsTable, str]:
    """Return the chosen table of positions, and the account's name (empty if there is one only)."""
    sections = find_sections(sheets, file_name, choice, of_workbook=of_workbook)
    if sections:
        table, name = select_section(sections, choice, file_name)
    else:
        headerless = _headerless_table(sheets, file_name)
        if headerless is None:
            if sheets[0].place is not None:
                raise _no_table(sheets[0], file_name)
            raise UnreadableFile(describe_non_holdings(sheets, file_name))
        table, name = headerless, ""
    table = without_account_types(rows_of_last_day(drop_lots(table), file_name))
    if choice.adds_all:
        name = name or ALL
    if not name:
        advice = (
            "accounts or funds: {}. Keep the rows of one."
            if table.in_range
            else "accounts or funds: {}. Choose one with --account NAME, or --account all to add them."
        )
        table, name = select_fund(table, choice.account, file_name, advice)
    return table, name


def _no_table(sheet: TextSheet, what: str) -> InputError:
    """Return the error for a range without a table of positions."""
    found = listing([str(column) for column in max(map(count_headers, sheet.rows), key=len, default=())])
    if not found:
        width = max(map(len, sheet.rows), default=0)
        return InputError(f"{what} has {width} columns without a header. Name them: ticker, weight.")
    return InputError(
        f"{what} needs the columns ticker and weight, or ticker, shares and price (found: {found})."
    )


def _holdings(
    table: HoldingsTable,
    fund: str,
    file_name: str,
    origin: Provenance,
    *,
    choice: Choice,
    nav: float | None,
) -> Holdings:
    _refuse_nameless(table)
    are_cash = [_is_cash(table, row) for row in table.rows]
    cash = [row for row, is_cash in zip(table.rows, are_cash, strict=True) if is_cash]
    held = [row for row, is_cash in zip(table.rows, are_cash, strict=True) if not is_cash]
    tickers = _tickers(table, held, file_name)
    provenance = replace(origin, as_of=as_of_date(table, file_name), rows=len(table.rows))
    notes = (*_cash_notes(table, cash), *table.warnings)
    options = [ticker for ticker, row in zip(tickers, held, strict=True) if _is_option(table, row)]
    if options:
        notes = (
            *notes,
            f"Options have no risk data of their own and are valued at {OPTION_SIZE:.0f} times the price, "
            f"unless the file has a value or multiplier: {listing(options)}.",
        )
    rates = _rates(table, choice, file_name)
    if rates is None:
        notes = (
            *notes,
            f"{file_name} has positions in several currencies without a rate: its weights are used, "
            "its values are not.",
        )
    values = None if rates is None else _position_values(table, held, fund, tickers, rates)
    if values is not None:
        values, tickers, lot_notes = _merge_lots(table, held, values, tickers)
        notes = (*notes, *lot_notes)
    if len(tickers) == len(held):  # no lots were added
        _refuse_duplicates(table, held, tickers)
    if values is None or rates is None:
        by_weight = _by_weight(table, fund, tickers, are_cash=are_cash, provenance=provenance, notes=notes)
        return replace(by_weight, nav=nav)
    cash_value = math.fsum(_cash_value(table, row) * rates.of(table, row) for row in cash)
    total = Valuation.of(values.values, cash_value, fund, nav)
    weights = [value / total.nav for value in values.values]
    if len(tickers) == len(held):
        notes = (*notes, *_weight_notes(table, held, tickers, weights))
    return Holdings(
        fund=fund,
        tickers=tickers,
        weights=read_only(weights),
        shares=None if values.shares is None else read_only(values.shares),
        prices=None if values.prices is None else read_only(values.prices),
        nav=total.nav,
        cash=total.cash / total.nav,
        provenance=provenance,
        warnings=(*total.warnings, *values.warnings, *notes),
        leverage_stated=nav is not None,
    )


def _by_weight(
    table: HoldingsTable,
    fund: str,
    tickers: tuple[str, ...],
    *,
    are_cash: Sequence[bool],
    provenance: Provenance,
    notes: tuple[str, ...],
) -> Holdings:
    for row in table.rows if Column.WEIGHT in table.header.indices else ():
        if table.number(row, Column.WEIGHT) is None:
            raise _missing(table, row, "weight", Column.WEIGHT)
    decimals, unit = decimal_weights(table, table.file_name)
    weights = [weight for weight, is_cash in zip(decimals, are_cash, strict=True) if not is_cash]
    known = [weight for weight in decimals if not math.isnan(weight)]
    missing = 1.0 - math.fsum(known)
    cash = math.fsum(
        w for w, is_cash in zip(decimals, are_cash, strict=True) if is_cash and not math.isnan(w)
    )
    warnings: tuple[str, ...] = ()
    if abs(missing) > SUM_TOLERANCE:
        cash += missing
        warnings = (
            f"Weights of {fund} add to {1.0 - missing:.4f}, not 1: "
            f"the other {missing:.4f} is taken as cash, nothing is rescaled.",
        )
    return Holdings(
        fund=fund,
        tickers=tickers,
        weights=read_only(weights),
        cash=cash,
        provenance=replace(provenance, note=unit),
        warnings=(*warnings, *notes),
        leverage_stated=FROM_SIGNS in unit,
    )


def _is_cash(table: HoldingsTable, row: Row) -> bool:
    if asset_classes.of_flag(table.header.cell(row, Column.ASSET_CLASS)) is AssetClass.CASH:
        return True
    name, ticker = table.text(row, Column.NAME), table.text(row, Column.TICKER)
    if not name and " " in ticker:  # some brokers print a name in the ticker column
        name, ticker = ticker, ""
    return asset_classes.of_name(name, ticker) is AssetClass.CASH


def _is_option(table: HoldingsTable, row: Row) -> bool:
    if "option" in (flag := table.text(row, Column.ASSET_CLASS).casefold()) or flag in {"opt", "fop"}:
        return True
    return any(is_option(table.text(row, c)) for c in (Column.TICKER, Column.NAME))


def _cash_notes(table: HoldingsTable, rows: Sequence[Row]) -> tuple[str, ...]:
    names = [table.text(row, Column.TICKER) or table.text(row, Column.NAME) for row in rows]
    names = [name for name in names if name.upper() != CASH]
    return (f"Taken as cash: {listing(names)}.",) if names else ()


def _tickers(table: HoldingsTable, rows: Sequence[Row], file_name: str) -> tuple[str, ...]:
    column = Column.TICKER if Column.TICKER in table.header.indices else Column.NAME
    missing = [_row_label(table, row) for row in rows if not table.text(row, column)]
    if missing:
        msg = f"{file_name} has no ticker for {listing(missing)}. Fill it in, or remove the row."
        raise MissingValue(msg, tickers=missing)
    if not rows:
        msg = f"{file_name} has no positions, only cash. Check that it is the right file."
        raise InputError(msg)
    return tuple(normalise(_symbol(table, row, column)) for row in rows)


def _refuse_nameless(table: HoldingsTable) -> None:
    """Refuse a number beside a blank ticker: its position would vanish."""
    for row in table.nameless:
        column = next(c for c in AMOUNT_COLUMNS if table.number(row, c))
        where = table.where(row, Column.TICKER, Column.NAME)
        msg = (
            f"{where} has no ticker beside its {table.number(row, column):.10g} ({column}). "
            "Give the ticker, or CASH; or clear the row."
        )
        raise MissingValue(msg)


def _refuse_duplicates(table: HoldingsTable, rows: Sequence[Row], tickers: Sequence[str]) -> None:
    first: dict[str, Row] = {}
    for ticker, row in zip(tickers, rows, strict=True):
        if ticker in first:
            places = [table.where(one, Column.TICKER, Column.NAME) for one in (first[ticker], row)]
            msg = (
                f"{table.file_name} lists {ticker} more than once ({places[0]}; {places[1]}). "
                "Merge the rows if they are one company; give the exchange if they are not."
            )
            raise DuplicateTicker(msg, tickers=[ticker])
        first[ticker] = row


def _missing(table: HoldingsTable, row: Row, what: str, *columns: Column) -> MissingValue:
    """Return the error for a row without a number; it shows the text in place of one."""
    name = _row_label(table, row)
    for column in columns:
        text = table.text(row, column)
        if text and table.number(row, column) is None:
            msg = (
                f"{table.where(row, column)} is {text!r:.60}, not a number ({column} of {name}). "
                "Correct it, or remove the row."
            )
            return MissingValue(msg, tickers=[name])
    msg = f"{table.where(row, *columns)} has no {what} for {name}. Fill it in, or remove the row."
    return MissingValue(msg, tickers=[name])


def _weight_notes(
    table: HoldingsTable, rows: Sequence[Row], tickers: Sequence[str], weights: Sequence[float]
) -> tuple[str, ...]:
    """Return a warning if the printed weights are others than those of shares, prices and values."""
    printed = [table.number(row, Column.WEIGHT) for row in rows]
    known = [one for one in printed if one is not None]
    scale = 100.0 if math.fsum(map(abs, known)) > MIN_PERCENT_SUM else 1.0
    apart = [
        ticker
        for ticker, one, weight in zip(tickers, printed, weights, strict=True)
        if one is not None and abs(one / scale - weight) > ROUNDED
    ]
    if not apart:
        return ()
    return (
        f"The weights of {table.file_name} differ from its shares, prices and values for "
        f"{listing(apart)}: the weights are not used.",
    )


def _row_label(table: HoldingsTable, row: Row) -> str:
    """Return a label for a row without a ticker: its name, else its ISIN or another identifier."""
    columns = (Column.NAME, *IDENTIFIER_COLUMNS)
    return next((text for column in columns if (text := table.text(row, column))), "?")


def _symbol(table: HoldingsTable, row: Row, column: Column) -> str:
    """Return a row's ticker; the name of an option whose symbol is its underlying's."""
    text, name = table.text(row, column), table.text(row, Column.NAME)
    return name if name and _is_option(table, row) and not is_option(text) else text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rates:
    """Exchange rates of the rows: base currency per unit of the row's currency."""

    by_currency: Mapping[str, float]
    in_column: bool

    def of(self, table: HoldingsTable, row: Row) -> float:
        """Return the rate of a row."""
        if self.in_column:
            return table.number(row, Column.FX_RATE) or 1.0
        return self.by_currency.get(_currency(table, row), 1.0)


def _currency(table: HoldingsTable, row: Row) -> str:
    return table.text(row, Column.CURRENCY).upper()


def _rates(table: HoldingsTable, choice: Choice, file_name: str) -> _Rates | None:
    """Return the exchange rates of the rows, None if only the weights can be used.

    Raises
    ------
    MissingValue
        If values are in several currencies and one has no rate.

    """
    if Column.FX_RATE in table.header.indices:
        at_one = {_currency(table, row) for row in table.rows if table.number(row, Column.FX_RATE) == 1.0}
        bad = [
            _row_label(table, row)
            for row in table.rows
            if not (rate := table.number(row, Column.FX_RATE)) or rate <= 0.0
            if _has_amount(table, row) and not (_is_cash(table, row) and _currency(table, row) in at_one)
        ]
        if bad:
            msg = f"{file_name} has no positive rate to the base currency for {listing(bad)}. Fill it in."
            raise MissingValue(msg, tickers=bad)
        return _Rates(by_currency={}, in_column=True)
    codes = list(dict.fromkeys(code for row in table.rows if (code := _currency(table, row))))
    without = [code for code in codes if code not in choice.rates]
    if len(codes) <= 1 or len(without) <= (1 if choice.rates else 0) or _in_base(table):
        return _Rates(by_currency=choice.rates, in_column=False)
    if Column.WEIGHT in table.header.indices and not choice.rates:
        return None
    msg = (
        f"{file_name} has positions in {len(codes)} currencies ({listing(codes)}) without a rate. "
        + ("Give" if table.in_range else f"Give the rates with --fx {without[-1]}=RATE, or")
        + " a column FXRateToBase (base currency per unit)."
    )
    raise MissingValue(msg)


def _has_amount(table: HoldingsTable, row: Row) -> bool:
    return table.number(row, Column.MARKET_VALUE) is not None or table.number(row, Column.SHARES) is not None


def _in_base(table: HoldingsTable) -> bool:
    """Whether all values are in base currency.

    They are if their header says so, or if value is shares times price in one currency at most.
    """
    indices = table.header.indices.get(Column.MARKET_VALUE)
    if not indices:
        return False
    if {"base", "us", "usd", "eur", "gbp", "chf"} & set(header_key(table.header.texts[indices[0]]).split()):
        return True
    local: dict[str, list[bool]] = {}
    for row in table.rows:
        value, shares, price = (
            table.number(row, c) for c in (Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
        )
        if value is not None and shares is not None and price is not None and value:
            agrees = math.isclose(value, shares * price, rel_tol=RTOL, abs_tol=0.01)
            local.setdefault(_currency(table, row), []).append(agrees)
    tested = {_currency(table, row) for row in table.rows if not _is_cash(table, row)}
    return set(local) >= tested and sum(any(agree) for agree in local.values()) <= 1


def _merge_lots(
    table: HoldingsTable, rows: Sequence[Row], values: _PositionValues, tickers: tuple[str, ...]
) -> tuple[_PositionValues, tuple[str, ...], tuple[str, ...]]:
    """Add the rows of one security (lots, or several accounts); return values, tickers and a note."""
    groups: dict[str, list[int]] = {}
    for index, ticker in enumerate(tickers):
        groups.setdefault(ticker, []).append(index)

    def same(indices: list[int]) -> bool:
        columns = (Column.ISIN, Column.CUSIP, Column.NAME)
        return all(len({table.text(rows[i], column) for i in indices}) == 1 for column in columns)

    several = [ticker for ticker, indices in groups.items() if len(indices) > 1]
    if not several or not all(same(groups[ticker]) for ticker in several):
        return values, tickers, ()
    sums = tuple(math.fsum(values.values[i] for i in indices) for indices in groups.values())
    shares = prices = None
    if values.shares is not None:
        shares = tuple(math.fsum(values.shares[i] for i in indices) for indices in groups.values())
        prices = tuple(v / s if s else math.nan for v, s in zip(sums, shares, strict=True))
        if not all(price > 0.0 for price in prices):
            shares = prices = None
    merged = _PositionValues(values=sums, shares=shares, prices=prices, warnings=values.warnings)
    return merged, tuple(groups), (f"Rows of one name are added: {listing(several)}.",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PositionValues:
    values: tuple[float, ...]
    shares: tuple[float, ...] | None
    prices: tuple[float, ...] | None
    warnings: tuple[str, ...]


def _position_values(
    table: HoldingsTable, rows: Sequence[Row], fund: str, tickers: Sequence[str], rates: _Rates
) -> _PositionValues | None:
    """Return the values of the positions in base currency, None if the table has weights only.

    A printed value takes precedence over shares times price, which may be in the local currency; the
    price in base currency is then value over shares.
    """
    shares = [table.number(row, Column.SHARES) for row in rows]
    prices = [table.number(row, Column.PRICE) for row in rows]
    printed = [table.number(row, Column.MARKET_VALUE) for row in rows]
    values: list[float] = []
    quotes: list[float] = []
    bad: list[str] = []
    missing: list[tuple[str, Row]] = []
    for row, ticker, quantity, price, value in zip(rows, tickers, shares, prices, printed, strict=True):
        rate, size = rates.of(table, row), _contract_size(table, row)
        local = quantity * price if quantity is not None and price is not None and price > 0.0 else None
        if local is not None and value is not None and math.isclose(value, local, rel_tol=RTOL, abs_tol=0.01):
            size = 1.0  # the price is that of one contract
        product = None if local is None else local * size * rate
        in_base = value is not None and product is not None and math.isclose(value, product, rel_tol=RTOL)
        amount = product if value is None else value if in_base else value * rate
        if amount is None:
            missing.append((ticker, row))
            continue
        agrees = product is not None and math.isclose(amount, product, rel_tol=RTOL, abs_tol=0.01)
        if product is not None and not agrees:
            bad.append(ticker)
        values.append(amount)
        implied = amount / quantity if quantity else math.nan
        quotes.append(price * size * rate if agrees and price is not None else implied)
    if missing and Column.WEIGHT in table.header.indices:
        return None
    if missing:
        raise _without_value(table, missing)
    complete = all(quantity is not None for quantity in shares) and all(quote > 0.0 for quote in quotes)
    warning = f"Holdings of {fund}: value is not shares times price for {listing(bad)}; weights are by value."
    return _PositionValues(
        values=tuple(values),
        shares=tuple(quantity for quantity in shares if quantity is not None) if complete else None,
        prices=tuple(quotes) if complete else None,
        warnings=(warning,) if bad else (),
    )


def _without_value(table: HoldingsTable, rows: Sequence[tuple[str, Row]]) -> MissingValue:
    """Return the error for positions without a value; it shows the first text in place of a number."""
    columns = (Column.SHARES, Column.PRICE, Column.MARKET_VALUE)
    for _, row in rows:
        if any(table.text(row, c) and table.number(row, c) is None for c in columns):
            return _missing(table, row, "value", *columns)
    names = [ticker for ticker, _ in rows]
    msg = (
        f"{table.where(rows[0][1], Column.PRICE, Column.SHARES)}: neither a value nor shares with a positive "
        f"price for {listing(names)}. Fill them in, or remove the row."
    )
    return MissingValue(msg, tickers=names)


def _contract_size(table: HoldingsTable, row: Row) -> float:
    """Return the contract multiplier: the file's, else 100 for an option, else 1."""
    return table.number(row, Column.MULTIPLIER) or (OPTION_SIZE if _is_option(table, row) else 1.0)


def _cash_value(table: HoldingsTable, row: Row) -> float:
    """Return the value of a cash row: as printed, else its amount times the printed price (default 1)."""
    value = table.number(row, Column.MARKET_VALUE)
    if value is not None:
        return value
    amount, price = table.number(row, Column.SHARES), table.number(row, Column.PRICE)
    if amount is None:
        amount, price = price, None  # "CASH,,5000"
    if amount is None:
        raise _missing(table, row, "value", Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
    return amount * (price if price is not None else 1.0)


# ------------------------------------------------------------------ no header

DEFAULT_COLUMNS = {
    2: (Column.TICKER, Column.WEIGHT),
    3: (Column.TICKER, Column.SHARES, Column.PRICE),
    4: (Column.TICKER, Column.SHARES, Column.PRICE, Column.MARKET_VALUE),
}
"""Columns of a table without a header, by its width."""

WEIGHT_SUMS = ((0.98, 1.02), (98.0, 102.0))
"""Ranges of the sum of weights, in decimals and in percent."""


def _headerless_table(sheets: Sequence[TextSheet], file_name: str) -> HoldingsTable | None:
    """Return a table without a header row, None if it is not one.

    Raises
    ------
    UnreadableFile
        If its columns are ambiguous.

    """
    sheet = next((sheet for sheet in sheets if sheet.rows), None)
    rows = [row for row in sheet.rows if row] if sheet else []
    width = max(map(len, rows), default=0)
    if sheet is None or width not in DEFAULT_COLUMNS:
        return None
    numeric = [cell for row in rows for cell in row[1:]]
    comma = uses_decimal_comma(numeric, otherwise=sheet.delimiter == ";")
    columns = [
        [number(row[i], decimal_comma=comma) if i < len(row) else None for row in rows]
        for i in range(1, width)
    ]
    words = [cell for cell in numeric if cell_text(cell) and number(cell, decimal_comma=comma) is None]
    blank = sum(all(column[i] is None for column in columns) for i in range(len(rows)))
    if words or 2 * blank > len(rows):
        return None
    if any(number(row[0]) is not None or cell_text(row[0]).casefold() in MISSING for row in rows):
        return None
    first = math.fsum(value or 0.0 for value in columns[0])
    known = [value for value in columns[0] if value is not None]
    are_weights = (
        any(low <= first <= high for low, high in WEIGHT_SUMS)
        or any(is_percentage(row[1]) for row in rows if len(row) > 1)
        or (all(abs(value) <= 1.0 for value in known) and not all(map(float.is_integer, known)))
    )
    if are_weights != (width == len((Column.TICKER, Column.WEIGHT))):
        kinds = " or ".join(" and ".join(c.value for c in DEFAULT_COLUMNS[w][1:3]) for w in (2, 3))
        msg = (
            f"{file_name} has no header, and its numbers can be {kinds}. "
            "Write the header ticker,weight or ticker,shares,price as its first line."
        )
        raise UnreadableFile(msg)
    texts = tuple(column.value for column in DEFAULT_COLUMNS[width])
    header = Header(
        row=-1, texts=texts, indices={column: (i,) for i, column in enumerate(DEFAULT_COLUMNS[width])}
    )
    return HoldingsTable(
        sheet=sheet.name,
        header=header,
        rows=tuple(rows),
        before=(),
        after=(),
        notes=sheet.notes,
        decimal_comma=comma,
        source=sheet,
        file_name=file_name,
        warnings=(f"{file_name} has no header; its columns are taken as {', '.join(texts)}.",),
    )
