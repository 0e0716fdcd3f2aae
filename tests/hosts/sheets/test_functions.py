from __future__ import annotations

import inspect
import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from betaneutral_xl import Covariance, Holdings
from betaneutral_xl.errors import Unreachable
from betaneutral_xl.hosts.sheets.functions import BY_NAME, FUNCTIONS, Function
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job import api
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows

HOLDINGS = [["A", 0.3], ["B", 0.4], ["C", 0.3]]
ETF: list[list[Any]] = [["ticker", "AI"], ["A", 0.4], ["B", 0.3], ["C", 0.3]]
RISK: list[list[Any]] = [
    ["", "A", "B", "C"],
    ["A", 0.04, 0.02, 0.01],
    ["B", 0.02, 0.03, 0.015],
    ["C", 0.01, 0.015, 0.05],
]

VBA = frozenset(
    """
    and as boolean byref byte byval call case const currency date decimal declare default dim do
    double each else elseif empty end enum erase error event exit false for friend function get
    global gosub goto if implements imp in input integer is let like line lock long longlong loop
    lset me mod name new next not nothing null object on open option optional or paramarray
    preserve print private property public put raiseevent redim rem resume return rset seek select
    set single static step stop string sub then time to true type typeof until variant wend while
    with write xor
    """.split()  # noqa: SIM905 - a list of quoted words cannot be read
)
"""Reserved words of Visual Basic, in lower case."""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache=tmp_path))


def call(session: Session, name: str, *values: Any) -> Rows:
    return session.call(BY_NAME[name], *values)


def column(rows: Rows, name: str) -> list[Any]:
    return [row[rows[0].index(name)] for row in rows[1:]]


def _pairs(rows: Rows) -> dict[Any, Any]:
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_every_function_is_valid_in_every_host(function: Function) -> None:
    assert re.fullmatch(r"[A-Z][A-Z_]+", function.name)
    assert function.name in {
        "FETCH_HOLDINGS",
        "LOAD_ETF",
        "COVARIANCE",
        "BETA_NEUTRAL",
    } or function.name.startswith("BN_")
    assert f"{function.name}(" in function.example
    for text in (function.help, *(argument.help for argument in function.arguments)):
        assert len(text) < 255
        assert text.endswith(".")
        assert text.isascii()
    names = [argument.name for argument in function.arguments]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z][a-z_]*", name)
        assert name not in VBA
    optional = [argument.optional for argument in function.arguments]
    assert optional == sorted(optional)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_the_implementation_takes_the_arguments_of_the_entry(function: Function) -> None:
    inspect.signature(function.run).bind(None, *[None] * len(function.arguments))
    inspect.signature(function.external_state).bind(None, *[None] * len(function.arguments))


def test_names_are_unique_regardless_of_case() -> None:
    assert len({function.name.upper() for function in FUNCTIONS}) == len(FUNCTIONS)


@pytest.mark.parametrize(
    "function", [one for one in FUNCTIONS if one.arguments], ids=lambda function: function.name
)
def test_a_blank_required_argument_is_an_error_that_is_not_logged(
    session: Session, function: Function
) -> None:
    ((line,),) = session.call(function, *[None] * len(function.arguments))
    assert str(line).startswith(f"#BETA! {function.arguments[0].name} is blank. Give ")
    assert session.last_error is None


@pytest.mark.parametrize(
    "function", [one for one in FUNCTIONS if one.arguments], ids=lambda function: function.name
)
def test_an_error_as_an_argument_is_passed_on_unchanged(session: Session, function: Function) -> None:
    line = "#BETA! The fund's API did not answer within 60 s. Try again later."
    assert session.call(function, line) == ((line,),)


def test_the_notebooks_example_has_its_known_answer(session: Session) -> None:
    table = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK)
    assert table[0] == ("ticker", "weight", "etf_weight", "predicted_beta", "new_weight", "trade")
    assert column(table, "ticker") == ["A", "B", "C", "CASH"]
    assert column(table, "predicted_beta")[:3] == pytest.approx([1.06382979, 0.91489362, 1.0])
    assert column(table, "new_weight")[:3] == pytest.approx([-0.09404255, 0.10446809, 0.00446809], abs=1e-8)


