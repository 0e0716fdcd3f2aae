"""The page with Python inside: the same page, carried by a worker instead of a server.

Pyodide itself is a stand-in with its interface, because its packages are on no package index; the Python
that it calls is the product's, in this process.
"""

from __future__ import annotations

import importlib
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from office_browser import FOLDER, run

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.office import metadata, pyodide_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COMPILED = (
    "joblib",
    "lxml",
    "numpy",
    "pandas",
    "platformdirs",
    "requests",
    "rich",
    "scipy",
    "urllib3",
    "xlrd",
)
"""What the stand-in for a distribution has."""

URL = "https://fund.example/beta"


@pytest.fixture(scope="module")
def pyodide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a distribution."""
    folder = tmp_path_factory.mktemp("pyodide")
    names = (*COMPILED, "threadpoolctl", "tzdata")
    packages = {name: {"file_name": f"{name}.whl", "depends": []} for name in names}
    packages["pandas"]["depends"] = ["tzdata"]
    (folder / "pyodide-lock.json").write_text(json.dumps({"packages": packages}))
    for name in names:
        (folder / f"{name}.whl").write_bytes(b"")
    (folder / "pyodide.mjs").write_bytes((FOLDER / "pyodide.mjs").read_bytes())
    return folder


@pytest.fixture(scope="module")
def site(pyodide: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the page."""
    folder = tmp_path_factory.mktemp("site") / "page"
    assert main(["office", "files", str(folder), "--pyodide", str(pyodide), "--url", URL]) == 0
    return folder


def test_the_folder_has_what_a_page_without_a_server_needs(site: Path) -> None:
    packages = json.loads((site / "python" / "python.json").read_text())["packages"]
    assert set(packages) == {*COMPILED, "threadpoolctl"}
    assert (site / "python" / "tzdata.whl").is_file()
    with zipfile.ZipFile(site / "python" / "python.zip") as archive:
        names = archive.namelist()
    assert "betaneutral_xl/job/sample/covariance.csv" in names
    assert {"betaneutral_xl", "openpyxl", "xlsxwriter", "defusedxml"} < {
        one.partition("/")[0] for one in names
    }
    assert not [one for one in names if one.endswith((".so", ".pyd", ".pyc"))]
    assert not {"daqp", "filelock", "psutil", "simdjson"} & {one.partition("/")[0] for one in names}
    assert json.loads((site / "functions.json").read_text()) == metadata.functions()
    assert f"{URL}/taskpane.html" in (site / "manifest.xml").read_text()
    assert "server" not in (site / "manifest.xml").read_text()


def test_two_archives_are_equal(site: Path, pyodide: Path, tmp_path: Path) -> None:
    list(pyodide_page.write(tmp_path, pyodide, None))
    assert (tmp_path / "python" / "python.zip").read_bytes() == (site / "python" / "python.zip").read_bytes()
    assert not (tmp_path / "manifest.xml").exists()


def test_the_core_of_pyodide_alone_is_refused(pyodide: Path, tmp_path: Path) -> None:
    core = tmp_path / "core"
    core.mkdir()
    (core / "pyodide-lock.json").write_bytes((pyodide / "pyodide-lock.json").read_bytes())
    with pytest.raises(HostError, match=r"has no joblib\.whl and 11 more. It is Pyodide's core alone"):
        list(pyodide_page.write(tmp_path / "page", core, None))
    assert not (tmp_path / "page").exists()


def test_a_folder_that_is_no_distribution_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="is not a distribution of Pyodide"):
        list(pyodide_page.write(tmp_path / "page", tmp_path, None))


def test_an_address_that_excel_does_not_load_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["office", "files", "x", "--url", "http://fund.example"]) == 2
    assert "--url is for a page with --pyodide, and begins with https://" in capsys.readouterr().err


# ---------------------------------------------------------------- in Chromium


class Handler(SimpleHTTPRequestHandler):
    """Serves the folder, and answers for Python."""

    receive: Callable[[str, str, Callable[[str], None]], None]

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        """Call the product as Pyodide would."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert asked["module"] == "betaneutral_xl.hosts.office.in_page"
        lines: list[str] = []
        type(self).receive(asked["path"], asked["text"], lines.append)
        content = "".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the folder as any server of files does."""
    receive = importlib.import_module("betaneutral_xl.hosts.office.in_page").start()
    handler: Any = type("Answering", (Handler,), {"receive": staticmethod(receive)})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(site))) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def opened(browser: Browser, address: str) -> tuple[Page, list[str]]:
    """Open the page; also return requests to elsewhere, and errors."""
    page = browser.new_context(accept_downloads=True).new_page()
    problems: list[str] = []
    page.on("request", lambda one: problems.append(one.url) if not one.url.startswith(address) else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
    page.goto(f"{address}/browser.html")
    return page, problems


def test_the_page_answers_without_a_server_as_the_command_does(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    page, problems = opened(browser, address)
    page.wait_for_selector(".verdict")
    page.wait_for_selector("body:not(.busy)")
    expected = json.loads(run(tmp_path, "rebalance", "--sample", "--json"))["answer"]
    assert expected["verdict"] in page.inner_text("#panel_answer")
    page.click("#tab_settings")
    page.wait_for_selector("form")
    page.fill("#field_target", "0.2")
    page.press("#field_target", "Tab")
    page.wait_for_selector("#message:has-text('entered')")
    page.click("#rebalance")
    page.wait_for_selector("#message:has-text('0.20')")
    assert problems == []


def test_files_go_into_the_page_and_out_of_it_through_the_browser(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    from betaneutral_xl.hosts.files.workbook_file import FileWorkbook
    from betaneutral_xl.hosts.sheets import template
    from betaneutral_xl.hosts.sheets.session import Session

    (tmp_path / "mine.xlsx").write_bytes(template.build(Session()))
    page, problems = opened(browser, address)
    page.wait_for_selector("body:not(.busy) .verdict")
    page.set_input_files("#chooser", tmp_path / "mine.xlsx")
    page.wait_for_selector("#book:has-text('A copy of mine.xlsx')")
    page.wait_for_selector("body:not(.busy) .verdict")
    page.click("#rebalance")
    page.wait_for_selector("#message:has-text('Beta to')")
    page.wait_for_selector("body:not(.busy)")
    with page.expect_download() as copy:
        page.click("#copy")
    copy.value.save_as(tmp_path / "kept.xlsx")
    rows = FileWorkbook(tmp_path / "kept.xlsx").below("Proposal", 2)
    assert isinstance(rows, list)
    assert "quant_paper to JHAI" in rows[0][0]
    page.click("#orders")
    page.wait_for_selector("#files button")
    with page.expect_download() as orders:
        page.click("#files button")
    assert orders.value.suggested_filename.startswith("mine orders")
    assert Path(orders.value.path()).read_text().count("\n") > 20
    assert problems == []


def test_what_python_does_not_start_with_is_one_line(browser: Browser, address: str, site: Path) -> None:
    missing = site / "python" / "numpy.whl"
    missing.rename(site / "numpy.away")
    try:
        page, _ = opened(browser, address)
        page.wait_for_selector("#message:not(:empty)")
        text = page.text_content("#message") or ""
    finally:
        (site / "numpy.away").rename(missing)
    assert text.startswith("Beta Neutral could not start: Python could not start in this page: ")
    assert text.endswith("the folder python has no numpy.")
