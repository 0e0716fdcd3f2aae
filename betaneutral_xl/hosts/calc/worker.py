"""The worker process of Calc: JSON lines in on standard input, JSON lines out on standard output.

The extension starts ``python -m betaneutral_xl.hosts.calc.worker``. Each request is processed on its
own thread, so that a function never waits for a button. The worker ends when its input does, that is
with Calc, however Calc ends.

=============================================== =====================================================
``{"id", "call": NAME, "values": [...]}``       ``{"id", "rows": block}``
``{"id", "press": NAME, "path": FILE or null}`` any number of ``{"id", "ask": [...]}`` (answered by
                                                ``{"id", "answer": block or null}``) and
                                                ``{"id", "say": text}``, then ``{"id", "done": text,
                                                "failed": bool, "changes": [[what, sheet, row, block]]}``
``{"id", "log": text}``                         no reply: a defect in the client, for the log
=============================================== =====================================================

Its first line is ``{"hello": version}``.
"""

from __future__ import annotations

import os
import threading
import traceback
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

from betaneutral_xl import __version__
from betaneutral_xl.hosts.calc.client import wire
from betaneutral_xl.hosts.calc.values import for_calc, from_calc
from betaneutral_xl.hosts.remote.conversion_cache import ConversionCache

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Session


class Worker:
    """Processes the requests of one LibreOffice.

    Parameters
    ----------
    session
        The state of the functions.
    out
        The stream for replies.

    """

    def __init__(self, session: Session, out: IO[bytes]) -> None:
        self._session = session
        self._out = out
        self._writing = threading.Lock()
        self._converted: ConversionCache[object] = ConversionCache()
        self._answers: dict[int, SimpleQueue[Any]] = {}

    def receive(self, line: bytes) -> None:
        """Process a line: pass an answer to the waiting button, start a thread for a request."""
        message = wire.decode(line)
        if "answer" in message:
            waiting = self._answers.get(message["id"])
            if waiting is not None:  # else it was for a former worker that has died
                waiting.put(message["answer"])
        elif "log" in message:
            self._session.write_log("Calc", message["log"])
        else:
            threading.Thread(target=self._answer, args=(message,), daemon=True).start()

    def say(self, **message: Any) -> None:
        """Write one message."""
        self._write(wire.encode(message))

    def _write(self, line: bytes) -> None:
        with self._writing:
            self._out.write(line)
            self._out.flush()

    def _answer(self, message: wire.Message) -> None:
        try:
            reply = self._called(message) if "call" in message else self._pressed(message)
            line = wire.encode({"id": message["id"], **reply})
        except Exception as error:  # noqa: BLE001 - Calc waits for a reply in any case
            self._session.write_log("worker", traceback.format_exc())
            log = self._session.log.name
            text = f"{type(error).__name__}: a defect of this program. The traceback is in {log}."
            line = wire.encode({"id": message["id"], "error": text})
        self._write(line)

    def _called(self, message: wire.Message) -> dict[str, Any]:
        from betaneutral_xl.hosts.sheets.cells import Raw
        from betaneutral_xl.hosts.sheets.functions import BY_NAME

        function = BY_NAME.get(message["call"])
        if function is None:
            return {"error": _unknown(message["call"])}
        values = [Raw(value, _decoded) for value in message["values"]]
        rows = self._session.call(function, *values)
        return {"rows": self._converted.convert(rows, lambda rows: wire.pack(for_calc(rows)))}

    def _pressed(self, message: wire.Message) -> dict[str, Any]:
        from betaneutral_xl.hosts.calc.calc_workbook import CalcWorkbook
        from betaneutral_xl.hosts.sheets.buttons import BUTTONS, press

        if message["press"] not in BUTTONS:
            return {"error": _unknown(message["press"])}
        number = message["id"]
        answers = self._answers[number] = SimpleQueue()

        def ask(*question: object) -> object:
            self.say(id=number, ask=list(question))
            return wire.unpack(answers.get())

        book = CalcWorkbook(message["path"], ask, lambda text: self.say(id=number, say=text))
        try:
            outcome = press(message["press"], book, self._session)
        finally:
            del self._answers[number]
        changes = [[what, sheet, row, wire.pack(rows)] for what, sheet, row, rows in book.changes]
        return {"done": outcome.message, "failed": outcome.error is not None, "changes": changes}


def _decoded(value: object) -> object:
    return from_calc(wire.unpack(value))


def _unknown(name: str) -> str:
    return (
        f"betaneutral_xl {__version__} has no {name}, which the installed extension calls. "
        "Install the extension again: betaneutral-xl calc install."
    )


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Reserve standard input and output for messages: libraries and child processes must not use them."""
    lines, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return lines, out


def main() -> None:
    """Process requests until the input ends."""
    lines, out = _pipes()

    from betaneutral_xl.hosts.sheets.session import Session

    worker = Worker(Session(), out)
    worker.say(hello=__version__)
    for line in lines:
        if line.endswith(b"\n"):  # else Calc ended while writing it
            worker.receive(line)
    os._exit(0)  # pending results have no reader


if __name__ == "__main__":
    main()
