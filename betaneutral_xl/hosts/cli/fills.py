"""``betaneutral-xl fills``: what was traded of the accepted orders, and what is still to do."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.cli import output
from betaneutral_xl.job.mandate import FILE_NAME, Mandate
from betaneutral_xl.system import saving
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.job.daily.reconciliation import Reconciliation
    from betaneutral_xl.job.daily.records import Accepted

LEFT = 10
"""The exit code where something is left to do."""

EPILOG = f"""\
examples:
  betaneutral-xl fills trades.csv
      the trades of the broker (Interactive Brokers' Flex, CSV or XML) or of the desk against the orders
  betaneutral-xl fills --holdings fund.csv --out left.csv
      the new holdings against them; what is left to do as orders for the desk
  betaneutral-xl fills ibkr:123456
      the trades of a Flex query, from the broker

exit codes: 0 all filled; {LEFT} something is left; 2 to 5 as of every command.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Compare what was traded, or what is held now, with the orders that were accepted."
    parser.add_argument(
        "trades", metavar="FILE", nargs="?", help="the trades: a file, or ibkr:QUERYID for a Flex query"
    )
    parser.add_argument("--holdings", metavar="FILE", help="the new holdings, in place of trades")
    parser.add_argument("--account", metavar="NAME", help="which account of the holdings file")
    parser.add_argument(
        "--fund", metavar="NAME", help=f"whose orders (default: those of the mandate, {FILE_NAME})"
    )
    parser.add_argument("--mandate", metavar="FILE", help="the mandate that they were accepted under")
    parser.add_argument(
        "-o", "--out", metavar="FILE.csv", type=Path, help="write what is left to do as orders for the desk"
    )
    output.add_machine_formats(parser)


def run(args: argparse.Namespace) -> int:
    """Reconcile, write the orders that are left if requested, print."""
    from betaneutral_xl.job.daily import reconciliation

    if bool(args.trades) == bool(args.holdings):
        msg = "Give either a file of trades, or the new holdings with --holdings."
        raise InputError(msg)
    settings = Settings.from_environment()
    accepted = _accepted(args, settings)
    if args.trades:
        found = reconciliation.of_fills(accepted, reconciliation.load_fills(args.trades, settings))
    else:
        from betaneutral_xl.job.sources import Sources

        sources = Sources.parse({"holdings": args.holdings, "account": args.account})
        found = reconciliation.of_holdings(accepted, sources.holdings_of(settings))
    if args.out:
        saving.save(args.out, reconciliation.left_as_csv(found).encode())
    if args.json:
        output.write_json(reconciliation.record(found))
    elif args.csv:
        output.write_csv(reconciliation.LINES, reconciliation.table(found))
    else:
        _print(found)
        if args.out:
            output.say(f"\nOrders that are left: {args.out.name}")
    return 0 if found.complete else LEFT


def _accepted(args: argparse.Namespace, settings: Settings) -> Accepted:
    from betaneutral_xl.job.daily.records import Records

    fund = args.fund
    if fund is None:
        file = args.mandate or settings.mandate or (FILE_NAME if Path(FILE_NAME).is_file() else None)
        if file is None:
            msg = f"Whose orders? Name the fund with --fund, or its mandate with --mandate {FILE_NAME}."
            raise InputError(msg)
        fund = Mandate.of(file).name
    found = Records(settings, fund).latest()
    if found is None:
        msg = f"No proposal of {fund} was accepted. Accept one first: betaneutral-xl accept."
        raise InputError(msg)
    return found


def _print(found: Reconciliation) -> None:
    from betaneutral_xl.job.daily import reconciliation

    output.say(found.headline, "bold")
    rows = (
        (ticker, state, *(f"{one:,.0f}" for one in numbers[:3]), *map(_money, numbers[3:]))
        for ticker, state, *numbers in reconciliation.table(found)
    )
    columns = [name.replace("_", " ") for name in reconciliation.LINES]
    output.print_table(columns, rows, left={"ticker", "state"})
    output.say(f"slippage {_money(found.slippage)}, commissions {_money(found.cost)}")
    output.warn(found.notes)


def _money(value: Any) -> str:
    return "-" if math.isnan(value) else f"{round(value, 2) + 0.0:,.2f}"
