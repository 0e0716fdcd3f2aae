from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.hosts.cli import build_parser

if TYPE_CHECKING:
    from collections.abc import Iterator


def options(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, argparse.Action]]:
    """Yield every option of every command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from options(command, f"{path}{name} ")
        elif action.option_strings:
            yield f"{path}{action.option_strings[-1]}", action


SEVERAL = {name: action for name, action in options(build_parser()) if action.nargs == "+"}


def test_there_are_options_that_take_several() -> None:
    assert {"backtest --estimator", "sweep --horizon", "rebalance --etf", "estimate --prices"} <= set(SEVERAL)


@pytest.mark.parametrize("name", SEVERAL)
def test_an_option_of_several_that_is_given_twice_has_them_all(name: str) -> None:
    option, given = SEVERAL[name], argparse.Namespace()
    for value in ("first", "second"):
        option(build_parser(), given, [value], None)
    assert getattr(given, option.dest) == ["first", "second"]
