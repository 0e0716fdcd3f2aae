"""The sheet ETF: every row of every ETF's file, and its weight in the basket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.report import style
from betaneutral_xl.report.cells import covered_formula, lookup_key, yes
from betaneutral_xl.report.checked_tables import CheckedColumn, place

if TYPE_CHECKING:
    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents


def key(number: int, ticker: str) -> str:
    """Return the lookup key of a name's weight in an ETF, used by the sheet Weights."""
    return f"{number} {ticker}"


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the constituents of all ETFs, one ETF below the other."""
    aligned = contents.result.aligned
    rows = [(n, etf, row) for n, etf in enumerate(aligned.etfs, start=1) for row in etf.constituents]
    covered = set(aligned.covered_tickers)
    rescaled = aligned.coverage.etf_on_missing is OnMissing.RESCALE
    baskets = [set(etf.tickers) for etf in aligned.etfs]
    in_basket = [
        row.asset_class in etf.classes and row.ticker in baskets[n - 1] and bool(np.isfinite(row.weight))
        for n, etf, row in rows
    ]
    place_of = {ticker: at for at, ticker in enumerate(aligned.tickers)}
    used = [
        float(aligned.etf_weights[place_of[row.ticker], n - 1]) if inside else 0.0
        for (n, _, row), inside in zip(rows, in_basket, strict=True)
    ]

    def weight(row: int, i: int) -> str:
        plain = f"G{row}"
        scaled = f'IF(I{row}="yes",G{row}*etf_scale_{rows[i][0]},G{row})' if rescaled else plain
        return f'IF(H{row}="yes",{scaled},0)'

    place(
        book,
        canvas,
        "tblEtf",
        [
            CheckedColumn(
                heading="ETF number",
                values=[n for n, _, _ in rows],
                look=style.entered(style.WHOLE),
                name="etf_number",
            ),
            CheckedColumn(heading="ETF", values=[etf.name for _, etf, _ in rows], look=style.entered()),
            CheckedColumn(heading="Ticker", values=[row.ticker for _, _, row in rows], look=style.entered()),
            CheckedColumn(
                heading="Printed ticker",
                values=[row.printed_ticker for _, _, row in rows],
                look=style.entered(),
            ),
            CheckedColumn(heading="Name", values=[row.name for _, _, row in rows], look=style.entered()),
            CheckedColumn(
                heading="Asset class",
                values=[str(row.asset_class) for _, _, row in rows],
                look=style.entered(),
            ),
            CheckedColumn(
                heading="Printed weight",
                values=[row.weight for _, _, row in rows],
                look=style.entered(style.PERCENT),
                name="etf_printed",
            ),
            CheckedColumn(
                heading="In basket",
                values=[yes(one) for one in in_basket],
                look=style.entered(),
                name="etf_in_basket",
            ),
            CheckedColumn(
                heading="Has risk data",
                values=[yes(row.ticker in covered) for _, _, row in rows],
                look=style.calculated("General"),
                formula=lambda at, i: covered_formula(lookup_key(f"$C{at}", rows[i][2].ticker)),
                name="etf_covered",
            ),
            CheckedColumn(
                heading="Weight",
                values=used,
                look=style.calculated(style.PERCENT),
                formula=weight,
                name="etf_weight",
            ),
            CheckedColumn(
                heading="Key",
                values=[
                    key(n, row.ticker) if inside else ""
                    for (n, _, row), inside in zip(rows, in_basket, strict=True)
                ],
                look=style.calculated("General"),
                formula=lambda at, _: f'IF(H{at}="yes",A{at}&" "&C{at},"")',
                name="etf_key",
            ),
            *(_exposures(contents) if contents.has_scaled_units else ()),
        ],
    )


def _exposures(contents: Contents) -> list[CheckedColumn]:
    """Return the equity exposure and the exposure through swaps and futures, which scale the baskets."""
    rows = [(etf, row) for etf in contents.result.aligned.etfs for row in etf.constituents]
    equities = [
        row.weight if row.asset_class in etf.classes and np.isfinite(row.weight) else 0.0 for etf, row in rows
    ]
    derivatives = [(row.exposure or 0.0) if etf.scales_basket(row) else 0.0 for etf, row in rows]
    look = style.entered(style.PERCENT)
    return [
        CheckedColumn(heading="Equity exposure", values=equities, look=look, name="etf_equity_exposure"),
        CheckedColumn(
            heading="Derivative exposure", values=derivatives, look=look, name="etf_derivative_exposure"
        ),
    ]
