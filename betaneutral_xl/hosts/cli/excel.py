"""``betaneutral-xl excel``: install, check and uninstall the macro workbook."""

from __future__ import annotations

import argparse
from pathlib import Path

from betaneutral_xl.errors import Unwritable, listing
from betaneutral_xl.hosts.cli.output import console, progress

EPILOG = """\
examples:
  betaneutral-xl excel install
  betaneutral-xl excel check
  betaneutral-xl excel check betaneutral.xlsm
  betaneutral-xl excel repair betaneutral.xlsm
  betaneutral-xl excel uninstall

On Windows, if betaneutral-xl is not on PATH, type py -m betaneutral_xl instead.

Excel blocks the macros of a workbook from mail or the web, which has the Mark of the Web; one installed here
has none. Excel still asks before it runs macros; to stop that, make the workbook's folder a trusted location:
File, Options, Trust Center, Trust Center Settings, Trusted Locations, Add new location.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "excel",
        help="install, check or uninstall the macro workbook for Excel",
        description="Install the macro workbook, built for this Python and this version of xlwings.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    install = actions.add_parser("install", help="build the workbook and write it to a folder")
    install.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="default: 'Beta Neutral' in your documents"
    )
    install.set_defaults(run=run_install)
    check = actions.add_parser("check", help="check that Python, xlwings and Excel are installed and match")
    check.add_argument(
        "workbook", nargs="?", type=Path, metavar="FILE.xlsm", help="workbook to check for its versions"
    )
    check.set_defaults(run=run_check)
    repair = actions.add_parser("repair", help="let a workbook that names another Python start this one")
    repair.add_argument("workbook", type=Path, metavar="FILE.xlsm", help="a workbook of an earlier version")
    repair.set_defaults(run=run_repair)
    actions.add_parser("uninstall", help="remove the installed workbooks that are unchanged").set_defaults(
        run=run_uninstall
    )


def run_install(args: argparse.Namespace) -> None:
    """Build and write the workbook, print findings and the next steps."""
    from betaneutral_xl.hosts.excel import install
    from betaneutral_xl.hosts.sheets.records import default_folder
    from betaneutral_xl.hosts.sheets.session import Session

    with progress("Building the workbook ..."):
        target = install.install(Session(), args.folder or default_folder())
    out = console()
    out.print(f"Installed: {target}", markup=False, soft_wrap=True)
    _print(install.findings(target))
    out.print(
        f"\nOpen {target.name}, allow macros, press Rebalance. To stop Excel's question, make "
        f"{target.parent} a trusted location: File, Options, Trust Center, Trust Center Settings, "
        "Trusted Locations.",
        markup=False,
        soft_wrap=True,
    )


def run_check(args: argparse.Namespace) -> None:
    """Print the findings."""
    from betaneutral_xl.hosts.excel import install

    _print(install.findings(args.workbook))


def run_repair(args: argparse.Namespace) -> None:
    """Name this Python in a workbook."""
    from betaneutral_xl.hosts.excel import install

    console().print(f"Repaired: {install.repair(args.workbook)}.", markup=False, soft_wrap=True)


def run_uninstall(_: argparse.Namespace) -> None:
    """Remove the installed workbooks that are unchanged."""
    from betaneutral_xl.hosts.excel import install
    from betaneutral_xl.hosts.sheets.session import Session

    out = console()
    results = install.uninstall(Session())
    for target, result in results.items():
        out.print(f"{result.value}: {target}", markup=False, soft_wrap=True)
    locked = [target.name for target, result in results.items() if result is install.Removal.LOCKED]
    if locked:
        msg = f"{listing(locked)} could not be removed. Close Excel, then run excel uninstall again."
        raise Unwritable(msg)


def _print(findings: list[tuple[str, bool, str]]) -> None:
    out = console()
    for name, fine, text in findings:
        out.print(f"{'ok ' if fine else '-- '} {name}: {text}", markup=False, soft_wrap=True)
