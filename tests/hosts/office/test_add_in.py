"""Functions and buttons in Chromium, on Microsoft's own office.js, over HTTPS with checked certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl.hosts.office.commands import COMMANDS
from betaneutral_xl.hosts.sheets.buttons import BUTTONS
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS
from betaneutral_xl.hosts.sheets.session import Session

if TYPE_CHECKING:
    from office_browser import AddIn

DEMO = [["demo"]]


def sample(add_in: AddIn) -> tuple[Any, Any, Any]:
    """Return the portfolio, the ETF and the risk model of the sample, from the functions."""
    held, etf = add_in.calls([("FETCH_HOLDINGS", [DEMO], None), ("LOAD_ETF", [DEMO], None)])
    names = add_in.call("BN_NAMES", held, etf)
    return held, etf, add_in.call("COVARIANCE", names, DEMO, None, [[True]])


def test_office_js_takes_the_stand_in_for_excel_on_a_mac(add_in: AddIn) -> None:
    assert add_in.page.evaluate("[Office.context.platform, Office.context.host]") == ["Mac", "Excel"]


def test_every_function_answers_excel_as_the_registry_does(add_in: AddIn) -> None:
    held, etf, risk = sample(add_in)
    weights = add_in.call("BETA_NEUTRAL", held, etf, risk, [[0]], [["hedge"]])
    prices = add_in.call("BN_PRICES", held, etf, DEMO)
    calls: dict[str, list[Any]] = {
        "FETCH_HOLDINGS": [DEMO],
        "LOAD_ETF": [DEMO],
        "COVARIANCE": [[["MSFT"], ["NVDA"]], DEMO],
        "BETA_NEUTRAL": [held, etf, risk, [[0]], [["hedge"]]],
        "BN_BETAS": [held, etf, risk],
        "BN_ANSWER": [held, etf, risk, [[0]], [["hedge"]]],
        "BN_EXPOSURE": [held, etf, risk, [[0]], [["hedge"]]],
        "BN_FEASIBLE": [held, etf, risk, [[0]], [["long_only", True]]],
        "BN_COMPARE": [held, etf, risk],
        "BN_PRICES": [held, etf, DEMO],
        "BN_ORDERS": [weights, prices],
        "BN_NAMES": [held, etf],
        "BN_MATRIX": [add_in.call("COVARIANCE", [["MSFT"], ["NVDA"]], DEMO, None, [[True]])],
        "BN_STATUS": [held],
        "BN_LAST_ERROR": [],
        "BN_VERSION": [],
    }
    assert set(calls) == {one.name for one in FUNCTIONS}
    answers = dict(
        zip(calls, add_in.calls([(name, values, None) for name, values in calls.items()]), strict=True)
    )
    for name, rows in answers.items():
        assert rows, name
        assert not str(rows[0][0]).startswith("#BETA!"), (name, rows[0][0])
        assert all(cell is not None for row in rows for cell in row), name
    assert answers["BETA_NEUTRAL"] == weights
    after = {row[0]: row[2] for row in answers["BN_EXPOSURE"]}
    assert after["beta to JHAI"] == pytest.approx(0.0, abs=1e-9)
    assert answers["BN_STATUS"][1][0] == "holdings"


def test_an_error_is_one_line_in_the_cell_that_asked(add_in: AddIn) -> None:
    held, etf, _ = sample(add_in)
    wrong, right = add_in.calls(
        [("BETA_NEUTRAL", [held, etf, [["nonsense"]]], None), ("BN_VERSION", [], None)]
    )
    assert wrong[0][0].startswith("#BETA! ")
    assert right[0][0].startswith("betaneutral_xl ")


@pytest.mark.parametrize("name", sorted(BUTTONS))
def test_every_button_of_the_pane_ends_with_a_message(add_in: AddIn, name: str) -> None:
    if name in {"orders", "restore"}:
        add_in.press("rebalance")
        add_in.press("rebalance")
    message = add_in.press(name)
    assert message
    assert "a defect of" not in message


def test_rebalance_writes_a_proposal_and_keeps_the_former_one(add_in: AddIn) -> None:
    assert "Beta to JHAI" in add_in.press("rebalance")
    first = add_in.sheet("Proposal")
    add_in.set("setting_target", 0.2)
    add_in.press("rebalance")
    second = add_in.sheet("Proposal")
    assert second != first
    assert add_in.sheet("Previous")[1:] == first[1:]
    assert add_in.sheet("Log")[-1][1:3] == ["Rebalance", "done"]
    add_in.press("restore")
    assert add_in.sheet("Proposal")[1:] == first[1:]


def test_a_proposal_is_accepted_and_today_compares_with_it(add_in: AddIn) -> None:
    add_in.press("rebalance")
    assert add_in.press("accept").startswith("Accepted for quant_paper: 45 orders")
    assert "Rebalance: beta to JHAI is 0.522, above 0.050." in add_in.press("today")
    rows = add_in.sheet("Today")
    assert any(str(row[0]).strip() == "moved by trades and flows" for row in rows)
    assert [row[1] for row in add_in.sheet("Log")[-2:]] == ["Accept", "Today"]


def test_a_button_that_fails_changes_nothing_but_the_log(add_in: AddIn) -> None:
    add_in.press("rebalance")
    before = add_in.sheet("Proposal"), add_in.sheet("Previous")
    add_in.set("setting_method", "alchemy")
    assert "alchemy" in add_in.press("rebalance")
    assert (add_in.sheet("Proposal"), add_in.sheet("Previous")) == before
    assert add_in.sheet("Log")[-1][1:3] == ["Rebalance", "failed"]


WRITES = {"rebalance": 7, "restore": 7, "orders": 1, "report": 1, "refresh": 1}
"""How often a button clears or writes cells; office.js itself splits a large block."""

SHEETS = ("Proposal", "Previous", "Log")


@pytest.mark.parametrize("button", WRITES)
def test_a_button_whose_nth_write_fails_has_changed_nothing(add_in: AddIn, button: str) -> None:
    add_in.press("rebalance")
    add_in.set("setting_target", 0.2)
    add_in.press("rebalance")
    before = [add_in.sheet(name) for name in SHEETS]
    for n in range(1, WRITES[button] + 1):
        add_in.page.evaluate("(n) => { excel.failAtWrite = excel.writes + n; }", n)
        assert "This write failed" in add_in.press(button), n
        assert [add_in.sheet(name) for name in SHEETS] == before, n
    add_in.page.evaluate("excel.writes = excel.failAtWrite = 0")
    assert "This write failed" not in add_in.press(button)
    assert add_in.page.evaluate("excel.writes") == WRITES[button]
    assert [add_in.sheet(name) for name in SHEETS] != before


def test_what_could_not_be_put_back_is_named(add_in: AddIn) -> None:
    add_in.press("rebalance")
    add_in.page.evaluate("excel.failFromWrite = excel.writes + 5")
    assert "The former content of Previous, Proposal could not be put back" in add_in.press("rebalance")


COUNT = """async () => {
    const main = document.querySelector("script[src$='main.js']").src;
    const { excel: book } = await import(new URL("excel.js", main));
    const plain = { read: book.read, apply: book.apply };
    excel.done = [];
    for (const name of ["read", "apply"])
        book[name] = (given) => { excel.done.push(name); return plain[name](given); };
    excel.stopCounting = () => Object.assign(book, plain);
}"""
"""Count the readings and writings of the workbook."""


@pytest.mark.parametrize("button", ["rebalance", "restore", "orders", "report"])
def test_one_press_makes_one_reading_and_one_writing(add_in: AddIn, button: str) -> None:
    add_in.press("rebalance")
    add_in.press("rebalance")
    add_in.page.evaluate(COUNT)
    try:
        add_in.press(button)
        done = add_in.page.evaluate("excel.done")
    finally:
        add_in.page.evaluate("excel.stopCounting()")
    looked = ["read"] if button == "rebalance" else []  # then the pane shows the new answer
    assert done == ["read", "apply", *looked]


def test_a_protected_sheet_is_named_with_what_to_do(add_in: AddIn) -> None:
    add_in.page.evaluate("excel.protected.add('Proposal')")
    assert "Unprotect the sheet" in add_in.press("rebalance")
    assert add_in.sheet("Proposal")[1][0].startswith("No proposal yet")


def test_every_button_of_the_ribbon_runs_and_ends_its_event(add_in: AddIn) -> None:
    names = [one.name for one in COMMANDS]
    ended = add_in.page.evaluate(
        """async (names) => {
            const ended = [];
            for (const name of names) {
                const run = Office.actions._association.mappings[name.toUpperCase()];
                await run({ completed: () => ended.push(name) });
            }
            return ended;
        }""",
        names,
    )
    assert ended == names


def test_a_workbook_without_a_sheet_is_told_what_to_do(add_in: AddIn) -> None:
    add_in.page.evaluate("excel.names.delete('setting_method')")
    assert "Open the template" in add_in.press("rebalance")


# ---------------------------------------------------------------- blanks and errors, on each platform


def test_blank_cells_that_excel_gives_as_zero_are_blanks(add_in: AddIn) -> None:
    held, etf, risk = sample(add_in)
    table = [[row[0], None, row[4]] for row in held]
    add_in.page.evaluate("(rows) => excel.fill('Mine', 0, rows)", table)
    given = [[0 if cell is None else cell for cell in row] for row in table] + [[0, 0, 0]] * 2
    expected = add_in.call("BN_EXPOSURE", held, etf, risk)
    found = add_in.call("BN_EXPOSURE", given, etf, risk, addresses=["Mine!A1:C36", None, None])
    assert found[1][:3] == expected[1][:3]


def test_a_zero_in_a_cell_stays_a_zero_and_a_blank_cell_a_blank(add_in: AddIn) -> None:
    held, etf, risk = sample(add_in)
    weights = add_in.call("BETA_NEUTRAL", held, etf, risk)
    prices = add_in.call("BN_PRICES", held, etf, DEMO)
    add_in.page.evaluate("excel.fill('Mine', 0, [[0, null]])")
    zero = add_in.call("BN_ORDERS", weights, prices, None, None, [[0]], addresses=[None] * 4 + ["Mine!A1"])
    blank = add_in.call("BN_ORDERS", weights, prices, None, None, [[0]], addresses=[None] * 4 + ["Mine!B1"])
    assert "lot" in zero[0][0]
    assert blank[0][0] == "ticker"


def test_zeros_at_the_edge_of_a_computed_table_are_blanks(add_in: AddIn) -> None:
    held, etf, risk = sample(add_in)
    table = [[row[0], row[4]] for row in held]
    found = add_in.call("BN_EXPOSURE", [*table, [0, 0], [0, 0]], etf, risk)
    assert found[1][:3] == add_in.call("BN_EXPOSURE", table, etf, risk)[1][:3]


def test_an_address_that_is_no_range_leaves_the_zeros(add_in: AddIn) -> None:
    held, etf, risk = sample(add_in)
    found = add_in.call("BETA_NEUTRAL", held, etf, risk, [[0]], addresses=[None, None, None, "Gone!A1"])
    assert found[0][0] == "ticker"


@pytest.mark.parametrize(
    "error", [{"code": "#N/A"}, {"type": "Error", "basicType": "Error", "basicValue": "#N/A"}]
)
def test_an_error_cell_is_named_whatever_excel_gives_for_it(add_in: AddIn, error: Any) -> None:
    _, etf, risk = sample(add_in)
    assert "#N/A" in add_in.call("BETA_NEUTRAL", [[error]], etf, risk)[0][0]


# ---------------------------------------------------------------- large values


BIG = """(n) => {
    const tickers = Array.from({ length: n }, (_, i) => `T${i}`);
    const load = (i) => 0.5 + ((i * 37) % n) / n;
    const risk = (i, j) => load(i) * load(j) * 0.04 + (i === j ? 0.05 : 0);
    return {
        held: tickers.map((one) => [one, 1 / n]),
        matrix: [["", ...tickers], ...tickers.map((one, i) => [one, ...tickers.map((_, j) => risk(i, j))])],
        returns: [tickers, ...Array.from({ length: 60 }, (_, day) =>
            tickers.map((_, j) => 0.01 * (((day * j) % 7) - 3)))],
    };
}"""
"""Makes a portfolio, its matrix and its returns in the page: the test's own transport would take seconds."""

