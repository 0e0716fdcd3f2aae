"""Known differences between front ends; the test fails on an entry that no longer applies."""

from __future__ import annotations

from fronts.requests import REQUESTS, Query

CLI, SHEET, CALC, EXCEL, WORKBOOK, PYTHON = "command line", "worksheet", "Calc", "Excel", "workbook", "Python"

KNOWN: dict[tuple[str, str], str] = {
    ("orders lot 0", CALC): "Calc gives a blank cell as zero, so that zero is a blank",
    ("orders nav 0", CALC): "Calc gives a blank cell as zero, so that zero is a blank",
}
"""Reason of each difference by request and front end."""

WITHOUT: dict[tuple[Query, str], str] = {
    (Query.BETAS, WORKBOOK): "no button shows betas; the workbook's formulas do",
    (Query.COMPARE, WORKBOOK): "no button compares alternatives",
    (Query.FEASIBLE, WORKBOOK): "no button shows attainable betas",
    (Query.BETAS, PYTHON): "the public names have no table of betas",
}
"""Queries that a front end does not support."""

KNOWN |= {
    (request.name, front_end): reason
    for request in REQUESTS
    for (query, front_end), reason in WITHOUT.items()
    if request.query is query
}

NETWORK, FILES = "network sources are tested with a stand-in server", "applies to files only"
OPTIONS: dict[str, str] = {
    "--help": "not a request",
    "--csv": "format of the answer",
    "--report": "an additional output",
    "--snapshot": "an additional output",
    "--from-snapshot": FILES,
    "--out": "an output beside the answer",
    "--format": "the form of that output",
    "--save-problem": "an additional output",
    "--top": "how much of the answer is shown",
    "--sort": "the order in which it is shown",
    "--participation": "days to trade, beside the orders, where a price file has volumes",
    "--proposal": "takes the new weights of an earlier answer",
    "--keep-cash": "the other front ends limit the net exposure instead",
    "--groups-file": FILES,
    "--covariance-unit": FILES,
    "--nav": FILES,
    "--drift-prices": FILES,
    "--account": FILES,
    "--fx": FILES,
    "--etf-fund": FILES,
    "--tickers": FILES,
    "--fund": NETWORK,
    "--date": NETWORK,
    "--refresh": NETWORK,
    "--allow-stale": NETWORK,
}
"""Options that no request of the table uses, with the reason."""

COMMANDS: dict[str, str] = {
    "demo": "a fixed request",
    "today": "compares an answer with the one that was accepted",
    "accept": "keeps the answer of rebalance",
    "fills": "compares trades with what was accepted",
    "holdings": "shows a portfolio as it was read; not a request",
    "mandate": "writes, shows and checks the rules that requests are made under",
    "report": "same request as rebalance, with other outputs",
    "etf": "reads a file; not a request",
    "cache": "not a request",
    "fake-api": "not a request",
    "snapshot": "not a request",
    "estimate": "covered by the request with estimated covariance",
    "workbook": "a separate front end",
    "completion": "not a request",
    "excel": "installation",
    "office": "installation",
    "calc": "installation",
    "backtest": "no other front end has backtests",
    "sweep": "no other front end has backtests",
}
"""Commands that are not in the table, with the reason."""

FUNCTIONS: dict[str, str] = {
    "BN_MATRIX": "shows a matrix; other front ends have no handles",
    "BN_STATUS": "shows the provenance of a result; other front ends show it elsewhere",
    "BN_LAST_ERROR": "information about the process",
    "BN_VERSION": "information about the process",
}
"""Worksheet functions that no request of the table uses, with the reason."""
