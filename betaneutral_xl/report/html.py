"""The report as a self-contained web page without scripts or network access."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from betaneutral_xl.job import views
from betaneutral_xl.report import drawing, pictures, style
from betaneutral_xl.report.cells import clean
from betaneutral_xl.report.contents import BEYOND_LIMITS
from betaneutral_xl.report.sheets import front, provenance, realised
from betaneutral_xl.report.sheets.alternatives import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from betaneutral_xl.report.contents import Contents

CSS = f"""
body{{font:14px/1.45 Arial,Helvetica,sans-serif;color:#{style.INK}}}
body{{max-width:1080px;margin:2rem auto;padding:0 1rem}}
h1,h2{{color:#{style.NAVY};margin:1.6rem 0 .4rem}} h1{{margin-top:0}} .muted{{color:#{style.MUTED}}}
.answer{{background:#{style.SOFT};padding:.7rem 1rem;font-weight:bold;color:#{style.NAVY};margin:.3rem 0}}
.warning{{background:#{style.CAUTION};padding:.4rem 1rem;margin:.2rem 0}}
.pictures{{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:1rem}}
svg text{{font:10px Arial,Helvetica,sans-serif;fill:#{style.INK}}}
svg text.title{{font-size:12px;font-weight:bold;fill:#{style.NAVY};text-anchor:middle}}
table{{border-collapse:collapse;margin:.4rem 0;font-variant-numeric:tabular-nums}}
th{{background:#{style.NAVY};color:#fff;text-align:right;padding:.3rem .7rem}}
td{{border-bottom:1px solid #{style.RULE};text-align:right;padding:.2rem .7rem}}
th:first-child,td:first-child,.text td,.text th{{text-align:left;overflow-wrap:anywhere}}
@media print{{body{{margin:0}}thead{{display:table-header-group}}}}
"""


def page(contents: Contents) -> str:
    """Return the web page of a report."""
    title = contents.headline
    body = "\n".join(_sections(contents))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_safe(title)}</title><style>{CSS}{_print_header(contents)}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _print_header(contents: Contents) -> str:
    """Return the style of the header that browsers print on every page."""
    if contents.infeasible is None:
        return ""
    return '@page{margin:2cm;@top-left{content:"Not feasible: no proposal"}}'


def _sections(contents: Contents) -> Iterator[str]:
    result = contents.result
    as_of = result.aligned.holdings.as_of
    yield f"<h1>{_safe(contents.title)}</h1><p>{_safe(views.headline(result))}</p>"
    yield f'<p class="muted">Holdings as of {as_of or "an unknown day"} · {_safe(contents.command)}</p>'
    if contents.infeasible is not None:
        yield f'<p class="answer">{_safe(contents.infeasible.sentence())}</p>'
        yield f'<p class="warning">! {_safe(contents.no_proposal)}</p>'
    for k in contents.etfs:
        yield f'<p class="answer">{_safe(str(front.answer(contents, k).value))}</p>'
    yield from (f'<p class="warning">! {_safe(warning)}</p>' for warning in result.warnings)
    yield _table(("", "Before", contents.after.capitalize(), "Meaning"), _summary(contents))
    drawn = [pictures.portfolio_betas(contents), pictures.beta_contributions(contents)]
    if contents.by_size:
        drawn.insert(1, pictures.largest_trades(contents))
    drawn += [pictures.realised_betas(group) for group in realised.same_dates(contents.realised)]
    yield f'<div class="pictures">{"".join(f"<div>{drawing.draw(one)}</div>" for one in drawn)}</div>'
    if contents.alternatives:
        yield "<h2>Comparison of alternatives</h2>" + _alternatives(contents)
        if contents.infeasible is not None:
            yield f'<p class="muted">{BEYOND_LIMITS}</p>'
    if contents.orders is not None:
        yield "<h2>Orders</h2>" + _orders(contents)
    columns = result.columns
    yield "<h2>Weights</h2>" if contents.infeasible is None else "<h2>Current weights: no proposal</h2>"
    rows = ([str(row[0]), *map(_cell, columns[1:], row[1:])] for row in result.rows())
    yield _table(contents.weight_headings, rows)
    yield "<h2>Verified in Python before the report was written</h2>"
    checks = ((c.name, f"{c.residual:.1e}", f"{c.limit:.1e}", _holds(c.passed)) for c in contents.checks)
    yield _table(("", "Residual", "Allowed", "Holds"), checks)
    for name, facts in (*provenance.inputs(contents), *provenance.run(contents)):
        yield f"<h2>{_safe(name)}</h2>"
        texts = ((label, "" if value is None else str(value)) for label, value in facts)
        yield _table(("", ""), texts, kind="text")


def _summary(contents: Contents) -> Iterator[Sequence[str]]:
    for line in contents.lines:
        before = "" if line.before is None else _shown(line.before, line.before_forecast, line.kind)
        yield line.label, before, _shown(line.after, line.after_forecast, line.kind), line.meaning


def _alternatives(contents: Contents) -> str:
    names = contents.result.etf_names
    *measures, _ = MEASURES
    rows = (
        (
            one.name,
            *(views.beta_text(one.forecast[name]) if one.forecast else "" for name in names),
            *([_number(one.market_beta)] if contents.has_market else []),
            *(_percent(getattr(one, measure)) for measure in measures),
            one.note or str(one.trades),
        )
        for one in contents.alternatives
    )
    betas = [f"Beta to {name}" for name in names] + ["Market beta"] * contents.has_market
    drift = "".join(f"<p>{_safe(line)}</p>" for line in contents.drift)
    return _table(("", *betas, *MEASURES.values()), rows) + drift


def _orders(contents: Contents) -> str:
    orders = contents.orders
    assert orders is not None  # noqa: S101 - checked by the caller
    after = ", ".join(f"{name} {_number(beta)}" for name, beta in orders.beta.items())
    summary = f"Beta after whole shares: {after}. Cash {orders.cash:,.2f}, cost {orders.cost:,.2f}."
    rows = (
        (one.ticker, str(one.side), f"{one.shares:,}", f"{one.price:,.2f}", f"{one.notional:,.0f}")
        for one in orders.orders
    )
    return f"<p>{_safe(summary)}</p>" + _table(("Ticker", "Side", "Shares", "Price", "Notional"), rows)


def _table(headings: Iterable[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    head = "".join(f"<th>{_safe(one)}</th>" for one in headings)
    body = "".join(f"<tr>{''.join(f'<td>{_safe(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    marked = f' class="{kind}"' if kind else ""
    return f"<table{marked}><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _safe(text: str) -> str:
    return escape(clean(text))


def _cell(name: str, value: str | float) -> str:
    return _number(float(value)) if name.startswith("predicted_beta") else _percent(float(value))


def _shown(value: float, forecast: views.BetaForecast | None, kind: views.Kind) -> str:
    if forecast is not None:
        return views.beta_text(forecast)
    return _percent(value) if kind is views.Kind.PERCENT else _number(value)


def _number(value: float) -> str:
    return f"{round(value, 4) + 0.0:.4f}" if math.isfinite(value) else ""


def _percent(value: float) -> str:
    return f"{round(value, 4) + 0.0:.2%}" if math.isfinite(value) else ""


def _holds(passed: bool) -> str:  # noqa: FBT001 - its only argument
    return "yes" if passed else "NO"
