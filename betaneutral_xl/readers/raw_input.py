"""An input before parsing: its bytes, origin and reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance

if TYPE_CHECKING:
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.system.files import LargeFile

V = TypeVar("V", bound=Holdings | Etf | Covariance)


class Reader(StrEnum):
    """The parser of a ``RawInput``."""

    API_HOLDINGS = "api holdings"
    HOLDINGS_FILE = "holdings file"
    ETF_FILE = "etf file"
    COVARIANCE = "covariance"
    PRICES = "prices"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawInput:
    """The bytes of one input and all that parsing them requires."""

    reader: Reader
    """The parser."""
    name: str
    """The file's name, without a folder, for messages and for a fund or date in it."""
    content: bytes | LargeFile = field(repr=False)
    """The bytes; of a large file the file, which is read again for a snapshot."""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The parser's options, as text."""
    provenance: Provenance | None = None
    """The origin of the bytes; None for a file that has not been parsed yet."""
    warnings: tuple[str, ...] = ()
    """Warnings from the retrieval of the bytes."""

    @property
    def data(self) -> bytes:
        """The bytes; raises ``UnreadableFile`` where they are no longer those that were parsed."""
        if isinstance(self.content, bytes):
            return self.content
        return self.content.read(self.provenance.sha256 if self.provenance else "")


@dataclass(frozen=True, slots=True, eq=False)
class Loaded(Generic[V]):
    """A parsed value, and the raw input it was parsed from."""

    value: V
    raw_input: RawInput


def with_nav(raw_input: RawInput, nav: float | None) -> RawInput:
    """Return a portfolio's raw input that is read with a stated net asset value, if one is stated."""
    return raw_input if nav is None else replace(raw_input, options={**raw_input.options, "nav": repr(nav)})
