"""A table means the same in a file and in a range of cells: same holdings, same warnings, same refusals."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl.errors import BetaNeutralError, InputError, MissingValue
from betaneutral_xl.job import tables
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.readers.etf_files import parse_etf
from betaneutral_xl.readers.holdings_files import parse_holdings_file, parse_holdings_grid

if TYPE_CHECKING:
    from betaneutral_xl import Holdings
    from betaneutral_xl.readers.tabular.cell_grids import Cell

Rows = tuple[tuple["Cell", ...], ...]
NAME = "portfolio.csv"


@dataclass(frozen=True)
class Range:
    """Cells that name their places as a file does."""

    rows: Rows
    what: str = NAME

    def place(self, row: int, column: int) -> str:
        del column
        return f"{self.what}, row {row + 1}"

    def refuse_error(self, row: int, column: int) -> None:
        assert not str(self.rows[row][column]).startswith("#")


def as_file(rows: Rows) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows([["" if cell is None else cell for cell in row] for row in rows])
    return stream.getvalue().encode()


def described(holdings: Holdings) -> object:
    return (
        holdings.tickers,
        holdings.weights.round(12).tolist(),
        round(holdings.cash, 12),
        holdings.nav,
        holdings.as_of,
        holdings.warnings,
    )


def answer(rows: Rows, *, in_file: bool) -> object:
    try:
        if in_file:
            return described(parse_holdings_file(as_file(rows), NAME))
        return described(parse_holdings_grid(Range(rows), Provenance.given(0)))
    except BetaNeutralError as error:
        return type(error), str(error)


HEAD = ("ticker", "weight")
SHARES = ("ticker", "shares", "price")

TABLES: dict[str, Rows] = {
    "weights": (HEAD, ("A", 0.4), ("B", 0.6)),
    "no header": (("A", 0.4), ("B", 0.6)),
    "no header, no sum of 1": (("A", 0.4), ("B", 0.3)),
    "no header, neither weights nor shares": (("A", 400.0), ("B", 300.0)),
    "percent": (HEAD, ("A", 60.0), ("B", 40.0)),
    "percent signs": (HEAD, ("A", "60%"), ("B", "40%")),
    "percent header": (("Symbol", "Weight (%)"), ("A", 30.0), ("B", 20.0)),
    "values as weights": (HEAD, ("A", 60_000.0), ("B", 40_000.0)),
    "total": (HEAD, ("A", 0.4), ("B", 0.6), ("Total", 1.0)),
    "total without a word": (HEAD, ("A", 0.4), ("B", 0.6), (None, 1.0)),
    "half without a ticker": (HEAD, ("A", 0.3), ("B", 0.2), (None, 0.5)),
    "weight without a ticker": (HEAD, ("A", 0.4), (None, 0.6)),
    "title": (("Positions as of 11/18/2025", None), HEAD, ("A", 0.4), ("B", 0.6)),
    "blank line": (HEAD, ("A", 0.4), (None, None), ("B", 0.6)),
    "cash": (HEAD, ("A", 0.9), ("CASH", 0.1)),
    "cash in dollars": (HEAD, ("A", 0.9), ("USD", 0.1)),
    "cash and other": (HEAD, ("A", 0.9), ("Cash & Other", 0.1)),
    "money market fund": (HEAD, ("A", 0.9), ("SPAXX**", 0.1)),
    "decimal commas": (HEAD, ("A", "0,4"), ("B", "0,6")),
    "shorts in brackets": (HEAD, ("A", "1.3"), ("B", "(0.3)")),
    "word": (HEAD, ("A", 0.4), ("B", "half")),
    "missing weight": (HEAD, ("A", 0.4), ("GOOGL", None)),
    "twice": (HEAD, ("A", 0.4), ("A", 0.6)),
    "lots": (SHARES, ("A", 10.0, 5.0), ("A", 20.0, 5.0), ("B", 10.0, 15.0)),
    "values nearly cancel": (SHARES, ("A", 5000.0, 100.0), ("B", -4990.0, 100.0)),
    "missing price": (SHARES, ("A", 10.0, 5.0), ("B", 10.0, None)),
    "price a word": (SHARES, ("A", 10.0, 5.0), ("B", 10.0, "n. m.")),
    "broker": (
        ("Symbol", "Description", "Quantity", "Last Price", "Market Value"),
        ("A", "Alpha", 10.0, 5.0, 50.0),
        ("B", "Beta", 10.0, 5.0, "$50.00"),
    ),
    "weights that differ": (
        (*SHARES, "weight"),
        ("A", 10.0, 5.0, 0.5),
        ("B", 10.0, 5.0, 0.3),
    ),
    "one currency": ((*SHARES, "currency"), ("A", 10.0, 5.0, "USD"), ("B", 10.0, 5.0, "USD")),
    "rates": ((*SHARES, "FXRateToBase"), ("A", 10.0, 5.0, 1.0), ("B", 10.0, 5.0, 1.16)),
    "days": (
        ("date", *HEAD),
        ("2025-11-17", "A", 1.0),
        ("2025-11-18", "A", 0.5),
        ("2025-11-18", "B", 0.5),
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_portfolio_is_the_same_in_a_file_and_in_a_range(case: str) -> None:
    in_file, in_range = (answer(TABLES[case], in_file=one) for one in (True, False))
    assert in_range == in_file


def test_a_number_without_a_ticker_is_refused_or_taken_as_the_total_with_a_warning() -> None:
    total = parse_holdings_grid(Range(TABLES["total without a word"]), Provenance.given(0))
    assert total.warnings == (
        f"{NAME}, row 4 has no ticker and the sum of the rows above: it is taken as their total.",
    )
    for case in ("half without a ticker", "weight without a ticker"):
        with pytest.raises(MissingValue, match=r"has no ticker beside its 0\.[56] \(weight\)"):
            parse_holdings_grid(Range(TABLES[case]), Provenance.given(0))


def test_typed_cells_keep_their_values() -> None:
    third = 1.0 / 3.0
    rows = (("date", *HEAD), (date(2025, 11, 18), "A", third), (date(2025, 11, 18), "B", "0,5"))
    holdings = parse_holdings_grid(Range(rows), Provenance.given(0))
    assert holdings.weights.tolist() == [third, 0.5]
    assert holdings.as_of == date(2025, 11, 18)


def test_a_number_beside_text_with_a_decimal_comma_is_not_read_as_thousands() -> None:
    rows = (("Symbol", "Market Value"), ("A", 1.234), ("B", "2,5"), ("C", "0,25"))
    holdings = parse_holdings_grid(Range(rows), Provenance.given(0))
    assert holdings.nav == pytest.approx(1.234 + 2.5 + 0.25)


def test_two_currencies_are_refused_with_what_can_be_done_there() -> None:
    rows = ((*SHARES, "currency"), ("A", 10.0, 5.0, "USD"), ("B", 10.0, 5.0, "EUR"))
    assert "--fx EUR=RATE, or a column FXRateToBase" in str(answer(rows, in_file=True))
    assert "Give a column FXRateToBase" in str(answer(rows, in_file=False))


BASKETS: dict[str, Rows] = {
    "weights": (HEAD, ("A", 0.4), ("B", 0.6)),
    "percent": (HEAD, ("A", 40.0), ("B", 60.0)),
    "cash and total": (HEAD, ("A", 40.0), ("B", 50.0), ("Cash & Other", 10.0), ("Total", 100.0)),
    "names": (("Ticker", "Name", "Weight (%)"), ("A", "Alpha", 40.0), (None, "US DOLLAR", 60.0)),
    "missing": (HEAD, ("A", 0.4), ("B", None), ("C", 0.6)),
    "title": (("Holdings of the fund", None), HEAD, ("A", 0.4), ("B", 0.6)),
    "values": (("Ticker", "Market Value"), ("A", 400.0), ("B", 600.0)),
}


@pytest.mark.parametrize("case", BASKETS)
def test_an_etf_is_the_same_in_a_file_and_in_a_range(case: str) -> None:
    in_file = parse_etf(as_file(BASKETS[case]), "ETF.csv")
    (in_range,) = tables.etfs(Range(BASKETS[case], "etf"))
    assert in_range.tickers == in_file.tickers
    assert in_range.weights.tolist() == in_file.weights.tolist()
    assert in_range.totals == in_file.totals
    assert in_range.warnings == tuple(line for line in in_file.warnings if "has no date" not in line)


def test_more_than_a_hundred_etfs_stand_side_by_side() -> None:
    names = tuple(f"E{i:03}" for i in range(120))
    rows: Rows = (("ticker", *names), ("NVDA", *[0.5] * 120), ("AMD", *[0.5] * 120))
    etfs = tables.etfs(Range(rows, "etf"))
    assert tuple(one.name for one in etfs) == names
    assert {one.weights.tolist() == [0.5, 0.5] for one in etfs} == {True}


def test_values_under_weight_of_an_etf_are_refused() -> None:
    with pytest.raises(InputError, match="neither fractions nor percent"):
        tables.etfs(Range((HEAD, ("A", 40_000.0), ("B", 60_000.0)), "etf"))


# ---------------------------------------------------------------- pandas


def test_pandas_objects_are_read_as_the_tables_they_show() -> None:
    pd = pytest.importorskip("pandas")
    plain = tables.holdings_of_object({"A": 0.9, "USD": 0.1})
    frame = pd.DataFrame({"Symbol": ["A", "USD"], "Weight %": [90.0, 10.0]})
    for one in (
        pd.Series([0.9, 0.1], ["A", "USD"]),
        pd.Series(["90%", "10%"], ["A", "USD"]),
        pd.Series([90, 10], ["A", "USD"]),
        pd.Series([0.9, np.nan, 0.1], ["A", None, "USD"]),
        frame,
        frame.set_index("Symbol"),
        frame.set_index("Symbol").rename_axis(None),
        pd.DataFrame({0: [0.9, 0.1]}, index=["A", "USD"]),
        pd.DataFrame([["Positions", None], ["ticker", "weight"], ["A", 0.9], ["USD", 0.1]]),
    ):
        read = tables.holdings_of_object(one)
        assert (read.tickers, read.weights.tolist(), round(read.cash, 12)) == (("A",), [0.9], 0.1)
    assert plain.tickers == ("A",)


def test_a_word_among_the_weights_of_a_series_is_named() -> None:
    with pytest.raises(InputError, match=r"^row 2 of holdings \(weight\) is 'half', not a number"):
        tables.holdings_of_object({"A": 0.5, "B": "half"})


def test_a_frame_with_a_column_for_each_etf_is_several_etfs() -> None:
    pd = pytest.importorskip("pandas")
    (single,) = tables.etfs_of_object(pd.Series([0.4, 0.6], ["A", "B"], name="AIQ"))
    assert single.name == "AIQ"
    frame = pd.DataFrame({"AIQ": [0.4, 0.6], "JHAI": [1.0, None]}, index=["A", "B"])
    first, second = tables.etfs_of_object(frame)
    assert (first.name, first.tickers) == ("AIQ", ("A", "B"))
    assert (second.name, second.tickers) == ("JHAI", ("A",))


def test_a_frame_of_covariances_is_read_with_labels_on_both_sides_or_in_a_column() -> None:
    pd = pytest.importorskip("pandas")
    matrix = np.array([[0.04, 0.01], [0.01, 0.09]])
    frame = pd.DataFrame(matrix, ["A", "B"], ["A", "B"])
    for one in (frame, frame.rename_axis("symbol").reset_index(), frame.iloc[::-1]):
        assert (tables.covariance_of_object(one).form.dense() == matrix).all()
