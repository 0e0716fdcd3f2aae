"""The workbook under construction: sheets, defined names, comparisons for the sheet Checks; and its bytes."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import openpyxl
from openpyxl.workbook.defined_name import DefinedName

from betaneutral_xl.report.cells import Area, Canvas, clean
from betaneutral_xl.report.style import FONT, MUTED, Styles
from betaneutral_xl.system.archives import packed, unpacked
from betaneutral_xl.system.words import shorten

if TYPE_CHECKING:
    from openpyxl.worksheet.header_footer import _HeaderFooterPart

LONGEST_MARGIN_TEXT = 70
"""Maximum characters of one part of a header or footer; the three parts share 255."""

LONGEST_SOURCES = 60
"""The same of the sources, which share the line of an upright page with version, sheet and page."""

FIRST_PARTS = ("[Content_Types].xml", "_rels/.rels")
"""Parts that readers expect first in the package."""

PROPERTIES = "docProps/core.xml"

_NO_CELLS = re.compile(rb"<sheetData\s*(?:/>|></sheetData>)")
_EXTENT = re.compile(rb'<dimension ref="[^"]*"')
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


@dataclass(frozen=True, slots=True)
class Compared:
    """A block of formulas and the block of Python's values to compare with.

    ``scale`` is the largest absolute value in Python; ``squared`` compares squares, because the root of
    a number near zero has only half of the digits; ``text`` compares texts.
    """

    label: str
    formulas: Area
    python: Area
    scale: float
    squared: bool = False
    text: bool = False


class Book:
    """The workbook; sheets appear in the order in which they are added.

    Title and day are the header of every page, sources and version its footer.
    """

    def __init__(self, *, title: str, as_of: str, sources: str, version: str) -> None:
        self._workbook = openpyxl.Workbook()
        self._workbook.remove(self._workbook.worksheets[0])
        self._styles = Styles(self._workbook)
        self._header, self._footer = (title, as_of), (sources, version)
        self.canvases: list[Canvas] = []
        self.compared: list[Compared] = []
        self.tables = 0

    def sheet(self, name: str, *, tab: str, annex: bool = True) -> Canvas:
        """Add a sheet set up for A4 pages, fitted to the page width, without grid lines.

        Every page of the annex has the sheet's name as its title.
        """
        sheet = self._workbook.create_sheet(name)
        sheet.sheet_view.showGridLines = False
        sheet.sheet_properties.tabColor = tab
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        page = sheet.page_setup
        page.paperSize = sheet.PAPERSIZE_A4
        page.fitToWidth, page.fitToHeight = 1, 0
        for side in ("left", "right"):
            setattr(sheet.page_margins, side, 0.5)
        sheet.page_margins.top = sheet.page_margins.bottom = 0.75
        sheet.page_margins.header = sheet.page_margins.footer = 0.35
        title, as_of = self._header
        sources, version = self._footer
        for part, text, longest in (
            (sheet.oddHeader.left, title, LONGEST_MARGIN_TEXT),
            (sheet.oddHeader.right, as_of, LONGEST_MARGIN_TEXT),
            (sheet.oddFooter.left, sources, LONGEST_SOURCES),
            (sheet.oddFooter.right, version, LONGEST_MARGIN_TEXT),
        ):
            _write_margin(part, shorten(clean(text), longest).replace("&", "&&"))
        if annex:
            _write_margin(sheet.oddHeader.center, "&A")
            sheet.oddHeader.center.font, sheet.oddHeader.center.size = f"{FONT},Bold", 12
        sheet.oddFooter.right.text += "; &A, page &P"
        canvas = Canvas(sheet, self._styles)
        self.canvases.append(canvas)
        return canvas

    def define(self, name: str, area: Area) -> None:
        """Define a name for a block of cells, for use in formulas."""
        self._workbook.defined_names[name] = DefinedName(name, attr_text=str(area))

    def describe(self, *, title: str, subject: str, comments: str, version: str, at: datetime) -> None:
        """Set the document's properties."""
        properties = self._workbook.properties
        properties.title, properties.subject, properties.description = (
            clean(text) for text in (title, subject, comments)
        )
        properties.creator = properties.lastModifiedBy = f"betaneutral_xl {version}"
        properties.category = "Portfolio risk report"
        properties.keywords = "beta neutral; hedge; ETF; risk"
        properties.created = at.replace(tzinfo=None)

    def to_bytes(self, written_at: datetime) -> bytes:
        """Return the bytes of the ``.xlsx`` file, the same for the same report and time stamp.

        openpyxl saves everything but the cells, which are inserted here.
        """
        self._styles.close()
        self._workbook.active = 0
        draft = io.BytesIO()
        self._workbook.save(draft)
        parts = unpacked(draft.getvalue())
        for n, canvas in enumerate(self.canvases, start=1):
            name = f"xl/worksheets/sheet{n}.xml"
            parts[name] = _with_cells(parts[name], canvas)
        stamp = written_at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        parts[PROPERTIES] = _MODIFIED.sub(rb"\g<1>" + stamp, parts[PROPERTIES])
        return packed(sorted(parts.items(), key=lambda part: (part[0] not in FIRST_PARTS, part[0])))


def _write_margin(part: _HeaderFooterPart, text: str) -> None:
    part.text, part.font, part.size, part.color = text, f"{FONT},Regular", 8, MUTED


def _with_cells(part: bytes, canvas: Canvas) -> bytes:
    rows = canvas.rows_xml()
    part, found = _NO_CELLS.subn(lambda _: b"<sheetData>" + rows + b"</sheetData>", part, count=1)
    if found != 1:
        msg = f"openpyxl wrote the sheet {canvas.title} without an empty sheetData element"
        raise RuntimeError(msg)
    return _EXTENT.sub(f'<dimension ref="{canvas.extent()}"'.encode(), part, count=1)
