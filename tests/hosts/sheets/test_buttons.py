from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.hosts.sheets.buttons import summary
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance


def hedged(held: dict[str, float], basket: dict[str, float]) -> Rebalance:
    risk = Covariance.from_matrix(["A", "B"], np.array([[0.04, 0.01], [0.01, 0.09]]))
    holdings, etf = Holdings.from_weights(held), Etf.from_weights(basket, "AI")
    return neutralise(Question(holdings, [etf], risk, on_missing=OnMissing.DROP))


@pytest.mark.parametrize(
    ("held", "gap"),
    [
        ({"A": 0.6, "B": 0.4}, ""),
        ({"A": 0.99, "X": 0.01}, "; 1.0% of the holdings (X) without risk data"),
        ({"A": 1.0, "X": 0.3, "Y": -0.3}, "; 60.0% of the holdings (X, Y) without risk data"),
    ],
)
def test_the_summary_lists_held_names_without_risk_data_and_their_gross_weight(
    held: dict[str, float], gap: str
) -> None:
    line = summary(hedged(held, {"A": 1.0}))
    assert line.startswith("Beta to AI ")
    assert gap in line
    assert ("without risk data" in line) is bool(gap)


def test_the_summary_names_an_etf_with_a_large_gap_only() -> None:
    assert "risk data" not in summary(hedged({"A": 1.0}, {"A": 0.96, "Z": 0.04}))
    assert "; 60.0% of AI without risk data" in summary(hedged({"A": 1.0}, {"A": 0.4, "Z": 0.6}))
