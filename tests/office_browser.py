"""The add-in as its user has it: installed in a clean home, served, opened in Chromium.

Excel itself is a stand-in; everything above it is Microsoft's own office.js. Certificates are checked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from excel_calculation import CALL, Calculation
from excel_file import contents, saved

from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.hosts.sheets.functions import BY_NAME

if TYPE_CHECKING:
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
            """([workbook, functions]) => {
                excel.open(workbook, functions);
                document.getElementById("message").textContent = "";
                document.getElementById("tab_answer").click();
            }""",
            [workbook, list(BY_NAME)],
        )

    def calculate(self, sheets: Sequence[str]) -> None:
        """Calculate the formulas that call the add-in's functions, sheet by sheet, as Excel does."""
        state = self.state()
        grids = {name: grid(cells) for name, cells in state["sheets"].items()}
        calculation = Calculation(
            grids,
            state["names"],
            lambda name, values, addresses: self.call(name, *values, addresses=addresses),
        )
        for sheet in sheets:
            for _, row, column, text, *_ in (one for one in state["formulas"] if one[0] == sheet):
                if CALL.search(text):
                    rows = calculation.enter(sheet, row, column, text)
                    self.page.evaluate("(one) => excel.spill(...one)", [sheet, row, column, rows])

    def state(self) -> dict[str, Any]:
        """Return values, names and formulas of the workbook."""
        found: dict[str, Any] = self.page.evaluate("() => excel.state()")
        return found

    def save(self, workbook: bytes) -> bytes:
        """Return the file of the workbook, of which ``workbook`` was opened."""
        state = self.state()
        values = {
            name: {(row + 1, column + 1): value for row, column, value in cells}
            for name, cells in state["sheets"].items()
        }
        formulas = {}
        for sheet, row, column, text, height, width in state["formulas"]:
            known = values[sheet].get((row + 1, column + 1)) != "#NAME?"
            stored = CALL.sub(lambda call: f"_xldudf_{call[0]}", text) if known else text
            formulas[sheet, row + 1, column + 1] = (stored, height, width)
        return saved(workbook, values, formulas)

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


def grid(cells: list[tuple[int, int, Any]]) -> list[list[Any]]:
    """Return cells, given with row and column from 0, as rows."""
    height = 1 + max((row for row, *_ in cells), default=-1)
    rows: list[list[Any]] = [[None] * (1 + max((j for _, j, _ in cells), default=-1)) for _ in range(height)]
    for row, column, value in cells:
        rows[row][column] = value
    return rows
