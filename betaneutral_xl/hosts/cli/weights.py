"""The table of weights: which rows, in which order, on a terminal and elsewhere."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import output
from betaneutral_xl.hosts.cli.output import number, percent

if TYPE_CHECKING:
    from rich.console import Console

    from betaneutral_xl.engine.result import Rebalance

Row = tuple[str | float, ...]

SORTS = ("trade", "weight", "new_weight", "etf_weight", "predicted_beta", "ticker")
"""Columns to sort by: numbers by their size, largest first, and tickers by name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--top`` and ``--sort``."""
    group = parser.add_argument_group("the table of weights")
    group.add_argument(
        "--top",
        metavar="N",
        type=_count,
        help="show the first N rows, and cash (default: all that are traded)",
    )
    group.add_argument(
        "--sort",
        choices=SORTS,
        help="order of the rows, the largest first (default: trade on a terminal or with --top, else ticker)",
    )


def _count(text: str) -> int:
    try:
        number_of_rows = int(text)
    except ValueError:
        number_of_rows = 0
    if number_of_rows < 1:
        msg = f"{text!r} is not a number of rows; give 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return number_of_rows


def rows(result: Rebalance, sort: str | None = None, top: int | None = None) -> list[Row]:
    """Return the rows of the table, sorted and cut off as requested; the cash line last."""
    *names, cash = result.rows()
    order = "trade" if sort is None and top is not None else sort
    return [*_sorted(names, order, result)[:top], cash]


def _sorted(names: list[Row], sort: str | None, result: Rebalance) -> list[Row]:
    if sort is None:
        return names
    at = next(i for i, name in enumerate(result.columns) if name.startswith(sort))
    if sort == "ticker":
        return sorted(names, key=lambda row: str(row[at]))
    return sorted(names, key=lambda row: -_size(float(row[at])))


def _size(value: float) -> float:
    return -math.inf if math.isnan(value) else abs(value)


def print_table(result: Rebalance, out: Console, sort: str | None = None, top: int | None = None) -> None:
    """Print the table; on a terminal the trades come first, and names that are not traded are folded."""
    shown, folded = rows(result, sort, top), ""
    if sort is None and top is None and out.is_terminal:
        traded = set(result.traded)
        *names, cash = rows(result, "trade")
        shown = [*(row for row in names if row[0] in traded), cash]
        folded = _folded([row for row in names if row[0] not in traded])
    out.print()
    cells = [_cells(result.columns, row) for row in shown]
    output.print_table(result.columns, cells, left={"ticker"}, out=out)
    if folded:
        out.print(folded, style="dim", markup=False, soft_wrap=True)


def _folded(names: list[Row]) -> str:
    if not names:
        return ""
    weight = math.fsum(float(row[1]) for row in names)
    plural = "name is" if len(names) == 1 else "names are"
    return f"{len(names)} more {plural} not traded (weight {percent(weight)}); --sort ticker shows all"


def _cells(columns: tuple[str, ...], row: Row) -> list[str]:
    numbers = (
        number(float(value)) if name.startswith("predicted_beta") else percent(float(value), 4)
        for name, value in zip(columns[1:], row[1:], strict=True)
    )
    return [str(row[0]), *numbers]
