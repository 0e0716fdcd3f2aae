"""Two weeks of real prices through ``today`` and ``accept``; their exit codes, JSON, chart and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from betaneutral_xl.hosts.cli import main

MANDATE = """\
name = "Test fund"
benchmark = "IWV"
method = "reweight"
target = "IWV"
tolerance = 0.05
long_only = true
upper = "12%"
cost_bp = 5
prices = "prices.csv"
order_prices = "prices.csv"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, Any]]:
    code = main([*argv, "--json"])
    captured = capsys.readouterr()
    assert code in {0, 10}, captured.err
    return code, json.loads(captured.out)


def test_two_weeks_of_real_prices_are_played_day_by_day(
    folder: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="charts need matplotlib")
    stocks, funds = (
        pd.read_csv(shared / "prices" / name, index_col=0, parse_dates=True).loc["2025-06-01":]
        for name in ("panel.csv.gz", "etf_panel.csv.gz")
    )
    weights = pd.read_csv(shared / "silverfund" / "quant_paper_weights_2025-11-18.csv").set_index("ticker")
    basket = pd.read_csv(shared / "silverfund" / "jhai_constituents.csv")
    days = stocks.loc["2026-07-13":"2026-07-24"].index
    names = [one for one in weights.index if one in stocks.columns and stocks[one].notna().all()]
    etf_names = [one.split()[0].replace("/", "-") for one in basket["ticker"]]
    known = [one for one in etf_names if one in stocks.columns]
    panel = stocks[sorted({*names, *known})].join(funds[["IWV"]])
    panel.to_csv(folder / "prices.csv")
    (folder / "mandate.toml").write_text(MANDATE, encoding="utf-8")
    held = {one: int(1e7 * float(weights.loc[one, "weight"]) / stocks.loc[days[0], one]) for one in names}

    codes = []
    for place, day in enumerate(days):
        stamp = day.date().isoformat()
        rows = [
            {"ticker": one, "active": True, "shares": shares, "price": float(panel.loc[day, one])}
            for one, shares in held.items()
        ]
        rows = [{**row, "value": row["shares"] * row["price"]} for row in rows]
        book = {"fund": "quant", "start": stamp, "end": stamp, "holdings": rows}
        (folder / f"fund_{stamp}.json").write_text(json.dumps(book), encoding="utf-8")
        shifted = basket["weight"].copy()
        shifted.iloc[0] -= 0.3 * place
        shifted.iloc[3] += 0.3 * place
        lines = [f"{t},{w:.4f}" for t, w in zip(basket["ticker"], shifted, strict=True)]
        text = "\n".join([f"JHAI holdings as of {stamp}", "Ticker,Weight (%)", *lines])
        (folder / f"JHAI_{stamp}.csv").write_text(text + "\n", encoding="utf-8")
        inputs = ["--holdings", f"fund_{stamp}.json", "--etf", f"JHAI_{stamp}.csv"]

        code, found = record(capsys, "today", *inputs, "--chart", "today.png")
        codes.append(code)
        (name,) = found["beta"]
        beta = found["beta"][name]
        assert found["verdict"] == ("rebalance" if code else "leave")
        assert len(found["history"]) == place + 1
        if beta["parts"] is not None:
            assert sum(beta["parts"].values()) == pytest.approx(beta["change"], abs=1e-12)
            assert found["etfs"][name]["changes"]
        if place == 0:
            assert beta["parts"] is None
            assert main(["accept", *inputs]) == 0
            assert "orders, beta to" in capsys.readouterr().out
            (file,) = (folder / "records").glob("*/accepted/*.json")
            kept = json.loads(file.read_text(encoding="utf-8"))
            held = dict(zip(kept["tickers"], map(int, kept["shares"]), strict=True))
        if place == 4:  # somebody sells half of what is largest
            held["MSFT"] //= 2
        if place == 5:
            assert beta["parts"]["trades"] != pytest.approx(0.0, abs=1e-4)
            assert abs(beta["parts"]["etf"]) > 1e-5
    assert len(codes) == 10
    assert set(codes[1:5]) == {0}
    assert (folder / "today.png").read_bytes().startswith(b"\x89PNG")


def test_the_sample_says_rebalance_in_words_and_by_the_exit_code(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accept", "--sample", "--order-prices", "demo"]) == 0
    assert main(["today", "--sample", "--no-record"]) == 10
    out = capsys.readouterr().out
    assert "Rebalance: beta to JHAI is 0.522, above 0.050." in out
    assert "moved by trades and flows" in out
    assert "No tolerance is set: 0.05 is assumed." in out
    assert main(["today", "--sample", "--no-record", "--tolerance", "60%"]) == 0


def test_a_chart_of_another_format_is_refused_before_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["today", "--sample", "--chart", "today.bmp"]) == 2
    assert "Use .png or .svg" in capsys.readouterr().err
    assert not (folder / "records").exists()


def test_without_prices_weights_are_accepted_and_it_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "own.csv").write_text("ticker,weight\nMSFT,0.6\nNVDA,0.4\n", encoding="utf-8")
    assert main(["accept", "--sample", "--holdings", "own.csv", "--order-nav", "1000000"]) == 0
    assert "Kept in weights, without orders: No price" in capsys.readouterr().out


def test_what_is_infeasible_is_not_accepted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["accept", "--sample", "--method", "reweight", "--long-only", "--upper", "4%"]
    assert main(argv) == 2
    assert "no proposal to accept" in capsys.readouterr().err
    assert main(["today", "--sample", "--no-record", *argv[2:]]) == 10
    assert "not possible" in capsys.readouterr().out
