from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import small_extension

import betaneutral_xl
from betaneutral_xl.hosts.calc import extension
from betaneutral_xl.hosts.calc.profile import SETTINGS
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.system import libreoffice


@pytest.fixture(autouse=True)
def _small_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extension, "build", small_extension.build)


@pytest.fixture
def where(soffice: str, tmp_path: Path) -> list[str]:
    """Return the options for a temporary user profile."""
    if not libreoffice.find()[0].runs_python:
        pytest.skip("LibreOffice runs no Python (Debian: python3-uno)")
    return ["--profile", str(tmp_path / "profile")]


@pytest.fixture
def display(tmp_path: Path) -> Iterator[str]:
    """Return a virtual display."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed (Debian: xvfb)")
    number = tmp_path / "display"
    with number.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - the display
            [server, "-displayfd", str(file.fileno()), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
            pass_fds=(file.fileno(),),
            stderr=subprocess.DEVNULL,
        )
    try:
        assert within(30, lambda: number.read_text(encoding="ascii").endswith("\n"))
        yield f":{number.read_text(encoding='ascii').strip()}"
    finally:
        process.terminate()
        process.wait()


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
    return condition()


def processes_of(folder: Path) -> list[int]:
    """Return the ids of the processes that use a profile."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"-env:UserInstallation={folder.as_uri()}".encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_the_extension_is_installed_checked_and_removed(
    where: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calc", "status", *where]) == 5
    output = capsys.readouterr()
    assert "--  Extension: is not installed: run betaneutral-xl calc install" in output.out
    assert output.err == (
        "betaneutral-xl: Calc is not ready. Extension: is not installed: run betaneutral-xl calc install.\n"
    )
    assert main(["calc", "install", *where]) == 0
    assert f"ok  Python of the functions: {sys.executable} has betaneutral_xl" in capsys.readouterr().out
    assert main(["calc", "status"]) == 0  # the profile that was installed to is remembered
    assert "-- " not in capsys.readouterr().out
    assert main(["calc", "uninstall"]) == 0
    assert "Removed from LibreOffice" in capsys.readouterr().out
    assert main(["calc", "uninstall", *where]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_a_named_profile_is_used_instead_of_the_installed_one(where: list[str], tmp_path: Path) -> None:
    assert main(["calc", "install", *where]) == 0
    assert main(["calc", "status", "--profile", str(tmp_path / "other")]) == 5
    assert main(["calc", "open", "--profile", str(tmp_path / "other"), "--folder", str(tmp_path)]) == 5
    assert not (tmp_path / "betaneutral.xlsx").exists()


def test_an_extension_for_all_users_is_used_but_not_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office = tmp_path / "libreoffice"
    (office / "program").mkdir(parents=True)
    for name in ("soffice", "pythonloader.py"):
        (office / "program" / name).touch()
    text = "[Bootstrap]\nProductKey=LibreOffice 25.2\nUserInstallation=$ORIGIN/../profile\n"
    (office / "program" / "bootstraprc").write_text(text, encoding="utf-8")
    folder = office / "share" / "uno_packages" / "cache" / "uno_packages" / "lu1.tmp_" / "betaneutral.oxt"
    zipfile.ZipFile(io.BytesIO(small_extension.build())).extractall(folder)
    assert main(["calc", "status", "--office", str(office)]) == 0
    assert f"{betaneutral_xl.__version__} for all users, enabled" in capsys.readouterr().out
    assert main(["calc", "uninstall", "--office", str(office)]) == 0
    output = capsys.readouterr().out
    assert "nothing to remove" in output
    assert "unopkg remove --shared org.betaneutral.xl" in output
    assert folder.exists()


def test_oxt_writes_the_extension_file_and_installs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    oxt = tmp_path / "betaneutral.oxt"
    python = tmp_path / "env" / "bin" / "python"
    assert main(["calc", "install", "--oxt", str(oxt), "--python", str(python)]) == 0
    assert f"Written: {oxt}. Its functions run in {python}." in capsys.readouterr().out
    assert str(python) in zipfile.ZipFile(oxt).read(SETTINGS.as_posix()).decode()
    assert not (tmp_path / "cache").exists()
    assert main(["calc", "install", "--oxt", str(tmp_path / "absent" / "x.oxt")]) == 2
    assert "Cannot write x.oxt" in capsys.readouterr().err


def test_a_python_without_the_package_is_refused_before_installing(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calc", "install", "--python", str(tmp_path / "python"), *where]) == 2
    assert "The Python python cannot run the functions" in capsys.readouterr().err
    assert not (tmp_path / "profile").exists()


def test_a_missing_office_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("install", "status", "open", "uninstall"):
        assert main(["calc", action, "--office", str(tmp_path)]) == 5
        assert capsys.readouterr().err.count("\n") == 1


def test_file_and_folder_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["calc", "open", "--file", "a.xlsx", "--folder", "b"])
    assert "not allowed with" in capsys.readouterr().err


def test_the_help_has_an_example_of_each_action(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["calc", "--help"])
    output = capsys.readouterr().out
    for action in ("install", "status", "open", "uninstall"):
        assert f"  betaneutral-xl calc {action}" in output


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to list processes")
def test_calc_opens_a_window_with_the_template_and_the_command_returns(
    where: list[str], display: str, tmp_path: Path
) -> None:
    assert main(["calc", "install", *where]) == 0
    folder = tmp_path / "Beta Neutral"
    folder.mkdir()
    stale = folder / ".~lock.betaneutral.xlsx#"
    stale.write_text(f",me,here,05.01.2026 09:00,{(tmp_path / 'profile').as_uri()};", encoding="utf-8")
    try:
        ended = subprocess.run(  # noqa: S603 - this package's own command
            [sys.executable, "-m", "betaneutral_xl", "calc", "open", "--folder", str(folder)],
            env={**os.environ, "DISPLAY": display},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "Opened in LibreOffice" in ended.stdout
        assert (folder / "betaneutral.xlsx").is_file()
        assert within(60, lambda: stale.exists() and "here" not in stale.read_text(encoding="utf-8"))
        assert main(["calc", "uninstall"]) == 5  # while it is open
    finally:
        for process in processes_of(tmp_path / "profile"):
            os.kill(process, 9)
    assert within(10, lambda: not processes_of(tmp_path / "profile"))
    assert main(["calc", "uninstall"]) == 0
    assert not (folder / "betaneutral.xlsx").exists()
