"""HTTP requests of bounded time and size, with retries and translated errors.

Transient failures are retried a few times: no connection, an incomplete answer, statuses 429 and
502 to 504. All requests are idempotent, so retrying is safe.

``Settings.total_timeout`` is for all of it: name resolution, connecting, the TLS handshake, proxies,
reads and writes, pauses and retries (see ``time_limit`` and ``bounded_http``).
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from betaneutral_xl.errors import BetaNeutralError, ChangedFormat, InputError, Refused, Unreachable
from betaneutral_xl.network.time_limit import bounded, seconds_left, time_limit

if TYPE_CHECKING:
    import requests

    from betaneutral_xl.system.settings import Settings

RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})
"""Statuses of transient failures."""

FIRST_FAILURE = 300
"""From this status on the body is not an answer, but at most a reason."""

CHUNK = 2**16
"""Bytes per read."""

MAX_REASON = 2**16
"""Maximum bytes to read of the body of a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request.

    ``body`` is JSON to POST, None for a GET; ``accept`` is the accepted media type, ``limit`` the
    maximum bytes of a good answer; ``token`` is sent as a bearer token; ``secrets`` are parameters of the
    address that no message, repr or log may show.
    """

    url: str
    body: str | None
    accept: str
    limit: int
    token: str = field(default="", repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def host(self) -> str:
        """Host and port, the part of the address that messages may show."""
        return host_of(self.url)


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer of any status.

    ``redirect`` is the host of a redirection, ``retry_after`` the seconds to wait before a retry.
    """

    status: int
    media_type: str
    content: bytes
    redirect: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Translation of a foreign exception: message after the host, whether it is transient, our error."""

    message: str
    transient: bool = False
    error: type[BetaNeutralError] = Unreachable


_NO_CONNECTION = Failure("cannot be reached", transient=True)
_NO_CONNECTION_IN_TIME = Failure("did not accept a connection in time", transient=True)
_CLOSED = Failure("closed the connection without an answer", transient=True)
_NO_ANSWER_IN_TIME = Failure("did not answer in time")
_NO_END_IN_TIME = Failure("did not finish its answer in time")
_BROKE_OFF = Failure("broke off in the middle of its answer", transient=True)
_PROXY = Failure("cannot be reached through the proxy that is set on this machine")
_UNTRUSTED = Failure("has no TLS certificate that this machine trusts")
_INVALID_URL = Failure("is not a valid address", error=InputError)
_OTHER = Failure("could not be queried")
_NOT_HTTP = Failure("does not answer in valid HTTP", error=ChangedFormat)

FAILURES: Mapping[str, Failure] = {
    "requests.exceptions.ConnectionError": _NO_CONNECTION,
    "requests.exceptions.ConnectTimeout": _NO_CONNECTION_IN_TIME,
    "requests.exceptions.Timeout": _NO_ANSWER_IN_TIME,
    "requests.exceptions.ReadTimeout": _NO_ANSWER_IN_TIME,
    "requests.exceptions.ChunkedEncodingError": _BROKE_OFF,
    "requests.exceptions.ProxyError": _PROXY,
    "requests.exceptions.InvalidProxyURL": _PROXY,
    "requests.exceptions.SSLError": _UNTRUSTED,
    "requests.exceptions.URLRequired": _INVALID_URL,
    "requests.exceptions.MissingSchema": _INVALID_URL,
    "requests.exceptions.InvalidSchema": _INVALID_URL,
    "requests.exceptions.InvalidURL": _INVALID_URL,
    "requests.exceptions.InvalidHeader": _OTHER,
    "requests.exceptions.TooManyRedirects": _NOT_HTTP,
    "requests.exceptions.ContentDecodingError": _NOT_HTTP,
    "requests.exceptions.InvalidJSONError": _NOT_HTTP,
    "requests.exceptions.JSONDecodeError": _NOT_HTTP,
    "requests.exceptions.HTTPError": _OTHER,
    "requests.exceptions.RetryError": _OTHER,
    "requests.exceptions.StreamConsumedError": _OTHER,
    "requests.exceptions.UnrewindableBodyError": _OTHER,
    "requests.exceptions.RequestException": _OTHER,
    # The body is read from urllib3 directly, so its exceptions are not wrapped by requests.
    "urllib3.exceptions.ReadTimeoutError": _NO_END_IN_TIME,
    "urllib3.exceptions.SSLError": _BROKE_OFF,
    "urllib3.exceptions.ProtocolError": _BROKE_OFF,
    "urllib3.exceptions.IncompleteRead": _BROKE_OFF,
    "urllib3.exceptions.InvalidChunkLength": _BROKE_OFF,
    "urllib3.exceptions.ProxySchemeUnsupported": _PROXY,
    "urllib3.exceptions.HTTPError": _OTHER,
    "builtins.TimeoutError": _NO_ANSWER_IN_TIME,
    "builtins.OSError": _OTHER,
    "builtins.ValueError": _OTHER,
}
"""Failures by class name of the foreign exceptions that a request can raise."""

CONNECTION_FAILURES: Mapping[str, Failure] = {
    "urllib3.exceptions.NewConnectionError": _NO_CONNECTION,
    "builtins.ConnectionResetError": _CLOSED,
    "builtins.ConnectionAbortedError": _CLOSED,
    "builtins.BrokenPipeError": _CLOSED,
    "builtins.TimeoutError": _NO_ANSWER_IN_TIME,
    "http.client.HTTPException": _NOT_HTTP,
}
"""Failures by the exception that a ``ConnectionError`` of requests wraps."""

REASONS: Mapping[type[OSError], str] = {
    ConnectionRefusedError: "the connection was refused",
    socket.gaierror: "its host name could not be resolved",
}
"""Reasons why there was no connection, in the same words on every system."""


class Transport:
    """Sends requests one by one over a connection that is kept open; ``pause`` waits a number of seconds."""

    def __init__(self, settings: Settings, pause: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._pause = pause
        self._session: requests.Session | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def send(self, request: Request) -> Reply:
        """Send a request, retry transient failures, and return the reply of any status.

        Raises ``Unreachable`` if there is no answer in time, ``ChangedFormat`` if it is larger than the
        limit, or compressed without being requested so, and ``InputError`` if the address is invalid.
        """
        with time_limit(self._settings.total_timeout):
            return self._send(request)

    def _send(self, request: Request) -> Reply:
        from urllib3.exceptions import HTTPError

        pause = self._settings.backoff
        for attempt in count(1):
            wait = pause
            try:
                reply = self._send_once(request)
            except (OSError, ValueError, HTTPError) as error:  # requests raises OSErrors
                failure = failure_of(error)
                if not (failure.transient and self._may_retry(attempt, wait)):
                    raise _translated(error, failure, request.host, attempt) from error
            else:
                if reply.retry_after is not None:
                    wait = reply.retry_after
                if not (reply.status in RETRYABLE_STATUSES and self._may_retry(attempt, wait)):
                    return reply
            self._pause(wait)
            pause *= 2.0
        raise AssertionError  # pragma: no cover - the loop is infinite

    def _may_retry(self, attempt: int, wait: float) -> bool:
        return attempt <= self._settings.retries and wait < seconds_left()

    def _send_once(self, request: Request) -> Reply:
        headers = {
            "Accept": request.accept,
            "Accept-Encoding": "identity",  # the size of compressed content is unknown
            "User-Agent": "betaneutral-xl",
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        response = self._session_for(request).request(
            "GET" if request.body is None else "POST",
            request.url,
            params=request.secrets or None,
            data=request.body and request.body.encode(),
            headers=headers,
            auth=_bearer(request.token),
            timeout=(bounded(self._settings.connect_timeout), self._settings.read_timeout),
            allow_redirects=False,  # another host must not get the token
            stream=True,
        )
        with response:
            return _read(response, request.host, request.limit)

    def _session_for(self, request: Request) -> requests.Session:
        if self._session is None:
            # 0.15 s to import, and most runs need no network
            from betaneutral_xl.network.bounded_http import BoundedSession

            self._session = BoundedSession()
            # No proxy for requests to this machine.
            self._session.trust_env = request.url.startswith("https:")
        return self._session


def usual_refusal(reply: Reply, host: str, variable: str) -> BetaNeutralError | None:
    """Return the error of a status that means the same of every service; None for another one.

    ``variable`` is the environment variable with the service's address.
    """
    match reply.status:
        case status if 300 <= status < 400:  # noqa: PLR2004 - redirections
            return ChangedFormat(
                f"{host} redirects to {reply.redirect or 'no valid host'} ({status}), which is not followed. "
                f"Check {variable}."
            )
        case 429:
            wait = f"in {reply.retry_after:,.0f} s" if reply.retry_after else "later"
            return Refused(f"{host} received too many requests (429). Try again {wait}.")
        case status if status in RETRYABLE_STATUSES:
            return Unreachable(f"{host} is down or behind a gateway that fails ({status}). Try again later.")
        case _:
            return None


def failure_of(error: BaseException) -> Failure:
    """Look up the failure of an exception by its class, else by its nearest base class."""
    failure = _looked_up(error, FAILURES) or _OTHER
    if failure is not _NO_CONNECTION:
        return failure
    wrapped = (_looked_up(layer, CONNECTION_FAILURES) for layer in _layers(error))
    return next((one for one in wrapped if one is not None), failure)


def _looked_up(error: BaseException, failures: Mapping[str, Failure]) -> Failure | None:
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((failures[name] for name in names if name in failures), None)


def _layers(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps, outermost first."""
    layers: list[object] = [error]
    for layer in layers:
        if isinstance(layer, BaseException):
            yield layer
            inner = (*layer.args, getattr(layer, "reason", None), layer.__cause__, layer.__context__)
            layers.extend(one for one in inner if one is not None and one not in layers)


