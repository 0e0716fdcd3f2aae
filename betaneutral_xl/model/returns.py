"""Prices and daily returns of many names on one calendar, with gaps.

Nothing is filled forward. A name has a return on a day only if it has a price on that day and on
the previous one in the table, and no day has one if days are missing before it; ``Returns.warnings``
reports what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnknownTicker, listing
from betaneutral_xl.model.arrays import DateArray, FloatArray, median, positions_of, read_only
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.spacing import DAILY, after_gaps
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray, IntArray

JUMP = 0.4
"""Daily returns beyond this get a warning: rare for large stocks, usual for an unadjusted split."""
WRONG = 5.0
"""Factor of a daily move, up or down, from which on a price is wrong rather than volatile."""

MARKET_SAMPLE = 100
"""Number of other names that represent the market; their median is near that of all."""

STUCK = 10
"""Successive days without a change of price that no traded share has."""
SHORT_STUCK = 5
"""Those that hardly any has, unless its price has few ticks."""
CHANCE = 1e-3
"""Largest probability that short runs are chance."""
MOSTLY_STUCK = 0.3
"""Share of days without a change from which a price is that of fewer days; of treasury bills it is 0.25."""

STEPS = 3
"""Successive moves that equal the one before, which prices hardly ever have, and never twice."""
SAME_STEP, SMALLEST_STEP = 0.02, 0.001
"""Relative difference of equal moves, and the least move for it: below, rounded prices have such ones."""

SMOOTH = 0.4
"""Correlation of a price's moves with those of the day before, which no traded share has."""

TRADING_YEAR = 230.0
"""Trading days a year that every exchange has: 242 in China, 252 in the US, 256 in Europe."""

MIN_OTHERS = 4
"""Names from which the others' moves of a day say how late one is."""
LATE = 0.15
"""By how much the correlation with the day before is larger for a name that is late."""
LARGEST_MOVE = 4.0
"""Moves are cut at this multiple of their size there, so that one day does not decide."""

MIN_NEGATIVE = 0.2
"""Share of numbers below zero, or zero, from which they are returns: about half of those are."""

UNCHANGED = (0.05, 0.6)
"""Range of the share of days on which no price moves that indicates forward filling; above, a dead series."""
MIN_DAYS = 21
"""Minimum number of days for this check."""
SATURDAY = 5

SPLITS = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)
"""Usual ratios of splits, and the inverse ones of reverse splits."""

SPLIT_MATCH = 0.03
"""Relative tolerance of the price ratio, which includes the day's own return."""

SMALLEST_SPLIT, SMALLEST_RATIO = 0.3, 1.5
"""Daily returns beyond this may be splits: of three shares for two the price falls by a third."""
CLOSE_MATCH = 0.02
"""The same tolerance for moves up to ``JUMP``, which news makes more often."""

