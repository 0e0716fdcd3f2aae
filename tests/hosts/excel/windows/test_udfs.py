from __future__ import annotations

import datetime as dt
import re
import threading
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import replaced_com as com
import xlwings as xw

from betaneutral_xl.hosts.excel import udfs, vba
from betaneutral_xl.hosts.excel.waiting import ExcelCell, Waiting, calling_cell
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.functions import BY_NAME, CATEGORY, FUNCTIONS

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Session

HOLDINGS: list[list[Any]] = [["A", 0.3], ["B", 0.4], ["C", 0.3]]
ETF: list[list[Any]] = [["ticker", "AI"], ["A", 0.4], ["B", 0.3], ["C", 0.3]]
RISK: list[list[Any]] = [
    ["", "A", "B", "C"],
    ["A", 0.04, 0.02, 0.01],
    ["B", 0.02, 0.03, 0.015],
    ["C", 0.01, 0.015, 0.05],
]


def import_udfs(modules: str, book: com.Book) -> None:
    importing: Any = xw.import_udfs
    importing(modules, book)


def put(book: com.Book, at: str, rows: list[list[Any]]) -> com.Range:
    sheet = book.Worksheets(1)
    corner = sheet.Range(at)
    area = com.Range(sheet, corner.Row, corner.Column, len(rows), len(rows[0]))
    for line, places in zip(rows, area.places(), strict=True):
        sheet.cells.update(zip(places, line, strict=True))
    return area


def call(book: com.Book, name: str, *args: Any) -> Any:
    from xlwings import com_server

    padded = [*args, *[com.MISSING] * (len(BY_NAME[name].arguments) - len(args))]
    caller = book.Worksheets(1).Range("ZZ1")
    server: Any = com_server.XLPython()
    answer = server.CallUDF(vba.UDFS, name, tuple(padded), book, caller)
    return answer if isinstance(answer, list) else [[answer]]  # one cell comes back as itself


def rows_of(session: Session, name: str, *values: Any) -> list[list[Any]]:
    rows = session.call(BY_NAME[name], *values)
    return [["" if cell is None else cell for cell in row] for row in rows]


def test_the_workbook_has_the_code_that_xlwings_would_import(book: com.Book, session: Session) -> None:
    import_udfs(vba.UDFS, book)
    early = re.compile(r"    Dim early As String\n.*?    End If\n", re.DOTALL)
    assert book.VBProject.VBComponents["xlwings_udfs"] == early.sub("", vba.functions())


def test_excel_gets_the_help_of_every_function_and_argument(book: com.Book, session: Session) -> None:
    import_udfs(vba.UDFS, book)
    registered = {name.partition("!")[2]: options for name, options in book.Application.options}
    assert set(registered) == {function.name for function in FUNCTIONS}
    for function in FUNCTIONS:
        options = registered[function.name]
        assert options["Description"] == function.help
        assert options["Category"] == CATEGORY
        assert (options["ArgumentDescriptions"] or []) == [one.help for one in function.arguments]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_every_function_accepts_missing_arguments_and_blank_cells(
    book: com.Book, session: Session, function: Any
) -> None:
    blank = put(book, "A1", [[None]])
    missing = call(book, function.name)
    blanks = call(book, function.name, *[blank] * len(function.arguments))
    assert missing == blanks
    if function.arguments:
        assert missing[0][0].startswith(f"#BETA! {function.arguments[0].name} is blank")


def test_ranges_are_passed_unchanged(book: com.Book, session: Session) -> None:
    areas = put(book, "A1", HOLDINGS), put(book, "D1", ETF), put(book, "G1", RISK)
    assert call(book, "BETA_NEUTRAL", *areas) == rows_of(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK)


def test_scalars_are_passed_without_a_range(book: com.Book, session: Session) -> None:
    areas = put(book, "A1", HOLDINGS), put(book, "D1", ETF), put(book, "G1", RISK)
    answer = call(book, "BN_EXPOSURE", *areas, 0.25, "reweight")
    assert answer == rows_of(session, "BN_EXPOSURE", HOLDINGS, ETF, RISK, 0.25, "reweight")
    assert answer[1][2] == pytest.approx(0.25)


