from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.files.addin_links import LinkedFile

TEMPLATE = Path(__file__).parents[3] / "workbook" / "betaneutral.xlsx"
MINE = r"C:\Users\Ann Lee\AppData\Roaming\Microsoft\AddIns\betaneutral.xlam"
ALICE = r"C:\Users\alice\AddIns\betaneutral.xlam"


def formulas(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        sheets = [package.read(name).decode() for name in package.namelist() if "worksheets/sheet" in name]
    return [text for sheet in sheets for text in re.findall(r"<f[^>]*>([^<]*)</f>", sheet)]


def workbook(*texts: str, links: tuple[str, ...] = ()) -> bytes:
    """Return somebody's workbook with formulas, and links to other files, as other programs write it."""
    book = openpyxl.Workbook()
    for row, text in enumerate(texts, start=1):
        book.worksheets[0].cell(row, 1).value = text
    stream = io.BytesIO()
    book.save(stream)
    if not links:
        return stream.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name).decode()
            numbers = range(1, len(links) + 1)
            if name == "xl/workbook.xml":
                list_of = "".join(f'<externalReference r:id="rX{n}"/>' for n in numbers)
                data = data.replace(
                    "</sheets>", f"</sheets><externalReferences>{list_of}</externalReferences>"
                )
                data = data.replace("<workbook ", f'<workbook xmlns:r="{OFFICE}" ', 1)
            if name == "xl/_rels/workbook.xml.rels":
                relations = "".join(
                    f'<Relationship Id="rX{n}" Type="{OFFICE}/externalLink" '
                    f'Target="externalLinks/externalLink{n}.xml"/>'
                    for n in numbers
                )
                data = data.replace("</Relationships>", f"{relations}</Relationships>")
            target.writestr(name, data)
        for n, path in enumerate(links, start=1):
            target.writestr(
                f"xl/externalLinks/externalLink{n}.xml",
                f'<externalLink xmlns="{MAIN}"><externalBook xmlns:r="{OFFICE}" r:id="rId1"><sheetNames>'
                '<sheetName val="a"/></sheetNames></externalBook></externalLink>',
            )
            target.writestr(
                f"xl/externalLinks/_rels/externalLink{n}.xml.rels",
                '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                f'<Relationship Id="rId1" Type="{OFFICE}/externalLinkPath" Target="file:///{path}" '
                'TargetMode="External"/></Relationships>',
            )
    return out.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def test_a_template_is_connected_as_excel_stores_functions_of_an_add_in() -> None:
    plain = TEMPLATE.read_bytes()
    connected = LinkedFile(plain).connect(MINE)
    assert LinkedFile(connected).add_ins == [MINE]
    assert LinkedFile(connected).functions() == LinkedFile(plain).functions()
    assert LinkedFile(connected).unlinked() == set()
    assert [text.replace("[1]!", "") for text in formulas(connected)] == formulas(plain)
    assert "[1]!FETCH_HOLDINGS(setting_fund,setting_as_of)" in formulas(connected)


def test_a_connected_file_is_well_formed_and_keeps_its_values(tmp_path: Path) -> None:
    audit = pytest.importorskip("openxml_audit", reason="the validator openxml-audit is not installed")
    path = tmp_path / "connected.xlsx"
    path.write_bytes(LinkedFile(TEMPLATE.read_bytes()).connect(MINE))
    assert audit.OpenXmlValidator().validate(str(path)).errors == []
    before, after = (openpyxl.load_workbook(one, data_only=True) for one in (TEMPLATE, path))
    for sheet in before.sheetnames:
        assert list(after[sheet].values) == list(before[sheet].values)


def test_every_other_part_of_the_file_is_kept() -> None:
    plain = TEMPLATE.read_bytes()
    connected = LinkedFile(plain).connect(MINE)
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(io.BytesIO(connected)) as new:
        changed = {name for name in old.namelist() if old.read(name) != new.read(name)}
    assert {name for name in changed if "worksheets" not in name} == {
        "[Content_Types].xml",
        "xl/_rels/workbook.xml.rels",
        "xl/workbook.xml",
    }
    assert "xl/worksheets/sheet2.xml" not in changed  # Settings has no formula


def test_the_link_to_another_computer_becomes_one_to_this() -> None:
    of_alice = LinkedFile(TEMPLATE.read_bytes()).connect(ALICE)
    mine = LinkedFile(of_alice).connect(MINE)
    assert LinkedFile(mine).add_ins == [MINE]
    assert formulas(mine) == formulas(of_alice)
    assert LinkedFile(mine).connect(ALICE) == of_alice


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('=FETCH_HOLDINGS("demo")', '[1]!FETCH_HOLDINGS("demo")'),
        ('=_xldudf_FETCH_HOLDINGS("demo")', '[1]!FETCH_HOLDINGS("demo")'),
        ('=_xll.fetch_holdings("demo")', '[1]!FETCH_HOLDINGS("demo")'),
        ("=SUM(BN_BETAS(A1,B1))", "SUM([1]!BN_BETAS(A1,B1))"),
        ('=BN_NAMES("BN_BETAS(")', '[1]!BN_NAMES("BN_BETAS(")'),
        ("=BN_NAMES('BN_BETAS(x'!A1)", "[1]!BN_NAMES('BN_BETAS(x'!A1)"),
        ("=MY_BN_NAMES(A1)+BN_NAMES(A1)", "MY_BN_NAMES(A1)+[1]!BN_NAMES(A1)"),
    ],
)
def test_only_calls_of_our_functions_are_linked(formula: str, expected: str) -> None:
    (text,) = formulas(LinkedFile(workbook(formula)).connect(MINE))
    assert text == expected


def test_functions_of_other_add_ins_are_left_alone() -> None:
    content = workbook(
        "=[1]!BN_NAMES(A1)", "=[2]!BN_NAMES(A1)", "=BN_NAMES(A1)", links=(r"C:\other.xlam", ALICE)
    )
    linked = LinkedFile(content)
    assert (linked.add_ins, linked.unlinked()) == ([ALICE], {"BN_NAMES"})
    connected = linked.connect(MINE)
    assert formulas(connected) == ["[1]!BN_NAMES(A1)", "[2]!BN_NAMES(A1)", "[2]!BN_NAMES(A1)"]
    assert [link.path for link in LinkedFile(connected).links] == [r"C:\other.xlam", MINE]


def test_a_link_is_added_behind_those_that_are_there() -> None:
    connected = LinkedFile(workbook("=BN_VERSION()", "=[1]!X(A1)", links=(r"C:\a.xlsx",))).connect(MINE)
    assert formulas(connected) == ["[2]!BN_VERSION()", "[1]!X(A1)"]
    assert [link.path for link in LinkedFile(connected).links] == [r"C:\a.xlsx", MINE]


def test_a_file_without_our_functions_is_refused() -> None:
    with pytest.raises(HostError, match="no formula of it uses our functions"):
        LinkedFile(workbook("=SUM(A1)")).connect(MINE)


def test_a_file_with_functions_of_its_own_is_refused() -> None:
    linked = LinkedFile(TEMPLATE.with_suffix(".xlsm").read_bytes())
    assert linked.has_own_functions
    with pytest.raises(HostError, match="it carries its functions itself"):
        linked.connect(MINE)
