"""Numbers with or without a percent sign.

``5`` for ``5%`` is the commonest mistake with limits, and as a limit of 500 % it would not bind.
So a number that is implausibly large for a decimal is refused unless it has a percent sign:
``300%`` is accepted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from betaneutral_xl.errors import InputError


class Percent(float):
    """A decimal that was written with a percent sign, such as 3.0 for ``300%``.

    It compares, pickles and serialises to JSON like any float; results computed from it are plain
    floats.

    >>> Percent(0.05), Percent(0.05) == 0.05, type(Percent(0.05) * 2.0).__name__
    (Percent(0.05), True, 'float')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the decimal, not the percentage."""
        return f"Percent({float(self)!r})"


def number(value: Any) -> float:
    """Read a number, or text such as ``0.05`` or ``5%``; text with a sign becomes a ``Percent``.

    >>> number("5%"), number(0.05), number("0.05")
    (Percent(0.05), 0.05, 0.05)

    Raises
    ------
    ValueError
        If it is neither, or not a number.

    """
    if isinstance(value, str):
        parsed = _printed(value.strip())
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


def unsigned(value: Any, unit: str) -> float:
    """Read a number for which a percent sign has no meaning.

    Raises
    ------
    ValueError
        If it has a percent sign, or is not a number.

    """
    parsed = number(value)
    if isinstance(parsed, Percent):
        msg = f"it is {unit}, so give a number without a percent sign"
        raise ValueError(msg)  # noqa: TRY004 - the text is wrong, not the caller's type
    return parsed


def beta_or_ticker(value: float | str) -> float | str:
    """Parse a target: a number, else the ticker of a benchmark.

    >>> beta_or_ticker("50%"), beta_or_ticker("0.3"), beta_or_ticker(" IWV ")
    (Percent(0.5), 0.3, 'IWV')
    """
    if not isinstance(value, str):
        return value
    try:
        return _printed(value.strip())
    except ValueError:
        return value.strip()


def read_target(target: float | str | Mapping[str, float | str]) -> float | str | Mapping[str, float | str]:
    """Parse the texts of a target: ``50%`` is a beta, ``IWV`` stays a ticker."""
    if isinstance(target, Mapping):
        return {name: beta_or_ticker(one) for name, one in target.items()}
    return beta_or_ticker(target)


def require_sign(what: str, value: float, largest: float) -> None:
    """Refuse a number that is implausibly large for a decimal, unless it had a percent sign.

    Parameters
    ----------
    what
        The start of the message, such as ``The limit upper``.
    value
        A decimal; infinity is no limit and accepted.
    largest
        The largest absolute value that is accepted without a sign.

    Raises
    ------
    InputError
        If it is larger; the message names the likely intended spellings.

    """
    if abs(value) <= largest or not math.isfinite(value) or isinstance(value, Percent):
        return
    percent = f"{float(value) * 100.0:.6g}%"
    msg = (
        f"{what} is {float(value):.6g}, which is {percent}: give {float(value):.6g}% or {value / 100.0:.6g}. "
        f"If {percent} is meant, give it as text with its percent sign."
    )
    raise InputError(msg)


def _printed(text: str) -> float:
    try:
        return Percent(float(text[:-1]) / 100.0) if text.endswith("%") else float(text)
    except ValueError:
        msg = "give a number such as 0.05 or 5%"
        raise ValueError(msg) from None
