r"""The add-in: its place, and the registration by which Excel loads it with every start.

Excel loads what the values ``OPEN``, ``OPEN1``, ... of its key ``Options`` name, up to the first number that
is missing, and writes them anew when it is closed: they may be changed only while it is closed. A Python
from the Microsoft Store has its own copy of the registry and of ``AppData``: there Excel itself is started
to load the add-in, from the user's folder.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.excel import registry, user_files
from betaneutral_xl.hosts.sheets.findings import Finding, met, unmet
from betaneutral_xl.hosts.sheets.layout import ADD_IN
from betaneutral_xl.system.saving import make_folder, save

OPTIONS = rf"{registry.OFFICE}\Excel\Options"
"""The key whose values ``OPEN...`` name what Excel loads."""

MANAGER = rf"{registry.OFFICE}\Excel\Add-in Manager"
"""The key of the add-ins that Excel lists but does not load."""

_OPEN = re.compile(r"OPEN(\d*)", re.IGNORECASE)
_PATH = re.compile(r'(?:/[A-Za-z]\s+)?"?([^"]+?)"?\s*')
"""The path in such a value: ``"C:\\...\\name.xlam"``, or a name alone, sometimes after ``/R`` or ``/A``."""


def is_store_python(executable: str) -> bool:
    r"""Return whether a Python is from the Microsoft Store.

    >>> is_store_python(r"C:\Users\a\AppData\Local\Microsoft\WindowsApps\python3.13.exe")
    True
    """
    return "WindowsApps" in PureWindowsPath(executable).parts


def _is_store() -> bool:
    """Return whether this Python is from the Microsoft Store, also beneath a virtual environment."""
    return is_store_python(sys.base_prefix) or is_store_python(sys.executable)


def place() -> Path:
    """Return where the add-in is installed: in Excel's folder of add-ins, which Excel lists by itself."""
    roaming = os.environ.get("APPDATA")
    if _is_store() or not roaming:
        return user_files.folder() / ADD_IN
    return Path(roaming) / "Microsoft" / "AddIns" / ADD_IN


def install(content: bytes) -> Path:
    """Write the add-in to its place, and let Excel load it.

    Raises
    ------
    HostError
        If Excel is open, or does not take the add-in.
    Unwritable
        If the file cannot be written.

    """
    require_closed("install")
    target = place()
    make_folder(target.parent)
    if _is_store():
        is_new = not target.exists()
        save(target, content)
        try:
            _in_excel(lambda application: _load(application, target))
        except HostError:
            if is_new:  # nothing loads it
                target.unlink(missing_ok=True)
            raise
    else:
        save(target, content)
        _change(registered(registry.values("HKEY_CURRENT_USER", OPTIONS), str(target)))
    return target


def uninstall() -> Path | None:
    """Remove the add-in and its registration; return where it was, None if it was not there.

    Raises
    ------
    HostError
        If Excel is open.

    """
    target = place()
    if not target.exists() and not loaded():
        return None
    require_closed("uninstall")
    if _is_store():
        with contextlib.suppress(HostError):  # without Excel there is nothing that loads it
            _in_excel(_unload)
    _change(unregistered(registry.values("HKEY_CURRENT_USER", OPTIONS)))
    listed = registry.values("HKEY_CURRENT_USER", MANAGER)
    registry.change(MANAGER, dict.fromkeys(filter(_is_ours, listed)))
    target.unlink(missing_ok=True)
    return target


def loaded() -> list[str]:
    """Return the paths of the add-ins of our name that Excel loads."""
    values = _in_order(registry.values("HKEY_CURRENT_USER", OPTIONS))
    return [path for path in (_path(text) for _, text in values) if _is_ours(path)]


def is_running() -> bool:
    """Return whether Excel is open on this user's desktop: each of its windows has the class ``XLMAIN``."""
    if sys.platform != "win32":
        return False
    import win32gui

    try:
        return bool(win32gui.FindWindow("XLMAIN", None))
    except win32gui.error:
        return False


