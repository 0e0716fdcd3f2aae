"""Output of the commands: tables with rich, or CSV and JSON for machines."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from betaneutral_xl.hosts.sheets.findings import Finding

PIPED_WIDTH = 160
"""Columns of output to a file or a pipe, which has no width of its own."""


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, or ``PIPED_WIDTH`` where there is none.

    With ``NO_COLOR`` set to anything there are no escape sequences at all, bold and dim included.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False, color_system=colours)


def say(text: str, style: str | None = None, *, stderr: bool = False) -> None:
    """Print a text as it is, whatever brackets it has; a long line is not broken."""
    console(stderr=stderr).print(text, style=style, markup=False, soft_wrap=True)


def warn(lines: Iterable[str]) -> None:
    """Print warnings, a line each."""
    for line in lines:
        say(f"! {line}", "yellow")


def print_table(
    columns: Iterable[str],
    rows: Iterable[Iterable[str | Text]],
    *,
    left: Container[str] = (),
    wrapped: Container[str] = (),
    headed: bool = True,
    out: Console | None = None,
) -> None:
    """Print a table without lines, its texts as they are.

    Parameters
    ----------
    columns, rows
        The headings, and the cells below them.
    left, wrapped
        Columns that are aligned to the left, not to the right; and that may be broken into lines.
    headed
        Whether the headings are shown.
    out
        Where to; by default standard output.

    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=headed)
    for name in columns:
        table.add_column(Text(name), justify="left" if name in left else "right", no_wrap=name not in wrapped)
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    (out or console()).print(table)


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Show a spinner with a text on a terminal; print nothing elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    if os.environ.get("NO_COLOR"):  # a spinner moves the cursor
        sys.stderr.write(f"{text}\n")
        yield
        return
    from rich.text import Text

    with console(stderr=True).status(Text(text)):
        yield


def add_machine_formats(parser: argparse.ArgumentParser) -> None:
    """Add ``--json`` and ``--csv``, which exclude each other."""
    formats = parser.add_argument_group("output for machines").add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    formats.add_argument("--csv", action="store_true", help="print the table as CSV, at full precision")


def write_json(record: object) -> None:
    """Print plain data as JSON."""
    sys.stdout.write(saving.to_json(record) + "\n")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table as CSV."""
    sys.stdout.write(saving.to_csv(columns, rows))


def minute(time: str) -> str:
    """Return an ISO time up to its minute."""
    return time[:16].replace("T", " ")


def print_findings(findings: Iterable[Finding]) -> None:
    """Print what a host needs, a line each."""
    for name, fine, text in findings:
        say(f"{'ok ' if fine else '-- '} {name}: {text}")


def percent(value: float, digits: int = 2) -> str:
    """Return a decimal as text in percent, NaN as a dash."""
    return "-" if math.isnan(value) else f"{number(100.0 * value, digits)}%"


def number(value: float, digits: int = 4) -> str:
    """Return a number as text, NaN as a dash, and what rounds to zero without a sign.

    >>> number(-1e-17), number(-0.25, 2)
    ('0.0000', '-0.25')
    """
    if math.isnan(value):
        return "-"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.") else text
