"""Write docs/calc-rebalance.png: BETA_NEUTRAL on the template, in a LibreOffice Calc window.

Usage: python tools/picture_calc.py (Linux, with LibreOffice and the programs that its window tests need)
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from calc_office import Office, until  # noqa: E402 - a module of the tests
from calc_window import screen  # noqa: E402 - likewise

SHEET = "Neutral"


def main() -> None:
    """Open the template, select a sheet and save a screenshot."""
    target = ROOT / "docs" / "calc-rebalance.png"
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "betaneutral.xlsx"
        book.write_bytes((ROOT / "workbook" / book.name).read_bytes())
        with (
            screen() as display,
            Office(Path(folder), display=display.name) as office,
            office.open(book, visible=True) as document,
        ):
            display.fill(book.name)
            document.do("select", at=f"{SHEET}.A6")
            until(lambda: len(document.table(f"{SHEET}.A6")) > 1)
            document.do("dispatch", command=".uno:Sidebar")
            office.settle()
            display.picture(target)
    print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
