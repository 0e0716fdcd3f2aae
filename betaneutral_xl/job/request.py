"""What is required of the answer: the one parser of targets, limits, methods and policies.

Every front end passes named values as they were typed - texts of a command line, cells of a sheet, a TOML
file, a snapshot's parameters, Python objects - and gets the same ``Request``, or the same error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.hedging import EXACT, Legs
from betaneutral_xl.engine.order_terms import FRACTIONAL_LOT, PARTICIPATION, Tradable, is_lot
from betaneutral_xl.engine.result import Method
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.errors import InputError
from betaneutral_xl.job.mandate import Mandate, canonical
from betaneutral_xl.job.options import BY_NAME, REQUESTED, Section, of_section
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import UNLIMITED, Constraints, limit_of
from betaneutral_xl.model.values import beta_or_ticker, choice, number, option_name, require_sign, unsigned
from betaneutral_xl.system.words import did_you_mean, yes_or_no

if TYPE_CHECKING:
    from betaneutral_xl.engine.neutral import Target

LEGS = {"ridge": "ridge", "leg_limit": "limit", "sell_only": "sell_only"}
"""The options of the hedge ratios, and what they are called in ``Legs``."""

_NESTED = {"constraints": {}, "legs": {field: name for name, field in LEGS.items()}}
"""Records of options in snapshots of format 1, and what their keys are called now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is required of the answer; all of it has a default.

    Attributes
    ----------
    method
        How the weights are changed.
    target
        The beta to reach, decimal; a ticker of the risk model, for its own beta; or one of these by ETF.
    constraints
        Limits on the new weights, for the methods that reweight.
    legs
        Limits on the hedge ratios, for ``hedge``.
    objective
        What ``reweight`` minimises.
    on_missing, etf_on_missing
        What to do about held names, and about names of the ETFs, without risk data.
    market
        The market to hedge besides the ETFs: a ticker, or the name of a file; empty for none.
    market_share
        The share of its leg, 0 to 1.
    tolerance
        How far from its target the beta may be before it is worth trading; None where that is not stated.
    mandate
        The standing rules that the request is made under, if it is.
    departures
        What the request has otherwise than its mandate, one line each.

    """

    method: Method = Method.HEDGE
    target: Target = 0.0
    constraints: Constraints = UNLIMITED
    legs: Legs = EXACT
    objective: Objective = Objective.STABLE
    on_missing: OnMissing = OnMissing.ERROR
    etf_on_missing: OnMissing = OnMissing.DROP
    market: str = ""
    market_share: float = 1.0
    tolerance: float | None = None
    mandate: Mandate | None = None
    departures: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        options: Mapping[str, Any],
        etfs: Sequence[str] = (),
        groups: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> Request:
        """Read named values as they were typed.

        Names may have blanks or hyphens, and limits are as of ``Constraints.from_mapping``; ``None`` is a
        value that was not given. ``etfs`` are the names of the ETFs, for targets that are given in their
        order, and ``groups`` the tickers of the groups that the portfolio has, such as its sectors.

        Raises
        ------
        InputError
            If there is no option of a name, a value cannot be read, or two contradict each other.

        """
        mandate, own_options = _under_mandate(options)
        if mandate is not None:
            cls._require(mandate, etfs, groups)
            request = cls.parse(mandate.under(own_options), etfs, groups)
            return replace(request, mandate=mandate, departures=mandate.departures(own_options))
        own, limits = _sorted(own_options)
        return cls(
            method=choice(Method, own.get("method", Method.HEDGE), "method"),
            target=parse_target(own.get("target"), etfs),
            constraints=Constraints.from_mapping(limits, groups),
            legs=_legs(own),
            objective=choice(Objective, own.get("objective", Objective.STABLE), "objective"),
            on_missing=choice(OnMissing, own.get("on_missing", OnMissing.ERROR), "policy on_missing"),
            etf_on_missing=choice(
                OnMissing, own.get("etf_on_missing", OnMissing.DROP), "policy etf_on_missing"
            ),
            market=market_name(own.get("market")),
            market_share=_market_share(own),
            tolerance=_tolerance(own.get("tolerance")),
        )

    @classmethod
    def _require(cls, mandate: Mandate, etfs: Sequence[str], groups: Mapping[str, Sequence[str]]) -> None:
        """Refuse a mandate whose rules cannot be read, with its name."""
        try:
            cls.parse(mandate.under({}), etfs, groups)
            mandate.require_limits()
        except InputError as error:
            msg = f"The mandate {mandate.label}: {error}"
            raise InputError(msg) from None

    def replace(self, **changes: Any) -> Request:
        """Return the same request with some parts changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """How new weights become orders.

    Attributes
    ----------
    nav
        Net asset value, base currency; None for the holdings' own.
    min_notional
        Trades of less value are left out, base currency.
    lot
        Shares in a lot: a whole number, or a fraction of one.
    trade
        What is traded: the names, or for a hedge the ETFs.
    cost_bp
        Cost of a trade, in basis points, where the request itself states none.
    keep_cash
        Least cash after the orders, a decimal of net asset value; None for no such limit.
    participation
        Share of a day's volume that may be traded, decimal: it gives the days to trade.

    """

    nav: float | None = None
    min_notional: float = 0.0
    lot: float = 1
    trade: Tradable = Tradable.NAMES
    cost_bp: float = 0.0
    keep_cash: float | None = None
    participation: float = PARTICIPATION

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> OrderTerms:
        """Read the terms as they were typed; ``None`` is one that was not given.

        Raises
        ------
        InputError
            If one cannot be read, or has no meaning.

        """
        given = {name: value for name, value in options.items() if value is not None and name in _TERMS}
        fields = {_TERMS[name][0]: _TERMS[name][1](value) for name, value in given.items()}
        return cls(**fields)


