"""The answer page: one value with the verdict, what it rests on, and no contradiction."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.job import run, sample
from betaneutral_xl.job.answer import AnswerPage, Status, answer_page, record, words
from betaneutral_xl.job.answer.lines import Light, LimitLine, TradeLine
from betaneutral_xl.job.request import Request
from betaneutral_xl.job.run import Inputs, Outcome
from betaneutral_xl.model.constraints import Range
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.system import saving

INFEASIBLE = {"method": "reweight", "long_only": True, "upper": "4%"}
LIMITED = {"method": "reweight", "lower": "-2%", "upper": "8%", "turnover": "60%"}


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    made = sample.load()
    return Inputs(made.holdings, (made.etf,), made.covariance)


def outcome_of(inputs: Inputs, **options: Any) -> Outcome:
    return run.run(Request.parse(options, ["JHAI"]), inputs)


@pytest.fixture(scope="module")
def hedge(inputs: Inputs) -> AnswerPage:
    return answer_page(outcome_of(inputs), alternatives=run.compare(Request(), inputs).alternatives)


def test_the_verdict_of_a_hedge_says_before_after_and_next_month(hedge: AnswerPage) -> None:
    assert hedge.status is Status.FEASIBLE
    assert hedge.verdict == ("Beta to JHAI 0.52 -> 0.00; next month between -0.34 and 0.34, 19 times in 20.")
    assert hedge.advice.startswith("Rebalance")
    assert hedge.limits_hold


def test_an_infeasible_request_says_what_is_reachable_and_proposes_nothing(inputs: Inputs) -> None:
    page = answer_page(outcome_of(inputs, **INFEASIBLE))
    assert page.status is Status.INFEASIBLE
    assert page.verdict == "Not feasible as asked: the lowest beta within the limits is 0.24."
    assert page.advice.startswith("Do not trade")
    assert not page.trades
    assert not page.legs
    assert page.after == "unchanged"
    assert page.infeasibility is not None
    assert page.infeasibility.reachable[0].low == pytest.approx(0.24, abs=0.005)
    assert page.infeasibility.binding
    assert any("short" in one for one in page.infeasibility.changes)
    assert [one.name for one in page.infeasibility.hedge] == ["JHAI"]
    assert not page.limits_hold


def test_every_limit_has_its_number_before_and_after(inputs: Inputs) -> None:
    page = answer_page(outcome_of(inputs, **LIMITED))
    limits = {one.label: one for one in page.limits}
    upper, turnover = limits["largest weight"], limits["turnover, one-way"]
    assert upper.before == pytest.approx(0.08999, abs=1e-4)
    assert upper.light_before is Light.OVER
    assert (upper.light, upper.text) == (Light.NEAR, "at most 8%")
    assert math.isnan(turnover.before)
    assert turnover.after == pytest.approx(0.6)
    assert page.limits_hold


def test_the_advice_names_what_is_over_its_limit(inputs: Inputs) -> None:
    cash = LimitLine(label="cash", before=0.0, after=0.52, limit=Range(high=0.1), source="mandate")
    advice = words.advice(outcome_of(inputs).result, Status.FEASIBLE, [cash], 0)
    assert advice == "Do not trade yet: cash is over the limit."


def test_a_warning_that_changes_the_answer_is_in_status_and_advice(inputs: Inputs) -> None:
    lines = [Notice("Held XYZ has no risk data.", Subject.HELD_WITHOUT_RISK), "A note."]
    page = answer_page(outcome_of(inputs), notices=lines)
    assert page.status is Status.WARNED
    assert page.advice == "Look at the warnings before you trade: 1 changes this answer."
    assert page.notices[0].severity is Severity.CHANGES
    assert page.notices[0].lines == ("Held XYZ has no risk data.",)


def test_losses_have_the_interval_of_next_months_beta(hedge: AnswerPage) -> None:
    ten, beta = hedge.losses_before[0], hedge.betas[0].before
    assert ten.expected == pytest.approx(-0.1 * beta.beta)
    assert ten.high - ten.low == pytest.approx(0.1 * (beta.high - beta.low))


def test_the_trades_are_the_largest_and_short_sales_are_marked(hedge: AnswerPage) -> None:
    assert len(hedge.trades) == 10
    assert hedge.trade_count == 45
    assert [one.side for one in hedge.trades[:2]] == ["sell short", "sell"]


@pytest.mark.parametrize(
    ("before", "after", "side"),
    [
        (0.1, 0.2, "buy"),
        (0.2, 0.1, "sell"),
        (0.1, -0.1, "sell and sell short"),
        (0.0, -0.1, "sell short"),
        (-0.1, -0.2, "sell short"),
        (-0.2, -0.1, "buy to cover"),
    ],
)
def test_the_side_tells_a_broker_what_is_short(before: float, after: float, side: str) -> None:
    assert TradeLine(ticker="A", before=before, after=after, beta_change=(0.0,)).side == side


def test_the_alternatives_have_the_proposal_among_them(hedge: AnswerPage) -> None:
    names = [one.name for one in hedge.alternatives]
    assert names[0] == "hedge by the ETF"
    assert "as it is" not in names
    assert [one.name for one in hedge.alternatives if one.chosen] == ["hedge by its basket"]
    assert [one.name for one in hedge.alternatives if one.keeps_limits] == ["reweight"]


def test_what_takes_long_is_left_out_unless_given(inputs: Inputs) -> None:
    page = answer_page(outcome_of(inputs))
    assert page.alternatives == ()
    assert page.frontier == ()


def test_the_realised_betas_of_the_hedge_are_the_forecast_errors_of_past_months(
    inputs: Inputs, hedge: AnswerPage
) -> None:
    (past,) = hedge.past
    assert past.months == 18
    assert np.isnan(past.as_it_is).all()  # the sample has no returns
    width = hedge.betas[0].after.half_width()
    inside = np.abs(past.renewed) <= width
    assert inside.mean() >= 0.85


def test_the_record_is_json_and_has_the_same_numbers(hedge: AnswerPage) -> None:
    made = json.loads(saving.to_json(record(hedge)))
    assert made["verdict"] == hedge.verdict
    assert made["betas"][0]["after"]["high"] == hedge.betas[0].after.high
    assert made["measures"][0]["key"] == "volatility"
    assert made["trades"][0]["side"] == "sell short"
    assert made["limits_hold"] is True


def test_a_page_that_contradicts_itself_is_refused(hedge: AnswerPage) -> None:
    for change in (
        {"etfs": ("OTHER",)},
        {"verdict": ""},
        {"status": Status.INFEASIBLE},
        {"trades": hedge.trades[::-1]},
        {"trade_count": 3},
        {"losses_after": hedge.losses_after[:1]},
        {"nav": -1.0},
    ):
        with pytest.raises(InputError, match="contradicts itself"):
            replace(hedge, **change)


def test_names_of_two_groups_count_once(inputs: Inputs) -> None:
    groups = {"chips": ["NVDA", "AVGO"], "large": ["NVDA", "AAPL"]}
    options = {"method": "reweight", "groups": groups, "group_limits": {"chips": "30%"}}
    page = answer_page(outcome_of(inputs, **options))
    assert [one.label for one in page.groups] == ["chips and large", "chips", "large", "other"]
    total = sum(one.beta_before[0] for one in page.groups)
    assert total == pytest.approx(page.betas[0].before.beta)


def test_a_limit_on_a_measure_stands_beside_it_and_once(inputs: Inputs) -> None:
    page = answer_page(outcome_of(inputs, **LIMITED))
    turnover = page.limit_of("turnover")
    assert turnover is not None
    assert turnover.text == "at most 60%"
    assert page.limit_of("volatility") is None
    assert {one.label for one in page.further_limits} == {"largest weight", "lowest weight"}
    assert page.limit_of("gross") is None


def test_another_target_is_not_among_the_changes_of_a_limit(inputs: Inputs) -> None:
    found = answer_page(outcome_of(inputs, **INFEASIBLE)).infeasibility
    assert found is not None
    assert found.other_target == "the beta of IWV, 0.54"
    assert not any("IWV" in one for one in found.changes)


def test_the_parts_of_the_variance_are_compared_on_the_base_of_the_chart(hedge: AnswerPage) -> None:
    scale = (hedge.variance_after.volatility / hedge.variance_before.volatility) ** 2
    market = scale * hedge.variance_after.market
    note = words.variance_note(hedge)
    assert f"{hedge.variance_before.market:.0%} -> {market:.0%}" in note
    assert f"which is {scale:.0%} of it, these are 0%, {hedge.variance_after.market:.0%}." in note
    assert market < hedge.variance_after.market


def test_nothing_is_compared_where_nothing_changes(inputs: Inputs) -> None:
    assert not words.variance_note(answer_page(outcome_of(inputs, **INFEASIBLE)))


def test_the_lines_of_measured_betas_are_further_away_than_the_interval(hedge: AnswerPage) -> None:
    line, past = hedge.betas[0].after, hedge.past[0]
    wide = line.half_width(), line.half_width(added_se=past.noise)
    assert words.past_note(hedge) == (
        f"The beta itself is expected within {wide[0]:.2f} of 0.00; a month's measured beta has a sampling "
        f"error of its own, so that the lines are {wide[1]:.2f} away."
    )
    assert wide[0] < wide[1]
