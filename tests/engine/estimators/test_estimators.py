"""Properties of every method, and each method against an independent implementation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaneutral_xl.engine import estimators
from betaneutral_xl.engine.estimators import DEFAULT, METHODS, MissingData, canonical, fitting
from betaneutral_xl.engine.estimators.fitting import ESTIMATORS, estimate, parameters
from betaneutral_xl.engine.estimators.historical import day_scale, nearest_semidefinite, row_medians
from betaneutral_xl.engine.estimators.shrinkage import shrunk_eigenvalues
from betaneutral_xl.engine.estimators.window import Window, _components, completed
from betaneutral_xl.errors import InputError, MissingValue, UnknownTicker
from betaneutral_xl.model.arrays import read_only
from betaneutral_xl.model.returns import Returns
from betaneutral_xl.model.risk import Dense, Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

T, N = 120, 12

NEED_SKLEARN = {"ledoit_wolf", "oas"}


def make_returns(seed: int = 0, days: int = T, names: int = N, *, holes: bool = False) -> Returns:
    """Simulate a market, two groups, and volatility that comes in clusters."""
    rng = np.random.default_rng(seed)
    calm = np.exp(np.cumsum(rng.normal(0, 0.15, days)) * 0.5)[:, None]
    market = rng.normal(0, 0.01, (days, 1))
    group = rng.normal(0, 0.008, (days, 2)) @ rng.choice([0.0, 1.0], (2, names))
    matrix = calm * (market * rng.uniform(0.3, 2.0, names) + group + rng.normal(0, 0.01, (days, names)))
    if holes:
        matrix[: days // 2, 0] = np.nan
        matrix[-10:, 1] = np.nan
        matrix[40:43, 2] = np.nan
    start = np.datetime64("2024-01-01")
    return Returns.from_matrix([f"N{i:02d}" for i in range(names)], start + np.arange(days), matrix)


def annual(returns: Returns, method: str, **options: object) -> FloatArray:
    if method in NEED_SKLEARN:
        pytest.importorskip("sklearn")
    return estimate(returns, method, **options).form.dense()  # type: ignore[arg-type]


def test_what_runs_the_methods_is_found_beside_their_names() -> None:
    assert tuple(getattr(estimators, "ESTIMATORS")) == METHODS  # noqa: B009 - imported when it is used
    for name in estimators.FITTING:
        assert getattr(estimators, name) is getattr(fitting, name)
    with pytest.raises(AttributeError, match="no attribute 'estimates'"):
        getattr(estimators, "estimates")  # noqa: B009 - looked up for its error


@pytest.mark.parametrize("method", ESTIMATORS)
@pytest.mark.parametrize("holes", [False, True])
def test_every_covariance_is_positive_semidefinite_and_dated(method: str, holes: bool) -> None:  # noqa: FBT001
    if method in NEED_SKLEARN:
        pytest.importorskip("sklearn")
    returns = make_returns(holes=holes)
    covariance = estimate(returns, method)
    values = np.linalg.eigvalsh(covariance.form.dense())
    assert values[0] > -1e-10 * values[-1]
    assert covariance.as_of == returns.as_of
    assert covariance.effective_days is not None
    assert 2.0 < covariance.effective_days <= T + 1e-9
    assert method in covariance.provenance.source


@pytest.mark.parametrize("method", sorted(set(ESTIMATORS) - {"pairwise"}))
def test_factor_form_is_kept_where_the_window_is_longer_than_the_list(method: str) -> None:
    if method in NEED_SKLEARN:
        pytest.importorskip("sklearn")
    assert isinstance(estimate(make_returns(), method).form, Factors)


@pytest.mark.parametrize("method", ESTIMATORS)
@given(seed=st.integers(0, 2**16), holes=st.booleans())
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_names_does_not_matter(method: str, seed: int, holes: bool) -> None:  # noqa: FBT001
    returns = make_returns(seed, holes=holes)
    order = np.random.default_rng(seed).permutation(N)
    shuffled = returns.select([returns.tickers[i] for i in order])
    whole = annual(returns, method)
    assert annual(shuffled, method) == pytest.approx(whole[np.ix_(order, order)], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("method", ESTIMATORS)
@given(seed=st.integers(0, 2**16), scale=st.floats(0.1, 10.0), holes=st.booleans())
@settings(max_examples=5, deadline=None)
def test_returns_twice_as_large_have_four_times_the_covariance(
    method: str,
    seed: int,
    scale: float,
    holes: bool,  # noqa: FBT001
) -> None:
    returns = make_returns(seed, holes=holes)
    larger = Returns.from_matrix(returns.tickers, returns.dates, returns.matrix * scale)
    assert annual(larger, method) == pytest.approx(annual(returns, method) * scale**2, rel=1e-6)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_later_returns_do_not_change_the_estimate(method: str) -> None:
    returns = make_returns()
    planted = returns.matrix.copy()
    planted[80:] = 100.0 * np.random.default_rng(1).normal(size=planted[80:].shape)
    future = Returns.from_matrix(returns.tickers, returns.dates, planted)
    as_of = returns.dates[79].astype(object)
    whole = annual(returns, method, as_of=as_of)
    assert np.array_equal(annual(future, method, as_of=as_of), whole)


def test_the_sample_covariance_is_numpys() -> None:
    returns = make_returns()
    assert annual(returns, "sample") == pytest.approx(252 * np.cov(returns.matrix.T), rel=1e-12)


def test_exponential_weights_are_numpys_reliability_weights() -> None:
    returns = make_returns()
    weights = 0.5 ** (np.arange(T - 1, -1, -1) / 30.0)
    expected = 252 * np.cov(returns.matrix.T, aweights=weights)
    assert annual(returns, "exponential", half_life=30.0) == pytest.approx(expected, rel=1e-12)


def test_a_common_scale_of_each_day_is_removed() -> None:
    """Betas with volatile days are as accurate as those with calm days only."""
    rng = np.random.default_rng(3)
    days, names = 1000, 100
    plain = rng.normal(0, 0.01, (days, 10)) @ rng.normal(0, 0.5, (10, names))
    plain += rng.normal(0, 0.01, (days, names))
    storm = np.where(np.arange(days) % 200 < 20, 8.0, 1.0)[:, None]
    basket = np.where(np.arange(names) < 40, 1 / 40, 0.0)
    true = estimate(_labelled(plain), "sample", window=days).predicted_beta(basket)

    def error(method: str) -> float:
        covariance = estimate(_labelled(plain * storm), method, window=days, half_life=1e6)
        return float(np.abs(covariance.predicted_beta(basket) - true).mean())

    assert error("volatility_scaled") < 0.5 * error("exponential")


def _labelled(matrix: FloatArray) -> Returns:
    dates = np.datetime64("2010-01-01") + np.arange(len(matrix))
    return Returns.from_matrix([f"N{i:03d}" for i in range(matrix.shape[1])], dates, matrix)


def test_the_level_of_volatility_follows_the_last_days() -> None:
    rng = np.random.default_rng(4)
    matrix = rng.normal(0, 0.01, (504, 30)) * np.where(np.arange(504) < 400, 1.0, 3.0)[:, None]
    returns = Returns.from_matrix(
        [f"N{i}" for i in range(30)], np.datetime64("2020-01-01") + np.arange(504), matrix
    )
    volatility = estimate(returns, "volatility_scaled").volatilities
    assert volatility.mean() == pytest.approx(0.03 * math.sqrt(252), rel=0.1)


def test_two_speed_has_fast_volatilities_and_slow_correlations() -> None:
    returns = make_returns()
    fast = annual(returns, "exponential", half_life=21.0)
    slow = annual(returns, "exponential", half_life=126.0)
    both = annual(returns, "two_speed")
    size = np.sqrt(slow.diagonal())
    assert both.diagonal() == pytest.approx(fast.diagonal(), rel=1e-12)
    expected = slow / size / size[:, None] * np.sqrt(np.outer(fast.diagonal(), fast.diagonal()))
    assert both == pytest.approx(expected, rel=1e-12)


def docstring_sample() -> FloatArray:
    """Draw the sample of scikit-learn's docstrings of LedoitWolf and OAS."""
    real = np.array([[0.4, 0.2], [0.2, 0.8]])
    return np.random.RandomState(0).multivariate_normal(mean=[0, 0], cov=real, size=50)


