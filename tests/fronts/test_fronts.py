"""The same request has the same answer in every front end, except for known differences."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
from fronts.answers import Answer, NotOffered, Refusal, agree
from fronts.front_ends import FRONT_ENDS, FrontEnd, Sheets, arguments
from fronts.known_differences import COMMANDS, FUNCTIONS, KNOWN, OPTIONS
from fronts.requests import REQUESTS, Query, Request

from betaneutral_xl.hosts.cli import build_parser
from betaneutral_xl.hosts.sheets.functions import BY_NAME

NAMES = tuple(one.name for one in FRONT_ENDS)


class Fronts:
    """All front ends and their answers to all requests, each started and asked when first used.

    So that no test waits for more than one of them: asking all takes minutes.
    """

    def __init__(self, folder: Path) -> None:
        """Start none yet."""
        self.folder = folder
        self.started: dict[str, FrontEnd] = {}
        self._answers: dict[str, dict[str, Answer]] = {}

    def answers(self, name: str) -> dict[str, Answer]:
        """Return the answers of a front end by the names of the requests."""
        if name not in self._answers:
            own = self.folder / name
            own.mkdir()
            (kind,) = (one for one in FRONT_ENDS if one.name == name)
            self.started[name] = kind(own)
            self._answers[name] = self.started[name].answers(REQUESTS)
        return self._answers[name]

    def close(self) -> None:
        """Stop those that were started."""
        for front_end in self.started.values():
            front_end.close()


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronts]:
    pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")
    pytest.importorskip("uvicorn", reason="uvicorn is not installed (pip install 'betaneutral-xl[office]')")
    fronts = Fronts(tmp_path_factory.mktemp("fronts"))
    yield fronts
    fronts.close()


@pytest.mark.parametrize("name", NAMES)
def test_no_refusal_is_a_defect(fronts: Fronts, name: str) -> None:
    refusals = {which: one for which, one in fronts.answers(name).items() if isinstance(one, Refusal)}
    bad = {which: one for which, one in refusals.items() if one.kind == "defect" or "defect of" in one.text}
    assert refusals
    assert not bad


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: one.name)
def test_front_ends_give_the_same_answer_except_for_known_differences(
    fronts: Fronts, request_: Request
) -> None:
    answers = {name: fronts.answers(name)[request_.name] for name in NAMES}
    consistent = [name for name in NAMES if (request_.name, name) not in KNOWN]
    first = consistent[0]
    assert not isinstance(answers[first], NotOffered), first
    for name in consistent:
        same = [agree(answers[name], answers[other]) for other in consistent]
        assert all(same), f"{name}: {answers[name]}\n{first}: {answers[first]}"
    for name in set(NAMES) - set(consistent):
        assert not agree(answers[name], answers[first]), f"{name} no longer differs: remove it from KNOWN"


def test_worksheet_functions_give_the_same_message_in_every_host(fronts: Fronts) -> None:
    for request in REQUESTS:
        lines = {
            answer.text
            for name in ("worksheet", "Calc", "Excel", "Office.js")
            if (request.name, name) not in KNOWN
            and isinstance(answer := fronts.answers(name)[request.name], Refusal)
        }
        assert len(lines) <= 1, lines


def test_every_known_difference_names_a_request_and_a_front_end() -> None:
    names = [one.name for one in REQUESTS]
    assert len(set(names)) == len(names) >= 40
    assert {request for request, _ in KNOWN} <= set(names)
    assert {front_end for _, front_end in KNOWN} <= set(NAMES)


def test_every_command_and_option_is_in_the_table_or_excepted(tmp_path: Path) -> None:
    (commands,) = (one for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction))
    covered = {str(query) for query in Query} & set(commands.choices)
    assert set(commands.choices) == covered | set(COMMANDS)
    argvs = [arguments(one, tmp_path / str(i)) for i, one in enumerate(REQUESTS) if one.query in covered]
    used = {word.partition("=")[0] for argv in argvs for word in argv if word.startswith("--")}
    offered = {
        option
        for name in covered
        for action in commands.choices[name]._actions
        for option in action.option_strings
        if option.startswith("--") and not option.startswith("--no-")
    }
    assert offered - used == set(OPTIONS)


def test_every_worksheet_function_is_in_the_table_or_excepted(fronts: Fronts) -> None:
    for name in NAMES:
        fronts.answers(name)
        if isinstance(front_end := fronts.started[name], Sheets):
            assert set(BY_NAME) - front_end.called == set(FUNCTIONS), front_end.name
