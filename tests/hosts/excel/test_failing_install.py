"""Where any operation on files or on the registry fails, the add-in can be installed again, or removed."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")

from collections.abc import Sequence
from pathlib import Path

from failing_files import Kind
from fake_home import NEVER, FakeHome, Installation

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.cli import excel
from betaneutral_xl.hosts.excel import addin, check, install, registry, user_files
from betaneutral_xl.hosts.sheets import template

INSTALL, UNINSTALL = ("excel", "install", "--folder", "documents"), ("excel", "uninstall")

EXCEL = Installation(INSTALL, UNINSTALL)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its faults are of POSIX systems")


DENIED = (
    r"Windows does not let Software\Microsoft\Office\16.0\Excel\Options be changed in the registry: "
    "Access is denied. Ask who manages this machine."
)


class Registry:
    """The values of Excel's options, whose n-th change fails."""

    def __init__(self) -> None:
        """Have no values."""
        self.failing = NEVER
        self.commands: list[object] = []
        self.values: dict[str, str] = {}

    def change(self, key: str, changes: dict[str, str | None]) -> None:
        """Change values."""
        self.commands.append((key, changes))
        if len(self.commands) == self.failing:
            raise HostError(DENIED)
        for name, text in changes.items():
            self.values.pop(name, None)
            if text is not None:
                self.values[name] = text

    @property
    def entries(self) -> int:
        """Values of this add-in."""
        return len(self.values)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> FakeHome:
    """Return a home for which pip installed xlwings' DLLs, with a short template and add-in."""
    held = Registry()
    made = FakeHome(tmp_path, monkeypatch, capsys, held)
    library = tmp_path / "xlwings64-0.37.8.dll"
    library.write_bytes(b"library")
    monkeypatch.setenv("USERPROFILE", str(made.home))
    monkeypatch.setenv("APPDATA", str(made.home / "AppData"))
    monkeypatch.setattr(user_files, "libraries", lambda: [library])
    monkeypatch.setattr(excel, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(template, "build", lambda _: b"template")
    monkeypatch.setattr(
        install, "LinkedFile", lambda _: SimpleNamespace(connect=lambda _: b"linked template")
    )
    monkeypatch.setattr(install, "build_xlam", lambda: b"add-in")
    monkeypatch.setattr(install, "build_xlsm", lambda _: b"macros")
    monkeypatch.setattr(check, "findings", lambda _: [])
    monkeypatch.setattr(addin, "is_running", lambda: False)

    def computer() -> Registry:
        assert isinstance(made.computer, Registry)
        return made.computer

    monkeypatch.setattr(
        registry, "values", lambda _, key: dict(computer().values) if key == addin.OPTIONS else {}
    )
    monkeypatch.setattr(registry, "change", lambda key, changes: computer().change(key, changes))
    return made


kinds = pytest.mark.parametrize("kind", [*Kind, None], ids=lambda kind: kind.name if kind else "registry")


@kinds
def test_an_installation_can_be_repeated_or_removed_whatever_failed(
    home: FakeHome, kind: Kind | None
) -> None:
    EXCEL.require_repeatable(home, INSTALL, kind)


@kinds
def test_an_update_can_be_repeated_or_removed_whatever_failed(home: FakeHome, kind: Kind | None) -> None:
    assert home.run(INSTALL)[0] == 0
    EXCEL.require_repeatable(home, INSTALL, kind)


@kinds
def test_a_removal_says_what_it_left_and_can_be_repeated_whatever_failed(
    home: FakeHome, kind: Kind | None
) -> None:
    assert home.run(INSTALL)[0] == 0
    EXCEL.require_repeatable(home, UNINSTALL, kind)


def test_a_registry_that_cannot_be_changed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(13, "Access is denied")

    windows = ModuleType("winreg")
    windows.__dict__.update(CreateKeyEx=deny, HKEY_CURRENT_USER=1, KEY_WRITE=2)
    monkeypatch.setitem(sys.modules, "winreg", windows)
    monkeypatch.setattr(registry, "sys", SimpleNamespace(platform="win32"))
    with pytest.raises(HostError) as caught:
        registry.change(addin.OPTIONS, {"OPEN": None})
    assert str(caught.value) == DENIED


@pytest.mark.parametrize("words", [(*INSTALL, "--workbook"), UNINSTALL])
@pytest.mark.parametrize("kind", Kind)
def test_a_macro_workbook_can_be_installed_again_or_removed_whatever_failed(
    home: FakeHome, kind: Kind, words: Sequence[str]
) -> None:
    if words == UNINSTALL:
        assert home.run((*INSTALL, "--workbook"))[0] == 0
    EXCEL.require_repeatable(home, words, kind)
