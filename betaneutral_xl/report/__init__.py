"""From a result to a workbook that stands alone and proves its own numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl import saving
from betaneutral_xl.provenance import now
from betaneutral_xl.report.contents import Contents, Realised

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from betaneutral_xl.rebalance import Rebalance

__all__ = ["Realised", "build_report", "write_report"]


def build_report(
    result: Rebalance,
    command: str = "",
    written_at: datetime | None = None,
    *,
    snapshot: str = "",
    realised: tuple[Realised, ...] = (),
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
    snapshot
        The name of the frozen inputs that the result was made from, if it was.
    realised
        What weights did after the fact, for a sheet of its own.

    """
    from betaneutral_xl.report.workbook import workbook  # noqa: PLC0415 - openpyxl

    return workbook(
        Contents(
            result=result,
            command=command,
            written_at=written_at or now(),
            snapshot=snapshot,
            realised=realised,
        )
    )


def write_report(
    result: Rebalance,
    path: Path | str,
    command: str = "",
    written_at: datetime | None = None,
    *,
    snapshot: str = "",
    realised: tuple[Realised, ...] = (),
) -> None:
    """Write a result's report workbook, whole or not at all.

    Parameters are those of ``build_report``, and the ``.xlsx`` file's path.

    Raises
    ------
    Unwritable
        If the file cannot be written; what was there is still there.

    """
    saving.save(path, build_report(result, command, written_at, snapshot=snapshot, realised=realised))
