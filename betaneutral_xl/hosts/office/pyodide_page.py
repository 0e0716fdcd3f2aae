"""The page with Python inside (Pyodide): a folder for any web server of static files, without one of ours."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import betaneutral_xl
from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.office import metadata
from betaneutral_xl.hosts.office.guard import MICROSOFT
from betaneutral_xl.hosts.office.manifest import manifest
from betaneutral_xl.hosts.office.page import FROM_MICROSOFT, PAGE, STATIC, html
from betaneutral_xl.system.archives import packed
from betaneutral_xl.system.saving import make_folder, save

PRODUCT = "betaneutral-xl"

CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
"""Files of Pyodide itself; one of the two in the middle is there, by its version."""

LOCK = "pyodide-lock.json"

NOT_THERE = "emscripten"
"""In the marker of a requirement that a browser does without."""


def policy() -> str:
    """Return the content security policy: code of the page's folder, of Microsoft, and WebAssembly."""
    return (
        f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {MICROSOFT}; worker-src 'self'; "
        f"connect-src 'self' {MICROSOFT}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'"
    )


def write(folder: Path, pyodide: Path, url: str | None) -> Iterator[Path]:
    """Write the page to a folder, which a web server then serves; yield what was written.

    ``pyodide`` is the folder of Pyodide's full distribution, which has the packages that were compiled for
    it; ``url`` the address at which the folder is served, for Excel's manifest, None for browsers alone.

    Raises
    ------
    HostError
        If Pyodide or one of its packages is not in that folder.
    Unwritable
        If the folder cannot be written to.

    """
    lock = _lock(pyodide)
    compiled, pure = _requirements(lock)
    wheels = _wheels(pyodide, lock, compiled)
    python = folder / "python"
    make_folder(folder)
    shutil.copytree(STATIC, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(PAGE))
    make_folder(python)
    for name in (*CORE, LOCK, *wheels):
        if (pyodide / name).is_file():
            shutil.copyfile(pyodide / name, python / name)
    save(python / "python.json", json.dumps({"packages": compiled}, indent=2).encode())
    save(python / "python.zip", _archive(pure))
    save(folder / "browser.html", html(None, policy=policy()).encode())
    yield folder / "browser.html"
    if url:
        save(folder / "taskpane.html", html(FROM_MICROSOFT, policy=policy()).encode())
        save(folder / "functions.json", json.dumps(metadata.functions()).encode())
        save(folder / "manifest.xml", manifest(url.rstrip("/")))
        yield folder / "manifest.xml"


def _lock(pyodide: Path) -> Mapping[str, Any]:
    """Return the packages of a distribution of Pyodide, by normalised name."""
    try:
        packages = json.loads((pyodide / LOCK).read_text(encoding="utf-8"))["packages"]
        return {_normalised(name): one for name, one in packages.items()}
    except (OSError, ValueError, KeyError, AttributeError):
        msg = (
            f"{pyodide} is not a distribution of Pyodide: it has no readable {LOCK}. Unpack one, and name it."
        )
        raise HostError(msg) from None


def _requirements(lock: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the packages that Pyodide has, and those that are taken from this Python."""
    compiled: set[str] = set()
    pure: set[str] = set()
    waiting = [PRODUCT]
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or ():
            requirement, _, marker = line.partition(";")
            found = re.match(r"[\w.-]+", requirement)
            name = _normalised(found[0]) if found else ""
            if "extra" in marker or NOT_THERE in marker or name in compiled | pure or not name:
                continue
            if name in lock:
                compiled.add(name)
            elif _is_installed(name):
                pure.add(name)
                waiting.append(name)
    return sorted(compiled), sorted(pure)


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False  # of another system
    return True


def _wheels(pyodide: Path, lock: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return the files of packages of Pyodide and of those that they need."""
    waiting, found = list(names), dict[str, str]()
    while waiting:
        name = _normalised(waiting.pop())
        if name not in found:
            found[name] = str(lock[name]["file_name"])
            waiting += lock[name].get("depends", ())
    absent = sorted(file for file in found.values() if not (pyodide / file).is_file())
    if absent:
        msg = (
            f"{pyodide} has no {absent[0]}{f' and {len(absent) - 1} more' if absent[1:] else ''}. It is "
            "Pyodide's core alone: take the full distribution, whose archive has all packages."
        )
        raise HostError(msg)
    return sorted(found.values())


def _archive(names: Iterable[str]) -> bytes:
    """Return this package, and pure Python packages of this Python, as a ZIP archive."""
    root = Path(betaneutral_xl.__file__).parent
    files = {f"{root.name}/{path.relative_to(root).as_posix()}": path for path in root.rglob("*")}
    for name in names:
        for file in importlib.metadata.files(name) or ():
            if file.suffix in {".so", ".pyd"}:
                msg = (
                    f"{name} has compiled code, and is not in this distribution of Pyodide. Take a newer one."
                )
                raise HostError(msg)
            if ".." not in file.parts:  # the commands that come with a package
                files[file.as_posix()] = Path(str(file.locate()))
    return packed(
        (inside, path.read_bytes())
        for inside, path in sorted(files.items())
        if path.is_file() and "__pycache__" not in path.parts
    )


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
