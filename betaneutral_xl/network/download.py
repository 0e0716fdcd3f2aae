"""Download files over https from hosts that the settings allow."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from betaneutral_xl.errors import InputError, Refused
from betaneutral_xl.network.transport import Request, Transport
from betaneutral_xl.system.files import LIMIT, shown_name

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings


def fetch_file(url: str, settings: Settings, get: Callable[[str], bytes] | None = None) -> bytes:
    """Return the bytes at an https address on a host that the settings allow.

    Raises ``InputError`` if the address is not https, holds a password, or its host is not allowed, and
    ``SourceError`` if it cannot be fetched.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme != "https" or not host or parts.username is not None or port not in {None, 443}:
        shown = "..." if "@" in url else url[:60]  # the text before an @ may be a password
        msg = f"{shown!r} is not a supported address. Give https://host/path without a password."
        raise InputError(msg)
    if host not in settings.etf_hosts:
        msg = (
            f"The host {host} is not allowed. Download the file yourself, "
            "or add the host to BETANEUTRAL_ETF_HOSTS."
        )
        raise InputError(msg)
    return get(url) if get is not None else _get(url, host, settings)


def _get(url: str, host: str, settings: Settings) -> bytes:
    """Fetch an address without following redirects."""
    transport = Transport(settings)
    try:
        reply = transport.send(Request(url=url, body=None, accept="*/*", limit=LIMIT))
    finally:
        transport.close()
    if reply.status != HTTPStatus.OK:
        what = f"redirects to {reply.redirect}" if reply.redirect else f"answers {reply.status}"
        msg = f"{host} {what} instead of sending the file. Download it yourself in the browser."
        raise Refused(msg)
    return reply.content


def file_name_of(url: str) -> str:
    """Return an address's file name for messages, without the query, which may have a secret."""
    parts = urlsplit(url)
    return shown_name(unquote(parts.path)) if parts.path.strip("/") else parts.hostname or "address"
