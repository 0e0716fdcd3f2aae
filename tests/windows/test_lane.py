"""The tests in ``inside``, and as many of the others as run there, on a real Windows Python under Wine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import windows_lane

if TYPE_CHECKING:
    from windows_lane import Lane

INSIDE = Path(__file__).parent / "inside"


def passed(lane: Lane, *arguments: str, timeout: float) -> int:
    """Run pytest on Windows; return how many tests passed, or fail with what it says."""
    done = lane.python(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        r"C:\work\tests",
        *arguments,
        cwd=windows_lane.ROOT,
        timeout=timeout,
    )
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, output[-8000:]
    found = re.search(r"(\d+) passed", output)
    assert found, output[-8000:]
    return int(found[1])


@pytest.mark.parametrize("file", sorted(path.name for path in INSIDE.glob("test_*.py")))
def test_on_windows(lane: Lane, file: str) -> None:
    assert passed(lane, str(Path("tests/windows/inside") / file), timeout=300)
