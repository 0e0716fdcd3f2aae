"""``betaneutral-xl cache``: show or remove cached answers of the fund's web API."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli.output import add_machine_formats, console
from betaneutral_xl.system import saving
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    import argparse

    from betaneutral_xl.network.cache import Entry

EPILOG = """\
examples:
  betaneutral-xl cache list
  betaneutral-xl cache list --json
  betaneutral-xl cache clear

Answers about past days are cached for good, others for an hour, refusals for a minute. The folder is the
platform's cache folder, or BETANEUTRAL_CACHE. It contains no token.
"""

COLUMNS = ("what", "fetched_at", "expires", "holds", "bytes", "refusal")


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
    from betaneutral_xl.network.cache import Cache

    settings = Settings.from_environment()
    rows = [_row(entry) for entry in Cache(settings.cache).entries()]
    if args.json:
        records = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        sys.stdout.write(saving.to_json({"folder": str(settings.cache), "answers": records}) + "\n")
    elif args.csv:
        sys.stdout.write(saving.to_csv(COLUMNS, rows))
    else:
        _print(rows, str(settings.cache))


def run_clear(_: argparse.Namespace) -> None:
    """Remove all cached answers."""
    from betaneutral_xl.network.cache import Cache

    settings = Settings.from_environment()
    sys.stdout.write(f"removed {Cache(settings.cache).clear()} answers from {settings.cache}\n")


def _row(entry: Entry) -> tuple[str, str, str | None, bool, int, str | None]:
    expires = entry.expires.isoformat(timespec="seconds") if entry.expires else None
    return (
        entry.note,
        entry.fetched_at.isoformat(timespec="seconds"),
        expires,
        entry.is_valid(datetime.now(UTC)),
        entry.size,
        entry.refusal or None,
    )


def _print(rows: list[tuple[str, str, str | None, bool, int, str | None]], folder: str) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("what", "fetched at (UTC)", "valid until (UTC)"):
        table.add_column(name, no_wrap=True)
    table.add_column("bytes", justify="right", no_wrap=True)
    for what, fetched_at, expires, valid, size, refusal in rows:
        until = "for good" if expires is None else _minute(expires) if valid else "expired"
        label = f"{what} ({refusal})" if refusal else what
        table.add_row(Text(label), _minute(fetched_at), until, f"{size:,}")
    if rows:
        out.print(table)
    total = sum(row[4] for row in rows)
    out.print(f"{len(rows)} answers, {total:,} bytes in {folder}", markup=False, soft_wrap=True)


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
