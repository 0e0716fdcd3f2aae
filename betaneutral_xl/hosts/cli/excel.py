"""``betaneutral-xl excel``: install the add-in for Excel, check it, repair workbooks, uninstall it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from betaneutral_xl.errors import Unwritable, listing
from betaneutral_xl.hosts.cli import output

EPILOG = """\
examples:
  betaneutral-xl excel install
  betaneutral-xl excel install --workbook
  betaneutral-xl excel check
  betaneutral-xl excel check model.xlsx
  betaneutral-xl excel repair model.xlsx
  betaneutral-xl excel sign --subject "Desk Ltd"
  betaneutral-xl excel uninstall

On Windows, if betaneutral-xl is not on PATH, type py -m betaneutral_xl instead.

The add-in gives its functions and its tab on the ribbon to every workbook. The template in your documents
has no macros: share it as it is. A macro workbook carries everything itself (--workbook; on a Mac the only
kind). Excel asks before it runs its macros; to stop that, make the workbook's folder a trusted location:
File, Options, Trust Center, Trust Center Settings, Trusted Locations, Add new location.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Install the add-in for Excel, built for this Python and this version of xlwings."
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    install = actions.add_parser("install", help="install the add-in, and write the template to a folder")
    install.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="default: 'Beta Neutral' in your documents"
    )
    install.add_argument(
        "--workbook",
        action="store_true",
        help="no add-in: a macro workbook that carries everything (elsewhere than on Windows the default)",
    )
    install.set_defaults(run=run_install)
    check = actions.add_parser("check", help="check that Python, xlwings and Excel are installed and match")
    check.add_argument("workbook", nargs="?", type=Path, metavar="FILE", help="workbook to check as well")
    check.set_defaults(run=run_check)
    repair = actions.add_parser(
        "repair", help="let a workbook from another computer use this installation's functions"
    )
    repair.add_argument("workbook", type=Path, metavar="FILE", help=".xlsx or .xlsm file")
    repair.set_defaults(run=run_repair)
    _add_sign(actions)
    actions.add_parser(
        "uninstall", help="remove the add-in, and the installed workbooks that are unchanged"
    ).set_defaults(run=run_uninstall)


SIGNING = """\
Excel that runs signed macros only needs this. Once, on Windows:
  1. import the certificate for code signing: double click on the .pfx file;
  2. install the Windows SDK, which has signtool.exe;
  3. download the "Microsoft Office Subject Interface Packages for Digitally Signing VBA Projects" and
     register their two libraries with regsvr32, as their readme says.
After each excel install the add-in is a new file: sign it again. Colleagues' Excel must trust the publisher.
"""


def _add_sign(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parser of ``excel sign``."""
    from betaneutral_xl.hosts.excel.signing import TIMESTAMP

    sign = actions.add_parser(
        "sign",
        help="sign the add-in's macros with a certificate from Windows' store",
        epilog=SIGNING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sign.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help=".xlam or .xlsm (default: the installed add-in)"
    )
    certificate = sign.add_mutually_exclusive_group(required=True)
    certificate.add_argument("--thumbprint", metavar="HEX", help="SHA-1 thumbprint of the certificate")
    certificate.add_argument("--subject", metavar="NAME", help="part of the certificate's subject")
    sign.add_argument(
        "--timestamp", default=TIMESTAMP, metavar="URL", help="default: %(default)s; '' for none"
    )
    sign.add_argument("--signtool", type=Path, metavar="FILE", help="default: from PATH or the Windows SDK")
    sign.set_defaults(run=run_sign)


def run_sign(args: argparse.Namespace) -> None:
    """Sign the macros of a file."""
    from betaneutral_xl.hosts.excel import addin, signing

    file = args.file or addin.place()
    certificate = ("/sha1", args.thumbprint) if args.thumbprint else ("/n", args.subject)
    with output.progress(f"Signing {file.name} ..."):
        kinds = signing.sign(file, certificate, args.timestamp, args.signtool)
    output.say(f"Signed ({', '.join(kinds)}): {file}")


def run_install(args: argparse.Namespace) -> None:
    """Install, print findings and the next steps."""
    from betaneutral_xl.hosts.excel import check, install
    from betaneutral_xl.hosts.sheets.records import default_folder
    from betaneutral_xl.hosts.sheets.session import Session

    with_add_in = sys.platform == "win32" and not args.workbook
    with output.progress("Building ..."):
        done = install.install(Session(), args.folder or default_folder(), with_add_in=with_add_in)
    if done.add_in is not None:
        output.say(f"Installed: {done.add_in}")
    kept = "Kept, your own workbook" if done.is_kept else "Installed"
    output.say(f"{kept}: {done.workbook}")
    output.print_findings(check.findings(done.workbook))
    steps = (
        f"Start Excel, open {done.workbook.name}, press Rebalance on the tab Beta Neutral. In a workbook of "
        "your own: Insert template."
        if done.add_in is not None
        else f"Open {done.workbook.name}, allow macros, press Rebalance. To stop Excel's question, make "
        f"{done.workbook.parent} a trusted location: File, Options, Trust Center, Trust Center Settings, "
        "Trusted Locations."
    )
    output.say(f"\n{steps}")


def run_check(args: argparse.Namespace) -> None:
    """Print the findings."""
    from betaneutral_xl.hosts.excel import check

    output.print_findings(check.findings(args.workbook))


def run_repair(args: argparse.Namespace) -> None:
    """Let a workbook use this installation."""
    from betaneutral_xl.hosts.excel import repair

    output.say(f"Repaired: {repair.repair(args.workbook)}.")


def run_uninstall(_: argparse.Namespace) -> None:
    """Remove the add-in, and the installed workbooks that are unchanged."""
    from betaneutral_xl.hosts.excel import install
    from betaneutral_xl.hosts.sheets.session import Session

    results = install.uninstall(Session())
    for target, result in results.items():
        output.say(f"{result.value}: {target}")
    locked = [target.name for target, result in results.items() if result is install.Removal.LOCKED]
    if locked:
        msg = f"{listing(locked)} could not be removed. Close Excel, then run excel uninstall again."
        raise Unwritable(msg)
