"""Compiled packages, file locks and threads: used where the system has them, replaced where it has not.

Python in a browser (Pyodide, xlwings Lite) has none of them. Each has a substitute that gives the same
answers, so the product's dependencies leave them out there; what is missing is logged once, and named by
Check installation.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

WITHOUT = {
    "daqp": "small problems take a little longer, to the same weights",
    "filelock": "two programs at once can write the cache, the records and a sweep's journal",
    "psutil": "programs that hold a port or a LibreOffice profile are not named",
    "simdjson": "covariance files take longer and more memory to read, and their numbers are not kept",
    "threadpoolctl": "a backtest may differ in its last digits between machines",
}
"""The packages that can be missing, by the name of the module, and what is different then."""

NOT_ASKED_FOR_EVERYWHERE = frozenset({"simdjson"})
"""Those that only save time, and that the dependencies leave out for some Python: no warning is logged."""


@cache
def find(name: str) -> Any:
    """Return a module of ``WITHOUT``; None if it cannot be imported, which is logged once."""
    try:
        return importlib.import_module(name)
    except ImportError as error:  # also where a shared library that it needs is missing
        import logging

        level = logging.INFO if name in NOT_ASKED_FOR_EVERYWHERE else logging.WARNING
        logging.getLogger(__name__).log(level, "%s", _missing(name, error))
        return None


def status() -> str:
    """Return whether all of these packages can be used, as sentences.

    Unlike ``find`` it looks again: a package may have been installed or damaged since.
    """
    sentences = []
    for name in WITHOUT:
        try:
            importlib.import_module(name)
        except ImportError as error:
            sentences.append(_missing(name, error))
    if not has_threads():
        sentences.append("Functions are computed one after another: there are no threads here.")
    return " ".join(sentences) or "All solvers and other compiled packages can be used."


def _missing(name: str, error: ImportError) -> str:
    return f"The package {name} cannot be used ({error}): {WITHOUT[name]}."


@cache
def has_threads() -> bool:
    """Return whether a thread can be started."""
    thread = threading.Thread(target=lambda: None)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True


@contextmanager
def file_lock(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of a file, against other programs; without filelock, against other threads alone.

    A browser has one program per file system, so nothing is lost there. The file is made and stays; only the
    user may read it. Raises ``TimeoutError`` if another holds it for longer than ``timeout`` seconds, and
    ``OSError`` if the file cannot be made, or the file system has no locks.
    """
    filelock = find("filelock")
    if filelock is None:
        lock = _lock_of(str(path.resolve()))
        if not lock.acquire(timeout=timeout):
            raise TimeoutError(str(path))
        try:
            yield
        finally:
            lock.release()
        return
    try:
        held = filelock.FileLock(path, timeout=timeout, mode=0o600).acquire()
    except NotImplementedError as error:
        raise OSError(str(error)) from None
    with held:
        yield


@cache
def _lock_of(_: str) -> threading.Lock:
    """Return the one lock of a path."""
    return threading.Lock()
