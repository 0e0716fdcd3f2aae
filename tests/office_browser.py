"""The add-in as its user has it: installed in a clean home, served, opened in Chromium.

Excel itself is a stand-in; everything above it is Microsoft's own office.js. Certificates are checked.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.hosts.sheets.cells import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).parent / "hosts" / "office"

EXCEL = FOLDER / "excel.js"

HOST = "_host_Info=Excel$Mac$16.00$en-US$telemetry$isNotDialog$$1"
"""What Excel adds to the page's address."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

SECONDS = 60


def chromium() -> str:
    """Return Chromium's command."""
    command = shutil.which("chromium") or shutil.which("chromium-browser")
    if command is None:
        pytest.skip("Chromium is not installed (Debian: chromium)")
    return command


def node_modules() -> Path:
    """Return the folder of what npm installed for these tests."""
    folder = FOLDER / "node_modules"
    if not folder.is_dir():
        pytest.skip("npm's packages are not installed (in tests/hosts/office: npm ci)")
    return folder


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a user with a clean home."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("BETANEUTRAL_", "XDG_"))
    }
    return {**kept, "HOME": str(home), "BETANEUTRAL_CACHE": str(home / "cache")}


def run(home: Path, *arguments: str, code: int = 0) -> str:
    """Run the command line in a home, and return its output."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "betaneutral_xl", *arguments],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


@contextmanager
def installed(home: Path, *, office_js: bool = True) -> Iterator[Place]:
    """Install the add-in in a home, with Microsoft's files, and remove it at the end."""
    if shutil.which("certutil") is None:
        pytest.skip("certutil is not installed (Debian: libnss3-tools)")
    run(home, "office", "install", "--no-login")
    place = Place.read(home / ".local" / "share" / "betaneutral-xl" / "office")
    try:
        if office_js:
            run(home, "office", "offline", "--package", str(package()))
        yield place
    finally:
        run(home, "office", "uninstall")


def package() -> Path:
    """Return npm's package of office.js."""
    folder = node_modules() / ".office-js"
    found = list(folder.glob("*.tgz"))
    if not found:
        folder.mkdir(exist_ok=True)
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed")
        command = [npm, "pack", "--silent", "--prefer-offline", "--pack-destination", str(folder)]
        subprocess.run([*command, "@microsoft/office-js@1.1.110"], check=True, timeout=SECONDS, cwd=FOLDER)  # noqa: S603 - npm
        found = list(folder.glob("*.tgz"))
    return found[0]


@contextmanager
def started_browser(home: Path) -> Iterator[Browser]:
    """Start Chromium for a user, who trusts what is trusted in that home."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            headless=True,
            args=list(FLAGS),
            env={**environment(home)},
        )
        try:
            yield browser
        finally:
            browser.close()


class AddIn:
    """The add-in's page in Excel.

    Attributes
    ----------
    requests
        Addresses of requests to other machines.
    problems
        Errors of the page and refusals by its content security policy.

    """

    def __init__(self, browser: Browser, place: Place, **options: Any) -> None:
        """Open the page with the template in Excel."""
        self.place = place
        self.context = browser.new_context(viewport={"width": 350, "height": 900}, **options)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", self._requested)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._logged)

    def _requested(self, request: Any) -> None:
        if not request.url.startswith((self.place.base, "data:", "blob:")):
            self.requests.append(request.url)

    def _logged(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.problems.append(message.text)

    def open(self, workbook: bytes | None = None) -> AddIn:
        """Load the page, and wait until it is ready."""
        self.page.add_init_script(path=EXCEL)
        self.page.goto(f"{self.place.base}/taskpane.html?{HOST}")
        self.page.wait_for_selector("body[data-ready]")
        if workbook is not None:
            self.fill(contents(workbook))
        return self

    def fill(self, workbook: Mapping[str, Any]) -> None:
        """Open another workbook in Excel, as ``contents`` returns it, and begin anew."""
        self.page.evaluate(
            """({sheets, names}) => {
                excel.reset();
                for (const [name, rows] of Object.entries(sheets)) excel.fill(name, 0, rows);
                for (const [name, place] of Object.entries(names)) excel.names.set(name, place);
                document.getElementById("message").textContent = "";
                document.getElementById("tab_answer").click();
            }""",
            workbook,
        )

    def call(self, name: str, *values: Any, addresses: Sequence[str | None] | None = None) -> Any:
        """Return what a function gives to Excel."""
        return self.calls([(name, list(values), list(addresses) if addresses else None)])[0]

    def calls(self, calls: Sequence[tuple[str, list[Any], list[str | None] | None]]) -> list[Any]:
        """Return what functions that are called at once give to Excel."""
        answers = self.page.evaluate("(calls) => excel.call(calls)", [list(one) for one in calls])
        return [one["value"] for one in answers]

    def press(self, button: str) -> str:
        """Press a button of the pane, and return the message."""
        if button in {"check", "log", "connect"}:
            self.page.click("#tab_help")
        self.page.evaluate("document.getElementById('message').textContent = ''")
        self.page.click(f"#{button}")
        message = self.message()
        self.page.wait_for_selector("body:not(.busy)", timeout=1000 * SECONDS)
        return message

    def message(self) -> str:
        """Wait for a message, and return it."""
        self.page.wait_for_selector("#message:not(:empty)", timeout=1000 * SECONDS)
        return self.page.text_content("#message") or ""

    def sheet(self, name: str) -> list[list[Any]]:
        """Return the cells of a sheet."""
        rows: list[list[Any]] = self.page.evaluate("(name) => excel.read(name)", name)
        return rows

    def set(self, name: str, value: Any) -> None:
        """Enter a value into a named cell."""
        self.page.evaluate("([name, value]) => excel.set(name, value)", [name, value])

    def close(self) -> None:
        """Close the page."""
        self.context.close()


def contents(workbook: bytes) -> Mapping[str, Any]:
    """Return the cells and the names of a workbook, as Excel has them."""
    book = openpyxl.load_workbook(io.BytesIO(workbook), data_only=True)
    names = {}
    for name, defined in book.defined_names.items():
        places = list(defined.destinations)
        if len(places) == 1 and ":" not in name:
            sheet, cells = places[0]
            try:
                left, top, right, bottom = map(int, filter(None, range_boundaries(cells.replace("$", ""))))
            except ValueError:
                continue  # a formula
            names[name] = {
                "sheet": sheet,
                "row": top - 1,
                "column": left - 1,
                "height": bottom - top + 1,
                "width": right - left + 1,
            }
    sheets = {sheet.title: [[_cell(one.value) for one in row] for row in sheet.iter_rows()] for sheet in book}
    return {"sheets": sheets, "names": names}


def _cell(value: Any) -> Any:
    day = value.date() if isinstance(value, datetime) else value
    return float((day - EPOCH).days) if isinstance(day, date) else value
