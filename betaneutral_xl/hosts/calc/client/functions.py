"""The functions: what is asked goes to the worker, and what takes longer says so until it is there.

A slow answer does not freeze Calc: the cell shows "loading...", and the formula is entered anew when
the answer is there. Calc's own way for this, XVolatileResult, is not used: it tells the document that
it changes, and FunctionAccess computes in one without a shell, where LibreOffice then crashes.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Any, Optional, Set, Tuple

import unohelper
from com.sun.star.lang import XServiceName
from org.betaneutral.xl import XFunctions

from . import wire
from .channel import Ask
from .formulas import LOADING, enter_anew
from .office import CHANNEL, SETTINGS, Office
from .spill import ANSWERED, SpillEmulation

GRACE = 0.25
"""Seconds that Calc waits before a cell says that it is loading."""

START = 2.0
"""Seconds that Calc waits for the worker to start, beforehand."""

LONGEST = 300.0
"""Seconds that a program waits which nobody watches, such as a conversion of files."""

MOST = 256
"""Late answers that are kept: they stay in sight while the same is asked again."""

Values = Tuple[Tuple[Any, ...], ...]

LOADS: Values = ((LOADING,),)


class Functions(unohelper.Base, XServiceName, XFunctions):
    """The add-in: a method for each function of the registry, all alike."""

    def __init__(self, context: Any) -> None:
        self._office: Office = Office.of(context)
        self._spill = SpillEmulation(self._office)
        self._late: "OrderedDict[bytes, Values]" = OrderedDict()
        self._pending: Set[bytes] = set()

    def getServiceName(self) -> str:
        """Return the name under which Calc knows the add-in."""
        return str(SETTINGS["service"])

    def answer(self, name: str, values: Tuple[Any, ...]) -> Values:
        """Return what a function answers; while an argument is loading, that."""
        if any(map(is_loading, values)):
            return LOADS
        packed = [wire.pack(wire.trimmed(value)) for value in values]
        while packed and packed[-1] is None:
            packed.pop()
        ask = Ask({"call": name, "values": packed})
        key = blake2b(ask.line).digest()
        if key not in self._pending:
            CHANNEL.send(ask)
            reply = ask.wait(0) or self._reply(ask)
            if reply is not None:
                self._late.pop(key, None)
                return self._measured(rows_of(reply))
            self._pending.add(key)

            def arrive(ask: Ask) -> None:
                self._office.later(lambda: self._arrive(name, key, ask))

            if not ask.when_late(arrive):
                arrive(ask)
        return self._measured(self._late[key]) if key in self._late else LOADS

    def _measured(self, rows: Values) -> Values:
        ANSWERED.size = len(rows), len(rows[0])
        self._spill.soon()
        return rows

    def _reply(self, ask: Ask) -> Optional[wire.Message]:
        CHANNEL.wait_ready(START)
        reply = ask.wait(GRACE)
        if reply is None and not self._office.watched:
            reply = ask.wait(LONGEST)
        return reply

    def _arrive(self, name: str, key: bytes, ask: Ask) -> None:
        self._pending.discard(key)
        reply = ask.wait(0)
        rows = None if reply is None else rows_of(reply)
        if rows is None or rows == self._late.get(key):  # so that a slow answer does not ask for itself again
            return
        self._late[key] = rows
        while len(self._late) > MOST:
            self._late.popitem(last=False)
        for document in self._office.spreadsheets():
            enter_anew(document, name)
        self._spill.soon()


def is_loading(value: Any) -> bool:
    """Whether an argument has a table in its first row whose answer is on its way."""
    heads = value[0] if isinstance(value, tuple) and value else (value,)
    return any(head == LOADING for head in heads)


def rows_of(reply: wire.Message) -> Values:
    """Return the rows of a reply; an error as the one line of a cell."""
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
