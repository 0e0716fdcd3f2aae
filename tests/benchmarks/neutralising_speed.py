"""Measure the speed of neutralising against peers and hardware limits, and write docs/performance.md.

    python tests/benchmarks/neutralising_speed.py                               # print
    python tests/benchmarks/neutralising_speed.py --write docs/performance.md   # write

All numbers are from the same run. Peers that are not installed are listed as left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg  # noqa: F401 - loaded first, so that its threads are limited too
from barra import FACTORS, make
from measuring import write_dense_problem
from peers import DENSE_PEERS, PEERS, ours
from threadpoolctl import threadpool_limits

from betaneutral_xl.engine.optimisation import closed_forms, solvers
from betaneutral_xl.engine.optimisation.quadratic import Duals, Solution
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Dense

if TYPE_CHECKING:
    from barra import Case

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator

PAGE = """\
# Speed of neutralising

Made by `python tests/benchmarks/neutralising_speed.py --write docs/performance.md` on {date}:
{machine}.
Milliseconds, the least of several runs, every solver in a process of its own on one thread; all in one run
of that command on an idle machine. (More threads help with dense covariances of 2,000 names and more.)
Memory, in brackets, is what a run takes beyond the problem. A solver is stopped after {most} s. `pip install
'betaneutral-xl[bench]'` brings the peers; `pytest tests/benchmarks/test_neutralising.py` holds the bounds.

![Time against the number of names](performance/cost.svg)

The problem: least tracking error to the present weights, net exposure kept, each ETF's beta on its target,
every weight between its bounds (long-short: -5 % to 10 %; long only: 0 to 10 %). V is a Barra-like factor
model, V = X F X' + diag(D), of 20 factors at 50 names, 40 at 500, 70 above.

## Reweighting within bounds

{bounded}

Our time includes the proof of the answer: that no limit is exceeded by more than 1e-10, and a bound,
computed from V and the multipliers alone, on how much better any other allowed portfolio could be. The
peers' answers are taken as they come; how far they are from the proven optimum, and from their limits, is
in this table (one ETF, 500 names, long only):

{quality}

How it is done: `betaneutral_xl/engine/optimisation/dual_newton.py`. A name's trade follows from its own
variance once the duals are known, so Newton's method solves one system a step, over the names on no limit:
the Woodbury identity in factor form, a Cholesky factorisation of that part of V otherwise. Up to {small}
names DAQP, a dense active-set solver, is faster and is used: at 50 names our time is its time, a dense V and
the proof. An interior point (`interior_point.py`) stands behind both, and takes over where an answer is not
proven.

## A dense covariance

{dense}

Long only, net exposure and one beta kept. V is a sample covariance as a matrix: *shrunk*, of half as many
days as names, by 10 % towards its mean variance; *full rank*, of twice as many days, as it is.

## The Maros-Meszaros set

