"""Parse a covariance from the columns of a Parquet file, without a cell as text."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from betaneutral_xl.readers.matrix_tables import PlainMatrix
from betaneutral_xl.readers.tabular.parquet import open_parquet

COLUMNS = 256
"""Columns that are read at once; their decoding takes memory beside the matrix."""


def parquet_matrix(stream: BinaryIO, name: str) -> PlainMatrix | None:
    """Parse a Parquet file of a column of tickers, at most one of days, and one of doubles for each row.

    None if it has other columns, or a blank cell. Raises as ``open_parquet``.
    """
    with open_parquet(stream, name) as file:
        import pyarrow as pa

        fields = list(file.schema_arrow)
        tickers = [
            one.name for one in fields if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)
        ]
        days = [one.name for one in fields if pa.types.is_date(one.type) or pa.types.is_timestamp(one.type)]
        numbers = [one.name for one in fields if pa.types.is_float64(one.type)]
        n = file.metadata.num_rows
        known = len(tickers) + len(days) + len(numbers) == len(fields) == len({one.name for one in fields})
        if not known or len(tickers) != 1 or len(days) > 1 or not len(numbers) == n > 0:
            return None
        label_table = file.read(columns=[*days, *tickers])
        if any(column.null_count for column in label_table.columns):
            return None
        labels = [
            [_text(cell) for cell in row.values()]
            for row in label_table.select([*days, *tickers]).to_pylist()
        ]
        matrix = np.empty((n, n))
        for start in range(0, n, COLUMNS):
            part = file.read(columns=numbers[start : start + COLUMNS])
            if any(column.null_count for column in part.columns):
                return None
            for j, column in enumerate(part.columns, start):
                matrix[:, j] = column.to_numpy()
    return PlainMatrix(tuple(numbers), labels, matrix)


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else str(cell)[:10]  # a day, or its midnight