def test_ledoit_wolf_gives_what_scikit_learn_prints_in_its_docstring() -> None:
    pytest.importorskip("sklearn")
    x = docstring_sample()
    returns = Returns.from_matrix(["A", "B"], np.datetime64("2024-01-01") + np.arange(50), x)
    daily = annual(returns, "ledoit_wolf") / 252
    assert daily == pytest.approx(np.array([[0.4406, 0.1616], [0.1616, 0.8022]]), abs=1e-4)  # printed cut off


@pytest.mark.parametrize(("method", "name"), [("ledoit_wolf", "LedoitWolf"), ("oas", "OAS")])
def test_shrinkage_toward_identity_is_scikit_learns(method: str, name: str) -> None:
    covariance = pytest.importorskip("sklearn.covariance")
    returns = make_returns(names=40)
    expected = getattr(covariance, name)().fit(returns.matrix)
    assert annual(returns, method) == pytest.approx(252 * expected.covariance_, rel=1e-9)
    assert f"{expected.shrinkage_:.4f}" in " ".join(estimate(returns, method).warnings)


def test_single_factor_shrinkage_is_the_papers_sums_over_pairs_written_out() -> None:
    """The intensity from the definitions in the paper, with all its N x N sums."""
    y = make_returns(names=25).matrix
    y = y - y.mean(axis=0)
    t, n = y.shape
    s = y.T @ y / t
    x = y.mean(axis=1)
    s0, s00 = y.T @ x / t, float(x @ x) / t
    f = np.outer(s0, s0) / s00
    np.fill_diagonal(f, s.diagonal())
    pi = ((y[:, :, None] * y[:, None, :] - s) ** 2).mean(axis=0)
    rho = np.diag(pi).sum()
    for i in range(n):
        for j in range(n):
            if i != j:
                r = (s0[j] * s00 * y[:, i] + s0[i] * s00 * y[:, j] - s0[i] * s0[j] * x) / s00**2 * x * y[
                    :, i
                ] * y[:, j] - f[i, j] * s[i, j]
                rho += r.mean()
    intensity = (pi.sum() - rho) / ((f - s) ** 2).sum() / t
    assert 0.0 < intensity < 1.0
    expected = 252 * (intensity * f + (1 - intensity) * s)
    assert annual(make_returns(names=25), "ledoit_wolf_single_factor") == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("names", [20, 60, 100, 200])
