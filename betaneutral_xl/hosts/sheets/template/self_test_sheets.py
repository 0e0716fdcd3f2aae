"""The sheets Self-test and Compared of the self-test workbook: expected beside actual.

Compared has every function's result beside the expected table; Self-test has a row for each function and for
each effect of a button, with ``PASS`` or ``FAIL``. The file is written without results: a row passes only
where a spreadsheet program has computed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets import self_test
from betaneutral_xl.hosts.sheets.buttons import BUTTONS
from betaneutral_xl.hosts.sheets.cells import Cell, letters
from betaneutral_xl.hosts.sheets.layout import FIRST_ROW, LOG_ROW, Sheet
from betaneutral_xl.hosts.sheets.self_test import (
    CASES,
    EFFECTS,
    LEFT_OUT,
    LIMITS_TABLE,
    ORDER,
    SEEN,
    VARIES,
    Argument,
    Case,
    Effect,
    TableOf,
)
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.hosts.sheets.template.canvas import BOUGHT, LINE, MUTED, SOLD, Template, put

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet


SELF_TEST, COMPARED = "Self-test", "Compared"
"""The names of the sheets."""

PASS, FAIL, WAITING, UNCOMPUTED = "pass", "FAIL", "press it", "not computed"
"""What the column Result shows."""

HEADS = ("Function", "Result", "Figure", "Expected", "Actual", "Cells", "As expected")
NAME, RESULT, FIGURE, EXPECTED, ACTUAL, CELLS, EQUAL = range(len(HEADS))
"""Columns of the sheet Self-test, from 0."""

HEAD_ROW = 7
"""The header of the functions on Self-test; the rows above count the results."""

WIDTHS = (20, 13, 56, 30, 30, 8, 12)

ARITHMETIC = "beta to JHAI before, by formulas of this sheet"


@dataclass(frozen=True, slots=True)
class Block:
    """Where a function's result and the expected table stand on Compared; rows and columns from 1."""

    name: str
    rows: Rows
    actual: int
    expected: int

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.rows)

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.rows[0])

    def area(self, column: int, *, around: int = 0) -> str:
        """Return the address of the table at a column, with so many cells below and to the right of it."""
        last = f"${letters(column + self.width - 1 + around)}${FIRST_ROW + self.height - 1 + around}"
        return f"{COMPARED}!${letters(column)}${FIRST_ROW}:{last}"

    def cell(self, column: int, place: tuple[int, int]) -> str:
        """Return the address of a cell of the table at a column."""
        return f"{COMPARED}!${letters(column + place[1])}${FIRST_ROW + place[0]}"


def self_test_sheets(template: Template, tables: Mapping[str, Rows]) -> list[Worksheet]:
    """Write both sheets, and return them."""
    summary = template.sheet(
        SELF_TEST,
        "Self-test",
        "Known answers for the sample, beside what this program shows.",
    )
    blocks = _blocks(tables)
    compared = _compared(template, blocks)
    last = _functions(template, summary, blocks)
    first_button, last_button = _buttons(template, summary, last + 3)
    _counts(template, summary, (HEAD_ROW + 1, last), (first_button, last_button))
    for column, width in enumerate(WIDTHS):
        summary.set_column(column, column, width)
    _colours(template, summary, last_button)
    summary.freeze_panes(HEAD_ROW, 1)
    summary.set_landscape()
    return [summary, compared]


# ---------------------------------------------------------------- the sheet Compared


def _blocks(tables: Mapping[str, Rows]) -> dict[str, Block]:
    """Return the places of all tables side by side, with room around each for what is too much."""
    blocks, column = dict[str, Block](), 1
    for name, rows in tables.items():
        beside = 0 if name == LIMITS_TABLE.function else len(rows[0]) + 2
        blocks[name] = Block(name, rows, column, column + beside)
        column += beside + len(rows[0]) + 2
    return blocks


