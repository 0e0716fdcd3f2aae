"""The macro workbook and the add-in: a macro project built without Excel, the ribbon, and sheets.

Both have the same macro project. The workbook has the template's sheets; the add-in has none of them,
and its functions and ribbon are there in every workbook.

The project starts from the one that xlwings ships for stand-alone workbooks (source code only: Excel
compiles it on opening). It names the DLL of that version of xlwings, so the workbook is built for the
installed version.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from betaneutral_xl import __version__
from betaneutral_xl.errors import HostError, UnreadableFile
from betaneutral_xl.hosts.excel import vba
from betaneutral_xl.hosts.sheets import cells, template
from betaneutral_xl.hosts.sheets.cells import Grid
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.sheets.template import hidden
from betaneutral_xl.hosts.sheets.template.canvas import Template
from betaneutral_xl.system.archives import packed, unpacked
from betaneutral_xl.system.saving import PRIVATE_FILE, temporary_folder

RIBBON = "customUI/customUI14.xml"
RIBBON_RELATION = (
    '<Relationship Id="rIdBetaNeutral" '
    'Type="http://schemas.microsoft.com/office/2007/relationships/ui/extensibility" '
    f'Target="{RIBBON}"/></Relationships>'
)
TYPES = "[Content_Types].xml"
WORKBOOK_TYPE = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
ADDIN_TYPE = b"application/vnd.ms-excel.addin.macroEnabled.main+xml"
"""The content types by which Excel knows an .xlsm and an .xlam; the latter is loaded without a window."""

SPARE = bytes(4)
"""The superfluous bytes that pyOpenVBA 6.5.0 writes after the list of modules."""


def build_xlsm(session: Session) -> bytes:
    """Return the template with functions, buttons and ribbon, for the installed version of xlwings.

    Raises
    ------
    HostError
        If a library of the build is not installed.

    """
    project, xlwings = _project()
    return _with_ribbon(template.build(session, vba=project, xlwings=xlwings), vba.ribbon(addin=False))


def build_xlam() -> bytes:
    """Return the add-in, for the installed version of xlwings.

    Raises
    ------
    HostError
        If a library of the build is not installed.

    """
    project, xlwings = _project()
    content = _with_ribbon(_addin_sheets(project, xlwings), vba.ribbon(addin=True))
    return _edited(content, TYPES, WORKBOOK_TYPE, ADDIN_TYPE)


def _project() -> tuple[bytes, str]:
    """Return the macro project, and the version of xlwings that it is for."""
    try:
        import xlwings

        return build_project(), str(xlwings.__version__)
    except ImportError as error:
        msg = f"{error.name} is not installed. Excel needs it: pip install 'betaneutral-xl[excel]'."
        raise HostError(msg) from None


def _addin_sheets(project: bytes, xlwings: str) -> bytes:
    """Return a workbook with the sheets that macros and IntelliSense need; an add-in shows none."""
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    properties = {"title": "Beta Neutral", "author": "betaneutral_xl", "created": template.CREATED}
    book.set_properties({**properties, "comments": "Makes a portfolio beta-neutral to ETFs."})
    book.calc_on_load = False
    canvas = Template(book, {"betaneutral_xl": __version__, "xlwings": xlwings}, with_macros=True)
    sheets = [hidden.xlwings(canvas, shown=True), hidden.intellisense(canvas)]  # a file must show one
    book.add_vba_project(io.BytesIO(project), is_stream=True)
    book.set_vba_name("ThisWorkbook")
    for number, sheet in enumerate(sheets, start=1):
        sheet.set_vba_name(f"Sheet{number}")
    book.close()
    return stream.getvalue()


def versions_of(add_in: bytes) -> Grid:
    """Return the sheet xlwings.conf of an add-in, which openpyxl opens as a workbook only.

    Raises
    ------
    UnreadableFile
        If it cannot be read.

    """
    import openpyxl

    try:
        as_workbook = _edited(add_in, TYPES, ADDIN_TYPE, WORKBOOK_TYPE)
        sheet = openpyxl.load_workbook(io.BytesIO(as_workbook))[Sheet.XLWINGS]
    except Exception as error:  # noqa: BLE001 - openpyxl raises any exception for a damaged file
        msg = f"The add-in cannot be read ({type(error).__name__})."
        raise UnreadableFile(msg) from None
    return cells.read([list(row) for row in sheet.values], Sheet.XLWINGS)


def build_project() -> bytes:
    """Return ``vbaProject.bin``: xlwings' own modules, the functions, their help, the buttons."""
    from pyopenvba import ExcelFile

    with _as_excel_writes(), temporary_folder({}) as folder:
        built = folder / "project.xlsm"
        with ExcelFile(shipped_workbook()) as book:
            project = book.vba_project()
            project.add_module(vba.FUNCTIONS_MODULE, _crlf(vba.functions()))
            project.add_module(vba.HELP_MODULE, _crlf(vba.function_help()))
            project.add_module(vba.BUTTONS_MODULE, _crlf(vba.source("BetaNeutral.bas")))
            project.get_module("ThisWorkbook").body = _crlf(vba.source("ThisWorkbook.bas"))
            shipped = project.get_module("xlwings")
            shipped.body = _crlf(vba.xlwings_module(shipped.body))
            project.delete_module("Module1")  # xlwings' example
            book.save(built)
        return unpacked(built.read_bytes())["xl/vbaProject.bin"]


def shipped_workbook() -> Path:
    """Return the stand-alone workbook that xlwings ships."""
    import xlwings

    return Path(str(xlwings.__file__)).parent / "quickstart_standalone.xlsm"


def _with_ribbon(content: bytes, ribbon: str) -> bytes:
    """Add the ribbon to the package, which XlsxWriter does not support."""
    return _edited(content, "_rels/.rels", b"</Relationships>", RIBBON_RELATION.encode(), {RIBBON: ribbon})


def _edited(
    content: bytes, part: str, old: bytes, new: bytes, added: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """Return a package with a text of one part replaced and parts added, the same on every machine."""
    parts = unpacked(content)
    parts[part] = parts[part].replace(old, new)
    return packed([*parts.items(), *added.items()], PRIVATE_FILE)


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
