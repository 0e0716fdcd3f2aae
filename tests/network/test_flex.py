"""The Flex Web Service: two steps, waiting codes, the faults of the fund's API, no token shown."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl import fetch_holdings
from betaneutral_xl.errors import BetaNeutralError, ChangedFormat, InputError, Refused, Unreachable
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.network.flex import REFUSALS, WAITING, Flex
from betaneutral_xl.network.stand_in import Api, Fault, FlexAnswers, StandIn
from betaneutral_xl.readers.fills import parse_fills
from betaneutral_xl.system.settings import Settings

TOKEN = "777notToBeSeenAnywhere777"  # noqa: S105 - what must not leak

XML = b"""\
<FlexQueryResponse queryName="book" type="AF"><FlexStatements count="1">
<FlexStatement accountId="U1234567" fromDate="20251118" toDate="20251118">
<CashReport>
<CashReportCurrency accountId="U1234567" currency="BASE_SUMMARY" endingCash="12500.50" />
<CashReportCurrency accountId="U1234567" currency="USD" endingCash="12500.50" />
</CashReport>
<OpenPositions>
<OpenPosition accountId="U1234567" currency="USD" fxRateToBase="1" assetCategory="STK" symbol="NVDA"
 reportDate="20251118" position="100" markPrice="181.36" positionValue="18136" levelOfDetail="SUMMARY" />
<OpenPosition accountId="U1234567" currency="USD" fxRateToBase="1" assetCategory="STK" symbol="BRK B"
 reportDate="20251118" position="-8" markPrice="500" positionValue="-4000" levelOfDetail="SUMMARY" />
</OpenPositions>
<Trades>
<Trade accountId="U1234567" currency="USD" fxRateToBase="1" assetCategory="STK" symbol="NVDA" buySell="BUY"
 quantity="60" tradePrice="181" ibCommission="-0.5" levelOfDetail="EXECUTION" tradeID="1" />
