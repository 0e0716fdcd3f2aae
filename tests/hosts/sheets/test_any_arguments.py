"""Whatever a cell is given, it answers in one line, and never that the program has a defect."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings

DAY = date(2025, 11, 18)

ODD_CELLS = (
    *(None, "", " ", "\x00", "\ud800", "\x1b[31m", "a\nb", "=1+1", "#N/A", "cov#301744e113b4 [2x2]"),
    *("nan", "inf", "-inf", "1e999", "1,5", "5%", "x" * 300, "no such fund", "COM1", "//server/share/x.csv"),
    *(float("nan"), float("inf"), -1.0, 0.0, 1e308, -1e308, 5e-324, 2**70, True, False),
    *(DAY, datetime(1899, 12, 30), date(9999, 12, 31)),  # noqa: DTZ001 - cells have no zone
)
"""Cells that a user, a formula or another program can produce."""

WORDS = (
    *("ticker", "weight", "shares", "price", "date", "A", "B", "CASH", "demo", "IWV", "hedge", "reweight"),
    *("long_only", "upper", "turnover", "max_trades", "net", "groups", "on_missing", "prices=x", "*"),
)
"""Words that the functions know."""

VALUES = st.one_of(st.sampled_from(WORDS), st.sampled_from(ODD_CELLS), st.floats(-2.0, 2.0))

TABLES = st.lists(st.lists(VALUES, min_size=1, max_size=4), min_size=1, max_size=5)

HOLDINGS = (("ticker", "weight"), ("AAPL", 0.5), ("MSFT", 0.5))
RISK = (("", "AAPL", "MSFT"), ("AAPL", 0.04, 0.01), ("MSFT", 0.01, 0.09))

ARGUMENTS = st.one_of(VALUES, TABLES, st.just(HOLDINGS), st.just(RISK))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Return a session that reaches no network."""
    folder = tmp_path_factory.mktemp("cache")
    nowhere = Settings(cache=folder, downloads=(folder,), api_url="http://127.0.0.1:9", retries=0)
    return Session(replace(nowhere, connect_timeout=1.0, total_timeout=2.0, records=folder))


def near(values: tuple[tuple[Any, ...], ...]) -> st.SearchStrategy[list[list[Any]]]:
    """Return a good table with one odd cell."""
    places = [(i, j) for i, row in enumerate(values) for j in range(len(row))]

    def put(place: tuple[int, int], odd: Any) -> list[list[Any]]:
        table = [list(row) for row in values]
        table[place[0]][place[1]] = odd
        return table

    return st.builds(put, st.sampled_from(places), st.sampled_from(ODD_CELLS))


def require_told(session: Session, name: str, given: list[Any]) -> None:
    rows = session.call(BY_NAME[name], *given)
    texts = [cell for row in rows for cell in row if isinstance(cell, str)]
    assert not [text for text in texts if "defect of this program" in text], (given, texts, session.log)
    errors = [text for text in texts if text.startswith(cells.PREFIX)]
    assert all(error.isprintable() for error in errors), errors


@pytest.mark.parametrize("name", BY_NAME)
@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_arguments_have_an_answer(name: str, data: st.DataObject, session: Session) -> None:
    count = len(BY_NAME[name].arguments)
    require_told(session, name, [data.draw(ARGUMENTS) for _ in range(data.draw(st.integers(0, count)))])


HUGE = 10**400
"""An integer that no cell holds and JSON may."""

ODD_ARGUMENTS: tuple[Any, ...] = (
    *([], [[]], ((),), [[[1]]], [["a", ["b"]]], {"a": 1}, {1, 2}, b"bytes", 1j, time(1, 2), object()),
    *(HUGE, -HUGE, 2**63, "x" * 100_000, "#DIV/0!", "Err:502", [[None] * 3] * 3, [[True, False], [None, ""]]),
    *([["ticker", "weight"], ["AAPL"]], [["ticker"], ["A", "B", "C"]], [["ticker", "weight"], [["A"], 0.5]]),
    *([["ticker", "weight"], ["AAPL", odd]] for odd in (HUGE, True, "#DIV/0!", DAY, float("nan"))),
    [["ticker", "weight"], *([f"T{i}", 0.001] for i in range(1000))],
)
"""Arguments of shapes and kinds that no program sends on purpose."""


@pytest.mark.parametrize("name", BY_NAME)
def test_each_argument_may_be_of_any_shape_and_kind(name: str, session: Session) -> None:
    count = len(BY_NAME[name].arguments)
    good = [HOLDINGS, HOLDINGS, RISK, *[None] * count][:count]
    for odd in ODD_ARGUMENTS:
        for place in range(min(count, 4)):
            require_told(session, name, [*good[:place], odd, *good[place + 1 :]])


@pytest.mark.parametrize("path", ["\x00", "a\x00.csv", "\ud800", "\ud800.csv", "x" * 300, "x" * 300 + ".csv"])
def test_a_name_that_no_file_can_have_is_refused_wherever_a_file_is_named(
    session: Session, path: str
) -> None:
    for name, arguments in (
        ("FETCH_HOLDINGS", [path]),
        ("LOAD_ETF", [path]),
        ("COVARIANCE", [HOLDINGS, path]),
        ("BETA_NEUTRAL", [HOLDINGS, HOLDINGS, path]),
        ("BN_ANSWER", [HOLDINGS, HOLDINGS, path]),
        ("BN_PRICES", [HOLDINGS, HOLDINGS, path]),
    ):
        require_told(session, name, arguments)
        assert str(session.call(BY_NAME[name], *arguments)[0][0]).startswith(cells.PREFIX), name


@pytest.mark.parametrize("name", ["BETA_NEUTRAL", "BN_EXPOSURE", "BN_FEASIBLE", "BN_ORDERS"])
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_problem_with_one_odd_cell_has_an_answer(name: str, data: st.DataObject, session: Session) -> None:
    tables = (HOLDINGS, HOLDINGS, RISK)
    odd = data.draw(st.integers(0, 4))
    given: list[Any] = [data.draw(near(one)) if i == odd else one for i, one in enumerate(tables)]
    if name != "BN_ORDERS":
        given += [data.draw(VALUES) if odd > 2 else 0.0, data.draw(VALUES) if odd > 3 else "reweight"]
    require_told(session, name, given)
