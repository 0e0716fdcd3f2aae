"""Small problems of the public Maros-Meszaros set, with their known optima.

The problems are of Hock and Schittkowski's collection, and a few more; the optima are those of the article.
``tests/benchmarks/maros_meszaros.py`` solves the others.

References
----------
Maros and Meszaros, A repository of convex quadratic programming problems, Optimization Methods and
Software 1999.

"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from maros_meszaros import NotOurs, Scaled

from betaneutral_xl.engine.optimisation import solvers
from betaneutral_xl.system import optional

INF = np.inf


@dataclass(frozen=True)
class Problem:
    """``1/2 x'P x + q'x + r`` with ``low <= A x <= high`` and bounds on x, and its known optimum."""

    quadratic: list[list[float]]
    linear: list[float]
    rows: list[list[float]]
    low: list[float]
    high: list[float]
    lower: list[float]
    upper: list[float]
    constant: float
    optimum: float

    def scaled(self, size: float = 10.0) -> Scaled:
        """Return it in units of a size; the bounds are rows, as in the set."""
        n = len(self.linear)
        return Scaled(
            np.array(self.quadratic),
            np.array(self.linear),
            np.vstack([np.array(self.rows).reshape(-1, n), np.eye(n)]),
            np.array([*self.low, *self.lower]),
            np.array([*self.high, *self.upper]),
            size=size,
        )


def squares(*terms: tuple[list[float], float]) -> tuple[list[list[float]], list[float], float]:
    """Return P, q and r of a sum of squares ``(a'x + b)^2``."""
    a, b = np.array([one for one, _ in terms]), np.array([one for _, one in terms])
    return (2.0 * a.T @ a).tolist(), (2.0 * a.T @ b).tolist(), float(b @ b)


HS51 = squares(([1, -1, 0, 0, 0], 0), ([0, 1, 1, 0, 0], -2), ([0, 0, 0, 1, 0], -1), ([0, 0, 0, 0, 1], -1))
HS52 = squares(([4, -1, 0, 0, 0], 0), ([0, 1, 1, 0, 0], -2), ([0, 0, 0, 1, 0], -1), ([0, 0, 0, 0, 1], -1))
HS51_ROWS: list[list[float]] = [[1.0, 3, 0, 0, 0], [0, 0, 1, 1, -2], [0, 1, 0, 0, -1]]
FREE, NONNEGATIVE = [-INF] * 5, [0.0] * 4
GENHS28 = squares(*[([0.0] * i + [1, 1] + [0.0] * (8 - i), 0.0) for i in range(9)])
GENHS28_ROWS: list[list[float]] = [[0.0] * i + [1, 2, 3] + [0.0] * (7 - i) for i in range(8)]
HS76: list[list[float]] = [[2.0, 0, -1, 0], [0, 1, 0, 0], [-1, 0, 2, 1], [0, 0, 1, 1]]
HS268: list[list[float]] = [
    [20394.0, -24908, -2026, 3896, 658],
    [-24908, 41818, -3466, -9828, -372],
    [-2026, -3466, 3510, 2178, -348],
    [3896, -9828, 2178, 3030, -44],
    [658, -372, -348, -44, 54],
]
HS268_ROWS: list[list[float]] = [
    [-1.0, -1, -1, -1, -1],
    [10, 10, -3, 5, 4],
    [-8, 1, -2, -5, 3],
    [8, -1, 2, 5, -3],
    [-4, -2, 3, -5, 1],
]

PROBLEMS = {
    "HS21": Problem([[0.02, 0], [0, 2]], [0, 0], [[10, -1]], [10], [INF], [2, -50], [50, 50], -100.0, -99.96),
    "HS35": Problem(
        [[4, 2, 2], [2, 4, 0], [2, 0, 2]],
        [-8, -6, -4],
        [[1, 1, 2]],
        [-INF],
        [3],
        [0] * 3,
        [INF] * 3,
        9.0,
        1 / 9,
    ),
    "HS35MOD": Problem(
        [[4, 2, 2], [2, 4, 0], [2, 0, 2]],
        [-8, -6, -4],
        [[1, 1, 2]],
        [-INF],
        [3],
        [0, 0.5, 0],
        [INF, 0.5, INF],
        9.0,
        0.25,
    ),
    "HS51": Problem(*HS51[:2], HS51_ROWS, [4, 0, 0], [4, 0, 0], FREE, [INF] * 5, HS51[2], 0.0),
    "HS52": Problem(*HS52[:2], HS51_ROWS, [0, 0, 0], [0, 0, 0], FREE, [INF] * 5, HS52[2], 1859 / 349),
    "HS53": Problem(*HS51[:2], HS51_ROWS, [0, 0, 0], [0, 0, 0], [-10] * 5, [10] * 5, HS51[2], 176 / 43),
    "HS76": Problem(
        HS76,
        [-1, -3, 1, -1],
        [[1, 2, 1, 1], [3, 1, 2, -1], [0, 1, 4, 0]],
        [-INF, -INF, 1.5],
        [5, 4, INF],
        NONNEGATIVE,
        [INF] * 4,
        0.0,
        -4.681818181818182,
    ),
    "HS268": Problem(
        HS268,
        [18340, -34198, 4542, 8672, 86],
        HS268_ROWS,
        [-5, 20, -40, 11, -30],
        [INF] * 5,
        FREE,
        [INF] * 5,
        14463.0,
        0.0,
    ),
    "GENHS28": Problem(
        *GENHS28[:2], GENHS28_ROWS, [1] * 8, [1] * 8, [-INF] * 10, [INF] * 10, GENHS28[2], 0.9271736938
    ),
    "TAME": Problem([[2, -2], [-2, 2]], [0, 0], [[1, 1]], [1], [1], [0, 0], [INF] * 2, 0.0, 0.0),
    "QPTEST": Problem(
        [[8, 2], [2, 10]], [1.5, -2], [[2, 1], [-1, 2]], [2, -INF], [INF, 6], [0, 0], [20, INF], 0.0, 4.371875
    ),
}


@pytest.mark.parametrize("size", [1.0, 10.0])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_known_optimum_is_found_and_proven(name: str, size: float) -> None:
    problem = PROBLEMS[name]
    value, proven, _ = problem.scaled(size).objective()
    assert proven
    scale = max(1.0, abs(problem.constant))
    assert value + problem.constant == pytest.approx(problem.optimum, rel=1e-7, abs=2e-9 * scale)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_optimum_does_not_need_the_compiled_solver(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional, "find", lambda _: None)
    problem = PROBLEMS[name]
    value, _, solver = problem.scaled().objective()
    assert solver != solvers.FASTEST
    scale = max(1.0, abs(problem.constant))
    assert value + problem.constant == pytest.approx(problem.optimum, rel=1e-6, abs=1e-7 * scale)


def test_a_linear_term_out_of_the_span_is_none_of_ours() -> None:
    with pytest.raises(NotOurs):
        Problem([[1, 0], [0, 0]], [0, 1], [], [], [], [0, 0], [1, 1], 0.0, 0.0).scaled()
