"""A factor model near a covariance: not exact, and good enough to set out from.

The largest eigenvalues of ``V - diag(D)`` by subspace iteration, with ``D = diag(V - L L')`` renewed
after every round (principal factors): a few products of V with as many columns as there are factors.

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
"""Factors of the model; the answers of more are hardly nearer."""

ROUNDS = 3
"""Products of V with that many columns, after the first."""

LEAST = 0.05
"""Least specific variance, as a share of the variance."""


def rough_factors(form: CovarianceOperator) -> Factors:
    """Return a factor model near a covariance; the same one of the same matrix."""
    variances = form.variances()
    specific = 0.5 * variances
    directions = np.random.default_rng(0).standard_normal((form.size, FACTORS))
    loadings = directions
    for _ in range(1 + ROUNDS):
        basis = np.linalg.qr(directions)[0]
        directions = form.matvec(basis) - specific[:, None] * basis
        values, vectors = np.linalg.eigh(basis.T @ directions)
        # L = (V - D) Q U / sqrt(values) is what V - D does to its own largest eigenvectors.
        large = values > 1e-10 * values[-1]
        loadings = (directions @ vectors[:, large]) / np.sqrt(values[large])
        specific = np.maximum(variances - np.einsum("ij,ij->i", loadings, loadings), LEAST * variances)
    floor = 1e-3 * float(variances.mean())
    return Factors(loadings, np.maximum(specific, LEAST * floor))
