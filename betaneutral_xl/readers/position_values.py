"""The values of a portfolio's positions in base currency, from printed values, shares, prices and rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, MissingValue, listing
from betaneutral_xl.model.contracts import option_terms
from betaneutral_xl.model.positions import PositionClass
from betaneutral_xl.model.printed import clean, number
from betaneutral_xl.model.tickers import CURRENCIES, market_currency
from betaneutral_xl.readers.columns import Column, column_of, header_key
from betaneutral_xl.readers.position_rows import HUNDREDTHS

if TYPE_CHECKING:
    from betaneutral_xl.readers.holdings_sections import Choice
    from betaneutral_xl.readers.holdings_table import HoldingsTable
    from betaneutral_xl.readers.position_rows import PositionRow

RTOL = 1e-3
"""Relative difference between a printed value and shares times price above which a warning names it."""
UNIT_RTOL = 0.02
"""The same, for telling values in thousands, which are rounded."""
FUTURE_RTOL = 0.05
"""The same, for telling a future's notional value from its profit or loss."""

OPTION_SIZE = 100.0
"""Shares of the underlying per option contract, if the file has no multiplier."""

PER_HUNDRED = 0.01
"""Bonds are quoted per hundred of their face value."""


SMALL_UNITS = frozenset({"JPY", "KRW", "INR", "TWD", "THB", "HUF", "CZK", "IDR", "PHP", "CLP"})
LARGE_UNITS = frozenset({"USD", "EUR", "GBP", "CHF", "CAD", "AUD", "SGD", "NZD"})
"""Currencies of which many, and of which few, make an amount: the rates between them have one direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Exchange rates of the rows: base currency per unit of the row's currency.

    ``in_base`` is whether printed values need none, as their header names the one currency of all.
    """

    by_currency: Mapping[str, float]
    in_column: bool
    in_base: bool = False

    def of(self, table: HoldingsTable, row: PositionRow) -> float:
        """Return the rate of a row."""
        if self.in_column:
            return table.number(row.cells, Column.FX_RATE) or 1.0
        return self.by_currency.get(row.currency, 1.0)

    def of_value(self, table: HoldingsTable, row: PositionRow) -> float:
        """Return the rate of a row's printed value."""
        return 1.0 if self.in_base else self.of(table, row)


QUOTED_IN_HUNDREDTHS = frozenset({"GBP", "ILS", "ZAR"})
"""Currencies of markets that quote prices in hundredths of them."""

THOUSANDS = (1_000.0, 1_000_000.0)
"""Units of values in which a file may print them."""

UNITS = MappingProxyType(
    {
        **dict.fromkeys(("000", "000s", "k", "thousand", "thousands", "tsd"), 1e3),
        **dict.fromkeys(("m", "mm", "mn", "mio", "million", "millions"), 1e6),
        **dict.fromkeys(("bn", "billion", "billions"), 1e9),
        **dict.fromkeys(("lakh", "lakhs", "lacs"), 1e5),
        **dict.fromkeys(("cr", "crore", "crores"), 1e7),
    }
)
"""Words of a header that say in which units its values are."""


def in_units(
    table: HoldingsTable, rows: Sequence[PositionRow]
) -> tuple[tuple[PositionRow, ...], tuple[str, ...]]:
    """Return rows whose values are in units of money, and a note where they were printed in thousands.

    Shares times price prove it, if they are a thousand or a million times the value on every row; where they
    prove nothing, the header says it.
    """
    products = [
        (row.value, row.shares * row.price)
        for row in rows
        if row.value and row.shares and row.price and row.position_class is not PositionClass.FUTURE
    ]

    def proves(unit: float) -> bool:
        return all(math.isclose(value * unit, one, rel_tol=UNIT_RTOL) for value, one in products)

    column = table.header.indices.get(Column.MARKET_VALUE, (-1,))[0]
    printed = clean(table.header.texts[column]) if column >= 0 else ""
    stated = next((UNITS[word] for word in header_key(printed).split() if word in UNITS), 1.0)
    unit = next((one for one in THOUSANDS if len(products) > 1 and proves(one)), None)
    why = "shares times price are that many times more"
    if unit is None and not (products and proves(1.0)):
        unit, why = stated, f'the header "{printed}" says so'
    if unit is None or unit == 1.0:
        return tuple(rows), ()
    scaled = tuple(row if row.value is None else replace(row, value=row.value * unit) for row in rows)
    return scaled, (f"Values are in units of {unit:,.0f}: {why}.",)


