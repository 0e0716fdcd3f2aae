"""Speed of parsing 3,790 constituents, compared with pandas reading the same bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from betaneutral_xl.readers.etf_files import parse_etf

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.parametrize("reader", ["ours", "pandas"])
def test_reading_a_whole_market_fund(reader: str, shared: Path, benchmark: BenchmarkFixture) -> None:
    content = (shared / "etf" / "vanguard" / "VTI_nopreamble_2023.csv").read_bytes()
    if reader == "ours":
        assert len(benchmark(parse_etf, content, "VTI.csv").constituents) == 3790
    else:
        assert len(benchmark(lambda: pd.read_csv(io.BytesIO(content), dtype=str))) == 3790
