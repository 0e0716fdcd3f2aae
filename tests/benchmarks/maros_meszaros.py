"""The solvers on the public Maros-Meszaros set of convex quadratic programs.

    python tests/benchmarks/maros_meszaros.py FOLDER [--most-names 500] [--write docs/performance.md]

FOLDER has the problems as MATLAB files ``P, q, r, A, l, u`` (the repository maros_meszaros_qpbenchmark of
qpsolvers has them under ``data``, Apache-2.0); they are not part of this one. A problem of ours has no linear
term, so that those are solved whose linear term is in the span of P: ``q = -P c``, so that
``1/2 x'P x + q'x = 1/2 (x - c)'P(x - c)`` up to a constant.

References
----------
Maros and Meszaros, A repository of convex quadratic programming problems, Optimization Methods and
Software 1999.

"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from estimator_evidence import insert

from betaneutral_xl.engine.optimisation import solvers
from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.errors import SolverFailed
from betaneutral_xl.model.risk import Dense

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

ENDLESS = 1e20
"""Bounds of the set from which on there is none."""

IN_SPAN = 1e-10
"""Largest residual of ``P c = -q``, relative to q."""


class NotOurs(ValueError):
    """The linear term is not in the span of P, or P is not positive semidefinite."""


class Scaled:
    """A problem ``1/2 x'P x + q'x``, ``l <= A x <= u`` in units in which its numbers are near one.

    Attributes
    ----------
    program
        Over ``y = x / size``; the objective is divided by ``unit``.

    """

    def __init__(
        self,
        quadratic: FloatArray,
        linear: FloatArray,
        rows: FloatArray,
        low: FloatArray,
        high: FloatArray,
        *,
        size: float = 1.0,
    ) -> None:
        centre, *_ = np.linalg.lstsq(quadratic, -linear, rcond=None)
        off = np.abs(quadratic @ centre + linear).max(initial=0.0)
        curvature = np.linalg.eigvalsh(quadratic)
        if off > IN_SPAN * (1.0 + np.abs(linear).max(initial=0.0)) or curvature[0] < -1e-9 * curvature[-1]:
            raise NotOurs
        self.quadratic, self.linear = quadratic, linear
        single = (rows != 0.0).sum(axis=1) == 1
        n = len(linear)
        lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
        low, high = np.where(low <= -ENDLESS, -np.inf, low), np.where(high >= ENDLESS, np.inf, high)
        for row, left, right in zip(rows[single], low[single], high[single], strict=True):
            (i,) = np.flatnonzero(row)
            ends = sorted((left / row[i], right / row[i]))
            lower[i], upper[i] = max(lower[i], ends[0]), min(upper[i], ends[1])
        several = (rows != 0.0).sum(axis=1) > 1  # and no rows of zeros
        rows, low, high = rows[several], low[several], high[several]
        self.size = size
        scale = np.abs(rows).sum(axis=1)
        rows, low, high = rows / scale[:, None], low / scale, high / scale
        self.unit = float(curvature[-1]) * size**2
        self.program = QuadraticProgram(
            Dense(quadratic * (size**2 / self.unit)),
            np.asarray(centre / size, dtype=np.float64),
            lower / size,
            upper / size,
            rows.T.copy(),
            low / size,
            high / size,
            tuple(f"row {i}" for i in range(len(low))),
        )

    def objective(self) -> tuple[float, bool, str]:
        """Solve; return the objective without r, whether it is proven, and the solver."""
        found = solvers.solve(self.program)
        x = (self.program.weights + found.trades) * self.size
        return self.value(x), found.proven, found.solver

    def value(self, x: FloatArray) -> float:
        """Return the objective of a solution, without r."""
        return float(0.5 * x @ self.quadratic @ x + self.linear @ x)


def load(path: Path, size: float = 1.0) -> tuple[Scaled, float]:
    """Return a problem of the set, in units of a size of its variables, and its constant r."""
    from scipy.io import loadmat

    found = loadmat(path)
    dense = {name: found[name].toarray() if hasattr(found[name], "toarray") else found[name] for name in "PA"}
    q, low, high = (np.asarray(found[name], dtype=np.float64).ravel() for name in ("q", "l", "u"))
    quadratic = np.asarray(dense["P"] + dense["P"].T, dtype=np.float64) / 2.0
    rows = np.asarray(dense["A"], dtype=np.float64)
    return Scaled(quadratic, q, rows, low, high, size=size), float(found["r"].item())


def clarabel(problem: Scaled) -> FloatArray:
    """Return the solution x by Clarabel."""
    import clarabel as library
    from scipy import sparse

    p = problem.program
    n = p.size
    blocks = [p.conditions.T, -p.conditions.T, np.eye(n), -np.eye(n)]
    rows, values = np.vstack(blocks), np.concatenate([p.row_upper, -p.row_lower, p.upper, -p.lower])
    kept = np.isfinite(values)
    settings = library.DefaultSettings()
    settings.verbose = False
    matrix = p.covariance.dense()
    solved = library.DefaultSolver(
        sparse.csc_matrix(np.triu(matrix)),
        -matrix @ p.weights,
        sparse.csc_matrix(rows[kept]),
        values[kept],
        [library.NonnegativeConeT(int(kept.sum()))],
        settings,
    ).solve()
    return np.array(solved.x) * problem.size


def row(path: Path) -> str | None:
    """Solve a problem, and return its row of the table; None if it is none of ours."""
    try:
        unscaled, constant = load(path)
    except NotOurs:
        return None
    peer = clarabel(unscaled)
    problem, _ = load(path, max(1.0, float(np.abs(peer).max())))
    start = time.process_time()
    try:
        value, _, solver = problem.objective()
    except SolverFailed:
        value, solver = float("nan"), "not proven, and refused"
    taken = (time.process_time() - start) * 1e3
    own = "" if np.isnan(value) else f"{value + constant:.8g}"
    theirs = f"{problem.value(peer) + constant:.8g}"
    n, m = problem.program.size, problem.program.row_lower.size
    return f"| {path.stem} | {n} | {m} | {own} | {theirs} | {solver} | {taken:.3g} |"


def main() -> None:
    """Solve the set, print the table, and write it on request."""
    from scipy.io import whosmat

    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most-names", type=int, default=500)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table between the page's marks")
    args = parser.parse_args()
    lines = [
        "| problem | variables | rows | optimum | by Clarabel | solver | ms |",
        "| --- | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for path in sorted(args.folder.glob("*.mat")):
        size = next(shape[0] for name, shape, _ in whosmat(path) if name == "P")
        found = row(path) if size <= args.most_names else None
        if found is not None:
            lines.append(found)
            print(found, flush=True)
    if args.write:
        insert(args.write, "\n".join(lines) + "\n", "maros")


if __name__ == "__main__":
    main()
