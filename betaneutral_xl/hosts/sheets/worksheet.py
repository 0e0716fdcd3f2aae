"""What each worksheet function does: grids of its arguments in, rows out.

The registry in ``functions`` gives each its name and its help.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.compare import hedge_of
from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.engine.result import Rebalance
from betaneutral_xl.errors import ExpiredHandle, FailedCell, InputError, MissingValue, UnreadableFile
from betaneutral_xl.hosts.sheets import cells, matrices, ranges
from betaneutral_xl.hosts.sheets.entries import Origins, Result
from betaneutral_xl.hosts.sheets.handles import is_handle
from betaneutral_xl.hosts.sheets.named_values import named_values
from betaneutral_xl.job import api, run, views
from betaneutral_xl.job.inputs import is_file_name
from betaneutral_xl.job.options import is_sample
from betaneutral_xl.job.request import Request, market_name, with_arguments
from betaneutral_xl.job.run import Inputs
from betaneutral_xl.job.sources import last_weekday, of_day
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.portfolio import AssetClass, Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, now
from betaneutral_xl.model.quotes import Quotes
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import option_name
from betaneutral_xl.readers.etf_files import NAME, find_etf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from betaneutral_xl.hosts.sheets.cells import Grid
    from betaneutral_xl.hosts.sheets.session import Session


# ---------------------------------------------------------------- the four


def fetch_holdings(session: Session, fund: Grid, as_of: Grid, start: Grid, refresh: Grid) -> Result:
    """Return ticker, shares, price, market_value, weight."""
    name = located(session, cells.text(fund) or "")
    if is_file(name):
        holdings = of_day(api.load_holdings(name), cells.day(as_of))
    else:
        # Another value of refresh is another question, and one that the cache is not to answer.
        settings = session.settings if refresh.blank else replace(session.settings, refresh=True)
        holdings = api.fetch_holdings(name, cells.day(as_of), cells.day(start), settings)
    return Result(ranges.holdings_rows(holdings), holdings)


def load_etf(session: Session, source: Grid, fund: Grid, classes: Grid) -> Result:
    """Return ticker, name, weight, class."""
    name = cells.text(source) or ""
    wanted = [part for cell in cells.vector(classes) for part in cells.as_text(cell, "classes").split(",")]
    etf = api.load_etf(
        located(session, name), cells.text(fund), wanted or (AssetClass.EQUITY,), session.settings
    )
    return Result(ranges.etf_rows(etf), etf)


def covariance(
    session: Session, tickers_or_data: Grid, method: Grid, options: Grid, as_handle: Grid
) -> Result:
    """Return a labelled matrix, or a handle of it."""
    given = tickers_or_data
    if is_handle(given.rows[0][0]) or matrices.is_labelled_matrix(given):
        _refuse("method", method, "a covariance that is given is not estimated")
        risk = _given(session, given, named_values(options))
    elif given.is_vector:
        risk = _fetched(session, ranges.tickers(given), cells.text(method), named_values(options))
    else:
        risk = _estimated(given, cells.text(method), named_values(options))
    if cells.flag(as_handle):
        return Result([[session.handles.put(risk)]], risk)
    return Result(matrices.covariance_rows(risk), risk)


def beta_neutral(session: Session, *problem: Grid) -> Result:
    """Return the aligned weight table, the cash line last."""
    result = solve(session, *problem)
    return Result([result.columns, *result.rows()], result)


# ---------------------------------------------------------------- companions


def betas(session: Session, holdings: Grid, etf: Grid, covariance: Grid) -> Result:
    """Return each held name's beta to each ETF and what it adds to the portfolio's."""
    given = inputs(session, holdings, etf, covariance)
    aligned = run.align(Request(on_missing=OnMissing.DROP), given)
    beta = aligned.expand(aligned.betas, math.nan)
    error = aligned.expand(aligned.beta_errors, math.nan)
    volatility = aligned.expand(aligned.covariance.volatilities, math.nan)
    names = [f"_{name}" for name in aligned.etf_names] if len(given.etfs) > 1 else [""]
    head = ["ticker", "weight", "volatility"]
    head += [f"{stem}{name}" for stem in ("predicted_beta", "beta_error", "contribution") for name in names]
    ends = views.intervals_by_name(aligned)
    table = np.column_stack([aligned.weights, volatility, beta, error, aligned.weights[:, None] * beta, ends])
    held = set(given.holdings.tickers)
    rows = [[t, *row] for t, row in zip(aligned.tickers, table.tolist(), strict=True) if t in held]
    own = 3 + 3 * len(names) - 1  # the contribution to the last ETF's beta
    rows.sort(key=lambda row: (math.isnan(row[own]), -abs(row[own]), row[0]))
    head += [f"{stem}{name}" for name in names for stem in ("low_95", "high_95")]
    head += [f"coverage{name}" for name in names]
    covered = [unit.covered for unit in aligned.coverage.units.values()]
    return Result(
        [head, *([*row, *covered] for row in rows)], made_of(given.holdings, *given.etfs, given.covariance)
    )


def exposure(session: Session, *problem: Grid) -> Result:
    """Return the measures of the portfolio before and after."""
    result = solve(session, *problem)
    return Result(exposure_rows(result), inputs_of(result))


def exposure_rows(result: Rebalance) -> list[list[Any]]:
    """Return the lines of the summary as rows, with what is known of the betas' uncertainty and coverage."""
    head = ["measure", "before", "after", "error_before", "error_after", "coverage"]
    return [
        [*head, *_ends_heads("_before"), *_ends_heads("_after")],
        *map(_exposure_row, views.lines(result)),
    ]