def test_a_matrix_and_its_handle_give_the_same(session: Session) -> None:
    ((handle,),) = call(session, "COVARIANCE", RISK, None, None, True)  # noqa: FBT003 - as a host passes it
    assert re.fullmatch(r"cov#[0-9a-f]{12} \[3x3\]", str(handle))
    assert call(session, "BETA_NEUTRAL", HOLDINGS, ETF, handle) == call(
        session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK
    )
    assert call(session, "BN_MATRIX", handle)[1:] == tuple(tuple(row) for row in RISK[1:])


def test_a_handle_is_valid_in_another_process(session: Session) -> None:
    ((handle,),) = call(session, "COVARIANCE", RISK, None, None, "TRUE")
    reopened = Session(session.settings)
    assert call(reopened, "BN_MATRIX", handle) == call(session, "BN_MATRIX", handle)
    assert call(reopened, "COVARIANCE", RISK, None, None, 1.0) == ((handle,),)


def test_an_expired_handle_is_refused_with_a_remedy(session: Session) -> None:
    ((line,),) = call(session, "BN_MATRIX", "cov#000000000000 [3x3]")
    assert (
        line
        == "#BETA! The matrix cov#000000000000 [3x3] is no longer stored. Recalculate its cell (Ctrl+Alt+F9)."
    )


def test_a_target_for_each_etf_is_taken_in_order(session: Session) -> None:
    two = [["ticker", "AI", "B only"], ["A", 0.4, None], ["B", 0.3, 1.0], ["C", 0.3, None]]
    after = call(session, "BN_EXPOSURE", HOLDINGS, two, RISK, [[0.1], [0.2]])
    assert [row[2] for row in after if str(row[0]).startswith("beta to")] == pytest.approx([0.1, 0.2])
    ((line,),) = call(session, "BN_EXPOSURE", HOLDINGS, two, RISK, [[0.1], [0.2], [0.3]])
    assert line == "#BETA! There are 3 targets (0.1, 0.2, 0.3) for 2 ETFs. Give one, or one for each ETF."


def test_betas_add_up_to_the_portfolios(session: Session) -> None:
    table = call(session, "BN_BETAS", HOLDINGS, ETF, RISK)
    assert sum(column(table, "contribution")) == pytest.approx(0.985106, abs=1e-6)


def test_betas_are_in_the_order_of_what_they_add_to_the_first_etfs(session: Session) -> None:
    two = [["ticker", "AI", "A only"], ["A", 0.4, 1.0], ["B", 0.3, None], ["C", 0.3, None]]
    table = call(session, "BN_BETAS", HOLDINGS, two, RISK)
    by_first, by_second = (column(table, f"contribution_{name}") for name in ("AI", "A only"))
    assert by_first == sorted(by_first, reverse=True)
    assert by_second != sorted(by_second, reverse=True)


LONG_ONLY = [["long_only", None, True], ["upper", None, 0.5], ["upper", "C", 0.6]]


def test_limits_bind_the_weights(session: Session) -> None:
    table = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.97, "reweight", LONG_ONLY)
    weights = dict(zip(column(table, "ticker"), column(table, "new_weight"), strict=True))
    assert all(-1e-12 <= weights[name] <= 0.5 + 1e-8 for name in "AB")
    assert sum(weights[name] for name in "ABC") == pytest.approx(1.0)


def test_an_infeasible_target_is_explained(session: Session) -> None:
    ((line,),) = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.0, "reweight", LONG_ONLY)
    assert str(line).startswith("#BETA! No weights reach beta 0.00")
    table = call(session, "BN_FEASIBLE", HOLDINGS, ETF, RISK, 0.0, LONG_ONLY)
    assert table[0] == ("etf", "target", "lowest", "highest", "nearest", "sell_beside", "coverage")
    assert 0.9 < float(str(table[1][2])) < float(str(table[1][3])) < 1.1
    assert "summary" in [row[0] for row in table]


def test_alternatives_are_compared_side_by_side(session: Session) -> None:
    table = call(session, "BN_COMPARE", HOLDINGS, ETF, RISK, 0.0, None, "A")
    names = column(table, "alternative")
    assert names[:4] == ["as it is", "hedge by the ETF", "hedge by its basket", "reweight"]
    assert column(table, "beta")[1:4] == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)


def test_orders_are_whole_shares_of_a_result(session: Session) -> None:
    held = [["ticker", "shares", "price"], ["A", 3000.0, 10.0], ["B", 2000.0, 20.0], ["C", 1000.0, 30.0]]
    result = call(session, "BETA_NEUTRAL", held, ETF, RISK, 0.5)
    table = call(session, "BN_ORDERS", result)
    orders = [row for row in table[1:] if row[1] in {"buy", "sell"}]
    assert orders
    assert all(float(str(row[2])).is_integer() for row in orders)
    assert float(str(table[-1][4])) == pytest.approx(0.5, abs=1e-3)
    ((line,),) = call(
        session, "BN_ORDERS", call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK), [["A", 10.0]], 1e6
    )
    assert "No price for 2 of 3 trades: B, C" in str(line)


