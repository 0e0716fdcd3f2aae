"""The connection to the worker: started on first use, with concurrent requests, restarted if it dies.

Independent of LibreOffice. The thread that reads the worker's replies never blocks, so a caller that
waits for a reply while holding LibreOffice's lock cannot deadlock.
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
"""Variables of one Python or LibreOffice that would break another."""

NO_WINDOW = 0x08000000 if sys.platform == "win32" else 0
"""Process flag: on Windows a console program would otherwise open a window."""

MAX_STDERR_TAIL = 400
"""Characters of a dead worker's standard error that its error message quotes."""

Late = Callable[["Request"], None]


class Request:
    """A request to the worker, and the messages that reply to it."""

    def __init__(self, message: wire.Message) -> None:
        self.line = wire.encode(message)
        self.retryable = "call" in message  # a function call has no side effects
        self.number = 0
        self._inbox: "queue.Queue[wire.Message]" = queue.Queue()
        self._late: Optional[Late] = None
        self._lock = threading.Lock()

    def wait(self, seconds: Optional[float] = None) -> Optional[wire.Message]:
        """Return the next message; None after the time-out."""
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def deliver(self, message: wire.Message) -> Optional[Late]:
        """Add a message to the inbox; return the callback for a late reply, if one is registered."""
        with self._lock:
            self._inbox.put(message)
            late, self._late = self._late, None
        return late

    def when_late(self, callback: Late) -> bool:
        """Register a callback for the next message; False if a message is already in the inbox."""
        with self._lock:
            if not self._inbox.empty():
                return False
            self._late = callback
        return True


class Process:
    """A worker process with its open requests, and the thread that reads its output.

    ``on_exit`` is called at its end with the requests that have no reply.
    """

    def __init__(
        self,
        command: Sequence[str],
        on_message: Callable[[Request, wire.Message], None],
        on_exit: Callable[["Process", List[Request]], None],
    ) -> None:
        self._on_message, self._on_exit = on_message, on_exit
        self._open: Optional[Dict[int, Request]] = {}  # None after the process has ended
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
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
        return subprocess.Popen(  # noqa: S603 - the command of the extension
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={name: value for name, value in os.environ.items() if name not in STRIPPED_ENVIRONMENT},
            creationflags=NO_WINDOW,
        )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process ID."""
        return self._process.pid

    def ask(self, request: Request, number: int) -> bool:
        """Send a request under a number; False if the process has ended."""
        request.number = number
        with self._lock:
            if self._open is None:
                return False
            self._open[number] = request
        self.send(b'{"id":%d,' % number + request.line[1:])
        return True

    def send(self, line: bytes) -> None:
        """Send a line; if that fails, end the process, which replies to its open requests."""
        with self._writing:
            try:
                self._input.write(line)
                self._input.flush()
            except (OSError, ValueError):  # the pipe is broken, or closed on this side
                self._process.kill()

    def end(self) -> None:
        """Close its input, upon which it ends; open requests are not retried."""
        self.ended = True
        self._close_input()

    def _close_input(self) -> None:
        with self._writing:
            try:
                self._input.close()
            except OSError:  # unsent data are no longer needed
                self._process.kill()

    def stderr_tail(self) -> str:
        """Return the last line of its standard error, or else of its output if that is not a message."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines() or [self._garbage]
        return lines[-1][:MAX_STDERR_TAIL]

    def _read(self) -> None:
        line = b""
        try:
            for line in self._output:
                self._receive(wire.decode(line))
        except Exception:  # the process is not a worker
            self._garbage = line.decode("utf-8", "replace").strip()
        self._process.kill()  # it may go on after closing its output
        self._process.wait()
        with self._lock:
            lost, self._open = list((self._open or {}).values()), None
        self.ready.set()
        self._on_exit(self, lost)
        self._close_input()
        self._output.close()
        self._errors.close()

    def _receive(self, message: wire.Message) -> None:
        self.ready.set()
        with self._lock:
            requests = self._open or {}
            unfinished = not wire.UNFINISHED.isdisjoint(message)
            number = message.get("id", 0)
            request = requests.get(number) if unfinished else requests.pop(number, None)
        if request is not None:
            self._on_message(request, message)


class Channel:
    """The connection to a worker process, which a command starts."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self._lock = threading.Lock()
        self._process: Optional[Process] = None
        self._count = 0
        self._late: "queue.Queue[Tuple[Late, Request]]" = queue.Queue()
        self._notifier: Optional[threading.Thread] = None

    @property
    def pid(self) -> Optional[int]:
        """The worker's process ID, if it runs."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    def ask(self, message: wire.Message) -> Request:
        """Send a message and return its request, whose ``wait`` returns the replies."""
        request = Request(message)
        self.send(request)
        return request

    def send(self, request: Request) -> None:
        """Send a request to the running worker, or to a new one."""
        sent = False
        while not sent:
            try:
                process, number = self._running()
            except OSError as error:
                self._deliver(request, {"error": self._not_started(error)})
                return
            sent = process.ask(request, number)

    def answer(self, request: Request, message: wire.Message) -> None:
        """Reply to a question of the worker about a request."""
        process = self._process
        if process is not None:
            process.send(wire.encode(dict(message, id=request.number)))

    def wait_ready(self, seconds: float) -> None:
        """Wait until the worker has started, or for some seconds."""
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
        """Return a running worker, and the number of the next request."""
        with self._lock:
            if self._process is None or not self._process.alive:
                self._process = Process(self.command, self._deliver, self._retry)
            self._count += 1
            return self._process, self._count

    def _not_started(self, error: OSError) -> str:
        return (
            "{0} cannot be started ({1}). Install the extension again with the Python that has "
            "betaneutral_xl: betaneutral-xl calc install.".format(self.command[0], error.strerror)
        )

    def _retry(self, process: Process, lost: List[Request]) -> None:
        """Send the open requests of a dead worker to a new one; each is retried once."""
        tail = process.stderr_tail()
        for request in lost:
            if request.retryable and not process.ended:
                request.retryable = False
                self.send(request)
            else:
                text = "The worker of betaneutral_xl ended{0}. Try again, or run betaneutral-xl calc status."
                self._deliver(request, {"error": text.format(" (" + tail + ")" if tail else "")})

    def _deliver(self, request: Request, message: wire.Message) -> None:
        late = request.deliver(message)
        if late is not None:
            self._late.put((late, request))
            with self._lock:
                if self._notifier is None:
                    self._notifier = threading.Thread(
                        target=self._notify_late, name="betaneutral late", daemon=True
                    )
                    self._notifier.start()

    def _notify_late(self) -> None:
        while True:
            late, request = self._late.get()
            try:
                late(request)
            except Exception:  # the other callbacks must still run
                self.ask({"log": traceback.format_exc()})
