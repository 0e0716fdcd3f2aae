"""The report: Summary, Weights, Checks, Provenance."""

from __future__ import annotations

import io
import platform
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter

from betaneutral_xl import saving, summary
from betaneutral_xl.provenance import now
from betaneutral_xl.report import style
from betaneutral_xl.report.style import put

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from betaneutral_xl.rebalance import Rebalance

AGREES = 1e-9
"""How far a number recomputed by the spreadsheet may be from the one computed here."""

CHART_ROWS = 17
"""Rows of the Summary that the chart covers."""

LARGEST_TRADES = 15

_FORMAT = {summary.Kind.NUMBER: style.NUMBER, summary.Kind.PERCENT: style.PERCENT}


def write_report(result: Rebalance, path: Path | str, command: str = "") -> None:
    """Write a result's report workbook, whole or not at all.

    Parameters
    ----------
    result
        What is reported.
    path
        The ``.xlsx`` file.
    command
        The command that reproduces it, without users' paths.

    Raises
    ------
    Unwritable
        If the file cannot be written; what was there is still there.

    """
    saving.save(path, build_report(result, command))


def build_report(result: Rebalance, command: str = "", written_at: datetime | None = None) -> bytes:
    """Return a result's report workbook as the bytes of an ``.xlsx`` file."""
    from betaneutral_xl import __version__  # noqa: PLC0415 - the package imports nothing of the report

    stamp = written_at or now()
    book = openpyxl.Workbook()
    as_of = result.aligned.holdings.as_of
    footer = f"betaneutral_xl {__version__}, holdings as of {as_of or 'an unknown day'}"
    first = book.active
    assert first is not None  # noqa: S101 - a new workbook has a sheet
    first.title = "Summary"
    _summary(first, result, footer)
    _weights(book.create_sheet("Weights"), result, footer)
    _checks(book.create_sheet("Checks"), result, footer)
    versions = {
        "betaneutral_xl": __version__,
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "openpyxl": openpyxl.__version__,
    }
    run = {"written at": stamp.isoformat(), "command": command}
    _provenance(book.create_sheet("Provenance"), result, footer, run, versions)
    book.properties.title = summary.headline(result)
    book.properties.creator = f"betaneutral_xl {__version__}"
    book.properties.created = book.properties.modified = stamp.replace(tzinfo=None)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _summary(sheet: Worksheet, result: Rebalance, footer: str) -> None:
    put(sheet, 1, 1, "Beta-neutral proposal", font=style.TITLE)
    put(sheet, 2, 1, summary.headline(result), font=style.STRONG)
    as_of = result.aligned.holdings.as_of
    put(sheet, 3, 1, f"Holdings as of {as_of or 'an unknown day'}", font=style.NOTE)
    style.heading(sheet, 5, ["", "before", "after", "change", "meaning"])
    sheet.cell(5, 5).alignment = Alignment(horizontal="left", indent=2)
    lines = summary.lines(result)
    for row, line in enumerate(lines, start=6):
        shown = _FORMAT[line.kind]
        put(sheet, row, 1, line.label, font=style.STRONG)
        put(sheet, row, 2, line.before, shown)
        put(sheet, row, 3, line.after, shown)
        if line.before is not None:
            style.put_formula(sheet, row, 4, f"C{row}-B{row}", shown)
        put(sheet, row, 5, line.meaning, font=style.NOTE).alignment = Alignment(indent=2)
        for column in range(1, 6):
            sheet.cell(row, column).border = style.UNDERLINE
    row = 6 + len(lines) + 1
    for warning in result.warnings:
        put(sheet, row, 1, warning).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=5)
        sheet.cell(row, 1).fill = style.CAUTION
        sheet.row_dimensions[row].height = 14 * (1 + len(warning) // 105)
        row += 1
    _beta_chart(sheet, len(result.etf_names), row + 1)
    _largest_trades(sheet, result, row + CHART_ROWS)
    style.widths(sheet, [26, 12, 12, 12, 52])
    style.paper(sheet, footer)


def _largest_trades(sheet: Worksheet, result: Rebalance, row: int) -> None:
    """Write the largest trades as a table; all of them are in the sheet Weights."""
    trades = result.trades
    largest = np.argsort(-np.abs(trades), kind="stable")[:LARGEST_TRADES].tolist()
    style.heading(sheet, row, ["largest trades", "weight", "new weight", "trade"])
    for at in largest:
        row += 1
        put(sheet, row, 1, result.tickers[at])
        put(sheet, row, 2, float(result.weights[at]), style.PERCENT)
        put(sheet, row, 3, float(result.new_weights[at]), style.PERCENT)
        style.put_formula(sheet, row, 4, f"C{row}-B{row}", style.PERCENT)


def _beta_chart(sheet: Worksheet, etfs: int, row: int) -> None:
    chart = BarChart()
    chart.title = "Predicted beta of the portfolio"
    chart.add_data(Reference(sheet, min_col=2, max_col=3, min_row=5, max_row=5 + etfs), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=6, max_row=5 + etfs))
    chart.y_axis.numFmt, chart.y_axis.delete, chart.x_axis.delete = "0.00", False, False
    chart.y_axis.majorGridlines = None
    chart.gapWidth, chart.height, chart.width = 80, 7.5, 20
    for series, colour in zip(chart.series, ("9CA3AF", style.ACCENT), strict=True):
        series.graphicalProperties.solidFill = colour
    sheet.add_chart(chart, f"A{row}")