def with_market_currencies(
    table: HoldingsTable, rows: Sequence[PositionRow], tickers: Sequence[str], choice: Choice
) -> tuple[list[PositionRow], tuple[str, ...]]:
    """Return positions that name no currency with that of their ticker's market, and a note.

    Only where the markets quote in several currencies. Printed values may be in base currency whatever the
    prices are in: then the rows stay as they are. Where the numbers do not show it and no rate is given, the
    note says so.
    """
    stated = {Column.CURRENCY, Column.FX_RATE} & set(table.header.indices)
    if stated or any(row.currency for row in rows):
        return list(rows), ()
    shares = {PositionClass.EQUITY, PositionClass.FUND, PositionClass.UNKNOWN}
    quoted = [
        market_currency(ticker) if row.position_class in shares else ""
        for row, ticker in zip(rows, tickers, strict=True)
    ]
    several = list(dict.fromkeys(one for one in quoted if one))
    if len(several) < 2:  # noqa: PLR2004 - one currency
        return list(rows), ()
    local = [replace(row, currency=one) for row, one in zip(rows, quoted, strict=True)]
    if _in_base(table, local):
        return list(rows), ()
    if all(row.value is None for row in rows):
        _refuse_hundredths(table, local, tickers)
    elif not choice.rates:
        note = (
            f"{table.file_name} has tickers of markets in {listing(several)} and no currency: its values are "
            "taken as being in one currency."
        )
        return list(rows), (note,)
    return local, ()


def _refuse_hundredths(table: HoldingsTable, rows: Sequence[PositionRow], tickers: Sequence[str]) -> None:
    """Refuse prices of markets that quote in hundredths, where nothing says which currency they are in."""
    for row, ticker in zip(rows, tickers, strict=True):
        codes = [code for code, whole in HUNDREDTHS.items() if whole == row.currency and code in CURRENCIES]
        if codes and row.price is not None:
            where = table.where(row.cells, Column.PRICE)
            msg = (
                f"{where}: the price of {ticker}, {row.price:,.10g}, is in {row.currency} or in hundredths "
                f"of it. Add a column currency with {row.currency} or {codes[0]}."
            )
            raise MissingValue(msg, tickers=[ticker])


def exchange_rates(table: HoldingsTable, rows: Sequence[PositionRow], choice: Choice) -> Rates | None:
    """Return the exchange rates of the rows, None if only the weights can be used.

    Raises ``MissingValue`` if values are in several currencies and one has no rate.
    """
    file_name = table.file_name
    columns = table.header.indices.get(Column.MARKET_VALUE, ())
    in_base = bool(columns) and table.header.is_in_base(columns[0])
    if Column.FX_RATE in table.header.indices:
        bad = _without_rate(table, rows)
        if bad:
            msg = f"{file_name} has no positive rate to the base currency for {listing(bad)}. Fill it in."
            raise MissingValue(msg, tickers=bad)
        printed = {
            row.currency: table.number(row.cells, Column.FX_RATE) or 1.0 for row in rows if row.currency
        }
        _refuse_inverse(printed, [code for code, rate in printed.items() if rate == 1.0])
        return Rates(by_currency={}, in_column=True, in_base=in_base)
    codes = list(dict.fromkeys(row.currency for row in rows if row.currency))
    without = [code for code in codes if code not in choice.rates]
    _refuse_inverse(choice.rates, without)
    if len(codes) <= 1 or len(without) <= (1 if choice.rates else 0) or _in_base(table, rows):
        return Rates(by_currency=choice.rates, in_column=False, in_base=in_base)
    if Column.WEIGHT in table.header.indices and not choice.rates:
        return None
    msg = (
        f"{file_name} has positions in {len(codes)} currencies ({listing(codes)}) without a rate. "
        + ("Give" if table.in_range else f"Give the rates with --fx {without[-1]}=RATE, or")
        + " a column FXRateToBase (base currency per unit)."
    )
    raise MissingValue(msg)


