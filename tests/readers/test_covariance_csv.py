from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import (
    BetaNeutralError,
    ChangedFormat,
    DuplicateTicker,
    InputError,
    MissingValue,
    NotPositiveSemidefinite,
    UnreadableFile,
)
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.readers import covariance_csv
from betaneutral_xl.readers.covariance_csv import (
    MAX_NAMES,
    load_covariance,
    parse_covariance,
    parse_plain_matrix,
)

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import Covariance

API_SHAPE = """\
date,ticker,AAPL,NVDA,IWV
2025-11-18,AAPL,0.09,0.03,0.02
2025-11-18,NVDA,0.03,0.16,0.04
2025-11-18,IWV,0.02,0.04,0.0225
"""

V = [[0.09, 0.03, 0.02], [0.03, 0.16, 0.04], [0.02, 0.04, 0.0225]]


def parse(
    text: str, unit: CovarianceUnit = CovarianceUnit.ANNUAL, retrieval: Retrieval = Retrieval.FILE
) -> Covariance:
    origin = Provenance(source="test", location="v.csv", retrieval=retrieval, as_of=None, rows=0)
    return parse_covariance(text.encode(), origin, unit)


def test_the_apis_format_is_read() -> None:
    covariance = parse(API_SHAPE)
    assert covariance.tickers == ("AAPL", "NVDA", "IWV")
    assert covariance.form.dense().tolist() == V
    assert covariance.as_of == date(2025, 11, 18)
    assert covariance.provenance.rows == 3
    assert len(covariance.provenance.sha256) == 64


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(line.partition(",")[2] for line in API_SHAPE.splitlines()),
        API_SHAPE.replace("\n", "\r\n"),
        "\ufeff" + API_SHAPE + "\n\n,,,\n",
        API_SHAPE.replace("date,ticker", "Date, Ticker"),
        API_SHAPE.replace("2025-11-18,AAPL", '"2025-11-18","AAPL"').replace("0.16", '"0.16"'),
        API_SHAPE.replace("2025-11-18", "2025-11-18T00:00:00"),
        "\n".join(line.partition(",")[2] for line in API_SHAPE.splitlines()).removeprefix("ticker"),
        API_SHAPE.replace("NVDA", "nvda us"),
    ],
    ids=[
        "no date",
        "CRLF",
        "byte order mark and blank lines",
        "capitals",
        "quotes",
        "a time",
        "as pandas writes it",
        "spelling",
    ],
)
def test_variants_of_the_format_give_the_same_covariance(text: str) -> None:
    covariance = parse(text)
    assert covariance.tickers == ("AAPL", "NVDA", "IWV")
    assert covariance.form.dense().tolist() == V


@given(st.permutations([1, 2, 3]))
def test_rows_are_matched_by_ticker_not_by_position(order: list[int]) -> None:
    lines = API_SHAPE.splitlines()
    covariance = parse("\n".join([lines[0], *(lines[i] for i in order)]))
    assert covariance.form.dense().tolist() == V


@pytest.mark.parametrize(
    ("unit", "factor"),
    [(CovarianceUnit.PERCENT_SQUARED, 1e4), (CovarianceUnit.DAILY, 1 / 252), (CovarianceUnit.ANNUAL, 1.0)],
)
def test_units_are_converted_to_annual_decimals(unit: CovarianceUnit, factor: float) -> None:
    covariance = parse(table(["AAPL", "NVDA", "IWV"], np.array(V) * factor), unit)
    assert covariance.form.dense() == pytest.approx(np.array(V), rel=1e-12)


def table(names: list[str], matrix: np.ndarray) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["date", "ticker", *names])
    writer.writerows(["2025-11-18", name, *row] for name, row in zip(names, matrix.tolist(), strict=True))
    return stream.getvalue()


def edited(old: str, new: str) -> str:
    assert old in API_SHAPE
    return API_SHAPE.replace(old, new)


