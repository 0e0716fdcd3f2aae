from __future__ import annotations

import contextlib
import inspect
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests.exceptions
import urllib3.exceptions

from betaneutral_xl.errors import ChangedFormat, InputError, SourceError, Unreachable
from betaneutral_xl.network.stand_in import Api, Fault, Response, StandIn
from betaneutral_xl.network.transport import FAILURES, Request, Transport, failure_of

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings


def foreign(module: Any) -> list[type[BaseException]]:
    kinds = vars(module).values()
    return sorted(
        {
            kind
            for kind in kinds
            if inspect.isclass(kind) and issubclass(kind, Exception) and not issubclass(kind, Warning)
        },
        key=lambda kind: kind.__qualname__,
    )


@pytest.mark.parametrize(
    "kind",
    [kind for kind in foreign(requests.exceptions) if kind.__module__.startswith("requests")],
    ids=lambda kind: kind.__qualname__,
)
def test_every_exception_of_requests_is_translated(kind: type[BaseException]) -> None:
    assert f"{kind.__module__}.{kind.__qualname__}" in FAILURES


@pytest.mark.parametrize(
    "kind",
    [kind for kind in foreign(urllib3.exceptions) if kind.__module__.startswith("urllib3")],
    ids=lambda kind: kind.__qualname__,
)
def test_every_exception_of_urllib3_is_caught_and_translated(kind: type[BaseException]) -> None:
    assert issubclass(kind, urllib3.exceptions.HTTPError | OSError | ValueError)
    names = {f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__}
    assert names & set(FAILURES)


def test_the_table_has_existing_exceptions_only() -> None:
    kinds = {*foreign(requests.exceptions), *foreign(urllib3.exceptions), TimeoutError, OSError, ValueError}
    assert set(FAILURES) <= {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds}


def test_the_nearest_base_class_decides() -> None:
    class CustomTimeout(requests.exceptions.ConnectTimeout):
        pass

    assert failure_of(CustomTimeout()) is FAILURES["requests.exceptions.ConnectTimeout"]
    assert failure_of(requests.exceptions.SSLError()).transient is False
    assert failure_of(urllib3.exceptions.IncompleteRead(1, 2)).transient is True


@pytest.fixture
def pauses() -> list[float]:
    """Return the list of pauses, which are recorded instead of slept."""
    return []


def ask(stand_in: StandIn, **changes: Any) -> Request:
    fields = {"url": f"{stand_in.url}/health", "body": None, "accept": "application/json", "limit": 1000}
    return Request(**(fields | changes))


def test_each_pause_is_twice_as_long(
    fund_api: StandIn, settings_for: Callable[..., Settings], pauses: list[float]
) -> None:
    fund_api.fail(Fault.BAD_GATEWAY)
    reply = Transport(settings_for(fund_api, retries=3, backoff=0.5), pauses.append).send(ask(fund_api))
    assert reply.status == 502
    assert pauses == [0.5, 1.0, 2.0]
    assert len(fund_api.requested) == 4


def test_retries_can_be_turned_off(
    fund_api: StandIn, settings_for: Callable[..., Settings], pauses: list[float]
) -> None:
    fund_api.fail(Fault.RESET)
    with pytest.raises(Unreachable):
        Transport(settings_for(fund_api, retries=0), pauses.append).send(ask(fund_api))
    assert len(fund_api.requested) == 1
    assert pauses == []


