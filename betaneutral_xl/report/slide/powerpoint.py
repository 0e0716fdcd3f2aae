"""The slide for PowerPoint and Impress, with text, table and charts to edit (the extra ``slides``)."""

from __future__ import annotations

import io
import math
from typing import Any

from betaneutral_xl.errors import MissingPackage
from betaneutral_xl.report import style
from betaneutral_xl.report.pictures import Kind, Picture
from betaneutral_xl.report.slide.content import LIGHT_FILLS, Slide
from betaneutral_xl.report.style import FONT
from betaneutral_xl.system.archives import packed, unpacked

WIDE, HIGH = 13.333, 7.5
"""Inches of a wide slide."""

WIDTHS = (3.0, 1.35, 1.35, 1.15, 0.75)
"""Inches of the columns of the table."""


def presentation(slide: Slide) -> bytes:
    """Return the slide as a ``.pptx`` file; the same slide gives the same bytes.

    Raises
    ------
    MissingPackage
        If python-pptx is not installed.

    """
    try:
        from pptx import Presentation
        from pptx.util import Inches
    except ImportError:
        msg = "A slide as .pptx needs the package python-pptx: pip install 'betaneutral-xl[slides]'."
        raise MissingPackage(msg) from None
    file = Presentation()
    file.slide_width, file.slide_height = Inches(WIDE), Inches(HIGH)
    page = file.slides.add_slide(file.slide_layouts[5])
    _head(page, slide)
    _table(page, slide)
    for n, (title, lines) in enumerate(slide.lists):
        box = (0.4 + 2.6 * n, 5.35, 2.5 if n == 0 else 5.0, 1.7)
        _text(page, [(title, 12.0, True, style.NAVY), *((one, 10.0, False, style.INK) for one in lines)], box)
    for n, picture in enumerate(slide.pictures):
        _chart(page, picture, (8.2, 1.55 + 2.75 * n, 4.9, 2.7))
    _text(page, [(slide.footer, 8.0, False, style.MUTED)], (0.4, 7.1, 12.5, 0.3))
    stamp = slide.written_at.replace(tzinfo=None)
    properties = file.core_properties
    properties.title, properties.author = slide.verdict, "betaneutral_xl"
    properties.created = properties.modified = stamp
    properties.last_modified_by = "betaneutral_xl"
    content = io.BytesIO()
    file.save(content)
    return packed(unpacked(content.getvalue()).items())  # entries without a time of their own


def _colour(code: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(code)  # type: ignore[no-untyped-call] # untyped there


Line = tuple[str, float, bool, str]
"""Text, size in points, whether it is bold, and its colour."""


def _text(page: Any, lines: list[Line], box: tuple[float, float, float, float], fill: str = "") -> None:
    """Write lines into a box of its own: left, top, width and height in inches."""
    from pptx.util import Inches

    shape = page.shapes.add_textbox(*map(Inches, box))
    if fill:
        shape.fill.solid()
        shape.fill.fore_color.rgb = _colour(fill)
    _fill(shape.text_frame, lines)


def _fill(frame: Any, lines: list[Line]) -> None:
    from pptx.util import Pt

    frame.word_wrap = True
    for n, (text, size, bold, ink) in enumerate(lines):
        paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = text or "\u00a0"  # an empty cell would be as high as its theme's font
        run.font.name, run.font.size, run.font.bold = FONT, Pt(size), bold
        run.font.color.rgb = _colour(ink)


def _head(page: Any, slide: Slide) -> None:
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Inches

    title = page.shapes.title
    title.left, title.top, title.width, title.height = map(Inches, (0.4, 0.15, 12.5, 0.45))
    _fill(title.text_frame, [(slide.title, 18.0, True, style.NAVY)])
    title.text_frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    size = min(20.0, 1900.0 / len(slide.verdict))  # on one line
    _text(page, [(slide.verdict, size, True, slide.ink)], (0.4, 0.62, 12.5, 0.5), slide.fill)
    _text(page, [(slide.advice, 13.0, True, style.INK)], (0.4, 1.14, 12.5, 0.36))


def _table(page: Any, slide: Slide) -> None:
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Inches, Pt

    rows = [slide.headings, *slide.rows]
    height = 0.26
    box = (0.4, 1.6, sum(WIDTHS), height * len(rows))
    shape = page.shapes.add_table(len(rows), len(WIDTHS), *map(Inches, box))
    table = shape.table
    for column, width in enumerate(WIDTHS):
        table.columns[column].width = Inches(width)
    for r, row in enumerate(rows):
        table.rows[r].height = Inches(height)
        for c, text in enumerate(row):
            cell = table.cell(r, c)
            cell.margin_top = cell.margin_bottom = Pt(1)
            fill, ink = LIGHT_FILLS.get(text, (style.PAPER, style.INK)) if r else (style.NAVY, style.PAPER)
            cell.fill.solid()
            cell.fill.fore_color.rgb = _colour(fill)
            _fill(cell.text_frame, [(text, 10.5, r == 0 or c in {0, 2}, ink)])
            cell.text_frame.paragraphs[0].alignment = PP_ALIGN.LEFT if c == 0 else PP_ALIGN.RIGHT


def _chart(page: Any, picture: Picture, box: tuple[float, float, float, float]) -> None:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
    from pptx.util import Inches, Pt

    data = CategoryChartData()  # type: ignore[no-untyped-call] # untyped there
    data.categories = list(picture.categories)
    for series in picture.series:
        values = [value if math.isfinite(value) else None for value in series.values]
        data.add_series(series.name, values)  # type: ignore[no-untyped-call] # untyped there
    lines = picture.kind is Kind.LINES
    kind = XL_CHART_TYPE.LINE if lines else XL_CHART_TYPE.COLUMN_STACKED
    chart = page.shapes.add_chart(kind, *map(Inches, box), data).chart
    chart.has_title, chart.has_legend = True, True
    _fill(chart.chart_title.text_frame, [(picture.title, 12.0, True, style.NAVY)])
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    for text in (chart.legend, chart.category_axis.tick_labels, chart.value_axis.tick_labels):
        text.font.size, text.font.name = Pt(9), FONT
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    chart.value_axis.tick_labels.number_format = "0%" if picture.percent else "0.00"
    chart.value_axis.tick_labels.number_format_is_linked = False
    chart.value_axis.major_gridlines.format.line.color.rgb = _colour(style.RULE)
    for series, drawn in zip(picture.series, chart.plots[0].series, strict=True):
        if lines:
            drawn.format.line.color.rgb, drawn.format.line.width = _colour(series.colour), Pt(2)
            drawn.smooth = False
        else:
            drawn.format.fill.solid()
            drawn.format.fill.fore_color.rgb = _colour(series.colour)
