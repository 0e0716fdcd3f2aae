r"""Walk-forward backtest of shrunk betas at zero with the sum of weights kept: a section of docs/evidence.md.

Run from the repository's root, with the real prices in ``../shared/data``, skfolio's American companies with
their index, and its FTSE 100::

    python tests/benchmarks/sum_kept_evidence.py --american STOCKS.csv.gz INDEX.csv.gz --british FTSE.csv.gz \
        --write docs/evidence.md

The betas B to an ETF become others, B*, in every number of the answer: the covariance is
``v B* B*' + (V - v B B')`` with the ETF's variance v, which is positive semidefinite and has these betas.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from estimator_evidence import insert
from joblib import Parallel, delayed
from reweight_evidence import Panel, elsewhere, here

from betaneutral_xl.engine.backtest import Estimator, Schedule, Study, walk
from betaneutral_xl.engine.forecast_errors import forecast_errors
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.regression import vasicek
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.model.alignment import align
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.risk import Covariance

if TYPE_CHECKING:
    from betaneutral_xl import Etf, Holdings
    from betaneutral_xl.engine.backtest import Performance
    from betaneutral_xl.model.arrays import FloatArray

    Shrinkage = Callable[[Covariance, FloatArray], FloatArray]

YEARS = ((1995, 1999), (2001, 2005), (2009, 2013)), ((2005, 2008), (2010, 2013))
"""First and last years of the American and of the British panels."""

LEAST_SLOPE = 0.25
"""Below it a slope is noise, and the weights have no bounds."""


def toward_one(slope: float, covariance: Covariance, unit: FloatArray) -> FloatArray:
    """Shrink by a slope that is given."""
    betas: FloatArray = 1.0 + slope * (covariance.predicted_beta(unit) - 1.0)
    return betas


def by_own_slope(share: float, covariance: Covariance, unit: FloatArray) -> FloatArray:
    """Shrink by a share of what the slope of later on earlier betas falls short of 1 in the past blocks."""
    found = forecast_errors(covariance.history, covariance.tickers, unit)
    assert found is not None
    there = found.own & np.isfinite(found.errors)
    returns = [days - days.mean(axis=0) for days in found.days]
    etfs = [days @ unit for days in returns]
    later = np.array([days.T @ etf / (etf @ etf) for days, etf in zip(returns, etfs, strict=True)])
    earlier = np.where(there, later - found.errors - 1.0, 0.0)
    later = np.where(there, later - 1.0, 0.0)
    now = covariance.predicted_beta(unit) - 1.0
    slope = min(max(float((earlier * later).sum() / (earlier**2).sum()), LEAST_SLOPE), 1.0)
    betas: FloatArray = 1.0 + (1.0 - share * (1.0 - slope)) * now
    return betas


def by_standard_error(covariance: Covariance, unit: FloatArray) -> FloatArray:
    """Shrink each name by its own standard error (Vasicek 1973)."""
    return vasicek(covariance.predicted_beta(unit), covariance.beta_standard_error(unit), prior=1.0)


SHRUNK: dict[str, Shrinkage | None] = {
    "as they are": None,
    "Vasicek, by the names' standard errors": by_standard_error,
    "Blume, by the slope in the own window": partial(by_own_slope, 1.0),
    "half of that": partial(by_own_slope, 0.5),
    "a slope of 0.95": partial(toward_one, 0.95),
    "a slope of 0.9": partial(toward_one, 0.9),
    "a slope of 0.8": partial(toward_one, 0.8),
    "a slope of 0.67": partial(toward_one, 0.67),
    "as they are, and cash allowed": None,
}
"""How betas are shrunk, by name."""


AIMS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
"""Target betas that are judged with betas as they are."""


def with_betas(covariance: Covariance, unit: FloatArray, betas: FloatArray) -> Covariance:
    """Return the covariance with other betas to the ETF: those given, scaled so that its own stays 1."""
    old, v = covariance.predicted_beta(unit), covariance.variance(unit)
    new = betas / float(betas @ unit)
    matrix = covariance.form.dense() + v * (np.outer(new, new) - np.outer(old, old))
    return replace(
        Covariance.from_matrix(covariance.tickers, (matrix + matrix.T) / 2.0),
        effective_days=covariance.effective_days,
        seen=covariance.seen,
        history=covariance.history,
    )


def shrinking(
    shrinkage: Shrinkage, holdings: Holdings, etfs: Sequence[Etf], covariance: Covariance, **options: Any
) -> Rebalance:
    """Neutralise with shrunk betas where weights are reweighted."""
    if options["method"] == Method.REWEIGHT:
        aligned = align(holdings, etfs, covariance)
        own = aligned.instruments
        covariance = with_betas(own, aligned.units[:, 0], shrinkage(own, aligned.units[:, 0]))
    return neutralise(Question(holdings, etfs, covariance, **options))


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A portfolio and a basket of a panel."""

    title: str
    panel: Panel
    book: Holdings
    etf: Etf
    confirms: bool = False

    @property
    def study(self) -> Study:
        """The pair's backtest with the sum kept at a beta of zero."""
        return Study(
            holdings=self.book,
            etfs=(self.etf,),
            prices=self.panel.prices,
            schedule=self.panel.schedule,
            estimators=(Estimator.parse("default"),),
            methods=("hedge", "reweight"),
        )


