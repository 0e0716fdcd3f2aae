"""The state of one host process, and the evaluation of a cell's function.

Recalculation must never fetch or estimate again. So a result is cached under the hash of its
arguments, and the value behind it under the hash of its cells: the next function in the chain gets
the holdings themselves (with net asset value, source and warnings), not only the table.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from betaneutral_xl.errors import BetaNeutralError, BlankArgument, FailedCell
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.cells import Cell, Grid
from betaneutral_xl.hosts.sheets.entries import Function
from betaneutral_xl.hosts.sheets.handles import Handles
from betaneutral_xl.hosts.sheets.origins import OriginStore, fingerprint
from betaneutral_xl.hosts.sheets.result_cache import MAX_RESULTS, ResultCache
from betaneutral_xl.model.provenance import now
from betaneutral_xl.system.saving import PRIVATE_FILE, make_private_folder
from betaneutral_xl.system.settings import Settings

LOG = "worksheet.log"
MAX_LOG_BYTES = 1_000_000
"""Bytes after which the log is overwritten."""

Rows = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that a cell showed."""

    at: datetime
    function: str
    text: str


class Session:
    """The state of one process in which worksheet functions are called with a host's values.

    Its settings are by default those of the environment.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()
        self.handles = Handles(self.settings.cache / "handles")
        self.results = ResultCache()
        self.last_error: Failure | None = None
        self._origins = OriginStore(MAX_RESULTS)
        self._grids = cells.GridCache()

    @property
    def log(self) -> Path:
        """The file to which the tracebacks of defects are written."""
        return self.settings.cache / LOG

    def call(self, function: Function, *values: object) -> Rows:
        """Evaluate a function for a cell; never raise: for an error, return one cell with its message.

        ``values`` are the arguments in the host's types, in order; trailing ones may be omitted.
        """
        try:
            return self.answer(function, *values)
        except BetaNeutralError as error:
            line = cells.error_text(error)
            reported = not (isinstance(error, BlankArgument) or str(error).startswith(cells.PREFIX))
        except Exception as error:  # noqa: BLE001 - a cell shows one line, whatever happens
            self.write_log(function.name, traceback.format_exc())
            line = (
                f"{cells.PREFIX}{type(error).__name__} in {function.name}: a defect of this program. "
                f"The traceback is in {LOG}; see also BN_LAST_ERROR()."
            )
            reported = True
        if reported:
            self.last_error = Failure(now(), function.name, line)
        return ((line,),)

    def answer(self, function: Function, *values: object) -> Rows:
        """Evaluate a function as ``call`` does, but raise errors.

        Raises
        ------
        BetaNeutralError
            If the function raises it.
        FailedCell
            If an argument is an error message of another function.
        BlankArgument
            If a required argument is blank, as hosts pass it while they order their formulas.

        """
        function.require_count(len(values))
        padded = [*values, *[None] * (len(function.arguments) - len(values))]
        grids = [
            self._grids.read(value, argument.name)
            for value, argument in zip(padded, function.arguments, strict=True)
        ]
        for grid, argument in zip(grids, function.arguments, strict=True):
            first = grid.rows[0][0] if grid.rows else None
            if isinstance(first, str) and first.startswith(cells.PREFIX):
                raise FailedCell(first)
            if grid.blank and not argument.optional:
                raise BlankArgument(argument.blank_line)
        if not function.cacheable:
            return cells.rectangle(function.run(self, *grids).rows)
        key = (function.name, *map(self.key, grids), function.external_state(self, *grids))
        return self.results.get_or_compute(key, lambda: self._compute(function, grids))

    def origin(self, grid: Grid) -> object:
        """Return the value behind these cells if they are a function's unchanged result, else None.

        Also None if values that differ in more than their source have these cells: then no more is known
        than the cells.
        """
        found = self._origins.get(grid.digest())
        same = len(found) == 1 or len({fingerprint(one, source=False) for one in found}) == 1
        return found[-1] if same else None

    def origins(self, grid: Grid) -> tuple[object, ...]:
        """Return the different values that have these cells, the newest last."""
        return self._origins.get(grid.digest())

    def key(self, grid: Grid) -> tuple[bytes, tuple[int, ...]]:
        """Return what results of a range are cached by: its cells, and the values that have them."""
        digest = grid.digest()
        return digest, self._origins.tokens(digest)

    def refresh(self) -> None:
        """Clear all results, so that the next recalculation fetches from the network, not from its cache."""
        self.settings = replace(self.settings, refresh=True)
        self.results.clear()
        self.handles.clear()
        self._origins.clear()

    def _compute(self, function: Function, grids: Sequence[Grid]) -> Rows:
        result = function.run(self, *grids)
        rows = cells.rectangle(result.rows)
        if result.value is not None:
            numbers = cells.as_numbers(rows)
            for shown in (rows,) if numbers is rows else (rows, numbers):
                self._origins.add(cells.read(shown, "result").digest(), result.value)
        return rows

    def write_log(self, what: str, trace: str) -> None:
        """Append a traceback to the log; a log that cannot be written is ignored."""
        try:
            make_private_folder(self.log.parent)
            self.log.touch(PRIVATE_FILE)
            self.log.chmod(PRIVATE_FILE)
            with self.log.open(
                "w" if self.log.stat().st_size > MAX_LOG_BYTES else "a", encoding="utf-8"
            ) as file:
                file.write(f"{now().isoformat()} {what}\n{trace}\n")
        except OSError:
            return
