"""The worksheet functions registered with xlwings, one for each entry of the registry.

xlwings imports this module in the process that serves Excel. On Windows its decorators register the
functions; elsewhere they do nothing.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

import xlwings as xw
from xlwings.conversion import Accessor, Pipeline
from xlwings.conversion.standard import ReadValueFromRangeStage

from betaneutral_xl.hosts.excel.waiting import Waiting, calling_cell, keep_callers
from betaneutral_xl.hosts.remote.conversion_cache import ConversionCache
from betaneutral_xl.hosts.sheets.cells import Raw
from betaneutral_xl.hosts.sheets.functions import CATEGORY, FUNCTIONS, Function
from betaneutral_xl.hosts.sheets.session import Rows, Session

session = Session()
"""The state of this process, shared by the buttons that run in it."""

waiting = Waiting(calling_cell, session.settings.cell_wait)
"""The answers that cells do not wait for."""

COM_ATTEMPTS = 2_000
"""Calls of a busy Excel after which xlwings raises: a second or two. By default it tries for ever."""

if "xlwings.com_server" in sys.modules:  # this is the process that serves Excel
    keep_callers(sys.modules["xlwings.com_server"])
    sys.modules["xlwings._xlwindows"].N_COM_ATTEMPTS = COM_ATTEMPTS  # type: ignore[attr-defined] # xlwings' own


class UsedCells(Accessor):
    """A converter that reads only the used part of whole columns, and writes rows directly.

    xlwings' own converter calls pandas for every cell, which takes longer than the functions.
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


WHOLE_COLUMN_ROWS = 100_000
"""Rows from which a range is treated as whole columns."""


def _cut_to_used(context: Any) -> None:
    """Limit whole columns to their used part, before a million cells are read."""
    if context.range is None or context.range.shape[0] < WHOLE_COLUMN_ROWS:
        return
    used = context.range.sheet.used_range.last_cell
    first = context.range[0, 0]
    rows = max(1, used.row - first.row + 1)
    context.range = context.range[:rows, :]


def _as_it_came(context: Any) -> None:
    """Pass the values on undecoded: the session caches decoded grids by their bytes."""
    context.value = Raw(context.value, _with_errors_named)


def _with_errors_named(value: Any) -> Any:
    """Replace the integer codes of error cells by the names of the errors."""
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
    """Convert blanks to empty text, which Excel shows as blank, and dates to those of COM."""
    prepare = context.engine.impl.prepare_xl_data_element

    def taken(rows: Rows) -> list[list[Any]]:
        return [
            ["" if one is None else prepare(one, {}) if isinstance(one, date) else one for one in row]
            for row in rows
        ]

    context.value = _converted.convert(context.value, taken)


def _registered(function: Function) -> Callable[..., Rows]:
    """Return a function with the names and defaults that xlwings registers in Excel."""

    def answer(*values: object) -> Rows:
        if not function.may_fetch:
            return session.call(function, *values)
        return waiting.answer(function.name, values, partial(session.call, function, *values))

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
    answer.__annotations__ = {}  # xlwings would convert values to annotated types
    answer.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # inspect reads it
    described: Any = xw.ret(UsedCells)(answer)
    for one in function.arguments:
        described = xw.arg(one.name, UsedCells, doc=one.help)(described)
    # The last decorator, because each of the others resets category and wizard to their defaults.
    registered: Callable[..., Rows] = xw.func(category=CATEGORY, call_in_wizard=not function.may_fetch)(
        described
    )
    return registered


globals().update({function.name: _registered(function) for function in FUNCTIONS})
