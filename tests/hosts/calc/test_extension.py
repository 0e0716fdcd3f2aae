from __future__ import annotations

import ast
import builtins
import io
import json
import re
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

import pytest

import betaneutral_xl
from betaneutral_xl.hosts.calc import extension
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.buttons import BUTTONS
from betaneutral_xl.hosts.sheets.functions import CATEGORY, FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import Sheet

PYTHON = r"C:\Users\Zoë Ünal\venv\Scripts\python.exe"

OOR = "{http://openoffice.org/2001/registry}"
MANIFEST = "{http://openoffice.org/2001/manifest}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
CLIENT = f"pythonpath/{extension.PACKAGE}/"

OFFICES_OWN = {"uno", "unohelper", "com.sun.star", "org.betaneutral"}
"""The modules of LibreOffice's Python beside its standard library."""

RESERVED = {
    *("any", "attribute", "boolean", "byte", "case", "char", "const", "constants", "context", "default"),
    *("double", "enum", "exception", "exports", "fixed", "float", "get", "hyper", "inout", "in", "interface"),
    *("long", "maybe", "module", "needs", "observes", "oneway", "optional", "out", "pad", "property"),
    *("published", "raises", "readonly", "registry", "sequence", "service", "set", "short", "singleton"),
    *("string", "struct", "switch", "transient", "type", "typedef", "union", "unsigned", "virtual", "void"),
}
"""The reserved words of UNO IDL, which cannot name an argument."""

OLDEST = (3, 8)
"""The Python version of the oldest supported LibreOffice."""


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        return {
            name: package.read(name).decode("utf-8")
            for name in package.namelist()
            if not name.endswith(".png")
        }


PARTS = parts(extension.build(PYTHON))
XML = [name for name in PARTS if name.endswith((".xml", ".xcu"))]
SOURCES = [name for name in PARTS if name.endswith(".py")]


def node(part: str, *path: str) -> ET.Element:
    """Return a node of the configuration by its path."""
    found = ET.fromstring(PARTS[part])  # noqa: S314 - our own
    for name in path:
        (found,) = [one for one in found if one.get(f"{OOR}name") == name]
    return found


def names(parent: ET.Element) -> list[str]:
    return [one.attrib[f"{OOR}name"] for one in parent]


def value(parent: ET.Element, name: str) -> str:
    """Return the text of a property."""
    (found,) = [one for one in parent if one.get(f"{OOR}name") == name]
    return found.findtext("value") or ""


# ---------------------------------------------------------------- the package


def test_the_manifest_lists_every_part_with_its_media_type() -> None:
    listed = {
        one.attrib[f"{MANIFEST}full-path"]: one.attrib[f"{MANIFEST}media-type"].removeprefix(
            "application/vnd.sun.star."
        )
        for one in ET.fromstring(PARTS["META-INF/manifest.xml"])  # noqa: S314 - our own
    }
    kinds = {
        ".idl": "uno-typelibrary;type=RDB",
        ".xcu": "configuration-data",
        ".py": "uno-component;type=Python",
    }
    found_by_itself = {"META-INF/manifest.xml", "description.xml"}
    to_be_listed = {name for name in PARTS if name not in found_by_itself and not name.startswith(CLIENT)}
    assert listed == {name: kinds[PurePosixPath(name).suffix] for name in to_be_listed}


def test_the_manifest_is_the_first_part() -> None:
    assert next(iter(PARTS)) == "META-INF/manifest.xml"


def test_the_types_come_before_the_component_that_uses_them() -> None:
    manifest = PARTS["META-INF/manifest.xml"]
    assert manifest.index("types.idl") < manifest.index("component.py")


