"""Read the JSON that issuers' pages load: its longest list of records becomes a grid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.tabular.sheets import GridBuilder, TextSheet

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 8 * 1024 * 1024
MAX_DEPTH = 12


def read_json(content: bytes, file_name: str) -> tuple[TextSheet, ...]:
    """Return the longest list of records as a grid, its keys as the header; plain fields as notes."""
    if len(content) > LIMIT:
        msg = f"{file_name} is JSON of {len(content) / 1e6:.0f} MB; at most {LIMIT / 1e6:.0f} MB are read."
        raise UnreadableFile(msg)
    try:
        value = json.loads(content, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        msg = f"{file_name} begins like JSON but is not JSON ({reason[:80]}). Download it again."
        raise UnreadableFile(msg) from None
    records = max(_lists_of_records(value), key=len, default=[])
    if not records:
        msg = f"{file_name} is JSON without a list of records. Download the holdings as CSV or XLSX."
        raise UnreadableFile(msg)
    keys = list(dict.fromkeys(key for record in records for key in record))
    builder = GridBuilder(file_name)
    builder.add(keys)
    for record in records:
        builder.add(_text(record.get(key)) for key in keys)
    return (TextSheet(name="", rows=builder.finish(), notes=tuple(_plain_fields(value))),)


def _lists_of_records(value: Any, depth: int = 0) -> Iterator[list[dict[str, Any]]]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        if value and all(isinstance(one, dict) for one in value):
            yield value
        children: list[Any] = value
    else:
        children = list(value.values()) if isinstance(value, dict) else []
    for child in children:
        if isinstance(child, (dict, list)):
            yield from _lists_of_records(child, depth + 1)


def _plain_fields(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{key}: {one}" for key, one in value.items() if isinstance(one, str))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, str) else json.dumps(value)
