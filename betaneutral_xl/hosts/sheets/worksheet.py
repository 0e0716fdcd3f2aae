"""The implementation of each worksheet function: grids of its arguments in, rows out.

The registry in ``functions`` has their names and help.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.compare import compare, hedge_of
from betaneutral_xl.engine.neutral import neutralise, reach
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import ExpiredHandle, FailedCell, InputError, MissingValue, UnreadableFile
from betaneutral_xl.hosts.sheets import cells, matrices, ranges
from betaneutral_xl.hosts.sheets.entries import Origins, Result
from betaneutral_xl.hosts.sheets.handles import is_handle
from betaneutral_xl.hosts.sheets.named_values import named_values
from betaneutral_xl.job import api, views
from betaneutral_xl.job.api import choice
from betaneutral_xl.model.alignment import OnMissing, align
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.portfolio import AssetClass, Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, now
from betaneutral_xl.model.quotes import Quotes
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.readers.etf_files import NAME, find_etf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from betaneutral_xl.engine.neutral import Target
    from betaneutral_xl.hosts.sheets.cells import Grid
    from betaneutral_xl.hosts.sheets.session import Session

DEMO = "demo"
"""The name of the embedded sample, as fund, ETF and risk model."""

POLICIES = {"on_missing": OnMissing.ERROR, "etf_on_missing": OnMissing.DROP}
"""Rows of the constraints that are policies, not limits, with their defaults."""


# ---------------------------------------------------------------- the main functions


def fetch_holdings(session: Session, fund: Grid, as_of: Grid, start: Grid, refresh: Grid) -> Result:
    """Return ticker, shares, price, market_value, weight."""
    name = cells.text(fund) or ""
    if name.lower() == DEMO:
        from betaneutral_xl.job import sample

        holdings = sample.load_holdings()
        if cells.day(as_of) not in {None, holdings.as_of}:
            msg = (
                f"The sample has the holdings of {holdings.as_of} only. Give that date, or leave as_of blank."
            )
            raise InputError(msg)
    else:
        day = cells.day(as_of) or api.last_weekday(today())
        # A non-blank refresh bypasses the cache of responses; each of its values is fetched once.
        settings = session.settings if refresh.blank else replace(session.settings, refresh=True)
        holdings = api.fetch_holdings(name, day, cells.day(start), settings)
    return Result(ranges.holdings_rows(holdings), holdings)


def load_etf(session: Session, source: Grid, fund: Grid, classes: Grid) -> Result:
    """Return ticker, name, weight, class."""
    name = cells.text(source) or ""
    chosen = [part for cell in cells.vector(classes) for part in cells.as_text(cell, "classes").split(",")]
    if name.lower() == DEMO:
        from betaneutral_xl.job import sample

        etf = sample.load_etf()
    else:
        etf = api.load_etf(
            resolve_file(session, name), cells.text(fund), chosen or (AssetClass.EQUITY,), session.settings
        )
    return Result(ranges.etf_rows(etf), etf)


def covariance(
    session: Session, tickers_or_data: Grid, method: Grid, options: Grid, as_handle: Grid
) -> Result:
    """Return a labelled matrix, or its handle."""
    data = tickers_or_data
    if is_handle(data.rows[0][0]) or matrices.is_labelled_matrix(data):
        _refuse("method", method, "the argument is a covariance already, so nothing is estimated")
        risk = _existing(session, data, named_values(options))
    elif data.is_vector:
        risk = _fetched(session, ranges.tickers(data), cells.text(method), named_values(options))
    else:
        risk = _estimated(data, cells.text(method), named_values(options))
    if cells.flag(as_handle):
        return Result([[session.handles.put(risk)]], risk)
    return Result(matrices.covariance_rows(risk), risk)


def beta_neutral(session: Session, *problem: Grid) -> Result:
    """Return the aligned table of weights, the cash line last."""
    result = solve(session, *problem)
    return Result([result.columns, *result.rows()], result)


# ---------------------------------------------------------------- companions


def betas(session: Session, holdings: Grid, etf: Grid, covariance: Grid) -> Result:
    """Return each held name's beta to each ETF and its contribution to the portfolio's beta."""
    portfolio, baskets, risk = inputs(session, holdings, etf, covariance)
    aligned = align(portfolio, baskets, risk, OnMissing.DROP)
    beta = aligned.expand(aligned.betas, math.nan)
    error = aligned.expand(aligned.beta_errors, math.nan)
    volatility = aligned.expand(aligned.covariance.volatilities, math.nan)
    names = [f"_{name}" for name in aligned.etf_names] if len(baskets) > 1 else [""]
    head = ["ticker", "weight", "volatility"]
    head += [f"{stem}{name}" for stem in ("predicted_beta", "beta_error", "contribution") for name in names]
    table = np.column_stack([aligned.weights, volatility, beta, error, aligned.weights[:, None] * beta])
    held = set(portfolio.tickers)
    rows = [[t, *row] for t, row in zip(aligned.tickers, table.tolist(), strict=True) if t in held]
    rows.sort(key=lambda row: (math.isnan(row[-1]), -abs(row[-1]), row[0]))
    head += [f"coverage{name}" for name in names]
    covered = [unit.covered for unit in aligned.coverage.units.values()]
    return Result([head, *([*row, *covered] for row in rows)], provenance_of(portfolio, *baskets, risk))


def exposure(session: Session, *problem: Grid) -> Result:
    """Return the measures of the portfolio before and after."""
    result = solve(session, *problem)
    return Result(exposure_rows(result), input_provenance(result))


def exposure_rows(result: Rebalance) -> list[list[Any]]:
    """Return the summary as rows, with the standard errors of the betas and the ETFs' coverage."""
    betas = {
        f"beta to {name}": (result.before.beta_error[name], result.after.beta_error[name], unit.covered)
        for name, unit in result.coverage.units.items()
    }
    return [
        ["measure", "before", "after", "error_before", "error_after", "coverage"],
        *(
            [one.label, one.before, one.after, *betas.get(one.label, (None, None, None))]
            for one in views.lines(result)
        ),
    ]


