"""What people type as values: numbers, percents, choices, tickers, and what is refused of them.

One parser of each for every front end. ``5`` for ``5%`` is the commonest slip with limits, and as a limit of
500 % it would limit nothing. So a number that is too large to be meant as a decimal is refused, unless it has
a percent sign: ``300%`` is taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from betaneutral_xl.errors import InputError
from betaneutral_xl.model import printed
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.system.words import did_you_mean

E = TypeVar("E", bound=StrEnum)

_SEVERAL = (list, tuple, set, frozenset)

SHARE_EXPECTED = "give a number such as 0.05 or 5%"
"""What is wrong with a text that is no number."""


class Percent(float):
    """A decimal that was typed with a percent sign, such as 3.0 for ``300%``.

    It is a float in every other respect: it can be compared, pickled and written as JSON like one.
    What is computed from it is a plain float again.

    >>> Percent(0.05), Percent(0.05) == 0.05, type(Percent(0.05) * 2.0).__name__
    (Percent(0.05), True, 'float')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Percent({float(self)!r})"


def number(value: Any, expected: str = SHARE_EXPECTED) -> float:
    """Read a number, or text such as ``0.05``, ``5%`` and ``0,05``; text with a sign becomes a ``Percent``.

    ``expected`` is what the error says of a text that is no number.

    >>> number("5%"), number(0.05), number("0,05"), number("1,500"), number("-inf")
    (Percent(0.05), 0.05, 0.05, 1500.0, -inf)

    Raises
    ------
    ValueError
        If it is neither, or not a number.

    """
    if isinstance(value, str):
        parsed = _of_text(value, expected)
    elif isinstance(value, bool) or not hasattr(value, "__float__"):
        msg = "give a number"
        raise ValueError(msg)
    else:
        try:
            parsed = value if isinstance(value, Percent) else float(value)
        except OverflowError:
            msg = "it is too large"
            raise ValueError(msg) from None
    if math.isnan(parsed):
        msg = "it is blank"
        raise ValueError(msg)
    return parsed


def printed_number(text: str) -> float | None:
    """Return the number that a text prints, or None; a percent sign divides by a hundred.

    Of one text alone, ``1,5`` can only have a decimal comma, and ``1,500`` is read as 1500.

    >>> printed_number("1,234.5"), printed_number("12.5 %"), printed_number("(3)"), printed_number("MSFT")
    (1234.5, Percent(0.125), -3.0, None)
    """
    value = printed.number(text, decimal_comma=printed.uses_decimal_comma([text]))
    return Percent(value / 100.0) if value is not None and printed.is_percentage(text) else value


def _of_text(text: str, expected: str = SHARE_EXPECTED) -> float:
    parsed = printed_number(text)
    if parsed is not None:
        return parsed
    try:
        unlimited = float(text)  # inf, and nan, which is blank
    except ValueError:
        unlimited = 0.0
    if math.isfinite(unlimited):
        raise ValueError(expected if text.strip() else "it is blank")
    return unlimited


def unsigned(value: Any, unit: str) -> float:
    """Read a number whose unit is not a share, so that a percent sign would mean something else.

    Raises
    ------
    ValueError
        If it has a percent sign, or is not a number.

    """
    parsed = number(value, f"it is {unit}, give a number")
    if isinstance(parsed, Percent):
        msg = f"it is {unit}, so give a number without a percent sign"
        raise ValueError(msg)  # noqa: TRY004 - the text is wrong, not the type
    return parsed


def count(value: Any) -> int:
    """Read a whole number.

    Raises
    ------
    ValueError
        If it is something else.

    """
    parsed = unsigned(value, "a count")
    if not parsed.is_integer():
        msg = "give a whole number"
        raise ValueError(msg)
    return int(parsed)


def tickers(value: Any) -> tuple[str, ...]:
    """Read tickers: one, several in one text with commas or semicolons, or a list of either; normalised.

    >>> tickers("nvda; brk b"), tickers(["AMD,TSM", " ", None, 2330])
    (('NVDA', 'BRK.B'), ('AMD', 'TSM', '2330'))

    Raises
    ------
    TypeError
        If it is something else, or one of a list is.

    """
    names: Iterable[Any] = [value] if isinstance(value, str) else value
    if not isinstance(names, _SEVERAL) or any(isinstance(name, (*_SEVERAL, Mapping)) for name in names):
        msg = "give a ticker, or several with commas"
        raise TypeError(msg)
    parts = [part for name in names if name is not None for part in str(name).replace(";", ",").split(",")]
    return tuple(normalise(part) for part in parts if part.strip())


def beta_or_ticker(value: float | str) -> float | str:
    """Return a target as the number that it prints, or as the ticker that it names.

    >>> beta_or_ticker("50%"), beta_or_ticker("0.3"), beta_or_ticker(" IWV ")
    (Percent(0.5), 0.3, 'IWV')
    """
    if not isinstance(value, str):
        return value if isinstance(value, Percent) else float(value)
    try:
        return _of_text(value)
    except ValueError:
        return value.strip()


def option_name(text: str) -> str:
    """Return the identifier of an option that is written with blanks, hyphens or capitals.

    >>> option_name("Long only"), option_name("max-trades")
    ('long_only', 'max_trades')
    """
    return "_".join(text.replace("-", " ").replace("_", " ").split()).lower()


def choice(kind: type[E], value: Any, what: str) -> E:
    """Return the member of a choice that a text names, whatever its capitals, blanks and hyphens.

    Raises
    ------
    InputError
        With the list of choices.

    """
    try:
        return kind(option_name(str(value)))
    except ValueError:
        nearest = did_you_mean(str(value), kind)
        msg = f"There is no {what} {str(value)!r:.60}.{nearest} Choose one of {', '.join(kind)}."
        raise InputError(msg) from None


def require_sign(what: str, value: float, most: float) -> None:
    """Refuse a number beyond what anyone means as a decimal, unless it was typed with a percent sign.

    ``what`` is what is limited, as a message begins: ``The limit upper``. A decimal of the size ``most``
    passes without a sign, and so does infinity, which is no limit.

    Raises
    ------
    InputError
        With the two ways to write what was probably meant, and how to insist.

    """
    if abs(value) <= most or not math.isfinite(value) or isinstance(value, Percent):
        return
    read_as = f"{float(value) * 100.0:.6g}%"
    msg = (
        f"{what} is {float(value):.6g}, which is {read_as}: give {float(value):.6g}% or {value / 100.0:.6g}. "
        f"If {read_as} is meant, give it as text with its percent sign."
    )
    raise InputError(msg)


def share_text(share: float) -> str:
    """Return a decimal as percent, without trailing zeros: a small one keeps its digits.

    >>> share_text(0.2758), share_text(0.00001), share_text(0.2), share_text(-1e-9)
    ('27.58%', '0.001%', '20%', '0%')
    """
    return f"{f'{round(100.0 * share, 4) + 0.0:.4f}'.rstrip('0').rstrip('.')}%"
