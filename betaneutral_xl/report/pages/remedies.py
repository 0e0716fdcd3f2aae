"""What an infeasible request can reach, what binds, and what would help: on two of the pages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from betaneutral_xl.report import style

if TYPE_CHECKING:
    from betaneutral_xl.job.answer import AnswerPage
    from betaneutral_xl.report.pages.layout import Page


def remedies(page: Page, answer: AnswerPage) -> None:
    """Write what an infeasible request can reach, what binds, and what would help."""
    found = answer.infeasibility
    if found is None:
        return
    page.section("Why not, and what would help")
    bold = style.LABEL.replace(wrap=False)
    for one in found.reachable:
        text = f"from {one.low:.2f} to {one.high:.2f}, nearest to the target {one.nearest:.2f}"
        known = math.isfinite(one.nearest)
        page.line([(f"Reachable beta to {one.etf}", bold), (text if known else "none", style.CELL)])
    binding = (", ".join(found.binding),) if found.binding else ()
    for label, lines in (("Binding", binding), ("Any one of these suffices", found.changes)):
        for n, text in enumerate(lines):
            page.line([("" if n else label, bold), (f"{text[:1].upper()}{text[1:]}", style.CELL)])
    legs = ", ".join(
        f"{leg.action} {abs(leg.ratio):.1%} of net asset value in {leg.name}" for leg in found.hedge
    )
    for label, text in (
        ("Or beside the nearest weights", legs),
        ("Or another target", found.other_target),
    ):
        if text:
            page.line([(label, bold), (text, style.CELL)])
