from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest

from betaneutral_xl.engine.backtest import Schedule
from betaneutral_xl.hosts.cli import backtest_options, main

NAMES = ("AAA", "BBB", "CCC", "BRK-B", "ETF")
DAYS = np.busday_offset("2022-01-03", np.arange(200), roll="forward").astype(object)
KEYS = {"realised_beta_mean", "realised_beta_rms", "noise_floor", "volatility", "turnover", "n_dates"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write portfolios, a basket, wide stock prices, and long gzipped ETF prices."""
    rng = np.random.default_rng(5)
    market = rng.normal(0.0, 0.01, (200, 1))
    moves = market * [0.7, 1.0, 1.3, 0.9, 1.0] + rng.normal(0.0, 0.006, (200, 5)) * [1, 1, 1, 1, 0.1]
    levels = 100.0 * np.cumprod(1.0 + moves, axis=0)
    stocks, series = io.StringIO(newline=""), io.StringIO(newline="")
    csv.writer(stocks).writerows(
        [["date", *NAMES[:4]], *([d, *map(str, row[:4])] for d, row in zip(DAYS, levels, strict=True))]
    )
    csv.writer(series).writerows(
        [["date", "ticker", "price"], *([d, "ETF", row[4]] for d, row in zip(DAYS, levels, strict=True))]
    )
    (tmp_path / "stocks.csv").write_text(stocks.getvalue(), encoding="utf-8")
    (tmp_path / "etfs.csv.gz").write_bytes(gzip.compress(series.getvalue().encode()))
    (tmp_path / "fund.csv").write_text("ticker,weight\nAAA,0.5\nBRK B,0.5\n", encoding="utf-8")
    (tmp_path / "other.csv").write_text("ticker,weight\nCCC,1.0\n", encoding="utf-8")
    basket = "Ticker,Name,Weight (%)\nBBB,Bee Corp,50\nCCC,Sea Corp,50\n"
    (tmp_path / "basket.csv").write_text(basket, encoding="utf-8")
    return tmp_path


def command(folder: Path, *more: str, etf: str = "ETF", fund: str = "fund.csv") -> list[str]:
    basket = str(folder / etf) if etf.endswith(".csv") else etf
    prices = ["--prices", str(folder / "stocks.csv"), "--etf-prices", str(folder / "etfs.csv.gz")]
    return ["backtest", "--holdings", str(folder / fund), "--etf", basket, *prices, *more]


@pytest.mark.parametrize("etf", ["ETF", "basket.csv"])
def test_the_json_has_the_measures_by_method_and_estimator(
    folder: Path, capsys: pytest.CaptureFixture[str], etf: str
) -> None:
    options = ["--start", "2022-03", "--end", "2022-08-31", "--every", "month", "--horizon", "21", "--json"]
    names = ["--estimator", "default", "exponential:half_life=21", "--method", "hedge", "unhedged"]
    assert main(command(folder, *options, *names, etf=etf)) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["results"]) == {"hedge", "unhedged"}
    assert set(answer["results"]["hedge"]) == {"default", "exponential:half_life=21"}
    hedge, alone = (answer["results"][method]["default"] for method in ("hedge", "unhedged"))
    assert set(hedge) >= KEYS
    assert hedge["n_dates"] == 6
    assert (answer["start"], answer["end"]) == ("2022-03-31", "2022-08-31")
    assert abs(hedge["realised_beta_mean"]) < 0.15 < alone["realised_beta_mean"]
    assert hedge["volatility"] < alone["volatility"]
    assert answer["etfs"] == [etf.removesuffix(".csv")]
    assert answer["estimators"]["default"].startswith("volatility_scaled (half_life 63")


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("etfs", [("ETF",), ("ETF", "basket.csv"), ("ETF", "AAA", "BBB", "CCC", "brk-b")])
def test_numbers_are_not_truncated_at_any_width_or_number_of_etfs(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    etfs: tuple[str, ...],
    width: int,
) -> None:
    monkeypatch.setattr("betaneutral_xl.hosts.cli.output.PIPED_WIDTH", width)
    argv = command(folder, "--method", "hedge", "unhedged", "--estimator", "sample", "default")
    at = argv.index("ETF")
    argv[at : at + 1] = [str(folder / etf) if etf.endswith(".csv") else etf for etf in etfs]
    assert main([*argv, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert main(argv) == 0
    output = capsys.readouterr().out
    lines = output[: output.find("!")].splitlines()
    assert "…" not in output
    assert max(map(len, lines[1:])) <= width
    for estimator in ("sample", "default"):
        measured = answer["results"]["hedge"][estimator]
        for key in ("active_beta_mean", "active_beta_rms", "noise_floor"):
            values = [measured[key]] if len(etfs) == 1 else measured[key].values()
            assert all(f"{value:.3f}".replace("-0.000", "0.000") in output for value in values)
        assert f"{100 * measured['volatility']:.1f}%" in output
    if len(etfs) > 1:
        named = [
            line
            for line in lines
            if line.startswith(("hedge", "unhedged")) and line.split()[2] in answer["etfs"]
        ]
        assert len(named) == 3 * len(etfs)  # sample, default, unhedged


def test_the_table_has_every_comparison_and_the_warnings(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "fund.csv").open("a", encoding="utf-8") as file:
        file.write("GONE,0.1\n")
    assert main(command(folder, "--estimator", "default", "sample")) == 0
    output = capsys.readouterr().out
    assert [output.count(name) for name in ("unhedged", "perfect_foresight")] == [
        1,
        1,
    ]  # without an estimator
    assert all(name in output for name in ("hedge", "scaled", "beta", "hedge effectiveness"))
    assert "GONE (7 of 7)" in output
    assert "1.1000, not 1" in output


def test_the_csv_has_every_date(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(folder, "--csv", "--method", "hedge", "--estimator", "sample")) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["date"] for row in rows][:2] == ["2022-02-28", "2022-03-31"]
    assert float(rows[0]["standard_error"]) > 0.0


def test_several_etfs_have_their_betas_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = command(folder, "--json", "--method", "hedge", "scaled")
    argv.insert(argv.index("ETF") + 1, str(folder / "basket.csv"))
    assert main(argv) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["results"]["hedge"]["sample"]["noise_floor"]) == {"ETF", "basket"}
    assert any("one ETF only: scaled" in line for line in answer["warnings"])


def test_target_and_limits_have_the_options_of_rebalance(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "limits.toml").write_text('upper = {"*" = 0.7}\n', encoding="utf-8")
    argv = ["--method", "hedge", "reweight", "--target", "aaa", "--lower=-40%", "--estimator", "sample"]
    argv += ["--constraints", str(folder / "limits.toml")]
    assert main(command(folder, *argv, "--json", etf="basket.csv")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["target"] == "aaa"
    assert answer["limits"] == ["weight of every name at least -0.4", "weight of every name at most 0.7"]
    for method in ("hedge", "reweight"):
        measured = answer["results"][method]["sample"]
        assert abs(measured["active_beta_mean"]) < 0.1 < measured["realised_beta_mean"]
        assert measured["n_infeasible"] == 0

    assert main(command(folder, *argv, etf="basket.csv")) == 0
    output = capsys.readouterr().out
    assert "target aaa: betas are active" in output
    assert "reweight: weight of every name at least -0.4; weight of every name at most 0.7" in output


def test_infeasible_dates_are_reported_and_marked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = command(folder, "--method", "reweight", "--long-only", "--estimator", "sample", etf="basket.csv")
    assert main([*argv, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    measured = answer["results"]["reweight"]["sample"]
    assert measured["n_infeasible"] == measured["n_dates"]
    assert any("no weights found that keep the limits on 7 of 7 dates" in line for line in answer["warnings"])
    assert main([*argv, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["infeasible"] for row in rows} == {"True"}


def test_a_benchmark_may_be_among_the_etf_prices(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--method", "hedge", "--target", "ETF", "--json"]
    assert main(command(folder, *options, etf="basket.csv")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert abs(answer["results"]["hedge"]["default"]["active_beta_mean"]) < 0.15


def test_the_default_horizon_is_that_of_python() -> None:
    assert Schedule().horizon == backtest_options.HORIZON


def test_a_chart_is_saved(folder: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed (the extra charts)")
    assert main(command(folder, "--json", "--chart", str(folder / "beta.svg"))) == 0
    assert "<svg" in (folder / "beta.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--estimator", "magic"], "no estimator 'magic'"),
        (["--method", "magic"], "no method magic"),
        (["--start", "2030-01"], "no rebalance date to test"),
        (["--every", "never"], "rebalancing period is 'never'"),
        (["--chart", "beta.pdf"], "Use .png or .svg"),
        (["--long-only"], "keeps to long_only. Add reweight"),
        (["--target", "XXX"], "XXX is neither a number nor a ticker with prices"),
        (["--method", "reweight", "--upper", "ZZZ=5%"], "limit for ZZZ"),
    ],
)
def test_an_invalid_option_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(command(folder, *options)) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["beta.pdf", "beta"])
def test_an_unknown_chart_format_is_refused_before_reading(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    assert main(command(folder, "--chart", kind, fund="absent.csv")) == 2
    assert "Use .png or .svg" in capsys.readouterr().err


@pytest.mark.parametrize("spelling", ["brk.b", "BRK.B", "brk-b", "brk/b"])
def test_an_etf_may_be_named_by_its_ticker_in_any_spelling(
    folder: Path, capsys: pytest.CaptureFixture[str], spelling: str
) -> None:
    assert main(command(folder, "--json", "--method", "hedge", etf=spelling)) == 0
    assert json.loads(capsys.readouterr().out)["etfs"] == ["BRK.B"]


def test_without_a_date_to_try_the_span_of_the_prices_is_reported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(folder, "--start", "2031")) == 2
    assert f"The prices cover {DAYS[0]} to {DAYS[-1]}." in capsys.readouterr().err


def test_a_folder_as_output_of_a_sweep_is_refused_before_reading(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = command(folder, fund="absent.csv")[1:]
    assert main(["sweep", *argv, "--out", str(folder)]) == 2
    assert f"Cannot write {folder.name}: it is a folder. Name a file" in capsys.readouterr().err


def test_an_interrupted_sweep_says_how_to_resume(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("betaneutral_xl.engine.backtest.sweep.measure", interrupted)
    out = folder / "s.csv"
    assert main(["sweep", *command(folder)[1:], "--out", str(out), "--jobs", "1"]) == 130
    output = capsys.readouterr().err
    assert "Finished backtests are saved in s.csv.journal: run the same command to resume." in output


def test_an_unknown_etf_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(folder, etf="NONE")) == 2
    assert "NONE is neither a file nor a ticker" in capsys.readouterr().err
    assert main(command(folder, etf="absent.csv")) == 2
    assert "no file absent.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-02-10", "2024-02-10", "2024-02-10"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024", "2024-01-01", "2024-12-31"),
    ],
)
def test_a_month_or_a_year_stands_for_its_first_or_last_day(text: str, first: str, last: str) -> None:
    assert (str(backtest_options.first_day(text)), str(backtest_options.last_day(text))) == (first, last)


def test_a_sweep_crosses_funds_etfs_estimators_and_half_lives(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = command(folder)[5:]  # the prices
    grid = ["--holdings", str(folder / "fund.csv"), str(folder / "other.csv"), "--etf", "ETF"]
    grid += [str(folder / "basket.csv"), "--estimator", "exponential", "sample", "--half-life", "21", "63"]
    out = folder / "sweep.csv"
    argv = ["sweep", *grid, *base, "--method", "hedge", "--out", str(out), "--jobs", "1"]
    assert main([*argv, "--period", "2022-02:2022-04", "2022-05:2022-07"]) == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert len(rows) == 2 * 2 * 3 * 2
    assert {row["estimator"] for row in rows} == {
        "exponential:half_life=21",
        "exponential:half_life=63",
        "sample",
    }
    assert {row["fund"] for row in rows} == {"fund", "other"}
    assert "saved to" in capsys.readouterr().out

    one = main(command(folder, "--json", "--method", "hedge", "--start", "2022-02", "--end", "2022-04"))
    measured = json.loads(capsys.readouterr().out)["results"]["hedge"]["sample"]
    row = next(r for r in rows if (r["fund"], r["etf"], r["estimator"]) == ("fund", "ETF", "sample"))
    assert one == 0
    assert float(row["realised_beta_rms"]) == pytest.approx(measured["realised_beta_rms"], rel=1e-12)

    whole = out.read_bytes()
    assert main([*argv, "--period", "2022-02:2022-04", "2022-05:2022-07"]) == 0
    assert out.read_bytes() == whole


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--jobs", "0"], 2, "--jobs 0"),
        (["--period", "2022:2023", "--start", "2022"], 2, "Both --period"),
        (["--engine", "dask"], 2, "give its address"),
        (["--half-life", "21", "--estimator", "sample"], 2, "--half-life 21 has no effect on sample"),
        (
            ["--half-life", "21", "63", "--estimator", "sample", "exponential:half_life=9"],
            2,
            "--half-life 21 63 has no effect on sample, exponential:half_life=9",
        ),
        (["--start", "2030"], 4, "No backtest of the sweep has a result"),
    ],
)
def test_an_impossible_sweep_says_why(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, message: str
) -> None:
    argv = ["sweep", *command(folder)[1:], "--out", str(folder / "s.csv")]
    jobs = [] if "--jobs" in options or "--engine" in options else ["--jobs", "1"]
    assert main([*argv, *jobs, *options]) == code
    assert message in capsys.readouterr().err
