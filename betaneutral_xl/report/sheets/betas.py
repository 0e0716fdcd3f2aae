"""The sheet Betas: each name's predicted beta, its standard error and its contribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl.utils import get_column_letter

from betaneutral_xl.report import style
from betaneutral_xl.report.cells import lookup_key
from betaneutral_xl.report.checked_tables import CheckedColumn, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

VOLATILITY, WEIGHT, NEW_WEIGHT = "B", "C", "D"
"""Columns to which formulas of other columns refer."""

FIRST_OF_ETFS = 5
"""The first column of the first ETF."""


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the names with risk data, largest contribution to the first beta first."""
    result, aligned = contents.result, contents.result.aligned
    order = contents.by_contribution
    tickers = [aligned.covered_tickers[at] for at in order]

    def look_up(heading: str, values: FloatArray, name: str, *, squared: bool = False) -> CheckedColumn:
        return CheckedColumn(
            heading=heading,
            values=values[order].tolist(),
            look=style.calculated(style.PERCENT),
            formula=lambda row, i: _from_risk(name, row, tickers[i]),
            squared=squared,
        )

    columns = [
        CheckedColumn(heading="Ticker", values=tickers, look=style.LABEL, name="beta_ticker"),
        look_up("Volatility", aligned.covariance.volatilities, "risk_volatility", squared=True),
        look_up("Weight", aligned.covered_weights, "risk_weight"),
        look_up("New weight", result.new_weights[aligned.covered], "risk_new_weight"),
    ]
    for k in contents.etfs:
        columns += _of_etf(contents, k, tickers, first=len(columns) + 1)
    place(book, canvas, "tblBetas", columns)


def _of_etf(contents: Contents, k: int, tickers: list[str], first: int) -> Iterator[CheckedColumn]:
    """Yield the columns of one ETF: beta, its standard error, and the two contributions."""
    result, aligned = contents.result, contents.result.aligned
    order, covered = contents.by_contribution, aligned.covered
    beta = result.predicted_beta[covered][order, k - 1]
    at = get_column_letter(first)
    yield CheckedColumn(
        heading=contents.per_etf("Predicted beta", k),
        values=beta.tolist(),
        look=style.calculated(style.NUMBER),
        formula=lambda row, i: _from_risk(f"etf_covariance_{k}", row, tickers[i]) + f"/etf_variance_{k}",
        name=f"name_beta_{k}",
    )
    if contents.beta_errors is not None:
        by_name = aligned.covariance.seen is not None

        def error(row: int, i: int) -> str:
            """Return the formula of the standard error of a least-squares slope."""
            days = _from_risk("risk_days", row, tickers[i]) if by_name else "effective_days"
            left = f"MAX(0,{VOLATILITY}{row}^2-{at}{row}^2*etf_variance_{k})"
            return f"SQRT({left}/etf_variance_{k}/({days}-2))"

        yield CheckedColumn(
            heading=contents.per_etf("Standard error", k),
            values=contents.beta_errors[order, k - 1].tolist(),
            look=style.calculated(style.NUMBER),
            formula=error,
            squared=True,
        )
    before, after = (contents.per_etf(f"Contribution {when}", k) for when in ("before", "after"))
    yield _contribution(before, at, WEIGHT, beta * aligned.covered_weights[order])
    yield _contribution(after, at, NEW_WEIGHT, beta * result.new_weights[covered][order])


def _contribution(heading: str, beta: str, weight: str, values: FloatArray) -> CheckedColumn:
    return CheckedColumn(
        heading=heading,
        values=values.tolist(),
        look=style.calculated(style.NUMBER),
        formula=lambda row, _: f"{beta}{row}*{weight}{row}",
    )


def _from_risk(name: str, row: int, ticker: str) -> str:
    return f"INDEX({name},MATCH({lookup_key(f'$A{row}', ticker)},risk_ticker,0))"
