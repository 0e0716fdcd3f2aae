"""Files made to crash, stall or exhaust: each is read or refused in time and in little memory."""

# ruff: noqa: E501 - a kind of file a line

from __future__ import annotations

import io
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable

import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.readers.etf_files import parse_etf
from betaneutral_xl.readers.holdings_files import parse_holdings_file

LARGE = 20_000_000
SECONDS = 15.0
"""Processor time for one file: 5 on an idle machine, and a loaded one counts up to twice as much."""
MEGABYTES = 300

OFFICE = "http://schemas.openxmlformats.org"
MAIN = f'xmlns="{OFFICE}/spreadsheetml/2006/main"'
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Ticker</t></is></c><c r="B1" t="inlineStr"><is><t>Weight</t></is></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>NVDA</t></is></c><c r="B2"><v>1</v></c></row>'
)
BOOK = '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table><Row>'
CSV = b"Ticker,Name,Weight\nNVDA,NVIDIA,1.0\n"


def xlsx(rows: str, strings: str = "", before: str = "") -> bytes:
    """Return a workbook of one sheet with these rows, valid or not."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{OFFICE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPE}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}/officeDocument/2006/relationships">'
        '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship '
        f'Id="r1" Type="{OFFICE}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/officeDocument/2006/relationships/sharedStrings" '
        'Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"{before}<worksheet {MAIN}><sheetData>{HEADER}{rows}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst {MAIN}>{strings}</sst>",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def many(piece: bytes, size: int = LARGE) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


def misleading_names() -> bytes:
    words = b"cash futures usd dollar us treasury 12/12/26 c 1.5 first american net the index bond 4.5% bull 3x & / 100 p"
    draw = random.Random(1)  # noqa: S311 - the same every time
    rows = (b"A%d,%s,0.01\n" % (i, b" ".join(draw.choices(words.split(), k=40))) for i in range(19_900))
    return b"Ticker,Name,Weight\n" + b"".join(rows)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a zip bomb": lambda: xlsx(" " * 300_000_000),
    "a zip bomb within the limit": lambda: xlsx(" " * 40_000_000),
    "a million blank rows in a workbook": lambda: xlsx("".join(f'<row r="{i}"/>' for i in range(3, 1_000_003))),
    "a gap of a million rows": lambda: xlsx('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
    "a gap of 16,384 columns in each row": lambda: xlsx(
        "".join(f'<row r="{i}"><c r="XFD{i}"><v>1</v></c></row>' for i in range(3, 20_000))
    ),
    "deep XML in a workbook": lambda: xlsx("<a>" * 400_000 + "</a>" * 400_000),
    "entities in a workbook": lambda: xlsx(
        '<row><c t="inlineStr"><is><t>&b;</t></is></c></row>',
        before='<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ),
    "many shared strings": lambda: xlsx("", "<si/>" * 299_000),
    "one long shared string": lambda: xlsx("", f"<si><t>{'x' * 40_000_000}</t></si>"),
    "many cells": lambda: xlsx(("<row>" + "<c><v>1</v></c>" * 50 + "</row>") * 5_900),
    "commas": lambda: CSV + many(b","),
    "line ends": lambda: CSV + many(b"\n"),
    "a million blank lines": lambda: CSV + b"\n" * 1_000_000 + b"AMD,Advanced Micro,1\n",
    "a million columns": lambda: many(b"Weight,", 7_000_000) + b"\n",
    "a million rows": lambda: CSV + many(b"NVDA,NVIDIA CORP,0.001\n"),
    "long names of words for cash": lambda: CSV + many(b"NVDA," + b"cash " * 2_000 + b",0.001\n"),
    "misleading names": misleading_names,
    "long numbers": lambda: CSV + many(b"NVDA," + b"1" * 20_000 + b"," + b"1" * 20_000 + b"\n"),
    "long formulas": lambda: CSV + many(b"=" + b"DOLLAR(" * 5_000 + b",b,1\n"),
    "an open quotation mark": lambda: CSV + b'"' + many(b"x"),
    "headers only": lambda: many(b"Ticker,Weight\n\n", 2_000_000),
    "headers all different": lambda: b"".join(b"Ticker%d,Weight,Name%d\n" % (i, i) for i in range(100_000)),
    "many funds": lambda: b"Fund,Ticker,Weight\n" + b"".join(b"F%d,A%d,1\n" % (i, i) for i in range(59_000)),
    "one ticker on many rows": lambda: b"Ticker,SEDOL,Weight\n" + b"A,1,1\n" * 19_000,
    "NUL bytes": lambda: CSV + bytes(1_000),
    "NUL bytes that could be UTF-16": lambda: many(b"A\0", 2_000_000),
    "noise": lambda: random.Random(2).randbytes(LARGE),  # noqa: S311 - the same every time
    "emoji": lambda: CSV + many("\N{GRINNING FACE},a,1\n".encode()),
    "tables within tables": lambda: b"<html>" + b"<table><tr><td>" * 300_000,
    "cells of a thousand columns": lambda: b"<html><table><tr>" + b"<td colspan=1000>x</td>" * 20_000,
    "a page of dates": lambda: b"<html>" + many(b"as of 1/1/2020 ", 8_000_000),
    "a page of words": lambda: b"<html><p>" + many(b"net assets inception date ", 8_000_000),
    "an endless comment": lambda: b"<html><!--" + many(b"-", 8_000_000),
    "an attribute of 8 MB": lambda: b"<html><table " + many(b"a=b ", 8_000_000),
    "deep XML": lambda: BOOK.encode() + b"<a>" * 1_000_000,
    "a file named by an entity": lambda: b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    + f"{BOOK}<Cell><Data>&a;</Data></Cell>".encode(),
    "cells of a workbook in XML": lambda: BOOK.encode() + b"<Cell/>" * 1_400_000,
    "ampersands": lambda: f"{BOOK}<Cell><Data>".encode() + many(b"&", 16_000_000),
    "deep JSON": lambda: b"[" * 7_000_000,
    "empty records": lambda: b"[" + many(b"{},", 7_000_000)[:-1] + b"]",
    "a key a record": lambda: b"[" + b",".join(b'{"k%d":1}' % i for i in range(400_000)) + b"]",
    "a forged XLS": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5_000_000),
}  # fmt: skip

REFUSED_EARLY = frozenset(
    {
        *("a zip bomb", "line ends", "a million rows", "a million columns", "many cells", "noise"),
        *("ampersands", "tables within tables", "an open quotation mark", "deep XML in a workbook"),
    }
)

READERS: tuple[Callable[[bytes], object], ...] = (
    lambda content: parse_etf(content, "hostile.csv"),
    lambda content: parse_holdings_file(content, "hostile.csv"),
)


def refusal(reader: Callable[[bytes], object], content: bytes) -> str:
    """Return the message of an ``InputError``, empty if the content is read."""
    try:
        reader(content)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_read_or_refused_in_one_line_and_in_time(kind: str) -> None:
    content = HOSTILE[kind]()
    for reader in READERS:
        started = time.process_time()
        words = refusal(reader, content)
        assert "\n" not in words
        assert len(words) < 1_000
        assert time.process_time() - started < SECONDS
        if kind in REFUSED_EARLY:
            break  # both readers refuse it in the same place


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not count memory in this way")
def test_no_hostile_file_takes_much_memory() -> None:
    """Read each in its own process, and compare the peak memory with that before."""
    program = f"""
import resource, sys
sys.path.insert(0, {str(__file__.rpartition("test_hostile_input")[0])!r})
import test_hostile_input as hostile
def peak():
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024**2 if sys.platform == "darwin" else 1024)
content = hostile.HOSTILE[sys.argv[1]]()
before = peak()
for reader in hostile.READERS:
    hostile.refusal(reader, content)
print(peak() - before)
"""
    for kind in ("commas", "a million rows", "ampersands"):
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", program, kind], capture_output=True, text=True, check=True
        )
        assert float(done.stdout) < MEGABYTES, kind
