"""Shared steps of the parsers: decoding, JSON, the error for the origin of the bytes, provenance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from betaneutral_xl.errors import BetaNeutralError, ChangedFormat, UnreadableFile, listing
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.readers.tabular.sheets import BEFORE_TEXT

NETWORK = frozenset({Retrieval.LIVE, Retrieval.CACHED})
"""Origins whose content the user cannot correct."""


def unreadable(provenance: Provenance, what: str, advice: str = "") -> BetaNeutralError:
    """Return the error for content in another format: ``ChangedFormat`` of an API, else ``UnreadableFile``.

    >>> origin = Provenance(source="", location="a.csv", retrieval=Retrieval.FILE, as_of=None, rows=0)
    >>> unreadable(origin, "is empty")
    UnreadableFile('a.csv is empty. Check that it is the right file.')
    """
    if provenance.retrieval in NETWORK:
        return ChangedFormat(f"{provenance.location}: the answer {what}. {advice or 'Try again later.'}")
    return UnreadableFile(
        f"{provenance.location} {what}. {advice or 'Check that it is the right file.'}",
    )


def read_text(content: bytes, provenance: Provenance, expected: str) -> str:
    """Decode UTF-8, without its byte order mark; empty content and web pages are refused.

    ``expected`` is the format that there should be, such as ``JSON``, for the message.
    """
    start = content[:64].lstrip(BEFORE_TEXT)
    if not start:
        raise unreadable(provenance, f"is empty, not {expected}")
    if start.startswith(b"<"):
        advice = "Check for a proxy or a log-in page." if provenance.retrieval in NETWORK else ""
        raise unreadable(provenance, f"is a web page, not {expected}", advice)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(provenance, f"is not UTF-8 text (byte {error.start})") from None


def read_json(content: bytes, provenance: Provenance) -> dict[str, Any]:
    """Parse a JSON object; ``NaN`` and ``Infinity`` are accepted, as the fund's API writes them."""
    text = read_text(content, provenance, "JSON")
    try:
        answer = json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        what = "is cut off" if cut else "is not JSON"
        raise unreadable(provenance, f"{what}: line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        what = "has a number of thousands of digits, or is nested too deeply"
        raise unreadable(provenance, what) from None
    if not isinstance(answer, dict):
        raise unreadable(provenance, f"is a JSON {type(answer).__name__}, not an object")
    return answer


def unequal_value_notes(fund: str, tickers: Sequence[str], of: int) -> tuple[Notice, ...]:
    """Return a note on positions whose printed value is not shares times price.

    Where they are most ``of`` the positions, the values or the prices may be of another column; 0 where they
    may be in other currencies.
    """
    if not tickers:
        return ()
    most = 1 < of < 2 * len(tickers)
    text = (
        f"Holdings of {fund}: value is not shares times price for {listing(tickers)}; weights are by value."
        + (" Check which columns are read (betaneutral-xl holdings)." if most else "")
    )
    return (Notice(text, Subject.HOLDINGS, Severity.CHANGES if most else None),)


def complete_provenance(provenance: Provenance, content: bytes, rows: int, as_of: date | None) -> Provenance:
    """Return the provenance with the rows, date and hash of the content filled in."""
    return replace(
        provenance,
        rows=rows,
        as_of=as_of or provenance.as_of,
        sha256=provenance.sha256 or digest(content),
    )
