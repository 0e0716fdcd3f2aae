"""Output of the commands: tables with rich, or CSV and JSON for machines."""

from __future__ import annotations

import math
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rich.console import Console

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
    with console(stderr=True).status(text):
        yield


def add_machine_formats(parser: argparse.ArgumentParser) -> None:
    """Add ``--json`` and ``--csv``, which exclude each other."""
    formats = parser.add_argument_group("output for machines").add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    formats.add_argument("--csv", action="store_true", help="print the table as CSV, at full precision")


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
