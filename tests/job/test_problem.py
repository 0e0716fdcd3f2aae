from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import betaneutral_xl as bn
from betaneutral_xl.errors import Infeasible, InputError
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import problem, run, sample
from betaneutral_xl.job.inputs import load_etf
from betaneutral_xl.job.request import Request
from betaneutral_xl.job.sources import from_snapshot
from betaneutral_xl.readers.raw_input import Reader

REQUESTS: dict[str, dict[str, Any]] = {
    "hedge": {},
    "hedge to a range of ratios": {"ridge": 0.1, "leg_limit": "40%", "sell_only": True},
    "market": {"market": "IWV", "market_share": 0.5},
    "reweight": {"method": "reweight", "lower": "-2%", "upper": {"*": 0.08, "NVDA": "5%"}},
    "aim at a ticker": {"method": "reweight", "target": "IWV", "long_only": True, "turnover": "30%"},
    "groups": {
        "method": "reweight",
        "target": "IWV",
        "frozen": ["AAPL"],
        "groups": {"Semis": ["NVDA", "TSM"]},
        "group_limits": {"Semis": ":10%"},
        "net": "0.9:1",
    },
    "range of beta": {"method": "reweight", "beta": {"JHAI": "0.1:0.3"}, "long_only": True},
    "costs": {"method": "reweight", "cost_bp": 5, "gross": "150%", "lower": -0.05},
    "fewest trades": {"method": "fewest_trades", "target": 0.3, "lower": "-5%"},
    "few trades": {"method": "reweight", "target": 0.4, "lower": "-5%", "max_trades": 12},
}


@pytest.fixture(scope="module")
def inputs() -> run.Inputs:
    return bn.demo().inputs


@pytest.fixture(scope="module")
def two(inputs: run.Inputs, tmp_path_factory: pytest.TempPathFactory) -> run.Inputs:
    """Return inputs with a second ETF, half of which is a swap."""
    file = tmp_path_factory.mktemp("etf") / "SOXL.csv"
    rows = "".join(f"{one},10\n" for one in ("NVDA", "AVGO", "TSM", "LRCX", "APH"))
    file.write_text(f"ticker,weight\n{rows}", encoding="utf-8")
    return run.Inputs(inputs.holdings, (*inputs.etfs, load_etf(file)), inputs.covariance)


def replayed(path: Path, request: Request, inputs: run.Inputs) -> tuple[run.Outcome, run.Outcome]:
    """Return a run, and the run of the problem that was made of it."""
    problem.write_problem(path, request, inputs)
    again, options = from_snapshot(path)
    return run.run(request, inputs), run.run(Request.parse(options, again.etf_names), again)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_problem_has_the_answer_of_the_run_and_none_of_its_names(
    inputs: run.Inputs, tmp_path: Path, name: str
) -> None:
    request = Request.parse(REQUESTS[name], inputs.etf_names)
    path = tmp_path / "problem.zip"
    first, second = replayed(path, request, inputs)
    assert str(type(second.infeasible)) == str(type(first.infeasible))
    np.testing.assert_allclose(second.result.new_weights, first.result.new_weights, atol=1e-9)
    np.testing.assert_allclose(second.result.hedge_ratios, first.result.hedge_ratios, atol=1e-9)
    widths = [one.half_width() for result in (first, second) for one in result.result.after_forecast.values()]
    assert widths[0] == pytest.approx(widths[1], rel=1e-6)
    content = path.read_bytes().decode("utf-8", "replace")
    named = {*inputs.holdings.tickers, *inputs.etfs[0].tickers, *inputs.covariance.tickers}
    held = [one for one in sorted(named) if len(one) > 2 and f"{one}" in content]
    assert not held
    for secret in ("quant_paper", "JHAI", "Semis", "2025-11-18", "silverfund"):
        assert secret not in content


@pytest.mark.parametrize("options", [{}, {"method": "reweight", "target": {"JHAI": "IWV", "SOXL": 0.4}}])
def test_several_etfs_keep_their_betas(two: run.Inputs, tmp_path: Path, options: dict[str, Any]) -> None:
    request = Request.parse(options, two.etf_names)
    first, second = replayed(tmp_path / "problem.zip", request, two)
    np.testing.assert_allclose(second.result.new_weights, first.result.new_weights, atol=1e-9)
    assert "SOXL" not in second.result.etf_names


def test_an_infeasible_problem_is_infeasible_for_the_same_reason(inputs: run.Inputs, tmp_path: Path) -> None:
    request = Request.parse({"method": "reweight", "long_only": True, "upper": 0.04})
    first, second = replayed(tmp_path / "problem.zip", request, inputs)
    assert isinstance(first.infeasible, Infeasible)
    assert str(second.infeasible) == str(first.infeasible)


def test_names_without_risk_data_and_cash_are_kept(tmp_path: Path) -> None:
    names = ["A", "B", "C"]
    risk = pd.DataFrame([[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]], names, names)
    result = bn.beta_neutral(
        {"A": 0.3, "B": 0.4, "ODD": 0.1, "CASH": 0.2},
        {"A": 0.4, "B": 0.3, "GONE": 0.3},
        risk,
        on_missing="drop",
    )
    first, second = replayed(tmp_path / "problem.zip", result.request, result.inputs)
    np.testing.assert_allclose(second.result.new_weights, first.result.new_weights, atol=1e-12)
    assert second.result.before.cash == pytest.approx(0.2)


def test_a_problem_that_would_change_is_refused(
    inputs: run.Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem, "_holdings", lambda names, _: _other_weights(names))
    with pytest.raises(InputError, match="cannot be stated without its names"):
        problem.write_problem(tmp_path / "problem.zip", Request(), inputs)
    assert not list(tmp_path.iterdir())


def _other_weights(names: problem.Names) -> Any:
    held = [names.tickers[one] for one in sample.load_holdings().tickers]
    rows = "".join(f"{name},{1.0 / len(held)}\n" for name in held)
    made = sample.raw_input(sample.HOLDINGS)
    return type(made)(reader=Reader.HOLDINGS_FILE, name="p.csv", content=f"ticker,weight\n{rows}".encode())


def test_the_command_names_the_command_that_replays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    limits = ["--method", "reweight", "--long-only", "--upper", "4%"]
    assert main(["rebalance", "--sample", *limits, "--save-problem", "problem.zip"]) == 4
    said, reason = capsys.readouterr().err.splitlines()
    assert said.endswith("replay it with betaneutral-xl rebalance --from-snapshot problem.zip")
    assert main(said.partition("betaneutral-xl ")[2].split()) == 4
    assert capsys.readouterr().err.splitlines() == [reason]
