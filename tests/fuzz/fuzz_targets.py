"""What is fuzzed: readers of outside bytes by name, and the inputs that fuzzing starts from.

Anything but an error of the package is a defect; so is an input that takes long or much memory.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from betaneutral_xl.errors import BetaNeutralError
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import sample
from betaneutral_xl.job.mandate import Mandate, ready, ready_text
from betaneutral_xl.job.option_files import of_toml
from betaneutral_xl.job.request import Request
from betaneutral_xl.job.snapshot import MANIFEST, MANIFEST_HASH
from betaneutral_xl.job.sources import from_snapshot
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.readers.covariance_csv import parse_covariance
from betaneutral_xl.readers.etf_files import parse_etf
from betaneutral_xl.readers.factor_model import parse_factor_archive
from betaneutral_xl.readers.fills import parse_fills
from betaneutral_xl.readers.holdings_files import parse_holdings_file
from betaneutral_xl.readers.prices import parse_prices
from betaneutral_xl.readers.ticker_map import parse_ticker_map

NAME = "fuzzed.csv"

ORIGIN = Provenance(source="file", location=NAME, retrieval=Retrieval.FILE, as_of=None, rows=0)

TABLES = (
    b"ticker,weight\nNVDA,60%\nMSFT,40%\n",
    "\ufeffTicker;Gewicht (%)\r\nSAP GY;12,5\r\nBRK/B;87,5\r\n".encode(),
    b'Fund,"AI ETF"\nas of,01/02/2026\n\nTicker,Name,Shares,Market Value,Weight\n'
    b'NVDA,"X, Inc",1,"1,000.0",99.5\n'
    b"CASH_USD,Cash,1,5,0.5\nTotal,,,,100\n",
    b'{"fund":"quant","start":"2026-01-02","end":"2026-01-02","holdings":[{"ticker":"A","active":true,'
    b'"shares":1,"price":2,"value":2}]}',
    b"<html><table><tr><th>Ticker</th><th>Weight</th></tr><tr><td>A</td><td>1</td></tr></table></html>",
    b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table>'
    b"<Row><Cell><Data>Ticker</Data></Cell><Cell><Data>Weight</Data></Cell></Row></Table></Worksheet></Workbook>",
    b'<FlexQueryResponse><FlexStatements count="1"><FlexStatement><OpenPositions><OpenPosition symbol="A" '
    b'position="1" markPrice="2"/></OpenPositions></FlexStatement></FlexStatements></FlexQueryResponse>',
)

COVARIANCES = (
    b"date,ticker,A,B\n2026-01-02,A,0.04,0.01\n2026-01-02,B,0.01,0.09\n",
    b"ticker;A;B\nA;0,04;0,01\nB;0,01;0,09\n",
)

FACTORS = {
    "exposures.csv": b"ticker,Market,Size\nA,1,0.5\nB,0.9,-0.2\n",
    "factor_covariance.csv": b"factor,Market,Size\nMarket,0.04,0\nSize,0,0.01\n",
    "specific_risk.csv": b"ticker,specific_risk\nA,0.2\nB,0.3\n",
}

PRICES = (
    b"date,A,B\n2026-01-02,1,2\n2026-01-05,1.1,2.1\n2026-01-06,1.2,2\n",
    b"date,ticker,close\n2026-01-02,A,1\n2026-01-05,A,1.1\n",
)

FILLS = (
    b"ticker,side,shares,price\nA,BUY,10,2.5\nB,SELL,3,1\n",
    b'Symbol,Date/Time,Quantity,T. Price,Comm/Fee\nA,"2026-01-02, 10:00:00",10,2.5,-1\n',
)

OPTIONS = (
    b'method = "reweight"\ntarget = "IWV"\nlong_only = true\nupper = {"*" = "5%", NVDA = 0.1}\n'
    b'net = "0.9:1.1"\nmax_trades = 10\ngroups = {Tech = ["NVDA", "MSFT"]}\ngroup_limits = {Tech = ":30%"}\n',
)


def _covariance(content: bytes) -> None:
    parse_covariance(content, ORIGIN)


def _factors(content: bytes) -> None:
    parse_factor_archive(content, ORIGIN)


def _options(content: bytes) -> None:
    Request.parse(of_toml(content, "fuzzed.toml"), ("JHAI",), {})


def _mandate(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.toml"
        path.write_bytes(content)
        Mandate.of(str(path))


def _snapshot(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.zip"
        path.write_bytes(content)
        from_snapshot(path)


def _manifest(content: bytes) -> None:
    """Read a snapshot with another manifest, whose hash is right."""
    with zipfile.ZipFile(io.BytesIO(_sample_snapshot())) as source:
        files = {name: source.read(name) for name in source.namelist()}
    _snapshot(_zipped({**files, MANIFEST: content, MANIFEST_HASH: digest(content).encode()}))


def _workbook(content: bytes) -> None:
    """Press a button of a workbook."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.xlsx"
        path.write_bytes(content)
        _run("workbook", "run", str(path), "--output", str(Path(folder) / "out.xlsx"))


