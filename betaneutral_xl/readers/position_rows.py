"""The rows of a portfolio's table: what each position is, and its numbers with their sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.contracts import is_future, is_option
from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.model.positions import CASH_CLASSES, PositionClass
from betaneutral_xl.model.printed import cell_text
from betaneutral_xl.model.tickers import CURRENCIES, normalise
from betaneutral_xl.readers import asset_classes
from betaneutral_xl.readers.cell_columns import SHORT
from betaneutral_xl.readers.columns import Column, header_key, is_of_other_time
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.holdings_table import HoldingsTable
    from betaneutral_xl.readers.tabular.sheets import Row

GROUPS: Mapping[str, Column] = MappingProxyType({"sector": Column.SECTOR, "country": Column.COUNTRY})
"""Kinds of groups, and the columns that have them."""

OPTION_FLAG = Pattern(r"\b(?:options?|opts?|fop|calls?|puts?|warrants?)\b")
FUTURE_FLAG = Pattern(r"\b(?:futures?|fut)\b")
MONEY_MARKET = Pattern(r"\bmoney[- ]?(?:market|mkt)\b|\bmmkt\b|\bmmf\b|\bgeldmarkt\w*", re.IGNORECASE)
MONEY_TICKER = Pattern(r"[A-Z]{3}XX\*{0,2}")
CRYPTO = Pattern(r"[A-Z]{2,5}-(?:USDT?|USDC|EUR|GBP)")
"""A cryptocurrency against money, in Yahoo's spelling."""
FUND_TICKER = Pattern(r"[A-Z]{4}X")
"""A mutual fund's ticker in the United States."""
HUNDREDTHS = MappingProxyType(
    {
        **dict.fromkeys(("GBX", "GBp", "GBPENCE", "GBPX", "Pence", "pence", "PENCE"), "GBP"),
        **dict.fromkeys(("ILA", "ILX"), "ILS"),
        **dict.fromkeys(("USX", "USc"), "USD"),
        **dict.fromkeys(("ZAC", "ZAc", "ZAX"), "ZAR"),
    }
)
"""Currencies of which prices are quoted in hundredths: pence, agorot and cents."""
CODE_IN_CELL = Pattern(r"\b([A-Z]{3})\b")
_DIGIT = Pattern(r"\d")
PLAIN_TICKER = Pattern(r"[A-Z]{1,4}|(?=.{1,6}$)[A-Z0-9]*\d[A-Z0-9]*")
"""A ticker that needs no other evidence to be a stock's: too short for a contract or an identifier."""
CASH_SYMBOL = Pattern(r"[A-Z][A-Z0-9._]{1,9}")
MAX_TESTED = 20
"""Rows whose prices are searched for a currency, where there is no column of it."""

LONGEST_TICKER = 6
"""Characters of a ticker without a blank; a longer one may be a word, such as Borrowings."""

FLAGS = (Column.SUBCLASS, Column.ASSET_CLASS)
SHORTEST_OPTION = 9
"""Characters of the shortest symbol of an option: one of the underlying, its day, C or P, the strike."""
OUTRIGHT = frozenset({PositionClass.EQUITY, PositionClass.FUND, PositionClass.UNKNOWN})
"""Classes whose shares and value have one sign: where one prints it, the other may not."""
NAMED_APART = MappingProxyType(
    {
        PositionClass.OPTION: "OPTION",
        PositionClass.DERIVATIVE: "DERIVATIVE",
        PositionClass.FIXED_INCOME: "BOND",
    }
)
"""Classes that may be printed under the ticker of a stock, and the word that tells them from it."""
COUPON_OR_DAY = Pattern(r"\d ?%|\d{1,2}/\d{1,2}/\d{2,4}|\d{4}-\d{2}-\d{2}")
"""What the name of a bond has, and that of a fund of bonds has not."""
SWAP = Pattern(r"\b(?:swaps?|swp|trs|cfds?|total return)\b", re.IGNORECASE)
STOCK_SYMBOL = Pattern(r"[A-Z]{1,5}(?:[./][A-Z])?", re.IGNORECASE)
MAX_NAME = 40
RIGHTS = frozenset({"CALL", "PUT", "C", "P"})
CODES = frozenset({Column.ISIN, Column.CUSIP, Column.SEDOL})


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """One row of a portfolio: the cells, what they are of, and their numbers, negative if short.

    ``symbol`` is the printed ticker, of a table without tickers the name. Numbers are in the row's
    currency; pounds where they are printed in pence, and so on.
    """

    cells: Row
    position_class: PositionClass
    symbol: str
    name: str
    shares: float | None
    price: float | None
    value: float | None
    currency: str
    is_short: bool = False

    @property
    def is_cash(self) -> bool:
        """Whether it counts as cash."""
        return self.position_class in CASH_CLASSES


