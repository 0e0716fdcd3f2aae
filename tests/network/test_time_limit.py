"""The total time-out limits name resolution, connections, TLS, proxies and the cache's lock."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from betaneutral_xl.errors import Unreachable
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.network.time_limit import bounded, call_bounded, seconds_left, time_limit
from betaneutral_xl.network.transport import Request, Transport
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.network.stand_in import StandIn

SLACK = 10.0
"""Seconds for a slow machine; without a limit each of these would never end."""


@contextmanager
def ends_in_time() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SLACK


@contextmanager
def serving(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """Serve each connection on a port of this machine, until the block ends."""
    listener, closing = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection, closing)
            except OSError:  # the client has disconnected
                return

    def accept() -> None:
        while not closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        closing.set()
        listener.close()


def dripping(start: bytes, again: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Return a server that reads once, answers a start, and then the same byte endlessly."""

    def serve(connection: socket.socket, closing: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(start)
        while not closing.wait(0.02):
            connection.sendall(again)

    return serve


def silent(connection: socket.socket, closing: threading.Event) -> None:
    closing.wait()


def fetch(url: str, **changes: Any) -> None:
    settings = replace(Settings(total_timeout=0.5, retries=2, backoff=0.0), **changes)
    transport = Transport(settings)
    try:
        transport.send(Request(url=url, body=None, accept="*/*", limit=1000))
    finally:
        transport.close()


def test_a_name_resolution_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: found.wait())
    with ends_in_time(), pytest.raises(Unreachable, match=r"^x\.example did not accept a connection in time"):
        fetch("https://x.example/")
    found.set()


def test_an_unknown_host_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(Unreachable, match=r"cannot be reached: its host name could not be resolved"):
        fetch("https://x.example/")


def test_each_address_of_a_name_is_tried(fund_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = closed.getsockname()
    port = int(fund_api.url.rpartition(":")[2])
    stream = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
    monkeypatch.setattr(
        "socket.getaddrinfo", lambda *_: [(*stream, refusing), (*stream, ("127.0.0.1", port))]
    )
    fetch("http://x.example/health")
    assert fund_api.requested == ["/health"]


def test_many_addresses_of_which_none_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill a port's queue, so that further connections wait."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0.0)
            one.connect_ex(address)
        stream = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        monkeypatch.setattr("socket.getaddrinfo", lambda *_: [(*stream, address)] * 1000)
        with (
            ends_in_time(),
            pytest.raises(Unreachable, match=r"did not (accept a connection|answer) in time"),
        ):
            fetch("http://x.example/", connect_timeout=0.2)
        for one in waiting:
            one.close()


TLS_RECORD = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0"
"""The start of a handshake's record of 16,384 bytes."""


@pytest.mark.parametrize("serve", [silent, dripping(TLS_RECORD, b"\0")], ids=["silent", "a byte at a time"])
def test_a_tls_handshake_without_end(serve: Callable[[socket.socket, threading.Event], None]) -> None:
    with serving(serve) as port, ends_in_time(), pytest.raises(Unreachable, match="did not answer in time"):
        fetch(f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "serve",
    [
        silent,
        dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b""),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n" + TLS_RECORD, b"\0"),
    ],
    ids=["silent", "header a byte at a time", "silent after it connected", "handshake a byte at a time"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_without_end(
    scheme: str,
    serve: Callable[[socket.socket, threading.Event], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(serve) as port:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"{scheme}://127.0.0.1:{port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with ends_in_time(), pytest.raises(Unreachable):
            fetch("https://x.example/")


def test_a_socks_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Unreachable, match="through the proxy that is set on this machine"):
        fetch("https://x.example/")


def test_a_proxy_look_up_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()
    monkeypatch.setattr("requests.Session.merge_environment_settings", lambda *_: found.wait())
    with ends_in_time(), pytest.raises(Unreachable, match="did not answer in time"):
        fetch("https://x.example/")
    found.set()


def test_another_run_that_holds_the_lock_without_end(
    fund_api: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BETANEUTRAL_API_URL", fund_api.url)
    monkeypatch.setenv("BETANEUTRAL_TIMEOUT", "0.5")
    locks = tmp_path / "cache" / "locks"
    locks.mkdir(parents=True)
    held = [FileLock(locks / f"{number:02x}.lock") for number in range(256)]
    for lock in held:
        lock.acquire()
    with ends_in_time():
        code = main(["rebalance", "--fund", "quant_paper", "--date", "2025-11-18", "--sample"])
    for lock in held:
        lock.release()
    assert code == 3
    assert "Another run has been requesting quant_paper on 2025-11-18" in capsys.readouterr().err
    assert fund_api.requested == []


def test_the_earlier_of_two_deadlines_holds() -> None:
    with time_limit(3600.0):
        with time_limit(60.0):
            assert seconds_left() <= 60.0
        with time_limit(86_400.0):
            assert seconds_left() <= 3600.0
    assert bounded(None) is None
    assert bounded(5.0) == 5.0


def test_after_the_deadline_waiting_is_an_error() -> None:
    with time_limit(0.0), pytest.raises(TimeoutError):
        bounded(5.0)


def test_a_bounded_call_returns_and_raises_as_the_function_does() -> None:
    assert call_bounded(SLACK, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        call_bounded(SLACK, divmod, 7, 0)