SCALED = table(["AAPL", "NVDA"], np.array([[900.0, 300.0], [300.0, 1600.0]]))

REFUSED: list[tuple[str, str, type[BetaNeutralError], str]] = [
    (
        "a row too few",
        "\n".join(API_SHAPE.splitlines()[:-1]),
        InputError,
        "The covariance v.csv is not square: 2 rows, 3 columns of numbers, and IWV has a column but no row. "
        "Give each ticker one row and one column.",
    ),
    (
        "a row too many",
        API_SHAPE + "2025-11-18,TSM,0.1,0.1,0.1\n",
        InputError,
        "The covariance v.csv is not square: 4 rows, 3 columns of numbers, and TSM has a row but no column. "
        "Give each ticker one row and one column.",
    ),
    (
        "other names in the rows",
        edited("18,NVDA", "18,TSM"),
        InputError,
        "The covariance v.csv is not square: 3 rows, 3 columns of numbers, and NVDA has a column but no row. "
        "Give each ticker one row and one column.",
    ),
    (
        "a row twice",
        API_SHAPE + "2025-11-18,AAPL,0.09,0.03,0.02\n",
        DuplicateTicker,
        "The covariance v.csv has AAPL more than once in its rows. Remove the duplicate rows.",
    ),
    (
        "a column twice",
        edited("AAPL,NVDA,IWV", "AAPL,AAPL US,IWV"),
        DuplicateTicker,
        "The covariance v.csv has AAPL more than once in its columns. Remove the duplicate columns.",
    ),
    (
        "not symmetric",
        edited("NVDA,0.03", "NVDA,0.05"),
        NotPositiveSemidefinite,
        "The covariance is not symmetric: AAPL with NVDA is 0.03 one way and 0.05 the other. "
        "Check the order of its rows and columns.",
    ),
    (
        "not positive semidefinite",
        table(["AAPL", "NVDA"], np.array([[0.04, 0.05], [0.05, 0.04]])),
        NotPositiveSemidefinite,
        "The covariance is not positive semidefinite: its smallest eigenvalue is -0.01, so some portfolio "
        "would have a negative variance. Estimate it on one window for all names.",
    ),
    (
        "percent squared",
        SCALED,
        InputError,
        "The covariance v.csv has a median variance of 1250, read as annual decimals; annual variances of "
        "shares lie between 0.0025 and 4 in decimals. It looks like percent squared: choose "
        "--covariance-unit percent_squared, or convert it.",
    ),
    (
        "daily",
        table(["AAPL", "NVDA"], np.array([[0.0004, 0.0001], [0.0001, 0.0005]])),
        InputError,
        "The covariance v.csv has a median variance of 0.00045, read as annual decimals; annual variances of "
        "shares lie between 0.0025 and 4 in decimals. It looks like daily decimals: choose "
        "--covariance-unit daily, or convert it.",
    ),
    (
        "no known unit",
        table(["AAPL", "NVDA"], np.array([[1e-9, 0.0], [0.0, 1e-9]])),
        InputError,
        "The covariance v.csv has a median variance of 1e-09, read as annual decimals; annual variances of "
        "shares lie between 0.0025 and 4 in decimals. Convert it to annual decimals.",
    ),
    (
        "text in a cell",
        edited("0.16", "n/a"),
        MissingValue,
        "The covariance v.csv has 'n/a', not a number, for NVDA and NVDA (v.csv, row 3). "
        "Fill it in, or remove the ticker.",
    ),
    (
        "a blank cell",
        edited("0.16", ""),
        MissingValue,
        "The covariance v.csv has a blank cell for NVDA and NVDA (v.csv, row 3). "
        "Fill it in, or remove the ticker.",
    ),
    (
        "NaN in a cell",
        edited("0.16", "NaN"),
        MissingValue,
        "The covariance v.csv has a blank cell for NVDA and NVDA (v.csv, row 3). "
        "Fill it in, or remove the ticker.",
    ),
    (
        "a cell too few",
        edited("0.03,0.16,0.04", "0.03,0.16"),
        UnreadableFile,
        "v.csv has 4 cells in the row that begins '2025-11-18,NVDA', not 5. Check that it is complete.",
    ),
    (
        "cut off",
        API_SHAPE[:60],
        UnreadableFile,
        "v.csv has 1 cells in the row that begins '202', not 5. Check that it is complete.",
    ),
    (
        "two days",
        edited("18,NVDA", "17,NVDA"),
        UnreadableFile,
        "v.csv has 2 dates in its date column, from 2025-11-17 to 2025-11-18. Keep the rows of one day.",
    ),
    (
        "a date that is none",
        edited("2025-11-18", "Tuesday"),
        UnreadableFile,
        "v.csv, row 2 has 'Tuesday' in its date column, not a date. Correct it.",
    ),
    (
        "a ticker that is empty",
        edited("AAPL,NVDA,IWV", "AAPL,,IWV"),
        InputError,
        "A ticker is empty. Fill it in, or remove its row.",
    ),
    (
        "another table",
        "ticker,weight\nAAPL,0.5\nNVDA,0.5\n",
        InputError,
        "The covariance v.csv is not square: 2 rows, 1 columns of numbers, and AAPL has a row but no column. "
        "Give each ticker one row and one column.",
    ),
    (
        "another header",
        "Security,Ticker,Cusip\n",
        UnreadableFile,
        "v.csv is not a covariance: it begins with 'Security,Ticker,Cusip'. "
        "Its first line should be date,ticker,<tickers> or ticker,<tickers>, with a row per ticker.",
    ),
    (
        "only a header",
        "date,ticker,AAPL,IWV\n",
        UnreadableFile,
        "v.csv has a header and no numbers. Check that it is the right file.",
    ),
    (
        "no columns",
        "date,ticker\n2025-11-18,AAPL\n",
        UnreadableFile,
        "v.csv has a header and no numbers. Check that it is the right file.",
    ),
    (
        "a web page",
        "<html></html>",
        UnreadableFile,
        "v.csv is a web page, not CSV. Check that it is the right file.",
    ),
    ("nothing", "", UnreadableFile, "v.csv is empty, not CSV. Check that it is the right file."),
    (
        "too many names",
        "ticker," + ",".join(f"T{i}" for i in range(MAX_NAMES + 1)) + "\nT0,1\n",
        UnreadableFile,
        "v.csv has 5,001 names, more than 5,000. Keep the names that are needed.",
    ),
    (
        "a cell without end",
        'date,ticker,AAPL\n"' + "x" * 200_000,
        UnreadableFile,
        "v.csv, after row 1: field larger than field limit (131072). "
        "A quotation mark is opened there and not closed; download the file again.",
    ),
    (
        "a header of commas",
        ",,,\n,,,\n",
        UnreadableFile,
        "v.csv has no row with text in it. Download it again.",
    ),
]


