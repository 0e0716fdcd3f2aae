"""Which Excel is installed on this Windows, and whether its formulas spill."""

from __future__ import annotations

import re

from betaneutral_xl.hosts.excel import registry
from betaneutral_xl.hosts.sheets.findings import Finding, met, unmet

CLICK_TO_RUN = r"SOFTWARE\Microsoft\Office\ClickToRun\Configuration"
FIRST_YEAR = 2021
"""The first perpetual licence of Office with dynamic arrays."""

_YEAR = re.compile(r"(?<!\d)(20\d\d)(?=Retail|Volume)")


def finding() -> Finding:
    """Return the finding on Excel and its dynamic arrays."""
    program = registry.value("HKEY_CLASSES_ROOT", r"Excel.Application\CurVer", "")
    if program is None:
        return unmet("Excel", "is not installed for this user")
    products = registry.value("HKEY_LOCAL_MACHINE", CLICK_TO_RUN, "ProductReleaseIds")
    version = registry.value("HKEY_LOCAL_MACHINE", CLICK_TO_RUN, "VersionToReport")
    shown = f"{version} ({products})" if version and products else program
    if not spills(products or ""):
        return unmet(
            "Excel",
            f"{shown} has no dynamic arrays: results do not grow beyond the cells of the template, and "
            f"longer tables are cut off there. Use Microsoft 365 or Excel {FIRST_YEAR} or newer",
        )
    return met("Excel", shown)


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
