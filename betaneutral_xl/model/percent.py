"""Numbers that may be given in percent: what carries the sign, and what is refused without it.

``5`` for ``5%`` is the commonest slip with limits, and as a limit of 500 % it would limit nothing.
So a number that is too large to be meant as a decimal is refused, unless it came with its percent
sign: ``300%`` is taken as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from betaneutral_xl.errors import InputError


class Percent(float):
    """A decimal that was given with a percent sign, such as 3.0 for ``300%``.

    It is a float in every other respect: it can be compared, pickled and written as JSON like one.
    What is computed from it is a plain float again.

    >>> Percent(0.05), Percent(0.05) == 0.05, type(Percent(0.05) * 2.0).__name__
    (Percent(0.05), True, 'float')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the decimal and that it had a sign."""
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
    """Read a number whose unit is not a share, so that a percent sign would mean something else.

    Raises
    ------
    ValueError
        If it has a percent sign, or is not a number.

    """
    parsed = number(value)
    if isinstance(parsed, Percent):
        msg = f"it is {unit}, so give a number without a percent sign"
        raise ValueError(msg)  # noqa: TRY004 - the text is wrong, not what the caller handed over
    return parsed


def beta_or_ticker(value: float | str) -> float | str:
    """Return a target as the number that it prints, or as the ticker that it names.

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
    """Return a target whose texts are read: ``50%`` is a beta, ``IWV`` stays a ticker."""
    if isinstance(target, Mapping):
        return {name: beta_or_ticker(one) for name, one in target.items()}
    return beta_or_ticker(target)


def require_sign(what: str, value: float, most: float) -> None:
    """Refuse a number beyond what anyone means as a decimal, unless it came with a percent sign.

    Parameters
    ----------
    what
        What is limited, as a message begins: ``The limit upper``.
    value
        A decimal; infinity is no limit, and passes.
    most
        The largest size that passes without a sign.

    Raises
    ------
    InputError
        With the two ways to write what was probably meant, and how to insist.

    """
    if abs(value) <= most or not math.isfinite(value) or isinstance(value, Percent):
        return
    said = f"{float(value) * 100.0:.6g}%"
    msg = (
        f"{what} is {float(value):.6g}, which is {said}: give {float(value):.6g}% or {value / 100.0:.6g}. "
        f"If {said} is meant, give it as text with its percent sign."
    )
    raise InputError(msg)


def _printed(text: str) -> float:
    try:
        return Percent(float(text[:-1]) / 100.0) if text.endswith("%") else float(text)
    except ValueError:
        msg = "give a number such as 0.05 or 5%"
        raise ValueError(msg) from None