def feasible(session: Session, *problem: Grid) -> Result:
    """Return the range of feasible betas, the binding limits, and the relaxations that would help."""
    holdings, etf, covariance, target_beta, constraints = problem
    portfolio, baskets, risk = inputs(session, holdings, etf, covariance)
    found = reach(portfolio, baskets, risk, target=target(target_beta, baskets), **limits(constraints))
    return Result(
        [
            ["etf", "target", "lowest", "highest", "nearest", "sell_beside", "coverage"],
            *(
                [name, str(aim), *numbers, found.coverage.units[name].covered]
                for name, aim, *numbers in found.lines()
            ),
            ["summary", found.sentence()],
            *(["at its limit", name] for name in found.binding),
            *(["would help", one.sentence] for one in found.relaxations),
        ],
        provenance_of(portfolio, *baskets, risk),
    )


def compared(session: Session, *problem: Grid) -> Result:
    """Return the alternatives that reach the target beta, one row each."""
    holdings, etf, covariance, target_beta, constraints, benchmark = problem
    portfolio, baskets, risk = inputs(session, holdings, etf, covariance)
    aim, fund = target(target_beta, baskets), cells.text(benchmark)
    alternatives = compare(portfolio, baskets, risk, target=aim, benchmark=fund, **limits(constraints))
    names = [etf.name for etf in baskets]
    tails = [f"_{name}" for name in names] if len(names) > 1 else [""]
    measures = ("volatility", "tracking_error", "turnover", "cost", "gross", "net", "trades", "note")
    covered = [unit.covered for unit in hedge_of(alternatives).coverage.units.values()]
    return Result(
        [
            [
                "alternative",
                *(f"{stem}{tail}" for tail in tails for stem in ("beta", "beta_error")),
                *measures,
                *(f"coverage{tail}" for tail in tails),
            ],
            *(
                [
                    one.name,
                    *(number for name in names for number in (one.beta[name], one.beta_error[name])),
                    *(getattr(one, measure) for measure in measures),
                    *covered,
                ]
                for one in alternatives
            ),
        ],
        provenance_of(portfolio, *baskets, risk),
    )


