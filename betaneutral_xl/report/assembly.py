"""What a report shows besides the result: alternatives, orders, realised betas; the same for every host."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from betaneutral_xl.engine.orders import Orders
from betaneutral_xl.errors import InputError, MissingValue, ModelError
from betaneutral_xl.job import run
from betaneutral_xl.job.answer.full import alternatives_of, frontier_of
from betaneutral_xl.job.daily import forecast
from betaneutral_xl.job.realised import Realised, realised_betas
from betaneutral_xl.job.request import OrderTerms
from betaneutral_xl.job.run import Outcome
from betaneutral_xl.job.sources import order_quotes
from betaneutral_xl.model.quotes import Quotes
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.system.settings import Settings

STEPS = 5
"""Number of steps to the target in the report."""


def _silent(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Assembled:
    """The contents of a report, and what they lack."""

    contents: Contents
    notes: tuple[str, ...] = field(default=())


def assemble(
    outcome: Outcome,
    terms: OrderTerms,
    quotes: Quotes | None = None,
    *,
    command: str,
    written_at: datetime,
    snapshot: str = "",
    settings: Settings | None = None,
    progress: Callable[[str], AbstractContextManager[Any]] = _silent,
) -> Assembled:
    """Put together what a report of an outcome shows.

    Parameters
    ----------
    outcome, terms
        The answer, and how its weights become orders; an infeasible one has none.
    quotes
        Prices; by default those of the holdings. Where they are given, orders must be possible with them.
    command, written_at, snapshot
        What made the report, when, UTC, and the name of the frozen inputs.
    settings
        Of the network, to fetch the fund's own forecast where the holdings are of its API; without them it
        is not fetched.
    progress
        Shows what is being done while it lasts.

    Raises
    ------
    MissingValue
        If prices are given, and there is no net asset value or a price is missing.

    """
    notes: list[str] = []
    with progress("Comparing the alternatives ..."):
        alternatives, notices = alternatives_of(outcome)
        notes += notices
        frontier = frontier_of(outcome, STEPS)
    with progress("Backtesting the hedge ..."):
        realised = _realised(outcome, notes)
    own_forecast = None
    if settings is not None:
        with progress("Fetching the fund's own forecast ..."):
            own_forecast, unfetched = forecast.fetch(outcome.request, outcome.inputs, settings)
        notes += unfetched
    orders, no_orders = _orders(outcome, terms, quotes)
    notes += [f"No orders in the report: {no_orders}"] if no_orders else []
    contents = Contents(
        result=outcome.result,
        command=command,
        written_at=written_at,
        snapshot=snapshot,
        alternatives=alternatives,
        orders=orders,
        infeasible=outcome.reachable,
        realised=realised,
        frontier=frontier,
        mandate=outcome.request.mandate,
        notices=tuple(notes),
        forecast=own_forecast,
        no_orders=no_orders,
    )
    return Assembled(contents, tuple(notes))


def _orders(outcome: Outcome, terms: OrderTerms, quotes: Quotes | None) -> tuple[Orders | None, str]:
    """Return the orders, or why prices do not suffice; with prices that are given they must be possible."""
    holdings = outcome.inputs.holdings
    if outcome.infeasible or (terms.nav is None and not holdings.nav and quotes is None):
        return None, ""
    try:
        return run.orders(outcome.result, quotes or order_quotes(holdings, None), terms), ""
    except MissingValue as error:
        if quotes is not None:
            raise
        return None, str(error)


def _realised(outcome: Outcome, notes: list[str]) -> tuple[Realised, ...]:
    try:
        return realised_betas(outcome.inputs)
    except (InputError, ModelError) as error:
        notes.append(f"No realised betas in the report: {error}")
        return ()
