"""A workbook file in which the n-th cell that is written fails."""

from __future__ import annotations

from typing import Any

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook


class FailingWorkbook(FileWorkbook):
    """A workbook whose cells are written until ``failing``, counted from 1; 0 fails never."""

    failing = 0

    def _put(self, *given: Any) -> None:
        self.failing -= 1
        if self.failing == 0:
            msg = "The cells A1:B2 of the sheet are merged."
            raise HostError(msg)
        super()._put(*given)
