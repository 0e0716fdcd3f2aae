"""Walk-forward backtest: decide on each date from the past, hold to the next date, and measure.

Only a few numbers per date and one return per day are kept, so that memory hardly grows with the dates.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from datetime import date
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.backtest.decide import RECENT_DAYS, decide, foresee
from betaneutral_xl.engine.backtest.outcome import drawdown, follow, outcomes, rolling_beta
from betaneutral_xl.engine.backtest.plan import Absent, Study
from betaneutral_xl.engine.estimators import MIN_PERIODS
from betaneutral_xl.engine.regression import FITTED_PARAMETERS, slopes
from betaneutral_xl.errors import (
    InputError,
    MissingPackage,
    MissingValue,
    ModelError,
    UndefinedBeta,
    listing,
)
from betaneutral_xl.model.arrays import BoolArray, FloatArray, make_read_only, positions_of
from betaneutral_xl.model.covariance_units import TRADING_DAYS
from betaneutral_xl.model.spacing import require_daily
from betaneutral_xl.system import optional

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest.decide import Decision, Strategy
    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.errors import BetaNeutralError
    from betaneutral_xl.model.arrays import DateArray, IntArray
    from betaneutral_xl.model.returns import Returns

NUMBER = re.compile(r"(?:\babove )?[-+]?(?:\b\d+(?:\.\d+)?(?:e[-+]?\d+)?|\b(?:inf|nan)\b)%?")
"""A number in a message, including infinities and lower bounds such as ``above 4.5e+15``."""

ROLLING_DAYS = 63
"""Default window of a rolling beta, in days: a quarter."""

MIN_PRICED_SHARE = 0.5
"""Minimum share of an ETF's weight with a return for the ETF to have a return on that day; and minimum
share of such days in the horizon."""

COLUMNS = (
    *("date", "method", "estimator", "etf", "realised_beta", "standard_error", "turnover"),
    *("target_beta", "infeasible"),
)
"""Columns of ``Backtest.rows``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Measures of one strategy over all dates.

    Attributes
    ----------
    realised_beta_mean, realised_beta_rms
        Mean and root mean square over the dates of the realised beta to each ETF, shape (K,).
    active_beta_mean, active_beta_rms
        The same for the beta less the target, shape (K,); for a ticker, its own realised beta.
    noise_floor
        Root mean square of the betas' standard errors, shape (K,): the RMS that perfect knowledge of
        the betas would give.
    volatility, tracking_error
        Annual, of the daily returns, and of their difference from the unhedged portfolio's.
    hedge_effectiveness
        Fraction by which the variance of the unhedged portfolio is reduced.
    max_drawdown
        Maximum drawdown, after costs.
    turnover
        One-way, mean over the dates, including daily rebalancing.
    gross
        Gross exposure, mean over the dates.
    cost
        Per year, decimal of net asset value.
    n_dates
        Number of dates.
    n_infeasible
        Number of dates on which no weights that satisfy the limits were found, and the portfolio was
        left unchanged.
    interval_coverage_68, interval_coverage_95
        Share of the dates on which the realised beta to each ETF is in the interval that was predicted for
        it, shape (K,): of 68 % and 95 %, with the sampling error of the realised beta included. NaN where
        the study has no intervals, or no date has one.
    name_interval_coverage_68, name_interval_coverage_95
        The same of the betas of single names, of portfolio and ETFs, over names and dates.

    """

    realised_beta_mean: FloatArray
    realised_beta_rms: FloatArray
    active_beta_mean: FloatArray
    active_beta_rms: FloatArray
    noise_floor: FloatArray
    volatility: float
    tracking_error: float
    hedge_effectiveness: float
    max_drawdown: float
    turnover: float
    gross: float
    cost: float
    n_dates: int
    n_infeasible: int
    interval_coverage_68: FloatArray
    interval_coverage_95: FloatArray
    name_interval_coverage_68: FloatArray
    name_interval_coverage_95: FloatArray

    def record(self, etfs: Sequence[str]) -> dict[str, Any]:
        """Return plain values; betas are numbers for one ETF, mappings by name for several."""
        record: dict[str, Any] = {}
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value = float(value[0]) if len(etfs) == 1 else dict(zip(etfs, value.tolist(), strict=True))
            record[name] = value
        return record


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Backtest:
    """Result of a backtest: P strategies, n dates, K ETFs, D days held.

    Attributes
    ----------
    study
        The inputs.
    strategies
        P pairs of method and estimator.
    dates
        Shape (n,), the rebalance dates.
    beta, standard_error
        Shape (n, P, K), realised over the horizon after each date.
    target_beta
        Shape (n, K), the target; for a ticker, its own beta over the horizon.
    infeasible
        Shape (n, P), where no weights that satisfy the limits were found, and the portfolio was left
        unchanged.
    turnover
        Shape (n, P), one-way, on the date and daily until the next.
    gross
        Shape (n, P), gross exposure on the date.
    days
        Shape (D,), the days held.
    returns
        Shape (D, P), daily, before cost.
    etf_returns
        Shape (D, K), daily.
    unhedged
        Shape (D,), daily, of the unhedged portfolio.
    inside
        Shape (n, P, K, 4): the shares of betas inside their intervals of 68 % and 95 %, of the new weights
        and of the names; NaN where there is no interval.
    notes
        Notes for the user, one line each.

    """

    study: Study
    strategies: tuple[Strategy, ...]
    dates: DateArray
    beta: FloatArray
    standard_error: FloatArray
    target_beta: FloatArray
    infeasible: BoolArray
    turnover: FloatArray
    gross: FloatArray
    days: DateArray
    returns: FloatArray
    etf_returns: FloatArray
    unhedged: FloatArray
    inside: FloatArray
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        make_read_only(self, "beta", "standard_error", "target_beta", "turnover", "gross")
        make_read_only(self, "returns", "etf_returns", "unhedged")

    @property
    def etf_names(self) -> tuple[str, ...]:
        """K names."""
        return tuple(etf.name for etf in self.study.etfs)

    @property
    def first(self) -> IntArray:
        """Index among the D days of the first day of each date's weights, shape (n,)."""
        return np.searchsorted(self.days, self.dates, side="right")

    def performance(self, strategy: Strategy) -> Performance:
        """Return the measures of one strategy."""
        p = self.strategies.index(strategy)
        daily = self.returns[:, p]
        cost = self.study.cost_bp * 1e-4 * 2.0 * self.turnover[:, p]
        net = daily.copy()
        net[self.first] -= cost
        active = self.beta[:, p] - self.target_beta
        inside = _mean_known(self.inside[:, p])
        return Performance(
            realised_beta_mean=self.beta[:, p].mean(axis=0),
            realised_beta_rms=np.sqrt((self.beta[:, p] ** 2).mean(axis=0)),
            active_beta_mean=active.mean(axis=0),
            active_beta_rms=np.sqrt((active**2).mean(axis=0)),
            noise_floor=np.sqrt((self.standard_error[:, p] ** 2).mean(axis=0)),
            volatility=_annual(daily),
            tracking_error=_annual(daily - self.unhedged),
            hedge_effectiveness=1.0 - float(daily.var() / self.unhedged.var()),
            max_drawdown=drawdown(net),
            turnover=float(self.turnover[:, p].mean()),
            gross=float(self.gross[:, p].mean()),
            cost=float(cost.sum()) / len(daily) * TRADING_DAYS,
            n_dates=len(self.dates),
            n_infeasible=int(self.infeasible[:, p].sum()),
            interval_coverage_68=inside[:, 0],
            interval_coverage_95=inside[:, 1],
            name_interval_coverage_68=inside[:, 2],
            name_interval_coverage_95=inside[:, 3],
        )

    def rolling(self, strategy: Strategy, days: int = ROLLING_DAYS) -> FloatArray:
        """Return the rolling beta to each ETF, shape (D, K)."""
        own = self.returns[:, self.strategies.index(strategy)]
        return np.column_stack([rolling_beta(own, etf, days) for etf in self.etf_returns.T])

    def rolling_target(self, days: int = ROLLING_DAYS) -> FloatArray:
        """Return the target, shape (D, K); for a ticker, its own rolling beta."""
        gains, columns = outcomes(self.study.prices), []
        held = np.searchsorted(gains.dates, self.days)
        for one, etf in zip(self.study.targets, self.etf_returns.T, strict=True):
            if isinstance(one, str):
                own = np.nan_to_num(gains.select([one]).matrix[held, 0])
                columns.append(rolling_beta(own, etf, days))
            else:
                columns.append(np.full(len(self.days), one))
        return np.column_stack(columns)

    def rows(self) -> Iterator[tuple[date | str | float | bool, ...]]:
        """Yield a row of ``COLUMNS`` for each date, strategy and ETF."""
        for i, day in enumerate(self.dates.astype(object)):
            for p, (method, estimator) in enumerate(self.strategies):
                for k, name in enumerate(self.etf_names):
                    numbers = (
                        *(self.beta[i, p, k], self.standard_error[i, p, k], self.turnover[i, p]),
                        self.target_beta[i, k],
                    )
                    values = (float(one) for one in numbers)
                    yield (day, method, estimator, name, *values, bool(self.infeasible[i, p]))


