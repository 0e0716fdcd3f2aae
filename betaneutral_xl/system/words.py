"""Yes and no, in the words that people and spreadsheets use."""

from __future__ import annotations

YES = frozenset({"true", "yes", "y", "on", "1", "1.0", "t"})
NO = frozenset({"false", "no", "n", "off", "0", "0.0", "f"})


def yes_or_no(value: object) -> bool:
    """Read a truth value, the numbers 1 and 0, or text such as ``true``, ``no`` and ``on``.

    >>> yes_or_no("On"), yes_or_no(0.0), yes_or_no("FALSE")
    (True, False, False)

    Raises
    ------
    ValueError
        If it is something else.

    """
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, (str, int, float)) else ""
    if text not in YES | NO:
        msg = "give yes or no"
        raise ValueError(msg)
    return text in YES