def position_rows(table: HoldingsTable) -> tuple[PositionRow, ...]:
    """Return the rows of a table of positions."""
    in_cells = _currency_in_cells(table)
    pence = _hundredths_of_header(table)
    weights = table.header.indices.get(Column.WEIGHT)
    held = weights is not None and not is_of_other_time(table.header.texts[weights[0]])
    return tuple(
        _row(table, cells, in_cells=in_cells, pence=pence, weights_held=held) for cells in table.rows
    )


def _hundredths_of_header(table: HoldingsTable) -> str:
    """Return the currency of hundredths that the header of the prices names, empty if it names none."""
    indices = table.header.indices.get(Column.PRICE)
    words = header_key(table.header.texts[indices[0]]).split() if indices else []
    return "GBX" if {"pence", "gbx", "penny"} & set(words) else ""


def _row(table: HoldingsTable, cells: Row, *, in_cells: bool, pence: str, weights_held: bool) -> PositionRow:
    name, ticker = table.text(cells, Column.NAME), table.text(cells, Column.TICKER)
    is_bare = not (name or table.header.indices.keys() & FLAGS) and _is_plain(table, ticker)
    # of a table typed by hand, what the tests of the class would find for most rows, faster
    kind = PositionClass.EQUITY if is_bare else _class_of(table, cells, name, ticker)
    shares = table.number(cells, Column.SHARES)
    price = table.number(cells, Column.PRICE)
    value = table.number(cells, Column.MARKET_VALUE)
    weight = table.number(cells, Column.WEIGHT) if weights_held else None
    short = table.text(cells, Column.SIDE).casefold() in SHORT or (
        kind in OUTRIGHT and min(shares or 0.0, value or 0.0, weight or 0.0) < 0.0
    )
    if short:
        shares, value = (None if one is None else -abs(one) for one in (shares, value))
    currency = _currency(table, cells, in_cells=in_cells) or pence
    if currency in HUNDREDTHS:
        if None not in (shares, price, value) and _is_close(value, shares * price):  # type: ignore[operator, arg-type]
            value = value / 100.0 if value is not None else None
        price, currency = None if price is None else price / 100.0, HUNDREDTHS[currency]
    symbol = ticker if Column.TICKER in table.header.indices else name
    if kind in NAMED_APART and STOCK_SYMBOL.fullmatch(symbol):
        symbol = _own_symbol(
            table, cells, kind, symbol, name, per_hundred=_is_per_hundred(shares, price, value)
        )
    elif kind is PositionClass.OPTION and name and not is_option(symbol):
        symbol = name
    return PositionRow(
        cells=cells,
        position_class=kind,
        symbol=symbol,
        name=name,
        shares=shares,
        price=price,
        value=value,
        currency=currency.upper(),
        is_short=short,
    )


def _own_symbol(
    table: HoldingsTable, cells: Row, kind: PositionClass, symbol: str, name: str, *, per_hundred: bool
) -> str:
    """Return the symbol of a position that is printed under a stock's, of its underlying or its issuer.

    A risk model's row of the stock is not that of its option, its swap or its bond.
    """
    columns = (Column.COUPON, Column.MATURITY, Column.STRIKE)
    details = [text for one in columns if (text := table.text(cells, one))]
    if kind is PositionClass.FIXED_INCOME and not (per_hundred or details or COUPON_OR_DAY.search(name)):
        return symbol  # a fund of bonds, perhaps
    if kind is PositionClass.DERIVATIVE and not (_flags(table, cells) or SWAP.search(name)):
        return symbol  # a fund that is leveraged or short by its name, perhaps
    if kind is PositionClass.OPTION:
        details += [word for cell in cells if (word := cell_text(cell).upper()) in RIGHTS]
        if name and name.upper() != symbol.upper():
            return name if is_option(name) else " ".join((name[:MAX_NAME], *details))
    return " ".join((symbol, *details, NAMED_APART[kind]))


def _is_per_hundred(shares: float | None, price: float | None, value: float | None) -> bool:
    """Whether a value is that of a face value, at a price per hundred of it."""
    if not (shares and price and value):
        return False
    return _is_close(100.0 * value, shares * price)


