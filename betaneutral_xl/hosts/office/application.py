"""The server's addresses: the page and its parts, what Excel reads, and the conversation with the page."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from betaneutral_xl import __version__
from betaneutral_xl.hosts.office import metadata, pane
from betaneutral_xl.hosts.office.guard import MICROSOFT, Guard, TooLarge
from betaneutral_xl.hosts.office.manifest import manifest
from betaneutral_xl.hosts.office.values import for_office
from betaneutral_xl.hosts.office.workbook_files import WorkbookFiles
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.remote.protocol import Conversation, Dialect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from betaneutral_xl.hosts.office.place import Place
    from betaneutral_xl.hosts.remote.client.wire import Message
    from betaneutral_xl.hosts.sheets.session import Session

STATIC = Path(__file__).parent / "static"

PAGE = "page.html"

FROM_MICROSOFT = f"{MICROSOFT}/lib/1/hosted/office.js"
"""The address at which Microsoft asks for office.js to be loaded."""

OFFICE_JS = "{{ office.js }}"
"""The place of that address in the page."""

NO_MESSAGE = "This is no message."

LINES = "application/x-ndjson"

TEMPLATE = "Open the template, in the folder Beta Neutral of your documents."
"""What the user is to do where a workbook lacks a sheet or a range."""

RENEWAL = "Close the pane and open it again; if that does not help, run: betaneutral-xl office install"


def conversation(session: Session) -> Conversation:
    """Return the conversation with all pages."""
    dialect = Dialect(
        name="Excel", argument=lambda value: value, rows=for_office, template=TEMPLATE, renewal=RENEWAL
    )
    return Conversation(session, dialect)


def application(place: Place, session: Session, stop: Callable[[], None]) -> ASGIApp:
    """Return the server's application, which refuses whatever ``guard`` does.

    Parameters
    ----------
    place
        Port, secret and files of the installation.
    session
        The state of the functions and buttons.
    stop
        Called when the server is asked to end.

    """
    app = _Application(place, conversation(session), WorkbookFiles(place.folder, session), stop)
    routes = [Mount(f"/{place.secret}", routes=app.routes())]
    inside = Starlette(routes=routes, exception_handlers={TooLarge: _too_large})
    return Guard(inside, port=place.port, secret=place.secret, offline=place.has_office_js)


class _Application:
    """The answers to requests that ``guard`` let pass."""

    def __init__(
        self, place: Place, talk: Conversation, files: WorkbookFiles, stop: Callable[[], None]
    ) -> None:
        self._place, self._talk, self._files, self._stop = place, talk, files, stop
        self._tasks: set[asyncio.Future[None]] = set()

    def routes(self) -> list[Route | Mount]:
        """Return the addresses."""
        texts: dict[str, Callable[[], Response]] = {
            "/taskpane.html": partial(self._page, excel=True),
            "/pane.json": lambda: JSONResponse(pane.model(self._place)),
            "/functions.json": lambda: JSONResponse(metadata.functions()),
            "/version.json": lambda: JSONResponse({"version": __version__}),
            "/manifest.xml": lambda: Response(manifest(self._place.base), media_type="application/xml"),
        }
        routes: list[Route | Mount] = [Route(path, _get(make)) for path, make in texts.items()]
        routes += [
            Route("/browser.html", self._browser),
            Route("/file/{what}", self._file, methods=["POST"]),
            Route("/talk", self._answer, methods=["POST"]),
            Route("/stop", self._end, methods=["POST"]),
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
            self._files.renew_sample()
        return self._page(excel=False)

    async def _file(self, request: Request) -> Response:
        """Answer what the page in a browser asks about its workbook."""
        asked, what = await _message(request), request.path_params["what"]
        if asked is None:
            return PlainTextResponse(NO_MESSAGE, 400)
        try:
            return JSONResponse(await run_in_threadpool(self._files.answer, what, asked))
        except (KeyError, TypeError, ValueError):
            return PlainTextResponse(NO_MESSAGE, 400)

    async def _answer(self, request: Request) -> Response:
        """Answer a message of the page; every reply is a line, sent as soon as it is there."""
        message = await _message(request)
        if message is None:
            return PlainTextResponse(NO_MESSAGE, 400)
        return StreamingResponse(self._lines(message), media_type=LINES)

    async def _lines(self, message: Message) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        replies: asyncio.Queue[bytes | None] = asyncio.Queue()

        def emit(reply: bytes | None) -> None:
            loop.call_soon_threadsafe(replies.put_nowait, reply)

        def work() -> None:
            try:
                self._talk.receive(message, lambda reply: emit(wire.encode(reply)))
            finally:
                emit(None)

        task = loop.run_in_executor(None, work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        while (line := await replies.get()) is not None:
            yield line

    async def _end(self, _: Request) -> Response:
        self._stop()
        return PlainTextResponse("The server ends.")


def html(script: str | None) -> str:
    """Return the page, which loads office.js from an address; None in an ordinary browser."""
    element = f'<script src="{script}"></script>' if script else ""
    return (STATIC / PAGE).read_text(encoding="utf-8").replace(OFFICE_JS, element)


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