def test_nonlinear_shrinkage_agrees_with_an_independent_implementation(names: int) -> None:
    """The reference follows the listing of the authors' paper line by line, with dense matrices."""
    rng = np.random.default_rng(names)
    returns = _labelled(rng.normal(0, 0.01, (T, names)) * rng.uniform(0.7, 1.5, names))
    assert annual(returns, "nonlinear") == pytest.approx(252 * _listing(returns.matrix), rel=1e-6, abs=1e-6)


def _listing(x: FloatArray) -> FloatArray:  # the letters are the paper's
    p = x.shape[1]
    x = x - x.mean(axis=0)
    n = len(x) - 1
    values, u = np.linalg.eigh(x.T @ x / n)
    lam = values[max(0, p - n) :]
    big = np.tile(lam[:, None], (1, min(p, n)))
    h = n ** (-1 / 3)
    bandwidth = h * big.T
    z = (big - big.T) / bandwidth
    f = (3 / 4 / np.sqrt(5)) * np.mean(np.maximum(1 - z**2 / 5, 0) / bandwidth, axis=1)
    temp = (-3 / 10 / np.pi) * z + (3 / 4 / np.sqrt(5) / np.pi) * (1 - z**2 / 5) * np.log(
        np.abs((np.sqrt(5) - z) / (np.sqrt(5) + z))
    )
    hilbert = np.mean(temp / bandwidth, axis=1)
    if p <= n:
        d = lam / ((np.pi * (p / n) * lam * f) ** 2 + (1 - p / n - np.pi * (p / n) * lam * hilbert) ** 2)
    else:
        zero = (
            (1 / np.pi)
            * (
                3 / 10 / h**2
                + 3
                / 4
                / np.sqrt(5)
                / h
                * (1 - 1 / 5 / h**2)
                * np.log((1 + np.sqrt(5) * h) / (1 - np.sqrt(5) * h))
            )
            * np.mean(1 / lam)
        )
        d0 = 1 / (np.pi * (p - n) / n * zero)
        d = np.concatenate([np.full(p - n, d0), lam / (np.pi**2 * lam**2 * (f**2 + hilbert**2))])
    matrix: FloatArray = (u * d) @ u.T
    return matrix


