"""Numbers in the wrong unit: values as weights, correlations as covariances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import betaneutral_xl as bn
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings

NAMES = ["NVDA", "MSFT", "AAPL", "AMZN"]
VOLATILITIES = np.array([0.40, 0.25, 0.28, 0.32])
CORRELATION = np.full((4, 4), 0.4) + 0.6 * np.eye(4)
V = CORRELATION * np.outer(VOLATILITIES, VOLATILITIES)

SHARED = Path(__file__).parents[4] / "shared" / "cases"

NEAR_NEUTRAL = "NVDA,5000,100\nMSFT,5000,100\nAAPL,-5000,100\nAMZN,-4990,100\n"
NEUTRAL = "NVDA,100,100\nMSFT,100,100\nAAPL,-100,100\nAMZN,-100,100\n"

REFUSED = [
    ("correlations", CORRELATION, "is a correlation matrix: every number of its diagonal is 1."),
    ("correlations in percent", CORRELATION * 100.0, "every number of its diagonal is 100."),
    ("percent squared", V * 1e4, "It looks like percent squared: "),
    ("daily", V / 252.0, "It looks like daily decimals: "),
    ("daily percent squared", V * 1e4 / 252.0, "It looks like daily percent squared: "),
    (
        "one variance of another unit",
        V + np.diag([0.0, 0.0, 0.0, 900.0]),
        "for AMZN, read as annual",
    ),
    ("a variance near the largest float", V + np.diag([0.0, 0.0, 0.0, 1e308]), "for AMZN, read as annual"),
]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache=tmp_path / "cache"))


def call(session: Session, name: str, *values: Any) -> Any:
    return session.call(BY_NAME[name], *values)


def csv_of(matrix: Any) -> str:
    rows = [f"{name},{','.join(map(repr, row))}" for name, row in zip(NAMES, matrix.tolist(), strict=True)]
    return "\n".join([f"ticker,{','.join(NAMES)}", *rows]) + "\n"


def range_of(matrix: Any) -> list[list[Any]]:
    return [["ticker", *NAMES], *([name, *row] for name, row in zip(NAMES, matrix.tolist(), strict=True))]


BASKET = "ticker,weight\nNVDA,0.6\nMSFT,0.4\n"


def run(
    tmp_path: Path,
    holdings: str,
    *options: str,
    matrix: Any = V,
    etf: str = "ticker,weight\nNVDA,0.6\nMSFT,0.4\n",
) -> int:
    for name, text in (("fund.csv", holdings), ("AI.csv", etf), ("risk.csv", csv_of(matrix))):
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = [
        f"--{what}={tmp_path / name}" for what, name in (("holdings", "fund.csv"), ("covariance", "risk.csv"))
    ]
    return main(["rebalance", *files, "--etf", str(tmp_path / "AI.csv"), "--json", *options])


WEIGHTS = "ticker,weight\nNVDA,0.5\nAAPL,0.5\n"


@pytest.mark.parametrize(
    ("matrix", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_covariance_in_another_unit_is_refused_by_every_front_end(
    matrix: Any, words: str, session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, WEIGHTS, matrix=matrix) == 2
    assert words in capsys.readouterr().err
    holdings, etf = [["NVDA", 0.5], ["AAPL", 0.5]], [["NVDA", 0.6], ["MSFT", 0.4]]
    for rows in (
        call(session, "BETA_NEUTRAL", holdings, etf, range_of(matrix)),
        call(session, "COVARIANCE", range_of(matrix)),
    ):
        assert rows[0][0].startswith("#BETA! The covariance ")
        assert words in rows[0][0]
    frame = pd.DataFrame(matrix, index=NAMES, columns=NAMES)
    with pytest.raises(bn.InputError, match=words):
        bn.beta_neutral({"NVDA": 0.5, "AAPL": 0.5}, {"NVDA": 0.6, "MSFT": 0.4}, frame)


@pytest.mark.parametrize(
    ("unit", "factor"), [("percent_squared", 1e-4), ("daily", 252.0), ("daily_percent_squared", 252e-4)]
)
def test_a_stated_unit_is_converted_by_every_front_end(
    unit: str, factor: float, session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, WEIGHTS) == 0
    right = json.loads(capsys.readouterr().out)["volatility_before"]
    assert run(tmp_path, WEIGHTS, "--covariance-unit", unit, matrix=V / factor) == 0
    assert json.loads(capsys.readouterr().out)["volatility_before"] == pytest.approx(right)
    rows = call(session, "COVARIANCE", range_of(V / factor), None, f"unit={unit}")
    assert [row[1:] for row in rows[1:]] == [pytest.approx(row) for row in V.tolist()]
    made = bn.Covariance.from_matrix(NAMES, V / factor, unit=unit)
    assert made.form.dense() == pytest.approx(V)


def test_a_volatility_of_150_percent_has_to_be_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = V * (1.5 / 0.3) ** 2
    assert run(tmp_path, WEIGHTS, matrix=wild) == 2
    assert "choose --covariance-unit annual" in capsys.readouterr().err
    assert run(tmp_path, WEIGHTS, "--covariance-unit", "annual", matrix=wild) == 0


@pytest.mark.parametrize("matrix", [V / 12.0, np.sqrt(V)], ids=["monthly", "volatilities"])
def test_an_unusual_but_possible_magnitude_is_a_warning(
    matrix: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, WEIGHTS, matrix=matrix) == 0
    (line,) = [line for line in json.loads(capsys.readouterr().out)["warnings"] if "risk.csv" in line]
    assert "unusual for shares" in line


def test_an_option_that_has_no_effect_on_a_matrix_is_refused(session: Session) -> None:
    ((line,),) = call(session, "COVARIANCE", range_of(V), None, "window=250")
    assert line == "#BETA! The option window has no effect on an existing covariance. Omit it."


VALUES = [
    ("values", "ticker,weight\nAAPL,250000\nMSFT,300000\nNVDA,450000\n", "has weights up to 450,000"),
    ("small values", "ticker,weight\nAAPL,250\nMSFT,300\nNVDA,450\n", "neither fractions nor percent"),
    ("values under percent", "ticker,weight %\nAAPL,2500\nMSFT,3000\n", "gross exposure of 55 times"),
    ("values, long and short", "ticker,weight\nAAPL,250000\nMSFT,-240000\n", "has weights up to 250,000"),
]


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in VALUES], ids=[case[0] for case in VALUES])
def test_values_under_weight_are_refused(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, text) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "market_value" in err
    assert run(tmp_path, WEIGHTS, etf=text) == 2
    assert "market_value" in capsys.readouterr().err


def rows_of(weights: dict[str, float]) -> list[list[Any]]:
    return [["ticker", "weight"], *([name, float(weight)] for name, weight in weights.items())]


def test_values_as_weights_are_refused_in_python_and_in_sheets(session: Session) -> None:
    risk = bn.Covariance.from_matrix(NAMES, V)
    values, basket = {"AAPL": 250e3, "MSFT": 750e3}, {"NVDA": 0.6, "MSFT": 0.4}
    for book, etf in ((values, basket), ({"NVDA": 1.0}, values)):
        with pytest.raises(bn.InputError, match="neither fractions nor percent"):
            bn.beta_neutral(book, etf, risk)
        rows = call(session, "BETA_NEUTRAL", rows_of(book), rows_of(etf), range_of(V))
        assert rows[0][0].startswith("#BETA! ")
        assert "neither fractions nor percent" in rows[0][0]


@pytest.mark.parametrize("percent", [{"AAPL": 60, "MSFT": 40}, {"AAPL": 60, "MSFT": -55}])
def test_weights_in_percent_are_percent_in_python_and_in_sheets(
    percent: dict[str, float], session: Session
) -> None:
    risk = bn.Covariance.from_matrix(NAMES, V)
    decimals = {name: weight / 100 for name, weight in percent.items()}
    basket = {"NVDA": 0.6, "MSFT": 0.4}
    answers = [bn.beta_neutral(weights, basket, risk) for weights in (percent, decimals)]
    assert answers[0].new_weights == pytest.approx(answers[1].new_weights, rel=1e-12)
    sheets = [
        call(session, "BETA_NEUTRAL", rows_of(weights), rows_of(basket), range_of(V))
        for weights in (percent, decimals)
    ]
    first, second = ({row[0]: float(row[1]) for row in rows[1:]} for rows in sheets)
    assert first == pytest.approx(second, rel=1e-12)


def test_weights_with_and_without_percent_signs_are_refused(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "weights with and without a percent sign"
    assert run(tmp_path, "ticker,weight\nNVDA,0.3\nAAPL,40%\nMSFT,.3\n") == 2
    assert words in capsys.readouterr().err
    rows = call(session, "BETA_NEUTRAL", [["NVDA", "30%"], ["AAPL", 0.7]], [["MSFT", 1.0]], range_of(V))
    assert words in rows[0][0]
    assert run(tmp_path, "ticker,weight\nNVDA,30%\nAAPL,70%\nMSFT,0\n") == 0


def test_percent_signs_state_a_gross_exposure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "ticker,weight\nNVDA,600%\nAAPL,-550%\n") == 0
    assert json.loads(capsys.readouterr().out)["gross_exposure_before"] == pytest.approx(11.5)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (NEAR_NEUTRAL, "gross exposure of 1,999 times the net asset value of 1,000.00"),
        (NEUTRAL, "are worth 0.00 in total"),
    ],
)
def test_a_net_value_of_nearly_nothing_asks_for_the_nav(
    rows: str, words: str, session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"ticker,shares,price\n{rows}"
    assert run(tmp_path, text) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "add a row CASH with its value, or state the net asset value (--nav)" in err
    assert run(tmp_path, text, "--nav", "1000000") == 0
    stated = json.loads(capsys.readouterr().out)
    assert run(tmp_path, f"{text}CASH,{1_000_000 - 100 * (10 if rows == NEAR_NEUTRAL else 0)},1\n") == 0
    with_cash = json.loads(capsys.readouterr().out)
    assert stated["cash_before"] == pytest.approx(with_cash["cash_before"])
    assert stated["weights"] == with_cash["weights"]
    cells = [line.split(",") for line in text.split()]
    sheet = [cells[0], *([ticker, float(shares), float(price)] for ticker, shares, price in cells[1:])]
    answer = call(session, "BETA_NEUTRAL", sheet, [["NVDA", 0.6], ["MSFT", 0.4]], range_of(V))
    assert words in answer[0][0]
    whole = [*sheet, ["CASH", stated["cash_before"] * 1e6, 1.0]]
    answer = call(session, "BETA_NEUTRAL", whole, [["NVDA", 0.6], ["MSFT", 0.4]], range_of(V))
    assert answer[0][:2] == ("ticker", "weight")


@pytest.mark.parametrize("nav", ["-5", "0", "nan", "inf"])
def test_a_nav_that_is_no_amount_is_refused(
    nav: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, f"ticker,shares,price\n{NEUTRAL}", f"--nav={nav}") == 2
    assert "Give a positive amount" in capsys.readouterr().err


def test_a_stated_nav_is_kept_in_a_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "run.zip")
    assert run(tmp_path, f"ticker,shares,price\n{NEUTRAL}", "--nav", "20000", "--snapshot", file) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(["rebalance", "--from-snapshot", file, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["weights"] == first["weights"]
    assert again["gross_exposure_before"] == pytest.approx(2.0)
    assert main(["rebalance", "--from-snapshot", file, "--json", "--nav", "40000"]) == 0
    assert json.loads(capsys.readouterr().out)["gross_exposure_before"] == pytest.approx(1.0)


def test_values_too_large_to_add_up_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"ticker": name, "active": True, "shares": 1.0, "price": 1.0, "value": 1e308}
        for name in ("NVDA", "AAPL")
    ]
    assert run(tmp_path, json.dumps({"fund": "f", "end": "2025-11-18", "holdings": rows})) == 2
    assert "total value that is not finite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "words"),
    [("c_corr", "correlation matrix"), ("c_dailypct2", "choose --covariance-unit daily_percent_squared")],
)
def test_the_shared_cases_are_refused(
    name: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared folder is absent")
    file = SHARED / "inputs" / f"{name}.csv"
    assert run(tmp_path, WEIGHTS, f"--covariance={file}") == 2
    assert words in capsys.readouterr().err
