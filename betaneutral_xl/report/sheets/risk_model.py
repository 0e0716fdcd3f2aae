"""The sheets Covariance and Risk: V as it is kept, and the vectors in its order that V multiplies.

V is a matrix, or the loadings and specific variances of ``V = L L' + diag(D)``. A model of more
cells than a sheet can reasonably hold is left out, and the formulas begin at the covariances of
each name with each ETF.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from openpyxl.utils import get_column_letter

from betaneutral_xl.model.risk import Dense, Factors
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Compared
from betaneutral_xl.report.cells import Formula, lookup_key
from betaneutral_xl.report.checked_tables import (
    FIRST_ROW,
    PYTHON,
    CheckedColumn,
    finish_sheet,
    place_grid,
    write_headings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

MOST_CELLS = 512 * 512
"""Of a risk model that is written out."""

PRINTED = 16
"""Columns of the risk model that are printed: the rest is to be looked up, not to be read."""

MODEL = "Covariance"


class Model(Protocol):
    """How formulas get at V."""

    def variance(self, vector: str, less: str = "") -> str | None:
        """Return the formula of x'V x of a vector of the sheet Risk, or of a difference of two.

        None if V is not there.
        """
        ...

    def covariance(self, row: int, k: int) -> str | None:
        """Return the formula of a name's covariance with an ETF."""
        ...

    def volatility(self, row: int, index: int) -> str | None:
        """Return the formula of a name's volatility."""
        ...

    def write(self, book: Book, canvas: Canvas, contents: Contents) -> None:
        """Fill the sheet Covariance."""
        ...


@dataclass(frozen=True, slots=True)
class Matrix:
    """V as a block of cells, from column B on."""

    form: Dense

    @property
    def _last(self) -> str:
        return get_column_letter(1 + self.form.size)

    def variance(self, vector: str, less: str = "") -> str:
        """Return the formula of x'V x."""
        x = _difference("risk", vector, less)
        return f"SUMPRODUCT(MMULT(covariance,{x}),{x})"

    def covariance(self, row: int, k: int) -> str:
        """Return the formula of the product of a row of V with the ETF's weights."""
        return f"SUMPRODUCT(MMULT({MODEL}!$B{row}:${self._last}{row},risk_etf_{k}))"

    def volatility(self, row: int, index: int) -> str:
        """Return the formula of the root of an entry of the diagonal."""
        return f"SQRT({MODEL}!{get_column_letter(2 + index)}{row})"

    def write(self, book: Book, canvas: Canvas, contents: Contents) -> None:
        """Write V, labelled on both sides."""
        tickers = contents.result.aligned.covered_tickers
        n = len(tickers)
        numbers = style.given(style.RISK)
        write_headings(canvas, ["ticker", *tickers], [style.TEXT, *(numbers for _ in tickers)])
        for row, (ticker, values) in enumerate(
            zip(tickers, self.form.matrix.tolist(), strict=True), start=FIRST_ROW
        ):
            canvas.put(row, 1, ticker, style.LABEL)
            canvas.put_numbers(row, 2, values, numbers)
        book.define("covariance", canvas.area(FIRST_ROW, 2, n, n))
        canvas.widths([12, *(10 for _ in tickers)])
        finish_sheet(canvas, min(1 + n, PRINTED), FIRST_ROW + n - 1)


