"""Errors by which Excel says that it is busy, not that something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from betaneutral_xl.errors import HostError

BUSY = frozenset({0x80010001, 0x8001010A, 0x800AC472})
"""Results of COM: ``RPC_E_CALL_REJECTED``, ``RPC_E_SERVERCALL_RETRYLATER``, and ``VBA_E_IGNORE``, with which
Excel answers while a cell is edited."""


def busy(error: BaseException) -> HostError | None:
    """Return what the user is told if an error means that Excel is busy, else None."""
    details = getattr(error, "excepinfo", None)
    codes = {getattr(error, "hresult", None), details[5] if details else None}
    known = {code & 0xFFFFFFFF for code in codes if isinstance(code, int)}
    if not known & BUSY and type(error).__name__ != "ExcelBusyError":
        return None
    return HostError(
        "Excel is busy: a cell is being edited, or a dialog is open. End that, and press the button again. "
        "Nothing was changed."
    )


@contextmanager
def unless_busy() -> Iterator[None]:
    """Raise ``HostError`` within the context where Excel says that it is busy."""
    try:
        yield
    except Exception as error:
        reason = busy(error)
        if reason is None:
            raise
        raise reason from error
