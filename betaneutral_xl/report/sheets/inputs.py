"""The sheet Inputs: every constant once, with the name under which formulas know it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from betaneutral_xl.model.constraints import SMALLEST_TRADE
from betaneutral_xl.report import style
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet, write_headings
from betaneutral_xl.report.contents import CONFIDENCE
from betaneutral_xl.report.sheets import alternatives, tickets
from betaneutral_xl.report.sheets.holdings import is_valued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas, Scalar
    from betaneutral_xl.report.contents import Contents

AGREES = 1e-9
"""How far, relatively, a spreadsheet's number may be from Python's."""

SMALLEST_SCALE = 1e-3
"""Numbers smaller than this are compared as if they were this large: a beta of 0 is 0 to 1e-12."""

Row = tuple[str, "Scalar", str, str, str]
"""Label, value, number format, name in formulas (or nothing), meaning."""

LEGEND = (
    ("blue", style.INPUT_BLUE, "given: from a file, the network or an option"),
    ("black", style.INK, "a formula of this workbook"),
    (
        "grey italic",
        style.MUTED,
        "computed in Python; next to each formula, and where a solver found the answer",
    ),
)

SHEETS = (
    ("Summary", "the question, the answer, pictures, warnings"),
    ("Holdings, ETF, Covariance", "what was given"),
    ("Risk", "the vectors that the covariance is multiplied with, in its order"),
    ("Betas", "each name's predicted beta, how sure it is, and what it adds"),
    ("Measures", "every single number, with its formula"),
    ("Weights", "the aligned table: what is held, what it becomes, what is traded"),
    ("Trades", "the same, largest trade first"),
    ("Checks", "formulas against Python, and what was proved before writing"),
    ("Provenance", "where every input came from, and how to make this report again"),
)


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the constants by group, then how to read the workbook."""
    write_headings(canvas, ("input", "value", "name", "meaning"), [style.TEXT] * 4)
    row = FIRST_ROW
    for title, group in (
        ("What is asked", _asked(contents)),
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
            canvas.put(row, 2, value, style.given(number_format).replace(align="right", wrap=True))
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


def _asked(contents: Contents) -> Iterator[Row]:
    result = contents.result
    yield "method", str(result.method), "General", "", "how the weights are found"
    yield "target", result.target_label, "General", "", "the beta to reach, or whose beta"
    for k, (name, target, benchmark) in enumerate(
        zip(result.etf_names, result.targets.tolist(), contents.benchmarks, strict=True), start=1
    ):
        if benchmark is None and math.isfinite(target):
            yield f"target beta to {name}", target, "General", f"target_{k}", "as asked"
        limit = result.constraints.beta_range(name)
        if limit is not None:
            for end, word in ((limit.low, "least"), (limit.high, "most")):
                if math.isfinite(end):
                    yield f"{word} beta to {name}", end, "General", f"beta_{word}_{k}", "as asked"
    for n, sentence in enumerate(result.constraints.sentences(), start=1):
        yield f"limit {n}", sentence, "General", "", "what the new weights must keep to"
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
        yield "cash", holdings.cash, style.PERCENT, "cash_given", "weight that is in no position"


def _etfs(contents: Contents) -> Iterator[Row]:
    for k, etf in enumerate(contents.result.aligned.etfs, start=1):
        yield f"ETF {k}", etf.name, "General", f"etf_name_{k}", f"called etf_{k} in names"
        yield f"ETF {k} as of", etf.as_of, style.DAY, "", f"{len(etf.constituents):,} rows"


def _risk(contents: Contents) -> Iterator[Row]:
    model = contents.result.aligned.risk_model
    yield "risk model as of", model.as_of, style.DAY, "", "the last day that the estimate has seen"
    if model.effective_days is not None:
        yield (
            "effective days",
            model.effective_days,
            "0.00",
            "effective_days",
            "equally weighted days that tell as much: T of the standard errors",
        )


def _trading(contents: Contents) -> Iterator[Row]:
    if contents.alternatives:
        cost = alternatives.cost_of_trade(contents.alternatives)
        yield "cost of a trade", cost, "0.0000%", "cost_of_trade", "of what is traded, in Compare"
    if contents.orders is not None:
        yield from tickets.inputs(contents.orders)


def _report() -> Iterator[Row]:
    yield "tolerance", AGREES, style.TINY, "tolerance", "how far, relatively, a formula may be from Python"
    yield (
        "smallest scale",
        SMALLEST_SCALE,
        style.TINY,
        "smallest_scale",
        "smaller numbers are compared as if they were this large",
    )
    yield (
        "smallest trade",
        SMALLEST_TRADE,
        style.TINY,
        "smallest_trade",
        "a smaller change of weight is rounding",
    )
    yield (
        "error bar",
        CONFIDENCE,
        "0.00",
        "error_bar",
        "standard errors on either side, which hold a beta 95 times in 100",
    )
