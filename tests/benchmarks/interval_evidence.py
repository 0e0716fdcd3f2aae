r"""Walk-forward coverage of the intervals of reweighted portfolios: a section of docs/evidence.md.

Run from the repository's root, with the prices of ``sum_kept_evidence.py``::

    python tests/benchmarks/interval_evidence.py --american STOCKS.csv.gz INDEX.csv.gz --british FTSE.csv.gz \
        --write docs/evidence.md

Each month is decided and held once; its interval is computed in several ways from the same answer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from estimator_evidence import insert
from joblib import Parallel, delayed
from reweight_evidence import elsewhere, here
from sum_kept_evidence import Pair, arguments, pairs

from betaneutral_xl.engine.backtest import Schedule, walk
from betaneutral_xl.engine.intervals import forecasts
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.optimisation.left_out import left_out
from betaneutral_xl.engine.optimisation.penalties import PenalisedSolution
from betaneutral_xl.engine.stable import penalty_scale
from betaneutral_xl.model.constraints import Constraints

if TYPE_CHECKING:
    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.model.arrays import FloatArray

MARKET = "the market's beta"
TARGETS: dict[str, dict[str, Any]] = {
    "zero, sum kept": {},
    "zero, cash allowed": {"constraints": Constraints.from_mapping({"net": "0:1"})},
    MARKET: {},
}

CONFIRMING = ((2006, 2008), (2014, 2017)), ((2014, 2017), (2018, 2022))
"""First and last years of the American and of the British panels that confirm."""


def in_sample(result: Rebalance) -> FloatArray:
    """Take the past errors as they are."""
    del result
    return np.zeros(0)


def as_solved(result: Rebalance) -> FloatArray:
    """Leave each month out of the problem as it was solved."""
    return changes(result, pulled=True)


def without_pull(result: Rebalance) -> FloatArray:
    """Leave each month out of the problem without the pull toward what is held."""
    return changes(result, pulled=False)


def changes(result: Rebalance, *, pulled: bool) -> FloatArray:
    """Return how the past errors change where each month is left out."""
    solution = result.solution
    assert isinstance(solution, PenalisedSolution)
    found = left_out(solution, 1, 0.0 if pulled else solution.penalised.persistence)
    return found[:, 0] / penalty_scale(result.aligned, len(found))


INTERVALS: dict[str, Callable[[Rebalance], FloatArray]] = {
    "errors as they are": in_sample,
    "each month left out, the pull kept": as_solved,
    "each month left out, without the pull": without_pull,
}
"""How the past errors of the answer are taken, by name."""


@dataclass(frozen=True, slots=True)
class Walked:
    """Months of one pair and target.

    Attributes
    ----------
    inside, widths
        Shape (M, 3), whether the realised beta was inside, and half the length of the interval, by
        ``INTERVALS``.

    """

    inside: FloatArray
    widths: FloatArray


def confirming(american: Sequence[Path], british: Path) -> Iterator[Pair]:
    """Yield ten pairs that no other table uses."""
    old, city = elsewhere(american, "SP500", None), elsewhere([british], "", None)
    city = replace(city, held=20, members=20)
    for name, panel, spans in (("American", old, CONFIRMING[0]), ("British", city, CONFIRMING[1])):
        for first, last in spans:
            schedule = Schedule(start=date(first, 1, 1), end=date(last, 12, 31))
            drawn = list(replace(panel, schedule=schedule, books=4, baskets=2).pairs())
            for number in (2, 3):
                book, etf = drawn[2 * number + 1]
                title = f"{name}, {first} to {last}, portfolio {number}"
                yield Pair(
                    title=title, panel=replace(panel, schedule=schedule), book=book, etf=etf, confirms=True
                )
    new = here()
    drawn = list(replace(new, books=6, baskets=6).pairs())
    for number in (4, 5):
        book, etf = drawn[7 * number]
        yield Pair(title=f"2023 to 2026, portfolio {number}", panel=new, book=book, etf=etf, confirms=True)


def walked(pair: Pair, target: str) -> Walked:
    """Walk one pair to one target."""
    seen: dict[date, tuple[BetaForecast, ...]] = {}

    def recording(*args: Any, **options: Any) -> Rebalance:
        result = neutralise(Question(*args, **options))
        aligned = result.aligned
        made = aligned.with_etfs(result.new_weights[aligned.covered])
        ways = [by(result) for by in INTERVALS.values()]
        day = aligned.risk_model.as_of
        assert day is not None
        seen[day] = forecasts(
            aligned.instruments, aligned.units[:, 0], np.column_stack([made] * len(ways)), ways
        )
        return result

    aim = pair.panel.market if target == MARKET else 0.0
    study = replace(pair.study, target=aim, methods=("reweight",), **TARGETS[target])
    with patch("betaneutral_xl.engine.backtest.decide.neutralise", recording):
        found = walk(study)
    beta, error = found.beta[:, 0, 0], found.standard_error[:, 0, 0].tolist()
    every = [seen[day] for day in found.dates.tolist()]
    widths = np.array(
        [[one.half_width(added_se=se) for one in row] for row, se in zip(every, error, strict=True)]
    )
    predicted = np.array([row[0].beta for row in every])
    return Walked(np.abs(beta - predicted)[:, None] <= widths, widths)


def tables(jobs: Sequence[tuple[Pair, str]], found: Sequence[Walked]) -> Iterator[str]:
    """Yield the lines of the table."""
    names = " | ".join(f"{name}: inside, half width" for name in INTERVALS)
    yield f"| pairs | target | months | {names} |"
    yield "|" + "---|" * (3 + len(INTERVALS))
    for confirms in (False, True):
        for target in TARGETS:
            own = [
                one
                for (pair, aim), one in zip(jobs, found, strict=True)
                if aim == target and pair.confirms == confirms
            ]
            inside, widths = (np.vstack([getattr(one, name) for one in own]) for name in ("inside", "widths"))
            cells = [
                f"{share:.1%}, {width:.2f}"
                for share, width in zip(inside.mean(axis=0), np.median(widths, axis=0), strict=True)
            ]
            kind = f"{len(own)} {'confirm' if confirms else 'decide'}"
            yield f"| {kind} | {target} | {len(inside)} | {' | '.join(cells)} |"


def main() -> None:
    """Run the backtests, print, and optionally write the table."""
    args = arguments(__doc__)
    deciding = [replace(pair, confirms=False) for pair in pairs(args.american, args.british)]
    every = [*deciding, *confirming(args.american, args.british)]
    jobs = [(pair, aim) for pair in every for aim in TARGETS if aim != MARKET or pair.panel.market]
    found = Parallel(n_jobs=args.jobs)(delayed(walked)(*one) for one in jobs)
    text = "\n".join(tables(jobs, found)) + "\n"
    sys.stdout.write(text)
    if args.write:
        insert(Path(args.write), text, "intervals")


if __name__ == "__main__":
    main()
