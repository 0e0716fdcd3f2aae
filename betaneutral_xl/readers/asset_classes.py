"""Classify the rows of a holdings file: by the issuer's asset class first, by the row's name last.

Names mislead: FirstCash, Dollar General and Posco Future M are companies, and a money market fund
is called "Government Obligations". So a name decides only if the issuer gives no class, only whole
words match, and words for cash are overridden by a company's legal form with a security identifier.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.readers.tabular.printed import cell_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_NAME_LENGTH = 100
"""Characters of a name that are read."""

CURRENCIES = frozenset(
    {
        *("AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "CNH", "CNY", "COP", "CZK", "DKK", "EGP", "EUR"),
        *("GBP", "GBX", "HKD", "HUF", "IDR", "ILS", "INR", "JPY", "KRW", "KWD", "MXN", "MYR", "NOK", "NZD"),
        *("PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "USD"),
        *("VND", "ZAR"),
    }
)

CASH_ALONE = frozenset({"CASH", "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "HKD", "CNY"})
"""Tickers of cash in a table without names; not CLP, COP or TRY, which are companies' tickers."""

Rules = tuple[tuple[AssetClass, re.Pattern[str]], ...]


def _compile_rules(phrases: Iterable[tuple[AssetClass, tuple[str, ...]]]) -> Rules:
    """Compile phrases for text in lower case.

    Case-sensitive patterns with one common word boundary are many times faster, and a file has
    thousands of names.
    """
    rules = []
    for asset_class, patterns in phrases:
        alternatives = [one for pattern in patterns for one in _alternatives(pattern)]
        at_word = "|".join(one.removeprefix(r"\b") for one in alternatives if one.startswith(r"\b"))
        elsewhere = [one for one in alternatives if not one.startswith(r"\b")]
        rules.append((asset_class, re.compile("|".join([rf"\b(?:{at_word})", *elsewhere]))))
    return tuple(rules)