def _ends_heads(tail: str) -> list[str]:
    """Return the headings of the ends of intervals of next month's beta."""
    return [f"low_95{tail}", f"high_95{tail}"]


def _exposure_row(line: views.Line) -> list[Any]:
    before, after = line.before_forecast, line.after_forecast
    if before is None or after is None:
        covered = None if math.isnan(line.coverage) else line.coverage
        return [line.label, line.before, line.after, None, None, covered, *[None] * 4]
    ends = (before.low, before.high, after.low, after.high)
    return [line.label, line.before, line.after, before.se, after.se, line.coverage, *ends]


def feasible(session: Session, *problem: Grid) -> Result:
    """Return what betas can be reached, the limits that bind, and what would help."""
    holdings, etf, covariance, target_beta, constraints = problem
    given = inputs(session, holdings, etf, covariance, constraints)
    found = run.reach(request(given.etfs, target_beta, constraints), given)
    return Result(
        [
            ["etf", "wanted", "lowest", "highest", "nearest", "sell_beside", "coverage"],
            *(
                [name, str(wish), *numbers, found.coverage.units[name].covered]
                for name, wish, *numbers in found.lines()
            ),
            ["in short", found.sentence()],
            *(["on its limit", name] for name in found.binding),
            *(["would help", one.sentence] for one in found.relaxations),
        ],
        made_of(given.holdings, *given.etfs, given.covariance),
    )


def compared(session: Session, *problem: Grid) -> Result:
    """Return the ways to the beta side by side, a row each."""
    holdings, etf, covariance, target_beta, constraints, benchmark = problem
    given = inputs(session, holdings, etf, covariance, constraints)
    alternatives = run.compare(request(given.etfs, target_beta, constraints), given, cells.text(benchmark))
    names = given.etf_names
    tails = [f"_{name}" for name in names] if len(names) > 1 else [""]
    measures = (
        *("market_beta", "volatility", "tracking_error", "turnover", "cost", "gross", "net", "trades"),
        "note",
    )
    covered = [unit.covered for unit in hedge_of(alternatives).coverage.units.values()]
    return Result(
        [
            [
                "way",
                *(f"{stem}{tail}" for tail in tails for stem in ("beta", "beta_error")),
                *measures,
                *(f"coverage{tail}" for tail in tails),
                *(head for tail in tails for head in _ends_heads(tail)),
            ],
            *(
                [
                    one.name,
                    *(number for name in names for number in (one.beta[name], one.beta_error[name])),
                    *(getattr(one, measure) for measure in measures),
                    *covered,
                    *(end for name in names for end in _ends(one.forecast.get(name))),
                ]
                for one in alternatives
            ),
        ],
        made_of(given.holdings, *given.etfs, given.covariance),
    )


def _ends(forecast: views.BetaForecast | None) -> tuple[float | None, float | None]:
    return (None, None) if forecast is None else (forecast.low, forecast.high)


def names(session: Session, holdings: Grid, etf: Grid) -> Result:
    """Return the tickers of portfolio and ETFs together, and of the ETFs themselves, sorted, one a row."""
    portfolio, baskets = tables_of(session, holdings, etf)
    return Result([[name] for name in for_risk(portfolio, baskets)])


