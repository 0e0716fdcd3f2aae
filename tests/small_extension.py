"""A minimal extension for LibreOffice with the same identifier: one component in Python."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path

import betaneutral_xl
from betaneutral_xl.hosts.calc.extension import IDENTIFIER
from betaneutral_xl.hosts.calc.profile import SETTINGS

MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">
 <manifest:file-entry manifest:full-path="component.py"
  manifest:media-type="application/vnd.sun.star.uno-component;type=Python"/>
</manifest:manifest>
"""

COMPONENT = """
import unohelper

class Nothing(unohelper.Base):
    def __init__(self, context):
        pass

g_ImplementationHelper = unohelper.ImplementationHelper()
g_ImplementationHelper.addImplementation(Nothing, "org.betaneutral.xl.Nothing", ())
"""


def description(version: str, identifier: str = IDENTIFIER) -> str:
    """Return the description.xml of an extension."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<description xmlns="http://openoffice.org/extensions/description/2006">'
        f'<identifier value="{identifier}"/><version value="{version}"/>'
        "</description>"
    )


def build(python: Path = Path(sys.executable), version: str = betaneutral_xl.__version__) -> bytes:
    """Return the content of the .oxt file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("META-INF/manifest.xml", MANIFEST)
        file.writestr("description.xml", description(version))
        file.writestr("component.py", COMPONENT)
        file.writestr(SETTINGS.as_posix(), json.dumps({"python": str(python), "version": version}))
    return stream.getvalue()
