"""``betaneutral-xl backtest``: a walk-forward backtest of hedges."""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import backtest_options, output, table_options
from betaneutral_xl.hosts.cli.output import number, percent
from betaneutral_xl.job import studies, study_views
from betaneutral_xl.job.request import target_tickers
from betaneutral_xl.job.sources import load_holdings
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from betaneutral_xl.engine.backtest import Backtest, Study

EPILOG = f"""\
examples:
  betaneutral-xl backtest --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz \\
      --start 2023-01 --end 2026-06
  betaneutral-xl backtest --holdings fund.csv --etf QQQ --prices stocks.parquet --etf-prices etfs.csv \\
      --estimator default sample exponential:half_life=21 --method hedge unhedged --json
  betaneutral-xl backtest --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz --chart beta.svg
  betaneutral-xl backtest --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz --etf-prices etfs.csv \\
      --method reweight unhedged --target IWV --long-only --upper 8% --turnover 30%

On each date the portfolio is reset to the weights of --holdings and hedged with all of the ETFs, with
betas estimated from the days before. The realised beta is the slope of its returns over the next
--horizon days on the ETF's returns: those of its basket if --etf is a holdings file, those of its own
prices if --etf is a ticker. Days without an ETF return are left out.

{backtest_options.EPILOG}
--json prints {{"fund", "etfs", "start", "end", ..., "estimators": {{NAME: description}},
  "results": {{METHOD: {{ESTIMATOR: {{"realised_beta_mean", "realised_beta_rms", "active_beta_mean",
  "active_beta_rms", "noise_floor", "volatility", "tracking_error", "hedge_effectiveness", "max_drawdown",
  "turnover", "cost", "n_dates", "n_infeasible", "interval_coverage_68", "interval_coverage_95",
  "name_interval_coverage_68", "name_interval_coverage_95"}}}}}}, "warnings": [...]}}, in decimals; volatility
  and cost per year, turnover one-way per date. With several ETFs the first five and the coverages are
  records by ETF. The coverages are the shares of realised betas inside the intervals of next month's beta
  that were known on the date, of the portfolio and of its and the ETFs' names. noise_floor is
  the root mean square of the realised betas' standard errors, which remains even with perfect betas.
--csv prints a row for each date, method, estimator and ETF, with the realised beta, the target's beta,
  and whether no weights within the limits were found.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Walk forward over prices: hedge on each date with the data available then, hold to the "
        "next date, and measure the realised beta."
    )
    subject = parser.add_argument_group("portfolio and ETFs")
    subject.add_argument("--holdings", metavar="FILE", required=True, help="portfolio, as for rebalance")
    table_options.add_options(subject, "account", "fx")
    table_options.add_several(
        subject,
        "--etf",
        "FILE|TICKER",
        "an issuer's holdings file (its basket), or a ticker of --etf-prices (its own prices); "
        "several ETFs are hedged together",
        required=True,
    )
    backtest_options.add_arguments(parser)
    parser.add_argument(
        "--horizon",
        type=int,
        default=backtest_options.HORIZON,
        metavar="DAYS",
        help="trading days over which a realised beta is measured (default: %(default)s)",
    )
    backtest_options.add_estimator(parser)
    backtest_options.add_target_and_limits(parser)
    parser.add_argument("--chart", metavar="FILE", help="save a chart of rolling betas as .png or .svg")
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> None:
    """Read the inputs, run the backtest, print."""
    image_format = Path(args.chart).suffix.lower().lstrip(".") if args.chart else ""
    if args.chart:
        study_views.require_chart(image_format)
    with output.progress("Reading ..."):
        study = read_study(args)
    with output.progress("Walking forward ..."):
        result = studies.walk(study)
    if args.chart:
        saving.save(args.chart, study_views.chart(result, image_format))
    if args.json:
        output.write_json(study_views.as_record(result))
    elif args.csv:
        output.write_csv(study_views.COLUMNS, result.rows())
    else:
        _print(result)
        if args.chart:
            output.say(f"chart saved to {args.chart}")


def read_study(args: argparse.Namespace) -> Study:
    """Read the files that the options name, and return the study to run."""
    tables = studies.PriceTables.read(args.prices, args.etf_prices)
    etfs = [studies.find_etf(text, args.etf_fund, tables) for text in args.etf]
    holdings = load_holdings(args.holdings, args.account, args.fx or ())
    request = backtest_options.read_request(args)
    market = studies.find_market(request, tables)
    priced = [*etfs, *([market] if market else [])]
    estimators = args.estimator or backtest_options.ESTIMATORS
    return studies.study(
        backtest_options.terms(args, estimators, args.horizon, intervals=args.json),
        request,
        holdings,
        etfs,
        tables.select(holdings, priced, target_tickers(args.target)),
        market=market,
    )


def _print(result: Backtest) -> None:
    out = output.console()
    output.say(study_views.headline(result), "bold")
    for line in study_views.setting(result):
        output.say(line)
    for i, table in enumerate(_tables(result, out)):
        if i:
            out.print()
        out.print(table)
    output.warn(result.notes)


Columns = dict[str, list[str]]
"""Cells of each column, by heading."""


def _tables(result: Backtest, out: Console) -> list[Table]:
    """Return one table if there is one ETF and the table fits the width, else two."""
    betas, risk = _betas(result), _risk(result)
    arrangements = [[betas, risk]]
    if len(result.etf_names) == 1:
        arrangements.insert(0, [{**betas, **risk}])
    unlimited = out.options.update(max_width=10**4)
    for parts, stacked in product(arrangements, (False, True)):
        tables = [_table(part, stacked=stacked) for part in parts]
        if all(out.measure(table, options=unlimited).maximum <= out.width for table in tables):
            break
    return tables


def _table(columns: Columns, *, stacked: bool) -> Table:
    """Return a table that wraps labels but never truncates numbers; ``stacked`` breaks headings."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        head = escape(name.replace(" ", "\n") if stacked else name)
        if name in LABELS:
            table.add_column(head, overflow="fold")
        else:
            table.add_column(head, justify="right", no_wrap=True)
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*map(escape, cells))
    return table


LABELS = ("method", "estimator", "ETF")
"""Columns of labels, which may wrap."""


def _betas(result: Backtest) -> Columns:
    """Return realised betas, a row for each method, estimator and ETF."""
    word = "active beta" if any(result.study.targets) else "beta"
    names = (*LABELS, f"{word} mean", f"{word} RMS", "noise")
    rows = [
        (*labels, etf, *(number(float(value), 3) for value in values))
        for labels, one in study_views.performances(result)
        for etf, *values in zip(
            *(result.etf_names, one.active_beta_mean, one.active_beta_rms, one.noise_floor), strict=True
        )
    ]
    columns = {name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}
    if len(result.etf_names) == 1:
        del columns["ETF"]
    return columns


def _risk(result: Backtest) -> Columns:
    """Return risk, turnover and cost, a row for each method and estimator."""
    names = ("volatility", "tracking error", "hedge effectiveness", "drawdown", "turnover", "cost")
    rows = [
        (
            *labels,
            *(percent(value, 1) for value in (one.volatility, one.tracking_error, one.hedge_effectiveness)),
            *(percent(value, 1) for value in (one.max_drawdown, one.turnover)),
            percent(one.cost),
        )
        for labels, one in study_views.performances(result)
    ]
    columns = zip((*LABELS[:2], *names), zip(*rows, strict=True), strict=True)
    return {name: list(cells) for name, cells in columns}
