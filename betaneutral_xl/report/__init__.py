"""From an outcome to a workbook that stands alone and proves its own numbers, its pages, and a web page.

``assembly.assemble`` puts together what a report shows, as ``Contents``; the functions here write it.
"""

from __future__ import annotations

from betaneutral_xl.job.realised import Realised
from betaneutral_xl.report.contents import Contents

__all__ = ["Contents", "Realised", "build_html", "build_pdf", "build_slide", "build_workbook"]


def build_workbook(contents: Contents) -> bytes:
    """Return a report as the bytes of an ``.xlsx`` file; the same contents give the same bytes."""
    from betaneutral_xl.report.xlsx import workbook

    return workbook(contents)


def build_html(contents: Contents) -> bytes:
    """Return a report as one web page that needs no other file."""
    from betaneutral_xl.report.html import page

    return page(contents).encode()


def build_slide(contents: Contents, suffix: str) -> bytes:
    """Return the answer page as one slide, ``.png`` or ``.pptx``.

    Raises
    ------
    MissingPackage
        If matplotlib, or python-pptx, is not installed.

    """
    from betaneutral_xl.report.slide.content import slide_of

    if suffix.lower() == ".pptx":
        from betaneutral_xl.report.slide.powerpoint import presentation

        return presentation(slide_of(contents))
    from betaneutral_xl.report.slide.picture import png

    return png(slide_of(contents))


def build_pdf(workbook: bytes, *, short: bool = False) -> bytes:
    """Return a report workbook as a PDF, converted by LibreOffice.

    The short one has only the pages for the committee, without the annex.

    Raises
    ------
    HostError
        If LibreOffice is not installed or fails.

    """
    from betaneutral_xl.report.pdf import to_pdf
    from betaneutral_xl.report.xlsx import SHORT

    return to_pdf(workbook, len(SHORT) if short else None)
