"""One run: what is required, with its inputs, to an answer; the one place where the engine is called.

Every front end makes a ``Request`` and ``Inputs``, and calls one of these functions; what they
return stands in ``outcome``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.engine.hedging import EXACT
from betaneutral_xl.engine.result import Method
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.errors import Infeasible, InputError, MissingValue
from betaneutral_xl.job.outcome import Comparison, Inputs, Outcome
from betaneutral_xl.model.constraints import UNLIMITED

if TYPE_CHECKING:
    from betaneutral_xl.engine.frontier import Point
    from betaneutral_xl.engine.neutral import Question, Target
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.reachable import Reachable
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.request import OrderTerms, Request
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.quotes import Quotes


__all__ = ["Comparison", "Inputs", "Outcome"]


def run(request: Request, inputs: Inputs) -> Outcome:
    """Answer a request; where nothing keeps all its limits, with the reason.

    Raises
    ------
    BetaNeutralError
        If the request contradicts itself or the inputs admit no answer for another reason.

    """
    try:
        return Outcome(request, inputs, solve(request, inputs))
    except Infeasible as error:
        return infeasible(request, inputs, error)


def infeasible(request: Request, inputs: Inputs, error: Infeasible) -> Outcome:
    """Return the outcome of a request that nothing keeps; raise an error that lacks what can be reached."""
    if error.reachable is None:
        raise error
    return Outcome(request, inputs, unchanged(request, inputs), error)


def solve(request: Request, inputs: Inputs) -> Rebalance:
    """Return the weights that a request requires; raises what ``neutralise`` raises."""
    from betaneutral_xl.engine.neutral import neutralise
    from betaneutral_xl.job.standing import notes

    request = within(request, inputs)
    result = neutralise(_question(request, inputs))
    return replace(result, notes=(*result.notes, *notes(request, inputs, result)))


def within(request: Request, inputs: Inputs) -> Request:
    """Return the request without its mandate's limits of names that are neither held nor in an ETF.

    Standing rules name whatever the fund may ever hold; a name that the run itself gives stays, and is an
    error where it is unknown.
    """
    if request.mandate is None:
        return request
    theirs = request.mandate.constraints
    known = {*inputs.holdings.tickers, *(one for etf in inputs.etfs for one in etf.tickers)}
    idle = {*theirs.lower, *theirs.upper, *theirs.frozen} - known
    limits = request.constraints
    kept = {*limits.lower, *limits.upper, *limits.frozen} - idle
    return request.replace(constraints=limits.among(kept))


def hedge(request: Request, inputs: Inputs) -> Rebalance:
    """Return the hedge to beta 0, whatever method and target are required: to put other weights in."""
    from betaneutral_xl.engine.neutral import neutralise

    return neutralise(_question(_plain_hedge(request, 0.0), inputs))


def unchanged(request: Request, inputs: Inputs) -> Rebalance:
    """Return the portfolio as it is, with what is required of it.

    The hedge ratios are those that would bring it to the target; nothing is traded.
    """
    from betaneutral_xl.engine.neutral import neutralise

    request = within(request, inputs)
    hedged = neutralise(_question(_plain_hedge(request, request.target), inputs))
    return replace(hedged.unchanged(), method=request.method, constraints=request.constraints)


def reach(request: Request, inputs: Inputs) -> Reachable:
    """Return the betas that reweighting can reach; raises what ``engine.neutral.reach`` raises."""
    from betaneutral_xl.engine.neutral import reach as reachable_betas

    if request.legs != EXACT:
        msg = (
            "Ridge, leg limit and sell-only are limits on hedge ratios: reweighting has none. Leave them out."
        )
        raise InputError(msg)
    return reachable_betas(_question(within(request, inputs), inputs))


def compare(request: Request, inputs: Inputs, benchmark: str | None = None) -> Comparison:
    """Return the alternatives side by side; raises what ``engine.compare.compare`` raises."""
    from betaneutral_xl.engine.compare import compare as put_beside
    from betaneutral_xl.engine.compare import drift_sentence, hedge_of

    request = within(request, inputs)
    standing = request.mandate.benchmark if request.mandate else ""
    found = put_beside(_question(request, inputs), benchmark or standing or None)
    drift = filter(None, (drift_sentence(found, name) for name in inputs.etf_names))
    return Comparison(found, hedge_of(found), tuple(drift))


def frontier(request: Request, inputs: Inputs, steps: int = 10) -> tuple[Point, ...]:
    """Return what each step to the target costs; raises what ``engine.frontier.frontier`` raises."""
    from betaneutral_xl.engine.frontier import frontier as to_target

    return to_target(_question(within(request, inputs), inputs), steps)


def align(request: Request, inputs: Inputs) -> Aligned:
    """Return the three inputs on one list of names; raises what ``model.alignment.align`` raises."""
    from betaneutral_xl.model.alignment import align as on_one_list

    policies, market = (request.on_missing, request.etf_on_missing), inputs.market_of(request)
    return on_one_list(inputs.holdings, inputs.etfs, inputs.covariance, *policies, market=market)


def orders(result: Rebalance, quotes: Quotes, terms: OrderTerms) -> Orders:
    """Return the orders that new weights take.

    Raises
    ------
    MissingValue
        If there is no net asset value, or what is traded has no price.

    """
    from betaneutral_xl.engine.order_terms import Tradable
    from betaneutral_xl.engine.orders import Ticket, orders_in, sold_names

    nav = result.aligned.holdings.nav if terms.nav is None else terms.nav
    if nav is None:
        msg = "The holdings have no net asset value. Give one, or shares and prices instead of weights."
        raise MissingValue(msg)
    traded = result.traded if terms.trade is Tradable.NAMES else sold_names(result)
    quotes.require(traded)
    if doubts := quotes.doubtful(traded):
        result = replace(result, notes=(*result.notes, *doubts))
    ticket = Ticket(
        prices=quotes.prices,
        nav=nav,
        lots=dict.fromkeys(traded, terms.lot),
        min_notional=terms.min_notional,
        cost_bp=result.constraints.cost_bp or terms.cost_bp,
        keep_cash=-math.inf if terms.keep_cash is None else terms.keep_cash,
        volumes=quotes.volumes,
        participation=terms.participation,
    )
    made = orders_in(terms.trade, result, ticket)
    if made.cash < (ticket.keep_cash - CASH_TOLERANCE) * nav:
        msg = (
            f"The orders leave cash of {made.cash / nav:.2%} of net asset value, less than the "
            f"{ticket.keep_cash:.2%} to keep. Limit the net exposure of the new weights (net), or keep less."
        )
        raise InputError(msg)
    return made


CASH_TOLERANCE = 1e-9
"""By how much of net asset value the cash may miss what is to be kept, from rounding in floats."""


def _question(request: Request, inputs: Inputs) -> Question:
    from betaneutral_xl.engine.neutral import Question

    return Question(
        inputs.holdings,
        inputs.etfs,
        inputs.covariance,
        target=request.target,
        method=request.method,
        constraints=request.constraints,
        legs=request.legs,
        objective=request.objective,
        on_missing=request.on_missing,
        etf_on_missing=request.etf_on_missing,
        market=inputs.market_of(request),
    )


def _plain_hedge(request: Request, target: Target) -> Request:
    """Return a request for the hedge to a target without limits, on the same names and market."""
    return request.replace(
        target=target, method=Method.HEDGE, constraints=UNLIMITED, legs=EXACT, objective=Objective.STABLE
    )
