"""``betaneutral-xl today``: whether the accepted hedge is still good, what moved it, and whether to trade."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import input_options, output, table_options
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.sources import order_quotes
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from betaneutral_xl.job.daily.page import Today

REBALANCE = 10
"""The exit code of the verdict to rebalance."""

SHOWN_DAYS = 10
"""Days of the history that are printed."""

EPILOG = f"""\
examples:
  betaneutral-xl today
      with a {{file}} in the folder, which names the fund, the ETFs and the rules
  betaneutral-xl today --holdings fund.csv --etf JHAI --prices prices.csv --chart today.png
      from files, with the history as a chart
  betaneutral-xl today --json || [ $? -eq {REBALANCE} ] && mail -s "rebalance" desk@fund.example
      for a scheduler

exit codes: 0 leave it; {REBALANCE} rebalance: the beta is outside its tolerance, or a rule is broken;
2 to 5 as of every command. What moved the beta is split in the order prices, trades and flows, the ETF's own
changes, the risk model: each part has those before it at today's values and those after it as they were, so
that they add up.
""".replace("{file}", "mandate.toml")


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Compare the beta of today with the last accepted proposal and with its tolerance."
    parser.epilog = f"{EPILOG}\n{table_options.EPILOG}"
    input_options.add_arguments(parser, *table_options.REQUIRED, Section.ORDERS)
    out = parser.add_argument_group("today")
    out.add_argument("--chart", metavar="FILE.png", type=Path, help="draw the history (needs matplotlib)")
    out.add_argument("--no-record", action="store_true", help="look only: add nothing to the history")
    out.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(args: argparse.Namespace) -> int:
    """Print what became of the accepted proposal; return whether to trade as the exit code."""
    from betaneutral_xl.job.daily import build, plain

    if args.chart:
        from betaneutral_xl.report import daily_chart

        daily_chart.require(args.chart.suffix.lstrip("."))
    given = input_options.gather(args)
    quotes = order_quotes(given.inputs.holdings, given.order_prices(args))
    found = build.today(
        given.request,
        given.inputs,
        input_options.settings(args),
        quotes=quotes,
        terms=given.terms(args),
        fetch_forecast=True,
        keep=not args.no_record,
    )
    if args.chart:
        saving.save(args.chart, daily_chart.draw(found, args.chart.suffix.lstrip(".")))
    if args.json:
        output.write_json(plain.record(found))
    else:
        _print(found)
        if args.chart:
            output.say(f"\nChart: {args.chart.name}")
    return REBALANCE if plain.is_action(found) else 0


def _print(found: Today) -> None:
    from betaneutral_xl.job.daily import plain

    output.say(found.headline, "bold red" if plain.is_action(found) else "bold green")
    lines = (line for line in plain.summary(found)[1:] if line.label != "Note")
    rows = ((line.label, line.text, line.remark) for line in lines)
    columns = ("label", "value", "remark")
    output.print_table(columns, rows, left={"label", "remark"}, wrapped={"remark"}, headed=False)
    output.warn(found.notices)
    if len(found.history) > 1:
        _print_history(found)


def _print_history(found: Today) -> None:
    from betaneutral_xl.job.daily import plain

    shown = ("day", "etf", "beta", "target", "accepted", "verdict", "prices", "trades", "etf's", "risk model")
    count, rows = SHOWN_DAYS * len(found.betas), []
    for row in plain.history(found)[-count:]:
        day, etf, beta, _, _, target, _, accepted, verdict, *parts = row
        numbers = [f"{one:.3f}" if one == one else "-" for one in (beta, target, accepted)]  # noqa: PLR0124 - NaN
        signed = [f"{one:+.3f}" if one == one else "-" for one in parts]  # noqa: PLR0124 - likewise
        rows.append((str(day), etf, *numbers, verdict, *signed))
    output.say("")
    output.print_table(shown, rows, left={"day", "etf", "verdict"}, wrapped=shown)
