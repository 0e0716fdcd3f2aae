"""``betaneutral-xl holdings``: show how a portfolio's file is read."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.hosts.cli import output, table_options
from betaneutral_xl.hosts.cli.output import percent
from betaneutral_xl.job.sources import Sources
from betaneutral_xl.job.sources import load_holdings as load
from betaneutral_xl.model.positions import Position, PositionClass

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Holdings

EPILOG = """\
examples:
  betaneutral-xl holdings Portfolio_Positions_Nov-18-2025.csv
  betaneutral-xl holdings all-accounts.csv --account "Roth IRA ...234"
  betaneutral-xl holdings positions.csv --fx EUR=1.16 JPY=0.0064 --json
  betaneutral-xl holdings long-short.csv --nav 1000000
  betaneutral-xl holdings Portfolio.csv --tickers isin-to-ticker.csv
  betaneutral-xl holdings book.xlsx#Holdings --csv > positions.csv
  curl https://... | betaneutral-xl holdings -          standard input

Files are read as brokers export them: CSV, XLSX, XLS, JSON, in any layout. Look here first if the weights
look wrong: what each row is, its value in base currency, the cash, and how each column was read.
Prices, values and notional values are in base currency; the currency is that of the quotation. Delta is
that of one share of the underlying.
"""

COLUMNS = (
    "ticker",
    "class",
    "shares",
    "price",
    "value",
    "weight",
    "currency",
    "name",
    "notional",
    "delta",
    "sector",
    "country",
)
"""Of a position, in JSON and CSV."""

CHOICES = ("account", "as_of", "fx", "nav", "groups_file", "tickers")
"""Options of the table that say how a file is read."""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Read a portfolio's file and show its positions, cash and columns as they are read."
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a broker's export, the API's JSON, or a table; FILE.xlsx#Sheet chooses a sheet, - is standard "
        "input, demo the sample",
    )
    table_options.add_options(parser, *CHOICES)
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> None:
    """Read the file, print what it has."""
    given = {name: getattr(args, table_options.destination(name)) for name in CHOICES}
    sources = Sources.parse({"holdings": args.file, **given})
    holdings = load(
        args.file,
        sources.account,
        sources.fx,
        sources.nav,
        as_of=sources.as_of,
        groups=sources.groups_file,
        tickers=sources.tickers,
    )
    if args.json:
        output.write_json(record(holdings))
    elif args.csv:
        output.write_csv(COLUMNS, map(_values, holdings.listed))
    else:
        _show(holdings)


def record(holdings: Holdings) -> dict[str, object]:
    """Return the positions, sums and warnings as plain data; weights are decimals of net asset value."""
    origin = holdings.provenance
    return {
        "file": origin.location,
        "sha256": origin.sha256,
        "fund": holdings.fund,
        "as_of": holdings.as_of,
        "nav": holdings.nav,
        "cash_weight": holdings.cash,
        "gross": float(np.abs(holdings.weights).sum()),
        "net": float(holdings.weights.sum()),
        "positions": [dict(zip(COLUMNS, _values(one), strict=True)) for one in holdings.listed],
        "columns": dict(holdings.columns),
        "note": origin.note,
        "warnings": list(holdings.warnings),
    }


def _values(one: Position) -> tuple[object, ...]:
    return (
        one.ticker,
        one.position_class.value,
        one.shares,
        one.price,
        one.value,
        one.weight,
        one.currency or None,
        one.name,
        one.notional,
        one.delta,
        one.groups.get("sector"),
        one.groups.get("country"),
    )


def _show(holdings: Holdings) -> None:
    from rich.markup import escape
    from rich.table import Table

    screen = output.console()
    origin = holdings.provenance
    day = holdings.as_of.isoformat() if holdings.as_of else "date unknown"
    screen.print(f"[bold]{escape(holdings.fund)}[/bold]  ({day}, {escape(origin.location)})")
    positions = sorted(holdings.listed, key=lambda one: -abs(one.weight))
    has_groups = [kind for kind in ("sector", "country") if any(kind in one.groups for one in positions)]
    table = Table("ticker", "class", "name")
    for heading in ("shares", "price", "value", "weight"):
        table.add_column(heading, justify="right")
    for heading in ("currency", *has_groups):
        table.add_column(heading)
    for one in positions:
        table.add_row(
            *map(escape, (one.ticker, one.position_class.value, one.name[:40])),
            _amount(one.shares, "{:,.10g}"),
            _amount(one.price, "{:,.2f}"),
            _amount(one.value, "{:,.2f}"),
            percent(one.weight),
            *map(escape, (one.currency, *(one.groups.get(kind, "") for kind in has_groups))),
        )
    screen.print(table)
    screen.print(_sums(holdings), soft_wrap=True)
    for one in positions:
        if one.is_contract:
            screen.print(escape(_contract(one)), soft_wrap=True)
    columns = ", ".join(f'{column} from "{header}"' for column, header in holdings.columns.items())
    if columns:
        note = f"; {origin.note}" if origin.note else ""
        screen.print(escape(f"Columns: {columns}{note}."), style="dim", soft_wrap=True)
    for warning in holdings.warnings:
        screen.print(f"[yellow]Note:[/yellow] {escape(warning)}", soft_wrap=True)


def _amount(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _sums(holdings: Holdings) -> str:
    nav = "not in the file" if holdings.nav is None else f"{holdings.nav:,.2f}"
    gross, net = float(np.abs(holdings.weights).sum()), float(holdings.weights.sum())
    classes = ", ".join(
        f"{kind.value} {percent(sum(weights))} ({len(weights)})"
        for kind in PositionClass
        if (weights := [one.weight for one in holdings.listed if one.position_class is kind])
    )
    return (
        f"Net asset value {nav}; cash {percent(holdings.cash)}, gross {percent(gross)}, net {percent(net)}.\n"
        f"By class: {classes}."
    )


def _contract(one: Position) -> str:
    notional = "unknown" if one.notional is None else f"{one.notional:,.2f}"
    delta = "" if one.delta is None else f", delta {one.delta:.4g}"
    article = "an" if one.position_class is PositionClass.OPTION else "a"
    return f"{one.ticker} is {article} {one.position_class.value}: notional {notional}{delta}."
