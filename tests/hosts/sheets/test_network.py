from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.job.sample import COVARIANCE, HOLDINGS, read
from betaneutral_xl.network.stand_in import Api, Fault, StandIn
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows

DAY = "2025-11-18"


@pytest.fixture
def fund_api() -> Iterator[StandIn]:
    with StandIn(Api.of_files(read(HOLDINGS), read(COVARIANCE), token="secret")) as stand_in:  # noqa: S106 - of a test
        yield stand_in


@pytest.fixture
def session(fund_api: StandIn, tmp_path: Path) -> Session:
    settings = Settings(
        api_url=fund_api.url,
        token="secret",  # noqa: S106 - of a test
        cache=tmp_path / "cache",
        downloads=(tmp_path,),
        retries=0,
        backoff=0.0,
    )
    return Session(settings)


def call(session: Session, name: str, *values: Any) -> Rows:
    return session.call(BY_NAME[name], *values)


def template(session: Session) -> list[Rows]:
    """Compute the template's main formulas from the network."""
    holdings = call(session, "FETCH_HOLDINGS", "quant_paper", DAY)
    etf = call(session, "LOAD_ETF", "demo")
    risk = call(session, "COVARIANCE", call(session, "BN_NAMES", holdings, etf), None, None, "TRUE")
    return [
        holdings,
        etf,
        risk,
        *(call(session, name, holdings, etf, risk) for name in ("BETA_NEUTRAL", "BN_EXPOSURE")),
    ]


def test_recalculating_the_whole_template_makes_no_request(fund_api: StandIn, session: Session) -> None:
    first = template(session)
    assert str(first[3][0][0]) == "ticker"
    count = len(fund_api.requested)
    assert count > 0
    assert template(session) == first
    assert len(fund_api.requested) == count


def test_another_process_uses_the_cache_and_refresh_fetches_again(
    fund_api: StandIn, session: Session
) -> None:
    first = call(session, "FETCH_HOLDINGS", "quant_paper", DAY)
    count = len(fund_api.requested)
    later = Session(session.settings)
    again = call(later, "FETCH_HOLDINGS", "quant_paper", DAY)
    assert again == first
    assert len(fund_api.requested) == count
    assert call(later, "BN_STATUS", again)[1][6] == "cached"
    later.refresh()
    assert call(later, "FETCH_HOLDINGS", "quant_paper", DAY) == first
    assert len(fund_api.requested) > count
    assert call(later, "BN_STATUS", first)[1][6] == "live"


def test_an_unknown_fund_and_a_failing_api_are_one_line(fund_api: StandIn, session: Session) -> None:
    ((line,),) = call(session, "FETCH_HOLDINGS", "quant_papier", DAY)
    assert str(line).startswith("#BETA! The fund's API has no fund 'quant_papier'")
    fund_api.fail(Fault("502"))
    ((line,),) = call(session, "FETCH_HOLDINGS", "quant_paper", "2025-11-17")
    assert str(line).startswith("#BETA! ")
    assert "secret" not in str(line)


def test_a_newer_download_is_read_at_the_next_recalculation(session: Session, tmp_path: Path) -> None:
    (tmp_path / "AIX_2025-11-17.csv").write_text("ticker,weight\nAAPL,1.0\n", encoding="utf-8")
    assert call(session, "LOAD_ETF", "AIX")[1][0] == "AAPL"
    (tmp_path / "AIX_2025-11-18.csv").write_text("ticker,weight\nMSFT,1.0\n", encoding="utf-8")
    assert call(session, "LOAD_ETF", "AIX")[1][0] == "MSFT"
