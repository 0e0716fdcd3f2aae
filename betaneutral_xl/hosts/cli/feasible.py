"""``betaneutral-xl feasible``: the betas that can be reached under limits."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import ModelError
from betaneutral_xl.hosts.cli import input_options, output, table_options
from betaneutral_xl.hosts.cli.output import number, percent
from betaneutral_xl.job import views
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.run import reach

if TYPE_CHECKING:
    from betaneutral_xl.engine.reachable import Reachable

EPILOG = """\
examples:
  betaneutral-xl feasible --sample --long-only
      the lowest beta of the sample without shorts, and which limit to relax to go lower
  betaneutral-xl feasible --sample --long-only --upper 8% --target 0.9 --json
  betaneutral-xl feasible --holdings fund.csv --etf JHAI.csv --covariance risk.csv --constraints limits.toml

The exit code is 4 where the target cannot be reached; --json has the answer under "feasible".
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Show the lowest and highest beta of any weights within the limits, the beta nearest to "
        "the target, the binding limits, and the smallest relaxation of each that reaches the target."
    )
    parser.epilog = f"{EPILOG}\n{table_options.EPILOG}"
    input_options.add_arguments(parser, Section.AIM, Section.LIMITS, leave_out={"method", "objective"})
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> int:
    """Find the betas that can be reached, print; return 4 if the target is none of them."""
    given = input_options.gather(args)
    found = reach(given.request, given.inputs)
    warnings = [*given.inputs.warnings, *found.coverage.sentences()]
    if args.json:
        output.write_json({**as_record(found), "warnings": warnings})
    elif args.csv:
        output.write_csv(("ticker", "weight"), zip(found.tickers, found.weights, strict=True))
    else:
        _print(found, warnings)
    return 0 if found.feasible else ModelError.exit_code


def as_record(found: Reachable) -> dict[str, Any]:
    """Return the betas that can be reached, and the weights nearest to the target, for JSON."""
    return {
        "feasible": found.feasible,
        "sentence": found.sentence(),
        "etfs": {
            name: {
                "wanted": [target.low, target.high],
                "lowest": low,
                "highest": high,
                "nearest": beta,
                "hedge_leg": leg,
            }
            for name, target, low, high, beta, leg in found.lines()
        },
        "coverage": views.coverage_record(found.coverage),
        "binding": list(found.binding),
        "relaxations": [
            {"limit": one.limit, "amount": one.amount, "sentence": one.sentence} for one in found.relaxations
        ],
        "benchmark": dict([found.benchmark]) if found.benchmark else None,
        "weights": dict(zip(found.tickers, found.weights.tolist(), strict=True)),
    }


def _print(found: Reachable, warnings: list[str]) -> None:
    output.say(found.sentence(), "bold")
    columns = ("", "target", "lowest", "highest", "nearest", "ETF to sell in addition")
    rows = (
        (f"beta to {name}", str(target), *map(number, betas), percent(leg))
        for name, target, *betas, leg in found.lines()
    )
    output.print_table(columns, rows, left={""}, wrapped=columns)
    for name, unit in found.coverage.units.items():
        output.say(f"beta to {name}: {unit.coverage_text}")
    if found.binding:
        output.say(f"Binding limits there: {', '.join(found.binding)}.")
    if found.relaxations:
        output.say("Any one of these relaxations reaches the target, with the other limits unchanged:")
        for one in found.relaxations:
            output.say(f"  {one.sentence}")
    output.warn(warnings)
