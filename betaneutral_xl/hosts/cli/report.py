"""``betaneutral-xl report``: the workbook that an auditor can follow, and its PDF and web page."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import Infeasible, InputError, MissingValue, ModelError
from betaneutral_xl.hosts.cli import input_options, limit_options
from betaneutral_xl.hosts.cli.output import console, progress
from betaneutral_xl.readers.raw_input import Reader
from betaneutral_xl.system import saving

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.hosts.cli.input_options import Inputs, Wanted
    from betaneutral_xl.report import Realised

EPILOG = """\
examples:
  betaneutral-xl report --sample --out report.xlsx
      the embedded sample, hedged; every number a formula that Checks compares with Python's
  betaneutral-xl report --holdings fund.csv --etf JHAI.csv --covariance risk.csv --out out.xlsx --pdf --html
      from files; the same as out.pdf (needs LibreOffice) and as out.html, one file with its pictures
  betaneutral-xl report --from-snapshot run.zip --out out.xlsx --stamp 2025-11-18T16:00
      from frozen inputs; the same stamp gives the same file, byte for byte
  betaneutral-xl report --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz --out out.xlsx
      the risk model from prices, and the betas that the hedge had month by month in the sheet Realised
  betaneutral-xl report --sample --method reweight --long-only --upper 4% --out out.xlsx
      cannot be: the report says why and what would help, and proposes nothing (exit code 4)
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "report",
        help="write the report that an auditor can follow: a workbook, a PDF, a web page",
        description="Find the beta-neutral weights and write the report: a workbook of live formulas with "
        "their values, which compares every formula with the number that Python computed.",
        epilog=f"{EPILOG}\n{limit_options.EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    input_options.add_arguments(parser)
    input_options.add_problem(parser)
    out = parser.add_argument_group("the report")
    out.add_argument("--out", metavar="FILE.xlsx", type=Path, required=True, help="the workbook to write")
    out.add_argument("--pdf", action="store_true", help="print it beside the workbook, through LibreOffice")
    out.add_argument("--html", action="store_true", help="write it beside the workbook as one web page")
    out.add_argument(
        "--stamp",
        metavar="TIME",
        type=moment,
        help="the time that the report bears, UTC, such as 2025-11-18T16:00 (default: now)",
    )
    tickets = parser.add_argument_group("orders in whole shares, where all prices are known")
    tickets.add_argument(
        "--order-prices",
        metavar="FILE",
        help="prices of what is not held: a table of days and tickers; the last day up to the portfolio's",
    )
    tickets.add_argument(
        "--min-notional", type=float, metavar="VALUE", default=0.0, help="leave smaller orders out"
    )
    parser.set_defaults(run=run)


def moment(text: str) -> datetime:
    """Read a time as people and scripts write it; without a zone it is UTC."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a time; write it as 2025-11-18T16:00"
        raise argparse.ArgumentTypeError(msg) from None
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


def run(args: argparse.Namespace) -> None:
    """Solve, write, say what was written; where there is no answer, write why, and fail."""
    if args.out.suffix.lower() != ".xlsx":
        msg = f"The report {args.out.name} is no workbook. Give a name that ends in .xlsx."
        raise InputError(msg)
    given = input_options.gather(args)
    asked = input_options.wanted(args, given.stored)
    known: dict[str, Any] = {}
    impossible: Infeasible | None = None
    try:
        result = input_options.solve(args, given)
    except Infeasible as error:
        if error.reachable is None:
            raise
        impossible, known["infeasible"] = error, error.reachable
        result = _unchanged(given, asked)
    orders = None if impossible is not None else _orders(args, given, asked, result)
    written = write(
        args.out,
        result,
        given,
        asked,
        stamp=args.stamp,
        pdf=args.pdf,
        html=args.html,
        snapshot=snapshot_name(args),
        orders=orders,
        **known,
    )
    if impossible is not None:
        msg = f"{impossible} {args.out.name} says why, and proposes nothing."
        raise Infeasible(msg, tickers=impossible.tickers, reachable=impossible.reachable) from None
    console().print(f"Report: {', '.join(path.name for path in written)}", markup=False)


def write(
    path: Path,
    result: Rebalance,
    given: Inputs,
    asked: Wanted,
    *,
    stamp: datetime | None = None,
    pdf: bool = False,
    html: bool = False,
    **known: Any,
) -> list[Path]:
    """Write the workbook, and what else is asked for beside it; all of it, or nothing.

    Returns
    -------
    list of Path
        The files, in the order in which they were written.

    """
    from betaneutral_xl import report
    from betaneutral_xl.model.provenance import now

    command, stamp = command_line(), stamp or now()
    with progress(f"Comparing the ways for {path.name} ..."):
        known["alternatives"] = _ways(given, asked)
    known["realised"] = _realised(given)
    with progress(f"Writing {path.name} ..."):
        workbook = report.build_report(result, command, stamp, **known)
    files = [(path, workbook)]
    if pdf:
        with progress(f"Printing {path.with_suffix('.pdf').name} ..."):
            files.append((path.with_suffix(".pdf"), report.build_pdf(workbook)))
    if html:
        files.append((path.with_suffix(".html"), report.build_html(result, command, stamp, **known)))
    for file, content in files:
        saving.save(file, content)
    return [file for file, _ in files]


def snapshot_name(args: argparse.Namespace) -> str:
    """Return the name of the frozen inputs that a run is from, or that it leaves; nothing without."""
    file = getattr(args, "snapshot", None) or args.from_snapshot
    return Path(file).name if file else ""


def command_line() -> str:
    """Return the command as typed, with files by name only: a report carries no user's paths."""
    words = [Path(word).name if "/" in word or "\\" in word else word for word in sys.argv[1:]]
    return " ".join(["betaneutral-xl", *(f'"{word}"' if " " in word else word for word in words)])


