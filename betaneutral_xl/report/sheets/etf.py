"""The sheet ETF: every row of every ETF's file, and its weight in the basket."""

from __future__ import annotations

import numpy as np

from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas, covered_formula, lookup_key, yes
from betaneutral_xl.report.checked_tables import Column, place
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

    keys = [key(n, row.ticker) if inside else "" for (n, _, row), inside in zip(rows, in_basket, strict=True)]

    def weight(row: int, i: int) -> str:
        scaled = f'IF(I{row}="yes",G{row}*etf_scale_{rows[i][0]},G{row})' if rescaled else f"G{row}"
        return f'IF(H{row}="yes",{scaled},0)'

    def has_risk_data(row: int, i: int) -> str:
        return covered_formula(lookup_key(f"$C{row}", rows[i][2].ticker))

    text, percent = style.calculated("General"), style.entered(style.PERCENT)
    columns = [
        Column("ETF number", [n for n, _, _ in rows], style.entered(style.WHOLE), name="etf_number"),
        Column("ETF", [etf.name for _, etf, _ in rows], style.entered()),
        Column("Ticker", [row.ticker for _, _, row in rows], style.entered()),
        Column("Printed ticker", [row.printed_ticker for _, _, row in rows], style.entered()),
        Column("Name", [row.name for _, _, row in rows], style.entered()),
        Column("Asset class", [str(row.asset_class) for _, _, row in rows], style.entered()),
        Column("Printed weight", [row.weight for _, _, row in rows], percent, name="etf_printed"),
        Column("In basket", [yes(one) for one in in_basket], style.entered(), name="etf_in_basket"),
        Column(
            "Has risk data",
            [yes(row.ticker in covered) for _, _, row in rows],
            text,
            has_risk_data,
            "etf_covered",
        ),
        Column("Weight", used, style.calculated(style.PERCENT), weight, "etf_weight"),
        Column("Key", keys, text, 'IF(H{row}="yes",A{row}&" "&C{row},"")', "etf_key"),
        *(_exposures(contents) if contents.has_scaled_units else ()),
    ]
    place(book, canvas, "tblEtf", columns)


def _exposures(contents: Contents) -> list[Column]:
    """Return the equity exposure and the exposure through swaps and futures, which scale the baskets."""
    rows = [(etf, row) for etf in contents.result.aligned.etfs for row in etf.constituents]
    equities = [
        row.weight if row.asset_class in etf.classes and np.isfinite(row.weight) else 0.0 for etf, row in rows
    ]
    derivatives = [(row.exposure or 0.0) if etf.scales_basket(row) else 0.0 for etf, row in rows]
    look = style.entered(style.PERCENT)
    return [
        Column("Equity exposure", equities, look, name="etf_equity_exposure"),
        Column("Derivative exposure", derivatives, look, name="etf_derivative_exposure"),
    ]
