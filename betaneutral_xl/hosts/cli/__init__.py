"""The command line: ``betaneutral-xl COMMAND``, one module per command.

A command module has ``add_parser(commands)``, which adds its parser and sets ``run``, and ``run(args)``,
which raises a ``BetaNeutralError`` or returns nothing. Slow imports are inside ``run``.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from betaneutral_xl.errors import BetaNeutralError, Unwritable
from betaneutral_xl.hosts.cli import (
    accept,
    backtest,
    betas,
    cache,
    calc,
    compare,
    completion,
    demo,
    estimate,
    etf,
    excel,
    fake_api,
    feasible,
    fills,
    folder_defaults,
    holdings,
    mandate,
    office,
    orders,
    parsing,
    rebalance,
    report,
    snapshot,
    streams,
    sweep,
    today,
    workbook,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TASKS = {
    "make a portfolio neutral": {
        "demo": demo,
        "rebalance": rebalance,
        "orders": orders,
        "report": report,
    },
    "day by day": {"mandate": mandate, "today": today, "accept": accept, "fills": fills},
    "look into it": {
        "betas": betas,
        "compare": compare,
        "feasible": feasible,
        "holdings": holdings,
        "etf": etf,
    },
    "risk model and evidence": {"estimate": estimate, "backtest": backtest, "sweep": sweep},
    "spreadsheet programs": {"excel": excel, "office": office, "calc": calc, "workbook": workbook},
    "data": {"snapshot": snapshot, "cache": cache, "fake-api": fake_api, "completion": completion},
}
"""The modules of the commands, by what they are for."""

COMMANDS = tuple(name for modules in TASKS.values() for name in modules)
"""The names of all commands."""

EPILOG = """\
exit codes:
  0  success                                 1  a defect in this program
  2  input: a file or an option is invalid   3  source: the network or the API failed
  4  model: the problem has no solution      5  spreadsheet program: Excel or Calc failed
  10  action: today says rebalance, a portfolio breaks its mandate, orders are not filled
  130  interrupted                          141  the reader of the output stopped reading
"""

INTERRUPTED, PIPE_CLOSED = 130, 141
"""Exit codes as of shells: 128 and the number of the signal."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    words = parsing.join_negative_values(sys.argv[1:] if argv is None else argv)
    streams.prepare(for_machines="--json" in words or "--csv" in words)
    try:
        return _flushed(words)
    except BrokenPipeError:  # the reader, such as ``head``, closed the pipe
        streams.discard_output()
        return PIPE_CLOSED
    except OSError as error:
        if error.errno not in streams.UNWRITABLE:
            raise
        streams.discard_output()
        sys.stderr.write(f"betaneutral-xl: The output cannot be written: {error.strerror}.\n")
        return Unwritable.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("betaneutral-xl: interrupted; no file was left half written\n")
        return INTERRUPTED


def _flushed(words: Sequence[str]) -> int:
    """Run a command, and write out what it printed while a closed pipe can still be handled."""
    try:
        return _run(words)
    finally:  # also after --help, by which argparse ends
        sys.stdout.flush()


def _run(words: Sequence[str]) -> int:
    parser = build_parser()
    if not words:
        parser.print_help()
        return 0
    parsing.require_command(words, COMMANDS, parser)
    parsing.show_help_of_group(words, parser)
    args, unknown = parser.parse_known_args(words)
    if unknown:
        parsing.refuse_unknown(unknown, args.parser)
    try:
        folder_defaults.fill(args)
        return args.run(args) or 0  # an answer may be a failure for a script: feasible
    except BetaNeutralError as error:
        if args.debug:
            traceback.print_exc()
        sys.stderr.write(f"betaneutral-xl: {error}\n")
        return error.exit_code


def build_parser() -> parsing.Parser:
    """Return the parser with all commands."""
    from betaneutral_xl import __version__

    parser = parsing.Parser(
        prog="betaneutral-xl",
        description="Make a stock portfolio beta-neutral to one or several ETFs.",
        formatter_class=parsing.CommandsFormatter,
    )
    parser.add_argument("--version", action="version", version=f"betaneutral-xl {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(
        parser_class=parsing.Parser, metavar="COMMAND", dest="command", required=True
    )
    for modules in TASKS.values():
        for module in modules.values():
            module.add_parser(commands)
    for command in commands.choices.values():
        command.set_defaults(parser=command)
    parser.epilog = f"{parsing.list_by_task(commands, TASKS)}\n{EPILOG}"
    return parser
