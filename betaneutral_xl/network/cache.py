"""Answers of the network, kept on disk: asked for once, by one process, and whole.

One file an answer, named by what was asked (never by who asked: no token comes here). Its first
line is JSON and says what was asked, when, for how long it holds, and the SHA-256 of the rest.
Files appear whole or not at all, so reading needs no lock. Whoever finds no usable answer asks for
it under a lock that is held across processes; the others wait, and find the answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from betaneutral_xl.errors import (
    BetaNeutralError,
    ChangedFormat,
    EmptyFund,
    NoData,
    UnknownFund,
    Unreachable,
    Unwritable,
)
from betaneutral_xl.model.provenance import Retrieval, digest
from betaneutral_xl.network.time_limit import seconds_left
from betaneutral_xl.system.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

VERSION = 1

NEGATIVE_TTL = timedelta(minutes=1)
"""How long a refusal is believed."""

MAX_STALE = timedelta(days=30)
"""How long an answer stays after its time, for when the network is down."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far a clock may be wrong: an answer from further in the future is not believed."""

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.05, 2.0, 1.5
"""Seconds between two looks while another process asks: ever longer, or many who wait hold it up."""

NEGATIVE = (UnknownFund, EmptyFund, NoData)
"""Refusals that are answers: to ask again at once would bring the same."""

NETWORK_DOWN = (Unreachable, ChangedFormat)
"""When an old answer may stand in: nobody answers, or something in between does."""

LONGEST_HEADER = 2**20
"""Bytes of the first line of a file."""

SUFFIX = ".answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked, as far as the cache need know.

    ``key`` is the whole question, ``note`` a few words on it, ``ttl`` how long its answer
    holds (for ever without one).
    """

    key: str
    note: str
    ttl: timedelta | None

    @property
    def name(self) -> str:
        """The name of its file."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of a kept answer without reading it.

    ``refusal`` is the kind of error, empty for a good answer; its words are then the content.
    """

    key: str
    note: str
    fetched_at: datetime
    expires: datetime | None
    sha256: str
    size: int
    refusal: str = ""

    def holds(self, at: datetime) -> bool:
        """Say whether the answer may be used at a time."""
        return self.fetched_at <= at + CLOCK_SKEW and (self.expires is None or at < self.expires)


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of an answer, and how they came."""

    content: bytes
    sha256: str
    retrieval: Retrieval
    fetched_at: datetime

    @classmethod
    def live(cls, content: bytes) -> Answer:
        """Return an answer that has just come."""
        return cls(content, digest(content), Retrieval.LIVE, _clock())


@dataclass(frozen=True, slots=True)
class Cached(Generic[T]):
    """What was read from an answer, and what the reader should know about it."""

    value: T
    warnings: tuple[str, ...] = ()


