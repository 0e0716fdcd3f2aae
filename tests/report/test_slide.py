"""The answer page as one slide: a picture, and a slide to edit."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from report_problems import STAMP, Problem, load

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.errors import MissingPackage
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job.mandate import Mandate
from betaneutral_xl.model.portfolio import Holdings
from betaneutral_xl.report import Contents, build_html, build_slide, build_workbook
from betaneutral_xl.report.slide.content import slide_of

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf
    from betaneutral_xl.model.risk import Covariance

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def contents(everything: Problem) -> Contents:
    return Contents(result=everything.result, written_at=STAMP, **everything.options)


def test_a_limit_of_a_mandate_names_it_on_every_page(contents: Contents) -> None:
    """Also where the number that it bounds is a measure: gross, net, turnover, number of trades."""
    mandate = Mandate.of({"name": "Student fund", "gross": "900%", "net": "-900%:900%", "turnover": "900%"})
    ruled = replace(contents, mandate=mandate)
    assert {line.source for line in ruled.page.limits} == {"Student fund"}
    of_mandate = [label for label, *_, limit, _ in slide_of(ruled).rows if limit and "Beta" not in label]
    assert len(of_mandate) == 3
    assert all(label.endswith(", mandate") for label in of_mandate)
    assert "Mandate: Student fund." in slide_of(ruled).footer
    labels = [str(row[0].value) for row in load(build_workbook(ruled), values=True)["Summary"].iter_rows()]
    assert sum(label.endswith(", mandate") for label in labels) == 3
    assert any(label.endswith(" Mandate: Student fund.") for label in labels)
    assert "Mandate: Student fund." in build_html(ruled).decode()


def test_the_slide_has_verdict_numbers_trades_and_the_worst_warning(contents: Contents) -> None:
    slide = slide_of(contents)
    assert slide.verdict.startswith("Beta to ETF0 0.92 -> 0.00, ETF1 ")
    assert slide.rows[0][0] == "Beta to ETF0"
    assert slide.rows[0][4] == "yes"
    assert [title for title, _ in slide.lists] == [
        f"Largest of {contents.page.trade_count} trades",
        "Warnings",
    ]
    assert "changes the answer" in slide.lists[1][1][0]
    assert "2025-11-18" in slide.footer


def test_a_picture_and_a_presentation_are_made_and_are_the_same_twice(contents: Contents) -> None:
    pptx = pytest.importorskip("pptx")
    pytest.importorskip("matplotlib")
    picture = build_slide(contents, ".png")
    assert picture.startswith(PNG)
    assert len(picture) > 30_000
    assert build_slide(contents, ".png") == picture
    made = build_slide(contents, ".pptx")
    (slide,) = pptx.Presentation(io.BytesIO(made)).slides
    texts = " ".join(one.text_frame.text for one in slide.shapes if one.has_text_frame)
    assert contents.page.verdict in texts
    assert [one.has_table for one in slide.shapes].count(True) == 1
    assert any(one.has_chart for one in slide.shapes)


def test_names_from_outside_stay_text(etf: Etf, risk: Covariance) -> None:
    pytest.importorskip("matplotlib")
    held = Holdings.from_weights({"A": 0.6, "B": 0.4}, fund="$x^2$ <b> \x07 \\frac")
    contents = Contents(result=neutralise(Question(held, [etf], risk)), written_at=STAMP)
    assert build_slide(contents, ".png").startswith(PNG)
    assert "\x07" not in slide_of(contents).title


def test_a_missing_package_is_named(contents: Contents, monkeypatch: pytest.MonkeyPatch) -> None:
    for suffix, package in ((".png", "matplotlib"), (".pptx", "pptx")):
        monkeypatch.setitem(__import__("sys").modules, package, None)
        with pytest.raises(MissingPackage, match="pip install 'betaneutral-xl"):
            build_slide(contents, suffix)


def test_the_command_writes_slides_and_refuses_other_formats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    out = ["report", "--sample", "--out", str(tmp_path / "out.xlsx")]
    assert main([*out, "--slide", str(tmp_path / "slide.gif")]) == 2
    assert "slide.gif is neither .png nor .pptx" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert main([*out, "--slide", str(tmp_path / "slide.png")]) == 0
    assert (tmp_path / "slide.png").read_bytes().startswith(PNG)
