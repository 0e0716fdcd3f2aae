"""The server's addresses: the page and its parts, what Excel reads, and the conversation with the page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from betaneutral_xl import __version__
from betaneutral_xl.hosts.office import browser, metadata, pane
from betaneutral_xl.hosts.office.backend import NO_MESSAGE, Backend, UnknownMessage
from betaneutral_xl.hosts.office.guard import Guard, TooLarge
from betaneutral_xl.hosts.office.manifest import manifest
from betaneutral_xl.hosts.office.page import FROM_MICROSOFT, STATIC, html
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.sheets.session import Session

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from betaneutral_xl.hosts.remote.client.wire import Message

LINES = "application/x-ndjson"


def application(place: Place, session: Session, stop: Callable[[], None]) -> ASGIApp:
    """Return the server's application, which refuses whatever ``guard`` does; it can be asked to stop."""
    backend = Backend(
        session, place.folder, lambda: pane.notices(place, datetime.now(UTC)), browser.open_in_its_program
    )
    app = _Application(place, backend, stop)
    routes = [Mount(f"/{place.secret}", routes=app.routes())]
    inside = Starlette(routes=routes, exception_handlers={TooLarge: _too_large})
    return Guard(inside, port=place.port, secret=place.secret, offline=place.has_office_js)


class _Application:
    """The answers to requests that ``guard`` let pass."""

    def __init__(self, place: Place, backend: Backend, stop: Callable[[], None]) -> None:
        self._place, self._backend, self._stop = place, backend, stop
        self._tasks: set[asyncio.Future[None]] = set()

    def routes(self) -> list[Route | Mount]:
        """Return the addresses."""
        texts: dict[str, Callable[[], Response]] = {
            "/taskpane.html": partial(self._page, excel=True),
            "/pane.json": lambda: JSONResponse(self._backend.model()),
            "/functions.json": lambda: JSONResponse(metadata.functions()),
            "/version.json": lambda: JSONResponse({"version": __version__}),
            "/manifest.xml": lambda: Response(manifest(self._place.base), media_type="application/xml"),
        }
        routes: list[Route | Mount] = [Route(path, _get(make)) for path, make in texts.items()]
        routes += [
            Route("/browser.html", self._browser),
            Route("/stop", self._end, methods=["POST"]),
            Route("/{path:path}", self._answer, methods=["POST"]),
        ]
        if self._place.has_office_js:
            routes.append(Mount("/office", StaticFiles(directory=self._place.office_js)))
        return [*routes, Mount("/", StaticFiles(directory=STATIC))]

    def _page(self, *, excel: bool) -> Response:
        """Return the page; in an ordinary browser without office.js."""
        script = "office/office.js" if self._place.has_office_js else FROM_MICROSOFT
        return Response(html(script if excel else None), media_type="text/html")

    def _browser(self, request: Request) -> Response:
        """Return the page for an ordinary browser; on the sample, which is then as it was at first."""
        if not request.query_params.get("file"):
            self._backend.renew_sample()
        return self._page(excel=False)

    async def _answer(self, request: Request) -> Response:
        """Answer a message of the page; every reply is a line, sent as soon as it is there."""
        message = await _message(request)
        if message is None:
            return PlainTextResponse(NO_MESSAGE, 400)
        lines = self._lines(request.path_params["path"], message)
        try:
            first = await anext(lines, b"")
        except UnknownMessage as error:
            return PlainTextResponse(str(error), 400)

        async def all_lines() -> AsyncIterator[bytes]:
            yield first
            async for line in lines:
                yield line

        return StreamingResponse(all_lines(), media_type=LINES)

    async def _lines(self, path: str, message: Message) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        replies: asyncio.Queue[bytes | None] = asyncio.Queue()

        def emit(reply: bytes | None) -> None:
            loop.call_soon_threadsafe(replies.put_nowait, reply)

        def work() -> None:
            try:
                self._backend.answer(path, message, lambda reply: emit(wire.encode(reply)))
            finally:
                emit(None)

        task = loop.run_in_executor(None, work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        while (line := await replies.get()) is not None:
            yield line
        await task

    async def _end(self, _: Request) -> Response:
        self._stop()
        return PlainTextResponse("The server ends.")


async def _too_large(_: Request, __: Exception) -> Response:
    return PlainTextResponse("The request is too large.", 413)


async def _message(request: Request) -> Message | None:
    """Return the JSON object of a request's body; None if it is none."""
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _get(make: Callable[[], Response]) -> Callable[[Request], Any]:
    def answer(_: Request) -> Response:
        return make()

    return answer
