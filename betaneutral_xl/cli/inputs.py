"""The options that say where the portfolio, the ETFs and the risk model come from."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from betaneutral_xl.alignment import OnMissing
from betaneutral_xl.cli import constraints
from betaneutral_xl.cli.output import progress
from betaneutral_xl.errors import InputError
from betaneutral_xl.hedging import EXACT, Legs
from betaneutral_xl.rebalance import Method
from betaneutral_xl.settings import Settings
from betaneutral_xl.sources.covariance_csv import CovarianceUnit

if TYPE_CHECKING:
    import argparse

    from betaneutral_xl.neutral import Target
    from betaneutral_xl.portfolio import Etf, Holdings
    from betaneutral_xl.rebalance import Rebalance
    from betaneutral_xl.risk import Covariance


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run is about."""

    holdings: Holdings
    etfs: tuple[Etf, ...]
    covariance: Covariance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the three inputs and for what to do about missing risk data."""
    book = parser.add_argument_group("the portfolio (one of these)")
    book.add_argument(
        "--holdings",
        metavar="FILE",
        help="the API's JSON, or a table: ticker with shares and price, or with weight",
    )
    book.add_argument(
        "--fund", metavar="NAME", help="a fund of the Silver Fund's web API, such as quant_paper"
    )
    book.add_argument(
        "--date",
        metavar="DATE",
        type=day,
        help="the day for --fund, such as 2025-11-18 (default: the last weekday)",
    )

    etf = parser.add_argument_group("the ETFs")
    etf.add_argument(
        "--etf",
        metavar="FILE",
        nargs="+",
        action="extend",
        help="issuers' holdings files, as downloaded; several for several ETFs",
    )
    etf.add_argument("--etf-fund", metavar="NAME", help="which fund, where an ETF file has several")

    risk = parser.add_argument_group("the risk model")
    risk.add_argument(
        "--covariance", metavar="FILE", help="a CSV in the API's shape; default: the API's own risk model"
    )
    risk.add_argument(
        "--covariance-unit",
        choices=list(CovarianceUnit),
        default=CovarianceUnit.ANNUAL,
        help="what the file's numbers are (default: %(default)s decimals)",
    )
    risk.add_argument(
        "--on-missing",
        choices=[OnMissing.ERROR, OnMissing.DROP],
        default=OnMissing.ERROR,
        help="held names without risk data: stop, or leave them alone (default: %(default)s)",
    )
    risk.add_argument(
        "--etf-on-missing",
        choices=list(OnMissing),
        default=OnMissing.DROP,
        help="ETF names without risk data: stop, drop, or drop and rescale the rest (default: %(default)s)",
    )

    parser.add_argument(
        "--sample",
        action="store_true",
        help="take the embedded sample for whatever of the three is not given",
    )


def add_problem(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is wanted."""
    wanted = parser.add_argument_group("what is wanted")
    wanted.add_argument(
        "--method",
        type=method,
        default=Method.HEDGE,
        metavar="NAME",
        help=f"{', '.join(Method)} (default: %(default)s)",
    )
    wanted.add_argument(
        "--target",
        action="append",
        metavar="BETA",
        help="the beta to reach: a number, a ticker of the risk model such as IWV, "
        "or ETF=BETA for each of several (default: 0)",
    )
    constraints.add_arguments(parser)
    legs = parser.add_argument_group("what the hedge ratios must keep to (only for hedge)")
    legs.add_argument(
        "--ridge",
        type=float,
        default=EXACT.ridge,
        metavar="NUMBER",
        help="shrink the ratios of ETFs that are near copies of each other; 0.01 to 0.1 are usual",
    )
    legs.add_argument(
        "--leg-limit",
        type=float,
        default=EXACT.limit,
        metavar="MOST",
        help="most of any ETF, in net asset value",
    )
    legs.add_argument("--sell-only", action="store_true", help="buy no ETF")


def day(text: str) -> date:
    """Read a day as people and scripts write it: 2025-11-18."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a day; write it as 2025-11-18"
        raise ArgumentTypeError(msg) from None


def method(text: str) -> Method:
    """Read a method's name, with hyphens or underscores."""
    try:
        return Method(text.lower().replace("-", "_"))
    except ValueError:
        msg = f"there is no method {text!r}; choose one of {', '.join(Method)}"
        raise ArgumentTypeError(msg) from None


