"""The contract of a host's workbook."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import BetaNeutralError
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.layout import LOG_ROW, PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.open_workbook import Append, Area, Plan, Recalculate, Replace
from betaneutral_xl.testing.requirements import require

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.open_workbook import Sheets, Workbook
    from betaneutral_xl.hosts.sheets.session import Rows, Session

BODY = PROPOSAL.table + 1

ODD_TEXTS = ("=1+1", "+1", "-1", "@A1", "'quoted", "1e5", "TRUE", "2025-11-18", "Größe 日本", "a b", "#N/A x")
"""Texts that stay texts, whatever they look like."""

ROWS: Rows = (
    *((text, 1.5, -3) for text in ODD_TEXTS),
    ("long " * 40 + "text", 1e-12, 123456789.25),
    (None, 0.0, None),
    ("end", None, 2),
)
"""What is written and read again: texts, numbers and blanks."""

ABSENT = "No such sheet"


def check_host(
    opened: Callable[[Path], AbstractContextManager[Workbook]], path: Path, session: Session
) -> None:
    """Check what holds of the workbook of every host.

    It reads what a plan names, and says of each thing that is not there why, without raising. It writes
    texts as texts and numbers as numbers; replacing clears what is below; appending goes below the last
    used row. Changes of which one is impossible are all not made. The button Rebalance then writes its
    proposal, and again keeps the former one.

    Parameters
    ----------
    opened
        A context with a workbook file open in the host, as the buttons use it.
    path
        A copy of the template, which is changed.
    session
        The state of a process that answers worksheet functions.

    Raises
    ------
    AssertionError
        With what does not hold.

    """
    with opened(path) as book:
        _reads(book, path)
        _writes(book)
        _appends(book)
        _makes_all_changes_or_none(book)
        _presses(book, session)


def _reads(book: Workbook, path: Path) -> None:
    plan = Plan(("setting_target", "no_such_name"), (Area(Sheet.SETTINGS, 1), Area(ABSENT, 1)))
    found = book.read(plan)
    require(set(found.names) == set(plan.names), "each name of a plan is read, or has the reason why not")
    require(
        isinstance(found.names["no_such_name"], BetaNeutralError), "a name that is not there has a reason"
    )
    require(isinstance(found.areas[ABSENT, 1], BetaNeutralError), "a sheet that is not there has a reason")
    target = cells.read(found.named("setting_target"), "the target").rows
    require(len(target) <= 1, "a named cell has one value")
    settings = cells.read(found.below(Sheet.SETTINGS, 1), "the settings").rows
    require(len(settings) > 1, "an area has the rows down to the last used one")
    require(found.stem == path.stem, f"the workbook's name is {path.stem}, not {found.stem}")
    require(found.folder.is_dir(), "files are written into a folder that exists")
    needless = book.read(Plan((), (Area(Sheet.SETTINGS, 1),)))
    require(not needless.names, "nothing is read but what the plan names")


def _writes(book: Workbook) -> None:
    book.apply([Replace(Sheet.PROPOSAL, BODY, ROWS)])
    _require_rows(book, ROWS, "what was written is read again as it was")
    shorter = ROWS[:2]
    book.apply([Replace(Sheet.PROPOSAL, BODY, shorter), Recalculate()])
    _require_rows(book, shorter, "replacing clears what is below")
    book.apply([])
    book.say("Checking ...")
    book.say("")
    _require_rows(book, shorter, "a progress text and no changes change nothing")


def _appends(book: Workbook) -> None:
    before = _rows(book, Sheet.LOG, LOG_ROW)
    for number in (1.0, 2.0):
        book.apply([Append(Sheet.LOG, (("entry", number),))])
    after = _rows(book, Sheet.LOG, LOG_ROW)
    require(after[: len(before)] == before, "appending leaves the rows above as they are")
    added = [row[:2] for row in after[len(before) :]]
    require(added == [("entry", 1.0), ("entry", 2.0)], "rows are appended below the last used one, in order")


def _makes_all_changes_or_none(book: Workbook) -> None:
    before = _rows(book, Sheet.PROPOSAL, 1)
    impossible = [Replace(Sheet.PROPOSAL, BODY, ROWS), Replace(ABSENT, 1, ROWS)]
    raised: Exception | None = None
    try:
        book.apply(impossible)
    except Exception as error:  # noqa: BLE001 - a host raises what it likes
        raised = error
    require(raised is not None, "a change of a sheet that is not there raises")
    require(_rows(book, Sheet.PROPOSAL, 1) == before, "changes of which one is impossible are all not made")


def _presses(book: Workbook, session: Session) -> None:
    proposals = []
    for _ in range(2):
        outcome = run_button("rebalance", book, session)
        require(
            outcome.error is None, f"Rebalance makes the sample neutral, and does not say {outcome.message}"
        )
        proposals.append(_rows(book, Sheet.PROPOSAL, PROPOSAL.table))
    require(len(proposals[0]) > 1, "the proposal is on its sheet")
    require(proposals[0] == proposals[1], "the same question has the same answer")
    previous = _rows(book, Sheet.PREVIOUS, PROPOSAL.table)
    require(previous == proposals[0], "the former proposal is on its sheet")


def _require_rows(book: Workbook, rows: Rows, promise: str) -> None:
    found = _rows(book, Sheet.PROPOSAL, BODY)
    expected = [_padded(row, 3) for row in rows]
    require(
        [_padded(row, 3) for row in found] == expected, f"{promise}: {_first_difference(found, expected)}"
    )


def _padded(row: tuple[Any, ...], width: int) -> tuple[Any, ...]:
    """Return the first cells of a row, integers as the numbers that sheets have."""
    cut = (*row, *[None] * width)[:width]
    return tuple(float(one) if isinstance(one, int) else one for one in cut)


def _first_difference(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> str:
    pairs = zip(found, expected, strict=False)
    return next(
        (f"{one} for {other}" for one, other in pairs if _padded(one, 3) != other), f"{len(found)} rows"
    )


def _rows(book: Workbook, sheet: str, row: int) -> list[tuple[Any, ...]]:
    """Return the values of a sheet from a row on, without blank rows at the end."""
    found: Sheets = book.read(Plan((), (Area(sheet, row),)))
    rows = [tuple(line) for line in cells.read(found.below(sheet, row), sheet).rows]
    while rows and not any(one is not None for one in rows[-1]):
        rows.pop()
    return rows