def answering(fund_api: StandIn, monkeypatch: pytest.MonkeyPatch, response: Response) -> None:
    monkeypatch.setattr(Api, "answer", lambda *_: response)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", [7.0, 7.0]),
        ("0", [0.0, 0.0]),
        (format_datetime(datetime(2000, 1, 1, tzinfo=UTC), usegmt=True), [0.0, 0.0]),
        ("soon", [0.5, 1.0]),
        ("-1", [0.5, 1.0]),
        ("1e400", [0.5, 1.0]),
    ],
)
def test_retry_after_sets_the_pause(
    text: str,
    expected: list[float],
    fund_api: StandIn,
    settings_for: Callable[..., Settings],
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(fund_api, monkeypatch, Response(429, "text/plain", b"", {"Retry-After": text}))
    Transport(settings_for(fund_api, backoff=0.5), pauses.append).send(ask(fund_api))
    assert pauses == expected


def in_an_hour() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize("when", [lambda: "3600", in_an_hour], ids=["seconds", "date"])
def test_a_pause_beyond_the_total_time_out_ends_the_retries(
    when: Callable[[], str],
    fund_api: StandIn,
    settings_for: Callable[..., Settings],
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(fund_api, monkeypatch, Response(429, "text/plain", b"", {"Retry-After": when()}))
    reply = Transport(settings_for(fund_api), pauses.append).send(ask(fund_api))
    assert reply.retry_after == pytest.approx(3600, abs=60)
    assert pauses == []
    assert len(fund_api.requested) == 1


def test_a_refusal_is_read_up_to_its_maximum(
    fund_api: StandIn, settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(fund_api, monkeypatch, Response(500, "text/plain", b"x" * 100_000))
    reply = Transport(settings_for(fund_api)).send(ask(fund_api))
    assert (reply.status, len(reply.content)) == (500, 65_536)


def test_an_answer_of_the_limit_is_read_and_a_larger_one_is_not(
    fund_api: StandIn, settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(fund_api, monkeypatch, Response(200, "text/plain", b"x" * 1000))
    transport = Transport(settings_for(fund_api))
    assert len(transport.send(ask(fund_api)).content) == 1000
    with pytest.raises(ChangedFormat):
        transport.send(ask(fund_api, limit=999))


def test_the_connection_is_kept_between_requests(
    fund_api: StandIn, settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    look_up = socket.getaddrinfo

    def counting(host: str, *rest: Any) -> Any:
        opened.append(host)
        return look_up(host, *rest)

    monkeypatch.setattr("socket.getaddrinfo", counting)
    transport = Transport(settings_for(fund_api))
    for _ in range(3):
        transport.send(ask(fund_api))
    transport.close()
    assert len(opened) == 1


@pytest.fixture
def headers_seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []

    def answer(_: Api, method: str, path: str, authorization: str, body: bytes) -> Response:
        seen.append(authorization)
        return Response(200, "application/json", b"{}")

    monkeypatch.setattr(Api, "answer", answer)
    return seen


def test_the_token_is_sent_and_no_password_from_a_netrc(
    fund_api: StandIn,
    settings_for: Callable[..., Settings],
    headers_seen: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    transport = Transport(settings_for(fund_api))
    transport._session_for(ask(fund_api)).trust_env = True
    transport.send(ask(fund_api, token="abc"))  # noqa: S106 - a token for a test
    transport.send(ask(fund_api))
    assert headers_seen == ["Bearer abc", ""]


def test_no_proxy_is_used_for_this_machine(
    fund_api: StandIn,
    settings_for: Callable[..., Settings],
    headers_seen: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://192.0.2.1:9")
    assert Transport(settings_for(fund_api)).send(ask(fund_api)).status == 200


def test_a_request_does_not_show_its_token(fund_api: StandIn) -> None:
    assert "abc" not in repr(ask(fund_api, token="abc"))  # noqa: S106 - a token for a test


def test_an_invalid_address_is_refused(fund_api: StandIn, settings_for: Callable[..., Settings]) -> None:
    with pytest.raises(InputError, match=r"is not a valid address\. Check BETANEUTRAL_API_URL"):
        Transport(settings_for(fund_api)).send(ask(fund_api, url="ftp://example.org/"))


@pytest.fixture
def serving() -> Iterator[Callable[[bytes], str]]:
    """Return a function that starts a server which sends these bytes on every connection."""
    servers: list[socket.socket] = []

    def start(content: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(content)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    yield start
    for server in servers:
        with contextlib.suppress(OSError):  # Windows: a listening socket is not connected
            server.shutdown(socket.SHUT_RDWR)
        server.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not answer in valid HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "broke off in the middle of its answer"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "broke off in the middle of its answer",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "broke off in the middle of its answer",
        ),
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "does not answer in valid HTTP"),
    ],
    ids=["no HTTP", "short", "a chunk of no size", "a short chunk", "nothing", "an endless header"],
)
def test_an_invalid_answer_is_an_error(
    content: bytes,
    words: str,
    serving: Callable[[bytes], str],
    fund_api: StandIn,
    settings_for: Callable[..., Settings],
) -> None:
    with pytest.raises(SourceError, match=words):
        Transport(settings_for(fund_api, retries=1)).send(ask(fund_api, url=serving(content)))


def test_a_failed_tls_handshake_is_an_untrusted_certificate(
    serving: Callable[[bytes], str], fund_api: StandIn, settings_for: Callable[..., Settings]
) -> None:
    url = serving(b"HTTP/1.1 400 Bad Request\r\n\r\n").replace("http:", "https:")
    with pytest.raises(Unreachable, match="has no TLS certificate that this machine trusts"):
        Transport(settings_for(fund_api)).send(ask(fund_api, url=url))