SPIKE = 0.15
"""Daily returns beyond this that the next day undoes are a wrong price."""
UNDONE = 0.1
"""Share of such a move, in logarithms, that may remain after the next day."""
ALTERNATING = -0.35
"""Median correlation of returns with those of the day before; that of changes of returns is -0.5."""
MIN_ALTERNATING = 60
"""Days from which it says so."""
UNUSUAL = 15.0
"""Multiple of a name's median absolute return that such moves have at least: 10 standard deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Prices of N names on T days; NaN where there is none.

    Attributes
    ----------
    tickers
        N canonical tickers, each once.
    dates
        Shape (T,), days, ascending, each once.
    matrix
        Shape (T, N), positive; adjusted for splits and dividends, for returns to be meaningful.
    provenance
        Where this came from.
    warnings
        Notes on reading the file, one line each.

    """

    tickers: tuple[str, ...]
    dates: DateArray
    matrix: FloatArray
    provenance: Provenance
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Validate the attributes."""
        _validate(self, "prices")
        bad = self.matrix <= 0.0
        if bad.any():
            row, column = (int(i) for i in np.argwhere(bad)[0])
            msg = (
                f"The price of {self.tickers[column]} on {self.dates[row]} is "
                f"{self.matrix[row, column]:g}, not a positive number. "
            ) + (
                "The numbers look like returns, not prices. Give prices."
                if bad.mean() > MIN_NEGATIVE
                else "Correct it, or leave the cell empty."
            )
            raise MissingValue(msg, tickers=[self.tickers[i] for i in np.flatnonzero(bad.any(axis=0))])

    @classmethod
    def from_matrix(
        cls,
        tickers: Sequence[str],
        dates: Sequence[date] | DateArray,
        matrix: npt.ArrayLike,
        provenance: Provenance | None = None,
        warnings: tuple[str, ...] = (),
    ) -> Prices:
        """Make prices from tickers in any spelling and days in any order.

        Parameters
        ----------
        tickers
            N tickers.
        dates
            T days.
        matrix
            Shape (T, N); NaN where there is no price.
        provenance
            Where they came from; by default, from the caller.
        warnings
            Notes on the source.

        Returns
        -------
        Prices
            In ascending order of days.

        """
        days = np.asarray(dates, dtype="datetime64[D]")
        values = np.asarray(matrix, dtype=np.float64)
        names = tuple(normalise(ticker) for ticker in tickers)
        if values.shape == (len(days), len(names)) and not (days[1:] > days[:-1]).all():
            order = np.argsort(days, kind="stable")
            days, values = days[order], values[order]
        last = days[-1].astype(date) if len(days) else None
        return cls(names, days, values, provenance or Provenance.given(len(days), last), warnings)

    def select(self, tickers: Sequence[str]) -> Prices:
        """Return the prices of some names, in the given order; raises as ``Returns.select`` does."""
        columns = _columns(tickers, self.tickers, "prices")
        return Prices(tuple(tickers), self.dates, self.matrix[:, columns], self.provenance, self.warnings)

    def returns(self) -> Returns:
        """Return the daily simple returns; see ``Returns.from_prices``."""
        return Returns.from_prices(self)


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """Daily simple returns of N names on T days; NaN where there is none.

    Attributes
    ----------
    tickers
        N canonical tickers, each once.
    dates
        Shape (T,), days, ascending, each once.
    matrix
        Shape (T, N), decimals a day.
    provenance
        Where this came from.

    """

    tickers: tuple[str, ...]
    dates: DateArray
    matrix: FloatArray
    provenance: Provenance

    def __post_init__(self) -> None:
        """Validate the attributes."""
        _validate(self, "returns")

    @classmethod
    def from_prices(cls, prices: Prices) -> Returns:
        """Return simple returns ``p_t / p_(t-1) - 1`` of prices on successive days.

        A name has no return on the day of its first price, on a day without a price, or on the
        day after one: nothing is filled forward, and no return spans a gap. Nor has any name one where
        days are missing in the table (``spacing.after_gaps``).
        """
        p = prices.matrix
        matrix = p[1:] / p[:-1] - 1.0
        matrix[after_gaps(prices.dates)] = np.nan
        return cls(prices.tickers, prices.dates[1:], matrix, prices.provenance)

    @classmethod
    def from_matrix(
        cls,
        tickers: Sequence[str],
        dates: Sequence[date] | DateArray,
        matrix: npt.ArrayLike,
        provenance: Provenance | None = None,
    ) -> Returns:
        """Make returns from tickers in any spelling, ascending days and a matrix (T, N)."""
        days = np.asarray(dates, dtype="datetime64[D]")
        last = days[-1].astype(date) if len(days) else None
        names = tuple(normalise(ticker) for ticker in tickers)
        return cls(
            names, days, np.asarray(matrix, dtype=np.float64), provenance or Provenance.given(len(days), last)
        )

    @property
    def as_of(self) -> date | None:
        """The last day, or None."""
        return self.dates[-1].astype(date) if len(self.dates) else None

    def select(self, tickers: Sequence[str]) -> Returns:
        """Return the returns of some names, in the given order.

        Raises
        ------
        UnknownTicker
            If one of them is missing.

        """
        columns = _columns(tickers, self.tickers, "returns")
        return Returns(tuple(tickers), self.dates, self.matrix[:, columns], self.provenance)

    def until(self, as_of: date | None = None, days: int | None = None) -> Returns:
        """Return the last ``days`` days up to and including a day.

        Estimators see a history only through this method, so that they cannot look ahead.

        Raises
        ------
        InputError
            If the history starts later.

        """
        end = len(self.dates)
        if as_of is not None:
            end = int(np.searchsorted(self.dates, np.datetime64(as_of, "D"), side="right"))
        if not len(self.dates):
            msg = "There are no returns, as the prices are of one day. Give those of more days."
            raise InputError(msg)
        if end == 0:
            msg = (
                f"There are no returns up to {as_of}; the first is {self.dates[0]}. Give an earlier history."
            )
            raise InputError(msg)
        start = 0 if days is None else max(0, end - days)
        return Returns(self.tickers, self.dates[start:end], self.matrix[start:end], self.provenance)

    def market_sample(self, excluding: Collection[str]) -> tuple[str, ...]:
        """Return up to ``MARKET_SAMPLE`` other names without gaps, evenly spaced, to represent the market.

        A portfolio and an ETF may be of one industry, whose moves alone would look like moves of
        the market.
        """
        present = np.isfinite(self.matrix)
        complete = np.asarray(present[present.any(axis=1)].all(axis=0))
        free = sorted(
            t for t, full in zip(self.tickers, complete, strict=True) if full and t not in excluding
        )
        chosen = np.linspace(0, len(free) - 1, min(MARKET_SAMPLE, len(free))).round().astype(int)
        return tuple(free[i] for i in chosen)

    @property
    def observed(self) -> IntArray:
        """Number of returns of each name, shape (N,)."""
        return np.asarray(np.isfinite(self.matrix).sum(axis=0), dtype=np.intp)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes on missing days and series, and on numbers that are no traded prices, one line each."""
        spans = _spanning(self)
        known = self
        if spans.any():
            known = Returns(self.tickers, self.dates[~spans], self.matrix[~spans], self.provenance)
        return (
            *_calendar_warnings(self, spans),
            *_frequency_warnings(self),
            *_gap_warnings(known),
            *_unchanged_warnings(known),
            *_stuck_warnings(known),
            *_straight_warnings(known),
            *_late_warnings(known),
            *_smooth_warnings(known),
            *_copy_warnings(known),
            *_jump_warnings(known),
            *_spike_warnings(known),
            *_alternating_warnings(known),
        )


