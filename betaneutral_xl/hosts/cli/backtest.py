"""``betaneutral-xl backtest``: a walk-forward backtest of hedges."""

from __future__ import annotations

import argparse
import sys
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.cli import backtest_options, input_options
from betaneutral_xl.hosts.cli.output import add_machine_formats, console, number, percent, progress
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from betaneutral_xl.engine.backtest import Backtest, Performance, Study

EPILOG = f"""\
examples:
  betaneutral-xl backtest --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz \\
      --start 2023-01 --end 2026-06
  betaneutral-xl backtest --holdings fund.csv --etf QQQ --prices stocks.parquet --etf-prices etfs.csv \\
      --estimator default sample exponential:half_life=21 --method hedge unhedged --json
  betaneutral-xl backtest --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz --chart beta.svg
  betaneutral-xl backtest --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz --etf-prices etfs.csv \\
      --method reweight unhedged --target IWV --long-only --upper 8% --turnover 30%

On each date the portfolio is put back to the weights of --holdings and hedged with all of the ETFs, by
betas that are estimated from the days before. The realised beta is the slope of the next --horizon
days' returns on the ETF's: of its basket, where it is given by its holdings file, of its own price
series, where it is given by its ticker; days on which that has no return do not count.

{backtest_options.EPILOG}
--json prints {{"fund", "etfs", "start", "end", ..., "estimators": {{NAME: what it is}},
  "results": {{METHOD: {{ESTIMATOR: {{"realised_beta_mean", "realised_beta_rms", "active_beta_mean",
  "active_beta_rms", "noise_floor", "volatility", "tracking_error", "hedge_effectiveness", "max_drawdown",
  "turnover", "cost", "n_dates", "n_infeasible"}}}}}}, "warnings": [...]}}, in decimals; volatility and cost
  a year, turnover one-way a date. With several ETFs the first five are records by ETF. noise_floor is the
  root mean square of the realised betas' standard errors: what would be left had every beta been known.
--csv prints a row for each date, method, estimator and ETF: the beta that was realised, the target's,
  and whether no weights that keep the limits were found.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "backtest",
        help="run a walk-forward backtest of hedges over prices",
        description="Walk forward over prices: hedge on each date by what was known then, hold to the next, "
        "and measure the beta that was realised.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what")
    what.add_argument("--holdings", metavar="FILE", required=True, help="the portfolio, as for rebalance")
    input_options.add_choice(what)
    what.add_argument(
        "--etf",
        metavar="FILE|TICKER",
        nargs="+",
        action="extend",
        required=True,
        help="an issuer's holdings file (its basket), or a ticker of --etf-prices (its own price series); "
        "several are hedged with at once",
    )
    backtest_options.add_arguments(parser)
    parser.add_argument(
        "--horizon",
        type=int,
        default=backtest_options.HORIZON,
        metavar="DAYS",
        help="days over which a realised beta is measured (default: %(default)s)",
    )
    parser.add_argument(
        "--estimator",
        nargs="+",
        action="extend",
        metavar="NAME",
        help=f"estimators to compare (default: {' '.join(backtest_options.ESTIMATORS)})",
    )
    backtest_options.add_aim(parser)
    parser.add_argument("--chart", metavar="FILE", help="save a chart of rolling betas, .png or .svg")
    add_machine_formats(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Read, walk, print."""
    from betaneutral_xl.engine.backtest import walk

    picture = Path(args.chart).suffix.lower().lstrip(".") if args.chart else ""
    if args.chart:
        from betaneutral_xl.engine.backtest import charts

        charts.require(picture)
    with progress("Reading ..."):
        wanted = read(args)
    with progress("Walking forward ..."):
        result = walk(wanted)
    if args.chart:
        saving.save(args.chart, charts.draw(result, picture))
    if args.json:
        sys.stdout.write(saving.to_json(as_record(result)) + "\n")
    elif args.csv:
        from betaneutral_xl.engine.backtest.forward import COLUMNS

        sys.stdout.write(saving.to_csv(COLUMNS, result.rows()))
    else:
        _print(result)
        if args.chart:
            console().print(f"chart saved to {args.chart}", markup=False, soft_wrap=True)


def read(args: argparse.Namespace) -> Study:
    """Read the files that the options name, and pose the study."""
    from betaneutral_xl.readers.holdings_files import load_holdings

    tables = backtest_options.Tables.read(args.prices, args.etf_prices)
    etfs = [backtest_options.find_etf(text, args.etf_fund, tables) for text in args.etf]
    holdings = load_holdings(args.holdings, choice=input_options.holdings_choice(args))
    return backtest_options.pose(
        args,
        holdings,
        etfs,
        tables.of(holdings, etfs, input_options.benchmarks(args.target)),
        estimators=args.estimator or backtest_options.ESTIMATORS,
        horizon=args.horizon,
        keeping=backtest_options.limits(args),
    )


