from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from betaneutral_xl.hosts.sheets.cells import as_numbers, read
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.origins import MAX_VALUES, OriginStore, fingerprint
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job import sample
from betaneutral_xl.model.portfolio import Holdings
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows

WEIGHTS = (("ticker", "weight"), ("A", 0.3), ("B", 0.4), ("C", 0.3))
SHARES = (("ticker", "shares", "price"), ("A", 300.0, 100.0), ("B", 800.0, 50.0), ("C", 1500.0, 20.0))
DEARER = (("ticker", "shares", "price"), ("A", 300.0, 200.0), ("B", 800.0, 100.0), ("C", 1500.0, 40.0))
DOUBLE = (("ticker", "shares", "price"), ("A", 600.0, 100.0), ("B", 1600.0, 50.0), ("C", 3000.0, 20.0))
ETF = (("ticker", "AI"), ("A", 0.4), ("B", 0.3), ("C", 0.3))
RISK = ((None, "A", "B", "C"), ("A", 0.04, 0.02, 0.01), ("B", 0.02, 0.03, 0.015), ("C", 0.01, 0.015, 0.05))
PRICES = (("A", 100.0), ("B", 50.0), ("C", 20.0))
SEVERAL = "#BETA! weights is the result of BETA_NEUTRAL for several portfolios"


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache=tmp_path / "cache"))


def call(session: Session, name: str, *values: Any) -> Rows:
    return session.call(BY_NAME[name], *values)


@pytest.fixture
def weights(session: Session) -> Rows:
    """Return the cells that three portfolios have as their result."""
    (cells,) = {call(session, "BETA_NEUTRAL", held, ETF, RISK) for held in (WEIGHTS, SHARES, DEARER)}
    return cells


def shares(rows: Rows) -> dict[Any, Any]:
    return {row[0]: row[2] for row in rows[1:] if row[2] is not None}


def test_orders_never_take_the_prices_or_the_value_of_another_portfolio(
    session: Session, weights: Rows
) -> None:
    for prices, nav in ((PRICES[:1], None), (PRICES[:1], 1e5), (PRICES, None)):
        ((line,),) = call(session, "BN_ORDERS", weights, prices, nav)
        assert str(line).startswith(SEVERAL), (prices, nav)


def test_prices_of_a_portfolio_tell_which_one_is_meant(session: Session, weights: Rows) -> None:
    made = {
        held: call(session, "BN_ORDERS", weights, call(session, "BN_PRICES", held, ETF))
        for held in (WEIGHTS, SHARES, DEARER)
    }
    assert "no net asset value" in str(made[WEIGHTS][0][0])
    assert shares(made[DEARER]) == shares(made[SHARES])
    assert {row[0]: row[3] for row in made[DEARER][1:] if row[3] is not None} == {
        "A": 200.0,
        "B": 100.0,
        "C": 40.0,
    }
    fresh = Session(Settings(cache=session.settings.cache))
    alone = call(fresh, "BETA_NEUTRAL", SHARES, ETF, RISK)
    assert call(fresh, "BN_ORDERS", alone, call(fresh, "BN_PRICES", SHARES, ETF)) == made[SHARES]
    assert alone == weights


def test_portfolios_with_the_same_weights_and_prices_need_the_net_asset_value(session: Session) -> None:
    for held in (SHARES, DOUBLE):
        weights = call(session, "BETA_NEUTRAL", held, ETF, RISK)
        prices = call(session, "BN_PRICES", held, ETF)
    ((line,),) = call(session, "BN_ORDERS", weights, prices)
    assert str(line).startswith(SEVERAL)
    assert shares(call(session, "BN_ORDERS", weights, prices, 2e5)) == {
        name: 2 * count for name, count in shares(call(session, "BN_ORDERS", weights, prices, 1e5)).items()
    }


def test_what_all_portfolios_agree_in_is_used(session: Session, weights: Rows) -> None:
    orders = call(session, "BN_ORDERS", weights, PRICES, 1e5)
    assert orders == call(session, "BN_ORDERS", weights, call(session, "BN_PRICES", SHARES, ETF))


def test_a_reason_that_all_portfolios_have_is_the_message(session: Session) -> None:
    for held in (WEIGHTS, SHARES):
        weights = call(session, "BETA_NEUTRAL", held, ETF, RISK)
    ((line,),) = call(session, "BN_ORDERS", weights, PRICES[1:], 1e5, None, None, "etfs")
    assert str(line).startswith("#BETA! No price for 1 of 1 trades: AI")


def test_after_refresh_only_what_is_computed_again_is_known(session: Session, weights: Rows) -> None:
    session.refresh()
    assert call(session, "BETA_NEUTRAL", SHARES, ETF, RISK) == weights
    assert shares(call(session, "BN_ORDERS", weights, ((None, None),)))


