"""The default keeps the properties that docs/estimators.md claims, on real prices."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from betaneutral_xl.engine.estimators import DEFAULT
from betaneutral_xl.engine.estimators.fitting import ESTIMATORS
from betaneutral_xl.engine.estimators.window import Window

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def evidence() -> ModuleType:
    return load("estimator_evidence")


@pytest.fixture(scope="module")
def search(evidence: ModuleType) -> ModuleType:
    assert evidence.BASELINE  # a module that the other one imports
    return load("estimator_search")


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
    page = (Path(__file__).parents[3] / "docs" / "estimators.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in ESTIMATORS)


def test_the_search_compares_with_the_default_that_is_in_use(search: ModuleType) -> None:
    window = simulated()
    basket = np.full(len(window.tickers), 1.0 / len(window.tickers))
    for name, method in ((search.DEFAULT, DEFAULT), (search.EQUAL, "sample")):
        tried, used = search.TRIED[name](window), ESTIMATORS[method](window).form
        betas = [form.matvec(basket) / (basket @ form.matvec(basket)) for form in (tried, used)]
        assert betas[0] == pytest.approx(betas[1], rel=1e-10)


def test_every_method_of_the_search_gives_a_covariance_of_all_names(search: ModuleType) -> None:
    window = simulated()
    for name, method in search.TRIED.items():
        matrix = method(window).dense()
        assert np.linalg.eigvalsh(matrix)[0] > -1e-10 * matrix.diagonal().max(), name
        assert (matrix.diagonal() > 0.0).all(), name


def test_the_search_finds_equal_weights_best_where_nothing_changes(
    search: ModuleType, tmp_path: Path
) -> None:
    window = simulated(days=900, names=16)
    levels = 100.0 * np.cumprod(1.0 + window.complete, axis=0)
    days = np.busday_offset("2020-01-01", np.arange(len(levels)), roll="forward").astype(str)
    lines = [",".join(["date", *window.tickers])]
    lines += [",".join([day, *map(repr, row)]) for day, row in zip(days, levels.tolist(), strict=True)]
    (tmp_path / "prices.csv").write_text("\n".join(lines), encoding="utf-8")
    rows = {
        cells[0]: [float(cell.rstrip("%")) for cell in cells[1:]]
        for line in search.elsewhere([tmp_path / "prices.csv"]).splitlines()[4:]
        for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
    }
    assert rows[search.EQUAL][:4] == [1.0, 1.0, 1.0, 1.0]
    assert all(share > 1.0 for share in rows["half-life 42"][:4])
    assert rows["half-life 42"][4] > 50.0  # per cent of the pairs are worse


def simulated(days: int = 200, names: int = 30) -> Window:
    rng = np.random.default_rng(11)
    market = rng.normal(0.0, 0.01, (days, 1))
    returns = market * rng.uniform(0.5, 1.5, names) + rng.normal(0.0, 0.01, (days, names))
    return Window.of(tuple(f"N{i:02d}" for i in range(names)), returns)
