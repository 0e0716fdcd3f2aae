from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl import __version__
from betaneutral_xl.hosts.excel import addin, bundle, registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an unpacked zip; the program that it installs does nothing."""
    folder = tmp_path / "zip"
    (folder / "python").mkdir(parents=True)
    (folder / "python" / "python.exe").write_bytes(b"new")
    (folder / "Uninstall.cmd").write_bytes(b"remove")
    monkeypatch.setattr(bundle, "_excel", lambda _target, _action: 0)
    monkeypatch.setattr(addin, "is_running", lambda: False)
    return folder


@pytest.fixture
def apps(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what Windows lists of the program."""
    held: dict[str, str] = {}

    def change(key: str, changes: dict[str, str | None]) -> None:
        assert key == bundle.APPS
        for name, text in changes.items():
            held.pop(name, None)
            if text is not None:
                held[name] = text

    monkeypatch.setattr(registry, "change", change)
    monkeypatch.setattr(registry, "values", lambda _root, _key: dict(held))
    return held


def test_the_python_of_the_zip_is_copied_and_listed_among_the_apps(
    unpacked: Path, tmp_path: Path, apps: dict[str, str]
) -> None:
    target = tmp_path / "Programs" / "Beta Neutral"
    assert bundle.main(["install", str(unpacked), str(target)]) == 0
    assert (target / "python" / "python.exe").read_bytes() == b"new"
    assert (apps["DisplayVersion"], apps["UninstallString"]) == (__version__, f'"{target / "Uninstall.cmd"}"')
    assert bundle.main(["uninstall", str(target)]) == 0
    assert apps == {}


def test_an_update_replaces_the_whole_python(unpacked: Path, tmp_path: Path, apps: dict[str, str]) -> None:
    old = tmp_path / "target" / "python"
    old.mkdir(parents=True)
    (old / "left.dll").touch()
    assert bundle.main(["install", str(unpacked), str(tmp_path / "target")]) == 0
    assert [path.name for path in old.iterdir()] == ["python.exe"]
    assert sorted(path.name for path in old.parent.iterdir()) == ["Uninstall.cmd", "python"]


def test_what_cannot_be_replaced_stays(
    unpacked: Path,
    tmp_path: Path,
    apps: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old = tmp_path / "target" / "python"
    old.mkdir(parents=True)
    (old / "python.exe").write_bytes(b"old")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(shutil, "copytree", refuse)
    assert bundle.main(["install", str(unpacked), str(tmp_path / "target")]) == 1
    assert capsys.readouterr().err.endswith("Access is denied. Close Excel, and try again.\n")
    assert (old / "python.exe").read_bytes() == b"old"
    assert apps == {}


def test_while_excel_is_open_nothing_is_copied(
    unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(addin, "is_running", lambda: True)
    assert bundle.main(["install", str(unpacked), str(tmp_path / "target")]) == 1
    assert capsys.readouterr().err.startswith("Excel is open. Close it")
    assert not (tmp_path / "target").exists()


def test_other_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bundle.main([]) == 2
    assert "usage: install" in capsys.readouterr().err
