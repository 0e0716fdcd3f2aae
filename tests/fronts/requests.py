"""The table ``REQUESTS`` of valid and invalid requests for every front end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

Cell = str | float | bool | None
Table = tuple[tuple[Cell, ...], ...]


class Query(StrEnum):
    """The kind of a request."""

    REBALANCE = "rebalance"
    BETAS = "betas"
    COMPARE = "compare"
    FEASIBLE = "feasible"
    ORDERS = "orders"


def table(*rows: tuple[Cell, ...], head: tuple[Cell, ...] = ("ticker", "weight")) -> Table:
    """Return a table with a header."""
    return (head, *rows)


def matrix(variances: dict[str, tuple[float, ...]]) -> Table:
    """Return a covariance labelled with tickers on both sides."""
    rows: list[tuple[Cell, ...]] = [(ticker, *row) for ticker, row in variances.items()]
    return ((None, *variances), *rows)


HOLDINGS = table(("A", 0.3), ("B", 0.4), ("C", 0.3))
OTHER = table(("A", 0.25), ("B", 0.45), ("C", 0.3))
"""Other weights, so that no result has the cells of one whose portfolio has prices."""
AI = table(("A", 0.4), ("B", 0.3), ("C", 0.3))
CHIPS = table(("B", 0.2), ("C", 0.8))
RISK = matrix(
    {
        "A": (0.04, 0.02, 0.01, 0.02),
        "B": (0.02, 0.03, 0.015, 0.015),
        "C": (0.01, 0.015, 0.05, 0.02),
        "IWV": (0.02, 0.015, 0.02, 0.03),
    }
)
SHARES = table(
    ("A", 300.0, 100.0), ("B", 800.0, 50.0), ("C", 1500.0, 20.0), head=("ticker", "shares", "price")
)


def weights(**by_ticker: Cell) -> Table:
    """Return a portfolio."""
    return table(*by_ticker.items())


def prices(days: int = 160) -> Table:
    """Return oscillating closes, each name with its own period and amplitude."""
    swings = {"A": (0.9, 0.010), "B": (1.7, 0.014), "C": (2.3, 0.020)}
    head: tuple[Cell, ...] = ("date", *swings)
    closes: list[tuple[Cell, ...]] = [
        (
            f"2025-{1 + day // 28:02}-{1 + day % 28:02}",
            *(
                100.0 * math.exp(swing * (math.sin(pace * day) + math.cos(0.37 * day * day)))
                for pace, swing in swings.values()
            ),
        )
        for day in range(days)
    ]
    return (head, *closes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, independent of the front end.

    Attributes
    ----------
    name
        Identifies the request in test output and in ``KNOWN``.
    query
        The kind of request.
    sample
        Whether the three inputs are the embedded sample's.
    holdings, etfs, covariance
        The three inputs as tables; ETFs by name.
    history, estimator, window
        Daily prices to estimate the covariance from instead, how, and how many days of it.
    target
        As typed by a user; several targets are for the ETFs in order.
    method, benchmark
        As typed by a user.
    limits
        Rows of name and value, or of name, key and value, as typed by a user.
    limits_file
        Whether front ends that support it take the limits from a file.
    ridge, leg_limit, sell_only
        Limits on the hedge ratios.
    prices, nav, min_notional, lot, trade
        Options of the orders; prices as rows of ticker and price.

    """

    name: str
    query: Query = Query.REBALANCE
    sample: bool = False
    holdings: Table = HOLDINGS
    etfs: tuple[tuple[str, Table], ...] = (("AI", AI),)
    covariance: Table = RISK
    history: Table | None = None
    estimator: str | None = None
    window: int | None = None
    target: Cell | tuple[Cell, ...] = None
    method: str | None = None
    benchmark: str | None = None
    limits: tuple[tuple[Cell, ...], ...] = ()
    limits_file: bool = False
    ridge: float | None = None
    leg_limit: float | None = None
    sell_only: bool = False
    prices: Table = ()
    nav: float | None = None
    min_notional: float | None = None
    lot: float | None = None
    trade: str | None = None


def limited(name: str, *limits: tuple[Cell, ...], target: Cell = 0.95, limits_file: bool = False) -> Request:
    """Return a request to reweight with limits."""
    return Request(name=name, method="reweight", target=target, limits=limits, limits_file=limits_file)