def test_the_names_of_portfolio_and_etfs_are_one_sorted_column(session: Session) -> None:
    assert call(session, "BN_NAMES", [["Z", 0.5], ["B", 0.5]], ETF) == (
        ("A",),
        ("AI",),
        ("B",),
        ("C",),
        ("Z",),
    )


def prices(dates: list[Any]) -> list[list[Any]]:
    generator = np.random.default_rng(7)
    levels = 100.0 * np.cumprod(1.0 + 0.01 * generator.standard_normal((len(dates), 3)), axis=0)
    return [["date", "A", "B", "C"], *([day, *row] for day, row in zip(dates, levels.tolist(), strict=True))]


def test_prices_are_estimated_alike_from_excel_and_from_calc(session: Session) -> None:
    days = [date(2025, 1, 1) + timedelta(days=i) for i in range(60)]
    excel = call(session, "COVARIANCE", prices(list(days)), "sample", "window=30")
    calc = call(
        session,
        "COVARIANCE",
        prices([float((day - date(1899, 12, 30)).days) for day in days]),
        "sample",
        "window=30",
    )
    assert excel == calc
    levels = np.array([row[1:] for row in prices(list(days))[1:]])
    moves = (levels[1:] / levels[:-1] - 1.0)[-30:]
    assert np.array([row[1:] for row in excel[1:]]) == pytest.approx(252.0 * np.cov(moves, rowvar=False))


def test_returns_without_dates_are_estimated_with_a_warning(session: Session) -> None:
    block = [row[1:] for row in prices(list(range(60)))]
    moves = [block[0], *([b / a - 1.0 for a, b in zip(*pair, strict=True)] for pair in pairwise(block[1:]))]
    ((handle,),) = call(session, "COVARIANCE", moves, "exponential", [["half_life", 21.0]], "yes")
    risk = session.handles.get(str(handle))
    assert risk.as_of is None
    assert risk.warnings[0].startswith("The prices or returns have no dates")
    assert call(session, "COVARIANCE", block, "exponential", "half_life=21", "yes") != ((handle,),)
    assert call(session, "BN_STATUS", handle)[1][0] == "risk model"


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("BETA_NEUTRAL", (HOLDINGS, ETF, RISK, 0.0, "magic"), "There is no method 'magic'"),
        ("BETA_NEUTRAL", (HOLDINGS, ETF, RISK, "SPY"), "target SPY is neither a number nor a ticker"),
        ("BETA_NEUTRAL", (HOLDINGS, ETF, RISK, 0.0, "hedge", [["magic", 1.0]]), "'magic'"),
        ("BETA_NEUTRAL", ([["A", 0.5], ["Z", 0.5]], ETF, RISK), "no row for 1 of 2 holdings: Z"),
        ("COVARIANCE", (RISK, "sample"), "method has no effect here"),
        ("COVARIANCE", ("A", None, "half_life=3"), "option half_life is for prices and returns"),
        ("COVARIANCE", (prices([date(2025, 1, 1 + i) for i in range(30)]), "magic"), "no estimator 'magic'"),
        ("COVARIANCE", (prices([date(2025, 1, 1 + i) for i in range(30)]), "oas", "x=1"), "no parameter x"),
        (
            "COVARIANCE",
            (prices([date(2025, 1, 1 + i) for i in range(30)]), "sample", [["window", 100.5]]),
            "The option window is 100.5. Give a whole number.",
        ),
        (
            "COVARIANCE",
            (prices([date(2025, 1, 1 + i) for i in range(30)]), "sample", [["window", "1 year"]]),
            "The option window is '1 year', not a number. Correct it, or leave it blank.",
        ),
        ("COVARIANCE", ([["A", "B"], [1.0, 2.0]],), "needs a row of tickers above its prices"),
        ("BN_MATRIX", ("x",), "handle is not a handle"),
        ("BN_STATUS", (HOLDINGS,), "result is not the whole, unchanged result of a function"),
        ("FETCH_HOLDINGS", ("quant", "soon"), "as_of is 'soon', not a date"),
    ],
)
def test_an_error_is_one_line_and_the_last_error(
    session: Session, name: str, values: tuple[Any, ...], message: str
) -> None:
    ((line,),) = call(session, name, *values)
    assert str(line).startswith("#BETA! ")
    assert message in str(line)
    last: dict[Any, Any] = _pairs(call(session, "BN_LAST_ERROR"))
    assert last["function"] == name
    assert f"#BETA! {last['error']}" == line


