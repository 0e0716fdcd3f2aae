"""``betaneutral-xl rebalance``: weights that reach a target beta, and a report."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import input_options, output, table_options, weights
from betaneutral_xl.hosts.cli.output import number, percent
from betaneutral_xl.job.request import OrderTerms

if TYPE_CHECKING:
    from betaneutral_xl.job import views
    from betaneutral_xl.job.run import Outcome


EPILOG = """\
examples:
  betaneutral-xl rebalance --sample
      the embedded sample, hedged by selling the AI ETF's basket
  betaneutral-xl rebalance --holdings fund.csv --etf JHAI.csv --covariance risk.csv --report out.xlsx
      from files, with a report workbook
  betaneutral-xl rebalance --fund quant_paper --date 2025-11-18 --etf JHAI.csv --target IWV --method reweight
      from the fund's web API; keeps net exposure and targets the benchmark's own beta to the ETF
  betaneutral-xl rebalance --sample --method reweight --lower=-2% --upper 8% --turnover 60%
      the sample, reweighted under limits

methods:
  hedge          sell the ETF's basket, which frees cash; the least tracking error of all neutral portfolios
  reweight       the names traded to a small tracking error and a beta that holds, net exposure unchanged
  fewest_trades  trade only the names that the minimum turnover requires
  least_squares  the smallest sum of squared trades with net exposure unchanged
  scaled         weight times beta; reproduces the old notebook and is not neutral
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Compute the weights of a portfolio that have the target beta to one or several ETFs."
    )
    parser.epilog = f"{EPILOG}\n{table_options.EPILOG}"
    input_options.add_arguments(parser, *table_options.REQUIRED)
    parser.add_argument(
        "--snapshot",
        metavar="FILE.zip",
        type=Path,
        help="save all inputs and the options of the run in one file; --from-snapshot repeats it",
    )
    parser.add_argument("-o", "--report", metavar="FILE.xlsx", type=Path, help="write a report workbook")
    weights.add_arguments(parser)
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> None:
    """Solve, write the snapshot and the report if requested, print."""
    from betaneutral_xl.job import standing, views
    from betaneutral_xl.job.answer import full_page, record
    from betaneutral_xl.job.run import Outcome

    if args.report is not None:
        from betaneutral_xl.hosts.cli import report

        report.require_name(args.report)
    given = input_options.gather(args)
    result = input_options.solve(given)
    outcome = Outcome(given.request, given.inputs, result)
    if args.snapshot:
        from betaneutral_xl.job.snapshot import write_snapshot

        write_snapshot(args.snapshot, given.inputs.raw_inputs, given.stored)
    if args.report is not None:
        report.write(args.report, outcome, OrderTerms(), snapshot=report.snapshot_name(args))
    if args.json:
        page = {**views.as_record(result), "answer": record(full_page(outcome))}
        page["mandate"] = standing.record(given.request, given.inputs, result)
        output.write_json(page)
    elif args.csv:
        output.write_csv(result.columns, weights.rows(result, args.sort, args.top))
    else:
        print_summary(outcome)
        if given.mandate is not None:
            from betaneutral_xl.hosts.cli import mandate

            mandate.print_standing(given.mandate, result)
        weights.print_table(result, output.console(), args.sort, args.top)
        if args.report:
            output.say(f"\nReport: {args.report.name}")
        if args.snapshot:
            output.say(f"Snapshot: {args.snapshot.name}")


def print_summary(outcome: Outcome) -> None:
    """Print the headline, the verdict, the measures before and after, and the warnings."""
    from betaneutral_xl.job import views
    from betaneutral_xl.job.answer import answer_page

    result, page = outcome.result, answer_page(outcome)
    as_of = result.aligned.holdings.as_of
    dated = f", as of {as_of}" if as_of else ""
    output.say(f"\n{views.headline(result)}{dated}", "bold")
    output.say(f"{page.verdict}\n{page.advice}\n")
    columns, rows = ("", "before", "after", "coverage"), []
    for line in views.lines(result):
        before = "" if line.before is None else _formatted(line.before, line.before_forecast, line.kind)
        coverage = "" if math.isnan(line.coverage) else percent(line.coverage)
        rows.append((line.label, before, _formatted(line.after, line.after_forecast, line.kind), coverage))
    output.print_table(columns, rows, left={""}, wrapped=columns)
    output.say(f"({views.uncertainty_note(result)})", "dim")
    output.warn(result.warnings)


def _formatted(value: float, forecast: views.BetaForecast | None, kind: views.Kind) -> str:
    from betaneutral_xl.job import views

    if forecast is not None:
        return views.beta_text(forecast)
    return percent(value) if kind is views.Kind.PERCENT else number(value)
