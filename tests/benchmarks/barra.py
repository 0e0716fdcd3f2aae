"""Random portfolios and factor risk models of realistic size for the benchmarks.

A Barra-like model: a market factor with log-normal exposures (some negative), style factors for every
name, and one industry per name; annual decimals. Portfolios of 25 to 91 names, ETFs of 47 and 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.linear import minimise
from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.model.risk import Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

FACTORS = {50: 20, 500: 40, 2000: 70, 5000: 70}
"""Typical number of factors by number of names."""

CAP = 0.10


@dataclass(frozen=True)
class Case:
    """One problem with n names, k factors and K ETFs, also as arrays for the peers."""

    exposures: FloatArray
    factor_covariance: FloatArray
    specific_variance: FloatArray
    etf_weights: FloatArray
    problem: QuadraticProgram

    @property
    def form(self) -> Factors:
        """V in factor form."""
        form = self.problem.covariance
        assert isinstance(form, Factors)
        return form


def make(n: int, etfs: int = 1, *, long_only: bool, factors: int | None = None, seed: int = 0) -> Case:
    """Return the problem: minimum tracking error, net exposure kept, each beta zero if attainable.

    Long-short weights are between -5 % and 10 %, long-only weights between 0 and 10 %. If beta zero
    is not attainable, the target is half way to the lowest beta.
    """
    rng = np.random.default_rng(seed + n)
    k = factors or FACTORS.get(n, 70)
    styles = min(10, k // 2)
    industries = k - 1 - styles
    exposures = np.zeros((n, k))
    exposures[:, 0] = np.exp(0.38 * rng.standard_normal(n))
    exposures[: max(1, n // 50), 0] *= -0.3
    exposures[:, 1 : 1 + styles] = rng.standard_normal((n, styles))
    exposures[np.arange(n), 1 + styles + rng.integers(0, industries, n)] = 1.0
    noise = rng.standard_normal((k, 2 * k))
    correlation = 0.3 * np.corrcoef(noise) + 0.7 * np.eye(k)
    volatility = np.concatenate(
        [[0.16], rng.uniform(0.01, 0.05, styles), rng.uniform(0.04, 0.10, industries)]
    )
    factor_covariance = correlation * np.outer(volatility, volatility)
    specific = rng.uniform(0.15, 0.45, n) ** 2
    form = Factors.from_exposures(exposures, factor_covariance, specific)

    weights = _basket(rng, n, max(25, min(91, n)))
    baskets = np.column_stack([_basket(rng, n, 47 if j == 0 else 100) for j in range(etfs)])
    pulled = form.matvec(baskets)
    betas = pulled / np.einsum("nk,nk->k", baskets, pulled)
    lower, upper = np.full(n, 0.0 if long_only else -0.05), np.full(n, CAP)
    one = np.ones(1)
    free = QuadraticProgram(form, weights, lower, upper, np.ones((n, 1)), one, one, ("net exposure",))
    furthest = minimise(free, betas[:, 0])
    assert furthest is not None
    before, lowest = float(betas[:, 0] @ weights), float(betas[:, 0] @ (weights + furthest))
    step = before / (before - lowest) if lowest < -1e-3 else 0.5
    targets = betas.T @ (weights + step * furthest)
    wanted = np.concatenate([one, targets])
    problem = QuadraticProgram(
        covariance=form,
        weights=weights,
        lower=lower,
        upper=upper,
        conditions=np.column_stack([np.ones(n), betas]),
        row_lower=wanted,
        row_upper=wanted,
        labels=("net exposure", *(f"beta to E{j}" for j in range(etfs))),
    )
    return Case(exposures, factor_covariance, specific, baskets, problem)


def _basket(rng: np.random.Generator, n: int, names: int) -> FloatArray:
    weights = np.zeros(n)
    inside = rng.choice(n, min(n, names), replace=False)
    weights[inside] = np.minimum(rng.dirichlet(np.full(inside.size, 2.0)), 0.08)
    basket: FloatArray = weights / weights.sum()
    return basket
