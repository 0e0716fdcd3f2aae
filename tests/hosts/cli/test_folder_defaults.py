from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import sample

SOURCES = 'holdings = "fund.csv"\netf = "JHAI.csv"\ncovariance = "risk.csv"\n'
LIMITS = 'method = "reweight"\ntarget = "IWV"\nlong_only = true\nupper = {"*" = 0.08, NVDA = "5%"}\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with the sample's files."""
    for name, content in sample.as_files().items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "betaneutral.toml").write_text(text, encoding="utf-8")


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main([*words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def new_weights(record: dict[str, Any]) -> list[float]:
    return [row["new_weight"] for row in record["weights"]]


def test_a_run_takes_what_is_not_typed_from_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = answer(
        capsys,
        *("rebalance", "--holdings", "fund.csv", "--etf", "JHAI.csv", "--covariance", "risk.csv"),
        *("--method", "reweight", "--target", "IWV", "--long-only", "--upper", "8%", "--upper", "NVDA=0.05"),
    )
    write(folder, SOURCES + LIMITS)
    assert new_weights(answer(capsys, "rebalance")) == new_weights(typed)


def test_the_run_says_which_options_are_the_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, SOURCES + LIMITS)
    assert main(["rebalance", "--target", "0.3"]) == 0
    said = "Defaults of betaneutral.toml: holdings, etf, covariance, method, long_only, upper\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("words", "unused"),
    [
        (["--fund", "demo"], "holdings"),
        (["--etf", "demo"], "etf"),
        (["--covariance", "demo"], "covariance"),
        (["--beta", "0:0.6"], "target"),
        (["--no-long-only"], "long_only"),
        (["--upper", "9%"], "upper"),
    ],
)
def test_what_is_typed_replaces_what_it_excludes(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], unused: str
) -> None:
    write(folder, SOURCES + LIMITS)
    assert main(["rebalance", *words]) == 0
    said = capsys.readouterr().err.partition("\n")[0].partition(": ")[2].split(", ")
    assert unused not in said
    assert "method" in said


def test_a_typed_method_leaves_out_limits_that_it_does_not_have(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, SOURCES + LIMITS + "ridge = 0.1\n")
    found = answer(capsys, "rebalance", "--method", "hedge")
    assert found["method"] == "hedge"
    assert found["target"] == "IWV"
    assert found["constraints"] == []
    assert main(["rebalance", "--method", "reweight"]) == 0


@pytest.mark.parametrize("words", [["--sample"], ["--no-defaults", "--sample"]])
def test_the_sample_has_no_defaults(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    write(folder, LIMITS)
    assert answer(capsys, "rebalance", *words)["method"] == "hedge"


def test_a_snapshot_repeats_its_run_whatever_the_folder_has(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["snapshot", "run.zip", "--sample"]) == 0
    capsys.readouterr()
    write(folder, SOURCES + LIMITS)
    assert answer(capsys, "rebalance", "--from-snapshot", "run.zip")["method"] == "hedge"


@pytest.mark.parametrize("command", ["betas", "compare", "feasible"])
def test_commands_use_the_options_that_they_have(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    write(folder, SOURCES + LIMITS + 'order_prices = "quotes.csv"\n')
    assert "JHAI" in json.dumps(answer(capsys, command))


def test_orders_take_prices_and_terms(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, SOURCES + 'order_prices = "quotes.csv"\nlot = 100\nmin_notional = 1000\n')
    orders = answer(capsys, "orders")["orders"]
    assert orders
    assert all(row["shares"] % 100 == 0 for row in orders)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "fnd = 'a'",
            "betaneutral.toml has 'fnd', which is no option that can be a default. Did you mean fund?",
        ),
        ("refresh = true", "betaneutral.toml has 'refresh'"),
        ("holdings = ", "The options in betaneutral.toml are not TOML"),
        ("turnover = {NVDA = 0.1}", "The option turnover of betaneutral.toml has values by name"),
        ("method = 'magic'", "There is no method 'magic'"),
        ("upper = 5", "5"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    write(folder, f"{SOURCES}{text}\n")
    assert main(["rebalance"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("betaneutral-xl: ")
    assert words in error
