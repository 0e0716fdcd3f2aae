"""The calls of xlwings by the workbook's Visual Basic, run by an interpreter."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")
pytest.importorskip("pyopenvba", reason="pyopenvba is not installed (pip install 'betaneutral-xl[excel]')")

from pyopenvba.interpreter import VBARuntimeError
from pyopenvba.interpreter import _values as values
from pyopenvba.interpreter._objects import VBAObject, method
from visual_basic import Book, Interpreted

from betaneutral_xl.hosts.excel import vba
from betaneutral_xl.hosts.sheets.buttons import BUTTONS
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS, Function

MISSING = "missing"


class StandIn(VBAObject):  # type: ignore[misc] # it has no types
    """Records the calls of the wrappers."""

    vba_type_name = "XLPy"

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str, list[Any]]] = []
        self.calls: list[tuple[str, ...]] = []
        self.messages: list[tuple[str, int]] = []
        self.reply = "done\n"
        self.caller = ""

    @method  # type: ignore[untyped-decorator] # likewise
    def CallUDF(self, module: Any, name: Any, arguments: Any, book: Any = None, caller: Any = None) -> str:  # noqa: N802 - as xlwings names it
        """Return a text with the function's name."""
        self.requests.append((str(module), str(name), [plain(one) for one in arguments.elements()]))
        return f"answer of {name}"

    @method  # type: ignore[untyped-decorator] # likewise
    def Module(self, name: Any) -> str:  # noqa: N802 - likewise
        """Return the module's name."""
        return str(name)

    @method  # type: ignore[untyped-decorator] # likewise
    def Tuple(self, element: Any) -> str:  # noqa: N802 - likewise
        """Return the element."""
        return str(element)

    @method  # type: ignore[untyped-decorator] # likewise
    def SetAttr(self, owner: Any, name: Any, value: Any) -> object:  # noqa: N802 - likewise
        """Record which attribute is set, and to which workbook."""
        self.calls.append(("SetAttr", str(owner), str(name)))
        self.caller = value.path
        return values.EMPTY

    @method  # type: ignore[untyped-decorator] # likewise
    def Call(self, owner: Any, name: Any, arguments: Any) -> str:  # noqa: N802 - likewise
        """Record a call."""
        self.calls.append(("Call", str(owner), str(name), str(arguments)))
        if self.reply == "broken":
            raise VBARuntimeError(1000, "no Python")
        return self.reply

    @method  # type: ignore[untyped-decorator] # likewise
    def Str(self, value: Any) -> str:  # noqa: N802 - likewise
        """Return the value as text."""
        return str(value)

    @method  # type: ignore[untyped-decorator] # likewise
    def Kill(self) -> object:  # noqa: N802 - likewise
        """Record that Python is ended."""
        self.calls.append(("Kill",))
        return values.EMPTY

    @method  # type: ignore[untyped-decorator] # likewise
    def Message(self, text: Any, kind: Any) -> object:  # noqa: N802 - likewise
        """Record a message that the user sees."""
        self.messages.append((str(text), int(kind)))
        return values.EMPTY


def plain(value: Any) -> Any:
    return (
        MISSING
        if value is values.MISSING
        else float(value)
        if isinstance(value, (int, float))
        else str(value)
    )


CALLER = ("SetAttr", "xlwings._xlwindows", "BOOK_CALLER")
RIBBON = "betaneutral_xl.hosts.excel.ribbon"
INFORMATION, ERROR, YES_NO = 64, 16, 4
"""MB_ICONINFORMATION, MB_ICONERROR and MB_YESNO of Windows."""


ADD_IN, MODEL = r"C:\Users\bob\AddIns\betaneutral.xlam", r"C:\desk\model.xlsx"


class Excel(Interpreted):
    """An application with the workbook's modules and the fake of Python that they use."""

    def __init__(
        self, *, wizard_closed: bool = True, macros: str = MODEL, active: Book | None = None
    ) -> None:
        self.stand_in = StandIn()
        super().__init__(self.stand_in, Book(macros), active, wizard_closed=wizard_closed)

    def click(self, button: str) -> None:
        """Press a button, and forget what was before."""
        self.stand_in.calls.clear()
        self.stand_in.messages.clear()
        super().click(button)


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


@pytest.mark.parametrize("name", [*BUTTONS, "settings", "help"])
def test_a_button_of_the_ribbon_runs_its_name_in_python(excel: Excel, name: str) -> None:
    excel.stand_in.reply = "done\n"
    excel.click(name)
    assert excel.stand_in.calls == [CALLER, ("Call", RIBBON, "run", name)]
    assert excel.stand_in.messages == []


