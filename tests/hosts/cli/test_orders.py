"""Orders from the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.hosts.cli import main

RISK = """\
date,ticker,A,B,C
2025-11-18,A,0.04,0.02,0.01
2025-11-18,B,0.02,0.03,0.015
2025-11-18,C,0.01,0.015,0.05
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Return the options of a portfolio of known shares, and prices of the names it lacks."""
    contents = {
        "fund.csv": "ticker,shares,price\nA,300,100\nB,400,100\nBRK.B,1,300\nCASH,29700,1\n",
        "AI.csv": "ticker,weight\nA,0.4\nB,0.3\nC,0.3\n",
        "risk.csv": RISK,
        "prices.csv": "date,C,A\n2025-11-17,50,90\n2025-11-18,49,91\n",
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    inputs = ["--holdings", "fund.csv", "--etf", "AI.csv", "--covariance", "risk.csv", "--on-missing", "drop"]
    return [str(tmp_path / word) if word in contents else word for word in inputs]


def answer(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert main(["orders", *options, "--json"]) == 0
    record: dict[str, Any] = json.loads(capsys.readouterr().out)
    return record


def test_orders_make_the_weights_and_keep_the_beta(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = str(tmp_path / "prices.csv")
    record = answer(capsys, *files, "--order-prices", prices)
    assert record["nav"] == 100_000.0
    assert all(check["passed"] for check in record["checks"])
    assert abs(record["beta_after"]["AI"]) < 1e-3 < record["beta_before"]["AI"]
    by_ticker = {one["ticker"]: one for one in record["orders"] if one["side"] == "SELL"}
    assert by_ticker["A"]["price"] == 100.0  # the holdings' own price comes before the file's
    sold = [one for one in record["orders"] if one["ticker"] == "C"]
    assert [(one["side"], one["price"]) for one in sold] == [("SELL SHORT", 49.0)]
    paid = sum((1 if one["side"] == "BUY" else -1) * one["notional"] for one in record["orders"])
    assert record["cash_after"] == pytest.approx(record["cash_before"] - paid, abs=0.01)


def test_lots_and_the_smallest_order_are_kept(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = ["--order-prices", str(tmp_path / "prices.csv")]
    record = answer(capsys, *files, *prices, "--lot", "10", "--min-notional", "35000")
    assert all(one["shares"] % 10 == 0 and one["notional"] >= 35_000 for one in record["orders"])
    assert record["left_out"]


@pytest.mark.parametrize(
    ("form", "head"),
    [
        ("desk", "ticker,side,shares,price,notional"),
        ("ibkr", "Action,Quantity,Symbol,SecType,Exchange,Currency,TimeInForce,OrderType,LmtPrice,BasketTag"),
        ("trader", "ticker,price,shares,action"),
    ],
)
def test_a_file_has_the_form_that_is_chosen(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, head: str
) -> None:
    out = tmp_path / "orders.csv"
    options = ["--order-prices", str(tmp_path / "prices.csv"), "--format", form, "--out", str(out)]
    record = answer(capsys, *files, *options)
    text = out.read_text(encoding="utf-8")
    assert text.splitlines()[0] == head
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(record["orders"])
    shares = {"desk": "shares", "ibkr": "Quantity", "trader": "shares"}[form]
    assert [int(row[shares]) for row in rows] == [one["shares"] for one in record["orders"]]
    if form == "ibkr":
        assert {row["Action"] for row in rows} == {"SELL", "SSHORT"}


def test_the_file_of_orders_may_be_standard_output(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["orders", *files, "--order-prices", str(tmp_path / "prices.csv")]
    assert main([*options, "--out", "-"]) == 0
    printed = capsys.readouterr().out
    assert main([*options, "--csv"]) == 0
    assert printed == capsys.readouterr().out


def test_a_price_that_is_missing_is_named_and_nothing_is_written(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "orders.csv"
    assert main(["orders", *files, "--out", str(out)]) == 2
    assert "No price for 1 of 3 trades: C." in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lot", "0"], "The lot is 0."),
        (["--lot", "2.5"], "The lot is 2.5. Give a whole number of shares, a fraction of one"),
        (["--min-notional", "-1"], "The smallest order is -1."),
        (["--trade", "futures"], "There is no kind of orders 'futures'"),
    ],
)
def test_terms_that_mean_nothing_are_refused(
    files: list[str], capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert main(["orders", *files, *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("lot", ["fractional", "0.0001"])
def test_fractions_of_a_share_are_ordered(capsys: pytest.CaptureFixture[str], lot: str) -> None:
    record = answer(capsys, "--sample", "--order-prices", "demo", "--lot", lot)
    shares = [one["shares"] for one in record["orders"]]
    assert any(one != int(one) for one in shares)
    assert all(one == round(one, 4) for one in shares)
    assert all(abs(beta) < 1e-7 for beta in record["beta_after"].values())


def proposed(path: Path, files: list[str], capsys: pytest.CaptureFixture[str], form: str) -> Path:
    """Save a reweighting by another risk aversion as a file of a form."""
    if form == "xlsx":
        assert main(["rebalance", *files, "--method", "reweight", "--report", str(path)]) == 0
        capsys.readouterr()
    else:
        assert main(["rebalance", *files, "--method", "reweight", f"--{form}"]) == 0
        path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_orders_of_a_proposal_are_those_of_its_rebalance(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    prices = ["--order-prices", str(tmp_path / "prices.csv")]
    direct = answer(capsys, *files, *prices, "--method", "reweight")
    file = proposed(tmp_path / f"proposal.{form}", files, capsys, form)
    again = answer(capsys, *files, *prices, "--proposal", str(file))
    assert again["orders"] == direct["orders"]
    assert again["beta_of_weights"] == pytest.approx(direct["beta_of_weights"], abs=1e-9)


def test_edited_weights_are_ordered_and_the_limits_that_they_break_are_told(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "edited.csv"
    file.write_text("ticker,new_weight\nA,10%\nB,40%\nBRK.B,0.3%\nC,0\nCASH,49.7%\n", encoding="utf-8")
    prices = ["--order-prices", str(tmp_path / "prices.csv"), "--upper", "25%"]
    record = answer(capsys, *files, *prices, "--method", "reweight", "--proposal", str(file))
    assert [(one["ticker"], one["side"], one["shares"]) for one in record["orders"]] == [("A", "SELL", 200)]
    assert any("break limits" in line for line in record["warnings"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ticker,new_weight\nA,0.1\n", "no new weight for B, BRK.B. Add them; 0 sells a position"),
        ("ticker,new_weight\nA,0.1\nB,0.1\nBRK.B,0.003\nZZ,0.2\n", "new weights of ZZ, in neither"),
        ("ticker,new_weight\nA,0.1\nB,much\n", "row 3: the new weight of B is 'much', not a number"),
        ("ticker,new_weight\nA,10\nB,40\n", "new weights of 50 in all. Give decimals, or percent signs"),
        ("ticker,weight,new_weight\nA,0.2,0.1\nB,0.4,0.1\nBRK.B,0.003,0.003\n", "weight of A is 0.2 there"),
        ("ticker,new_weight\nA,0.1\nB,0.1\nBRK.B,0.01\n", "No risk data for BRK.B"),
        ("name,price\nA,1\n", "no table with the columns ticker and new_weight"),
    ],
)
def test_a_proposal_that_does_not_fit_is_refused(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    file = tmp_path / "proposal.csv"
    file.write_text(text, encoding="utf-8")
    prices = ["--order-prices", str(tmp_path / "prices.csv")]
    assert main(["orders", *files, *prices, "--proposal", str(file)]) == 2
    assert message in capsys.readouterr().err


def test_cash_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["orders", "--sample", "--order-prices", "demo", "--method", "reweight"]
    assert main([*given, "--keep-cash", "90%"]) == 2
    assert "less than the 90.00% to keep" in capsys.readouterr().err
    assert main([*given, "--keep-cash", "0"]) == 0
    assert main([*given, "--keep-cash", "5"]) == 2
    assert "give 5% or 0.05" in capsys.readouterr().err


def test_the_sample_has_prices_for_its_orders_without_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["orders", "--sample", "--csv"]) == 0
    plain = capsys.readouterr().out
    assert main(["orders", "--sample", "--csv", "--order-prices", "demo"]) == 0
    assert capsys.readouterr().out == plain
    assert "TSM" in plain


@pytest.fixture
def sectors(files: list[str], tmp_path: Path) -> list[str]:
    """Return the options with a table of groups beside, in which C has none."""
    groups = tmp_path / "groups.csv"
    groups.write_text("ticker,sector,country\nA,Tech,US\nB,Energy,\nBRK.B,Financials,US\n", encoding="utf-8")
    prices = ["--order-prices", str(tmp_path / "prices.csv")]
    return [*files, "--groups-file", str(groups), *prices]


def test_orders_have_the_groups_of_their_names(
    sectors: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    record = answer(capsys, *sectors)
    by_ticker = {one["ticker"]: (one["sector"], one["country"]) for one in record["orders"]}
    assert by_ticker == {"A": ("Tech", "US"), "B": ("Energy", ""), "C": ("", "")}
    assert main(["orders", *sectors, "--csv"]) == 0
    table = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert table[0] == ["ticker", "side", "shares", "price", "notional", "sector", "country"]
    assert main(["orders", *sectors, "--format", "ibkr", "--csv"]) == 0
    assert "Tech" not in capsys.readouterr().out


def test_a_name_bought_without_a_group_is_told(
    sectors: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    sold = answer(capsys, *sectors)
    assert not any("without a known group" in line for line in sold["warnings"])  # C is sold
    limits = ["--method", "reweight", "--target", "0.7", "--lower", "C=5%", "--group-limit", "Tech=:40%"]
    bought = answer(capsys, *sectors, *limits)
    assert any(
        line.startswith("Bought without a known group (sector, country): C. Limits of groups do not count")
        for line in bought["warnings"]
    )


def test_a_report_has_the_groups(sectors: list[str], tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "report.xlsx"
    assert main(["report", *sectors, "--out", str(path)]) == 0
    book = openpyxl.load_workbook(path)
    for name in ("Holdings", "Trades", "Orders"):
        head, *rows = book[name].iter_rows(values_only=True)
        groups = {row[head.index("Ticker")]: row[head.index("Sector")] for row in rows}
        assert groups["A"] == "Tech"
