"""Client of Interactive Brokers' Flex Web Service: a statement of the account in two steps.

``SendRequest`` answers with a reference code, or with an error; ``GetStatement`` answers with the statement,
or with a code that it is not ready. Both are asked again while a code says so, within
``Settings.total_timeout`` for all of it. The token is a parameter of the address: it is in no message, cache
key, repr or log.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from betaneutral_xl.errors import ChangedFormat, Refused, SourceError, Unreachable
from betaneutral_xl.network.cache import Cache, Query
from betaneutral_xl.network.credentials import HOW_TO_SET_FLEX, find_flex_token
from betaneutral_xl.network.time_limit import seconds_left, time_limit
from betaneutral_xl.network.transport import Request, Transport, host_of, usual_refusal
from betaneutral_xl.readers.flex import ROOT, is_flex
from betaneutral_xl.readers.flex_query import query_id
from betaneutral_xl.readers.raw_input import RawInput, Reader
from betaneutral_xl.readers.tabular.sheets import BEFORE_TEXT

if TYPE_CHECKING:
    from betaneutral_xl.network.transport import Reply
    from betaneutral_xl.system.settings import Settings

MEGABYTE = 2**20
STATEMENT_LIMIT, ANSWER_LIMIT = 64 * MEGABYTE, MEGABYTE

TTL = timedelta(hours=1)
"""Time to live of a statement: the broker makes most of them once a day."""

VERSION = "3"

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 1.0, 10.0, 1.5
"""Seconds between two requests while a statement is made; the service allows one a second."""

WAITING: Mapping[str, str] = {
    "1001": "the statement could not be generated",
    "1004": "the statement is incomplete",
    "1005": "settlement data are not ready",
    "1006": "profit and loss are not ready",
    "1007": "profit and loss are not ready",
    "1008": "profit and loss are not ready",
    "1009": "the server is under heavy load",
    "1018": "too many requests with this token",
    "1019": "the statement is being generated",
    "1021": "the statement could not be retrieved",
}
"""Codes after which the same request may succeed."""

REFUSALS: Mapping[str, str] = {
    "1003": "the statement is not available. Check the period of the query",
    "1010": "legacy Flex queries are not supported. Make the query anew in the Client Portal",
    "1011": "the service account is inactive. Activate the Flex Web Service in the Client Portal",
    "1012": f"the token has expired. Make a new one in the Client Portal. {HOW_TO_SET_FLEX.rstrip('.')}",
    "1013": "this machine's address is not among those of the token. Change the token in the Client Portal",
    "1014": "the query is invalid. Check its number in the Client Portal, under Flex Queries",
    "1015": f"the token is invalid. {HOW_TO_SET_FLEX.rstrip('.')}",
    "1016": "the account is invalid. Check the query in the Client Portal",
    "1017": "the reference code is invalid. Try again",
    "1020": "the request could not be validated. Check the number of the query, and the token",
}
"""Codes that the user has to do something about, and what."""


class Flex:
    """A client of the Flex Web Service; use it in a ``with`` block. ``pause`` waits a number of seconds."""

    def __init__(self, settings: Settings, pause: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._pause = pause
        self._transport = Transport(settings, pause)
        self._cache = Cache(settings.cache, lock_timeout=settings.total_timeout)
        _mask_tokens()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def statement(self, name: str, options: Mapping[str, str] = MappingProxyType({})) -> RawInput:
        """Fetch the statement of a query, such as ``ibkr:123456``: XML or CSV, as the service sent it.

        It is the raw input of a holdings file, with options of its reader. Raises ``InputError`` if the name
        is of no query, or there is no token, and ``SourceError`` if the service cannot be reached, refuses,
        does not finish in time, or answers in another format.
        """
        number = query_id(name)
        url = f"{self._settings.flex_url}/GetStatement"
        query = Query(key=f"{url} flex query {number}", note=f"Flex query {number}", ttl=TTL)
        with time_limit(self._settings.total_timeout):
            cached = self._cache.get_or_fetch(
                query,
                fetch=lambda: self._fetch(number),
                parse=lambda answer: RawInput(
                    reader=Reader.HOLDINGS_FILE,
                    name=f"flex-{number}.{'xml' if is_flex(answer.content) else 'csv'}",
                    content=answer.content,
                    options=options,
                    provenance=answer.origin("IBKR Flex Web Service", url, query.note),
                ),
                refresh=self._settings.refresh,
                allow_stale=self._settings.allow_stale,
            )
        return replace(cached.value, warnings=cached.warnings)

    def _fetch(self, query: str) -> bytes:
        reference = self._step("SendRequest", query, query)
        return self._step("GetStatement", reference.decode(), query)

    def _step(self, step: str, number: str, query: str) -> bytes:
        """Return the answer of one step, asking again while the service says that it is not ready."""
        pause = FIRST_PAUSE
        while True:
            content = self._send(step, number)
            code = _code(content)
            if code is None and step == "SendRequest":
                return _reference(content, self._host)
            if code is None:
                require_statement(content, self._host)
                return content
            if code not in WAITING:
                raise Refused(_refusal(code, query, self._host))
            if pause >= seconds_left():
                msg = (
                    f"{self._host} has not finished Flex query {query} in "
                    f"{self._settings.total_timeout:.0f} s ({code}: {WAITING[code]}). Try again later."
                )
                raise Unreachable(msg)
            self._pause(pause)
            pause = min(GROWTH * pause, LONGEST_PAUSE)

    @property
    def _host(self) -> str:
        return host_of(self._settings.flex_url)

    def _send(self, step: str, number: str) -> bytes:
        request = Request(
            url=f"{self._settings.flex_url}/{step}",
            body=None,
            accept="text/xml, application/xml, text/csv, text/plain",
            limit=ANSWER_LIMIT if step == "SendRequest" else STATEMENT_LIMIT,
            secrets={"t": find_flex_token(self._settings), "q": number, "v": VERSION},
        )
        try:
            reply = self._transport.send(request)
        except SourceError as error:
            raise error from None  # its cause names the address, with the token
        _require_answer(reply, request.host)
        return reply.content


def _require_answer(reply: Reply, host: str) -> None:
    """Raise the error of an answer that is none of the service."""
    usual = usual_refusal(reply, host, "BETANEUTRAL_FLEX_URL")
    if usual is not None:
        raise usual
    start = reply.content[:512].lstrip(BEFORE_TEXT).lower()
    match reply.status:
        case 200 if start.startswith((b"<!doctype html", b"<html")):
            msg = (
                f"{host} answered with a web page instead of data. A proxy or a log-in page intercepts the "
                "request, or the service is being maintained: try again later, or check the VPN."
            )
            raise ChangedFormat(msg)
        case 200:
            return
        case 401 | 403 as status:
            msg = f"{host} refuses the token ({status}). {HOW_TO_SET_FLEX}"
            raise Refused(msg)
        case 404 | 405 as status:
            msg = f"{host} has no Flex Web Service there ({status}). Check BETANEUTRAL_FLEX_URL."
            raise ChangedFormat(msg)
        case status:
            msg = f"{host} answered with status {status}. Try again later."
            raise Refused(msg)


_STATUS = b"<FlexStatementResponse"


def _field(content: bytes, name: str) -> str:
    """Return a field of an answer about a statement: the answer is short, and its fields have no children."""
    match = re.search(rf"<{name}>\s*([^<]*?)\s*</{name}>".encode(), content[:65_536])
    return match[1].decode("utf-8", "replace") if match else ""


def _code(content: bytes) -> str | None:
    """Return the error's code of an answer; None for one without an error."""
    if _STATUS not in content[:512]:
        return None
    return _field(content, "ErrorCode") or None


