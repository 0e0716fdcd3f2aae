"""Other libraries on the same problem: each takes a case and returns the new weights.

The problem is min (x-w)'V(x-w) subject to a fixed sum, fixed betas and bounds on every weight. A peer
without a tracking error solves the same problem as a utility, ``2 w'V x - x'V x`` up to a constant.
Arrays that a peer needs are built once, outside the timing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.optimisation import solvers

if TYPE_CHECKING:
    from barra import Case

    from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
    from betaneutral_xl.model.arrays import FloatArray


@dataclass(frozen=True)
class Peer:
    """A solver of a case; ``prepare`` returns the function to time."""

    name: str
    package: str
    prepare: Callable[[Case], Callable[[], FloatArray]]
    most_names: int = 5000

    @property
    def installed(self) -> bool:
        """Whether its package is installed."""
        return importlib.util.find_spec(self.package) is not None


def ours(case: Case) -> Callable[[], FloatArray]:
    """Solve with this package, including the verification."""
    return lambda: case.problem.weights + solvers.solve(case.problem).trades


def daqp(case: Case) -> Callable[[], FloatArray]:
    """Solve with dense DAQP, without verification."""
    import daqp as library

    p = case.problem
    matrix = np.array(case.form.dense())
    kinds = np.zeros(p.size + p.row_lower.size, dtype=np.int32)
    kinds[p.size :] = 5
    upper, lower = np.concatenate([p.upper, p.row_upper]), np.concatenate([p.lower, p.row_lower])
    rows = np.ascontiguousarray(p.conditions.T)

    def run() -> FloatArray:
        weights: FloatArray = library.solve(matrix, -matrix @ p.weights, rows, upper, lower, kinds)[0]
        return weights

    return run


def piqp(case: Case) -> Callable[[], FloatArray]:
    """Solve with PIQP in sparse factor form, at its default precision."""
    import piqp as library
    from scipy import sparse

    p, form = case.problem, case.form
    n, k = form.loadings.shape
    quadratic = sparse.csc_matrix(sparse.diags_array(np.concatenate([form.specific_variance, np.ones(k)])))
    linear = np.concatenate([-form.specific_variance * p.weights, np.zeros(k)])
    rows = sparse.csc_matrix(_equalities(case))
    values = np.concatenate([p.row_upper, form.loadings.T @ p.weights])
    endless = np.full(k, np.inf)
    lower, upper = np.concatenate([p.lower, -endless]), np.concatenate([p.upper, endless])

    def run() -> FloatArray:
        solver = library.SparseSolver()
        solver.setup(quadratic, linear, rows, values, None, None, None, lower, upper)
        solver.solve()
        weights: FloatArray = np.asarray(solver.result.x)[:n]
        return weights

    return run


def clarabel(case: Case) -> Callable[[], FloatArray]:
    """Solve with Clarabel in sparse factor form, at its default precision."""
    import clarabel as library
    from scipy import sparse

    p, form = case.problem, case.form
    n, k = form.loadings.shape
    quadratic = sparse.csc_matrix(sparse.diags_array(np.concatenate([form.specific_variance, np.ones(k)])))
    linear = np.concatenate([-form.specific_variance * p.weights, np.zeros(k)])
    bounds = sparse.hstack([sparse.eye_array(n), sparse.csc_array((n, k))])
    rows = sparse.csc_matrix(sparse.vstack([sparse.csc_array(_equalities(case)), bounds, -bounds]))
    values = np.concatenate([p.row_upper, form.loadings.T @ p.weights, p.upper, -p.lower])
    cones = [library.ZeroConeT(p.row_lower.size + k), library.NonnegativeConeT(2 * n)]

    def run() -> FloatArray:
        settings = library.DefaultSettings()
        settings.verbose = False
        solved = library.DefaultSolver(quadratic, linear, rows, values, cones, settings).solve()
        return np.array(solved.x)[:n]

    return run


def osqp(case: Case) -> Callable[[], FloatArray]:
    """Solve with OSQP in sparse factor form, at a precision of 1e-6 and with its polishing."""
    import osqp as library
    from scipy import sparse

    p, form = case.problem, case.form
    n, k = form.loadings.shape
    quadratic = sparse.csc_matrix(sparse.diags_array(np.concatenate([form.specific_variance, np.ones(k)])))
    linear = np.concatenate([-form.specific_variance * p.weights, np.zeros(k)])
    bounds = sparse.hstack([sparse.eye_array(n), sparse.csc_array((n, k))])
    rows = sparse.csc_matrix(sparse.vstack([sparse.csc_array(_equalities(case)), bounds]))
    values = np.concatenate([p.row_upper, form.loadings.T @ p.weights])
    return _osqp(library, quadratic, linear, rows, np.append(values, p.lower), np.append(values, p.upper), n)


def _osqp(
    library: Any, quadratic: Any, linear: FloatArray, rows: Any, low: FloatArray, high: FloatArray, n: int
) -> Callable[[], FloatArray]:
    def run() -> FloatArray:
        solver = library.OSQP()
        solver.setup(
            quadratic,
            linear,
            rows,
            low,
            high,
            verbose=False,
            eps_abs=1e-6,
            eps_rel=1e-6,
            polishing=True,
            max_iter=100_000,
        )
        return np.asarray(solver.solve(raise_error=False).x)[:n]

    return run


def _equalities(case: Case) -> FloatArray:
    """Return the rows of ``A'x = b`` and of ``L'x - y = L'w`` over (x, y)."""
    conditions, loadings = case.problem.conditions, case.form.loadings
    m, k = conditions.shape[1], loadings.shape[1]
    return np.block([[conditions.T, np.zeros((m, k))], [loadings.T, -np.eye(k)]])


