"""The workbook and the order of its sheets."""

from __future__ import annotations

from collections.abc import Iterator

from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.pages import alternatives, answer, proposal, scenarios
from betaneutral_xl.report.sheets import (
    betas,
    checks,
    compare,
    etf,
    fund_forecast,
    holdings,
    infeasible,
    inputs,
    notices,
    past,
    provenance,
    risk_model,
    tickets,
    trades,
    weights,
    workings,
)

PRESENTATION, INPUT, WORKING, CONTROL = style.NAVY, style.BLUE, style.GREY, style.GREEN
"""Tab colours by the role of a sheet in the FAST modelling standard."""

SUMMARY = "Summary"

SHORT = (SUMMARY, proposal.NAME, alternatives.NAME, scenarios.NAME)
"""The sheets of the short report, a page each; the others are the annex."""


def workbook(contents: Contents) -> bytes:
    """Return the report as the bytes of an ``.xlsx`` file."""
    from betaneutral_xl import __version__

    result = contents.result
    as_of = result.aligned.holdings.as_of
    title = contents.headline
    sources = ", ".join(dict.fromkeys(source.source for source in result.sources))
    book = Book(
        title=title,
        as_of=f"Holdings as of {as_of or 'an unknown day'}",
        sources=f"Sources: {sources}",
        version=f"betaneutral_xl {__version__}, {contents.written_at:%Y-%m-%d %H:%M} UTC",
    )
    page = {name: book.sheet(name, tab=tab, annex=name not in SHORT) for name, tab in _tabs(contents)}
    inputs.write(book, page["Inputs"], contents)
    holdings.write(book, page["Holdings"], contents)
    etf.write(book, page["ETF"], contents)
    model = risk_model.model_of(contents)
    model.write(book, page[risk_model.MODEL], contents)
    risk_model.write_vectors(book, page["Risk"], contents, model)
    betas.write(book, page["Betas"], contents)
    workings.write(book, page["Measures"], contents, model)
    weights.write(book, page["Weights"], contents)
    trades.write(book, page["Trades"], contents)
    if contents.orders is not None:
        tickets.write(book, page[tickets.NAME], contents, contents.orders)
    if contents.alternatives:
        compare.write(book, page[compare.NAME], contents, model)
    if contents.infeasible is not None:
        infeasible.write(book, page[infeasible.NAME], contents, contents.infeasible)
    if contents.realised:
        past.write_realised(book, page["Realised"], contents)
    count = checks.write(book, page["Checks"], contents)
    provenance.write(page["Provenance"], contents)
    notices.write(page[notices.NAME], contents)
    if contents.page.past:
        past.write(book, page[past.NAME], contents)
    if contents.forecast is not None:
        fund_forecast.write(page[fund_forecast.NAME], contents.forecast)
    answer.write(page[SUMMARY], contents, count)
    proposal.write(page[proposal.NAME], contents)
    alternatives.write(page[alternatives.NAME], contents)
    scenarios.write(page[scenarios.NAME], contents)
    book.describe(
        title=title,
        subject=contents.title,
        comments=f"{contents.command}\nSources: {sources}",
        version=__version__,
        at=contents.written_at,
    )
    return book.to_bytes(contents.written_at)


def _tabs(contents: Contents) -> Iterator[tuple[str, str]]:
    """Yield the names and tab colours of the sheets to write."""
    sheets = (
        *((name, PRESENTATION, True) for name in SHORT),
        (infeasible.NAME, PRESENTATION, contents.infeasible is not None),
        (notices.NAME, PRESENTATION, True),
        ("Inputs", INPUT, True),
        ("Holdings", INPUT, True),
        ("ETF", INPUT, True),
        (risk_model.MODEL, INPUT, True),
        ("Risk", WORKING, True),
        ("Betas", WORKING, True),
        ("Measures", WORKING, True),
        ("Weights", PRESENTATION, True),
        ("Trades", PRESENTATION, True),
        (tickets.NAME, PRESENTATION, contents.orders is not None),
        (compare.NAME, PRESENTATION, bool(contents.alternatives)),
        ("Realised", PRESENTATION, bool(contents.realised)),
        (past.NAME, PRESENTATION, bool(contents.page.past)),
        (fund_forecast.NAME, PRESENTATION, contents.forecast is not None),
        ("Checks", CONTROL, True),
        ("Provenance", CONTROL, True),
    )
    yield from ((name, colour) for name, colour, included in sheets if included)
