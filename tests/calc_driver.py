"""Controls a LibreOffice for the tests: a script for the Python that has ``uno``, JSON lines in and out.

Arguments: the command and arguments that start LibreOffice, without ``--accept``. Each input line names a
method of ``Driver`` and its arguments, ``{"do": NAME, "arguments": {...}}``; each output line is
``{"value": ...}`` or ``{"error": text}``. The script ends, and LibreOffice with it, when its input does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import uno
import unohelper
from com.sun.star.awt import XCallback
from com.sun.star.beans import NamedValue, PropertyValue
from com.sun.star.frame import XStatusListener
from com.sun.star.lang import DisposedException, IndexOutOfBoundsException
from com.sun.star.uno import RuntimeException

REFUSAL = "LibreOffice refuses"

RESTART = (79, 81)
"""Exit codes with which LibreOffice requests a restart."""

TIMEOUT = 60.0
"""Seconds for a start, an end, or a pending event."""

ANYTHING = 1 + 2 + 4 + 16
"""LibreOffice's cell flags of values, dates, texts and formulas."""

DEEPEST, WIDEST = 14, 300
"""How far a window's parts are searched."""


class Reached(unohelper.Base, XCallback):  # type: ignore[misc] # made when it is imported
    """A callback on LibreOffice's main thread, after everything scheduled there before."""

    def __init__(self) -> None:
        """Wait."""
        self.event = threading.Event()

    def notify(self, _: object) -> None:
        """Be called."""
        self.event.set()


class State(unohelper.Base, XStatusListener):  # type: ignore[misc] # likewise
    """A listener for whether a command is enabled."""

    enabled = False

    def statusChanged(self, event: Any) -> None:  # noqa: N802 - LibreOffice's name
        """Store the state."""
        self.enabled = event.IsEnabled


