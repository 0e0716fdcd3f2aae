"""Comparison of the default estimator with others on random portfolios: tables of docs/evidence.md.

Run from the repository's root, with the real prices in ``../shared/data``::

    python tests/benchmarks/estimator_search.py --write docs/evidence.md
    python tests/benchmarks/estimator_search.py --prices OTHER.csv.gz --write docs/evidence.md --mark british

Two hundred random portfolios, half of them of correlated names, are hedged with 24 ETFs on each month's
last day, and the slope over the next 21 days is measured. The names are split into two halves without
shared names, and the years into even and odd, so that a choice on one part can be tested on the others.
On a file of other prices the baskets are random as well.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from estimator_evidence import SHARED, SUSPECT, TABLE_FROM, insert, on_names, rms, weights_in

from betaneutral_xl.engine.backtest import Schedule
from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.engine.estimators.factor import statistical_factors
from betaneutral_xl.engine.estimators.historical import (
    LEVEL,
    MIN_SCALE,
    SCALE,
    day_scale,
    scaled_days,
    weighted,
)
from betaneutral_xl.engine.estimators.window import Window
from betaneutral_xl.engine.regression import decaying_weights, slopes
from betaneutral_xl.model.provenance import digest
from betaneutral_xl.model.risk import Factors
from betaneutral_xl.readers.prices import join, load_prices

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.returns import Returns
    from betaneutral_xl.model.risk import CovarianceOperator

HORIZON = 21
BOOKS = 100
"""Number of random portfolios of each half of the names."""

BASKETS = 6
"""Number of baskets on a file of other prices; the first has all names, the others are random."""

BEYOND = 2.0
"""Paired t statistic beyond which a difference counts as significant."""

ETFS = (
    *("AIQ", "BOTZ", "SMH", "SOXX", "QQQ", "SPY", "IWV", "RSP", "IWM", "IWD", "MTUM", "VLUE", "USMV"),
    *("XLK", "XLF", "XLV", "XLE", "XLI", "XLP", "XLY", "ARKK", "IGV", "CIBR"),
)


def memories(window: Window, *pairs: tuple[float, float], scale: float = SCALE) -> Factors:
    """Weight scaled days by a mixture of half-lives, each with its share."""
    q = sum(share * decaying_weights(window.days, half_life) for half_life, share in pairs)
    return scaled_days(window, np.asarray(q), scale, LEVEL)


def by_scale(window: Window, scale: FloatArray) -> Factors:
    """Weight days divided by another scale, with the default's half-life."""
    q = decaying_weights(window.days, 63.0)
    return weighted(window, window.complete / scale[:, None], q, window.lost_variance(q / scale**2))


def to_the_power(window: Window, power: float) -> Factors:
    """Divide days by a power of their scale."""
    return by_scale(window, day_scale(window.complete, SCALE) ** power)


def before(window: Window) -> Factors:
    """Divide each day by the scale of the days before it."""
    scale = day_scale(window.complete, SCALE)
    return by_scale(window, np.concatenate([scale[:1], scale[:-1]]))


def dispersed(window: Window) -> Factors:
    """Divide each day by the cross-sectional dispersion of names instead of their common scale."""
    usual = np.median(np.abs(window.complete), axis=0)
    z = window.complete[:, usual > 0.0] / usual[usual > 0.0]
    apart = day_scale(z - np.median(z, axis=1)[:, None], SCALE)
    return by_scale(window, np.maximum(apart, MIN_SCALE * float(np.median(apart))))


def winsorised(window: Window, most: float = 3.0) -> Factors:
    """Winsorise scaled returns at a number of robust standard deviations of each name."""
    q, scale = decaying_weights(window.days, 63.0), day_scale(window.complete, SCALE)
    z = window.complete / scale[:, None]
    limit = most * 1.4826 * np.median(np.abs(z), axis=0)
    return weighted(window, np.clip(z, -limit, limit), q, window.lost_variance(q / scale**2))


