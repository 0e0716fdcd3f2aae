"""The layout of the template workbook: its sheets, and the positions of their content.

The one source for the build, which writes by it, and the buttons, which read by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from betaneutral_xl.engine.orders import Tradable
from betaneutral_xl.engine.result import Method
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import Universe


class Sheet(StrEnum):
    """The sheets, in their order."""

    START = "Start"
    SETTINGS = "Settings"
    HOLDINGS = "Holdings"
    ETF = "ETF"
    COVARIANCE = "Covariance"
    NEUTRAL = "Neutral"
    ORDERS = "Orders"
    PROPOSAL = "Proposal"
    LOG = "Log"
    PREVIOUS = "Previous"
    XLWINGS = "xlwings.conf"
    INTELLISENSE = "_IntelliSense_"


FIRST_ROW = 6
"""First row of the tables on Holdings, ETF and Neutral; row of the handle on Covariance."""

LAST_ROW = 12_005
"""Last row of those tables that formulas read: the longest list of an ETF's constituents has 10,000."""

MATRIX_ROW = 9
"""First row of the matrix on Covariance."""

ETF_STRIDE = 5
"""Columns from one ETF's table to the next: four, and a blank one."""

MAX_ETFS = 3

EXPOSURE_COLUMN = 12
"""First column of the measures before and after on Neutral, to the right of the weights."""

OWN_PRICES = "own_prices"
"""The range of the user's own prices on Orders, two columns: ticker, price."""

OWN_ROWS = 100
"""Rows of that range below its header."""

OWN_COLUMN, ORDERS_COLUMN = 6, 9
"""First columns of the user's own prices and of the orders on Orders, to the right of the prices."""

LOG_ROW = 4
"""The header row of Log."""

LOG_COLUMNS = ("at", "action", "result", "beta before", "beta after", "turnover", "trades", "message")


class Inputs(StrEnum):
    """The origin of the three inputs of Rebalance."""

    FETCH = "fetch"
    SHEETS = "sheets"


DATE, NUMBER, MONEY = "yyyy-mm-dd", "0.00##", "#,##0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One named cell of the sheet Settings; its name in the workbook is ``setting_NAME``."""

    name: str
    label: str
    hint: str
    default: str | float | None = None
    choices: tuple[str, ...] = ()
    number_format: str = "General"

    @property
    def range_name(self) -> str:
        """The defined name of its cell."""
        return f"setting_{self.name}"


SETTINGS: dict[str, tuple[Setting, ...]] = {
    "Portfolio": (
        Setting(
            name="fund",
            label="Fund",
            hint="A fund of the web API, such as quant_paper; demo is the embedded sample.",
            default="demo",
        ),
        Setting(
            name="as_of",
            label="Holdings as of",
            hint="Date. Blank: the last weekday.",
            number_format=DATE,
        ),
        Setting(
            name="inputs",
            label="Inputs from",
            hint="fetch: holdings, ETFs and risk as set here. sheets: the content of their sheets.",
            default=Inputs.FETCH,
            choices=tuple(Inputs),
        ),
    ),
    "ETFs": (
        Setting(
            name="etf_1",
            label="ETF",
            hint="The issuer's file, with folder or in Downloads; or a ticker, for its newest file.",
            default="demo",
        ),
        Setting(name="etf_2", label="Second ETF", hint="Blank: none."),
        Setting(name="etf_3", label="Third ETF", hint="Blank: none."),
    ),
    "Risk and target": (
        Setting(
            name="risk",
            label="Risk model",
            hint="Blank: that of the web API. Or a covariance file; demo is the sample.",
            default="demo",
        ),
        Setting(
            name="target",
            label="Target beta",
            hint="A number; or a ticker of the risk model such as IWV, for its own beta.",
            default=0.0,
            number_format=NUMBER,
        ),
        Setting(
            name="method",
            label="Method",
            hint="hedge sells the ETF's basket; reweight trades the names at constant net exposure.",
            default=Method.HEDGE,
            choices=tuple(Method),
        ),
    ),
    "Orders": (
        Setting(
            name="nav",
            label="Net asset value",
            hint="Blank: that of the holdings.",
            number_format=MONEY,
        ),
        Setting(
            name="prices",
            label="Prices",
            hint="Price file (CSV, Parquet) for names without a price in the holdings; demo is the sample.",
            default="demo",
        ),
        Setting(
            name="min_notional",
            label="Smallest order",
            hint="Trades of a smaller value are omitted. Blank: 0.",
            number_format=MONEY,
        ),
        Setting(name="lot", label="Lot", hint="Shares in a lot. Blank: 1.", number_format=MONEY),
        Setting(
            name="trade",
            label="Trade",
            hint="names: the shares themselves. etfs: a hedge in shares of the ETFs, one order each; below "
            "90 % coverage only with etfs_any_coverage.",
            default=Tradable.NAMES,
            choices=tuple(Tradable),
        ),
    ),
}
"""The settings, by group, in the order of the sheet."""

LIMITS = "setting_limits"
"""The range of limits below them, three columns: name, for which, value; without a value not set."""

LIMIT_ROWS: tuple[Setting, ...] = (
    Setting(
        name="on_missing",
        label="",
        hint="Held names without risk data: stop, or leave them untraded.",
        default=OnMissing.ERROR,
        choices=(OnMissing.ERROR, OnMissing.DROP),
    ),
    Setting(
        name="etf_on_missing",
        label="",
        hint="ETF names without risk data: drop, drop and rescale the rest, or stop.",
        default=OnMissing.DROP,
        choices=tuple(OnMissing),
    ),
    Setting(
        name="universe",
        label="",
        hint="Which names reweighting may trade.",
        default=Universe.UNION,
        choices=tuple(Universe),
    ),
    Setting(name="long_only", label="", hint="Blank: shorts are allowed.", choices=("TRUE", "FALSE")),
    Setting(name="upper", label="", hint="Largest weight of any name, such as 5%; for which: one name."),
    Setting(name="turnover", label="", hint="Largest one-way turnover, such as 30%."),
    Setting(name="max_trades", label="", hint="Largest number of traded names."),
)
"""The limits that the sheet lists."""

FREE_LIMITS = 5
"""Blank rows below them, for further limits."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Positions on the sheets Proposal and Previous; rows and columns from 1."""

    headline: int = 2
    measures: int = 5
    sources: int = 5
    warnings: int = 13
    table: int = 29
    beside: int = 7


PROPOSAL = Proposal()
