"""Options that backtest and sweep share, and the study that they describe."""

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
from betaneutral_xl.model.market import Market
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
    prices.add_argument(
        "--prices",
        metavar="FILE",
        nargs="+",
        action="extend",
        required=True,
        help="price files of the stocks; several are joined side by side",
    )
    prices.add_argument(
        "--etf-prices",
        metavar="FILE",
        nargs="+",
        action="extend",
        default=[],
        help="price files of the ETFs that --etf names by ticker",
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
    methods.add_argument(
        "--method",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="methods to compare (default: hedge, and all of those for comparison)",
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


@dataclass(frozen=True, slots=True, eq=False)
class PriceTables:
    """Prices of the stocks, and of the ETFs if there are any."""

    stocks: Prices
    series: Prices | None
    joined: dict[tuple[str, ...], Prices] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, stocks: Sequence[str], series: Sequence[str]) -> PriceTables:
        """Read the price files and join those of a kind side by side."""
        from betaneutral_xl.readers.prices import join, load_prices

        first, second = ([load_prices(file) for file in files] for files in (stocks, series))
        return cls(join(first), join(second) if second else None)

    @property
    def all(self) -> tuple[Prices, ...]:
        """The tables in the order of look-up: ETFs first."""
        return (self.stocks,) if self.series is None else (self.series, self.stocks)

    def select(self, holdings: Holdings, etfs: Sequence[HedgeEtf], benchmarks: Sequence[str] = ()) -> Prices:
        """Return the prices for a study: of ETFs and benchmarks from their table, and of all stocks."""
        from betaneutral_xl.readers.prices import choose

        own = [ticker for one in etfs if one.by_ticker for ticker in one.etf.tickers]
        own += map(normalise, benchmarks)
        baskets = [ticker for one in etfs if not one.by_ticker for ticker in one.etf.tickers]
        names = [*holdings.tickers, *baskets]
        if not {*names, *own} & {ticker for table in self.all for ticker in table.tickers}:
            return choose(self.all, [[*names, *own]] * len(self.all))  # raises, as there are no prices
        if self.series is None:
            return self.stocks
        in_series = set(own) & set(self.series.tickers)
        stocks = [ticker for ticker in self.stocks.tickers if ticker not in in_series]
        available = set(self.series.tickers) - set(stocks)
        series = tuple(sorted(available & {*own, *names}))
        if series not in self.joined:  # a sweep needs the same tables many times
            self.joined[series] = choose([self.stocks, self.series], [stocks, series])
        return self.joined[series]


@dataclass(frozen=True, slots=True, eq=False)
class HedgeEtf:
    """An ETF to hedge with, and whether its returns are its own prices' or its basket's."""

    etf: Etf
    by_ticker: bool


def find_etf(text: str, fund: str | None, tables: PriceTables) -> HedgeEtf:
    """Return the ETF of a holdings file, or of a ticker with its own prices.

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

        if path.is_file() or not _has_prices(text, tables):
            return HedgeEtf(load_etf(text, fund=fund), by_ticker=False)
    ticker = normalise(text)
    if not _has_prices(text, tables):
        where = " or ".join(table.provenance.location for table in tables.all)
        msg = f"ETF {ticker} is neither a file nor a ticker with prices in {where}. Check its name."
        raise UnknownTicker(msg, tickers=[ticker])
    return HedgeEtf(Etf.from_weights({ticker: 1.0}, name=ticker), by_ticker=True)


def find_market(request: Request, tables: PriceTables) -> HedgeEtf | None:
    """Return the market that a request names, as ``find_etf`` returns an ETF; None without one."""
    return find_etf(request.market, None, tables) if request.market else None


def _has_prices(text: str, tables: PriceTables) -> bool:
    try:
        ticker = normalise(text)
    except InputError:  # a path can be too long for a ticker
        return False
    return any(ticker in table.tickers for table in tables.all)


def build_study(
    args: argparse.Namespace,
    holdings: Holdings,
    etfs: Sequence[HedgeEtf],
    prices: Prices,
    *,
    estimators: Sequence[str],
    horizon: int,
    request: Request,
    market: HedgeEtf | None = None,
    intervals: bool = False,
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
        target=request.target,
        constraints=request.constraints,
        objective=request.objective,
        cost_bp=args.cost_bp,
        market=None if market is None else Market.of(market.etf, request.market_share),
        intervals=intervals,
        notes=(*holdings.warnings, *(line for one in etfs for line in one.etf.warnings)),
    )
