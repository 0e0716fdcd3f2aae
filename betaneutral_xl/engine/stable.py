"""The objective of reweighting whose betas hold: past forecast errors of the whole portfolio are penalised.

Least tracking error finds the names of lowest predicted beta, and with them the errors of these predictions.
The objective here is, over new weights x with trades from a reference r,

    1/2 (x - r)'V(x - r)                              tracking variance
    + 1/2 RIDGE m |x - r|^2                           a floor on specific variance
    + 1/2 ERRORS v (1/B) sum_b (e_b'x - a e_b0)^2     past forecast errors of the beta, for each ETF
    + 1/2 PERSISTENCE m |x - h|^2                     what is held, where that is not r

with v the ETF's variance, m the names' mean specific variance, and e_b, b = 1..B, the names' realised less
predicted betas in past blocks of days (``engine.forecast_errors``). Where the target is a benchmark's own
beta, a = 1 and e_b0 is the benchmark's error, so that the active portfolio's errors are penalised; else
a = 0. An ETF has no error to itself: selling it is free of this penalty. The betas of the conditions are
those of V.

docs/evidence.md has what it is worth, and how the constants were chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.forecast_errors import MIN_BLOCKS, forecast_errors, tickers_of
from betaneutral_xl.engine.optimisation.left_out import left_out
from betaneutral_xl.engine.optimisation.penalties import PenalisedSolution, Penalties
from betaneutral_xl.errors import listing
from betaneutral_xl.model.arrays import FloatArray, make_read_only, read_only

if TYPE_CHECKING:
    from betaneutral_xl.engine.optimisation.quadratic import Solution
    from betaneutral_xl.model.alignment import Aligned

RIDGE, ERRORS, PERSISTENCE = 2.0, 10.0, 5.0
"""Weights of the three penalties, relative to the tracking variance."""

PERSISTENCE_AT_ZERO = 10.0
"""That of what is held where the net exposure is fixed at a beta of 0: low betas, which it is held by, move
from month to month by more than they are worth trading for."""


class Objective(StrEnum):
    """What ``reweight`` minimises."""

    STABLE = "stable"
    TRACKING_ERROR = "tracking_error"


@dataclass(frozen=True, slots=True, eq=False)
class PastErrors:
    """Past forecast errors of the covered names' betas, and those that the target itself had.

    Attributes
    ----------
    names
        Shape (B, n, K), realised less predicted betas of n names to K ETFs in B blocks.
    target
        Shape (B, K): of the benchmark whose beta is the target; 0 where that is a number.

    """

    names: FloatArray
    target: FloatArray

    def __post_init__(self) -> None:
        make_read_only(self, "names", "target")

    def of(self, weights: FloatArray) -> FloatArray:
        """Return the past errors of a portfolio's beta relative to its target, shape (B, K)."""
        errors: FloatArray = np.einsum("bnk,n->bk", self.names, weights) - self.target
        return errors

    def root_mean_square(self, weights: FloatArray) -> FloatArray:
        """Return the root mean square over the blocks of ``of``, shape (K,)."""
        rms: FloatArray = np.sqrt((self.of(weights) ** 2).mean(axis=0))
        return rms