def cvxpy_factor(case: Case) -> Callable[[], FloatArray]:
    """Solve with cvxpy in factor form, with its default solver."""
    import cvxpy as cp

    p, form = case.problem, case.form

    def run() -> FloatArray:
        x = cp.Variable(p.size)
        d = x - p.weights
        objective = cp.sum_squares(form.loadings.T @ d) + cp.sum_squares(
            cp.multiply(np.sqrt(form.specific_variance), d)
        )
        limits = [p.conditions.T @ x == p.row_upper, x >= p.lower, x <= p.upper]
        cp.Problem(cp.Minimize(objective), limits).solve()
        weights: FloatArray = x.value
        return weights

    return run


def cvxpy_dense(case: Case) -> Callable[[], FloatArray]:
    """Solve with cvxpy and the N x N matrix, with its default solver."""
    import cvxpy as cp

    p, matrix = case.problem, case.form.dense()

    def run() -> FloatArray:
        x = cp.Variable(p.size)
        objective = cp.quad_form(x - p.weights, cp.psd_wrap(matrix))
        limits = [p.conditions.T @ x == p.row_upper, x >= p.lower, x <= p.upper]
        cp.Problem(cp.Minimize(objective), limits).solve()
        weights: FloatArray = x.value
        return weights

    return run


def sf_quant(case: Case) -> Callable[[], FloatArray]:
    """Solve with the fund's optimiser, whose constraints are functions of the weights."""
    from sf_quant.optimizer.optimizers import mve_optimizer

    p = case.problem
    gamma = 2.0
    alphas = gamma * p.covariance.matvec(p.weights)
    names = [f"T{i}" for i in range(p.size)]

    def limits(weights: Any, **_: Any) -> Any:
        return p.conditions.T @ weights == p.row_upper

    def above(weights: Any, **_: Any) -> Any:
        return weights >= p.lower

    def below(weights: Any, **_: Any) -> Any:
        return weights <= p.upper

    def run() -> FloatArray:
        table = mve_optimizer(
            names,
            alphas,
            case.exposures,
            case.factor_covariance,
            case.specific_variance,
            [limits, above, below],
            gamma,
        )
        weights: FloatArray = table["weight"].to_numpy()
        return weights

    return run


def pyportfolioopt(case: Case) -> Callable[[], FloatArray]:
    """Solve with PyPortfolioOpt, which takes the N x N matrix."""
    from pypfopt import EfficientFrontier

    p, matrix = case.problem, case.form.dense()
    alphas = 2.0 * matrix @ p.weights

    def run() -> FloatArray:
        frontier = EfficientFrontier(alphas, matrix, weight_bounds=(p.lower, p.upper))
        frontier.add_constraint(lambda x: p.conditions[:, 1:].T @ x == p.row_upper[1:])
        frontier.max_quadratic_utility(risk_aversion=2.0)
        weights: FloatArray = frontier.weights
        return weights

    return run


def skfolio(case: Case) -> Callable[[], FloatArray]:
    """Solve with skfolio, with expected returns and covariance from a prior."""
    return _skfolio(case.problem, case.problem.lower, case.problem.upper)


def _skfolio(problem: QuadraticProgram, lower: FloatArray, upper: FloatArray) -> Callable[[], FloatArray]:
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.prior import BasePrior, ReturnDistribution

    p, matrix = problem, problem.covariance.dense()
    returns = np.zeros((3, p.size))

    class FixedPrior(BasePrior):  # type: ignore[misc] # skfolio ships no types
        """Prior with fixed expected returns and covariance."""

        def __init__(self) -> None:
            """Set no parameters."""

        def fit(self, X: Any, y: Any = None, **_: Any) -> FixedPrior:  # noqa: N803 - skfolio's name
            """Return the fixed moments."""
            self.return_distribution_ = ReturnDistribution(
                mu=2.0 * matrix @ p.weights, covariance=matrix, returns=X
            )
            return self

    rows = p.conditions[:, 1:].T

    def run() -> FloatArray:
        model = MeanRisk(
            objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
            risk_aversion=1.0,
            prior_estimator=FixedPrior(),
            min_weights=lower,
            max_weights=upper,
            budget=1.0,
            left_inequality=np.vstack([rows, -rows]),
            right_inequality=np.concatenate([p.row_upper[1:], -p.row_lower[1:]]),
        )
        weights: FloatArray = np.asarray(model.fit(returns).weights_)
        return weights

    return run


