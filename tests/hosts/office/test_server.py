"""Who may ask, who may not, and what happens to a server: a port in use, its end, an old certificate."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from office_browser import AddIn, run

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.office import certificate, guard, server
from betaneutral_xl.hosts.office.application import application
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.hosts.sheets.session import Session

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CALL = json.dumps({"id": 1, "batch": [["BN_VERSION", []]]})

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and signals are POSIX")


Answer = tuple[int, str, dict[str, str]]
"""Status, text and headers."""


def posted(place: Place, path: str = "talk", body: str = CALL, **headers: str) -> Answer:
    """Return status, text and headers of the answer to a request of the page, with some headers changed."""
    own = {
        "host": f"localhost:{place.port}",
        "origin": place.origin,
        "content-type": "application/json",
        "sec-fetch-site": "same-origin",
    }
    sent = {name: value for name, value in {**own, **headers}.items() if value}
    return requested(place, "POST", f"/{place.secret}/{path}", body, sent)


def requested(place: Place, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
    """Send a request over TLS with a checked certificate."""
    context = ssl.create_default_context(cafile=str(place.certificate))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    connection = HTTPSConnection("127.0.0.1", place.port, timeout=20, context=context)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body is not None and "content-length" not in headers:
        connection.putheader("content-length", str(len(body)))
    connection.endheaders(body.encode() if body else None)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}


# ---------------------------------------------------------------- who may ask


def test_the_page_itself_is_answered(place: Place) -> None:
    status, text, _ = posted(place)
    assert status == 200
    assert json.loads(text.splitlines()[0])["rows"][0][0].startswith("betaneutral_xl ")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"host": "evil.example:{port}", "origin": "https://evil.example:{port}"}, 403),
        ({"host": "localhost"}, 403),
        ({"host": "localhost.evil.example:{port}"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://localhost:{port}"}, 403),
        ({"origin": "https://127.0.0.1:{port}"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": ""}, 415),
        ({"content-length": str(guard.MAX_BODY + 1)}, 413),
        ({"content-length": "-1"}, 400),
    ],
)
def test_what_does_not_come_from_the_page_is_refused(
    place: Place, changed: dict[str, str], status: int
) -> None:
    headers = {name: value.format(port=place.port) for name, value in changed.items()}
    body = CALL if "content-length" not in headers else ""
    assert posted(place, body=body, **headers)[0] in {status, 413 if status == 400 else status}


@pytest.mark.parametrize(
    "path", ["/", "/talk", "/wrong/taskpane.html", "/{short}/taskpane.html", "/favicon.ico"]
)
def test_whoever_does_not_know_the_secret_finds_nothing(place: Place, path: str) -> None:
    found = path.format(short=place.secret[:-1])
    status, text, _ = requested(place, "GET", found, None, {"host": f"localhost:{place.port}"})
    assert (status, text) == (404, "There is nothing here.")


@pytest.mark.parametrize(
    "path", ["../../pyproject.toml", "%2e%2e/%2e%2e/guard.py", "..%2fguard.py", "office/../../server.json"]
)
def test_no_path_leads_out_of_the_folder_of_the_page(place: Place, path: str) -> None:
    headers = {"host": f"localhost:{place.port}"}
    assert requested(place, "GET", f"/{place.secret}/{path}", None, headers)[0] == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_get_and_post_are_understood(place: Place, method: str) -> None:
    headers = {"host": f"localhost:{place.port}", "origin": "https://evil.example"}
    status, _, answered = requested(place, method, f"/{place.secret}/talk", None, headers)
    assert status == 405
    assert not [name for name in answered if name.startswith("access-control")]


def test_every_answer_forbids_what_a_page_does_not_need(place: Place) -> None:
    for path in ("taskpane.html", "functions.json", "main.js", "icons/pane-32.png"):
        _, _, headers = requested(
            place, "GET", f"/{place.secret}/{path}", None, {"host": f"localhost:{place.port}"}
        )
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("body", ["", "[]", "nonsense", "{}", '{"id": 1, "answer": {}}', "[" * 100_000])
def test_a_message_that_is_none_is_refused_and_no_defect(place: Place, body: str) -> None:
    status, text, _ = posted(place, body=body)
    assert status in {200, 400}
    assert "Traceback" not in text


@pytest.mark.parametrize("body", ["{}", '{"file": "", "names": 1, "areas": []}', '{"file": 1}'])
def test_a_question_about_a_file_that_is_none_is_refused(place: Place, body: str) -> None:
    assert posted(place, "file/read", body)[0] == 400
    assert posted(place, "file/delete", body)[0] == 400


def test_only_what_a_button_has_written_is_opened(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    status, text, _ = posted(place, "open", json.dumps({"file": str(secret)}))
    assert status == 200
    assert json.loads(text) == {"error": "No button of this pane has written that file."}


def test_only_workbooks_are_given_and_taken(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    assert "is not a workbook" in posted(place, "file/get", json.dumps({"file": str(secret)}))[1]
    for name in ("../../evil.txt", "x.exe", "", ".xlsx"):
        body = json.dumps({"name": name, "content": "UEs="})
        assert "is not a" in posted(place, "file/put", body)[1]
    body = json.dumps({"name": "../../escaped.xlsx", "content": "UEs="})
    assert "escaped.xlsx is not a readable workbook" in posted(place, "file/put", body)[1]
    assert not list(place.folder.parent.glob("**/escaped.xlsx"))
    assert posted(place, "file/put", json.dumps({"name": "a.xlsx", "content": "no base64!"}))[0] == 400


def test_the_server_answers_on_this_machine_alone(place: Place) -> None:
    others = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {
        "127.0.0.1",
        "127.0.1.1",
    }
    for address in others:
        with socket.socket() as one:
            one.settimeout(2)
            assert one.connect_ex((address, place.port)) != 0, address


def test_plain_http_gets_no_answer(place: Place) -> None:
    with socket.create_connection(("127.0.0.1", place.port), timeout=5) as connection:
        connection.sendall(f"GET /{place.secret}/taskpane.html HTTP/1.1\r\n\r\n".encode())
        try:
            answer = connection.recv(100)
        except OSError:
            answer = b""
    assert not answer.startswith(b"HTTP/")


@POSIX
def test_other_users_of_the_machine_can_read_neither_key_nor_secret(place: Place) -> None:
    for file in (place.key, place.certificate, place.folder / "server.json", place.folder / "manifest.xml"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert place.secret not in repr(place)
    with_secret = [line for line in _command_lines() if place.secret in line]
    assert with_secret == []


def _command_lines() -> list[str]:
    import psutil

    return [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]


def test_another_site_in_the_browser_reads_and_orders_nothing(browser: Browser, place: Place) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("https://evil.example/**", lambda route: route.fulfill(content_type="text/html", body="<p>"))
    page.goto("https://evil.example/")
    tried: list[str] = page.evaluate(
        """async ([base, body]) => {
            const json = { "Content-Type": "application/json" };
            const tries = [
                ["GET", {}],
                ["GET", { mode: "no-cors" }],
                ["POST", { headers: json, body }],
                ["POST", { mode: "no-cors", headers: { "Content-Type": "text/plain" }, body }],
            ];
            const found = [];
            for (const [method, init] of tries) {
                const path = method === "GET" ? "/pane.json" : "/talk";
                const tried = fetch(base + path, { method, ...init });
                found.push(await tried.then((one) => `${one.type} ${one.status}`, (error) => error.message));
            }
            return found;
        }""",
        [place.base, CALL],
    )
    context.close()
    assert all(one == "opaque 0" or "Failed" in one for one in tried), tried


def test_a_page_of_another_site_cannot_frame_the_pane(browser: Browser, place: Place) -> None:
    context = browser.new_context()
    context.grant_permissions(["local-network-access"], origin="https://evil.example")
    page = context.new_page()
    frame = f'<iframe src="{place.base}/taskpane.html"></iframe>'
    page.route("https://evil.example/**", lambda route: route.fulfill(content_type="text/html", body=frame))
    logged: list[str] = []
    page.on("console", lambda message: logged.append(message.text))
    page.goto("https://evil.example/")
    page.wait_for_timeout(500)
    assert all(one.url.startswith(("https://evil", "chrome-error", "about:")) for one in page.frames)
    context.close()


# ---------------------------------------------------------------- a server's life


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Place]:
    """Return a place with a certificate, whose server is not started."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    found = Place.make(tmp_path / "office", port)
    certificate.make(found.certificate, found.key)
    yield found
    server.end(found)


