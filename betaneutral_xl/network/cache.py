"""Disk cache of network answers, with one request at a time across processes.

Each answer is a file named by the hash of its query, which has no token. The first line is JSON
with the query, the time of the request, the expiry and the SHA-256 of the rest. Files are written
atomically, so reading needs no lock. A process without a usable answer fetches it under a lock
between processes; the others wait for the answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

from betaneutral_xl.errors import (
    BetaNeutralError,
    ChangedFormat,
    EmptyFund,
    NoData,
    UnknownFund,
    Unreachable,
    Unwritable,
)
from betaneutral_xl.model.notices import Notice, Subject
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.network.time_limit import seconds_left
from betaneutral_xl.system.optional import file_lock
from betaneutral_xl.system.saving import make_private_folder, save

T = TypeVar("T")

VERSION = 1

NEGATIVE_TTL = timedelta(minutes=1)
"""Time to live of a cached refusal."""

MAX_BYTES = 2 * 2**30
"""Size of all answers beyond which the oldest are removed; a covariance of 5,000 names has 0.5 GB."""

MAX_STALE = timedelta(days=30)
"""How long unused expired answers are kept, for when the network is down."""

CLOCK_SKEW = timedelta(minutes=5)
"""Tolerated error of a clock: answers from further in the future are ignored."""

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.05, 2.0, 1.5
"""Seconds between two attempts at the lock, and their growth, so that many waiting processes do not
slow the one that fetches."""

NEGATIVE = (UnknownFund, EmptyFund, NoData)
"""Refusals that are cached, as an immediate retry would have the same result."""

NETWORK_DOWN = (Unreachable, ChangedFormat)
"""Errors for which a stale answer may be used: no answer, or one from a proxy or log-in page."""

MAX_HEADER = 2**20
"""Maximum bytes of the first line of a file."""

SUFFIX = ".answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A cacheable query.

    ``key`` is its whole text, ``note`` a short description, ``ttl`` the time to live of its answer
    (unlimited if None).
    """

    key: str
    note: str
    ttl: timedelta | None

    @property
    def name(self) -> str:
        """The file name of its answer, without suffix."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The header of a cached answer.

    ``refusal`` is the class of an error, whose message is the content; empty for a good answer.
    """

    key: str
    note: str
    fetched_at: datetime
    expires: datetime | None
    sha256: str
    size: int
    refusal: str = ""

    def is_valid(self, at: datetime) -> bool:
        """Whether the answer has not expired at a time, nor is from after it."""
        return self.fetched_at <= at + CLOCK_SKEW and (self.expires is None or at < self.expires)


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of an answer, and how they were retrieved."""

    content: bytes
    sha256: str
    retrieval: Retrieval
    fetched_at: datetime

    @classmethod
    def live(cls, content: bytes) -> Answer:
        """Return an answer that was fetched now."""
        return cls(content, digest(content), Retrieval.LIVE, _clock())

    def origin(self, source: str, location: str, note: str) -> Provenance:
        """Return where it is from; rows and date are filled in when it is parsed."""
        return Provenance(
            source=source,
            location=location,
            retrieval=self.retrieval,
            as_of=None,
            rows=0,
            sha256=self.sha256,
            fetched_at=self.fetched_at.replace(microsecond=0),
            note=note,
        )


@dataclass(frozen=True, slots=True)
class Cached(Generic[T]):
    """The parsed value of an answer, with warnings about its retrieval."""

    value: T
    warnings: tuple[str, ...] = ()


class Cache:
    """A folder of cached answers, created with the first.

    ``lock_timeout`` is for how many seconds another process with the same query is waited for.
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
        """Return the parsed cached answer, or fetch, parse and cache it.

        Parameters
        ----------
        query
            Identifies the answer.
        fetch
            Requests it over the network.
        parse
            Parses an answer. A cached one that it cannot parse is fetched again.
        refresh
            Fetch even if a cached answer is valid.
        allow_stale
            Use an expired answer if the network is down, with a warning that gives its age.

        Raises
        ------
        BetaNeutralError
            As ``fetch`` and ``parse`` raise, now or, for a refusal, up to a minute ago.

        """
        since = _clock() if refresh else None
        deadline = time.monotonic() + min(self._lock_timeout, seconds_left())
        pause = FIRST_PAUSE
        while (found := self._usable(query, parse, since)) is None:
            with self._locked(query) as acquired:
                if acquired:  # another process may have finished in between
                    found = self._usable(query, parse, since)
                    return found or self._fetch_and_store(query, fetch, parse, allow_stale=allow_stale)
            left = deadline - time.monotonic()
            if left <= 0.0:
                msg = (
                    f"Another run has been requesting {query.note} for {self._lock_timeout:.0f} s. "
                    "Wait until it ends, or end it."
                )
                return self._stale_answer(query, Unreachable(msg), parse, allow_stale=allow_stale)
            time.sleep(min(pause, left))
            pause = min(GROWTH * pause, LONGEST_PAUSE)
        return found

    def entries(self) -> tuple[Entry, ...]:
        """Return the cached answers, newest first."""
        headers = (_read_header(path) for path in self._files())
        return tuple(sorted((e for e in headers if e), key=lambda entry: entry.fetched_at, reverse=True))

    @contextlib.contextmanager
    def open(self, query: Query) -> Iterator[BinaryIO | None]:
        """Open a cached answer where its bytes begin; None if there is none that is complete and valid.

        For a large one, which is read into place; its hash is not verified.
        """
        path = self._file(query)
        entry = _read_header(path)
        if entry is None or entry.key != query.key or entry.refusal or not entry.is_valid(_clock()):
            yield None
            return
        try:
            file = path.open("rb")
        except OSError:  # removed by another process
            yield None
            return
        with file:
            begin = len(file.readline(MAX_HEADER))
            yield file if path.stat().st_size == begin + entry.size else None

    def store(self, query: Query, parts: Sequence[bytes | memoryview]) -> None:
        """Write an answer in parts, which are not joined in memory, if the folder can be written."""
        hashed = hashlib.sha256()
        for part in parts:
            hashed.update(part)
        size = sum(memoryview(part).nbytes for part in parts)
        with contextlib.suppress(OSError, Unwritable):
            self._write(query, parts, _entry_of(query, _clock(), hashed.hexdigest(), size))
        self._evict()

    def clear(self) -> int:
        """Remove all cached answers, and return their number.

        Lock files stay: removing one in use would let two processes acquire it.
        """
        removed = 0
        for path in self._files():
            with contextlib.suppress(OSError):  # removed by another process
                path.unlink()
                removed += 1
        return removed

    def _file(self, query: Query) -> Path:
        return self._folder / (query.name + SUFFIX)

    def _files(self) -> list[Path]:
        try:
            return sorted(self._folder.glob(f"*{SUFFIX}")) if self._folder.is_dir() else []
        except OSError:  # a failing disk: an answer that is there already is not lost over it
            return []

    def _usable(self, query: Query, parse: Callable[[Answer], T], since: datetime | None) -> Cached[T] | None:
        """Return a cached answer that is valid, not older than ``since``, and can be parsed."""
        entry = _read_header(self._file(query))
        if entry is None or not entry.is_valid(_clock()) or (since is not None and entry.fetched_at < since):
            return None
        cached = self._read(query)
        if cached is None:
            return None
        entry, content = cached
        if entry.refusal:
            raise _refusal(entry, content)
        return _parsed(entry, content, parse)

    def _fetch_and_store(
        self, query: Query, fetch: Callable[[], bytes], parse: Callable[[Answer], T], *, allow_stale: bool
    ) -> Cached[T]:
        """Fetch an answer, and cache it or its refusal."""
        try:
            answer = Answer.live(fetch())
            value = parse(answer)
        except NEGATIVE as error:
            self._store(query, Answer.live(str(error).encode()), type(error).__name__)
            raise
        except NETWORK_DOWN as error:
            return self._stale_answer(query, error, parse, allow_stale=allow_stale)
        return Cached(value, self._store(query, answer))

    def _stale_answer(
        self, query: Query, error: BetaNeutralError, parse: Callable[[Answer], T], *, allow_stale: bool
    ) -> Cached[T]:
        """Return the last answer with a warning if that is allowed, else raise the error."""
        cached = self._read(query)
        found = None if cached is None or cached[0].refusal else _parsed(*cached, parse)
        if cached is None or found is None:
            raise error
        fetched_at = cached[0].fetched_at
        which = f"the answer of {fetched_at:%Y-%m-%d %H:%M} UTC, {_age(_clock() - fetched_at)} old"
        if not allow_stale:
            msg = f"{error} Or use {which}: --allow-stale."
            raise type(error)(msg) from error
        used = f"{error} Used instead for {query.note}: {which}."
        return Cached(found.value, (Notice(used, Subject.STALE),))

    def _read(self, query: Query) -> tuple[Entry, bytes] | None:
        """Return a cached answer if it is complete and to this query."""
        try:
            header, _, content = self._file(query).read_bytes().partition(b"\n")
        except OSError:
            return None
        entry = _entry(header)
        complete = entry is not None and (entry.size, entry.sha256) == (len(content), digest(content))
        return (entry, content) if entry is not None and complete and entry.key == query.key else None

    def _store(self, query: Query, answer: Answer, refusal: str = "") -> tuple[str, ...]:
        """Write an answer, or return a warning that it cannot be written."""
        entry = _entry_of(query, answer.fetched_at, answer.sha256, len(answer.content), refusal)
        try:
            self._write(query, [answer.content], entry)
        except (OSError, Unwritable):
            return ("Network answers could not be cached: the cache folder is not writable.",)
        self._evict()
        return ()

    def _write(self, query: Query, parts: Sequence[bytes | memoryview], entry: Entry) -> None:
        header = {
            "version": VERSION,
            **asdict(entry),
            "fetched_at": entry.fetched_at.isoformat(),
            "expires": None if entry.expires is None else entry.expires.isoformat(),
        }
        make_private_folder(self._folder)
        save(self._file(query), [json.dumps(header).encode() + b"\n", *parts], private=True)

    def _evict(self) -> None:
        """Remove what expired long ago, and the oldest answers beyond the size limit."""
        oldest = time.time() - MAX_STALE.total_seconds()
        kept = 0
        for path, state in self._newest_first():
            entry = _read_header(path)
            expired = state.st_mtime < oldest and (entry is None or entry.expires is not None)
            kept += state.st_size
            if expired or kept > MAX_BYTES:
                with contextlib.suppress(OSError):  # removed by another process
                    path.unlink()

    def _newest_first(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path in self._files():
            with contextlib.suppress(OSError):
                found.append((path, path.stat()))
        return sorted(found, key=lambda pair: pair[1].st_mtime, reverse=True)

    @contextlib.contextmanager
    def _locked(self, query: Query) -> Iterator[bool]:
        """Try to acquire the lock of a query; yield whether the caller may fetch."""
        with contextlib.ExitStack() as held:
            try:
                make_private_folder(self._locks)
                # One of 256 files, never removed.
                held.enter_context(file_lock(self._locks / f"{query.name[:2]}.lock", timeout=0))
            except TimeoutError:
                available = False
            except OSError:
                available = True  # no locks on this file system: a second request is better than none
            else:
                available = True
            yield available


def _clock() -> datetime:
    return datetime.now(UTC)


def _parsed(entry: Entry, content: bytes, parse: Callable[[Answer], T]) -> Cached[T] | None:
    answer = Answer(content, entry.sha256, Retrieval.CACHED, entry.fetched_at)
    try:
        return Cached(parse(answer))
    except BetaNeutralError:  # cached by another version, or modified since: fetch again
        return None


def _refusal(entry: Entry, content: bytes) -> BetaNeutralError:
    kinds = {kind.__name__: kind for kind in NEGATIVE}
    kind = kinds.get(entry.refusal, NoData)
    age = _age(_clock() - entry.fetched_at)
    return kind(f"{content.decode(errors='replace')} (Cached {age} ago; --refresh requests it again.)")


def _entry_of(query: Query, fetched_at: datetime, sha256: str, size: int, refusal: str = "") -> Entry:
    ttl = NEGATIVE_TTL if refusal else query.ttl
    return Entry(
        key=query.key,
        note=query.note,
        fetched_at=fetched_at,
        expires=None if ttl is None else fetched_at + ttl,
        sha256=sha256,
        size=size,
        refusal=refusal,
    )


def _read_header(path: Path) -> Entry | None:
    try:
        with path.open("rb") as file:
            return _entry(file.readline(MAX_HEADER))
    except OSError:
        return None


def _entry(header: bytes) -> Entry | None:
    """Parse a header; None if it is invalid."""
    try:
        fields: dict[str, Any] = json.loads(header)
        if fields.pop("version") != VERSION:
            return None
        expires = fields.pop("expires")
        return Entry(
            key=str(fields["key"]),
            note=str(fields["note"]),
            fetched_at=_time(fields["fetched_at"]),
            expires=None if expires is None else _time(expires),
            sha256=str(fields["sha256"]),
            size=int(fields["size"]),
            refusal=str(fields["refusal"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _age(age: timedelta) -> str:
    """Return an age in words, in its largest unit.

    >>> _age(timedelta(hours=30)), _age(timedelta(minutes=1)), _age(timedelta(days=3))
    ('30 hours', '60 seconds', '3 days')
    """
    seconds = max(age.total_seconds(), 0.0)
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