def own_volatilities(window: Window) -> Factors:
    """Estimate volatilities with a half-life of 63 days and correlations with one of 252."""
    long, short = (memories(window, (days, 1.0)) for days in (252.0, 63.0))
    was = long.variances()
    ratio = np.sqrt(np.divide(short.variances(), was, out=np.ones_like(was), where=was > 0.0))
    return Factors(long.loadings * ratio[:, None], long.specific_variance * ratio**2)


def averaged(window: Window, share: float) -> Factors:
    """Average the default with equal weights, at the same mean variance."""
    q = np.full(window.days, 1.0 / window.days)
    parts = (weighted(window, window.complete, q), memories(window, (63.0, 1.0)))
    loadings, lost = [], np.zeros(len(window.tickers))
    for one, weight in zip(parts, (share, 1.0 - share), strict=True):
        factor = weight / one.variances().mean()
        loadings.append(one.loadings * math.sqrt(factor))
        lost += one.specific_variance * factor
    return Factors(np.hstack(loadings), lost)


def steady_axes(window: Window, count: int = 5, share: float = 0.5) -> Factors:
    """Estimate variances of principal components with a half-life of 42 days, their axes with one of 252.

    Orthogonal GARCH (Alexander, 2001) with exponential weights, weighted by ``share``; the rest has a
    half-life of 42 days only.
    """
    scale = day_scale(window.complete, SCALE)
    z = window.complete / scale[:, None]
    long, q = (decaying_weights(window.days, half_life) for half_life in (252.0, 42.0))
    centred = z - long @ z
    unit = np.sqrt(np.maximum(long @ centred**2, np.finfo(np.float64).tiny))
    g = np.sqrt(long)[:, None] * centred / unit
    values, vectors = np.linalg.eigh(g @ g.T)
    axes = g.T @ vectors[:, -count:] / np.sqrt(values[-count:])
    moved = np.sqrt(q / (1.0 - q @ q))[:, None] * (z - q @ z) / unit
    along = moved @ axes
    uncorrelated = np.sqrt((along**2).sum(axis=0))[:, None] * axes.T
    split = np.vstack([uncorrelated, moved - along @ axes.T])
    rows = np.vstack([math.sqrt(1.0 - share) * moved, math.sqrt(share) * split])
    return Factors((rows * unit).T, window.lost_variance(q / scale**2))


EQUAL, DEFAULT = "equal weights, 504 days", "**the default**"

TRIED: dict[str, Callable[[Window], CovarianceOperator]] = {
    EQUAL: lambda w: weighted(w, w.complete, np.full(w.days, 1.0 / w.days)),
    DEFAULT: lambda w: memories(w, (63.0, 1.0)),
    "half-life 42": lambda w: memories(w, (42.0, 1.0)),
    "half-life 126": lambda w: memories(w, (126.0, 1.0)),
    "half-lives 21 and 126, half each": lambda w: memories(w, (21.0, 0.5), (126.0, 0.5)),
    "half-lives 21 and 126, a third and two": lambda w: memories(w, (21.0, 1 / 3), (126.0, 2 / 3)),
    "half-lives 42 and 252, 70 % and 30 %": lambda w: memories(w, (42.0, 0.7), (252.0, 0.3)),
    "average with equal weights, half each": lambda w: averaged(w, 0.5),
    "scale smoothed over 2 days": lambda w: memories(w, (63.0, 1.0), scale=2.0),
    "scale smoothed over 10 days": lambda w: memories(w, (63.0, 1.0), scale=10.0),
    "scale smoothed over 21 days": lambda w: memories(w, (63.0, 1.0), scale=21.0),
    "scale of the days before": before,
    "scale to the power 3/2": lambda w: to_the_power(w, 1.5),
    "scale by the dispersion of names": dispersed,
    "scaled returns winsorised": winsorised,
    "own volatilities 63, correlations 252": own_volatilities,
    "variances of 5 components 42, their axes 252": steady_axes,
    "ten statistical factors": lambda w: statistical_factors(w, components=10).form,
}


@dataclass(frozen=True)
class Month:
    """One date: the window, the portfolios (N, P), the baskets (N, K), and the days after."""

    day: np.datetime64
    window: Window
    weights: FloatArray
    baskets: FloatArray
    future: FloatArray


