"""The implementation of each worksheet function: grids of its arguments in, rows out.

The registry in ``functions`` has their names and help.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from betaneutral_xl.errors import BetaNeutralError, ExpiredHandle, FailedCell, InputError, MissingValue
from betaneutral_xl.hosts.sheets import cells, ranges
from betaneutral_xl.hosts.sheets.cells import Grid
from betaneutral_xl.hosts.sheets.entries import Origins, Prices, Result, Solved
from betaneutral_xl.hosts.sheets.handles import is_handle
from betaneutral_xl.hosts.sheets.layout import RULE, Sheet
from betaneutral_xl.hosts.sheets.named_values import named_values
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job import api, estimation, run, tables, views
from betaneutral_xl.job.etf_reading import newest_file
from betaneutral_xl.job.inputs import is_file_name, require_local
from betaneutral_xl.job.mandate import Mandate, canonical
from betaneutral_xl.job.options import is_sample
from betaneutral_xl.job.request import (
    Request,
    beyond_defaults,
    market_name,
    stored,
    target_tickers,
    with_arguments,
)
from betaneutral_xl.job.run import Inputs
from betaneutral_xl.job.sources import last_weekday, of_day
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.portfolio import AssetClass, Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, now
from betaneutral_xl.model.quotes import Quotes
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import option_name
from betaneutral_xl.system.places import file_exists

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance


T = TypeVar("T")

# ---------------------------------------------------------------- the main functions


def fetch_holdings(session: Session, fund: Grid, as_of: Grid, start: Grid, refresh: Grid) -> Result:
    """Return ticker, shares, price, market_value, weight."""
    name = resolve_file(session, cells.text(fund) or "")
    if is_file(name):
        holdings = of_day(api.load_holdings(name), cells.day(as_of))
    else:
        # Another value of refresh is another question, and one that the cache is not to answer.
        settings = session.settings if refresh.blank else replace(session.settings, refresh=True)
        holdings = api.fetch_holdings(name, cells.day(as_of), cells.day(start), settings)
    return Result(ranges.holdings_rows(holdings), holdings)


def load_etf(session: Session, source: Grid, fund: Grid, classes: Grid, tickers: Grid) -> Result:
    """Return ticker, name, weight, class."""
    name = cells.text(source) or ""
    wanted = [part for cell in cells.vector(classes) for part in cells.as_text(cell, "classes").split(",")]
    etf = api.load_etf(
        resolve_file(session, name),
        cells.text(fund),
        wanted or (AssetClass.EQUITY,),
        session.settings,
        None if tickers.blank else resolve_file(session, cells.text(tickers) or ""),
    )
    return Result(ranges.etf_rows(etf), etf)


def covariance(
    session: Session, tickers_or_data: Grid, method: Grid, options: Grid, as_handle: Grid
) -> Result:
    """Return a labelled matrix, or its handle."""
    data = tickers_or_data
    if is_handle(data.rows[0][0]) or tables.is_matrix(data):
        if not method.blank:
            msg = (
                "method has no effect here: the argument is a covariance already, so nothing is estimated. "
                "Leave it blank."
            )
            raise InputError(msg)
        risk = _existing(session, data, named_values(options))
    elif data.is_vector:
        risk = _fetched(session, tables.tickers_of(data), cells.text(method), named_values(options))
    else:
        risk = _estimated(data, cells.text(method), named_values(options))
    if cells.flag(as_handle):
        return Result([[session.handles.put(risk)]], risk)
    return Result(ranges.covariance_rows(risk), risk)


def beta_neutral(session: Session, *problem: Grid) -> Result:
    """Return the aligned table of weights, the cash line last."""
    result = solve(session, *problem)
    return Result([result.columns, *result.rows()], Solved(result))


# ---------------------------------------------------------------- companions


def betas(session: Session, holdings: Grid, etf: Grid, covariance: Grid) -> Result:
    """Return each held name's beta to each ETF and what it adds to the portfolio's."""
    given = inputs(session, holdings, etf, covariance)
    aligned = run.align(Request(on_missing=OnMissing.DROP), given)
    names = [f"_{name}" for name in aligned.etf_names] if len(given.etfs) > 1 else [""]
    head = ["ticker", "weight", "volatility"]
    head += [f"{stem}{name}" for stem in ("predicted_beta", "beta_error", "contribution") for name in names]
    rows = views.betas_by_name(aligned, set(given.holdings.tickers))
    head += [f"{stem}{name}" for name in names for stem in ("low_95", "high_95")]
    head += [f"coverage{name}" for name in names]
    covered = [unit.covered for unit in aligned.coverage.units.values()]
    return Result(
        [head, *([*row, *covered] for row in rows)],
        provenance_of(given.holdings, *given.etfs, given.covariance),
    )


def exposure(session: Session, *problem: Grid) -> Result:
    """Return the measures of the portfolio before and after."""
    result = solve(session, *problem)
    head = ["measure", "before", "after", "error_before", "error_after", "coverage"]
    head += [*_ends_heads("_before"), *_ends_heads("_after")]
    return Result([head, *map(_exposure_row, views.lines(result))], input_provenance(result))


def _ends_heads(tail: str) -> list[str]:
    """Return the headings of the ends of intervals of next month's beta."""
    return [f"low_95{tail}", f"high_95{tail}"]


