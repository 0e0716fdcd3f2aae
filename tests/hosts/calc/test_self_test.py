"""The self-test workbook in a real Calc: all rows pass, and a wrong answer fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from calc_office import until

from betaneutral_xl.hosts.files.self_test_results import results
from betaneutral_xl.hosts.files.workbook_file import SavedWorkbook
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import BUTTONS, run_button
from betaneutral_xl.hosts.sheets.self_test import CASES, EFFECTS, ORDER
from betaneutral_xl.hosts.sheets.template.self_test_sheets import FAIL, HEAD_ROW, SELF_TEST

if TYPE_CHECKING:
    from calc_office import Document, Office

    from betaneutral_xl.hosts.sheets.session import Session

FUNCTIONS = f"{len(CASES) + 1} of {len(CASES) + 1} pass, 0 fail"
COUNT = sum(map(len, EFFECTS.values()))
PRESSED = f"{COUNT} of {COUNT} pass, 0 fail"


@pytest.fixture
def path(session: Session, tmp_path: Path) -> Path:
    path = tmp_path / "selftest.xlsx"
    path.write_bytes(template.build(session, self_test=True))
    return path


def counts(document: Document) -> tuple[str, str]:
    """Return how many rows of functions and of buttons pass."""
    return document.text(f"{SELF_TEST}.B4"), document.text(f"{SELF_TEST}.B5")


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_all_rows_pass_in_calc_and_in_the_file_that_it_saves(calc: Office, path: Path, suffix: str) -> None:
    saved = path.with_name(f"saved{suffix}")
    with calc.open(path) as document:
        assert until(lambda: counts(document) == (FUNCTIONS, f"0 of {COUNT} pass, 0 fail"))
        for button in ORDER:
            document.press(button)
        assert until(lambda: counts(document) == (FUNCTIONS, PRESSED))
        document.save_as(saved)
    with calc.open(saved) as document:
        assert until(lambda: counts(document) == (FUNCTIONS, PRESSED))
    if suffix == ".xlsx":
        assert all(row.passed for row in results(saved))


def test_a_wrong_answer_fails(calc: Office, path: Path) -> None:
    with calc.open(path) as document:
        assert until(lambda: counts(document)[0] == FUNCTIONS)
        names = [row[0] for row in document.rows(f"{SELF_TEST}.A{HEAD_ROW + 1}:A{HEAD_ROW + len(CASES)}")]
        beta, version = (HEAD_ROW + 1 + names.index(one) for one in ("BN_EXPOSURE", "BN_VERSION"))
        document.enter(f"{SELF_TEST}.D{beta}", 0.5222)
        document.enter(f"{SELF_TEST}.D{version}", "betaneutral_xl 0.0")
        document.empty("Compared.L7")  # an expected ticker
        assert until(lambda: document.text(f"{SELF_TEST}.B4").endswith(" 3 fail"))
        shown = {name: document.text(f"{SELF_TEST}.B{HEAD_ROW + 1 + i}") for i, name in enumerate(names)}
        assert {name for name, result in shown.items() if result == FAIL} == {
            "BN_EXPOSURE",
            "BN_VERSION",
            "FETCH_HOLDINGS",
        }


def test_what_buttons_did_to_the_file_passes_in_calc(calc: Office, path: Path, session: Session) -> None:
    for button in ORDER:
        outcome = run_button(button, SavedWorkbook(path), session)
        assert outcome.error is None, BUTTONS[button].label
    with calc.open(path) as document:
        assert until(lambda: counts(document) == (FUNCTIONS, PRESSED))
