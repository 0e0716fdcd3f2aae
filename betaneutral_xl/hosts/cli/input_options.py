"""Options for the inputs (portfolio, ETFs, risk model) and the problem to solve."""

from __future__ import annotations

from argparse import ArgumentTypeError
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.engine.hedging import Legs
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.hosts.cli import limit_options
from betaneutral_xl.hosts.cli.output import progress
from betaneutral_xl.job.api import choice, last_weekday
from betaneutral_xl.job.inputs import covariance_file, etf_file, holdings_file, prices_file, read, with_nav
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.percent import beta_or_ticker
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.readers.tabular.files import shown_name
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.engine.neutral import Target
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.snapshot import Snapshot
    from betaneutral_xl.readers.holdings_sections import Choice
    from betaneutral_xl.readers.raw_input import Loaded, RawInput


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a run, and the raw files that they were read from."""

    holdings: Holdings
    etfs: tuple[Etf, ...]
    covariance: Covariance
    raw_inputs: tuple[RawInput, ...]
    stored: Mapping[str, Any]
    """The problem's parameters in the snapshot; empty without a snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The problem to solve for the inputs."""

    method: Method
    target: Target
    constraints: Constraints
    legs: Legs
    on_missing: OnMissing
    etf_on_missing: OnMissing


def add_holdings_choice(group: argparse._ActionsContainer) -> None:
    """Add the options that select an account and exchange rates of a holdings file."""
    group.add_argument(
        "--account", metavar="NAME", help="account to read from the --holdings file; all adds them up"
    )
    group.add_argument(
        "--fx",
        metavar="EUR=1.16",
        nargs="+",
        action="extend",
        help="base currency per unit of a currency, for --holdings files with several and no rates",
    )


