"""The command line: ``betaneutral-xl COMMAND``, one module per command, as ``commands`` lists them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence

from betaneutral_xl.errors import BetaNeutralError, Unwritable
from betaneutral_xl.hosts.cli import commands, parsing, streams

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
    name = parsing.command_of(words)
    known = [name] if name in commands.HELP else []
    parser = build_parser(known)
    if not words:
        parser.print_help()
        return 0
    if name is not None and not known:
        parsing.refuse_command(name, commands.COMMANDS, parser)
    if name is None:
        parsing.refuse_unknown_before_command(words, parser)
    parsing.show_help_of_group(words, parser)
    args, unknown = parser.parse_known_args(words)
    if unknown:
        parsing.refuse_unknown(unknown, args.parser)
    try:
        _add_defaults(args)
        return args.run(args) or 0  # an answer may be a failure for a script: feasible
    except BetaNeutralError as error:
        if args.debug:
            import traceback

            traceback.print_exc()
        sys.stderr.write(f"betaneutral-xl: {error}\n")
        return error.exit_code


def _add_defaults(args: argparse.Namespace) -> None:
    """Add the defaults of the folder, if the command reads them."""
    if not getattr(args, "no_defaults", True):
        from betaneutral_xl.hosts.cli import folder_defaults

        folder_defaults.fill(args)


def build_parser(names: Iterable[str] = commands.COMMANDS) -> parsing.Parser:
    """Return the parser with the commands of some names, whose modules are imported."""
    from betaneutral_xl import __version__

    parser = parsing.Parser(
        prog="betaneutral-xl",
        description="Make a stock portfolio beta-neutral to one or several ETFs.",
        epilog=f"{commands.listed_by_task()}\n{EPILOG}",
        formatter_class=parsing.CommandsFormatter,
    )
    parser.add_argument("--version", action="version", version=f"betaneutral-xl {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    actions = parser.add_subparsers(
        parser_class=parsing.Parser, metavar="COMMAND", dest="command", required=True
    )
    commands.add(actions, names)
    return parser
