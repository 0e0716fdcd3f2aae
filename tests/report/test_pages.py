"""The report as PDF and as web page."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from report_problems import STAMP, Problem, build_page, load

from betaneutral_xl.errors import HostError
from betaneutral_xl.job.answer import page_of
from betaneutral_xl.report import build_pdf, drawing, pictures, style
from betaneutral_xl.report.cells import Formula
from betaneutral_xl.report.pages import answer
from betaneutral_xl.report.pages.layout import RATIO
from betaneutral_xl.report.pages.scenarios import bars_within
from betaneutral_xl.report.xlsx import SHORT

ARTEFACTS = Path(__file__).parents[2] / "build" / "report-pages"
"""Folder of the rendered pages, for visual inspection."""


def test_every_page_is_rendered_and_none_is_empty(everything: Problem, soffice: str, tmp_path: Path) -> None:
    pdftoppm = shutil.which("pdftoppm")
    if pdftoppm is None:
        pytest.skip("pdftoppm is not installed (Debian: poppler-utils)")
    file = tmp_path / "report.pdf"
    file.write_bytes(build_pdf(everything.build()))
    shutil.rmtree(ARTEFACTS, ignore_errors=True)
    ARTEFACTS.mkdir(parents=True)
    pages = [pdftoppm, "-r", "70", "-png", str(file), str(ARTEFACTS / "page")]
    subprocess.run(pages, check=True, timeout=120)  # noqa: S603 - found on the path, our own files
    rendered = sorted(ARTEFACTS.glob("page*.png"))
    assert 15 <= len(rendered) <= 40
    assert all(page.stat().st_size > 3_000 for page in rendered)


def test_a_short_pdf_has_a_page_each_for_the_committee(
    everything: Problem, soffice: str, tmp_path: Path
) -> None:
    pdfinfo = shutil.which("pdfinfo")
    if pdfinfo is None:
        pytest.skip("pdfinfo is not installed (Debian: poppler-utils)")
    assert soffice
    file = tmp_path / "short.pdf"
    file.write_bytes(build_pdf(everything.build(), short=True))
    told = subprocess.run([pdfinfo, str(file)], check=True, capture_output=True, text=True, timeout=60)  # noqa: S603 - found on the path
    assert re.search(r"Pages: +4\b", told.stdout)


def test_a_page_is_filled_by_its_charts_or_by_wider_columns(everything: Problem) -> None:
    sheet = load(everything.build(), values=True)["Summary"]
    height = sum(one.height or 15.0 for one in sheet.row_dimensions.values())
    width = sum(5.25 * one.width + 3.75 for one in sheet.column_dimensions.values())
    assert height / width == pytest.approx(RATIO, rel=0.05)


def test_no_number_of_the_pages_shows_as_minus_zero(everything: Problem) -> None:
    book = load(everything.build(), values=True)
    for name in SHORT:
        for row in book[name].iter_rows():
            for cell in row:
                if isinstance(cell.value, float) and "0.00" in cell.number_format:
                    assert not -0.0005 < cell.value < 0.0 or "%" in cell.number_format, cell.coordinate


def test_rounding_errors_of_measures_and_money_show_as_zero() -> None:
    formula, _ = answer._number("cash_after", -4e-16, style.calculated(style.PERCENT))
    assert isinstance(formula, Formula)
    assert formula.text == "ROUND(cash_after,9)"
    assert str(formula.value) == "0.0"
    assert [str(cell) for cell, _ in answer._row("Cash", money=(-4e-9, -0.004))[6:8]] == ["0.0", "0.0"]


def test_without_libreoffice_the_error_names_the_remedy(
    everything: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("betaneutral_xl.system.libreoffice.command", lambda: None)
    with pytest.raises(HostError, match=r"not installed.*leave out --pdf"):
        build_pdf(b"")


def test_a_failure_of_libreoffice_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    true = shutil.which("true")
    if true is None:
        pytest.skip("the command true is not installed")
    monkeypatch.setattr("betaneutral_xl.report.pdf._command", lambda: true)
    with pytest.raises(HostError, match="did not print the report"):
        build_pdf(b"no workbook")


class Reader(HTMLParser):
    """Collects addresses that a browser would fetch, and elements that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record fetched addresses and open elements."""
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Validate that elements are closed in reverse order."""
        assert self.open.pop() == tag