HANDLE = 'excel.call([["COVARIANCE", [big.returns, [["sample"]], [["data=returns"]], [[true]]]]])'


def test_a_matrix_of_500_names_goes_in_and_out_below_the_limit_of_excel(add_in: AddIn) -> None:
    betas, height, width, largest = add_in.page.evaluate(
        f"""async () => {{
            const big = ({BIG})(500);
            const [betas] = await excel.call([["BN_BETAS", [big.held, big.held.slice(0, 60), big.matrix]]]);
            const [handle] = await {HANDLE};
            excel.largest = 0;
            const [shown] = await excel.call([["BN_MATRIX", [handle.value]]]);
            return [betas.value.length, shown.value.length, shown.value[0].length, excel.largest];
        }}"""
    )
    assert betas > 500
    assert (height, width) == (501, 501)
    assert largest < 5e6


def test_a_result_that_excel_would_wait_for_without_end_is_one_line(add_in: AddIn) -> None:
    line = add_in.page.evaluate(
        f"""async () => {{
            const big = ({BIG})(800);
            const [handle] = await {HANDLE};
            return (await excel.call([["BN_MATRIX", [handle.value]]]))[0].value[0][0];
        }}"""
    )
    assert "more than Excel takes" in line


def test_a_slow_function_keeps_no_quick_one_waiting(add_in: AddIn) -> None:
    slow, quick = add_in.page.evaluate(
        f"""async () => {{
            const big = ({BIG})(500);
            const answers = await excel.call([
                ["COVARIANCE", [big.returns, [["sample"]], [["data=returns"]]]],
                ["BN_VERSION", []],
            ]);
            return answers.map((one) => one.at);
        }}"""
    )
    assert quick <= slow


