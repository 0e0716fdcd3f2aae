"""``betaneutral-xl orders``: orders for the new weights, in whole or fractional shares."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.cli import input_options, output, table_options
from betaneutral_xl.hosts.cli.output import number, percent
from betaneutral_xl.job import order_formats, proposals
from betaneutral_xl.job import run as job
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.order_formats import OrderFormat
from betaneutral_xl.job.sources import order_quotes
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.model.quotes import Quotes

NUMBERS = frozenset({"shares", "price", "notional"})

EPILOG = """\
examples:
  betaneutral-xl orders --sample --order-prices demo
      the sample's hedge in whole shares, rounded so that the beta stays at its target
  betaneutral-xl orders --holdings fund.csv --etf JHAI.csv --covariance risk.csv --order-prices prices.csv \\
      --trade etfs --out orders.csv
      one order in the ETF's shares, in a file for the desk
  betaneutral-xl orders --sample --order-prices demo --lot fractional --min-notional 100
      in fractions of a share
  betaneutral-xl orders --proposal report.xlsx --from-snapshot run.zip --order-prices prices.csv
      the new weights of a report, perhaps edited on its sheet Weights
  betaneutral-xl orders --from-snapshot run.zip --order-prices prices.csv --format ibkr --out basket.csv
      a basket file for Interactive Brokers

formats of --out:
  desk     ticker,side,shares,price,notional, and sector, country where known; a sale of
           what is not held is SELL SHORT
  ibkr     Interactive Brokers' BasketTrader: market orders for the day
  trader   ticker,price,shares,action
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Compute the new weights as rebalance does, or read those of a proposal, and convert them to orders."
    )
    parser.epilog = f"{EPILOG}\n{table_options.EPILOG}"
    input_options.add_arguments(parser, *table_options.REQUIRED, Section.ORDERS)
    parser.add_argument(
        "--proposal",
        metavar="FILE",
        help="take the new weights from a file in place of computing them: what rebalance --csv or --json "
        "writes, its report, or a table of ticker and new_weight; the inputs give their beta",
    )
    out = parser.add_argument_group("the file of orders")
    out.add_argument(
        "-o", "--out", metavar="FILE.csv", type=Path, help="write the orders to a file; - is standard output"
    )
    out.add_argument(
        "--format",
        choices=list(OrderFormat),
        default=OrderFormat.DESK,
        help="what the file looks like (default: %(default)s)",
    )
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> None:
    """Solve or read the proposal, round to shares, write the file if requested, print."""
    gathered = input_options.gather(args)
    terms = gathered.terms(args)
    if args.proposal:
        request = gathered.request
        result = proposals.of_file(args.proposal, request, gathered.inputs)
        terms = replace(terms, cost_bp=request.constraints.cost_bp or terms.cost_bp)
    else:
        result = input_options.solve(gathered)
    quotes = order_quotes(gathered.inputs.holdings, gathered.order_prices(args))
    orders = job.orders(result, quotes, terms)
    to_file = args.out and str(args.out) != "-"
    if to_file:
        saving.save(args.out, order_formats.as_file(orders, OrderFormat(args.format)).encode())
    if args.json:
        output.write_json(order_formats.as_record(orders))
    elif args.csv or (args.out and not to_file):
        sys.stdout.write(order_formats.as_file(orders, OrderFormat(args.format)))
    else:
        _print(orders, quotes)
        if args.out:
            output.say(f"\nOrders: {args.out.name}")


def _print(orders: Orders, quotes: Quotes) -> None:
    columns, rows = order_formats.columns(orders), []
    for ticker, side, shares, price, notional, *others in order_formats.rows(orders):
        more = (number(one, 2) if isinstance(one, float) else str(one) for one in others)
        rows.append((str(ticker), str(side), f"{shares:,}", f"{price:,.2f}", f"{notional:,.2f}", *more))
    output.print_table(columns, rows, left=set(columns) - NUMBERS)
    before, turnover = orders.result.before.beta, percent(orders.turnover)
    for name, beta in orders.beta.items():
        output.say(f"beta to {name}: {number(before[name])} before, {number(beta)} after the orders")
    output.say(f"traded {orders.traded:,.2f} (turnover {turnover}), cash after {orders.cash:,.2f}")
    output.say(quotes.sentence(order.ticker for order in orders.orders))
    if liquidity := order_formats.liquidity_sentence(orders):
        output.say(liquidity)
    if orders.left_out:
        output.say(f"Left out as too small: {', '.join(orders.left_out)}.")
    output.warn(orders.result.warnings)
