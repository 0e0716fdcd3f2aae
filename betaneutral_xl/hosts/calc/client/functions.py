"""The worksheet functions: calls go to the worker, and cells show "loading..." while one is slow.

A slow reply does not block Calc: the formula is re-entered when it arrives. LibreOffice's
XVolatileResult is not used: it notifies the document, and FunctionAccess computes in a document
without a shell, where LibreOffice then crashes.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Any, Optional, Set, Tuple

import unohelper
from com.sun.star.lang import XServiceName
from org.betaneutral.xl import XFunctions

from . import wire
from .channel import Request
from .formulas import LOADING, reenter
from .office import CHANNEL, SETTINGS, Office
from .spill import ANSWERED, SpillEmulation

GRACE = 0.25
"""Seconds that Calc waits before a cell shows "loading..."."""

START = 2.0
"""Seconds that Calc waits before that for the worker to start."""

HEADLESS_TIMEOUT = 300.0
"""Seconds that LibreOffice waits without a visible window, such as in a file conversion."""

MAX_LATE = 256
"""Number of late results that are kept, and shown while the same call is repeated."""

Values = Tuple[Tuple[Any, ...], ...]

LOADS: Values = ((LOADING,),)


class Functions(unohelper.Base, XServiceName, XFunctions):
    """The add-in, with one method for each function of the registry."""

    def __init__(self, context: Any) -> None:
        self._office: Office = Office.of(context)
        self._spill = SpillEmulation(self._office)
        self._late: "OrderedDict[bytes, Values]" = OrderedDict()
        self._pending: Set[bytes] = set()

    def getServiceName(self) -> str:
        """Return the add-in's service name."""
        return str(SETTINGS["service"])

    def answer(self, name: str, values: Tuple[Any, ...]) -> Values:
        """Return a function's result; "loading..." while it or an argument is pending."""
        if any(map(is_loading, values)):
            return LOADS
        packed = [wire.pack(wire.trimmed(value)) for value in values]
        while packed and packed[-1] is None:
            packed.pop()
        request = Request({"call": name, "values": packed})
        key = blake2b(request.line).digest()
        if key not in self._pending:
            CHANNEL.send(request)
            reply = request.wait(0) or self._reply(request)
            if reply is not None:
                self._late.pop(key, None)
                return self._measured(rows_of(reply))
            self._pending.add(key)

            def arrive(request: Request) -> None:
                self._office.later(lambda: self._arrive(name, key, request))

            if not request.when_late(arrive):
                arrive(request)
        return self._measured(self._late[key]) if key in self._late else LOADS

    def _measured(self, rows: Values) -> Values:
        ANSWERED.size = len(rows), len(rows[0])
        self._spill.schedule()
        return rows

    def _reply(self, request: Request) -> Optional[wire.Message]:
        CHANNEL.wait_ready(START)
        reply = request.wait(GRACE)
        if reply is None and not self._office.has_visible_window:
            reply = request.wait(HEADLESS_TIMEOUT)
        return reply

    def _arrive(self, name: str, key: bytes, request: Request) -> None:
        self._pending.discard(key)
        reply = request.wait(0)
        rows = None if reply is None else rows_of(reply)
        if rows is None or rows == self._late.get(key):  # an unchanged result must not trigger itself again
            return
        self._late[key] = rows
        while len(self._late) > MAX_LATE:
            self._late.popitem(last=False)
        for document in self._office.spreadsheets():
            reenter(document, name)
        self._spill.schedule()


def is_loading(value: Any) -> bool:
    """Return whether the first row of an argument shows a pending result."""
    heads = value[0] if isinstance(value, tuple) and value else (value,)
    return any(head == LOADING for head in heads)


def rows_of(reply: wire.Message) -> Values:
    """Return the rows of a reply; an error as one line in a cell."""
    if "rows" in reply:
        rows: Values = wire.unpack(reply["rows"])
        return rows
    return ((SETTINGS["prefix"] + reply["error"],),)


def _method(name: str) -> Any:
    def method(self: Functions, *values: Any) -> Values:
        return self.answer(name, values)

    return method


for _name in SETTINGS["functions"]:
    setattr(Functions, _name, _method(_name))
