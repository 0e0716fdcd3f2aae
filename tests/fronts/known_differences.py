"""Where front ends differ today: the test fails on an entry that no longer holds."""

from __future__ import annotations

from fronts.requests import REQUESTS, Ask

CLI, SHEET, CALC, EXCEL, WORKBOOK, PYTHON = "command line", "worksheet", "Calc", "Excel", "workbook", "Python"

NO_LEGS = "worksheets have no ridge, leg limit or sell-only"
CASH_ROW = "rows that stand for cash are known in files only"
ONE_CELL = "a group's tickers in one cell are read as the group of a ticker"
SAME_CELLS = "a result is known again by its cells, which another portfolio's result shares"

KNOWN: dict[tuple[str, str], str] = {
    ("method with a blank", CLI): "a method's name takes hyphens, but no blanks",
    ("weights 60 and 40", CLI): "weights of a file that add to 100 are read as percent",
    ("cash row USD", SHEET): CASH_ROW,
    ("cash row USD", CALC): CASH_ROW,
    ("cash row USD", EXCEL): CASH_ROW,
    ("cash row USD", WORKBOOK): CASH_ROW,
    ("cash row USD", PYTHON): CASH_ROW,
    ("cash row Cash & Other", SHEET): CASH_ROW,
    ("cash row Cash & Other", CALC): CASH_ROW,
    ("cash row Cash & Other", EXCEL): CASH_ROW,
    ("cash row Cash & Other", WORKBOOK): CASH_ROW,
    ("cash row Cash & Other", PYTHON): CASH_ROW,
    ("cash row CASH", PYTHON): "a Series of weights has no cash row",
    ("weight a word", PYTHON): "a word among the weights is a ValueError of Python's own",
    ("betas of a name without risk", CLI): "the command stops where BN_BETAS leaves a blank",
    ("orders lot 0", CALC): "Calc gives a blank cell as zero, so that zero is a blank",
    ("orders nav 0", CALC): "Calc gives a blank cell as zero, so that zero is a blank",
    ("orders without a price after the same weights with prices", SHEET): SAME_CELLS,
    ("orders without a price after the same weights with prices", CALC): SAME_CELLS,
    ("orders without a price after the same weights with prices", EXCEL): SAME_CELLS,
    **{("group in one cell", name): ONE_CELL for name in (SHEET, CALC, EXCEL, WORKBOOK, PYTHON)},
    ("two targets", WORKBOOK): "the sheet Settings has one cell for the target",
    **{
        (name, sheet): NO_LEGS
        for name in ("ridge", "leg limit", "sell only")
        for sheet in (SHEET, CALC, EXCEL)
    },
    **{(name, WORKBOOK): NO_LEGS for name in ("ridge", "leg limit", "sell only")},
    ("estimated", WORKBOOK): "the sheet Settings has no estimator",
    ("estimator unknown", WORKBOOK): "the sheet Settings has no estimator",
    ("estimated", PYTHON): "the public names have no estimator",
    ("estimator unknown", PYTHON): "the public names have no estimator",
}
"""By request and front end, those that differ from the others, with the reason."""

WITHOUT: dict[tuple[Ask, str], str] = {
    (Ask.ORDERS, CLI): "only the report has orders",
    (Ask.BETAS, WORKBOOK): "no button shows betas: its formulas do",
    (Ask.COMPARE, WORKBOOK): "no button compares",
    (Ask.FEASIBLE, WORKBOOK): "no button shows what can be reached",
    (Ask.BETAS, PYTHON): "the public names have no table of betas",
}
"""Questions that a front end does not offer at all."""

KNOWN |= {
    (request.name, front_end): reason
    for request in REQUESTS
    for (ask, front_end), reason in WITHOUT.items()
    if request.ask is ask
}

NETWORK, FILES = "what the network answers is tested with its stand-in", "only files have it"
OPTIONS: dict[str, str] = {
    "--help": "no request",
    "--csv": "the form of the answer",
    "--report": "an output beside the answer",
    "--snapshot": "an output beside the answer",
    "--from-snapshot": FILES,
    "--covariance-unit": FILES,
    "--nav": FILES,
    "--account": FILES,
    "--fx": FILES,
    "--etf-fund": FILES,
    "--fund": NETWORK,
    "--date": NETWORK,
    "--refresh": NETWORK,
    "--allow-stale": NETWORK,
}
"""Options that no request uses."""

COMMANDS: dict[str, str] = {
    "demo": "a fixed request",
    "report": "the request of rebalance with other outputs",
    "etf": "reads a file, and poses no request",
    "cache": "poses no request",
    "fake-api": "poses no request",
    "snapshot": "poses no request",
    "estimate": "its matrix is used by the request that is estimated",
    "workbook": "a front end of its own",
    "excel": "installs",
    "calc": "installs",
    "backtest": "no other front end walks forward",
    "sweep": "no other front end walks forward",
}
"""Commands that are no column of the table."""

FUNCTIONS: dict[str, str] = {
    "BN_MATRIX": "shows a matrix; no other front end has handles",
    "BN_STATUS": "says where a result is from; the others say it in their own places",
    "BN_LAST_ERROR": "about the process",
    "BN_VERSION": "about the process",
}
"""Worksheet functions that no request uses."""
