"""Recognise the columns of a holdings file by their headers, from one table of aliases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from betaneutral_xl.model.printed import clean, dates_in, number
from betaneutral_xl.model.tickers import CURRENCIES
from betaneutral_xl.system.patterns import Pattern


class Column(StrEnum):
    """The meaning of a column of a holdings file."""

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
    SIDE = "side"
    SUBCLASS = "asset subclass"
    UNDERLYING = "underlying"
    DELTA = "delta"
    PRODUCT = "product"
    IGNORED = "ignored"


ALIASES: Mapping[Column, tuple[str, ...]] = {
    Column.IGNORED: (
        "accrual date", "*change*", "*return*", "*yield*", "*ytm*", "volume", "*52 week*", "fx rate",
        "*duration*", "shares outstanding", "creation units", "number", "nummer", "numero", "numéro",
        "rank", "no", "nr",
        "benchmark weight*", "*underlying*", "*index weight diff*", "active weight*", "*cost*", "*gain*",
        "*purchase*", "*average*", "avg*price*", "*avg price*", "*buy*price*", "*trade price*",
        "*open price*",
        "opening price", "*entry*price*", "*price paid*", "*paid*", "*acqui*", "*book value*",
        "*buy value*", "*invested*", "*previous close*", "prev close*", "*prior*", "*target price*",
        "*limit price*",
        "*wechselkurs*", "*devisenkurs*", "*einstand*", "*kaufkurs*", "*kaufpreis*", "*kaufwert*",
        "*durchschnitt*",
        "account type", "position type", "high price", "low price",
        "% of adv*", "% adv", "% of risk*", "% of float*", "% of *outstanding*", "*weight limit*",
        "min* weight*", "max* weight*", "avg*wgt*", "act* wgt*", "fair value est*", "company*value*",
        "relative weight*", "*weighted average*", "weight avg*",
        "*取得*", "*損益*", "*成本*", "*盈亏*", "*盈虧*", "*매입*", "*평균단가*", "*손익*",
        "*수익률*", "時価総額", "总市值", "總市值", "시가총액", "总股本", "発行済株式数", "*涨跌*", "*漲跌*",
    ),
    Column.PRODUCT: (
        "*expense ratio*", "ter", "ter %", "*incept* date*", "*inception*", "aum", "*management fee*",
    ),
    Column.FUND: (
        "fund ticker", "etf ticker", "account ticker", "fund symbol", "etf symbol", "portfolio ticker",
        "account", "fund", "etf", "fund code", "account symbol", "etfticker", "account number",
        "product ticker", "fondsticker", "fund id", "client account id", "account id", "acct id",
        "account no", "acctid", "depot", "konto", "depotnummer",
        "product id", "ticker etf", "fund product id", "fund isin",
    ),
    Column.FUND_NAME: (
        "fund name", "etf name", "portfolio name", "account name", "fondsname", "portfolio",
        "product name",
        "basket name", "basket", "sub fund", "subfund", "sub fund name", "subfund name", "series name",
        "etf full name", "fund full name", "fund long name", "fonds", "teilfonds", "nom du fonds",
        "nom de l etf", "compartiment", "nome del fondo", "nome fondo", "comparto", "fondo",
        "nombre del fondo", "compartimento", "*fund name*", "*etf name*",
    ),
    Column.DATE: (
        "date", "as of date", "as of", "trade date", "holdings date", "holding date", "position date",
        "asofdate", "business date", "nav date", "valuation date", "asofdatestd", "effective date",
        "report date", "period end date", "datum", "stichtag", "per", "data", "fecha",
        "日付", "基準日", "日期", "기준일",
    ),
    Column.TICKER: (
        "holding ticker", "stock ticker", "security ticker", "constituent ticker", "ticker", "tickers",
        "ticker symbol", "symbol", "stock symbol", "security symbol", "trading symbol", "exchange ticker",
        "local ticker", "issuer ticker", "financial instrument", "bloomberg ticker",
        "emittententicker", "ticker cusip",
        "ticker isin", "secticker", "sec ticker", "kürzel", "börsenkürzel", "stock code", "company ticker",
        "ric", "holding symbol", "bbg", "bbg ticker", "bloomberg", "bloomberg code",
        "slice", "ticker dell emittente", "ticker de l émetteur", "ticker del emisor", "simbolo", "symbole",
        "símbolo", "code", "código", "epic", "tidm", "mnemo", "mnémo", "mnemonic", "mnémonique",
        "*ticker*", "*symbol*",
        "ティッカー", "ティッカーコード", "銘柄コード", "コード", "証券コード", "代码", "证券代码",
        "股票代码", "代號", "證券代號", "股票代號", "代碼", "證券代碼", "股票代碼",
        "종목코드", "종목번호", "티커",
    ),
    Column.NAME: (
        "holding name", "row labels", "zeilenbeschriftungen", "holdings name", "security name",
        "company name", "constituent name",
        "proper name", "full name", "title", "name", "issuer name", "security description", "instrument name",
        "stock name", "asset name", "long name", "position name", "description", "company", "holding",
        "holdings", "security", "securities", "issuer", "instrument", "stock", "constituent", "asset",
        "bezeichnung", "wertpapier", "wertpapiername", "wertpapierbezeichnung", "titel", "emittent",
        "unternehmen", "position", "secdesc", "secname", "name der position",
        "nome", "nom", "nombre", "titre", "titres", "título", "denominazione", "titolo", "libellé",
        "valeur mobilière", "emittente", "investment name", "investment",
        "product", "produkt", "produit", "prodotto", "producto", "naam",
        "émetteur", "emisor", "instrumento", "descrizione", "désignation", "nom de la valeur",
        "full portfolio holdings*", "*security name*",
        "*holding*name*", "*security description*", "*company name*", "*issuer name*", "*bezeichnung*",
        "銘柄", "銘柄名", "名称", "证券名称", "股票名称", "名稱", "證券名稱", "股票名稱", "股票简称",
        "证券简称", "종목명", "종목",
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
        "allocation %", "wgt", "wt", "% wgt p", "% wgt", "wgt %",
        "port* wgt*", "*wgt*", "gewichtung", "gewichtung %", "gewicht", "gewicht %", "anteil",
        "anteil %", "fondsanteil", "anteil am fonds", "% des fondsvermögens", "% of *", "percent of *",
        "% fund*", "*gewicht*", "pct val", "pct of nav", "pct nav", "portfolio %", "fund %", "% assets",
        "assets %",
        "% holding", "holding %", "net assets percent", "percent nav", "% portfolio*", "% total*",
        "% net asset value*", "percentage total*", "percent total*", "%", "% de *", "% des *", "% der *",
        "% del *", "% dell *", "share in %", "anteil in %", "percent of account", "% of account",
        "*nettovermögens*", "*fondsvermögens*", "*fondsvolumens*", "poids", "poids %", "peso", "peso %",
        "*pondération*", "*ponderazione*", "*ponderación*", "*ponderação*", "peso en*", "peso sul*",
        "quota %", "% actif net", "% attivo netto", "% patrimonio*", "*weight*",
        "組入比率*", "構成比*", "比率", "比率 %", "ウェイト*", "ウエイト*", "権重", "权重*", "占比*",
        "*净值比*", "權重*", "比重*", "비중*", "구성비*",
    ),
    Column.EXPOSURE: (
        "exposure %", "% exposure", "exposure weight", "exposure weight %", "exposure percent", "notional %",
        "% notional", "notional weight", "notional weight %", "notional percent", "notional exposure %",
        "net exposure %", "exposure % of nav", "exposure % of net assets", "notional % of nav",
        "notional % of net assets", "% of net assets notional", "effective exposure %",
    ),
    Column.NOTIONAL: (
        "notional value", "notional", "notional amount", "notional amt", "notional exposure",
        "notional value usd",
        "notional usd", "notional market value", "exposure value*", "nominalwert", "*notional g l*",
        "exposure", "exposure usd", "exposure amount", "net exposure", "notional value*",
        "notional exposure*",
        "valore nozionale", "valeur notionnelle", "valor nocional", "valor teórico",
    ),
    Column.MARKET_VALUE: (
        "market value", "base market value", "market value base", "mktvalue", "holding value",
        "market value us", "market value usd", "marketvalue", "mkt value", "market val", "marktwert",
        "kurswert", "market notional value", "position value", "total value", "value", "wert",
        "current value", "equity", "mark value", "mkt val", "mkt val*", "net liq*", "market value*",
        "*market value*", "market val*", "fair value*", "value 000*", "mv", "nmv", "net mv", "mv base",
        "cur val", "val usd", "valore di mercato*", "valeur de marché*", "valor de mercado*",
        "valeur boursière*",
        "controvalore*", "marktwert*", "kurswert*", "valorisation*",
        "*value in *", "wert in *", "valeur en *", "valore in *", "valor en *", "waarde*", "gegenwert*",
        "評価額*", "時価評価額*", "市值*", "最新市值", "持仓市值", "参考市值", "評価金額*", "평가금액*",
        "평가액*",
    ),
    Column.SHARES: (
        "shares", "current shares", "total shares", "net shares", "shares owned", "ending shares",
        "shares held", "number of shares", "units held", "aantal", "menge", "stück nom*",
        "quantity", "quantity held", "qty", "shares quantity",
        "shares par value", "share par", "shares par", "shares contracts", "shares or par", "par value",
        "par", "units", "contracts", "share quantity", "quantityshrpar", "amount", "nominal", "nominale",
        "stückzahl", "stück", "anzahl", "anteile", "current units", "bestand",
        "balance", "quantità", "quantité", "cantidad", "nombre de titres", "nombre d actions",
        "numero di azioni", "numero azioni", "anzahl aktien", "anzahl der aktien", "acciones", "azioni",
        "títulos", "quantity shares*", "shares*",
        "position size", "*quantity*",
        "数量", "保有数量", "株数", "保有株数", "口数", "持仓数量", "持股数量", "股数", "股數", "持有數量",
        "庫存股數", "數量", "수량", "보유수량", "주식수", "잔고수량",
    ),
    Column.PRICE: (
        "price", "market price", "ltp", "local price", "closing", "koers", "slotkoers", "prezzo di mercato",
        "cotización", "cotation", "dernier cours",
        "share price", "closing price", "close price", "close",
        "last price", "current price", "last", "kurs", "preis", "market price us", "price local",
        "base price", "mark", "mark price", "prezzo", "cours", "prix", "precio", "quote", "mid", "mid price",
        "akt kurs",
        "aktueller kurs", "price*", "*price", "kurs*", "*kurs",
        "現在値", "株価", "終値", "最新价", "现价", "市价", "收盘价", "現價", "市價", "收盤價", "현재가",
        "종가",
    ),
    Column.ASSET_CLASS: (
        "asset class", "asset category", "asset type", "security type", "security class",
        "security type name", "class of shares", "instrument type", "holding type", "investment type",
        "asset group", "anlageklasse", "assetclasscatg", "asset cat", "classe d actifs", "classe d actif",
        "classe", "clase", "assetklasse",
        "classe di attivo", "clase de activo", "clase de activos", "tipo di strumento",
        "type d instrument", "vermögensklasse", "wertpapierart", "asset classification",
        "sec type", "type",
    ),
    Column.CASH_FLAG: ("is cash", "iscash", "money market flag", "cash flag"),
    Column.SECTOR: (
        "sector", "gics sector", "sector classification", "sector name", "sektor", "classification",
        "industry", "industry classification", "gics industry", "branche", "settore", "secteur",
        "業種", "行业", "行業", "產業", "업종",
    ),
    Column.ISIN: ("isin", "isin code", "isin number", "security isin", "isinsecnbr", "codice isin",
        "code isin",
        "código isin"),
    Column.CUSIP: ("cusip", "cusip number", "security cusip", "cusipnbr"),
    Column.SEDOL: ("sedol", "security sedol", "sedol code"),
    Column.FIGI: ("identifier figi", "figi", "composite figi", "bloomberg id", "figi kennung", "kennung figi",
        "identifikator figi"),
    Column.IDENTIFIER: (
        "identifier", "security identifier", "security id", "security number", "wkn", "id", "asset id",
    ),
    Column.CURRENCY: (
        "market currency", "marktwährung", "local currency", "trading currency", "handelswährung",
        "currency", "currency code", "local currency code", "security currency", "währung", "ccy", "curr",
        "mktcurr", "currency primary", "cur cd", "valuta", "valuta di mercato", "devise",
        "devise de marché", "divisa", "divisa de mercado", "moneda",
        "通貨", "币种", "幣別", "币别", "幣種", "통화",
    ),
    Column.EXCHANGE: (
        "exchange", "primary exchange", "listing exchange", "stock exchange", "exchange name", "börse",
        "cambio",
        "borsa", "place boursière", "bolsa", "mercato di quotazione", "bourse", "place de cotation",
        "marktplatz", "handelsplatz", "beurs", "mercado", "trading venue",
        "市場", "交易所", "거래소",
    ),
    Column.COUNTRY: (
        "location", "country", "trade country name", "country name", "location of risk", "country of risk",
        "country code", "market", "country of issue", "standort", "land", "area geografica", "località",
        "paese", "emplacement", "pays", "ubicación", "país", "posizione",
    ),
    Column.FX_RATE: (
        "fx rate to base", "fxrate to base", "fx rate base", "rate to base", "fx to base",
        "base currency exchange rate", "exchange rate to base",
    ),
    Column.MULTIPLIER: ("multiplier", "mult", "contract multiplier", "contract size"),
    Column.LEVEL: ("level of detail", "data discriminator"),
    Column.SIDE: ("side", "long short", "position side", "l s", "direction", "b s", "buy sell",
        "dr cr", "cr dr", "debit credit",
        "payoff profile"),
    Column.SUBCLASS: ("sub category", "asset sub class", "sub class", "asset subclass", "sub type"),
    Column.UNDERLYING: ("underlying", "underlying symbol", "underlying ticker", "underlying asset"),
    Column.DELTA: ("delta", "position delta", "option delta"),
    Column.MATURITY: ("maturity date", "maturity", "fälligkeit", "expiration date", "expiry date",
        "maturity dt", "scadenza",
        "échéance"),
    Column.COUPON: ("coupon", "coupon rate", "coupon %", "coupon rate %", "kupon", "kupon %",
        "annualized rt", "cedola"),
    Column.STRIKE: ("strike price", "strike"),
}  # fmt: skip
"""The known headers of each column, in lower case without punctuation, the preferred first.