def test_a_hundred_functions_are_one_request(add_in: AddIn) -> None:
    posts: list[str] = []
    add_in.page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    answers = add_in.calls([("BN_VERSION", [], None)] * 100)
    assert {row[0][0].split()[0] for row in answers} == {"betaneutral_xl"}
    assert len(posts) == 1


def test_the_session_is_that_of_the_installed_package(add_in: AddIn) -> None:
    from betaneutral_xl.hosts.sheets.functions import BY_NAME

    assert add_in.call("BN_VERSION") == [list(row) for row in Session().call(BY_NAME["BN_VERSION"])]


# ---------------------------------------------------------------- formulas of other hosts


def connected(add_in: AddIn, formulas: list[str]) -> tuple[str, list[list[Any]]]:
    """Put formulas that show #NAME? on a sheet, press the button, and return message and what was entered."""
    add_in.page.evaluate(
        """(formulas) => formulas.forEach((formula, row) => {
            excel.fill("Mine", row, [["#NAME?"]]);
            excel.formulas.set(`Mine!${row},0`, formula);
        })""",
        formulas,
    )
    message = add_in.press("connect")
    return message, add_in.page.evaluate("excel.connected")


def test_formulas_of_every_other_host_are_entered_again_as_they_are_typed(add_in: AddIn) -> None:
    message, entered = connected(
        add_in,
        [
            '=_xldudf_FETCH_HOLDINGS("demo")',
            '=_xll.LOAD_ETF("demo")',
            "='C:\\my funds\\betaneutral.xlsm'!BN_VERSION()",
            "=betaneutral.xlam!BN_NAMES(A1#,G1#)",
            '=IF(B1="","",LOAD_ETF(B1))',
            "=SUM(MYBN_VERSION(1))",
            "=UNKNOWN(1)",
        ],
    )
    assert message == "5 formulas are connected."
    assert [text for *_, text in entered] == [
        '=FETCH_HOLDINGS("demo")',
        '=LOAD_ETF("demo")',
        "=BN_VERSION()",
        "=BN_NAMES(A1#,G1#)",
        '=IF(B1="","",LOAD_ETF(B1))',
    ]


def test_an_array_of_another_program_is_entered_once_and_neighbours_each(add_in: AddIn) -> None:
    array = ["Mine", 0, 0, '=FETCH_HOLDINGS("demo")', 34, 5, False]
    neighbours = [["Mine", 40, column, "=BN_VERSION()", 1, 1, False] for column in (0, 1)]
    sheets = {"Mine": [["ticker"] * 5] * 34}
    add_in.fill({"sheets": sheets, "names": {}, "formats": [], "formulas": [array, *neighbours]})
    assert add_in.sheet("Mine")[33][4] == "#NAME?"
    assert add_in.press("connect") == "3 formulas are connected."
    entered = [(row, column) for _, row, column, _ in add_in.page.evaluate("excel.connected")]
    assert entered == [(0, 0), (40, 0), (40, 1)]
    assert not any(add_in.sheet("Mine")[33])  # what the array showed is gone, so that a table can spill


def test_formulas_of_a_protected_sheet_are_named(add_in: AddIn) -> None:
    add_in.page.evaluate("excel.protected.add('Mine')")
    message, entered = connected(add_in, ["=BN_VERSION()"])
    assert "0 formulas are connected. Not connected: the sheet Mine, which is protected." in message
    assert entered == []
