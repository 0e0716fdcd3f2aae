"""``betaneutral-xl estimate``: estimate a covariance file from prices."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.cli import input_options, output, table_options
from betaneutral_xl.hosts.cli.output import number, percent
from betaneutral_xl.job.estimation import DEFAULT, WINDOW, MissingData, described, read_parameters
from betaneutral_xl.job.inputs import covariance_from_prices, load_etf
from betaneutral_xl.job.sources import load_holdings
from betaneutral_xl.job.value_files import covariance_csv
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import Covariance

BENCHMARK = "IWV"
"""Ticker in the last row and column of a covariance file, as in the API's answer."""

EPILOG = """\
examples:
  betaneutral-xl estimate --prices prices.csv.gz --out covariance.csv
  betaneutral-xl estimate --prices stocks.csv etfs.csv --holdings fund.csv --etf JHAI.csv \\
      --tickers IWV --as-of 2025-11-18 --out covariance.csv
  betaneutral-xl estimate --prices prices.parquet --method exponential --half-life 21 --out covariance.csv
  betaneutral-xl estimate --list

Prices are CSV (plain or gzip) or Parquet: date,TICKER,TICKER,... or date,ticker,price. They must be
adjusted for splits and dividends. Nothing is filled forward; missing data and its treatment are
reported. The file written has the API's format, in annual decimals: date,ticker,<tickers>.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Estimate the annual covariance of returns from prices, and save it for rebalance."
    table_options.add_several(parser, "--prices", "FILE", "price files; several are joined side by side")
    parser.add_argument("-o", "--out", metavar="FILE", help="CSV file for the covariance")
    names = parser.add_argument_group("names to estimate (default: all that have prices)")
    table_options.add_several(names, "--tickers", "TICKER", "tickers", default=[])
    names.add_argument("--holdings", metavar="FILE", help="names of a portfolio")
    table_options.add_options(names, "account", "fx")
    table_options.add_several(names, "--etf", "FILE", "constituents of ETFs", default=[])

    how = parser.add_argument_group("estimation")
    how.add_argument("--method", default="default", metavar="NAME", help=f"see --list (default: {DEFAULT})")
    how.add_argument(
        "--window", type=int, default=WINDOW, metavar="DAYS", help="maximum days used (default: %(default)s)"
    )
    how.add_argument(
        "--as-of", type=input_options.day, metavar="DATE", help="last day used (default: the last)"
    )
    how.add_argument(
        "--gaps",
        choices=list(MissingData),
        default=MissingData.MODEL,
        help="names that lack returns: complete them from the others (model), use the days that all have, "
        "or stop (default: %(default)s)",
    )
    how.add_argument("--half-life", type=float, metavar="DAYS", help="for methods that have one")
    how.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any parameter of the method, such as components=20",
    )
    shown = parser.add_argument_group("other output").add_mutually_exclusive_group()
    shown.add_argument("--list", action="store_true", help="list the methods and their parameters")
    shown.add_argument("--json", action="store_true", help="print the summary as one JSON object")


def run(args: argparse.Namespace) -> None:
    """Estimate and save the covariance, print a summary."""
    if args.list:
        _print_methods()
        return
    if not args.prices or not args.out:
        msg = "Give --prices FILE and --out FILE (or --list to see the methods)."
        raise InputError(msg)
    options = read_options(args.method, args.set, args.half_life)
    tickers = _tickers(args)
    with output.progress("Estimating the covariance ..."):
        covariance = covariance_from_prices(
            args.prices,
            tickers or None,
            args.method,
            as_of=args.as_of,
            window=args.window,
            gaps=MissingData(args.gaps),
            **options,
        )
        saving.save(args.out, to_api_csv(covariance).encode())
    if args.json:
        output.write_json(_summary(covariance))
    else:
        _print_summary(covariance, args.out)


def read_options(method: str, texts: Iterable[str], half_life: float | None) -> dict[str, Any]:
    """Return a method's parameters from ``NAME=VALUE`` texts, each as the type of its default.

    Raises
    ------
    InputError
        If the method has no such parameter, or the value is not of its type.

    """
    values: dict[str, str] = {} if half_life is None else {"half_life": str(half_life)}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            msg = f"--set {text} is not NAME=VALUE. Write it as components=20."
            raise InputError(msg)
        parameter = name.strip().replace("-", "_")
        if parameter in values:
            msg = f"The parameter {parameter} is given twice. Keep one of the two."
            raise InputError(msg)
        values[parameter] = value.strip()
    return read_parameters(method, values)


def to_api_csv(covariance: Covariance) -> str:
    """Return a covariance as CSV in the API's format: tickers sorted, the benchmark last.

    Below the matrix stand, as comments, the returns behind it: from them the drift of betas is measured.
    """
    order = sorted(covariance.tickers, key=lambda ticker: (ticker == BENCHMARK, ticker))
    return covariance_csv(covariance, order)


def _tickers(args: argparse.Namespace) -> list[str]:
    tickers = list(args.tickers)
    if args.holdings:
        tickers += load_holdings(args.holdings, args.account, args.fx or ()).tickers
    for file in args.etf:
        tickers += load_etf(file).tickers
    return tickers


def _summary(covariance: Covariance) -> dict[str, Any]:
    """Return the estimate's names, method, settings and volatilities as plain data."""
    volatilities, shares = covariance.volatilities, covariance.seen
    seen = () if shares is None else zip(covariance.tickers, shares.tolist(), strict=True)
    return {
        "names": len(covariance.tickers),
        "as_of": covariance.as_of,
        "method": covariance.provenance.source,
        "settings": covariance.provenance.note,
        "prices": covariance.provenance.location,
        "effective_days": covariance.effective_days,
        "lowest_volatility": float(volatilities.min()),
        "median_volatility": float(sorted(volatilities.tolist())[len(volatilities) // 2]),
        "highest_volatility": float(volatilities.max()),
        "seen_in_part": {ticker: share for ticker, share in seen if share < 1.0},
        "warnings": covariance.warnings,
    }


def _print_summary(covariance: Covariance, file: str) -> None:
    stats = _summary(covariance)
    low, median, high = (
        percent(stats[f"{which}_volatility"], 1) for which in ("lowest", "median", "highest")
    )
    output.say(f"{stats['names']} names as of {stats['as_of']}, from {stats['prices']}", "bold")
    output.say(f"{stats['method']}: {stats['settings']}")
    output.say(f"effective days   {number(stats['effective_days'], 0)}")
    output.say(f"volatility       {low} to {high}, median {median}")
    if stats["seen_in_part"]:
        parts = ", ".join(f"{ticker} {share:.0%}" for ticker, share in stats["seen_in_part"].items())
        output.say(f"share of days with own returns: {parts}")
    output.warn(covariance.warnings)
    output.say(f"saved to {file}")


def _print_methods() -> None:
    for one in described():
        output.say(f"{one.name}{' (default)' if one.is_default else ''}", "bold")
        output.say(f"    {one.summary}")
        if one.parameters:
            shown = ", ".join(f"{key}={value}" for key, value in one.parameters.items())
            output.say(f"    parameters: {shown}")