def matrix(session: Session, handle: Grid) -> Result:
    """Return the labelled matrix behind a handle."""
    cell = handle.rows[0][0]
    if not is_handle(cell):
        msg = (
            f"{handle.what} is not a handle such as cov#301744e113b4 [500x500]. Give the cell that shows one."
        )
        raise InputError(msg)
    risk = session.handles.get(str(cell))
    return Result(matrices.covariance_rows(risk), risk)


def status(session: Session, result: Grid) -> Result:
    """Return where a result came from: part, source, location, as_of, fetched_at, age_days, retrieval."""
    origins = sources_of(session, result)
    if not origins:
        msg = (
            f"{result.what} is not a result of these functions as it stands. "
            "Select the whole of it, unchanged (in Excel, A1#); or recalculate it."
        )
        raise FailedCell(msg)
    head = ["part", "source", "location", "as_of", "fetched_at", "age_days", "retrieval"]
    return Result([head, *(_status_row(part, origin) for part, origin in origins)])


def _status_row(part: str, origin: Provenance) -> list[Any]:
    age = (today() - origin.as_of).days if origin.as_of else None
    fetched_at = origin.fetched_at.strftime("%Y-%m-%d %H:%M UTC")
    return [part, origin.source, origin.location, origin.as_of, fetched_at, age, str(origin.retrieval)]


def last_error(session: Session) -> Result:
    """Return when which function failed, with what, and the log's name."""
    failure = session.last_error
    if failure is None:
        return Result([["No error since the start."]])
    at = failure.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    text = failure.text.removeprefix(cells.PREFIX)  # as it is, it would be passed on as an error
    return Result([["at", at], ["function", failure.function], ["error", text], ["log", session.log.name]])


def version(_: Session) -> Result:
    """Return the package's version."""
    from betaneutral_xl import __version__

    return Result([[f"betaneutral_xl {__version__}"]])


# ---------------------------------------------------------------- what they share


def inputs(
    session: Session, holdings: Grid, etf: Grid, covariance: Grid, constraints: Grid | None = None
) -> Inputs:
    """Return the values of the three inputs, and of the market that the constraints name."""
    portfolio, baskets = tables_of(session, holdings, etf)
    beside = () if constraints is None else market_names(session, constraints)
    names = tuple(sorted({*for_risk(portfolio, baskets), *beside}))
    market = None if constraints is None else _market_fund(session, constraints)
    return Inputs(portfolio, baskets, risk_model(session, covariance, names), market=market)


def market_names(session: Session, constraints: Grid) -> tuple[str, ...]:
    """Return the tickers that the risk model must cover for the market that the constraints name."""
    fund, market = _market_fund(session, constraints), _market(constraints)
    if fund is None:
        return (normalise(market),) if market else ()
    return (*fund.tickers, *([fund.own_ticker] if fund.own_ticker else []))


def _market(constraints: Grid) -> str:
    given = named_values(constraints)
    return market_name(next((value for key, value in given.items() if option_name(key) == "market"), None))


def _market_fund(session: Session, constraints: Grid) -> Etf | None:
    """Return the market of a fund's holdings file; None where it is a ticker, or there is none."""
    file = located(session, _market(constraints))
    return api.load_etf(file, settings=session.settings) if is_file_name(file) else None


def tables_of(session: Session, holdings: Grid, etf: Grid) -> tuple[Holdings, tuple[Etf, ...]]:
    """Return a portfolio and ETFs: as some function answered them, or as the tables say."""
    known = session.origin(holdings)
    portfolio = known if isinstance(known, Holdings) else ranges.holdings(holdings)
    baskets: list[Etf] = []
    for place, block in enumerate(ranges.side_by_side(etf), start=1):
        origin = session.origin(block)
        baskets += [origin] if isinstance(origin, Etf) else ranges.etfs(block, place)
    return portfolio, tuple(baskets)


def union(portfolio: Holdings, etfs: Sequence[Etf]) -> tuple[str, ...]:
    """Return the tickers of a portfolio and of ETFs, sorted."""
    return tuple(sorted({*portfolio.tickers, *(ticker for etf in etfs for ticker in etf.tickers)}))


def for_risk(portfolio: Holdings, etfs: Sequence[Etf]) -> tuple[str, ...]:
    """Return what a risk model is asked for: these tickers, and the ETFs themselves; sorted."""
    own = (etf.own_ticker for etf in etfs if etf.own_ticker)
    return tuple(sorted({*union(portfolio, etfs), *own}))