def _exposure_row(line: views.Line) -> list[Any]:
    """Return a line of the summary, with what is known of a beta's uncertainty and coverage."""
    before, after = line.before_forecast, line.after_forecast
    if before is None or after is None:
        covered = None if math.isnan(line.coverage) else line.coverage
        return [line.label, line.before, line.after, None, None, covered, *[None] * 4]
    ends = (before.low, before.high, after.low, after.high)
    return [line.label, line.before, line.after, before.se, after.se, line.coverage, *ends]


def feasible(session: Session, *problem: Grid) -> Result:
    """Return the range of feasible betas, the binding limits, and the relaxations that would help."""
    holdings, etf, covariance, target_beta, constraints = problem
    given = inputs(session, holdings, etf, covariance, constraints, target_beta)
    found = run.reach(request(session, given, target_beta, constraints), given)
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
        provenance_of(given.holdings, *given.etfs, given.covariance),
    )


def compared(session: Session, *problem: Grid) -> Result:
    """Return the alternatives that reach the target beta, one row each."""
    holdings, etf, covariance, target_beta, constraints, benchmark = problem
    given = inputs(session, holdings, etf, covariance, constraints, target_beta)
    comparison = run.compare(request(session, given, target_beta, constraints), given, cells.text(benchmark))
    names = given.etf_names
    tails = [f"_{name}" for name in names] if len(names) > 1 else [""]
    measures = (
        *("market_beta", "volatility", "tracking_error", "turnover", "cost", "gross", "net", "trades"),
        "note",
    )
    covered = [unit.covered for unit in comparison.hedge.coverage.units.values()]
    return Result(
        [
            [
                "alternative",
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
                for one in comparison.alternatives
            ),
        ],
        provenance_of(given.holdings, *given.etfs, given.covariance),
    )


def _ends(forecast: views.BetaForecast | None) -> tuple[float | None, float | None]:
    return (None, None) if forecast is None else (forecast.low, forecast.high)


def names(session: Session, holdings: Grid, etf: Grid, target_beta: Grid, constraints: Grid) -> Result:
    """Return the tickers that a risk model must cover, sorted, one per row."""
    portfolio, baskets = tables_of(session, holdings, etf)
    beside = named_tickers(session, constraints, target_beta)
    return Result([[name] for name in sorted({*risk_tickers(portfolio, baskets), *beside})])


def matrix(session: Session, handle: Grid) -> Result:
    """Return the labelled matrix of a handle."""
    cell = handle.rows[0][0]
    if not is_handle(cell):
        msg = (
            f"{handle.what} is not a handle such as cov#301744e113b4 [500x500]. Give the cell that shows one."
        )
        raise InputError(msg)
    risk = session.handles.get(str(cell))
    return Result(ranges.covariance_rows(risk), risk)


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


