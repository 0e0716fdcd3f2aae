"""``betaneutral-xl etf``: show how an issuer's holdings file is read."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import output, table_options
from betaneutral_xl.hosts.cli.output import percent
from betaneutral_xl.job.options import BY_NAME
from betaneutral_xl.model.portfolio import AssetClass, Constituent, Etf
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.job.etf_days import EtfDay

LARGEST = 3
"""Number of the largest equities in the JSON output."""

EPILOG = """\
examples:
  betaneutral-xl etf ~/Downloads/JHAI_full-holdings.csv
  betaneutral-xl etf JHAI                               the newest file of JHAI in the downloads folder
  betaneutral-xl etf all-funds.csv --fund CHAT --csv > chat.csv
  betaneutral-xl etf IWDA.csv --tickers isin-to-ticker.csv   a file of ISINs without tickers
  curl https://... | betaneutral-xl etf -                standard input

Files are read as downloaded: CSV, XLSX, XLS or a saved web page, in any layout. Look here first if an
ETF's numbers look wrong: how each column was read, what is cash, and the sum of the weights.
Each file is kept with its day, so that what changed since the one before is shown, too.
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


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Read issuers' holdings files and show their rows, sums and columns as they are read."
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="file as downloaded; or a fund's ticker, for its newest file in the downloads folder; "
        "or an https address on a host in BETANEUTRAL_ETF_HOSTS; demo is the sample",
    )
    parser.add_argument("--fund", metavar="NAME", help="fund to read, if a file lists several")
    table_options.add_option(parser, BY_NAME["tickers"])
    parser.add_argument(
        "--rows",
        metavar="N",
        type=int,
        default=15,
        help="number of rows to show, largest first (default: %(default)s; --csv has all)",
    )
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> None:
    """Read each file, print its contents."""
    from betaneutral_xl.job.api import load_etf
    from betaneutral_xl.job.etf_days import day_of

    settings = Settings.from_environment()
    etfs = [load_etf(file, args.fund, tickers=args.tickers, settings=settings) for file in args.files]
    days = [day_of(etf, settings) for etf in etfs]
    if args.json:
        records = [{**record(etf), "by_day": day.record()} for etf, day in zip(etfs, days, strict=True)]
        output.write_json(records[0] if len(records) == 1 else records)
    elif args.csv:
        rows = [(etf.name, *_cells(row)) for etf in etfs for row in etf.constituents]
        output.write_csv(("fund", *COLUMNS), rows)
    else:
        for etf, day in zip(etfs, days, strict=True):
            _show(etf, day, args.rows)


def record(etf: Etf) -> dict[str, object]:
    """Return an ETF's counts, sums, derivatives, largest equities and warnings as plain data."""
    equities = _of_class(etf, AssetClass.EQUITY)
    other = {
        kind.value: {"n": len(rows), "weight": _weight(rows)}
        for kind in AssetClass
        if kind not in {AssetClass.EQUITY, AssetClass.CASH} and (rows := _of_class(etf, kind))
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
        "without_ticker": [
            {"name": row.name, "weight": row.weight, "identifiers": dict(row.identifiers)}
            for row in _largest(row for row in equities if not row.ticker)
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
    """Return a derivative's exposure or "unknown"; an empty string for any other row."""
    if row.asset_class is not AssetClass.DERIVATIVE:
        return ""
    return "unknown" if row.exposure is None else percent(row.exposure)


def _show(etf: Etf, kept: EtfDay, limit: int) -> None:
    from rich.markup import escape
    from rich.table import Table

    screen = output.console()
    day = etf.as_of.isoformat() if etf.as_of else "date unknown"
    screen.print(
        f"[bold]{escape(etf.name)}[/bold] {escape(etf.title)}  ({day}, {escape(etf.provenance.location)})"
    )
    table = Table("ticker", "printed", "name", "class")
    table.add_column("weight", justify="right")
    has_derivatives = bool(_of_class(etf, AssetClass.DERIVATIVE))
    if has_derivatives:
        table.add_column("exposure", justify="right")
    for row in _largest(etf.constituents)[:limit]:
        cells = (row.ticker or "-", row.printed_ticker, row.name[:60], row.asset_class.value)
        exposure = [_exposure(row)] if has_derivatives else []
        table.add_row(*map(escape, cells), percent(row.weight), *exposure)
    screen.print(table)
    if len(etf.constituents) > limit:
        smaller = len(etf.constituents) - limit
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
    if kept.earlier is not None:
        screen.print(escape(f"Since the file of {kept.earlier}: {kept.changed}."))
    columns = ", ".join(f'{column} from "{header}"' for column, header in etf.columns.items())
    screen.print(escape(f"Columns: {columns}; {etf.provenance.note}."), style="dim")
    for warning in etf.warnings:
        screen.print(f"[yellow]Note:[/yellow] {escape(warning)}")
