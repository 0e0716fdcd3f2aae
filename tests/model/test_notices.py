"""Warnings with a subject: they are text, and what changes the answer comes first."""

from __future__ import annotations

import copy
import json
import pickle

from betaneutral_xl.model.notices import Notice, NoticeGroup, Severity, Subject, about, grouped


def test_a_notice_is_text_that_knows_its_subject() -> None:
    one = Notice("No prices of VIA.", Subject.PRICES)
    assert one == "No prices of VIA."
    assert json.dumps([one]) == '["No prices of VIA."]'
    assert one.severity is Severity.CHECK
    for again in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), Notice.of(one, Subject.SAMPLE)):  # noqa: S301 - our own
        assert (again, again.subject, again.severity) == (one, Subject.PRICES, Severity.CHECK)


def test_what_has_a_subject_keeps_it_among_others() -> None:
    lines = [Notice("a", Subject.SAMPLE), "b"]
    assert [one.subject for one in about(Subject.HOLDINGS, lines)] == [Subject.SAMPLE, Subject.HOLDINGS]


def test_groups_begin_with_what_changes_the_answer() -> None:
    lines = [
        "plain",
        Notice("file", Subject.ETF),
        Notice("held", Subject.HELD_WITHOUT_RISK),
        Notice("few", Subject.ETF_COVERAGE, Severity.CHANGES),
        Notice("more", Subject.ETF_COVERAGE),
        Notice("held too", Subject.HELD_WITHOUT_RISK),
    ]
    found = grouped(lines)
    assert [one.severity for one in found] == sorted(one.severity for one in found)
    assert found[0].lines == ("held", "held too")
    assert sum(len(one.lines) for one in found) == len(lines)


def test_a_summary_says_what_it_is_about_a_name_before_a_colon() -> None:
    lines = (
        "Holdings of ETF AI are 94 days old (as of 2026-08-28).",
        "ETF CHIPS: 1 derivative (0.2%) is not in.",
    )
    summary = NoticeGroup(Severity.CHECK, "Files", lines).summary
    assert summary == "Holdings of ETF AI are 94 days old; ETF CHIPS: 1 derivative"
