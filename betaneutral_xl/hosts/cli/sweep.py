"""``betaneutral-xl sweep``: run many backtests."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError, ModelError, Unwritable
from betaneutral_xl.hosts.cli import backtest_options, output, table_options
from betaneutral_xl.hosts.cli.output import number
from betaneutral_xl.job import studies
from betaneutral_xl.job.estimation import options_of
from betaneutral_xl.job.request import target_tickers
from betaneutral_xl.job.sources import load_holdings
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest.sweep import Cell

EPILOG = f"""\
examples:
  betaneutral-xl sweep --holdings fund*.csv --etf JHAI.csv QQQ IWV --prices stocks.csv.gz \\
      --etf-prices etfs.csv.gz --estimator default sample --horizon 21 63 --out sweep.csv
  betaneutral-xl sweep --holdings fund.csv --etf QQQ --prices stocks.csv.gz --etf-prices etfs.csv.gz \\
      --estimator exponential volatility_scaled --half-life 21 63 126 --period 2016:2018 2018:2020 --out s.csv
  betaneutral-xl sweep ... --out sweep.csv --engine dask --address tcp://scheduler:8786

Every portfolio is hedged with every ETF alone, with every estimator, over every horizon and period.
Finished backtests are saved in a journal beside the results (sweep.csv.journal): after an interruption the
same command resumes, and a larger grid runs only what is new. Delete the journal to start again.

{backtest_options.EPILOG}
The results are a table, a row for each portfolio, ETF, estimator, method, horizon and period, with the
measures that "backtest --json" prints, and the reason where there are none. They are identical to the last
bit with every engine, on processors of one kind. The workers of a cluster need this package.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Backtest many portfolios, ETFs, estimators, horizons and periods, on all cores or on a cluster."
    )
    parser.add_argument(
        "-o", "--out", metavar="FILE", required=True, help="CSV file for the table of results"
    )
    grid = parser.add_argument_group("grid")
    table_options.add_several(grid, "--holdings", "FILE", "portfolios", required=True)
    table_options.add_options(grid, "account", "fx")
    table_options.add_several(
        grid,
        "--etf",
        "FILE|TICKER",
        "ETFs, by holdings file or by a ticker of --etf-prices; each is hedged with alone",
        required=True,
    )
    backtest_options.add_estimator(grid)
    table_options.add_several(
        grid,
        "--half-life",
        "DAYS",
        "half-lives to try, for estimators that have one and do not set it themselves",
        type=float,
        default=[],
    )
    table_options.add_several(
        grid,
        "--horizon",
        "DAYS",
        f"trading days over which realised betas are measured (default: {backtest_options.HORIZON})",
        type=int,
    )
    table_options.add_several(
        grid,
        "--period",
        "START:END",
        "periods such as 2016-01:2018-12, instead of --start and --end",
        type=period,
    )
    backtest_options.add_arguments(parser)
    backtest_options.add_target_and_limits(parser)
    workers = parser.add_argument_group("where to run")
    workers.add_argument(
        "--engine",
        choices=["loky", "dask", "ray"],
        default="loky",
        help="loky: processes on this machine; dask, ray: a running cluster (default: %(default)s)",
    )
    workers.add_argument("--address", default="", help="address of the cluster, such as tcp://scheduler:8786")
    workers.add_argument(
        "--jobs", type=int, default=-1, metavar="N", help="processes on this machine (default: one per core)"
    )


def period(text: str) -> tuple[date, date]:
    """Read ``START:END``, each a date, a month or a year."""
    first, sign, last = text.partition(":")
    if not sign:
        msg = f"{text!r} is not START:END, such as 2016-01:2018-12"
        raise argparse.ArgumentTypeError(msg)
    return backtest_options.first_day(first), backtest_options.last_day(last)


def run(args: argparse.Namespace) -> None:
    """Run the cells of the grid that are not in the journal, save the table, print the means."""
    if args.jobs == 0:
        msg = "--jobs 0 starts no process. Give a number of processes, or -1 for one per core."
        raise InputError(msg)
    out = Path(args.out)
    if out.is_dir():
        msg = f"Cannot write {out.name}: it is a folder. Name a file in it."
        raise Unwritable(msg)
    cells = grid(args)
    with _progress_bar(len(cells)) as on_progress, _resume_hint(f"{out.name}.journal"):
        rows = studies.sweep(
            cells,
            Path(f"{args.out}.journal"),
            engine=args.engine,
            address=args.address,
            jobs=args.jobs,
            on_progress=on_progress,
        )
    saving.save(args.out, saving.to_csv(tuple(rows[0]), [tuple(row.values()) for row in rows]).encode())
    _print(rows, args.out)


