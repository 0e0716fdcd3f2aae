from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from betaneutral_xl.hosts.cli import main

FILE = (
    "Example AI ETF (EXAI)\nHoldings as of 08/28/2026\nTicker,Name,Weight\n"
    "NVDA US,NVIDIA Corp,60.00%\n2330 TT,TSMC,30.00%\n,=Example CVR,0.00%\nUSD,US DOLLAR,9.00%\n"
    "EX 260918C00240000,Call,-0.03%\n"
)
KEYS = {"as_of", "n_rows", "n_equity", "equity_weight_sum", "cash_weight", "other", "total_weight", "top3"}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "EXAI.csv"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


def test_json_has_counts_sums_and_columns(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["etf", file, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() >= KEYS
    assert (found["fund"], found["as_of"], found["n_rows"], found["n_equity"]) == ("EXAI", "2026-08-28", 5, 3)
    assert found["equity_weight_sum"] == pytest.approx(0.9)
    assert found["cash_weight"] == pytest.approx(0.09)
    assert found["other"] == {"derivative": {"n": 1, "weight": pytest.approx(-0.0003)}}
    assert [row["ticker_raw"] for row in found["top3"]] == ["NVDA US", "2330 TT", ""]
    assert found["columns"] == {"ticker": "Ticker", "name": "Name", "weight": "Weight"}


def test_several_files_are_a_list(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["etf", file, file, "--json"]) == 0
    assert [one["fund"] for one in json.loads(capsys.readouterr().out)] == ["EXAI", "EXAI"]


def test_csv_has_every_row_and_no_formula(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["etf", file, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["class"] for row in rows] == ["equity", "equity", "equity", "cash", "derivative"]
    assert [row["ticker"] for row in rows[:2]] == ["NVDA", "2330 TT"]
    assert rows[2]["name"] == "'=Example CVR"


def test_the_text_has_table_totals_columns_and_warnings(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["etf", file]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "EXAI", "2026-08-28", "NVIDIA Corp", "60.00%", "equity", "90.00%", 'ticker from "Ticker"',
        "weights are in percent (signs in the cells)", "add to 0.9897, not 1", "Equities without a ticker",
    ):  # fmt: skip
        assert words in shown


def test_a_fund_is_selected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.csv"
    path.write_text("Fund,Ticker,Weight\nAAA,NVDA,100%\nBBB,AMD,100%\n", encoding="utf-8")
    assert main(["etf", str(path), "--fund", "BBB", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["top3"][0]["ticker"] == "AMD"
    assert main(["etf", str(path), "--json"]) == 2
    error = capsys.readouterr()
    assert error.out == ""
    assert "lists 2 funds: AAA, BBB" in error.err


def test_a_ticker_is_looked_up_in_the_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "EXAI_holdings.csv").write_text(FILE, encoding="utf-8")
    monkeypatch.setenv("BETANEUTRAL_DOWNLOADS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["etf", "EXAI", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == "EXAI_holdings.csv"


@pytest.mark.parametrize("text", ["", "hello", "Ticker,Name,Weight\n", "<html><title>Captcha</title></html>"])
def test_an_unreadable_file_exits_with_2_and_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    assert main(["etf", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "x.csv" in error
    assert str(tmp_path) not in error


def test_hidden_rows_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "AI.csv"
    file.write_text("ticker,weight\nA,0.5\nB,0.3\nC,0.2\n", encoding="utf-8")
    assert main(["etf", str(file), "--rows", "2"]) == 0
    assert "and 1 smaller rows (--rows 3 shows all)" in capsys.readouterr().out
    assert main(["etf", str(file)]) == 0
    assert "smaller rows" not in capsys.readouterr().out


def test_a_hyphen_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Ticker,Weight\nNVDA,100%\n")))
    assert main(["etf", "-", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["file"], found["n_equity"]) == ("standard input", 1)
