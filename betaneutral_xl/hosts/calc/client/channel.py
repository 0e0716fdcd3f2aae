"""The worker as Calc sees it: started on first use, asked many things at once, started anew if it dies.

Nothing here knows LibreOffice. The thread that reads the worker's answers never waits for anything,
so whoever holds LibreOffice's lock while waiting for an answer will get it.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
import traceback
from typing import IO, Callable, Dict, List, Optional, Sequence, Tuple, cast

from . import wire

STRIPPED_ENVIRONMENT = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "URE_BOOTSTRAP",
)
"""Variables that are meant for one Python or LibreOffice, and lead another one astray."""

NO_WINDOW = 0x08000000 if sys.platform == "win32" else 0
"""On Windows a console program would flash up a window."""

LONGEST_TRACE = 400
"""Characters of what a worker says before it dies, for the error."""

Late = Callable[["Ask"], None]


class Ask:
    """One question to the worker, and the messages that answer it."""

    def __init__(self, message: wire.Message) -> None:
        self.line = wire.encode(message)
        self.again = "call" in message  # what changes nothing may be asked twice
        self.number = 0
        self._inbox: "queue.Queue[wire.Message]" = queue.Queue()
        self._late: Optional[Late] = None
        self._lock = threading.Lock()

    def wait(self, seconds: Optional[float] = None) -> Optional[wire.Message]:
        """Return the next message; None if there is none in time."""
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def deliver(self, message: wire.Message) -> Optional[Late]:
        """Take a message; return who is to be told that it came late, if anybody is."""
        with self._lock:
            self._inbox.put(message)
            late, self._late = self._late, None
        return late

    def when_late(self, tell: Late) -> bool:
        """Have somebody told when the next message comes; False if it is there already."""
        with self._lock:
            if not self._inbox.empty():
                return False
            self._late = tell
        return True


class Process:
    """One worker process, what it has been asked, and the thread that reads what it says.

    Parameters
    ----------
    command
        What starts it.
    tell
        Takes every message with the question that it belongs to.
    lose
        Takes at the end the questions that are left without an answer.

    """

    def __init__(
        self,
        command: Sequence[str],
        tell: Callable[[Ask, wire.Message], None],
        lose: Callable[["Process", List[Ask]], None],
    ) -> None:
        self._tell, self._lose = tell, lose
        self._asked: Optional[Dict[int, Ask]] = {}  # None when it has ended
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it goes with the process
        try:
            self._process = self._start(command)
        except OSError:
            self._errors.close()
            raise
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)
        self._garbage = ""
        self.ready = threading.Event()
        self.ended = False
        threading.Thread(target=self._read, name="betaneutral worker", daemon=True).start()

    def _start(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - what the extension names
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={name: value for name, value in os.environ.items() if name not in STRIPPED_ENVIRONMENT},
            creationflags=NO_WINDOW,
        )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its number in the operating system."""
        return self._process.pid

    def ask(self, question: Ask, number: int) -> bool:
        """Send a question under a number; False if the process has ended."""
        question.number = number
        with self._lock:
            if self._asked is None:
                return False
            self._asked[number] = question
        self.send(b'{"id":%d,' % number + question.line[1:])
        return True

    def send(self, line: bytes) -> None:
        """Send a line; what no longer arrives is answered by the end of the process."""
        with self._writing:
            try:
                self._input.write(line)
                self._input.flush()
            except (OSError, ValueError):  # the pipe is broken, or closed on this side
                self._process.kill()

    def end(self) -> None:
        """Close its input, upon which it ends; what it has not answered is not wanted any more."""
        self.ended = True
        self._close_input()

    def _close_input(self) -> None:
        with self._writing:
            try:
                self._input.close()
            except OSError:  # what was not sent is not wanted any more
                self._process.kill()

    def stderr_tail(self) -> str:
        """Return the last line of what it wrote as errors, or what it wrote instead of a message."""
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines() or [self._garbage]
        return said[-1][:LONGEST_TRACE]

    def _read(self) -> None:
        line = b""
        try:
            for line in self._output:
                self._hear(wire.decode(line))
        except Exception:  # whatever runs there, it is no worker
            self._garbage = line.decode("utf-8", "replace").strip()
        self._process.kill()  # also what goes on without an output
        self._process.wait()
        with self._lock:
            lost, self._asked = list((self._asked or {}).values()), None
        self.ready.set()
        self._lose(self, lost)
        self._close_input()
        self._output.close()
        self._errors.close()

    def _hear(self, message: wire.Message) -> None:
        self.ready.set()
        with self._lock:
            asked = self._asked or {}
            going_on = "ask" in message or "say" in message
            number = message.get("id", 0)
            question = asked.get(number) if going_on else asked.pop(number, None)
        if question is not None:
            self._tell(question, message)


class Channel:
    """The way to the worker.

    Parameters
    ----------
    command
        What starts one.

    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self._lock = threading.Lock()
        self._process: Optional[Process] = None
        self._count = 0
        self._late: "queue.Queue[Tuple[Late, Ask]]" = queue.Queue()
        self._teller: Optional[threading.Thread] = None

    @property
    def pid(self) -> Optional[int]:
        """The worker's number in the operating system, if it runs."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    def ask(self, message: wire.Message) -> Ask:
        """Send a question; its answer is waited for on what is returned."""
        question = Ask(message)
        self.send(question)
        return question

    def send(self, question: Ask) -> None:
        """Send a question to the worker that there is, or to a new one."""
        sent = False
        while not sent:
            try:
                process, number = self._running()
            except OSError as error:
                self._tell(question, {"error": self._not_started(error)})
                return
            sent = process.ask(question, number)

    def answer(self, question: Ask, message: wire.Message) -> None:
        """Answer what the worker has asked back."""
        process = self._process
        if process is not None:
            process.send(wire.encode(dict(message, id=question.number)))

    def wait_ready(self, seconds: float) -> None:
        """Wait until the worker has started."""
        process = self._process
        if process is not None:
            process.ready.wait(seconds)

    def end(self) -> None:
        """End the worker."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def _running(self) -> Tuple[Process, int]:
        """Return a worker that runs, and the number of the next question."""
        with self._lock:
            if self._process is None or not self._process.alive:
                self._process = Process(self.command, self._tell, self._lose)
            self._count += 1
            return self._process, self._count

    def _not_started(self, error: OSError) -> str:
        return (
            "{0} cannot be started ({1}). Install the extension again from where betaneutral_xl is: "
            "betaneutral-xl calc install.".format(self.command[0], error.strerror)
        )

    def _lose(self, process: Process, lost: List[Ask]) -> None:
        """Send a new worker what the dead one has not answered; each request is retried once."""
        words = process.stderr_tail()
        for question in lost:
            if question.again and not process.ended:
                question.again = False
                self.send(question)
            else:
                said = (
                    "The worker of betaneutral_xl ended{0}. Try again; betaneutral-xl calc status says more."
                )
                self._tell(question, {"error": said.format(" (" + words + ")" if words else "")})

    def _tell(self, question: Ask, message: wire.Message) -> None:
        late = question.deliver(message)
        if late is not None:
            self._late.put((late, question))
            with self._lock:
                if self._teller is None:
                    self._teller = threading.Thread(
                        target=self._tell_late, name="betaneutral late", daemon=True
                    )
                    self._teller.start()

    def _tell_late(self) -> None:
        while True:
            late, question = self._late.get()
            try:
                late(question)
            except Exception:  # others wait to be told
                self.ask({"log": traceback.format_exc()})