@pytest.mark.parametrize(
    ("text", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_each_bad_input_gives_its_message(text: str, kind: type[BetaNeutralError], message: str) -> None:
    with pytest.raises(kind) as caught:
        parse(text)
    assert str(caught.value) == message
    assert type(caught.value) is kind


def test_an_answer_of_the_network_is_not_called_a_file() -> None:
    with pytest.raises(ChangedFormat, match=r"^v\.csv: the answer has 1 cells in the row"):
        parse(API_SHAPE[:60], retrieval=Retrieval.LIVE)


def test_the_unit_can_be_specified(tmp_path: Path) -> None:
    file = tmp_path / "v.csv"
    file.write_text(SCALED, encoding="utf-8")
    covariance = load_covariance(file, CovarianceUnit.PERCENT_SQUARED)
    assert covariance.volatilities == pytest.approx([0.3, 0.4])
    assert covariance.provenance.location == "v.csv"
    assert covariance.provenance.retrieval is Retrieval.FILE


def error_line(text: str) -> str:
    try:
        parse(text)
    except BetaNeutralError as error:
        return str(error)
    return ""


@given(st.one_of(st.text(max_size=80), st.text("date,ticker\n0.19AIWV-\"'\r2", max_size=120)))
def test_any_text_raises_only_the_packages_errors(text: str) -> None:
    assert "\n" not in error_line(text)


def test_a_row_without_numbers_is_named_without_a_numpy_warning() -> None:
    assert error_line(",0\n0,") == (
        "The covariance v.csv has a blank cell for 0 and 0 (v.csv, row 2). Fill it in, or remove the ticker."
    )


def test_pandas_is_not_needed(tmp_path: Path) -> None:
    file = tmp_path / "v.csv"
    file.write_text(API_SHAPE, encoding="utf-8")
    script = (
        "import json, sys; from betaneutral_xl.readers.covariance_csv import load_covariance;"
        f"load_covariance({str(file)!r}); print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)  # noqa: S603 - our own interpreter
    assert not {"pandas", "scipy", "requests"} & set(json.loads(done.stdout))


PRINTED = st.sampled_from(
    ["0.04", "4e-2", "1", "-0", "0.1234567890123456789", "5e-324", "1.7976931348623157e308", "2.5E+1"]
) | st.floats(allow_nan=False, allow_infinity=False).map(repr)


@given(
    cells=st.lists(PRINTED, min_size=9, max_size=9), end=st.sampled_from(["\n", "\r\n"]), dated=st.booleans()
)
@pytest.mark.usefixtures("simdjson")
def test_plain_rows_are_the_same_numbers_as_cell_by_cell(cells: list[str], end: str, *, dated: bool) -> None:
    label = "2025-11-18," if dated else ""
    rows = [f"{label}{name},{','.join(cells[3 * i : 3 * i + 3])}" for i, name in enumerate("ABC")]
    head = ("date,ticker" if dated else "ticker") + ",A,B,C"
    plain = parse_plain_matrix(io.BytesIO(end.join([head, *rows, ""]).encode()))
    assert plain is not None
    np.testing.assert_array_equal(plain.matrix.ravel(), [float(cell) for cell in cells])
    assert [one[-1] for one in plain.labels] == ["A", "B", "C"]


@pytest.mark.parametrize(
    "change",
    [
        ("0.16", "nan"),
        ("0.16", ""),
        ("0.16", '"0.16"'),
        ("0.16", "x"),
        ("0.16", "1e999"),
        ("0.16", "0.16,0.2"),
        ("0.16", "[0.16]"),
        ("0.16", "true"),
        ("0.16", "0.16]"),
        ("0.16", "0x1"),
        ("2025-11-18,NVDA", "NVDA"),
        ("date,", "day,"),
        ("NVDA", "\u00c4RZ"),
        ("\n2025-11-18,IWV,0.02,0.04,0.0225", ""),
    ],
)
@pytest.mark.usefixtures("simdjson")
def test_what_is_no_plain_matrix_is_left_to_the_careful_reader(change: tuple[str, str]) -> None:
    assert parse_plain_matrix(io.BytesIO(API_SHAPE.encode())) is not None
    assert parse_plain_matrix(io.BytesIO(API_SHAPE.replace(*change).encode())) is None


def test_both_readers_give_the_same_covariance(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = parse(API_SHAPE)
    monkeypatch.setattr(covariance_csv, "parse_plain_matrix", lambda _: None)
    careful = parse(API_SHAPE)
    assert fast.tickers == careful.tickers
    assert fast.form.dense().tobytes() == careful.form.dense().tobytes()
    at_once = replace(careful.provenance, fetched_at=fast.provenance.fetched_at)
    assert (fast.as_of, fast.provenance) == (careful.as_of, at_once)
