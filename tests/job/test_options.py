"""The table of options: complete, and the same in every host."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

import pytest

from betaneutral_xl.hosts.cli import build_parser
from betaneutral_xl.hosts.sheets.layout import LIMIT_ROWS, SETTINGS
from betaneutral_xl.job.options import (
    BY_NAME,
    OPTIONS,
    REQUESTED,
    Host,
    Option,
    Section,
    is_sample,
    of_section,
)
from betaneutral_xl.job.options_page import page
from betaneutral_xl.job.request import Request, names
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.values import option_name

ROOT = Path(__file__).parents[2]


def test_every_limit_is_an_option_and_every_option_of_that_section_a_limit() -> None:
    assert {one.name for one in of_section(Section.LIMITS)} == {one.name for one in fields(Constraints)}


def test_no_name_and_no_flag_stands_twice() -> None:
    assert len(BY_NAME) == len(OPTIONS) == len({one.flag for one in OPTIONS})


@pytest.mark.parametrize("option", OPTIONS, ids=lambda one: one.name)
def test_every_host_has_an_option_or_a_reason_why_not(option: Option) -> None:
    for host in Host:
        assert option.spelled(host) or option.absent.get(host), host
    assert not option.help.endswith(".")
    assert (
        option.help[0] != option.help[0].upper() or option.help.split()[0].isupper() or "API" in option.help
    )


@pytest.mark.parametrize("command", ["rebalance", "report", "snapshot"])
def test_the_command_line_has_every_option_of_the_inputs_and_the_answer(command: str) -> None:
    (commands,) = (one for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction))
    flags = commands.choices[command]._option_string_actions
    sections = set(Section) - ({Section.ORDERS} if command != "report" else set())
    assert {one.flag for one in of_section(*sections)} <= flags.keys()


def test_the_sheet_settings_has_the_limits_of_the_table_in_words() -> None:
    rows = [one.name for one in LIMIT_ROWS]
    assert sorted(rows) == sorted(name for name in names() if name not in {"method", "target"})
    assert [option_name(one.label) for one in LIMIT_ROWS] == rows  # a row is read by its label


def test_labels_of_settings_are_those_of_the_table() -> None:
    labels = {one.label for group in SETTINGS.values() for one in group}
    places = {part.strip() for one in OPTIONS for part in one.places.get(Host.SETTINGS, "").split(",")}
    assert {place for place in places if place and not place.startswith("the sheet")} <= labels


@pytest.mark.parametrize("name", names())
def test_a_default_is_what_holds_without_the_option(name: str) -> None:
    option = BY_NAME[name]
    if option.choices or isinstance(option.default, float):
        given = Request.parse({name: option.default, **({"cost_bp": 5.0} if name == "risk_aversion" else {})})
        assert given == Request.parse({"cost_bp": 5.0} if name == "risk_aversion" else {})


def test_what_is_required_has_one_name_in_every_host() -> None:
    for option in OPTIONS:
        if option.section in REQUESTED and not option.places:
            assert {option.spelled(host) for host in Host} == {option.name, option.flag}


def test_the_page_of_options_is_made_from_the_table() -> None:
    assert (ROOT / "docs" / "options.md").read_text(encoding="utf-8") == page()


def test_the_sample_has_one_name() -> None:
    assert is_sample(" Demo ")
    assert not is_sample("demo.csv")
