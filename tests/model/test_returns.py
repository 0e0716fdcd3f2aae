from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnknownTicker
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.model.returns import Prices, Returns, split_ratio

NAN = float("nan")
DAYS = np.datetime64("2024-01-01") + np.arange(6)
MANY = np.datetime64("2024-01-01") + np.arange(200)


def prices(*columns: list[float]) -> Prices:
    names = [f"N{i}" for i in range(len(columns))]
    return Prices.from_matrix(names, DAYS[: len(columns[0])], np.column_stack(columns))


def test_a_missing_price_makes_two_returns_missing() -> None:
    returns = prices([10.0, 11.0, NAN, 12.0, 12.0, 15.0]).returns()
    assert np.isnan(returns.matrix[:, 0]).tolist() == [False, True, True, False, False]
    assert returns.matrix[[0, 3, 4], 0].tolist() == pytest.approx([0.1, 0.0, 0.25])
    assert returns.dates[0] == DAYS[1]
    assert returns.observed.tolist() == [3]


def test_late_ended_and_incomplete_series_are_reported_with_their_days() -> None:
    table = prices(
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        [NAN, NAN, 1.0, 1.0, 1.0, 1.0],
        [1.0, 1.0, 1.0, 1.0, NAN, NAN],
        [1.0, 1.0, NAN, 1.0, 1.0, 1.0],
        [NAN, NAN, NAN, NAN, NAN, NAN],
        [1.0, NAN, 1.0, NAN, 1.0, NAN],
    )
    warnings = table.returns().warnings
    assert warnings == (
        "Names that begin after the first day: N1 (2024-01-04).",
        "Names that end before the last day: N2 (2024-01-04).",
        "Names with gaps: N3 (2 days).",
        "Names without returns, as no two successive days have prices: N4, N5.",
    )


def test_an_unadjusted_split_is_distinguished_from_other_jumps() -> None:
    table = prices([100.0, 50.5, 50.0, 51.0, 51.0, 51.0], [10.0, 10.0, 16.0, 16.0, 16.0, 16.0])
    split, move = table.returns().warnings
    assert "N0 -50% on 2024-01-02 (2:1)" in split
    assert "N1 +60% on 2024-01-03" in move


@pytest.mark.parametrize(
    ("move", "ratio"),
    [
        (-0.5, "2:1"),
        (-0.9, "10:1"),
        (1.0, "1:2"),
        (-0.33, "1.5:1"),
        (0.5, ""),
        (-0.3, ""),
        (0.45, ""),
        (-1.0, ""),
        (-0.95, "20:1"),
        (NAN, ""),
    ],
)
def test_split_ratios(move: float, ratio: str) -> None:
    assert split_ratio(move) == ratio


def walk(days: int = 80, volatility: float = 0.01, seed: int = 3) -> np.ndarray:
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, volatility, days)))


@pytest.mark.parametrize(
    ("day", "factor", "words"),
    [
        (slice(40, 41), 1.3, "come back the next day, as wrong prices do: N0 \\+3[0-2]%"),
        (slice(40, None), 2.0 / 3.0, "look like splits not adjusted for: N0 -3[34]% on .* \\(1.5:1\\)"),
    ],
)
def test_a_wrong_price_and_a_small_split_are_told_by_the_moves_of_the_name(
    day: slice, factor: float, words: str
) -> None:
    levels = walk()
    levels[day] *= factor
    (line,) = Prices.from_matrix(["N0"], MANY[:80], levels[:, None]).returns().warnings
    assert re.search(words, line)


@pytest.mark.parametrize(
    ("factor", "severity"), [(100.0, Severity.CHANGES), (7.3, Severity.CHANGES), (1.45, Severity.CHECK)]
)
def test_a_move_by_more_than_any_stock_changes_the_answer(factor: float, severity: Severity) -> None:
    levels = walk()
    levels[40:] *= factor
    (line,) = Prices.from_matrix(["N0"], MANY[:80], levels[:, None]).returns().warnings
    assert getattr(line, "severity", None) is severity
    assert ("pounds and pence" in line) is (factor > 50.0)


def test_such_moves_of_a_volatile_name_are_not_told() -> None:
    levels = walk(volatility=0.06)
    levels[40] *= 1.2
    warnings = Prices.from_matrix(["N0"], MANY[:80], levels[:, None]).returns().warnings
    assert not any("come back" in line or "splits" in line for line in warnings)