def test_array_constants_are_passed(book: com.Book, session: Session) -> None:
    given = (("A", 0.3), ("B", 0.4), ("C", 0.3))
    areas = put(book, "D1", ETF), put(book, "G1", RISK)
    assert call(book, "BETA_NEUTRAL", given, *areas) == rows_of(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK)


@pytest.mark.parametrize("error", list(com.ERRORS))
def test_an_error_cell_is_refused_with_its_error(book: com.Book, session: Session, error: str) -> None:
    broken: list[list[Any]] = [["A", 0.3], ["B", error], ["C", 0.3]]
    areas = put(book, "A1", broken), put(book, "D1", ETF), put(book, "G1", RISK)
    ((line,),) = call(book, "BETA_NEUTRAL", *areas)
    assert line == f"#BETA! row 2, column 2 of holdings is {error}. Correct that cell first."


def test_cells_formatted_as_currency_are_numbers(book: com.Book, session: Session) -> None:
    rows: list[list[Any]] = [["ticker", "shares", "price"], ["A", 3.0, 10.5], ["B", 4.0, 2.25]]
    priced = [[Decimal(str(cell)) if isinstance(cell, float) else cell for cell in row] for row in rows]
    assert call(book, "BN_PRICES", put(book, "A1", priced), put(book, "E1", ETF)) == rows_of(
        session, "BN_PRICES", rows, ETF
    )


def test_dates_go_in_and_out(book: com.Book, session: Session) -> None:
    day = dt.datetime(2025, 11, 18)  # noqa: DTZ001 - as a cell has it
    day_cell: list[list[Any]] = [[day]]
    table = call(book, "FETCH_HOLDINGS", "demo", put(book, "A1", day_cell))
    assert table[1][0] == "MSFT"
    area = put(book, "C1", [[None if cell == "" else cell for cell in row] for row in table])
    status = call(book, "BN_STATUS", area)
    as_of = status[1][status[0].index("as_of")]
    assert (as_of.year, as_of.month, as_of.day) == (2025, 11, 18)
    assert as_of.tzinfo is not None  # without one, pywin32 shifts it


