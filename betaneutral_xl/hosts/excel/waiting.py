"""Cells that wait for the network without stopping Excel.

A function that may fetch is computed on another thread. A cell whose answer is not there after a few seconds
says that it waits; the functions that depend on it pass that on. When the answer is there the cell is
calculated again, and gets it.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar
from threading import Lock, Thread
from types import ModuleType
from typing import Any, Protocol

from betaneutral_xl.hosts.sheets.cells import PREFIX
from betaneutral_xl.hosts.sheets.session import Rows

AT_ONCE = 8
"""Functions that are computed at once; others queue."""

CALLER: ContextVar[Any] = ContextVar("caller", default=None)
"""The cell that calls a function, as a COM object of the thread that Excel calls."""


class Cell(Protocol):
    """A cell that can be calculated again, from any thread."""

    def recalculate(self) -> None:
        """Calculate the cell and what depends on it; raise if Excel is busy."""
        ...


class Waiting:
    """Computes answers on threads; keeps those for which a cell did not wait ``patience`` seconds.

    ``cell`` returns the calling cell, to be calculated again; None if there is none.
    """

    def __init__(self, cell: Callable[[], Cell | None], patience: float) -> None:
        self._cell, self._patience = cell, patience
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="betaneutral")
        self._late: dict[tuple[str, bytes], Future[Rows]] = {}
        self._lock = Lock()

    def answer(self, name: str, values: tuple[object, ...], compute: Callable[[], Rows]) -> Rows:
        """Return the answer of a function, or that the cell waits for it.

        The same function with the same arguments is computed once. ``compute`` never raises.
        """
        if self._late:
            key = _key(name, values)
            with self._lock:
                late = self._late.get(key)
                if late is not None and late.done():
                    del self._late[key]
            if late is not None:
                return late.result() if late.done() else self._wait_for(late, name)
        future = self._threads.submit(compute)
        try:
            return future.result(self._patience)
        except TimeoutError:
            with self._lock:
                self._late[_key(name, values)] = future
            return self._wait_for(future, name)

    def _wait_for(self, future: Future[Rows], name: str) -> Rows:
        """Let the calling cell be calculated again when an answer is there."""
        cell = self._cell()
        if cell is not None:
            future.add_done_callback(lambda _: _soon(cell))
        return ((f"{PREFIX}waiting for {name}: the cell fills in by itself.",),)


def _key(name: str, values: tuple[object, ...]) -> tuple[str, bytes]:
    plain = [getattr(one, "value", one) for one in values]
    try:
        return name, pickle.dumps(plain, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - an unpicklable value may raise anything
        return name, repr(plain).encode()


def _soon(cell: Cell) -> None:
    """Calculate a cell again on a thread of its own: a cell of Excel may not be used on two."""
    Thread(target=_persistently, args=(cell,), daemon=True, name="betaneutral-recalculation").start()


ATTEMPTS, PAUSE = 240, 0.25
"""Attempts to reach a busy Excel, and the seconds between: for a minute."""


def _persistently(cell: Cell) -> None:
    for _ in range(ATTEMPTS):
        with suppress(Exception):  # Excel is busy: a cell is edited, a dialog is open, or it calculates
            cell.recalculate()
            return
        time.sleep(PAUSE)


# ---------------------------------------------------------------- the calling cell


class ExcelCell:
    """A cell of Excel, passed on from the thread that Excel calls to another one."""

    AUTOMATIC = -4105

    def __init__(self, caller: Any) -> None:
        import pythoncom

        self._stream = pythoncom.CoMarshalInterThreadInterfaceInStream(pythoncom.IID_IDispatch, caller)
        self._range: Any = None

    def recalculate(self) -> None:
        """Calculate the cell; with manual calculation mark it for the user's next one."""
        if self._range is None:
            import pythoncom
            from win32com.client import Dispatch

            pythoncom.CoInitialize()
            found = pythoncom.CoGetInterfaceAndReleaseStream(self._stream, pythoncom.IID_IDispatch)
            self._range = Dispatch(found)
        self._range.Dirty()
        application = self._range.Application
        if application.Calculation == self.AUTOMATIC:
            application.Calculate()


def calling_cell() -> ExcelCell | None:
    """Return the cell that calls the function that is being computed, if Excel names it."""
    caller = CALLER.get()
    return None if caller is None else ExcelCell(caller)


def keep_callers(server: ModuleType) -> None:
    """Let xlwings' server keep the calling cell of each function in ``CALLER``.

    xlwings tells it to functions with an argument of that name only, which a workbook's Visual Basic has to
    pass: those that were built before do not.
    """
    call: Callable[..., Any] = server.call_udf

    def call_udf(module: str, name: str, arguments: Any, book: Any = None, caller: Any = None) -> Any:
        token = CALLER.set(caller)
        try:
            return call(module, name, arguments, book, caller)
        finally:
            CALLER.reset(token)

    server.call_udf = call_udf  # type: ignore[attr-defined] # a module's function
