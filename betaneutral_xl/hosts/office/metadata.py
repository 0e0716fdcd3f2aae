"""The description of the worksheet functions that Excel reads (functions.json), from the registry.

Names have no namespace: a formula is the same text in every host. Ids never change, as saved workbooks
have them.
"""

from __future__ import annotations

from typing import Any

from betaneutral_xl.hosts.sheets.entries import Argument, Function
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS


def functions() -> dict[str, Any]:
    """Return the functions as Excel describes them: every argument is a range of anything, results spill.

    With ``allowErrorForDataTypeAny`` an error in a cell reaches the function, which names the cell; with
    the addresses of its arguments the page tells blank cells from zeros.
    """
    return {"allowErrorForDataTypeAny": True, "functions": [_function(one) for one in FUNCTIONS]}


def _function(function: Function) -> dict[str, Any]:
    return {
        "id": function.name,
        "name": function.name,
        "description": function.help,
        "parameters": [_parameter(one) for one in function.arguments],
        "result": {"type": "any", "dimensionality": "matrix"},
        "options": {"requiresParameterAddresses": True},
    }


def _parameter(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "description": argument.help,
        "type": "any",
        "dimensionality": "matrix",
        "optional": argument.optional,
    }