def test_a_defect_is_one_line_and_its_traceback_is_logged(session: Session) -> None:
    def broken(_: Session) -> Any:
        empty: dict[str, Any] = {}
        return empty["no such key"]

    ((line,),) = session.call(replace(BY_NAME["BN_VERSION"], run=broken))
    assert line == (
        "#BETA! KeyError in BN_VERSION: a defect of this program. "
        "The traceback is in worksheet.log; see also BN_LAST_ERROR()."
    )
    assert "in broken" in session.log.read_text(encoding="utf-8")


def test_too_many_arguments_are_refused(session: Session) -> None:
    assert call(session, "BN_VERSION", 1.0) == (("#BETA! BN_VERSION takes 0 arguments, not 1.",),)


@pytest.mark.parametrize(
    ("limits", "name", "value"),
    [
        ([["upper", None, 5.0]], "upper", 5),
        ([["upper", "A", 2.0], ["upper", "B", 0.5]], "upper of A", 2),
        ([["lower", -5.0]], "lower", -5),
        ([["turnover", 3.0]], "turnover", 3),
        ([["gross", 150.0]], "gross", 150),
        ([["net", 90.0]], "net", 90),
        ([["beta", 50.0]], "beta", 50),
        ("turnover=30", "turnover", 30),
    ],
)
def test_a_limit_that_was_meant_as_percent_is_refused(
    session: Session, limits: Any, name: str, value: int
) -> None:
    ((line,),) = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.9, "reweight", limits)
    assert line == (
        f"#BETA! The limit {name} is {value}, which is {value}00%: give {value}% or {value / 100}. "
        f"If {value}00% is meant, give it as text with its percent sign."
    )


@pytest.mark.parametrize(
    "limits", [[["upper", "300%"]], "upper=300%; turnover=1000%", [["upper", "A", "300 %"]]]
)
def test_a_limit_with_a_percent_sign_is_not_questioned(session: Session, limits: Any) -> None:
    rows = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.9, "reweight", limits)
    free = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.9, "reweight")
    assert column(rows, "new_weight") == pytest.approx(column(free, "new_weight"))


@pytest.mark.parametrize("target", ["90%", "0.9", 0.9])
def test_a_target_may_be_in_percent(session: Session, target: Any) -> None:
    rows = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, target)
    assert rows == call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.9)


def test_a_target_that_was_meant_as_percent_is_refused(session: Session) -> None:
    ((line,),) = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 50.0)
    assert str(line).startswith("#BETA! The target is 50, which is 5000%: give 50% or 0.5.")


def test_the_sample_has_the_holdings_of_its_day_only(session: Session) -> None:
    assert call(session, "FETCH_HOLDINGS", "demo", date(2025, 11, 18))[1][0] == "MSFT"
    ((line,),) = call(session, "FETCH_HOLDINGS", "demo", date(2025, 11, 19))
    assert line == ("#BETA! The sample has the holdings of 2025-11-18 only. Give that day, or leave it out.")


def test_the_sample_runs_through_all_functions(session: Session) -> None:
    holdings = call(session, "FETCH_HOLDINGS", "demo")
    etf = call(session, "LOAD_ETF", "demo")
    names = [[row[0]] for row in (*holdings[1:], *etf[1:])]
    risk = call(session, "COVARIANCE", names, "demo", None, True)  # noqa: FBT003 - as a host passes it
    weights = [row[-1] for row in holdings[1:]]
    assert weights == sorted(weights, key=lambda weight: -float(str(weight)))
    exposure = call(session, "BN_EXPOSURE", holdings, etf, risk)
    assert exposure[1][0] == "beta to JHAI"  # the name travels with the table's content
    assert 0.4 < float(str(exposure[1][1])) < 0.7
    assert float(str(exposure[1][2])) == pytest.approx(0.0, abs=1e-10)
    status = call(session, "BN_STATUS", call(session, "BETA_NEUTRAL", holdings, etf, risk))
    assert column(status, "part") == ["holdings", "ETF JHAI", "risk model"]
    assert set(column(status, "retrieval")) == {"sample"}


