"""What a row of a holdings file is: by the issuer's own word first, by the row's name last.

Names mislead: FirstCash, Dollar General and Posco Future M are companies, and a money market fund
is called "Government Obligations". So a name decides only where the issuer gives no class, the
words must stand alone, and weak words give way to a ticker with a security's identifier.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from betaneutral_xl.portfolio import AssetClass
from betaneutral_xl.sources.printed import stated

if TYPE_CHECKING:
    from collections.abc import Sequence

Rules = tuple[tuple[AssetClass, re.Pattern[str]], ...]

CURRENCIES = frozenset(
    "AED ARS AUD BRL CAD CHF CLP CNH CNY COP CZK DKK EGP EUR GBP GBX HKD HUF IDR ILS INR JPY KRW KWD MXN MYR "
    "NOK NZD PEN PHP PKR PLN QAR RON RUB SAR SEK SGD THB TRY TWD USD VND ZAR".split()
)


CASH_ALONE = frozenset("CASH USD EUR GBP JPY CHF CAD AUD HKD CNY".split())
"""What means cash in a table without names; not CLP, COP or TRY, which are companies' tickers."""


def _rules(*pairs: tuple[AssetClass, str]) -> Rules:
    """Compile rules for text in lower case, three times as fast as ignoring case."""
    return tuple((asset_class, re.compile(words)) for asset_class, words in pairs)


FLAGS = _rules(
    (
        AssetClass.DERIVATIVE,
        r"\b(?:futures?|forwards?|swaps?|options?|derivatives?|call|put|fx|sw|trs|cfd|derivate?|terminkontrakte?)\b",
    ),
    (
        AssetClass.CASH,
        r"\b(?:cash|money ?market|mmf|currency|currencies|collateral|margins?|repo|repurchase|stif|cu|mm|time deposit|"
        r"deposits?|payables?|receivables?|liquidity|bargeld|geldmarkt\w*|barmittel|kasse|short[- ]term invest\w*|"
        r"other assets|net other|sweep)\b",
    ),
    (
        AssetClass.FUND,
        r"\b(?:etfs?|etps?|exchange[- ]traded|mutual funds?|open[- ]end\w*|closed[- ]end\w*|funds?|fonds|"
        r"investment compan\w+|ucits)\b",
    ),
    (
        AssetClass.EQUITY,
        r"\b(?:equit(?:y|ies)|stocks?|common|pref\w*|adrs?|gdrs?|nvdrs?|depos[ia]t[oa]ry|reits?|ordinary|aktien?|shares?|"
        r"rights?|warrants?|cvrs?|partnership|mlps?|units?|tracking|ny reg\w*|registry|royalty|dividend right|ec|ep|eq|fs|"
        r"savings|closely held|escrow)\b",
    ),
    (
        AssetClass.FIXED_INCOME,
        r"\b(?:fixed income|bonds?|treasur(?:y|ies)|notes?|t-?bills?|bills?|government|govt|corporates?|municipals?|muni|"
        r"mortgage\w*|mbs|abs|cmbs|clo|loans?|debt|debentures?|agency|commercial paper|anleihen?|renten|obligation\w*|"
        r"dbt|fi|certificate of deposit)\b",
    ),
    (AssetClass.OTHER, r"\b(?:placeholder|dummy|unknown|other|sonstige\w*|crypto\w*|commodit\w+|private)\b"),
)
"""Words of an issuer's asset class column."""

BOTH = re.compile(r"\bcash\b.*\bderivatives?\b|\bderivatives?\b.*\bcash\b", re.IGNORECASE)
"""iShares' "Cash and/or Derivatives" names two classes; which one, the row's name says."""

SECTOR_CASH = re.compile(
    r"cash(?:\b.*)?|money market.*|(?:short[- ]term )?(?:investments?|reserves)|barmittel|currency|liquidität.*",
    re.IGNORECASE,
)

