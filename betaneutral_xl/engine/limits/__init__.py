"""Limits on the new weights, a class each, and the problem that they make together.

``limits_of`` makes them from ``Constraints``. Each knows its terms of the problem (``formulation``), its
checks, its relaxations (``reachable``) and its words, so that a new limit is one class in ``names``,
``sums`` or ``trades``, one field of ``Constraints`` and one row of ``job.options``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from betaneutral_xl.engine.limits import names, sums, trades
from betaneutral_xl.engine.limits.limit import WITH, Limit, NewWeights, Reading, Unit
from betaneutral_xl.errors import listing

if TYPE_CHECKING:
    from betaneutral_xl.engine.checks import Check
    from betaneutral_xl.model.constraints import Constraints

__all__ = ["Limit", "NewWeights", "Reading", "Unit"]

LIMITS: tuple[type[Limit], ...] = (*names.LIMITS, *sums.LIMITS, *trades.LIMITS)
"""Every class of limits, in the order in which limits are described and checked."""


def limits_of(constraints: Constraints) -> tuple[Limit, ...]:
    """Return the limits that constraints set, and the one on net exposure, which always holds."""
    return tuple(limit for kind in LIMITS for limit in kind.of(constraints))


def check(limits: Sequence[Limit], new: NewWeights) -> tuple[Check, ...]:
    """Return the checks of new weights by every limit."""
    return tuple(one for limit in limits for one in limit.checks(new))


def readings(limits: Sequence[Limit], new: NewWeights) -> tuple[Reading, ...]:
    """Return the numbers that every limit bounds, of new weights."""
    return tuple(one for limit in limits for one in limit.readings(new))


def sentences(limits: Sequence[Limit]) -> tuple[str, ...]:
    """Describe the limits that are set, one line each."""
    return tuple(line for limit in limits for line in limit.sentences())


def describe(limits: Sequence[Limit]) -> str:
    """Describe the limits that may bind, for use in a sentence: ``long only with at most 5% a name``."""
    phrases = dict.fromkeys(filter(None, (limit.phrase() for limit in limits)))
    words = [one for one in phrases if not one.startswith(WITH)]
    nouns = [one.removeprefix(WITH) for one in phrases if one.startswith(WITH)]
    if nouns:
        words.append(f"{WITH}{listing(nouns, limit=len(nouns))}")
    return " ".join(words) or "with the net exposure kept"
