"""The files of ETFs that were loaded, kept by day: what changed since, and how old the newest is.

``RECORDS/etfs/FOLDER/DAY-HASH.json`` of an ETF says how ``DAY-HASH.bin.gz``, the file as loaded, is read.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import BetaNeutralError, Unwritable
from betaneutral_xl.job.etf_reading import read_etf
from betaneutral_xl.model.provenance import digest, now
from betaneutral_xl.readers.raw_input import RawInput, Reader
from betaneutral_xl.system.files import listed, read_bytes
from betaneutral_xl.system.places import folder_name
from betaneutral_xl.system.saving import Staged, make_records_folder, to_json

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf
    from betaneutral_xl.system.settings import Settings

STALE_DAYS = 7
"""Age in days above which an ETF's file is old: issuers publish every trading day."""

SHOWN = 5
"""Names whose weight changed most, that are shown."""

SMALLEST_CHANGE = 5e-5
"""Changes of weight that issuers' rounding cannot be told from."""

MAX_DAYS = 800
"""Files of an ETF that are kept."""


@dataclass(frozen=True, slots=True)
class WeightChange:
    """A name whose weight in an ETF changed; decimals of net assets, zero where it is not held."""

    ticker: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """What it changed by."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class EtfDay:
    """An ETF's file of today beside the one before it.

    Attributes
    ----------
    etf
        The ETF's name.
    as_of
        The day of the file; None where it has none.
    age
        Its age on the day of the holdings; None where unknown.
    earlier
        The day of the file before it that was kept; None for the first.
    turnover
        One-way change of the weights between the two, ``sum(abs(f1 - f0)) / 2``.
    changes
        The names whose weights changed most, largest first.
    entered, left
        Names that are new, or gone.

    """

    etf: str
    as_of: date | None
    age: int | None
    earlier: date | None = None
    turnover: float = 0.0
    changes: tuple[WeightChange, ...] = ()
    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether a newer file should be downloaded."""
        return self.age is not None and self.age > STALE_DAYS

    @property
    def sentence(self) -> str:
        """How old it is: ``JHAI is 60 days old``."""
        if self.age is None:
            return f"{self.etf} has no date: its age is unknown"
        if self.age == 0:
            return f"{self.etf} is of the same day"
        return f"{self.etf} is {self.age} days old" if self.age > 1 else f"{self.etf} is 1 day old"

    @property
    def changed(self) -> str:
        """What changed since the file before it, in words; empty for the first."""
        if self.earlier is None:
            return ""
        moved = ", ".join(f"{one.ticker} {one.before:.2%} to {one.after:.2%}" for one in self.changes)
        parts = [f"one-way change of weights {self.turnover:.2%}: {moved or 'nothing'}"]
        for what, names in (("new", self.entered), ("gone", self.left)):
            if names:
                more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
                parts.append(f"{what}: {', '.join(names[:SHOWN])}{more}")
        return "; ".join(parts)

    def record(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "as_of": self.as_of,
            "age_days": self.age,
            "stale": self.stale,
            "earlier": self.earlier,
            "turnover": self.turnover,
            "changes": [
                {"ticker": one.ticker, "before": one.before, "after": one.after} for one in self.changes
            ],
            "entered": list(self.entered),
            "left": list(self.left),
        }


def etf_day(etf: Etf, today: date | None, earlier: Etf | None = None) -> EtfDay:
    """Return an ETF's file beside an earlier one, if there is one; its age is counted to ``today``."""
    age = None if etf.as_of is None or today is None else max((today - etf.as_of).days, 0)
    if earlier is None:
        return EtfDay(etf=etf.name, as_of=etf.as_of, age=age)
    old, new = (dict(zip(one.tickers, one.weights.tolist(), strict=True)) for one in (earlier, etf))
    all_changes = [
        WeightChange(name, old.get(name, 0.0), new.get(name, 0.0)) for name in sorted({*old, *new})
    ]
    moved = [one for one in all_changes if abs(one.change) > SMALLEST_CHANGE]
    moved.sort(key=lambda one: -abs(one.change))
    return EtfDay(
        etf=etf.name,
        as_of=etf.as_of,
        age=age,
        earlier=earlier.as_of,
        turnover=sum(abs(one.change) for one in all_changes) / 2.0,
        changes=tuple(moved[:SHOWN]),
        entered=tuple(name for name in sorted(new) if name not in old),
        left=tuple(name for name in sorted(old) if name not in new),
    )