def _alternatives(pattern: str) -> list[str]:
    """Split a pattern at the bars outside brackets."""
    parts, depth = [""], 0
    for piece in re.findall(r"\\.|\[(?:\\.|[^\]])*\]|.", pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


FLAGS = _compile_rules(
    (
        (
            AssetClass.DERIVATIVE,
            (
                r"\b(?:futures?|forwards?|swaps?|options?|opts?|fut|fop|call|put|trs|cfd)\b",
                r"\b(?:derivatives?|derivate|terminkontrakte?|fx|sw)\b",
            ),
        ),
        (
            AssetClass.CASH,
            (
                r"\b(?:cash|money ?market|mmf|mm|currency|currencies|cu|collateral|margins?)\b",
                r"\b(?:repo|repurchase|stif|(?:time )?deposits?|short[- ]term invest\w*|sweep|liquidity)\b",
                r"\b(?:payables?|receivables?|other assets|net other)\b",
                r"\b(?:bargeld|geldmarkt\w*|barmittel|kasse)\b",
            ),
        ),
        (
            AssetClass.FUND,
            (
                r"\b(?:etfs?|etps?|exchange[- ]traded|mutual funds?|funds?|fonds|ucits)\b",
                r"\b(?:open[- ]end\w*|closed[- ]end\w*|investment compan\w+)\b",
            ),
        ),
        (
            AssetClass.EQUITY,
            (
                r"\b(?:equit(?:y|ies)|stocks?|stk|common|ordinary|pref\w*|shares?|aktien?|savings"
                r"|closely held)\b",
                r"\b(?:adrs?|gdrs?|nvdrs?|depos[ia]t[oa]ry|ny reg\w*|registry|tracking|units?)\b",
                r"\b(?:reits?|real estate investment)\b",
                r"\b(?:rights?|warrants?|cvrs?|escrow|partnership|mlps?|royalty)\b",
                r"\b(?:ec|ep|eq|fs)\b",
            ),
        ),
        (
            AssetClass.FIXED_INCOME,
            (
                r"\b(?:fixed income|fi|bonds?|debt|dbt|debentures?|loans?|notes?|bills?|t-?bills?)\b",
                r"\b(?:treasur(?:y|ies)|government|govt|agency|municipals?|muni|corporates?)\b",
                r"\b(?:mortgage\w*|mbs|abs|cmbs|clo|commercial paper|certificate of deposit)\b",
                r"\b(?:anleihen?|renten|obligation\w*)\b",
            ),
        ),
        (
            AssetClass.OTHER,
            (r"\b(?:placeholder|dummy|unknown|other|sonstige\w*|crypto\w*|commodit\w+|private)\b",),
        ),
    )
)
"""Patterns for an issuer's asset class column."""

BOTH = re.compile(r"\bcash\b.*\bderivatives?\b|\bderivatives?\b.*\bcash\b", re.IGNORECASE)
"""iShares' "Cash and/or Derivatives" names two classes; the row's name decides between them."""

CASH_SECTOR = re.compile(
    r"cash(?:\b.*)?|money market.*|(?:short[- ]term )?(?:investments?|reserves)|barmittel|currency"
    r"|liquidität.*",
    re.IGNORECASE,
)

_CODES = "|".join(sorted(CURRENCIES)).lower()
_MONEY = (
    r"dollars?|won|francs?|yen|yuan(?: renminbi)?|renminbi|euros?|pounds?(?: sterling)?|sterling|"
    r"kron[aeo]r?|rupees?|rupiah|ringgit|baht|pesos?|rand|real|reais|zloty|forint|koruna|lira|shekels?|"
    r"dirhams?|riyals?|rials?|dinars?|sol|dong|r[ou]uble|leu|lei"
)
_NATION = (
    r"u\.?s\.?a?\.?|united states|american?|new taiwan|taiwan(?:ese)?|hong kong|singapore|canad(?:a|ian)|"
    r"australian?|new zealand|(?:south )?korean?|chinese|china|offshore|onshore|swiss|"
    r"|japan(?:ese)?|british|"
    r"uk|great britain|swedish|norwegian|danish|indian?|indonesian?|malaysian?|thai(?:land)?|"
    r"|mexican?|mexico|"
    r"chilean|colombian|philippine|argentine|south african?|brazil(?:ian)?|polish|poland|hungarian|czech|"
    r"(?:new )?turkish|israeli?|uae|u\.a\.e\.|saudi(?: arabian?)?|qatari?|kuwaiti?|egyptian|peruvian|"
    r"vietnamese|russian|romanian|european|euro"
)
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"

NAMES = _compile_rules(
    (
        (
            AssetClass.DERIVATIVE,
            (
                r"\bswaps?\b|\bswps?\b|\btrs\b|^(?:recv|payb)\b",
                r"\b(?:call|put) options?\b|\b(?:call|put)s? (?:on|@)|^(?:call|put)\b"
                r"|\boptions?\b.*\b(?:call|put)\b",
                r"\b(?:equity|index|written|purchased|flex) options?\b|\b(?:call|put) \d+(?:\.\d+)?$",
                r"\d{1,2}/\d{1,2}/\d{2,4} (?:[cp] ?\d|[\d.]+ [cp]\b)|\b[cp]\d{2,5}(?:\.\d+)?$",
                r"\be-?mini\b|\bfutures\b|\bfutr?s?\b|\bcomdty\b",
                r"\b(?:index|idx|ix|bond|note|ultra|bund|treasury|s&p ?500|nasdaq|russell|msci|stoxx"
                r"|nikkei|topix|ftse"
                r"|dax|vix|cboe|cme|cbt|ice|eurex) (?:\S+ ){0,3}future\b",
                rf"\bfuture (?:\w+ )?(?:contracts?|exp|{_MONTH}\d{{2}})\b",
                r"\b(?:currency|fx|foreign exchange|forward) (?:forwards?|contracts?|fwd)\b",
                r"\bforward (?:currency|foreign|exchange)\b|\b(?:open|buy|sell) (?:fx|forward)\b",
                r"\b(?:purchased|sold|bought) [a-z]{3}\b.*\b(?:sold|bought|purchased)\b",
                rf"^(?:{_CODES}) ?/ ?(?:{_CODES})\b(?!.*\bbalance\b)",
            ),
        ),
        (
            AssetClass.CASH,
            (
                r"^(?:net )?cash$|^cash & cash investments$|^pending activity$"
                r"|^held in (?:money market|fcash)",
                r"^(?:usd|us dollar|dollar|fund|net|uninvested|total|restricted|segregated|pledged"
                r"|broker) cash\b",
                r"\bcash ?(?:&|and|/|\+|and/or) ?"
                r"(?:other|(?:cash )?equivalents?|derivatives?|liabilit\w+|receivables?|payables?)\b",
                r"\bcash (?:collateral|margin|balance|account|component|offset|reserves?|deposits?|sweep)\b",
                r"\bcash (?:management|mgmt|fund|trust|portfolio|liquidity)\b|\bcash in lieu$",
                rf"\b(?:{_CODES}) cash\b|\bcash (?:{_CODES})\b|^-?[a-z]{{3}} cash-?$|^\$ ?(?:usd|cash)\b",
                rf"^(?:{_NATION}) ?(?:{_MONEY})(?: ?(?:cash|balance|currency|\([a-z]{{3}}\)|[a-z]{{3}}))?$",
                rf"^(?:{_MONEY})$|^(?:{_CODES})$|^pound sterling"
                rf"|^[a-z]{{3}} - (?:(?:{_NATION}) )?(?:{_MONEY})$",
                r"^[a-z]{3} (?:currency|balance|spot)\b|\b[a-z]{3} balance with\b",
                r"\bother ?/ ?cash\b|\bother (?:assets|payables?|receivables?|liabilities)\b",
                r"\bpayables?\b|\breceivables?\b|\bnet other assets\b|\bnet (?:current )?assets\b"
                r"|\bliabilities\b",
                r"\baccrued\b|\bcollateral\b|\bdue (?:to|from) broker\b|\bborrow(?:ed|ing)s?$",
                r"\bmargin (?:account|deposit|balance)\b|\b(?:variation|initial|futures) margin\b",
                r"\btime deposits?\b|\bdeposits? (?:with|at)\b|\brepurchase agreements?\b|\brepo\b|\bsweep\b",
                r"\bmoney[- ]?(?:market|mkt)\b|\bmmkt\b|\bmmf\b|\bstif\b"
                r"|\bshort[- ]term invest\w+ (?:fund|trust|co)\w*",
                r"\bliquidity (?:funds?|portfolio|series|tempfund)\b|\btempfund\b|\bt-?fund\b",
                r"\bblk ca?sh (?:fnd|fund)\b|\bfirst american (?:government|govt|us treasury|treas"
                r"|treasury|gov)\b",
                r"\b(?:govt?|government|treasury|trea?s\w*|trsry|trsy|tr?sy|agency|us trsry|prime) "
                r"(?:& agency |and agency |agency |securities |sec )?"
                r"(?:oblig\w*|ob|money|mm|cash|inst\w*|select|capital|cap|portfolio|fund|fd|only"
                r"|reserves?|port|plus)\b",
                r"\bdreyfus\b|\bgoldman (?:sachs )?(?:(?:fs|finl|financial) sq\w*|fs)\b"
                r"|\bstate street navigator\b",
                r"\bfidelity (?:inv\w* )?(?:government|treasury|mmkt)|\bus (?:gov|govt) money\b",
                r"\binvesco (?:government|treasury|premier|private (?:government|prime))\b",
                r"\bmount vernon liquid\b|\binstitutional (?:government|treasury|liquid)\w*\b",
                r"\bsecurities lending\b|\bbarmittel\b|\bkasse\b",
            ),
        ),
        (
            AssetClass.FIXED_INCOME,
            (
                r"\b(?:united states|u\.?s\.?a?\.?) treasury\b|\bwi treasury\b|^b \d{1,2}/\d{1,2}/\d{2}\b",
                r"\btreasury (?:bills?|notes?|bonds?|strips?|inflation)\b|\bt-?bills?\b|^(?:treasury"
                r"|us) bills?\b",
                r"\d(?:\.\d+)? ?% \d{1,2}/\d{1,2}/\d{2,4}"
                r"|\d{1,2}\.\d{2,3}%? (?:due )?\d{1,2}/\d{1,2}/\d{2,4}",
                r"\d\.\d+ ?%(?!.*\b(?:pfd|preferred|pref|cum)\b)|\bclo\b.*\d",
                r"\bcommercial paper\b|\bfederal home loan\b|\bcertificates? of deposit\b",
            ),
        ),
        (
            AssetClass.FUND,
            (
                r"\betfs?\b|\betns?\b|\bexchange[- ]traded (?:fund|note)|\bucits\b|\bclosed[- ]end fund\b",
                r"\b(?:index|mutual) fund\b|\b(?:bitcoin|ethereum|gold|silver) (?:mini )?trust\b",
                r"^(?:ishares|spdr|proshares|direxion daily|graniteshares)\b",
            ),
        ),
        (
            AssetClass.OTHER,
            (
                r"^dummy\b|\bplaceholder\b|^test (?:security|row)\b|\bspv exposure\b",
                r"^(?:bitcoin|ethereum|ether|solana|xrp)$",
            ),
        ),
    )
)
"""Patterns for a row's name, used if the issuer gives no class."""

LEVERAGED = re.compile(r"\b(?:bull|bear|long|short|inverse)\b.*\b[-+]?[1-5](?:\.\d+)?x\b", re.IGNORECASE)
"""A row without a ticker whose name has a leverage ("Bull 3x") is the swap that provides it."""

CASH_TICKER = re.compile(
    rf"-?(?:{_CODES}) ?cash-?|-?cash[-_ &]?(?:{_CODES}|other)-?|(?:cash|etd|margin|margin_cash)_[a-z]{{3}}"
    r"|cash ?& ?other|xtsla|[a-z]{3}xx\*{0,2}",
    re.IGNORECASE,
)
"""Tickers of cash and money market funds (SPAXX) only; not COP, which is ConocoPhillips."""

CONTRACT_TICKER = re.compile(
    r"[0-9A-Z/]{1,6} *\d{6}[CP]\d{8}|\S+ \d{6} [CP] [\d.]+|.* (?:TRS|SWAP|COMDTY|CURNCY|INDEX)\b.*",
    re.IGNORECASE,
)
FUTURE_TICKER = re.compile(r"[A-Z]{2,4}[FGHJKMNQUVXZ]\d{1,2}", re.IGNORECASE)
FUTURE_NAME = re.compile(rf"{_MONTH} ?'?\d{{2}}\b|\bfuture\b|\be-?mini\b", re.IGNORECASE)
"""A futures code alone may be a stock's ticker; with a delivery month in the name it is a contract."""

DELIVERY_MONTH = re.compile(rf"\b\w*{_MONTH} ?'?\d{{2}}$", re.IGNORECASE)
"""A delivery month at the end of the name of a row without identifiers."""

SECURITY_CODES = re.compile(
    r"[0-9A-HJ-NP-Z]{5}[0-9A-Z*@#]{3}\d"  # CUSIP
    r"|[0-9B-DF-HJ-NP-TV-Z]{6}\d"  # SEDOL
    r"|[A-Z]{2}[0-9A-Z]{9}\d"  # ISIN
    r"|BBG[0-9B-DF-HJ-NP-TV-Z]{9}",  # FIGI
    re.IGNORECASE,
)
MONEY_FUND = re.compile(
    r"\b(?:funds?|money ?market|mmkt|oblig\w*|treasury|government|govt|liquidity|deposits?)\b", re.IGNORECASE
)
LEGAL_FORM = re.compile(
    r"\b(?:inc|corp|corporation|ltd|limited|plc|n\.?v|s\.?a|ag|se|co|company|holdings?|group|asa|ab"
    r"|oyj|spa|reit)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)  # an issuer has a few classes for thousands of rows
def of_flag(text: str) -> AssetClass | None:
    """Return the class that the issuer's asset class column gives, None if it gives none.

    >>> of_flag("Cash Collateral and Margins"), of_flag("Cash and/or Derivatives")
    (<AssetClass.CASH: 'cash'>, None)
    """
    text = cell_text(text[:MAX_NAME_LENGTH]).replace("_", " ")
    return None if not text or BOTH.search(text) else _first_match(FLAGS, text)


def of_name(name: str, ticker: str = "", identifiers: Sequence[str] = ()) -> AssetClass | None:
    """Return the class that a row's name and ticker indicate, None if they indicate none.

    >>> of_name("FIRSTCASH HOLDINGS INC", "FCFS"), of_name("NEW TAIWAN DOLLAR", "TWD")
    (None, <AssetClass.CASH: 'cash'>)
    """
    name, ticker = cell_text(name[:MAX_NAME_LENGTH]), cell_text(ticker[:MAX_NAME_LENGTH])
    found = _of_ticker(ticker, name, identifiers) or _first_match(NAMES, name)
    if found is AssetClass.CASH and ticker and _is_company(name, identifiers):
        return None
    if (
        found is None
        and not ticker
        and (LEVERAGED.search(name) or (not identifiers and DELIVERY_MONTH.search(name)))
    ):
        return AssetClass.DERIVATIVE
    return found


@lru_cache(maxsize=4096)  # as above
def is_cash_sector(sector: str) -> bool:
    """Whether an issuer's sector is one for cash."""
    return bool(CASH_SECTOR.fullmatch(cell_text(sector[:MAX_NAME_LENGTH])))


def _of_ticker(ticker: str, name: str, identifiers: Sequence[str]) -> AssetClass | None:
    if CONTRACT_TICKER.fullmatch(ticker) or (FUTURE_TICKER.fullmatch(ticker) and FUTURE_NAME.search(name)):
        return AssetClass.DERIVATIVE
    if ticker.upper() == "DUMMY":
        return AssetClass.OTHER
    if ticker.upper() in CURRENCIES and name:
        is_cash = any("CASH" in one.upper() or one.upper() == ticker.upper() for one in identifiers)
        return AssetClass.CASH if is_cash else None
    if CASH_TICKER.fullmatch(ticker) or (not name and ticker.upper() in CASH_ALONE):
        return AssetClass.CASH
    return None


def _first_match(rules: Rules, text: str) -> AssetClass | None:
    lower = text.lower()
    return next((asset_class for asset_class, words in rules if words.search(lower)), None)


def _is_company(name: str, identifiers: Sequence[str]) -> bool:
    """Whether a row has a company's legal form, no word for a money market fund, and a security code."""
    return (
        bool(LEGAL_FORM.search(name))
        and not MONEY_FUND.search(name)
        and any(map(SECURITY_CODES.fullmatch, identifiers))
    )
