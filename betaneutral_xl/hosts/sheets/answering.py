"""The function BN_ANSWER: the answer page of a problem, computed once for all its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.errors import Infeasible
from betaneutral_xl.hosts.sheets import cells, worksheet
from betaneutral_xl.hosts.sheets.answer_rows import Part, rows_of
from betaneutral_xl.hosts.sheets.entries import Result
from betaneutral_xl.job import run
from betaneutral_xl.job.answer import answer_page, full_page
from betaneutral_xl.model.values import choice

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Grid
    from betaneutral_xl.hosts.sheets.session import Session
    from betaneutral_xl.job.answer import AnswerPage

FULL = frozenset({Part.ALTERNATIVES, None})
"""The parts for which the alternatives are computed, which takes longer than all the rest."""


def answer(session: Session, *values: Grid) -> Result:
    """Return a part of the answer page, or all of it; what is not feasible has a page, too."""
    *problem, part, nav = values
    name = cells.text(part)
    chosen = choice(Part, name, "part of the answer") if name else None
    page = _page(session, tuple(problem), cells.number(nav), full=chosen in FULL)
    return Result(rows_of(page, chosen))


def _page(session: Session, problem: tuple[Grid, ...], nav: float | None, *, full: bool) -> AnswerPage:
    key = ("page", *map(session.key, problem), nav, full, worksheet.mandate_stamp(session, *problem))
    make = full_page if full else answer_page
    return session.results.get_or_compute(key, lambda: make(outcome(session, *problem), nav=nav))


def outcome(session: Session, *problem: Grid) -> run.Outcome:
    """Return the answer to a problem, given by the arguments of BETA_NEUTRAL, or why there is none."""
    holdings, etf, covariance, target_beta, method, constraints = problem
    given = worksheet.inputs(session, holdings, etf, covariance, constraints, target_beta)
    request = worksheet.request(session, given, target_beta, constraints, method)
    try:
        return run.Outcome(request, given, worksheet.solve(session, *problem))
    except Infeasible as error:
        return run.infeasible(request, given, error)
