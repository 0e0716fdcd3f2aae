"""Betas and hedges in units of the whole ETF, where the risk model covers a part of it or it is leveraged.

The answers are closed forms: an ETF of three names of which one has no risk data, the ETF's own row being
what the three names and their covariances make it.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl import Covariance, Etf, Holdings, beta_neutral
from betaneutral_xl.hosts.cli import main

WEIGHTS = np.array([0.4, 0.35, 0.25])
V = np.array([[0.13, 0.09, 0.09], [0.09, 0.13, 0.09], [0.09, 0.09, 0.13]])
OWN = V @ WEIGHTS
"""Covariances of AAA, BBB and CCC with the ETF of all three: 0.106, 0.104, 0.100."""
VARIANCE = float(WEIGHTS @ OWN)
"""0.1038."""

SWAP = (
    "Fund Ticker,Fund Name,Security Ticker,Security Description,Shares/Contracts,"
    "Exposure Value (Notional + G/L),Market Value\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the ETF, portfolios and risk models."""
    text = "Ticker,Name,Weight (%)\nAAA,Alpha Inc,40\nBBB,Beta Corp,35\nCCC,Gamma Co,25\n"
    (tmp_path / "XAI.csv").write_text(text, encoding="utf-8")
    (tmp_path / "itself.csv").write_text("ticker,weight\nXAI,1.0\n", encoding="utf-8")
    (tmp_path / "parts.csv").write_text("ticker,weight\nAAA,0.6\nBBB,0.4\n", encoding="utf-8")
    own = np.block([[V[:2, :2], OWN[:2, None]], [OWN[None, :2], np.array([[VARIANCE]])]])
    _matrix(tmp_path / "own.csv", ["AAA", "BBB", "XAI"], own)
    _matrix(tmp_path / "parts_only.csv", ["AAA", "BBB"], V[:2, :2])
    _matrix(tmp_path / "whole.csv", ["AAA", "BBB", "CCC"], V)
    return tmp_path


