"""Fragments of HTML for notebooks: escaped, without scripts, styles inline so that nothing else changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from betaneutral_xl.errors import one_line

TABLE = "border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.4em 0"
CELL = "padding:.15em .8em;text-align:{side};border-bottom:1px solid rgba(128,128,128,.3)"
NOTE = "opacity:.75;margin:.2em 0"


def safe(text: str) -> str:
    """Return text from anywhere as HTML text on one line."""
    return escape(one_line(text))


def block(*parts: str) -> str:
    """Return fragments as one element."""
    return f'<div class="betaneutral-xl">{"".join(parts)}</div>'


def title(text: str) -> str:
    """Return a headline."""
    return f"<p><strong>{safe(text)}</strong></p>"


def paragraph(text: str) -> str:
    """Return a paragraph."""
    return f"<p>{safe(text)}</p>"


def notes(texts: Iterable[str]) -> str:
    """Return warnings and remarks, one paragraph each."""
    return "".join(f'<p style="{NOTE}">{safe(text)}</p>' for text in texts)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Return a table; its first ``texts`` columns are texts and the others numbers."""
    sides = ["left" if place < texts else "right" for place in range(len(headings))]
    head = _row("th", headings, sides)
    body = "".join(_row("td", row, sides) for row in rows)
    return f'<table style="{TABLE}"><thead>{head}</thead><tbody>{body}</tbody></table>'


def _row(tag: str, cells: Sequence[str], sides: Sequence[str]) -> str:
    shown = (
        f'<{tag} style="{CELL.format(side=side)}">{safe(cell)}</{tag}>'
        for cell, side in zip(cells, sides, strict=True)
    )
    return f"<tr>{''.join(shown)}</tr>"
