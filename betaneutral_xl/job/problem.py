"""A problem file: an optimisation with all names replaced, which a maintainer can replay.

It is a snapshot whose inputs are weights, baskets, covariance and past errors alone: no ticker, fund, day,
price, share or net asset value. Names keep their order, as the order of rows is part of the problem.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.forecast_errors import forecast_errors, tickers_of
from betaneutral_xl.engine.hedging import EXACT
from betaneutral_xl.errors import InputError
from betaneutral_xl.job import run
from betaneutral_xl.job.input_options import Role, option
from betaneutral_xl.job.inputs import read
from betaneutral_xl.job.request import LEGS, Request, target_tickers
from betaneutral_xl.job.snapshot import write_snapshot
from betaneutral_xl.job.value_files import covariance_csv, etf_file
from betaneutral_xl.model.arrays import positions_of
from betaneutral_xl.model.constraints import ALL, Range
from betaneutral_xl.model.history import RecordedErrors
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import Percent
from betaneutral_xl.readers.raw_input import RawInput, Reader
from betaneutral_xl.system.saving import to_csv

if TYPE_CHECKING:
    from betaneutral_xl.job.run import Inputs
    from betaneutral_xl.model.alignment import Aligned

TOLERANCE = 1e-9
"""Largest difference of weights and betas between a problem and what it was made from."""


def write_problem(path: Path | str, request: Request, inputs: Inputs) -> None:
    """Write an optimisation with its names replaced to a file, usually ``.zip``.

    Raises
    ------
    InputError
        If it cannot be stated without names, or the file cannot be written.

    """
    raw_inputs, options = anonymised(request, inputs)
    write_snapshot(path, raw_inputs, options)


def anonymised(request: Request, inputs: Inputs) -> tuple[tuple[RawInput, ...], dict[str, Any]]:
    """Return inputs and options with all names replaced, verified against what they were made from."""
    aligned = run.align(request, inputs)
    names = Names.of(request, inputs)
    markets = () if inputs.market is None else (inputs.market,)
    raw = (
        _holdings(names, inputs.holdings),
        *(etf_file(etf, names.etfs[etf.name], names.tickers) for etf in inputs.etfs),
        *(etf_file(one, names.etfs[one.name], names.tickers, Role.MARKET) for one in markets),
        _covariance(names, inputs.covariance, aligned, request),
    )
    options = _options(names, request)
    _verify(aligned, raw, options)
    found = (read(one, _KINDS[one.reader]).raw_input for one in raw)
    return tuple(found), options


_KINDS: Mapping[Reader, Any] = {
    Reader.HOLDINGS_FILE: Holdings,
    Reader.ETF_FILE: Etf,
    Reader.COVARIANCE: Covariance,
}


@dataclass(frozen=True, slots=True)
class Names:
    """What stands for each ticker, ETF and group."""

    tickers: Mapping[str, str]
    etfs: Mapping[str, str]
    groups: Mapping[str, str]

    @classmethod
    def of(cls, request: Request, inputs: Inputs) -> Names:
        """Return a number for each name, in their order."""
        limits = request.constraints
        funds = (*inputs.etfs, *([inputs.market] if inputs.market else []))
        listed = {
            *inputs.holdings.tickers,
            *inputs.covariance.tickers,
            *(ticker for etf in funds for ticker in etf.tickers),
            *limits.frozen,
            *(ticker for members in limits.groups.values() for ticker in members),
            *(ticker for ticker in (*limits.lower, *limits.upper) if ticker != ALL),
            *([] if inputs.market or not request.market else [normalise(request.market)]),
        }
        tickers = {name: f"N{place:05d}" for place, name in enumerate(sorted(listed), 1)}
        etfs = {etf.name: tickers.get(etf.own_ticker, f"ETF{place}") for place, etf in enumerate(funds, 1)}
        return cls(tickers, etfs, {name: f"GROUP{place}" for place, name in enumerate(limits.groups, 1)})


def _holdings(names: Names, holdings: Holdings) -> RawInput:
    rows = [(names.tickers[ticker], weight) for ticker, weight in holdings.weight_of.items()]
    table = to_csv(("ticker", "weight"), [*rows, ("CASH", holdings.cash)])
    return RawInput(reader=Reader.HOLDINGS_FILE, name="portfolio.csv", content=table.encode())


def _covariance(names: Names, covariance: Covariance, aligned: Aligned, request: Request) -> RawInput:
    tickers = tuple(names.tickers[one] for one in covariance.tickers)
    history = tuple(replace(one, tickers=tickers) for one in _past_errors(aligned, request))
    nowhere = Provenance.given(len(tickers))
    nameless = replace(covariance, tickers=tickers, history=history or None, provenance=nowhere)
    return RawInput(
        reader=Reader.COVARIANCE,
        name="covariance.csv",
        content=covariance_csv(nameless, tickers).encode(),
        options={"unit": "annual"},
    )


def _past_errors(aligned: Aligned, request: Request) -> tuple[RecordedErrors, ...]:
    """Return the past errors of the betas to the ETFs, as the objective uses them; none without all."""
    risk = aligned.risk_model
    used = {
        *aligned.instruments.tickers,
        *(one for one in target_tickers(request.target) if one in risk.tickers),
    }
    if risk.history is None or not used <= tickers_of(risk.history):
        return ()
    units = np.zeros((len(risk.tickers), len(aligned.etf_names)))
    units[positions_of(aligned.instruments.tickers, risk.tickers)] = aligned.units
    found = []
    for unit in units.T:
        errors = forecast_errors(risk.history, risk.tickers, unit)
        if errors is None:
            return ()
        past = np.nan_to_num(errors.errors)  # of names that are not used
        found.append(RecordedErrors(risk.tickers, unit, past, errors.own, errors.sampling_matrix()))
    return tuple(found)


def _options(names: Names, request: Request) -> dict[str, Any]:
    """Return what is required as plain options, with names replaced."""
    options: dict[str, Any] = {
        "method": str(request.method),
        "objective": str(request.objective),
        "target": _target(names, request.target),
        "on_missing": str(request.on_missing),
        "etf_on_missing": str(request.etf_on_missing),
    }
    for name in request.constraints.given:
        options[name] = _limit(names, name, getattr(request.constraints, name))
    if request.legs != EXACT:
        options |= {name: getattr(request.legs, field) for name, field in LEGS.items()}
    if options.get("leg_limit") == math.inf:
        del options["leg_limit"]
    if request.market:
        replaced = {**names.tickers, **names.etfs}
        options["market"] = replaced.get(request.market) or names.etfs.get(_stem(request.market), "")
        options["market_share"] = request.market_share
    return {name: value for name, value in options.items() if value != ""}


def _stem(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2].partition(".")[0]


def _target(names: Names, target: Any) -> Any:
    if hasattr(target, "items"):
        return {names.etfs.get(etf, etf): _target(names, one) for etf, one in target.items()}
    return names.tickers.get(normalise(target), "0") if isinstance(target, str) else _plain(target)


def _limit(names: Names, name: str, value: Any) -> Any:
    if name == "groups":
        return {
            names.groups[group]: [names.tickers[one] for one in members if one in names.tickers]
            for group, members in value.items()
        }
    if name == "frozen":
        return [names.tickers[one] for one in value]
    if hasattr(value, "items"):
        replaced = {**names.tickers, **names.etfs, **names.groups}
        return {replaced.get(key, key): _plain(one) for key, one in value.items()}
    return _plain(value)


def _plain(value: Any) -> Any:
    """Return a number as the parser of options reads it, a range as its ends."""
    if isinstance(value, Range):
        ends = ("" if math.isinf(one) else str(_plain(one)) for one in (value.low, value.high))
        return ":".join(ends)
    if isinstance(value, Percent):
        return f"{100.0 * float(value)!r}%"
    return str(value) if isinstance(value, str) else value


def _verify(aligned: Aligned, raw: Iterable[RawInput], options: Mapping[str, Any]) -> None:
    """Compare the problem, as it will be read, with what it was made from."""
    values = [read(one, _KINDS[one.reader]).value for one in raw]
    portfolio, *funds, risk = values
    markets = [one for one, file in zip(values, raw, strict=True) if option(file, "role") is Role.MARKET]
    etfs = tuple(one for one in funds if one not in markets)
    inputs = run.Inputs(portfolio, etfs, risk, market=markets[0] if markets else None)
    again = run.align(Request.parse(options, inputs.etf_names), inputs)
    same = again.etf_betas.shape == aligned.etf_betas.shape and all(
        one.shape == other.shape and np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        for one, other in (
            (again.covered_weights, aligned.covered_weights),
            (again.betas, aligned.betas),
            (again.etf_betas, aligned.etf_betas),
        )
    )
    if not same:
        msg = (
            "The problem cannot be stated without its names: its betas would change. "
            "Save it with --snapshot, which has all inputs, and send that in confidence."
        )
        raise InputError(msg)
