"""``betaneutral-xl feasible``: which betas can be reached, and what stands in the way."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.cli import input_options, limit_options
from betaneutral_xl.hosts.cli.output import add_machine_formats, console, number, percent
from betaneutral_xl.job import views
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from betaneutral_xl.engine.optimisation.reachable import Reachable

EPILOG = """\
examples:
  betaneutral-xl feasible --sample --long-only
      how low the beta of the sample can go without shorts, and what would help to go lower
  betaneutral-xl feasible --sample --long-only --upper 8% --target 0.9 --json
  betaneutral-xl feasible --holdings fund.csv --etf JHAI.csv --covariance risk.csv --constraints limits.toml

The exit code is 0 whether or not the target can be reached; --json has the answer under "feasible".
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "feasible",
        help="show which betas can be reached under limits, and what would help",
        description="Show the lowest and highest beta that weights can have under limits, the weights "
        "nearest to the target, the limits that bind, and the smallest relaxation of each.",
        epilog=f"{EPILOG}\n{limit_options.EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    input_options.add_arguments(parser)
    input_options.add_target(parser.add_argument_group("what is wanted"))
    limit_options.add_arguments(parser)
    add_machine_formats(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Find what can be reached, print."""
    from betaneutral_xl.engine.neutral import reach

    given = input_options.gather(args)
    asked = input_options.wanted(args, given.stored)
    found = reach(
        given.holdings,
        given.etfs,
        given.covariance,
        target=asked.target,
        constraints=asked.constraints,
        on_missing=asked.on_missing,
        etf_on_missing=asked.etf_on_missing,
    )
    notes = [
        *given.holdings.warnings,
        *(warning for etf in given.etfs for warning in etf.warnings),
        *given.covariance.warnings,
        *found.coverage.sentences(),
    ]
    if args.json:
        sys.stdout.write(saving.to_json({**as_record(found), "warnings": notes}) + "\n")
    elif args.csv:
        sys.stdout.write(saving.to_csv(("ticker", "weight"), zip(found.tickers, found.weights, strict=True)))
    else:
        _print(found, notes)


def as_record(found: Reachable) -> dict[str, Any]:
    """Return what can be reached as plain values, for JSON."""
    return {
        "feasible": found.feasible,
        "sentence": found.sentence(),
        "etfs": {
            name: {
                "wanted": [wish.low, wish.high],
                "lowest": low,
                "highest": high,
                "nearest": beta,
                "hedge_leg": leg,
            }
            for name, wish, low, high, beta, leg in found.lines()
        },
        "coverage": views.coverage_record(found.coverage),
        "binding": list(found.binding),
        "relaxations": [
            {"limit": one.limit, "amount": one.amount, "sentence": one.sentence} for one in found.relaxations
        ],
        "benchmark": dict([found.benchmark]) if found.benchmark else None,
        "weights": dict(zip(found.tickers, found.weights.tolist(), strict=True)),
    }


def _print(found: Reachable, notes: list[str]) -> None:
    from rich.table import Table

    out = console()
    out.print(found.sentence(), style="bold", markup=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for heading in ("wanted", "lowest", "highest", "nearest", "ETF to sell beside it"):
        table.add_column(heading, justify="right")
    for name, wish, *betas, leg in found.lines():
        table.add_row(f"beta to {name}", str(wish), *map(number, betas), percent(leg))
    out.print(table)
    for name, unit in found.coverage.units.items():
        out.print(f"beta to {name}: {unit.coverage_text}", markup=False, soft_wrap=True)
    if found.binding:
        out.print(f"On their limits there: {', '.join(found.binding)}.", markup=False, soft_wrap=True)
    if found.relaxations:
        out.print("Any one of these would do, all else kept:")
        for one in found.relaxations:
            out.print(f"  {one.sentence}", markup=False)
    for note in notes:
        out.print(f"! {note}", style="yellow", markup=False, soft_wrap=True)