def _cells(content: bytes) -> None:
    """Press a button of the template with other cells: JSON of lists of sheet, cell and value."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(_template()))
    stream = io.BytesIO()
    try:
        for sheet, cell, value in json.loads(content):
            book[sheet][cell] = value
        book.save(stream)
    except Exception:  # noqa: BLE001 - not what a program could have saved
        return
    _workbook(stream.getvalue())


def _run(*words: str) -> None:
    """Run a command; a defect is exit code 1, a word of it, or what it raises."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        code = main(words)
    text = output.getvalue() + errors.getvalue()
    assert code != 1, text
    assert "defect of this program" not in text, text


def _zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


@cache
def _sample_snapshot() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.zip"
        _run("snapshot", str(path), "--sample", "--target", "IWV", "--upper", "10%", "--method", "reweight")
        return path.read_bytes()


def _sample_manifest() -> bytes:
    with zipfile.ZipFile(io.BytesIO(_sample_snapshot())) as archive:
        return archive.read(MANIFEST)


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        _run("workbook", "build", "--folder", folder, "--only", "xlsx")
        (path,) = Path(folder).glob("*.xlsx")
        return path.read_bytes()


@dataclass(frozen=True)
class Target:
    """A reader, and inputs to start from."""

    read: Callable[[bytes], object]
    seeds: Callable[[], tuple[bytes, ...]]

    def attempt(self, content: bytes) -> None:
        """Read an input: an error of the package in one line is as it should be."""
        try:
            self.read(content)
        except BetaNeutralError as error:
            assert str(error).isprintable(), error  # noqa: PT017 - any input may raise it, or none


TARGETS = {
    "holdings": Target(lambda content: parse_holdings_file(content, NAME), lambda: TABLES),
    "etf": Target(
        lambda content: parse_etf(content, NAME), lambda: (*TABLES, sample.read(sample.ETF)[:2000])
    ),
    "prices": Target(lambda content: parse_prices(content, NAME), lambda: PRICES),
    "covariance": Target(_covariance, lambda: COVARIANCES),
    "factors": Target(_factors, lambda: (_zipped(FACTORS),)),
    "fills": Target(lambda content: parse_fills(content, NAME), lambda: (*FILLS, TABLES[-1])),
    "tickers": Target(
        lambda content: parse_ticker_map(content, NAME), lambda: (b"ISIN,ticker\nUS67066G1040,NVDA\n",)
    ),
    "options": Target(_options, lambda: OPTIONS),
    "mandate": Target(_mandate, lambda: tuple(ready_text(name).encode() for name in ready())),
    "snapshot": Target(_snapshot, lambda: (_sample_snapshot(),)),
    "manifest": Target(_manifest, lambda: (_sample_manifest(),)),
    "workbook": Target(_workbook, lambda: (_template(),)),
    "cells": Target(_cells, lambda: (b'[["Settings", "B2", "=1+1"], ["Portfolio", "A2", "x"]]',)),
}
"""Targets by name."""

QUICK = tuple(name for name in TARGETS if name not in {"snapshot", "workbook", "cells"})
"""Those whose inputs are small; together they are the target ``all``."""


def _any(content: bytes) -> None:
    """Read an input by the target that its first byte chooses."""
    if content:
        TARGETS[QUICK[content[0] % len(QUICK)]].attempt(content[1:])


def _seeds_of_all() -> tuple[bytes, ...]:
    return tuple(
        bytes([number]) + seed for number, name in enumerate(QUICK) for seed in TARGETS[name].seeds()
    )


TARGETS["all"] = Target(_any, _seeds_of_all)
