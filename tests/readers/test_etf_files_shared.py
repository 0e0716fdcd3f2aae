"""Real files of ten issuers, and their expected content."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.hosts.cli.etf import record
from betaneutral_xl.job.inputs import load_etf

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "etf"
EXPECTED = FOLDER / "expected_shared.json"

CASES: list[dict[str, Any]] = (
    json.loads(EXPECTED.read_text(encoding="utf-8"))["cases"] if EXPECTED.exists() else []
)

FACTS = ("n_rows", "n_equity", "equity_weight_sum", "cash_weight", "other", "total_weight", "top3")


@pytest.fixture(autouse=True)
def _folder(shared: Path) -> None:
    """Skip if the real files are absent."""


def same(found: Any, expected: Any) -> bool:
    """Compare plain data; weights to 1e-6, additional keys in ``found`` are allowed."""
    match expected:
        case dict():
            return all(key in found and same(found[key], value) for key, value in expected.items())
        case list():
            return len(found) == len(expected) and all(map(same, found, expected))
        case float():
            return math.isclose(found, expected, rel_tol=0.0, abs_tol=1e-6)
        case _:
            return bool(found == expected)


def test_there_are_twelve_cases() -> None:
    assert len(CASES) == 12


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_a_real_file_is_read_as_expected(case: dict[str, Any]) -> None:
    found = record(load_etf(FOLDER / case["file"]))
    assert found["fund"] == case["fund"]
    assert str(found["as_of"]) == str(case["as_of"])
    for fact in FACTS:
        assert same(found[fact], case[fact]), (fact, found[fact], case[fact])
    assert found["other"].keys() == case["other"].keys()  # type: ignore[attr-defined] # plain data


def test_thousands_of_companies_are_all_classified_as_equity() -> None:
    etf = load_etf(FOLDER / "vanguard" / "VTI_nopreamble_2023.csv")
    assert {row.asset_class.value for row in etf.constituents} == {"equity"}
    names = " ".join(row.name for row in etf.constituents)
    assert all(trap in names for trap in ("FirstCash", "Dollar Tree", "Cass Information", "TriMas"))
