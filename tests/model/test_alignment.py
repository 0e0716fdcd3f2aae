from __future__ import annotations

import math

import numpy as np
import pytest

from betaneutral_xl.errors import InputError, UncoveredRisk
from betaneutral_xl.model.alignment import OnMissing, align
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance


@pytest.fixture
def half_covered() -> tuple[Holdings, Etf, Covariance]:
    """Return a portfolio and an ETF with one uncovered name each."""
    book = Holdings.from_weights({"M": 0.5, "A": 0.3, "X": 0.2})
    etf = Etf.from_weights({"A": 0.5, "Z": 0.3, "Y": 0.2}, name="AI")
    return book, etf, Covariance.from_matrix(["Z", "M", "A"], np.diag([0.09, 0.04, 0.01]))


def test_tickers_are_the_sorted_union_and_values_keep_their_labels(
    half_covered: tuple[Holdings, Etf, Covariance],
) -> None:
    book, etf, risk = half_covered
    aligned = align(book, [etf], risk, OnMissing.DROP)
    assert aligned.tickers == ("A", "M", "X", "Y", "Z")
    assert aligned.weights.tolist() == [0.3, 0.5, 0.2, 0.0, 0.0]
    assert aligned.etf_weights[:, 0].tolist() == [0.5, 0.0, 0.0, 0.2, 0.3]
    assert aligned.covered.tolist() == [True, True, False, False, True]
    assert aligned.covariance.tickers == ("A", "M", "Z")
    assert aligned.covariance.form.variances().tolist() == [0.01, 0.04, 0.09]


def test_a_held_name_without_risk_data_stops_the_run_by_default(
    half_covered: tuple[Holdings, Etf, Covariance],
) -> None:
    book, etf, risk = half_covered
    with pytest.raises(UncoveredRisk, match=r"no row for 1 of 3 holdings: X \(weight 20\.00%\)") as caught:
        align(book, [etf], risk)
    assert caught.value.tickers == ("X",)


def test_dropped_names_are_reported_with_their_weight(half_covered: tuple[Holdings, Etf, Covariance]) -> None:
    book, etf, risk = half_covered
    coverage = align(book, [etf], risk, OnMissing.DROP).coverage
    assert (coverage.names, coverage.covered) == (5, 3)
    assert coverage.held.tickers == ("X",)
    assert coverage.held.weight == 0.2
    assert coverage.etfs["AI"].tickers == ("Y",)
    assert coverage.etfs["AI"].weight == 0.2
    held, of_etf = coverage.sentences()
    assert held.startswith("No risk data for 20% of the portfolio (X): ")
    assert of_etf == (
        "No risk data for 20% of ETF AI (Y): dropped, the rest is not rescaled in the basket; "
        "for betas, hedge ratios and orders in ETF shares the 80.00% of its exposure with risk data stand "
        "for all of it (scaled by 1.25)."
    )


def test_the_rest_of_an_etf_is_rescaled_under_that_policy_only(
    half_covered: tuple[Holdings, Etf, Covariance],
) -> None:
    book, etf, risk = half_covered
    kept = align(book, [etf], risk, OnMissing.DROP, OnMissing.DROP)
    assert kept.covered_etf_weights[:, 0].tolist() == [0.5, 0.0, 0.3]
    rescaled = align(book, [etf], risk, OnMissing.DROP, OnMissing.RESCALE)
    assert rescaled.covered_etf_weights[:, 0].tolist() == pytest.approx([0.625, 0.0, 0.375])
    assert "rescaled to the same total" in rescaled.coverage.sentences()[1]


def test_an_etf_name_without_risk_data_stops_the_run_under_the_policy_error(
    half_covered: tuple[Holdings, Etf, Covariance],
) -> None:
    book, etf, risk = half_covered
    with pytest.raises(UncoveredRisk, match=r"no row for 1 of 3 names of ETF AI: Y"):
        align(book, [etf], risk, OnMissing.DROP, OnMissing.ERROR)


def test_an_etf_without_a_covered_name_is_refused(book: Holdings, risk: Covariance) -> None:
    with pytest.raises(UncoveredRisk, match="covers no name of ETF QQQ"):
        align(book, [Etf.from_weights({"Q": 1.0}, name="QQQ")], risk)


@pytest.mark.parametrize("weights", [{"X": 0.6, "W": 0.4}, {"X": 1.0, "A": 0.0}])
def test_a_portfolio_without_a_covered_name_is_refused_under_the_policy_drop(
    half_covered: tuple[Holdings, Etf, Covariance], weights: dict[str, float]
) -> None:
    _, etf, risk = half_covered
    book = Holdings.from_weights(weights, "core")
    with pytest.raises(UncoveredRisk) as caught:
        align(book, [etf], risk, OnMissing.DROP)
    assert str(caught.value) == (
        f"The covariance covers nothing that core holds ({len(weights)} names). "
        "Check that the matrix and the holdings belong together."
    )
    assert "X" in caught.value.tickers


def test_etfs_of_the_same_name_are_refused(book: Holdings, etf: Etf, risk: Covariance) -> None:
    with pytest.raises(InputError, match="each with its own name"):
        align(book, [etf, etf], risk)


def test_a_portfolio_is_never_rescaled(book: Holdings, etf: Etf, risk: Covariance) -> None:
    with pytest.raises(InputError, match="not rescaled"):
        align(book, [etf], risk, OnMissing.RESCALE)


def test_values_of_covered_names_are_expanded_to_all_names(
    half_covered: tuple[Holdings, Etf, Covariance],
) -> None:
    book, etf, risk = half_covered
    aligned = align(book, [etf], risk, OnMissing.DROP)
    full = aligned.expand(np.array([1.0, 2.0, 3.0]), math.nan)
    np.testing.assert_array_equal(full, [1.0, 2.0, math.nan, math.nan, 3.0])


def test_a_renamed_company_is_named_as_a_likely_rename() -> None:
    cov = Covariance.from_matrix(["META", "MSFT"], np.eye(2) * 0.09)
    etf = Etf.from_weights({"MSFT": 1.0}, "AI")
    with pytest.raises(UncoveredRisk, match=r"FB is likely META there \(renamed\)"):
        align(Holdings.from_weights({"FB": 0.5, "MSFT": 0.5}), [etf], cov)
