"""Options that backtest and sweep share."""

from __future__ import annotations

import argparse
import calendar
from collections.abc import Sequence
from datetime import date

from betaneutral_xl.hosts.cli import input_options, table_options
from betaneutral_xl.job.estimation import DEFAULT, WINDOW
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.request import Request
from betaneutral_xl.job.studies import Terms

ESTIMATORS = ("default", "sample")
"""Estimators compared by default."""

HORIZON = 21
"""Default number of days over which realised betas are measured: a trading month."""

AIMED, LEFT_OUT = (Section.AIM, Section.LIMITS), {"method", "on_missing", "etf_on_missing", "cost_bp"}
"""Sections of the table that a backtest has, and options of them that it does not have."""

EPILOG = f"""\
estimators: a name of "betaneutral-xl estimate --list" ("default" is {DEFAULT}), with parameters
  after a colon: exponential:half_life=21 or sample:window=252. Results show the name as typed.
methods: hedge, reweight, least_squares, fewest_trades; and for comparison: unhedged (no trades), scaled
  and beta (the notebook's two formulas, the second scaled to sum 1; one ETF only), perfect_foresight
  (hedge with the betas realised later: the best that any hedge can do).
target and limits: as for rebalance; limits apply to reweight, least_squares and fewest_trades. Measures named
  active_beta are of the realised beta less the target, which for a ticker is its own realised beta. On dates
  without weights within the limits the portfolio is left unchanged; dates without any result are left out;
  both are reported. --cost-bp is the cost paid; a cost to weigh against tracking error is cost_bp in the file
  of --constraints.
prices: CSV (plain or gzip) or Parquet, date,TICKER,TICKER,... or date,ticker,price, adjusted for
  splits and dividends. Nothing is filled in: late listings, early ends, gaps, jumps that look like splits
  and their treatment are reported. Names of --prices that are not held also show the estimators how the
  market moved: give a broad table.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that take the same values in backtest and sweep."""
    prices = parser.add_argument_group("prices")
    table_options.add_several(
        prices,
        "--prices",
        "FILE",
        "price files of the stocks; several are joined side by side",
        required=True,
    )
    table_options.add_several(
        prices, "--etf-prices", "FILE", "price files of the ETFs that --etf names by ticker", default=[]
    )
    prices.add_argument("--etf-fund", metavar="NAME", help="fund to read, if an ETF file lists several")
    dates = parser.add_argument_group("dates")
    dates.add_argument(
        "--start",
        type=first_day,
        metavar="DATE",
        help="earliest rebalance date, such as 2023-01-31 or 2023-01",
    )
    dates.add_argument(
        "--end",
        type=last_day,
        metavar="DATE",
        help="latest rebalance date, such as 2026-06-30 or 2026-06",
    )
    dates.add_argument(
        "--every",
        default="month",
        metavar="PERIOD",
        help="week, month, quarter, year (its last trading day), or a number of trading days between dates "
        "(default: %(default)s)",
    )
    methods = parser.add_argument_group("methods and costs")
    methods.add_argument(
        "--window",
        type=int,
        default=WINDOW,
        metavar="DAYS",
        help="maximum days of returns, for estimators without a window of their own (default: %(default)s)",
    )
    table_options.add_several(
        methods, "--method", "NAME", "methods to compare (default: hedge, and all of those for comparison)"
    )
    methods.add_argument(
        "--holding",
        choices=["drifting", "daily"],
        default="drifting",
        help="between two dates weights drift with the prices, or are reset daily (default: %(default)s)",
    )
    methods.add_argument(
        "--absent",
        choices=["rescale", "cash"],
        default="rescale",
        help="names without prices on a date, not yet listed or no longer: scale the others up to the same "
        "gross exposure, or hold cash (default: %(default)s)",
    )
    methods.add_argument(
        "--cost-bp",
        type=float,
        default=5.0,
        metavar="BP",
        help="cost paid for a trade, in basis points of its value (default: %(default)g)",
    )


def add_estimator(group: argparse._ActionsContainer) -> None:
    """Add the option for the estimators that are compared."""
    text = f"estimators to compare (default: {' '.join(ESTIMATORS)})"
    table_options.add_several(group, "--estimator", "NAME", text)


def add_target_and_limits(parser: argparse.ArgumentParser) -> None:
    """Add the options for the target and the limits."""
    table_options.add_arguments(parser, *AIMED, leave_out=LEFT_OUT)


def read_request(args: argparse.Namespace) -> Request:
    """Return the target and the limits of the options and of the ``--constraints`` file.

    ``--cost-bp`` is paid here; a cost that is weighed against tracking error can stand in the file.
    """
    return Request.parse(table_options.typed(args, *AIMED, leave_out=LEFT_OUT))


def first_day(text: str) -> date:
    """Read a date, or a month or year as its first day."""
    return input_options.day(text + {4: "-01-01", 7: "-01"}.get(len(text), ""))


def last_day(text: str) -> date:
    """Read a date, or a month or year as its last day."""
    first = first_day(f"{text}-12" if len(text) == len("2026") else text)
    if len(text) > len("2026-06"):
        return first
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def terms(args: argparse.Namespace, estimators: Sequence[str], horizon: int, *, intervals: bool) -> Terms:
    """Return the terms that the options describe."""
    return Terms(
        start=args.start,
        end=args.end,
        every=args.every,
        horizon=horizon,
        estimators=tuple(estimators),
        window=args.window,
        methods=tuple(args.method or ()),
        holding=args.holding,
        absent=args.absent,
        cost_bp=args.cost_bp,
        intervals=intervals,
    )
