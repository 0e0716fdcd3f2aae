from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from betaneutral_xl.hosts.cli import build_parser, main, output, streams
from betaneutral_xl.hosts.cli.commands import COMMANDS, TASKS
from betaneutral_xl.hosts.cli.parsing import join_negative_values


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


def run(*words: str, redirection: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own; ``redirection`` is what a shell adds."""
    command = [sys.executable, "-m", "betaneutral_xl", *words]
    return subprocess.run(  # noqa: S603 - this interpreter
        ["/bin/sh", "-c", f'"$@" {redirection}', "sh", *command] if redirection else command,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def test_without_a_command_the_commands_are_listed_by_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert [line[:-1] for line in text.splitlines() if line[:-1] in TASKS] == list(TASKS)
    for name in COMMANDS:
        assert text.count(f"\n  {name} ") == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["rebalanse"], "betaneutral-xl: there is no command 'rebalanse' (did you mean rebalance?). "),
        (
            ["rebalance", "--sample", "--uper", "5%"],
            "betaneutral-xl rebalance: unrecognized arguments: --uper 5% (did you mean --upper?). ",
        ),
        (["--versoin"], "betaneutral-xl: unrecognized arguments: --versoin (did you mean --version?). "),
        (["compare", "--top", "3"], "betaneutral-xl compare: unrecognized arguments: --top 3. "),
        (
            ["orders", "--format", "ibrk"],
            "betaneutral-xl orders: argument --format: invalid choice: 'ibrk' "
            "(choose from desk, ibkr, trader) (did you mean ibkr?). ",
        ),
        (
            ["mandate", "new", "lnog-only"],
            "betaneutral-xl mandate new: argument KIND: invalid choice: 'lnog-only' "
            "(choose from dollar-neutral, etf-hedge, long-only) (did you mean long-only?). ",
        ),
        (["etf"], "betaneutral-xl etf: the following arguments are required: "),
    ],
)
def test_a_wrong_word_is_one_line_with_the_nearest_right_one(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(line)
    assert error.endswith(" --help.\n")
    assert error.count("\n") == 1


def test_a_negative_value_needs_no_equals_sign() -> None:
    words = ["--lower", "-2%", "--beta", "-0.1:0.3", "--target", "-.5", "--net=-1", "--json", "-o", "x"]
    joined = ["--lower=-2%", "--beta=-0.1:0.3", "--target=-.5", "--net=-1", "--json", "-o", "x"]
    assert join_negative_values(words) == joined


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's redirections")
def test_a_full_disk_is_one_line() -> None:
    ended = run("betas", "--sample", redirection="> /dev/full")
    assert ended.returncode == 2
    assert ended.stderr.decode() == "betaneutral-xl: The output cannot be written: No space left on device.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's redirections")
@pytest.mark.parametrize("redirection", [">&-", "2>&-", "| head -c 1"])
def test_a_closed_stream_leaves_no_traceback(redirection: str) -> None:
    ended = run("betas", "--sample", "--csv", redirection=redirection)
    assert ended.returncode == 0
    assert b"Traceback" not in ended.stderr
    assert b"Exception" not in ended.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_tables_are_readable_in_any_encoding_of_the_terminal(encoding: str) -> None:
    ended = run("rebalance", "--sample", PYTHONIOENCODING=encoding)
    assert ended.returncode == 0
    text = ended.stdout.decode(encoding)
    assert ("0.5223 +/- 0.3385" if encoding == "ascii" else "0.5223 \u00b1 0.3385") in text


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--method hegde", "There is no method 'hegde'. Did you mean hedge? Choose one of "),
        (
            "--target IWW",
            "The target IWW is neither a number nor a ticker of the risk model. Did you mean IWV?",
        ),
        (
            "--method reweight --upper NVDAX=8%",
            "There is a limit for NVDAX, which is in no portfolio or ETF here. Did you mean NVDA?",
        ),
        (
            "--method reweight --upper NVDA=8%,MSFT=5%",
            "The option --upper NVDA=8%,MSFT=5% has several names: give --upper once for each.",
        ),
        ("--nav 20m", "The net asset value is '20m': it is an amount of money, give a number. "),
        ("--method reweight --cost-bp abc", "The limit cost_bp is 'abc': it is "),
        ("-o x.txt", "The report x.txt is not an .xlsx file. Give a name that ends in .xlsx."),
        ("-o .", "The report (no file name) is not an .xlsx file. "),
        (
            "--method reweight --turnover 5%",
            "No weights reach beta 0.00 with a turnover of at most 5%: the lowest is 0.39. Allow a ",
        ),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_to_do(
    words: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebalance", "--sample", *words.split()]) in {2, 4}
    shown = capsys.readouterr()
    assert shown.err.startswith(f"betaneutral-xl: {line}")
    assert shown.err.count("\n") == 1
    assert not shown.out


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_output_for_machines_is_utf_8_whatever_the_terminal(form: str, tmp_path: Path) -> None:
    holdings = tmp_path / "fund.csv"
    holdings.write_text("ticker,weight\nNVDA,0.5\nMSFT,0.5\n", encoding="utf-8")
    ended = run("betas", "--sample", "--holdings", str(holdings), form, PYTHONIOENCODING="ascii")
    assert ended.returncode == 0
    assert "NVDA" in ended.stdout.decode("utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_shell_completes_commands_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "rebalance" in script
    assert "--long-only" in script or "long-only" in script


def test_what_is_piped_on_windows_is_utf_8_for_people_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding="cp1252"))
    streams.prepare(for_machines=False)
    sys.stdout.write("Łódź 日本")
    sys.stdout.flush()
    assert pipe.getvalue().decode("utf-8") == "Łódź 日本"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's redirections")
@pytest.mark.parametrize("words", [("rebalance", "--help"), ("--help",), ("rebalance", "--sample", "--csv")])
def test_a_reader_that_stops_is_silent(words: tuple[str, ...]) -> None:
    shell = f"{{ {sys.executable} -m betaneutral_xl {' '.join(words)}; echo $? >&3; }} 3>&2 | true"
    ended = subprocess.run(["bash", "-c", shell], capture_output=True, check=False)  # noqa: S603, S607
    assert ended.stderr.decode().strip() in {"141", "0"}  # 0 if all was written before the reader ended


@pytest.mark.parametrize("command", ["excel", "calc", "workbook"])
def test_a_command_without_its_action_shows_its_help(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command])
    assert ended.value.code == 0
    assert f"usage: betaneutral-xl {command}" in capsys.readouterr().out


def test_a_spinner_has_the_name_of_a_file_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with output.progress("Writing run [draft].xlsx ..."):
        pass
    assert "Writing run [draft].xlsx ..." in capsys.readouterr().err


def test_no_color_leaves_no_escape_sequence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["rebalance", "--sample"]) == 0
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    for words in (["rebalance", "--sample"], ["compare", "--sample"], ["etf", "demo"]):
        assert main(words) == 0
        assert "\x1b" not in capsys.readouterr().out
