"""Many backtests, on all cores or on a cluster; what is done is kept, and a sweep goes on from there.

Every cell is one portfolio, one ETF, one estimator, one horizon and one span of dates. A cell is told by
the digest of all that it depends on, and its result goes into the journal, a line of JSON, as soon as it
is there. Sums are taken on one thread in a fixed order, and every result goes through the journal, so
that it is the same to the last bit whichever engine computed it, in whatever order, in one run or several
(on processors of one kind: NumPy and BLAS choose their kernels by it).
"""

from __future__ import annotations

import json
import logging
import math
import socket
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.backtest.forward import Performance, walk
from betaneutral_xl.errors import BetaNeutralError, InputError, Unreachable, Unwritable
from betaneutral_xl.model.provenance import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from betaneutral_xl.engine.backtest.plan import Study

MEASURES = tuple(field.name for field in fields(Performance))

COLUMNS = (
    *("fund", "etf", "estimator", "method", "horizon", "start", "end"),
    *MEASURES,
    "warnings",
    "error",
)
"""Of a sweep's table; ``error`` says why a cell has no numbers."""

CONNECT = 20
"""Seconds to wait for a cluster."""

AT_ONCE = 4
"""Cells a processor that are sent to Ray together: so many may be lost by an interruption, and its
processes are begun anew for each lot, which replaces those that were lost."""

BEGINNING = b'{"key": '
"""Of every line of a journal."""

Row = dict[str, Any]


class Engine(StrEnum):
    """What runs the cells: processes on this machine, or a cluster that is there already."""

    LOKY = "loky"
    DASK = "dask"
    RAY = "ray"


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One backtest of a sweep, with the names under which its rows stand in the table."""

    fund: str
    etf: str
    study: Study

    @property
    def key(self) -> str:
        """The digest of everything that the numbers depend on."""
        study = self.study
        (estimator,) = study.estimators
        told = {
            "version": _version(),
            "holdings": [study.holdings.tickers, study.holdings.weights.tolist(), study.holdings.cash],
            "etfs": [[etf.tickers, etf.weights.tolist()] for etf in study.etfs],
            "names": study.prices.tickers,
            "dates": digest(study.prices.dates.tobytes()),
            "prices": digest(study.prices.matrix.tobytes()),
            "schedule": asdict(study.schedule),
            "estimator": [estimator.method, estimator.window, sorted(estimator.options.items())],
            "methods": study.methods,
            "how": [study.holding, study.absent, study.cost_bp],
            "asked": [study.targets, repr(study.constraints)],
            "notes": [*study.notes, *study.prices.warnings],
        }
        return digest(json.dumps(told, default=str).encode())

    def rows(self, measured: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of ``COLUMNS`` of what was measured."""
        schedule = self.study.schedule
        named = {
            "fund": self.fund,
            "etf": self.etf,
            "estimator": self.study.estimators[0].label,
            "horizon": schedule.horizon,
            "start": schedule.start,
            "end": schedule.end,
        }
        for one in measured:
            row = {**named, **one}
            yield tuple(math.nan if row.get(name) is None else row[name] for name in COLUMNS)


