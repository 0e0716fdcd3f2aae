"""Shared by all parts of the extension: its settings, the worker, LibreOffice's main thread."""

from __future__ import annotations

import atexit
import json
import threading
import traceback
from pathlib import Path
from typing import Any, Callable, ClassVar, Iterator, List, Optional, Tuple

import uno
import unohelper
from com.sun.star.awt import XCallback
from com.sun.star.frame import XTerminateListener

from ...remote.client.channel import Channel
from .saving import Saving

SETTINGS = json.loads((Path(__file__).parents[2] / "extension.json").read_text(encoding="utf-8"))
"""Constants of the extension's build: the interpreter, the version, the functions."""

CHANNEL = Channel([SETTINGS["python"], "-P", "-u", "-m", SETTINGS["worker"]])
atexit.register(CHANNEL.end)


OK, YES_NO, YES = 1, 3, 2
"""LibreOffice's numbers: the buttons of a message box, and what it returns."""

CSV, COMMAS_IN_UTF8 = "Text - txt - csv (StarCalc)", "44,34,76,1"
"""The filter of CSV files, and its options: separator, quote, encoding, first line."""


class _Callback(unohelper.Base, XCallback):
    def __init__(self, run: Callable[[], None], saving: Saving) -> None:
        self._run = run
        self._saving = saving

    def notify(self, _: object) -> None:
        if self._saving.defer(self._run):
            return
        try:
            self._run()
        except Exception:  # there is no caller to report to
            CHANNEL.ask({"log": traceback.format_exc()})


class _EndWorker(unohelper.Base, XTerminateListener):
    """Ends the worker when LibreOffice ends."""

    def queryTermination(self, event: object) -> None:
        pass

    def notifyTermination(self, event: object) -> None:
        CHANNEL.end()

    def disposing(self, event: object) -> None:
        pass


class Office:
    """The LibreOffice process in which the extension runs."""

    _one: "ClassVar[Optional[Office]]" = None

    @classmethod
    def of(cls, context: Any) -> "Office":
        """Return the single instance of this process."""
        if cls._one is None:
            cls._one = cls(context)
        return cls._one

    def __init__(self, context: Any) -> None:
        self.context = context
        self.desktop = self.create("com.sun.star.frame.Desktop")
        self.desktop.addTerminateListener(_EndWorker())
        self._post = self.create("com.sun.star.awt.AsyncCallback")
        self._saving = Saving(self.later)
        events = context.getValueByName("/singletons/com.sun.star.frame.theGlobalEventBroadcaster")
        events.addDocumentEventListener(self._saving)

    def create(self, service: str) -> Any:
        """Return a service of LibreOffice."""
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)

    def later(self, run: Callable[[], None]) -> None:
        """Schedule a call on the main thread, for when it is free and nothing is being saved."""
        self._post.addCallback(_Callback(run, self._saving), None)

    def on_main(self, run: Callable[[], Any]) -> Any:
        """Call a function on the main thread, and return or raise its outcome."""
        done = threading.Event()
        outcome: List[Any] = [None, None]

        def there() -> None:
            try:
                outcome[0] = run()
            except Exception as error:
                outcome[1] = error
            finally:
                done.set()

        self.later(there)
        done.wait()
        if outcome[1] is not None:
            raise outcome[1]
        return outcome[0]

    def spreadsheets(self) -> Iterator[Any]:
        """Yield the open spreadsheet documents."""
        components = self.desktop.Components.createEnumeration()
        while components.hasMoreElements():
            document = components.nextElement()
            if is_spreadsheet(document):
                yield document

    @property
    def has_visible_window(self) -> bool:
        """Whether a window is visible, so that the user must not be kept waiting."""
        frames = self.desktop.Frames
        windows = (frames.getByIndex(i).ContainerWindow for i in range(frames.Count))
        return any(window is not None and window.isVisible() for window in windows)

    def message(self, text: str, *, failed: bool) -> None:
        """Show a message box, if a window is visible."""
        self._box(text, "ERRORBOX" if failed else "INFOBOX", OK)

    def confirmed(self, text: str, *, failed: bool) -> bool:
        """Ask a question, and return whether the user agrees; False where no window is visible."""
        return self._box(text, "ERRORBOX" if failed else "QUERYBOX", YES_NO) == YES

    def _box(self, text: str, kind: str, buttons: int) -> int:
        frame = self.desktop.getCurrentFrame()
        if frame is None or not frame.ContainerWindow.isVisible():
            return 0
        box = self.create("com.sun.star.awt.Toolkit").createMessageBox(
            frame.ContainerWindow,
            uno.Enum("com.sun.star.awt.MessageBoxType", kind),
            buttons,
            SETTINGS["title"],
            text,
        )
        pressed: int = box.execute()
        box.dispose()
        return pressed

    def open(self, path: str) -> None:
        """Open a file in a window of its own; a CSV file without the dialog for its separators."""
        options = ("FilterName", CSV), ("FilterOptions", COMMAS_IN_UTF8)
        given = tuple(map(_property, options)) if path.lower().endswith(".csv") else ()
        self.desktop.loadComponentFromURL(uno.systemPathToFileUrl(path), "_blank", 0, given)


def _property(given: "Tuple[str, str]") -> Any:
    value = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    value.Name, value.Value = given
    return value


def is_spreadsheet(document: Any) -> bool:
    """Return whether a component is a document of Calc."""
    return hasattr(document, "supportsService") and document.supportsService(
        "com.sun.star.sheet.SpreadsheetDocument"
    )