def finding() -> Finding | None:
    """Return whether Excel loads the installed add-in; None if none is installed."""
    target, paths, run = place(), loaded(), f"Run: {user_files.install_command()}"
    if not target.exists():
        if not paths:
            return None
        return unmet("Add-in", f"Excel would load {paths[0]}, which is not there. {run}")
    if paths and PureWindowsPath(paths[0]) not in {PureWindowsPath(target), PureWindowsPath(ADD_IN)}:
        return unmet("Add-in", f"Excel loads {paths[0]}, not {target}. {run}")
    if not paths and not _is_store():
        return unmet("Add-in", f"{target} is there, but Excel does not load it. {run}")
    return met("Add-in", f"loaded by Excel from {target}")


def require_closed(what: str) -> None:
    """Raise ``HostError`` if Excel is open: it would write its registration over ours when it is closed."""
    if is_running():
        msg = f"Excel is open. Close it, then run excel {what} again. Nothing was changed."
        raise HostError(msg)


# ---------------------------------------------------------------- the registration


def registered(options: Mapping[str, str], path: str) -> dict[str, str | None]:
    r"""Return which values of ``Options`` to change so that Excel loads an add-in, and no other of its name.

    >>> registered({"OPEN": '"C:\\other.xlam"'}, r"C:\betaneutral.xlam")
    {'OPEN1': '"C:\\betaneutral.xlam"'}
    """
    return _changes(options, [*_others(options), f'"{path}"'])


def unregistered(options: Mapping[str, str]) -> dict[str, str | None]:
    """Return which values of ``Options`` to change so that Excel loads no add-in of our name.

    Those behind it get lower numbers: Excel stops at the first that is missing.
    """
    return _changes(options, _others(options))


def _others(options: Mapping[str, str]) -> list[str]:
    """Return the values that name other add-ins."""
    return [text for _, text in _in_order(options) if not _is_ours(_path(text))]


def _changes(options: Mapping[str, str], wanted: list[str]) -> dict[str, str | None]:
    names = ["OPEN", *(f"OPEN{number}" for number in range(1, len(wanted)))][: len(wanted)]
    new: dict[str, str | None] = dict(zip(names, wanted, strict=True))
    gone = {name: None for name, _ in _in_order(options) if name.upper() not in new}
    return gone | {name: text for name, text in new.items() if options.get(name) != text}


def _in_order(options: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the values that name what Excel loads, by their number."""
    numbered = [(int(found[1] or 0), name) for name in options if (found := _OPEN.fullmatch(name))]
    return [(name, options[name]) for _, name in sorted(numbered)]


def _path(text: str) -> str:
    found = _PATH.fullmatch(text)
    return found[1] if found else text


def _is_ours(path: str) -> bool:
    """Return whether a path is that of an add-in of our name, wherever."""
    return PureWindowsPath(path).name.lower() == ADD_IN


def _change(changes: dict[str, str | None]) -> None:
    if changes:
        registry.change(OPTIONS, changes)


# ---------------------------------------------------------------- through Excel itself


def _start() -> Any:
    from win32com.client import DispatchEx

    return DispatchEx("Excel.Application")


def _in_excel(work: Callable[[Any], None]) -> None:
    """Start Excel, let it work, and close it."""
    try:
        application = _start()
        try:
            application.DisplayAlerts = False
            work(application)
        finally:
            application.Quit()
    except Exception as error:  # noqa: BLE001 - pywin32's own exception
        msg = (
            "Excel could not be started to load the add-in, or did not load it, as a Python from the "
            f"Microsoft Store needs ({type(error).__name__}). Install Python from python.org, and run "
            "excel install with that one."
        )
        raise HostError(msg) from None


def _load(application: Any, path: Path) -> None:
    application.Workbooks.Add()  # Excel takes an add-in only while a workbook is open
    application.AddIns.Add(str(path), False).Installed = True  # noqa: FBT003 - CopyFile, which COM takes by place


def _unload(application: Any) -> None:
    application.Workbooks.Add()
    for one in application.AddIns:
        if str(one.Name).lower() == ADD_IN:
            one.Installed = False
