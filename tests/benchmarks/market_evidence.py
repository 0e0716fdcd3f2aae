"""The market leg, and whether intervals of next month's beta hold: two tables of docs/evidence.md.

Run from the repository's root, with the real prices in ``../shared/data``::

    python tests/benchmarks/market_evidence.py --write docs/evidence.md
    python tests/benchmarks/market_evidence.py --panel FILE.csv.gz

The ETFs are none of those that the other pages of evidence use. ``--panel`` counts the intervals that hold on
other prices, of portfolios and baskets drawn from their names.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from estimator_evidence import SHARED, SUSPECT, insert, weights_in

from betaneutral_xl import Etf, Holdings
from betaneutral_xl.engine.backtest import Estimator, Schedule, Study, walk
from betaneutral_xl.model.market import Market
from betaneutral_xl.readers.prices import choose, load_prices

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest import Performance
    from betaneutral_xl.model.returns import Prices

ETFS = ("IGV", "XLK", "SOXX", "ROBO", "ARKQ", "XLF", "XLV", "XLI", "XLY", "IWM")
"""Not used by the other pages: software, technology, chips, robots, autonomy, sectors and small stocks."""

SEED, NAMES = 20261129, 30
"""Of the random portfolios, drawn before anything was measured; and names in each."""

SHARES = (0.0, 0.5, 1.0)
START, END = date(2023, 1, 1), date(2026, 6, 30)
COVERAGES = (
    "interval_coverage_68",
    "interval_coverage_95",
    "name_interval_coverage_68",
    "name_interval_coverage_95",
)


def main() -> None:
    """Measure, print, and optionally write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--write", metavar="PAGE", type=Path, help="page to put the tables into")
    parser.add_argument("--panel", metavar="FILE", type=Path, help="other prices to count intervals on")
    args = parser.parse_args()
    if args.panel:
        print("\n".join(_covered(load_prices(args.panel))))
        return
    stocks, funds = (load_prices(SHARED / "prices" / f"{name}.csv.gz") for name in ("panel", "etf_panel"))
    own = [ticker for ticker in stocks.tickers if ticker not in SUSPECT]
    prices = choose([stocks, funds], [own, [*ETFS, "IWV"]])
    text = "\n".join([*_fund(prices), "", *_unseen(prices)]) + "\n"
    print(text)
    if args.write:
        insert(args.write, text, "market")


def _fund(prices: Prices) -> Iterator[str]:
    """Yield the table of the fund against JHAI's basket."""
    weights = weights_in(SHARED / "silverfund" / "quant_paper_weights_2025-11-18.csv", "weight")
    basket = weights_in(SHARED / "silverfund" / "jhai_constituents.csv", "weight")
    fund = Holdings.from_weights({name: one for name, one in weights.items() if name not in SUSPECT})
    etf = Etf.from_weights(
        {name: one / 100.0 for name, one in basket.items() if name in prices.tickers}, name="JHAI"
    )
    yield "The fund against JHAI's basket, 2023-01 to 2026-06, with IWV as the market:"
    yield from _table([("JHAI", fund, etf)], prices)


def _unseen(prices: Prices) -> Iterator[str]:
    """Yield the table of random portfolios against ETFs that no other page uses."""
    random = np.random.default_rng(SEED)
    since = prices.matrix[np.searchsorted(prices.dates, np.datetime64("2022-01-03"))]
    whole = [
        ticker
        for ticker, close in zip(prices.tickers, since, strict=True)
        if np.isfinite(close) and ticker not in {*ETFS, "IWV"}
    ]
    cases = []
    for name in ETFS:
        held = random.choice(whole, NAMES, replace=False)
        weights = dict(zip(held.tolist(), random.dirichlet(np.ones(NAMES)).tolist(), strict=True))
        cases.append((name, Holdings.from_weights(weights), Etf.from_weights({name: 1.0}, name=name)))
    yield (
        f"{len(ETFS)} ETFs that no other table uses, each against its own portfolio of {NAMES} random stocks "
        f"(seed {SEED}), the same months:"
    )
    yield from _table(cases, prices)


def _table(cases: Sequence[tuple[str, Holdings, Etf]], prices: Prices) -> Iterator[str]:
    yield ""
    yield "| ETF | market leg | mean | RMS | floor | RMS / floor | volatility | tracking error | turnover |"
    yield "|---|---|---|---|---|---|---|---|---|"
    every: dict[float, list[Performance]] = {share: [] for share in SHARES}
    for name, fund, etf in cases:
        for share in SHARES:
            one = _hedged(fund, etf, prices, share)
            every[share].append(one)
            yield _row(name, share, [one])
    if len(cases) > 1:
        for share in SHARES:
            yield _row("**mean**", share, every[share])


def _hedged(fund: Holdings, etf: Etf, prices: Prices, share: float) -> Performance:
    study = Study(
        holdings=fund,
        etfs=(etf,),
        prices=prices,
        schedule=Schedule(start=START, end=END),
        estimators=(Estimator.parse("default"),),
        methods=("hedge",),
        market=Market.of("IWV", share),
    )
    return walk(study).performance(("hedge", "default"))


def _row(name: str, share: float, found: Sequence[Performance]) -> str:
    means, rms, floors = (
        [float(getattr(one, measure)[0]) for one in found]
        for measure in ("realised_beta_mean", "realised_beta_rms", "noise_floor")
    )
    ratios = [one / floor for one, floor in zip(rms, floors, strict=True)]
    most = f" (most {max(ratios):.2f})" if len(ratios) > 1 else ""
    numbers = [f"{np.mean(means):+.3f}", f"{np.mean(rms):.3f}", f"{np.mean(floors):.3f}"]
    shares = [[one.volatility, one.tracking_error, one.turnover] for one in found]
    return (
        " | ".join(
            [
                f"| {name}",
                f"{share:.0%}",
                *numbers,
                f"{np.mean(ratios):.2f}{most}",
                *(f"{one:.1%}" for one in np.mean(shares, axis=0)),
            ]
        )
        + " |"
    )


def _covered(prices: Prices) -> Iterator[str]:
    """Yield the shares of intervals that hold on other prices, of portfolios and baskets of their names."""
    random = np.random.default_rng(SEED)
    count = len(prices.tickers)
    yield "| draw | dates | 68 % holds | 95 % holds | names 68 % | names 95 % |"
    yield "|---|---|---|---|---|---|"
    for draw in range(1, 4):
        order = random.permutation(prices.tickers).tolist()
        book, basket = order[: count // 2], order[count // 2 : count * 9 // 10]
        weights = dict(zip(book, random.dirichlet(np.ones(len(book))).tolist(), strict=True))
        study = Study(
            holdings=Holdings.from_weights(weights),
            etfs=(Etf.from_weights(dict.fromkeys(basket, 1.0 / len(basket)), name="basket"),),
            prices=prices,
            schedule=Schedule(start=prices.dates[504].astype(object)),
            estimators=(Estimator.parse("default"),),
            methods=("hedge",),
            intervals=True,
        )
        one = walk(study).performance(("hedge", "default"))
        held = " | ".join(f"{float(getattr(one, key)[0]):.1%}" for key in COVERAGES)
        yield f"| {draw} | {one.n_dates} | {held} |"


if __name__ == "__main__":
    main()
