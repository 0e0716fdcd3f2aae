from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from calc_office import until

from betaneutral_xl import __version__
from betaneutral_xl.hosts.calc.values import for_calc
from betaneutral_xl.hosts.sheets.functions import BY_NAME, FUNCTIONS

if TYPE_CHECKING:
    from calc_office import Document, Office

    from betaneutral_xl.hosts.sheets.session import Session

SAMPLE = {
    "holdings": ("A1:E200", 'FETCH_HOLDINGS("demo")'),
    "etf": ("G1:J200", 'LOAD_ETF("demo")'),
    "names": ("L1:L200", "BN_NAMES(A1:E200;G1:J200)"),
    "risk": ("N1", 'COVARIANCE(L1:L200;"demo";;TRUE())'),
    "result": ("P1:U200", "BETA_NEUTRAL(A1:E200;G1:J200;N1)"),
    "prices": ("W1:Z200", 'BN_PRICES(A1:E200;G1:J200;"demo")'),
}
"""A chain of formulas, each in the first cell of a range that is larger than its result."""

LIMITS_AT = "AB1:AD2"
LIMITS = [["long_only", "", 1.0], ["upper", "", 0.2]]

CALLS: dict[str, list[tuple[Any, ...]]] = {
    "FETCH_HOLDINGS": [("'demo",), ("'demo", 45979.0), ("'demo", "'2025-11-18"), ("'nofund", "'soon")],
    "LOAD_ETF": [("'demo",), ("'demo", None, "'equity"), ("'missing.csv",)],
    "COVARIANCE": [
        ("names", "'demo", None, True),
        ("names", "'demo"),
        ("names", "'demo", "'half_life=3"),
    ],
    "BETA_NEUTRAL": [
        ("holdings", "etf", "risk"),
        ("holdings", "etf", "risk", 0.25, "'reweight", "limits"),
        ("holdings", "etf", "risk", 0.0, "'reweight", "limits"),
        ("holdings", "etf", "risk", 0.0, "'magic"),
    ],
    "BN_ANSWER": [
        ("holdings", "etf", "risk", 0.0, "'hedge", None, "'measures"),
        ("holdings", "etf", "risk", 0.0, "'reweight", "limits", "'verdict", 5e6),
        ("holdings", "etf", "risk", 0.0, "'hedge", None, "'nothing"),
    ],
    "BN_BETAS": [("holdings", "etf", "risk")],
    "BN_EXPOSURE": [("holdings", "etf", "risk"), ("holdings", "etf", "risk", 0.1)],
    "BN_FEASIBLE": [("holdings", "etf", "risk", 0.0, "limits")],
    "BN_COMPARE": [("holdings", "etf", "risk", None, None, "'MSFT")],
    "BN_PRICES": [("holdings", "etf", "'demo")],
    "BN_ORDERS": [("result", "prices"), ("result", "prices", 5e6, 1000.0, 10.0)],
    "BN_NAMES": [("holdings", "etf")],
    "BN_MATRIX": [("risk",), ("'cov#000000000000 [3x3]",)],
    "BN_STATUS": [("result",), ("risk",)],
    "BN_LAST_ERROR": [()],
    "BN_VERSION": [()],
}
"""How each function is called: an apostrophe marks a text; other texts name a table of the sample."""

EVERY_CALL = [(name, values) for name, calls in CALLS.items() for values in calls]


def written(value: Any) -> str:
    """Return an argument as it is written in a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE()" if value else "FALSE()"
        case float():
            return repr(value)
    return f'"{value[1:]}"' if value.startswith("'") else {**PLACES, "limits": LIMITS_AT}[value]


PLACES = {name: place for name, (place, _) in SAMPLE.items()}


def rows_of(session: Session, name: str, *values: Any) -> list[list[Any]]:
    """Return the function's result without Calc, in Calc's values."""
    return for_calc(session.call(BY_NAME[name], *values))


def filled(rows: list[list[Any]]) -> list[list[Any]]:
    """Return the rows of a range that are not blank."""
    return [row for row in rows if any(cell != "" for cell in row)]


@pytest.fixture(scope="module")
def sample(calc: Office) -> Iterator[Document]:
    """Return a document with the sample, from formulas entered in one cell each."""
    with calc.new() as document:
        document.put("AB1", LIMITS)
        for place, formula in SAMPLE.values():
            corner = place.partition(":")[0]
            document.enter(corner, f"={formula}")
            shown = document.text(corner)
            assert not shown.startswith(("#", "Err"))
            if ":" in place:
                assert until(lambda corner=corner: len(document.table(corner)) > 1)  # type: ignore[misc]
        yield document


@pytest.fixture(scope="module")
def tables(sample: Document, session: Session) -> dict[str, Any]:
    """Return the values on the sample's sheet, all of which the other session has computed too."""
    rows = {name: sample.rows(place) for name, place in PLACES.items()}
    holdings, etf = (rows_of(session, name, "demo") for name in ("FETCH_HOLDINGS", "LOAD_ETF"))
    names = rows_of(session, "BN_NAMES", holdings, etf)
    ((risk,),) = rows_of(session, "COVARIANCE", names, "demo", None, True)  # noqa: FBT003 - as Calc gives it
    rows_of(session, "BETA_NEUTRAL", holdings, etf, risk)
    rows_of(session, "BN_PRICES", holdings, etf, "demo")
    return {**rows, "risk": rows["risk"][0][0], "limits": LIMITS}