def _compared(template: Template, blocks: Mapping[str, Block]) -> Worksheet:
    sheet = template.sheet(
        COMPARED,
        "Compared",
        "The result of each function, and right of it the expected table. Red: they differ.",
    )
    sheet.freeze_panes(FIRST_ROW - 1, 0)
    for block in blocks.values():
        if block.name == LIMITS_TABLE.function:
            _heading(template, sheet, block.expected, "limits of BN_FEASIBLE", "")
        else:
            case = CASES[block.name]
            text = formula(block.name, case, blocks)
            _heading(template, sheet, block.actual, block.name, text)
            _heading(template, sheet, block.expected, "expected", "")
            _call(template, sheet, block, _after_its_failure(template, sheet, block, case, text))
        for i, row in enumerate(block.rows):
            for j, cell in enumerate(row):
                put(sheet, FIRST_ROW - 1 + i, block.expected - 1 + j, cell, _style(template, cell))
    return sheet


def _heading(template: Template, sheet: Worksheet, column: int, name: str, text: str) -> None:
    sheet.write_string(FIRST_ROW - 3, column - 1, name, template.style(bold=True))
    sheet.write_string(FIRST_ROW - 2, column - 1, text, template.style(font_color=MUTED, italic=True))


def _style(template: Template, cell: Cell) -> Format:
    return template.style(num_format="yyyy-mm-dd") if isinstance(cell, date) else template.style()


def _call(template: Template, sheet: Worksheet, block: Block, text: str) -> None:
    """Write a function's formula without its result, and colour the cells that differ from the expected."""
    top, left = FIRST_ROW - 1, block.actual - 1
    sheet.write_dynamic_array_formula(
        top, left, top + block.height - 1, left + block.width - 1, f"={text}", template.style(), ""
    )
    for i, row in enumerate(block.rows):
        for j, cell in enumerate(row):
            if i or j:
                sheet.write_blank(top + i, left + j, None, _style(template, cell))
    actual = f"{letters(block.actual)}{FIRST_ROW}"
    expected = f"{letters(block.expected)}{FIRST_ROW}"
    area = (FIRST_ROW, block.actual, FIRST_ROW + block.height, block.actual + block.width)
    differs = f"NOT({_equal(actual, expected)})"
    template.rule(sheet, area, differs, {"bg_color": "#FEE4E2", "font_color": SOLD})


def _after_its_failure(template: Template, sheet: Worksheet, block: Block, case: Case, text: str) -> str:
    """Write the call that has to fail before, and return the formula that waits for it."""
    if case.fails_first is None:
        return text
    function, argument = case.fails_first
    row = FIRST_ROW + block.height + 2
    sheet.write_formula(
        row - 1, block.actual - 1, f'={function}("{argument}")', template.style(font_color=MUTED), ""
    )
    return f'IF(ISTEXT(${letters(block.actual)}${row}),{text},"")'


def formula(name: str, case: Case, blocks: Mapping[str, Block]) -> str:
    """Return the call of a function as it is entered, without its equals sign."""
    return f"{name}({','.join(_argument(one, blocks) for one in case.arguments)})"


def _argument(value: Argument, blocks: Mapping[str, Block]) -> str:
    match value:
        case TableOf(function):
            block = blocks[function]
            return block.area(block.actual).removeprefix(f"{COMPARED}!")
        case None:
            return ""
        case bool():
            return str(value).upper()
        case str():
            return f'"{value}"'
        case _:
            return f"{value:g}"


def _equal(actual: str, expected: str) -> str:
    """Return a formula that is true where cells are as expected, for two cells or two areas.

    In LibreOffice 7.4, a text from an extension compares unequal to any other unless it is trimmed.
    """
    near = f"ABS({actual}-{expected})<={self_test.TOLERANCE:g}*(1+ABS({expected}))"
    same = f"TRIM({actual})=TRIM({expected})"
    return (
        f'IF({expected}="{VARIES}",IFERROR(LEN({actual}),0)>0,'
        f"IF(ISNUMBER({expected}),ISNUMBER({actual})*IFERROR({near},FALSE),IFERROR({same},FALSE))>0)"
    )


# ---------------------------------------------------------------- the sheet Self-test


