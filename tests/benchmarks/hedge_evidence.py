"""Walk-forward backtest of hedged portfolios: the tables and plots of docs/evidence.md.

Run from the repository's root, with the real prices in ``../shared/data``::

    python tests/benchmarks/hedge_evidence.py --write docs/evidence.md

A sweep of backtests like that of ``betaneutral-xl sweep``: the sample portfolio and eight others,
each hedged with each of six ETFs, by four estimators, over two horizons.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from estimator_evidence import BASELINE, ETFS, SECTORS, SHARED, SUSPECT, insert, rms, weights_in

from betaneutral_xl import Etf, Holdings
from betaneutral_xl.engine.backtest import Estimator, Schedule, Study, walk
from betaneutral_xl.engine.backtest.charts import draw
from betaneutral_xl.engine.backtest.sweep import COLUMNS, Cell, sweep
from betaneutral_xl.model.provenance import digest
from betaneutral_xl.readers.prices import choose, load_prices

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.returns import Prices

START, END = date(2022, 1, 1), date(2026, 6, 30)
TABLE_START = date(2023, 1, 1)
"""Start of the page's first table; from here on estimators have two years of returns."""

HORIZONS = (21, 63)

EQUAL = "sample"
ESTIMATORS = {
    "default": "the default",
    EQUAL: BASELINE,
    "sample:window=252": "sample, 252 days",
    "exponential": "exponential, half-life 63",
}

BEYOND = 2.0
"""Number of standard errors beyond which a difference counts as significant."""

Row = dict[str, Any]


