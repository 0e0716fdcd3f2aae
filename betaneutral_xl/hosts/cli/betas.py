"""``betaneutral-xl betas``: each name's predicted beta to each ETF."""

from __future__ import annotations

import argparse
import math

from betaneutral_xl.hosts.cli import input_options, output
from betaneutral_xl.hosts.cli.output import number, percent
from betaneutral_xl.job import views
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.request import Request
from betaneutral_xl.job.run import align
from betaneutral_xl.model.alignment import OnMissing

EPILOG = """\
examples:
  betaneutral-xl betas --sample
  betaneutral-xl betas --holdings fund.csv --etf JHAI.csv AIQ.csv --covariance risk.csv --csv > betas.csv

The predicted beta of a name to an ETF with constituent weights f is V f / (f'V f), V the covariance.
If part of the ETF has no risk data, f is the covered basket scaled to all of the ETF's exposure, or the
ETF's own row if the risk model has one; the coverage is shown beside each beta. A name's contribution to
the portfolio's beta is weight times beta. The error is the standard error of least squares over the
effective days of the risk model, blank if the model does not state them.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Show each held name's predicted beta to each ETF, and its contribution."
    input_options.add_arguments(parser, Section.AIM, leave_out={"method", "target", "objective"})
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> None:
    """Align the inputs, compute betas and contributions, print."""
    given = input_options.gather(args)
    # A name without a beta is blank here and named, unless it is to stop the run.
    policy = {"on_missing": OnMissing.DROP, **given.options}
    aligned = align(Request.parse(policy, given.inputs.etf_names), given.inputs)
    names = aligned.etf_names
    count = len(names)
    columns = (
        "ticker",
        "weight",
        "volatility",
        *(f"beta_{name}" for name in names),
        *(f"beta_error_{name}" for name in names),
        *(f"contribution_{name}" for name in names),
        *(f"{stem}_{name}" for name in names for stem in ("beta_low_95", "beta_high_95")),
        *(f"beta_se_{name}" for name in names),
    )
    held = views.betas_by_name(aligned, set(given.inputs.holdings.tickers))
    rows = [(*row, *row[3 + count : 3 + 2 * count]) for row in held]
    own = 3 + 2 * count  # the contribution to the first ETF's beta
    total = {
        name: math.fsum(r[own + k] for r in rows if not math.isnan(r[3 + k])) for k, name in enumerate(names)
    }
    forecasts = views.current_forecasts(aligned)
    warnings = [*given.inputs.warnings, *aligned.coverage.sentences()]
    if args.json:
        record = {
            "portfolio_beta": total,
            "portfolio_beta_error": {name: one.se for name, one in forecasts.items()},
            **views.forecast_record(forecasts),
            "effective_days": aligned.covariance.effective_days,
            "coverage": views.coverage_record(aligned.coverage),
            "betas": [dict(zip(columns, row, strict=True)) for row in rows],
            "warnings": warnings,
        }
        output.write_json(record)
    elif args.csv:
        covered = tuple(unit.covered for unit in aligned.coverage.units.values())
        with_coverage = (*columns, *(f"coverage_{name}" for name in names))
        output.write_csv(with_coverage, [(*row, *covered) for row in rows])
    else:
        totals = {
            name: (views.beta_text(forecasts[name]), unit.coverage_text)
            for name, unit in aligned.coverage.units.items()
        }
        shown = len(columns) - count  # the standard errors stand there already
        _print(columns[:shown], [row[:shown] for row in rows], totals, warnings)


def _print(
    columns: tuple[str, ...],
    rows: list[tuple[str | float, ...]],
    total: dict[str, tuple[str, str]],
    warnings: list[str],
) -> None:
    shown = (
        (
            str(ticker),
            percent(float(weight)),
            percent(float(sigma), 1),
            *(number(float(value)) for value in values),
        )
        for ticker, weight, sigma, *values in rows
    )
    output.print_table(columns, shown, left={"ticker"})
    for name, (beta, coverage) in total.items():
        output.say(f"portfolio beta to {name}: {beta} ({coverage})", "bold")
    output.warn(warnings)
