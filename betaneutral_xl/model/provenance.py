"""Source and date of each input, which every output states."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum


class Retrieval(StrEnum):
    """How the data reached this run."""

    LIVE = "live"
    CACHED = "cached"
    FILE = "file"
    SAMPLE = "sample"
    SNAPSHOT = "snapshot"
    COMPUTED = "computed"
    GIVEN = "given in memory"


def now() -> datetime:
    """Return the current time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def digest(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The origin of one input.

    ``location`` is a file name or a URL without secrets, never a full path. ``sha256`` is of the
    bytes read, empty where there were none.
    """

    source: str
    location: str
    retrieval: Retrieval
    as_of: date | None
    rows: int
    sha256: str = ""
    fetched_at: datetime = field(default_factory=now)
    note: str = ""

    @classmethod
    def given(cls, rows: int, as_of: date | None = None, note: str = "") -> Provenance:
        """Return the provenance of data passed by a caller in memory."""
        return cls(
            source="caller",
            location="memory",
            retrieval=Retrieval.GIVEN,
            as_of=as_of,
            rows=rows,
            note=note,
        )

    def __str__(self) -> str:
        as_of = self.as_of.isoformat() if self.as_of else "date unknown"
        return f"{self.source}: {self.location}, {as_of}, {self.retrieval}"
