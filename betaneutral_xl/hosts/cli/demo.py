"""``betaneutral-xl demo``: a whole run on the embedded sample."""

from __future__ import annotations

import argparse
from pathlib import Path

from betaneutral_xl.hosts.cli import output, weights
from betaneutral_xl.hosts.cli.rebalance import print_summary
from betaneutral_xl.system.saving import save

REPORT = "betaneutral-report.xlsx"

EPILOG = """\
The sample is 33 positions of a fund, the constituents of an AI ETF and a covariance of their returns,
all of 2025-11-18. It needs no network, file or account. The same with the main command:

  betaneutral-xl rebalance --sample --report report.xlsx

With --files the sample's inputs are written as files, to follow the tutorial with: fund.csv (ticker,
shares, price), JHAI.csv (the ETF, in its issuer's layout), risk.csv (the covariance) and quotes.csv
(one day's closes).
"""

NEXT = f"""
What happened: the portfolio's beta to the AI ETF was predicted from the risk model, and the ETF's basket
was sold in that amount; the result was checked and written to {REPORT}.

Try next:
  betaneutral-xl betas --sample                                  which names the beta comes from
  betaneutral-xl rebalance --sample --method reweight            sell no ETF: trade the names instead
  betaneutral-xl rebalance --sample --target IWV                 target the market's own beta to the ETF
  betaneutral-xl rebalance --holdings FILE --etf FILE --covariance FILE      your own data
  betaneutral-xl rebalance --help                                all options"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        f"Make the embedded sample beta-neutral to its AI ETF; write {REPORT} into this folder."
    )
    parser.add_argument(
        "--files",
        metavar="FOLDER",
        type=Path,
        help="write the sample's inputs as files into a folder, and stop",
    )


def run(args: argparse.Namespace) -> None:
    """Make the sample neutral, print the result, write the report; or write the sample's files."""
    if args.files is not None:
        write_files(args.files)
    else:
        show()


def write_files(folder: Path) -> None:
    """Write the sample's inputs, all of them or none."""
    from betaneutral_xl.job import sample
    from betaneutral_xl.system.saving import Staged, make_folder

    make_folder(folder)
    contents = {folder / name: content for name, content in sample.as_files().items()}
    with Staged(contents) as staged:
        staged.commit()
    output.say(f"Written to {folder}: {', '.join(path.name for path in contents)}")


def show() -> None:
    """Make the sample neutral, print the result, write the report."""
    from betaneutral_xl.job import run, sample
    from betaneutral_xl.job.request import OrderTerms, Request
    from betaneutral_xl.model.provenance import now
    from betaneutral_xl.report import build_workbook
    from betaneutral_xl.report.assembly import assemble

    data = sample.load()
    outcome = run.run(Request(), run.Inputs(data.holdings, (data.etf,), data.covariance))
    print_summary(outcome)
    weights.print_table(outcome.result, output.console(), "trade", 10)
    with output.progress(f"Writing {REPORT} ..."):
        assembled = assemble(outcome, OrderTerms(), command="betaneutral-xl demo", written_at=now())
        save(REPORT, build_workbook(assembled.contents))
    output.say(NEXT)
