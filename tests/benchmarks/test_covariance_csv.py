"""Speed of reading a covariance, compared with pandas on the same bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.readers.covariance_csv import parse_covariance

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


def large(n: int) -> bytes:
    rng = np.random.default_rng(0)
    loadings = rng.normal(scale=0.2, size=(n, 10))
    matrix = loadings @ loadings.T + 0.05 * np.eye(n)
    names = [f"T{i:04d}" for i in range(n)]
    rows = (
        f"2025-11-18,{name}," + ",".join(map(repr, row))
        for name, row in zip(names, matrix.tolist(), strict=True)
    )
    return "\n".join([",".join(["date", "ticker", *names]), *rows]).encode()


@pytest.mark.parametrize("n", [500, 2000])
@pytest.mark.parametrize("reader", ["ours", "pandas"])
def test_reading_a_covariance(n: int, reader: str, benchmark: BenchmarkFixture) -> None:
    content = large(n)
    benchmark.group = f"{n} x {n}"
    if reader == "ours":
        benchmark(parse_covariance, content, Provenance.given(n))
    else:
        benchmark(lambda: pd.read_csv(io.BytesIO(content)))
