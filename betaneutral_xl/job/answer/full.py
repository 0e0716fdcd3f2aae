"""What takes longer than the rest of the answer page: the alternatives, and the steps to the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import InputError, ModelError
from betaneutral_xl.job import run
from betaneutral_xl.job.answer.build import answer_page
from betaneutral_xl.model.notices import Notice, Subject

if TYPE_CHECKING:
    from betaneutral_xl.engine.compare import Alternative
    from betaneutral_xl.engine.frontier import Point
    from betaneutral_xl.job.answer.page import AnswerPage
    from betaneutral_xl.job.run import Outcome


def full_page(outcome: Outcome, *, nav: float | None = None) -> AnswerPage:
    """Return the answer page of an outcome with the alternatives beside it; ``nav`` as of ``answer_page``."""
    alternatives, notices = alternatives_of(outcome)
    return answer_page(outcome, alternatives=alternatives, notices=notices, nav=nav)


def alternatives_of(outcome: Outcome) -> tuple[tuple[Alternative, ...], tuple[Notice, ...]]:
    """Return the alternatives, or a notice why there are none."""
    try:
        return run.compare(outcome.request, outcome.inputs).alternatives, ()
    except ModelError as error:
        return (), (Notice(f"No comparison of alternatives: {error}", Subject.METHOD),)


def frontier_of(outcome: Outcome, steps: int) -> tuple[Point, ...]:
    """Return the steps to the target; none where the request has no target or nothing reaches it."""
    ranges = outcome.request.constraints.beta or outcome.request.method is Method.SCALED
    if ranges or outcome.infeasible:
        return ()
    try:
        return run.frontier(outcome.request, outcome.inputs, steps)
    except (InputError, ModelError):
        return ()
