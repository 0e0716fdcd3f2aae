"""Handles: large values represented by the text of one cell, ``cov#301744e113b4 [500x500]``.

The text contains a hash of the content: the same data give the same text, so nothing recalculates.
The value is kept in memory and in a file, for buttons that run in another process and for later
sessions.
"""

from __future__ import annotations

import io
import json
import re
from collections import OrderedDict
from contextlib import suppress
from dataclasses import fields
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.errors import ExpiredHandle, Unwritable
from betaneutral_xl.job.histories import from_plain, to_plain
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.risk import Covariance, Dense, Factors
from betaneutral_xl.system import saving
from betaneutral_xl.system.archives import DAMAGED

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

MAX_IN_MEMORY = 16
MAX_ON_DISK = 64

_HANDLE = re.compile(r"cov#(?P<key>[0-9a-f]{12}) \[\d+x\d+\]")


def is_handle(text: object) -> bool:
    """Return whether a cell holds a handle."""
    return isinstance(text, str) and _HANDLE.fullmatch(text) is not None


class Handles:
    """Covariances by the hash of their content; the folder of their files is created on first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._memory: OrderedDict[str, Covariance] = OrderedDict()
        self._lock = Lock()

    def put(self, covariance: Covariance) -> str:
        """Store a covariance and return its handle.

        If the folder cannot be written to, the handle is valid only as long as the process runs.
        """
        key = fingerprint(covariance)
        self._keep(key, covariance)
        path = self._folder / f"{key}.npz"
        if not path.exists():
            with suppress(Unwritable, OSError):
                saving.make_private_folder(self._folder)
                saving.save(path, to_bytes(covariance), private=True)
                self._forget_oldest_files()
        n = len(covariance.tickers)
        return f"cov#{key} [{n}x{n}]"

    def get(self, handle: str) -> Covariance:
        """Return the covariance of a handle.

        Raises
        ------
        ExpiredHandle
            If it is neither in memory nor on disk.

        """
        match = _HANDLE.fullmatch(handle)
        key = match["key"] if match else ""
        with self._lock:
            in_memory = self._memory.get(key)
        if in_memory is not None:
            return in_memory
        try:
            covariance = from_bytes((self._folder / f"{key}.npz").read_bytes())
        except DAMAGED:
            msg = f"The matrix {handle:.60} is no longer stored. Recalculate its cell (Ctrl+Alt+F9)."
            raise ExpiredHandle(msg) from None
        if fingerprint(covariance) != key:
            msg = f"The file of the matrix {handle:.60} is damaged. Recalculate its cell (Ctrl+Alt+F9)."
            raise ExpiredHandle(msg)
        self._keep(key, covariance)
        return covariance

    def clear(self) -> None:
        """Clear the memory; the files stay, for the handles in cells."""
        with self._lock:
            self._memory.clear()

    def _keep(self, key: str, covariance: Covariance) -> None:
        with self._lock:
            self._memory[key] = covariance
            self._memory.move_to_end(key)
            while len(self._memory) > MAX_IN_MEMORY:
                self._memory.popitem(last=False)

    def _forget_oldest_files(self) -> None:
        files = sorted(self._folder.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[MAX_ON_DISK:]:
            file.unlink(missing_ok=True)


def fingerprint(covariance: Covariance) -> str:
    """Return the hash of a covariance's content.

    The time of fetching is excluded: the same matrix fetched again has the same handle.
    """
    about = _about(covariance)
    about["provenance"].pop("fetched_at")
    content = blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=6)
    for name, array in sorted(_arrays(covariance).items()):
        content.update(f"{name} {array.shape}".encode())
        content.update(array.tobytes())
    return content.hexdigest()


def to_bytes(covariance: Covariance) -> bytes:
    """Return a covariance as the bytes of an .npz file of plain arrays and JSON, without pickles."""
    stream = io.BytesIO()
    np.savez(stream, about=np.array(json.dumps(_about(covariance))), **_arrays(covariance))  # type: ignore[arg-type] # names of arrays
    return stream.getvalue()


def from_bytes(content: bytes) -> Covariance:
    """Return the covariance that ``to_bytes`` wrote.

    Raises
    ------
    ValueError, KeyError
        If the content is not such a file.

    """
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        about: dict[str, Any] = json.loads(str(file["about"]))
        arrays = {name: file[name] for name in file.files if name != "about"}
    origin = about["provenance"]
    provenance = Provenance(
        **{
            **origin,
            "retrieval": Retrieval(origin["retrieval"]),
            "as_of": date.fromisoformat(origin["as_of"]) if origin["as_of"] else None,
            "fetched_at": datetime.fromisoformat(origin["fetched_at"]),
        }
    )
    return Covariance(
        tickers=tuple(about["tickers"]),
        form=Dense(arrays["matrix"])
        if "matrix" in arrays
        else Factors(arrays["loadings"], arrays["specific_variance"]),
        provenance=provenance,
        effective_days=about["effective_days"],
        warnings=tuple(about["warnings"]),
        seen=arrays.get("seen"),
        history=from_plain(about["history"], arrays),
    )


def _about(covariance: Covariance) -> dict[str, Any]:
    origin = covariance.provenance
    provenance = {field.name: getattr(origin, field.name) for field in fields(origin)}
    provenance["as_of"] = origin.as_of.isoformat() if origin.as_of else None
    provenance["fetched_at"] = origin.fetched_at.isoformat()
    return {
        "tickers": covariance.tickers,
        "warnings": covariance.warnings,
        "effective_days": covariance.effective_days,
        "provenance": provenance,
        "history": to_plain(covariance.history)[0],
    }


def _arrays(covariance: Covariance) -> dict[str, FloatArray]:
    form = covariance.form
    if isinstance(form, Factors):
        arrays = {"loadings": form.loadings, "specific_variance": form.specific_variance}
    else:
        arrays = {"matrix": form.dense()}
    arrays |= to_plain(covariance.history)[1]
    return arrays if covariance.seen is None else {**arrays, "seen": covariance.seen}
