"""What is decided on a date, from the days up to it and nothing else.

A decision is made from a ``Returns`` that ends on its date: what came later is not there to be
looked at. What came later is in ``outcome``, and only the hedge of perfect foresight is given it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.backtest.plan import BETA, FORESIGHT, LIMITED, UNHEDGED, Absent
from betaneutral_xl.engine.estimators import MIN_PERIODS, fit, observe
from betaneutral_xl.engine.neutral import neutralise
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import Infeasible, MissingValue, SolverFailed, listing
from betaneutral_xl.model.arrays import positions_of
from betaneutral_xl.model.constraints import UNLIMITED
from betaneutral_xl.model.portfolio import Constituent, Etf
from betaneutral_xl.model.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.engine.backtest.plan import Study
    from betaneutral_xl.engine.estimators import Observed
    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.model.returns import Returns

LATEST = 5
"""A name without a return on the last days, this many, is not traded any more."""

Strategy = tuple[str, str]
"""Method and estimator, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The weights that were chosen on one date, on the study's N names.

    Attributes
    ----------
    weights, etf_weights
        w (N,) and F (N, K) as they could be had on that date.
    new_weights
        x (N,) by method and estimator; perfect foresight is not among them.
    impossible
        Why a way has no answer, where it has none: no weights that keep the limits were found. Its
        ``new_weights`` are then those that were there, w.
    absent
        The names that could not be had.
    scaled
        By how much what could be had of the portfolio, and of each ETF, was scaled up.
    days
        How many days were seen.

    """

    weights: FloatArray
    etf_weights: FloatArray
    new_weights: Mapping[Strategy, FloatArray]
    impossible: Mapping[Strategy, str]
    absent: tuple[str, ...]
    scaled: Mapping[str, float]
    days: int


def decide(study: Study, seen: Returns) -> Decision:
    """Choose weights by every method and estimator, from the returns that are seen.

    Raises
    ------
    MissingValue
        If nothing of the portfolio or of an ETF can be had on that date, or a target has no prices then.
    ModelError
        If the numbers admit no answer.

    """
    names, asked = study.prices.tickers, set(study.names)
    traded = tradable(seen, min(one.window for one in study.estimators))
    kept = {ticker for ticker, usable in zip(names, traded, strict=True) if usable}
    book, factor = _held(study.holdings, kept, study.absent)
    baskets = [_basket(etf, kept, study.absent) for etf in study.etfs]
    etfs = tuple(etf for etf, _ in baskets)
    scaled = {"the portfolio": factor, **{f"ETF {etf.name}": factor for etf, factor in baskets}}
    _require_benchmarks(study, kept)
    wanted = sorted(set(book.tickers).union(study.benchmarks, *(etf.tickers for etf in etfs)))
    observed = {days: _observed(study, seen, wanted, days) for days in {e.window for e in study.estimators}}

    w = _spread(book.tickers, book.weights, names)
    f = np.column_stack([_spread(etf.tickers, etf.weights, names) for etf in etfs])
    limits = study.constraints.among(kept) if study.constraints.named else study.constraints
    chosen: dict[Strategy, FloatArray] = {}
    impossible: dict[Strategy, str] = {}
    for estimator in study.estimators:
        whole = fit(observed[estimator.window], estimator.method, **estimator.options)
        covariance = whole.select(wanted)
        for method in study.methods:
            if method == FORESIGHT:
                continue
            if method == UNHEDGED:
                x = w
            elif method == BETA:
                held = covariance.select([ticker for ticker in wanted if ticker in asked])
                betas = held.predicted_beta(_spread(etfs[0].tickers, etfs[0].weights, held.tickers))
                x = _spread(held.tickers, betas / betas.sum(), names)
            else:
                aim = 0.0 if method == Method.SCALED else study.target
                kept_to = limits if method in LIMITED else UNLIMITED
                try:
                    result = neutralise(
                        book, etfs, covariance, target=aim, method=Method(method), constraints=kept_to
                    )
                    x = _spread(result.tickers, result.new_weights, names)
                except (Infeasible, SolverFailed) as error:
                    impossible[method, estimator.label] = str(error)
                    x = w
            chosen[method, estimator.label] = x
    absent = tuple(ticker for ticker in study.names if ticker not in kept)
    return Decision(w, f, chosen, impossible, absent, scaled, len(seen.dates))


def _observed(study: Study, seen: Returns, wanted: Sequence[str], days: int) -> Observed:
    """Return what an estimator sees of the last days: the names wanted, and how the market moved then."""
    last = seen.until(None, days)
    return observe(
        last.select([*wanted, *last.market_sample({*study.names, *study.benchmarks})]), window=days
    )


def foresee(
    weights: FloatArray, etf_weights: FloatArray, after: FloatArray, targets: FloatArray
) -> FloatArray:
    """Return the weights of the hedge by the betas that will have been: the best that hedging can do.

    ``x = w - F h`` with ``cov(e_j, F h) = cov(e_j, w) - t_j var(e_j)`` for every ETF's returns e_j
    over the days that come, ``after`` (T, N), and its target t_j.
    """
    e, y = after @ etf_weights, after @ weights
    e, y = e - e.mean(axis=0), y - y.mean()
    square = e.T @ e
    ratios, *_ = np.linalg.lstsq(square, e.T @ y - square.diagonal() * targets)
    x: FloatArray = weights - etf_weights @ ratios
    return x


def _require_benchmarks(study: Study, kept: set[str]) -> None:
    gone = [ticker for ticker in study.benchmarks if ticker not in kept]
    if gone:
        msg = f"The target {listing(gone)} has no prices then. Give more prices, or a later start."
        raise MissingValue(msg, tickers=gone)


def tradable(seen: Returns, window: int) -> BoolArray:
    """Return which names have enough returns in the window, and one on the last days, shape (N,)."""
    present = np.isfinite(seen.matrix[-window:])
    usable: BoolArray = (present.sum(axis=0) >= MIN_PERIODS) & present[-LATEST:].any(axis=0)
    return usable


def _held(holdings: Holdings, kept: set[str], absent: Absent) -> tuple[Holdings, float]:
    """Return the part of the portfolio that can be had, and by how much it is scaled up."""
    pairs = zip(holdings.tickers, holdings.weights.tolist(), strict=True)
    weights, factor = _had(dict(pairs), kept, absent, f"the portfolio {holdings.fund}")
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
    """Return the part of a basket that can be had, and by how much it is scaled up.

    Swaps and futures scale it besides, so that betas are in units of a leveraged or inverse fund.
    """
    whole = dict(zip(etf.tickers, (etf.weights * etf.leverage).tolist(), strict=True))
    weights, factor = _had(whole, kept, absent, f"ETF {etf.name}")
    rows = tuple(Constituent(ticker=ticker, weight=weight) for ticker, weight in weights.items())
    return Etf(etf.name, rows, Provenance.given(len(rows), etf.as_of)), factor


def _had(
    weights: Mapping[str, float], kept: set[str], absent: Absent, what: str
) -> tuple[dict[str, float], float]:
    """Leave out what cannot be had, and put the others or cash in its place.

    The others are scaled to the same gross exposure: the net one of long and short positions may be
    near zero, and a ratio of two such numbers is anything.
    """
    had = {ticker: weight for ticker, weight in weights.items() if ticker in kept}
    if not any(had.values()):
        msg = f"No name of {what} has prices then. Give more prices, or a later start."
        raise MissingValue(msg, tickers=tuple(weights))
    if absent is Absent.CASH or len(had) == len(weights):
        return had, 1.0
    factor = math.fsum(map(abs, weights.values())) / math.fsum(map(abs, had.values()))
    return {ticker: factor * weight for ticker, weight in had.items()}, factor


def _spread(tickers: Sequence[str], values: FloatArray, names: Sequence[str]) -> FloatArray:
    """Put values of some names on the list of all, with zero elsewhere."""
    full = np.zeros(len(names))
    full[positions_of(tickers, names)] = values
    return full