def given(value: Any, tables: dict[str, Any]) -> Any:
    """Return an argument as a program passes it."""
    if isinstance(value, str):
        return value[1:] if value.startswith("'") else tables[value]
    return value


def test_every_function_is_called() -> None:
    assert set(CALLS) == {function.name for function in FUNCTIONS}


def test_the_sample_on_the_sheet_is_the_same_as_without_calc(
    tables: dict[str, Any], session: Session
) -> None:
    holdings = rows_of(session, "FETCH_HOLDINGS", "demo")
    etf = rows_of(session, "LOAD_ETF", "demo")
    names = rows_of(session, "BN_NAMES", holdings, etf)
    ((risk,),) = rows_of(session, "COVARIANCE", names, "demo", None, True)  # noqa: FBT003 - as Calc gives it
    assert filled(tables["holdings"]) == holdings
    assert filled(tables["etf"]) == etf
    assert filled(tables["names"]) == names
    assert tables["risk"] == risk
    assert filled(tables["result"]) == rows_of(session, "BETA_NEUTRAL", holdings, etf, risk)


@pytest.mark.parametrize(("name", "values"), EVERY_CALL, ids=lambda one: one if isinstance(one, str) else "")
def test_a_cell_shows_the_same_result_as_without_calc(
    sample: Document, tables: dict[str, Any], session: Session, name: str, values: tuple[Any, ...]
) -> None:
    expected = comparable(name, rows_of(session, name, *(given(value, tables) for value in values)))
    sample.enter("AG1", f"={name}({';'.join(map(written, values))})")
    try:
        assert sample.text("AG1")
        assert until(lambda: len(sample.table("AG1")) == len(expected))
        assert comparable(name, sample.table("AG1")) == expected
    finally:
        sample.empty("AG1")


@pytest.mark.parametrize(("name", "values"), EVERY_CALL, ids=lambda one: one if isinstance(one, str) else "")
def test_a_program_gets_the_same_result_as_a_cell(
    sample: Document, tables: dict[str, Any], session: Session, name: str, values: tuple[Any, ...]
) -> None:
    areas = {place: sample.area(at) for place, at in PLACES.items()} | {"limits": sample.area(LIMITS_AT)}
    # FunctionAccess supports neither omitted arguments nor booleans: it converts TRUE to 0.
    plain = {None: "", True: 1.0}
    answer = sample.office.call(name, *(plain.get(value, given(value, areas)) for value in values))
    expected = rows_of(session, name, *(given(value, tables) for value in values))
    assert comparable(name, answer) == comparable(name, expected)


def comparable(name: str, rows: list[list[Any]]) -> list[list[Any]]:
    """Return a result without the parts that depend on the time and the caller."""
    return [row[:1] for row in rows] if name == "BN_LAST_ERROR" else rows


def test_a_call_of_a_killed_worker_is_retried(calc: Office, document: Document) -> None:
    assert calc.call("BN_VERSION") == [[f"betaneutral_xl {__version__}"]]
    (worker,) = calc.workers
    os.kill(worker, signal.SIGKILL)
    document.enter("A1", '=FETCH_HOLDINGS("demo")')
    assert document.text("A1") == "ticker"
    (other,) = calc.workers
    assert other != worker


# ---------------------------------------------------------------- values in cells

