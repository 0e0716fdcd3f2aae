"""How much of each name is traded a day, where a price file has volumes beside its prices.

The shapes are those of price files (``prices``): a long table with a column of volumes, or fields and tickers
in the header (yfinance). A file without volumes has none, which is no error.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.prices import parse_values

DAYS = 21
"""Trading days of which the volume is averaged: a month."""

HEADERS = ("volume", "vol", "px_volume", "trading_volume", "shares_traded")
"""Columns of volumes of a long table, in shares a day."""


def average_volumes(content: bytes, name: str, as_of: date | None = None) -> Mapping[str, float]:
    """Return the average daily volume of each name in shares, over its last ``DAYS`` days with one.

    ``as_of`` is the last day that counts, by default the file's. Empty where the file has no volumes; raises
    ``InputError`` where it has some that cannot be read.
    """
    found = parse_values(content, name, ("volume",), HEADERS)
    if found is None:
        return {}
    tickers, days, matrix, _ = found
    order = np.argsort(days, kind="stable")
    rows = order[days[order] <= np.datetime64(as_of, "D")] if as_of else order
    averages = {}
    for column, ticker in enumerate(tickers):
        volumes = matrix[rows, column]
        recent = volumes[np.isfinite(volumes)][-DAYS:]
        if len(recent) and recent.mean() > 0.0:
            averages[normalise(ticker)] = float(recent.mean())
    return averages