def held(name: str, holdings: Table, *limits: tuple[Cell, ...], query: Query = Query.REBALANCE) -> Request:
    """Return a request with another portfolio."""
    return Request(name=name, query=query, holdings=holdings, limits=limits)


def ordered(
    name: str,
    *,
    nav: float | None = None,
    lot: float | None = None,
    min_notional: float | None = None,
    trade: str | None = None,
    prices: Table = (),
    holdings: Table = SHARES,
) -> Request:
    """Return a request for orders."""
    return Request(
        name=name,
        query=Query.ORDERS,
        holdings=holdings,
        nav=nav,
        lot=lot,
        min_notional=min_notional,
        trade=trade,
        prices=prices,
    )


def positions(*rows: tuple[Cell, ...]) -> Table:
    """Return a portfolio of shares and prices."""
    return table(*rows, head=("ticker", "shares", "price"))


def valued(first: str, second: str) -> Table:
    """Return two positions in currencies."""
    return table(
        ("A", 100.0, 100.0, first), ("B", 200.0, 50.0, second), head=("ticker", "shares", "price", "currency")
    )


def scaled(covariance: Table, factor: float) -> Table:
    """Return a matrix in another unit."""
    return (
        covariance[0],
        *((row[0], *(float(cell or 0.0) * factor for cell in row[1:])) for row in covariance[1:]),
    )


def triangle(covariance: Table) -> Table:
    """Return a matrix without its upper triangle."""
    head, *rows = covariance
    return (head, *((*row[: i + 2], *[None] * (len(rows) - i - 1)) for i, row in enumerate(rows)))


def hole(covariance: Table) -> Table:
    """Return a matrix without one number."""
    head, first, *rows = covariance
    return (head, (*first[:2], None, *first[3:]), *rows)


def headed(word: str, covariance: Table) -> Table:
    """Return a matrix with a header of its labels."""
    (_, *names), *rows = covariance
    return ((word, *names), *rows)


def counted(covariance: Table) -> Table:
    """Return a matrix with a column of numbers before its labels, as pandas writes it."""
    (_, *names), *rows = covariance
    return (("index", "ticker", *names), *((float(i), *row) for i, row in enumerate(rows)))


def pairs(covariance: Table) -> Table:
    """Return a matrix as rows of two tickers and a covariance."""
    (_, *names), *rows = covariance
    return (
        ("ticker_1", "ticker_2", "covariance"),
        *(
            (row[0], name, cell)
            for i, row in enumerate(rows)
            for name, cell in zip(names[: i + 1], row[1 : i + 2], strict=True)
        ),
    )


def unlabelled(covariance: Table) -> Table:
    """Return the numbers of a matrix alone."""
    return tuple(row[1:] for row in covariance[1:])


def redated(history: Table, written: Callable[[date], Cell]) -> Table:
    """Return prices with their dates written in another way."""
    head, *rows = history
    return (head, *((written(date.fromisoformat(str(row[0]))), *row[1:]) for row in rows))


def us_date(day: date) -> str:
    """Write a day as Excel does in the United States."""
    return f"{day.month}/{day.day}/{day.year}"


def serial(day: date) -> float:
    """Return a day as a spreadsheet counts it."""
    return float((day - date(1899, 12, 30)).days)


def both_orders(day: date) -> str:
    """Write the last of three days in another order than the others."""
    return (
        f"{day.day + 12}/{day.month}/{day.year}" if day.day > 2 else f"{day.month}/{day.day + 12}/{day.year}"
    )


MANDATE = str(Path(__file__).parent / "mandate.toml")
"""Rules of a long-only fund that names more stocks than any request has."""

TWO = (("AI", AI), ("CHIPS", CHIPS))
WITHOUT_Z = weights(A=0.5, ZZZZ=0.5)
INDEFINITE = matrix({"A": (0.04, 0.09), "B": (0.09, 0.04)})
LOPSIDED = matrix({"A": (0.04, 0.02, 0.01), "B": (0.01, 0.03, 0.01), "C": (0.01, 0.01, 0.05)})