def names(session: Session, holdings: Grid, etf: Grid) -> Result:
    """Return the tickers of the portfolio, the ETFs' constituents and the ETFs, sorted, one per row."""
    portfolio, baskets = tables_of(session, holdings, etf)
    return Result([[name] for name in risk_tickers(portfolio, baskets)])


def matrix(session: Session, handle: Grid) -> Result:
    """Return the labelled matrix of a handle."""
    cell = handle.rows[0][0]
    if not is_handle(cell):
        msg = (
            f"{handle.what} is not a handle such as cov#301744e113b4 [500x500]. Give the cell that shows one."
        )
        raise InputError(msg)
    risk = session.handles.get(str(cell))
    return Result(matrices.covariance_rows(risk), risk)


def status(session: Session, result: Grid) -> Result:
    """Return a result's provenance: part, source, location, as_of, fetched_at, age_days, retrieval."""
    origins = sources_of(session, result)
    if not origins:
        msg = (
            f"{result.what} is not the whole, unchanged result of a function of this package. "
            "Select all of it (in Excel, A1#), or recalculate it."
        )
        raise FailedCell(msg)
    head = ["part", "source", "location", "as_of", "fetched_at", "age_days", "retrieval"]
    return Result([head, *(_status_row(part, origin) for part, origin in origins)])


def _status_row(part: str, origin: Provenance) -> list[Any]:
    age = (today() - origin.as_of).days if origin.as_of else None
    fetched_at = origin.fetched_at.strftime("%Y-%m-%d %H:%M UTC")
    return [part, origin.source, origin.location, origin.as_of, fetched_at, age, str(origin.retrieval)]


def last_error(session: Session) -> Result:
    """Return time, function and message of the last error, and the log's name."""
    failure = session.last_error
    if failure is None:
        return Result([["No error since the start."]])
    at = failure.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    text = failure.text.removeprefix(cells.PREFIX)  # with it, the cell itself would count as an error
    return Result([["at", at], ["function", failure.function], ["error", text], ["log", session.log.name]])


def version(_: Session) -> Result:
    """Return the package's version."""
    from betaneutral_xl import __version__

    return Result([[f"betaneutral_xl {__version__}"]])


# ---------------------------------------------------------------- shared


def inputs(
    session: Session, holdings: Grid, etf: Grid, covariance: Grid
) -> tuple[Holdings, tuple[Etf, ...], Covariance]:
    """Return holdings, ETFs and covariance of three arguments."""
    portfolio, baskets = tables_of(session, holdings, etf)
    return portfolio, baskets, risk_model(session, covariance, risk_tickers(portfolio, baskets))


def tables_of(session: Session, holdings: Grid, etf: Grid) -> tuple[Holdings, tuple[Etf, ...]]:
    """Return portfolio and ETFs: the values behind functions' results, else read from the tables."""
    origin = session.origin(holdings)
    portfolio = origin if isinstance(origin, Holdings) else ranges.holdings(holdings)
    baskets: list[Etf] = []
    for place, block in enumerate(ranges.side_by_side(etf), start=1):
        origin = session.origin(block)
        baskets += [origin] if isinstance(origin, Etf) else ranges.etfs(block, place)
    return portfolio, tuple(baskets)


def union(portfolio: Holdings, etfs: Sequence[Etf]) -> tuple[str, ...]:
    """Return the tickers of a portfolio and of the ETFs' constituents, sorted."""
    return tuple(sorted({*portfolio.tickers, *(ticker for etf in etfs for ticker in etf.tickers)}))


def risk_tickers(portfolio: Holdings, etfs: Sequence[Etf]) -> tuple[str, ...]:
    """Return the tickers that a risk model must cover: those of ``union`` and of the ETFs; sorted."""
    own = (etf.own_ticker for etf in etfs if etf.own_ticker)
    return tuple(sorted({*union(portfolio, etfs), *own}))


def risk_model(session: Session, covariance: Grid, names: tuple[str, ...]) -> Covariance:
    """Return a covariance: of a handle, of a labelled matrix, or if blank of the configured source."""
    if covariance.blank:
        return _fetched(session, names, None, {})
    if covariance.is_vector and is_handle(covariance.rows[0][0]):
        return session.handles.get(str(covariance.rows[0][0]))
    origin = session.origin(covariance)
    return origin if isinstance(origin, Covariance) else matrices.covariance(covariance)


