"""Blocks of numbers labelled by tickers -> covariances, returns; and back to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.job.tables import covariance, history, is_matrix

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import Covariance

__all__ = ["covariance", "covariance_rows", "history", "is_matrix"]


def covariance_rows(matrix: Covariance) -> list[list[Any]]:
    """Return a covariance as rows with its tickers in the first row and column."""
    body = matrix.form.dense().tolist()
    return [
        ["ticker", *matrix.tickers],
        *([ticker, *row] for ticker, row in zip(matrix.tickers, body, strict=True)),
    ]
