"""The extension for LibreOffice Calc, generated from the registry: a zip of text files, nothing compiled.

The configuration of the functions (types, help) and of the buttons (toolbar, menu) is generated from
``functions.FUNCTIONS`` and ``buttons.BUTTONS``; the code that runs in Calc is ``client``
(with ``hosts.remote.client``).
Source of the formats: LibreOffice Developer's Guide, chapters Extensions and Spreadsheet Add-Ins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from betaneutral_xl import __version__
from betaneutral_xl.hosts.calc.values import OPEN_TEMPLATE
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.buttons import BUTTONS
from betaneutral_xl.hosts.sheets.functions import CATEGORY, FUNCTIONS, Function
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.system.archives import packed

IDENTIFIER = "org.betaneutral.xl"
"""The extension's identifier in LibreOffice; also the module of its types."""

NAME = "betaneutral.oxt"

OLDEST_OFFICE = "7.4"

SERVICE, HANDLER, JOB = f"{IDENTIFIER}.AddIn", f"{IDENTIFIER}.Commands", f"{IDENTIFIER}.Names"
PROTOCOL = f"{IDENTIFIER}:"
PACKAGE = "betaneutral_calc"
"""The client's package name in LibreOffice's Python."""

LABELS = {**{one.name: one.label for one in BUTTONS.values()}, "settings": "Settings", "help": "Help"}
"""The labels in toolbar and menu, by command."""

EVENTS = ("OnLoad", "OnLoadFinished", "OnSave", "OnSaveAs", "OnCopyTo", "OnSaveDone", "OnSaveAsDone")
"""The document events of the job ``client.names``."""

HELP = f"""\
Functions: {", ".join(one.name for one in FUNCTIONS)}.

Enter a formula such as =FETCH_HOLDINGS("demo") with Ctrl+Shift+Enter; its table fills the cells that it \
needs. The function wizard (Ctrl+F2, category Add-in) explains every argument.

Rebalance computes new weights from the sheet Settings and writes them to the sheet Proposal. Undo \
reverts that in one step."""


def build(python: Path | str) -> bytes:
    """Return the extension as an .oxt file, for an interpreter in which this package is installed."""
    parts = {
        "META-INF/manifest.xml": _manifest(),
        "description.xml": _description(),
        "types.idl": idl(),
        "CalcAddIns.xcu": _functions(),
        "Addons.xcu": _buttons(),
        "CalcWindowState.xcu": _toolbar(),
        "ProtocolHandler.xcu": _handler(),
        "Jobs.xcu": _jobs(),
        "component.py": f"from {PACKAGE}.calc.client.component import g_ImplementationHelper\n",
        f"pythonpath/{PACKAGE}/extension.json": json.dumps(_settings(python), indent=1),
        **{f"pythonpath/{PACKAGE}/{name}": text for name, text in _client()},
    }
    return packed([*parts.items(), *_icons()])


def idl() -> str:
    """Return the UNO types of the functions: every argument is any, every result is a table."""
    modules = IDENTIFIER.split(".")
    lines = []
    for one in FUNCTIONS:
        arguments = ", ".join(f"[in] any {_identifier(argument.name)}" for argument in one.arguments)
        lines.append(f"    sequence< sequence< any > > {one.name}({arguments});")
    opened = " ".join(f"module {name} {{" for name in modules)
    return "\n".join([opened, "interface XFunctions {", *lines, "};", "}; " * len(modules), ""])


def _identifier(name: str) -> str:
    """Return a name in camel case: UNO types allow no underscore after a lower-case letter."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _client() -> Iterator[tuple[str, str]]:
    """Return the modules of the client, in the folders in which their imports of each other find them."""
    for folder in ("calc", "remote"):
        yield f"{folder}/__init__.py", ""
        client = files(f"betaneutral_xl.hosts.{folder}.client")
        for part in sorted(client.iterdir(), key=lambda one: one.name):
            if part.name.endswith(".py"):
                yield f"{folder}/client/{part.name}", part.read_text(encoding="utf-8")
    yield "__init__.py", ""


SIZES = {"ImageSmallURL": 16, "ImageBigURL": 26}
"""LibreOffice's names of the sizes of pictures, in pixels."""


def _icons() -> Iterator[tuple[str, bytes]]:
    """Return the pictures of the commands; they are drawn by tools/build_icons.py."""
    folder = files(__package__).joinpath("icons")
    for command in LABELS:
        for size in SIZES.values():
            name = f"{command}-{size}.png"
            yield f"icons/{name}", folder.joinpath(name).read_bytes()


def _settings(python: Path | str) -> dict[str, Any]:
    """Return the settings of the client."""
    return {
        "python": str(python),
        "worker": "betaneutral_xl.hosts.calc.worker",
        "version": __version__,
        "title": CATEGORY,
        "prefix": cells.PREFIX,
        "service": SERVICE,
        "handler": HANDLER,
        "job": JOB,
        "protocol": PROTOCOL,
        "functions": [one.name for one in FUNCTIONS],
        "commands": LABELS,
        "settings_sheet": str(Sheet.SETTINGS),
        "no_template": f"This document has no sheet {Sheet.SETTINGS}. {OPEN_TEMPLATE}",
        "open_template": OPEN_TEMPLATE,
        "help": HELP,
    }


# ---------------------------------------------------------------- the configuration


OFFICE = "org.openoffice.Office"
OOR = "http://openoffice.org/2001/registry"
XML = "http://www.w3.org/XML/1998/namespace"


class New(dict[str, Any]):
    """A node that the extension adds."""


class Joined(dict[str, Any]):
    """An existing node to which the extension adds."""


