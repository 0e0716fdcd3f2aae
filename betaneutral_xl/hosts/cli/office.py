"""``betaneutral-xl office``: the add-in for Excel on the Mac, on the web and on Windows."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl import __version__
from betaneutral_xl.errors import HostError, InputError
from betaneutral_xl.hosts.cli import output

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.findings import Finding

EPILOG = """\
examples:
  betaneutral-xl office install
      makes and trusts a certificate for localhost, lets Excel know the add-in, starts its server now and at
      login, and writes the template workbook to the folder 'Beta Neutral' in your documents
  betaneutral-xl office check
      says what is missing and what to do; the exit code is 0 if the add-in is ready, else 5
  betaneutral-xl office open
      opens the template in Excel
  betaneutral-xl office open --browser
      shows the same pane in an ordinary browser, on the sample; add a file for a workbook of yours
  betaneutral-xl office offline
      fetches Microsoft's office.js, so that the pane opens without the internet
  betaneutral-xl office files folder
      writes the files with which an administrator deploys the add-in to others
  betaneutral-xl office uninstall

Requires pip install 'betaneutral-xl[office]'. The server answers to its own pages on this machine alone.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = (
        "Functions, ribbon buttons and a pane in Excel, without macros, served by this machine."
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    install = actions.add_parser("install", help="install the add-in for your user, and start its server")
    install.add_argument(
        "--port", type=_port, metavar="PORT", help="port of the server (default: 8444, if free)"
    )
    install.add_argument("--folder", type=Path, metavar="FOLDER", help="folder of the template")
    install.add_argument(
        "--no-login", action="store_true", help="do not start the server when you log in; use office serve"
    )
    install.set_defaults(run=run_install)
    serve = actions.add_parser("serve", help="run the server until it is interrupted")
    serve.set_defaults(run=run_serve)
    start = actions.add_parser("open", help="open the template, or the pane in an ordinary browser")
    start.add_argument("--browser", action="store_true", help="the pane in a browser, without Excel")
    start.add_argument("file", type=Path, nargs="?", metavar="FILE", help="workbook to open instead")
    start.set_defaults(run=run_open)
    check = actions.add_parser("check", help="check the installation")
    check.set_defaults(run=run_check)
    files = actions.add_parser("files", help="write the add-in's files, for an administrator")
    files.add_argument("folder", type=Path, metavar="FOLDER", help="folder to write to")
    files.add_argument(
        "--pyodide",
        type=Path,
        metavar="FOLDER",
        help="instead of the server, Python in the page: the folder of Pyodide's full distribution",
    )
    files.add_argument("--url", metavar="URL", help="where the page with --pyodide will be served, for Excel")
    files.set_defaults(run=run_files)
    offline = actions.add_parser("offline", help="fetch Microsoft's office.js, to work without the internet")
    offline.add_argument(
        "--package", type=Path, metavar="FILE.tgz", help="npm's package, fetched by other means"
    )
    offline.set_defaults(run=run_offline)
    actions.add_parser("uninstall", help="remove all that install did").set_defaults(run=run_uninstall)


def _port(text: str) -> int:
    from betaneutral_xl.hosts.office.place import PORTS

    first, last = PORTS
    if not text.isdigit() or not first <= int(text) <= last:
        msg = f"must be a port from {first} to {last}, not {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def run_install(args: argparse.Namespace) -> None:
    """Install, print the findings, and how to go on."""
    from betaneutral_xl.hosts.office import check, install, systems
    from betaneutral_xl.hosts.sheets.records import default_folder
    from betaneutral_xl.hosts.sheets.session import Session

    system, folder = systems.current(), args.folder or default_folder()
    with output.progress("Installing ..."):
        place = install.install(
            system, Session(), folder, output.say, port=args.port, at_login=not args.no_login
        )
        findings = check.findings(system, folder)
    output.print_findings(findings)
    output.say(f"\n{system.opens}\nExcel on the web: upload {place.folder / install.MANIFEST}")
    output.say("Without Excel: betaneutral-xl office open --browser")
    _fail(findings)


def run_serve(_: argparse.Namespace) -> None:
    """Serve, unless a server of this installation does."""
    from betaneutral_xl.hosts.office import server, systems
    from betaneutral_xl.hosts.office.place import Place
    from betaneutral_xl.hosts.sheets.session import Session

    server.require_packages()
    place = Place.read(systems.current().folder)
    version = server.running(place)
    if version == __version__:
        output.say(f"The server runs already, at {place.origin}.")
        return
    if version is not None:
        server.end(place)
    output.say(f"Serving at {place.origin}, to this machine alone. End with Ctrl+C.")
    server.serve(place, Session())


def run_open(args: argparse.Namespace) -> None:
    """Start the server if it does not run, and open a workbook or the pane."""
    from betaneutral_xl.hosts.office import browser, install, systems
    from betaneutral_xl.hosts.office.place import Place
    from betaneutral_xl.hosts.sheets.records import default_folder

    place = Place.read(systems.current().folder)
    if args.file is not None and not args.file.is_file():
        msg = f"There is no file {args.file}."
        raise InputError(msg)
    with output.progress("Starting the server ..."):
        if not install.start(place):
            msg = "The server does not start. Run betaneutral-xl office serve to see why."
            raise HostError(msg)
    if args.browser:
        shown = browser.show(place, args.file)
    else:
        shown = browser.show_file(args.file or default_folder() / install.WORKBOOK)
    output.say(f"Opened: {shown}")


def run_check(_: argparse.Namespace) -> None:
    """Print the findings; fail if one is not fine."""
    from betaneutral_xl.hosts.office import check, systems
    from betaneutral_xl.hosts.sheets.records import default_folder

    findings = check.findings(systems.current(), default_folder())
    output.print_findings(findings)
    _fail(findings)


def run_files(args: argparse.Namespace) -> None:
    """Write the files that an administrator needs."""
    from betaneutral_xl.hosts.office import deployment, pyodide_page, systems
    from betaneutral_xl.hosts.office.place import Place

    if args.url and not (args.pyodide and args.url.startswith("https://")):
        msg = "--url is for a page with --pyodide, and begins with https://, for Excel loads nothing else."
        raise InputError(msg)
    if args.pyodide:
        written = pyodide_page.write(args.folder, args.pyodide, args.url)
    else:
        written = deployment.write(Place.read(systems.current().folder), args.folder)
    for path in written:
        output.say(f"Written: {path}")


def run_offline(args: argparse.Namespace) -> None:
    """Fetch Microsoft's files, or take them from a package."""
    from betaneutral_xl.hosts.office import install, offline, server, systems
    from betaneutral_xl.hosts.office.place import Place
    from betaneutral_xl.hosts.sheets.session import Session

    place = Place.read(systems.current().folder)
    with output.progress("Fetching office.js ..."):
        count = offline.fetch(place, Session().settings, args.package)
    if server.end(place):
        install.start(place)
    output.say(f"Written: {count} files of Microsoft's office.js to {place.office_js}.")


def run_uninstall(_: argparse.Namespace) -> None:
    """Remove the add-in."""
    from betaneutral_xl.hosts.office import install, systems
    from betaneutral_xl.hosts.sheets.session import Session

    with output.progress("Uninstalling ..."):
        kept = install.uninstall(systems.current(), Session())
    output.say("Removed: the add-in, its certificate, its server.")
    for path in kept:
        output.say(f"Kept, because it has been changed since: {path}")


def _fail(findings: list[Finding]) -> None:
    failed = [finding for finding in findings if not finding.fine]
    if failed:
        msg = f"The add-in is not ready. {failed[0].name.capitalize()}: {failed[0].text}"
        raise HostError(msg)
