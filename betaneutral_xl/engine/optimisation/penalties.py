"""Quadratic penalties on new weights, within the quadratic program of ``quadratic``.

Over the new weights x of the n covered names, with a reference portfolio r and what is held h,

    1/2 (x - r)'(V + a I)(x - r) + 1/2 |P'x - c|^2 + 1/2 b |x - h|^2

is a quadratic in the trades d = x - h:

    1/2 d'H d + g'd + constant,   H = V + P P' + (a + b) I,
    g = (V + a I)(h - r) + P (P'h - c).

H has the form of V: P adds q columns to its loadings. The solvers know no linear term, so that they are given
a program without one that has the same solutions:

without absolute values
    the trades from the minimiser ``h - H^-1 g`` instead of those from h;
with them, as these count from h
    one more name whose trade is fixed at 1 and whose covariance with the others is g. If r is h, then
    ``g = P (P'h - c)`` and the row ``P'h - c`` of loadings gives it, so that H keeps its factor form;
    else H is dense.

The solution is certified for the program with the linear term.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram, Solution
from betaneutral_xl.model.arrays import FloatArray, make_read_only, read_only
from betaneutral_xl.model.risk import Dense, Factors, solved_once

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray
    from betaneutral_xl.model.risk import CovarianceOperator


@dataclass(frozen=True, slots=True, eq=False)
class Penalties:
    """Penalties on the weights x of the n covered names.

    Attributes
    ----------
    reference
        r, shape (n,): the portfolio from which risk is measured.
    ridge
        a, annual variance, on squared deviations from r.
    persistence
        b, annual variance, on squared trades.
    loadings
        P, shape (n, q), annual volatilities.
    aims
        c, shape (q,): where ``P'x`` has no penalty.

    """

    reference: FloatArray
    ridge: float
    persistence: float
    loadings: FloatArray
    aims: FloatArray

    def __post_init__(self) -> None:
        make_read_only(self, "reference", "loadings", "aims")


@dataclass(frozen=True, eq=False)
class PenalisedSolution(Solution):
    """Trades of a program with penalties.

    Attributes
    ----------
    penalised
        The program with penalties; its names are those of ``problem``, which may have tighter limits.

    """

    penalised: Penalised = field(kw_only=True)

    @property
    def residuals(self) -> FloatArray:
        """``P'x - c``, shape (q,)."""
        residuals: FloatArray = self.penalised.missed + self.penalised.loadings.T @ self.trades
        return residuals


@dataclass(frozen=True, slots=True, eq=False)
class Penalised:
    """A program with penalties.

    Attributes
    ----------
    problem
        The program with H as its covariance; its objective lacks the linear term.
    linear, constant
        As of ``Solution``.
    loadings
        P of the names that may be traded, shape (n, q).
    missed
        ``P'h - c``, shape (q,).
    from_reference
        Whether what is held is r: then g is P times ``missed``.
    persistence
        b.

    """

    problem: QuadraticProgram
    linear: FloatArray
    constant: float
    loadings: FloatArray
    missed: FloatArray
    from_reference: bool
    persistence: float

    @classmethod
    def of(
        cls,
        problem: QuadraticProgram,
        covariance: CovarianceOperator,
        held: FloatArray,
        tradable: BoolArray,
        penalties: Penalties,
    ) -> Penalised:
        """Add penalties on the weights of all n covered names to a program over those that may be traded.

        ``covariance`` is V of all n, ``held`` is h (n,), ``tradable`` (n,) which of them may be traded.
        """
        away, ridge = held - penalties.reference, penalties.ridge
        missed = penalties.loadings.T @ held - penalties.aims
        loadings = penalties.loadings[tradable]
        added = ridge + penalties.persistence
        form: CovarianceOperator
        if isinstance(problem.covariance, Factors):
            form = Factors(
                np.hstack([problem.covariance.loadings, loadings]),
                problem.covariance.specific_variance + added,
            )
        else:
            matrix = problem.covariance.dense() + loadings @ loadings.T
            matrix[np.diag_indices(len(matrix))] += added
            form = Dense(matrix)
        of_away = covariance.matvec(away) + ridge * away
        return cls(
            problem=replace(problem, covariance=form),
            linear=read_only(of_away[tradable] + loadings @ missed),
            constant=0.5 * float(away @ of_away + missed @ missed),
            loadings=loadings,
            missed=missed,
            from_reference=not away.any(),
            persistence=penalties.persistence,
        )

    def equivalent(self, *, fixed_name: bool) -> QuadraticProgram:
        """Return a program without linear term that has the same solutions.

        It is by one more name, the last one, whose trade is 1; else the trades are from another point, and
        absolute values may not enter.
        """
        problem = self.problem
        if not fixed_name:
            return replace(problem, weights=problem.weights - self._solved_linear())
        return replace(
            problem,
            covariance=self._with_fixed_name(),
            weights=np.append(problem.weights, 0.0),
            lower=np.append(problem.lower, 1.0),
            upper=np.append(problem.upper, 1.0),
            conditions=np.pad(problem.conditions, ((0, 1), (0, 0))),
            turnover=problem.turnover + 0.5,
            gross=problem.gross + 1.0,
        )

    def _solved_linear(self) -> FloatArray:
        """Return H^-1 g; where H is singular the least solution, as g is in the span of its columns."""
        form = self.problem.covariance
        if not self.linear.any():
            return np.zeros(len(self.linear))
        try:
            return solved_once(form, self.linear)
        except np.linalg.LinAlgError:
            return np.asarray(np.linalg.lstsq(form.dense(), self.linear, rcond=None)[0])

    def _with_fixed_name(self) -> CovarianceOperator:
        """Return H bordered by g; the last variance is any that makes it positive definite."""
        form, linear = self.problem.covariance, self.linear
        if isinstance(form, Factors) and self.from_reference:
            row = np.concatenate([np.zeros(form.loadings.shape[1] - self.missed.size), self.missed])
            specific = form.specific_variance
            return Factors(np.vstack([form.loadings, row]), np.append(specific, specific.mean()))
        matrix = form.dense()
        # The Schur complement of H in the bordered matrix is the excess over g'H^-1 g.
        corner = float(linear @ self._solved_linear()) + float(np.mean(form.variances()))
        return Dense(np.block([[matrix, linear[:, None]], [linear, corner]]))

    def solution(self, found: Solution) -> PenalisedSolution:
        """Return the solution of an equivalent program as one of the program with the linear term."""
        problem = self.problem
        n, solved = problem.size, found.problem
        weights = solved.weights[:n] + found.trades[:n]
        original = replace(
            problem,
            lower=solved.lower[:n],
            upper=solved.upper[:n],
            conditions=solved.conditions[:n],
            row_lower=solved.row_lower,
            row_upper=solved.row_upper,
        )
        trades = weights - problem.weights
        return PenalisedSolution(
            original,
            trades,
            found.duals,
            found.solver,
            linear=self.linear,
            constant=self.constant,
            penalised=self,
        )