class Cache:
    """The folder of kept answers.

    Parameters
    ----------
    folder
        Made when there is something to keep.
    lock_timeout
        Seconds to wait for another process that asks the same.

    """

    def __init__(self, folder: Path, lock_timeout: float = 90.0) -> None:
        self._folder = folder / "answers"
        self._locks = folder / "locks"
        self._lock_timeout = lock_timeout

    def get_or_fetch(
        self,
        query: Query,
        fetch: Callable[[], bytes],
        parse: Callable[[Answer], T],
        *,
        refresh: bool = False,
        allow_stale: bool = False,
    ) -> Cached[T]:
        """Return what the kept answer says, or ask, and keep the answer if it can be read.

        Parameters
        ----------
        query
            What is asked.
        fetch
            Asks it, over the network.
        parse
            Reads an answer. A kept one that it cannot read is asked for again.
        refresh
            Ask even if a kept answer holds.
        allow_stale
            Use an answer that no longer holds if the network is down, and say its age.

        Raises
        ------
        BetaNeutralError
            What ``fetch`` or ``parse`` raised, just now or, for a refusal, up to a minute ago.

        """
        since = _clock() if refresh else None
        give_up = time.monotonic() + min(self._lock_timeout, seconds_left())
        pause = FIRST_PAUSE
        while (found := self._usable(query, parse, since)) is None:
            with self._locked(query) as alone:
                if alone:  # and another may have been done between the two looks
                    found = self._usable(query, parse, since)
                    return found or self._fetch_and_keep(query, fetch, parse, allow_stale=allow_stale)
            left = give_up - time.monotonic()
            if left <= 0.0:
                msg = (
                    f"Another run has been asking for {query.note} for {self._lock_timeout:.0f} s. "
                    "Wait for it to end, or end it."
                )
                return self._stale(query, Unreachable(msg), parse, allow_stale=allow_stale)
            time.sleep(min(pause, left))
            pause = min(GROWTH * pause, LONGEST_PAUSE)
        return found

    def entries(self) -> tuple[Entry, ...]:
        """Return what is kept, newest first."""
        kept = (_read_header(path) for path in self._files())
        return tuple(sorted((e for e in kept if e), key=lambda entry: entry.fetched_at, reverse=True))

    def clear(self) -> int:
        """Remove all that is kept, and return how many answers that were.

        Locks stay: to remove one that is held would let two processes in.
        """
        removed = 0
        for path in self._files():
            with contextlib.suppress(OSError):  # another process was faster
                path.unlink()
                removed += 1
        return removed

    def _file(self, query: Query) -> Path:
        return self._folder / (query.name + SUFFIX)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}")) if self._folder.is_dir() else []

    def _usable(self, query: Query, parse: Callable[[Answer], T], since: datetime | None) -> Cached[T] | None:
        """Return what a kept answer says that holds, was fetched since then, and can be read."""
        entry = _read_header(self._file(query))
        if entry is None or not entry.holds(_clock()) or (since is not None and entry.fetched_at < since):
            return None
        kept = self._read(query)
        if kept is None:
            return None
        entry, content = kept
        if entry.refusal:
            raise _refusal(entry, content)
        return _parsed(entry, content, parse)

    def _fetch_and_keep(
        self, query: Query, fetch: Callable[[], bytes], parse: Callable[[Answer], T], *, allow_stale: bool
    ) -> Cached[T]:
        """Ask, and keep what is worth keeping."""
        try:
            answer = Answer.live(fetch())
            value = parse(answer)
        except NEGATIVE as error:
            self._keep(query, Answer.live(str(error).encode()), type(error).__name__)
            raise
        except NETWORK_DOWN as error:
            return self._stale(query, error, parse, allow_stale=allow_stale)
        return Cached(value, self._keep(query, answer))

    def _stale(
        self, query: Query, error: BetaNeutralError, parse: Callable[[Answer], T], *, allow_stale: bool
    ) -> Cached[T]:
        """Return what the last answer says if that is allowed, else raise the error."""
        kept = self._read(query)
        found = None if kept is None or kept[0].refusal else _parsed(*kept, parse)
        if kept is None or found is None:
            raise error
        fetched_at = kept[0].fetched_at
        which = f"the answer of {fetched_at:%Y-%m-%d %H:%M} UTC, {_age(_clock() - fetched_at)} old"
        if not allow_stale:
            msg = f"{error} Or use {which}: --allow-stale."
            raise type(error)(msg) from error
        return Cached(found.value, (f"{error} Used instead for {query.note}: {which}.",))

    def _read(self, query: Query) -> tuple[Entry, bytes] | None:
        """Return a kept answer, whole and to this question, or nothing."""
        try:
            header, _, content = self._file(query).read_bytes().partition(b"\n")
        except OSError:
            return None
        entry = _entry(header)
        whole = entry is not None and (entry.size, entry.sha256) == (len(content), digest(content))
        return (entry, content) if entry is not None and whole and entry.key == query.key else None

    def _keep(self, query: Query, answer: Answer, refusal: str = "") -> tuple[str, ...]:
        """Write an answer, or return why not."""
        ttl = NEGATIVE_TTL if refusal else query.ttl
        header = {
            "version": VERSION,
            "key": query.key,
            "note": query.note,
            "fetched_at": answer.fetched_at.isoformat(),
            "expires": None if ttl is None else (answer.fetched_at + ttl).isoformat(),
            "sha256": answer.sha256,
            "size": len(answer.content),
            "refusal": refusal,
        }
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # a fund's holdings are its own
            save(self._file(query), json.dumps(header).encode() + b"\n" + answer.content)
        except (OSError, Unwritable):
            return ("The answers of the network could not be kept: the cache folder cannot be written.",)
        self._evict_stale()
        return ()

    def _evict_stale(self) -> None:
        oldest = time.time() - MAX_STALE.total_seconds()
        for path in self._files():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    entry = _read_header(path)
                    if entry is None or entry.expires is not None:
                        path.unlink()

    @contextlib.contextmanager
    def _locked(self, query: Query) -> Iterator[bool]:
        """Hold the lock for a question if nobody else does, and say whether nobody does."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._locks / f"{query.name[:2]}.lock")  # of 256 files, which are never removed
        try:
            self._locks.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        except (OSError, NotImplementedError):
            yield True  # a folder or a file system where nothing can be locked: better twice than not at all
            return
        try:
            yield True
        finally:
            lock.release()


def _clock() -> datetime:
    return datetime.now(UTC)


def _parsed(entry: Entry, content: bytes, parse: Callable[[Answer], T]) -> Cached[T] | None:
    answer = Answer(content, entry.sha256, Retrieval.CACHED, entry.fetched_at)
    try:
        return Cached(parse(answer))
    except BetaNeutralError:  # kept by a version that read more, or touched since: ask again
        return None


def _refusal(entry: Entry, content: bytes) -> BetaNeutralError:
    kinds = {kind.__name__: kind for kind in NEGATIVE}
    kind = kinds.get(entry.refusal, NoData)
    age = _age(_clock() - entry.fetched_at)
    return kind(f"{content.decode(errors='replace')} (So it was {age} ago; --refresh asks again.)")


def _read_header(path: Path) -> Entry | None:
    try:
        with path.open("rb") as file:
            return _entry(file.readline(LONGEST_HEADER))
    except OSError:
        return None


def _entry(header: bytes) -> Entry | None:
    """Read a header, or nothing if anything about it is odd."""
    try:
        given: dict[str, Any] = json.loads(header)
        if given.pop("version") != VERSION:
            return None
        expires = given.pop("expires")
        return Entry(
            key=str(given["key"]),
            note=str(given["note"]),
            fetched_at=_time(given["fetched_at"]),
            expires=None if expires is None else _time(expires),
            sha256=str(given["sha256"]),
            size=int(given["size"]),
            refusal=str(given["refusal"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _age(age: timedelta) -> str:
    """Say how old something is, in its largest unit.

    >>> _age(timedelta(hours=30)), _age(timedelta(minutes=1)), _age(timedelta(days=3))
    ('30 hours', '60 seconds', '3 days')
    """
    seconds = max(age.total_seconds(), 0.0)
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
