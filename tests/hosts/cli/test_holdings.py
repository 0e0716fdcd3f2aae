"""The command ``holdings``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from betaneutral_xl.hosts.cli import main

TABLE = (
    "ticker,shares,price,sector,currency\nNVDA,100,180,Tech,USD\nXOM,100,110,Energy,USD\nCASH,,1000,,USD\n"
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book_2025-11-18.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["holdings", *words, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_json_has_sums_and_positions(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, str(book))
    assert found["as_of"] == "2025-11-18"
    assert (found["nav"], found["cash_weight"]) == (30_000.0, pytest.approx(1 / 30))
    assert (found["gross"], found["net"]) == (pytest.approx(29 / 30), pytest.approx(29 / 30))
    assert found["positions"][0] == {  # type: ignore[index] # plain data
        "ticker": "NVDA",
        "class": "equity",
        "shares": 100.0,
        "price": 180.0,
        "value": 18_000.0,
        "weight": 0.6,
        "currency": "USD",
        "name": "",
        "notional": None,
        "delta": None,
        "sector": "Tech",
        "country": None,
    }


def test_csv_has_a_row_for_each_position(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["holdings", str(book), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["ticker"], row["class"], float(row["weight"])) for row in rows] == [
        ("NVDA", "equity", 0.6),
        ("XOM", "equity", pytest.approx(11 / 30)),
        ("CASH", "cash", pytest.approx(1 / 30)),
    ]


def test_text_names_classes_columns_and_cash(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["holdings", str(book)]) == 0
    text = capsys.readouterr().out
    assert "Net asset value 30,000.00; cash 3.33%, gross 96.67%, net 96.67%." in text
    assert 'price from "price"' in text


def test_a_file_that_cannot_be_taken_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("ticker,shares,price\nNVDA,100,100\nAAPL,-90,100\n", encoding="utf-8")
    assert main(["holdings", str(path)]) == 2
    assert "state the net asset value (--nav)" in capsys.readouterr().err
    assert answer(capsys, str(path), "--nav", "20000")["gross"] == pytest.approx(0.95)


def test_the_day_of_a_file_with_several_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "days.csv"
    rows = ["date,ticker,weight", *(f"2025-11-{d},{t},{w}" for d, t, w in ((17, "A", 0.5), (17, "B", 0.5)))]
    rows += ["2025-11-18,A,0.6", "2025-11-18,B,0.4"]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert answer(capsys, str(path))["as_of"] == "2025-11-18"
    chosen = answer(capsys, str(path), "--date", "2025-11-17")
    assert (chosen["as_of"], chosen["net"]) == ("2025-11-17", 1.0)
    assert chosen["positions"][0]["weight"] == 0.5  # type: ignore[index] # plain data
    assert main(["holdings", str(path), "--date", "2025-11-20"]) == 2
    assert "It has those of 2025-11-17, 2025-11-18." in capsys.readouterr().err


def new_weight(capsys: pytest.CaptureFixture[str], ticker: str) -> float:
    rows = json.loads(capsys.readouterr().out)["weights"]
    return float(next(row["new_weight"] for row in rows if row["ticker"] == ticker))


def test_the_groups_of_a_file_reach_limits(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    etf = tmp_path / "AI.csv"
    etf.write_text("ticker,weight\nNVDA,0.5\nXOM,0.5\n", encoding="utf-8")
    cov = tmp_path / "cov.csv"
    cov.write_text("ticker,NVDA,XOM\nNVDA,0.16,0.02\nXOM,0.02,0.06\n", encoding="utf-8")
    given = ["rebalance", "--holdings", str(book), "--etf", str(etf), "--covariance", str(cov)]
    given += ["--method", "reweight", "--beta", "0:3", "--net", "0:1", "--json"]
    assert main([*given, "--group-limit", "tech=:0.2"]) == 0
    assert new_weight(capsys, "NVDA") == pytest.approx(0.2, abs=1e-6)
    assert main([*given, "--group-limit", "Semis=:0.2"]) == 2
    assert "choose a group of the portfolio: Energy, Tech" in capsys.readouterr().err
    sectors = tmp_path / "sectors.csv"
    sectors.write_text("ticker,sector\nNVDA,Semis\n", encoding="utf-8")
    assert main([*given, "--groups-file", str(sectors), "--group-limit", "Semis=:0.2"]) == 0
    assert new_weight(capsys, "NVDA") == pytest.approx(0.2, abs=1e-6)


def test_a_table_of_identifiers_gives_the_tickers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book, tickers = tmp_path / "degiro.csv", tmp_path / "tickers.csv"
    book.write_text(
        "Product,Symbol/ISIN,Amount,Closing,Local value,,Value in EUR\n"
        "NVIDIA CORP,US67066G1040,100,181.36,USD,18136,15634.48\nSAP SE,DE0007164600,10,210,EUR,2100,2100\n",
        encoding="utf-8",
    )
    assert main(["holdings", str(book)]) == 2
    assert "no ticker for NVIDIA CORP (US67066G1040), SAP SE (DE0007164600)" in capsys.readouterr().err
    tickers.write_text("ISIN,ticker\nUS67066G1040,NVDA\nDE0007164600,SAP.DE\n", encoding="utf-8")
    found = answer(capsys, str(book), "--tickers", str(tickers))
    positions = found["positions"]
    assert [(one["ticker"], one["value"]) for one in positions] == [  # type: ignore[attr-defined] # plain data
        ("NVDA", 15634.48),
        ("SAP GR", 2100.0),
    ]
