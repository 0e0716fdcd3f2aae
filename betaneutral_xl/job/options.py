"""One table of options: what can be requested, in every front end.

From ``OPTIONS`` come the arguments of the command line, the sheet Settings with its lists of choices, the
names of the worksheet functions' constraints, the keys of a TOML file and of a snapshot, the keywords of
Python, and the page docs/options.md. ``request.Request`` reads their values.

To add an option, add an entry; a limit also needs its field in ``model.constraints``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.engine.estimators import DEFAULT, ESTIMATORS, WINDOW
from betaneutral_xl.engine.orders import PARTICIPATION, Tradable
from betaneutral_xl.engine.result import Method
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import RISK_AVERSION, Universe
from betaneutral_xl.model.covariance_units import CovarianceUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE = "demo"
"""The name of the embedded sample, wherever a fund, an ETF, or a file of risk or prices is named."""


class Host(StrEnum):
    """Where an option can be given."""

    COMMAND_LINE = "command line"
    TOML = "TOML file"
    FUNCTION = "worksheet function"
    SETTINGS = "sheet Settings"
    PYTHON = "Python"


class Kind(StrEnum):
    """What the value of an option is; the text is that of ``--help``."""

    FILE = "FILE"
    NAME = "NAME"
    DAY = "DATE"
    DAYS = "DAYS"
    MONEY = "VALUE"
    SHARES = "SHARES"
    RATE = "EUR=1.16"
    TARGET = "BETA"
    SHARE = "WEIGHT"
    RANGE = "RANGE"
    NUMBER = "NUMBER"
    BASIS_POINTS = "BP"
    COUNT = "COUNT"
    TICKER = "TICKER"
    TICKERS = "TICKER,..."
    CHOICE = "CHOICE"
    YES_NO = "yes or no"


class Section(StrEnum):
    """What an option is about; the order is that of ``--help`` and of docs/options.md."""

    PORTFOLIO = "the portfolio"
    ETFS = "the ETFs"
    RISK = "the risk model"
    NETWORK = "the network"
    AIM = "method and target"
    LIMITS = "limits on the new weights (not for hedge and scaled)"
    LEGS = "limits on the hedge ratios (only for hedge)"
    ORDERS = "orders in shares"


REQUESTED = frozenset({Section.AIM, Section.LIMITS, Section.LEGS})
"""Sections of what is required of the answer. Their options have one name in every host: an option of the
command line, a key of a TOML file, of a snapshot and of Python's ``constraints``, a row of constraints in a
worksheet and of the limits on the sheet Settings."""

METHODS: Mapping[Section, tuple[Method, ...]] = MappingProxyType(
    {
        Section.LIMITS: (Method.REWEIGHT, Method.LEAST_SQUARES, Method.FEWEST_TRADES),
        Section.LEGS: (Method.HEDGE,),
    }
)
"""The methods that the options of a section have an effect on; all for the other sections."""

CLI, TOML, FUNCTION, SETTINGS, PYTHON = Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option.

    Attributes
    ----------
    name
        Its identifier.
    section, kind
        What it is about, and what its value is.
    help
        What it does, as a phrase without capital and full stop.
    label
        As the sheet Settings calls it; the name in words where it is empty.
    default
        What holds without it: a value, or words.
    choices
        The values it can have, where they are few.
    per
        What it can be given for one by one, such as ``TICKER``; empty where it has one value.
    named
        Whether every value is of something named, so that there is none for all.
    several
        Whether it takes a list.
    places
        How a host spells it, where that is not its name.
    absent
        Why a host does not have it.

    """

    name: str
    section: Section
    kind: Kind
    help: str
    label: str = ""
    default: str | float | None = None
    choices: tuple[str, ...] = ()
    per: str = ""
    named: bool = False
    several: bool = False
    places: Mapping[Host, str] = field(default_factory=dict)
    absent: Mapping[Host, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Its name as a sheet shows it."""
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def sentence(self) -> str:
        """Its help as a sentence."""
        return f"{self.help[0].upper()}{self.help[1:]}."

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods it has an effect on."""
        return METHODS.get(self.section, tuple(Method))

    @property
    def flag(self) -> str:
        """The option of the command line, such as ``--long-only``."""
        return self.places.get(CLI, f"--{self.name.replace('_', '-')}")

    @property
    def destination(self) -> str:
        """The attribute of the parsed command line."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def metavar(self) -> str:
        """The value as ``--help`` shows it."""
        if not self.per:
            return self.kind.value
        return f"{self.per}={self.kind}" if self.named else f"[{self.per}=]{self.kind}"

    def spelled(self, host: Host) -> str:
        """Return how a host spells it; empty where the host does not have it."""
        if host in self.absent:
            return ""
        if host is CLI:
            return self.flag
        return self.places.get(host, self.name if self.section in REQUESTED else "")


# Why a host does not have an option.
_NOT_REQUIRED = {TOML: "holds what is required of the answer, not where its inputs are"}
_FILES_ONLY = {
    FUNCTION: "a range of cells has one account, in one currency",
    SETTINGS: "a range of cells has one account, in one currency",
}
_FETCHED = {
    FUNCTION: "a recalculation uses the cache; FETCH_HOLDINGS(refresh) fetches again",
    SETTINGS: "the button Refresh fetches again",
}
_CASH_ROW = {
    FUNCTION: "a row CASH of the holdings states it",
    SETTINGS: "a row CASH of the holdings states it",
}
_GROUPS_ON_SHEET = {
    FUNCTION: "a column sector of the holdings has them",
    SETTINGS: "a column sector of the holdings has them",
}
_LIMIT_ON_NET = {
    FUNCTION: "a limit net of the weights keeps cash",
    SETTINGS: "a limit net of the weights keeps cash",
}
_NO_VOLUMES = {
    FUNCTION: "BN_PRICES has prices alone; the sheet Today has the days to trade",
    SETTINGS: "a rule of the sheet Mandate",
}
_IN_SETTINGS = {PYTHON: "a field of Settings, which every function takes"}

OPTIONS: tuple[Option, ...] = (
    # ---------------------------------------------------------------- the portfolio
    Option(
        name="holdings",
        section=Section.PORTFOLIO,
        kind=Kind.FILE,
        help="the API's JSON, or a table: ticker with shares and price, or with weight; "
        "FILE.xlsx#Sheet where several sheets have one",
        places={FUNCTION: "argument holdings", SETTINGS: "the sheet Holdings", PYTHON: "argument holdings"},
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="account",
        section=Section.PORTFOLIO,
        kind=Kind.NAME,
        help="which account of the holdings file, or all to add them",
        places={PYTHON: "argument account of load_holdings"},
        absent=_NOT_REQUIRED | _FILES_ONLY,
    ),
    Option(
        name="fx",
        section=Section.PORTFOLIO,
        kind=Kind.RATE,
        several=True,
        help="base currency per unit of a currency, for holdings files with several currencies and no rates",
        places={PYTHON: "argument fx of load_holdings"},
        absent=_NOT_REQUIRED | _FILES_ONLY,
    ),
    Option(
        name="fund",
        section=Section.PORTFOLIO,
        kind=Kind.NAME,
        help=f"a fund of the Silver Fund's web API, such as quant_paper; ibkr:QUERYID for a Flex query of "
        f"Interactive Brokers; {SAMPLE} is the embedded sample",
        default=SAMPLE,
        places={FUNCTION: "FETCH_HOLDINGS(fund)", SETTINGS: "Fund", PYTHON: "fetch_holdings(fund)"},
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="as_of",
        section=Section.PORTFOLIO,
        kind=Kind.DAY,
        label="Holdings as of",
        help="the day of the fund's holdings, such as 2025-11-18; of a holdings file, which of its days",
        default="the last weekday",
        places={
            CLI: "--date",
            FUNCTION: "FETCH_HOLDINGS(as_of)",
            SETTINGS: "Holdings as of",
            PYTHON: "fetch_holdings(as_of)",
        },
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="nav",
        section=Section.PORTFOLIO,
        kind=Kind.MONEY,
        help="net asset value, where the portfolio does not state it: what is in no position is cash",
        default="as the portfolio states it",
        places={PYTHON: "load_holdings(nav); Holdings.from_positions(nav)"},
        absent=_NOT_REQUIRED | _CASH_ROW,
    ),
    Option(
        name="groups_file",
        section=Section.PORTFOLIO,
        kind=Kind.FILE,
        help="a table of ticker and sector (country, or any other group) for limits of groups; without it, "
        "the sectors and countries of the holdings file",
        places={PYTHON: "argument groups of load_holdings"},
        absent=_NOT_REQUIRED | _GROUPS_ON_SHEET,
    ),
    # ---------------------------------------------------------------- the ETFs
    Option(
        name="etf",
        section=Section.ETFS,
        kind=Kind.FILE,
        several=True,
        label="ETF",
        help="the issuer's holdings file as downloaded; or a ticker, for its newest download; "
        f"{SAMPLE} is the sample",
        places={
            FUNCTION: "LOAD_ETF(source); argument etf",
            SETTINGS: "ETF, Second ETF, Third ETF",
            PYTHON: "load_etf(source); argument etf",
        },
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="etf_fund",
        section=Section.ETFS,
        kind=Kind.NAME,
        help="which fund, where an ETF's file has several",
        places={FUNCTION: "LOAD_ETF(fund)", PYTHON: "load_etf(fund)"},
        absent=_NOT_REQUIRED | {SETTINGS: "a ticker as ETF chooses its fund"},
    ),
    Option(
        name="tickers",
        section=Section.ETFS,
        kind=Kind.FILE,
        help="a table of ISIN (or CUSIP, SEDOL, FIGI) and ticker, for files of ETFs and of holdings that "
        "print no tickers",
        places={
            FUNCTION: "LOAD_ETF(tickers)",
            PYTHON: "argument tickers of load_etf and load_holdings",
        },
        absent=_NOT_REQUIRED | {SETTINGS: "LOAD_ETF takes it, and Inputs from sheets uses the result"},
    ),
    # ---------------------------------------------------------------- the risk model
    Option(
        name="covariance",
        section=Section.RISK,
        kind=Kind.FILE,
        label="Risk model",
        help="a covariance file; or a factor model, a folder or ZIP of exposures, factor_covariance and "
        f"specific_risk (CSV or Parquet); {SAMPLE} is the sample",
        default="the API's own risk model",
        places={
            FUNCTION: "COVARIANCE(method); argument covariance",
            SETTINGS: "Risk model",
            PYTHON: "covariance(file); argument cov",
        },
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="covariance_unit",
        section=Section.RISK,
        kind=Kind.CHOICE,
        help="the unit of the covariance: annual decimals unless stated, which is checked",
        choices=tuple(CovarianceUnit),
        places={FUNCTION: "COVARIANCE(options): unit=...", PYTHON: "covariance(unit)"},
        absent=_NOT_REQUIRED | {SETTINGS: "COVARIANCE takes it beside a matrix on a sheet"},
    ),
    Option(
        name="prices",
        section=Section.RISK,
        kind=Kind.FILE,
        label="Prices for the risk model",
        help="estimate the risk model from a file of daily prices, up to the day of the holdings",
        places={
            FUNCTION: "COVARIANCE(tickers_or_data); options: prices=FILE",
            SETTINGS: "Prices for the risk model",
            PYTHON: "covariance(prices)",
        },
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="estimator",
        section=Section.RISK,
        kind=Kind.NAME,
        help="how the risk model is estimated from prices",
        default=DEFAULT,
        choices=tuple(ESTIMATORS),
        places={FUNCTION: "COVARIANCE(method)", SETTINGS: "Estimator", PYTHON: "covariance(estimator)"},
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="window",
        section=Section.RISK,
        kind=Kind.DAYS,
        label="Days of returns",
        help="most days of returns that the estimator uses",
        default=float(WINDOW),
        places={
            FUNCTION: "COVARIANCE(options): window=...",
            SETTINGS: "Days of returns",
            PYTHON: "covariance(window)",
        },
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="drift_prices",
        section=Section.RISK,
        kind=Kind.FILE,
        help="a file of daily prices to measure the drift of betas with, for a risk model without the "
        "returns behind it",
        places={FUNCTION: "COVARIANCE(options): drift_prices=FILE", PYTHON: "covariance(drift_prices)"},
        absent=_NOT_REQUIRED | {SETTINGS: "COVARIANCE takes it on the sheet Covariance"},
    ),
    # ---------------------------------------------------------------- the network
    Option(
        name="refresh",
        section=Section.NETWORK,
        kind=Kind.YES_NO,
        help="fetch again what the cache has",
        places={},
        absent=_NOT_REQUIRED | _FETCHED | _IN_SETTINGS,
    ),
    Option(
        name="allow_stale",
        section=Section.NETWORK,
        kind=Kind.YES_NO,
        help="use an expired answer of the cache, with its age, if the network is down",
        places={},
        absent=_NOT_REQUIRED
        | _IN_SETTINGS
        | {
            FUNCTION: "the environment variable BETANEUTRAL_ALLOW_STALE",
            SETTINGS: "the environment variable BETANEUTRAL_ALLOW_STALE",
        },
    ),
    # ---------------------------------------------------------------- method and target
    Option(
        name="mandate",
        section=Section.AIM,
        kind=Kind.FILE,
        help="a fund's standing rules: what is not given here is as they say, and what departs from them is "
        "reported; a TOML file, or a table as FILE.xlsx#Sheet (docs/daily.md)",
        places={PYTHON: "argument mandate"},
    ),
    Option(
        name="tolerance",
        section=Section.AIM,
        kind=Kind.TARGET,
        label="Tolerance of beta",
        help="how far from its target the beta may be before it is worth trading, such as 0.05",
    ),
    Option(
        name="method",
        section=Section.AIM,
        kind=Kind.CHOICE,
        help="hedge sells the ETF's basket; reweight, least_squares and fewest_trades trade the names and "
        "keep the net exposure; scaled multiplies weights by betas",
        default=Method.HEDGE,
        choices=tuple(Method),
        places={FUNCTION: "argument method", SETTINGS: "Method", PYTHON: "argument method"},
    ),
    Option(
        name="target",
        section=Section.AIM,
        kind=Kind.TARGET,
        label="Target beta",
        help="the beta to reach: a number such as 0.5 or 50%, a ticker of the risk model such as IWV for "
        "its own beta, or ETF=BETA for each of several",
        default=0.0,
        per="ETF",
        places={FUNCTION: "argument target_beta", SETTINGS: "Target beta", PYTHON: "argument target"},
    ),
    Option(
        name="objective",
        section=Section.AIM,
        kind=Kind.CHOICE,
        help="what reweight minimises: stable weighs past forecast errors of the portfolio's beta beside the "
        "tracking error, where the risk model has them; tracking_error is the least",
        default=Objective.STABLE,
        choices=tuple(Objective),
    ),
    Option(
        name="market",
        section=Section.AIM,
        kind=Kind.NAME,
        help="the market to hedge besides the ETFs: a ticker of the risk model or of its prices, such as "
        "IWV, or a fund's holdings file",
        places={PYTHON: "argument market"},
    ),
    Option(
        name="market_share",
        section=Section.AIM,
        kind=Kind.SHARE,
        help="how much of the market's leg is sold, from 0 for the ETF alone to 1 for no beta to either, "
        "which it is unless stated; for the methods that reweight, how far the market beta moves to zero",
        places={PYTHON: "argument market_share"},
    ),
    Option(
        name="on_missing",
        section=Section.AIM,
        kind=Kind.CHOICE,
        help="held names without risk data: stop, or leave them alone",
        default=OnMissing.ERROR,
        choices=(OnMissing.ERROR, OnMissing.DROP),
    ),
    Option(
        name="etf_on_missing",
        section=Section.AIM,
        kind=Kind.CHOICE,
        help="ETF names without risk data: drop, drop and rescale the rest, or stop",
        default=OnMissing.DROP,
        choices=(OnMissing.DROP, OnMissing.RESCALE, OnMissing.ERROR),
    ),
    # ---------------------------------------------------------------- limits
    Option(
        name="long_only",
        section=Section.LIMITS,
        kind=Kind.YES_NO,
        help="no weight below zero",
    ),
    Option(
        name="lower",
        section=Section.LIMITS,
        kind=Kind.SHARE,
        help="smallest weight of every name, or of one",
        per="TICKER",
    ),
    Option(
        name="upper",
        section=Section.LIMITS,
        kind=Kind.SHARE,
        help="largest weight of every name, or of one, such as 5%",
        per="TICKER",
    ),
    Option(
        name="upper_outside_etf",
        section=Section.LIMITS,
        kind=Kind.SHARE,
        help="largest weight of any name that is in none of the ETFs",
    ),
    Option(
        name="frozen",
        section=Section.LIMITS,
        kind=Kind.TICKERS,
        several=True,
        help="names that are not traded",
    ),
    Option(
        name="universe",
        section=Section.LIMITS,
        kind=Kind.CHOICE,
        help="which names may be traded",
        default=Universe.UNION,
        choices=tuple(Universe),
    ),
    Option(
        name="net",
        section=Section.LIMITS,
        kind=Kind.RANGE,
        help="sum of the weights",
        default="as it is",
    ),
    Option(
        name="beta",
        section=Section.LIMITS,
        kind=Kind.RANGE,
        help="the beta to every ETF, or to one, within a range instead of on a target",
        per="ETF",
    ),
    Option(
        name="turnover",
        section=Section.LIMITS,
        kind=Kind.SHARE,
        help="largest one-way turnover, sum of absolute trades / 2, such as 30%",
    ),
    Option(
        name="gross",
        section=Section.LIMITS,
        kind=Kind.SHARE,
        help="largest gross exposure, sum of absolute weights",
    ),
    Option(
        name="groups",
        section=Section.LIMITS,
        kind=Kind.TICKERS,
        help="tickers of a group, such as a sector",
        per="NAME",
        named=True,
        places={CLI: "--group"},
    ),
    Option(
        name="group_limits",
        section=Section.LIMITS,
        kind=Kind.RANGE,
        help="sum of the weights of a group",
        per="NAME",
        named=True,
        places={CLI: "--group-limit"},
    ),
    Option(
        name="group_upper",
        section=Section.LIMITS,
        kind=Kind.SHARE,
        help="largest weight of any name of a group",
        per="NAME",
        named=True,
    ),
    Option(
        name="cost_bp",
        section=Section.LIMITS,
        kind=Kind.BASIS_POINTS,
        help="cost of a trade, weighed against tracking error",
        default=0.0,
    ),
    Option(
        name="risk_aversion",
        section=Section.LIMITS,
        kind=Kind.NUMBER,
        help="price of tracking variance against the cost",
        default=RISK_AVERSION,
    ),
    Option(
        name="max_trades",
        section=Section.LIMITS,
        kind=Kind.COUNT,
        help="largest number of names that are traded",
    ),
    Option(
        name="min_trade",
        section=Section.LIMITS,
        kind=Kind.SHARE,
        help="smallest trade, if there is one",
    ),
    # ---------------------------------------------------------------- hedge ratios
    Option(
        name="ridge",
        section=Section.LEGS,
        kind=Kind.NUMBER,
        help="shrink the hedge ratios of ETFs that are near copies of each other; 0.01 to 0.1 are usual",
    ),
    Option(
        name="leg_limit",
        section=Section.LEGS,
        kind=Kind.SHARE,
        help="most of any ETF that is sold or bought, in net asset value",
    ),
    Option(
        name="sell_only",
        section=Section.LEGS,
        kind=Kind.YES_NO,
        help="buy no ETF",
    ),
    # ---------------------------------------------------------------- orders
    Option(
        name="order_prices",
        section=Section.ORDERS,
        kind=Kind.FILE,
        label="Prices",
        help="a file of daily prices for names that the holdings do not price: the last close up to the day; "
        f"{SAMPLE} is the sample",
        places={FUNCTION: "BN_PRICES(prices)", SETTINGS: "Prices", PYTHON: "Quotes.last_closes"},
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="order_nav",
        section=Section.ORDERS,
        kind=Kind.MONEY,
        label="Net asset value",
        help="net asset value that the orders are sized for",
        default="that of the holdings",
        places={FUNCTION: "BN_ORDERS(nav)", SETTINGS: "Net asset value", PYTHON: "OrderTerms(nav)"},
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="min_notional",
        section=Section.ORDERS,
        kind=Kind.MONEY,
        label="Smallest order",
        help="leave out trades of less value",
        places={
            FUNCTION: "BN_ORDERS(min_notional)",
            SETTINGS: "Smallest order",
            PYTHON: "OrderTerms(min_notional)",
        },
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="lot",
        section=Section.ORDERS,
        kind=Kind.SHARES,
        help="shares in a lot; fractional, or a fraction such as 0.001, for orders in fractions of a share",
        default=1.0,
        places={FUNCTION: "BN_ORDERS(lot)", SETTINGS: "Lot", PYTHON: "OrderTerms(lot)"},
        absent=_NOT_REQUIRED,
    ),
    Option(
        name="keep_cash",
        section=Section.ORDERS,
        kind=Kind.SHARE,
        help="least cash after the orders, of net asset value, such as 2%: purchases are rounded down for it",
        places={PYTHON: "OrderTerms(keep_cash)"},
        absent=_NOT_REQUIRED | _LIMIT_ON_NET,
    ),
    Option(
        name="participation",
        section=Section.ORDERS,
        kind=Kind.SHARE,
        help="share of a day's volume that may be traded, for the days that each order takes where the price "
        "file has volumes",
        default=PARTICIPATION,
        places={PYTHON: "OrderTerms(participation)"},
        absent=_NOT_REQUIRED | _NO_VOLUMES,
    ),
    Option(
        name="trade",
        section=Section.ORDERS,
        kind=Kind.CHOICE,
        help="names: the shares themselves; etfs: a hedge in shares of the ETFs, from 90 % coverage on; "
        "etfs_any_coverage: whatever the coverage",
        default=Tradable.NAMES,
        choices=tuple(Tradable),
        places={FUNCTION: "BN_ORDERS(trade)", SETTINGS: "Trade", PYTHON: "OrderTerms(trade)"},
        absent=_NOT_REQUIRED,
    ),
)
"""Every option, by section in the order in which front ends show them."""

BY_NAME: Mapping[str, Option] = MappingProxyType({one.name: one for one in OPTIONS})


def of_section(*sections: Section) -> tuple[Option, ...]:
    """Return the options of some sections, in their order."""
    return tuple(one for one in OPTIONS if one.section in sections)


def is_sample(name: str) -> bool:
    """Whether a fund, an ETF or a file is the name of the embedded sample."""
    return name.strip().lower() == SAMPLE
