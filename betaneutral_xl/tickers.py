"""One company, many spellings: the only place that knows.

The canonical spelling is the risk model's (Barra style): ``BRK.B``. A US listing carries no
exchange; a listing elsewhere keeps its exchange (``2330 TT``), because the same letters are
another company there.
"""

from __future__ import annotations

import re
from functools import lru_cache

from betaneutral_xl.errors import InputError

LONGEST = 64
"""Longer than any ticker or option symbol; what exceeds it is not a ticker."""

US_EXCHANGES = frozenset({"US", "UN", "UQ", "UW", "UR", "UA", "UP", "UF", "UV", "UD"})
"""Bloomberg's composite and venue codes of the United States."""

UNSEPARATED_CLASSES = {
    "BRKA": "BRK.A",
    "BRKB": "BRK.B",
    "BFA": "BF.A",
    "BFB": "BF.B",
    "HEIA": "HEI.A",
    "LENB": "LEN.B",
    "MOGA": "MOG.A",
}
"""Share classes that some issuers print without a separator, where no other company has that ticker."""

_CLASS = re.compile(r"(?P<root>[A-Z0-9&*]+)[ ./-](?P<share_class>[A-Z])")
_EXCHANGE = re.compile(r"(?P<local>.+?) (?P<exchange>[A-Z]{2})")
_SPACES = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """Return the canonical spelling of a ticker.

    Parameters
    ----------
    text
        A ticker as the broker, an issuer, the risk model, Yahoo or Bloomberg spells it.

    Returns
    -------
    str
        Upper case; a share class after a dot; no exchange for US listings, the Bloomberg
        exchange code after one blank for others.

    Raises
    ------
    InputError
        If nothing is left, or the text cannot be a ticker (too long, control characters).

    Examples
    --------
    >>> [normalise(t) for t in ("BRK B", "BRK.B", "BRK/B US", "BRK-B", "nvda us", "2330 TT")]
    ['BRK.B', 'BRK.B', 'BRK.B', 'BRK.B', 'NVDA', '2330 TT']

    """
    ticker = _SPACES.sub(" ", text).strip().upper()
    if not ticker:
        msg = "A ticker is empty. Fill it in, or remove its row."
        raise InputError(msg)
    if len(ticker) > LONGEST or _CONTROL.search(ticker):
        msg = f"{ticker[:20]!r}... is not a ticker ({len(ticker)} characters). Check the column."
        raise InputError(msg)
    ticker = ticker.removesuffix(" EQUITY")
    listing = _EXCHANGE.fullmatch(ticker)
    if listing is None:
        return _with_class(ticker)
    local = _with_class(listing["local"])
    return local if listing["exchange"] in US_EXCHANGES else f"{local} {listing['exchange']}"


def _with_class(ticker: str) -> str:
    match = _CLASS.fullmatch(ticker)
    if match:
        return f"{match['root']}.{match['share_class']}"
    return UNSEPARATED_CLASSES.get(ticker, ticker)
