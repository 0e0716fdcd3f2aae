"""``betaneutral-xl report``: the auditable workbook, and the same as PDF and web page."""

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
    from betaneutral_xl.hosts.cli.input_options import Inputs, Problem
    from betaneutral_xl.report import Realised

EPILOG = """\
examples:
  betaneutral-xl report --sample --out report.xlsx
      the embedded sample, hedged; the sheet Checks compares every formula with Python's number
  betaneutral-xl report --holdings fund.csv --etf JHAI.csv --covariance risk.csv --out out.xlsx --pdf --html
      from files; the same as out.pdf (needs LibreOffice) and as out.html, one file with its pictures
  betaneutral-xl report --from-snapshot run.zip --out out.xlsx --stamp 2025-11-18T16:00
      from a snapshot; the same stamp gives the same file, byte for byte
  betaneutral-xl report --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz --out out.xlsx
      the risk model from prices; the sheet Realised has the hedge's realised betas, month by month
  betaneutral-xl report --sample --method reweight --long-only --upper 4% --out out.xlsx
      infeasible: the report states why and what to relax, and proposes nothing (exit code 4)
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "report",
        help="write an auditable report as a workbook, and as PDF or web page",
        description="Compute the beta-neutral weights and write the report: a workbook of live formulas "
        "that checks every formula against the number that Python computed.",
        epilog=f"{EPILOG}\n{limit_options.EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    input_options.add_arguments(parser)
    input_options.add_problem(parser)
    out = parser.add_argument_group("report")
    out.add_argument("--out", metavar="FILE.xlsx", type=Path, required=True, help="the workbook to write")
    out.add_argument("--pdf", action="store_true", help="also write a PDF (needs LibreOffice)")
    out.add_argument("--html", action="store_true", help="also write one self-contained web page")
    out.add_argument(
        "--stamp",
        metavar="TIME",
        type=utc_time,
        help="time shown in the report, UTC, such as 2025-11-18T16:00 (default: now)",
    )
    orders = parser.add_argument_group("orders in whole shares (if all prices are known)")
    orders.add_argument(
        "--order-prices",
        metavar="FILE",
        help="prices of names not held, by date and ticker; used is the last date up to the portfolio's",
    )
    orders.add_argument(
        "--min-notional", type=float, metavar="VALUE", default=0.0, help="leave out orders of a smaller value"
    )
    parser.set_defaults(run=run)


def utc_time(text: str) -> datetime:
    """Read an ISO time as UTC; a time without a zone is UTC already."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a time; write it as 2025-11-18T16:00"
        raise argparse.ArgumentTypeError(msg) from None
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


def run(args: argparse.Namespace) -> None:
    """Solve and write the report; if the problem is infeasible, write the reasons and fail."""
    if args.out.suffix.lower() != ".xlsx":
        msg = f"The report {args.out.name} is not an .xlsx file. Give a name that ends in .xlsx."
        raise InputError(msg)
    inputs = input_options.load_inputs(args)
    problem = input_options.read_problem(args, inputs.stored)
    sections: dict[str, Any] = {}
    infeasible: Infeasible | None = None
    try:
        result = input_options.solve(args, inputs)
    except Infeasible as error:
        if error.reachable is None:
            raise
        infeasible, sections["infeasible"] = error, error.reachable
        result = _unchanged(inputs, problem)
    orders = None if infeasible is not None else _orders(args, inputs, problem, result)
    written = write(
        args.out,
        result,
        inputs,
        problem,
        stamp=args.stamp,
        pdf=args.pdf,
        html=args.html,
        snapshot=snapshot_name(args),
        orders=orders,
        **sections,
    )
    if infeasible is not None:
        msg = f"{infeasible} {args.out.name} says why, and proposes nothing."
        raise Infeasible(msg, tickers=infeasible.tickers, reachable=infeasible.reachable) from None
    console().print(f"Report: {', '.join(path.name for path in written)}", markup=False)


def write(
    path: Path,
    result: Rebalance,
    inputs: Inputs,
    problem: Problem,
    *,
    stamp: datetime | None = None,
    pdf: bool = False,
    html: bool = False,
    **sections: Any,
) -> list[Path]:
    """Write the workbook, and the PDF and web page if requested; build all before writing any.

    Returns
    -------
    list of Path
        The files, in the order in which they were written.

    """
    from betaneutral_xl import report
    from betaneutral_xl.model.provenance import now

    command, stamp = command_line(), stamp or now()
    with progress(f"Comparing alternatives for {path.name} ..."):
        sections["alternatives"] = _alternatives(inputs, problem)
    sections["realised"] = _realised(inputs)
    with progress(f"Writing {path.name} ..."):
        workbook = report.build_report(result, command, stamp, **sections)
    files = [(path, workbook)]
    if pdf:
        with progress(f"Printing {path.with_suffix('.pdf').name} ..."):
            files.append((path.with_suffix(".pdf"), report.build_pdf(workbook)))
    if html:
        files.append((path.with_suffix(".html"), report.build_html(result, command, stamp, **sections)))
    for file, content in files:
        saving.save(file, content)
    return [file for file, _ in files]


