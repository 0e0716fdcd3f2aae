"""``betaneutral-xl fake-api``: run a stand-in for the fund's web API on this machine."""

from __future__ import annotations

import argparse
import sys
import threading
from importlib.resources import files
from typing import TYPE_CHECKING

from betaneutral_xl.job import sample
from betaneutral_xl.job.stand_in import stand_in

if TYPE_CHECKING:
    from betaneutral_xl.network.stand_in import StandIn

EPILOG = """\
examples:
  betaneutral-xl fake-api
  betaneutral-xl fake-api --fault 502*2            fail twice, then answer: the retries succeed
  betaneutral-xl fake-api --fault html@/covariance-matrix/latest
  betaneutral-xl fake-api --holdings fund.json --covariance risk.csv --port 9000

It answers as the fund's API does, with the embedded sample or with files in the API's format, on the
loopback interface only. Stop it with Ctrl-C.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Run a stand-in for the fund's web API, to try things out without credentials."
    parser.add_argument(
        "--port", type=int, default=8765, metavar="N", help="port to listen on (default: %(default)s; 0: any)"
    )
    parser.add_argument(
        "--token",
        default="demo",
        metavar="TEXT",
        help="token required for risk data (default: %(default)s)",
    )
    parser.add_argument(
        "--holdings", metavar="FILE", help="file to serve as /all-holdings/summary instead of the sample"
    )
    parser.add_argument(
        "--covariance", metavar="FILE", help="file to serve as /covariance-matrix/latest instead"
    )
    parser.add_argument(
        "--flex",
        metavar="FILE",
        help="a statement of Interactive Brokers, XML or CSV, to serve as their Flex Web Service under /flex",
    )
    parser.add_argument(
        "--fault",
        metavar="FAULT[@PATH][*TIMES]",
        action="append",
        default=[],
        help="fault to serve, on one path or all, always or TIMES times: slow, trickle, reset, cut-off, "
        "truncated, huge, compressed, html, content-type, redirect, or a status: 401, 422, 429, 500, 502 ...",
    )


def run(args: argparse.Namespace) -> None:
    """Serve until interrupted."""
    server = stand_in(
        args.holdings,
        args.covariance,
        args.flex,
        token=args.token,
        port=args.port,
        faults=args.fault,
        log=_write,
    )
    with server:
        for line in how_to_use(server, faults=bool(args.fault)):
            _write(line)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:  # the normal end
            _write("stopped")


def how_to_use(server: StandIn, *, faults: bool) -> list[str]:
    """Return the lines that explain how to use the stand-in."""
    fund, book = next(iter(server.api.books.items()))
    token = server.api.token
    lines = [
        f"Stand-in for the fund's API: {server.url} (fund {fund} on {book['end']}). Stop it with Ctrl-C.",
        "",
        "In another terminal:",
        f"  export BETANEUTRAL_API_URL={server.url} BETANEUTRAL_TOKEN={token}",
        "or on Windows, in PowerShell:",
        f'  $env:BETANEUTRAL_API_URL="{server.url}"; $env:BETANEUTRAL_TOKEN="{token}"',
        "and then:",
        f'  betaneutral-xl rebalance --fund {fund} --date {book["end"]} --etf "{files(sample) / sample.ETF}"',
    ]
    flex = server.api.flex
    if flex is not None:
        lines += [
            "and for the Flex Web Service, whose first answer is that the statement is being generated:",
            f"  export BETANEUTRAL_FLEX_URL={server.url}/flex BETANEUTRAL_FLEX_TOKEN={flex.token}",
            f"  betaneutral-xl holdings ibkr:{flex.query}",
        ]
    if faults:
        lines.append("Add --refresh: a cached answer hides the faults.")
    return [*lines, ""]


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
