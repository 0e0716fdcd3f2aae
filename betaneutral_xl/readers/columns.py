"""Which column of an issuer's file is what: one table, a new issuer is one more word in it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING

from betaneutral_xl.model.printed import clean, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Column(StrEnum):
    """What a column of a holdings file can be."""

    TICKER = "ticker"
    NAME = "name"
    WEIGHT = "weight"
    MARKET_VALUE = "market value"
    SHARES = "shares"
    PRICE = "price"
    ASSET_CLASS = "asset class"
    CASH_FLAG = "cash flag"
    SECTOR = "sector"
    ISIN = "ISIN"
    CUSIP = "CUSIP"
    SEDOL = "SEDOL"
    FIGI = "FIGI"
    IDENTIFIER = "identifier"
    CURRENCY = "currency"
    EXCHANGE = "exchange"
    COUNTRY = "country"
    DATE = "date"
    FUND = "fund"
    FUND_NAME = "fund name"
    MATURITY = "maturity"
    COUPON = "coupon"
    STRIKE = "strike"
    NOTIONAL = "notional"
    EXPOSURE = "exposure"
    FX_RATE = "rate to base currency"
    MULTIPLIER = "multiplier"
    LEVEL = "level of detail"
    PRODUCT = "product"
    IGNORED = "ignored"


ALIASES: Mapping[Column, tuple[str, ...]] = {
    Column.IGNORED: (
        "accrual date", "*change*", "*return*", "*yield*", "*ytm*", "volume", "*52 week*", "fx rate",
        "*duration*", "shares outstanding", "creation units", "number", "rank", "no", "nr",
        "benchmark weight*", "*underlying*", "*index weight diff*", "active weight*", "*cost*", "*gain*",
        "*purchase*", "*average*", "avg*price*", "*avg price*", "*buy*price*", "*trade price*",
        "*open price*",
        "opening price", "*entry*price*", "*price paid*", "*paid*", "*acqui*", "*book value*",
        "*buy value*", "*invested*", "*previous close*", "prev close*", "*prior*", "*target price*",
        "*limit price*",
        "*einstand*", "*kaufkurs*", "*kaufpreis*", "*kaufwert*", "*durchschnitt*",
        "account type", "position type", "high price", "low price",
    ),
    Column.PRODUCT: (
        "*expense ratio*", "ter", "ter %", "*incept* date*", "*inception*", "aum", "*management fee*",
    ),
    Column.FUND: (
        "fund ticker", "etf ticker", "account ticker", "fund symbol", "etf symbol", "portfolio ticker",
        "account", "fund", "etf", "fund code", "account symbol", "etfticker", "account number",
        "product ticker", "fondsticker", "fund id", "client account id", "account id", "acct id",
        "account no", "acctid", "depot", "konto", "depotnummer",
    ),
    Column.FUND_NAME: (
        "fund name", "etf name", "portfolio name", "account name", "fondsname", "portfolio",
        "product name",
    ),
    Column.DATE: (
        "date", "as of date", "as of", "trade date", "holdings date", "holding date", "position date",
        "asofdate", "business date", "nav date", "valuation date", "asofdatestd", "effective date",
        "report date", "period end date", "datum", "stichtag", "per",
    ),
    Column.TICKER: (
        "holding ticker", "stock ticker", "security ticker", "constituent ticker", "ticker", "tickers",
        "ticker symbol", "symbol", "stock symbol", "security symbol", "trading symbol", "exchange ticker",
        "local ticker", "issuer ticker", "bloomberg ticker", "emittententicker", "ticker cusip",
        "ticker isin", "secticker", "sec ticker", "kürzel", "börsenkürzel", "stock code", "company ticker",
        "ric", "holding symbol", "*ticker*", "*symbol*",
    ),
    Column.NAME: (
        "holding name", "holdings name", "security name", "company name", "constituent name",
        "proper name", "full name", "name", "issuer name", "security description", "instrument name",
        "stock name", "asset name", "long name", "position name", "description", "company", "holding",
        "holdings", "security", "securities", "issuer", "instrument", "stock", "constituent", "asset",
        "bezeichnung", "wertpapier", "wertpapiername", "wertpapierbezeichnung", "titel", "emittent",
        "unternehmen", "position", "secdesc", "secname", "full portfolio holdings*", "*security name*",
        "*holding*name*", "*security description*", "*company name*", "*issuer name*", "*bezeichnung*",
    ),
    Column.WEIGHT: (
        "weight", "weight %", "% weight", "weighting", "weighting %", "weightings", "weights",
        "fund weight %", "etf weight", "% of net assets", "% net assets", "net assets %", "% of fund",
        "% of funds", "percent of fund", "% of assets", "percent of assets", "% of nav", "percent of nav",
        "% nav", "nav %", "% tna", "tna %", "% of portfolio", "% of total", "holdings percent",
        "holding percent", "percentage weighting", "percentage of fund", "percent of net assets",
        "net asset value percent", "pctofnetassets", "pctofnetassetsstd", "market value percent",
        "% market value", "market value %", "% of market value", "% of index", "index weight",
        "portfolio weight", "market weight", "percent weight", "percentage of *", "allocation",
        "allocation %", "wgt", "wt", "gewichtung", "gewichtung %", "gewicht", "gewicht %", "anteil",
        "anteil %", "fondsanteil", "anteil am fonds", "% des fondsvermögens", "% of *", "percent of *",
        "% fund*", "*gewicht*", "*weight*",
    ),
    Column.EXPOSURE: (
        "exposure %", "% exposure", "exposure weight", "exposure weight %", "exposure percent", "notional %",
        "% notional", "notional weight", "notional weight %", "notional percent", "notional exposure %",
        "net exposure %", "exposure % of nav", "exposure % of net assets", "notional % of nav",
        "notional % of net assets", "% of net assets notional", "effective exposure %",
    ),
    Column.NOTIONAL: (
        "notional value", "notional", "notional amount", "notional exposure", "notional value usd",
        "notional usd", "notional market value", "exposure value*", "nominalwert", "*notional g l*",
        "exposure", "exposure usd", "exposure amount", "net exposure", "notional value*",
        "notional exposure*",
    ),
    Column.MARKET_VALUE: (
        "market value", "base market value", "market value base", "mktvalue", "holding value",
        "market value us", "market value usd", "marketvalue", "mkt value", "market val", "marktwert",
        "kurswert", "market notional value", "position value", "total value", "value", "wert",
        "current value", "equity", "mark value", "mkt val", "mkt val*", "net liq*", "market value*",
        "*market value*",
    ),
    Column.SHARES: (
        "shares", "shares held", "number of shares", "quantity", "quantity held", "qty", "shares quantity",
        "shares par value", "share par", "shares par", "shares contracts", "shares or par", "par value",
        "par", "units", "contracts", "share quantity", "quantityshrpar", "amount", "nominal", "nominale",
        "stückzahl", "stück", "anzahl", "anteile", "current units", "quantity shares*", "shares*",
        "*quantity*",
    ),
    Column.PRICE: (
        "price", "market price", "local price", "share price", "closing price", "close price", "close",
        "last price", "current price", "last", "kurs", "preis", "market price us", "price local",
        "base price", "mark", "mark price", "price*", "*price",
    ),
    Column.ASSET_CLASS: (
        "asset class", "asset category", "asset type", "security type", "security class",
        "security type name", "class of shares", "instrument type", "holding type", "investment type",
        "asset group", "anlageklasse", "assetclasscatg", "wertpapierart", "asset classification",
        "sec type", "type",
    ),
    Column.CASH_FLAG: ("is cash", "iscash", "money market flag", "cash flag"),
    Column.SECTOR: (
        "sector", "gics sector", "sector classification", "sector name", "sektor", "classification",
        "industry", "industry classification", "gics industry", "branche",
    ),
    Column.ISIN: ("isin", "isin code", "isin number", "security isin", "isinsecnbr"),
    Column.CUSIP: ("cusip", "cusip number", "security cusip", "cusipnbr"),
    Column.SEDOL: ("sedol", "security sedol", "sedol code"),
    Column.FIGI: ("identifier figi", "figi", "composite figi", "bloomberg id"),
    Column.IDENTIFIER: (
        "identifier", "security identifier", "security id", "security number", "wkn", "id", "asset id",
    ),
    Column.CURRENCY: (
        "market currency", "marktwährung", "local currency", "trading currency", "handelswährung",
        "currency", "currency code", "local currency code", "security currency", "währung", "ccy", "curr",
        "mktcurr", "currency primary",
    ),
    Column.EXCHANGE: (
        "exchange", "primary exchange", "listing exchange", "stock exchange", "exchange name", "börse",
    ),
    Column.COUNTRY: (
        "location", "country", "trade country name", "country name", "location of risk", "country of risk",
        "market", "country of issue", "standort", "land",
    ),
    Column.FX_RATE: (
        "fx rate to base", "fxrate to base", "fx rate base", "rate to base", "fx to base",
        "base currency exchange rate", "exchange rate to base",
    ),
    Column.MULTIPLIER: ("multiplier", "mult", "contract multiplier", "contract size"),
    Column.LEVEL: ("level of detail", "data discriminator"),
    Column.MATURITY: ("maturity date", "maturity", "fälligkeit", "expiration date", "expiry date"),
    Column.COUPON: ("coupon", "coupon rate", "coupon %", "coupon rate %", "kupon", "kupon %"),
    Column.STRIKE: ("strike price", "strike"),
}  # fmt: skip
"""For each column, the headers known for it, in lower case without punctuation, the preferred first.

