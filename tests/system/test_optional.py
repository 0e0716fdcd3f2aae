"""Packages that can be missing, and what stands in for them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from betaneutral_xl.system import optional


@pytest.fixture(params=["with filelock", "without"], autouse=True)
def _kinds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run every test with filelock, and where it cannot be imported."""
    if request.param == "without":
        monkeypatch.setitem(sys.modules, "filelock", None)
    optional.find.cache_clear()
    yield
    optional.find.cache_clear()


def test_a_lock_that_is_held_is_not_given_again(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with optional.file_lock(path, timeout=0), pytest.raises(TimeoutError), optional.file_lock(path, 0):
        pytest.fail("two holders")


def test_a_lock_is_given_again_after_its_holder_even_if_that_failed(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with pytest.raises(ZeroDivisionError), optional.file_lock(path, timeout=0):
        raise ZeroDivisionError
    with optional.file_lock(path, timeout=0):
        assert True


def test_locks_of_two_files_are_two(tmp_path: Path) -> None:
    with optional.file_lock(tmp_path / "one.lock", 0), optional.file_lock(tmp_path / "two.lock", 0):
        assert True


def test_another_thread_waits_for_the_lock(tmp_path: Path) -> None:
    path, order = tmp_path / "one.lock", []

    def wait() -> None:
        with optional.file_lock(path, timeout=30):
            order.append("second")

    with optional.file_lock(path, timeout=0):
        thread = threading.Thread(target=wait)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_what_is_missing_is_named_with_its_consequence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    text = optional.status()
    assert "The package psutil cannot be used" in text
    assert optional.WITHOUT["psutil"] in text
    assert "threadpoolctl" not in text


def test_that_nothing_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in optional.WITHOUT:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert optional.status() == "All solvers and other compiled packages can be used."


@pytest.mark.parametrize(("name", "level"), [("psutil", "WARNING"), ("simdjson", "INFO")])
def test_a_package_that_is_left_out_for_some_python_is_missed_without_a_warning(
    name: str, level: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    caplog.set_level("INFO")
    assert optional.find(name) is None
    assert [one.levelname for one in caplog.records] == [level]


def test_a_system_without_threads_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    optional.has_threads.cache_clear()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    try:
        assert not optional.has_threads()
        assert "no threads here" in optional.status()
    finally:
        optional.has_threads.cache_clear()