def pairs(american: Sequence[Path], british: Path) -> Iterator[Pair]:
    """Yield the twelve pairs that decide, then the six of "Reweighting" that confirm."""
    old, city = elsewhere(american, "SP500", None), elsewhere([british], "", None)
    city = replace(city, held=20, members=20)
    for name, panel, spans in (("American", old, YEARS[0]), ("British", city, YEARS[1])):
        for first, last in spans:
            some = replace(panel, schedule=Schedule(start=date(first, 1, 1), end=date(last, 12, 31)))
            for number, (book, etf) in enumerate(some.pairs(), start=1):
                title = f"{name}, {first} to {last}, pair {number}"
                yield Pair(title=title, panel=some, book=book, etf=etf)
    new = here()
    drawn = list(replace(new, books=4, baskets=4).pairs())
    for number, (book, etf) in enumerate((drawn[10], drawn[15]), start=1):
        yield Pair(title=f"American, 2023 to 2026, pair {number}", panel=new, book=book, etf=etf)
    later = replace(old, schedule=Schedule(start=date(2018, 1, 1)))
    for panel in (new, later):
        for book, etf in panel.pairs():
            yield Pair(title="", panel=panel, book=book, etf=etf, confirms=True)


def judged(pair: Pair) -> list[Performance]:
    """Walk one pair: its hedge, then reweighting with each kind of betas."""
    found: list[Performance] = []
    for name, shrinkage in SHRUNK.items():
        limits = {"net": "0:1"} if name.endswith("cash allowed") else {}
        study = replace(pair.study, constraints=Constraints.from_mapping(limits), intervals=not found)
        if found:
            study = replace(study, methods=("reweight",))
        changed = neutralise if shrinkage is None else partial(shrinking, shrinkage)
        with patch("betaneutral_xl.engine.backtest.decide.neutralise", changed):
            result = walk(study)
        found += [result.performance((method, "default")) for method in study.methods]
    return found


def aimed(pair: Pair) -> list[float]:
    """Return the RMS of the distance from each of ``AIMS`` with the sum kept, relative to the hedge's."""
    ratios = []
    for aim in AIMS:
        study = replace(pair.study, target=aim)
        result = walk(study)
        hedge, own = (result.performance((one, "default")).active_beta_rms[0] for one in study.methods)
        ratios.append(float(own / hedge))
    return ratios