def _functions(template: Template, sheet: Worksheet, blocks: Mapping[str, Block]) -> int:
    """Write a row for each function, and return the last row."""
    _head(template, sheet, HEAD_ROW, HEADS)
    row = HEAD_ROW
    for name, case in CASES.items():
        row, block = row + 1, blocks[name]
        link = f"internal:{block.cell(block.actual, (0, 0))}"
        sheet.write_url(row - 1, NAME, link, template.style(font_color=BOUGHT), name)
        _figure(template, sheet, row, case.figure, case.known)
        _actual(template, sheet, row, case.known, block.cell(block.actual, case.place))
        # The cells around a table are blank: a result that is too large differs.
        actual, expected = (block.area(one, around=1) for one in (block.actual, block.expected))
        count = (block.height + 1) * (block.width + 1)
        sheet.write_number(row - 1, CELLS, count, template.style())
        _compute(sheet, (row, EQUAL), f"SUM(--({_equal(actual, expected)}))", template.style())
        _result(template, sheet, row, f"{_at(CELLS, row)}={_at(EQUAL, row)}")
    row += 1
    _by_arithmetic(template, sheet, row, blocks)
    return row


def _by_arithmetic(template: Template, sheet: Worksheet, row: int, blocks: Mapping[str, Block]) -> None:
    """Write the portfolio's beta, ``w'Vf / (f'Vf)`` times the share of the ETF that has risk data.

    ``w`` and ``f`` are constants, ``V`` is the result of BN_MATRIX.
    """
    matrix, holdings, etf = (blocks[name] for name in ("BN_MATRIX", "FETCH_HOLDINGS", "LOAD_ETF"))
    tickers = [str(one) for one in matrix.rows[0][1:]]
    held = {str(one[0]): one[4] for one in holdings.rows[1:]}
    weights = {str(one[0]): one[2] for one in etf.rows[1:]}
    vectors = [",".join(f"{one.get(name) or 0.0:.17g}" for name in tickers) for one in (held, weights)]
    places = [_constants(sheet, row, place, text) for place, text in enumerate(vectors)]
    count = len(tickers)
    area = matrix.area(matrix.actual)
    corner = matrix.cell(matrix.actual, (1, 1)).removeprefix(f"{COMPARED}!")
    covariance = f"{COMPARED}!{corner}:{area.rpartition(':')[2]}"
    known = CASES["BN_EXPOSURE"].known
    sheet.write_string(row - 1, NAME, "BN_MATRIX", template.style())
    _figure(template, sheet, row, ARITHMETIC, known)
    w, f = places
    total = sum(float(str(one)) for one in weights.values())
    text = f"SUM({w}*MMULT({covariance},{f}))/SUM({f}*MMULT({covariance},{f}))*SUM({f})/{total:.17g}"
    _compute(sheet, (row, ACTUAL), text, template.style(align="left"))
    sheet.write_number(row - 1, CELLS, count * count, template.style())
    _compute(sheet, (row, EQUAL), f"SUM(--ISNUMBER({covariance}))", template.style())
    _result(template, sheet, row, f"{_at(CELLS, row)}={_at(EQUAL, row)}")


def _constants(sheet: Worksheet, row: int, place: int, text: str) -> str:
    """Write numbers below each other in a hidden column, and return their address."""
    column = len(HEADS) + 1 + place
    numbers = [float(one) for one in text.split(",")]
    sheet.write_column(row - 1, column, numbers)
    sheet.set_column(column, column, None, None, {"hidden": True})
    return f"${letters(column + 1)}${row}:${letters(column + 1)}${row + len(numbers) - 1}"


def _head(template: Template, sheet: Worksheet, row: int, labels: tuple[str, ...]) -> None:
    for column, label in enumerate(labels):
        sheet.write_string(row - 1, column, label, template.band(left=column < CELLS))


def _at(column: int, row: int) -> str:
    return f"{letters(column + 1)}{row}"


def _figure(template: Template, sheet: Worksheet, row: int, figure: str, known: str | float) -> None:
    sheet.write_string(row - 1, FIGURE, figure, template.style())
    sheet.write(row - 1, EXPECTED, known, template.style(align="left"))


def _actual(template: Template, sheet: Worksheet, row: int, known: str | float, cell: str) -> None:
    text = f"TRIM({cell})" if isinstance(known, str) else f"{cell}"
    _compute(sheet, (row, ACTUAL), text, template.style(align="left"))


