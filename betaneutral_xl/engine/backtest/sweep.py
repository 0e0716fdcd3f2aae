"""Many backtests on all cores or on a cluster; completed cells are kept, so that a sweep can be resumed.

A cell is one portfolio, one ETF, one estimator, one horizon and one span of dates. It is identified by the
digest of its inputs, and its result is appended to the journal on completion. Sums are computed on one
thread in a fixed order, and every result passes through the journal, so that results are bitwise equal
whatever the engine, the order of the cells and the number of runs (on processors of one kind, because
NumPy and BLAS choose their kernels by processor).
"""

from __future__ import annotations

import json
import logging
import math
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.backtest.forward import Performance, walk
from betaneutral_xl.engine.backtest.journal import Journal
from betaneutral_xl.errors import BetaNeutralError, InputError, MissingPackage, Unreachable
from betaneutral_xl.model.provenance import digest

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest.journal import Row
    from betaneutral_xl.engine.backtest.plan import Study

MEASURES = tuple(field.name for field in fields(Performance))

COLUMNS = (
    *("fund", "etf", "estimator", "method", "horizon", "start", "end"),
    *MEASURES,
    "warnings",
    "error",
)
"""Columns of a sweep's table; ``error`` is the reason where a cell has no results."""

CONNECT_TIMEOUT = 20
"""Seconds to wait for a connection to a cluster."""

CELLS_PER_PROCESS = 4
"""Cells per processor in a batch for Ray: an interruption can lose that many. Each batch starts new
processes, which replaces lost ones."""


class Engine(StrEnum):
    """Engine that runs the cells: processes on this machine, or an existing cluster."""

    LOKY = "loky"
    DASK = "dask"
    RAY = "ray"


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One backtest of a sweep, with the names for its rows in the table."""

    fund: str
    etf: str
    study: Study

    @property
    def key(self) -> str:
        """Digest of all inputs of the cell."""
        from betaneutral_xl import __version__

        study = self.study
        (estimator,) = study.estimators
        inputs = {
            "version": __version__,
            "holdings": [study.holdings.tickers, study.holdings.weights.tolist(), study.holdings.cash],
            "etfs": [[etf.tickers, etf.weights.tolist()] for etf in study.etfs],
            "names": study.prices.tickers,
            "dates": digest(study.prices.dates.tobytes()),
            "prices": digest(study.prices.matrix.tobytes()),
            "schedule": asdict(study.schedule),
            "estimator": [estimator.method, estimator.window, sorted(estimator.options.items())],
            "methods": study.methods,
            "how": [study.holding, study.absent, study.cost_bp],
            "asked": [study.targets, repr(study.constraints), study.objective],
            "intervals": study.intervals,
            "market": [study.market.share, study.market.etf.tickers, study.market.etf.weights.tolist()]
            if study.market
            else [],
            "notes": [*study.notes, *study.prices.warnings],
        }
        return digest(json.dumps(inputs, default=str).encode())

    def rows(self, measured: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
        """Yield the measured rows as tuples of ``COLUMNS``."""
        schedule = self.study.schedule
        common = {
            "fund": self.fund,
            "etf": self.etf,
            "estimator": self.study.estimators[0].label,
            "horizon": schedule.horizon,
            "start": schedule.start,
            "end": schedule.end,
        }
        for one in measured:
            row = {**common, **one}
            yield tuple(math.nan if row.get(name) is None else row[name] for name in COLUMNS)


def measure(cell: Cell) -> list[Row]:
    """Run one cell and return a row per method, or one row with the error."""
    try:
        result = walk(cell.study)
    except MissingPackage:
        raise  # no result of the cell, which is run when the package is there
    except BetaNeutralError as error:
        return [{"method": "", "warnings": "", "error": str(error)}]
    common = {"start": str(result.dates[0]), "end": str(result.dates[-1]), "warnings": " ".join(result.notes)}
    return [
        {
            "method": method,
            **result.performance((method, label)).record(result.etf_names),
            **common,
            "error": "",
        }
        for method, label in result.strategies
    ]


def sweep(
    cells: Sequence[Cell],
    journal: Path | str,
    *,
    engine: Engine = Engine.LOKY,
    address: str = "",
    jobs: int = -1,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[tuple[Any, ...]]:
    """Run all cells that are not in the journal, and return the rows of all cells, in their order.

    Rows are of ``COLUMNS``; a failed cell has one, with the reason in ``error``.

    Parameters
    ----------
    journal
        File to which every cell is appended on completion. With the same journal an interrupted sweep
        is resumed, and an enlarged one runs the new cells only.
    engine, address
        Processes on this machine (``loky``), or a running cluster: the address of a Dask scheduler,
        such as ``tcp://host:8786``, or of a Ray head node. Its workers need this package.
    jobs
        Processes on this machine; by default one per core.
    on_progress
        Called with the numbers of completed cells and of all cells, at the start and after each cell.

    Raises
    ------
    InputError
        If an engine is not installed, or needs an address.
    MissingPackage
        If an estimator needs a package that is not installed; completed cells are kept.
    Unreachable
        If the cluster does not answer, or workers were lost; completed cells are kept.
    Unwritable
        If the journal cannot be written, or another sweep is writing it.

    """
    keys = [cell.key for cell in cells]
    with Journal(Path(journal)) as kept:
        pending = {key: cell for key, cell in zip(keys, cells, strict=True) if key not in kept.done}
        total = len(set(keys))
        report = on_progress or (lambda *_: None)
        report(total - len(pending), total)
        if pending:
            for key, rows in _run(pending, engine, address, jobs):
                kept.add(key, rows)
                report(total - len(pending) + kept.added, total)
        return [row for key, cell in zip(keys, cells, strict=True) for row in cell.rows(kept.done[key])]


def _run(cells: dict[str, Cell], engine: Engine, address: str, jobs: int) -> Iterator[tuple[str, list[Row]]]:
    """Yield every cell's key and rows, in the order of completion."""
    from joblib import Parallel, delayed, effective_n_jobs

    with _engine(engine, address, jobs):
        tasks = (delayed(_keyed)(key, cell) for key, cell in cells.items())
        try:
            if engine is Engine.RAY:  # its backend returns results only when all are complete
                while some := list(islice(tasks, CELLS_PER_PROCESS * effective_n_jobs())):
                    yield from Parallel(batch_size=1)(some)
            else:
                yield from Parallel(return_as="generator_unordered", batch_size=1)(tasks)
        except _worker_errors(engine) as error:
            lost, retry = f"The {engine} cluster at {address} was lost", "when it is running"
            if engine is Engine.LOKY:
                lost, retry = "A process of the sweep was killed", "perhaps with fewer jobs"
            msg = (
                f"{lost} ({_reason(error)}). Completed cells are kept: run the same command again to resume, "
                f"{retry}."
            )
            raise Unreachable(msg) from None


