"""The sheet Provenance: the source of every input, and how to reproduce the report."""

from __future__ import annotations

import platform

import numpy as np
import openpyxl

from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.report import style
from betaneutral_xl.report.cells import Canvas, Scalar
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet, write_headings
from betaneutral_xl.report.contents import Contents

FACTS = {
    "source": "Source",
    "location": "Location",
    "retrieval": "Retrieval",
    "as_of": "As of",
    "fetched_at": "Fetched at",
    "rows": "Rows",
    "sha256": "SHA-256",
    "note": "Note",
}
"""Labels of the fields of ``Provenance``."""

_FORMATS = {"as_of": style.DAY, "fetched_at": style.MOMENT, "rows": style.WHOLE}

FETCHED = frozenset({Retrieval.LIVE, Retrieval.CACHED, Retrieval.SNAPSHOT})
"""Retrievals with a time of their own."""

WIDTH = 46
"""Width of a column of facts in characters."""

Facts = list[tuple[str, "Scalar"]]


def inputs(contents: Contents) -> list[tuple[str, Facts]]:
    """Return the provenance of each input as labelled facts."""
    result = contents.result
    names = ["Portfolio", *(f"ETF {name}" for name in result.etf_names), "Risk model"]
    found: list[tuple[str, Facts]] = []
    for name, source in zip(names, result.sources, strict=True):
        facts = {fact: getattr(source, fact) for fact in FACTS}
        if source.retrieval not in FETCHED:  # files are read at the time of the report
            facts["fetched_at"] = contents.written_at
        found.append((name, [(label, _plain(facts[fact])) for fact, label in FACTS.items()]))
    return found


def run(contents: Contents) -> list[tuple[str, Facts]]:
    """Return the time, command, coverage and versions of the run as labelled facts."""
    from betaneutral_xl import __version__

    coverage = contents.result.coverage
    return [
        (
            "Run",
            [
                ("Written at (UTC)", contents.written_at.strftime("%Y-%m-%d %H:%M:%S")),
                ("Command", contents.command or "not run from the command line"),
                ("Snapshot", contents.snapshot or "none"),
                ("Random seed", "none: nothing here is random"),
                ("Names with risk data", f"{coverage.covered} of {coverage.names}"),
            ],
        ),
        (
            "Versions",
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
    write_headings(canvas, ["Input", *(name for name, _ in sources)], [style.TEXT] * (1 + len(sources)))
    for at, (fact, label) in enumerate(FACTS.items()):
        row = FIRST_ROW + at
        canvas.put(row, 1, label, style.LABEL.replace(vertical="top"))
        texts = [facts[at][1] for _, facts in sources]
        for column, value in enumerate(texts, start=2):
            look = style.entered(_FORMATS.get(fact, "General")).replace(
                align="left", vertical="top", wrap=True
            )
            canvas.put(row, column, value, look)
        _set_height(canvas, row, texts)
    row = FIRST_ROW + len(FACTS) + 1
    for title, facts in run(contents):
        canvas.put(row, 1, title, style.SECTION)
        for label, value in facts:
            row += 1
            canvas.put(row, 1, label, style.LABEL.replace(vertical="top"))
            canvas.put(row, 2, value, style.CELL.replace(align="left", vertical="top", wrap=True))
            _set_height(canvas, row, [value])
        row += 2
    canvas.widths([24, *(WIDTH for _ in sources)])
    finish_sheet(canvas, 1 + len(sources), row - 2)


def _plain(value: object) -> Scalar:
    """Return a fact as the value of a cell: a date, a number or text."""
    if value is None or hasattr(value, "isoformat") or isinstance(value, int):
        return value  # type: ignore[return-value] # dates have isoformat
    return str(value)


def _set_height(canvas: Canvas, row: int, texts: list[Scalar]) -> None:
    lines = max(1 + len(str(text)) // (WIDTH - 2) for text in texts)
    if lines > 1:
        canvas.height(row, 13.5 * lines + 2)
