"""The toolbar and the menu: a button runs on its own thread, so that Calc stays responsive."""

from __future__ import annotations

import threading
import traceback
from functools import partial
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import unohelper
from com.sun.star.frame import FeatureStateEvent, XDispatch, XDispatchProvider
from com.sun.star.lang import XInitialization, XServiceInfo

from ...remote.client import wire
from .document import Document, WriteRefused
from .office import CHANNEL, SETTINGS, Office, is_spreadsheet

HANDLER = "com.sun.star.frame.ProtocolHandler"


class Ended(NamedTuple):
    """What a button has told at its end: its message, whether it failed, and the files it has written."""

    text: str
    failed: bool = True
    files: Sequence[str] = ()


class Commands(unohelper.Base, XServiceInfo, XDispatchProvider, XDispatch, XInitialization):
    """LibreOffice's protocol handler for the commands of one window."""

    def __init__(self, context: Any, *_: object) -> None:
        self._office: Office = Office.of(context)
        self._frame: Any = None
        self._listeners: List[Tuple[Any, Any]] = []
        self._indicator: Any = None
        self._busy = False

    def initialize(self, arguments: Sequence[Any]) -> None:
        """Set the window's frame."""
        if arguments:
            self._frame = arguments[0]

    def queryDispatch(self, url: Any, _target: str, _flags: int) -> Optional["Commands"]:
        """Return the dispatcher of a command; None for other protocols."""
        mine = url.Protocol == SETTINGS["protocol"] and url.Path in SETTINGS["commands"]
        return self if mine else None

    def queryDispatches(self, requests: Sequence[Any]) -> Tuple[Optional["Commands"], ...]:
        """Return the dispatcher of each of some commands."""
        return tuple(self.queryDispatch(one.FeatureURL, one.FrameName, one.SearchFlags) for one in requests)

    def dispatch(self, url: Any, _arguments: Sequence[Any]) -> None:
        """Execute a command."""
        model = self._frame.Controller.Model
        if url.Path == "help":
            self._office.message(SETTINGS["help"], failed=False)
        elif not is_spreadsheet(model) or self._busy:
            return
        elif url.Path == "settings":
            self._show(model, SETTINGS["settings_sheet"])
        else:
            self._set_busy(busy=True)
            threading.Thread(
                target=self._press, args=(url.Path, model), name="betaneutral " + url.Path, daemon=True
            ).start()

    def addStatusListener(self, listener: Any, url: Any) -> None:
        """Add a listener for whether a button is enabled."""
        self._listeners.append((listener, url))
        listener.statusChanged(self._state(url))

    def removeStatusListener(self, listener: Any, url: Any) -> None:
        """Remove a listener."""
        self._listeners = [
            one for one in self._listeners if one[0] != listener or one[1].Complete != url.Complete
        ]

    def getImplementationName(self) -> str:
        """Return the component's implementation name."""
        return str(SETTINGS["handler"])

    def supportsService(self, name: str) -> bool:
        """Return whether the component supports a service."""
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self) -> Tuple[str, ...]:
        """Return the services of the component."""
        return (HANDLER,)

    # ------------------------------------------------------------ on the button's own thread

    def _press(self, name: str, model: Any) -> None:
        label = SETTINGS["commands"][name]
        ended = Ended("")
        try:
            ended = self._conversation(name, label, Document(model))
        except WriteRefused as reason:
            ended = Ended(str(reason))
        except Exception as error:
            ended = Ended(_defect(label, error))
        finally:
            self._office.later(lambda: self._end(ended))

    def _conversation(self, name: str, label: str, document: Document) -> Ended:
        """Reply to the worker's questions until it is done; return what it tells then."""
        path = self._office.on_main(lambda: document.path)
        request = CHANNEL.ask({"press": name, "path": path, "protocol": wire.PROTOCOL})
        while True:
            message = request.wait() or {}
            if "say" in message:
                self._office.later(partial(self._status, message["say"]))
            elif "ask" in message:
                CHANNEL.answer(request, {"answer": self._answered(message["ask"], label, document)})
            elif "error" in message:
                return Ended(message["error"])
            else:
                return Ended(message["done"], message["failed"], message["files"])

    def _answered(self, question: wire.Message, label: str, document: Document) -> wire.Message:
        """Read or write what the worker asks for; where that fails, the answer is the reason."""
        try:
            if "read" in question:
                values = self._office.on_main(partial(document.read, **question["read"]))
                return {what: [wire.pack(one) for one in blocks] for what, blocks in values.items()}
            title = SETTINGS["title"] + ": " + label
            self._office.on_main(partial(document.apply, title, question["apply"]))
        except WriteRefused as reason:
            return {"error": str(reason)}
        except Exception as error:
            return {"error": _defect(label, error)}
        return {}

    # ------------------------------------------------------------ on the main thread

    def _end(self, ended: Ended) -> None:
        self._status("")
        self._set_busy(busy=False)
        if not ended.files:
            self._office.message(ended.text, failed=ended.failed)
        elif self._office.confirmed(ended.text + "\n\nOpen it now?", failed=ended.failed):
            for path in ended.files:
                self._office.open(path)

    def _status(self, text: str) -> None:
        if text and self._indicator is None:
            self._indicator = self._frame.createStatusIndicator()
            self._indicator.start(text, 0)
        elif text:
            self._indicator.setText(text)
        elif self._indicator is not None:
            self._indicator.end()
            self._indicator = None

    def _show(self, model: Any, sheet: str) -> None:
        if model.Sheets.hasByName(sheet):
            model.CurrentController.setActiveSheet(model.Sheets.getByName(sheet))
        else:
            self._office.message(SETTINGS["no_template"], failed=True)

    def _set_busy(self, *, busy: bool) -> None:
        self._busy = busy
        for listener, url in list(self._listeners):
            listener.statusChanged(self._state(url))

    def _state(self, url: Any) -> Any:
        event = FeatureStateEvent()
        event.FeatureURL, event.IsEnabled, event.Source = url, not self._busy, self
        return event


def _defect(label: str, error: Exception) -> str:
    """Log the traceback of the exception being handled, and return what the user is told of it."""
    CHANNEL.ask({"log": traceback.format_exc()})
    return "{0}: a defect of this program ({1}). The traceback is in its log.".format(label, error)
