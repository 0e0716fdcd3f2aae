from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from betaneutral_xl.engine.estimators.fitting import ESTIMATORS
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.readers.covariance_csv import load_covariance
from betaneutral_xl.readers.prices import load_prices


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    """Write 80 days of prices of four names, the third listed late."""
    rng = np.random.default_rng(0)
    levels = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (80, 4)), axis=0))
    days = np.datetime64("2024-01-01") + np.arange(80)
    rows = [[str(day), *(f"{p:.6f}" for p in row)] for day, row in zip(days, levels, strict=True)]
    for row in rows[:30]:
        row[3] = ""
    path = tmp_path / "panel.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["date", "IWV", "ZZZ", "BRK-B", "AAA"], *rows])
    return path


def test_the_file_has_the_apis_format_with_the_benchmark_last(panel: Path, tmp_path: Path) -> None:
    out = tmp_path / "covariance.csv"
    assert main(["estimate", "--prices", str(panel), "--out", str(out), "--method", "sample"]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    assert rows[0] == ["date", "ticker", "AAA", "BRK.B", "ZZZ", "IWV"]
    assert [row[:2] for row in rows[1:]] == [["2024-03-20", t] for t in rows[0][2:]]
    covariance = load_covariance(out)
    returns = load_prices(panel).returns().select(["AAA", "ZZZ", "IWV"]).matrix
    read = covariance.select(["AAA", "ZZZ", "IWV"]).form.dense()
    assert read == pytest.approx(252 * np.cov(returns.T), rel=1e-9)


def test_the_summary_reports_gaps_and_their_treatment(
    panel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", "--prices", str(panel), "--out", str(tmp_path / "c.csv")]) == 0
    output = capsys.readouterr().out
    assert "4 names as of 2024-03-20" in output
    assert "volatility_scaled" in output
    assert "begin after the first day: BRK.B" in output
    assert "share of days with own returns: BRK.B" in output
    assert "effective days" in output


def test_options_reach_the_method(panel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["estimate", "--prices", str(panel), "--out", str(tmp_path / "c.csv"), "--json"]
    options = ["--method", "Exponential", "--half-life", "20", "--window", "60", "--as-of", "2024-03-10"]
    assert main([*command, *options, "--tickers", "aaa", "NONE", "iwv"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["names"] == 2
    assert summary["as_of"] == "2024-03-10"
    assert "half life 20; 60 days" in summary["settings"]
    assert summary["warnings"][0] == "No prices of NONE."


def test_any_parameter_can_be_set(panel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["estimate", "--prices", str(panel), "--out", str(tmp_path / "c.csv"), "--json"]
    options = ["--method", "statistical-factors", "--set", "components=2", "--set", "scaled=no"]
    assert main([*command, *options]) == 0
    assert "components 2, half life 63, scaled False" in json.loads(capsys.readouterr().out)["settings"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "magic"], "no estimator 'magic'"),
        (["--method", "sample", "--half-life", "20"], "sample has no parameter half_life"),
        (["--set", "half_life=long"], "'long', not a number"),
        (["--set", "components=2"], "no parameter components"),
        (["--set", "half_life"], "not NAME=VALUE"),
        (["--set", "half_life=21", "--set", "half-life=63"], "half_life is given twice"),
        (["--set", "half_life=21", "--half-life", "63"], "half_life is given twice"),
        (["--as-of", "2020-01-01"], "no returns up to 2020-01-01"),
        (["--window", "3"], "too short"),
        (["--gaps", "error"], r"lack a return of BRK.B"),
        (["--tickers", "NONE"], "no prices of NONE"),
    ],
)
def test_a_failed_estimate_leaves_no_file(
    panel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    out = tmp_path / "c.csv"
    assert main(["estimate", "--prices", str(panel), "--out", str(out), *options]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_prices_of_one_day_give_no_returns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "day.csv").write_text("date,A,B\n2025-01-02,1,2\n")
    assert main(["estimate", "--prices", str(tmp_path / "day.csv"), "--out", str(tmp_path / "c.csv")]) == 2
    assert "There are no returns, as the prices are of one day" in capsys.readouterr().err


def test_files_are_required(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate"]) == 2
    assert "--prices FILE and --out FILE" in capsys.readouterr().err


def test_every_method_is_listed_with_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--list"]) == 0
    output = capsys.readouterr().out
    assert all(name in output for name in ESTIMATORS)
    assert "volatility_scaled (default)" in output
    assert "half_life=63.0, scale_half_life=5.0" in output


def test_names_are_read_from_a_portfolio_and_an_etf(
    panel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holdings = tmp_path / "fund.csv"
    holdings.write_text("ticker,weight\nAAA,0.5\nBRK B,0.5\n", encoding="utf-8")
    etf = tmp_path / "etf.csv"
    etf.write_text("Ticker,Name,Weight (%)\nZZZ,Zed Corp,60\nAAA,Ay Corp,40\n", encoding="utf-8")
    out = tmp_path / "c.csv"
    files = ["--prices", str(panel), "--holdings", str(holdings), "--etf", str(etf), "--out", str(out)]
    assert main(["estimate", *files, "--tickers", "IWV"]) == 0
    assert "4 names" in capsys.readouterr().out
    assert load_covariance(out).tickers == ("AAA", "BRK.B", "ZZZ", "IWV")
