"""Classify the rows of a holdings file: by the issuer's asset class first, by the row's name last.

Names mislead: FirstCash, Dollar General and Posco Future M are companies, and a money market fund
is called "Government Obligations". So a name decides only if the issuer gives no class, only whole
words match, and words for cash are overridden by a company's legal form with a security identifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.model.printed import cell_text
from betaneutral_xl.model.tickers import CURRENCIES
from betaneutral_xl.system.patterns import Pattern

MAX_NAME_LENGTH = 100
"""Characters of a name that are read."""

CASH_ALONE = frozenset({"CASH", "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "HKD", "CNY"})
"""Tickers of cash in a table without names; not CLP, COP or TRY, which are companies' tickers."""

Rules = tuple[tuple[AssetClass, Pattern, Pattern], ...]
"""Of each class, what is searched for in a text, and what it may begin with."""

NOTHING = r"(?!)"


class Phrases:
    """What is searched for in a text for each class; the first class that has a match is the text's.

    Case-sensitive patterns with one common word boundary, and those of a text's beginning apart from the
    others, are many times faster, and a file has thousands of names.

    Parameters
    ----------
    phrases
        The patterns of each class, for text in lower case.

    """

    def __init__(self, phrases: Mapping[AssetClass, Sequence[str]]) -> None:
        self.phrases = phrases

    @cached_property
    def rules(self) -> Rules:
        """The patterns, with those of one kind together."""
        return tuple((asset_class, *_joined(patterns)) for asset_class, patterns in self.phrases.items())

    def first_match(self, text: str) -> AssetClass | None:
        """Return the first class with a match in a text, None if there is none."""
        lower = text.lower()
        return next(
            (one for one, words, first in self.rules if words.search(lower) or first.match(lower)), None
        )


def _joined(patterns: Iterable[str]) -> tuple[Pattern, Pattern]:
    """Return what is searched for in a text, and what it may begin with."""
    alternatives = [one for pattern in patterns for one in _alternatives(pattern)]
    at_word = [one.removeprefix(r"\b") for one in alternatives if one.startswith(r"\b")]
    first = [one.removeprefix("^") for one in alternatives if one.startswith("^")]
    elsewhere = [one for one in alternatives if not one.startswith((r"\b", "^"))]
    searched = [rf"\b(?:{'|'.join(at_word) or NOTHING})", *elsewhere]
    return Pattern("|".join(searched)), Pattern("|".join(first) or NOTHING)


