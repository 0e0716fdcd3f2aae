"""One solver on one kind of problem in a process of its own, for neutralising_speed.py.

    python tests/benchmarks/measuring.py factor PEER NAMES SECONDS
    python tests/benchmarks/measuring.py dense PEER PROBLEM.npz SECONDS

prints a line of JSON a problem: milliseconds (the least of several runs) and megabytes (the largest memory
of a run beyond what was there before it). The process ends where a problem takes more than so many seconds.
The time is the clock's, not the processor's, which virtual machines count in ticks of up to 10 ms: run it
where nothing else does.
"""

from __future__ import annotations

import json
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from barra import make
from peers import DENSE_PEERS, PEERS

from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.model.risk import Dense

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

BLOCK, BLOCKS = 0.15, 4
"""Time of the runs that are timed together, seconds, and how often."""

LONG = 3.0
"""Seconds of a run from which on it is not repeated."""


def dense_problem(path: Path) -> QuadraticProgram:
    """Return a long-only problem whose matrix and arrays are in a file: net exposure and one beta kept."""
    with np.load(path) as arrays:
        matrix, weights, betas, targets = (arrays[one] for one in ("matrix", "weights", "betas", "targets"))
    n = len(weights)
    matrix.flags.writeable = False
    return QuadraticProgram(
        Dense(matrix),
        weights,
        np.zeros(n),
        np.full(n, np.inf),
        np.column_stack([np.ones(n), betas]),
        targets,
        targets,
        ("net exposure", "beta"),
    )


def write_dense_problem(path: Path, n: int, days: int, shrinkage: float) -> None:
    """Write the problem of a sample covariance of ``days`` days, shrunk towards its mean variance."""
    rng = np.random.default_rng(n)
    market = rng.normal(1.0, 0.3, (n, 1)) * 0.16
    loadings = np.hstack([market, rng.normal(0.0, 0.05, (n, 19))])
    returns = rng.standard_t(5, (days, 20)) @ loadings.T
    returns += rng.standard_t(5, (days, n)) * np.sqrt(rng.uniform(0.02, 0.15, n))
    returns -= returns.mean(axis=0)
    matrix = (1.0 - shrinkage) * 0.6 * (returns.T @ returns) / days
    matrix[np.diag_indices(n)] += shrinkage * matrix.trace() / n
    matrix = (matrix + matrix.T) / 2.0
    weights, basket = rng.dirichlet(np.ones(n)), np.zeros(n)
    basket[rng.choice(n, n // 3, replace=False)] = 3.0 / n
    pulled = matrix @ basket
    betas = pulled / (basket @ pulled)
    targets = np.array([1.0, 0.6 * float(betas @ weights)])
    np.savez(path, matrix=matrix, weights=weights, betas=betas, targets=targets)


def measured(run: Callable[[], FloatArray], most: float) -> dict[str, float]:
    """Return the least time of several runs, milliseconds, and the memory of the first, megabytes.

    The process ends where one run takes more than ``most`` seconds.
    """
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak so far is forgotten
    signal.setitimer(signal.ITIMER_REAL, most)  # nobody handles it: it ends C code too
    first = _timed(run, 1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    peak = _resident("VmHWM")
    if first > LONG:
        return {"ms": first * 1e3, "mb": max(peak - before, 0.0)}
    together = max(1, round(BLOCK / max(first, BLOCK / 1000)))
    taken = [_timed(run, together) for _ in range(BLOCKS)]
    return {"ms": min(taken) * 1e3, "mb": max(peak - before, 0.0)}


def _timed(run: Callable[[], FloatArray], times: int) -> float:
    """Return the time of a run, seconds: the mean of several."""
    start = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - start) / times


def _resident(name: str) -> float:
    """Return a size of this process in Linux's list, megabytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024.0


def main() -> None:
    """Measure, and print a line a problem."""
    kind, name, what, seconds = sys.argv[1:]
    warnings.simplefilter("ignore")  # of the peers
    if kind == "factor":
        peer = next(one for one in PEERS if one.name == name)
        peer.prepare(make(50, long_only=True))()  # what is imported on the way
        cases = [make(int(what), etfs, long_only=long) for etfs in (1, 3) for long in (False, True)]
        runs = (peer.prepare(case) for case in cases)
    else:
        dense = next(one for one in DENSE_PEERS if one.name == name)
        small = Path(what).with_name("small.npz")
        dense.prepare(dense_problem(small))()
        runs = (dense.prepare(problem) for problem in [dense_problem(Path(what))])
    for run in runs:
        print(json.dumps(measured(run, float(seconds))), flush=True)


if __name__ == "__main__":
    main()
