"""``betaneutral-xl excel``: put the macro workbook in its place, check what Excel needs, take it away."""

from __future__ import annotations

import argparse
from pathlib import Path

from betaneutral_xl.hosts.cli.output import console, progress

EPILOG = """\
examples:
  betaneutral-xl excel install
  betaneutral-xl excel check
  betaneutral-xl excel uninstall

A workbook that comes by mail or from the web carries the Mark of the Web, and Excel blocks its macros. One
that is installed here carries none. Excel still asks before it runs macros; to be asked no more, make its
folder a trusted location: File, Options, Trust Center, Trust Center Settings, Trusted Locations, Add new
location.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "excel",
        help="install the macro workbook for Excel, check, uninstall",
        description="Put the macro workbook where you work, built for this Python and this xlwings.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    install = actions.add_parser("install", help="build the workbook and put it into a folder")
    install.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="default: 'Beta Neutral' among your documents"
    )
    install.set_defaults(run=run_install)
    check = actions.add_parser("check", help="say whether Python, xlwings and Excel are there and fit")
    check.add_argument(
        "workbook", nargs="?", type=Path, metavar="FILE.xlsm", help="a workbook to compare with"
    )
    check.set_defaults(run=run_check)
    actions.add_parser("uninstall", help="remove each workbook that is as it was installed").set_defaults(
        run=run_uninstall
    )


def run_install(args: argparse.Namespace) -> None:
    """Build, write, advise."""
    from betaneutral_xl.hosts.excel import install
    from betaneutral_xl.hosts.sheets.records import default_folder
    from betaneutral_xl.hosts.sheets.session import Session

    with progress("Building the workbook ..."):
        target = install.install(Session(), args.folder or default_folder())
    out = console()
    out.print(f"Installed: {target}", markup=False, soft_wrap=True)
    _print(install.findings(target))
    out.print(
        f"\nOpen {target.name}, allow macros, press Rebalance. To be asked no more, make {target.parent} a "
        "trusted location: File, Options, Trust Center, Trust Center Settings, Trusted Locations.",
        markup=False,
        soft_wrap=True,
    )


def run_check(args: argparse.Namespace) -> None:
    """Say what is there."""
    from betaneutral_xl.hosts.excel import install

    _print(install.findings(args.workbook))


def run_uninstall(_: argparse.Namespace) -> None:
    """Remove what was installed."""
    from betaneutral_xl.hosts.excel import install
    from betaneutral_xl.hosts.sheets.session import Session

    out = console()
    for target, removed in install.uninstall(Session()).items():
        said = "Removed" if removed else "Kept, because it has been changed since"
        out.print(f"{said}: {target}", markup=False, soft_wrap=True)


def _print(findings: list[tuple[str, bool, str]]) -> None:
    out = console()
    for name, there, text in findings:
        out.print(f"{'ok ' if there else '-- '} {name}: {text}", markup=False, soft_wrap=True)
