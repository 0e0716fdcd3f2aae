"""What is on the slide: the verdict, a dozen numbers, two charts, the largest trades, the worst warning."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from betaneutral_xl.engine.intervals import BetaForecast
from betaneutral_xl.job import views
from betaneutral_xl.job.answer import AnswerPage
from betaneutral_xl.job.answer.lines import Light, fall_text, loss_text, shown
from betaneutral_xl.job.answer.page import Status
from betaneutral_xl.job.views import Kind
from betaneutral_xl.model.notices import NoticeGroup, Severity
from betaneutral_xl.report import pictures, style
from betaneutral_xl.report.cells import clean
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.pages.layout import LIGHTS
from betaneutral_xl.report.pictures import Picture
from betaneutral_xl.system.words import shorten

MOST_ROWS, MOST_TRADES, MOST_WARNINGS = 13, 5, 3

LONGEST = 150
"""Characters of one line of the lists."""

LONGEST_WARNING = 134
"""Characters of a warning, which has two lines."""

FILLS = {
    Status.FEASIBLE: (style.GOOD, style.GOOD_INK),
    Status.WARNED: (style.CAUTION, style.INK),
    Status.INFEASIBLE: (style.BAD, style.BAD_INK),
}
"""Fill and ink of the verdict."""

LIGHT_FILLS = {
    LIGHTS[Light.WITHIN][0]: (style.GOOD, style.GOOD_INK),
    LIGHTS[Light.NEAR][0]: (style.CAUTION, style.INK),
    LIGHTS[Light.OVER][0]: (style.BAD, style.BAD_INK),
}
"""Fill and ink of whether a limit holds, by its text."""

Row = tuple[str, str, str, str, str]
"""Label, before, after, limit, whether it holds."""


@dataclass(frozen=True, slots=True)
class Slide:
    """The slide as plain data, from top to bottom.

    ``fill`` and ``ink`` are the verdict's; ``lists`` are titles with their lines; ``written_at`` is in UTC.
    """

    title: str
    verdict: str
    advice: str
    fill: str
    ink: str
    headings: Row
    rows: tuple[Row, ...]
    pictures: tuple[Picture, ...]
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    footer: str
    written_at: datetime


def slide_of(contents: Contents) -> Slide:
    """Return the slide of a report's contents."""
    answer = contents.page
    fill, ink = FILLS[answer.status]
    drawn = [pictures.variance(answer), *([pictures.past_betas(answer, 0)] if answer.past else [])]
    day = f"Holdings as of {answer.as_of or 'an unknown day'}.{answer.mandates}"
    sources = "; ".join(f"{one.part}: {one.location}, {one.as_of or 'day unknown'}" for one in answer.sources)
    return Slide(
        title=_short(
            f"{contents.title}: {answer.headline}" if contents.infeasible is None else contents.title, 100
        ),
        verdict=_short(contents.verdict, 220),
        advice=answer.advice,
        fill=fill,
        ink=ink,
        headings=("", "Before", answer.after.capitalize(), "Limit", "Holds"),
        rows=tuple(_rows(answer))[:MOST_ROWS],
        pictures=tuple(drawn),
        lists=tuple(_lists(answer)),
        footer=f"{_short(f'{day} {sources}', 190)}; {contents.written_at:%Y-%m-%d %H:%M} UTC.",
        written_at=contents.written_at,
    )


def _short(text: str, longest: int = LONGEST) -> str:
    return shorten(clean(text), longest)


def _rows(answer: AnswerPage) -> Iterator[Row]:
    for beta in answer.betas:
        texts = map(_beta, (beta.before, beta.after))
        yield (_short(f"Beta to {beta.etf}", 40), *texts, beta.target_text, LIGHTS[beta.light][0])  # type: ignore[misc] # two texts
    few = len(answer.etfs) == 1
    for before, after in zip(answer.losses_before, answer.losses_after, strict=True):
        if few or before.move == answer.losses_before[0].move:
            label = _short(f"If {fall_text(before)}", 40)
            yield label, loss_text(before), loss_text(after), "", ""
    for one in answer.measures:
        if one.key != "trades":
            bound = answer.limit_of(one.key)
            held = ("", "") if bound is None else (bound.text, LIGHTS[bound.light][0])
            label = _short(one.label if bound is None else f"{one.label}{bound.setter}", 46)
            yield label, shown(one.before, one.kind, 1), shown(one.after, one.kind, 1), *held
    for line in sorted(answer.further_limits, key=lambda one: one.light is not Light.OVER):
        label = _short(line.heading, 40)
        before_text = shown(line.before, line.kind, 1)
        yield label, before_text, shown(line.after, line.kind, 1), line.text, LIGHTS[line.light][0]


def _beta(one: BetaForecast) -> str:
    """Return a beta with its interval or standard error; whether the drift is known is in the verdict."""
    if math.isfinite(one.half_width()):
        return views.beta_text(one, 2)
    error = f" (s.e. {one.se:.2f})" if math.isfinite(one.se) else ""
    return f"{shown(one.beta, Kind.NUMBER)}{error}"


def _lists(answer: AnswerPage) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the largest trades, or what would help, and the warnings that matter most."""
    found = answer.infeasibility
    if found is None:
        trades = [
            f"{one.side} {one.ticker} {abs(one.trade):.2%}{_money(answer, one.trade)}"
            for one in answer.trades[:MOST_TRADES]
        ]
        yield f"Largest of {answer.trade_count} trades", tuple(map(_short, trades or ["none"]))
    else:
        yield (
            "Any one of these suffices",
            tuple(map(_short, found.changes[:MOST_TRADES] or ("nothing found",))),
        )
    yield "Warnings", tuple(_warnings(answer.notices)) or ("none",)


def _money(answer: AnswerPage, share: float) -> str:
    amount = answer.money(abs(share))
    return "" if amount is None else f" ({amount:,.0f})"


def _warnings(groups: tuple[NoticeGroup, ...]) -> Iterator[str]:
    serious = [group for group in groups if group.severity is not Severity.NOTE]
    for group in serious[:MOST_WARNINGS]:
        count = f" ({len(group.lines)})" if len(group.lines) > 1 else ""
        yield _short(f"{group.heading}{count}, {group.severity.label}: {group.summary}", LONGEST_WARNING)
    left = sum(len(group.lines) for group in groups[len(serious[:MOST_WARNINGS]) :])
    if left:
        yield f"and {left} more in the report"
