"""The table of commands: names and help, by task. The module of a command is imported when it runs.

The module of ``NAME``, with ``_`` for ``-``, has ``EPILOG``; ``define(parser)``, which describes it and adds
its arguments; and ``run(args)``, which raises a ``BetaNeutralError`` or returns an exit code or nothing.
One of several actions has a function like ``run`` for each, which ``define`` sets.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from betaneutral_xl.hosts.cli.parsing import Parser

TASKS = {
    "make a portfolio neutral": {
        "demo": "make the embedded sample beta-neutral and write its report here",
        "rebalance": "compute beta-neutral weights, and write a report",
        "orders": "convert the new weights to orders, in whole or fractional shares",
        "report": "write an auditable report as a workbook, and as PDF or web page",
    },
    "day by day": {
        "mandate": "write a fund's standing rules, show them, check the portfolio against them",
        "today": "see whether the accepted hedge is still good, and what moved it",
        "accept": "keep a proposal with its inputs, to compare with from then on",
        "fills": "reconcile trades with the accepted orders: filled, partly, not, surplus",
    },
    "look into it": {
        "betas": "show each name's predicted beta to each ETF, largest contribution first",
        "compare": "compare hedging by the ETF, hedging by its basket, and reweighting",
        "feasible": "show which betas can be reached under limits, and what to relax",
        "holdings": "show how a portfolio's file is read",
        "etf": "show how an issuer's holdings file is read",
    },
    "risk model and evidence": {
        "estimate": "estimate a covariance from prices",
        "backtest": "run a walk-forward backtest of hedges over prices",
        "sweep": "run many backtests on all cores or a cluster",
    },
    "spreadsheet programs": {
        "excel": "install, check or uninstall the add-in for Excel; repair a workbook of another computer",
        "office": "install, serve, check or uninstall the add-in for Excel on the Mac, the web and Windows",
        "calc": "install, check, open or uninstall the extension of LibreOffice Calc",
        "workbook": "build the template workbook, or rebalance one without a spreadsheet program",
    },
    "data": {
        "snapshot": "save every input of a run in one file, from which it can be repeated",
        "cache": "show or remove cached answers of the fund's web API",
        "fake-api": "serve the embedded sample as the fund's web API, on this machine only",
        "completion": "print a shell's completion script",
    },
}
"""The help of each command, by what the commands are for."""

HELP = {name: text for commands in TASKS.values() for name, text in commands.items()}
"""The help of each command."""

COMMANDS = tuple(HELP)
"""The names of all commands."""


def add(commands: argparse._SubParsersAction[Parser], names: Iterable[str]) -> None:
    """Import the modules of some commands, and add their parsers."""
    for name in names:
        module = import_module(f"betaneutral_xl.hosts.cli.{name.replace('-', '_')}")
        parser = commands.add_parser(
            name,
            help=HELP[name],
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.set_defaults(parser=parser, run=getattr(module, "run", None))
        module.define(parser)


def listed_by_task() -> str:
    """Return the names of all commands and their help, by task.

    >>> listed_by_task().splitlines()[1]
    '  demo        make the embedded sample beta-neutral and write its report here'
    """
    width = max(map(len, HELP)) + 2
    lines: list[str] = []
    for task, commands in TASKS.items():
        lines += [f"{task}:", *(f"  {name:<{width}}{text}" for name, text in commands.items()), ""]
    return "\n".join(lines)
