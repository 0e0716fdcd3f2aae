"""Limits and targets in percent, as options, in files, in snapshots and in Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import betaneutral_xl as bn
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import sample
from betaneutral_xl.job.snapshot import pack, read_snapshot

REWEIGHT = ["rebalance", "--sample", "--method", "reweight", "--target", "0.3", "--json"]


def answer(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    assert main([*argv]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main([*argv]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.strip().removeprefix("betaneutral-xl: ")


def new_weights(record: Any) -> list[float]:
    return [row["new_weight"] for row in record["weights"]]


LIKELY_PERCENT = [
    (["--upper", "5"], "The limit upper is 5, which is 500%: give 5% or 0.05."),
    (["--upper", "NVDA=8"], "The limit upper of NVDA is 8, which is 800%: give 8% or 0.08."),
    (["--upper", "1.01"], "The limit upper is 1.01, which is 101%: give 1.01% or 0.0101."),
    (["--lower=-5"], "The limit lower is -5, which is -500%: give -5% or -0.05."),
    (
        ["--lower", "NVDA=2", "--upper", "inf"],
        "The limit lower of NVDA is 2, which is 200%: give 2% or 0.02.",
    ),
    (["--turnover", "30"], "The limit turnover is 30, which is 3000%: give 30% or 0.3."),
    (["--gross", "150"], "The limit gross is 150, which is 15000%: give 150% or 1.5."),
    (["--net", "90:110"], "The limit net is 90, which is 9000%: give 90% or 0.9."),
    (["--net", ":110"], "The limit net is 110, which is 11000%: give 110% or 1.1."),
    (["--min-trade", "1"], "The limit min_trade is 1, which is 100%: give 1% or 0.01."),
    (
        ["--group", "G=NVDA,AMD", "--group-limit", "G=0.1:30"],
        "The limit group_limits of G is 30, which is 3000%: give 30% or 0.3.",
    ),
    (
        ["--group", "G=NVDA,AMD", "--group-limit", "G=-30:"],
        "The limit group_limits of G is -30, which is -3000%: give -30% or -0.3.",
    ),
]


@pytest.mark.parametrize(("options", "line"), LIKELY_PERCENT)
@pytest.mark.parametrize("command", ["rebalance", "compare", "feasible"])
def test_a_limit_that_lacks_a_percent_sign_is_refused(
    options: list[str], line: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    method = ["--method", "reweight"] if command == "rebalance" else []
    assert refusal(capsys, command, "--sample", *method, *options).startswith(line)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--target", "50"], "The target is 50, which is 5000%: give 50% or 0.5."),
        (["--target", "JHAI=-50"], "The target is -50, which is -5000%: give -50% or -0.5."),
        (["--leg-limit", "30"], "The limit of the legs is 30, which is 3000%: give 30% or 0.3."),
        (["--ridge", "5"], "The ridge of the legs is 5, which is 500%: give 5% or 0.05."),
        (
            ["--leg-limit", "many"],
            "The option limit of the legs is 'many': give a number such as 0.05 or 5%.",
        ),
        (
            ["--method", "reweight", "--beta", "30:50"],
            "The limit beta is 30, which is 3000%: give 30% or 0.3.",
        ),
        (
            ["--method", "reweight", "--max-trades", "inf"],
            "The limit max_trades is 'inf': give a whole number.",
        ),
        (
            ["--method", "reweight", "--max-trades", "500%"],
            "The limit max_trades is '500%': it is a count",
        ),
        (["--method", "reweight", "--cost-bp", "5%"], "The limit cost_bp is '5%': it is in basis points"),
        (
            ["--method", "reweight", "--lower", "inf", "--upper", "inf"],
            "The limit lower is inf, which no weight",
        ),
    ],
)
def test_targets_legs_and_other_units_are_checked_too(
    options: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, "rebalance", "--sample", *options).startswith(line)


def test_the_refusal_says_how_to_confirm_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, *REWEIGHT, "--upper", "3")
    assert line.endswith("If 300% is meant, give it as text with its percent sign.")
    free, wide = answer(capsys, *REWEIGHT), answer(capsys, *REWEIGHT, "--upper", "300%", "--turnover", "900%")
    assert new_weights(wide) == pytest.approx(new_weights(free))


@pytest.mark.parametrize(
    ("percent", "decimal"),
    [
        (["--target", "50%"], ["--target", "0.5"]),
        (["--target", "JHAI=50%"], ["--target", "JHAI=0.5"]),
        (["--leg-limit", "30%"], ["--leg-limit", "0.3"]),
        (["--ridge", "5%"], ["--ridge", "0.05"]),
        (["--method", "reweight", "--beta", "10%:30%"], ["--method", "reweight", "--beta", "0.1:0.3"]),
        (["--method", "reweight", "--net", "90%:100%"], ["--method", "reweight", "--net", "0.9:1"]),
        (["--method", "reweight", "--min-trade", "1%"], ["--method", "reweight", "--min-trade", "0.01"]),
    ],
)
def test_weights_and_betas_may_be_in_percent(
    percent: list[str], decimal: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (answer(capsys, "rebalance", "--sample", "--json", *options) for options in (percent, decimal))
    assert one["weights"] == two["weights"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("upper = 5", "The limit upper is 5,"),
        ('upper = "5"', "The limit upper is 5,"),
        ('upper = {"*" = 0.05, NVDA = 8}', "The limit upper of NVDA is 8,"),
        ("net = [0.9, 110]", "The limit net is 110,"),
        ("max_trades = inf", "The limit max_trades is inf: give a whole number."),
        (f"upper = {10**400}", "The limit upper is 1000"),
    ],
)
def test_a_file_of_limits_is_checked(
    text: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(text, encoding="utf-8")
    assert refusal(capsys, *REWEIGHT, "--constraints", str(file)).startswith(line)


def test_a_snapshot_keeps_the_sign_and_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.zip"
    problem = ["--upper", "300%", "--target", "30%", "--method", "reweight"]
    first = answer(capsys, "rebalance", "--sample", *problem, "--json", "--snapshot", str(file))
    again = answer(capsys, "rebalance", "--from-snapshot", str(file), "--json")
    assert again["weights"] == first["weights"]
    kept = read_snapshot(file)
    for change, line in (
        ({"upper": {"*": 5}}, "The limit upper is 5,"),
        ({"target": ["30"]}, "The target is 30,"),
        ({"method": "hedge", "upper": None, "leg_limit": 30.0}, "The limit of the legs is 30,"),
    ):
        file.write_bytes(pack(kept.raw_inputs, {**kept.parameters, **change}))
        assert line in refusal(capsys, "rebalance", "--from-snapshot", str(file))
    file.write_bytes(pack(kept.raw_inputs, {**kept.parameters, "upper": None, "method": "hedge"}))
    assert main(["rebalance", "--from-snapshot", str(file), "--leg-limit", "600%", "--json"]) == 0


def test_python_is_checked_like_the_command_line() -> None:
    data = sample.load()
    for limits in ({"upper": 5}, {"upper": {"NVDA": 5}}, {"turnover": 30}):
        with pytest.raises(bn.InputError, match=r"which is .*00%: give "):
            bn.beta_neutral(data.holdings, data.etf, data.covariance, 0.3, "reweight", constraints=limits)
    with pytest.raises(bn.InputError, match=r"which is 500%: give 5% or 0\.05"):
        bn.Constraints(upper={"*": 5})
    free = bn.beta_neutral(data.holdings, data.etf, data.covariance, "30%", "reweight")
    wide = bn.beta_neutral(
        data.holdings, data.etf, data.covariance, 0.3, "reweight", constraints={"upper": "300%"}
    )
    assert wide.new_weights == pytest.approx(free.new_weights)
