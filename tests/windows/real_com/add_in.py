"""The add-in's Visual Basic, interpreted, with a real Python behind it: xlwings' server over real COM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import replaced_com as com
import xlwings
from excel_objects import opened
from pyopenvba.interpreter import _values as values
from pyopenvba.interpreter._objects import VBAObject, method
from visual_basic import Book, Interpreted

from betaneutral_xl import __version__
from betaneutral_xl.hosts.excel import user_files
from betaneutral_xl.hosts.sheets.layout import ADD_IN, Sheet

if TYPE_CHECKING:
    from excel_objects import Excel


PLAIN = {values.MISSING: com.MISSING, values.EMPTY: None}
"""Values of Visual Basic that have no value."""


class Cells(VBAObject):  # type: ignore[misc] # it has no types
    """A range of a workbook, as an argument of a worksheet function."""

    vba_type_name = "Range"

    def __init__(self, area: com.Range) -> None:
        super().__init__()
        self.area = area

    def vba_get(self, name: str, args: Any = (), named: Any = None) -> object:
        """Return a property."""
        match name.lower():
            case "cells":
                return Cells(self.area(*map(int, args)))
            case "value2":
                value = self.area.Value2
                return values.EMPTY if value is None else value
        raise AssertionError(name)


class OpenBook(Book):
    """A workbook in the stand-in for Excel."""

    def __init__(self, book: com.Book) -> None:
        super().__init__(book.FullName)
        self.book = book


class Remote(VBAObject):  # type: ignore[misc] # likewise
    """An object of the server."""

    vba_type_name = "Object"

    def __init__(self, served: Any) -> None:
        super().__init__()
        self.served = served


class Python(VBAObject):  # type: ignore[misc] # likewise
    """``XLPy``: each call goes to the server that xlwings' DLL has started."""

    vba_type_name = "XLPy"

    def __init__(self, excel: Excel, server: Any, caller: com.Range) -> None:
        super().__init__()
        self._excel, self._server, self._caller = excel, server, caller
        self.answer: Any = None
        self.messages: list[tuple[str, int]] = []

    def _given(self, value: Any) -> Any:
        """Return a value of Visual Basic as it crosses to the server."""
        if value in PLAIN:
            return PLAIN[value]
        match value:
            case Cells():
                return self._excel.give(value.area)
            case OpenBook():
                return self._excel.serve(value.book)
            case Remote():
                return value.served
            case VBAObject():
                return self._excel.serve(self._caller)
        return value if isinstance(value, (int, float)) else str(value)

    @method  # type: ignore[untyped-decorator] # likewise
    def CallUDF(self, module: Any, name: Any, arguments: Any, book: Any, caller: Any) -> str:  # noqa: N802 - as xlwings names it
        """Call a function; its answer is kept, since the interpreter has no such arrays."""
        given = tuple(self._given(one) for one in arguments.elements())
        self.answer = self._server.CallUDF(
            str(module), str(name), given, self._given(book), self._given(caller)
        )
        return self.answer if isinstance(self.answer, str) else ""

    @method  # type: ignore[untyped-decorator] # likewise
    def Module(self, name: Any) -> Remote:  # noqa: N802 - likewise
        """Import a module."""
        return Remote(self._server.Module(str(name)))

    @method  # type: ignore[untyped-decorator] # likewise
    def Tuple(self, element: Any) -> Remote:  # noqa: N802 - likewise
        """Make a tuple."""
        return Remote(self._server.Tuple(self._given(element)))

    @method  # type: ignore[untyped-decorator] # likewise
    def SetAttr(self, owner: Any, name: Any, value: Any) -> object:  # noqa: N802 - likewise
        """Set an attribute."""
        self._server.SetAttr(self._given(owner), str(name), self._given(value))
        return values.EMPTY

    @method  # type: ignore[untyped-decorator] # likewise
    def Call(self, owner: Any, name: Any, arguments: Any) -> Remote:  # noqa: N802 - likewise
        """Call a function of a module."""
        return Remote(self._server.Call(self._given(owner), str(name), self._given(arguments)))

    @method  # type: ignore[untyped-decorator] # likewise
    def Str(self, value: Any) -> str:  # noqa: N802 - likewise
        """Return the text of an object."""
        return str(self._server.Str(self._given(value)))

    @method  # type: ignore[untyped-decorator] # likewise
    def Message(self, text: Any, kind: Any) -> object:  # noqa: N802 - likewise
        """Record a message that the user sees."""
        self.messages.append((str(text), int(kind)))
        return values.EMPTY


def open_model(folder: Path, profile: Path) -> com.Book:
    """Return an analyst's own workbook in an Excel that has loaded the add-in and can open its template."""
    book = com.Book(folder, ("Model",), "model.xlsx")
    add_in = com.Book(folder, (Sheet.XLWINGS,), ADD_IN, book.Application)
    versions = {(1, 1): "BUILT WITH BETANEUTRAL_XL", (1, 2): __version__}
    versions |= {(2, 1): "BUILT WITH XLWINGS", (2, 2): xlwings.__version__}
    add_in.Worksheets(1).cells.update(versions)
    book.Application.Workbooks.unlisted = (add_in,)
    installed = profile / user_files.FOLDER / user_files.TEMPLATE
    template = opened(installed, folder)
    template.Name, template.Application = installed.name, book.Application
    book.Application.Workbooks.files[str(installed)] = template
    return book


class LoadedAddIn:
    """The add-in in an Excel that shows a workbook of somebody else.

    Parameters
    ----------
    excel
        Serves the workbook's objects.
    server
        xlwings' server, which the add-in's Visual Basic has started.
    model
        The workbook.

    """

    def __init__(self, excel: Excel, server: Any, model: com.Book) -> None:
        add_in = next(one for one in model.Application.Workbooks.unlisted if one.Name == ADD_IN)
        self._python = Python(excel, server, model.Worksheets(1).Range("Z99"))
        self._basic = Interpreted(self._python, OpenBook(add_in), OpenBook(model))

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a worksheet function as Excel does."""
        given = [Cells(one) if isinstance(one, com.Range) else one for one in arguments]
        self._python.answer = None
        said = self._basic.application.run(name, *given)
        return said if self._python.answer is None else self._python.answer

    def press(self, button: str) -> tuple[str, int]:
        """Press a button of the ribbon; return the message and its kind."""
        self._python.messages.clear()
        self._basic.click(button)
        (message,) = self._python.messages
        return message
