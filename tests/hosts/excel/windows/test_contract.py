"""A workbook open in Excel keeps to the contract of hosts."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlwings as xw
from xlwings import _xlwindows

from betaneutral_xl.hosts.excel.excel_workbook import ExcelWorkbook
from betaneutral_xl.testing import check_host

if TYPE_CHECKING:
    import replaced_com as com

    from betaneutral_xl.hosts.sheets.session import Session

BOOK: Any = _xlwindows.Book
"""Untyped where it is installed."""


def test_a_workbook_open_in_excel_is_a_host(opened: com.Book, session: Session) -> None:
    book = ExcelWorkbook(xw.Book(impl=BOOK(opened)))
    check_host(lambda _: nullcontext(book), Path(opened.Name), session)