REQUESTS: tuple[Request, ...] = (
    # methods and targets
    Request(name="hedge"),
    Request(name="sample", sample=True),
    Request(name="reweight", method="reweight"),
    Request(name="least squares", method="least_squares", target=0.2),
    Request(name="fewest trades", method="fewest_trades", target=0.6),
    Request(name="scaled", method="scaled"),
    Request(name="method with a hyphen", method="least-squares", target=0.2),
    Request(name="method in capitals", method="HEDGE"),
    Request(name="method with a blank", method="least squares", target=0.2),
    Request(name="unknown method", method="magic"),
    Request(name="target 0.3", target=0.3),
    Request(name="target -0.3", target=-0.3),
    Request(name="target 50%", target="50%"),
    Request(name="target a ticker", target="IWV"),
    Request(name="target an unknown ticker", target="QQQQ"),
    Request(name="target inf", target="inf"),
    Request(name="target nan", target="nan"),
    Request(name="two ETFs", etfs=TWO),
    Request(name="two targets", etfs=TWO, target=(0.1, 0.2)),
    # limits
    limited("long only", ("long_only", True)),
    limited("long only on", ("long_only", "on"), limits_file=True),
    limited("lower and upper", ("lower", -0.5), ("upper", 0.8)),
    limited("upper 90%", ("upper", "90%")),
    limited("upper of one name", ("upper", 0.9), ("upper", "B", 0.45)),
    Request(
        name="upper outside the ETF",
        method="reweight",
        target=0.7,
        etfs=(("CHIPS", CHIPS),),
        limits=(("upper_outside_etf", "20%"), ("upper", 0.6)),
    ),
    Request(
        name="upper outside the ETF out of reach",
        query=Query.FEASIBLE,
        target=0.2,
        etfs=(("CHIPS", CHIPS),),
        limits=(("upper_outside_etf", 0.25), ("long_only", True)),
    ),
    limited("upper outside the ETFs 30", ("upper_outside_etf", 30.0)),
    limited("upper 5", ("upper", 5.0)),
    limited("upper nan", ("upper", "nan")),
    limited("turnover 30", ("turnover", 30.0)),
    limited("turnover in a file", ("turnover", 0.6), limits_file=True),
    limited("turnover too small", ("turnover", 0.01), target=0.0),
    limited("turnover below zero", ("turnover", -0.1)),
    limited("gross 150%", ("gross", "150%")),
    limited("net between", ("net", "0.2:0.9")),
    limited("beta between", ("beta", "0.93:0.96"), target=None),
    limited("frozen", ("frozen", "A")),
    limited("universe held", ("universe", "held")),
    limited("unknown universe", ("universe", "world")),
    limited(
        "group", ("groups", "B", "Semis"), ("groups", "C", "Semis"), ("group_limits", "Semis", "0.3:0.9")
    ),
    limited("group in one cell", ("groups", "Semis", "B,C"), ("group_limits", "Semis", "0.3:0.9")),
    limited(
        "cap of a group", ("groups", "B", "Semis"), ("groups", "C", "Semis"), ("group_upper", "Semis", "60%")
    ),
    limited("upper outside the ETFs in a file", ("upper_outside_etf", 0.3), limits_file=True),
    limited("cap of a group without tickers", ("group_upper", "Semis", 0.3)),
    limited("cost and aversion", ("cost_bp", 10.0), ("risk_aversion", 5.0)),
    limited("at most three trades", ("max_trades", 3.0), target=0.7),
    limited("smallest trade", ("min_trade", 0.05)),
    limited("unknown limit", ("uper", 0.5), limits_file=True),
    limited("lower above upper", ("lower", 0.5), ("upper", 0.4)),
    limited("least tracking error", ("objective", "tracking_error")),
    limited("stable without a history", ("objective", "stable")),
    limited("unknown objective", ("objective", "steady")),
    Request(name="objective for hedge", limits=(("objective", "tracking_error"),)),
    Request(
        name="stable with a history", method="reweight", target=0.9, history=prices(), estimator="sample"
    ),
    Request(name="limit for hedge", limits=(("long_only", True),)),
    # the mandate
    Request(name="mandate", limits=(("mandate", MANDATE),)),
    Request(name="mandate with another bound", limits=(("mandate", MANDATE), ("upper", "B", 0.62))),
    Request(name="mandate with another method", method="least_squares", limits=(("mandate", MANDATE),)),
    Request(name="mandate in a file of limits", limits=(("mandate", MANDATE),), limits_file=True),
    Request(name="mandate absent", limits=(("mandate", "absent.toml"),)),
    Request(name="mandate compared", query=Query.COMPARE, limits=(("mandate", MANDATE),)),
    Request(name="mandate out of reach", query=Query.FEASIBLE, limits=(("mandate", MANDATE), ("upper", 0.4))),
    limited("tolerance", ("tolerance", 0.05)),
    limited("tolerance 5", ("tolerance", 5.0)),
    limited("tolerance a word", ("tolerance", "wide")),
    # the market
    Request(name="market leg", limits=(("market", "IWV"),)),
    Request(name="half the market leg", limits=(("market", "IWV"), ("market_share", 0.5))),
    Request(name="market leg of two ETFs", etfs=TWO, limits=(("market", "IWV"), ("market_share", "25%"))),
    limited("market beta in reweighting", ("market", "IWV"), ("market_share", 0.2), ("net", "0.2:1.2")),
    Request(name="market unknown", limits=(("market", "QQQQ"),)),
    Request(name="market the ETF itself", limits=(("market", "AI"),)),
    Request(name="market share 2", limits=(("market", "IWV"), ("market_share", 2.0))),
    Request(name="market share a word", limits=(("market", "IWV"), ("market_share", "half"))),
    Request(name="market share without a market", limits=(("market_share", 0.5),)),
    Request(name="market leg of scaled", method="scaled", limits=(("market", "IWV"),)),
    Request(name="ridge", ridge=0.05, etfs=TWO),
    Request(name="leg limit", leg_limit=0.5),
    Request(name="sell only", sell_only=True),
    # holdings
    held("shares and prices", SHARES),
    held("weights 60 and 40", weights(A=60.0, B=40.0)),
    held("cash row USD", weights(A=0.9, USD=0.1)),
    held("cash row Cash & Other", table(("A", 0.9), ("Cash & Other", 0.1))),
    held("cash row CASH", weights(A=0.9, CASH=0.1)),
    held("ticker twice", table(("A", 0.5), ("B", 0.2), ("A", 0.3))),
    held("weight missing", weights(A=0.5, B=None)),
    held("weight a word", weights(A=0.5, B="half")),
    held("no rows", table()),
    held("weights with percent signs", weights(A="60%", B="40%")),
    held("percent with a total", weights(A=60.0, B=40.0, Total=100.0)),
    held("row of totals", table(("A", 0.25), ("B", 0.45), ("C", 0.3), ("Total", 1.0))),
    held("title above the header", (("Positions of the fund", None), *OTHER)),
    held("values under weight", weights(A=60_000.0, B=40_000.0)),
    held("weights with decimal commas", weights(A="0,3", B="0,7")),
    held("short position in brackets", weights(A="1.3", B="(0.3)")),
    held("blank line inside", table(("A", 0.25), (None, None), ("B", 0.45), ("C", 0.3))),
    held("weight without a ticker", table(("A", 0.5), (None, 0.5))),
    held("cash in a money market fund", table(("A", 0.9), ("SPAXX**", 0.1))),
    held("market values", table(("A", 6000.0), ("B", 4000.0), head=("Symbol", "Market Value"))),
    held(
        "headers of a broker",
        table(
            ("A", "Alpha", 300.0, 100.0, "$30,000.00"),
            ("B", "Beta", 800.0, 50.0, "$40,000.00"),
            ("Cash", None, None, None, "$30,000.00"),
            head=("Symbol", "Description", "Quantity", "Last Price", "Current Value"),
        ),
    ),
    held("lots of one name", positions(("A", 100.0, 100.0), ("A", 200.0, 100.0), ("B", 800.0, 50.0))),
    held("long and short values nearly cancel", positions(("A", 5000.0, 100.0), ("B", -4999.0, 100.0))),
    held("negative net asset value", positions(("A", 100.0, 100.0), ("B", -500.0, 100.0))),
    held("price missing", positions(("A", 100.0, 100.0), ("B", 500.0, None))),
    held("price a word", positions(("A", 100.0, 100.0), ("B", 500.0, "n. m."))),
    held("one currency", valued("USD", "USD")),
    held("two currencies without a rate", valued("USD", "EUR")),
    held(
        "two currencies with rates",
        table(
            ("A", 100.0, 100.0, "USD", 1.0),
            ("B", 200.0, 50.0, "EUR", 1.16),
            head=("ticker", "shares", "price", "currency", "FXRateToBase"),
        ),
    ),
    held("held name without risk", WITHOUT_Z),
    held("held name without risk dropped", WITHOUT_Z, ("on_missing", "drop")),
    held("short position", weights(A=0.8, B=-0.3, C=0.5)),
    # ETFs and risk
    Request(name="ETF name without risk", etfs=(("AI", table(("A", 0.5), ("Q", 0.5))),)),
    Request(
        name="ETF name without risk refused",
        etfs=(("AI", table(("A", 0.5), ("Q", 0.5))),),
        limits=(("etf_on_missing", "error"),),
    ),
    Request(
        name="ETF rescaled",
        etfs=(("AI", table(("A", 0.5), ("Q", 0.5))),),
        limits=(("etf_on_missing", "rescale"),),
    ),
    Request(name="ETF without any risk", etfs=(("AI", table(("Q", 1.0))),)),
    Request(name="covariance indefinite", covariance=INDEFINITE, holdings=weights(A=0.5, B=0.5)),
    Request(name="covariance lopsided", covariance=LOPSIDED),
    Request(name="correlation matrix", covariance=matrix({"A": (1.0, 0.3), "B": (0.3, 1.0)})),
    Request(name="covariance in percent squared", covariance=scaled(RISK, 10_000.0)),
    Request(name="lower triangle", holdings=OTHER, covariance=triangle(RISK)),
    Request(name="covariance with a hole", covariance=hole(RISK)),
    Request(name="covariance with an unnamed index", holdings=OTHER, covariance=headed("Unnamed: 0", RISK)),
    Request(name="covariance headed symbol", holdings=OTHER, covariance=headed("symbol", RISK)),
    Request(name="covariance with counted rows", holdings=OTHER, covariance=counted(RISK)),
    Request(name="covariance as pairs", holdings=OTHER, covariance=pairs(RISK)),
    Request(name="covariance without labels", covariance=unlabelled(RISK)),
    Request(
        name="ETF in percent", holdings=OTHER, etfs=(("AI", table(("A", 40.0), ("B", 30.0), ("C", 30.0))),)
    ),
    Request(
        name="ETF with cash and a total",
        etfs=(("AI", table(("A", 0.5), ("B", 0.3), ("Cash & Other", 0.2), ("Total", 1.0))),),
    ),
    Request(name="ETF with values under weight", etfs=(("AI", table(("A", 40_000.0), ("B", 30_000.0))),)),
    Request(name="estimated from US dates", history=redated(prices(), us_date), estimator="sample"),
    Request(name="estimated from serial dates", history=redated(prices(), serial), estimator="sample"),
    Request(name="estimated from dates in two orders", history=redated(prices(3), both_orders)),
    Request(name="estimated", history=prices(), estimator="sample", window=100),
    Request(name="estimator unknown", history=prices(), estimator="magic"),
    # other kinds of requests
    Request(name="betas", query=Query.BETAS),
    Request(name="betas to two ETFs", query=Query.BETAS, etfs=TWO),
    held("betas of a name without risk", WITHOUT_Z, query=Query.BETAS),
    Request(name="compare", query=Query.COMPARE),
    Request(name="compare with a benchmark", query=Query.COMPARE, benchmark="IWV", target=0.4),
    Request(name="compare with an unknown benchmark", query=Query.COMPARE, benchmark="QQQQ"),
    Request(
        name="compare with a share of the market",
        query=Query.COMPARE,
        limits=(("market", "IWV"), ("market_share", 0.25)),
    ),
    Request(name="feasible", query=Query.FEASIBLE),
    Request(name="feasible long only", query=Query.FEASIBLE, limits=(("long_only", True),), target=0.2),
    Request(name="feasible nowhere", query=Query.FEASIBLE, limits=(("upper", 0.1), ("net", 1.0))),
    ordered("orders"),
    ordered("orders in lots", lot=10.0),
    ordered("orders above 20000", min_notional=20_000.0),
    ordered("orders of a larger fund", nav=1_000_000.0),
    ordered("orders lot 0", lot=0.0),
    ordered("orders nav 0", nav=0.0),
    ordered("orders lot 1.5", lot=1.5),
    ordered("orders nav below zero", nav=-5.0),
    ordered("orders in the ETF", trade="etfs", prices=(("AI", 25.0),)),
    ordered("orders without a price", holdings=weights(A=0.3, B=0.5, C=0.2), nav=100_000.0),
    ordered("orders without a price after the same weights with prices", holdings=HOLDINGS, nav=100_000.0),
)
"""Names are unique; valid requests are next to the invalid ones of the same kind."""