class English(str):
    """A text shown to the user."""

    __slots__ = ()


def _functions() -> str:
    described = {one.name: _described(one) for one in FUNCTIONS}
    return _configuration("CalcAddIns", {"AddInInfo": {SERVICE: New(AddInFunctions=described)}})


def _described(function: Function) -> New:
    return New(
        DisplayName=English(function.name),
        Description=English(function.help),
        Category=CATEGORY,
        # The name in Excel files; LibreOffice 7.4 does not read it, hence the job.
        CompatibilityName=English(function.name),
        Parameters={
            _identifier(one.name): New(
                DisplayName=English(f"[{one.name}]" if one.optional else one.name),
                Description=English(one.help),
            )
            for one in function.arguments
        },
    )


def _buttons() -> str:
    context = "com.sun.star.sheet.SpreadsheetDocument"

    def items() -> dict[str, New]:
        # LibreOffice sorts the items by name.
        return {
            f"{place:02}": New(URL=PROTOCOL + name, Title=English(label), Target="_self", Context=context)
            for place, (name, label) in enumerate(LABELS.items())
        }

    return _configuration(
        "Addons",
        {
            "AddonUI": {
                "OfficeMenuBar": {
                    f"{IDENTIFIER}.menu": New(Title=English(CATEGORY), Context=context, Submenu=items())
                },
                "OfficeToolBar": {f"{IDENTIFIER}.toolbar": New(items())},
                "Images": {f"{IDENTIFIER}.{name}": _image(name) for name in LABELS},
            }
        },
    )


def _image(command: str) -> New:
    """Return where LibreOffice finds the pictures of a command, in toolbar and menu."""
    pictures = {size: f"%origin%/icons/{command}-{pixels}.png" for size, pixels in SIZES.items()}
    return New(URL=PROTOCOL + command, UserDefinedImages=pictures)


def _toolbar() -> str:
    state = New(UIName=English(CATEGORY), Docked=True, Visible=True, DockingArea=0, DockPos="0,2", Style=2)
    name = f"private:resource/toolbar/addon_{IDENTIFIER}.toolbar"
    content = {"UIElements": {"States": {name: state}}}
    return _configuration("CalcWindowState", content, package=f"{OFFICE}.UI")


def _handler() -> str:
    return _configuration("ProtocolHandler", {"HandlerSet": {HANDLER: New(Protocols=[f"{PROTOCOL}*"])}})


def _jobs() -> str:
    events = {event: Joined(JobList={JOB: New()}) for event in EVENTS}
    return _configuration("Jobs", {"Jobs": {JOB: New(Service=JOB)}, "Events": events})


def _configuration(name: str, content: Mapping[str, Any], *, package: str = OFFICE) -> str:
    """Return a part of LibreOffice's configuration: mappings are nodes, other values properties."""
    ET.register_namespace("oor", OOR)
    root = ET.Element(f"{{{OOR}}}component-data", {f"{{{OOR}}}name": name, f"{{{OOR}}}package": package})
    _fill(root, content)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _fill(parent: ET.Element, content: Mapping[str, Any]) -> None:
    operations = {New: "replace", Joined: "fuse"}
    for name, value in content.items():
        if isinstance(value, dict):
            node = ET.SubElement(parent, "node", {f"{{{OOR}}}name": name})
            if type(value) in operations:
                node.set(f"{{{OOR}}}op", operations[type(value)])
            _fill(node, value)
        else:
            _property(parent, name, value)


def _property(parent: ET.Element, name: str, value: object) -> None:
    prop = ET.SubElement(parent, "prop", {f"{{{OOR}}}name": name})
    shown = ET.SubElement(prop, "value")
    if isinstance(value, English):
        shown.set(f"{{{XML}}}lang", "en-US")
    if isinstance(value, list):
        prop.set(f"{{{OOR}}}type", "oor:string-list")
        shown.text = " ".join(value)
    else:
        shown.text = str(value).lower() if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------- the package


def _manifest() -> str:
    kinds = {
        "types.idl": "uno-typelibrary;type=RDB",
        **dict.fromkeys(
            ("CalcAddIns.xcu", "Addons.xcu", "CalcWindowState.xcu", "ProtocolHandler.xcu", "Jobs.xcu"),
            "configuration-data",
        ),
        "component.py": "uno-component;type=Python",
    }
    space = "http://openoffice.org/2001/manifest"
    ET.register_namespace("manifest", space)
    root = ET.Element(f"{{{space}}}manifest")
    for part, kind in kinds.items():
        entry = ET.SubElement(root, f"{{{space}}}file-entry")
        entry.set(f"{{{space}}}full-path", part)
        entry.set(f"{{{space}}}media-type", f"application/vnd.sun.star.{kind}")
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _description() -> str:
    space = "http://openoffice.org/extensions/description/2006"
    own = "http://libreoffice.org/extensions/description/2011"
    ET.register_namespace("d", space)
    ET.register_namespace("lo", own)
    root = ET.Element(f"{{{space}}}description")
    ET.SubElement(root, f"{{{space}}}identifier", value=IDENTIFIER)
    ET.SubElement(root, f"{{{space}}}version", value=__version__)
    needs = ET.SubElement(root, f"{{{space}}}dependencies")
    ET.SubElement(
        needs,
        f"{{{own}}}LibreOffice-minimal-version",
        {f"{{{space}}}name": f"LibreOffice {OLDEST_OFFICE}", "value": OLDEST_OFFICE},
    )
    name = ET.SubElement(ET.SubElement(root, f"{{{space}}}display-name"), f"{{{space}}}name", lang="en")
    name.text = f"{CATEGORY} (betaneutral_xl)"
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True)
