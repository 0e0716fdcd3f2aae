"""The template for this host: the sheets of all hosts, with what Office.js has of its own in the file.

Excel writes a function of an add-in as ``_xldudf_NAME`` into files. Three small parts open the pane with
the workbook, which starts the functions. Each link of a chain of formulas costs half a second, whatever the
server does: the weights therefore name their source of risk, and do not wait for the sheet Covariance.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from betaneutral_xl.hosts.office.manifest import ID
from betaneutral_xl.hosts.office.manifest import version as manifest_version
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import FIRST_ROW, Sheet
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.archives import packed, unpacked

PREFIX = "_xldudf_"
"""What a file has before the name of an add-in's function."""

_FORMULA = re.compile(r"(<f\b[^>]*>|<formula>|<formula[12]>|<definedName\b[^>]*>)([^<]*)")
"""A formula in a sheet, in a rule of it, or behind a name."""

_FUNCTION = re.compile(rf"(?<![A-Za-z0-9_.])({'|'.join(BY_NAME)})\(")

RISK_CELL = f"{Sheet.COVARIANCE}!$A${FIRST_ROW}"
"""The handle that the formulas of other hosts refer to."""

RISK = escape(
    'IF(setting_risk_prices="",setting_risk&"",setting_estimator&"; prices="&setting_risk_prices'
    '&IF(setting_window="","","; window="&setting_window)&IF(setting_as_of="","","; as_of="&setting_as_of))'
)
"""The same source of risk as a text, made of the settings."""

PANES = "xl/webextensions/taskpanes.xml"
EXTENSION = "xl/webextensions/webextension.xml"

_WE = "http://schemas.microsoft.com/office/webextensions"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

PARTS = {
    PANES: (
        f'{_HEAD}<wetp:taskpanes xmlns:wetp="{_WE}/taskpanes/2010/11"><wetp:taskpane dockstate="right" '
        'visibility="1" width="350" row="1"><wetp:webextensionref '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId1"/>'
        "</wetp:taskpane></wetp:taskpanes>"
    ),
    "xl/webextensions/_rels/taskpanes.xml.rels": (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.microsoft.com/office/2011/relationships/webextension" '
        'Target="webextension.xml"/></Relationships>'
    ),
    EXTENSION: (
        f'{_HEAD}<we:webextension xmlns:we="{_WE}/webextension/2010/11" id="{{{ID}}}">'
        f'<we:reference id="{ID}" version="{manifest_version()}" store="developer" storeType="Registry"/>'
        "<we:alternateReferences/><we:properties>"
        '<we:property name="Office.AutoShowTaskpaneWithDocument" value="true"/>'
        "</we:properties><we:bindings/>"
        '<we:snapshot xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>'
        "</we:webextension>"
    ),
}
"""The parts of the package that open the pane."""

_TYPES = (
    f'<Override PartName="/{PANES}" ContentType="application/vnd.ms-office.webextensiontaskpanes+xml"/>'
    f'<Override PartName="/{EXTENSION}" ContentType="application/vnd.ms-office.webextension+xml"/>'
)
_RELATION = (
    '<Relationship Id="rIdPane" '
    'Type="http://schemas.microsoft.com/office/2011/relationships/webextensiontaskpanes" '
    f'Target="{PANES}"/>'
)


def build(session: Session) -> bytes:
    """Return the template as an .xlsx for Excel with the add-in."""
    return for_office(template.build(session))


def for_office(content: bytes) -> bytes:
    """Return a workbook of any host as this one has it."""
    changed = ((name, _changed(name, part)) for name, part in unpacked(content).items())
    return packed([*changed, *PARTS.items()])


def _changed(name: str, content: bytes) -> bytes:
    if name == "[Content_Types].xml":
        return content.replace(b"</Types>", f"{_TYPES}</Types>".encode())
    if name == "_rels/.rels":
        return content.replace(b"</Relationships>", f"{_RELATION}</Relationships>".encode())
    if name == "xl/workbook.xml" or name.startswith("xl/worksheets/sheet"):
        return _FORMULA.sub(_prefixed, content.decode()).encode()
    return content


def _prefixed(found: re.Match[str]) -> str:
    return found[1] + _FUNCTION.sub(rf"{PREFIX}\1(", found[2].replace(f",{RISK_CELL},", f",{RISK},"))
