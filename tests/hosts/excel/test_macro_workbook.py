from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

xlwings = pytest.importorskip(
    "xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')"
)

from betaneutral_xl.hosts.excel import macro_workbook, vba  # noqa: E402
from betaneutral_xl.hosts.files.workbook_file import changed  # noqa: E402
from betaneutral_xl.hosts.sheets import template  # noqa: E402 - after xlwings is known to be there
from betaneutral_xl.hosts.sheets.buttons import BUTTONS  # noqa: E402
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS  # noqa: E402
from betaneutral_xl.hosts.sheets.layout import Sheet  # noqa: E402
from betaneutral_xl.hosts.sheets.session import Session  # noqa: E402
from betaneutral_xl.system.settings import Settings  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:oletools"
)  # it calls pyparsing's old names

UI = "{http://schemas.microsoft.com/office/2009/07/customui}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return macro_workbook.build_xlsm(Session(Settings(cache=tmp_path_factory.mktemp("cache"))))


def part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read(name)


def streams(workbook: bytes) -> Any:
    import olefile

    content = io.BytesIO(part(workbook, "xl/vbaProject.bin"))
    return olefile.OleFileIO(content, raise_defects=olefile.DEFECT_UNSURE)


def modules(workbook: bytes) -> dict[str, str]:
    from oletools.olevba import VBA_Parser

    parser = VBA_Parser("betaneutral.xlsm", data=workbook)
    try:
        return {name: code.replace("\r\n", "\n") for _, _, name, code in parser.extract_macros()}
    finally:
        parser.close()


def mistakes(text: str) -> list[str]:
    """Return the errors of a Visual Basic analyser."""
    from pyvbaanalysis import AnalyzeModuleOptions, analyze_module

    return [found.message for found in analyze_module(text, AnalyzeModuleOptions(errors_only=True))]


def test_the_same_sources_give_the_same_bytes(built: bytes, tmp_path: Path) -> None:
    assert macro_workbook.build_xlsm(Session(Settings(cache=tmp_path))) == built


def rounded(content: bytes) -> bytes:
    """Return XML with its decimals to nine digits: the last ones differ from machine to machine."""
    return re.sub(rb"-?\d+\.\d{8,}(?:E-?\d+)?", lambda found: b"%.9g" % float(found[0]), content)


@pytest.mark.parametrize("name", ["betaneutral.xlsm", "betaneutral.xlsx"])
def test_the_workbook_of_the_repository_is_current(name: str, built: bytes, tmp_path: Path) -> None:
    golden = (Path(__file__).parents[3] / "workbook" / name).read_bytes()
    fresh = built if name.endswith("m") else template.build(Session(Settings(cache=tmp_path)))
    with zipfile.ZipFile(io.BytesIO(golden)) as old, zipfile.ZipFile(io.BytesIO(fresh)) as new:
        assert old.namelist() == new.namelist()
        for part_name in old.namelist():
            same = rounded(old.read(part_name)) == rounded(new.read(part_name))
            assert same, f"{part_name}: run betaneutral-xl workbook build --folder workbook"


def test_the_project_has_the_expected_modules(built: bytes) -> None:
    found = modules(built)
    shipped = {"ThisWorkbook.cls", "Sheet1.cls", "Sheet2.cls", "xlwings.bas", "Dictionary.cls"}
    assert set(found) == shipped | {"xlwings_udfs.bas", "FunctionHelp.bas", "BetaNeutral.bas"}
    assert found["xlwings_udfs.bas"].strip() == vba.functions().strip()
    assert found["FunctionHelp.bas"].strip() == vba.function_help().strip()
    assert found["BetaNeutral.bas"].strip() == vba.source("BetaNeutral.bas").strip()
    assert vba.source("ThisWorkbook.bas").strip() in found["ThisWorkbook.cls"]


def test_the_only_automatic_macro_sets_the_help_of_the_functions(built: bytes) -> None:
    from oletools.olevba import VBA_Parser

    parser = VBA_Parser("betaneutral.xlsm", data=built)
    automatic = {keyword for kind, keyword, _ in parser.analyze_macros() if kind == "AutoExec"}
    parser.close()
    assert automatic == {"Workbook_Open"}
    ours = [text for name, text in modules(built).items() if name not in {"xlwings.bas", "Dictionary.cls"}]
    assert not re.search(r"\b(Shell|CreateObject|Kill|URLDownload|Environ)\b", "".join(ours))


def test_the_modules_of_xlwings_are_unchanged(built: bytes) -> None:
    shipped, ours = streams(macro_workbook.shipped_workbook().read_bytes()), streams(built)
    for name in ("VBA/xlwings", "VBA/Dictionary", "VBA/Sheet1", "VBA/Sheet2"):
        assert ours.openstream(name).read() == shipped.openstream(name).read(), name


def test_the_list_of_modules_ends_as_excel_writes_it(built: bytes) -> None:
    from oletools.olevba import decompress_stream

    def end(workbook: bytes) -> bytes:
        raw = streams(workbook).openstream("VBA/dir").read()
        return bytes(decompress_stream(bytearray(raw)))[-6:]

    assert end(built) == end(macro_workbook.shipped_workbook().read_bytes()) == b"\x10\x00\x00\x00\x00\x00"


def test_the_visual_basic_parses() -> None:
    for text in (
        vba.functions(),
        vba.function_help(),
        *map(vba.source, ("BetaNeutral.bas", "ThisWorkbook.bas")),
    ):
        assert mistakes(text) == []


def test_the_parser_would_notice_a_reserved_word() -> None:
    assert mistakes(vba.functions().replace("as_of", "end"))


def test_lines_are_within_the_limits_of_visual_basic() -> None:
    for text in (vba.functions(), vba.function_help()):
        assert max(map(len, text.splitlines())) <= 1023
        statements = re.findall(r"(?:[^\n]* _\n)+", text)
        assert max((one.count("\n") for one in statements), default=0) <= 24


def test_every_function_has_its_help() -> None:
    for function in FUNCTIONS:
        assert f'Describe "{function.name}", _' in vba.function_help()


def test_the_ribbon_is_linked_and_every_button_is_known(built: bytes) -> None:
    assert macro_workbook.RIBBON in part(built, "_rels/.rels").decode()
    root = ET.fromstring(part(built, macro_workbook.RIBBON))  # noqa: S314 - our own file
    buttons = {one.get("id"): one for one in root.iter(f"{UI}button")}
    assert set(buttons) == {*BUTTONS, "settings", "check", "log", "help"}
    assert {one.get("onAction") for one in buttons.values()} == {"BetaNeutral.OnRibbon"}
    for name, button in BUTTONS.items():
        assert (buttons[name].get("label"), buttons[name].get("supertip")) == (button.label, button.help)
    assert "Sub OnRibbon(control As IRibbonControl)" in modules(built)["BetaNeutral.bas"]


def test_the_workbook_has_the_versions_of_its_build(built: bytes) -> None:
    strings = part(built, "xl/sharedStrings.xml").decode()
    assert "BUILT WITH XLWINGS" in strings
    assert xlwings.__version__ in strings
    assert f"xlwings64-{xlwings.__version__}.dll" in modules(built)["xlwings.bas"]


def test_macros_ribbon_and_charts_survive_a_change_of_cells(built: bytes) -> None:
    after = changed(built, {Sheet.XLWINGS: {(1, 2): "C:\\Python\\python.exe"}})
    for name in ("xl/vbaProject.bin", macro_workbook.RIBBON, "_rels/.rels", "xl/charts/chart1.xml"):
        assert part(after, name) == part(built, name)