def _refuse_inverse(rates: Mapping[str, float], base: Sequence[str]) -> None:
    """Refuse a rate of a currency of small units that is above 1 of a currency of large ones."""
    code = next((one for one in rates if one in SMALL_UNITS and rates[one] > 1.0), None)
    if code is not None and base and base[0] in LARGE_UNITS:
        msg = (
            f"The rate {code}={rates[code]:g} makes one {code} {rates[code]:g} {base[0]}. Give the base "
            f"currency per unit, as {code}={1.0 / rates[code]:.4g}."
        )
        raise InputError(msg)


def _without_rate(table: HoldingsTable, rows: Sequence[PositionRow]) -> list[str]:
    rates = [table.number(row.cells, Column.FX_RATE) for row in rows]
    at_one = {row.currency for row, rate in zip(rows, rates, strict=True) if rate == 1.0}
    return [
        f"{row.name or row.symbol or '?':.60}"
        for row, rate in zip(rows, rates, strict=True)
        if not rate or rate <= 0.0
        if (row.value is not None or row.shares is not None) and not (row.is_cash and row.currency in at_one)
    ]


def _in_base(table: HoldingsTable, rows: Sequence[PositionRow]) -> bool:
    """Whether all values are in base currency.

    They are if their header says so, or if value is shares times price in one currency at most.
    """
    indices = table.header.indices.get(Column.MARKET_VALUE)
    if not indices:
        return False
    if table.header.is_in_base(indices[0]):
        return True
    local: dict[str, list[bool]] = {}
    for row in rows:
        if row.value and row.shares is not None and row.price is not None:
            product = row.shares * row.price
            in_hundredths = row.currency in QUOTED_IN_HUNDREDTHS and _is_close(row.value, product / 100.0)
            local.setdefault(row.currency, []).append(in_hundredths or _is_close(row.value, product))
    tested = {row.currency for row in rows if not row.is_cash}
    return set(local) >= tested and sum(any(agree) for agree in local.values()) <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """A position in base currency.

    ``value`` is what it adds to the net asset value; ``price`` is per share or contract. ``agrees`` is
    whether a printed value is shares times price.
    """

    row: PositionRow
    ticker: str
    value: float
    shares: float | None
    price: float
    notional: float | None = None
    delta: float | None = None
    agrees: bool = True


def valued_positions(
    table: HoldingsTable, rows: Sequence[PositionRow], tickers: Sequence[str], rates: Rates
) -> list[Valued] | None:
    """Return the positions with their values in base currency, None if the table has weights only.

    A printed value takes precedence over shares times price, which may be in the local currency; the
    price in base currency is then value over shares. A future has the value zero, whatever is printed:
    its gains are paid in cash every day. Raises ``MissingValue`` if a position has neither a value nor shares
    with a price, and there is no column of weights.
    """
    found: list[Valued] = []
    missing: list[tuple[str, PositionRow]] = []
    for row, ticker in zip(rows, tickers, strict=True):
        is_future = row.position_class is PositionClass.FUTURE
        one = (_future if is_future else _valued)(table, row, ticker, rates)
        if one is None:
            missing.append((ticker, row))
        else:
            found.append(one)
    if missing and Column.WEIGHT in table.header.indices:
        return None
    if missing:
        raise _without_value(table, missing)
    return _with_option_terms(table, found)


def _valued(table: HoldingsTable, row: PositionRow, ticker: str, rates: Rates) -> Valued | None:
    if row.value is None and table.text(row.cells, Column.MARKET_VALUE):
        raise missing_value(table, row, "value", Column.MARKET_VALUE)
    rate, of_value = rates.of(table, row), rates.of_value(table, row)
    quantity, price, value = row.shares, row.price, row.value
    local = quantity * price if quantity is not None and price is not None and price > 0.0 else None
    size = _size(table, row, local)
    product = None if local is None else local * size * rate
    in_base = value is not None and product is not None and math.isclose(value, product, rel_tol=RTOL)
    amount = product if value is None else value if in_base else value * of_value
    if amount is None:
        return None
    agrees = product is not None and _is_close(amount, product)
    implied = amount / quantity if quantity else math.nan
    quote = price * size * rate if agrees and price is not None else implied
    return Valued(
        row=row,
        ticker=ticker,
        value=amount,
        shares=quantity,
        price=quote,
        agrees=agrees or product is None,
    )


