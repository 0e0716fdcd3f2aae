"""Every code block of the documentation runs, and prints what the page says."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documentation.blocks import ROOT, Block, blocks, pages
from documentation.formulas import Sheet

from betaneutral_xl.hosts.cli import build_parser, main
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job import sample
from betaneutral_xl.system.settings import Settings

INSTALLERS = (
    "python3 -m venv",
    ".venv/bin/python -m pip",
    "py -m venv",
    "py -m pip",
    ".venv\\Scripts\\python -m pip",
)
"""What .ci/run and .ci/release run themselves, in environments of their own."""

ELSEWHERE = (
    ".venv/bin/pre-commit install",
    ".venv/bin/xlwings runpython install",
    "betaneutral-xl calc install",
    "betaneutral-xl calc open",
    "betaneutral-xl excel install",
    "betaneutral-xl office install",
    "betaneutral-xl office open --browser",
)
"""What changes the user's programs: tests/hosts runs these with profiles of their own."""

LANGUAGES = {"sh", "console", "powershell", "python", "toml", "json", "excel", "text", "bibtex"}
"""Every block states one of them."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the files that the pages name, as the current one."""
    for name, content in sample.as_files().items():
        (tmp_path / name).write_bytes(content)
    _write_second_etf(tmp_path)
    _write_prices(tmp_path)
    _write_limits(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETANEUTRAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BETANEUTRAL_RECORDS", str(tmp_path / "records"))
    monkeypatch.setenv("BETANEUTRAL_API_URL", "http://127.0.0.1:9")  # no page may need the network
    return tmp_path


def _write_second_etf(folder: Path) -> None:
    rows = "".join(f"{row.ticker},{row.weight}\n" for row in sample.load_etf().constituents[:12])
    (folder / "CHIPS.csv").write_text(f"ticker,weight\n{rows}", encoding="utf-8")


def _write_prices(folder: Path) -> None:
    """Write two years of random prices with the sample's covariance."""
    risk = sample.load_covariance()
    days = np.arange("2023-10-02", "2025-11-19", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    root = np.linalg.cholesky(risk.form.dense() / 252.0 + 1e-9 * np.eye(len(risk.tickers)))
    moves = np.random.default_rng(1).standard_normal((len(days), len(risk.tickers))) @ root.T
    prices = 100.0 * np.exp(np.cumsum(moves, axis=0))
    lines = [",".join(["date", *risk.tickers])]
    lines += [f"{day},{','.join(f'{one:.4f}' for one in row)}" for day, row in zip(days, prices, strict=True)]
    text = "\n".join(lines) + "\n"
    (folder / "prices.csv").write_text(text, encoding="utf-8")
    import gzip

    (folder / "prices.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def _write_limits(folder: Path) -> None:
    (folder / "limits.toml").write_text('method = "reweight"\ntarget = "IWV"\n', encoding="utf-8")


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WITH_CODE = [page for page in pages() if blocks(page)]


def test_pages_with_code_are_found() -> None:
    assert {"README.md", "docs/tutorial/terminal.md"} <= set(map(page_id, WITH_CODE))


@pytest.mark.parametrize("page", WITH_CODE, ids=page_id)
def test_every_block_states_its_language(page: Path) -> None:
    unknown = [(block.line, block.language) for block in blocks(page) if block.language not in LANGUAGES]
    assert not unknown


@pytest.mark.parametrize("page", WITH_CODE, ids=page_id)
def test_every_block_runs(page: Path, folder: Path) -> None:
    runner = Runner(folder)
    found = blocks(page)
    for block, after in zip(found, [*found[1:], Block("", (), "", 0)], strict=True):
        with runner.at(f"{page_id(page)}:{block.line}"):
            runner.run(block, after.exit_code)


class Runner:
    """Runs the blocks of a page one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "page"}
        self.sheet = Sheet(Session(Settings(cache=folder / "cache")))
        self.output = ""

    @contextlib.contextmanager
    def at(self, place: str) -> Any:
        """Add the place of a block to what goes wrong in it."""
        try:
            yield
        except BaseException as error:
            error.add_note(f"in the code block at {place}")
            raise

    def run(self, block: Block, exit_code: int) -> None:
        """Run a block; the block after it states the exit code of its last command."""
        if block.language == "sh":
            self.output = self._shell(block, exit_code)
        elif block.language in {"powershell", "console"}:
            self._parse(block)
        elif block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(block.code, "page", "exec"), self.names)  # noqa: S102 - the page's own code
        elif block.language == "toml":
            self._options(block)
        elif block.language == "json":
            json.loads(block.code)
        elif block.language == "excel":
            self._formulas(block)
        elif block.language == "text":
            self._compare(block)

    def _shell(self, block: Block, exit_code: int) -> str:
        printed, commands = [], block.commands
        for place, words in enumerate(commands):
            expected = exit_code if place == len(commands) - 1 else 0
            text = " ".join(words)
            if text.startswith(INSTALLERS) or text in ELSEWHERE:
                continue
            printed.append(self._command(words, expected))
        return "\n".join(printed)

    def _command(self, words: list[str], expected: int) -> str:
        if words[0].endswith("python") and words[1].startswith("tests/"):
            assert (ROOT / words[1]).is_file(), words[1]  # a benchmark of hours
            return ""
        if words[:3] == [".venv/bin/python", "-m", "mkdocs"] or words[0].startswith(".ci/"):
            assert words[0].startswith(".venv") or (ROOT / words[0]).is_file()
            return ""
        assert words[0].removeprefix(".venv/bin/") == "betaneutral-xl", words
        *arguments, target = (words[1:-2], words[-1]) if ">" in words else (words[1:], None)
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = main(arguments[0])
        assert code == expected, out.getvalue()
        if target:
            (self.folder / str(target)).write_text(out.getvalue(), encoding="utf-8")
        return out.getvalue()

    def _parse(self, block: Block) -> None:
        """Check what is asked of this program where it is not run: on Windows, or as an administrator."""
        for line in block.code.splitlines():
            words = (
                line.removeprefix(".venv/bin/")
                .removeprefix("py ")
                .removeprefix(".venv\\Scripts\\python ")
                .split()
            )
            if words[:2] == ["-m", "betaneutral_xl"]:
                build_parser().parse_args(words[2:])
            elif words[:1] == ["betaneutral-xl"]:
                build_parser().parse_args(words[1:])
            elif block.language == "powershell":
                assert line.startswith(INSTALLERS), line

    def _options(self, block: Block) -> None:
        tomllib.loads(block.code)
        if "name" in tomllib.loads(block.code):  # a mandate: the commands after it work under it
            (self.folder / "mandate.toml").write_text(block.code, encoding="utf-8")
            return
        source = any(name in tomllib.loads(block.code) for name in ("holdings", "etf", "fund"))
        file = self.folder / ("betaneutral.toml" if source else "limits.toml")
        file.write_text(block.code, encoding="utf-8")
        command = ["rebalance"] if source else ["rebalance", "--sample", "--constraints", "limits.toml"]
        self.output = self._command(["betaneutral-xl", *command], 0)
        (self.folder / "betaneutral.toml").unlink(missing_ok=True)

    def _formulas(self, block: Block) -> None:
        for line in block.code.splitlines():
            rows = self.sheet.enter(line)
            assert not str(rows[0][0]).startswith("#"), rows[0][0]

    def _compare(self, block: Block) -> None:
        rest = self.output
        for line in block.code.splitlines():
            shown = line.strip()
            assert shown in rest, f"{shown!r} is not in the output, or not in this order:\n{self.output}"
            rest = rest[rest.index(shown) + len(shown) :]


@pytest.mark.skipif(sys.platform == "win32", reason="kernels of Jupyter on Windows are not installed")
def test_the_notebook_runs(folder: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(ROOT / "docs/tutorial/notebook.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # they are made when the site is built
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    client.execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    kinds = {kind for out in shown for kind in out.get("data", {})}
    assert {"text/html", "text/plain", "image/png"} <= kinds
    assert (folder / "report.xlsx").stat().st_size > 50_000
