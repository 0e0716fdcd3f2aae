"""The sheet Provenance: where every input came from, and how to make the report again."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import numpy as np
import openpyxl

from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.report import style
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet, write_headings

if TYPE_CHECKING:
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.report.cells import Canvas, Scalar
    from betaneutral_xl.report.contents import Contents

FACTS = ("source", "location", "retrieval", "as_of", "fetched_at", "rows", "sha256", "note")

_FORMATS = {"as_of": style.DAY, "fetched_at": style.MOMENT, "rows": style.WHOLE}

FETCHED = frozenset({Retrieval.LIVE, Retrieval.CACHED, Retrieval.SNAPSHOT})
"""How an input came that has a time of its own."""

WIDTH = 46
"""Characters of a column of facts."""

Facts = list[tuple[str, "Scalar"]]


def inputs(contents: Contents) -> list[tuple[str, Facts]]:
    """Return what is known of each input."""
    result = contents.result
    names = ["portfolio", *(f"ETF {name}" for name in result.etf_names), "risk model"]
    return [
        (name, [(fact.replace("_", " "), _plain(_fact(source, fact, contents))) for fact in FACTS])
        for name, source in zip(names, result.sources, strict=True)
    ]


def _fact(source: Provenance, fact: str, contents: Contents) -> object:
    """Return one fact of an input; what the run itself read is as old as the report."""
    if fact == "fetched_at" and source.retrieval not in FETCHED:
        return contents.written_at
    return getattr(source, fact)


def run(contents: Contents) -> list[tuple[str, Facts]]:
    """Return what is known of the run: coverage, versions, and how to repeat it."""
    from betaneutral_xl import __version__

    coverage = contents.result.coverage
    return [
        (
            "run",
            [
                ("written at (UTC)", contents.written_at.strftime("%Y-%m-%d %H:%M:%S")),
                ("command", contents.command or "not run from the command line"),
                ("snapshot", contents.snapshot or "none"),
                ("random seed", "none: nothing here is random"),
                ("names with risk data", f"{coverage.covered} of {coverage.names}"),
            ],
        ),
        (
            "version",
            [
                ("betaneutral_xl", __version__),
                ("Python", platform.python_version()),
                ("numpy", np.__version__),
                ("openpyxl", openpyxl.__version__),
            ],
        ),
    ]


def write(canvas: Canvas, contents: Contents) -> None:
    """Write the inputs side by side, then the run."""
    sources = inputs(contents)
    write_headings(canvas, ["input", *(name for name, _ in sources)], [style.TEXT] * (1 + len(sources)))
    for at, fact in enumerate(FACTS):
        row = FIRST_ROW + at
        canvas.put(row, 1, fact.replace("_", " "), style.LABEL.replace(vertical="top"))
        texts = [facts[at][1] for _, facts in sources]
        for column, value in enumerate(texts, start=2):
            look = style.given(_FORMATS.get(fact, "General")).replace(align="left", vertical="top", wrap=True)
            canvas.put(row, column, value, look)
        _fit(canvas, row, texts)
    row = FIRST_ROW + len(FACTS) + 1
    for title, facts in run(contents):
        canvas.put(row, 1, title, style.SECTION)
        for label, value in facts:
            row += 1
            canvas.put(row, 1, label, style.LABEL.replace(vertical="top"))
            canvas.put(row, 2, value, style.CELL.replace(align="left", vertical="top", wrap=True))
            _fit(canvas, row, [value])
        row += 2
    canvas.widths([24, *(WIDTH for _ in sources)])
    finish_sheet(canvas, 1 + len(sources), row - 2)


def _plain(value: object) -> Scalar:
    """Return a fact as a cell keeps it; what is no date or number is text."""
    if value is None or hasattr(value, "isoformat") or isinstance(value, int):
        return value  # type: ignore[return-value] # dates have isoformat
    return str(value)


def _fit(canvas: Canvas, row: int, texts: list[Scalar]) -> None:
    lines = max(1 + len(str(text)) // (WIDTH - 2) for text in texts)
    if lines > 1:
        canvas.height(row, 13.5 * lines + 2)
