"""Reports of every kind, and LibreOffice's own calculation of a workbook."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from report_problems import PROBLEMS, Problem, hedged_with_everything

if TYPE_CHECKING:
    from pathlib import Path

ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""


@pytest.fixture(scope="session", params=PROBLEMS, ids=lambda make: make.__name__)
def problem(request: pytest.FixtureRequest) -> Problem:
    """Return each kind of problem in turn."""
    made: Problem = request.param()
    return made


@pytest.fixture(scope="session")
def everything() -> Problem:
    """Return the report with every sheet there is."""
    return hedged_with_everything()


@dataclass(frozen=True)
class LibreOffice:
    """A headless LibreOffice with a profile of its own, which calculates every formula on loading."""

    command: str
    profile: Path

    def convert(self, file: Path, to: str, folder: Path) -> Path:
        """Convert a file, and return the new one."""
        registry = self.profile / "user" / "registrymodifications.xcu"
        if not registry.exists():
            registry.parent.mkdir(parents=True)
            registry.write_text(ALWAYS_RECALCULATE, encoding="utf-8")
        profile = f"-env:UserInstallation={self.profile.as_uri()}"
        subprocess.run(  # noqa: S603 - the command was found on the path, the files are ours
            [self.command, profile, "--headless", "--convert-to", to, "--outdir", str(folder), str(file)],
            check=True,
            capture_output=True,
            timeout=180,
        )
        return folder / f"{file.stem}.{to.partition(':')[0]}"

    def recalculate(self, content: bytes, folder: Path) -> Path:
        """Return a workbook as LibreOffice saves it after calculating everything anew."""
        file = folder / "report.xlsx"
        file.write_bytes(content)
        return self.convert(file, "xlsx:Calc MS Excel 2007 XML", folder / "calculated")


@pytest.fixture(scope="session")
def libreoffice(soffice: str, tmp_path_factory: pytest.TempPathFactory) -> LibreOffice:
    """Return LibreOffice, one profile for all tests of the session."""
    return LibreOffice(soffice, tmp_path_factory.mktemp("libreoffice") / "profile")