def main() -> None:
    """Run the sweep, print, and optionally write the tables and plots."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument(
        "--write", metavar="PAGE", help="put the tables between the page's marks, plots beside"
    )
    parser.add_argument("--jobs", type=int, default=-1)
    args = parser.parse_args()
    begun = time.perf_counter()
    prices = (
        load_prices(SHARED / "prices" / "panel.csv.gz"),
        load_prices(SHARED / "prices" / "etf_panel.csv.gz"),
    )
    books, etfs = portfolios(prices[0]), baskets()
    cells = [
        Cell(
            name, etf.name, posed(book, etf, prices, estimator, Schedule(start=START, end=END, horizon=days))
        )
        for name, book in books.items()
        for etf in etfs
        for estimator in ESTIMATORS
        for days in HORIZONS
    ]
    with TemporaryDirectory() as folder:
        rows = [
            dict(zip(COLUMNS, row, strict=True))
            for row in sweep(cells, Path(folder) / "journal", jobs=args.jobs)
        ]
    failed = [row["error"] for row in rows if row["error"]]
    if failed:
        sys.exit(f"{len(failed)} cells failed, the first: {failed[0]}")
    sample = walk(
        Study(
            holdings=books["sample"],
            etfs=(etfs[0],),
            prices=chosen(etfs[0], prices),
            schedule=Schedule(start=TABLE_START, end=END),
            estimators=tuple(Estimator.parse(text) for text in ESTIMATORS),
        )
    )
    betas = np.array([realised(book, etf, prices) for book in books.values() for etf in etfs])
    parts = [sample_table(sample), by_horizon(rows), by_portfolio(books, etfs, betas), by_pair(rows)]
    text = "\n\n".join([*parts, worse(books, etfs, betas)])
    text += f"\n\nMeasured in {time.perf_counter() - begun:.0f} s, {len(cells)} backtests.\n"
    sys.stdout.write(text)
    if args.write:
        page = Path(args.write)
        insert(page, text)
        folder_ = page.parent / "evidence"
        folder_.mkdir(exist_ok=True)
        (folder_ / "sample.svg").write_bytes(draw(sample, "svg"))
        (folder_ / "pairs.svg").write_bytes(pairs_plot(rows))


def portfolios(prices: Prices) -> dict[str, Holdings]:
    """Return the portfolios, each of weights that sum to 1."""
    fund = weights_in(SHARED / "silverfund" / "quant_paper_weights_2025-11-18.csv", "weight")
    kept = {ticker: weight for ticker, weight in fund.items() if ticker not in SUSPECT}
    books = {"sample": kept} | {name: dict.fromkeys(text.split(), 1.0) for name, text in SECTORS.items()}
    lots = sorted(prices.tickers, key=lambda ticker: digest(f"evidence {ticker}".encode()))
    books["random 30"] = dict.fromkeys(lots[:30], 1.0)
    return {
        name: Holdings.from_weights({t: w / sum(book.values()) for t, w in book.items()}, name)
        for name, book in books.items()
    }


def baskets() -> list[Etf]:
    """Return JHAI as the basket of its constituents, and the other ETFs as their own price series."""
    jhai = weights_in(SHARED / "silverfund" / "jhai_constituents.csv", "weight")
    total = sum(jhai.values())
    first = Etf.from_weights({t: w / total for t, w in jhai.items()}, "JHAI")
    return [first, *(Etf.from_weights({name: 1.0}, name) for name in ETFS)]


@cache
def chosen(etf: Etf, prices: tuple[Prices, Prices]) -> Prices:
    """Return the prices of all stocks and of an ETF."""
    series = [] if len(etf.tickers) > 1 else list(etf.tickers)
    return choose(prices, [[t for t in prices[0].tickers if t not in series], series])


def posed(
    book: Holdings, etf: Etf, prices: tuple[Prices, Prices], estimator: str, schedule: Schedule
) -> Study:
    """Return one backtest of the sweep."""
    return Study(
        holdings=book,
        etfs=(etf,),
        prices=chosen(etf, prices),
        schedule=schedule,
        estimators=(Estimator.parse(estimator),),
        methods=("hedge", "unhedged", "perfect_foresight"),
    )


def sample_table(result: Any) -> str:
    """Return every method on the sample portfolio against the basket."""
    lines = [
        f"The sample portfolio against JHAI's basket, {len(result.dates)} months, {result.dates[0]} to "
        f"{result.dates[-1]}; beta over the next 21 days, weights drifting, 5 bp a trade:",
        "",
        "| | estimator | mean | RMS | noise | volatility | hedge effectiveness | drawdown | turnover a month "
        "| cost a year |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    first = result.study.estimators[0].label
    for method, estimator in result.strategies:
        bare = method in {"unhedged", "perfect_foresight"}
        if bare and estimator != first:
            continue
        one = result.performance((method, estimator))
        betas = one.realised_beta_mean[0], one.realised_beta_rms[0], one.noise_floor[0]
        lines.append(
            f"| {method.replace('_', ' ')} | {'' if bare else ESTIMATORS[estimator]} | {betas[0]:+.3f} | "
            f"{betas[1]:.3f} | {betas[2]:.3f} | {one.volatility:.1%} | {one.hedge_effectiveness:.0%} | "
            f"{one.max_drawdown:.0%} | {one.turnover:.1%} | {one.cost:.2%} |"
        )
    return "\n".join(lines)


def hedges(rows: list[Row], estimator: str, horizon: int, method: str = "hedge") -> list[Row]:
    """Return the rows of one method, estimator and horizon, one per pair of portfolio and ETF."""
    key = (method, estimator, horizon)
    return [row for row in rows if (row["method"], row["estimator"], row["horizon"]) == key]


def by_horizon(rows: list[Row]) -> str:
    """Return mean and RMS by estimator and horizon, over all pairs and for the sample portfolio."""
    some = rows[0]
    pairs = len(hedges(rows, "default", HORIZONS[0]))
    lines = [
        f"All {pairs} pairs of portfolio and ETF, {some['n_dates']} months from {some['start']} (for 63 days "
        "those with so many after them). *Noise* is the share of the mean squared beta that is sampling "
        "error:",
        "",
        "| estimator | horizon | mean | RMS | noise floor | noise | sample portfolio: mean | RMS |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for days in HORIZONS:
        for method, estimator in (("unhedged", "default"), *(("hedge", name) for name in ESTIMATORS)):
            found = hedges(rows, estimator, days, method)
            own = [row for row in found if row["fund"] == "sample"]
            mean, root, floor = (
                np.array([row[name] for row in found])
                for name in ("realised_beta_mean", "realised_beta_rms", "noise_floor")
            )
            share = (floor**2).mean() / (root**2).mean()
            name = "no hedge" if method == "unhedged" else ESTIMATORS[estimator]
            lines.append(
                f"| {name} | {days} | {mean.mean():+.3f} | {rms(root):.3f} | {rms(floor):.3f} | "
                f"{share:.0%} | {np.mean([r['realised_beta_mean'] for r in own]):+.3f} | "
                f"{rms(np.array([r['realised_beta_rms'] for r in own])):.3f} |"
            )
    return "\n".join(lines)


def by_pair(rows: list[Row]) -> str:
    """Return the RMS of the default, of equal weights, and the noise, for each pair."""
    names = ["JHAI", *ETFS]
    table = {
        (row["fund"], row["etf"]): (row, other)
        for row, other in zip(hedges(rows, "default", 21), hedges(rows, EQUAL, 21), strict=True)
    }
    lines = [
        f"RMS of the realised 21-day beta: the default / {BASELINE} / noise floor:",
        "",
        "| portfolio | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for fund in dict.fromkeys(fund for fund, _ in table):
        cells = []
        for name in names:
            ours, equal = table[fund, name]
            root, other = ours["realised_beta_rms"], equal["realised_beta_rms"]
            mark = "**" if root > other else ""
            cells.append(f"{mark}{root:.2f} / {other:.2f}{mark} / {ours['noise_floor']:.2f}")
        lines.append(f"| {fund} | {' | '.join(cells)} |")
    return "\n".join(lines)


def by_portfolio(books: dict[str, Holdings], etfs: list[Etf], betas: FloatArray) -> str:
    """Return each portfolio's betas by the default and by equal weights, to the basket and to all ETFs."""
    lines = [
        f"Each portfolio, the default / {BASELINE}; to JHAI's basket, and to the {len(etfs)} ETFs together "
        "(root of the mean over ETFs of the squared betas). *t* is that of the paired difference of the "
        "squared betas:",
        "",
        "| portfolio | JHAI: mean | RMS | t | all: RMS | t |",
        "|---|---|---|---|---|---|",
    ]
    for fund, found in zip(books, betas.reshape(len(books), len(etfs), -1, 2), strict=True):
        mean = " / ".join(f"{one:+.3f}" for one in found[0].mean(axis=0))
        cells = [fund, mean]
        for squared in (found[0] ** 2, (found**2).mean(axis=0)):
            cells += [" / ".join(f"{root:.3f}" for root in np.sqrt(squared.mean(axis=0)))]
            cells += [f"{float(paired(squared)):+.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def worse(books: dict[str, Holdings], etfs: list[Etf], betas: FloatArray) -> str:
    """Return the pairs on which the default is worse than equal weights, with significance."""
    pairs = [(fund, etf.name) for fund in books for etf in etfs]
    squared = betas**2
    means = squared.mean(axis=1)  # (pairs, 2)
    ratio = np.sqrt(means[:, 0] / means[:, 1])
    months = squared.shape[1]
    relative = squared / means[:, None, :]
    error = ratio * (relative[:, :, 0] - relative[:, :, 1]).std(axis=1, ddof=1) / 2.0 / math.sqrt(months)
    t = paired(squared)
    lines = [
        f"The default's RMS is {np.exp(np.log(ratio).mean()):.3f} of that of {BASELINE} (geometric mean of "
        f"{len(pairs)} pairs). By the paired t statistic over {months} months it is better beyond two "
        f"standard errors on {(t < -BEYOND).sum()} pairs, and worse on {(t > BEYOND).sum()}. Its RMS is "
        f"larger, by whatever little, on {(ratio > 1.0).sum()}:",
        "",
        "| portfolio | ETF | RMS relative to equal weights | its standard error | t |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {pairs[i][0]} | {pairs[i][1]} | {ratio[i]:.3f} | {error[i]:.3f} | {t[i]:+.2f} |"
        for i in np.argsort(-ratio)
        if ratio[i] > 1.0
    ]
    return "\n".join(lines)


def paired(squared: FloatArray) -> FloatArray:
    """Return the t statistic of the default minus equal weights, (..., months, 2) to (...)."""
    apart = squared[..., 0] - squared[..., 1]
    error = apart.std(axis=-1, ddof=1) / math.sqrt(apart.shape[-1])
    return np.asarray(apart.mean(axis=-1) / error)


def realised(book: Holdings, etf: Etf, prices: tuple[Prices, Prices]) -> FloatArray:
    """Return the realised betas of one pair, by the default and by equal weights, (months, 2)."""
    study = Study(
        holdings=book,
        etfs=(etf,),
        prices=chosen(etf, prices),
        schedule=Schedule(start=START, end=END),
        estimators=(Estimator.parse("default"), Estimator.parse(EQUAL)),
        methods=("hedge",),
    )
    return walk(study).beta[:, :, 0]


def pairs_plot(rows: list[Row]) -> bytes:
    """Return a plot of all pairs: RMS of the default against that of equal weights, and the noise."""
    import io

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from betaneutral_xl.engine.backtest.charts import COLOURS, MUTED, SETTINGS

    with rc_context(SETTINGS):
        figure = Figure(figsize=(4.6, 4.4), layout="constrained")
        axes = figure.subplots()
        ours, equal = hedges(rows, "default", 21), hedges(rows, EQUAL, 21)
        x, y, floor = (
            [row[key] for row in table]
            for table, key in (
                (equal, "realised_beta_rms"),
                (ours, "realised_beta_rms"),
                (ours, "noise_floor"),
            )
        )
        most = 1.05 * max(*x, *y)
        axes.plot([0, most], [0, most], color=MUTED, linewidth=0.8)
        axes.scatter(x, y, s=14, color=COLOURS[0], label="default")
        axes.scatter(x, floor, s=10, color=MUTED, label="noise floor")
        axes.set_xlabel(f"RMS realised beta, {BASELINE}")
        axes.set_ylabel("RMS realised beta")
        axes.set(xlim=(0, most), ylim=(0, most))
        axes.legend(frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


if __name__ == "__main__":
    main()
