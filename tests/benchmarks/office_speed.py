"""Measure the Office.js add-in in Chromium: PYTHONPATH=tests python tests/benchmarks/office_speed.py.

The add-in is installed in a temporary home. Times include what office.js itself waits: 50 ms for a result.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from office_browser import AddIn, installed, started_browser

BIG = """(n) => {
    const tickers = Array.from({ length: n }, (_, i) => `T${i}`);
    const load = (i) => 0.5 + ((i * 37) % n) / n;
    const risk = (i, j) => load(i) * load(j) * 0.04 + (i === j ? 0.05 : 0);
    return {
        held: tickers.map((one) => [one, 1 / n]),
        matrix: [["", ...tickers], ...tickers.map((one, i) => [one, ...tickers.map((_, j) => risk(i, j))])],
    };
}"""

TIMED = """async ([make, calls]) => {
    const big = eval(`(${make})`)(500);
    await new Promise((wait) => setTimeout(wait, 700));
    const start = performance.now();
    const answers = await excel.call(eval(`(${calls})`)(big));
    return Math.max(...answers.map((one) => one.at)) - start;
}"""

CASES = {
    "one function": "() => [['BN_VERSION', []]]",
    "100 functions at once": "() => Array.from({ length: 100 }, () => ['BN_VERSION', []])",
    "500 x 500 in, betas out": "(big) => [['BN_BETAS', [big.held, big.held.slice(0, 60), big.matrix]]]",
}

REPEATS = 7


def main() -> None:
    """Print the median, the least and the first of some repeats, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with installed(home) as place, started_browser(home) as browser:
            workbook = (home / "Documents" / "Beta Neutral" / "betaneutral-office.xlsx").read_bytes()
            add_in = AddIn(browser, place, bypass_csp=True).open(workbook)
            for name, calls in CASES.items():
                show(name, [add_in.page.evaluate(TIMED, [BIG, calls]) for _ in range(REPEATS)])
            pressed = """async () => {
                const message = document.getElementById("message");
                const pause = () => new Promise((wait) => setTimeout(wait, 2));
                while (document.body.classList.contains("busy")) await pause();
                message.textContent = "";
                const start = performance.now();
                document.getElementById("rebalance").click();
                while (message.textContent === "") await pause();
                return performance.now() - start;
            }"""
            show("Rebalance, to its message", [add_in.page.evaluate(pressed) for _ in range(REPEATS)])
            print(f"requests to other machines: {len(add_in.requests)}")


def show(name: str, times: list[float]) -> None:
    """Print one line."""
    print(f"{name:28} {statistics.median(times):6.0f} {min(times):6.0f} {times[0]:6.0f}")


if __name__ == "__main__":
    main()
