"""The functions: what is asked goes to the worker, and what takes longer says so until it is there.

Every function answers with a volatile result, Calc's name for one that may change later. So a slow
one shows "loading..." and does not freeze Calc. Calc asks again after each change, and knows a
result by its identity: the same question with the same answer is the same object.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

import uno
import unohelper
from com.sun.star.lang import XServiceName
from com.sun.star.sheet import ResultEvent, XVolatileResult
from org.betaneutral.xl import XFunctions

from . import wire
from .fitting import FITTING
from .office import CHANNEL, SETTINGS, Office

if TYPE_CHECKING:
    from .channel import Ask

LOADING = (("loading...",),)

GRACE = 0.25
"""Seconds that Calc waits before a cell says that it is loading."""

START = 2.0
"""Seconds that Calc waits for the worker to start, beforehand."""

LONGEST = 300.0
"""Seconds that a program waits which nobody watches, such as a conversion of files."""

MOST = 256
"""Answers of which the identity is kept."""

Values = Tuple[Tuple[Any, ...], ...]


class Answer(unohelper.Base, XVolatileResult):
    """What a cell shows: rows that are known, or that they are loading until they are."""

    def __init__(self, rows: Optional[Values] = None) -> None:
        """Start with rows, or without."""
        self.rows = rows
        self._listeners: List[Any] = []

    @property
    def size(self) -> Tuple[int, int]:
        """Rows and columns."""
        rows = LOADING if self.rows is None else self.rows
        return len(rows), len(rows[0])

    def become(self, rows: Values) -> None:
        """Show rows from now on."""
        self.rows = rows
        for listener in list(self._listeners):
            listener.modified(self._event())

    def addResultListener(self, listener: Any) -> None:
        """Begin to tell a formula."""
        self._listeners.append(listener)
        listener.modified(self._event())

    def removeResultListener(self, listener: Any) -> None:
        """Stop telling a formula."""
        self._listeners = [one for one in self._listeners if one != listener]

    def _event(self) -> Any:
        event = ResultEvent()
        event.Source = self
        rows = LOADING if self.rows is None else self.rows
        # Alone, because LibreOffice before 25 finds no text within a table equal to any other.
        event.Value = rows[0][0] if self.size == (1, 1) else uno.Any("[][]any", rows)
        return event


class Functions(unohelper.Base, XServiceName, XFunctions):
    """The add-in: a method for each function of the registry, all alike."""

    def __init__(self, context: Any) -> None:
        """Look up the office."""
        self._office: Office = Office.of(context)
        self._known: "OrderedDict[bytes, Answer]" = OrderedDict()

    def getServiceName(self) -> str:
        """Return the name under which Calc knows the add-in."""
        return str(SETTINGS["service"])

    def answer(self, name: str, values: Tuple[Any, ...]) -> Answer:
        """Return what a function answers."""
        packed = [wire.pack(wire.trimmed(value)) for value in values]
        while packed and packed[-1] is None:
            packed.pop()
        key = blake2b(wire.encode({"call": name, "values": packed})).digest()
        answer = self._known_or_asked(key, name, packed)
        FITTING.saw(self._office, key, answer)
        return answer

    def _known_or_asked(self, key: bytes, name: str, packed: List[object]) -> Answer:
        known = self._known.get(key)
        if known is not None and known.rows is None:
            return known
        ask = CHANNEL.ask({"call": name, "values": packed})
        reply = ask.wait(0) or self._reply(ask)
        if reply is not None:
            rows = rows_of(reply)
            return known if known is not None and known.rows == rows else self._keep(key, Answer(rows))
        pending = self._keep(key, Answer())
        if not ask.when_late(lambda ask: self._office.later(lambda: self._arrive(pending, ask))):
            self._arrive(pending, ask)
        return pending

    def _reply(self, ask: Ask) -> Optional[wire.Message]:
        CHANNEL.wait_ready(START)
        reply = ask.wait(GRACE)
        if reply is None and not self._office.watched:
            reply = ask.wait(LONGEST)
        return reply

    def _arrive(self, pending: Answer, ask: Ask) -> None:
        reply = ask.wait(0)
        if reply is not None:
            pending.become(rows_of(reply))
            FITTING.soon(self._office)

    def _keep(self, key: bytes, answer: Answer) -> Answer:
        self._known[key] = answer
        self._known.move_to_end(key)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return answer


def rows_of(reply: wire.Message) -> Values:
    """Return the rows of a reply; an error as the one line of a cell."""
    if "rows" in reply:
        rows: Values = wire.unpack(reply["rows"])
        return rows
    return ((SETTINGS["prefix"] + reply["error"],),)


def _method(name: str) -> Any:
    def method(self: Functions, *values: Any) -> Answer:
        return self.answer(name, values)

    return method


for _name in SETTINGS["functions"]:
    setattr(Functions, _name, _method(_name))
