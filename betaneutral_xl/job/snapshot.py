"""A run's inputs in one file: to repeat it elsewhere, later, without a network.

The inputs are the same byte for byte, so on the same machine with the same versions the answer is the
same to the last digit. Another processor adds in another order: there weights, betas and measures agree
to 1e-12 (of net asset value; betas and volatilities as decimals).

A ZIP archive with ``manifest.json`` and the originals under ``inputs/``, all of it stored as it
is, not compressed: the same inputs make the same bytes on every machine, and what is not larger
inside than outside cannot be a bomb. Nothing is ever unpacked to the disk.
"""

from __future__ import annotations

import io
import json
import platform
import re
import struct
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.readers.raw_input import RawInput, Reader
from betaneutral_xl.readers.tabular.files import read_bytes, shown_name
from betaneutral_xl.system.saving import archive_entry, save, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORMAT, VERSION = "betaneutral-xl snapshot", 2

READABLE = frozenset({1, 2})
"""Versions that are read; of 1 the options are on two levels."""

MANIFEST = "manifest.json"

LARGEST = 2**30
"""Bytes of a snapshot that is read."""

LARGEST_MANIFEST = 4 * 2**20

MOST_FILES = 64

PACKAGES = ("betaneutral-xl", "numpy", "scipy")
"""Whose versions may change the last digits, as another processor may."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """What a run was about.

    Attributes
    ----------
    raw_inputs
        Its inputs: the portfolio, the ETFs, the risk model.
    parameters
        What was asked for, as plain data.
    versions
        Of Python and of the packages that the numbers depend on.

    """

    raw_inputs: tuple[RawInput, ...]
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]

    def of(self, kind: type[Holdings | Etf | Covariance]) -> tuple[RawInput, ...]:
        """Return the originals that are read as a kind of value."""
        return tuple(one for one in self.raw_inputs if one.reader in _KINDS[kind])

    def differences(self) -> tuple[str, ...]:
        """Say which versions are others here, one line for all; nothing where they are the same."""
        here = versions()
        other = [
            f"{name} {then} (here {here.get(name)})"
            for name, then in self.versions.items()
            if here.get(name) != then
        ]
        return (f"The snapshot was made with {', '.join(other)}: last digits may differ.",) if other else ()


_KINDS: Mapping[type, frozenset[Reader]] = {
    Holdings: frozenset({Reader.API_HOLDINGS, Reader.HOLDINGS_FILE}),
    Etf: frozenset({Reader.ETF_FILE}),
    Covariance: frozenset({Reader.COVARIANCE, Reader.PRICES}),
}


def versions() -> dict[str, str]:
    """Return the versions here of Python and of what the numbers depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a folder that is not installed
            found[name] = "unknown"
    return found


def write_snapshot(path: Path | str, raw_inputs: Sequence[RawInput], parameters: Mapping[str, Any]) -> None:
    """Write a run's inputs into one file, whole or not at all.

    Parameters
    ----------
    path
        The file, usually ``.zip``.
    raw_inputs
        The inputs, each with its provenance.
    parameters
        What was asked for: plain data that JSON has.

    Raises
    ------
    Unwritable
        If the file cannot be written.

    """
    save(path, pack(raw_inputs, parameters))


def pack(raw_inputs: Sequence[RawInput], parameters: Mapping[str, Any]) -> bytes:
    """Return a snapshot's bytes, the same for the same inputs."""
    names = [f"inputs/{number}-{_plain_name(one.name)}" for number, one in enumerate(raw_inputs, 1)]
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "versions": versions(),
        "parameters": dict(parameters),
        "inputs": [_entry(name, one) for name, one in zip(names, raw_inputs, strict=True)],
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, MANIFEST, (to_json(manifest) + "\n").encode())
        for name, one in zip(names, raw_inputs, strict=True):
            _add(archive, name, one.content)
    return stream.getvalue()


def read_snapshot(path: Path | str) -> Snapshot:
    """Read a snapshot, and hold that nothing in it has changed.

    Raises
    ------
    UnreadableFile
        If it is no snapshot, or one that is damaged or was made to harm.

    """
    return unpack(read_bytes(path, LARGEST), shown_name(path))