``*`` matches any text. A header is looked up literally first, then against the patterns, both in the
order of this table; ignored columns come first, so that no pattern matches them.
"""

MAX_HEADER_LENGTH = 80
VALUE_COLUMNS = frozenset({Column.WEIGHT, Column.MARKET_VALUE})
NAME_COLUMNS = frozenset({Column.TICKER, Column.NAME, Column.ISIN, Column.IDENTIFIER, Column.CUSIP})
CODE_COLUMNS = (Column.ISIN, Column.CUSIP, Column.SEDOL, Column.FIGI, Column.IDENTIFIER)
IDENTIFIER_COLUMNS = (Column.TICKER, Column.NAME, *CODE_COLUMNS)

_OTHER_TIME = Pattern(
    r"\b(?:target|model|bench(?:mark)?|bmk|index|bod|sod|beginning|start|opening|original|initial|prior|previous|old"
    r"|settled|unsettled|settle|pending|available|restricted|t 1|yesterday|after"
    r"|proposed|suggested|planned|optimal|ideal|drift|contribution|adjusted|limit|min|max|gross|gmv|abs|absolute)\b"
    r"|(?:wgt|weight) b$"
)
"""Words of a column that is not what is held now, or has no signs."""

_MONEY = frozenset(map(str.lower, CURRENCIES))
"""Codes of currencies at the end of a header: ``Value (GBP)``."""
BASE_WORDS = _MONEY | {"base", "us"}
"""Words of a header of values that are all in one currency."""

_DIGIT = Pattern(r"\d")
_CAMEL = Pattern(r"(?<=[a-zäöü])(?=[A-Z])")
_OTHER = Pattern(r"(?:[^\w%]|_)+")
MAX_HEADER_CELLS = 100
"""Cells of a header row that are read."""
_EXACT = {alias: column for column, names in ALIASES.items() for alias in names if "*" not in alias}
_PATTERNS = [
    (max(parts := alias.split("*"), key=len), parts, alias, column)
    for column, names in ALIASES.items()
    for alias in names
    if "*" in alias
]
"""Of each pattern the longest part, which nearly all headers lack, and all its parts."""

_PREFERENCE = {alias: rank for names in ALIASES.values() for rank, alias in enumerate(names)}


def header_key(header: str) -> str:
    """Return a header in the spelling of ``ALIASES``: lower case, without punctuation.

    >>> [header_key(text) for text in ("Market Value (US$)", "% of fund*", "StockTicker", "percent_of_nav")]
    ['market value us', '% of fund', 'stock ticker', 'percent of nav']
    """
    return _OTHER.sub(" ", _CAMEL.sub(" ", clean(header)).casefold()).strip()


@lru_cache(maxsize=4096)
def recognise(header: str) -> tuple[Column, int] | None:
    """Return the column that a header means and the rank of its alias (0 is preferred), or None."""
    if not header or len(header) > MAX_HEADER_LENGTH or number(header) is not None:
        return None
    key = header_key(header).removeprefix("sum of ")  # of a pivot table
    if key in _EXACT:
        return _EXACT[key], _PREFERENCE[key]
    for longest, parts, alias, column in _PATTERNS:
        if longest in key and _consists_of(key, parts):
            return column, _PREFERENCE[alias]
    head, _, last = key.rpartition(" ")
    first, _, rest = key.partition(" ")
    name = head if last in _MONEY else rest if first in _MONEY else ""  # Value GBP, GBP value
    return (_EXACT[name], _PREFERENCE[name]) if name in _EXACT else None


def _consists_of(key: str, parts: Sequence[str]) -> bool:
    """Whether a key begins with the first part, ends with the last, and has the others between, in order.

    >>> _consists_of("avg buy price", ["avg", "price"]), _consists_of("price avg", ["avg", "price"])
    (True, False)
    """
    first, *between, last = parts
    place, end = len(first), len(key) - len(last)
    if not (key.startswith(first) and key.endswith(last)):
        return False
    for part in between:
        found = key.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return place <= end


def column_of(header: str) -> Column | None:
    """Return the column that a header means, None if it is not known."""
    match = recognise(header)
    return match[0] if match else None


def indices_of(row: Iterable[str]) -> dict[Column, tuple[int, ...]]:
    """Return the indices of the headers of each column: of what is held now, and of the last day, first.

    Then by their alias.
    """
    found: dict[Column, list[tuple[bool, int, int, int]]] = {}
    for i, text in enumerate(row):
        if match := recognise(text):
            column, rank = match
            found.setdefault(column, []).append((is_of_other_time(text), -_day(text), rank, i))
    return {column: tuple(i for *_, i in sorted(candidates)) for column, candidates in found.items()}


@lru_cache(maxsize=4096)
def _day(header: str) -> int:
    """Return the day that a header names, as a number; 0 if it names none."""
    return max((day.toordinal() for day in dates_in(header)), default=0) if _DIGIT.search(header) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header row of a table."""

    row: int
    """Index of the row in its sheet, from 0; -1 if the table has no header row."""
    texts: tuple[str, ...]
    """The cells of the row."""
    indices: Mapping[Column, tuple[int, ...]] = field(default_factory=dict)
    """Indices of the candidate cells of each column, the preferred first."""

    def cell(self, row: Sequence[str], column: Column) -> str:
        """Return a row's text in a column as printed, empty if there is none."""
        indices = self.indices.get(column)
        return row[indices[0]] if indices and indices[0] < len(row) else ""

    def used_headers(self) -> dict[str, str]:
        """Return the file's header of each column in use."""
        return {
            column.value: clean(self.texts[indices[0]])
            for column, indices in self.indices.items()
            if column not in {Column.IGNORED, Column.PRODUCT}
        }

    def is_in_base(self, index: int) -> bool:
        """Whether the header of a column names a currency, or the base currency, as that of its values."""
        return bool(BASE_WORDS & set(header_key(self.texts[index]).split()))

    def prefer(self, column: Column, index: int) -> Header:
        """Return the header with another candidate of a column as the preferred one."""
        rest = (one for one in self.indices.get(column, ()) if one != index)
        return replace(self, indices={**self.indices, column: (index, *rest)})

    def with_last(self, column: Column, text: str) -> Header:
        """Return the header with one more column at its end, the preferred one of its meaning."""
        indices = {**self.indices, column: (len(self.texts), *self.indices.get(column, ()))}
        return replace(self, texts=(*self.texts, text), indices=indices)

    def with_last_cell(self, row: Sequence[str], cell: str) -> tuple[str, ...]:
        """Return a row with a cell for the column that ``with_last`` adds."""
        width = len(self.texts)
        return (*row[:width], *[""] * (width - len(row)), cell)


