"""Which Excel is installed on this Windows, and whether its formulas spill."""

from __future__ import annotations

import re
import sys

CLICK_TO_RUN = r"SOFTWARE\Microsoft\Office\ClickToRun\Configuration"
FIRST_YEAR = 2021
"""The first perpetual licence of Office with dynamic arrays."""

_YEAR = re.compile(r"(?<!\d)(20\d\d)(?=Retail|Volume)")


def finding() -> tuple[str, bool, str]:
    """Return the finding on Excel and its dynamic arrays: name, whether met, details or remedy."""
    program = _value("HKEY_CLASSES_ROOT", r"Excel.Application\CurVer", "")
    if program is None:
        return "Excel", False, "is not installed for this user"
    products = _value("HKEY_LOCAL_MACHINE", CLICK_TO_RUN, "ProductReleaseIds")
    version = _value("HKEY_LOCAL_MACHINE", CLICK_TO_RUN, "VersionToReport")
    shown = f"{version} ({products})" if version and products else program
    if not spills(products or ""):
        return (
            "Excel",
            False,
            f"{shown} has no dynamic arrays: results do not grow beyond the cells of the template, and "
            f"longer tables are cut off there. Use Microsoft 365 or Excel {FIRST_YEAR} or newer",
        )
    return "Excel", True, shown


def spills(products: str) -> bool:
    """Return whether an installation has dynamic arrays.

    Parameters
    ----------
    products
        ``ProductReleaseIds`` of the registry, such as ``O365ProPlusRetail`` or ``ProPlus2019Volume``; empty
        for an Office before Click-to-Run (2016 and older). Excel's own number is 16.0 from 2016 on.

    >>> spills("O365ProPlusRetail,VisioPro2019Retail"), spills("ProPlus2019Volume"), spills("")
    (True, False, False)
    """
    if re.search(r"O365|M365", products):
        return True
    return any(int(year) >= FIRST_YEAR for year in _YEAR.findall(products))


def _value(root: str, key: str, name: str) -> str | None:
    """Return a value of the registry; None if it is missing."""
    if sys.platform != "win32":
        return None
    import winreg

    try:
        access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        with winreg.OpenKey(getattr(winreg, root), key, 0, access) as opened:
            return str(winreg.QueryValueEx(opened, name)[0])
    except OSError:
        return None
