"""One request over HTTP that ends, with an answer or one of our errors, in bounded time and size.

It knows HTTP and nothing of what is asked. Transient failures are retried a few times: no
connection, an answer that breaks off, 429 and 502 to 504. Every request is idempotent, so a retry
does no harm.

``Settings.total_timeout`` holds for all of it: looking up the name, connecting, the TLS handshake,
proxies, every read and write, the pauses and the retries (see ``time_limit`` and ``bounded_http``).
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from betaneutral_xl.errors import BetaNeutralError, ChangedFormat, InputError, Unreachable
from betaneutral_xl.network.time_limit import bounded, seconds_left, time_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    from betaneutral_xl.system.settings import Settings

RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})
"""Statuses that ask to come back later."""

OK = 200

FIRST_REFUSAL = 300
"""Statuses from here on have no answer in their body, but at most the reason why."""

CHUNK = 2**16
"""Bytes read at once."""

LARGEST_REFUSAL = 2**16
"""Bytes that are read of a refusal: enough to say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask whom.

    ``body`` is JSON to POST, without one it is a GET; ``accept`` is the media type that is wanted,
    ``limit`` the most bytes that a good answer may have; ``token`` is sent as a bearer token.
    """

    url: str
    body: str | None
    accept: str
    limit: int
    token: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """The host and port, the part of the address that may be shown."""
        return host_of(self.url)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered, good or bad.

    ``redirect`` is the host to which it sends us, ``retry_after`` the seconds that it asks us to
    wait.
    """

    status: int
    media_type: str
    content: bytes
    redirect: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a foreign exception means: words after the server's name, whether it is transient, our error."""

    words: str
    passing: bool = False
    error: type[BetaNeutralError] = Unreachable


_NO_CONNECTION = Meaning("cannot be reached", passing=True)
_NO_CONNECTION_IN_TIME = Meaning("did not accept a connection in time", passing=True)
_CLOSED = Meaning("closed the connection without an answer", passing=True)
_NO_ANSWER_IN_TIME = Meaning("did not answer in time")
_NO_END_IN_TIME = Meaning("did not finish its answer in time")
_BROKE_OFF = Meaning("broke off in the middle of its answer", passing=True)
_PROXY = Meaning("cannot be reached through the proxy that is set on this machine")
_UNTRUSTED = Meaning("has no TLS certificate that this machine trusts")
_NO_ADDRESS = Meaning("is not an address that can be asked", error=InputError)
_UNCLEAR = Meaning("could not be asked")
_NOT_HTTP = Meaning("does not answer as a web server should", error=ChangedFormat)

MEANINGS: Mapping[str, Meaning] = {
    "requests.exceptions.ConnectionError": _NO_CONNECTION,
    "requests.exceptions.ConnectTimeout": _NO_CONNECTION_IN_TIME,
    "requests.exceptions.Timeout": _NO_ANSWER_IN_TIME,
    "requests.exceptions.ReadTimeout": _NO_ANSWER_IN_TIME,
    "requests.exceptions.ChunkedEncodingError": _BROKE_OFF,
    "requests.exceptions.ProxyError": _PROXY,
    "requests.exceptions.InvalidProxyURL": _PROXY,
    "requests.exceptions.SSLError": _UNTRUSTED,
    "requests.exceptions.URLRequired": _NO_ADDRESS,
    "requests.exceptions.MissingSchema": _NO_ADDRESS,
    "requests.exceptions.InvalidSchema": _NO_ADDRESS,
    "requests.exceptions.InvalidURL": _NO_ADDRESS,
    "requests.exceptions.InvalidHeader": _UNCLEAR,
    "requests.exceptions.TooManyRedirects": _NOT_HTTP,
    "requests.exceptions.ContentDecodingError": _NOT_HTTP,
    "requests.exceptions.InvalidJSONError": _NOT_HTTP,
    "requests.exceptions.JSONDecodeError": _NOT_HTTP,
    "requests.exceptions.HTTPError": _UNCLEAR,
    "requests.exceptions.RetryError": _UNCLEAR,
    "requests.exceptions.StreamConsumedError": _UNCLEAR,
    "requests.exceptions.UnrewindableBodyError": _UNCLEAR,
    "requests.exceptions.RequestException": _UNCLEAR,
    # The body is read from urllib3, beneath requests, and its exceptions come as they are.
    "urllib3.exceptions.ReadTimeoutError": _NO_END_IN_TIME,
    "urllib3.exceptions.SSLError": _BROKE_OFF,
    "urllib3.exceptions.ProtocolError": _BROKE_OFF,
    "urllib3.exceptions.IncompleteRead": _BROKE_OFF,
    "urllib3.exceptions.InvalidChunkLength": _BROKE_OFF,
    "urllib3.exceptions.ProxySchemeUnsupported": _PROXY,
    "urllib3.exceptions.HTTPError": _UNCLEAR,
    "builtins.TimeoutError": _NO_ANSWER_IN_TIME,
    "builtins.OSError": _UNCLEAR,
    "builtins.ValueError": _UNCLEAR,
}
"""Every foreign exception that a request can raise, by the name of its class."""

