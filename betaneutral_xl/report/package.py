"""The last step from openpyxl's workbook to the file: its cells, and the same bytes every time.

openpyxl saves everything but the cells. They are put in here, and the clock of the machine is
taken out, so that the same report with the same time stamp is the same file.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from betaneutral_xl.system.saving import archive_entry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from openpyxl.workbook.workbook import Workbook

    from betaneutral_xl.report.cells import Canvas

_FIRST = ("[Content_Types].xml", "_rels/.rels")
"""Parts that readers expect at the head of the package."""

_NO_CELLS = re.compile(rb"<sheetData\s*(?:/>|></sheetData>)")
_EXTENT = re.compile(rb'<dimension ref="[^"]*"')
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def package(book: Workbook, canvases: Sequence[Canvas], written_at: datetime) -> bytes:
    """Return the bytes of the workbook with its cells."""
    draft = io.BytesIO()
    book.save(draft)
    of_part = {f"xl/worksheets/sheet{n}.xml": canvas for n, canvas in enumerate(canvases, start=1)}
    final = io.BytesIO()
    with zipfile.ZipFile(draft) as source, zipfile.ZipFile(final, "w") as target:
        for name in sorted(source.namelist(), key=lambda name: (name not in _FIRST, name)):
            content = source.read(name)
            if name in of_part:
                content = _with_cells(content, of_part[name])
            elif name == "docProps/core.xml":
                stamp = written_at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = _MODIFIED.sub(rb"\g<1>" + stamp, content)
            target.writestr(archive_entry(name), content)
    return final.getvalue()


def _with_cells(part: bytes, canvas: Canvas) -> bytes:
    rows = canvas.rows_xml()
    part, found = _NO_CELLS.subn(lambda _: b"<sheetData>" + rows + b"</sheetData>", part, count=1)
    if found != 1:
        msg = f"openpyxl wrote the sheet {canvas.title} in a way that is not known here"
        raise RuntimeError(msg)
    return _EXTENT.sub(f'<dimension ref="{canvas.extent()}"'.encode(), part, count=1)
