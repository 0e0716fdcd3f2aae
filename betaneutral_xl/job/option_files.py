"""Files of options: TOML, or a table of name, for which, value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.model.constraints import ALL
from betaneutral_xl.model.printed import cell_text
from betaneutral_xl.system.files import read_bytes, shown_name

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import TextSheet

LARGEST_OPTIONS = 4 * 2**20
"""Bytes of a file of options that is read."""

_TABLE = re.compile(r".*\.(?:csv|tsv|xlsx|xlsm|xls)", re.IGNORECASE)

_COLUMNS = (2, 3)
"""Columns of a table of options: name and value, or name, for which, value."""


def read_options(path: Path | str) -> dict[str, Any]:
    """Return the options of a file, as they are written: of TOML, or of a sheet ``FILE.xlsx#Sheet``.

    Raises
    ------
    UnreadableFile
        If the file is absent, too large, or neither.
    InputError
        If a row of a table is incomplete, or repeats another.

    """
    from betaneutral_xl.readers.holdings_files import split_sheet

    file, sheet = split_sheet(path)
    content, name = read_bytes(file, LARGEST_OPTIONS), shown_name(file)
    return _of_table(content, name, sheet) if _TABLE.fullmatch(file) else of_toml(content, name)


def of_toml(content: bytes, name: str) -> dict[str, Any]:
    """Return the options of TOML; ``name`` is the file's, for messages."""
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError:
        reason = "its values are nested too deeply"
    except ValueError as error:  # of tomllib, of the decoder, and of a number with too many digits
        reason = " ".join(str(error).split())
    msg = f"The options in {name} are not TOML: {reason:.200}."
    raise UnreadableFile(msg)


def _of_table(content: bytes, name: str, sheet: str | None) -> dict[str, Any]:
    from betaneutral_xl.readers.tabular.detection import read_sheets

    sheets = read_sheets(content, name)
    found = next((one for one in sheets if sheet is None or one.name == sheet), None)
    if found is None:
        msg = f"{name} has no sheet {sheet!r:.40}. It has {', '.join(one.name for one in sheets):.200}."
        raise InputError(msg)
    start = next((i for i, row in enumerate(found.rows) if _is_header(row)), None)
    if start is None:
        msg = f"{name} has no table of options. Give it a header: name, for which, value."
        raise InputError(msg)
    width = _width(found.rows[start])
    _refuse_hidden(found, start, width, name)
    rows = (row[:width] for row in found.rows[start + 1 :])
    return _of_rows(rows, width, name, start + 2)


def _refuse_hidden(sheet: TextSheet, start: int, width: int, name: str) -> None:
    """Refuse a rule that the sheet does not show: no answer has a place to say that it was applied."""
    hidden = sheet.hidden
    columns = hidden.columns & set(range(width))
    rows = range(start + 1, len(sheet.rows)) if columns or hidden.sheet else sorted(hidden.rows)
    for i in rows:
        cells = [cell_text(cell) for row in sheet.rows[i : i + 1] for cell in row[:width]]
        if i > start and len(cells) == width and cells[-1]:
            shown = " ".join(filter(None, cells))
            msg = (
                f"{name}, sheet {sheet.name}, row {i + 1} ({shown:.60}) is hidden or filtered out. Show it, "
                "or clear its value."
            )
            raise InputError(msg)


def _is_header(row: Sequence[str]) -> bool:
    return bool(_width(row)) and cell_text(row[0]).lower() in {"name", "option", "rule"}


def _width(header: Sequence[str]) -> int:
    """Return the column of the values, from 1; what is right of it is the user's own. 0 without one."""
    words = [cell_text(cell).lower() for cell in header[: max(_COLUMNS)]]
    return next((place for place in _COLUMNS if words[place - 1 : place] == ["value"]), 0)


def _of_rows(rows: Iterable[Sequence[str]], width: int, name: str, first: int) -> dict[str, Any]:
    by_name: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows, start=first):
        key, *middle, value = (cell_text(cell) for cell in (*row, *[""] * width)[:width])
        if not value:
            continue  # a rule that is listed and not set
        if not key:
            msg = f"{name}, row {number} has the value {value!r:.40} and no name. Name the option."
            raise InputError(msg)
        label = (middle[0] if middle else "") or ALL
        if label in by_name.setdefault(key, {}):
            msg = f"{name}, row {number} gives {key} {label} again. Keep one of the rows."
            raise InputError(msg)
        by_name[key][label] = value
    return {key: one[ALL] if list(one) == [ALL] else one for key, one in by_name.items()}
