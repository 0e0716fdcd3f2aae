"""Decisions: the new weights of a date, from the days up to it only.

A decision is made from a ``Returns`` that ends on its date, so that it cannot look ahead. Later
returns are in ``outcome``; of the hedges only that of perfect foresight uses them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.backtest.plan import BETA, FORESIGHT, LIMITED, UNHEDGED, Absent
from betaneutral_xl.engine.estimators import MIN_PERIODS
from betaneutral_xl.engine.estimators.fitting import fit, observe
from betaneutral_xl.engine.intervals import forecasts, name_forecasts
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.result import Method
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.errors import Infeasible, MissingValue, SolverFailed, listing
from betaneutral_xl.model.arrays import positions_of
from betaneutral_xl.model.constraints import SMALLEST_TRADE, UNLIMITED, Range
from betaneutral_xl.model.portfolio import Constituent, Etf
from betaneutral_xl.model.provenance import Provenance

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest.plan import Study
    from betaneutral_xl.engine.estimators.fitting import Observed
    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.constraints import Constraints
    from betaneutral_xl.model.market import Market
    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.model.returns import Returns
    from betaneutral_xl.model.risk import Covariance

RECENT_DAYS = 5
"""A name without a return on this many last days is not tradable."""

Strategy = tuple[str, str]
"""Names of a method and an estimator."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """Weights chosen on one date, for the N names of the prices.

    Attributes
    ----------
    weights, etf_weights
        w (N,) and F (N, K), of the names tradable on that date.
    new_weights
        x (N,) by strategy, without perfect foresight.
    infeasible
        Reason by strategy, where no weights that satisfy the limits were found; its ``new_weights``
        are then what is held.
    absent
        Names that are not tradable.
    scaled
        Factor by which the tradable part of the portfolio, and of each ETF, was scaled up.
    days
        Number of days seen.
    forecasts
        The beta of the new weights to each of K ETFs with its interval, by strategy; empty where intervals
        are not required.
    name_forecasts
        The same of each name of portfolio and ETFs, by estimator and name.

    """

    weights: FloatArray
    etf_weights: FloatArray
    new_weights: Mapping[Strategy, FloatArray]
    infeasible: Mapping[Strategy, str]
    absent: tuple[str, ...]
    scaled: Mapping[str, float]
    days: int
    forecasts: Mapping[Strategy, tuple[BetaForecast, ...]] = field(default_factory=dict)
    name_forecasts: Mapping[str, Mapping[str, tuple[BetaForecast, ...]]] = field(default_factory=dict)


def decide(study: Study, seen: Returns, held: Mapping[Strategy, FloatArray] | None = None) -> Decision:
    """Compute the new weights of every method and estimator from the returns up to the date.

    ``held`` are the weights (N,) that each strategy holds on the date, from which the methods with limits
    trade; by default the portfolio's.

    Raises
    ------
    MissingValue
        If no name of the portfolio or of an ETF is tradable on that date, or a target has no prices.
    ModelError
        If a hedge is undefined.

    """
    names, study_names = study.prices.tickers, set(study.names)
    usable_names = tradable(seen, min(one.window for one in study.estimators))
    kept = {ticker for ticker, usable in zip(names, usable_names, strict=True) if usable}
    book, factor = _held(study.holdings, kept, study.absent)
    baskets = [_basket(etf, kept, study.absent) for etf in study.etfs]
    etfs = tuple(etf for etf, _ in baskets)
    scaled = {"the portfolio": factor, **{f"ETF {etf.name}": factor for etf, factor in baskets}}
    _require_benchmarks(study, kept)
    market = _market(study, kept)
    beside = () if market is None else market.etf.tickers
    tickers = sorted(set(book.tickers).union(study.benchmarks, beside, *(etf.tickers for etf in etfs)))
    observed = {days: _observed(study, seen, tickers, days) for days in {e.window for e in study.estimators}}

    w = _expand(book.tickers, book.weights, names)
    f = np.column_stack([_expand(etf.tickers, etf.weights, names) for etf in etfs])
    limits = study.constraints.among(kept)
    new_weights: dict[Strategy, FloatArray] = {}
    infeasible: dict[Strategy, str] = {}
    results: dict[Strategy, Rebalance] = {}
    expected: dict[Strategy, tuple[BetaForecast, ...]] = {}
    of_names: dict[str, Mapping[str, tuple[BetaForecast, ...]]] = {}
    for estimator in study.estimators:
        full = fit(observed[estimator.window], estimator.method, **estimator.options)
        covariance = full.select(tickers)
        for method in study.methods:
            if method == FORESIGHT:
                continue
            if method == UNHEDGED:
                x = w
            elif method == BETA:
                known = covariance.select([ticker for ticker in tickers if ticker in study_names])
                betas = known.predicted_beta(_expand(etfs[0].tickers, etfs[0].weights, known.tickers))
                x = _expand(known.tickers, betas / betas.sum(), names)
            else:
                before = (held or {}).get((method, estimator.label)) if method in LIMITED else None
                holdings, limited = _position(book, limits, before, names, kept)
                target = 0.0 if method == Method.SCALED else study.target
                try:
                    question = Question(
                        holdings,
                        etfs,
                        covariance,
                        target=target,
                        method=Method(method),
                        constraints=limited if method in LIMITED else UNLIMITED,
                        objective=study.objective if method == Method.REWEIGHT else Objective.STABLE,
                        reference=None if before is None else book,
                        market=None if method == Method.SCALED else market,
                    )
                    result = results[method, estimator.label] = neutralise(question)
                    x = _expand(result.tickers, result.new_weights, names)
                except (Infeasible, SolverFailed) as error:
                    infeasible[method, estimator.label] = str(error)
                    x = w if before is None else before
            new_weights[method, estimator.label] = x
        if study.intervals:
            units = np.column_stack([_expand(etf.tickers, etf.weights, covariance.tickers) for etf in etfs])
            mine = {one: x for one, x in new_weights.items() if one[1] == estimator.label}
            expected |= _forecasts(covariance, units, mine, results, names)
            own = {*book.tickers, *(ticker for etf in etfs for ticker in etf.tickers)}
            of_names[estimator.label] = _of_names(covariance, units, own)
    absent = tuple(ticker for ticker in study.names if ticker not in kept)
    return Decision(w, f, new_weights, infeasible, absent, scaled, len(seen.dates), expected, of_names)


def _forecasts(
    covariance: Covariance,
    units: FloatArray,
    new_weights: Mapping[Strategy, FloatArray],
    results: Mapping[Strategy, Rebalance],
    names: Sequence[str],
) -> dict[Strategy, tuple[BetaForecast, ...]]:
    """Return the betas of new weights to each ETF, with their intervals."""
    rows = positions_of(covariance.tickers, names)
    weights = np.column_stack([x[rows] for x in new_weights.values()])
    none = np.zeros((0, units.shape[1]))
    changes = [results[one].leave_one_out if one in results else none for one in new_weights]
    by_etf = [
        forecasts(covariance, unit, weights, [change[:, k] for change in changes])
        for k, unit in enumerate(units.T)
    ]
    return dict(zip(new_weights, zip(*by_etf, strict=True), strict=True))


def _of_names(
    covariance: Covariance, units: FloatArray, held: set[str]
) -> dict[str, tuple[BetaForecast, ...]]:
    """Return the betas of single names to each ETF, with their intervals."""
    by_etf = [name_forecasts(covariance, unit) for unit in units.T]
    by_name = zip(covariance.tickers, zip(*by_etf, strict=True), strict=True)
    return {ticker: found for ticker, found in by_name if ticker in held}


def _position(
    book: Holdings, limits: Constraints, held: FloatArray | None, names: Sequence[str], kept: set[str]
) -> tuple[Holdings, Constraints]:
    """Return the tradable part of what a strategy holds, at first the portfolio, and its limits.

    Names that are not tradable are sold at their last price, which uses up some of the turnover. The sum
    of the new weights is the portfolio's, where no limit says otherwise.
    """
    if held is None:
        return book, limits
    rows = [i for i in np.flatnonzero(held).tolist() if names[i] in kept]
    sold = float(np.abs(held).sum() - np.abs(held[rows]).sum())
    holdings = replace(
        book,
        tickers=tuple(names[i] for i in rows),
        weights=held[rows],
        cash=1.0 - float(held[rows].sum()),
        leverage_stated=True,
    )
    limits = replace(limits, turnover=max(limits.turnover - sold / 2.0, SMALLEST_TRADE))
    if limits.net is None:
        total = float(book.weights.sum())
        limits = replace(limits, net=Range(total, total))
    return holdings.with_names(book.tickers), limits


def _observed(study: Study, seen: Returns, tickers: Sequence[str], days: int) -> Observed:
    """Return the window of the last days: ``tickers``, with other names as context for the market."""
    last = seen.until(None, days)
    return observe(
        last.select([*tickers, *last.market_sample({*study.names, *study.benchmarks})]), window=days
    )


def foresee(
    weights: FloatArray, etf_weights: FloatArray, after: FloatArray, targets: FloatArray
) -> FloatArray:
    """Return the weights of a hedge with perfect foresight, by the betas that are realised later.

    ``x = w - F h`` with ``cov(e_j, F h) = cov(e_j, w) - t_j var(e_j)`` for every ETF's returns e_j
    over the following days, ``after`` (T, N), and its target t_j.
    """
    e, y = after @ etf_weights, after @ weights
    e, y = e - e.mean(axis=0), y - y.mean()
    square = e.T @ e
    ratios, *_ = np.linalg.lstsq(square, e.T @ y - square.diagonal() * targets, rcond=None)
    x: FloatArray = weights - etf_weights @ ratios
    return x


def _market(study: Study, kept: set[str]) -> Market | None:
    """Return the tradable part of the market, scaled up; without prices there is no hedge on the date."""
    if study.market is None or not study.market.share:
        return None
    etf, _ = _basket(study.market.etf, kept, Absent.RESCALE)
    return replace(study.market, etf=etf)


def _require_benchmarks(study: Study, kept: set[str]) -> None:
    unpriced = [ticker for ticker in study.benchmarks if ticker not in kept]
    if unpriced:
        msg = f"The target {listing(unpriced)} has no prices on this date. Give more, or a later start."
        raise MissingValue(msg, tickers=unpriced)


def tradable(seen: Returns, window: int) -> BoolArray:
    """Return the mask (N,) of names with enough returns in the window and one on the last days."""
    present = np.isfinite(seen.matrix[-window:])
    usable: BoolArray = (present.sum(axis=0) >= MIN_PERIODS) & present[-RECENT_DAYS:].any(axis=0)
    return usable


def _held(holdings: Holdings, kept: set[str], absent: Absent) -> tuple[Holdings, float]:
    """Return the tradable part of the portfolio, and the factor by which it is scaled up."""
    weights, factor = _tradable_part(holdings.weight_of, kept, absent, f"the portfolio {holdings.fund}")
    cash = holdings.cash + math.fsum(holdings.weights) - math.fsum(weights.values())
    part = replace(
        holdings,
        tickers=tuple(weights),
        weights=np.array(list(weights.values())),
        shares=None,
        prices=None,
        cash=cash,
    )
    return part, factor


def _basket(etf: Etf, kept: set[str], absent: Absent) -> tuple[Etf, float]:
    """Return the tradable part of a basket, and the factor by which it is scaled up.

    The leverage of swaps and futures is included, so that betas are to the leveraged or inverse fund.
    """
    whole = dict(zip(etf.tickers, (etf.weights * etf.leverage).tolist(), strict=True))
    weights, factor = _tradable_part(whole, kept, absent, f"ETF {etf.name}")
    rows = tuple(Constituent(ticker=ticker, weight=weight) for ticker, weight in weights.items())
    return Etf(etf.name, rows, Provenance.given(len(rows), etf.as_of)), factor


def _tradable_part(
    weights: Mapping[str, float], kept: set[str], absent: Absent, what: str
) -> tuple[dict[str, float], float]:
    """Drop names that are not tradable, replaced by cash or by scaling up the others.

    The others are scaled to the same gross exposure: the net exposure of long and short positions may
    be near zero, where a ratio of net exposures is meaningless.
    """
    remaining = {ticker: weight for ticker, weight in weights.items() if ticker in kept}
    if not any(remaining.values()):
        msg = f"No name of {what} has prices on this date. Give more prices, or a later start."
        raise MissingValue(msg, tickers=tuple(weights))
    if absent is Absent.CASH or len(remaining) == len(weights):
        return remaining, 1.0
    factor = math.fsum(map(abs, weights.values())) / math.fsum(map(abs, remaining.values()))
    return {ticker: factor * weight for ticker, weight in remaining.items()}, factor


def _expand(tickers: Sequence[str], values: FloatArray, names: Sequence[str]) -> FloatArray:
    """Expand values of some names to the list of all names, with zero elsewhere."""
    full = np.zeros(len(names))
    full[positions_of(tickers, names)] = values
    return full