def inputs(  # noqa: PLR0917 - the arguments of the functions, in their order
    session: Session,
    holdings: Grid,
    etf: Grid,
    covariance: Grid,
    constraints: Grid | None = None,
    target_beta: Grid | None = None,
) -> Inputs:
    """Return the values of the three inputs, and of the market that the constraints name."""
    portfolio, baskets = tables_of(session, holdings, etf)
    beside = () if constraints is None else named_tickers(session, constraints, target_beta)
    names = tuple(sorted({*risk_tickers(portfolio, baskets), *beside}))
    market = None if constraints is None else _market_fund(session, constraints)
    return Inputs(portfolio, baskets, risk_model(session, covariance, names), market=market)


def named_tickers(session: Session, constraints: Grid, target_beta: Grid | None = None) -> tuple[str, ...]:
    """Return the tickers that the risk model must cover for what is required: targets, benchmark, market."""
    standing = mandate(session, constraints)
    typed = options(standing, cells.Grid("target_beta") if target_beta is None else target_beta, constraints)
    if standing is not None:
        chosen = {key: one for key, one in beyond_defaults(typed).items() if key != "mandate"}
        typed = standing.under(canonical(chosen))
    benchmark = standing.benchmark if standing is not None else ""
    fund, market = _market_fund(session, constraints), _market(session, constraints)
    if fund is None:
        names = [normalise(market)] if market else []
    else:
        names = [*fund.tickers, *filter(None, [fund.own_ticker])]
    return (*names, *map(normalise, target_tickers(typed.get("target"))), *filter(None, [benchmark]))


def _market(session: Session, constraints: Grid) -> str:
    typed = _option_of(constraints, "market")
    standing = mandate(session, constraints) if typed is None else None
    return market_name(typed if standing is None else standing.under({}).get("market"))


def _option_of(constraints: Grid, name: str) -> Any:
    """Return the value of a named option among constraints, however its name is written; None without one."""
    return next((one for key, one in named_values(constraints).items() if option_name(key) == name), None)


def _market_fund(session: Session, constraints: Grid) -> Etf | None:
    """Return the market of a fund's holdings file; None where it is a ticker, or there is none."""
    file = resolve_file(session, _market(session, constraints))
    return api.load_etf(file, settings=session.settings) if is_file_name(file) else None


def tables_of(session: Session, holdings: Grid, etf: Grid) -> tuple[Holdings, tuple[Etf, ...]]:
    """Return portfolio and ETFs: the values behind functions' results, else read from the tables."""
    origin = session.origin(holdings)
    portfolio = origin if isinstance(origin, Holdings) else _parsed(session, holdings, tables.holdings)
    baskets: list[Etf] = []
    for place, block in enumerate(ranges.side_by_side(etf), start=1):
        origin = session.origin(block)
        baskets += [origin] if isinstance(origin, Etf) else _parsed(session, block, tables.etfs, place)
    return portfolio, tuple(baskets)


def _parsed(session: Session, grid: Grid, parse: Callable[..., T], *others: Any) -> T:
    """Return what a range means; a range that several functions use is parsed once."""
    place = (grid.what, grid.top, grid.left, grid.on_sheet)  # messages name it
    key = ("parsed", parse.__name__, grid.digest(), place, others)
    return session.results.get_or_compute(key, lambda: parse(grid, *others))


def union(portfolio: Holdings, etfs: Sequence[Etf]) -> tuple[str, ...]:
    """Return the tickers of a portfolio and of the ETFs' constituents, sorted."""
    return tuple(sorted({*portfolio.tickers, *(ticker for etf in etfs for ticker in etf.tickers)}))


def risk_tickers(portfolio: Holdings, etfs: Sequence[Etf]) -> tuple[str, ...]:
    """Return the tickers that a risk model must cover: those of ``union`` and of the ETFs; sorted."""
    own = (etf.own_ticker for etf in etfs if etf.own_ticker)
    return tuple(sorted({*union(portfolio, etfs), *own}))


