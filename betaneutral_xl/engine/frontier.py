"""What each part of the way to the target costs: remaining beta against turnover, tracking error and cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.neutral import Target, neutralise, resolve_targets
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import Infeasible, InputError, SolverFailed
from betaneutral_xl.model.alignment import OnMissing, align
from betaneutral_xl.model.constraints import UNLIMITED, Constraints

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance

STEPS = 10
"""Default number of steps from the portfolio as it is to its target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A portfolio on the way to the target.

    Attributes
    ----------
    share
        Part of the way, 0 to 1.
    beta
        Its beta to each ETF.
    turnover, tracking_error, cost
        One-way; annual; of all trades. Decimals; NaN where no weights keep all limits.
    note
        Why there are none; empty where there are.

    """

    share: float
    beta: Mapping[str, float]
    turnover: float = math.nan
    tracking_error: float = math.nan
    cost: float = math.nan
    note: str = ""


def frontier(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    *,
    target: Target = 0.0,
    method: Method = Method.HEDGE,
    constraints: Constraints = UNLIMITED,
    steps: int = STEPS,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
    **options: Any,
) -> tuple[Point, ...]:
    """Return portfolios at equal steps of beta from the present one to the target.

    ``beta(s) = beta + s (target - beta)`` for s = 0, 1/steps, ..., 1, each by the same method and limits, of
    which none can be a range of beta. The arguments are those of ``neutralise``.

    Raises
    ------
    InputError
        If there is no step, or the method or the constraints leave no target.

    """
    if steps < 1:
        msg = f"A frontier of {steps} steps is none. Give one or more."
        raise InputError(msg)
    if constraints.beta or method is Method.SCALED:
        msg = "A frontier goes to a target: leave out ranges of beta, and the method scaled."
        raise InputError(msg)
    policies: dict[str, Any] = {"on_missing": on_missing, "etf_on_missing": etf_on_missing}
    aligned = align(holdings, etfs, covariance, **policies)
    before = aligned.betas.T @ aligned.covered_weights
    aims = resolve_targets(aligned, target)
    points = []
    for share in np.linspace(0.0, 1.0, steps + 1).tolist():
        beta = dict(zip(aligned.etf_names, (before + share * (aims - before)).tolist(), strict=True))
        try:
            result = neutralise(
                holdings,
                etfs,
                covariance,
                target=beta,
                method=method,
                constraints=constraints,
                **policies,
                **options,
            )
        except (Infeasible, SolverFailed) as error:
            points.append(Point(share=share, beta=beta, note=str(error)))
            continue
        points.append(
            Point(
                share=share,
                beta=beta,
                turnover=result.turnover,
                tracking_error=result.tracking_error,
                cost=constraints.cost * 2.0 * result.turnover,
            )
        )
    return tuple(points)
