"""A small fund served by the stand-in for its API, on a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.network.stand_in import Api, StandIn
from betaneutral_xl.system.settings import Settings

DAY = "2025-11-18"
TOKEN = "not-to-be-seen-anywhere"  # noqa: S105 - what must not leak


def position(
    ticker: str, shares: float, price: float, *, active: bool = True, **other: Any
) -> dict[str, Any]:
    return {
        "ticker": ticker,
        "active": active,
        "shares": shares,
        "price": price,
        "value": shares * price,
        "alpha": None,
        "beta": None,
        **other,
    }


HOLDINGS = {
    "fund": "quant_paper",
    "start": DAY,
    "end": DAY,
    "holdings": [
        position("NVDA", 300.0, 100.0),
        position("BRK B", 100.0, 250.0),
        position("META", 90.0, 500.0, active=False),
        position("MSFT", -50.0, 100.0),
    ],
}

COVARIANCE = f"""\
date,ticker,AAPL,BRK.B,MSFT,NVDA,IWV
{DAY},AAPL,0.09,0.01,0.02,0.03,0.02
{DAY},BRK.B,0.01,0.04,0.01,0.01,0.015
{DAY},MSFT,0.02,0.01,0.0625,0.04,0.02
{DAY},NVDA,0.03,0.01,0.04,0.16,0.03
{DAY},IWV,0.02,0.015,0.02,0.03,0.0225
"""


@pytest.fixture
def fund_api() -> Iterator[StandIn]:
    """Run the stand-in for one test."""
    with StandIn(Api({"quant_paper": HOLDINGS}, COVARIANCE, token=TOKEN)) as stand_in:
        yield stand_in


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that makes settings for a stand-in, without pauses between retries."""

    def make(stand_in: StandIn, **changes: Any) -> Settings:
        settings = Settings(
            api_url=stand_in.url, token=TOKEN, cache=tmp_path / "cache", retries=2, backoff=0.0
        )
        return replace(settings, **changes)

    return make