def grid(args: argparse.Namespace) -> list[Cell]:
    """Return every cell of the grid that the options describe.

    Raises
    ------
    InputError
        If the options conflict, or two portfolios or two ETFs have the same name.

    """
    if args.period and (args.start or args.end):
        msg = "Both --period and --start or --end are given. Use one of them."
        raise InputError(msg)
    tables = studies.PriceTables.read(args.prices, args.etf_prices)
    funds = {Path(file).stem: load_holdings(file, args.account, args.fx or ()) for file in args.holdings}
    etfs = {text: studies.find_etf(text, args.etf_fund, tables) for text in args.etf}
    request, benchmarks = backtest_options.read_request(args), target_tickers(args.target)
    if len(funds) < len(args.holdings) or len({one.etf.name for one in etfs.values()}) < len(args.etf):
        msg = (
            "Two portfolios or two ETFs have the same name, which makes their rows ambiguous. Rename a file."
        )
        raise InputError(msg)
    market = studies.find_market(request, tables)
    estimators = with_half_lives(args.estimator or backtest_options.ESTIMATORS, args.half_life)
    spans = args.period or [(args.start, args.end)]
    cells = []
    for (fund, holdings), etf in product(funds.items(), etfs.values()):
        prices = tables.select(holdings, [etf, *([market] if market else [])], benchmarks)
        for estimator, horizon, (start, end) in product(
            estimators, args.horizon or [backtest_options.HORIZON], spans
        ):
            terms = backtest_options.terms(args, [estimator], horizon, intervals=True)
            study = studies.study(
                replace(terms, start=start, end=end), request, holdings, [etf], prices, market=market
            )
            cells.append(studies.cell(fund, etf.etf.name, study))
    return cells


def with_half_lives(estimators: Sequence[str], half_lives: Sequence[float]) -> list[str]:
    """Return each estimator with each half-life, if it has that parameter and does not set it itself.

    Raises
    ------
    InputError
        If no estimator takes the half-lives.

    """
    out: list[str] = []
    for text in estimators:
        name, _, rest = text.partition(":")
        if half_lives and "half_life" in options_of(name) and "half_life" not in rest.replace("-", "_"):
            join = "," if rest else ":"
            out += [f"{text}{join}half_life={days:g}" for days in half_lives]
        else:
            out.append(text)
    if half_lives and out == list(estimators):
        msg = (
            f"--half-life {' '.join(f'{days:g}' for days in half_lives)} has no effect on "
            f"{', '.join(estimators)}. Choose an estimator that has a half-life and does not set it itself."
        )
        raise InputError(msg)
    return list(dict.fromkeys(out))


@contextmanager
def _resume_hint(journal: str) -> Iterator[None]:
    """Print on an interrupt that the sweep can be resumed."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(f"Finished backtests are saved in {journal}: run the same command to resume.\n")
        raise


@contextmanager
def _progress_bar(total: int) -> Iterator[Callable[[int, int], None] | None]:
    """Show a progress bar on a terminal; show nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.console(stderr=True)) as shown:
        task = shown.add_task("sweep", total=total)
        yield lambda done, of: shown.update(task, completed=done, total=of)


def _print(rows: list[dict[str, Any]], file: str) -> None:
    """Print the means over the grid by method, estimator and horizon."""
    failed = [row for row in rows if row["error"]]
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for row in rows:
        if not row["error"]:
            groups.setdefault((row["method"], row["estimator"], row["horizon"]), []).append(row)
    done = [row for members in groups.values() for row in members]
    active = any(row["active_beta_mean"] != row["realised_beta_mean"] for row in done)
    word = "active beta" if active else "beta"
    labels, numbers = (
        ("method", "estimator"),
        ("horizon", "rows", f"{word} mean", f"{word} RMS", "noise", "worst RMS"),
    )
    lines = []
    for (method, estimator, horizon), members in groups.items():
        rms = [row["active_beta_rms"] for row in members]
        mean = sum(row["active_beta_mean"] for row in members) / len(members)
        noise = _rms([row["noise_floor"] for row in members])
        shown = (number(value, 3) for value in (mean, _rms(rms), noise, max(rms)))
        lines.append((method, estimator, str(horizon), str(len(members)), *shown))
    output.print_table((*labels, *numbers), lines, left=labels, wrapped=numbers)
    output.warn(f"{row['fund']}, {row['etf']}, {row['estimator']}: {row['error']}" for row in failed)
    output.say(f"saved to {file}")
    if len(failed) == len(rows):
        msg = f"No backtest of the sweep has a result. The first error: {failed[0]['error']}"
        raise ModelError(msg)


def _rms(values: list[float]) -> float:
    return float((sum(value**2 for value in values) / len(values)) ** 0.5)
