"""The macro workbook: the template's sheets, a macro project built without Excel, and the ribbon.

The project starts from the one that xlwings ships for stand-alone workbooks (source code only: Excel
compiles it on opening). It names the DLL of that version of xlwings, so the workbook is built for the
installed version.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.excel import vba
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.system.saving import archive_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from betaneutral_xl.hosts.sheets.session import Session

RIBBON = "customUI/customUI14.xml"
RIBBON_RELATION = (
    '<Relationship Id="rIdBetaNeutral" '
    'Type="http://schemas.microsoft.com/office/2007/relationships/ui/extensibility" '
    f'Target="{RIBBON}"/></Relationships>'
)
SPARE = bytes(4)
"""The superfluous bytes that pyOpenVBA 6.5.0 writes after the list of modules."""


def build_xlsm(session: Session) -> bytes:
    """Return the template with functions, buttons and ribbon, for the installed version of xlwings.

    Raises
    ------
    HostError
        If a library of the build is not installed.

    """
    try:
        import xlwings

        project = build_project()
    except ImportError as error:
        msg = f"{error.name} is not installed. Excel needs it: pip install 'betaneutral-xl[excel]'."
        raise HostError(msg) from None
    return _with_ribbon(template.build(session, vba=project, xlwings=xlwings.__version__))


def build_project() -> bytes:
    """Return ``vbaProject.bin``: xlwings' own modules, the functions, their help, the buttons."""
    from pyopenvba import ExcelFile

    with _as_excel_writes(), tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "project.xlsm"
        with ExcelFile(shipped_workbook()) as book:
            project = book.vba_project()
            project.add_module(vba.FUNCTIONS_MODULE, _crlf(vba.functions()))
            project.add_module(vba.HELP_MODULE, _crlf(vba.function_help()))
            project.add_module(vba.BUTTONS_MODULE, _crlf(vba.source("BetaNeutral.bas")))
            project.get_module("ThisWorkbook").body = _crlf(vba.source("ThisWorkbook.bas"))
            project.delete_module("Module1")  # xlwings' example
            book.save(built)
        with zipfile.ZipFile(built) as package:
            return package.read("xl/vbaProject.bin")


def shipped_workbook() -> Path:
    """Return the stand-alone workbook that xlwings ships."""
    import xlwings

    return Path(str(xlwings.__file__)).parent / "quickstart_standalone.xlsm"


def _with_ribbon(content: bytes) -> bytes:
    """Add the ribbon to the package, which XlsxWriter does not support."""
    source = zipfile.ZipFile(io.BytesIO(content))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "_rels/.rels":
                data = data.replace(b"</Relationships>", RIBBON_RELATION.encode())
            target.writestr(archive_entry(info.filename, 0o600), data)
        target.writestr(archive_entry(RIBBON, 0o600), vba.source("ribbon.xml"))
    return out.getvalue()


def _crlf(text: str) -> str:
    return re.sub(r"\r?\n", "\r\n", text)


@contextmanager
def _as_excel_writes() -> Iterator[None]:
    """Correct two streams that pyOpenVBA 6.5.0 writes differently from Excel.

    The list of modules ends with six bytes (MS-OVBA 2.3.4.2), and the section of windows in the
    project's stream has no blank lines.
    """
    import pyopenvba._host as host
    import pyopenvba.vba as streams

    modules, project = streams.serialize_dir_modules_section, host.serialize_project_stream

    def shorter(*args: Any, **options: Any) -> bytes:
        content: bytes = modules(*args, **options)
        end = b"\x10" + bytes(5) + SPARE
        return content[: -len(SPARE)] if content.endswith(end) else content

    def without_blank_lines(*args: Any, **options: Any) -> Any:
        content = project(*args, **options)
        text = content if isinstance(content, str) else content.decode("latin-1")
        head, section, windows = text.partition("[Workspace]\r\n")
        text = head + section + "".join(f"{line}\r\n" for line in windows.split("\r\n") if line)
        return text if isinstance(content, str) else text.encode("latin-1")

    streams.serialize_dir_modules_section, host.serialize_project_stream = shorter, without_blank_lines
    try:
        yield
    finally:
        streams.serialize_dir_modules_section, host.serialize_project_stream = modules, project