@dataclass(frozen=True)
class Universe:
    """Portfolios and baskets by ticker, and returns; ``half`` is the half of the names of each portfolio."""

    returns: Returns
    books: dict[str, dict[str, float]]
    baskets: dict[str, dict[str, float]]
    half: FloatArray


def main() -> None:
    """Measure, print, and optionally write the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--prices", metavar="FILE", nargs="+", help="other price files, joined by date")
    parser.add_argument("--write", metavar="PAGE", help="write the table between the page's markers")
    parser.add_argument("--mark", default="tried", help="name of the markers (default: %(default)s)")
    args = parser.parse_args()
    begun = time.perf_counter()
    text = elsewhere([Path(one) for one in args.prices]) if args.prices else here()
    text += f"\n\nMeasured in {time.perf_counter() - begun:.0f} s.\n"
    sys.stdout.write(text)
    if args.write:
        insert(Path(args.write), text, args.mark)


def here() -> str:
    """Return the table of the prices in ``../shared``, with the sample portfolio against JHAI's basket."""
    stocks, etfs = (load_prices(SHARED / "prices" / f"{name}.csv.gz") for name in ("panel", "etf_panel"))
    returns = join([stocks, etfs.select([one for one in ETFS if one not in stocks.tickers])]).returns()
    names = [one for one in stocks.tickers if one not in {*ETFS, *SUSPECT}]
    fund = weights_in(SHARED / "silverfund" / "quant_paper_weights_2025-11-18.csv", "weight")
    books, half = random_books(returns, names, BOOKS)
    baskets = {"JHAI": weights_in(SHARED / "silverfund" / "jhai_constituents.csv", "weight")}
    baskets |= {one: {one: 1.0} for one in ETFS}
    universe = Universe(returns, {"sample": fund, **books}, baskets, np.concatenate([[-1.0], half]))
    found = list(months(universe, np.datetime64("2022-01-01"), np.datetime64("2026-06-30")))
    return table(universe, found)


