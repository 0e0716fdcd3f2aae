from __future__ import annotations

import math

import numpy as np
import pytest

from betaneutral_xl.engine.frontier import frontier
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.constraints import Constraints, Range
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance

NAMES = ("A", "B", "C")
V = [[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]]
BOOK = Holdings.from_weights(dict(zip(NAMES, (0.3, 0.4, 0.3), strict=True)))
ETF = [Etf.from_weights(dict(zip(NAMES, (0.4, 0.3, 0.3), strict=True)), "E")]
RISK = Covariance.from_matrix(NAMES, np.array(V))


def test_a_hedge_costs_in_proportion_to_the_beta_it_removes() -> None:
    points = frontier(Question(BOOK, ETF, RISK), steps=4)
    whole = neutralise(Question(BOOK, ETF, RISK))
    assert [one.share for one in points] == [0.0, 0.25, 0.5, 0.75, 1.0]
    for one in points:
        assert one.beta["E"] == pytest.approx((1.0 - one.share) * whole.before.beta["E"], abs=1e-12)
        assert one.turnover == pytest.approx(one.share * whole.turnover, abs=1e-12)
        assert one.tracking_error == pytest.approx(one.share * whole.tracking_error, abs=1e-7)


def test_reweighting_ends_at_its_own_answer_and_says_from_where_on_there_is_none() -> None:
    limits = Constraints(long_only=True)
    points = frontier(Question(BOOK, ETF, RISK, method=Method.REWEIGHT, constraints=limits), steps=8)
    reached = [not one.note for one in points]
    assert reached[0]
    assert not reached[-1]
    assert reached == sorted(reached, reverse=True)
    assert all(math.isnan(one.turnover) == bool(one.note) for one in points)
    errors = [one.tracking_error for one in points if not one.note]
    assert (np.diff(errors) >= -1e-9).all()


def test_the_cost_is_that_of_all_trades() -> None:
    limits = Constraints(cost_bp=10.0)
    last = frontier(
        Question(BOOK, ETF, RISK, method=Method.REWEIGHT, target=0.9, constraints=limits), steps=2
    )[-1]
    assert last.cost == pytest.approx(2.0 * last.turnover * 1e-3, rel=1e-12)


def test_without_a_target_or_a_step_there_is_no_frontier() -> None:
    with pytest.raises(InputError, match="0 steps"):
        frontier(Question(BOOK, ETF, RISK), steps=0)
    with pytest.raises(InputError, match="goes to a target"):
        frontier(Question(BOOK, ETF, RISK, method=Method.SCALED))
    with pytest.raises(InputError, match="goes to a target"):
        frontier(
            Question(
                BOOK, ETF, RISK, method=Method.REWEIGHT, constraints=Constraints(beta={"E": Range(0.0, 0.1)})
            )
        )
