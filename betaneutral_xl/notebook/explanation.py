"""Text that a notebook and a terminal show as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.notebook.html import paragraphs as as_html

if TYPE_CHECKING:
    from collections.abc import Sequence


class Explanation(str):
    """A text of paragraphs; its ``repr`` is the text itself, and a notebook shows paragraphs."""

    __slots__ = ()

    @classmethod
    def of(cls, paragraphs: Sequence[str]) -> Explanation:
        """Join paragraphs."""
        return cls("\n".join(paragraphs))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(self.splitlines())
