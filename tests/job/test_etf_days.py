"""ETF files are kept by day with each load, and compared with the day before."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import api, etf_days
from betaneutral_xl.job.sources import Sources
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf

FIRST, SECOND = date(2026, 7, 10), date(2026, 7, 13)


@pytest.fixture
def settings() -> Settings:
    return Settings.from_environment()


def written(folder: Path, day: date, first: float) -> Path:
    """Write an issuer's file of NVDA, MSFT and AMD, and above one half in NVDA of TSM, too."""
    file = folder / f"XAI_{day}.csv"
    rows = f"NVDA,{first}\nMSFT,{0.9 - first:.2f}\nAMD,0.1\n" + ("TSM,0.001\n" if first > 0.5 else "")
    file.write_text(f"Holdings as of {day}\nTicker,Weight\n{rows}", encoding="utf-8")
    return file


def loaded(folder: Path, day: date, first: float, settings: Settings) -> Etf:
    return api.load_etf(written(folder, day, first), settings=settings)


def kept_files(settings: Settings) -> list[str]:
    return sorted(one.name for one in settings.records.rglob("*") if one.is_file())


def test_a_file_is_kept_once_a_day_and_compared_with_the_one_before(
    settings: Settings, tmp_path: Path
) -> None:
    first = loaded(tmp_path, FIRST, 0.5, settings)
    once = kept_files(settings)
    assert len(once) == 2
    loaded(tmp_path, FIRST, 0.5, settings)
    assert kept_files(settings) == once
    second = loaded(tmp_path, SECOND, 0.6, settings)
    assert etf_days.days(second.name, settings) == (FIRST, SECOND)
    found = etf_days.day_of(second, settings, date(2026, 9, 11))
    assert found.earlier == FIRST
    assert found.turnover == pytest.approx(0.1005)
    assert [one.ticker for one in found.changes] == ["MSFT", "NVDA", "TSM"]
    assert found.entered == ("TSM",)
    assert found.changed.startswith("one-way change of weights 10.05%: MSFT 40.00% to 30.00%")
    assert found.stale
    assert found.sentence == f"{second.name} is 60 days old"
    assert etf_days.before(first, settings) is None


def test_every_front_end_that_loads_a_file_keeps_it(settings: Settings, tmp_path: Path) -> None:
    files = [str(written(tmp_path, day, 0.4)) for day in (FIRST, SECOND)]
    Sources.parse({"sample": True, "etf": [files[0]]}).load(settings)
    assert etf_days.days("XAI", settings) == (FIRST,)
    main(["etf", files[1]])
    assert etf_days.days("XAI", settings) == (FIRST, SECOND)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_what_is_kept_is_for_the_user_alone(settings: Settings, tmp_path: Path) -> None:
    loaded(tmp_path, FIRST, 0.5, settings)
    modes = {one.stat().st_mode & 0o077 for one in (settings.records, *settings.records.rglob("*"))}
    assert modes == {0}


def test_nothing_is_kept_where_the_user_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETANEUTRAL_KEEP_ETFS", "no")
    settings = Settings.from_environment()
    loaded(tmp_path, FIRST, 0.5, settings)
    assert not settings.records.exists()


def test_a_file_that_cannot_be_kept_is_loaded_with_a_warning(tmp_path: Path) -> None:
    place = tmp_path / "no folder"
    place.write_text("a file", encoding="utf-8")
    found = loaded(tmp_path, FIRST, 0.5, Settings(records=place))
    assert found.tickers == ("NVDA", "MSFT", "AMD")
    assert any("is not kept for a comparison by day" in one for one in found.warnings)


def test_a_damaged_kept_file_is_passed_over(settings: Settings, tmp_path: Path) -> None:
    loaded(tmp_path, FIRST, 0.5, settings)
    second = loaded(tmp_path, SECOND, 0.6, settings)
    assert etf_days.before(second, settings) is not None
    (file,) = settings.records.rglob(f"{FIRST}*.gz")
    os.truncate(file, 20)
    assert etf_days.before(second, settings) is None
    file.write_bytes(b"other")
    assert etf_days.before(second, settings) is None


def test_the_command_shows_what_changed_since_the_day_before(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded(tmp_path, FIRST, 0.5, settings)
    file = str(written(tmp_path, SECOND, 0.6))
    assert main(["etf", file]) == 0
    assert "Since the file of 2026-07-10: one-way change of weights 10.05%" in capsys.readouterr().out
    main(["etf", file, "--json"])
    found = json.loads(capsys.readouterr().out)["by_day"]
    assert found["earlier"] == "2026-07-10"
    assert found["changes"][0] == {"ticker": "MSFT", "before": 0.4, "after": 0.3}
