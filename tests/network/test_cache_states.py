"""What the cache answers in any order of requests, refusals, failures, full disks, damage and waiting."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from failing_files import Faults, Kind, contents, failing
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from betaneutral_xl.errors import UnknownFund, Unreachable
from betaneutral_xl.network import cache
from betaneutral_xl.network.cache import NEGATIVE_TTL, Answer, Cache, Query

KEYS = st.sampled_from(["holdings of a", "holdings of b", "covariance"])
TTL = timedelta(hours=1)


@dataclass(frozen=True)
class Stored:
    """What is expected to be in the cache; ``value`` is None for a refusal."""

    value: bytes | None
    at: datetime

    def is_valid(self, now: datetime) -> bool:
        return now < self.at + (NEGATIVE_TTL if self.value is None else TTL)


class CacheStates(RuleBasedStateMachine):
    """The cache beside a dictionary."""

    @initialize()
    def start(self) -> None:
        """Begin with an empty folder."""
        self.folder = Path(tempfile.mkdtemp())
        self.now = datetime(2026, 1, 2, tzinfo=UTC)
        self.clock = patch.object(cache, "_clock", lambda: self.now)
        self.clock.start()
        self.cache = Cache(self.folder)
        self.expected: dict[str, Stored] = {}
        self.requests = 0

    def teardown(self) -> None:
        """Set the clock right."""
        if hasattr(self, "clock"):
            self.clock.stop()
            shutil.rmtree(self.folder)

    @rule(key=KEYS, server=st.sampled_from(["good", "refuses", "down"]), refresh=st.booleans(),
          stale=st.booleans(), full_from=st.integers(-12, 12))  # fmt: skip
    def ask(self, key: str, server: str, refresh: bool, stale: bool, full_from: int) -> None:  # noqa: FBT001 - drawn
        """Ask for an answer; where the disk is full from some operation on, what is stored is unknown."""
        stored = self.expected.get(key)
        usable = stored is not None and stored.is_valid(self.now) and (not refresh or stored.at >= self.now)
        self.requests += 1
        new = f"answer {self.requests}".encode()
        asked: list[str] = []

        def fetch() -> bytes:
            asked.append(key)
            if server == "refuses":
                msg = "no such fund"
                raise UnknownFund(msg)
            if server == "down":
                msg = "no connection."
                raise Unreachable(msg)
            return new

        def request() -> bytes:
            query = Query(key=key, note=key, ttl=TTL)
            return self.cache.get_or_fetch(query, fetch, _content, refresh=refresh, allow_stale=stale).value

        full = full_from > 0 and not usable  # what is read only needs no room
        with failing(Faults(self.folder, full_from if full else 10**9, Kind.FULL)):
            if usable and stored is not None:
                assert self.outcome(request) == (stored.value or UnknownFund)
                assert not asked
            elif server == "down":
                old = None if stored is None else stored.value
                assert self.outcome(request) in ({old} if stale and old else {Unreachable}) | (
                    {Unreachable} if full else set()
                )
            else:
                assert self.outcome(request) == (new if server == "good" else UnknownFund)
        if not usable and server != "down":
            fresh = Stored(new if server == "good" else None, self.now)
            if full:
                self.forget(key)
            else:
                self.expected[key] = fresh

    @staticmethod
    def outcome(request: object) -> object:
        try:
            return request()  # type: ignore[operator] # a function without arguments
        except (UnknownFund, Unreachable) as error:
            return type(error)

    def forget(self, key: str) -> None:
        """Remove an answer of which it is not known whether it was stored."""
        for path in self.folder.glob("answers/*"):
            if f'"key": "{key}"'.encode() in path.read_bytes():
                path.unlink()
        self.expected.pop(key, None)

    @rule(minutes=st.sampled_from([0.5, 2.0, 59.0, 61.0]))
    def wait(self, minutes: float) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)

    @rule(key=KEYS, damage=st.sampled_from([b"", b"{", b"\0" * 100, b'{"version": 1}\n']))
    def damage(self, key: str, damage: bytes) -> None:
        """Overwrite a file: it is as if it were not there."""
        path = self.folder / "answers" / (Query(key=key, note=key, ttl=TTL).name + cache.SUFFIX)
        if path.exists():
            path.write_bytes(damage)
            self.expected.pop(key, None)

    @rule()
    def clear(self) -> None:
        """Remove all answers."""
        self.cache.clear()
        self.expected.clear()

    @invariant()
    def nothing_is_half_written(self) -> None:
        """Only whole files, and none beside them."""
        if hasattr(self, "folder"):
            names = [Path(path).name for path in contents(self.folder)]
            assert not [name for name in names if name.startswith(".")]


def _content(answer: Answer) -> bytes:
    return answer.content


CacheStates.TestCase.settings = settings(max_examples=60, stateful_step_count=25, derandomize=True)
TestCacheStates = pytest.mark.skipif(sys.platform == "win32", reason="its faults are of POSIX systems")(
    CacheStates.TestCase
)