def read_as(what: str, value: Any, read: Callable[[Any], float], advice: str = "") -> float:
    """Read a number, or raise ``InputError``, which says of what it is none."""
    try:
        return read(value)
    except (TypeError, ValueError) as error:
        msg = f"The {what} is {value!r:.60}: {error}.{advice}"
        raise InputError(msg) from None


def _legs(own: Mapping[str, Any]) -> Legs:
    read: dict[str, Any] = {
        LEGS[name]: read_as(
            f"option {LEGS[name]} of the legs", value, yes_or_no if name == "sell_only" else number
        )
        for name, value in own.items()
        if name in LEGS
    }
    return Legs(**read)


def net_asset_value(value: Any) -> float:
    """Read a net asset value, base currency.

    Raises
    ------
    InputError
        If it is no positive amount.

    """
    amount = _amount("net asset value", value)
    if not 0.0 < amount < math.inf:
        msg = f"The net asset value is {amount:,.12g}. Give a positive amount, or leave it out."
        raise InputError(msg)
    return amount


def _min_notional(value: Any) -> float:
    amount = _amount("smallest order", value)
    if not 0.0 <= amount < math.inf:
        msg = f"The smallest order is {amount:,.12g}. Give zero or more."
        raise InputError(msg)
    return amount


def _amount(what: str, value: Any) -> float:
    amount = read_as(what, value, lambda one: unsigned(one, "an amount of money"), " Give a positive amount.")
    if isinstance(value, str) and any(one in _CURRENCY_SIGNS or one in _CODES for one in value):
        msg = f"The {what} is {value!r:.60}: it is in the base currency, so give a number alone."
        raise InputError(msg)
    return amount


_CURRENCY_SIGNS = "$€£¥₩₹"
_CODES = frozenset(ascii_uppercase) - {"E"}
"""Letters of a currency's code beside a number that was read; E is that of 1E6."""

FRACTIONAL = "fractional"
"""The word for a lot of ten-thousandths of a share."""


def _lot(value: Any) -> float:
    if isinstance(value, str) and value.strip().lower() == FRACTIONAL:
        return FRACTIONAL_LOT
    size = read_as("lot", value, lambda one: unsigned(one, "a number of shares"))
    if not is_lot(size):
        msg = (
            f"The lot is {size:g}. Give a whole number of shares, a fraction of one such as 0.001, or "
            f"{FRACTIONAL}; or leave it out."
        )
        raise InputError(msg)
    return int(size) if size >= 1.0 else size


def _cost(value: Any) -> float:
    return Constraints.from_mapping({"cost_bp": value}).cost_bp


def _keep_cash(value: Any) -> float:
    share = read_as("cash to keep", value, number)
    require_sign("The cash to keep", share, 1.0)
    if not 0.0 <= share <= 1.0:
        msg = f"The cash to keep is {share:.6g}. Give a share of net asset value from 0 to 100%."
        raise InputError(msg)
    return float(share)


