"""One table of options: what can be requested, in every front end.

From ``OPTIONS`` come the arguments of the command line, the sheet Settings with its lists of choices, the
names of the worksheet functions' constraints, the keys of a TOML file and of a snapshot, the keywords of
Python, and the page docs/options.md. ``request.Request`` reads their values.

To add an option, add an entry; a limit also needs its field in ``model.constraints``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from functools import partial
from types import MappingProxyType

from betaneutral_xl.engine import estimators
from betaneutral_xl.engine.order_terms import PARTICIPATION, Tradable
from betaneutral_xl.engine.result import Method
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import RISK_AVERSION, Universe
from betaneutral_xl.model.covariance_units import CovarianceUnit

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


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes
    ----------
    name
        Its identifier.
    kind
        What its value is.
    help
        What it does, as a phrase without capital and full stop.
    section
        What it is about.
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
    kind: Kind
    help: str
    _: KW_ONLY
    section: Section
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
_FILES_ONLY = dict.fromkeys((FUNCTION, SETTINGS), "a range of cells has one account, in one currency")
_FETCHED = {
    FUNCTION: "a recalculation uses the cache; FETCH_HOLDINGS(refresh) fetches again",
    SETTINGS: "the button Refresh fetches again",
}
_CASH_ROW = dict.fromkeys((FUNCTION, SETTINGS), "a row CASH of the holdings states it")
_GROUPS_ON_SHEET = dict.fromkeys((FUNCTION, SETTINGS), "a column sector of the holdings has them")
_LIMIT_ON_NET = dict.fromkeys((FUNCTION, SETTINGS), "a limit net of the weights keeps cash")
_NO_VOLUMES = {
    FUNCTION: "BN_PRICES has prices alone; the sheet Today has the days to trade",
    SETTINGS: "a rule of the sheet Mandate",
}
_IN_SETTINGS = {PYTHON: "a field of Settings, which every function takes"}

_portfolio, _etfs, _risk, _network, _order = (
    partial(Option, section=one, absent=_NOT_REQUIRED)
    for one in (Section.PORTFOLIO, Section.ETFS, Section.RISK, Section.NETWORK, Section.ORDERS)
)
_aim, _limit, _leg = (partial(Option, section=one) for one in (Section.AIM, Section.LIMITS, Section.LEGS))

OPTIONS: tuple[Option, ...] = (
    _portfolio(
        "holdings",
        Kind.FILE,
        "the API's JSON, or a table: ticker with shares and price, or with weight; "
        "FILE.xlsx#Sheet where several sheets have one",
        places={FUNCTION: "argument holdings", SETTINGS: "the sheet Holdings", PYTHON: "argument holdings"},
    ),
    _portfolio(
        "account",
        Kind.NAME,
        "which account of the holdings file, or all to add them",
        places={PYTHON: "argument account of load_holdings"},
        absent=_NOT_REQUIRED | _FILES_ONLY,
    ),
    _portfolio(
        "fx",
        Kind.RATE,
        "base currency per unit of a currency, for holdings files with several currencies and no rates",
        several=True,
        places={PYTHON: "argument fx of load_holdings"},
        absent=_NOT_REQUIRED | _FILES_ONLY,
    ),
    _portfolio(
        "fund",
        Kind.NAME,
        f"a fund of the Silver Fund's web API, such as quant_paper; ibkr:QUERYID for a Flex query of "
        f"Interactive Brokers; {SAMPLE} is the embedded sample",
        default=SAMPLE,
        places={FUNCTION: "FETCH_HOLDINGS(fund)", SETTINGS: "Fund", PYTHON: "fetch_holdings(fund)"},
    ),
    _portfolio(
        "as_of",
        Kind.DAY,
        "the day of the fund's holdings, such as 2025-11-18; of a holdings file, which of its days",
        label="Holdings as of",
        default="the last weekday",
        places={
            CLI: "--date",
            FUNCTION: "FETCH_HOLDINGS(as_of)",
            SETTINGS: "Holdings as of",
            PYTHON: "fetch_holdings(as_of)",
        },
    ),
    _portfolio(
        "nav",
        Kind.MONEY,
        "net asset value, where the portfolio does not state it: what is in no position is cash",
        default="as the portfolio states it",
        places={PYTHON: "load_holdings(nav); Holdings.from_positions(nav)"},
        absent=_NOT_REQUIRED | _CASH_ROW,
    ),
    _portfolio(
        "groups_file",
        Kind.FILE,
        "a table of ticker and sector (country, or any other group) for limits of groups; without it, "
        "the sectors and countries of the holdings file",
        places={PYTHON: "argument groups of load_holdings"},
        absent=_NOT_REQUIRED | _GROUPS_ON_SHEET,
    ),
    _etfs(
        "etf",
        Kind.FILE,
        "the issuer's holdings file as downloaded; or a ticker, for its newest download; "
        f"{SAMPLE} is the sample",
        several=True,
        label="ETF",
        places={
            FUNCTION: "LOAD_ETF(source); argument etf",
            SETTINGS: "ETF, Second ETF, Third ETF",
            PYTHON: "load_etf(source); argument etf",
        },
    ),
    _etfs(
        "etf_fund",
        Kind.NAME,
        "which fund, where an ETF's file has several",
        places={FUNCTION: "LOAD_ETF(fund)", PYTHON: "load_etf(fund)"},
        absent=_NOT_REQUIRED | {SETTINGS: "a ticker as ETF chooses its fund"},
    ),
    _etfs(
        "tickers",
        Kind.FILE,
        "a table of ISIN (or CUSIP, SEDOL, FIGI) and ticker, for files of ETFs and of holdings that "
        "print no tickers",
        places={
            FUNCTION: "LOAD_ETF(tickers)",
            PYTHON: "argument tickers of load_etf and load_holdings",
        },
        absent=_NOT_REQUIRED | {SETTINGS: "LOAD_ETF takes it, and Inputs from sheets uses the result"},
    ),
    _risk(
        "covariance",
        Kind.FILE,
        "a covariance file; or a factor model, a folder or ZIP of exposures, factor_covariance and "
        f"specific_risk (CSV or Parquet); {SAMPLE} is the sample",
        label="Risk model",
        default="the API's own risk model",
        places={
            FUNCTION: "COVARIANCE(method); argument covariance",
            SETTINGS: "Risk model",
            PYTHON: "covariance(file); argument cov",
        },
    ),
    _risk(
        "covariance_unit",
        Kind.CHOICE,
        "the unit of the covariance: annual decimals unless stated, which is checked",
        choices=tuple(CovarianceUnit),
        places={FUNCTION: "COVARIANCE(options): unit=...", PYTHON: "covariance(unit)"},
        absent=_NOT_REQUIRED | {SETTINGS: "COVARIANCE takes it beside a matrix on a sheet"},
    ),
    _risk(
        "prices",
        Kind.FILE,
        "estimate the risk model from a file of daily prices, up to the day of the holdings",
        label="Prices for the risk model",
        places={
            FUNCTION: "COVARIANCE(tickers_or_data); options: prices=FILE",
            SETTINGS: "Prices for the risk model",
            PYTHON: "covariance(prices)",
        },
    ),
    _risk(
        "estimator",
        Kind.NAME,
        "how the risk model is estimated from prices",
        default=estimators.DEFAULT,
        choices=estimators.METHODS,
        places={FUNCTION: "COVARIANCE(method)", SETTINGS: "Estimator", PYTHON: "covariance(estimator)"},
    ),
    _risk(
        "window",
        Kind.DAYS,
        "most days of returns that the estimator uses",
        label="Days of returns",
        default=float(estimators.WINDOW),
        places={
            FUNCTION: "COVARIANCE(options): window=...",
            SETTINGS: "Days of returns",
            PYTHON: "covariance(window)",
        },
    ),
    _risk(
        "drift_prices",
        Kind.FILE,
        "a file of daily prices to measure the drift of betas with, for a risk model without the "
        "returns behind it",
        places={FUNCTION: "COVARIANCE(options): drift_prices=FILE", PYTHON: "covariance(drift_prices)"},
        absent=_NOT_REQUIRED | {SETTINGS: "COVARIANCE takes it on the sheet Covariance"},
    ),
    _network(
        "refresh",
        Kind.YES_NO,
        "fetch again what the cache has",
        absent=_NOT_REQUIRED | _FETCHED | _IN_SETTINGS,
    ),
    _network(
        "allow_stale",
        Kind.YES_NO,
        "use an expired answer of the cache, with its age, if the network is down",
        absent=_NOT_REQUIRED
        | _IN_SETTINGS
        | {
            FUNCTION: "the environment variable BETANEUTRAL_ALLOW_STALE",
            SETTINGS: "the environment variable BETANEUTRAL_ALLOW_STALE",
        },
    ),
    _aim(
        "mandate",
        Kind.FILE,
        "a fund's standing rules: what is not given here is as they say, and what departs from them is "
        "reported; a TOML file, or a table as FILE.xlsx#Sheet (docs/daily.md)",
        places={PYTHON: "argument mandate"},
    ),
    _aim(
        "tolerance",
        Kind.TARGET,
        "how far from its target the beta may be before it is worth trading, such as 0.05",
        label="Tolerance of beta",
    ),
    _aim(
        "method",
        Kind.CHOICE,
        "hedge sells the ETF's basket; reweight, least_squares and fewest_trades trade the names and "
        "keep the net exposure; scaled multiplies weights by betas",
        default=Method.HEDGE,
        choices=tuple(Method),
        places={FUNCTION: "argument method", SETTINGS: "Method", PYTHON: "argument method"},
    ),
    _aim(
        "target",
        Kind.TARGET,
        "the beta to reach: a number such as 0.5 or 50%, a ticker of the risk model such as IWV for "
        "its own beta, or ETF=BETA for each of several",
        label="Target beta",
        default=0.0,
        per="ETF",
        places={FUNCTION: "argument target_beta", SETTINGS: "Target beta", PYTHON: "argument target"},
    ),
    _aim(
        "objective",
        Kind.CHOICE,
        "what reweight minimises: stable weighs past forecast errors of the portfolio's beta beside the "
        "tracking error, where the risk model has them; tracking_error is the least",
        default=Objective.STABLE,
        choices=tuple(Objective),
    ),
    _aim(
        "market",
        Kind.NAME,
        "the market to hedge besides the ETFs: a ticker of the risk model or of its prices, such as "
        "IWV, or a fund's holdings file",
        places={PYTHON: "argument market"},
    ),
    _aim(
        "market_share",
        Kind.SHARE,
        "how much of the market's leg is sold, from 0 for the ETF alone to 1 for no beta to either, "
        "which it is unless stated; for the methods that reweight, how far the market beta moves to zero",
        places={PYTHON: "argument market_share"},
    ),
    _aim(
        "on_missing",
        Kind.CHOICE,
        "held names without risk data: stop, or leave them alone",
        default=OnMissing.ERROR,
        choices=(OnMissing.ERROR, OnMissing.DROP),
    ),
    _aim(
        "etf_on_missing",
        Kind.CHOICE,
        "ETF names without risk data: drop, drop and rescale the rest, or stop",
        default=OnMissing.DROP,
        choices=(OnMissing.DROP, OnMissing.RESCALE, OnMissing.ERROR),
    ),
    _limit("long_only", Kind.YES_NO, "no weight below zero"),
    _limit("lower", Kind.SHARE, "smallest weight of every name, or of one", per="TICKER"),
    _limit("upper", Kind.SHARE, "largest weight of every name, or of one, such as 5%", per="TICKER"),
    _limit("upper_outside_etf", Kind.SHARE, "largest weight of any name that is in none of the ETFs"),
    _limit("frozen", Kind.TICKERS, "names that are not traded", several=True),
    _limit(
        "universe", Kind.CHOICE, "which names may be traded", default=Universe.UNION, choices=tuple(Universe)
    ),
    _limit("net", Kind.RANGE, "sum of the weights", default="as it is"),
    _limit(
        "beta",
        Kind.RANGE,
        "the beta to every ETF, or to one, within a range instead of on a target",
        per="ETF",
    ),
    _limit("turnover", Kind.SHARE, "largest one-way turnover, sum of absolute trades / 2, such as 30%"),
    _limit("gross", Kind.SHARE, "largest gross exposure, sum of absolute weights"),
    _limit(
        "groups",
        Kind.TICKERS,
        "tickers of a group, such as a sector",
        per="NAME",
        named=True,
        places={CLI: "--group"},
    ),
    _limit(
        "group_limits",
        Kind.RANGE,
        "sum of the weights of a group",
        per="NAME",
        named=True,
        places={CLI: "--group-limit"},
    ),
    _limit("group_upper", Kind.SHARE, "largest weight of any name of a group", per="NAME", named=True),
    _limit("cost_bp", Kind.BASIS_POINTS, "cost of a trade, weighed against tracking error", default=0.0),
    _limit(
        "risk_aversion", Kind.NUMBER, "price of tracking variance against the cost", default=RISK_AVERSION
    ),
    _limit("max_trades", Kind.COUNT, "largest number of names that are traded"),
    _limit("min_trade", Kind.SHARE, "smallest trade, if there is one"),
    _leg(
        "ridge",
        Kind.NUMBER,
        "shrink the hedge ratios of ETFs that are near copies of each other; 0.01 to 0.1 are usual",
    ),
    _leg("leg_limit", Kind.SHARE, "most of any ETF that is sold or bought, in net asset value"),
    _leg("sell_only", Kind.YES_NO, "buy no ETF"),
    _order(
        "order_prices",
        Kind.FILE,
        "a file of daily prices for names that the holdings do not price: the last close up to the day; "
        f"{SAMPLE} is the sample",
        label="Prices",
        places={FUNCTION: "BN_PRICES(prices)", SETTINGS: "Prices", PYTHON: "Quotes.last_closes"},
    ),
    _order(
        "order_nav",
        Kind.MONEY,
        "net asset value that the orders are sized for",
        label="Net asset value",
        default="that of the holdings",
        places={FUNCTION: "BN_ORDERS(nav)", SETTINGS: "Net asset value", PYTHON: "OrderTerms(nav)"},
    ),
    _order(
        "min_notional",
        Kind.MONEY,
        "leave out trades of less value",
        label="Smallest order",
        places={
            FUNCTION: "BN_ORDERS(min_notional)",
            SETTINGS: "Smallest order",
            PYTHON: "OrderTerms(min_notional)",
        },
    ),
    _order(
        "lot",
        Kind.SHARES,
        "shares in a lot; fractional, or a fraction such as 0.001, for orders in fractions of a share",
        default=1.0,
        places={FUNCTION: "BN_ORDERS(lot)", SETTINGS: "Lot", PYTHON: "OrderTerms(lot)"},
    ),
    _order(
        "keep_cash",
        Kind.SHARE,
        "least cash after the orders, of net asset value, such as 2%: purchases are rounded down for it",
        places={PYTHON: "OrderTerms(keep_cash)"},
        absent=_NOT_REQUIRED | _LIMIT_ON_NET,
    ),
    _order(
        "participation",
        Kind.SHARE,
        "share of a day's volume that may be traded, for the days that each order takes where the price "
        "file has volumes",
        default=PARTICIPATION,
        places={PYTHON: "OrderTerms(participation)"},
        absent=_NOT_REQUIRED | _NO_VOLUMES,
    ),
    _order(
        "trade",
        Kind.CHOICE,
        "names: the shares themselves; etfs: a hedge in shares of the ETFs, from 90 % coverage on; "
        "etfs_any_coverage: whatever the coverage",
        default=Tradable.NAMES,
        choices=tuple(Tradable),
        places={FUNCTION: "BN_ORDERS(trade)", SETTINGS: "Trade", PYTHON: "OrderTerms(trade)"},
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
