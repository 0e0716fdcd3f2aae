"""All exceptions of the package, and the exit code of each family.

::

    BetaNeutralError                what / where / the value / what to do, in one line
    |- InputError          exit 2   the user's input cannot be used
    |  |- UnknownFund
    |  |- EmptyFund
    |  |- UnknownTicker
    |  |- DuplicateTicker
    |  |- MissingValue
    |  |  `- MissingPrice
    |  |- BlankArgument
    |  |- UnreadableFile
    |  |- MissingPackage
    |  `- Unwritable
    |- SourceError         exit 3   the network's answer cannot be used
    |  |- Unreachable
    |  |- Refused
    |  |- NoData
    |  `- ChangedFormat
    |- ModelError          exit 4   the numbers have no solution
    |  |- NotPositiveSemidefinite
    |  |- UndefinedBeta
    |  |- UncoveredRisk
    |  |- Infeasible
    |  |- SolverFailed
    |  `- CheckFailed
    `- HostError           exit 5   the spreadsheet is not as expected
       |- FailedCell
       |- ExpiredHandle
       |- NamedRangeMissing
       `- WorkbookOutOfDate

The message is one self-contained line; its data are attributes, so that callers need not parse text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

LISTED = 5
"""Names that a message lists before it counts the rest."""


def listing(names: Sequence[str], limit: int = LISTED) -> str:
    """List the first few names and count the rest.

    >>> listing(["A", "B", "C"], limit=2)
    'A, B and 1 more'
    """
    shown = ", ".join(names[:limit])
    rest = len(names) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown


def one_line(text: str) -> str:
    r"""Sanitise text from a file or a server for display: one line without control characters.

    White space of any kind becomes a blank; other unprintable characters are escaped.

    >>> one_line("NV\x1b[31mDA\n100")
    'NV\\x1b[31mDA 100'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else " " if c.isspace() else c.encode("unicode_escape").decode() for c in text
    )


class BetaNeutralError(Exception):
    """Base class of the package's errors; its ``str`` is the one-line message for the user."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, tickers: Sequence[str] = ()) -> None:
        super().__init__(one_line(message))
        self.tickers: tuple[str, ...] = tuple(tickers)


class InputError(BetaNeutralError):
    """The user's input (a file, an option, a cell) cannot be used as it is."""

    exit_code = 2


class UnknownFund(InputError):
    """The fund's web API has no fund of that name.

    Remedy: check the spelling; names are those of the fund's API, such as ``quant_paper``.
    """


class EmptyFund(InputError):
    """The fund holds nothing on the requested day.

    Remedy: give a day on which the fund held positions; ``--date`` or ``as_of``.
    """


class UnknownTicker(InputError):
    """A requested ticker is not in the data.

    Remedy: check the spelling, or use a source that has the ticker.
    """


class DuplicateTicker(InputError):
    """A ticker is on several rows, and adding them up would be a guess.

    Remedy: add the rows up, or keep one of them; ``--account all`` adds several accounts.
    """


class MissingValue(InputError):
    """A required number is blank, not a number, or out of range.

    Remedy: fill in the cell that the message names, or leave the row out.
    """


class MissingPrice(MissingValue):
    """A name to be traded has no price, or only a stale one.

    Remedy: give prices: ``--order-prices FILE``, the sheet Orders, or ``orders(prices)``.
    """


class BlankArgument(InputError):
    """A required argument of a worksheet function is blank.

    Remedy: fill in the argument; a function that waits for another shows this until it is there.
    """


class UnreadableFile(InputError):
    """The file is absent, too large, or not of the expected kind.

    Remedy: check name, folder and kind of the file; ``betaneutral-xl etf FILE`` shows how it is read.
    """


class MissingPackage(InputError):
    """What is requested needs a package that is not installed.

    Remedy: install the extra that the message names, such as ``pip install 'betaneutral-xl[charts]'``.
    """


class Unwritable(InputError):
    """The output path cannot be written; nothing was changed there.

    Remedy: close the file elsewhere, or choose a folder that exists and may be written to.
    """


class SourceError(BetaNeutralError):
    """The network's answer cannot be used."""

    exit_code = 3


class Unreachable(SourceError):
    """There is no connection, or no answer in time.

    Remedy: check the network and the proxy; ``--allow-stale`` uses the last answer, with its age.
    """


class Refused(SourceError):
    """The server refused the request.

    Remedy: check the token (``BETANEUTRAL_TOKEN``) and that it has not expired.
    """


class NoData(SourceError):
    """The server failed on a valid request the way it does where it has no data.

    Remedy: ask for another day, or fewer names.
    """


class ChangedFormat(SourceError):
    """The server's answer is not in the format of its interface.

    Remedy: update this package; report the message if it stays.
    """


class ModelError(BetaNeutralError):
    """The numbers are readable but have no solution."""

    exit_code = 4


class NotPositiveSemidefinite(ModelError):
    """The covariance gives some portfolio a negative variance.

    Remedy: check that the matrix is complete and of one unit, or estimate it from prices.
    """


class UndefinedBeta(ModelError):
    """The ETF has no variance, or the ETFs are collinear.

    Remedy: leave out one of the ETFs that are near copies, or shrink their hedge ratios: ``--ridge 0.05``.
    """


class UncoveredRisk(ModelError):
    """Names have no row in the risk model, and the missing-data policy is to stop.

    Remedy: refresh the risk model, or go on without the risk of these names: ``--on-missing drop``.
    """


class Infeasible(ModelError):
    """No weights satisfy all constraints.

    Remedy: relax one of the limits that the message names; ``betaneutral-xl feasible`` lists the ways.

    ``reachable`` is the ``Reachable`` range of betas, where it is known.
    """

    def __init__(self, message: str, *, tickers: Sequence[str] = (), reachable: Any = None) -> None:
        super().__init__(message, tickers=tickers)
        self.reachable = reachable


class SolverFailed(ModelError):
    """A solver stopped without a certified solution.

    Remedy: save the problem with ``--save-problem FILE`` and report it.
    """


class CheckFailed(ModelError):
    """A result failed its own checks and is not returned.

    Remedy: save the problem with ``--save-problem FILE`` and report it; do not trade.
    """


class HostError(BetaNeutralError):
    """The workbook or the spreadsheet program is not as expected."""

    exit_code = 5


class FailedCell(HostError):
    """A required cell holds an error; one of this package is passed on unchanged.

    Remedy: correct the cell that the message names, or what it refers to.
    """


class ExpiredHandle(HostError):
    """The value behind a handle in a cell is no longer in memory.

    Remedy: compute it again: Ctrl+Alt+F9 in Excel, the button Refresh in both programs.
    """


class NamedRangeMissing(HostError):
    """The workbook lacks a named range or a sheet that the template has.

    Remedy: start from a new copy of the template, and copy the sheet Settings into it.
    """


class WorkbookOutOfDate(HostError):
    """The workbook was built for another version of the package or of xlwings.

    Remedy: run ``betaneutral-xl excel install`` or ``calc install`` again, and use the new template.
    """