def _compute(sheet: Worksheet, at: tuple[int, int], text: str, style: Format, shown: str = "") -> None:
    """Write a formula of one cell as an array: Calc computes these when it loads a file, and no others."""
    row, column = at
    sheet.write_array_formula(row - 1, column, row - 1, column, f"{{={text}}}", style, shown)


def _result(template: Template, sheet: Worksheet, row: int, also: str = "TRUE", waiting: str = "") -> None:
    """Write whether the figure is as expected, and what else has to hold."""
    near = f"IFERROR({_equal(_at(ACTUAL, row), _at(EXPECTED, row))},FALSE)"
    outcome = f'IF(AND({near},{also}),"{PASS}","{FAIL}")'
    if waiting:
        outcome = f'IF({waiting},"{WAITING}",{outcome})'
    _compute(sheet, (row, RESULT), f'IFERROR({outcome},"{FAIL}")', template.style(bold=True), UNCOMPUTED)


def _buttons(template: Template, sheet: Worksheet, row: int) -> tuple[int, int]:
    """Write a row for each effect of a button, and return the first and the last row with a result."""
    order = ", ".join(BUTTONS[one].label for one in ORDER)
    sheet.write_string(row - 2, 0, f"Press: {order}.", template.style(bold=True))
    _head(template, sheet, row, ("Button", *HEADS[1 : ACTUAL + 1]))
    first = row + 1
    for button, effects in EFFECTS.items():
        for effect in effects:
            row += 1
            sheet.write_string(row - 1, NAME, BUTTONS[button].label, template.style())
            _figure(template, sheet, row, effect.figure, effect.known)
            _compute(sheet, (row, ACTUAL), _shown(button, effect), template.style(align="left"))
            _result(template, sheet, row, waiting=f'TRIM({_at(ACTUAL, row)})=""')
    last = row
    seen = {button: f"see for yourself: {text}" for button, text in SEEN.items()}
    for button, text in {**seen, **LEFT_OUT}.items():
        row += 1
        sheet.write_string(row - 1, NAME, BUTTONS[button].label, template.style())
        sheet.write_string(row - 1, FIGURE, text, template.style(font_color=MUTED))
    return first, last


def _shown(button: str, effect: Effect) -> str:
    """Return the formula of what a button has left: a cell, or the beginning of its message in the log."""
    if effect.cell is not None:
        return f'IF({effect.cell}="","",{effect.cell})'
    actions, messages = (f"{Sheet.LOG}!${one}${LOG_ROW + 1}:${one}$999" for one in "BH")
    message = f'INDEX({messages},MATCH("{BUTTONS[button].label}",{actions},0))'
    # Trimmed, as the expected text is when both are compared.
    return f'IFERROR(TRIM(LEFT({message},{len(str(effect.known))})),"")'


def _counts(
    template: Template, sheet: Worksheet, functions: tuple[int, int], buttons: tuple[int, int]
) -> None:
    """Write how many rows pass, above the table."""
    result = letters(RESULT + 1)
    for row, (what, (first, last)) in enumerate((("Functions", functions), ("Buttons", buttons)), start=4):
        area = f"${result}${first}:${result}${last}"
        count = last - first + 1
        shown = f'COUNTIF({area},"{PASS}")&" of {count} pass, "&COUNTIF({area},"{FAIL}")&" fail"'
        sheet.write_string(row - 1, 0, what, template.style(bold=True))
        _compute(sheet, (row, 1), shown, template.style(bold=True), UNCOMPUTED)
    hint = (
        "In Excel, cells that show #NAME? need Connect formulas on the ribbon. Close other workbooks first."
    )
    sheet.write_string(2, 0, hint, template.style(font_color=MUTED))


def _colours(template: Template, sheet: Worksheet, last: int) -> None:
    for text, colour in ((PASS, "#15803D"), (FAIL, SOLD)):
        style = template.book.add_format({"font_color": colour, "bottom": 1, "bottom_color": LINE})
        sheet.conditional_format(
            HEAD_ROW, RESULT, last - 1, RESULT,
            {"type": "cell", "criteria": "==", "value": f'"{text}"', "format": style},
        )  # fmt: skip
