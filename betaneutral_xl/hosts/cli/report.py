"""``betaneutral-xl report``: the auditable workbook, and the same as PDF and web page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import Infeasible, InputError
from betaneutral_xl.hosts.cli import input_options, output, table_options
from betaneutral_xl.job.options import Section
from betaneutral_xl.job.sources import order_quotes
from betaneutral_xl.system import saving
from betaneutral_xl.system.files import shown_name

if TYPE_CHECKING:
    from betaneutral_xl.job.request import OrderTerms
    from betaneutral_xl.job.run import Outcome
    from betaneutral_xl.system.settings import Settings

EPILOG = """\
examples:
  betaneutral-xl report --sample --out report.xlsx
      the embedded sample, hedged; the sheet Checks compares every formula with Python's number
  betaneutral-xl report --holdings fund.csv --etf JHAI.csv --covariance risk.csv --out out.xlsx --pdf --html
      from files; the same as out.pdf (needs LibreOffice) and as out.html, one file with its pictures
  betaneutral-xl report --sample --out out.xlsx --pdf short --slide answer.png --slide answer.pptx
      four pages for the committee, and the answer as one slide for the meeting
  betaneutral-xl report --from-snapshot run.zip --out out.xlsx --stamp 2025-11-18T16:00
      from a snapshot; the same stamp gives the same file, byte for byte
  betaneutral-xl report --holdings fund.csv --etf JHAI.csv --prices prices.csv.gz --out out.xlsx
      the risk model from prices; the sheet Realised has the hedge's realised betas, month by month
  betaneutral-xl report --sample --method reweight --long-only --upper 4% --out out.xlsx
      infeasible: the report states why and what to relax, and proposes nothing (exit code 4)
"""


SHORT, FULL = "short", "full"
"""What a PDF has: the pages for the committee, or the annex too."""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Compute the beta-neutral weights and write the report: a workbook of live formulas "
        "that checks every formula against the number that Python computed."
    )
    parser.epilog = f"{EPILOG}\n{table_options.EPILOG}"
    input_options.add_arguments(parser, *table_options.REQUIRED, Section.ORDERS)
    out = parser.add_argument_group("report")
    out.add_argument(
        "-o", "--out", metavar="FILE.xlsx", type=Path, required=True, help="the workbook to write"
    )
    out.add_argument(
        "--pdf",
        nargs="?",
        const=FULL,
        choices=(SHORT, FULL),
        help="also write a PDF (needs LibreOffice): short, the four pages for the committee, or full, with "
        "the annex (default: full)",
    )
    out.add_argument(
        "--slide",
        metavar="FILE",
        type=Path,
        action="append",
        help="also write the answer page as one slide: a picture FILE.png, or FILE.pptx for PowerPoint and "
        "Impress; may be repeated",
    )
    out.add_argument("--html", action="store_true", help="also write one self-contained web page")
    out.add_argument(
        "--stamp",
        metavar="TIME",
        type=utc_time,
        help="time shown in the report, UTC, such as 2025-11-18T16:00 (default: now)",
    )


def utc_time(text: str) -> datetime:
    """Read an ISO time as UTC; a time without a zone is UTC already."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a time; write it as 2025-11-18T16:00"
        raise argparse.ArgumentTypeError(msg) from None
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


def require_name(path: Path) -> None:
    """Refuse the name of a report that is no workbook, before anything is computed."""
    if path.suffix.lower() != ".xlsx":
        msg = f"The report {shown_name(path)} is not an .xlsx file. Give a name that ends in .xlsx."
        raise InputError(msg)


def run(args: argparse.Namespace) -> None:
    """Solve and write the report; if the problem is infeasible, write the reasons and fail."""
    require_name(args.out)
    for slide in args.slide or ():
        if slide.suffix.lower() not in {".png", ".pptx"}:
            msg = f"The slide {slide.name} is neither .png nor .pptx. Give a name that ends in one of these."
            raise InputError(msg)
    given = input_options.gather(args)
    terms = given.terms(args)
    outcome = input_options.answer(given)
    written = write(
        args.out,
        outcome,
        terms,
        prices=given.order_prices(args),
        stamp=args.stamp,
        pdf=args.pdf,
        html=args.html,
        slides=args.slide or (),
        snapshot=snapshot_name(args),
        settings=input_options.settings(args),
    )
    if outcome.infeasible is not None:
        msg = f"{outcome.infeasible} {args.out.name} says why, and proposes nothing."
        raise Infeasible(msg, tickers=outcome.infeasible.tickers, reachable=outcome.reachable) from None
    output.say(f"Report: {', '.join(path.name for path in written)}")


def write(
    path: Path,
    outcome: Outcome,
    terms: OrderTerms,
    *,
    prices: str | None = None,
    stamp: datetime | None = None,
    pdf: str | None = None,
    html: bool = False,
    slides: Sequence[Path] = (),
    snapshot: str = "",
    settings: Settings | None = None,
) -> list[Path]:
    """Write the workbook, and the PDF and web page if requested; build all before writing any.

    Return the files, in the order in which they were written.
    """
    from betaneutral_xl import report
    from betaneutral_xl.model.provenance import now
    from betaneutral_xl.report.assembly import assemble

    assembled = assemble(
        outcome,
        terms,
        order_quotes(outcome.inputs.holdings, prices) if prices else None,
        command=command_line(),
        written_at=stamp or now(),
        snapshot=snapshot,
        settings=settings,
        progress=output.progress,
    )
    for note in assembled.notes:
        output.say(note, stderr=True)
    with output.progress(f"Writing {path.name} ..."):
        workbook = report.build_workbook(assembled.contents)
    files = [(path, workbook)]
    if pdf:
        with output.progress(f"Printing {path.with_suffix('.pdf').name} ..."):
            files.append((path.with_suffix(".pdf"), report.build_pdf(workbook, short=pdf == SHORT)))
    if html:
        files.append((path.with_suffix(".html"), report.build_html(assembled.contents)))
    files += [(slide, report.build_slide(assembled.contents, slide.suffix)) for slide in slides]
    with saving.Staged(dict(files)) as staged:
        staged.commit()
    return [file for file, _ in files]


def snapshot_name(args: argparse.Namespace) -> str:
    """Return the name of the snapshot that a run writes or reads, or an empty string."""
    file = getattr(args, "snapshot", None) or args.from_snapshot
    return Path(file).name if file else ""


def command_line() -> str:
    """Return the command as typed, with files by name only: a report must not reveal the user's paths."""
    words = [Path(word).name if "/" in word or "\\" in word else word for word in sys.argv[1:]]
    return " ".join(["betaneutral-xl", *(f'"{word}"' if " " in word else word for word in words)])
