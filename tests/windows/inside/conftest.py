"""What the tests on Windows share: Excel's stand-in with the template open in it, and xlwings' server for it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from excel_objects import Excel, opened
from windows_excel import PROGRAM, TEMPLATE, OpenWorkbook
from xlwings_dll import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("excel")


@pytest.fixture(scope="session")
def server(work: Path) -> Iterator[Any]:
    """Start xlwings' server as the first formula of a workbook does."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BETANEUTRAL_CACHE", str(work / "cache"))
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


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Return a way to run the installed program with its output in a pipe, in an empty folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - our own program
            [str(PROGRAM), *arguments],
            cwd=tmp_path,
            env={**os.environ, "BETANEUTRAL_CACHE": str(tmp_path / "cache")},
            input=b"",
            capture_output=True,
            timeout=120,
            check=False,
        )

    return run
