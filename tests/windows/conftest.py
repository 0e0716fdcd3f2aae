"""Tests in ``inside`` run on the Windows Python, the others on the system that has Wine."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import windows_lane

collect_ignore = ["test_lane.py"] if sys.platform == "win32" else ["inside", "real_com"]


@pytest.fixture(scope="session")
def lane() -> Iterator[windows_lane.Lane]:
    """Return a running Windows Python on which this checkout's wheel is installed."""
    try:
        windows_lane.require_commands()
    except windows_lane.Unavailable as reason:
        pytest.skip(str(reason))
    with windows_lane.started() as started:
        windows_lane.install_product(started)
        yield started
