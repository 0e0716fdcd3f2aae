from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import FailedCell, InputError
from betaneutral_xl.hosts.sheets import cells

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Cell, Grid

EXCEL = [["ticker", "weight"], ["A", 0.5], [None, None], ["B", 0.5]]
CALC = (("ticker", "weight"), ("A", 0.5), ("", ""), ("B", 0.5))

CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.dates(),
)


def read(value: object) -> Grid:
    return cells.read(value, "holdings")


def test_values_of_excel_and_calc_give_equal_grids() -> None:
    assert read(EXCEL) == read(CALC)
    assert read(EXCEL).digest() == read(CALC).digest()


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (3.0, ((3.0,),)),
        ("x", (("x",),)),
        ([1.0, 2.0], ((1.0, 2.0),)),
        ([[1.0], [2.0]], ((1.0,), (2.0,))),
        (True, ((True,),)),
        (3, ((3.0,),)),
        (np.float64(3.0), ((3.0,),)),
        ([[np.int64(2), np.str_("a")]], ((2.0, "a"),)),
        (Decimal("5000.1234"), ((5000.1234,),)),
        ([["a"], ["b", 1.0]], (("a", None), ("b", 1.0))),
        (datetime(2025, 11, 18, 9, 30), ((date(2025, 11, 18),),)),  # noqa: DTZ001 - as Excel gives it
        (None, ()),
        ("", ()),
        ([[]], ()),
        (math.nan, ()),
        ("\xa0MSFT ", (("MSFT",),)),
    ],
)
def test_values_of_any_host_become_rows(value: object, rows: tuple[tuple[Cell, ...], ...]) -> None:
    assert read(value).rows == rows


def test_blank_margins_are_trimmed_and_positions_count_from_the_range() -> None:
    grid = read([[None, None, None], [None, "A", 1.0], [None, "B", "x"], [None, None, None]])
    assert grid.rows == (("A", 1.0), ("B", "x"))
    assert grid.place(1, 1) == "row 3, column 3 of holdings"
    assert grid.columns(1, 2).place(0, 0) == "row 2, column 3 of holdings"


def test_a_whole_column_is_trimmed_to_its_filled_rows() -> None:
    assert read(tuple([("A", 1.0)] + [(None, None)] * 200_000)).rows == (("A", 1.0),)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=4))
def test_reading_is_idempotent(rows: list[list[Cell]]) -> None:
    once = read(rows)
    again = read(once.rows)
    assert again.rows == once.rows
    assert again.digest() == once.digest()


def test_a_value_of_an_unsupported_type_is_refused() -> None:
    with pytest.raises(InputError, match="A cell of holdings holds a dict"):
        read({"a": 1})


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.5, 0.5), ("0.5", 0.5), ("1,234.5", 1234.5), ("12.5%", 0.125), ("-3", -3.0), ("(3)", -3.0)],
)
def test_a_number_is_read_from_number_or_text(value: object, expected: float) -> None:
    assert cells.number(read(value)) == expected


def test_a_text_in_place_of_a_number_is_refused() -> None:
    with pytest.raises(InputError, match=r"^holdings is 'abc', not a number"):
        cells.number(read("abc"))


@pytest.mark.parametrize("error", ["#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "Err:504", "#SPILL!"])
def test_an_error_cell_is_refused_with_its_error(error: str) -> None:
    with pytest.raises(FailedCell, match=error):
        cells.number(read(error))


def test_an_error_of_this_package_is_passed_on_unchanged() -> None:
    with pytest.raises(FailedCell) as caught:
        cells.text(read("#BETA! The fund has no positions."))
    assert cells.error_text(caught.value) == "#BETA! The fund has no positions."


@pytest.mark.parametrize(
    "value",
    [date(2025, 11, 18), 45979.0, "2025-11-18", "18-Nov-2025", datetime(2025, 11, 18)],  # noqa: DTZ001
)
def test_a_day_is_read_from_date_serial_number_or_text(value: object) -> None:
    assert cells.day(read(value)) == date(2025, 11, 18)


@pytest.mark.parametrize("value", ["tomorrow", -3.0, True])
def test_a_value_that_is_not_a_date_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="not a date"):
        cells.day(read(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), ("yes", True), (1.0, True), ("FALSE", False), (0.0, False), (None, None)],
)
def test_a_flag_is_read(value: object, expected: object) -> None:
    assert cells.flag(read(value)) is expected


def test_several_cells_in_place_of_one_are_refused() -> None:
    with pytest.raises(InputError, match=r"holdings has 4 x 2 cells\. Give one cell with a text"):
        cells.text(read(EXCEL))


def test_results_have_one_width_no_nan_no_negative_zero_and_no_long_text() -> None:
    rows = cells.rectangle([["a"], [math.nan, -0.0, np.float64(1.5), "x" * 300]])
    assert rows[0] == ("a", None, None, None)
    assert rows[1][0] is None
    assert math.copysign(1.0, float(str(rows[1][1]))) == 1.0
    assert type(rows[1][2]) is float
    assert len(str(rows[1][3])) == cells.MAX_TEXT


def test_an_error_is_one_short_line() -> None:
    line = cells.error_text(InputError("first\nsecond " + "x" * 400))
    assert line.startswith("#BETA! first second x")
    assert len(line) <= cells.MAX_TEXT


def test_cached_values_are_not_decoded_again() -> None:
    decoded: list[object] = []

    def decode(value: object) -> object:
        decoded.append(value)
        return value

    cache = cells.GridCache()
    first = cache.read(cells.Raw([[1.5, "A"], [None, date(2025, 11, 18)]], decode), "table")
    again = cache.read(cells.Raw([[1.5, "A"], [None, date(2025, 11, 18)]], decode), "table")
    assert again is first
    assert len(decoded) == 1
    assert cache.read([[1.5, "A"], [None, date(2025, 11, 18)]], "other").what == "other"


@pytest.mark.parametrize("pair", [(1.0, True), (0.0, False), ("1", 1.0), (None, ""), (0.0, -0.0)])
def test_values_that_compare_equal_but_differ_are_cached_separately(pair: tuple[Any, Any]) -> None:
    cache = cells.GridCache()
    for value in (*pair, *pair):
        got, expected = cache.read([[value, 1.0]], "x"), cells.read([[value, 1.0]], "x")
        assert repr(got.rows) == repr(expected.rows)
        assert got.digest() == expected.digest()


def test_the_grid_cache_evicts_the_oldest_beyond_its_size() -> None:
    cache = cells.GridCache(max_bytes=2_000)
    first = cache.read([[float(i) for i in range(100)]], "x")
    assert cache.read([[float(i) for i in range(100)]], "x") is first
    for start in range(1, 5):
        cache.read([[float(start + i) for i in range(100)]], "x")
    assert cache.read([[float(i) for i in range(100)]], "x") is not first


def test_values_that_cannot_be_pickled_are_not_cached() -> None:
    class Own(float):
        def __reduce__(self) -> str:
            raise TypeError

    assert cells.GridCache().read([[Own(2.5)]], "x").rows == ((2.5,),)
