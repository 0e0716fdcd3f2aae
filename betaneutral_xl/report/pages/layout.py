"""A printed page: rows of tables and paragraphs from the top, and charts that fill what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from betaneutral_xl.job.answer import AnswerPage
from betaneutral_xl.job.answer.lines import Light, TradeLine
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.report import style
from betaneutral_xl.report.cells import Canvas, Formula, Scalar, lookup_key
from betaneutral_xl.report.style import Look

Cell = tuple["Scalar | Formula", "Look"]
"""A value and its format."""

ROW, HEAD = 15.5, 19.0
"""Heights of a row and of a heading in points."""

RATIO = 1.04 * (297.0 - 38.1) / (210.0 - 25.4)
"""Height by width of what is printed on an A4 page, between the margins; rows print a little lower."""

POINTS_PER_CHARACTER, POINTS_PER_COLUMN = 5.25, 3.75
CENTIMETRE = 28.35
"""Sizes in points: of a character of a column's width, of its padding, and of a centimetre."""

CHARACTERS = 1.12
"""Characters of text in one character of width: text is narrower than digits."""

BLANK: Cell = (None, style.CELL)

LIGHTS = {
    Light.WITHIN: ("yes", style.CELL.replace(fill=style.GOOD, ink=style.GOOD_INK, bold=True, align="center")),
    Light.NEAR: (
        "yes, at it",
        style.CELL.replace(fill=style.CAUTION, ink=style.INK, bold=True, align="center"),
    ),
    Light.OVER: ("NO", style.CELL.replace(fill=style.BAD, ink=style.BAD_INK, bold=True, align="center")),
    Light.UNKNOWN: ("unknown", style.CELL.replace(ink=style.MUTED, align="center")),
}
"""Word and format of whether a limit holds; the word says it where there is no colour."""

SEVERITIES = {
    Severity.CHANGES: style.WARNING.replace(fill=style.BAD, ink=style.BAD_INK),
    Severity.CHECK: style.WARNING,
    Severity.NOTE: style.WARNING.replace(fill=style.SOFT),
}
"""Formats of warnings by what they matter."""


def rounded(value: float, digits: int = 9) -> float:
    """Return a number without what would show as -0.00."""
    return round(value, digits) + 0.0


class Page:
    """A sheet that is printed on one page."""

    def __init__(self, canvas: Canvas, widths: Sequence[float]) -> None:
        self.canvas, self.row = canvas, 1
        self._widths = list(widths)
        self._used = 0.0

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self._widths)

    def line(self, cells: Iterable[Cell], height: float = ROW) -> int:
        """Write one row, and return its number."""
        for column, (value, look) in enumerate(cells, start=1):
            self.canvas.put(self.row, column, value, look)
        self.canvas.height(self.row, height)
        self._used += height
        self.row += 1
        return self.row - 1

    def gap(self, height: float = 8.0) -> None:
        """Leave a row empty."""
        self.line((), height)

    def paragraph(self, text: Scalar | Formula, look: Look, *, size: float = 10.0) -> None:
        """Write text across the page, as high as it needs."""
        room = sum(self._widths) * CHARACTERS * 10.0 / size
        shown = text.value if isinstance(text, Formula) else text
        lines = 1 + int(len(str(shown)) // room)
        self.canvas.merge(self.row, 1, self.columns)
        self.canvas.paint(self.row, range(2, self.columns + 1), look)
        self.line([(text, look.replace(wrap=True))], lines * size * 1.35 + 4.0)

    def note(self, text: Scalar | Formula) -> None:
        """Write a remark across the page, in small italics."""
        self.paragraph(text, style.NOTE, size=9.0)

    def table(
        self, headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, texts: int = 1
    ) -> tuple[int, int]:
        """Write a table, and return its first and last row; the first columns are of text."""
        head = style.HEADING.replace(wrap=True)
        cells: list[Cell] = [
            (text, head.replace(align="left" if n < texts else "right")) for n, text in enumerate(headings)
        ]
        padding: list[Cell] = [("", head)] * (self.columns - len(cells))
        lines = max(1 + int(len(text) // width) for text, width in zip(headings, self._widths, strict=False))
        self.line([*cells, *padding], HEAD + 13.0 * (lines - 1))
        first = self.row
        for row in rows:
            self.line([*row, *[BLANK] * (self.columns - len(row))])
        return first, self.row - 1

    def rest(self) -> float:
        """Return the height in points that is left on the page."""
        return self._width() * RATIO - self._used

    def section(self, title: str) -> None:
        """Write the title of a part of the page."""
        self.gap()
        self.line([(title, style.SECTION)], 18.0)

    def charts(self, least: float, most: float) -> tuple[float, float]:
        """Reserve the rest of the page for charts, and return their whole width and height in centimetres.

        Where less than ``least`` points are left, the columns become wider, so that the page is printed
        smaller and still filled.
        """
        needed = (self._used + least) / RATIO
        if needed > self._width():
            factor = needed / self._width()
            self._widths = [width * factor for width in self._widths]
        height = min(max(self.rest(), least), most)
        self.line((), height / 2.0)
        self.line((), height / 2.0)
        return self._width() / CENTIMETRE, height / CENTIMETRE

    def finish(self) -> None:
        """Set widths, and print on one page."""
        canvas = self.canvas
        canvas.widths(self._widths)
        canvas.sheet.print_area = canvas.area(1, 1, self.row - 1, self.columns).local()
        canvas.sheet.page_setup.fitToHeight = 1
        canvas.sheet.page_setup.orientation = "portrait"
        canvas.sheet.print_options.horizontalCentered = True

    def _width(self) -> float:
        return sum(POINTS_PER_CHARACTER * width + POINTS_PER_COLUMN for width in self._widths)


def trade_cells(answer: AnswerPage, one: TradeLine, row: int) -> list[Cell]:
    """Return before, after, trade and value of the name in the first cell of a row."""
    place = f"MATCH({lookup_key(f'$A{row}', one.ticker)},ticker,0)"
    percent, signed = style.calculated(style.PERCENT), style.calculated(style.SIGNED_PERCENT)
    return [
        (Formula(f"INDEX(weight,{place})", one.before), percent),
        (Formula(f"INDEX(new_weight,{place})", one.after), percent),
        (Formula(f"INDEX(trade,{place})", one.trade), signed.replace(bold=True)),
        (answer.money(one.trade), style.from_python(style.MONEY)),
    ]


def heading_of(page: Page, title: str, subtitle: str) -> None:
    """Write the title of a page, and what it is about."""
    page.line([(title, style.TITLE)], 27.0)
    page.line([(subtitle, style.SUBTITLE)], 17.0)