class Driver:
    """The operations on LibreOffice and its documents, which are identified by numbers."""

    def __init__(self, command: list[str]) -> None:
        """Start LibreOffice."""
        self.process, self.context = started(command)
        self.desktop = self.create("com.sun.star.frame.Desktop")
        self.documents: list[Any] = []

    def create(self, service: str) -> Any:
        """Return a service."""
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)

    def end(self) -> None:
        """End LibreOffice by request, or by force if that fails."""
        with contextlib.suppress(Exception):  # the connection ends with LibreOffice
            self.desktop.terminate()
        try:
            self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    # ------------------------------------------------------------ documents

    def pid(self) -> int:
        """Return LibreOffice's process."""
        return self.process.pid

    def open(self, url: str, *, visible: bool) -> int:
        """Open a document, or a new one."""
        given = properties(Hidden=not visible, MacroExecutionMode=0)
        document = self.desktop.loadComponentFromURL(url, "_blank", 0, given)
        if document is None:
            msg = f"LibreOffice does not open {url}"
            raise RuntimeError(msg)
        self.documents.append(document)
        return len(self.documents) - 1

    def close(self, document: int) -> None:
        """Close a document without saving it."""
        self.documents[document].close(True)  # noqa: FBT003 - LibreOffice takes no names

    def save(self, document: int) -> None:
        """Save a document in place."""
        self.documents[document].store()

    def save_as(self, document: int, url: str, kind: str) -> None:
        """Save a document as another file, which becomes its file."""
        self.documents[document].storeAsURL(url, properties(FilterName=kind))

    def save_copy(self, document: int, url: str, kind: str, password: str | None = None) -> None:
        """Save a copy of a document, whose file stays the same."""
        protection: dict[str, Any] = {}
        if password is not None and kind.startswith("Calc MS Excel"):  # as its dialog gives it
            parts = {"CryptoType": "Standard", "OOXPassword": password}
            named = tuple(NamedValue(Name=name, Value=value) for name, value in parts.items())
            protection["EncryptionData"] = uno.Any("[]com.sun.star.beans.NamedValue", named)
        elif password is not None:
            protection["Password"] = password
        self.documents[document].storeToURL(url, properties(FilterName=kind, **protection))

    def state(self, document: int) -> dict[str, Any]:
        """Return the state of a document."""
        one = self.documents[document]
        return {
            "modified": one.isModified(),
            "undo": list(one.UndoManager.getAllUndoActionTitles()),
            "redo": list(one.UndoManager.getAllRedoActionTitles()),
            "sheets": list(one.Sheets.ElementNames),
            "active": one.CurrentController.ActiveSheet.Name,
            "automatic": one.isAutomaticCalculationEnabled(),
            "locked": one.hasControllersLocked(),
        }

    def undo(self, document: int) -> None:
        """Undo the last step."""
        self.documents[document].UndoManager.undo()

    def redo(self, document: int) -> None:
        """Redo the last undone step."""
        self.documents[document].UndoManager.redo()

    def recalculate(self, document: int) -> None:
        """Calculate every formula."""
        self.documents[document].calculateAll()

    def dispatch(self, document: int, command: str) -> None:
        """Dispatch a command as a toolbar does."""
        frame = self.documents[document].CurrentController.Frame
        self.create("com.sun.star.frame.DispatchHelper").executeDispatch(frame, command, "", 0, ())

    def enabled(self, document: int, command: str) -> bool:
        """Return whether a toolbar shows a command as enabled."""
        transformer = self.create("com.sun.star.util.URLTransformer")
        url = uno.createUnoStruct("com.sun.star.util.URL")
        url.Complete = command
        _, url = transformer.parseStrict(url)
        dispatch = self.documents[document].CurrentController.Frame.queryDispatch(url, "_self", 0)
        state = State()
        dispatch.addStatusListener(state, url)
        dispatch.removeStatusListener(state, url)
        return state.enabled

    def select(self, document: int, at: str) -> None:
        """Show a range's sheet and select the range."""
        area = self._area(document, at)
        controller = self.documents[document].CurrentController
        controller.setActiveSheet(area.Spreadsheet)
        controller.select(area)

    # ------------------------------------------------------------ cells

    def add_sheet(self, document: int, name: str) -> None:
        """Append a sheet."""
        sheets = self.documents[document].Sheets
        sheets.insertNewByName(name, sheets.Count)

    def protect(self, document: int, sheet: str, *, on: bool) -> None:
        """Protect a sheet without a password, or unprotect it."""
        one = self.documents[document].Sheets.getByName(sheet)
        one.protect("") if on else one.unprotect("")

    def apply_failing(self, document: int, package: str, changes: list[list[Any]], at: int) -> list[Any]:
        """Make changes with the extension's own code, of which the n-th cell fails.

        Return the reason that the extension gives, if any, and the number of cells.
        """
        if package not in sys.path:
            sys.path.insert(0, package)
        from betaneutral_calc.calc.client import document as client

        plain, cells, reason = client.set_cell, [], None

        def failing(cell: Any, value: Any) -> None:
            cells.append(value)
            if len(cells) == at:
                raise RuntimeException(REFUSAL, None)
            plain(cell, value)

        client.set_cell = failing
        try:
            client.Document(self.documents[document]).apply("Beta Neutral: Test", changes)
        except client.WriteRefused as error:
            reason = str(error)
        finally:
            client.set_cell = plain
        return [reason, len(cells)]

    def enter(self, document: int, at: str, content: str | float) -> None:
        """Enter a formula, a number or a text in a cell."""
        cell = self._area(document, at).getCellByPosition(0, 0)
        if isinstance(content, str) and content.startswith("="):
            cell.Formula = content
        elif isinstance(content, str):
            cell.String = content
        else:
            cell.Value = content

    def enter_array(self, document: int, at: str, formula: str) -> None:
        """Enter an array formula in a range."""
        self._area(document, at).setArrayFormula(formula)

    def put(self, document: int, at: str, rows: list[list[Any]]) -> None:
        """Write values from a cell on."""
        corner = self._area(document, at).RangeAddress
        sheet = self._area(document, at).Spreadsheet
        right, bottom = corner.StartColumn + len(rows[0]) - 1, corner.StartRow + len(rows) - 1
        area = sheet.getCellRangeByPosition(corner.StartColumn, corner.StartRow, right, bottom)
        area.setDataArray(tuple(map(tuple, rows)))

    def format(self, document: int, at: str, code: str) -> None:
        """Give a range a number format."""
        formats = self.documents[document].NumberFormats
        locale = uno.createUnoStruct("com.sun.star.lang.Locale", "en", "US", "")
        key = formats.queryKey(code, locale, False)  # noqa: FBT003 - LibreOffice takes no names
        self._area(document, at).NumberFormat = key if key >= 0 else formats.addNew(code, locale)

    def empty(self, document: int, at: str) -> None:
        """Clear a range, and the whole of an array formula in it."""
        area = self._area(document, at)
        cursor = area.Spreadsheet.createCursorByRange(area)
        if area.ArrayFormula:
            cursor.collapseToCurrentArray()
        cursor.clearContents(ANYTHING)

    def rows(self, document: int, at: str) -> list[list[Any]]:
        """Return the values of a range, None for an error."""
        return [list(row) for row in self._area(document, at).getDataArray()]

    def table(self, document: int, at: str) -> list[list[Any]]:
        """Return the values of the array formula that a cell belongs to."""
        cell = self._area(document, at)
        cursor = cell.Spreadsheet.createCursorByRange(cell)
        if cell.ArrayFormula:
            cursor.collapseToCurrentArray()
        return [list(row) for row in cursor.getDataArray()]

    def used(self, document: int, sheet: str) -> list[list[Any]]:
        """Return the values of a sheet, from its first cell on."""
        cursor = self.documents[document].Sheets.getByName(sheet).createCursor()
        cursor.gotoEndOfUsedArea(False)  # noqa: FBT003 - LibreOffice takes no names
        last = cursor.RangeAddress
        area = cursor.Spreadsheet.getCellRangeByPosition(0, 0, last.EndColumn, last.EndRow)
        return [list(row) for row in area.getDataArray()]

    def cell(self, document: int, at: str) -> dict[str, Any]:
        """Return the text, the value and the formula of a cell."""
        cell = self._area(document, at).getCellByPosition(0, 0)
        return {
            "text": cell.String,
            "value": cell.Value,
            "formula": cell.Formula,
            "error": cell.getError(),
            "array": bool(cell.ArrayFormula),
        }

    def call(self, name: str, values: list[Any]) -> Any:
        """Call a worksheet function through FunctionAccess; a range is a document and an address."""
        given = tuple(self._area(**one) if isinstance(one, dict) else one for one in values)
        answer = self.create("com.sun.star.sheet.FunctionAccess").callFunction(name, given)
        return [list(row) for row in answer] if isinstance(answer, tuple) else answer

    def timed(self, document: int, at: str, formula: str) -> float:
        """Return the milliseconds from entering a formula until its result can be read."""
        cell = self._area(document, at)
        start = time.perf_counter()
        cell.Formula = formula
        text = cell.String
        took = 1000.0 * (time.perf_counter() - start)
        if cell.getError() or text.startswith("#"):
            raise RuntimeError(text or str(cell.getError()))
        return took

    def settle(self) -> None:
        """Wait until the main thread has done what was scheduled before this call."""
        reached = Reached()
        self.create("com.sun.star.awt.AsyncCallback").addCallback(reached, None)
        if not reached.event.wait(TIMEOUT):
            msg = "LibreOffice's main thread is busy"
            raise RuntimeError(msg)

    # ------------------------------------------------------------ windows

    def place(self, document: int, name: str, role: str) -> list[int] | None:
        """Return the screen position of a part of a document's window: x, y, width, height."""
        window = self.documents[document].CurrentController.Frame.ContainerWindow
        named = (one for one, text in named_parts(window) if text == name and visible(one))
        found = next((one for one in named if one.getAccessibleRole() == role_of(role)), None)
        if found is None:
            return None
        with contextlib.suppress(DisposedException):  # it closes
            corner, size = found.getLocationOnScreen(), found.getSize()
            return [corner.X, corner.Y, size.Width, size.Height]
        return None

    def names(self, document: int) -> list[str]:
        """Return the names of the accessible parts of a document's window, including its menu bar."""
        window = self.documents[document].CurrentController.Frame.ContainerWindow
        return [name for _, name in named_parts(window) if name]

    def boxes(self) -> list[list[str]]:
        """Return the texts of the open message boxes, each a list that is empty in LibreOffice 26.8."""
        toolkit = self.create("com.sun.star.awt.Toolkit")
        windows = []
        for i in range(toolkit.getTopWindowCount()):
            with contextlib.suppress(IndexOutOfBoundsException):  # one before it has closed
                windows.append(toolkit.getTopWindow(i))
        return [[name for _, name in named_parts(window) if name] for window in windows if is_box(window)]

    def _area(self, document: int, at: str) -> Any:
        """Return the range of an address such as ``A1:B3`` (on the first sheet) or ``Neutral.A6``."""
        sheet, _, place = at.rpartition(".")
        sheets = self.documents[document].Sheets
        return (sheets.getByName(sheet) if sheet else sheets.getByIndex(0)).getCellRangeByName(place)


