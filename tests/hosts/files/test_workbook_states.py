"""A workbook file stays a whole one under any order of edits, buttons and full disks."""

from __future__ import annotations

import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from unittest.mock import patch

import openpyxl
import pytest
from failing_files import Faults, Kind, failing
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from betaneutral_xl.hosts.cli import main

BUTTONS = st.sampled_from(["rebalance", "restore", "orders", "report"])
ODD = st.sampled_from(
    ["=1+1", "\u202ex", "-5%", "1e400", "demo", "nan", -1.0, 1e308, 0.0, True, None, "x" * 300]
)


@cache
def template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        assert main(["workbook", "build", "--folder", folder, "--only", "xlsx"]) == 0
        (path,) = Path(folder).glob("*.xlsx")
        return path.read_bytes()


class WorkbookStates(RuleBasedStateMachine):
    """A template in a folder of its own."""

    @initialize()
    def start(self) -> None:
        """Begin with a new template."""
        content = template()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "book.xlsx"
        self.path.write_bytes(content)
        self.sheets = openpyxl.load_workbook(self.path).sheetnames
        caches = {"BETANEUTRAL_CACHE": str(self.folder / "cache"), "BETANEUTRAL_DOWNLOADS": str(self.folder)}
        self.environment = patch.dict("os.environ", caches)
        self.environment.start()

    def teardown(self) -> None:
        """Remove the folder."""
        if hasattr(self, "environment"):
            self.environment.stop()
            shutil.rmtree(self.folder)

    @rule(button=BUTTONS)
    def press(self, button: str) -> None:
        """Press a button: it does what it is for, or says in a line why not."""
        assert main(["workbook", "run", str(self.path), "--button", button]) in {0, 2, 4, 5}
        self.require_whole()

    @rule(button=BUTTONS, first=st.integers(1, 12), kind=st.sampled_from(Kind))
    def press_on_a_bad_disk(self, button: str, first: int, kind: Kind) -> None:
        """Press a button whose n-th operation on files fails: the workbook stays as it was, or is done."""
        before = self.path.read_bytes()
        with failing(Faults(self.folder, first, kind)):
            code = main(["workbook", "run", str(self.path), "--button", button])
        assert code in {0, 2, 4, 5, 130}
        assert code in {0, 5} or self.path.read_bytes() == before
        self.require_whole()

    @rule(row=st.integers(2, 30), column=st.integers(1, 4), value=ODD,
          sheet=st.sampled_from(["Settings", "Portfolio"]))  # fmt: skip
    def edit(self, sheet: str, row: int, column: int, value: object) -> None:
        """Save another value in a cell, as a program does."""
        book = openpyxl.load_workbook(self.path)
        if sheet in book.sheetnames:
            book[sheet].cell(row, column).value = value  # type: ignore[assignment] # any value of a cell
            book.save(self.path)

    def require_whole(self) -> None:
        """Require that the workbook opens with its sheets, and has no temporary file beside it."""
        assert openpyxl.load_workbook(self.path).sheetnames == self.sheets
        assert not list(self.folder.glob(".*"))


WorkbookStates.TestCase.settings = settings(max_examples=4, stateful_step_count=6, derandomize=True)
TestWorkbookStates = pytest.mark.skipif(sys.platform == "win32", reason="its faults are of POSIX systems")(
    WorkbookStates.TestCase
)
