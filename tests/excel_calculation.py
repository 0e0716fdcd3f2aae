"""The calculation of formulas that call our functions, for the Excel that stands in below office.js.

It knows what the template's formulas have: our functions, IF, names, cells, constants, ``&``, ``=``, ``<>``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token
from openpyxl.utils import get_column_letter, range_boundaries

from betaneutral_xl.hosts.sheets.functions import BY_NAME

if TYPE_CHECKING:
    Call = Callable[[str, Sequence["Rows"], Sequence[str | None]], "Rows"]

Rows = list[list[Any]]

CALL = re.compile(rf"(?<![\w.])(?:{'|'.join(BY_NAME)})\(")
"""A call of one of our functions, as Excel shows it."""


class Calculation:
    """The values of formulas.

    Parameters
    ----------
    sheets
        By name, rows of values; None is a blank cell, "" the text that a formula gave.
    names
        Areas, with rows and columns from 0.
    call
        Calls a function of the add-in with values and their addresses.

    """

    def __init__(
        self, sheets: Mapping[str, Rows], names: Mapping[str, Mapping[str, Any]], call: Call
    ) -> None:
        self._sheets, self._names, self._call = sheets, names, call

    def rows(self, formula: str, sheet: str) -> Rows:
        """Return the rows of a formula that stands on a sheet."""
        tokens = [one for one in Tokenizer(formula).items if one.type != Token.WSPACE]
        rows, _ = self._comparison(tokens, sheet)
        assert not tokens, formula
        return rows

    def enter(self, sheet: str, row: int, column: int, formula: str) -> Rows:
        """Return the rows of a formula in a cell, and let other formulas see them; counted from 0."""
        rows, cells = self.rows(formula, sheet), self._sheets[sheet]
        cells.extend([] for _ in range(row + len(rows) - len(cells)))
        for line, given in zip(cells[row:], rows, strict=False):
            line.extend([None] * (column + len(given) - len(line)))
            line[column : column + len(given)] = given
        return rows

    def _comparison(self, tokens: list[Token], sheet: str) -> tuple[Rows, str | None]:
        left, address = self._joined(tokens, sheet)
        while tokens and tokens[0].value in {"=", "<>"}:
            sign = tokens.pop(0).value
            right, _ = self._joined(tokens, sheet)
            left, address = [[(_text(left) == _text(right)) == (sign == "=")]], None
        return left, address

    def _joined(self, tokens: list[Token], sheet: str) -> tuple[Rows, str | None]:
        left, address = self._operand(tokens, sheet)
        while tokens and tokens[0].value == "&":
            tokens.pop(0)
            right, _ = self._operand(tokens, sheet)
            left, address = [[_text(left) + _text(right)]], None
        return left, address

    def _operand(self, tokens: list[Token], sheet: str) -> tuple[Rows, str | None]:
        token = tokens.pop(0)
        if token.type == Token.FUNC:
            return self._function(token.value[:-1], self._arguments(tokens, sheet)), None
        match token.subtype:
            case Token.TEXT:
                return [[token.value[1:-1].replace('""', '"')]], None
            case Token.NUMBER:
                return [[float(token.value)]], None
            case Token.LOGICAL:
                return [[token.value == "TRUE"]], None
        assert token.subtype == Token.RANGE, token.value
        return self._area(token.value, sheet)

    def _arguments(self, tokens: list[Token], sheet: str) -> list[tuple[Rows, str | None]]:
        found = []
        while tokens[0].subtype != Token.CLOSE:
            found.append(self._comparison(tokens, sheet))
            if tokens[0].type == Token.SEP:
                tokens.pop(0)
        tokens.pop(0)
        return found

    def _function(self, name: str, given: list[tuple[Rows, str | None]]) -> Rows:
        if name in {"TRUE", "FALSE"}:  # as Calc writes them
            return [[name == "TRUE"]]
        if name == "IF":
            ((condition,),), yes, no = (rows for rows, _ in given)
            return yes if condition else no
        return self._call(name, [rows for rows, _ in given], [address for _, address in given])

    def _area(self, text: str, sheet: str) -> tuple[Rows, str | None]:
        if (named := self._names.get(text)) is not None:
            sheet, top, left = named["sheet"], named["row"], named["column"]
            bottom, right = top + named["height"] - 1, left + named["width"] - 1
        else:
            place, _, area = text.replace("$", "").rpartition("!")
            sheet = place.strip("'") or sheet
            left, top, right, bottom = (int(end or 0) - 1 for end in range_boundaries(area))
        rows = self._sheets[sheet]
        cells = [[_at(rows, i, j) for j in range(left, right + 1)] for i in range(top, bottom + 1)]
        # As the add-in is given blanks on the Mac and on Windows; the address tells them from zeros.
        given = [[0 if cell is None else cell for cell in row] for row in cells]
        return given, f"{sheet}!{_address(top, left)}:{_address(bottom, right)}"


def _at(rows: Rows, row: int, column: int) -> Any:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else None


def _text(rows: Rows) -> str:
    """Return a value as a text; a blank is given as 0 and is an empty text."""
    ((value,),) = rows
    whole = isinstance(value, float) and value.is_integer()
    return "" if value in (0, None) else str(int(value) if whole else value)


def _address(row: int, column: int) -> str:
    return f"{get_column_letter(column + 1)}{row + 1}"
