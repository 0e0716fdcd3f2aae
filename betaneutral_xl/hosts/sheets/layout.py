"""The layout of the template workbook: its sheets, and the positions of their content.

The one source for the build, which writes by it, and the buttons, which read by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from betaneutral_xl.job.options import BY_NAME, SAMPLE, Kind, Option, Section, of_section


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
    TODAY = "Today"
    MANDATE = "Mandate"
    LOG = "Log"
    PREVIOUS = "Previous"
    XLWINGS = "xlwings.conf"
    INTELLISENSE = "_IntelliSense_"


ADD_IN = "betaneutral.xlam"
"""The file of Excel's add-in, by which a workbook's formulas name it."""

FIRST_ROW = 6
"""First row of the tables on Holdings, ETF and Neutral; row of the handle on Covariance."""

LAST_ROW = 12_005
"""Last row of those tables that formulas read: the longest list of an ETF's constituents has 10,000."""

MATRIX_ROW = 9
"""First row of the matrix on Covariance."""

ETF_STRIDE = 5
"""Columns from one ETF's table to the next: four, and a blank one."""

MAX_ETFS = 3

WEIGHTS_COLUMN = 20
"""First column of the weights on Neutral, to the right of the measures and the charts."""

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
    kind: Kind | None = None
    per: str = ""

    @property
    def range_name(self) -> str:
        """The defined name of its cell."""
        return f"setting_{self.name}"


_FORMATS = {Kind.DAY: DATE, Kind.TARGET: NUMBER, Kind.MONEY: MONEY, Kind.DAYS: MONEY}
"""Number formats of settings, by the kind of their values."""

YES_NO = ("yes", "no")


def in_words(name: str) -> str:
    """Return a choice or an option in words; ``option_name`` returns its identifier again.

    >>> in_words("fewest_trades"), in_words("etf_on_missing")
    ('fewest trades', 'ETF on missing')
    """
    return " ".join("ETF" if part == "etf" else part for part in name.split("_"))


def _setting(option: str, name: str = "", **changes: Any) -> Setting:
    """Return the cell of an option of the table, under a name of its own where it has one."""
    one = BY_NAME[option]
    default = one.default if one.choices or isinstance(one.default, float) else None
    if isinstance(default, str):
        default = in_words(default)
    unset = f" Blank: {one.default}." if default is None and one.default is not None else ""
    setting = Setting(
        name=name or option,
        label=one.words,
        hint=one.sentence + unset,
        default=default,
        choices=YES_NO if one.kind is Kind.YES_NO else tuple(map(in_words, one.choices)),
        number_format=_FORMATS.get(one.kind, "General"),
        kind=one.kind,
        per=one.per,
    )
    return replace(setting, **changes)


SETTINGS: dict[str, tuple[Setting, ...]] = {
    "Portfolio": (
        _setting(
            "fund",
            default=SAMPLE,
            hint="A fund of the web API, such as quant_paper; or a holdings file; demo is the sample.",
        ),
        _setting("as_of"),
        Setting(
            name="inputs",
            label="Inputs from",
            hint="fetch: holdings, ETFs and risk as set here. sheets: the content of their sheets.",
            default=Inputs.FETCH,
            choices=tuple(Inputs),
        ),
    ),
    "ETFs": (
        _setting("etf", "etf_1", default=SAMPLE),
        _setting("etf", "etf_2", label="Second ETF", hint="Blank: none."),
        _setting("etf", "etf_3", label="Third ETF", hint="Blank: none."),
    ),
    "Risk and target": (
        _setting("covariance", "risk", default=SAMPLE),
        _setting("prices", "risk_prices"),
        _setting("estimator"),
        _setting("window"),
        _setting("target"),
        _setting("method"),
    ),
    "Orders": (
        _setting("order_nav", "nav"),
        _setting("order_prices", "prices", default=SAMPLE),
        _setting("min_notional"),
        _setting("lot", default=None),
        _setting("trade"),
    ),
}
"""The settings, by group, in the order of the sheet."""

LIMITS = "setting_limits"
"""The range of limits below them, three columns: name, for which, value; without a value not set."""


def _limit(option: Option) -> Setting:
    """Return the row of a limit, whose label is its name in words."""
    words = in_words(option.name)
    setting = _setting(option.name, label=words[0].upper() + words[1:])
    return setting if option.section is Section.AIM else replace(setting, default=None)


LIMIT_GROUPS: dict[str, tuple[Setting, ...]] = {
    title: tuple(_limit(one) for one in of_section(section) if one.name not in {"method", "target"})
    for title, section in (
        ("Of the new weights (not for hedge and scaled)", Section.LIMITS),
        ("Of the hedge ratios (only for hedge)", Section.LEGS),
        ("Other", Section.AIM),
    )
}
"""The rows of the limits by group; those without a value set nothing."""

LIMIT_ROWS: tuple[Setting, ...] = tuple(row for rows in LIMIT_GROUPS.values() for row in rows)
"""All rows of the limits, in the order of the sheet."""

FREE_LIMITS = 8
"""Blank rows under them, for limits of single names and groups."""


SETTINGS_TOP = 3
"""Row of the first heading on Settings, from 0."""

