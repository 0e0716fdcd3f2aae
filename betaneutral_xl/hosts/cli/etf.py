"""``betaneutral-xl etf``: what is understood of an issuer's holdings file."""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli.output import add_machine_formats, console, percent
from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from collections.abc import Iterable

    from betaneutral_xl.model.portfolio import Constituent, Etf

LARGEST = 3
"""How many of the largest equities ``--json`` names."""

EPILOG = """\
examples:
  betaneutral-xl etf ~/Downloads/JHAI_full-holdings.csv
  betaneutral-xl etf JHAI                               the newest file of JHAI in the downloads folder
  betaneutral-xl etf all-funds.csv --fund CHAT --csv > chat.csv

Any layout is read, as downloaded: CSV, XLSX, XLS, saved web pages. Look here first when an ETF's
numbers surprise: which column was taken for what, what is cash, what the weights add up to.
"""

COLUMNS = (
    "ticker",
    "printed_ticker",
    "name",
    "class",
    "weight",
    "market_value",
    "currency",
    "identifier",
    "exposure",
)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "etf",
        help="show what is understood of an issuer's holdings file",
        description="Read issuers' holdings files and show what was understood of them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a file as downloaded; or a fund's ticker, for its newest file in the downloads folder; "
        "or an https address on a host in BETANEUTRAL_ETF_HOSTS",
    )
    parser.add_argument("--fund", metavar="NAME", help="which fund, where a file lists several")
    parser.add_argument(
        "--rows",
        metavar="N",
        type=int,
        default=15,
        help="how many of the largest rows to show (default: %(default)s; --csv has all)",
    )
    add_machine_formats(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Read each file, print what was understood."""
    from betaneutral_xl.job.inputs import load_etf

    etfs = [load_etf(file, fund=args.fund) for file in args.files]
    if args.json:
        records = [record(etf) for etf in etfs]
        sys.stdout.write(saving.to_json(records[0] if len(records) == 1 else records) + "\n")
    elif args.csv:
        rows = [(etf.name, *_cells(row)) for etf in etfs for row in etf.constituents]
        sys.stdout.write(saving.to_csv(("fund", *COLUMNS), rows))
    else:
        for etf in etfs:
            _show(etf, args.rows)


def record(etf: Etf) -> dict[str, object]:
    """Return what was understood as plain data: counts, sums, the largest equities, warnings."""
    equities = _of_class(etf, AssetClass.EQUITY)
    other = {
        kind.value: {"n": len(rows), "weight": _weight(rows)}
        for kind in (AssetClass.DERIVATIVE, AssetClass.FIXED_INCOME, AssetClass.FUND, AssetClass.OTHER)
        if (rows := _of_class(etf, kind))
    }
    return {
        "file": etf.provenance.location,
        "sha256": etf.provenance.sha256,
        "fund": etf.name,
        "title": etf.title,
        "as_of": etf.as_of,
        "n_rows": len(etf.constituents),
        "n_equity": len(equities),
        "equity_weight_sum": _weight(equities),
        "cash_weight": _weight(_of_class(etf, AssetClass.CASH)),
        "other": other,
        "total_weight": _weight(etf.constituents),
        "derivative_exposure": etf.derivative_exposure,
        "derivatives": [
            {
                "name": row.name,
                "ticker_raw": row.printed_ticker,
                "weight": row.weight,
                "exposure": row.exposure,
                "counted": row.moves_as_basket,
            }
            for row in _of_class(etf, AssetClass.DERIVATIVE)
        ],
        "exposure": etf.exposure,
        "top3": [
            {
                "ticker_raw": row.printed_ticker,
                "name": row.name,
                "weight": row.weight,
                "ticker_stripped": row.printed_ticker.strip(),
                "ticker": row.ticker,
            }
            for row in _largest(equities)[:LARGEST]
        ],
        "columns": etf.columns,
        "note": etf.provenance.note,
        "warnings": etf.warnings,
    }


def _of_class(etf: Etf, kind: AssetClass) -> list[Constituent]:
    return [row for row in etf.constituents if row.asset_class is kind]


def _weight(rows: Iterable[Constituent]) -> float:
    return math.fsum(row.weight for row in rows if not math.isnan(row.weight))


def _largest(rows: Iterable[Constituent]) -> list[Constituent]:
    return sorted(rows, key=lambda row: math.inf if math.isnan(row.weight) else -row.weight)


def _cells(row: Constituent) -> tuple[object, ...]:
    value = math.nan if row.market_value is None else row.market_value
    identifier = next(iter(row.identifiers.values()), "")
    return (
        row.ticker,
        row.printed_ticker,
        row.name,
        row.asset_class.value,
        row.weight,
        value,
        row.currency,
        identifier,
        math.nan if row.exposure is None else row.exposure,
    )


def _exposure(row: Constituent) -> str:
    """Return what a row moves: a derivative's exposure where it is known; "" for what is no derivative."""
    if row.asset_class is not AssetClass.DERIVATIVE:
        return ""
    return "unknown" if row.exposure is None else percent(row.exposure)


def _show(etf: Etf, most: int) -> None:
    from rich.markup import escape
    from rich.table import Table

    screen = console()
    day = etf.as_of.isoformat() if etf.as_of else "date unknown"
    screen.print(
        f"[bold]{escape(etf.name)}[/bold] {escape(etf.title)}  ({day}, {escape(etf.provenance.location)})"
    )
    table = Table("ticker", "printed", "name", "class")
    table.add_column("weight", justify="right")
    has_derivatives = bool(_of_class(etf, AssetClass.DERIVATIVE))
    if has_derivatives:
        table.add_column("exposure", justify="right")
    for row in _largest(etf.constituents)[:most]:
        cells = (row.ticker or "-", row.printed_ticker, row.name[:60], row.asset_class.value)
        beside = [_exposure(row)] if has_derivatives else []
        table.add_row(*map(escape, cells), percent(row.weight), *beside)
    screen.print(table)
    if len(etf.constituents) > most:
        smaller = len(etf.constituents) - most
        screen.print(f"and {smaller:,} smaller rows (--rows {len(etf.constituents)} shows all)", style="dim")
    totals = Table("class")
    totals.add_column("rows", justify="right")
    totals.add_column("weight", justify="right")
    for kind in AssetClass:
        if rows := _of_class(etf, kind):
            totals.add_row(kind.value, f"{len(rows):,}", percent(_weight(rows)))
    totals.add_row("total", f"{len(etf.constituents):,}", percent(_weight(etf.constituents)))
    screen.print(totals)
    if has_derivatives:
        screen.print(
            f"Exposure: {percent(etf.exposure)} of net assets, {percent(etf.derivative_exposure)} of it in "
            "swaps and futures."
        )
    taken = ", ".join(f'{column} from "{header}"' for column, header in etf.columns.items())
    screen.print(escape(f"Columns: {taken}; {etf.provenance.note}."), style="dim")
    for warning in etf.warnings:
        screen.print(f"[yellow]Note:[/yellow] {escape(warning)}")
