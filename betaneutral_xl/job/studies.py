"""Backtests: price tables and options to a study, and the one place where studies are run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError, UnknownTicker
from betaneutral_xl.model.market import Market
from betaneutral_xl.model.portfolio import Etf
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest import Backtest, Study
    from betaneutral_xl.engine.backtest.sweep import Cell
    from betaneutral_xl.job.request import Request
    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.model.returns import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a study requires besides its portfolio, ETFs and prices.

    Attributes
    ----------
    start, end
        First and last rebalance date; None for those that the prices admit.
    every
        Week, month, quarter or year, or a number of trading days.
    horizon
        Trading days over which a realised beta is measured.
    estimators
        Names, with parameters after a colon.
    window
        Days of returns, for estimators without a window of their own.
    methods
        Methods to compare; none for the defaults.
    holding, absent
        As of ``engine.backtest.plan.Holding`` and ``Absent``.
    cost_bp
        Cost paid for a trade, in basis points of its value.
    intervals
        Whether the coverage of intervals of next month's beta is measured.

    """

    start: date | None
    end: date | None
    every: str
    horizon: int
    estimators: tuple[str, ...]
    window: int
    methods: tuple[str, ...]
    holding: str
    absent: str
    cost_bp: float
    intervals: bool


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


def study(
    terms: Terms,
    request: Request,
    holdings: Holdings,
    etfs: Sequence[HedgeEtf],
    prices: Prices,
    *,
    market: HedgeEtf | None = None,
) -> Study:
    """Return the study of a portfolio and ETFs under the terms; the request has target and limits."""
    from betaneutral_xl.engine.backtest import BY_DEFAULT, Absent, Estimator, Holding, Schedule, Study

    methods = [one.lower().replace("-", "_") for one in terms.methods or BY_DEFAULT]
    return Study(
        holdings=holdings,
        etfs=tuple(one.etf for one in etfs),
        prices=prices,
        schedule=Schedule(start=terms.start, end=terms.end, every=terms.every, horizon=terms.horizon),
        estimators=tuple(Estimator.parse(text, terms.window) for text in terms.estimators),
        methods=tuple(dict.fromkeys(methods)),
        holding=Holding(terms.holding),
        absent=Absent(terms.absent),
        target=request.target,
        constraints=request.constraints,
        objective=request.objective,
        cost_bp=terms.cost_bp,
        market=None if market is None else Market.of(market.etf, request.market_share),
        intervals=terms.intervals,
        notes=(*holdings.warnings, *(line for one in etfs for line in one.etf.warnings)),
    )


def walk(study: Study) -> Backtest:
    """Run one backtest; raises what ``engine.backtest.walk`` raises."""
    from betaneutral_xl.engine.backtest import walk as run

    return run(study)


def cell(fund: str, etf: str, study: Study) -> Cell:
    """Return a cell of a sweep: a study with the names of its portfolio and its ETF."""
    from betaneutral_xl.engine.backtest.sweep import Cell

    return Cell(fund, etf, study)


def sweep(
    cells: Sequence[Cell],
    journal: Path,
    *,
    engine: str,
    address: str,
    jobs: int,
    on_progress: Callable[[int, int], None] | None,
) -> list[dict[str, Any]]:
    """Run the cells that are not in the journal, and return a record for each row of the table of results.

    It raises what ``engine.backtest.sweep.sweep`` raises.
    """
    from betaneutral_xl.engine.backtest.sweep import COLUMNS, Engine
    from betaneutral_xl.engine.backtest.sweep import sweep as run

    rows = run(cells, journal, engine=Engine(engine), address=address, jobs=jobs, on_progress=on_progress)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]