def _existing(session: Session, covariance: Grid, options: Mapping[str, Any]) -> Covariance:
    """Return the covariance of a handle or of a labelled matrix, whose unit may be an option."""
    other = [name for name in options if name != "unit"]
    if other or (options and is_handle(covariance.rows[0][0])):
        msg = f"The option {(other or ['unit'])[0]} has no effect on an existing covariance. Omit it."
        raise InputError(msg)
    if options:
        return matrices.covariance(covariance, str(options["unit"]))
    return risk_model(session, covariance, ())


def solve(session: Session, *problem: Grid) -> Rebalance:
    """Solve a problem, given by the arguments of ``BETA_NEUTRAL``; the result is cached."""
    key = ("solve", *(grid.digest() for grid in problem))
    return session.results.get_or_compute(key, lambda: _solve(session, *problem))


def _solve(session: Session, *problem: Grid) -> Rebalance:
    holdings, etf, covariance, target_beta, method, constraints = problem
    portfolio, baskets, risk = inputs(session, holdings, etf, covariance)
    return neutralise(
        portfolio,
        baskets,
        risk,
        target=target(target_beta, baskets),
        method=choice(Method, cells.text(method) or Method.HEDGE, "method"),
        **limits(constraints),
    )


def limits(grid: Grid) -> dict[str, Any]:
    """Return constraints and missing-data policies as keyword arguments of the engine."""
    values = named_values(grid)
    policies = {
        name: choice(OnMissing, str(values.pop(name, default)), f"policy {name}")
        for name, default in POLICIES.items()
    }
    return {"constraints": Constraints.from_mapping(values), **policies}


def target(grid: Grid, etfs: tuple[Etf, ...]) -> Target:
    """Return the target: one beta or ticker for all ETFs, or one per ETF in their order.

    Raises
    ------
    InputError
        If there are several, but not as many as ETFs.

    """
    targets = [_beta(cell, grid.what) for cell in cells.vector(grid)]
    if not targets:
        return 0.0
    if len(targets) == 1:
        return targets[0]
    if len(targets) != len(etfs):
        msg = f"{grid.what} has {len(targets)} cells for {len(etfs)} ETFs. Give one, or one for each."
        raise InputError(msg)
    return dict(zip((etf.name for etf in etfs), targets, strict=True))


def _beta(cell: cells.Cell, what: str) -> float | str:
    if isinstance(cell, float):
        return cell
    printed = cells.as_text(cell, what)
    value = cells.printed_number(printed)
    return printed if value is None else value


def _fetched(
    session: Session, names: tuple[str, ...], source: str | None, options: Mapping[str, Any]
) -> Covariance:
    """Return the covariance of some names from the web API, a file or the embedded sample."""
    if options:
        msg = f"The option {next(iter(options))} is for prices and returns, not for a list of tickers."
        raise InputError(msg)
    if not names:
        msg = "There are no tickers for the risk model. Give a row or a column of tickers."
        raise MissingValue(msg)
    if source is not None and source.lower() == DEMO:
        from betaneutral_xl.job import sample

        model = sample.load_covariance()
        return model.select([name for name in model.tickers if name in {*names, "IWV"}])
    file = resolve_file(session, source) if source else None
    stamp = file_stamp(file) if file else None
    return session.results.get_or_compute(
        ("risk", names, file, stamp), lambda: api.covariance(names, file, session.settings)
    )


def _estimated(data: Grid, method: str | None, options: Mapping[str, Any]) -> Covariance:
    """Return the covariance estimated from a block of prices or returns."""
    from betaneutral_xl.engine import estimators

    others = dict(options)
    returns = matrices.returns(data, others.pop("data", None))
    name = estimators.canonical(method or "default")
    defaults = {
        "window": estimators.WINDOW,
        "min_periods": estimators.MIN_PERIODS,
        **estimators.parameters(name),
    }
    read = {key: _option(key, value, defaults.get(key)) for key, value in others.items()}
    risk = estimators.estimate(returns, name, **read)
    if matrices.is_dated(data):
        return risk
    undated = "The prices or returns have no dates: their days are numbered from 1970-01-01."
    return replace(risk, provenance=replace(risk.provenance, as_of=None), warnings=(undated, *risk.warnings))


