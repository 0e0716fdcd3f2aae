"""The default keeps what docs/estimators.md says of it, on real prices."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "estimator_evidence.py"


@pytest.fixture(scope="module")
def evidence() -> ModuleType:
    spec = importlib.util.spec_from_file_location("estimator_evidence", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_default_hedge_of_the_sample_portfolio_stays_neutral(evidence: ModuleType, shared: Path) -> None:
    months = [
        month
        for month in evidence.months(evidence.load_returns(), only_sample=True)
        if month.day >= evidence.TABLE_FROM
    ]
    chosen = evidence.measure(months, evidence.CHOSEN)
    baseline = evidence.measure(months, evidence.BASELINE)
    assert len(months) >= 42
    assert abs(chosen.beta.mean()) < 0.05
    assert evidence.rms(chosen.beta) < 0.15
    assert evidence.rms(chosen.beta) < 0.8 * evidence.rms(baseline.beta)
    assert evidence.rms(baseline.beta) == pytest.approx(0.20, abs=0.015)  # finance.md's table
    assert chosen.noise.mean() ** 0.5 == pytest.approx(0.08, abs=0.005)


def test_the_page_names_every_method() -> None:
    from betaneutral_xl.estimators import ESTIMATORS  # noqa: PLC0415 - the page is what is tested

    page = (Path(__file__).parents[2] / "docs" / "estimators.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in ESTIMATORS)
