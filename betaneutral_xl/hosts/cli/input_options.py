"""The options that say where the portfolio, the ETFs and the risk model come from."""

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
    """What a run is about."""

    holdings: Holdings
    etfs: tuple[Etf, ...]
    covariance: Covariance
    raw_inputs: tuple[RawInput, ...]
    stored: Mapping[str, Any]
    """What a snapshot says was asked for; empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be done with the inputs."""

    method: Method
    target: Target
    constraints: Constraints
    legs: Legs
    on_missing: OnMissing
    etf_on_missing: OnMissing


def add_choice(group: argparse._ActionsContainer) -> None:
    """Add the options that choose among what a holdings file has."""
    group.add_argument(
        "--account", metavar="NAME", help="which account of the --holdings file, or all to add them"
    )
    group.add_argument(
        "--fx",
        metavar="EUR=1.16",
        nargs="+",
        action="extend",
        help="base currency a unit of a currency, for --holdings files with several and no rates",
    )


def holdings_choice(args: argparse.Namespace) -> Choice:
    """Return what the options choose of a holdings file."""
    from betaneutral_xl.readers.holdings_sections import Choice

    return Choice.parse(args.account, None, ",".join(args.fx or ()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the three inputs and for what to do about missing risk data."""
    book = parser.add_argument_group("the portfolio (one of these)")
    book.add_argument(
        "--holdings",
        metavar="FILE",
        help="the API's JSON, or a table: ticker with shares and price, or with weight; "
        "FILE.xlsx#Sheet where several sheets have one",
    )
    add_choice(book)
    book.add_argument(
        "--fund", metavar="NAME", help="a fund of the Silver Fund's web API, such as quant_paper"
    )
    book.add_argument(
        "--date",
        metavar="DATE",
        type=day,
        help="the day for --fund, such as 2025-11-18 (default: the last weekday)",
    )

    book.add_argument(
        "--nav",
        type=float,
        metavar="VALUE",
        help="net asset value, where the portfolio does not say it: what is in no position is cash",
    )

    etf = parser.add_argument_group("the ETFs")
    etf.add_argument(
        "--etf",
        metavar="FILE",
        nargs="+",
        action="extend",
        help="issuers' holdings files, as downloaded; several for several ETFs",
    )
    etf.add_argument("--etf-fund", metavar="NAME", help="which fund, where an ETF file has several")

    risk = parser.add_argument_group("the risk model")
    risk.add_argument(
        "--covariance", metavar="FILE", help="a CSV in the API's shape; default: the API's own risk model"
    )
    risk.add_argument(
        "--covariance-unit",
        choices=list(CovarianceUnit),
        help="what the risk model's numbers are (default: annual decimals, which is checked)",
    )
    risk.add_argument(
        "--prices",
        metavar="FILE",
        help="estimate it from prices up to the portfolio's day",
    )
    risk.add_argument(
        "--estimator", metavar="NAME", help="how, see 'estimate --list' (default: volatility_scaled)"
    )
    risk.add_argument("--window", type=int, metavar="DAYS", help=f"days of returns (default: {WINDOW})")
    risk.add_argument(
        "--on-missing",
        choices=[OnMissing.ERROR, OnMissing.DROP],
        help=f"held names without risk data: stop, or leave them alone (default: {OnMissing.ERROR})",
    )
    risk.add_argument(
        "--etf-on-missing",
        choices=list(OnMissing),
        help="ETF names without risk data: stop, drop, or drop and rescale the rest "
        f"(default: {OnMissing.DROP})",
    )

    parser.add_argument(
        "--sample",
        action="store_true",
        help="take the embedded sample for whatever of the three is not given",
    )
    parser.add_argument(
        "--from-snapshot",
        metavar="FILE.zip",
        help="take all three from a snapshot, and what was asked for where no option says otherwise",
    )
    network = parser.add_argument_group("the network")
    network.add_argument(
        "--refresh", action="store_true", help="ask the API again for what is kept of its answers"
    )
    network.add_argument(
        "--allow-stale",
        action="store_true",
        help="use an answer that is past its time if the network is down; its age is said",
    )


def add_problem(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is wanted."""
    group = parser.add_argument_group("what is wanted")
    group.add_argument(
        "--method",
        type=method,
        metavar="NAME",
        help=f"{', '.join(Method)} (default: {Method.HEDGE})",
    )
    add_target(group)
    limit_options.add_arguments(parser)
    add_legs(parser)


def add_target(group: argparse._ArgumentGroup) -> None:
    """Add the option for the beta that is wanted."""
    group.add_argument(
        "--target",
        action="append",
        metavar="BETA",
        help="the beta to reach: a number such as 0.5 or 50%%, a ticker of the risk model such as IWV, "
        "or ETF=BETA for each of several (default: 0)",
    )


def add_legs(parser: argparse.ArgumentParser) -> None:
    """Add the options for hedge ratios of ETFs that are near copies of each other."""
    legs = parser.add_argument_group("what the hedge ratios must keep to (only for hedge)")
    legs.add_argument(
        "--ridge",
        metavar="NUMBER",
        help="shrink the ratios of ETFs that are near copies of each other; 0.01 to 0.1 are usual",
    )
    legs.add_argument(
        "--leg-limit",
        metavar="MOST",
        help="most of any ETF, in net asset value: 0.5 or 50%%",
    )
    legs.add_argument("--sell-only", action="store_const", const=True, help="buy no ETF")


def day(text: str) -> date:
    """Read a day as people and scripts write it: 2025-11-18."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a day; write it as 2025-11-18"
        raise ArgumentTypeError(msg) from None


def method(text: str) -> Method:
    """Read a method's name, with hyphens or underscores."""
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
        If plain targets and targets by ETF are mixed, or there are several plain ones.

    """
    if not texts:
        return 0.0
    named = [text.partition("=") for text in texts]
    if all(sign for _, sign, _ in named):
        targets = {name.strip(): beta_or_ticker(beta) for name, _, beta in named}
        if len(targets) == len(named):
            return targets
    if len(texts) == 1 and not named[0][1]:
        return beta_or_ticker(texts[0])
    msg = f"The targets {', '.join(texts)} do not fit together. Give one, or one ETF=BETA for each ETF."
    raise InputError(msg)


def benchmarks(texts: list[str] | None) -> list[str]:
    """Return the tickers that ``--target`` options name."""
    targets = read_target(texts)
    several = targets.values() if isinstance(targets, dict) else [targets]
    return [target for target in several if isinstance(target, str)]


def gather(args: argparse.Namespace) -> Inputs:
    """Load or fetch the three inputs that the options name, or take them from a snapshot.

    Raises
    ------
    InputError
        If one is not named, or named twice.
    BetaNeutralError
        If one cannot be had.

    """
    _refuse_contradictions(args)
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


def _refuse_contradictions(args: argparse.Namespace) -> None:
    """Refuse sources that exclude each other, and options that would have no effect."""
    unit_is_given = args.covariance_unit is not None
    unit_is_known = args.from_snapshot or args.prices or (args.sample and not args.covariance)
    how_is_given = args.estimator or args.window is not None
    for wrong, said in (
        (
            args.holdings and args.fund,
            "Both --holdings and --fund are given. Choose one source of the portfolio.",
        ),
        (
            (args.account or args.fx) and not args.holdings,
            "--account and --fx are for a --holdings file, and none is given.",
        ),
        (args.date and not args.fund, "--date is for --fund; a file has its own date."),
        (
            args.etf_fund and not args.etf,
            "--etf-fund chooses among the funds of an --etf file, and none is given.",
        ),
        (args.covariance and args.prices, "Both --covariance and --prices are given. Choose one risk model."),
        (
            unit_is_given and unit_is_known,
            "--covariance-unit is for a covariance file or the API; prices, sample and snapshot know theirs.",
        ),
        (
            how_is_given and not args.prices,
            "--estimator and --window are for --prices; a covariance has been estimated already.",
        ),
    ):
        if wrong:
            raise InputError(said)


def parameters(args: argparse.Namespace, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked for as plain data: by the options, else by a snapshot, else by default."""

    def chosen(name: str, default: Any) -> Any:
        value = getattr(args, name, None)
        return stored.get(name, default) if value is None else value

    return {
        "method": chosen("method", Method.HEDGE),
        "target": chosen("target", None),
        "constraints": {**stored.get("constraints", {}), **limit_options.given(args)},
        "legs": {**stored.get("legs", {}), **_legs(args)},
        "on_missing": chosen("on_missing", OnMissing.ERROR),
        "etf_on_missing": chosen("etf_on_missing", OnMissing.DROP),
    }


def _legs(args: argparse.Namespace) -> dict[str, float | str | bool]:
    """Return what the hedge ratios must keep to, where an option says so.

    What has a percent sign stays text, so that a snapshot keeps the sign.
    """
    given = {
        "ridge": _plain(getattr(args, "ridge", None)),
        "limit": _plain(getattr(args, "leg_limit", None)),
        "sell_only": getattr(args, "sell_only", None),
    }
    return {name: value for name, value in given.items() if value is not None}


def _plain(text: str | None) -> float | str | None:
    """Return text that prints a plain number as that number, all else as it is."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def wanted(args: argparse.Namespace, stored: Mapping[str, Any]) -> Wanted:
    """Read what is asked for, by the options or by a snapshot, which may say anything."""
    asked = parameters(args, stored)
    return Wanted(
        method=choice(Method, asked["method"], "method"),
        target=read_target(asked["target"]),
        constraints=Constraints.from_mapping(asked["constraints"]),
        legs=Legs.from_mapping(asked["legs"]),
        on_missing=choice(OnMissing, asked["on_missing"], "policy on_missing"),
        etf_on_missing=choice(OnMissing, asked["etf_on_missing"], "policy etf_on_missing"),
    )


MANY = 1_000
"""From so many names of the risk model on a solution can take a second."""


def solve(args: argparse.Namespace, inputs: Inputs) -> Rebalance:
    """Solve the problem that the options, or a snapshot, describe."""
    from betaneutral_xl.engine.neutral import neutralise

    asked = wanted(args, inputs.stored)
    names = len(inputs.covariance.tickers)
    with progress(f"Solving for {names:,} names ...") if names > MANY else nullcontext():
        return neutralise(
            inputs.holdings,
            inputs.etfs,
            inputs.covariance,
            target=asked.target,
            method=asked.method,
            constraints=asked.constraints,
            legs=asked.legs,
            on_missing=asked.on_missing,
            etf_on_missing=asked.etf_on_missing,
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
"""Options that name a source, which a snapshot leaves no room for."""


def _from_snapshot(args: argparse.Namespace) -> Inputs:
    from betaneutral_xl.job.snapshot import read_snapshot

    beside = [f"--{name.replace('_', '-')}" for name in SOURCES if getattr(args, name)]
    if beside:
        msg = f"--from-snapshot has all inputs, so {listing(beside)} cannot be given with it."
        raise InputError(msg)
    return inputs_of(read_snapshot(args.from_snapshot), shown_name(args.from_snapshot), args.nav)


def inputs_of(snapshot: Snapshot, name: str, nav: float | None = None) -> Inputs:
    """Read a snapshot's originals, with another net asset value where one is stated.

    Raises
    ------
    InputError
        If it has not one portfolio, one risk model and at least one ETF.

    """
    books, etfs, models = (snapshot.of(kind) for kind in (Holdings, Etf, Covariance))
    if len(books) != 1 or not etfs or len(models) != 1:
        msg = (
            f"The snapshot {name} has {len(books)} portfolios, {len(etfs)} ETFs and {len(models)} risk "
            "models; a run needs one, at least one, and one."
        )
        raise InputError(msg)
    for key, value in snapshot.parameters.items():
        if not _may_be_stored(key, value):
            msg = f"The snapshot {name} asks for {key!r:.20} {value!r:.40}, which is not what it can be."
            raise InputError(msg)
    book = read(with_nav(books[0], nav), Holdings)
    holdings = book.value
    return Inputs(
        replace(holdings, warnings=(*holdings.warnings, *snapshot.differences())),
        tuple(read(etf, Etf).value for etf in etfs),
        read(models[0], Covariance).value,
        raw_inputs=tuple(book.raw_input if one is books[0] else one for one in snapshot.raw_inputs),
        stored=snapshot.parameters,
    )


def _may_be_stored(key: str, value: object) -> bool:
    match key, value:
        case ("method" | "on_missing" | "etf_on_missing", str()) | ("constraints", dict()) | ("target", None):
            return True
        case ("target", list()):
            return all(isinstance(text, str) for text in value)
        case ("legs", dict()):
            return all(_may_be_a_leg(name, one) for name, one in value.items())
        case _:
            return False


def _may_be_a_leg(name: str, value: object) -> bool:
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

        as_of = args.date or last_weekday(date.today())  # noqa: DTZ011 - the analyst's own calendar
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
    """Return the tickers that a target or a comparison is aimed at: they need risk data too."""
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
