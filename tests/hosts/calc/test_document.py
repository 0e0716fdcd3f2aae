"""The client's document with a fake of LibreOffice's model, whose n-th write fails."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from betaneutral_xl.hosts.calc import extension

STUBS = {
    "uno": {},
    "unohelper": {"Base": type("Base", (), {})},
    "com": {},
    "com.sun": {},
    "com.sun.star": {},
    "com.sun.star.awt": {"XCallback": type("XCallback", (), {})},
    "com.sun.star.frame": {"XTerminateListener": type("XTerminateListener", (), {})},
    "com.sun.star.lang": {"DisposedException": type("DisposedException", (Exception,), {})},
    "com.sun.star.document": {
        "XUndoAction": type("XUndoAction", (), {}),
        "XDocumentEventListener": type("XDocumentEventListener", (), {}),
    },
}
"""What the client imports of LibreOffice."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the module ``document`` of the extension, as in LibreOffice."""
    folder = tmp_path_factory.mktemp("extension")
    with zipfile.ZipFile(io.BytesIO(extension.build(sys.executable))) as package:
        package.extractall(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, content in STUBS.items():
            module = ModuleType(name)
            module.__dict__.update(content)
            patch.setitem(sys.modules, name, module)
        patch.syspath_prepend(str(folder / "pythonpath"))
        yield import_module(f"{extension.PACKAGE}.calc.client.document")
    for name in [name for name in sys.modules if name.partition(".")[0] == extension.PACKAGE]:
        del sys.modules[name]


class Undo:
    """LibreOffice's undo manager: steps are lists of what sets cells back."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, list[Callable[[], None]]]] = []
        self.open: list[Callable[[], None]] | None = None
        self.redo_cleared = 0
        self.works = True

    def enterUndoContext(self, title: str) -> None:  # noqa: N802 - LibreOffice's names
        self.title, self.open = title, []

    def addUndoAction(self, action: Any) -> None:  # noqa: N802
        assert self.open is not None
        self.open.append(action.undo)

    def leaveUndoContext(self) -> None:  # noqa: N802
        if self.works and self.open is not None:
            self.steps.append((self.title, self.open))
        self.open = None

    def isUndoPossible(self) -> bool:  # noqa: N802
        return bool(self.steps)

    def getCurrentUndoActionTitle(self) -> str:  # noqa: N802
        return self.steps[-1][0]

    def undo(self) -> None:
        for action in reversed(self.steps.pop()[1]):
            action()

    def clearRedo(self) -> None:  # noqa: N802
        self.redo_cleared += 1


class Cell:
    """A cell that records how to undo what is written to it."""

    def __init__(self, sheet: Sheet, at: tuple[int, int]) -> None:
        self.__dict__["place"] = sheet, at

    def __setattr__(self, name: str, value: Any) -> None:
        sheet, at = self.__dict__["place"]
        model, cells = sheet.model, sheet.cells
        model.writes += 1
        if model.writes == model.failing_write:
            msg = "refused"
            raise RuntimeError(msg)
        was = cells.get(at)
        model.UndoManager.open.append(lambda: cells.pop(at) if was is None else cells.update({at: was}))
        cells[at] = value
        model.modified = True


class Sheet:
    """A sheet, and also a range of it; ``cells`` maps row and column from 0 to a value."""

    def __init__(self, model: Model, *rows: tuple[Any, ...]) -> None:
        self.model = model
        self.cells = {(i, j): cell for i, row in enumerate(rows) for j, cell in enumerate(row) if cell != ""}
        self.protected = False

    def isProtected(self) -> bool:  # noqa: N802
        return self.protected

    def createCursor(self) -> Any:  # noqa: N802
        rows, columns = [i for i, _ in self.cells] or [0], [j for _, j in self.cells] or [0]
        address = SimpleNamespace(EndRow=max(rows), EndColumn=max(columns))
        return SimpleNamespace(gotoEndOfUsedArea=lambda _: None, RangeAddress=address)

    def getCellRangeByPosition(self, left: int, top: int, right: int, bottom: int) -> Any:  # noqa: N802
        rows = tuple(
            tuple(self.cells.get((i, j), "") for j in range(left, right + 1)) for i in range(top, bottom + 1)
        )
        return SimpleNamespace(
            getDataArray=lambda: rows,
            clearContents=lambda _: None,
            getCellByPosition=lambda column, row: Cell(self, (top + row, left + column)),
        )


class Model:
    """LibreOffice's model of a document with three sheets."""

    URL = "file:///funds/quant.ods"

    def __init__(self) -> None:
        self.UndoManager = Undo()
        self.modified, self.automatic, self.locks, self.calculations = False, True, 0, 0
        self.writes, self.failing_write = 0, 0
        self.sheets = {
            "Proposal": Sheet(self, ("Title",), ("a", 1.0), ("b", 2.0), ("c", "mine")),
            "Previous": Sheet(self, ("Title",), ("old",)),
            "Log": Sheet(self, ("at", "action")),
        }
        self.Sheets = SimpleNamespace(hasByName=self.sheets.__contains__, getByName=self.sheets.__getitem__)
        names = {"setting": ((("fetch",),)), "other": ((1.0, ""),)}
        self.NamedRanges = SimpleNamespace(
            hasByName=names.__contains__,
            getByName=lambda name: SimpleNamespace(
                getReferredCells=lambda: SimpleNamespace(getDataArray=lambda: names[name])
            ),
        )

    def contents(self) -> dict[str, dict[tuple[int, int], Any]]:
        return {name: dict(sheet.cells) for name, sheet in self.sheets.items()}

    def isModified(self) -> bool:  # noqa: N802
        return self.modified

    def setModified(self, value: bool) -> None:  # noqa: FBT001, N802
        self.modified = value

    def isAutomaticCalculationEnabled(self) -> bool:  # noqa: N802
        return self.automatic

    def enableAutomaticCalculation(self, value: bool) -> None:  # noqa: FBT001, N802
        self.automatic = value

    def lockControllers(self) -> None:  # noqa: N802
        self.locks += 1

    def unlockControllers(self) -> None:  # noqa: N802
        self.locks -= 1

    def hasControllersLocked(self) -> bool:  # noqa: N802
        return self.locks > 0


CHANGES = [
    ["replace", "Proposal", 2, [["x", 1.0], ["y", 3.0]]],
    ["replace", "Previous", 2, [["a", 1.0], ["b", 2.0]]],
    ["append", "Log", 0, [["now", "Rebalance"]]],
]
CELLS = 11
"""Cells that these change: those that stay the same are not written."""


def test_changes_are_one_undo_step(client: Any) -> None:
    model = Model()
    before = model.contents()
    client.Document(model).apply("Rebalance", CHANGES)
    assert model.writes == CELLS
    assert model.sheets["Proposal"].cells[1, 0] == "x"
    assert model.sheets["Proposal"].cells[3, 1] == ""
    assert model.sheets["Log"].cells[1, 1] == "Rebalance"
    ((title, _),) = model.UndoManager.steps
    assert title == "Rebalance"
    model.UndoManager.undo()
    assert model.contents() == before
    assert (model.automatic, model.locks) == (True, 0)


@pytest.mark.parametrize("n", range(1, CELLS + 1))
def test_a_writing_that_fails_at_its_nth_cell_has_changed_nothing(client: Any, n: int) -> None:
    model = Model()
    before, model.failing_write = model.contents(), n
    with pytest.raises(client.WriteRefused) as refused:
        client.Document(model).apply("Rebalance", CHANGES)
    assert str(refused.value) == "Calc did not let the document be written (refused). Nothing was changed."
    assert model.contents() == before
    assert (model.UndoManager.steps, model.UndoManager.redo_cleared) == ([], 1)
    assert (model.modified, model.automatic, model.locks) == (False, True, 0)


def test_what_cannot_be_undone_is_reported(client: Any) -> None:
    model = Model()
    model.UndoManager.works, model.failing_write = False, 5
    with pytest.raises(client.WriteRefused, match="could not be undone: close the document without saving"):
        client.Document(model).apply("Rebalance", CHANGES)


def test_a_missing_or_protected_sheet_is_refused_before_anything_is_written(client: Any) -> None:
    model = Model()
    model.sheets["Log"].protected = True
    with pytest.raises(client.WriteRefused, match="The sheet Log is protected, and nothing was written"):
        client.Document(model).apply("Rebalance", CHANGES)
    del model.sheets["Log"]
    with pytest.raises(client.WriteRefused, match="has no sheet Log, and nothing was written"):
        client.Document(model).apply("Rebalance", CHANGES)
    assert (model.writes, model.UndoManager.steps) == (0, [])


def test_one_reading_has_ranges_and_the_areas_that_are_needed(client: Any) -> None:
    areas = [
        ("Previous", 2, None),
        ("Proposal", 2, ["setting", "fetch"]),
        ("Log", 1, ["other", "fetch"]),
        ("No such sheet", 1, None),
    ]
    assert client.Document(Model()).read(["setting", "other", "absent"], areas) == {
        "names": [(("fetch",),), ((1.0, ""),), None],
        "areas": [(("old",),), None, (("at", "action"),), None],
    }