def holdings_choice(args: argparse.Namespace) -> Choice:
    """Return the account and exchange rates that the options select."""
    from betaneutral_xl.readers.holdings_sections import Choice

    return Choice.parse(args.account, None, ",".join(args.fx or ()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the three inputs, missing risk data, snapshots and the network."""
    portfolio = parser.add_argument_group("portfolio (choose one source)")
    portfolio.add_argument(
        "--holdings",
        metavar="FILE",
        help="the API's JSON, or a table with the columns ticker, shares, price or ticker, weight; "
        "FILE.xlsx#Sheet selects a sheet",
    )
    add_holdings_choice(portfolio)
    portfolio.add_argument(
        "--fund", metavar="NAME", help="fund to fetch from the Silver Fund's web API, such as quant_paper"
    )
    portfolio.add_argument(
        "--date",
        metavar="DATE",
        type=day,
        help="date of the holdings of --fund, such as 2025-11-18 (default: the last weekday)",
    )
    portfolio.add_argument(
        "--nav",
        type=float,
        metavar="VALUE",
        help="net asset value, if the portfolio does not state it; what exceeds the positions is cash",
    )

    etf = parser.add_argument_group("ETFs")
    etf.add_argument(
        "--etf",
        metavar="FILE",
        nargs="+",
        action="extend",
        help="issuers' holdings files as downloaded, one for each ETF",
    )
    etf.add_argument("--etf-fund", metavar="NAME", help="fund to read, if an ETF file lists several")

    risk = parser.add_argument_group("risk model")
    risk.add_argument(
        "--covariance",
        metavar="FILE",
        help="covariance matrix, CSV in the API's format (default: fetched from the API)",
    )
    risk.add_argument(
        "--covariance-unit",
        choices=list(CovarianceUnit),
        help="unit of the covariances (default: annual decimals; implausible magnitudes are refused)",
    )
    risk.add_argument(
        "--prices",
        metavar="FILE",
        help="estimate the covariance from prices up to the portfolio's date",
    )
    risk.add_argument(
        "--estimator", metavar="NAME", help="for --prices, see 'estimate --list' (default: volatility_scaled)"
    )
    risk.add_argument("--window", type=int, metavar="DAYS", help=f"days of returns used (default: {WINDOW})")
    risk.add_argument(
        "--on-missing",
        choices=[OnMissing.ERROR, OnMissing.DROP],
        help=f"held names without risk data: stop, or keep their weights (default: {OnMissing.ERROR})",
    )
    risk.add_argument(
        "--etf-on-missing",
        choices=list(OnMissing),
        help="ETF constituents without risk data: stop, drop them, or drop them and rescale the rest "
        f"(default: {OnMissing.DROP})",
    )

    parser.add_argument(
        "--sample",
        action="store_true",
        help="use the embedded sample for each of the three inputs that is not given",
    )
    parser.add_argument(
        "--from-snapshot",
        metavar="FILE.zip",
        help="read inputs, method, target and limits from a snapshot; options override all but the inputs",
    )
    network = parser.add_argument_group("network")
    network.add_argument(
        "--refresh", action="store_true", help="fetch again instead of using cached answers of the API"
    )
    network.add_argument(
        "--allow-stale",
        action="store_true",
        help="use expired cached answers if the network is down; their age is reported",
    )


def add_problem(parser: argparse.ArgumentParser) -> None:
    """Add the options for the problem: method, target and limits."""
    group = parser.add_argument_group("method and target")
    group.add_argument(
        "--method",
        type=method,
        metavar="NAME",
        help=f"how to reach the target: {', '.join(Method)} (default: {Method.HEDGE})",
    )
    add_target(group)
    limit_options.add_arguments(parser)
    add_legs(parser)


def add_target(group: argparse._ArgumentGroup) -> None:
    """Add the option for the target beta."""
    group.add_argument(
        "--target",
        action="append",
        metavar="BETA",
        help="beta to reach: a number such as 0.5 or 50%%, a ticker of the risk model such as IWV for its "
        "own beta, or ETF=BETA once for each ETF (default: 0)",
    )


def add_legs(parser: argparse.ArgumentParser) -> None:
    """Add the options for limits on the hedge ratios."""
    legs = parser.add_argument_group("limits on the hedge ratios (hedge only)")
    legs.add_argument(
        "--ridge",
        metavar="NUMBER",
        help="ridge penalty that shrinks the ratios of nearly collinear ETFs; usually 0.01 to 0.1",
    )
    legs.add_argument(
        "--leg-limit",
        metavar="MAX",
        help="largest position in any ETF, as a share of net asset value: 0.5 or 50%%",
    )
    legs.add_argument("--sell-only", action="store_const", const=True, help="sell ETFs, never buy them")


def day(text: str) -> date:
    """Read an ISO date such as 2025-11-18."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a date; write it as 2025-11-18"
        raise ArgumentTypeError(msg) from None


def method(text: str) -> Method:
    """Read a method's name, in any case, with hyphens or underscores."""
    try:
        return Method(text.lower().replace("-", "_"))
    except ValueError:
        msg = f"there is no method {text!r}; choose one of {', '.join(Method)}"
        raise ArgumentTypeError(msg) from None


def read_target(texts: list[str] | None) -> Target:
    """Return the target of one or several ``--target`` options.

    Raises
    ------
    InputError
        If there are several plain targets, both kinds, or two targets for one ETF.

    """
    if not texts:
        return 0.0
    pairs = [text.partition("=") for text in texts]
    if all(sign for _, sign, _ in pairs):
        targets = {name.strip(): beta_or_ticker(beta) for name, _, beta in pairs}
        if len(targets) == len(pairs):
            return targets
    if len(texts) == 1 and not pairs[0][1]:
        return beta_or_ticker(texts[0])
    msg = f"The targets {', '.join(texts)} cannot be combined. Give one BETA, or one ETF=BETA for each ETF."
    raise InputError(msg)


def benchmarks(texts: list[str] | None) -> list[str]:
    """Return the tickers among the targets of the ``--target`` options."""
    targets = read_target(texts)
    values = targets.values() if isinstance(targets, dict) else [targets]
    return [target for target in values if isinstance(target, str)]


def load_inputs(args: argparse.Namespace) -> Inputs:
    """Load or fetch the three inputs that the options name, or read them from a snapshot.

    Raises
    ------
    InputError
        If an input has no source or two, or an option would have no effect.
    BetaNeutralError
        If an input cannot be read or fetched.

    """
    _refuse_conflicting_options(args)
    if args.from_snapshot:
        return _from_snapshot(args)
    settings = _settings(args)
    holdings = _holdings(args, settings)
    etfs = _etfs(args, settings)
    covariance = _covariance(args, settings, holdings.value, [etf.value for etf in etfs])
    return Inputs(
        holdings.value,
        tuple(etf.value for etf in etfs),
        covariance.value,
        raw_inputs=(holdings.raw_input, *(etf.raw_input for etf in etfs), covariance.raw_input),
        stored={},
    )


def _refuse_conflicting_options(args: argparse.Namespace) -> None:
    """Refuse options that exclude each other or would have no effect."""
    unit_is_given = args.covariance_unit is not None
    unit_is_fixed = args.from_snapshot or args.prices or (args.sample and not args.covariance)
    estimator_is_given = args.estimator or args.window is not None
    for conflict, msg in (
        (
            args.holdings and args.fund,
            "Both --holdings and --fund are given. Choose one source of the portfolio.",
        ),
        (
            (args.account or args.fx) and not args.holdings,
            "--account and --fx are for a --holdings file, and none is given. Add --holdings.",
        ),
        (args.date and not args.fund, "--date is for --fund; a file states its own date. Leave --date out."),
        (
            args.etf_fund and not args.etf,
            "--etf-fund selects a fund of an --etf file, and none is given. Add --etf.",
        ),
        (args.covariance and args.prices, "Both --covariance and --prices are given. Choose one risk model."),
        (
            unit_is_given and unit_is_fixed,
            "--covariance-unit is for a covariance file or the API; prices, sample and snapshot fix theirs.",
        ),
        (
            estimator_is_given and not args.prices,
            "--estimator and --window are for --prices; any other covariance is already estimated.",
        ),
    ):
        if conflict:
            raise InputError(msg)


def parameters(args: argparse.Namespace, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the problem as plain data: from the options, else the snapshot, else the defaults."""

    def chosen(name: str, default: Any) -> Any:
        value = getattr(args, name, None)
        return stored.get(name, default) if value is None else value

    return {
        "method": chosen("method", Method.HEDGE),
        "target": chosen("target", None),
        "constraints": {**stored.get("constraints", {}), **limit_options.read_limits(args)},
        "legs": {**stored.get("legs", {}), **_legs(args)},
        "on_missing": chosen("on_missing", OnMissing.ERROR),
        "etf_on_missing": chosen("etf_on_missing", OnMissing.DROP),
    }


def _legs(args: argparse.Namespace) -> dict[str, float | str | bool]:
    """Return the limits on the hedge ratios that the options set.

    A value with a percent sign stays text, so that a snapshot keeps the sign.
    """
    limits = {
        "ridge": _number_or_text(getattr(args, "ridge", None)),
        "limit": _number_or_text(getattr(args, "leg_limit", None)),
        "sell_only": getattr(args, "sell_only", None),
    }
    return {name: value for name, value in limits.items() if value is not None}


def _number_or_text(text: str | None) -> float | str | None:
    """Return the text of a plain number as a float, any other text unchanged."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def read_problem(args: argparse.Namespace, stored: Mapping[str, Any]) -> Problem:
    """Read and validate the problem that the options or the snapshot describe."""
    values = parameters(args, stored)
    return Problem(
        method=choice(Method, values["method"], "method"),
        target=read_target(values["target"]),
        constraints=Constraints.from_mapping(values["constraints"]),
        legs=Legs.from_mapping(values["legs"]),
        on_missing=choice(OnMissing, values["on_missing"], "policy on_missing"),
        etf_on_missing=choice(OnMissing, values["etf_on_missing"], "policy etf_on_missing"),
    )


LARGE_PROBLEM = 1_000
"""Number of names in the risk model from which solving can take a second."""


def solve(args: argparse.Namespace, inputs: Inputs) -> Rebalance:
    """Solve the problem that the options or the snapshot describe."""
    from betaneutral_xl.engine.neutral import neutralise

    problem = read_problem(args, inputs.stored)
    names = len(inputs.covariance.tickers)
    with progress(f"Solving for {names:,} names ...") if names > LARGE_PROBLEM else nullcontext():
        return neutralise(
            inputs.holdings,
            inputs.etfs,
            inputs.covariance,
            target=problem.target,
            method=problem.method,
            constraints=problem.constraints,
            legs=problem.legs,
            on_missing=problem.on_missing,
            etf_on_missing=problem.etf_on_missing,
        )


def _settings(args: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    return replace(settings, refresh=args.refresh, allow_stale=args.allow_stale or settings.allow_stale)


SOURCES = (
    *(
        "holdings",
        "account",
        "fx",
        "fund",
        "date",
        "etf",
        "etf_fund",
        "covariance",
        "prices",
        "estimator",
        "window",
    ),
    *("sample", "refresh", "allow_stale"),
)
"""Options that name or fetch an input, which ``--from-snapshot`` excludes."""


def _from_snapshot(args: argparse.Namespace) -> Inputs:
    from betaneutral_xl.job.snapshot import read_snapshot

    conflicting = [f"--{name.replace('_', '-')}" for name in SOURCES if getattr(args, name)]
    if conflicting:
        msg = f"--from-snapshot has all inputs, so {listing(conflicting)} cannot be given with it."
        raise InputError(msg)
    return inputs_from_snapshot(read_snapshot(args.from_snapshot), shown_name(args.from_snapshot), args.nav)


def inputs_from_snapshot(snapshot: Snapshot, name: str, nav: float | None = None) -> Inputs:
    """Read the inputs of a snapshot, with ``nav`` as the net asset value if it is stated.

    Raises
    ------
    InputError
        If it lacks one portfolio, one risk model and at least one ETF, or a parameter is invalid.

    """
    portfolios, etfs, models = (snapshot.of(kind) for kind in (Holdings, Etf, Covariance))
    if len(portfolios) != 1 or not etfs or len(models) != 1:
        msg = (
            f"The snapshot {name} has {len(portfolios)} portfolios, {len(etfs)} ETFs and {len(models)} risk "
            "models; a run needs one portfolio, at least one ETF and one risk model."
        )
        raise InputError(msg)
    for key, value in snapshot.parameters.items():
        if not _is_parameter(key, value):
            msg = f"The snapshot {name} has an invalid parameter {key!r:.20}: {value!r:.40}. Write it again."
            raise InputError(msg)
    portfolio = read(with_nav(portfolios[0], nav), Holdings)
    holdings = portfolio.value
    return Inputs(
        replace(holdings, warnings=(*holdings.warnings, *snapshot.differences())),
        tuple(read(etf, Etf).value for etf in etfs),
        read(models[0], Covariance).value,
        raw_inputs=tuple(portfolio.raw_input if one is portfolios[0] else one for one in snapshot.raw_inputs),
        stored=snapshot.parameters,
    )


def _is_parameter(key: str, value: object) -> bool:
    match key, value:
        case ("method" | "on_missing" | "etf_on_missing", str()) | ("constraints", dict()) | ("target", None):
            return True
        case ("target", list()):
            return all(isinstance(text, str) for text in value)
        case ("legs", dict()):
            return all(_is_leg_limit(name, one) for name, one in value.items())
        case _:
            return False


def _is_leg_limit(name: str, value: object) -> bool:
    if name == "sell_only":
        return isinstance(value, bool)
    signed = isinstance(value, str) and isinstance(beta_or_ticker(value), float)
    return name in {"ridge", "limit"} and (isinstance(value, float) or signed)


def _holdings(args: argparse.Namespace, settings: Settings) -> Loaded[Holdings]:
    if args.holdings:
        file = holdings_file(args.holdings, args.account, ",".join(args.fx or ()))
        return read(with_nav(file, args.nav), Holdings)
    if args.fund:
        from betaneutral_xl.network.silverfund import SilverFund

        as_of = args.date or last_weekday(date.today())  # noqa: DTZ011 - the user's local date
        with progress(f"Fetching holdings of {args.fund} on {as_of} ..."), SilverFund(settings) as api:
            return api.loaded_holdings(args.fund, as_of, nav=args.nav)
    if args.sample:
        from betaneutral_xl.job import sample

        return read(with_nav(sample.raw_input(sample.HOLDINGS), args.nav), Holdings)
    msg = "No portfolio is given. Use --holdings FILE, --fund NAME, or --sample to try things out."
    raise InputError(msg)


def _etfs(args: argparse.Namespace, settings: Settings) -> list[Loaded[Etf]]:
    if args.etf:
        return [read(etf_file(file, args.etf_fund, settings), Etf) for file in args.etf]
    if args.sample:
        from betaneutral_xl.job import sample

        return [read(sample.raw_input(sample.ETF), Etf)]
    msg = "No ETF is given. Use --etf FILE with the issuer's holdings file, or --sample to try things out."
    raise InputError(msg)


def _benchmarks(args: argparse.Namespace) -> list[str]:
    """Return the tickers of targets and of ``--benchmark``, which need risk data too."""
    return [*benchmarks(getattr(args, "target", None)), *filter(None, [getattr(args, "benchmark", None)])]


def _covariance(
    args: argparse.Namespace, settings: Settings, holdings: Holdings, etfs: Sequence[Etf]
) -> Loaded[Covariance]:
    unit = None if args.covariance_unit is None else CovarianceUnit.of(args.covariance_unit)
    names = sorted({*holdings.tickers, *(ticker for etf in etfs for ticker in etf.tickers)})
    own = [etf.own_ticker for etf in etfs if etf.own_ticker]
    if args.covariance:
        return read(covariance_file(args.covariance, unit), Covariance)
    if args.prices:
        with progress(f"Estimating the covariance of {len(names)} names ..."):
            return read(
                prices_file(
                    args.prices,
                    [*names, *_benchmarks(args)],
                    args.estimator or "default",
                    holdings.as_of,
                    WINDOW if args.window is None else args.window,
                    if_there=own,
                ),
                Covariance,
            )
    if args.sample:
        from betaneutral_xl.job import sample

        return read(sample.raw_input(sample.COVARIANCE), Covariance)
    from betaneutral_xl.network.silverfund import SilverFund

    with progress(f"Fetching the covariance of {len(names)} names ..."), SilverFund(settings) as api:
        return api.loaded_covariance([*names, *own], unit)
