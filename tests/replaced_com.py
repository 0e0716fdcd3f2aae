"""Fakes of pywin32 and of Excel's objects, with which xlwings' Windows modules run on any system.

Only what those modules use is implemented. Values of cells are as on Windows: a blank is ``None``, an
error a negative number, a date a time with a zone, a missing argument ``MISSING``.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import io
import re
import sys
import threading
import types
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

RANGE_IID = "{00020846-0000-0000-C000-000000000046}"
MISSING = -2147352572
ERRORS = {
    "#DIV/0!": -2146826281,
    "#N/A": -2146826246,
    "#NAME?": -2146826259,
    "#NULL!": -2146826288,
    "#NUM!": -2146826252,
    "#REF!": -2146826265,
    "#VALUE!": -2146826273,
}
REFERENCE = re.compile(r"\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")


class ComError(Exception):
    """The exception of pywin32."""

    def __init__(self, hresult: int = -2147352567, *rest: object) -> None:
        super().__init__(hresult, "", None, None)
        self.hresult = hresult
        self.excepinfo = None


class Time(dt.datetime):
    """The date type of pywin32."""


class Anything:
    """An object whose calls and attributes return itself."""

    def __call__(self, *_: object, **__: object) -> Anything:
        return self

    def __getattr__(self, name: str) -> Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class Dispatch:
    """The base of COM objects."""


class Wrapped:
    """An object passed between processes."""

    def __init__(self, inner: object) -> None:
        self.inner = inner


def unwrap(value: object) -> object:
    if isinstance(value, Wrapped):
        return value.inner
    raise ValueError(value)


def module(name: str, **content: Any) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__dict__.update(content)
    sys.modules[name] = made
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, made)
    return made


def install() -> None:
    """Install the fakes in place of pywin32."""
    module("pywintypes", com_error=ComError, error=OSError, TimeType=Time, IID=str.upper)
    module(
        "pythoncom",
        CoInitialize=lambda *_: None,
        CoUninitialize=lambda *_: None,
        IID_IDispatch="IDispatch",
        IID_IEnumVARIANT="IEnumVARIANT",
        com_error=ComError,
        ole_error=ComError,
        TypeIIDs={"IDispatch": type("PyIDispatch", (), {})},
        CoMarshalInterThreadInterfaceInStream=lambda _, value: value,
        CoGetInterfaceAndReleaseStream=lambda stream, _: stream,
        __file__="stand-in",
    )
    for name in ("win32api", "win32con", "win32gui", "win32process", "win32event"):
        made = module(name)
        made.__getattr__ = lambda name: getattr(Anything(), name)  # type: ignore[method-assign] # a module's own fallback
    sys.modules["win32process"].GetWindowThreadProcessId = lambda _: (1, 4242)  # type: ignore[attr-defined]
    module("win32timezone", TimeZoneInfo=types.SimpleNamespace(utc=lambda: dt.UTC))
    module("win32com")
    module(
        "win32com.client",
        CDispatch=Dispatch,
        DispatchBaseClass=type("DispatchBaseClass", (), {}),
        CoClassBaseClass=type("CoClassBaseClass", (), {}),
        Dispatch=lambda value, **_: value,
        DispatchEx=lambda value, **_: value,
        gencache=types.SimpleNamespace(EnsureModule=lambda *_, **__: None),
    )
    module("win32com.server")
    module("win32com.server.dispatcher")
    module("win32com.server.policy", DefaultPolicy=object)
    module("win32com.server.util", wrap=lambda value, **_: Wrapped(value), unwrap=unwrap)
    module("win32com.server.exception", COMException=ComError)
    real = ctypes.PyDLL
    ctypes.__dict__.update(windll=Anything(), oledll=Anything())
    ctypes.PyDLL = lambda *a, **k: Anything() if a and a[0] == "stand-in" else real(*a, **k)  # type: ignore[assignment, misc]


def xlwings_as_on_windows() -> types.ModuleType:
    """Import xlwings with the modules that it has on Windows only."""
    install()
    import xlwings as xw
    from xlwings import _xlwindows
    from xlwings.main import Engine

    if "excel" not in [engine.name for engine in xw.engines]:
        xw.engines.add(Engine(impl=_xlwindows.engine))
    engines: Any = xw.engines
    engines.active = engines["excel"]
    from xlwings import com_server, udfs

    windows = {
        "_xlwindows": _xlwindows,
        "func": udfs.xlfunc,
        "arg": udfs.xlarg,
        "ret": udfs.xlret,
        "sub": udfs.xlsub,
        "import_udfs": udfs.import_udfs,
        "serve": com_server.serve,
    }
    xw.__dict__.update(windows)
    return xw


# ---------------------------------------------------------------- Excel's objects


class TypeInformation:
    """The type information by which xlwings recognises a range."""

    iid = RANGE_IID

    def GetTypeInfo(self) -> TypeInformation:
        return self

    def GetTypeAttr(self) -> TypeInformation:
        return self

    def GetDocumentation(self, _: int) -> tuple[str]:
        return ("Range",)


def as_excel_gives(value: Any) -> Any:
    if isinstance(value, str) and value in ERRORS:
        return ERRORS[value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, dt.datetime):
        return Time(*value.timetuple()[:6], tzinfo=dt.UTC)
    return value


def as_excel_takes(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@")):
        return f"FORMULA {value}"
    if isinstance(value, str):
        return value[1:] if value.startswith("'") else typed(value)
    return value


def typed(text: str) -> Any:
    """Return Excel's value of a text without an apostrophe, parsed like typed input."""
    if text.upper() in {"", "TRUE", "FALSE"}:
        return {"": None, "TRUE": True, "FALSE": False}[text.upper()]
    for read in (float, dt.datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def as_excel_gives_numbers(value: Any) -> Any:
    """Return a value as ``Value2``: dates and currency as numbers."""
    if isinstance(value, dt.date):
        day = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - as cells
        return (day.replace(tzinfo=None) - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)  # noqa: DTZ001 - likewise
    return float(value) if isinstance(value, Decimal) else as_excel_gives(value)


def formula_of(value: Any) -> str:
    """Return what Excel's edit line shows of a cell."""
    if value is None:
        return ""
    text = str(value).upper() if isinstance(value, bool) else str(value)
    return text.removeprefix("FORMULA ")


def letters(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def number_of(text: str) -> int:
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - 64
    return number


class Range(Dispatch):
    """A rectangle of cells."""

    CLSID = RANGE_IID

    def __init__(self, sheet: Sheet, row: int, column: int, rows: int = 1, columns: int = 1) -> None:
        self._oleobj_ = TypeInformation()
        self.Worksheet, self.Row, self.Column = sheet, row, column
        self.shape = rows, columns
        self.Rows = types.SimpleNamespace(Count=rows)
        self.Columns = types.SimpleNamespace(Count=columns)
        self.Count = rows * columns

    def places(self) -> list[list[tuple[int, int]]]:
        rows, columns = self.shape
        return [[(self.Row + i, self.Column + j) for j in range(columns)] for i in range(rows)]

    @property
    def Value(self) -> Any:
        self.Worksheet.cells_read += self.Count
        rows = tuple(
            tuple(as_excel_gives(self.Worksheet.cells.get(at)) for at in line) for line in self.places()
        )
        return rows[0][0] if self.Count == 1 else rows

    @Value.setter
    def Value(self, value: Any) -> None:
        self.Worksheet.write()
        lines = value if isinstance(value, (list, tuple)) else [[value]]
        for line, places in zip(lines, self.places(), strict=True):
            for one, at in zip(line, places, strict=True):
                self.Worksheet.cells[at] = as_excel_takes(one)

    @property
    def Value2(self) -> Any:
        rows = tuple(
            tuple(as_excel_gives_numbers(self.Worksheet.cells.get(at)) for at in line)
            for line in self.places()
        )
        return rows[0][0] if self.Count == 1 else rows

    @property
    def Formula2(self) -> Any:
        rows = tuple(tuple(formula_of(self.Worksheet.cells.get(at)) for at in line) for line in self.places())
        return rows[0][0] if self.Count == 1 else rows

    @Formula2.setter
    def Formula2(self, value: Any) -> None:
        self.Value = value

    def __call__(self, row: int, column: int = 1) -> Range:
        return Range(self.Worksheet, self.Row + row - 1, self.Column + column - 1)

    def GetAddress(self, *_: object) -> str:
        rows, columns = self.shape
        first = f"${letters(self.Column)}${self.Row}"
        return (
            first
            if rows == columns == 1
            else f"{first}:${letters(self.Column + columns - 1)}${self.Row + rows - 1}"
        )

    Address = GetAddress

    @property
    def Application(self) -> Application:
        return self.Worksheet.Parent.Application

    def Dirty(self) -> None:
        self.Application.dirty.append(self.GetAddress())

    def ClearContents(self) -> None:
        self.Worksheet.write()
        for line in self.places():
            for at in line:
                self.Worksheet.cells.pop(at, None)


class Sheet(Dispatch):
    """A worksheet; ``cells`` maps row and column to a value."""

    def __init__(self, book: Book, name: str) -> None:
        self.Parent, self.Name, self.Index = book, name, 0
        self.cells: dict[tuple[int, int], Any] = {}
        self.cells_read = self.writes = 0
        self.activated = self.ProtectContents = False

    def write(self) -> None:
        """Count a write; refuse it if the sheet is protected, or if it is the one that is to fail."""
        if self.ProtectContents:
            raise RuntimeError(self.Name)
        self.writes += 1
        application = self.Parent.Application
        application.writes += 1
        if application.writes == application.failing_write:
            raise ComError

    def Cells(self, row: int, column: int) -> Range:
        return Range(self, row, column)

    def Range(self, first: Any, last: Any = None) -> Range:
        if isinstance(first, Range):
            last = last or first
            rows, columns = last.shape
            return Range(
                self,
                first.Row,
                first.Column,
                last.Row - first.Row + rows,
                last.Column - first.Column + columns,
            )
        match = REFERENCE.fullmatch(str(first).upper())
        assert match, first
        left, top = number_of(match[1]), int(match[2])
        right, bottom = (number_of(match[3]), int(match[4])) if match[3] else (left, top)
        return Range(self, top, left, bottom - top + 1, right - left + 1)

    @property
    def UsedRange(self) -> Any:
        used = [at for at, value in self.cells.items() if value is not None] or [(1, 1)]
        rows, columns = [row for row, _ in used], [column for _, column in used]
        return Range(
            self, min(rows), min(columns), max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
        )

    def Activate(self) -> None:
        self.activated = True

    Select = Activate

    def Delete(self) -> None:
        self.Parent.Worksheets.remove(self)

    def Move(self, before: Sheet) -> None:
        order = self.Parent.Worksheets
        order.remove(self)
        order.insert(order.index(before), self)


class Collection(list[Any]):
    """A collection of Excel, indexed from 1 or by name; ``unlisted`` are found by name alone, as add-ins."""

    def __init__(self, content: Iterable[Any] = (), unlisted: tuple[Any, ...] = ()) -> None:
        super().__init__(content)
        self.unlisted = unlisted

    def __call__(self, key: int | str) -> Any:
        if isinstance(key, int):
            return self[key - 1]
        for one in (*self, *self.unlisted):
            if one.Name.lower() == key.lower():
                return one
        raise ComError(-2147352565)

    Item = __call__

    @property
    def Count(self) -> int:
        return len(self)


class Names(Collection):
    """The names of a workbook."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self.book = book

    def Add(self, name: str, refers_to: str) -> None:
        sheet, _, address = refers_to.removeprefix("=").rpartition("!")
        self.append(Name(name, self.book.Worksheets(sheet.strip("'")).Range(address)))


class Name(Dispatch):
    """A name of a range."""

    def __init__(self, name: str, area: Range) -> None:
        self.Name, self.RefersToRange = name, area

    @property
    def RefersTo(self) -> str:
        return f"={self.RefersToRange.Worksheet.Name}!{self.RefersToRange.GetAddress()}"


class Sheets(Collection):
    """The sheets of a workbook, in their order."""

    def Copy(self, before: Sheet) -> None:
        """Copy all sheets before one of another workbook, and the names of their cells as Excel does."""
        book = before.Parent
        if book.Application.refuses_copies:
            book.Worksheets.insert(0, Sheet(book, self[0].Name))
            raise ComError
        at = book.Worksheets.index(before)
        copies = [Sheet(book, sheet.Name) for sheet in self]
        for old, new in zip(self, copies, strict=True):
            new.cells = dict(old.cells)
        book.Worksheets[at:at] = copies


class Workbooks(Collection):
    """The open workbooks; ``files`` are those that can be opened, by path."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, Book] = {}

    def Open(self, path: str, update_links: int = 0, read_only: bool = False) -> Book:  # noqa: FBT001, FBT002 - as Excel
        book = self.files[path]
        self.append(book)
        return book


class Components(dict[str, str]):
    """The modules of a macro project."""

    def __call__(self, name: str) -> str:
        if name not in self:
            raise ComError
        return name

    def Remove(self, name: str) -> None:
        self.pop(name)

    def Import(self, path: str) -> None:
        source = Path(path).read_text(encoding="utf-8")
        found = re.search(r'VB_Name = "(\w+)"', source)
        assert found
        self[found[1]] = source


class Application(Dispatch):
    """Excel's application; ``history`` records changes of its state."""

    Version, Hwnd, Path, Name = "16.0", 99, "C:\\Office", "Microsoft Excel"
    AUTOMATIC, MANUAL = -4105, -4135
    ScreenUpdating: bool
    EnableEvents = DisplayAlerts = True
    refuses_copies = False
    Calculation: int
    StatusBar: object

    def __init__(self) -> None:
        self.Workbooks = Workbooks()
        self.options: list[tuple[str, dict[str, Any]]] = []
        self.history: list[tuple[str, Any]] = []
        self.full_calculations = self.writes = 0
        self.dirty: list[str] = []
        self.calculated = threading.Event()
        self.failing_write: int | None = None
        self.__dict__.update(ScreenUpdating=True, Calculation=self.AUTOMATIC, StatusBar=False)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in {"ScreenUpdating", "Calculation", "StatusBar"}:
            self.history.append((name, value))
        super().__setattr__(name, value)

    def MacroOptions(self, name: str, **options: Any) -> None:
        self.options.append((name, options))

    def Calculate(self) -> None:
        self.calculated.set()

    def CalculateFull(self) -> None:
        self.full_calculations += 1


class Book(Dispatch):
    """A workbook."""

    ProtectStructure = False

    def __init__(
        self,
        folder: Path,
        sheets: tuple[str, ...] = ("Sheet1",),
        name: str = "betaneutral.xlsm",
        application: Application | None = None,
    ) -> None:
        self.Application = application or Application()
        self.Name = name
        self.Path = str(folder)
        self.FullName = str(folder / self.Name)
        self.Worksheets = Sheets(Sheet(self, name) for name in sheets)
        self.Worksheets.Application, self.Worksheets.Parent = self.Application, self  # type: ignore[attr-defined]
        self.Sheets = self.Worksheets
        self.Names = Names(self)
        self.VBProject = types.SimpleNamespace(VBComponents=Components())
        if application is None:
            self.Application.Workbooks.append(self)

    def Activate(self) -> None:
        self.activated = True

    def name(self, name: str, area: Range) -> None:
        self.Names.append(Name(name, area))

    def Close(self, save: bool = False) -> None:  # noqa: FBT001, FBT002 - as Excel
        self.Application.Workbooks.remove(self)


def opened(content: bytes, folder: Path) -> Book:
    """Return the values and names of a workbook's file as a workbook open in Excel."""
    source = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    book = Book(folder, tuple(source.sheetnames))
    for sheet in source.worksheets:
        cells: dict[Any, Any] = book.Worksheets(sheet.title).cells
        cells.update(
            {(c.row, c.column): c.value for row in sheet.iter_rows() for c in row if c.value is not None}
        )
    for name, defined in source.defined_names.items():
        for sheet_name, area in defined.destinations:
            book.name(name, book.Worksheets(sheet_name).Range(area))
    return book
