from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from calc_office import Office, until
from calc_window import confirm, message_box

from betaneutral_xl.hosts.calc.extension import LABELS
from betaneutral_xl.hosts.calc.values import for_calc
from betaneutral_xl.hosts.sheets.functions import BY_NAME, CATEGORY
from betaneutral_xl.hosts.sheets.layout import LOG_ROW, PROPOSAL

if TYPE_CHECKING:
    from calc_office import Document
    from calc_window import Screen

    from betaneutral_xl.hosts.sheets.session import Session

WORKBOOK = Path(__file__).parents[3] / "workbook" / "betaneutral.xlsx"

ARTEFACTS = os.environ.get("BETANEUTRAL_ARTEFACTS")
"""The folder for pictures; by default a temporary one."""


@pytest.fixture(scope="module")
def calc(soffice: str, display: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return a LibreOffice with visible windows."""
    with Office(tmp_path_factory.mktemp("calc"), display=display.name) as office:
        yield office


@pytest.fixture
def template(calc: Office, display: Screen, tmp_path: Path) -> Iterator[Document]:
    """Return the template in a window that fills the screen."""
    path = tmp_path / "fund.xlsx"
    path.write_bytes(WORKBOOK.read_bytes())
    with calc.open(path, visible=True) as document:
        display.fill("fund.xlsx")
        yield document


@pytest.fixture
def sheet(calc: Office, display: Screen) -> Iterator[Document]:
    """Return an empty document in a window that fills the screen, its first cell selected."""
    with calc.new(visible=True) as document:
        display.fill("Untitled")
        document.do("select", at="A1")
        yield document


@pytest.fixture
def artefacts(tmp_path: Path) -> Path:
    """Return the folder for pictures."""
    folder = Path(ARTEFACTS or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def click(document: Document, display: Screen, name: str, role: str = "PUSH_BUTTON") -> None:
    """Click on a named part of a document's window."""
    place: Any = until(lambda: document.do("place", name=name, role=role))
    x, y, width, height = place
    display.click(x + width // 2, y + height // 2)


def message(calc: Office) -> str:
    """Wait for a message box, and return its text."""
    title, *lines = message_box(calc)
    assert title == CATEGORY
    return " ".join(lines)


def test_a_click_rebalances_and_a_key_undoes_it(
    calc: Office, template: Document, display: Screen, artefacts: Path
) -> None:
    assert not template.state["modified"]
    headline = f"Proposal.A{PROPOSAL.headline}"
    before = [template.used(name) for name in ("Proposal", "Log")]
    click(template, display, "Rebalance")
    assert "Beta to JHAI 0.52 +/- 0.34 -> 0.00 +/- 0.34; turnover 26.1%, 45 trades" in message(calc)
    display.picture(artefacts / "calc-message.png")
    confirm(calc, display)
    assert template.text(headline) == "quant_paper to JHAI: beta 0 by hedge"
    assert template.text(f"Proposal.A{PROPOSAL.table}") == "Ticker"
    assert template.used("Log")[LOG_ROW][1:3] == ["Rebalance", "done"]
    assert until(lambda: not template.is_busy("rebalance"))
    assert not [name for name in template.do("names") if name.startswith("Writing")]
    template.do("select", at=headline)
    calc.settle()
    display.picture(artefacts / "calc-rebalance.png")
    display.press("ctrl+z")
    assert until(lambda: [template.used(name) for name in ("Proposal", "Log")] == before)
    assert until(lambda: template.state["undo"] == [])
    display.press("ctrl+y")
    assert until(lambda: template.text(f"Proposal.A{PROPOSAL.table}") == "Ticker")


def test_the_menu_has_the_commands_of_the_toolbar(
    calc: Office, sheet: Document, display: Screen, artefacts: Path
) -> None:
    assert until(lambda: set(LABELS.values()) <= set(sheet.do("names")))
    click(sheet, display, CATEGORY, "MENU")
    calc.settle()
    display.picture(artefacts / "calc-menu.png")
    display.press("Down", "Return")  # its first entry
    assert "has no range named setting_fund" in message(calc)
    confirm(calc, display)


def test_a_typed_formula_shows_its_table(
    calc: Office, sheet: Document, display: Screen, artefacts: Path, session: Session
) -> None:
    expected = for_calc(session.call(BY_NAME["FETCH_HOLDINGS"], "demo"))
    display.type('=FETCH_HOLDINGS("demo")')
    display.press("ctrl+shift+Return")
    assert until(lambda: sheet.table("A1") == expected)
    sheet.do("select", at="H1")
    display.type('=LOAD_ETF("demo")')
    display.press("Return")
    assert until(lambda: sheet.table("H1") == for_calc(session.call(BY_NAME["LOAD_ETF"], "demo")))
    calc.settle()
    display.picture(artefacts / "calc-typed.png")
    display.press("ctrl+z")
    assert until(lambda: sheet.rows("H1:I3") == [["", ""]] * 3)
    display.press("ctrl+z")
    assert until(lambda: sheet.rows("A1:B3") == [["", ""]] * 3)


def test_a_lack_of_room_is_shown_in_an_infobar(
    calc: Office, sheet: Document, display: Screen, artefacts: Path
) -> None:
    sheet.enter("A4", "mine")
    display.type('=FETCH_HOLDINGS("demo")')
    display.press("Return")
    text = "Sheet1.A1 needs 34 x 5 cells, but Sheet1.A4 is not empty."
    assert until(lambda: any(text in name for name in sheet.do("names")))
    display.picture(artefacts / "calc-no-room.png")
    assert sheet.rows("A1:A4") == [["ticker"], [""], [""], ["mine"]]
    sheet.empty("A4")
    display.press("ctrl+shift+F9")
    assert until(lambda: len(sheet.table("A1")) == 34)
    assert until(lambda: not any(text in name for name in sheet.do("names")))


@pytest.mark.parametrize(
    ("button", "text"),
    [("help", "Enter a formula such as"), ("settings", "This document has no sheet Settings")],
)
def test_help_and_settings_show_a_message(
    calc: Office, sheet: Document, display: Screen, button: str, text: str
) -> None:
    click(sheet, display, LABELS[button])
    assert text in message(calc)
    confirm(calc, display)
