"""The contract of hosts holds of the package's own, and fails where a host breaks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.hosts.files.workbook_file import FileWorkbook
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.open_workbook import Append, Replace
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings
from betaneutral_xl.testing import check_host

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.open_workbook import Change, Plan, Sheets


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(Settings(cache=tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def built(session: Session) -> bytes:
    return template.build(session)


@pytest.fixture
def file(built: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "fund.xlsx"
    path.write_bytes(built)
    return path


def check(kind: type[FileWorkbook], file: Path, session: Session) -> None:
    @contextmanager
    def opened(path: Path) -> Iterator[FileWorkbook]:
        yield kind(path)

    check_host(opened, file, session)


def test_a_workbook_as_a_file_is_a_host(file: Path, session: Session) -> None:
    check(FileWorkbook, file, session)


class WritesSomeChanges(FileWorkbook):
    """Leaves what was written before a change failed."""

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            super().apply([change])


class KeepsWhatIsBelow(FileWorkbook):
    """Does not clear what is below the rows that it replaces."""

    def _used(self, sheet: str) -> set[tuple[int, int]]:
        return set()


class ReadsFormulas(FileWorkbook):
    """Takes a text that looks like a number for one."""

    def apply(self, changes: Sequence[Change]) -> None:
        super().apply([self._taken(one) for one in changes])

    @staticmethod
    def _taken(change: Change) -> Change:
        if not isinstance(change, Replace | Append):
            return change
        rows = tuple(tuple(1e5 if cell == "1e5" else cell for cell in row) for row in change.rows)
        return (
            Replace(change.sheet, change.row, rows)
            if isinstance(change, Replace)
            else Append(change.sheet, rows)
        )


class RaisesForAnAbsentName(FileWorkbook):
    """Does not collect the reason, but raises it."""

    def read(self, plan: Plan) -> Sheets:
        for name in plan.names:
            self.named(name)
        return super().read(plan)


BROKEN = {
    WritesSomeChanges: "changes of which one is impossible are all not made",
    KeepsWhatIsBelow: "replacing clears what is below",
    ReadsFormulas: "what was written is read again as it was",
}


@pytest.mark.parametrize(("kind", "promise"), BROKEN.items(), ids=lambda one: getattr(one, "__name__", None))
def test_a_host_that_breaks_a_promise_is_told_which(
    kind: type[FileWorkbook], promise: str, file: Path, session: Session
) -> None:
    with pytest.raises(AssertionError, match=promise):
        check(kind, file, session)


def test_a_host_that_raises_on_reading_is_no_host(file: Path, session: Session) -> None:
    with pytest.raises(Exception, match="no_such_name"):
        check(RaisesForAnAbsentName, file, session)
