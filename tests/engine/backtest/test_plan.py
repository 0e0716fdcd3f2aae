from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from betaneutral_xl import Etf
from betaneutral_xl.engine.backtest import Estimator, Schedule, Study
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.constraints import Constraints

CALENDAR = np.array(np.busday_offset("2022-01-03", np.arange(120), roll="forward"), dtype="datetime64[D]")


def chosen(schedule: Schedule) -> list[str]:
    return [str(day) for day in CALENDAR[schedule.rows(CALENDAR)[0]]]


def test_a_month_ends_on_its_last_trading_day_if_the_next_month_follows() -> None:
    assert chosen(Schedule(horizon=3)) == [
        "2022-01-31",
        "2022-02-28",
        "2022-03-31",
        "2022-04-29",
        "2022-05-31",
    ]
    assert str(CALENDAR[-1]) == "2022-06-17"


def test_start_and_end_are_the_earliest_and_latest_date() -> None:
    inside = Schedule(start=date(2022, 2, 28), end=date(2022, 3, 31), horizon=3)
    assert chosen(inside) == ["2022-02-28", "2022-03-31"]


def test_weeks_end_on_fridays_and_quarters_in_march() -> None:
    assert chosen(Schedule(every="week", end=date(2022, 1, 20), horizon=3)) == ["2022-01-07", "2022-01-14"]
    assert chosen(Schedule(every="quarter", horizon=3)) == ["2022-03-31"]


def test_a_number_of_days_is_counted_from_the_start() -> None:
    every = Schedule(every="10", start=date(2022, 1, 5), end=date(2022, 2, 5), horizon=3)
    assert chosen(every) == ["2022-01-05", "2022-01-19", "2022-02-02"]


def test_a_date_without_a_horizon_after_it_is_left_out_and_counted() -> None:
    rows, unfollowed = Schedule(horizon=21).rows(CALENDAR)
    assert [str(day) for day in CALENDAR[rows]][-1] == "2022-04-29"
    assert unfollowed == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"every": "fortnight"}, "rebalancing period is 'fortnight'"),
        ({"every": "0"}, "rebalancing period is '0'"),
        ({"horizon": 2}, "too short for a beta"),
        ({"start": date(2022, 2, 1), "end": date(2022, 1, 1)}, "is before the start"),
    ],
)
def test_an_invalid_schedule_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Schedule(**changes)  # type: ignore[arg-type] # as the case says


def test_an_estimator_keeps_its_text_as_label() -> None:
    one = Estimator.parse("Exponential:half-life=21,window=252")
    assert (one.label, one.method, one.window) == ("Exponential:half-life=21,window=252", "exponential", 252)
    assert one.options == {"half_life": 21.0}
    assert one.description == "exponential (half_life 21.0, window 252)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("magic", "no estimator 'magic'"),
        ("sample:half_life=3", "sample has no parameter half_life"),
        ("exponential:half_life=21,half_life=63", "has the parameter half_life twice"),
        ("exponential:half_life", "not NAME:parameter=value"),
        ("exponential:half_life=long", "'long', not a number"),
        ("exponential:half_life=-1", "Give a positive number"),
        ("sample:window=5", "Give 21 days or more"),
    ],
)
def test_an_invalid_estimator_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Estimator.parse(text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ("hedge", "magic")}, "no method magic"),
        ({"estimators": ()}, "an estimator and a method at least"),
        ({"estimators": (Estimator.parse("sample"), Estimator.parse("sample"))}, "given twice"),
        ({"cost_bp": -1.0}, "cost of a trade"),
        ({"target": float("nan")}, "target beta is nan"),
        ({"target": "ZZZ"}, "ZZZ is neither a number nor a ticker with prices"),
        ({"target": {"XYZ": 0.1}}, "Targets are given for XYZ, but the ETFs are ETF"),
        ({"target": 0.1, "methods": ("unhedged",)}, "None of unhedged aims at a target"),
        ({"constraints": Constraints(long_only=True)}, "keeps to long_only. Add reweight"),
        (
            {"constraints": Constraints(upper={"ZZZ": 0.1}), "methods": ("reweight",)},
            "limit for ZZZ, which is in no portfolio or ETF",
        ),
    ],
)
def test_an_invalid_study_is_refused(
    study: Callable[..., Study], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        study(**changes)


def test_with_several_etfs_the_notebooks_formulas_are_left_out_with_a_note(
    study: Callable[..., Study],
) -> None:
    planned = study(etfs=(Etf.from_weights({"EEE": 1.0}, "E"), Etf.from_weights({"FFF": 1.0}, "F")))
    assert planned.methods == ("hedge", "unhedged", "perfect_foresight")
    assert "one ETF only: scaled, beta" in planned.notes[-1]


@pytest.mark.parametrize("methods", [("beta",), ("scaled",), ("scaled", "beta")])
def test_several_etfs_without_a_remaining_method_are_an_error(
    study: Callable[..., Study], methods: tuple[str, ...]
) -> None:
    etfs = (Etf.from_weights({"EEE": 1.0}, "E"), Etf.from_weights({"FFF": 1.0}, "F"))
    with pytest.raises(InputError, match=r"takes one ETF only, and there are 2: E, F\. Give one"):
        study(etfs=etfs, methods=methods)
