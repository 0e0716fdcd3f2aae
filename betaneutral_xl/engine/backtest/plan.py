"""What is to be tried: a portfolio, ETFs, prices, estimators, ways of hedging, and when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators import MIN_PERIODS, WINDOW, canonical, parameters, read_parameters
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import InputError, UnknownTicker, listing
from betaneutral_xl.model.constraints import LARGEST, UNLIMITED, Constraints
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import require_sign

if TYPE_CHECKING:
    from datetime import date

    from betaneutral_xl.engine.neutral import Target
    from betaneutral_xl.model.arrays import IntArray
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.returns import DateArray, Prices

HORIZON = 21
"""Days over which a realised beta is measured by default: a month of trading."""

COST_BP = 5.0
"""Cost of a trade by default, in basis points of what is bought or sold."""

UNHEDGED, BETA, FORESIGHT = "unhedged", "beta", "perfect_foresight"
"""Ways that only serve to compare: do nothing; hold the betas themselves, as the notebook's second
formula does; hedge with the beta that will have been."""

COMPARISONS = (UNHEDGED, str(Method.SCALED), BETA, FORESIGHT)
"""What every method is set against; ``scaled`` is the notebook's first formula."""

BY_DEFAULT = (str(Method.HEDGE), *COMPARISONS)
"""What is tried where nothing is said."""

METHODS = (*(str(method) for method in Method if method is not Method.SCALED), *COMPARISONS)
"""Every way by name."""

LIMITED = frozenset({str(Method.REWEIGHT), str(Method.LEAST_SQUARES), str(Method.FEWEST_TRADES)})
"""What keeps to limits on the new weights."""

AIMED = LIMITED | {str(Method.HEDGE), FORESIGHT}
"""What aims at a target."""

WITHOUT_ESTIMATOR = frozenset({UNHEDGED, FORESIGHT})
"""What comes out the same by every estimator."""

ONE_ETF_ONLY = frozenset({str(Method.SCALED), BETA})
"""The notebook's formulas know one ETF."""


class Holding(StrEnum):
    """What becomes of the weights between two rebalance dates."""

    DRIFTING = "drifting"
    DAILY = "daily"


class Absent(StrEnum):
    """What stands in for a name that cannot be held on a date: the others, or cash."""

    RESCALE = "rescale"
    CASH = "cash"