def walk(study: Study) -> Backtest:
    """Run a walk-forward backtest: decide on each date from the past, hold to the next, and measure.

    Dates without an answer, because of the inputs or the model, are left out and listed in ``notes``.

    Raises
    ------
    InputError
        If there is no rebalance date.
    MissingPackage
        If an estimator needs a package that is not installed.
    ModelError
        If the model has no answer on any date.

    """
    threadpoolctl = optional.find("threadpoolctl")
    limit = nullcontext() if threadpoolctl is None else threadpoolctl.threadpool_limits(1)
    with limit:  # same order of summation on every machine; not slower here
        return _walk(study)


def _walk(study: Study) -> Backtest:
    returns, gains = study.prices.returns(), outcomes(study.prices)
    require_daily(study.prices.dates, "the backtest")
    rows, unfollowed = study.schedule.rows(returns.dates)
    seen_from = int(np.searchsorted(rows, MIN_PERIODS - 1))
    recorder = _Recorder(study, returns)
    failed: list[tuple[date | None, InputError | ModelError]] = []
    tested = rows[seen_from:].tolist()
    for row, after in zip_longest(tested, tested[1:]):
        seen = returns.until(returns.dates[row].astype(object), max(one.window for one in study.estimators))
        hold = study.schedule.horizon if after is None else after - row
        length = max(hold, study.schedule.horizon)
        try:
            decision = decide(study, seen, recorder.positions)
            recorder.add(row, decision, gains.matrix[row + 1 : row + 1 + length], hold)
        except MissingPackage:
            raise  # it is missing on every date
        except (InputError, ModelError) as error:
            failed.append((seen.as_of, error))
    notes = _left_out(failed, len(tested))
    if seen_from:
        notes.append(f"Left out, with fewer than {MIN_PERIODS} days before them: {seen_from} dates.")
    if unfollowed:
        notes.append(
            f"Left out, with fewer than {study.schedule.horizon} days after them: {unfollowed} dates."
        )
    if not recorder.rows:
        all_model_errors = failed and all(isinstance(error, ModelError) for _, error in failed)
        covered = f"The prices cover {study.prices.dates[0]} to {study.prices.dates[-1]}."
        msg = " ".join(["There is no rebalance date to test.", *notes, covered])
        raise (ModelError if all_model_errors else InputError)(msg)
    return recorder.end(notes)


