"""The market leg and the intervals of next month's beta on the command line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from betaneutral_xl.hosts.cli import main


def answer(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    assert main([*argv, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_market_leg_of_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    whole = answer(capsys, "rebalance", "--sample", "--market", "IWV")
    half = answer(capsys, "rebalance", "--sample", "--market", "IWV", "--market-share", "50%")
    assert whole["market"]["beta_after"] == pytest.approx(0.0, abs=1e-9)
    assert half["market"]["ratio"] == pytest.approx(whole["market"]["ratio"] / 2.0)
    assert half["beta_after"]["JHAI"] == pytest.approx(0.0, abs=1e-9)
    assert whole["beta_high_95"]["JHAI"] < half["beta_high_95"]["JHAI"]


def test_json_has_standard_error_and_interval(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "rebalance", "--sample")
    low, high = found["beta_low_95"]["JHAI"], found["beta_high_95"]["JHAI"]
    assert low < found["beta_after"]["JHAI"] < high
    assert found["beta_se"] == found["beta_error_after"]
    half = 2.1009 * math.hypot(found["beta_se"]["JHAI"], found["beta_drift"]["JHAI"])
    assert (high - low) / 2.0 == pytest.approx(half, rel=1e-3)


def test_comparison_shows_market_beta_and_interval_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "compare", "--sample")
    rows = {one["alternative"]: one for one in found["alternatives"]}
    alone, whole = rows["hedge by the ETF"], rows["hedge by the ETF and the whole market leg"]
    assert alone["market_beta"] > 0.2
    assert whole["market_beta"] == pytest.approx(0.0, abs=1e-9)
    assert whole["beta_high_95_JHAI"] < alone["beta_high_95_JHAI"] / 2.0
    assert len(found["drift"]) == 1


def panel(path: Path) -> str:
    rng = np.random.default_rng(4)
    returns = 0.01 * rng.normal(size=(320, 1)) + 0.01 * rng.normal(size=(320, 4))
    closes = 100.0 * np.exp(np.cumsum(returns, axis=0))
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2025-06-01"))
    days = days[np.is_busday(days)][:320]
    lines = [
        "date,A,B,C,IWV",
        *(f"{d},{','.join(map(repr, row.tolist()))}" for d, row in zip(days, closes, strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    for name, text in {"fund.csv": "A,0.6\nB,0.4\n", "AI.csv": "B,0.5\nC,0.5\n"}.items():
        (tmp_path / name).write_text(f"ticker,weight\n{text}", encoding="utf-8")
    return {
        "prices": panel(tmp_path / "prices.csv"),
        "risk": str(tmp_path / "risk.csv"),
        "fund": str(tmp_path / "fund.csv"),
        "etf": str(tmp_path / "AI.csv"),
    }


def test_estimate_that_is_saved_keeps_the_interval(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", "--prices", files["prices"], "--out", files["risk"]]) == 0
    capsys.readouterr()
    common = ("rebalance", "--holdings", files["fund"], "--etf", files["etf"])
    saved = answer(capsys, *common, "--covariance", files["risk"])
    direct = answer(capsys, *common, "--prices", files["prices"])
    for key in ("beta_se", "beta_low_95", "beta_high_95"):
        assert saved[key]["AI"] == pytest.approx(direct[key]["AI"], rel=1e-9)


def test_prices_beside_a_covariance_give_the_drift(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["estimate", "--prices", files["prices"], "--out", files["risk"]])
    bare = tmp_path / "bare.csv"
    lines = Path(files["risk"]).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [one for one in lines if not one.startswith("# ") or "effective" in one]
    bare.write_text("".join(kept), encoding="utf-8")
    common = ("rebalance", "--holdings", files["fund"], "--etf", files["etf"], "--covariance", str(bare))
    capsys.readouterr()
    assert main([*common]) == 0
    shown = capsys.readouterr().out
    assert "drift unknown" in shown
    assert "±" not in shown.replace("(±", "")
    unknown = answer(capsys, *common)
    assert unknown["beta_low_95"]["AI"] is None
    known = answer(capsys, *common, "--drift-prices", files["prices"])
    assert known["beta_low_95"]["AI"] < known["beta_after"]["AI"] < known["beta_high_95"]["AI"]


def test_prices_that_give_no_drift_are_told(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["estimate", "--prices", files["prices"], "--out", files["risk"]])
    header, *rows = Path(files["prices"]).read_text(encoding="utf-8").splitlines()
    common = ("rebalance", "--holdings", files["fund"], "--etf", files["etf"], "--covariance", files["risk"])
    capsys.readouterr()
    short = tmp_path / "short.csv"
    for kept, words in ((rows[-100:], "has daily returns of 99 days"), (rows[4::5], "has no daily prices")):
        short.write_text("\n".join([header, *kept]), encoding="utf-8")
        lines = answer(capsys, *common, "--drift-prices", str(short))["warnings"]
        (line,) = (one for one in lines if one.startswith("The drift of betas stays unknown"))
        assert words in line


def test_drift_prices_beside_prices_are_refused(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["rebalance", "--sample", "--prices", files["prices"], "--drift-prices", files["prices"]]
    assert main(argv) == 2
    assert "--drift-prices" in capsys.readouterr().err


def test_snapshot_repeats_a_run_with_a_market_file_and_prices_for_the_drift(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["estimate", "--prices", files["prices"], "--out", files["risk"]])
    market = tmp_path / "market.csv"
    market.write_text("ticker,weight\nA,0.3\nB,0.3\nC,0.4\n", encoding="utf-8")
    capsys.readouterr()
    first = answer(
        capsys, "rebalance", "--holdings", files["fund"], "--etf", files["etf"], "--covariance",
        files["risk"], "--drift-prices", files["prices"], "--market", str(market), "--market-share", "0.4",
        "--snapshot", str(tmp_path / "run.zip"),
    )  # fmt: skip
    again = answer(capsys, "rebalance", "--from-snapshot", str(tmp_path / "run.zip"))
    assert again["weights"] == first["weights"]
    assert again["market"] == first["market"]
    assert again["beta_low_95"] == first["beta_low_95"]
    assert first["market"]["share"] == 0.4


def test_backtest_counts_the_intervals_that_hold(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(
        capsys, "backtest", "--holdings", files["fund"], "--etf", files["etf"], "--prices", files["prices"],
        "--estimator", "sample", "--method", "hedge", "--start", "2024-11", "--market", "IWV",
    )  # fmt: skip
    measured = found["results"]["hedge"]["sample"]
    assert found["market"] == "IWV"
    assert 0.0 <= measured["interval_coverage_68"] <= measured["interval_coverage_95"] <= 1.0
    assert measured["name_interval_coverage_95"] > 0.8
