"""What a covariance file keeps below its matrix, so that betas have an interval.

Lines that begin with ``#``, which tools for CSV leave out as comments; numbers in the order of the columns:

    # effective_days,129.4
    # seen,1,0.93,...                      share of the days on which each name has a return
    # history,volatility_scaled,half_life=63.0
    # names,AAPL,MSFT,...                  names of the returns that follow, one line a day, oldest first
    # return,0.0123,,...
    # errors,JHAI                          or, in place of returns, past errors of the betas to an ETF:
    # unit,0.0448,0.0,...                  the ETF in the names of the matrix
    # error,0.11,-0.05,...                 realised less predicted betas, one line a month
    # own,1,0,...                          whether a name had returns of its own, one line a month
    # sampling,0.01,0.002,...              sampling error, one line a name
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.history import EstimateHistory, RecordedErrors
from betaneutral_xl.model.printed import clean, number, uses_decimal_comma
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.formats import unreadable

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.model.risk import Covariance
    from betaneutral_xl.readers.tabular.sheets import TextSheet

MARK = "#"
"""First character of these lines."""

SAMPLE = 2_000
"""Cells from which the decimal separator is decided."""

MAX_DAYS = 20_000
"""Most days of returns: eighty years."""

MAX_RETURN = 1e3
"""Largest absolute daily return."""


def drift_rows(covariance: Covariance, tickers: Sequence[str]) -> Iterator[tuple[str | float, ...]]:
    """Yield the lines of a covariance as rows of cells, for a matrix in the order of ``tickers``."""
    ordered = covariance.select(tickers)
    if ordered.effective_days is not None:
        yield f"{MARK} effective_days", ordered.effective_days
    if ordered.seen is not None:
        yield f"{MARK} seen", *ordered.seen.tolist()
    history = ordered.history
    if isinstance(history, EstimateHistory):
        options = [f"{key}={value}" for key, value in history.options.items()]
        yield f"{MARK} history", history.method, *options
        yield f"{MARK} names", *history.tickers
        for row in history.returns.tolist():
            yield f"{MARK} return", *("" if math.isnan(one) else one for one in row)
        return
    for place, record in enumerate(history or (), start=1):
        rows = [record.tickers.index(ticker) for ticker in tickers]
        yield f"{MARK} errors", str(place)
        yield f"{MARK} unit", *record.unit[rows].tolist()
        for error in record.errors[:, rows].tolist():
            yield f"{MARK} error", *error
        for own in record.own[:, rows].astype(np.float64).tolist():
            yield f"{MARK} own", *own
        for line in record.sampling[np.ix_(rows, rows)].tolist():
            yield f"{MARK} sampling", *line


def without_drift_lines(sheet: TextSheet) -> tuple[TextSheet, tuple[str, ...]]:
    """Return a table without these lines, their rows blank, and the lines as the file has them at first.

    Excel writes them back with its own separators and decimals.
    """
    marked = {i for i, row in enumerate(sheet.rows) if i and row and row[0].strip().startswith(MARK)}
    if not marked:
        return sheet, ()
    sample = [cell for i in marked for cell in sheet.rows[i][1:]]
    comma = uses_decimal_comma(sample[:SAMPLE], sample[:SAMPLE], otherwise=sheet.delimiter == ";")
    lines = tuple(
        ",".join([sheet.rows[i][0], *(_plain(cell, decimal_comma=comma) for cell in sheet.rows[i][1:])])
        for i in sorted(marked)
    )
    rows = tuple(() if i in marked else row for i, row in enumerate(sheet.rows))
    return replace(sheet, rows=rows), lines


def _plain(cell: str, *, decimal_comma: bool) -> str:
    value = number(cell, decimal_comma=decimal_comma)
    return clean(cell).replace(",", ".") if value is None else repr(value)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines by their first word, in their order."""

    rows: tuple[tuple[str, tuple[str, ...]], ...]
    origin: Provenance

    @classmethod
    def of(cls, lines: Sequence[str], origin: Provenance) -> _Lines:
        cells = ([cell.strip() for cell in line.lstrip(MARK).split(",")] for line in lines)
        return cls(tuple((first.lower(), tuple(rest)) for first, *rest in cells), origin)

    def one(self, word: str) -> tuple[str, ...] | None:
        found = [rest for first, rest in self.rows if first == word]
        if len(found) > 1:
            raise unreadable(self.origin, f"has {len(found)} lines {MARK} {word}", "Keep one.")
        return found[0] if found else None

    def numbers(self, cells: Sequence[str], word: str, count: int, *, blanks: bool = False) -> list[float]:
        if not any(cells[count:]):  # Excel fills all rows to the width of the longest
            cells = cells[:count]
        if len(cells) != count:
            what = f"has {len(cells)} numbers in a line {MARK} {word}, not {count}"
            raise unreadable(self.origin, what, "Write the file again.")
        try:
            values = list(map(float, cells))
        except ValueError:  # a blank, or no number
            values = [math.nan]
        if all(map(math.isfinite, values)):
            return values
        return [self._number(cell, word, blanks=blanks) for cell in cells]

    def _number(self, cell: str, word: str, *, blanks: bool) -> float:
        if blanks and not cell:
            return math.nan
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise unreadable(self.origin, f"has {cell!r:.40} in a line {MARK} {word}, not a number")
        return value


