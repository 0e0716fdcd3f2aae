from __future__ import annotations

import os
from pathlib import Path

import pytest
import replaced_com as com

os.environ["BETANEUTRAL_CELL_WAIT"] = "300"  # no answer is too late for a test
xw = com.xlwings_as_on_windows()

from betaneutral_xl.hosts.excel import udfs  # noqa: E402
from betaneutral_xl.hosts.sheets import template  # noqa: E402 - after xlwings is as on Windows
from betaneutral_xl.hosts.sheets.session import Session  # noqa: E402
from betaneutral_xl.system.settings import Settings  # noqa: E402


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Session:
    """Replace the functions' session by a temporary one."""
    fresh = Session(Settings(cache=tmp_path / "cache", records=tmp_path / "records"))
    monkeypatch.setattr(udfs, "session", fresh)
    return fresh


@pytest.fixture
def book(tmp_path: Path) -> com.Book:
    return com.Book(tmp_path)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the template without macros, with the same sheets and names as with them."""
    settings = Settings(cache=tmp_path_factory.mktemp("cache"))
    return template.build(Session(settings), xlwings=xw.__version__)


@pytest.fixture
def opened(built: bytes, tmp_path: Path) -> com.Book:
    """Return the template as a workbook open in Excel."""
    return com.opened(built, tmp_path)