def risk_model(session: Session, covariance: Grid, names: tuple[str, ...]) -> Covariance:
    """Return a covariance: of a handle, of a labelled matrix, or for a blank of the configured source."""
    if covariance.blank:
        return _fetched(session, names, None, {})
    if covariance.is_vector and is_handle(covariance.rows[0][0]):
        return session.handles.get(str(covariance.rows[0][0]))
    known = session.origin(covariance)
    return known if isinstance(known, Covariance) else matrices.covariance(covariance)


def _given(session: Session, covariance: Grid, options: Mapping[str, Any]) -> Covariance:
    """Return a covariance that is given; of a matrix the unit may be stated."""
    other = [name for name in options if name != "unit"]
    if other or (options and is_handle(covariance.rows[0][0])):
        msg = (
            f"The option {(other or ['unit'])[0]} has no effect on a covariance that is given. Leave it out."
        )
        raise InputError(msg)
    if options:
        return matrices.covariance(covariance, str(options["unit"]))
    return risk_model(session, covariance, ())


def solve(session: Session, *problem: Grid) -> Rebalance:
    """Solve the problem that the arguments describe, once for all functions that ask it.

    The arguments are those of ``BETA_NEUTRAL``.
    """
    key = ("solve", *(grid.digest() for grid in problem))
    return session.memory.once(key, lambda: _solve(session, *problem))


def _solve(session: Session, *problem: Grid) -> Rebalance:
    holdings, etf, covariance, target_beta, method, constraints = problem
    given = inputs(session, holdings, etf, covariance, constraints)
    return run.solve(request(given.etfs, target_beta, constraints, method), given)


def request(etfs: Sequence[Etf], target_beta: Grid, constraints: Grid, method: Grid | None = None) -> Request:
    """Return what is required of the answer.

    Parameters
    ----------
    etfs
        Whose order several targets have.
    target_beta
        One target, or one for each ETF.
    constraints
        Named values: limits, limits on hedge ratios, policies.
    method
        Blank, or ``None`` where a function has no such argument, for the default.

    """
    options = named_values(constraints)
    arguments: dict[str, Any] = {"method": cells.text(method) if method is not None else None}
    targets = [
        cell if isinstance(cell, float) else cells.as_text(cell, target_beta.what)
        for cell in cells.vector(target_beta)
    ]
    arguments["target"] = targets or None
    return Request.parse(with_arguments(options, arguments), [etf.name for etf in etfs])


def _fetched(
    session: Session, names: tuple[str, ...], source: str | None, options: Mapping[str, Any]
) -> Covariance:
    """Return the risk model of some names: the fund's, a file's, or the embedded sample's."""
    if not names:
        msg = "There is no ticker to ask the risk model for. Give a row or a column of tickers."
        raise MissingValue(msg)
    if PRICES in options:
        return _from_prices(session, names, source, options)
    history = located(session, str(options[DRIFT])) if DRIFT in options else None
    other = [name for name in options if name != DRIFT]
    if other:
        msg = (
            f"The option {other[0]} is for prices and returns, not for a list of tickers. "
            "Name the file of prices too, as prices=FILE."
        )
        raise InputError(msg)
    file = located(session, source) if source else None
    stamp = file_stamp(file) if file else None
    key = ("risk", names, file, stamp, history, file_stamp(history) if history else None)
    return session.memory.once(
        key, lambda: api.covariance(names, file, session.settings, drift_prices=history)
    )


TABLES = frozenset({".csv", ".tsv", ".txt", ".json", ".xls", ".xlsx", ".xlsm", ".htm", ".html", ".parquet"})
"""Endings of the files that a portfolio is read from."""

DRIFT = "drift_prices"
"""The option of COVARIANCE that names a file of prices to measure the drift of betas with."""

PRICES = "prices"
"""The option of COVARIANCE that names a file of prices to estimate from, beside a list of tickers."""


def _from_prices(
    session: Session, names: tuple[str, ...], estimator: str | None, options: Mapping[str, Any]
) -> Covariance:
    """Return the risk model of some names estimated from a file of prices."""
    other = [name for name in options if name not in {PRICES, "window", "as_of"}]
    if other:
        msg = f"With prices=FILE the options are window and as_of, not {other[0]}. Leave it out."
        raise InputError(msg)
    file = located(session, str(options[PRICES]))
    window = _option("window", options.get("window", float(WINDOW)), WINDOW)
    as_of = _option("as_of", options["as_of"], None) if "as_of" in options else None
    key = ("risk", names, file, file_stamp(file), estimator, window, as_of)
    return session.memory.once(
        key,
        lambda: api.covariance(names, prices=file, estimator=estimator, window=window, as_of=as_of),
    )