def risk_model(session: Session, covariance: Grid, names: tuple[str, ...]) -> Covariance:
    """Return a covariance: of a handle, a labelled matrix, a named source, or if blank of the fund's."""
    if covariance.blank:
        return _fetched(session, names, None, {})
    if covariance.is_vector and is_handle(covariance.rows[0][0]):
        return session.handles.get(str(covariance.rows[0][0]))
    source = risk_source(covariance)
    if source is not None:
        return _fetched(session, names, *source)
    origin = session.origin(covariance)
    return origin if isinstance(origin, Covariance) else _parsed(session, covariance, tables.covariance)


def risk_source(covariance: Grid) -> tuple[str | None, Mapping[str, Any]] | None:
    """Return the source and the options that one cell names; None for a matrix or a handle.

    >>> risk_source(cells.read("ledoit_wolf; prices=closes.csv; window=252", "covariance"))
    ('ledoit_wolf', {'prices': 'closes.csv', 'window': '252'})
    """
    alone = len(covariance.rows) == covariance.width == 1
    if not alone or not isinstance(covariance.rows[0][0], str) or is_handle(covariance.rows[0][0]):
        return None
    parts = [part.strip() for part in covariance.rows[0][0].split(";") if part.strip()]
    sources = [part for part in parts if "=" not in part]
    if len(sources) > 1:
        msg = f"{covariance.what} names {sources[0]} and {sources[1]}. Name one source of risk."
        raise InputError(msg)
    options = "; ".join(part for part in parts if "=" in part)
    return (sources[0] if sources else None), named_values(cells.read(options, covariance.what))


def _existing(session: Session, covariance: Grid, options: Mapping[str, Any]) -> Covariance:
    """Return the covariance of a handle or of a labelled matrix, whose unit may be an option."""
    other = [name for name in options if name != "unit"]
    if other or (options and is_handle(covariance.rows[0][0])):
        msg = f"The option {(other or ['unit'])[0]} has no effect on an existing covariance. Omit it."
        raise InputError(msg)
    if options:
        return _parsed(session, covariance, tables.covariance, str(options["unit"]))
    return risk_model(session, covariance, ())


def solve(session: Session, *problem: Grid) -> Rebalance:
    """Solve a problem, given by the arguments of ``BETA_NEUTRAL``; the result is cached."""
    key = ("solve", *map(session.key, problem), problem_stamp(session, *problem))
    return session.results.get_or_compute(key, lambda: _solve(session, *problem))


def _solve(session: Session, *problem: Grid) -> Rebalance:
    holdings, etf, covariance, target_beta, method, constraints = problem
    given = inputs(session, holdings, etf, covariance, constraints, target_beta)
    return run.solve(request(session, given, target_beta, constraints, method), given)


def request(
    session: Session,
    given: run.Inputs,
    target_beta: Grid,
    constraints: Grid,
    method: Grid | None = None,
) -> Request:
    """Return what is required of the answer; several targets are in the order of the ETFs.

    ``method`` is None where a function has no such argument.
    """
    standing = mandate(session, constraints)
    typed = options(standing, target_beta, constraints, method)
    if standing is None:
        return Request.parse(typed, given.etf_names, given.groups)
    chosen = beyond_defaults(typed)
    request = Request.parse(chosen, given.etf_names, given.groups)
    idle = {option_name(key): one for key, one in typed.items() if key not in chosen}
    return request.replace(departures=(*request.departures, *standing.unchosen(idle)))


def options(
    standing: Mandate | None, target_beta: Grid, constraints: Grid, method: Grid | None = None
) -> dict[str, Any]:
    """Return what is required as it is in the cells, with the mandate that it is under."""
    own = {key: one for key, one in named_values(constraints).items() if not key.startswith(RULE)}
    if standing is not None:
        own = {**{key: one for key, one in own.items() if option_name(key) != "mandate"}, "mandate": standing}
    arguments: dict[str, Any] = {"method": cells.text(method) if method is not None else None}
    targets = [
        cell if isinstance(cell, float) else cells.as_text(cell, target_beta.what)
        for cell in cells.vector(target_beta)
    ]
    arguments["target"] = targets or None
    return with_arguments(own, arguments)