def snapshot_name(args: argparse.Namespace) -> str:
    """Return the name of the snapshot that a run writes or reads, or an empty string."""
    file = getattr(args, "snapshot", None) or args.from_snapshot
    return Path(file).name if file else ""


def command_line() -> str:
    """Return the command as typed, with files by name only: a report must not reveal the user's paths."""
    words = [Path(word).name if "/" in word or "\\" in word else word for word in sys.argv[1:]]
    return " ".join(["betaneutral-xl", *(f'"{word}"' if " " in word else word for word in words)])


def _unchanged(inputs: Inputs, problem: Problem) -> Rebalance:
    """Return the portfolio unchanged, as the result of an infeasible problem."""
    from betaneutral_xl.engine.neutral import unchanged

    return unchanged(
        inputs.holdings,
        inputs.etfs,
        inputs.covariance,
        target=problem.target,
        method=problem.method,
        constraints=problem.constraints,
        on_missing=problem.on_missing,
        etf_on_missing=problem.etf_on_missing,
    )


def _alternatives(inputs: Inputs, problem: Problem) -> Any:
    """Return the alternatives to compare; print why if there are none."""
    from betaneutral_xl.engine.compare import compare

    try:
        return compare(
            inputs.holdings,
            inputs.etfs,
            inputs.covariance,
            target=problem.target,
            constraints=problem.constraints,
            legs=problem.legs,
            on_missing=problem.on_missing,
            etf_on_missing=problem.etf_on_missing,
        )
    except ModelError as error:
        console(stderr=True).print(f"No comparison in the report: {error}", markup=False, soft_wrap=True)
        return ()


def _realised(inputs: Inputs) -> tuple[Realised, ...]:
    """Return the hedge's realised betas by month if the risk model is from prices, else nothing."""
    file = next((one for one in inputs.raw_inputs if one.reader is Reader.PRICES), None)
    if file is None:
        return ()
    import numpy as np

    from betaneutral_xl.engine.backtest import Estimator, Schedule, Study, walk
    from betaneutral_xl.readers.prices import parse_prices
    from betaneutral_xl.report import Realised

    prices = parse_prices(file.content, file.name)
    estimator = Estimator.parse(file.options["method"], int(file.options["window"]))
    study = Study(
        holdings=inputs.holdings,
        etfs=inputs.etfs,
        prices=prices,
        schedule=Schedule(),
        estimators=(estimator,),
        methods=("hedge", "unhedged"),
    )
    try:
        with progress(f"Walking forward over {file.name} ..."):
            backtest = walk(study)
    except (InputError, ModelError) as error:
        line = f"No realised betas in the report: {error}"
        console(stderr=True).print(line, markup=False, soft_wrap=True)
        return ()
    calendar = prices.returns().dates
    ends = calendar[np.searchsorted(calendar, backtest.dates) + study.schedule.horizon]
    return tuple(
        Realised(
            label=method,
            etf=etf,
            dates=tuple(ends.astype(object).tolist()),
            beta=backtest.beta[:, p, k],
            error=backtest.standard_error[:, p, k],
        )
        for k, etf in enumerate(backtest.etf_names)
        for p, (method, _) in enumerate(backtest.strategies)
    )


def _orders(args: argparse.Namespace, inputs: Inputs, problem: Problem, result: Rebalance) -> Orders | None:
    """Return the orders, or print why there are none; fail if ``--order-prices`` lacks a price."""
    from betaneutral_xl.engine.orders import Ticket, make_orders
    from betaneutral_xl.model.quotes import Quotes

    holdings = inputs.holdings
    nav = holdings.nav
    if not nav:
        if args.order_prices:
            msg = "Orders need a net asset value, which the portfolio does not state. Give --nav."
            raise InputError(msg)
        return None
    quotes = Quotes.of_holdings(holdings)
    if args.order_prices:
        from betaneutral_xl.readers.prices import load_prices

        quotes = quotes.with_fallback(Quotes.last_closes(load_prices(args.order_prices), holdings.as_of))
    ticket = Ticket(
        prices=quotes.prices, nav=nav, min_notional=args.min_notional, cost_bp=problem.constraints.cost_bp
    )
    try:
        quotes.require(result.traded)
        return make_orders(result, ticket)
    except MissingValue as error:
        if args.order_prices:
            raise
        line = f"No orders in the report: {error} Use --order-prices FILE."
        console(stderr=True).print(line, markup=False, soft_wrap=True)
        return None
