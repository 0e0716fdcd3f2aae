"""Walk-forward backtest of covariance estimators: realised betas of hedges on real prices.

Run from the repository's root, with the real prices in ``../shared/data``::

    python tests/benchmarks/estimator_evidence.py                  # print the tables
    python tests/benchmarks/estimator_evidence.py --write docs/estimators.md

At each month's last day an estimator gets the window of returns up to that day. Every portfolio is
hedged with every ETF by the estimated beta (``x = w - beta f``). The realised beta is the slope of the
hedged portfolio on the ETF over the next 21 days, which should be zero. Estimators are selected on half
of the portfolios in the first half of the months, and confirmed on the other half of both.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.backtest import Schedule
from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.engine.estimators.fitting import ESTIMATORS
from betaneutral_xl.engine.estimators.window import Window
from betaneutral_xl.engine.regression import slopes
from betaneutral_xl.model.provenance import digest
from betaneutral_xl.model.returns import Returns
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.prices import join, load_prices

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

HORIZON = 21
FIRST, LAST = np.datetime64("2021-12-31"), np.datetime64("2026-06-30")
TABLE_FROM = np.datetime64("2022-12-30")
"""The design's own table begins a month later, with January 2023 as its first month held."""
SPLIT = np.datetime64("2024-03-28")
SEEN = 200
"""Minimum number of returns in the window for a name of a constructed portfolio."""

RANDOM = 4
"""Number of random portfolios of 30 names, and of 8 names."""

SHUFFLES = 5
"""Number of random permutations of the days."""

HIDDEN = (21, 63, 126)
"""Days left of a name whose listing is simulated as late."""

BASELINE = "sample, 504 days"
CHOSEN = "volatility_scaled, half-life 63 (the default)"

CANDIDATES: dict[str, tuple[str, int, dict[str, Any]]] = {
    BASELINE: ("sample", 504, {}),
    "sample, 252 days": ("sample", 252, {}),
    "sample, 126 days": ("sample", 126, {}),
    "exponential, half-life 126": ("exponential", 504, {"half_life": 126.0}),
    "exponential, half-life 63": ("exponential", 504, {"half_life": 63.0}),
    "exponential, half-life 21": ("exponential", 504, {"half_life": 21.0}),
    "exponential, half-life 10": ("exponential", 504, {"half_life": 10.0}),
    "volatility_scaled, half-life 252": ("volatility_scaled", 504, {"half_life": 252.0}),
    "volatility_scaled, half-life 126": ("volatility_scaled", 504, {"half_life": 126.0}),
    "volatility_scaled, half-life 90": ("volatility_scaled", 504, {"half_life": 90.0}),
    CHOSEN: ("volatility_scaled", 504, {"half_life": 63.0}),
    "volatility_scaled, half-life 42": ("volatility_scaled", 504, {"half_life": 42.0}),
    "volatility_scaled, half-life 21": ("volatility_scaled", 504, {"half_life": 21.0}),
    "volatility_scaled, 63, scale over 2": ("volatility_scaled", 504, {"scale_half_life": 2.0}),
    "volatility_scaled, 63, scale over 10": ("volatility_scaled", 504, {"scale_half_life": 10.0}),
    "volatility_scaled, 63, scale over 21": ("volatility_scaled", 504, {"scale_half_life": 21.0}),
    "two_speed, 126 and 21": ("two_speed", 504, {}),
    "two_speed, 126 and 63": ("two_speed", 504, {"volatility_half_life": 63.0}),
    "ledoit_wolf": ("ledoit_wolf", 504, {}),
    "ledoit_wolf_single_factor": ("ledoit_wolf_single_factor", 504, {}),
    "nonlinear": ("nonlinear", 504, {}),
    "oas": ("oas", 504, {}),
    "statistical_factors, 5": ("statistical_factors", 504, {"components": 5}),
    "statistical_factors, 10": ("statistical_factors", 504, {"components": 10}),
    "statistical_factors, 20": ("statistical_factors", 504, {"components": 20}),
    "statistical_factors, 10, days not scaled": ("statistical_factors", 504, {"scaled": False}),
    "single_index (Vasicek), half-life 126": ("single_index", 504, {}),
}

