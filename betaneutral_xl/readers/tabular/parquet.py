"""Read Parquet files as sheets of typed cells; pyarrow is optional."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.readers.tabular.cell_grids import text_of
from betaneutral_xl.readers.tabular.sheets import TextSheet

if TYPE_CHECKING:
    from pyarrow import Table
    from pyarrow.parquet import ParquetFile

PARQUET = b"PAR1"
MAX_CELLS = 26_000_000
"""Cells of a table: a matrix of 5,000 names has 25 million."""


@contextlib.contextmanager
def open_parquet(stream: BinaryIO, name: str) -> Iterator[ParquetFile]:
    """Open a Parquet file.

    Raises ``InputError`` if pyarrow is not installed, or the file is damaged or too large, also where that
    shows while it is read.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        msg = (
            f"{name} is a Parquet file, and pyarrow is not installed. "
            'Install it with pip install "betaneutral-xl[parquet]", or give CSV.'
        )
        raise InputError(msg) from None
    try:
        file = ParquetFile(stream)
        cells = file.metadata.num_rows * file.metadata.num_columns
        if cells > MAX_CELLS:
            msg = f"{name} has {cells:,} cells, more than {MAX_CELLS:,}. Keep the names that are needed."
            raise UnreadableFile(msg)
        yield file
    except (ArrowException, OSError) as error:
        msg = f"{name} is not a table in Parquet: {str(error).splitlines()[0][:100]}."
        raise UnreadableFile(msg) from None


def read_parquet(content: bytes, name: str) -> Table:
    """Return the table of a Parquet file; raises what ``open_parquet`` raises."""
    with open_parquet(io.BytesIO(content), name) as file:
        return file.read()


def parquet_sheet(content: bytes, name: str) -> TextSheet:
    """Return a Parquet file as a sheet: its column names, then its rows; pandas' index is a column."""
    table = read_parquet(content, name)
    names = tuple("" if one.startswith("__index_level_") else one for one in table.column_names)
    columns = [[_text(value) for value in column.to_pylist()] for column in table.columns]
    return TextSheet(name="", rows=(names, *zip(*columns, strict=True)))


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool() | str():
            return text_of(value)
        case datetime():
            return text_of(value.date())
        case date():
            return text_of(value)
        case int() | float():
            return "" if value != value else text_of(float(value))  # noqa: PLR0124 - not a number
    return str(value)
