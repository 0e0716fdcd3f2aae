"""Canonical spelling of tickers.

It is the risk model's (Barra style): ``BRK.B``. A US listing has no exchange code; other listings
keep theirs (``2330 TT``), because the same letters are another company there.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.venues import (
    COUNTRIES,
    CURRENCY_MARKETS,
    EXCHANGES,
    MARKET_CURRENCIES,
    split_market,
    venue_code,
)
from betaneutral_xl.system.patterns import Pattern

LONGEST = 64
"""Maximum length of a ticker or option symbol."""

US_EXCHANGES = frozenset({"US", "UN", "UQ", "UW", "UR", "UA", "UP", "UF", "UV", "UD"})
"""Bloomberg's composite and venue codes for the United States."""

COMPOSITES = {"GY": "GR", "JT": "JP", "CT": "CN", "AT": "AU", "SQ": "SM", "KP": "KS", "KQ": "KS", "VX": "SW"}
"""Bloomberg's codes of single exchanges -> that of their country's market, as issuers' files have it."""

UNSEPARATED_CLASSES = {
    "BRKA": "BRK.A",
    "BRKB": "BRK.B",
    "BFA": "BF.A",
    "BFB": "BF.B",
    "HEIA": "HEI.A",
    "LENB": "LEN.B",
    "MOGA": "MOG.A",
}
"""Share classes that some issuers spell without a separator, where no other company has that ticker."""

CURRENCIES = frozenset(
    {
        *("AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "CNH", "CNY", "COP", "CZK", "DKK", "EGP", "EUR"),
        *("GBP", "GBX", "HKD", "HUF", "IDR", "ILA", "ILS", "INR", "JPY", "KRW", "KWD", "MXN", "MYR", "NOK"),
        *("NZD", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD"),
        *("USD", "VND", "ZAC", "ZAR"),
    }
)
"""ISO codes of currencies, and those of pence, agorot and cents."""

NO_HOME = frozenset({"ID"})
"""Markets that a company's ISIN does not tell: many of Ireland's are listed elsewhere only."""

_CLASS = Pattern(r"(?P<root>[A-Z0-9&*]+)[ ./-](?P<share_class>[A-Z])")
_EXCHANGE = Pattern(r"(?P<local>.+?) (?P<exchange>[A-Z]{2})")
_SPACES = Pattern(r"\s+")
_CONTROL = Pattern(r"[\x00-\x08\x0e-\x1f\x7f]")


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """Return the canonical spelling of a ticker: of a broker, an issuer, Bloomberg, Google, Reuters, Yahoo.

    Upper case; share class after a dot; no exchange code for US listings, Bloomberg's after one blank for
    others.

    Raises
    ------
    InputError
        If the text is blank, too long, or has control characters.

    Examples
    --------
    >>> [normalise(t) for t in ("BRK B", "BRK.B", "BRK/B US", "BRK-B", "nvda us", "2330 TT")]
    ['BRK.B', 'BRK.B', 'BRK.B', 'BRK.B', 'NVDA', '2330 TT']
    >>> [normalise(t) for t in ("NASDAQ:NVDA", "NVDA.OQ", "RY.TO", "BRK-B.US")]
    ['NVDA', 'NVDA', 'RY CN', 'BRK.B']
    >>> [normalise(t) for t in ("SAP GY Equity", "7203 JT", "CBA AT")]
    ['SAP GR', '7203 JP', 'CBA AU']

    """
    ticker = _SPACES.sub(" ", text).strip().upper()
    if not ticker:
        msg = "A ticker is empty. Fill it in, or remove its row."
        raise InputError(msg)
    if len(ticker) > LONGEST or _CONTROL.search(ticker):
        msg = f"{ticker[:20]!r}... is not a ticker ({len(ticker)} characters). Check the column."
        raise InputError(msg)
    ticker = ticker.removesuffix(" EQUITY")
    local, code = split_market(ticker)
    if code is not None:
        return at_market(_with_class(local), code) if code else normalise(local)
    listing = _EXCHANGE.fullmatch(ticker)
    if listing is None:
        spelled = _with_class(ticker)
        return spelled if spelled == ticker else normalise(spelled)
    local = _with_class(listing["local"])
    code = COMPOSITES.get(listing["exchange"], listing["exchange"])
    return normalise(local) if code in US_EXCHANGES else f"{local} {code}"


def _with_class(ticker: str) -> str:
    match = _CLASS.fullmatch(ticker)
    if match:
        return f"{match['root']}.{match['share_class']}"
    return UNSEPARATED_CLASSES.get(ticker, ticker)


def market_currency(ticker: str) -> str:
    """Return the currency in which a canonical ticker is quoted on its market; empty where unknown.

    >>> [market_currency(ticker) for ticker in ("NVDA", "7203 JP", "SAP GR", "X ZZ")]
    ['USD', 'JPY', 'EUR', '']
    """
    code = ticker.partition(" ")[2]
    if not code:
        return "USD"
    return MARKET_CURRENCIES.get(code, "")


def market_code(exchange: str = "", currency: str = "", country: str = "", isin: str = "") -> str:
    """Return the Bloomberg code of the market in a file's columns; empty for US or unknown.

    The exchange decides, else the local currency; for the euro, with its many markets, the country
    does, else that of the ISIN. A country alone is ignored: it is where a company is registered, not listed.

    >>> market_code("Nyse Euronext - Euronext Paris"), market_code("NASDAQ", "USD", "Taiwan")
    ('FP', '')
    >>> market_code("HKEX"), market_code("XPAR", "EUR"), market_code("TSE", "JPY")
    ('HK', 'FP', 'JP')
    >>> market_code("", "JPY"), market_code("", "EUR", "Germany"), market_code("", "", "Ireland")
    ('JP', 'GR', '')
    """
    name = exchange.casefold()
    if name.strip("- "):
        listed = next((code for words, code in EXCHANGES.items() if words in name), None)
        listed = listed or venue_code(exchange) or None
        if listed is not None or not currency or currency.upper() == "USD" or "no market" in name:
            return listed or ""
    if currency.upper() == "EUR":
        registered = country_market(isin[:2]) if isin else ""
        return country_market(country) or ("" if registered in NO_HOME else registered)
    return CURRENCY_MARKETS.get(currency.upper(), "")


@lru_cache(maxsize=4096)  # a file has a few countries for thousands of rows
def country_market(country: str) -> str:
    """Return the code of a country's market, from its name, its ISO code or an ISIN's first letters.

    >>> [country_market(name) for name in ("Korea (South)", "DE", "Allemagne", "United States")]
    ['KS', 'GR', 'GR', '']
    """
    name = country.casefold()
    by_code = (market for code, market, _ in COUNTRIES if code == country.upper())
    in_english = (market for _, market, (english, *_) in COUNTRIES if english in name)
    in_others = (market for _, market, words in COUNTRIES if any(word in name for word in words))
    return next(chain(by_code, in_english, in_others), "")


def at_market(ticker: str, code: str) -> str:
    """Append the code of its market to a canonical ticker that has none.

    >>> at_market("2330", "TT"), at_market("2330 TT", "TT"), at_market("NVDA", ""), at_market("0700", "HK")
    ('2330 TT', '2330 TT', 'NVDA', '700 HK')
    """
    if not code or _EXCHANGE.fullmatch(ticker):
        return ticker
    return f"{(ticker.lstrip('0') or ticker) if code == 'HK' else ticker} {code}"