def test_the_web_page_needs_no_other_file_and_says_the_same(everything: Problem) -> None:
    page = build_page(everything.result, "betaneutral-xl report", STAMP, **everything.options).decode()
    reader = Reader()
    reader.feed(page)
    assert reader.fetched == []
    assert reader.open == []
    assert "url(" not in page
    assert page.count("<svg") == 4
    assert "<title>" in page.partition("<svg")[2]  # tooltips
    assert page.count("<details>") >= 5  # the annex is folded
    beta = everything.result.before.beta["ETF0"]
    assert f"{beta:.2f} (s.e. " in page  # no history, so no interval
    assert "drift unknown" in page
    assert "2025-11-18 12:00:00" in page
    assert all(ticker in page for ticker in everything.result.tickers)
    again = build_page(everything.result, "betaneutral-xl report", STAMP, **everything.options)
    assert again.decode() == page


def test_a_drawing_has_one_bar_per_value_and_one_whisker_per_error(everything: Problem) -> None:
    picture = pictures.portfolio_betas(page_of(everything.result))
    bare = picture.series
    assert not any(one.errors for one in bare)  # no interval without a history
    whiskers = tuple(replace(one, errors=(0.1,) * len(one.values)) for one in bare)
    picture = replace(picture, series=whiskers)
    svg = ET.fromstring(drawing.draw(picture))  # noqa: S314 - our own output
    bars = [e for e in svg.iter("{http://www.w3.org/2000/svg}rect") if e.get("width") != "9"]
    assert len(bars) == 4  # two ETFs before and after
    low, high, _ = picture.scale()
    before = picture.series[0]
    assert low <= 0.0
    assert high >= before.values[0] + before.errors[0]
    heights = [float(bar.get("height", "0")) for bar in bars]
    expected = [abs(v) for n in range(2) for v in (picture.series[0].values[n], picture.series[1].values[n])]
    ratio = heights[0] / expected[0]
    assert heights == pytest.approx([ratio * value for value in expected], abs=0.02)
    assert len(re.findall("<line", drawing.draw(picture))) >= 4 * 3


def test_the_scale_has_round_steps_and_includes_all_values() -> None:
    for values in ((0.5231, -0.1), (0.0, 0.0), (1e-9, 2e-9), (120.0, -3.0), (-0.2, -0.1)):
        series = pictures.Series("x", values, "000000", (0.05, 0.05))
        low, high, step = pictures.Picture("t", pictures.Kind.COLUMNS, ("a", "b"), (series,)).scale()
        assert low <= min(0.0, *(v - 0.05 for v in values))
        assert high >= max(0.0, *(v + 0.05 for v in values))
        assert 2 <= round((high - low) / step) <= 9


@pytest.mark.parametrize("size", [0.0, 1e-17, 1e-14])
def test_a_picture_of_rounding_errors_is_drawn_on_a_scale_from_0_to_1(size: float) -> None:
    series = pictures.Series("x", (size, -size), "000000")
    picture = pictures.Picture("t", pictures.Kind.COLUMNS, ("a", "b"), (series,))
    assert picture.scale() == pytest.approx((0.0, 1.0, 0.2))
    assert "1.00" in drawing.draw(picture)


def test_a_low_chart_has_as_many_bars_as_their_names_have_room(everything: Problem) -> None:
    page = page_of(everything.result)
    assert len(pictures.contributions(page, bars_within(4.0)).categories) == 2
    assert pictures.contributions(page, bars_within(30.0)) == pictures.contributions(page)