def _unchanged(given: Inputs, asked: Wanted) -> Rebalance:
    """Return the portfolio as it is, with what was asked of it."""
    from betaneutral_xl.engine.neutral import unchanged

    return unchanged(
        given.holdings,
        given.etfs,
        given.covariance,
        target=asked.target,
        method=asked.method,
        constraints=asked.constraints,
        on_missing=asked.on_missing,
        etf_on_missing=asked.etf_on_missing,
    )


def _ways(given: Inputs, asked: Wanted) -> Any:
    """Return the ways side by side; say so where they cannot be compared."""
    from betaneutral_xl.engine.compare import compare

    try:
        return compare(
            given.holdings,
            given.etfs,
            given.covariance,
            target=asked.target,
            constraints=asked.constraints,
            legs=asked.legs,
            on_missing=asked.on_missing,
            etf_on_missing=asked.etf_on_missing,
        )
    except ModelError as error:
        console(stderr=True).print(f"No comparison in the report: {error}", markup=False, soft_wrap=True)
        return ()


def _realised(given: Inputs) -> tuple[Realised, ...]:
    """Return what the hedge did month by month, where the risk model is from prices; else nothing."""
    file = next((one for one in given.raw_inputs if one.reader is Reader.PRICES), None)
    if file is None:
        return ()
    import numpy as np

    from betaneutral_xl.engine.backtest import Estimator, Schedule, Study, walk
    from betaneutral_xl.readers.prices import parse_prices
    from betaneutral_xl.report import Realised

    prices = parse_prices(file.content, file.name)
    estimator = Estimator.parse(file.options["method"], int(file.options["window"]))
    study = Study(
        holdings=given.holdings,
        etfs=given.etfs,
        prices=prices,
        schedule=Schedule(),
        estimators=(estimator,),
        methods=("hedge", "unhedged"),
    )
    try:
        with progress(f"Walking forward over {file.name} ..."):
            tried = walk(study)
    except (InputError, ModelError) as error:
        said = f"No realised betas in the report: {error}"
        console(stderr=True).print(said, markup=False, soft_wrap=True)
        return ()
    calendar = prices.returns().dates
    ends = calendar[np.searchsorted(calendar, tried.dates) + study.schedule.horizon]
    return tuple(
        Realised(
            label=method,
            etf=etf,
            dates=tuple(ends.astype(object).tolist()),
            beta=tried.beta[:, p, k],
            error=tried.standard_error[:, p, k],
        )
        for k, etf in enumerate(tried.etf_names)
        for p, (method, _) in enumerate(tried.ways)
    )


def _orders(args: argparse.Namespace, given: Inputs, asked: Wanted, result: Rebalance) -> Orders | None:
    """Return the orders, or say why there are none; where prices were given, they must do."""
    from betaneutral_xl.engine.orders import Ticket, make_orders
    from betaneutral_xl.model.quotes import Quotes

    holdings = given.holdings
    nav = holdings.nav
    if not nav:
        if args.order_prices:
            msg = "Orders need a net asset value, which the portfolio does not say. Give --nav."
            raise InputError(msg)
        return None
    quotes = Quotes.of_holdings(holdings)
    if args.order_prices:
        from betaneutral_xl.readers.prices import load_prices

        quotes = quotes.over(Quotes.last_closes(load_prices(args.order_prices), holdings.as_of))
    ticket = Ticket(
        prices=quotes.prices, nav=nav, min_notional=args.min_notional, cost_bp=asked.constraints.cost_bp
    )
    try:
        quotes.require(result.traded)
        return make_orders(result, ticket)
    except MissingValue as error:
        if args.order_prices:
            raise
        said = f"No orders in the report: {error} Use --order-prices FILE."
        console(stderr=True).print(said, markup=False, soft_wrap=True)
        return None
