from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl.errors import (
    BetaNeutralError,
    ChangedFormat,
    EmptyFund,
    InputError,
    NoData,
    Refused,
    UncoveredRisk,
    UnknownFund,
    Unreachable,
)
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.network.silverfund import SilverFund, covariance_call
from betaneutral_xl.network.stand_in import Fault, Response, StandIn

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings

DAY = date(2025, 11, 18)
TOKEN = "not-to-be-seen-anywhere"  # noqa: S105 - the stand-in's, must not leak


@pytest.fixture
def fund(fund_api: StandIn, settings_for: Callable[..., Settings]) -> SilverFund:
    return SilverFund(settings_for(fund_api))


def test_holdings_have_weights_and_provenance(fund_api: StandIn, fund: SilverFund) -> None:
    holdings = fund.holdings("quant_paper", DAY)
    assert dict(zip(holdings.tickers, holdings.weights.tolist(), strict=True)) == {
        "NVDA": 0.6,
        "BRK.B": 0.5,
        "MSFT": -0.1,
    }
    assert holdings.nav == 50_000.0
    origin = holdings.provenance
    assert (origin.source, origin.retrieval, origin.as_of) == ("Silver Fund API", Retrieval.LIVE, DAY)
    assert origin.location == f"{fund_api.url}/all-holdings/summary"


def test_days_can_be_text(fund: SilverFund) -> None:
    assert fund.holdings("quant_paper", "2025-11-18", start="2025-11-01").as_of == DAY


def test_covariance_requests_covered_names_only(fund_api: StandIn, fund: SilverFund) -> None:
    covariance = fund.covariance(["nvda us", "BRK B", "TSM"])
    assert covariance.tickers == ("BRK.B", "NVDA", "IWV")
    assert covariance.form.dense().tolist() == [
        [0.04, 0.01, 0.015],
        [0.01, 0.16, 0.03],
        [0.015, 0.03, 0.0225],
    ]
    assert fund_api.requested == ["/covariance-matrix/tickers", "/covariance-matrix/latest"]


def test_health_is_requested_every_time(fund_api: StandIn, fund: SilverFund) -> None:
    assert (fund.health(), fund.health()) == ("ok", "ok")
    assert fund_api.requested == ["/health", "/health"]


def test_the_unit_of_the_covariance_can_be_stated(fund: SilverFund) -> None:
    with pytest.raises(InputError, match="median variance"):
        fund.covariance(["NVDA"], CovarianceUnit.PERCENT_SQUARED)


@dataclass(frozen=True)
class Row:
    """One row of the fault matrix: the fault, and the error that the user sees."""

    fault: Fault
    kind: type[BetaNeutralError]
    requests: int
    message: str
    changes: Mapping[str, Any] = field(default_factory=dict)


HOST = "127.0.0.1:PORT"
ADVICE = "Check the network or VPN, or try again later."
TOKEN_ADVICE = (
    "Set BETANEUTRAL_TOKEN, or store the token in the keyring "  # noqa: S105 - advice
    "(python -m keyring set betaneutral-xl silverfund)."
)

