"""The sheets Covariance and Risk: V, and the vectors that V multiplies, in its order.

V is a matrix, or the loadings and specific variances of ``V = L L' + diag(D)``. A model with too many
cells for a sheet is left out, and the formulas start from the covariance of each name with each ETF.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from openpyxl.utils import get_column_letter

from betaneutral_xl.model.arrays import FloatArray
from betaneutral_xl.model.risk import CovarianceOperator, Dense, Factors
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book, Compared
from betaneutral_xl.report.cells import Canvas, Formula
from betaneutral_xl.report.checked_tables import (
    FIRST_ROW,
    PYTHON,
    Column,
    finish_sheet,
    looked_up,
    place_grid,
    place_text,
    write_headings,
)
from betaneutral_xl.report.contents import Contents

MAX_CELLS = 512 * 512
"""Maximum number of cells of a risk model on a sheet."""

PRINTED = 16
"""Columns of the risk model that are printed."""

MODEL = "Covariance"


@dataclass(frozen=True, slots=True)
class Model:
    """How V is written, and the formulas that depend on it.

    This one is too large for a sheet: its products with the ETFs' weights are written as values.
    """

    form: CovarianceOperator

    def variance(self, vector: str, minus: str = "") -> str | None:
        """Return the formula of x'V x for a vector of the sheet Risk, or for a difference of two.

        None if V is not on the sheet, but for an ETF, whose V f is.
        """
        del minus
        number = vector.removeprefix("etf_")
        return f"SUMPRODUCT(etf_covariance_{number},risk_{vector})" if number != vector else None

    def covariance(self, row: int, k: int) -> str | None:  # noqa: ARG002 - of those with V on a sheet
        """Return the formula of a name's covariance with an ETF; None if it is a value."""
        return None

    def volatility(self, row: int, index: int) -> str | None:  # noqa: ARG002 - likewise
        """Return the formula of a name's volatility; None if it is a value."""
        return None

    def write(self, book: Book, canvas: Canvas, contents: Contents) -> None:
        """Fill the sheet Covariance: here with what is omitted, and from which values the formulas start."""
        del book, contents
        lines = (
            f"The risk model of {self.form.size:,} names has more than {MAX_CELLS:,} cells.",
            "The sheet Risk has each name's volatility and its covariance with each ETF as values; "
            "every beta is a formula of those.",
            "The portfolio volatility and the tracking error are values, marked as such in Measures.",
            "The file of the risk model, and its SHA-256, are named in Provenance.",
        )
        place_text(canvas, "The risk model is omitted", lines, 110)


@dataclass(frozen=True, slots=True)
class Matrix(Model):
    """V as a block of cells from column B on."""

    form: Dense

    @property
    def _last(self) -> str:
        return get_column_letter(1 + self.form.size)

    def variance(self, vector: str, minus: str = "") -> str:
        """Return the formula of x'V x."""
        x = _difference("risk", vector, minus)
        return f"SUMPRODUCT(MMULT(covariance,{x}),{x})"

    def covariance(self, row: int, k: int) -> str:
        """Return the formula of a row of V times the ETF's weights."""
        return f"SUMPRODUCT(MMULT({MODEL}!$B{row}:${self._last}{row},risk_etf_{k}))"

    def volatility(self, row: int, index: int) -> str:
        """Return the formula of the root of a diagonal entry."""
        return f"SQRT({MODEL}!{get_column_letter(2 + index)}{row})"

    def write(self, book: Book, canvas: Canvas, contents: Contents) -> None:
        """Write V with its tickers on both sides."""
        tickers = contents.result.aligned.covered_tickers
        n = len(tickers)
        numbers = style.entered(style.RISK)
        write_headings(canvas, ["Ticker", *tickers], [style.TEXT, *(numbers for _ in tickers)])
        for row, (ticker, values) in enumerate(
            zip(tickers, self.form.matrix.tolist(), strict=True), start=FIRST_ROW
        ):
            canvas.put(row, 1, ticker, style.LABEL)
            canvas.put_numbers(row, 2, values, numbers)
        book.define("covariance", canvas.area(FIRST_ROW, 2, n, n))
        canvas.widths([12, *(10 for _ in tickers)])
        finish_sheet(canvas, min(1 + n, PRINTED), FIRST_ROW + n - 1)


