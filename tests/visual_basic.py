"""The Visual Basic of the add-in and of the macro workbook, run by an interpreter."""

from __future__ import annotations

import re
from typing import Any

from pyopenvba.apps.excel import ExcelApplication
from pyopenvba.interpreter import _values as values
from pyopenvba.interpreter._objects import VBAObject

from betaneutral_xl.hosts.excel import vba

XLWINGS = """\
Function XLPy()
    Set XLPy = CreateObject("python")
End Function
Sub KillPy()
    XLPy.Kill
End Sub
Function MessageBoxW(owner, text, title, kind)
    XLPy.Message text, kind
End Function
"""
"""A fake of xlwings' module, which needs its DLL."""

BOOKS = """\
Function MacroBook()
    Set MacroBook = CreateObject("macro")
End Function
Function ActiveBook()
    Set ActiveBook = CreateObject("active")
End Function
Sub ConnectActive()
    ConnectLinks ActiveBook()
End Sub
"""

WIZARD = 'Application.CommandBars("Standard").Controls(1).Enabled'
"""The wrappers' test for a closed function wizard; the interpreter has no such member."""


class Control(VBAObject):  # type: ignore[misc] # it has no types
    """A button of the ribbon."""

    vba_type_name = "IRibbonControl"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def vba_get(self, name: str, args: Any = (), named: Any = None) -> object:
        """Return its only member."""
        assert name == "ID"
        return self._name


class Book(VBAObject):  # type: ignore[misc] # likewise
    """A workbook, with its links to other files."""

    vba_type_name = "Workbook"

    def __init__(self, path: str, *links: str) -> None:
        super().__init__()
        self.path, self.links = path, list(links)

    def vba_get(self, name: str, args: Any = (), named: Any = None) -> object:
        """Return a property, or what a method returns."""
        match name.lower():
            case "isaddin":
                return self.path.endswith(".xlam")
            case "fullname":
                return self.path
            case "name":
                return self.path.rpartition("\\")[2]
            case "linksources":
                array = values.VBAArray([(1, len(self.links))])
                array.items[:] = self.links
                return array if self.links else values.EMPTY
            case "changelink":
                self.links = [str(args[1]) if one == str(args[0]) else one for one in self.links]
                return values.EMPTY
        raise AssertionError(name)


class Interpreted:
    """An application with our modules.

    Parameters
    ----------
    python
        In place of xlwings' ``XLPy``.
    macros
        The workbook with the macros: an add-in or a macro workbook.
    active
        The workbook in front; None if none is open.
    wizard_closed
        Whether the function wizard is closed.

    """

    def __init__(
        self, python: VBAObject, macros: Book, active: Book | None = None, *, wizard_closed: bool = True
    ) -> None:
        self.application = ExcelApplication()
        self._clicked = 0
        host: Any = self.application.interpreter.host
        others = host.create
        fakes = {"python": python, "macro": macros, "active": active or values.NOTHING}

        def create(name: str) -> object:
            if name.startswith("control."):
                return Control(name.removeprefix("control."))
            return fakes[name] if name in fakes else others(name)

        host.create = create
        wrappers = vba.functions().replace(WIZARD, str(wizard_closed))
        wrappers = re.sub(r" 'Adjust.*", "", _without_windows(wrappers))
        for text, name in (
            (XLWINGS, "xlwings"),
            (BOOKS, "Books"),
            (wrappers, vba.FUNCTIONS_MODULE),
            (_without_windows(vba.source("BetaNeutral.bas")), vba.BUTTONS_MODULE),
        ):
            self.application.add_module(text.replace("\n", "\r\n"), name=name)

    def click(self, button: str) -> None:
        """Press a button of the ribbon."""
        self._clicked += 1
        name = f"Click{self._clicked}"
        lines = (f"Sub {name}_now()", f'    OnRibbon CreateObject("control.{button}")', "End Sub", "")
        self.application.add_module("\r\n".join(lines), name=name)
        self.application.run(f"{name}_now")


def _without_windows(text: str) -> str:
    """Return a module without what the interpreter lacks: a DLL, pointers, the caller, the two workbooks."""
    text = re.sub(r"Private Declare .*?As Long\n", "", text, flags=re.DOTALL)
    text = text.replace("StrPtr(", "(").replace("Application.Hwnd", "0")
    text = text.replace("Application.Caller", "Application.ActiveCell")
    return text.replace("ThisWorkbook", "MacroBook").replace("ActiveWorkbook", "ActiveBook")
