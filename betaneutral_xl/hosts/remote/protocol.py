"""The protocol of hosts in another process: a message in, messages out, whatever carries them.

========================================================= ==============================================
``{"id", "call": NAME, "values": [...]}``                 ``{"id", "rows": block}``
``{"id", "batch": [[NAME, [...]], ...]}``                 for each ``{"id", "place": i, "rows": block}``,
                                                          in the order in which they are ready, then
                                                          ``{"id", "done": how many}``
``{"id", "press": NAME, "path": FILE, "protocol": 3}``    ``{"id", "ask": {"read": {"names", "areas"}}}``
``{"id", "answer": {"names": [...], "areas": [...]}}``    any number of ``{"id", "say": text}``, then
                                                          ``{"id", "ask": {"apply": changes}}``
``{"id", "answer": {}}``                                  ``{"id", "done": text, "failed": bool, "files"}``,
                                                          of a view with ``"data"``
``{"log": text}``                                         nothing: a defect in the client, for the log
========================================================= ==============================================

``{"id", "error": text}`` is the reply to what cannot be answered, in a batch with ``"place"``. A client
that cannot read, or that has changed nothing because it could not make all changes, answers
``{"error": text}``.

A block is a list of rows, or what ``wire.pack`` makes of it. ``names`` to be read are those of ranges,
``areas`` lists of a sheet, its first row, and null or a name and a text with which the area is not needed;
the answer has their blocks in the same order, null for what the workbook lacks. Changes are lists of
``"replace"`` (a block from a row on; what is below is cleared), ``"append"`` (a block below the last used
row), ``"show"`` (show a sheet) or ``"recalculate"``, with sheet, row and block. ``files`` are the paths of
those that the button has written, which the client offers to open. ``path`` is the workbook's file, or its
name alone, or null; files of the button are written to that folder, else to the user's documents.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from platformdirs import user_documents_path

from betaneutral_xl import __version__
from betaneutral_xl.errors import BetaNeutralError, HostError
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.remote.client.wire import Message
from betaneutral_xl.hosts.remote.conversion_cache import ConversionCache
from betaneutral_xl.hosts.sheets.buttons import BUTTONS, VIEWS, Outcome, Step, steps
from betaneutral_xl.hosts.sheets.cells import Raw
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.open_workbook import (
    Append,
    Change,
    Plan,
    Recalculate,
    Replace,
    Sheets,
    Show,
    files_of,
    missing,
)
from betaneutral_xl.hosts.sheets.session import Rows, Session
from betaneutral_xl.system.optional import has_threads

if TYPE_CHECKING:
    Emit = Callable[[Message], None]

MAX_PRESSES = 64
"""Number of buttons that may wait for an answer; the oldest is given up for another."""

MAX_AT_ONCE = 8
"""Number of calls of a batch that are evaluated at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one host's program has of its own.

    Attributes
    ----------
    name
        Of the program, for the log.
    argument
        Returns an argument of a function as other hosts pass it.
    rows
        Returns cells as the program takes them.
    template, renewal
        What the user is to do where the workbook lacks a sheet or a range; and where the program's part is
        of another version.

    """

    name: str
    argument: Callable[[object], object]
    rows: Callable[[Rows], Sequence[Sequence[object]]]
    template: str
    renewal: str


class Conversation:
    """The conversation with one client. Messages may be received on several threads at once."""

    def __init__(self, session: Session, dialect: Dialect) -> None:
        self._session = session
        self._dialect = dialect
        self._converted: ConversionCache[object] = ConversionCache()
        self._pressed: dict[int, _Press] = {}
        self._lock = Lock()

    def replies(self, message: Message) -> list[Message]:
        """Return all replies to a message."""
        found: list[Message] = []
        self.receive(message, found.append)
        return found

    def receive(self, message: Message, emit: Emit) -> None:
        """Answer a message, with each reply as soon as there is one, on this thread; never raise."""
        if "log" in message:
            self._session.write_log(self._dialect.name, str(message["log"]))
            return
        number = message.get("id")
        try:
            if "call" in message:
                emit({"id": number, **self._called(message["call"], message["values"])})
            elif "batch" in message:
                self._batch(number, message["batch"], emit)
            elif "press" in message:
                self._press(message, emit)
            else:
                self._answered(message, emit)
        except Exception as error:  # noqa: BLE001 - the client waits for a reply in any case
            self._session.write_log(self._dialect.name, traceback.format_exc())
            log = self._session.log.name
            text = f"{type(error).__name__}: a defect of this program. The traceback is in {log}."
            emit({"id": number, "error": text})

    def close(self) -> None:
        """Give up the buttons that wait for an answer."""
        with self._lock:
            pressed, self._pressed = list(self._pressed.values()), {}
        for press in pressed:
            press.work.close()

    # ---------------------------------------------------------------- functions

    def _called(self, name: str, values: Sequence[object]) -> Message:
        function = BY_NAME.get(name)
        if function is None:
            return {"error": self._unknown(name)}
        rows = self._session.call(function, *(Raw(value, self._decoded) for value in values))
        return {"rows": self._converted.convert(rows, lambda rows: wire.pack(self._dialect.rows(rows)))}

    def _decoded(self, value: object) -> object:
        return self._dialect.argument(wire.unpack(value))

    def _batch(self, number: object, calls: Sequence[tuple[str, Sequence[object]]], emit: Emit) -> None:
        if not has_threads():
            for place, call in enumerate(calls):
                emit({"id": number, "place": place, **self._called(*call)})
            emit({"id": number, "done": len(calls)})
            return
        with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
            places = {pool.submit(self._called, *call): place for place, call in enumerate(calls)}
            for future in as_completed(places):
                emit({"id": number, "place": places[future], **future.result()})
        emit({"id": number, "done": len(calls)})

    # ---------------------------------------------------------------- buttons

    def _press(self, message: Message, emit: Emit) -> None:
        name, number = message["press"], message["id"]
        if name not in BUTTONS and name not in VIEWS:
            emit({"id": number, "error": self._unknown(name)})
            return
        if message.get("protocol") != wire.PROTOCOL:
            text = f"betaneutral_xl {__version__} does not understand the buttons of another version."
            emit({"id": number, "error": f"{text} {self._dialect.renewal}"})
            return
        press = _Press(number, message.get("path"), self._dialect)
        press.emit = emit
        press.work = steps(name, self._session, press.say)
        press.step = next(press.work)
        self._wait(press)

    def _answered(self, message: Message, emit: Emit) -> None:
        with self._lock:
            press = self._pressed.pop(message["id"], None)
        if press is None:
            text = "No button waits for this answer. Press the button again."
            emit({"id": message["id"], "error": text})
            return
        press.emit = emit
        try:
            press.take(message.get("answer"))
        except StopIteration as end:
            outcome: Outcome = end.value
            emit(
                {
                    "id": press.number,
                    "done": outcome.message,
                    "failed": outcome.error is not None,
                    "files": [str(path) for path in outcome.files],
                    **({} if outcome.data is None else {"data": outcome.data}),
                }
            )
        else:
            self._wait(press)

    def _wait(self, press: _Press) -> None:
        """Ask the client for the next step, and keep the button until the answer."""
        with self._lock:
            self._pressed[press.number] = press
            oldest = next(iter(self._pressed)) if len(self._pressed) > MAX_PRESSES else None
            given_up = None if oldest is None else self._pressed.pop(oldest)
        if given_up is not None:
            given_up.work.close()
        press.emit({"id": press.number, "ask": press.question()})

    def _unknown(self, name: object) -> str:
        return (
            f"betaneutral_xl {__version__} has no {name!s:.60}, which the installed extension calls. "
            f"{self._dialect.renewal}"
        )


class _Press:
    """A button that waits for what it asked of the client."""

    work: Generator[Step, Any, Outcome]
    step: Step
    emit: Emit

    def __init__(self, number: int, path: str | None, dialect: Dialect) -> None:
        place = Path(path) if path else Path("Untitled")
        self.number = number
        self._folder = place.parent if place.is_absolute() else user_documents_path()
        self._stem = place.stem
        self._name = place.name if path else "The document"
        self._dialect = dialect

    def say(self, text: str) -> None:
        self.emit({"id": self.number, "say": text})

    def question(self) -> Message:
        """Return what is asked of the client."""
        if isinstance(self.step, Plan):
            areas = [[str(one.sheet), one.row, one.unless] for one in self.step.areas]
            return {"read": {"names": list(self.step.names), "areas": areas}}
        return {"apply": [self._change(one) for one in self.step]}

    def take(self, answer: object) -> None:
        """Go on with an answer to the next step, or to the end, which raises ``StopIteration``."""
        try:
            found = self._read(answer)
        except Exception as error:  # noqa: BLE001 - the button makes it a message
            self.step = self.work.throw(error)
        else:
            self.step = self.work.send(found)

    def _read(self, answer: object) -> Sheets | None:
        if not isinstance(answer, dict):
            msg = f"{self._dialect.name} did not answer. Press the button again."
            raise HostError(msg)
        if "error" in answer:
            raise HostError(str(answer["error"]))
        return self._sheets(self.step, answer) if isinstance(self.step, Plan) else None

    def _sheets(self, plan: Plan, answer: Message) -> Sheets:
        names = {
            name: self._found(value, f"range named {name}")
            for name, value in zip(plan.names, answer["names"], strict=True)
        }
        areas = {
            (one.sheet, one.row): self._found(value, f"sheet {one.sheet}")
            for one, value in zip(plan.areas, answer["areas"], strict=True)
        }
        return Sheets(names, areas, self._folder, self._stem, files_of(self._folder, self._stem))

    def _found(self, value: object, what: str) -> object | BetaNeutralError:
        return missing(self._name, what, self._dialect.template) if value is None else wire.unpack(value)

    def _change(self, change: Change) -> list[object]:
        match change:
            case Replace(sheet, row, rows):
                return ["replace", str(sheet), row, wire.pack(self._dialect.rows(rows))]
            case Append(sheet, rows):
                return ["append", str(sheet), 0, wire.pack(self._dialect.rows(rows))]
            case Recalculate():
                return ["recalculate", "", 0, []]
            case Show(sheet):
                return ["show", str(sheet), 0, []]