BEFORE_THE_ANSWER: Mapping[str, Meaning] = {
    "urllib3.exceptions.NewConnectionError": _NO_CONNECTION,
    "builtins.ConnectionResetError": _CLOSED,
    "builtins.ConnectionAbortedError": _CLOSED,
    "builtins.BrokenPipeError": _CLOSED,
    "builtins.TimeoutError": _NO_ANSWER_IN_TIME,
    "http.client.HTTPException": _NOT_HTTP,
}
"""What a ``ConnectionError`` of requests means, by what lies beneath it: it says no more itself."""

REASONS: Mapping[type[OSError], str] = {
    ConnectionRefusedError: "the connection was refused",
    socket.gaierror: "its host name could not be resolved",
}
"""Why there was no connection, in words that are the same on every system."""


class Transport:
    """Sends requests one after the other, and keeps the connection open between them."""

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
        """Ask once, and again where that may help, and return the reply, good or bad.

        Raises
        ------
        Unreachable
            If there is no answer, or not in time.
        ChangedFormat
            If it is larger than the limit, or compressed though nobody asked for that.
        InputError
            If the address is none.

        """
        with time_limit(self._settings.total_timeout):
            return self._send(request)

    def _send(self, request: Request) -> Reply:
        from urllib3.exceptions import HTTPError

        pause = self._settings.backoff
        for tries in count(1):
            wait = pause
            try:
                reply = self._try(request)
            except (OSError, ValueError, HTTPError) as error:  # what requests raises are OSErrors
                meaning = meaning_of(error)
                if not (meaning.passing and self._may_try_again(tries, wait)):
                    raise _translated(error, meaning, request.host, tries) from error
            else:
                if reply.retry_after is not None:
                    wait = reply.retry_after
                if not (reply.status in RETRYABLE_STATUSES and self._may_try_again(tries, wait)):
                    return reply
            self._pause(wait)
            pause *= 2.0
        raise AssertionError  # pragma: no cover - the loop has no end of its own

    def _may_try_again(self, tries: int, wait: float) -> bool:
        return tries <= self._settings.retries and wait < seconds_left()

    def _try(self, request: Request) -> Reply:
        headers = {
            "Accept": request.accept,
            "Accept-Encoding": "identity",  # what is compressed has no size until it is unpacked
            "User-Agent": "betaneutral-xl",
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        response = self._opened(request).request(
            "GET" if request.body is None else "POST",
            request.url,
            data=request.body and request.body.encode(),
            headers=headers,
            auth=_bearer(request.token),
            timeout=(bounded(self._settings.connect_timeout), self._settings.read_timeout),
            allow_redirects=False,  # the token is for one server only
            stream=True,
        )
        with response:
            return _read(response, request.host, request.limit)

    def _opened(self, request: Request) -> requests.Session:
        if self._session is None:
            # 0.15 s to import, and most runs need no network
            from betaneutral_xl.network.bounded_http import BoundedSession

            self._session = BoundedSession()
            # A proxy has no business between this machine and itself.
            self._session.trust_env = request.url.startswith("https:")
        return self._session


def meaning_of(error: BaseException) -> Meaning:
    """Look an exception up by its class, or the nearest of its bases that is in the table."""
    meaning = _looked_up(error, MEANINGS) or _UNCLEAR
    if meaning is not _NO_CONNECTION:
        return meaning
    beneath = (_looked_up(layer, BEFORE_THE_ANSWER) for layer in _layers(error))
    return next((one for one in beneath if one is not None), meaning)


def _looked_up(error: BaseException, meanings: Mapping[str, Meaning]) -> Meaning | None:
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((meanings[name] for name in names if name in meanings), None)


def _layers(error: BaseException) -> Iterator[BaseException]:
    """Return an exception and all that it wraps, the outermost first."""
    layers: list[object] = [error]
    for layer in layers:
        if isinstance(layer, BaseException):
            yield layer
            inner = (*layer.args, getattr(layer, "reason", None), layer.__cause__, layer.__context__)
            layers.extend(one for one in inner if one is not None and one not in layers)


def host_of(url: str) -> str:
    """Return an address's host and port, the part that may be shown."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _translated(error: BaseException, meaning: Meaning, host: str, tries: int) -> BetaNeutralError:
    reason = _reason(error) if meaning is _NO_CONNECTION else ""
    tried = f" (tried {tries} times)" if tries > 1 else ""
    advice = (
        "Check BETANEUTRAL_API_URL." if meaning is _NO_ADDRESS else "Check the network or VPN, or try later."
    )
    return meaning.error(f"{host} {meaning.words}{reason}{tried}. {advice}")


def _reason(error: BaseException) -> str:
    """Find the operating system's error beneath the layers, and say it."""
    known = (words for layer in _layers(error) for kind, words in REASONS.items() if isinstance(layer, kind))
    return next((f": {words}" for words in known), "")


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Set the token, or nothing: without an ``auth`` of ours, requests would take one from a .netrc."""

    def authorise(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorise


def _read(response: requests.Response, host: str, limit: int) -> Reply:
    headers = response.headers
    content = _refusal(response) if response.status_code >= FIRST_REFUSAL else _body(response, host, limit)
    return Reply(
        status=response.status_code,
        media_type=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        content=content,
        redirect=_redirect(headers.get("Location", "")) if response.is_redirect else "",
        retry_after=_retry_after(headers.get("Retry-After", "")),
    )


def _body(response: requests.Response, host: str, limit: int) -> bytes:
    if _is_compressed(response):
        msg = f"{host} sent a compressed answer, which was not asked for. Check for a proxy in between."
        raise ChangedFormat(msg)
    content = bytearray()
    while piece := response.raw.read1(CHUNK, decode_content=False):
        content += piece
        if len(content) > limit:
            msg = (
                f"{host} sent more than {limit:,} bytes, so the rest is not read. Ask for less, or try later."
            )
            raise ChangedFormat(msg)
    return bytes(content)


def _refusal(response: requests.Response) -> bytes:
    """Read why the server refuses, as far as it says so; that it refuses is known without it."""
    from urllib3.exceptions import HTTPError

    content = bytearray()
    with contextlib.suppress(OSError, ValueError, HTTPError):
        while len(content) < LARGEST_REFUSAL and not _is_compressed(response):
            piece = response.raw.read1(LARGEST_REFUSAL - len(content), decode_content=False)
            if not piece:
                break
            content += piece
    return bytes(content)


def _is_compressed(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity").lower() != "identity"


def _redirect(location: str) -> str:
    """Return the host to which a server sends us, empty where it names none that could exist."""
    with contextlib.suppress(ValueError):  # a bracket that is not closed
        host = host_of(location)
        return host if re.fullmatch(r"[A-Za-z0-9._:\[\]-]{1,255}", host) else ""
    return ""


def _retry_after(text: str) -> float | None:
    """Read seconds, or a date."""
    if re.fullmatch("[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):  # neither; or a date without a zone
        return None