def _worker_errors(engine: Engine) -> tuple[type[Exception], ...]:
    """Return the exceptions of an engine for lost processes; imported only when needed."""
    if engine is Engine.LOKY:
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        return (TerminatedWorkerError,)
    if engine is Engine.DASK:
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        return (CancelledError, CommClosedError, KilledWorker)
    from ray.exceptions import RayError

    return (RayError,)


def _keyed(key: str, cell: Cell) -> tuple[str, list[Row]]:
    return key, measure(cell)


@contextmanager
def _engine(engine: Engine, address: str, jobs: int) -> Iterator[None]:
    """Configure joblib for an engine, and disconnect at the end; the cluster itself keeps running."""
    from joblib import parallel_config

    if engine is Engine.LOKY:
        if address:
            msg = "An address is for a cluster, but loky runs on this machine. Choose --engine dask or ray."
            raise InputError(msg)
        with parallel_config(backend="loky", n_jobs=jobs, max_nbytes=None):
            yield
    elif not address:
        example = "tcp://host:8786" if engine is Engine.DASK else "auto, or host:6379"
        msg = f"The engine {engine} needs a running cluster: give its address, such as {example}."
        raise InputError(msg)
    elif engine is Engine.DASK:
        with _dask(address):
            yield
    else:
        with _ray(address):
            yield


@contextmanager
def _dask(address: str) -> Iterator[None]:
    try:
        from distributed import Client
    except ImportError:
        raise _not_installed(Engine.DASK) from None
    from joblib import parallel_config

    try:
        client = Client(address, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise _no_answer(Engine.DASK, address, error) from None
    with client, parallel_config(backend="dask", client=client, n_jobs=-1):
        yield


@contextmanager
def _ray(address: str) -> Iterator[None]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise _not_installed(Engine.RAY) from None
    from joblib import parallel_config

    try:
        _check_port(address)
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, OverflowError, ValueError, RuntimeError) as error:
        raise _no_answer(Engine.RAY, address, error) from None
    try:
        register_ray()
        with parallel_config(backend="ray", n_jobs=-1):
            yield
    finally:
        ray.shutdown()


def _check_port(address: str) -> None:
    """Check that host:port accepts connections, because Ray itself would retry for two minutes."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT).close()


def _not_installed(engine: Engine) -> InputError:
    msg = f'The engine {engine} is not installed. Install it with pip install "betaneutral-xl[{engine}]".'
    return InputError(msg)


def _no_answer(engine: Engine, address: str, error: Exception) -> Unreachable:
    msg = f"No {engine} cluster answers at {address}: {_reason(error)}. Start it, or check the address."
    return Unreachable(msg)


def _reason(error: Exception) -> str:
    """Return the first sentence of a foreign error, at most 120 characters."""
    return (str(error).splitlines() or [type(error).__name__])[0].partition(". ")[0].rstrip(".")[:120]
