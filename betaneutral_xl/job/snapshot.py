"""Snapshots: a run's inputs in one file, so that it can be repeated later, elsewhere and offline.

The inputs are identical byte for byte, so the same machine and versions give the same answer to the last
digit. Other processors sum in another order: there weights, betas and measures agree to 1e-12 (of net
asset value; betas and volatilities as decimals).

A snapshot is a ZIP archive of ``manifest.json`` and the raw inputs under ``inputs/``, stored without
compression: the same inputs give the same bytes on every machine, and an archive whose uncompressed size
is no larger than the file cannot be a ZIP bomb. Nothing is unpacked to disk.
"""

from __future__ import annotations

import io
import json
import platform
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.job.input_options import require_options
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.readers.raw_input import RawInput, Reader
from betaneutral_xl.system.archives import DAMAGED, archive_entry
from betaneutral_xl.system.files import read_bytes, shown_name
from betaneutral_xl.system.saving import save, to_json

FORMAT, VERSION = "betaneutral-xl snapshot", 2

READABLE = frozenset({1, 2})
"""Versions that are read; of 1 the options are on two levels."""

MANIFEST = "manifest.json"

MANIFEST_HASH = "manifest.sha256"
"""The SHA-256 of the manifest, in hexadecimal; since version 2."""

MAX_SIZE = 2**30
"""Maximum size of a snapshot in bytes."""

MAX_MANIFEST = 4 * 2**20

MAX_FILES = 64

PACKAGES = ("betaneutral-xl", "numpy", "scipy")
"""Packages whose versions may change the last digits of results."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """A run's inputs, parameters and versions.

    Attributes
    ----------
    raw_inputs
        The portfolio, the ETFs and the risk model.
    parameters
        The request as plain data.
    versions
        Versions of Python and of the packages that affect the numbers.

    """

    raw_inputs: tuple[RawInput, ...]
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]

    def of(self, kind: type[Holdings | Etf | Covariance]) -> tuple[RawInput, ...]:
        """Return the raw inputs of one type of value."""
        return tuple(one for one in self.raw_inputs if one.reader in _KINDS[kind])

    def differences(self) -> tuple[str, ...]:
        """Return a warning that lists the versions that differ here; empty if none does."""
        here = versions()
        changed = [
            f"{name} {then} (here {here.get(name)})"
            for name, then in self.versions.items()
            if here.get(name) != then
        ]
        return (
            (f"The snapshot was made with {', '.join(changed)}: last digits may differ.",) if changed else ()
        )


_KINDS: Mapping[type, frozenset[Reader]] = {
    Holdings: frozenset({Reader.API_HOLDINGS, Reader.HOLDINGS_FILE}),
    Etf: frozenset({Reader.ETF_FILE}),
    Covariance: frozenset({Reader.COVARIANCE, Reader.PRICES}),
}


def versions() -> dict[str, str]:
    """Return the installed versions of Python and of the packages that affect the numbers."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a folder that is not installed
            found[name] = "unknown"
    return found


def write_snapshot(path: Path | str, raw_inputs: Sequence[RawInput], parameters: Mapping[str, Any]) -> None:
    """Write a run's inputs, and the request as data for JSON, to one file, usually ``.zip``, atomically.

    Raises
    ------
    Unwritable
        If the file cannot be written.

    """
    save(path, pack(raw_inputs, parameters), private=True)


def pack(raw_inputs: Sequence[RawInput], parameters: Mapping[str, Any]) -> bytes:
    """Return a snapshot's bytes; the same inputs give the same bytes."""
    files = {f"inputs/{number}-{_plain_name(one.name)}": one.data for number, one in enumerate(raw_inputs, 1)}
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "versions": versions(),
        "parameters": dict(parameters),
        "inputs": [_entry(name, one, files[name]) for name, one in zip(files, raw_inputs, strict=True)],
    }
    text = (to_json(manifest) + "\n").encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, MANIFEST, text)
        _add(archive, MANIFEST_HASH, f"{digest(text)}\n".encode())
        for name, content in files.items():
            _add(archive, name, content)
    return stream.getvalue()


def read_snapshot(path: Path | str) -> Snapshot:
    """Read a snapshot and verify its hashes.

    Raises
    ------
    UnreadableFile
        If it is not a snapshot, is damaged, or exceeds the limits on size and number of files.

    """
    return unpack(read_bytes(path, MAX_SIZE), shown_name(path))


