"""New weights that were not computed in this run: read from a file or a sheet, evaluated on its inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, MissingValue, UnknownTicker, listing
from betaneutral_xl.job import run
from betaneutral_xl.model.constraints import Range
from betaneutral_xl.model.portfolio import SAME_WEIGHT
from betaneutral_xl.readers.proposals import parse_proposal
from betaneutral_xl.system.files import read_bytes, shown_name

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.request import Request
    from betaneutral_xl.job.run import Inputs
    from betaneutral_xl.model.arrays import FloatArray

SAME_BETA = 1e-6
"""Betas that differ by less are taken as equal: cells keep fewer digits."""


def of_file(path: Path | str, request: Request, inputs: Inputs) -> Rebalance:
    """Return the new weights of a file, evaluated on the inputs that they were proposed for.

    The file is what ``rebalance --csv`` or ``--json`` writes, a report, or a table of ticker and new_weight.
    Limits of the request that the weights break are warnings of the result.

    Raises
    ------
    MissingValue
        If a held name has no new weight.
    UnknownTicker
        If a name is in neither portfolio, ETFs nor risk model.
    InputError
        If the weights before are others than those of the portfolio, or a trade has no risk data.

    """
    name = shown_name(path)
    proposed = parse_proposal(read_bytes(path), name)
    current = run.hedge(request, inputs)
    place = {ticker: i for i, ticker in enumerate(current.tickers)}
    unknown = sorted(ticker for ticker, weight in proposed.new.items() if weight and ticker not in place)
    if unknown:
        msg = f"{name} has new weights of {listing(unknown)}, in neither portfolio nor ETFs. Remove them."
        raise UnknownTicker(msg, tickers=unknown)
    held = dict(zip(current.tickers, current.weights.tolist(), strict=True))
    lacking = sorted(ticker for ticker, weight in held.items() if weight and ticker not in proposed.new)
    if lacking:
        msg = f"{name} has no new weight for {listing(lacking)}. Add them; 0 sells a position."
        raise MissingValue(msg, tickers=lacking)
    changed = [
        ticker for ticker, one in proposed.before.items() if abs(one - held.get(ticker, 0.0)) > SAME_WEIGHT
    ]
    if changed:
        first = changed[0]
        msg = (
            f"The portfolio is not that of {name}: the weight of {first} is {proposed.before[first]:.6g} "
            f"there and {held.get(first, 0.0):.6g} now. Give the portfolio of the proposal, or propose again."
        )
        raise InputError(msg, tickers=changed)
    weights = np.array([proposed.new.get(ticker, 0.0) for ticker in current.tickers])
    result = evaluated(current, weights)
    broken = violated_limits(request, result)
    note = (f"The new weights of {name} break limits: {'; '.join(broken)}.",) if broken else ()
    notes = (*proposed.warnings, *note)
    return replace(result, notes=(*result.notes, *notes)) if notes else result


def evaluated(current: Rebalance, new_weights: FloatArray) -> Rebalance:
    """Return a result with other new weights (N,); those that differ by the rounding of a cell stay.

    Raises
    ------
    InputError
        If a name without risk data would be traded: the beta of the trade is unknown.

    """
    unchanged = np.abs(new_weights - current.weights) <= np.finfo(np.float64).eps * 8
    result = replace(current, new_weights=np.where(unchanged, current.weights, new_weights))
    uncovered = sorted(set(result.traded) - set(result.aligned.covered_tickers))
    if uncovered:
        msg = f"No risk data for {listing(uncovered)}: the beta of a trade in it is unknown. Undo the edit."
        raise InputError(msg, tickers=uncovered)
    return result


def violated_limits(request: Request, result: Rebalance) -> tuple[str, ...]:
    """Name the limits required that new weights do not keep to."""
    limits = request.constraints
    if limits.net is None:  # only reweighting keeps the net exposure unasked
        limits = replace(limits, net=Range())
    checks = result.check_limits(limits, SAME_BETA)
    return tuple(f"{one.name} (off by {one.residual:.4g})" for one in checks if not one.passed)
