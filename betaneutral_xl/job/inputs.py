"""Inputs from files, addresses and prices, each kept as raw bytes so that a run can be repeated.

Reading is a pure function of a raw input. A file, the network, the sample and a snapshot differ only in
how they obtain one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.estimators import WINDOW, MissingData
from betaneutral_xl.errors import InputError
from betaneutral_xl.job.etf_reading import etf_file, read_etf, ticker_map
from betaneutral_xl.job.input_options import Role, option
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.portfolio import AssetClass, Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.readers.covariance_csv import covariance_content, parse_covariance
from betaneutral_xl.readers.covariance_drift import drift_rows
from betaneutral_xl.readers.holdings_json import parse_holdings
from betaneutral_xl.readers.raw_input import Loaded, RawInput, Reader, V
from betaneutral_xl.readers.tabular import grid
from betaneutral_xl.system.files import (
    STANDARD_INPUT,
    is_network_path,
    read_bytes,
    shown_name,
)
from betaneutral_xl.system.places import file_exists, folder_exists, is_device
from betaneutral_xl.system.settings import Settings

__all__ = ["drift_rows", "etf_file", "ticker_map"]

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date

if TYPE_CHECKING:
    from betaneutral_xl.model.covariance_units import CovarianceUnit
    from betaneutral_xl.model.risk import Covariance
    from betaneutral_xl.readers.matrix_tables import PlainMatrix
    from betaneutral_xl.system.files import LargeFile


def read(raw_input: RawInput, kind: type[V]) -> Loaded[V]:
    """Parse a raw input to a value of a type, and complete the input's provenance by what was read.

    Raises
    ------
    BetaNeutralError
        If it cannot be read, or is of another type than ``Holdings``, ``Etf`` or ``Covariance``, as expected.

    """
    found = _READERS[raw_input.reader](raw_input)
    if isinstance(found, Holdings) and (groups := option(raw_input, "groups")):
        found = found.with_groups(groups)
    if not isinstance(found, kind):
        msg = f"{raw_input.name} is a {raw_input.reader}, not {kind.__name__.lower()}."
        raise InputError(msg)
    if raw_input.provenance is None:
        return Loaded(found, replace(raw_input, provenance=found.provenance))
    origin = replace(
        raw_input.provenance,
        rows=found.provenance.rows,
        as_of=raw_input.provenance.as_of or found.provenance.as_of,
    )
    value: V = replace(found, provenance=origin, warnings=(*found.warnings, *raw_input.warnings))
    return Loaded(value, replace(raw_input, provenance=origin))


def holdings_file(
    path: Path | str,
    account: str | None = None,
    rates: str | None = None,
    day: date | None = None,
    tickers: Path | str | None = None,
) -> RawInput:
    """Return a portfolio's file and which part of it to read; see ``Choice``.

    ``tickers`` is a table of identifiers and tickers, for rows without a ticker.
    """
    from betaneutral_xl.readers.holdings_files import split_sheet
    from betaneutral_xl.readers.ticker_map import as_text

    file, sheet = split_sheet(path)
    options = {"fund": account, "sheet": sheet, "rates": rates, "day": day.isoformat() if day else None}
    if tickers:
        options["tickers"] = as_text(ticker_map(tickers))
    return RawInput(
        reader=Reader.HOLDINGS_FILE,
        name=shown_name(file),
        content=read_bytes(file),
        options={name: text for name, text in options.items() if text},
    )


def with_groups(raw_input: RawInput, path: Path | str | None) -> RawInput:
    """Return a portfolio's raw input that is read with the groups of a table of tickers, if one is named."""
    if path is None:
        return raw_input
    from betaneutral_xl.readers import group_table

    groups = group_table.as_text(group_table.parse_groups(read_bytes(path), shown_name(path)))
    return replace(raw_input, options={**raw_input.options, "groups": groups})


def _stated_nav(raw_input: RawInput) -> float | None:
    stated: float | None = option(raw_input, "nav")
    return stated


def require_local(name: str, settings: Settings) -> None:
    """Refuse a file that a cell names on another machine or as a device.

    A workbook that was sent by mail could make Excel send the user's credentials to a server, or wait.

    Raises
    ------
    InputError
        With the setting that allows other machines.

    """
    from betaneutral_xl.readers.etf_files import NAME

    if name.strip() == STANDARD_INPUT or (is_device(name) and not NAME.fullmatch(name)):
        msg = f"{name[:60]!r} names a device, not a file. Give the path of a file."
        raise InputError(msg)
    if is_network_path(name) and not settings.network_paths:
        msg = (
            f"{name[:60]!r} is on another machine. Copy the file to this one, or set "
            "BETANEUTRAL_NETWORK_PATHS to yes."
        )
        raise InputError(msg)


