from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl import Covariance, InputError
from betaneutral_xl.errors import FailedCell, NotPositiveSemidefinite
from betaneutral_xl.hosts.sheets import cells, ranges
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job import tables

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Grid


MATRIX = [["", "A", "B"], ["A", 0.04, 0.01], ["B", 0.01, 0.09]]


def grid(rows: Any) -> Grid:
    return cells.read(rows, "the range")


def test_a_covariance_survives_the_round_trip_through_cells() -> None:
    before = tables.covariance(grid(MATRIX))
    after = tables.covariance(grid(cells.rectangle(ranges.covariance_rows(before))))
    assert after.tickers == before.tickers == ("A", "B")
    assert (after.form.dense() == before.form.dense()).all()


def test_the_labels_of_a_covariance_may_differ_in_spelling() -> None:
    rows = [["", "BRK B", "A"], ["A", 0.01, 0.09], ["BRK.B", 0.04, 0.01]]
    read = tables.covariance(grid(rows))
    assert read.tickers == ("BRK.B", "A")
    assert read.volatilities.tolist() == pytest.approx([0.2, 0.3])


def test_the_labels_of_a_covariance_may_differ_in_order() -> None:
    shuffled = [["", "A", "B"], ["B", 0.01, 0.09], ["A", 0.04, 0.01]]
    assert (
        tables.covariance(grid(shuffled)).form.dense() == tables.covariance(grid(MATRIX)).form.dense()
    ).all()


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([[0.04, 0.01], [0.01, 0.09]], InputError, "does not have the same tickers in its first row"),
        (
            [["", "A", "B"], ["A", 0.04, 0.01], ["C", 0.01, 0.09]],
            InputError,
            "does not have the same tickers in its first row",
        ),
        (
            [["", "A", "B", "C"], ["A", 0.04, None, 0.01], ["B", 0.01, 0.09, 0.01], ["C", 0.01, 0.01, 0.04]],
            InputError,
            "blank cell for A and B .row 2, column 3 of the range",
        ),
        (
            [["", "A", "B"], ["A", 0.04, "#N/A"], ["B", 0.01, 0.09]],
            FailedCell,
            "row 2, column 3 of the range is #N/A",
        ),
        (
            [["", "A", "B"], ["A", 0.04, 0.9], ["B", 0.9, 0.09]],
            NotPositiveSemidefinite,
            "not positive semidefinite",
        ),
    ],
)
def test_an_invalid_covariance_is_refused_with_the_reason(
    rows: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        tables.covariance(grid(rows))


@pytest.mark.parametrize(
    ("rows", "no_price", "no_return"),
    [
        (
            [["date", "A", "B"], [45979.0, 10.0, 20.0], [45980.0, 0.0, 21.0]],
            "row 3, column 2 of the range is 0",
            "row 2, column 2 of the range is 10 (> 100 %)",
        ),
        (
            [["A", "B"], [0.9, None], [1.1, -1.2]],
            "row 3, column 2 of the range is -1.2",
            "row 3, column 1 of the range is 1.1 (> 100 %)",
        ),
        (
            [["A", "B"], [0.4, 0.5], [0.0, 0.6]],
            "row 3, column 1 of the range is 0",
            "no number is negative",
        ),
    ],
)
def test_numbers_that_may_be_prices_or_returns_are_refused(rows: Any, no_price: str, no_return: str) -> None:
    with pytest.raises(InputError) as caught:
        tables.history(grid(rows))
    assert str(caught.value) == (
        f"The numbers may be prices or returns: {no_price} (not a price), but {no_return}. "
        "Correct the cell, or state in the options data=prices or data=returns."
    )


def test_returns_above_one_are_read_if_the_option_says_returns() -> None:
    rows = [["A", "B"], [1.5, -0.5], [0.1, 0.2]]
    assert tables.history(grid(rows), "returns").returns.matrix.tolist() == [[1.5, -0.5], [0.1, 0.2]]
    assert tables.history(grid([["A", "B"], [0.5, -0.5], [0.0, 0.2]])).returns.matrix.tolist()[0] == [
        0.5,
        -0.5,
    ]


def test_rows_of_a_covariance_are_square_with_labels() -> None:
    rows = ranges.covariance_rows(Covariance.from_matrix(["A"], [[0.04]]))  # type: ignore[arg-type] # a list will do
    assert rows == [["ticker", "A"], ["A", 0.04]]


@pytest.mark.parametrize(
    ("factor", "unit"), [(1e4, "percent_squared"), (1 / 252, "daily"), (1e4 / 252, "daily_percent_squared")]
)
@pytest.mark.parametrize("name", ["COVARIANCE", "BETA_NEUTRAL"])
def test_a_covariance_in_another_unit_is_refused_with_the_option_that_states_it(
    factor: float, unit: str, name: str
) -> None:
    rows = [["", "A", "B"], ["A", 0.16 * factor, 0.05 * factor], ["B", 0.05 * factor, 0.06 * factor]]
    before = ([["ticker", "weight"], ["A", 1.0]], [["ticker", "weight"], ["B", 1.0]])
    values = [rows] if name == "COVARIANCE" else [*before, rows]
    ((cell,),) = Session().call(BY_NAME[name], *values)
    assert f"unit={unit}" in str(cell)
    if name == "COVARIANCE":
        stated = Session().call(BY_NAME[name], rows, None, f"unit={unit}")
        assert stated[1][1] == pytest.approx(0.16)