def test_the_same_sources_give_the_same_bytes_in_any_process() -> None:
    script = (
        "import sys, hashlib; from betaneutral_xl.hosts.calc.extension import build; "
        f"print(hashlib.sha256(build({PYTHON!r})).hexdigest())"
    )
    made = {
        subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-c", script], check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    }
    assert len(made) == 1
    assert parts(extension.build(PYTHON)) == PARTS
    assert extension.build(PYTHON) == extension.build(PYTHON)


def test_it_has_no_compiled_part_no_time_and_no_carriage_return() -> None:
    with zipfile.ZipFile(io.BytesIO(extension.build(PYTHON))) as package:
        assert {one.date_time for one in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert len(package.namelist()) == len(set(package.namelist()))
    assert {PurePosixPath(name).suffix for name in PARTS} == {".xml", ".xcu", ".idl", ".py", ".json"}
    assert [name for name, text in PARTS.items() if "\r" in text] == []


@pytest.mark.parametrize("name", XML)
def test_every_xml_part_is_well_formed_and_declares_its_encoding(name: str) -> None:
    assert re.match(r"<\?xml version='1\.0' encoding='utf-8'\?>", PARTS[name], re.IGNORECASE)
    ET.fromstring(PARTS[name])  # noqa: S314 - our own


def test_the_description_names_the_extension_its_version_and_the_oldest_libreoffice() -> None:
    root = ET.fromstring(PARTS["description.xml"])  # noqa: S314 - our own
    space = "{http://openoffice.org/extensions/description/2006}"
    values = {one.tag.rpartition("}")[2]: one.get("value") for one in root.iter()}
    assert values["identifier"] == extension.IDENTIFIER
    assert values["version"] == betaneutral_xl.__version__
    assert values["LibreOffice-minimal-version"] == extension.OLDEST_OFFICE
    assert CATEGORY in (root.findtext(f"{space}display-name/{space}name") or "")


def test_the_settings_have_the_interpreter_and_the_registry() -> None:
    settings = json.loads(PARTS[f"{CLIENT}extension.json"])
    assert settings["python"] == PYTHON
    assert settings["version"] == betaneutral_xl.__version__
    assert settings["prefix"] == cells.PREFIX
    assert settings["functions"] == [one.name for one in FUNCTIONS]
    assert settings["settings_sheet"] == Sheet.SETTINGS
    assert settings["commands"].items() >= {(one.name, one.label) for one in BUTTONS.values()}
    for one in FUNCTIONS:
        assert one.name in settings["help"]


# ---------------------------------------------------------------- functions


def test_the_types_have_every_function_and_argument_in_order() -> None:
    pattern = re.compile(r"^    \S.* (\w+)\((.*)\);$", re.MULTILINE)
    declared = [
        (name, re.findall(r"\[in\] any (\w+)", arguments))
        for name, arguments in pattern.findall(PARTS["types.idl"])
    ]
    expected = [
        (one.name, [argument.name.replace("_", "").lower() for argument in one.arguments])
        for one in FUNCTIONS
    ]
    assert [(name, [one.lower() for one in arguments]) for name, arguments in declared] == expected
    used = [one for _, arguments in declared for one in arguments]
    assert [one for one in used if "_" in one] == []
    for _, arguments in declared:
        assert len(set(arguments)) == len(arguments)


def test_the_types_are_in_the_module_of_the_extension() -> None:
    text = " ".join(PARTS["types.idl"].split())
    assert text.startswith("module org { module betaneutral { module xl { interface XFunctions { ")
    assert text.endswith("}; }; }; };")
    assert text.count("{") == text.count("}")


def test_no_argument_has_a_name_that_the_types_reserve() -> None:
    used = re.findall(r"\[in\] any (\w+)", PARTS["types.idl"])
    assert not RESERVED & set(used)


def test_the_wizard_has_every_function_and_argument_with_its_help_in_order() -> None:
    listed = node("CalcAddIns.xcu", "AddInInfo", extension.SERVICE, "AddInFunctions")
    assert names(listed) == [one.name for one in FUNCTIONS]
    for function, shown in zip(FUNCTIONS, listed, strict=True):
        assert value(shown, "DisplayName") == value(shown, "CompatibilityName") == function.name
        assert value(shown, "Description") == function.help
        assert value(shown, "Category") == CATEGORY
        (arguments,) = [one for one in shown if one.get(f"{OOR}name") == "Parameters"]
        assert [value(one, "Description") for one in arguments] == [one.help for one in function.arguments]
        assert [value(one, "DisplayName") for one in arguments] == [
            f"[{one.name}]" if one.optional else one.name for one in function.arguments
        ]
        declared = f" {function.name}({', '.join(f'[in] any {name}' for name in names(arguments))});\n"
        assert declared in PARTS["types.idl"]


def test_texts_for_the_user_have_their_language() -> None:
    listed = node("CalcAddIns.xcu", "AddInInfo", extension.SERVICE, "AddInFunctions")
    shown = [
        one.attrib[f"{OOR}name"]
        for one in listed.iter("prop")
        for text in one
        if text.get(LANGUAGE) == "en-US"
    ]
    assert set(shown) == {"DisplayName", "Description", "CompatibilityName"}
    assert len(shown) == sum(3 + 2 * len(one.arguments) for one in FUNCTIONS)


# ---------------------------------------------------------------- buttons


def test_toolbar_and_menu_offer_every_command_in_the_same_order() -> None:
    menu = node("Addons.xcu", "AddonUI", "OfficeMenuBar", f"{extension.IDENTIFIER}.menu")
    (submenu,) = [one for one in menu if one.get(f"{OOR}name") == "Submenu"]
    toolbar = node("Addons.xcu", "AddonUI", "OfficeToolBar", f"{extension.IDENTIFIER}.toolbar")
    for items in (submenu, toolbar):
        offered = [(value(one, "URL"), value(one, "Title")) for one in items]
        assert offered == [(extension.PROTOCOL + name, label) for name, label in extension.LABELS.items()]
        assert names(items) == sorted(names(items))  # LibreOffice shows them in this order
        assert {value(one, "Context") for one in items} == {"com.sun.star.sheet.SpreadsheetDocument"}
    assert value(menu, "Title") == CATEGORY


def test_every_button_is_a_command_and_so_are_settings_and_help() -> None:
    assert list(extension.LABELS) == [*BUTTONS, "settings", "help"]
    assert {name: extension.LABELS[name] for name in BUTTONS} == {
        name: one.label for name, one in BUTTONS.items()
    }


def test_the_commands_reach_the_component() -> None:
    handler = node("ProtocolHandler.xcu", "HandlerSet", extension.HANDLER)
    assert value(handler, "Protocols") == extension.PROTOCOL + "*"
    settings = json.loads(PARTS[f"{CLIENT}extension.json"])
    assert (settings["handler"], settings["protocol"]) == (extension.HANDLER, extension.PROTOCOL)


def test_the_toolbar_that_is_shown_is_the_one_that_has_the_buttons() -> None:
    toolbar = names(node("Addons.xcu", "AddonUI", "OfficeToolBar"))
    shown = names(node("CalcWindowState.xcu", "UIElements", "States"))
    assert shown == [f"private:resource/toolbar/addon_{name}" for name in toolbar]


def test_the_job_runs_after_a_file_is_loaded_or_saved() -> None:
    assert value(node("Jobs.xcu", "Jobs", extension.JOB), "Service") == extension.JOB
    events = node("Jobs.xcu", "Events")
    assert names(events) == list(extension.EVENTS)
    for event in extension.EVENTS:
        assert names(node("Jobs.xcu", "Events", event, "JobList")) == [extension.JOB]


# ---------------------------------------------------------------- the code inside LibreOffice


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_valid_in_the_oldest_python(name: str) -> None:
    tree = ast.parse(PARTS[name], feature_version=OLDEST)
    # The grammar does not exclude names and arguments that were added later.
    later = {"removeprefix", "removesuffix", "zip_longest_strict", "pairwise", "batched"}
    used = {one.attr for one in ast.walk(tree) if isinstance(one, ast.Attribute)}
    assert not used & later
    strict = [
        one.lineno
        for one in ast.walk(tree)
        if isinstance(one, ast.Call)
        and isinstance(one.func, ast.Name)
        and one.func.id == "zip"
        and any(keyword.arg == "strict" for keyword in one.keywords)
    ]
    assert strict == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_subscripts_no_type_when_it_runs(name: str) -> None:
    tree = ast.parse(PARTS[name])
    annotations = {
        id(inner)
        for one in ast.walk(tree)
        for annotation in (
            getattr(one, "annotation", None),
            getattr(one, "returns", None),
        )
        if isinstance(annotation, ast.AST)
        for inner in ast.walk(annotation)
    }
    types = {one for one in vars(builtins) if isinstance(getattr(builtins, one), type)}
    found = [
        one.lineno
        for one in ast.walk(tree)
        if isinstance(one, ast.Subscript)
        and id(one) not in annotations
        and (
            (isinstance(one.value, ast.Name) and one.value.id in types)
            or (isinstance(one.value, ast.Attribute) and one.value.attr in {"Queue", "Popen", "OrderedDict"})
        )
    ]
    assert found == []


@pytest.mark.parametrize("name", [name for name in SOURCES if len(PARTS[name]) > 500])
def test_annotations_of_a_source_are_not_evaluated(name: str) -> None:
    assert "from __future__ import annotations\n" in PARTS[name]


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_imports_only_what_libreoffice_has(name: str) -> None:
    folder = PurePosixPath(name).parent
    for one in ast.walk(ast.parse(PARTS[name])):
        if isinstance(one, ast.Import):
            imported = [alias.name for alias in one.names]
        elif isinstance(one, ast.ImportFrom) and one.level:
            above = [folder, *folder.parents][one.level - 1]
            package = above.joinpath(*(one.module or "").split("."))
            modules = [package] if f"{package}.py" in PARTS else [package / alias.name for alias in one.names]
            assert {f"{module}.py" for module in modules} <= set(SOURCES)
            continue
        elif isinstance(one, ast.ImportFrom):
            imported = [str(one.module)]
        else:
            continue
        for module in imported:
            available = sys.stdlib_module_names | OFFICES_OWN | {extension.PACKAGE}
            parents = {".".join(module.split(".")[:i]) for i in range(1, module.count(".") + 2)}
            assert parents & available, f"line {one.lineno}: {module}"


def test_the_sources_are_those_of_the_package() -> None:
    expected = {f"{CLIENT}{name}__init__.py": "" for name in ("", "calc/", "remote/")}
    for host in ("calc", "remote"):
        folder = files(f"betaneutral_xl.hosts.{host}.client")
        expected |= {
            f"{CLIENT}{host}/client/{one.name}": one.read_text(encoding="utf-8")
            for one in folder.iterdir()
            if one.name.endswith(".py")
        }
    assert {name: PARTS[name] for name in SOURCES if name.startswith(CLIENT)} == expected


def test_the_settings_are_those_that_the_client_reads() -> None:
    used = {key for name in SOURCES for key in re.findall(r'SETTINGS\["(\w+)"\]', PARTS[name])}
    assert used == set(json.loads(PARTS[f"{CLIENT}extension.json"])) - {"version"}


def test_every_command_has_its_pictures_in_both_sizes() -> None:
    with zipfile.ZipFile(io.BytesIO(extension.build(PYTHON))) as package:
        pictures = {name: package.read(name) for name in package.namelist() if name.endswith(".png")}
    addons = PARTS["Addons.xcu"]
    for command in extension.LABELS:
        for size in (16, 26):
            content = pictures.pop(f"icons/{command}-{size}.png")
            assert content[:8] == b"\x89PNG\r\n\x1a\n"
            assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (size, size)
            assert f"%origin%/icons/{command}-{size}.png" in addons
    assert not pictures
