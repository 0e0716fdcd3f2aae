"""Fixtures of the tests on Windows: the template open in Excel's stand-in, and xlwings' server for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from excel_objects import Excel, opened
from windows_excel import PROGRAM, TEMPLATE, OpenWorkbook
from xlwings_dll import served


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("excel")


@pytest.fixture(scope="session")
def profile(work: Path) -> Path:
    """Return the profile of a user for whom the program is installed."""
    folder = work / "profile"
    run_program(work, folder, "excel", "install", "--folder", str(work / "installed"))
    return folder


@pytest.fixture
def installed(profile: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be that user."""
    monkeypatch.setenv("USERPROFILE", str(profile))
    return profile


@pytest.fixture(scope="session")
def server(work: Path, profile: Path) -> Iterator[Any]:
    """Start xlwings' server as the first formula of a workbook does."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("USERPROFILE", str(profile))
        environment.setenv("BETANEUTRAL_CACHE", str(work / "cache"))
        environment.setenv("BETANEUTRAL_RECORDS", str(work / "records"))
        environment.setenv("BETANEUTRAL_CELL_WAIT", "300")  # no answer is too late for a test
        environment.setenv("BETANEUTRAL_DOWNLOADS", str(work / "downloads"))
        with served(str(work / "betaneutral.xlsm")) as started:
            yield started


@pytest.fixture(scope="session")
def excel(work: Path) -> Excel:
    return Excel(work)


@pytest.fixture
def workbook(server: Any, excel: Excel, tmp_path: Path) -> OpenWorkbook:
    """Return the template as if it were open in Excel."""
    excel.asked.clear()
    return OpenWorkbook(excel, server, opened(TEMPLATE, tmp_path))


def run_program(folder: Path, profile: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the installed program in a folder, with its output in a pipe."""
    folders = {"USERPROFILE": str(profile), "APPDATA": str(profile / "AppData" / "Roaming")}
    return subprocess.run(  # noqa: S603 - our own program
        [str(PROGRAM), *arguments],
        cwd=folder,
        env={**os.environ, "BETANEUTRAL_CACHE": str(folder / "cache"), **folders},
        input=b"",
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Return a way to run the installed program in an empty folder, for a new user."""
    (tmp_path / "profile").mkdir()
    return partial(run_program, tmp_path, tmp_path / "profile")
