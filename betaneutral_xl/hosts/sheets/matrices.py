"""Blocks of numbers that are headed by tickers -> covariances, returns; and back to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.job.tables import covariance, history, is_matrix

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import Covariance

__all__ = ["covariance", "covariance_rows", "history", "is_matrix"]


def covariance_rows(given: Covariance) -> list[list[Any]]:
    """Return a covariance as a matrix with its tickers along the top and down the side."""
    body = given.form.dense().tolist()
    return [
        ["ticker", *given.tickers],
        *([ticker, *row] for ticker, row in zip(given.tickers, body, strict=True)),
    ]
