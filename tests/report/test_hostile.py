"""External text stays text in the file, and after two programs have opened and saved it."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from report_problems import STAMP, build_page, build_report, load

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.model.portfolio import Constituent, Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.report.web import SCRIPT

if TYPE_CHECKING:
    from report_problems import LibreOffice

    from betaneutral_xl.engine.result import Rebalance

HOSTILE = (
    '=HYPERLINK("HTTP://X","Y")',
    "+CMD|' /C CALC'!A0",
    "-1+1",
    "@SUM(1+1)",
    "A*",
    "A?",
    "A~",
    "AB",
    "TRUE",
    "1E5",
    "<B>&AMP;",
    "'QUOTED",
    "_X0041_",
    "\N{GREEK CAPITAL LETTER OMEGA}\N{HEAVY EXCLAMATION MARK SYMBOL}",
    "2025-11-18",
)


@pytest.fixture(scope="module")
def hostile() -> Rebalance:
    """Return a hedge in which every text is hostile."""
    names = [Constituent(ticker=t, weight=1 / len(HOSTILE), name=f"={t}") for t in reversed(HOSTILE)]
    etf = Etf("-2+3&[x]", tuple(names), Provenance.given(len(names), note="=1+1"))
    held = Holdings.from_weights(
        {t: (1 + i) / 120 for i, t in enumerate(HOSTILE)}, fund="+cmd|' /C calc'!A0 &L&\"Wingdings\""
    )
    rng = np.random.default_rng(3)
    loadings = rng.standard_normal((len(HOSTILE), 3)) / 10
    risk = Covariance.from_matrix(list(HOSTILE), loadings @ loadings.T + np.eye(len(HOSTILE)) / 20)
    return neutralise(Question(held, [etf], risk))


def test_hostile_text_stays_text_through_two_round_trips(
    hostile: Rebalance, libreoffice: LibreOffice, tmp_path: Path
) -> None:
    content = build_report(hostile, command="=1+1", written_at=STAMP)
    book = load(content, values=False)
    book.save(tmp_path / "once.xlsx")
    twice = libreoffice.recalculate((tmp_path / "once.xlsx").read_bytes(), tmp_path)
    for stage in (content, tmp_path / "once.xlsx", twice):
        book = load(stage, values=False)
        tickers = [book["Weights"].cell(row, 1).value for row in range(2, 2 + len(HOSTILE))]
        assert [str(t).replace("_x005F_", "_") for t in tickers] == list(hostile.tickers)
        for sheet in book:
            assert not getattr(sheet, "_hyperlinks", ())
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        assert not re.search(r"HYPERLINK|CMD|cmd|@SUM|1\+1|2\+3", str(cell.value))
    checks = load(twice, values=True)["Checks"]
    assert checks["E3"].value is True  # no wildcard matched another name


def test_hostile_text_is_no_markup_of_the_web_page(hostile: Rebalance) -> None:
    page = build_page(hostile, command="<script>alert(1)</script>", written_at=STAMP).decode()
    assert page.count("<script") == 1  # the page's own, and no other may run
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert f"<script>{SCRIPT}</script>" in page
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page
    assert "alert(1)" not in SCRIPT
    assert "<B>" not in page
    assert "&lt;B&gt;&amp;AMP;" in page


def test_characters_invalid_in_a_spreadsheet_are_replaced(risk: Covariance, etf: Etf) -> None:
    held = Holdings.from_weights({"A": 1.0}, fund="bell \x07 surrogate \ud800 end")
    book = load(build_report(neutralise(Question(held, [etf], risk))), values=True)
    assert "bell \ufffd surrogate \ufffd end" in str(book["Summary"]["A2"].value)