ETFS = ("AIQ", "BOTZ", "SMH", "QQQ", "IWV")

SECTORS = {
    "software": "MSFT ORCL ADBE CRM NOW INTU WDAY SNPS CDNS ADSK PANW CRWD DDOG TEAM SNOW",
    "semiconductors": "NVDA AVGO LRCX KLAC MU AMAT MRVL NXPI QCOM TXN ADI MCHP ON AMD INTC",
    "financials": "JPM BAC WFC C GS MS SCHW BLK BX KKR AXP COF TFC",
    "health": "UNH JNJ MRK ABBV PFE LLY ABT TMO DHR MDT SYK BSX ISRG",
    "energy": "XOM CVX COP MPC KMI OKE EQT BKR FANG WMB",
    "staples": "KO PEP PG WMT COST PM MO CL MDLZ KDP",
    "industrials": "HON CAT GE DE UNP UPS FDX MMM LMT RTX NOC GD ETN EMR",
}

SUSPECT = {"CD"}
"""Ticker that belongs to another company in the prices (coverage.md)."""


@dataclass(frozen=True)
class Month:
    """One date: the estimation window, portfolios and ETFs, and the returns after it."""

    day: np.datetime64
    window: Window
    weights: FloatArray  # (N, P)
    baskets: FloatArray  # (N, K)
    future: FloatArray  # (21, N)


@dataclass(frozen=True)
class Measured:
    """Realised betas and their statistics, each of shape (months, portfolios, ETFs)."""

    beta: FloatArray
    noise: FloatArray  # squared standard error of the realised beta
    predicted: FloatArray  # squared standard error predicted by the estimate
    variance: FloatArray  # of the hedged portfolio: realised over predicted


def main() -> None:
    """Measure, print, and optionally write the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--write", metavar="PAGE", help="put the tables between the page's marks")
    args = parser.parse_args()
    begun = time.perf_counter()
    returns = load_returns()
    own = [month for month in months(returns, only_sample=True) if month.day >= TABLE_FROM]
    everything = months(returns, only_sample=False)
    text = "\n\n".join([sample_table(own), *comparison(everything), shuffled_table(returns), late_table(own)])
    text += f"\n\nMeasured in {time.perf_counter() - begun:.0f} s, {len(CANDIDATES)} estimates a month.\n"
    sys.stdout.write(text)
    if args.write:
        insert(Path(args.write), text)


def load_returns() -> Returns:
    """Read the two price panels; ETFs are treated as names."""
    stocks, etfs = (load_prices(SHARED / "prices" / f"{name}.csv.gz") for name in ("panel", "etf_panel"))
    return join([stocks, etfs.select(list(ETFS))]).returns()


def weights_in(path: Path, column: str) -> dict[str, float]:
    """Read weights by ticker."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {normalise(row["ticker"]): float(row[column]) for row in csv.DictReader(file)}


