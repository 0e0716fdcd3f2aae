"""Look through a portfolio and an ETF to their names: their overlap, from weights alone.

Contributions to beta use the risk model (``exposures``) and answer another question: a portfolio that holds
none of the ETF's names can have a high beta to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from betaneutral_xl.model.alignment import Aligned


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
