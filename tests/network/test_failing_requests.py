"""Where any request of a command fails, nothing wrong is kept: the next run answers as if none had."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fund_api import COVARIANCE, DAY, HOLDINGS, TOKEN

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.network import flex, silverfund
from betaneutral_xl.network.cache import Cache
from betaneutral_xl.network.stand_in import Api, Fault, FlexAnswers, StandIn

FLEX_TOKEN = "777notToBeSeenAnywhere777"  # noqa: S105 - the stand-in's

STATEMENT = b"""\
<FlexQueryResponse queryName="book" type="AF"><FlexStatements count="1">
<FlexStatement accountId="U1234567" fromDate="20251118" toDate="20251118"><OpenPositions>
<OpenPosition accountId="U1234567" currency="USD" fxRateToBase="1" assetCategory="STK" symbol="NVDA"
 reportDate="20251118" position="100" markPrice="181.36" positionValue="18136" levelOfDetail="SUMMARY" />
</OpenPositions></FlexStatement></FlexStatements></FlexQueryResponse>
"""

COMMANDS = {
    "fund": ("rebalance", "--fund", "quant_paper", "--date", DAY, "--etf", "etf.csv"),
    "broker": ("rebalance", "--fund", "ibkr:123456", "--etf", "etf.csv"),
}
"""Commands whose inputs come from the network, by where the portfolio is from."""

FAULTS = (Fault.CUT_OFF, Fault.TRUNCATED, Fault.UNAVAILABLE)
"""Faults that a server or a proxy has in passing; a refusal is remembered for a minute on purpose."""


class FailingService(StandIn):
    """A stand-in of which the n-th request, counted from 1, and those after it, fail."""

    first, last, fault = 0, 0, Fault.RESET

    def next_fault(self, path: str) -> Fault | None:
        """Return the fault of a request, if it is to fail."""
        super().next_fault(path)
        return self.fault if self.first <= len(self.requested) <= self.last else None

    def fail_from(self, first: int, last: int, fault: Fault) -> None:
        """Let the requests from a number to another fail, and count from here."""
        self.requested.clear()
        self.first, self.last, self.fault = first, last, fault


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingService]:
    """Serve a fund and a broker, without pauses between retries."""
    for module in (silverfund, flex):
        monkeypatch.setattr(module, "Transport", partial(_without_pause, module.Transport))
    (tmp_path / "etf.csv").write_text("ticker,weight\nAAPL,60%\nNVDA,40%\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    api = Api({"quant_paper": HOLDINGS}, COVARIANCE, TOKEN, flex=FlexAnswers(STATEMENT, token=FLEX_TOKEN))
    with FailingService(api) as made:
        monkeypatch.setenv("BETANEUTRAL_API_URL", made.url)
        monkeypatch.setenv("BETANEUTRAL_TOKEN", TOKEN)
        monkeypatch.setenv("BETANEUTRAL_FLEX_URL", f"{made.url}/flex")
        monkeypatch.setenv("BETANEUTRAL_FLEX_TOKEN", FLEX_TOKEN)
        yield made


def _without_pause(transport: Any, settings: Any, *_: Any) -> Any:
    return transport(settings, pause=lambda _: None)


def answer(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, Any, list[str]]:
    """Return a command's exit code, the weights it prints, and its error lines."""
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    errors = [line for line in err.splitlines() if line.startswith("betaneutral-xl: ")]
    return code, json.loads(out)["weights"] if code == 0 else None, errors


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_request_in_turn_fails_with_one_line_and_leaves_nothing_wrong(
    words: Sequence[str],
    fault: Fault,
    service: FailingService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def use_cache(name: str) -> Cache:
        monkeypatch.setenv("BETANEUTRAL_CACHE", str(tmp_path / name))
        return Cache(tmp_path / name)

    clean = use_cache("clean")
    code, expected, errors = answer(words, capsys)
    assert (code, errors) == (0, [])
    asked = list(service.requested)
    right = {entry.key: entry.sha256 for entry in clean.entries()}
    assert len(right) > 1 or len(asked) > 1
    for number in range(1, len(asked) + 1):
        for last in (number, 10**9):  # once, which a retry mends, and for good
            kept = use_cache(f"{number} to {last}")
            service.fail_from(number, last, fault)
            code, found, errors = answer(words, capsys)
            where = f"request {number}, {asked[number - 1]}, {code}, {errors}"
            assert code in {0, 3}, where
            assert len(errors) == (code != 0), where
            assert found in (None, expected), where
            assert {entry.key: entry.sha256 for entry in kept.entries()}.items() <= right.items(), where
            there = len(kept.entries())
            service.fail_from(0, 0, fault)
            assert answer(words, capsys) == (0, expected, []), where
            assert len(service.requested) <= len(asked) - there, where  # what was right is not asked again
