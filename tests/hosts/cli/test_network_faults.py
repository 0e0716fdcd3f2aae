"""Faults of a server: for each the command ends in time, with one line and its exit code."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Self

import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import sample
from betaneutral_xl.network.transport import Transport

GOOD = sample.read(sample.HOLDINGS)

TOTAL = 0.5
"""Time limit in seconds for an endless answer."""

AMPLE = 60.0
"""Time limit in seconds where something else ends the answer."""

PAUSE = 0.05
"""Seconds between two pieces of an endless answer."""

SLACK = 10.0
"""Seconds for a slow machine to start and stop; the faults themselves never end."""


class End(Enum):
    """How a server ends when it has sent everything."""

    CLOSE = auto()
    RESET = auto()
    HANG = auto()


@dataclass(frozen=True)
class Fault:
    """What a server sends and how fast, and what the user sees.

    Attributes
    ----------
    pieces
        The bytes sent; may be endless.
    code
        The exit code; 0 if the answer is usable all the same.
    words
        A pattern in the error line.
    requests
        Number of requests that the client sends.
    pause
        Seconds before each piece.
    end
        What follows the last piece.

    """

    pieces: Iterable[bytes]
    code: int
    words: str
    requests: int = 1
    pause: float = 0.0
    end: End = End.CLOSE

    @property
    def total(self) -> float:
        """The time limit in seconds."""
        return TOTAL if self.end is End.HANG or self.words in {NO_ANSWER, NO_END} else AMPLE


def head(*lines: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", f"Content-Type: {kind}", *lines, "", "")).encode("latin-1")


def answer(body: bytes = GOOD, *lines: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    return head(f"Content-Length: {len(body)}", *lines, status=status, kind=kind) + body


def chunks(*sent: bytes) -> bytes:
    return head("Transfer-Encoding: chunked") + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in sent)


class Bytes:
    """A start, then byte after byte, the last one for ever."""

    def __init__(self, start: bytes, rest: bytes) -> None:
        self.start, self.rest = start, rest

    def __iter__(self) -> Iterator[bytes]:
        yield self.start
        yield from chain((bytes([one]) for one in self.rest[:-1]), repeat(self.rest[-1:]))


class Endless:
    """A start, and then the same for ever."""

    def __init__(self, start: bytes, again: bytes) -> None:
        self.start, self.again = start, again

    def __iter__(self) -> Iterator[bytes]:
        yield self.start
        yield from repeat(self.again)


NO_ANSWER = r"did not answer in time\."
NO_END = r"did not finish its answer in time\."
NOT_HTTP = r"does not answer in valid HTTP\."
BROKE_OFF = r"broke off in the middle of its answer \(tried 4 times\)\."
CLOSED = r"closed the connection without an answer \(tried 4 times\)\."
TOO_LARGE = r"sent more than 8,388,608 bytes"
COMPRESSED = r"sent a compressed answer"
NOWHERE = r"redirects to no valid host \(30.\), which is not followed"
NOT_JSON = r"the answer has a number of thousands of digits, or is nested too deeply"
CLOSING = "Connection: close"  # without it the next request may go to the connection that is being closed
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

FAULTS = {
    # without end: only the total time-out stops them
    "silent": Fault([], 3, NO_ANSWER, end=End.HANG),
    "status line a byte at a time": Fault(Bytes(b"HTTP/1.1 200 ", b"OK"), 3, NO_ANSWER, pause=PAUSE),
    "header a byte at a time": Fault(Bytes(b"HTTP/1.1 200 OK\r\n", b"X: aa"), 3, NO_ANSWER, pause=PAUSE),
    "headers one at a time": Fault(Endless(b"HTTP/1.1 200 OK\r\n", b"X: a\r\n"), 3, NO_ANSWER, pause=PAUSE),
    "100 Continue without end": Fault(Endless(b"", CONTINUE * 1000), 3, NO_ANSWER),
    "100 Continue now and then": Fault(Endless(b"", CONTINUE), 3, NO_ANSWER, pause=PAUSE),
    "body a byte at a time": Fault(Bytes(head("Content-Length: 9999"), b"{ "), 3, NO_END, pause=PAUSE),
    "body that stops": Fault([head("Content-Length: 9999") + b"{"], 3, NO_END, end=End.HANG),
    "chunk size a digit at a time": Fault(Bytes(chunks(), b"00"), 3, NO_END, pause=PAUSE),
    "chunk extension a byte at a time": Fault(Bytes(chunks(), b"5;a"), 3, NO_END, pause=PAUSE),
    "chunk that stops": Fault([chunks() + b"ff\r\n{"], 3, NO_END, end=End.HANG),
    "trailers without end": Fault(Endless(chunks(GOOD) + b"0\r\n", b"X: a\r\n" * 1000), 3, NO_END),
    "trailers now and then": Fault(Endless(chunks(GOOD) + b"0\r\n", b"X: a\r\n"), 3, NO_END, pause=PAUSE),
    "switching protocols": Fault(
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"],
        3,
        r"status 101",
        end=End.HANG,
    ),
    # too large
    "body without end": Fault(Endless(head("Content-Length: 999999999999"), b" " * 65536), 3, TOO_LARGE),
    "body until it closes": Fault(Endless(head("Connection: close"), b" " * 65536), 3, TOO_LARGE),
    "chunks without end": Fault(Endless(chunks(), b"10000\r\n" + b" " * 65536 + b"\r\n"), 3, TOO_LARGE),
    "body over the limit": Fault([answer(b" " * (9 * 2**20))], 3, TOO_LARGE),
    "ten thousand headers": Fault([b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 10_000], 3, NOT_HTTP),
    "a header of ten million": Fault([b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000_000], 3, NOT_HTTP),
    "compressed": Fault([answer(gzip.compress(GOOD), "Content-Encoding: gzip")], 3, COMPRESSED),
    "compressed to a thousandth": Fault(
        [answer(gzip.compress(b" " * 20_000_000), "Content-Encoding: gzip")], 3, COMPRESSED
    ),
    "compressed chunks": Fault(
        [
            head("Transfer-Encoding: gzip, chunked"),
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(gzip.compress(GOOD)), gzip.compress(GOOD)),
        ],
        3,
        r"not UTF-8 text",
    ),
    "401 with a long body": Fault([answer(b"x" * 6_000_000, status="401 X")], 3, r"\(401\)"),
    "401 with a body without end": Fault(
        Endless(head("Content-Length: 99999999", status="401 X"), b"x" * 65536), 3, r"\(401\)"
    ),
    "403 with a body that stops": Fault(
        [head("Content-Length: 99", status="403 X") + b"no"], 3, r"\(403\)", end=End.HANG
    ),
    "401 with a compressed body": Fault(
        [answer(gzip.compress(b"no"), "Content-Encoding: gzip", status="401 X")], 3, r"\(401\)"
    ),
    # broken off
    "closed at once": Fault([], 3, CLOSED, requests=4),
    "reset at once": Fault([], 3, CLOSED, requests=4, end=End.RESET),
    "closed in the headers": Fault([b"HTTP/1.1 200 OK\r\nX: a"], 3, r"with no content type"),
    "closed in the body": Fault([answer()[:1000]], 3, BROKE_OFF, requests=4),
    "reset in the body": Fault([answer()[:1000]], 3, r"broke off|closed", requests=4, end=End.RESET),
    "closed in a chunk": Fault([chunks() + b"ff\r\n{"], 3, BROKE_OFF, requests=4),
    "a length that is too long": Fault(
        [head(f"Content-Length: {len(GOOD) + 9}") + GOOD], 3, BROKE_OFF, requests=4
    ),
    "a length that is too short": Fault([head(f"Content-Length: {len(GOOD) - 9}") + GOOD], 3, r"is cut off"),
    "two lengths": Fault([answer(GOOD, "Content-Length: 10")], 3, r"could not be queried"),
    "a chunk of no size": Fault([chunks() + b"zzz\r\nhello\r\n"], 3, BROKE_OFF, requests=4),
    "a chunk of negative size": Fault([chunks() + b"-5\r\nhello\r\n0\r\n\r\n"], 3, BROKE_OFF, requests=4),
    # no HTTP
    "noise": Fault([bytes(range(128, 256)) * 40], 3, NOT_HTTP),
    "HTTP 0.9": Fault([b"hello world"], 3, NOT_HTTP),
    "HTTP 2": Fault([b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\0" * 18], 3, NOT_HTTP),
    "SSH": Fault([b"SSH-2.0-OpenSSH_9.6\r\n"], 3, NOT_HTTP),
    # other answers
    "redirection": Fault(
        [answer(b"", "Location: http://example.com/x?token=abc", status="302 X")], 3, r"example\.com \(302\)"
    ),
    "redirection to a file": Fault([answer(b"", "Location: file:///etc/passwd", status="302 X")], 3, NOWHERE),
    "redirection to itself": Fault(
        [answer(b"", "Location: /all-holdings/summary", status="307 X")], 3, NOWHERE
    ),
    "redirection to no address": Fault([answer(b"", "Location: http://[::1", status="302 X")], 3, NOWHERE),
    "redirection with an escape": Fault(
        [answer(b"", "Location: http://a\x1b[31mb/", status="302 X")], 3, NOWHERE
    ),
    "redirection without end": Fault(
        Endless(head("Location: http://example.com/", status="302 X"), b"x" * 65536), 3, r"example\.com"
    ),
    "204": Fault([b"HTTP/1.1 204 No Content\r\n\r\n"], 3, r"status 204"),
    "status 999": Fault([answer(b"", status="999 Odd")], 3, r"status 999"),
    "status with an escape": Fault([answer(b"", status="500 \x1b[31mred")], 3, r"status 500"),
    "type with an escape": Fault([answer(b"{}", kind="text/\x1b[31mred")], 3, r"not application/json"),
    "407": Fault([answer(b"", "Proxy-Authenticate: Basic", status="407 X")], 3, r"status 407"),
    "422 with an escape and lines": Fault(
        [
            answer(
                json.dumps(
                    {"detail": [{"loc": ["body", "x"], "msg": "\x1b[31m red \n next \x9b2J"}]}
                ).encode(),
                status="422 X",
            )
        ],
        3,
        r"x: \\x1b\[31m red   next \\x9b2J \(422\)",
    ),
    "429 for years": Fault([answer(b"", "Retry-After: 999999999", status="429 X")], 3, r"in 999,999,999 s"),
    "429 at once": Fault([answer(b"", "Retry-After: 0", CLOSING, status="429 X")], 3, r"\(429\)", requests=4),
    "503": Fault([answer(b"", CLOSING, status="503 X")], 3, r"\(503\)", requests=4),
    # odd bodies
    "web page": Fault([answer(b"<html>Login</html>", kind="text/html")], 3, r"web page instead of data"),
    "web page as JSON": Fault([answer(b"<html>Login</html>")], 3, r"is a web page, not JSON"),
    "empty": Fault([answer(b"")], 3, r"is empty, not JSON"),
    "deep JSON": Fault([answer(b'{"holdings":' + b"[" * 200_000 + b"]" * 200_000 + b"}")], 3, NOT_JSON),
    "a number of a million digits": Fault([answer(b'{"holdings":' + b"9" * 1_000_000 + b"}")], 3, NOT_JSON),
    "a price that is no number": Fault(
        [answer(GOOD.replace(b'"price": ', b'"price": NaN, "x": ', 1))], 2, r"have nan as the price of"
    ),
    "a field twice": Fault([answer(b'{"fund":"quant_paper","fund":"x"}')], 3, r"no fund with a list"),
    "UTF-16": Fault([answer(GOOD.decode().encode("utf-16"))], 3, r"not UTF-8 text"),
    "a hundred thousand fields": Fault(
        [answer(b"{" + b",".join(b'"%d":[]' % i for i in range(100_000)) + b"}")], 3, r"99995 more"
    ),
    # odd, but good
    "good": Fault([answer()], 0, ""),
    "good, in chunks of a byte": Fault([chunks(*(bytes([one]) for one in GOOD)) + b"0\r\n\r\n"], 0, ""),
    "good, with an answer too many": Fault([answer() * 2], 0, ""),
    "good, with a cookie": Fault([answer(GOOD, "Set-Cookie: a=b")], 0, ""),
    "good, with a NUL in a header": Fault([answer(GOOD, "X: \0\0")], 0, ""),
    "good, with a negative length": Fault([head("Content-Length: -5") + GOOD], 0, ""),
    "good, with a length that is no number": Fault([head("Content-Length: abc") + GOOD], 0, ""),
}


@dataclass
class Server:
    """Serves one fault to every connection, on a loopback port."""

    fault: Fault
    requests: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.listener.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                read_request(connection)
                self.requests += 1
                for piece in self.fault.pieces:
                    if self.closing.wait(self.fault.pause):
                        return
                    connection.sendall(piece)
                if self.fault.end is End.HANG:
                    self.closing.wait()
            except OSError:  # the client hung up
                return
            if self.fault.end is End.RESET:
                linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def read_request(connection: socket.socket) -> None:
    received = b""
    while (found := re.search(rb"\r\n\r\n", received)) is None:
        received += connection.recv(65536) or b"\r\n\r\n"
    length = re.search(rb"(?i)content-length: *([0-9]+)", received)
    missing = int(length[1]) + found.end() - len(received) if length else 0
    while missing > 0 and (piece := connection.recv(65536)):
        missing -= len(piece)


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, float], tuple[int, str, float]]:
    """Return a function that rebalances the fund of a server: exit code, line, seconds."""
    etf = tmp_path / "JHAI.csv"
    etf.write_bytes(sample.read(sample.ETF))
    covariance = tmp_path / "covariance.csv"
    covariance.write_bytes(sample.read(sample.COVARIANCE))
    monkeypatch.setenv("BETANEUTRAL_TOKEN", "secret-token")
    without_pause = partial(Transport, pause=lambda _: None)
    monkeypatch.setattr("betaneutral_xl.network.silverfund.Transport", without_pause)

    def run(address: str, total: float) -> tuple[int, str, float]:
        monkeypatch.setenv("BETANEUTRAL_TIMEOUT", str(total))
        monkeypatch.setenv("BETANEUTRAL_API_URL", f"http://{address}")
        options = ["--etf", str(etf), "--covariance", str(covariance), "--json"]
        start = time.monotonic()
        code = main(["rebalance", "--fund", "quant_paper", "--date", "2025-11-18", *options])
        return code, capsys.readouterr().err, time.monotonic() - start

    return run


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_server_ends_in_time_with_one_line(
    fault: Fault, command: Callable[[str, float], tuple[int, str, float]]
) -> None:
    with Server(fault) as server:
        code, line, seconds = command(server.address, fault.total)
    assert code == fault.code
    assert seconds < TOTAL + SLACK  # also where the limit is ample
    assert "secret-token" not in line
    if code:
        assert line.endswith("\n")
        assert line[:-1].isprintable()
        assert re.search(fault.words, line)
        assert server.requests == fault.requests
