"""Shared fixtures: known answers, the folder of real data, and skips that fail where all is required."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import pytest
from fund_api import fund_api, settings_for  # noqa: F401 - fixtures
from hypothesis import settings

from betaneutral_xl import Covariance, Etf, Holdings

settings.register_profile("project", deadline=None, print_blob=True)  # machines differ in speed
settings.load_profile("project")

REQUIRE_ALL = "BETANEUTRAL_REQUIRE_ALL"
"""Set where every dependency is installed: a skipped test then fails."""

FOREIGN_PROGRAMS = {"browser", "lane", "soffice"}
"""Fixtures that drive Chromium, Wine and LibreOffice, which sometimes fail by themselves."""

NOTEBOOK_V = np.array([[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Repeat a failed test of a program that is not ours once; the summary shows the first failure too."""
    if not config.pluginmanager.hasplugin("rerunfailures"):  # on Windows' Python, which drives none of them
        return
    config.option.rerun_show_tracebacks = True
    for item in items:
        if isinstance(item, pytest.Function) and not FOREIGN_PROGRAMS.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test where everything is required."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(REQUIRE_ALL):
        report.outcome = "failed"
        report.longrepr = f"skipped where {REQUIRE_ALL} is set: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _own_records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the records of settings that name no folder out of the user's, from the first fixture on."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Isolate tests from the user's settings, cache and downloads."""
    for name in list(os.environ):
        if name.startswith("BETANEUTRAL_") and name != REQUIRE_ALL:
            monkeypatch.delenv(name)
    monkeypatch.setenv("BETANEUTRAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BETANEUTRAL_DOWNLOADS", str(tmp_path / "downloads"))
    monkeypatch.setenv("BETANEUTRAL_RECORDS", str(tmp_path / "records"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "profile"))  # Excel's files of the user


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data beside the repository."""
    folder = Path(__file__).parent.parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data, ../shared/data, is not here")
    return folder


@pytest.fixture(scope="session")
def soffice() -> str:
    """Return LibreOffice's command."""
    command = shutil.which("soffice") or shutil.which("libreoffice")
    if command is None:
        pytest.skip("LibreOffice is not installed (Debian: libreoffice-calc)")
    return command


@pytest.fixture(scope="session")
def simdjson() -> None:
    """Skip a test of what only pysimdjson does."""
    pytest.importorskip("simdjson", reason="pysimdjson is not installed: it has no wheels for Python 3.14")


@pytest.fixture
def book() -> Holdings:
    """Return the portfolio of the notebook's example."""
    return Holdings.from_weights({"A": 0.3, "B": 0.4, "C": 0.3})


@pytest.fixture
def etf() -> Etf:
    """Return the ETF of the notebook's example."""
    return Etf.from_weights({"A": 0.4, "B": 0.3, "C": 0.3}, name="AI")


@pytest.fixture
def risk() -> Covariance:
    """Return the risk model of the notebook's example."""
    return Covariance.from_matrix(["A", "B", "C"], NOTEBOOK_V)
