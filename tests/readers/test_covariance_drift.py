"""What a covariance file keeps below its matrix."""

from __future__ import annotations

import io
import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pytest

from betaneutral_xl.engine.estimators.fitting import fit, observe
from betaneutral_xl.engine.intervals import name_forecasts
from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.cli.estimate import to_api_csv
from betaneutral_xl.model.history import EstimateHistory
from betaneutral_xl.model.printed import number
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.returns import Returns
from betaneutral_xl.readers.covariance_csv import parse_covariance

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import Covariance

PLAIN = "ticker,A,B\nA,0.04,0.01\nB,0.01,0.09\n"


def read(text: str) -> Covariance:
    origin = Provenance(
        source="covariance file", location="risk.csv", retrieval=Retrieval.FILE, as_of=None, rows=0
    )
    return parse_covariance(text.encode(), origin)


def estimated() -> Covariance:
    rng = np.random.default_rng(8)
    returns = 0.01 * rng.normal(size=(300, 1)) + 0.01 * rng.normal(size=(300, 4))
    returns[:40, 2] = np.nan
    dates = np.array([date(2024, 1, 1) + timedelta(days=i) for i in range(300)], "datetime64[D]")
    whole = fit(observe(Returns(("A", "B", "C", "D"), dates, returns, Provenance.given(4))), "exponential")
    return whole.select(["C", "A", "B"])  # D is context


def test_estimate_that_is_saved_and_read_has_the_same_intervals() -> None:
    before = estimated()
    after = read(to_api_csv(before)).select(before.tickers)
    assert after.effective_days == pytest.approx(before.effective_days)
    assert after.seen == pytest.approx(before.seen)
    unit = np.array([0.0, 0.5, 0.5])
    for one, other in zip(name_forecasts(before, unit), name_forecasts(after, unit), strict=True):
        assert one.se == pytest.approx(other.se, rel=1e-9)
        assert one.drift == pytest.approx(other.drift, rel=1e-9)
        assert math.isfinite(one.half_width())


def saved_by_excel(text: str, form: str) -> bytes:
    """Return a file as Excel saves it: rows of one width, its own dates, separators and digits."""
    rows = [line.split(",") for line in text.splitlines()]
    width = max(map(len, rows))

    def shown(cell: str) -> str:
        try:
            digits = f"{float(cell):.12g}"
        except ValueError:
            day = cell.split("-")
            if len(day) != 3 or not day[0].isdigit():
                return cell
            return f"{int(day[1])}/{int(day[2])}/{day[0]}" if form == "us" else f"{day[2]}.{day[1]}.{day[0]}"
        return digits.replace(".", ",") if form == "european" else digits

    if form == "xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.worksheets[0].append([number(cell) if number(cell) is not None else cell for cell in row])
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()
    separator = ";" if form == "european" else ","
    lines = (separator.join([*map(shown, row), *[""] * (width - len(row))]) for row in rows)
    return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")


@pytest.mark.parametrize("form", ["us", "european", "xlsx"])
def test_estimate_that_excel_saved_keeps_its_days_and_its_history(form: str) -> None:
    before = estimated()
    origin = Provenance(source="covariance file", location="r", retrieval=Retrieval.FILE, as_of=None, rows=0)
    after = parse_covariance(saved_by_excel(to_api_csv(before), form), origin).select(before.tickers)
    assert after.form.dense() == pytest.approx(before.form.dense(), rel=1e-9)
    assert after.as_of == before.as_of
    assert after.effective_days == pytest.approx(before.effective_days)
    assert after.seen == pytest.approx(before.seen)
    unit = np.array([0.0, 0.5, 0.5])
    for one, other in zip(name_forecasts(before, unit), name_forecasts(after, unit), strict=True):
        assert one.drift == pytest.approx(other.drift, rel=1e-6)


def test_file_without_such_lines_has_no_history() -> None:
    covariance = read(PLAIN)
    assert covariance.history is None
    assert covariance.effective_days is None


def test_lines_are_left_out_of_the_matrix() -> None:
    text = f"{PLAIN}# effective_days,120\n# history,sample\n# names,B,A,X\n# return,0.01,,0.02\n"
    covariance = read(text)
    assert covariance.form.dense().tolist() == [[0.04, 0.01], [0.01, 0.09]]
    assert covariance.effective_days == 120.0
    assert isinstance(covariance.history, EstimateHistory)
    assert covariance.history.tickers == ("B", "A", "X")
    assert np.isnan(covariance.history.returns[0, 1])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("# effective_days,many\n", "not a number"),
        ("# effective_days,-3\n", "-3 effective days"),
        ("# effective_days,1\n# effective_days,2\n", "2 lines # effective_days"),
        ("# seen,1\n", "1 numbers in a line # seen, not 2"),
        ("# seen,1,1.5\n", "outside 0 to 1"),
        ("# return,0.1,0.1\n", "returns without the lines"),
        ("# history,sample\n# names,A,B\n# return,0.1\n", "not 2"),
        ("# history,sample\n# names,A,A\n# return,0.1,0.1\n", "a name twice"),
        ("# history,sample\n# names,A,B\n# return,inf,0.1\n", "not a number"),
        ("# history,sample\n# names,A,B\n# return,1e9,0.1\n", "daily return beyond"),
        ("# unit,1,0\n", "before any # errors"),
        ("# errors,X\n# unit,1,0\n# error,0.1,0.2\n", "incomplete lines"),
    ],
)
def test_damaged_lines_are_refused(lines: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(PLAIN + lines)


def test_unknown_estimator_of_a_history_is_refused() -> None:
    returns = "".join(f"# return,{0.01 * math.sin(i):.6f},{0.01 * math.cos(i):.6f}\n" for i in range(220))
    covariance = read(f"{PLAIN}# effective_days,120\n# history,magic\n# names,A,B\n{returns}")
    with pytest.raises(InputError, match="no estimator"):
        name_forecasts(covariance, np.array([1.0, 0.0]))