def role_of(name: str) -> int:
    """Return LibreOffice's number of an accessible role."""
    return int(uno.getConstantByName(f"com.sun.star.accessibility.AccessibleRole.{name}"))


def is_box(window: Any) -> bool:
    """Return whether a top window is an open message box: it may close while it is looked at."""
    with contextlib.suppress(DisposedException):
        if not is_accessible(window):
            return hasattr(window, "endDialog") and bool(window.isVisible())
        context = window.getAccessibleContext() if window is not None else None
        return context is not None and context.getAccessibleRole() in {role_of("ALERT"), role_of("DIALOG")}
    return False


def is_accessible(window: Any) -> bool:
    """Return whether the accessible parts of a window can be asked for: in LibreOffice 26.8 they cannot."""
    return window is None or hasattr(window, "getAccessibleContext")


def named_parts(window: Any) -> Iterator[tuple[Any, str]]:
    """Return the accessible parts of a window, except the cells of its sheet, with their names.

    A part that closes while it is looked at is left out.
    """
    pending = [(window, 0)] if is_accessible(window) else []
    while pending:
        part, depth = pending.pop(0)
        with contextlib.suppress(DisposedException):
            context = part.getAccessibleContext()
            if context is None:  # likewise
                continue
            if depth < DEEPEST and context.getAccessibleRole() != role_of("TABLE"):
                count = min(context.getAccessibleChildCount(), WIDEST)
                pending += [
                    (child, depth + 1) for i in range(count) if (child := child_of(context, i)) is not None
                ]
            yield context, context.getAccessibleName()


