"""Past forecast errors of betas, measured inside an estimator's own window of returns.

The window's last days are cut into blocks of ``BLOCK`` days. For each block the same estimator sees the days
before the block only, and its betas are compared with those realised in the block:

    e_b = R_b'u / (u'R_b u)  -  V_b u / (u'V_b u)

with R_b the sample covariance of the block's days, V_b the estimate from the days before it, and u one unit
of the ETF.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators.window import Window
from betaneutral_xl.errors import UndefinedBeta
from betaneutral_xl.model.arrays import FloatArray, positions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from betaneutral_xl.engine.estimators.estimate import Estimate

BLOCK = 21
"""Days of a block, a month of trading: the horizon over which a forecast is judged."""

MAX_BLOCKS, MIN_BLOCKS = 18, 6
"""Number of blocks used, and below which there is no history."""

MIN_DAYS = 84
"""Days that an estimate needs before a block."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowHistory:
    """The past of an estimator inside its window; see ``model.history.History``.

    Attributes
    ----------
    window
        Its days, the last one that of the risk model.
    method, options
        Name and parameters of the estimator.
    estimator
        The same as a function.

    """

    window: Window
    method: str
    options: Mapping[str, Any]
    estimator: Callable[[Window], Estimate]

    @property
    def sufficient(self) -> bool:
        """Whether the window has days enough for ``MIN_BLOCKS`` blocks."""
        return self.blocks >= MIN_BLOCKS

    @property
    def tickers(self) -> tuple[str, ...]:
        """The names of the window."""
        return self.window.tickers

    @property
    def blocks(self) -> int:
        """Number of blocks B."""
        return min(MAX_BLOCKS, (self.window.days - MIN_DAYS) // BLOCK)

    def beta_errors(self, tickers: Sequence[str], units: FloatArray) -> FloatArray:
        """Return realised less predicted betas, shape (B, n, K); see ``History.beta_errors``."""
        rows = positions_of(tickers, self.tickers)
        whole = np.zeros((len(self.tickers), units.shape[1]))
        whole[rows] = units
        ends = (self.window.days - BLOCK * k for k in range(self.blocks))
        return np.array(
            [self._realised(end, rows, whole) - self._predicted(end, rows, whole) for end in ends]
        )

    def _realised(self, end: int, rows: Any, units: FloatArray) -> FloatArray:
        days = self.window.complete[end - BLOCK : end]
        moves = days - days.mean(axis=0)
        return _betas(moves[:, rows].T @ (moves @ units), ((moves @ units) ** 2).sum(axis=0))

    def _predicted(self, end: int, rows: Any, units: FloatArray) -> FloatArray:
        window = self.window
        before = Window(
            window.tickers,
            window.returns[: end - BLOCK],
            window.complete[: end - BLOCK],
            window.unexplained,
        )
        products = self.estimator(before).form.matvec(units)
        return _betas(products[rows], np.einsum("nk,nk->k", units, products))


def _betas(covariances: FloatArray, variances: FloatArray) -> FloatArray:
    if not (variances > np.finfo(np.float64).tiny).all():
        msg = f"An ETF did not move over {BLOCK} days of the past, so its betas there are undefined."
        raise UndefinedBeta(msg)
    betas: FloatArray = covariances / variances
    return betas
