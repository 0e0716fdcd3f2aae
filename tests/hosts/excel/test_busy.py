from __future__ import annotations

import pytest

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.excel.busy import busy, unless_busy


class ComError(Exception):
    """As pywin32's: ``excepinfo`` ends with the code of the program that was called."""

    def __init__(self, hresult: int, code: int | None = None) -> None:
        super().__init__(hresult)
        self.hresult = hresult
        self.excepinfo = None if code is None else (0, "Microsoft Excel", "", None, 0, code)


@pytest.mark.parametrize(
    "error",
    [
        ComError(-2147418111),  # RPC_E_CALL_REJECTED
        ComError(-2147417846),  # RPC_E_SERVERCALL_RETRYLATER
        ComError(-2146777998),  # VBA_E_IGNORE
        ComError(-2147352567, -2146777998),
        type("ExcelBusyError", (Exception,), {})(),
    ],
)
def test_a_busy_excel_is_named_as_that(error: Exception) -> None:
    with (
        pytest.raises(HostError, match=r"^Excel is busy: a cell is being edited, or a dialog is open\."),
        unless_busy(),
    ):
        raise error


@pytest.mark.parametrize("error", [ComError(-2147352567), ComError(-2147352567, -2146827284), OSError(5)])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert busy(error) is None
    with pytest.raises(type(error)), unless_busy():
        raise error
