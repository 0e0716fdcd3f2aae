from __future__ import annotations

from threading import Barrier, Thread
from typing import NoReturn

import pytest

from betaneutral_xl.errors import InputError, SourceError, Unreachable
from betaneutral_xl.hosts.sheets.result_cache import RETRY_AFTER, ResultCache


class Failing:
    """A computation that fails, and counts how often it is asked for."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def __call__(self) -> NoReturn:
        self.calls += 1
        raise self.error


def test_an_error_of_the_input_is_not_kept() -> None:
    cache, failing = ResultCache(), Failing(InputError("wrong"))
    for _ in range(2):
        with pytest.raises(InputError, match="wrong"):
            cache.get_or_compute("key", failing)
    assert failing.calls == 2
    assert cache.get_or_compute("key", lambda: 1) == 1


def test_an_error_of_a_source_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr("betaneutral_xl.hosts.sheets.result_cache.time.monotonic", lambda: now)
    cache, failing = ResultCache(), Failing(Unreachable("no network"))
    for _ in range(3):
        with pytest.raises(SourceError, match="no network"):
            cache.get_or_compute("key", failing)
    assert failing.calls == 1
    now += RETRY_AFTER + 1.0
    assert cache.get_or_compute("key", lambda: "there") == "there"


def test_threads_that_ask_at_once_compute_once() -> None:
    cache, started = ResultCache(), Barrier(4, timeout=30)
    made: list[object] = []

    def compute() -> object:
        made.append(object())
        return made[-1]

    def ask() -> None:
        started.wait()
        answers.append(cache.get_or_compute("key", compute))

    answers: list[object] = []
    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == made * 4
    assert len(made) == 1


def test_the_least_recently_used_value_makes_room() -> None:
    cache = ResultCache(2)
    for key in ("a", "b", "a", "c"):
        cache.get_or_compute(key, lambda: 1)
    assert [cache.get_or_compute(key, lambda: 2) for key in ("a", "c", "b")] == [1, 1, 2]
