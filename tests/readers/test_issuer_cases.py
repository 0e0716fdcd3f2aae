"""Small files of the kinds that issuers publish and that were misread, and what each one says."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl.errors import UnknownFund
from betaneutral_xl.hosts.cli.etf import record
from betaneutral_xl.job.inputs import load_etf

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "issuers"
EXPECTED = FOLDER / "expected.json"
CASES: list[dict[str, Any]] = (
    json.loads(EXPECTED.read_text(encoding="utf-8"))["cases"] if EXPECTED.exists() else []
)

TWO_FUNDS = "two_funds_unknown_fund_column.csv"

FACTS: dict[str, dict[str, Any]] = {
    "lev2x_no_swap_weight.csv": {"equity": 0.85, "cash": 0.15, "day": date(2026, 11, 25), "exposure": 1.15},
    "lev_percent_header_fractions.csv": {"derivative": 2.0, "fixed_income": 0.6, "cash": 0.4, "total": 3.0},
    "top3_weight_column_unknown.csv": {"equity": 0.20, "total": 0.20, "warning": "add to 0.2000, not 1"},
    "cash_row_without_name.csv": {"equity": 0.97, "cash": 0.02, "derivative": 0.01, "total": 1.0, "rows": 4},
    "swap_legs.csv": {"equity": 0.60, "derivative": -0.06, "cash": 0.46, "total": 1.0, "tickers": ("NVDA",)},
    "sovereign_bills.csv": {"equity": 0.50, "fixed_income": 0.50, "tickers": ("NVDA",)},
    "row_dates_are_not_the_day.csv": {"day": date(2026, 11, 20)},
    "german_month_without_separator.csv": {"day": date(2026, 7, 20)},
    "two_different_tables_same_header.csv": {
        "rows": 2,
        "warning": "Another table with the same columns follows and is not read (3 rows, NVDA first).",
    },
    "nested_records.json": {"equity": 1.0, "tickers": ("NVDA", "MSFT"), "day": date(2026, 11, 20)},
    "cells_repeat_their_header.html": {"equity": 1.0, "tickers": ("NVDA", "MSFT"), "day": date(2026, 11, 20)},
    "sparse_weight_header_words.csv": {"equity": 0.99, "cash": 0.01},
}
"""What ``expected.json`` says in words, in numbers."""


@pytest.fixture(autouse=True)
def _folder(shared: Path) -> None:
    """Skip if the files are absent."""


def found_in(etf: Etf, key: str) -> Any:
    totals = {kind.value: weight for kind, weight in etf.totals.items()}
    facts = {
        "total": sum(totals.values()),
        "rows": len(etf.constituents),
        "day": etf.as_of,
        "tickers": etf.tickers if key == "tickers" else (),
        "exposure": etf.derivative_exposure,
    }
    return facts[key] if key in facts else totals.get(key, 0.0)


def test_every_case_is_checked() -> None:
    assert {case["file"] for case in CASES} == {*FACTS, TWO_FUNDS}


@pytest.mark.parametrize("file", FACTS)
def test_a_file_is_read_for_what_it_says(file: str) -> None:
    etf = load_etf(FOLDER / file)
    facts = dict(FACTS[file])
    warning = facts.pop("warning", "")
    assert any(warning in one for one in etf.warnings) or not warning
    for key, value in facts.items():
        expected = pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
        assert found_in(etf, key) == expected, key


def test_the_exposure_that_is_in_no_basket_is_told() -> None:
    etf = load_etf(FOLDER / "lev2x_no_swap_weight.csv")
    told = [one for one in etf.warnings if "not in the basket" in one]
    assert [one for one in told if "exposure of 115.00% of net assets" in one]


def test_no_row_of_a_fund_is_passed_over() -> None:
    etf = load_etf(FOLDER / "cash_row_without_name.csv")
    assert not [one for one in etf.warnings if "skipped" in one]


def test_funds_under_an_unknown_header_are_told_apart() -> None:
    with pytest.raises(UnknownFund, match="Alpha AI ETF, Beta Income ETF"):
        load_etf(FOLDER / TWO_FUNDS)
    assert load_etf(FOLDER / TWO_FUNDS, fund="Alpha AI ETF").tickers == ("NVDA", "MSFT")
    with pytest.raises(UnknownFund, match="does not list the fund ALPHA"):
        load_etf(FOLDER / TWO_FUNDS, fund="ALPHA")


def test_counts_by_class_are_as_expected() -> None:
    swaps, bills = (record(load_etf(FOLDER / name)) for name in ("swap_legs.csv", "sovereign_bills.csv"))
    assert (swaps["n_equity"], swaps["other"]["derivative"]["n"]) == (1, 3)  # type: ignore[index] # plain data
    assert (bills["n_equity"], bills["other"]["fixed_income"]["n"]) == (1, 6)  # type: ignore[index] # plain data
