"""``betaneutral-xl snapshot``: save every input of a run in one file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import input_options, output, table_options

if TYPE_CHECKING:
    from betaneutral_xl.job.snapshot import Snapshot
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
    parser.add_argument("file", metavar="FILE.zip", type=Path, help="snapshot to write, or to show")
    parser.add_argument("--show", action="store_true", help="show the snapshot; write nothing")
    input_options.add_arguments(parser, *table_options.REQUIRED)
    output.add_machine_formats(parser)


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
        output.write_json(
            {
                "versions": snapshot.versions,
                "parameters": snapshot.parameters,
                "inputs": [dict(zip(COLUMNS, row, strict=True)) for row in rows],
            }
        )
    elif args.csv:
        output.write_csv(COLUMNS, rows)
    else:
        _print(args.file.name, rows, snapshot)


Row = tuple[str, str, str, str, str, str, int, str]
"""An input, by ``COLUMNS``."""


def _row(raw_input: RawInput) -> Row:
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


def _print(name: str, rows: Sequence[Row], snapshot: Snapshot) -> None:
    columns = ("input", "from", "as of", "fetched at", "bytes", "sha256")
    shown = (
        (file, source, as_of or "unknown", output.minute(fetched_at), f"{size:,}", sha256[:12])
        for file, _, source, _, as_of, fetched_at, size, sha256 in rows
    )
    output.print_table(columns, shown, left=set(columns) - {"bytes"})
    stated = ", ".join(f"{key} {value}" for key, value in snapshot.parameters.items() if value)
    output.say(f"parameters: {stated}")
    output.warn(snapshot.differences())
    output.say(f"\nRepeat it: betaneutral-xl rebalance --from-snapshot {name}")
