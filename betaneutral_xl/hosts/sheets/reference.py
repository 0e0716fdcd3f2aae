"""The reference page of the worksheet functions, generated from their registry."""

from __future__ import annotations

from betaneutral_xl.hosts.sheets.functions import CATEGORY, FUNCTIONS, Function

HEAD = f"""\
# Worksheet functions

The functions are the same in Excel and in LibreOffice Calc, in the category "{CATEGORY}". This page is
generated from the registry (`betaneutral_xl/hosts/sheets/functions.py`) by
`python tools/build_reference.py`; a test compares the two.

- A range may be a row, a column, a cell, a block or whole columns (`A:B`). Blank rows and columns around a
  table are ignored; tickers may be in any spelling; numbers may be text (`12.5%`).
- The row `CASH` of a portfolio is its cash: its weight; in a table of shares and prices its market value, or
  else its shares times its price. A row with a number but no ticker is an error, and so is an error value in
  a header: no row or column is dropped silently.
- Numbers below tickers are prices if all are positive, and returns if some are negative and none exceeds 1
  in absolute value; otherwise the options must state `data=prices` or `data=returns`.
- An error is one line in the cell, `#BETA! what - what to do`. A function with such a line as an argument
  returns the same line, so that every cell shows the first cause. `BN_LAST_ERROR()` repeats the last one.
- Recalculation never fetches or estimates again: results are cached by content. The button Refresh, or
  another value of `refresh`, fetches again.
- A handle such as `cov#301744e113b4 [500x500]` is one cell that represents a matrix: the same data give the
  same text.
- Constraints are rows of two columns, name and value, or three, name, for which, value:
  `long_only | TRUE`, `upper | NVDA | 5%`. Their names are those of `betaneutral_xl.Constraints`, and
  `on_missing` and `etf_on_missing`, the policies for names without risk data. A name without a value sets
  nothing; a first row that ends with the word `value` is a header.
"""


def page() -> str:
    """Return the page as Markdown."""
    listed = "\n".join(f"| [{one.name}](#{one.name.lower()}) | {_cell(one.help)} |" for one in FUNCTIONS)
    table = f"| function | |\n|---|---|\n{listed}\n"
    return "\n".join([HEAD, table, *map(_section, FUNCTIONS)])


def _section(function: Function) -> str:
    parts = [one.name if not one.optional else f"[{one.name}]" for one in function.arguments]
    lines = [f"## {function.name}", "", function.help, "", f"`{function.name}({', '.join(parts)})`", ""]
    if function.arguments:
        lines += ["| argument | |", "|---|---|"]
        lines += [f"| `{one.name}` | {_cell(one.help)} |" for one in function.arguments]
        lines.append("")
    lines += [f"Example: `{function.example}`", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