LIMITS_TOP = SETTINGS_TOP + sum(len(group) + 2 for group in SETTINGS.values()) + 2
"""Row of the first heading of the limits on Settings, from 1."""

LIMITS_BOTTOM = LIMITS_TOP + len(LIMIT_GROUPS) + len(LIMIT_ROWS) + FREE_LIMITS
"""Row of the last of them."""


# ---------------------------------------------------------------- the sheet Mandate

MANDATE_USED = "mandate_used"
"""The cell that says whether the rules of the sheet Mandate are in use."""

MANDATE_RULES = "mandate_rules"
"""The range of the rules, three columns as that of the limits; without a value a rule is not set."""

CONSTRAINTS = "constraints_in_force"
"""The range that formulas read: the limits of Settings, and below them the rules in use."""

RULE = "mandate: "
"""What the name of a rule has before it among constraints."""

MANDATE_TOP = 7
"""Row of the first rule's heading, from 1; above it stands the header."""

_OWN_RULES = (
    Setting(
        name="name",
        label="Name",
        hint="What the mandate is called. Accepted proposals and the daily record are kept under it.",
    ),
    Setting(
        name="benchmark",
        label="Benchmark",
        hint="A ticker of the risk model such as IWV: tracking error and beta are measured against it, too.",
    ),
    Setting(
        name="hard_to_borrow",
        label="Hard to borrow",
        hint="Names that may not be sold short: tickers with commas between them.",
        kind=Kind.TICKERS,
    ),
)


def _rule(option: Option) -> Setting:
    """Return the row of a rule: the cell of its option, of which none is set."""
    words = in_words(option.name)
    return replace(_setting(option.name), label=words[0].upper() + words[1:], default=None, per=option.per)


def _rules(*names: str) -> tuple[Setting, ...]:
    return tuple(_rule(BY_NAME[name]) for name in names)


RULE_GROUPS: dict[str, tuple[Setting, ...]] = {
    "The mandate": _OWN_RULES,
    "Method and target": tuple(_rule(one) for one in of_section(Section.AIM) if one.name != "mandate"),
    "Limits on the new weights": tuple(map(_rule, of_section(Section.LIMITS))),
    "Limits on the hedge ratios": tuple(map(_rule, of_section(Section.LEGS))),
    "Orders": _rules("min_notional", "lot", "keep_cash", "participation", "trade"),
    "What the inputs have to be (they are set on the sheet Settings)": (
        *_rules("fund"),
        replace(_rules("etf")[0], hint="The ETFs, several with semicolons between them: JHAI; BAI."),
        *_rules("covariance", "prices", "estimator"),
    ),
}
"""The rules of the sheet Mandate by group."""

RULE_ROWS: tuple[Setting, ...] = tuple(row for rows in RULE_GROUPS.values() for row in rows)
"""All rules, in the order of the sheet."""

FREE_RULES = 8
"""Blank rows under them, for limits of single names and groups."""

MANDATE_BOTTOM = MANDATE_TOP + len(RULE_GROUPS) + len(RULE_ROWS) + FREE_RULES
"""Row of the last of them, from 1."""


# ---------------------------------------------------------------- the sheet Today

FILLS = "today_fills"
"""The cell of the file of trades on Today."""


@dataclass(frozen=True, slots=True)
class TodayLayout:
    """Positions on the sheet Today; rows and columns from 1."""

    fills: int = 3  # the cell of the trades' file, above all that the button writes
    headline: int = 5
    about: int = 6
    table: int = 8  # the header of the lines: label, value, remark, kind
    columns: int = 4  # theirs
    history: int = 44  # the header of the history, below the charts
    left: int = 6  # its first column
    days: int = 60  # those of it that are shown and drawn


TODAY = TodayLayout()

HISTORY_COLUMNS = (
    "Day",
    "Beta",
    "Lowest",
    "Highest",
    "Target",
    "Accepted",
    "Verdict",
    "Prices",
    "Trades and flows",
    "The ETF itself",
    "Risk model",
)
"""The columns of the history on Today; the last four are what moved the beta since it was accepted."""


# ---------------------------------------------------------------- the sheet Proposal


@dataclass(frozen=True, slots=True)
class Proposal:
    """Positions on the sheets Proposal and Previous; rows and columns from 1."""

    headline: int = 2
    verdict: int = 3
    sources: int = 4
    warned: int = 5  # the first of two lines of warnings
    measures: int = 7  # a header; the measures fill the rows up to the next
    table: int = 16  # a header
    further: int = 7  # the column of the measures for which these rows are too few
    notes: int = 17  # the column of all notes and warnings, right of the widest table


PROPOSAL = Proposal()

PROPOSAL_COLUMNS: tuple[tuple[str, str], ...] = (
    ("ticker", "Ticker"),
    ("side", "Side"),
    ("trade", "Trade"),
    ("new_weight", "New weight"),
    ("weight", "Weight"),
    ("trade_value", "Trade value"),
    ("price", "Price"),
    ("shares", "Shares"),
    ("etf_weight", "ETF weight"),
    ("predicted_beta", "Predicted beta"),
    ("groups", "Groups"),
)
"""The columns of the proposal's table and their headings: the fixed ones, two for each ETF, and the last
where groups of names are known."""

FIXED_COLUMNS = 8
"""The number of those columns before the ones of the ETFs."""
