"""Flex queries of Interactive Brokers, as they are named wherever a file or a fund is."""

from __future__ import annotations

import re

from betaneutral_xl.errors import InputError
from betaneutral_xl.system.patterns import Pattern

QUERY = Pattern(r"ibkr:(?P<id>[0-9]{1,19})", re.IGNORECASE)
"""How a Flex query is named wherever a file or a fund is."""


def is_query(name: str) -> bool:
    """Whether a name is that of a Flex query.

    >>> is_query("ibkr:123456"), is_query("ibkr.csv")
    (True, False)
    """
    return name.strip().lower().startswith("ibkr:")


def query_id(name: str) -> str:
    """Return the number of a Flex query; raises ``InputError`` if it is none."""
    match = QUERY.fullmatch(name.strip())
    if match is None:
        msg = f"{name.strip()!r:.40} is no Flex query. Write ibkr: and its number, such as ibkr:123456."
        raise InputError(msg)
    return match["id"]
