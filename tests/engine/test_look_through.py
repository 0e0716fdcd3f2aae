from __future__ import annotations

import numpy as np
import pytest

from betaneutral_xl.engine.look_through import overlaps
from betaneutral_xl.model.alignment import Aligned, OnMissing, align
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance

V = np.array([[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]])


@pytest.fixture
def aligned() -> Aligned:
    """Return a book of A, B and a private holding against an ETF of B and C."""
    book = Holdings.from_weights({"A": 0.5, "B": 0.3, "PRIVATE": 0.2})
    etf = Etf.from_weights({"B": 0.6, "C": 0.4}, name="AI")
    return align(book, [etf], Covariance.from_matrix(["A", "B", "C"], V), OnMissing.DROP)


def test_overlap_by_hand(aligned: Aligned) -> None:
    (one,) = overlaps(aligned)
    assert one.shared == ("B",)
    assert one.portfolio_weight == pytest.approx(0.3)
    assert one.etf_weight == pytest.approx(0.6)
    assert one.shared_weight == pytest.approx(0.3)
    # |0.5| + |0.3 - 0.6| + |0.4| + |0.2|, halved
    assert one.active_share == pytest.approx(0.7)


def test_active_share_is_zero_for_equal_weights_and_one_for_disjoint_names() -> None:
    risk = Covariance.from_matrix(["A", "B", "C"], V)
    etf = Etf.from_weights({"A": 0.5, "B": 0.5}, name="AI")
    copy, disjoint = Holdings.from_weights({"A": 0.5, "B": 0.5}), Holdings.from_weights({"C": 1.0})
    assert overlaps(align(copy, [etf], risk))[0].active_share == 0.0
    assert overlaps(align(disjoint, [etf], risk))[0].active_share == 1.0


def test_a_short_shares_no_weight() -> None:
    etf = Etf.from_weights({"A": 1.0}, name="AI")
    book = Holdings.from_weights({"A": -0.2, "B": 1.2})
    (one,) = overlaps(align(book, [etf], Covariance.from_matrix(["A", "B", "C"], V)))
    assert one.shared == ("A",)
    assert one.shared_weight == 0.0
