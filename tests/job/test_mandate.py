"""A mandate: read, applied below what a run says, departed from aloud, and checked against a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from betaneutral_xl import Covariance, Etf, Holdings, beta_neutral
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import InputError
from betaneutral_xl.job import run, standing
from betaneutral_xl.job.mandate import Mandate, canonical, ready, ready_text, shown
from betaneutral_xl.job.request import OrderTerms, Request
from betaneutral_xl.job.sources import Sources

RULES: dict[str, Any] = {
    "name": "Test fund",
    "benchmark": "iwv",
    "method": "reweight",
    "target": 0.95,
    "tolerance": 0.05,
    "long_only": True,
    "upper": {"*": "60%", "TSLA": "1%"},
    "frozen": ["XOM"],
    "cost_bp": 5,
    "lot": 10,
    "fund": "quant",
    "etf": "JHAI",
}


@pytest.fixture
def mandate() -> Mandate:
    return Mandate.of(RULES)


@pytest.mark.parametrize("name", ready())
def test_every_ready_mandate_parses_whole_and_has_a_tolerance(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mandate.toml"
    file.write_text(ready_text(name), encoding="utf-8")
    found = Mandate.of(str(file))
    request = Request.parse({"mandate": found})
    assert request.mandate is found
    assert request.tolerance == pytest.approx(0.05)
    assert OrderTerms.parse(found.terms({})).lot == 1
    assert OrderTerms.parse(found.terms({})).cost_bp > 0.0
    Sources.parse(found.sources({}))


def test_a_run_that_says_nothing_is_as_the_mandate_says(mandate: Mandate) -> None:
    request = Request.parse({"mandate": mandate})
    assert request.method is Method.REWEIGHT
    assert request.target == pytest.approx(0.95)
    assert dict(request.constraints.upper) == {"*": pytest.approx(0.6), "TSLA": pytest.approx(0.01)}
    assert request.constraints.long_only
    assert request.departures == ()


def test_a_value_that_is_none_is_not_given(mandate: Mandate) -> None:
    request = Request.parse({"mandate": mandate, "target": None, "upper": None})
    assert request.target == pytest.approx(0.95)
    assert request.departures == ()


def test_what_a_run_says_holds_however_a_name_is_written(mandate: Mandate) -> None:
    request = Request.parse({"mandate": mandate, "upper": {"tsla": "2%"}})
    assert dict(request.constraints.upper) == {"*": pytest.approx(0.6), "TSLA": pytest.approx(0.02)}
    assert len(request.departures) == 1


def test_what_a_run_says_holds_and_is_a_departure(mandate: Mandate) -> None:
    request = Request.parse({"mandate": mandate, "upper": {"B": 0.45}, "target": 0.5, "net": "0:1"})
    assert dict(request.constraints.upper)["*"] == pytest.approx(0.6)
    assert dict(request.constraints.upper)["B"] == pytest.approx(0.45)
    assert request.target == pytest.approx(0.5)
    assert [one.removeprefix("Departs from the mandate Test fund: ") for one in request.departures] == [
        "upper B 0.45, where the mandate has 60%, TSLA 1%.",
        "target beta 0.5, where the mandate has 0.95.",
        "net 0:1, of which the mandate has none.",
    ]


@pytest.mark.parametrize(
    "same",
    [
        {"upper": 0.6},
        {"upper": {"tsla": 0.01}},
        {"long_only": "yes"},
        {"frozen": "xom"},
        {"method": "Reweight"},
        {"target": "95%"},
    ],
)
def test_the_same_said_again_in_other_words_is_no_departure(mandate: Mandate, same: dict[str, Any]) -> None:
    assert Request.parse({"mandate": mandate, **same}).departures == ()


@pytest.mark.parametrize("same", ["0.9:1.1", " 0.9 : 1.1", (0.9, 1.1), ["90%", "110%"]])
def test_the_same_range_said_again_in_other_words_is_no_departure(same: Any) -> None:
    mandate = Mandate.of({"net": "90%:110%", "groups": {"A": ["X"]}, "group_limits": {"A": ":0.3"}})
    assert mandate.departures({"net": same, "group_limits": {"A": ":30%"}}) == ()
    assert len(mandate.departures({"net": "0.9:1.2", "group_limits": {"A": "0:0.3"}})) == 2


def test_another_method_keeps_the_limits_as_checks_not_as_constraints(
    mandate: Mandate, book: Holdings, etf: Etf, risk: Covariance
) -> None:
    result = beta_neutral(book, etf, risk, target=0.2, constraints={"method": "hedge"}, mandate=mandate)
    assert not result.constraints.given
    broken = [one for one in result.notes if one.startswith("Breaks the mandate")]
    lowest = f"{result.new_weights.min():.2%} ({result.tickers[int(result.new_weights.argmin())]})"
    assert broken == [f"Breaks the mandate Test fund: lowest weight {lowest}, at least 0%."]


def test_a_ticker_of_the_rules_need_not_be_held_and_one_of_the_run_must(
    mandate: Mandate, book: Holdings, etf: Etf, risk: Covariance
) -> None:
    result = beta_neutral(book, etf, risk, mandate=mandate)
    assert result.after.beta["AI"] == pytest.approx(0.95)
    with pytest.raises(InputError, match="ZZZZ"):
        beta_neutral(book, etf, risk, constraints={"frozen": "ZZZZ"}, mandate=mandate)


def test_the_limits_say_which_name_is_furthest_over(book: Holdings, etf: Etf, risk: Covariance) -> None:
    rules = Mandate.of({"upper": "35%", "long_only": True, "gross": "150%", "hard_to_borrow": ["C"]})
    inputs = run.Inputs(book, (etf,), risk)
    held = run.unchanged(Request.parse({"mandate": rules}), inputs)
    found = {one.label: (one.after, str(one.light), one.ticker) for one in standing.lines(rules, held)}
    assert found == {
        "lowest weight": (pytest.approx(0.3), "within", "A"),
        "largest weight": (pytest.approx(0.4), "over", "B"),
        "gross exposure": (pytest.approx(1.0), "within", ""),
        "short sale of a name that is hard to borrow": (0.0, "within", "C"),
    }
    short = beta_neutral(book, etf, risk, target=-1.0)
    borrowed = standing.lines(rules, short)[-1]
    assert (borrowed.ticker, str(borrowed.light)) == ("C", "over")
    assert borrowed.after == pytest.approx(-short.new_weights[2])


def test_within_the_tolerance_a_note_says_that_trading_can_wait(
    book: Holdings, etf: Etf, risk: Covariance
) -> None:
    near = beta_neutral(book, etf, risk, target=0.95, tolerance=0.05)
    far = beta_neutral(book, etf, risk, target=0.5, tolerance=0.05)
    assert any("trading can wait" in one for one in near.notes)
    assert not any("trading can wait" in one for one in far.notes)


def test_an_answer_of_other_inputs_than_the_mandate_names_says_so(
    mandate: Mandate, book: Holdings, etf: Etf, risk: Covariance
) -> None:
    start = "Departs from the mandate Test fund: the "
    notes = beta_neutral(book, etf, risk, mandate=mandate).notes
    assert [one.removeprefix(start) for one in notes if one.startswith(start)] == [
        "portfolio is portfolio, where the mandate has the fund quant.",
        "ETFs are AI, where the mandate has JHAI.",
    ]


def test_a_source_of_the_run_replaces_those_of_the_mandate(mandate: Mandate) -> None:
    assert mandate.sources({}) == {"fund": "quant", "etf": ["JHAI"]}
    assert mandate.sources({"holdings": "a.csv"}) == {"holdings": "a.csv", "etf": ["JHAI"]}
    prices = Mandate.of({"prices": "p.csv", "estimator": "sample", "window": 100})
    assert prices.sources({"prices": "q.csv"}) == {"prices": "q.csv", "estimator": "sample", "window": 100}
    assert prices.sources({"covariance": "c.csv"}) == {"covariance": "c.csv"}


def test_a_mandate_made_again_of_its_plain_values_is_the_same(mandate: Mandate) -> None:
    again = Mandate.of(mandate.as_mapping())
    assert again.as_mapping() == mandate.as_mapping()
    assert again.benchmark == "IWV"


def test_a_file_names_the_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("x", encoding="utf-8")
    file = tmp_path / "fund.toml"
    file.write_text('prices = "prices.csv"\netf = ["JHAI"]\n', encoding="utf-8")
    found = Mandate.of(file)
    assert found.rules["prices"] == str(tmp_path / "prices.csv")
    assert found.rules["etf"] == ["JHAI"]
    assert found.label == "fund (fund.toml)"


def test_a_sheet_is_read_as_the_same_mandate(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Mandate")
    rows: list[tuple[Any, ...]] = [
        ("The fund's rules",),
        ("name", "for which", "value"),
        ("method", None, "reweight"),
        ("upper", None, 0.05),
        ("upper", "NVDA", "8%"),
        ("turnover", None, None),
    ]
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    found = Mandate.of(f"{tmp_path / 'book.xlsx'}#Mandate")
    assert dict(found.constraints.upper) == {"*": pytest.approx(0.05), "NVDA": pytest.approx(0.08)}
    assert "turnover" not in found.rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uper = 0.05", "no rule 'uper'. Did you mean upper"),
        ("as_of = 2025-11-18", "no rule 'as_of'"),
        ("mandate = 'other.toml'", "no rule 'mandate'"),
        ("upper = 5", "The limit upper is 5"),
        ("fund = 3", "fund is 3"),
        ("name = ['a']", "name is"),
        ("tolerance = 2", "The tolerance is 2"),
        ("method = 'magic'", "There is no method"),
        ('upper = 0.05\n"Upper" = 0.06', "given twice"),
        ("hard_to_borrow = 3", "give a ticker"),
        ("name = ", "not TOML"),
    ],
)
def test_what_is_no_rule_or_no_value_is_refused_with_the_files_name(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "fund.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        Request.parse({"mandate": str(file)})
    assert "fund.toml" in str(caught.value)


@pytest.mark.parametrize("value", [3, True, "", "absent.toml", ["a"]])
def test_what_names_no_mandate_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"mandate|absent"):
        Request.parse({"mandate": value})


def test_limits_of_one_name_come_together_however_they_are_written() -> None:
    assert canonical({"upper NVDA": 1, "Upper": 2}) == {"upper": {"NVDA": 1, "*": 2}}
    assert shown({"*": 0.05, "NVDA": "8%"}) == "0.05, NVDA 8%"


def test_a_cell_at_its_default_gives_way_to_a_rule_and_the_answer_says_which_holds() -> None:
    mandate = Mandate.of({"name": "Student fund", "method": "reweight", "target": 0.0})
    assert mandate.unchosen({"method": "hedge", "target": 0.0, "upper": None}) == (
        "Method is reweight, as in the mandate Student fund; the cell on the sheet has its default, hedge, "
        "and is not used.",
    )
