"""Past forecast errors of a risk model's betas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from betaneutral_xl.errors import UndefinedBeta, listing
from betaneutral_xl.model.arrays import FloatArray, positions_of, read_only

if TYPE_CHECKING:
    from collections.abc import Sequence

SAME_BASKET = 1e-9
"""Largest difference, relative to a basket's length, between a basket and a multiple of it."""


class History(Protocol):
    """What a risk model would have predicted in the past, and what came then.

    The past is B blocks of days, the last one up to the day of the risk model. A block's prediction uses
    the days before the block only.
    """

    @property
    def tickers(self) -> tuple[str, ...]:
        """The names that have a past."""
        ...

    def beta_errors(self, tickers: Sequence[str], units: FloatArray) -> FloatArray:
        """Return realised less predicted betas to K ETFs, shape (B, n, K), the latest block first.

        Parameters
        ----------
        tickers
            n names, all of ``tickers``.
        units
            Shape (n, K), one unit of each ETF in these names. As both betas of an ETF to itself are 1,
            ``units[:, k] @ errors[b, :, k]`` is 0.

        Raises
        ------
        UndefinedBeta
            If an ETF did not move over a block, or its errors are not known.

        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RecordedErrors:
    """Past forecast errors that were measured once, of betas to certain ETFs only.

    Attributes
    ----------
    tickers
        N names.
    etf_names, units
        Names of J ETFs, and one unit of each in these names, shape (N, J).
    errors
        Realised less predicted betas, shape (B, N, J), the latest block first.

    """

    tickers: tuple[str, ...]
    etf_names: tuple[str, ...]
    units: FloatArray
    errors: FloatArray

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for name in ("units", "errors"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def beta_errors(self, tickers: Sequence[str], units: FloatArray) -> FloatArray:
        """Return realised less predicted betas, shape (B, n, K); see ``History.beta_errors``.

        A multiple s of a recorded unit has the recorded errors divided by s.
        """
        rows = positions_of(tickers, self.tickers)
        whole = np.zeros((len(self.tickers), units.shape[1]))
        whole[rows] = units
        columns = [self._of(unit)[:, rows] for unit in whole.T]
        return np.stack(columns, axis=2)

    def _of(self, unit: FloatArray) -> FloatArray:
        """Return the errors of all names to one ETF, shape (B, N)."""
        for j, recorded in enumerate(self.units.T):
            scale = float(unit @ recorded) / float(recorded @ recorded)
            gap = float(np.abs(unit - scale * recorded).max())
            if scale and gap <= SAME_BASKET * float(np.abs(unit).sum()):
                errors: FloatArray = self.errors[:, :, j] / scale
                return errors
        msg = f"The risk model has past forecast errors of betas to {listing(self.etf_names)} only."
        raise UndefinedBeta(msg)
