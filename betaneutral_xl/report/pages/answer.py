"""The sheet Summary: the answer page, printed on one page."""

from __future__ import annotations

import math
from collections.abc import Iterator

from betaneutral_xl.engine.exposures import MOVES
from betaneutral_xl.engine.intervals import BetaForecast
from betaneutral_xl.job.answer import AnswerPage
from betaneutral_xl.job.answer.lines import BetaLine, Leg, LimitLine, Measure, fall_text
from betaneutral_xl.job.answer.page import Status
from betaneutral_xl.job.answer.words import CHANCE, past_note, variance_note
from betaneutral_xl.job.views import Kind
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.report import charts, pictures, style
from betaneutral_xl.report.cells import Canvas, Formula
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.pages import scenarios
from betaneutral_xl.report.pages.layout import BLANK, LIGHTS, SEVERITIES, Cell, Page, rounded, trade_cells
from betaneutral_xl.report.sheets import past
from betaneutral_xl.report.style import Look
from betaneutral_xl.system.words import shorten

WIDTHS = (37, 9, 8, 11.5, 8, 9, 11, 11, 14, 9)
"""Of the columns, in characters; without the two of money where the net asset value is unknown."""

BANNERS = {
    Status.FEASIBLE: style.ANSWER.replace(fill=style.GOOD, ink=style.GOOD_INK, size=13),
    Status.WARNED: style.ANSWER.replace(fill=style.CAUTION, ink=style.INK, size=13),
    Status.INFEASIBLE: style.ANSWER.replace(fill=style.BAD, ink=style.BAD_INK, size=13),
}

FORMATS = {Kind.NUMBER: style.BETA, Kind.PERCENT: style.PERCENT, Kind.COUNT: style.WHOLE}

FORMULAS = {
    "volatility": ("volatility_before", "volatility_after"),
    "gross": ("gross_before", "gross_after"),
    "net": ("net_before", "net_after"),
    "cash": ("cash_before", "cash_after"),
    "tracking_error": ("", "tracking_error"),
    "turnover": ("", "turnover"),
}
"""Defined names of the formulas before and after, by the key of a measure."""

LINES_OF_WARNINGS = 5
"""Number of warnings that are written out, besides those that change the answer; the rest are counted."""

LONGEST_WARNING = 420
"""Characters of a warning that is written out; all of it is on the page Scenarios."""

MOST_ETFS = 3
"""Number of ETFs whose betas are beside the alternatives."""

CHART_POINTS = (185.0, 340.0)
"""Least and most height of the charts."""


def write(canvas: Canvas, contents: Contents, checks: int) -> None:
    """Write the answer page."""
    answer = contents.page
    widths = [*WIDTHS]
    if answer.nav is None:
        widths[MONEY] = []
    page = Page(canvas, widths)
    page.line([(contents.title, style.TITLE)], 27.0)
    as_of = f"Holdings as of {answer.as_of}" if answer.as_of else "Holdings of an unknown day"
    value = f", net asset value {answer.nav:,.0f}" if answer.nav else ""
    page.line([(f"{answer.headline}. {as_of}{value}.{answer.mandates}", style.SUBTITLE)], 17.0)
    banner = BANNERS[answer.status]
    page.paragraph(_verdict(contents), banner, size=13.0)
    page.paragraph(answer.advice, style.ANSWER.replace(size=11), size=11.0)
    page.gap(6.0)
    _numbers(page, contents)
    page.note(_note(contents, checks))
    _warnings(page, answer)
    remedies(page, answer)
    _alternatives(page, contents)
    _trades(page, contents)
    page.section("Inputs")
    sources = "; ".join(f"{one.part}: {one.location}, {one.as_of or 'day unknown'}" for one in answer.sources)
    page.note(sources)
    _charts(page, contents)
    page.finish()