@dataclass(frozen=True, slots=True)
class Loadings(Model):
    """V as specific variances in column B and loadings from column C on.

    Below the names are the factor exposures L'x of the vectors x that formulas use.
    """

    form: Factors

    @property
    def _last(self) -> str:
        return get_column_letter(2 + self.form.loadings.shape[1])

    def variance(self, vector: str, minus: str = "") -> str:
        """Return the formula of x'V x: squared factor exposures plus specific variance."""
        x = _difference("risk", vector, minus)
        return f"SUMPRODUCT({_difference('exposure', vector, minus)}^2)+SUMPRODUCT(specific_variance,{x},{x})"

    def covariance(self, row: int, k: int) -> str:
        """Return the formula of a name's loadings times the ETF's exposures, plus the specific part."""
        common = f"SUMPRODUCT({MODEL}!$C{row}:${self._last}{row},exposure_etf_{k})"
        return f"{common}+{MODEL}!$B{row}*INDEX(risk_etf_{k},{row - FIRST_ROW + 1})"

    def volatility(self, row: int, index: int) -> str:
        """Return the formula of the root of a diagonal entry."""
        del index
        return f"SQRT(SUMSQ({MODEL}!$C{row}:${self._last}{row})+{MODEL}!$B{row})"

    def write(self, book: Book, canvas: Canvas, contents: Contents) -> None:
        """Write D and L, and the factor exposures of the vectors below them."""
        tickers, loadings = contents.result.aligned.covered_tickers, self.form.loadings
        n, k = loadings.shape
        numbers = style.entered(style.RISK)
        headings = ["Ticker", "Specific variance", *(f"Loading {j}" for j in range(1, k + 1))]
        write_headings(canvas, headings, [style.TEXT, *(numbers for _ in headings[1:])])
        specific = self.form.specific_variance.tolist()
        for row, (ticker, own, values) in enumerate(
            zip(tickers, specific, loadings.tolist(), strict=True), start=FIRST_ROW
        ):
            canvas.put(row, 1, ticker, style.LABEL)
            canvas.put_numbers(row, 2, [own, *values], numbers)
        book.define("specific_variance", canvas.area(FIRST_ROW, 2, n))
        for number, vector in enumerate(_vectors(contents)):
            self._write_exposures(book, canvas, vector, FIRST_ROW + n + 1 + 2 * number)
        canvas.widths([24, 17, *(11 for _ in range(k))])
        finish_sheet(canvas, min(2 + k, PRINTED), FIRST_ROW + n - 1)

    def _write_exposures(self, book: Book, canvas: Canvas, vector: Vector, row: int) -> None:
        """Write L'x of a vector by formula, and Python's values below."""
        n, k = self.form.loadings.shape
        values = (vector.values @ self.form.loadings).tolist()
        canvas.put(row, 1, f"Exposure: {vector.label}", style.LABEL)
        canvas.put(row + 1, 1, PYTHON, style.from_python("General"))
        for j, value in enumerate(values, start=3):
            column = canvas.area(FIRST_ROW, j, n).local("$")
            formula = Formula(f"SUMPRODUCT({column},risk_{vector.name})", value)
            canvas.put(row, j, formula, style.calculated(style.RISK))
        canvas.put_numbers(row + 1, 3, values, style.from_python(style.RISK))
        here, python = canvas.area(row, 3, columns=k), canvas.area(row + 1, 3, columns=k)
        book.define(f"exposure_{vector.name}", here)
        largest = float(np.abs(values).max(initial=0.0))
        book.compared.append(Compared(f"{MODEL}: exposures, {vector.label}", here, python, largest))


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector that V multiplies: its defined name, its label, and its values, shape (n,)."""

    name: str
    label: str
    values: FloatArray


def _vectors(contents: Contents) -> list[Vector]:
    result, aligned = contents.result, contents.result.aligned
    covered = aligned.covered
    return [
        Vector("weight", "Weight", aligned.covered_weights),
        Vector("new_weight", "New weight", result.new_weights[covered]),
        Vector("trade", "Trade", result.trades[covered]),
        *(
            Vector(f"etf_{k}", contents.per_etf("ETF weight", k), aligned.covered_etf_weights[:, k - 1])
            for k in contents.etfs
        ),
        *(
            Vector(f"alternative_{j}", label, alternative.new_weights[covered])
            for j, (label, alternative) in enumerate(contents.weighted_alternatives, start=1)
        ),
    ]


def model_of(contents: Contents) -> Model:
    """Return how the risk model is written: as a matrix, as factors, or omitted."""
    form = contents.result.aligned.covariance.form
    if isinstance(form, Factors) and form.loadings.size <= MAX_CELLS:
        return Loadings(form)
    if isinstance(form, Dense) and form.size**2 <= MAX_CELLS:
        return Matrix(form)
    return Model(form)


def write_vectors(book: Book, canvas: Canvas, contents: Contents, model: Model) -> None:
    """Write the sheet Risk: the vectors that V multiplies, volatilities and covariances, in V's order."""
    aligned = contents.result.aligned
    covariance, tickers = aligned.covariance, aligned.covered_tickers
    percent = style.calculated(style.PERCENT)
    columns = [
        Column("Ticker", list(tickers), style.LABEL, name="risk_ticker"),
        *(
            Column(
                one.label,
                one.values.tolist(),
                percent,
                looked_up(one.name.replace("etf_", "etf_weight_"), tickers),
                f"risk_{one.name}",
            )
            for one in _vectors(contents)
        ),
        Column(
            "Volatility",
            covariance.volatilities.tolist(),
            percent,
            _or_values(model.volatility),
            "risk_volatility",
            squared=True,
        ),
    ]
    columns += [_covariance_with(contents, model, k) for k in contents.etfs]
    if covariance.seen is not None and covariance.effective_days is not None:
        days = (covariance.seen * covariance.effective_days).tolist()
        columns.append(Column("Effective days", days, style.entered("0.0"), name="risk_days"))
    for ticker in dict.fromkeys(one for one in contents.benchmarks if one):
        values = aligned.risk_model.between(ticker, tickers).tolist()
        name = benchmark_name(contents, ticker)
        columns.append(
            Column(f"Covariance with target {ticker}", values, style.entered(style.RISK), name=name)
        )
    place_grid(book, canvas, columns)


def _covariance_with(contents: Contents, model: Model, k: int) -> Column:
    """Return each name's covariance with an ETF, from its basket or from its own row of V."""
    own = bool(contents.units[k - 1].own_row)
    scale = contents.scaled(k)

    def formula(row: int, _: int) -> str | None:
        found = None if own else model.covariance(row, k)
        return f"{scale}({found})" if found and scale else found

    return Column(
        f"Covariance with {contents.result.etf_names[k - 1]}",
        contents.result.aligned.etf_covariances[:, k - 1].tolist(),
        style.entered(style.RISK) if own else style.calculated(style.RISK),
        _or_values(formula),
        f"etf_covariance_{k}",
    )


def benchmark_name(contents: Contents, ticker: str) -> str:
    """Return the defined name of the covariances with a target's ticker."""
    return f"target_covariance_{1 + contents.benchmarks.index(ticker)}"


def _difference(stem: str, vector: str, minus: str) -> str:
    return f"({stem}_{vector}-{stem}_{minus})" if minus else f"{stem}_{vector}"


def _or_values(formula: Callable[..., str | None]) -> Callable[[int, int], str | None] | None:
    """Return a column's formula, or None if the model has none."""
    return formula if formula(FIRST_ROW, 0) is not None else None
