"""The report as a self-contained web page: one file, no network, one script of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from betaneutral_xl.job import views
from betaneutral_xl.job.answer import AnswerPage, words
from betaneutral_xl.job.answer.lines import Light, LimitLine, Measure, fall_text, loss_text, shown
from betaneutral_xl.job.answer.page import Status
from betaneutral_xl.job.order_formats import liquidity_sentence
from betaneutral_xl.job.views import Kind
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.report import pictures
from betaneutral_xl.report.contents import BEYOND_LIMITS, Contents
from betaneutral_xl.report.pages.layout import LIGHTS
from betaneutral_xl.report.sheets import past, provenance
from betaneutral_xl.report.sheets.compare import MEASURES
from betaneutral_xl.report.web import document, drawn, folded, safe, table

STATUSES = {Status.FEASIBLE: "answer", Status.WARNED: "answer warned", Status.INFEASIBLE: "answer infeasible"}


def page(contents: Contents) -> str:
    """Return the web page of a report."""
    return document(contents.headline, "\n".join(_sections(contents)), _print_header(contents))


def _print_header(contents: Contents) -> str:
    """Return the style of the header that browsers print on every page."""
    if contents.infeasible is None:
        return "@page{margin:1.5cm}"
    return '@page{margin:2cm;@top-left{content:"Not feasible: no proposal"}}'


def _sections(contents: Contents) -> Iterator[str]:
    yield from _answer(contents.page, contents)
    yield from _alternatives(contents)
    if contents.orders is not None:
        yield "<h2>Orders</h2>" + _orders(contents)
    yield from _risk(contents)
    yield from _forecast(contents)
    yield from _annex(contents)


def _answer(answer: AnswerPage, contents: Contents) -> Iterator[str]:
    """Yield the answer page."""
    yield f"<h1>{safe(contents.title)}</h1>"
    value = f", net asset value {answer.nav:,.0f}" if answer.nav else ""
    day = f"Holdings as of {answer.as_of or 'an unknown day'}{value}.{answer.mandates}"
    yield f'<p class="muted">{safe(answer.headline)}. {safe(day)} {safe(contents.command)}</p>'
    yield f'<p class="{STATUSES[answer.status]}">{safe(contents.verdict)}</p>'
    yield f'<p class="advice">{safe(answer.advice)}</p>'
    yield from _notices(answer, Severity.CHANGES)
    headings = ("", "Before", answer.after.capitalize(), "Target or limit", "Holds")
    yield table(headings, _numbers(answer), sortable=False, coloured=True)
    yield f'<p class="muted">{safe(answer.uncertainty)}</p>'
    yield from _helps(answer)
    charts = [pictures.variance(answer), pictures.portfolio_betas(answer)]
    charts += [pictures.past_betas(answer, at) for at in range(len(answer.past))]
    yield drawn(charts)
    for note in filter(None, (words.variance_note(answer), words.past_note(answer))):
        yield f'<p class="muted">{safe(note)}</p>'
    yield from _notices(answer, Severity.CHECK, Severity.NOTE)
    if answer.trades:
        yield f"<h2>The {len(answer.trades)} largest of {answer.trade_count} trades</h2>"
        yield table(
            ("Ticker", "Side", "Before", "After", "Trade", "Value", "Beta"), _trades(answer), coloured=True
        )


def _numbers(answer: AnswerPage) -> Iterator[Sequence[str]]:
    """Yield every number before and after, with its limit."""
    for beta in answer.betas:
        realised = beta.realised_before
        label = f"Beta to {beta.etf}"
        texts = (views.beta_text(one, 2) for one in (beta.before, beta.after))
        yield label, *texts, beta.target_text, LIGHTS[beta.light][0]
        if realised is not None:
            text = f"{realised.beta:.2f} (s.e. {realised.se:.2f})"
            yield f"{label}, realised over {realised.days} days", text, "", "", ""
    for before, after in zip(answer.losses_before, answer.losses_after, strict=True):
        yield f"If {fall_text(before)}", loss_text(before), loss_text(after), "", ""
    for measure in answer.measures:
        yield _measure(measure, answer)
    for leg in answer.legs:
        money = answer.money(abs(leg.ratio))
        amount = f" ({money:,.0f})" if money else ""
        yield leg.label, "", f"{abs(leg.ratio):.2%}{amount}", "", ""
    for line in answer.limits:
        yield _limit(line)


def _measure(line: Measure, answer: AnswerPage) -> Sequence[str]:
    texts = []
    for value in (line.before, line.after):
        money = answer.money(value) if line.is_money else None
        text = shown(value, line.kind)
        texts.append(f"{text} ({money:,.0f})" if text and money else text)
    return line.label, *texts, "", ""


def _limit(line: LimitLine) -> Sequence[str]:
    texts = (shown(one, line.kind) for one in (line.before, line.after))
    return f"Limit: {line.title}", *texts, line.text, LIGHTS[line.light][0]


def _notices(answer: AnswerPage, *severities: Severity) -> Iterator[str]:
    for group in answer.notices:
        if group.severity in severities:
            first, *others = group.lines
            yield (
                f'<p class="warning s{int(group.severity)}"><b>{safe(group.heading)}, '
                f"{group.severity.label}:</b> {safe(first)}</p>"
            )
            if others:
                lines = "".join(f"<p>{safe(line)}</p>" for line in others)
                yield f"<details><summary>{len(others)} more</summary>{lines}</details>"


def _helps(answer: AnswerPage) -> Iterator[str]:
    """Yield what an infeasible request can reach, what binds, and what would help."""
    found = answer.infeasibility
    if found is None:
        return
    yield "<h2>Why not, and what would help</h2>"
    rows = [
        (f"Reachable beta to {one.etf}", f"{one.low:.2f} to {one.high:.2f}, nearest {one.nearest:.2f}")
        for one in found.reachable
        if math.isfinite(one.nearest)
    ]
    rows += [("Binding", line) for line in found.binding]
    rows += [("Any one of these suffices", line) for line in found.changes]
    rows += [("Or beside the nearest weights", leg.text()) for leg in found.hedge]
    rows += [("Or another target", found.other_target)] * bool(found.other_target)
    yield table(("", ""), rows, kind="text", sortable=False)


def _trades(answer: AnswerPage) -> Iterator[Sequence[str]]:
    for one in answer.trades:
        money = answer.money(one.trade)
        yield (
            one.ticker,
            one.side,
            f"{one.before:.2%}",
            f"{one.after:.2%}",
            f"{one.trade:+.2%}",
            "" if money is None else f"{money:,.0f}",
            f"{one.beta_change[0]:+.3f}" if math.isfinite(one.beta_change[0]) else "",
        )


def _alternatives(contents: Contents) -> Iterator[str]:
    answer = contents.page
    if not contents.alternatives:
        return
    infeasible = contents.infeasible is not None
    yield f"<h2>{'Hedges as an alternative' if infeasible else 'Comparison of alternatives'}</h2>"
    if infeasible:
        yield f'<p class="muted">{BEYOND_LIMITS}</p>'
    names = contents.result.etf_names
    chosen = {one.name for one in answer.alternatives if one.chosen}
    *measures, _ = MEASURES
    rows = (
        (
            f"{one.name} (proposed)" if one.name in chosen else one.name,
            *(views.beta_text(one.forecast[name], 2) if one.forecast else "" for name in names),
            *([_number(one.market_beta)] if contents.has_market else []),
            *(_percent(getattr(one, measure)) for measure in measures),
            one.note or shown(one.trades, Kind.COUNT),
        )
        for one in contents.alternatives
    )
    betas = [f"Beta to {name}" for name in names] + ["Market beta"] * contents.has_market
    yield table(("", *betas, *MEASURES.values()), rows)
    yield from (f'<p class="muted">{safe(line)}</p>' for line in contents.drift)
    if answer.frontier:
        yield drawn([pictures.frontier(answer)])


def _orders(contents: Contents) -> str:
    orders = contents.orders
    assert orders is not None  # noqa: S101 - checked by the caller
    after = ", ".join(f"{name} {_number(beta)}" for name, beta in orders.beta.items())
    summary = f"Beta after the orders: {after}. Cash {orders.cash:,.2f}, cost {orders.cost:,.2f}."
    rows = (
        (one.ticker, str(one.side), f"{one.shares:,}", f"{one.price:,.2f}", f"{one.notional:,.0f}")
        for one in orders.for_broker()
    )
    liquidity = liquidity_sentence(orders)
    said = f"<p>{safe(liquidity)}</p>" if liquidity else ""
    return f"<p>{safe(summary)}</p>{said}" + table(
        ("Ticker", "Side", "Shares", "Price", "Notional"), rows, coloured=True
    )


def _risk(contents: Contents) -> Iterator[str]:
    """Yield contributions and what was realised."""
    answer = contents.page
    yield f"<h2>Contributions to the beta to {safe(answer.etfs[0])} and to the volatility</h2>"
    headings = ("", "Beta before", f"Beta {answer.after}", "Volatility before", f"Volatility {answer.after}")
    yield table(
        headings,
        (
            (
                one.label,
                _number(one.beta_before[0]),
                _number(one.beta_after[0]),
                _percent(one.volatility_before),
                _percent(one.volatility_after),
            )
            for one in (*answer.contributions, *answer.groups)
        ),
    )
    charts = [pictures.contributions(answer)]
    yield drawn([*charts, *map(pictures.realised_betas, past.same_dates(contents.realised))])
    if contents.realised:
        yield "<h2>Realised, month by month with the risk model of the day, before cost</h2>"
        rows = (
            (
                f"{one.label}, to {one.etf}",
                f"{one.beta.mean():.2f}",
                _percent(one.total_return),
                _percent(one.volatility),
                _percent(-one.drawdown),
            )
            for one in contents.realised
        )
        yield table(("", "Mean beta", "Return", "Volatility", "Drawdown"), rows)


def _forecast(contents: Contents) -> Iterator[str]:
    """Yield the fund's own forecast beside ours, and what the difference is of."""
    found = contents.forecast
    if found is None:
        return
    yield "<h2>The fund's own forecast, of the portfolio as it is</h2>"
    rows = (
        (
            line.label,
            *(
                shown(value, line.kind, 4 if line.kind is Kind.NUMBER else 2)
                for value in (line.theirs, line.ours, line.universe, line.model)
            ),
        )
        for line in found.lines
    )
    headings = (
        "",
        "Fund's own",
        "Ours",
        "of the difference: other names and weights",
        "another model or day",
    )
    yield table(headings, rows, sortable=False)
    yield from (f'<p class="muted">{safe(note)}</p>' for note in found.notes)


