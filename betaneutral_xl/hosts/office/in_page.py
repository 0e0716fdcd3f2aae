"""Python inside the page: in a worker of the browser (Pyodide), without a server.

``static/python.js`` imports this module there, and calls ``start`` once and the result for each message.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from betaneutral_xl.hosts.office import metadata
from betaneutral_xl.hosts.office.backend import NO_MESSAGE, Backend, UnknownMessage
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.sheets.session import Session


def start() -> Callable[[str, str, Callable[[str], None]], None]:
    """Begin a session, and return what answers a message: ``receive(path, text, emit)``.

    ``path`` is what is asked, ``text`` the message as JSON (``null`` of what is only read). ``emit`` takes
    each reply as a line of JSON. It never raises: an error is a reply.
    """
    backend = Backend(Session(), Path(tempfile.mkdtemp()))
    backend.renew_sample()
    read: dict[str, Callable[[], dict[str, Any]]] = {
        "pane.json": backend.model,
        "functions.json": metadata.functions,
    }

    def receive(path: str, text: str, emit: Callable[[str], None]) -> None:
        def reply(message: dict[str, Any]) -> None:
            emit(wire.encode(message).decode())

        make = read.get(path)
        if make is not None:
            reply(make())
            return
        try:
            backend.answer(path, dict(json.loads(text)), reply)
        except (UnknownMessage, TypeError, ValueError, RecursionError):
            reply({"error": NO_MESSAGE})

    return receive
