"""However a server sends, a request ends when its time is up: a table of servers that never finish."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl.errors import SourceError
from betaneutral_xl.settings import Settings
from betaneutral_xl.sources.time_limit import bounded, call_bounded, time_limit
from betaneutral_xl.sources.transport import Request, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOTAL = 0.6
"""Seconds that a request may take here."""

FAR_TOO_LONG = 30.0
"""Seconds that no machine is slow enough to need; without the limit each of the servers takes minutes."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = CHUNKED + b"2\r\n{}\r\n0\r\n"

FAULTS: dict[str, tuple[bytes, bytes, float]] = {
    "silence": (b"", b"", 1.0),
    "a status a byte at a time": (b"HTTP/1.1 200 ", b"O", 0.05),
    "a header a byte at a time": (HEAD + b"X-A: ", b"a", 0.05),
    "headers one by one": (HEAD, b"X-A: a\r\n", 0.05),
    "endless 100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.0),
    "slow 100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
    "a body a byte at a time": (HEAD + b"Content-Length: 99999\r\n\r\n", b" ", 0.05),
    "a body that never comes": (HEAD + b"Content-Length: 99999\r\n\r\n", b"", 1.0),
    "the size of a chunk a byte at a time": (CHUNKED, b"0", 0.05),
    "the extension of a chunk a byte at a time": (CHUNKED + b"5;", b"a", 0.05),
    "a chunk a byte at a time": (CHUNKED + b"ffff\r\n", b" ", 0.05),
    "endless trailers": (WHOLE, b"X-T: aaaaaaaa\r\n" * 100, 0.0),
    "slow trailers": (WHOLE, b"X-T: a\r\n", 0.05),
    "a refusal a byte at a time": (b"HTTP/1.1 500 X\r\nContent-Length: 99999\r\n\r\n", b"x", 0.05),
}
"""What a server sends first, what it then repeats, and the seconds between two of them."""


@pytest.fixture
def endless() -> Iterator[Callable[[bytes, bytes, float], str]]:
    """Return a function that starts a server which never finishes, and gives its address."""
    over = threading.Event()
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def answer(listener: socket.socket, first: bytes, again: bytes, pause: float) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                opened.append(connection)
                connection.recv(65_536)
                connection.sendall(first)
                with contextlib.suppress(OSError):
                    while not over.wait(pause):
                        connection.sendall(again)

    def start(first: bytes, again: bytes, pause: float) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)
        threads.append(threading.Thread(target=answer, args=(listener, first, again, pause)))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    over.set()
    for one in opened:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_ends_when_its_time_is_up(
    fault: str, endless: Callable[[bytes, bytes, float], str]
) -> None:
    settings = Settings(total_timeout=TOTAL, retries=3, backoff=0.0)
    transport = Transport(settings)
    request = Request(url=endless(*FAULTS[fault]), body=None, accept="*/*", limit=10**6)
    started = time.monotonic()
    if "refusal" in fault:
        assert transport.send(request).status == 500
    else:
        with pytest.raises(SourceError) as caught:
            transport.send(request)
        assert "\n" not in str(caught.value)
    transport.close()
    assert time.monotonic() - started < FAR_TOO_LONG


def test_of_two_limits_the_sooner_holds() -> None:
    with time_limit(60.0), time_limit(3600.0):
        assert bounded(100.0) == pytest.approx(60.0, abs=5.0)
        assert bounded(5.0) == 5.0
    assert bounded(None) is None


def test_nothing_waits_after_the_end() -> None:
    with time_limit(0.0), pytest.raises(TimeoutError, match="the time is up"):
        bounded(1.0)


def test_what_cannot_be_interrupted_is_left_behind() -> None:
    release = threading.Event()
    with time_limit(0.05), pytest.raises(TimeoutError, match="did not end in time"):
        call_bounded(None, release.wait)
    release.set()


def test_a_bounded_call_returns_and_raises_what_its_function_does() -> None:
    def fail(what: Any) -> None:
        raise KeyError(what)

    assert call_bounded(10.0, divmod, 7, 2) == (3, 1)
    with pytest.raises(KeyError, match="lost"):
        call_bounded(10.0, fail, "lost")