def _annex(contents: Contents) -> Iterator[str]:
    """Yield what an auditor needs, folded."""
    result = contents.result
    columns = result.columns
    title = "Weights" if contents.infeasible is None else "Current weights: no proposal"
    rows = ([str(row[0]), *map(_cell, columns[1:], row[1:])] for row in result.rows())
    yield folded(title, table(contents.weight_headings, rows))
    lights = {True: LIGHTS[Light.WITHIN][0], False: LIGHTS[Light.OVER][0]}
    checks = ((c.name, f"{c.residual:.1e}", f"{c.limit:.1e}", lights[c.passed]) for c in contents.checks)
    title = "Verified in Python before the report was written"
    yield folded(title, table(("", "Residual", "Allowed", "Holds"), checks))
    for name, facts in (*provenance.inputs(contents), *provenance.run(contents)):
        texts = ((label, "" if value is None else str(value)) for label, value in facts)
        yield folded(name, table(("", ""), texts, kind="text", sortable=False))


def _cell(name: str, value: str | float) -> str:
    return _number(float(value)) if name.startswith("predicted_beta") else _percent(float(value))


def _number(value: float) -> str:
    return shown(value, Kind.NUMBER, 4)


def _percent(value: float) -> str:
    return shown(value, Kind.PERCENT)
