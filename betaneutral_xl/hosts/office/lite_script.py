"""The script and the requirements of a workbook in xlwings Lite, made from the registry and the buttons."""

from __future__ import annotations

import json

from betaneutral_xl import __version__
from betaneutral_xl.hosts.office import lite
from betaneutral_xl.hosts.sheets.buttons import BUTTONS, Button
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS, Function

HEAD = '''\
"""Beta Neutral in xlwings Lite: the worksheet functions, and the buttons as scripts.

Made by betaneutral-xl workbook build --host lite; changes are lost when it is made again.
"""

import xlwings as xw
from xlwings import arg, func, script

from betaneutral_xl.hosts.office import lite
'''


def main_py() -> bytes:
    """Return the script, main.py."""
    parts = [HEAD, *map(_function, FUNCTIONS), *(_button(BUTTONS[name]) for name in lite.BUTTONS)]
    return "\n\n".join(parts).encode()


def requirements_txt() -> bytes:
    """Return the requirements: Pyodide has the compiled ones, and PyPI the others."""
    return f"xlwings\nbetaneutral-xl=={__version__}\n".encode()


def _function(function: Function) -> str:
    given = ", ".join(one.name for one in function.arguments)
    signature = ", ".join(f"{one.name}=None" if one.optional else one.name for one in function.arguments)
    lines = ["@func"]
    lines += [
        f'@arg("{one.name}", ndim=2, err_to_str=True, doc={json.dumps(one.help)})'
        for one in function.arguments
    ]
    lines += [
        f"def {function.name}({signature}):",
        f"    {_docstring(function.help)}",
        f'    return lite.call("{function.name}"{given and ", " + given})',
    ]
    return "\n".join(lines) + "\n"


def _button(button: Button) -> str:
    return (
        f'@script(name="{button.label}")\n'
        f"def {button.name}(book: xw.Book):\n"
        f"    {_docstring(button.help)}\n"
        f'    print(lite.press("{button.name}", book))\n'
    )


def _docstring(text: str) -> str:
    return f'"""{text}"""'
