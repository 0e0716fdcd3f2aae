"""Options and futures by the spelling of their symbols and names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from betaneutral_xl.system.patterns import Pattern

MAX_LENGTH = 100
"""Characters of a symbol or a name that are matched."""

_MONTH = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_SIDE = "(?:C|P|CALL|PUT)"
_DAY = (
    r"(?:\d{1,2}/\d{1,2}/\d{2,4}|\d{4}-\d{2}-\d{2}"
    rf"|\d{{1,2}} ?{_MONTH} ?'?\d{{2,4}}|{_MONTH} ?\d{{1,2}},? ?'?\d{{2,4}})"
)
"""An expiry: ``01/16/2026``, ``16JAN26``, ``Jan16'26``, ``JAN 16 2026``, ``Jan 16 '26``."""

OPTION = Pattern(
    r"[-.]{0,2}[0-9A-Z./]{1,6} *\d{6}[CP] ?\d{1,8}(?:\.\d+)?"
    rf"|.*\b{_DAY} (?:\$?[\d.,]+ ?{_SIDE}|{_SIDE} ?\$?\d[\d.,]*)(?!\w).*"
    r"|.*\$[\d.,]+ (?:CALL|PUT)\b.*|(?:CALL|PUT) .*\bEXP\b.*",
    re.IGNORECASE,
)
"""Brokers' spellings of an option: the clearing house's symbol, or underlying, day, strike and side."""

FUTURE = Pattern(
    r"/[A-Z0-9]{1,4}(?:[FGHJKMNQUVXZ]\d{1,2})?(?::[A-Z]+)?"
    r"|[A-Z]{1,3} ?(?:[FGHJKMNQUVXZ]\d{1,2}|\d) (?:INDEX|COMDTY|CURNCY)"
    rf"|[A-Z0-9]{{1,5}} {_MONTH}\d{{1,2}}'\d{{2}}(?: @?\w+)?|[A-Z0-9]{{1,5}} \d{{1,2}}{_MONTH}\d{{2}}",
    re.IGNORECASE,
)
"""Spellings of a future: ``/ESZ25``, ``ES Dec19'25 @CME``, ``ES 19DEC25``, Bloomberg's ``ESZ5 Index``."""

_SYMBOL = Pattern(
    r"[-.]{0,2}(?P<underlying>[A-Z][A-Z./]{0,5}?)\d? *\d{6}[CP] ?(?P<strike>\d{1,8}(?:\.\d+)?)", re.IGNORECASE
)
_STRIKE_FIRST = Pattern(rf"\$?(?P<strike>\d[\d.,]*) ?{_SIDE}(?!\w)", re.IGNORECASE)
_SIDE_FIRST = Pattern(rf"\b{_SIDE} ?\$?(?P<strike>\d[\d.,]*)", re.IGNORECASE)
_UNDERLYING = Pattern(r"(?P<underlying>[A-Z][A-Z./]{0,5})(?= )")
THOUSANDTHS = 8
"""Digits of a strike that the clearing house prints in thousandths."""


@lru_cache(maxsize=4096)
def is_option(text: str) -> bool:
    """Return whether a symbol or a name is an option's.

    >>> is_option("NVDA  260116C00200000"), is_option("AAPL 01/16/2026 250.00 C"), is_option("NVDA")
    (True, True, False)
    """
    return bool(OPTION.fullmatch(text.strip()[:MAX_LENGTH]))


@lru_cache(maxsize=4096)
def is_future(text: str) -> bool:
    """Return whether a symbol is a future's.

    >>> is_future("/ESZ25"), is_future("ES Dec19'25 @CME"), is_future("BRK/B")
    (True, True, False)
    """
    return bool(FUTURE.fullmatch(text.strip()[:MAX_LENGTH]))


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """The underlying's ticker (empty if it is not printed) and the strike of an option."""

    underlying: str
    strike: float


@lru_cache(maxsize=4096)
def option_terms(text: str) -> OptionTerms | None:
    """Return the terms that an option's symbol or name prints, None if it prints no strike.

    >>> option_terms("-NVDA260116C200"), option_terms("BRK.B 1/16/2026 Call $500.00")
    (OptionTerms(underlying='NVDA', strike=200.0), OptionTerms(underlying='BRK.B', strike=500.0))
    """
    text = text.strip()[:MAX_LENGTH].upper()
    symbol = _SYMBOL.fullmatch(text)
    if symbol:
        digits = symbol["strike"]
        strike = float(digits) / (1000.0 if len(digits) == THOUSANDTHS else 1.0)
        return OptionTerms(symbol["underlying"].strip("."), strike)
    found = _SIDE_FIRST.search(text) or _STRIKE_FIRST.search(text)
    if found is None:
        return None
    try:
        strike = float(found["strike"].replace(",", "").rstrip("."))
    except ValueError:
        return None
    named = None if text.startswith(("CALL ", "PUT ")) else _UNDERLYING.match(text)
    return OptionTerms(named["underlying"] if named else "", strike)