``*`` stands for anything. A header is first looked up as it is, then with the patterns, both in the
order of this table; the columns to be ignored come first, so that no pattern takes them.
"""

LONGEST_HEADER = 80
VALUED = frozenset({Column.WEIGHT, Column.MARKET_VALUE})
NAMED = frozenset({Column.TICKER, Column.NAME, Column.ISIN, Column.IDENTIFIER, Column.CUSIP})

_CAMEL = re.compile(r"(?<=[a-zäöü])(?=[A-Z])")
_OTHER = re.compile(r"[^0-9a-zäöüß%]+")
MOST_COLUMNS = 100
"""Cells of a header that are looked at."""
_EXACT = {alias: column for column, names in ALIASES.items() for alias in names if "*" not in alias}
_PATTERNS = [(alias, column) for column, names in ALIASES.items() for alias in names if "*" in alias]
_ANY_PATTERN = re.compile("|".join(f"({translate(alias)})" for alias, _ in _PATTERNS))
_PREFERENCE = {alias: place for names in ALIASES.values() for place, alias in enumerate(names)}


def plain(header: str) -> str:
    """Return a header as the table of aliases spells it.

    >>> plain("Market Value (US$)"), plain("% of fund*"), plain("StockTicker"), plain("percent_of_nav")
    ('market value us', '% of fund', 'stock ticker', 'percent of nav')
    """
    return _OTHER.sub(" ", _CAMEL.sub(" ", clean(header)).casefold()).strip()


@lru_cache(maxsize=4096)
def recognise(header: str) -> tuple[Column, int] | None:
    """Return what a header stands for, and how late in the preferences its alias comes."""
    if not header or len(header) > LONGEST_HEADER or number(header) is not None:
        return None
    words = plain(header)
    if words in _EXACT:
        return _EXACT[words], _PREFERENCE[words]
    match = _ANY_PATTERN.match(words)
    if match is None:
        return None
    alias, column = _PATTERNS[(match.lastindex or 1) - 1]
    return column, _PREFERENCE[alias]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header row of a table: where it stands and which column is what.

    ``places`` lists the candidates for each column, the preferred first.
    """

    row: int
    texts: tuple[str, ...]
    places: Mapping[Column, tuple[int, ...]] = field(default_factory=dict)

    def cell(self, row: Sequence[str], column: Column) -> str:
        """Return a row's text in a column as printed; empty where there is none."""
        place = self.places.get(column)
        return row[place[0]] if place and place[0] < len(row) else ""

    def taken(self) -> dict[str, str]:
        """Return for each column that is used the header it has in the file."""
        return {
            column.value: clean(self.texts[places[0]])
            for column, places in self.places.items()
            if column not in {Column.IGNORED, Column.PRODUCT}
        }

    def prefer(self, column: Column, place: int) -> Header:
        """Return the header with another candidate taken for a column."""
        rest = tuple(one for one in self.places[column] if one != place)
        return Header(row=self.row, texts=self.texts, places={**self.places, column: (place, *rest)})