_MONTHS = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_CODES = "|".join(sorted(CURRENCIES)).lower()
_MONEY = (
    r"dollars?|won|francs?|yen|yuan(?: renminbi)?|renminbi|euros?|pounds?(?: sterling)?|sterling|kron[aoe]r?|krone|krona|rupees?|"
    r"rupiah|ringgit|baht|pesos?|rand|real|reais|zloty|forint|koruna|lira|shekels?|dirhams?|riyals?|rials?|dinars?|sol|dong|"
    r"r[ou]uble|leu|lei"
)
_NATION = (
    r"(?:u\.?s\.?a?\.?|united states|american?|new taiwan|taiwan(?:ese)?|hong kong|singapore|canad(?:a|ian)|australian?|"
    r"new zealand|(?:south )?korean?|chinese|china|offshore|onshore|swiss|japan(?:ese)?|british|uk|great britain|swedish|norwegian|"
    r"danish|indian?|indonesian?|malaysian?|thai(?:land)?|mexican?|mexico|chilean|colombian|philippine|argentine|"
    r"south african?|brazil(?:ian)?|polish|poland|hungarian|czech|turkish|new turkish|israeli?|uae|u\.a\.e\.|saudi(?: arabian?)?|"
    r"qatari?|kuwaiti?|egyptian|peruvian|vietnamese|russian|romanian|european|euro)"
)

