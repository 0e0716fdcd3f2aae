"""Reports of a result: a self-contained workbook that verifies its own numbers, a PDF and a web page.

Optional sections are passed by keyword: the comparison of alternatives, the orders in whole shares, the
reason for infeasibility, realised betas, and the name of the snapshot.
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
    result: Rebalance, command: str = "", written_at: datetime | None = None, **options: Any
) -> Contents:
    """Return the contents of a report; ``options`` are the optional fields of ``Contents``.

    If the request is infeasible, the portfolio is shown unchanged: weights that solve another problem must
    not appear as the proposal.
    """
    if options.get("infeasible") is not None:
        result = result.unchanged()
    return Contents(result=result, command=command, written_at=written_at or now(), **options)


def build_report(
    result: Rebalance, command: str = "", written_at: datetime | None = None, **options: Any
) -> bytes:
    """Return the report workbook of a result as the bytes of an ``.xlsx`` file.

    Parameters
    ----------
    result
        The result to report.
    command
        The command that reproduces it, without local paths.
    written_at
        The time stamp, UTC; by default now. The same inputs and time stamp give the same bytes.
    **options
        Optional fields of ``Contents``: ``snapshot``, ``alternatives``, ``orders``, ``infeasible``,
        ``realised``.

    """
    from betaneutral_xl.report.xlsx import workbook

    return workbook(contents_of(result, command, written_at, **options))


def write_report(
    result: Rebalance, path: Path | str, command: str = "", written_at: datetime | None = None, **options: Any
) -> None:
    """Write the report workbook of a result atomically.

    The parameters are those of ``build_report``, and the path of the ``.xlsx`` file.

    Raises
    ------
    Unwritable
        If the file cannot be written; an existing file is then unchanged.

    """
    saving.save(path, build_report(result, command, written_at, **options))


def build_html(
    result: Rebalance, command: str = "", written_at: datetime | None = None, **options: Any
) -> bytes:
    """Return the report of a result as one self-contained web page, in UTF-8.

    The parameters are those of ``build_report``.
    """
    from betaneutral_xl.report.html import page

    return page(contents_of(result, command, written_at, **options)).encode()


def build_pdf(workbook: bytes) -> bytes:
    """Return a report workbook as a PDF, converted by LibreOffice.

    Raises
    ------
    HostError
        If LibreOffice is not installed or fails.

    """
    from betaneutral_xl.report.pdf import to_pdf

    return to_pdf(workbook)
