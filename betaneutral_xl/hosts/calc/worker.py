"""The worker process of Calc: messages of ``hosts.remote.protocol`` as JSON lines over pipes.

The extension starts ``python -m betaneutral_xl.hosts.calc.worker``. Each request is processed on its
own thread, so that a function never waits for a button. The worker ends when its input does, that is
with Calc, however Calc ends. Its first line is ``{"hello": version}``.
"""

from __future__ import annotations

import os
import threading
from typing import IO, TYPE_CHECKING

from betaneutral_xl import __version__
from betaneutral_xl.hosts.calc.values import OPEN_TEMPLATE, for_calc, from_calc
from betaneutral_xl.hosts.remote.client import wire

if TYPE_CHECKING:
    from betaneutral_xl.hosts.remote.protocol import Conversation
    from betaneutral_xl.hosts.sheets.session import Session


class Worker:
    """Processes the requests of one LibreOffice."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._writing = threading.Lock()

    def receive(self, conversation: Conversation, line: bytes) -> None:
        """Process a line on a thread of its own; an entry for the log at once."""
        message = wire.decode(line)
        if "log" in message:
            conversation.receive(message, self.say)
        else:
            threading.Thread(target=conversation.receive, args=(message, self.say), daemon=True).start()

    def say(self, message: wire.Message) -> None:
        """Write one message."""
        line = wire.encode(message)
        with self._writing:
            self._out.write(line)
            self._out.flush()


def conversation(session: Session) -> Conversation:
    """Return the conversation with the extension in Calc."""
    from betaneutral_xl.hosts.remote.protocol import Conversation, Dialect

    renewal = "Install the extension again: betaneutral-xl calc install."
    return Conversation(
        session,
        Dialect(name="Calc", argument=from_calc, rows=for_calc, template=OPEN_TEMPLATE, renewal=renewal),
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
    worker = Worker(out)
    worker.say({"hello": __version__})

    from betaneutral_xl.hosts.sheets.session import Session

    of_calc = conversation(Session())
    for line in lines:
        if line.endswith(b"\n"):  # else Calc ended while writing it
            worker.receive(of_calc, line)
    of_calc.close()
    os._exit(0)  # pending results have no reader


if __name__ == "__main__":
    main()
