"""``betaneutral-xl calc``: put the extension into LibreOffice, say how it is, open Calc, take it out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.cli.output import console, progress

if TYPE_CHECKING:
    from betaneutral_xl.hosts.calc.install import Finding

EPILOG = """\
examples:
  betaneutral-xl calc install
      puts the functions and the Beta Neutral toolbar into LibreOffice Calc, for you alone
  betaneutral-xl calc open
      starts Calc with the template workbook, a copy of it in 'Beta Neutral' among your documents
  betaneutral-xl calc open --file mine.xlsx
  betaneutral-xl calc status
      says what is there and what is amiss; the exit code is 0 if Calc is ready, else 5
  betaneutral-xl calc uninstall

several LibreOffices, other people:
  betaneutral-xl calc install --office /opt/libreoffice25.2
  betaneutral-xl calc install --oxt betaneutral.oxt --python /opt/betaneutral/bin/python
      writes the extension file and installs nothing: an administrator installs it for all users with
      unopkg add --shared betaneutral.oxt; that Python, with betaneutral-xl, must be there on each machine

Close LibreOffice before you install or uninstall. The functions are computed by the Python that ran
'calc install', not by LibreOffice's own: after moving or renewing its environment, install again.
LibreOffice 7.4 or newer; on Debian and Ubuntu: apt install libreoffice-calc python3-uno. A LibreOffice that
is a snap or a flatpak may not start another Python, and so cannot be used.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "calc",
        help="install the extension for LibreOffice Calc, check, open, uninstall",
        description="Put the functions and the button into LibreOffice Calc, and open the template in it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument(
        "--office",
        type=Path,
        metavar="FOLDER",
        help="which LibreOffice (default: the one installed to before, on the path, or the newest)",
    )
    which.add_argument(
        "--profile", type=Path, metavar="FOLDER", help="another user profile than its usual one, to try out"
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    install = actions.add_parser("install", parents=[which], help="install the extension for you")
    install.add_argument(
        "--python", type=Path, metavar="FILE", help="which Python computes the functions (default: this one)"
    )
    install.add_argument(
        "--oxt", type=Path, metavar="FILE.oxt", help="only write the extension file, for others to install"
    )
    install.set_defaults(run=run_install)
    status = actions.add_parser("status", parents=[which], help="say what is installed, and what is amiss")
    status.set_defaults(run=run_status)
    start = actions.add_parser("open", parents=[which], help="start Calc with the template workbook")
    document = start.add_mutually_exclusive_group()
    document.add_argument("--file", type=Path, metavar="FILE", help="open this workbook instead")
    document.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="where the copy of the template is (default: 'Beta Neutral' among your documents)",
    )
    start.set_defaults(run=run_open)
    uninstall = actions.add_parser(
        "uninstall", parents=[which], help="remove what install and open put there"
    )
    uninstall.set_defaults(run=run_uninstall)


def run_install(args: argparse.Namespace) -> None:
    """Build the extension; write it, or install it and say how it is."""
    from betaneutral_xl.hosts.calc import extension, install
    from betaneutral_xl.hosts.sheets.session import Session
    from betaneutral_xl.system.saving import save

    if args.oxt is not None:
        python = (args.python or Path(sys.executable)).absolute()
        save(args.oxt, extension.build(python))
        _say(f"Written: {args.oxt}. Its functions are computed by {python}.")
        return
    python = install.checked_python(args.python) if args.python else Path(sys.executable)
    session = Session()
    office = install.choose(session, args.office, args.profile)
    with progress(f"Installing in {office} ..."):
        install.install(session, office, extension.build(python))
        found = install.findings(office)
    _say(f"Installed in {office}.")
    _print(found)
    _say("\nOpen Calc with the template: betaneutral-xl calc open")


def run_status(args: argparse.Namespace) -> None:
    """Say how it is; fail if it is not as it must be."""
    from betaneutral_xl.hosts.calc import install
    from betaneutral_xl.hosts.sheets.session import Session

    found = install.findings(install.choose(Session(), args.office, args.profile))
    _print(found)
    amiss = [finding for finding in found if not finding.fine]
    if amiss:
        msg = f"Calc is not ready. {amiss[0].name}: {amiss[0].text}."
        raise HostError(msg)


def run_open(args: argparse.Namespace) -> None:
    """Put the workbook in its place if it is not there, and start Calc with it."""
    from betaneutral_xl.hosts.calc import install
    from betaneutral_xl.hosts.sheets.records import default_folder
    from betaneutral_xl.hosts.sheets.session import Session

    session = Session()
    office = install.choose(session, args.office, args.profile)
    with progress(f"Starting {office} ..."):
        install.require_ready(office)
        document = args.file or install.workbook(session, args.folder or default_folder())
        install.start(office, document)
    _say(f"Opened in {office}: {document}")


def run_uninstall(args: argparse.Namespace) -> None:
    """Remove what was installed."""
    from betaneutral_xl.hosts.calc import extension, install
    from betaneutral_xl.hosts.sheets.session import Session

    session = Session()
    office = install.choose(session, args.office, args.profile)
    with progress(f"Uninstalling from {office} ..."):
        done = install.uninstall(session, office)
    _say(f"Removed from {office}." if done.extension else f"Not installed in {office}: nothing to remove.")
    if done.workbook is not None:
        said = "Removed" if done.workbook_removed else "Kept, because it has been changed since"
        _say(f"{said}: {done.workbook}")
    everybody = install.installed(office)
    if everybody is not None:
        _say(
            "It is still there for all users; an administrator removes it: unopkg remove --shared "
            + extension.IDENTIFIER
        )


def _say(text: str) -> None:
    console().print(text, markup=False, soft_wrap=True)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        _say(f"{'ok ' if finding.fine else '-- '} {finding.name}: {finding.text}")
