from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job.stand_in import read_fault
from betaneutral_xl.network.stand_in import Fault


@pytest.fixture
def started() -> Iterator[Callable[..., tuple[subprocess.Popen[str], list[str]]]]:
    """Return a function that starts the command and returns it with its first lines."""
    running: list[subprocess.Popen[str]] = []
    # Where the tests run in the background, Ctrl-C is ignored, and children would ignore it, too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(*options: str) -> tuple[subprocess.Popen[str], list[str]]:
        command = [sys.executable, "-m", "betaneutral_xl", "fake-api", "--port", "0", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        running.append(process)
        assert process.stdout is not None
        lines: list[str] = []
        while lines.count("") < 2:  # the second blank line ends the instructions
            line = process.stdout.readline()
            assert line, f"it ended after {lines}"
            lines.append(line.rstrip("\n"))
        return process, lines

    yield start
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    signal.signal(signal.SIGINT, before)


def test_the_whole_path_without_credentials(
    started: Callable[..., tuple[subprocess.Popen[str], list[str]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    process, lines = started("--fault", "502*1")
    assert re.fullmatch(
        r"Stand-in for the fund's API: http://127\.0\.0\.1:\d+ \(fund quant_paper on 2025-11-18\)\. "
        r"Stop it with Ctrl-C\.",
        lines[0],
    )
    for setting in shlex.split(lines[3])[1:]:
        name, _, value = setting.partition("=")
        monkeypatch.setenv(name, value)
    _, *options = shlex.split(lines[7])
    assert lines[8:] == ["Add --refresh: a cached answer hides the faults.", ""]
    assert main([*options, "--json"]) == 0
    assert '"beta_after"' in capsys.readouterr().out
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    assert process.stdout is not None
    assert process.stdout.read().splitlines() == [
        "POST /all-holdings/summary 502",
        "POST /all-holdings/summary 200",
        "POST /covariance-matrix/tickers 200",
        "POST /covariance-matrix/latest 200",
        "stopped",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("502", (Fault.BAD_GATEWAY, "", None)),
        ("502*2", (Fault.BAD_GATEWAY, "", 2)),
        ("cut-off@/health", (Fault.CUT_OFF, "/health", None)),
        ("html@/covariance-matrix/latest*1", (Fault.HTML, "/covariance-matrix/latest", 1)),
    ],
)
def test_faults_are_written_with_path_and_times(text: str, expected: tuple[Fault, str, int | None]) -> None:
    assert read_fault(text) == expected


@pytest.mark.parametrize("text", ["", "fire", "502*", "502*x", "502@health", "*2"])
def test_an_unknown_fault_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="There is no fault"):
        read_fault(text)


def test_files_in_another_format_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "holdings.json"
    file.write_bytes(b"[]")
    assert main(["fake-api", "--holdings", str(file)]) == 2
    assert capsys.readouterr().err == (
        "betaneutral-xl: the holdings is a JSON list, not an object. Check that it is the right file.\n"
    )