def _verdict(contents: Contents) -> Formula | str:
    """Return the verdict, with the betas and ends of intervals as formulas where there is one ETF."""
    answer = contents.page
    one_beta = len(answer.betas) == 1 and has_intervals(answer)
    if answer.status is Status.INFEASIBLE or not one_beta:
        return contents.verdict
    two = '"0.00;-0.00;0.00"'
    pieces = (
        '"Beta to "&etf_name_1&" "',
        f"TEXT(ROUND(beta_before_1,2),{two})",
        '" -> "',
        f"TEXT(ROUND(beta_after_1,2),{two})",
        '"; next month between "',
        f"TEXT(ROUND(beta_after_1-beta_interval_after_1,2),{two})",
        '" and "',
        f"TEXT(ROUND(beta_after_1+beta_interval_after_1,2),{two})",
        f'", {CHANCE}."',
    )
    return Formula("&".join(pieces), answer.verdict)


def _numbers(page: Page, contents: Contents) -> None:
    answer = contents.page
    errors = "± 95 %" if has_intervals(answer) else "s.e."
    after = answer.after.capitalize()
    headings = ["", "Before", errors, after, errors, "Realised 63 days"]
    headings += ["Value before", f"Value {answer.after}", "Target or limit", "Holds"]
    rows = [_beta(contents, k, one) for k, one in enumerate(answer.betas, start=1)]
    rows += _losses(contents)
    rows += [_measure(contents, one) for one in answer.measures]
    rows += [_leg(answer, one) for one in answer.legs]
    rows += [_limit(one) for one in answer.further_limits]
    if answer.nav is None:
        headings[MONEY] = []
        for row in rows:
            row[MONEY] = []
    page.table(headings, rows)


MONEY = slice(6, 8)
"""Columns of amounts of money, which are left out where the net asset value is unknown."""


def _row(
    label: str,
    before: Cell = BLANK,
    after: Cell = BLANK,
    *,
    errors: tuple[Cell, Cell] = (BLANK, BLANK),
    realised: Cell = BLANK,
    money: tuple[float | None, float | None] = (None, None),
    limit: str = "",
    holds: Cell = BLANK,
) -> list[Cell]:
    """Return one row of the table of numbers."""
    value, after_value = (
        BLANK if one is None else (rounded(one, 2), style.from_python(style.MONEY)) for one in money
    )
    shown = (limit or None, style.CELL.replace(align="right"))
    return [
        (label, style.LABEL),
        before,
        errors[0],
        (after[0], after[1].replace(bold=True)),
        errors[1],
        realised,
        value,
        after_value,
        shown,
        holds,
    ]


def has_intervals(answer: AnswerPage) -> bool:
    """Return whether the page has intervals of next month's betas; otherwise it has standard errors."""
    return all(math.isfinite(one.after.half_width()) for one in answer.betas)


def error_of(forecast: BetaForecast) -> float | None:
    """Return the half-width of next month's interval, or the standard error; None where it is unknown."""
    known = forecast.half_width() if math.isfinite(forecast.half_width()) else forecast.se
    return known if math.isfinite(known) else None


def _beta(contents: Contents, k: int, line: BetaLine) -> list[Cell]:
    number = style.calculated(style.BETA)
    realised, intervals = line.realised_before, has_intervals(contents.page)
    ends = [
        _error(f"beta_{'interval' if intervals else 'error'}_{when}_{k}", value, 1.0, style.BETA)
        for when, one in (("before", line.before), ("after", line.after))
        for value in [one.half_width() if intervals else one.se]
    ]
    return _row(
        f"Beta to {line.etf}",
        (Formula(f"ROUND(beta_before_{k},9)", rounded(line.before.beta)), number),
        (Formula(f"ROUND(beta_after_{k},9)", rounded(line.after.beta)), number),
        errors=(ends[0], ends[1]),
        realised=(
            realised.beta if realised else "unknown",
            style.from_python(style.BETA).replace(align="right"),
        ),
        limit=line.target_text or "none",
        holds=LIGHTS[line.light],
    )


def _error(name: str, value: float, size: float, number_format: str) -> Cell:
    """Return the interval or standard error of a beta, times the size of a fall."""
    if not math.isfinite(value):
        return BLANK
    formula = name if size == 1.0 else f"{name}*{size!r}"
    return Formula(formula, value), style.calculated(number_format).replace(ink=style.MUTED)