def measure(cell: Cell) -> list[Row]:
    """Run one cell; a row a method, or one that says why there are no numbers."""
    try:
        result = walk(cell.study)
    except BetaNeutralError as error:
        return [{"method": "", "warnings": "", "error": str(error)}]
    told = {"start": str(result.dates[0]), "end": str(result.dates[-1]), "warnings": " ".join(result.notes)}
    return [
        {
            "method": method,
            **result.performance((method, label)).record(result.etf_names),
            **told,
            "error": "",
        }
        for method, label in result.ways
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
    """Run all cells that the journal does not have, and return the rows of all, in the cells' order.

    Parameters
    ----------
    cells
        What to run.
    journal
        A file beside the results, to which every cell is added when it is done. With the same
        journal a sweep goes on after an interruption, and a larger one runs what is new.
    engine, address
        Processes here (``loky``), or a cluster that runs already: the address of a Dask scheduler,
        such as ``tcp://host:8786``, or of a Ray head node. Its workers need this package.
    jobs
        Processes on this machine; by default one a core.
    on_progress
        Told how many cells of how many are done, at the beginning and after each.

    Returns
    -------
    list of tuple
        Rows of ``COLUMNS``. A cell without an answer has one row, with the reason in ``error``.

    Raises
    ------
    InputError
        If an engine is not installed, or needs an address.
    Unreachable
        If the cluster does not answer, or workers were lost; what is done is kept.
    Unwritable
        If the journal cannot be written, or another sweep is writing it.

    """
    keys = [cell.key for cell in cells]
    with _Journal(Path(journal)) as kept:
        todo = {key: cell for key, cell in zip(keys, cells, strict=True) if key not in kept.done}
        total = len(set(keys))
        tell = on_progress or (lambda *_: None)
        tell(total - len(todo), total)
        if todo:
            for key, measured in _run(todo, engine, address, jobs):
                kept.add(key, measured)
                tell(total - len(todo) + kept.added, total)
        return [row for key, cell in zip(keys, cells, strict=True) for row in cell.rows(kept.done[key])]


def _run(todo: dict[str, Cell], engine: Engine, address: str, jobs: int) -> Iterator[tuple[str, list[Row]]]:
    """Yield every cell's key and rows, in the order in which they are done."""
    from joblib import Parallel, delayed, effective_n_jobs

    with _engine(engine, address, jobs):
        tasks = (delayed(_keyed)(key, cell) for key, cell in todo.items())
        try:
            if engine is Engine.RAY:  # whose backend answers only when all is done
                while some := list(islice(tasks, AT_ONCE * effective_n_jobs())):
                    yield from Parallel(batch_size=1)(some)
            else:
                yield from Parallel(return_as="generator_unordered", batch_size=1)(tasks)
        except _losses(engine) as error:
            what, instead = f"The {engine} cluster at {address} was lost", "when it runs again"
            if engine is Engine.LOKY:
                what, instead = "A process of the sweep was ended from outside", "perhaps with fewer jobs"
            msg = (
                f"{what} ({_reason(error)}). What was done is kept: give the same command again to go on, "
                f"{instead}."
            )
            raise Unreachable(msg) from None


def _losses(engine: Engine) -> tuple[type[Exception], ...]:
    """Return what an engine raises where it has lost its processes, which is asked only then."""
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
    """Let joblib use an engine, and let go of it at the end; the cluster itself is left as it is."""
    from joblib import parallel_config

    if engine is Engine.LOKY:
        if address:
            msg = "An address is of a cluster; loky runs on this machine. Choose --engine dask or ray."
            raise InputError(msg)
        with parallel_config(backend="loky", n_jobs=jobs, max_nbytes=None):
            yield
    elif not address:
        example = "tcp://host:8786" if engine is Engine.DASK else "auto, or host:6379"
        msg = f"The engine {engine} is a cluster that runs already: give its address, such as {example}."
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
        client = Client(address, timeout=CONNECT, set_as_default=False)
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
        _knock(address)
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, OverflowError, ValueError, RuntimeError) as error:
        raise _no_answer(Engine.RAY, address, error) from None
    try:
        register_ray()
        with parallel_config(backend="ray", n_jobs=-1):
            yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """See whether something listens at host:port: Ray itself would try for two minutes."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=CONNECT).close()


def _not_installed(engine: Engine) -> InputError:
    msg = f'The engine {engine} is not installed. Install it with pip install "betaneutral-xl[{engine}]".'
    return InputError(msg)


def _no_answer(engine: Engine, address: str, error: Exception) -> Unreachable:
    msg = f"No {engine} cluster answers at {address}: {_reason(error)}. Start it, or check the address."
    return Unreachable(msg)


def _reason(error: Exception) -> str:
    """Return the first sentence of another's error."""
    return (str(error).splitlines() or [type(error).__name__])[0].partition(". ")[0].rstrip(".")[:120]


class _Journal:
    """What is done, a line of JSON a cell; a last line cut short by an interruption is dropped."""

    def __init__(self, path: Path) -> None:
        from filelock import FileLock

        self.path = path
        self.lock = FileLock(path.with_name(path.name + ".lock"), timeout=0)
        self.done: dict[str, list[Row]] = {}
        self.added = 0

    def __enter__(self) -> Self:
        """Read what is there, and keep others out."""
        from filelock import Timeout

        if not self.path.parent.is_dir():  # which the lock would make
            msg = f"Cannot write {self.path.name}: there is no folder {self.path.parent.name}. Make it first."
            raise Unwritable(msg)
        try:
            self.lock.acquire()
            whole = self._read()
            self.file = self.path.open("ab")
            self.file.truncate(whole)
        except Timeout:
            msg = f"Another sweep is writing {self.path.name}. Wait for it, or choose another --out."
            raise Unwritable(msg) from None
        except Unwritable:
            self.lock.release()
            raise
        except OSError as error:
            self.lock.release()
            reason = error.strerror or type(error).__name__
            msg = f"Cannot write {self.path.name}: {reason}. Choose a folder that may be written to."
            raise Unwritable(msg) from None
        return self

    def __exit__(self, *_: object) -> None:
        """Let others in."""
        self.file.close()
        self.lock.release()

    def add(self, key: str, measured: list[Row]) -> None:
        """Write down one cell, and keep what a later run would read."""
        line = json.dumps({"key": key, "rows": measured})
        self.file.write(line.encode() + b"\n")
        self.file.flush()
        self.done[key] = json.loads(line)["rows"]
        self.added += 1

    def _read(self) -> int:
        """Take up the whole lines, and return how many bytes they are."""
        whole = 0
        for number, line in enumerate(self._lines(), 1):
            if not line.endswith(b"\n") and line.startswith(BEGINNING[: len(line)]):
                break  # cut short
            key, rows = _told(line)
            if not isinstance(key, str) or not isinstance(rows, list):
                msg = (
                    f"{self.path.name} is no journal of a sweep: see its line {number}. It is left as it is; "
                    "choose another --out, or remove it."
                )
                raise Unwritable(msg)
            self.done[key] = rows
            whole += len(line)
        return whole

    def _lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []


def _told(line: bytes) -> tuple[Any, Any]:
    """Return the key and the rows that a line tells; None where it tells something else."""
    try:
        told = json.loads(line)
    except ValueError:
        return None, None
    return (told.get("key"), told.get("rows")) if isinstance(told, dict) else (None, None)


def _version() -> str:
    from betaneutral_xl import __version__

    return __version__
