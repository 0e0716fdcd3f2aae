"""Worksheet functions through xlwings' own DLL and server, with ranges of another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import replaced_com as com

from betaneutral_xl.hosts.sheets.layout import WEIGHTS_COLUMN, Sheet

if TYPE_CHECKING:
    from windows_excel import OpenWorkbook

HOLDINGS, ETF, MATRIX, HANDLE = "A6:E39", "A6:D53", "A9:BV82", "A6"
AS_HANDLE = True


def neutral(workbook: OpenWorkbook, covariance: Any) -> Any:
    """Call the main function with the inputs of the template."""
    return workbook.call(
        "BETA_NEUTRAL",
        workbook.area(Sheet.HOLDINGS, HOLDINGS),
        workbook.area(Sheet.ETF, ETF),
        covariance,
        workbook.setting("target"),
        workbook.setting("method"),
        workbook.setting("limits"),
    )


def test_text_arguments_fetch(workbook: OpenWorkbook) -> None:
    holdings = workbook.call("FETCH_HOLDINGS", "demo")
    assert len(holdings) > 30
    assert holdings == workbook.call("FETCH_HOLDINGS", "demo")


def test_a_status_names_source_and_day(workbook: OpenWorkbook) -> None:
    _, row = workbook.call("BN_STATUS", workbook.call("FETCH_HOLDINGS", "demo"))
    assert (row[0], row[1], row[-1]) == ("holdings", "embedded sample", "sample")
    assert (row[3].year, row[3].month, row[3].day) == (2025, 11, 18)  # a date, not a text


def handle_of(workbook: OpenWorkbook) -> Any:
    """Return the handle of the sheet Covariance, computed as there."""
    names = workbook.call("BN_NAMES", workbook.area(Sheet.HOLDINGS, HOLDINGS), workbook.area(Sheet.ETF, ETF))
    return workbook.call("COVARIANCE", names, workbook.setting("risk"), com.MISSING, AS_HANDLE)


def test_ranges_give_what_the_template_shows(workbook: OpenWorkbook) -> None:
    assert handle_of(workbook) == workbook.area(Sheet.COVARIANCE, HANDLE).Value
    answer = neutral(workbook, workbook.area(Sheet.COVARIANCE, HANDLE))
    first, last = WEIGHTS_COLUMN, WEIGHTS_COLUMN + len(answer[0]) - 1
    place = f"{com.letters(first)}6:{com.letters(last)}{5 + len(answer)}"
    shown = workbook.area(Sheet.NEUTRAL, place).Value
    for line, expected in zip(answer, shown, strict=True):
        blanks = ["" if one is None else one for one in expected]
        assert line == pytest.approx(tuple(blanks), abs=1e-7)


def test_a_matrix_of_cells_gives_what_its_handle_gives(workbook: OpenWorkbook) -> None:
    from_cells = neutral(workbook, workbook.area(Sheet.COVARIANCE, MATRIX))
    for line, expected in zip(from_cells, neutral(workbook, handle_of(workbook)), strict=True):
        assert line == pytest.approx(expected, abs=1e-7)  # cells have ten digits


def test_500_names_cross_the_border_by_value(workbook: OpenWorkbook) -> None:
    names = [f"N{i}" for i in range(500)]
    holdings = (("ticker", "weight"), *((name, 0.002) for name in names))
    etf = (("ticker", "weight"), *((name, 0.004) for name in names[:250]))
    matrix = (
        ("", *names),
        *((one, *(0.04 if i == j else 0.01 for j in range(500))) for i, one in enumerate(names)),
    )
    answer = workbook.call("BETA_NEUTRAL", holdings, etf, matrix)
    assert len(answer) > 500


def test_an_error_is_one_line(workbook: OpenWorkbook) -> None:
    line = workbook.call("LOAD_ETF", r"C:\nothing\there.csv")
    assert line.startswith("#BETA! ")
    assert "there.csv" in line


def test_an_error_of_an_argument_is_passed_on(workbook: OpenWorkbook) -> None:
    line = workbook.call("LOAD_ETF", r"C:\nothing\there.csv")
    assert neutral(workbook, line) == line


def test_a_blank_argument_is_said_to_be_one(workbook: OpenWorkbook) -> None:
    line = workbook.call("BETA_NEUTRAL", workbook.area(Sheet.HOLDINGS, HOLDINGS))
    assert line.startswith("#BETA! etf is blank")


def test_a_range_costs_few_questions(workbook: OpenWorkbook) -> None:
    workbook.excel.asked.clear()
    neutral(workbook, workbook.area(Sheet.COVARIANCE, HANDLE))
    assert sum(workbook.excel.asked.values()) < 120  # 66 with xlwings 0.37.8
