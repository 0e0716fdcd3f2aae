"""The embedded sample: inputs for a complete run without network, files or account.

``sample.json`` documents the content and origin of each file; ``tools/build_sample.py`` creates them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.job.inputs import read as read_input
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.readers.raw_input import RawInput, Reader
from betaneutral_xl.system.saving import to_csv

if TYPE_CHECKING:
    from betaneutral_xl.model.returns import Prices

HOLDINGS, ETF, COVARIANCE, PRICES = "holdings.json", "JHAI_sample.csv", "covariance.csv", "prices.csv"


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample's holdings, ETF and risk model, each marked as the sample in its provenance."""

    holdings: Holdings
    etf: Etf
    covariance: Covariance


def read(name: str) -> bytes:
    """Return the bytes of one of the sample's files."""
    return Path(__file__).with_name(name).read_bytes()


def raw_input(name: str) -> RawInput:
    """Return the holdings, ETF or covariance file with its reader and provenance."""
    content = read(name)
    as_of = _notes()["as_of"]
    part, reader, options = {
        HOLDINGS: ("holdings", Reader.API_HOLDINGS, {}),
        ETF: ("etf", Reader.ETF_FILE, {"today": as_of}),  # no warning about its age
        COVARIANCE: ("covariance", Reader.COVARIANCE, {}),
    }[name]
    return RawInput(
        reader=reader, name=name, content=content, options=options, provenance=_origin(name, content, part)
    )


def _notes() -> dict[str, str]:
    notes: dict[str, str] = json.loads(read("sample.json"))
    return notes


def _origin(name: str, content: bytes, part: str) -> Provenance:
    notes = _notes()
    return Provenance(
        source="embedded sample",
        location=name,
        retrieval=Retrieval.SAMPLE,
        as_of=date.fromisoformat(notes["as_of"]),
        rows=0,
        sha256=digest(content),
        note=notes[part],
    )


def load_holdings() -> Holdings:
    """Return the sample's portfolio: 33 large positions, as the fund's API would answer."""
    return read_input(raw_input(HOLDINGS), Holdings).value


def load_etf() -> Etf:
    """Return the sample's AI ETF, read from a file in its issuer's layout."""
    return read_input(raw_input(ETF), Etf).value


def load_covariance() -> Covariance:
    """Return the sample's risk model, estimated from daily closes, annual decimals."""
    return read_input(raw_input(COVARIANCE), Covariance).value


def load_prices() -> Prices:
    """Return one day's closes of every name of the sample and of its ETF, to try out orders."""
    from betaneutral_xl.readers.prices import parse_prices

    content = read(PRICES)
    origin = replace(_origin("the embedded sample", content, "prices"), rows=1)
    return replace(parse_prices(content, PRICES), provenance=origin)


def load() -> Sample:
    """Return the holdings, the ETF and the covariance."""
    return Sample(load_holdings(), load_etf(), load_covariance())


def as_files() -> dict[str, bytes]:
    """Return the sample's inputs as files that users have: names and contents."""
    book = load_holdings()
    assert book.shares is not None  # noqa: S101 - the sample has shares and prices
    assert book.prices is not None  # noqa: S101
    shares = [int(number) if number.is_integer() else number for number in book.shares.tolist()]
    rows = zip(book.tickers, shares, book.prices.tolist(), strict=True)
    return {
        "fund.csv": to_csv(("ticker", "shares", "price"), rows).encode(),
        "JHAI.csv": read(ETF),
        "risk.csv": read(COVARIANCE),
        "quotes.csv": read(PRICES),
    }
