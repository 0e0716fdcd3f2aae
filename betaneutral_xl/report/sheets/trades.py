"""The sheet Trades: the trades, largest first."""

from __future__ import annotations

import numpy as np

from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas
from betaneutral_xl.report.checked_tables import FIRST_ROW, Column, looked_up, place, place_text
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.sheets.holdings import with_groups


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write one row per trade."""
    result = contents.result
    order = contents.by_size
    if not order:
        reason = contents.no_proposal or "The portfolio already meets the target."
        place_text(canvas, "No trades", [reason])
        canvas.height(FIRST_ROW, 15 * (1 + len(reason) // 50) + 3)
        return
    tickers = [result.tickers[at] for at in order]
    trades = result.trades[order]
    nav = result.aligned.holdings.nav
    percent, signed = style.calculated(style.PERCENT), style.calculated(style.SIGNED_PERCENT)
    sides = ["buy" if trade > 0.0 else "sell" for trade in trades.tolist()]
    columns = [
        Column("Ticker", tickers, style.LABEL),
        Column("Side", sides, style.calculated("General"), 'IF(C{row}>0,"buy","sell")'),
        Column("Trade", trades.tolist(), signed, looked_up("trade", tickers)),
        Column("Buy", np.maximum(trades, 0.0).tolist(), percent, "MAX(C{row},0)"),
        Column("Sell", np.minimum(trades, 0.0).tolist(), percent, "MIN(C{row},0)"),
        Column(
            "Share of turnover",
            (np.abs(trades) / 2.0 / result.turnover).tolist(),
            percent,
            "ABS(C{row})/2/turnover",
        ),
    ]
    columns += [_beta_change(contents, k, order) for k in contents.etfs]
    if nav:
        money = style.calculated(style.MONEY)
        columns.append(Column("Trade value", (trades * nav).tolist(), money, "C{row}*nav"))
    place(book, canvas, "tblTrades", with_groups(columns, result, tickers))


def _beta_change(contents: Contents, k: int, order: list[int]) -> Column:
    """Return the effect of each trade on the beta to an ETF; empty without risk data."""
    result = contents.result
    betas = result.predicted_beta[order, k - 1]
    has_beta = np.isfinite(betas).tolist()
    beta = looked_up(f"beta_{k}", [result.tickers[at] for at in order])
    return Column(
        contents.per_etf("Beta change", k),
        (betas * result.trades[order]).tolist(),
        style.calculated(style.SIGNED),
        lambda row, i: f"C{row}*{beta(row, i)}" if has_beta[i] else None,
    )
