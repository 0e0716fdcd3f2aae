from __future__ import annotations

import threading
import types
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.excel import waiting
from betaneutral_xl.hosts.excel.waiting import CALLER, Waiting, keep_callers

if TYPE_CHECKING:
    import pytest

ANSWER = (("done",),)
LATE = (("#BETA! waiting for LOAD_ETF: the cell fills in by itself.",),)


class Cell:
    """A cell that Excel calculates again, after it has been busy."""

    def __init__(self, busy: int = 0) -> None:
        self.busy, self.attempts = busy, 0
        self.calculated = threading.Event()

    def recalculate(self) -> None:
        self.attempts += 1
        if self.attempts <= self.busy:
            raise OSError
        self.calculated.set()


class Slow:
    """A function whose answer comes when it is released."""

    def __init__(self) -> None:
        self.release, self.calls = threading.Event(), 0

    def __call__(self) -> Any:
        self.calls += 1
        assert self.release.wait(30)
        return ANSWER


def test_an_answer_that_is_there_in_time_is_returned() -> None:
    assert Waiting(lambda: None, patience=30.0).answer("LOAD_ETF", ("demo",), lambda: ANSWER) == ANSWER


def test_a_cell_says_that_it_waits_and_is_calculated_again_when_the_answer_is_there() -> None:
    cell, slow = Cell(), Slow()
    cells = Waiting(lambda: cell, patience=0.0)
    assert cells.answer("LOAD_ETF", ("demo",), slow) == LATE
    assert cells.answer("LOAD_ETF", ("demo",), slow) == LATE
    assert not cell.calculated.is_set()
    slow.release.set()
    assert cell.calculated.wait(30)
    assert cells.answer("LOAD_ETF", ("demo",), slow) == ANSWER
    assert slow.calls == 1


def test_a_busy_excel_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PAUSE", 0.0)
    cell, slow = Cell(busy=3), Slow()
    cells = Waiting(lambda: cell, patience=0.0)
    cells.answer("LOAD_ETF", ("demo",), slow)
    slow.release.set()
    assert cell.calculated.wait(30)
    assert cell.attempts == 4


def test_other_arguments_and_functions_do_not_wait_for_it() -> None:
    slow, cells = Slow(), Waiting(lambda: None, patience=0.0)
    cells.answer("LOAD_ETF", ("demo",), slow)
    patient = Waiting(lambda: None, patience=30.0)
    patient._late = cells._late
    assert patient.answer("LOAD_ETF", ("other",), lambda: ANSWER) == ANSWER
    assert patient.answer("FETCH_HOLDINGS", ("demo",), lambda: ANSWER) == ANSWER
    slow.release.set()


def test_the_server_keeps_the_cell_that_calls() -> None:
    seen: list[Any] = []
    server = types.ModuleType("com_server")
    server.call_udf = lambda *given: seen.append((given, CALLER.get()))  # type: ignore[attr-defined] # a stand-in
    keep_callers(server)
    server.call_udf("module", "LOAD_ETF", ("demo",), "book", "cell")
    server.call_udf("module", "LOAD_ETF", ("demo",))
    assert seen == [
        (("module", "LOAD_ETF", ("demo",), "book", "cell"), "cell"),
        (("module", "LOAD_ETF", ("demo",), None, None), None),
    ]
    assert CALLER.get() is None
