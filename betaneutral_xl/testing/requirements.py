"""How a contract fails."""

from __future__ import annotations


def require(condition: object, promise: str) -> None:
    """Raise ``AssertionError`` with a promise that is not kept, under ``python -O`` too."""
    if not condition:
        msg = f"not kept: {promise}"
        raise AssertionError(msg)
