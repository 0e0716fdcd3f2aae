"""Parse the text of cells: numbers, percentages, dates, and placeholders for a missing value.

A cell of a spreadsheet may hold a number or a date and no text. ``Typed`` is such a cell as text that
keeps the value, so that one reader serves text files and typed cells: what it displays is matched as
text, and its number is never parsed from digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from betaneutral_xl.system.patterns import Pattern

MISSING = frozenset(
    {
        "",
        "-",
        "--",
        "---",
        "\u2013",
        "\u2014",
        "n/a",
        "#n/a",
        "#n/a n/a",
        "null",
        "none",
        "nil",
        "unassigned",
        "not applicable",
    }
)
"""Cells that mean a missing value; ``NA`` is not one, because it is a ticker."""


class Typed(str):
    """The text of a cell that holds a number or a date, with the ``value`` itself.

    >>> Typed.of(0.1 + 0.2).value, str(Typed.of(700.0)), str(Typed.of(date(2025, 11, 18)))
    (0.30000000000000004, '700', '2025-11-18')
    """

    __slots__ = ("value",)
    value: float | date

    @classmethod
    def of(cls, value: float | date) -> Typed:
        """Return a cell's value as text: a whole number without a point, a date in ISO format."""
        if isinstance(value, date):
            text = value.isoformat()
        elif value.is_integer() and abs(value) < LARGEST_NUMBER:
            text = f"{value:.0f}"
        else:
            text = repr(value)
        cell = cls(text)
        cell.value = value
        return cell


LARGEST_NUMBER = 1e18
"""A number from here on is larger than any amount, and is not read."""

MAX_FORMULA_LENGTH = 200
CACHED_LENGTH = 64
_FORMULA = Pattern(
    r"""=\s*(?:"(?P<quoted>[^"]*)"|(?:T|TEXT|DOLLAR|VALUE)\(\s*"?(?P<inner>[^"(),]*)"?\s*(?:,[^)]*)?\))\s*""",
    re.IGNORECASE,
)


_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0xFE6A: ord("%")}
"""Letters, digits and signs as wide as a Chinese or Japanese one, and those that they stand for."""


def clean(text: str) -> str:
    """Return a cell's text without surrounding blanks, extracted from a formula that only quotes it.

    Excel's apostrophe before text goes, too, and full-width characters become ordinary ones.

    >>> clean(" MSFT "), clean('="ASML"'), clean("=DOLLAR(13746455.09)"), clean("'005930")
    ('MSFT', 'ASML', '13746455.09', '005930')
    """
    return _clean_short(text) if len(text) <= CACHED_LENGTH else _clean(text)


def _clean(text: str) -> str:
    if "&" in text and ";" in text:
        from html import unescape

        text = unescape(text)  # FlexShares writes &#38;
    text = " ".join(text.split())  # no-break spaces are blanks too
    if not text.isascii():
        text = text.replace("\u200b", "").replace("\ufeff", "").translate(_FULL_WIDTH).strip()
    if text.startswith("=") and len(text) < MAX_FORMULA_LENGTH:
        quoted = _FORMULA.fullmatch(text)
        return (quoted["quoted"] or quoted["inner"] or "").strip() if quoted else text
    return text.removeprefix("'")


_clean_short = lru_cache(maxsize=2**14)(_clean)
"""Cached, because a cell is read several times."""


def cell_text(text: str) -> str:
    """Return the cleaned text of a cell, empty if it is a placeholder for a missing value."""
    return _cell_text_short(text) if len(text) <= CACHED_LENGTH else _cell_text(text)


def _cell_text(text: str) -> str:
    text = clean(text)
    return "" if text.casefold() in MISSING else text


_cell_text_short = lru_cache(maxsize=2**14)(_cell_text)


# ------------------------------------------------------------------ numbers