@dataclass(frozen=True, slots=True)
class Loadings:
    """V as specific variances in column B and loadings from column C on.

    Below the names stand the factor exposures L'x of the vectors x that formulas need.
    """

    form: Factors

    @property
    def _last(self) -> str:
        return get_column_letter(2 + self.form.loadings.shape[1])

    def variance(self, vector: str, less: str = "") -> str:
        """Return the formula of x'V x: the squared factor exposures, and the specific part."""
        x = _difference("risk", vector, less)
        return f"SUMPRODUCT({_difference('exposure', vector, less)}^2)+SUMPRODUCT(specific_variance,{x},{x})"

    def covariance(self, row: int, k: int) -> str:
        """Return the formula of a name's loadings with the ETF's exposures, and its specific part."""
        common = f"SUMPRODUCT({MODEL}!$C{row}:${self._last}{row},exposure_etf_{k})"
        return f"{common}+{MODEL}!$B{row}*INDEX(risk_etf_{k},{row - FIRST_ROW + 1})"

    def volatility(self, row: int, index: int) -> str:
        """Return the formula of the root of an entry of the diagonal."""
        del index
        return f"SQRT(SUMSQ({MODEL}!$C{row}:${self._last}{row})+{MODEL}!$B{row})"

    def write(self, book: Book, canvas: Canvas, contents: Contents) -> None:
        """Write D and L, and the exposures of the vectors below them."""
        tickers, loadings = contents.result.aligned.covered_tickers, self.form.loadings
        n, k = loadings.shape
        numbers = style.given(style.RISK)
        headings = ["ticker", "specific_variance", *(f"loading_{j}" for j in range(1, k + 1))]
        write_headings(canvas, headings, [style.TEXT, *(numbers for _ in headings[1:])])
        specific = self.form.specific_variance.tolist()
        for row, (ticker, own, values) in enumerate(
            zip(tickers, specific, loadings.tolist(), strict=True), start=FIRST_ROW
        ):
            canvas.put(row, 1, ticker, style.LABEL)
            canvas.put_numbers(row, 2, [own, *values], numbers)
        book.define("specific_variance", canvas.area(FIRST_ROW, 2, n))
        for number, (name, vector) in enumerate(_vectors(contents).items()):
            self._write_exposures(book, canvas, name, vector, FIRST_ROW + n + 1 + 2 * number)
        canvas.widths([24, 17, *(11 for _ in range(k))])
        finish_sheet(canvas, min(2 + k, PRINTED), FIRST_ROW + n - 1)

    def _write_exposures(self, book: Book, canvas: Canvas, name: str, vector: FloatArray, row: int) -> None:
        """Write L'x of a vector by formula, and Python's values below."""
        n, k = self.form.loadings.shape
        values = (vector @ self.form.loadings).tolist()
        canvas.put(row, 1, f"exposure of {name}", style.LABEL)
        canvas.put(row + 1, 1, PYTHON, style.from_python("General"))
        for j, value in enumerate(values, start=3):
            column = canvas.area(FIRST_ROW, j, n).local("$")
            formula = Formula(f"SUMPRODUCT({column},risk_{name})", value)
            canvas.put(row, j, formula, style.calculated(style.RISK))
        canvas.put_numbers(row + 1, 3, values, style.from_python(style.RISK))
        here, python = canvas.area(row, 3, columns=k), canvas.area(row + 1, 3, columns=k)
        book.define(f"exposure_{name}", here)
        largest = float(np.abs(values).max(initial=0.0))
        book.compared.append(Compared(f"{MODEL}: exposures of {name}", here, python, largest))


@dataclass(frozen=True, slots=True)
class Absent:
    """V is too large for a sheet; only its products with the ETFs' weights are there, as values."""

    size: int

    def variance(self, vector: str, less: str = "") -> str | None:
        """Return the formula of f'V f for an ETF, and None for other vectors."""
        del less
        number = vector.removeprefix("etf_")
        return f"SUMPRODUCT(etf_covariance_{number},risk_{vector})" if number != vector else None

    def covariance(self, row: int, k: int) -> str | None:
        """Return nothing: the covariances are values."""
        del row, k
        return None

    def volatility(self, row: int, index: int) -> str | None:
        """Return nothing: the volatilities are values."""
        del row, index
        return None

    def write(self, book: Book, canvas: Canvas, contents: Contents) -> None:
        """Say that the model is not here, and where the formulas begin."""
        del book, contents
        write_headings(canvas, ["The risk model is not written out"], [style.TEXT])
        lines = (
            f"The risk model of {self.size:,} names has more than {MOST_CELLS:,} cells.",
            "The sheet Risk has, as values, each name's volatility and its covariance with each ETF; "
            "every beta is a formula on those.",
            "The volatility of the portfolio and the tracking error are values, marked so in Measures.",
            "The file of the risk model, and its SHA-256, are named in Provenance.",
        )
        for row, line in enumerate(lines, start=FIRST_ROW):
            canvas.put(row, 1, line, style.PARAGRAPH)
        canvas.widths([110])
        finish_sheet(canvas, 1, FIRST_ROW + len(lines) - 1)