def child_of(context: Any, i: int) -> Any:
    """Return the i-th accessible child of a part, or None where it has closed."""
    with contextlib.suppress(Exception):  # which exception depends on the part
        return context.getAccessibleChild(i)
    return None


def visible(context: Any) -> bool:
    """Return whether an accessible part has a size: toolbars have some without."""
    return hasattr(context, "getSize") and context.getSize().Width > 0


def properties(**given: Any) -> tuple[Any, ...]:
    """Return named arguments as LibreOffice's property values."""
    return tuple(PropertyValue(Name=name, Value=value) for name, value in given.items())


def started(command: list[str]) -> tuple[subprocess.Popen[bytes], Any]:
    """Start LibreOffice, and return its process and its component context."""
    pipe = "betaneutral" + uuid.uuid4().hex
    command = [*command, f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)  # noqa: S603 - LibreOffice
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            return process, resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except Exception:
            if process.poll() in RESTART:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)  # noqa: S603 - again
            elif process.poll() is not None or time.monotonic() > end:
                process.kill()
                raise
            time.sleep(0.02)


def main() -> None:
    """Process requests until the input ends."""
    driver = Driver(sys.argv[1:])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends this one, also after Ctrl+C
    try:
        for line in sys.stdin:
            request = json.loads(line)
            try:
                reply = {"value": getattr(driver, request["do"])(**request["arguments"])}
            except Exception as error:  # noqa: BLE001 - it is raised in the parent process
                reply = {"error": f"{type(error).__name__}: {getattr(error, 'Message', '') or error}"}
            out.write(json.dumps(reply) + "\n")
            out.flush()
    finally:
        driver.end()


if __name__ == "__main__":
    main()
