"""Look through a portfolio and an ETF to their names: overlap, and contributions to beta.

The overlap uses weights only; contributions to beta use the risk model. The two answer different
questions: a portfolio that holds none of the ETF's names can have a high beta to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import FloatArray

UNGROUPED = "(no group)"
"""Label of the names that are in no group."""

UNCOVERED = "(no risk data)"
"""Label of the names without risk data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Overlap of a portfolio and an ETF.

    Attributes
    ----------
    etf
        The ETF's name.
    shared
        Names in which both have a weight.
    portfolio_weight, etf_weight
        Sum of each one's weights in the shared names, decimals of its own net assets.
    shared_weight
        ``sum(min(w, f))`` over names where both are long: the part of the portfolio that replicates the ETF.
    active_share
        ``sum(abs(w - f)) / 2`` over names; 0 for equal weights, 1 for two fully invested long-only
        portfolios without a common name. Cash is not counted.

    """

    etf: str
    shared: tuple[str, ...]
    portfolio_weight: float
    etf_weight: float
    shared_weight: float
    active_share: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """Contribution of a name, or a group of names, to the portfolio's beta: ``weight * beta``.

    ``share`` is its fraction of the portfolio's beta, NaN where that is 0.
    """

    label: str
    weight: float
    beta: float
    share: float


def overlaps(aligned: Aligned) -> tuple[Overlap, ...]:
    """Return the overlap of the portfolio with each ETF, whether or not the names have risk data.

    Examples
    --------
    >>> from betaneutral_xl import Covariance, Etf, Holdings
    >>> from betaneutral_xl.model.alignment import align
    >>> risk = Covariance.from_matrix(["A", "B", "C"], np.diag([0.04, 0.05, 0.06]))
    >>> fund, etf = Holdings.from_weights({"A": 0.6, "B": 0.4}), Etf.from_weights({"B": 0.5, "C": 0.5})
    >>> one, = overlaps(align(fund, [etf], risk))
    >>> one.shared, one.shared_weight, one.active_share
    (('B',), 0.4, 0.6)

    """
    w = aligned.weights
    found = []
    for name, f in zip(aligned.etf_names, aligned.etf_weights.T, strict=True):
        both = (w != 0.0) & (f != 0.0)
        found.append(
            Overlap(
                etf=name,
                shared=tuple(ticker for ticker, shared in zip(aligned.tickers, both, strict=True) if shared),
                portfolio_weight=float(w[both].sum()),
                etf_weight=float(f[both].sum()),
                shared_weight=float(np.maximum(np.minimum(w, f), 0.0).sum()),
                active_share=float(np.abs(w - f).sum()) / 2.0,
            )
        )
    return tuple(found)


def contributions(aligned: Aligned, weights: FloatArray, etf: str) -> tuple[Contribution, ...]:
    """Return each name's contribution to the beta of weights (N,) to an ETF, largest first.

    Names of zero weight are omitted; the contribution of a name without risk data is NaN.
    """
    betas = _betas(aligned, etf)
    total = float(np.nansum(weights * betas))
    rows = [
        Contribution(ticker, float(weight), float(weight * beta), _share(float(weight * beta), total))
        for ticker, weight, beta in zip(aligned.tickers, weights, betas, strict=True)
        if weight != 0.0
    ]
    return tuple(sorted(rows, key=_largest_first))


def contributions_by_group(
    aligned: Aligned, weights: FloatArray, etf: str, groups: Mapping[str, Sequence[str]]
) -> tuple[Contribution, ...]:
    """Return each group's contribution to the beta of weights (N,) to an ETF, largest first.

    Names in no group and names without risk data form groups of their own, so that the weights add
    up to the portfolio's and the betas to its beta. A name in several groups counts in the first.
    """
    of: dict[str, str] = {}
    for group, tickers in groups.items():
        for ticker in tickers:
            of.setdefault(ticker, group)
    betas = _betas(aligned, etf)
    weight_of: dict[str, float] = {}
    beta_of: dict[str, float] = {}
    for ticker, weight, beta in zip(aligned.tickers, weights.tolist(), betas.tolist(), strict=True):
        if weight:
            group = UNCOVERED if math.isnan(beta) else of.get(ticker, UNGROUPED)
            weight_of[group] = weight_of.get(group, 0.0) + weight
            beta_of[group] = beta_of.get(group, 0.0) + weight * beta
    total = math.fsum(beta for beta in beta_of.values() if not math.isnan(beta))
    rows = [
        Contribution(group, weight_of[group], beta, _share(beta, total)) for group, beta in beta_of.items()
    ]
    return tuple(sorted(rows, key=_largest_first))


def _betas(aligned: Aligned, etf: str) -> FloatArray:
    """Return each name's predicted beta to an ETF, shape (N,); NaN without risk data."""
    return aligned.expand(aligned.betas[:, aligned.etf_names.index(etf)], math.nan)


def _share(beta: float, total: float) -> float:
    return beta / total if total else math.nan


def _largest_first(row: Contribution) -> tuple[bool, float, str]:
    return math.isnan(row.beta), -abs(row.beta) if not math.isnan(row.beta) else 0.0, row.label
