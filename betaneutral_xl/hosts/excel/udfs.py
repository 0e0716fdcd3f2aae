"""The worksheet functions as xlwings registers them: one for each entry of the registry.

xlwings imports this module in the process that answers Excel. On Windows its decorators describe
the functions; elsewhere they do nothing.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import xlwings as xw
from xlwings.conversion import Converter

from betaneutral_xl.hosts.functions import CATEGORY, FUNCTIONS
from betaneutral_xl.hosts.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.hosts.functions import Function
    from betaneutral_xl.hosts.session import Rows

session = Session()
"""What this process remembers; the buttons share it where they run in it."""


class UsedCells(Converter):
    """A range, of whole columns the used part only; and back, rows as the session gives them."""

    @classmethod
    def base_reader(cls, options: Any, base_type: Any = None) -> Any:
        """Cut the range before it is read."""
        reader: Any = super().base_reader(options, base_type)  # type: ignore[no-untyped-call] # xlwings has no types here
        return reader.prepend_stage(_cut_to_used)

    @staticmethod
    def read_value(value: Any, _: Any) -> Any:
        """Hand on the rows."""
        return value

    @staticmethod
    def write_value(value: Rows, _: Any) -> list[list[Any]]:
        """Hand on the rows."""
        return [list(row) for row in value]


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
        described = xw.arg(one.name, UsedCells, ndim=2, err_to_str=True, doc=one.help)(described)
    # The last decorator, because each of the others sets category and wizard back to their defaults.
    registered: Callable[..., Rows] = xw.func(category=CATEGORY, call_in_wizard=not function.may_fetch)(
        described
    )
    return registered


globals().update({function.name: _registered(function) for function in FUNCTIONS})
