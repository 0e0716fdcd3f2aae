"""The calls of xlwings by the workbook's Visual Basic, run by an interpreter."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")
pytest.importorskip("pyopenvba", reason="pyopenvba is not installed (pip install 'betaneutral-xl[excel]')")

from pyopenvba.apps.excel import ExcelApplication
from pyopenvba.interpreter import _values as values
from pyopenvba.interpreter._objects import VBAObject, method

from betaneutral_xl.hosts.excel import vba
from betaneutral_xl.hosts.sheets.buttons import BUTTONS
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS, Function

XLWINGS = """\
Function XLPy()
    Set XLPy = CreateObject("stand.in")
End Function
Sub RunPython(command)
    XLPy.Exec command
End Sub
"""
"""A fake of xlwings' module, which needs its DLL."""

MISSING = "missing"


class StandIn(VBAObject):  # type: ignore[misc] # it has no types
    """Records the calls of the wrappers."""

    vba_type_name = "XLPy"

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str, list[Any]]] = []
        self.commands: list[str] = []

    @method  # type: ignore[untyped-decorator] # likewise
    def CallUDF(self, module: Any, name: Any, arguments: Any, book: Any = None, caller: Any = None) -> str:  # noqa: N802 - as xlwings names it
        """Return a text with the function's name."""
        self.requests.append((str(module), str(name), [plain(one) for one in arguments.elements()]))
        return f"answer of {name}"

    @method  # type: ignore[untyped-decorator] # likewise
    def Exec(self, command: Any) -> object:  # noqa: N802 - likewise
        """Run nothing."""
        self.commands.append(str(command))
        return values.EMPTY


def plain(value: Any) -> Any:
    return (
        MISSING
        if value is values.MISSING
        else float(value)
        if isinstance(value, (int, float))
        else str(value)
    )


WIZARD = 'Application.CommandBars("Standard").Controls(1).Enabled'
"""The wrappers' test for a closed function wizard; the interpreter has no such member."""


PRESSED = "from betaneutral_xl.hosts.excel import ribbon; ribbon.press('{}')"


class Control(VBAObject):  # type: ignore[misc] # likewise
    """A button of the ribbon."""

    vba_type_name = "IRibbonControl"

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def vba_get(self, name: str, args: Any = (), named: Any = None) -> object:
        """Return its only member."""
        assert name == "ID"
        return self._name


class Excel:
    """An application with the workbook's modules and the fakes they use."""

    def __init__(self, *, wizard_closed: bool = True) -> None:
        self.stand_in, self.application = StandIn(), ExcelApplication()
        host: Any = self.application.interpreter.host
        others = host.create

        def create(name: str) -> object:
            kind, _, rest = name.partition(".")
            fakes = {"stand": self.stand_in, "control": Control(rest)}
            return fakes[kind] if kind in fakes else others(name)

        host.create = create
        wrappers = vba.functions().replace(WIZARD, str(wizard_closed))
        wrappers = wrappers.replace("Application.Caller", "Application.ActiveCell")
        wrappers = re.sub(r" 'Adjust.*", "", wrappers)
        for text, name in (
            (XLWINGS, "xlwings"),
            (wrappers, vba.FUNCTIONS_MODULE),
            (vba.source("BetaNeutral.bas"), vba.BUTTONS_MODULE),
        ):
            self.application.add_module(text.replace("\n", "\r\n"), name=name)


@pytest.fixture(scope="module")
def excel() -> Excel:
    return Excel()


def arguments_in(call: str, excel: Excel) -> list[Any]:
    """Return the recorded arguments of a call."""
    excel.stand_in.requests.clear()
    assert str(excel.application.evaluate(call)) == f"answer of {call.partition('(')[0]}"
    ((module, name, arguments),) = excel.stand_in.requests
    assert (module, name) == (vba.UDFS, call.partition("(")[0])
    return arguments


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_wrapper_passes_all_arguments_in_order(excel: Excel, function: Function) -> None:
    values = [float(i + 1) for i in range(len(function.arguments))]
    call = f"{function.name}({', '.join(f'{one:g}' for one in values)})"
    assert arguments_in(call, excel) == values


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_an_omitted_argument_is_passed_as_missing(excel: Excel, function: Function) -> None:
    needed = ["1" for one in function.arguments if not one.optional]
    optional = len(function.arguments) - len(needed)
    call = f"{function.name}({', '.join(needed)})"
    assert arguments_in(call, excel) == [*[1.0] * len(needed), *[MISSING] * optional]


def test_a_function_that_may_fetch_does_nothing_while_the_wizard_is_open() -> None:
    excel = Excel(wizard_closed=False)
    for function in FUNCTIONS:
        excel.stand_in.requests.clear()
        excel.application.evaluate(f"{function.name}({', '.join('1' for _ in function.arguments)})")
        assert bool(excel.stand_in.requests) == (not function.may_fetch), function.name


@pytest.mark.parametrize("name", [*BUTTONS, "settings", "check", "log", "help"])
def test_a_button_of_the_ribbon_runs_its_name_in_python(excel: Excel, name: str) -> None:
    excel.stand_in.commands.clear()
    excel.application.add_module(
        f'Sub Click_{name}()\r\n    OnRibbon CreateObject("control.{name}")\r\nEnd Sub\r\n',
        name=f"Module_{name}",
    )
    excel.application.run(f"Click_{name}")
    assert excel.stand_in.commands == [PRESSED.format(name)]


def test_the_button_on_the_sheet_rebalances(excel: Excel) -> None:
    excel.stand_in.commands.clear()
    excel.application.run("Rebalance")
    assert excel.stand_in.commands == [PRESSED.format("rebalance")]
