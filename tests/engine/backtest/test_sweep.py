from __future__ import annotations

import errno
import json
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, Any

import pytest
from joblib import Parallel, parallel_config
from psutil import Process

from betaneutral_xl import Holdings
from betaneutral_xl.engine.backtest import Estimator, Schedule, Study
from betaneutral_xl.engine.backtest.journal import Journal
from betaneutral_xl.engine.backtest.sweep import COLUMNS, Cell, Engine, sweep
from betaneutral_xl.errors import InputError, Unreachable, Unwritable
from betaneutral_xl.model.constraints import UNLIMITED, Constraints, Range

ESTIMATORS = ("sample", "exponential", "exponential:half_life=21", "default", "sample:window=100")


@pytest.fixture
def cells(study: Callable[..., Study]) -> list[Cell]:
    """Return ten cells, of which two have no answer."""
    funds = {
        "first": Holdings.from_weights({"AAA": 0.6, "BBB": 0.4}),
        "second": Holdings.from_weights({"CCC": 0.5, "FFF": 0.5}),
    }
    made = [
        Cell(name, "ETF", study(holdings=book, estimators=(Estimator.parse(text),)))
        for name, book in funds.items()
        for text in ESTIMATORS
    ]
    hopeless = Schedule(start=date(2030, 1, 1))
    made[3] = Cell("first", "ETF", study(holdings=funds["first"], schedule=hopeless))
    made[7] = Cell("second", "ETF", study(holdings=funds["second"], schedule=hopeless))
    return made


def same(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> bool:
    """Whether two tables are equal to the last bit."""
    return repr(one) == repr(other)


@pytest.fixture
def expected(cells: list[Cell], tmp_path: Path) -> list[tuple[Any, ...]]:
    return sweep(cells, tmp_path / "expected.journal", jobs=1)


def test_a_sweep_has_a_row_for_each_cell_and_method(
    cells: list[Cell], expected: list[tuple[Any, ...]]
) -> None:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in expected]
    assert len(rows) == 8 * 5 + 2
    assert [row["fund"] for row in rows] == sorted(row["fund"] for row in rows)
    failed = [row for row in rows if row["error"]]
    assert len(failed) == 2
    assert "no rebalance date to test" in failed[0]["error"]
    assert math.isnan(failed[0]["realised_beta_mean"])
    hedge = next(row for row in rows if (row["method"], row["estimator"]) == ("hedge", "exponential"))
    assert abs(hedge["realised_beta_mean"]) < 0.1
    assert hedge["start"] == "2022-06-30"


def test_processes_give_the_same_bits_as_one(
    cells: list[Cell], expected: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    assert same(sweep(cells, tmp_path / "j", jobs=2), expected)


def test_target_and_limits_are_sent_to_the_processes_and_make_another_cell(
    study: Callable[..., Study], tmp_path: Path
) -> None:
    sent_cells = [
        Cell("fund", "ETF", study(methods=("reweight",), target=target, constraints=limits))
        for target in (0.0, 0.5, "AAA")
        for limits in (
            UNLIMITED,
            Constraints(lower={"*": -0.2}, groups={"G": ("AAA",)}, group_limits={"G": Range(0.0, 0.9)}),
        )
    ]
    assert len({cell.key for cell in sent_cells}) == len(sent_cells)
    alone, apart = (sweep(sent_cells, tmp_path / str(jobs), jobs=jobs) for jobs in (1, 2))
    assert same(alone, apart)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in apart]
    assert [row["error"] for row in rows] == [""] * len(sent_cells)
    assert abs(rows[2]["active_beta_mean"]) < 0.1 < abs(rows[2]["realised_beta_mean"])


class Interrupted(Exception):
    """An interruption by the user."""


