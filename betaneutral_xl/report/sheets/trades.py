"""The sheet Trades: the trades, largest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.report import style
from betaneutral_xl.report.cells import lookup_key
from betaneutral_xl.report.checked_tables import FIRST_ROW, CheckedColumn, finish_sheet, place, write_headings
from betaneutral_xl.report.sheets.groups import with_groups

if TYPE_CHECKING:
    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

BUY, SELL = "D", "E"
"""Columns of the chart of the largest trades."""


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write one row per trade."""
    result = contents.result
    order = contents.by_size
    if not order:
        write_headings(canvas, ["No trades"], [style.TEXT])
        reason = contents.no_proposal or "The portfolio already meets the target."
        canvas.put(FIRST_ROW, 1, reason, style.PARAGRAPH)
        canvas.height(FIRST_ROW, 15 * (1 + len(reason) // 50) + 3)
        canvas.widths([60])
        finish_sheet(canvas, 1, FIRST_ROW)
        return
    tickers = [result.tickers[at] for at in order]
    trades = result.trades[order]
    nav = result.aligned.holdings.nav
    columns = [
        CheckedColumn(heading="Ticker", values=tickers, look=style.LABEL),
        CheckedColumn(
            heading="Side",
            values=["buy" if trade > 0.0 else "sell" for trade in trades.tolist()],
            look=style.calculated("General"),
            formula=lambda row, _: f'IF(C{row}>0,"buy","sell")',
        ),
        CheckedColumn(
            heading="Trade",
            values=trades.tolist(),
            look=style.calculated(style.SIGNED_PERCENT),
            formula=lambda row, i: f"INDEX(trade,MATCH({lookup_key(f'$A{row}', tickers[i])},ticker,0))",
        ),
        CheckedColumn(
            heading="Buy",
            values=np.maximum(trades, 0.0).tolist(),
            look=style.calculated(style.PERCENT),
            formula=lambda row, _: f"MAX(C{row},0)",
        ),
        CheckedColumn(
            heading="Sell",
            values=np.minimum(trades, 0.0).tolist(),
            look=style.calculated(style.PERCENT),
            formula=lambda row, _: f"MIN(C{row},0)",
        ),
        CheckedColumn(
            heading="Share of turnover",
            values=(np.abs(trades) / 2.0 / result.turnover).tolist(),
            look=style.calculated(style.PERCENT),
            formula=lambda row, _: f"ABS(C{row})/2/turnover",
        ),
    ]
    columns += [_beta_change(contents, k, order) for k in contents.etfs]
    if nav:
        columns.append(
            CheckedColumn(
                heading="Trade value",
                values=(trades * nav).tolist(),
                look=style.calculated(style.MONEY),
                formula=lambda row, _: f"C{row}*nav",
            )
        )
    place(book, canvas, "tblTrades", with_groups(columns, result, tickers))


def _beta_change(contents: Contents, k: int, order: list[int]) -> CheckedColumn:
    """Return the effect of each trade on the beta to an ETF; empty without risk data."""
    result = contents.result
    tickers = [result.tickers[at] for at in order]
    betas = result.predicted_beta[order, k - 1]
    has_beta = np.isfinite(betas).tolist()

    def formula(row: int, i: int) -> str | None:
        beta = f"INDEX(beta_{k},MATCH({lookup_key(f'$A{row}', tickers[i])},ticker,0))"
        return f"C{row}*{beta}" if has_beta[i] else None

    return CheckedColumn(
        heading=contents.per_etf("Beta change", k),
        values=(betas * result.trades[order]).tolist(),
        look=style.calculated(style.SIGNED),
        formula=formula,
    )