def figures(found: Sequence[Sequence[Performance]], column: int) -> str:
    """Return the columns of a kind of betas, over pairs."""
    own, hedge = [one[column] for one in found], [one[0] for one in found]
    rms, floor, mean = (
        np.array([float(getattr(one, name)[0]) for one in own])
        for name in ("realised_beta_rms", "noise_floor", "realised_beta_mean")
    )
    of_hedge = np.array([float(one.realised_beta_rms[0]) for one in hedge])
    turnover, gross = (np.array([getattr(one, name) for one in own]) for name in ("turnover", "gross"))
    return " | ".join(
        (
            f"{np.exp(np.log(rms / of_hedge).mean()):.2f}",
            f"{(rms / of_hedge).max():.2f}",
            f"{np.exp(np.log(floor / of_hedge).mean()):.2f}",
            f"{np.abs(mean).mean():.3f}",
            f"{mean.mean():+.3f}",
            f"{turnover.mean():.1%}, {turnover.max():.1%}",
            f"{gross.mean():.2f}, {gross.max():.2f}",
        )
    )


def tables(every: Sequence[Pair], found: Sequence[Sequence[Performance]]) -> Iterator[str]:
    """Yield the lines of both tables."""
    parts = {
        confirms: [own for pair, own in zip(every, found, strict=True) if pair.confirms is confirms]
        for confirms in (False, True)
    }
    head = "RMS relative to the hedge's | highest of a pair | its noise floor, relative to the hedge's RMS | "
    head += "mean of absolute means | mean | turnover a month: mean, highest | gross: mean, highest"
    yield f"| betas | pairs | {head} |"
    yield "|" + "---|" * 9
    for column, name in enumerate(SHRUNK, start=1):
        for confirms, part in parts.items():
            yield f"| {name} | {len(part)} {'confirm' if confirms else 'decide'} | {figures(part, column)} |"
    yield ""
    yield "The pairs that decide, with betas as they are:"
    yield ""
    yield "| pair | the hedge's RMS | RMS | its noise floor | mean | turnover a month | gross | inside 95 % |"
    yield "|" + "---|" * 8
    for pair, (hedge, own, *_) in zip(every, found, strict=True):
        if not pair.confirms:
            cells = [
                f"{hedge.realised_beta_rms[0]:.3f}",
                f"{own.realised_beta_rms[0]:.3f}",
                f"{own.noise_floor[0]:.3f}",
                f"{own.realised_beta_mean[0]:+.3f}",
                f"{own.turnover:.1%}",
                f"{own.gross:.2f}",
                f"{own.interval_coverage_95[0]:.1%}",
            ]
            yield f"| {pair.title} | {' | '.join(cells)} |"
    months = np.array([one[0].n_dates for one in found])
    inside = [np.array([float(one[k].interval_coverage_95[0]) for one in found]) for k in (0, 1)]
    hedged, kept = (float(one @ months / months.sum()) for one in inside)
    yield ""
    yield (
        f"Of all {months.sum()} months of the {len(found)} pairs, the interval of 95 % held the realised "
        f"beta in {kept:.1%}; the hedge's in {hedged:.1%}."
    )


def arguments(description: str | None) -> argparse.Namespace:
    """Return the files of prices, the page to write to, and the number of processes."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--american", metavar="FILE", nargs=2, type=Path, required=True)
    parser.add_argument("--british", metavar="FILE", type=Path, required=True)
    parser.add_argument("--write", metavar="PAGE", help="put the tables between the page's marks")
    parser.add_argument("--jobs", type=int, default=-1)
    return parser.parse_args()


def main() -> None:
    """Run the backtests, print, and optionally write the tables."""
    args = arguments(__doc__)
    every = list(pairs(args.american, args.british))
    found = Parallel(n_jobs=args.jobs)(delayed(judged)(pair) for pair in every)
    ratios = Parallel(n_jobs=args.jobs)(delayed(aimed)(pair) for pair in every if not pair.confirms)
    by_aim = zip(AIMS, np.exp(np.log(ratios).mean(axis=0)).tolist(), strict=True)
    line = "The RMS about a target on the pairs that decide, relative to the hedge's to the same target: "
    line += ", ".join(f"{ratio:.2f} at {aim:g}" for aim, ratio in by_aim) + "."
    text = "\n".join((*tables(every, found), "", line)) + "\n"
    sys.stdout.write(text)
    if args.write:
        insert(Path(args.write), text, "shrunk")


if __name__ == "__main__":
    main()
