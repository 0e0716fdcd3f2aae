"""The spacing of prices decides how variances are annualised."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.readers.covariance_csv import load_covariance
from betaneutral_xl.readers.prices import load_prices

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import DateArray

FRIDAY = np.datetime64("2020-01-03")
WEEKS = FRIDAY + 7 * np.arange(120)
MONTHS = np.arange("2012-01", "2022-01", dtype="datetime64[M]").astype("datetime64[D]") - np.timedelta64(
    1, "D"
)


def write(path: Path, days: DateArray, levels: np.ndarray | None = None) -> str:
    rng = np.random.default_rng(3)
    if levels is None:
        levels = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, (len(days), 2)), axis=0))
    rows = [[str(day), *row] for day, row in zip(days, levels.tolist(), strict=True)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["date", "AAA", "BBB"], *rows])
    return str(path)


@pytest.mark.parametrize(("days", "per_year", "word"), [(WEEKS, 52, "weekly"), (MONTHS, 12, "monthly")])
def test_variances_are_annualised_by_the_spacing_which_is_reported(
    days: DateArray, per_year: int, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices, out = write(tmp_path / "p.csv", days), tmp_path / "c.csv"
    assert main(["estimate", "--prices", prices, "--out", str(out), "--method", "sample"]) == 0
    printed = capsys.readouterr().out
    assert f"The prices are {word}" in " ".join(printed.split())
    returns = load_prices(prices).returns().matrix
    read = load_covariance(out).select(["AAA", "BBB"]).form.dense()
    assert read == pytest.approx(per_year * np.cov(returns.T), rel=1e-9)


def test_irregular_prices_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prices = write(tmp_path / "p.csv", FRIDAY + np.arange(45) ** 2)
    assert main(["estimate", "--prices", prices, "--out", str(tmp_path / "c.csv")]) == 2
    assert "irregular" in capsys.readouterr().err


def test_a_backtest_refuses_weekly_prices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prices = write(tmp_path / "p.csv", WEEKS)
    (tmp_path / "h.csv").write_text("ticker,weight\nAAA,1\n", encoding="utf-8")
    argv = ["--holdings", str(tmp_path / "h.csv"), "--etf", "BBB", "--prices", prices]
    assert main(["backtest", *argv, "--etf-prices", prices]) == 2
    assert "The prices are weekly" in capsys.readouterr().err


def test_days_filled_forward_over_weekends_are_reported(tmp_path: Path) -> None:
    days = FRIDAY + np.arange(140)
    trading = np.is_busday(days)
    rng = np.random.default_rng(5)
    levels = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, (len(days), 2)) * trading[:, None], axis=0))
    prices = load_prices(write(tmp_path / "p.csv", days, levels))
    assert any("40 of 139 days" in line and "weekends" in line for line in prices.returns().warnings)


def test_an_equal_repeated_last_row_is_kept_once_and_a_different_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.csv"
    out = ["--out", str(tmp_path / "c.csv")]
    write(path, FRIDAY + np.arange(60))
    text = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*text, text[-1]]), encoding="utf-8")
    assert main(["estimate", "--prices", str(path), *out, "--json"]) == 0
    assert "one row is kept" in json.dumps(json.loads(capsys.readouterr().out))
    path.write_text("".join([*text, text[-1].replace(text[-1].split(",")[1], "1.5")]), encoding="utf-8")
    assert main(["estimate", "--prices", str(path), *out]) == 2


def test_open_high_low_close_are_not_tickers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.csv"
    path.write_text("Date,Open,High,Low,Close,Volume\n2025-01-02,1,1,1,1,5\n", encoding="utf-8")
    assert main(["estimate", "--prices", str(path), "--out", str(tmp_path / "c.csv")]) == 2
    assert "prices of one security, not tickers" in " ".join(capsys.readouterr().err.split())