def read_target(texts: list[str] | None) -> Target:
    """Return the target of one or several ``--target`` options.

    Raises
    ------
    InputError
        If plain targets and targets by ETF are mixed, or there are several plain ones.

    """
    if not texts:
        return 0.0
    named = [text.partition("=") for text in texts]
    if all(sign for _, sign, _ in named):
        targets = {name.strip(): _beta(beta) for name, _, beta in named}
        if len(targets) == len(named):
            return targets
    if len(texts) == 1 and not named[0][1]:
        return _beta(texts[0])
    msg = f"The targets {', '.join(texts)} do not fit together. Give one, or one ETF=BETA for each ETF."
    raise InputError(msg)


def _beta(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def gather(args: argparse.Namespace) -> Inputs:
    """Load or fetch the three inputs that the options name.

    Raises
    ------
    InputError
        If one is not named, or named twice.
    BetaNeutralError
        If one cannot be had.

    """
    if args.holdings and args.fund:
        msg = "Both --holdings and --fund are given. Choose one source of the portfolio."
        raise InputError(msg)
    if args.date and not args.fund:
        msg = "--date is for --fund; a file has its own date."
        raise InputError(msg)
    holdings = _holdings(args)
    etfs = _etfs(args)
    return Inputs(holdings, etfs, _covariance(args, holdings, etfs))


def solve(args: argparse.Namespace, inputs: Inputs) -> Rebalance:
    """Solve the problem that the options describe."""
    from betaneutral_xl.neutral import neutralise  # noqa: PLC0415 - after the inputs have been read

    return neutralise(
        inputs.holdings,
        inputs.etfs,
        inputs.covariance,
        target=read_target(args.target),
        method=args.method,
        constraints=constraints.from_args(args),
        legs=Legs(ridge=args.ridge, limit=args.leg_limit, sell_only=args.sell_only),
        on_missing=OnMissing(args.on_missing),
        etf_on_missing=OnMissing(args.etf_on_missing),
    )


def last_weekday(today: date) -> date:
    """Return the day itself, or the Friday before a weekend."""
    return today - timedelta(days=max(0, today.weekday() - 4))


def _holdings(args: argparse.Namespace) -> Holdings:
    if args.holdings:
        from betaneutral_xl.sources.holdings_files import load_holdings  # noqa: PLC0415 - parsers

        return load_holdings(args.holdings)
    if args.fund:
        from betaneutral_xl.api import fetch_holdings  # noqa: PLC0415 - the network

        as_of = args.date or last_weekday(date.today())  # noqa: DTZ011 - the analyst's own calendar
        with progress(f"Fetching holdings of {args.fund} on {as_of} ..."):
            return fetch_holdings(args.fund, as_of)
    if args.sample:
        from betaneutral_xl.sources import sample  # noqa: PLC0415 - only for the sample

        return sample.load_holdings()
    msg = "No portfolio is given. Use --holdings FILE, --fund NAME, or --sample to try things out."
    raise InputError(msg)


def _etfs(args: argparse.Namespace) -> tuple[Etf, ...]:
    if args.etf:
        from betaneutral_xl.api import load_etf  # noqa: PLC0415 - parsers

        return tuple(load_etf(file, fund=args.etf_fund) for file in args.etf)
    if args.sample:
        from betaneutral_xl.sources import sample  # noqa: PLC0415 - only for the sample

        return (sample.load_etf(),)
    msg = "No ETF is given. Use --etf FILE with the issuer's holdings file, or --sample to try things out."
    raise InputError(msg)


def _covariance(args: argparse.Namespace, holdings: Holdings, etfs: tuple[Etf, ...]) -> Covariance:
    if args.covariance:
        from betaneutral_xl.sources.covariance_csv import load_covariance  # noqa: PLC0415 - parsers

        return load_covariance(args.covariance, unit=CovarianceUnit(args.covariance_unit))
    if args.sample:
        from betaneutral_xl.sources import sample  # noqa: PLC0415 - only for the sample

        return sample.load_covariance()
    from betaneutral_xl.sources.silverfund import SilverFund  # noqa: PLC0415 - the network

    names = sorted({*holdings.tickers, *(ticker for etf in etfs for ticker in etf.tickers)})
    with (
        progress(f"Fetching the covariance of {len(names)} names ..."),
        SilverFund(Settings.from_environment()) as api,
    ):
        return api.covariance(names)
