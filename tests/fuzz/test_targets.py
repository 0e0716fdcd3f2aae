"""Without atheris: what fuzzing starts from, with random changes, and what it once failed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz_targets import QUICK, TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

FINDINGS = tuple(path for path in sorted((Path(__file__).parent / "findings").glob("*/*")) if path.is_file())

PIECES = (
    b"",
    b"\0",
    b'"',
    b",",
    b";",
    b"\n",
    b"\r",
    b"\xff",
    b"-",
    b"=",
    b"9" * 400,
    b"1e999",
    b"nan",
    b"[" * 500,
)
"""What an input gets in place of some of its bytes."""


@pytest.mark.parametrize("name", TARGETS)
def test_what_fuzzing_starts_from_is_read_or_refused_in_a_line(name: str) -> None:
    assert TARGETS[name].seeds()
    for seed in TARGETS[name].seeds():
        TARGETS[name].attempt(seed)


@pytest.mark.parametrize("path", FINDINGS, ids=[f"{path.parent.name}/{path.name}" for path in FINDINGS])
def test_what_fuzzing_found_is_read_or_refused_in_a_line(path: Path) -> None:
    TARGETS[path.parent.name].attempt(path.read_bytes())


@st.composite
def changed(draw: Callable[[st.SearchStrategy[int]], int], name: str) -> bytes:
    """Return an input of a target of which up to four pieces are replaced."""
    seeds = TARGETS[name].seeds()
    content = seeds[draw(st.integers(0, len(seeds) - 1))]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(start + draw(st.integers(0, 20)), len(content))
        content = content[:start] + PIECES[draw(st.integers(0, len(PIECES) - 1))] + content[end:]
    return content


@pytest.mark.parametrize("name", QUICK)
@given(data=st.data())
@settings(max_examples=60, derandomize=True)
def test_a_changed_input_is_read_or_refused_in_a_line(name: str, data: st.DataObject) -> None:
    TARGETS[name].attempt(data.draw(changed(name)))