def _vectors(contents: Contents) -> dict[str, FloatArray]:
    """Return what V is multiplied with, shape (n,) each, by the names that formulas know."""
    result, aligned = contents.result, contents.result.aligned
    covered = aligned.covered
    return {
        "weight": aligned.covered_weights,
        "new_weight": result.new_weights[covered],
        "trade": result.trades[covered],
        **{f"etf_{k}": aligned.covered_etf_weights[:, k - 1] for k in contents.etfs},
        **{f"way_{j}": one.new_weights[covered] for j, one in enumerate(contents.compared_results, start=1)},
    }


def model_of(contents: Contents) -> Model:
    """Say how the risk model is written."""
    form = contents.result.aligned.covariance.form
    if isinstance(form, Factors) and form.loadings.size <= MOST_CELLS:
        return Loadings(form)
    if isinstance(form, Dense) and form.size**2 <= MOST_CELLS:
        return Matrix(form)
    return Absent(form.size)


def write_vectors(book: Book, canvas: Canvas, contents: Contents, model: Model) -> None:
    """Write the sheet Risk: in the order of V, what V is multiplied with and what comes of it."""
    aligned = contents.result.aligned
    covariance, tickers = aligned.covariance, aligned.covered_tickers

    columns = [
        CheckedColumn(heading="ticker", values=list(tickers), look=style.LABEL, name="risk_ticker"),
        *(_from_weights(name, tickers, values) for name, values in _vectors(contents).items()),
        CheckedColumn(
            heading="volatility",
            values=covariance.volatilities.tolist(),
            look=style.calculated(style.PERCENT),
            formula=_or_values(model.volatility),
            name="risk_volatility",
            squared=True,
        ),
    ]
    columns += [_covariance_with(contents, model, k) for k in contents.etfs]
    if covariance.seen is not None and covariance.effective_days is not None:
        days = (covariance.seen * covariance.effective_days).tolist()
        columns.append(
            CheckedColumn(heading="effective_days", values=days, look=style.given("0.0"), name="risk_days")
        )
    for ticker in dict.fromkeys(one for one in contents.benchmarks if one):
        values = aligned.risk_model.between(ticker, tickers).tolist()
        columns.append(
            CheckedColumn(
                heading=f"covariance_with_{ticker}",
                values=values,
                look=style.given(style.RISK),
                name=benchmark_name(contents, ticker),
            )
        )
    place_grid(book, canvas, columns)


def _from_weights(name: str, tickers: Sequence[str], values: FloatArray) -> CheckedColumn:
    """Return a vector of the sheet Weights in the order of V."""
    source = name.replace("etf_", "etf_weight_")
    return CheckedColumn(
        heading=source,
        values=values.tolist(),
        look=style.calculated(style.PERCENT),
        formula=lambda row, i: f"INDEX({source},MATCH({lookup_key(f'$A{row}', tickers[i])},ticker,0))",
        name=f"risk_{name}",
    )


def _covariance_with(contents: Contents, model: Model, k: int) -> CheckedColumn:
    """Return each name's covariance with an ETF: with its basket, or as the ETF's own row has it."""
    own = bool(contents.units[k - 1].own_row)
    scale = contents.scaled(k)

    def formula(row: int, _: int) -> str | None:
        found = None if own else model.covariance(row, k)
        return f"{scale}({found})" if found and scale else found

    return CheckedColumn(
        heading=f"covariance_with_etf_{k}",
        values=contents.result.aligned.etf_covariances[:, k - 1].tolist(),
        look=style.given(style.RISK) if own else style.calculated(style.RISK),
        formula=_or_values(formula),
        name=f"etf_covariance_{k}",
    )


def benchmark_name(contents: Contents, ticker: str) -> str:
    """Return the name of the column of covariances with a target's ticker."""
    return f"target_covariance_{1 + contents.benchmarks.index(ticker)}"


def _difference(stem: str, vector: str, less: str) -> str:
    return f"({stem}_{vector}-{stem}_{less})" if less else f"{stem}_{vector}"


def _or_values(formula: Callable[..., str | None]) -> Callable[[int, int], str | None] | None:
    """Return a column's formula, or None where the model has none."""
    return formula if formula(FIRST_ROW, 0) is not None else None
