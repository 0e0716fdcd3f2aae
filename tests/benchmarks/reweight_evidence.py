r"""Walk-forward backtest of the methods that reweight: the tables of "Reweighting" in docs/evidence.md.

Run from the repository's root, with the real prices in ``../shared/data``::

    python tests/benchmarks/reweight_evidence.py --write docs/evidence.md
    python tests/benchmarks/reweight_evidence.py --prices STOCKS.csv.gz INDEX.csv.gz --market SP500 \
        --start 2018-01-01

and with ``--write docs/evidence.md --mark elsewhere`` for the second table.

Portfolios and baskets are drawn from the names by their digests, so that nobody chose them. In
``../shared`` the names of the sample portfolio and of its ETF are left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from estimator_evidence import SHARED, SUSPECT, insert, weights_in
from joblib import Parallel, delayed

from betaneutral_xl import Etf, Holdings
from betaneutral_xl.engine.backtest import Estimator, Schedule, Study, walk
from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.provenance import digest
from betaneutral_xl.readers.prices import join, load_prices

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest import Performance
    from betaneutral_xl.model.returns import Prices

STABLE, LEAST = Objective.STABLE, Objective.TRACKING_ERROR


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Prices, and the portfolios and baskets drawn from their names."""

    prices: Prices
    market: str
    names: tuple[str, ...]
    held: int
    members: int
    books: int
    baskets: int
    schedule: Schedule
    caps: tuple[str, str]

    def drawn(self, what: str, number: int, size: int) -> dict[str, float]:
        """Return names by the order of their digests, with random weights that sum to 1."""
        lots = sorted(self.names, key=lambda ticker: digest(f"{what} {number} {ticker}".encode()))
        seed = int(digest(f"{what} {number}".encode())[:8], 16)
        shares = np.random.default_rng(seed).dirichlet(np.full(size, 3.0))
        return dict(zip(lots[:size], shares.tolist(), strict=True))

    def pairs(self) -> Iterator[tuple[Holdings, Etf]]:
        """Yield every pair of portfolio and basket."""
        for i in range(self.books):
            for j in range(self.baskets):
                yield (
                    Holdings.from_weights(self.drawn("portfolio", i, self.held), f"portfolio {i}"),
                    Etf.from_weights(self.drawn("basket", j, self.members), f"basket {j}"),
                )


@dataclass(frozen=True, kw_only=True)
class Case:
    """A target with limits, and the methods that are judged under them."""

    title: str
    target: float | str
    limits: dict[str, Any]
    methods: tuple[tuple[str, Objective | None], ...]


def cases(panel: Panel) -> tuple[Case, ...]:
    """Return the cases; the first method of all is the hedge to the same target."""
    wide, narrow = panel.caps
    both: tuple[tuple[str, Objective | None], ...] = (("reweight", STABLE), ("reweight", LEAST))
    others: tuple[tuple[str, Objective | None], ...] = (("least_squares", None), ("fewest_trades", None))
    long_only = {"long_only": True}
    return (
        Case(title="benchmark's beta", target=panel.market, limits={}, methods=(*both, *others)),
        Case(
            title=f"benchmark's beta, long only, {wide} a name",
            target=panel.market,
            limits={**long_only, "upper": wide},
            methods=(*both, others[0]),
        ),
        Case(
            title=f"benchmark's beta, long only, {narrow} a name, turnover 60 %",
            target=panel.market,
            limits={**long_only, "upper": narrow, "turnover": "60%"},
            methods=both,
        ),
        Case(title="zero, cash allowed", target=0.0, limits={"net": "0:1"}, methods=both),
        Case(title="zero, sum kept", target=0.0, limits={}, methods=(*both, others[0])),
    )


def here() -> Panel:
    """Return the panel of the prices in ``../shared``, without the sample's names."""
    stocks, etfs = (load_prices(SHARED / "prices" / f"{name}.csv.gz") for name in ("panel", "etf_panel"))
    known = SUSPECT.union(
        weights_in(SHARED / "silverfund" / "quant_paper_weights_2025-11-18.csv", "weight"),
        weights_in(SHARED / "silverfund" / "jhai_constituents.csv", "weight"),
    )
    since = np.asarray(np.isfinite(stocks.matrix[:63]).any(axis=0))  # listed from the beginning
    names = tuple(t for t, old in zip(stocks.tickers, since, strict=True) if old and t not in known)
    return Panel(
        prices=join([stocks.select(names), etfs.select(["IWV"])]),
        market="IWV",
        names=names,
        held=30,
        members=25,
        books=2,
        baskets=2,
        schedule=Schedule(start=date(2023, 1, 1), end=date(2026, 6, 30)),
        caps=("10%", "5%"),
    )


