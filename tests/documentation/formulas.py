"""Formulas of a page, computed by the functions that Excel and Calc call, in the words of either."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.functions import FUNCTIONS

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows, Session

_CELL = re.compile(r"(?P<cell>[A-Z]+[0-9]+): *=(?P<formula>.*)")
_TOKEN = re.compile(
    r'\s*("(?:[^"]|"")*"|(?!TRUE|FALSE)[A-Z_]+(?=\()|[A-Z]+[0-9]+:[A-Z]+[0-9]+|[A-Z]+[0-9]+#?|'
    r"(?:TRUE|FALSE)(?:\(\))?|-?[0-9.]+%?|[(),;])"
)


class Sheet:
    """Cells with formulas, one a line, such as ``A1: =FETCH_HOLDINGS("demo")``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._functions = {one.name: one for one in FUNCTIONS}
        self._values: dict[str, Rows] = {}

    def enter(self, line: str) -> Rows:
        """Compute a line and keep its result for later lines."""
        match = _CELL.fullmatch(line.strip())
        assert match, f"{line!r} is no cell with a formula"
        tokens = _TOKEN.findall(match["formula"])
        assert "".join(tokens).replace(" ", "") == match["formula"].replace(" ", ""), line
        value, rest = self._value(["," if one == ";" else one for one in tokens])
        assert not rest, line
        self._values[match["cell"]] = value
        return self._values[match["cell"]]

    def _value(self, tokens: list[str]) -> tuple[Any, list[str]]:
        first, *rest = tokens
        if first in self._functions:
            return self._call(first, rest[1:])
        if first.startswith('"'):
            return first[1:-1].replace('""', '"'), rest
        if first.removesuffix("()") in {"TRUE", "FALSE"}:
            return first.startswith("TRUE"), rest
        if ":" in first:
            return self._table(first), rest
        if first.rstrip("#") in self._values:
            rows = self._values[first.rstrip("#")]
            return (rows if first.endswith("#") else rows[0][0]), rest
        return float(first), rest

    def _table(self, area: str) -> Rows:
        """Return the table in an area, which has to be all of it."""
        corner, _, last = area.partition(":")
        (left, top), (right, bottom) = _place(corner), _place(last)
        rows = self._values[corner]
        assert (len(rows), len(rows[0])) == (bottom - top + 1, right - left + 1), area
        return rows

    def _call(self, name: str, tokens: list[str]) -> tuple[Rows, list[str]]:
        arguments: list[Any] = []
        while tokens[0] != ")":
            if tokens[0] == ",":
                arguments.append(None)
                tokens = tokens[1:]
                continue
            value, tokens = self._value(tokens)
            arguments.append(value)
            if tokens[0] == ",":
                tokens = tokens[1:]
        return self._session.call(self._functions[name], *arguments), tokens[1:]


def _place(cell: str) -> tuple[int, int]:
    """Return the column and the row of a cell.

    >>> _place("AB12")
    (28, 12)
    """
    name = cell.rstrip("0123456789")
    column = sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(name)))
    return column, int(cell[len(name) :])
