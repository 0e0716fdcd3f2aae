"""What Excel runs when a button is pressed (``RunPython``), and what it shows then."""

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
"""Seconds after which the check does not wait for the web API any more."""


def press(name: str) -> None:
    """Do what a button of the calling workbook does, and show its message."""
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
        line = f"{type(error).__name__}: a defect of this program. The trace is in {session.log.name}."
        outcome = Outcome(line, HostError(line))
    if outcome.message:
        mode = "info" if outcome.error is None else "critical"
        book.app.alert(outcome.message, title=TITLE, buttons="ok", mode=mode)


def _settings(book: xw.Book) -> Outcome:
    book.sheets[Sheet.SETTINGS].activate()
    return Outcome("")


def _check(book: xw.Book) -> Outcome:
    """Compare versions; try the cache and the network."""
    require_current(book)
    built = f"Built with betaneutral_xl {__version__} and xlwings {xw.__version__}, as installed."
    return Outcome(" ".join((built, _tried_cache(session.settings), _tried_api(session.settings))))


def _tried_cache(settings: Settings) -> str:
    """Write a file to the cache folder, remove it, and say how that went."""
    try:
        make_folder(settings.cache)
        with tempfile.TemporaryFile(dir=settings.cache) as file:
            file.write(b"x")
    except (Unwritable, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return f"The cache folder cannot be written: {reason}"
    return "The cache folder can be written."


def _tried_api(settings: Settings) -> str:
    """Ask the web API whether it is up, if there is reason to think that it is used; and say what it said."""
    token = find_token(settings)
    if not token and settings.api_url == API_URL:
        return "The token for the risk model is not set, so the web API was not asked."
    known = f"The token for the risk model {'is' if token else 'is not'} set."
    soon = replace(settings, connect_timeout=QUICK, read_timeout=QUICK, total_timeout=QUICK, retries=0)
    try:
        with SilverFund(soon) as api:
            api.health()
    except SourceError as error:
        return f"{known} The web API was asked: {error}"
    return f"{known} The web API answers."


def _log(_: xw.Book) -> Outcome:
    if not session.log.exists():
        return Outcome("The log is empty: no function or button has met a defect.")
    lines = session.log.read_text(encoding="utf-8").splitlines()
    return Outcome("\n".join([f"{session.log} ends with:", "", *lines[-20:]]))


def _help(_: xw.Book) -> Outcome:
    names = ", ".join(function.name for function in FUNCTIONS)
    return Outcome(
        f"Functions: {names}. Type one and press Ctrl+Shift+A, or open it with the fx button: every argument "
        "has its help there."
    )


def require_current(book: xw.Book) -> None:
    """Raise if the workbook was built for other versions than are installed.

    Raises
    ------
    WorkbookOutOfDate
        With both versions.

    """
    apart = differences(book)
    if apart:
        raise WorkbookOutOfDate(apart)


def differences(book: xw.Book) -> str:
    """Say which versions the workbook was built with, where others are installed; nothing if none differs."""
    grid = cells.read(ExcelWorkbook(book).below(Sheet.XLWINGS, 1), "the sheet xlwings.conf")
    apart = template.differences(grid, xw.__version__)
    return f"The workbook was {apart}. Build it anew: betaneutral-xl workbook build." if apart else ""


def _with_versions(book: xw.Book, label: str, outcome: Outcome) -> Outcome:
    """Add to a button's message, and to the sheet Log, that versions differ; that stops nothing."""
    try:
        apart = differences(book)
        if apart:
            buttons.enter(ExcelWorkbook(book), label, "versions", apart)
    except BetaNeutralError:
        return outcome  # a workbook of the user's own making has no such sheets
    return replace(outcome, message=f"{outcome.message}\n\n{apart}") if apart else outcome


VIEWS: dict[str, Callable[[xw.Book], Outcome]] = {
    "settings": _settings,
    "check": _check,
    "log": _log,
    "help": _help,
}
"""The buttons that only show something."""
