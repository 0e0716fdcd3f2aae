"""Paths in cells that name another machine or a device."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(downloads=(tmp_path,), cache=tmp_path / "cache"))


def line(session: Session, name: str, *values: object) -> str:
    return str(session.call(BY_NAME[name], *values)[0][0])


@pytest.mark.parametrize(
    "path", [r"\\server\share\SMH.csv", "//server/share/SMH.csv", r"\\?\C:\x.csv", "file://s/x"]
)
def test_a_file_on_another_machine_is_refused_in_a_cell(session: Session, path: str) -> None:
    for function in ("LOAD_ETF", "FETCH_HOLDINGS"):
        assert "is on another machine" in line(session, function, path)
    assert "is on another machine" in line(session, "LOAD_ETF", "demo.csv", None, None, path)


@pytest.mark.parametrize("path", ["NUL.csv", r"C:\data\con.txt", "COM1:", "/dev/zero", "aux.xlsx", "-"])
def test_a_device_is_refused_in_a_cell(session: Session, path: str) -> None:
    assert "names a device" in line(session, "LOAD_ETF", path)


def test_a_ticker_that_windows_takes_for_a_device_is_a_ticker(session: Session) -> None:
    (session.settings.downloads[0] / "PRN_holdings_2026-11-20.csv").write_text("Ticker,Weight\nNVDA,100%\n")
    assert session.call(BY_NAME["LOAD_ETF"], "PRN")[1][0] == "NVDA"


def test_other_machines_may_be_allowed(session: Session) -> None:
    session.settings = replace(session.settings, network_paths=True)
    assert "is on another machine" not in line(session, "LOAD_ETF", "//server/share/SMH.csv")
