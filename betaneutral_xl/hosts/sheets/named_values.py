"""Named values in a range: options of an estimator, limits of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from betaneutral_xl.errors import InputError, MissingValue
from betaneutral_xl.hosts.sheets.cells import Cell, Grid, as_text, refuse_error


def named_values(grid: Grid) -> dict[str, Any]:
    """Read named values: two columns (name, value), three (name, for which, value), or ``a=1; b=2``.

    A name with values for several keys becomes a mapping; one without a value is omitted. A first
    row that ends with the word value is a header.

    Raises
    ------
    InputError
        If a name is repeated or missing, or the range has another shape.

    """
    if grid.blank or _names_alone(grid):
        return {}
    found: dict[str, Any] = {}
    read = _options_in_text if len(grid.rows) == grid.width == 1 else _options_in_rows
    for name, keys, value in read(grid):
        _add_option(found, name, keys, value)
    return found


def _options_in_text(grid: Grid) -> Iterator[tuple[str, list[Cell], Cell]]:
    for part in as_text(grid.rows[0][0], grid.what).split(";"):
        name, _, value = map(str.strip, part.partition("="))
        if name and not value:
            msg = f"The option {name} has no value. Write {name}=TRUE or {name}=VALUE."
            raise InputError(msg)
        if name or value:
            yield name, [], value


def _options_in_rows(grid: Grid) -> Iterator[tuple[str, list[Cell], Cell]]:
    if grid.width not in {2, 3}:
        msg = f"{grid.what} has {grid.width} columns. Give name and value, or name, for which, value."
        raise InputError(msg)
    headed = str(grid.rows[0][-1]).lower() == "value"
    for i, (name, *keys, value) in enumerate(grid.rows):
        refuse_error(value, grid.place(i, grid.width - 1))
        if value is None or (headed and i == 0):
            continue
        if name is None:
            shown = as_text(value, grid.what)
            msg = f"{grid.place(i, 0)} has no name beside the value {shown}. Give the name, or clear the row."
            raise MissingValue(msg)
        yield as_text(name, grid.place(i, 0)), [one for one in keys if one is not None], value


def _names_alone(grid: Grid) -> bool:
    """Return whether there are names, and the columns of their values are all blank."""
    texts = grid.width == 1 and any("=" in str(cell) for cell in grid.cells)
    return grid.width == grid.left == 1 < grid.span and not texts


def _add_option(found: dict[str, Any], name: str, keys: list[Cell], value: Cell) -> None:
    repeated = name in found
    if not keys:
        if repeated and not isinstance(found[name], dict):
            msg = f"The option {name} is given twice. Keep one."
            raise InputError(msg)
        found[name] = {**found[name], "*": value} if repeated else value
    elif not repeated:
        found[name] = {str(keys[0]): value}
    elif isinstance(found[name], dict):
        found[name][str(keys[0])] = value
    else:
        found[name] = {"*": found[name], str(keys[0]): value}
