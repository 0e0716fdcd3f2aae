"""Where a price file has volumes, orders, report and today say how long trading takes; else they do not."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import sample
from betaneutral_xl.job.request import OrderTerms
from betaneutral_xl.report.sheets import tickets

VOLUME = 100_000.0


@pytest.fixture
def prices(tmp_path: Path) -> str:
    """Write the sample's closes as a long table, with a volume for each name but MSFT."""
    closes = sample.load_prices()
    day = closes.dates[-1]
    rows = [
        f"{day},{name},{price},{'' if name == 'MSFT' else VOLUME}"
        for name, price in zip(closes.tickers, closes.matrix[-1].tolist(), strict=True)
        if math.isfinite(price)
    ]
    file = tmp_path / "closes.csv"
    file.write_text("\n".join(["date,ticker,close,volume", *rows]), encoding="utf-8")
    return str(file)


def orders(capsys: pytest.CaptureFixture[str], *argv: str) -> list[dict[str, Any]]:
    assert main(["orders", "--sample", *argv, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["orders"]
    return found


def test_orders_have_days_to_trade_at_a_share_of_the_volume(
    prices: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {one["ticker"]: one for one in orders(capsys, "--order-prices", prices)}
    assert rows["NVDA"]["days_to_trade"] == pytest.approx(rows["NVDA"]["shares"] / (0.1 * VOLUME))
    assert rows["MSFT"]["days_to_trade"] is None
    half = {one["ticker"]: one for one in orders(capsys, "--order-prices", prices, "--participation", "50%")}
    assert half["NVDA"]["days_to_trade"] == pytest.approx(rows["NVDA"]["days_to_trade"] / 5.0)
    main(["orders", "--sample", "--order-prices", prices])
    assert "At 10% of the average daily volume the longest order is" in capsys.readouterr().out


def test_without_volumes_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert all("days_to_trade" not in one for one in orders(capsys, "--order-prices", "demo"))
    main(["orders", "--sample", "--order-prices", "demo"])
    assert "volume" not in capsys.readouterr().out


def test_the_report_has_volume_and_days(prices: str, tmp_path: Path) -> None:
    file = tmp_path / "report.xlsx"
    assert main(["report", "--sample", "--order-prices", prices, "--out", str(file), "--html"]) == 0
    sheet = openpyxl.load_workbook(io.BytesIO(file.read_bytes()), data_only=True)[tickets.NAME]
    heads = [cell.value for cell in sheet[1]]
    assert "Average daily volume" in heads
    assert "Days to trade at 10% of it" in heads
    assert "of the average daily volume" in file.with_suffix(".html").read_text(encoding="utf-8")


def test_today_says_how_long_rebalancing_takes(prices: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["today", "--sample", "--order-prices", prices, "--json"])
    found = json.loads(capsys.readouterr().out)["rebalance"]
    assert found["slowest"] != "MSFT"
    assert found["days_to_trade"] > 0.0
    main(["today", "--sample", "--order-prices", prices])
    assert "longest order" in capsys.readouterr().out
    main(["today", "--sample", "--order-prices", "demo"])
    assert "longest order" not in capsys.readouterr().out


@pytest.mark.parametrize("value", ["0", "150%", "much", "-5%"])
def test_a_share_of_the_volume_that_has_no_meaning_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="share of a day's volume"):
        OrderTerms.parse({"participation": value})
