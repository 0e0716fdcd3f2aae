"""The product where Python has no such compiled packages, no file locks and no threads, as in a browser.

A child process imports none of ``system.optional.WITHOUT``, can start no thread and no process and has no
``fcntl``; its answers are compared with those of this process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.system.optional import WITHOUT

ANSWERS = Path(__file__).parent / "sample_answers.py"

LIMITED = f"""
import subprocess, sys, threading

for name in {[*WITHOUT, "clarabel", "piqp", "fcntl", "resource", "multiprocessing"]}:
    sys.modules[name] = None

def refuse(*_, **__):
    raise RuntimeError("can't start new thread")

threading.Thread.start = refuse
subprocess.Popen.__init__ = refuse
"""


def answers(tmp_path: Path, before: str) -> dict[str, Any]:
    """Return what a new process answers."""
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - this Python
        [
            sys.executable,
            "-c",
            f"{before}import runpy; runpy.run_path({str(ANSWERS)!r}, run_name='__main__')",
        ],
        env=home,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def numbers(value: object, place: str = "") -> Mapping[str, float]:
    """Return all numbers in a value, by their place."""
    if isinstance(value, bool) or value is None:
        return {}
    if isinstance(value, (int, float)):
        return {place: float(value)}
    if isinstance(value, dict):
        return {k: v for key, one in value.items() for k, v in numbers(one, f"{place}.{key}").items()}
    if isinstance(value, list):
        return {k: v for at, one in enumerate(value) for k, v in numbers(one, f"{place}[{at}]").items()}
    return {}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the answers of an ordinary process, and of one without."""
    return answers(tmp_path_factory.mktemp("with"), ""), answers(tmp_path_factory.mktemp("without"), LIMITED)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("run", ["hedge", "reweight", "long only", "backtest", "batch"])
def test_the_answers_are_equal(both: tuple[dict[str, Any], dict[str, Any]], run: str) -> None:
    expected, found = numbers(both[0][run]), numbers(both[1][run])
    assert set(found) == set(expected)
    assert len(expected) > 1
    for place, value in expected.items():
        assert found[place] == pytest.approx(value, rel=1e-6, abs=1e-7), place


@pytest.mark.timeout(600)
def test_the_messages_are_equal_and_the_report_is_written(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    for run in ("hedge", "reweight", "long only"):
        for word in ("status", "verdict", "advice", "code"):
            assert both[1][run][word] == both[0][run][word]
    assert both[1]["infeasible"] == both[0]["infeasible"]
    assert both[1]["infeasible"][0] == 4
    assert both[1]["pressed"] == both[0]["pressed"]
    assert both[1]["report"] == 0
    assert both[1]["batch"][2]["error"] == both[0]["batch"][2]["error"]


@pytest.mark.timeout(600)
def test_check_installation_names_what_is_missing(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    here = [name for name in WITHOUT if f"The package {name} cannot be used" not in both[0]["checked"]]
    assert here == [name for name in WITHOUT if find_spec(name) is not None]
    for name, consequence in WITHOUT.items():
        assert f"The package {name} cannot be used" in both[1]["checked"]
        assert consequence in both[1]["checked"]
    assert "no threads here" in both[1]["checked"]