def _is_close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-3 * abs(other)


def groups_of(table: HoldingsTable, cells: Row) -> Mapping[str, str]:
    """Return the group of a row by the kind of group."""
    return MappingProxyType(
        {kind: text for kind, column in GROUPS.items() if (text := table.text(cells, column))}
    )


def cash_label(row: PositionRow) -> str:
    """Return the symbol of a cash row, CASH if it prints a word only."""
    symbol = row.symbol.strip("*").upper()
    return symbol if CASH_SYMBOL.fullmatch(symbol) else "CASH"


# ------------------------------------------------------------------ what a row is


def _class_of(table: HoldingsTable, cells: Row, name: str, ticker: str) -> PositionClass:
    flags = _flags(table, cells)
    words = " ".join(flags).replace("_", " ").casefold() if flags else ""
    if (words and OPTION_FLAG.search(words)) or _is_option(ticker) or _is_option(name):
        return PositionClass.OPTION
    if (words and FUTURE_FLAG.search(words)) or _is_future(ticker or name):
        return PositionClass.FUTURE
    if not name and (" " in ticker or _is_word(ticker)):  # some brokers print a name in the ticker column
        name, ticker = ticker, ""
    by_name = AssetClass.OTHER if CRYPTO.fullmatch(ticker) else asset_classes.of_name(name, ticker)
    by_flag = asset_classes.of_flags(flags)
    if AssetClass.CASH in (by_flag, by_name):
        is_fund = MONEY_TICKER.fullmatch(ticker) or MONEY_MARKET.search(name)
        return PositionClass.MONEY_MARKET if is_fund else PositionClass.CASH
    if by_name is AssetClass.DERIVATIVE and by_flag in {None, AssetClass.DERIVATIVE}:
        is_delivered = asset_classes.FUTURE_NAME.search(name) or FUTURE_FLAG.search(name.casefold())
        return PositionClass.FUTURE if is_delivered else PositionClass.DERIVATIVE
    if by_flag is None or (by_flag is AssetClass.EQUITY and by_name is AssetClass.FUND):
        return _unflagged(table, cells, name, ticker, by_name)
    return PositionClass(by_flag)


def _is_word(ticker: str) -> bool:
    return len(ticker) > LONGEST_TICKER and ticker.isalpha()


def _unflagged(
    table: HoldingsTable, cells: Row, name: str, ticker: str, by_name: AssetClass | None
) -> PositionClass:
    if by_name is not None:
        return PositionClass(by_name)
    if FUND_TICKER.fullmatch(ticker):
        return PositionClass.FUND
    if _is_plain(table, ticker):
        return PositionClass.EQUITY
    codes = [text for one in CODES if (text := table.text(cells, one))]
    symbol = table.text(cells, Column.TICKER) if Column.TICKER in table.header.indices else name
    try:
        symbol = normalise(symbol)  # NVDA of NVDA NASDAQ.NMS
    except InputError:
        symbol = ""
    return PositionClass(asset_classes.of_identifiers(name, symbol, codes))


def _is_plain(table: HoldingsTable, ticker: str) -> bool:
    """Whether a ticker is a stock's, in a table without identifiers."""
    return (
        PLAIN_TICKER.fullmatch(ticker) is not None
        and ticker not in asset_classes.CASH_ALONE
        and not CODES & table.header.indices.keys()
    )


def _is_option(text: str) -> bool:
    return len(text) >= SHORTEST_OPTION and _DIGIT.search(text) is not None and is_option(text)


def _is_future(text: str) -> bool:
    return (text.startswith("/") or " " in text) and is_future(text)


def _flags(table: HoldingsTable, cells: Row) -> list[str]:
    return [
        text
        for column in FLAGS
        for i in table.header.indices.get(column, ())
        if i < len(cells) and (text := cell_text(cells[i]))
    ]


# ------------------------------------------------------------------ currency


def _currency_in_cells(table: HoldingsTable) -> bool:
    """Whether prices print their currency, and no column does."""
    if Column.CURRENCY in table.header.indices:
        return False
    return any(
        CODE_IN_CELL.search(table.header.cell(cells, Column.PRICE)) for cells in table.rows[:MAX_TESTED]
    )


def _currency(table: HoldingsTable, cells: Row, *, in_cells: bool) -> str:
    if not in_cells:
        return table.text(cells, Column.CURRENCY)
    match = CODE_IN_CELL.search(table.header.cell(cells, Column.PRICE))
    return match[1] if match and match[1] in CURRENCIES else ""
