"""Measure the speed of neutralising against peers and hardware limits, and write docs/performance.md.

    python tests/benchmarks/neutralising_speed.py                               # print
    python tests/benchmarks/neutralising_speed.py --write docs/performance.md   # write

All numbers of a table are from the same run. Peers that are not installed are listed as left out.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
import tracemalloc
import warnings
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg  # noqa: F401 - loaded first, so that its threads are limited too
from barra import FACTORS, make
from peers import DENSE_PEERS, PEERS, ours
from threadpoolctl import threadpool_limits

from betaneutral_xl.engine.optimisation import closed_forms, solvers
from betaneutral_xl.engine.optimisation.quadratic import Duals, QuadraticProgram, Solution
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Dense

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from barra import Case

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator

PAGE = """\
# Speed of neutralising

Made by `python tests/benchmarks/neutralising_speed.py --write docs/performance.md` on {date}: {machine}.
Milliseconds, the best of several runs, all of the same process, linear algebra on one thread (more help a
little on an idle machine, and cost much on a busy one). `pip install 'betaneutral-xl[bench]'`
brings the peers; `pytest tests/benchmarks/test_neutralising.py` holds the bounds.

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
names DAQP, a dense active-set solver, is faster and is used. An interior point (`interior_point.py`) stands
behind both, and takes over where an answer is not proven.

## A dense covariance

{dense}

V is a shrunk sample covariance of half as many days as names, as a matrix: long only, net exposure and one
beta kept. Linear algebra on all cores; peers that would take minutes are left out. Memory is what is
allocated beside V.

## Linear in the number of names

{linear}

## Without bounds

{closed}

"Reading V" is one product of V, as it is kept, with a vector. Of a dense V only the rows of the names in the
basket are read, so that the overlay can take less than that.

## The whole process

{process}

From the start of Python to the answer printed; imports included.

{missing}
"""


def best(run: Callable[[], object], seconds: float = 0.5) -> float:
    """Return the shortest of the runs that fit into the time, in milliseconds."""
    run()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while not taken or (time.perf_counter() < end and len(taken) < 1000):
        start = time.perf_counter()
        run()
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


def bounded() -> str:
    """Time every peer on every size."""
    sizes = [(n, etfs) for etfs in (1, 3) for n in FACTORS]
    cases = {
        (n, etfs, long_only): make(n, etfs, long_only=long_only)
        for n, etfs in sizes
        for long_only in (False, True)
    }
    rows = []
    for peer in PEERS:
        if peer.installed:
            row = [f"**{peer.name}**" if peer is PEERS[0] else peer.name]
            for n, etfs in sizes:
                if n > peer.most_names:
                    row.append("")
                    continue
                pair = (best(peer.prepare(cases[n, etfs, long_only])) for long_only in (False, True))
                row.append("/".join(shown(one) for one in pair))
            rows.append(row)
    head = ["long-short/long only", *(f"{n}, {etfs} ETF{'s' * (etfs > 1)}" for n, etfs in sizes)]
    return table(head, rows)


def dense_case(n: int) -> QuadraticProgram:
    """Return a long-only problem with a shrunk sample covariance as a matrix."""
    rng = np.random.default_rng(n)
    market = rng.normal(1.0, 0.3, (n, 1)) * 0.16
    loadings = np.hstack([market, rng.normal(0.0, 0.05, (n, 19))])
    returns = rng.standard_t(5, (n // 2, 20)) @ loadings.T
    returns += rng.standard_t(5, (n // 2, n)) * np.sqrt(rng.uniform(0.02, 0.15, n))
    returns -= returns.mean(axis=0)
    matrix = 0.9 * 0.6 * (returns.T @ returns) / len(returns)
    matrix[np.diag_indices(n)] += 0.1 * matrix.trace() / n
    form = Dense((matrix + matrix.T) / 2.0)
    weights, basket = rng.dirichlet(np.ones(n)), np.zeros(n)
    basket[rng.choice(n, n // 3, replace=False)] = 3.0 / n
    pulled = form.matvec(basket)
    betas = pulled / (basket @ pulled)
    targets = np.array([1.0, 0.6 * float(betas @ weights)])
    return QuadraticProgram(
        form,
        weights,
        np.zeros(n),
        np.full(n, np.inf),
        np.column_stack([np.ones(n), betas]),
        targets,
        targets,
        ("net exposure", "beta"),
    )


def dense() -> str:
    """Measure time and memory with a dense covariance, with the peers that support one."""
    names = (50, 500, 2000, 5000)
    rows: dict[str, list[str]] = {}
    for n in names:
        problem = dense_case(n)
        tracemalloc.start()
        solvers.solve(problem)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        own = best(partial(solvers.solve, problem))
        rows.setdefault("**betaneutral_xl**", []).append(f"{shown(own)} ({peak:,.0f} MB)")
        for peer in DENSE_PEERS:
            if peer.installed:
                solve = peer.prepare(problem) if n <= peer.most_names else None
                rows.setdefault(peer.name, []).append("" if solve is None else shown(best(solve)))
    return table(["names", *map(str, names)], ([name, *cells] for name, cells in rows.items()))


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
        environment = {**os.environ, "PYTHONPATH": str(folder.parent.parent)}

        def run(command: list[str] = command, environment: dict[str, str] = environment) -> None:
            subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603 - our own commands

        rows.append([name, shown(best(run, 5.0))])
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
    absent = [peer.name for peer in PEERS if not peer.installed]
    with_all_cores = dense()
    with threadpool_limits(limits=1):
        page = PAGE.format(
            date=datetime.now(UTC).date().isoformat(),
            machine=machine(),
            bounded=bounded(),
            quality=quality(),
            linear=linear(),
            closed=closed(),
            dense=with_all_cores,
            process=process(),
            small=solvers.SMALL,
            missing=f"Not installed here, and so not measured: {', '.join(absent)}." if absent else "",
        ).rstrip()
    print(page)
    if arguments.write:
        arguments.write.write_text(page + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
