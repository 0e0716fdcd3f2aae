"""A stand-in for Excel: the objects of ``replaced_com`` served to another process over real COM.

xlwings knows a range by the identifier of its type; hence the type library with Excel's identifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pythoncom
import pywintypes
import replaced_com as com
import winerror
from win32com.server import policy, util
from win32com.server.exception import COMException

IDENTIFIERS = {
    "Range": "{00020846-0000-0000-C000-000000000046}",
    "_Worksheet": "{000208D8-0000-0000-C000-000000000046}",
    "_Workbook": "{000208DA-0000-0000-C000-000000000046}",
    "_Application": "{000208D5-0000-0000-C000-000000000046}",
    "Other": "{11111111-0000-0000-C000-000000000046}",
}
KINDS = {
    com.Range: "Range",
    com.Sheet: "_Worksheet",
    com.Book: "_Workbook",
    com.Application: "_Application",
}
SYS_WIN64 = 3


class Excel:
    """Serves objects; counts what is asked of them.

    Parameters
    ----------
    folder
        For the type library.

    """

    def __init__(self, folder: Path) -> None:
        self.asked: Counter[str] = Counter()
        self._types = _type_library(folder / "excel.tlb")
        self._served: dict[int, tuple[object, Any]] = {}

    def give(self, value: Any) -> Any:
        """Return a value as it crosses to the other process."""
        if isinstance(value, tuple):
            return (value,)  # the policy takes a bare tuple for several results
        if value is None or isinstance(value, (str, int, float, Decimal)) or hasattr(value, "timetuple"):
            return value
        return self.serve(value)

    def serve(self, value: Any) -> Any:
        """Return the COM object of one of ours; a range has a new one every time, as Excel's has."""
        if isinstance(value, com.Range):
            return util.wrap(_Served(self, value), usePolicy=_Typed)
        if id(value) not in self._served:
            self._served[id(value)] = (value, util.wrap(_Served(self, value), usePolicy=_Typed))
        return self._served[id(value)][1]

    def type_of(self, kind: str) -> Any:
        """Return the type information of a kind of object."""
        return self._types[kind]


class _Typed(policy.DynamicPolicy):  # type: ignore[misc] # pywin32 ships no types
    """Tells the type of what it serves."""

    def _GetTypeInfoCount_(self) -> int:  # noqa: N802 - pywin32's name
        return 1

    def _GetTypeInfo_(self, _index: int, _locale: int) -> tuple[int, Any]:  # noqa: N802 - likewise
        served: _Served = self._obj_
        return 0, served.excel.type_of(served.kind)


class _Served:
    """One object: gets, sets and calls by name."""

    def __init__(self, excel: Excel, inner: Any) -> None:
        self.excel, self.inner = excel, inner
        self.kind = KINDS.get(type(inner), "Other")

    def _dynamic_(self, name: str, _locale: int, flags: int, arguments: tuple[Any, ...]) -> Any:
        self.excel.asked[name] += 1
        values = [_taken(one) for one in arguments]
        if name.lower().strip("_") == "newenum":
            return util.NewEnum([self.excel.give(one) for one in self.inner])
        try:
            return self.excel.give(self._answer(name, flags, values))
        except COMException:
            raise
        except com.ComError as error:
            raise COMException(description=repr(error), scode=error.hresult) from None
        except Exception as error:  # noqa: BLE001 - crosses to the other process
            raise COMException(description=repr(error), scode=winerror.DISP_E_EXCEPTION) from None

    def _answer(self, name: str, flags: int, values: list[Any]) -> Any:
        if name == "_value_":
            return self.inner(*values)
        if flags & (pythoncom.DISPATCH_PROPERTYPUT | pythoncom.DISPATCH_PROPERTYPUTREF):
            setattr(self.inner, name, values[0])
            return None
        if not hasattr(self.inner, name):
            raise COMException(scode=winerror.DISP_E_MEMBERNOTFOUND)
        found = getattr(self.inner, name)
        if not callable(found) or isinstance(found, (com.Range, com.Collection)):
            return found(*values) if values else found
        if not values and not flags & pythoncom.DISPATCH_METHOD:
            raise COMException(scode=winerror.DISP_E_MEMBERNOTFOUND)
        return _called(found, values)


def _called(method: Callable[..., Any], values: list[Any]) -> Any:
    try:
        return method(*values)
    except TypeError:
        raise COMException(scode=winerror.DISP_E_BADPARAMCOUNT) from None


def _taken(value: Any) -> Any:
    """Return our own object behind an argument, where it is one."""
    try:
        return util.unwrap(value).inner
    except ValueError:
        return value


def _type_library(path: Path) -> dict[str, Any]:
    """Make a type library with Excel's identifiers; return the types by name."""
    if not path.exists():
        made = pythoncom.CreateTypeLib2(SYS_WIN64, str(path))
        made.SetName("Excel")
        made.SetGuid(pythoncom.CreateGuid())
        for name, identifier in IDENTIFIERS.items():
            kind = made.CreateTypeInfo(name, pythoncom.TKIND_DISPATCH)
            kind.SetGuid(pywintypes.IID(identifier))
            kind.LayOut()
        made.SaveAllChanges()
    library = pythoncom.LoadTypeLib(str(path))
    return {name: library.GetTypeInfo(at) for at, name in enumerate(IDENTIFIERS)}


def opened(workbook: Path, folder: Path) -> com.Book:
    """Return a workbook file as if it were open in Excel: its cells, its names."""
    source = openpyxl.load_workbook(workbook, data_only=True)
    book = com.Book(folder, tuple(source.sheetnames))
    for sheet in source.worksheets:
        cells: dict[Any, Any] = book.Worksheets(sheet.title).cells
        cells.update(
            {(c.row, c.column): c.value for row in sheet.iter_rows() for c in row if c.value is not None}
        )
    for name, defined in source.defined_names.items():
        for title, area in defined.destinations:
            book.name(name, book.Worksheets(title).Range(area))
    return book
