"""The template for this host: names of functions as Excel keeps them, the pane, short chains of formulas."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from lxml import etree

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.office import manifest, template
from betaneutral_xl.hosts.sheets import template as shared_template
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session


@pytest.fixture(scope="module")
def workbooks() -> tuple[bytes, bytes]:
    """Return the template of this host, and that of all."""
    session = Session()
    return template.build(session), shared_template.build(session)


def formulas(workbook: bytes) -> dict[str, str]:
    """Return the formulas of our functions, by sheet and cell."""
    found = {}
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                text = getattr(cell.value, "text", cell.value)
                if isinstance(text, str) and text[:1] == "=" and any(f"{one}(" in text for one in BY_NAME):
                    found[f"{sheet.title}!{cell.coordinate}"] = text
    return found


def test_every_function_has_the_name_that_excel_keeps_of_an_add_in(workbooks: tuple[bytes, bytes]) -> None:
    mine, shared = map(formulas, workbooks)
    assert set(mine) == set(shared)
    assert len(mine) >= 8
    for place, text in mine.items():
        for name in re.findall(rf"(\w*)\b(?:{'|'.join(BY_NAME)})\(", text):
            assert name == "", (place, text)
        assert len(re.findall(r"_xldudf_(?:[A-Z_]+)\(", text)) == len(
            re.findall(rf"(?:{'|'.join(BY_NAME)})\(", text)
        ), (place, text)


def test_weights_wait_for_no_other_function_than_holdings_and_etf(workbooks: tuple[bytes, bytes]) -> None:
    mine, _ = map(formulas, workbooks)
    weights = [
        text for text in mine.values() if "_xldudf_BETA_NEUTRAL(" in text or "_xldudf_BN_EXPOSURE(" in text
    ]
    assert len(weights) >= 2
    for text in weights:
        assert "Covariance!" not in text
        assert "setting_risk" in text


def test_the_file_opens_the_pane_of_this_add_in(workbooks: tuple[bytes, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(workbooks[0])) as package:
        names = package.namelist()
        assert len(names) == len(set(names))
        extension = etree.fromstring(package.read(template.EXTENSION))
        types = package.read("[Content_Types].xml").decode()
        relations = package.read("_rels/.rels").decode()
        panes = etree.fromstring(package.read(template.PANES))
    reference = extension.find("{*}reference")
    assert reference is not None
    assert reference.get("id") == manifest.ID
    assert reference.get("version") == manifest.version()
    assert (reference.get("store"), reference.get("storeType")) == ("developer", "Registry")
    properties = [(one.get("name"), one.get("value")) for one in extension.iter("{*}property")]
    assert properties == [(manifest.PANE, "true")]
    assert types.count(f"/{template.PANES}") == types.count(f"/{template.EXTENSION}") == 1
    assert f'Target="{template.PANES}"' in relations
    assert panes.find("{*}taskpane") is not None


def test_the_file_is_a_valid_workbook_with_the_cells_of_the_others(workbooks: tuple[bytes, bytes]) -> None:
    mine, shared = (openpyxl.load_workbook(io.BytesIO(one), data_only=True) for one in workbooks)
    assert mine.sheetnames == shared.sheetnames
    assert set(mine.defined_names) == set(shared.defined_names)
    for sheet in shared:
        assert [[one.value for one in row] for row in mine[sheet.title]] == [
            [one.value for one in row] for row in sheet
        ]
    with zipfile.ZipFile(io.BytesIO(workbooks[0])) as package:
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(package.read(name))


def test_the_same_sources_give_the_same_bytes(workbooks: tuple[bytes, bytes]) -> None:
    assert template.for_office(workbooks[1]) == workbooks[0]


def test_the_command_builds_the_workbook_of_a_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["workbook", "build", "--host", "office", "--folder", str(tmp_path)]) == 0
    assert [one.name for one in tmp_path.glob("*.xls*")] == ["betaneutral-office.xlsx"]
    assert main(["workbook", "build", "--host", "office", "--only", "xlsm", "--folder", str(tmp_path)]) == 2
    assert "Omit --only" in capsys.readouterr().err
