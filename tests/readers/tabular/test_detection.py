# ruff: noqa: E501 - lines of files, as they are printed

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import openpyxl
import pytest
import xlwt

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.tabular.sheets import GridBuilder

SPREADSHEET_XML = """\ufeff\ufeff<?xml version="1.0"?>
<ss:Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<ss:Worksheet ss:Name="Disclaimers"><ss:Table><ss:Row><ss:Cell ss:HRef="https://a/?b=1&c=2">
<ss:Data ss:Type="String"><strong>PAST</strong> PERFORMANCE</ss:Data></ss:Cell></ss:Row></ss:Table></ss:Worksheet>
<ss:Worksheet ss:Name="Holdings"><ss:Table>
<ss:Row><ss:Cell><ss:Data ss:Type="String">AT&T</ss:Data></ss:Cell>
<ss:Cell ss:Index="4"><ss:Data ss:Type="Number">6.80567</ss:Data></ss:Cell></ss:Row>
<ss:Row/><ss:Row><ss:Cell><ss:Data ss:Type="String">S&amp;P &#65; &x;</ss:Data></ss:Cell></ss:Row>
</ss:Table></ss:Worksheet></ss:Workbook>"""


def rows(content: bytes) -> tuple[tuple[str, ...], ...]:
    return read_sheets(content, "file").__getitem__(0).rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_any_delimiter_in_any_encoding(delimiter: str, encoding: str) -> None:
    text = f"Name{delimiter}Weight\nZürich{delimiter}1.5\n"
    assert rows(text.encode(encoding)) == (("Name", "Weight"), ("Zürich", "1.5"))


def test_byte_order_marks_are_removed() -> None:
    assert rows("\ufeff\ufeffa,b\n1,2\n".encode()) == (("a", "b"), ("1", "2"))


def test_excels_sep_line_sets_the_delimiter() -> None:
    assert rows(b"sep=;\na;b,c\n") == (("a", "b,c"),)


def test_blank_rows_are_kept_and_trailing_ones_removed() -> None:
    assert rows("a,b\n,,\n\u00a0,\nc,d,,,\n,,,\n\n".encode()) == (("a", "b"), (), (), ("c", "d"))


def test_an_xml_spreadsheet_that_is_not_well_formed_is_read() -> None:
    first, second = read_sheets(SPREADSHEET_XML.encode(), "IVV.xls")
    assert (first.name, first.rows) == ("Disclaimers", (("PAST PERFORMANCE",),))
    assert (second.name, second.rows) == ("Holdings", (("AT&T", "", "", "6.80567"), (), ("S&P A &x;",)))


def test_a_workbook_is_read_as_displayed() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["005930", 0.0672, True, 185531362.0, 1e-7, None, "=1+1"])
    sheet["B1"].number_format = "0.00%"
    sheet["A2"] = "2026-08-28"
    sheet["B2"] = datetime(2026, 8, 28)  # noqa: DTZ001 - a cell has no zone
    stream = io.BytesIO()
    book.save(stream)
    assert rows(stream.getvalue()) == (
        ("005930", "6.72%", "TRUE", "185531362", "1e-07"),
        ("2026-08-28", "2026-08-28"),
    )


def test_a_binary_workbook_is_read_as_displayed() -> None:
    book = xlwt.Workbook()
    book.add_sheet("Disclaimer").write(0, 0, "long words")
    sheet = book.add_sheet("Holdings")
    sheet.write(0, 0, "005930")
    sheet.write(0, 1, 0.0672, xlwt.easyxf(num_format_str="0.00%"))
    sheet.write(0, 2, True)  # noqa: FBT003 - the cell's value
    sheet.write(1, 3, 46262, xlwt.easyxf(num_format_str="yyyy-mm-dd"))
    stream = io.BytesIO()
    book.save(stream)
    first, second = read_sheets(stream.getvalue(), "a.xls")
    assert first.rows == (("long words",),)
    assert (second.name, second.rows) == (
        "Holdings",
        (("005930", "6.72%", "TRUE"), ("", "", "", "2026-08-28")),
    )


def test_a_page_gives_each_table_and_the_text_around_it() -> None:
    page = b"""<html><head><title>Fund</title><style>p{}</style></head><body><p>as of 1/2/2026</p>
    <table><tr><th colspan=2>A</th><th>B&nbsp;C</th></tr><tr><td>1<br>2<td><td>3</table>
    <table><tr><td>x</td></tr></table></body></html>"""
    first, second = read_sheets(page, "a.html")
    assert first.rows == (("A", "", "B C"), ("1 2", "", "3"))
    assert second.rows == (("x",),)
    assert first.notes[:2] == ("Fund", "as of 1/2/2026")


def zipped(**parts: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"\x1f\x8b\x08", r"compressed \(gzip\)"),
        (b"\x89PNG\r\n", "is a picture"),
        (b"a,b\n\0\0,1\n", "contains NUL bytes"),
        (b"PK\x03\x04 damaged", "begins like an XLSX workbook but cannot be read"),
        (zipped(a="b"), "is a ZIP archive, not a workbook"),
        (zipped(**{"content.xml": "b"}), "is an OpenDocument file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "begins like an XLS workbook"),
        (b'{"a": 1', "begins like JSON but is not JSON"),
        (b'{"a": 1}', "JSON without a list of records"),
        (b"<html></html>", "no row with text"),
        (b'a,b\n"open,1\n' + b"x" * 140_000, "quotation mark is opened there and not closed"),
        (b'a,b,c\n"open,1,2\n' + b"x,1,2\n" * 5, "5 more rows are in one cell"),
    ],
)
def test_a_file_without_a_table_is_refused_with_its_format(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read_sheets(content, "file")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a," * 5_000, "row 1 has 5,000 columns"),
        (b"a,b\n" * 501_000, "more cells"),
        (b"\n" * 2_000_001 + b"a", "more rows"),
        (b"<html>" + b"<table>" * 1_001, "more than 1,000 tables"),
        (b"<html>" + b"<p>" * 1_500_001, "1,500,001 elements|1,500,002 elements"),
        (b"<html>" + b" " * 9_000_000, "at most 8 MB are read"),
    ],
)
def test_a_file_over_a_limit_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read_sheets(content, "file")


def test_limits_apply_to_the_sum_over_all_grids() -> None:
    builder = GridBuilder("file", max_cells=3)
    builder.add(["a", "b"])
    builder.finish()
    with pytest.raises(UnreadableFile, match="more cells"):
        builder.add(["c", ""])
