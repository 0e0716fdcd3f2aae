"""The buttons of Excel's ribbon: run by ``RunPython``, and their messages."""

from __future__ import annotations

import tempfile
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import xlwings as xw

from betaneutral_xl import __version__
from betaneutral_xl.errors import BetaNeutralError, HostError, SourceError, Unwritable, WorkbookOutOfDate
from betaneutral_xl.hosts.excel.excel_workbook import ExcelWorkbook
from betaneutral_xl.hosts.excel.udfs import session
from betaneutral_xl.hosts.sheets import buttons, cells, template
from betaneutral_xl.hosts.sheets.buttons import Outcome
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.network.credentials import find_token
from betaneutral_xl.network.silverfund import SilverFund
from betaneutral_xl.system.saving import make_folder
from betaneutral_xl.system.settings import API_URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.system.settings import Settings

TITLE = "Beta Neutral"

QUICK = 3.0
"""Time-out of the check of the web API, in seconds."""


def press(name: str) -> None:
    """Run a button of the calling workbook, and show its message."""
    book = xw.Book.caller()
    try:
        if name in VIEWS:
            outcome = VIEWS[name](book)
        else:
            outcome = buttons.press(name, ExcelWorkbook(book), session)
            outcome = _with_versions(book, buttons.BUTTONS[name].label, outcome)
    except BetaNeutralError as error:
        outcome = Outcome(str(error), error)
    except Exception as error:  # noqa: BLE001 - a button ends with a message, whatever happens
        session.write_log(name, traceback.format_exc())
        line = f"{type(error).__name__}: a defect of this program. The traceback is in {session.log.name}."
        outcome = Outcome(line, HostError(line))
    if outcome.message:
        mode = "info" if outcome.error is None else "critical"
        book.app.alert(outcome.message, title=TITLE, buttons="ok", mode=mode)


def _settings(book: xw.Book) -> Outcome:
    book.sheets[Sheet.SETTINGS].activate()
    return Outcome("")


def _check(book: xw.Book) -> Outcome:
    """Compare versions; test the cache and the network."""
    require_current(book)
    built = f"Built with betaneutral_xl {__version__} and xlwings {xw.__version__}, as installed."
    return Outcome(" ".join((built, _cache_status(session.settings), _api_status(session.settings))))


def _cache_status(settings: Settings) -> str:
    """Return whether a file can be written to the cache folder, as a sentence."""
    try:
        make_folder(settings.cache)
        with tempfile.TemporaryFile(dir=settings.cache) as file:
            file.write(b"x")
    except (Unwritable, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return f"The cache folder cannot be written: {reason}"
    return "The cache folder can be written."


def _api_status(settings: Settings) -> str:
    """Return the status of the web API, as a sentence; it is contacted only if it is configured."""
    token = find_token(settings)
    if not token and settings.api_url == API_URL:
        return "The token for the risk model is not set, so the web API was not contacted."
    configured = f"The token for the risk model {'is' if token else 'is not'} set."
    soon = replace(settings, connect_timeout=QUICK, read_timeout=QUICK, total_timeout=QUICK, retries=0)
    try:
        with SilverFund(soon) as api:
            api.health()
    except SourceError as error:
        return f"{configured} The web API does not respond: {error}"
    return f"{configured} The web API responds."


def _log(_: xw.Book) -> Outcome:
    if not session.log.exists():
        return Outcome("The log is empty: no defect of a function or button was recorded.")
    lines = session.log.read_text(encoding="utf-8").splitlines()
    return Outcome("\n".join([f"{session.log} ends with:", "", *lines[-20:]]))


def _help(_: xw.Book) -> Outcome:
    names = ", ".join(function.name for function in FUNCTIONS)
    return Outcome(
        f"Functions: {names}. Type a name and press Ctrl+Shift+A for its arguments, or the fx button for "
        "their help."
    )


def require_current(book: xw.Book) -> None:
    """Require that the workbook was built for the installed versions.

    Raises
    ------
    WorkbookOutOfDate
        With the built and the installed versions.

    """
    difference = differences(book)
    if difference:
        raise WorkbookOutOfDate(difference)


def differences(book: xw.Book) -> str:
    """Return which versions of the workbook's build differ from the installed ones; "" if none."""
    grid = cells.read(ExcelWorkbook(book).below(Sheet.XLWINGS, 1), "the sheet xlwings.conf")
    built = template.differences(grid, xw.__version__)
    return f"The workbook was {built}. Rebuild it: betaneutral-xl workbook build." if built else ""


def _with_versions(book: xw.Book, label: str, outcome: Outcome) -> Outcome:
    """Add a difference of versions to a button's message and to the sheet Log; not an error."""
    try:
        difference = differences(book)
        if difference:
            buttons.enter(ExcelWorkbook(book), label, "versions", difference)
    except BetaNeutralError:
        return outcome  # the user's own workbook has no such sheets
    return replace(outcome, message=f"{outcome.message}\n\n{difference}") if difference else outcome


VIEWS: dict[str, Callable[[xw.Book], Outcome]] = {
    "settings": _settings,
    "check": _check,
    "log": _log,
    "help": _help,
}
"""The buttons for display only."""
