"""Covariance of returns, dense or in factor form, with the betas and volatilities it implies.

Throughout, variances are annual and in decimals (a stock of 30 % volatility has 0.09), and

    V = X F X' + diag(D)

with exposures X (N, k), factor covariance F (k, k) and specific variances D (N,). The dense form
is used only where there is no factor form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from betaneutral_xl.errors import (
    DuplicateTicker,
    InputError,
    MissingValue,
    NotPositiveSemidefinite,
    UndefinedBeta,
    UnknownTicker,
    listing,
)
from betaneutral_xl.model.arrays import FloatArray, IntArray, make_read_only, positions_of
from betaneutral_xl.model.covariance_units import (
    CovarianceUnit,
    implausible_variances,
    missing_covariances,
    refuse_correlations,
    unusual_volatility,
)
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    from betaneutral_xl.model.history import History

SYMMETRY = 1e-6
"""Tolerated asymmetry, relative to the largest entry, from rounding in files."""

SPARSE = 4
"""Portfolios with less than one in this many names are multiplied by the rows of these names only."""

SEMIDEFINITE = 1e-8
"""Tolerated negative eigenvalue, relative to the largest variance, from rounding in files."""


BLOCK = 512
"""Rows and columns of the blocks in which a matrix is read beside its transpose: both fit into the cache."""

SCIPY_FROM = 500
"""Number of names above which importing scipy (0.2 s) pays, as it factorises without a copy."""

SCIPY_ONCE_FROM = 128
"""Number of names above which importing scipy pays for the solution of one system."""


Solver: TypeAlias = "Callable[[FloatArray], FloatArray]"
"""Solves one linear system for right-hand sides of shape (n,) or (n, K)."""


CovarianceOperator: TypeAlias = "Dense | Factors"
"""The covariance V of N assets as a linear operator."""


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """V as a matrix (N, N)."""

    matrix: FloatArray

    def __post_init__(self) -> None:
        make_read_only(self, "matrix")

    @property
    def size(self) -> int:
        """N."""
        return len(self.matrix)

    def matvec(self, x: FloatArray) -> FloatArray:
        """Return V x, for x (N,) or (N, K); for few names only their rows are read, as V is symmetric."""
        held = np.flatnonzero(x if x.ndim == 1 else x.any(axis=1))
        if SPARSE * held.size < self.size:
            product: FloatArray = x[held].T @ self.matrix[held]
            return product.T
        return self.matrix @ x

    def variances(self) -> FloatArray:
        """Return the diagonal of V, shape (N,)."""
        return self.matrix.diagonal()

    def subset(self, rows: IntArray) -> Dense:
        """Return the principal submatrix in the given order."""
        if rows.size == self.size and (rows == np.arange(self.size)).all():
            return self
        return Dense(self.matrix[np.ix_(rows, rows)])

    def between(self, row: int, columns: IntArray) -> FloatArray:
        """Return the covariances of one asset with others, shape (len(columns),)."""
        part: FloatArray = self.matrix[row, columns]
        return part

    def solver(self, rows: IntArray | None = None, added: FloatArray | None = None) -> Solver:
        """Return ``r -> (V_FF + diag(added))^-1 r`` for a set F of assets, by default all.

        By Cholesky factorisation of a copy of V_FF in place. Raises numpy.linalg.LinAlgError where the matrix
        is not positive definite.
        """
        matrix = np.array(self.matrix) if rows is None else self.matrix[np.ix_(rows, rows)]
        if added is not None:
            np.einsum("ii->i", matrix)[:] += added
        return _cholesky_solver(matrix)

    def dense(self) -> FloatArray:
        """Return V itself, shape (N, N)."""
        return self.matrix


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """V as L L' + diag(D), formed explicitly by ``dense`` only.

    ``loadings`` L (N, k) are the exposures times a square root of the factor covariance. A sample
    covariance of T days has k = T columns (the days' scaled returns) and D = 0.
    """

    loadings: FloatArray
    specific_variance: FloatArray

    def __post_init__(self) -> None:
        make_read_only(self, "loadings", "specific_variance")
        if self.specific_variance.shape != (len(self.loadings),):
            msg = (
                f"The factor model has loadings of {len(self.loadings)} assets "
                f"but {self.specific_variance.size} specific variances."
            )
            raise InputError(msg)
        bad = ~(self.specific_variance >= 0.0)
        if bad.any() or not np.isfinite(self.loadings).all():
            msg = f"The factor model has negative or missing entries ({int(bad.sum())} specific variances)."
            raise NotPositiveSemidefinite(msg)

    @classmethod
    def from_exposures(
        cls, exposures: FloatArray, factor_covariance: FloatArray, specific_variance: FloatArray
    ) -> Factors:
        """Make the factor form of V = X F X' + diag(D).

        Parameters
        ----------
        exposures
            X, shape (N, k).
        factor_covariance
            F, shape (k, k), annual, decimals.
        specific_variance
            D, shape (N,), annual, decimals (the square of the specific risk).

        Raises
        ------
        InputError
            If the shapes do not match.
        NotPositiveSemidefinite
            If F is not symmetric, or has a negative eigenvalue.

        """
        k = exposures.shape[1]
        if factor_covariance.shape != (k, k):
            msg = f"{k} factors need a {k} x {k} factor covariance, not {factor_covariance.shape}."
            raise InputError(msg)
        gaps = np.abs(factor_covariance - factor_covariance.T)
        if k and gaps.max() > SYMMETRY * np.abs(factor_covariance).max():
            i, j = (int(place) for place in np.unravel_index(int(gaps.argmax()), gaps.shape))
            one, other = factor_covariance[i, j], factor_covariance[j, i]
            msg = (
                f"The factor covariance is not symmetric: of the factors {i + 1} and {j + 1} it is {one:.6g} "
                f"one way and {other:.6g} the other. Correct it."
            )
            raise NotPositiveSemidefinite(msg)
        values, vectors = np.linalg.eigh(factor_covariance)
        if k and values[0] < -SEMIDEFINITE * values[-1]:
            msg = f"The factor covariance has a negative eigenvalue ({values[0]:.3g})."
            raise NotPositiveSemidefinite(msg)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        return cls(exposures @ root, specific_variance)

    @property
    def size(self) -> int:
        """N."""
        return len(self.loadings)

    def matvec(self, x: FloatArray) -> FloatArray:
        """Return V x, for x (N,) or (N, K), in O(N k)."""
        specific = self.specific_variance if x.ndim == 1 else self.specific_variance[:, None]
        product: FloatArray = self.loadings @ (self.loadings.T @ x) + specific * x
        return product

    def variances(self) -> FloatArray:
        """Return the diagonal of V, shape (N,)."""
        common: FloatArray = np.einsum("ij,ij->i", self.loadings, self.loadings)
        return common + self.specific_variance

    def subset(self, rows: IntArray) -> Factors:
        """Return the model of some assets, in the given order."""
        return Factors(self.loadings[rows], self.specific_variance[rows])

    def between(self, row: int, columns: IntArray) -> FloatArray:
        """Return the covariances of one asset with others, shape (len(columns),)."""
        part: FloatArray = self.loadings[columns] @ self.loadings[row]
        return part + np.where(columns == row, self.specific_variance[row], 0.0)

    def solver(self, rows: IntArray | None = None, added: FloatArray | None = None) -> Solver:
        """Return ``r -> (V_FF + diag(added))^-1 r`` as of ``Dense``, by Woodbury's identity in O(|F| k^2)."""
        if self.loadings.shape[1] >= (self.size if rows is None else rows.size):  # V_FF is the smaller matrix
            matrix = (self if rows is None else self.subset(rows)).dense()
            if added is not None:
                np.einsum("ii->i", matrix)[:] += added
            return _cholesky_solver(matrix)
        return _Woodbury.of(self, rows, added)

    def dense(self) -> FloatArray:
        """Return V itself, shape (N, N)."""
        matrix: FloatArray = self.loadings @ self.loadings.T
        matrix[np.diag_indices(self.size)] += self.specific_variance
        return matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Woodbury:
    """Solver of V_FF + diag(added) in factor form.

    Attributes
    ----------
    loadings
        L, shape (N, k).
    rows
        F, or None for all.
    precisions
        1 / (D + added), shape (N,), zero outside F.
    core
        I + L' diag(precisions) L, shape (k, k).

    """

    loadings: FloatArray
    rows: IntArray | None
    precisions: FloatArray
    core: FloatArray

    @classmethod
    def of(cls, form: Factors, rows: IntArray | None, added: FloatArray | None) -> _Woodbury:
        """Make the solver."""
        some = slice(None) if rows is None else rows
        variances = form.specific_variance[some] + (0.0 if added is None else added)
        if not (variances > 0.0).all():
            msg = "without specific variance everywhere the identity does not apply"
            raise np.linalg.LinAlgError(msg)
        loadings, precisions = form.loadings, np.zeros(form.size)
        precisions[some] = 1.0 / variances
        inside = np.flatnonzero(precisions)
        part = loadings if inside.size == form.size else loadings[inside]
        core = np.eye(loadings.shape[1]) + part.T @ (part * precisions[inside, None])
        return cls(loadings, rows, precisions, core)

    def __call__(self, rhs: FloatArray) -> FloatArray:
        """Return the solution without copying rows of L."""
        some = slice(None) if self.rows is None else self.rows
        precisions = self.precisions[some]
        scaled = rhs * (precisions if rhs.ndim == 1 else precisions[:, None])
        expanded = np.zeros((len(self.loadings), *rhs.shape[1:]))
        expanded[some] = scaled
        common = (self.loadings @ np.linalg.solve(self.core, self.loadings.T @ expanded))[some]
        answer: FloatArray = scaled - common * (precisions if rhs.ndim == 1 else precisions[:, None])
        return answer


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Covariance:
    """Annual covariance of returns of N assets.

    Attributes
    ----------
    tickers
        N canonical tickers, each once, in the order of the rows.
    form
        V, dense or in factor form, decimals, annual.
    provenance
        Where this came from.
    effective_days
        Effective number of daily observations of the estimate, where known: T for equal weights,
        ``sum(q)**2 / sum(q**2)`` for weights q. Standard errors of betas depend on it.
    warnings
        Notes for the user, one line each.
    seen
        Shape (N,), the share of those days on which each name has an observed return; by default 1.
    history
        What past forecasts of its betas are judged with: the returns behind the estimate, or the forecast
        errors of the betas to some ETFs; None where the past is unknown.

    """

    tickers: tuple[str, ...]
    form: CovarianceOperator
    provenance: Provenance
    effective_days: float | None = None
    warnings: tuple[str, ...] = ()
    seen: FloatArray | None = None
    history: History | None = None

    def __post_init__(self) -> None:
        if len(self.tickers) != self.form.size:
            msg = f"The covariance has {self.form.size} rows but {len(self.tickers)} tickers."
            raise InputError(msg)
        if self.seen is not None:
            make_read_only(self, "seen")
            if self.seen.shape != (len(self.tickers),):
                msg = f"The covariance has {len(self.tickers)} tickers but {self.seen.size} shares of days."
                raise InputError(msg)
        if len(set(self.tickers)) != len(self.tickers):
            repeated = sorted({t for t in self.tickers if self.tickers.count(t) > 1})
            msg = f"The covariance lists {listing(repeated)} more than once. Remove the repeated rows."
            raise DuplicateTicker(msg, tickers=repeated)

    def __repr__(self) -> str:
        form = type(self.form).__name__.lower().removeprefix("_")
        return f"<Covariance: {len(self.tickers)} names, {form}, as of {self.provenance.as_of}>"

    @classmethod
    def from_matrix(
        cls,
        tickers: Sequence[str],
        matrix: FloatArray,
        provenance: Provenance | None = None,
        effective_days: float | None = None,
        warnings: tuple[str, ...] = (),
        *,
        unit: CovarianceUnit | str = CovarianceUnit.ANNUAL,
        owned: bool = False,
    ) -> Covariance:
        """Make a covariance from a labelled matrix after validating it.

        Parameters
        ----------
        tickers
            N tickers in any spelling.
        matrix
            Shape (N, N), variances and covariances in ``unit``.
        provenance
            Where the matrix came from; by default, from the caller.
        effective_days
            Effective number of daily observations, where known.
        warnings
            Notes on the source.
        unit
            ``annual`` decimals, ``percent_squared``, ``daily`` or ``daily_percent_squared``.
            Implausible variances in it are a warning of the result.
        owned
            Whether the matrix may become the covariance's own, changed and read-only, in place of a copy.

        Returns
        -------
        Covariance
            Dense, annual decimals, rows in the order of ``tickers``.

        Raises
        ------
        InputError
            If it is not square, does not have one ticker per row, or is a correlation matrix.
        MissingValue
            If an entry is blank or not finite.
        NotPositiveSemidefinite
            If it is not symmetric, or gives some portfolio a negative variance.

        """
        names = tuple(normalise(ticker) for ticker in tickers)
        values = np.asarray(matrix, dtype=np.float64)
        if values.ndim != 2 or values.shape[0] != values.shape[1]:  # noqa: PLR2004 - a matrix
            shape = " x ".join(str(n) for n in values.shape)
            msg = f"The covariance is {shape}, not square. Give one row and one column a ticker."
            raise InputError(msg)
        if len(names) != len(values):
            msg = f"The covariance has {len(values)} rows but {len(names)} tickers."
            raise InputError(msg)
        read = CovarianceUnit.of(unit)
        if not owned or not (values.flags.c_contiguous and values.flags.writeable):
            values = np.array(values, order="C")
        _require_finite_matrix(names, values)
        if read.factor != 1.0:
            values *= read.factor
        _symmetrise(names, values)
        _require_semidefinite(values)
        values.flags.writeable = False  # so that it is not copied again
        origin = provenance or Provenance.given(len(names))
        variances = values.diagonal()
        implausible = implausible_variances(names, variances, origin, read)
        notes = (implausible,) if implausible else unusual_volatility(tickers, variances, origin)
        made = cls(names, Dense(values), origin, effective_days, (*notes, *warnings))
        refuse_correlations(variances, origin, read)
        return made

    @classmethod
    def from_source(
        cls,
        tickers: Sequence[str],
        matrix: FloatArray,
        provenance: Provenance | None = None,
        unit: CovarianceUnit | str | None = None,
    ) -> Covariance:
        """Make a covariance from a file, a sheet or a table; refuse implausible units.

        Parameters
        ----------
        tickers, matrix, provenance
            As of ``from_matrix``; the matrix becomes the covariance's own.
        unit
            The unit stated by the user; by default annual decimals are assumed, which is checked
            more strictly.

        Raises
        ------
        InputError
            As ``from_matrix``; and if the variances are impossible for shares.
        MissingValue, NotPositiveSemidefinite
            As ``from_matrix``.

        """
        stated = None if unit is None else CovarianceUnit.of(unit)
        made = cls.from_matrix(tickers, matrix, provenance, unit=stated or CovarianceUnit.ANNUAL, owned=True)
        implausible = implausible_variances(made.tickers, made.form.variances(), made.provenance, stated)
        if implausible:
            raise InputError(implausible)
        zeros = missing_covariances(made.tickers, made.form.dense(), made.provenance)
        return replace(made, warnings=(*made.warnings, *zeros)) if zeros else made

    @property
    def as_of(self) -> date | None:
        """The last day of the estimate's data."""
        return self.provenance.as_of

    @property
    def volatilities(self) -> FloatArray:
        """Annual volatility of each asset, shape (N,), decimals."""
        return np.sqrt(self.form.variances())

    def __contains__(self, ticker: object) -> bool:
        """Whether the risk model covers a (canonical) ticker."""
        return ticker in self.tickers

    def select(self, tickers: Sequence[str]) -> Covariance:
        """Return the model of some of its assets, in the given order.

        Raises
        ------
        UnknownTicker
            If the model lacks one of them.

        """
        if tuple(tickers) == self.tickers:
            return self
        covered = set(self.tickers)
        absent = [ticker for ticker in tickers if ticker not in covered]
        if absent:
            msg = f"The covariance has no row for {listing(absent)}."
            raise UnknownTicker(msg, tickers=absent)
        rows = positions_of(tickers, self.tickers)
        seen = None if self.seen is None else self.seen[rows]
        return replace(self, tickers=tuple(tickers), form=self.form.subset(rows), seen=seen)

    def with_warnings(self, lines: Sequence[str]) -> Covariance:
        """Return the same model with further warnings before its own."""
        return replace(self, warnings=(*lines, *self.warnings)) if lines else self

    def between(self, ticker: str, others: Sequence[str]) -> FloatArray:
        """Return the covariances of one asset with others, shape (len(others),)."""
        row = int(positions_of([ticker], self.tickers)[0])
        return self.form.between(row, positions_of(others, self.tickers))

    def variance(self, w: FloatArray) -> float:
        """Return the annual variance w'V w of a portfolio."""
        return max(float(w @ self.form.matvec(w)), 0.0)

    def volatility(self, w: FloatArray) -> float:
        """Return the annual volatility sqrt(w'V w) of a portfolio, in decimals."""
        return float(np.sqrt(self.variance(w)))

    def predicted_beta(self, basket: FloatArray) -> FloatArray:
        """Return the beta of every asset to one or several baskets.

        For a basket f (N,), ``beta = V f / (f' V f)``, so that ``beta' f = 1``.

        Parameters
        ----------
        basket
            Weights of the ETF's constituents, shape (N,), or of several ETFs, shape (N, K).

        Returns
        -------
        FloatArray
            Shape of the argument, dimensionless, rows in the order of ``tickers``.

        Raises
        ------
        UndefinedBeta
            If a basket has no variance.

        References
        ----------
        Grinold and Kahn, Active Portfolio Management, 2nd ed., chapter 2.

        Examples
        --------
        >>> V = [[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]]
        >>> covariance = Covariance.from_matrix(["A", "B", "C"], V)
        >>> covariance.predicted_beta(np.array([0.4, 0.3, 0.3])).round(6).tolist()
        [1.06383, 0.914894, 1.0]

        """
        vf, variance = self._with_basket(basket)
        beta: FloatArray = vf / variance
        return beta

    def beta_standard_error(self, basket: FloatArray) -> FloatArray:
        """Return the standard error of every asset's beta to one or several baskets.

        ``se_i^2 = (V_ii - beta_i^2 f'V f) / (f'V f (T_i - 2))`` with T_i the effective number of
        days with a return of the asset: ordinary least squares with the moments of V, exact for a
        sample covariance of equally weighted days.

        Parameters
        ----------
        basket
            Weights of the ETF's constituents, shape (N,), or of several ETFs, shape (N, K).

        Returns
        -------
        FloatArray
            Shape of the argument; NaN where the effective days are unknown or no more than two.

        Raises
        ------
        UndefinedBeta
            If a basket has no variance.

        """
        vf, variance = self._with_basket(basket)
        own, per_day = self.form.variances(), 1.0 / self._freedom()
        if basket.ndim > 1:
            own, per_day = own[:, None], per_day[:, None]
        residual = np.maximum(own - vf**2 / variance, 0.0)
        error: FloatArray = np.sqrt(residual / variance * per_day)
        return error

    def portfolio_beta_standard_error(self, w: FloatArray, basket: FloatArray) -> FloatArray:
        """Return the standard error of a portfolio's beta ``beta'w`` to one or several baskets.

        ``se^2 = (w'V w - beta_w^2 f'V f) / (f'V f) m``, where m is 1 / (T - 2), averaged with
        the weights ``w_i^2 V_ii`` where assets have different numbers of days.

        Parameters
        ----------
        w
            Portfolio weights, shape (N,).
        basket
            Weights of the ETF's constituents, shape (N,), or of several ETFs, shape (N, K).

        Returns
        -------
        FloatArray
            Shape () or (K,); NaN where the effective days are unknown or no more than two.

        Raises
        ------
        UndefinedBeta
            If a basket has no variance.

        """
        vf, variance = self._with_basket(basket)
        residual = np.maximum(self.variance(w) - (w @ vf) ** 2 / variance, 0.0)
        per_day = 1.0 / self._freedom()
        if self.seen is None or not w.any():
            mean = per_day.mean()
        else:
            held = w != 0.0
            own = (w**2 * self.form.variances())[held]
            mean = np.average(per_day[held], weights=own) if own.any() else per_day[held].mean()
        error: FloatArray = np.sqrt(residual / variance * mean)
        return error

    def _with_basket(self, basket: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return V f and f'V f; raise where the latter is zero."""
        vf = self.form.matvec(basket)
        variance: FloatArray = np.einsum("n...,n...->...", basket, vf)
        if not (variance > np.finfo(np.float64).tiny).all():
            msg = (
                "Beta is undefined: the ETF's covered constituents have no variance. "
                "Check the ETF's weights and the covariance."
            )
            raise UndefinedBeta(msg)
        return vf, variance

    def _freedom(self) -> FloatArray:
        """Return T_i - 2 of every asset, shape (N,); NaN where a beta has no standard error."""
        days = math.nan if self.effective_days is None else self.effective_days
        own = np.full(len(self.tickers), days) if self.seen is None else days * self.seen
        return np.where(own > 2.0, own - 2.0, math.nan)  # noqa: PLR2004 - intercept and slope


def _require_finite_matrix(tickers: tuple[str, ...], matrix: FloatArray) -> None:
    bad = ~np.isfinite(matrix)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        msg = (
            f"The covariance has {int(bad.sum())} blank or infinite entries, the first for "
            f"{tickers[row]} and {tickers[column]}. Fill them in, or remove the tickers."
        )
        raise MissingValue(msg, tickers=[tickers[i] for i in np.flatnonzero(bad.any(axis=1))])


def _blocks(n: int) -> Iterator[tuple[slice, slice]]:
    """Yield the blocks of the upper triangle of a matrix (n, n), those of the diagonal included."""
    starts = range(0, n, BLOCK)
    for i in starts:
        for j in starts[i // BLOCK :]:
            yield slice(i, i + BLOCK), slice(j, j + BLOCK)


def _symmetrise(tickers: tuple[str, ...], matrix: FloatArray) -> None:
    """Replace a nearly symmetric matrix by its symmetric part, block by block in place."""
    largest, widest, place = 0.0, 0.0, (0, 0)
    for rows, columns in _blocks(len(matrix)):
        block, mirrored = matrix[rows, columns], matrix[columns, rows].T
        gap = np.abs(block - mirrored)
        largest = max(largest, float(np.abs(block).max()), float(np.abs(mirrored).max()))
        if gap.max() > widest:
            i, j = np.unravel_index(int(gap.argmax()), gap.shape)
            widest, place = float(gap.max()), (rows.start + int(i), columns.start + int(j))
    if widest > SYMMETRY * largest:
        row, column = place
        msg = (
            f"The covariance is not symmetric: {tickers[row]} with {tickers[column]} is "
            f"{matrix[row, column]:.10g} one way and {matrix[column, row]:.10g} the other. "
            "Check the order of its rows and columns."
        )
        raise NotPositiveSemidefinite(msg, tickers=[tickers[row], tickers[column]])
    if widest > 0.0:
        for rows, columns in _blocks(len(matrix)):
            mean = matrix[rows, columns] / 2.0 + matrix[columns, rows].T / 2.0
            matrix[rows, columns], matrix[columns, rows] = mean, mean.T


def _require_semidefinite(matrix: FloatArray) -> None:
    """Refuse negative variances by a Cholesky factorisation, a third of the cost of eigenvalues.

    That of a large matrix takes no memory: it overwrites the lower triangle, which the upper one restores.
    """
    if not matrix.size:
        return
    variances = matrix.diagonal().copy()
    shift = SEMIDEFINITE * float(np.abs(variances).max()) + np.finfo(np.float64).tiny
    diagonal = np.einsum("ii->i", matrix)
    diagonal += shift
    try:
        (_cholesky_solver if len(matrix) > SCIPY_FROM else np.linalg.cholesky)(matrix)
    except np.linalg.LinAlgError:
        _restore_lower(matrix)
        diagonal[:] = variances
        smallest = float(np.linalg.eigvalsh(matrix)[0])
        msg = (
            f"The covariance is not positive semidefinite: its smallest eigenvalue is {smallest:.3g}, "
            "so some portfolio would have a negative variance. Estimate it on one window for all names."
        )
        raise NotPositiveSemidefinite(msg) from None
    _restore_lower(matrix)
    diagonal[:] = variances


def _restore_lower(matrix: FloatArray) -> None:
    """Copy the upper triangle of a matrix onto its lower one."""
    for rows, columns in _blocks(len(matrix)):
        block = matrix[rows, columns]
        matrix[columns, rows] = np.triu(block) + np.triu(block, 1).T if rows == columns else block.T


def solved_once(covariance: CovarianceOperator, rhs: FloatArray) -> FloatArray:
    """Return ``V^-1 r`` for r of shape (N,) or (N, K); ``solver`` is for systems that are solved again.

    Raises
    ------
    numpy.linalg.LinAlgError
        Where V is not positive definite.

    """
    # The Woodbury identity does without scipy, and knows where V is singular, whatever is rounded.
    by_factors = isinstance(covariance, Factors) and covariance.loadings.shape[1] < covariance.size
    if by_factors or covariance.size > SCIPY_ONCE_FROM:
        return covariance.solver()(rhs)
    matrix = covariance.dense()
    np.linalg.cholesky(matrix)  # a singular matrix, which elimination may not notice, ends here
    return np.asarray(np.linalg.solve(matrix, rhs), dtype=np.float64)


def _cholesky_solver(matrix: FloatArray) -> Solver:
    """Factorise a symmetric matrix in place, and return its solver."""
    from scipy.linalg.lapack import dpotrf, dpotrs

    # The transpose of a C-ordered array is in LAPACK's own order: nothing is copied.
    factor, info = dpotrf(matrix.T, lower=0, clean=0, overwrite_a=1)
    if info:
        msg = f"the leading minor of order {info} is not positive definite"
        raise np.linalg.LinAlgError(msg)

    def solve(rhs: FloatArray) -> FloatArray:
        answer: FloatArray = dpotrs(factor, rhs, lower=0)[0]
        return answer

    return solve
