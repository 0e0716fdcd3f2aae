"""``betaneutral-xl calc``: install, check, open and uninstall the extension of LibreOffice Calc."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.cli import output

EPILOG = """\
examples:
  betaneutral-xl calc install
      installs the functions and the Beta Neutral toolbar in LibreOffice Calc, for your user only
  betaneutral-xl calc open
      starts Calc with a copy of the template workbook in the folder 'Beta Neutral' in your documents
  betaneutral-xl calc open --file mine.xlsx
  betaneutral-xl calc status
      checks the installation; the exit code is 0 if Calc is ready, else 5
  betaneutral-xl calc uninstall

several LibreOffice installations, or all users:
  betaneutral-xl calc install --office /opt/libreoffice25.2
  betaneutral-xl calc install --oxt betaneutral.oxt --python /opt/betaneutral/bin/python
      only writes the extension file: an administrator installs it for all users with
      unopkg add --shared betaneutral.oxt; each machine needs that Python with betaneutral-xl

Close LibreOffice before you install or uninstall. The functions run in the Python that ran 'calc install',
not in LibreOffice's own: after moving or rebuilding its environment, install again.
Requires LibreOffice 7.4 or newer; on Debian and Ubuntu: apt install libreoffice-calc python3-uno. A snap or
flatpak of LibreOffice cannot be used, because it may not start another Python.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Install the functions and buttons in LibreOffice Calc, and open the template there."
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument(
        "--office",
        type=Path,
        metavar="FOLDER",
        help="LibreOffice to use (default: that of the last install, else that on the PATH, else the newest)",
    )
    which.add_argument(
        "--profile", type=Path, metavar="FOLDER", help="user profile, instead of the default, for trials"
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    install = actions.add_parser("install", parents=[which], help="install the extension for your user")
    install.add_argument(
        "--python", type=Path, metavar="FILE", help="Python that runs the functions (default: this one)"
    )
    install.add_argument(
        "--oxt", type=Path, metavar="FILE.oxt", help="only write the extension file, for others to install"
    )
    install.set_defaults(run=run_install)
    status = actions.add_parser("status", parents=[which], help="check the installation")
    status.set_defaults(run=run_status)
    start = actions.add_parser("open", parents=[which], help="start Calc with the template workbook")
    document = start.add_mutually_exclusive_group()
    document.add_argument("--file", type=Path, metavar="FILE", help="open this workbook instead")
    document.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="folder of the copy of the template (default: 'Beta Neutral' in your documents)",
    )
    start.set_defaults(run=run_open)
    uninstall = actions.add_parser("uninstall", parents=[which], help="remove what install and open created")
    uninstall.set_defaults(run=run_uninstall)


def run_install(args: argparse.Namespace) -> None:
    """Build the extension; write it to a file, or install it and print the findings."""
    from betaneutral_xl.hosts.calc import extension, install
    from betaneutral_xl.hosts.sheets.session import Session
    from betaneutral_xl.system.saving import save

    if args.oxt is not None:
        python = (args.python or Path(sys.executable)).absolute()
        save(args.oxt, extension.build(python))
        output.say(f"Written: {args.oxt}. Its functions run in {python}.")
        return
    python = install.checked_python(args.python) if args.python else Path(sys.executable)
    session = Session()
    office = install.choose(session, args.office, args.profile)
    with output.progress(f"Installing in {office} ..."):
        install.install(session, office, extension.build(python))
        findings = install.findings(office)
    output.say(f"Installed in {office}.")
    output.print_findings(findings)
    output.say("\nOpen Calc with the template: betaneutral-xl calc open")


def run_status(args: argparse.Namespace) -> None:
    """Print the findings; fail if one is not fine."""
    from betaneutral_xl.hosts.calc import install
    from betaneutral_xl.hosts.sheets.session import Session

    findings = install.findings(install.choose(Session(), args.office, args.profile))
    output.print_findings(findings)
    failed = [finding for finding in findings if not finding.fine]
    if failed:
        msg = f"Calc is not ready. {failed[0].name}: {failed[0].text}."
        raise HostError(msg)


def run_open(args: argparse.Namespace) -> None:
    """Create the workbook if it does not exist, and start Calc with it."""
    from betaneutral_xl.hosts.calc import install
    from betaneutral_xl.hosts.sheets.records import default_folder
    from betaneutral_xl.hosts.sheets.session import Session

    session = Session()
    office = install.choose(session, args.office, args.profile)
    with output.progress(f"Starting {office} ..."):
        install.require_ready(office)
        document = args.file or install.workbook(session, args.folder or default_folder())
        install.start(office, document)
    output.say(f"Opened in {office}: {document}")


def run_uninstall(args: argparse.Namespace) -> None:
    """Remove the extension, and the workbook if it is unchanged."""
    from betaneutral_xl.hosts.calc import extension, install
    from betaneutral_xl.hosts.sheets.session import Session

    session = Session()
    office = install.choose(session, args.office, args.profile)
    with output.progress(f"Uninstalling from {office} ..."):
        done = install.uninstall(session, office)
    removed = f"Removed from {office}."
    output.say(removed if done.extension else f"Not installed in {office}: nothing to remove.")
    if done.workbook is not None:
        outcome = "Removed" if done.workbook_removed else "Kept, because it has been changed since"
        output.say(f"{outcome}: {done.workbook}")
    shared = install.installed(office)
    if shared is not None:
        output.say(
            "It is still installed for all users; an administrator removes it with unopkg remove --shared "
            + extension.IDENTIFIER
        )
