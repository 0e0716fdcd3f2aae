from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.hosts.calc.values import for_calc, from_calc
from betaneutral_xl.hosts.sheets import cells

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Cell

CELLS = st.one_of(
    st.none(), st.booleans(), st.text(), st.floats(allow_nan=False), st.dates(min_value=date(1900, 3, 1))
)


@pytest.mark.parametrize("value", [0.0, -0.0, None])
def test_a_single_blank_cell_is_a_blank(value: object) -> None:
    assert from_calc(value) is None


@pytest.mark.parametrize("value", ["", "0", 1.0, 5e-324, ((0.0,),), ((0.0, ""),)])
def test_other_values_are_unchanged(value: object) -> None:
    assert from_calc(value) is value


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_calc_gets_only_texts_and_numbers_in_the_same_shape(rows: list[list[Cell]]) -> None:
    made = for_calc(tuple(map(tuple, rows)))
    assert [len(row) for row in made] == [len(row) for row in rows]
    assert {type(cell) for row in made for cell in row} <= {str, float}


def test_dates_are_calcs_serial_numbers() -> None:
    # LibreOffice's null date is 1899-12-30: 2000-01-01 is 36526 in Calc and in Excel.
    assert for_calc(((date(1899, 12, 31), date(2000, 1, 1), date(2026, 7, 31)),)) == [[1.0, 36526.0, 46234.0]]


@given(
    st.lists(st.lists(st.one_of(st.none(), st.text(), st.floats(allow_nan=False)), min_size=2, max_size=2))
)
def test_values_for_calc_read_back_as_the_same_cells(rows: list[list[Cell]]) -> None:
    assert cells.read(for_calc(tuple(map(tuple, rows))), "x") == cells.read(rows, "x")