def months(returns: Returns, *, only_sample: bool) -> list[Month]:
    """Return the month-ends that have 21 days after them."""
    fund = weights_in(SHARED / "silverfund" / "quant_paper_weights_2025-11-18.csv", "weight")
    basket = weights_in(SHARED / "silverfund" / "jhai_constituents.csv", "weight")
    dates = returns.dates
    ends, _ = Schedule(start=FIRST.astype(object), end=LAST.astype(object), horizon=HORIZON).rows(dates)
    found = []
    for end in ends:
        seen = returns.until(dates[end].astype(object), WINDOW)
        enough = seen.observed >= HORIZON
        eligible = set(fund) | set(basket) if only_sample else set(seen.tickers)
        names = tuple(t for t, ok in zip(seen.tickers, enough, strict=True) if ok and t in eligible - SUSPECT)
        window = Window.of(names, seen.select(names).matrix)
        books = {"sample": fund} if only_sample else portfolios(window, fund)
        etfs = {"JHAI": basket} | ({} if only_sample else {name: {name: 1.0} for name in ETFS})
        window = only(window, {ticker for book in (*books.values(), *etfs.values()) for ticker in book})
        columns = [returns.tickers.index(t) for t in window.tickers]
        future = np.nan_to_num(returns.matrix[end + 1 : end + 1 + HORIZON, columns])
        w, f = on_names(books, window.tickers), on_names(etfs, window.tickers)
        found.append(Month(dates[end], window, w, f, future))
    return found


def portfolios(window: Window, fund: dict[str, float]) -> dict[str, dict[str, float]]:
    """Return the portfolios of a month from its window; random ones are the same every month."""
    seen = np.isfinite(window.returns).sum(axis=0) >= min(SEEN, window.days)
    names = [t for t, ok in zip(window.tickers, seen, strict=True) if ok and t not in ETFS]
    columns = [window.tickers.index(t) for t in names]
    r = window.complete[:, columns]
    volatility, momentum = r[-252:].std(axis=0), r[-252:-21].sum(axis=0)
    equal = {
        **{sector: tickers.split() for sector, tickers in SECTORS.items()},
        "low volatility": [names[i] for i in np.argsort(volatility)[:30]],
        "high volatility": [names[i] for i in np.argsort(-volatility)[:30]],
        "momentum": [names[i] for i in np.argsort(-momentum)[:30]],
        "losers": [names[i] for i in np.argsort(momentum)[:30]],
    }
    books = {"sample": fund} | {name: dict.fromkeys(members, 1.0) for name, members in equal.items()}
    for number in range(RANDOM):
        rng = np.random.default_rng(number)
        drawn = {digest(f"{number} {ticker}".encode()): ticker for ticker in names}
        picked = [drawn[lot] for lot in sorted(drawn)]
        books[f"random 30, {number + 1}"] = dict.fromkeys(picked[:30], 1.0)
        shares = rng.dirichlet(np.ones(8))
        books[f"random 8, {number + 1}"] = dict(zip(picked[30:38], shares.tolist(), strict=True))
    return books


def on_names(books: dict[str, dict[str, float]], names: Sequence[str]) -> FloatArray:
    """Return weights over the names, each portfolio normalised to sum to 1."""
    place = {t: i for i, t in enumerate(names)}
    matrix = np.zeros((len(names), len(books)))
    for column, book in enumerate(books.values()):
        for ticker, weight in book.items():
            if ticker in place:
                matrix[place[ticker], column] = weight
    return np.asarray(matrix / matrix.sum(axis=0))


def measure(found: Sequence[Month], candidate: str) -> Measured:
    """Hedge every portfolio with every ETF by one estimator, and measure the following months."""
    method, days, options = CANDIDATES[candidate]
    betas, noises, predictions, variances = [], [], [], []
    for month in found:
        window = last_days(month.window, days)
        estimate = ESTIMATORS[method](window, **options)
        w, f = month.weights, month.baskets
        vf = estimate.form.matvec(f)
        variance = np.einsum("nk,nk->k", f, vf)
        beta = w.T @ vf / variance
        own = np.einsum("np,np->p", w, estimate.form.matvec(w))[:, None]
        predictions.append((own / variance - beta**2) / (estimate.effective_days - 2))
        x = (month.future @ w)[:, :, None] - beta * (month.future @ f)[:, None, :]
        variances.append(x.var(axis=0, ddof=1) / (own - beta**2 * variance))
        realised, error = slopes(month.future @ w, month.future @ f)
        betas.append(realised - beta)
        noises.append(error**2)
    return Measured(np.array(betas), np.array(noises), np.array(predictions), np.array(variances))


