"""What all parts of the extension share: its settings, the worker, LibreOffice's main thread."""

from __future__ import annotations

import atexit
import json
import threading
import traceback
from pathlib import Path
from typing import Any, Callable, ClassVar, Iterator, List, Optional

import uno
import unohelper
from com.sun.star.awt import XCallback
from com.sun.star.frame import XTerminateListener

from .channel import Channel
from .saving import Saving

SETTINGS = json.loads(Path(__file__).with_name("extension.json").read_text(encoding="utf-8"))
"""What the extension was made with: the interpreter, the version, the functions."""

CHANNEL = Channel([SETTINGS["python"], "-P", "-u", "-m", SETTINGS["worker"]])
atexit.register(CHANNEL.end)


class _Callback(unohelper.Base, XCallback):
    def __init__(self, run: Callable[[], None], saving: Saving) -> None:
        self._run = run
        self._saving = saving

    def notify(self, _: object) -> None:
        if self._saving.keeps(self._run):
            return
        try:
            self._run()
        except Exception:  # there is nobody else to tell
            CHANNEL.ask({"log": traceback.format_exc()})


class _AtTheEnd(unohelper.Base, XTerminateListener):
    """Ends the worker with the office."""

    def queryTermination(self, event: object) -> None:
        pass

    def notifyTermination(self, event: object) -> None:
        CHANNEL.end()

    def disposing(self, event: object) -> None:
        pass


class Office:
    """The office that the extension runs in.

    Parameters
    ----------
    context
        The component context that LibreOffice gives.

    """

    _one: "ClassVar[Optional[Office]]" = None

    @classmethod
    def of(cls, context: Any) -> "Office":
        """Return the one office of this process."""
        if cls._one is None:
            cls._one = cls(context)
        return cls._one

    def __init__(self, context: Any) -> None:
        self.context = context
        self.desktop = self.create("com.sun.star.frame.Desktop")
        self.desktop.addTerminateListener(_AtTheEnd())
        self._post = self.create("com.sun.star.awt.AsyncCallback")
        self._saving = Saving(self.later)
        events = context.getValueByName("/singletons/com.sun.star.frame.theGlobalEventBroadcaster")
        events.addDocumentEventListener(self._saving)

    def create(self, service: str) -> Any:
        """Return a service of LibreOffice."""
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)

    def later(self, run: Callable[[], None]) -> None:
        """Have something run on the main thread, when that is free and nothing is being saved."""
        self._post.addCallback(_Callback(run, self._saving), None)

    def on_main(self, run: Callable[[], Any]) -> Any:
        """Run something on the main thread, and wait for what it returns or raises."""
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
        """Return the open spreadsheet documents."""
        components = self.desktop.Components.createEnumeration()
        while components.hasMoreElements():
            document = components.nextElement()
            if is_spreadsheet(document):
                yield document

    @property
    def watched(self) -> bool:
        """Whether somebody sees a window, and must not be kept waiting."""
        frames = self.desktop.Frames
        windows = (frames.getByIndex(i).ContainerWindow for i in range(frames.Count))
        return any(window is not None and window.isVisible() for window in windows)

    def message(self, text: str, *, failed: bool) -> None:
        """Show a message in a box, if somebody sees it."""
        frame = self.desktop.getCurrentFrame()
        if frame is None or not frame.ContainerWindow.isVisible():
            return
        kind = uno.Enum("com.sun.star.awt.MessageBoxType", "ERRORBOX" if failed else "INFOBOX")
        box = self.create("com.sun.star.awt.Toolkit").createMessageBox(
            frame.ContainerWindow, kind, 1, SETTINGS["title"], text
        )
        box.execute()
        box.dispose()


def is_spreadsheet(document: Any) -> bool:
    """Whether a component is a document of Calc."""
    return hasattr(document, "supportsService") and document.supportsService(
        "com.sun.star.sheet.SpreadsheetDocument"
    )
