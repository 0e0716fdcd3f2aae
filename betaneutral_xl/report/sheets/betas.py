"""The sheet Betas: each name's predicted beta, how sure it is, and what it adds to the portfolio's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl.utils import get_column_letter

from betaneutral_xl.report import style
from betaneutral_xl.report.cells import lookup_key
from betaneutral_xl.report.tables import Column, place

if TYPE_CHECKING:
    from betaneutral_xl.arrays import FloatArray
    from betaneutral_xl.report.book import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

VOLATILITY, WEIGHT, NEW_WEIGHT = "B", "C", "D"
"""Columns that the formulas of others refer to."""

FIRST_OF_ETFS = 5
"""The first of the columns that each ETF has."""


def headings_of(contents: Contents) -> list[str]:
    """Return the headings of the columns that belong to ETFs, ETF by ETF."""
    names = contents.result.etf_names
    stems = ["predicted_beta", "contribution_before", "contribution_after"]
    if contents.beta_errors is not None:
        stems.insert(1, "standard_error")
    return [stem if len(names) == 1 else f"{stem}_{name}" for name in names for stem in stems]


def contribution_columns(contents: Contents) -> tuple[str, str]:
    """Return the letters of the contributions to the first ETF's beta, before and after."""
    first = FIRST_OF_ETFS + (1 if contents.beta_errors is None else 2)
    return get_column_letter(first), get_column_letter(first + 1)


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the names with risk data, the largest contribution to the first beta on top."""
    result, aligned = contents.result, contents.result.aligned
    order = contents.by_contribution
    tickers = [aligned.covered_tickers[at] for at in order]
    covered = aligned.covered
    weights = aligned.covered_weights[order]
    new_weights = result.new_weights[covered][order]
    betas = result.predicted_beta[covered][order]
    errors = contents.beta_errors
    by_name = aligned.covariance.seen is not None

    def from_risk(name: str, row: int, i: int) -> str:
        return f"INDEX({name},MATCH({lookup_key(f'$A{row}', tickers[i])},risk_ticker,0))"

    def look_up(heading: str, values: FloatArray, name: str, *, squared: bool = False) -> Column:
        return Column(
            heading=heading,
            values=values.tolist(),
            look=style.calculated(style.PERCENT),
            formula=lambda row, i: from_risk(name, row, i),
            squared=squared,
        )

    columns = [
        Column(heading="ticker", values=tickers, look=style.LABEL, name="beta_ticker"),
        look_up("volatility", aligned.covariance.volatilities[order], "risk_volatility", squared=True),
        look_up("weight", weights, "risk_weight"),
        look_up("new_weight", new_weights, "risk_new_weight"),
    ]
    headings = iter(headings_of(contents))
    for k in contents.etfs:
        beta = betas[:, k - 1]
        at = get_column_letter(len(columns) + 1)
        columns.append(
            Column(
                heading=next(headings),
                values=beta.tolist(),
                look=style.calculated(style.NUMBER),
                formula=lambda row, i, k=k: from_risk(f"etf_covariance_{k}", row, i) + f"/etf_variance_{k}",
                name=f"name_beta_{k}",
            )
        )
        if errors is not None:
            columns.append(
                Column(
                    heading=next(headings),
                    values=errors[order, k - 1].tolist(),
                    look=style.calculated(style.PLUS_MINUS),
                    formula=lambda row, i, k=k, at=at: _error(k, f"{at}{row}", f"{VOLATILITY}{row}", from_risk("risk_days", row, i) if by_name else "effective_days"),
                    squared=True,
                )
            )
        for when, source, held in (("before", WEIGHT, weights), ("after", NEW_WEIGHT, new_weights)):
            columns.append(
                Column(
                    heading=next(headings),
                    values=(beta * held).tolist(),
                    look=style.calculated(style.NUMBER),
                    formula=lambda row, _, source=source, at=at: f"{at}{row}*{source}{row}",
                    name=f"contribution_{when}_{k}",
                )
            )
    place(book, canvas, "tblBetas", columns)


def _error(k: int, beta: str, volatility: str, days: str) -> str:
    """Return the formula of the standard error of a least-squares slope, from moments."""
    left = f"MAX(0,{volatility}^2-{beta}^2*etf_variance_{k})"
    return f"SQRT({left}/etf_variance_{k}/({days}-2))"