</Trades>
</FlexStatement></FlexStatements></FlexQueryResponse>
"""

CSV = (
    b'"ClientAccountID","CurrencyPrimary","FXRateToBase","AssetClass","Symbol","ReportDate","Quantity",'
    b'"MarkPrice","PositionValue","LevelOfDetail"\n'
    b'"U1234567","USD","1","STK","NVDA","20251118","100","181.36","18136","SUMMARY"\n'
)


@pytest.fixture
def service() -> Iterator[StandIn]:
    api = Api({}, "", flex=FlexAnswers(XML, token=TOKEN))
    with StandIn(api) as stand_in:
        yield stand_in


def settings(service: StandIn, tmp_path: Path, **changes: Any) -> Settings:
    known: dict[str, Any] = {"flex_token": TOKEN, "cache": tmp_path / "cache", "retries": 2, "backoff": 0.0}
    return Settings(flex_url=f"{service.url}/flex", **{**known, **changes})


def answers(service: StandIn) -> FlexAnswers:
    assert service.api.flex is not None
    return service.api.flex


def flex(service: StandIn, tmp_path: Path, **changes: Any) -> Flex:
    return Flex(settings(service, tmp_path, **changes), pause=lambda _: None)


SENT, GOT = "/flex/SendRequest", "/flex/GetStatement"


def test_holdings_come_in_two_steps_with_cash_and_provenance(service: StandIn, tmp_path: Path) -> None:
    found = fetch_holdings("ibkr:123456", settings=settings(service, tmp_path))
    assert found.fund == "U1234567"
    assert found.nav == pytest.approx(26_636.5)
    assert dict(zip(found.tickers, found.weights.tolist(), strict=True)) == pytest.approx(
        {"NVDA": 18_136 / 26_636.5, "BRK.B": -4_000 / 26_636.5}
    )
    assert found.cash == pytest.approx(12_500.5 / 26_636.5)
    assert service.requested == [SENT, GOT]
    origin = found.provenance
    assert (origin.source, origin.retrieval) == ("IBKR Flex Web Service", Retrieval.LIVE)
    assert (str(origin.as_of), origin.note) == ("2025-11-18", "Flex query 123456")


def test_a_statement_in_csv_is_read_too_and_asked_for_once(service: StandIn, tmp_path: Path) -> None:
    answers(service).statement = CSV
    for retrieval in (Retrieval.LIVE, Retrieval.CACHED):
        found = fetch_holdings("IBKR:123456", settings=settings(service, tmp_path))
        assert found.tickers == ("NVDA",)
        assert found.provenance.retrieval is retrieval
    assert service.requested == [SENT, GOT]


def test_the_trades_of_the_statement_are_fills(service: StandIn, tmp_path: Path) -> None:
    with flex(service, tmp_path) as client:
        found = parse_fills(client.statement("ibkr:123456").data, "flex.xml")
    assert [(one.ticker, one.shares, one.price, one.cost) for one in found.fills] == [
        ("NVDA", 60.0, 181.0, 0.5)
    ]


@pytest.mark.parametrize("code", sorted(WAITING))
def test_a_waiting_code_is_asked_again_with_growing_pauses(
    service: StandIn, tmp_path: Path, code: str
) -> None:
    answers(service).codes = [code, code, code]
    pauses: list[float] = []
    with Flex(settings(service, tmp_path), pause=pauses.append) as client:
        assert client.statement("ibkr:123456").content == XML
    assert pauses == [1.0, 1.5, 2.25]
    assert service.requested == [SENT] * 4 + [GOT]


def test_a_statement_that_is_never_ready_ends_at_the_time_limit(service: StandIn, tmp_path: Path) -> None:
    answers(service).codes = ["1019"] * 1_000
    with flex(service, tmp_path, total_timeout=0.9) as client, pytest.raises(Unreachable) as caught:
        client.statement("ibkr:123456")
    assert "has not finished Flex query 123456 in 1 s (1019: the statement is being generated)" in str(
        caught.value
    )


@pytest.mark.parametrize("code", [*sorted(REFUSALS), "1099"])
@pytest.mark.parametrize("step", [0, 1])
def test_every_other_code_is_refused_with_what_to_do(
    service: StandIn, tmp_path: Path, code: str, step: int
) -> None:
    answers(service).codes = [code]
    if step:
        answers(service).codes = ["1019", code]
    with (
        flex(service, tmp_path) as client,
        pytest.raises(Refused, match=rf"Flex query 123456 \({code}\): ") as caught,
    ):
        client.statement("ibkr:123456")
    assert str(caught.value).endswith(".")


def test_another_query_or_token_is_named(service: StandIn, tmp_path: Path) -> None:
    with flex(service, tmp_path) as client, pytest.raises(Refused, match="the query is invalid"):
        client.statement("ibkr:999")
    wrong = flex(service, tmp_path, flex_token="abc")  # noqa: S106 - one that is refused
    with wrong as client, pytest.raises(Refused, match="the token is invalid"):
        client.statement("ibkr:123456")


@pytest.mark.parametrize(
    "name", ["ibkr:", "ibkr:12a", "ibkr:1 2", "ibkr:-1", "ibkr:" + "1" * 40, "ibkr:\uff11"]
)
def test_what_is_no_number_of_a_query_is_refused(service: StandIn, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is no Flex query"):
        fetch_holdings(name, settings=settings(service, tmp_path))
    assert service.requested == []


def test_a_day_cannot_be_asked_of_a_query(service: StandIn, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="days that it was set up for"):
        fetch_holdings("ibkr:123456", "2025-11-18", settings=settings(service, tmp_path))


@pytest.mark.parametrize("token", ["", "with blank", "a&q=2", "tök"])
def test_without_a_token_nothing_is_asked(
    service: StandIn, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("betaneutral_xl.network.credentials._from_keyring", lambda _: "")
    with flex(service, tmp_path, flex_token=token) as client, pytest.raises(InputError) as caught:
        client.statement("ibkr:123456")
    assert "BETANEUTRAL_FLEX_TOKEN" in str(caught.value)
    assert not token or token not in str(caught.value)
    assert service.requested == []


def test_the_token_may_be_in_the_keyring(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "betaneutral_xl.network.credentials._from_keyring", lambda user: TOKEN if user == "ibkr-flex" else ""
    )
    with flex(service, tmp_path, flex_token="") as client:
        assert client.statement("ibkr:123456").content == XML


@dataclass(frozen=True, kw_only=True)
class Row:
    """A fault: the error, the number of requests for the first step, and what the message says."""

    fault: Fault
    kind: type[BetaNeutralError]
    requests: int
    words: str
    changes: Mapping[str, Any] = field(default_factory=dict)


FAULT_MATRIX = [
    Row(
        fault=Fault.SLOW,
        kind=Unreachable,
        requests=1,
        words="did not answer in time",
        changes={"read_timeout": 0.1},
    ),
    Row(
        fault=Fault.TRICKLE,
        kind=Unreachable,
        requests=1,
        words="did not finish its answer in time",
        changes={"total_timeout": 0.2},
    ),
    Row(fault=Fault.RESET, kind=Unreachable, requests=3, words="closed the connection without an answer"),
    Row(fault=Fault.CUT_OFF, kind=Unreachable, requests=3, words="broke off in the middle of its answer"),
    Row(fault=Fault.TRUNCATED, kind=ChangedFormat, requests=1, words="without a reference code"),
    Row(fault=Fault.HUGE, kind=ChangedFormat, requests=1, words="sent more than 1,048,576 bytes"),
    Row(fault=Fault.COMPRESSED, kind=ChangedFormat, requests=1, words="sent a compressed answer"),
    Row(fault=Fault.HTML, kind=ChangedFormat, requests=1, words="answered with a web page instead of data"),
    Row(fault=Fault.REDIRECT, kind=ChangedFormat, requests=1, words="redirects to login.example.org (307)"),
    Row(fault=Fault.UNAUTHORISED, kind=Refused, requests=1, words="refuses the token (401)"),
    Row(fault=Fault.FORBIDDEN, kind=Refused, requests=1, words="refuses the token (403)"),
    Row(fault=Fault.NOT_FOUND, kind=ChangedFormat, requests=1, words="no Flex Web Service there (404)"),
    Row(fault=Fault.UNPROCESSABLE, kind=Refused, requests=1, words="answered with status 422"),
    Row(fault=Fault.RATE_LIMITED, kind=Refused, requests=3, words="received too many requests (429)"),
    Row(fault=Fault.CRASH, kind=Refused, requests=1, words="answered with status 500"),
    Row(fault=Fault.BAD_GATEWAY, kind=Unreachable, requests=3, words="gateway that fails (502)"),
    Row(fault=Fault.UNAVAILABLE, kind=Unreachable, requests=3, words="gateway that fails (503)"),
    Row(fault=Fault.GATEWAY_TIMEOUT, kind=Unreachable, requests=3, words="gateway that fails (504)"),
]


@pytest.mark.parametrize("row", FAULT_MATRIX, ids=lambda row: str(row.fault))
def test_every_fault_has_a_one_line_message_without_the_token(
    row: Row, service: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.delay = 0.01 if row.fault is Fault.TRICKLE else 60.0
    service.fail(row.fault)
    with flex(service, tmp_path, **row.changes) as client, pytest.raises(row.kind) as caught:
        client.statement("ibkr:123456")
    assert row.words in str(caught.value)
    assert type(caught.value) is row.kind
    assert service.requested == [SENT] * row.requests
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert TOKEN not in shown
    assert "\n" not in str(caught.value)


def test_every_fault_is_in_the_matrix_but_the_media_type_that_is_not_looked_at() -> None:
    assert {row.fault for row in FAULT_MATRIX} == set(Fault) - {Fault.CONTENT_TYPE}


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.RESET, Fault.HTML, Fault.BAD_GATEWAY])
def test_a_fault_of_the_second_step_is_one_too(service: StandIn, tmp_path: Path, fault: Fault) -> None:
    service.fail(fault, GOT)
    with flex(service, tmp_path) as client, pytest.raises((ChangedFormat, Unreachable)):
        client.statement("ibkr:123456")
    assert service.requested[0] == SENT
    service.recover()
    with flex(service, tmp_path) as client:
        assert client.statement("ibkr:123456").content == XML


def test_the_token_is_in_no_log_no_repr_and_no_cached_file(
    service: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with flex(service, tmp_path) as client:
        client.statement("ibkr:123456")
    files = [one.read_bytes() for one in (tmp_path / "cache").rglob("*") if one.is_file()]
    assert files
    assert not any(TOKEN.encode() in one for one in files)
    assert "SendRequest" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(settings(service, tmp_path))


def test_only_https_or_this_machine_gets_the_token() -> None:
    with pytest.raises(InputError, match="BETANEUTRAL_FLEX_URL"):
        Settings(flex_url="http://example.org/flex")


def test_a_statement_without_positions_says_which_section_it_lacks(service: StandIn, tmp_path: Path) -> None:
    answers(service).statement = b"<FlexQueryResponse><FlexStatements/></FlexQueryResponse>"
    with pytest.raises(InputError, match="without open positions or trades"):
        fetch_holdings("ibkr:123456", settings=settings(service, tmp_path))
