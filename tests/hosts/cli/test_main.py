from __future__ import annotations

import argparse
import io
import sys
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.hosts.cli import build_parser, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


def piped(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Put a pipe in the place of standard output, as Windows opens it; return what is written to it."""
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding="cp1252", write_through=True))
    return pipe


@pytest.fixture
def etf_file(tmp_path: Path) -> Path:
    path = tmp_path / "etf.csv"
    path.write_text("Ticker,Name,Weight\nNVDA,Łódź 日本,60\nMSFT,Microsoft,40\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("formats", [["--json"], ["--csv"], []])
def test_piped_output_is_utf_8_whatever_the_code_page(
    etf_file: Path, formats: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = piped(monkeypatch)
    assert main(["etf", str(etf_file), *formats]) == 0
    assert "Łódź 日本" in out.getvalue().decode("utf-8")


def test_an_encoding_that_the_user_names_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252:replace")
    piped(monkeypatch)
    assert main(["cache", "list"]) == 0
    assert sys.stdout.encoding == "cp1252"
