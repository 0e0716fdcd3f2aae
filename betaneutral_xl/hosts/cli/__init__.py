"""The command line: ``betaneutral-xl COMMAND``; a module a command.

A command module has ``add_parser(commands)``, which describes itself and sets ``run``, and
``run(args)``, which raises a ``BetaNeutralError`` or returns nothing. What is heavy is imported
inside ``run``.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from betaneutral_xl.errors import BetaNeutralError
from betaneutral_xl.hosts.cli import (
    backtest,
    betas,
    cache,
    calc,
    compare,
    demo,
    estimate,
    etf,
    excel,
    fake_api,
    feasible,
    rebalance,
    report,
    snapshot,
    sweep,
    workbook,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    demo,
    rebalance,
    report,
    compare,
    feasible,
    betas,
    etf,
    cache,
    fake_api,
    snapshot,
    estimate,
    workbook,
    excel,
    calc,
    backtest,
    sweep,
)

EPILOG = """\
exit codes:
  0  done      2  input (a file, an option)      3  source (the network)
  4  model (the numbers admit no answer)         1  a defect of this program
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
    except BetaNeutralError as error:
        if args.debug:
            raise
        sys.stderr.write(f"betaneutral-xl: {error}\n")
        return error.exit_code
    except BrokenPipeError:  # the reader, such as ``head``, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("betaneutral-xl: interrupted; nothing was left half written\n")
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    from betaneutral_xl import __version__

    parser = argparse.ArgumentParser(
        prog="betaneutral-xl",
        description="Make a stock portfolio beta-neutral to one or several ETFs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"betaneutral-xl {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the trace of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser
