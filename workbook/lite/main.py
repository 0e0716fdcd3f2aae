"""Beta Neutral in xlwings Lite: the worksheet functions, and the buttons as scripts.

Made by betaneutral-xl workbook build --host lite; changes are lost when it is made again.
"""

import xlwings as xw
from xlwings import arg, func, script

from betaneutral_xl.hosts.office import lite


@func
@arg("fund", ndim=2, err_to_str=True, doc="A fund of the web API, such as quant_paper; a holdings file; ibkr:QUERYID; demo.")
@arg("as_of", ndim=2, err_to_str=True, doc="Day of the holdings. Blank: the last weekday.")
@arg("start", ndim=2, err_to_str=True, doc="First day of the range that is asked for. Blank: the same day.")
@arg("refresh", ndim=2, err_to_str=True, doc="Any value: a change of it fetches again.")
def FETCH_HOLDINGS(fund, as_of=None, start=None, refresh=None):
    """A fund's holdings on a date: ticker, shares, price, market_value, weight; largest first."""
    return lite.call("FETCH_HOLDINGS", fund, as_of, start, refresh)


@func
@arg("source", ndim=2, err_to_str=True, doc="The file; or a ticker, for its newest download; demo for the sample.")
@arg("fund", ndim=2, err_to_str=True, doc="The fund, if the file has several.")
@arg("classes", ndim=2, err_to_str=True, doc="Asset classes of the basket, such as equity,fund. Blank: equity.")
@arg("tickers", ndim=2, err_to_str=True, doc="A table of ISIN (or CUSIP, SEDOL, FIGI) and ticker, for a file without tickers.")
def LOAD_ETF(source, fund=None, classes=None, tickers=None):
    """An ETF's constituents from the issuer's downloaded file: ticker, name, weight, class."""
    return lite.call("LOAD_ETF", source, fund, classes, tickers)


@func
@arg("tickers_or_data", ndim=2, err_to_str=True, doc="Tickers in a row or column; or prices or returns below their tickers.")
@arg("method", ndim=2, err_to_str=True, doc="For tickers: blank for the fund's model, a file, demo. For data: an estimator.")
@arg("options", ndim=2, err_to_str=True, doc="Two columns, name and value; or half_life=63; window=252. For tickers: prices=FILE.")
@arg("as_handle", ndim=2, err_to_str=True, doc="TRUE: one cell that represents the matrix, fast at any size.")
def COVARIANCE(tickers_or_data, method=None, options=None, as_handle=None):
    """Annual covariance of returns, labelled by tickers, or a handle: of the risk model for tickers, or estimated from prices or returns."""
    return lite.call("COVARIANCE", tickers_or_data, method, options, as_handle)


@func
@arg("holdings", ndim=2, err_to_str=True, doc="Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS.")
@arg("etf", ndim=2, err_to_str=True, doc="Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
@arg("covariance", ndim=2, err_to_str=True, doc="Matrix with its tickers on both sides; a handle; a file; demo; blank: the fund's risk model.")
@arg("target_beta", ndim=2, err_to_str=True, doc="Target beta: a number, or a ticker such as IWV for its beta; one, or one per ETF. Blank: 0.")
@arg("method", ndim=2, err_to_str=True, doc="hedge, reweight, least_squares, fewest_trades or scaled. Blank: hedge.")
@arg("constraints", ndim=2, err_to_str=True, doc="Rows of name, (for which,) value: long_only, upper, turnover, ridge, on_missing ... (docs/options.md).")
def BETA_NEUTRAL(holdings, etf, covariance=None, target_beta=None, method=None, constraints=None):
    """Weights with the target beta to one or several ETFs: ticker, weight, etf_weight, predicted_beta, new_weight, trade; the cash line last."""
    return lite.call("BETA_NEUTRAL", holdings, etf, covariance, target_beta, method, constraints)


@func
@arg("holdings", ndim=2, err_to_str=True, doc="Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS.")
@arg("etf", ndim=2, err_to_str=True, doc="Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
@arg("covariance", ndim=2, err_to_str=True, doc="Matrix with its tickers on both sides; a handle; a file; demo; blank: the fund's risk model.")
@arg("target_beta", ndim=2, err_to_str=True, doc="Target beta: a number, or a ticker such as IWV for its beta; one, or one per ETF. Blank: 0.")
@arg("method", ndim=2, err_to_str=True, doc="hedge, reweight, least_squares, fewest_trades or scaled. Blank: hedge.")
@arg("constraints", ndim=2, err_to_str=True, doc="Rows of name, (for which,) value: long_only, upper, turnover, ridge, on_missing ... (docs/options.md).")
@arg("part", ndim=2, err_to_str=True, doc="question, verdict, advice, first, measures, alternatives, trades, warnings, sources, variance, past. Blank: all.")
@arg("nav", ndim=2, err_to_str=True, doc="Net asset value, for amounts of money. Blank: that of the holdings.")
def BN_ANSWER(holdings, etf, covariance=None, target_beta=None, method=None, constraints=None, part=None, nav=None):
    """The answer page of BETA_NEUTRAL: verdict, measures with intervals and limits, warnings, alternatives, largest trades, sources."""
    return lite.call("BN_ANSWER", holdings, etf, covariance, target_beta, method, constraints, part, nav)


@func
@arg("holdings", ndim=2, err_to_str=True, doc="Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS.")
@arg("etf", ndim=2, err_to_str=True, doc="Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
@arg("covariance", ndim=2, err_to_str=True, doc="Matrix with its tickers on both sides; a handle; a file; demo; blank: the fund's risk model.")
def BN_BETAS(holdings, etf, covariance=None):
    """Predicted beta of each held name to each ETF, its standard error and its contribution."""
    return lite.call("BN_BETAS", holdings, etf, covariance)


@func
@arg("holdings", ndim=2, err_to_str=True, doc="Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS.")
@arg("etf", ndim=2, err_to_str=True, doc="Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
@arg("covariance", ndim=2, err_to_str=True, doc="Matrix with its tickers on both sides; a handle; a file; demo; blank: the fund's risk model.")
@arg("target_beta", ndim=2, err_to_str=True, doc="Target beta: a number, or a ticker such as IWV for its beta; one, or one per ETF. Blank: 0.")
@arg("method", ndim=2, err_to_str=True, doc="hedge, reweight, least_squares, fewest_trades or scaled. Blank: hedge.")
@arg("constraints", ndim=2, err_to_str=True, doc="Rows of name, (for which,) value: long_only, upper, turnover, ridge, on_missing ... (docs/options.md).")
def BN_EXPOSURE(holdings, etf, covariance=None, target_beta=None, method=None, constraints=None):
    """Before and after BETA_NEUTRAL: beta and its error, volatility, exposures, turnover."""
    return lite.call("BN_EXPOSURE", holdings, etf, covariance, target_beta, method, constraints)


@func
@arg("holdings", ndim=2, err_to_str=True, doc="Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS.")
@arg("etf", ndim=2, err_to_str=True, doc="Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
@arg("covariance", ndim=2, err_to_str=True, doc="Matrix with its tickers on both sides; a handle; a file; demo; blank: the fund's risk model.")
@arg("target_beta", ndim=2, err_to_str=True, doc="Target beta: a number, or a ticker such as IWV for its beta; one, or one per ETF. Blank: 0.")
@arg("constraints", ndim=2, err_to_str=True, doc="Rows of name, (for which,) value: long_only, upper, turnover, ridge, on_missing ... (docs/options.md).")
def BN_FEASIBLE(holdings, etf, covariance=None, target_beta=None, constraints=None):
    """Lowest and highest feasible beta under the constraints, binding limits, and relaxations."""
    return lite.call("BN_FEASIBLE", holdings, etf, covariance, target_beta, constraints)


@func
@arg("holdings", ndim=2, err_to_str=True, doc="Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS.")
@arg("etf", ndim=2, err_to_str=True, doc="Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
@arg("covariance", ndim=2, err_to_str=True, doc="Matrix with its tickers on both sides; a handle; a file; demo; blank: the fund's risk model.")
@arg("target_beta", ndim=2, err_to_str=True, doc="Target beta: a number, or a ticker such as IWV for its beta; one, or one per ETF. Blank: 0.")
@arg("constraints", ndim=2, err_to_str=True, doc="Rows of name, (for which,) value: long_only, upper, turnover, ridge, on_missing ... (docs/options.md).")
@arg("benchmark", ndim=2, err_to_str=True, doc="Ticker whose beta the long-only weights target. Blank: IWV.")
def BN_COMPARE(holdings, etf, covariance=None, target_beta=None, constraints=None, benchmark=None):
    """The alternatives side by side: as it is, hedged by the ETF, by its basket, reweighted, long only."""
    return lite.call("BN_COMPARE", holdings, etf, covariance, target_beta, constraints, benchmark)


@func
@arg("holdings", ndim=2, err_to_str=True, doc="Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS.")
@arg("etf", ndim=2, err_to_str=True, doc="Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
@arg("prices", ndim=2, err_to_str=True, doc="Price file: each name's last close up to the date; demo for the sample.")
@arg("own", ndim=2, err_to_str=True, doc="Your own tickers and prices; they override all others.")
@arg("as_of", ndim=2, err_to_str=True, doc="Date of the closes. Blank: that of the holdings.")
def BN_PRICES(holdings, etf, prices=None, own=None, as_of=None):
    """Price per share of every name and ETF: ticker, price, as_of, source; the source states a missing or stale price."""
    return lite.call("BN_PRICES", holdings, etf, prices, own, as_of)


@func
@arg("weights", ndim=2, err_to_str=True, doc="The whole result of BETA_NEUTRAL; in Excel, A1#.")
@arg("prices", ndim=2, err_to_str=True, doc="Ticker and price, or BN_PRICES. They override the prices of the holdings.")
@arg("nav", ndim=2, err_to_str=True, doc="Net asset value. Blank: that of the holdings.")
@arg("min_notional", ndim=2, err_to_str=True, doc="Trades of a smaller value are omitted. Blank: 0.")
@arg("lot", ndim=2, err_to_str=True, doc="Shares in a lot, or fractional. Blank: 1.")
@arg("trade", ndim=2, err_to_str=True, doc="names; or etfs: a hedge in shares of the ETFs; etfs_any_coverage: also below 90 %.")
@arg("constraints", ndim=2, err_to_str=True, doc="Those of BETA_NEUTRAL: their mandate has the terms of orders that are not given here.")
def BN_ORDERS(weights, prices=None, nav=None, min_notional=None, lot=None, trade=None, constraints=None):
    """Orders in shares for a result of BETA_NEUTRAL, rounded to keep the beta; cash and beta after."""
    return lite.call("BN_ORDERS", weights, prices, nav, min_notional, lot, trade, constraints)


@func
@arg("holdings", ndim=2, err_to_str=True, doc="Table of ticker and weight, or of ticker, shares and price; or FETCH_HOLDINGS.")
@arg("etf", ndim=2, err_to_str=True, doc="Table of ticker and weight, or LOAD_ETF; several ETFs side by side.")
@arg("target_beta", ndim=2, err_to_str=True, doc="Target beta: a number, or a ticker such as IWV for its beta; one, or one per ETF. Blank: 0.")
@arg("constraints", ndim=2, err_to_str=True, doc="Rows of name, (for which,) value: long_only, upper, turnover, ridge, on_missing ... (docs/options.md).")
def BN_NAMES(holdings, etf, target_beta=None, constraints=None):
    """The tickers of the portfolio, of the ETFs' constituents and of the ETFs, and those that target and constraints name, sorted: for COVARIANCE."""
    return lite.call("BN_NAMES", holdings, etf, target_beta, constraints)


@func
@arg("handle", ndim=2, err_to_str=True, doc="A cell that shows a handle, such as cov#301744e113b4 [500x500].")
def BN_MATRIX(handle):
    """The matrix of a handle, labelled by tickers."""
    return lite.call("BN_MATRIX", handle)


@func
@arg("result", ndim=2, err_to_str=True, doc="The whole result of another function (in Excel, A1#), or a handle.")
def BN_STATUS(result):
    """Provenance of a result: part, source, location, as_of, fetched_at, age_days, live or cached."""
    return lite.call("BN_STATUS", result)


@func
def BN_LAST_ERROR():
    """The last error in a cell: time, function, message, and the log's name."""
    return lite.call("BN_LAST_ERROR")


@func
def BN_VERSION():
    """The version of betaneutral_xl in use."""
    return lite.call("BN_VERSION")


@script(name="Rebalance")
def rebalance(book: xw.Book):
    """Compute new weights for the settings and write them as a proposal; the previous is kept."""
    print(lite.press("rebalance", book))


@script(name="Restore")
def restore(book: xw.Book):
    """Swap the proposal with the previous one."""
    print(lite.press("restore", book))


@script(name="Check installation")
def check(book: xw.Book):
    """Compare the versions that are installed; test the cache and the network."""
    print(lite.press("check", book))
