"""An input as it came: its bytes, where they are from, and how they are read.

Reading is a pure function of an original: so a run that keeps its originals can be repeated to
the last digit. A file, the network, the sample and a snapshot differ only in how they come by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from betaneutral_xl.covariance_units import CovarianceUnit
from betaneutral_xl.errors import InputError
from betaneutral_xl.portfolio import Etf, Holdings
from betaneutral_xl.provenance import Provenance, Retrieval, digest
from betaneutral_xl.risk import Covariance
from betaneutral_xl.sources.covariance_csv import LARGEST_FILE, parse_covariance
from betaneutral_xl.sources.holdings_json import parse_holdings
from betaneutral_xl.tabular.files import read_bytes, shown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from betaneutral_xl.settings import Settings

V = TypeVar("V", bound=Holdings | Etf | Covariance)


class Reader(StrEnum):
    """How an original is read."""

    API_HOLDINGS = "api holdings"
    HOLDINGS_FILE = "holdings file"
    ETF_FILE = "etf file"
    COVARIANCE = "covariance"
    PRICES = "prices"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Original:
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
class Sourced(Generic[V]):
    """A value, and the original that it was read from."""

    value: V
    original: Original


def read(original: Original, kind: type[V]) -> Sourced[V]:
    """Read an original as what it is expected to be.

    Raises
    ------
    BetaNeutralError
        If it cannot be read, or is something else.

    """
    found = _READERS[original.reader](original)
    if not isinstance(found, kind):
        msg = f"{original.name} is a {original.reader}, not {kind.__name__.lower()}."
        raise InputError(msg)
    if original.provenance is None:
        return Sourced(found, replace(original, provenance=found.provenance))
    origin = replace(
        original.provenance,
        rows=found.provenance.rows,
        as_of=original.provenance.as_of or found.provenance.as_of,
    )
    value: V = replace(found, provenance=origin, warnings=(*found.warnings, *original.warnings))
    return Sourced(value, replace(original, provenance=origin))


def holdings_file(path: Path | str, account: str | None = None, rates: str | None = None) -> Original:
    """Take a portfolio's file as it is, and what is to be chosen of it; see ``Choice.parse``."""
    from betaneutral_xl.sources.holdings_files import split_sheet  # noqa: PLC0415 - parsers

    file, sheet = split_sheet(path)
    given = {"fund": account, "sheet": sheet, "rates": rates}
    return Original(
        reader=Reader.HOLDINGS_FILE,
        name=shown_name(file),
        content=read_bytes(file),
        options={name: text for name, text in given.items() if text},
    )


def with_nav(original: Original, nav: float | None) -> Original:
    """Return a portfolio's original that is read with a stated net asset value, if one is stated."""
    return original if nav is None else replace(original, options={**original.options, "nav": repr(nav)})


def _stated_nav(original: Original) -> float | None:
    stated = original.options.get("nav")
    return None if stated is None else float(stated)


def etf_file(source: Path | str, fund: str | None = None, settings: Settings | None = None) -> Original:
    """Take an ETF's file as it is: a path, a fund's ticker or an address; see ``load_etf``."""
    from betaneutral_xl.sources.etf_files import open_etf  # noqa: PLC0415 - parsers

    file = open_etf(source, fund, settings)
    options = {"today": datetime.now(UTC).date().isoformat(), "retrieval": file.retrieval.value}
    if file.fund:
        options["fund"] = file.fund
    return Original(reader=Reader.ETF_FILE, name=file.name, content=file.content, options=options)


def covariance_file(path: Path | str, unit: CovarianceUnit | None = None) -> Original:
    """Take a covariance's file as it is."""
    return Original(
        reader=Reader.COVARIANCE,
        name=shown_name(path),
        content=read_bytes(path, LARGEST_FILE),
        options={} if unit is None else {"unit": unit.value},
    )


def prices_file(
    path: Path | str,
    tickers: Iterable[str],
    method: str,
    as_of: date | None,
    window: int,
    *,
    if_there: Iterable[str] = (),
) -> Original:
    """Take a price file as it is, from which the covariance of some names is to be estimated.

    Those of ``if_there`` are among them where the file has their prices, and not missed where it has not.
    """
    from betaneutral_xl.tabular.grid import LIMIT  # noqa: PLC0415 - only for prices

    options = {"tickers": ",".join(tickers), "method": method, "window": str(window)}
    if as_of is not None:
        options["as_of"] = as_of.isoformat()
    if beside := ",".join(if_there):
        options["if_there"] = beside
    return Original(
        reader=Reader.PRICES, name=shown_name(path), content=read_bytes(path, LIMIT), options=options
    )


def _origin(original: Original, source: str) -> Provenance:
    return original.provenance or Provenance(
        source=source,
        location=original.name,
        retrieval=Retrieval.FILE,
        as_of=None,
        rows=0,
        sha256=digest(original.content),
    )


def _read_api_holdings(original: Original) -> Holdings:
    return parse_holdings(original.content, _origin(original, "holdings file"), _stated_nav(original))


def _read_holdings_file(original: Original) -> Holdings:
    from betaneutral_xl.sources.holdings_files import parse_holdings_file  # noqa: PLC0415 - parsers
    from betaneutral_xl.sources.holdings_sections import Choice  # noqa: PLC0415 - parsers

    options = original.options
    choice = Choice.parse(options.get("fund"), options.get("sheet"), options.get("rates", ""))
    return parse_holdings_file(original.content, original.name, choice=choice, nav=_stated_nav(original))


def _read_etf(original: Original) -> Etf:
    from betaneutral_xl.sources.etf_files import parse_etf  # noqa: PLC0415 - parsers

    today = original.options.get("today")
    return parse_etf(
        original.content,
        original.name,
        fund=original.options.get("fund"),
        today=date.fromisoformat(today) if today else None,
        retrieval=Retrieval(original.options.get("retrieval", Retrieval.FILE)),
    )


def _read_covariance(original: Original) -> Covariance:
    stated = original.options.get("unit")
    unit = None if stated is None else CovarianceUnit.of(stated)
    covariance = parse_covariance(original.content, _origin(original, "covariance file"), unit)
    days = original.options.get("effective_days")
    return covariance if days is None else replace(covariance, effective_days=float(days))


def _read_prices(original: Original) -> Covariance:
    from betaneutral_xl.sources.prices import covariance_of, parse_prices  # noqa: PLC0415 - estimators

    as_of = original.options.get("as_of")
    return covariance_of(
        parse_prices(original.content, original.name),
        original.options["tickers"].split(","),
        original.options["method"],
        as_of=date.fromisoformat(as_of) if as_of else None,
        window=int(original.options["window"]),
        if_there=[one for one in original.options.get("if_there", "").split(",") if one],
    )


_READERS: Mapping[Reader, Callable[[Original], Holdings | Etf | Covariance]] = {
    Reader.API_HOLDINGS: _read_api_holdings,
    Reader.HOLDINGS_FILE: _read_holdings_file,
    Reader.ETF_FILE: _read_etf,
    Reader.COVARIANCE: _read_covariance,
    Reader.PRICES: _read_prices,
}