def _option(name: str, value: Any, default: object) -> Any:
    """Return an option of an estimator in the type of its default: boolean, number, date or text."""
    what = f"The option {name}"
    if name == "as_of":
        return cells.day(cells.read(value, what))
    if isinstance(default, bool):
        return cells.flag(cells.read(value, what))
    if not isinstance(default, (int, float)):
        return cells.as_text(value, what)
    number = cells.as_number(value, what)
    if isinstance(default, float):
        return number
    if not number.is_integer():
        msg = f"{what} is {number:g}. Give a whole number."
        raise InputError(msg)
    return int(number)


def sources_of(session: Session, grid: Grid) -> tuple[tuple[str, Provenance], ...]:
    """Return the parts of a result with their provenance; empty for a range that is not a result."""
    cell = grid.rows[0][0]
    origin: object = session.origin(grid)
    if origin is None and is_handle(cell):
        try:
            origin = session.handles.get(str(cell))
        except ExpiredHandle:
            return ()
    match origin:
        case Origins():
            return origin.parts
        case Rebalance():
            return input_provenance(origin).parts
        case Holdings() | Etf() | Covariance() | Quotes():
            return provenance_of(origin).parts
    return ()


def provenance_of(*inputs: Holdings | Etf | Covariance | Quotes) -> Origins:
    """Return the provenance of inputs, each with the name of its part."""
    parts: list[tuple[str, Provenance]] = []
    for one in inputs:
        match one:
            case Holdings():
                parts.append(("holdings", one.provenance))
            case Etf():
                parts.append((f"ETF {one.name}", one.provenance))
            case Covariance():
                parts.append(("risk model", one.provenance))
            case Quotes():
                parts += [("prices", origin) for origin in one.sources()]
    return Origins(tuple(parts))


def input_provenance(result: Rebalance) -> Origins:
    """Return the provenance of a result's inputs."""
    aligned = result.aligned
    return provenance_of(aligned.holdings, *aligned.etfs, aligned.risk_model)


def resolve_file(session: Session, name: str) -> str:
    """Return the path of a file without a folder: in the current folder, else in Downloads."""
    if Path(name).name == name and Path(name).suffix and not Path(name).exists():
        places = (folder / name for folder in session.settings.downloads)
        return next((str(place) for place in places if place.is_file()), name)
    return name


def file_stamp(source: str) -> tuple[int, int] | None:
    """Return modification time (ns) and size (bytes) of a file; None if it does not exist."""
    try:
        state = Path(source).stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


def etf_stamp(session: Session, source: Grid, *_: Grid) -> object:
    """Return the file and its state, on which the result of ``load_etf`` depends."""
    name = resolve_file(session, cells.text(source) or "")
    stamp = file_stamp(name)
    if stamp is not None or not NAME.fullmatch(name) or name.lower() == DEMO:
        return stamp
    try:
        newest = str(find_etf(name, session.settings.downloads))
    except UnreadableFile:
        return None
    return newest, file_stamp(newest)


def risk_stamp(session: Session, _: Grid, method: Grid, *__: Grid) -> object:
    """Return the state of the covariance file, on which the result of ``covariance`` depends."""
    return (
        None
        if method.width * len(method.rows) != 1
        else file_stamp(resolve_file(session, cells.text(method) or ""))
    )


def holdings_day(_: Session, __: Grid, as_of: Grid, *___: Grid) -> object:
    """Return the default date, on which the result of ``fetch_holdings`` depends if as_of is blank."""
    return None if as_of.rows else api.last_weekday(today())


def today() -> date:
    """Return today's date in the local time zone."""
    return now().astimezone().date()


def _refuse(what: str, grid: Grid, why: str) -> None:
    if not grid.blank:
        msg = f"{what} has no effect here: {why}. Leave it blank."
        raise InputError(msg)
