"""What a portfolio's risk consists of: the ETFs' share, losses if an ETF falls, contributions of names.

All from the betas and covariance of an aligned portfolio; weights x are those of the n covered names, before
or after a change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.arrays import FloatArray, read_only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.model.alignment import Aligned

Z_95 = 1.959963984540054
"""Half-width of a two-sided interval of 95 %, in standard errors of a normal distribution."""


def etf_variance_share(aligned: Aligned, weights: FloatArray) -> float:
    """Return the share of a portfolio's variance that its regression on all ETFs explains.

    ``c'(U'VU)^-1 c / (x'V x)`` with c the portfolio's covariances with the K ETFs; for one ETF the squared
    correlation. The rest is what hedging by the ETFs leaves.

    Parameters
    ----------
    aligned
        Names, ETFs and risk model.
    weights
        x, shape (n,).

    Returns
    -------
    float
        From 0 to 1; NaN for a portfolio without variance.

    """
    variance = aligned.covariance.variance(weights)
    if not variance > 0.0:
        return math.nan
    among = aligned.units.T @ aligned.instruments.form.matvec(aligned.units)
    with_etfs = aligned.etf_covariances.T @ weights
    explained = float(with_etfs @ np.linalg.pinv(among, hermitian=True) @ with_etfs)
    return min(max(explained / variance, 0.0), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """The expected return of a portfolio if one ETF moves, decimals of net asset value.

    Attributes
    ----------
    etf, move
        The ETF's name and its return, such as -0.1.
    expected
        Beta times the move.
    low, high
        The same at the ends of the beta's 95 % interval (its sampling error); NaN where that is unknown.

    """

    etf: str
    move: float
    expected: float
    low: float
    high: float


def shocks(aligned: Aligned, weights: FloatArray, moves: Sequence[float] = (-0.1, -0.2)) -> tuple[Shock, ...]:
    """Return a portfolio's expected returns if each ETF moves: for every ETF, every move.

    Parameters
    ----------
    aligned
        Names, ETFs and risk model.
    weights
        x, shape (n,).
    moves
        Returns of the ETF, decimals.

    Raises
    ------
    InputError
        If a move is not a finite return above -1.

    """
    for move in moves:
        if not -1.0 <= move < math.inf:
            msg = f"An ETF cannot move by {move:g}. Give a return such as -0.1."
            raise InputError(msg)
    betas = aligned.betas.T @ weights
    errors = aligned.portfolio_beta_error(weights)
    found = []
    for name, beta, error in zip(aligned.etf_names, betas.tolist(), errors.tolist(), strict=True):
        for move in moves:
            half = Z_95 * error * abs(move)
            expected = beta * move
            found.append(
                Shock(etf=name, move=move, expected=expected, low=expected - half, high=expected + half)
            )
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """How much names, or groups, contribute to a portfolio's betas and volatility.

    Attributes
    ----------
    labels
        Tickers, or groups.
    beta
        Shape (n, K), weight times beta; the columns sum to the portfolio's betas.
    volatility
        Shape (n,), annual, ``x_i (V x)_i / sqrt(x'V x)``; sums to the portfolio's volatility.

    """

    labels: tuple[str, ...]
    beta: FloatArray
    volatility: FloatArray

    def __post_init__(self) -> None:
        for name in ("beta", "volatility"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def by_group(self, groups: Mapping[str, Sequence[str]], rest: str = "other") -> Contributions:
        """Return the sums over groups of tickers, and of the names in none.

        Raises
        ------
        InputError
            If a name is in two groups, so that it would count twice.

        """
        member: dict[str, str] = {}
        for group, tickers in groups.items():
            for ticker in tickers:
                if member.setdefault(ticker, group) != group:
                    msg = f"{ticker} is in two groups, {member[ticker]} and {group}. Keep it in one."
                    raise InputError(msg)
        own = [member.get(label, rest) for label in self.labels]
        labels = tuple(dict.fromkeys([*groups, *([rest] if rest in own else [])]))
        inside = np.array([[one == label for one in own] for label in labels], dtype=np.float64)
        return Contributions(labels, inside @ self.beta, inside @ self.volatility)


def contributions(aligned: Aligned, weights: FloatArray) -> Contributions:
    """Return every covered name's contribution to the betas and to the volatility.

    Parameters
    ----------
    aligned
        Names, ETFs and risk model.
    weights
        x, shape (n,).

    Returns
    -------
    Contributions
        Volatilities are NaN for a portfolio without variance.

    References
    ----------
    Grinold and Kahn, Active Portfolio Management, 2nd ed., chapter 3 (marginal contributions to risk).

    """
    volatility = aligned.covariance.volatility(weights)
    marginal = aligned.covariance.form.matvec(weights)
    of_volatility = weights * marginal / volatility if volatility else np.full(len(weights), math.nan)
    return Contributions(aligned.covered_tickers, weights[:, None] * aligned.betas, of_volatility)