def _left_out(failed: Sequence[tuple[date | None, BetaNeutralError]], tested: int) -> list[str]:
    """Return notes on the dates without an answer, by kind of error, with the first reason of each kind."""
    kinds: dict[tuple[object, ...], list[tuple[date | None, BetaNeutralError]]] = {}
    for one in failed:
        _, error = one
        kinds.setdefault((type(error), error.tickers, NUMBER.sub("", str(error))), []).append(one)
    return [
        f"Left out, {len(same)} of {tested} dates: {listing([str(day) for day, _ in same])}. "
        f"{'The first reason: ' if len(same) > 1 else ''}{same[0][1]}"
        for same in kinds.values()
    ]


class _Recorder:
    """A backtest in progress; a period has a row for its date and for each of its days, by ``Backtest``."""

    def __init__(self, study: Study, returns: Returns) -> None:
        self.study, self.all = study, returns
        self.strategies = tuple((m, e.label) for m in study.methods for e in study.estimators)
        self.rows: list[int] = []
        self.periods: list[dict[str, Any]] = []
        self.reasons: dict[Strategy, str] = {}
        self.held: FloatArray | None = None
        self.absent: Counter[str] = Counter()
        self.scaled = (1.0, "", "")
        self.unpriced: Counter[str] = Counter()
        self.partial: list[str] = []
        self.short = 0

    def add(self, row: int, decision: Decision, after: FloatArray, hold: int) -> None:
        """Record a decision and its outcome; the first ``hold`` days of ``after`` are up to the next date."""
        study, horizon = self.study, self.study.schedule.horizon
        w, f = decision.weights, decision.etf_weights
        gains = np.nan_to_num(after)  # unlisted names are not held
        measured = self._measured(row, f)
        targets = self._targets(gains[:horizon][measured], f)
        foreseen = foresee(w, f, gains[:horizon][measured], targets)
        x = np.column_stack([decision.new_weights.get(strategy, foreseen) for strategy in self.strategies])
        count = len(self.strategies)
        portfolios, hedged, etfs = np.column_stack([x, f, w]), slice(count), slice(count, -1)
        names = [f"{method} by {label}" for method, label in self.strategies]
        horizon_path = follow(portfolios, gains[:horizon], study.holding, names)
        path = horizon_path if hold == horizon else follow(portfolios, gains[:hold], study.holding, names)
        self._require_movement(horizon_path.returns[measured, etfs])
        beta, error = slopes(horizon_path.returns[measured, hedged], horizon_path.returns[measured, etfs])
        before = w[:, None] if self.held is None else self.held
        of_date = {
            "beta": beta,
            "standard_error": error,
            "target_beta": targets,
            "infeasible": [strategy in decision.infeasible for strategy in self.strategies],
            "turnover": np.abs(x - before).sum(axis=0) / 2.0 + path.turnover[hedged],
            "gross": np.abs(x).sum(axis=0),
            "inside": self._inside(decision, gains[:horizon][measured], (beta, error), f),
        }
        of_days = {
            "days": self.all.dates[row + 1 : row + 1 + hold],
            "returns": path.returns[:, hedged],
            "etf_returns": path.returns[:, etfs],
            "unhedged": path.returns[:, -1],
        }
        self.rows.append(row)
        self.periods.append({name: np.array([one]) for name, one in of_date.items()} | of_days)
        self.held = path.weights[:, hedged]
        self.reasons = {**decision.infeasible, **self.reasons}
        if not measured.all():
            self.partial.append(f"{self.all.dates[row]} ({int(measured.sum())})")
        self._count_gaps(decision, row, hold)

    @property
    def positions(self) -> dict[Strategy, FloatArray] | None:
        """What each strategy holds, drifted from its last weights; None before the first date."""
        if self.held is None:
            return None
        return dict(zip(self.strategies, self.held.T, strict=True))

    def _inside(
        self,
        decision: Decision,
        after: FloatArray,
        realised: tuple[FloatArray, FloatArray],
        etf_weights: FloatArray,
    ) -> FloatArray:
        """Return the shares of realised betas inside their intervals, shape (P, K, 4); NaN without any."""
        found = np.full((len(self.strategies), len(self.study.etfs), 4), math.nan)
        if not self.study.intervals:
            return found
        beta, error = realised
        by_estimator = {
            label: self._names_inside(names, after, etf_weights)
            for label, names in decision.name_forecasts.items()
        }
        for p, strategy in enumerate(self.strategies):
            if strategy not in decision.forecasts:
                continue
            for k, one in enumerate(decision.forecasts[strategy]):
                found[p, k, :2] = _inside_of([one], beta[p, [k]], error[p, [k]])
            found[p, :, 2:] = by_estimator[strategy[1]]
        return found

    def _names_inside(
        self, names: Mapping[str, tuple[BetaForecast, ...]], after: FloatArray, etf_weights: FloatArray
    ) -> FloatArray:
        """Return the shares of the names' realised betas inside their intervals, shape (K, 2)."""
        rows = positions_of(tuple(names), self.all.tickers)
        beta, error = slopes(after[:, rows], after @ etf_weights)
        return np.array(
            [
                _inside_of([one[k] for one in names.values()], beta[:, k], error[:, k])
                for k in range(etf_weights.shape[1])
            ]
        )

    def _measured(self, row: int, etf_weights: FloatArray) -> BoolArray:
        """Return the mask (H,) of the days of the horizon on which every ETF and target ticker has a return.

        A price carried forward gives a position's value, but no return to measure a beta with.
        """
        names = [*(etf.name for etf in self.study.etfs), *self.study.benchmarks]
        ones = [np.array(self.all.tickers) == ticker for ticker in self.study.benchmarks]
        weights = np.abs(np.column_stack([etf_weights, *ones]))
        horizon = self.study.schedule.horizon
        priced = np.isfinite(self.all.matrix[row + 1 : row + 1 + horizon])
        moved = priced @ weights >= MIN_PRICED_SHARE * weights.sum(axis=0)
        measured: BoolArray = moved.all(axis=1)
        if measured.sum() < max(MIN_PRICED_SHARE * horizon, FITTED_PARAMETERS + 1):
            counts = moved.sum(axis=0).tolist()
            fewest = [name for name, count in zip(names, counts, strict=True) if count == min(counts)]
            msg = (
                f"{listing(fewest)} has returns on {min(counts)} of the {horizon} days after, too few for a "
                "beta over them. Give its later prices, or an earlier end."
            )
            raise MissingValue(msg, tickers=fewest)
        return measured

    def _require_movement(self, etf_returns: FloatArray) -> None:
        constant = np.ptp(etf_returns, axis=0) == 0.0
        if constant.any():
            names = [etf.name for etf, flat in zip(self.study.etfs, constant, strict=True) if flat]
            msg = (
                f"ETF {listing(names)} does not move over the {len(etf_returns)} days after, so no beta "
                "to it can be measured. Check its prices."
            )
            raise UndefinedBeta(msg, tickers=names)

    def _targets(self, after: FloatArray, etf_weights: FloatArray) -> FloatArray:
        """Return the target for each ETF, shape (K,); for a ticker, its beta over the days."""
        targets = np.zeros(len(self.study.targets))
        for k, one in enumerate(self.study.targets):
            if isinstance(one, str):
                own = after[:, self.all.tickers.index(one)]
                targets[k] = slopes(own[:, None], after @ etf_weights[:, [k]])[0].item()
            else:
                targets[k] = one
        return targets

    def _count_gaps(self, decision: Decision, row: int, hold: int) -> None:
        self.absent.update(decision.absent)
        largest = max((factor, what, str(self.all.dates[row])) for what, factor in decision.scaled.items())
        if largest[0] > self.scaled[0]:
            self.scaled = largest
        self.short += decision.days < min(one.window for one in self.study.estimators)
        held = np.flatnonzero(decision.weights.astype(bool) | decision.etf_weights.any(axis=1))
        missing = np.isnan(self.all.matrix[row + 1 : row + 1 + hold, held]).sum(axis=0)
        self.unpriced.update({self.all.tickers[i]: int(n) for i, n in zip(held, missing, strict=True) if n})

    def end(self, notes: list[str]) -> Backtest:
        """Return the result."""
        measured = {name: np.concatenate([one[name] for one in self.periods]) for name in self.periods[0]}
        warnings, own = self._warnings(), self._notes(measured["infeasible"])
        return Backtest(
            study=self.study,
            strategies=self.strategies,
            dates=self.all.dates[self.rows],
            **measured,
            notes=(*self.study.notes, *self.study.prices.warnings, *warnings, *notes, *own),
        )

    def _warnings(self) -> tuple[str, ...]:
        """Return warnings on the prices of the study's names, over the days seen or held."""
        study_names = set(self.study.names)
        begin = max(0, self.rows[0] + 1 - max(one.window for one in self.study.estimators))
        end = self.rows[-1] + max(len(self.periods[-1]["days"]), self.study.schedule.horizon)
        seen = self.all.until(self.all.dates[end].astype(object), end + 1 - begin)
        return seen.select([ticker for ticker in seen.tickers if ticker in study_names]).warnings

    def _notes(self, infeasible: BoolArray) -> list[str]:
        n = len(self.rows)
        factor, what, day = self.scaled
        most = f", by a factor of {factor:.2f} at most ({what} on {day})" if day else ""
        rescaled = self.study.absent is Absent.RESCALE
        instead = f"the others are scaled up{most}" if rescaled else "replaced by cash"
        lines = []
        if self.short:
            lines.append(
                f"On {self.short} of {n} dates the estimators saw fewer days than their windows hold."
            )
        if self.partial:
            lines.append(
                f"On {len(self.partial)} of {n} dates betas are measured on fewer than "
                f"{self.study.schedule.horizon} days, those on which every ETF has a return: "
                f"{listing(self.partial)}."
            )
        if self.absent:
            names = [f"{ticker} ({count} of {n})" for ticker, count in self.absent.most_common()]
            windows = {one.window for one in self.study.estimators}
            where = f"the shortest window of {min(windows)} days" if len(windows) > 1 else "the window"
            lines.append(
                f"Not tradable on some dates, without {MIN_PERIODS} returns in {where} or one on the last "
                f"{RECENT_DAYS} days: {listing(names)}; {instead}."
            )
        for (method, label), dates in zip(self.strategies, infeasible.T, strict=True):
            if dates.any():
                days = [str(self.all.dates[self.rows[i]]) for i in np.flatnonzero(dates)]
                lines.append(
                    f"{method} by {label}: no weights found that keep the limits on {len(days)} of {n} "
                    f"dates, on which the portfolio is left as it is: {listing(days)}. "
                    f"The first reason: {self.reasons[method, label]}"
                )
        if self.unpriced:
            names = [f"{ticker} ({count})" for ticker, count in self.unpriced.most_common()]
            lines.append(f"Days held without a return: {listing(names)}; the last price is carried forward.")
        return lines


def _inside_of(forecasts: Sequence[BetaForecast], beta: FloatArray, error: FloatArray) -> list[float]:
    """Return the shares of realised betas, shape (N,), within intervals of 68 % and 95 %; NaN without any."""
    shares = []
    for level in (0.68, 0.95):
        widths = [one.half_width(level, se) for one, se in zip(forecasts, error.tolist(), strict=True)]
        predicted = [one.beta for one in forecasts]
        known = np.isfinite(widths)
        near = np.abs(beta - predicted) <= np.nan_to_num(widths)
        shares.append(float(near[known].mean()) if known.any() else math.nan)
    return shares


def _mean_known(values: FloatArray) -> FloatArray:
    """Return the mean over the first axis of what is no NaN; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, mean, math.nan)


def _annual(daily: FloatArray) -> float:
    return float(daily.std(ddof=1)) * math.sqrt(TRADING_DAYS)