def _losses(contents: Contents) -> Iterator[list[Cell]]:
    """Yield the loss if an ETF falls, with the interval of its beta."""
    answer, percent = contents.page, style.calculated(style.TENTH)
    kind = "interval" if has_intervals(answer) else "error"
    for n, pair in enumerate(zip(answer.losses_before, answer.losses_after, strict=True)):
        k, size = 1 + n // len(MOVES), abs(pair[0].move)
        whens = tuple(zip(("before", "after"), pair, strict=True))
        before, after = (
            (Formula(f"ROUND(beta_{when}_{k}*{one.move!r},9)", rounded(one.expected)), percent)
            for when, one in whens
        )
        widths = (one.half_width if kind == "interval" else one.se for one in pair)
        ends = [
            _error(f"beta_{kind}_{when}_{k}", width, size, style.TENTH)
            for (when, _), width in zip(whens, widths, strict=True)
        ]
        yield _row(
            f"If {fall_text(pair[0])}",
            before,
            after,
            errors=(ends[0], ends[1]),
            money=(answer.money(pair[0].expected), answer.money(pair[1].expected)),
        )


def _measure(contents: Contents, line: Measure) -> list[Cell]:
    answer = contents.page
    look = style.calculated(FORMATS[line.kind])
    before, after = FORMULAS.get(line.key, ("", ""))
    if line.key == "etf_variance_share" and len(answer.etfs) == 1:
        before, after = (f"beta_{w}_1^2*etf_variance_1/volatility_{w}^2" for w in ("before", "after"))
    limit = answer.limit_of(line.key)
    return _row(
        line.label if limit is None else f"{line.label}{limit.setter}",
        BLANK if line.before is None else _number(before, line.before, look),
        _number(after, line.after, look),
        money=(answer.money(line.before), answer.money(line.after)) if line.is_money else (None, None),
        limit="" if limit is None else limit.text,
        holds=BLANK if limit is None else LIGHTS[limit.light],
    )


def _number(name: str, value: float, look: Look) -> Cell:
    if not math.isfinite(value):
        return BLANK
    value = rounded(value)
    if not name:
        return value, look.replace(ink=style.MUTED, italic=True)
    return Formula(f"ROUND({name},9)", value), look


def _leg(answer: AnswerPage, leg: Leg) -> list[Cell]:
    """Return the row of an ETF to trade in place of its basket."""
    size = abs(leg.ratio)
    return _row(leg.label, after=(size, style.from_python(style.PERCENT)), money=(None, answer.money(size)))


def _limit(line: LimitLine) -> list[Cell]:
    look = style.from_python(FORMATS[line.kind])
    return _row(
        line.heading,
        (line.before, look),
        (line.after, look),
        limit=line.text,
        holds=LIGHTS[line.light],
    )


def _note(contents: Contents, checks: int) -> Formula:
    """Return how many checks hold, counted by the workbook, and how sure the betas are."""
    held = checks - sum(not check.passed for check in contents.checks)
    kind = "formulas against Python to 1e-9, and the results verified before writing"
    if contents.infeasible is not None:
        kind = "the target is NOT met; the others are of the formulas and the unchanged portfolio"
    note = contents.page.uncertainty[:160]
    text = f" of {checks} checks hold: {kind}. {note[:1].upper()}{note[1:]}."
    quoted = text.replace('"', '""')
    return Formula(f'COUNTIF(verdicts,TRUE)&"{quoted}"', f"{held}{text}")


def _warnings(page: Page, answer: AnswerPage) -> None:
    """Write what changes the answer, then the first of the rest, and count the others."""
    if not answer.notices:
        return
    page.section("Warnings")
    left, unwritten = LINES_OF_WARNINGS, 0
    for group in answer.notices:
        changes = group.severity is Severity.CHANGES
        count = f" ({len(group.lines)})" if len(group.lines) > 1 else ""
        if not changes and (left <= 0 or group.severity is Severity.NOTE):
            unwritten += len(group.lines)
            continue
        text = f"{group.heading}{count}, {group.severity.label}: {group.summary}"
        left -= not changes
        page.paragraph(shorten(text, LONGEST_WARNING), SEVERITIES[group.severity].replace(size=9), size=9.0)
    if unwritten:
        page.note(f"And {unwritten} more {'note' if unwritten == 1 else 'notes'} on the page Scenarios.")