NAMES = _rules(
    (
        AssetClass.DERIVATIVE,
        r"\bswaps?\b|\btrs\b|\b(?:call|put) options?\b|\b(?:call|put)s? (?:on|@)|^(?:call|put)\b|\boptions?\b.*\b(?:call|put)\b"
        r"|\b(?:equity|index|written|purchased|flex) options?\b|\d{1,2}/\d{1,2}/\d{2,4} (?:[cp] ?\d|[\d.]+ [cp]\b)"
        r"|\b[cp]\d{2,5}(?:\.\d+)?$|\be-?mini\b|\bfutures\b|\bfut\b(?!u)"
        r"|\b(?:index|idx|ix|bond|note|ultra|bund|treasury|s&p ?500|nasdaq|russell|msci|stoxx|nikkei|topix|ftse|dax|vix|cboe"
        rf"|cme|cbt|ice|eurex) (?:\S+ ){{0,3}}futures?\b|\bfutures? (?:\w+ )?(?:contracts?|exp|{_MONTHS}\d{{2}})\b"
        r"|\b(?:currency|fx|foreign exchange|forward) (?:forwards?|contracts?|fwd)\b|\bfwd\b|\bforward (?:currency|foreign|exchange)"
        r"|\b(?:purchased|sold|bought) [a-z]{3}\b.*\b(?:sold|bought|purchased)\b|^[a-z]{3} ?/ ?[a-z]{3}\b(?!.*\bbalance\b)"
        r"|\bcomdty\b|\b(?:open|buy|sell) (?:fx|forward)\b",
    ),
    (
        AssetClass.CASH,
        r"^(?:net )?cash$|^cash & cash investments$|^pending activity$|^held in (?:money market|fcash)|^(?:usd|us dollar|dollar|fund|net|uninvested|total|restricted|segregated|pledged|broker) cash\b"
        r"|\bcash ?(?:&|and|/|\+|and/or) ?(?:other|(?:cash )?equivalents?|derivatives?|liabilit\w+|receivables?|payables?)\b"
        r"|\bother ?/ ?cash\b|\bother (?:assets|payables?|receivables?|liabilities)\b|\bcash (?:collateral|margin|balance|account|"
        r"component|offset|reserves?|deposits?|sweep|management|mgmt)\b|\b[a-z]{3} cash\b(?!.*\b(?:inc|corp|ltd|plc|nv|sa|ag|co)\b)"
        r"|\bcash (?:[a-z]{3}|in lieu)$|^-?(?:[a-z]{3}) cash-?$"
        rf"|^{_NATION} ?(?:{_MONEY})(?: ?(?:cash|balance|currency|\([a-z]{{3}}\)|[a-z]{{3}}))?$|^(?:{_MONEY})$|^(?:{_CODES})$"
        r"|^[a-z]{3} (?:currency|balance|spot)\b|\b[a-z]{3} balance with\b|^\$ ?(?:usd|cash)\b|^pound sterling|^[a-z]{3} - "
        rf"(?:{_NATION} )?(?:{_MONEY})$"
        r"|\bpayables?\b|\breceivables?\b|\bnet other assets\b|\bnet (?:current )?assets\b|\bliabilities\b|\baccrued\b|\bcollateral\b"
        r"|\bmargin (?:account|deposit|balance)\b|\b(?:variation|initial|futures) margin\b|\bdue (?:to|from) broker\b|\btime deposits?\b"
        r"|\brepurchase agreements?\b|\brepo\b|\bdeposits? (?:with|at)\b|\bsweep\b|\bstif\b|\bshort[- ]term invest\w+ (?:fund|trust|co)\w*"
        r"|\bmoney[- ]?(?:market|mkt)\b|\bmmkt\b|\bmmf\b|\bliquidity (?:fund|funds|portfolio|series|tempfund)\b|\btempfund\b|\bt-?fund\b"
        r"|\bblk c(?:a)?sh (?:fnd|fund)\b|\bfirst american (?:government|treasury|govt|us treasury|treas|gov)\b"
        r"|\b(?:govt?|government|treasury|trea?s\w*|trsry|trsy|tr?sy|agency|us trsry|prime) "
        r"(?:& agency |and agency |agency |securities |sec )?(?:oblig\w*|ob|money|mm|cash|inst\w*|select|securities cash|capital|cap|portfolio|"
        r"fund|fd|trust instruments|only|reserves?|port|plus)\b"
        r"|\bdreyfus\b|\bgoldman (?:sachs )?(?:fs|finl|financial) sq\w*\b|\bgoldman (?:sachs )?fs\b|\bfidelity (?:inv\w* )?(?:government|treasury|mmkt)"
        r"|\bus (?:gov|govt) money\b|\binvesco (?:government|treasury|premier|private (?:government|prime))\b|\bstate street navigator\b"
        r"|\bmount vernon liquid\b|\binstitutional (?:government|treasury|liquid)\w*\b|\bcash (?:fund|trust|portfolio|liquidity)\b"
        r"|\bcash mgmt\b|\bsecurities lending\b|\bborrow(?:ed|ing)s?\b$|\bdividends? (?:receivable|payable)\b|\bbarmittel\b|\bkasse\b",
    ),
    (
        AssetClass.FIXED_INCOME,
        r"\b(?:united states|u\.?s\.?a?\.?) treasury\b|\btreasury (?:bills?|notes?|bonds?|strips?|inflation)\b|\bt-?bills?\b"
        r"|^(?:treasury|us) bills?\b|^b \d{1,2}/\d{1,2}/\d{2}\b|\bwi treasury\b|\bclo\b.*\d|\d(?:\.\d+)? ?% \d{1,2}/\d{1,2}/\d{2,4}"
        r"|\d\.\d+ ?%(?!.*\b(?:pfd|preferred|pref|cum)\b)|\d{1,2}\.\d{2,3}%? (?:due )?\d{1,2}/\d{1,2}/\d{2,4}|\bcommercial paper\b|\bfederal home loan\b|\bcertificates? of deposit\b",
    ),
    (
        AssetClass.FUND,
        r"\betfs?\b|\betns?\b|\bexchange[- ]traded (?:fund|note)|\bucits\b|\b(?:index|mutual) fund\b|^ishares\b|^spdr\b"
        r"|\bclosed[- ]end fund\b|^(?:proshares|direxion daily|graniteshares)\b|\b(?:bitcoin|ethereum|gold|silver) (?:mini )?trust\b",
    ),
    (
        AssetClass.OTHER,
        r"^dummy\b|\bplaceholder\b|^test (?:security|row)\b|\bspv exposure\b|^(?:bitcoin|ethereum|ether|solana|xrp)$",
    ),
)
"""Words in a row's name, where the issuer gives no class."""

LEVERAGED = re.compile(r"\b(?:bull|bear|long|short|inverse)\b.*\b[-+]?[1-5](?:\.\d+)?x\b", re.IGNORECASE)
"""A line without ticker named like the fund's own leverage is the swap that makes it."""

CASH_TICKER = re.compile(
    rf"-?(?:{_CODES}) ?CASH-?|-?CASH[-_ &]?(?:{_CODES}|OTHER)-?|(?:CASH|ETD|MARGIN|MARGIN_CASH)_[A-Z]{{3}}|CASH ?& ?OTHER|XTSLA",
    re.IGNORECASE,
)
"""Tickers that only cash has; a bare currency code is not among them: COP is ConocoPhillips."""
CONTRACT_TICKER = re.compile(
    r"[0-9A-Z/]{1,6} *\d{6}[CP]\d{8}|\S+ \d{6} [CP] [\d.]+|.* (?:TRS|SWAP|COMDTY|CURNCY|INDEX)\b.*",
    re.IGNORECASE,
)
FUTURE_TICKER = re.compile(r"[A-Z]{2,4}[FGHJKMNQUVXZ]\d{1,2}", re.IGNORECASE)
FUTURE_NAME = re.compile(rf"{_MONTHS} ?'?\d{{2}}\b|\bfuture\b|\be-?mini\b", re.IGNORECASE)
"""A futures code is a ticker like any other; with a delivery month in the name it is a contract."""