def _participation(value: Any) -> float:
    share = float(read_as("share of a day's volume", value, number, " Give a share such as 10%."))
    if not 0.0 < share <= 1.0:
        msg = f"The share of a day's volume is {share:g}. Give one above 0 and up to 100%, such as 10%."
        raise InputError(msg)
    return share


_TERMS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "order_nav": ("nav", net_asset_value),
    "min_notional": ("min_notional", _min_notional),
    "lot": ("lot", _lot),
    "trade": ("trade", lambda value: choice(Tradable, value, "kind of orders")),
    "keep_cash": ("keep_cash", _keep_cash),
    "participation": ("participation", _participation),
    "cost_bp": ("cost_bp", _cost),
}
"""The options of orders: their fields of ``OrderTerms``, and their readers."""


def with_arguments(options: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return named options together with those that a function has arguments of its own for.

    Raises
    ------
    InputError
        If an option is given as both; ``None`` is an argument that was not given.

    """
    given = {name: value for name, value in arguments.items() if value is not None}
    for key in options:
        if option_name(str(key)) in given:
            msg = f"The option {key} is given twice, among the constraints and as an argument. Keep one."
            raise InputError(msg)
    return {**options, **given}


def beyond_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are not at their default, as a sheet has those that nobody chose."""
    return {key: value for key, value in options.items() if not _is_default(option_name(str(key)), value)}


def _is_default(name: str, value: Any) -> bool:
    """Whether a value is what holds without it, as a sheet or a keyword has it."""
    default = BY_NAME[name].default if name in BY_NAME else None
    single = value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
    if default is None or isinstance(single, bool):
        return False
    if isinstance(single, str) and isinstance(default, str):
        return option_name(single) == option_name(default)
    return isinstance(single, (int, float)) and single == default


def _under_mandate(options: Mapping[str, Any]) -> tuple[Mandate | None, Mapping[str, Any]]:
    """Return the mandate that options name, and the others."""
    named = [key for key in options if option_name(str(key)) == "mandate"]
    if not named or options[named[0]] is None:
        return None, {key: value for key, value in options.items() if key not in named}
    others = {key: one for key, one in options.items() if key not in named and one is not None}
    return Mandate.of(options[named[0]]), canonical(others)


def _tolerance(value: Any) -> float | None:
    if value is None:
        return None
    width = read_as("tolerance", value, number, " Give a beta such as 0.05.")
    if not 0.0 < width <= 1.0:
        msg = f"The tolerance is {width:g}. Give a beta above 0 and up to 1, such as 0.05."
        raise InputError(msg)
    return width


def defaults() -> dict[str, Any]:
    """Return the options of method and target with what holds where they are not given."""
    return {one.name: one.default for one in of_section(Section.AIM) if one.default is not None}


def stored(options: Mapping[str, Any], mandate: Mandate | None) -> dict[str, Any]:
    """Return typed options as a snapshot keeps them: with today's defaults, which may change.

    A mandate is kept whole.
    """
    typed = canonical({key: one for key, one in options.items() if one is not None})
    if mandate is None:
        return {**defaults(), **typed}
    unsaid = {name: value for name, value in defaults().items() if name not in mandate.rules}
    return {**unsaid, **typed, "mandate": mandate.as_mapping()}


def names() -> tuple[str, ...]:
    """Return the names of all options that a request is made of."""
    return tuple(one.name for one in of_section(*(section for section in Section if section in REQUESTED)))


def _sorted(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split options into those of a request itself, by name, and those of limits, as they are written."""
    own: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for key, value in options.items():
        name = option_name(key)
        if value is None:
            continue
        if limit_of(key) is not None:
            limits[key] = value
        elif name not in names():
            nearest = did_you_mean(name, names())
            msg = f"There is no option {key!r:.60}.{nearest} The options are {', '.join(names())}."
            raise InputError(msg)
        elif name in own:
            msg = f"The option {name} is given twice. Keep one of the two."
            raise InputError(msg)
        else:
            own[name] = _single(name, value)
    return own, limits


def flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options on one level, which a snapshot of format 1 has on two."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        names_now = _NESTED.get(str(key))
        if names_now is None or not isinstance(value, Mapping):
            found[str(key)] = value
        else:
            found |= {names_now.get(str(name), str(name)): one for name, one in value.items()}
    return found


def market_name(value: Any) -> str:
    """Read the name of a market: a ticker, or a file's name; empty where none is given.

    Raises
    ------
    InputError
        If it is something else.

    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str):
        msg = f"The market is {value!r:.60}. Give a ticker such as IWV, or a fund's holdings file."
        raise InputError(msg)
    return value.strip()


def _market_share(own: Mapping[str, Any]) -> float:
    value = own.get("market_share")
    if value is None:
        return 1.0
    share = read_as("market share", value, number, " Give a number from 0 to 1, such as 0.5 or 50%.")
    if not 0.0 <= share <= 1.0:
        msg = f"The market share is {share:g}. Give a number from 0 (the ETF alone) to 1, such as 0.5 or 50%."
        raise InputError(msg)
    if not market_name(own.get("market")):
        msg = "A market share is given without a market. Name it too, such as IWV, or leave the share out."
        raise InputError(msg)
    return share


def _single(name: str, value: Any) -> Any:
    """Refuse values by name where an option has one value."""
    if isinstance(value, Mapping) and name != "target":
        (for_which,) = list(value)[:1] or [""]
        msg = f"The option {name} is given for {for_which!r:.40}, but it has one value for all."
        raise InputError(msg)
    return value


def parse_target(value: Any, etfs: Sequence[str] = ()) -> Target:
    """Read a target: a number, a ticker, or one of them for each ETF.

    Several are a mapping by ETF, texts ``ETF=BETA``, or a list in the order of the ETFs; one text may have
    several with semicolons between.

    >>> parse_target("50%"), parse_target("AI=0.1; CHIPS=IWV"), parse_target(["0.1", 0.2], ["AI", "CHIPS"])
    (Percent(0.5), {'AI': 0.1, 'CHIPS': 'IWV'}, {'AI': 0.1, 'CHIPS': 0.2})

    Raises
    ------
    InputError
        If a target can't be read, or there are several and not one for each ETF.

    """
    parts = _parts(value)
    if isinstance(parts, dict):
        return {name: _one_target(one) for name, one in parts.items()}
    if not parts:
        return 0.0
    if len(parts) == 1:
        return _one_target(parts[0])
    if len(parts) != len(etfs):
        shown = ", ".join(str(one) for one in parts)
        msg = (
            f"There are {len(parts)} targets ({shown:.80}) for {len(etfs) or 'an unknown number of'} ETFs. "
            "Give one, or one for each ETF."
        )
        raise InputError(msg)
    return {name: _one_target(one) for name, one in zip(etfs, parts, strict=True)}


def target_tickers(value: Any) -> tuple[str, ...]:
    """Return the tickers that a target names, which the risk model must cover."""
    parts = _parts(value)
    targets = [_one_target(one) for one in (parts.values() if isinstance(parts, dict) else parts)]
    return tuple(one for one in targets if isinstance(one, str))


def _parts(value: Any) -> list[Any] | dict[str, Any]:
    """Return targets in a list, or by ETF."""
    if isinstance(value, Mapping):
        return {str(name): one for name, one in value.items()} if set(value) != {"*"} else [value["*"]]
    several = value if isinstance(value, (list, tuple)) else [value]
    listed = [part for one in several for part in (one.split(";") if isinstance(one, str) else [one])]
    given = [one for one in listed if one is not None and not (isinstance(one, str) and not one.strip())]
    named = [one.partition("=") for one in given if isinstance(one, str) and "=" in one]
    if not named:
        return given
    by_etf = {name.strip(): beta for name, _, beta in named}
    if len(named) < len(given) or len(by_etf) < len(named):
        shown = ", ".join(str(one) for one in given)
        msg = f"The targets {shown:.80} do not fit together. Give one, or one ETF=BETA for each ETF."
        raise InputError(msg)
    return by_etf


def _one_target(value: Any) -> float | str:
    if isinstance(value, bool) or not isinstance(value, (str, float, int)):
        msg = f"The target is {value!r:.60}. Give a number such as 0.5 or 50%, or a ticker such as IWV."
        raise InputError(msg)
    try:
        read = beta_or_ticker(value)
    except OverflowError:
        msg = f"The target is {value!r:.20}..., which is too large. Give a beta such as 0.5."
        raise InputError(msg) from None
    if isinstance(read, float) and math.isnan(read):
        msg = f"The target is {value!r:.60}. Give a number such as 0.5 or 50%, or a ticker such as IWV."
        raise InputError(msg)
    return read
