"""The answer page as one slide: a picture, or a slide whose text and charts can be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.report.slide.content import slide_of

if TYPE_CHECKING:
    from betaneutral_xl.report.contents import Contents


def build(contents: Contents, suffix: str) -> bytes:
    """Return the slide in the format of a file name's suffix, ``.png`` or ``.pptx``.

    Raises
    ------
    MissingPackage
        If the package that draws it is not installed.

    """
    slide = slide_of(contents)
    if suffix.lower() == ".pptx":
        from betaneutral_xl.report.slide.powerpoint import presentation

        return presentation(slide)
    from betaneutral_xl.report.slide.picture import png

    return png(slide)
