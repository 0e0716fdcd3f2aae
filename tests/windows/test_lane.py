"""The tests in ``inside``, and those of the ordinary suite for which Windows differs, on a Windows Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import windows_lane

if TYPE_CHECKING:
    from windows_lane import Lane

ORDINARY = (
    "tests/model",
    "tests/readers",
    "tests/system",
    "tests/job",
    "tests/network",
    "tests/hosts/files",
    "tests/hosts/sheets",
    *(f"tests/engine/test_{name}.py" for name in ("compare", "hedging", "look_through", "neutral", "orders")),
    *(f"tests/engine/test_{name}.py" for name in ("regression", "result")),
)
"""Files, paths, encodings, sockets and locks; the solvers' and the backtest's tests take too long twice."""

SLOW = "tests/readers/test_hostile_input.py"
"""What makes sure that hostile files end in time, by taking that time."""

FEWEST_INSIDE, FEWEST_ORDINARY = 116, 1700
"""Tests that pass; fewer would mean that some are not collected any more."""


def passed(lane: Lane, *arguments: str) -> int:
    """Run pytest on Windows; return how many tests passed, or fail with what it says."""
    options = ("-q", "-p", "no:cacheprovider", "--basetemp", r"C:\work\tests", "--tb", "short")
    done = lane.python("-m", "pytest", *options, *arguments, cwd=windows_lane.ROOT, timeout=1100)
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, output[-12_000:]
    found = re.search(r"(\d+) passed", output)
    assert found, output[-12_000:]
    return int(found[1])


@pytest.mark.timeout(1200)  # it is many tests
def test_excel_and_the_command_line_on_windows(lane: Lane) -> None:
    assert passed(lane, "tests/windows/inside") >= FEWEST_INSIDE


@pytest.mark.timeout(1200)  # likewise
def test_the_ordinary_tests_on_windows(lane: Lane) -> None:
    assert passed(lane, f"--ignore={SLOW}", *ORDINARY) >= FEWEST_ORDINARY