def elsewhere(files: Sequence[Path], market: str, start: date | None) -> Panel:
    """Return the panel of other prices: fewer names, so that portfolio and basket overlap."""
    prices = join([load_prices(file) for file in files])
    names = tuple(ticker for ticker in prices.tickers if ticker != market)
    size = len(names) // 2
    return Panel(
        prices=prices,
        market=market,
        names=names,
        held=size,
        members=size,
        books=2,
        baskets=1,
        schedule=Schedule(start=start or prices.dates[WINDOW].astype(object)),
        caps=("20%", "15%"),
    )


def judged(panel: Panel, book: Holdings, etf: Etf) -> list[Performance]:
    """Walk one pair through all cases; the hedge of a case before its methods."""
    found: list[Performance] = []
    hedges: dict[float | str, Performance] = {}
    for case in cases(panel):
        others = tuple(method for method, _ in case.methods if method != "reweight")
        first = ("reweight", *others) if case.target in hedges else ("hedge", "reweight", *others)
        walked = {}
        for objective, methods in ((STABLE, first), (LEAST, ("reweight",))):
            result = walk(
                Study(
                    holdings=book,
                    etfs=(etf,),
                    prices=panel.prices,
                    schedule=panel.schedule,
                    estimators=(Estimator.parse("default"),),
                    methods=methods,
                    target=case.target,
                    constraints=Constraints.from_mapping(case.limits),
                    objective=objective,
                )
            )
            for method in methods:
                of = objective if method == "reweight" else None
                walked[method, of] = result.performance((method, "default"))
        if case.target not in hedges:
            hedges[case.target] = walked["hedge", None]
        found += [hedges[case.target], *(walked[one] for one in case.methods)]
    return found


def table(panel: Panel, found: Sequence[Sequence[Performance]]) -> str:
    """Return the table: a row a case and method, over all pairs."""
    lines = [
        "| target and limits | method | mean | RMS | relative to the hedge's | highest of a pair | "
        "noise floor | tracking error | turnover a month | gross | without answer |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    columns = iter(range(len(found[0])))
    for case in cases(panel):
        hedge: list[Performance] = []
        for method, objective in (("hedge", None), *case.methods):
            column = next(columns)
            own = [pair[column] for pair in found]
            hedge = hedge or own
            rms, floor, mean = (
                np.array([float(getattr(one, name)[0]) for one in own])
                for name in ("active_beta_rms", "noise_floor", "active_beta_mean")
            )
            of_hedge = np.array([float(one.active_beta_rms[0]) for one in hedge])
            label = {None: method, STABLE: f"{method}, stable", LEAST: f"{method}, least tracking error"}[
                objective
            ]
            ratio = float(np.sqrt((rms**2).mean() / (of_hedge**2).mean()))
            plain = [
                f"{mean.mean():+.3f}",
                f"{np.sqrt((rms**2).mean()):.3f}",
                f"{ratio:.2f}",
                f"{(rms / of_hedge).max():.2f}",
                f"{np.sqrt((floor**2).mean()):.3f}",
                f"{np.mean([one.tracking_error for one in own]):.1%}",
                f"{np.mean([one.turnover for one in own]):.1%}",
                f"{np.mean([one.gross for one in own]):.2f}",
                f"{sum(one.n_infeasible for one in own) / sum(one.n_dates for one in own):.1%}",
            ]
            lines.append(f"| {case.title} | {label} | {' | '.join(plain)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the backtests, print, and optionally write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--prices", metavar="FILE", nargs="+", help="other price files, joined by date")
    parser.add_argument("--market", metavar="TICKER", help="the benchmark among them")
    parser.add_argument("--start", type=date.fromisoformat, metavar="DATE", help="the first month there")
    parser.add_argument("--write", metavar="PAGE", help="put the table between the page's marks")
    parser.add_argument("--mark", default="reweighted", help="the marks' name")
    parser.add_argument("--jobs", type=int, default=-1)
    args = parser.parse_args()
    begun = time.perf_counter()
    panel = elsewhere([Path(one) for one in args.prices], args.market, args.start) if args.prices else here()
    found = Parallel(n_jobs=args.jobs)(delayed(judged)(panel, book, etf) for book, etf in panel.pairs())
    months = found[0][0].n_dates
    text = (
        f"{panel.books} portfolios of {panel.held} names against {panel.baskets} baskets of "
        f"{panel.members}, of {len(panel.names)} names, {months} months:\n\n{table(panel, found)}\n\n"
        f"Measured in {time.perf_counter() - begun:.0f} s.\n"
    )
    sys.stdout.write(text)
    if args.write:
        insert(Path(args.write), text, args.mark)


if __name__ == "__main__":
    main()
