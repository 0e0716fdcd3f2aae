"""Worksheet functions where the risk model covers a part of an ETF, or the ETF is leveraged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows

HELD: list[list[Any]] = [["ticker", "shares", "price"], ["AAA", 6000.0, 10.0], ["BBB", 4000.0, 10.0]]
ETF: list[list[Any]] = [["ticker", "XAI"], ["AAA", 0.4], ["BBB", 0.35], ["CCC", 0.25]]
NEARLY: list[list[Any]] = [["ticker", "XAI"], ["AAA", 0.5], ["BBB", 0.4], ["CCC", 0.1]]
PARTS: list[list[Any]] = [["", "AAA", "BBB"], ["AAA", 0.13, 0.09], ["BBB", 0.09, 0.13]]
OWN: list[list[Any]] = [
    ["", "AAA", "BBB", "XAI"],
    ["AAA", 0.13, 0.09, 0.106],
    ["BBB", 0.09, 0.13, 0.104],
    ["XAI", 0.106, 0.104, 0.1038],
]
PRICES: list[list[Any]] = [["CCC", 10.0], ["XAI", 50.0]]
SCALED = np.array([0.4, 0.35]) / 0.75
SHARED = np.array([[0.13, 0.09], [0.09, 0.13]]) @ SCALED
BETA = float(np.array([0.6, 0.4]) @ SHARED / (SCALED @ SHARED))
"""Of the portfolio to the covered basket, scaled to the ETF."""
OWN_BETA = (0.6 * 0.106 + 0.4 * 0.104) / 0.1038


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache=tmp_path / "cache"))


def call(session: Session, name: str, *values: Any) -> Rows:
    return session.call(BY_NAME[name], *values)


def records(rows: Rows) -> list[dict[Any, Any]]:
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@pytest.mark.parametrize(("risk", "beta"), [(PARTS, BETA), (OWN, OWN_BETA)])
def test_every_function_has_the_beta_to_the_whole_etf_and_its_coverage(
    session: Session, risk: list[list[Any]], beta: float
) -> None:
    exposure = records(call(session, "BN_EXPOSURE", HELD, ETF, risk))
    first = exposure[0]
    assert (first["measure"], first["before"], first["coverage"]) == (
        "beta to XAI",
        pytest.approx(beta, rel=1e-12),
        pytest.approx(0.75),
    )
    (ratio,) = [row["after"] for row in exposure if row["measure"] == "hedge ratio XAI"]
    assert ratio == pytest.approx(beta, rel=1e-12)
    betas = records(call(session, "BN_BETAS", HELD, ETF, risk))
    assert sum(row["contribution"] for row in betas) == pytest.approx(beta, rel=1e-12)
    assert {row["coverage"] for row in betas} == {0.75}
    alternatives = records(call(session, "BN_COMPARE", HELD, ETF, risk))
    assert alternatives[0]["beta"] == pytest.approx(beta, rel=1e-12)
    assert {row["coverage"] for row in alternatives} == {0.75}
    assert records(call(session, "BN_FEASIBLE", HELD, ETF, risk)[:2])[0]["coverage"] == 0.75


def test_orders_in_etf_shares_below_90_percent_coverage_need_an_option(session: Session) -> None:
    weights = call(session, "BETA_NEUTRAL", HELD, ETF, PARTS)
    ((line,),) = call(session, "BN_ORDERS", weights, PRICES, None, None, None, "etfs")
    assert str(line).startswith("#BETA! Less than 90% of the exposure of ETF XAI (75.00%) has risk data")
    assert "etfs_any_coverage" in str(line)
    orders = call(session, "BN_ORDERS", weights, PRICES, None, None, None, "etfs any coverage")
    assert orders[1][:3] == ("XAI", "sell short", round(BETA * 100_000.0 / 50.0))
    assert orders[3][-1] == pytest.approx(0.0, abs=1e-3)  # the beta after whole shares
    assert call(session, "BN_ORDERS", weights, PRICES)[1][1] == "sell"  # orders in names are always made


def test_orders_in_etf_shares_are_made_from_its_own_row_and_from_90_percent_on(session: Session) -> None:
    own = call(session, "BETA_NEUTRAL", HELD, ETF, OWN)
    orders = call(session, "BN_ORDERS", own, PRICES, None, None, None, "etfs")
    assert orders[1][:3] == ("XAI", "sell short", round(OWN_BETA * 100_000.0 / 50.0))
    nearly = call(session, "BETA_NEUTRAL", HELD, NEARLY, PARTS)
    assert call(session, "BN_ORDERS", nearly, PRICES, None, None, None, "etfs")[1][0] == "XAI"


def test_a_leveraged_fund_keeps_its_exposure_through_cells(session: Session, tmp_path: Path) -> None:
    """LOAD_ETF's rows, copied as values into a sheet, give the same betas as the file itself."""
    file = tmp_path / "TWOX.csv"
    file.write_text(
        "Ticker,Name,Weight (%),Notional Value,Market Value\nAAA,A INC,50,500000,500000\n"
        "BBB,B INC,35,350000,350000\n,AI INDEX SWAP,0,1150000,0\n,US DOLLAR,15,150000,150000\n",
        encoding="utf-8",
    )
    loaded = call(session, "LOAD_ETF", str(file))
    assert list(loaded[-1]) == [None, "AI INDEX SWAP", pytest.approx(1.15), "derivative"]
    plain = [["ticker", "weight"], ["AAA", 0.5 / 0.85], ["BBB", 0.35 / 0.85]]
    expected = records(call(session, "BN_EXPOSURE", HELD, plain, PARTS))[0]["before"] / 2.0
    copied = Session(Settings(cache=tmp_path / "other"))
    for one in (session, copied):
        first = records(call(one, "BN_EXPOSURE", HELD, [list(row) for row in loaded], PARTS))[0]
        assert first["before"] == pytest.approx(expected, rel=1e-12)


def test_the_names_for_the_risk_model_include_the_etf_itself(session: Session) -> None:
    assert ("XAI",) in call(session, "BN_NAMES", HELD, ETF)
    unnamed = [["ticker", "weight"], ["AAA", 1.0]]
    assert call(session, "BN_NAMES", HELD, unnamed) == (("AAA",), ("BBB",))
