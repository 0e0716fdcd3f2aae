"""From a result to a workbook that stands alone and proves its own numbers.

What else is known is given by keyword: the ways side by side, the orders in whole shares, what
could be reached, what the weights did, and the name of the frozen inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.model.provenance import now
from betaneutral_xl.report.contents import Contents, Realised
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from betaneutral_xl.engine.result import Rebalance

__all__ = ["Contents", "Realised", "build_html", "build_pdf", "build_report", "write_report"]


def contents_of(
    result: Rebalance, command: str = "", written_at: datetime | None = None, **known: Any
) -> Contents:
    """Put together what a report shows; ``known`` is what ``Contents`` has besides.

    Where it is told that nothing is feasible, the portfolio is shown as it is: no weights of another
    problem, however good, stand where a proposal is looked for.
    """
    if known.get("infeasible") is not None:
        result = result.unchanged()
    return Contents(result=result, command=command, written_at=written_at or now(), **known)


def build_report(
    result: Rebalance, command: str = "", written_at: datetime | None = None, **known: Any
) -> bytes:
    """Return a result's report workbook as the bytes of an ``.xlsx`` file.

    Parameters
    ----------
    result
        What is reported.
    command
        The command that reproduces it, without users' paths.
    written_at
        The time stamp, UTC; by default now. The same inputs and the same stamp give the same
        bytes.
    **known
        What else ``Contents`` can show: ``snapshot``, ``alternatives``, ``orders``, ``infeasible``,
        ``realised``.

    """
    from betaneutral_xl.report.xlsx import workbook

    return workbook(contents_of(result, command, written_at, **known))


def write_report(
    result: Rebalance, path: Path | str, command: str = "", written_at: datetime | None = None, **known: Any
) -> None:
    """Write a result's report workbook, whole or not at all.

    Parameters are those of ``build_report``, and the ``.xlsx`` file's path.

    Raises
    ------
    Unwritable
        If the file cannot be written; what was there is still there.

    """
    saving.save(path, build_report(result, command, written_at, **known))


def build_html(
    result: Rebalance, command: str = "", written_at: datetime | None = None, **known: Any
) -> bytes:
    """Return a result's report as one web page that needs no other file.

    Parameters are those of ``build_report``.
    """
    from betaneutral_xl.report.html import page

    return page(contents_of(result, command, written_at, **known)).encode()


def build_pdf(workbook: bytes) -> bytes:
    """Return the pages of a report workbook as a PDF, printed by LibreOffice.

    Raises
    ------
    HostError
        If LibreOffice is not installed, or does not do it.

    """
    from betaneutral_xl.report.pdf import to_pdf

    return to_pdf(workbook)