def _spanning(returns: Returns) -> BoolArray:
    """Return the mask of the days without returns since days are missing before them, shape (T,)."""
    after = np.concatenate([[True], after_gaps(returns.dates)])[: len(returns.dates)]
    return after & np.isnan(returns.matrix).all(axis=1)


def _calendar_warnings(returns: Returns, spans: BoolArray) -> list[str]:
    """Report days that are missing for all names; those before the first one are not known."""
    rows = np.flatnonzero(spans[1:]).tolist()
    if not rows:
        return []
    gaps = listing([f"{returns.dates[row]} to {returns.dates[row + 1]}" for row in rows])
    text = (
        f"Days are missing between dates, over which no return is taken: {gaps}. Add them if there are any."
    )
    return [Notice(text, Subject.PRICES)]


def _frequency_warnings(returns: Returns) -> list[str]:
    """Report daily prices of fewer days a year than variances are annualised by, such as without Fridays."""
    gaps = np.diff(returns.dates).astype(int)
    gaps = gaps[gaps <= DAILY.longest]
    if len(gaps) < MIN_ALTERNATING or median(gaps) != DAILY.shortest:
        return []
    per_year = len(gaps) / float(gaps.sum()) * 365.25
    if per_year >= TRADING_YEAR:
        return []
    off = math.sqrt(DAILY.per_year / per_year) - 1.0
    text = (
        f"The prices are of {per_year:.0f} days a year, and variances are annualised by {DAILY.per_year}: "
        f"volatilities are too high by about {off:.0%}. Give the prices of all trading days."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _gap_warnings(returns: Returns) -> list[str]:
    """Report the names that begin late, end early, or have gaps in between."""
    present = np.isfinite(returns.matrix)
    t = len(present)
    if not t:
        return []
    late, ended, gappy, never = [], [], [], []
    for column in np.flatnonzero(~present.all(axis=0)):
        days = np.flatnonzero(present[:, column])
        ticker = returns.tickers[column]
        if not days.size:
            never.append(ticker)
            continue
        first, last = int(days[0]), int(days[-1])
        if first > 0:
            late.append(f"{ticker} ({returns.dates[first]})")
        if last < t - 1:
            ended.append(f"{ticker} ({returns.dates[last]})")
        missing = last - first + 1 - days.size
        if missing:
            gappy.append(f"{ticker} ({missing} {'day' if missing == 1 else 'days'})")
    kinds = (
        ("Names that begin after the first day", late),
        ("Names that end before the last day", ended),
        ("Names with gaps", gappy),
        ("Names without returns, as no two successive days have prices", never),
    )
    return [Notice(f"{what}: {listing(names)}.", Subject.PRICES) for what, names in kinds if names]


def _unchanged_warnings(returns: Returns) -> list[str]:
    """Report days on which no price changes, such as weekends that were filled forward."""
    if len(returns.dates) < MIN_DAYS:
        return []
    unchanged = np.asarray((np.nan_to_num(returns.matrix) == 0.0).all(axis=1))
    weekend = (returns.dates.astype("datetime64[D]").view("int64") + 3) % 7 >= SATURDAY
    n, on_weekends = int(unchanged.sum()), int((unchanged & weekend).sum())
    filled = UNCHANGED[0] * len(unchanged) <= n <= UNCHANGED[1] * len(unchanged)
    if not filled or (on_weekends < 2 and len(returns.tickers) == 1):  # noqa: PLR2004 - one series may be unchanged
        return []
    where = f", {on_weekends} of them at weekends" if on_weekends else ""
    text = (
        f"On {n} of {len(unchanged)} days ({n / len(unchanged):.0%}) all prices are those of the day "
        f"before{where}: they seem to be filled forward, which makes volatilities too low. Remove those days."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _stuck_warnings(returns: Returns) -> list[str]:
    """Report names whose price does not change on successive days on which others do."""
    moves = np.nan_to_num(returns.matrix, nan=1.0) != 0.0
    moves = moves[moves.any(axis=1)]
    found: list[tuple[int, str]] = []
    for column in np.flatnonzero(len(moves) - moves.sum(axis=0) >= SHORT_STUCK):
        name, share = returns.tickers[column], 1.0 - moves[:, column].mean()
        runs = _runs(~moves[:, column])
        if runs.max() >= STUCK or (runs.max() >= SHORT_STUCK and _is_no_chance(runs, share)):
            found.append((int(runs.max()), f"{name} ({runs.max()} days)"))
        elif share >= MOSTLY_STUCK and len(moves) >= MIN_DAYS:
            found.append((0, f"{name} ({share:.0%} of the days)"))
    if not found:
        return []
    names = listing([text for _, text in sorted(found, key=lambda pair: -pair[0])])
    text = (
        f"Prices that stay the same while others move: {names}. They seem to be filled forward, or no longer "
        "traded, which makes their volatilities and betas too low. Check them."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _runs(mask: BoolArray) -> IntArray:
    """Return the lengths of the runs of true in a mask, with zeros between."""
    ends = np.flatnonzero(np.concatenate([[True], ~mask, [True]]))
    return np.diff(ends) - 1


def _is_no_chance(runs: IntArray, share: float) -> bool:
    """Whether so many short runs without a move are more than a price of few ticks has by chance."""
    count = int((runs >= SHORT_STUCK).sum())
    expected = len(runs) * share**SHORT_STUCK  # of independent days; their number is about Poisson's
    return expected**count / math.factorial(min(count, 20)) < CHANCE


def _straight_warnings(returns: Returns) -> list[str]:
    """Report prices that move by equal steps, as those do that were interpolated."""
    if len(returns.matrix) < MIN_DAYS:
        return []
    moves = np.log1p(np.maximum(returns.matrix, -0.9999))
    size = np.abs(moves[1:])
    equal = (np.abs(np.diff(moves, axis=0)) <= SAME_STEP * size) & (size > SMALLEST_STEP)
    found: list[str] = []
    for column in np.flatnonzero(equal.sum(axis=0) >= 2 * STEPS):
        runs = _runs(equal[:, column])
        days = int(runs[runs >= STEPS].sum())
        if (runs >= STEPS).sum() > 1:
            found.append(f"{returns.tickers[column]} ({days} days)")
    if not found:
        return []
    text = (
        f"Prices that move by equal steps day after day, as interpolated ones do: {listing(found)}. That "
        "makes their betas too low. Give the prices of every day, or leave the days out."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _late_warnings(returns: Returns) -> list[str]:
    """Report names that follow the others of the day before, rather than move with those of the same day."""
    t, n = returns.matrix.shape
    if t < MIN_ALTERNATING or n < MIN_OTHERS:
        return []
    known = np.isfinite(returns.matrix)
    moves = np.nan_to_num(returns.matrix)
    spread = np.sqrt((moves**2).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    moves = np.clip(moves / np.where(spread > 0.0, spread, 1.0), -LARGEST_MOVE, LARGEST_MOVE)
    others = moves.sum(axis=1, keepdims=True) - moves
    same, late = _correlations(moves[1:], others[1:]), _correlations(moves[1:], others[:-1])
    after = np.flatnonzero((np.abs(late) > np.abs(same) + LATE) & (known.sum(axis=0) >= MIN_ALTERNATING))
    if not after.size:
        return []
    names = listing([f"{returns.tickers[i]} ({same[i]:.2f} and {late[i]:.2f})" for i in after.tolist()])
    text = (
        "Prices that follow those of the others a day late, by their correlations of the same day and with "
        f"the day before: {names}. Their dates are shifted, or their markets close earlier, which makes "
        "their betas too low. Check them."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _smooth_warnings(returns: Returns) -> list[str]:
    """Report names whose moves go on for days, as those of averages over days do."""
    known = np.isfinite(returns.matrix)
    if len(known) < MIN_ALTERNATING:
        return []
    moves = np.where(known, returns.matrix, 0.0)
    usual = 4.0 * np.median(np.abs(moves), axis=0)
    moves = np.clip(moves, -usual, usual)  # one wrong price is told otherwise
    moves = np.where(known, moves - moves.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    going_on = _correlations(moves[1:], moves[:-1])
    found = np.flatnonzero((going_on > SMOOTH) & (known.sum(axis=0) >= MIN_ALTERNATING))
    if not found.size:
        return []
    names = listing([f"{returns.tickers[i]} ({going_on[i]:.2f})" for i in found.tolist()])
    text = (
        "Prices whose moves go on from day to day, as averages over several days do, by the correlation of a "
        f"day's with the day before's: {names}. That makes their betas too low. Give closing prices."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _copy_warnings(returns: Returns) -> list[str]:
    """Report names with the same returns, as one that was pasted twice has."""
    if len(returns.matrix) < MIN_DAYS:
        return []
    rounded = np.round(np.nan_to_num(returns.matrix, nan=LARGEST_MOVE), 8) + 0.0
    of_returns: dict[bytes, list[str]] = {}
    for column in np.flatnonzero((rounded != 0.0).any(axis=0) & np.isfinite(returns.matrix).any(axis=0)):
        of_returns.setdefault(rounded[:, column].tobytes(), []).append(returns.tickers[column])
    same = [" and ".join(names) for names in of_returns.values() if len(names) > 1]
    if not same:
        return []
    text = f"Names with the same returns on all days: {listing(same)}. One may have the prices of another."
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _correlations(y: FloatArray, x: FloatArray) -> FloatArray:
    """Return the correlation of each column of two tables (T, N) about zero, 0 where one does not move."""
    size = np.sqrt(np.einsum("ij,ij->j", y, y) * np.einsum("ij,ij->j", x, x))
    product = np.einsum("ij,ij->j", y, x)
    correlation: FloatArray = product / np.where(size > 0.0, size, 1.0)
    return correlation


def _jump_warnings(returns: Returns) -> list[str]:
    """Report the largest daily moves, and which of them look like unadjusted splits."""
    found = np.argwhere(np.abs(np.nan_to_num(returns.matrix)) > SMALLEST_SPLIT)
    if not len(found):
        return []
    size = np.abs(np.log1p(np.maximum(returns.matrix[tuple(found.T)], -0.9999)))
    splits, moves, wrong = [], [], False
    for row, column in found[np.argsort(-size, kind="stable")]:
        move = float(returns.matrix[row, column])
        text = f"{returns.tickers[column]} {move:+.0%} on {returns.dates[row]}"
        ratio = split_ratio(move)
        if ratio and (abs(move) > JUMP or _is_unusual(returns, row, column)):
            splits.append(f"{text} ({ratio})")
        elif abs(move) > JUMP:
            factor = max(1.0 + move, 1.0 / max(1.0 + move, 1e-4))
            in_pence = math.isclose(factor, 100.0, rel_tol=JUMP)
            moves.append(f"{text} (a hundred times: pounds and pence?)" if in_pence else text)
            wrong = wrong or factor > WRONG
    lines: list[str] = []
    if splits:
        text = f"Daily moves that look like splits not adjusted for: {listing(splits)}. Check them."
        lines.append(Notice(text, Subject.PRICES, Severity.CHANGES))
    if moves:
        text = f"Daily moves beyond {JUMP:.0%}: {listing(moves)}. Check them."
        lines.append(Notice(text, Subject.PRICES, Severity.CHANGES if wrong else None))
    return lines


def _spike_warnings(returns: Returns) -> list[str]:
    """Report prices that move far on one day and back on the next."""
    moves = np.log1p(np.maximum(np.nan_to_num(returns.matrix), -0.9999))
    after = moves[:-1] + moves[1:]
    size = np.abs(moves[:-1])
    found = [
        (row, column)
        for row, column in np.argwhere((size > np.log1p(SPIKE)) & (np.abs(after) < UNDONE * size))
        if _is_unusual(returns, row, column)
    ]
    if not found:
        return []
    names = [
        f"{returns.tickers[column]} {returns.matrix[row, column]:+.0%} on {returns.dates[row]}"
        for row, column in found
    ]
    text = (
        f"Prices that move far and come back the next day, as wrong prices do: {listing(names)}. Check them."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _alternating_warnings(returns: Returns) -> list[str]:
    """Report returns that undo each other, as those of a table of returns plus one do."""
    if len(returns.matrix) < MIN_ALTERNATING:
        return []
    moves = np.nan_to_num(returns.matrix)
    usual = 4.0 * np.median(np.abs(moves), axis=0)
    moves = np.clip(moves, -usual, usual)  # one wrong price is told otherwise
    total = np.einsum("ij,ij->j", moves, moves)
    lagged = np.einsum("ij,ij->j", moves[1:], moves[:-1])
    correlation = median(lagged[total > 0.0] / total[total > 0.0]) if total.any() else 0.0
    if correlation > ALTERNATING:
        return []
    text = (
        f"Each day's returns undo much of those of the day before (correlation {correlation:.2f}): the "
        "numbers look like returns plus one, not prices. Give prices."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _is_unusual(returns: Returns, row: int, column: int) -> bool:
    """Whether a move is ``UNUSUAL`` for its name."""
    moves = np.abs(returns.matrix[:, column])
    return bool(moves[row] > UNUSUAL * np.nanmedian(moves))


def split_ratio(daily_return: float) -> str:
    """Return the split ratio that a daily return looks like, or an empty text.

    >>> split_ratio(-0.51), split_ratio(9.2), split_ratio(-0.33), split_ratio(-0.05)
    ('2:1', '1:10', '1.5:1', '')
    """
    if not abs(daily_return) > SMALLEST_SPLIT or daily_return <= -1.0:
        return ""
    ratio = 1.0 + daily_return
    forward = ratio < 1.0
    size = 1.0 / ratio if forward else ratio
    splits = (SMALLEST_RATIO, *SPLITS) if forward else SPLITS  # no reverse split is of three shares to two
    nearest = min(splits, key=lambda split: abs(size / split - 1.0))
    if abs(size / nearest - 1.0) > (SPLIT_MATCH if abs(daily_return) > JUMP else CLOSE_MATCH):
        return ""
    return f"{nearest:g}:1" if forward else f"1:{nearest:g}"


def _columns(tickers: Sequence[str], among: Sequence[str], what: str) -> IntArray:
    present = set(among)
    absent = [ticker for ticker in tickers if ticker not in present]
    if absent:
        msg = f"There are no {what} of {listing(absent)}. Add them to the table, or leave them out."
        raise UnknownTicker(msg, tickers=absent)
    return positions_of(tickers, among)


def _validate(table: Prices | Returns, what: str) -> None:
    """Make the arrays read-only, and validate them and their labels."""
    dates = np.array(table.dates, dtype="datetime64[D]")
    dates.flags.writeable = False
    object.__setattr__(table, "dates", dates)
    object.__setattr__(table, "matrix", read_only(table.matrix))
    if table.matrix.shape != (len(dates), len(table.tickers)):
        msg = (
            f"The {what} have the shape {table.matrix.shape}, but there are {len(dates)} days "
            f"and {len(table.tickers)} tickers. Give one row a day and one column a ticker."
        )
        raise InputError(msg)
    if len(set(table.tickers)) != len(table.tickers):
        repeated = sorted({t for t in table.tickers if table.tickers.count(t) > 1})
        msg = f"The {what} list {listing(repeated)} more than once. Remove the repeated columns."
        raise DuplicateTicker(msg, tickers=repeated)
    unsorted = np.flatnonzero(dates[1:] <= dates[:-1])
    if unsorted.size:
        day = dates[unsorted[0] + 1]
        msg = f"The {what} are not one row a day, ascending: see {day}. Sort them, remove repeated days."
        raise InputError(msg)
    if np.isinf(table.matrix).any():
        row, column = (int(i) for i in np.argwhere(np.isinf(table.matrix))[0])
        msg = f"The {what} of {table.tickers[column]} on {dates[row]} are infinite. Correct them."
        raise MissingValue(msg, tickers=[table.tickers[column]])
