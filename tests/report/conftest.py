"""Reports of every kind, and LibreOffice's own calculation of a workbook."""

from __future__ import annotations

import pytest
from report_problems import PROBLEMS, LibreOffice, Problem, hedged_with_everything


@pytest.fixture(scope="session", params=PROBLEMS, ids=lambda make: make.__name__)
def problem(request: pytest.FixtureRequest) -> Problem:
    """Return each kind of problem in turn."""
    made: Problem = request.param()
    return made


@pytest.fixture(scope="session")
def everything() -> Problem:
    """Return the report with all sheets."""
    return hedged_with_everything()


@pytest.fixture(scope="session")
def libreoffice(soffice: str, tmp_path_factory: pytest.TempPathFactory) -> LibreOffice:
    """Return LibreOffice with one profile for the session."""
    return LibreOffice(soffice, tmp_path_factory.mktemp("libreoffice") / "profile")
