"""Read a table of tickers and their groups: ``ticker,sector``, or with other kinds of groups beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.model.printed import cell_text, number
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.columns import Column, column_of, header_key
from betaneutral_xl.readers.tabular.detection import read_sheets

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row

HEADER_ROWS = 30
MAX_TICKERS = 50_000
MAX_KINDS = 20
MAX_LABEL = 80
"""Characters of a group's name."""
KINDS = {Column.SECTOR: "sector", Column.COUNTRY: "country"}

Groups = dict[str, dict[str, str]]


def parse_groups(content: bytes, file_name: str) -> Groups:
    """Return the groups of each ticker by their kind; blank cells are left out.

    ``content`` is a table, CSV or XLSX, with a header: a ticker, and a column of texts for each kind of
    group, such as sector or country. Raises ``InputError`` if a ticker has two groups of one kind, and
    ``UnreadableFile`` if there is no such table.
    """
    for sheet in read_sheets(content, file_name):
        found = _groups(sheet.rows, file_name)
        if found:
            return found
    msg = f"{file_name} has no table of tickers and groups. Give it the header ticker,sector."
    raise UnreadableFile(msg)


def _groups(rows: Sequence[Row], file_name: str) -> Groups:
    start = next((i for i, row in enumerate(rows[:HEADER_ROWS]) if _ticker_column(row) is not None), None)
    if start is None:
        return {}
    ticker, kinds = _ticker_column(rows[start]), _kinds(rows[start], rows[start + 1 :])
    found: Groups = {}
    for number_of_row, row in enumerate(rows[start + 1 :], start=start + 2):
        printed = cell_text(row[ticker]) if ticker is not None and ticker < len(row) else ""
        for i, kind in kinds.items() if printed else ():
            label = cell_text(row[i])[:MAX_LABEL] if i < len(row) else ""
            name = normalise(printed)
            if label and found.setdefault(name, {}).setdefault(kind, label) != label:
                msg = (
                    f"{file_name}, row {number_of_row:,}: the {kind} of {name} is {label!r} and "
                    f"{found[name][kind]!r}. Leave one of them."
                )
                raise InputError(msg, tickers=[name])
        if len(found) > MAX_TICKERS:
            msg = f"{file_name} has more than {MAX_TICKERS:,} tickers. Leave those that are needed."
            raise UnreadableFile(msg)
    return found


def _ticker_column(row: Row) -> int | None:
    columns = list(map(column_of, row))
    return columns.index(Column.TICKER) if Column.TICKER in columns and len(row) > 1 else None


def _kinds(header: Row, below: Sequence[Row]) -> dict[int, str]:
    """Return the kind of group of each column: of sectors, countries, or of texts under another header."""
    kinds: dict[int, str] = {}
    for i, text in enumerate(header):
        column = column_of(text)
        cells = [cell_text(row[i]) for row in below if i < len(row) and cell_text(row[i])]
        if column in KINDS:
            kinds.setdefault(i, KINDS[column])
        elif column is None and header_key(text) and cells and all(number(one) is None for one in cells):
            kinds[i] = header_key(text)
    return dict(list(kinds.items())[:MAX_KINDS])


def as_text(groups: Mapping[str, Mapping[str, str]]) -> str:
    """Return groups as one line, as the options of a raw input keep them."""
    return json.dumps(groups, ensure_ascii=False, sort_keys=True)


def from_text(text: str) -> Mapping[str, Mapping[str, str]]:
    """Return groups from the line of ``as_text``."""
    groups = json.loads(text) if text else {}
    if not isinstance(groups, dict) or not all(isinstance(one, dict) for one in groups.values()):
        msg = "no groups by ticker"
        raise ValueError(msg)
    return MappingProxyType({str(name): _labels(one) for name, one in groups.items()})


def _labels(groups: Mapping[str, object]) -> dict[str, str]:
    return {str(kind): str(label) for kind, label in groups.items()}
