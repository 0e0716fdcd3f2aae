"""Past forecast errors of betas as text, as the embedded sample has them.

A table with the columns ``etf``, ``block`` and a column a ticker. Of each ETF the row ``unit`` has the
weights of one unit of it; the rows after it, by the last day of their block, have realised less predicted
betas, the latest block first.
"""

from __future__ import annotations

import csv
import io

import numpy as np

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.model.history import RecordedErrors

UNIT = "unit"
"""The block of the row with an ETF's weights."""


def parse_past_errors(text: str, name: str) -> RecordedErrors:
    """Parse past forecast errors.

    Parameters
    ----------
    text
        The table as CSV.
    name
        Its name, for messages.

    Raises
    ------
    UnreadableFile
        If it is no such table.

    """
    try:
        header, *rows = list(csv.reader(io.StringIO(text)))
        etfs = tuple(dict.fromkeys(row[0] for row in rows))
        numbers = {
            etf: np.array([[float(cell) for cell in row[2:]] for row in rows if row[0] == etf])
            for etf in etfs
        }
        units = [row[0] for row in rows if row[1] == UNIT]
        stacked = np.stack([numbers[etf] for etf in etfs], axis=2)
    except (IndexError, ValueError) as error:
        msg = f"{name} has no table of past forecast errors: {' '.join(str(error).split()):.100}."
        raise UnreadableFile(msg) from None
    if header[:2] != ["etf", "block"] or units != list(etfs) or not np.isfinite(stacked).all():
        msg = f"{name} has no table of past forecast errors: etf, block, tickers; a row unit an ETF."
        raise UnreadableFile(msg)
    return RecordedErrors(tuple(header[2:]), etfs, stacked[0], stacked[1:])
