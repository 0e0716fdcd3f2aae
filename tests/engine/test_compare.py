from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl.engine.compare import (
    AS_IS,
    BY_BASKET,
    BY_ETF,
    REWEIGHTED,
    SHARES,
    compare,
    with_market_leg,
)
from betaneutral_xl.engine.neutral import Question
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.risk import Covariance

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf, Holdings

MATRIX = np.array(
    [
        [0.04, 0.02, 0.01, 0.025],
        [0.02, 0.03, 0.015, 0.02],
        [0.01, 0.015, 0.05, 0.025],
        [0.025, 0.02, 0.025, 0.03],
    ]
)


@pytest.fixture
def with_iwv() -> Covariance:
    """Return the notebook's covariance with a market fund."""
    return replace(Covariance.from_matrix(["A", "B", "C", "IWV"], MATRIX), effective_days=252.0)


def test_the_alternatives_are_compared(book: Holdings, etf: Etf, with_iwv: Covariance) -> None:
    alternatives = {
        alternative.name: alternative
        for alternative in compare(Question(book, [etf], with_iwv, constraints=Constraints(cost_bp=10.0)))
    }
    legs = [with_market_leg(share) for share in SHARES]
    assert list(alternatives) == [
        *(AS_IS, BY_ETF, *legs, BY_BASKET, REWEIGHTED),
        "long only, aiming at IWV",
    ]
    h = 0.985106
    assert alternatives[AS_IS].beta["AI"] == pytest.approx(h, abs=1e-6)
    assert alternatives[AS_IS].trades == 0
    by_etf, basket = alternatives[BY_ETF], alternatives[BY_BASKET]
    assert (by_etf.trades, basket.trades) == (1, 3)
    assert by_etf.gross == pytest.approx(1.0 + h, abs=1e-6)
    assert basket.gross == pytest.approx(0.20298, abs=1e-5)
    assert by_etf.net == pytest.approx(basket.net, abs=1e-12)
    assert by_etf.cost == pytest.approx(h * 1e-3, abs=1e-8)
    assert by_etf.tracking_error == basket.tracking_error <= alternatives[REWEIGHTED].tracking_error
    for alternative in (by_etf, basket, alternatives[REWEIGHTED]):
        assert alternative.beta["AI"] == pytest.approx(0.0, abs=1e-10)
        assert alternative.beta_error["AI"] > 0.0
    f = np.array([0.4, 0.3, 0.3, 0.0])
    fund = alternatives["long only, aiming at IWV"]
    assert fund.beta["AI"] == pytest.approx(MATRIX[3] @ f / (f @ MATRIX @ f), abs=1e-10)
    assert fund.result is not None
    assert (fund.result.new_weights >= 0.0).all()


def test_an_infeasible_alternative_stays_with_its_reason(book: Holdings, etf: Etf, risk: Covariance) -> None:
    limits = Constraints.from_mapping({"turnover": 0.01})
    *_, reweighted, long_only = compare(Question(book, [etf], risk, constraints=limits))
    assert reweighted.note.startswith("No weights reach beta 0.00 with a turnover of at most 1%")
    assert math.isnan(reweighted.volatility)
    assert math.isnan(reweighted.beta["AI"])
    assert "Name a benchmark" in long_only.note
