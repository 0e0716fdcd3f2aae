"""The options for the three inputs and for the answer, read into inputs and a request."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.cli import table_options
from betaneutral_xl.hosts.cli.output import progress
from betaneutral_xl.job import run
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.request import Request, defaults, market_name, target_tickers
from betaneutral_xl.job.sources import Sources, beside_snapshot, from_snapshot, loaded_market
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.run import Inputs, Outcome

INPUTS = (Section.PORTFOLIO, Section.ETFS, Section.RISK)
"""Sections of the table whose options name the inputs."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The inputs of a run, and what it is required to do.

    Attributes
    ----------
    inputs
        The values, with the files that they were read from.
    options
        What is required, as typed or as a snapshot has it.

    """

    inputs: Inputs
    options: Mapping[str, Any]

    @property
    def stored(self) -> dict[str, Any]:
        """The options as a snapshot keeps them: with today's defaults, which another version may change."""
        return {**defaults(), **self.options}

    @property
    def request(self) -> Request:
        """What is required of the answer."""
        return Request.parse(self.options, self.inputs.etf_names, self.inputs.groups)


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
    named = table_options.typed(args, *INPUTS)
    typed = table_options.typed(args, *table_options.REQUIRED)
    if args.from_snapshot:
        return _from_snapshot(args, named, typed)
    also = [*target_tickers(typed.get("target")), *filter(None, [getattr(args, "benchmark", None)])]
    market = market_name(typed.get("market"))
    sources = Sources.parse({**named, "sample": args.sample, "also": also, "market": market})
    return Gathered(sources.load(_settings(args), progress), typed)


def _from_snapshot(args: argparse.Namespace, named: dict[str, Any], typed: dict[str, Any]) -> Gathered:
    network = {"refresh": args.refresh, "allow_stale": args.allow_stale}
    beside_snapshot({**named, "sample": args.sample, **network})
    inputs, stored = from_snapshot(args.from_snapshot, Sources.parse({"nav": named.get("nav")}).nav)
    if typed.get("market") is not None:
        inputs = replace(inputs, market=loaded_market(market_name(typed["market"]), _settings(args)))
    return Gathered(inputs, {**stored, **typed})


def _settings(args: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    allowed = settings.allow_stale if args.allow_stale is None else args.allow_stale
    return replace(settings, refresh=bool(args.refresh), allow_stale=allowed)


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
    return progress(f"Solving for {names:,} names ...") if names > MANY else nullcontext()


def day(text: str) -> date:
    """Read a day as people and scripts write it: 2025-11-18."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a day; write it as 2025-11-18"
        raise argparse.ArgumentTypeError(msg) from None
