"""Read what was traded: a broker's trades (Interactive Brokers' Flex, CSV or XML), or the desk's table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, MissingValue, UnreadableFile, listing
from betaneutral_xl.model.fills import Fill
from betaneutral_xl.model.printed import cell_text, date_of, number, uses_decimal_comma
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.flex import as_sheets, is_flex
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.tabular.sheets import NOTHING_HIDDEN

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import TextSheet

MAX_FILLS = 100_000
"""Rows of a file that are read."""


class _Column(StrEnum):
    TICKER = "ticker"
    SIDE = "side"
    SHARES = "shares"
    PRICE = "price"
    COST = "commission"
    LEVEL = "level of detail"
    CLASS = "asset class"
    RATE = "rate to base currency"
    ID = "id"
    STATUS = "status"
    LEFT = "remaining shares"
    CURRENCY = "currency"
    DAY = "day"
    ACCOUNT = "account"


_ALIASES: dict[_Column, tuple[str, ...]] = {
    _Column.TICKER: ("symbol", "ticker", "instrument", "localsymbol"),
    _Column.SIDE: ("buysell", "side", "action", "bs", "direction"),
    _Column.SHARES: (
        *("filled", "filledquantity", "filledqty", "executedquantity", "execqty", "cumqty", "lastqty"),
        *("filledshares", "quantity", "shares", "qty"),
    ),
    _Column.PRICE: (
        *("tradeprice", "fillprice", "avgprice", "averageprice", "avgpx", "executedprice", "execprice"),
        *("tprice", "lastpx", "price"),
    ),
    _Column.COST: ("ibcommission", "commission", "commfee", "fees", "fee", "totalcommission", "commissions"),
    _Column.LEVEL: ("levelofdetail",),
    _Column.CLASS: ("assetclass", "assetcategory", "sectype"),
    _Column.RATE: ("fxratetobase",),
    _Column.ID: ("ibexecid", "transactionid", "tradeid", "execid", "executionid"),
    _Column.STATUS: ("status", "orderstatus", "state"),
    _Column.LEFT: (
        *("remaining", "remainingquantity", "remainingqty", "remainingshares", "leavesqty", "leaves"),
        *("openquantity", "openqty", "unfilled", "unfilledquantity"),
    ),
    _Column.CURRENCY: ("currency", "currencyprimary", "ccy", "tradecurrency"),
    _Column.DAY: ("tradedate", "date", "datetime", "tradetime", "executiontime", "time"),
    _Column.ACCOUNT: ("account", "accountid", "clientaccountid", "accountnumber"),
}
"""Headers in small letters without anything else, the preferred first."""
_OF_ORDERS = frozenset({"quantity", "shares", "qty"})
"""Headers of shares that may be those ordered, where others of the row say that not all were traded."""

_TRADED = frozenset({"", "stk", "stock", "stocks", "etf", "equity", "fund", "funds", "cs", "commonstock"})
_LEVELS = ("EXECUTION", "TRADE", "ORDER")
"""Levels of detail, of which a Flex file may have several of the same trade: the first that it has."""

_BUY = frozenset({"buy", "b", "bot", "bought", "buytocover", "cover", "long", "buytoopen", "buytoclose"})
_SELL = frozenset(
    {
        *("sell", "s", "sld", "sold", "sellshort", "sshort", "ss", "short", "shortsell", "sshrt"),
        *("sellshortexempt", "selltoopen", "selltoclose"),
    }
)
_DEAD = frozenset({"cancelled", "canceled", "rejected", "expired", "new", "pending", "open", "working"})


@dataclass(frozen=True, slots=True)
class Fills:
    """What was traded, and what of the file was left out, one line each."""

    fills: tuple[Fill, ...]
    warnings: tuple[str, ...] = ()


def parse_fills(content: bytes, file_name: str) -> Fills:
    """Read trades from a table with a ticker, shares and a price in each row, and a side or signed shares.

    Or from a Flex statement with trades, as CSV or XML. Raises ``UnreadableFile`` if it has no such table,
    and ``InputError`` for a row that cannot be read: a side that is neither, a price or shares that are no
    number.
    """
    sheets = as_sheets(content, file_name) if is_flex(content) else read_sheets(content, file_name)
    rows = [one for sheet in sheets for one in _rows(sheet, file_name)]
    if not rows and not any(map(_columns, (row for sheet in sheets for row in sheet.rows))):
        msg = f"{file_name} has no table of trades. It needs columns of ticker, side, shares and price."
        raise UnreadableFile(msg)
    if len(rows) > MAX_FILLS:
        msg = (
            f"{file_name} has {len(rows):,} trades; at most {MAX_FILLS:,} are read. Choose a shorter period."
        )
        raise UnreadableFile(msg)
    warnings = [line for sheet in sheets for line in _hidden_notes(sheet, file_name)]
    kept = _of_one_level(rows)
    _refuse_currencies(kept, file_name)
    accounts = list(dict.fromkeys(filter(None, (one.text(_Column.ACCOUNT) for one in kept))))
    if len(accounts) > 1:
        warnings.append(f"The trades of {len(accounts)} accounts ({listing(accounts)}) count together.")
    kept, others = _of_shares(kept)
    if others:
        warnings.append(f"Not shares, and left out: {listing(sorted(set(others)))}.")
    kept, repeated = _once(kept)
    if repeated:
        warnings.append(f"{repeated} trades are in the file twice, by their ids, and count once.")
    return Fills(tuple(one for row in kept if (one := row.fill()) is not None), tuple(warnings))


@dataclass(frozen=True, slots=True)
class _Row:
    cells: dict[_Column, str]
    where: str
    ordered: bool = False
    """Whether the shares may be those of the order."""

    def text(self, column: _Column) -> str:
        return cell_text(self.cells.get(column, ""))

    def fill(self) -> Fill | None:
        """Return the trade; None for an order that was not executed."""
        if _plain(self.text(_Column.STATUS)) in _DEAD:
            return None
        quantity = self._number(_Column.SHARES)
        self._refuse_partial(quantity)
        if quantity == 0.0:
            return None
        price = self._number(_Column.PRICE)
        if not 0.0 < price < math.inf:
            msg = f"{self.where}: the price is {price:g}. Give the price of the trade."
            raise InputError(msg)
        rate = self._number(_Column.RATE) if self.text(_Column.RATE) else 1.0
        cost = abs(self._number(_Column.COST)) if self.text(_Column.COST) else 0.0
        ticker, day = normalise(self.text(_Column.TICKER)), date_of(self.text(_Column.DAY))
        return Fill(ticker, self._signed(quantity), price * rate, cost * rate, day)

    def _refuse_partial(self, quantity: float) -> None:
        """Refuse shares that may be those of the order where not all of them were traded."""
        left = self._number(_Column.LEFT) if self.text(_Column.LEFT) else 0.0
        status = self.text(_Column.STATUS)
        if self.ordered and (left or _plain(status).startswith("part")):
            why = f"{left:g} shares remain" if left else f"the status is {status}"
            msg = (
                f"{self.where}: the shares are {quantity:g} and {why}, so those traded are not known. Give a "
                "column Filled."
            )
            raise InputError(msg)

    def _signed(self, quantity: float) -> float:
        side = self.text(_Column.SIDE)
        word = _plain(side.partition("(")[0])
        if not side:
            return quantity
        if word not in _BUY | _SELL:
            msg = f"{self.where}: the side is {side!r:.40}. Give buy or sell."
            raise InputError(msg)
        sign = 1.0 if word in _BUY else -1.0
        return -sign * abs(quantity) if "(ca" in side.lower() else sign * abs(quantity)

    def _number(self, column: _Column) -> float:
        text = self.text(column)
        found = number(text, decimal_comma=uses_decimal_comma([text])) if text else None
        if found is None:
            what = f"{text!r:.40}, not a number" if text else "blank"
            msg = f"{self.where}: the {column} is {what}. Correct it, or leave the row out."
            raise MissingValue(msg)
        return found


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _columns(row: Sequence[str]) -> dict[_Column, int]:
    """Return the columns of a header of trades; empty if the row is none."""
    places: dict[str, int] = {}
    for place, cell in enumerate(row):
        places.setdefault(_plain(cell_text(cell)), place)
    found = {
        column: next(places[alias] for alias in aliases if alias in places)
        for column, aliases in _ALIASES.items()
        if any(alias in places for alias in aliases)
    }
    needed = {_Column.TICKER, _Column.SHARES, _Column.PRICE}
    is_trade = _Column.SIDE in found or "tradeprice" in places or "filled" in places
    if "markprice" in places and "tradeprice" not in places:
        return {}  # positions, not trades
    return found if needed <= set(found) and is_trade else {}


def _refuse_currencies(rows: Sequence[_Row], file_name: str) -> None:
    """Refuse trades in several currencies without their rates."""
    traded = [one for one in rows if _plain(one.text(_Column.CLASS)) in _TRADED]
    codes = list(dict.fromkeys(filter(None, (one.text(_Column.CURRENCY) for one in traded))))
    if len(codes) > 1 and not all(one.text(_Column.RATE) for one in traded):
        msg = (
            f"{file_name} has trades in {listing(codes)} without rates. Give prices in the base currency, "
            "or a column FXRateToBase."
        )
        raise InputError(msg)


def _is_other_header(row: Sequence[str]) -> bool:
    """Whether a row begins another table of a Flex file."""
    return bool(row) and _plain(cell_text(row[0])) in {"clientaccountid", "accountid", "header"}


def _rows(sheet: TextSheet, file_name: str) -> Iterator[_Row]:
    columns: dict[_Column, int] = {}
    ordered = False
    for place, row in enumerate(sheet.rows):
        header = _columns(row)
        if header or _is_other_header(row):
            columns = header
            ordered = bool(header) and _plain(cell_text(row[header[_Column.SHARES]])) in _OF_ORDERS
        elif columns and columns[_Column.TICKER] < len(row) and cell_text(row[columns[_Column.TICKER]]):
            cells = {column: row[at] for column, at in columns.items() if at < len(row)}
            yield _Row(cells, f"{file_name}, row {place + 1}", ordered)


def _hidden_notes(sheet: TextSheet, file_name: str) -> list[str]:
    if sheet.hidden == NOTHING_HIDDEN:
        return []
    rows = list(_rows(sheet, file_name))
    unseen = {f"{file_name}, row {i + 1}" for i in sheet.hidden.rows}
    hidden = [one.text(_Column.TICKER) for one in rows if one.where in unseen]
    return sheet.hidden_notes(file_name, len(hidden), len(rows), listing(hidden)) if rows else []


def _of_one_level(rows: list[_Row]) -> list[_Row]:
    levels = {one.text(_Column.LEVEL).upper() for one in rows}
    level = next((one for one in _LEVELS if one in levels), None)
    return rows if level is None else [one for one in rows if one.text(_Column.LEVEL).upper() == level]


def _of_shares(rows: list[_Row]) -> tuple[list[_Row], list[str]]:
    kept, others = list[_Row](), list[str]()
    for one in rows:
        if _plain(one.text(_Column.CLASS)) in _TRADED:
            kept.append(one)
        else:
            others.append(one.text(_Column.TICKER))
    return kept, others


def _once(rows: list[_Row]) -> tuple[list[_Row], int]:
    kept: dict[str, _Row] = {}
    for place, one in enumerate(rows):
        kept.setdefault(one.text(_Column.ID) or f"row {place}", one)
    return list(kept.values()), len(rows) - len(kept)
