r"""Formulas of an open workbook are entered again, so that Excel finds our functions in this add-in.

Excel looks a function up when a formula is entered. One from another program, or from before the add-in was
there, stays ``#NAME?``; one from another computer has that computer's path before its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import HostError, listing
from betaneutral_xl.hosts.excel.busy import busy
from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import ADD_IN

if TYPE_CHECKING:
    import xlwings as xw

_NAMES = "|".join(sorted((one.name for one in FUNCTIONS), key=len, reverse=True))
_FUNCTION = re.compile(
    r"""(?P<other>"(?:[^"]|"")*")"""  # a text
    rf"|(?<![\w.!])(?P<place>'[^']*{re.escape(ADD_IN)}'!|{re.escape(ADD_IN)}!|_xldudf_|_xll\.)?"
    rf"(?P<name>{_NAMES})(?=\()"
    r"|(?P<sheet>'(?:[^']|'')*')",
    re.IGNORECASE,
)


def connect(book: xw.Book) -> str:
    """Enter the formulas with our functions again; return how many.

    Raises
    ------
    HostError
        If no formula uses our functions, or Excel refuses one: what each shows is unchanged.

    """
    protected, connected = list[str](), 0
    for sheet in book.sheets:
        formulas = list(_formulas(sheet.api))
        if formulas and getattr(sheet.api, "ProtectContents", False) is True:
            protected.append(str(sheet.name))
            continue
        for row, column, text in formulas:
            _enter(sheet.api, row, column, text)
        connected += len(formulas)
    if protected:
        rest = f" Formulas of other sheets entered again: {connected}." if connected else ""
        msg = f"Protected: {listing(protected)}. Unprotect first: Review, Unprotect Sheet.{rest}"
        raise HostError(msg)
    if not connected:
        msg = f"No formula of {book.name} uses our functions."
        raise HostError(msg)
    return f"Formulas entered again: {connected}. They take their functions from this add-in."


def own(formula: str) -> str:
    r"""Return a formula with our functions without the place that they come from.

    >>> own(r"=SUM('C:\alice\betaneutral.xlam'!BN_BETAS(A1),_xldudf_BN_VERSION())")
    '=SUM(BN_BETAS(A1),BN_VERSION())'
    """
    return _FUNCTION.sub(lambda found: found["name"].upper() if found["name"] else found[0], formula)


def _formulas(sheet: Any) -> Iterator[tuple[int, int, str]]:
    """Yield row, column and text of each formula of a sheet with our functions; once for what spills."""
    used = sheet.UsedRange
    block = used.Formula2 if hasattr(used, "Formula2") else used.Formula
    rows = block if isinstance(block, (list, tuple)) else ((block,),)
    spilled: list[tuple[range, range]] = []
    for i, line in enumerate(rows):
        for j, text in enumerate(line):
            at = used.Row + i, used.Column + j
            if not _is_ours(text) or any(at[0] in down and at[1] in right for down, right in spilled):
                continue
            cell = sheet.Cells(*at)
            if getattr(cell, "HasSpill", False) is True:
                area = cell.SpillingToRange
                spilled.append(
                    (range(at[0], at[0] + area.Rows.Count), range(at[1], at[1] + area.Columns.Count))
                )
            yield *at, str(text)


def _is_ours(text: Any) -> bool:
    if not isinstance(text, str) or not text.startswith("="):
        return False
    return any(found["name"] for found in _FUNCTION.finditer(text))


def _enter(sheet: Any, row: int, column: int, formula: str) -> None:
    cell = sheet.Cells(row, column)
    try:
        if getattr(cell, "HasArray", False) is True and getattr(cell, "HasSpill", False) is not True:
            cell.CurrentArray.FormulaArray = own(formula)
        elif hasattr(cell, "Formula2"):
            cell.Formula2 = own(formula)
        else:
            cell.Formula = own(formula)
    except Exception as error:
        msg = (
            f"Excel did not take the formula of {sheet.Name}!{letters(column)}{row} again "
            f"({type(error).__name__}). Enter it yourself: F2, Enter."
        )
        raise busy(error) or HostError(msg) from error
