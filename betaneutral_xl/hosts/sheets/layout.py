"""The template workbook's plan: which sheets there are, and where what stands.

The build writes by it and the buttons read by it, so that neither knows anything of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from betaneutral_xl.job.options import BY_NAME, SAMPLE, Kind, Section, of_section


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
"""The row in which the tables of Holdings, ETF and Neutral begin, and the handle of Covariance stands."""

LAST_ROW = 12_005
"""The last row that formulas look at in those tables: the longest list of an ETF's shares has 10,000."""

MATRIX_ROW = 9
"""The row in which the matrix of Covariance begins."""

ETF_STRIDE = 5
"""Columns from one ETF's table to the next: four, and a gap."""

MOST_ETFS = 3

EXPOSURE_COLUMN = 12
"""The column of Neutral in which the measures before and after begin; the weights end before it."""

OWN_PRICES = "own_prices"
"""The range of the user's own prices on Orders, two columns: ticker, price."""

OWN_ROWS = 100
"""How many of them there is room for."""

OWN_COLUMN, ORDERS_COLUMN = 6, 9
"""The columns of Orders in which the user's own prices begin, and the orders; the prices end before them."""

LOG_ROW = 4
"""The header of Log; entries follow."""

LOG_COLUMNS = ("at", "action", "result", "beta before", "beta after", "turnover", "trades", "message")


class Inputs(StrEnum):
    """Where Rebalance takes the three inputs from."""

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
    kind: Kind | None = None

    @property
    def range_name(self) -> str:
        """The name of its cell."""
        return f"setting_{self.name}"


_FORMATS = {Kind.DAY: DATE, Kind.TARGET: NUMBER, Kind.MONEY: MONEY, Kind.SHARES: MONEY, Kind.DAYS: MONEY}
"""Number formats of settings, by the kind of their values."""

_ANSWERS = ("TRUE", "FALSE")


def _setting(option: str, name: str = "", **changes: Any) -> Setting:
    """Return the cell of an option of the table, under a name of its own where it has one."""
    one = BY_NAME[option]
    setting = Setting(
        name=name or option,
        label=one.words,
        hint=one.sentence,
        default=one.default if one.choices or isinstance(one.default, float) else None,
        choices=_ANSWERS if one.kind is Kind.YES_NO else one.choices,
        number_format=_FORMATS.get(one.kind, "General"),
        kind=one.kind,
    )
    return replace(setting, **changes)


SETTINGS: dict[str, tuple[Setting, ...]] = {
    "Portfolio": (
        _setting(
            "fund",
            default=SAMPLE,
            hint="A fund of the web API, such as quant_paper; or a holdings file; demo is the sample.",
        ),
        _setting("as_of", hint="Day. Blank: the last weekday."),
        Setting(
            name="inputs",
            label="Inputs from",
            hint="fetch: holdings, ETFs and risk as set here. sheets: what stands on their sheets.",
            default=Inputs.FETCH,
            choices=tuple(Inputs),
        ),
    ),
    "ETFs": (
        _setting("etf", "etf_1", default=SAMPLE),
        _setting("etf", "etf_2", label="Second ETF", hint="Blank: none."),
        _setting("etf", "etf_3", label="Third ETF", hint="Blank: none."),
    ),
    "Risk and aim": (
        _setting("covariance", "risk", default=SAMPLE),
        _setting("prices", "risk_prices"),
        _setting("estimator"),
        _setting("window"),
        _setting("target"),
        _setting("method"),
    ),
    "Orders": (
        _setting("nav"),
        _setting("order_prices", "prices", default=SAMPLE),
        _setting("min_notional"),
        _setting("lot", default=None),
        _setting("trade"),
    ),
}
"""What can be set, by group, in the order of the sheet."""

LIMITS = "setting_limits"
"""The range of limits under them, three columns: name, for which, value; one without a value is none."""

LIMIT_ROWS: tuple[Setting, ...] = tuple(
    _setting(option.name, default=option.default if option.section is Section.AIM else None)
    for option in of_section(Section.AIM, Section.LIMITS, Section.LEGS)
    if option.name not in {"method", "target"}
)
"""The rows of the sheet that have an option's name; those without a value set nothing."""

FREE_LIMITS = 8
"""Blank rows under them, for limits of single names and groups."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where what stands on the sheets Proposal and Previous; rows and columns from 1."""

    headline: int = 2
    measures: int = 5
    sources: int = 5
    warnings: int = 13
    table: int = 29
    beside: int = 7


PROPOSAL = Proposal()
