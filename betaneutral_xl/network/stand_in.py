"""A stand-in for the fund's web API on this machine, with fault injection.

For tests over real sockets, and to try the package without credentials. ``Api`` has the API's
answers as a pure function of the request; ``StandIn`` serves them on the loopback interface only,
and injects faults.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.network.silverfund import FUNDS
from betaneutral_xl.readers.covariance_csv import parse_covariance
from betaneutral_xl.readers.holdings_json import parse_holdings

HOST = "127.0.0.1"

FLEX = "/flex"
"""The path under which the Flex Web Service is."""

REFERENCE = "9876543210"
"""The reference code of the Flex Web Service's only statement."""

BENCHMARK = "IWV"
"""The last name of every covariance."""

MAX_BODY = 2**20
"""Maximum bytes of a request's body."""


class Fault(StrEnum):
    """A fault to inject."""

    SLOW = "slow"
    TRICKLE = "trickle"
    RESET = "reset"
    CUT_OFF = "cut-off"
    TRUNCATED = "truncated"
    HUGE = "huge"
    COMPRESSED = "compressed"
    HTML = "html"
    CONTENT_TYPE = "content-type"
    REDIRECT = "redirect"
    UNAUTHORISED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    UNPROCESSABLE = "422"
    RATE_LIMITED = "429"
    CRASH = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"


@dataclass(frozen=True, slots=True)
class Response:
    """Status, media type and body of an answer."""

    status: int
    media_type: str
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def _json(status: int, answer: object) -> Response:
    return Response(status, "application/json", json.dumps(answer).encode())


CRASH_ANSWER = Response(500, "text/plain; charset=utf-8", b"Internal Server Error")
WEB_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to go on.</body></html>\n"
)