HOLDINGS: list[list[Any]] = [["A", 0.3], ["B", 0.4], ["C", 0.3]]
ETF: list[list[Any]] = [["ticker", "AI"], ["A", 0.4], ["B", 0.3], ["C", 0.3]]
RISK: list[list[Any]] = [
    ["", "A", "B", "C"],
    ["A", 0.04, 0.02, 0.01],
    ["B", 0.02, 0.03, 0.015],
    ["C", 0.01, 0.015, 0.05],
]
NEUTRAL = "BETA_NEUTRAL(A1:B9;D1:E9;G1:J9)"


@pytest.fixture
def notebook(document: Document) -> Document:
    """Return a document with the notebook's example."""
    for at, rows in (("A1", HOLDINGS), ("D1", ETF), ("G1", RISK)):
        document.put(at, rows)
    return document


def answer_of(document: Document, formula: str) -> list[list[Any]]:
    """Return the table of a formula entered in one cell."""
    document.enter("P1", f"={formula}")
    assert document.text("P1")
    document.office.settle()
    return document.table("P1")


def test_the_notebooks_example_has_its_known_answer(notebook: Document) -> None:
    table = answer_of(notebook, NEUTRAL)
    assert table[0] == ["ticker", "weight", "etf_weight", "predicted_beta", "new_weight", "trade"]
    assert [row[0] for row in table[1:]] == ["A", "B", "C", "CASH"]
    assert [row[3] for row in table[1:4]] == pytest.approx([1.06382979, 0.91489362, 1.0])
    assert [row[4] for row in table[1:4]] == pytest.approx([-0.09404255, 0.10446809, 0.00446809], abs=1e-8)


SPELLINGS = [["brk-b", 0.5], ["AAPL US Equity", 0.25], [" msft ", 0.25]]

CASES: dict[str, tuple[list[list[Any]], list[list[Any]]]] = {
    "a head": ([["ticker", "weight"], *HOLDINGS], HOLDINGS),
    "blank rows": ([HOLDINGS[0], ["", ""], HOLDINGS[1], ["", ""], HOLDINGS[2]], HOLDINGS),
    "numbers as text": ([["A", "0.3"], ["B", "0.4"], ["C", ".3"]], HOLDINGS),
    "percent signs": ([["A", "30%"], ["B", "40 %"], ["C", "30%"]], HOLDINGS),
    "other spellings": ([["a", 0.3], [" B ", 0.4], ["C US Equity", 0.3]], HOLDINGS),
}


@pytest.mark.parametrize("case", CASES)
def test_a_table_means_the_same_in_any_spelling(notebook: Document, session: Session, case: str) -> None:
    rows, plain = CASES[case]
    notebook.put("A1", rows)
    table = answer_of(notebook, NEUTRAL)
    assert table == rows_of(session, "BETA_NEUTRAL", rows, ETF, RISK)
    assert table == rows_of(session, "BETA_NEUTRAL", plain, ETF, RISK)


def test_a_row_of_tickers_means_what_a_column_means(document: Document, session: Session) -> None:
    names = ["MSFT", "brk-b", "", "NVDA US Equity"]
    document.put("A1", [names])
    document.put("A3", [[name] for name in names])
    expected = rows_of(session, "COVARIANCE", [names], "demo")
    assert answer_of(document, 'COVARIANCE(A1:D1;"demo")') == expected
    document.empty("P1")
    assert answer_of(document, 'COVARIANCE(A3:A6;"demo")') == expected
    document.empty("P1")
    assert answer_of(document, 'COVARIANCE({"MSFT";"brk-b";"NVDA"};"demo")') == expected


def test_a_single_cell_and_a_typed_value_mean_the_same(document: Document, session: Session) -> None:
    document.enter("A1", "MSFT")
    expected = rows_of(session, "COVARIANCE", "MSFT", "demo")
    assert answer_of(document, 'COVARIANCE(A1;"demo")') == expected
    document.empty("P1")
    assert answer_of(document, 'COVARIANCE("MSFT";"demo")') == expected


@pytest.mark.parametrize("blank", ["Z1", "Z1:AA9", '""', ""])
def test_a_blank_is_the_same_as_an_omitted_argument(notebook: Document, session: Session, blank: str) -> None:
    table = answer_of(notebook, f"BETA_NEUTRAL(A1:B3;D1:E4;G1:J4;{blank};{blank};{blank})")
    assert table == rows_of(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK)


