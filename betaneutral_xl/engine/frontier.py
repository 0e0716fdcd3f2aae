"""What each part of the way to the target costs: remaining beta against turnover, tracking error and cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from betaneutral_xl.engine.neutral import Question, neutralise, resolve_targets
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import Infeasible, InputError, SolverFailed

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


def frontier(question: Question, steps: int = STEPS) -> tuple[Point, ...]:
    """Return portfolios at equal steps of beta from the present one to the target.

    ``beta(s) = beta + s (target - beta)`` for s = 0, 1/steps, ..., 1, each by the same method and limits, of
    which none can be a range of beta.

    Raises
    ------
    InputError
        If there is no step, or the method or the constraints leave no target.

    """
    if steps < 1:
        msg = f"A frontier of {steps} steps is none. Give one or more."
        raise InputError(msg)
    if question.constraints.beta or question.method is Method.SCALED:
        msg = "A frontier goes to a target: leave out ranges of beta, and the method scaled."
        raise InputError(msg)
    aligned = replace(question, market=None).align()
    before = aligned.betas.T @ aligned.covered_weights
    aims = resolve_targets(aligned, question.target)
    points = []
    for share in np.linspace(0.0, 1.0, steps + 1).tolist():
        beta = dict(zip(aligned.etf_names, (before + share * (aims - before)).tolist(), strict=True))
        try:
            result = neutralise(replace(question, target=beta))
        except (Infeasible, SolverFailed) as error:
            points.append(Point(share=share, beta=beta, note=str(error)))
            continue
        points.append(
            Point(
                share=share,
                beta=beta,
                turnover=result.turnover,
                tracking_error=result.tracking_error,
                cost=question.constraints.cost * 2.0 * result.turnover,
            )
        )
    return tuple(points)
