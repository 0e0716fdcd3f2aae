"""Limits of the new weights: one type for Python, command line and worksheet.

Limits are by ticker, in decimals of net asset value, without arrays or solvers; ``engine.limits`` has a class
for each, and formulates the problem on an aligned list of names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any

from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import (
    Percent,
    choice,
    count,
    number,
    option_name,
    require_sign,
    tickers,
    unsigned,
)
from betaneutral_xl.system.words import yes_or_no

ALL = "*"
"""The key for every name, or every ETF, without an entry of its own."""

BASIS_POINT = 1e-4

LARGEST: Mapping[str, float] = MappingProxyType(
    {
        "lower": 1.0,
        "upper": 1.0,
        "upper_outside_etf": 1.0,
        "net": 1.5,
        "beta": 5.0,
        "turnover": 1.0,
        "gross": 5.0,
        "group_limits": 1.0,
        "group_upper": 1.0,
        "min_trade": 0.5,
    }
)
"""The largest absolute value of each limit that is accepted without a percent sign: 5 means 5%."""

LARGEST_LEG = 5.0
"""The largest hedge ratio that passes without a percent sign."""

SMALLEST_TRADE = 1e-9
"""A trade smaller than this is none (a dollar in a billion)."""

SMALLEST_COST = 0.01
"""A cost of a trade below this many basis points is one in decimals: 0.0005 for 5."""

RISK_AVERSION = 10.0
"""Of an active manager: 2 % of tracking error costs 20 bp (Grinold and Kahn, chapter 4)."""


class Universe(StrEnum):
    """Which names may be traded."""

    UNION = "union"
    HELD = "held"
    ETF = "etf"


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval; either end may be infinite, and both may be one number."""

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low <= self.high or self.low == math.inf or self.high == -math.inf:
            msg = f"The range {self.low:g} to {self.high:g} is empty. Give the lower end first."
            raise InputError(msg)

    def __str__(self) -> str:
        """Return the range in words.

        >>> str(Range(0.1, 0.2)), str(Range(high=0.3)), str(Range(0.5, 0.5))
        ('0.1 to 0.2', 'at most 0.3', '0.5')
        """
        if self.low == self.high:
            return f"{self.low:g}"
        if math.isinf(self.low):
            return "any" if math.isinf(self.high) else f"at most {self.high:g}"
        return f"at least {self.low:g}" if math.isinf(self.high) else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """The limits of ``reweight``, ``least_squares`` and ``fewest_trades``; by default only the net exposure.

    All weights and limits are decimals of net asset value. In mappings by name the key ``*`` is for
    all other names. A limit that is implausible as a decimal, such as a weight of 5 or a turnover
    of 30, is refused unless it is a ``Percent``, which ``from_mapping`` makes of text with a
    percent sign.

    Attributes
    ----------
    long_only
        No weight below zero.
    lower, upper
        Lower and upper bound of the weight, by ticker or ``*``. A name without one is unbounded.
    upper_outside_etf
        Largest weight of any name that is in none of the ETFs.
    frozen
        Tickers that are not traded.
    universe
        Which names may be traded: ``union`` of portfolio and ETFs, ``held``, or the ``etf`` names.
    net
        The sum of all weights; by default it stays unchanged.
    beta
        The portfolio's beta to each ETF, by the ETF's name or ``*``, in place of a target.
    turnover
        Maximum one-way turnover, ``sum(abs(x - w)) / 2``.
    gross
        Maximum gross exposure, ``sum(abs(x))``.
    groups
        Tickers by group, such as sectors.
    group_limits
        The sum of the weights of a group.
    group_upper
        Largest weight of any name of a group.
    cost_bp
        Cost of a trade, in basis points of the traded value. The objective is then
        ``risk_aversion / 2 * tracking_error**2 + cost * sum(abs(x - w))``.
    risk_aversion
        Utility cost of a unit of annual tracking variance; used with ``cost_bp`` only.
    max_trades
        Maximum number of names traded.
    min_trade
        Minimum size of a trade that is not zero.

    Examples
    --------
    >>> Constraints.from_mapping({"long_only": True, "upper": {"*": 0.05, "brk b": 0.08}}).upper["BRK.B"]
    0.08

    """

    long_only: bool = False
    lower: Mapping[str, float] = field(default_factory=dict)
    upper: Mapping[str, float] = field(default_factory=dict)
    upper_outside_etf: float = math.inf
    frozen: tuple[str, ...] = ()
    universe: Universe = Universe.UNION
    net: Range | None = None
    beta: Mapping[str, Range] = field(default_factory=dict)
    turnover: float = math.inf
    gross: float = math.inf
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_limits: Mapping[str, Range] = field(default_factory=dict)
    group_upper: Mapping[str, float] = field(default_factory=dict)
    cost_bp: float = 0.0
    risk_aversion: float = RISK_AVERSION
    max_trades: int | None = None
    min_trade: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "frozen", tuple(dict.fromkeys(self.frozen)))
        for name in ("lower", "upper", "beta", "groups", "group_limits", "group_upper"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        self._require_numbers()
        self._require_sizes()
        self._require_agreement()

    def __reduce__(self) -> tuple[Callable[..., Constraints], tuple[()]]:
        """Support pickling, which read-only mappings do not."""
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        plain: dict[str, Any] = {n: dict(v) if isinstance(v, Mapping) else v for n, v in values.items()}
        return partial(Constraints, **plain), ()

    @classmethod
    def from_mapping(
        cls, values: Mapping[str, Any], groups: Mapping[str, Sequence[str]] = MappingProxyType({})
    ) -> Constraints:
        """Make constraints from plain values, such as a TOML file's or a worksheet range's.

        A limit by name is a mapping, or one value for all. A range is a number, ``[low, high]``,
        or text such as ``0.1:0.3``, ``:0.3`` and ``0.1:``. Text may end in ``%``. ``groups`` maps
        a group to its tickers, or a ticker to its group. Names of limits may contain blanks or
        hyphens; in two columns a limit by name is a separate row, such as ``upper NVDA`` with 0.08.
        ``groups`` are those of the portfolio, which a limit may name without listing their tickers;
        capitals do not matter.

        Raises
        ------
        InputError
            If there is no limit of that name, or its value cannot be read.

        """
        read: dict[str, Any] = {}
        for key, value in _with_known_groups(_grouped(values), limited_groups(values), groups).items():
            found = limit_of(str(key))
            if found is None:
                msg = f"There is no limit {key!r:.60}. Choose from {', '.join(_READERS)}."
                raise InputError(msg)
            name, label = found
            try:
                one = _READERS[name]({label: value} if label else value)
            except (TypeError, ValueError) as error:
                msg = f"The limit {key} is {value!r:.60}: {error}."
                raise InputError(msg) from None
            before = read.get(name, {})
            if name in read and not (isinstance(one, dict) and one.keys().isdisjoint(before)):
                msg = f"The limit {key} is given twice. Keep one of the two."
                raise InputError(msg)
            read[name] = {**before, **one} if isinstance(one, dict) else one
        return cls(**read)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the limits that are not at their default."""
        default = Constraints()
        return tuple(
            one.name for one in fields(self) if getattr(self, one.name) != getattr(default, one.name)
        )

    @property
    def cost(self) -> float:
        """Cost of a unit of trade, decimal."""
        return self.cost_bp * BASIS_POINT

    def among(self, tickers: Collection[str]) -> Constraints:
        """Return the limits restricted to some tickers; groups and their limits stay."""
        kept = {*tickers, ALL}
        return replace(
            self,
            lower={name: limit for name, limit in self.lower.items() if name in kept},
            upper={name: limit for name, limit in self.upper.items() if name in kept},
            frozen=tuple(name for name in self.frozen if name in kept),
        )

    def without_shorts(self) -> Constraints:
        """Return the limits with long-only bounds."""
        lower = {name: max(bound, 0.0) for name, bound in self.lower.items()}
        return replace(self, long_only=True, lower=lower)

    def bounds(self, ticker: str) -> tuple[float, float]:
        """Return the lower and the upper bound of a name's weight."""
        lower = self.lower.get(ticker, self.lower.get(ALL, -math.inf))
        upper = self.upper.get(ticker, self.upper.get(ALL, math.inf))
        return max(lower, 0.0) if self.long_only else lower, upper

    def beta_range(self, etf: str) -> Range | None:
        """Return the limits of the beta to an ETF, if any are set."""
        return self.beta.get(etf, self.beta.get(ALL))

    def _require_numbers(self) -> None:
        positive = {"turnover": self.turnover, "gross": self.gross, "risk_aversion": self.risk_aversion}
        for name, value in positive.items():
            if not value > 0.0:
                msg = f"The limit {name} is {value:g}. Give a number above zero."
                raise InputError(msg)
        for name, value in {"cost_bp": self.cost_bp, "min_trade": self.min_trade}.items():
            if not 0.0 <= value < math.inf:
                msg = f"The limit {name} is {value:g}. Give zero or more."
                raise InputError(msg)
        if not self.upper_outside_etf >= 0.0:
            msg = f"The limit upper_outside_etf is {self.upper_outside_etf:g}. Give zero or more."
            raise InputError(msg)
        if self.max_trades is not None and self.max_trades < 1:
            msg = f"At most {self.max_trades} trades leave nothing to do. Give 1 or more."
            raise InputError(msg)
        if any(math.isnan(v) for limits in (self.lower, self.upper) for v in limits.values()):
            msg = "A bound is not a number. Fill it in, or leave it out."
            raise InputError(msg)
        for name, limits, never in (("lower", self.lower, math.inf), ("upper", self.upper, -math.inf)):
            if never in limits.values():
                msg = f"The limit {name} is {never:g}, which no weight satisfies. Leave it out."
                raise InputError(msg)

    def _require_sizes(self) -> None:
        """Refuse a percentage typed without its sign."""
        for name, largest in LARGEST.items():
            limit = getattr(self, name)
            for label, value in limit.items() if isinstance(limit, Mapping) else [(ALL, limit)]:
                what = f"The limit {name}" if label == ALL else f"The limit {name} of {label}"
                for one in (value.low, value.high) if isinstance(value, Range) else (value,):
                    if one is not None:
                        require_sign(what, one, largest)

    def _require_agreement(self) -> None:
        for name in {*self.lower, *self.upper}:
            low, high = self.bounds(name)
            who = "every name" if name == ALL else name
            if self.long_only and self.lower.get(name, 0.0) < 0.0:
                msg = f"Long only and a lower bound of {self.lower[name]:g} for {who} contradict each other."
                raise InputError(msg)
            if low > high:
                msg = f"The lower bound {low:g} of {who} is above its upper bound {high:g}."
                raise InputError(msg)
        bounded = [name for name in self.frozen if name in self.lower or name in self.upper]
        if bounded:
            msg = f"{bounded[0]} is frozen and has a bound of its own. Leave one of the two out."
            raise InputError(msg, tickers=bounded)
        limited = {**self.group_limits, **self.group_upper}
        undefined = [name for name in limited if name not in self.groups]
        if undefined:
            msg = f"The limit of group {undefined[0]} has no tickers. Name them under groups."
            raise InputError(msg)
        if self.groups and not limited:
            group = next(iter(self.groups))
            msg = f"The group {group} has no limit. Give it one under group_limits or group_upper."
            raise InputError(msg)
        if self.net is not None and max(self.net.low, -self.net.high) > self.gross:
            msg = (
                f"A net exposure of {self.net} does not fit into a gross exposure of at most {self.gross:g}."
            )
            raise InputError(msg)
        if self.min_trade > 2.0 * self.turnover:
            msg = f"A trade of {self.min_trade:g} is more than a turnover of {self.turnover:g} allows."
            raise InputError(msg)
        if not self.cost_bp and self.risk_aversion != RISK_AVERSION:
            msg = "The risk aversion weighs risk against a cost, and none is given. Give cost_bp too."
            raise InputError(msg)


UNLIMITED = Constraints()
"""No limit, except that the net exposure stays unchanged."""


def interval(value: Any) -> Range:
    """Read a number, a pair, or text such as ``0.1:0.3`` and ``:0.3``."""
    if isinstance(value, Range):
        return value
    if isinstance(value, str) and ":" in value:
        first, _, last = value.partition(":")
        low = number(first) if first.strip() else -math.inf
        high = number(last) if last.strip() else math.inf
        if low > high and isinstance(low, Percent) is not isinstance(high, Percent):
            msg = "one end has a percent sign, give it to both, such as 40%:60%"
            raise ValueError(msg)
        return Range(low, high)
    if isinstance(value, (list, tuple)):
        low, high = value
        return Range(number(low), number(high))
    exact = number(value)
    return Range(exact, exact)


def limit_of(key: str) -> tuple[str, str] | None:
    """Return the limit that a key names, and of whom: ``upper NVDA`` is the limit upper of NVDA.

    None where it names no limit. The label is as it was written, since a ticker may have a hyphen.
    """
    words = option_name(key).split("_")
    for length in range(len(words), 0, -1):
        name = "_".join(words[:length])
        if name in _READERS and (length == len(words) or name in _BY_NAME):
            return name, key.strip()[len(name) :].strip() if length < len(words) else ""
    return None


def _by_name(read: Callable[[Any], Any], label: Callable[[str], str]) -> Callable[[Any], dict[str, Any]]:
    def read_all(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            return {ALL: read(value)}
        found: dict[str, Any] = {}
        for key, one in value.items():
            name = ALL if key == ALL else label(str(key))
            if name in found:
                msg = f"{name} is given twice, keep one of the two"
                raise ValueError(msg)
            found[name] = read(one)
        return found

    return read_all


def _cost(value: Any) -> float:
    """Read a cost in basis points; one in decimals is far smaller than any that is paid."""
    cost = unsigned(value, "in basis points")
    if 0.0 < cost < SMALLEST_COST:
        msg = f"it is in basis points, {cost / BASIS_POINT:g} for a cost of {cost:.2%}"
        raise ValueError(msg)
    return cost


def limited_groups(given: Mapping[str, Any]) -> set[str]:
    """Return the names of the groups that have a limit, in plain values as of ``from_mapping``."""
    return {
        str(group).strip()
        for key, value in given.items()
        for name, label in (limit_of(str(key)) or ("", ""),)
        if name in _OF_GROUPS
        for group in ([label] if label else value if isinstance(value, Mapping) else ())
    }


def _with_known_groups(
    given: Mapping[str, Any], limited: Collection[str], known: Mapping[str, Sequence[str]]
) -> Mapping[str, Any]:
    """Return the limits with the tickers of limited groups that they do not define and that are known."""
    own = given.get("groups", {})
    if not known or not isinstance(own, Mapping):
        return given
    by_name: dict[str, tuple[str, ...]] = {}
    for name, members in known.items():
        by_name[name.casefold()] = (*by_name.get(name.casefold(), ()), *members)
    undefined = sorted(name for name in limited if name not in own)
    for name in undefined:
        if name.casefold() not in by_name:
            msg = (
                f"The limit of group {name} has no tickers. Name them under groups, or choose a group of the "
                f"portfolio: {listing(sorted(known))}."
            )
            raise InputError(msg)
    found = {name: by_name[name.casefold()] for name in undefined}
    return {**given, "groups": {**own, **found}} if found else given


def _grouped(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the same limits with every row of groups as group to tickers.

    A row is of a group and its tickers, or of a ticker and its group. It is of a group where the limits name
    that group, or where it lists several tickers.
    """
    limited = limited_groups(given)
    plain: dict[str, Any] = {}
    groups: dict[str, tuple[str, ...]] = {}
    for key, value in given.items():
        name, label = limit_of(str(key)) or ("", "")
        rows = {label: value} if label else value
        if name != "groups" or not isinstance(rows, Mapping):
            plain[key] = value
            continue
        for row, one in rows.items():
            group, members = _group_of(str(row).strip(), one, limited)
            groups[group] = (*groups.get(group, ()), *members)
    return {**plain, "groups": groups} if groups else plain


def _group_of(row: str, value: Any, limited: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Return a group and the tickers that one row adds to it."""
    try:
        listed = tickers(value)
        if row in limited or not isinstance(value, str) or len(listed) > 1:
            return row, listed
        return value.strip(), (normalise(row),)
    except (TypeError, ValueError) as error:
        msg = f"The group {row} is {value!r:.60}: {error}."
        raise InputError(msg) from None


def _groups(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        msg = "give a mapping of group to tickers, or of ticker to group"
        raise TypeError(msg)
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "long_only": yes_or_no,
    "lower": _by_name(number, normalise),
    "upper": _by_name(number, normalise),
    "upper_outside_etf": number,
    "frozen": tickers,
    "universe": lambda value: choice(Universe, value, "universe"),
    "net": interval,
    "beta": _by_name(interval, str.strip),
    "turnover": number,
    "gross": number,
    "groups": _groups,
    "group_limits": _by_name(interval, str.strip),
    "group_upper": _by_name(number, str.strip),
    "cost_bp": _cost,
    "risk_aversion": lambda value: unsigned(value, "a price of risk"),
    "max_trades": count,
    "min_trade": number,
}

_OF_GROUPS = frozenset({"group_limits", "group_upper"})
"""Limits by group."""

_BY_NAME = frozenset({"lower", "upper", "beta", "groups"}) | _OF_GROUPS
"""Limits by name, ETF or group."""
