"""The numbers of a large covariance file, kept in the cache folder so that its text is parsed once.

A file of 5,000 names has half a gigabyte of text, whose parsing and hash take some seconds; its numbers are
read again in a tenth of one. All checks of a covariance are made each time.

They are kept by the file's path and used while its state is what it was: size, time of the last change, and
its identity on the disk. Where the system records when a file was last changed in any way (POSIX, ctime),
nothing can change it and leave that as it was; on Windows its hash is compared as well. A file that was
changed within the last seconds is not kept, as a second change could have the same time.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from hashlib import file_digest
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from betaneutral_xl.network.cache import Cache, Query
from betaneutral_xl.readers.covariance_csv import MAX_NAMES, parse_plain_file
from betaneutral_xl.readers.matrix_tables import PlainMatrix

if TYPE_CHECKING:
    from betaneutral_xl.system.files import LargeFile
    from betaneutral_xl.system.settings import Settings

VERSION = 1

SETTLED = 5.0
"""Seconds after its last change from which on a file is kept; file systems' clocks tick every two at most."""

RECORDS_CHANGES = os.name == "posix"
"""Whether the system keeps the time of the last change of a file, which no program can set."""

MAX_LABELS = 2**22
"""Bytes of the line of labels."""


def parse_file(file: LargeFile, settings: Settings) -> PlainMatrix | None:
    """Return the numbers of a large covariance file: parsed by ``parse_plain_file``, now or before.

    Raises
    ------
    UnreadableFile
        As ``read_bytes``.

    """
    if not settings.cache_matrices:
        return parse_plain_file(file)
    cache = Cache(settings.cache)
    query = Query(key=f"covariance file {file.path}", note=f"numbers of {file.name}", ttl=None)
    with file.open() as stream:
        state = _state(stream)
        with cache.open(query) as kept:
            found = None if kept is None else _read(kept, state)
        if found is not None and (
            RECORDS_CHANGES or file_digest(stream, "sha256").hexdigest() == found.sha256
        ):
            return found
    parsed = parse_plain_file(file)
    if parsed is not None:
        with file.open() as stream:
            settled = time.time() - max(state["changed"]) / 1e9 > SETTLED
            if settled and _state(stream) == state:
                cache.store(query, _parts(parsed, state))
    return parsed


def _state(stream: BinaryIO) -> dict[str, Any]:
    status = os.fstat(stream.fileno())
    return {
        "size": status.st_size,
        "changed": [status.st_mtime_ns, status.st_ctime_ns],
        "identity": [status.st_dev, status.st_ino],
    }


def _parts(plain: PlainMatrix, state: dict[str, Any]) -> list[bytes | memoryview]:
    """Return what is kept: a line of JSON, then the numbers row by row as they are in memory."""
    numbers = plain.matrix.data
    about = {
        "version": VERSION,
        "state": state,
        "dtype": plain.matrix.dtype.str,
        "crc32": zlib.crc32(numbers),
        "sha256": plain.sha256,
        "header": plain.header,
        "labels": [list(one) for one in plain.labels],
        "beside": plain.beside,
    }
    return [json.dumps(about).encode() + b"\n", numbers]


def _read(kept: BinaryIO, state: dict[str, Any]) -> PlainMatrix | None:
    """Return the numbers that were kept of a file in this state; None if there are none, or damaged ones."""
    try:
        about = json.loads(kept.readline(MAX_LABELS))
        if about["version"] != VERSION or about["state"] != state:
            return None
        n = len(about["header"])
        if not len(about["labels"]) == n <= MAX_NAMES or about["dtype"] != np.dtype(np.float64).str:
            return None
        matrix = np.fromfile(kept, dtype=np.float64, count=n * n).reshape(n, n)
        if zlib.crc32(matrix.data) != about["crc32"]:
            return None
        return PlainMatrix(
            tuple(map(str, about["header"])),
            [[str(cell) for cell in row] for row in about["labels"]],
            matrix,
            tuple(map(str, about["beside"])),
            str(about["sha256"]),
        )
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
