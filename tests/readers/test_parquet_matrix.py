"""Covariances in Parquet, read column by column."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from betaneutral_xl.errors import BetaNeutralError
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.readers import covariance_csv, parquet_matrix
from betaneutral_xl.readers.covariance_csv import load_covariance, parse_covariance

NAMES = ["AAA", "BRK.B", "CCC"]
MATRIX = np.array([[0.09, 0.02, 0.01], [0.02, 0.16, 0.03], [0.01, 0.03, 0.25]])
ORIGIN = Provenance(source="file", location="v.parquet", retrieval=Retrieval.FILE, as_of=None, rows=0)


def frame() -> pd.DataFrame:
    return pd.DataFrame(MATRIX, index=NAMES, columns=NAMES)


def written(table: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    table.to_parquet(stream)
    return stream.getvalue()


def labelled(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({**columns, **{name: MATRIX[:, j] for j, name in enumerate(NAMES)}})


@pytest.mark.parametrize(
    "table",
    [
        frame(),
        frame().rename_axis("ticker"),
        frame().iloc[::-1],
        labelled(ticker=NAMES),
        labelled(date=[date(2025, 11, 18)] * 3, ticker=NAMES),
        labelled(date=[pd.Timestamp("2025-11-18")] * 3, ticker=NAMES),
    ],
    ids=["index", "named index", "other order", "column", "days", "times"],
)
def test_every_shape_is_read_as_numbers(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covariance_csv, "_parse_other_shape", lambda *_: pytest.fail("read as text"))
    found = parse_covariance(written(table), ORIGIN)
    assert found.tickers == tuple(NAMES)
    np.testing.assert_array_equal(found.form.dense(), MATRIX)
    assert found.as_of == (date(2025, 11, 18) if "date" in table else None)


def test_numbers_and_text_give_the_same_covariance(monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(labelled(date=[date(2025, 11, 18)] * 3, ticker=NAMES))
    fast = parse_covariance(content, ORIGIN)
    monkeypatch.setattr(parquet_matrix, "parquet_matrix", lambda *_: None)
    careful = parse_covariance(content, ORIGIN)
    assert fast.form.dense().tobytes() == careful.form.dense().tobytes()
    assert (fast.tickers, fast.provenance) == (careful.tickers, careful.provenance)


def test_more_columns_than_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_matrix, "COLUMNS", 2)
    frame().to_parquet(tmp_path / "v.parquet")
    np.testing.assert_array_equal(load_covariance(tmp_path / "v.parquet").form.dense(), MATRIX)


def test_one_triangle_is_filled_by_symmetry() -> None:
    found = parse_covariance(written(frame().where(np.tril(np.ones((3, 3))) > 0)), ORIGIN)
    np.testing.assert_array_equal(found.form.dense(), MATRIX)
    assert any("one triangle" in line.lower() for line in found.warnings)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (frame().assign(CCC=["0.01", "x", "0.25"]), "is 'x', not a number"),
        (frame().assign(CCC=[0.01, np.nan, 0.25]), "blank cell for BRK.B and CCC"),
        (
            labelled(date=[date(2025, 11, 18), date(2025, 11, 19)] * 1 + [date(2025, 11, 18)], ticker=NAMES),
            "2 dates",
        ),
    ],
    ids=["word", "blank", "days"],
)
def test_what_cannot_be_read_is_named(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(BetaNeutralError, match=message):
        parse_covariance(written(table), ORIGIN)


@pytest.mark.parametrize("cut", [8, 200])
def test_a_damaged_file_is_refused_in_a_line(cut: int) -> None:
    with pytest.raises(BetaNeutralError, match="not a table in Parquet"):
        parse_covariance(written(frame())[:cut], ORIGIN)
