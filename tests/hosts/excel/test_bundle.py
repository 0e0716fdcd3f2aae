from __future__ import annotations

import shutil
import subprocess

import pytest

pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")

from collections.abc import Sequence
from pathlib import Path

from betaneutral_xl import __version__
from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.excel import addin, bundle, install, registry, user_files, user_path


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an unpacked zip; the program that it installs does nothing."""
    folder = tmp_path / "zip"
    (folder / "python").mkdir(parents=True)
    (folder / "python" / "python.exe").write_bytes(b"new")
    monkeypatch.setattr(addin, "is_running", lambda: False)
    monkeypatch.setattr(bundle, "default_cache", lambda: tmp_path / "betaneutral-xl" / "Cache")
    return folder


@pytest.fixture
def target(unpacked: Path, tmp_path: Path) -> Path:
    return tmp_path / "Programs" / "Beta Neutral"


@pytest.fixture
def apps(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what Windows lists of the program."""
    held: dict[str, str] = {}

    def change(key: str, changes: dict[str, str]) -> None:
        assert key == bundle.APPS
        held.update(changes)

    monkeypatch.setattr(registry, "change", change)
    monkeypatch.setattr(registry, "remove", lambda key: held.clear())
    return held


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the folders of the user's PATH."""
    folders: list[str] = []
    monkeypatch.setattr(user_path, "add", lambda folder: folders.append(str(folder)))
    monkeypatch.setattr(user_path, "remove", lambda folder: folders.remove(str(folder)))
    return folders


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the commands that are run; each succeeds."""
    run: list[list[str]] = []

    def record(command: Sequence[str], *, check: bool) -> subprocess.CompletedProcess[bytes]:
        run.append(list(command))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", record)
    return run


def installed(unpacked: Path, target: Path) -> int:
    return bundle.main(["install", str(unpacked), str(target)])


def test_the_python_of_the_zip_is_copied_listed_and_found(
    unpacked: Path, target: Path, apps: dict[str, str], path: list[str], commands: list[list[str]]
) -> None:
    assert installed(unpacked, target) == 0
    assert (target / "python" / "python.exe").read_bytes() == b"new"
    assert b'"%~dp0python\\python.exe" -m betaneutral_xl %*\r\n' in (target / user_files.PROGRAM).read_bytes()
    assert (apps["DisplayVersion"], apps["UninstallString"]) == (__version__, f'"{target / "Uninstall.cmd"}"')
    assert path == [str(target)]
    python = str(target / "python" / "python.exe")
    assert commands == [[python, "-m", "betaneutral_xl", "excel", "install"]]


def test_an_update_replaces_the_whole_python(
    unpacked: Path, target: Path, apps: dict[str, str], path: list[str]
) -> None:
    assert installed(unpacked, target) == 0
    (target / "python" / "left.dll").touch()
    (target / "notes.txt").touch()
    assert installed(unpacked, target) == 0
    assert [one.name for one in (target / "python").iterdir()] == ["python.exe"]
    assert sorted(one.name for one in target.iterdir()) == [
        "Uninstall.cmd",
        "betaneutral-xl.cmd",
        "notes.txt",
        "python",
    ]


def test_what_cannot_be_replaced_stays(
    unpacked: Path,
    target: Path,
    apps: dict[str, str],
    path: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert installed(unpacked, target) == 0
    apps.clear()
    (target / "python" / "python.exe").write_bytes(b"old")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(shutil, "copytree", refuse)
    assert installed(unpacked, target) == 1
    assert capsys.readouterr().err.endswith("Access is denied. Close Excel, and try again.\n")
    assert (target / "python" / "python.exe").read_bytes() == b"old"
    assert apps == {}


def test_the_python_of_somebody_else_is_not_replaced(
    unpacked: Path, target: Path, apps: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (target / "python").mkdir(parents=True)
    (target / "python" / "python.exe").write_bytes(b"somebody else's")
    assert installed(unpacked, target) == 1
    assert "has a folder python of something else. Choose another folder" in capsys.readouterr().err
    assert [one.name for one in target.iterdir()] == ["python"]
    assert (target / "python" / "python.exe").read_bytes() == b"somebody else's"


def test_the_unpacked_zip_is_no_place_to_install_to(
    unpacked: Path, apps: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert installed(unpacked, unpacked) == 1
    assert "is the unpacked zip itself" in capsys.readouterr().err
    assert [one.name for one in unpacked.iterdir()] == ["python"]


def test_a_folder_that_excel_cannot_start_a_program_in_is_refused_at_once(
    unpacked: Path, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(user_files, "CODE_PAGE", "ascii")
    assert installed(unpacked, target.with_name("Łódź")) == 1
    assert "install into another folder, such as C:\\Python" in capsys.readouterr().err
    assert not target.parent.exists()


def test_while_excel_is_open_nothing_is_copied(
    unpacked: Path, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(addin, "is_running", lambda: True)
    assert installed(unpacked, target) == 1
    assert capsys.readouterr().err.startswith("Excel is open. Close it")
    assert not target.exists()


@pytest.fixture
def removals(monkeypatch: pytest.MonkeyPatch, target: Path) -> dict[Path, install.Removal]:
    """Return what the removal of the add-in answers; Excel starts the Python in the folder."""
    answer: dict[Path, install.Removal] = {}
    monkeypatch.setattr(install, "uninstall", lambda _: answer)
    monkeypatch.setattr(user_files, "interpreter", lambda: str(target / "python" / "python.exe"))
    return answer


def test_the_removal_leaves_the_records_of_other_installations(
    unpacked: Path,
    target: Path,
    apps: dict[str, str],
    path: list[str],
    removals: dict[Path, install.Removal],
    tmp_path: Path,
) -> None:
    assert installed(unpacked, target) == 0
    cache = tmp_path / "betaneutral-xl" / "Cache"
    (cache / "handles").mkdir(parents=True)
    (cache / "worksheet.log").touch()
    (cache / "calc.json").touch()
    assert bundle.main(["uninstall", str(target)]) == 0
    assert (apps, path) == ({}, [])
    assert [one.name for one in cache.iterdir()] == ["calc.json"]
    (cache / "calc.json").unlink()
    path.append(str(target))
    assert bundle.main(["uninstall", str(target)]) == 0
    assert not cache.parent.exists()


def test_what_excel_has_open_stops_the_removal(
    unpacked: Path,
    target: Path,
    apps: dict[str, str],
    path: list[str],
    removals: dict[Path, install.Removal],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert installed(unpacked, target) == 0
    removals[target / "betaneutral.xlsx"] = install.Removal.LOCKED
    assert bundle.main(["uninstall", str(target)]) == 1
    assert "could not be removed. Close Excel, then uninstall again." in capsys.readouterr().err
    assert apps
    assert path


def test_the_add_in_of_another_python_stays(
    unpacked: Path, target: Path, apps: dict[str, str], path: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(install, "uninstall", refuse)
    monkeypatch.setattr(user_files, "interpreter", lambda: r"C:\Python313\python.exe")
    assert installed(unpacked, target) == 0
    assert bundle.main(["uninstall", str(target)]) == 0
    assert apps == {}


def test_an_add_in_that_is_gone_does_not_stop_the_removal(
    unpacked: Path,
    target: Path,
    apps: dict[str, str],
    path: list[str],
    removals: dict[Path, install.Removal],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(_: object) -> None:
        msg = "Nothing is installed. Nothing was removed."
        raise HostError(msg)

    monkeypatch.setattr(install, "uninstall", nothing)
    monkeypatch.setattr(user_files, "interpreter", lambda: None)
    assert installed(unpacked, target) == 0
    assert bundle.main(["uninstall", str(target)]) == 0
    assert apps == {}


def test_other_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bundle.main([]) == 2
    assert "usage: install" in capsys.readouterr().err
