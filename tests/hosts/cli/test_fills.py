"""``fills``: a partial fill is reconciled with the accepted orders, from trades or from holdings."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.hosts.cli import main


@pytest.fixture
def accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """Accept the sample's hedge, and return the record of it."""
    monkeypatch.chdir(tmp_path)
    assert main(["accept", "--sample", "--order-prices", "demo"]) == 0
    capsys.readouterr()
    (file,) = (tmp_path / "records").glob("*/accepted/*.json")
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record


def record(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> dict[str, Any]:
    assert main(["fills", "--fund", "quant_paper", *argv, "--json"]) == code, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def trades(folder: Path, orders: list[dict[str, Any]]) -> str:
    lines = ["ticker,side,shares,price"]
    lines += [f"{one['ticker']},{one['side'].upper()},{one['shares']},{one['price']}" for one in orders]
    (folder / "trades.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "trades.csv"


def test_when_all_is_filled_nothing_is_left(
    accepted: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = record(capsys, trades(tmp_path, accepted["orders"]))
    assert found["complete"]
    assert found["residual_beta"]["JHAI"] == pytest.approx(0.0, abs=1e-9)
    assert found["beta_with_all_orders"]["JHAI"] == pytest.approx(accepted["betas"]["JHAI"], abs=1e-9)
    assert found["left"] == []
    assert found["slippage"] == pytest.approx(0.0, abs=1e-6)


def test_a_partial_fill_leaves_its_beta_and_its_orders(
    accepted: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, *rest = accepted["orders"]
    half = {**first, "shares": first["shares"] // 2}
    more = {**second, "shares": second["shares"] + 5}
    alien = {"ticker": "XOM", "side": "buy", "shares": 7, "price": 110.0}
    found = record(capsys, trades(tmp_path, [half, more, *rest, alien]), "--out", "left.csv", code=10)
    states = {one["ticker"]: (one["state"], one["left"]) for one in found["fills"]}
    sign = {"buy": 1, "sell": -1}
    assert states[first["ticker"]] == (
        "partly",
        sign[first["side"]] * (first["shares"] - first["shares"] // 2),
    )
    assert states[second["ticker"]] == ("surplus", -5 * sign[second["side"]])
    assert states[third["ticker"]] == ("not", sign[third["side"]] * third["shares"])
    assert states["XOM"] == ("not ordered", -7)
    assert abs(found["residual_beta"]["JHAI"]) > 1e-3
    with (tmp_path / "left.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {one["ticker"] for one in rows} == {first["ticker"], second["ticker"], third["ticker"], "XOM"}
    assert main(["fills", "trades.csv", "--fund", "quant_paper"]) == 10
    out = capsys.readouterr().out
    assert "1 partly, 1 not, 1 surplus, 1 not ordered" in out
    assert out.index(" partly ") < out.rindex(" filled ")
    assert "-0.00 " not in out


def test_the_new_holdings_tell_the_same_as_the_trades(
    accepted: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = accepted["orders"][0]
    left = dict(zip(accepted["tickers"], accepted["shares"], strict=True))
    sign = 1 if short["side"] == "buy" else -1
    left[short["ticker"]] -= sign * 10
    prices = dict(zip(accepted["tickers"], accepted["prices"], strict=True))
    lines = [f"{name},{shares},{prices[name]}" for name, shares in left.items() if shares]
    lines.append(f"CASH,{accepted['cash'] * accepted['nav']},1")
    (tmp_path / "fund.csv").write_text("\n".join(["ticker,shares,price", *lines, ""]), encoding="utf-8")
    found = record(capsys, "--holdings", "fund.csv", code=10)
    unfilled = [one for one in found["fills"] if one["state"] != "filled"]
    assert [(one["ticker"], one["left"]) for one in unfilled] == [(short["ticker"], sign * 10)]
    assert record(
        capsys,
        trades(tmp_path, [{**short, "shares": short["shares"] - 10}, *accepted["orders"][1:]]),
        code=10,
    )["beta_now"] == pytest.approx(found["beta_now"])


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["fills", "trades.csv"], "Whose orders?"),
        (["fills", "--fund", "nobody", "trades.csv"], "No proposal of nobody was accepted"),
        (["fills", "--fund", "quant_paper"], "Give either a file of trades, or the new holdings"),
        (["fills", "--fund", "quant_paper", "a.csv", "--holdings", "b.csv"], "Give either"),
        (["fills", "--fund", "quant_paper", "absent.csv"], "There is no file absent.csv"),
    ],
)
def test_what_is_missing_is_said(
    accepted: dict[str, Any], capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    assert main(argv) == 2
    assert words in capsys.readouterr().err


def test_without_orders_there_is_nothing_to_reconcile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trades.csv").write_text("ticker,side,shares,price\nA,BUY,1,1\n", encoding="utf-8")
    (tmp_path / "own.csv").write_text("ticker,weight\nMSFT,0.6\nNVDA,0.4\n", encoding="utf-8")
    assert main(["accept", "--sample", "--holdings", "own.csv"]) == 0
    assert main(["fills", "trades.csv", "--fund", "own"]) == 2
    assert "accepted in weights, without orders" in capsys.readouterr().err


def test_trades_of_earlier_days_and_at_far_prices_are_told(
    accepted: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (tmp_path / trades(tmp_path, accepted["orders"])).read_text(encoding="utf-8").splitlines()
    lines = [f"date,{lines[0]}", *(f"2025-10-01,{line}" for line in lines[1:])]
    name, price = accepted["orders"][0]["ticker"], accepted["orders"][0]["price"]
    lines[1] = lines[1].replace(str(price), str(price * 100.0))
    (tmp_path / "trades.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    early, far = record(capsys, "trades.csv")["notes"]
    assert early.startswith("Trades of days before the orders were accepted (")
    assert f"{name} on 2025-10-01" in early
    assert far.startswith(f"Prices of trades far from those of the orders: {name} at ")