CONTRACT_NAME = re.compile(r".*\b\d{1,2}/\d{1,2}/\d{2} [CP]\d.*", re.IGNORECASE)

_CUSIP = re.compile(r"[0-9A-HJ-NP-Z]{5}[0-9A-Z*@#]{3}\d", re.IGNORECASE)
_SEDOL = re.compile(r"[0-9B-DF-HJ-NP-TV-Z]{6}\d", re.IGNORECASE)
_ISIN = re.compile(r"[A-Z]{2}[0-9A-Z]{9}\d", re.IGNORECASE)
_FIGI = re.compile(r"BBG[0-9B-DF-HJ-NP-TV-Z]{9}", re.IGNORECASE)
_WEAK = re.compile(
    r"\b(?:inc|corp|corporation|ltd|limited|plc|n\.?v|s\.?a|ag|se|co|company|holdings?|group|asa|ab|oyj|spa|reit)\b\.?",
    re.IGNORECASE,
)


def of_flag(text: str) -> AssetClass | None:
    """Return the class that an issuer's own word means, if it means one.

    >>> [of_flag(t) for t in ("Cash Collateral and Margins", "DOMESTIC COMMON STOCK", "Cash and/or Derivatives")]
    [<AssetClass.CASH: 'cash'>, <AssetClass.EQUITY: 'equity'>, None]
    """
    text = stated(text).replace("_", " ")
    if not text or BOTH.search(text):
        return None
    return _first(FLAGS, text)


def of_name(name: str, ticker: str = "", identifiers: Sequence[str] = ()) -> AssetClass | None:
    """Return the class that a row's name and ticker mean, None if they mean none.

    >>> of_name("FIRSTCASH HOLDINGS INC", "FCFS"), of_name("NEW TAIWAN DOLLAR", "TWD")
    (None, <AssetClass.CASH: 'cash'>)
    """
    name, ticker = stated(name), stated(ticker)
    if CONTRACT_TICKER.fullmatch(ticker) or CONTRACT_NAME.fullmatch(name):
        return AssetClass.DERIVATIVE
    if FUTURE_TICKER.fullmatch(ticker) and FUTURE_NAME.search(name):
        return AssetClass.DERIVATIVE
    if ticker.upper() == "DUMMY":
        return AssetClass.OTHER
    if _is_cash_ticker(ticker, name, identifiers):
        return AssetClass.CASH
    found = _first(NAMES, name)
    if found is None and not ticker and LEVERAGED.search(name):
        return AssetClass.DERIVATIVE
    if found is AssetClass.CASH and ticker and _is_company(name, identifiers):
        return None
    return found


def is_cash_sector(sector: str) -> bool:
    """Whether an issuer's sector column says that the row is no security but cash."""
    return bool(SECTOR_CASH.fullmatch(stated(sector)))


def _first(rules: Rules, text: str) -> AssetClass | None:
    lower = text.lower()
    return next((asset_class for asset_class, words in rules if words.search(lower)), None)


def _is_cash_ticker(ticker: str, name: str, identifiers: Sequence[str]) -> bool:
    if not name and ticker.upper() in CASH_ALONE:
        return True
    if ticker.upper() in CURRENCIES:
        return any("CASH" in one.upper() or one.upper() == ticker.upper() for one in identifiers)
    return bool(CASH_TICKER.fullmatch(ticker)) and not _is_company(name, identifiers)


def _is_company(name: str, identifiers: Sequence[str]) -> bool:
    """Whether a name has a company's legal form and a security's identifier stands beside it."""
    return bool(_WEAK.search(name)) and any(
        form.fullmatch(one) for one in identifiers for form in (_CUSIP, _SEDOL, _ISIN, _FIGI)
    )
