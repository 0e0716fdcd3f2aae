"""``betaneutral-xl mandate``: a fund's standing rules, and how its portfolio stands to them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.cli import input_options, output, table_options
from betaneutral_xl.job import run as job
from betaneutral_xl.job.mandate import FILE_NAME, Mandate, ready, ready_text, shown
from betaneutral_xl.job.options import BY_NAME
from betaneutral_xl.job.request import OrderTerms, Request
from betaneutral_xl.job.sources import Sources
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance

BROKEN = 10
"""The exit code where a rule is broken."""

EPILOG = f"""\
examples:
  betaneutral-xl mandate new long-only
      write {FILE_NAME}, to be filled in; every command finds it in the current folder
  betaneutral-xl mandate show
      the rules, one a line
  betaneutral-xl mandate check
      the portfolio as it is against the rules; exit code {BROKEN} if one is broken

A mandate names any option of docs/options.md, and: name, benchmark, hard_to_borrow.
It is chosen by --mandate FILE, else by BETANEUTRAL_MANDATE, else it is {FILE_NAME} of the current folder;
--mandate none is for a run without one. What a run says otherwise holds, and is reported.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "A mandate is a file of standing rules under which every command works."
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    new = actions.add_parser("new", help=f"write one to start from: {', '.join(ready())}")
    new.add_argument("kind", metavar="KIND", choices=ready(), help=", ".join(ready()))
    new.add_argument(
        "-o",
        "--out",
        metavar="FILE.toml",
        type=Path,
        default=Path(FILE_NAME),
        help="the file to write; one that exists stays as it is (default: %(default)s)",
    )
    new.set_defaults(run=write)
    show = actions.add_parser("show", help="show the rules")
    show.add_argument("file", metavar="FILE", nargs="?", default=FILE_NAME, help="default: %(default)s")
    show.set_defaults(run=show_rules)
    check = actions.add_parser(
        "check",
        help="check the portfolio as it is against the rules",
        epilog=table_options.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    input_options.add_arguments(check, *table_options.REQUIRED)
    check.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    check.set_defaults(run=check_portfolio)
    for action in (new, show, check):
        action.set_defaults(parser=action)


def write(args: argparse.Namespace) -> None:
    """Write a mandate to start from."""
    if args.out.exists():
        msg = f"{args.out.name} exists already. Choose another name with --out, or edit it."
        raise InputError(msg)
    saving.save(args.out, ready_text(args.kind).encode())
    output.say(f"Wrote {args.out.name}: fill in fund and ETFs, then run betaneutral-xl mandate check.")


def show_rules(args: argparse.Namespace) -> None:
    """Print the rules of a mandate, after parsing all of them."""
    mandate = Mandate.of(args.file)
    Request.parse({"mandate": mandate})
    OrderTerms.parse(mandate.terms({}))
    Sources.parse(mandate.sources({}))
    own = {"Benchmark": mandate.benchmark, "Hard to borrow": ", ".join(mandate.hard_to_borrow)}
    rows = [(name, one, "") for name, one in own.items() if one]
    rules = ((BY_NAME[name], one) for name, one in mandate.rules.items())
    rows += [(option.words, shown(one), option.help) for option, one in rules]
    output.say(mandate.label, "bold")
    columns = ("rule", "value", "meaning")
    output.print_table(columns, rows, left=columns, wrapped=columns, headed=False)


def check_portfolio(args: argparse.Namespace) -> int:
    """Print how the portfolio as it is stands to each rule."""
    from betaneutral_xl.job import standing

    given = input_options.gather(args)
    mandate = given.mandate
    if mandate is None:
        msg = f"No mandate is named. Write one with mandate new, or name it: --mandate {FILE_NAME}."
        raise InputError(msg)
    given.terms(args)
    result = job.unchanged(given.request, given.inputs)
    if args.json:
        output.write_json(standing.record(given.request, given.inputs, result))
    else:
        print_standing(mandate, result)
    return 0 if standing.kept(standing.lines(mandate, result)) else BROKEN


def print_standing(mandate: Mandate, result: Rebalance) -> None:
    """Print each limit of a mandate with its number and pass or fail."""
    from rich.text import Text

    from betaneutral_xl.job import standing

    found = standing.lines(mandate, result)
    passed = [one for one in found if standing.kept((one,))]
    marks = (Text("pass", "green") if one in passed else Text("FAIL", "bold red") for one in found)
    output.say(f"\nMandate {mandate.label}: {len(passed)} of {len(found)} limits kept", "bold")
    rows, columns = zip(marks, map(standing.sentence, found), strict=True), ("mark", "limit")
    output.print_table(columns, rows, left=columns, wrapped=columns, headed=False)
