from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest

xlwings = pytest.importorskip(
    "xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')"
)

from betaneutral_xl.errors import HostError  # noqa: E402
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


@pytest.fixture(scope="module")
def add_in() -> bytes:
    return macro_workbook.build_xlam()


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


def mistakes(text: str, *, of_document: bool = False) -> list[str]:
    """Return the errors of a Visual Basic analyser."""
    from pyvbaanalysis import AnalyzeModuleOptions, ModuleSymbolKind, analyze_module

    kind = ModuleSymbolKind.DOCUMENT if of_document else None
    options = AnalyzeModuleOptions(errors_only=True, module_kind=kind)
    return [found.message for found in analyze_module(text, options)]


def test_the_same_sources_give_the_same_bytes(built: bytes, tmp_path: Path) -> None:
    assert macro_workbook.build_xlsm(Session(Settings(cache=tmp_path))) == built


def rounded(content: bytes) -> bytes:
    """Return XML with its decimals to nine digits and 15 places: machines differ in the others."""
    return re.sub(
        rb"(?i)-?\d+\.\d{8,}(?:e-?\d+)?", lambda found: b"%.9g" % round(float(found[0]), 15), content
    )


@pytest.mark.parametrize("name", ["betaneutral.xlam", "betaneutral.xlsm", "betaneutral.xlsx"])
def test_the_workbook_of_the_repository_is_current(
    name: str, built: bytes, add_in: bytes, tmp_path: Path
) -> None:
    golden = (Path(__file__).parents[3] / "workbook" / name).read_bytes()
    with_macros = {"betaneutral.xlam": add_in, "betaneutral.xlsm": built}
    fresh = with_macros.get(name) or template.build(Session(Settings(cache=tmp_path)))
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


@pytest.mark.parametrize("name", ["betaneutral.xlsm", "betaneutral.xlam"])
def test_no_macro_is_automatic(name: str, built: bytes, add_in: bytes) -> None:
    from oletools.mraptor import MacroRaptor
    from oletools.olevba import VBA_Parser

    parser = VBA_Parser(name, data=built if name.endswith("xlsm") else add_in)
    automatic = {keyword for kind, keyword, _ in parser.analyze_macros() if kind == "AutoExec"}
    raptor = MacroRaptor(parser.get_vba_code_all_modules())
    raptor.scan()
    parser.close()
    assert automatic == set()
    assert not raptor.suspicious
    ours = [text for name, text in modules(built).items() if name not in {"xlwings.bas", "Dictionary.cls"}]
    assert not re.search(r"\b(Shell|CreateObject|Kill|URLDownload|Environ)\b", "".join(ours))


def test_the_modules_of_xlwings_are_unchanged_but_for_where_python_is(built: bytes) -> None:
    content = macro_workbook.shipped_workbook().read_bytes()
    shipped, ours = streams(content), streams(built)
    for name in ("VBA/Dictionary", "VBA/Sheet1", "VBA/Sheet2"):
        assert ours.openstream(name).read() == shipped.openstream(name).read(), name
    before, after = (modules(one)["xlwings.bas"].splitlines() for one in (content, built))
    ours_alone = {*vba.LOAD_LIBRARY.splitlines(), vba.FIND_CONFIG[1], vba.SKIP_FOLDER[1]}
    assert {line.strip() for line in set(after) - set(before)} <= {line.strip() for line in ours_alone}


def test_the_changes_fit_this_version_of_xlwings_only() -> None:
    with pytest.raises(HostError, match=r"^The Visual Basic of this xlwings is unknown"):
        vba.xlwings_module("Private Sub XLPyLoadDLL()\nEnd Sub\n")


def test_without_an_installation_each_cell_says_how_to_install(built: bytes) -> None:
    module = modules(built)["xlwings.bas"]
    assert "Beta Neutral is not installed for this user" in module
    assert "Install it: Install.cmd of the zip, or " in module  # which has a Python of its own, and no py
    assert "py -m betaneutral_xl excel install" in module
    assert mistakes(module) == []


def test_the_workbook_names_no_python(built: bytes, tmp_path: Path) -> None:
    path = tmp_path / "betaneutral.xlsm"
    path.write_bytes(built)
    labels = [cell.value for cell in openpyxl.load_workbook(path)[Sheet.XLWINGS]["A"]]
    assert "INTERPRETER_WIN" not in labels