def test_a_port_in_use_is_named_with_its_program_and_the_way_out(own: Place) -> None:
    with socket.create_server(("127.0.0.1", own.port)):
        with pytest.raises(HostError, match=f"Port {own.port} is used by .*--port {own.port + 1}"):
            server.serve(own, Session())
        assert not server.is_free(own.port)
        assert server.running(own) is None
    assert server.is_free(own.port)


def test_another_program_on_the_port_does_not_learn_the_secret(own: Place, tmp_path: Path) -> None:
    other = Place.make(tmp_path / "other", own.port)
    certificate.make(other.certificate, other.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(other.certificate, other.key)
    received: list[bytes] = []
    import threading

    with socket.create_server(("127.0.0.1", own.port)) as listening:

        def listen() -> None:
            connection, _ = listening.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    received.append(secure.recv(4096))
            except OSError:
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        assert server.running(own) is None
        thread.join()
    assert own.secret.encode() not in b"".join(received)


def test_a_certificate_that_has_ended_is_told_before_the_start(own: Place) -> None:
    certificate.make(own.certificate, own.key, datetime.now(UTC) - timedelta(days=certificate.DAYS + 1))
    with pytest.raises(HostError, match=r"ended on \d{4}-\d\d-\d\d. Run: betaneutral-xl office install"):
        server.serve(own, Session())
    own.certificate.unlink()
    with pytest.raises(HostError, match="no certificate"):
        server.serve(own, Session())


def test_a_certificate_is_due_a_month_before_its_end() -> None:
    ends = datetime(2028, 1, 31, tzinfo=UTC)
    one = certificate.Certificate(ends, "")
    assert not one.is_due(ends - timedelta(days=31))
    assert one.is_due(ends - timedelta(days=29))
    assert not one.has_ended(ends - timedelta(days=29))
    assert one.has_ended(ends + timedelta(seconds=1))


def test_a_certificate_can_sign_nothing_and_is_for_this_machine_alone(own: Place) -> None:
    from cryptography import x509

    found = x509.load_pem_x509_certificate(own.certificate.read_bytes())
    basic = found.extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert not basic.ca
    assert not usage.key_cert_sign
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert all(one.is_loopback for one in names.get_values_for_type(x509.IPAddress))
    assert (found.not_valid_after_utc - found.not_valid_before_utc).days <= 825


def test_a_body_without_a_length_stops_at_the_limit(own: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr(guard, "MAX_BODY", 1000)
    app = application(own, Session(), lambda: None)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 400, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"host": f"localhost:{own.port}", "origin": own.origin, "content-type": "application/json"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/{own.secret}/talk",
        "raw_path": b"",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def answered() -> None:
        await app(scope, receive, send)

    with ThreadPoolExecutor(1) as pool:  # the browser's tests have a loop on this thread
        pool.submit(lambda: asyncio.run(answered())).result()
    assert sent[0]["status"] == 413


@POSIX
def test_a_server_that_slept_answers_when_it_wakes(add_in: AddIn, place: Place) -> None:
    pid = _server_pid(place)
    os.kill(pid, signal.SIGSTOP)
    try:
        add_in.page.evaluate("void (window.later = excel.call([['BN_VERSION', []]]))")
        time.sleep(0.3)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert add_in.page.evaluate("async () => (await window.later)[0].value[0][0]").startswith(
        "betaneutral_xl "
    )


def test_a_server_that_ended_is_told_in_each_cell_and_a_new_one_answers_at_once(
    add_in: AddIn, place: Place, home: Path
) -> None:
    assert server.end(place)
    try:
        assert "office serve" in add_in.call("BN_VERSION")[0][0]
        assert "office serve" in add_in.press("rebalance")
    finally:
        run(home, "office", "install", "--no-login")
    assert add_in.call("BN_VERSION")[0][0].startswith("betaneutral_xl ")
    assert "Beta to JHAI" in add_in.press("rebalance")


def _server_pid(place: Place) -> int:
    import psutil

    return next(
        int(one.pid or 0)
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == place.port
    )
