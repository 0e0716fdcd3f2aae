"""Bounded reweighting compared with the peers in one run; peers that are not installed are skipped.

pip install 'betaneutral-xl[bench]'
pytest tests/benchmarks/test_neutralising.py --benchmark-group-by=group
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from barra import FACTORS, make
from peers import PEERS, Peer, ours
from threadpoolctl import threadpool_limits

from betaneutral_xl.engine.optimisation import closed_forms, solvers
from betaneutral_xl.engine.optimisation.quadratic import Duals, Solution
from betaneutral_xl.model.risk import Dense

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

pytestmark = pytest.mark.filterwarnings("ignore")  # warnings of the peers

MOST_MILLISECONDS = {500: 4.0, 5000: 100.0}
"""Maximum time of a bounded problem by number of names."""

SLACK = 1.5
"""Maximum time relative to the fastest peer of the same run."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Limit linear algebra to one thread, so that other load on the machine has little effect."""
    with threadpool_limits(limits=1):
        yield


def best(run: Callable[[], object], times: int = 5) -> float:
    """Return the shortest of several runs, in milliseconds."""
    run()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken) * 1e3


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
@pytest.mark.parametrize("long_only", [False, True], ids=["long-short", "long only"])
@pytest.mark.parametrize("etfs", [1, 3], ids=["1 ETF", "3 ETFs"])
@pytest.mark.parametrize("n", list(FACTORS))
def test_bounded_reweighting(
    n: int,
    etfs: int,
    long_only: bool,
    peer: Peer,
    benchmark: BenchmarkFixture,
) -> None:
    if not peer.installed:
        pytest.skip(f"{peer.package} is not installed (pip install 'betaneutral-xl[bench]')")
    if n > peer.most_names:
        pytest.skip(f"{peer.name} takes seconds for {n} names")
    case = make(n, etfs, long_only=long_only)
    benchmark.group = f"{n} names, {etfs} ETFs, {'long only' if long_only else 'long-short'}"
    weights = benchmark.pedantic(  # type: ignore[no-untyped-call] # untyped
        peer.prepare(case), rounds=3, warmup_rounds=1
    )
    answer = Solution(case.problem, weights - case.problem.weights, Duals(np.zeros(etfs + 1)), peer.name)
    benchmark.extra_info["violation"] = answer.violation
    benchmark.extra_info["objective"] = answer.objective
    if peer.name == PEERS[0].name:
        assert answer.violation <= 1e-10


@pytest.mark.parametrize("long_only", [False, True], ids=["long-short", "long only"])
@pytest.mark.parametrize("n", [500, 2000, 5000])
def test_no_peer_is_much_faster(n: int, long_only: bool) -> None:
    case = make(n, long_only=long_only)
    own = best(ours(case))
    for peer in PEERS[1:]:
        if peer.installed and n <= peer.most_names:
            assert own <= SLACK * best(peer.prepare(case), times=2), peer.name
    assert own <= MOST_MILLISECONDS.get(n, np.inf)


@pytest.mark.parametrize("n", [500, 2000])
def test_the_overlay_costs_little_more_than_reading_the_matrix_once(n: int) -> None:
    case = make(n, long_only=False)
    dense = Dense(case.form.dense())
    f, w = case.etf_weights[:, 0], case.problem.weights

    def overlay() -> None:
        pulled = dense.matvec(f)
        beta = pulled / (f @ pulled)
        np.subtract(w, (beta @ w) * f)

    assert best(overlay, 20) <= 2.0 * best(lambda: dense.matrix @ f, 20) + 0.02


def test_cost_grows_linearly_with_the_names() -> None:
    small, large = (best(ours(make(n, long_only=True, factors=70)), 3) for n in (5_000, 50_000))
    assert large <= 25.0 * small  # ten times the names, and a few Newton steps more


def test_memory_at_five_thousand_names() -> None:
    case = make(5000, 3, long_only=True)
    tracemalloc.start()
    solvers.solve(case.problem)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400e6


@pytest.mark.parametrize("n", list(FACTORS))
def test_least_tracking_error_in_closed_form(n: int, benchmark: BenchmarkFixture) -> None:
    problem = make(n, 3, long_only=False).problem
    required = problem.row_upper - problem.conditions.T @ problem.weights
    benchmark.group = "closed form, factor form, 3 ETFs"
    trades, _ = benchmark(closed_forms.least_tracking_error, problem.covariance, problem.conditions, required)
    np.testing.assert_allclose(problem.conditions.T @ trades, required, atol=1e-10)