def day_of(etf: Etf, settings: Settings, today: date | None = None) -> EtfDay:
    """Return a loaded ETF beside the file of it that was kept before; its age to a day, by default now."""
    return etf_day(etf, today or now().date(), before(etf, settings))


def keep(raw: RawInput, etf: Etf, settings: Settings) -> bool:
    """Keep an ETF's file as of its day; return whether it is new. One without a day is not kept.

    Raises
    ------
    Unwritable
        If the folder cannot be written.

    """
    if etf.as_of is None or not settings.keep_etfs:
        return False
    folder = _folder(etf.name, settings)
    stem = f"{etf.as_of}-{digest(raw.data)[:12]}"
    if (folder / f"{stem}.json").is_file():
        return False
    make_records_folder(folder, settings.records)
    about = {
        "etf": etf.name,
        "as_of": etf.as_of,
        "sha256": digest(raw.data),
        "size": len(raw.data),
        "name": raw.name,
        "options": dict(raw.options),
    }
    packed = gzip.compress(raw.data, mtime=0)
    files = {folder / f"{stem}.bin.gz": packed, folder / f"{stem}.json": to_json(about).encode()}
    with Staged(files, private=True) as staged:
        staged.commit()
    for old in _kept(folder)[:-MAX_DAYS]:
        old.with_suffix(".bin.gz").unlink(missing_ok=True)
        old.unlink(missing_ok=True)
    return True


def kept(raw: RawInput, etf: Etf, settings: Settings) -> Etf:
    """Keep an ETF's file, and return the ETF: with a warning where its file could not be kept."""
    try:
        keep(raw, etf, settings)
    except Unwritable as error:
        line = f"The file of ETF {etf.name} is not kept for a comparison by day: {error}"
        return replace(etf, warnings=(*etf.warnings, line))
    return etf


def before(etf: Etf, settings: Settings) -> Etf | None:
    """Return the newest kept ETF of a day before that of a loaded one; None if there is none.

    A kept file that is damaged is passed over.
    """
    if etf.as_of is None:
        return None
    for file in reversed(_kept(_folder(etf.name, settings))):
        if file.name[:10] < etf.as_of.isoformat():
            found = _load(file)
            if found is not None:
                return found
    return None


def days(name: str, settings: Settings) -> tuple[date, ...]:
    """Return the days of which an ETF's file was kept, oldest first."""
    return tuple(dict.fromkeys(date.fromisoformat(one.name[:10]) for one in _kept(_folder(name, settings))))


def _folder(name: str, settings: Settings) -> Path:
    return settings.records / "etfs" / folder_name(name)


_NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{12}\.json")


def _kept(folder: Path) -> Sequence[Path]:
    return [one for one in listed(folder) if _NAME.fullmatch(one.name)]


def _load(file: Path) -> Etf | None:
    try:
        about: dict[str, Any] = json.loads(read_bytes(file))
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)  # the form of gzip
        content = unpack.decompress(read_bytes(file.with_suffix(".bin.gz")), int(about["size"]) + 1)
        if digest(content) != about["sha256"]:
            return None
        options = {str(key): str(value) for key, value in about["options"].items()}
        raw = RawInput(
            reader=Reader.ETF_FILE,
            name=str(about["name"]),
            content=content,
            options=MappingProxyType(options | {"today": str(about["as_of"])}),
        )
        return read_etf(raw)
    except (BetaNeutralError, ValueError, TypeError, LookupError, AttributeError, zlib.error):
        return None