def test_the_list_of_modules_ends_as_excel_writes_it(built: bytes) -> None:
    from oletools.olevba import decompress_stream

    def end(workbook: bytes) -> bytes:
        raw = streams(workbook).openstream("VBA/dir").read()
        return bytes(decompress_stream(bytearray(raw)))[-6:]

    assert end(built) == end(macro_workbook.shipped_workbook().read_bytes()) == b"\x10\x00\x00\x00\x00\x00"


def test_the_visual_basic_parses() -> None:
    for text in (vba.functions(), vba.function_help(), vba.source("BetaNeutral.bas")):
        assert mistakes(text) == []
    assert mistakes(vba.source("ThisWorkbook.bas"), of_document=True) == []


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


WORKBOOK_BUTTONS = {*BUTTONS, "settings", "help", "restart"}


@pytest.mark.parametrize("of_add_in", [False, True])
def test_the_ribbon_is_linked_and_every_button_is_known(
    built: bytes, add_in: bytes, of_add_in: object
) -> None:
    content = add_in if of_add_in else built
    assert macro_workbook.RIBBON in part(content, "_rels/.rels").decode()
    root = ET.fromstring(part(content, macro_workbook.RIBBON))  # noqa: S314 - our own file
    buttons = {one.get("id"): one for one in root.iter(f"{UI}button")}
    assert set(buttons) == WORKBOOK_BUTTONS | ({"insert", "connect"} if of_add_in else set())
    assert {one.get("onAction") for one in buttons.values()} == {"BetaNeutral.OnRibbon"}
    assert root.get("onLoad") == "BetaNeutral.OnLoad"
    for name, button in BUTTONS.items():
        assert (buttons[name].get("label"), buttons[name].get("supertip")) == (button.label, button.help)
    code = modules(content)["BetaNeutral.bas"]
    assert "Sub OnRibbon(control As IRibbonControl)" in code
    assert "Sub OnLoad(ribbon As IRibbonUI)" in code


def test_the_tabs_of_add_in_and_workbook_can_be_told_apart(built: bytes, add_in: bytes) -> None:
    labels = [
        ET.fromstring(part(one, macro_workbook.RIBBON)).find(f".//{UI}tab").get("label")  # type: ignore[union-attr] # noqa: S314 - ours
        for one in (add_in, built)
    ]
    assert labels == ["Beta Neutral", "Beta Neutral (this workbook)"]


def test_excel_knows_the_add_in_by_its_content_type(built: bytes, add_in: bytes) -> None:
    assert macro_workbook.ADDIN_TYPE in part(add_in, "[Content_Types].xml")
    assert macro_workbook.WORKBOOK_TYPE not in part(add_in, "[Content_Types].xml")
    assert part(add_in, "xl/vbaProject.bin") == part(built, "xl/vbaProject.bin")


def test_the_add_in_is_well_formed_and_the_same_on_every_build(add_in: bytes, tmp_path: Path) -> None:
    audit = pytest.importorskip("openxml_audit", reason="the validator openxml-audit is not installed")
    (tmp_path / "betaneutral.xlam").write_bytes(add_in)
    assert audit.OpenXmlValidator().validate(str(tmp_path / "betaneutral.xlam")).errors == []
    assert macro_workbook.build_xlam() == add_in


def test_the_add_in_has_no_formula_of_its_own(add_in: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(add_in)) as package:
        sheets = [package.read(name) for name in package.namelist() if "worksheets/" in name]
    assert len(sheets) == 2
    assert not [sheet for sheet in sheets if b"<f>" in sheet or b"<f " in sheet]


def test_the_workbook_has_the_versions_of_its_build(built: bytes) -> None:
    strings = part(built, "xl/sharedStrings.xml").decode()
    assert "BUILT WITH XLWINGS" in strings
    assert xlwings.__version__ in strings
    assert f"xlwings64-{xlwings.__version__}.dll" in modules(built)["xlwings.bas"]


def test_macros_ribbon_and_charts_survive_a_change_of_cells(built: bytes) -> None:
    after = changed(built, {Sheet.XLWINGS: {(1, 2): "C:\\Python\\python.exe"}})
    for name in ("xl/vbaProject.bin", macro_workbook.RIBBON, "_rels/.rels", "xl/charts/chart1.xml"):
        assert part(after, name) == part(built, name)
