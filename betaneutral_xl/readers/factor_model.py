"""Load a factor model from three labelled tables: exposures, factor covariance, specific risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import DuplicateTicker, InputError, UnreadableFile, listing
from betaneutral_xl.model.arrays import FloatArray, positions_of
from betaneutral_xl.model.factor_model import Units, factor_model
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.tabular.files import read_bytes, shown_name
from betaneutral_xl.readers.tabular.grid import LIMIT, parse_grid

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from betaneutral_xl.model.risk import Covariance


def load_factor_model(
    exposures: Path | str,
    factor_covariance: Path | str,
    specific_risk: Path | str,
    *,
    units: Units = Units.DECIMAL,
    as_of: date | None = None,
) -> Covariance:
    """Load a factor model from three tables, aligned by label, never by position.

    The covariance is ``X F X' + diag(s^2)``.

    Parameters
    ----------
    exposures
        CSV of X, shape (N, k): ``ticker,<factor>,<factor>,...``.
    factor_covariance
        CSV of F, shape (k, k), annual: ``factor,<factor>,<factor>,...``, the same factors in any order.
    specific_risk
        CSV of s, shape (N,), annual volatility: ``ticker,specific_risk``, the same tickers in any order.
    units
        ``decimal``, or ``percent`` for percent and percent squared.
    as_of
        The date of the model.

    Returns
    -------
    Covariance
        Annual decimals, in the factor form, in the order of ``exposures``.

    Raises
    ------
    UnreadableFile
        If a file is not such a table.
    InputError
        If the labels of two tables differ; and as ``model.factor_model.factor_model``.

    """
    tables = [_table(path) for path in (exposures, factor_covariance, specific_risk)]
    (rows, factors, x), (f_rows, f_columns, f), (r_rows, r_columns, risk) = (table[1:4] for table in tables)
    tickers, others = [normalise(t) for t in rows], [normalise(t) for t in r_rows]
    names = [table[0] for table in tables]
    _require_same_labels(factors, f_rows, "factors", names[0], names[1])
    _require_same_labels(factors, f_columns, "factors", names[0], names[1])
    _require_same_labels(tickers, others, "tickers", names[0], names[2])
    if len(r_columns) != 1:
        msg = f"{names[2]} has {len(r_columns)} columns beside the ticker, not the specific risk alone."
        raise UnreadableFile(msg)
    provenance = Provenance(
        source="factor model",
        location=" + ".join(names),
        retrieval=Retrieval.FILE,
        as_of=as_of,
        rows=len(tickers),
        sha256=digest("".join(table[4] for table in tables).encode()),
        note=f"{len(factors)} factors, read as {units}",
    )
    f = f[np.ix_(positions_of(factors, f_rows), positions_of(factors, f_columns))]
    specific = risk[positions_of(tickers, others), 0]
    return factor_model(tickers, x, f, specific, units=units, provenance=provenance)


def _table(path: Path | str) -> tuple[str, list[str], list[str], FloatArray, str]:
    """Return the file's name, row labels, column labels, numbers, and SHA-256."""
    content, name = read_bytes(path, LIMIT), shown_name(path)
    grid = parse_grid(content, name)
    return name, grid.labels(), list(grid.header[1:]), grid.numbers(), digest(content)


def _require_same_labels(first: list[str], second: list[str], what: str, name: str, other: str) -> None:
    for labels, where in ((first, name), (second, other)):
        duplicates = sorted({label for label in labels if labels.count(label) > 1})
        if duplicates:
            msg = f"{where} lists the {what} {listing(duplicates)} more than once. Remove the duplicates."
            raise DuplicateTicker(msg, tickers=duplicates)
    unmatched = sorted(set(first) ^ set(second))
    if unmatched:
        msg = f"{name} and {other} do not have the same {what}: see {listing(unmatched)}."
        raise InputError(msg)
