"""``betaneutral-xl compare``: alternative ways to a target beta, side by side."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import input_options, output, table_options
from betaneutral_xl.hosts.cli.output import number, percent
from betaneutral_xl.job import views
from betaneutral_xl.job.run import Comparison, compare

if TYPE_CHECKING:
    from betaneutral_xl.engine.compare import Alternative

EPILOG = """\
examples:
  betaneutral-xl compare --sample
  betaneutral-xl compare --sample --lower=-2% --upper 8% --cost-bp 5
  betaneutral-xl compare --holdings fund.csv --etf JHAI.csv --covariance risk.csv --benchmark IWV --csv

The limits apply to the reweighted portfolios; --cost-bp is charged on the trades of each.
"""

MEASURES = ("volatility", "tracking_error", "turnover", "cost", "gross", "net")
"""Measures of an alternative that are shown in percent, in this order."""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Compare the portfolio as it is, hedged by the ETF, hedged by the ETF's basket, "
        "reweighted, and reweighted long only to a benchmark's beta."
    )
    parser.epilog = f"{EPILOG}\n{table_options.EPILOG}"
    input_options.add_arguments(parser, *table_options.REQUIRED, leave_out={"method"})
    parser.add_argument(
        "--benchmark",
        metavar="TICKER",
        help="asset whose beta the long-only portfolio targets (default: a market fund of the risk model)",
    )
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> None:
    """Solve each alternative, print."""
    given = input_options.gather(args)
    comparison = compare(given.request, given.inputs, args.benchmark)
    names = given.inputs.etf_names
    columns = (
        "alternative",
        *(f"beta_{name}" for name in names),
        *(f"beta_error_{name}" for name in names),
        *(f"{stem}_{name}" for stem in ("beta_se", "beta_low_95", "beta_high_95") for name in names),
        "market_beta",
        *MEASURES,
        "trades",
        "note",
    )
    rows = [_row(one, names) for one in comparison.alternatives]
    hedge = comparison.hedge
    if args.json:
        record = {
            "alternatives": [dict(zip(columns, row, strict=True)) for row in rows],
            "coverage": views.coverage_record(hedge.coverage),
            "drift": list(comparison.drift),
            "warnings": list(hedge.warnings),
        }
        output.write_json(record)
    elif args.csv:
        covered = tuple(unit.covered for unit in hedge.coverage.units.values())
        with_coverage = (*columns, *(f"coverage_{name}" for name in names))
        output.write_csv(with_coverage, [(*row, *covered) for row in rows])
    else:
        _print(comparison, names)


def _row(one: Alternative, names: Sequence[str]) -> tuple[str | float, ...]:
    return (
        one.name,
        *(one.beta[name] for name in names),
        *(one.beta_error[name] for name in names),
        *_ends(one, names),
        one.market_beta,
        *(getattr(one, measure) for measure in MEASURES),
        one.trades,
        one.note,
    )


def _print(comparison: Comparison, names: Sequence[str]) -> None:
    alternatives, hedge = comparison.alternatives, comparison.hedge
    has_market = any(not math.isnan(one.market_beta) for one in alternatives)
    of_etfs = [f"beta {name}" for name in names] if len(names) > 1 else ["beta"]
    of_market = ["market beta"] if has_market else []
    columns = ("", *of_etfs, *of_market, *(one.replace("_", " ") for one in MEASURES), "trades")
    rows = []
    for one in alternatives:
        betas = (views.beta_text(one.forecast[name]) if one.forecast else "" for name in names)
        shown = (percent(getattr(one, measure)) for measure in MEASURES)
        left = [number(one.market_beta)] if has_market else []
        rows.append((one.name, *betas, *left, *shown, "-" if one.note else str(one.trades)))
    output.print_table(columns, rows, left={""}, wrapped=set(columns) - set(of_etfs))
    for line in comparison.drift:
        output.say(line)
    for name, unit in hedge.coverage.units.items():
        output.say(f"beta to {name}: {unit.coverage_text}")
    output.warn(f"{one.name}: {one.note}" for one in alternatives if one.note)
    output.warn(hedge.warnings)


def _ends(one: Alternative, names: Sequence[str]) -> list[float]:
    """Return standard errors, and lower and upper ends of the intervals, by ETF; NaN where unknown."""
    if not one.forecast:
        return [math.nan] * (3 * len(names))
    forecasts = [one.forecast[name] for name in names]
    return [*(f.se for f in forecasts), *(f.low for f in forecasts), *(f.high for f in forecasts)]
