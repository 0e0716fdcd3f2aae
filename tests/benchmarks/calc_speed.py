"""Time to calculate a cell in LibreOffice Calc, in a headless office.

Run from the repository's root::

    python tests/benchmarks/calc_speed.py

Prints milliseconds from entering a formula until its result can be read: for the first call, and the
median of repeated calls.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from calc_office import Office  # noqa: E402 - a module of the tests

NAMES = 500
TIMES = 9

FORMULAS = {
    "first call (starts the worker)": "=BN_VERSION()",
    "500 x 2 table in and out": "=BN_NAMES(A1:B501;D1:E501)",
    "500 x 2 in, a table of 500 x 6 out": "=COUNTA(BETA_NEUTRAL(A1:B501;D1:E501;H1))",
    "500 x 500 matrix in, inside SUM()": "=SUM(COVARIANCE($Matrix.A1:SG501))",
    "500 x 500 matrix out of a handle": "=SUM(BN_MATRIX(H1))",
    "handle in place of the matrix": "=ROWS(BN_EXPOSURE(A1:B501;D1:E501;H1))",
}


def main() -> None:
    """Fill a document and time formulas."""
    rng = np.random.default_rng(1)
    names = [f"T{i:03d}" for i in range(NAMES)]
    exposures = rng.standard_normal((NAMES, 8))
    matrix = 0.01 * exposures @ exposures.T + 0.05 * np.eye(NAMES)
    weights = rng.random((2, NAMES))
    weights /= weights.sum(axis=1, keepdims=True)
    with tempfile.TemporaryDirectory() as folder, Office(Path(folder)) as office, office.new() as document:
        document.do("add_sheet", name="Matrix")
        for at, column in zip(("A1", "D1"), weights.tolist(), strict=True):
            document.put(at, [["ticker", "weight"], *zip(names, column, strict=True)])
        rows = [[name, *row] for name, row in zip(names, matrix.tolist(), strict=True)]
        document.put("Matrix.A1", [["", *names], *rows])
        print(f"{'':40}{'first':>10}{'again':>10}  ms")
        for number, (what, formula) in enumerate(FORMULAS.items()):
            if number == 1:
                document.enter("H1", "=COVARIANCE($Matrix.A1:SG501;;;TRUE())")
                assert document.text("H1").startswith("cov#")
            times = [document.do("timed", at=f"U{number + 1}", formula=formula) for _ in range(TIMES)]
            office.settle()
            document.empty(f"U{number + 1}")
            print(f"{what:40}{times[0]:10.1f}{statistics.median(times[1:]):10.1f}")


if __name__ == "__main__":
    main()
