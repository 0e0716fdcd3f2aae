"""Plan of a backtest: portfolio, ETFs, prices, estimators, methods and schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators import MIN_PERIODS, WINDOW, canonical
from betaneutral_xl.engine.estimators.fitting import parameters, read_parameters
from betaneutral_xl.engine.limits import limits_of, sentences
from betaneutral_xl.engine.limits.formulation import unknown_names
from betaneutral_xl.engine.result import Method
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.errors import InputError, UnknownTicker, listing
from betaneutral_xl.model.constraints import LARGEST, UNLIMITED, Constraints
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import require_sign
from betaneutral_xl.system.words import did_you_mean

if TYPE_CHECKING:
    from betaneutral_xl.engine.neutral import Target
    from betaneutral_xl.model.arrays import DateArray, IntArray
    from betaneutral_xl.model.market import Market
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.returns import Prices

HORIZON = 21
"""Default horizon of a realised beta, in days: a month of trading."""

COST_BP = 5.0
"""Default cost of a trade, in basis points of its notional."""

UNHEDGED, BETA, FORESIGHT = "unhedged", "beta", "perfect_foresight"
"""Methods for comparison only: no hedge; weights proportional to betas (the notebook's second formula);
a hedge with the betas that are realised later."""

COMPARISONS = (UNHEDGED, str(Method.SCALED), BETA, FORESIGHT)
"""Methods for comparison; ``scaled`` is the notebook's first formula."""

BY_DEFAULT = (str(Method.HEDGE), *COMPARISONS)
"""Default methods."""

METHODS = (*(str(method) for method in Method if method is not Method.SCALED), *COMPARISONS)
"""Names of all methods."""

LIMITED = frozenset({str(Method.REWEIGHT), str(Method.LEAST_SQUARES), str(Method.FEWEST_TRADES)})
"""Methods with limits on the new weights."""

AIMED = LIMITED | {str(Method.HEDGE), FORESIGHT}
"""Methods with a target."""

WITHOUT_ESTIMATOR = frozenset({UNHEDGED, FORESIGHT})
"""Methods whose result does not depend on the estimator."""

ONE_ETF_ONLY = frozenset({str(Method.SCALED), BETA})
"""Methods for a single ETF: the notebook's formulas."""


class Holding(StrEnum):
    """Treatment of the weights between two rebalance dates."""

    DRIFTING = "drifting"
    DAILY = "daily"


class Absent(StrEnum):
    """Replacement for a name that is not tradable on a date: the others, scaled up, or cash."""

    RESCALE = "rescale"
    CASH = "cash"


@dataclass(frozen=True, slots=True)
class Estimator:
    """An estimator with its parameters and a label for the results.

    Attributes
    ----------
    label
        The text of the request, such as ``default`` or ``exponential:half_life=21``.
    method
        A name of ``ESTIMATORS``.
    window
        Maximum number of days of the window.
    options
        Parameters that differ from the defaults.

    """

    label: str
    method: str
    window: int = WINDOW
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, window: int = WINDOW) -> Estimator:
        """Parse ``NAME`` or ``NAME:parameter=value,...``; ``window`` is accepted as a parameter.

        Raises
        ------
        InputError
            If the estimator or a parameter is unknown, or a value is invalid.

        Examples
        --------
        >>> Estimator.parse("exponential:half_life=21,window=252").options
        {'half_life': 21.0}

        """
        name, _, rest = text.strip().partition(":")
        options: dict[str, str] = {}
        for part in filter(None, rest.split(",")):
            key, sign, value = part.partition("=")
            if not sign:
                example = "exponential:half_life=21"
                msg = f"The estimator {text!r} is not NAME:parameter=value,..., such as {example}."
                raise InputError(msg)
            parameter = key.strip().replace("-", "_")
            if parameter in options:
                msg = f"The estimator {text!r} has the parameter {parameter} twice. Keep one of the two."
                raise InputError(msg)
            options[parameter] = value.strip()
        days = options.pop("window", str(window))
        if not days.isdecimal() or int(days) < MIN_PERIODS:
            msg = f"The window of the estimator {text!r} is {days!r}. Give {MIN_PERIODS} days or more."
            raise InputError(msg)
        method = canonical(name)
        return cls(text.strip(), method, int(days), read_parameters(method, options))

    @property
    def description(self) -> str:
        """The method with all of its parameters."""
        settings = {**parameters(self.method), **self.options, "window": self.window}
        return (
            f"{self.method} ({', '.join(f'{key} {value}' for key, value in settings.items() if value != '')})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Rebalance dates, and horizon of the realised betas.

    Attributes
    ----------
    start, end
        Earliest and latest rebalance date; by default as the prices allow.
    every
        ``week``, ``month``, ``quarter``, ``year``: the last trading day of each; or a number of
        trading days.
    horizon
        Days over which a realised beta is measured.

    """

    start: date | None = None
    end: date | None = None
    every: str = "month"
    horizon: int = HORIZON

    def __post_init__(self) -> None:
        if self.every not in _PERIODS and not (self.every.isdecimal() and int(self.every) > 0):
            periods = ", ".join(_PERIODS)
            msg = f"The rebalancing period is {self.every!r}. Give one of {periods}, or a number of days."
            raise InputError(msg)
        if self.horizon <= 2:  # noqa: PLR2004 - a slope has an intercept beside it
            msg = f"A horizon of {self.horizon} days is too short for a beta. Give three days or more."
            raise InputError(msg)
        if self.start and self.end and self.end < self.start:
            msg = f"The end, {self.end}, is before the start, {self.start}. Swap them."
            raise InputError(msg)

    def rows(self, dates: DateArray) -> tuple[IntArray, int]:
        """Return the rows of the rebalance dates, and the number of dates without a full horizon after them.

        A day is the last of its period only if a day of the next period follows.
        """
        first = 0 if self.start is None else int(np.searchsorted(dates, np.datetime64(self.start, "D")))
        last = len(dates)
        if self.end is not None:
            last = int(np.searchsorted(dates, np.datetime64(self.end, "D"), side="right"))
        if self.every in _PERIODS:
            period = _PERIODS[self.every](dates)
            rows = np.flatnonzero(period[1:] != period[:-1])
        else:
            rows = np.arange(first, last, int(self.every))
        rows = rows[(rows >= first) & (rows < last)]
        followed = rows + self.horizon < len(dates)
        return rows[followed], int((~followed).sum())


_PERIODS: Mapping[str, Any] = MappingProxyType(
    {
        "week": lambda dates: (dates.astype("datetime64[D]").astype(np.int64) + 3) // 7,  # from Monday on
        "month": lambda dates: dates.astype("datetime64[M]").astype(np.int64),
        "quarter": lambda dates: dates.astype("datetime64[M]").astype(np.int64) // 3,
        "year": lambda dates: dates.astype("datetime64[Y]").astype(np.int64),
    }
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Study:
    """Inputs of a backtest; equal studies have bitwise equal results.

    Attributes
    ----------
    holdings, etfs
        Weights to which the portfolio is reset on each date before it is hedged, and the baskets
        that it is hedged with; an ETF's own price series is a basket of one name.
    prices
        Prices of these names, where there are any. Other names are never held: they give the
        estimators a view of the market that a few names of one industry do not.
    schedule
        Rebalance dates and horizon.
    estimators, methods
        The estimators and methods (of ``METHODS``) to compare. All hold the same names on a date:
        those with enough returns in the shortest of the estimators' windows.
    holding
        Whether weights drift with the prices between two dates, or are rebalanced daily.
    absent
        Replacement for a name that is not tradable on a date.
    target
        The target beta, as for ``neutralise``; for a ticker, the ticker's own beta.
    constraints
        Limits on the new weights, for the methods that reweight. A limit on a name applies on the
        dates on which it is tradable. Those methods trade from what they hold: last date's weights,
        drifted with the prices; so turnover is limited from there.
    objective
        What ``reweight`` minimises, as for ``neutralise``.
    cost_bp
        Cost of a trade in basis points of its notional.
    market
        The market that is hedged besides the ETFs, and the share of its leg, as for ``neutralise``; its
        names need prices too.
    intervals
        Whether intervals of next month's betas are computed on each date, to count how many hold. They take
        several times as long as the hedges.
    notes
        Notes on the inputs, one line each.

    """

    holdings: Holdings
    etfs: tuple[Etf, ...]
    prices: Prices
    schedule: Schedule
    estimators: tuple[Estimator, ...]
    methods: tuple[str, ...] = BY_DEFAULT
    holding: Holding = Holding.DRIFTING
    absent: Absent = Absent.RESCALE
    target: Target = 0.0
    constraints: Constraints = UNLIMITED
    objective: Objective = Objective.STABLE
    cost_bp: float = COST_BP
    market: Market | None = None
    intervals: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown_methods = [name for name in self.methods if name not in METHODS]
        if unknown_methods:
            msg = f"There is no method {listing(unknown_methods)}. Choose among: {', '.join(METHODS)}."
            raise InputError(msg)
        labels = [one.label for one in self.estimators]
        if not labels or not self.methods or not self.etfs:
            msg = "A backtest needs an ETF, an estimator and a method at least."
            raise InputError(msg)
        if len(set(labels)) != len(labels):
            msg = f"An estimator is given twice among {', '.join(labels)}. Name each once."
            raise InputError(msg)
        if not 0.0 <= self.cost_bp <= 1e4:  # noqa: PLR2004 - all of what is traded
            msg = f"The cost of a trade is {self.cost_bp:g} basis points. Give between 0 and 10000."
            raise InputError(msg)
        self._require_aim()
        single_etf = [name for name in self.methods if name in ONE_ETF_ONLY]
        if len(self.etfs) > 1 and single_etf:
            rest = tuple(name for name in self.methods if name not in ONE_ETF_ONLY)
            if not rest:
                names = listing([etf.name for etf in self.etfs])
                msg = (
                    f"{', '.join(single_etf)} takes one ETF only, and there are {len(self.etfs)}: {names}. "
                    "Give one of them, or add hedge to the methods."
                )
                raise InputError(msg)
            note = f"Left out, as it takes one ETF only: {', '.join(single_etf)}."
            object.__setattr__(self, "methods", rest)
            object.__setattr__(self, "notes", (*self.notes, note))

    def _require_aim(self) -> None:
        """Validate that the target and the limits refer to known names and have an effect."""
        if isinstance(self.target, Mapping) and set(self.target) != {etf.name for etf in self.etfs}:
            etfs = ", ".join(etf.name for etf in self.etfs)
            msg = f"Targets are given for {', '.join(self.target)}, but the ETFs are {etfs}. Name each once."
            raise UnknownTicker(msg, tickers=list(self.target))
        if not all(isinstance(one, str) or math.isfinite(one) for one in self.targets):
            msg = f"The target beta is {self.target}. Give a number, or a ticker such as IWV."
            raise InputError(msg)
        for one in self.targets:
            if not isinstance(one, str):
                require_sign("The target", one, LARGEST["beta"])
        self._require_prices_of_aims()
        named = dict.fromkeys(name for limit in limits_of(self.constraints) for name in limit.named())
        unknown = [ticker for ticker in named if ticker not in self.names]
        if unknown:
            raise UnknownTicker(unknown_names(unknown, self.names), tickers=unknown)
        if any(self.targets) and not AIMED.intersection(self.methods):
            msg = (
                f"None of {', '.join(self.methods)} aims at a target. Add hedge or reweight, or leave it out."
            )
            raise InputError(msg)
        if self.constraints.given and not LIMITED.intersection(self.methods):
            limits, methods = ", ".join(self.constraints.given), ", ".join(self.methods)
            msg = f"None of {methods} keeps to {limits}. Add reweight to the methods, or leave it out."
            raise InputError(msg)
        if self.objective is not Objective.STABLE and Method.REWEIGHT not in self.methods:
            methods = ", ".join(self.methods)
            msg = f"None of {methods} has the objective {self.objective}. Add reweight, or leave it out."
            raise InputError(msg)

    def _require_prices_of_aims(self) -> None:
        """Validate that the market and the tickers among the targets have prices."""
        if self.market is not None and not set(self.market.etf.tickers) & set(self.prices.tickers):
            msg = f"The market {self.market.name} has no prices here. Give them, or leave it out."
            raise UnknownTicker(msg, tickers=[self.market.name])
        unpriced = [ticker for ticker in self.benchmarks if ticker not in self.prices.tickers]
        if unpriced:
            hint = did_you_mean(unpriced[0], self.prices.tickers)
            msg = f"The target {listing(unpriced)} is neither a number nor a ticker with prices.{hint}"
            raise UnknownTicker(msg, tickers=unpriced)

    @property
    def limits(self) -> tuple[str, ...]:
        """The limits on the new weights in words, one line each."""
        return sentences(limits_of(self.constraints))

    @property
    def targets(self) -> tuple[float | str, ...]:
        """The target for each of K ETFs: a number, or a ticker."""
        target = self.target
        each = [target[etf.name] if isinstance(target, Mapping) else target for etf in self.etfs]
        return tuple(normalise(one) if isinstance(one, str) else one for one in each)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Tickers among the targets, without duplicates."""
        return tuple(dict.fromkeys(one for one in self.targets if isinstance(one, str)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the portfolio, the baskets and the market, without duplicates."""
        market = () if self.market is None else self.market.etf.tickers
        lists = (self.holdings.tickers, *(etf.tickers for etf in self.etfs), market)
        return tuple(dict.fromkeys(ticker for one in lists for ticker in one))
