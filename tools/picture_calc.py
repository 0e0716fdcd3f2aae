"""Write docs/calc-rebalance.png and docs/calc/*.png: the template in a Calc window, in three situations.

Usage: python tools/picture_calc.py (Linux, with LibreOffice and the programs that its window tests need; with
the fonts of Debian's fonts-crosextra-carlito the columns are as wide as in Excel). ETF files of issuers are
read from the folder that BETANEUTRAL_PICTURED_ETFS names; without it that situation is left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import openpyxl  # noqa: E402 - after the path
from calc_office import Office, until  # noqa: E402 - a module of the tests
from calc_window import screen  # noqa: E402 - likewise

if TYPE_CHECKING:
    from calc_office import Document
    from calc_window import Screen

Settings = dict[str, str | float]

SHEETS = ("Start", "Neutral", "Settings")
RULE = "rule "
"""What the labels of the sheet Mandate have before them."""

RULES: Settings = {
    "Name": "Silver Fund",
    "Method": "reweight",
    "Target": "IWV",
    "Long only": "yes",
    "Upper": 0.08,
}
"""The rules of the pictured mandate."""

COLOURS = "96"
"""Colours of a picture, which keep it small."""


def situations() -> dict[str, Settings]:
    """Return the settings and limits of each situation, by their labels."""
    found: dict[str, Settings] = {
        "sample": {},
        "infeasible": {"Method": "reweight", "Long only": "yes", "Upper": 0.04},
    }
    folder = os.environ.get("BETANEUTRAL_PICTURED_ETFS")
    if folder:
        files = [next(Path(folder).glob(f"*/{name}*")) for name in ("JHAI", "AIQ", "SMH")]
        labels = ("ETF", "Second ETF", "Third ETF")
        found["three-etfs"] = dict(zip(labels, map(str, files), strict=True))
    return found


def cells_of(book: Path) -> dict[str, str]:
    """Return the address of the cell of each setting, limit and rule, by its label."""
    loaded = openpyxl.load_workbook(book)
    found = {}
    for sheet, before in (("Settings", ""), ("Mandate", RULE)):
        rows = range(4, loaded[sheet].max_row + 1)
        labels = ((row, str(loaded[sheet].cell(row, 1).value or "").strip()) for row in rows)
        found.update({f"{before}{label}": f"{sheet}.C{row}" for row, label in labels if label})
    return found


def wait(look: Callable[[], object]) -> None:
    """Wait until something is seen; end the program where it is not."""
    if not until(look):
        sys.exit("LibreOffice does not show what is to be pictured.")


def take(display: Screen, path: Path) -> None:
    """Save a picture of the screen, with few colours."""
    path.parent.mkdir(exist_ok=True)
    display.picture(path)
    subprocess.run(["mogrify", "+dither", "-colors", COLOURS, "-strip", path], check=True)  # noqa: S603, S607 - ours
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


def press(
    document: Document, office: Office, display: Screen, button: str, message: Path | None = None
) -> None:
    """Press a button, picture its message where a file is given, and close it."""
    document.do("dispatch", command=f"org.betaneutral.xl:{button}")
    wait(lambda: office.do("boxes"))
    if message is not None:
        take(display, message)
    display.press("Return")
    wait(lambda: not office.do("boxes"))


def show(
    document: Document, office: Office, display: Screen, situation: str, cells: Mapping[str, str]
) -> None:
    """Take the pictures of one situation; the last is the proposal after Rebalance, or its message."""
    folder = ROOT / "docs" / "calc"
    for sheet in SHEETS:
        document.do("select", at=f"{sheet}.A1")
        until(lambda: "loading..." not in document.text("Start.A3"))
        office.settle()
        take(display, folder / f"{situation}-{sheet.lower()}.png")
    press(document, office, display, "rebalance", folder / f"{situation}-message.png")
    if situation == "infeasible":
        return
    wait(lambda: document.state["active"] == "Proposal")
    office.settle()
    take(display, folder / f"{situation}-proposal.png")
    if situation == "sample":
        take(display, ROOT / "docs" / "calc-rebalance.png")
        for label, value in RULES.items():
            document.enter(cells[f"{RULE}{label}"], value)
        document.enter("Mandate.mandate_used", "yes")
        for button in ("rebalance", "accept", "today"):
            press(document, office, display, button)
        for sheet in ("Mandate", "Today"):
            document.do("select", at=f"{sheet}.A1")
            office.settle()
            take(display, folder / f"{situation}-{sheet.lower()}.png")


def main() -> None:
    """Open the template in each situation, and take its pictures."""
    for situation, settings in situations().items():
        with tempfile.TemporaryDirectory() as folder:
            book = Path(folder) / "betaneutral.xlsx"
            book.write_bytes((ROOT / "workbook" / book.name).read_bytes())
            cells = cells_of(book)
            with (
                screen() as display,
                Office(Path(folder), display=display.name) as office,
                office.open(book, visible=True) as document,
            ):
                display.fill(book.name)
                document.do("dispatch", command=".uno:Sidebar")
                for label, value in settings.items():
                    document.enter(cells[label], value)
                show(document, office, display, situation, cells)


if __name__ == "__main__":
    main()