def test_nonlinear_shrinkage_of_independent_equal_names_is_nearly_the_identity() -> None:
    """The paper's oracle: with true covariance I every shrunk eigenvalue tends to 1."""
    x = np.random.default_rng(5).normal(size=(1200, 400))
    values = read_only(np.linalg.eigvalsh(np.cov(x.T)))
    shrunk, null = shrunk_eigenvalues(values, 400, 1199)
    assert null == 0.0
    assert np.abs(shrunk - 1.0).max() < 0.25
    assert values.max() > 2.0  # the sample eigenvalues are far from 1


def test_statistical_factors_keep_every_variance_and_the_first_components() -> None:
    returns = make_returns()
    whole = annual(returns, "exponential", half_life=63.0)
    few = estimate(returns, "statistical_factors", components=3, scaled=False)
    assert isinstance(few.form, Factors)
    assert few.form.loadings.shape == (N, 3)
    assert few.form.variances() == pytest.approx(whole.diagonal(), rel=1e-12)
    size = np.sqrt(whole.diagonal())
    values, vectors = np.linalg.eigh(whole / size / size[:, None])
    common = (vectors[:, -3:] * values[-3:]) @ vectors[:, -3:].T * np.outer(size, size)
    assert few.form.loadings @ few.form.loadings.T == pytest.approx(common, rel=1e-8, abs=1e-12)


def test_single_index_betas_are_shrunk_toward_their_mean() -> None:
    returns = make_returns()
    free = estimate(returns, "single_index", shrink=False).form
    shrunk = estimate(returns, "single_index").form
    assert isinstance(free, Factors)
    assert isinstance(shrunk, Factors)
    assert shrunk.loadings.std() < free.loadings.std()
    assert shrunk.loadings.mean() == pytest.approx(free.loadings.mean(), rel=0.1)


def test_single_index_on_a_named_market_gives_it_beta_one() -> None:
    covariance = estimate(make_returns(), "single_index", market="n03")
    basket = np.eye(N)[3]
    assert covariance.predicted_beta(basket)[3] == pytest.approx(1.0)
    with pytest.raises(UnknownTicker, match="SPY"):
        estimate(make_returns(), "single_index", market="SPY")


def test_pairwise_repairs_an_indefinite_matrix_and_reports_the_change() -> None:
    rng = np.random.default_rng(8)
    base = rng.normal(0, 0.01, 90)
    matrix = base[:, None] + rng.normal(0, 0.002, (90, 3))
    matrix[60:, 0] = matrix[30:60, 1] = matrix[:30, 2] = np.nan
    matrix[30:60, 2] = -matrix[30:60, 0]
    returns = Returns.from_matrix(["A", "B", "C"], np.datetime64("2024-01-01") + np.arange(90), matrix)
    covariance = estimate(returns, "pairwise")
    assert "not positive semidefinite" in " ".join(covariance.warnings)
    values = np.linalg.eigvalsh(covariance.form.dense())
    assert values[0] > -1e-12 * values[-1]
    own = [np.nanvar(column, ddof=1) * 252 for column in matrix.T]
    assert covariance.form.variances() == pytest.approx(own, rel=1e-9)


def test_pairwise_without_holes_is_the_sample_covariance() -> None:
    returns = make_returns()
    assert annual(returns, "pairwise") == pytest.approx(annual(returns, "sample"), rel=1e-10)


def test_a_matrix_that_needs_no_repair_is_left_alone() -> None:
    matrix = np.cov(make_returns().matrix.T)
    same, notes = nearest_semidefinite(matrix)
    assert same is matrix
    assert notes == ()


def test_a_missing_return_is_imputed_from_the_others_and_keeps_the_variance() -> None:
    rng = np.random.default_rng(9)
    market = rng.normal(0, 0.01, (504, 1))
    matrix = market * rng.uniform(0.5, 1.5, 40) + rng.normal(0, 0.01, (504, 40))
    matrix[:, 0] = 2.0 * market[:, 0] + rng.normal(0, 0.02, 504)
    whole = np.cov(matrix.T)
    holed = matrix.copy()
    holed[:350, 0] = np.nan
    window = Window.of(tuple(f"N{i}" for i in range(40)), holed)
    filled, unexplained = completed(holed)
    assert np.array_equal(filled[350:], matrix[350:])
    assert np.corrcoef(filled[:350, 0], 2.0 * market[:350, 0])[0, 1] > 0.9
    assert unexplained[0] == pytest.approx(0.02**2, rel=0.3)
    assert (unexplained[1:] == 0.0).all()
    q = np.full(504, 1 / 504)
    variance = np.cov(window.complete.T)[0, 0] + window.lost_variance(q)[0]
    assert variance == pytest.approx(whole[0, 0], rel=0.25)
    assert window.seen(q)[0] == pytest.approx(154 / 504)


