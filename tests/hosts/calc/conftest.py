"""A real LibreOffice Calc with the extension, one for a module's tests."""

from __future__ import annotations

from collections.abc import Iterator

import calc_office
import calc_window
import pytest

from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings


@pytest.fixture(scope="module")
def calc(soffice: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[calc_office.Office]:
    """Return a LibreOffice without windows."""
    with calc_office.Office(tmp_path_factory.mktemp("calc")) as office:
        yield office


@pytest.fixture
def document(calc: calc_office.Office) -> Iterator[calc_office.Document]:
    """Return a new document."""
    with calc.new() as document:
        yield document


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Return a session for the expected results, without Calc."""
    return Session(Settings(cache=tmp_path_factory.mktemp("session")))


@pytest.fixture(scope="module")
def display() -> Iterator[calc_window.Screen]:
    """Return a virtual screen."""
    with calc_window.screen() as started:
        yield started
