"""Values of the Windows registry; on other systems there are none."""

from __future__ import annotations

import contextlib
import sys

from betaneutral_xl.errors import HostError

OFFICE = r"Software\Microsoft\Office\16.0"
"""The settings of Office for one user; from 2016 on every Office is 16.0."""


def value(root: str, key: str, name: str) -> str | None:
    """Return a value as text; None if it is missing."""
    return values(root, key).get(name)


def values(root: str, key: str) -> dict[str, str]:
    """Return all values of a key as texts, in their order; none if it is missing."""
    if sys.platform != "win32":
        return {}
    import winreg

    found: dict[str, str] = {}
    try:
        with winreg.OpenKey(
            getattr(winreg, root), key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        ) as opened:
            for at in range(winreg.QueryInfoKey(opened)[1]):
                name, content, _ = winreg.EnumValue(opened, at)
                found[name] = str(content)
    except OSError:
        return {}
    return found


def change(key: str, changes: dict[str, str | None]) -> None:
    """Set texts below ``HKEY_CURRENT_USER``; None removes a value.

    Raises
    ------
    HostError
        If Windows does not let them be changed, as a policy can forbid.

    """
    if sys.platform != "win32":
        return
    import winreg

    try:
        with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_WRITE) as opened:
            for name, text in changes.items():
                if text is not None:
                    winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, text)
                    continue
                with contextlib.suppress(FileNotFoundError):
                    winreg.DeleteValue(opened, name)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        msg = (
            f"Windows does not let {key} be changed in the registry: {reason}. Ask who manages this machine."
        )
        raise HostError(msg) from None


def remove(key: str) -> None:
    """Remove a key without keys of its own below ``HKEY_CURRENT_USER``; one that is missing is none."""
    if sys.platform != "win32":
        return
    import winreg

    with contextlib.suppress(FileNotFoundError):
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