_TABLE = re.compile(r".*\.(?:csv|tsv|txt|json|xlsx?|xlsm|html?|parquet|gz)", re.IGNORECASE)


def is_file_name(market: str) -> bool:
    """Whether the name of a market is that of a holdings file, or an address; else it is a ticker."""
    return bool(_TABLE.fullmatch(market) or re.match(r"https?:", market, re.IGNORECASE)) or (
        bool(market) and file_exists(market)
    )


def kept_etf(raw_input: RawInput, settings: Settings | None = None) -> Loaded[Etf]:
    """Read an ETF's file that was named just now, and keep it as of its day."""
    from betaneutral_xl.job import etf_days

    found = read(raw_input, Etf)
    kept = etf_days.kept(found.raw_input, found.value, settings or Settings.from_environment())
    return replace(found, value=kept)


def market_file(source: Path | str, settings: Settings | None = None) -> RawInput:
    """Return a market's holdings file, marked as such."""
    file = etf_file(source, None, settings)
    return replace(file, options={**file.options, "role": Role.MARKET})


def covariance_file(path: Path | str, unit: CovarianceUnit | None = None) -> RawInput:
    """Return a covariance file, or the folder of a factor model, and the unit in which it is read."""
    from betaneutral_xl.readers.factor_model import pack_folder

    is_folder = str(path) != STANDARD_INPUT and folder_exists(path)
    return RawInput(
        reader=Reader.COVARIANCE,
        name=shown_name(path),
        content=pack_folder(path) if is_folder else covariance_content(path),
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
) -> RawInput:
    """Return a price file and the covariance to estimate from it.

    Names of ``if_there`` are included if the file has their prices; it is no error if it has not.
    """
    options = {"tickers": ",".join(tickers), "method": method, "window": str(window)}
    if as_of is not None:
        options["as_of"] = as_of.isoformat()
    if optional := ",".join(if_there):
        options["if_there"] = optional
    return RawInput(
        reader=Reader.PRICES, name=shown_name(path), content=read_bytes(path, grid.LIMIT), options=options
    )


def drift_file(path: Path | str, tickers: Iterable[str], as_of: date | None) -> RawInput:
    """Return a price file that the drift of betas is measured with, beside a risk model of another source."""
    file = prices_file(path, (), "default", as_of, WINDOW, if_there=tickers)
    return replace(file, options={**file.options, "role": Role.DRIFT})


def with_drift(covariance: Covariance, file: RawInput) -> Covariance:
    """Return a risk model with the history of prices, by which forecasts of its betas are judged.

    Raises
    ------
    InputError
        If the file cannot be read as prices, or has none of the names.

    """
    from betaneutral_xl.engine.forecast_errors import MIN_BLOCKS
    from betaneutral_xl.engine.past_blocks import MIN_DAYS
    from betaneutral_xl.model.history import BLOCK, EstimateHistory

    estimate = _read_prices(file)
    history, least = estimate.history, MIN_DAYS + MIN_BLOCKS * BLOCK
    told = [
        line for line in estimate.warnings if Notice.of(line, Subject.PRICES).severity is Severity.CHANGES
    ]
    days = len(history.returns) if isinstance(history, EstimateHistory) else 0
    if days < least:
        has = f"daily returns of {days} days" if days else "no daily prices"
        text = (
            f"The drift of betas stays unknown: {file.name} has {has}, and {least} days or more are needed."
        )
        told.append(Notice(text, Subject.RISK_MODEL))
    wanted = option(file, "as_of") or covariance.as_of
    if wanted and estimate.as_of and (wanted - estimate.as_of).days > LATE:
        text = f"The drift of betas is measured with prices up to {estimate.as_of}, not up to {wanted}."
        told.append(Notice(text, Subject.DATES))
    return replace(covariance, history=history).with_warnings(told)


LATE = 30
"""Days by which the prices for the drift may end before the others."""


def _origin(raw_input: RawInput, source: str) -> Provenance:
    return raw_input.provenance or Provenance(
        source=source,
        location=raw_input.name,
        retrieval=Retrieval.FILE,
        as_of=None,
        rows=0,
        sha256=digest(raw_input.content) if isinstance(raw_input.content, bytes) else "",
    )