def test_a_cell_that_waits_for_the_network_is_calculated_again(
    book: com.Book, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, plain = threading.Event(), session.call

    def slow(*given: Any) -> Any:
        assert there.wait(30)
        return plain(*given)

    monkeypatch.setattr(session, "call", slow)
    monkeypatch.setattr(udfs, "waiting", Waiting(calling_cell, patience=0.0))
    ((line,),) = call(book, "LOAD_ETF", "demo")
    assert line == "#BETA! waiting for LOAD_ETF: the cell fills in by itself."
    there.set()
    assert call(book, "BN_STATUS", line) == [[line]]
    assert book.Application.calculated.wait(30)
    assert book.Application.dirty == ["$ZZ$1"]
    assert len(call(book, "LOAD_ETF", "demo")) > 40


def test_with_manual_calculation_such_a_cell_waits_for_the_user(
    book: com.Book, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.Application.Calculation = com.Application.MANUAL
    cell = ExcelCell(book.Worksheets(1).Range("B2"))
    cell.recalculate()
    assert (book.Application.dirty, book.Application.calculated.is_set()) == (["$B$2"], False)


def test_whole_columns_are_limited_before_they_are_read(book: com.Book, session: Session) -> None:
    put(book, "A1", HOLDINGS)
    sheet = book.Worksheets(1)
    whole = com.Range(sheet, 1, 1, 1_048_576, 2)
    areas = put(book, "D1", ETF), put(book, "G1", RISK)
    sheet.cells_read = 0
    assert call(book, "BETA_NEUTRAL", whole, *areas) == rows_of(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK)
    assert sheet.cells_read < 100


def test_missing_numbers_are_returned_as_blanks(book: com.Book, session: Session) -> None:
    areas = put(book, "A1", HOLDINGS), put(book, "D1", ETF), put(book, "G1", RISK)
    assert call(book, "BETA_NEUTRAL", *areas)[-1][2] == ""


def big(n: int = 500) -> list[list[Any]]:
    moves = np.random.default_rng(1).standard_normal((n + 100, n)) * 0.01
    matrix = np.cov(moves, rowvar=False) * 252.0
    names = [f"T{i:03d}" for i in range(n)]
    return [["", *names], *([name, *row] for name, row in zip(names, matrix.tolist(), strict=True))]


def test_a_matrix_of_500_names_is_the_same_as_a_range_and_as_a_handle(
    book: com.Book, session: Session
) -> None:
    matrix = big()
    area = put(book, "A1", matrix)
    ((handle,),) = call(book, "COVARIANCE", area, com.MISSING, com.MISSING, True)  # noqa: FBT003 - as Excel passes it
    assert re.fullmatch(r"cov#[0-9a-f]{12} \[500x500\]", handle)
    names = matrix[0][1:]
    held = [[name, 1.0 / 500] for name in names]
    etf = [[name, 1.0 / 50] for name in names[:50]]
    cells = put(book, "A600", held), put(book, "D600", etf)
    by_range = call(book, "BETA_NEUTRAL", *cells, area)
    by_handle = call(book, "BETA_NEUTRAL", *cells, handle)
    assert by_handle == by_range
    back = call(book, "BN_MATRIX", handle)
    assert np.array([row[1:] for row in back[1:]]) == pytest.approx(np.array([row[1:] for row in matrix[1:]]))


def test_recalculation_of_the_template_costs_under_5_ms_a_function(book: com.Book, session: Session) -> None:
    holdings = put(book, "A1", blanked(call(book, "FETCH_HOLDINGS", "demo")))
    etf = put(book, "H1", blanked(call(book, "LOAD_ETF", "demo")))
    names = put(book, "N1", call(book, "BN_NAMES", holdings, etf))
    ((handle,),) = call(book, "COVARIANCE", names, "demo", com.MISSING, True)  # noqa: FBT003 - as Excel passes it
    calls: list[tuple[Any, ...]] = [
        ("FETCH_HOLDINGS", "demo"),
        ("LOAD_ETF", "demo"),
        ("BN_NAMES", holdings, etf),
        ("COVARIANCE", names, "demo", com.MISSING, True),
        ("BETA_NEUTRAL", holdings, etf, handle),
        ("BN_EXPOSURE", holdings, etf, handle),
    ]

    def once() -> float:
        start = time.perf_counter()
        for name, *args in calls:
            call(book, name, *args)
        return time.perf_counter() - start

    once()
    assert min(once() for _ in range(5)) / len(calls) < 0.005


def test_a_repeated_call_neither_reads_nor_converts_cells(
    book: com.Book, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    area = put(book, "A1", big(60))
    ((handle,),) = call(book, "COVARIANCE", area, com.MISSING, com.MISSING, True)  # noqa: FBT003 - as Excel passes it
    matrix = call(book, "BN_MATRIX", handle)

    def reread(*_: Any) -> Any:
        pytest.fail("the cells are read again")

    monkeypatch.setattr(cells, "read", reread)
    assert call(book, "COVARIANCE", area, com.MISSING, com.MISSING, True) == [[handle]]  # noqa: FBT003 - likewise
    assert call(book, "BN_MATRIX", handle) is matrix


def test_an_error_cell_and_an_equal_number_are_distinguished(book: com.Book, session: Session) -> None:
    number = float(com.ERRORS["#N/A"])
    ((line,),) = call(book, "BETA_NEUTRAL", put(book, "A1", [["A", "#N/A"]]), put(book, "D1", ETF), RISK)
    assert line == "#BETA! row 1, column 2 of holdings is #N/A. Correct that cell first."
    rows = call(book, "BETA_NEUTRAL", put(book, "A1", [["A", number]]), put(book, "D1", ETF), RISK)
    assert not any("#N/A" in str(cell) for row in rows for cell in row)


def blanked(rows: list[list[Any]]) -> list[list[Any]]:
    return [[None if cell == "" else cell for cell in row] for row in rows]
