"""What every parser of bytes needs: the right error for the origin, text, JSON, provenance."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import BetaNeutralError, ChangedFormat, UnreadableFile
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest

if TYPE_CHECKING:
    from datetime import date

NETWORK = frozenset({Retrieval.LIVE, Retrieval.CACHED})
"""Origins whose bytes the user can do nothing about."""


def unreadable(provenance: Provenance, what: str, advice: str = "") -> BetaNeutralError:
    """Return the error for bytes that are not what they should be: the server's fault, or the file's.

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
    """Return the bytes as text, after refusing what is plainly something else.

    Parameters
    ----------
    content
        UTF-8, with or without a byte order mark.
    provenance
        For the message.
    expected
        What it should be, such as ``JSON``.

    """
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise unreadable(provenance, f"is empty, not {expected}")
    if start.startswith(b"<"):
        advice = "A proxy or a log-in page may stand in between." if provenance.retrieval in NETWORK else ""
        raise unreadable(provenance, f"is a web page, not {expected}", advice)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(provenance, f"is not UTF-8 text (byte {error.start})") from None


def read_json(content: bytes, provenance: Provenance) -> dict[str, Any]:
    """Return a JSON object; ``NaN`` and ``Infinity`` are read, as the fund's API writes them."""
    text = read_text(content, provenance, "JSON")
    try:
        answer = json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        what = "is cut off" if cut else "is not JSON"
        raise unreadable(provenance, f"{what}: line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits; nesting without end
        raise unreadable(provenance, "is not JSON that anybody would write") from None
    if not isinstance(answer, dict):
        raise unreadable(provenance, f"is a JSON {type(answer).__name__}, not an object")
    return answer


def complete_provenance(provenance: Provenance, content: bytes, rows: int, as_of: date | None) -> Provenance:
    """Return the provenance with what only reading the bytes could tell."""
    return replace(
        provenance,
        rows=rows,
        as_of=as_of or provenance.as_of,
        sha256=provenance.sha256 or digest(content),
    )