def _size(table: HoldingsTable, row: PositionRow, local: float | None) -> float:
    """Return the multiplier of shares times price: 1 where they are the value, else the contract's size."""
    if local is not None and row.value is not None and _is_close(row.value, local):
        return 1.0  # the price is that of one contract
    if row.position_class is PositionClass.FIXED_INCOME:
        stated = table.number(row.cells, Column.MULTIPLIER) or 1.0
        return PER_HUNDRED if stated == 1.0 else stated
    return multiplier(table, row)


def multiplier(table: HoldingsTable, row: PositionRow) -> float:
    """Return the contract multiplier: the file's, else 100 for an option, else 1."""
    stated = table.number(row.cells, Column.MULTIPLIER)
    return stated or (OPTION_SIZE if row.position_class is PositionClass.OPTION else 1.0)


def _is_close(value: float, product: float) -> bool:
    return math.isclose(value, product, rel_tol=RTOL, abs_tol=0.01)


def _future(table: HoldingsTable, row: PositionRow, ticker: str, rates: Rates) -> Valued | None:
    """Return a future: its notional value, and as its value a printed gain or loss only."""
    rate = rates.of(table, row)
    size = table.number(row.cells, Column.MULTIPLIER)
    local = None if row.shares is None or row.price is None else row.shares * row.price
    notional = _printed_notional(table, row)
    if notional is None and local is not None and size:
        notional = local * size
    gain = 0.0
    if row.value is not None:
        whole = notional if notional is not None else local
        if whole is None or abs(row.value) >= (1.0 - FUTURE_RTOL) * abs(whole):
            notional = row.value if notional is None else notional
        else:
            gain = row.value
    if row.shares is None and row.value is None:
        return None
    per_contract = notional / row.shares * rate if notional is not None and row.shares else math.nan
    return Valued(
        row=row,
        ticker=ticker,
        value=gain * rates.of_value(table, row),
        shares=row.shares,
        price=per_contract,
        notional=None if notional is None else notional * rate,
    )


def _printed_notional(table: HoldingsTable, row: PositionRow) -> float | None:
    printed = table.number(row.cells, Column.NOTIONAL)
    if printed is None:
        return None
    return -abs(printed) if row.shares is not None and row.shares < 0.0 else printed


def _with_option_terms(table: HoldingsTable, positions: Sequence[Valued]) -> list[Valued]:
    """Return the positions, options with their notional value and delta."""
    if not any(one.row.position_class is PositionClass.OPTION for one in positions):
        return list(positions)
    prices = {one.ticker: one.price for one in positions if one.row.position_class is PositionClass.EQUITY}
    return [
        _option(table, one, prices) if one.row.position_class is PositionClass.OPTION else one
        for one in positions
    ]


def _option(table: HoldingsTable, one: Valued, prices: Mapping[str, float]) -> Valued:
    row = one.row
    size = multiplier(table, row)
    terms = option_terms(row.symbol) or option_terms(row.name)
    underlying = table.text(row.cells, Column.UNDERLYING).upper() or (terms.underlying if terms else "")
    each = (
        prices.get(underlying) or table.number(row.cells, Column.STRIKE) or (terms.strike if terms else None)
    )
    notional = _printed_notional(table, row)
    if notional is None and each and row.shares is not None:
        notional = row.shares * size * each
    return replace(one, notional=notional, delta=_delta(table, row, size))


def _delta(table: HoldingsTable, row: PositionRow, size: float) -> float | None:
    """Return an option's delta per share; a number beyond 1 is that of the whole position."""
    printed = table.number(row.cells, Column.DELTA)
    if printed is None or not row.shares:
        return None
    return printed if abs(printed) <= 1.0 else printed / (row.shares * size)


