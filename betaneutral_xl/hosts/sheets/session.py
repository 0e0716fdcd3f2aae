"""What one process of a host remembers, and how it answers a cell.

Recalculation must never fetch or estimate again. So a result is kept under the hash of what was
asked, one computation at a time; and under the hash of its own cells the value that they show, so
that the next function in the chain gets the holdings themselves (with net asset value, source and
warnings) and not what a table can say of them.
"""

from __future__ import annotations

import traceback
from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from betaneutral_xl.errors import BetaNeutralError, BlankArgument, FailedCell
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.cells import Cell, Grid
from betaneutral_xl.hosts.sheets.handles import Handles
from betaneutral_xl.hosts.sheets.memory import MOST_RESULTS, Memory
from betaneutral_xl.model.provenance import now
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from betaneutral_xl.hosts.sheets.entries import Function

LOG = "worksheet.log"
LONGEST_LOG = 1_000_000
"""Bytes after which the log starts anew."""

Rows = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """The last error that a cell showed."""

    at: datetime
    function: str
    text: str


class Session:
    """The functions of one process: call them by name with a host's values.

    Parameters
    ----------
    settings
        By default, from the environment.

    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()
        self.handles = Handles(self.settings.cache / "handles")
        self.memory = Memory()
        self.last_error: Failure | None = None
        self._origins: OrderedDict[bytes, object] = OrderedDict()
        self._readings = cells.Readings()
        self._lock = Lock()

    @property
    def log(self) -> Path:
        """The file that takes the traces of defects."""
        return self.settings.cache / LOG

    def call(self, function: Function, *values: object) -> Rows:
        """Answer one cell.

        Parameters
        ----------
        function
            One of the registry.
        values
            The arguments as the host gives them, in order; missing ones at the end may be left out.

        Returns
        -------
        tuple of tuples
            A rectangle of cells; for an error, one cell with its line.

        """
        try:
            return self.answer(function, *values)
        except BetaNeutralError as error:
            line = cells.error_text(error)
            passing = isinstance(error, BlankArgument) or str(error).startswith(cells.PREFIX)
        except Exception as error:  # noqa: BLE001 - a cell shows one line, whatever happens
            self.write_log(function.name, traceback.format_exc())
            line = (
                f"{cells.PREFIX}{type(error).__name__} in {function.name}: a defect of this program. "
                f"The trace is in {LOG}; BN_LAST_ERROR() says more."
            )
            passing = False
        if not passing:
            self.last_error = Failure(now(), function.name, line)
        return ((line,),)

    def answer(self, function: Function, *values: object) -> Rows:
        """Answer as ``call`` does, but raise what is wrong.

        Raises
        ------
        BetaNeutralError
            What the function raises.
        FailedCell
            If an argument is an error of ours already.
        BlankArgument
            If an argument that is needed is blank, as hosts give it while they order their formulas.

        """
        function.require_count(len(values))
        padded = [*values, *[None] * (len(function.arguments) - len(values))]
        grids = [
            self._readings.read(value, argument.name)
            for value, argument in zip(padded, function.arguments, strict=True)
        ]
        for grid, argument in zip(grids, function.arguments, strict=True):
            first = grid.rows[0][0] if grid.rows else None
            if isinstance(first, str) and first.startswith(cells.PREFIX):
                raise FailedCell(first)
            if grid.blank and not argument.optional:
                msg = f"{argument.name} is blank. Give {argument.hint}"
                raise BlankArgument(msg)
        if not function.kept:
            return cells.rectangle(function.run(self, *grids).rows)
        key = (function.name, *(grid.digest() for grid in grids), function.outside(self, *grids))
        return self.memory.once(key, lambda: self._compute(function, grids))

    def origin(self, grid: Grid) -> object:
        """Return the value that these very cells show as some function's result, or None."""
        with self._lock:
            return self._origins.get(grid.digest())

    def refresh(self) -> None:
        """Forget results, so that the next recalculation asks again, the network and not its cache."""
        self.settings = replace(self.settings, refresh=True)
        self.memory.clear()
        self.handles.clear()
        with self._lock:
            self._origins.clear()

    def _compute(self, function: Function, grids: Sequence[Grid]) -> Rows:
        result = function.run(self, *grids)
        rows = cells.rectangle(result.rows)
        if result.value is not None:
            digest = cells.read(rows, "result").digest()
            with self._lock:
                self._origins[digest] = result.value
                while len(self._origins) > MOST_RESULTS:
                    self._origins.popitem(last=False)
        return rows

    def write_log(self, what: str, trace: str) -> None:
        """Add the trace of a defect to the log; a log that cannot be written is no further defect."""
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            old = self.log.exists() and self.log.stat().st_size > LONGEST_LOG
            with self.log.open("w" if old else "a", encoding="utf-8") as file:
                file.write(f"{now().isoformat()} {what}\n{trace}\n")
        except OSError:
            return