@pytest.mark.parametrize("blank", ["AK1", "AK1:AL9", '""', ""])
@pytest.mark.parametrize("function", [one for one in FUNCTIONS if one.arguments], ids=lambda one: one.name)
def test_a_blank_required_argument_is_named(
    calc: Office, sample: Document, function: Any, blank: str
) -> None:
    sample.enter("AG1", f"={function.name}({blank})")
    assert sample.text("AG1").startswith(f"#BETA! {function.arguments[0].name} is blank. Give ")
    sample.empty("AG1")


def test_a_day_is_a_date_a_number_or_a_text(document: Document, session: Session) -> None:
    expected = rows_of(session, "FETCH_HOLDINGS", "demo", 45979.0)
    document.enter("A1", "=DATE(2025;11;18)")
    document.enter("A2", 45979.0)
    document.enter("A3", "2025-11-18")
    for given in ("A1", "A2", "A3", "DATE(2025;11;18)", '"2025-11-18"'):
        assert answer_of(document, f'FETCH_HOLDINGS("demo";{given})') == expected
        document.empty("P1")


@pytest.mark.parametrize("yes", ["TRUE()", "A1", "A2", '"TRUE"', '"yes"', "1"])
def test_true_may_be_a_boolean_or_a_word(document: Document, session: Session, yes: str) -> None:
    document.enter("A1", "=TRUE()")
    document.enter("A2", "TRUE")
    ((handle,),) = answer_of(document, f'COVARIANCE("MSFT";"demo";;{yes})')
    assert handle.startswith("cov#")


@pytest.mark.parametrize("no", ["FALSE()", "A1", '"no"', "0"])
def test_false_may_be_a_boolean_or_a_word(document: Document, session: Session, no: str) -> None:
    document.enter("A1", "=FALSE()")
    table = answer_of(document, f'COVARIANCE("MSFT";"demo";;{no})')
    assert table == rows_of(session, "COVARIANCE", "MSFT", "demo")


def test_limits_in_cells_may_be_booleans(notebook: Document, session: Session) -> None:
    notebook.put("L1", [["long_only", "", ""], ["upper", "", 0.5]])
    notebook.enter("N1", "=TRUE()")
    table = answer_of(notebook, 'BETA_NEUTRAL(A1:B3;D1:E4;G1:J4;0.97;"reweight";L1:N2)')
    limits = [["long_only", None, True], ["upper", None, 0.5]]
    assert table == rows_of(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.97, "reweight", limits)
    assert table[0][0] == "ticker"


def test_whole_columns_are_read_to_their_last_filled_row(notebook: Document, session: Session) -> None:
    expected = rows_of(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK)
    assert answer_of(notebook, "BETA_NEUTRAL(A:B;D:E;G1:J4)") == expected


def test_several_etfs_are_read_side_by_side(notebook: Document, session: Session) -> None:
    two = [["ticker", "AI", "B only"], ["A", 0.4, ""], ["B", 0.3, 1.0], ["C", 0.3, ""]]
    notebook.put("D1", two)
    notebook.put("L1", [[0.1], [0.2]])
    table = answer_of(notebook, "BN_EXPOSURE(A1:B3;D1:F4;G1:J4;L1:L2)")
    risk = [row[1:] for row in RISK]
    notebook.put("G1", RISK)
    assert table == rows_of(session, "BN_EXPOSURE", HOLDINGS, two, RISK, [[0.1], [0.2]]), risk


def test_an_error_of_this_package_is_passed_on_unchanged(notebook: Document) -> None:
    notebook.enter("L1", '=COVARIANCE("MSFT";"nowhere.csv")')
    line = notebook.text("L1")
    assert line.startswith("#BETA! ")
    assert answer_of(notebook, "BETA_NEUTRAL(A1:B3;D1:E4;L1)") == [[line]]
    notebook.enter("A1", line)
    notebook.empty("P1")
    assert answer_of(notebook, "BETA_NEUTRAL(A1:B3;D1:E4;G1:J4)") == [[line]]


def test_another_error_is_rejected_by_calc_with_error_504(notebook: Document) -> None:
    notebook.enter("B2", "=1/0")
    notebook.enter("P1", "=BETA_NEUTRAL(A1:B3;D1:E4;G1:J4)")
    assert notebook.do("cell", at="P1")["error"] == 504
    assert notebook.text("P1") == "Err:504"
    notebook.enter("B2", 0.4)
    assert notebook.text("P1") == "ticker"


