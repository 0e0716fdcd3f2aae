"""An input as it came: its bytes, where they are from, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from betaneutral_xl.model.provenance import Provenance

V = TypeVar("V", bound=Holdings | Etf | Covariance)


class Reader(StrEnum):
    """How an original is read."""

    API_HOLDINGS = "api holdings"
    HOLDINGS_FILE = "holdings file"
    ETF_FILE = "etf file"
    COVARIANCE = "covariance"
    PRICES = "prices"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawInput:
    """The bytes of one input and all that reading them needs.

    Attributes
    ----------
    reader
        How it is read.
    name
        The file's name, without a folder, for messages and for what the reader finds in it.
    content
        The bytes.
    options
        The reader's own options, as text.
    provenance
        Where the bytes are from; for a file that has not been read yet, nothing.
    warnings
        What was to be said about how the bytes came, which reading them cannot tell.

    """

    reader: Reader
    name: str
    content: bytes = field(repr=False)
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    provenance: Provenance | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Loaded(Generic[V]):
    """A value, and the original that it was read from."""

    value: V
    raw_input: RawInput
