"""Load a portfolio from a file: a broker's export, a table typed by hand, or saved JSON of the fund's API."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, MissingValue, UnreadableFile, listing
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
from betaneutral_xl.readers.columns import Column, Header, header_key
from betaneutral_xl.readers.holdings_sections import (
    ALL,
    Choice,
    drop_lots,
    find_sections,
    rows_of_last_day,
    select_section,
    without_account_types,
)
from betaneutral_xl.readers.holdings_table import IDENTIFIER_COLUMNS, HoldingsTable, describe_non_holdings
from betaneutral_xl.readers.preamble import as_of_date, select_fund
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.tabular.files import read_bytes, shown_name
from betaneutral_xl.readers.weights import FROM_SIGNS, decimal_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

RTOL = 1e-3
"""Relative difference between a printed value and shares times price above which a warning names it."""

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
    sheets = read_sheets(content, file_name)
    chosen = choice or Choice(account=fund)
    of_workbook = content.startswith((b"PK", b"\xd0\xcf\x11\xe0"))
    sections = find_sections(sheets, file_name, chosen, of_workbook=of_workbook)
    if sections:
        table, name = select_section(sections, chosen, file_name)
    else:
        headerless = _headerless_table(sheets, file_name)
        if headerless is None:
            raise UnreadableFile(describe_non_holdings(sheets, file_name))
        table, name = headerless, ""
    table = without_account_types(rows_of_last_day(drop_lots(table), file_name))
    if chosen.adds_all:
        name = name or ALL
    if not name:
        advice = "accounts or funds: {}. Choose one with --account NAME, or --account all to add them."
        table, name = select_fund(table, chosen.account, file_name, advice)
    label = PurePath(file_name).stem if name == ALL else name or chosen.account or PurePath(file_name).stem
    return _holdings(table, label, file_name, provenance, choice=chosen, nav=nav)


def _holdings(
    table: HoldingsTable,
    fund: str,
    file_name: str,
    origin: Provenance,
    *,
    choice: Choice,
    nav: float | None,
) -> Holdings:
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
    if values is None or rates is None:
        by_weight = _by_weight(table, fund, tickers, are_cash=are_cash, provenance=provenance, notes=notes)
        return replace(by_weight, nav=nav)
    cash_value = math.fsum(_cash_value(table, row, file_name) * rates.of(table, row) for row in cash)
    total = Valuation.of(values.values, cash_value, fund, nav)
    return Holdings(
        fund=fund,
        tickers=tickers,
        weights=read_only([value / total.nav for value in values.values]),
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
    decimals, unit = decimal_weights(table, provenance.location)
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
        f"Give the rates with --fx {without[-1]}=RATE (base currency per unit), or a column FXRateToBase."
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
    values, quotes, bad, missing = [], [], [], []
    for row, ticker, quantity, price, value in zip(rows, tickers, shares, prices, printed, strict=True):
        rate, size = rates.of(table, row), _contract_size(table, row)
        local = quantity * price if quantity is not None and price is not None and price > 0.0 else None
        if local is not None and value is not None and math.isclose(value, local, rel_tol=RTOL, abs_tol=0.01):
            size = 1.0  # the price is that of one contract
        product = None if local is None else local * size * rate
        in_base = value is not None and product is not None and math.isclose(value, product, rel_tol=RTOL)
        amount = product if value is None else value if in_base else value * rate
        if amount is None:
            missing.append(ticker)
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
        msg = (
            f"Holdings of {fund} have neither a value nor shares with a positive price "
            f"for {listing(missing)}. Fill them in, or remove the row."
        )
        raise MissingValue(msg, tickers=missing)
    complete = all(quantity is not None for quantity in shares) and all(quote > 0.0 for quote in quotes)
    warning = f"Holdings of {fund}: value is not shares times price for {listing(bad)}; weights are by value."
    return _PositionValues(
        values=tuple(values),
        shares=tuple(quantity for quantity in shares if quantity is not None) if complete else None,
        prices=tuple(quotes) if complete else None,
        warnings=(warning,) if bad else (),
    )


def _contract_size(table: HoldingsTable, row: Row) -> float:
    """Return the contract multiplier: the file's, else 100 for an option, else 1."""
    return table.number(row, Column.MULTIPLIER) or (OPTION_SIZE if _is_option(table, row) else 1.0)


def _cash_value(table: HoldingsTable, row: Row, file_name: str) -> float:
    """Return the value of a cash row: as printed, else its amount times the printed price (default 1)."""
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
    width = len(rows[0]) if rows else 0
    if sheet is None or width not in DEFAULT_COLUMNS or any(len(row) != width for row in rows):
        return None
    numeric = [cell for row in rows for cell in row[1:]]
    comma = uses_decimal_comma(numeric, otherwise=sheet.delimiter == ";")
    columns = [[number(row[i], decimal_comma=comma) for row in rows] for i in range(1, width)]
    if any(
        value is None and cell_text(row[0]).upper() != "CASH"
        for column in columns
        for value, row in zip(column, rows, strict=True)
    ):
        return None
    if any(number(row[0]) is not None or cell_text(row[0]).casefold() in MISSING for row in rows):
        return None
    first = math.fsum(value or 0.0 for value in columns[0])
    are_weights = any(low <= first <= high for low, high in WEIGHT_SUMS) or any(
        is_percentage(row[1]) for row in rows
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
        warnings=(f"{file_name} has no header; its columns are taken as {', '.join(texts)}.",),
    )
