"""The embedded sample: a whole run without a network, a file or an account.

``sample.json`` says what each part is and how it was made; ``tools/build_sample.py`` makes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING

from betaneutral_xl.provenance import Provenance, Retrieval, digest
from betaneutral_xl.sources.covariance_csv import parse_covariance
from betaneutral_xl.sources.etf_files import parse_etf
from betaneutral_xl.sources.holdings_json import parse_holdings

if TYPE_CHECKING:
    from betaneutral_xl.portfolio import Etf, Holdings
    from betaneutral_xl.risk import Covariance

HOLDINGS, ETF, COVARIANCE = "holdings.json", "JHAI_sample.csv", "covariance.csv"


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample's holdings, ETF and risk model, each marked as the sample in its provenance."""

    holdings: Holdings
    etf: Etf
    covariance: Covariance


def read(name: str) -> bytes:
    """Return the bytes of one of the sample's files."""
    return files(__package__).joinpath(name).read_bytes()


def load_holdings() -> Holdings:
    """Return the sample's portfolio: 33 large positions, as the fund's API would answer."""
    content = read(HOLDINGS)
    return parse_holdings(content, _provenance(HOLDINGS, content, "holdings"))


def load_etf() -> Etf:
    """Return the sample's AI ETF, read from a file in its issuer's layout."""
    content = read(ETF)
    origin = _provenance(ETF, content, "etf")
    etf = parse_etf(content, ETF, today=origin.as_of)  # its age is no news
    return replace(etf, provenance=replace(origin, rows=etf.provenance.rows))


def load_covariance() -> Covariance:
    """Return the sample's risk model, estimated from daily closes, annual decimals."""
    content = read(COVARIANCE)
    covariance = parse_covariance(content, _provenance(COVARIANCE, content, "covariance"))
    return replace(covariance, effective_days=float(_notes()["effective_days"]))


def load() -> Sample:
    """Return all three."""
    return Sample(load_holdings(), load_etf(), load_covariance())


def _notes() -> dict[str, str]:
    notes: dict[str, str] = json.loads(read("sample.json"))
    return notes


def _provenance(name: str, content: bytes, part: str) -> Provenance:
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