def as_record(result: Backtest) -> dict[str, Any]:
    """Return everything as plain values, for JSON."""
    from betaneutral_xl.engine.neutral import describe_target

    asked = result.study
    results: dict[str, dict[str, Any]] = {}
    for method, estimator in result.strategies:
        measured = result.performance((method, estimator)).record(result.etf_names)
        results.setdefault(method, {})[estimator] = measured
    return {
        "fund": asked.holdings.fund,
        "etfs": list(result.etf_names),
        "start": result.dates[0].astype(object),
        "end": result.dates[-1].astype(object),
        "every": asked.schedule.every,
        "horizon": asked.schedule.horizon,
        "holding": str(asked.holding),
        "absent": str(asked.absent),
        "target": describe_target(asked.target),
        "limits": list(asked.constraints.sentences()),
        "cost_bp": asked.cost_bp,
        "estimators": {one.label: one.description for one in asked.estimators},
        "results": results,
        "warnings": list(result.notes),
    }


def _print(result: Backtest) -> None:
    from betaneutral_xl.engine.backtest.plan import LIMITED
    from betaneutral_xl.engine.neutral import describe_target

    out, asked = console(), result.study
    out.print(
        f"{asked.holdings.fund} against {', '.join(result.etf_names)}: {len(result.dates)} dates, "
        f"{result.dates[0]} to {result.dates[-1]}, betas over the next {asked.schedule.horizon} days",
        style="bold",
        markup=False,
        soft_wrap=True,
    )
    if any(asked.targets):
        said = f"target {describe_target(asked.target)}: betas are active, realised less the target's"
        out.print(said, markup=False, soft_wrap=True)
    if asked.constraints.given:
        by = ", ".join(name for name in asked.methods if name in LIMITED)
        out.print(f"{by}: {'; '.join(asked.constraints.sentences())}", markup=False, soft_wrap=True)
    for i, table in enumerate(_tables(result, out)):
        if i:
            out.print()
        out.print(table)
    for note in result.notes:
        out.print(f"! {note}", style="yellow", markup=False, soft_wrap=True)


Columns = dict[str, list[str]]
"""Cells by the name of their column."""


def _tables(result: Backtest, out: Console) -> list[Table]:
    """Return one table where it fits; for several ETFs, or few characters a line, two."""
    betas, levels = _betas(result), _levels(result)
    arrangements = [[betas, levels]]
    if len(result.etf_names) == 1:
        arrangements.insert(0, [{**betas, **levels}])
    unlimited = out.options.update(max_width=10**4)
    for parts, stacked in product(arrangements, (False, True)):
        tables = [_table(part, stacked=stacked) for part in parts]
        if all(out.measure(table, options=unlimited).maximum <= out.width for table in tables):
            break
    return tables


def _table(columns: Columns, *, stacked: bool) -> Table:
    """Return a table whose numbers are whole at any width; only names are broken."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        head = escape(name.replace(" ", "\n") if stacked else name)
        if name in KEY_COLUMNS:
            table.add_column(head, overflow="fold")
        else:
            table.add_column(head, justify="right", no_wrap=True)
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*map(escape, cells))
    return table


KEY_COLUMNS = ("method", "estimator", "ETF")
"""Columns of names."""


def _strategies(result: Backtest) -> Iterator[tuple[tuple[str, str], Performance]]:
    """Yield how each way is called, and its measures; once where estimators make no difference."""
    from betaneutral_xl.engine.backtest.plan import WITHOUT_ESTIMATOR

    first = result.study.estimators[0].label
    for method, estimator in result.strategies:
        alike = method in WITHOUT_ESTIMATOR
        if not alike or estimator == first:
            yield (method, "-" if alike else estimator), result.performance((method, estimator))


def _betas(result: Backtest) -> Columns:
    """Return a row for each way and ETF."""
    word = "active beta" if any(result.study.targets) else "beta"
    names = (*KEY_COLUMNS, f"{word} mean", f"{word} RMS", "noise")
    rows = [
        (*called, etf, *(number(float(value), 3) for value in values))
        for called, one in _strategies(result)
        for etf, *values in zip(
            *(result.etf_names, one.active_beta_mean, one.active_beta_rms, one.noise_floor), strict=True
        )
    ]
    columns = {name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}
    if len(result.etf_names) == 1:
        del columns["ETF"]
    return columns


def _levels(result: Backtest) -> Columns:
    """Return a row for each way."""
    names = ("volatility", "tracking error", "hedge effectiveness", "drawdown", "turnover", "cost")
    rows = [
        (
            *called,
            *(percent(value, 1) for value in (one.volatility, one.tracking_error, one.hedge_effectiveness)),
            *(percent(value, 1) for value in (one.max_drawdown, one.turnover)),
            percent(one.cost),
        )
        for called, one in _strategies(result)
    ]
    columns = zip((*KEY_COLUMNS[:2], *names), zip(*rows, strict=True), strict=True)
    return {name: list(cells) for name, cells in columns}
