"""What the page asks, whatever carries it: HTTPS from the server, or messages to a worker inside the page.

===================  ====================================================================================
``talk``             a message of the remote protocol; its replies
``file/read``        named ranges and areas of a workbook file; ``file/apply`` and ``file/enter`` change it
``file/put``         a copy of a workbook that the user has chosen in the browser; its path
``file/get``         a workbook's content
``open``             opens a file that a button has written, or returns its content where nothing can
===================  ====================================================================================
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import BetaNeutralError, HostError
from betaneutral_xl.hosts.office import pane
from betaneutral_xl.hosts.office.values import for_office
from betaneutral_xl.hosts.office.workbook_files import WorkbookFiles
from betaneutral_xl.hosts.remote.protocol import Conversation, Dialect
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.files import read_bytes

if TYPE_CHECKING:
    from betaneutral_xl.hosts.remote.client.wire import Message

    Emit = Callable[[Message], None]
    Opener = Callable[[Path], str]

TEMPLATE = "Open the template, in the folder Beta Neutral of your documents."
"""What the user is to do where a workbook lacks a sheet or a range."""

RENEWAL = "Close the pane and open it again; if that does not help, run: betaneutral-xl office install"

NO_MESSAGE = "This is no message."


class UnknownMessage(Exception):
    """Nothing is asked that way."""


class Backend:
    """The answers to the page.

    Parameters
    ----------
    session, folder
        The state of the functions and buttons; where workbooks of pages in an ordinary browser are.
    notices
        Returns what the user should know of the installation.
    opener
        Opens a file with the system's program for it, and returns its name; None where there is none.

    """

    def __init__(
        self,
        session: Session,
        folder: Path,
        notices: Callable[[], list[str]] = list,
        opener: Opener | None = None,
    ) -> None:
        dialect = Dialect(
            name="Excel", argument=lambda value: value, rows=for_office, template=TEMPLATE, renewal=RENEWAL
        )
        self._talk = Conversation(session, dialect)
        self._files = WorkbookFiles(folder, session)
        self._notices, self._opener = notices, opener
        self._written: set[str] = set()

    def model(self) -> dict[str, Any]:
        """Return what the pane shows besides the answer."""
        return pane.model(self._notices())

    def renew_sample(self) -> None:
        """Make the sample's workbook as it was at first."""
        self._files.renew_sample()

    def answer(self, path: str, message: Message, emit: Emit) -> None:
        """Answer a message, with each reply as soon as it is there.

        Raises
        ------
        UnknownMessage
            If nothing is asked that way.

        """
        if path == "talk":
            self._talk.receive(message, lambda reply: emit(self._noted(reply)))
            return
        try:
            emit(self._opened(message) if path == "open" else self._files.answer(path, message))
        except (KeyError, TypeError, ValueError):
            raise UnknownMessage(NO_MESSAGE) from None

    def _noted(self, reply: Message) -> Message:
        """Remember what a button has written, for nothing else is opened."""
        self._written.update(reply.get("files", ()))
        return reply

    def _opened(self, message: Mapping[str, Any]) -> Message:
        name = str(message["file"])
        if name not in self._written:
            return {"error": "No button of this pane has written that file."}
        file = Path(name)
        try:
            if self._opener is not None:
                return {"opened": self._opener(file)}
        except HostError:
            pass  # no program for it: the browser saves it
        try:
            return {"name": file.name, "content": b64encode(read_bytes(file)).decode()}
        except BetaNeutralError as error:
            return {"error": str(error)}