def elsewhere(files: Sequence[Path]) -> str:
    """Return the table of other prices, portfolios and baskets both random."""
    returns = join([load_prices(file) for file in files]).returns()
    books, half = random_books(returns, returns.tickers, BOOKS // 2)
    baskets = {"all names": dict.fromkeys(returns.tickers, 1.0)}
    for number in range(1, BASKETS):
        drawn = shuffled(returns.tickers, f"basket {number}")
        baskets[f"basket {number}"] = dict.fromkeys(drawn[: max(len(drawn) // 3, 3)], 1.0)
    universe = Universe(returns, books, baskets, half)
    found = list(months(universe, returns.dates[WINDOW - 1], returns.dates[-1]))
    return table(universe, found)


def shuffled(names: Sequence[str], seed: str) -> list[str]:
    """Return names in an order that depends only on the seed."""
    return sorted(names, key=lambda name: digest(f"{seed} {name}".encode()))


def random_books(
    returns: Returns, names: Sequence[str], count: int
) -> tuple[dict[str, dict[str, float]], FloatArray]:
    """Return portfolios of each half of the names, and the half of each.

    Every other portfolio is of names correlated with one of them. The correlation uses the whole sample,
    which gives no information about future betas.
    """
    whole = [one for one in names if np.isfinite(returns.matrix[:, returns.tickers.index(one)]).all()]
    lots = shuffled(whole, "half")
    books: dict[str, dict[str, float]] = {}
    for half, members in enumerate((lots[::2], lots[1::2])):
        r = returns.select(members).matrix
        alike = np.corrcoef((r - r.mean(axis=1, keepdims=True)).T)
        rng = np.random.default_rng(half)
        for number in range(count):
            size = min(int(rng.integers(20, 61)), max(len(members) // 2, 3))
            near = np.argsort(-alike[rng.integers(len(members))])[: size * 3 // 2]
            drawn = rng.choice(near if number % 2 else len(members), size, replace=False)
            shares = np.ones(size) if number % 4 < 2 else rng.dirichlet(np.full(size, 2.0))
            books[f"{half} {number}"] = {members[i]: w for i, w in zip(drawn, shares.tolist(), strict=True)}
    return books, np.repeat([0.0, 1.0], count)


def months(universe: Universe, first: np.datetime64, last: np.datetime64) -> Iterator[Month]:
    """Yield the month-ends that have 21 days after them."""
    returns = universe.returns
    schedule = Schedule(start=first.astype(object), end=last.astype(object), horizon=HORIZON)
    for end in schedule.rows(returns.dates)[0]:
        seen = returns.until(returns.dates[end].astype(object), WINDOW)
        present = np.isfinite(seen.matrix)
        usable: BoolArray = (present.sum(axis=0) >= HORIZON) & present[-5:].any(axis=0)
        names = tuple(t for t, ok in zip(seen.tickers, usable, strict=True) if ok and t not in SUSPECT)
        window = Window.of(names, seen.select(names).matrix)
        columns = [returns.tickers.index(t) for t in names]
        future = np.nan_to_num(returns.matrix[end + 1 : end + 1 + HORIZON, columns])
        w, f = on_names(universe.books, names), on_names(universe.baskets, names)
        yield Month(returns.dates[end], window, w, f, future)


def realised(found: Sequence[Month], estimator: Callable[[Window], CovarianceOperator]) -> FloatArray:
    """Return the realised betas of all hedges, shape (months, P, K)."""
    betas = []
    for month in found:
        vf = estimator(month.window).matvec(month.baskets)
        predicted = month.weights.T @ vf / np.einsum("nk,nk->k", month.baskets, vf)
        slope, _ = slopes(month.future @ month.weights, month.future @ month.baskets)
        betas.append(slope - predicted)
    return np.array(betas)


def table(universe: Universe, found: Sequence[Month]) -> str:
    """Return every estimator's row: relative to equal weights, and to the default."""
    beta = {name: realised(found, estimator) for name, estimator in TRIED.items()}
    days = np.array([month.day for month in found])
    even = days.astype("datetime64[Y]").astype(int) % 2 == 0
    own = "sample" in universe.books
    drawn = universe.half >= 0.0
    halves = [universe.half == one for one in (0.0, 1.0)]
    pairs = int(drawn.sum()) * len(universe.baskets)
    head = (
        f"{drawn.sum()} random portfolios against {len(universe.baskets)} ETFs or baskets ({pairs} pairs), "
        f"{len(found)} months, {days[0]} to {days[-1]}:"
    )
    sample = "sample: mean | RMS | " if own else ""
    lines = [
        head,
        "",
        f"| estimator | {sample}first half of the names: even years | odd | second half: even | odd | "
        "pairs worse | 99 of 100 below | worse, t > 2 | better, t < -2 | t against the default |",
        "|---" * (12 if own else 10) + "|",
    ]
    for name, one in beta.items():
        cells = [name]
        if own:
            mine = one[days >= TABLE_FROM, 0, 0]
            cells += [f"{mine.mean():+.3f}", f"{rms(mine):.3f}"]
        for half in halves:
            for years in (even, ~even):
                part = np.ix_(years, half)
                cells.append(f"{math.exp(np.log(rms(one[part], 0) / rms(beta[EQUAL][part], 0)).mean()):.3f}")
        each = rms(one[:, drawn], 0) / rms(beta[EQUAL][:, drawn], 0)
        apart = statistic(one[:, drawn] ** 2 - beta[EQUAL][:, drawn] ** 2)
        cells += [f"{(each > 1.0 + 1e-9).mean():.1%}", f"{np.quantile(each, 0.99):.3f}"]
        cells += [f"{(apart > BEYOND).sum()}", f"{(apart < -BEYOND).sum()}"]
        scale = (beta[EQUAL][:, drawn] ** 2).mean(axis=0)
        against = ((one[:, drawn] ** 2 - beta[DEFAULT][:, drawn] ** 2) / scale).mean(axis=(1, 2))
        cells.append(f"{float(statistic(against)):+.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def statistic(values: FloatArray) -> FloatArray:
    """Return the t statistic of the mean over months; 0 where nothing differs."""
    spread = values.std(axis=0, ddof=1) / math.sqrt(len(values))
    return np.asarray(np.where(spread > 0.0, values.mean(axis=0) / np.where(spread > 0.0, spread, 1.0), 0.0))


if __name__ == "__main__":
    main()
