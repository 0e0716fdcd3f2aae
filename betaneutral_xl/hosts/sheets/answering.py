"""The function BN_ANSWER: the answer page of a problem as rows of cells, part by part."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from betaneutral_xl.errors import Infeasible
from betaneutral_xl.hosts.sheets import cells, worksheet
from betaneutral_xl.hosts.sheets.cells import Grid
from betaneutral_xl.hosts.sheets.entries import Result
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job import run
from betaneutral_xl.job.answer import AnswerPage, answer_page, full_page
from betaneutral_xl.job.answer.lines import (
    AlternativeLine,
    BetaLine,
    Light,
    LimitLine,
    Measure,
    fall_text,
    shown,
)
from betaneutral_xl.job.views import BetaForecast, Kind
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.model.values import choice
from betaneutral_xl.system.words import shorten

Lines = list[list[Any]]


class Part(StrEnum):
    """The parts of the answer page."""

    QUESTION = "question"
    VERDICT = "verdict"
    ADVICE = "advice"
    FIRST = "first"
    MEASURES = "measures"
    ALTERNATIVES = "alternatives"
    TRADES = "trades"
    WARNINGS = "warnings"
    SOURCES = "sources"
    VARIANCE = "variance"
    PAST = "past"


ROOM = {"first": 4, "measures": 30, "alternatives": 9, "trades": 11, "warnings": 20, "sources": 8}
"""The most rows of a part; the last of them counts what is left out. All parts together are complete."""

ZERO = 1e-12
"""What is smaller is rounding, and shown as zero."""

FIRST_LENGTH = 100
"""Characters of a warning on the first screen, which has one line for each."""

MEASURE_HEADS = (
    "Measure",
    "Before",
    "After",
    "After, money",
    "Next month",
    "Realised 63 d",
    "Limit",
    "State",
    "Coverage",
)


FULL = frozenset({Part.ALTERNATIVES, None})
"""The parts for which the alternatives are computed, which takes longer than all the rest."""


def answer(session: Session, *values: Grid) -> Result:
    """Return a part of the answer page, or all of it; what is not feasible has a page, too."""
    *problem, part, nav = values
    name = cells.text(part)
    chosen = choice(Part, name, "part of the answer") if name else None
    page = _page(session, tuple(problem), cells.number(nav), full=chosen in FULL)
    return Result(rows_of(page, chosen))


def _page(session: Session, problem: tuple[Grid, ...], nav: float | None, *, full: bool) -> AnswerPage:
    key = ("page", *map(session.key, problem), nav, full, worksheet.mandate_stamp(session, *problem))
    make = full_page if full else answer_page
    return session.results.get_or_compute(key, lambda: make(outcome(session, *problem), nav=nav))


def outcome(session: Session, *problem: Grid) -> run.Outcome:
    """Return the answer to a problem, given by the arguments of BETA_NEUTRAL, or why there is none."""
    holdings, etf, covariance, target_beta, method, constraints = problem
    given = worksheet.inputs(session, holdings, etf, covariance, constraints, target_beta)
    request = worksheet.request(session, given, target_beta, constraints, method)
    try:
        return run.Outcome(request, given, worksheet.solve(session, *problem))
    except Infeasible as error:
        return run.infeasible(request, given, error)


def rows_of(page: AnswerPage, part: Part | None) -> Lines:
    """Return the rows of one part of a page; without one, of all parts below their names."""
    if part is not None:
        where = (
            "in the part warnings, below on the sheet Start"
            if part is Part.FIRST
            else "see BN_ANSWER without a part"
        )
        return _fitted(_cleaned(_PARTS[part](page)), ROOM.get(part), where)
    return [row for one in Part for row in ([str(one)], *_cleaned(_PARTS[one](page)))]


def _cleaned(rows: Lines) -> Lines:
    return [[0.0 if isinstance(cell, float) and abs(cell) < ZERO else cell for cell in row] for row in rows]


def _fitted(rows: Lines, room: int | None, where: str) -> Lines:
    if room is None or len(rows) <= room:
        return rows
    return [*rows[: room - 1], [f"And {len(rows) - room + 1} more", where]]


def _measures(page: AnswerPage) -> Lines:
    return [
        [page.after.capitalize() if head == "After" else head for head in MEASURE_HEADS],
        *(_beta(one) for one in page.betas),
        *(_measure(page, one) for one in page.measures),
        *(
            [f"Largest trade: {one.side} {one.ticker}", None, one.trade, money(page, one.trade)]
            for one in page.trades[:1]
        ),
        *_legs(page),
        *_losses(page),
        *(_limit(one) for one in sorted(page.limits, key=lambda one: one.light != Light.OVER)),
    ]


def _beta(line: BetaLine) -> list[Any]:
    realised = [one.beta if one else math.nan for one in (line.realised_before, line.realised_after)]
    texts = [shown(one, Kind.NUMBER) for one in realised]
    return [
        f"Beta to {line.etf}",
        line.before.beta,
        line.after.beta,
        None,
        interval(line.after),
        " -> ".join(texts) if all(texts) else None,
        line.target_text or None,
        str(line.light),
        line.coverage,
    ]


def interval(forecast: BetaForecast) -> str | None:
    """Return between what a beta will be next month, or its standard error where the drift is unknown."""
    if math.isfinite(forecast.half_width()):
        return f"{shown(forecast.low, Kind.NUMBER)} to {shown(forecast.high, Kind.NUMBER)}"
    return f"s.e. {shown(forecast.se, Kind.NUMBER)}" if math.isfinite(forecast.se) else None


def _measure(page: AnswerPage, line: Measure) -> list[Any]:
    return [line.label, line.before, line.after, money(page, line.after) if line.is_money else None]


def money(page: AnswerPage, share: float) -> float | None:
    """Return a part of the net asset value in whole cents; None where it is unknown."""
    amount = page.money(share)
    return None if amount is None else round(amount, 2)


def _legs(page: AnswerPage) -> Iterator[list[Any]]:
    for leg in page.legs:
        yield [
            f"In place of the names: {leg.action} {leg.name}",
            None,
            abs(leg.ratio),
            money(page, abs(leg.ratio)),
        ]


def _losses(page: AnswerPage) -> Iterator[list[Any]]:
    for before, after in zip(page.losses_before, page.losses_after, strict=True):
        error = shown(after.half_width, Kind.PERCENT)
        yield [
            f"If {fall_text(after)}",
            before.expected,
            after.expected,
            money(page, after.expected),
            f"± {error}" if error else None,
        ]


def _limit(line: LimitLine) -> list[Any]:
    return [
        f"Limit: {line.title}",
        line.before,
        line.after,
        None,
        None,
        None,
        line.text,
        str(line.light),
    ]


def _warnings(page: AnswerPage) -> Lines:
    rows = [
        [group.severity.label.capitalize(), f"{group.heading}: {line}"]
        for group in page.notices
        for line in group.lines
    ]
    return rows or [["No warnings.", None]]


def _first(page: AnswerPage) -> Lines:
    """Return what to look at first: where nothing is feasible what would help, then the worst warnings."""
    found = page.infeasibility
    helpful: Lines = []
    if found is not None:
        helpful = [["Would help", one] for one in found.changes[:2]]
        helpful += [["Or beside", leg.text()] for leg in found.hedge[:1]]
        helpful += [["At its limit", ", ".join(found.binding)]] * bool(found.binding)
    return [
        [label, shorten(text, FIRST_LENGTH) if text else None] for label, text in (*helpful, *_warnings(page))
    ]


def _alternatives(page: AnswerPage) -> Lines:
    head = [
        "Alternative",
        "Volatility",
        "Tracking err.",
        "Turnover",
        "Beta",
        "Gross",
        "Net",
        "Trades",
        "Note",
    ]
    return [head, *map(_alternative, page.alternatives)]


def _alternative(line: AlternativeLine) -> list[Any]:
    betas = ", ".join(shown(one.beta, Kind.NUMBER) for one in line.beta.values())
    return [
        f"{line.name} (this proposal)" if line.chosen else line.name,
        line.volatility,
        line.tracking_error,
        line.turnover,
        betas or None,
        line.gross,
        line.net,
        line.trades,
        line.note or None,
    ]


def _trades(page: AnswerPage) -> Lines:
    heads = [f"Beta to {name}" for name in page.etfs]
    rows = [
        [
            one.ticker,
            one.before,
            one.after,
            money(page, one.trade),
            one.side.capitalize(),
            one.trade,
            *one.beta_change,
        ]
        for one in page.trades
    ]
    return [["Ticker", "Before", "After", "Value", "Side", "Trade", *heads], *rows]


def _sources(page: AnswerPage) -> Lines:
    rows = [
        [
            one.part.capitalize() if one.part.islower() else one.part,
            one.as_of,
            one.retrieval,
            one.source,
            # The sample is part of the program: it is fetched from nowhere.
            None if one.retrieval == Retrieval.SAMPLE else f"{one.fetched_at:%Y-%m-%d %H:%M} UTC",
            one.location,
        ]
        for one in page.sources
    ]
    return [["Source", "As of", "Retrieval", "From", "Fetched at", "Location"], *rows]


def _variance(page: AnswerPage) -> Lines:
    """Return the parts of the variance before and after, as shares of the variance before."""
    before, after = page.variance_before, page.variance_after
    scale = page.variance_ratio
    return [
        ["Part", "Before", page.after.capitalize()],
        ["The ETFs", before.etfs, scale * after.etfs],
        [f"Market besides ({page.market})" if page.market else "Market", before.market, scale * after.market],
        ["The rest", before.rest, scale * after.rest],
    ]


def _past(page: AnswerPage) -> Lines:
    """Return the measured betas to the first ETF by month, and the interval that they are expected in."""
    name = "Kept at today's beta" if page.infeasibility else "Proposal"
    rows: Lines = [["Month to", "As it is", name, "95 % of months, from", "to"]]
    if not page.past:
        return rows
    past = page.past[0]
    low, high = page.measured_interval(past)
    ends = past.ends or range(1, past.months + 1)
    columns = zip(ends, past.as_it_is.tolist(), past.renewed.tolist(), strict=True)
    return [*rows, *([end, old, new, low, high] for end, old, new in columns)]


_PARTS = {
    Part.QUESTION: lambda page: [[page.headline]],
    Part.VERDICT: lambda page: [[page.verdict]],
    Part.ADVICE: lambda page: [[page.advice]],
    Part.FIRST: _first,
    Part.MEASURES: _measures,
    Part.ALTERNATIVES: _alternatives,
    Part.TRADES: _trades,
    Part.WARNINGS: _warnings,
    Part.SOURCES: _sources,
    Part.VARIANCE: _variance,
    Part.PAST: _past,
}
