"""The sheet Inputs: every constant once, with its defined name."""

from __future__ import annotations

import math
from collections.abc import Iterator

from betaneutral_xl.model.constraints import SMALLEST_TRADE
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas, Scalar
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet, write_headings
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.sheets import compare, tickets
from betaneutral_xl.report.sheets.holdings import is_valued

AGREES = 1e-9
"""Relative tolerance between a number of the spreadsheet and Python's."""

SMALLEST_SCALE = 1e-3
"""Minimum scale of the relative tolerance: a beta of 0 is 0 within 1e-12."""

Row = tuple[str, "Scalar", str, str, str]
"""Label, value, number format, defined name (or empty), meaning."""

LEGEND = (
    ("blue", style.INPUT_BLUE, "an input: from a file, the network or an option"),
    ("black", style.INK, "a formula of this workbook"),
    (
        "grey italic",
        style.MUTED,
        "computed in Python: next to each formula, and for results of a solver",
    ),
)

SHEETS = (
    ("Summary", "the request, the answer, charts, warnings"),
    ("Holdings, ETF, Covariance", "the inputs"),
    ("Risk", "the vectors that the covariance multiplies, in its order"),
    ("Betas", "each name's predicted beta, its standard error and its contribution"),
    ("Measures", "every single number, with its formula"),
    ("Weights", "the aligned table: current weights, new weights, trades"),
    ("Trades", "the trades, largest first"),
    ("Checks", "formulas against Python, and the results verified before writing"),
    ("Provenance", "the source of every input, and how to reproduce this report"),
)


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the constants by group, then a guide to the workbook."""
    write_headings(canvas, ("Input", "Value", "Name", "Meaning"), [style.TEXT] * 4)
    row = FIRST_ROW
    for title, group in (
        ("Request", _request(contents)),
        ("Portfolio", _portfolio(contents)),
        ("ETFs", _etfs(contents)),
        ("Risk model", _risk(contents)),
        ("Trading", _trading(contents)),
        ("This report", _report()),
    ):
        rows = list(group)
        if not rows:
            continue
        canvas.put(row, 1, title, style.SECTION)
        row += 1
        for label, value, number_format, name, meaning in rows:
            canvas.put(row, 1, label, style.LABEL)
            canvas.put(row, 2, value, style.entered(number_format).replace(align="right", wrap=True))
            canvas.put(row, 3, name, style.from_python("General").replace(indent=1))
            canvas.put(row, 4, meaning, style.NOTE)
            if name:
                book.define(name, canvas.area(row, 2))
            row += 1
        row += 1
    canvas.put(row, 1, "How to read this workbook", style.SECTION)
    for label, ink, meaning in LEGEND:
        row += 1
        canvas.put(row, 1, label, style.LABEL.replace(ink=ink, italic="italic" in label))
        canvas.put(row, 2, meaning, style.NOTE)
    row += 1
    for sheets, meaning in SHEETS:
        row += 1
        canvas.put(row, 1, sheets, style.LABEL)
        canvas.put(row, 2, meaning, style.NOTE)
    canvas.widths([34, 30, 22, 70])
    finish_sheet(canvas, 4, row)


def _request(contents: Contents) -> Iterator[Row]:
    result = contents.result
    yield "method", str(result.method), "General", "", "how the weights are determined"
    if result.objective is not None:
        meaning = "what is minimised: stable, or tracking_error"
        yield "objective", str(result.objective), "General", "", meaning
    yield "target", result.target_label, "General", "", "the target beta, or the ticker whose beta it is"
    for k, (name, target, benchmark) in enumerate(
        zip(result.etf_names, result.targets.tolist(), contents.benchmarks, strict=True), start=1
    ):
        if benchmark is None and math.isfinite(target):
            yield f"target beta to {name}", target, "General", f"target_{k}", "as requested"
        limit = result.constraints.beta_range(name)
        if limit is not None:
            for end, word in ((limit.low, "lower"), (limit.high, "upper")):
                if math.isfinite(end):
                    yield (
                        f"{word} limit of beta to {name}",
                        end,
                        "General",
                        f"beta_{word}_{k}",
                        "as requested",
                    )
    for n, sentence in enumerate(result.limits, start=1):
        yield f"limit {n}", sentence, "General", "", "on the new weights"
    coverage = result.coverage
    yield "held names without risk data", str(coverage.on_missing), "General", "", "error, or drop"
    yield "ETF names without risk data", str(coverage.etf_on_missing), "General", "", "drop, rescale or error"


def _portfolio(contents: Contents) -> Iterator[Row]:
    holdings = contents.result.aligned.holdings
    yield "fund", holdings.fund, "General", "", ""
    yield "holdings as of", holdings.as_of, style.DAY, "", ""
    if is_valued(holdings):
        assert holdings.nav is not None  # noqa: S101 - is_valued has seen it
        yield "cash", holdings.cash * holdings.nav, style.PRICE, "cash_value", "in base currency"
    else:
        if holdings.nav:
            yield "net asset value", holdings.nav, style.PRICE, "nav", "in base currency"
        yield "cash", holdings.cash, style.PERCENT, "cash_weight", "weight not invested in any position"


def _etfs(contents: Contents) -> Iterator[Row]:
    for k, etf in enumerate(contents.result.aligned.etfs, start=1):
        yield f"ETF {k}", etf.name, "General", f"etf_name_{k}", f"etf_{k} in defined names"
        yield f"ETF {k} as of", etf.as_of, style.DAY, "", f"{len(etf.constituents):,} rows"


def _risk(contents: Contents) -> Iterator[Row]:
    model = contents.result.aligned.risk_model
    yield "risk model as of", model.as_of, style.DAY, "", "the last date of the estimation window"
    if model.effective_days is not None:
        yield (
            "effective days",
            model.effective_days,
            "0.00",
            "effective_days",
            "equivalent number of equally weighted days: T of the standard errors",
        )


def _trading(contents: Contents) -> Iterator[Row]:
    if contents.alternatives:
        cost = compare.cost_of_trade(contents.alternatives)
        yield "cost of a trade", cost, "0.0000%", "cost_of_trade", "of the traded value, in Compare"
    if contents.orders is not None:
        yield from tickets.inputs(contents.orders)


def _report() -> Iterator[Row]:
    yield "tolerance", AGREES, style.TINY, "tolerance", "relative, between a formula and Python"
    yield (
        "smallest scale",
        SMALLEST_SCALE,
        style.TINY,
        "smallest_scale",
        "minimum scale of the relative tolerance",
    )
    yield (
        "smallest trade",
        SMALLEST_TRADE,
        style.TINY,
        "smallest_trade",
        "a smaller change of weight counts as rounding",
    )
