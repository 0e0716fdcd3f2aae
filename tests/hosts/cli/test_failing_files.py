"""Where any operation fails on what a command saves, caches or edits, each file is old or new."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from failing_files import Faults, Kind, contents, failing
from fund_api import TOKEN

from betaneutral_xl.hosts.cli import main

if TYPE_CHECKING:
    from betaneutral_xl.network.stand_in import StandIn

SAMPLE = ("--sample", "--target", "0.1")
PRICES = ("--order-prices", "demo")
FUND = ("--fund", "quant_paper", "--date", "2025-11-18", "--etf", "etf.csv")

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z(-[0-9a-f]{8})?")
"""A time in the name of a record, and the hash of its inputs, which have times too."""


@dataclass(frozen=True)
class Saver:
    """A command that writes.

    Attributes
    ----------
    command
        Its words.
    before
        Commands that run first: what they write is old.
    codes
        Its exit codes without a fault.
    slow
        Whether it computes for a second: then only the full disk is tried.

    """

    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    codes: frozenset[int] = frozenset({0})
    slow: bool = False


SAVERS = {
    "files of the demo": Saver(("demo", "--files", "d"), (("demo", "--files", "d"),)),
    "report of rebalance": Saver(
        ("rebalance", *SAMPLE, "-o", "r.xlsx"), (("rebalance", "--sample", "-o", "r.xlsx"),)
    ),
    "snapshot and problem": Saver(
        ("rebalance", *SAMPLE, "--snapshot", "s.zip", "--save-problem", "p.zip"),
        (("snapshot", "s.zip", "--sample"),),
    ),
    "snapshot": Saver(("snapshot", "s.zip", *SAMPLE), (("snapshot", "s.zip", "--sample"),)),
    "web page": Saver(("report", *SAMPLE, "--html", "-o", "r.xlsx"), slow=True),
    "slide": Saver(("report", *SAMPLE, "--slide", "s.pptx", "-o", "r.xlsx"), slow=True),
    "orders": Saver(
        ("orders", *SAMPLE, *PRICES, "-o", "o.csv"), (("orders", "--sample", *PRICES, "-o", "o.csv"),)
    ),
    "mandate": Saver(("mandate", "new", "etf-hedge", "-o", "m.toml")),
    "first accepted proposal": Saver(("accept", "--sample", *PRICES)),
    "second accepted proposal": Saver(("accept", *SAMPLE, *PRICES), (("accept", "--sample", *PRICES),)),
    "daily record": Saver(
        ("today", "--sample"),
        (("accept", "--sample", *PRICES), ("today", "--sample", "--target", "0.3")),
        frozenset({0, 10}),
    ),
    "orders left": Saver(
        ("fills", "--fund", "quant_paper", "trades.csv", "-o", "left.csv"),
        (("accept", "--sample", *PRICES),),
        frozenset({10}),
    ),
    "covariance": Saver(("estimate", "--prices", "prices.csv", "-o", "cov.csv")),
    "sweep": Saver(
        (
            *("sweep", "-o", "sweep.csv", "--holdings", "book.csv", "--etf", "AAA", "--prices", "prices.csv"),
            *("--etf-prices", "prices.csv", "--window", "40", "--jobs", "1", "--estimator", "sample"),
        )
    ),
    "template": Saver(("workbook", "build", "--folder", ".", "--only", "xlsx"), slow=True),
    "workbook": Saver(
        ("workbook", "run", "betaneutral.xlsx", "--button", "rebalance"),
        (("workbook", "build", "--folder", ".", "--only", "xlsx"),),
        slow=True,
    ),
    "copy of a workbook": Saver(
        ("workbook", "run", "betaneutral.xlsx", "--button", "rebalance", "--output", "out.xlsx"),
        (("workbook", "build", "--folder", ".", "--only", "xlsx"),),
        slow=True,
    ),
    "add-in's installation": Saver(("excel", "install", "--folder", ".", "--workbook"), slow=True),
    "cache of the network": Saver(("rebalance", *FUND)),
    "refreshed cache": Saver(("rebalance", *FUND, "--refresh"), (("rebalance", *FUND),)),
    "cleared cache": Saver(("cache", "clear"), (("rebalance", *FUND),)),
}


def outcome(content: bytes, folder: Path) -> object:
    """Return what two runs of one command in two folders have in common: they may also tell the time."""
    content = content.replace(str(folder).encode(), b"")
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            assert package.testzip() is None
            return sorted(package.namelist())
    if content.startswith((b"{", b"[")):
        read = json.JSONDecoder().raw_decode(content.decode("utf-8", "replace"))[0]
        return sorted(read) if isinstance(read, dict) else type(read)
    return re.sub(rb"\d", b"0", content)


def by_name(files: dict[str, bytes], folder: Path) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for path, content in files.items():
        if not path.endswith(".lock"):
            found.setdefault(TIME.sub("TIME", path), []).append(outcome(content, folder))
    return found


@dataclass
class Desk:
    """A folder of a user with everything that commands write below it."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def sit(self, folder: Path) -> None:
        """Work in a folder."""
        for name in ("cache", "records", "downloads"):
            self.monkeypatch.setenv(f"BETANEUTRAL_{name.upper()}", str(folder / name))
        for name in ("HOME", "USERPROFILE"):
            self.monkeypatch.setenv(name, str(folder / "home"))
        (folder / "work").mkdir(parents=True, exist_ok=True)
        self.monkeypatch.chdir(folder / "work")

    def run(self, words: tuple[str, ...]) -> tuple[int, str]:
        """Return a command's exit code and its error line."""
        code = main(list(words))
        return code, self.capsys.readouterr().err