def unpack(content: bytes, name: str) -> Snapshot:
    """Read a snapshot from its bytes; ``name`` is used in error messages."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _snapshot(_files(archive, len(content)))
    except _NoSnapshotError as error:
        msg = f"{name} {error}. Use a snapshot file written by betaneutral-xl."
    except DAMAGED as error:
        what = f"not a snapshot, or damaged ({type(error).__name__})"
        msg = f"{name} is {what}. Use a snapshot file written by betaneutral-xl."
    raise UnreadableFile(msg)


class _NoSnapshotError(Exception):
    """The defect of a file, as a predicate for a message that begins with the file's name."""


def _files(archive: zipfile.ZipFile, size: int) -> dict[str, bytes]:
    """Return the archive's files after checking that they are no larger than the archive."""
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if MANIFEST not in names:
        what = "is a ZIP archive, but not a snapshot"
        raise _NoSnapshotError(what)
    if len(infos) > MAX_FILES or len(set(names)) != len(names):
        what = f"has {len(infos)} files, more than {MAX_FILES}, or two with the same name"
        raise _NoSnapshotError(what)
    stored = all(
        info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size for info in infos
    )
    if not stored or sum(info.file_size for info in infos) > size:
        what = "is compressed, or its uncompressed size exceeds the limit"
        raise _NoSnapshotError(what)
    if archive.getinfo(MANIFEST).file_size > MAX_MANIFEST:
        what = "has a manifest that exceeds the size limit"
        raise _NoSnapshotError(what)
    return {info.filename: archive.read(info) for info in infos}


def _snapshot(files: dict[str, bytes]) -> Snapshot:
    text = files.pop(MANIFEST)
    manifest = json.loads(text)
    if manifest["format"] != FORMAT or manifest["version"] not in READABLE:
        what = f"has format {manifest['format']!r:.40} {manifest['version']!r:.10}, not {FORMAT!r} {VERSION}"
        raise _NoSnapshotError(what)
    if manifest["version"] != 1 and files.pop(MANIFEST_HASH).strip().decode() != digest(text):
        what = "has a changed manifest: its SHA-256 is another"
        raise _NoSnapshotError(what)
    raw_inputs = tuple(_raw_input(entry, files) for entry in manifest["inputs"])
    if files:
        what = f"has {next(iter(files))!r:.60}, which is not in its manifest"
        raise _NoSnapshotError(what)
    return Snapshot(
        raw_inputs=raw_inputs,
        parameters=MappingProxyType(dict(manifest["parameters"])),
        versions=MappingProxyType({str(key): str(value) for key, value in manifest["versions"].items()}),
    )


def _raw_input(entry: Mapping[str, Any], files: dict[str, bytes]) -> RawInput:
    content = files.pop(entry["file"])
    if digest(content) != entry["sha256"]:
        what = f"has a changed {entry['file']!r:.60}: its SHA-256 is not that of the manifest"
        raise _NoSnapshotError(what)
    origin = entry["provenance"]
    is_sample = Retrieval(origin["retrieval"]) is Retrieval.SAMPLE  # a sample stays marked as one
    provenance = Provenance(
        source=str(origin["source"]),
        location=str(origin["location"]),
        retrieval=Retrieval.SAMPLE if is_sample else Retrieval.SNAPSHOT,
        as_of=None if origin["as_of"] is None else date.fromisoformat(origin["as_of"]),
        rows=int(origin["rows"]),
        sha256=str(entry["sha256"]),
        fetched_at=datetime.fromisoformat(origin["fetched_at"]),
        note=str(origin["note"]),
    )
    raw_input = RawInput(
        reader=Reader(entry["reader"]),
        name=shown_name(PurePosixPath(str(entry["name"])).name),
        content=content,
        options=MappingProxyType({str(key): str(value) for key, value in entry["options"].items()}),
        provenance=provenance,
        warnings=tuple(str(line) for line in entry["warnings"]),
    )
    try:
        require_options(raw_input)
    except InputError as error:
        what = f"has an option that cannot be used. {str(error).rstrip('.')}"
        raise _NoSnapshotError(what) from None
    return raw_input


def _entry(file: str, raw_input: RawInput, content: bytes) -> dict[str, Any]:
    origin = raw_input.provenance
    if origin is None:
        msg = "a raw input has no provenance before it is read"
        raise ValueError(msg)
    return {
        "file": file,
        "reader": raw_input.reader,
        "name": raw_input.name,
        "options": dict(sorted(raw_input.options.items())),
        "sha256": digest(content),
        "size": len(content),
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
    """Return a file name that is valid on every system."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[-60:].lstrip(".") or "input"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(archive_entry(name), content, compress_type=zipfile.ZIP_STORED)
