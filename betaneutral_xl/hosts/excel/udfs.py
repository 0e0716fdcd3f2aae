"""The worksheet functions as xlwings registers them: one for each entry of the registry.

xlwings imports this module in the process that answers Excel. On Windows its decorators describe
the functions; elsewhere they do nothing.
"""

from __future__ import annotations

import inspect
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import xlwings as xw
from xlwings.conversion import Accessor, Pipeline
from xlwings.conversion.standard import ReadValueFromRangeStage

from betaneutral_xl.hosts.remote.conversion_cache import ConversionCache
from betaneutral_xl.hosts.sheets.cells import Raw
from betaneutral_xl.hosts.sheets.functions import CATEGORY, FUNCTIONS
from betaneutral_xl.hosts.sheets.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.hosts.sheets.functions import Function
    from betaneutral_xl.hosts.sheets.session import Rows

session = Session()
"""What this process remembers; the buttons share it where they run in it."""


class UsedCells(Accessor):
    """A range as Excel has it, of whole columns the used part only; and back, rows as they are.

    xlwings' own way asks pandas about every cell, which costs more than our functions do.
    """

    @staticmethod
    def reader(options: Any) -> Any:
        """Return the steps from an argument to rows."""
        steps: Any = Pipeline()
        read: Any = ReadValueFromRangeStage
        for step in (_cut_to_used, read(options), _as_it_came):
            steps.append_stage(step)
        return steps

    @staticmethod
    def writer(_: Any) -> Any:
        """Return the steps from rows to a result."""
        steps: Any = Pipeline()
        return steps.append_stage(_as_excel_takes)


MOST_ROWS = 100_000
"""From so many rows on a range is whole columns."""


def _cut_to_used(context: Any) -> None:
    """Replace whole columns by the part of them that is used, before a million cells are read."""
    if context.range is None or context.range.shape[0] < MOST_ROWS:
        return
    used = context.range.sheet.used_range.last_cell
    first = context.range[0, 0]
    rows = max(1, used.row - first.row + 1)
    context.range = context.range[:rows, :]


def _as_it_came(context: Any) -> None:
    """Hand the values on unread: of what was read before, the session knows the answer by their bytes."""
    context.value = Raw(context.value, _with_errors_named)


def _with_errors_named(value: Any) -> Any:
    """Replace the whole numbers that stand for error cells by the errors' names."""
    rows = value if isinstance(value, (list, tuple)) else ((value,),)
    if rows and not isinstance(rows[0], (list, tuple)):
        rows = (rows,)
    engine: Any = xw.engines.active
    clean = engine.impl.clean_value_data
    return [
        clean([row], datetime, None, None, err_to_str=True)[0]
        if any(type(one) is int for one in row)
        else row
        for row in rows
    ]


_converted: ConversionCache[list[list[Any]]] = ConversionCache()


def _as_excel_takes(context: Any) -> None:
    """Give blanks as empty text, which a cell shows as nothing, and days as COM has them."""
    prepare = context.engine.impl.prepare_xl_data_element

    def taken(rows: Rows) -> list[list[Any]]:
        return [
            ["" if one is None else prepare(one, {}) if isinstance(one, date) else one for one in row]
            for row in rows
        ]

    context.value = _converted.convert(context.value, taken)


def _registered(function: Function) -> Callable[..., Rows]:
    """Return a function that xlwings can describe to Excel: real names, real defaults."""

    def answer(*values: object) -> Rows:
        return session.call(function, *values)

    parameters = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=None if one.optional else inspect.Parameter.empty,
        )
        for one in function.arguments
    ]
    answer.__name__ = answer.__qualname__ = function.name
    answer.__doc__ = function.help
    answer.__annotations__ = {}  # xlwings would take types as instructions to convert
    answer.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # inspect reads it
    described: Any = xw.ret(UsedCells)(answer)
    for one in function.arguments:
        described = xw.arg(one.name, UsedCells, doc=one.help)(described)
    # The last decorator, because each of the others sets category and wizard back to their defaults.
    registered: Callable[..., Rows] = xw.func(category=CATEGORY, call_in_wizard=not function.may_fetch)(
        described
    )
    return registered


globals().update({function.name: _registered(function) for function in FUNCTIONS})