def test_a_late_listing_has_the_beta_of_its_own_days() -> None:
    """Filled with zeros the beta would be a third of what it is."""
    rng = np.random.default_rng(10)
    market = rng.normal(0, 0.01, 504)
    matrix = market[:, None] + rng.normal(0, 0.005, (504, 30))
    matrix[:, 0] = 2.0 * market + rng.normal(0, 0.01, 504)
    matrix[:336, 0] = np.nan
    returns = Returns.from_matrix(
        [f"N{i}" for i in range(30)], np.datetime64("2020-01-01") + np.arange(504), matrix
    )
    covariance = estimate(returns, "sample")
    basket = np.full(30, 1 / 29)
    basket[0] = 0.0
    assert covariance.predicted_beta(basket)[0] == pytest.approx(2.0, abs=0.15)
    error = covariance.beta_standard_error(basket)
    assert covariance.seen is not None
    assert covariance.seen[0] == pytest.approx(168 / 504)
    assert (
        error[0]
        > 1.5 * estimate(returns, "sample", gaps=MissingData.MODEL, window=168).beta_standard_error(basket)[1]
    )


def test_gaps_can_drop_the_days_or_be_refused() -> None:
    returns = make_returns(holes=True)
    days = np.isfinite(returns.matrix).all(axis=1)
    covariance = estimate(returns, "sample", gaps=MissingData.DAYS)
    assert covariance.form.dense() == pytest.approx(252 * np.cov(returns.matrix[days].T), rel=1e-12)
    assert f"the {days.sum()} on which all names have a return" in " ".join(covariance.warnings)
    with pytest.raises(MissingValue, match="N00, N01, N02"):
        estimate(returns, "sample", gaps=MissingData.ERROR)


def test_incomplete_names_are_reported_in_the_warnings() -> None:
    message = " ".join(estimate(make_returns(holes=True)).warnings)
    assert "begin after the first day: N00" in message
    assert "end before the last day: N01" in message
    assert "gaps: N02 (3 days)" in message
    assert "3 of 12 names lack some" in message


def test_names_with_too_few_returns_are_left_out_and_reported() -> None:
    returns = make_returns()
    matrix = returns.matrix.copy()
    matrix[:-5, 4] = np.nan
    covariance = estimate(Returns.from_matrix(returns.tickers, returns.dates, matrix))
    assert "N04" not in covariance.tickers
    assert any("N04 (5)" in line for line in covariance.warnings)


def test_no_name_with_enough_returns_is_an_error() -> None:
    with pytest.raises(MissingValue, match="No name has 200 returns"):
        estimate(make_returns(), min_periods=200)