def _matrix(path: Path, names: list[str], values: Any) -> None:
    rows = [["ticker", *names], *([name, *row] for name, row in zip(names, values.tolist(), strict=True))]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def answer(capsys: pytest.CaptureFixture[str], folder: Path, *command: str, code: int = 0) -> Any:
    """Return what a command prints as JSON; words that end in .csv are files of the folder."""
    words = [str(folder / word) if word.endswith(".csv") else word for word in command]
    assert main([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def solved(capsys: pytest.CaptureFixture[str], folder: Path, book: str, risk: str, *more: str) -> Any:
    files = ("--holdings", book, "--covariance", risk)
    etf = () if "--etf" in more else ("--etf", "XAI.csv")
    return answer(capsys, folder, "rebalance", *files, *etf, *more)


# ---------------------------------------------------------------- the ETF's own row


def test_the_beta_of_an_etf_to_itself_is_one_from_its_own_row(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = solved(capsys, folder, "itself.csv", "own.csv")
    assert record["beta_before"]["XAI"] == pytest.approx(1.0, abs=1e-12)
    assert record["hedge_ratio"]["XAI"] == pytest.approx(1.0, abs=1e-12)
    assert record["beta_after"]["XAI"] == pytest.approx(0.0, abs=1e-12)
    part = WEIGHTS[:2]
    own_beta = float(part @ OWN[:2]) / 0.75 / float(part @ V[:2, :2] @ part) * 0.75**2
    assert record["coverage"]["etfs"]["XAI"] == {
        "covered": pytest.approx(0.75),
        "basis": "own row",
        "exposure": pytest.approx(1.0),
        "derivative_exposure": 0.0,
        "scale": pytest.approx(4.0 / 3.0),
        "own_row": "XAI",
        "own_row_beta_to_basket": pytest.approx(own_beta),
    }
    # Selling the basket instead removes the same beta.
    sold = {row["ticker"]: row["trade"] for row in record["weights"]}
    basket = float(part @ OWN[:2]) / VARIANCE
    assert sold["AAA"] == pytest.approx(-0.4 / basket)
    assert sold["XAI"] == 0.0


def test_names_have_their_covariance_with_the_own_row(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--holdings", "parts.csv", "--etf", "XAI.csv", "--covariance", "own.csv")
    record = answer(capsys, folder, "betas", *files)
    betas = {row["ticker"]: row["beta_XAI"] for row in record["betas"]}
    assert betas == {"AAA": pytest.approx(0.106 / 0.1038), "BBB": pytest.approx(0.104 / 0.1038)}
    assert record["portfolio_beta"]["XAI"] == pytest.approx((0.6 * 0.106 + 0.4 * 0.104) / 0.1038)
    assert record["coverage"]["XAI"]["covered"] == pytest.approx(0.75)


def test_the_hedge_by_the_etf_has_the_risk_of_the_etf_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--holdings", "itself.csv", "--etf", "XAI.csv", "--covariance", "own.csv")
    told = answer(capsys, folder, "compare", *files)
    alternatives = {row["alternative"]: row for row in told["alternatives"]}
    assert alternatives["hedge by the ETF"]["volatility"] == pytest.approx(0.0, abs=1e-8)
    assert alternatives["hedge by the ETF"]["tracking_error"] == pytest.approx(VARIANCE**0.5)
    assert alternatives["hedge by its basket"]["volatility"] > 0.05
    assert told["coverage"]["XAI"]["basis"] == "own row"
    assert any("CCC" in line for line in told["warnings"])


def test_an_own_row_of_another_company_is_not_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file named as a company: its row does not move as the fund's basket does."""
    other = np.block([[V[:2, :2], np.full((2, 1), 0.01)], [np.full((1, 2), 0.01), np.array([[0.5]])]])
    _matrix(folder / "other.csv", ["AAA", "BBB", "XAI"], other)
    record = solved(capsys, folder, "parts.csv", "other.csv")
    assert record["coverage"]["etfs"]["XAI"]["basis"] == "scaled basket"
    assert any("is not used for ETF XAI" in line for line in record["warnings"])


def test_an_own_row_that_differs_from_the_basket_is_reported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check of each result: a row of half the moves is not the fund of this file."""
    half = np.block([[V[:2, :2], OWN[:2, None] / 2.0], [OWN[None, :2] / 2.0, np.array([[VARIANCE / 4.0]])]])
    _matrix(folder / "half.csv", ["AAA", "BBB", "XAI"], half)
    record = solved(capsys, folder, "parts.csv", "half.csv")
    assert record["coverage"]["etfs"]["XAI"]["own_row_beta_to_basket"] < 0.6
    assert any("not about 1" in line for line in record["warnings"])


def test_prices_of_the_etf_itself_are_its_own_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(3)
    moves = 0.01 * generator.standard_normal((300, 1)) + 0.005 * generator.standard_normal((300, 3))
    moves = np.column_stack([moves, moves @ WEIGHTS])[:, [0, 1, 3]]
    levels = 100.0 * np.cumprod(1.0 + moves, axis=0)
    days = np.busday_offset("2025-01-01", np.arange(300), roll="forward")
    rows = [
        ["date", "AAA", "BBB", "XAI"],
        *([str(d), *r] for d, r in zip(days, levels.tolist(), strict=True)),
    ]
    with (folder / "prices.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    files = ("--holdings", "parts.csv", "--etf", "XAI.csv", "--prices", "prices.csv", "--estimator", "sample")
    record = answer(capsys, folder, "rebalance", *files)
    own, book = moves[1:, 2], moves[1:, :2] @ [0.6, 0.4]
    assert record["coverage"]["etfs"]["XAI"]["own_row"] == "XAI"
    assert record["beta_before"]["XAI"] == pytest.approx(np.cov(book, own)[0, 1] / own.var(ddof=1), rel=1e-9)


# ---------------------------------------------------------------- the covered basket, scaled


@pytest.mark.parametrize("policy", ["drop", "rescale"])
def test_without_an_own_row_the_covered_basket_is_scaled_to_the_etf(
    folder: Path, capsys: pytest.CaptureFixture[str], policy: str
) -> None:
    record = solved(capsys, folder, "parts.csv", "parts_only.csv", "--etf-on-missing", policy)
    scaled = WEIGHTS[:2] / 0.75
    shared = V[:2, :2] @ scaled
    beta = float(np.array([0.6, 0.4]) @ shared / (scaled @ shared))
    assert record["beta_before"]["XAI"] == pytest.approx(beta, rel=1e-12)
    assert record["hedge_ratio"]["XAI"] == pytest.approx(beta, rel=1e-12)
    assert record["coverage"]["etfs"]["XAI"]["covered"] == pytest.approx(0.75)
    # The covered names are sold, in the weights that remove that beta.
    trades = {row["ticker"]: row["trade"] for row in record["weights"]}
    assert trades["AAA"] == pytest.approx(-beta * 0.4 / 0.75, rel=1e-12)
    assert trades["CCC"] == 0.0
    assert trades["CASH"] == pytest.approx(beta, rel=1e-12)
    assert any("stand for all of it" in line for line in record["warnings"]) is (policy == "drop")


def test_at_full_coverage_nothing_is_scaled_and_cash_stays_cash(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "cash.csv").write_text(
        "Ticker,Name,Weight (%)\nAAA,Alpha Inc,40\nBBB,Beta Corp,38\nUSD,US DOLLAR,22\n", encoding="utf-8"
    )
    record = solved(capsys, folder, "parts.csv", "whole.csv", "--etf", "cash.csv")
    f = np.array([0.4, 0.38])
    beta = float(np.array([0.6, 0.4]) @ V[:2, :2] @ f / (f @ V[:2, :2] @ f))
    assert record["beta_before"]["cash"] == pytest.approx(beta, rel=1e-14)
    assert record["coverage"]["etfs"]["cash"]["basis"] == "basket"
    assert record["coverage"]["etfs"]["cash"]["exposure"] == pytest.approx(0.78)


def test_equities_without_a_ticker_are_a_part_of_the_etf_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "private.csv").write_text(
        "Ticker,Name,Asset Class,Weight (%)\nAAA,Alpha Inc,Equity,40\nBBB,Beta Corp,Equity,40\n"
        ",Private Example Co,Equity,20\n",
        encoding="utf-8",
    )
    record = solved(capsys, folder, "parts.csv", "whole.csv", "--etf", "private.csv")
    unit = record["coverage"]["etfs"]["private"]
    assert (unit["covered"], unit["scale"]) == (pytest.approx(0.8), pytest.approx(1.25))


def test_every_command_shows_coverage_beside_the_beta(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [
        *("--holdings", str(folder / "parts.csv"), "--etf", str(folder / "XAI.csv")),
        *("--covariance", str(folder / "parts_only.csv")),
    ]
    for command in ("rebalance", "betas", "compare", "feasible"):
        assert main([command, *files]) == 0
        shown = capsys.readouterr().out
        assert "75.00%" in shown
        assert "CCC" in shown
    for command, column in (("betas", "coverage_XAI"), ("compare", "coverage_XAI")):
        assert main([command, *files, "--csv"]) == 0
        rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert {float(row[column]) for row in rows} == {0.75}


@given(
    st.lists(st.floats(0.05, 1.0), min_size=3, max_size=8),
    st.integers(1, 2),
    st.floats(0.0, 2.0),
    st.integers(0, 2**32 - 1),
)
def test_betas_do_not_depend_on_dropped_names_under_one_common_factor(
    sizes: list[float], dropped: int, target: float, seed: int
) -> None:
    """With one common factor and nothing else, any part of the ETF, scaled, is the ETF."""
    weights = np.array(sizes) / sum(sizes)
    names = [f"N{i}" for i in range(len(sizes))]
    generator = np.random.default_rng(seed)
    book = {
        name: float(w)
        for name, w in zip(names[dropped:], generator.dirichlet(np.ones(len(names) - dropped)), strict=True)
    }
    whole = Covariance.from_matrix(names, np.full((len(names), len(names)), 0.04))
    part = whole.select(names[dropped:])
    etf = Etf.from_weights(dict(zip(names, weights.tolist(), strict=True)), "AI")
    found = [beta_neutral(Holdings.from_weights(book), etf, risk, target=target) for risk in (whole, part)]
    before = [one.before.beta["AI"] for one in found]
    assert before[1] == pytest.approx(before[0], rel=1e-9)
    assert found[1].hedge_ratios == pytest.approx(found[0].hedge_ratios, rel=1e-9, abs=1e-9)


# ---------------------------------------------------------------- leveraged and inverse funds


def fund(folder: Path, equity: float, rows: str, name: str = "LEVX", title: str = "Example AI") -> str:
    """Write a fund of a million: its shares in AAA and BBB, half each, and other rows."""
    half = equity * 500_000
    shares = "".join(f"{name},{title},{t},{t} INC,100,,{half:g}\n" for t in ("AAA", "BBB"))
    lines = f"{title}\nAS OF 11/25/2026\n\n{SWAP}{shares if equity else ''}"
    (folder / f"{name}.csv").write_text(lines + rows.replace("@", f"{name},{title}"), encoding="utf-8")
    return f"{name}.csv"


@pytest.mark.parametrize(
    ("equity", "exposure"), [(0.85, 1_150_000), (0.6, 2_400_000), (1.0, 250_000), (0.5, -1_500_000)]
)
def test_betas_to_a_leveraged_fund_are_in_its_units(
    folder: Path, capsys: pytest.CaptureFixture[str], equity: float, exposure: float
) -> None:
    swap = f"@,,AI LEADERS INDEX SWAP,9,{exposure},\n@,,Net Other Assets,1,,{1e6 * (1.0 - equity):g}\n"
    levered = fund(folder, equity, swap)
    plain = fund(folder, 1.0, "", name="ONEX")
    leverage = equity + exposure / 1e6
    one = solved(capsys, folder, "parts.csv", "whole.csv", "--etf", plain)
    record = solved(capsys, folder, "parts.csv", "whole.csv", "--etf", levered)
    assert record["beta_before"]["LEVX"] == pytest.approx(one["beta_before"]["ONEX"] / leverage, rel=1e-12)
    assert record["hedge_ratio"]["LEVX"] == pytest.approx(one["hedge_ratio"]["ONEX"] / leverage, rel=1e-12)
    trades, same = ({row["ticker"]: row["trade"] for row in found["weights"]} for found in (record, one))
    assert trades == pytest.approx(same, rel=1e-12)  # the basket that is sold is the same
    assert record["coverage"]["etfs"]["LEVX"]["exposure"] == pytest.approx(leverage)
    out_of_reach = 4  # in two names of the basket, each half of it, beta cannot change without cash
    for command, code in (("betas", 0), ("compare", 0), ("feasible", out_of_reach)):
        files = ("--holdings", "parts.csv", "--covariance", "whole.csv", "--etf", levered)
        lines = answer(capsys, folder, command, *files, code=code)["warnings"]
        assert any(f"exposure of {exposure / 1e6:.2%}" in line for line in lines)


def test_the_shared_case_of_a_fund_of_twice_the_index(
    capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    file = pytestconfig.rootpath.parent / "shared/cases/issuers/lev2x_no_swap_weight.csv"
    if not file.exists():
        pytest.skip("the shared cases are not beside the repository")
    assert main(["betas", "--sample", "--etf", str(file), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["portfolio_beta"]["TWOX"] == pytest.approx(0.2026, abs=5e-5)
    assert main(["etf", str(file), "--json"]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert (seen["equity_weight_sum"], seen["cash_weight"]) == (pytest.approx(0.85), pytest.approx(0.15))
    assert (seen["derivative_exposure"], seen["exposure"]) == (pytest.approx(1.15), pytest.approx(2.0))


def test_an_inverse_fund_without_shares_needs_its_own_row(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swap = "@,,AI LEADERS INDEX SWAP,-9,-1000000,\n@,,Net Other Assets,1,,1000000\n"
    inverse = fund(folder, 0.0, swap, name="INVX")
    words = ["rebalance", "--holdings", str(folder / "parts.csv"), "--etf", str(folder / inverse)]
    assert main([*words, "--covariance", str(folder / "whole.csv")]) == 4
    error = capsys.readouterr().err
    assert "INVX holds no equities: its exposure of -100.00%" in error
    assert error.count("\n") == 1
    own = np.block([[V[:2, :2], -OWN[:2, None]], [-OWN[None, :2], np.array([[VARIANCE]])]])
    _matrix(folder / "inverse.csv", ["AAA", "BBB", "INVX"], own)
    record = solved(capsys, folder, "parts.csv", "inverse.csv", "--etf", inverse)
    beta = -(0.6 * OWN[0] + 0.4 * OWN[1]) / VARIANCE
    assert record["beta_before"]["INVX"] == pytest.approx(beta)
    trades = {row["ticker"]: row["trade"] for row in record["weights"]}
    assert trades["INVX"] == pytest.approx(-beta)  # bought, as it falls when the portfolio rises
    assert record["beta_after"]["INVX"] == pytest.approx(0.0, abs=1e-12)


HEADS = "Example AI 3x Bull ETF (LEVX)\nHoldings as of 11/25/2026\n"


@pytest.mark.parametrize(
    ("text", "exposure"),
    [
        pytest.param(
            "Ticker,Name,Weight (%),Notional Value,Market Value\nAAA,A INC,85,850000,850000\n"
            ",AI INDEX SWAP,0.3,2150000,3000\n,US DOLLAR,14.7,147000,147000\n",
            3.0,
            id="small weight, notional in a column of its own",
        ),
        pytest.param(
            "Ticker,Name,Weight (%),Exposure (%)\nAAA,A INC,85,85\n"
            ",AI INDEX SWAP,0.3,215\n,US DOLLAR,14.7,\n",
            3.0,
            id="exposure in percent",
        ),
        pytest.param(
            "Ticker,Name,Weight (%)\nAAA,A INC,85\n,AI INDEX SWAP,215\n,US DOLLAR,15\n",
            3.0,
            id="weights beyond 100 %",
        ),
        pytest.param(
            "Ticker,Name,Weight (%)\nAAA,A INC,85\n,AI INDEX SWAP,215\n,US DOLLAR,-200\n",
            3.0,
            id="cash against notional weights",
        ),
        pytest.param(
            "Ticker,Name,Weight (%)\nAAA,A INC,85\n,AI INDEX SWAP,0.3\n,US DOLLAR,14.7\n",
            3.0,
            id="nowhere but in the fund's name",
        ),
        pytest.param(
            "Ticker,Name,Shares,Weight (%),Notional Value,Market Value\nAAA,A INC,10,20,200000,200000\n"
            ",AI INDEX SWAP,-50,0.1,1200000,1000\n,US DOLLAR,799000,79.9,799000,799000\n",
            -1.0,
            id="sold short by the number of contracts",
        ),
    ],
)
def test_exposure_of_swaps_is_read_from_every_layout(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, exposure: float
) -> None:
    (folder / "LEVX.csv").write_text(HEADS + text, encoding="utf-8")
    seen = answer(capsys, folder, "etf", "LEVX.csv")
    assert seen["exposure"] == pytest.approx(exposure)
    assert [one["counted"] for one in seen["derivatives"]] == [True]
    assert main(["etf", str(folder / "LEVX.csv")]) == 0
    assert f"Exposure: {exposure:.2%}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("NVIDIA CORP CALL OPTION 240", "no delta is in the file"),
        ("EUR/USD CURRENCY FORWARD", "it moves with currencies"),
        ("US 10YR NOTE FUTURE DEC26", "it does not move as equities do"),
    ],
)
def test_a_derivative_unlike_the_basket_is_reported_and_not_counted(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    head = "Ticker,Name,Weight (%),Notional Value,Market Value\nAAA,A INC,99,990000,990000\n"
    text = f"{head},{name},1,500000,10000\n"
    (folder / "OPTX.csv").write_text(
        f"Example AI ETF (OPTX)\nHoldings as of 11/25/2026\n{text}", encoding="utf-8"
    )
    record = solved(capsys, folder, "parts.csv", "whole.csv", "--etf", "OPTX.csv")
    assert record["coverage"]["etfs"]["OPTX"]["exposure"] == pytest.approx(0.99)
    assert record["coverage"]["etfs"]["OPTX"]["basis"] == "basket"
    (line,) = [one for one in record["warnings"] if name in one]
    assert why in line
    assert "exposure of 50.00% of net assets (weight 1.00%)" in line


def test_a_leverage_in_the_name_without_exposure_in_the_file_is_reported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "LEVX.csv").write_text(
        f"{HEADS}Ticker,Name,Weight (%)\nAAA,A INC,85\n,US DOLLAR,15\n", encoding="utf-8"
    )
    record = solved(capsys, folder, "parts.csv", "whole.csv", "--etf", "LEVX.csv")
    assert any("says 3x" in line and "85.00%" in line for line in record["warnings"])