def test_the_message_is_shown_when_the_call_has_ended(excel: Excel) -> None:
    excel.stand_in.reply = "done\nBeta to JHAI 0.52 -> 0.00.\n\nThe workbook was built with ..."
    excel.click("rebalance")
    assert excel.stand_in.messages == [(excel.stand_in.reply.partition("\n")[2], INFORMATION)]
    excel.stand_in.reply = "error\nNo weights reach beta 0.00."
    excel.click("rebalance")
    assert excel.stand_in.messages == [("No weights reach beta 0.00.", ERROR)]


def test_a_file_that_was_written_is_offered(excel: Excel) -> None:
    excel.stand_in.reply = "done|C:\\fund orders.csv\nOrders: 45."
    excel.click("orders")
    assert excel.stand_in.messages == [("Orders: 45.\n\nOpen it now?", INFORMATION + YES_NO)]
    excel.stand_in.reply = "error|C:\\fund report.xlsx\nNot feasible."
    excel.click("report")
    assert excel.stand_in.messages == [("Not feasible.\n\nOpen it now?", ERROR + YES_NO)]


def test_without_python_a_button_says_why_and_what_to_do(excel: Excel) -> None:
    excel.stand_in.reply = "broken"
    excel.click("rebalance")
    ((message, kind),) = excel.stand_in.messages
    assert kind == ERROR
    assert "no Python" in message
    assert message.endswith("betaneutral-xl excel check, or py -m betaneutral_xl excel check.")


def test_python_is_ended_and_starts_with_the_next_call(excel: Excel) -> None:
    excel.click("restart")
    assert excel.stand_in.calls == [("Kill",)]
    message = "Python has been ended. The next formula or button starts it anew."
    assert excel.stand_in.messages == [(message, INFORMATION)]


def test_the_button_on_the_sheet_rebalances(excel: Excel) -> None:
    excel.stand_in.reply = "done\n"
    excel.stand_in.calls.clear()
    excel.application.run("Rebalance")
    assert excel.stand_in.calls == [CALLER, ("Call", RIBBON, "run", "rebalance")]


@pytest.mark.parametrize(
    ("macros", "active", "expected"),
    [(MODEL, Book(r"C:\other.xlsx"), MODEL), (ADD_IN, Book(MODEL), MODEL)],
)
def test_an_add_in_works_on_the_workbook_in_front_a_macro_workbook_on_itself(
    macros: str, active: Book, expected: str
) -> None:
    excel = Excel(macros=macros, active=active)
    excel.click("rebalance")
    assert excel.stand_in.caller == expected


def test_an_add_in_without_a_workbook_says_so() -> None:
    excel = Excel(macros=ADD_IN)
    excel.click("rebalance")
    assert excel.stand_in.calls == []
    ((message, kind),) = excel.stand_in.messages
    assert (message.startswith("No workbook is open for editing."), kind) == (True, ERROR)


def test_the_link_to_the_add_in_of_another_computer_becomes_one_to_this() -> None:
    alice = [
        r"C:\Users\alice\AddIns\betaneutral.xlam",
        "https://fund.sharepoint.com/BetaNeutral.xlam",
        r"C:\Users\alice\AddIns\other.xlam",
        ADD_IN.upper(),
    ]
    book = Book(MODEL, *alice)
    excel = Excel(macros=ADD_IN, active=book)
    excel.application.run("ConnectActive")
    assert book.links == [ADD_IN, ADD_IN, *alice[2:]]


def test_a_workbook_without_links_is_left_alone() -> None:
    book = Book(MODEL)
    Excel(macros=ADD_IN, active=book).application.run("ConnectActive")
    assert book.links == []


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_blank_argument_is_answered_without_python(excel: Excel, function: Function) -> None:
    required = [one for one in function.arguments if not one.optional]
    for at, argument in enumerate(required):
        excel.stand_in.requests.clear()
        given = ["1"] * at + ["Empty"] * (len(required) - at)
        answer = excel.application.evaluate(f"{function.name}({', '.join(given)})")
        assert str(answer) == f"#BETA! {argument.blank_line}"
        assert excel.stand_in.requests == []


def test_the_error_of_an_argument_is_passed_on_without_python(excel: Excel) -> None:
    excel.stand_in.requests.clear()
    answer = excel.application.evaluate('BETA_NEUTRAL("#BETA! no such file", Empty)')
    assert str(answer) == "#BETA! no such file"
    assert excel.stand_in.requests == []