@dataclass(frozen=True, slots=True)
class Estimator:
    """An estimator under the name by which results are told apart.

    Attributes
    ----------
    label
        As it was asked for, such as ``default`` or ``exponential:half_life=21``.
    method
        A name of ``ESTIMATORS``.
    window
        Days that it sees, at most.
    options
        Its parameters, where they are not the default ones.

    """

    label: str
    method: str
    window: int = WINDOW
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, window: int = WINDOW) -> Estimator:
        """Read ``NAME`` or ``NAME:parameter=value,...``, where the window may be among the parameters.

        Raises
        ------
        InputError
            If there is no such estimator or parameter, or a value is not of its kind.

        Examples
        --------
        >>> Estimator.parse("exponential:half_life=21,window=252").options
        {'half_life': 21.0}

        """
        name, _, rest = text.strip().partition(":")
        given: dict[str, str] = {}
        for part in filter(None, rest.split(",")):
            key, sign, value = part.partition("=")
            if not sign:
                example = "exponential:half_life=21"
                msg = f"The estimator {text!r} is not NAME:parameter=value,..., such as {example}."
                raise InputError(msg)
            given[key.strip().replace("-", "_")] = value.strip()
        days = given.pop("window", str(window))
        if not days.isdecimal() or int(days) < MIN_PERIODS:
            msg = f"The window of the estimator {text!r} is {days!r}. Give {MIN_PERIODS} days or more."
            raise InputError(msg)
        method = canonical(name)
        return cls(text.strip(), method, int(days), read_parameters(method, given))

    @property
    def description(self) -> str:
        """The method with every parameter."""
        settings = {**parameters(self.method), **self.options, "window": self.window}
        return (
            f"{self.method} ({', '.join(f'{key} {value}' for key, value in settings.items() if value != '')})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When to rebalance, and how long to look on.

    Attributes
    ----------
    start, end
        First and last rebalance date that may be; by default what the prices allow.
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
        """Validate that the numbers make sense."""
        if self.every not in _PERIODS and not (self.every.isdecimal() and int(self.every) > 0):
            msg = f"Rebalance every {self.every!r}? Give one of {', '.join(_PERIODS)}, or a number of days."
            raise InputError(msg)
        if self.horizon <= 2:  # noqa: PLR2004 - a slope has an intercept beside it
            msg = f"A horizon of {self.horizon} days is too short for a beta. Give three days or more."
            raise InputError(msg)
        if self.start and self.end and self.end < self.start:
            msg = f"The end, {self.end}, is before the start, {self.start}. Give them the other way round."
            raise InputError(msg)

    def rows(self, dates: DateArray) -> tuple[IntArray, int]:
        """Return the rebalance dates' rows, and how many more lack a horizon of days after them.

        A day counts as the last of its period only where a day of the next period follows.
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
    """Everything that a backtest is about; equal studies have equal results, to the last bit.

    Attributes
    ----------
    holdings, etfs
        The weights to which the portfolio is put back on each date before it is hedged, and the
        baskets that it is hedged with; an ETF's own price series is a basket of one name.
    prices
        Of all of these names, as far as there are any. Other names are never held: they tell the
        estimators how the market moved, which a few names of one industry do not.
    schedule
        When.
    estimators, methods
        What is compared; ``methods`` of ``METHODS``. All hold the same names on a date: those with
        enough returns in the shortest of the estimators' windows.
    holding
        Whether weights drift with the prices between two dates, or are put back each day.
    absent
        What stands in for a name that cannot be held on a date.
    target
        The beta that is wanted, as for ``neutralise``; of a ticker the beta that it has itself.
    constraints
        What the new weights must keep to, by the methods that reweight. A limit of a name that
        cannot be held on a date counts on the other dates.
    cost_bp
        Cost of a trade in basis points of what is bought or sold.
    notes
        What is to be known beforehand, one line each.

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
    cost_bp: float = COST_BP
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Validate that methods and estimators are told apart and fit the ETFs, the target and the limits."""
        strangers = [name for name in self.methods if name not in METHODS]
        if strangers:
            msg = f"There is no method {listing(strangers)}. Choose among: {', '.join(METHODS)}."
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
        alone = [name for name in self.methods if name in ONE_ETF_ONLY]
        if len(self.etfs) > 1 and alone:
            rest = tuple(name for name in self.methods if name not in ONE_ETF_ONLY)
            if not rest:
                names = listing([etf.name for etf in self.etfs])
                msg = (
                    f"{', '.join(alone)} takes one ETF only, and there are {len(self.etfs)}: {names}. "
                    "Give one of them, or add hedge to the methods."
                )
                raise InputError(msg)
            note = f"Left out, as it takes one ETF only: {', '.join(alone)}."
            object.__setattr__(self, "methods", rest)
            object.__setattr__(self, "notes", (*self.notes, note))

    def _require_aim(self) -> None:
        """Validate that the target and the limits are of what there is, and have an effect."""
        if isinstance(self.target, Mapping) and set(self.target) != {etf.name for etf in self.etfs}:
            there = ", ".join(etf.name for etf in self.etfs)
            msg = f"Targets are given for {', '.join(self.target)}, but the ETFs are {there}. Name each once."
            raise UnknownTicker(msg, tickers=list(self.target))
        if not all(isinstance(one, str) or math.isfinite(one) for one in self.targets):
            msg = f"The target beta is {self.target}. Give a number, or a ticker such as IWV."
            raise InputError(msg)
        for one in self.targets:
            if not isinstance(one, str):
                require_sign("The target", one, LARGEST["beta"])
        unpriced = [ticker for ticker in self.benchmarks if ticker not in self.prices.tickers]
        if unpriced:
            msg = f"The target {listing(unpriced)} is neither a number nor a ticker with prices."
            raise UnknownTicker(msg, tickers=unpriced)
        unknown = [ticker for ticker in self.constraints.named if ticker not in self.names]
        if unknown:
            msg = f"There is a limit for {listing(unknown)}, which is in no portfolio or ETF here. Check it."
            raise UnknownTicker(msg, tickers=unknown)
        if any(self.targets) and not AIMED.intersection(self.methods):
            msg = (
                f"None of {', '.join(self.methods)} aims at a target. Add hedge or reweight, or leave it out."
            )
            raise InputError(msg)
        if self.constraints.given and not LIMITED.intersection(self.methods):
            said, methods = ", ".join(self.constraints.given), ", ".join(self.methods)
            msg = f"None of {methods} keeps to {said}. Add reweight to the methods, or leave it out."
            raise InputError(msg)

    @property
    def targets(self) -> tuple[float | str, ...]:
        """The target for each of K ETFs: a number, or a ticker."""
        wanted = self.target
        each = [wanted[etf.name] if isinstance(wanted, Mapping) else wanted for etf in self.etfs]
        return tuple(normalise(one) if isinstance(one, str) else one for one in each)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The tickers that targets name, each once."""
        return tuple(dict.fromkeys(one for one in self.targets if isinstance(one, str)))

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that the portfolio or a basket asks for, each once."""
        lists = (self.holdings.tickers, *(etf.tickers for etf in self.etfs))
        return tuple(dict.fromkeys(ticker for one in lists for ticker in one))
