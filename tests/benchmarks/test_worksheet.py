"""Cost of a recalculation with unchanged arguments at 500 names, in the session shared by all hosts.

Compared with pickling the arguments, because detecting a change requires reading each of them.

pip install 'betaneutral-xl[bench]'
pytest tests/benchmarks/test_worksheet.py
"""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

N, DAYS = 500, 252


def names() -> list[str]:
    return [f"T{i:03d}" for i in range(N)]


def table(count: int) -> list[list[Any]]:
    return [[name, 1.0 / count] for name in names()[:count]]


def matrix() -> list[list[Any]]:
    moves = np.random.default_rng(1).standard_normal((N + 100, N)) * 0.01
    body = (np.cov(moves, rowvar=False) * 252.0).tolist()
    return [["", *names()], *([name, *row] for name, row in zip(names(), body, strict=True))]


def prices() -> list[list[Any]]:
    days = [datetime(2025, 1, 1) + timedelta(days=i) for i in range(DAYS)]  # noqa: DTZ001 - as cells have them
    levels = 100.0 * np.cumprod(1.0 + 0.01 * np.random.default_rng(2).standard_normal((DAYS, N)), axis=0)
    return [["date", *names()], *([day, *row] for day, row in zip(days, levels.tolist(), strict=True))]


@pytest.mark.parametrize(
    "case", ["weights by handle", "range of a matrix", "dated prices", "matrix of a handle"]
)
@pytest.mark.parametrize("way", ["ours", "pickle"])
def test_a_function_whose_arguments_have_not_changed(
    case: str, way: str, tmp_path: Path, benchmark: BenchmarkFixture
) -> None:
    session = Session(Settings(cache=tmp_path))
    handle = session.call(BY_NAME["COVARIANCE"], matrix(), None, None, True)[0][0]  # noqa: FBT003 - a cell's value
    name, *values = {
        "weights by handle": ("BETA_NEUTRAL", table(N), table(50), handle),
        "range of a matrix": ("COVARIANCE", matrix(), None, None, True),
        "dated prices": ("COVARIANCE", prices(), "exponential", None, True),
        "matrix of a handle": ("BN_MATRIX", handle),
    }[case]
    benchmark.group = case
    if way == "pickle":
        benchmark(pickle.dumps, values)
        return
    first = session.call(BY_NAME[str(name)], *values)
    assert benchmark(session.call, BY_NAME[str(name)], *values) is first
