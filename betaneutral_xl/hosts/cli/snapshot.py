"""``betaneutral-xl snapshot``: save every input of a run in one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import input_options, table_options
from betaneutral_xl.hosts.cli.output import add_machine_formats, console
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.readers.raw_input import RawInput

EPILOG = """\
examples:
  betaneutral-xl snapshot run.zip --fund quant_paper --date 2025-11-18 --etf JHAI.csv --target IWV
      save the API's answers, the ETF's file, and the method, target and limits
  betaneutral-xl rebalance --from-snapshot run.zip
      repeat the run without a network: to the last digit here, to 1e-12 on another processor
  betaneutral-xl rebalance --from-snapshot run.zip --method reweight
      the same inputs with another method
  betaneutral-xl snapshot run.zip --show
      list its inputs and their sources

Inputs are saved byte for byte with their SHA-256, without tokens and paths of this machine. A snapshot
contains the fund's holdings and is as confidential as they are.
"""

COLUMNS = ("name", "read_as", "source", "location", "as_of", "fetched_at", "bytes", "sha256")


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Save the inputs, method, target and limits of a run in one file; or show such a file."
    )
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE.zip", type=Path, help="snapshot to write, or to show")
    parser.add_argument("--show", action="store_true", help="show the snapshot; write nothing")
    input_options.add_arguments(parser, *table_options.REQUIRED)
    add_machine_formats(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Write a snapshot, or read one; print its contents."""
    from betaneutral_xl.job.snapshot import read_snapshot, write_snapshot

    if not args.show:
        given = input_options.gather(args)
        input_options.solve(given)  # refuse an unsolvable run now, not when it is repeated
        write_snapshot(args.file, given.inputs.raw_inputs, given.stored)
    snapshot = read_snapshot(args.file)
    rows = [_row(one) for one in snapshot.raw_inputs]
    if args.json:
        record = {
            "versions": snapshot.versions,
            "parameters": snapshot.parameters,
            "inputs": [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        }
        sys.stdout.write(saving.to_json(record) + "\n")
    elif args.csv:
        sys.stdout.write(saving.to_csv(COLUMNS, rows))
    else:
        _print(args.file.name, rows, snapshot.parameters, snapshot.differences())


def _row(raw_input: RawInput) -> tuple[str, str, str, str, str, str, int, str]:
    origin = raw_input.provenance
    if origin is None:
        msg = "an input of a snapshot has no provenance"
        raise AssertionError(msg)
    return (
        raw_input.name,
        raw_input.reader.value,
        origin.source,
        origin.location,
        origin.as_of.isoformat() if origin.as_of else "",
        origin.fetched_at.isoformat(),
        len(raw_input.data),
        origin.sha256,
    )


def _print(
    name: str,
    rows: Sequence[tuple[str, str, str, str, str, str, int, str]],
    parameters: Mapping[str, object],
    differences: Sequence[str],
) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("input", "from", "as of", "fetched at"):
        table.add_column(heading, no_wrap=True)
    table.add_column("bytes", justify="right", no_wrap=True)
    table.add_column("sha256", no_wrap=True)
    for file, _, source, _, as_of, fetched_at, size, sha256 in rows:
        cells = (
            file,
            source,
            as_of or "unknown",
            fetched_at[:16].replace("T", " "),
            f"{size:,}",
            sha256[:12],
        )
        table.add_row(*map(Text, cells))
    out.print(table)
    stated = ", ".join(f"{key} {value}" for key, value in parameters.items() if value)
    out.print(f"parameters: {stated}", markup=False, soft_wrap=True)
    for line in differences:
        out.print(f"! {line}", style="yellow", markup=False, soft_wrap=True)
    out.print(f"\nRepeat it: betaneutral-xl rebalance --from-snapshot {name}", markup=False, soft_wrap=True)