def stored_options(session: Session, target_beta: Grid, constraints: Grid, method: Grid) -> dict[str, Any]:
    """Return what is required as a snapshot keeps it."""
    standing = mandate(session, constraints)
    typed = options(standing, target_beta, constraints, method)
    chosen = typed if standing is None else beyond_defaults(typed)
    return stored({key: one for key, one in chosen.items() if key != "mandate"}, standing)


def mandate_file(session: Session, constraints: Grid) -> str | None:
    """Return the file of the mandate that constraints name, if they name one."""
    value = _option_of(constraints, "mandate")
    if value is None:
        return None
    file, mark, sheet = str(value).partition("#")
    return f"{resolve_file(session, file)}{mark}{sheet}"


def mandate(session: Session, constraints: Grid) -> Mandate | None:
    """Return the mandate that constraints name, or whose rules stand among them; None without one.

    Raises
    ------
    InputError
        If there are two, or a rule cannot be read.

    """
    file = mandate_file(session, constraints)
    given = named_values(constraints)
    rules = {key.removeprefix(RULE): one for key, one in given.items() if key.startswith(RULE)}
    if file is not None and rules:
        msg = (
            f"Two mandates are in use: the rules of the sheet {Sheet.MANDATE}, and {Path(file).name}. "
            "Set Mandate in use to no, or clear the row Mandate of the limits."
        )
        raise InputError(msg)
    if rules:
        return Mandate.of(rules)
    return None if file is None else Mandate.of(file)


def problem_stamp(session: Session, *problem: Grid) -> object:
    """Return what an answer depends on besides its arguments: the state of the files that they name."""
    risk = [one for one in problem if one.what == "covariance" and len(one.rows) == one.width == 1]
    named = [one for one in risk if not is_handle(one.rows[0][0])]
    return mandate_stamp(session, *problem), tuple(_risk_files(session, grid) for grid in named)


def mandate_stamp(session: Session, *problem: Grid) -> object:
    """Return what an answer depends on besides its arguments: the state of the mandate's file."""
    files = [file for grid in problem if (file := _named_file(session, grid))]
    return tuple((file, file_stamp(file.partition("#")[0])) for file in files)


def _named_file(session: Session, grid: Grid) -> str | None:
    """Return the file of a mandate where a range is one of constraints that name one."""
    if grid.blank or grid.what not in {"constraints", "limits"}:
        return None
    texts = (cell.lower() for cell in grid.cells if isinstance(cell, str))
    if not any("mandate" in one for one in texts):
        return None
    try:
        return mandate_file(session, grid)
    except BetaNeutralError:
        return None


