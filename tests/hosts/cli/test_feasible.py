from __future__ import annotations

import json
from typing import Any

import pytest

from betaneutral_xl.hosts.cli import main


def record(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> dict[str, Any]:
    assert main([*argv, "--sample", "--json"]) == code
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_an_unreachable_target_comes_with_relaxations(capsys: pytest.CaptureFixture[str]) -> None:
    answer = record(capsys, "feasible", "--long-only", "--upper", "8%", "--target", "0", code=4)
    assert answer["feasible"] is False
    (etf,) = answer["etfs"].values()
    assert 0.0 < etf["lowest"] < etf["highest"]
    assert etf["nearest"] == pytest.approx(etf["lowest"])
    assert etf["hedge_leg"] == pytest.approx(etf["lowest"])
    assert {one["limit"] for one in answer["relaxations"]} >= {"long_only", "upper", "net"}
    assert sum(answer["weights"].values()) == pytest.approx(1.0)
    assert max(answer["weights"].values()) <= 0.08 + 1e-9
    assert answer["sentence"].startswith("No weights reach beta 0.00 long only with at most 8% a name")


def test_rebalance_reaches_a_target_that_is_feasible(
    capsys: pytest.CaptureFixture[str],
) -> None:
    limits = ["--long-only", "--upper", "8%", "--target", "0.3"]
    assert record(capsys, "feasible", *limits)["feasible"] is True
    reached = record(capsys, "rebalance", "--method", "reweight", *limits)
    assert reached["beta_after"]["JHAI"] == pytest.approx(0.3, abs=1e-10)


def test_rebalance_fails_with_the_same_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    limits = ["--sample", "--long-only", "--upper", "8%"]
    assert main(["rebalance", "--method", "reweight", *limits]) == 4
    error = capsys.readouterr().err
    assert main(["feasible", *limits]) == 4
    assert capsys.readouterr().out.splitlines()[0] in error


def test_an_option_overrides_the_limit_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("long_only = true\nupper = 0.05\n", encoding="utf-8")
    from_file = record(capsys, "feasible", "--constraints", str(path), code=4)
    assert max(from_file["weights"].values()) == pytest.approx(0.05)
    overridden = record(
        capsys, "feasible", "--constraints", str(path), "--upper", "0.06", "--upper", "NVDA=0.01", code=4
    )
    assert overridden["weights"]["NVDA"] <= 0.01 + 1e-9
    assert max(overridden["weights"].values()) == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--upper", "lots"], "upper is"),
        (["--upper", "5%", "--upper", "6%"], "two values"),
        (["--group-limit", "0.1"], "needs NAME=RANGE"),
        (["--group-limit", "G=0.1"], "has no tickers"),
        (["--constraints", "absent.toml"], "no file absent.toml"),
        (["--frozen", "XYZ"], "limit for XYZ"),
        (["--net", "1:0"], "is empty"),
    ],
)
def test_an_invalid_limit_is_one_line(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feasible", "--sample", *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_every_limit_may_be_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        "--lower=-3% --upper 10% --frozen NVDA --universe union --net 0.9:1 --beta 0.1:0.3 --turnover 90% "
        "--gross 2 --group G=AMD,AVGO --group-limit G=:0.1 --cost-bp 5 --risk-aversion 8"
    )
    answer = record(capsys, "rebalance", "--method", "reweight", *options.split())
    assert 0.1 - 1e-9 <= answer["beta_after"]["JHAI"] <= 0.3 + 1e-9
    assert answer["turnover"] <= 0.9 + 1e-8
    assert answer["gross_exposure"] <= 2 + 1e-8
    assert all(check["passed"] for check in answer["checks"])
    names = {check["name"] for check in answer["checks"]}
    assert {"frozen names are not traded", "weight of group G is at most 0.1"} <= names
