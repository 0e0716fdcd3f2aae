"""Answers of a front end: numbers by name, a refusal, or that the request is not supported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

RELATIVE, ABSOLUTE = 1e-9, 1e-9
"""Tolerances between front ends; the absolute one is for numbers that are zero up to rounding."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Weights, betas or shares by name."""

    by_name: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error message and, if the front end shows it, its kind (input, source, model, host)."""

    text: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class NotOffered:
    """The front end does not support the request."""


Answer = Numbers | Refusal | NotOffered


def agree(one: Answer, other: Answer) -> bool:
    """Return whether two front ends gave the same answer, or refused with the same kind of error."""
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
