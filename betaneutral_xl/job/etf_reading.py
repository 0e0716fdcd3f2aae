"""An issuer's file of an ETF: where it is found, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.job.input_options import option
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.readers.raw_input import RawInput, Reader
from betaneutral_xl.system.files import read_bytes, shown_name
from betaneutral_xl.system.places import is_device
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf


def newest_file(name: str, settings: Settings) -> Path | None:
    """Return the file that a fund's ticker stands for; None where it is no ticker, or there is none."""
    from betaneutral_xl.readers.etf_files import find_etf

    try:
        return find_etf(name, settings.downloads)
    except UnreadableFile:
        return None


def etf_file(
    source: Path | str,
    fund: str | None = None,
    settings: Settings | None = None,
    tickers: Path | str | None = None,
    get: Callable[[str], bytes] | None = None,
) -> RawInput:
    """Return an ETF's file from a path, a fund's ticker or an address; see ``load_etf``."""
    from betaneutral_xl.network.download import fetch_file, file_name_of
    from betaneutral_xl.readers.etf_files import NAME, find_etf
    from betaneutral_xl.readers.ticker_map import as_text

    text, path = str(source), Path(source)
    if re.match(r"https?:", text, re.IGNORECASE):
        content = fetch_file(text, settings or Settings.from_environment(), get)
        name, retrieval = file_name_of(text), Retrieval.LIVE
    else:
        # Windows has a device in every folder whose name may be a ticker's: PRN.
        if isinstance(source, str) and NAME.fullmatch(text) and (is_device(text) or not path.exists()):
            path = find_etf(text, (settings or Settings.from_environment()).downloads)
            fund = fund or text
        content, name, retrieval = read_bytes(path), shown_name(path), Retrieval.FILE
    options = {"today": datetime.now(UTC).date().isoformat(), "retrieval": retrieval.value}
    if fund:
        options["fund"] = fund
    if tickers:
        options["tickers"] = as_text(ticker_map(tickers))
    return RawInput(reader=Reader.ETF_FILE, name=name, content=content, options=options)


def ticker_map(path: Path | str) -> dict[str, str]:
    """Return tickers by identifier from a table; see ``parse_ticker_map``."""
    from betaneutral_xl.readers.ticker_map import parse_ticker_map

    return parse_ticker_map(read_bytes(path), shown_name(path))


def read_etf(raw_input: RawInput) -> Etf:
    """Parse the raw input of an ETF."""
    from betaneutral_xl.readers.etf_files import parse_etf

    return parse_etf(
        raw_input.data,
        raw_input.name,
        fund=option(raw_input, "fund"),
        tickers=option(raw_input, "tickers", {}),
        today=option(raw_input, "today"),
        retrieval=option(raw_input, "retrieval", Retrieval.FILE),
    )
