"""Packaging of openpyxl's workbook with its cells, as reproducible bytes.

openpyxl saves everything but the cells, which are inserted here. The system clock is replaced by the
report's time stamp, so that the same report with the same time stamp is the same file.
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
"""Parts that readers expect first in the package."""

_NO_CELLS = re.compile(rb"<sheetData\s*(?:/>|></sheetData>)")
_EXTENT = re.compile(rb'<dimension ref="[^"]*"')
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def package(book: Workbook, canvases: Sequence[Canvas], written_at: datetime) -> bytes:
    """Return the bytes of the ``.xlsx`` file."""
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
        msg = f"openpyxl wrote the sheet {canvas.title} without an empty sheetData element"
        raise RuntimeError(msg)
    return _EXTENT.sub(f'<dimension ref="{canvas.extent()}"'.encode(), part, count=1)