def test_text_from_outside_never_becomes_a_formula(notebook: Document) -> None:
    notebook.put("A2", [["=1+1", 0.4]])
    notebook.enter("A2", "@SUM(1+1)")
    table = answer_of(notebook, "BN_NAMES(A1:B3;D1:E4)")
    assert ["@SUM(1+1)"] in table


# ---------------------------------------------------------------- spill emulation


NAMES = [["A"], ["AI"], ["B"], ["C"]]
"""The names of the notebook's portfolio and ETF for the risk model, including the ETF itself, AI."""


def test_an_array_grows_and_shrinks_with_its_result(notebook: Document) -> None:
    notebook.enter("L1", "=BN_NAMES(A1:B9;D1:E4)")
    assert until(lambda: notebook.table("L1") == NAMES)
    notebook.put("A4", [["D", 0.1], ["E", 0.1]])
    assert until(lambda: notebook.rows("L1:L7") == [*NAMES, ["D"], ["E"], [""]])
    notebook.put("A4", [["", ""], ["", ""]])
    assert until(lambda: notebook.rows("L1:L7") == [*NAMES, [""], [""], [""]])
    assert notebook.formula("L5") == ""


@pytest.mark.parametrize("area", ["L1", "L1:L2", "L1:M9"])
def test_an_array_entered_in_a_wrong_range_is_resized(notebook: Document, area: str) -> None:
    notebook.enter_array(area, "=BN_NAMES(A1:B3;D1:E4)")
    assert notebook.text("L1") == "A"
    notebook.office.settle()
    assert notebook.table("L1") == NAMES
    assert notebook.formula("M1") == notebook.formula("L5") == ""


def test_cells_with_content_are_not_overwritten(notebook: Document) -> None:
    notebook.enter("L3", "mine")
    notebook.enter("L1", "=BN_NAMES(A1:B3;D1:E4)")
    assert notebook.text("L1") == "A"
    notebook.office.settle()
    assert notebook.rows("L1:L4") == [["A"], [""], ["mine"], [""]]
    notebook.empty("L3")
    notebook.do("recalculate")
    assert until(lambda: notebook.table("L1") == NAMES)


def test_a_call_within_another_formula_does_not_spill(notebook: Document) -> None:
    notebook.enter("L1", '=COUNTA(BN_NAMES(A1:B3;D1:E4))&" names"')
    notebook.enter("L3", '=IF(A1="A";1;BN_NAMES(A1:B3;D1:E4))')
    assert (notebook.text("L1"), notebook.text("L3")) == ("4 names", "1")
    notebook.office.settle()
    assert notebook.rows("L1:L4") == [["4 names"], [""], [1.0], [""]]


def test_the_same_formula_may_be_entered_twice(notebook: Document) -> None:
    for at in ("L1", "M1"):
        notebook.enter(at, "=BN_NAMES(A1:B3;D1:E4)")
        assert notebook.text(at) == "A"
    notebook.office.settle()
    assert notebook.rows("L1:M4") == [[name, name] for [name] in NAMES]


def test_arrays_depend_on_arrays(document: Document) -> None:
    document.put("A1", [["MSFT", 0.5]])
    document.put("D1", [["NVDA", 1.0]])
    document.enter("L1", "=BN_NAMES(A1:B9;D1:E4)")
    document.enter("M1", '=COVARIANCE(L1:L9;"demo")')
    assert until(lambda: [row[0] for row in document.table("M1")][1:3] == ["MSFT", "NVDA"])
    document.put("A2", [["AAPL", 0.1]])
    assert until(lambda: [row[0] for row in document.table("M1")][1:4] == ["AAPL", "MSFT", "NVDA"])


def test_resizing_is_undone_and_redone_with_the_entered_formula(notebook: Document) -> None:
    steps = notebook.state["undo"]
    for enter in (notebook.enter, lambda at, text: notebook.enter_array(f"{at}:M2", text)):
        enter("L1", "=BN_NAMES(A1:B3;D1:E4)")
        assert until(lambda: notebook.table("L1") == NAMES)
        assert len(notebook.state["undo"]) == len(steps) + 1
        notebook.do("undo")
        notebook.office.settle()
        assert notebook.rows("L1:M5") == [["", ""]] * 5
        assert notebook.formula("L2") == ""
        notebook.do("redo")
        assert until(lambda: notebook.rows("L1:M5") == [*([name, ""] for [name] in NAMES), ["", ""]])
        notebook.do("undo")
        assert notebook.state["undo"] == steps