def host_of(url: str) -> str:
    """Return an address's host and port, the part that messages may show."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _translated(error: BaseException, failure: Failure, host: str, attempts: int) -> BetaNeutralError:
    reason = _reason(error) if failure is _NO_CONNECTION else ""
    tried = f" (tried {attempts} times)" if attempts > 1 else ""
    check = "BETANEUTRAL_API_URL" if failure is _INVALID_URL else "the network or VPN, or try again later"
    return failure.error(f"{host} {failure.message}{reason}{tried}. Check {check}.")


def _reason(error: BaseException) -> str:
    """Return the operating system's error among the wrapped ones, in words."""
    found = (words for layer in _layers(error) for kind, words in REASONS.items() if isinstance(layer, kind))
    return next((f": {words}" for words in found), "")


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Return an ``auth`` that sets the token or nothing; without one, requests reads a .netrc."""

    def authorise(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorise


def _read(response: requests.Response, host: str, limit: int) -> Reply:
    headers = response.headers
    content = (
        _reason_body(response) if response.status_code >= FIRST_FAILURE else _body(response, host, limit)
    )
    return Reply(
        status=response.status_code,
        media_type=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        content=content,
        redirect=_redirect(headers.get("Location", "")) if response.is_redirect else "",
        retry_after=_retry_after(headers.get("Retry-After", "")),
    )


def _body(response: requests.Response, host: str, limit: int) -> bytes:
    if _is_compressed(response):
        msg = f"{host} sent a compressed answer, which was not requested. Check for a proxy in between."
        raise ChangedFormat(msg)
    content = bytearray()
    while piece := response.raw.read1(CHUNK, decode_content=False):
        content += piece
        if len(content) > limit:
            msg = (
                f"{host} sent more than {limit:,} bytes, so the rest is not read. "
                "Request less, or try again later."
            )
            raise ChangedFormat(msg)
    return bytes(content)


def _reason_body(response: requests.Response) -> bytes:
    """Read the start of a failure's body; errors are suppressed, as the status is known."""
    from urllib3.exceptions import HTTPError

    content = bytearray()
    with contextlib.suppress(OSError, ValueError, HTTPError):
        while len(content) < MAX_REASON and not _is_compressed(response):
            piece = response.raw.read1(MAX_REASON - len(content), decode_content=False)
            if not piece:
                break
            content += piece
    return bytes(content)


def _is_compressed(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity").lower() != "identity"


def _redirect(location: str) -> str:
    """Return the host of a redirection, empty if it is not a valid one."""
    with contextlib.suppress(ValueError):  # an unclosed bracket
        host = host_of(location)
        return host if re.fullmatch(r"[A-Za-z0-9._:\[\]-]{1,255}", host) else ""
    return ""


def _retry_after(text: str) -> float | None:
    """Parse a Retry-After header: seconds, or a date."""
    if re.fullmatch("[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):  # neither, or a date without time zone
        return None