The solvers on the problems of the public [Maros-Meszaros
set](https://doi.org/10.1080/10556789908805768) that have up to 500 variables and a linear term in the span of
the quadratic one, as a portfolio's has: `python tests/benchmarks/maros_meszaros.py FOLDER`. Every optimum
given is proven and agrees with the published one; the smallest problems are in the tests. Those that are
refused have a minimum without limits far from all allowed values, or coefficients of very different sizes.

<!-- maros: begin -->
{maros}
<!-- maros: end -->

## Linear in the number of names

{linear}

## Without bounds

{closed}

"Reading V" is one product of V, as it is kept, with a vector. Of a dense V only the rows of the names in the
basket are read, so that the overlay can take less than that.

## The whole process

{process}

From the start of Python to the answer printed, imports included.

{missing}
"""


MOST_SECONDS = 8
"""Seconds after which a solver is stopped."""

DENSE_KINDS = {"shrunk": (0.5, 0.1), "full rank": (2.0, 0.0)}
"""Days as a multiple of the names, and shrinkage, of the dense covariances."""


BLOCK = 0.05
"""Least time of the runs that are timed together, seconds."""


def best(run: Callable[[], object], seconds: float = 0.5) -> float:
    """Return the shortest of the runs that fit into the time, in milliseconds."""
    run()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    together = 1
    while not taken or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(together):
            run()
        spent = time.perf_counter() - start
        if spent > BLOCK:
            taken.append(spent / together)
        else:
            together *= 4
    return min(taken) * 1e3


def kept(page: Path | None) -> str:
    """Return the table of a page that another script has written between its marks."""
    text = page.read_text(encoding="utf-8") if page is not None and page.exists() else ""
    _, _, after = text.partition("<!-- maros: begin -->\n")
    return after.partition("\n<!-- maros: end -->")[0]


def best_process(command: Sequence[str], environment: Mapping[str, str], times: int = 7) -> float:
    """Return the least time of a command in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603 - our own commands
        taken.append(time.perf_counter() - start)
    return min(taken) * 1e3


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    columns = list(head)
    lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def shown(milliseconds: float) -> str:
    """Return a time with three digits."""
    return f"{milliseconds:.3g}" if milliseconds < 1000.0 else f"{milliseconds:,.0f}"


@dataclass
class Cell:
    """Milliseconds and megabytes of a solver on one problem; None where it took too long, or failed."""

    ms: float | None
    mb: float = 0.0


def measure(kind: str, peer: str, what: str, count: int) -> list[Cell]:
    """Measure a solver on ``count`` problems, in a process of its own and on one thread."""
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "RAYON", "POLARS")}
    root = str(Path(__file__).parents[2])
    command = [
        sys.executable,
        str(Path(__file__).with_name("measuring.py")),
        kind,
        peer,
        what,
        str(MOST_SECONDS),
    ]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **one_thread, "PYTHONPATH": root},
    )
    cells = [Cell(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
    print(peer, what, [cell.ms for cell in cells], done.stderr.strip()[-200:], file=sys.stderr, flush=True)
    return [*cells, *[Cell(None)] * (count - len(cells))]


def printed(cell: Cell) -> str:
    """Return a time, or that it is longer than the limit."""
    return f"> {MOST_SECONDS} s" if cell.ms is None else shown(cell.ms)


def bounded() -> tuple[str, dict[str, dict[int, float]]]:
    """Time every peer on every size; return the table, and the times with one ETF, long only."""
    rows, curves = [], dict[str, dict[int, float]]()
    for peer in PEERS:
        if not peer.installed:
            continue
        row = [f"**{peer.name}**" if peer is PEERS[0] else peer.name]
        for n in FACTORS:
            if n > peer.most_names:
                row += ["", ""]
                continue
            cells = measure("factor", peer.name, str(n), 4)
            row.append(f"{printed(cells[0])}/{printed(cells[1])} ({cells[1].mb:,.0f} MB)")
            row.append(f"{printed(cells[2])}/{printed(cells[3])}")
            if cells[1].ms is not None:
                curves.setdefault(peer.name, {})[n] = cells[1].ms
        rows.append(row)
    head = ["long-short/long only", *(f"{n:,}, {text}" for n in FACTORS for text in ("1 ETF", "3 ETFs"))]
    return table(head, rows), curves


def dense() -> tuple[str, dict[str, dict[int, float]]]:
    """Measure time and memory with dense covariances; return the table, and the times of the first kind."""
    rows: dict[str, list[str]] = {}
    curves: dict[str, dict[int, float]] = {}
    names = (50, 500, 2000, 5000)
    with tempfile.TemporaryDirectory() as folder:
        write_dense_problem(Path(folder) / "small.npz", 200, 400, 0.1)
        for kind, (ratio, shrinkage) in DENSE_KINDS.items():
            for n in names:
                path = Path(folder) / "problem.npz"
                write_dense_problem(path, n, int(ratio * n), shrinkage)
                for peer in DENSE_PEERS:
                    if not peer.installed:
                        continue
                    (cell,) = measure("dense", peer.name, str(path), 1)
                    label = f"**{peer.name}**" if peer is DENSE_PEERS[0] else peer.name
                    memory = "" if cell.ms is None else f" ({cell.mb:,.0f} MB)"
                    rows.setdefault(label, []).append(printed(cell) + memory)
                    if cell.ms is not None and kind == "shrunk":
                        curves.setdefault(peer.name, {})[n] = cell.ms
    head = ["names", *(f"{n:,}, {kind}" for kind in DENSE_KINDS for n in names)]
    return table(head, ([name, *cells] for name, cells in rows.items())), curves


def draw(path: Path, curves: Mapping[str, Mapping[str, Mapping[int, float]]]) -> None:
    """Draw time against names, a panel a kind of covariance."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "performance"
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(curves), figsize=(10, 4.2), sharey=True, layout="constrained")
    for panel, (title, by_peer) in zip(panels, curves.items(), strict=True):
        for name, points in by_peer.items():
            own = name == PEERS[0].name
            panel.loglog(
                list(points), list(points.values()), marker="o", ms=4, lw=2.5 if own else 1.0, label=name
            )
        panel.set(title=title, xlabel="names")
        panel.grid(visible=True, which="major", alpha=0.3)
        panel.set_ylim(0.02, 1e6)  # room for the names above the lines
        panel.legend(fontsize=7, frameon=False, loc="upper left", ncols=2)
    panels[0].set_ylabel("milliseconds, one thread")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def quality() -> str:
    """Return the accuracy of each peer's answer as a table."""
    case = make(500, long_only=True)
    optimum = solvers.solve(case.problem)
    rows = []
    for peer in PEERS:
        if peer.installed:
            trades = peer.prepare(case)() - case.problem.weights
            answer = Solution(case.problem, trades, Duals(np.zeros(2)), peer.name)
            off = float(np.abs(trades - optimum.trades).max())
            excess = answer.objective / optimum.objective - 1.0
            rows.append([peer.name, f"{off:.0e}", f"{excess:.0e}", f"{answer.violation:.0e}"])
    return table(["", "largest error of a weight", "objective above the optimum", "limit exceeded by"], rows)


def linear() -> str:
    """Measure time and memory of this package from 500 to 50,000 names."""
    rows = []
    for n in (500, 5_000, 50_000):
        for long_only in (False, True):
            case = make(n, long_only=long_only, factors=70)
            tracemalloc.start()
            solution = solvers.solve(case.problem)
            peak = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            bounds = (case.problem.lower, case.problem.upper)
            x = case.problem.weights + solution.trades
            binding = int(sum((np.abs(x - bound) < 1e-12).sum() for bound in bounds))
            kind = "long only" if long_only else "long-short"
            rows.append([f"{n:,} {kind}", shown(best(ours(case))), f"{peak:,.0f} MB", f"{binding:,}"])
    return table(["names (70 factors)", "ms", "memory", "names on a bound"], rows)


def closed() -> str:
    """Time the closed forms and one product with V."""
    rows = []
    for n in FACTORS:
        case = make(n, 3, long_only=False)
        forms: list[tuple[str, CovarianceOperator]] = [("factor form", case.form)]
        if n <= 2000:
            forms.append(("dense", Dense(case.form.dense())))
        for kind, form in forms:
            times = (shown(one) for one in _closed_forms(form, case))
            rows.append([f"{n:,}, {kind}", *times])
    head = ["", "reading V", "overlay, 1 ETF", "overlay, 3 ETFs", "least tracking error, 3 ETFs"]
    return table(head, rows)


def _closed_forms(form: CovarianceOperator, case: Case) -> Iterator[float]:
    """Yield the times of one product with V and of the closed forms."""
    problem, baskets = case.problem, case.etf_weights
    w = problem.weights
    covariance = Covariance(tuple(map(str, range(form.size))), form, Provenance.given(form.size))

    def overlay(f: FloatArray) -> FloatArray:
        betas = covariance.predicted_beta(f)
        hedged: FloatArray = w - f @ np.linalg.solve(betas.T @ f, betas.T @ w)
        return hedged

    required = problem.row_upper - problem.conditions.T @ w
    yield best(lambda: form.matvec(w))
    yield best(lambda: overlay(baskets[:, :1]))
    yield best(lambda: overlay(baskets))
    yield best(lambda: closed_forms.least_tracking_error(form, problem.conditions, required))


OURS = "import sys; from betaneutral_xl.hosts.cli import main; sys.exit(main())"
SF_QUANT = """
import sys
sys.modules["rfc3987_syntax"] = None  # seconds of it, only where a developers' package has brought it
sys.path.insert(0, {folder!r})
from barra import make
from peers import sf_quant
sf_quant(make(50, long_only=True))()
"""


def process() -> str:
    """Time whole processes, from the start of Python to the answer."""
    folder = Path(__file__).parent
    hedge = [OURS, "rebalance", "--sample", "--json"]
    commands = {
        "Python alone": ["pass"],
        "numpy alone": ["import numpy"],
        "betaneutral-xl rebalance --sample": hedge,
        "betaneutral-xl rebalance --sample --method reweight --long-only": [
            *hedge,
            "--method",
            "reweight",
            "--long-only",
        ],
    }
    if any(peer.installed for peer in PEERS if peer.name == "sf-quant"):
        commands["sf-quant, a problem of 50 names"] = [SF_QUANT.format(folder=str(folder))]
    rows = []
    for name, arguments in commands.items():
        command = [sys.executable, "-c", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(folder.parent.parent), "OPENBLAS_NUM_THREADS": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled
        rows.append([name, shown(best_process(command, environment))])
    return table(["", "ms"], rows)


def machine() -> str:
    """Return a short description of the machine."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}, numpy {np.__version__}"
    )


def main() -> None:
    """Measure, print, and write the page on request."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="write the page there")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # warnings of the peers
    factor_table, factor_curves = bounded()
    dense_table, dense_curves = dense()
    absent = [peer.name for peer in PEERS if not peer.installed]
    with threadpool_limits(limits=1):
        page = PAGE.format(
            date=datetime.now(UTC).date().isoformat(),
            machine=machine(),
            bounded=factor_table,
            most=MOST_SECONDS,
            maros=kept(arguments.write),
            quality=quality(),
            linear=linear(),
            closed=closed(),
            dense=dense_table,
            process=process(),
            small=solvers.SMALL,
            missing=f"Not installed here, and so not measured: {', '.join(absent)}." if absent else "",
        ).rstrip()
    print(page)
    if arguments.write:
        arguments.write.write_text(page + "\n", encoding="utf-8")
        curves = {"Factor model, long only": factor_curves, "Dense covariance, long only": dense_curves}
        draw(arguments.write.parent / "performance" / "cost.svg", curves)


if __name__ == "__main__":
    main()