def _reference(content: bytes, host: str) -> bytes:
    code = _field(content, "ReferenceCode")
    if not re.fullmatch("[0-9]{1,32}", code):
        msg = f"{host} answered SendRequest without a reference code. Try again later."
        raise ChangedFormat(msg)
    return code.encode()


def _refusal(code: str, query: str, host: str) -> str:
    why = REFUSALS.get(code, "an error that is not known here. Try again later")
    return f"{host} refuses Flex query {query} ({code}): {why}."


def require_statement(content: bytes, host: str) -> None:
    """Raise ``ChangedFormat`` for an answer that is no statement, or ends in the middle of it."""
    if _STATUS in content[:512]:
        msg = f"{host} answered GetStatement without a statement. Try again later."
        raise ChangedFormat(msg)
    if is_flex(content) and f"</{ROOT}>".encode() not in content[-4096:]:
        msg = f"{host} broke off in the middle of the statement. Try again later."
        raise ChangedFormat(msg)


class _Mask(logging.Filter):
    """Keeps the token out of the log of connections, which has the whole address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the parameter of the token."""
        text = record.getMessage()
        if "t=" in text:
            record.msg, record.args = re.sub(r"([?&]t=)[^&\s\"]*", r"\1...", text), ()
        return True


def _mask_tokens() -> None:
    """Mask the token in the log of urllib3, once."""
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(one, _Mask) for one in logger.filters):
        logger.addFilter(_Mask())