PEERS = (
    Peer("betaneutral_xl", "betaneutral_xl", ours),
    Peer("DAQP, dense", "daqp", daqp, most_names=500),
    Peer("PIQP, factor form", "piqp", piqp),
    Peer("Clarabel, factor form", "clarabel", clarabel),
    Peer("OSQP, factor form", "osqp", osqp),
    Peer("cvxpy, factor form", "cvxpy", cvxpy_factor),
    Peer("cvxpy, dense", "cvxpy", cvxpy_dense, most_names=500),
    Peer("sf-quant", "sf_quant", sf_quant),
    Peer("PyPortfolioOpt", "pypfopt", pyportfolioopt, most_names=500),
    Peer("skfolio", "skfolio", skfolio, most_names=500),
)
"""This package first; dense solvers only up to the size at which they take seconds."""


@dataclass(frozen=True)
class DensePeer:
    """A long-only solver of a problem with dense V."""

    name: str
    package: str
    prepare: Callable[[QuadraticProgram], Callable[[], FloatArray]]

    @property
    def installed(self) -> bool:
        """Whether its package is installed."""
        return importlib.util.find_spec(self.package) is not None


def ours_dense(problem: QuadraticProgram) -> Callable[[], FloatArray]:
    """Solve with this package, including the verification."""
    return lambda: problem.weights + solvers.solve(problem).trades


def piqp_dense(problem: QuadraticProgram) -> Callable[[], FloatArray]:
    """Solve with PIQP's dense solver."""
    import piqp as library

    matrix = np.array(problem.covariance.dense())
    n = problem.size

    def run() -> FloatArray:
        solver = library.DenseSolver()
        rows = np.array(problem.conditions.T)
        linear = -matrix @ problem.weights
        endless = np.full(n, np.inf)
        solver.setup(
            matrix, linear, rows, np.array(problem.row_upper), None, None, None, np.zeros(n), endless
        )
        solver.solve()
        weights: FloatArray = np.asarray(solver.result.x)
        return weights

    return run


def clarabel_dense(problem: QuadraticProgram) -> Callable[[], FloatArray]:
    """Solve with Clarabel and the whole matrix."""
    import clarabel as library
    from scipy import sparse

    n = problem.size
    matrix = sparse.csc_matrix(np.triu(problem.covariance.dense()))
    linear = -problem.covariance.matvec(problem.weights)
    rows = sparse.csc_matrix(sparse.vstack([sparse.csc_array(problem.conditions.T), -sparse.eye_array(n)]))
    values = np.concatenate([problem.row_upper, np.zeros(n)])
    cones = [library.ZeroConeT(problem.row_lower.size), library.NonnegativeConeT(n)]

    def run() -> FloatArray:
        settings = library.DefaultSettings()
        settings.verbose = False
        return np.array(library.DefaultSolver(matrix, linear, rows, values, cones, settings).solve().x)

    return run


def cvxpy_quadratic(problem: QuadraticProgram) -> Callable[[], FloatArray]:
    """Solve with cvxpy and the whole matrix, with its default solver."""
    import cvxpy as cp

    matrix = problem.covariance.dense()

    def run() -> FloatArray:
        x = cp.Variable(problem.size)
        risk = cp.quad_form(x - problem.weights, cp.psd_wrap(matrix))
        cp.Problem(cp.Minimize(risk), [problem.conditions.T @ x == problem.row_upper, x >= 0.0]).solve()
        weights: FloatArray = x.value
        return weights

    return run


def osqp_dense(problem: QuadraticProgram) -> Callable[[], FloatArray]:
    """Solve with OSQP and the whole matrix, at a precision of 1e-6 and with its polishing."""
    import osqp as library
    from scipy import sparse

    n = problem.size
    quadratic = sparse.csc_matrix(np.triu(problem.covariance.dense()))
    linear = -problem.covariance.matvec(problem.weights)
    rows = sparse.csc_matrix(sparse.vstack([sparse.csc_array(problem.conditions.T), sparse.eye_array(n)]))
    low = np.append(problem.row_lower, np.zeros(n))
    return _osqp(library, quadratic, linear, rows, low, np.append(problem.row_upper, np.full(n, np.inf)), n)


def skfolio_dense(problem: QuadraticProgram) -> Callable[[], FloatArray]:
    """Solve with skfolio and the whole matrix."""
    return _skfolio(problem, np.zeros(problem.size), np.ones(problem.size))


DENSE_PEERS = (
    DensePeer("betaneutral_xl", "betaneutral_xl", ours_dense),
    DensePeer("PIQP, dense", "piqp", piqp_dense),
    DensePeer("Clarabel", "clarabel", clarabel_dense),
    DensePeer("OSQP", "osqp", osqp_dense),
    DensePeer("cvxpy", "cvxpy", cvxpy_quadratic),
    DensePeer("skfolio", "skfolio", skfolio_dense),
)
"""Solvers that take a matrix, this package first."""