def with_drift_lines(covariance: Covariance, lines: Sequence[str], origin: Provenance) -> Covariance:
    """Return a covariance with what the lines below its matrix say; a line that cannot be read is refused."""
    if not lines:
        return covariance
    read = _Lines.of(lines, origin)
    n = len(covariance.tickers)
    days = read.one("effective_days")
    effective = covariance.effective_days
    if days is not None:
        (effective,) = read.numbers(days, "effective_days", 1)
        if not effective > 0.0:
            raise unreadable(origin, f"has {effective:g} effective days", "Give a positive number.")
    seen = read.one("seen")
    shares = None if seen is None else np.array(read.numbers(seen, "seen", n))
    if shares is not None and not ((shares >= 0.0) & (shares <= 1.0)).all():
        raise unreadable(origin, f"has a share of days outside 0 to 1 in the line {MARK} seen")
    try:
        history = _history(read) or _recorded(read, covariance.tickers)
    except InputError as error:
        raise unreadable(origin, f"has a history that cannot be used ({error})") from None
    return replace(covariance, effective_days=effective, seen=shares, history=history)


def _history(read: _Lines) -> EstimateHistory | None:
    made, names = read.one("history"), read.one("names")
    returns = [rest for first, rest in read.rows if first == "return"]
    if made is None or names is None or not made:
        if returns or made is not None or names is not None:
            raise unreadable(read.origin, f"has returns without the lines {MARK} history and {MARK} names")
        return None
    if len(returns) > MAX_DAYS:
        raise unreadable(read.origin, f"has {len(returns):,} days of returns, more than {MAX_DAYS:,}")
    tickers = tuple(normalise(name) for name in names if name)
    if len(set(tickers)) != len(tickers):
        raise unreadable(read.origin, f"has a name twice in the line {MARK} names")
    matrix: FloatArray = np.array(
        [read.numbers(row, "return", len(tickers), blanks=True) for row in returns]
    ).reshape(len(returns), len(tickers))
    if (np.abs(np.nan_to_num(matrix)) > MAX_RETURN).any():
        raise unreadable(read.origin, f"has a daily return beyond {MAX_RETURN:g}")
    options = dict(part.split("=", 1) for part in made[1:] if "=" in part)
    return EstimateHistory(tickers, matrix, made[0], options)


def _recorded(read: _Lines, tickers: tuple[str, ...]) -> tuple[RecordedErrors, ...] | None:
    n, found = len(tickers), list[RecordedErrors]()
    blocks: list[dict[str, list[list[float]]]] = []
    for first, rest in read.rows:
        if first == "errors":
            blocks.append({"unit": [], "error": [], "own": [], "sampling": []})
        elif first in {"unit", "error", "own", "sampling"}:
            if not blocks:
                raise unreadable(read.origin, f"has a line {MARK} {first} before any {MARK} errors")
            blocks[-1][first].append(read.numbers(rest, first, n))
    for block in blocks:
        months = len(block["error"])
        complete = len(block["unit"]) == 1 and months and len(block["own"]) == months
        if not complete or len(block["sampling"]) != n:
            raise unreadable(
                read.origin, f"has incomplete lines after {MARK} errors", "Write the file again."
            )
        unit, errors, sampling = (np.array(block[word]) for word in ("unit", "error", "sampling"))
        own = np.array(block["own"]) > 0.0
        found.append(RecordedErrors(tickers, unit[0], errors, own, (sampling + sampling.T) / 2.0))
    return tuple(found) or None
