"""Who may ask: the add-in's own pages, on this machine, and no one else.

=============================================== ====================================================
A page of another site that has its name point   refused by the header ``Host`` (DNS rebinding)
to this machine
A page of another site that sends a request      refused by ``Origin`` and ``Sec-Fetch-Site``; there is
                                                 no CORS header, so that it reads no answer
A form of another site                           refused by its content type
Another user of this machine                     does not know the secret part of the path
A request without end                            refused at ``MAX_BODY``
=============================================== ====================================================
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 2**20
"""Bytes of one request: a matrix of 2,000 names has 43 MB."""

EXCEL_ON_THE_WEB = (
    "https://*.officeapps.live.com https://*.office.com https://*.office365.com "
    "https://*.sharepoint.com https://*.cloud.microsoft"
)
"""Sites that may show the pane in a frame."""

MICROSOFT = "https://appsforoffice.microsoft.com"
"""Where office.js is loaded from, if it was not fetched before."""

READING = {"GET", "HEAD"}


class Guard:
    """Refuses what does not come from the add-in's own pages; in front of the application (ASGI).

    ``offline``: office.js is served from this machine, so that nothing may be loaded from elsewhere.
    """

    def __init__(self, app: ASGIApp, *, port: int, secret: str, offline: bool) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
        self._prefix = f"/{secret}/".encode()
        self._headers = [
            (b"content-security-policy", policy(offline=offline).encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        refused = self.refusal(scope)
        if refused is not None:
            await _answer(send, *refused)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        await self._app(scope, _Limited(receive).receive, with_headers)

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return the status and the reason with which a request is refused; None if it is not."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host, length = headers.get("host", ""), headers.get("content-length", "0")
        path = scope["path"].encode()[: len(self._prefix)]
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
        kind = headers.get("content-type", "").partition(";")[0].strip()
        own = (
            (host in self._hosts, 403, "This server answers to localhost alone."),
            (hmac.compare_digest(path, self._prefix), 404, "There is nothing here."),
        )
        posted = (
            (scope["method"] == "POST", 405, "Only GET and POST are understood."),
            (origin == f"https://{host}", 403, "Only the add-in's own pages may ask."),
            (site == "same-origin", 403, "Only the add-in's own pages may ask."),
            (kind == "application/json", 415, "A request is JSON."),
            (length.isdigit() and int(length) <= MAX_BODY, 413, "The request is too large."),
        )
        rules = own if scope["method"] in READING else (*own, *posted)
        return next(((status, why) for fine, status, why in rules if not fine), None)


class TooLarge(Exception):
    """A body without a length exceeds the limit; the application answers with 413."""


class _Limited:
    """Receives a body, and stops at its limit whatever its header said."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._size = receive, 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > MAX_BODY:
            raise TooLarge
        return message


def policy(*, offline: bool) -> str:
    """Return the content security policy of the pages; office.js adds elements with styles of its own."""
    office = "" if offline else f" {MICROSOFT}"
    return (
        f"default-src 'none'; script-src 'self'{office}; connect-src 'self'{office}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'self' {EXCEL_ON_THE_WEB}"
    )


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
