"""The registry of the worksheet functions, independent of the host: one entry each.

The functions of Excel and of Calc, their help in the function wizard, the reference page in docs/
and the template's IntelliSense sheet are generated from it. To add a function, add an entry, and the
function it runs to ``worksheet``. Names and the order of arguments never change; new arguments are
optional and last.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from betaneutral_xl.hosts.sheets import answering, trading, worksheet
from betaneutral_xl.hosts.sheets.answering import Part
from betaneutral_xl.hosts.sheets.entries import Argument, Function, optional

__all__ = ["BY_NAME", "CATEGORY", "FUNCTIONS", "Argument", "Function"]

CATEGORY = "Beta Neutral"
"""Category in the function wizard."""


HOLDINGS = Argument(
    "holdings", "Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS."
)
ETF = Argument("etf", "Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
RISK = optional(
    "covariance",
    "Matrix with its tickers on both sides; a handle; a file; demo; blank: the fund's risk model.",
)
TARGET = optional(
    "target_beta",
    "Target beta: a number, or a ticker such as IWV for its beta; one, or one per ETF. Blank: 0.",
)
METHOD = optional("method", "hedge, reweight, least_squares, fewest_trades or scaled. Blank: hedge.")
CONSTRAINTS = optional(
    "constraints",
    "Rows of name, (for which,) value: long_only, upper, turnover, ridge, on_missing ... (docs/options.md).",
)
PROBLEM = (HOLDINGS, ETF, RISK, TARGET, METHOD, CONSTRAINTS)

OfProblem = partial(Function, may_fetch=True, external_state=worksheet.problem_stamp)
"""A function of the inputs: they may be fetched, and the answer depends on the files that they name."""

FUNCTIONS: tuple[Function, ...] = (
    Function(
        name="FETCH_HOLDINGS",
        help="A fund's holdings on a date: ticker, shares, price, market_value, weight; largest first.",
        arguments=(
            Argument(
                "fund",
                "A fund of the web API, such as quant_paper; a holdings file; ibkr:QUERYID; demo.",
            ),
            optional("as_of", "Day of the holdings. Blank: the last weekday."),
            optional("start", "First day of the range that is asked for. Blank: the same day."),
            optional("refresh", "Any value: a change of it fetches again."),
        ),
        run=worksheet.fetch_holdings,
        example='=FETCH_HOLDINGS("quant_paper", DATE(2025,11,18))',
        may_fetch=True,
        external_state=worksheet.holdings_stamp,
    ),
    Function(
        name="LOAD_ETF",
        help="An ETF's constituents from the issuer's downloaded file: ticker, name, weight, class.",
        arguments=(
            Argument("source", "The file; or a ticker, for its newest download; demo for the sample."),
            optional("fund", "The fund, if the file has several."),
            optional("classes", "Asset classes of the basket, such as equity,fund. Blank: equity."),
            optional(
                "tickers", "A table of ISIN (or CUSIP, SEDOL, FIGI) and ticker, for a file without tickers."
            ),
        ),
        run=worksheet.load_etf,
        example='=LOAD_ETF("JHAI")',
        may_fetch=True,
        external_state=worksheet.etf_stamp,
    ),
    Function(
        name="COVARIANCE",
        help="Annual covariance of returns, labelled by tickers, or a handle: "
        "of the risk model for tickers, or estimated from prices or returns.",
        arguments=(
            Argument(
                "tickers_or_data", "Tickers in a row or column; or prices or returns below their tickers."
            ),
            optional(
                "method", "For tickers: blank for the fund's model, a file, demo. For data: an estimator."
            ),
            optional(
                "options",
                "Two columns, name and value; or half_life=63; window=252. For tickers: prices=FILE.",
            ),
            optional("as_handle", "TRUE: one cell that represents the matrix, fast at any size."),
        ),
        run=worksheet.covariance,
        example="=COVARIANCE(A2:A60, , , TRUE)",
        may_fetch=True,
        external_state=worksheet.risk_stamp,
    ),
    OfProblem(
        name="BETA_NEUTRAL",
        help="Weights with the target beta to one or several ETFs: ticker, weight, etf_weight, "
        "predicted_beta, new_weight, trade; the cash line last.",
        arguments=PROBLEM,
        run=worksheet.beta_neutral,
        example='=BETA_NEUTRAL(A1#, G1#, M1, 0, "hedge")',
    ),
    OfProblem(
        name="BN_ANSWER",
        help="The answer page of BETA_NEUTRAL: verdict, measures with intervals and limits, warnings, "
        "alternatives, largest trades, sources.",
        arguments=(
            *PROBLEM,
            optional("part", f"{', '.join(Part)}. Blank: all."),
            optional("nav", "Net asset value, for amounts of money. Blank: that of the holdings."),
        ),
        run=answering.answer,
        example='=BN_ANSWER(A1#, G1#, M1, 0, "hedge", , "measures")',
    ),
    OfProblem(
        name="BN_BETAS",
        help="Predicted beta of each held name to each ETF, its standard error and its contribution.",
        arguments=(HOLDINGS, ETF, RISK),
        run=worksheet.betas,
        example="=BN_BETAS(A1#, G1#, M1)",
    ),
    OfProblem(
        name="BN_EXPOSURE",
        help="Before and after BETA_NEUTRAL: beta and its error, volatility, exposures, turnover.",
        arguments=PROBLEM,
        run=worksheet.exposure,
        example='=BN_EXPOSURE(A1#, G1#, M1, 0, "hedge")',
    ),
    OfProblem(
        name="BN_FEASIBLE",
        help="Lowest and highest feasible beta under the constraints, binding limits, and relaxations.",
        arguments=(HOLDINGS, ETF, RISK, TARGET, CONSTRAINTS),
        run=worksheet.feasible,
        example="=BN_FEASIBLE(A1#, G1#, M1, 0, P1:Q3)",
    ),
    OfProblem(
        name="BN_COMPARE",
        help="The alternatives side by side: as it is, hedged by the ETF, by its basket, reweighted, "
        "long only.",
        arguments=(
            HOLDINGS,
            ETF,
            RISK,
            TARGET,
            CONSTRAINTS,
            optional("benchmark", "Ticker whose beta the long-only weights target. Blank: IWV."),
        ),
        run=worksheet.compared,
        example="=BN_COMPARE(A1#, G1#, M1)",
    ),
    Function(
        name="BN_PRICES",
        help="Price per share of every name and ETF: ticker, price, as_of, source; "
        "the source states a missing or stale price.",
        arguments=(
            HOLDINGS,
            ETF,
            optional("prices", "Price file: each name's last close up to the date; demo for the sample."),
            optional("own", "Your own tickers and prices; they override all others."),
            optional("as_of", "Date of the closes. Blank: that of the holdings."),
        ),
        run=trading.prices,
        example='=BN_PRICES(A1#, G1#, "prices.csv")',
        external_state=trading.prices_stamp,
    ),
    Function(
        name="BN_ORDERS",
        help="Orders in shares for a result of BETA_NEUTRAL, rounded to keep the beta; cash and beta after.",
        arguments=(
            Argument("weights", "The whole result of BETA_NEUTRAL; in Excel, A1#."),
            optional("prices", "Ticker and price, or BN_PRICES. They override the prices of the holdings."),
            optional("nav", "Net asset value. Blank: that of the holdings."),
            optional("min_notional", "Trades of a smaller value are omitted. Blank: 0."),
            optional("lot", "Shares in a lot, or fractional. Blank: 1."),
            optional(
                "trade", "names; or etfs: a hedge in shares of the ETFs; etfs_any_coverage: also below 90 %."
            ),
            optional(
                "constraints",
                "Those of BETA_NEUTRAL: their mandate has the terms of orders that are not given here.",
            ),
        ),
        run=trading.orders,
        example="=BN_ORDERS(A1#, M1:N20)",
        external_state=worksheet.problem_stamp,
    ),
    Function(
        name="BN_NAMES",
        help="The tickers of the portfolio, of the ETFs' constituents and of the ETFs, and those that target "
        "and constraints name, sorted: for COVARIANCE.",
        arguments=(HOLDINGS, ETF, TARGET, CONSTRAINTS),
        run=worksheet.names,
        external_state=worksheet.mandate_stamp,
        example="=COVARIANCE(BN_NAMES(A1#, G1#), , , TRUE)",
    ),
    Function(
        name="BN_MATRIX",
        help="The matrix of a handle, labelled by tickers.",
        arguments=(Argument("handle", "A cell that shows a handle, such as cov#301744e113b4 [500x500]."),),
        run=worksheet.matrix,
        example="=BN_MATRIX(M1)",
    ),
    Function(
        name="BN_STATUS",
        help="Provenance of a result: part, source, location, as_of, fetched_at, age_days, live or cached.",
        arguments=(Argument("result", "The whole result of another function (in Excel, A1#), or a handle."),),
        run=worksheet.status,
        example="=BN_STATUS(A1#)",
        cacheable=False,
    ),
    Function(
        name="BN_LAST_ERROR",
        help="The last error in a cell: time, function, message, and the log's name.",
        run=worksheet.last_error,
        example="=BN_LAST_ERROR()",
        cacheable=False,
    ),
    Function(
        name="BN_VERSION",
        help="The version of betaneutral_xl in use.",
        run=worksheet.version,
        example="=BN_VERSION()",
    ),
)

BY_NAME: Mapping[str, Function] = MappingProxyType({function.name: function for function in FUNCTIONS})
