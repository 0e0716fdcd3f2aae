"""``betaneutral-xl cache``: show or remove cached answers of the fund's web API."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli.output import add_machine_formats, console
from betaneutral_xl.job import cached
from betaneutral_xl.system import saving
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    import argparse

EPILOG = """\
examples:
  betaneutral-xl cache list
  betaneutral-xl cache list --json
  betaneutral-xl cache clear

Answers about past days are cached for good, others for an hour, refusals for a minute. The folder is the
platform's cache folder, or BETANEUTRAL_CACHE. It contains no token.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Show or remove the cached answers of the fund's web API."
    parser.epilog = EPILOG
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show the cached answers, newest first")
    add_machine_formats(listing)
    listing.set_defaults(run=run_list)
    actions.add_parser("clear", help="remove all cached answers").set_defaults(run=run_clear)


def run_list(args: argparse.Namespace) -> None:
    """Print the cached answers."""
    folder = Settings.from_environment().cache
    answers = cached.answers(folder)
    if args.json:
        records = [one._asdict() for one in answers]
        sys.stdout.write(saving.to_json({"folder": str(folder), "answers": records}) + "\n")
    elif args.csv:
        sys.stdout.write(saving.to_csv(cached.CachedAnswer._fields, answers))
    else:
        _print(answers, str(folder))


def run_clear(_: argparse.Namespace) -> None:
    """Remove all cached answers."""
    folder = Settings.from_environment().cache
    sys.stdout.write(f"removed {cached.clear(folder)} answers from {folder}\n")


def _print(answers: list[cached.CachedAnswer], folder: str) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("what", "fetched at (UTC)", "valid until (UTC)"):
        table.add_column(name, no_wrap=True)
    table.add_column("bytes", justify="right", no_wrap=True)
    for what, fetched_at, expires, valid, size, refusal in answers:
        until = "for good" if expires is None else _minute(expires) if valid else "expired"
        label = f"{what} ({refusal})" if refusal else what
        table.add_row(Text(label), _minute(fetched_at), until, f"{size:,}")
    if answers:
        out.print(table)
    total = sum(one.bytes for one in answers)
    out.print(f"{len(answers)} answers, {total:,} bytes in {folder}", markup=False, soft_wrap=True)


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