def remedies(page: Page, answer: AnswerPage) -> None:
    """Write what an infeasible request can reach, what binds, and what would help."""
    found = answer.infeasibility
    if found is None:
        return
    page.section("Why not, and what would help")
    bold = style.LABEL.replace(wrap=False)
    for one in found.reachable:
        text = f"from {one.low:.2f} to {one.high:.2f}, nearest to the target {one.nearest:.2f}"
        known = math.isfinite(one.nearest)
        page.line([(f"Reachable beta to {one.etf}", bold), (text if known else "none", style.CELL)])
    binding = (", ".join(found.binding),) if found.binding else ()
    for label, lines in (("Binding", binding), ("Any one of these suffices", found.changes)):
        for n, text in enumerate(lines):
            page.line([("" if n else label, bold), (f"{text[:1].upper()}{text[1:]}", style.CELL)])
    legs = ", ".join(leg.text() for leg in found.hedge)
    for label, text in (("Or beside the nearest weights", legs), ("Or another target", found.other_target)):
        if text:
            page.line([(label, bold), (text, style.CELL)])


def _alternatives(page: Page, contents: Contents) -> None:
    answer = contents.page
    if not answer.alternatives:
        return
    title = "Alternatives to the same target"
    if answer.infeasibility is not None:
        title = "Hedges as an alternative: limits on weights are not applied to them"
    page.section(title)
    names = answer.etfs[:MOST_ETFS]
    errors = "± 95 %" if has_intervals(answer) else "s.e."
    betas = ("Beta", errors) if len(names) == 1 else tuple(f"Beta to {name}" for name in names)
    headings = ("", *betas, "Volatility", "Tracking error", "Turnover", "Gross", "Trades")
    most = page.columns
    page.table(headings[:most], [row[:most] for row in _alternative_rows(answer)])
    if len(answer.etfs) > MOST_ETFS:
        page.note("The betas to the other ETFs: sheet Compare.")


def _alternative_rows(answer: AnswerPage) -> Iterator[list[Cell]]:
    percent, number = style.from_python(style.TENTH), style.from_python(style.BETA)
    for one in answer.alternatives:
        mark = style.LABEL.replace(fill=style.SOFT) if one.chosen else style.LABEL.replace(bold=False)
        name = f"{one.name} (proposed)" if one.chosen else one.name
        if one.note:
            yield [(name, mark), ("not possible: see Alternatives", style.NOTE.replace(ruled=True))]
            continue
        betas: list[Cell] = [(rounded(one.beta[name].beta), number) for name in answer.etfs[:MOST_ETFS]]
        if len(betas) == 1:
            betas.append((error_of(one.beta[answer.etfs[0]]), number))
        yield [
            (name, mark),
            *betas,
            (one.volatility, percent),
            (one.tracking_error, percent),
            (one.turnover, percent),
            (one.gross, percent),
            (one.trades, style.from_python(style.WHOLE)),
        ]


def _trades(page: Page, contents: Contents) -> None:
    answer = contents.page
    if not answer.trades:
        return
    page.section(f"The {len(answer.trades)} largest of {answer.trade_count} trades")
    rows: list[list[Cell]] = [
        [
            (one.ticker, style.LABEL),
            (one.side, style.side(one.side)),
            BLANK,
            *trade_cells(answer, one, at),
            (rounded(one.beta_change[0], 3), style.from_python(style.SIGNED_BETA)),
        ]
        for at, one in enumerate(answer.trades, start=page.row + 1)
    ]
    page.table(("", "Side", "", "Before", "After", "Trade", "Value", "Beta"), rows, texts=2)


def _charts(page: Page, contents: Contents) -> None:
    """Draw the variance before and after, and the betas of the past months."""
    answer = contents.page
    page.section("Where the risk comes from, and how the beta was in past months")
    for note in filter(None, (variance_note(answer), past_note(answer))):
        page.note(note)
    at = page.row
    width, height = page.charts(*CHART_POINTS)
    drawn = [(pictures.variance(answer), scenarios.variance_source(contents))]
    if answer.past:
        drawn.append((pictures.past_betas(answer, 0), past.source(contents, 0)))
    corners = ("A", "D")
    shares = (0.42, 0.56) if len(drawn) > 1 else (0.98,)
    for (picture, (categories, sources)), corner, share in zip(drawn, corners, shares, strict=False):
        size = (width * share, height - 0.1)
        charts.draw(page.canvas, picture, categories, sources, at=f"{corner}{at}", size=size)
