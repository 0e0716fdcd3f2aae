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


MULTIPLE = {name: action for name, action in options(build_parser()) if action.nargs == "+"}


def test_options_with_several_values_are_found() -> None:
    assert {"backtest --estimator", "sweep --horizon", "rebalance --etf", "estimate --prices"} <= set(
        MULTIPLE
    )


@pytest.mark.parametrize("name", MULTIPLE)
def test_a_repeated_option_keeps_all_its_values(name: str) -> None:
    option, namespace = MULTIPLE[name], argparse.Namespace()
    for value in ("first", "second"):
        option(build_parser(), namespace, [value], None)
    assert getattr(namespace, option.dest) == ["first", "second"]
