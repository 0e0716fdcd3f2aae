"""Rows of single numbers: a named formula and the value computed in Python."""

from __future__ import annotations

from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book, Compared
from betaneutral_xl.report.cells import Canvas, Formula
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet, write_headings

HEADINGS = ("Measure", "By formula", "In Python", "Name", "Definition")
VALUE, PYTHON = 2, 3

LARGE = 1e3
"""Numbers from here on are amounts of money, with two decimals."""


class Measures:
    """A sheet with one number per row."""

    def __init__(self, book: Book, canvas: Canvas) -> None:
        self._book, self._canvas = book, canvas
        self._row = FIRST_ROW
        number = style.calculated(style.EXACT)
        write_headings(canvas, HEADINGS, (style.TEXT, number, number, style.TEXT, style.TEXT))
        canvas.widths([38, 19, 19, 24, 72])

    def section(self, title: str) -> None:
        """Start a group of rows."""
        if self._row > FIRST_ROW:
            self._row += 1
        self._canvas.put(self._row, 1, title, style.SECTION)
        self._row += 1

    def add(
        self,
        name: str,
        label: str,
        formula: str | None,
        value: float,
        definition: str,
        *,
        squared: bool = False,
        count: bool = False,
    ) -> None:
        """Write one number; without a formula, only Python's value, which then gets the name."""
        canvas, row = self._canvas, self._row
        canvas.put(row, 1, label, style.LABEL)
        shown = style.WHOLE if count else style.EXACT if abs(value) < LARGE else style.PRICE
        exact, grey = style.calculated(shown), style.from_python(shown)
        canvas.put(row, VALUE, None if formula is None else Formula(formula, value), exact)
        canvas.put(row, PYTHON, value, grey)
        canvas.put(row, 4, name, style.from_python("General").replace(indent=1))
        canvas.put(row, 5, definition, style.NOTE)
        self._book.define(name, canvas.area(row, PYTHON if formula is None else VALUE))
        if formula is not None:
            scale = value**2 if squared else abs(value)
            here, python = canvas.area(row, VALUE), canvas.area(row, PYTHON)
            self._book.compared.append(Compared(f"{label} ({name})", here, python, scale, squared=squared))
        self._row += 1

    def matrix(self, name: str, label: str, formulas: list[list[str]], values: list[list[float]]) -> None:
        """Write a named block of formulas, and Python's values next to it."""
        canvas, first = self._canvas, self._row
        rows, columns = len(values), len(values[0])
        python = VALUE + columns
        for i in range(rows):
            canvas.put(first + i, 1, label if not i else None, style.LABEL)
            for j in range(columns):
                exact = style.calculated(style.EXACT)
                canvas.put(first + i, VALUE + j, Formula(formulas[i][j], values[i][j]), exact)
                canvas.put(first + i, python + j, values[i][j], style.from_python(style.EXACT))
        here = canvas.area(first, VALUE, rows, columns)
        self._book.define(name, here)
        largest = max(abs(value) for row in values for value in row)
        self._book.compared.append(Compared(label, here, canvas.area(first, python, rows, columns), largest))
        self._row = first + rows

    def close(self) -> None:
        """Set up the page for printing."""
        finish_sheet(self._canvas, len(HEADINGS), self._row - 1)
