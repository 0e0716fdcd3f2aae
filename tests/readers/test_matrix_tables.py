"""Covariances in the shapes of pandas, Excel and vendors: each gives the matrix of the API's shape."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pytest

from betaneutral_xl import InputError
from betaneutral_xl.errors import MissingValue
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.readers.covariance_csv import parse_covariance
from betaneutral_xl.readers.matrix_tables import ONE_TRIANGLE

if TYPE_CHECKING:
    from betaneutral_xl import Covariance

NAMES = ("AAPL", "BRK.B", "NVDA")
MATRIX = np.array(
    [[0.0592787, 0.0074442, 0.017302], [0.0074442, 0.02243978, -0.0054], [0.017302, -0.0054, 0.19]]
)
ROWS = [[name, *row] for name, row in zip(NAMES, MATRIX.tolist(), strict=True)]

Cells = list[list[object]]


def parse(content: bytes) -> Covariance:
    origin = Provenance(source="file", location="v.csv", retrieval=Retrieval.FILE, as_of=None, rows=0)
    return parse_covariance(content, origin)


def text(rows: Sequence[Sequence[object]], delimiter: str = ",", *, comma: bool = False) -> str:
    stream = io.StringIO()
    written = [
        [str(cell).replace(".", ",") if comma and isinstance(cell, float) else cell for cell in row]
        for row in rows
    ]
    csv.writer(stream, delimiter=delimiter).writerows(written)
    return stream.getvalue()


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def headed(*labels: str) -> Cells:
    return [[*labels, *NAMES], *ROWS]


PLAIN = headed("ticker")
COUNTED: Cells = [["", "ticker", *NAMES], *([i, *row] for i, row in enumerate(ROWS))]
DATED: Cells = [["date", "ticker", *NAMES], *(["11/18/2025", *row] for row in ROWS)]
TRIANGLE: Cells = [
    ["ticker", *NAMES],
    *([name, *row[: i + 1], *[""] * (2 - i)] for i, (name, *row) in enumerate(ROWS)),
]
RAGGED: Cells = [["ticker", *NAMES], *([name, *row[: i + 1]] for i, (name, *row) in enumerate(ROWS))]
UPPER: Cells = [["ticker", *NAMES], *([name, *[""] * i, *row[i:]] for i, (name, *row) in enumerate(ROWS))]
PAIRS: Cells = [
    ["asset", "other", "cov"],
    *([a, b, MATRIX[i, j]] for i, a in enumerate(NAMES) for j, b in enumerate(NAMES) if j <= i),
]
LAST: Cells = [[*NAMES, "symbol"], *([*row[1:], row[0]] for row in ROWS)]
TITLED: Cells = [["Covariance of the fund", "", "", ""], *PLAIN]

SHAPES = {
    "as the API": text(headed("ticker")).encode(),
    "an index of pandas": text(headed("")).encode(),
    "an unnamed index": text(headed("Unnamed: 0")).encode(),
    "symbol": text(headed("Symbol")).encode(),
    "rows counted before the labels": text(COUNTED).encode(),
    "labels last": text(LAST).encode(),
    "semicolons and decimal commas": text(PLAIN, ";", comma=True).encode(),
    "tabs in UTF-16": text(PLAIN, "\t").encode("utf-16"),
    "gzip": gzip.compress(text(PLAIN).encode()),
    "gzip of an unnamed index": gzip.compress(text(headed("Unnamed: 0")).encode()),
    "a workbook": workbook(PLAIN),
    "a workbook with a title": workbook(TITLED),
    "US dates": text(DATED).encode(),
    "pairs": text(PAIRS).encode(),
    "pairs with decimal commas": text(PAIRS, ";", comma=True).encode(),
    "lower triangle": text(TRIANGLE).encode(),
    "ragged lower triangle": text(RAGGED).encode(),
    "upper triangle": text(UPPER).encode(),
    "a workbook with a triangle": workbook(
        [[cell if cell != "" else None for cell in row] for row in TRIANGLE]
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_matrix(shape: str) -> None:
    read = parse(SHAPES[shape])
    assert read.tickers == NAMES
    assert np.array_equal(read.form.dense(), MATRIX)
    assert (ONE_TRIANGLE in read.warnings) == ("triangle" in shape)
    assert str(read.as_of) == ("2025-11-18" if shape == "US dates" else "None")


def test_parquet_of_pandas_gives_the_same_matrix() -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(MATRIX, list(NAMES), list(NAMES))
    for one in (frame, frame.rename_axis("ticker").reset_index()):
        stream = io.BytesIO()
        one.to_parquet(stream)
        read = parse(stream.getvalue())
        assert read.tickers == NAMES
        assert np.array_equal(read.form.dense(), MATRIX)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (
            [["", *NAMES], *ROWS[:2], ["NVDA", 0.017302, "", 0.19]],
            MissingValue,
            "blank cell for NVDA and BRK.B",
        ),
        (
            [["Symbol", *NAMES], *ROWS[:2], ["NVDA", 0.017302, "n. m.", 0.19]],
            MissingValue,
            "v.csv, row 4 is 'n. m.', not a number",
        ),
        ([["Symbol", *NAMES], ["AAPL", "5%", "1%", "1%"], *ROWS[1:]], MissingValue, "without a percent sign"),
        ([["Symbol", *NAMES], *ROWS[:2], ["TSM", 0.1, 0.1, 0.1]], InputError, "NVDA has a column but no row"),
        (
            [["asset", "other", "cov"], *PAIRS[1:4], *PAIRS[3:]],
            InputError,
            "pair BRK.B, BRK.B more than once",
        ),
        ([*PAIRS[:5], PAIRS[6]], MissingValue, "no covariance of BRK.B and NVDA, and 1 of 6 pairs"),
        ([["a", "b"], ["c", "d"]], InputError, "is not a covariance"),
    ],
)
def test_what_is_no_matrix_is_refused_with_its_place(
    rows: Cells, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        parse(text(rows).encode())