@pytest.fixture
def desk(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fund_api: StandIn,
    tmp_path: Path,
) -> Desk:
    monkeypatch.setenv("BETANEUTRAL_API_URL", fund_api.url)
    monkeypatch.setenv("BETANEUTRAL_TOKEN", TOKEN)
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    found = Desk(monkeypatch, capsys)
    found.sit(tmp_path / "old")
    days = [f"2025-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(90)]
    rows = [f"{day},{100 + at % 7},{50 + at % 5},{20 + at % 3}" for at, day in enumerate(days)]
    work = tmp_path / "old" / "work"
    (work / "prices.csv").write_text("\n".join(["date,AAA,BBB,CCC", *rows]) + "\n", encoding="utf-8")
    (work / "book.csv").write_text("ticker,weight\nAAA,0.5\nBBB,0.5\n", encoding="utf-8")
    (work / "etf.csv").write_text("ticker,weight\nAAPL,60%\nNVDA,40%\n", encoding="utf-8")
    (work / "trades.csv").write_text("ticker,side,shares,price\nNVDA,SELL,1,100\n", encoding="utf-8")
    return found


def check(saver: Saver, desk: Desk, folder: Path, kind: Kind) -> None:
    """Let each operation on files fail in turn."""
    stopped = {130} if kind is Kind.INTERRUPT else {2, 3, 5}
    for words in saver.before:
        code, line = desk.run(words)
        assert code in {0, 10}, line
    old = contents(folder / "old")
    before = by_name(old, folder / "old")

    def attempt(name: str, first: int) -> tuple[Faults, int, str, Path]:
        place = folder / name
        shutil.copytree(folder / "old", place)
        desk.sit(place)
        with failing(Faults(place, first, kind)) as faults:
            code, line = desk.run(saver.command)
        return faults, code, line, place

    clean, code, line, place = attempt("clean", 10**9)
    assert code in saver.codes, line
    assert clean.seen
    after = by_name(contents(place), place)
    for number in range(1, 10**6):
        faults, code, line, place = attempt(f"fault {number}", number)
        if not faults.happened:
            break
        where = f"{faults.seen[number - 1]}: exit code {code}, {line}"
        assert code in saver.codes | stopped, where
        errors = [one for one in line.splitlines() if one.startswith("betaneutral-xl: ")]
        assert code in saver.codes or line.endswith("\n".join([*errors, ""])), where
        assert len(errors) == (code not in saver.codes), where
        assert "The output cannot be written" not in line, where  # it is not the output that failed
        found = contents(place)
        for path, content in found.items():
            if path.endswith(".lock") or content == old.get(path):
                continue
            name = TIME.sub("TIME", path)
            assert name in after, f"{path} is left of {where}"
            assert outcome(content, place) in after[name], f"{path} is neither old nor new after {where}"
        missing = [name for name in before if name in after and name not in by_name(found, place)]
        assert not missing, f"{missing} are gone after {where}"
        if kind is Kind.ONE:
            continue
        desk.sit(place)
        code, line = desk.run(saver.command)  # nothing that the fault left is in its way
        assert code in saver.codes, f"{line} after {where}"
        assert by_name(contents(place), place).keys() >= after.keys(), where


@pytest.mark.parametrize(
    ("saver", "kind"),
    [
        pytest.param(saver, kind, id=f"{name}, {kind.name}")
        for name, saver in SAVERS.items()
        for kind in ((Kind.FULL,) if saver.slow else Kind)
    ],
)
def test_a_file_is_old_or_new_whichever_operation_on_files_fails(
    saver: Saver, kind: Kind, desk: Desk, tmp_path: Path
) -> None:
    check(saver, desk, tmp_path, kind)