def _estimated(data: Grid, method: str | None, options: Mapping[str, Any]) -> Covariance:
    """Return the covariance estimated from a block of prices or returns."""
    from betaneutral_xl.engine import estimators

    given = dict(options)
    returns = matrices.returns(data, given.pop("data", None))
    name = estimators.canonical(method or "default")
    defaults = {
        "window": estimators.WINDOW,
        "min_periods": estimators.MIN_PERIODS,
        **estimators.parameters(name),
    }
    read = {key: _option(key, value, defaults.get(key)) for key, value in given.items()}
    risk = estimators.estimate(returns, name, **read)
    if matrices.is_dated(data):
        return risk
    undated = "The prices or returns have no dates: their days are counted from 1970-01-01."
    return replace(risk, provenance=replace(risk.provenance, as_of=None), warnings=(undated, *risk.warnings))


def _option(name: str, value: Any, default: object) -> Any:
    """Return an option of an estimator as what its default is: a flag, a number, a day, a text."""
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
    """Return the parts of a result with their origins; nothing for a range that is no result."""
    cell = grid.rows[0][0]
    known: object = session.origin(grid)
    if known is None and is_handle(cell):
        try:
            known = session.handles.get(str(cell))
        except ExpiredHandle:
            return ()
    match known:
        case Origins():
            return known.parts
        case Rebalance():
            return inputs_of(known).parts
        case Holdings() | Etf() | Covariance() | Quotes():
            return made_of(known).parts
    return ()


def made_of(*inputs: Holdings | Etf | Covariance | Quotes) -> Origins:
    """Return where some inputs came from, each with the name of its part."""
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


def inputs_of(result: Rebalance) -> Origins:
    """Return where the inputs of a result came from."""
    aligned = result.aligned
    return made_of(aligned.holdings, *aligned.etfs, aligned.risk_model)


def located(session: Session, name: str) -> str:
    """Return where a file is that is named without a folder: here, or among the downloads."""
    if Path(name).name == name and Path(name).suffix and not Path(name).exists():
        places = (folder / name for folder in session.settings.downloads)
        return next((str(place) for place in places if place.is_file()), name)
    return name


def file_stamp(source: str) -> tuple[int, int] | None:
    """Return what tells one state of a file from the next; None if there is no such file."""
    try:
        state = Path(source).stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


def etf_stamp(session: Session, source: Grid, *_: Grid) -> object:
    """Return what the answer of ``load_etf`` depends on besides its arguments: which file, in which state."""
    name = located(session, cells.text(source) or "")
    stamp = file_stamp(name)
    if stamp is not None or not NAME.fullmatch(name) or is_sample(name):
        return stamp
    try:
        newest = str(find_etf(name, session.settings.downloads))
    except UnreadableFile:
        return None
    return newest, file_stamp(newest)


def risk_stamp(session: Session, _: Grid, method: Grid, options: Grid, *__: Grid) -> object:
    """Return what the answer of ``covariance`` depends on besides its arguments: the state of a file."""
    files = [str(cell) for cell in (*method.cells, *options.cells) if isinstance(cell, str)]
    named = [part.strip() for text in files for part in text.split(";")]
    return tuple(file_stamp(located(session, one.partition("=")[2].strip() or one)) for one in named)


def holdings_stamp(session: Session, fund: Grid, as_of: Grid, *_: Grid) -> object:
    """Return what the answer of ``fetch_holdings`` depends on besides its arguments: a file, the day."""
    name = located(session, cells.text(fund) or "")
    if is_file(name):
        return file_stamp(name.partition("#")[0])
    return None if as_of.rows else last_weekday(today())


def is_file(name: str) -> bool:
    """Whether a fund is named by its file: by a path, or by a name with the ending of a table."""
    path = Path(name.partition("#")[0])
    return path.name != name.partition("#")[0] or path.suffix.lower() in TABLES


def today() -> date:
    """Return the analyst's day."""
    return now().astimezone().date()


def _refuse(what: str, grid: Grid, why: str) -> None:
    if not grid.blank:
        msg = f"{what} has no meaning here: {why}. Leave it blank."
        raise InputError(msg)
