"""Every formula evaluates to the value in the file, which is the value computed in Python."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from report_problems import Problem, load

from betaneutral_xl.report.cells import Formula, cell_xml

if TYPE_CHECKING:
    from report_problems import LibreOffice


def formulas(content: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield sheet, cell and text of every formula."""
    for sheet in load(content, values=False):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate, str(cell.value)


def headings(etfs: Sequence[str]) -> tuple[str, ...]:
    """Return the headings of the aligned table."""
    suffixes = [f" {name}" for name in etfs] if len(etfs) > 1 else [""]
    of_etfs = (f"{heading}{suffix}" for heading in ("ETF weight", "Predicted beta") for suffix in suffixes)
    return ("Ticker", "Weight", *of_etfs, "New weight", "Trade")


def agree(kept: Any, calculated: Any) -> bool:
    if isinstance(kept, (int, float)) and isinstance(calculated, (int, float)):
        return math.isclose(kept, calculated, rel_tol=1e-9, abs_tol=1e-12)
    return (kept or None) == (calculated or None)


def test_libreoffice_calculates_every_formula_to_the_value_in_the_file(
    problem: Problem, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    content = problem.build()
    kept = load(content, values=True)
    calculated = load(libreoffice.recalculate(content, tmp_path), values=True)
    found = list(formulas(content))
    assert len(found) > 20
    gaps = [
        (sheet, cell, text, kept[sheet][cell].value, calculated[sheet][cell].value)
        for sheet, cell, text in found
        if not (sheet == "Checks" and cell.startswith("C"))  # the differences themselves are rounding
        and not agree(kept[sheet][cell].value, calculated[sheet][cell].value)
    ]
    assert not gaps
    verdicts = [row[4] for row in calculated["Checks"].iter_rows(values_only=True)]
    feasible = "infeasible" not in problem.options
    assert verdicts[2] is feasible  # the overall verdict
    assert verdicts.count(False) == (0 if feasible else 2)  # the target, and therefore the overall verdict
    assert sum(isinstance(verdict, bool) for verdict in verdicts) > len(problem.result.checks()) + 10


def test_a_wrong_input_turns_checks_false(
    everything: Problem, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    book = load(everything.build(), values=False)
    book["Holdings"]["B2"].value += 1  # one share more than in Python
    book.save(tmp_path / "wrong.xlsx")
    calculated = load(libreoffice.recalculate((tmp_path / "wrong.xlsx").read_bytes(), tmp_path), values=True)
    checks = {row[0]: row[4] for row in calculated["Checks"].iter_rows(values_only=True)}
    assert checks["all checks hold"] is False
    assert checks["Holdings: Market value"] is False
    assert checks["ETF: Weight"] is True


def test_the_file_has_the_values_without_recalculation(problem: Problem) -> None:
    content, result = problem.build(), problem.result
    book = load(content, values=True)
    missing = [
        (sheet, cell, text) for sheet, cell, text in formulas(content) if book[sheet][cell].value is None
    ]
    assert [one for one in missing if one[0] != "ETF"] == []  # a row outside the basket has no key
    rows = list(book["Weights"].iter_rows(values_only=True))
    assert rows[0][: len(result.columns)] == headings(result.etf_names)
    shown = [row[: len(result.columns)] for row in rows[1 : len(result.tickers) + 2]]
    for got, computed in zip(shown, result.rows(), strict=True):
        assert got[0] == computed[0]
        for one, other in zip(got[1:], computed[1:], strict=True):
            assert (one is None and math.isnan(float(other))) or one == pytest.approx(other, rel=1e-15)


def test_every_formula_of_a_table_is_compared_with_python(everything: Problem) -> None:
    book = load(everything.build(), values=False)
    compared = " ".join(
        str(row[2]) for row in book["Checks"].iter_rows(values_only=True) if str(row[2]).startswith("=")
    )
    for name in ("Holdings", "ETF", "Risk", "Betas", "Weights", "Trades", "Orders", "Compare"):
        sheet = book[name]
        for cell in sheet[2]:
            if cell.data_type == "f":
                letter = cell.coordinate.rstrip("2")
                assert f"'{name}'!${letter}$2" in compared, (name, cell.coordinate)
    blocks = re.findall(r"'Measures'!\$B\$(\d+)(?::\$\w\$(\d+))?", compared)
    rows = {row for first, last in blocks for row in range(int(first), int(last or first) + 1)}
    assert {cell.row for cell in book["Measures"]["B"] if cell.data_type == "f"} == rows


def test_no_formula_is_volatile_or_refers_outside_the_workbook(everything: Problem) -> None:
    for sheet, cell, text in formulas(everything.build()):
        for word in ("NOW(", "TODAY(", "RAND", "OFFSET(", "INDIRECT(", "CELL(", "INFO(", "HYPERLINK("):
            assert word not in text, (sheet, cell)


def test_pandas_reads_the_values_of_a_sheet(everything: Problem) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.read_excel(io.BytesIO(everything.build()), sheet_name="Weights", engine="openpyxl")
    weights = frame["New weight"].to_numpy()[: len(everything.result.tickers)]
    assert np.allclose(weights, everything.result.new_weights, rtol=1e-15, atol=0.0)


def test_a_cell_stores_a_number_exactly() -> None:
    assert cell_xml("A1", 3, Formula("B1+C1", 0.1 + 0.2)) == (
        '<c r="A1" s="3"><f>B1+C1</f><v>0.30000000000000004</v></c>'
    )
    assert cell_xml("A1", 3, -0.0) == '<c r="A1" s="3"><v>0.0</v></c>'
    assert cell_xml("A1", 3, math.nan) == '<c r="A1" s="3"/>'
