"""The sheet Betas: each name's predicted beta, its standard error and its contribution."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl.utils import get_column_letter

from betaneutral_xl.model.arrays import FloatArray
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas
from betaneutral_xl.report.checked_tables import Column, looked_up, place
from betaneutral_xl.report.contents import Contents

VOLATILITY, WEIGHT, NEW_WEIGHT = "B", "C", "D"
"""Columns to which formulas of other columns refer."""


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the names with risk data, largest contribution to the first beta first."""
    result, aligned = contents.result, contents.result.aligned
    order = contents.by_contribution
    tickers = [aligned.covered_tickers[at] for at in order]

    def from_risk(heading: str, values: FloatArray, name: str, *, squared: bool = False) -> Column:
        formula = looked_up(name, tickers, "risk_ticker")
        look = style.calculated(style.PERCENT)
        return Column(heading, values[order].tolist(), look, formula, squared=squared)

    columns = [
        Column("Ticker", tickers, style.LABEL, name="beta_ticker"),
        from_risk("Volatility", aligned.covariance.volatilities, "risk_volatility", squared=True),
        from_risk("Weight", aligned.covered_weights, "risk_weight"),
        from_risk("New weight", result.new_weights[aligned.covered], "risk_new_weight"),
    ]
    for k in contents.etfs:
        columns += _of_etf(contents, k, tickers, first=len(columns) + 1)
    place(book, canvas, "tblBetas", columns)


def _of_etf(contents: Contents, k: int, tickers: list[str], first: int) -> Iterator[Column]:
    """Yield the columns of one ETF: beta, its standard error, and the two contributions."""
    result, aligned = contents.result, contents.result.aligned
    order, covered = contents.by_contribution, aligned.covered
    beta = result.predicted_beta[covered][order, k - 1]
    at = get_column_letter(first)
    number = style.calculated(style.NUMBER)
    covariance = looked_up(f"etf_covariance_{k}", tickers, "risk_ticker")
    yield Column(
        contents.per_etf("Predicted beta", k),
        beta.tolist(),
        number,
        lambda row, i: f"{covariance(row, i)}/etf_variance_{k}",
        f"name_beta_{k}",
    )
    if contents.beta_errors is not None:
        by_name = aligned.covariance.seen is not None
        seen = looked_up("risk_days", tickers, "risk_ticker")

        def error(row: int, i: int) -> str:
            """Return the formula of the standard error of a least-squares slope."""
            days = seen(row, i) if by_name else "effective_days"
            left = f"MAX(0,{VOLATILITY}{row}^2-{at}{row}^2*etf_variance_{k})"
            return f"SQRT({left}/etf_variance_{k}/({days}-2))"

        errors = contents.beta_errors[order, k - 1].tolist()
        yield Column(contents.per_etf("Standard error", k), errors, number, error, squared=True)
    for when, column, weights in (
        ("before", WEIGHT, aligned.covered_weights),
        ("after", NEW_WEIGHT, result.new_weights[covered]),
    ):
        heading = contents.per_etf(f"Contribution {when}", k)
        product = f"{at}{{row}}*{column}{{row}}"
        yield Column(heading, (beta * weights[order]).tolist(), number, product)