def files(folder: Path, **texts: str) -> list[str]:
    paths = [folder / f"{name}.csv" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return [str(path) for path in paths]


def test_a_result_for_another_fund_with_the_same_cells_is_not_that_of_the_first(
    session: Session, tmp_path: Path
) -> None:
    table = "ticker,weight\nA,0.3\nB,0.4\nC,0.3\n"
    first, second = files(tmp_path, first=table, second=table)
    cells = call(session, "FETCH_HOLDINGS", first)
    assert call(session, "BN_STATUS", cells)[1][2] != ""
    weights = call(session, "BETA_NEUTRAL", cells, ETF, RISK)
    assert call(session, "FETCH_HOLDINGS", second) == cells
    ((line,),) = call(session, "BN_STATUS", cells)
    assert "not the whole, unchanged result" in str(line)  # of which file is unknown
    assert call(session, "BETA_NEUTRAL", cells, ETF, RISK) == weights


def test_a_result_is_known_where_its_days_come_back_as_numbers(session: Session) -> None:
    """As Calc, Office.js and the nested formulas of Excel hand them to the next function."""
    held, etf = call(session, "FETCH_HOLDINGS", "demo"), call(session, "LOAD_ETF", "demo")
    prices = call(session, "BN_PRICES", held, etf, "demo")
    assert any(isinstance(cell, date) for row in prices for cell in row)
    numbers = as_numbers(prices)
    assert not any(isinstance(cell, date) for row in numbers for cell in row)
    assert call(session, "BN_STATUS", numbers) == call(session, "BN_STATUS", prices)
    assert call(session, "BN_STATUS", prices)[0][0] == "part"
    weights = call(session, "BETA_NEUTRAL", held, etf)
    assert call(session, "BN_ORDERS", weights, numbers) == call(session, "BN_ORDERS", weights, prices)


def test_a_result_with_another_day_is_not_the_same(session: Session) -> None:
    held, etf = call(session, "FETCH_HOLDINGS", "demo"), call(session, "LOAD_ETF", "demo")
    head, *rows = as_numbers(call(session, "BN_PRICES", held, etf, "demo"))
    later = (head, *((*row[:2], row[2] + 1.0 if isinstance(row[2], float) else None, row[3]) for row in rows))
    assert "not the whole, unchanged result" in str(call(session, "BN_STATUS", later)[0][0])


# ---------------------------------------------------------------- the store


def test_a_value_obtained_again_takes_the_place_of_the_former() -> None:
    store, holdings = OriginStore(10), sample.load_holdings()
    store.add(b"cells", holdings)
    tokens = store.tokens(b"cells")
    later = replace(holdings.provenance, fetched_at=datetime(2030, 1, 1, tzinfo=UTC))
    again = replace(holdings, provenance=later)
    store.add(b"cells", again)
    assert store.get(b"cells") == (again,)
    assert store.get(b"cells")[0] is again
    assert store.tokens(b"cells") == tokens


def test_different_values_are_all_kept_up_to_a_number() -> None:
    store = OriginStore(10)
    for count in range(1, MAX_VALUES + 2):
        store.add(b"cells", Holdings.from_weights({"A": 0.1 * count}))
        assert len(store.get(b"cells")) == (count if count <= MAX_VALUES else 0)
        assert len(store.tokens(b"cells")) == count


def test_the_oldest_results_are_forgotten() -> None:
    store = OriginStore(2)
    for digest in (b"1", b"2", b"1", b"3"):
        store.add(digest, digest)
    assert [store.get(digest) for digest in (b"1", b"2", b"3")] == [(b"1",), (), (b"3",)]
    store.clear()
    assert store.get(b"3") == ()


def test_equal_content_has_the_same_fingerprint_and_any_change_another(session: Session) -> None:
    def solved() -> Any:
        fresh = Session(session.settings)
        rows = call(fresh, "BETA_NEUTRAL", SHARES, ETF, RISK)
        origin: Any = fresh.origin(read(rows, "weights"))
        return origin.result

    one, other = solved(), solved()
    assert one is not other
    assert fingerprint(one, source=False) == fingerprint(other, source=False)
    changed = replace(one, new_weights=one.new_weights + np.array([0.0, 0.0, 1e-16]))
    assert fingerprint(changed) != fingerprint(one)
    assert fingerprint(object()) != fingerprint(object())
    assert fingerprint({"a": {1, 2}}) == fingerprint({"a": {2, 1}}) != fingerprint({"a": {1, 3}})
    assert fingerprint((1, (2,))) != fingerprint(((1,), 2))
    assert fingerprint(1.0) != fingerprint(1) != fingerprint(True)  # noqa: FBT003 - a value
