"""Every exception of the package, and the exit code a script sees for each family.

::

    BetaNeutralError                what / where / the value / what to do, in one line
    |- InputError          exit 2   what the user gave cannot be used
    |  |- UnknownFund
    |  |- EmptyFund
    |  |- UnknownTicker
    |  |- DuplicateTicker
    |  |- MissingValue
    |  |  `- MissingPrice
    |  |- BlankArgument
    |  |- UnreadableFile
    |  `- Unwritable
    |- SourceError         exit 3   what the network answered cannot be used
    |  |- Unreachable
    |  |- Refused
    |  |- NoData
    |  `- ChangedFormat
    |- ModelError          exit 4   the numbers admit no answer
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

The message is one line that stands alone; the data travel as attributes, so that a caller need
not parse text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

LISTED = 5
"""How many names a message spells out before it says how many more there are."""


def listing(names: Sequence[str], most: int = LISTED) -> str:
    """Name the first few and count the rest.

    >>> listing(["A", "B", "C"], most=2)
    'A, B and 1 more'
    """
    shown = ", ".join(names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} more" if rest > 0 else shown


def one_line(text: str) -> str:
    r"""Return text from a file or a server as it may be shown: one line, nothing that steers a terminal.

    White space of any kind becomes a blank; other characters that cannot be printed are written out.

    >>> one_line("NV\x1b[31mDA\n100")
    'NV\\x1b[31mDA 100'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else " " if c.isspace() else c.encode("unicode_escape").decode() for c in text
    )


class BetaNeutralError(Exception):
    """The base of all errors raised on purpose; ``str`` of it is the one line for the user."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, tickers: Sequence[str] = ()) -> None:
        super().__init__(one_line(message))
        self.tickers: tuple[str, ...] = tuple(tickers)


class InputError(BetaNeutralError):
    """What the user gave (a file, an option, a cell) cannot be used as it is."""

    exit_code = 2


class UnknownFund(InputError):
    """The fund's web API knows no fund of that name."""


class EmptyFund(InputError):
    """The fund holds nothing on the day that was asked for."""


class UnknownTicker(InputError):
    """A ticker that was asked for by name is in no table."""


class DuplicateTicker(InputError):
    """One ticker stands on several rows, and adding them up would be a guess."""


class MissingValue(InputError):
    """A number that is needed is blank, not a number, or out of its range."""


class MissingPrice(MissingValue):
    """What is to be traded has no price, or an old one only."""


class BlankArgument(InputError):
    """A worksheet function's argument that is needed is blank."""


class UnreadableFile(InputError):
    """The file is absent, too large, or not what its place in the call says it is."""


class Unwritable(InputError):
    """The output path cannot be written; nothing was changed there."""


class SourceError(BetaNeutralError):
    """What the network answered cannot be used."""

    exit_code = 3


class Unreachable(SourceError):
    """No answer: no connection, or not in time."""


class Refused(SourceError):
    """The server answered and said no."""


class NoData(SourceError):
    """The server failed at a sound question in the way it does where it has no data."""


class ChangedFormat(SourceError):
    """The server answered with something other than what its interface promises."""


class ModelError(BetaNeutralError):
    """The numbers are readable but admit no answer."""

    exit_code = 4


class NotPositiveSemidefinite(ModelError):
    """The covariance gives some portfolio a negative variance."""


class UndefinedBeta(ModelError):
    """The ETF has no variance, or the ETFs cannot be told apart."""


class UncoveredRisk(ModelError):
    """Names have no row in the risk model, and the policy is not to go on without them."""


class Infeasible(ModelError):
    """No weights meet all of the conditions.

    ``reachable`` is the ``Reachable`` that says which betas could be met, where that is known.
    """

    def __init__(self, message: str, *, tickers: Sequence[str] = (), reachable: Any = None) -> None:
        super().__init__(message, tickers=tickers)
        self.reachable = reachable


class SolverFailed(ModelError):
    """A solver stopped without an answer it can prove."""


class CheckFailed(ModelError):
    """A result did not pass its own checks, and so does not leave the core."""


class HostError(BetaNeutralError):
    """The workbook or the spreadsheet program is not as expected."""

    exit_code = 5


class FailedCell(HostError):
    """A cell that is needed holds an error; one of ours travels on unchanged."""


class ExpiredHandle(HostError):
    """The value that a handle in a cell stands for is kept no longer."""


class NamedRangeMissing(HostError):
    """The workbook lacks a named range or a sheet that the template has."""


class WorkbookOutOfDate(HostError):
    """The workbook was built for another version of the package or of xlwings."""
