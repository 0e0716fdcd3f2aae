"""Paths and names as they are on Windows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from excel_objects import Excel, opened
from windows_excel import TEMPLATE, OpenWorkbook
from xlwings_dll import served

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.excel.vba import UDFS

FOLDERS = ("My Portfolio", "R&D", "Müller's Bücher", "100% long & short", "a;b", "(x86)")


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_server_of_a_workbook_starts_and_answers(installed: Path, folder: str, tmp_path: Path) -> None:
    with served(str(tmp_path / folder / "betaneutral.xlsm")) as server:
        assert server.CallUDF(UDFS, "BN_VERSION", ())


def test_the_server_of_a_workbook_in_the_cloud_starts_and_answers(installed: Path) -> None:
    address = "https://d.docs.live.net/0123456789abcdef/Mein%20Ordner/R&D/betaneutral.xlsm"
    with served(address) as server:
        assert server.CallUDF(UDFS, "BN_VERSION", ())


@pytest.mark.parametrize("folder", FOLDERS)
def test_buttons_write_into_the_workbook_s_folder(
    server: object, excel: Excel, tmp_path: Path, folder: str
) -> None:
    place = tmp_path / folder
    place.mkdir()
    workbook = OpenWorkbook(excel, server, opened(TEMPLATE, place))
    workbook.press("rebalance")
    assert workbook.press("orders").startswith("Orders: 45 in ")
    assert list(place.glob("betaneutral orders *.csv"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_workbook_is_run_as_a_file(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    target = shutil.copy(TEMPLATE, place / "betaneutral.xlsm")
    assert main(["workbook", "run", str(target)]) == 0
