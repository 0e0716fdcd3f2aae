"""Past forecast errors of a risk model's betas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.model.arrays import FloatArray


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
            If an ETF did not move over a block.

        """
        ...
