"""Columns of days: ISO dates, what Excel makes of them, and its serial numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import pairwise

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.model.printed import Typed, clean, date_of
from betaneutral_xl.system.patterns import Pattern

YEARS = (1900, 2200)
"""Range of the years that a day may have."""

_PARTS = Pattern(
    r"(?P<first>\d{1,2})(?P<separator>[-/.])(?P<second>\d{1,2})(?P=separator)(?P<year>\d{4}|\d{2})(?:[ T].*)?"
)
LAST_MONTH = 12
CENTURY = 100
PIVOT = 70
"""Two digits of a year from here on are of the last century."""


def days_of(texts: Sequence[str], where: Callable[[int], str], *, in_order: bool = False) -> list[date]:
    """Return the days of a column; the order of day and month is decided once, by all its cells.

    Cells are ISO dates, dates as Excel writes them (``6/30/2026``, ``30.06.2026``, ``30-Jun-26``), or serial
    numbers. A time is left out: the day is that of the cell's own time zone. ``where`` describes the place of
    a cell by its index, for messages.

    With ``in_order``, the days of a table follow each other. Then days that do not, beside dates whose day
    and month could be exchanged, are refused: Excel exchanges them up to the 12th, and leaves the others.

    Raises
    ------
    UnreadableFile
        If a cell is not a day, or all days and months of the column could be exchanged.

    """
    day_first: bool | None = None
    found = []
    for i, text in enumerate(texts):
        day = _iso(text)
        if day is None:
            parts = _PARTS.fullmatch(clean(text))
            if parts is not None and day_first is None:
                day_first = _day_first(texts, where)
            day = date_of(text) if parts is None else _ordered(parts, day_first=bool(day_first))
        if day is None or not YEARS[0] <= day.year <= YEARS[1]:
            msg = f"{where(i)}: {text[:40]!r} is not a date like 2026-06-30. Write dates as year-month-day."
            raise UnreadableFile(msg)
        found.append(day)
    if in_order and day_first is not None:
        _refuse_exchanged(texts, found, where)
    return found


def _refuse_exchanged(texts: Sequence[str], days: Sequence[date], where: Callable[[int], str]) -> None:
    steps = [after >= before for before, after in pairwise(days)]
    falling = 2 * sum(steps) < len(steps)
    wrong = next((i for i, step in enumerate(steps, start=1) if step == falling), None)
    if wrong is not None and days[wrong] != days[wrong - 1]:
        msg = (
            f"{where(wrong)}: {texts[wrong][:40]!r} after {texts[wrong - 1][:40]!r} is out of order, so that "
            "some days and months may be exchanged. Write dates as year-month-day, or sort them."
        )
        raise UnreadableFile(msg)


def _iso(text: str) -> date | None:
    if isinstance(text, Typed) and isinstance(text.value, date):
        return text.value
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError:
        return None


def _ordered(parts: re.Match[str], *, day_first: bool) -> date | None:
    first, second, year = (int(parts[name]) for name in ("first", "second", "year"))
    if len(parts["year"]) == 2:  # noqa: PLR2004 - two digits
        year += CENTURY * (19 if year >= PIVOT else 20)
    day, month = (first, second) if day_first else (second, first)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day_first(texts: Sequence[str], where: Callable[[int], str]) -> bool:
    """Whether the day is before the month: with dots it is; else a number above 12 decides."""
    matches = [(i, match) for i, text in enumerate(texts) if (match := _PARTS.fullmatch(clean(text)))]
    if any(match["separator"] == "." for _, match in matches):
        return True
    days_before = [i for i, match in matches if int(match["first"]) > LAST_MONTH]
    days_after = [i for i, match in matches if int(match["second"]) > LAST_MONTH]
    if bool(days_before) != bool(days_after):
        return bool(days_before)
    i = (days_before or [i for i, _ in matches])[0]
    why = "day and month are in both orders" if days_before else "day and month could be exchanged"
    msg = f"{where(i)}: of dates like {texts[i][:40]!r} {why}. Write dates as year-month-day."
    raise UnreadableFile(msg)
