"""Time and memory of the largest supported reports, each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS, MEGABYTES = 4.0, 300.0

CODE = """
import json, resource, sys, time
from datetime import UTC, datetime
from report_problems import build_report, market
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.engine.neutral import neutralise
names, factors, form = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
holdings, etfs, risk = market(n=names, factors=factors, etfs=1, dense=form == "dense")
result = neutralise(holdings, etfs, risk, on_missing=OnMissing.DROP)
start = time.perf_counter()
content = build_report(result, "", datetime(2025, 11, 18, tzinfo=UTC))
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform == "linux" else 1024.0**2)
print(json.dumps({"seconds": seconds, "megabytes": peak, "file": len(content) / 1e6}))
"""

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("names", "factors", "form"),
    [(5000, 40, "factors"), (512, 12, "dense")],
    ids=["5,000 names", "a matrix of 512 x 512"],
)
def test_the_largest_reports_are_built_in_time_and_memory(names: int, factors: int, form: str) -> None:
    pytest.importorskip("resource", reason="memory is not measured on Windows")
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"}
    run = subprocess.run(  # noqa: S603 - this interpreter, our own code
        [sys.executable, "-c", CODE, str(names), str(factors), form],
        check=True,
        capture_output=True,
        env=environment,
        text=True,
    )
    measured = json.loads(run.stdout)
    sys.stdout.write(f"{names} names: {measured}\n")
    assert measured["seconds"] < SECONDS
    assert measured["megabytes"] < MEGABYTES
