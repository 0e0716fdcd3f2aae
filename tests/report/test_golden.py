"""The workbook of the notebook's example, compared part by part with a reviewed reference.

The reference is golden.txt. To renew it after an intended change::

    python tests/report/test_golden.py

Numbers are rounded to nine digits, because processors differ in the last ones.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
from report_problems import STAMP, build_report, origin

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance

GOLDEN = Path(__file__).with_name("golden.txt")

V = [[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]]

LEFT_OUT = ("xl/theme/theme1.xml", "docProps/app.xml", "[Content_Types].xml")
"""Parts that openpyxl generates without our data."""

_CELL = re.compile(r'<c r="([A-Z]+\d+)" s="(\d+)"[^>/]*(?:/>|>(.*?)</c>)')
_NUMBER = re.compile(
    r"(?<= )-?\d+\.\d+(?:e-?\d+)?(?=</row>|$)|(?<=<v>)-?\d+\.\d+(?:e-?\d+)?(?=</v>)", re.MULTILINE
)
_VERSION = re.compile(r"(?<= )\d+\.\d+\.\d+\w*(?=</row>|$)|(?<=betaneutral_xl )\d+\.\d+\.\d+", re.MULTILINE)


def workbook() -> bytes:
    """Return the report of the notebook's example."""
    tickers = ("A", "B", "C")
    held = Holdings.from_weights(dict(zip(tickers, (0.3, 0.4, 0.3), strict=True)), "notebook", origin("w", 3))
    etf = Etf.from_weights(dict(zip(tickers, (0.4, 0.3, 0.3), strict=True)), "AI", origin("f", 3))
    risk = Covariance.from_matrix(tickers, np.array(V), origin("V", 3), effective_days=100.0)
    return build_report(neutralise(Question(held, [etf], risk)), "betaneutral-xl report", STAMP)


def normalised(content: bytes) -> str:
    """Return a workbook's parts as text, one element per line."""
    lines = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name not in LEFT_OUT:
                xml = archive.read(name).decode()
                xml = _CELL.sub(_plain, xml)
                xml = _VERSION.sub("VERSION", _NUMBER.sub(_rounded, xml))
                lines += [
                    f"=== {name}",
                    re.sub(r"(<row |<xf |<font>|<definedName |<ser>|<cfRule)", r"\n\1", xml),
                ]
    return "\n".join(lines) + "\n"


def _plain(match: re.Match[str]) -> str:
    """Return a cell as ``A1 style =formula | value``."""
    place, style, content = match.groups()
    text = re.sub(r"<f>(.*?)</f>", r"=\1 | ", content or "")
    return f"\n{place} {style} {re.sub(r'</?(?:v|is|t)[^>]*>', '', text)}".rstrip()


def _rounded(match: re.Match[str]) -> str:
    value = float(match[0])
    return "0" if abs(value) < 1e-12 else f"{value:.9g}"


def test_the_notebooks_report_matches_the_reviewed_reference() -> None:
    assert normalised(workbook()).splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    GOLDEN.write_text(normalised(workbook()), encoding="utf-8")