def missing_value(table: HoldingsTable, row: PositionRow, what: str, *columns: Column) -> MissingValue:
    """Return the error for a row without a number; it shows the text in place of one."""
    name = f"{row.name or row.symbol or '?':.60}"
    for column in columns:
        text = table.text(row.cells, column)
        if text and table.number(row.cells, column) is None:
            msg = (
                f"{table.where(row.cells, column)} is {text!r:.60}, not a number ({column} of {name}). "
                "Correct it, or remove the row."
            )
            return MissingValue(msg, tickers=[name])
    unknown = next(
        (
            f' Its {clean(cell)} is under "{clean(text)}", which is not known: name that column market_value.'
            for text, cell in zip(table.header.texts, row.cells, strict=False)
            if column_of(text) is None and number(cell, decimal_comma=table.decimal_comma) is not None
        ),
        "",
    )
    where = table.where(row.cells, *columns)
    return MissingValue(
        f"{where} has no {what} for {name}.{unknown or ' Fill it in, or remove the row.'}", tickers=[name]
    )


def _without_value(table: HoldingsTable, rows: Sequence[tuple[str, PositionRow]]) -> MissingValue:
    """Return the error for positions without a value; it shows the first text in place of a number."""
    columns = (Column.SHARES, Column.PRICE, Column.MARKET_VALUE)
    for _, row in rows:
        if any(table.text(row.cells, c) and table.number(row.cells, c) is None for c in columns):
            return missing_value(table, row, "value", *columns)
    names = [ticker for ticker, _ in rows]
    msg = (
        f"{table.where(rows[0][1].cells, Column.PRICE, Column.SHARES)}: neither a value nor shares with a "
        f"positive price for {listing(names)}. Fill them in, or remove the row."
    )
    return MissingValue(msg, tickers=names)


def cash_value(table: HoldingsTable, row: PositionRow, rates: Rates) -> float:
    """Return the value of a cash row in base currency: as printed, else its amount times the price, or 1."""
    if row.value is not None:
        return row.value * rates.of_value(table, row)
    amount, price = row.shares, row.price
    if amount is None:
        amount, price = price, None  # "CASH,,5000"
    if amount is None:
        raise missing_value(table, row, "value", Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
    return amount * (price if price is not None else 1.0) * rates.of(table, row)


def merged_lots(table: HoldingsTable, positions: Sequence[Valued]) -> tuple[list[Valued], tuple[str, ...]]:
    """Add the rows of one security (lots, or several accounts); return them and a note."""
    groups: dict[str, list[Valued]] = {}
    for one in positions:
        groups.setdefault(one.ticker, []).append(one)
    several = [ticker for ticker, rows in groups.items() if len(rows) > 1]
    if not several or not all(_same_security(table, groups[ticker]) for ticker in several):
        return list(positions), ()
    merged = [_added(rows) if len(rows) > 1 else rows[0] for rows in groups.values()]
    return merged, (f"Rows of one name are added: {listing(several)}.",)


def _same_security(table: HoldingsTable, rows: Sequence[Valued]) -> bool:
    columns = (Column.ISIN, Column.CUSIP, Column.NAME, Column.EXCHANGE)
    return len({one.row.position_class for one in rows}) == 1 and all(
        len({table.text(one.row.cells, column).casefold() for one in rows} - {""}) <= 1 for column in columns
    )


def _added(rows: Sequence[Valued]) -> Valued:
    value = math.fsum(one.value for one in rows)
    known = [one.shares for one in rows if one.shares is not None]
    shares = math.fsum(known) if len(known) == len(rows) else None
    notionals = [one.notional for one in rows if one.notional is not None]
    notional = math.fsum(notionals) if len(notionals) == len(rows) else None
    whole = notional if rows[0].row.position_class is PositionClass.FUTURE else value
    price = whole / shares if shares and whole is not None else math.nan
    return replace(
        rows[0],
        value=value,
        shares=shares,
        price=price,
        notional=notional,
        agrees=all(one.agrees for one in rows),
    )