FAULT_MATRIX = [
    Row(Fault.SLOW, Unreachable, 1, f"{HOST} did not answer in time. {ADVICE}", {"read_timeout": 0.1}),
    Row(
        Fault.TRICKLE,
        Unreachable,
        1,
        f"{HOST} did not finish its answer in time. {ADVICE}",
        {"total_timeout": 0.2},
    ),
    Row(
        Fault.RESET,
        Unreachable,
        3,
        f"{HOST} closed the connection without an answer (tried 3 times). {ADVICE}",
    ),
    Row(
        Fault.CUT_OFF,
        Unreachable,
        3,
        f"{HOST} broke off in the middle of its answer (tried 3 times). {ADVICE}",
    ),
    Row(
        Fault.TRUNCATED,
        ChangedFormat,
        1,
        f"http://{HOST}/all-holdings/summary: the answer is cut off: line 1, column 274. Try again later.",
    ),
    Row(
        Fault.HUGE,
        ChangedFormat,
        1,
        f"{HOST} sent more than 8,388,608 bytes, so the rest is not read. Request less, or try again later.",
    ),
    Row(
        Fault.COMPRESSED,
        ChangedFormat,
        1,
        f"{HOST} sent a compressed answer, which was not requested. Check for a proxy in between.",
    ),
    Row(
        Fault.HTML,
        ChangedFormat,
        1,
        f"{HOST} answered with a web page instead of data. A proxy or a log-in page intercepts the request: "
        "open the address in a browser, or check the VPN.",
    ),
    Row(
        Fault.CONTENT_TYPE,
        ChangedFormat,
        1,
        f"{HOST} answered /all-holdings/summary with application/octet-stream, not application/json. "
        "Check BETANEUTRAL_API_URL, or try again later.",
    ),
    Row(
        Fault.REDIRECT,
        ChangedFormat,
        1,
        f"{HOST} redirects to login.example.org (307), which is not followed. Check BETANEUTRAL_API_URL.",
    ),
    Row(Fault.UNAUTHORISED, Refused, 1, f"{HOST} refuses the token (401). {TOKEN_ADVICE}"),
    Row(
        Fault.UNAUTHORISED,
        Refused,
        1,
        f"{HOST} requires a token, and none is set (401). {TOKEN_ADVICE}",
        {"token": ""},
    ),
    Row(Fault.FORBIDDEN, Refused, 1, f"{HOST} refuses the token (403). {TOKEN_ADVICE}"),
    Row(
        Fault.NOT_FOUND,
        ChangedFormat,
        1,
        f"{HOST} has no /all-holdings/summary (404). Check BETANEUTRAL_API_URL.",
    ),
    Row(
        Fault.UNPROCESSABLE,
        Refused,
        1,
        f"{HOST} rejects the request: start: Input should be a valid date (422).",
    ),
    Row(Fault.RATE_LIMITED, Refused, 3, f"{HOST} received too many requests (429). Try again later."),
    Row(
        Fault.CRASH,
        NoData,
        1,
        "The fund's API failed to return the holdings of quant_paper on 2025-11-18 (500). That is usually a "
        "day without data: a weekend, a holiday, or one that is not loaded yet. Choose another day.",
    ),
    Row(
        Fault.BAD_GATEWAY,
        Unreachable,
        3,
        f"{HOST} is down or behind a gateway that fails (502). Try again later.",
    ),
    Row(
        Fault.UNAVAILABLE,
        Unreachable,
        3,
        f"{HOST} is down or behind a gateway that fails (503). Try again later.",
    ),
    Row(
        Fault.GATEWAY_TIMEOUT,
        Unreachable,
        3,
        f"{HOST} is down or behind a gateway that fails (504). Try again later.",
    ),
]