def _fetched(
    session: Session, names: tuple[str, ...], source: str | None, options: Mapping[str, Any]
) -> Covariance:
    """Return the risk model of some names: the fund's, a file's, or the embedded sample's."""
    if not names:
        msg = "There are no tickers for the risk model. Give a row or a column of tickers."
        raise MissingValue(msg)
    if PRICES in options:
        return _from_prices(session, names, source, options)
    history = resolve_file(session, str(options[DRIFT])) if DRIFT in options else None
    other = [name for name in options if name != DRIFT]
    if other:
        msg = (
            f"The option {other[0]} is for prices and returns, not for a list of tickers. "
            "Name the file of prices too, as prices=FILE."
        )
        raise InputError(msg)
    file = resolve_file(session, source) if source else None
    stamp = file_stamp(file) if file else None
    key = ("risk", names, file, stamp, history, file_stamp(history) if history else None)
    beside: dict[str, Any] = {} if history is None else {"drift_prices": history}
    return session.results.get_or_compute(
        key, lambda: api.covariance(names, file, session.settings, **beside)
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
    file = resolve_file(session, str(options[PRICES]))
    window = _option("window", options.get("window", float(estimation.WINDOW)), estimation.WINDOW)
    as_of = _option("as_of", options["as_of"], None) if "as_of" in options else None
    key = ("risk", names, file, file_stamp(file), estimator, window, as_of)
    return session.results.get_or_compute(
        key,
        lambda: api.covariance(names, prices=file, estimator=estimator, window=window, as_of=as_of),
    )


def _estimated(data: Grid, method: str | None, options: Mapping[str, Any]) -> Covariance:
    """Return the covariance estimated from a block of prices or returns."""
    others = dict(options)
    block = tables.history(data, others.pop("data", None))
    defaults = estimation.options_of(method)
    read = {key: _option(key, value, defaults.get(key)) for key, value in others.items()}
    return estimation.of_table(block, method, read)


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
    found = session.origins(grid)
    cell = grid.rows[0][0]
    if not found and is_handle(cell):
        try:
            found = (session.handles.get(str(cell)),)
        except ExpiredHandle:
            return ()
    parts = list(dict.fromkeys(map(_parts, found)))
    return parts[0] if len(parts) == 1 else ()


def _parts(origin: object) -> tuple[tuple[str, Provenance], ...]:
    match origin:
        case Origins():
            return origin.parts
        case Solved():
            return input_provenance(origin.result).parts
        case Prices():
            return provenance_of(origin.quotes).parts
        case Holdings() | Etf() | Covariance():
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
    """Return the path of a file without a folder: in the current folder, else in Downloads.

    Raises
    ------
    InputError
        If it names another machine or a device.

    """
    require_local(name, session.settings)
    if Path(name).name == name and Path(name).suffix and not file_exists(name):
        places = (folder / name for folder in session.settings.downloads)
        return next((str(place) for place in places if file_exists(place)), name)
    return name


def file_stamp(source: str) -> tuple[int, int] | None:
    """Return modification time (ns) and size (bytes) of a file; None if there is none."""
    try:
        state = Path(source).stat()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return state.st_mtime_ns, state.st_size


def etf_stamp(session: Session, source: Grid, _: Grid, __: Grid, tickers: Grid) -> object:
    """Return the files and their states, on which the result of ``load_etf`` depends."""
    table = None if tickers.blank else file_stamp(resolve_file(session, cells.text(tickers) or ""))
    return _source_stamp(session, source), table


def _source_stamp(session: Session, source: Grid) -> object:
    name = resolve_file(session, cells.text(source) or "")
    stamp = file_stamp(name)
    if stamp is not None or is_sample(name):
        return stamp
    newest = newest_file(name, session.settings)
    return None if newest is None else (str(newest), file_stamp(str(newest)))


def risk_stamp(session: Session, _: Grid, method: Grid, options: Grid, *__: Grid) -> object:
    """Return what the answer of ``covariance`` depends on besides its arguments: the state of a file."""
    return _risk_files(session, method, options)


def _risk_files(session: Session, *named: Grid) -> tuple[object, ...]:
    """Return the state of every file that a source of risk and its options may name."""
    texts = [str(cell) for grid in named for cell in grid.cells if isinstance(cell, str)]
    parts = [part.strip() for text in texts for part in text.split(";")]
    return tuple(file_stamp(resolve_file(session, one.partition("=")[2].strip() or one)) for one in parts)


def holdings_stamp(session: Session, fund: Grid, as_of: Grid, *_: Grid) -> object:
    """Return what the answer of ``fetch_holdings`` depends on besides its arguments: a file, the day."""
    name = resolve_file(session, cells.text(fund) or "")
    if is_file(name):
        return file_stamp(name.partition("#")[0])
    return None if as_of.rows else last_weekday(today())


def is_file(name: str) -> bool:
    """Whether a fund is named by its file: by a path, or by a name with the ending of a table."""
    path = Path(name.partition("#")[0])
    return path.name != name.partition("#")[0] or path.suffix.lower() in TABLES


def today() -> date:
    """Return today's date in the local time zone."""
    return now().astimezone().date()
