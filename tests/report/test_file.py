"""The file format: reproducible bytes, valid, and without active content."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from report_problems import STAMP, Problem, build_report, load, market

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.report import Realised
from betaneutral_xl.report.xlsx import SHORT

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import Covariance


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_inputs_and_stamp_give_the_same_bytes(
    everything: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = everything.build()
    later = datetime.now(UTC) + timedelta(days=400)
    monkeypatch.setattr("time.time", later.timestamp)
    assert everything.build() == first


def without_time(content: bytes, stamp: datetime) -> bytes:
    """Replace a time in a part, as text and as serial number."""
    serial = (stamp.replace(tzinfo=None) - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 - day 0 of spreadsheets
    for shown in (f"{stamp:%Y-%m-%d %H:%M}", f"{stamp:%Y-%m-%dT%H:%M}", repr(serial)):
        content = content.replace(shown.encode(), b"?")
    return content


def test_two_reports_differ_only_in_the_time_stamp(everything: Problem) -> None:
    first = parts(everything.build())
    other = parts(
        build_report(
            everything.result,
            "betaneutral-xl report --sample",
            STAMP + timedelta(days=1),
            **everything.options,
        )
    )
    assert first.keys() == other.keys()
    for name, content in first.items():
        assert without_time(content, STAMP) == without_time(other[name], STAMP + timedelta(days=1)), name


def test_a_validator_of_the_file_format_finds_nothing(problem: Problem, tmp_path: Path) -> None:
    audit = pytest.importorskip("openxml_audit", reason="the validator openxml-audit is not installed")
    file = tmp_path / "report.xlsx"
    file.write_bytes(problem.build())
    found = audit.OpenXmlValidator().validate(str(file)).errors
    errors = [one for one in found if one.severity is audit.ValidationSeverity.ERROR]
    # openpyxl writes its default font, which no cell uses, in an order that the schema forbids.
    ours = [one for one in errors if not one.path.endswith("/fonts[1]/font[1]")]
    assert [(one.part_uri, one.path, one.description) for one in ours] == []
    warnings = {one.id for one in found if one.severity is audit.ValidationSeverity.WARNING}
    assert warnings <= {"Excel_InlineStrCells"}


def test_there_is_no_active_content_and_no_external_link(everything: Problem) -> None:
    names = parts(everything.build())
    assert not [name for name in names if re.search(r"vba|externalLink|connections|query|activeX", name)]
    for name, content in names.items():
        assert b'TargetMode="External"' not in content, name
        assert b"<hyperlink" not in content, name


def test_every_relationship_has_a_target_and_every_part_a_type(everything: Problem) -> None:
    names = parts(everything.build())
    types = names["[Content_Types].xml"].decode()
    for name in names:
        if name != "[Content_Types].xml":
            extension = name.rpartition(".")[2]
            assert f'PartName="/{name}"' in types or f'Extension="{extension}"' in types, name
    for name, content in names.items():
        if name.endswith(".rels"):
            for target in re.findall(rb'Target="([^"]+)"', content):
                path = target.decode().lstrip("/")
                assert path in names or f"xl/{path}" in names, (name, path)


def test_cells_are_unique_and_in_order(everything: Problem) -> None:
    for name, content in parts(everything.build()).items():
        if name.startswith("xl/worksheets/sheet"):
            for row in re.findall(rb"<row [^>]*>(.*?)</row>", content, re.DOTALL):
                columns = [(len(c), c) for c in re.findall(rb'<c r="([A-Z]+)\d+"', row)]
                assert columns == sorted(set(columns)), name


def test_sheets_are_set_up_for_reading_and_printing(everything: Problem) -> None:
    book = load(everything.build(), values=False)
    assert tuple(book.sheetnames[:4]) == SHORT == ("Summary", "Proposal", "Alternatives", "Scenarios")
    for sheet in book:
        assert sheet.print_area, sheet.title
        assert sheet.page_setup.fitToWidth == 1
        margins = f"{sheet.oddHeader} {sheet.oddFooter}"
        for expected in ("Holdings as of 2025-11-18", "Sources: test", "betaneutral_xl", "&P"):
            assert expected in margins
        if sheet.title in SHORT:
            assert sheet.page_setup.fitToHeight == 1
            assert sheet["A1"].value  # its title
        else:
            assert sheet.oddHeader is not None
            assert sheet.oddHeader.center.text == "&A"  # the title of every page of the annex
            assert sheet.freeze_panes == "B2"
            assert sheet.print_title_rows == "$1:$1"
    tables = {table for sheet in book for table in sheet.tables}
    assert tables == {
        "tblHoldings",
        "tblEtf",
        "tblBetas",
        "tblWeights",
        "tblTrades",
        "tblOrders",
        "tblRealised",
    }
    drawn = [len(getattr(book[name], "_charts", ())) for name in (*SHORT, "Realised")]
    assert drawn == [1, 0, 0, 1, 1]  # neither past months nor steps to the target are known
    assert book.properties.title == "book to ETF0, ETF1: beta 0 by hedge"


def test_every_constant_is_on_inputs_once_under_its_name(everything: Problem) -> None:
    book = load(everything.build(), values=True)
    named = {
        name: area.attr_text
        for name, area in book.defined_names.items()
        if area.attr_text.startswith("'Inputs'!")
    }
    assert {"tolerance", "effective_days", "cash_value", "target_1", "order_nav"} <= set(named)
    assert len(set(named.values())) == len(named)
    cell = named["effective_days"].partition("!")[2].replace("$", "")
    assert book["Inputs"][cell].value == 101.5


def test_the_provenance_of_every_input_is_in_the_workbook(everything: Problem) -> None:
    book = load(everything.build(), values=True)
    text = " ".join(str(value) for row in book["Provenance"].iter_rows(values_only=True) for value in row)
    for expected in (
        "book.csv",
        "etf1.csv",
        "risk.csv",
        "ab" * 32,
        "file",
        "run.zip",
        "none: nothing here",
        "betaneutral-xl report --sample",
        "2025-11-18 12:00:00",
        "numpy",
    ):
        assert expected in text


def test_warnings_are_on_the_first_sheet(etf: Etf, risk: Covariance) -> None:
    half = Holdings.from_weights({"A": 0.5})
    book = load(build_report(neutralise(Question(half, [etf], risk))), values=True)
    values = [str(value) for row in book["Summary"].iter_rows(values_only=True) for value in row]
    assert any("add to 0.5000" in value for value in values)


def test_etfs_that_differ_only_in_case_have_separate_columns(risk: Covariance) -> None:
    etfs = [Etf.from_weights({"A": 1.0}, name="qqq"), Etf.from_weights({"B": 1.0}, name="QQQ")]
    book = load(
        build_report(neutralise(Question(Holdings.from_weights({"C": 1.0}), etfs, risk))), values=True
    )
    headings = [str(cell.value).casefold() for cell in book["Weights"][1]]
    assert len(set(headings)) == len(headings)


def test_a_realised_series_without_one_error_per_date_is_refused() -> None:
    days = (datetime(2025, 1, 1, tzinfo=UTC).date(),)
    with pytest.raises(InputError, match="realised error of hedge"):
        Realised(label="hedge", etf="X", dates=days, beta=[0.1], error=[])  # type: ignore[arg-type]


def test_thousands_of_names_are_a_file_of_a_few_megabytes() -> None:
    holdings, etfs, risk = market(n=3000, factors=10, etfs=1, dense=False)
    result = neutralise(Question(holdings, etfs, risk, on_missing=OnMissing.DROP))
    content = build_report(result)
    assert len(content) < 5e6
    assert load(content, values=True)["Weights"].max_row == 1 + len(result.rows())