def _alternatives(pattern: str) -> list[str]:
    """Split a pattern at the bars outside brackets."""
    parts, depth = [""], 0
    for piece in re.findall(r"\\.|\[(?:\\.|[^\]])*\]|[()|]|[^\\\[()|]+", pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


FLAGS = Phrases(
    {
        AssetClass.DERIVATIVE: (
            r"\b(?:futures?|forwards?|swaps?|options?|opts?|fut|fop|call|put|trs|cfd)\b",
            r"\b(?:derivatives?|derivate|terminkontrakte?|fx|sw)\b",
            r"\b(?:dérivés?|derivati|derivados?|futuros?|opciones|opzioni)\b",
        ),
        AssetClass.CASH: (
            r"\b(?:cash|money ?market|mmf|mm|currency|currencies|cu|collateral|margins?)\b",
            r"\b(?:repo|repurchase|stif|(?:time )?deposits?|short[- ]term invest\w*|sweep|liquidity)\b",
            r"\b(?:payables?|receivables?|other assets|net other)\b",
            r"\b(?:bargeld|geldmarkt\w*|barmittel|kasse|liquidität|bankguthaben|zahlungsmittel)\b",
            r"\b(?:liquidit(?:és?|à)|contanti|espèces|trésorerie|monétaire|monetario|efectivo|liquidez)\b",
        ),
        AssetClass.FUND: (
            r"\b(?:etfs?|etps?|exchange[- ]traded|mutual funds?|funds?|fonds|ucits)\b",
            r"\b(?:open[- ]end\w*|closed[- ]end\w*|investment compan\w+)\b",
        ),
        AssetClass.EQUITY: (
            r"\b(?:equit(?:y|ies)|stocks?|stk|common|ordinary|pref\w*|shares?|aktien?|savings"
            r"|closely held)\b",
            r"\b(?:adrs?|gdrs?|nvdrs?|depos[ia]t[oa]ry|ny reg\w*|registry|tracking|units?)\b",
            r"\b(?:reits?|real estate investment)\b",
            r"\b(?:rights?|warrants?|cvrs?|escrow|partnership|mlps?|royalty)\b",
            r"\b(?:ec|ep|eq|fs)\b",
            r"\b(?:azion[ei]|azionari[oa]|actions?|acciones|renta variable)\b",
        ),
        AssetClass.FIXED_INCOME: (
            r"\b(?:fixed income|fi|bonds?|debt|dbt|debentures?|loans?|notes?|bills?|t-?bills?)\b",
            r"\b(?:treasur(?:y|ies)|government|govt|agency|municipals?|muni|corporates?)\b",
            r"\b(?:mortgage\w*|mbs|abs|cmbs|clo|commercial paper|certificate of deposit)\b",
            r"\b(?:anleihen?|renten|obligation\w*|obbligazion\w*|obligacion\w*|renta fija)\b",
        ),
        AssetClass.OTHER: (r"\b(?:placeholder|dummy|other|sonstige\w*|crypto\w*|commodit\w+|private)\b",),
    }
)
"""Patterns for an issuer's asset class column."""

SEC_CODES = {
    **dict.fromkeys(("EC", "EP"), AssetClass.EQUITY),
    **dict.fromkeys(("DE", "DFE", "DIR", "DCR", "DCO", "DO"), AssetClass.DERIVATIVE),
    **dict.fromkeys(
        ("DBT", "LON", "SN", "ABS-MBS", "ABS-APCP", "ABS-CBDO", "ABS-O"), AssetClass.FIXED_INCOME
    ),
    **dict.fromkeys(("STIV", "RA"), AssetClass.CASH),
    **dict.fromkeys(("COMM", "RE"), AssetClass.OTHER),
}
"""Asset categories of the SEC's Form N-PORT, item C.4.a."""

_CASH = r"\b(?:cash|liquidit(?:y|és?|à|ät)|barmittel|efectivo)(?!\w)"
_DERIVATIVES = r"\bd[eé]riv(?:atives?|ate|és?|ati|ados?)(?!\w)"
BOTH = Pattern(rf"{_CASH}.*{_DERIVATIVES}|{_DERIVATIVES}.*{_CASH}", re.IGNORECASE)
"""iShares' "Cash and/or Derivatives" names two classes; the row's name decides between them."""

CASH_SECTOR = Pattern(
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

_ISSUER_WORDS = (
    r"united states(?: of america)?|u\.?s\.?a?\.?|u\.?k\.?|united kingdom|great britain|canad(?:a|ian)|japan"
    r"|german[y]?|deutschland|france|french|ital(?:y|ian)|spain|spanish|australian?|netherlands|belgium|austria"
    r"|mexic(?:o|an)|brazil|korea|sweden|switzerland|swiss|ireland|portugal|poland|china|india|israel"
    r"|european union|ontario|quebec"
)
_ISSUER = rf"(?:{_ISSUER_WORDS})(?: \(?(?:republic|kingdom|government|govt|treasury|tsy|treas)\)?(?: of)?)?"
"""Governments, in a name that goes on with a kind of debt."""
_COUPON = r"(?:[01]?\d|2[0-5])(?:\.\d+)?(?: \d/\d{1,2})?"
_MATURITY = (
    rf"(?:\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}|\d{{4}}-\d{{2}}-\d{{2}}"
    rf"|\d{{1,2}}[-/. ]?{_MONTH}[a-z]*[-/. ]?\d{{2,4}}|{_MONTH}[a-z]* \d{{1,2}},? \d{{4}})"
)
"""A coupon and a maturity after it make a name that of a bond: ``4 1/8 01/31/27``, ``0.125 31JAN2028``."""

NAMES = Phrases(
    {
        AssetClass.DERIVATIVE: (
            r"\bswaps?\b|\bswps?\b|\btrs\b|^(?:recv|payb|rcv|receive|pay)\b|\bswap(?=[-_/])|[-_/]swap\b"
            r"|\btotal return (?:swap|basket|index)\b"
            r"|\b(?:financing|funding|floating|fixed|equity|receive|recv|pay|long|short) leg\b|\beqs\b"
            r"|\btotal return$|^(?:usd|eur) (?:float\w*|libor|sofr|estr)\b",
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
        AssetClass.CASH: (
            r"^(?:(?:net )?cash|account)$|^cash & cash investments$|^pending (?:activity|transactions?)$"
            r"|^(?:money|cash|bank|deposit|savings|settlement|reference|current|clearing) accounts?\b"
            r"|\b(?:giro|tagesgeld|festgeld|verrechnungs|referenz|cash)?konto\b|^cash balances?\b"
            r"|^held in (?:money market|fcash)",
            r"^(?:usd|us dollar|dollar|fund|net|uninvested|total|restricted|segregated|pledged"
            r"|broker) cash\b",
            r"\bcash ?(?:&|and|/|\+|and/or) ?"
            r"(?:other|(?:cash )?equivalents?|derivatives?|liabilit\w+|receivables?|payables?)\b",
            r"\bcash (?:collateral|margin|balance|account|component|offset|reserves?|deposits?|sweep)\b",
            r"\bcash (?:(?:management|mgmt)(?! bills?\b)|fund|trust|portfolio|liquidity)\b"
            r"|\bcash in lieu$",
            rf"\b(?:{_CODES}) cash\b|\bcash (?:{_CODES})\b|^-?[a-z]{{3}} cash-?$|^\$ ?(?:usd|cash)\b",
            rf"^(?:{_NATION}) ?(?:{_MONEY})(?: ?(?:cash|balance|currency|\([a-z]{{3}}\)|[a-z]{{3}}))?$",
            rf"^(?:{_MONEY})$|^(?:{_CODES})$|^pound sterling"
            rf"|^[a-z]{{3}} - (?:(?:{_NATION}) )?(?:{_MONEY})$",
            r"^[a-z]{3} (?:currency|balance|spot)\b|\b[a-z]{3} balance with\b",
            r"\bother ?/ ?cash\b|\bother (?:assets|payables?|receivables?|liabilities)\b",
            r"\bpayables?\b|\breceivables?\b|\bnet other assets\b|\bnet (?:current )?assets\b"
            r"|\bliabilities\b",
            r"\baccruals?$|\bshort (?:sales? )?proceeds$|\bcredit balance\b",
            r"\baccrued\b|\bcollateral\b|\bdue (?:to|from) broker\b|\bborrow(?:ed|ing)s?$",
            r"\bmargin (?:loan|debit|debt)\b|\b(?:debit|loan) balance\b|^(?:bank )?overdraft$|^debit$",
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
        AssetClass.FUND: (
            r"\betfs?\b|\betns?\b|\bexchange[- ]traded (?:fund|note)|\bucits\b|\bclosed[- ]end fund\b",
            r"\b(?:index|mutual) fund\b|\b(?:bitcoin|ethereum|gold|silver) (?:mini )?trust\b",
            r"^(?:ishares|spdr|proshares|direxion daily|graniteshares)\b",
        ),
        AssetClass.FIXED_INCOME: (
            r"\b(?:united states|u\.?s\.?a?\.?) (?:treasury|treas|tsy)\b|\bwi treasury\b"
            r"|^b \d{1,2}/\d{1,2}/\d{2}\b",
            r"\btreasury (?:bills?|notes?|bonds?|strips?|inflation|n/b|bd|frn|cpn)\b|\bt-?bills?\b"
            r"|^(?:treasury|us) bills?\b|\btreas(?:ury)? (?:disc(?:ount)? )?bills?\b",
            rf"\b(?:{_ISSUER}) (?:\S+ ){{0,3}}(?:bills?|notes?|bonds?|gilts?|strips?|disc|n/b|frn)\b",
            rf"^(?:republic|kingdom|state|government) of (?:{_ISSUER_WORDS})|\b(?:govt?|government) of\b"
            rf"|^(?:{_ISSUER_WORDS})(?: \(?(?:republic|kingdom|government|govt|state)\)?)(?: of)?\b",
            r"\bgilts?\b|\bbundes(?:rep|obl|anl|schatz|wert)\w*|\bbubills?\b|\bbtps?\b|\bschatz\b"
            r"|\bbonos (?:del|y)\b|\bletras del tesoro\b|\bbuoni ordinari\b|\bjgbs?\b",
            r"\d(?:\.\d+)? ?% \d{1,2}/\d{1,2}/\d{2,4}"
            r"|\d{1,2}\.\d{2,3}%? (?:due )?\d{1,2}/\d{1,2}/\d{2,4}",
            rf"\b{_COUPON}(?: ?% ?| )(?:due |vto )?{_MATURITY}(?!\S)",
            r"\b(?:zero|fixed|float\w*|variable|var|0) (?:cpn|coupon)\b|\b(?:zcp|frn)\b"
            r"|\bfloating rate notes?\b",
            r"\d\.\d+ ?%(?!.*\b(?:pfd|preferred|pref|cum)\b)|\bclo\b.*\d",
            r"\bcommercial paper\b|\bfederal home loan\b|\bfed(?:eral)? (?:home ln|farm cr\w*)\b"
            r"|\bdisc(?:ount)? n(?:ote|t)s?\b|\bcash m(?:anagement|gmt) bills?\b"
            r"|\bcertificates? of deposit\b",
            r"\b(?:senior|unsecured|subordinated|convertible|medium term) notes?\b|\bdebentures?\b"
            r"|\bloan participation\b|\b(?:corporate|government|municipal|covered) bonds?\b"
            r"|\bpfandbrief\w*",
        ),
        AssetClass.OTHER: (
            r"^dummy\b|\bplaceholder\b|^test (?:security|row)\b|\bspv exposure\b",
            r"^(?:bitcoin|ethereum|ether|solana|xrp)$",
        ),
    }
)
"""Patterns for a row's name, used if the issuer gives no class."""

LEVERAGED = Pattern(r"\b(?:bull|bear|long|short|inverse)\b.*\b[-+]?[1-5](?:\.\d+)?x\b", re.IGNORECASE)
"""A row without a ticker whose name has a leverage ("Bull 3x") is the swap that provides it."""

CASH_TICKER = Pattern(
    rf"-?(?:{_CODES}) ?cash-?|-?cash[-_ &]?(?:{_CODES}|other)-?|(?:cash|etd|margin|margin_cash)_[a-z]{{3}}"
    r"|cash ?& ?other|xtsla|[a-z]{3}xx\*{0,2}",
    re.IGNORECASE,
)
"""Tickers of cash and money market funds (SPAXX) only; not COP, which is ConocoPhillips."""

CONTRACT_TICKER = Pattern(
    r"[0-9A-Z/]{1,6} *\d{6}[CP]\d{8}|\S+ \d{6} [CP] [\d.]+"
    r"|.*[-_ /](?:TRS|SWAP|SWP|COMDTY|CURNCY|INDEX)\b.*|[0-9A-Z]{6,}(?:TRS|SWAP|SWP)",
    re.IGNORECASE,
)
FUTURE_TICKER = Pattern(r"[A-Z]{2,4}[FGHJKMNQUVXZ]\d{1,2}", re.IGNORECASE)
FUTURE_NAME = Pattern(rf"{_MONTH} ?'?\d{{2}}\b|\bfuture\b|\be-?mini\b", re.IGNORECASE)
"""A futures code alone may be a stock's ticker; with a delivery month in the name it is a contract."""

DELIVERY_MONTH = Pattern(rf"\b\w*{_MONTH} ?'?\d{{2}}$", re.IGNORECASE)
"""A delivery month at the end of the name of a row without identifiers."""

SECURITY_CODES = Pattern(
    r"[0-9A-HJ-NP-Z]{5}[0-9A-Z*@#]{3}\d"  # CUSIP
    r"|[0-9B-DF-HJ-NP-TV-Z]{6}\d"  # SEDOL
    r"|[A-Z]{2}[0-9A-Z]{9}\d"  # ISIN
    r"|BBG[0-9B-DF-HJ-NP-TV-Z]{9}",  # FIGI
    re.IGNORECASE,
)
MONEY_FUND = Pattern(
    r"\b(?:funds?|money ?market|mmkt|oblig\w*|treasury|government|govt|liquidity|deposits?)\b", re.IGNORECASE
)
LEGAL_FORM = Pattern(
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
    if text in SEC_CODES:
        return SEC_CODES[text]
    return None if not text or BOTH.search(text) else FLAGS.first_match(text)


def of_flags(texts: Iterable[str]) -> AssetClass | None:
    """Return the class that several columns give; of STK and ETF, or Equity and SWAP, it is the latter."""
    known = [found for text in texts if (found := of_flag(text)) is not None]
    return next((one for one in known if one is not AssetClass.EQUITY), known[0] if known else None)


def of_name(name: str, ticker: str = "", identifiers: Sequence[str] = ()) -> AssetClass | None:
    """Return the class that a row's name and ticker indicate, None if they indicate none.

    >>> of_name("FIRSTCASH HOLDINGS INC", "FCFS"), of_name("NEW TAIWAN DOLLAR", "TWD")
    (None, <AssetClass.CASH: 'cash'>)
    """
    name, ticker = cell_text(name[:MAX_NAME_LENGTH]), cell_text(ticker[:MAX_NAME_LENGTH])
    found = _of_ticker(ticker, name, identifiers) if ticker else None
    if found is None and name:
        found = NAMES.first_match(name)
    if found is AssetClass.CASH and ticker and _is_company(name, identifiers):
        return None
    if found is not None or ticker:
        return found
    is_contract = LEVERAGED.search(name) or (not identifiers and DELIVERY_MONTH.search(name))
    return AssetClass.DERIVATIVE if is_contract else None


STOCK_TICKER = Pattern(
    r"(?:[A-Z][A-Z&*]{0,12}|[0-9A-Z]{1,6}\*?)(?:[ ./-][A-Z0-9&]{1,3}){0,2}\*?", re.IGNORECASE
)
"""A stock's ticker at any exchange (``BRK/B``, ``2330 TT``, ``BAJAJ-AUTO``); no CUSIP, ISIN or text."""
PLAIN_TICKER = Pattern(r"[A-Z0-9]{1,6}")
"""A stock's ticker that is too short for an identifier."""
EQUITY_WORDS = Pattern(
    r"\b(?:common|ordinary|ord|preferred|pfd|pref|adr|gdr|reg shs|shares?|rights?|rts|warrants?|wts|escrow"
    r"|contra|cvr|contingent value|reit)\b",
    re.IGNORECASE,
)
"""Words of a name that say equity, where the row has neither a ticker nor an identifier."""
_CUSIP = Pattern(r"[0-9A-Z]{5}[0-9A-Z*@#]{3}\d")
_CUSIP_IN_ISIN = Pattern(r"(?:US|CA|BM|KY)([0-9A-Z]{9})\d")
_DIGITS = {one: value for value, one in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#")}


def of_identifiers(name: str, ticker: str, identifiers: Sequence[str]) -> AssetClass:
    """Return the class that a row's ticker and identifiers indicate; unknown if neither is a security's.

    A CUSIP has two digits for the issue of a stock, and a letter among them for that of a bond.

    >>> [str(of_identifiers("", ticker, codes)) for ticker, codes in (("NVDA", ()), ("", ("912797SA6",)))]
    ['equity', 'fixed_income']
    >>> str(of_identifiers("", "EQUITY-BASKET", ()))
    'unknown'
    """
    if not identifiers and PLAIN_TICKER.fullmatch(ticker):
        return AssetClass.EQUITY
    texts = [cell_text(one[:MAX_NAME_LENGTH]).upper() for one in (ticker, *identifiers)]
    issues = [issue for text in texts if (issue := _issue(text))]
    is_stock = STOCK_TICKER.fullmatch(texts[0]) is not None or any(map(_is_code_of_stock, texts))
    if is_stock and (not issues or any(issue.isdigit() for issue in issues)):
        return AssetClass.EQUITY
    if EQUITY_WORDS.search(name[:MAX_NAME_LENGTH]):
        return AssetClass.EQUITY
    return AssetClass.FIXED_INCOME if issues else AssetClass.UNKNOWN


def _is_code_of_stock(text: str) -> bool:
    """Whether a text is a SEDOL, an ISIN or a FIGI, or the CUSIP of a stock."""
    if _CUSIP.fullmatch(text):
        return _issue(text).isdigit()
    return SECURITY_CODES.fullmatch(text) is not None


def _issue(text: str) -> str:
    """Return the number of the issue in a CUSIP, or in the CUSIP of an ISIN; empty if it is none."""
    if len(text) not in {9, 12}:  # of a CUSIP, of an ISIN
        return ""
    inside = _CUSIP_IN_ISIN.fullmatch(text)
    cusip = inside[1] if inside else text
    if not _CUSIP.fullmatch(cusip):
        return ""
    values = [_DIGITS[one] * (1 + i % 2) for i, one in enumerate(cusip[:8])]
    check = -sum(value // 10 + value % 10 for value in values) % 10
    return cusip[6:8] if check == int(cusip[8]) else ""


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


def _is_company(name: str, identifiers: Sequence[str]) -> bool:
    """Whether a row has a company's legal form, no word for a money market fund, and a security code."""
    return (
        bool(LEGAL_FORM.search(name))
        and not MONEY_FUND.search(name)
        and any(map(SECURITY_CODES.fullmatch, identifiers))
    )
