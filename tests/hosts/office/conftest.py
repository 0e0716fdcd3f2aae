"""The add-in installed once for all tests of this folder, and a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from excel_file import contents
from office_browser import AddIn, chromium, installed, node_modules, started_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from betaneutral_xl.hosts.office.place import Place


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clean home."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def place(home: Path) -> Iterator[Place]:
    """Install and serve the add-in, with Microsoft's files on this machine."""
    chromium()
    node_modules()
    with installed(home) as found:
        yield found


@pytest.fixture(scope="session")
def browser(home: Path, place: Place) -> Iterator[Browser]:
    """Start Chromium for the user of the home, with certificate checking on."""
    with started_browser(home) as found:
        yield found


@pytest.fixture(scope="session")
def template(home: Path, place: Place) -> bytes:
    """Return the workbook that the installation wrote."""
    return (home / "Documents" / "Beta Neutral" / "betaneutral-office.xlsx").read_bytes()


@pytest.fixture(scope="session")
def opened(browser: Browser, place: Place, template: bytes) -> Iterator[tuple[AddIn, Mapping[str, Any]]]:
    """Open the add-in in Excel."""
    found = AddIn(browser, place).open()
    yield found, contents(template)
    found.close()


@pytest.fixture
def add_in(opened: tuple[AddIn, Mapping[str, Any]]) -> Iterator[AddIn]:
    """Open the template in Excel; at the end, no request left the machine and nothing went wrong."""
    found, workbook = opened
    found.fill(workbook)
    yield found
    assert found.requests == []
    assert found.problems == []
