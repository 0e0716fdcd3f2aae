"""``mandate new``, ``show`` and ``check``; and how every command finds the rules it works under."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job.mandate import FILE_NAME

RULES = 'name = "Test fund"\nmethod = "reweight"\ntarget = 0.95\nlong_only = true\nupper = "65%"\nlot = 10\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with the notebook's example and no mandate."""
    (tmp_path / "fund.csv").write_text(
        "ticker,shares,price\nA,300,100\nB,800,50\nC,1500,20\n", encoding="utf-8"
    )
    (tmp_path / "AI.csv").write_text("ticker,weight\nA US,0.4\nB US,0.3\nC US,0.3\n", encoding="utf-8")
    (tmp_path / "risk.csv").write_text(
        "ticker,A,B,C\nA,0.04,0.02,0.01\nB,0.02,0.03,0.015\nC,0.01,0.015,0.05\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


SOURCES = ["--holdings", "fund.csv", "--etf", "AI.csv", "--covariance", "risk.csv"]


def record(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> dict[str, Any]:
    assert main([*argv, "--json"]) == code
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_a_new_mandate_is_written_once_and_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mandate", "new", "long-only"]) == 0
    text = (folder / FILE_NAME).read_text(encoding="utf-8")
    assert main(["mandate", "new", "etf-hedge"]) == 2
    assert (folder / FILE_NAME).read_text(encoding="utf-8") == text
    assert "exists already" in capsys.readouterr().err
    assert main(["mandate", "show"]) == 0
    out = capsys.readouterr().out
    assert "Tolerance of beta  0.05" in out
    assert "largest weight of every name, or of one" in out


def test_the_file_of_the_folder_is_found_and_another_one_is_chosen(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(capsys, "rebalance", *SOURCES)["mandate"] is None
    (folder / FILE_NAME).write_text(RULES, encoding="utf-8")
    (folder / "other.toml").write_text('target = 0.5\nmethod = "hedge"\n', encoding="utf-8")
    found = record(capsys, "rebalance", *SOURCES)
    assert (found["mandate"]["name"], found["method"]) == ("Test fund", "reweight")
    assert found["beta_after"]["AI"] == pytest.approx(0.95)
    other = record(capsys, "rebalance", *SOURCES, "--mandate", "other.toml")
    assert (other["mandate"]["name"], other["target"]) == ("other", "0.5")
    assert record(capsys, "rebalance", *SOURCES, "--mandate", "none")["mandate"] is None
    assert record(capsys, "rebalance", "--sample")["mandate"] is None


def test_the_environment_names_the_mandate(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "fund.toml").write_text(RULES, encoding="utf-8")
    monkeypatch.setenv("BETANEUTRAL_MANDATE", str(folder / "fund.toml"))
    assert record(capsys, "rebalance", *SOURCES)["mandate"]["name"] == "Test fund"


def test_the_mandate_names_the_inputs_of_a_run_that_names_none(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = 'holdings = "fund.csv"\netf = ["AI.csv"]\ncovariance = "risk.csv"\n'
    (folder / FILE_NAME).write_text(RULES + sources, encoding="utf-8")
    assert record(capsys, "rebalance")["beta_after"]["AI"] == pytest.approx(0.95)


def test_check_has_its_own_exit_code_and_names_what_breaks_a_rule(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / FILE_NAME).write_text(RULES.replace("65%", "38%"), encoding="utf-8")
    found = record(capsys, "mandate", "check", *SOURCES, code=10)
    assert not found["kept"]
    over = {one["limit"]: (one["light"], one["ticker"]) for one in found["limits"]}
    assert over == {"lowest weight": ("within", "A"), "largest weight": ("over", "B")}
    assert record(capsys, "mandate", "check", *SOURCES, "--upper", "50%", code=10)["departures"]
    (folder / FILE_NAME).write_text(RULES, encoding="utf-8")
    record(capsys, "mandate", "check", *SOURCES)
    (folder / FILE_NAME).unlink()
    assert main(["mandate", "check", *SOURCES]) == 2


def test_orders_have_the_lots_of_the_mandate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / FILE_NAME).write_text(RULES, encoding="utf-8")
    orders = record(capsys, "orders", *SOURCES)["orders"]
    assert orders
    assert all(one["shares"] % 10 == 0 for one in orders)
    single = record(capsys, "orders", *SOURCES, "--lot", "1")["orders"]
    assert any(one["shares"] % 10 for one in single)


def test_a_snapshot_keeps_its_mandate_and_needs_no_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / FILE_NAME).write_text(RULES, encoding="utf-8")
    first = record(capsys, "rebalance", *SOURCES, "--snapshot", "run.zip", "--turnover", "90%")
    (folder / FILE_NAME).unlink()
    again = record(capsys, "rebalance", "--from-snapshot", "run.zip")
    assert again["mandate"] == first["mandate"]
    assert len(again["mandate"]["departures"]) == 1
    assert again["weights"] == first["weights"]
