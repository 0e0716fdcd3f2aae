"""A mandate: a fund's standing rules, by the names of the table of options.

A run under a mandate has its rules wherever the run itself says nothing. What the run says otherwise holds,
and is reported as a departure. Limits that the chosen method cannot optimise under (a hedge sells whatever
the ETF holds) are not dropped: the result is checked against them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import BetaNeutralError, InputError
from betaneutral_xl.job.option_files import read_options
from betaneutral_xl.job.options import BY_NAME, REQUESTED, Kind, Section, of_section
from betaneutral_xl.model.constraints import ALL, Constraints, interval, limit_of
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import choice, number, option_name, tickers
from betaneutral_xl.system.files import shown_name
from betaneutral_xl.system.places import file_exists
from betaneutral_xl.system.words import did_you_mean, yes_or_no

FILE_NAME = "mandate.toml"
"""The file that the command line finds in the current folder."""

UNNAMED = "mandate"
"""What a mandate without a name and a file is called."""

OWN = ("name", "benchmark", "hard_to_borrow")
"""What a mandate has besides options: its name, the ticker that it is measured against, and the names that
are hard to borrow, so that no order may sell them short."""

_NOT_STANDING = frozenset({"mandate", "as_of", "nav", "order_nav"})
"""Options that are of one run, and no rule."""

_ONLY_REWEIGHT = frozenset({"objective", "cost_bp", "risk_aversion"})

_INSTEAD = {"target": "beta", "beta": "target"}
"""Options of which one replaces the other."""

_OTHER_SOURCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "holdings": ("holdings", "account", "fx", "fund"),
        "fund": ("holdings", "account", "fx", "fund"),
        "etf": ("etf", "etf_fund", "tickers"),
        "covariance": ("covariance", "covariance_unit", "prices", "estimator", "window", "drift_prices"),
        "prices": ("covariance", "covariance_unit", "prices", "drift_prices"),
    }
)
"""The sources of a mandate that a source of the run replaces."""

_SOURCES = (Section.PORTFOLIO, Section.ETFS, Section.RISK)


@dataclass(frozen=True, slots=True, eq=False)
class Mandate:
    """A fund's standing rules.

    Attributes
    ----------
    name
        What it is called.
    rules
        Values by the names of options, as they are written.
    location
        The name of its file; empty where it has none.
    benchmark
        The ticker that tracking error and beta are also measured against; empty where none is named.
    hard_to_borrow
        Tickers that may not be sold short.

    """

    name: str
    rules: Mapping[str, Any]
    location: str = ""
    benchmark: str = ""
    hard_to_borrow: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: Any) -> Mandate:
        """Return the mandate of a file, of a mapping, or itself.

        Raises
        ------
        InputError
            If there is no such file, or it has a key that is no rule.

        """
        if isinstance(value, cls):
            return value
        if isinstance(value, Mapping):
            return cls._of_mapping(value, str(value.get("location") or ""))
        if not isinstance(value, (str, Path)) or not str(value).strip():
            msg = f"The mandate is {value!r:.60}. Give the name of its file, such as {FILE_NAME}."
            raise InputError(msg)
        location = shown_name(value)
        found = cls._of_mapping(read_options(value), location)
        return replace(found, rules=_beside(found.rules, Path(str(value).partition("#")[0]).parent))

    @classmethod
    def _of_mapping(cls, written: Mapping[str, Any], location: str) -> Mandate:
        where = f"The mandate {location}" if location else "The mandate"
        try:
            rules = canonical({key: one for key, one in written.items() if key != "location"})
            own = {name: rules.pop(name, None) for name in OWN}
            rules |= {name: parts for name, value in rules.items() if (parts := _several(name, value))}
            for name, value in rules.items():
                _require_rule(name, value)
            return cls(
                name=_text("name", own["name"]) or Path(location).stem or UNNAMED,
                rules=MappingProxyType(rules),
                location=location,
                benchmark=normalise(_text("benchmark", own["benchmark"])) if own["benchmark"] else "",
                hard_to_borrow=tickers(own["hard_to_borrow"] or ()),
            )
        except (BetaNeutralError, TypeError, ValueError) as error:
            msg = f"{where}: {error}"
            raise InputError(msg) from None

    @property
    def label(self) -> str:
        """Its name, with that of its file."""
        return f"{self.name} ({self.location})" if self.location else self.name

    @property
    def constraints(self) -> Constraints:
        """All of its limits on the weights, whether or not a method optimises under them."""
        return Constraints.from_mapping(self.section(Section.LIMITS))

    def require_limits(self) -> None:
        """Raise ``InputError`` if its limits cannot be read, also those that its method has no use for."""
        _ = self.constraints

    def as_mapping(self) -> dict[str, Any]:
        """Return it as plain values, of which ``of`` makes it again."""
        own = {"name": self.name, "benchmark": self.benchmark, "hard_to_borrow": list(self.hard_to_borrow)}
        return {**{key: one for key, one in own.items() if one}, **self.rules, "location": self.location}

    def section(self, *sections: Section) -> dict[str, Any]:
        """Return its rules of some sections of the table of options."""
        names = [one.name for one in of_section(*sections)]
        return {name: self.rules[name] for name in names if name in self.rules}

    def method(self, typed: Mapping[str, Any]) -> Method:
        """Return the method of a run, which may have one of its own."""
        return choice(Method, typed.get("method") or self.rules.get("method") or Method.HEDGE, "method")

    def under(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is required of an answer: its rules that the method can keep, below a run's own.

        A limit by name adds to those of the mandate: 8% for one name leaves the others at its 5%.
        """
        method = self.method(typed)
        required = self.section(*(one for one in Section if one in REQUESTED))
        found = {
            name: value
            for name, value in required.items()
            if _applies(name, method) and _INSTEAD.get(name) not in typed
        }
        for name, value in typed.items():
            by_name = name in BY_NAME and BY_NAME[name].per and name != "target"
            found[name] = _below(name, found[name], value) if by_name and name in found else value
        return found

    def terms(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the terms of orders: its own with the cost of a trade, below those of a run."""
        cost = {"cost_bp": self.rules["cost_bp"]} if "cost_bp" in self.rules else {}
        return {
            **self.section(Section.ORDERS),
            **cost,
            **{name: one for name, one in typed.items() if one is not None},
        }

    def sources(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the sources of a run's inputs: its own, below those that the run names."""
        given = {name: value for name, value in typed.items() if value is not None}
        replaced = {other for name in given for other in _OTHER_SOURCES.get(name, ())}
        own = {
            name: [value] if BY_NAME[name].several and isinstance(value, str) else value
            for name, value in self.section(*_SOURCES).items()
            if name not in replaced
        }
        return {**own, **given}

    def unchosen(self, shown_defaults: Mapping[str, Any]) -> tuple[str, ...]:
        """Return which of a sheet's cells give way to a rule, one line each: a default is no choice."""
        return tuple(
            f"{_words(name).capitalize()} is {shown(self.rules[name])}, as in the mandate {self.name}; "
            f"the cell on the sheet has its default, {shown(value)}, and is not used."
            for name, value in shown_defaults.items()
            if name in self.rules and not _within(name, value, self.rules[name])
        )

    def departures(self, typed: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what a run has otherwise than the mandate, one line for each option."""
        lines = []
        for name, value in typed.items():
            if value is None or name not in BY_NAME:
                continue
            rule = self.rules.get(name)
            if rule is None and value == BY_NAME[name].default:
                continue  # a snapshot keeps what holds without it
            if rule is None:
                lines.append(f"{_words(name)} {shown(value)}, of which the mandate has none")
            elif not _within(name, value, rule):
                lines.append(f"{_words(name)} {shown(value)}, where the mandate has {shown(rule)}")
        return tuple(f"Departs from the mandate {self.name}: {line}." for line in lines)


def _beside(rules: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Return rules with their files named from where the mandate's own file is."""

    def placed(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [placed(one) for one in value]
        beside = folder / str(value).partition("#")[0]
        return str(folder / str(value)) if file_exists(beside) else value

    return MappingProxyType(
        {name: placed(one) if BY_NAME[name].kind is Kind.FILE else one for name, one in rules.items()}
    )


def ready() -> tuple[str, ...]:
    """Return the names of the mandates to start from."""
    from importlib.resources import files

    found = (Path(one.name) for one in files(__package__).joinpath("mandates").iterdir())
    return tuple(sorted(one.stem for one in found if one.suffix == ".toml"))


def ready_text(name: str) -> str:
    """Return the text of a mandate to start from.

    Raises
    ------
    InputError
        If there is none of that name.

    """
    wanted = option_name(name).replace("_", "-")
    if wanted not in ready():
        msg = f"There is no ready mandate {name!r:.40}. Choose one of {', '.join(ready())}."
        raise InputError(msg)
    from importlib.resources import files

    return files(__package__).joinpath("mandates", f"{wanted}.toml").read_text(encoding="utf-8")


def canonical(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options by their identifiers, with limits of single names together.

    >>> canonical({"Long only": True, "upper": "5%", "upper NVDA": "8%"})
    {'long_only': True, 'upper': {'*': '5%', 'NVDA': '8%'}}

    Raises
    ------
    InputError
        If one is given twice.

    """
    found: dict[str, Any] = {}
    for key, value in options.items():
        name, label = limit_of(str(key)) or (option_name(str(key)), "")
        if name not in found:
            found[name] = {label: value} if label else value
            continue
        more = {label: value} if label else _by_name(value)
        before = _by_name(found[name])
        if not (label or isinstance(found[name], Mapping)) or before.keys() & more.keys():
            msg = f"The option {key} is given twice. Keep one of the two."
            raise InputError(msg)
        found[name] = {**before, **more}
    return found


def shown(value: Any) -> str:
    """Return a value of an option as a message shows it.

    >>> shown({"*": "5%", "NVDA": "8%"}), shown(True), shown(["A", "B"])
    ('5%, NVDA 8%', 'yes', 'A, B')
    """
    if isinstance(value, Mapping):
        return ", ".join(shown(one) if key == ALL else f"{key} {shown(one)}" for key, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _several(name: str, value: Any) -> list[str]:
    """Return the parts of a text such as ``JHAI; BAI``, where an option takes several files or names."""
    one = BY_NAME.get(name)
    if one is None or not one.several or one.kind is Kind.TICKERS or not isinstance(value, str):
        return []
    parts = [part.strip() for part in value.split(";")]
    return [part for part in parts if part] if len(parts) > 1 else []


def _applies(name: str, method: Method) -> bool:
    """Whether a method has a use for an option."""
    if name in _ONLY_REWEIGHT:
        return method is Method.REWEIGHT
    if name in {"max_trades", "min_trade"} and method is Method.FEWEST_TRADES:
        return False
    if name in {"market", "market_share", "target"} and method is Method.SCALED:
        return False
    return method in BY_NAME[name].methods


def _by_name(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {ALL: value}


def _below(name: str, rule: Any, own: Any) -> dict[str, Any]:
    """Return limits by name: a rule's, with a run's own in place of those of the same names."""
    named = {_label(name, key) for key in _by_name(own)}
    kept = {key: one for key, one in _by_name(rule).items() if _label(name, key) not in named}
    return {**kept, **_by_name(own)}


def _label(name: str, key: Any) -> str:
    """Return the ticker, group or ETF of a limit by name as limits are read."""
    if key == ALL:
        return ALL
    return normalise(str(key)) if name in {"upper", "lower"} else str(key).strip()


def _words(name: str) -> str:
    return BY_NAME[name].words.lower()


def _require_rule(name: str, value: Any) -> None:
    rules = [one.name for one in of_section(*Section) if one.section is not Section.NETWORK]
    rules = [one for one in rules if one not in _NOT_STANDING]
    if name not in rules:
        nearest = did_you_mean(name, [*rules, *OWN])
        msg = f"there is no rule {name!r:.60}.{nearest} The rules are {', '.join([*OWN, *rules])}."
        raise InputError(msg)
    if BY_NAME[name].kind in {Kind.FILE, Kind.NAME}:
        values: Sequence[Any] = (
            value if isinstance(value, (list, tuple)) and BY_NAME[name].several else [value]
        )
        for one in values:
            _text(name, one)


def _text(name: str, value: Any) -> str:
    if value is not None and (not isinstance(value, str) or not value.isprintable()):
        msg = f"{name} is {value!r:.60}. Give a text."
        raise InputError(msg)
    return (value or "").strip()


def _within(name: str, value: Any, rule: Any) -> bool:
    """Whether a value of a run says the same as the rule, or a part of it."""
    mine, theirs = _comparable(name, value), _comparable(name, rule)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return all(key in theirs and theirs[key] == one for key, one in mine.items())
    return bool(mine == theirs)


def _comparable(name: str, value: Any) -> Any:
    """Return a value in a form in which equal ones are equal, however they are written."""
    if BY_NAME[name].per and not isinstance(value, (list, tuple)):
        return {_label(name, key): _single(name, one) for key, one in _by_name(value).items()}
    return _single(name, value)


_COMPARED: Mapping[Kind, Callable[[Any], Any]] = MappingProxyType(
    {
        Kind.TICKERS: lambda value: frozenset(tickers(value)),
        Kind.CHOICE: lambda value: option_name(str(value)),
        Kind.RANGE: interval,
    }
)
"""By kind, what reads a value into a form in which equal ones are equal."""


def _single(name: str, value: Any) -> Any:
    kind = BY_NAME[name].kind
    try:
        if kind is Kind.YES_NO:
            return value if isinstance(value, bool) else yes_or_no(str(value))
        if kind in _COMPARED:
            return _COMPARED[kind](value)
        if isinstance(value, (list, tuple)):
            return tuple(_single(name, one) for one in value)
        return float(number(value))
    except (BetaNeutralError, TypeError, ValueError):
        return str(value).strip()
