"""``betaneutral-xl cache``: show or remove cached answers of the fund's web API."""

from __future__ import annotations

import argparse

from betaneutral_xl.hosts.cli import output
from betaneutral_xl.job import cached
from betaneutral_xl.system.settings import Settings

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
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show the cached answers, newest first")
    output.add_machine_formats(listing)
    listing.set_defaults(run=run_list)
    actions.add_parser("clear", help="remove all cached answers").set_defaults(run=run_clear)


def run_list(args: argparse.Namespace) -> None:
    """Print the cached answers."""
    folder = Settings.from_environment().cache
    answers = cached.answers(folder)
    if args.json:
        output.write_json({"folder": str(folder), "answers": [one._asdict() for one in answers]})
    elif args.csv:
        output.write_csv(cached.CachedAnswer._fields, answers)
    else:
        _print(answers, str(folder))


def run_clear(_: argparse.Namespace) -> None:
    """Remove all cached answers."""
    folder = Settings.from_environment().cache
    output.say(f"removed {cached.clear(folder)} answers from {folder}")


def _print(answers: list[cached.CachedAnswer], folder: str) -> None:
    columns = ("what", "fetched at (UTC)", "valid until (UTC)", "bytes")
    rows = []
    for what, fetched_at, expires, valid, size, refusal in answers:
        until = "for good" if expires is None else output.minute(expires) if valid else "expired"
        label = f"{what} ({refusal})" if refusal else what
        rows.append((label, output.minute(fetched_at), until, f"{size:,}"))
    if rows:
        output.print_table(columns, rows, left=columns[:3])
    output.say(f"{len(answers)} answers, {sum(one.bytes for one in answers):,} bytes in {folder}")