def read_header(row: Sequence[str], index: int, valued: frozenset[Column] = VALUED) -> Header | None:
    """Return a row as a header, or None if it is none.

    A header names a value (one of ``valued``: a weight or a market value) and what has it (a ticker, a
    name, an identifier) in different columns.
    """
    if len(row) < 2:  # noqa: PLR2004 - a value and what has it
        return None
    found: dict[Column, list[tuple[int, int]]] = {}
    for place, text in enumerate(row[:MOST_COLUMNS]):
        known = recognise(text)
        if known is not None:
            found.setdefault(known[0], []).append((known[1], place))
    if not (found.keys() & valued and found.keys() & NAMED) or Column.PRODUCT in found:
        return None  # a table with expense ratios lists funds, not holdings
    places = {column: tuple(place for _, place in sorted(candidates)) for column, candidates in found.items()}
    if (
        Column.TICKER not in places
        and Column.IDENTIFIER in places
        and places.keys() & {Column.CUSIP, Column.ISIN}
    ):
        places[Column.TICKER] = places.pop(Column.IDENTIFIER)  # First Trust calls its ticker so
    return Header(row=index, texts=tuple(row), places=places)


def header_like(row: Sequence[str]) -> Counter[Column]:
    """Count what the cells of a row would be as headers, to say what another kind of table is."""
    return Counter(known[0] for known in map(recognise, row[:MOST_COLUMNS]) if known is not None)
