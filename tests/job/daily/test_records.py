"""What is accepted and measured is kept whole, for the user alone, and read back as it was."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.job import run
from betaneutral_xl.job.daily.build import today
from betaneutral_xl.job.daily.page import Verdict
from betaneutral_xl.job.daily.records import Reading, Records
from betaneutral_xl.job.request import OrderTerms, Request
from betaneutral_xl.job.sources import Sources, from_snapshot, order_quotes
from betaneutral_xl.model.provenance import digest
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.job.run import Inputs, Outcome

AT = datetime(2025, 11, 18, 15, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(records=tmp_path / "records")


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    inputs = Sources.parse({"sample": True}).load(Settings())
    return run.run(Request.parse({"tolerance": 0.05}), inputs)


def accepted(outcome: Outcome, settings: Settings, at: datetime = AT) -> Records:
    records = Records(settings, outcome.inputs.holdings.fund)
    orders = run.orders(outcome.result, order_quotes(outcome.inputs.holdings, "demo"), OrderTerms())
    records.accept(outcome, orders, {"tolerance": 0.05}, at)
    return records


def test_an_accepted_proposal_is_read_back_as_it_was(outcome: Outcome, settings: Settings) -> None:
    records = accepted(outcome, settings)
    found = records.latest(["JHAI"])
    assert found is not None
    assert found.at == AT
    assert len(found.orders) == 45
    assert found.betas["JHAI"] == pytest.approx(0.0, abs=1e-3)
    held = found.holdings
    assert held.shares is not None
    assert held.nav is not None
    assert float(held.weights.sum()) + held.cash == pytest.approx(1.0)
    assert (held.shares < 0.0).any()
    assert records.latest(["BAI"]) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_user_may_read_the_records(outcome: Outcome, settings: Settings) -> None:
    records = accepted(outcome, settings)
    today(outcome.request, outcome.inputs, settings)
    modes = {
        (one.is_dir(), one.stat().st_mode & 0o777) for one in (settings.records, *settings.records.rglob("*"))
    }
    assert modes == {(True, 0o700), (False, 0o600)}
    assert len(list((records.folder / "accepted").iterdir())) == 2


def test_the_newest_proposal_up_to_the_day_counts(outcome: Outcome, settings: Settings) -> None:
    records = accepted(outcome, settings)
    accepted(outcome, settings, AT + timedelta(days=1))
    found = records.latest(["JHAI"])
    assert found is not None
    assert found.at == AT + timedelta(days=1)
    assert records.latest(["JHAI"], before=date(2025, 11, 17)) is None


def test_two_proposals_of_one_second_keep_their_own_inputs(outcome: Outcome, settings: Settings) -> None:
    records = accepted(outcome, settings)
    records.accept(outcome, None, {"tolerance": 0.1}, AT)
    folder = records.folder / "accepted"
    hashes = {file.stem: digest(file.with_suffix(".zip").read_bytes()) for file in folder.glob("*.json")}
    assert len(hashes) == 2
    assert all(name.endswith(one[:8]) for name, one in hashes.items())


def test_nothing_is_accepted_where_nothing_is_proposed(outcome: Outcome, settings: Settings) -> None:
    request = Request.parse({"method": "reweight", "long_only": True, "upper": "4%"})
    stuck = run.run(request, outcome.inputs)
    with pytest.raises(InputError, match="no proposal to accept"):
        Records(settings, "quant_paper").accept(stuck, None, {})


def test_a_proposal_of_values_without_files_is_kept_with_files_of_these(
    outcome: Outcome, settings: Settings
) -> None:
    values = run.Outcome(outcome.request, replace(outcome.inputs, raw_inputs=()), outcome.result)
    found = Records(settings, "quant_paper").accept(values, None, {}, AT)
    again, _ = from_snapshot(found.snapshot)
    assert run.unchanged(outcome.request, again).before.beta == pytest.approx(outcome.result.before.beta)


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", '{"format": "other", "version": 1}'])
def test_a_damaged_record_is_named(outcome: Outcome, settings: Settings, content: str) -> None:
    records = accepted(outcome, settings)
    (file,) = (records.folder / "accepted").glob("*.json")
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableFile, match=file.name):
        records.latest(["JHAI"])


def test_a_record_without_one_of_its_parts_is_damaged(outcome: Outcome, settings: Settings) -> None:
    records = accepted(outcome, settings)
    (file,) = (records.folder / "accepted").glob("*.json")
    record = json.loads(file.read_text(encoding="utf-8"))
    for name in sorted(set(record) - {"format", "version", "sha256"}):
        file.write_text(
            json.dumps({key: one for key, one in record.items() if key != name}), encoding="utf-8"
        )
        with pytest.raises(UnreadableFile, match="damaged"):
            records.latest(["JHAI"])


def test_a_day_is_read_once_and_the_days_are_in_order(settings: Settings) -> None:
    records = Records(settings, "fund")
    nan = float("nan")

    def reading(day: int, beta: float) -> Reading:
        return Reading(
            day=date(2026, 7, day),
            etf="JHAI",
            beta=beta,
            low=nan,
            high=nan,
            target=0.0,
            tolerance=0.05,
            accepted=nan,
            verdict="leave",
            parts={"prices": 0.01, "trades": nan},
        )

    records.add([reading(2, 0.1)])
    records.add([reading(1, 0.2)])
    found = records.add([reading(2, 0.3)])
    assert [(one.day.day, one.beta) for one in found] == [(1, 0.2), (2, 0.3)]
    again = records.readings()
    assert [one.beta for one in again] == [0.2, 0.3]
    assert again[0].parts["prices"] == 0.01
    assert again[0].parts["trades"] != again[0].parts["trades"]


def test_on_the_day_of_acceptance_the_orders_are_still_to_be_done(
    outcome: Outcome, settings: Settings
) -> None:
    accepted(outcome, settings)
    found = today(outcome.request, outcome.inputs, settings)
    (beta,) = found.betas
    assert beta.change is not None
    assert beta.change.parts["trades"] == pytest.approx(beta.change.total)
    assert found.verdict is Verdict.REBALANCE
    assert found.reasons[0] == "beta to JHAI is 0.522, above 0.050"
    assert found.rebalancing.trades == 45


def test_after_the_orders_it_is_left_alone(outcome: Outcome, settings: Settings) -> None:
    records = accepted(outcome, settings)
    kept = records.latest(["JHAI"])
    assert kept is not None
    inputs: Inputs = replace(outcome.inputs, holdings=kept.holdings)
    found = today(outcome.request, inputs, settings)
    (beta,) = found.betas
    assert beta.change is not None
    assert beta.change.total == pytest.approx(0.0, abs=1e-9)
    assert found.verdict is Verdict.LEAVE
    assert [one.day for one in found.history] == [date(2025, 11, 18)]


def test_without_an_accepted_proposal_the_verdict_is_by_the_target(
    outcome: Outcome, settings: Settings
) -> None:
    found = today(outcome.request, outcome.inputs, settings, keep=False)
    assert found.betas[0].change is None
    assert "No proposal was accepted yet" in found.notices[0]
    assert not settings.records.exists()
