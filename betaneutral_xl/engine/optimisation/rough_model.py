"""An approximate factor model of a covariance, to compute a starting point with.

The largest eigenvalues of ``V - diag(D)`` by subspace iteration, with ``D = diag(V - L L')`` updated
after every iteration (principal factors): a few products of V with as many columns as there are factors.

References
----------
Harman, Modern Factor Analysis, chapter 8 (principal factors).
Halko, Martinsson and Tropp, Finding structure with randomness, SIAM Review 2011.

"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.model.risk import Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import CovarianceOperator

FACTORS = 20
"""Factors of the model; more hardly bring its optimum nearer to that of V."""

ITERATIONS = 3
"""Subspace iterations after the first."""

MIN_SPECIFIC = 0.05
"""Smallest specific variance, as a share of the variance."""


def rough_factors(covariance: CovarianceOperator) -> Factors:
    """Approximate a covariance by a factor model, deterministically."""
    variances = covariance.variances()
    specific = 0.5 * variances
    directions = np.random.default_rng(0).standard_normal((covariance.size, FACTORS))
    loadings = directions
    for _ in range(1 + ITERATIONS):
        basis = np.linalg.qr(directions)[0]
        directions = covariance.matvec(basis) - specific[:, None] * basis
        values, vectors = np.linalg.eigh(basis.T @ directions)
        # Nystrom: L = (V - D) Q U / sqrt(values).
        large = values > 1e-10 * values[-1]
        loadings = (directions @ vectors[:, large]) / np.sqrt(values[large])
        specific = np.maximum(variances - np.einsum("ij,ij->i", loadings, loadings), MIN_SPECIFIC * variances)
    floor = 1e-3 * float(variances.mean())
    return Factors(loadings, np.maximum(specific, MIN_SPECIFIC * floor))
