from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.errors import UnknownFund
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.network.cache import Cache, Query
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.network.cache import Answer


def no_such_fund() -> bytes:
    msg = "no such fund"
    raise UnknownFund(msg)


@pytest.fixture
def folder() -> Path:
    """Cache an answer and a refusal, and return the cache's folder."""
    folder = Settings.from_environment().cache
    cache = Cache(folder)

    def read(answer: Answer) -> int:
        return len(answer.content)

    cache.get_or_fetch(Query(key="1", note="quant on 2025-11-18", ttl=None), lambda: b"answer", read)
    with pytest.raises(UnknownFund):
        cache.get_or_fetch(Query(key="2", note="=hedgy on 2025-11-18", ttl=None), no_such_fund, read)
    return folder


def test_list_shows_the_cached_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["what", "fetched", "at", "(UTC)", "valid", "until", "(UTC)", "bytes"]
    assert lines[1].startswith("=hedgy on 2025-11-18 (UnknownFund)")
    assert lines[2].startswith("quant on 2025-11-18")
    assert lines[2].split()[-3:] == ["for", "good", "6"]
    assert lines[3] == f"2 answers, 18 bytes in {folder}"


def test_list_for_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "list", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["folder"] == str(folder)
    refusal, good = answer["answers"]
    assert (refusal["refusal"], refusal["holds"]) == ("UnknownFund", True)
    assert (good["what"], good["expires"], good["bytes"]) == ("quant on 2025-11-18", None, 6)
    assert main(["cache", "list", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "what,fetched_at,expires,holds,bytes,refusal"
    assert lines[1].startswith("'=hedgy on")


def test_clear_removes_all_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"removed 2 answers from {folder}\n"
    assert main(["cache", "list"]) == 0
    assert capsys.readouterr().out == f"0 answers, 0 bytes in {folder}\n"


def test_without_an_action_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["cache"])
    assert caught.value.code == 0
