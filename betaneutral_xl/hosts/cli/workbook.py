"""``betaneutral-xl workbook``: build the template, and run its buttons on a file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import HostError, InputError
from betaneutral_xl.hosts.cli import output

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.buttons import Outcome

HOSTS = {
    "excel": ("betaneutral.xlam", "betaneutral.xlsm", "betaneutral.xlsx"),
    "calc": ("betaneutral.xlsx",),
    "office": ("betaneutral-office.xlsx",),
    "lite": ("main.py", "requirements.txt"),
}
"""The files of each host."""

BUTTONS = ("rebalance", "restore", "orders", "report", "today", "accept")

EPILOG = """\
examples:
  betaneutral-xl workbook build
      writes to this folder: betaneutral.xlam, the add-in for Excel; betaneutral.xlsx, the template for the
      add-in and for Calc; betaneutral.xlsm, a macro workbook for Excel that carries everything
  betaneutral-xl workbook build --host office
      writes betaneutral-office.xlsx, for Excel with the Office.js add-in (betaneutral-xl office install)
  betaneutral-xl workbook build --host lite
      writes main.py and requirements.txt, for betaneutral.xlsx in the add-in xlwings Lite
  betaneutral-xl workbook run betaneutral.xlsx
      reads its settings, computes, and writes the proposal into it, as the button Rebalance does
  betaneutral-xl workbook run betaneutral.xlsx --button orders
      writes the orders of the proposal as CSV, at the prices of the workbook's settings
  betaneutral-xl workbook run betaneutral.xlsx --button report
  betaneutral-xl workbook run betaneutral.xlsx --button accept
      keeps the proposal; from then on --button today compares with it, on the sheet Today
  betaneutral-xl workbook selftest
      writes betaneutral-selftest.xlsx: each function and button with its known answer for the sample; open it
      in Excel or Calc, see that all rows pass, and press the buttons that it names
  betaneutral-xl workbook selftest --read betaneutral-selftest.xlsx
      prints the results in a file that Excel or Calc has saved
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Build the template workbook, or run one of its buttons on a workbook file."
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="write the template for the installed version of xlwings")
    build.add_argument("--folder", type=Path, default=Path(), help="folder to write to (default: this one)")
    build.add_argument("--only", choices=["xlam", "xlsm", "xlsx"], help="build only this one")
    build.add_argument(
        "--host", choices=list(HOSTS), default="excel", help="program that opens it (default: %(default)s)"
    )
    build.set_defaults(run=run_build)
    run = actions.add_parser("run", help="run a button of a workbook file")
    run.add_argument("file", type=Path, metavar="FILE", help=".xlsx or .xlsm file made from the template")
    run.add_argument("--button", choices=BUTTONS, default="rebalance", help="default: %(default)s")
    run.add_argument("--output", type=Path, metavar="FILE", help="file to write (default: overwrite FILE)")
    run.set_defaults(run=run_button)
    test = actions.add_parser(
        "selftest", help="write a workbook that tests a spreadsheet program, or read one"
    )
    test.add_argument("--folder", type=Path, default=Path(), help="folder to write to (default: this one)")
    test.add_argument(
        "--read", type=Path, metavar="FILE", help="print the results in a file that Excel or Calc has saved"
    )
    test.set_defaults(run=run_self_test)


def run_build(args: argparse.Namespace) -> None:
    """Build and write the files of a host, or one of them."""
    from betaneutral_xl.hosts.excel import macro_workbook
    from betaneutral_xl.hosts.office import lite_script
    from betaneutral_xl.hosts.office import template as office_template
    from betaneutral_xl.hosts.sheets import template
    from betaneutral_xl.hosts.sheets.session import Session
    from betaneutral_xl.system.saving import save

    session = Session()
    builds: dict[str, Callable[[], bytes]] = {
        "betaneutral.xlam": macro_workbook.build_xlam,
        "betaneutral.xlsm": lambda: macro_workbook.build_xlsm(session),
        "betaneutral.xlsx": lambda: template.build(session),
        "betaneutral-office.xlsx": lambda: office_template.build(session),
        "main.py": lite_script.main_py,
        "requirements.txt": lite_script.requirements_txt,
    }
    names = [name for name in HOSTS[args.host] if args.only in {None, name.rpartition(".")[2]}]
    if not names:
        msg = f"No {args.only} is built for {args.host}. Omit --only."
        raise InputError(msg)
    for name in names:
        with output.progress(f"Building {name} ..."):
            save(args.folder / name, builds[name]())
        output.say(f"Written: {args.folder / name}")


SELF_TEST = "betaneutral-selftest.xlsx"


def run_self_test(args: argparse.Namespace) -> None:
    """Write the self-test workbook, or print the results in a saved one; fail if a row does not pass."""
    from betaneutral_xl.hosts.sheets import template
    from betaneutral_xl.hosts.sheets.session import Session
    from betaneutral_xl.system.saving import save

    if args.read is not None:
        print_results(args.read)
        return
    path = args.folder / SELF_TEST
    with output.progress(f"Building {SELF_TEST} ..."):
        save(path, template.build(Session(), self_test=True))
    output.say(f"Written: {path}. Open it in Excel or Calc.")


def print_results(path: Path) -> None:
    """Print a line for each row of a saved self-test.

    Raises
    ------
    HostError
        If a row fails or was not computed.

    """
    from betaneutral_xl.hosts.files.self_test_results import results

    rows = results(path)
    for row in rows:
        line = f"{row.result:<12}  {row.name}: {row.figure}"
        if not (row.passed or row.waits):
            line += f" is {row.actual!r}, expected {row.expected!r}"
        output.say(line)
    wrong = [row for row in rows if not (row.passed or row.waits)]
    waiting = sum(row.waits for row in rows)
    if wrong:
        msg = f"{len(wrong)} of {len(rows)} rows of {path.name} do not pass. The first: {wrong[0].name}."
        raise HostError(msg)
    pressed = f", {waiting} wait for their button" if waiting else ""
    output.say(f"{len(rows) - waiting} of {len(rows)} rows pass{pressed}.")


def run_button(args: argparse.Namespace) -> None:
    """Run a button, and save the file if it succeeds."""
    from betaneutral_xl.hosts.files.workbook_file import SavedWorkbook
    from betaneutral_xl.hosts.sheets.buttons import run_button as run_button_of
    from betaneutral_xl.hosts.sheets.session import Session

    if args.output and args.output.suffix.lower() != args.file.suffix.lower():
        msg = (
            f"{args.output.name} cannot be a copy of {args.file.name}: give it the ending {args.file.suffix}."
        )
        raise InputError(msg)
    with output.progress(f"{args.button.capitalize()} in {args.file.name} ..."):
        book = SavedWorkbook(args.file, args.output)
        outcome = run_button_of(args.button, book, Session(), amend=_unlogged_if_failed)
        if outcome.error is not None:
            raise outcome.error
    output.say(outcome.message)


def _unlogged_if_failed(outcome: Outcome, _: object) -> Outcome:
    """Return the outcome of a failed button without its entry in the sheet Log: the file stays as it is."""
    return outcome if outcome.error is None else replace(outcome, changes=())
