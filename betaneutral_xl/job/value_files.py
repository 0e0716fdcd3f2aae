"""Inputs that were given as values, on sheets or in Python, as the files that a snapshot keeps.

What came from a file or the network is kept as its bytes (``run.Inputs.raw_inputs``). Of a value there are
none: these files are written from it, and read back to the same betas.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.attribution import Position
from betaneutral_xl.errors import InputError
from betaneutral_xl.job.input_options import Role
from betaneutral_xl.job.inputs import drift_rows, is_file_name, read
from betaneutral_xl.job.request import target_tickers
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import digest
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.raw_input import RawInput, Reader, with_nav
from betaneutral_xl.system.saving import to_csv

if TYPE_CHECKING:
    from betaneutral_xl.job.request import Request
    from betaneutral_xl.job.run import Inputs
    from betaneutral_xl.model.provenance import Provenance

DAY = "2000-01-01"
"""The day of a covariance that has none: the format has one."""

BENCHMARK = "IWV"
"""The benchmark of the fund's API, which comes with every answer."""

SAME = 1e-9
"""Largest difference of weights and betas between a value and its file."""


def raw_inputs_of(inputs: Inputs, request: Request) -> tuple[RawInput, ...]:
    """Return the files of inputs: their own, else files that are written from the values.

    Of the covariance only the names are kept that the portfolio, the ETFs and the request have.

    Raises
    ------
    InputError
        If a value cannot be written so that it is read back with the same betas.

    """
    if inputs.raw_inputs:
        return inputs.raw_inputs
    portfolio = _holdings_file(inputs.holdings)
    funds = [_stamped(etf_file(one), one.provenance) for one in inputs.etfs]
    risk = _covariance_file(inputs, request)
    markets = () if inputs.market is None else (inputs.market,)
    market_files = [_stamped(etf_file(one, role=Role.MARKET), one.provenance) for one in markets]
    again = Position(
        read(portfolio, Holdings).value,
        tuple(read(one, Etf).value for one in funds),
        read(risk, Covariance).value,
    )
    before = Position(inputs.holdings, inputs.etfs, inputs.covariance).betas()
    after = again.betas()
    same = before.keys() == after.keys() and all(
        math.isclose(before[name], after[name], rel_tol=SAME, abs_tol=SAME) for name in before
    )
    if not same:
        msg = (
            "The inputs on the sheets cannot be kept so that they are read back as they are: their betas "
            "would change. Name the files that they are from, and set Inputs from to fetch."
        )
        raise InputError(msg)
    return (portfolio, *funds, *market_files, risk)


def etf_file(
    etf: Etf, name: str = "", tickers: Mapping[str, str] | None = None, role: Role | None = None
) -> RawInput:
    """Return an ETF's basket, scaled to its whole exposure; what has no ticker is one name without risk data.

    It is called by another name, and its tickers by others, where these are given.
    """
    scale, unnamed = etf.leverage, math.fsum(etf.unnamed_weights.tolist())
    rows = [
        (tickers[ticker] if tickers else ticker, f"{100.0 * scale * weight!r}")
        for ticker, weight in zip(etf.tickers, etf.weights.tolist(), strict=True)
    ]
    if unnamed:
        rows.append(("UNNAMED", f"{100.0 * scale * unnamed!r}"))
    return RawInput(
        reader=Reader.ETF_FILE,
        name=f"{name or etf.name}.csv",
        content=to_csv(("ticker", "weight (%)"), rows).encode(),
        options={} if role is None else {"role": role},
    )


def covariance_csv(covariance: Covariance, order: Sequence[str]) -> str:
    """Return a covariance as CSV in the API's format, with the returns behind it as comments below."""
    matrix = covariance.select(order).form.dense().tolist()
    day = covariance.as_of.isoformat() if covariance.as_of else DAY
    rows = ((day, ticker, *row) for ticker, row in zip(order, matrix, strict=True))
    below = (",".join(map(str, row)) for row in drift_rows(covariance, order))
    return to_csv(("date", "ticker", *order), rows) + "".join(f"{line}\n" for line in below)


def _holdings_file(holdings: Holdings) -> RawInput:
    """Return a portfolio's table: in shares and prices if its weights follow from them, else in weights."""
    shares, prices, nav = holdings.shares, holdings.prices, holdings.nav
    if (
        shares is not None
        and prices is not None
        and nav is not None
        and np.allclose(shares * prices / nav, holdings.weights, rtol=0.0, atol=SAME)
    ):
        positions = zip(holdings.tickers, shares.tolist(), prices.tolist(), strict=True)
        content = to_csv(("ticker", "shares", "price"), [*positions, ("CASH", holdings.cash * nav, 1.0)])
    else:
        content = to_csv(("ticker", "weight"), [*holdings.weight_of.items(), ("CASH", holdings.cash)])
    raw = RawInput(reader=Reader.HOLDINGS_FILE, name=f"{holdings.fund}.csv", content=content.encode())
    return _stamped(with_nav(raw, holdings.nav), holdings.provenance)


def _covariance_file(inputs: Inputs, request: Request) -> RawInput:
    risk, mandate = inputs.covariance, request.mandate
    funds = (*inputs.etfs, *(() if inputs.market is None else (inputs.market,)))
    named = {*target_tickers(request.target), request.market, BENCHMARK}
    used = {
        *inputs.holdings.tickers,
        *(ticker for etf in funds for ticker in (*etf.tickers, etf.own_ticker)),
        *(normalise(one) for one in named if one and not is_file_name(one)),
        *([] if mandate is None else [mandate.benchmark]),
    }
    content = covariance_csv(risk, [one for one in risk.tickers if one in used])
    raw = RawInput(
        reader=Reader.COVARIANCE, name="covariance.csv", content=content.encode(), options={"unit": "annual"}
    )
    return _stamped(raw, risk.provenance)


def _stamped(raw: RawInput, origin: Provenance) -> RawInput:
    """Return a file with the source and the day of the value that it was written from."""
    return replace(raw, provenance=replace(origin, sha256=digest(raw.data)))
