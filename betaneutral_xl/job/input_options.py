"""Options of raw inputs: what a snapshot keeps of how a file was read, each with the parser of its text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.model.values import count
from betaneutral_xl.readers.raw_input import Reader

if TYPE_CHECKING:
    from betaneutral_xl.readers.raw_input import RawInput


class Role(StrEnum):
    """What tells a market's file from those of the ETFs, and prices for the drift from a risk model's."""

    MARKET = "market"
    DRIFT = "drift"


def _positive(text: str) -> float:
    number = float(text)
    if not 0.0 < number < math.inf:
        msg = "not a positive number"
        raise ValueError(msg)
    return number


def _names(text: str) -> tuple[str, ...]:
    return tuple(one for one in text.split(",") if one)


def _groups(text: str) -> Mapping[str, Mapping[str, str]]:
    from betaneutral_xl.readers.group_table import from_text

    return from_text(text)


def _tickers(text: str) -> Mapping[str, str]:
    from betaneutral_xl.readers.ticker_map import from_text

    return from_text(text)


_PORTFOLIO: Mapping[str, Callable[[str], Any]] = {"nav": _positive, "groups": _groups}

_PARSERS: Mapping[Reader, Mapping[str, Callable[[str], Any]]] = {
    Reader.API_HOLDINGS: _PORTFOLIO,
    Reader.HOLDINGS_FILE: {
        **_PORTFOLIO,
        "fund": str,
        "sheet": str,
        "rates": str,
        "day": date.fromisoformat,
        "tickers": _tickers,
    },
    Reader.ETF_FILE: {
        "fund": str,
        "today": date.fromisoformat,
        "retrieval": Retrieval,
        "tickers": _tickers,
        "role": Role,
    },
    Reader.COVARIANCE: {"unit": CovarianceUnit.of, "effective_days": _positive},
    Reader.PRICES: {
        "tickers": _names,
        "if_there": _names,
        "method": str,
        "as_of": date.fromisoformat,
        "window": count,
        "role": Role,
    },
}
"""Parsers of the options' texts, by reader and name."""


def option(raw_input: RawInput, name: str, default: Any = None) -> Any:
    """Return the value of an option of a raw input, or the default where it has none.

    Raises
    ------
    InputError
        If the option's text is none that its parser accepts.

    """
    text = raw_input.options.get(name)
    if text is None:
        return default
    try:
        return _PARSERS[raw_input.reader][name](text)
    except ValueError as error:
        reason = str(error).partition(":")[0].partition("\n")[0]
        msg = f"{raw_input.name} was kept to be read with {name} {text!r:.40}: {reason}."
        raise InputError(msg) from None


def require_options(raw_input: RawInput) -> None:
    """Check all options of a raw input.

    Raises
    ------
    InputError
        If one is unknown to its reader, or has a text that cannot be used.

    """
    known = _PARSERS[raw_input.reader]
    for name in raw_input.options:
        if name not in known:
            msg = (
                f"{raw_input.name} was kept with the option {name!r:.40}, which a {raw_input.reader} has not."
            )
            raise InputError(msg)
        option(raw_input, name)