def past_errors(aligned: Aligned, benchmarks: Sequence[str | None]) -> tuple[PastErrors | None, str]:
    """Return the past forecast errors, or None and the reason why there are none.

    ``benchmarks`` has for each of K ETFs the ticker whose own beta is the target; None where that is a
    number.
    """
    history = aligned.risk_model.history
    if history is None:
        return None, ("The risk model has no past forecast errors, as it is not estimated from daily prices")
    tickers = list(dict.fromkeys([*aligned.instruments.tickers, *(one for one in benchmarks if one)]))
    past = tickers_of(history)
    absent = [ticker for ticker in tickers if ticker not in past]
    if absent:
        return None, f"The risk model has no past forecast errors of {listing(absent)}"
    units = np.zeros((len(tickers), len(aligned.etf_names)))
    units[: len(aligned.units)] = aligned.units
    by_etf = [forecast_errors(history, tickers, unit) for unit in units.T]
    unknown = [name for name, found in zip(aligned.etf_names, by_etf, strict=True) if found is None]
    if unknown:
        return None, (
            f"The risk model has no past forecast errors of betas to {listing(unknown)}, or of less than "
            f"{MIN_BLOCKS} months"
        )
    known = [found.errors for found in by_etf if found is not None]
    blocks = min(len(errors) for errors in known)  # an ETF that did not move over a block has one less
    errors = np.stack([errors[:blocks] for errors in known], axis=2)
    target = np.zeros((len(errors), len(benchmarks)))
    for k, one in enumerate(benchmarks):
        if one:
            target[:, k] = errors[:, tickers.index(one), k]
    return PastErrors(errors[:, : len(aligned.covered_tickers)], target), ""


def mean_specific_variance(aligned: Aligned) -> float:
    """Return m: the names' mean variance that is not explained by the ETFs, annual.

    ``V_ii - c_i'(U'VU)^-1 c_i`` with c_i the name's covariances with the ETFs; for one ETF
    ``V_ii - beta_i^2 v``.
    """
    of_etfs = aligned.units.T @ aligned.instruments.form.matvec(aligned.units)
    with_etfs = aligned.etf_covariances
    explained = np.einsum("nk,nk->n", with_etfs @ np.linalg.pinv(of_etfs, hermitian=True), with_etfs)
    specific = np.maximum(aligned.covariance.form.variances() - explained, 0.0)
    return float(specific.mean())


def penalties(
    aligned: Aligned,
    errors: PastErrors,
    reference: FloatArray | None = None,
    *,
    persistence: float = PERSISTENCE,
) -> Penalties:
    """Return the penalties of the stable objective.

    ``reference`` is r, shape (n,), where that is not what is held; ``persistence`` weighs trades from what is
    held then.
    """
    m, blocks = mean_specific_variance(aligned), len(errors.names)
    scale = penalty_scale(aligned, blocks)
    n = errors.names.shape[1]
    return Penalties(
        reference=aligned.covered_weights if reference is None else reference,
        ridge=RIDGE * m,
        persistence=0.0 if reference is None else persistence * m,
        loadings=(errors.names * scale).transpose(1, 0, 2).reshape(n, -1),
        aims=(errors.target * scale).ravel(),
    )


def penalty_scale(aligned: Aligned, blocks: int) -> FloatArray:
    """Return the factors from past errors to the penalties' loadings, shape (K,)."""
    scale: FloatArray = np.sqrt(ERRORS * aligned.etf_variances / blocks)
    return scale


def leave_one_out(aligned: Aligned, solution: Solution | None) -> FloatArray:
    """Return how past errors of a portfolio's beta change where each block is left out of its choice.

    Weights that are chosen to have small past errors have larger ones in months to come. Those of a block
    that the weights were chosen without are of that size (``engine.optimisation.left_out``). What is held is
    taken to have been chosen in the same way on nearly the same errors, so that it would move along: without
    the pull toward it.

    Parameters
    ----------
    aligned
        Names, ETFs and risk model.
    solution
        The solution that gave the weights; None where they were not optimised.

    Returns
    -------
    ndarray, shape (B, K)
        Errors in B blocks without the block less those with it; no block where errors were not penalised.

    """
    size = len(aligned.etf_names)
    if not isinstance(solution, PenalisedSolution):
        return np.zeros((0, size))
    changes = left_out(solution, size, solution.penalised.persistence)
    return read_only(changes / penalty_scale(aligned, max(len(changes), 1)))


def unpenalised(reference: FloatArray) -> Penalties:
    """Return no penalties, for the tracking variance from another portfolio than what is held."""
    return Penalties(reference, 0.0, 0.0, np.zeros((len(reference), 0)), np.zeros(0))