def only(window: Window, tickers: set[str]) -> Window:
    """Return the window restricted to some names."""
    keep = [i for i, ticker in enumerate(window.tickers) if ticker in tickers]
    return Window(
        tuple(window.tickers[i] for i in keep),
        window.returns[:, keep],
        window.complete[:, keep],
        window.unexplained[keep],
    )


def last_days(window: Window, days: int) -> Window:
    """Return the last days of a window."""
    if days >= window.days:
        return window
    return Window(window.tickers, window.returns[-days:], window.complete[-days:], window.unexplained)


def rms(values: FloatArray, axis: int | None = None) -> Any:
    """Return the root mean square."""
    return np.sqrt((values**2).mean(axis=axis))


def sample_table(found: Sequence[Month]) -> str:
    """Return the table of the sample portfolio against the constituents' basket."""
    lines = [
        f"The sample portfolio against the constituents' basket, {len(found)} months, "
        f"{found[0].day} to {found[-1].day}; estimated on the names of the two alone:",
        "",
        "| estimator | mean | RMS | of which noise | RMS / error bar | volatility, realised / promised |",
        "|---|---|---|---|---|---|",
    ]
    for name in CANDIDATES:
        m = measure(found, name)
        bar = rms(m.beta[:, 0, 0] / np.sqrt(m.noise + m.predicted)[:, 0, 0])
        numbers = f"{m.beta.mean():+.3f} | {rms(m.beta):.3f} | {math.sqrt(m.noise.mean()):.3f}"
        lines.append(f"| {name} | {numbers} | {bar:.2f} | {math.sqrt(m.variance.mean()):.2f} |")
    return "\n".join(lines)