def test_an_interrupted_sweep_is_resumed(
    cells: list[Cell], expected: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    journal = tmp_path / "j"

    def stop(done: int, _: int) -> None:
        if done == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        sweep(cells, journal, jobs=1, on_progress=stop)
    with journal.open("ab") as file:
        file.write(b'{"key": "cut short by a power fail')
    progress: list[int] = []
    assert same(sweep(cells, journal, jobs=1, on_progress=lambda done, _: progress.append(done)), expected)
    assert progress == list(range(4, 11))
    assert all(json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines())


def test_completed_cells_are_not_run_again_and_new_ones_are(
    cells: list[Cell], study: Callable[..., Study], tmp_path: Path
) -> None:
    progress: list[tuple[int, int]] = []
    sweep(cells[:2], tmp_path / "j", jobs=1)
    costlier = Cell("first", "ETF", study(holdings=cells[0].study.holdings, cost_bp=50.0))
    sweep([*cells[:2], costlier], tmp_path / "j", jobs=1, on_progress=lambda *both: progress.append(both))
    assert progress == [(2, 3), (3, 3)]


def test_two_sweeps_do_not_write_one_journal(cells: list[Cell], tmp_path: Path) -> None:
    def another(done: int, _: int) -> None:
        if done == 1:
            sweep(cells[:1], tmp_path / "j", jobs=1)

    with pytest.raises(Unwritable, match="Another sweep is writing j"):
        sweep(cells[:2], tmp_path / "j", jobs=1, on_progress=another)


@pytest.mark.parametrize(
    "content",
    [
        "My notes of today",
        "My notes\nof today\n",
        '{"a": 1}\n',
        "[1, 2]\n",
        '{"key": 1, "rows": []}\n',
        '{"key": "k", "rows": "none"}\n',
        '{"key": "k", "rows": []}\n{"key": "cut sh\n',
        "\n",
    ],
)
def test_a_file_that_is_no_journal_is_left_unchanged(cells: list[Cell], tmp_path: Path, content: str) -> None:
    notes = tmp_path / "notes.journal"
    notes.write_bytes(content.encode())
    number = content.count("\n", 0, len(content) - 1) + 1
    for _ in range(2):  # the first releases its lock
        message = rf"notes.journal is not the journal of a sweep: line (1|{number}) is invalid"
        with pytest.raises(Unwritable, match=message):
            sweep(cells[:1], notes, jobs=1)
    assert notes.read_bytes() == content.encode()


def test_a_changed_row_of_a_journal_is_found(cells: list[Cell], tmp_path: Path) -> None:
    journal = tmp_path / "j"
    before = sweep(cells[:2], journal, jobs=1)
    good = journal.read_bytes()
    first, second = good.splitlines(keepends=True)
    damaged = second.replace(b'"method": "hedge"', b'"method": "hedgf"', 1)
    assert damaged != second
    journal.write_bytes(first + damaged)
    with pytest.raises(Unwritable, match="the checksum of line 2 is another"):
        sweep(cells[:2], journal, jobs=1)
    assert journal.read_bytes() == first + damaged
    journal.write_bytes(first)
    assert same(sweep(cells[:2], journal, jobs=1), before)
    assert journal.read_bytes() == good


class FullDisk:
    """A file that takes some bytes of its n-th write, and then says that the disk is full."""

    def __init__(self, file: IO[bytes], fails_at: int) -> None:
        self._file, self._left = file, fails_at
        self.truncate, self.close = file.truncate, file.close

    def write(self, data: bytes) -> int:
        self._left -= 1
        if self._left == 0:
            return self._file.write(data[:20])
        if self._left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data)


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_full_disk_keeps_the_completed_cells(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    entered = Journal.__enter__

    def enter(journal: Journal) -> Journal:
        opened = entered(journal)
        opened._file = FullDisk(opened._file, fails_at)  # type: ignore[assignment] # stands in for one
        return opened

    monkeypatch.setattr(Journal, "__enter__", enter)
    with pytest.raises(Unwritable, match="No space left on device"):
        sweep(cells[:3], tmp_path / "j", jobs=1)
    monkeypatch.undo()
    assert len((tmp_path / "j").read_bytes().splitlines()) == fails_at - 1
    progress: list[int] = []
    sweep(cells[:3], tmp_path / "j", jobs=1, on_progress=lambda done, _: progress.append(done))
    assert progress == list(range(fails_at - 1, 4))


def test_a_journal_that_cannot_be_written_is_an_error(cells: list[Cell], tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match="Cannot write j"):
        sweep(cells[:1], tmp_path / "absent" / "j", jobs=1)


def test_a_killed_process_is_reported_and_completed_cells_are_kept(
    cells: list[Cell], expected: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    def kill_all(done: int, _: int) -> None:
        from joblib.externals.loky import reusable_executor

        if done == 1:
            for process in list(reusable_executor._executor._processes.values()):
                process.terminate()

    with pytest.raises(Unreachable, match="run the same command again"):
        sweep(cells, tmp_path / "j", jobs=2, on_progress=kill_all)
    assert same(sweep(cells, tmp_path / "j", jobs=1), expected)


@contextmanager
def dask_cluster() -> Iterator[tuple[str, Callable[[], int]]]:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (the extra dask)")
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
    ) as one:
        yield one.scheduler_address, lambda: next(iter(one.workers.values())).pid


@contextmanager
def ray_cluster() -> Iterator[tuple[str, Callable[[], int]]]:
    utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed (the extra ray)")
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    one = utils.Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    try:
        one.add_node(**node)
        yield one.address, ray_worker
    finally:
        one.shutdown()


def ray_worker() -> int:
    """Return the process of one of this cluster's workers."""
    ours = Process().children(recursive=True)
    return next(one.pid for one in ours if one.cmdline()[:1] == ["ray::PoolActor"])


@pytest.mark.filterwarnings("ignore")  # a worker that is killed leaves sockets and processes behind
@pytest.mark.parametrize(("engine", "start"), [(Engine.DASK, dask_cluster), (Engine.RAY, ray_cluster)])
def test_a_cluster_that_loses_a_worker_gives_the_same_bits(
    cells: list[Cell],
    expected: list[tuple[Any, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: Engine,
    start: Callable[[], AbstractContextManager[tuple[str, Callable[[], int]]]],
) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")  # no usage statistics
    killed = threading.Event()
    with start() as (address, worker):

        def kill(done: int, _: int) -> None:
            if done >= 1 and not killed.is_set():
                killed.set()
                os.kill(worker(), signal.SIGKILL)

        found = sweep(cells, tmp_path / "j", engine=engine, address=address, on_progress=kill)
    assert same(found, expected)
    assert killed.is_set()


@contextmanager
def running(*command: str, message: str) -> Iterator[tuple[Popen[str], str]]:
    """Run a Python module and yield the process with the first line that contains ``message``."""
    with Popen([sys.executable, "-m", *command], stderr=PIPE, text=True) as process:  # noqa: S603 - of our own
        assert process.stderr is not None
        try:
            line = next(line for line in process.stderr if message in line)
            threading.Thread(target=process.stderr.read, daemon=True).start()  # so that it never waits
            yield process, line
        finally:
            process.kill()


@pytest.mark.filterwarnings("ignore")  # a scheduler that is killed leaves sockets behind
def test_a_killed_scheduler_is_reported_and_completed_cells_are_kept(
    study: Callable[..., Study], tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (the extra dask)")
    often = Schedule(start=date(2022, 6, 1), every="3")
    cells = [Cell("first", "ETF", study(schedule=often, cost_bp=float(cost))) for cost in range(12)]
    local = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with running("distributed.cli.dask_scheduler", *local, message="Scheduler at:") as (scheduler, line):
        address = line.split()[-1]
        worker = ("distributed.cli.dask_worker", address, "--nthreads", "2", "--no-dashboard", "--no-nanny")
        with running(*worker, message="Registered to:"):

            def kill(done: int, _: int) -> None:
                if done == 1:
                    scheduler.kill()

            with pytest.raises(Unreachable, match=r"The dask cluster .*run the same command again"):
                sweep(cells, tmp_path / "j", engine=Engine.DASK, address=address, on_progress=kill)
    progress: list[int] = []
    sweep(cells, tmp_path / "j", jobs=1, on_progress=lambda done, _: progress.append(done))
    assert 1 <= progress[0] < progress[-1] == len(cells)


def test_a_lost_ray_cluster_is_reported(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exceptions = pytest.importorskip("ray.exceptions", reason="Ray is not installed (the extra ray)")

    def lost(*_: object, **__: object) -> None:
        raise exceptions.ActorUnavailableError("the head is gone", b"0" * 16)  # noqa: EM101, TRY003 - as Ray does

    monkeypatch.setattr("joblib.Parallel.__call__", lost)
    monkeypatch.setattr("betaneutral_xl.engine.backtest.sweep._ray", lambda _: nullcontext())
    with pytest.raises(Unreachable, match=r"The ray cluster .*run the same command again"):
        sweep(cells[:1], tmp_path / "j", engine=Engine.RAY, address="auto")


def test_ray_gets_a_few_cells_per_processor_at_once_so_that_little_is_lost(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    real: Any = Parallel.__call__

    def noting(parallel: Parallel, tasks: list[Any]) -> Any:
        sent.append(len(tasks))
        return real(parallel, tasks)

    monkeypatch.setattr("joblib.Parallel.__call__", noting)
    here = parallel_config(backend="threading", n_jobs=2)
    monkeypatch.setattr("betaneutral_xl.engine.backtest.sweep._ray", lambda _: here)
    sweep(cells, tmp_path / "j", engine=Engine.RAY, address="auto")
    assert sent == [8, 2]


@pytest.mark.parametrize(
    ("engine", "address", "error", "message"),
    [
        (Engine.DASK, "", InputError, "give its address, such as tcp://"),
        (Engine.RAY, "", InputError, "give its address, such as auto"),
        (Engine.LOKY, "tcp://host:1", InputError, "loky runs on this machine"),
        (Engine.DASK, "tcp://127.0.0.1:9", Unreachable, "No dask cluster answers at tcp://127.0.0.1:9"),
        (
            Engine.RAY,
            "127.0.0.1:9",
            Unreachable,
            "No ray cluster answers at 127.0.0.1:9: .*refused. Start it",
        ),
        (
            Engine.RAY,
            "auto",
            Unreachable,
            "answers at auto: Could not find any running Ray instance. Start it",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore")  # likewise
def test_an_unreachable_cluster_is_an_error(
    cells: list[Cell],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: Engine,
    address: str,
    error: type[Exception],
    message: str,
) -> None:
    module = "distributed" if engine is Engine.DASK else "ray"
    pytest.importorskip(module, reason=f"{module} is not installed (an extra)")
    monkeypatch.setattr("betaneutral_xl.engine.backtest.sweep.CONNECT_TIMEOUT", 1)
    with pytest.raises(error, match=message):
        sweep(cells[:1], tmp_path / "j", engine=engine, address=address)
