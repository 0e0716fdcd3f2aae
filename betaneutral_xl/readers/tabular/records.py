"""Read the JSON that issuers' pages load, and XML that lists records: the most records become a grid.

A record may have records in it, and stand in a list within other records: a product with its composition.
The fields within a record become columns, and so do the fields of the records around its list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.tabular.sheets import GridBuilder, TextSheet, printable
from betaneutral_xl.system.patterns import Pattern

LIMIT = 8 * 1024 * 1024
MAX_DEPTH = 12
MAX_NOTES = 500
"""Fields outside of the records that are read."""
MAX_NOTE_LENGTH = 300

LABEL = Pattern(r"name|ticker|symbol|isin$|id$|code$|date$|as_?of", re.IGNORECASE)
ANOTHER_LABEL = Pattern(r"incept|launch|maturity", re.IGNORECASE)
MAX_LABEL_LENGTH = 120
"""Fields that identify a record, by their names and length."""

WORDS = Pattern(r"(?<=[a-z])(?=[A-Z])")
"""Where one word of a key ends and the next begins: ``seriesName``."""

Record = dict[str, str]

_FIRST = ("Ticker", "Name", "Sector", "Asset Class", "Market Value", "Weight (%)", "Notional Value", "Shares")
_LAST = ("Price", "Location", "Exchange", "Market Currency")
AA_DATA = MappingProxyType(
    {
        17: (*_FIRST, "CUSIP", "ISIN", "SEDOL", *_LAST, "FX Rate", "Accrual Date"),
        13: (*_FIRST, "ISIN", *_LAST),
    }
)
"""The columns of iShares' ``aaData``, which has no header, by their number: of US funds, and of others."""


def read_json(content: bytes, file_name: str) -> tuple[TextSheet, ...]:
    """Return the records of the path that has the most as a grid; the fields outside of it as notes."""
    if len(content) > LIMIT:
        msg = f"{file_name} is JSON of {len(content) / 1e6:.0f} MB; at most {LIMIT / 1e6:.0f} MB are read."
        raise UnreadableFile(msg)
    try:
        value = json.loads(content, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        msg = f"{file_name} begins like JSON but is not JSON ({reason[:80]}). Download it again."
        raise UnreadableFile(msg) from None
    table = _table_of_lists(value)
    if table is not None:
        return (grid_of(table, tuple(_plain_fields(value)), file_name),)
    lists: dict[tuple[str, ...], list[tuple[Record, Sequence[Mapping[str, Any]]]]] = {}
    for path, around, records in _lists_of_records(value):
        lists.setdefault(path, []).append((around, records))
    if not lists:
        msg = f"{file_name} is JSON without a list of records. Download the holdings as CSV or XLSX."
        raise UnreadableFile(msg)
    largest = max(lists.values(), key=lambda found: sum(len(records) for _, records in found))
    rows = [{**around, **_fields(record)} for around, records in largest for record in records]
    return (grid_of(rows, tuple(_plain_fields(value)), file_name),)


def _table_of_lists(value: Any) -> list[Record] | None:
    """Return the records of rows that are lists: of iShares (``aaData``), or of pandas' columns and data."""
    if not isinstance(value, dict):
        return None
    rows = value.get("aaData", value.get("data"))
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        return None
    names, index = value.get("columns"), value.get("index")
    if "aaData" in value:
        names = AA_DATA.get(len(rows[0]))
    elif isinstance(index, list) and len(index) == len(rows):
        names, rows = ["index", *(names or ())], [[one, *row] for one, row in zip(index, rows, strict=True)]
    if not isinstance(names, list | tuple) or any(len(row) != len(names) for row in rows):
        return None
    return [{str(name): _text(_raw(one)) for name, one in zip(names, row, strict=True)} for row in rows]


def _raw(value: Any) -> Any:
    """Return the number of a cell that has it beside its text."""
    return value.get("raw") if isinstance(value, dict) else value


def grid_of(records: Sequence[Record], notes: Sequence[str], file_name: str) -> TextSheet:
    """Return records as a grid whose header has every key, in the order of their first use."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    builder = GridBuilder(file_name)
    builder.add(keys)
    for record in records:
        builder.add(record.get(key, "") for key in keys)
    shown = tuple(printable(note[:MAX_NOTE_LENGTH]) for note in notes[:MAX_NOTES])
    return TextSheet(name="", rows=builder.finish(), notes=shown)


def _lists_of_records(
    value: Any, path: tuple[str, ...] = (), around: Record | None = None
) -> Iterator[tuple[tuple[str, ...], Record, Sequence[Mapping[str, Any]]]]:
    """Yield each list of records with its path, and the fields of the records in whose list it stands."""
    around = around or {}
    if len(path) > MAX_DEPTH:
        return
    if isinstance(value, list):
        if value and all(isinstance(one, dict) for one in value):
            yield path, around, value
        for one in value:
            if isinstance(one, list):
                yield from _lists_of_records(one, (*path, "[]"), around)
            elif isinstance(one, dict) and any(isinstance(field, (dict, list)) for field in one.values()):
                yield from _lists_of_records(one, (*path, "[]"), {**around, **_labels(one)})
    elif isinstance(value, dict):
        for key, one in value.items():
            if isinstance(one, (dict, list)):
                yield from _lists_of_records(one, (*path, key), around)


def _labels(record: Mapping[str, Any]) -> Record:
    """Return what identifies a record, for the records in its list: a product's name is the fund's."""
    return {
        f"fund {key}": text
        for key, text in _scalars(record).items()
        if LABEL.search(key) and not ANOTHER_LABEL.search(key) and 0 < len(text) <= MAX_LABEL_LENGTH
    }


def _fields(record: Mapping[str, Any], depth: int = 0) -> Record:
    """Return the fields of a record by their names; its own decide over those of the records in it."""
    found = _scalars(record)
    for key, value in record.items():
        if isinstance(value, dict) and depth < MAX_DEPTH:
            for inner, text in _fields(value, depth + 1).items():
                found.setdefault(inner, text)
        elif isinstance(value, (dict, list)):
            found.setdefault(key, json.dumps(value))
    return found


def _scalars(record: Mapping[str, Any]) -> Record:
    return {key: _text(value) for key, value in record.items() if not isinstance(value, (dict, list))}


def _plain_fields(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the fields of texts outside of lists, or in a list of one record: the one product of a file."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return
    yield from (
        f"{WORDS.sub(' ', key).replace('_', ' ')}: {one}"
        for key, one in value.items()
        if isinstance(one, str)
    )
    for one in value.values():
        yield from _plain_fields(one, depth + 1)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)
