"""The pictures as native spreadsheet charts of cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl.chart import BarChart, LineChart
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import (
    AxDataSource,
    NumData,
    NumDataSource,
    NumRef,
    NumVal,
    StrData,
    StrRef,
    StrVal,
)
from openpyxl.chart.error_bar import ErrorBars
from openpyxl.chart.legend import Legend
from openpyxl.chart.series import Series as NativeSeries
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RegularTextRun
from openpyxl.drawing.text import Font as Typeface

from betaneutral_xl.report import style
from betaneutral_xl.report.cells import Canvas, clean
from betaneutral_xl.report.pictures import Kind, Picture, Series

POINTS = 100
"""Font size units per point."""


def column(sheet: str, letter: str, first: int, last: int) -> str:
    """Return the reference of a range in one column."""
    return f"'{sheet}'!${letter}${first}:${letter}${last}"


ERROR_BARS_ORDER = ("errDir", "errBarType", "errValType", "noEndCap", "plus", "minus", "val", "spPr")
"""Order of the elements of error bars in the file format; openpyxl writes another."""


@dataclass(frozen=True, slots=True)
class Source:
    """References of one series: its values and the half-widths of its error bars."""

    values: str
    errors: str = ""


def draw(
    canvas: Canvas,
    picture: Picture,
    categories: str,
    sources: Sequence[Source],
    *,
    at: str,
    size: tuple[float, float],
) -> None:
    """Add a chart of a picture to a sheet, with its upper left corner at a cell.

    Categories and sources are the references of its numbers, which are cached in the chart for programs that
    do not calculate; its size is in centimetres.
    """
    chart = LineChart() if picture.kind is Kind.LINES else _bar_chart(picture.kind)
    chart.title = _title(picture.title)
    chart.width, chart.height = size  # type: ignore[assignment] # centimetres, with fractions
    chart.legend = Legend(legendPos="b", txPr=_text(9))
    chart.graphical_properties = GraphicalProperties(ln=LineProperties(noFill=True))
    for axis in (chart.x_axis, chart.y_axis):
        axis.delete = False
        axis.txPr = _text(8)
        axis.majorTickMark = "none"
        axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=style.GREY))
    chart.x_axis.tickLblPos = "low"
    if picture.kind in {Kind.BARS, Kind.STACKED_BARS}:
        chart.x_axis.tickLblSkip = 1  # type: ignore[attr-defined] # every name
    if any(series.errors for series in picture.series):
        low, high, step = picture.scale()
        chart.y_axis.scaling.min, chart.y_axis.scaling.max, chart.y_axis.majorUnit = low, high, step
    chart.y_axis.number_format = "0%" if picture.percent else "0.00"
    chart.y_axis.majorGridlines = ChartLines(
        spPr=GraphicalProperties(ln=LineProperties(solidFill=style.RULE))
    )
    chart.series = [
        _series(n, series, source, picture, categories)
        for n, (series, source) in enumerate(zip(picture.series, sources, strict=True))
    ]
    canvas.sheet.add_chart(chart, at)


def _bar_chart(kind: Kind) -> BarChart:
    chart = BarChart()
    upright = kind in {Kind.COLUMNS, Kind.STACKED_COLUMNS}
    chart.barDir = "col" if upright else "bar"
    chart.gapWidth = 60
    stacked = kind is Kind.STACKED_COLUMNS
    chart.overlap = 100 if stacked else -5
    if stacked:
        chart.grouping = "stacked"
    if not upright:
        chart.x_axis.scaling.orientation = "maxMin"  # the largest on top
        chart.y_axis.crosses = "max"  # and the axis at the bottom
    return chart


def _series(n: int, series: Series, source: Source, picture: Picture, categories: str) -> NativeSeries:
    names = [StrVal(idx=at, v=clean(name)) for at, name in enumerate(picture.categories)]
    native = NativeSeries(
        idx=n,
        order=n,
        tx=SeriesLabel(v=clean(series.name)),
        cat=AxDataSource(strRef=StrRef(f=categories, strCache=StrData(ptCount=len(names), pt=names))),
        val=_numbers(source.values, series.values),
    )
    if picture.kind is Kind.LINES:
        native.spPr = GraphicalProperties(ln=LineProperties(solidFill=series.colour, w=19_050))
        native.smooth = False
    else:
        native.spPr = GraphicalProperties(solidFill=series.colour)
        native.invertIfNegative = False
    if series.errors:
        bars = ErrorBars(
            errDir="y" if picture.kind is Kind.LINES else None,
            errBarType="both",
            errValType="cust",
            plus=_numbers(source.errors, series.errors),
            minus=_numbers(source.errors, series.errors),
            spPr=GraphicalProperties(ln=LineProperties(solidFill=style.INK, w=12_700)),
        )
        bars.__elements__ = ERROR_BARS_ORDER  # type: ignore[misc] # of this instance only
        native.errBars = bars
    return native


def _numbers(cells: str, values: Sequence[float]) -> NumDataSource:
    points = [NumVal(idx=at, v=repr(value)) for at, value in enumerate(values) if math.isfinite(value)]
    return NumDataSource(
        numRef=NumRef(f=cells, numCache=NumData(formatCode="General", ptCount=len(values), pt=points))
    )


def _font(size: float, *, bold: bool = False, colour: str = style.INK) -> CharacterProperties:
    return CharacterProperties(
        sz=int(size * POINTS), b=bold, solidFill=colour, latin=Typeface(typeface=style.FONT)
    )


def _text(size: float) -> RichText:
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=_font(size)), endParaRPr=CharacterProperties())
    return RichText(p=[paragraph])


def _title(text: str) -> Title:
    font = _font(11, bold=True, colour=style.NAVY)
    run = RegularTextRun(rPr=font, t=clean(text))
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=font), r=[run])
    return Title(tx=Text(rich=RichText(p=[paragraph])), overlay=False)
