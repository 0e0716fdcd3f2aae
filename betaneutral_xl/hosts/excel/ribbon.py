"""The buttons of Excel's ribbon, and their messages."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import xlwings as xw

from betaneutral_xl import __version__
from betaneutral_xl.errors import BetaNeutralError, HostError, NamedRangeMissing, WorkbookOutOfDate
from betaneutral_xl.hosts.excel.busy import unless_busy
from betaneutral_xl.hosts.excel.connect import connect
from betaneutral_xl.hosts.excel.excel_workbook import ExcelWorkbook
from betaneutral_xl.hosts.excel.insert_template import insert_template
from betaneutral_xl.hosts.excel.udfs import session
from betaneutral_xl.hosts.excel.user_files import install_command
from betaneutral_xl.hosts.sheets import buttons, cells, template
from betaneutral_xl.hosts.sheets.buttons import Outcome
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import ADD_IN, Sheet
from betaneutral_xl.hosts.sheets.open_workbook import Area, Plan, Sheets, missing

TITLE = "Beta Neutral"


def run(name: str) -> str:
    """Run a button of the calling workbook and return its message for Visual Basic to show.

    Returns
    -------
    str
        ``done`` or ``error`` in the first line, and the message, which may be empty, in the others. A
        file that was written, which the user may open, follows in the first line after a bar.

    """
    outcome = _outcome(xw.Book.caller(), name)
    word = "done" if outcome.error is None else "error"
    return f"{'|'.join([word, *map(str, outcome.files)])}\n{outcome.message}"


def press(name: str) -> None:
    """Run a button of the calling workbook and show its message: on a Mac, and for older workbooks."""
    book = xw.Book.caller()
    outcome = _outcome(book, name)
    if not outcome.message:
        return
    mode = "info" if outcome.error is None else "critical"
    if not outcome.files:
        book.app.alert(outcome.message, title=TITLE, buttons="ok", mode=mode)
        return
    question = f"{outcome.message}\n\nOpen it now?"
    if book.app.alert(question, title=TITLE, buttons="yes_no", mode=mode) == "yes":
        book.app.books.open(next(iter(outcome.files)))


def _outcome(book: xw.Book, name: str) -> Outcome:
    try:
        if name in VIEWS:
            with unless_busy():
                return VIEWS[name](book)
        label = buttons.BUTTONS[name].label
        return buttons.run_button(
            name, ExcelWorkbook(book), session, VERSIONS, partial(_with_versions, book, label)
        )
    except BetaNeutralError as error:
        return Outcome(str(error), error)
    except Exception as error:  # noqa: BLE001 - a button ends with a message, whatever happens
        session.write_log(name, traceback.format_exc())
        line = f"{type(error).__name__}: a defect of this program. The traceback is in {session.log.name}."
        return Outcome(line, HostError(line))


def _settings(book: xw.Book) -> Outcome:
    ExcelWorkbook(book).show(Sheet.SETTINGS)
    return Outcome("")


def _check(book: xw.Book) -> Outcome:
    """Compare versions; test the cache and the network."""
    difference = _differences(book, ExcelWorkbook(book).read(VERSIONS))
    if difference:
        raise WorkbookOutOfDate(difference)
    built = f"Built with betaneutral_xl {__version__} and xlwings {xw.__version__}, as installed."
    return Outcome(f"{built} {buttons.installation(session)}")


def _help(_: xw.Book) -> Outcome:
    names = ", ".join(function.name for function in FUNCTIONS)
    return Outcome(
        f"Functions: {names}. Type a name and press Ctrl+Shift+A for its arguments, or the fx button for "
        "their help."
    )


VERSIONS = Plan(areas=(Area(Sheet.XLWINGS, 1),))
"""What the versions of the build are read from: a sheet of a macro workbook, or of the add-in."""


def _differences(book: xw.Book, sheets: Sheets) -> str:
    """Return which versions of the build of the workbook, or of the add-in, are not the installed ones."""
    what, remedy = "The workbook", "Rebuild it: betaneutral-xl workbook build."
    try:
        about = sheets.below(Sheet.XLWINGS, 1)
    except NamedRangeMissing:
        what, remedy = "The add-in", f"Close Excel, and run: {install_command()}"
        about = ExcelWorkbook(_add_in(book)).below(Sheet.XLWINGS, 1)
    built = template.differences(cells.read(about, "the sheet xlwings.conf"), xw.__version__)
    return f"{what} was {built}. {remedy}" if built else ""


def _add_in(book: xw.Book) -> xw.Book:
    """Return the add-in; Excel finds it by its name, and lists it not."""
    try:
        return book.app.books[ADD_IN]
    except Exception:  # noqa: BLE001 - the exception differs between systems
        raise missing(book.name, "sheet " + Sheet.XLWINGS, f"The add-in {ADD_IN} is not loaded.") from None


def _with_versions(book: xw.Book, label: str, outcome: Outcome, sheets: Sheets) -> Outcome:
    """Add a difference of versions to a button's message and to the sheet Log; not an error."""
    try:
        difference = _differences(book, sheets)
    except BetaNeutralError:
        return outcome  # neither a macro workbook nor an add-in of ours: there is no build
    if not difference:
        return outcome
    logged = (*outcome.changes, buttons.log_entry(label, "versions", difference))
    return replace(outcome, message=f"{outcome.message}\n\n{difference}", changes=logged)


VIEWS: dict[str, Callable[[xw.Book], Outcome]] = {
    "settings": _settings,
    "check": _check,
    "help": _help,
    "insert": lambda book: Outcome(insert_template(book)),
    "connect": lambda book: Outcome(connect(book)),
}
"""The buttons of Excel alone: for display, and for workbooks without the template's sheets."""
