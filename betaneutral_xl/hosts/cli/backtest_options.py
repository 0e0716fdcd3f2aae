"""The options that say what a backtest is about: portfolio, ETFs, prices, dates, methods."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.engine.estimators import DEFAULT, WINDOW
from betaneutral_xl.errors import InputError, UnknownTicker
from betaneutral_xl.hosts.cli import input_options, table_options
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.request import Request
from betaneutral_xl.model.portfolio import Etf
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import date

    from betaneutral_xl.engine.backtest import Study
    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.model.returns import Prices

ESTIMATORS = ("default", "sample")
"""What is compared where nobody says."""

HORIZON = 21
"""Days over which realised betas are measured where nobody says: a month of trading."""

AIMED, LEFT_OUT = (Section.AIM, Section.LIMITS), {"method", "on_missing", "etf_on_missing", "cost_bp"}
"""Sections of the table that a backtest has, and options of them that it does not have."""

EPILOG = f"""\
estimators: a name of "betaneutral-xl estimate --list" ("default" is {DEFAULT}), with parameters
  after a colon: exponential:half_life=21 or sample:window=252. Results carry the name as it is given.
methods: hedge, reweight, least_squares, fewest_trades; and what they are compared with: unhedged (do
  nothing), scaled and beta (the notebook's two formulas, the second scaled to sum 1; one ETF only),
  perfect_foresight (hedge by the betas that will have been: the best any hedge can do).
target and limits: as for rebalance; limits are for reweight, least_squares and fewest_trades. Measures named
  active_beta are of the realised beta less the target, of a ticker its own realised beta. On dates on which
  no weights that keep the limits are found the portfolio is left as it is; dates without any answer are left
  out; both are named. A cost that is to be weighed against tracking error is given as cost_bp in the file of
  --constraints; --cost-bp is what is paid.
prices: CSV (plain or gzip) or Parquet, date,TICKER,TICKER,... or date,ticker,price, adjusted for
  splits and dividends. Nothing is filled in: what is listed late, ends early, has gaps or jumps like a
  split is named, and what was done about it. Names of --prices that nobody holds tell the
  estimators how the market moved: give a broad table.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that a backtest and a sweep share, except those that a sweep has several of."""
    prices = parser.add_argument_group("prices")
    prices.add_argument(
        "--prices",
        metavar="FILE",
        nargs="+",
        action="extend",
        required=True,
        help="of the stocks; several are put side by side",
    )
    prices.add_argument(
        "--etf-prices",
        metavar="FILE",
        nargs="+",
        action="extend",
        default=[],
        help="of ETFs that --etf names by ticker",
    )
    prices.add_argument("--etf-fund", metavar="NAME", help="which fund, where an ETF file has several")
    when = parser.add_argument_group("when")
    when.add_argument(
        "--start",
        type=first_day,
        metavar="DATE",
        help="first rebalance date that may be, as 2023-01-31 or 2023-01",
    )
    when.add_argument(
        "--end",
        type=last_day,
        metavar="DATE",
        help="last rebalance date that may be, as 2026-06-30 or 2026-06",
    )
    when.add_argument(
        "--every",
        default="month",
        metavar="PERIOD",
        help="week, month, quarter, year (their last trading days), or a number of trading days "
        "(default: %(default)s)",
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--window",
        type=int,
        default=WINDOW,
        metavar="DAYS",
        help="days that estimators see, at most, where they do not say themselves (default: %(default)s)",
    )
    how.add_argument(
        "--method",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="what to compare (default: hedge and all that it is compared with)",
    )
    how.add_argument(
        "--holding",
        choices=["drifting", "daily"],
        default="drifting",
        help="between two dates weights drift with the prices, or are put back daily (default: %(default)s)",
    )
    how.add_argument(
        "--absent",
        choices=["rescale", "cash"],
        default="rescale",
        help="for names that have no prices on a date, yet or any more: scale the others up to the same "
        "gross exposure, or hold cash (default: %(default)s)",
    )
    how.add_argument(
        "--cost-bp",
        type=float,
        default=5.0,
        metavar="BP",
        help="cost of a trade in basis points of what is bought or sold (default: %(default)g)",
    )


def add_aim(parser: argparse.ArgumentParser) -> None:
    """Add the target and the limits, after the other options, which are more often wanted."""
    table_options.add_arguments(parser, *AIMED, leave_out=LEFT_OUT)


def request(args: argparse.Namespace) -> Request:
    """Return target and limits, of the options and of the file that they name.

    ``--cost-bp`` is paid here; a cost that is weighed against tracking error can stand in the file.
    """
    return Request.parse(table_options.typed(args, *AIMED, leave_out=LEFT_OUT))


def first_day(text: str) -> date:
    """Read a day, or the first day of a month or a year."""
    return input_options.day(text + {4: "-01-01", 7: "-01"}.get(len(text), ""))


def last_day(text: str) -> date:
    """Read a day, or the last day of a month or a year."""
    first = first_day(f"{text}-12" if len(text) == len("2026") else text)
    if len(text) > len("2026-06"):
        return first
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The prices that were given: of stocks, and of ETFs where there are any."""

    stocks: Prices
    series: Prices | None
    joined: dict[tuple[str, ...], Prices] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, stocks: Sequence[str], series: Sequence[str]) -> Tables:
        """Read the files, several side by side."""
        from betaneutral_xl.readers.prices import join, load_prices

        first, second = ([load_prices(file) for file in files] for files in (stocks, series))
        return cls(join(first), join(second) if second else None)

    @property
    def all(self) -> tuple[Prices, ...]:
        """ETFs' own first: there a ticker is looked for."""
        return (self.stocks,) if self.series is None else (self.series, self.stocks)

    def of(self, holdings: Holdings, etfs: Sequence[Found], benchmarks: Sequence[str] = ()) -> Prices:
        """Return the prices of a study: ETFs' and benchmarks' from their table, and all of the stocks."""
        from betaneutral_xl.readers.prices import choose

        own = [ticker for one in etfs if one.by_ticker for ticker in one.etf.tickers]
        own += map(normalise, benchmarks)
        baskets = [ticker for one in etfs if not one.by_ticker for ticker in one.etf.tickers]
        names = [*holdings.tickers, *baskets]
        if not {*names, *own} & {ticker for table in self.all for ticker in table.tickers}:
            return choose(self.all, [[*names, *own]] * len(self.all))  # which says that there is none
        if self.series is None:
            return self.stocks
        elsewhere = set(own) & set(self.series.tickers)
        stocks = [ticker for ticker in self.stocks.tickers if ticker not in elsewhere]
        there = set(self.series.tickers) - set(stocks)
        series = tuple(sorted(there & {*own, *names}))
        if series not in self.joined:  # a sweep asks for the same ones again and again
            self.joined[series] = choose([self.stocks, self.series], [stocks, series])
        return self.joined[series]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An ETF, and whether it is its own price series rather than a basket."""

    etf: Etf
    by_ticker: bool


def find_etf(text: str, fund: str | None, tables: Tables) -> Found:
    """Return an ETF by its holdings file, or by its ticker as its own price series.

    Raises
    ------
    UnknownTicker
        If there is neither such a file nor such a ticker.
    InputError
        If the file cannot be read.

    """
    path = Path(text)
    if path.is_file() or path.suffix or path.name != text:
        from betaneutral_xl.job.api import load_etf

        if path.is_file() or not _has(text, tables):
            return Found(load_etf(text, fund=fund), by_ticker=False)
    ticker = normalise(text)
    if not _has(text, tables):
        where = " or ".join(table.provenance.location for table in tables.all)
        msg = f"ETF {ticker} is neither a file nor a ticker with prices in {where}. Check its name."
        raise UnknownTicker(msg, tickers=[ticker])
    return Found(Etf.from_weights({ticker: 1.0}, name=ticker), by_ticker=True)


def _has(text: str, tables: Tables) -> bool:
    try:
        ticker = normalise(text)
    except InputError:  # a path is too long for one
        return False
    return any(ticker in table.tickers for table in tables.all)


def pose(
    args: argparse.Namespace,
    holdings: Holdings,
    etfs: Sequence[Found],
    prices: Prices,
    *,
    estimators: Sequence[str],
    horizon: int,
    required: Request,
) -> Study:
    """Return the study that the options describe."""
    from betaneutral_xl.engine.backtest import BY_DEFAULT, Absent, Estimator, Holding, Schedule, Study

    methods = [one.lower().replace("-", "_") for one in args.method or BY_DEFAULT]
    return Study(
        holdings=holdings,
        etfs=tuple(one.etf for one in etfs),
        prices=prices,
        schedule=Schedule(start=args.start, end=args.end, every=args.every, horizon=horizon),
        estimators=tuple(Estimator.parse(text, args.window) for text in estimators),
        methods=tuple(dict.fromkeys(methods)),
        holding=Holding(args.holding),
        absent=Absent(args.absent),
        target=required.target,
        constraints=required.constraints,
        cost_bp=args.cost_bp,
        notes=(*holdings.warnings, *(line for one in etfs for line in one.etf.warnings)),
    )
