"""Print what the product answers, as JSON: for comparing one Python with another.

``python tests/sample_answers.py`` needs only the package, so it runs in a Python for WebAssembly too.
"""

from __future__ import annotations

import io
import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.files.workbook_file import SavedWorkbook
from betaneutral_xl.hosts.remote.protocol import Conversation, Dialect
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.session import Session

NAMES = ["AAA", "BBB", "CCC", "DDD"]


def printed(*arguments: str) -> tuple[int, str]:
    """Return the exit code and the output of a command; its errors if it has none."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as error:
        code = main(list(arguments))
    return code, out.getvalue() or error.getvalue()


def answer(*arguments: str) -> dict[str, Any]:
    """Return the answer page for the sample."""
    code, text = printed("rebalance", "--sample", *arguments, "--json")
    return {"code": code, **json.loads(text)["answer"]}


def backtest(folder: Path) -> Any:
    """Return a backtest on random prices."""
    random = np.random.default_rng(7)
    common = random.normal(0.0, 0.01, (400, 1)) * [0.5, 1.0, 1.2, 0.8]
    growth = np.exp((common + random.normal(0.0, 0.01, (400, 4))).cumsum(axis=0))
    prices = pd.DataFrame(100.0 * growth, pd.bdate_range("2024-01-01", periods=400), NAMES)
    prices.rename_axis("date").to_csv(folder / "prices.csv")
    (folder / "holdings.csv").write_text("ticker,weight\nAAA,0.6\nBBB,0.4\n")
    (folder / "etf.csv").write_text("ticker,weight\nBBB,0.3\nCCC,0.4\nDDD,0.3\n")
    files = [f"--{name}={folder / name}.csv" for name in ("holdings", "etf", "prices")]
    return json.loads(printed("backtest", *files, "--method", "reweight", "--upper", "90%", "--json")[1])


def batch(session: Session) -> list[dict[str, Any]]:
    """Return what functions that are called at once answer, in their order."""
    dialect = Dialect(name="test", argument=lambda one: one, rows=lambda rows: rows, template="", renewal="")
    calls = [["FETCH_HOLDINGS", [[["demo"]]]], ["BN_VERSION", []], ["NOTHING", []]]
    replies = Conversation(session, dialect).replies({"id": 1, "batch": calls})
    return sorted(replies, key=lambda reply: reply.get("place", len(calls)))


def answers() -> dict[str, Any]:
    """Return the answers of commands, functions and buttons."""
    session = Session()
    limited = ("--method", "reweight", "--long-only", "--upper")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book = folder / "book.xlsx"
        book.write_bytes(template.build(session))
        return {
            "hedge": answer(),
            "reweight": answer(
                "--method", "reweight", "--target", "0.3", "--upper", "5%", "--turnover", "30%"
            ),
            "long only": answer(*limited, "20%", "--target", "0.3"),
            "infeasible": printed("rebalance", "--sample", *limited, "4%"),
            "backtest": backtest(folder),
            "report": printed("report", "--sample", "--out", str(folder / "report.xlsx"))[0],
            "pressed": run_button("rebalance", SavedWorkbook(book), session).message,
            "checked": run_button("check", SavedWorkbook(book), session).message,
            "batch": batch(session),
        }


if __name__ == "__main__":
    print(json.dumps(answers(), default=str))  # noqa: T201 - its output
