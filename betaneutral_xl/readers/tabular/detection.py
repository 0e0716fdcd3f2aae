"""Detect the format of a table file by its content, not its name, and read it as grids of text.

Cells stay text, because software that guesses types turns the ticker ``TRUE`` into a boolean,
``005930`` into 5930 and the CUSIP ``46120E602`` into infinity. Each reader counts its input and raises
an error if the file is larger than any holdings file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.tabular import delimited
from betaneutral_xl.readers.tabular.sheets import BEFORE_TEXT, ZIP

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import TextSheet


def read_sheets(content: bytes, file_name: str) -> tuple[TextSheet, ...]:
    """Return the grids of a file in its order; at least one has rows or notes.

    The content is CSV with any delimiter and encoding, XLSX, XLS (binary, or XML Spreadsheet 2003), HTML, or
    JSON or XML with a list of records.

    Raises
    ------
    UnreadableFile
        If it is none of these, damaged, empty, or over a limit; the message says which.

    """
    start = content[:4096].lstrip(BEFORE_TEXT)
    if not content.strip(BEFORE_TEXT + b"\xff\xfe\x00"):
        msg = f"{file_name} is empty. Download it again."
        raise UnreadableFile(msg)
    if content.startswith((ZIP, XLS)):
        from betaneutral_xl.readers.tabular import workbooks

        read = workbooks.read_xlsx if content.startswith(ZIP) else workbooks.read_xls
        sheets = read(content, file_name)
    else:
        refuse_foreign(content, file_name)
        if start.startswith((b"{", b"[")):
            from betaneutral_xl.readers.tabular import records

            sheets = records.read_json(content, file_name)
        else:
            text = delimited.decode(content, file_name)
            opening = text[:4096].lstrip("\ufeff \t\r\n")
            read_text = _read_markup if opening.startswith("<") else delimited.read_delimited
            sheets = read_text(text, file_name)
    if not any(sheet.rows or sheet.notes for sheet in sheets):
        msg = f"{file_name} has no row with text in it. Download it again."
        raise UnreadableFile(msg)
    return sheets


def _read_markup(text: str, file_name: str) -> tuple[TextSheet, ...]:
    """Read XML or HTML."""
    from betaneutral_xl.readers.tabular import markup, xml_records

    opening = text[:4096].lstrip("\ufeff \t\r\n")
    if "urn:schemas-microsoft-com:office:spreadsheet" in opening:
        return markup.read_spreadsheet_xml(text, file_name)
    if xml_records.is_xml_of_records(opening):
        return xml_records.read_xml_records(text, file_name)
    return markup.read_html(text, file_name)


XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of a binary XLS."""

FOREIGN = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"\x1f\x8b": "compressed (gzip); unpack it first",
    b"7z\xbc\xaf": "compressed (7z); unpack it first",
    b"Rar!": "compressed (rar); unpack it first",
    b"{\\rtf": "a text document (RTF)",
    b"PAR1": "a Parquet file",
    b"SQLite format": "a database",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
"""Other formats that are downloaded, by their first bytes."""


def refuse_foreign(content: bytes, file_name: str) -> None:
    """Raise if the first bytes are those of a format without tables."""
    for magic, kind in FOREIGN.items():
        if content.startswith(magic) and (magic != b"MZ" or b"\0" in content[:256]):
            msg = f"{file_name} is {kind}, not a table. Download the holdings as CSV or XLSX."
            raise UnreadableFile(msg)
