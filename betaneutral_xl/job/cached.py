"""The cached answers of the fund's web API, as plain data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple


class CachedAnswer(NamedTuple):
    """A cached answer: what was asked, when, until when it is used (None: for good), and its size in bytes.

    ``refusal`` is the class of the error that the API answered with; None for a good answer.
    """

    what: str
    fetched_at: str
    expires: str | None
    holds: bool
    bytes: int
    refusal: str | None


def answers(folder: Path) -> list[CachedAnswer]:
    """Return the cached answers of a folder, the newest first; times are ISO 8601 in UTC."""
    from betaneutral_xl.network.cache import Cache

    now = datetime.now(UTC)
    return [
        CachedAnswer(
            one.note,
            one.fetched_at.isoformat(timespec="seconds"),
            one.expires.isoformat(timespec="seconds") if one.expires else None,
            one.is_valid(now),
            one.size,
            one.refusal or None,
        )
        for one in Cache(folder).entries()
    ]


def clear(folder: Path) -> int:
    """Remove all cached answers of a folder, and return how many there were."""
    from betaneutral_xl.network.cache import Cache

    return Cache(folder).clear()
