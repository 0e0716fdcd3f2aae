"""The command line: ``betaneutral-xl COMMAND``, one module per command.

A command module has ``add_parser(commands)``, which adds its parser and sets ``run``, and ``run(args)``,
which raises a ``BetaNeutralError`` or returns nothing. Slow imports are inside ``run``.
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
from betaneutral_xl.hosts.cli.output import use_utf8

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
  0  success                                 1  a defect in this program
  2  input: a file or an option is invalid   3  source: the network or the API failed
  4  model: the problem has no solution      5  spreadsheet program: Excel or Calc failed
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    use_utf8()
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
    except BetaNeutralError as error:
        if args.debug:
            raise
        sys.stderr.write(f"betaneutral-xl: {error}\n")
        return error.exit_code
    except BrokenPipeError:  # the reader, such as ``head``, closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("betaneutral-xl: interrupted; no file was left half written\n")
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with all commands."""
    from betaneutral_xl import __version__

    parser = argparse.ArgumentParser(
        prog="betaneutral-xl",
        description="Make a stock portfolio beta-neutral to one or several ETFs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"betaneutral-xl {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser
