"""``betaneutral-xl accept``: keep a proposal, to which ``today`` and ``fills`` compare."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from betaneutral_xl.errors import MissingValue
from betaneutral_xl.hosts.cli import input_options, output, table_options
from betaneutral_xl.job import run as job
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.sources import order_quotes

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance

EPILOG = """\
examples:
  betaneutral-xl accept
      the proposal of today, under mandate.toml of the folder
  betaneutral-xl accept --from-snapshot run.zip
      a proposal that was looked at before: rebalance --snapshot run.zip

Kept are the proposal, its orders where there are prices, and the snapshot of its inputs: in
the user's own folder (BETANEUTRAL_RECORDS), which no one else may read. Nothing is sent to a broker.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Compute the new weights as rebalance does, and keep them as what the fund decided."
    parser.epilog = f"{EPILOG}\n{table_options.EPILOG}"
    input_options.add_arguments(parser, *table_options.REQUIRED, Section.ORDERS)


def run(args: argparse.Namespace) -> None:
    """Solve, and keep the proposal."""
    from betaneutral_xl.job.daily.build import fund_of
    from betaneutral_xl.job.daily.records import Records

    given = input_options.gather(args)
    outcome = input_options.answer(given)
    settings = input_options.settings(args)
    orders, why = (None, "") if outcome.infeasible else _orders(args, given, outcome.result)
    fund = fund_of(given.request, given.inputs)
    accepted = Records(settings, fund).accept(outcome, orders, given.stored)
    betas = ", ".join(f"beta to {name} {output.number(beta)}" for name, beta in accepted.betas.items())
    what = f"{len(accepted.orders)} orders" if orders is not None else "weights"
    output.say(f"Accepted for {fund}: {what}, {betas}.")
    if why:
        output.warn([f"Kept in weights, without orders: {why}"])
    output.warn(outcome.result.warnings)


def _orders(
    args: argparse.Namespace, given: input_options.Gathered, result: Rebalance
) -> tuple[Orders | None, str]:
    """Return the orders of a proposal, or why there are none."""
    quotes = order_quotes(given.inputs.holdings, given.order_prices(args))
    try:
        return job.orders(result, quotes, given.terms(args)), ""
    except MissingValue as error:
        return None, str(error)
