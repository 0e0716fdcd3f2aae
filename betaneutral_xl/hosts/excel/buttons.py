"""What Excel runs when a button is pressed (``RunPython``), and what it shows then."""

from __future__ import annotations

import os
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import xlwings as xw

from betaneutral_xl import __version__
from betaneutral_xl.errors import BetaNeutralError, HostError, WorkbookOutOfDate
from betaneutral_xl.hosts import cells, rebalance, template
from betaneutral_xl.hosts.excel.book import ExcelWorkbook
from betaneutral_xl.hosts.excel.udfs import session
from betaneutral_xl.hosts.functions import FUNCTIONS
from betaneutral_xl.hosts.layout import Sheet
from betaneutral_xl.hosts.rebalance import Outcome
from betaneutral_xl.sources.credentials import find_token

if TYPE_CHECKING:
    from collections.abc import Callable

TITLE = "Beta Neutral"


def press(name: str) -> None:
    """Do what a button of the calling workbook does, and show its message."""
    book = xw.Book.caller()
    try:
        if name in VIEWS:
            outcome = VIEWS[name](book)
        else:
            outcome = rebalance.press(name, ExcelWorkbook(book), session)
            outcome = _with_versions(book, rebalance.BUTTONS[name].label, outcome)
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
    """Compare versions; say where things are."""
    require_current(book)
    folder = session.settings.cache
    folder.mkdir(parents=True, exist_ok=True)
    writable = "can" if os.access(folder, os.W_OK) else "cannot"
    token = "is" if find_token(session.settings) else "is not"
    return Outcome(
        f"Built with betaneutral_xl {__version__} and xlwings {xw.__version__}, as installed. "
        f"The cache folder {writable} be written. The token for the risk model {token} set."
    )


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
            rebalance.enter(ExcelWorkbook(book), label, "versions", apart)
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
