"""The workbook: its sheets, in the order in which an auditor reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl import summary
from betaneutral_xl.report import style
from betaneutral_xl.report.book import Book, Margins
from betaneutral_xl.report.sheets import (
    betas,
    checks,
    etf,
    front,
    holdings,
    inputs,
    provenance,
    realised,
    risk_model,
    trades,
    weights,
    workings,
)

if TYPE_CHECKING:
    from betaneutral_xl.report.contents import Contents

PRESENTATION, INPUT, WORKING, CONTROL = style.NAVY, style.BLUE, style.GREY, style.GREEN
"""Colours of the sheets' tabs, by their part in the FAST standard of modelling."""


def workbook(contents: Contents) -> bytes:
    """Return the report as the bytes of an ``.xlsx`` file."""
    from betaneutral_xl import __version__  # noqa: PLC0415 - the package imports nothing of the report

    result = contents.result
    as_of = result.aligned.holdings.as_of
    title = summary.headline(result)
    sources = ", ".join(dict.fromkeys(source.source for source in result.sources))
    book = Book(
        Margins(
            title=title,
            as_of=f"Holdings as of {as_of or 'an unknown day'}",
            sources=f"Sources: {sources}",
            version=f"betaneutral_xl {__version__}, {contents.written_at:%Y-%m-%d %H:%M} UTC",
        )
    )
    page = {name: book.sheet(name, tab=tab) for name, tab in _tabs(contents)}
    inputs.write(book, page["Inputs"], contents)
    holdings.write(book, page["Holdings"], contents)
    etf.write(book, page["ETF"], contents)
    model = risk_model.model_of(contents)
    model.write(book, page["Covariance"], contents)
    risk_model.write_vectors(book, page["Risk"], contents, model)
    betas.write(book, page["Betas"], contents)
    workings.write(book, page["Measures"], contents, model)
    weights.write(book, page["Weights"], contents)
    trades.write(book, page["Trades"], contents)
    if contents.realised:
        realised.write(book, page["Realised"], contents)
    count = checks.write(book, page["Checks"], contents)
    provenance.write(book, page["Provenance"], contents)
    front.write(book, page["Summary"], contents, count)
    book.describe(
        title=title,
        subject="Beta-neutral proposal",
        comments=f"{contents.command}\nSources: {sources}",
        version=__version__,
        at=contents.written_at,
    )
    return book.to_bytes(contents.written_at)


def _tabs(contents: Contents) -> list[tuple[str, str]]:
    return [
        ("Summary", PRESENTATION),
        ("Inputs", INPUT),
        ("Holdings", INPUT),
        ("ETF", INPUT),
        ("Covariance", INPUT),
        ("Risk", WORKING),
        ("Betas", WORKING),
        ("Measures", WORKING),
        ("Weights", PRESENTATION),
        ("Trades", PRESENTATION),
        *([("Realised", PRESENTATION)] if contents.realised else []),
        ("Checks", CONTROL),
        ("Provenance", CONTROL),
    ]