def _read_api_holdings(raw_input: RawInput) -> Holdings:
    return parse_holdings(raw_input.data, _origin(raw_input, "holdings file"), _stated_nav(raw_input))


def _read_holdings_file(raw_input: RawInput) -> Holdings:
    from betaneutral_xl.readers.holdings_files import parse_holdings_file
    from betaneutral_xl.readers.holdings_sections import Choice

    options = raw_input.options
    choice = Choice.parse(
        options.get("fund"), options.get("sheet"), options.get("rates", ""), option(raw_input, "day")
    )
    choice = replace(choice, tickers=option(raw_input, "tickers", {}))
    return parse_holdings_file(raw_input.data, raw_input.name, choice=choice, nav=_stated_nav(raw_input))


def _read_covariance(raw_input: RawInput) -> Covariance:
    content, unit = raw_input.content, option(raw_input, "unit")
    if isinstance(content, bytes) and content.startswith(b"PK"):  # a workbook, or a factor model
        from betaneutral_xl.readers.factor_model import is_factor_archive, parse_factor_archive

        if is_factor_archive(content):
            return parse_factor_archive(content, _origin(raw_input, "factor model"), unit)
    covariance = parse_covariance(content, _origin(raw_input, "covariance file"), unit, _parse_large)
    days = option(raw_input, "effective_days")
    return covariance if days is None else replace(covariance, effective_days=days)


def _parse_large(file: LargeFile) -> PlainMatrix | None:
    from betaneutral_xl.job.matrix_cache import parse_file

    return parse_file(file, Settings.from_environment())


def _read_prices(raw_input: RawInput) -> Covariance:
    from betaneutral_xl.engine.estimators.from_prices import covariance_of
    from betaneutral_xl.readers.prices import parse_prices

    prices = parse_prices(raw_input.data, raw_input.name)
    tickers, if_there = (list(option(raw_input, name, ())) for name in ("tickers", "if_there"))
    if not tickers:  # whatever has prices
        tickers, if_there = [one for one in if_there if one in set(prices.tickers)] or if_there, []
    return covariance_of(
        prices,
        tickers,
        option(raw_input, "method", "default"),
        as_of=option(raw_input, "as_of"),
        window=option(raw_input, "window", WINDOW),
        if_there=if_there,
    )


_READERS: Mapping[Reader, Callable[[RawInput], Holdings | Etf | Covariance]] = {
    Reader.API_HOLDINGS: _read_api_holdings,
    Reader.HOLDINGS_FILE: _read_holdings_file,
    Reader.ETF_FILE: read_etf,
    Reader.COVARIANCE: _read_covariance,
    Reader.PRICES: _read_prices,
}


def covariance_from_prices(
    path: Path | str | Sequence[Path | str],
    tickers: Iterable[str] | None = None,
    method: str = "default",
    *,
    as_of: date | None = None,
    window: int = WINDOW,
    gaps: MissingData = MissingData.MODEL,
    **options: Any,
) -> Covariance:
    """Estimate an annual covariance, in decimals, from one price file, or several that are joined by date.

    ``tickers`` are the names to include, in any spelling; all by default. Those without prices are left out
    and listed in the result's warnings. Up to a hundred other names of the file are used as well, to estimate
    the movement of the market. The other arguments are those of ``estimators.estimate``.

    Raises
    ------
    UnreadableFile
        If a file is not a price file.
    UnknownTicker
        If none of the names has prices.

    """
    from betaneutral_xl.engine.estimators.from_prices import covariance_of
    from betaneutral_xl.readers.prices import join, load_prices

    paths = [path] if isinstance(path, (str, Path)) else list(path)
    prices = join([load_prices(one) for one in paths])
    return covariance_of(prices, tickers, method, as_of=as_of, window=window, gaps=gaps, **options)


def load_etf(
    source: Path | str,
    *,
    fund: str | None = None,
    classes: Collection[AssetClass] = (AssetClass.EQUITY,),
    tickers: Path | str | None = None,
    settings: Settings | None = None,
    get: Callable[[str], bytes] | None = None,
) -> Etf:
    """Load an ETF's file as ``api.load_etf`` does; ``get`` fetches an address, by default over https."""
    raw = etf_file(source, fund, settings, tickers, get)
    return replace(kept_etf(raw, settings).value, classes=tuple(classes))
