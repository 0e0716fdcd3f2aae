"""The options for the three inputs and for the answer, read into inputs and a request."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.cli import folder_defaults, output, table_options
from betaneutral_xl.job import run
from betaneutral_xl.job.mandate import FILE_NAME, Mandate, canonical
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.request import OrderTerms, Request, market_name, stored, target_tickers
from betaneutral_xl.job.sources import Sources, beside_snapshot, from_snapshot, loaded_market
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.run import Inputs, Outcome

INPUTS = (Section.PORTFOLIO, Section.ETFS, Section.RISK)
"""Sections of the table whose options name the inputs."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The inputs of a run, and what is required of the answer, as typed or as a snapshot has it."""

    inputs: Inputs
    options: Mapping[str, Any]

    @property
    def mandate(self) -> Mandate | None:
        """The standing rules that the run is made under, if it is."""
        named = self.options.get("mandate")
        return None if named is None else Mandate.of(named)

    @property
    def stored(self) -> dict[str, Any]:
        """The options as a snapshot keeps them: with today's defaults, which another version may change."""
        return stored(without_mandate(self.options), self.mandate)

    @property
    def request(self) -> Request:
        """What is required of the answer."""
        return Request.parse(self.options, self.inputs.etf_names, self.inputs.groups)

    def terms(self, args: argparse.Namespace) -> OrderTerms:
        """Return how weights become orders, as the command line has it, else the mandate."""
        typed = table_options.typed(args, Section.ORDERS)
        return OrderTerms.parse(typed if self.mandate is None else self.mandate.terms(typed))

    def order_prices(self, args: argparse.Namespace) -> str | None:
        """Return the file of prices for orders, as the command line names it, else the mandate."""
        typed: str | None = args.order_prices
        if typed is not None or self.mandate is None:
            return typed
        return self.mandate.terms({}).get("order_prices")


def add_arguments(
    parser: argparse.ArgumentParser, *required: Section, leave_out: Collection[str] = ()
) -> None:
    """Add the options for the three inputs, and those of some sections of the table for the answer."""
    table_options.add_arguments(parser, *INPUTS)
    parser.add_argument(
        "--sample",
        action="store_true",
        help="use the embedded sample for each of the three that is not given",
    )
    parser.add_argument(
        "--from-snapshot",
        metavar="FILE.zip",
        help="take all three from a snapshot, and its options where none is given here",
    )
    parser.add_argument(
        "--save-problem",
        metavar="FILE.zip",
        type=Path,
        help="save the optimisation with all names replaced, for a report of a defect",
    )
    folder_defaults.add_argument(parser)
    table_options.add_arguments(parser, Section.NETWORK, *required, leave_out=leave_out)


def gather(args: argparse.Namespace) -> Gathered:
    """Load or fetch the three inputs that the options name, or take them from a snapshot.

    Raises
    ------
    InputError
        If one is not named, or named twice.
    BetaNeutralError
        If one cannot be had.

    """
    found = _gathered(args)
    if args.save_problem is not None:
        _save_problem(args, found)
    return found


def _gathered(args: argparse.Namespace) -> Gathered:
    named = table_options.typed(args, *INPUTS)
    typed = table_options.typed(args, *table_options.REQUIRED)
    mandate = _mandate(args, typed)
    typed = {**typed, "mandate": mandate} if mandate else without_mandate(typed)
    if args.from_snapshot:
        return _from_snapshot(args, named, typed)
    if mandate is not None and not args.sample:
        named = mandate.sources(named)
    required = mandate.under(canonical(without_mandate(typed))) if mandate else typed
    benchmarks = [getattr(args, "benchmark", None), mandate.benchmark if mandate else None]
    also = [*target_tickers(required.get("target")), *filter(None, benchmarks)]
    market = market_name(required.get("market"))
    sources = Sources.parse({**named, "sample": args.sample, "also": also, "market": market})
    return Gathered(sources.load(settings(args), output.progress), typed)


def _save_problem(args: argparse.Namespace, found: Gathered) -> None:
    """Save the problem before it is solved, and say how it is replayed."""
    from betaneutral_xl.job.problem import write_problem

    write_problem(args.save_problem, found.request, found.inputs)
    command = args.command if args.command in REPLAYING else "rebalance"
    file = args.save_problem.name
    replay = f"betaneutral-xl {command} --from-snapshot {file}"
    output.say(f"Problem: {file}, names replaced; replay it with {replay}", stderr=True)


REPLAYING = ("rebalance", "compare", "feasible", "betas")
"""Commands that replay a problem by themselves; the others need prices, which it does not have."""


def _mandate(args: argparse.Namespace, typed: Mapping[str, Any]) -> Mandate | None:
    """Return the mandate: as typed, else that of the environment, else the file of the current folder.

    The last two are for the fund's own data: not for the sample, nor for a snapshot, which has its own.
    """
    named = typed.get("mandate")
    if named is not None:
        return None if str(named).strip().lower() == NO_MANDATE else Mandate.of(named)
    if "mandate" not in vars(args) or args.sample or args.from_snapshot:
        return None
    standing = Settings.from_environment().mandate or (FILE_NAME if Path(FILE_NAME).is_file() else "")
    return Mandate.of(standing) if standing else None


NO_MANDATE = "none"
"""What ``--mandate`` says where a run is to be under no mandate, though there is one in the folder."""


def without_mandate(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without the mandate that they name."""
    return {name: value for name, value in options.items() if name != "mandate"}


def _from_snapshot(args: argparse.Namespace, named: dict[str, Any], typed: dict[str, Any]) -> Gathered:
    network = {"refresh": args.refresh, "allow_stale": args.allow_stale}
    beside_snapshot({**named, "sample": args.sample, **network})
    inputs, stored = from_snapshot(args.from_snapshot, Sources.parse({"nav": named.get("nav")}).nav)
    if typed.get("market") is not None:
        inputs = replace(inputs, market=loaded_market(market_name(typed["market"]), settings(args)))
    return Gathered(inputs, {**stored, **typed})


def settings(args: argparse.Namespace) -> Settings:
    """Return the settings of the environment, with the options of the network."""
    found = Settings.from_environment()
    allowed = found.allow_stale if args.allow_stale is None else args.allow_stale
    return replace(found, refresh=bool(args.refresh), allow_stale=allowed)


MANY = 1_000
"""From so many names of the risk model on a solution can take a second."""


def solve(gathered: Gathered) -> Rebalance:
    """Solve what is required, with a word about it where it can take a second."""
    with _solving(gathered):
        return run.solve(gathered.request, gathered.inputs)


def answer(gathered: Gathered) -> Outcome:
    """Solve what is required, or find why it is infeasible."""
    with _solving(gathered):
        return run.run(gathered.request, gathered.inputs)


def _solving(gathered: Gathered) -> AbstractContextManager[Any]:
    names = len(gathered.inputs.covariance.tickers)
    return output.progress(f"Solving for {names:,} names ...") if names > MANY else nullcontext()


def day(text: str) -> date:
    """Read a day as people and scripts write it: 2025-11-18."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a day; write it as 2025-11-18"
        raise argparse.ArgumentTypeError(msg) from None