_DECORATION = Pattern(r"[\s$€£¥₩₹%'\u2019]|\b(?:USD|EUR|GBP|CAD|CHF|JPY|HKD|AUD|US)\b")
_INNER_BLANK = Pattern(r"\d\s+\d")
_MINUS = str.maketrans(dict.fromkeys("\u2212\u2013\u2010\u2011\u2012\u2014\ufe63\u2796", "-"))
_DOT = Pattern(
    r"[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}|\d+)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?",
    re.ASCII,
)
_COMMA = Pattern(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_CERTAIN_COMMA = Pattern(
    r"[+-]?(?:\d{1,3}(?:\.\d{3})+,\d+|0?,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3}){2,}"
    r"|\d+,(?:\d{1,2}|\d{4,})(?:[eE][+-]?\d+)?)"
)
_CERTAIN_DOT = Pattern(
    r"[+-]?(?:\d{1,3}(?:,\d{3})+\.\d*|0?\.\d+|\d{1,3}(?:,\d{3}){2,}"
    r"|\d+\.(?:\d{1,2}|\d{4,})(?:[eE][+-]?\d+)?)"
)


def number(text: str, *, decimal_comma: bool = False) -> float | None:
    """Return the number in a cell, None if it has none.

    Currency signs, thousands separators and a percent sign are removed (for the percent sign see
    ``is_percentage``); parentheses and any kind of minus sign make the number negative.

    >>> [number(t) for t in ("$-8,057,353", "(1,234.5)", "-$98,250", "2.37E-07", "--", "12.1%", "nan")]
    [-8057353.0, -1234.5, -98250.0, 2.37e-07, None, 12.1, None]
    >>> number("1.234,56", decimal_comma=True)
    1234.56
    """
    if isinstance(text, Typed):
        return _typed_number(text)
    return _number(text if len(text) <= CACHED_LENGTH else clean(text)[:CACHED_LENGTH], decimal_comma)


@lru_cache(maxsize=65_536)  # a table is parsed in several passes
def _number(text: str, decimal_comma: bool) -> float | None:  # noqa: FBT001 - the cache is faster without names
    text = cell_text(text)
    if not text or len(text) > 40:  # noqa: PLR2004 - longer than any amount
        return None
    digits = _bare(text)
    form = _COMMA if decimal_comma else _DOT
    if not form.fullmatch(digits) or not any(one.isdigit() for one in digits):
        return None
    digits = digits.replace(".", "").replace(",", ".") if decimal_comma else digits.replace(",", "")
    try:
        value = float(digits)
    except ValueError:  # "e5", or digits of another script
        return None
    return value if abs(value) < LARGEST_NUMBER else None


def _typed_number(cell: Typed) -> float | None:
    value = cell.value
    return value if isinstance(value, float) and abs(value) < LARGEST_NUMBER else None


def _bare(text: str) -> str:
    digits = _DECORATION.sub("", text.translate(_MINUS))
    if digits.startswith("(") and digits.endswith(")"):
        digits = "-" + digits[1:-1].lstrip("-")
    if digits.endswith("-"):
        digits = "-" + digits[:-1]
    return digits


def has_inner_blank(text: str) -> bool:
    """Whether a blank separates digits, as in ``4 7``: of a regular table it is a slip, not a thousand."""
    return _INNER_BLANK.search(text) is not None


def is_percentage(text: str) -> bool:
    """Whether a cell has a percent sign."""
    return "%" in text or (not text.isascii() and "%" in text.translate(_FULL_WIDTH))


def uses_decimal_comma(texts: Iterable[str], small: Iterable[str] = (), *, otherwise: bool = False) -> bool:
    """Whether the numbers of a table have a decimal comma, by majority of the unambiguous cells.

    ``0,0483`` and ``1.234,5`` are unambiguous, ``1,234`` is not, unless it is one of the ``small``
    numbers, which have no thousands separators. ``otherwise`` is the answer if there is no majority.

    >>> uses_decimal_comma(["1,234"]), uses_decimal_comma(["1,234", "0,5"]), uses_decimal_comma([], ["1,234"])
    (False, True, True)

    A ``Typed`` number has no separators, and does not count.
    """
    balance = 0
    for text in texts:
        if isinstance(text, Typed):
            continue
        digits = _bare(cell_text(text))
        balance += bool(_CERTAIN_COMMA.fullmatch(digits)) - bool(_CERTAIN_DOT.fullmatch(digits))
    for text in small:
        if isinstance(text, Typed):
            continue
        separators = [one for one in _bare(cell_text(text)) if one in ",."]
        balance += (separators == [","]) - (separators == ["."])
    return balance > 0 if balance else otherwise


# ------------------------------------------------------------------ dates

_MONTH_NAMES = (
    "jan january januar januari janner jaenner janv janvier gen gennaio ene enero janeiro",
    "feb february februar februari fev fevr fevrier febbraio febrero fevereiro",
    "mar march mrz maerz marz maart mars marzo marco",
    "apr april avr avril aprile abr abril",
    "may mai mag maggio mayo maio mei",
    "jun june juni juin giu giugno junio junho",
    "jul july juli juil juillet lug luglio julio julho",
    "aug august augustus aou aout ago agosto",
    "sep sept september septembre set settembre septiembre setembro",
    "oct october okt oktober octobre ott ottobre octubre outubro out",
    "nov november novembre noviembre novembro",
    "dec december dez dezember decembre dic dicembre diciembre dezembro",
)
"""Names of the months without accents: English, German, Dutch, French, Italian, Spanish, Portuguese."""
_MONTHS = {name: index for index, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_MONTH = r"(?P<name>[^\W\d_]{3,10})\.?"
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>(?:19|20)\d{2})"
_DATES = tuple(
    Pattern(rf"(?<![A-Za-z\d.]){form}(?![\d.]*\d)")
    for form in (
        rf"{_YEAR}[-/._](?P<month>\d{{1,2}})[-/._]{_DAY}",
        rf"{_MONTH}[ -]?{_DAY}(?:st|nd|rd|th)?(?:, ?| |-){_YEAR}",
        rf"{_YEAR}[-/. ]{_MONTH}[-/. ]{_DAY}",
        rf"{_DAY}(?:st|nd|rd|th|er|[º°])?(?: de )?[-. /]{{0,2}}{_MONTH}(?: de )?[-., /]{{0,2}}{_YEAR}",
        rf"{_DAY}(?P<mark>[-/]){_MONTH}(?P=mark)(?P<year>\d{{2}})",  # Excel's format when it saves CSV
        r"(?P<first>\d{1,2})(?P<separator>[-/._])(?P<second>\d{1,2})(?P=separator)(?P<year>(?:19|20)\d{2}|\d{2})",
        r"(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])",
        r"(?P<first>0[1-9]|1[0-2])(?P<separator>)(?P<second>0[1-9]|[12]\d|3[01])(?P<year>20\d{2})",
    )
)
_SERIAL = Pattern(r"[2-7]\d{4}(?:\.\d+)?")
YEARS = (1990, 2100)
"""Range of plausible years of a holdings file."""
_EPOCH = date(1899, 12, 30)
"""Day 0 of Excel's serial dates from March 1900 on."""


def dates_in(text: str, *, day_first: bool = False) -> list[date]:
    """Return the dates in a text, in its order; an ambiguous date is read month first, as in the US.

    ``day_first`` reads ``10/04/2026`` as 10 April, as everywhere else.

    >>> [d.isoformat() for d in dates_in("Fund Holdings as of Dec 06, 2024; was 8/11/2026 12:00:00 AM")]
    ['2024-12-06', '2026-08-11']
    >>> [d.isoformat() for d in dates_in("10-May-2024 / 31.12.2025 / 2026-02-12")]
    ['2024-05-10', '2025-12-31', '2026-02-12']
    >>> [str(d) for d in dates_in("20.Juli2026, 1er août 2026, 10/set/2026; 10/04/2026", day_first=True)]
    ['2026-07-20', '2026-08-01', '2026-09-10', '2026-04-10']
    """
    found: dict[int, date] = {}
    text = text[:2000]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    for form in _DATES:
        for match in form.finditer(text):
            day = _date(match, day_first=day_first)
            if day is not None and not any(start <= match.start() < start + 6 for start in found):
                found[match.start()] = day
    return [found[start] for start in sorted(found)]


def date_of(text: str, *, day_first: bool = False) -> date | None:
    """Return the first date in a cell, or that of an Excel serial number; None if there is none."""
    text = clean(text)
    if _SERIAL.fullmatch(text):
        return _EPOCH + timedelta(days=int(float(text)))
    return next(iter(dates_in(text, day_first=day_first)), None)


def _month(name: str) -> int:
    """Return the number of a month's name, 0 if it is none; accents do not count."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return _MONTHS.get("".join(one for one in plain if not unicodedata.combining(one)), 0)


def _date(match: re.Match[str], *, day_first: bool) -> date | None:
    parts = match.groupdict()
    year = int(parts["year"])
    year += 2000 if year < 100 else 0  # noqa: PLR2004 - two digits
    if "first" in parts:
        month, day = int(parts["first"]), int(parts["second"])
        european = parts["separator"] == "." or (day_first and day <= 12)  # noqa: PLR2004 - months
        if european or month > 12:  # noqa: PLR2004 - months
            month, day = day, month
    else:
        month = int(parts["month"]) if "month" in parts else _month(parts["name"])
        day = int(parts["day"])
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if YEARS[0] <= year <= YEARS[1] else None