def unpack(content: bytes, name: str) -> Snapshot:
    """Read a snapshot from its bytes; ``name`` is for messages."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _snapshot(_files(archive, len(content)))
    except _NoSnapshotError as error:
        msg = f"{name} {error}. Use a snapshot as this program wrote it."
    except _DAMAGED as error:
        what = "no snapshot, or a damaged one"
        msg = f"{name} is {what} ({type(error).__name__}). Use one as this program wrote it."
    raise UnreadableFile(msg)


class _NoSnapshotError(Exception):
    """What is wrong, as the rest of a sentence that begins with the file's name."""


_DAMAGED = (
    zipfile.BadZipFile,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    NotImplementedError,
    RuntimeError,  # encrypted; nested without end
    EOFError,
    OSError,
    struct.error,
    OverflowError,
)
"""What reading an archive and its manifest can raise."""


def _files(archive: zipfile.ZipFile, size: int) -> dict[str, bytes]:
    """Return the archive's files, after holding that they are no more than the archive itself."""
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if MANIFEST not in names:
        what = "is a ZIP archive, but no snapshot"
        raise _NoSnapshotError(what)
    if len(infos) > MOST_FILES or len(set(names)) != len(names):
        what = f"has {len(infos)} files, more than {MOST_FILES}, or two of one name"
        raise _NoSnapshotError(what)
    stored = all(
        info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size for info in infos
    )
    if not stored or sum(info.file_size for info in infos) > size:
        what = "is compressed, or its uncompressed size exceeds the limit"
        raise _NoSnapshotError(what)
    if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
        what = "has a manifest that exceeds the size limit"
        raise _NoSnapshotError(what)
    return {info.filename: archive.read(info) for info in infos}


def _snapshot(files: dict[str, bytes]) -> Snapshot:
    manifest = json.loads(files.pop(MANIFEST))
    if manifest["format"] != FORMAT or manifest["version"] not in READABLE:
        what = f"is of format {manifest['format']!r:.40} {manifest['version']!r:.10}"
        raise _NoSnapshotError(what)
    raw_inputs = tuple(_original(entry, files) for entry in manifest["inputs"])
    if files:
        what = f"has {next(iter(files))!r:.60}, which its manifest does not name"
        raise _NoSnapshotError(what)
    return Snapshot(
        raw_inputs=raw_inputs,
        parameters=MappingProxyType(dict(manifest["parameters"])),
        versions=MappingProxyType({str(key): str(value) for key, value in manifest["versions"].items()}),
    )


def _original(entry: Mapping[str, Any], files: dict[str, bytes]) -> RawInput:
    content = files.pop(entry["file"])
    if digest(content) != entry["sha256"]:
        what = f"has another {entry['file']!r:.60} than when it was made"
        raise _NoSnapshotError(what)
    given = entry["provenance"]
    is_sample = Retrieval(given["retrieval"]) is Retrieval.SAMPLE  # which says everywhere that it is one
    provenance = Provenance(
        source=str(given["source"]),
        location=str(given["location"]),
        retrieval=Retrieval.SAMPLE if is_sample else Retrieval.SNAPSHOT,
        as_of=None if given["as_of"] is None else date.fromisoformat(given["as_of"]),
        rows=int(given["rows"]),
        sha256=str(entry["sha256"]),
        fetched_at=datetime.fromisoformat(given["fetched_at"]),
        note=str(given["note"]),
    )
    return RawInput(
        reader=Reader(entry["reader"]),
        name=shown_name(PurePosixPath(str(entry["name"])).name),
        content=content,
        options=MappingProxyType({str(key): str(value) for key, value in entry["options"].items()}),
        provenance=provenance,
        warnings=tuple(str(line) for line in entry["warnings"]),
    )


def _entry(file: str, raw_input: RawInput) -> dict[str, Any]:
    origin = raw_input.provenance
    if origin is None:
        msg = "an original is read before it is kept"
        raise ValueError(msg)
    return {
        "file": file,
        "reader": raw_input.reader,
        "name": raw_input.name,
        "options": dict(sorted(raw_input.options.items())),
        "sha256": digest(raw_input.content),
        "size": len(raw_input.content),
        "provenance": {
            "source": origin.source,
            "location": origin.location,
            "retrieval": origin.retrieval,
            "as_of": origin.as_of,
            "rows": origin.rows,
            "fetched_at": origin.fetched_at,
            "note": origin.note,
        },
        "warnings": list(raw_input.warnings),
    }


def _plain_name(name: str) -> str:
    """Return a name that every system can have."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[-60:].lstrip(".") or "input"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(archive_entry(name), content, compress_type=zipfile.ZIP_STORED)
