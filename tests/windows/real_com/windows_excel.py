"""A workbook as it is open in Excel, with Python behind it; where the installed things are."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import replaced_com as com

from betaneutral_xl.hosts.excel.vba import UDFS
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import Sheet

if TYPE_CHECKING:
    from excel_objects import Excel

TEMPLATE = Path(__file__).parents[3] / "workbook" / "betaneutral.xlsm"

PROGRAM = Path(sys.executable).parent / "Scripts" / "betaneutral-xl.exe"
"""The program that pip made for the installed wheel."""


@dataclass
class OpenWorkbook:
    """The template, open in the stand-in for Excel, with Python behind it."""

    excel: Excel
    server: Any
    book: com.Book

    def setting(self, name: str) -> com.Range:
        """Return the cells of a setting."""
        area: com.Range = self.book.Names(f"setting_{name}").RefersToRange
        return area

    def area(self, sheet: str, address: str) -> com.Range:
        """Return cells by their address."""
        area: com.Range = self.book.Worksheets(sheet).Range(address)
        return area

    def call(self, name: str, *values: object) -> Any:
        """Call a worksheet function as its wrapper in Visual Basic does, from a cell of the sheet Start."""
        padded = [*values, *[com.MISSING] * (len(BY_NAME[name].arguments) - len(values))]
        given = tuple(one if isinstance(one, tuple) else self.excel.give(one) for one in padded)
        caller = self.excel.serve(self.area(Sheet.START, "Z99"))
        return self.server.CallUDF(UDFS, name, given, self.excel.serve(self.book), caller)

    def press(self, button: str) -> str:
        """Press a button of the ribbon as ``Press`` in ``BetaNeutral.bas`` does; return its message."""
        server = self.server
        server.SetAttr(server.Module("xlwings._xlwindows"), "BOOK_CALLER", self.excel.serve(self.book))
        ribbon = server.Module("betaneutral_xl.hosts.excel.ribbon")
        reply = str(server.Str(server.Call(ribbon, "run", server.Tuple(button))))
        head, _, message = reply.partition("\n")
        assert head.partition("|")[0] in {"done", "error"}
        return message
