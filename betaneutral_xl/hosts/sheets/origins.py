"""The values behind functions' results, found again by the cells of a result.

Two results may have the same cells and mean different things: the weights of a portfolio with prices, and
of one without. So all values with the same cells are kept; what they do not agree in is unknown.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from hashlib import blake2b
from threading import Lock
from typing import Any

import numpy as np

from betaneutral_xl.model.provenance import Provenance

MAX_VALUES = 8
"""Number of different values with the same cells that are kept; with more, none is known."""

RETRIEVAL = frozenset({"fetched_at", "retrieval"})
"""Fields that tell how and when a value was obtained, and not what it is."""


class OriginStore:
    """The values behind so many results at most, by the hash of the results' cells."""

    def __init__(self, max_results: int) -> None:
        self._max_results = max_results
        self._kept: OrderedDict[bytes, tuple[tuple[int, object], ...]] = OrderedDict()
        self._count = 0
        self._lock = Lock()

    def add(self, digest: bytes, value: object) -> None:
        """Add a value; it takes the place of one with the same content, obtained at another time."""
        with self._lock:
            others = self._kept.get(digest, ())
            content = fingerprint(value) if others else b""
            same = [token for token, one in others if one is value or fingerprint(one) == content]
            self._count += 1
            token = same[0] if same else self._count
            self._kept[digest] = (*(one for one in others if one[0] != token), (token, value))
            self._kept.move_to_end(digest)
            while len(self._kept) > self._max_results:
                self._kept.popitem(last=False)

    def get(self, digest: bytes) -> tuple[object, ...]:
        """Return the different values with these cells, the newest last; none if there are too many."""
        with self._lock:
            found = self._kept.get(digest, ())
        return tuple(value for _, value in found) if len(found) <= MAX_VALUES else ()

    def tokens(self, digest: bytes) -> tuple[int, ...]:
        """Return a number for each different value with these cells, for keys of caches."""
        found = self._kept.get(digest)  # one look-up: it needs no lock
        return tuple(sorted(token for token, _ in found)) if found else ()

    def clear(self) -> None:
        """Remove all values."""
        with self._lock:
            self._kept.clear()


def fingerprint(value: object, *, source: bool = True) -> bytes:
    """Return a hash of a value's content, however and whenever it was obtained.

    Values of unknown types are equal only to themselves.

    Parameters
    ----------
    value
        A dataclass, of plain values, arrays and other dataclasses.
    source
        Whether its provenance and the name of the fund count, by which no number changes.

    """
    content = blake2b(digest_size=16)
    _update(content, value, source=source)
    return content.digest()


PLAIN = (str, bytes, bool, int, float, date, Enum, type(None))


def _update(content: Any, value: Any, *, source: bool) -> None:
    if is_dataclass(value):
        parts = _fields(value) if source else _numbers(value)
    elif isinstance(value, Mapping):
        parts = tuple(value.items())
    elif isinstance(value, (set, frozenset)):
        parts = tuple(sorted(value, key=repr))
    elif isinstance(value, (tuple, list)):
        parts = tuple(value)
    else:
        content.update(_bytes(value))
        return
    content.update(f"{type(value).__name__} {len(parts)};".encode())
    for part in parts:
        _update(content, part, source=source)


def _fields(value: Any) -> tuple[tuple[str, object], ...]:
    return tuple((one.name, getattr(value, one.name)) for one in fields(value) if one.name not in RETRIEVAL)


def _numbers(value: Any) -> tuple[object, ...]:
    return () if isinstance(value, Provenance) else tuple(one for one in _fields(value) if one[0] != "fund")


def _bytes(value: object) -> bytes:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape};".encode() + np.ascontiguousarray(value).tobytes()
    shown = repr(value) if isinstance(value, PLAIN) else str(id(value))
    return f"{type(value).__name__} {shown};".encode()