FAULT_ANSWERS: Mapping[Fault, Callable[[Response], Response]] = {
    Fault.TRUNCATED: lambda good: Response(200, good.media_type, good.content[: len(good.content) // 2]),
    Fault.COMPRESSED: lambda good: Response(
        200, good.media_type, gzip.compress(good.content), {"Content-Encoding": "gzip"}
    ),
    Fault.HTML: lambda _: Response(200, "text/html; charset=utf-8", WEB_PAGE),
    Fault.CONTENT_TYPE: lambda good: Response(200, "application/octet-stream", good.content),
    Fault.REDIRECT: lambda _: Response(
        307, "text/html", b"", {"Location": "https://login.example.org/sign-in?then=holdings"}
    ),
    Fault.UNAUTHORISED: lambda _: _json(401, {"detail": "Missing or invalid Authorization header"}),
    Fault.FORBIDDEN: lambda _: _json(403, {"detail": "Forbidden"}),
    Fault.NOT_FOUND: lambda _: _json(404, {"detail": "Not Found"}),
    Fault.UNPROCESSABLE: lambda _: _invalid("start", "date_parsing", "Input should be a valid date"),
    Fault.RATE_LIMITED: lambda _: Response(
        429, "application/json", b'{"detail": "Too Many Requests"}', {"Retry-After": "0"}
    ),
    Fault.CRASH: lambda _: CRASH_ANSWER,
    Fault.BAD_GATEWAY: lambda _: Response(502, "text/html", b"<html>502 Bad Gateway</html>"),
    Fault.UNAVAILABLE: lambda _: Response(503, "text/html", b"<html>503 Service Unavailable</html>"),
    Fault.GATEWAY_TIMEOUT: lambda _: Response(504, "text/html", b"<html>504 Gateway Time-out</html>"),
}
"""Answers of faults; the other faults are in sending an answer."""


def _invalid(name: str, kind: str, message: str, value: object = None) -> Response:
    """Return FastAPI's 422."""
    loc = ["body", name] if name else ["body"]
    return _json(422, {"detail": [{"type": kind, "loc": loc, "msg": message, "input": value}]})


def _file(location: str) -> Provenance:
    return Provenance(source="stand-in", location=location, retrieval=Retrieval.FILE, as_of=None, rows=0)


class _InvalidError(Exception):
    """A field of a request, or its whole body, is invalid."""

    def __init__(self, *, kind: str, message: str, name: str = "", value: object = None) -> None:
        super().__init__(message)
        self.response = _invalid(name, kind, message, value)


@dataclass(frozen=True, slots=True)
class Api:
    """Answers of the fund's web API from fixed data."""

    books: Mapping[str, Mapping[str, Any]]
    """By fund, the answer of ``/all-holdings/summary`` for its only day."""
    covariance: str
    """The answer of ``/covariance-matrix/latest`` for all names, ``IWV`` last."""
    token: str = "demo"  # noqa: S105 - public, for a server that has no secrets
    """Required by requests for the covariance and for forecasts."""
    flex: FlexAnswers | None = None
    """The Flex Web Service beside it, under ``/flex``; None for none."""

    @classmethod
    def of_files(cls, holdings: bytes, covariance: bytes, token: str = "demo") -> Api:  # noqa: S107 - as above
        """Make the API from files of two of its answers, after parsing both."""
        fund = parse_holdings(holdings, _file("the holdings")).fund
        names = parse_covariance(covariance, _file("the covariance")).tickers
        text = covariance.decode("utf-8-sig")
        if not text.startswith("date,ticker,") or names[-1] != BENCHMARK:
            msg = f"The covariance does not have the API's header: date,ticker,<tickers>,{BENCHMARK}."
            raise InputError(msg)
        return cls({fund: json.loads(holdings)}, text, token)

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Response:
        """Return the API's answer to a request."""
        routes: Mapping[tuple[str, str], Callable[[bytes], Response]] = {
            ("GET", "/health"): lambda _: _json(200, {"status": "ok"}),
            ("POST", "/all-holdings/summary"): self._holdings,
            ("POST", "/portfolio/time-series"): self._time_series,
            ("POST", "/covariance-matrix/tickers"): lambda _: _json(200, {"tickers": self._names()}),
            ("POST", "/covariance-matrix/fund-tickers"): self._fund_tickers,
            ("POST", "/covariance-matrix/latest"): self._latest,
        }
        elsewhere = self._elsewhere(method, path, authorization)
        if elsewhere is not None:
            return elsewhere
        if (method, path) not in routes:
            exists = any(path == route for _, route in routes)
            status, detail = (405, "Method Not Allowed") if exists else (404, "Not Found")
            return _json(status, {"detail": detail})
        if path == "/covariance-matrix/latest" and authorization != f"Bearer {self.token}":
            return FAULT_ANSWERS[Fault.UNAUTHORISED](CRASH_ANSWER)
        try:
            return routes[method, path](body)
        except _InvalidError as error:
            return error.response
        except LookupError:  # an unknown fund or ticker, which the API does not check
            return CRASH_ANSWER

    def _holdings(self, body: bytes) -> Response:
        request = _fields(body, fund=str, start=date, end=date)
        if request["fund"] not in FUNDS:
            return CRASH_ANSWER
        book = self.books[request["fund"]]
        return _json(200, {**book, **request, "holdings": _rows(book, request)})

    def _time_series(self, body: bytes) -> Response:
        request = _fields(body, fund=str, start=date, end=date)
        book = self.books[request["fund"]]
        value = sum(row["value"] for row in book["holdings"] if row["active"])
        record = {"date": book["end"], "value": value, "return_": None}
        return _json(200, {"records": [record] if _rows(book, request) else []})

    def _fund_tickers(self, body: bytes) -> Response:
        book = self.books[_fields(body, fund=str)["fund"]]
        held = {row["ticker"].replace(" ", ".") for row in book["holdings"] if row["active"]}
        return _json(200, {"tickers": sorted(held & set(self._names()))})

    def _latest(self, body: bytes) -> Response:
        names = [*sorted(set(_fields(body, tickers=list)["tickers"]) - {BENCHMARK}), BENCHMARK]
        all_names = [*self._names(), BENCHMARK]
        places = [all_names.index(name) if name in all_names else _missing(name) for name in names]
        table = [line.split(",") for line in self.covariance.splitlines()]
        rows = [["date", "ticker", *names]]
        rows += [[*table[1 + i][:2], *(table[1 + i][2 + j] for j in places)] for i in places]
        return Response(
            200, "text/csv; charset=utf-8", "".join(",".join(row) + "\n" for row in rows).encode()
        )

    def _elsewhere(self, method: str, path: str, authorization: str) -> Response | None:
        """Return the answer to a request whose path has a parameter; None for another one."""
        if self.flex is not None and path.startswith(f"{FLEX}/"):
            return self.flex.answer(method, path.removeprefix(FLEX))
        if method == "GET" and path.startswith("/risk_forecast/"):
            return self._forecast(path.removeprefix("/risk_forecast/"), authorization)
        return None

    def _forecast(self, fund: str, authorization: str) -> Response:
        """Return the fund's forecast from its holdings and the covariance, against the benchmark."""
        if authorization != f"Bearer {self.token}":
            return FAULT_ANSWERS[Fault.UNAUTHORISED](CRASH_ANSWER)
        if fund not in self.books:
            return CRASH_ANSWER
        risk = parse_covariance(self.covariance.encode(), _file("the covariance"))
        rows = [one for one in self.books[fund]["holdings"] if one["active"]]
        total = sum(row["value"] for row in rows)
        held = {row["ticker"].replace(" ", "."): row["value"] / total for row in rows}
        known = {name: weight for name, weight in held.items() if name in risk}
        weights = np.array([known.get(name, 0.0) for name in risk.tickers])
        benchmark = np.array([float(name == BENCHMARK) for name in risk.tickers])
        active, matrix = weights - benchmark, risk.form.dense()
        return _json(
            200,
            {
                "tickers": list(known),
                "weights": list(known.values()),
                "volatility": float(weights @ matrix @ weights) ** 0.5,
                "beta": float(weights @ matrix @ benchmark) / float(benchmark @ matrix @ benchmark),
                "tracking_error": float(active @ matrix @ active) ** 0.5,
            },
        )

    def _names(self) -> list[str]:
        return self.covariance.partition("\n")[0].rstrip("\r").split(",")[2:-1]


@dataclass(slots=True)
class FlexAnswers:
    """Answers of Interactive Brokers' Flex Web Service for one query."""

    statement: bytes
    """The statement, XML or CSV."""
    token: str = "1234567890"  # noqa: S105 - public, as that of the stand-in's API
    query: str = "123456"
    """Which it requires."""
    codes: list[str] = field(default_factory=list)
    """Codes that are answered before anything else, each once: ``1019`` is a statement that is not ready."""

    def answer(self, method: str, target: str) -> Response:
        """Return the answer to a request for a path with its parameters."""
        path, _, text = target.partition("?")
        given = {key: values[0] for key, values in parse_qs(text).items()}
        if method != "GET" or path not in {"/SendRequest", "/GetStatement"}:
            return Response(404, "text/html", b"<html>404 Not Found</html>")
        error = self._error(path, given)
        if error:
            return _flex_error(*error)
        if path == "/SendRequest":
            return _flex(f"<Status>Success</Status>\n<ReferenceCode>{REFERENCE}</ReferenceCode>")
        media = "text/xml" if self.statement.lstrip().startswith(b"<") else "text/csv"
        return Response(200, f"{media};charset=UTF-8", self.statement)

    def _error(self, path: str, given: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the code and the message of a request that is refused; None for a good one."""
        first = path == "/SendRequest"
        if given.get("t") != self.token:
            return "1015", "Token is invalid."
        if given.get("v") != "3":
            return "1020", "Invalid request or unable to validate request."
        if self.codes:
            return self.codes.pop(0), "As was asked for."
        if given.get("q") != (self.query if first else REFERENCE):
            return ("1014", "Query is invalid.") if first else ("1017", "Reference code is invalid.")
        return None


def _flex(body: str) -> Response:
    stamp = "18 November, 2025 09:00 AM EST"
    text = f"<FlexStatementResponse timestamp='{stamp}'>\n{body}\n</FlexStatementResponse>"
    return Response(200, "text/xml;charset=UTF-8", text.encode())


def _flex_error(code: str, message: str) -> Response:
    status = "Warn" if code == "1019" else "Fail"
    fields = {"Status": status, "ErrorCode": code, "ErrorMessage": message}
    return _flex("\n".join(f"<{name}>{text}</{name}>" for name, text in fields.items()))


def _missing(name: str) -> int:
    raise LookupError(name)


def _rows(book: Mapping[str, Any], request: Mapping[str, Any]) -> list[Any]:
    return list(book["holdings"]) if request["start"] <= book["end"] <= request["end"] else []


def _fields(body: bytes, **kinds: type) -> dict[str, Any]:
    """Return the fields of a request, validated as by FastAPI."""
    if not body:
        raise _InvalidError(kind="missing", message="Field required")
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise _InvalidError(kind="json_invalid", message="JSON decode error") from None
    if not isinstance(fields, dict):
        raise _InvalidError(
            kind="model_attributes_type", message="Input should be a valid dictionary", value=fields
        )
    for name, kind in kinds.items():
        if name not in fields:
            raise _InvalidError(kind="missing", message="Field required", name=name, value=fields)
        value = fields[name]
        if kind is date:
            _require_date(name, value)
        elif not isinstance(value, kind):
            what = "string" if kind is str else "list"
            message = f"Input should be a valid {what}"
            raise _InvalidError(kind=f"{what}_type", message=message, name=name, value=value)
    return {name: fields[name] for name in kinds}


def _require_date(name: str, value: object) -> None:
    try:
        date.fromisoformat(value)  # type: ignore[arg-type] # other types raise TypeError
    except (TypeError, ValueError):
        message = "Input should be a valid date or datetime"
        raise _InvalidError(
            kind="date_from_datetime_parsing", message=message, name=name, value=value
        ) from None


@dataclass(slots=True)
class _PlannedFault:
    """A fault to inject: for one path or all, a number of times or always."""

    fault: Fault
    path: str
    times: int | None


class StandIn:
    """The stand-in on a port of this machine, 0 for any free one; use it in a ``with`` block.

    ``log`` is called with one line per request, without secrets. ``delay`` is the seconds before the answer
    of ``slow``, and between two bytes of ``trickle``.
    """

    def __init__(
        self, api: Api, port: int = 0, log: Callable[[str], None] = lambda _: None, delay: float = 60.0
    ) -> None:
        self.api = api
        self.log = log
        self.delay = delay
        self.requested: list[str] = []
        self.closing = threading.Event()
        self._planned: list[_PlannedFault] = []
        self._lock = threading.Lock()
        try:
            self._server = _Server((HOST, port), self)
        except (OSError, OverflowError):
            msg = f"Port {port} of this machine cannot be used. Choose another."
            raise InputError(msg) from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address, for BETANEUTRAL_API_URL."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def fail(self, fault: Fault, path: str = "", times: int | None = None) -> Self:
        """Inject a fault: on one path or all, a number of times or always."""
        self._planned.append(_PlannedFault(fault, path, times))
        return self

    def recover(self) -> None:
        """Remove all injected faults."""
        self._planned.clear()

    def close(self) -> None:
        """Stop the server and release the port."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next_fault(self, path: str) -> Fault | None:
        """Record a request to a path, and return the fault to inject, if any."""
        with self._lock:
            self.requested.append(path)
            for planned in self._planned:
                if planned.path in {"", path} and planned.times != 0:
                    if planned.times is not None:
                        planned.times -= 1
                    return planned.fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # where it lets two servers share a port
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect, which some faults cause."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # passed on


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "StandIn", ""
    timeout = 30
    disable_nagle_algorithm = True  # else every answer is delayed by 40 ms
    server: _Server
    _SENDING_FAULTS: ClassVar = {Fault.SLOW, Fault.TRICKLE, Fault.RESET, Fault.CUT_OFF, Fault.HUGE}

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Do nothing; the stand-in has its own log."""

    def _answer(self) -> None:
        stand_in = self.server.stand_in
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            self._send(_json(413, {"detail": "Request Entity Too Large"}))
            return
        body = self.rfile.read(length)
        path = self.path.partition("?")[0]  # the rest may have a token
        fault = stand_in.next_fault(path)
        good = stand_in.api.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
        response = FAULT_ANSWERS[fault](good) if fault is not None and fault in FAULT_ANSWERS else good
        stand_in.log(f"{self.command} {path} {fault if fault in self._SENDING_FAULTS else response.status}")
        match fault:
            case Fault.SLOW:
                stand_in.closing.wait(stand_in.delay)
                self._send(response)
            case Fault.TRICKLE:
                self._trickle(response)
            case Fault.RESET:
                self._reset()
            case Fault.CUT_OFF:
                self._head(response)
                self.wfile.write(response.content[: len(response.content) // 2])
                self.close_connection = True
            case Fault.HUGE:
                self._flood(response)
            case _:
                self._send(response)

    def _head(self, response: Response, **extra: str) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.media_type)
        sizes = extra or {"Content-Length": str(len(response.content))}
        for name, value in {**response.headers, **sizes}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, response: Response) -> None:
        self._head(response)
        self.wfile.write(response.content)

    def _trickle(self, response: Response) -> None:
        self._head(response)
        for byte in response.content:
            if self.server.stand_in.closing.wait(self.server.stand_in.delay):
                break
            self.wfile.write(bytes([byte]))
        self.close_connection = True

    def _flood(self, response: Response) -> None:
        """Send blanks until the client disconnects."""
        self._head(response, **{"Transfer-Encoding": "chunked"})
        blanks = b"%x\r\n%s\r\n" % (2**16, b" " * 2**16)
        while not self.server.stand_in.closing.is_set():
            self.wfile.write(blanks)
        self.close_connection = True

    def _reset(self) -> None:
        """Reset the connection instead of closing it."""
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        for stream in (self.rfile, self.wfile, self.connection):
            stream.close()
        raise ConnectionAbortedError
