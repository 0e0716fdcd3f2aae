"""The stand-in behaves as the public description of the fund's API says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.job import sample
from betaneutral_xl.network.stand_in import Api, Fault, StandIn

TOKEN = {"Authorization": "Bearer not-to-be-seen-anywhere"}
REQUEST = {"fund": "quant_paper", "start": "2025-11-18", "end": "2025-11-18"}


@pytest.fixture
def post(fund_api: StandIn) -> Callable[..., requests.Response]:
    def send(path: str, body: Any = None, **options: Any) -> requests.Response:
        return requests.post(fund_api.url + path, json=body, timeout=5, **options)

    return send


def test_health(fund_api: StandIn) -> None:
    response = requests.get(f"{fund_api.url}/health", timeout=5)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_holdings_of_a_range_with_its_day(post: Callable[..., requests.Response]) -> None:
    answer = post("/all-holdings/summary", {**REQUEST, "start": "2025-11-01", "end": "2025-11-30"}).json()
    assert [answer[key] for key in ("fund", "start", "end")] == ["quant_paper", "2025-11-01", "2025-11-30"]
    assert [row["ticker"] for row in answer["holdings"]] == ["NVDA", "BRK B", "META", "MSFT"]
    assert {"active", "shares", "price", "value", "beta"} <= set(answer["holdings"][0])


@pytest.mark.parametrize("change", [{"start": "2025-11-19"}, {"end": "2025-11-17"}])
def test_a_range_without_data_or_reversed_gives_an_empty_list(
    change: dict[str, str], post: Callable[..., requests.Response]
) -> None:
    response = post("/all-holdings/summary", {**REQUEST, **change})
    assert (response.status_code, response.json()["holdings"]) == (200, [])


@pytest.mark.parametrize("fund", ["hedgy", "grad"])
def test_an_unknown_fund_is_a_plain_500(fund: str, post: Callable[..., requests.Response]) -> None:
    response = post("/all-holdings/summary", {**REQUEST, "fund": fund})
    assert (response.status_code, response.text) == (500, "Internal Server Error")
    assert response.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("body", "loc", "message"),
    [
        ({"fund": "quant_paper", "end": "2025-11-18"}, ["body", "start"], "Field required"),
        ({**REQUEST, "end": "soon"}, ["body", "end"], "Input should be a valid date or datetime"),
        ({**REQUEST, "end": 5}, ["body", "end"], "Input should be a valid date or datetime"),
        ({**REQUEST, "fund": None}, ["body", "fund"], "Input should be a valid string"),
        ([], ["body"], "Input should be a valid dictionary"),
        (None, ["body"], "Field required"),
    ],
)
def test_an_invalid_request_is_a_422(
    body: Any, loc: list[str], message: str, post: Callable[..., requests.Response]
) -> None:
    response = post("/all-holdings/summary", body)
    (detail,) = response.json()["detail"]
    assert (response.status_code, detail["loc"], detail["msg"]) == (422, loc, message)
    assert detail["type"]


def test_invalid_json_is_a_422(fund_api: StandIn) -> None:
    response = requests.post(f"{fund_api.url}/all-holdings/summary", data=b"{", timeout=5)
    assert (response.status_code, response.json()["detail"][0]["type"]) == (422, "json_invalid")


def test_the_covariance_has_the_benchmark_last_and_sorted_names(
    post: Callable[..., requests.Response],
) -> None:
    response = post("/covariance-matrix/latest", {"tickers": ["NVDA", "AAPL"]}, headers=TOKEN)
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.text == (
        "date,ticker,AAPL,NVDA,IWV\n"
        "2025-11-18,AAPL,0.09,0.03,0.02\n"
        "2025-11-18,NVDA,0.03,0.16,0.03\n"
        "2025-11-18,IWV,0.02,0.03,0.0225\n"
    )


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "Basic x"}])
def test_the_covariance_requires_the_token(
    headers: dict[str, str], post: Callable[..., requests.Response]
) -> None:
    response = post("/covariance-matrix/latest", {"tickers": ["NVDA"]}, headers=headers)
    assert response.status_code == 401
    assert response.json() == {"detail": "Missing or invalid Authorization header"}


def test_a_ticker_that_is_not_covered_is_a_500(post: Callable[..., requests.Response]) -> None:
    response = post("/covariance-matrix/latest", {"tickers": ["TSM"]}, headers=TOKEN)
    assert (response.status_code, response.text) == (500, "Internal Server Error")


def test_the_lists_of_names(post: Callable[..., requests.Response]) -> None:
    assert post("/covariance-matrix/tickers").json() == {"tickers": ["AAPL", "BRK.B", "MSFT", "NVDA"]}
    held = post("/covariance-matrix/fund-tickers", {"fund": "quant_paper"}).json()
    assert held == {"tickers": ["BRK.B", "MSFT", "NVDA"]}


def test_the_time_series_has_the_value_of_active_positions(post: Callable[..., requests.Response]) -> None:
    answer = post("/portfolio/time-series", REQUEST).json()
    assert answer == {"records": [{"date": "2025-11-18", "value": 50_000.0, "return_": None}]}


def test_other_paths_and_methods(fund_api: StandIn) -> None:
    other = requests.post(f"{fund_api.url}/elsewhere", timeout=5)
    assert (other.status_code, other.json()) == (404, {"detail": "Not Found"})
    wrong = requests.get(f"{fund_api.url}/all-holdings/summary", timeout=5)
    assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})


def test_a_huge_request_is_not_read(fund_api: StandIn) -> None:
    response = requests.post(f"{fund_api.url}/health", data=b" " * (2**20 + 1), timeout=5)
    assert response.status_code == 413


def test_a_fault_is_for_one_path_and_a_number_of_times(fund_api: StandIn) -> None:
    fund_api.fail(Fault.CRASH, "/health", times=1)
    other = requests.post(f"{fund_api.url}/covariance-matrix/tickers", timeout=5)
    health = [requests.get(f"{fund_api.url}/health", timeout=5).status_code for _ in range(2)]
    assert (other.status_code, health) == (200, [500, 200])


def test_it_listens_on_this_machine_only(fund_api: StandIn) -> None:
    assert fund_api._server.server_address[0] == "127.0.0.1"


def test_an_unavailable_port_is_an_error(fund_api: StandIn) -> None:
    port = int(fund_api.url.rpartition(":")[2])
    for bad in (port, 70_000):
        with pytest.raises(InputError, match=f"^Port {bad} of this machine cannot be used"):
            StandIn(fund_api.api, bad)


def test_the_sample_can_be_served() -> None:
    api = Api.of_files(sample.read(sample.HOLDINGS), sample.read(sample.COVARIANCE))
    request = json.dumps({"tickers": ["NVDA", "BRK.B"]}).encode()
    response = api.answer("POST", "/covariance-matrix/latest", "Bearer demo", request)
    assert response.status == 200
    assert response.content.startswith(b"date,ticker,BRK.B,NVDA,IWV\n2025-11-18,BRK.B,")


def test_files_that_are_not_answers_of_the_api_are_refused() -> None:
    with pytest.raises(UnreadableFile):
        Api.of_files(b"<html>", sample.read(sample.COVARIANCE))
    with pytest.raises(InputError, match="does not have the API's header"):
        Api.of_files(sample.read(sample.HOLDINGS), b"ticker,NVDA\nNVDA,0.16\n")
