"""How each limit of the package is relaxed, by the name of its ``Relaxation``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.model.constraints import ALL, Constraints, Range, Universe
from betaneutral_xl.model.values import Percent

if TYPE_CHECKING:
    from betaneutral_xl.model.alignment import Aligned


def eased(constraints: Constraints, name: str, amount: float, aligned: Aligned) -> Constraints:
    """Return constraints with one limit relaxed by what a ``Relaxation`` says."""
    ease = EASED[name.partition(" of group ")[0]]
    return ease(constraints, amount * (1.0 + 1e-6) + 1e-9, name.rpartition(" of group ")[2], aligned)


def _wider(one: Range, amount: float) -> Range:
    return Range(Percent(one.low - amount), Percent(one.high + amount))


def _more_cash(c: Constraints, amount: float, _: str, aligned: Aligned) -> Constraints:
    kept = float(aligned.weights.sum())
    net = c.net or Range(kept, kept)
    return replace(c, net=Range(Percent(net.low - amount), net.high))


EASED: dict[str, Callable[[Constraints, float, str, Aligned], Constraints]] = {
    "long_only": lambda c, by, _, __: replace(c, long_only=False, lower={ALL: Percent(-by)}),
    "lower": lambda c, by, _, __: replace(c, lower={n: Percent(v - by) for n, v in c.lower.items()}),
    "upper": lambda c, by, _, __: replace(c, upper={n: Percent(v + by) for n, v in c.upper.items()}),
    "upper_outside_etf": lambda c, by, _, __: replace(c, upper_outside_etf=Percent(c.upper_outside_etf + by)),
    "cap": lambda c, by, group, __: replace(
        c, group_upper={**c.group_upper, group: Percent(c.group_upper[group] + by)}
    ),
    "net": _more_cash,
    "turnover": lambda c, by, _, __: replace(c, turnover=Percent(by)),
    "gross": lambda c, by, _, __: replace(c, gross=Percent(by)),
    "weight": lambda c, by, group, __: replace(
        c, group_limits={**c.group_limits, group: _wider(c.group_limits[group], by)}
    ),
    "universe": lambda c, _, __, ___: replace(c, universe=Universe.UNION, frozen=()),
}
"""How each limit is relaxed by an amount, by the name that its ``Relaxation`` has."""