def read_header(
    row: Sequence[str], index: int, value_columns: frozenset[Column] = VALUE_COLUMNS
) -> Header | None:
    """Return a row as a header, or None if it is not a header.

    A header has a value column (one of ``value_columns``) and a column that names the holding (ticker,
    name, identifier).
    """
    if len(row) < 2:  # noqa: PLR2004 - a name and a value
        return None
    indices = indices_of(row[:MAX_HEADER_CELLS])
    if not (indices.keys() & value_columns and indices.keys() & NAME_COLUMNS) or Column.PRODUCT in indices:
        return None  # a table with expense ratios lists funds, not holdings
    if (
        Column.TICKER not in indices
        and Column.IDENTIFIER in indices
        and indices.keys() & {Column.CUSIP, Column.ISIN}
    ):
        indices[Column.TICKER] = indices.pop(Column.IDENTIFIER)  # First Trust's header of the ticker
    return Header(row=index, texts=tuple(row), indices=indices)


def is_of_other_time(header: str) -> bool:
    """Whether a header names a target, a benchmark or another day."""
    return "+/-" in header or _OTHER_TIME.search(header_key(header)) is not None


def repeated_table(header: Header) -> str:
    """Return the header that two tables side by side have for their tickers; empty for one table."""

    def repeated(column: Column) -> str:
        texts = [clean(header.texts[i]).casefold() for i in header.indices.get(column, ())]
        return next((text for text in texts if texts.count(text) > 1), "")

    numbers = (Column.WEIGHT, Column.MARKET_VALUE, Column.SHARES)
    return (repeated(Column.TICKER) or repeated(Column.NAME)) if any(map(repeated, numbers)) else ""


def count_headers(row: Sequence[str]) -> Counter[Column]:
    """Count the columns that the cells of a row would be as headers, to describe another kind of table."""
    return Counter(column for column in map(column_of, row[:MAX_HEADER_CELLS]) if column is not None)