def comparison(found: Sequence[Month]) -> list[str]:
    """Return the tables over all portfolios and ETFs: choice, confirmation, and by portfolio."""
    early = np.array([month.day <= SPLIT for month in found])
    even = np.arange(found[0].weights.shape[1]) % 2 == 0
    measured = {name: measure(found, name) for name in CANDIDATES}
    base = measured[BASELINE]
    pairs = base.beta.shape[1] * base.beta.shape[2]
    head = (
        f"{base.beta.shape[1]} portfolios against {base.beta.shape[2]} ETFs ({pairs} pairs), "
        f"{len(found)} months, {found[0].day} to {found[-1].day}. *Choice*: every other portfolio, months "
        f"to {SPLIT}; *confirmation*: the other portfolios, the months after. RMS relative to {BASELINE}, "
        "the geometric mean over pairs:"
    )
    lines = [
        head,
        "",
        "| estimator | choice | confirmation | all | pairs worse | worst pair | mean | RMS | noise |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, m in measured.items():
        cells = [
            ratio(m.beta[early][:, even], base.beta[early][:, even]),
            ratio(m.beta[~early][:, ~even], base.beta[~early][:, ~even]),
            ratio(m.beta, base.beta),
        ]
        each = rms(m.beta, 0) / rms(base.beta, 0)
        worse = f"{(each > 1 + 1e-9).mean():.0%} | {each.max():.2f}"
        numbers = f"{m.beta.mean():+.3f} | {rms(m.beta):.3f} | {math.sqrt(m.noise.mean()):.3f}"
        lines.append(f"| {name} | {' | '.join(f'{c:.3f}' for c in cells)} | {worse} | {numbers} |")
    return ["\n".join(lines), by_portfolio(measured[CHOSEN], base, found)]


def ratio(ours: FloatArray, base: FloatArray) -> float:
    """Return the geometric mean over pairs of the ratio of the RMS over months."""
    return float(np.exp(np.log(rms(ours, 0) / rms(base, 0)).mean()))


def by_portfolio(ours: Measured, base: Measured, found: Sequence[Month]) -> str:
    """Return the RMS of the default and of the baseline for each portfolio and ETF."""
    books = list(portfolios(found[-1].window, {}))
    etfs = ("JHAI", *ETFS)
    lines = [
        f"RMS of the realised beta, {CHOSEN} / {BASELINE}, the same months:",
        "",
        "| portfolio | " + " | ".join(etfs) + " |",
        "|---|" + "---|" * len(etfs),
    ]
    mine, theirs = rms(ours.beta, 0), rms(base.beta, 0)
    for p, book in enumerate(books):
        cells = " | ".join(f"{a:.2f} / {b:.2f}" for a, b in zip(mine[p], theirs[p], strict=True))
        lines.append(f"| {book} | {cells} |")
    noise = np.sqrt(ours.noise.mean(axis=(0, 1)))
    lines.append("| *noise* | " + " | ".join(f"*{n:.2f}*" for n in noise) + " |")
    return "\n".join(lines)


def shuffled_table(returns: Returns) -> str:
    """Return the table on shuffled days, where betas and volatilities are constant."""
    names = [BASELINE, "exponential, half-life 63", CHOSEN, "volatility_scaled, 63, scale over 21"]
    found: dict[str, list[FloatArray]] = {name: [] for name in names}
    for seed in range(SHUFFLES):
        order = np.random.default_rng(seed).permutation(len(returns.dates))
        mixed = Returns(returns.tickers, returns.dates, returns.matrix[order], returns.provenance)
        late = [month for month in months(mixed, only_sample=True) if month.day >= TABLE_FROM]
        for name in names:
            found[name].append(measure(late, name).beta)
    lines = [
        f"The same portfolio and basket on the same days in random order ({SHUFFLES} orders), where betas "
        "and volatilities are constant and any memory but the longest is a loss:",
        "",
        "| estimator | mean | RMS |",
        "|---|---|---|",
    ]
    for name, parts in found.items():
        beta = np.concatenate(parts)
        lines.append(f"| {name} | {beta.mean():+.3f} | {rms(beta):.3f} |")
    return "\n".join(lines)


def late_table(found: Sequence[Month]) -> str:
    """Return the table of predicted betas of single names with only their last days visible."""
    method, _, options = CANDIDATES[CHOSEN]
    lines = [
        "Betas of single names of the sample portfolio to the basket over the next 21 days, six names drawn "
        "each month, all but their last days hidden. Mean and RMS of realised less predicted beta:",
        "",
        "| days left | nothing hidden | completed (`model`) | zeros instead | those days of all names |",
        "|---|---|---|---|---|",
    ]
    for left in HIDDEN:
        errors: list[list[FloatArray]] = [[], [], [], []]
        for number, month in enumerate(found):
            w, basket = month.window, month.baskets
            usable = np.flatnonzero(~w.empty.any(axis=0) & (month.weights[:, 0] > 0.0))
            drawn = np.random.default_rng(number).choice(usable, 6, replace=False)
            holed = w.returns.copy()
            holed[:-left, drawn] = np.nan
            zeros = np.nan_to_num(holed)
            windows = (
                w,
                Window.of(w.tickers, holed),
                Window(w.tickers, zeros, zeros, np.zeros(len(w.tickers))),
                last_days(w, left),
            )
            realised, _ = slopes(month.future[:, drawn], month.future @ basket)
            for part, window in zip(errors, windows, strict=True):
                vf = ESTIMATORS[method](window, **options).form.matvec(basket)
                part.append(realised - (vf / (basket.T @ vf))[drawn])
        cells = [f"{np.mean(part):+.2f}, {rms(np.array(part)):.2f}" for part in errors]
        lines.append(f"| {left} | {' | '.join(cells)} |")
    return "\n".join(lines)


def insert(page: Path, text: str, what: str = "measured") -> None:
    """Replace the text between the page's two markers by the tables."""
    begin, end = f"<!-- {what}: begin -->", f"<!-- {what}: end -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{text}{end}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