@pytest.mark.parametrize("row", FAULT_MATRIX, ids=lambda row: f"{row.fault}-{row.kind.__name__}")
def test_every_fault_has_a_one_line_message(
    row: Row, fund_api: StandIn, settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("betaneutral_xl.network.credentials._from_keyring", str)
    fund_api.delay = 0.01 if row.fault is Fault.TRICKLE else 60.0
    fund_api.fail(row.fault)
    with SilverFund(settings_for(fund_api, **row.changes)) as fund, pytest.raises(row.kind) as caught:
        fund.holdings("quant_paper", DAY)
    assert str(caught.value) == row.message.replace("PORT", fund_api.url.rpartition(":")[2])
    assert type(caught.value) is row.kind
    assert fund_api.requested == ["/all-holdings/summary"] * row.requests


def test_every_fault_is_in_the_matrix() -> None:
    assert {row.fault for row in FAULT_MATRIX} == set(Fault)


def test_without_a_server_the_connection_is_refused(
    fund_api: StandIn, settings_for: Callable[..., Settings]
) -> None:
    settings = settings_for(fund_api)
    fund_api.close()
    with SilverFund(settings) as fund, pytest.raises(Unreachable) as caught:
        fund.health()
    assert str(caught.value) == (
        f"{settings.api_url.removeprefix('http://')} cannot be reached: the connection was refused "
        f"(tried 3 times). {ADVICE}"
    )


@pytest.mark.parametrize(
    "fault", [Fault.RESET, Fault.CUT_OFF, Fault.BAD_GATEWAY, Fault.UNAVAILABLE, Fault.RATE_LIMITED]
)
def test_transient_failures_are_retried(fault: Fault, fund_api: StandIn, fund: SilverFund) -> None:
    fund_api.fail(fault, times=2)
    assert fund.holdings("quant_paper", DAY).nav == 50_000.0
    assert len(fund_api.requested) == 3


@pytest.mark.parametrize(
    ("name", "day", "start", "kind", "message"),
    [
        (
            "hedgy",
            "2025-11-18",
            None,
            UnknownFund,
            "The fund's API has no fund 'hedgy' (500). "
            "Choose one of undergrad, quant, brigham_capital, grad, quant_paper.",
        ),
        (
            "quant_paper",
            "2025-11-17",
            None,
            EmptyFund,
            "Fund quant_paper has no positions on 2025-11-17. Choose a trading day that is already loaded.",
        ),
        (
            "quant",
            "2025-11-17",
            "2025-11-14",
            NoData,
            "The fund's API failed to return the holdings of quant from 2025-11-14 to 2025-11-17 (500). That "
            "is usually a day without data: a weekend, a holiday, or one that is not loaded yet. "
            "Choose another day.",
        ),
    ],
)
def test_unknown_funds_and_days_without_data_are_errors(
    name: str,
    day: str,
    start: str | None,
    kind: type[BetaNeutralError],
    message: str,
    fund_api: StandIn,
    fund: SilverFund,
) -> None:
    with pytest.raises(kind) as caught:
        fund.holdings(name, day, start)
    assert str(caught.value) == message
    assert type(caught.value) is kind
    assert len(fund_api.requested) == 1


@pytest.mark.parametrize(
    ("name", "day", "start", "message"),
    [
        (
            "quant",
            "2025-11-18",
            "2025-11-19",
            "The range starts on 2025-11-19, after its end on 2025-11-18. Swap the two days.",
        ),
        ("quant", "18.11.2025", None, "'18.11.2025' is not a day. Write it as 2025-11-18."),
        (
            " ",
            "2025-11-18",
            None,
            "No fund is named. Choose one of undergrad, quant, brigham_capital, grad, quant_paper.",
        ),
    ],
)
def test_invalid_arguments_are_not_requested(
    name: str, day: str, start: str | None, message: str, fund_api: StandIn, fund: SilverFund
) -> None:
    with pytest.raises(InputError) as caught:
        fund.holdings(name, day, start)
    assert str(caught.value) == message
    assert fund_api.requested == []


def test_a_covariance_without_covered_names_is_not_requested(fund_api: StandIn, fund: SilverFund) -> None:
    with pytest.raises(UncoveredRisk) as caught:
        fund.covariance(["TSM", "ASML NA"])
    assert str(caught.value) == (
        "The fund's risk model covers none of the 2 requested names: TSM, ASML NA. Check their spelling."
    )
    assert caught.value.tickers == ("TSM", "ASML NA")
    assert fund_api.requested == ["/covariance-matrix/tickers"]


def test_a_wrong_token_is_refused(fund_api: StandIn, settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(fund_api, token=TOKEN[:-1])
    with SilverFund(settings) as fund, pytest.raises(Refused, match=r"refuses the token \(401\)"):
        fund.covariance(["NVDA"])


def test_a_crash_on_the_covariance_states_the_usual_cause(fund_api: StandIn, fund: SilverFund) -> None:
    fund_api.fail(Fault.CRASH, "/covariance-matrix/latest")
    with pytest.raises(
        NoData, match=r"covariance of 1 names \(500\)\. That is usually a name that it no longer covers"
    ):
        fund.covariance(["NVDA"])


def answering(fund_api: StandIn, monkeypatch: pytest.MonkeyPatch, path: str, response: Response) -> None:
    """Replace the stand-in's answer of one path."""
    good = type(fund_api.api).answer

    def answer(self: Any, method: str, requested: str, authorization: str, body: bytes) -> Response:
        return response if requested == path else good(self, method, requested, authorization, body)

    monkeypatch.setattr(type(fund_api.api), "answer", answer)


def test_an_answer_for_another_fund_is_refused_and_not_cached(
    fund_api: StandIn, fund: SilverFund, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = json.dumps({**fund_api.api.books["quant_paper"], "fund": "grad"}).encode()
    with monkeypatch.context() as patch:
        answering(fund_api, patch, "/all-holdings/summary", Response(200, "application/json", other))
        with pytest.raises(ChangedFormat, match="answered a request for 'quant_paper' with 'grad'"):
            fund.holdings("quant_paper", DAY)
    assert fund.holdings("quant_paper", DAY).fund == "quant_paper"


def test_a_covariance_that_lacks_a_covered_name_is_refused(
    fund_api: StandIn, fund: SilverFund, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = b"date,ticker,NVDA\n2025-11-18,NVDA,0.16\n"
    answering(fund_api, monkeypatch, "/covariance-matrix/latest", Response(200, "text/csv", short))
    with pytest.raises(ChangedFormat, match="covers MSFT but its answer lacks it"):
        fund.covariance(["NVDA", "MSFT"])


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("/health", b'{"status": "starting"}', "has the status 'starting', not ok"),
        ("/covariance-matrix/tickers", b'{"tickers": "NVDA"}', "has no list of tickers"),
        ("/covariance-matrix/tickers", b'{"tickers": [1]}', "has no list of tickers"),
    ],
)
def test_an_answer_in_another_format_is_an_error(
    path: str,
    content: bytes,
    message: str,
    fund_api: StandIn,
    fund: SilverFund,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(fund_api, monkeypatch, path, Response(200, "application/json", content))
    with pytest.raises(ChangedFormat, match=message):
        fund.health() if path == "/health" else fund.covariance(["NVDA"])


@pytest.mark.parametrize("body", [b"", b"[]", b'{"detail": 1}', b'{"detail": [{"loc": 1}]}', b"[" * 60_000])
def test_a_422_without_a_reason(
    body: bytes, fund_api: StandIn, fund: SilverFund, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(fund_api, monkeypatch, "/all-holdings/summary", Response(422, "application/json", body))
    with pytest.raises(Refused, match="rejects the request: no reason given"):
        fund.holdings("quant_paper", DAY)


def test_another_500_is_not_reported_as_an_unknown_fund(
    fund_api: StandIn, fund: SilverFund, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(fund_api, monkeypatch, "/all-holdings/summary", Response(500, "text/html", b"<html></html>"))
    with pytest.raises(Refused, match="answered with status 500"):
        fund.holdings("hedgy", DAY)


def test_requests_use_the_apis_spelling(
    fund_api: StandIn, fund: SilverFund, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = json.dumps({"tickers": ["", "BRKB", "BRK.B", "BF B"]}).encode()
    answering(fund_api, monkeypatch, "/covariance-matrix/tickers", Response(200, "application/json", names))
    assert fund._spellings().value == {"BRK.B": "BRK.B", "BF.B": "BF B"}


def test_the_token_is_in_no_output_or_file(
    fund_api: StandIn,
    settings_for: Callable[..., Settings],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = settings_for(fund_api)
    lines: list[str] = []
    fund_api.log = lines.append
    texts = [repr(settings), str(settings)]
    with SilverFund(settings) as fund:
        texts += [repr(fund), repr(vars(fund)), repr(fund.covariance(["NVDA"]))]
        for fault in (Fault.UNAUTHORISED, Fault.RESET, Fault.HTML, Fault.CRASH):
            fund_api.recover()
            fund_api.fail(fault)
            with pytest.raises(BetaNeutralError) as caught:
                fund.covariance(["MSFT", "NVDA"])
            error: BaseException | None = caught.value
            while error is not None:
                texts += [str(error), repr(error), repr(error.args)]
                error = error.__cause__ or error.__context__
    texts += [repr(covariance_call(["NVDA"])), caplog.text, *capsys.readouterr(), *lines]
    files = [path for path in settings.cache.rglob("*") if path.is_file()]
    assert files
    assert TOKEN not in "\n".join(texts)
    assert not any(TOKEN.encode() in path.read_bytes() for path in files)


def test_a_token_with_a_line_break_is_refused_without_being_shown(
    fund_api: StandIn, settings_for: Callable[..., Settings]
) -> None:
    settings = settings_for(fund_api, token=f"{TOKEN}\nX-Other: 1")
    with SilverFund(settings) as fund, pytest.raises(InputError) as caught:
        fund.holdings("quant_paper", DAY)
    assert TOKEN not in str(caught.value)
    assert fund_api.requested == []


def test_a_stale_answer_has_a_warning_with_its_age(
    fund_api: StandIn, settings_for: Callable[..., Settings]
) -> None:
    settings = settings_for(fund_api)
    with SilverFund(settings) as fund:
        fund.holdings("quant_paper", DAY)
    fund_api.fail(Fault.BAD_GATEWAY)
    with SilverFund(replace(settings, refresh=True)) as fund, pytest.raises(Unreachable) as caught:
        fund.holdings("quant_paper", DAY)
    assert str(caught.value).endswith("seconds old: --allow-stale.")
    with SilverFund(replace(settings, refresh=True, allow_stale=True)) as fund:
        holdings = fund.holdings("quant_paper", DAY)
    assert holdings.provenance.retrieval is Retrieval.CACHED
    assert len(holdings.warnings) == 1
    assert holdings.warnings[0].startswith(
        f"{fund_api.url.removeprefix('http://')} is down or behind a gateway that fails (502). Try again "
        "later. Used instead for quant_paper on 2025-11-18: the answer of 20"
    )
