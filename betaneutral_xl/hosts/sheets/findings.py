"""What a host needs on this machine, and whether it is there."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """A requirement of a host: its name, whether it is met, and details or what to do."""

    name: str
    fine: bool
    text: str


def met(name: str, text: str) -> Finding:
    """Return a requirement that is met, with details."""
    return Finding(name, fine=True, text=text)


def unmet(name: str, text: str) -> Finding:
    """Return a requirement that is not met, and what to do."""
    return Finding(name, fine=False, text=text)
