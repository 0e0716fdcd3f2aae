"""The user's own part of PATH: a folder is added, so that its programs are found, and removed again."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path, PureWindowsPath

KEY, NAME = "Environment", "Path"
"""Where Windows keeps it, below ``HKEY_CURRENT_USER``."""


def add(folder: Path) -> None:
    """Let programs that are started from now on find those of a folder by their names alone."""
    _change(partial(with_folder, folder=str(folder)))


def remove(folder: Path) -> None:
    """Take a folder out again."""
    _change(partial(without_folder, folder=str(folder)))


def with_folder(path: str, folder: str) -> str:
    r"""Return PATH with a folder at its end; as it is if the folder is there.

    >>> with_folder(r"%USERPROFILE%\bin;", r"C:\Beta")
    '%USERPROFILE%\\bin;C:\\Beta'
    """
    if any(PureWindowsPath(one) == PureWindowsPath(folder) for one in path.split(";") if one):
        return path
    return f"{path.rstrip(';')};{folder}".lstrip(";")


def without_folder(path: str, folder: str) -> str:
    r"""Return PATH without a folder; what others have put there stays as it is.

    >>> without_folder(r"%USERPROFILE%\bin;c:\beta", r"C:\Beta")
    '%USERPROFILE%\\bin'
    """
    kept = [one for one in path.split(";") if not one or PureWindowsPath(one) != PureWindowsPath(folder)]
    return ";".join(kept)


def _change(change: Callable[[str], str]) -> None:
    """Change the value, which keeps its type: one with ``%NAME%`` is expanded by Windows."""
    if sys.platform != "win32":
        return
    import winreg

    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, KEY, 0, winreg.KEY_READ | winreg.KEY_WRITE) as key:
        try:
            before, kind = winreg.QueryValueEx(key, NAME)
        except FileNotFoundError:
            before, kind = "", winreg.REG_EXPAND_SZ
        after = change(str(before))
        if after == before:
            return
        if after:
            winreg.SetValueEx(key, NAME, 0, kind, after)
        else:
            winreg.DeleteValue(key, NAME)
    _tell_programs()


def _tell_programs() -> None:
    """Let Explorer, which starts programs, read the environment anew."""
    import win32con
    import win32gui

    with contextlib.suppress(win32gui.error):  # it does when the user signs in again
        win32gui.SendMessageTimeout(
            win32con.HWND_BROADCAST,
            win32con.WM_SETTINGCHANGE,
            0,
            KEY,
            win32con.SMTO_ABORTIFHUNG,
            1000,
        )
