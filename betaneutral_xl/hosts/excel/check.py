"""What Excel needs, and whether it is there; which installation a workbook's functions come from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from betaneutral_xl import __version__
from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.hosts.excel import addin, excel_version, policies, user_files
from betaneutral_xl.hosts.excel.install import RENEW
from betaneutral_xl.hosts.excel.macro_workbook import versions_of
from betaneutral_xl.hosts.excel.repair import named_interpreter, readable
from betaneutral_xl.hosts.sheets import cells, template
from betaneutral_xl.hosts.sheets.cells import Grid
from betaneutral_xl.hosts.sheets.findings import Finding, met, unmet
from betaneutral_xl.hosts.sheets.layout import ADD_IN, Sheet

if TYPE_CHECKING:
    from betaneutral_xl.hosts.files.addin_links import LinkedFile


def findings(workbook: Path | None = None) -> list[Finding]:
    """Return the requirements of Excel, and of a workbook if one is named."""
    found = [met("Python", f"{sys.version.split()[0]} at {sys.executable}")]
    try:
        import xlwings
    except ImportError:
        found.append(unmet("xlwings", "pip install 'betaneutral-xl[excel]'"))
    else:
        found.append(met("xlwings", xlwings.__version__))
        if sys.platform == "win32":
            found.extend(of_this_user(xlwings.__version__))
        if workbook is not None:
            found.extend(_of_workbook(workbook, xlwings.__version__))
    found.append(_excel())
    return found


def of_this_user(xlwings: str) -> Iterator[Finding]:
    """Yield what this user's Excel needs on Windows."""
    yield user_files.finding(sys.executable, xlwings)
    add_in = addin.finding()
    if add_in is not None:
        yield add_in
        if addin.place().exists():
            yield _add_in_built_with(xlwings)
    yield from policies.findings()


def _of_workbook(workbook: Path, xlwings: str) -> Iterator[Finding]:
    book, content = readable(workbook)
    if content.has_own_functions:
        about = cells.read(book.below(Sheet.XLWINGS, 1), Sheet.XLWINGS)
        yield _built_with(workbook.name, about, xlwings, RENEW)
        named = named_interpreter(book)
        if named is not None and named[1] not in {"", sys.executable}:
            text = f"starts {named[1]}, not this Python. Run: betaneutral-xl excel repair {workbook.name}"
            yield unmet(workbook.name, text)
    else:
        yield _linked(workbook.name, content)


def _linked(name: str, content: LinkedFile) -> Finding:
    """Return the finding on a workbook whose functions come from an add-in."""
    if not content.functions():
        return met(name, "has no formula with our functions")
    repair = f"Run: betaneutral-xl excel repair {name}"
    if content.unlinked():
        return met(name, f"has functions without the name of an add-in. If cells show #NAME?: {repair}")
    here, there = addin.place(), content.add_ins[0]
    if PureWindowsPath(there) == PureWindowsPath(here):
        return met(name, "takes its functions from the add-in of this user")
    return unmet(name, f"takes its functions from {there}, not from {here}. {repair}")


def _add_in_built_with(xlwings: str) -> Finding:
    remedy = f"run: {user_files.install_command()}"
    try:
        about = versions_of(addin.place().read_bytes())
    except (OSError, UnreadableFile) as error:
        return unmet(ADD_IN, f"{error} {remedy}")
    return _built_with(ADD_IN, about, xlwings, remedy)


def _built_with(name: str, about: Grid, installed: str, remedy: str) -> Finding:
    different = template.differences(about, installed)
    if different:
        return unmet(name, f"{different}; {remedy}")
    return met(name, f"built for betaneutral_xl {__version__} and xlwings {installed}")


def _excel() -> Finding:
    """Return the finding about Excel itself."""
    if sys.platform == "win32":
        return excel_version.finding()
    if sys.platform == "darwin":
        there = Path("/Applications/Microsoft Excel.app").exists()
        text = "buttons only; worksheet functions need Windows. Run: xlwings runpython install"
        return Finding("Excel", there, text)
    return unmet("Excel", "runs on Windows and macOS; use LibreOffice, or betaneutral-xl workbook run")