def test_returns_plus_one_are_told_from_prices() -> None:
    levels = walk(days=200)
    gross = (levels[1:] / levels[:-1])[:, None]
    (line,) = Prices.from_matrix(["N0"], MANY[:199], gross).returns().warnings
    assert "look like returns plus one" in line
    assert Prices.from_matrix(["N0"], MANY[:200], levels[:, None]).returns().warnings == ()


def test_days_in_any_order_are_sorted() -> None:
    table = Prices.from_matrix(["A"], DAYS[[2, 0, 1]], [[3.0], [1.0], [2.0]])
    assert table.matrix[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert table.dates.tolist() == DAYS[:3].tolist()
    assert table.provenance.as_of == date(2024, 1, 3)


def test_a_price_that_is_not_positive_is_refused_with_its_ticker_and_day() -> None:
    with pytest.raises(MissingValue, match="N0 on 2024-01-02 is 0") as caught:
        prices([1.0, 0.0, 1.0])
    assert caught.value.tickers == ("N0",)


def test_labels_of_another_shape_are_refused() -> None:
    with pytest.raises(DuplicateTicker, match=r"BRK\.B"):
        Prices.from_matrix(["BRK-B", "BRK/B"], DAYS[:1], [[1.0, 2.0]])
    with pytest.raises(InputError, match="ascending: see 2024-01-01"):
        Prices.from_matrix(["A"], DAYS[[0, 0]], [[1.0], [2.0]])
    with pytest.raises(InputError, match="shape"):
        Returns.from_matrix(["A"], DAYS[:2], [[1.0, 2.0], [1.0, 2.0]])
    with pytest.raises(MissingValue, match="infinite"):
        Returns.from_matrix(["A"], DAYS[:1], [[np.inf]])


def test_a_window_ends_on_the_day_and_not_later() -> None:
    returns = prices([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).returns()
    window = returns.until(date(2024, 1, 4), days=2)
    assert window.dates.tolist() == [date(2024, 1, 3), date(2024, 1, 4)]
    assert window.as_of == date(2024, 1, 4)
    assert len(returns.until().dates) == 5
    with pytest.raises(InputError, match="up to 2023-12-31; the first is 2024-01-02"):
        returns.until(date(2023, 12, 31))


def test_a_weekend_date_means_the_last_day_before_it() -> None:
    returns = Returns.from_matrix(["A"], [date(2024, 1, 5), date(2024, 1, 8)], [[0.1], [0.2]])
    assert returns.until(date(2024, 1, 7)).as_of == date(2024, 1, 5)


def test_names_are_selected_by_label() -> None:
    table = prices([1.0, 2.0], [3.0, 4.0])
    assert table.select(["N1", "N0"]).matrix.tolist() == [[3.0, 1.0], [4.0, 2.0]]
    with pytest.raises(UnknownTicker, match="X"):
        table.returns().select(["X"])


def test_arrays_are_read_only() -> None:
    returns = prices([1.0, 2.0, 3.0]).returns()
    with pytest.raises(ValueError, match="read-only"):
        returns.matrix[0, 0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        returns.dates[0] = np.datetime64("2020-01-01")


def test_a_price_that_does_not_move_while_others_do_is_reported_with_its_days() -> None:
    days = np.datetime64("2024-01-01") + np.arange(40)
    moving = walk(days=40)
    ended = np.where(np.arange(40) < 25, moving, 104.5)
    columns = np.column_stack([moving, ended, np.full(40, 5.0)])
    table = Prices.from_matrix(["A", "ENDED", "NEVER"], days, columns)
    assert table.returns().warnings == (
        "Prices that stay the same while others move: NEVER (39 days), ENDED (14 days). They seem to be "
        "filled forward, or no longer traded, which makes their volatilities and betas too low. Check them.",
    )


def test_returns_in_place_of_prices_are_called_that() -> None:
    with pytest.raises(MissingValue, match=r"-0\.01, not a positive number\. The numbers look like returns"):
        prices([0.01, -0.01, 0.02, -0.03, 0.01, 0.02])


def history(*columns: np.ndarray, days: np.ndarray | None = None) -> Returns:
    names = [f"N{i}" for i in range(len(columns))]
    dates = MANY[: len(columns[0])] if days is None else days
    return Prices.from_matrix(names, dates, np.column_stack(columns)).returns()


def test_no_return_spans_days_that_are_missing_for_all() -> None:
    kept = np.r_[0:60, 100:200]
    gap = history(walk(days=200)[kept], walk(days=200, seed=2)[kept], days=MANY[kept])
    whole = history(walk(days=200), walk(days=200, seed=2))
    assert np.isnan(gap.matrix[59]).all()
    assert np.delete(gap.matrix, 59, axis=0) == pytest.approx(np.delete(whole.matrix, np.r_[59:100], axis=0))
    (line,) = gap.warnings
    told = "Days are missing between dates, over which no return is taken: 2024-02-29 to 2024-04-10."
    assert line.startswith(told)


def test_the_days_missing_are_those_beyond_the_usual_gaps() -> None:
    week = np.datetime64("2024-01-05") + 7 * np.arange(60)
    holidays = np.delete(MANY, [50, 51, 52, 53])  # five days from one to the next
    for days in (week, holidays):
        assert np.isfinite(history(walk(days=len(days)), days=days).matrix).all()
    kept = np.delete(week, 20)
    assert np.isnan(history(walk(days=59), days=kept).matrix[:, 0]).nonzero()[0].tolist() == [19]


def test_short_runs_without_a_move_are_told_where_a_price_usually_moves() -> None:
    others = [walk(days=200, seed=k) for k in range(2, 5)]
    stale = walk(days=200)
    stale[-6:] = stale[-7]
    (line,) = history(stale, *others).warnings
    assert line.startswith("Prices that stay the same while others move: N0 (6 days).")
    cents = np.round(walk(days=200) / 25.0, 2)
    assert (np.diff(cents) == 0.0).sum() > 10
    assert history(cents, *others).warnings == ()


def test_prices_of_fewer_days_that_are_filled_are_told() -> None:
    others = [walk(days=200, seed=k) for k in range(2, 5)]
    weekly = walk(days=200)[np.arange(200) // 5 * 5]
    (line,) = history(weekly, *others).warnings
    assert line.startswith("Prices that stay the same while others move: N0 (80% of the days).")
    straight = np.interp(np.arange(200), np.arange(0, 200, 5), walk(days=200)[::5])[:196]
    line, *_ = history(straight, *(one[:196] for one in others)).warnings
    assert line.startswith("Prices that move by equal steps day after day, as interpolated ones do: N0 (")
    weeks = np.log(walk(days=200)[::5])
    smooth = np.exp(np.interp(np.arange(200), np.arange(0, 200, 5), weeks))[:196]
    assert "equal steps" in history(smooth, *(one[:196] for one in others)).warnings[0]


def test_a_name_whose_days_are_shifted_is_told() -> None:
    rng = np.random.default_rng(5)
    market = rng.normal(0.0, 0.01, 201)
    own = market + rng.normal(0.0, 0.01, (6, 201))
    levels = 100.0 * np.cumprod(1.0 + own, axis=1)
    assert history(*levels[:, 1:]).warnings == ()
    (line,) = history(levels[0][:-1], *levels[1:, 1:]).warnings
    assert line.startswith("Prices that follow those of the others a day late")
    assert "N0 (" in line
    assert "N1" not in line


def test_averages_over_days_are_told_from_prices() -> None:
    others = [walk(days=200, seed=k) for k in range(2, 5)]
    average = np.convolve(walk(days=204), np.full(5, 0.2), "valid")
    (line,) = history(average, *others).warnings
    assert line.startswith("Prices whose moves go on from day to day, as averages over several days do")
    assert "N0 (0." in line


def test_names_with_the_prices_of_another_are_told() -> None:
    one, other = walk(days=200), walk(days=200, seed=2)
    (line,) = history(one, other, one * 3.2).warnings
    assert line.startswith("Names with the same returns on all days: N0 and N2.")


def test_daily_prices_without_one_of_the_days_of_the_week_are_told() -> None:
    days = np.datetime64("2024-01-01") + np.arange(400)
    weekday = (days.astype(np.int64) + 3) % 7
    for last, told in ((4, False), (3, True)):
        kept = days[weekday <= last]
        lines = history(walk(days=len(kept)), days=kept).warnings
        assert any("208 days a year" in line and "too high by about 10%" in line for line in lines) is told
