"""From an outcome to a workbook that stands alone and proves its own numbers, its pages, and a web page.

``assembly.assemble`` puts together what a report shows, as ``Contents``; the functions here write it.
"""

from __future__ import annotations

from betaneutral_xl.job.realised import Realised
from betaneutral_xl.report.contents import Contents

__all__ = ["Contents", "Realised", "build_html", "build_pdf", "build_workbook"]


def build_workbook(contents: Contents) -> bytes:
    """Return a report as the bytes of an ``.xlsx`` file; the same contents give the same bytes."""
    from betaneutral_xl.report.xlsx import workbook

    return workbook(contents)


def build_html(contents: Contents) -> bytes:
    """Return a report as one web page that needs no other file."""
    from betaneutral_xl.report.html import page

    return page(contents).encode()


def build_pdf(workbook: bytes) -> bytes:
    """Return a report workbook as a PDF, converted by LibreOffice.

    Raises
    ------
    HostError
        If LibreOffice is not installed or fails.

    """
    from betaneutral_xl.report.pdf import to_pdf

    return to_pdf(workbook)