class Network:
    """A fake of the fund's API that records its requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[Any, ...]] = []
        self.down = False

    def holdings(self, fund: str, as_of: date, start: date | None, settings: Settings) -> Holdings:
        """Answer, or fail, in place of ``api.fetch_holdings``."""
        self.requests.append((fund, as_of, start, settings.refresh))
        if self.down:
            msg = "The fund's API did not answer. Try again later."
            raise Unreachable(msg)
        return Holdings.from_positions(["A", "B"], [1.0, 2.0], [3.0, 4.0], fund)

    def covariance(self, tickers: tuple[str, ...], *_: Any) -> Covariance:
        """Answer in place of ``api.covariance``."""
        self.requests.append(tickers)
        return Covariance.from_matrix(["A", "B", "C"], [row[1:] for row in RISK[1:]])  # type: ignore[arg-type] # lists will do


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    network = Network()
    monkeypatch.setattr(api, "fetch_holdings", network.holdings)
    monkeypatch.setattr(api, "covariance", network.covariance)
    return network


def test_recalculation_never_fetches_again(session: Session, network: Network) -> None:
    first = call(session, "FETCH_HOLDINGS", "quant", date(2025, 11, 18))
    assert call(session, "FETCH_HOLDINGS", "quant", "2025-11-18") != ()
    assert call(session, "FETCH_HOLDINGS", "quant", date(2025, 11, 18)) is first
    for _ in range(3):
        call(session, "BETA_NEUTRAL", HOLDINGS, ETF)
        call(session, "BN_EXPOSURE", HOLDINGS, ETF)
        call(session, "BN_BETAS", HOLDINGS, ETF)
    assert len([one for one in network.requests if one == ("A", "AI", "B", "C")]) == 1


def test_another_refresh_value_and_the_refresh_button_fetch_again(session: Session, network: Network) -> None:
    day = date(2025, 11, 18)
    call(session, "FETCH_HOLDINGS", "quant", day)
    call(session, "FETCH_HOLDINGS", "quant", day, None, 1.0)
    call(session, "FETCH_HOLDINGS", "quant", day, None, 1.0)
    assert network.requests == [("quant", day, None, False), ("quant", day, None, True)]
    session.refresh()
    call(session, "FETCH_HOLDINGS", "quant", day)
    assert network.requests[2:] == [("quant", day, None, True)]


def test_a_network_failure_is_not_retried_at_every_recalculation(session: Session, network: Network) -> None:
    network.down = True
    day = date(2025, 11, 18)
    lines = {call(session, "FETCH_HOLDINGS", "quant", day) for _ in range(3)}
    assert lines == {(("#BETA! The fund's API did not answer. Try again later.",),)}
    assert len(network.requests) == 1
    session.refresh()
    network.down = False
    assert len(call(session, "FETCH_HOLDINGS", "quant", day)) == 3


def test_provenance_belongs_to_unchanged_cells_only(session: Session, network: Network) -> None:
    holdings = call(session, "FETCH_HOLDINGS", "quant", date(2025, 11, 18))
    ((_, *_), row) = call(session, "BN_STATUS", holdings)
    assert row[0] == "holdings"
    edited = [list(row) for row in holdings]
    edited[1][0] = "Z"
    ((line,),) = call(session, "BN_STATUS", edited)
    assert "Select all of it (in Excel, A1#)" in str(line)


def test_a_file_without_a_folder_is_found_in_downloads(tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    (downloads / "some etf.csv").write_text("Ticker,Weight\nMSFT,60%\nNVDA,40%\n", encoding="utf-8")
    session = Session(Settings(cache=tmp_path, downloads=(downloads,)))
    assert [row[0] for row in call(session, "LOAD_ETF", "some etf.csv")] == ["ticker", "MSFT", "NVDA"]
    assert "no file" in str(call(session, "LOAD_ETF", "other.csv")[0][0])


def test_a_covariance_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    session = Session(Settings(cache=tmp_path, downloads=(downloads,)))
    for variance in ("0.04", "0.0900"):
        lines = ("date,ticker,MSFT,NVDA", f"2025-11-18,MSFT,{variance},0.01", "2025-11-18,NVDA,0.01,0.09")
        (downloads / "risk.csv").write_text("\n".join(lines), encoding="utf-8")
        rows = call(session, "COVARIANCE", [["MSFT"], ["NVDA"]], "risk.csv")
        assert rows[1][1] == float(variance)


@pytest.mark.parametrize("name", ["BETA_NEUTRAL", "BN_EXPOSURE", "BN_FEASIBLE", "BN_COMPARE", "BN_NAMES"])
def test_the_error_of_a_second_etf_is_passed_on(session: Session, name: str) -> None:
    failed = "#BETA! There is no file 'AIQ.csv'. Give its folder."
    etf: list[list[Any]] = [[*row, None, None] for row in ETF]
    etf[0][-1] = failed
    values = (HOLDINGS, etf) if name == "BN_NAMES" else (HOLDINGS, etf, RISK)
    assert call(session, name, *values) == ((failed,),)


def test_limits_without_values_are_ignored(session: Session) -> None:
    cleared = [["long_only", None, None], ["upper", None, None]]
    limited = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.0, "hedge", cleared)
    assert limited == call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK)


def test_limits_may_have_a_header(session: Session) -> None:
    headed = [["name", "for which", "value"], *LONG_ONLY]
    assert call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.97, "reweight", headed) == call(
        session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, 0.97, "reweight", LONG_ONLY
    )


def test_an_option_that_is_yes_or_no_is_read_from_a_cell(session: Session) -> None:
    block = prices([date(2025, 1, 1) + timedelta(days=i) for i in range(60)])

    def covariance(scaled: object) -> Rows:
        options = [["components", 1.0], ["scaled", scaled]]
        return call(session, "COVARIANCE", block, "statistical_factors", options, "yes")

    assert covariance(False) == covariance("no") != covariance(True)  # noqa: FBT003 - as cells hold it
    assert covariance(0.5) == (("#BETA! The option scaled is '0.5'. Give TRUE or FALSE.",),)


@pytest.mark.parametrize("name", ["BETA_NEUTRAL", "BN_BETAS", "BN_EXPOSURE", "BN_FEASIBLE", "BN_COMPARE"])
def test_the_status_of_a_result_has_the_provenance_of_its_inputs(session: Session, name: str) -> None:
    status = call(session, "BN_STATUS", call(session, name, HOLDINGS, ETF, RISK))
    assert [row[:3] for row in status[1:]] == [
        ("holdings", "worksheet", "holdings"),
        ("ETF AI", "worksheet", "etf"),
        ("risk model", "worksheet", "covariance"),
    ]


def test_orders_are_made_of_weights_and_not_of_measures(session: Session) -> None:
    measures = call(session, "BN_EXPOSURE", HOLDINGS, ETF, RISK)
    ((line,),) = call(session, "BN_ORDERS", measures, None, 1e6)
    assert str(line).startswith("#BETA! weights is not the whole, unchanged result of BETA_NEUTRAL.")


def test_names_for_the_risk_model_are_those_of_target_market_and_benchmark_too(session: Session) -> None:
    holdings, etf = [["A", 1.0]], [["ticker", "AI"], ["B", 1.0]]
    rules = [
        ["market", None, "SPY"],
        ["mandate: benchmark", None, "IWV"],
        ["mandate: target", "AI", "QQQ"],
    ]
    found = session.call(BY_NAME["BN_NAMES"], holdings, etf, "MTUM", rules)
    assert [row[0] for row in found] == ["A", "AI", "B", "IWV", "MTUM", "SPY"]
    found = session.call(BY_NAME["BN_NAMES"], holdings, etf, 0.0, rules)
    assert [row[0] for row in found] == ["A", "AI", "B", "IWV", "QQQ", "SPY"]
    found = session.call(BY_NAME["BN_NAMES"], holdings, etf)
    assert [row[0] for row in found] == ["A", "AI", "B"]


def test_rules_of_a_mandate_among_constraints_hold(session: Session) -> None:
    rules: list[list[Any]] = [["mandate: name", None, "Fund"], ["mandate: method", None, "reweight"]]
    rules += [["mandate: upper", None, 0.45], ["mandate: target", None, 0.98]]
    table = call(session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, None, None, rules)
    assert max(column(table, "new_weight")[:3]) <= 0.45 + 1e-9
    after = {row[0]: row[2] for row in call(session, "BN_EXPOSURE", HOLDINGS, ETF, RISK, None, None, rules)}
    assert after["beta to AI"] == pytest.approx(0.98)
    ((line,),) = call(
        session, "BETA_NEUTRAL", HOLDINGS, ETF, RISK, None, None, [["mandate: uper", None, 0.45]]
    )
    assert str(line).startswith("#BETA! The mandate: there is no rule 'uper'. Did you mean upper?")
