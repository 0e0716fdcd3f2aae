from __future__ import annotations

import json
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pytest

from betaneutral_xl.hosts.cli import main

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

STAMP = "2025-11-18T16:00"


def values(path: Path) -> Workbook:
    return openpyxl.load_workbook(path, data_only=True)


def text(book: Workbook, sheet: str) -> str:
    return "\n".join(str(value) for row in book[sheet].iter_rows(values_only=True) for value in row)


def headers(book: Workbook) -> set[str | None]:
    """Return the page headers of all sheets."""
    return {sheet.oddHeader.left.text if sheet.oddHeader else None for sheet in book.worksheets}


def test_the_report_of_the_sample_has_the_result_and_the_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.xlsx"
    assert main(["report", "--sample", "--out", str(out), "--stamp", STAMP, "--html"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "Report: out.xlsx, out.html\n"
    assert not captured.err
    book = values(out)
    assert "Beta to JHAI 0.52 -> 0.00; next month between -0.34 and 0.34" in text(book, "Summary")
    assert "Rebalance: all limits hold" in text(book, "Summary")
    assert "hedge by the ETF" in text(book, "Compare")
    assert "2025-11-18 16:00:00" in text(book, "Provenance")
    assert "TSM" in text(book, "Orders")
    assert "2025-11-18 16:00:00" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_a_report_without_prices_of_what_is_bought_says_so_and_has_no_orders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held, out = tmp_path / "held.csv", tmp_path / "out.xlsx"
    held.write_text("ticker,shares,price\nNVDA,100,180\nMSFT,100,490\nCASH,1000,1\n")
    assert main(["report", "--sample", "--holdings", str(held), "--out", str(out)]) == 0
    assert "No orders in the report: No price for" in capsys.readouterr().err
    book = values(out)
    assert "Orders" not in book.sheetnames
    assert "None: No price for" in text(book, "Proposal")


def test_the_same_stamp_gives_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = tmp_path / "run.zip"
    assert main(["snapshot", str(snapshot), "--sample"]) == 0
    files = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        out = tmp_path / folder / "out.xlsx"
        argv = ["report", "--from-snapshot", str(snapshot), "--out", str(out), "--stamp", STAMP]
        monkeypatch.setattr("sys.argv", ["betaneutral-xl", *argv])
        assert main(argv) == 0
        files.append(out)
    assert files[0].read_bytes() == files[1].read_bytes()
    provenance = text(values(files[0]), "Provenance")
    assert "run.zip" in provenance
    assert str(tmp_path) not in provenance


def test_prices_make_orders_in_whole_shares(tmp_path: Path) -> None:
    prices = tmp_path / "closes.csv"
    sample = tmp_path / "plain.xlsx"
    assert main(["rebalance", "--sample", "--report", str(sample)]) == 0
    tickers = [
        str(row[0]) for row in values(sample)["Weights"].iter_rows(min_row=2, values_only=True) if row[0]
    ]
    rows = [
        f"2025-11-{day},{','.join(str(40 + day + i) for i in range(len(tickers)))}" for day in (17, 18, 19)
    ]
    prices.write_text("\n".join([f"date,{','.join(tickers)}", *rows]), encoding="utf-8")
    out = tmp_path / "out.xlsx"
    argv = ["report", "--sample", "--out", str(out), "--order-prices", str(prices), "--min-notional", "5000"]
    assert main(argv) == 0
    orders = list(values(out)["Orders"].iter_rows(min_row=2, values_only=True))
    first = next(row for row in orders if row[0] == "TSM")
    assert first[3] == 58 + tickers.index("TSM")  # the close of the portfolio's day, not the day after
    assert all(float(str(row[4])) >= 5000 for row in orders if row[0] and row[4])
    assert first[2] == int(str(first[2]))


def test_an_infeasible_problem_is_explained_in_the_report_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.xlsx"
    limits = ["--method", "reweight", "--long-only", "--upper", "4%"]
    assert main(["report", "--sample", "--out", str(out), *limits]) == 4
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("betaneutral-xl: No weights reach beta 0.00 long only")
    assert error.endswith("out.xlsx says why, and proposes nothing.")
    assert "raise the cap" in text(values(out), "Infeasibility")


TITLE = "Not feasible as asked: the lowest beta within the limits is 0.24"


def test_an_infeasible_report_says_so_in_its_title_and_on_every_page(tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    limits = ["--method", "reweight", "--long-only", "--upper", "4%"]
    assert main(["report", "--sample", "--out", str(out), "--html", *limits]) == 4
    book = values(out)
    assert (book.properties.title, book.properties.subject) == (TITLE, TITLE)
    assert headers(book) == {TITLE}
    assert book["Summary"]["A1"].value == TITLE
    assert "47 names at their lower bound, 25 names at their upper bound" in text(book, "Summary")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert f"<title>{TITLE}</title>" in page
    assert f"<h1>{TITLE}</h1>" in page
    assert "@page{" in page
    for content in (*(text(book, sheet) for sheet in book.sheetnames), page):
        assert "Beta-neutral proposal" not in content
        assert "Largest trades" not in content


def test_an_infeasible_report_has_no_orders_no_trades_and_a_check_that_fails(tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    closes = tmp_path / "closes.csv"
    closes.write_text("date,NVDA\n2025-11-18,180\n", encoding="utf-8")
    limits = ["--method", "reweight", "--long-only", "--upper", "4%", "--order-prices", str(closes)]
    assert main(["report", "--sample", "--out", str(out), "--html", *limits]) == 4
    book = values(out)
    assert "Orders" not in book.sheetnames
    assert TITLE in text(book, "Trades")
    assert "Nothing is proposed" in text(book, "Trades")
    header, *rows = book["Weights"].iter_rows(values_only=True)
    trade = header.index("Trade")
    assert {row[trade] for row in rows if row[0] and isinstance(row[trade], float | int)} == {0}
    checks = {row[0]: row[4] for row in book["Checks"].iter_rows(values_only=True)}
    assert checks["all checks hold"] is False
    assert checks["target within the limits (distance of the beta)"] is False
    del checks["all checks hold"]
    held = [verdict for verdict in checks.values() if isinstance(verdict, bool)]
    assert f"{held.count(True)} of {len(held)} checks hold: the target is NOT met" in text(book, "Summary")
    assert "hedge ratio JHAI" not in text(book, "Summary")
    assert "the limits on weights are not applied to them" in text(book, "Compare")
    assert "<td>NO</td>" in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("limits", "title"),
    [
        (["--long-only", "--upper", "4%", "--target", "0.2"], TITLE),
        (["--long-only", "--target", "3"], "Not feasible as asked: the highest beta within the limits is "),
        (["--long-only", "--upper", "0.5%"], "Not feasible as asked: the limits contradict each other"),
        (["--long-only", "--upper", "4%", "--beta", "JHAI=0:0.2"], TITLE),
        (["--long-only", "--turnover", "5%"], "Not feasible as asked: the lowest beta within the limits is "),
    ],
)
def test_the_title_of_an_infeasible_report_has_the_reachable_beta(
    limits: list[str], title: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.xlsx"
    assert main(["report", "--sample", "--out", str(out), "--method", "reweight", *limits]) == 4
    book = values(out)
    heading = str(book["Summary"]["A1"].value)
    assert heading.startswith(title)
    assert headers(book) == {heading}


def test_an_infeasible_alternative_has_no_numbers_but_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", "--sample", "--upper", "4%", "--long-only", "--json"]) == 0
    alternatives = {one["alternative"]: one for one in json.loads(capsys.readouterr().out)["alternatives"]}
    refused = alternatives["reweight"]
    assert "the lowest is 0.24" in refused["note"]
    assert {value for name, value in refused.items() if name not in {"alternative", "note"}} == {None}
    assert alternatives["as it is"]["trades"] == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--out", "report.pdf"], "ends in .xlsx"),
        (["--out", "absent/report.xlsx"], "Cannot write report.xlsx"),
    ],
)
def test_a_report_that_cannot_be_written_is_one_line(
    argv: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", "--sample", *argv]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.glob("*.xlsx")) == []


def test_without_libreoffice_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("betaneutral_xl.system.libreoffice.command", lambda: None)
    assert main(["report", "--sample", "--out", str(tmp_path / "out.xlsx"), "--pdf"]) == 5
    assert "Install it" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [] or [p.name for p in tmp_path.iterdir()] == ["cache"]


def test_an_invalid_stamp_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["report", "--sample", "--out", "x.xlsx", "--stamp", "yesterday"])
    assert "write it as 2025-11-18T16:00" in capsys.readouterr().err


def test_with_prices_the_report_has_realised_betas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    market = rng.normal(0.0, 0.01, (400, 1))
    levels = 100.0 * np.cumprod(1.0 + market + rng.normal(0.0, 0.01, (400, 3)), axis=0)
    days = np.datetime64("2024-01-01") + np.arange(400)
    rows = [",".join([str(day), *(f"{p:.6f}" for p in row)]) for day, row in zip(days, levels, strict=True)]
    (tmp_path / "prices.csv").write_text("\n".join(["date,A,B,C", *rows]), encoding="utf-8")
    (tmp_path / "fund.csv").write_text("ticker,weight\nA,0.5\nB,0.5\n", encoding="utf-8")
    (tmp_path / "AI.csv").write_text("ticker,weight\nB,0.5\nC,0.5\n", encoding="utf-8")
    files = {"--holdings": "fund.csv", "--etf": "AI.csv", "--prices": "prices.csv", "--out": "out.xlsx"}
    argv = [word for option, name in files.items() for word in (option, str(tmp_path / name))]
    assert main(["report", *argv]) == 0
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx", data_only=True)["Realised"]
    table = [row for row in sheet.iter_rows(values_only=True) if isinstance(row[0], date)]
    assert len(table) > 6
    shown = np.abs(np.array([[row[1], row[3]] for row in table], dtype=np.float64)).mean(axis=0)
    assert shown[0] < 0.3 < shown[1]


def test_the_same_report_at_another_time_is_the_same_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = ["report", "--sample", "--out", str(tmp_path / "out.xlsx"), "--stamp", STAMP]
    monkeypatch.setattr("sys.argv", ["betaneutral-xl", *argv])
    assert main(argv) == 0
    first = (tmp_path / "out.xlsx").read_bytes()

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Later:
            return cls(2031, 1, 2, tzinfo=tz)

    monkeypatch.setattr("betaneutral_xl.model.provenance.datetime", Later)
    assert main(argv) == 0
    assert (tmp_path / "out.xlsx").read_bytes() == first
