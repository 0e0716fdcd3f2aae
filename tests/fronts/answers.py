"""What a front end answers: numbers by name, a refusal, or that it does not offer what is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RELATIVE, ABSOLUTE = 1e-9, 1e-9
"""How near numbers of two front ends must be; the second for those that are zero but for rounding."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """An answer: weights, betas or shares, each with a name."""

    by_name: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong, in a line; its kind (input, source, model, host) where the front end shows it."""

    text: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Nothing: the front end has no way to put the question."""


Answer = Numbers | Refusal | NotOffered


def agree(one: Answer, other: Answer) -> bool:
    """Whether two front ends gave the same answer, or refused for the same kind of reason."""
    match one, other:
        case Numbers(), Numbers():
            return one.by_name.keys() == other.by_name.keys() and all(
                _near(number, other.by_name[name]) for name, number in one.by_name.items()
            )
        case Refusal(), Refusal():
            return one.kind is None or other.kind is None or one.kind == other.kind
    return isinstance(one, NotOffered) and isinstance(other, NotOffered)


def _near(one: float, other: float) -> bool:
    both = math.isnan(one) and math.isnan(other)
    return both or math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