def test_a_day_without_any_return_is_not_counted() -> None:
    returns = make_returns()
    matrix = np.insert(returns.matrix, 50, np.nan, axis=0)
    longer = Returns.from_matrix(returns.tickers, returns.dates[0] + np.arange(T + 1), matrix)
    assert annual(longer, "sample") == pytest.approx(annual(returns, "sample"), rel=1e-12)


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("moving_average", {}, "no estimator"),
        ("sample", {"half_life": 21.0}, "no parameter half_life"),
        ("exponential", {"half_life": 0.0}, "positive"),
        ("exponential", {"half_life": "long"}, "positive"),
        ("sample", {"window": 5}, "too short"),
        ("statistical_factors", {"components": 12}, "between 1 and 11"),
        ("pairwise", {"gaps": MissingData.DAYS}, "itself"),
    ],
)
def test_invalid_options_are_refused_with_the_reason(
    method: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        estimate(make_returns(), method, **options)  # type: ignore[arg-type]


def test_method_names_ignore_case_and_hyphens() -> None:
    assert canonical("Ledoit-Wolf") == "ledoit_wolf"
    assert canonical("default") == DEFAULT
    assert parameters("default")["half_life"] == 63.0


@pytest.mark.parametrize("method", ESTIMATORS)
def test_every_method_documents_its_formula(method: str) -> None:
    text = ESTIMATORS[method].__doc__ or ""
    assert text.split("\n", 1)[0].endswith((".", ":"))
    assert "V" in text
    assert method == "sample" or "References" in text


def test_a_days_scale_uses_past_days_only_and_is_robust_to_one_name() -> None:
    matrix = make_returns().matrix
    scale = day_scale(matrix, 3.0)
    later = matrix.copy()
    later[100:] *= 5.0
    later[50, 3] = 9.0
    changed = day_scale(later, 3.0)
    assert changed[49] / changed[40] == pytest.approx(scale[49] / scale[40], rel=0.05)
    assert changed[105:].mean() > 2.0 * scale[105:].mean()


def test_a_market_without_moves_has_scale_one() -> None:
    assert (day_scale(np.zeros((30, 3)), 3.0) == 1.0).all()


def test_more_names_than_days_keep_the_form_of_the_days() -> None:
    covariance = estimate(make_returns(names=300))
    assert isinstance(covariance.form, Factors)
    assert covariance.form.loadings.shape == (300, T)
    assert not isinstance(covariance.form, Dense)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_a_name_that_never_moves_has_no_variance_and_does_not_affect_others(method: str) -> None:
    if method in NEED_SKLEARN:
        pytest.importorskip("sklearn")
    returns = make_returns()
    matrix = returns.matrix.copy()
    matrix[:, 5] = 0.0
    covariance = estimate(Returns.from_matrix(returns.tickers, returns.dates, matrix), method)
    variances = covariance.form.variances()
    assert np.isfinite(covariance.form.dense()).all()
    assert variances[5] < 0.3 * np.delete(variances, 5).min()


@pytest.mark.parametrize("names", [30, 120])
def test_components_are_those_of_singular_values(names: int) -> None:
    rng = np.random.default_rng(4)
    common = rng.normal(size=(80, 6)) * np.arange(7, 1, -1)
    z = common @ rng.normal(size=(6, names)) + rng.normal(size=(80, names))
    scores = _components(z)
    left = np.linalg.svd(z)[0][:, : scores.shape[1]]
    assert scores @ scores.T / 80 == pytest.approx(left @ left.T, abs=1e-12)
    assert (scores**2).mean(axis=0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("exponential", {"half_life": 1e-5}),
        ("exponential", {"half_life": 0.5}),
        ("volatility_scaled", {"half_life": 1e-5}),
        ("two_speed", {"volatility_half_life": 1e-3}),
        ("statistical_factors", {"half_life": 1e-3}),
        ("single_index", {"half_life": 1e-3}),
        ("pairwise", {"half_life": 1e-3}),
    ],
)
def test_a_half_life_that_leaves_less_than_two_days_is_refused(method: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    days = np.busday_offset("2024-01-01", np.arange(60), roll="forward")
    returns = Returns.from_matrix([f"N{i}" for i in range(20)], days, rng.normal(0.0, 0.01, (60, 20)))
    (half_life,) = options.values()
    with pytest.raises(InputError, match=f"A half-life of {half_life:g} days leaves .* effective days"):
        estimate(returns, method, **options)


@pytest.mark.parametrize("shape", [(3, 1), (5, 2), (4, 7), (6, 8), (1, 504)])
def test_row_medians_are_numpys_to_the_last_bit(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(size=shape).round(1)  # with ties
    np.testing.assert_array_equal(row_medians(values), np.median(values, axis=1))


def test_names_without_common_days_are_told_where_no_other_name_has_both() -> None:
    apart = make_returns().matrix.copy()
    apart[:60, :6] = np.nan
    apart[60:, 6:] = np.nan
    names = make_returns().tickers
    lines = estimate(Returns.from_matrix(names, make_returns().dates, apart), "sample").warnings
    told = "as all others have with one of them: N00 and N06, N00 and N07"
    assert any(told in line and "Their covariances are a guess" in line for line in lines)
    apart[:, 11] = make_returns().matrix[:, 11]
    lines = estimate(Returns.from_matrix(names, make_returns().dates, apart), "sample").warnings
    assert not any("a guess" in line for line in lines)
