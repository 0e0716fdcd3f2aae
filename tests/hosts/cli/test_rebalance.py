from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from betaneutral_xl.hosts.cli import main

HOLDINGS = "ticker,weight\nA,0.3\nB,0.4\nC,0.3\n"
ETF = "ticker,weight\nA US,0.4\nB US,0.3\nC US,0.3\n"
COVARIANCE = (
    "ticker,A,B,C,IWV\n"
    "A,0.04,0.02,0.01,0.02\n"
    "B,0.02,0.03,0.015,0.015\n"
    "C,0.01,0.015,0.05,0.02\n"
    "IWV,0.02,0.015,0.02,0.03\n"
)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Write the notebook's example to files and return the options that name them."""
    for name, text in (("fund.csv", HOLDINGS), ("AI.csv", ETF), ("risk.csv", COVARIANCE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [
        "--holdings",
        str(tmp_path / "fund.csv"),
        "--etf",
        str(tmp_path / "AI.csv"),
        "--covariance",
        str(tmp_path / "risk.csv"),
    ]


def record(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    assert main(["rebalance", *argv, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_json_has_every_documented_key_and_the_known_answer(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = record(capsys, *files)
    assert answer["beta_before"] == {"AI": pytest.approx(0.985106, abs=1e-6)}
    assert answer["beta_after"] == {"AI": pytest.approx(0.0, abs=1e-10)}
    assert list(answer["hedge_ratio"].values()) == pytest.approx([0.985106], abs=1e-6)
    assert answer["turnover"] == pytest.approx(0.985106 / 2, abs=1e-6)
    assert answer["volatility_after"] < answer["volatility_before"]
    assert answer["tracking_error"] > 0
    assert answer["net_exposure"] == pytest.approx(1 - 0.985106, abs=1e-6)
    assert answer["gross_exposure"] == pytest.approx(0.20298, abs=1e-5)
    assert answer["coverage"]["covered"] == 3
    assert answer["warnings"] == ["The file of ETF AI has no date: the age of its holdings is unknown."]
    new = {row["ticker"]: row["new_weight"] for row in answer["weights"]}
    assert new == pytest.approx(
        {"A": -0.09404255, "B": 0.10446809, "C": 0.00446809, "CASH": 0.98510638}, abs=5e-9
    )
    assert list(answer["weights"][0]) == [
        "ticker",
        "weight",
        "etf_weight",
        "predicted_beta",
        "new_weight",
        "trade",
    ]
    assert all(check["passed"] for check in answer["checks"])


def test_csv_is_the_same_table(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    answer = record(capsys, *files)
    assert main(["rebalance", *files, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["new_weight"]) for row in rows] == [row["new_weight"] for row in answer["weights"]]


def test_the_tables_have_before_after_and_every_row(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebalance", *files]) == 0
    text = capsys.readouterr().out
    assert "fund to AI: beta 0 by hedge" in text
    assert re.search(r"beta to AI +0\.9851 +0\.0000", text)
    assert "CASH" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("method", ["hedge", "reweight", "least-squares", "least_squares"])
def test_the_target_may_be_a_ticker_of_the_risk_model(
    method: str, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = record(capsys, *files, "--target", "IWV", "--method", method)
    f, iwv = [0.4, 0.3, 0.3], [0.02, 0.015, 0.02]
    variance = 0.0235
    assert answer["beta_after"]["AI"] == pytest.approx(sum(map(float.__mul__, f, iwv)) / variance, abs=1e-10)


def test_several_etfs_are_neutralised_together(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "QQQ.csv").write_text("ticker,weight\nB,100\n", encoding="utf-8")
    files[files.index("--covariance") : files.index("--covariance")] = [str(tmp_path / "QQQ.csv")]
    answer = record(capsys, *files, "--target", "AI=0.1", "--target", "QQQ=0.2")
    assert answer["beta_after"] == pytest.approx({"AI": 0.1, "QQQ": 0.2}, abs=1e-10)
    assert set(answer["hedge_ratio"]) == {"AI", "QQQ"}


def test_the_report_is_written_with_the_command_that_made_it(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "out.xlsx"
    argv = ["rebalance", *files, "--report", str(report)]
    monkeypatch.setattr("sys.argv", ["betaneutral-xl", *argv])
    assert main(argv) == 0
    capsys.readouterr()
    text = " ".join(
        str(cell.value)
        for sheet in openpyxl.load_workbook(report)
        for row in sheet.iter_rows()
        for cell in row
    )
    assert "betaneutral-xl rebalance --holdings fund.csv" in text
    assert str(tmp_path) not in text


def swap(files: list[str], option: str, path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    changed = list(files)
    changed[changed.index(option) + 1] = str(path)
    return changed


@pytest.mark.parametrize(
    ("option", "text", "code", "words"),
    [
        ("--holdings", "ticker,weight\nA,0.5\nA US,0.5\n", 2, "A more than once"),
        ("--holdings", "ticker,weight\nA,\nB,1\n", 2, "weight"),
        ("--holdings", "ticker,shares,price\nA,1,nan\n", 2, "A"),
        ("--holdings", "ticker,shares,price\nA,1,-5\n", 2, "positive price for A"),
        ("--holdings", "ticker,weight\nA,0.5\nXYZ,0.5\n", 4, "1 of 2 holdings: XYZ"),
        ("--holdings", '{"fund":"quant","holdings":[]}', 2, "quant"),
        ("--holdings", '{"fund":"quant","holdings":[{"ticker"', 2, "bad.csv is cut off"),
        ("--holdings", "", 2, "empty"),
        ("--etf", "ticker,weight\nA,0\nB,0\n", 2, "no weight and no market value other than zero"),
        ("--etf", "ticker,weight\nA,\nB,\n", 2, "bad.csv"),
        ("--etf", "<html><body>Please verify you are human</body></html>", 2, ""),
        ("--covariance", "date,ticker,A,B\n2025-11-18,A,0.04,0.02\n", 2, "square"),
        (
            "--covariance",
            "date,ticker,A,B\n2025-11-18,A,0.04,0.02\n2025-11-18,B,0.03,0.03\n",
            4,
            "not symmetric",
        ),
        (
            "--covariance",
            "date,ticker,A,B\n2025-11-18,A,0.04,0.2\n2025-11-18,B,0.2,0.03\n",
            4,
            "not positive semidefinite",
        ),
        (
            "--covariance",
            "date,ticker,A,B\n2025-11-18,A,400,200\n2025-11-18,B,200,300\n",
            2,
            "--covariance-unit",
        ),
        (
            "--covariance",
            "date,ticker,A,B\n2025-11-18,A,0.04,0.02\n2025-11-18,B,0.02,0.03\n",
            4,
            "holdings: C",
        ),
    ],
)
def test_bad_input_is_one_line_and_its_exit_code(
    option: str,
    text: str,
    code: int,
    words: str,
    files: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = tmp_path / "report.xlsx"
    argv = swap(files, option, tmp_path / "bad.csv", text)
    assert main(["rebalance", *argv, "--report", str(report)]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("betaneutral-xl: ")
    assert shown.err.count("\n") == 1
    assert words in shown.err
    assert str(tmp_path) not in shown.err
    assert not report.exists()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], 2, "No portfolio is given"),
        (["--sample", "--date", "2025-11-18"], 2, "--date is for --fund"),
        (["--sample", "--holdings", "x.csv", "--fund", "quant"], 2, "Choose one source"),
        (["--sample", "--holdings", "absent.csv"], 2, "absent.csv"),
        (["--sample", "--etf-fund", "AIQ"], 2, "--etf-fund selects a fund"),
        (["--sample", "--covariance-unit", "daily"], 2, "--covariance-unit is for a covariance file"),
        (["--sample", "--prices", "p.csv", "--covariance-unit", "daily"], 2, "--covariance-unit is for"),
        (["--sample", "--estimator", "sample"], 2, "--estimator and --window are for --prices"),
        (["--sample", "--target", "ZZZZ"], 2, "neither a number nor a ticker"),
        (["--sample", "--target", "0", "--target", "1"], 2, "2 targets (0, 1) for 1 ETFs"),
        (["--sample", "--target", "A=0", "--target", "1"], 2, "do not fit together"),
        (["--sample", "--method", "magic"], 2, "There is no method 'magic'"),
        (["--sample", "--fund", "quant", "--date", "18.11.2025"], 2, "is not a day"),
        (["--sample", "--universe", "moon"], 2, "There is no universe 'moon'"),
        (["--sample", "--universe", "held"], 2, "universe can have no effect"),
        (["--sample", "--method", "scaled", "--target", "0.5"], 2, "takes one ETF and no target"),
    ],
)
def test_conflicting_options_are_one_line(
    options: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebalance", *options]) == code
    shown = capsys.readouterr()
    assert words in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""


@pytest.mark.parametrize("options", [["--json", "--csv"], ["--target"]])
def test_an_invalid_option_exits_with_2(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["rebalance", "--sample", *options])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("betaneutral-xl rebalance: argument --")
    assert error.endswith("See betaneutral-xl rebalance --help.\n")
    assert error.count("\n") == 1


def test_a_report_that_cannot_be_written_is_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebalance", "--sample", "--report", str(tmp_path / "absent" / "r.xlsx")]) == 2
    assert "Cannot write r.xlsx" in capsys.readouterr().err
    assert list(tmp_path.rglob("*.xlsx")) == []


def test_debug_shows_the_traceback_and_keeps_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--debug", "rebalance"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Traceback")
    assert error.splitlines()[-1].startswith("betaneutral-xl: No portfolio is given")


def test_every_command_has_help_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    from betaneutral_xl.hosts.cli.commands import COMMANDS

    assert COMMANDS
    for name in COMMANDS:
        with pytest.raises(SystemExit) as stopped:
            main([name, "--help"])
        assert stopped.value.code == 0
        text = capsys.readouterr().out
        assert f"betaneutral-xl {name}" in text
        assert len(text.splitlines()) > 8


def test_the_names_of_written_files_are_printed_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"run [draft] {'x' * 180}.zip"
    assert main(["rebalance", "--sample", "--snapshot", str(tmp_path / name)]) == 0
    assert capsys.readouterr().out.endswith(f"Snapshot: {name}\n")


def test_the_headline_has_the_name_of_the_portfolio_as_it_is(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files[1] = str((tmp_path / "fund.csv").rename(tmp_path / "fund [draft] [red]b.csv"))
    assert main(["rebalance", *files]) == 0
    assert "fund [draft] [red]b to AI: beta 0 by hedge\n" in capsys.readouterr().out