def _weights(sheet: Worksheet, result: Rebalance, footer: str) -> None:
    columns, rows = result.columns, result.rows()
    style.heading(sheet, 1, columns)
    for number, cells in enumerate(rows, start=2):
        for column, (name, value) in enumerate(zip(columns, cells, strict=True), start=1):
            shown = style.NUMBER if name.startswith("predicted_beta") else style.PERCENT
            put(sheet, number, column, value, shown if column > 1 else None)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
    style.widths(sheet, [14, *(max(12, len(name) + 3) for name in columns[1:])])
    style.paper(sheet, footer, title_rows="1:1")


def _checks(sheet: Worksheet, result: Rebalance, footer: str) -> None:
    """Write each number twice, as computed here and as a formula on the table, and compare them."""
    style.heading(sheet, 1, ["check", "computed", "by formula", "agrees"])
    last = len(result.tickers) + 1
    letter = {name: get_column_letter(i) for i, name in enumerate(result.columns, start=1)}

    def column(name: str, end: int = last) -> str:
        return f"Weights!${letter[name]}$2:${letter[name]}${end}"

    k = len(result.etf_names)
    recomputed: list[tuple[str, float, str]] = []
    for position, etf in enumerate(result.etf_names):
        betas = column(result.columns[2 + k + position])
        for when, weights, value in (
            ("before", "weight", result.before.beta[etf]),
            ("after", "new_weight", result.after.beta[etf]),
        ):
            recomputed.append(
                (f"beta to {etf} {when}", value, f"SUMPRODUCT({column(weights)},{betas})"),
            )
    recomputed += [
        ("net exposure after", result.after.net, f"SUM({column('new_weight')})"),
        ("gross exposure after", result.after.gross, f"SUMPRODUCT(ABS({column('new_weight')}))"),
        ("turnover", result.turnover, f"SUMPRODUCT(ABS({column('trade')}))/2"),
        (
            "weights and cash after",
            result.before.net + result.before.cash,
            f"SUM({column('new_weight', last + 1)})",
        ),
    ]
    for row, (label, value, formula) in enumerate(recomputed, start=2):
        put(sheet, row, 1, label)
        put(sheet, row, 2, value, "0.000000000000")
        style.put_formula(sheet, row, 3, formula, "0.000000000000")
        style.put_formula(sheet, row, 4, f"ABS(B{row}-C{row})<{AGREES:g}", "General")
    row = len(recomputed) + 3
    style.heading(sheet, row, ["proved before this was written", "residual", "limit", "holds"])
    for one in result.checks():
        row += 1
        put(sheet, row, 1, one.name)
        put(sheet, row, 2, one.residual, style.EXACT)
        put(sheet, row, 3, one.limit, style.EXACT)
        style.put_formula(sheet, row, 4, f"B{row}<=C{row}", "General")
    sheet.freeze_panes = "A2"
    style.widths(sheet, [46, 20, 20, 12])
    style.paper(sheet, footer)


def _provenance(
    sheet: Worksheet,
    result: Rebalance,
    footer: str,
    run: dict[str, str],
    versions: dict[str, str],
) -> None:
    names = ["portfolio", *(f"ETF {name}" for name in result.etf_names), "risk model"]
    style.heading(sheet, 1, ["", *names], numbers=False)
    facts = ("source", "location", "retrieval", "as_of", "fetched_at", "rows", "sha256", "note")
    for row, fact in enumerate(facts, start=2):
        put(sheet, row, 1, fact.replace("_", " "), font=style.STRONG)
        for column, source in enumerate(result.sources, start=2):
            value = getattr(source, fact)
            cell = put(sheet, row, column, value if isinstance(value, int) else str(value or ""))
            cell.alignment = Alignment(horizontal="left", vertical="top", wrap_text=True)
    row = len(facts) + 3
    coverage = result.coverage
    parameters = {
        "method": str(result.method),
        "target": result.target_label,
        "universe": str(result.universe),
        "held names without risk data": str(coverage.on_missing),
        "ETF names without risk data": str(coverage.etf_on_missing),
        "names covered": f"{coverage.covered} of {coverage.names}",
    }
    for title, facts_of in (
        ("parameter", parameters),
        ("version", versions),
        ("run", run),
    ):
        style.heading(sheet, row, [title, ""], numbers=False)
        for label, text in facts_of.items():
            row += 1
            put(sheet, row, 1, label, font=style.STRONG)
            put(sheet, row, 2, text).alignment = Alignment(horizontal="left", vertical="top", wrap_text=True)
        row += 2
    style.widths(sheet, [30, *(44 for _ in names)])
    style.paper(sheet, footer, landscape=True)
