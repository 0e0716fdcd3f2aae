from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.files.self_test_results import results
from betaneutral_xl.hosts.sheets import self_test, template
from betaneutral_xl.hosts.sheets.buttons import BUTTONS
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.self_test import CASES, EFFECTS, LEFT_OUT, ORDER, SEEN, TOLERANCE, VARIES
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.sheets.template.self_test_sheets import UNCOMPUTED
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(Settings(cache=tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def tables(session: Session) -> dict[str, Rows]:
    return self_test.tables(session)


def test_every_function_has_a_case() -> None:
    assert set(CASES) == set(BY_NAME)


def test_every_button_has_an_effect_or_a_reason_for_none() -> None:
    assert {*EFFECTS, *SEEN, *LEFT_OUT} == set(BUTTONS)
    assert {*EFFECTS, *SEEN} == set(ORDER)
    assert not LEFT_OUT.keys() & set(ORDER)


@pytest.mark.parametrize("function", list(CASES))
def test_the_figure_of_a_function_is_the_known_one(tables: dict[str, Rows], function: str) -> None:
    row, column = CASES[function].place
    actual, known = tables[function][row][column], CASES[function].known
    if isinstance(known, str):
        assert actual == known
    else:
        assert actual == pytest.approx(known, rel=TOLERANCE, abs=TOLERANCE)


def test_only_what_differs_from_run_to_run_may_have_any_content(tables: dict[str, Rows]) -> None:
    open_cells = {
        name: sum(cell == VARIES for row in rows for cell in row)
        for name, rows in tables.items()
        if any(cell == VARIES for row in rows for cell in row)
    }
    assert open_cells == {"BN_STATUS": 6, "BN_LAST_ERROR": 1}


def test_no_row_passes_before_a_program_has_computed_it(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "selftest.xlsx"
    path.write_bytes(template.build(session, self_test=True))
    rows = results(path)
    assert {row.result for row in rows} == {UNCOMPUTED}
    assert {row.name for row in rows} == {*CASES, *(BUTTONS[name].label for name in EFFECTS)}


def test_another_workbook_has_no_results(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    path.write_bytes(template.build(session))
    with pytest.raises(HostError, match=r"template.xlsx has no results of a self-test"):
        results(path)
