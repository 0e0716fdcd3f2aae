"""Where any operation on files or any installer fails, the extension can be installed again, or removed."""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import small_extension
from failing_files import Kind, undisturbed
from fake_home import NEVER, FakeHome, Installation

from betaneutral_xl import __version__
from betaneutral_xl.hosts.calc import deployment, extension, install, processes, profile
from betaneutral_xl.hosts.calc.processes import Finished
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.system import libreoffice

INSTALL, OPEN, UNINSTALL = (
    ("calc", "install"),
    ("calc", "open", "--folder", "documents"),
    ("calc", "uninstall"),
)

CALC = Installation(INSTALL, UNINSTALL, not_installed=0)

UNPACKED = Path("uno_packages", "1.tmp_", "betaneutral.oxt")
"""Where an extension is, below the folder of the user's extensions."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its faults are of POSIX systems")


class LibreOffice:
    """LibreOffice's two installers, which share a profile; the n-th that is asked fails."""

    def __init__(self, folder: Path) -> None:
        """Have an empty profile in a folder."""
        self.failing = NEVER
        self.commands: list[object] = []
        self.cache = folder / profile.PACKAGES

    def run(self, command: Sequence[object], **_: object) -> Finished:
        """Run an installer."""
        words = [str(one) for one in command]
        self.commands.append(words)
        if len(self.commands) == self.failing:
            return Finished(1, "ERROR: the extension is locked.")
        with undisturbed():
            if "add" in words:
                file = next(one for one in words if one.endswith(".oxt") and Path(one).is_file())
                with zipfile.ZipFile(io.BytesIO(Path(file).read_bytes())) as package:
                    package.extractall(self.cache / UNPACKED)
            self._register("" if "remove" in words else f"<extension url='{self._url}'/>")
        return Finished(0, "")

    @property
    def _url(self) -> str:
        return f"vnd.sun.star.expand:$UNO_USER_PACKAGES_CACHE/{UNPACKED.as_posix()}"

    def _register(self, entry: str) -> None:
        database = self.cache / profile.DATABASE
        database.parent.mkdir(parents=True, exist_ok=True)
        database.write_text(f"<backend>{entry}</backend>", encoding="utf-8")

    @property
    def entries(self) -> int:
        """Registered extensions."""
        database = self.cache / profile.DATABASE
        return database.is_file() and database.read_text(encoding="utf-8").count("<extension ")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> FakeHome:
    """Return a home with a LibreOffice, and a small extension for it."""
    made = FakeHome(tmp_path, monkeypatch, capsys, LibreOffice(tmp_path / "home" / "profile"))
    programs = made.home / "program"
    programs.mkdir()
    for name in ("soffice", "unopkg", "pythonloader.py"):
        (programs / name).touch()
    (made.home / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made.home / "tmp"))
    office = libreoffice.Office(
        soffice=programs / "soffice", version=(7, 4), default_profile=made.home / "profile"
    )
    monkeypatch.setattr(libreoffice, "find", lambda: (office,))
    monkeypatch.setattr(libreoffice, "at", lambda _: office)
    monkeypatch.setattr(libreoffice.Office, "pythons", (Path("python"),))
    monkeypatch.setattr(install, "has_display", lambda: True)
    monkeypatch.setattr(install, "start", lambda *_: None)
    monkeypatch.setattr(template, "build", lambda _: b"template")
    small = small_extension.build()
    monkeypatch.setattr(extension, "build", lambda _: small)
    monkeypatch.setattr(processes, "run", lambda *_, **__: Finished(0, f"betaneutral_xl {__version__}"))

    def run(command: Sequence[object], **options: object) -> Finished:
        assert isinstance(made.computer, LibreOffice)
        return made.computer.run(command, **options)

    monkeypatch.setattr(deployment, "run", run)
    return made


kinds = pytest.mark.parametrize("kind", [*Kind, None], ids=lambda kind: kind.name if kind else "installer")


@kinds
def test_an_installation_can_be_repeated_or_removed_whatever_failed(
    home: FakeHome, kind: Kind | None
) -> None:
    CALC.require_repeatable(home, INSTALL, kind)


@pytest.mark.parametrize("kind", Kind)
def test_the_template_can_be_opened_again_or_removed_whatever_failed(home: FakeHome, kind: Kind) -> None:
    assert home.run(INSTALL)[0] == 0
    CALC.require_repeatable(home, OPEN, kind)


@kinds
def test_a_removal_says_what_it_left_and_can_be_repeated_whatever_failed(
    home: FakeHome, kind: Kind | None
) -> None:
    assert home.run(INSTALL)[0] == 0
    assert home.run(OPEN)[0] == 0
    CALC.require_repeatable(home, UNINSTALL, kind)
